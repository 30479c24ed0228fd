//! A toy protocol and a toy service, to drive a node from outside with plain sockets.
//!
//! A message is `NAME WORD`: a datagram, or a line of a stream. The first word of a name starts an activity; the parrot
//! answers every word with how many it has heard and the word, and ends the talk on `bye`. Talks are durable. The word
//! `ask:KIND:HOST` is answered by the adaptor itself, with what the name servers say, `who` with what TLS has proved, `motto` with a
//! setting that changes while it runs, `count` and `of:NUMBER` with what profile tables have, if the node has them.

use std::any::Any;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use strowger::id::{Component, RaIx, Slot};
use strowger::prelude::*;
use strowger::ra::{
    ActivityFlags, AdaptorDef, Bytes, ConnId, Input, Listener, ListenerIx, Protocol, Provider,
    Query, RaCx, RecordKind, SettingsError, Tls, Transport,
};
use strowger::time::Mono;

const fn component(name: &'static str) -> Component {
    Component {
        name,
        vendor: "test",
        version: "1.0",
    }
}

/// A conversation with one name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Talk {}

impl Activity for Talk {
    const TYPE: Component = component("talk");
}

/// Somebody said a word.
#[derive(Debug, Event)]
#[event(name = "said", vendor = "test", version = "1.0")]
pub(crate) struct Said {
    pub(crate) word: String,
}

/// Settings of the toy adaptor.
#[derive(Debug, Clone, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ToySettings {
    /// Address for datagrams.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub(crate) udp: String,
    /// Address for streams.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub(crate) tcp: String,
    /// Connections at once.
    pub(crate) connections: u32,
    /// Bytes that wait on one connection.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub(crate) write_buffer: u32,
    /// What the word `motto` is answered with; changes while the node runs.
    #[schemars(extend("x-reload" = "live"))]
    pub(crate) motto: String,
    /// Listeners over TLS, on any port.
    pub(crate) listeners: BTreeMap<String, SecureListener>,
}

/// A listener over TLS.
#[derive(Debug, Clone, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecureListener {
    /// Its certificates.
    pub(crate) tls: Tls,
}

impl Default for ToySettings {
    fn default() -> Self {
        let any = || "127.0.0.1:0".to_owned();
        Self {
            udp: any(),
            tcp: any(),
            connections: 10,
            write_buffer: 100_000,
            motto: "none".to_owned(),
            listeners: BTreeMap::new(),
        }
    }
}

/// Where answers go.
#[derive(Clone, Copy, Debug)]
enum Peer {
    Datagrams(SocketAddr),
    Stream(ConnId),
}

/// The adaptor.
pub(crate) struct Toy {
    talks: BTreeMap<String, (ActivityId, Peer)>,
    lines: BTreeMap<ConnId, Vec<u8>>,
    proved: BTreeMap<ConnId, String>,
    asked: Vec<(String, Peer)>,
    refusing: bool,
    motto: String,
}

/// What the provider asks.
pub(crate) enum Ask {
    Answer(ActivityId, String),
    End(ActivityId),
}

/// The provider.
#[derive(Clone, Copy)]
pub(crate) struct Toys(RaIx);

impl Provider for Toys {
    const TYPE: Component = component("toy");
    fn bind(entity: RaIx) -> Self {
        Self(entity)
    }
}

impl Toys {
    fn answer(self, cx: &mut Cx<'_>, talk: Handle<Talk>, text: String) {
        cx.command(self.of(cx, talk), Ask::Answer(talk.id(), text));
    }
    fn end(self, cx: &mut Cx<'_>, talk: Handle<Talk>) {
        cx.command(self.of(cx, talk), Ask::End(talk.id()));
    }
    /// The entity that the talk is with.
    fn of(self, cx: &Cx<'_>, talk: Handle<Talk>) -> RaIx {
        cx.owner(talk).unwrap_or(self.0)
    }
}

impl Protocol for Toy {
    const TYPE: Component = component("toy");
    type Settings = ToySettings;
    type Command = Ask;

    fn verify(settings: &ToySettings) -> Result<(), SettingsError> {
        for (key, text) in [("udp", &settings.udp), ("tcp", &settings.tcp)] {
            if text.parse::<SocketAddr>().is_err() {
                return Err(SettingsError {
                    key: key.into(),
                    problem: "not an address",
                });
            }
        }
        Ok(())
    }
    fn listeners(settings: &ToySettings) -> Vec<Listener> {
        let listener = |name: &str, transport, bind: &str, tls: Option<&Tls>| Listener {
            name: name.into(),
            transport,
            bind: bind.parse().unwrap(),
            connections: settings.connections,
            write_buffer: settings.write_buffer,
            idle: Listener::IDLE,
            tls: tls.cloned(),
        };
        let secure = settings
            .listeners
            .iter()
            .map(|(name, secure)| listener(name, Transport::Tls, "127.0.0.1:0", Some(&secure.tls)));
        [
            listener("udp", Transport::Udp, &settings.udp, None),
            listener("tcp", Transport::Tcp, &settings.tcp, None),
        ]
        .into_iter()
        .chain(secure)
        .collect()
    }
    fn events() -> Vec<strowger::event::EventDecl> {
        vec![strowger::event::EventDecl::of::<Said>()]
    }
    fn activities() -> Vec<Component> {
        vec![Talk::TYPE]
    }
    fn new(settings: &ToySettings) -> Self {
        Self {
            talks: BTreeMap::new(),
            lines: BTreeMap::new(),
            proved: BTreeMap::new(),
            asked: Vec::new(),
            refusing: false,
            motto: settings.motto.clone(),
        }
    }
    fn configure(&mut self, cx: &mut RaCx<'_>, settings: &ToySettings) {
        cx.count("configured", 1);
        self.motto = settings.motto.clone();
    }
    fn report(&self) -> Vec<strowger::ra::Report> {
        vec![strowger::ra::Report {
            name: "motto".to_owned(),
            state: self.motto.clone(),
            ..Default::default()
        }]
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the toy has no use for the rest"
    )]
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Ask>) {
        match input {
            Input::NewWork(new) => self.refusing = new.is_refused(),
            Input::Stopping => self.refusing = true,
            Input::Datagram { from, bytes, .. } => self.said(cx, Peer::Datagrams(from), &bytes),
            Input::Received { conn, bytes } => {
                let line = self.lines.entry(conn).or_default();
                line.extend_from_slice(bytes);
                while let Some(end) = self.lines[&conn].iter().position(|b| *b == b'\n') {
                    let rest = self.lines.get_mut(&conn).unwrap().split_off(end + 1);
                    let line = self.lines.insert(conn, rest).unwrap();
                    self.said(cx, Peer::Stream(conn), &line[..end]);
                }
            }
            Input::Connected {
                conn,
                secure: Some(peer),
                ..
            } => {
                let proved = format!("{} {:?} {:?}", peer.verified, peer.dns, peer.server_name);
                self.proved.insert(conn, proved);
            }
            Input::Closed { conn } => {
                self.lines.remove(&conn);
                self.proved.remove(&conn);
            }
            Input::Resolved { token, answer } => {
                let (name, peer) = &self.asked[usize::try_from(token).unwrap()];
                send(cx, *peer, &format!("{name} {answer:?}"));
            }
            Input::Command {
                command: Ask::Answer(talk, text),
                ..
            } => self.answer(cx, talk, &text),
            Input::Command {
                command: Ask::End(talk),
                ..
            } => cx.end_activity(talk).unwrap(),
            Input::ActivityEnded(talk) => self.talks.retain(|_, (id, _)| *id != talk),
            Input::Snapshot(talk) => self.persist(cx, talk),
            Input::Restore {
                activity, value, ..
            } => {
                let text = std::str::from_utf8(value).unwrap();
                let (name, peer) = text.split_once(' ').unwrap();
                let peer = Peer::Datagrams(peer.parse().unwrap());
                self.talks.insert(name.into(), (activity, peer));
            }
            Input::RestoreBare { activity, .. } => cx.end_activity(activity).unwrap(),
            _ => {}
        }
    }
    fn deadline(&self) -> Option<Mono> {
        None
    }
    fn view(&self) -> &dyn Any {
        &()
    }
}

impl Toy {
    fn said(&mut self, cx: &mut RaCx<'_>, peer: Peer, message: &[u8]) {
        let message = String::from_utf8_lossy(message);
        let Some((name, word)) = message.trim().split_once(' ') else {
            return;
        };
        assert!(word != "crash", "an adaptor that panics");
        if word == "spin" {
            loop {
                std::hint::spin_loop();
            }
        }
        if let Some((kind, host)) = word.strip_prefix("ask:").and_then(|q| q.split_once(':')) {
            let kind = match kind {
                "a" => RecordKind::A,
                "aaaa" => RecordKind::Aaaa,
                "srv" => RecordKind::Srv,
                _ => RecordKind::Naptr,
            };
            cx.resolve(self.asked.len() as u64, Query::new(host, kind));
            return self.asked.push((name.into(), peer));
        }
        if word == "motto" {
            return send(cx, peer, &format!("{name} {}", self.motto));
        }
        if let (Peer::Stream(conn), "who") = (peer, word) {
            let proved = self.proved.get(&conn).map_or("nothing", String::as_str);
            return send(cx, peer, &format!("{name} {proved}"));
        }
        let talk = match self.talks.get_mut(name) {
            Some((talk, last)) => {
                *last = peer;
                *talk
            }
            None if self.refusing => return send(cx, peer, &format!("{name} busy")),
            None => {
                let slot: Slot = cx.slot_of(name.as_bytes());
                let flags = ActivityFlags {
                    report_end: true,
                    ..ActivityFlags::default()
                };
                let Ok(talk) = cx.start_activity::<Talk>(slot, flags, 0) else {
                    return send(cx, peer, &format!("{name} limit"));
                };
                self.talks.insert(name.into(), (talk, peer));
                talk
            }
        };
        if cx.fire(talk, Said { word: word.into() }).is_err() {
            send(cx, peer, &format!("{name} full"));
        }
    }

    fn answer(&mut self, cx: &mut RaCx<'_>, talk: ActivityId, text: &str) {
        let found = self.talks.iter().find(|(_, (id, _))| *id == talk);
        if let Some((name, (_, peer))) = found {
            send(cx, *peer, &format!("{name} {text}"));
        }
    }

    fn persist(&self, cx: &mut RaCx<'_>, talk: ActivityId) {
        let found = self.talks.iter().find(|(_, (id, _))| *id == talk);
        if let Some((name, (_, Peer::Datagrams(peer)))) = found {
            cx.persist(talk, b"", format!("{name} {peer}").as_bytes());
        }
    }
}

fn send(cx: &mut RaCx<'_>, peer: Peer, text: &str) {
    match peer {
        Peer::Datagrams(to) => cx.datagram(ListenerIx(0), to, Bytes::from(text.to_owned())),
        Peer::Stream(conn) => cx.stream(conn, Bytes::from(format!("{text}\n"))),
    }
}

/// Settings of the parrot.
#[derive(Debug, Clone, Default, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ParrotSettings {
    /// Put before every answer.
    #[schemars(extend("x-reload" = "live"))]
    pub(crate) prefix: String,
}

/// Whom the parrot knows, where there is a table of them.
#[derive(Clone, Debug, Profile)]
#[profile(name = "member", vendor = "test", verify = Self::check)]
pub(crate) struct Member {
    #[profile(unique)]
    pub(crate) number: String,
    #[profile(indexed)]
    pub(crate) zone: u16,
    #[profile(default = true)]
    pub(crate) active: bool,
    pub(crate) forward: Option<String>,
    #[profile(opaque)]
    pub(crate) notes: Vec<String>,
}

impl Member {
    const fn check(&self) -> Result<(), Invalid> {
        if self.number.len() <= 15 {
            Ok(())
        } else {
            Err(Invalid {
                attribute: "number",
                why: "is longer than 15 digits",
            })
        }
    }
}

/// What the parrot keeps in a profile table, where there is one.
#[derive(Clone, Debug, Profile)]
#[profile(name = "count", vendor = "test", writable)]
pub(crate) struct Count {
    heard: u32,
}

/// One more in the table's only profile.
fn count(cx: &mut Cx<'_>, counts: Table<Count>) -> Result<u32> {
    let counted = match counts.find(cx, "all") {
        Some(_) => counts.update(cx, "all", |count| count.heard += 1)?,
        None => counts.create(cx, "all", |count| count.heard = 1)?,
    };
    Ok(counted.heard)
}

/// What the parrot counts.
#[derive(Usage)]
pub(crate) struct Talks {
    /// Words that it has heard.
    heard: Counter,
    /// How long they were.
    #[usage(unit = "bytes")]
    length: Sample,
}

/// The service.
#[derive(Default, State)]
pub(crate) struct Parrot {
    heard: u64,
}

#[sbb(name = "parrot", vendor = "test", version = "1.0")]
impl Parrot {
    #[on(initial)]
    #[expect(
        clippy::too_many_arguments,
        reason = "a toy shows much of what a handler can take"
    )]
    fn said(
        &mut self,
        cx: &mut Cx<'_>,
        ev: &Said,
        Aci(talk): Aci<Talk>,
        toy: Ra<Toys>,
        conf: Conf<ParrotSettings>,
        #[table("counts")] counts: Option<Table<Count>>,
        #[table("members")] members: Option<Table<Member>>,
        talks: UsageSet<Talks>,
    ) -> Result {
        self.heard += 1;
        talks.heard.increment();
        talks.length.record(ev.word.len() as u64);
        match ev.word.as_str() {
            "panic" => panic!("a handler that panics"),
            "hang" => loop {
                std::hint::spin_loop();
            },
            "wait" => loop {
                std::thread::park();
            },
            "stall" => {
                let until = Instant::now() + Duration::from_millis(400);
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
                toy.answer(cx, talk, "stalled".into());
            }
            "slow" => {
                let until = Instant::now() + Duration::from_millis(2);
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
            }
            "bye" => {
                toy.answer(cx, talk, "bye".into());
                toy.end(cx, talk);
            }
            alarm if alarm.starts_with("alarm") => {
                let raised = cx.raise_alarm(Alarm {
                    kind: "trunk_down",
                    instance: &alarm[5..],
                    severity: Severity::Minor,
                    text: "nobody answers",
                })?;
                toy.answer(cx, talk, if raised { "raised" } else { "stands" }.into());
            }
            "count" => {
                let counts = counts.ok_or(OpError::NoTable("counts"))?;
                let counted = count(cx, counts)?;
                toy.answer(cx, talk, format!("counted {counted}"));
            }
            of if of.starts_with("of:") => {
                let members = members.ok_or(OpError::NoTable("members"))?;
                let member = members.find_by(cx, Member::NUMBER, &of[3..])?;
                let name =
                    member.map_or_else(|| "nobody".into(), |member| member.name().to_owned());
                toy.answer(cx, talk, name);
            }
            long if long.starts_with("long") => {
                let size: usize = long[4..].parse().unwrap_or(0);
                toy.answer(cx, talk, "x".repeat(size));
            }
            word => toy.answer(cx, talk, format!("{}{} {word}", conf.prefix, self.heard)),
        }
        Ok(())
    }
}

/// The toy adaptor.
pub(crate) fn adaptor() -> AdaptorDef {
    AdaptorDef::of::<Toy>()
}

/// The toy service.
pub(crate) fn service() -> ServiceDef {
    ServiceDef::of::<Parrot>().settings::<ParrotSettings>()
}
