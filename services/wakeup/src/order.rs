//! What a subscriber wants, as he writes it: "wake me at 07:30", "wake me tomorrow at 7", "wake me in 20 minutes", "list",
//! "cancel 07:30".

use std::time::Duration;

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Wake at a time of day.
    At(Day, Clock),
    /// Wake after a time.
    In(Duration),
    /// Forget the call at that time of day, or all of them.
    Cancel(Option<Clock>),
    /// Say which calls there are.
    List,
}

/// Which day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Day {
    /// Whenever it is that time next.
    Next,
    /// Today.
    Today,
    /// Tomorrow.
    Tomorrow,
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) hour: u8,
    pub(crate) minute: u8,
}

/// Characters of a text that are looked at.
const LONGEST: usize = 400;

/// Reads an order; `None` if it is none.
pub(crate) fn read(text: &str) -> Option<Order> {
    let text: String = text
        .chars()
        .take(LONGEST)
        .collect::<String>()
        .to_lowercase();
    let is_around = |c: char| matches!(c, '.' | ',' | '!' | '?' | ';' | ':' | '"' | '\'');
    let words: Vec<_> = text
        .split_whitespace()
        .map(|word| word.trim_matches(is_around))
        .filter(|word| !word.is_empty() && *word != "please")
        .collect();
    let (&first, rest) = words.split_first()?;
    match first {
        "list" | "show" | "status" => Some(Order::List),
        "cancel" | "stop" | "delete" | "forget" => cancel(rest),
        _ => wake(&words),
    }
}

fn cancel(words: &[&str]) -> Option<Order> {
    let is_all = |word: &&str| matches!(*word, "all" | "it" | "everything" | "my" | "the");
    let is_call = |word: &&str| {
        matches!(
            *word,
            "wake-up" | "wakeup" | "wake-ups" | "call" | "calls" | "alarm" | "alarms"
        )
    };
    if words.iter().all(|word| is_all(word) || is_call(word)) {
        return Some(Order::Cancel(None));
    }
    Some(Order::Cancel(Some(clock(words)?)))
}

fn wake(words: &[&str]) -> Option<Order> {
    if let Some(at) = words.iter().position(|word| *word == "in")
        && let Some(duration) = duration(&words[at + 1..])
    {
        return Some(Order::In(duration));
    }
    let has = |wanted: &str| words.contains(&wanted);
    let day = match (has("today") || has("tonight"), has("tomorrow")) {
        (true, true) => return None,
        (true, false) => Day::Today,
        (false, true) => Day::Tomorrow,
        (false, false) => Day::Next,
    };
    Some(Order::At(day, clock(words)?))
}

/// The only time of day among the words.
fn clock(words: &[&str]) -> Option<Clock> {
    let mut found = None;
    for (n, word) in words.iter().enumerate() {
        let before = n.checked_sub(1).map(|n| words[n]);
        let is_announced = matches!(before, Some("at" | "tomorrow" | "today" | "cancel"));
        let half = words.get(n + 1).and_then(|next| half(next));
        if let Some(clock) = time(word, half, is_announced) {
            if found.is_some_and(|other| other != clock) {
                return None;
            }
            found = Some(clock);
        }
    }
    found
}

/// Which half of the day a word names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Morning,
    Afternoon,
}

fn half(word: &str) -> Option<Half> {
    match word {
        "am" | "a.m" => Some(Half::Morning),
        "pm" | "p.m" => Some(Half::Afternoon),
        _ => None,
    }
}

/// `07:30`, `7.30`, `0730`, `7:30pm`; an hour alone if it is announced or a half of the day follows.
fn time(word: &str, next: Option<Half>, is_announced: bool) -> Option<Clock> {
    match word {
        "noon" | "midday" => {
            return Some(Clock {
                hour: 12,
                minute: 0,
            });
        }
        "midnight" => return Some(Clock { hour: 0, minute: 0 }),
        _ => {}
    }
    let end = word.find(|c: char| c.is_ascii_alphabetic());
    let (digits, suffix) = word.split_at(end.unwrap_or(word.len()));
    let half = match suffix {
        "" | "h" => next,
        _ => Some(half(suffix)?),
    };
    let (hour, minute) = match digits.split_once([':', '.']) {
        Some((hour, minute)) if minute.len() == 2 => (hour, minute),
        Some(_) => return None,
        None if digits.len() == 4 && digits.is_ascii() => digits.split_at(2),
        None if half.is_some() || is_announced || suffix == "h" => (digits, "0"),
        None => return None,
    };
    let number = |text: &str| {
        let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| text.parse::<u8>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(Half::Morning) => hour % 12,
        Some(Half::Afternoon) => hour % 12 + 12,
    };
    (hour < 24 && minute < 60).then_some(Clock { hour, minute })
}

/// `20 minutes`, `1 hour and 30 minutes`, `an hour`, `half an hour`, `1h30`, `90m`.
fn duration(words: &[&str]) -> Option<Duration> {
    if words.starts_with(&["half", "an", "hour"]) {
        return Some(Duration::from_secs(30 * 60));
    }
    let (mut seconds, mut count) = (0_u64, None);
    for word in words.iter().filter(|word| **word != "and") {
        let mut rest = *word;
        if matches!(rest, "a" | "an") && count.is_none() {
            count = Some(1);
            continue;
        }
        while !rest.is_empty() {
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let (digits, behind) = rest.split_at(end);
            if !digits.is_empty() {
                if count.is_some() || digits.len() > 6 {
                    return None;
                }
                count = Some(digits.parse::<u64>().ok()?);
            }
            let end = behind
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(behind.len());
            let (name, behind) = behind.split_at(end);
            if !name.is_empty() {
                seconds += count.take()? * unit(name)?;
            }
            rest = behind;
        }
    }
    // `1h30`: minutes follow hours.
    if let Some(minutes) = count {
        let is_rest = seconds > 0 && seconds % 3_600 == 0 && minutes < 60;
        seconds += is_rest.then_some(minutes * 60)?;
    }
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

fn unit(name: &str) -> Option<u64> {
    Some(match name {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: Day, hour: u8, minute: u8) -> Option<Order> {
        Some(Order::At(day, Clock { hour, minute }))
    }

    #[test]
    fn times_of_day() {
        for (text, order) in [
            ("wake me at 07:30", at(Day::Next, 7, 30)),
            ("Wake me up at 7:30, please!", at(Day::Next, 7, 30)),
            ("WAKE ME AT 7.30", at(Day::Next, 7, 30)),
            ("wake me at 7", at(Day::Next, 7, 0)),
            ("wake me at 7 pm", at(Day::Next, 19, 0)),
            ("wake me at 7:30pm.", at(Day::Next, 19, 30)),
            ("wake me at 7:30 p.m.", at(Day::Next, 19, 30)),
            ("wake me at 12am", at(Day::Next, 0, 0)),
            ("wake me at 12 pm", at(Day::Next, 12, 0)),
            ("wake me at noon", at(Day::Next, 12, 0)),
            ("wake me at midnight", at(Day::Next, 0, 0)),
            ("wake me tomorrow at 6:15", at(Day::Tomorrow, 6, 15)),
            ("wake me at 6:15 tomorrow", at(Day::Tomorrow, 6, 15)),
            ("wake me today at 23:59", at(Day::Today, 23, 59)),
            ("0730", at(Day::Next, 7, 30)),
            ("07:30", at(Day::Next, 7, 30)),
            ("wake me at 7h", at(Day::Next, 7, 0)),
        ] {
            assert_eq!(read(text), order, "{text}");
        }
    }

    #[test]
    fn times_from_now() {
        for (text, seconds) in [
            ("wake me in 20 minutes", 1_200),
            ("in 1 hour and 30 minutes", 5_400),
            ("wake me in an hour", 3_600),
            ("wake me in half an hour", 1_800),
            ("wake me up in 90m", 5_400),
            ("in 1h30m", 5_400),
            ("in 1h30", 5_400),
            ("in 2 days", 172_800),
            ("in 45 s", 45),
        ] {
            let expected = Order::In(Duration::from_secs(seconds));
            assert_eq!(read(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn lists_and_cancels() {
        assert_eq!(read(" LIST "), Some(Order::List));
        assert_eq!(read("cancel"), Some(Order::Cancel(None)));
        assert_eq!(read("cancel all my wake-ups"), Some(Order::Cancel(None)));
        let half_past_seven = Clock {
            hour: 7,
            minute: 30,
        };
        assert_eq!(
            read("Cancel 07:30"),
            Some(Order::Cancel(Some(half_past_seven)))
        );
        let seven = Clock { hour: 7, minute: 0 };
        assert_eq!(read("cancel 7 am"), Some(Order::Cancel(Some(seven))));
    }

    #[test]
    fn what_is_unclear_is_no_order() {
        for text in [
            "",
            "   ",
            "!!!",
            "hello",
            "help",
            "wake me",
            "wake me at",
            "wake me at 25:00",
            "wake me at 7:60",
            "wake me at 13 pm",
            "wake me at 07:30 or 08:00",
            "wake me in minutes",
            "wake me in 0 minutes",
            "wake me today or tomorrow at 7",
            "I am 30",
            "cancel something",
            "wake me in 20",
            "in 1 2 hours",
            "in 99999999999999999999 hours",
            "wake me at 7:5",
            "wäke mé ät ünïcode 🕢",
            "at 1é0",
            "at é30",
            "in 5 fortnights",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"in 999999 days ".repeat(100)), None);
    }
}
