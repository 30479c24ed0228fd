//! Refused binds, by the source that they came from: whoever guesses passwords is not let on.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use strowger::network::Source;

use crate::proto::time::Ms;

/// Sources whose binds were refused within the last minute.
#[derive(Debug, Default)]
pub(super) struct Guard {
    refused: HashMap<Source, Refused>,
    /// The same sources, by when they were refused first.
    order: VecDeque<Source>,
}

#[derive(Debug, Clone, Copy)]
struct Refused {
    times: u32,
    /// When that is forgotten.
    until: Ms,
}

/// How long refusals count.
const MINUTE: u64 = 60_000;
/// Sources that are remembered. Beyond it the one that was refused first makes room.
const SOURCES: usize = 20_000;

impl Guard {
    /// Whether a bind from there is looked at.
    pub(super) fn admits(&self, now: Ms, from: IpAddr, limit: u32) -> bool {
        let refused = self.refused.get(&Source::from(from));
        refused.is_none_or(|refused| refused.until <= now || refused.times < limit)
    }

    /// A bind from there was refused.
    pub(super) fn refused(&mut self, now: Ms, from: IpAddr) {
        while self.first().is_some_and(|first| first.until <= now) {
            self.forget_first();
        }
        let source = Source::from(from);
        if let Some(known) = self.refused.get_mut(&source) {
            known.times += 1;
            return;
        }
        if self.order.len() >= SOURCES {
            self.forget_first();
        }
        let until = Ms(now.0 + MINUTE);
        self.refused.insert(source, Refused { times: 1, until });
        self.order.push_back(source);
    }

    fn first(&self) -> Option<&Refused> {
        self.refused.get(self.order.front()?)
    }

    fn forget_first(&mut self) {
        if let Some(first) = self.order.pop_front() {
            self.refused.remove(&first);
        }
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
    fn what_is_remembered_is_bounded_and_the_last_is_remembered() {
        let (mut guard, last) = (Guard::default(), IpAddr::V4(0xffff_ffff.into()));
        let crowd = SOURCES as u32 + 1_000;
        for n in 0..crowd {
            guard.refused(Ms(0), IpAddr::V4(n.into()));
        }
        assert_eq!((guard.refused.len(), guard.order.len()), (SOURCES, SOURCES));
        // Who guesses from ever other places is counted all the same, and so is one who stays in his.
        guard.refused(Ms(1), last);
        assert!(!guard.admits(Ms(1), last, 1));
        assert!(!guard.admits(Ms(1), IpAddr::V4((crowd - 1).into()), 1));
        assert_eq!(guard.order.len(), SOURCES);
        guard.refused(Ms(MINUTE), last);
        assert_eq!((guard.refused.len(), guard.order.len()), (1, 1));
        assert!(!guard.admits(Ms(MINUTE), last, 2), "both within its minute");
    }
}
