//! A back-to-back service of a few lines on the adaptor, in virtual time: reliable provisional responses from end to end,
//! calls that ring while the node dies, session timers.

use std::time::Duration;

use strowger::prelude::*;
use strowger_sip::proto::wire::HeaderId;
use strowger_sip::testkit::{SipTestKit, sdp};
use strowger_sip::{self as sip, Dialog, SessionTimer, Sip};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";
const BOB: &str = "sip:bob@b.example";

#[derive(Debug, Default, State)]
struct Joined {
    legs: Option<(Handle<Dialog>, Handle<Dialog>)>,
}

#[sbb(name = "joined", vendor = "test", version = "1.0")]
impl Joined {
    #[on(initial)]
    fn invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        Aci(caller): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        let callee = ev
            .forward_to(sip.target(ev)?)
            .relay_reliable()
            .early_durable()
            .session_timer(SessionTimer::new(Duration::from_secs(600)));
        let callee = sip.invite(cx, callee)?;
        cx.attach(callee);
        self.legs = Some((caller, callee));
        Ok(())
    }

    #[on]
    fn response(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Response,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        let Some(to) = self.other(from) else {
            return Ok(());
        };
        let reply = sip::Reply::passing(ev).early_durable();
        sip.relay_as(cx, ev, to, reply)
    }

    #[on]
    fn prack(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Prack,
        Aci(from): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        match self.other(from) {
            Some(to) => sip.relay_request(cx, ev, to),
            None => Ok(()),
        }
    }

    #[on]
    fn cancel(&mut self, cx: &mut Cx, ev: &sip::Cancel, sip: Ra<Sip>) -> Result {
        sip.accept_cancel(cx, ev)?;
        match self.legs {
            Some((_, callee)) => sip.bye(cx, callee),
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
        match self.other(leg) {
            Some(other) => sip.bye(cx, other),
            None => Ok(()),
        }
    }
}

impl Joined {
    fn other(&self, leg: Handle<Dialog>) -> Option<Handle<Dialog>> {
        let (caller, callee) = self.legs?;
        Some(if leg == caller { callee } else { caller })
    }
}

fn kit() -> TestKit {
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service(ServiceDef::of::<Joined>())
}

fn assert_all_gone(slee: &mut TestKit) {
    slee.advance(Duration::from_secs(70));
    let counts = slee.counts();
    let left = (counts.activities, counts.entities, counts.events);
    assert_eq!(left, (0, 0, 0), "left behind:\n{}", slee.ladder());
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn reliable_responses_and_their_pracks_go_from_end_to_end() {
    let mut slee = kit();
    let lines = ["Supported: 100rel"];
    let offer = sdp([192, 0, 2, 1].into(), 4000);
    let alice = slee.sip().request("INVITE", ALICE, BOB, &lines, &offer);
    let bob = slee.sip().expect_invite(BOB);
    assert!(bob.last().lists(HeaderId::Supported, b"100rel"));
    bob.respond_reliably(183, 7, &offer);
    alice.expect(183);
    assert_eq!(alice.header("Require").as_deref(), Some("100rel"));
    // The PRACK of the one is answered by the other.
    let rseq = alice.header("RSeq").unwrap_or_default();
    let rack = format!("RAck: {rseq} 1 INVITE");
    alice.request("PRACK", &[&rack], b"");
    bob.expect_request("PRACK");
    assert_eq!(bob.header("RAck").as_deref(), Some("7 1 INVITE"));
    bob.respond_with(200, &["X-From: bob"], b"")
        .back_to_invite();
    alice.expect(200);
    assert_eq!(alice.header("X-From").as_deref(), Some("bob"));
    alice.back_to_invite();
    bob.answer();
    alice.expect(200);
    bob.expect_ack();
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_call_that_rings_is_answered_after_the_node_has_died() {
    let mut slee = kit();
    let alice = slee.sip().invite(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB).ring();
    alice.expect(180);
    slee.crash_and_restart_after(Duration::from_secs(5));
    bob.answer();
    alice.expect(200);
    bob.expect_ack();
    bob.bye().expect(200);
    alice.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_call_that_rings_is_given_up_after_the_node_has_died() {
    for refused in [false, true] {
        let mut slee = kit();
        let alice = slee.sip().invite(ALICE, BOB);
        let bob = slee.sip().expect_invite(BOB).ring();
        alice.expect(180);
        slee.crash_and_restart();
        if refused {
            bob.respond(486);
            alice.expect(486);
        } else {
            alice.cancel().expect(487);
            bob.expect_cancel();
        }
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_reliable_response_is_acknowledged_across_the_death_of_the_node() {
    let mut slee = kit();
    let offer = sdp([192, 0, 2, 1].into(), 4000);
    let lines = ["Supported: 100rel"];
    let alice = slee.sip().request("INVITE", ALICE, BOB, &lines, &offer);
    let bob = slee.sip().expect_invite(BOB);
    bob.respond_reliably(183, 1, &offer);
    alice.expect(183);
    slee.crash_and_restart();
    alice.prack(b"");
    bob.answer();
    alice.expect(200);
    bob.expect_ack();
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_session_is_refreshed_on_one_leg_alone() {
    let mut slee = kit();
    let alice = slee.sip().invite(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB);
    let lines = ["Session-Expires: 600;refresher=uac", "Allow: UPDATE"];
    bob.respond_with(200, &lines, &bob.default_sdp());
    alice.expect(200);
    bob.expect_ack();
    slee.advance(Duration::from_secs(301));
    bob.expect_request("UPDATE");
    let agreed = bob.header("Session-Expires");
    assert_eq!(agreed.as_deref(), Some("600;refresher=uac"));
    bob.respond_with(200, &["Session-Expires: 600;refresher=uac"], b"");
    alice.expect_nothing(Duration::from_secs(1));
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}
