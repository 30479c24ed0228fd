//! A container that writes down what an adaptor asks of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;

use bytes::Bytes;
use strowger::error::OpError;
use strowger::event::{AnyEvent, EventDecl, FireOptions};
use strowger::host::RaHost;
use strowger::id::{ActivityId, Component, ComponentId, RaIx, Slot};
use strowger::ra::{ActivityFlags, ConnId, FireFlags, ListenerIx, Message, Query};
use strowger::time::{Mono, Now, Wall};

pub(crate) struct Host {
    pub(crate) mono: u64,
    pub(crate) receivers: HashSet<ComponentId>,
    pub(crate) durable: bool,
    pub(crate) refuse_activities: bool,
    pub(crate) refuse_events: bool,
    pub(crate) did: Vec<Did>,
    pub(crate) cookies: HashMap<ActivityId, u64>,
    pub(crate) last_activity: ActivityId,
    pub(crate) last_event: u64,
    pub(crate) last_sent: String,
    pub(crate) last_conn: ConnId,
    pub(crate) last_name: Option<String>,
    pub(crate) last_token: u64,
    pub(crate) events: Vec<AnyEvent>,
    pub(crate) records: BTreeMap<(ActivityId, Vec<u8>), Vec<u8>>,
    seed: u64,
    stamp: u32,
}

#[derive(Debug, Clone)]
pub(crate) enum Did {
    Start(&'static str),
    Fire(&'static str),
    End,
    Persist(Vec<u8>),
    Forget(Vec<u8>),
    Datagram(String),
    Stream(ConnId, String),
    Connect(SocketAddr),
    Resolve(Query),
    Close,
    Count(&'static str),
}

impl Did {
    /// The first words of it.
    pub(crate) fn short(&self) -> String {
        let line = |text: &String| {
            let line = text.lines().next().unwrap_or_default();
            match line.strip_prefix("SIP/2.0 ") {
                Some(status) => status.chars().take(3).collect(),
                None => line.split(' ').next().unwrap_or_default().to_owned(),
            }
        };
        match self {
            Self::Start(name) => format!("start {name}"),
            Self::Fire(name) => format!("fire {name}"),
            Self::End => "end".to_owned(),
            Self::Persist(sub) => format!("persist {sub:?}"),
            Self::Forget(sub) => format!("forget {sub:?}"),
            Self::Datagram(text) | Self::Stream(_, text) => line(text),
            Self::Connect(to) => format!("connect {to}"),
            Self::Resolve(query) => format!("resolve {:?} {}", query.kind, query.name),
            Self::Close => "close".to_owned(),
            Self::Count(name) => format!("count {name}"),
        }
    }
}

impl Host {
    pub(crate) fn new() -> Self {
        Self {
            mono: 5_000_000_000,
            receivers: HashSet::new(),
            durable: false,
            refuse_activities: false,
            refuse_events: false,
            did: Vec::new(),
            cookies: HashMap::new(),
            last_activity: ActivityId::from_raw(0),
            last_event: 0,
            last_sent: String::new(),
            last_conn: ConnId(0),
            last_name: None,
            last_token: 0,
            events: Vec::new(),
            records: BTreeMap::new(),
            seed: 77,
            stamp: 0,
        }
    }

    /// An activity made by a provider, as the kernel makes it at commit.
    pub(crate) fn provide(&mut self) -> ActivityId {
        self.stamp += 1;
        self.last_activity = ActivityId::new(Slot(9), self.stamp, self.stamp);
        self.cookies.insert(self.last_activity, 0);
        self.last_activity
    }
}

impl RaHost for Host {
    fn now(&self) -> Now {
        Now {
            mono: Mono(self.mono),
            wall: Wall(1_700_000_000_000 + self.mono / 1_000_000),
        }
    }
    fn random(&mut self) -> u64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.seed
    }
    fn slot_of(&self, _key: &[u8]) -> Slot {
        Slot(0)
    }
    fn secret(&self) -> [u8; 16] {
        [5; 16]
    }
    fn start_activity(
        &mut self,
        _ra: RaIx,
        slot: Slot,
        kind: Component,
        _flags: ActivityFlags,
        cookie: u64,
    ) -> Result<ActivityId, OpError> {
        if self.refuse_activities {
            return Err(OpError::Limit("activities"));
        }
        self.stamp += 1;
        self.last_activity = ActivityId::new(slot, self.stamp, self.stamp);
        self.cookies.insert(self.last_activity, cookie);
        self.did.push(Did::Start(kind.name));
        Ok(self.last_activity)
    }
    fn end_activity(&mut self, _ra: RaIx, activity: ActivityId) -> Result<(), OpError> {
        self.cookies
            .remove(&activity)
            .ok_or(OpError::StaleActivity(activity))?;
        self.records.retain(|(of, _), _| *of != activity);
        self.did.push(Did::End);
        Ok(())
    }
    fn cookie(&self, _ra: RaIx, activity: ActivityId) -> Option<u64> {
        self.cookies.get(&activity).copied()
    }
    fn set_cookie(&mut self, _ra: RaIx, activity: ActivityId, cookie: u64) {
        self.cookies.insert(activity, cookie);
    }
    fn is_durable(&self, _activity: ActivityId) -> bool {
        self.durable
    }
    fn fire(
        &mut self,
        _ra: RaIx,
        activity: ActivityId,
        event: AnyEvent,
        decl: EventDecl,
        _options: FireOptions,
        _flags: FireFlags,
    ) -> Result<u64, OpError> {
        if self.refuse_events || !self.cookies.contains_key(&activity) {
            return Err(OpError::StaleActivity(activity));
        }
        // What is fired can be written down and read back: an accepted event outlives its process.
        let mut bytes = Vec::new();
        assert!(event.encode(&mut bytes).is_ok());
        assert!((decl.decode)(&bytes).is_ok());
        self.did.push(Did::Fire(decl.component.name));
        self.events.push(event);
        self.last_event += 1;
        Ok(self.last_event)
    }
    fn has_receiver(&self, event: ComponentId) -> bool {
        self.receivers.contains(&event)
    }
    fn persist(&mut self, _ra: RaIx, activity: ActivityId, sub: &[u8], value: &[u8]) {
        self.records
            .insert((activity, sub.to_vec()), value.to_vec());
        self.did.push(Did::Persist(sub.to_vec()));
    }
    fn forget(&mut self, _ra: RaIx, activity: ActivityId, sub: &[u8]) {
        self.records.remove(&(activity, sub.to_vec()));
        self.did.push(Did::Forget(sub.to_vec()));
    }
    fn keep(&mut self, _: RaIx, _: ActivityId, _: &[u8], _: &[u8]) {
        panic!("SIP keeps nothing beside its activities");
    }
    fn keep_strict(&mut self, _: RaIx, _: Slot, _: &[u8], _: &[u8]) {
        panic!("SIP keeps nothing beside its activities");
    }
    fn discard(&mut self, _: RaIx, _: Slot, _: &[u8]) {}
    fn datagram(&mut self, _ra: RaIx, _listener: ListenerIx, _to: SocketAddr, bytes: Bytes) {
        self.last_sent = String::from_utf8_lossy(&bytes).into_owned();
        self.did.push(Did::Datagram(self.last_sent.clone()));
    }
    fn tell(&mut self, _ra: RaIx, message: Message) {
        panic!("SIP has no driver to tell {message:?}");
    }
    fn stream(&mut self, _ra: RaIx, conn: ConnId, bytes: Bytes) {
        self.last_sent = String::from_utf8_lossy(&bytes).into_owned();
        self.did.push(Did::Stream(conn, self.last_sent.clone()));
    }
    fn connect(
        &mut self,
        _ra: RaIx,
        _listener: ListenerIx,
        to: SocketAddr,
        server_name: Option<&str>,
    ) -> ConnId {
        self.last_name = server_name.map(str::to_owned);
        self.last_conn = ConnId(self.last_conn.0 + 1);
        self.did.push(Did::Connect(to));
        self.last_conn
    }
    fn pause_reading(&mut self, _: RaIx, _: ConnId, _: bool) {}
    fn resolve(&mut self, _ra: RaIx, token: u64, query: Query) {
        self.last_token = token;
        self.did.push(Did::Resolve(query));
    }
    fn close(&mut self, _ra: RaIx, _conn: ConnId) {
        self.did.push(Did::Close);
    }
    fn count(&mut self, _ra: RaIx, name: &'static str, _n: u64) {
        self.did.push(Did::Count(name));
    }
    fn alarm(&mut self, _ra: RaIx, _name: &'static str, _raised: bool, _text: &str) {}
}
