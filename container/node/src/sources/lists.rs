//! Lists of networks, in the form in which they are looked at.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use strowger::network::Network;
use strowger_config::SourceRules;

/// What programs of the same machine speak from unless they are told otherwise.
const OWN: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

/// Networks, apart from each other and in order, so that a look takes a few comparisons however many there are.
#[derive(Clone, Default, Debug)]
struct List {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

/// The lists of a configuration.
#[derive(Clone, Default, Debug)]
pub(super) struct Lists {
    allow: List,
    deny: List,
    never_ban: List,
}

impl List {
    fn new(networks: &[Network]) -> Self {
        let mut list = Self::default();
        for network in networks {
            match network.ends() {
                (IpAddr::V4(first), IpAddr::V4(last)) => {
                    list.v4.push((first.to_bits(), last.to_bits()));
                }
                (IpAddr::V6(first), IpAddr::V6(last)) => {
                    list.v6.push((first.to_bits(), last.to_bits()));
                }
                // A network ends in the family in which it begins.
                (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {}
            }
        }
        Self {
            v4: apart(list.v4),
            v6: apart(list.v6),
        }
    }

    fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    fn has(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => within(&self.v4, address.to_bits()),
            IpAddr::V6(address) => within(&self.v6, address.to_bits()),
        }
    }
}

/// In order, and without those that are parts of others: networks never overlap otherwise.
fn apart<T: Ord + Copy>(mut all: Vec<(T, T)>) -> Vec<(T, T)> {
    all.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    let mut kept: Vec<(T, T)> = Vec::with_capacity(all.len());
    for one in all {
        if kept.last().is_none_or(|(_, end)| *end < one.1) {
            kept.push(one);
        }
    }
    kept
}

fn within<T: Ord + Copy>(list: &[(T, T)], bits: T) -> bool {
    let after = list.partition_point(|(first, _)| *first <= bits);
    let before = after.checked_sub(1).and_then(|n| list.get(n));
    before.is_some_and(|(_, last)| bits <= *last)
}

impl Lists {
    pub(super) fn new(rules: &SourceRules) -> Self {
        Self {
            allow: List::new(&rules.allow),
            deny: List::new(&rules.deny),
            never_ban: List::new(&rules.never_ban),
        }
    }

    /// Whether an address is not heard.
    pub(super) fn deny(&self, address: IpAddr) -> bool {
        if self.allow.is_empty() && self.deny.is_empty() {
            return false;
        }
        let address = address.to_canonical();
        self.deny.has(address) || !(self.allow.is_empty() || self.allow.has(address))
    }

    /// Whether nothing is ever held against an address: one of the list, and the machine's own, from which a proxy that stands before
    /// the node brings everybody, and which management is asked from.
    pub(super) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        OWN.contains(&address) || self.never_ban.has(address)
    }

    /// Whether there are addresses that are not heard.
    pub(super) fn deny_some(&self) -> bool {
        !(self.allow.is_empty() && self.deny.is_empty())
    }
}
