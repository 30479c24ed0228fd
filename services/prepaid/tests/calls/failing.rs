//! A charging server that is slow, busy, away or wrong.

use super::*;

const CCR: &strowger_diameter::proto::dict::CommandDef = &credit::CREDIT_CONTROL_COMMAND;

fn handling(handling: Handling) -> Settings {
    Settings {
        failure_handling: handling,
        ..prepaid()
    }
}

#[test]
fn the_invite_waits_and_a_cancel_gets_through() {
    let (mut slee, ocs) = scripted(prepaid());
    let alice = slee.sip().invite(ALICE, BOB);
    let asked = ocs.expect(CCR);
    assert_eq!(number(asked.message(), &credit::CC_REQUEST_TYPE), Some(1));
    slee.advance(secs(3));
    alice.cancel();
    alice.expect(487);
    asked.answer_with(2001, |m| grant(m, asked.message(), 60));
    let last = ocs.expect(CCR);
    assert_eq!(number(last.message(), &credit::CC_REQUEST_TYPE), Some(3));
    assert_eq!(number(last.message(), &credit::CC_REQUEST_NUMBER), Some(1));
    assert_eq!(used(last.message()), Some(0));
    last.answer_with(2001, |m| grant(m, last.message(), 0));
    assert_all_gone(&mut slee);
    assert!(
        !slee.ladder().to_string().contains("b.example"),
        "{}",
        slee.ladder()
    );
}

#[test]
fn a_server_that_does_not_answer_refuses_calls_or_lets_them_go_as_configured() {
    for (way, status) in [
        (Handling::Terminate, Some(503)),
        (Handling::Continue, None),
        (Handling::RetryAndTerminate, None),
    ] {
        let (mut slee, ocs) = scripted(handling(way));
        let alice = slee.sip().invite(ALICE, BOB);
        let _asked = ocs.expect(CCR);
        slee.advance(millis(10_100));
        match status {
            Some(status) => {
                alice.expect(status);
            }
            None => {
                slee.sip().expect_invite(BOB).respond(486);
                alice.expect(486);
            }
        }
        slee.advance(secs(4_000));
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_server_that_is_busy_or_fails_refuses_calls_or_lets_them_go_as_configured() {
    for result in [3004, 5012, 5031] {
        for way in [Handling::Terminate, Handling::Continue] {
            let (mut slee, ocs) = scripted(handling(way));
            let alice = slee.sip().invite(ALICE, BOB);
            let asked = ocs.expect(CCR);
            asked.answer_with(result, |m| grant(m, asked.message(), 0));
            if way == Handling::Continue {
                slee.sip().expect_invite(BOB).respond(486);
                alice.expect(486);
            } else {
                alice.expect(503);
            }
            assert_all_gone(&mut slee);
        }
    }
}

#[test]
fn a_denial_is_a_denial_whatever_is_configured() {
    for (result, status) in [(4010, 403), (4012, 402), (5030, 403)] {
        let (mut slee, ocs) = scripted(handling(Handling::Continue));
        let alice = slee.sip().invite(ALICE, BOB);
        let asked = ocs.expect(CCR);
        asked.answer_with(result, |m| grant(m, asked.message(), 0));
        alice.expect(status);
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_call_that_needs_no_control_goes_on_for_ever() {
    let (mut slee, ocs) = scripted(prepaid());
    let alice = slee.sip().invite(ALICE, BOB);
    let asked = ocs.expect(CCR);
    asked.answer_with(4011, |m| grant(m, asked.message(), 0));
    let bob = slee.sip().expect_invite(BOB).answer();
    alice.expect(200);
    bob.expect_ack();
    slee.advance(hours(3));
    alice.bye().expect(200);
    bob.expect_bye();
    ocs.expect_nothing();
    assert_all_gone(&mut slee);
}

#[test]
fn the_end_of_a_call_is_told_until_the_server_has_heard_it() {
    let (mut slee, ocs) = scripted(prepaid());
    let alice = slee.sip().invite(ALICE, BOB);
    let asked = ocs.expect(CCR);
    asked.answer_with(2001, |m| grant(m, asked.message(), 60));
    let bob = slee.sip().expect_invite(BOB).answer();
    alice.expect(200);
    bob.expect_ack();
    slee.advance(millis(7_200));
    alice.bye().expect(200);
    bob.expect_bye();
    let first = ocs.expect(CCR);
    first.answer_with(3004, |m| grant(m, first.message(), 0));
    slee.crash_and_restart_after(secs(5));
    ocs.expect_up();
    let again = ocs.expect(CCR);
    assert!(again.message().header().is_retransmit());
    assert_eq!(number(again.message(), &credit::CC_REQUEST_NUMBER), Some(1));
    assert_eq!(used(again.message()), Some(8));
    assert_eq!(again.message().session_id(), first.message().session_id());
    again.answer_with(2001, |m| grant(m, again.message(), 0));
    assert_all_gone(&mut slee);
    ocs.expect_nothing();
}

#[test]
fn a_call_that_ends_for_want_of_an_answer_pays_for_its_time_once_somebody_listens() {
    let (mut slee, ocs) = scripted(prepaid());
    let alice = slee.sip().invite(ALICE, BOB);
    let asked = ocs.expect(CCR);
    asked.answer_with(2001, |m| grant(m, asked.message(), 60));
    let bob = slee.sip().expect_invite(BOB).answer();
    alice.expect(200);
    bob.expect_ack();
    let update = ocs.expect(CCR);
    assert_eq!(number(update.message(), &credit::CC_REQUEST_TYPE), Some(2));
    let told = used(update.message()).expect("what was used");
    slee.advance(millis(10_100)); // Tx
    alice.expect_bye();
    bob.expect_bye();
    let again = ocs.expect(CCR);
    assert!(again.message().header().is_retransmit());
    assert_eq!(number(again.message(), &credit::CC_REQUEST_NUMBER), Some(1));
    assert_eq!(used(again.message()), Some(told));
    again.answer_with(2001, |m| grant(m, again.message(), 60));
    let last = ocs.expect(CCR);
    assert_eq!(number(last.message(), &credit::CC_REQUEST_TYPE), Some(3));
    let rest = used(last.message()).expect("the rest");
    assert!((10..=11).contains(&rest), "{told} and {rest}");
    last.answer_with(2001, |m| grant(m, last.message(), 0));
    assert_all_gone(&mut slee);
}

/// A call that has lasted 7.2 s when the server has lost its session.
fn forgotten(lost_reports: LostReports) -> (TestKit, Peer) {
    let settings = Settings {
        lost_reports,
        ..prepaid()
    };
    let (mut slee, ocs) = scripted(settings);
    let alice = slee.sip().invite(ALICE, BOB);
    let asked = ocs.expect(CCR);
    asked.answer_with(2001, |m| grant(m, asked.message(), 60));
    let bob = slee.sip().expect_invite(BOB).answer();
    alice.expect(200);
    bob.expect_ack();
    slee.advance(millis(7_200));
    alice.bye().expect(200);
    bob.expect_bye();
    (slee, ocs)
}

#[test]
fn a_call_whose_server_has_lost_its_session_is_debited_all_the_same() {
    for (way, is_debited) in [
        (LostReports::Leave, false),
        (LostReports::Debit, true),
        (LostReports::DebitAlways, true),
    ] {
        let (mut slee, ocs) = forgotten(way);
        let last = ocs.expect(CCR);
        last.answer_with(5002, |m| grant(m, last.message(), 0));
        assert_eq!(slee.counter("diameter.reports_lost"), 1);
        assert_eq!(slee.counter("diameter.reports_uncertain"), 0);
        assert_eq!(slee.alarms(), ["reports raised"]);
        if is_debited {
            let debit = ocs.expect(CCR);
            let asked = debit.message();
            assert_eq!(number(asked, &credit::CC_REQUEST_TYPE), Some(4));
            assert_eq!(number(asked, &credit::REQUESTED_ACTION), Some(0));
            assert_eq!(requested(asked), Some(8));
            let id = asked.find(&credit::CC_CORRELATION_ID).expect("the session");
            assert_eq!(
                Some(id.data),
                last.message().session_id().map(str::as_bytes)
            );
            // Made sure of also if the process dies now.
            slee.crash_and_restart();
            let again = ocs.expect(CCR);
            assert!(again.message().header().is_retransmit());
            assert_eq!(again.message().session_id(), asked.session_id());
            again.answer_with(2001, |m| grant(m, again.message(), 0));
        }
        assert_all_gone(&mut slee);
        ocs.expect_nothing();
    }
}

#[test]
fn a_report_that_may_have_been_counted_is_not_debited_a_second_time_unless_that_is_wanted() {
    for way in [LostReports::Debit, LostReports::DebitAlways] {
        let (mut slee, ocs) = forgotten(way);
        let _lost = ocs.expect(CCR);
        slee.crash_and_restart();
        let copy = ocs.expect(CCR);
        assert!(copy.message().header().is_retransmit());
        copy.answer_with(5002, |m| grant(m, copy.message(), 0));
        assert_eq!(slee.counter("diameter.reports_uncertain"), 1);
        if way == LostReports::DebitAlways {
            let debit = ocs.expect(CCR);
            assert_eq!(requested(debit.message()), Some(8));
            debit.answer_with(2001, |m| grant(m, debit.message(), 0));
        }
        assert_all_gone(&mut slee);
        ocs.expect_nothing();
    }
}

#[test]
fn a_call_that_ends_because_its_session_is_lost_pays_for_all_its_time() {
    let (mut slee, ocs) = scripted(prepaid());
    let alice = slee.sip().invite(ALICE, BOB);
    let asked = ocs.expect(CCR);
    asked.answer_with(2001, |m| grant(m, asked.message(), 60));
    let bob = slee.sip().expect_invite(BOB).answer();
    alice.expect(200);
    bob.expect_ack();
    let update = ocs.expect(CCR);
    let told = used(update.message()).expect("what was used");
    slee.advance(millis(2_400));
    update.answer_with(5002, |m| grant(m, update.message(), 0));
    alice.expect_bye();
    bob.expect_bye();
    let debit = ocs.expect(CCR);
    assert_eq!(number(debit.message(), &credit::CC_REQUEST_TYPE), Some(4));
    let paid = requested(debit.message()).expect("the debit");
    assert!(
        (told + 2..=told + 3).contains(&paid),
        "{told} and then {paid}"
    );
    // The server is too busy for it at first.
    debit.answer_with(3004, |m| grant(m, debit.message(), 0));
    let again = ocs.expect(CCR);
    assert!(again.message().header().is_retransmit());
    assert_eq!(again.message().session_id(), debit.message().session_id());
    let ends = [&debit, &again].map(|its| its.message().header().end_to_end);
    assert_eq!(ends[0], ends[1]);
    again.answer_with(2001, |m| grant(m, again.message(), 0));
    assert_all_gone(&mut slee);
}

#[test]
fn a_call_goes_on_when_its_server_restarts_and_its_time_is_debited() {
    let (mut slee, ocs) = scripted(prepaid());
    ocs.origin_state_id(1);
    ocs.close();
    ocs.expect_up();
    slee.advance(secs(100));
    let alice = slee.sip().invite(ALICE, BOB);
    let asked = ocs.expect(CCR);
    asked.answer_with(2001, |m| grant(m, asked.message(), 600));
    let bob = slee.sip().expect_invite(BOB).answer();
    alice.expect(200);
    bob.expect_ack();
    slee.advance(millis(1_500));
    ocs.origin_state_id(2);
    ocs.close();
    slee.advance(secs(120));
    assert_eq!(slee.counter("diameter.sessions_lost"), 1);
    alice.bye().expect(200);
    bob.expect_bye();
    let last = ocs.expect(CCR);
    assert_eq!(last.message().session_id(), asked.message().session_id());
    assert_eq!(number(last.message(), &credit::CC_REQUEST_NUMBER), Some(1));
    last.answer_with(5002, |m| grant(m, last.message(), 0));
    let debit = ocs.expect(CCR);
    assert_eq!(requested(debit.message()), used(last.message()));
    debit.answer_with(2001, |m| grant(m, debit.message(), 0));
    assert_all_gone(&mut slee);
}

#[test]
fn requests_of_a_rating_group_stand_in_groups() {
    let (mut slee, ocs) = scripted(Settings {
        rating_group: Some(7),
        ask: secs(90),
        ..prepaid()
    });
    let alice = slee.sip().invite(ALICE, BOB);
    let asked = ocs.expect(CCR);
    let group = asked
        .message()
        .find(&credit::MULTIPLE_SERVICES_CREDIT_CONTROL)
        .expect("a group");
    let key = group.group().get(&credit::RATING_GROUP);
    assert_eq!(key.and_then(|avp| avp.u32().ok()), Some(7));
    asked.answer_with(2001, |m| {
        grant(m, asked.message(), 0);
        m.group(&credit::MULTIPLE_SERVICES_CREDIT_CONTROL, |group| {
            group.avp(&credit::RATING_GROUP, 7_u32);
            group.avp(&base::RESULT_CODE, 4012_u32);
        });
    });
    alice.expect(402);
    let last = ocs.expect(CCR);
    assert_eq!(number(last.message(), &credit::CC_REQUEST_TYPE), Some(3));
    last.answer_with(2001, |m| grant(m, last.message(), 0));
    assert_all_gone(&mut slee);
}

#[test]
fn re_authorization_reports_and_asks_again() {
    let (mut slee, ocs) = scripted(prepaid());
    let alice = slee.sip().invite(ALICE, BOB);
    let asked = ocs.expect(CCR);
    asked.answer_with(2001, |m| grant(m, asked.message(), 60));
    let bob = slee.sip().expect_invite(BOB).answer();
    alice.expect(200);
    bob.expect_ack();
    slee.advance(millis(5_900));
    let session = asked.message().session_id().expect("a session").to_owned();
    let re_auth = ocs.request(&credit::CREDIT_RE_AUTH, |m| {
        m.avp(&base::SESSION_ID, session.as_str());
        m.avp(&base::DESTINATION_REALM, "calls.example");
        m.avp(&base::DESTINATION_HOST, "node.calls.example");
        m.avp(&base::AUTH_APPLICATION_ID, 4_u32);
        m.avp(&base::RE_AUTH_REQUEST_TYPE, 0_u32);
    });
    re_auth.expect(2002);
    let update = ocs.expect(CCR);
    assert_eq!(number(update.message(), &credit::CC_REQUEST_TYPE), Some(2));
    assert_eq!(used(update.message()), Some(5));
    update.answer_with(2001, |m| grant(m, update.message(), 60));
    alice.bye().expect(200);
    bob.expect_bye();
    let last = ocs.expect(CCR);
    assert_eq!(used(last.message()), Some(1));
    last.answer_with(2001, |m| grant(m, last.message(), 0));
    assert_all_gone(&mut slee);
}
