//! Times in semi-octets (TS 23.040 9.2.3.11): TP-SCTS, TP-DT, and TP-VP in absolute format.

use serde::{Deserialize, Serialize};
use strowger::civil::{Civil, days_in_month};

const QUARTER: i64 = 15 * 60;

/// A local time with its distance from UTC, as the seven octets that it was read from or is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub [u8; 7]);

impl Timestamp {
    /// A time in seconds since 1970 UTC, as it is called so many quarters of an hour east of Greenwich.
    #[must_use]
    pub fn new(unix: i64, quarters: i8) -> Self {
        let quarters = quarters.clamp(-79, 79);
        let local = Civil::of(unix.saturating_add(i64::from(quarters) * QUARTER));
        let zone = semi_octets(quarters.unsigned_abs());
        Self([
            semi_octets(u8::try_from(local.year.rem_euclid(100)).unwrap_or_default()),
            semi_octets(local.month),
            semi_octets(local.day),
            semi_octets(local.hour),
            semi_octets(local.minute),
            semi_octets(local.second),
            if quarters < 0 { zone | 0x08 } else { zone },
        ])
    }

    /// Seconds since 1970 UTC. A semi-octet that is no digit counts as 0 (TS 23.040 9.2.3.11); `None` if there is no such
    /// day or time even then.
    #[must_use]
    pub fn unix(self) -> Option<i64> {
        let [year, month, day, hour, minute, second, _] = self.0.map(number);
        let civil = Civil {
            // Two digits; no message is older than the service.
            year: i64::from(year) + if year < 90 { 2000 } else { 1900 },
            month,
            day,
            hour,
            minute,
            second,
        };
        let is_day =
            (1..=12).contains(&month) && day >= 1 && day <= days_in_month(civil.year, month);
        let is_time = hour < 24 && minute < 60 && second < 60;
        (is_day && is_time).then(|| civil.unix() - i64::from(self.quarters()) * QUARTER)
    }

    /// Quarters of an hour east of Greenwich.
    #[must_use]
    pub fn quarters(self) -> i8 {
        let zone = self.0[6];
        let quarters = i8::try_from(number(zone & !0x08)).unwrap_or_default();
        if zone & 0x08 == 0 {
            quarters
        } else {
            -quarters
        }
    }
}

/// Two digits, the first in the low half.
const fn semi_octets(number: u8) -> u8 {
    ((number % 10) << 4) | (number / 10 % 10)
}

fn number(octet: u8) -> u8 {
    let digit = |n: u8| if n > 9 { 0 } else { n };
    digit(octet & 0x0f) * 10 + digit(octet >> 4)
}
