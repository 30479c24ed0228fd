//! Requests of peers.

use strowger::prelude::*;
use strowger_diameter::proto::dict::{base, credit};
use strowger_diameter::proto::wire::Builder;
use strowger_diameter::testkit::{DiameterTestKit as _, Peer, Sent, settings};
use strowger_testkit::TestKit;

use crate::own::{Server, greeter, server};

fn kit(kit: TestKit) -> TestKit {
    kit.adaptor_with("diameter", strowger_diameter::adaptor(), settings(&[]))
        .service(server())
}

/// A request in the session that `id` names, or in a new one.
fn ask(peer: &Peer, id: Option<&str>, kind: i32, number: u32, context: &str) -> Sent {
    peer.request(&credit::CREDIT_CONTROL_COMMAND, |ccr: &mut Builder| {
        ccr.opt(&base::SESSION_ID, id);
        ccr.avp(&base::AUTH_APPLICATION_ID, 4_u32);
        ccr.avp(&credit::SERVICE_CONTEXT_ID, context);
        ccr.avp(&credit::CC_REQUEST_TYPE, kind);
        ccr.avp(&credit::CC_REQUEST_NUMBER, number);
        ccr.opt(&credit::REQUESTED_ACTION, (kind == 4).then_some(0_i32));
    })
}

#[test]
fn a_session_goes_from_its_first_request_to_the_answer_to_its_last() {
    let slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let first = ask(&gateway, None, 1, 0, "yes");
    let answer = first.expect(2001);
    assert_eq!(answer.session_id(), first.message().session_id());
    assert_eq!(answer.origin_host(), Some("node.example"));
    // What the answer must have and the service has not written is as in the request.
    for avp in [
        &base::AUTH_APPLICATION_ID,
        &credit::CC_REQUEST_TYPE,
        &credit::CC_REQUEST_NUMBER,
    ] {
        assert_eq!(
            answer.find(avp).map(|avp| avp.data.to_vec()),
            first.message().find(avp).map(|avp| avp.data.to_vec()),
        );
    }
    let id = first.session_id();
    ask(&gateway, Some(&id), 2, 1, "yes").expect(2001);
    assert_eq!(slee.states::<Server>()[0].requests, 2);
    ask(&gateway, Some(&id), 3, 2, "yes").expect(2001);
    assert_eq!(slee.states::<Server>().len(), 0);
    assert_eq!(slee.counts().activities, 0);
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn what_belongs_to_no_session_that_is_known_is_told_so() {
    let slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    ask(&gateway, None, 2, 1, "yes").expect(5002);
    ask(&gateway, None, 3, 1, "yes").expect(5002);
    ask(&gateway, None, 4, 0, "yes").expect(2001);
    assert_eq!(slee.counts().activities, 0);
}

#[test]
fn what_no_service_answers_is_answered_all_the_same() {
    let mut slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    ask(&gateway, None, 1, 0, "fail").expect(5012);
    // A command that no service takes, of an application that is served.
    let accounting = gateway.request(&base::ACCOUNTING, |acr| {
        acr.avp(&base::ACCOUNTING_RECORD_TYPE, 1_i32);
        acr.avp(&base::ACCOUNTING_RECORD_NUMBER, 0_u32);
        acr.avp(&base::ACCT_APPLICATION_ID, 3_u32);
    });
    accounting.expect(3001);
    // An application that is not.
    gateway.extension(300, 16_777_216, |_| {}).expect(3007);
    let silent = ask(&gateway, None, 1, 0, "silent");
    assert!(silent.find_answer(secs(59)).is_none());
    silent.expect(5012);
    slee.advance(secs(1));
    assert_eq!(slee.counter("diameter.answers_missing"), 1);
}

#[test]
fn an_answer_may_come_later_and_after_a_refusal_the_session_is_over() {
    let slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let later = ask(&gateway, None, 1, 0, "later");
    assert!(later.find_answer(secs(4)).is_none());
    later.expect(2001);
    ask(&gateway, None, 1, 0, "refuse").expect(4012);
    assert_eq!(slee.states::<Server>().len(), 1, "the refused one is gone");
}

#[test]
fn a_server_asks_in_a_session_that_a_peer_began() {
    let slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let first = ask(&gateway, None, 1, 0, "turn");
    first.expect(2001);
    let rar = gateway.expect(&credit::CREDIT_RE_AUTH);
    assert_eq!(rar.message().session_id(), first.message().session_id());
    assert_eq!(rar.message().destination_host(), Some("gw.example"));
    assert_eq!(rar.message().destination_realm(), Some("example"));
    rar.answer(2002);
    slee.clone().advance(secs(1));
    assert_eq!(slee.states::<Server>()[0].answers, [2002]);
}

#[test]
fn a_session_in_which_nothing_comes_expires() {
    let mut slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let first = ask(&gateway, None, 1, 0, "watch");
    first.expect(2001);
    slee.advance(secs(15));
    let id = first.session_id();
    ask(&gateway, Some(&id), 2, 1, "yes").expect(2001);
    slee.advance(secs(19));
    assert_eq!(slee.states::<Server>()[0].expired, 0);
    slee.advance(secs(2));
    assert_eq!(slee.states::<Server>().len(), 0);
    assert_eq!(slee.counter("diameter.sessions_expired"), 1);
    ask(&gateway, Some(&id), 2, 2, "yes").expect(5002);
}

#[test]
fn a_session_expires_at_its_time_also_over_a_restart() {
    let mut slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let first = ask(&gateway, None, 1, 0, "yes");
    first.expect(2001);
    slee.advance(hours(23));
    slee.crash_and_restart_after(minutes(30));
    slee.advance(minutes(29));
    assert_eq!(slee.states::<Server>()[0].expired, 0);
    slee.advance(minutes(2));
    assert_eq!(slee.states::<Server>().len(), 0);
    assert_eq!(slee.counter("diameter.sessions_expired"), 1);
    // One whose time has passed while there was no node is given the time that its peer takes to come back.
    gateway.connect();
    let second = ask(&gateway, None, 1, 0, "yes");
    second.expect(2001);
    slee.crash_and_restart_after(hours(25));
    gateway.connect();
    ask(&gateway, Some(&second.session_id()), 2, 1, "yes").expect(2001);
    assert_eq!(slee.counts().activities, 1);
}

#[test]
fn a_repeated_request_gets_the_same_answer_and_no_service_sees_it() {
    let slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let first = ask(&gateway, None, 1, 0, "yes");
    let answer = first.expect(2001);
    let again = first.again().expect(2001);
    assert_eq!(again.session_id(), answer.session_id());
    assert_eq!(slee.states::<Server>()[0].requests, 1);
}

#[test]
fn what_was_answered_before_a_crash_is_answered_the_same_after_it() {
    let mut slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let first = ask(&gateway, None, 1, 0, "yes");
    first.expect(2001);
    slee.crash_and_restart();
    assert!(!gateway.is_up());
    gateway.connect();
    first.again().expect(2001);
    assert_eq!(slee.states::<Server>()[0].requests, 1);
    ask(&gateway, Some(&first.session_id()), 3, 1, "yes").expect(2001);
    assert_eq!(slee.counts().activities, 0);
}

#[test]
fn the_answer_that_ended_a_session_is_given_again_also_after_a_crash() {
    let mut slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let first = ask(&gateway, None, 1, 0, "yes");
    first.expect(2001);
    let id = first.session_id();
    let last = ask(&gateway, Some(&id), 3, 1, "yes");
    last.expect(2001);
    last.again().expect(2001);
    last.anew().expect(2001);
    for _ in 0..2 {
        slee.crash_and_restart();
        gateway.connect();
        last.again().expect(2001);
        last.anew().expect(2001);
    }
    // It is the last request that is known, and only as a copy.
    ask(&gateway, Some(&id), 3, 1, "yes").expect(5002);
    ask(&gateway, Some(&id), 3, 2, "yes").anew().expect(5002);
    let other = slee.diameter().client("other.example");
    let foreign = ask(&other, Some(&id), 3, 1, "yes");
    foreign.expect(5002);
    foreign.anew().expect(5002);
    assert_eq!(slee.states::<Server>().len(), 0);
    assert_eq!(slee.counts().activities, 0);
}

#[test]
fn the_answer_that_refused_a_session_or_a_one_time_event_is_given_again_after_a_crash() {
    let mut slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let refused = ask(&gateway, None, 1, 0, "refuse");
    refused.expect(4012);
    let event = ask(&gateway, None, 4, 0, "yes");
    event.expect(2001);
    slee.crash_and_restart();
    gateway.connect();
    refused.again().expect(4012);
    event.again().expect(2001);
    assert_eq!(slee.states::<Server>().len(), 0, "no service saw them");
}

#[test]
fn answers_of_sessions_that_are_over_are_forgotten_after_their_time() {
    let mut slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let first = ask(&gateway, None, 1, 0, "yes");
    first.expect(2001);
    let last = ask(&gateway, Some(&first.session_id()), 3, 1, "yes");
    last.expect(2001);
    slee.advance(secs(238));
    last.anew().expect(2001);
    slee.advance(secs(4));
    last.again().expect(5002);
    // Nor are they there again after a restart.
    slee.crash_and_restart();
    gateway.connect();
    last.again().expect(5002);
    last.anew().expect(5002);
}

#[test]
fn no_more_answers_are_kept_than_the_settings_allow() {
    let mut settings = settings(&[]);
    settings.duplicates.entries = 3;
    let mut slee = TestKit::strict()
        .adaptor_with("diameter", strowger_diameter::adaptor(), settings)
        .service(server());
    let gateway = slee.diameter().client("gw.example");
    let events: Vec<Sent> = (0..5)
        .map(|_| {
            let event = ask(&gateway, None, 4, 0, "refuse");
            event.expect(4012);
            event
        })
        .collect();
    slee.crash_and_restart();
    gateway.connect();
    assert_eq!(slee.states::<Server>().len(), 0);
    let before = slee.counter("duplicates.answered");
    for event in &events[2..] {
        event.again().expect(4012);
    }
    assert_eq!(slee.counter("duplicates.answered"), before + 3);
    for event in &events[..2] {
        event.again().expect(4012);
    }
    assert_eq!(
        slee.counter("duplicates.answered"),
        before + 3,
        "carried out anew"
    );
}

#[test]
fn a_request_that_waits_over_a_crash_is_answered_where_it_comes_again() {
    let mut slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let first = ask(&gateway, None, 1, 0, "later");
    assert!(first.find_answer(secs(1)).is_none());
    slee.crash_and_restart();
    gateway.connect();
    let again = first.again();
    assert!(again.find_answer(secs(1)).is_none(), "it waits still");
    again.expect(2001);
    assert_eq!(
        slee.states::<Server>()[0].requests,
        1,
        "no service saw it twice"
    );
}

#[test]
fn new_work_is_refused_when_the_node_is_short_of_something_and_old_goes_on() {
    let mut slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let first = ask(&gateway, None, 1, 0, "yes");
    first.expect(2001);
    slee.refuse_new(true);
    ask(&gateway, None, 1, 0, "yes").expect(3004);
    ask(&gateway, Some(&first.session_id()), 2, 1, "yes").expect(2001);
    slee.refuse_new(false);
    ask(&gateway, None, 1, 0, "yes").expect(2001);
}

#[test]
fn a_stopping_node_says_goodbye_when_nothing_is_under_way() {
    let mut slee = kit(TestKit::strict());
    let gateway = slee.diameter().client("gw.example");
    let first = ask(&gateway, None, 1, 0, "later");
    slee.advance(secs(1));
    slee.stop();
    assert!(gateway.is_up());
    first.expect(2001);
    gateway.expect_down();
}

#[test]
fn peers_that_come_and_go_are_told_of() {
    let slee = TestKit::strict()
        .adaptor_with(
            "diameter",
            strowger_diameter::adaptor(),
            settings(&["a.example"]),
        )
        .service(greeter());
    let peer = slee.diameter().server("a.example");
    peer.expect_up();
    let greeting = peer.find(&extension(), secs(1)).expect("a greeting");
    assert!(
        greeting
            .message()
            .session_id()
            .is_some_and(|id| id.starts_with("node.example;"))
    );
    greeting.answer(2001);
    slee.clone().advance(secs(1));
    peer.close();
    slee.clone().advance(millis(100));
    let states = slee.states::<crate::own::Greeter>();
    assert!(
        states.is_empty(),
        "the peer's activity has ended: {}",
        states.len()
    );
    assert_eq!(slee.alarms(), ["peers raised", "realms raised"]);
    peer.expect_up();
    // Three watchdogs must be answered before it is trusted again (RFC 3539 3.4).
    slee.clone().advance(secs(100));
    assert_eq!(
        slee.alarms(),
        [
            "peers raised",
            "realms raised",
            "peers cleared",
            "realms cleared"
        ]
    );
}

fn extension() -> strowger_diameter::proto::dict::CommandDef {
    strowger_diameter::proto::dict::CommandDef {
        code: 8_000_000,
        application: 4,
        name: "Greeting".into(),
        proxiable: true,
        request: &[],
        answer: &[],
        open: true,
    }
}
