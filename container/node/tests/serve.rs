//! A node in this process, driven from outside by plain sockets: datagrams, streams, limits, panics, stopping.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::Bench;
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;
use strowger_node::control::{Reply, Request};
use strowger_node::{Exit, Node, NodeError};

#[test]
fn a_datagram_is_answered_by_the_service() {
    let bench = Bench::new("[services.parrot.settings]\nprefix = \"polly \"\n");
    let node = bench.start();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann polly 1 hello");
    assert_eq!(udp.ask("ann again"), "ann polly 2 again");
    assert_eq!(udp.ask("bob hello"), "bob polly 1 hello");
    let status = node.status().unwrap();
    assert_eq!((status.counts.activities, status.counts.entities), (2, 2));
    assert_eq!(
        (status.network.datagrams_in, status.network.datagrams_out),
        (3, 3)
    );
    assert_eq!(udp.ask("ann bye"), "ann bye");
    bench.until(|| node.status().unwrap().counts.entities == 1);
    node.stop();
    node.stop();
    assert_eq!(node.wait(), Exit::Clean);
}

#[test]
fn lines_of_a_stream_are_answered_in_order_however_they_are_cut() {
    let bench = Bench::new("");
    let node = bench.start();
    let mut stream = bench.tcp(&node);
    stream.send(b"ann on");
    stream.send(b"e\nann two\nann th");
    stream.send(b"ree\n");
    assert_eq!(
        [stream.line(), stream.line(), stream.line()],
        ["ann 1 one", "ann 2 two", "ann 3 three"]
    );
    // Longer than any buffer between the two: written as the peer reads.
    stream.send(b"ann long90000\n");
    assert_eq!(stream.line().len(), 90_004);
}

#[test]
fn a_peer_that_does_not_read_is_dropped_and_the_others_are_served() {
    let bench = Bench::new("[adaptors.toy.settings]\nwrite_buffer = 50000\n");
    let node = bench.start();
    let mut deaf = bench.tcp(&node);
    bench.until(|| {
        deaf.try_send(b"ann long40000\n");
        node.status().unwrap().network.streams_overflown == 1
    });
    assert_eq!(bench.udp(&node).ask("bob hello"), "bob 1 hello");
}

#[test]
fn connections_beyond_the_limit_are_closed_as_they_arrive() {
    let bench = Bench::new("[adaptors.toy.settings]\nconnections = 1\n");
    let node = bench.start();
    let mut first = bench.tcp(&node);
    first.send(b"ann hello\n");
    assert_eq!(first.line(), "ann 1 hello");
    let mut second = bench.tcp(&node);
    assert!(second.is_closed());
    first.send(b"ann still\n");
    assert_eq!(first.line(), "ann 2 still");
}

#[test]
fn new_work_is_refused_while_more_arrives_than_is_worked_off() {
    let bench = Bench::new("[overload]\ntarget = \"10ms\"\ninterval = \"50ms\"\n");
    let node = bench.start();
    let (udp, flood) = (bench.udp(&node), bench.udp(&node));
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    // Each takes two milliseconds of the node's time, and none of the sender's.
    flood.patience(Duration::from_millis(1));
    let mut talks = 0;
    bench.until(|| {
        for _ in 0..100 {
            talks += 1;
            flood.send(&format!("talk{talks} slow"));
        }
        flood.hear().is_ok_and(|word| word.ends_with("busy"))
    });
    // What has begun goes on, and in the end new work does, too. A full socket buffer loses datagrams.
    udp.patience(Duration::from_millis(100));
    bench.until(|| {
        udp.send("ann still");
        udp.hear().is_ok_and(|word| word.ends_with("still"))
    });
    assert!(node.status().unwrap().overloads >= 1);
    bench.until(|| node.status().unwrap().refusing.is_empty());
    assert_eq!(bench.udp(&node).ask("bob hello"), "bob 1 hello");
    assert!(node.status().unwrap().alarms.is_empty());
}

#[test]
fn a_panic_in_a_handler_costs_its_delivery_and_nothing_else() {
    let bench = Bench::new("");
    let node = bench.start();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    udp.send("ann panic");
    // The word was not counted: its transaction is undone.
    assert_eq!(udp.ask("ann hello"), "ann 2 hello");
    let status = node.status().unwrap();
    assert_eq!((status.kernel.panics, status.counts.entities), (1, 1));
}

#[test]
fn a_panic_of_an_adaptor_raises_an_alarm_and_the_node_goes_on() {
    let bench = Bench::new("");
    let node = bench.start();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    udp.send("ann crash");
    assert_eq!(udp.ask("ann hello"), "ann 2 hello");
    let status = node.status().unwrap();
    let alarms: Vec<_> = status
        .alarms
        .iter()
        .map(|a| (a.source.as_str(), a.name.as_str()))
        .collect();
    assert_eq!(
        (status.kernel.panics, alarms),
        (1, vec![("adaptor toy", "panic")])
    );
}

#[test]
fn a_stopping_node_takes_no_new_work_and_finishes_what_it_has() {
    let bench = Bench::new("");
    let node = bench.start();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    node.stop();
    bench.until(|| node.status().unwrap().state == "stopping");
    assert_eq!(udp.ask("bob hello"), "bob busy");
    assert_eq!(udp.ask("ann hello"), "ann 2 hello");
    assert_eq!(udp.ask("ann bye"), "ann bye");
    assert_eq!(node.wait(), Exit::Clean);
}

#[test]
fn the_drain_limit_ends_a_node_that_still_has_work() {
    let bench = Bench::new("[node]\ndrain_limit = \"200ms\"\n");
    let node = bench.start();
    assert_eq!(bench.udp(&node).ask("ann hello"), "ann 1 hello");
    node.stop();
    assert_eq!(node.wait(), Exit::Clean);
}

#[test]
fn state_survives_an_orderly_restart() {
    let bench = Bench::new("");
    let node = bench.start();
    let udp = bench.udp(&node);
    for n in 1..=50 {
        assert_eq!(udp.ask("ann hello"), format!("ann {n} hello"));
    }
    node.stop();
    node.stop();
    assert_eq!(node.wait(), Exit::Clean);
    let node = bench.start();
    assert_eq!(node.ready().restored_activities, 1);
    let udp = udp.again(&bench, &node);
    assert_eq!(udp.ask("ann hello"), "ann 51 hello");
    assert_eq!(node.status().unwrap().counts.entities, 1);
}

#[test]
fn services_are_deactivated_and_activated_on_demand() {
    let bench = Bench::new("[limits]\nservice_stop_time = \"100ms\"\n");
    let node = bench.start();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    let service = || "parrot".to_owned();
    assert_eq!(
        node.ask(Request::Deactivate { service: service() }),
        Some(Reply::Done)
    );
    // What it still has is removed when its time to stop is over.
    bench.until(|| node.status().unwrap().services[0].state == "inactive");
    assert_eq!(node.status().unwrap().counts.entities, 0);
    assert_eq!(
        node.ask(Request::Activate { service: service() }),
        Some(Reply::Done)
    );
    assert_eq!(udp.ask("bob hello"), "bob 1 hello");
    let unknown = Request::Activate {
        service: "nobody".into(),
    };
    assert!(matches!(node.ask(unknown), Some(Reply::Refused { .. })));
}

/// Figures by listener, event type, service, SBB, adaptor, queue and store.
#[test]
fn the_status_tells_what_happened_where() {
    let bench = Bench::new("");
    let node = bench.start();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("alice hello"), "alice 1 hello");
    let status = node.status().unwrap();
    let at = |name: &str| {
        let mut listeners = status.listeners.iter();
        let found = listeners.find(|at| at.listener == name).unwrap();
        found.network.unwrap()
    };
    assert_eq!((at("udp").datagrams_in, at("udp").datagrams_out), (1, 1));
    assert_eq!((at("udp").bytes_in, at("tcp").bytes_in), (11, 0));
    assert_eq!(status.network.datagrams_in, 1);
    let service = &status.services[0];
    assert_eq!(
        (service.deliveries, service.rollbacks, service.panics),
        (1, 0, 0)
    );
    assert_eq!((service.times.count, service.entities), (1, Some(1)));
    let sbbs: u64 = service.sbbs.iter().map(|sbb| sbb.deliveries).sum();
    assert_eq!(sbbs, service.deliveries);
    let fired: u64 = status.event_types.iter().map(|event| event.fired).sum();
    assert_eq!(fired, status.kernel.events);
    let adaptor = &status.adaptors[0];
    assert!(adaptor.inputs > 0 && adaptor.events == 1, "{adaptor:?}");
    let shard = &status.shards[0];
    assert!(shard.turns.count > 0 && shard.cpu_us > 0, "{shard:?}");
    let events = shard
        .queues
        .iter()
        .find(|queue| queue.name == "events")
        .unwrap();
    assert_eq!((events.used, events.bound), (0, 1_000_000));
    let kinds: u64 = status.activities_by_type.values().sum();
    assert_eq!(
        kinds,
        status.counts.activities + status.counts.service_activities
    );
    assert_eq!(status.store.sync_times.count, status.store.syncs);
    assert!(status.process.open_files > 3 && status.started_ms > 1_700_000_000_000);
}

#[test]
fn a_node_that_cannot_start_says_why() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let bench = Bench::new(&format!("[adaptors.toy.settings]\nudp = \"{address}\"\n"));
    let error = bench.builder().start().unwrap_err();
    assert_eq!((error.code(), error.exit()), ("NOD-001", Exit::StartFailed));
    assert!(error.to_string().contains(&address.to_string()), "{error}");

    let bench = Bench::new("");
    let node = bench.start();
    let error = bench.builder().start().unwrap_err();
    assert_eq!(
        (error.code(), error.exit()),
        ("STO-005", Exit::StoreRefused)
    );
    drop(node);

    let without = Node::builder()
        .adaptor(toy::adaptor())
        .config(bench.config());
    let error = without.start().unwrap_err();
    assert_eq!((error.code(), error.exit()), ("NOD-003", Exit::Config));
    assert!(matches!(error, NodeError::Plan(_)));
}

#[test]
fn a_configuration_that_nobody_checked_is_checked_by_the_node() {
    let bench = Bench::new("[adaptors.toy.settings]\nudp = \"127.0.0.1:7\"\n");
    let mut config = bench.config();
    let mut other = config.adaptors["toy"].clone();
    other.kind = Some("toy".into());
    config.adaptors.insert("other".into(), other);
    let error = bench.builder().config(config).start().unwrap_err();
    assert_eq!((error.code(), error.exit()), ("NOD-002", Exit::Config));
    let said = error.to_string();
    assert!(
        said.starts_with("udp 127.0.0.1:7 is wanted by `other.udp` and by `toy.udp`"),
        "{said}"
    );

    let mut config = bench.config();
    let toy = config.adaptors.remove("toy").unwrap();
    config.adaptors.insert("sap".into(), toy);
    let error = bench.builder().config(config).start().unwrap_err();
    assert_eq!((error.code(), error.exit()), ("NOD-003", Exit::Config));
}

#[test]
fn ports_are_free_again_once_the_node_has_ended() {
    let bench = Bench::new("");
    let node = bench.start();
    let (udp, tcp) = (bench.address(&node, "udp"), bench.address(&node, "tcp"));
    let connection = TcpStream::connect(tcp).unwrap();
    drop(node);
    drop(connection);
    UdpSocket::bind(udp).unwrap();
    let settings = format!("[adaptors.toy.settings]\ntcp = \"{tcp}\"\nudp = \"{udp}\"\n");
    let taken = Bench::new(&settings);
    taken.start();
}
