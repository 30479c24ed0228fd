//! The connections that stand, each with its session.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use strowger::id::ActivityId;
use strowger::ra::{ConnId, ListenerIx, Peer as Certificate, Transport};

use super::lanes::{Item, LaneIx};
use crate::proto::session::{Mode, Session};
use crate::proto::time::Ms;
use crate::proto::wire::Status;

/// Names a session: its place, and how often that was used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SessionKey(u32);

/// A connection with its session.
#[derive(Debug)]
pub(super) struct Sess {
    pub(super) machine: Session,
    pub(super) conn: ConnId,
    pub(super) from: SocketAddr,
    /// The listener that it came to or left from, and over what.
    pub(super) listener: ListenerIx,
    pub(super) transport: Transport,
    /// Over TLS: what its certificate says.
    pub(super) secure: Option<Arc<Certificate>>,
    /// Whose it is: the account that has bound, the link that it was opened for.
    pub(super) lane: Option<LaneIx>,
    /// How it is bound.
    pub(super) mode: Option<Mode>,
    /// Its activity, while it is bound.
    pub(super) activity: Option<ActivityId>,
    /// Requests of ours that wait for an answer.
    pub(super) flights: BTreeMap<u32, Item>,
    /// Their bytes: as many may wait to be written, where the peer does not read.
    pub(super) flying: usize,
    /// Requests of the peer that wait for ours, and their activities.
    pub(super) open: BTreeMap<u32, ActivityId>,
    /// What its bind is answered when the time for it has come.
    pub(super) refusal: Option<Status>,
    /// When it is looked at next.
    pub(super) scheduled: Option<Ms>,
    /// Its machine has something to give.
    pub(super) touched: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    places: Vec<Place>,
    free: Vec<u16>,
    by_conn: HashMap<ConnId, SessionKey>,
    /// Accepted connections on which nobody has bound.
    pub(super) unbound: u32,
    /// Sessions whose machines have something to give, in turn.
    touched: Vec<SessionKey>,
}

#[derive(Debug, Default)]
struct Place {
    uses: u16,
    sess: Option<Box<Sess>>,
}

/// Bits of a key that say how often its place was used.
const USES: u16 = 0x7fff;

impl SessionKey {
    pub(super) const fn raw(self) -> u32 {
        self.0
    }

    pub(super) const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    const fn place(self) -> usize {
        (self.0 & 0xffff) as usize
    }
}

impl Sessions {
    pub(super) fn len(&self) -> usize {
        self.by_conn.len()
    }

    /// A connection stands. `None` if there are as many as there can be.
    pub(super) fn insert(&mut self, sess: Sess) -> Option<SessionKey> {
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                let place = u16::try_from(self.places.len()).ok()?;
                self.places.push(Place::default());
                place
            }
        };
        let entry = self.places.get_mut(usize::from(place))?;
        let key = SessionKey(u32::from(entry.uses) << 16 | u32::from(place));
        self.by_conn.insert(sess.conn, key);
        if sess.lane.is_none() {
            self.unbound += 1;
        }
        entry.sess = Some(Box::new(sess));
        Some(key)
    }

    /// A connection is no more.
    pub(super) fn remove(&mut self, key: SessionKey) -> Option<Box<Sess>> {
        let place = self.places.get_mut(key.place())?;
        if u32::from(place.uses) != key.0 >> 16 {
            return None;
        }
        let sess = place.sess.take()?;
        place.uses = (place.uses + 1) & USES;
        self.free.push((key.0 & 0xffff) as u16);
        self.by_conn.remove(&sess.conn);
        if sess.lane.is_none() {
            self.unbound = self.unbound.saturating_sub(1);
        }
        Some(sess)
    }

    pub(super) fn of(&self, conn: ConnId) -> Option<SessionKey> {
        self.by_conn.get(&conn).copied()
    }

    pub(super) fn get(&self, key: SessionKey) -> Option<&Sess> {
        let place = self.places.get(key.place())?;
        let sess = place.sess.as_deref()?;
        (u32::from(place.uses) == key.0 >> 16).then_some(sess)
    }

    pub(super) fn get_mut(&mut self, key: SessionKey) -> Option<&mut Sess> {
        let place = self.places.get_mut(key.place())?;
        let sess = place.sess.as_deref_mut()?;
        (u32::from(place.uses) == key.0 >> 16).then_some(sess)
    }

    /// The session, whose machine may have something to give afterwards.
    pub(super) fn touch(&mut self, key: SessionKey) -> Option<&mut Sess> {
        let place = self.places.get_mut(key.place())?;
        let sess = place.sess.as_deref_mut()?;
        if u32::from(place.uses) != key.0 >> 16 {
            return None;
        }
        if !sess.touched {
            sess.touched = true;
            self.touched.push(key);
        }
        Some(sess)
    }

    /// The next session whose machine may have something to give.
    pub(super) fn next_touched(&mut self) -> Option<SessionKey> {
        let key = self.touched.pop()?;
        if let Some(sess) = self.get_mut(key) {
            sess.touched = false;
        }
        Some(key)
    }

    /// A session has bound as an account.
    pub(super) fn belongs(&mut self, key: SessionKey, lane: LaneIx) {
        if let Some(sess) = self.get_mut(key)
            && sess.lane.replace(lane).is_none()
        {
            self.unbound = self.unbound.saturating_sub(1);
        }
    }

    /// All of them, in the order of their places.
    pub(super) fn keys(&self) -> Vec<SessionKey> {
        let keys = self.places.iter().zip(0_u32..);
        let key = |(place, n): (&Place, u32)| {
            let key = SessionKey(u32::from(place.uses) << 16 | n);
            place.sess.is_some().then_some(key)
        };
        keys.filter_map(key).collect()
    }
}

impl Sess {
    pub(super) fn new(machine: Session, conn: ConnId, from: SocketAddr) -> Self {
        Self {
            machine,
            conn,
            from,
            listener: ListenerIx(0),
            transport: Transport::Tcp,
            secure: None,
            lane: None,
            mode: None,
            activity: None,
            flights: BTreeMap::new(),
            flying: 0,
            open: BTreeMap::new(),
            refusal: None,
            scheduled: None,
            touched: false,
        }
    }

    pub(super) fn ip(&self) -> IpAddr {
        self.from.ip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::session::{Config, Role};

    fn sess(conn: u64) -> Sess {
        let machine = Session::new(Role::Mc, Config::default(), Ms(0));
        Sess::new(machine, ConnId(conn), SocketAddr::from(([192, 0, 2, 1], 7)))
    }

    #[test]
    fn a_key_is_good_as_long_as_its_session() {
        let mut sessions = Sessions::default();
        let one = sessions.insert(sess(1)).unwrap();
        assert_eq!((sessions.of(ConnId(1)), sessions.unbound), (Some(one), 1));
        sessions.belongs(one, LaneIx::from_raw(3));
        assert_eq!(sessions.unbound, 0);
        assert!(sessions.remove(one).is_some() && sessions.get(one).is_none());
        let two = sessions.insert(sess(2)).unwrap();
        assert_eq!(two.place(), one.place());
        assert!(two != one && sessions.get(one).is_none() && sessions.touch(one).is_none());
        assert!(sessions.remove(one).is_none() && sessions.get(two).is_some());
        assert_eq!(sessions.keys(), [two]);
    }

    #[test]
    fn a_session_is_touched_once() {
        let mut sessions = Sessions::default();
        let key = sessions.insert(sess(1)).unwrap();
        sessions.touch(key);
        sessions.touch(key);
        assert_eq!(
            (sessions.next_touched(), sessions.next_touched()),
            (Some(key), None)
        );
    }
}
