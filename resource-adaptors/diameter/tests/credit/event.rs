//! RFC 8506 7, table 5: one-time events.

use std::time::Duration;

use strowger_diameter::proto::credit::{
    Answer, DirectDebitingFailureHandling as Ddfh, Ended, EventAction as Do, EventState, OneTime,
    RequestedAction as Asked,
};

const TX: Duration = Duration::from_secs(10);
const ALL: [Asked; 4] = [
    Asked::DirectDebiting,
    Asked::RefundAccount,
    Asked::CheckBalance,
    Asked::PriceEnquiry,
];
const QUESTIONS: [Asked; 2] = [Asked::CheckBalance, Asked::PriceEnquiry];

fn pending(action: Asked, handling: Ddfh) -> OneTime {
    let mut event = OneTime::new(action, TX, handling, false);
    assert_eq!(event.start(), [Do::Send { again: false }, Do::StartTx(TX)]);
    assert_eq!(event.state(), EventState::PendingE);
    event
}

fn answer(result: u32) -> Answer {
    Answer::of(result, Some(0))
}

#[test]
fn success_grants_the_service() {
    for action in ALL {
        let mut event = pending(action, Ddfh::TerminateOrBuffer);
        assert_eq!(event.answered(&answer(2001)), [Do::Grant]);
        assert!(event.is_over());
    }
}

#[test]
fn a_question_without_an_answer_is_a_service_error() {
    for action in QUESTIONS {
        for result in [3004, 5012] {
            let mut event = pending(action, Ddfh::Continue);
            let actions = event.answered(&answer(result));
            assert_eq!(actions, [Do::Error(Ended::Failed(result))]);
            assert!(event.is_over());
        }
        let mut event = pending(action, Ddfh::Continue);
        assert_eq!(event.failed_to_send(), [Do::Error(Ended::Unreachable)]);
        let mut event = pending(action, Ddfh::Continue);
        assert_eq!(event.tx_expired(), [Do::Error(Ended::Unreachable)]);
        assert!(event.is_over());
    }
}

#[test]
fn a_denial_ends_the_service_while_tx_runs() {
    for action in ALL {
        for result in [4010, 4012, 5030] {
            let mut event = pending(action, Ddfh::Continue);
            let actions = event.answered(&answer(result));
            assert_eq!(actions, [Do::End(Ended::Denied(result))]);
            assert!(event.is_over());
        }
    }
}

#[test]
fn a_debit_for_what_was_given_already_is_made_sure_of_whatever_happens() {
    for failure in [Some(3002), Some(3004), None] {
        let terms = (TX, Ddfh::TerminateOrBuffer);
        let mut event = OneTime::new(Asked::DirectDebiting, terms.0, terms.1, false).in_arrears();
        event.start();
        assert_eq!(event.tx_expired(), []);
        let actions = match failure {
            Some(result) => event.answered(&answer(result)),
            None => event.failed_to_send(),
        };
        assert_eq!(actions, [Do::Store], "{failure:?}");
        assert_eq!(event.start(), [Do::Send { again: true }]);
        assert_eq!(event.answered(&answer(2001)), [Do::Delete]);
        assert!(event.is_over());
    }
    for result in [2001, 4012, 5031] {
        let event = OneTime::new(Asked::DirectDebiting, TX, Ddfh::TerminateOrBuffer, false);
        let mut event = event.in_arrears();
        event.start();
        assert_eq!(event.answered(&answer(result)), [], "{result}");
        assert!(event.is_over());
    }
}

#[test]
fn a_debit_that_does_not_apply_grants_the_service() {
    let mut event = pending(Asked::DirectDebiting, Ddfh::TerminateOrBuffer);
    assert_eq!(event.answered(&answer(4011)), [Do::Grant]);
}

#[test]
fn a_debit_that_fails_with_continue_grants_the_service() {
    for result in [Some(3002), Some(3004), Some(5031), None] {
        let mut event = pending(Asked::DirectDebiting, Ddfh::Continue);
        let actions = match result {
            Some(result) => event.answered(&answer(result)),
            None => event.failed_to_send(),
        };
        assert_eq!(actions, [Do::Grant]);
        assert!(event.is_over());
    }
}

#[test]
fn a_debit_that_was_not_made_with_terminate_or_buffer_ends_the_service_while_tx_runs() {
    for result in [3004, 5031] {
        let mut event = pending(Asked::DirectDebiting, Ddfh::TerminateOrBuffer);
        let actions = event.answered(&answer(result));
        assert_eq!(actions, [Do::End(Ended::Failed(result))]);
        assert!(event.is_over());
    }
}

#[test]
fn tx_of_a_debit_grants_the_service_and_stays() {
    for handling in [Ddfh::Continue, Ddfh::TerminateOrBuffer] {
        let mut event = pending(Asked::DirectDebiting, handling);
        assert_eq!(event.tx_expired(), [Do::Grant]);
        assert_eq!(event.state(), EventState::PendingE);
        assert_eq!(event.tx_expired(), []);
        assert_eq!(event.answered(&answer(2001)), [], "it was granted");
        assert!(event.is_over());
    }
}

#[test]
fn a_debit_that_could_not_be_sent_is_stored() {
    let mut event = pending(Asked::DirectDebiting, Ddfh::TerminateOrBuffer);
    assert_eq!(event.failed_to_send(), [Do::Store, Do::Grant]);
    assert!(event.is_stored());
    let mut event = pending(Asked::DirectDebiting, Ddfh::TerminateOrBuffer);
    event.tx_expired();
    assert_eq!(event.failed_to_send(), [Do::Store], "granted once");
}

#[test]
fn a_temporary_error_after_tx_stores_the_debit() {
    let mut event = pending(Asked::DirectDebiting, Ddfh::TerminateOrBuffer);
    event.tx_expired();
    assert_eq!(event.answered(&answer(3004)), [Do::Store]);
}

#[test]
fn a_refusal_after_tx_comes_too_late() {
    for result in [5031, 4010, 5030] {
        let mut event = pending(Asked::DirectDebiting, Ddfh::TerminateOrBuffer);
        event.tx_expired();
        assert_eq!(event.answered(&answer(result)), []);
        assert!(event.is_over());
    }
}

#[test]
fn a_refund_that_is_refused_is_a_service_error() {
    let mut event = pending(Asked::RefundAccount, Ddfh::Continue);
    let actions = event.answered(&answer(5012));
    assert_eq!(actions, [Do::Error(Ended::Failed(5012))]);
    assert!(event.is_over());
}

#[test]
fn a_refund_that_may_be_lost_is_stored() {
    for handling in [Ddfh::Continue, Ddfh::TerminateOrBuffer] {
        let mut event = pending(Asked::RefundAccount, handling);
        assert_eq!(event.failed_to_send(), [Do::Store]);
        let mut event = pending(Asked::RefundAccount, handling);
        assert_eq!(event.tx_expired(), [Do::Store]);
        assert_eq!(
            event.answered(&answer(2001)),
            [Do::Delete],
            "it was only late"
        );
        let mut event = pending(Asked::RefundAccount, handling);
        assert_eq!(event.answered(&answer(3004)), [Do::Store]);
        assert!(!event.is_over());
    }
}

#[test]
fn a_stored_request_goes_out_again_until_it_is_answered() {
    let mut event = pending(Asked::RefundAccount, Ddfh::TerminateOrBuffer);
    event.failed_to_send();
    for _ in 0..2 {
        assert_eq!(event.start(), [Do::Send { again: true }]);
        assert_eq!(event.state(), EventState::PendingB);
        assert_eq!(event.failed_to_send(), []);
        assert!(event.is_stored());
        event.start();
        assert_eq!(event.answered(&answer(3004)), []);
        assert!(event.is_stored());
    }
    for result in [2001, 5012, 4010] {
        let mut event = event.clone();
        event.start();
        assert_eq!(event.answered(&answer(result)), [Do::Delete]);
        assert!(event.is_over());
    }
}

#[test]
fn with_failover_another_server_is_asked_once() {
    for action in ALL {
        let mut event = OneTime::new(action, TX, Ddfh::Continue, true);
        event.start();
        let actions = event.failed_to_send();
        assert_eq!(actions, [Do::Send { again: true }, Do::StartTx(TX)]);
        let then = event.failed_to_send();
        assert!(!then.contains(&Do::Send { again: true }), "{then:?}");
    }
}

#[test]
fn the_answer_may_say_what_becomes_of_failures() {
    let mut event = OneTime::new(Asked::DirectDebiting, TX, Ddfh::TerminateOrBuffer, false);
    event.start();
    let mut refused = answer(5012);
    refused.direct_debiting = Some(Ddfh::Continue);
    assert_eq!(event.answered(&refused), [Do::Grant]);
}
