//! Mistakes that other containers make (D-01 to D-15 in docs/spec-map.md), and that this one does not.
//!
//! Where a test of a rule shows it already, the map names that one.

use crate::harness::{Kit, Note, Ping, Pong, Protocol, Spec, Tick};
use std::any::Any;
use std::sync::Arc;
use strowger::Error;
use strowger::event::ActivityEnd;
use strowger::ra::AdaptorDef;
use strowger::service::NoSettings;
use strowger::time::{millis, secs};
use strowger::timer::TimerOptions;
use strowger_kernel::{AdaptorState, Durability, ManageError, ServiceState};

#[test]
fn d_01_a_service_that_stops_takes_no_entities_from_another() {
    let mut kit = Kit::new();
    let stopped = kit.service::<0>(Spec::usual());
    let other = kit.service::<1>(Spec::usual());
    let (a, b) = (kit.start(), kit.start());
    for activity in [a, b] {
        kit.fire(activity, Ping(1));
    }
    kit.run();
    assert_eq!(kit.shard.counts().entities, 4);
    kit.shard.deactivate_services(kit.now, &[stopped]).unwrap();
    kit.end(a);
    kit.log();
    assert_eq!(
        kit.shard.service_state(stopped),
        Some(ServiceState::Stopping)
    );
    // On the activity that is left both have the entity that they had.
    kit.fire(b, Pong(2));
    assert_eq!(kit.log(), ["A: pong(2)", "B: pong(2)"]);
    kit.end(b);
    kit.log();
    assert_eq!(
        kit.shard.service_state(stopped),
        Some(ServiceState::Inactive)
    );
    assert_eq!(kit.shard.service_state(other), Some(ServiceState::Active));
    let c = kit.start();
    kit.fire(c, Ping(3));
    assert_eq!(kit.log(), ["B: ping(3)"]);
}

#[test]
fn d_02_an_adaptor_that_stops_ends_its_own_activities_in_the_ordinary_way_and_no_others() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let settings: Arc<dyn Any + Send + Sync> = Arc::new(NoSettings {});
    let first = kit.ra;
    let second = kit
        .shard
        .install_adaptor("second", &AdaptorDef::of::<Protocol>(), &settings)
        .unwrap();
    kit.shard.activate_adaptor(kit.now, second).unwrap();
    let a = kit.start();
    kit.ra = second;
    let b = kit.start();
    kit.fire(b, Ping(1));
    kit.ra = first;
    kit.fire(a, Ping(1));
    kit.log();
    kit.shard.deactivate_adaptor(kit.now, first).unwrap();
    // What is up goes on until its adaptor ends it.
    assert_eq!(kit.log(), ["ra: stopping"]);
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["A: pong(1)"]);
    assert_eq!(kit.shard.adaptor_state(first), Some(AdaptorState::Stopping));
    kit.end(a);
    assert_eq!(kit.log(), ["A: end", "ra: inactive"]);
    kit.ra = second;
    kit.fire(b, Pong(2));
    assert_eq!(kit.log(), ["A: pong(2)"]);
    assert_eq!(kit.shard.adaptor_state(second), Some(AdaptorState::Active));
}

#[test]
fn d_08_trees_that_work_on_each_others_activities_never_wait() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.service::<1>(Spec::usual());
    let (a, b) = (kit.start(), kit.start());
    let cross = move |_: &mut crate::harness::Data,
                      cx: &mut strowger::Cx<'_>,
                      call: &crate::harness::Call<'_>| {
        cx.attach(a);
        cx.attach(b);
        if let Some(Pong(n)) = call.get::<Pong>()
            && *n > 0
        {
            let here = cx.activity();
            let there = if here == Some(a) { b } else { a };
            cx.fire(there, Pong(n - 1))?;
        }
        Ok(())
    };
    kit.on::<0>(cross);
    kit.on::<1>(cross);
    kit.fire(a, Ping(1));
    kit.fire(b, Ping(1));
    kit.log();
    kit.fire(a, Pong(3));
    kit.fire(b, Pong(3));
    // No time passes.
    let log = kit.log();
    // Four entities are on both, and each passes each event on.
    let expected: usize = (0..=3).map(|round| 2 * 4_usize.pow(round) * 4).sum();
    assert_eq!(log.len(), expected);
    assert_eq!(kit.shard.counts().events, 0);
}

#[test]
fn d_09_services_are_replaced_all_or_none_however_many_on_either_side() {
    let mut kit = Kit::new();
    let old = kit.service::<0>(Spec::usual());
    let one = kit.install::<1>(Spec::usual(), Durability::None);
    let two = kit.install::<2>(Spec::usual(), Durability::None);
    let states = |kit: &Kit| [old, one, two].map(|service| kit.shard.service_state(service));
    let before = states(&kit);
    for (from, to) in [
        (&[old][..], &[one, one][..]),
        (&[old, one], &[two]),
        (&[old], &[old]),
    ] {
        let refused = kit.shard.replace_services(kit.now, from, to);
        assert!(
            matches!(
                refused,
                Err(ManageError::InvalidArgument | ManageError::InvalidState)
            ),
            "{refused:?}"
        );
        assert_eq!(states(&kit), before);
    }
    kit.shard
        .replace_services(kit.now, &[old], &[one, two])
        .unwrap();
    kit.run();
    let (active, inactive) = (Some(ServiceState::Active), Some(ServiceState::Inactive));
    assert_eq!(states(&kit), [inactive, active, active]);
}

#[test]
fn d_13_a_timers_options_are_the_callers_and_stay_as_they_are() {
    let mut kit = Kit::new();
    let options = TimerOptions {
        timeout: millis(1),
        ..TimerOptions::periodic(kit.now.wall + secs(1), secs(1), 2)
    };
    let given = options.clone();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(move |_, cx, call| {
        if call.is::<Ping>() {
            let activity = cx.activity().unwrap();
            cx.timer_with(activity, options.clone(), &Tick(1))?;
            assert_eq!(options, given);
            cx.timer_with(activity, options.clone(), &Tick(2))?;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.advance(secs(1));
    assert_eq!(
        kit.log(),
        ["A: tick 1 missed 0 left 1", "A: tick 2 missed 0 left 1"]
    );
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn d_15_what_becomes_of_one_event_leaves_no_trace_on_the_next() {
    let mut kit = Kit::new();
    let first = Spec::new()
        .priority(1)
        .initial::<Ping>(crate::harness::initial())
        .receives::<ActivityEnd>();
    kit.service::<0>(first);
    kit.service::<1>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            cx.suspend(Some(secs(5))).map_err(Error::from)?;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: ping(1)"]);
    // Who has suspended it is taken away.
    let gone = kit.attached(a)[0];
    kit.shard.remove_entity(kit.now, gone).unwrap();
    kit.run();
    kit.advance(secs(5));
    assert_eq!(kit.log(), ["B: ping(1)"]);
    // Nobody receives this one, and what comes after it is offered from the beginning.
    kit.fire(a, Tick(1));
    kit.fire(a, Note(1));
    assert_eq!(kit.log(), ["B: note(1)"]);
    kit.fire(a, Ping(2));
    assert_eq!(kit.log(), ["A: ping(2)"]);
    kit.shard.end_activity(kit.now, a).unwrap();
    kit.advance(secs(5));
    assert_eq!(
        kit.log(),
        [
            "ra: administrative remove",
            "B: ping(2)",
            "A: end",
            "B: end"
        ]
    );
    assert_eq!(kit.shard.counts().activities, 0);
}
