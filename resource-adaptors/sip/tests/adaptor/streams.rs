//! Connections: RFC 3261 18, RFC 5626 keep-alives, and the bounds.

use super::*;
use std::net::SocketAddr;
use strowger::ra::ConnId;

const TCP: ListenerIx = ListenerIx(0);

impl Bench {
    fn accept(&mut self, conn: u64, peer: &str) {
        let (peer, local): (SocketAddr, SocketAddr) =
            (peer.parse().unwrap(), "127.0.0.1:5060".parse().unwrap());
        self.input(Input::Connected {
            conn: ConnId(conn),
            listener: TCP,
            peer,
            local,
            inbound: true,
            secure: None,
        });
    }

    fn read(&mut self, conn: u64, bytes: &[u8]) {
        self.input(Input::Received {
            conn: ConnId(conn),
            bytes,
        });
    }
}

fn over_tcp(method: &str, branch: &str, tag: &str, cseq: u32) -> String {
    request(method, branch, tag, cseq)
        .replace("SIP/2.0/UDP", "SIP/2.0/TCP")
        .replace(">\r\nContent-Length", ";transport=tcp>\r\nContent-Length")
}

#[test]
fn messages_are_cut_out_wherever_the_reads_fall() {
    let two = over_tcp("OPTIONS", "o1", "", 1) + &over_tcp("OPTIONS", "o2", "", 2);
    for step in [1, 7, 100, two.len()] {
        let mut bench = Bench::new();
        bench.accept(100, PEER);
        for piece in two.as_bytes().chunks(step) {
            bench.read(100, piece);
        }
        let fired = bench
            .short()
            .iter()
            .filter(|did| *did == "fire sip-options")
            .count();
        assert_eq!(fired, 2, "step {step}");
    }
}

#[test]
fn a_response_goes_back_over_its_connection() {
    let mut bench = Bench::new();
    bench.accept(100, PEER);
    bench.read(100, over_tcp("INVITE", "i1", "", 1).as_bytes());
    bench.did();
    bench.command(Command::Answer {
        dialog: bench.host.last_activity,
        reply: status(486),
    });
    assert!(
        matches!(&bench.did()[0], Did::Stream(ConnId(100), text) if text.starts_with("SIP/2.0 486"))
    );
}

#[test]
fn requests_of_a_dialog_use_its_connection_and_then_a_new_one() {
    let mut bench = Bench::new();
    bench.accept(100, "192.0.2.9:40000");
    bench.read(100, over_tcp("INVITE", "i1", "", 1).as_bytes());
    let activity = bench.host.last_activity;
    bench.command(Command::Answer {
        dialog: activity,
        reply: status(200),
    });
    let tag = bench
        .host
        .last_sent
        .split("To: ")
        .nth(1)
        .unwrap()
        .split(";tag=")
        .nth(1)
        .unwrap();
    let tag = tag.split("\r\n").next().unwrap().to_owned();
    bench.read(100, over_tcp("ACK", "a1", &tag, 1).as_bytes());
    bench.did();
    let info = || strowger_sip::proto::ua::Draft {
        method: Bytes::from_static(b"INFO"),
        max_forwards: 70,
        ..Default::default()
    };
    bench.command(Command::Within {
        dialog: activity,
        draft: info(),
    });
    assert!(matches!(&bench.did()[0], Did::Stream(ConnId(100), text) if text.starts_with("INFO")));
    bench.input(Input::Closed { conn: ConnId(100) });
    bench.command(Command::Within {
        dialog: activity,
        draft: info(),
    });
    let did = bench.did();
    assert!(
        matches!(&did[0], Did::Connect(to) if to.to_string() == PEER),
        "{did:?}"
    );
    assert!(matches!(&did[1], Did::Stream(conn, _) if *conn == bench.host.last_conn));
}

#[test]
fn what_waits_for_a_connection_that_fails_fails() {
    let mut bench = Bench::new();
    let activity = bench.host.provide();
    bench.command(Command::Invite {
        dialog: activity,
        draft: draft("sip:bob@192.0.2.9:5070;transport=tcp"),
    });
    assert_eq!(bench.short(), [&format!("connect {PEER}"), "INVITE"]);
    bench.input(Input::ConnectFailed {
        conn: bench.host.last_conn,
    });
    assert_eq!(bench.short(), ["fire sip-response", "end"]);
    let last = bench
        .host
        .events
        .last()
        .unwrap()
        .downcast_ref::<strowger_sip::Response>()
        .unwrap();
    assert_eq!((last.status(), last.is_local()), (503, true));
}

#[test]
fn a_request_whose_connection_breaks_is_sent_once_more() {
    let mut bench = Bench::new();
    let activity = bench.host.provide();
    let draft = draft("sip:bob@192.0.2.9:5070;transport=tcp");
    bench.command(Command::Invite {
        dialog: activity,
        draft,
    });
    let (peer, local) = (PEER.parse().unwrap(), "127.0.0.1:5060".parse().unwrap());
    for lost in [1, 2] {
        let conn = bench.host.last_conn;
        bench.input(Input::Connected {
            conn,
            listener: TCP,
            peer,
            local,
            inbound: false,
            secure: None,
        });
        bench.did();
        bench.input(Input::Closed { conn });
        if lost == 1 {
            assert_eq!(bench.short(), [&format!("connect {PEER}"), "INVITE"]);
        } else {
            assert_eq!(bench.short(), ["fire sip-response", "end"]);
        }
    }
}

#[test]
fn one_connection_serves_all_requests_to_a_peer() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        let activity = bench.host.provide();
        bench.command(Command::Invite {
            dialog: activity,
            draft: draft("sip:bob@192.0.2.9:5070;transport=tcp"),
        });
    }
    let connects = bench
        .short()
        .iter()
        .filter(|did| did.starts_with("connect"))
        .count();
    assert_eq!(connects, 1);
}

#[test]
fn a_ping_gets_its_pong() {
    let mut bench = Bench::new();
    bench.accept(100, PEER);
    bench.read(100, b"\r\n\r\n");
    assert!(matches!(&bench.did()[0], Did::Stream(ConnId(100), text) if text == "\r\n"));
}

#[test]
fn a_stream_that_makes_no_sense_is_answered_where_it_can_be_and_closed() {
    let mut bench = Bench::new();
    bench.accept(100, PEER);
    let text =
        over_tcp("OPTIONS", "o1", "", 1).replace("Content-Length: 0", "Content-Length: many");
    bench.read(100, text.as_bytes());
    let did = bench.short();
    assert_eq!(
        did.iter()
            .filter(|did| !did.starts_with("count"))
            .collect::<Vec<_>>(),
        ["400", "close"]
    );
}

#[test]
fn a_message_that_does_not_end_costs_its_connection() {
    let mut bench = Bench::new();
    bench.accept(100, PEER);
    bench.read(100, b"OPTIONS sip:x SIP/2.0\r\nVia: ");
    bench.pass(9_999);
    assert_eq!(bench.short(), Vec::<String>::new());
    // A byte now and then does not help.
    bench.read(100, b"S");
    bench.pass(2);
    assert_eq!(bench.short(), ["count sip.streams_slow", "close"]);
}

#[test]
fn a_busy_connection_whose_reads_never_end_with_a_message_stays() {
    let mut bench = Bench::new();
    bench.accept(100, PEER);
    let text = |n| over_tcp("ACK", &format!("o{n}"), "x", 1);
    let all: String = (0..5).map(text).collect();
    let size = text(0).len();
    bench.read(100, &all.as_bytes()[..9]);
    for n in 0..4 {
        bench.pass(9_000);
        bench.read(100, &all.as_bytes()[n * size + 9..][..size]);
    }
    assert!(!bench.short().contains(&"close".to_owned()));
    bench.pass(10_001);
    assert_eq!(bench.short(), ["count sip.streams_slow", "close"]);
}

#[test]
fn connections_from_one_address_are_bounded() {
    let mut bench = Bench::new();
    for n in 0..1_001 {
        bench.accept(100 + n, &format!("192.0.2.9:{}", 10_000 + n));
    }
    assert_eq!(bench.short(), ["count sip.connections_refused", "close"]);
    bench.input(Input::Closed { conn: ConnId(100) });
    bench.accept(5_000, "192.0.2.9:9999");
    assert_eq!(bench.short(), Vec::<String>::new());
}

impl Bench {
    /// A call to [`PEER`] whose INVITE went out over the last connection, which stands.
    fn calls(&mut self) -> ConnId {
        let activity = self.host.provide();
        let draft = draft("sip:bob@192.0.2.9:5070;transport=tcp");
        self.command(Command::Invite {
            dialog: activity,
            draft,
        });
        let (peer, local) = (PEER.parse().unwrap(), "127.0.0.1:5060".parse().unwrap());
        let conn = self.host.last_conn;
        self.input(Input::Connected {
            conn,
            listener: TCP,
            peer,
            local,
            inbound: false,
            secure: None,
        });
        self.did();
        conn
    }
}

#[test]
fn no_request_goes_to_a_peer_that_has_ended_its_half() {
    let mut bench = Bench::new();
    let conn = bench.calls();
    bench.input(Input::PeerEnded { conn });
    // What waits is sent again at once, and the close that follows concerns nobody.
    assert_eq!(bench.short(), [&format!("connect {PEER}"), "INVITE"]);
    bench.input(Input::Closed { conn });
    assert_eq!(bench.short(), Vec::<String>::new());
}

#[test]
fn a_peer_that_has_ended_its_half_still_gets_responses() {
    let mut bench = Bench::new();
    bench.accept(100, PEER);
    bench.read(100, over_tcp("INVITE", "i1", "", 1).as_bytes());
    bench.input(Input::PeerEnded { conn: ConnId(100) });
    bench.did();
    bench.command(Command::Answer {
        dialog: bench.host.last_activity,
        reply: status(486),
    });
    assert!(
        matches!(&bench.did()[0], Did::Stream(ConnId(100), text) if text.starts_with("SIP/2.0 486"))
    );
}

/// A 2xx to an INVITE of ours.
fn ok_to(invite: &str) -> String {
    let copied = |line: &&str| {
        ["Via:", "From:", "Call-ID:", "CSeq:"]
            .iter()
            .any(|name| line.starts_with(name))
    };
    let copied: Vec<&str> = invite.lines().filter(copied).collect();
    format!(
        "SIP/2.0 200 OK\r\n{}\r\nTo: <sip:bob@b.example>;tag=b\r\nContact: <sip:bob@{PEER};transport=tcp>\r\n\
         Content-Length: 0\r\n\r\n",
        copied.join("\r\n")
    )
}

#[test]
fn copies_of_a_response_do_not_hide_that_a_request_waits() {
    let mut bench = Bench::new();
    let conn = bench.calls();
    let invite = bench.host.last_sent.clone();
    bench.calls();
    let ok = ok_to(&invite);
    for _ in 0..3 {
        bench.read(conn.0, ok.as_bytes());
    }
    bench.did();
    bench.input(Input::Closed { conn });
    assert_eq!(bench.short(), [&format!("connect {PEER}"), "INVITE"]);
}

#[test]
fn a_request_goes_over_the_flow_that_it_names_and_nowhere_else() {
    let mut bench = Bench::new();
    bench.accept(100, "192.0.2.9:40000");
    bench.read(100, over_tcp("INVITE", "i1", "", 1).as_bytes());
    let invite = bench.host.events.last().unwrap();
    let flow = invite
        .downcast_ref::<strowger_sip::Invite>()
        .unwrap()
        .flow();
    assert_eq!(flow.peer(), "192.0.2.9:40000".parse().unwrap());
    bench.did();
    let over = |bench: &mut Bench| {
        let target = strowger_sip::Target::parse("sip:bob@phone.invalid;transport=tcp").unwrap();
        let mut draft = draft("sip:bob@phone.invalid;transport=tcp");
        draft.flow = strowger_sip::Outgoing::new("INVITE", "sip:a@b", &target.over(flow)).flow();
        let dialog = bench.host.provide();
        bench.command(Command::Invite { dialog, draft });
    };
    over(&mut bench);
    assert!(
        matches!(&bench.did()[0], Did::Stream(ConnId(100), text) if text.starts_with("INVITE sip:bob@phone.invalid"))
    );
    bench.input(Input::Closed { conn: ConnId(100) });
    bench.did();
    over(&mut bench);
    assert_eq!(bench.short(), ["fire sip-response", "end"]);
    let last = bench.host.events.last().unwrap();
    let last = last.downcast_ref::<strowger_sip::Response>().unwrap();
    assert_eq!((last.status(), last.is_local()), (430, true));
}
