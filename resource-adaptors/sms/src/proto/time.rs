//! Time: milliseconds of a monotonic clock as the stack counts them, and SMPP's time formats (SMPP 3.4 7.1.1, 5.0 4.7.23).
//!
//! A reading of the clock is rounded down and a deadline up, so that nothing happens early. The formats know no leap
//! seconds; their years are those of 2000 to 2099.

use std::fmt;
use std::ops::{Add, Sub};

use strowger::civil::{Civil, days_in_month};
use thiserror::Error;

/// A point in time, or with [`Sub`] a distance between two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ms(pub u64);

impl Add<u64> for Ms {
    type Output = Self;
    fn add(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl Sub for Ms {
    type Output = u64;
    /// Milliseconds from `earlier` to `self`; zero when it is the other way round.
    fn sub(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A schedule_delivery_time, validity_period or final_date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmppTime {
    /// `YYMMDDhhmmsstnn+` or `-`.
    Absolute {
        /// Seconds since 1970-01-01 UTC; tenths are dropped.
        unix: u64,
    },
    /// `YYMMDDhhmmss000R`.
    Relative(Span),
}

/// How far a relative time lies in the future, by the calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Span {
    pub years: u8,
    pub months: u8,
    pub days: u8,
    pub hours: u8,
    pub minutes: u8,
    pub seconds: u8,
}

/// Text that is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a time of SMPP")]
pub struct BadTime;

/// A time of 16 characters, written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TimeText([u8; LEN]);

/// Characters of a time.
const LEN: usize = 16;
const DAY: u64 = 86_400;
const QUARTER: u64 = 900;
/// 2000-01-01 and 2100-01-01 UTC.
const FIRST: u64 = 946_684_800;
const END: u64 = 4_102_444_800;

impl SmppTime {
    /// Reads a time; `None` if there is none, which is the empty text.
    ///
    /// # Errors
    ///
    /// Text that is neither empty nor a time.
    pub fn parse(text: &str) -> Result<Option<Self>, BadTime> {
        if text.is_empty() {
            return Ok(None);
        }
        let text: &[u8; LEN] = text.as_bytes().try_into().map_err(|_| BadTime)?;
        let (digits, sign) = (&text[..LEN - 1], text[LEN - 1]);
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(BadTime);
        }
        let pair = |at: usize| (digits[at] - b'0') * 10 + (digits[at + 1] - b'0');
        let span = Span {
            years: pair(0),
            months: pair(2),
            days: pair(4),
            hours: pair(6),
            minutes: pair(8),
            seconds: pair(10),
        };
        match sign {
            b'R' => Ok(Some(Self::Relative(span))),
            b'+' | b'-' => {
                let quarters = u64::from(pair(13));
                Self::absolute(&span, quarters, sign == b'+').map(Some)
            }
            _ => Err(BadTime),
        }
    }

    /// The wall clock's time in seconds that it means at `now`. A relative time counts years and months by the calendar,
    /// where the 31st of a shorter month is its last day.
    #[must_use]
    pub fn resolve(self, now: u64) -> u64 {
        match self {
            Self::Absolute { unix } => unix,
            Self::Relative(span) => span.after(now),
        }
    }

    fn absolute(at: &Span, quarters: u64, ahead: bool) -> Result<Self, BadTime> {
        let local = Civil {
            year: 2000 + i64::from(at.years),
            month: at.months,
            day: at.days,
            hour: at.hours,
            minute: at.minutes,
            second: at.seconds,
        };
        let is_date = (1..=days_in_month(local.year, at.months)).contains(&at.days);
        if !is_date || at.hours > 23 || at.minutes > 59 || at.seconds > 59 || quarters > 48 {
            return Err(BadTime);
        }
        let local = local.unix().unsigned_abs();
        // Ahead of UTC: the local clock shows more.
        let offset = quarters * QUARTER;
        let unix = if ahead {
            local - offset
        } else {
            local + offset
        };
        Ok(Self::Absolute { unix })
    }
}

impl Span {
    fn time_of_day(&self) -> u64 {
        u64::from(self.hours) * 3600 + u64::from(self.minutes) * 60 + u64::from(self.seconds)
    }

    fn after(&self, now: u64) -> u64 {
        let now = Civil::of(now.min(END).cast_signed());
        let span = i64::from(self.years) * 12 + i64::from(self.months);
        let months = now.year * 12 + i64::from(now.month) - 1 + span;
        let (year, month) = (months / 12, (months % 12 + 1) as u8);
        let date = Civil {
            year,
            month,
            day: now.day.min(days_in_month(year, month)),
            ..now
        };
        date.unix().unsigned_abs() + u64::from(self.days) * DAY + self.time_of_day()
    }
}

/// A point in time as an absolute one, in UTC; one outside of 2000 to 2099 is the nearest within.
#[must_use]
pub fn absolute(unix: u64) -> TimeText {
    let at = Civil::of(unix.clamp(FIRST, END - 1).cast_signed());
    let date = [
        (at.year - 2000).unsigned_abs(),
        at.month.into(),
        at.day.into(),
    ];
    let time = [at.hour, at.minute, at.second].map(u64::from);
    let fields = [date[0], date[1], date[2], time[0], time[1], time[2]];
    TimeText::of(fields, b'+')
}

/// So many seconds from the time at which the text is read; at most 99 days, and the hours that are left.
///
/// Days are the largest unit that is written, because months have no length of their own.
#[must_use]
pub fn relative(seconds: u64) -> TimeText {
    let seconds = seconds.min(100 * DAY - 1);
    let (days, rest) = (seconds / DAY, seconds % DAY);
    let fields = [0, 0, days, rest / 3600, rest / 60 % 60, rest % 60];
    TimeText::of(fields, b'R')
}

impl TimeText {
    /// Six numbers below 100, no tenths, no offset, and what kind of time it is.
    fn of(fields: [u64; 6], kind: u8) -> Self {
        let mut text = [b'0'; LEN];
        for (pair, value) in text.chunks_exact_mut(2).zip(fields) {
            pair[0] = b'0' + (value / 10 % 10) as u8;
            pair[1] = b'0' + (value % 10) as u8;
        }
        text[LEN - 1] = kind;
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl AsRef<str> for TimeText {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for TimeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TimeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(text: &str) -> u64 {
        match SmppTime::parse(text) {
            Ok(Some(SmppTime::Absolute { unix })) => unix,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn absolute_times_count_their_offset_in_quarters_of_an_hour() {
        assert_eq!(unix("000101000000000+"), 946_684_800);
        assert_eq!(unix("261121181656000+"), 1_795_285_016);
        assert_eq!(unix("261121191656004+"), 1_795_285_016);
        assert_eq!(unix("261121131656020-"), 1_795_285_016);
        assert_eq!(unix("240229235959900+"), 1_709_251_199);
    }

    #[test]
    fn no_time_is_none_and_what_is_no_time_is_refused() {
        assert_eq!(SmppTime::parse(""), Ok(None));
        for bad in [
            "2611211816560",
            "261121181656000",
            "261121181656000Z",
            "261121181656049+",
            "261321181656000+",
            "260229000000000+",
            "261121241656000+",
            "261121186056000+",
            "261121181660000+",
            "261100181656000+",
            "26112118165600é+",
            "+61121181656000+",
        ] {
            assert_eq!(SmppTime::parse(bad), Err(BadTime), "{bad}");
        }
    }

    #[test]
    fn relative_times_go_by_the_calendar() {
        let resolve = |text: &str, now: &str| {
            let time = SmppTime::parse(text).ok().flatten();
            time.map(|time| absolute(time.resolve(unix(now))).to_string())
        };
        let check = |text: &str, now: &str, then: &str| {
            assert_eq!(
                resolve(text, now).as_deref(),
                Some(then),
                "{text} after {now}"
            );
        };
        check("000000010000000R", "261121181656000+", "261121191656000+");
        check("020610233429000R", "240101000000000+", "260711233429000+");
        check("000100000000000R", "240131120000000+", "240229120000000+");
        check("000002000000000R", "261231235959000+", "270102235959000+");
        check("001300000000000R", "261121000000000+", "271221000000000+");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for unix in (FIRST..END).step_by(40_000_003) {
            let text = absolute(unix);
            assert_eq!(
                SmppTime::parse(text.as_str()),
                Ok(Some(SmppTime::Absolute { unix }))
            );
        }
        for seconds in (0..100 * DAY).step_by(70_001) {
            let text = relative(seconds);
            let time = SmppTime::parse(text.as_ref()).ok().flatten();
            assert_eq!(time.map(|time| time.resolve(FIRST)), Some(FIRST + seconds));
        }
        assert_eq!(absolute(0).as_str(), "000101000000000+");
        assert_eq!(absolute(u64::MAX).as_str(), "991231235959000+");
        assert_eq!(relative(u64::MAX).as_str(), "000099235959000R");
    }
}
