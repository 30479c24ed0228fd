//! TP-VP: how long the service centre tries (TS 23.040 9.2.3.12).

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::{Timestamp, TpduFault};

const FIELD: &str = "TP-VP";
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;
const WEEK: u64 = 7 * DAY;

/// How long a message is valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Validity {
    /// As long as the service centre likes.
    #[default]
    None,
    /// So long from its arrival on, in steps that grow.
    Relative(u8),
    /// Until then.
    Absolute(Timestamp),
    /// In the enhanced format.
    Enhanced([u8; 7]),
}

impl Validity {
    /// The relative format for at least so many seconds, or for the longest time there is.
    #[must_use]
    pub fn of_seconds(seconds: u64) -> Self {
        let steps = |unit: u64| u8::try_from(seconds.div_ceil(unit)).unwrap_or(u8::MAX);
        Self::Relative(match seconds {
            ..=43_200 => steps(5 * MINUTE).saturating_sub(1),
            43_201..=86_400 => 143 + steps(30 * MINUTE) - 24,
            86_401..=2_592_000 => 166 + steps(DAY),
            _ => steps(WEEK).saturating_add(192),
        })
    }

    /// When a message that came at `now` is valid no longer, both in seconds since 1970; `None` if it does not say.
    #[must_use]
    pub fn until(self, now: i64) -> Option<i64> {
        let seconds = match self {
            Self::None => return None,
            Self::Absolute(until) => return until.unix(),
            Self::Relative(steps) => relative(steps),
            Self::Enhanced(octets) => enhanced(octets)?,
        };
        Some(now.saturating_add_unsigned(seconds))
    }

    /// TP-VPF.
    pub(super) const fn format(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Enhanced(_) => 1,
            Self::Relative(_) => 2,
            Self::Absolute(_) => 3,
        }
    }

    pub(super) fn parse(reader: &mut Reader<'_>, format: u8) -> Result<Self, TpduFault> {
        Ok(match format & 3 {
            0 => Self::None,
            1 => Self::Enhanced(reader.array(FIELD)?),
            2 => Self::Relative(reader.octet(FIELD)?),
            _ => Self::Absolute(Timestamp(reader.array(FIELD)?)),
        })
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::Relative(steps) => out.push(steps),
            Self::Absolute(Timestamp(octets)) | Self::Enhanced(octets) => {
                out.extend_from_slice(&octets);
            }
        }
    }
}

const fn relative(steps: u8) -> u64 {
    let n = steps as u64;
    match steps {
        0..=143 => (n + 1) * 5 * MINUTE,
        144..=167 => 12 * HOUR + (n - 143) * 30 * MINUTE,
        168..=196 => (n - 166) * DAY,
        197..=255 => (n - 192) * WEEK,
    }
}

/// TS 23.040 9.2.3.12.3. What is reserved says nothing.
fn enhanced(octets: [u8; 7]) -> Option<u64> {
    let [functions, value, minutes, seconds, ..] = octets;
    if functions & 0x80 != 0 {
        // More octets of functions follow, of which none is known.
        return None;
    }
    let digits = |octet: u8| u64::from(octet & 0x0f) * 10 + u64::from(octet >> 4);
    match functions & 7 {
        1 => Some(relative(value)),
        2 => Some(u64::from(value)),
        3 => Some(digits(value) * HOUR + digits(minutes) * MINUTE + digits(seconds)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_times() {
        for (steps, seconds) in [
            (0, 5 * MINUTE),
            (11, HOUR),
            (143, 12 * HOUR),
            (144, 12 * HOUR + 30 * MINUTE),
            (167, DAY),
            (168, 2 * DAY),
            (196, 30 * DAY),
            (197, 5 * WEEK),
            (255, 63 * WEEK),
        ] {
            assert_eq!(Validity::Relative(steps).until(0), Some(seconds as i64));
            assert_eq!(
                Validity::of_seconds(seconds),
                Validity::Relative(steps),
                "{seconds}"
            );
        }
        assert_eq!(Validity::of_seconds(0), Validity::Relative(0));
        assert_eq!(Validity::of_seconds(u64::MAX), Validity::Relative(255));
        for seconds in (0..63 * WEEK).step_by(977) {
            let until = Validity::of_seconds(seconds).until(0);
            assert!(until >= Some(seconds as i64), "{seconds} {until:?}");
        }
    }

    #[test]
    fn enhanced_times() {
        let until = |octets| Validity::Enhanced(octets).until(100);
        assert_eq!(until([1, 11, 0, 0, 0, 0, 0]), Some(100 + 3_600));
        assert_eq!(until([2, 90, 0, 0, 0, 0, 0]), Some(190));
        assert_eq!(
            until([3, 0x10, 0x20, 0x30, 0, 0, 0]),
            Some(100 + 3_600 + 120 + 3)
        );
        assert_eq!(until([0, 9, 9, 9, 9, 9, 9]), None);
        assert_eq!(until([0x81, 11, 0, 0, 0, 0, 0]), None);
    }
}
