//! Refused binds, by the address that they came from: whoever guesses passwords is not let on.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use crate::proto::time::Ms;

/// Addresses whose binds were refused within the last minute.
#[derive(Debug, Default)]
pub(super) struct Guard {
    refused: HashMap<IpAddr, Refused>,
}

#[derive(Debug, Clone, Copy)]
struct Refused {
    times: u32,
    /// When that is forgotten.
    until: Ms,
}

/// How long refusals count.
const MINUTE: u64 = 60_000;
/// Addresses that are remembered; beyond it those whose time is over go, and with none of those nobody new comes in.
const ADDRESSES: usize = 20_000;

impl Guard {
    /// Whether a bind from there is looked at.
    pub(super) fn admits(&self, now: Ms, from: IpAddr, limit: u32) -> bool {
        let refused = self.refused.get(&network(from));
        refused.is_none_or(|refused| refused.until <= now || refused.times < limit)
    }

    /// A bind from there was refused.
    pub(super) fn refused(&mut self, now: Ms, from: IpAddr) {
        if self.refused.len() >= ADDRESSES {
            self.refused.retain(|_, refused| refused.until > now);
        }
        if self.refused.len() >= ADDRESSES {
            return;
        }
        let until = Ms(now.0 + MINUTE);
        let refused = self
            .refused
            .entry(network(from))
            .or_insert(Refused { times: 0, until });
        if refused.until <= now {
            *refused = Refused { times: 0, until };
        }
        refused.times += 1;
    }
}

/// Whoever has an IPv6 address has all of its /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let network = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
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
    fn what_is_remembered_is_bounded() {
        let mut guard = Guard::default();
        for n in 0..(ADDRESSES as u32 + 1_000) {
            guard.refused(Ms(0), IpAddr::V4(n.into()));
        }
        assert_eq!(guard.refused.len(), ADDRESSES);
        guard.refused(Ms(MINUTE), IpAddr::V4(0xffff_ffff.into()));
        assert_eq!(guard.refused.len(), 1);
    }
}
