//! Recorded calls, and what a replay finds when the service does something else.

use super::{everywhere, slee, up, with};
use std::time::Duration;
use strowger::prelude::*;
use strowger_b2bua::{Route, Settings};
use strowger_sip::testkit::MINTED;
use strowger_testkit::{Recording, TestKit, Unplayable, What, replay};

/// A call that rings for a while and is hung up by the caller.
fn recorded(slee: TestKit) -> Recording {
    let mut slee = slee.recording();
    let (alice, bob) = up(&slee);
    slee.advance(secs(3));
    alice.reinvite();
    bob.expect_reinvite().answer();
    alice.expect(200);
    bob.expect_ack();
    slee.advance(secs(60));
    let bye = alice.bye();
    bob.expect_bye();
    bye.expect(200);
    let mut calls = slee.recordings();
    assert_eq!(calls.len(), 1, "both legs are one call");
    calls.remove(0)
}

#[test]
fn both_legs_are_one_recorded_call() {
    let call = recorded(slee());
    assert_eq!(call.info.keys.len(), 2, "{:?}", call.info);
    assert_eq!(call.info.services, ["b2bua"]);
    assert_eq!(
        (call.info.from.as_str(), call.info.to.as_str()),
        ("alice", "bob")
    );
    let titles: Vec<String> = call
        .steps
        .iter()
        .filter_map(|step| {
            let What::Message(message) = &step.what else {
                return None;
            };
            let title = message.title.split(" sip:").next().unwrap_or_default();
            Some(format!("{} {title}", if message.out { ">" } else { "<" }))
        })
        .collect();
    let expected = [
        "< INVITE bob +SDP",
        "> INVITE bob +SDP",
        "< 180 Ringing (INVITE)",
        "> 180 Ringing (INVITE)",
    ];
    assert_eq!(titles[..4], expected, "{titles:?}");
    assert_eq!(titles.last().map(String::as_str), Some("< 200 OK (BYE)"));
}

#[test]
fn a_recorded_call_replays_without_a_difference_on_the_same_build() {
    for other_seed in [1, 2, 77] {
        let call = recorded(slee());
        let played = replay(slee().seed(other_seed), &call, MINTED).expect("a whole call");
        assert!(played.is_same(), "seed {other_seed}: {played}");
        assert!(played.outputs >= 9, "{played}");
    }
}

#[test]
fn a_change_in_what_the_service_does_shows_as_a_difference() {
    let call = recorded(with(everywhere()));
    let shorter = Settings {
        max_call: Duration::from_secs(30),
        ..everywhere()
    };
    let played = replay(with(shorter), &call, MINTED).expect("a whole call");
    let text = played.to_string();
    assert!(
        text.contains("+ BYE sip:"),
        "the call is ended early: {text}"
    );
    let elsewhere = Settings {
        routes: vec![Route {
            prefix: Some("9".into()),
            ..Route::default()
        }],
        ..Settings::default()
    };
    let played = replay(with(elsewhere), &call, MINTED).expect("a whole call");
    let text = played.to_string();
    assert!(text.contains("+ SIP/2.0 4"), "nobody is called: {text}");
}

#[test]
fn a_call_that_lacks_steps_is_not_played() {
    let mut call = recorded(slee());
    call.info.dropped = 3;
    assert_eq!(
        replay(slee(), &call, MINTED).err(),
        Some(Unplayable::Incomplete(3))
    );
}

#[test]
fn a_call_with_messages_of_another_protocol_is_not_played() {
    let mut call = recorded(slee());
    let message = call.steps.iter_mut().find_map(|step| {
        let What::Message(message) = &mut step.what else {
            return None;
        };
        Some(message)
    });
    message.expect("a message").protocol = "http".to_owned();
    assert_eq!(
        replay(slee(), &call, MINTED).err(),
        Some(Unplayable::Protocol("http".to_owned()))
    );
}

#[test]
fn a_call_without_its_bodies_replays_all_the_same() {
    let options = strowger_testkit::RecorderOptions {
        mode: strowger_testkit::RecorderMode::Sampled(1),
        ..Default::default()
    };
    let slee_recording = slee().recording_with(options);
    let (alice, bob) = up(&slee_recording);
    let bye = bob.bye();
    alice.expect_bye();
    bye.expect(200);
    let calls = slee_recording.recordings();
    let call = calls.first().expect("a call");
    assert!(call.without_bodies);
    let played = replay(slee(), call, MINTED).expect("a whole call");
    assert!(played.is_same(), "{played}");
}
