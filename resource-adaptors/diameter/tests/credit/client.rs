//! RFC 8506 7, tables 3 and 4: a session's first, intermediate and final interrogations.

use std::time::Duration;

use strowger::time::Wall;
use strowger_diameter::proto::credit::{
    Action, Answer, Client, ClientState, Ended, FailureHandling, GroupAnswer, GroupKey,
    Interrogation, Reason, RequestType, Units, Usage,
};

const TX: Duration = Duration::from_secs(10);
const NOW: Wall = Wall(1_000);
const HANDLINGS: [FailureHandling; 3] = [
    FailureHandling::Terminate,
    FailureHandling::Continue,
    FailureHandling::RetryAndTerminate,
];

fn ask() -> Vec<Usage> {
    vec![Usage::ask(GroupKey::SESSION, Units::time(60))]
}

fn used(seconds: u32) -> Vec<Usage> {
    let report = Usage::report(GroupKey::SESSION, Units::time(seconds), Reason::Threshold);
    vec![report.and_ask(Units::time(60))]
}

fn lost(seconds: u32, certain: bool) -> Action {
    let mut usage = used(seconds);
    usage[0].requested = None;
    Action::Lost { usage, certain }
}

fn granted(number: u32) -> Answer {
    Answer {
        groups: vec![GroupAnswer::granted(GroupKey::SESSION, Units::time(60))],
        ..Answer::of(2001, Some(number))
    }
}

/// A session in that state, and the number of its pending interrogation.
fn in_state(state: ClientState, handling: FailureHandling, failover: bool) -> (Client, u32) {
    let mut client = Client::new(TX, handling, failover);
    if state == ClientState::Idle {
        return (client, 0);
    }
    client.start(ask());
    if state == ClientState::PendingI {
        return (client, 0);
    }
    client.answered(NOW, &granted(0));
    if state == ClientState::PendingU {
        client.update(used(50));
    } else if state == ClientState::PendingT {
        client.terminate(1, used(50));
    }
    assert_eq!(client.state(), state);
    (client, 1)
}

fn sent(actions: &[Action]) -> Vec<&Interrogation> {
    fn one(action: &Action) -> Option<&Interrogation> {
        let Action::Send(interrogation) = action else {
            return None;
        };
        Some(interrogation)
    }
    actions.iter().filter_map(one).collect()
}

#[test]
fn idle_and_a_user_who_wants_the_service_sends_the_first_interrogation_and_starts_tx() {
    let (mut client, _) = in_state(ClientState::Idle, FailureHandling::Terminate, false);
    let actions = client.start(ask());
    let first = sent(&actions)[0];
    assert_eq!((first.kind, first.number), (RequestType::Initial, 0));
    assert_eq!((&first.usage, first.again), (&ask(), false));
    assert_eq!(actions[1], Action::StartTx(TX));
    assert_eq!(client.state(), ClientState::PendingI);
    assert_eq!(client.start(ask()), [], "once");
}

#[test]
fn pending_i_and_success_opens_the_session() {
    let (mut client, number) = in_state(ClientState::PendingI, FailureHandling::Terminate, false);
    let actions = client.answered(NOW, &granted(number));
    assert_eq!(
        actions,
        [Action::StopTx, Action::Granted(vec![GroupKey::SESSION])]
    );
    assert_eq!(client.state(), ClientState::Open);
    let group = client.group(GroupKey::SESSION).expect("known");
    assert_eq!(group.granted, Units::time(60));
}

#[test]
fn pending_and_failure_temporary_error_or_failed_answer_goes_by_the_failure_handling() {
    for state in [ClientState::PendingI, ClientState::PendingU] {
        for handling in HANDLINGS {
            for result in [
                None,
                Some(3002),
                Some(3004),
                Some(3005),
                Some(5012),
                Some(5031),
            ] {
                let (mut client, number) = in_state(state, handling, false);
                let actions = match result {
                    None => client.failed_to_send(NOW),
                    Some(result) => client.answered(NOW, &Answer::of(result, Some(number))),
                };
                let context = format!("{state:?} {handling:?} {result:?}: {actions:?}");
                assert_eq!(client.state(), ClientState::Idle, "{context}");
                let why = result.map_or(Ended::Unreachable, Ended::Failed);
                // What was reported has been debited by nobody, as far as can be told.
                let lost = actions
                    .iter()
                    .position(|a| matches!(a, Action::Lost { .. }));
                let is_reported = state == ClientState::PendingU;
                assert_eq!(lost.is_some(), is_reported, "{context}");
                let actions: Vec<Action> = actions
                    .into_iter()
                    .filter(|a| !matches!(a, Action::Lost { .. }))
                    .collect();
                match handling {
                    FailureHandling::Continue => {
                        assert_eq!(actions, [Action::StopTx, Action::Unchecked], "{context}");
                        assert!(client.is_unchecked());
                        assert_eq!(client.terminate(1, used(1)), [Action::Closed], "{context}");
                    }
                    FailureHandling::Terminate | FailureHandling::RetryAndTerminate => assert_eq!(
                        actions,
                        [Action::StopTx, Action::End(why), Action::Closed],
                        "{context}"
                    ),
                }
            }
        }
    }
}

#[test]
fn pending_and_tx_expired_ends_or_grants_and_stays() {
    for state in [ClientState::PendingI, ClientState::PendingU] {
        for handling in HANDLINGS {
            let (mut client, number) = in_state(state, handling, true);
            let actions = client.tx_expired();
            if handling == FailureHandling::Terminate {
                let end = Action::End(Ended::Unreachable);
                let mut expected = vec![Action::StopTx, end, Action::Closed];
                if state == ClientState::PendingU {
                    expected.insert(1, lost(50, false));
                }
                assert_eq!(actions, expected);
                assert_eq!(client.state(), ClientState::Idle);
                continue;
            }
            assert_eq!(actions, [Action::Unchecked]);
            assert_eq!(client.state(), state);
            // The answer comes after all: from here on it is counted again.
            let actions = client.answered(NOW, &granted(number));
            assert!(actions.contains(&Action::Granted(vec![GroupKey::SESSION])));
            assert_eq!(
                (client.state(), client.is_unchecked()),
                (ClientState::Open, false)
            );
        }
    }
}

#[test]
fn pending_and_a_denial_ends_the_service_whatever_the_failure_handling() {
    for state in [ClientState::PendingI, ClientState::PendingU] {
        for handling in HANDLINGS {
            for result in [4010, 4012, 5030] {
                let (mut client, number) = in_state(state, handling, true);
                let actions = client.answered(NOW, &Answer::of(result, Some(number)));
                let end = Action::End(Ended::Denied(result));
                assert_eq!(actions, [Action::StopTx, end, Action::Closed]);
                assert_eq!(client.state(), ClientState::Idle);
            }
        }
    }
}

#[test]
fn pending_and_credit_control_not_applicable_grants_the_service() {
    for state in [ClientState::PendingI, ClientState::PendingU] {
        for handling in HANDLINGS {
            let (mut client, number) = in_state(state, handling, true);
            let actions = client.answered(NOW, &Answer::of(4011, Some(number)));
            assert_eq!(actions, [Action::StopTx, Action::Unchecked]);
            assert_eq!(client.state(), ClientState::Idle);
        }
    }
}

#[test]
fn with_failover_a_temporary_error_is_retried_once_with_the_same_number_and_the_t_flag() {
    for state in [ClientState::PendingI, ClientState::PendingU] {
        for handling in [
            FailureHandling::Continue,
            FailureHandling::RetryAndTerminate,
        ] {
            let (mut client, number) = in_state(state, handling, true);
            let actions = client.answered(NOW, &Answer::of(3004, Some(number)));
            let again = sent(&actions)[0];
            assert_eq!((again.number, again.again), (number, true));
            assert_eq!(
                (actions[1].clone(), client.state()),
                (Action::StartTx(TX), state)
            );
            let actions = client.failed_to_send(NOW);
            assert!(sent(&actions).is_empty());
            assert_eq!(client.state(), ClientState::Idle);
        }
        let (mut client, _) = in_state(state, FailureHandling::Terminate, true);
        assert!(
            sent(&client.failed_to_send(NOW)).is_empty(),
            "TERMINATE asks nobody else"
        );
    }
}

#[test]
fn a_failed_answer_is_not_retried() {
    let (mut client, number) = in_state(
        ClientState::PendingI,
        FailureHandling::RetryAndTerminate,
        true,
    );
    let actions = client.answered(NOW, &Answer::of(5031, Some(number)));
    assert!(sent(&actions).is_empty());
}

#[test]
fn the_answer_changes_failure_handling_and_failover() {
    let (mut client, number) = in_state(ClientState::PendingI, FailureHandling::Terminate, false);
    let mut answer = granted(number);
    answer.failure_handling = Some(FailureHandling::Continue);
    answer.failover = Some(true);
    client.answered(NOW, &answer);
    client.update(used(50));
    assert_eq!(sent(&client.failed_to_send(NOW)).len(), 1, "failover");
    assert!(client.failed_to_send(NOW).contains(&Action::Unchecked));
}

#[test]
fn pending_and_a_service_that_ends_queues_the_termination() {
    for state in [ClientState::PendingI, ClientState::PendingU] {
        let (mut client, number) = in_state(state, FailureHandling::Terminate, false);
        assert_eq!(client.terminate(1, used(7)), []);
        assert_eq!(client.terminate(1, used(8)), [], "it ends once");
        let actions = client.answered(NOW, &granted(number));
        let last = sent(&actions)[0];
        assert_eq!(
            (last.kind, last.number),
            (RequestType::Termination, number + 1)
        );
        assert_eq!(last.usage, used(7));
        assert_eq!(client.state(), ClientState::PendingT);
    }
}

#[test]
fn a_service_that_ended_while_pending_is_not_given_after_a_failure() {
    for handling in HANDLINGS {
        for result in [4011, 5012, 4010] {
            let (mut client, number) = in_state(ClientState::PendingI, handling, false);
            client.terminate(1, used(0));
            let actions = client.answered(NOW, &Answer::of(result, Some(number)));
            assert_eq!(
                actions,
                [Action::StopTx, Action::Closed],
                "{handling:?} {result}"
            );
        }
    }
}

#[test]
fn pending_and_a_change_of_rating_queues_it_and_reports_add_up() {
    for state in [ClientState::PendingI, ClientState::PendingU] {
        let (mut client, number) = in_state(state, FailureHandling::Terminate, false);
        client.update(used(3));
        client.update(used(4));
        let actions = client.answered(NOW, &granted(number));
        let update = sent(&actions)[0];
        assert_eq!(
            (update.kind, update.number),
            (RequestType::Update, number + 1)
        );
        assert_eq!(update.usage, used(7));
        client.update(used(2));
        client.terminate(
            1,
            vec![Usage::report(
                GroupKey::SESSION,
                Units::time(1),
                Reason::Final,
            )],
        );
        let actions = client.answered(NOW, &granted(number + 1));
        assert_eq!(sent(&actions)[0].usage[0].used, Some(Units::time(3)));
        assert_eq!(sent(&actions)[0].usage[0].reason, Some(Reason::Final));
    }
}

#[test]
fn open_and_used_units_send_an_update() {
    let (mut client, _) = in_state(ClientState::Open, FailureHandling::Terminate, false);
    let actions = client.update(used(50));
    assert_eq!(sent(&actions)[0].number, 1);
    assert_eq!(actions[1], Action::StartTx(TX));
    assert_eq!(client.state(), ClientState::PendingU);
}

#[test]
fn open_and_a_service_that_ends_sends_the_termination() {
    let (mut client, _) = in_state(ClientState::Open, FailureHandling::Terminate, false);
    let actions = client.terminate(4, used(50));
    assert_eq!(
        (sent(&actions)[0].kind, sent(&actions)[0].cause),
        (RequestType::Termination, 4)
    );
    assert_eq!(client.state(), ClientState::PendingT);
}

#[test]
fn pending_t_ends_whatever_comes() {
    for answer in [Some(2001), Some(3004), Some(5002), Some(4010), None] {
        let (mut client, number) = in_state(ClientState::PendingT, FailureHandling::Continue, true);
        assert_eq!(
            client.update(used(1)),
            [],
            "a change of rating changes nothing"
        );
        let actions = match answer {
            Some(result) => client.answered(NOW, &Answer::of(result, Some(number))),
            None => client.failed_to_send(NOW),
        };
        assert_eq!(
            (actions.first(), actions.last()),
            (Some(&Action::StopTx), Some(&Action::Closed))
        );
        let expected = match answer {
            Some(2001) => None,
            Some(result) => Some(lost(50, result == 5002)),
            None => Some(lost(50, false)),
        };
        assert_eq!(
            actions.get(1).filter(|_| actions.len() == 3),
            expected.as_ref()
        );
    }
}

#[test]
fn what_was_reported_to_a_server_that_does_not_know_the_session_is_lost_and_certainly_so_but_for_copies()
 {
    for (state, handling) in [
        (ClientState::PendingU, FailureHandling::Terminate),
        (ClientState::PendingU, FailureHandling::Continue),
        (ClientState::PendingT, FailureHandling::Terminate),
    ] {
        for to_copy in [false, true] {
            let (mut client, number) = in_state(state, handling, false);
            let mut answer = Answer::of(5002, Some(number));
            answer.to_copy = to_copy;
            let actions = client.answered(NOW, &answer);
            assert!(
                actions.contains(&lost(50, !to_copy)),
                "{state:?}: {actions:?}"
            );
            assert_eq!(client.state(), ClientState::Idle);
        }
    }
    // With what waits behind it.
    let (mut client, number) = in_state(ClientState::PendingU, FailureHandling::Terminate, false);
    client.terminate(1, used(7));
    let actions = client.answered(NOW, &Answer::of(5002, Some(number)));
    assert_eq!(actions, [Action::StopTx, lost(57, true), Action::Closed]);
    // After a denial only that was not reported.
    let (mut client, number) = in_state(ClientState::PendingU, FailureHandling::Terminate, false);
    client.terminate(1, used(7));
    let actions = client.answered(NOW, &Answer::of(4012, Some(number)));
    assert_eq!(actions, [Action::StopTx, lost(7, true), Action::Closed]);
}

#[test]
fn a_final_interrogation_that_is_to_be_kept_goes_out_until_it_is_answered_or_its_time_is_over() {
    let keeping = || {
        let client = Client::new(TX, FailureHandling::Terminate, false);
        let mut client = client.keep_final(Duration::from_secs(60));
        client.start(ask());
        client.answered(NOW, &granted(0));
        client.terminate(1, used(50));
        client
    };
    let mut client = keeping();
    assert_eq!(client.failed_to_send(NOW), [Action::SendLater]);
    let actions = client.send_again();
    let again = sent(&actions)[0];
    assert_eq!(
        (again.number, again.again, &again.usage),
        (1, true, &used(50))
    );
    assert_eq!(
        client.answered(NOW, &Answer::of(3004, Some(1))),
        [Action::SendLater]
    );
    client.send_again();
    let actions = client.answered(NOW, &Answer::of(2001, Some(1)));
    assert_eq!(actions, [Action::StopTx, Action::Closed]);
    assert_eq!(client.send_again(), []);
    let mut client = keeping();
    client.failed_to_send(NOW);
    let late = Wall(NOW.0 + 60_000);
    assert_eq!(
        client.failed_to_send(late),
        [Action::StopTx, lost(50, false), Action::Closed]
    );
}

#[test]
fn what_a_service_has_used_that_is_over_for_want_of_an_answer_is_told_once_somebody_listens() {
    for handling in [
        FailureHandling::Terminate,
        FailureHandling::RetryAndTerminate,
    ] {
        for tx_first in [true, false] {
            let client = Client::new(TX, handling, false);
            let mut client = client.keep_final(Duration::from_secs(60));
            client.start(ask());
            client.answered(NOW, &granted(0));
            client.update(used(50));
            let end = Action::End(Ended::Unreachable);
            if tx_first && handling == FailureHandling::Terminate {
                assert_eq!(client.tx_expired(), [Action::StopTx, end]);
                assert_eq!(client.failed_to_send(NOW), [Action::SendLater]);
            } else {
                let ended = [Action::StopTx, end, Action::SendLater];
                assert_eq!(client.failed_to_send(NOW), ended);
            }
            assert_eq!(client.terminate(4, used(3)), []);
            let actions = client.send_again();
            let again = sent(&actions)[0];
            assert_eq!((again.kind, again.number), (RequestType::Update, 1));
            assert_eq!((again.again, &again.usage), (true, &used(50)));
            assert_eq!(client.failed_to_send(NOW), [Action::SendLater]);
            client.send_again();
            let actions = client.answered(NOW, &granted(1));
            let last = sent(&actions)[0];
            assert_eq!((last.kind, last.number), (RequestType::Termination, 2));
            assert_eq!((last.cause, &last.usage), (4, &used(3)));
            let actions = client.answered(NOW, &Answer::of(2001, Some(2)));
            assert_eq!(actions, [Action::StopTx, Action::Closed]);
        }
    }
}

#[test]
fn a_service_that_ran_unchecked_is_counted_when_the_first_answer_comes_after_its_end() {
    let client = Client::new(TX, FailureHandling::Continue, false);
    let mut client = client.keep_final(Duration::from_secs(60));
    client.start(ask());
    assert_eq!(client.tx_expired(), [Action::Unchecked]);
    assert_eq!(client.terminate(1, used(9)), []);
    assert_eq!(client.failed_to_send(NOW), [Action::SendLater]);
    let actions = client.send_again();
    assert_eq!(sent(&actions)[0].kind, RequestType::Initial);
    let actions = client.answered(NOW, &granted(0));
    let last = sent(&actions)[0];
    assert_eq!(
        (last.kind, &last.usage),
        (RequestType::Termination, &used(9))
    );
}

#[test]
fn re_auth_is_answered_and_brings_an_update_where_the_session_is_open() {
    let open = in_state(ClientState::Open, FailureHandling::Terminate, false).0;
    let report = Action::Report(vec![GroupKey::SESSION], Reason::ForcedReauthorisation);
    assert_eq!(open.re_auth(None), [Action::AnswerReAuth(2002), report]);
    let other = Some(GroupKey::rating_group(9));
    assert_eq!(open.re_auth(other), [Action::AnswerReAuth(5002)]);
    let pending = in_state(ClientState::PendingU, FailureHandling::Terminate, false).0;
    assert_eq!(pending.re_auth(None), [Action::AnswerReAuth(2002)]);
    for state in [ClientState::Idle, ClientState::PendingT] {
        let client = in_state(state, FailureHandling::Terminate, false).0;
        assert_eq!(
            client.re_auth(None),
            [Action::AnswerReAuth(5002)],
            "{state:?}"
        );
    }
}

#[test]
fn an_answer_to_another_interrogation_changes_nothing() {
    let (mut client, number) = in_state(ClientState::PendingU, FailureHandling::Terminate, false);
    assert_eq!(client.answered(NOW, &granted(number + 7)), []);
    assert_eq!(client.state(), ClientState::PendingU);
    let (mut client, _) = in_state(ClientState::Open, FailureHandling::Terminate, false);
    assert_eq!(client.answered(NOW, &granted(0)), [], "twice");
    assert_eq!(
        (client.failed_to_send(NOW), client.tx_expired()),
        (vec![], vec![])
    );
}

#[test]
fn numbers_go_on_in_what_was_written_down() {
    let (client, _) = in_state(ClientState::PendingU, FailureHandling::Terminate, false);
    let bytes = serde_json::to_vec(&client).expect("plain data");
    let mut client: Client = serde_json::from_slice(&bytes).expect("the same");
    client.answered(NOW, &granted(1));
    assert_eq!(sent(&client.terminate(1, used(1)))[0].number, 2);
}
