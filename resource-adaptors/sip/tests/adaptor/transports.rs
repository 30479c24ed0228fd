//! TLS (RFC 5922, RFC 5923) and WebSocket (RFC 7118) connections, and the keep-alives of RFC 5626.

use std::net::SocketAddr;
use std::sync::Arc;

use strowger::ra::{ConnId, Peer};
use strowger_sip::proto::ws::client;

use super::*;

/// Listener 0 is `a` over TLS, 1 is `b` over WebSocket, 2 is `c` over TCP.
const SETTINGS: &str = r#"
    [listeners.a]
    transport = "tls"
    bind = "192.0.2.1:5061"
    host = "sip.example"
    tls = { certificate = "cert.pem", key = "key.pem" }
    [listeners.b]
    transport = "wss"
    bind = "192.0.2.1:443"
    path = "/ws"
    origins = ["https://phone.example"]
    tls = { certificate = "cert.pem", key = "key.pem" }
    [listeners.c]
    transport = "tcp"
    bind = "192.0.2.1:5060"
    [hosts]
    "b.example" = "192.0.2.9:5071"
    "c.example" = "192.0.2.9:5071"
    [timers]
    keep_alive = "30s"
"#;

impl Bench {
    fn connected(&mut self, conn: u64, listener: u16, inbound: bool, secure: Option<Peer>) {
        let (peer, local): (SocketAddr, SocketAddr) = (
            "192.0.2.9:5071".parse().unwrap(),
            "192.0.2.1:5061".parse().unwrap(),
        );
        self.input(Input::Connected {
            conn: ConnId(conn),
            listener: ListenerIx(listener),
            peer,
            local,
            inbound,
            secure: secure.map(Arc::new),
        });
    }

    fn bytes(&mut self, conn: u64, bytes: &[u8]) {
        self.input(Input::Received {
            conn: ConnId(conn),
            bytes,
        });
    }

    fn browser(&mut self) {
        self.connected(50, 1, true, None);
        let request = client::request("sip.example", "/ws", Some("https://phone.example"));
        self.bytes(50, request.as_bytes());
        let did = self.did();
        assert!(
            matches!(&did[0], Did::Stream(ConnId(50), text) if text.starts_with("HTTP/1.1 101 "))
        );
    }

    fn dials(&mut self, uri: &'static str) -> Vec<String> {
        let dialog = self.host.provide();
        let draft = draft(uri);
        self.command(Command::Invite { dialog, draft });
        self.short()
    }
}

fn named(name: &str) -> Option<Peer> {
    Some(Peer {
        verified: true,
        dns: vec![name.to_owned()],
        ..Peer::default()
    })
}

fn from_browser(method: &str, branch: &str, tag: &str, cseq: u32) -> Vec<u8> {
    let text = request(method, branch, tag, cseq)
        .replace(
            &format!("SIP/2.0/UDP {PEER}"),
            "SIP/2.0/WSS df7jal23ls0d.invalid",
        )
        .replace(
            &format!("sip:alice@{PEER}"),
            "sip:alice@df7jal23ls0d.invalid;transport=ws",
        )
        .replace("Content-Length: 0\r\n", "");
    client::frame(0x81, text.as_bytes(), [1, 2, 3, 4])
}

fn frame_text(did: &Did) -> &str {
    let Did::Stream(ConnId(50), text) = did else {
        panic!("{did:?}")
    };
    text
}

#[test]
fn a_request_over_tls_goes_to_who_has_proved_the_name_of_its_uri() {
    let mut bench = Bench::with(SETTINGS);
    assert_eq!(
        bench.dials("sip:bob@b.example;transport=tls"),
        ["connect 192.0.2.9:5071", "INVITE"]
    );
    assert_eq!(bench.host.last_name.as_deref(), Some("b.example"));
    assert!(
        bench
            .host
            .last_sent
            .contains("Via: SIP/2.0/TLS sip.example:5061;")
    );
    assert!(
        bench
            .host
            .last_sent
            .contains("Contact: <sip:sip.example:5061;transport=tls>")
    );
    bench.connected(1, 0, false, named("b.example"));
    // The same host uses the connection, another at the same address does not.
    assert_eq!(bench.dials("sip:bob@B.example;transport=tls"), ["INVITE"]);
    assert_eq!(
        bench.dials("sips:bob@c.example"),
        ["connect 192.0.2.9:5071", "INVITE"]
    );
    assert_eq!(bench.host.last_name.as_deref(), Some("c.example"));
    assert_eq!(
        bench.dials("sips:bob@192.0.2.9:5071"),
        ["connect 192.0.2.9:5071", "INVITE"]
    );
    assert_eq!(bench.host.last_name, None);
}

/// RFC 3261 26.2.2.
#[test]
fn nothing_of_a_sips_uri_goes_unencrypted() {
    let mut bench = Bench::with(SETTINGS);
    assert_eq!(
        bench.dials("sips:bob@192.0.2.9;transport=udp"),
        ["fire sip-response", "end"]
    );
    let calls = bench.dials("sips:bob@192.0.2.9;transport=tcp");
    assert_eq!(calls, ["connect 192.0.2.9:5061", "INVITE"]);
    assert!(bench.host.last_sent.contains("Via: SIP/2.0/TLS "));
}

/// RFC 5923: only who has proved a name is sent what goes to that name.
#[test]
fn a_connection_of_a_peer_is_used_for_what_goes_to_a_name_that_it_proved() {
    for (proof, used) in [
        (named("b.example"), true),
        (named("x.example"), false),
        (None, false),
    ] {
        let mut bench = Bench::with(SETTINGS);
        bench.connected(50, 0, true, proof);
        let calls = bench.dials("sip:bob@b.example;transport=tls");
        assert_eq!(calls == ["INVITE"], used, "{calls:?}");
    }
}

/// RFC 5923 5, 8: `alias` makes a connection that of the address in the Via, for what goes to a name that the peer proved.
#[test]
fn a_peer_that_asks_for_it_is_called_over_the_connection_that_it_has_opened() {
    for (proof, alias, used) in [
        (named("b.example"), ";alias", true),
        (named("b.example"), "", false),
        (named("x.example"), ";alias", false),
        (None, ";alias", false),
    ] {
        let mut bench = Bench::with(SETTINGS);
        bench.input(Input::Connected {
            conn: ConnId(50),
            listener: ListenerIx(0),
            peer: "192.0.2.9:40000".parse().unwrap(),
            local: "192.0.2.1:5061".parse().unwrap(),
            inbound: true,
            secure: proof.map(Arc::new),
        });
        let options = request("OPTIONS", "o1", "", 1)
            .replace("SIP/2.0/UDP", "SIP/2.0/TLS")
            .replace(";branch=", &format!("{alias};branch="))
            .replace(PEER, "192.0.2.9:5071");
        bench.bytes(50, options.as_bytes());
        bench.did();
        let calls = bench.dials("sip:bob@b.example;transport=tls");
        assert_eq!(calls == ["INVITE"], used, "{calls:?}");
        if used {
            bench.input(Input::Closed { conn: ConnId(50) });
            bench.did();
            let calls = bench.dials("sip:bob@b.example;transport=tls");
            assert_eq!(calls, ["connect 192.0.2.9:5071", "INVITE"]);
        }
    }
}

#[test]
fn a_browser_calls_and_is_called_over_its_connection() {
    let mut bench = Bench::with(SETTINGS);
    bench.browser();
    bench.bytes(50, &from_browser("INVITE", "i1", "", 1));
    assert_eq!(bench.short(), ["start sip-dialog", "fire sip-invite"]);
    let dialog = bench.host.last_activity;
    bench.command(Command::Answer {
        dialog,
        reply: status(200),
    });
    let did = bench.did();
    let text = frame_text(
        did.iter()
            .find(|did| matches!(did, Did::Stream(..)))
            .unwrap(),
    );
    assert!(text.contains("SIP/2.0 200 OK\r\nVia: SIP/2.0/WSS df7jal23ls0d.invalid"));
    assert!(text.contains(";received=192.0.2.9"));
    assert!(
        text.contains("Contact: <sip:192.0.2.1:443;transport=ws>"),
        "{text}"
    );
    let tag = text
        .split("To: ")
        .nth(1)
        .unwrap()
        .split(";tag=")
        .nth(1)
        .unwrap();
    let tag = tag.split("\r\n").next().unwrap().to_owned();
    bench.bytes(50, &from_browser("ACK", "a1", &tag, 1));
    bench.did();
    // Requests within the call go back over the connection, although nobody knows the host.
    bench.command(Command::HangUp {
        dialog,
        lines: Bytes::new(),
    });
    let did = bench.did();
    let text = frame_text(
        did.iter()
            .find(|did| matches!(did, Did::Stream(..)))
            .unwrap(),
    );
    assert!(text.contains("BYE sip:alice@df7jal23ls0d.invalid;transport=ws SIP/2.0"));
    assert!(text.contains("Via: SIP/2.0/WSS 192.0.2.1:443;"));
}

#[test]
fn nobody_opens_a_websocket_to_a_peer() {
    let mut bench = Bench::with(SETTINGS);
    let calls = bench.dials("sip:bob@192.0.2.9;transport=ws");
    assert_eq!(calls, ["fire sip-response", "end"]);
}

#[test]
fn a_page_of_another_origin_is_kept_out() {
    let mut bench = Bench::with(SETTINGS);
    bench.connected(50, 1, true, None);
    let request = client::request("sip.example", "/ws", Some("https://evil.example"));
    bench.bytes(50, request.as_bytes());
    let did = bench.did();
    assert!(frame_text(&did[0]).starts_with("HTTP/1.1 403 "));
    assert!(matches!(did.last(), Some(Did::Close)));
}

#[test]
fn a_handshake_that_does_not_come_costs_the_connection() {
    let mut bench = Bench::with(SETTINGS);
    bench.connected(50, 1, true, None);
    bench.pass(10_001);
    assert_eq!(bench.short(), ["count sip.streams_slow", "close"]);
}

#[test]
fn line_ends_in_a_frame_are_a_keep_alive() {
    let mut bench = Bench::with(SETTINGS);
    bench.browser();
    bench.bytes(50, &client::frame(0x81, b"\r\n\r\n", [0; 4]));
    bench.bytes(50, &client::frame(0x89, b"x", [0; 4]));
    bench.bytes(50, &client::frame(0x81, b"\r\n", [0; 4]));
    let texts: Vec<_> = bench
        .did()
        .iter()
        .map(|did| frame_text(did).to_owned())
        .collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].ends_with("\r\n") && texts[1].ends_with('x'));
}

#[test]
fn frames_that_break_the_rules_end_the_connection() {
    let mut bench = Bench::with(SETTINGS);
    bench.browser();
    bench.bytes(50, b"\x81\x02ab");
    assert_eq!(bench.did().len(), 3);
    bench.browser_like_garbage();
}

impl Bench {
    fn browser_like_garbage(&mut self) {
        self.connected(60, 1, true, None);
        self.bytes(60, b"\x16\x03\x01\x00\xa5 no HTTP at all\r\n\r\n");
        let did = self.did();
        assert!(
            matches!(&did[0], Did::Stream(ConnId(60), text) if text.starts_with("HTTP/1.1 400 "))
        );
    }
}

/// RFC 5626 4.4.1: 10 s without an answer are the end of a flow.
#[test]
fn who_does_not_answer_our_pings_is_gone() {
    let mut bench = Bench::with(SETTINGS);
    bench.dials("sip:bob@192.0.2.9;transport=tcp");
    bench.connected(1, 2, false, None);
    bench.pass(30_001);
    let did = bench.did();
    assert!(
        matches!(&did[..], [Did::Stream(ConnId(1), text)] if text == "\r\n\r\n"),
        "{did:?}"
    );
    bench.bytes(1, b"\r\n");
    bench.pass(30_001);
    let pings = |did: &&Did| matches!(did, Did::Stream(ConnId(1), text) if text == "\r\n\r\n");
    assert_eq!(bench.did().iter().filter(pings).count(), 1);
    bench.pass(10_001);
    let did = bench.short();
    assert!(
        did.contains(&"count sip.streams_dead".to_owned()) && did.contains(&"close".to_owned())
    );
}

#[test]
fn settings_that_cannot_work_are_refused_with_their_key() {
    for (from, to, key) in [
        (
            "tls = { certificate = \"cert.pem\", key = \"key.pem\" }",
            "",
            "listeners.a.tls",
        ),
        (
            "transport = \"tls\"",
            "transport = \"tcp\"",
            "listeners.a.tls",
        ),
        (
            "transport = \"tcp\"",
            "transport = \"tcp\"\npath = \"/\"",
            "listeners.c.transport",
        ),
        ("path = \"/ws\"", "path = \"ws\"", "listeners.b.path"),
        (
            "host = \"sip.example\"",
            "host = \"sip example\"",
            "listeners.a.host",
        ),
        (
            "host = \"sip.example\"",
            "idle = \"1ms\"",
            "listeners.a.idle",
        ),
        (
            "keep_alive = \"30s\"",
            "keep_alive = \"3ms\"",
            "timers.keep_alive",
        ),
    ] {
        let text = SETTINGS.replacen(from, to, 1);
        let settings: Settings = toml::from_str(&text).unwrap();
        assert_eq!(SipProtocol::verify(&settings).unwrap_err().key, key);
    }
    for network in ["10.0.0.0/64", "10.0.0.1/8"] {
        let wrong = format!("destinations = [\"{network}\"]");
        let text = SETTINGS.replacen("host = \"sip.example\"", &wrong, 1);
        assert!(toml::from_str::<Settings>(&text).is_err(), "{network}");
    }
}

#[test]
fn a_request_leaves_from_the_listener_whose_network_holds_its_destination() {
    let mut bench = Bench::with(
        r#"
        listeners.a = { transport = "udp", bind = "192.0.2.1:5060" }
        listeners.b = { transport = "udp", bind = "10.0.0.1:5060", destinations = ["10.0.0.0/8"] }
        listeners.c = { transport = "udp", bind = "10.1.0.1:5060", destinations = ["10.1.0.0/16"] }
        listeners.d = { transport = "udp", bind = "[2001:db8::1]:5060" }
    "#,
    );
    for (to, from) in [
        ("sip:x@203.0.113.1", "192.0.2.1:5060"),
        ("sip:x@10.9.0.1", "10.0.0.1:5060"),
        ("sip:x@10.1.0.9", "10.1.0.1:5060"),
        ("sip:x@[2001:db8::9]", "[2001:db8::1]:5060"),
    ] {
        bench.dials(to);
        let sent = &bench.host.last_sent;
        assert!(
            sent.contains(&format!("Via: SIP/2.0/UDP {from};")),
            "{to}: {sent}"
        );
        assert!(
            sent.contains(&format!("Contact: <sip:{from}>")),
            "{to}: {sent}"
        );
    }
}

/// RFC 5626 4.4.2, RFC 5389.
#[test]
fn a_stun_binding_request_on_the_port_of_sip_is_answered() {
    let mut bench = Bench::new();
    let ask = b"\0\x01\0\0\x21\x12\xa4\x42twelve bytes";
    let (listener, from) = (ListenerIx(1), PEER.parse().unwrap());
    let bytes = Bytes::from_static(ask);
    bench.input(Input::Datagram {
        listener,
        from,
        bytes,
    });
    assert!(
        matches!(&bench.did()[..], [Did::Count("sip.stun"), Did::Datagram(text)] if text.contains("twelve bytes"))
    );
}

#[test]
fn a_name_server_is_asked_for_the_host_of_a_uri() {
    use strowger::ra::{Answer, Record, ResolveError};
    let mut bench = Bench::new();
    assert_eq!(
        bench.dials("sip:bob@b.example:5070"),
        ["resolve A b.example"]
    );
    bench.input(Input::Resolved {
        token: bench.host.last_token,
        answer: Ok(Answer {
            records: vec![Record::A([192, 0, 2, 9].into())],
            ttl: std::time::Duration::from_secs(1),
        }),
    });
    assert_eq!(bench.short(), ["INVITE"]);
    assert_eq!(
        bench.dials("sip:bob@c.example:5070"),
        ["resolve A c.example"]
    );
    bench.input(Input::Resolved {
        token: bench.host.last_token,
        answer: Err(ResolveError::Timeout),
    });
    let did = bench.short();
    assert!(did.contains(&"fire sip-response".to_owned()), "{did:?}");
    assert!(did.contains(&"count sip.names_unanswered".to_owned()));
}
