//! What the recorder keeps of calls, what it lets go, and that it sees nothing while it is off.

use crate::harness::{Kit, Ping, Pong, Spec, Tick};
use std::borrow::Cow;
use strowger::id::ActivityId;
use strowger::ra::{Direction, ListenerIx, Parties, RaCx, Recorded, Transport};
use strowger::time::secs;
use strowger_kernel::{Ladder, Octets, RecorderFilter, RecorderMode, RecorderOptions, Step, What};

fn recording(mode: RecorderMode) -> Kit {
    recording_with(RecorderOptions {
        mode,
        ..RecorderOptions::default()
    })
}

pub(super) fn recording_with(options: RecorderOptions) -> Kit {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.shard.configure_recorder(options);
    kit
}

pub(super) fn say(
    cx: &mut RaCx<'_>,
    key: &str,
    direction: Direction,
    text: &str,
    called: Option<&str>,
) {
    cx.record(key.as_bytes(), direction, |wanted| {
        Some(Recorded {
            transport: Transport::Udp,
            listener: ListenerIx(0),
            remote: ([192, 0, 2, 1], 5060).into(),
            protocol: "toy",
            title: text.to_owned(),
            parties: called.map(|called| Parties {
                calling: "+1".into(),
                called: called.into(),
            }),
            bytes: match wanted.redaction.secrets {
                true => Cow::Borrowed(b"hidden"),
                false => Cow::Borrowed(text.as_bytes()),
            },
        })
    });
}

/// A message that may begin a call comes, and gets an activity on which an event is fired.
pub(super) fn call(kit: &mut Kit, key: &'static str, called: &'static str) -> ActivityId {
    let activity = kit.start();
    kit.ra(move |cx| {
        say(cx, key, Direction::In, "HELLO", Some(called));
        cx.record_as(activity, key.as_bytes());
    });
    kit.fire(activity, Ping(1));
    kit.run();
    activity
}

pub(super) fn over(kit: &mut Kit, activity: ActivityId) {
    kit.end(activity);
    kit.run();
}

fn ids(kit: &Kit) -> Vec<u64> {
    let (calls, next) = kit.shard.ladders(None, 100, "");
    assert_eq!(next, None);
    calls.iter().map(|call| call.id).collect()
}

fn told(ladder: &Ladder) -> Vec<String> {
    let word = |step: &Step| match &step.what {
        What::Message(message) => {
            let way = if message.out { "out" } else { "in" };
            format!("{way} {}", message.title)
        }
        What::Activity { kind, .. } => format!("activity {kind}"),
        What::Ended { .. } => "ended".into(),
        What::Event { event, .. } => format!("event {event}"),
        What::Delivery {
            event,
            service,
            rolled_back,
            ..
        } => format!(
            "{service}: {event} {}",
            rolled_back.as_deref().unwrap_or("done")
        ),
        What::TimerSet { event, after, .. } => format!("set {event} {after}"),
        What::TimerCancelled { event, .. } => format!("cancelled {event}"),
        What::TimerFired { event, .. } => format!("fired {event}"),
        other => format!("{other:?}"),
    };
    ladder.steps.iter().map(word).collect()
}

#[test]
fn a_recorder_that_is_off_asks_for_nothing_and_keeps_nothing() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let activity = kit.start();
    kit.ra(move |cx| {
        assert!(!cx.is_recording());
        cx.record(b"k", Direction::In, |_| panic!("nobody wants it"));
        cx.record_as(activity, b"k");
    });
    kit.fire(activity, Ping(1));
    kit.run();
    assert_eq!(ids(&kit), [0_u64; 0]);
    assert_eq!(kit.shard.recorder_counts().recorded, 0);
}

#[test]
fn a_call_tells_its_messages_events_deliveries_timers_and_end() {
    let mut kit = recording(RecorderMode::Sampled(1));
    kit.on::<0>(|data, cx, call| {
        let activity = cx.activity().unwrap();
        if call.is::<Ping>() {
            cx.timer(activity, secs(1), Tick(1));
            data.timer = Some(cx.timer(activity, secs(9), Tick(2)));
        }
        if call.is::<Pong>() {
            cx.cancel(data.timer.unwrap());
            return Err(strowger::Error::msg("no"));
        }
        Ok(())
    });
    let activity = call(&mut kit, "k", "+2");
    kit.advance(secs(2));
    kit.fire(activity, Pong(1));
    kit.run();
    kit.ra(|cx| say(cx, "k", Direction::Out, "BYE", None));
    over(&mut kit, activity);
    let ladder = kit.shard.ladder(1).unwrap();
    assert_eq!(
        told(&ladder),
        [
            "in HELLO",
            "activity conn",
            "event ping",
            "toy-0: ping done",
            "set tick 1000",
            "set tick 9000",
            "fired tick",
            "event tick",
            "toy-0: tick done",
            "event pong",
            "toy-0: pong no",
            "out BYE",
            "event activity-end",
            "toy-0: activity-end done",
            "ended",
        ]
    );
    let info = &ladder.info;
    assert_eq!((info.from.as_str(), info.to.as_str()), ("+1", "+2"));
    assert_eq!(
        (info.state.as_str(), info.messages, info.lasted),
        ("ended", 2, 2_000)
    );
    assert_eq!(
        (&info.keys, &info.services),
        (&vec!["k".to_owned()], &vec!["toy-0".to_owned()])
    );
    assert!(ladder.without_secrets && ladder.without_bodies);
    let What::Message(message) = &ladder.steps[0].what else {
        panic!("the first step is a message")
    };
    assert_eq!(message.bytes, Octets::Text("hidden".into()));
}

#[test]
fn activities_that_one_entity_is_attached_to_are_one_call() {
    let mut kit = recording(RecorderMode::Sampled(1));
    let second = kit.start();
    kit.on::<0>(move |_, cx, call| {
        if call.is::<Ping>() {
            cx.attach(second);
        }
        Ok(())
    });
    call(&mut kit, "k", "+2");
    kit.ra(move |cx| {
        cx.record_as(second, b"other");
        say(cx, "other", Direction::Out, "HELLO to you", None);
    });
    kit.fire(second, Pong(1));
    kit.run();
    assert_eq!(ids(&kit), [1]);
    let ladder = kit.shard.ladder(1).unwrap();
    assert_eq!(ladder.info.keys, ["k", "other"]);
    assert!(told(&ladder).ends_with(&["event pong".into(), "toy-0: pong done".into()]));
}

#[test]
fn two_calls_that_come_together_are_one() {
    let mut kit = recording(RecorderMode::Sampled(1));
    let first = call(&mut kit, "k1", "+2");
    let second = call(&mut kit, "k2", "+3");
    assert_eq!(ids(&kit), [2, 1]);
    kit.on::<0>(move |_, cx, call| {
        if call.is::<Pong>() {
            cx.attach(second);
        }
        Ok(())
    });
    kit.fire(first, Pong(1));
    kit.run();
    assert_eq!(ids(&kit), [1]);
    let info = kit.shard.ladder(1).unwrap().info;
    assert_eq!(
        (info.keys.len(), info.messages, info.to.as_str()),
        (2, 2, "+2")
    );
    over(&mut kit, first);
    assert_eq!(kit.shard.ladder(1).unwrap().info.state, "live");
    over(&mut kit, second);
    assert_eq!(kit.shard.ladder(1).unwrap().info.state, "ended");
}

#[test]
fn what_a_command_makes_an_adaptor_send_belongs_to_the_call() {
    let mut kit = recording(RecorderMode::Sampled(1));
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            crate::harness::command(cx, |cx| {
                say(cx, "minted", Direction::Out, "ASK", Some("+9"));
            });
        }
        Ok(())
    });
    call(&mut kit, "k", "+2");
    kit.ra(|cx| say(cx, "minted", Direction::In, "ANSWER", None));
    kit.ra(|cx| say(cx, "unknown", Direction::In, "STRAY", None));
    let ladder = kit.shard.ladder(1).unwrap();
    assert_eq!(ladder.info.keys, ["k", "minted"]);
    assert_eq!(
        ladder.info.to, "+2",
        "the call keeps the parties that it began with"
    );
    assert_eq!(ladder.info.messages, 3);
}

#[test]
fn the_call_that_ended_first_makes_room_and_live_ones_stay() {
    let mut kit = recording_with(RecorderOptions {
        mode: RecorderMode::Sampled(1),
        calls: 2,
        ..RecorderOptions::default()
    });
    let first = call(&mut kit, "k1", "+1");
    let second = call(&mut kit, "k2", "+2");
    let third = call(&mut kit, "k3", "+3");
    assert_eq!(ids(&kit), [2, 1], "both live: the third finds no room");
    over(&mut kit, second);
    over(&mut kit, third);
    call(&mut kit, "k4", "+4");
    assert_eq!(ids(&kit), [3, 1]);
    over(&mut kit, first);
    call(&mut kit, "k5", "+5");
    assert_eq!(ids(&kit), [4, 3]);
    let counts = kit.shard.recorder_counts();
    assert_eq!((counts.recorded, counts.evicted, counts.refused), (4, 2, 1));
}

#[test]
fn bytes_are_bounded_for_one_call_and_for_all() {
    let mut kit = recording_with(RecorderOptions {
        mode: RecorderMode::Sampled(1),
        bytes: 4_000,
        call_bytes: 3_000,
        ..RecorderOptions::default()
    });
    let first = call(&mut kit, "k1", "+1");
    for _ in 0..100 {
        kit.ra(|cx| say(cx, "k1", Direction::In, "AGAIN", None));
    }
    let info = kit.shard.ladder(1).unwrap().info;
    assert_eq!(info.messages, 101);
    assert!(info.dropped > 70, "{info:?}");
    let second = call(&mut kit, "k2", "+2");
    for _ in 0..100 {
        kit.ra(|cx| say(cx, "k2", Direction::In, "AGAIN", None));
    }
    let counts = kit.shard.recorder_counts();
    assert!(counts.bytes <= 4_000 && counts.dropped > 150, "{counts:?}");
    // Once the first has ended, it makes room.
    over(&mut kit, first);
    kit.ra(|cx| say(cx, "k2", Direction::In, "MORE", None));
    over(&mut kit, second);
    assert_eq!(ids(&kit), [2]);
    assert!(kit.shard.recorder_counts().bytes <= 3_000);
}

#[test]
fn a_filter_takes_the_calls_that_fit() {
    let filter = RecorderFilter {
        called: vec!["+468".into(), "+47".into()],
        adaptors: vec!["toy".into()],
        ..RecorderFilter::default()
    };
    let mut kit = recording(RecorderMode::Matching(filter));
    call(&mut kit, "k1", "+45123");
    call(&mut kit, "k2", "+46812");
    call(&mut kit, "k3", "+4712");
    let (calls, _) = kit.shard.ladders(None, 10, "");
    let called: Vec<&str> = calls.iter().map(|call| call.to.as_str()).collect();
    assert_eq!(called, ["+4712", "+46812"]);
    let (calls, _) = kit.shard.ladders(None, 10, "k2");
    assert_eq!(calls.len(), 1);
}

#[test]
fn a_sample_is_always_the_same_share() {
    let mut chosen = Vec::new();
    for _ in 0..2 {
        let mut kit = recording(RecorderMode::Sampled(10));
        for n in 0..1_000 {
            kit.ra(move |cx| say(cx, &format!("call-{n}"), Direction::In, "HELLO", Some("+1")));
        }
        let (calls, _) = kit.shard.ladders(None, 1_000, "");
        assert!((60..150).contains(&calls.len()), "{}", calls.len());
        chosen.push(calls);
    }
    assert_eq!(chosen[0], chosen[1]);
}

#[test]
fn lists_come_in_pages() {
    let mut kit = recording(RecorderMode::Sampled(1));
    for n in 0..5 {
        kit.ra(move |cx| say(cx, &format!("call-{n}"), Direction::In, "HELLO", Some("+1")));
    }
    let (page, next) = kit.shard.ladders(None, 2, "");
    assert_eq!(page.iter().map(|c| c.id).collect::<Vec<_>>(), [5, 4]);
    let (page, next) = kit.shard.ladders(next, 2, "");
    assert_eq!(page.iter().map(|c| c.id).collect::<Vec<_>>(), [3, 2]);
    let (page, next) = kit.shard.ladders(next, 2, "");
    assert_eq!((page.len(), next), (1, None));
}

#[test]
fn switching_off_keeps_what_there_is_and_learns_no_more() {
    let mut kit = recording(RecorderMode::Sampled(1));
    let activity = call(&mut kit, "k", "+2");
    kit.shard.configure_recorder(RecorderOptions::default());
    kit.fire(activity, Pong(1));
    over(&mut kit, activity);
    let ladder = kit.shard.ladder(1).unwrap();
    assert_eq!(ladder.info.state, "cut");
    assert!(!told(&ladder).contains(&"event pong".to_owned()));
}
