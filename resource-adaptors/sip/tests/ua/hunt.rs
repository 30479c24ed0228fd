//! Names, servers that do not answer, and requests that are too large for UDP: RFC 3263 4, RFC 3261 18.1.1.

use std::net::IpAddr;

use strowger_sip::proto::flow::Transmit;
use strowger_sip::proto::resolve::{Found, Kind, Server};

use super::*;

const ONE: &str = "192.0.2.21";
const TWO: &str = "192.0.2.22";

impl Bench {
    /// Answers all questions from a zone of one service with two servers, the first of higher priority.
    fn name_server(&mut self) {
        while let Some((token, question)) = self.questions.pop() {
            let server = |priority, host: &str| Server {
                priority,
                weight: 0,
                port: 5060,
                host: host.to_owned(),
            };
            let mut found = Found::default();
            match (question.kind, question.name.as_str()) {
                (Kind::Srv, "_sip._udp.two.example") => {
                    found.servers = vec![server(2, "b.example"), server(1, "a.example")];
                }
                (Kind::Srv, "_sip._tcp.tcp.example") => {
                    found.servers = vec![server(1, "a.example"), server(2, "b.example")];
                }
                (Kind::A, "a.example") => found.addresses.push(ONE.parse().unwrap()),
                (Kind::A, "b.example") => found.addresses.push(TWO.parse().unwrap()),
                _ => {}
            }
            self.ua.resolved(self.now, token, found);
            self.drain();
        }
    }

    fn calls(&mut self, uri: &'static str) -> Key {
        let draft = Draft {
            uri: Bytes::from_static(uri.as_bytes()),
            ..draft("offer")
        };
        let key = self.ua.invite(self.now, 500, 9, &draft).unwrap();
        self.drain();
        key
    }

    /// What was sent: where to, and the message.
    fn goes(&mut self) -> Vec<(IpAddr, Message)> {
        let sent = std::mem::take(&mut self.sent);
        sent.into_iter()
            .map(|(flow, message)| (flow.peer.ip(), message))
            .collect()
    }

    fn one_to(&mut self, ip: &str) -> Message {
        let mut sent = self.goes();
        assert_eq!(sent.len(), 1, "{sent:?}");
        let (to, message) = sent.remove(0);
        assert_eq!(to, ip.parse::<IpAddr>().unwrap());
        message
    }
}

fn branch(message: &Message) -> Vec<u8> {
    message.via().unwrap().branch().unwrap().to_vec()
}

#[test]
fn a_name_is_asked_for_and_the_request_goes_to_its_first_server() {
    let mut bench = Bench::new();
    let dialog = bench.calls("sip:bob@two.example");
    assert!(bench.goes().is_empty());
    bench.name_server();
    let invite = bench.one_to(ONE);
    assert_eq!(invite.uri_raw().unwrap(), b"sip:bob@two.example");
    bench.receive(response(&invite, 200, "bo", ""));
    assert_eq!(bench.seen(), ["save", "200"]);
    assert_eq!(bench.lines(), ["ACK"]);
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    let bye = bench.take_sent().remove(0);
    bench.receive(response(&bye, 200, "", ""));
    bench.until(100_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn the_transport_of_the_servers_is_that_of_via_and_contact() {
    let mut bench = Bench::new();
    bench.calls("sip:bob@tcp.example");
    bench.name_server();
    let (flow, invite) = bench.sent.remove(0);
    assert_eq!((flow.transport, flow.listener), (Transport::Tcp, 1));
    assert!(text(&invite, "Via").starts_with("SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK"));
    assert_eq!(
        text(&invite, "Contact"),
        "<sip:192.0.2.1:5060;transport=tcp>"
    );
    // No copies on a stream.
    bench.until(20_000);
    assert!(bench.goes().is_empty());
}

/// RFC 3263 4.3: a transport's failure or silence, and a new branch for every server.
#[test]
fn a_server_that_does_not_answer_is_followed_by_the_next() {
    for silent in [false, true] {
        let mut bench = Bench::new();
        bench.calls("sip:bob@two.example");
        bench.name_server();
        let first = bench.one_to(ONE);
        if silent {
            bench.until(32_000);
        } else {
            let peer = format!("{ONE}:5060").parse().unwrap();
            bench.ua.unreachable(bench.now, 0, peer);
            bench.drain();
        }
        assert_eq!(bench.seen(), Vec::<String>::new());
        let mut sent = bench.goes();
        let (to, second) = sent.pop().unwrap();
        assert_eq!(to, TWO.parse::<IpAddr>().unwrap());
        assert_ne!(branch(&second), branch(&first));
        assert_eq!(second.call_id().unwrap(), first.call_id().unwrap());
        // What comes late from the first server is no answer.
        bench.receive(response(&first, 486, "x", ""));
        assert_eq!(bench.seen(), Vec::<String>::new());
        bench.receive(response(&second, 180, "bo", ""));
        bench.receive(response(&second, 486, "bo", ""));
        assert_eq!(bench.seen(), ["180", "486", "ended"]);
        bench.until(200_000);
        assert!(bench.ua.is_empty());
    }
}

#[test]
fn after_a_503_the_next_server_is_called_and_the_last_503_is_the_answer() {
    let mut bench = Bench::new();
    bench.calls("sip:bob@two.example");
    bench.name_server();
    let first = bench.one_to(ONE);
    bench.receive(response(&first, 503, "x", ""));
    let sent = bench.goes();
    let lines: Vec<_> = sent
        .iter()
        .map(|(to, m)| format!("{} {to}", line(m)))
        .collect();
    assert_eq!(lines, [format!("ACK {ONE}"), format!("INVITE {TWO}")]);
    bench.receive(response(&sent[1].1, 503, "x", ""));
    assert_eq!(bench.lines(), ["ACK"]);
    assert_eq!(bench.seen(), ["503", "ended"]);
    bench.until(200_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_server_that_did_not_answer_is_tried_last_for_a_while() {
    let mut bench = Bench::new();
    bench.calls("sip:bob@two.example");
    bench.name_server();
    bench.one_to(ONE);
    let peer = format!("{ONE}:5060").parse().unwrap();
    bench.ua.unreachable(bench.now, 0, peer);
    bench.drain();
    bench.one_to(TWO);
    bench.calls("sip:bob@two.example");
    bench.name_server();
    bench.one_to(TWO);
    bench.until(66_000);
    bench.goes();
    bench.calls("sip:bob@two.example");
    bench.name_server();
    bench.one_to(ONE);
}

#[test]
fn a_call_that_waits_for_a_name_can_be_given_up() {
    let mut bench = Bench::new();
    let dialog = bench.calls("sip:bob@two.example");
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    assert_eq!(bench.seen(), ["ended"]);
    bench.name_server();
    assert!(bench.goes().is_empty());
    bench.until(100_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_call_whose_name_nobody_answers_for_ends() {
    let mut bench = Bench::new();
    bench.calls("sip:bob@two.example");
    bench.until(40_000);
    assert!(bench.goes().is_empty());
    assert_eq!(bench.seen(), ["local 408", "ended"]);
    let mut bench = Bench::new();
    bench.calls("sip:bob@nobody.example");
    bench.name_server();
    assert_eq!(bench.seen(), ["local 503", "ended"]);
    assert!(bench.ua.is_empty());
}

#[test]
fn within_a_call_a_name_without_address_leads_to_where_the_peer_was_seen() {
    let mut bench = Bench::new();
    let route = "Record-Route: <sip:proxy.inside.example;lr>\r\n";
    bench.receive(request("INVITE", "i1", "", 1, route));
    let Some(Event::Call { dialog, tx }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 200);
    let tag = String::from_utf8_lossy(bench.take_sent()[0].to_tag().unwrap()).into_owned();
    bench.receive(request("ACK", "a1", &tag, 1, ""));
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    assert!(bench.goes().is_empty());
    bench.name_server();
    let bye = bench.one_to("192.0.2.9");
    assert_eq!(text(&bye, "Route"), "<sip:proxy.inside.example;lr>");
}

#[test]
fn requests_that_wait_for_names_are_bounded() {
    let mut bench = Bench::new();
    for _ in 0..99 {
        bench.calls("sip:bob@two.example");
    }
    assert_eq!(bench.seen(), Vec::<String>::new());
    bench.calls("sip:bob@two.example");
    let options = Draft {
        method: Bytes::from_static(b"OPTIONS"),
        uri: Bytes::from_static(b"sip:bob@two.example"),
        ..draft("")
    };
    assert!(bench.ua.request_alone(bench.now, 7, 1, &options).is_err());
    bench.until(40_000);
    assert!(bench.ua.request_alone(bench.now, 7, 1, &options).is_ok());
}

/// RFC 3261 18.1.1.
#[test]
fn a_large_request_goes_over_tcp_and_over_udp_if_there_is_none() {
    let mut bench = Bench::new();
    let large = "x".repeat(1_300);
    bench.ua.invite(bench.now, 500, 9, &draft(&large)).unwrap();
    bench.drain();
    let (flow, invite) = bench.sent.remove(0);
    assert_eq!((flow.transport, flow.peer), (Transport::Tcp, peer()));
    assert!(text(&invite, "Via").starts_with("SIP/2.0/TCP 192.0.2.1:5060;"));
    assert!(text(&invite, "Contact").contains("transport=tcp"));
    assert_eq!(bench.lines(), Vec::<String>::new());
    let bytes = invite.bytes().clone();
    bench.ua.send_failed(bench.now, &Transmit { flow, bytes });
    bench.drain();
    let (flow, invite) = bench.sent.remove(0);
    assert_eq!((flow.transport, flow.peer), (Transport::Udp, peer()));
    assert!(text(&invite, "Via").starts_with("SIP/2.0/UDP 192.0.2.1:5060;"));
    assert_eq!(text(&invite, "Contact"), "<sip:192.0.2.1:5060>");
    bench.until(1_600);
    assert_eq!(bench.lines(), ["INVITE", "INVITE"], "copies at T1 and 3 T1");
    bench.receive(response(&invite, 486, "bo", ""));
    assert_eq!(bench.seen(), ["486", "ended"]);
    // That the peer takes no connection is remembered.
    bench.ua.invite(bench.now, 500, 9, &draft(&large)).unwrap();
    bench.drain();
    assert_eq!(bench.sent[0].0.transport, Transport::Udp);
}

/// A phone behind a NAT names the address that it knows of itself.
#[test]
fn a_private_contact_of_a_public_peer_is_not_followed() {
    let mut bench = Bench::new();
    let invite = request("INVITE", "i1", "", 1, "").replace(
        &format!("Contact: <sip:alice@{PEER}>"),
        "Contact: <sip:alice@10.0.0.7:5060>",
    );
    bench.receive(invite);
    let Some(Event::Call { dialog, tx }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 200);
    let tag = String::from_utf8_lossy(bench.take_sent()[0].to_tag().unwrap()).into_owned();
    bench.receive(request("ACK", "a1", &tag, 1, ""));
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    let (flow, bye) = bench.sent.remove(0);
    assert_eq!(flow.peer, peer());
    assert_eq!(bye.uri_raw().unwrap(), b"sip:alice@10.0.0.7:5060");
}
