//! The same scenarios twice: in the test kit, in virtual time, and before a running node whose process is killed.

use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use strowger_interop::ground::Sockets;
use strowger_interop::node::{Node, NodeSpec};
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
    }
}
