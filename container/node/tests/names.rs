//! A node in this process that asks a name server on the loopback address.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::Bench;
use bench::name_server::{NameServer, Says};
use hickory_resolver::proto::rr::rdata::{CNAME, NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn a(last: u8) -> RData {
    RData::A(Ipv4Addr::new(192, 0, 2, last).into())
}

fn zone(asked: &str, kind: RecordType) -> Says {
    let records = |records: Vec<RData>| {
        let own = records.into_iter().map(|data| (None, data)).collect();
        Says::Records(300, own)
    };
    match (asked, kind) {
        ("bob.example.", RecordType::A) => records(vec![a(7), a(8)]),
        ("bob.example.", RecordType::AAAA) => {
            records(vec![RData::AAAA("2001:db8::7".parse().unwrap())])
        }
        ("_sip._udp.example.", RecordType::SRV) => records(vec![
            RData::SRV(SRV::new(10, 60, 5060, name("Bob.Example."))),
            RData::SRV(SRV::new(20, 0, 5062, name("."))),
        ]),
        ("example.", RecordType::NAPTR) => {
            let text = |text: &str| text.as_bytes().into();
            let next = name("_SIP._udp.example.");
            records(vec![RData::NAPTR(NAPTR::new(
                50,
                40,
                text("s"),
                text("SIP+D2U"),
                text(""),
                next,
            ))])
        }
        ("alias.example.", RecordType::A) => Says::Records(
            300,
            vec![
                (None, RData::CNAME(CNAME(name("bob.example.")))),
                (Some(name("bob.example.")), a(7)),
            ],
        ),
        ("short.example.", RecordType::A) => Says::Records(1, vec![(None, a(9))]),
        ("long.example.", RecordType::A) => {
            Says::OnlyTcp(300, (0..200).map(|n| (None, a(n))).collect())
        }
        ("broken.example.", _) => Says::Fails,
        ("garbage.example.", _) => Says::Garbage,
        ("silent.example.", _) => Says::Nothing,
        ("bob.example.", _) => Says::NoData,
        _ => Says::NoSuchName,
    }
}

fn bench(server: &NameServer, more: &str) -> Bench {
    let address = server.address;
    Bench::new(&format!(
        "[dns]\nname_servers = [\"{address}\"]\ntimeout = \"600ms\"\n{more}"
    ))
}

#[test]
fn records_of_all_kinds_are_found() {
    let server = NameServer::new(zone);
    let bench = bench(&server, "");
    let node = bench.start();
    let udp = bench.udp(&node);
    for (question, answer) in [
        ("a:bob.example", "[A(192.0.2.7), A(192.0.2.8)]"),
        ("a:BOB.Example.", "[A(192.0.2.7), A(192.0.2.8)]"),
        ("aaaa:bob.example", "[Aaaa(2001:db8::7)]"),
        (
            "srv:_sip._udp.example",
            "[Srv(Srv { priority: 10, weight: 60, port: 5060, target: \"bob.example\" }), \
             Srv(Srv { priority: 20, weight: 0, port: 5062, target: \"\" })]",
        ),
        (
            "naptr:example",
            "[Naptr(Naptr { order: 50, preference: 40, flags: \"s\", service: \"SIP+D2U\", \
             regexp: \"\", replacement: \"_sip._udp.example\" })]",
        ),
        ("a:alias.example", "[A(192.0.2.7)]"),
    ] {
        let heard = udp.ask(&format!("ann ask:{question}"));
        let expected = format!("ann Ok(Answer {{ records: {answer}, ttl: 300s }})");
        assert_eq!(heard, expected);
    }
}

#[test]
fn why_there_is_no_answer_is_told() {
    let server = NameServer::new(zone);
    let bench = bench(&server, "");
    let node = bench.start();
    let udp = bench.udp(&node);
    let endless = format!("a:{}example", "x.".repeat(130));
    for (question, error) in [
        ("a:nobody.example", "NoSuchName"),
        ("srv:bob.example", "NoData"),
        ("a:broken.example", "Failed"),
        ("a:silent.example", "Timeout"),
        ("a:garbage.example", "Timeout"),
        ("a:a..example", "NotAName"),
        (&endless, "NotAName"),
    ] {
        let heard = udp.ask(&format!("ann ask:{question}"));
        assert_eq!(heard, format!("ann Err({error})"), "{question}");
    }
}

#[test]
fn answers_are_kept_for_as_long_as_they_say() {
    let server = NameServer::new(zone);
    let bench = bench(&server, "");
    let node = bench.start();
    let udp = bench.udp(&node);
    for question in ["a:bob.example", "a:nobody.example"] {
        udp.ask(&format!("ann ask:{question}"));
        let before = server.asked();
        for _ in 0..10 {
            udp.ask(&format!("ann ask:{question}"));
        }
        assert_eq!(server.asked(), before);
    }
    udp.ask("ann ask:a:short.example");
    let before = server.asked();
    let begun = Instant::now();
    bench.until(|| {
        udp.ask("ann ask:a:short.example");
        server.asked() > before
    });
    assert!(begun.elapsed() > Duration::from_millis(500));
}

#[test]
fn what_does_not_fit_a_datagram_comes_over_tcp() {
    let server = NameServer::new(zone);
    let bench = bench(&server, "");
    let node = bench.start();
    let heard = bench.udp(&node).ask("ann ask:a:long.example");
    assert_eq!(heard.matches("A(192.0.2.").count(), 200, "{heard}");
}

#[test]
fn questions_are_bounded_and_the_node_works_on_meanwhile() {
    let server = NameServer::new(zone);
    let bench = bench(&server, "questions = 2\n");
    let node = bench.start();
    let (udp, other) = (bench.udp(&node), bench.udp(&node));
    udp.send("ann ask:a:silent.example");
    udp.send("ann ask:aaaa:silent.example");
    assert_eq!(other.ask("bob ask:a:bob.example"), "bob Err(Full)");
    assert_eq!(other.ask("bob hello"), "bob 1 hello");
    assert_eq!(udp.hear().unwrap(), "ann Err(Timeout)");
    assert_eq!(udp.hear().unwrap(), "ann Err(Timeout)");
    // And there is room again.
    assert!(other.ask("bob ask:a:bob.example").starts_with("bob Ok("));
}

#[test]
fn a_name_server_that_is_not_there_is_an_error_and_no_more() {
    let bench = Bench::new("[dns]\nname_servers = [\"127.0.0.1:1\"]\ntimeout = \"600ms\"\n");
    let node = bench.start();
    let udp = bench.udp(&node);
    let heard = udp.ask("ann ask:a:bob.example");
    assert!(heard.starts_with("ann Err("), "{heard}");
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
}
