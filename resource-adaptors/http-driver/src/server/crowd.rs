//! How many connections a listener has, in all and of each address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The connections of a listener.
#[derive(Debug)]
pub(super) struct Crowd {
    most: u32,
    most_per_ip: u32,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    all: u32,
    by_ip: HashMap<IpAddr, Count>,
}

#[derive(Debug, Default)]
struct Count {
    connections: u32,
    handshakes: u32,
}

/// One connection's place; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    ip: IpAddr,
}

/// One handshake that is under way; over when dropped.
#[derive(Debug)]
pub(super) struct Handshake<'a>(&'a Place);

impl Crowd {
    pub(super) fn new(most: u32, most_per_ip: u32) -> Self {
        Self {
            most,
            most_per_ip,
            inside: Mutex::default(),
        }
    }

    /// A place for one more of that address, if there is one.
    pub(super) fn enter(self: &Arc<Self>, ip: IpAddr) -> Option<Place> {
        let mut inside = self.inside();
        if inside.all >= self.most {
            return None;
        }
        let count = inside.by_ip.entry(ip).or_default();
        if count.connections >= self.most_per_ip {
            return None;
        }
        count.connections += 1;
        inside.all += 1;
        Some(Place {
            crowd: Arc::clone(self),
            ip,
        })
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// A place for one more handshake of its address, if there is one.
    pub(super) fn shake(&self, most: u32) -> Option<Handshake<'_>> {
        let mut inside = self.crowd.inside();
        let count = inside.by_ip.entry(self.ip).or_default();
        if count.handshakes >= most {
            return None;
        }
        count.handshakes += 1;
        Some(Handshake(self))
    }
}

impl Drop for Handshake<'_> {
    fn drop(&mut self) {
        let mut inside = self.0.crowd.inside();
        if let Some(count) = inside.by_ip.get_mut(&self.0.ip) {
            count.handshakes = count.handshakes.saturating_sub(1);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.crowd.inside();
        inside.all = inside.all.saturating_sub(1);
        if let Entry::Occupied(mut count) = inside.by_ip.entry(self.ip) {
            let left = count.get().connections.saturating_sub(1);
            count.get_mut().connections = left;
            if left == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_and_given_back() {
        let crowd = Arc::new(Crowd::new(3, 2));
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let first = crowd.enter(one).unwrap();
        let second = crowd.enter(one).unwrap();
        assert!(crowd.enter(one).is_none());
        let third = crowd.enter(other).unwrap();
        assert!(crowd.enter(other).is_none());
        drop(first);
        assert!(crowd.enter(other).is_some());
        drop((second, third));
        assert!(crowd.inside().by_ip.is_empty());
        assert_eq!(crowd.inside().all, 0);
    }

    #[test]
    fn handshakes_of_an_address_are_bounded() {
        let crowd = Arc::new(Crowd::new(9, 9));
        let ip = IpAddr::from([192, 0, 2, 1]);
        let (a, b) = (crowd.enter(ip).unwrap(), crowd.enter(ip).unwrap());
        let shaking = a.shake(1).unwrap();
        assert!(b.shake(1).is_none());
        drop(shaking);
        assert!(b.shake(1).is_some());
    }
}
