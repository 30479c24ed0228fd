//! A service that keeps the branches of a forked call apart, on the adaptor in virtual time.

use std::time::Duration;

use strowger::prelude::*;
use strowger_sip::testkit::SipTestKit;
use strowger_sip::{self as sip, Dialog, Sip};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";
const BOB: &str = "sip:bob@b.example";

/// Relays what every branch says to the caller, and joins the caller with the one that answers.
#[derive(Debug, Default, State)]
struct Hunting {
    caller: Option<Handle<Dialog>>,
    branches: Vec<Handle<Dialog>>,
    callee: Option<Handle<Dialog>>,
}

#[sbb(name = "hunting", vendor = "test", version = "1.0")]
impl Hunting {
    #[on(initial)]
    fn invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        Aci(caller): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        let outgoing = ev.forward_to(sip.target(ev)?).reliable().early_durable();
        let first = sip.invite(cx, outgoing.forks())?;
        cx.attach(first);
        self.caller = Some(caller);
        self.branches.push(first);
        Ok(())
    }

    #[on]
    fn forked(&mut self, cx: &mut Cx, ev: &sip::Forked, sip: Ra<Sip>) -> Result {
        cx.attach(ev.dialog());
        self.branches.push(ev.dialog());
        self.told(cx, ev.response(), ev.dialog(), sip)
    }

    #[on]
    fn response(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Response,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        self.told(cx, ev, from, sip)
    }

    #[on]
    fn cancel(&mut self, cx: &mut Cx, ev: &sip::Cancel, sip: Ra<Sip>) -> Result {
        sip.accept_cancel(cx, ev)?;
        match self.branches.first() {
            Some(first) => sip.bye(cx, *first),
            None => Ok(()),
        }
    }

    #[on]
    fn ended(
        &mut self,
        cx: &mut Cx,
        _ev: &ActivityEnd,
        Aci(leg): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        let other = if self.caller == Some(leg) {
            self.callee
        } else if self.callee == Some(leg) {
            self.caller
        } else {
            None
        };
        match other {
            Some(other) => sip.bye(cx, other),
            None => Ok(()),
        }
    }
}

impl Hunting {
    fn told(
        &mut self,
        cx: &mut Cx,
        said: &sip::Response,
        from: Handle<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        if (200..300).contains(&said.status()) && self.callee.is_none() {
            self.callee = Some(from);
        }
        match self.caller {
            Some(caller) => {
                sip.relay_as(cx, said, caller, sip::Reply::passing(said).early_durable())
            }
            None => Ok(()),
        }
    }
}

fn kit() -> TestKit {
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service(ServiceDef::of::<Hunting>())
}

fn assert_all_gone(slee: &mut TestKit) {
    slee.advance(Duration::from_secs(70));
    let counts = slee.counts();
    let left = (counts.activities, counts.entities, counts.events);
    assert_eq!(left, (0, 0, 0), "left behind:\n{}", slee.ladder());
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn a_branch_that_answers_is_the_call_and_the_others_end() {
    for first in [true, false] {
        let mut slee = kit();
        let alice = slee.sip().invite(ALICE, BOB);
        let bob = slee.sip().expect_invite(BOB);
        let desk = bob.branch();
        bob.ring();
        alice.expect(180);
        desk.respond_reliably(183, 4, b"");
        alice.expect(183);
        desk.expect_prack();
        bob.respond_reliably(180, 4, b"");
        bob.expect_prack();
        let (winner, loser) = if first { (&bob, &desk) } else { (&desk, &bob) };
        winner.answer();
        alice.expect(200);
        winner.expect_ack();
        // Too late: acknowledged and ended by the adaptor.
        loser.answer();
        loser.expect_ack().expect_bye();
        winner.bye().expect(200);
        alice.expect_bye();
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_branch_whose_first_word_is_its_answer_is_the_call() {
    let mut slee = kit();
    let alice = slee.sip().invite(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB);
    let desk = bob.branch();
    bob.ring();
    alice.expect(180);
    desk.answer();
    alice.expect(200);
    desk.expect_ack();
    slee.crash_and_restart();
    alice.bye().expect(200);
    desk.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_caller_that_gives_up_gives_up_every_branch() {
    let mut slee = kit();
    let alice = slee.sip().invite(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB);
    bob.ring();
    bob.branch().ring();
    alice.cancel().expect(487);
    bob.expect_cancel();
    assert_all_gone(&mut slee);
}

#[test]
fn branches_end_with_their_node_and_begin_again_when_they_speak() {
    for first in [true, false] {
        let mut slee = kit();
        let alice = slee.sip().invite(ALICE, BOB);
        let bob = slee.sip().expect_invite(BOB);
        let desk = bob.branch();
        bob.ring();
        alice.expect(180);
        desk.respond_reliably(183, 4, b"");
        alice.expect(183);
        desk.expect_request("PRACK").respond(200);
        let before = number(&desk.last());
        desk.back_to_invite();
        slee.crash_and_restart();
        desk.respond_reliably(183, 5, b"");
        desk.expect_request("PRACK").respond(200);
        assert!(number(&desk.last()) > before, "the CSeq goes on upward");
        desk.back_to_invite();
        let winner = if first { &bob } else { &desk };
        winner.answer();
        alice.expect(200);
        winner.expect_ack();
        alice.bye().expect(200);
        winner.expect_bye();
        assert_all_gone(&mut slee);
    }
}

fn number(request: &strowger_sip::proto::wire::Message) -> u32 {
    request.cseq().map_or(0, |cseq| cseq.number)
}
