//! Multiple services in one session (RFC 8506 5.1.2): each group for itself.

use std::time::Duration;

use strowger::time::Wall;
use strowger_diameter::proto::credit::{
    Action, Answer, Client, ClientState, FailureHandling, FinalUnit, GroupAnswer, GroupKey,
    GroupState, Reason, Units, Usage,
};

const VOICE: GroupKey = GroupKey::rating_group(1);
const VIDEO: GroupKey = GroupKey::rating_group(2);

fn session(groups: Vec<GroupAnswer>) -> (Client, Vec<Action>) {
    let mut client = Client::new(Duration::from_secs(10), FailureHandling::Terminate, false);
    client.start(vec![
        Usage::ask(VOICE, Units::NONE),
        Usage::ask(VIDEO, Units::NONE),
    ]);
    let answer = Answer {
        groups,
        ..Answer::of(2001, Some(0))
    };
    let actions = client.answered(Wall(0), &answer);
    (client, actions)
}

#[test]
fn one_failed_group_does_not_end_the_others() {
    for result in [4010, 4012, 5031] {
        let (client, actions) = session(vec![
            GroupAnswer::granted(VOICE, Units::time(60)),
            GroupAnswer::refused(VIDEO, result),
        ]);
        assert_eq!(
            actions[1..],
            [Action::Denied(VIDEO, result), Action::Granted(vec![VOICE])]
        );
        assert_eq!(client.state(), ClientState::Open);
        let video = client.group(VIDEO).expect("known");
        assert_eq!(
            (video.state, video.granted),
            (GroupState::Denied(result), Units::NONE)
        );
    }
}

#[test]
fn a_group_without_charge_is_free() {
    let (_, actions) = session(vec![
        GroupAnswer::refused(VOICE, 4011),
        GroupAnswer::granted(VIDEO, Units::time(60)),
    ]);
    assert!(actions.contains(&Action::Free(VOICE)));
    assert!(actions.contains(&Action::Granted(vec![VIDEO])));
}

#[test]
fn each_group_has_its_own_validity_time_and_is_named_once() {
    let valid = |group, seconds| GroupAnswer {
        validity: Some(Duration::from_secs(seconds)),
        ..GroupAnswer::granted(group, Units::time(60))
    };
    let (mut client, _) = session(vec![valid(VOICE, 30), valid(VIDEO, 20)]);
    assert_eq!(client.valid_until(), Some(Wall(20_000)));
    assert_eq!(client.expire(Wall(19_999)), []);
    let due = |group| [Action::Report(vec![group], Reason::ValidityTime)];
    assert_eq!(client.expire(Wall(20_000)), due(VIDEO));
    assert_eq!(client.expire(Wall(20_000)), []);
    assert_eq!(client.valid_until(), Some(Wall(30_000)));
    assert_eq!(client.expire(Wall(40_000)), due(VOICE));
}

#[test]
fn each_group_has_its_own_final_unit_and_a_new_grant_takes_its_place() {
    let last = GroupAnswer {
        final_unit: Some(FinalUnit::Terminate),
        ..GroupAnswer::granted(VOICE, Units::time(5))
    };
    let (mut client, _) = session(vec![last, GroupAnswer::granted(VIDEO, Units::time(60))]);
    let state = |client: &Client, key| client.group(key).map(|group| group.state);
    assert_eq!(state(&client, VOICE), Some(GroupState::Last));
    assert_eq!(state(&client, VIDEO), Some(GroupState::Granted));
    // The account was filled up, and the server asked to be asked again.
    client.update(vec![Usage::ask(VOICE, Units::NONE)]);
    let answer = Answer {
        groups: vec![GroupAnswer::granted(VOICE, Units::time(60))],
        ..Answer::of(2001, Some(1))
    };
    client.answered(Wall(0), &answer);
    assert_eq!(state(&client, VOICE), Some(GroupState::Granted));
    let granted = client.group(VOICE).map(|group| group.granted);
    assert_eq!(granted, Some(Units::time(60)));
}

#[test]
fn redirect_and_restriction_are_told_with_the_group() {
    for unit in [
        FinalUnit::Redirect(Some("http://fill.example".into())),
        FinalUnit::Restrict(vec!["portal".into()]),
    ] {
        let last = GroupAnswer {
            final_unit: Some(unit.clone()),
            ..GroupAnswer::granted(VOICE, Units::NONE)
        };
        let (client, _) = session(vec![last]);
        let known = client
            .group(VOICE)
            .and_then(|group| group.final_unit.clone());
        assert_eq!(known, Some(unit));
    }
}

#[test]
fn re_auth_without_a_group_names_all_that_are_counted() {
    let (client, _) = session(vec![
        GroupAnswer::granted(VOICE, Units::time(60)),
        GroupAnswer::refused(VIDEO, 4010),
    ]);
    let report = Action::Report(vec![VOICE], Reason::ForcedReauthorisation);
    assert!(client.re_auth(None).contains(&report));
}

#[test]
fn groups_are_bounded() {
    let many = (0..10_000).map(|n| GroupAnswer::granted(GroupKey::rating_group(n), Units::time(1)));
    let (client, _) = session(many.collect());
    assert_eq!(client.groups().len(), 64);
}
