//! The test kit itself: what it promises of time, crashes, the store and the network.

mod names;
mod profiles;
mod toy;
mod usage;
mod versions;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use strowger::prelude::*;
use strowger::ra::Transport;
use strowger_testkit::{Faults, Ground, Link, TestKit};
use toy::Counter;

const NOW: Duration = Duration::ZERO;

fn put_together(kit: TestKit) -> TestKit {
    kit.adaptor(toy::adaptor()).service(toy::service())
}

/// A peer of the toy protocol.
struct Peer {
    ground: Rc<dyn Ground>,
    here: SocketAddr,
    transport: Transport,
}

impl Peer {
    fn over(kit: &TestKit, name: &str, transport: Transport) -> Self {
        let ground = kit.ground();
        let here = ground.peer(name);
        Self {
            ground,
            here,
            transport,
        }
    }
    fn of(kit: &TestKit, name: &str) -> Self {
        Self::over(kit, name, Transport::Udp)
    }
    fn say(&self, text: &str) -> &Self {
        let node = self.ground.node(self.transport).expect("a listener");
        self.ground
            .send(self.here, node, self.transport, text.as_bytes());
        self
    }
    fn hears(&self, patience: Duration) -> Option<String> {
        let received = self.ground.receive(patience)?;
        assert_eq!(received.at, self.here);
        Some(String::from_utf8(received.bytes).expect("text"))
    }
}

#[test]
fn time_goes_on_only_when_it_is_told() {
    let mut kit = put_together(TestKit::strict());
    let peer = Peer::of(&kit, "p");
    peer.say("wait");
    assert_eq!(peer.hears(NOW), None);
    kit.advance(millis(999));
    assert_eq!(peer.hears(NOW), None);
    kit.advance(millis(1));
    assert_eq!(peer.hears(NOW).as_deref(), Some("1 after a second"));
    assert_eq!(kit.ground().elapsed(), secs(1));
}

#[test]
fn who_waits_lets_time_go_on_as_far_as_needed() {
    let kit = put_together(TestKit::strict());
    let peer = Peer::of(&kit, "p");
    peer.say("wait");
    assert_eq!(peer.hears(hours(1)).as_deref(), Some("1 after a second"));
    assert_eq!(kit.ground().elapsed(), secs(1));
}

#[test]
fn strict_messages_wait_for_the_disk_and_others_do_not() {
    for (kit, after) in [
        (TestKit::strict(), millis(30)),
        (TestKit::relaxed(), NOW),
        (TestKit::none(), NOW),
    ] {
        let mut kit = put_together(kit);
        kit.set_sync_time(millis(30));
        let peer = Peer::of(&kit, "p");
        peer.say("a");
        assert_eq!(peer.hears(secs(1)).as_deref(), Some("1"));
        assert_eq!(kit.ground().elapsed(), after);
    }
}

#[test]
fn what_each_class_keeps_over_a_crash() {
    for (kit, wait, kept) in [
        (TestKit::strict(), NOW, 1),
        (TestKit::relaxed(), NOW, 0),
        (TestKit::relaxed(), millis(20), 1),
        (TestKit::none(), secs(1), 0),
    ] {
        let mut kit = put_together(kit);
        let peer = Peer::of(&kit, "p");
        peer.say("a");
        assert_eq!(peer.hears(NOW).as_deref(), Some("1"));
        kit.advance(wait);
        kit.crash_and_restart();
        assert_eq!(kit.states::<Counter>().len(), kept);
        peer.say("b");
        assert_eq!(peer.hears(NOW), Some((kept + 1).to_string()));
    }
}

#[test]
fn what_was_not_durable_was_not_said() {
    let mut kit = put_together(TestKit::strict());
    kit.set_sync_time(millis(30));
    let peer = Peer::of(&kit, "p");
    peer.say("a");
    kit.advance(millis(29));
    kit.crash_losing_unsynced();
    assert_eq!(peer.hears(secs(1)), None);
}

#[test]
fn a_timer_that_came_due_while_the_node_was_down_fires_at_the_start() {
    let mut kit = put_together(TestKit::strict());
    let peer = Peer::of(&kit, "p");
    peer.say("wait");
    kit.crash_and_restart_after(hours(2));
    assert_eq!(peer.hears(NOW).as_deref(), Some("1 after a second"));
}

#[test]
fn what_is_sent_to_a_node_that_is_down_is_lost() {
    let mut kit = put_together(TestKit::strict()).link(Link {
        delay: millis(10),
        ..Link::default()
    });
    let peer = Peer::of(&kit, "p");
    peer.say("a");
    kit.crash_and_restart_after(secs(1));
    assert_eq!(peer.hears(secs(1)), None);
    peer.say("b");
    assert_eq!(peer.hears(secs(1)).as_deref(), Some("1"));
}

#[test]
fn an_error_of_the_store_ends_the_process_and_a_restart_serves_again() {
    let mut kit = put_together(TestKit::strict());
    let peer = Peer::of(&kit, "p");
    peer.say("a");
    assert_eq!(peer.hears(NOW).as_deref(), Some("1"));
    kit.set_faults(Faults {
        capacity: Some(0),
        ..Faults::default()
    });
    peer.say("b");
    assert_eq!(peer.hears(secs(1)), None);
    assert!(kit.has_ended(), "{}", kit.ladder());
    kit.crash_and_restart();
    peer.say("c");
    assert_eq!(peer.hears(NOW).as_deref(), Some("2"));
}

#[test]
fn an_upgrade_takes_over_what_is_there() {
    let mut kit = put_together(TestKit::strict());
    let peer = Peer::of(&kit, "p");
    peer.say("a");
    assert_eq!(peer.hears(NOW).as_deref(), Some("1"));
    kit.upgrade_at_restart(ServiceDef::of::<toy::v2::Counter>());
    kit.crash_and_restart();
    peer.say("b");
    assert_eq!(peer.hears(NOW).as_deref(), Some("11"));
    let states = kit.states::<toy::v2::Counter>();
    assert_eq!(
        states,
        [toy::v2::Counter {
            count: 11,
            step: 10
        }]
    );
}

#[test]
fn what_went_wrong_is_told() {
    let kit = put_together(TestKit::strict());
    let peer = Peer::of(&kit, "p");
    peer.say("fail");
    assert_eq!(peer.hears(NOW), None);
    assert_eq!(kit.rolled_back(), ["counter: said rolled back: as asked"]);
    assert_eq!(kit.metrics().rollbacks, 1);
    assert!(kit.ladder().to_string().contains("as asked"));
}

#[test]
fn counts_go_back_to_nothing() {
    let kit = put_together(TestKit::strict());
    let peer = Peer::of(&kit, "p");
    peer.say("a");
    assert_eq!((kit.counts().activities, kit.counts().entities), (1, 1));
    peer.say("bye");
    assert_eq!((kit.counts().activities, kit.counts().entities), (0, 0));
}

#[test]
fn streams_keep_their_order_and_close_with_the_process() {
    let mut kit = put_together(TestKit::none()).link(Link {
        delay: millis(5),
        jitter: millis(50),
        ..Link::default()
    });
    let peer = Peer::over(&kit, "p", Transport::Tcp);
    for _ in 0..3 {
        peer.say("a");
        kit.advance(millis(60));
    }
    for n in ["1", "2", "3"] {
        assert_eq!(peer.hears(secs(1)).as_deref(), Some(n));
    }
    kit.crash_and_restart();
    assert_eq!(
        peer.hears(NOW).as_deref(),
        Some(""),
        "the connection is closed"
    );
    peer.say("a");
    assert_eq!(peer.hears(secs(1)).as_deref(), Some("1"));
}

#[test]
fn streams_arrive_in_pieces_when_they_are_to() {
    let kit = put_together(TestKit::none()).link(Link {
        segment: 2,
        ..Link::default()
    });
    let peer = Peer::over(&kit, "p", Transport::Tcp);
    peer.say("abcde");
    assert_eq!(kit.states::<Counter>(), [Counter { lines: 3 }]);
}

/// The ladder of some talk over a bad network.
fn talk(seed: u64) -> String {
    let mut kit = put_together(TestKit::strict().seed(seed)).link(Link {
        delay: millis(10),
        jitter: millis(40),
        loss: 200,
        duplicate: 200,
        segment: 0,
    });
    let peer = Peer::of(&kit, "p");
    for _ in 0..30 {
        peer.say("a");
        kit.advance(millis(7));
    }
    while peer.hears(secs(1)).is_some() {}
    kit.crash_and_restart();
    peer.say("b");
    kit.advance(secs(1));
    kit.ladder().to_string()
}

#[test]
fn the_same_seed_gives_the_same_run() {
    assert_eq!(talk(7), talk(7));
    assert_ne!(talk(7), talk(8));
    assert!(talk(7).contains("(lost)"));
}

#[test]
fn a_perfect_network_loses_nothing_and_a_dead_one_everything() {
    let kit = put_together(TestKit::none());
    let peer = Peer::of(&kit, "p");
    kit.set_link(Link {
        loss: 1000,
        ..Link::default()
    });
    peer.say("a");
    assert_eq!(peer.hears(secs(1)), None);
    kit.set_link(Link {
        duplicate: 1000,
        ..Link::default()
    });
    peer.say("a");
    let heard: Vec<_> = std::iter::from_fn(|| peer.hears(NOW)).collect();
    assert_eq!(heard, ["1", "1", "2", "2"]);
}
