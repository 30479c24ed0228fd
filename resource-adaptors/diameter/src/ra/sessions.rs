//! The sessions that are open, by activity and by Session-Id, and when each is over unless something comes.
//!
//! Session-Ids of our own are made from the activity's id, which is never used again, and a check under the store's secret:
//! `ORIGIN-HOST;SLOT AND INDEX;STAMP;CHECK` (RFC 6733 8.8). What passes the check lands in the slot that it names, anything
//! else in that of its hash.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use strowger::id::{ActivityId, Slot};
use strowger::room::{trim_heap, trim_map};

use crate::proto::time::Ms;

/// A session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) id: Arc<str>,
    pub(super) application: u32,
    /// Destination-Realm of our requests.
    pub(super) realm: Option<Arc<str>>,
    /// Destination-Host of our requests: the other side, once it has spoken.
    pub(super) host: Option<Arc<str>>,
    /// Whether another server may take over (CC-Session-Failover): `host` is not insisted on then.
    pub(super) movable: bool,
    /// We began it.
    pub(super) ours: bool,
    /// How long nothing may come; the settings' time without it.
    pub(super) within: Option<u64>,
    /// When it is over unless something comes.
    pub(super) deadline: Ms,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// By the bits of the activity.
    by_activity: BTreeMap<u64, Session>,
    by_id: HashMap<Arc<str>, u64>,
    /// One entry for each session, at its deadline or before.
    deadlines: BinaryHeap<Reverse<(Ms, u64)>>,
}

impl Sessions {
    pub(super) fn len(&self) -> usize {
        self.by_activity.len()
    }

    pub(super) fn get(&self, activity: ActivityId) -> Option<&Session> {
        self.by_activity.get(&activity.raw())
    }

    pub(super) fn get_mut(&mut self, activity: ActivityId) -> Option<&mut Session> {
        self.by_activity.get_mut(&activity.raw())
    }

    pub(super) fn find(&self, id: &str) -> Option<ActivityId> {
        self.by_id.get(id).copied().map(ActivityId::from_raw)
    }

    pub(super) fn insert(&mut self, activity: ActivityId, session: Session) {
        self.by_id.insert(Arc::clone(&session.id), activity.raw());
        self.deadlines
            .push(Reverse((session.deadline, activity.raw())));
        self.by_activity.insert(activity.raw(), session);
    }

    pub(super) fn remove(&mut self, activity: ActivityId) -> Option<Session> {
        let session = self.by_activity.remove(&activity.raw())?;
        if self.by_id.get(&session.id) == Some(&activity.raw()) {
            self.by_id.remove(&session.id);
            trim_map(&mut self.by_id);
        }
        self.sweep();
        Some(session)
    }

    /// Moves a session's deadline. One that comes sooner than before is looked at sooner.
    pub(super) fn extend(&mut self, activity: ActivityId, deadline: Ms) {
        if let Some(session) = self.by_activity.get_mut(&activity.raw()) {
            if deadline < session.deadline {
                self.deadlines.push(Reverse((deadline, activity.raw())));
            }
            session.deadline = deadline;
        }
    }

    pub(super) fn deadline(&self) -> Option<Ms> {
        self.deadlines.peek().map(|Reverse((at, _))| *at)
    }

    /// The next session that is over by now.
    pub(super) fn expire(&mut self, now: Ms) -> Option<ActivityId> {
        while let Some(Reverse((at, raw))) = self.deadlines.peek().copied() {
            if at > now {
                return None;
            }
            self.deadlines.pop();
            match self.by_activity.get(&raw) {
                Some(session) if session.deadline <= now => return Some(ActivityId::from_raw(raw)),
                Some(session) => self.deadlines.push(Reverse((session.deadline, raw))),
                None => {}
            }
        }
        None
    }

    /// The sessions with a server, in the order of their activities.
    pub(super) fn with(&self, host: &str) -> Vec<ActivityId> {
        let with = |session: &Session| {
            session
                .host
                .as_deref()
                .is_some_and(|with| with.eq_ignore_ascii_case(host))
        };
        let all = self.by_activity.iter();
        all.filter(|(_, session)| with(session))
            .map(|(raw, _)| ActivityId::from_raw(*raw))
            .collect()
    }

    /// Entries of sessions that are gone must not outnumber the others.
    fn sweep(&mut self) {
        if self.deadlines.len() > 2 * self.by_activity.len() + 1_024 {
            let sessions = &self.by_activity;
            let mut entries = std::mem::take(&mut self.deadlines).into_vec();
            entries.retain(|Reverse((_, raw))| sessions.contains_key(raw));
            self.deadlines = entries.into();
        }
        trim_heap(&mut self.deadlines);
    }
}

/// The Session-Id of an activity.
pub(super) fn mint(host: &str, activity: ActivityId, slot_of: impl Fn(&[u8]) -> Slot) -> String {
    let raw = activity.raw();
    let body = format!("{host};{};{}", raw >> 32, raw & 0xffff_ffff);
    let check = check(&body, slot_of);
    format!("{body};{check:08x}")
}

/// The slot of a Session-Id: the one that it names if it was minted here, else that of its hash.
pub(super) fn slot(id: &str, slot_of: impl Fn(&[u8]) -> Slot) -> Slot {
    minted(id, &slot_of).map_or_else(|| slot_of(id.as_bytes()), ActivityId::slot)
}

/// The activity that a Session-Id of our own was made for.
fn minted(id: &str, slot_of: impl Fn(&[u8]) -> Slot) -> Option<ActivityId> {
    let (body, mac) = id.rsplit_once(';')?;
    let mut parts = body.rsplitn(3, ';');
    let low: u32 = parts.next()?.parse().ok()?;
    let high: u32 = parts.next()?.parse().ok()?;
    let right = mac.len() == 8 && u32::from_str_radix(mac, 16) == Ok(check(body, slot_of));
    right.then(|| ActivityId::from_raw(u64::from(high) << 32 | u64::from(low)))
}

/// 32 bits that only this store's secret gives: four of its hashes.
fn check(body: &str, slot_of: impl Fn(&[u8]) -> Slot) -> u32 {
    let mut text = Vec::with_capacity(body.len() + 1);
    text.extend_from_slice(body.as_bytes());
    text.push(0);
    let last = text.len() - 1;
    let mut byte = |n: u8| {
        text[last] = n;
        slot_of(&text).0
    };
    u32::from_be_bytes([byte(1), byte(2), byte(3), byte(4)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(key: &[u8]) -> Slot {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in key {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            hash ^= hash >> 29;
        }
        Slot((hash >> 32) as u8)
    }

    fn session(id: &str, deadline: u64) -> Session {
        Session {
            id: id.into(),
            application: 4,
            realm: None,
            host: None,
            movable: false,
            ours: true,
            within: None,
            deadline: Ms(deadline),
        }
    }

    #[test]
    fn a_session_id_of_ours_names_its_slot_and_a_forged_one_does_not() {
        let activity = ActivityId::new(Slot(0xab), 77, 99);
        let id = mint("ocs.example", activity, hash);
        assert_eq!(slot(&id, hash), Slot(0xab));
        assert!(id.starts_with("ocs.example;"));
        let forged = id.replacen(";99;", ";98;", 1);
        assert_ne!(forged, id);
        assert_eq!(slot(&forged, hash), hash(forged.as_bytes()));
        for foreign in [
            "",
            ";",
            "a;b;c;d",
            "peer.example;1;2",
            "peer.example;1;2;00000000",
        ] {
            assert_eq!(slot(foreign, hash), hash(foreign.as_bytes()));
        }
    }

    #[test]
    fn a_session_is_over_at_its_last_deadline() {
        let mut sessions = Sessions::default();
        let a = ActivityId::new(Slot(1), 1, 1);
        let b = ActivityId::new(Slot(1), 2, 2);
        sessions.insert(a, session("a", 1_000));
        sessions.insert(b, session("b", 2_000));
        sessions.extend(a, Ms(3_000));
        sessions.extend(b, Ms(500));
        assert_eq!(sessions.expire(Ms(499)), None);
        assert_eq!(sessions.expire(Ms(500)), Some(b));
        sessions.remove(b);
        assert_eq!(sessions.expire(Ms(2_999)), None);
        assert_eq!(sessions.expire(Ms(3_000)), Some(a));
        sessions.remove(a);
        assert_eq!((sessions.len(), sessions.find("a")), (0, None));
        assert_eq!(sessions.expire(Ms(9_000)), None);
    }

    #[test]
    fn deadlines_of_sessions_that_are_gone_do_not_pile_up() {
        let mut sessions = Sessions::default();
        for n in 0..10_000 {
            let activity = ActivityId::new(Slot(1), n, n);
            sessions.insert(activity, session(&n.to_string(), 1_000_000));
            sessions.remove(activity);
        }
        assert!(sessions.deadlines.len() <= 1_025);
    }
}
