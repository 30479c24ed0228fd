//! What recorded calls give away: their messages as they come, and whole calls when they are over.

use super::recorder::{call, over, recording_with, say};
use crate::harness::Kit;
use std::time::Duration;
use strowger::ra::Direction;
use strowger::time::secs;
use strowger_kernel::{FeedOptions, RecorderMode, RecorderOptions};

const SETTLED: Duration = Duration::from_secs(2);
const NONE: [u64; 0] = [];

fn giving(feed: FeedOptions) -> Kit {
    recording_with(RecorderOptions {
        mode: RecorderMode::Sampled(1),
        calls: 3,
        feed,
        ..RecorderOptions::default()
    })
}

fn messages(room: u64) -> FeedOptions {
    FeedOptions {
        messages: Some(("toy", room)),
        calls: false,
    }
}

fn calls() -> FeedOptions {
    FeedOptions {
        messages: None,
        calls: true,
    }
}

/// The numbers of the calls that are over.
fn taken(kit: &mut Kit) -> Vec<u64> {
    let ladders = kit.shard.take_ladders(kit.now, 100, SETTLED);
    ladders.iter().map(|ladder| ladder.info.id).collect()
}

#[test]
fn messages_are_given_away_as_they_are_recorded_and_once() {
    let mut kit = giving(messages(10_000));
    call(&mut kit, "k1", "+1");
    kit.ra(|cx| say(cx, "k1", Direction::Out, "BACK", None));
    let given = kit.shard.take_messages(u64::MAX);
    let told: Vec<(&[u8], &[u8], bool)> =
        given.iter().map(|m| (&*m.key, &*m.bytes, m.out)).collect();
    // The recorder leaves secrets out of what it keeps, and so of what it gives away.
    assert_eq!(
        told,
        [
            (&b"k1"[..], &b"hidden"[..], false),
            (&b"k1"[..], &b"hidden"[..], true)
        ]
    );
    assert!(given[0].at <= given[1].at && given[0].at / 1_000_000 == kit.now.wall.0);
    assert_eq!(kit.shard.take_messages(u64::MAX), []);
    assert_eq!(kit.shard.feed_counts().bytes, 0);
}

#[test]
fn messages_that_do_not_fit_are_counted_and_the_ladder_keeps_them() {
    let mut kit = giving(messages(1_000));
    call(&mut kit, "k1", "+1");
    for _ in 0..99 {
        kit.ra(|cx| say(cx, "k1", Direction::In, "AGAIN", None));
    }
    let counts = kit.shard.feed_counts();
    assert!(counts.bytes <= 1_000, "{counts:?}");
    assert_eq!(counts.messages + counts.messages_dropped, 100);
    assert_eq!(kit.shard.ladder(1).unwrap().info.messages, 100);
    // They are taken in portions.
    let portion = kit.shard.take_messages(1).len();
    assert_eq!(portion, 1);
    let rest = kit.shard.take_messages(u64::MAX).len() as u64;
    assert_eq!(rest + 1, counts.messages);
}

#[test]
fn nothing_is_given_away_of_other_protocols_or_once_that_is_switched_off() {
    let mut kit = giving(FeedOptions {
        messages: Some(("sip", 10_000)),
        calls: false,
    });
    call(&mut kit, "k1", "+1");
    assert_eq!(kit.shard.take_messages(u64::MAX), []);
    kit.shard.configure_recorder(RecorderOptions {
        mode: RecorderMode::Sampled(1),
        feed: messages(10_000),
        ..RecorderOptions::default()
    });
    kit.ra(|cx| say(cx, "k1", Direction::In, "MORE", None));
    kit.shard.configure_recorder(RecorderOptions {
        mode: RecorderMode::Sampled(1),
        ..RecorderOptions::default()
    });
    assert_eq!(kit.shard.take_messages(u64::MAX), []);
    assert_eq!(kit.shard.feed_counts().bytes, 0);
}

#[test]
fn a_call_is_given_away_when_it_has_been_over_for_a_while_and_once() {
    let mut kit = giving(calls());
    let activity = call(&mut kit, "k1", "+1");
    kit.advance(secs(10));
    assert_eq!(taken(&mut kit), NONE, "it lives");
    over(&mut kit, activity);
    assert_eq!(taken(&mut kit), NONE, "its last message may be on its way");
    kit.advance(secs(2));
    assert_eq!(taken(&mut kit), [1]);
    assert_eq!(taken(&mut kit), NONE);
    // The second attempt of a call whose first one was challenged.
    let again = call(&mut kit, "k1", "+1");
    kit.advance(secs(10));
    assert_eq!(taken(&mut kit), NONE);
    over(&mut kit, again);
    kit.advance(secs(2));
    assert_eq!(taken(&mut kit), [1]);
}

#[test]
fn what_never_had_an_activity_is_given_away_too_and_one_that_goes_on_holds_up_no_other() {
    let mut kit = giving(calls());
    kit.ra(|cx| say(cx, "k1", Direction::In, "HELLO", Some("+1")));
    kit.ra(|cx| say(cx, "k2", Direction::In, "HELLO", Some("+1")));
    for _ in 0..3 {
        kit.advance(secs(1));
        kit.ra(|cx| say(cx, "k1", Direction::In, "AGAIN", None));
    }
    assert_eq!(taken(&mut kit), [2]);
    kit.advance(secs(2));
    assert_eq!(taken(&mut kit), [1]);
}

#[test]
fn calls_that_made_room_before_they_were_taken_are_counted() {
    let mut kit = giving(calls());
    for key in ["k1", "k2", "k3", "k4", "k5"] {
        let activity = call(&mut kit, key, "+1");
        over(&mut kit, activity);
    }
    kit.advance(secs(2));
    assert_eq!(taken(&mut kit), [3, 4, 5]);
    assert_eq!(kit.shard.feed_counts().calls_dropped, 2);
}
