//! Branches to names with several servers (RFC 3263 4.3): the next is tried where one does not answer.

use strowger_sip::proto::resolve::{Found, Kind, Server};

use super::*;

const ONE: &str = "192.0.2.21:5060";
const TWO: &str = "192.0.2.22:5060";

impl Bench {
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
                (Kind::Srv, "_sip._udp.two.example" | "_sip._tcp.tcp.example") => {
                    found.servers = vec![server(2, "b.example"), server(1, "a.example")];
                }
                (Kind::A, "a.example") => found.addresses.push([192, 0, 2, 21].into()),
                (Kind::A, "b.example") => found.addresses.push([192, 0, 2, 22].into()),
                _ => {}
            }
            self.ua.resolved(self.now, token, found);
            self.drain();
        }
    }

    fn dead(&mut self, peer: &str) {
        self.ua.unreachable(self.now, 0, peer.parse().unwrap());
        self.drain();
    }
}

/// A call on its way to a name.
fn called(name: &str) -> Bench {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(fork(&[(name, 1)]));
    assert!(bench.sent.is_empty());
    bench.name_server();
    bench
}

fn branch(message: &Message) -> &[u8] {
    message.via().unwrap().branch().unwrap()
}

#[test]
fn a_dead_server_is_followed_by_the_next() {
    for silent in [false, true] {
        let mut bench = called("two.example");
        let first = bench.take(ONE).remove(0);
        if silent {
            bench.wait(32_000);
            bench.take(ONE);
            assert_eq!(bench.statuses(), [100]);
        } else {
            bench.dead(ONE);
        }
        let second = bench.take(TWO).remove(0);
        assert_ne!(branch(&first), branch(&second));
        assert_eq!(second.vias().count(), 2);
        bench.come(TWO, response(&second, 180, "b", ""));
        bench.come(TWO, response(&second, 200, "b", ""));
        assert_eq!(bench.statuses(), [180, 200]);
        // What comes from the first after all is nobody's.
        assert_eq!(bench.ended, 1);
        bench.wait(64_000);
        assert!(bench.ua.is_empty());
    }
}

#[test]
fn a_503_is_followed_by_the_next_server_and_the_last_one_is_a_500() {
    let mut bench = called("two.example");
    let first = bench.one(ONE);
    bench.come(ONE, response(&first, 503, "x", ""));
    assert_eq!(bench.one(ONE).method(), Some(&Method::Ack));
    let second = bench.one(TWO);
    bench.come(TWO, response(&second, 503, "x", ""));
    assert_eq!(bench.one(TWO).method(), Some(&Method::Ack));
    assert_eq!(bench.statuses(), [500]);
    bench.wait(64_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_call_that_is_cancelled_is_not_tried_at_the_next_server() {
    let mut bench = called("two.example");
    bench.take(ONE);
    bench.come(ALICE, request("CANCEL", "1", ""));
    assert_eq!(bench.statuses(), [200]);
    bench.dead(ONE);
    bench.wait(40_000);
    assert!(bench.take(TWO).is_empty());
    let mut statuses = bench.statuses();
    statuses.dedup();
    assert_eq!(statuses, [487]);
    bench.wait(64_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_call_that_is_cancelled_before_the_name_is_known_goes_nowhere() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(fork(&[("two.example", 1)]));
    bench.come(ALICE, request("CANCEL", "1", ""));
    assert_eq!(bench.statuses(), [200, 487]);
    bench.name_server();
    assert!(bench.take(ONE).is_empty());
    bench.wait(64_000);
    assert!(bench.ua.is_empty());
}

/// RFC 3261 16.6 step 4: the value is the one of the listener by which the request leaves, and the caller's side has its own.
#[test]
fn the_record_route_is_that_of_the_transport_that_dns_has_chosen() {
    let mut bench = called("tcp.example");
    let copy = bench.one(ONE);
    let routes: Vec<String> = copy
        .values(HeaderId::RecordRoute)
        .map(|route| String::from_utf8_lossy(route).into_owned())
        .collect();
    assert_eq!(
        routes.len(),
        2,
        "{}",
        String::from_utf8_lossy(copy.as_bytes())
    );
    assert!(routes[0].contains("@192.0.2.1:5060;transport=tcp;lr"));
    assert!(!routes[1].contains("transport="));
    let tcp = flow(Transport::Tcp, 1, ONE);
    let ok = response(
        &copy,
        200,
        "b",
        &format!("Contact: <sip:bob@{ONE};transport=tcp>\r\n"),
    );
    bench.ua.frame(bench.now, tcp, ok);
    bench.drain();
    let ok = bench.one(ALICE);
    let text = within("BYE", &ok, 2, true, "bye");
    let target = format!("sip:bob@{ONE};transport=tcp");
    bench.come(ALICE, text.replacen("sip:bob@192.0.2.20:5060", &target, 1));
    let bye = bench.one(ONE);
    assert!(!bye.has(HeaderId::Route));
}
