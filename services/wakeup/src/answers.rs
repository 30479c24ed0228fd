//! What it says, in characters that every alphabet has at the same place, and few enough for one short message.

use std::time::Duration;

use strowger::civil::Civil;

use crate::Zone;
use crate::calls::Moment;
use crate::order::Clock;

/// Characters of one short message.
const LONGEST: usize = 160;

/// Seconds from which on a call is late.
const LATE: i64 = 60;

/// What it can do.
pub(crate) const HELP: &str = "Sorry, I did not understand. Try: wake me at 07:30 / wake me tomorrow at 7 / wake me in 20 minutes / \
    list / cancel / cancel 07:30";

pub(crate) fn ordered(zone: &Zone, now: Moment, at: Moment) -> String {
    format!("I will wake you at {}.", when(zone, now, at))
}

pub(crate) fn wake(zone: &Zone, now: Moment, at: Moment) -> String {
    let is = time(&zone.local(now.0));
    if now.0 - at.0 < LATE {
        format!("Wake up! It is {is}.")
    } else {
        let wanted = time(&zone.local(at.0));
        format!("Wake up! It is {is}; you wanted to be woken at {wanted}.")
    }
}

pub(crate) fn list(zone: &Zone, now: Moment, all: &[Moment]) -> String {
    if all.is_empty() {
        return "I am not to wake you.".to_owned();
    }
    several("I am to wake you at", zone, now, all)
}

pub(crate) fn cancelled(zone: &Zone, now: Moment, gone: &[Moment]) -> String {
    if gone.is_empty() {
        return "There is nothing to cancel. Try: list".to_owned();
    }
    several("I will not wake you at", zone, now, gone)
}

pub(crate) fn over(clock: Clock) -> String {
    let Clock { hour, minute } = clock;
    format!("Today {hour:02}:{minute:02} is over. Try: wake me tomorrow at {hour:02}:{minute:02}")
}

pub(crate) fn too_many(count: usize) -> String {
    format!("I am to wake you {count} times already. Try: list / cancel 07:30 / cancel")
}

pub(crate) fn too_far(ahead: Duration) -> String {
    let (days, hours) = (ahead.as_secs() / 86_400, ahead.as_secs() / 3_600);
    if days > 0 {
        format!("That is too far ahead. I take calls for the next {days} days.")
    } else {
        format!("That is too far ahead. I take calls for the next {hours} hours.")
    }
}

/// As many as one short message holds.
fn several(what: &str, zone: &Zone, now: Moment, all: &[Moment]) -> String {
    let mut text = format!("{what} ");
    for (n, at) in all.iter().enumerate() {
        let next = when(zone, now, *at);
        let more = format!(", and {} more.", all.len() - n);
        if text.len() + 2 + next.len() + more.len() > LONGEST {
            return text + &more[2..];
        }
        if n > 0 {
            text.push_str(", ");
        }
        text.push_str(&next);
    }
    text + "."
}

/// The time of day, with the day unless it is today.
fn when(zone: &Zone, now: Moment, at: Moment) -> String {
    const DAYS: [&str; 7] = [
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "Monday",
        "Tuesday",
        "Wednesday",
    ];
    let (today, then) = (zone.local(now.0), zone.local(at.0));
    let day = |local: &Civil| {
        let midnight = Civil {
            hour: 0,
            minute: 0,
            second: 0,
            ..*local
        };
        midnight.unix() / 86_400
    };
    let time = time(&then);
    match day(&then) - day(&today) {
        0 => time,
        1 => format!("{time} tomorrow"),
        _ => {
            let name = usize::try_from(day(&then).rem_euclid(7)).ok();
            let name = name.and_then(|n| DAYS.get(n)).unwrap_or(&"");
            format!("{time} on {name}")
        }
    }
}

fn time(local: &Civil) -> String {
    format!("{:02}:{:02}", local.hour, local.minute)
}
