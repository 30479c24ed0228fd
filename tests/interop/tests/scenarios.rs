//! The same scenarios twice: in the test kit, in virtual time, and before a running node whose process is killed.

use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use strowger::prelude::{millis, secs};
use strowger_interop::ground::Sockets;
use strowger_interop::node::{FAULTY, Node, NodeSpec};
use strowger_interop::runs::expect_empty;
use strowger_sip::testkit::{SipPeers, SipTestKit};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";

/// A call through the B2BUA with everything in it, which the death of the node's process does not end.
fn a_call_that_outlives_its_process(sip: &SipPeers, callee: &str, mut restart: impl FnMut()) {
    sip.open(callee);
    let alice = sip.invite(ALICE, "2001");
    let bob = sip.expect_invite(callee).ring();
    alice.expect(180);
    bob.answer();
    alice.expect(200);
    bob.expect_ack();
    bob.reinvite();
    alice.expect_reinvite().answer();
    bob.expect(200);
    alice.expect_ack();
    restart();
    alice.request("INFO", &["Content-Type: text/plain"], b"still there?");
    bob.expect_request("INFO").respond(200);
    alice.expect(200);
    bob.bye().expect(200);
    alice.expect_bye();
}

/// A caller who gives up while it rings.
fn a_call_that_is_given_up(sip: &SipPeers, callee: &str) {
    sip.open(callee);
    let alice = sip.invite(ALICE, "2002");
    let bob = sip.expect_invite(&callee.replace("2001", "2002")).ring();
    alice.expect(180).cancel();
    bob.expect_cancel();
    alice.expect(487);
}

/// Both sides make an offer at once. Each is answered with 491 and makes it again, the one who has not made the Call-ID
/// first (RFC 3261 14.1, 14.2).
fn both_offer_at_once(sip: &SipPeers, callee: &str) {
    let callee = callee.replace("2001", "2003");
    sip.open(&callee);
    let alice = sip.invite(ALICE, "2003");
    let bob = sip.expect_invite(&callee).ring();
    alice.expect(180);
    bob.answer();
    alice.expect(200);
    bob.expect_ack();
    alice.reinvite();
    bob.expect_reinvite();
    bob.reinvite();
    bob.expect(491);
    bob.respond(491).expect_ack();
    alice.expect(491);
    // Between 0 and 2 s, and between 2.1 and 4 s.
    alice.expect_nothing(secs(1));
    bob.reinvite();
    alice.expect_reinvite().answer();
    bob.expect(200);
    alice.expect_ack();
    bob.expect_nothing(millis(1_100));
    alice.reinvite();
    bob.expect_reinvite().answer();
    alice.expect(200);
    bob.expect_ack();
    alice.bye().expect(200);
    bob.expect_bye();
}

/// A service that fails in a handler: 500 to whom waits for an answer, and the call goes on or leaves nothing.
fn a_service_that_fails(sip: &SipPeers) {
    sip.invite(ALICE, "panics").expect(500);
    let alice = sip.invite(ALICE, "rings").expect(180);
    alice.expect_nothing(secs(1));
    alice.cancel().expect(487);
    let alice = sip.invite(ALICE, "plain").expect(200);
    let info = ["Content-Type: text/plain"];
    alice.request("INFO", &info, b"fail").expect(500);
    alice.reinvite().expect(500);
    alice.bye().expect(200);
    let alice = sip.invite(ALICE, "plain").expect(200);
    // A call that its caller has ended is over, whatever the service does.
    alice
        .request("BYE", &["Reason: SIP;cause=200"], b"")
        .expect(200);
}

/// How many times it fails.
const FAILURES: u64 = 5;

#[test]
fn a_service_that_fails_in_the_test_kit() {
    let mut slee = TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service(strowger_interop::faulty::service());
    a_service_that_fails(&slee.sip());
    assert_eq!(
        slee.rolled_back().len() as u64,
        FAILURES,
        "{}",
        slee.ladder()
    );
    slee.advance(secs(40));
    let counts = slee.counts();
    let left = (counts.activities, counts.entities, counts.timers);
    assert_eq!(left, (0, 0, 0), "{}", slee.ladder());
}

#[test]
fn a_service_that_fails_before_a_running_node() {
    let host = Ipv4Addr::new(127, 0, 0, 93);
    let data = tempfile::tempdir().expect("a directory");
    let mut spec = NodeSpec::new(host, &data.path().join("node"));
    spec.binary = FAULTY;
    spec.whole = Some(format!(
        "[node]\ndata_dir = \"{}\"\n[adaptors.sip]\n[adaptors.sip.settings.listeners.udp]\n\
         transport = \"udp\"\nbind = \"{}\"\n[services.faulty]\n",
        spec.data.display(),
        spec.sip,
    ));
    let node = Node::start(&spec).expect("the node starts");
    let peers = Sockets::before(spec.sip, Ipv4Addr::new(127, 9, 93, 0));
    a_service_that_fails(&SipPeers::on(Rc::new(peers)).patience(secs(10)));
    let status = node.status().expect("its status");
    assert_eq!(
        status["kernel"]["panics"].as_u64(),
        Some(FAILURES),
        "{status}"
    );
    assert_eq!(status["kernel"]["rollbacks"].as_u64(), Some(FAILURES));
    expect_empty(&node, secs(60)).expect("nothing is left");
}

#[test]
fn in_the_test_kit() {
    for tcp in [false, true] {
        let mut slee = TestKit::strict()
            .adaptor(strowger_sip::adaptor())
            .service(strowger_b2bua::service());
        let sip = if tcp { slee.sip().tcp() } else { slee.sip() };
        let callee = "sip:2001@127.0.0.1:5070";
        a_call_that_outlives_its_process(&sip, callee, || slee.crash_and_restart());
        a_call_that_is_given_up(&sip, callee);
        both_offer_at_once(&sip, callee);
    }
}

#[test]
fn before_a_running_node() {
    for (tcp, last) in [(false, 91), (true, 92)] {
        let host = Ipv4Addr::new(127, 0, 0, last);
        let data = tempfile::tempdir().expect("a directory");
        let spec = NodeSpec::new(host, &data.path().join("node"));
        let mut node = Some(Node::start(&spec).expect("the node starts"));
        let peers = Sockets::before(
            SocketAddr::from((host, 5060)),
            Ipv4Addr::new(127, 9, last, 0),
        );
        let sip = SipPeers::on(Rc::new(peers)).patience(Duration::from_secs(10));
        let sip = if tcp { sip.tcp() } else { sip };
        let callee = format!("sip:2001@{host}:5070");
        a_call_that_outlives_its_process(&sip, &callee, || {
            if let Some(node) = node.take() {
                node.kill().expect("the node is killed");
            }
            node = Some(Node::start(&spec).expect("the node starts again"));
        });
        a_call_that_is_given_up(&sip, &callee);
        both_offer_at_once(&sip, &callee);
    }
}
