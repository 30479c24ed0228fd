//! Time zones as POSIX writes them: `CET-1CEST,M3.5.0,M10.5.0/3`. It is the last line of a file of `/usr/share/zoneinfo`.
//!
//! Nothing is read from the machine: the text says all, and the calendar is the Gregorian one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strowger::civil::{Civil, days_in_month};

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Zone {
    text: String,
    /// Seconds east of Greenwich.
    standard: i64,
    daylight: Option<Daylight>,
}

/// Why a text is no time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time zone of the form CET-1CEST,M3.5.0,M10.5.0/3")]
pub struct NotAZone;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Daylight {
    offset: i64,
    begins: Change,
    ends: Change,
}

/// When the clock is changed: the day, and seconds of the clock as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    day: Day,
    time: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// `Jn`: 1 to 365, without 29 February.
    WithoutLeap(i64),
    /// `n`: 0 to 365.
    OfYear(i64),
    /// `Mm.w.d`: the weekday's first to fourth in the month, or its last.
    Weekday { month: u8, week: u8, weekday: i64 },
}

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

impl TryFrom<String> for Zone {
    type Error = NotAZone;

    fn try_from(text: String) -> Result<Self, NotAZone> {
        let (standard, daylight) = read(&text).ok_or(NotAZone)?;
        Ok(Self {
            text,
            standard,
            daylight,
        })
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.text
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self {
            text: "UTC0".to_owned(),
            standard: 0,
            daylight: None,
        }
    }
}

impl Zone {
    /// What clocks show at a time in seconds since 1970.
    #[must_use]
    pub fn local(&self, unix: i64) -> Civil {
        Civil::of(unix + self.offset(unix))
    }

    /// When clocks show that: of two times the first; where they are put forward over it, as much later as they are put
    /// forward.
    #[must_use]
    pub fn unix(&self, local: Civil) -> i64 {
        let shown = local.unix();
        let daylight = self.daylight.map(|daylight| daylight.offset);
        let offsets = [Some(self.standard), daylight];
        let times = offsets.into_iter().flatten().map(|offset| shown - offset);
        let exact = times.clone().filter(|&at| at + self.offset(at) == shown);
        exact.min().unwrap_or_else(|| times.max().unwrap_or(shown))
    }

    fn offset(&self, unix: i64) -> i64 {
        let Some(daylight) = self.daylight else {
            return self.standard;
        };
        let year = Civil::of(unix + self.standard).year;
        let begins = daylight.begins.at(year) - self.standard;
        let ends = daylight.ends.at(year) - daylight.offset;
        let is_daylight = if begins < ends {
            (begins..ends).contains(&unix)
        } else {
            // South of the equator summer lies around the end of the year.
            !(ends..begins).contains(&unix)
        };
        if is_daylight {
            daylight.offset
        } else {
            self.standard
        }
    }
}

impl Change {
    /// Seconds of the clock since its 1970.
    fn at(self, year: i64) -> i64 {
        let midnight = |month, day| {
            Civil {
                year,
                month,
                day,
                hour: 0,
                minute: 0,
                second: 0,
            }
            .unix()
        };
        let begin = match self.day {
            Day::OfYear(day) => midnight(1, 1) + day * DAY,
            Day::WithoutLeap(day) => {
                let leap = i64::from(day > 59 && days_in_month(year, 2) == 29);
                midnight(1, 1) + (day - 1 + leap) * DAY
            }
            Day::Weekday {
                month,
                week,
                weekday,
            } => {
                let first = midnight(month, 1);
                // 1 January 1970 was a Thursday.
                let ahead = (weekday - (first / DAY + 4)).rem_euclid(7);
                let mut day = ahead + 7 * (i64::from(week) - 1);
                while day >= i64::from(days_in_month(year, month)) {
                    day -= 7;
                }
                first + day * DAY
            }
        };
        begin + self.time
    }
}

fn read(text: &str) -> Option<(i64, Option<Daylight>)> {
    let rest = name(text)?;
    let (standard, rest) = time(rest)?;
    // West is positive there.
    let standard = -standard;
    if rest.is_empty() {
        return in_range(standard).then_some((standard, None));
    }
    let rest = name(rest)?;
    let (offset, rest) = match time(rest) {
        Some((west, rest)) => (-west, rest),
        None => (standard + HOUR, rest),
    };
    let (begins, rest) = change(rest.strip_prefix(',')?)?;
    let (ends, rest) = change(rest.strip_prefix(',')?)?;
    let daylight = Daylight {
        offset,
        begins,
        ends,
    };
    let is_whole = rest.is_empty() && in_range(standard) && in_range(offset);
    is_whole.then_some((standard, Some(daylight)))
}

fn in_range(offset: i64) -> bool {
    offset.abs() <= 24 * HOUR
}

/// Passes over a name: letters, or anything in angle brackets.
fn name(text: &str) -> Option<&str> {
    if let Some(quoted) = text.strip_prefix('<') {
        let (name, rest) = quoted.split_once('>')?;
        return (name.len() >= 3).then_some(rest);
    }
    let end = text
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    if end < 3 { None } else { text.get(end..) }
}

/// `[+-]h[h][:mm[:ss]]` in seconds.
fn time(text: &str) -> Option<(i64, &str)> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mut seconds, mut unit) = (0, HOUR);
    loop {
        let (n, behind) = number(rest)?;
        let most = if unit == HOUR { 167 } else { 59 };
        if n > most {
            return None;
        }
        seconds += n * unit;
        rest = behind;
        unit /= 60;
        match rest.strip_prefix(':') {
            Some(behind) if unit > 0 => rest = behind,
            _ => return Some((sign * seconds, rest)),
        }
    }
}

fn number(text: &str) -> Option<(i64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    if digits.len() > 3 {
        return None;
    }
    Some((digits.parse().ok()?, rest))
}

fn change(text: &str) -> Option<(Change, &str)> {
    let (day, rest) = if let Some(rest) = text.strip_prefix('M') {
        let (month, rest) = number(rest)?;
        let (week, rest) = number(rest.strip_prefix('.')?)?;
        let (weekday, rest) = number(rest.strip_prefix('.')?)?;
        let is_right = (1..=12).contains(&month) && (1..=5).contains(&week) && weekday <= 6;
        let day = Day::Weekday {
            month: u8::try_from(month).ok()?,
            week: u8::try_from(week).ok()?,
            weekday,
        };
        (is_right.then_some(day)?, rest)
    } else if let Some(rest) = text.strip_prefix('J') {
        let (day, rest) = number(rest)?;
        (
            (1..=365).contains(&day).then_some(Day::WithoutLeap(day))?,
            rest,
        )
    } else {
        let (day, rest) = number(text)?;
        ((day <= 365).then_some(Day::OfYear(day))?, rest)
    };
    let (time, rest) = match rest.strip_prefix('/') {
        Some(rest) => time(rest)?,
        None => (2 * HOUR, rest),
    };
    Some((Change { day, time }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(text: &str) -> Zone {
        Zone::try_from(text.to_owned()).expect("a time zone")
    }

    fn at(year: i64, month: u8, day: u8, hour: u8, minute: u8) -> Civil {
        Civil {
            year,
            month,
            day,
            hour,
            minute,
            second: 0,
        }
    }

    const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

    #[test]
    fn clocks_are_put_forward_and_back() {
        let berlin = zone(BERLIN);
        for (unix, shown) in [
            (1_774_745_999, at(2026, 3, 29, 1, 59)),
            (1_774_746_000, at(2026, 3, 29, 3, 0)),
            (1_792_889_999, at(2026, 10, 25, 2, 59)),
            (1_792_890_000, at(2026, 10, 25, 2, 0)),
            (1_795_284_600, at(2026, 11, 21, 19, 10)),
            (1_782_900_000, at(2026, 7, 1, 12, 0)),
        ] {
            let local = berlin.local(unix);
            assert_eq!(Civil { second: 0, ..local }, shown, "{unix}");
        }
        // A time that there is not is as much later; of two the first counts.
        assert_eq!(berlin.unix(at(2026, 3, 29, 2, 30)), 1_774_746_000 + 1_800);
        assert_eq!(berlin.local(1_774_746_000 + 1_800), at(2026, 3, 29, 3, 30));
        assert_eq!(berlin.unix(at(2026, 10, 25, 2, 30)), 1_792_890_000 - 1_800);
    }

    #[test]
    fn zones_of_the_world() {
        for (text, unix, shown) in [
            ("UTC0", 1_795_284_600, at(2026, 11, 21, 18, 10)),
            ("<+0545>-5:45", 1_795_284_600, at(2026, 11, 21, 23, 55)),
            (
                "EST5EDT,M3.2.0,M11.1.0",
                1_782_900_000,
                at(2026, 7, 1, 6, 0),
            ),
            (
                "EST5EDT,M3.2.0,M11.1.0",
                1_795_284_600,
                at(2026, 11, 21, 13, 10),
            ),
            (
                "AEST-10AEDT,M10.1.0,M4.1.0/3",
                1_795_284_600,
                at(2026, 11, 22, 5, 10),
            ),
            (
                "AEST-10AEDT,M10.1.0,M4.1.0/3",
                1_782_900_000,
                at(2026, 7, 1, 20, 0),
            ),
            (
                "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                1_782_900_000,
                at(2026, 7, 1, 9, 0),
            ),
            (
                "IST-1GMT0,M10.5.0,M3.5.0/1",
                1_782_900_000,
                at(2026, 7, 1, 11, 0),
            ),
            ("AAA3BBB,J60,J300", 1_782_900_000, at(2026, 7, 1, 8, 0)),
            ("AAA3BBB,60,300", 1_795_284_600, at(2026, 11, 21, 15, 10)),
        ] {
            assert_eq!(zone(text).local(unix), shown, "{text}");
            assert_eq!(zone(text).unix(shown), unix, "{text}");
        }
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in [
            "",
            "UTC",
            "CET-1CEST",
            "Europe/Berlin",
            "CE-1",
            "CET-1CEST,M3.5.0",
            "CET-1CEST,M13.5.0,M10.5.0/3",
            "CET-25",
            "UTC0 ",
            "<UT",
        ] {
            assert_eq!(Zone::try_from(text.to_owned()), Err(NotAZone), "{text}");
        }
    }

    #[test]
    fn every_shown_time_leads_back() {
        for text in [
            BERLIN,
            "AEST-10AEDT,M10.1.0,M4.1.0/3",
            "EST5EDT,M3.2.0,M11.1.0",
        ] {
            let zone = zone(text);
            for unix in (1_767_225_600..1_830_297_600).step_by(1_801) {
                let shown = zone.local(unix);
                let back = zone.unix(shown);
                assert!(back == unix || back == unix - HOUR, "{text} {unix}");
                assert_eq!(zone.local(back), shown);
            }
        }
    }
}
