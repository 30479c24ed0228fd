//! Requests of a service.

use strowger::prelude::*;
use strowger_diameter::proto::dict::{base, credit};
use strowger_diameter::testkit::{DiameterTestKit as _, Peer, settings};
use strowger_testkit::TestKit;

use crate::own::{Client, client};

fn kit(kit: TestKit, servers: &[&str]) -> TestKit {
    kit.adaptor_with("diameter", strowger_diameter::adaptor(), settings(servers))
        .service(client())
}

/// Has the service begin a session.
fn begin(slee: &TestKit) -> Peer {
    let peer = slee.diameter().client("tell.example");
    let told = peer.request(&base::ACCOUNTING, |acr| {
        acr.avp(&base::ACCOUNTING_RECORD_TYPE, 2_i32);
        acr.avp(&base::ACCOUNTING_RECORD_NUMBER, 0_u32);
        acr.avp(&base::ACCT_APPLICATION_ID, 3_u32);
    });
    told.expect(2001);
    peer
}

#[test]
fn a_session_of_ours_ends_with_the_answer_to_its_last_request() {
    let slee = kit(TestKit::strict(), &["ocs.example"]);
    let ocs = slee.diameter().server("ocs.example");
    ocs.expect_up();
    begin(&slee);
    let first = ocs.expect(&credit::CREDIT_CONTROL_COMMAND);
    let id = first.message().session_id().unwrap_or_default().to_owned();
    assert!(id.starts_with("node.example;"), "{id}");
    assert_eq!(
        first
            .message()
            .find(&base::AUTH_APPLICATION_ID)
            .and_then(|avp| avp.u32().ok()),
        Some(4)
    );
    assert_eq!(first.message().destination_realm(), Some("example"));
    assert_eq!(first.message().destination_host(), None);
    first.answer(2001);
    let last = ocs.expect(&credit::CREDIT_CONTROL_COMMAND);
    assert_eq!(last.message().session_id(), Some(&id[..]));
    assert_eq!(
        last.message().destination_host(),
        Some("ocs.example"),
        "it stays with its server"
    );
    last.answer(2001);
    slee.clone().advance(secs(1));
    let state = &slee.states::<Client>()[0];
    assert_eq!(
        (&state.results[..], state.sessions_ended),
        (&[2001, 2001][..], 1)
    );
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn a_request_that_is_not_answered_times_out_once() {
    let mut slee = kit(TestKit::strict(), &["ocs.example"]);
    let ocs = slee.diameter().server("ocs.example");
    ocs.expect_up();
    begin(&slee);
    let first = ocs.expect(&credit::CREDIT_CONTROL_COMMAND);
    slee.advance(secs(11));
    assert_eq!(slee.states::<Client>()[0].timeouts, 1);
    first.answer(2001);
    slee.advance(secs(30));
    let state = &slee.states::<Client>()[0];
    assert_eq!((state.timeouts, state.results.len()), (1, 0));
}

#[test]
fn a_request_that_nobody_takes_fails() {
    let mut slee = kit(TestKit::strict(), &["ocs.example"]);
    // The time for connections to be opened is over.
    slee.advance(secs(20));
    begin(&slee);
    slee.advance(millis(10));
    assert_eq!(slee.states::<Client>()[0].failures, 1);
}

#[test]
fn a_request_waits_for_connections_that_are_being_opened() {
    let slee = kit(TestKit::strict(), &["ocs.example"]);
    begin(&slee);
    let ocs = slee.diameter().server("ocs.example");
    ocs.expect_up();
    let first = ocs.expect(&credit::CREDIT_CONTROL_COMMAND);
    assert!(!first.message().header().is_retransmit());
    first.answer(2001);
}

#[test]
fn a_request_moves_to_another_server_when_its_own_is_gone() {
    let slee = kit(TestKit::strict(), &["a.example", "b.example"]);
    let (a, b) = (
        slee.diameter().server("a.example"),
        slee.diameter().server("b.example"),
    );
    a.expect_up();
    b.expect_up();
    begin(&slee);
    let (one, other) = match a.find(&credit::CREDIT_CONTROL_COMMAND, secs(1)) {
        Some(asked) => ((a, asked), b),
        None => ((b.clone(), b.expect(&credit::CREDIT_CONTROL_COMMAND)), a),
    };
    one.0.close();
    let moved = other.expect(&credit::CREDIT_CONTROL_COMMAND);
    let (before, after) = (one.1.message().header(), moved.message().header());
    assert!(!before.is_retransmit() && after.is_retransmit());
    assert_eq!(before.end_to_end, after.end_to_end);
    moved.answer(2001);
    other.expect(&credit::CREDIT_CONTROL_COMMAND).answer(2001);
}

#[test]
fn a_request_without_an_answer_is_sent_again_after_a_crash() {
    let mut slee = kit(TestKit::strict(), &["ocs.example"]);
    let ocs = slee.diameter().server("ocs.example");
    ocs.expect_up();
    begin(&slee);
    let first = ocs.expect(&credit::CREDIT_CONTROL_COMMAND);
    slee.crash_and_restart();
    let again = ocs.expect(&credit::CREDIT_CONTROL_COMMAND);
    assert!(again.message().header().is_retransmit());
    assert_eq!(
        first.message().header().end_to_end,
        again.message().header().end_to_end
    );
    assert_eq!(first.message().session_id(), again.message().session_id());
    again.answer(2001);
    let last = ocs.expect(&credit::CREDIT_CONTROL_COMMAND);
    assert!(!last.message().header().is_retransmit());
    last.answer(2001);
    slee.advance(secs(1));
    assert_eq!(slee.states::<Client>()[0].results, [2001, 2001]);
}

#[test]
fn a_server_asks_within_a_session_of_ours_and_only_there() {
    let slee = kit(TestKit::strict(), &["ocs.example"]);
    let ocs = slee.diameter().server("ocs.example");
    ocs.expect_up();
    begin(&slee);
    let first = ocs.expect(&credit::CREDIT_CONTROL_COMMAND);
    let id = first.message().session_id().unwrap_or_default().to_owned();
    let rar = |id: &str| {
        ocs.request(&credit::CREDIT_RE_AUTH, |rar| {
            rar.avp(&base::SESSION_ID, id);
            rar.avp(&base::DESTINATION_HOST, "node.example");
            rar.avp(&base::AUTH_APPLICATION_ID, 4_u32);
            rar.avp(&base::RE_AUTH_REQUEST_TYPE, 0_i32);
        })
    };
    rar(&id).expect(2002);
    rar("node.example;1;2;00000000").expect(5002);
    assert_eq!(slee.states::<Client>()[0].reauths, 1);
}

#[test]
fn a_server_that_has_lost_its_sessions_ends_them_here() {
    let mut slee = kit(TestKit::strict(), &["ocs.example"]);
    let ocs = slee.diameter().server("ocs.example");
    ocs.origin_state_id(1);
    ocs.expect_up();
    begin(&slee);
    ocs.expect(&credit::CREDIT_CONTROL_COMMAND).answer(2001);
    let _kept = ocs.expect(&credit::CREDIT_CONTROL_COMMAND);
    ocs.origin_state_id(2);
    ocs.close();
    slee.advance(secs(3));
    assert!(ocs.is_up());
    assert_eq!(slee.counter("diameter.sessions_lost"), 1);
    assert_eq!(slee.states::<Client>()[0].sessions_ended, 1);
}

#[test]
fn nothing_is_left_of_sessions_whose_server_never_answers() {
    let mut slee = kit(TestKit::strict(), &["ocs.example"]);
    let ocs = slee.diameter().server("ocs.example");
    ocs.expect_up();
    for _ in 0..100 {
        begin(&slee);
    }
    slee.advance(secs(86_500));
    assert_eq!(slee.counter("diameter.sessions_expired"), 200);
}
