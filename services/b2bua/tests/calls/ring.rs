//! Several places for one call: the contacts of a registered user, and where it is forwarded to.

use super::*;
use strowger_sip::{self as sip, Aor, Registrar, Registration, ServerTx, Sip};

const OFFICE: &str = "sip:100@office.example";
const DESK: &str = "sip:100@192.0.2.105:5060";
const MOBILE: &str = "sip:100@192.0.2.106:5060";

/// As little of a registrar as these tests need.
#[derive(Debug, Default, State)]
struct Clerk {}

#[sbb(name = "clerk", vendor = "strowger", version = "1.0")]
impl Clerk {
    #[on(initial)]
    fn register(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Register,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
    ) -> Result {
        let aor = Aor::parse(ev.message().to()?.uri_raw)?;
        if let sip::Registered::Bound(registration) =
            sip.register(cx, ev, &aor, &Registrar::default())?
        {
            cx.attach(registration);
        }
        Ok(())
    }

    #[on]
    fn gone(&mut self, _: &mut Cx, _: &sip::Unregistered, _: Aci<Registration>) {}
}

/// User 100 is at a desk and, less lately, at a mobile phone.
fn office(routes: Vec<Route>, ringing: Ringing) -> TestKit {
    let mut slee = TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service(ServiceDef::of::<Clerk>())
        .service_with(
            service(),
            Settings {
                routes,
                ringing,
                domain: Some("office.example".to_owned()),
                no_answer: secs(20),
                ..Settings::default()
            },
        );
    for contact in [MOBILE, DESK] {
        slee.sip()
            .request(
                "REGISTER",
                contact,
                OFFICE,
                &["Expires: 7200", &format!("Contact: <{contact}>")],
                b"",
            )
            .expect(200);
        slee.advance(secs(1));
    }
    slee
}

fn registered() -> Vec<Route> {
    vec![Route {
        registered: true,
        ..Route::default()
    }]
}

/// Nothing is left but the registrations.
fn assert_calls_gone(slee: &mut TestKit) {
    slee.advance(secs(40));
    assert_eq!(slee.states::<B2bua>().len(), 0, "{}", slee.ladder());
    assert_eq!(slee.counts().activities, 1, "{}", slee.ladder());
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn contacts_ring_together_and_the_first_that_answers_has_the_call() {
    for crash in [false, true] {
        let mut slee = office(registered(), Ringing::Parallel);
        let alice = slee.sip().invite(ALICE, OFFICE);
        let desk = slee.sip().expect_invite(DESK).ring();
        let mobile = slee.sip().expect_invite(MOBILE).ring();
        alice.expect(180);
        mobile.answer();
        alice.expect(200);
        mobile.expect_ack();
        desk.expect_request("CANCEL").respond(200);
        assert!(
            desk.header("Reason")
                .is_some_and(|reason| reason.contains("cause=200"))
        );
        if crash {
            slee.crash_and_restart();
        }
        mobile.bye().expect(200);
        alice.expect_bye();
        assert_calls_gone(&mut slee);
    }
}

/// The loser's answer crosses its CANCEL: it is acknowledged and ended, and disturbs nobody.
#[test]
fn two_contacts_that_answer_at_once() {
    let mut slee = office(registered(), Ringing::Parallel);
    slee.set_link(Link {
        delay: millis(30),
        ..Link::default()
    });
    let alice = slee.sip().invite(ALICE, OFFICE);
    let desk = slee.sip().expect_invite(DESK).ring();
    let mobile = slee.sip().expect_invite(MOBILE).ring();
    alice.expect(180);
    desk.answer();
    mobile.answer();
    alice.expect(200);
    mobile.expect_ack();
    desk.expect_ack();
    mobile.expect_bye();
    alice.bye().expect(200);
    desk.expect_bye();
    assert_calls_gone(&mut slee);
}

#[test]
fn early_media_of_several_contacts_stays_outside() {
    let mut slee = office(registered(), Ringing::Parallel);
    let alice = slee.sip().invite(ALICE, OFFICE);
    let desk = slee.sip().expect_invite(DESK).progress();
    let mobile = slee.sip().expect_invite(MOBILE);
    alice.expect(183);
    assert!(alice.body().is_empty());
    mobile.respond(486);
    // With one left it is a call like any other.
    slee.advance(millis(10));
    desk.respond_with(182, &[], b"v=0\r\nearly");
    alice.expect(182);
    assert_eq!(alice.body(), &b"v=0\r\nearly"[..]);
    desk.answer();
    alice.expect(200).bye().expect(200);
    desk.expect_bye();
    assert_calls_gone(&mut slee);
}

#[test]
fn of_several_refusals_the_caller_gets_the_best() {
    for (first, second, got) in [(486, 503, 486), (503, 404, 404), (480, 486, 480)] {
        let mut slee = office(registered(), Ringing::Parallel);
        let alice = slee.sip().invite(ALICE, OFFICE);
        let mobile = slee.sip().expect_invite(MOBILE);
        slee.sip().expect_invite(DESK).respond(first);
        slee.advance(secs(1));
        mobile.respond(second);
        alice.expect(got);
        assert_calls_gone(&mut slee);
    }
}

/// RFC 3261 16.7: 6xx is the last word of all.
#[test]
fn a_global_refusal_ends_the_ringing_elsewhere() {
    let mut slee = office(registered(), Ringing::Parallel);
    let alice = slee.sip().invite(ALICE, OFFICE);
    let mobile = slee.sip().expect_invite(MOBILE).ring();
    slee.sip().expect_invite(DESK).respond(603);
    alice.expect(603);
    mobile.expect_cancel();
    assert_calls_gone(&mut slee);
}

#[test]
fn contacts_ring_one_after_the_other() {
    let mut slee = office(registered(), Ringing::Serial);
    let alice = slee.sip().invite(ALICE, OFFICE);
    let desk = slee.sip().expect_invite(DESK).ring();
    alice.expect(180);
    slee.advance(secs(19));
    let early = slee.sip().patience(Duration::ZERO).find_invite(MOBILE);
    assert!(early.is_none(), "{}", slee.ladder());
    slee.advance(secs(1));
    desk.expect_cancel();
    let mobile = slee.sip().expect_invite(MOBILE).answer();
    alice.expect(200);
    mobile.expect_ack();
    alice.bye().expect(200);
    mobile.expect_bye();
    assert_calls_gone(&mut slee);
}

#[test]
fn the_caller_gives_up_while_several_ring() {
    for crash in [false, true] {
        let mut slee = office(registered(), Ringing::Parallel);
        let alice = slee.sip().invite(ALICE, OFFICE);
        let desk = slee.sip().expect_invite(DESK).ring();
        let mobile = slee.sip().expect_invite(MOBILE).ring();
        alice.expect(180);
        if crash {
            slee.crash_and_restart();
            drop(alice.cancel().next_response(secs(1)));
            slee.advance(minutes(4));
        } else {
            alice.cancel();
            desk.expect_cancel();
            mobile.expect_cancel();
            alice.expect(487);
        }
        assert_calls_gone(&mut slee);
    }
}

#[test]
fn who_is_not_registered_is_not_there() {
    let mut slee = office(registered(), Ringing::Parallel);
    slee.sip()
        .invite(ALICE, "sip:101@office.example")
        .expect(480);
    assert_calls_gone(&mut slee);
}

#[test]
fn a_busy_callee_and_one_that_does_not_answer_are_forwarded_for() {
    let route = Route {
        on_busy: Some(place(CAROL)),
        on_no_answer: Some(place(DAVE)),
        no_answer: Some(secs(10)),
        registered: true,
        ..Route::default()
    };
    for (busy, target) in [(true, CAROL), (false, DAVE)] {
        let mut slee = office(vec![route.clone()], Ringing::Parallel);
        slee.sip().open(target);
        let alice = slee.sip().invite(ALICE, OFFICE);
        let desk = slee.sip().expect_invite(DESK).ring();
        let mobile = slee.sip().expect_invite(MOBILE).ring();
        alice.expect(180);
        if busy {
            desk.respond(486);
            mobile.respond(486);
        } else {
            slee.advance(secs(10));
            desk.expect_cancel();
            mobile.expect_cancel();
        }
        let there = slee.sip().expect_invite(target);
        let cause = if busy { "cause%3D486" } else { "cause%3D408" };
        let history = there.header("History-Info").unwrap_or_default();
        assert!(history.contains("100@"), "{history}");
        let all = String::from_utf8_lossy(there.last().as_bytes()).into_owned();
        assert!(all.contains(cause), "{all}");
        there.answer();
        alice.expect(200);
        there.expect_ack();
        slee.crash_and_restart();
        there.bye().expect(200);
        alice.expect_bye();
        assert_calls_gone(&mut slee);
    }
}

#[test]
fn a_call_is_forwarded_once() {
    let mut slee = with(Settings {
        routes: vec![Route {
            on_busy: Some(place(CAROL)),
            on_no_answer: Some(place(CAROL)),
            ..anywhere()
        }],
        ..Settings::default()
    });
    slee.sip().open(CAROL);
    let alice = slee.sip().invite(ALICE, BOB);
    slee.sip().expect_invite(BOB).respond(486);
    slee.sip().expect_invite(CAROL).respond(486);
    alice.expect(486);
    assert_all_gone(&mut slee);
}

/// RFC 3261 26.2.2: who is called by `sips` is not called where nothing is encrypted.
#[test]
fn a_sips_call_does_not_ring_phones_without_encryption() {
    let mut slee = office(registered(), Ringing::Parallel);
    slee.sip().open(DESK);
    slee.sip().open(MOBILE);
    slee.sip()
        .invite(ALICE, "sips:100@127.0.0.1:5060")
        .expect(480);
    for phone in [DESK, MOBILE] {
        let reached = slee.sip().patience(secs(1)).find_invite(phone);
        assert!(reached.is_none(), "{}", slee.ladder());
    }
    assert_calls_gone(&mut slee);
}
