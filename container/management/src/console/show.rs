//! How numbers, times and states are written for people: the same everywhere, and so that columns of them line up.

use super::history::real;
use crate::ladder::instant;
use maud::{Markup, html};

/// What stands where there is nothing to say.
pub(super) const NOTHING: &str = "–";

/// A number in groups of three digits.
pub(super) fn count(n: u64) -> String {
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
pub(super) fn rate(n: f64) -> String {
    if n < 0.05 {
        "0".to_owned()
    } else if n < 99.95 {
        format!("{n:.1}")
    } else {
        count(whole(n))
    }
}

/// The same, where it may not be known yet.
pub(super) fn maybe_rate(n: Option<f64>) -> String {
    n.map_or_else(|| NOTHING.to_owned(), rate)
}

/// Bytes.
pub(super) fn bytes(n: f64) -> String {
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
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Seconds, short ones most of all.
pub(super) fn seconds(s: f64) -> String {
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
pub(super) fn maybe_seconds(s: Option<f64>) -> String {
    s.map_or_else(|| NOTHING.to_owned(), seconds)
}

/// A long time in its two largest units.
pub(super) fn span(ms: u64) -> String {
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

/// How long a call lasted: minutes and seconds.
pub(super) fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds / 3_600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// A moment (milliseconds since 1970), in UTC to the second; the whole of it when one points at it.
pub(super) fn moment(ms: u64) -> Markup {
    let text = instant(ms);
    let short = text.split('.').next().unwrap_or_default();
    html! { time.number title={ (text) " UTC" } { (short) } }
}

/// The same in a list of what is mostly of today, of which the time is enough.
pub(super) fn moment_near(ms: u64, now_ms: u64) -> Markup {
    let day = |ms| instant(ms).split(' ').next().map(str::to_owned);
    if day(ms) != day(now_ms) {
        return moment(ms);
    }
    html! { time.number title={ (instant(ms)) " UTC" } { (time_of_day(ms)) } }
}

/// The time of day of a moment, in UTC.
pub(super) fn time_of_day(ms: u64) -> String {
    let text = instant(ms);
    let time = text.split(' ').nth(1).unwrap_or_default();
    time.split('.').next().unwrap_or_default().to_owned()
}

/// The state of something, in a word and a colour.
pub(super) fn state(word: &str) -> Markup {
    let tone = match word {
        "active" | "running" | "up" | "open" | "live" | "connected" | "bound" => "good",
        "stopping" | "draining" | "suspect" | "on trial" | "connecting" | "cut" | "waiting" => {
            "warn"
        }
        "down" | "failed" | "lost" | "refused" | "closed" => "bad",
        _ => "idle",
    };
    html! { span class={ "pill " (tone) } { (word) } }
}

/// What is what, and its value.
pub(super) fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts {
            @for (what, value) in facts {
                div { dt { (what) } dd { (value) } }
            }
        }
    }
}

/// Nothing is there, and what would be.
pub(super) fn empty(what: &str, teaches: &Markup) -> Markup {
    html! {
        div.empty {
            p.empty-what { (what) }
            p { (teaches) }
        }
    }
}

/// How full something is; from four fifths on it is told by more than the length of a bar.
pub(super) fn level(used: u64, bound: u64) -> Markup {
    let share = if bound == 0 {
        0.0
    } else {
        real(used) / real(bound)
    };
    let tone = match share {
        share if share >= 0.95 => "bad",
        share if share >= 0.8 => "warn",
        _ => "good",
    };
    html! {
        svg class={ "level " (tone) } viewBox="0 0 100 6" preserveAspectRatio="none" role="img"
            aria-label={ (percent(share)) " full" } {
            rect.ground width="100" height="6" {}
            @if used > 0 {
                rect.fill width=(format!("{:.1}", (share * 100.0).clamp(1.0, 100.0))) height="6" {}
            }
        }
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
        assert_eq!(
            (clock(61_000), clock(3_661_000)),
            ("1:01".into(), "1:01:01".into())
        );
        assert_eq!(time_of_day(1_767_225_601_000), "00:00:01");
        let near = |ms| moment_near(ms, 1_767_225_700_000).into_string();
        assert!(near(1_767_225_601_000).contains(">00:00:01<"));
        assert!(near(1_767_225_599_000).contains(">2025-12-31 23:59:59<"));
    }

    #[test]
    fn levels_tell_their_tone() {
        assert!(level(0, 0).into_string().contains("good"));
        assert!(level(80, 100).into_string().contains("warn"));
        assert!(level(100, 100).into_string().contains("bad"));
        assert!(level(9, 1).into_string().contains("width=\"100.0\""));
    }
}
