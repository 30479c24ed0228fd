//! Name servers and certificates of the virtual network, through an adaptor that says what it hears of them.

use std::net::SocketAddr;
use std::time::Duration;

use strowger::event::EventDecl;
use strowger::id::Component;
use strowger::prelude::*;
use strowger::ra::{
    self, AdaptorDef, Bytes, Input, Listener, ListenerIx, Protocol, Query, RaCx, Record,
    RecordKind, ResolveError, SettingsError, Tls, Transport,
};
use strowger::service::NoSettings;
use strowger::time::Mono;
use strowger_testkit::TestKit;

use super::{NOW, Peer};

const NAME: Component = Component {
    name: "asker",
    vendor: "toy",
    version: "1.0",
};

struct Asker;

/// `ask KIND NAME` asks the name servers, `dial ADDRESS NAME` opens a TLS connection; what comes of it is said to whoever
/// spoke, and so is what a handshake proves.
impl Protocol for Asker {
    const TYPE: Component = NAME;
    type Settings = NoSettings;
    type Command = ();

    fn verify(_: &NoSettings) -> std::result::Result<(), SettingsError> {
        Ok(())
    }
    fn listeners(_: &NoSettings) -> Vec<Listener> {
        let listener = |transport, tls| Listener {
            name: format!("{transport:?}"),
            transport,
            bind: SocketAddr::from(([127, 0, 0, 1], 7000)),
            connections: 10,
            write_buffer: 1000,
            idle: Listener::IDLE,
            tls,
        };
        vec![
            listener(Transport::Udp, None),
            listener(Transport::Tls, Some(Tls::new("cert.pem", "key.pem"))),
        ]
    }
    fn events() -> Vec<EventDecl> {
        Vec::new()
    }
    fn activities() -> Vec<Component> {
        Vec::new()
    }
    fn new(_: &NoSettings) -> Self {
        Self
    }
    fn deadline(&self) -> Option<Mono> {
        None
    }
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the toy ignores what it does not need"
    )]
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, ()>) {
        match input {
            Input::Datagram { from, bytes, .. } => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                match text.split(' ').collect::<Vec<_>>()[..] {
                    ["ask", kind, name] => {
                        let kind = match kind {
                            "srv" => RecordKind::Srv,
                            _ => RecordKind::A,
                        };
                        cx.resolve(u64::from(from.port()), Query::new(name, kind));
                    }
                    ["dial", to, name] => {
                        let name = Some(name).filter(|name| !name.is_empty());
                        cx.connect_to(ListenerIx(1), to.parse().expect("an address"), name);
                    }
                    _ => panic!("{text}"),
                }
            }
            Input::Resolved { token, answer } => {
                assert_eq!(token, 5060);
                say(cx, &format!("{answer:?}"));
            }
            Input::Connected {
                conn,
                secure,
                inbound,
                ..
            } => {
                let secure = secure.expect("a TLS connection");
                let text = format!("{} {:?}", secure.verified, secure.dns);
                if inbound {
                    cx.stream(conn, Bytes::from(text));
                } else {
                    say(cx, &text);
                }
            }
            Input::ConnectFailed { .. } => say(cx, "failed"),
            _ => {}
        }
    }
}

fn say(cx: &mut RaCx<'_>, text: &str) {
    let first_peer = SocketAddr::from(([192, 0, 2, 1], 5060));
    cx.datagram(
        ListenerIx(0),
        first_peer,
        Bytes::copy_from_slice(text.as_bytes()),
    );
}

fn kit() -> (TestKit, Peer) {
    let kit = TestKit::strict().adaptor(AdaptorDef::of::<Asker>());
    let peer = Peer::of(&kit, "first");
    (kit, peer)
}

#[test]
fn name_servers_answer_as_scripted() {
    let (kit, peer) = kit();
    let record = Record::A([192, 0, 2, 7].into());
    kit.dns("Bob.Example.", secs(60), [record.clone()]);
    let answer = peer.say("ask a bob.example").hears(NOW).unwrap();
    let expected = ra::Answer {
        records: vec![record],
        ttl: secs(60),
    };
    assert_eq!(answer, format!("Ok({expected:?})"));
    for (question, error) in [
        ("ask a alice.example", ResolveError::NoSuchName),
        ("ask srv bob.example", ResolveError::NoData),
    ] {
        let answer = peer.say(question).hears(NOW).unwrap();
        assert_eq!(answer, format!("Err({error:?})"));
    }
    kit.dns_fails("bob.example", RecordKind::A, ResolveError::Timeout);
    peer.say("ask a bob.example");
    assert_eq!(peer.hears(Duration::from_secs(4)), None);
    assert_eq!(peer.hears(secs(1)).as_deref(), Some("Err(Timeout)"));
    kit.dns_forget("bob.example");
    let answer = peer.say("ask a bob.example").hears(NOW).unwrap();
    assert_eq!(answer, "Err(NoSuchName)");
}

#[test]
fn an_answer_to_a_process_that_died_is_not_given_to_the_next() {
    let (mut kit, peer) = kit();
    kit.dns_fails("slow.example", RecordKind::A, ResolveError::Timeout);
    peer.say("ask a slow.example");
    kit.crash_and_restart();
    assert_eq!(peer.hears(secs(10)), None);
}

#[test]
fn handshakes_prove_what_certificates_say() {
    let (kit, peer) = kit();
    let plain = Peer::over(&kit, "plain", Transport::Tls);
    plain.say("hello");
    assert_eq!(plain.hears(NOW).as_deref(), Some("false []"));
    let proxy = Peer::over(&kit, "proxy", Transport::Tls);
    let says = ra::Peer {
        verified: true,
        dns: vec!["proxy.example".into()],
        ..ra::Peer::default()
    };
    kit.certificate("proxy", says);
    proxy.say("hello");
    assert_eq!(
        proxy.hears(NOW).as_deref(),
        Some("true [\"proxy.example\"]")
    );

    let proved = "true [\"proxy.example\"]";
    for (to, name, outcome) in [
        (&proxy, "proxy.example", proved),
        (&proxy, "other.example", "failed"),
        (&proxy, "", "failed"),
        (&plain, "plain.example", "true [\"plain.example\"]"),
    ] {
        peer.say(&format!("dial {} {name}", to.here));
        assert_eq!(peer.hears(NOW).as_deref(), Some(outcome), "{name}");
    }
}
