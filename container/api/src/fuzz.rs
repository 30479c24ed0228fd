//! Body of the fuzz target `networks`: any bytes in, a panic if what reads networks, sources and ids breaks a promise.
//!
//! It lives here so that the ordinary tests replay the corpus with the very same code. Not part of the interface.

use crate::id::{ActivityId, EntityId, TimerId};
use crate::network::{Network, NotANetwork, Source};
use std::fmt::{Debug, Display};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The bytes as a network, a source, and the ids that places in lists are named by: what is read is written in one way, which reads
/// the same.
pub fn networks(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match text.parse::<Network>() {
        Ok(network) => one(network),
        Err(NotANetwork::Beyond(meant)) => one(meant),
        Err(NotANetwork::Address | NotANetwork::Length) => {}
    }
    if let Ok(source) = text.parse::<Source>() {
        assert_eq!(source.to_string().parse(), Ok(source));
        assert_eq!(Source::from(source.first()), source);
    }
    same::<ActivityId>(text);
    same::<EntityId>(text);
    same::<TimerId>(text);
}

/// It has the addresses from its first to its last, and none beside them.
fn one(network: Network) {
    assert_eq!(network.to_string().parse(), Ok(network));
    let (first, last) = network.ends();
    assert!(first <= last && first.is_ipv4() == last.is_ipv4());
    // What IPv6 has of IPv4 is of IPv4 alone, such as the end of `::/80`.
    let is_plain = |address: &IpAddr| address.to_canonical() == *address;
    for inside in [first, last].into_iter().filter(is_plain) {
        assert!(network.contains(inside), "{inside} is not in {network}");
    }
    let (before, after, count, whole) = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            assert!(network.contains(first.to_ipv6_mapped().into()));
            let (first, last) = (first.to_bits(), last.to_bits());
            let address = |bits| IpAddr::from(Ipv4Addr::from_bits(bits));
            let (before, after) = (first.checked_sub(1), last.checked_add(1));
            let count = u128::from(last - first);
            (before.map(address), after.map(address), count, 32)
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            let address = |bits| IpAddr::from(Ipv6Addr::from_bits(bits));
            let (before, after) = (first.checked_sub(1), last.checked_add(1));
            (before.map(address), after.map(address), last - first, 128)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
            panic!("{network} has two families")
        }
    };
    assert_eq!(u32::from(network.length()), whole - count.count_ones());
    for outside in [before, after].into_iter().flatten().filter(is_plain) {
        assert!(!network.contains(outside), "{outside} is in {network}");
    }
}

fn same<T: FromStr<Err: Debug> + Display + PartialEq + Debug>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        let again = read.to_string().parse::<T>();
        assert!(
            again.is_ok_and(|again| again == read),
            "{read} reads otherwise"
        );
    }
}
