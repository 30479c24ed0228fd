//! How numbers, times and states are written for people: the same everywhere, and so that columns of them line up.

/// What stands where there is nothing to say.
pub const NOTHING: &str = "–";

/// A number in groups of three digits.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A rate a second.
pub fn rate(n: f64) -> String {
    if n < 0.05 {
        "0".to_owned()
    } else if n < 99.95 {
        format!("{n:.1}")
    } else {
        count(whole(n))
    }
}

/// The same, where it may not be known yet.
pub fn maybe_rate(n: Option<f64>) -> String {
    n.map_or_else(|| NOTHING.to_owned(), rate)
}

/// Bytes.
pub fn bytes(n: f64) -> String {
    let mut n = n;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if n < 999.5 {
            return match unit {
                "B" => format!("{n:.0} B"),
                _ if n < 9.95 => format!("{n:.1} {unit}"),
                _ => format!("{n:.0} {unit}"),
            };
        }
        n /= 1_024.0;
    }
    format!("{n:.1} TiB")
}

/// A share of one.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Seconds, short ones most of all.
pub fn seconds(s: f64) -> String {
    let (n, unit) = match s {
        s if s < 999.5e-6 => (s * 1e6, "µs"),
        s if s < 999.5e-3 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    match n {
        n if n < 9.95 => format!("{n:.1} {unit}"),
        n => format!("{n:.0} {unit}"),
    }
}

/// The same, where nothing may have been measured.
pub fn maybe_seconds(s: Option<f64>) -> String {
    s.map_or_else(|| NOTHING.to_owned(), seconds)
}

/// A long time in its two largest units.
pub fn span(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    if days > 0 {
        format!("{days} d {hours} h")
    } else if hours > 0 {
        format!("{hours} h {minutes} min")
    } else if minutes > 0 {
        format!("{minutes} min {seconds} s")
    } else {
        format!("{seconds} s")
    }
}

/// Whether the word for a state tells something `good`, a `warn`ing, something `bad`, or nothing: `idle`.
pub fn tone(state: &str) -> &'static str {
    match state {
        "active" | "running" | "up" | "open" | "live" | "connected" | "bound" => "good",
        "stopping" | "draining" | "suspect" | "on trial" | "connecting" | "cut" | "waiting" => {
            "warn"
        }
        "down" | "failed" | "lost" | "refused" | "closed" => "bad",
        _ => "idle",
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "for people: it is not negative, and beyond the largest the largest is shown"
)]
fn whole(n: f64) -> u64 {
    n.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(999), "999");
        assert_eq!(
            (rate(0.0), rate(1.25), rate(99.99)),
            ("0".into(), "1.2".into(), "100".into())
        );
        assert_eq!(rate(12_345.6), "12\u{202f}346");
        assert_eq!(maybe_rate(None), NOTHING);
    }

    #[test]
    fn sizes_and_times_have_units() {
        assert_eq!(bytes(0.0), "0 B");
        assert_eq!(bytes(1_023.0), "1.0 KiB");
        assert_eq!(bytes(3.0 * 1_048_576.0), "3.0 MiB");
        assert_eq!(bytes(5e15), "4547.5 TiB");
        assert_eq!(seconds(0.000_012), "12 µs");
        assert_eq!(seconds(0.002_5), "2.5 ms");
        assert_eq!(seconds(3.0), "3.0 s");
        assert_eq!(span(59_999), "59 s");
        assert_eq!(span(90_061_000), "1 d 1 h");
    }
}
