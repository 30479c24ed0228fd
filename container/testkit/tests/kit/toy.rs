//! A protocol of one line per message, and a service that counts them.
//!
//! What a peer sends is fired on the peer's session; what the service says goes back to the peer. A session is known by
//! its peer's address, which is its durable record. `bye` ends it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::str;

use strowger::event::EventDecl;
use strowger::id::{Component, RaIx};
use strowger::prelude::*;
use strowger::ra::{
    AdaptorDef, Bytes, ConnId, Input, Listener, ListenerIx, Protocol, Provider, RaCx,
    SettingsError, Transport,
};
use strowger::service::NoSettings;
use strowger::time::Mono;

const fn named(name: &'static str) -> Component {
    Component {
        name,
        vendor: "toy",
        version: "1.0",
    }
}

pub(crate) enum Session {}

impl Activity for Session {
    const TYPE: Component = named("session");
}

#[derive(Clone, Debug, Event)]
pub(crate) struct Said {
    pub(crate) text: String,
}

#[derive(Clone, Copy)]
pub(crate) struct Toy(RaIx);

impl Provider for Toy {
    const TYPE: Component = named("toy");
    fn bind(entity: RaIx) -> Self {
        Self(entity)
    }
}

impl Toy {
    fn say(self, cx: &mut Cx, session: Handle<Session>, text: String) {
        cx.command(self.0, Say(session.id(), text));
    }
}

pub(crate) struct Say(ActivityId, String);

#[derive(Clone, Copy)]
enum Peer {
    Datagrams(SocketAddr),
    Stream(ConnId),
}

#[derive(Default)]
pub(crate) struct ToyProtocol {
    sessions: BTreeMap<ActivityId, Peer>,
}

impl ToyProtocol {
    fn heard(&mut self, cx: &mut RaCx<'_>, peer: Peer, bytes: &[u8]) {
        let text = str::from_utf8(bytes).unwrap_or("?").trim().to_owned();
        let same = |other: &Peer| match (peer, other) {
            (Peer::Datagrams(a), Peer::Datagrams(b)) => a == *b,
            (Peer::Stream(a), Peer::Stream(b)) => a == *b,
            _ => false,
        };
        let known = self
            .sessions
            .iter()
            .find(|(_, other)| same(other))
            .map(|(id, _)| *id);
        let session = match known {
            Some(session) => session,
            None => {
                let slot = cx.slot_of(text.as_bytes());
                let Ok(session) = cx.start_activity::<Session>(slot, Default::default(), 0) else {
                    return;
                };
                self.sessions.insert(session, peer);
                session
            }
        };
        let ends = text == "bye";
        let _ = cx.fire(session, Said { text });
        self.persist(cx, session);
        if ends {
            self.sessions.remove(&session);
            let _ = cx.end_activity(session);
        }
    }

    fn persist(&self, cx: &mut RaCx<'_>, session: ActivityId) {
        if let Some(Peer::Datagrams(peer)) = self.sessions.get(&session)
            && cx.is_durable(session)
        {
            cx.persist(session, b"", peer.to_string().as_bytes());
        }
    }
}

impl Protocol for ToyProtocol {
    const TYPE: Component = named("toy");
    type Settings = NoSettings;
    type Command = Say;

    fn verify(_settings: &NoSettings) -> std::result::Result<(), SettingsError> {
        Ok(())
    }
    fn listeners(_settings: &NoSettings) -> Vec<Listener> {
        let listener = |transport| Listener {
            name: format!("{transport:?}"),
            transport,
            bind: SocketAddr::from(([127, 0, 0, 1], 7000)),
            connections: 10,
            write_buffer: 1000,
            idle: Listener::IDLE,
            tls: None,
        };
        vec![listener(Transport::Udp), listener(Transport::Tcp)]
    }
    fn events() -> Vec<EventDecl> {
        vec![EventDecl::of::<Said>()]
    }
    fn activities() -> Vec<Component> {
        vec![Session::TYPE]
    }
    fn new(_settings: &NoSettings) -> Self {
        Self::default()
    }
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the toy ignores what it does not need"
    )]
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Say>) {
        match input {
            Input::Datagram { from, bytes, .. } => self.heard(cx, Peer::Datagrams(from), &bytes),
            Input::Received { conn, bytes } => self.heard(cx, Peer::Stream(conn), bytes),
            Input::Command {
                command: Say(session, text),
                ..
            } => match self.sessions.get(&session) {
                Some(Peer::Datagrams(peer)) => cx.datagram(ListenerIx(0), *peer, Bytes::from(text)),
                Some(Peer::Stream(conn)) => cx.stream(*conn, Bytes::from(text)),
                None => {}
            },
            Input::Snapshot(session) => self.persist(cx, session),
            Input::Restore {
                activity, value, ..
            } => {
                let peer = str::from_utf8(value)
                    .ok()
                    .and_then(|text| text.parse().ok());
                if let Some(peer) = peer {
                    self.sessions.insert(activity, Peer::Datagrams(peer));
                }
            }
            Input::RestoreBare { activity, .. } => drop(cx.end_activity(activity)),
            _ => {}
        }
    }
    fn deadline(&self) -> Option<Mono> {
        None
    }
}

pub(crate) fn adaptor() -> AdaptorDef {
    AdaptorDef::of::<ToyProtocol>()
}

/// Says how many lines there were; to `wait` it says so a second later; `fail` fails.
#[derive(Debug, Default, PartialEq, State)]
pub(crate) struct Counter {
    pub(crate) lines: u32,
}

#[derive(Clone, Debug, Event)]
struct Waited;

#[sbb(name = "counter", vendor = "toy", version = "1.0")]
impl Counter {
    #[on(initial)]
    fn said(&mut self, cx: &mut Cx, ev: &Said, Aci(session): Aci<Session>, toy: Ra<Toy>) -> Result {
        self.lines += 1;
        match ev.text.as_str() {
            "wait" => drop(cx.timer(session, secs(1), Waited)),
            "fail" => return Err(Error::msg("as asked")),
            _ => toy.say(cx, session, self.lines.to_string()),
        }
        Ok(())
    }

    #[on]
    fn waited(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<Waited>,
        Aci(session): Aci<Session>,
        toy: Ra<Toy>,
    ) {
        toy.say(cx, session, format!("{} after a second", self.lines));
    }
}

pub(crate) fn service() -> ServiceDef {
    ServiceDef::of::<Counter>()
}

/// The same service one version on: it counts in steps.
pub(crate) mod v2 {
    use super::{Said, Session, Toy};
    use strowger::prelude::*;

    #[derive(Debug, Default, PartialEq, State)]
    pub(crate) struct Counter {
        pub(crate) count: u64,
        pub(crate) step: u8,
    }

    impl Migrate<super::Counter> for Counter {
        fn migrate(old: super::Counter) -> Self {
            Self {
                count: old.lines.into(),
                step: 10,
            }
        }
    }

    #[sbb(
        name = "counter",
        vendor = "toy",
        version = "1.0",
        migrate(super::Counter)
    )]
    impl Counter {
        #[on(initial)]
        fn said(&mut self, cx: &mut Cx, _ev: &Said, Aci(session): Aci<Session>, toy: Ra<Toy>) {
            self.count += u64::from(self.step);
            toy.say(cx, session, self.count.to_string());
        }
    }
}
