//! The scripted peers, on a ground without a node: two of them speak to each other.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use strowger::ra::Transport;
use strowger_sip::testkit::{Call, SipPeers};
use strowger_testkit::{Ground, Received};

const ALICE: &str = "sip:alice@a.example";
const BOB: &str = "sip:bob@b.example";

/// Loses as many datagrams as it is told, from the next one on.
#[derive(Default)]
struct Wire {
    names: RefCell<BTreeMap<String, SocketAddr>>,
    queue: RefCell<VecDeque<Received>>,
    time: Cell<Duration>,
    unique: Cell<u64>,
    lose: Cell<u32>,
    sent: Cell<u32>,
}

impl Ground for Wire {
    fn node(&self, _transport: Transport) -> Option<SocketAddr> {
        Some(self.peer("b.example"))
    }
    fn peer(&self, name: &str) -> SocketAddr {
        let mut names = self.names.borrow_mut();
        let next = SocketAddr::from(([192, 0, 2, 1 + names.len() as u8], 5060));
        *names.entry(name.to_owned()).or_insert(next)
    }
    fn send(&self, from: SocketAddr, at: SocketAddr, transport: Transport, bytes: &[u8]) {
        self.sent.set(self.sent.get() + 1);
        if self.lose.get() > 0 {
            self.lose.set(self.lose.get() - 1);
            return;
        }
        // Streams come in pieces.
        let size = if transport == Transport::Tcp {
            7
        } else {
            bytes.len()
        };
        for piece in bytes.chunks(size) {
            let bytes = piece.to_vec();
            self.queue.borrow_mut().push_back(Received {
                at,
                from,
                transport,
                bytes,
            });
        }
    }
    fn receive(&self, patience: Duration) -> Option<Received> {
        let received = self.queue.borrow_mut().pop_front();
        if received.is_none() {
            self.time.set(self.time.get() + patience);
        }
        received
    }
    fn close(&self, _peer: SocketAddr) {}
    fn elapsed(&self) -> Duration {
        self.time.get()
    }
    fn unique(&self) -> u64 {
        self.unique.set(self.unique.get() + (1 << 33) + 1);
        self.unique.get()
    }
    fn context(&self) -> String {
        "nothing more is known".to_owned()
    }
}

fn peers() -> (Rc<Wire>, SipPeers) {
    let wire = Rc::new(Wire::default());
    (Rc::clone(&wire), SipPeers::on(wire))
}

fn up(sip: &SipPeers) -> (Call, Call) {
    let alice = sip.invite(ALICE, BOB);
    let bob = sip.expect_invite(BOB).ring().answer();
    alice.expect(180).expect(200);
    bob.expect_ack();
    (alice, bob)
}

#[test]
fn a_call_with_everything_in_it() {
    for tcp in [false, true] {
        let (_, sip) = peers();
        let sip = if tcp { sip.tcp() } else { sip };
        let (alice, bob) = up(&sip);
        bob.reinvite();
        alice.expect_reinvite().answer();
        bob.expect(200);
        alice.expect_ack();
        alice.request("INFO", &["X-A: b"], b"");
        bob.expect_request("INFO");
        assert_eq!(bob.header("x-a").as_deref(), Some("b"));
        bob.respond(200);
        alice.expect(200);
        bob.bye();
        alice.expect_bye();
        bob.expect(200);
    }
}

#[test]
fn a_call_that_is_given_up() {
    let (_, sip) = peers();
    let alice = sip.invite(ALICE, BOB);
    let bob = sip.expect_invite(BOB).ring();
    alice.expect(180).cancel();
    bob.expect_cancel();
    alice.expect(487);
    bob.expect_ack();
}

#[test]
fn what_is_lost_is_sent_again() {
    for lose in 1..4 {
        let (wire, sip) = peers();
        wire.lose.set(lose);
        let alice = sip.invite(ALICE, BOB);
        let bob = sip.expect_invite(BOB);
        wire.lose.set(lose);
        bob.answer();
        alice.ack_later().expect(200);
        wire.lose.set(lose);
        alice.ack(b"");
        bob.expect_ack();
        wire.lose.set(lose);
        alice.bye();
        bob.expect_bye();
        alice.expect(200);
    }
}

#[test]
fn copies_are_answered_and_not_shown() {
    let (wire, sip) = peers();
    let alice = sip.invite(ALICE, BOB);
    let bob = sip.expect_invite(BOB).respond(486);
    alice.expect(486);
    bob.expect_ack();
    let sent = wire.sent.get();
    alice.expect_nothing(Duration::from_secs(40));
    bob.expect_nothing(Duration::from_secs(40));
    assert_eq!(wire.sent.get(), sent);
}

#[test]
#[should_panic(
    expected = "sip:alice@a.example: expected 180 to INVITE, but got SIP/2.0 486 Busy Here"
)]
fn what_is_not_expected_is_told() {
    let (_, sip) = peers();
    let alice = sip.invite(ALICE, BOB);
    sip.expect_invite(BOB).respond(486);
    alice.expect(180);
}

#[test]
#[should_panic(expected = "sip:alice@a.example: expected 200 to INVITE, but nothing came")]
fn what_does_not_come_is_told() {
    let (_, sip) = peers();
    sip.invite(ALICE, BOB).expect(200);
}
