//! Deliveries that ended in a panic: put aside, listed, released, discarded, and there again after a restart.

use crate::harness::{Call, Data, Kit, Note, Ping, Pong, Spec, initial, say};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use strowger::event::ActivityEnd;
use strowger::id::ActivityId;
use strowger::time::secs;
use strowger::{Cx, Error};
use strowger_kernel::{Durability, ReleaseError};

/// A service that panics on `Pong(13)` as long as `sick` is set, and one beside it that does not; both are attached.
fn sick(class: Durability) -> (Kit, ActivityId, Arc<AtomicBool>) {
    let mut kit = Kit::new();
    let sick = Arc::new(AtomicBool::new(true));
    kit.service_in::<0>(Spec::usual().priority(5), class);
    kit.service_in::<1>(Spec::usual(), class);
    infect(&mut kit, &sick);
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    (kit, a, sick)
}

fn infect(kit: &mut Kit, sick: &Arc<AtomicBool>) {
    let sick = Arc::clone(sick);
    kit.on::<0>(move |data, cx, call| {
        if call.get::<Pong>() == Some(&Pong(13)) {
            assert!(!sick.load(Ordering::Relaxed), "thirteen is too much");
            data.n += 1;
            say(cx, "cured");
        }
        Ok(())
    });
}

fn numbers(kit: &Kit) -> Vec<u64> {
    let (all, next) = kit.shard.quarantined(None, 1_000, None);
    assert_eq!(next, None);
    all.into_iter().map(|one| one.number).collect()
}

#[test]
fn a_panicked_delivery_is_put_aside_and_everything_else_goes_on() {
    let (mut kit, a, _) = sick(Durability::Strict);
    kit.fire(a, Pong(13));
    kit.fire(a, Pong(1));
    let expected = ["A: pong(13)", "B: pong(13)", "A: pong(1)", "B: pong(1)"];
    assert_eq!(kit.log(), expected);
    let (all, _) = kit.shard.quarantined(None, 10, None);
    let [one] = &all[..] else { panic!("{all:?}") };
    let entity = kit.attached(a)[0];
    assert_eq!(
        (one.event.name, one.activity, one.entity),
        ("pong", a, Some(entity))
    );
    assert!(one.cause.contains("thirteen is too much"), "{}", one.cause);
    assert_eq!(
        (one.times, one.first, one.last),
        (1, kit.now.wall, kit.now.wall)
    );
    assert_eq!(
        (one.service, one.stuck),
        (kit.shard.service("toy-0").unwrap(), None)
    );
    assert_eq!(kit.shard.counts().quarantined, 1);
    assert_eq!(kit.shard.metrics().quarantined, 1);
}

#[test]
fn a_delivery_with_which_the_process_did_not_come_back_is_put_aside_once_and_not_made() {
    let (mut kit, a, sick) = sick(Durability::Strict);
    sick.store(false, Ordering::Relaxed);
    let entity = kit.attached(a)[0];
    let mut events = kit.shard.event_tallies();
    let pong = events.position(|(event, _)| event.name == "pong");
    drop(events);
    kit.shard.hold_back_delivery(entity, pong.unwrap());
    kit.fire(a, Ping(2));
    assert_eq!(kit.log(), ["A: ping(2)", "B: ping(2)"]);
    let before = kit.shard.metrics().rollbacks;
    kit.fire(a, Pong(13));
    assert_eq!(kit.log(), ["B: pong(13)"], "the other receiver has it");
    let (all, _) = kit.shard.quarantined(None, 10, None);
    let [one] = &all[..] else { panic!("{all:?}") };
    assert_eq!((one.activity, one.entity), (a, Some(entity)));
    assert!(one.cause.contains("did not return"), "{}", one.cause);
    let metrics = kit.shard.metrics();
    assert_eq!((metrics.rollbacks, metrics.panics), (before + 1, 0));
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["A: pong(1)", "B: pong(1)"]);
    // Whoever releases it has it made.
    kit.shard.release_quarantined(kit.now, one.number).unwrap();
    assert_eq!(kit.run(), ["cured"]);
}

#[test]
fn what_is_released_is_offered_to_that_receiver_only() {
    let (mut kit, a, sick) = sick(Durability::Strict);
    kit.fire(a, Pong(13));
    kit.log();
    sick.store(false, Ordering::Relaxed);
    let number = numbers(&kit)[0];
    kit.shard.release_quarantined(kit.now, number).unwrap();
    assert_eq!(kit.run(), ["cured"]);
    assert_eq!(kit.log(), ["A: pong(13)"]);
    assert_eq!(numbers(&kit), [0_u64; 0]);
    let metrics = kit.shard.metrics();
    assert_eq!((metrics.quarantined, metrics.quarantine_released), (1, 1));
    let again = kit.shard.release_quarantined(kit.now, number);
    assert_eq!(again, Err(ReleaseError::Unknown));
}

#[test]
fn what_fails_again_keeps_its_number_and_is_counted() {
    let (mut kit, a, sick) = sick(Durability::Strict);
    kit.fire(a, Pong(13));
    kit.log();
    let number = numbers(&kit)[0];
    let first = kit.now.wall;
    kit.advance(secs(60));
    kit.shard.release_quarantined(kit.now, number).unwrap();
    assert_eq!(kit.log(), ["A: pong(13)"]);
    let one = kit.shard.quarantined_one(number).unwrap();
    assert_eq!((one.times, one.first, one.last), (2, first, kit.now.wall));
    // A restart does not forget it either.
    kit.restart(secs(1));
    infect(&mut kit, &sick);
    assert_eq!(kit.shard.quarantined_one(number).unwrap().times, 2);
}

#[test]
fn it_survives_a_restart_and_can_be_released_after_it() {
    let (mut kit, a, sick) = sick(Durability::Strict);
    kit.fire(a, Pong(13));
    kit.log();
    let before = kit.shard.quarantined(None, 10, None);
    let restored = kit.restart(secs(10));
    assert_eq!(restored.dropped, 0);
    assert_eq!(kit.shard.quarantined(None, 10, None), before);
    sick.store(false, Ordering::Relaxed);
    infect(&mut kit, &sick);
    kit.log();
    kit.shard
        .release_quarantined(kit.now, before.0[0].number)
        .unwrap();
    assert_eq!(kit.run(), ["cured"]);
    // And is gone for good.
    kit.restart(secs(1));
    assert_eq!(numbers(&kit), [0_u64; 0]);
}

#[test]
fn what_was_released_and_not_offered_yet_is_offered_after_a_restart() {
    let (mut kit, a, sick) = sick(Durability::Strict);
    kit.fire(a, Pong(13));
    kit.log();
    kit.shard
        .release_quarantined(kit.now, numbers(&kit)[0])
        .unwrap();
    kit.sync();
    kit.restart(secs(1));
    sick.store(false, Ordering::Relaxed);
    infect(&mut kit, &sick);
    assert_eq!(kit.run(), ["cured"]);
    assert_eq!(numbers(&kit), [0_u64; 0]);
}

#[test]
fn what_is_discarded_is_gone_from_the_store_too() {
    let (mut kit, a, _) = sick(Durability::Strict);
    kit.fire(a, Pong(13));
    kit.log();
    let number = numbers(&kit)[0];
    assert!(kit.records().iter().any(|(kind, _)| *kind == 8));
    assert!(kit.shard.discard_quarantined(kit.now, number));
    assert!(!kit.shard.discard_quarantined(kit.now, number));
    kit.run();
    assert!(kit.records().iter().all(|(kind, _)| *kind != 8));
    assert_eq!(kit.shard.metrics().quarantine_discarded, 1);
    assert_eq!(kit.log(), Vec::<String>::new());
}

/// The transaction that made the entity was rolled back: what is put aside is the service's initial event.
#[test]
fn an_initial_event_makes_its_entity_when_it_is_released() {
    let mut kit = Kit::new();
    let service = kit.service_in::<0>(Spec::usual(), Durability::Strict);
    kit.on::<0>(|_, _, _| panic!("always"));
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    let (all, _) = kit.shard.quarantined(None, 10, Some(service));
    assert_eq!((all.len(), all[0].entity), (1, None));
    assert_eq!(kit.shard.counts().entities, 0);
    kit.on::<0>(|_, _, _| Ok(()));
    kit.shard
        .release_quarantined(kit.now, all[0].number)
        .unwrap();
    assert_eq!(kit.log(), ["A: ping(1)", "ra: snapshot"]);
    assert_eq!(kit.attached(a).len(), 1);
}

/// An initial event for an entity that is there is for that entity, and so is one whose entity has come meanwhile.
#[test]
fn an_initial_event_goes_to_the_entity_that_it_names() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let panics = |_: &mut Data, _: &mut Cx<'_>, call: &Call<'_>| {
        assert_ne!(call.get::<Ping>(), Some(&Ping(13)));
        Ok(())
    };
    kit.on::<0>(panics);
    let (a, b) = (kit.start(), kit.start());
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(13));
    kit.fire(b, Ping(13));
    kit.fire(b, Ping(2));
    kit.run();
    let (all, _) = kit.shard.quarantined(None, 10, None);
    let entities: Vec<_> = all.iter().map(|one| one.entity).collect();
    assert_eq!(entities.iter().flatten().count(), 1, "{all:?}");
    assert!(entities.contains(&Some(kit.attached(a)[0])));
    kit.on::<0>(|_, _, _| Ok(()));
    kit.log();
    for one in &all {
        kit.shard.release_quarantined(kit.now, one.number).unwrap();
    }
    assert_eq!(kit.log(), ["A: ping(13)", "A: ping(13)"]);
    assert_eq!(kit.shard.counts().entities, 2);
    assert_eq!(numbers(&kit), [0_u64; 0]);
}

#[test]
fn it_is_not_released_without_what_it_was_for() {
    let mut kit = Kit::new();
    let service = kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| match call.get::<Pong>() {
        Some(Pong(1)) => {
            cx.detach(cx.activity().unwrap());
            Ok(())
        }
        Some(_) => panic!("as the test wants"),
        None if call.get::<Ping>() == Some(&Ping(13)) => panic!("so too"),
        None => Ok(()),
    });
    let (a, b, c) = (kit.start(), kit.start(), kit.start());
    kit.fire(a, Ping(1));
    kit.fire(b, Ping(1));
    for activity in [a, b] {
        kit.fire(activity, Pong(13));
    }
    kit.fire(b, Pong(1));
    kit.run();
    kit.fire(c, Ping(13));
    kit.run();
    kit.end(a);
    kit.run();
    kit.shard.deactivate_services(kit.now, &[service]).unwrap();
    kit.run();
    let (all, _) = kit.shard.quarantined(None, 10, None);
    let why = [
        ReleaseError::ActivityGone,
        ReleaseError::EntityGone,
        ReleaseError::ServiceInactive,
    ];
    assert_eq!(
        all.iter().filter_map(|one| one.stuck).collect::<Vec<_>>(),
        why
    );
    for (one, why) in all.iter().zip(why) {
        let refused = kit.shard.release_quarantined(kit.now, one.number);
        assert_eq!(refused, Err(why));
    }
    assert_eq!(numbers(&kit).len(), 3);
}

#[test]
fn errors_and_last_events_are_not_put_aside() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, _, call| {
        if call.is::<Pong>() {
            return Err(Error::msg("an answer"));
        }
        assert!(!call.is::<ActivityEnd>(), "as the test wants");
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.run();
    kit.end(a);
    kit.run();
    let metrics = kit.shard.metrics();
    assert_eq!((metrics.rollbacks, metrics.panics), (2, 1));
    assert_eq!(
        (metrics.quarantined, kit.shard.counts().quarantined),
        (0, 0)
    );
}

#[test]
fn the_oldest_makes_room_and_pages_show_all() {
    let mut kit = Kit::new();
    kit.options.limits.quarantine = 5;
    kit.restart(secs(0));
    kit.service_in::<0>(
        Spec::new().initial::<Ping>(initial()).receives::<Note>(),
        Durability::Relaxed,
    );
    kit.on::<0>(|_, _, call| {
        assert!(!call.is::<Note>(), "no notes");
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    for n in 0..8 {
        kit.fire(a, Note(n));
    }
    kit.run();
    let all = numbers(&kit);
    assert_eq!((all.len(), kit.shard.metrics().quarantine_dropped), (5, 3));
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = kit.shard.quarantined(after, 2, None);
        assert!(page.len() <= 2);
        seen.extend(page.iter().map(|one| one.number));
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, all);
    kit.restart(secs(1));
    assert_eq!(numbers(&kit), all);
}
