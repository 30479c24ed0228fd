//! Nonces without state, and the counts that have been used of them.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::super::keyed::{Digest, DigestMap, Secret};

/// Nonces of one process of an adaptor entity: made and known again by a secret. Another process does not know the counts,
/// so it must not have the secret either.
///
/// The text is 24 digits, of time (milliseconds of the wall clock), a random number and a hash of where it was sent, and 32 of a MAC
/// over them and the realm.
#[derive(Debug)]
pub struct Nonces {
    secret: Secret,
    used: DigestMap<Window>,
    /// What is in `used`, in the order of first use.
    order: VecDeque<Digest>,
    limit: usize,
    /// A nonce that is not in the table and not younger than this may have been used, and was forgotten.
    forgotten: u64,
}

/// Which counts of a nonce have been used: the highest, and of the 64 up to it each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    made: u64,
    highest: u32,
    seen: u64,
}

/// A use of a nonce that was found to be right, to be noted once what depends on it is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    id: Digest,
    made: u64,
    count: u32,
}

/// What a nonce is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// It may be used with this count.
    Good(Used),
    /// It is too old, was used with this count before, or is not ours.
    Stale,
}

const STAMP: usize = 24;
/// What of it is not the hash.
const FREE: usize = 18;
const MAC: usize = 32;

impl Nonces {
    /// No nonce has been used; the counts of at most `limit` nonces are kept.
    #[must_use]
    pub fn new(secret: Secret, limit: usize) -> Self {
        Self {
            secret,
            used: DigestMap::default(),
            order: VecDeque::new(),
            limit: limit.max(1),
            forgotten: 0,
        }
    }

    /// A nonce for a realm that is sent `to` an address; `wall` is the time in milliseconds.
    #[must_use]
    pub fn make(&self, realm: &[u8], wall: u64, random: u64, to: IpAddr) -> Vec<u8> {
        let free = format!("{:012x}{:06x}", wall & LOW, random & HASH);
        let mut out = format!("{free}{:06x}", self.hash(free.as_bytes(), to)).into_bytes();
        let mac = self.mac(realm, &out);
        out.extend_from_slice(format!("{:016x}{:016x}", mac.0[0], mac.0[1]).as_bytes());
        out
    }

    /// Whether a nonce is ours, lives, and was sent to that address: whoever shows it from there is there, since nobody else has seen
    /// it, or stands where everything that goes there can be seen. It may be used from elsewhere all the same.
    #[must_use]
    pub fn was_sent(
        &self,
        realm: &[u8],
        nonce: &[u8],
        to: IpAddr,
        wall: u64,
        lifetime: u64,
    ) -> bool {
        let Some((free, hash)) = nonce.get(..STAMP).and_then(|s| s.split_at_checked(FREE)) else {
            return false;
        };
        let own = format!("{:06x}", self.hash(free, to));
        self.living(realm, nonce, wall, lifetime).is_some() && own.as_bytes() == hash
    }

    fn hash(&self, free: &[u8], to: IpAddr) -> u64 {
        let to = match to.to_canonical() {
            IpAddr::V4(to) => to.octets().to_vec(),
            IpAddr::V6(to) => to.octets().to_vec(),
        };
        self.secret.mac(b"nonce-to", &[free, &to]).0[0] & HASH
    }

    fn mac(&self, realm: &[u8], stamp: &[u8]) -> Digest {
        self.secret.mac(b"nonce", &[realm, stamp])
    }

    /// What a nonce is worth; `count` 0 is a use without count, of which there is one.
    pub(super) fn worth(
        &self,
        realm: &[u8],
        nonce: &[u8],
        count: u32,
        wall: u64,
        lifetime: u64,
    ) -> Worth {
        let Some((id, made)) = self.living(realm, nonce, wall, lifetime) else {
            return Worth::Stale;
        };
        let used = Used {
            id,
            made,
            count: count.max(1),
        };
        let fresh = match self.used.get(&id) {
            Some(window) => count > 0 && !window.has(used.count),
            None => made > self.forgotten,
        };
        if fresh {
            Worth::Good(used)
        } else {
            Worth::Stale
        }
    }

    /// A nonce of ours that is young enough. One from the future was made before the clock was set back.
    fn living(
        &self,
        realm: &[u8],
        nonce: &[u8],
        wall: u64,
        lifetime: u64,
    ) -> Option<(Digest, u64)> {
        self.read(realm, nonce)
            .filter(|(_, made)| wall.checked_sub(*made).is_some_and(|age| age < lifetime))
    }

    fn read(&self, realm: &[u8], nonce: &[u8]) -> Option<(Digest, u64)> {
        let (stamp, mac) = nonce.split_at_checked(STAMP)?;
        if mac.len() != MAC {
            return None;
        }
        let hex = |text: &[u8]| u64::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok();
        let (high, low) = mac.split_at(MAC / 2);
        let given = Digest([hex(high)?, hex(low)?]);
        let right = self.mac(realm, stamp);
        let differ = (given.0[0] ^ right.0[0]) | (given.0[1] ^ right.0[1]);
        if differ != 0 {
            return None;
        }
        Some((right, hex(stamp.get(..12)?)?))
    }

    /// Notes a use.
    pub fn note(&mut self, used: Used) {
        if let Some(window) = self.used.get_mut(&used.id) {
            return window.note(used.count);
        }
        while self.order.len() >= self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            if let Some(window) = self.used.remove(&oldest) {
                self.forgotten = self.forgotten.max(window.made);
            }
        }
        let mut window = Window {
            made: used.made,
            highest: 0,
            seen: 0,
        };
        window.note(used.count);
        self.used.insert(used.id, window);
        self.order.push_back(used.id);
    }

    /// How many nonces' counts are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether none are.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

const LOW: u64 = 0xffff_ffff_ffff;
const HASH: u64 = 0xff_ffff;

impl Window {
    fn has(&self, count: u32) -> bool {
        match self.highest.checked_sub(count) {
            None => false,
            Some(behind @ 0..64) => self.seen >> behind & 1 == 1,
            // So far behind nothing is known: it may have been used.
            Some(_) => true,
        }
    }

    fn note(&mut self, count: u32) {
        match count.checked_sub(self.highest) {
            Some(ahead) => {
                self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
                self.highest = count;
            }
            None => {
                let behind = self.highest - count;
                self.seen |= 1u64.checked_shl(behind).unwrap_or(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;
    const LIFETIME: u64 = 300_000;
    const TO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn nonces(limit: usize) -> Nonces {
        Nonces::new(Secret::new([1, 2]), limit)
    }

    fn take(nonces: &mut Nonces, nonce: &[u8], count: u32, wall: u64) -> bool {
        match nonces.worth(b"r", nonce, count, wall, LIFETIME) {
            Worth::Good(used) => {
                nonces.note(used);
                true
            }
            Worth::Stale => false,
        }
    }

    #[test]
    fn a_nonce_is_known_again_for_its_life_and_realm() {
        let nonce = nonces(9).make(b"r", NOW, 77, TO);
        let mut other = nonces(9);
        assert!(take(&mut other, &nonce, 1, NOW + LIFETIME - 1));
        assert!(!take(&mut other, &nonce, 2, NOW + LIFETIME));
        assert!(!take(&mut other, &nonce, 2, NOW - 1));
        assert_eq!(other.worth(b"x", &nonce, 2, NOW, LIFETIME), Worth::Stale);
        let foreign = Nonces::new(Secret::new([1, 3]), 9);
        assert_eq!(foreign.worth(b"r", &nonce, 2, NOW, LIFETIME), Worth::Stale);
        for at in 0..nonce.len() {
            let mut forged = nonce.clone();
            forged[at] ^= 1;
            assert!(!take(&mut other, &forged, 3, NOW), "at {at}");
        }
    }

    /// RFC 7616 3.4: nc.
    #[test]
    fn a_count_is_used_once_in_any_order_within_the_window() {
        let mut nonces = nonces(9);
        let nonce = nonces.make(b"r", NOW, 1, TO);
        for count in [2, 1, 5, 3, 70, 69, 7] {
            assert!(take(&mut nonces, &nonce, count, NOW), "{count}");
            assert!(!take(&mut nonces, &nonce, count, NOW), "{count} again");
        }
        assert!(!take(&mut nonces, &nonce, 6, NOW), "behind the window");
        assert!(!take(&mut nonces, &nonce, 0, NOW), "without a count");
        assert!(take(&mut nonces, &nonce, u32::MAX, NOW));
        let once = nonces.make(b"r", NOW, 2, TO);
        assert!(take(&mut nonces, &once, 0, NOW));
        assert!(!take(&mut nonces, &once, 0, NOW));
    }

    #[test]
    fn a_nonce_tells_where_it_was_sent_and_is_good_from_elsewhere() {
        let mut nonces = nonces(9);
        let nonce = nonces.make(b"r", NOW, u64::MAX, TO);
        let sent = |nonces: &Nonces, realm: &[u8], nonce: &[u8], to| {
            nonces.was_sent(realm, nonce, to, NOW + LIFETIME - 1, LIFETIME)
        };
        assert!(sent(&nonces, b"r", &nonce, TO));
        assert!(sent(
            &nonces,
            b"r",
            &nonce,
            "::ffff:192.0.2.1".parse().unwrap()
        ));
        for other in ["192.0.2.2", "192.0.3.1", "2001:db8::1"] {
            assert!(
                !sent(&nonces, b"r", &nonce, other.parse().unwrap()),
                "{other}"
            );
        }
        assert!(!sent(&nonces, b"x", &nonce, TO));
        // Who was there once is not there for ever.
        assert!(!nonces.was_sent(b"r", &nonce, TO, NOW + LIFETIME, LIFETIME));
        // The hash of another address cannot be put in.
        let other = nonces.make(b"r", NOW, u64::MAX, "192.0.2.2".parse().unwrap());
        let mut forged = other.clone();
        forged[FREE..STAMP].copy_from_slice(&nonce[FREE..STAMP]);
        assert!(!sent(&nonces, b"r", &forged, TO));
        for odd in [&b""[..], b"0", &[b'0'; STAMP], &[0xff; 56]] {
            assert!(!sent(&nonces, b"r", odd, TO));
        }
        assert!(take(&mut nonces, &nonce, 1, NOW));
        assert!(take(&mut nonces, &other, 1, NOW));
    }

    #[test]
    fn what_the_table_forgets_is_stale_not_free() {
        let mut nonces = nonces(3);
        let make = |nonces: &Nonces, n: u64| nonces.make(b"r", NOW + n, n, TO);
        let all: Vec<_> = (0..5).map(|n| make(&nonces, n)).collect();
        for nonce in &all {
            assert!(take(&mut nonces, nonce, 1, NOW + 10));
        }
        assert_eq!(nonces.len(), 3);
        assert!(!take(&mut nonces, &all[0], 1, NOW + 10));
        assert!(!take(&mut nonces, &all[1], 2, NOW + 10));
        assert!(take(&mut nonces, &all[4], 2, NOW + 10));
        let fresh = make(&nonces, 9);
        assert!(take(&mut nonces, &fresh, 1, NOW + 10));
    }
}
