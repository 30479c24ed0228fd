//! The Gregorian calendar: seconds since 1970 to days and times of day, and back. No time zones, no leap seconds.

/// A date and a time of day.
///
/// ```
/// use strowger::civil::Civil;
///
/// let date = Civil::of(951_782_400);
/// assert_eq!((date.year, date.month, date.day), (2000, 2, 29));
/// assert_eq!(date.unix(), 951_782_400);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// The year.
    pub year: i64,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
    /// The hour.
    pub hour: u8,
    /// The minute.
    pub minute: u8,
    /// The second.
    pub second: u8,
}

/// Days of 400 years.
const ERA: i64 = 146_097;

impl Civil {
    /// The date and time of that many seconds since 1970.
    #[must_use]
    pub fn of(unix: i64) -> Self {
        let (days, time) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
        // Years that begin in March have their leap day last; 1 March 2000 begins such an era of 400.
        let days = days - 11_017;
        let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
        let year = (day - day / 1_460 + day / 36_524 - day / (ERA - 1)) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let small = |n: i64| u8::try_from(n).unwrap_or_default();
        Self {
            year: 2000 + era * 400 + year + i64::from(month >= 10),
            month: small((month + 2) % 12 + 1),
            day: small(day - (153 * month + 2) / 5 + 1),
            hour: small(time / 3600),
            minute: small(time / 60 % 60),
            second: small(time % 60),
        }
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn unix(self) -> i64 {
        let month = (i64::from(self.month) + 9) % 12;
        let year = self.year - 2000 - i64::from(month >= 10);
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let day = 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5;
        let days = 11_017 + era * ERA + day + i64::from(self.day) - 1;
        let time = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60;
        days * 86_400 + time + i64::from(self.second)
    }
}

/// How many days a month has; 0 if there is no such month.
#[must_use]
pub const fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (unix, expected) in [
            (0, (1970, 1, 1, 0, 0, 0)),
            (951_782_400, (2000, 2, 29, 0, 0, 0)),
            (951_868_800, (2000, 3, 1, 0, 0, 0)),
            (-1, (1969, 12, 31, 23, 59, 59)),
            (4_107_542_399, (2100, 2, 28, 23, 59, 59)),
            (1_795_284_610, (2026, 11, 21, 18, 10, 10)),
        ] {
            let civil = Civil::of(unix);
            let (year, month, day, hour, minute, second) = expected;
            let expected = Civil {
                year,
                month,
                day,
                hour,
                minute,
                second,
            };
            assert_eq!(civil, expected, "{unix}");
            assert_eq!(civil.unix(), unix);
        }
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_last() {
        let mut last = Civil::of(-86_400 * 40_000);
        for day in -39_999..110_000_i64 {
            let next = Civil::of(day * 86_400);
            assert_eq!(next.unix(), day * 86_400);
            let is_next = if last.day < days_in_month(last.year, last.month) {
                (next.month, next.day) == (last.month, last.day + 1)
            } else {
                next.day == 1
                    && (next.month == last.month + 1
                        || next.month == 1 && next.year == last.year + 1)
            };
            assert!(is_next, "{last:?} {next:?}");
            last = next;
        }
    }
}
