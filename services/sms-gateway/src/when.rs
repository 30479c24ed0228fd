//! From when to when a message is to be delivered: what its sender asks for within what the service allows.
//!
//! Pure arithmetic on wall time. Invariant: the time to begin is before the time to give up.

use std::time::Duration;

use strowger::time::Wall;

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    /// `None` is at once.
    pub(crate) begin: Option<Wall>,
    pub(crate) expires: Wall,
}

/// What is wrong with what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TimesError {
    /// It is over before it could be tried.
    #[error("the validity period ends before the message can be delivered")]
    Validity,
    /// So late is nothing kept.
    #[error("delivery is asked for later than the service keeps messages")]
    Schedule,
}

/// How long messages may be valid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// If nothing is asked for.
    pub(crate) usual: Duration,
    /// At most; what is longer is cut.
    pub(crate) longest: Duration,
}

impl Times {
    pub(crate) fn of(
        now: Wall,
        begin: Option<Wall>,
        expires: Option<Wall>,
        bounds: Bounds,
    ) -> Result<Self, TimesError> {
        let begin = begin.filter(|begin| *begin > now);
        let latest = now + bounds.longest;
        if begin.is_some_and(|begin| begin >= latest) {
            return Err(TimesError::Schedule);
        }
        let start = begin.unwrap_or(now);
        let expires = expires.unwrap_or_else(|| start + bounds.usual).min(latest);
        match expires > start {
            true => Ok(Self { begin, expires }),
            false => Err(TimesError::Validity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Wall = Wall(1_000_000);
    const BOUNDS: Bounds = Bounds {
        usual: Duration::from_secs(100),
        longest: Duration::from_secs(1_000),
    };

    fn of(begin: Option<u64>, expires: Option<u64>) -> Result<(Option<u64>, u64), TimesError> {
        let wall = |secs: Option<u64>| secs.map(|secs| NOW + Duration::from_secs(secs));
        let times = Times::of(NOW, wall(begin), wall(expires), BOUNDS)?;
        let secs = |wall: Wall| (wall - NOW).as_secs();
        Ok((times.begin.map(secs), secs(times.expires)))
    }

    #[test]
    fn what_is_not_asked_for_is_usual() {
        assert_eq!(of(None, None), Ok((None, 100)));
        assert_eq!(of(Some(0), None), Ok((None, 100)));
        assert_eq!(of(Some(50), None), Ok((Some(50), 150)));
        assert_eq!(of(Some(950), None), Ok((Some(950), 1_000)));
    }

    #[test]
    fn what_is_asked_for_is_bounded() {
        assert_eq!(of(None, Some(5)), Ok((None, 5)));
        assert_eq!(of(None, Some(5_000)), Ok((None, 1_000)));
        assert_eq!(of(None, Some(0)), Err(TimesError::Validity));
        assert_eq!(of(Some(20), Some(20)), Err(TimesError::Validity));
        assert_eq!(of(Some(1_000), None), Err(TimesError::Schedule));
    }
}
