//! Refused binds, by the source that they came from: whoever guesses passwords is not let on.

use std::collections::HashMap;
use std::net::IpAddr;

use strowger::network::Source;

use crate::proto::time::Ms;

/// Sources whose binds were refused within the last minute.
#[derive(Debug, Default)]
pub(super) struct Guard {
    refused: HashMap<Source, Refused>,
}

#[derive(Debug, Clone, Copy)]
struct Refused {
    times: u32,
    /// When that is forgotten.
    until: Ms,
}

/// How long refusals count.
const MINUTE: u64 = 60_000;
/// Sources that are remembered; beyond it those whose time is over go, and with none of those nobody new comes in.
const SOURCES: usize = 20_000;

impl Guard {
    /// Whether a bind from there is looked at.
    pub(super) fn admits(&self, now: Ms, from: IpAddr, limit: u32) -> bool {
        let refused = self.refused.get(&Source::from(from));
        refused.is_none_or(|refused| refused.until <= now || refused.times < limit)
    }

    /// A bind from there was refused.
    pub(super) fn refused(&mut self, now: Ms, from: IpAddr) {
        if self.refused.len() >= SOURCES {
            self.refused.retain(|_, refused| refused.until > now);
        }
        if self.refused.len() >= SOURCES {
            return;
        }
        let until = Ms(now.0 + MINUTE);
        let refused = self
            .refused
            .entry(Source::from(from))
            .or_insert(Refused { times: 0, until });
        if refused.until <= now {
            *refused = Refused { times: 0, until };
        }
        refused.times += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_refused_too_often_waits_for_a_minute() {
        let mut guard = Guard::default();
        let (bad, good): (IpAddr, IpAddr) =
            ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for n in 0..3 {
            assert!(guard.admits(Ms(n), bad, 3));
            guard.refused(Ms(n), bad);
        }
        assert!(!guard.admits(Ms(59_999), bad, 3) && guard.admits(Ms(3), good, 3));
        assert!(guard.admits(Ms(60_000), bad, 3));
        guard.refused(Ms(60_000), bad);
        assert!(guard.admits(Ms(60_001), bad, 3));
    }

    #[test]
    fn who_has_one_address_of_ipv6_has_its_network() {
        let mut guard = Guard::default();
        guard.refused(Ms(0), "2001:db8::1".parse().unwrap());
        assert!(!guard.admits(Ms(0), "2001:db8::2".parse().unwrap(), 1));
        assert!(guard.admits(Ms(0), "2001:db8:0:1::1".parse().unwrap(), 1));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut guard = Guard::default();
        for n in 0..(SOURCES as u32 + 1_000) {
            guard.refused(Ms(0), IpAddr::V4(n.into()));
        }
        assert_eq!(guard.refused.len(), SOURCES);
        guard.refused(Ms(MINUTE), IpAddr::V4(0xffff_ffff.into()));
        assert_eq!(guard.refused.len(), 1);
    }
}
