//! R-SV-08, R-SL-04: versions of a service side by side, shares of new work, entities that move, what an operator wants.

#[path = "versions/desired.rs"]
mod desired;
#[path = "versions/moving.rs"]
pub(crate) mod moving;

use crate::harness::{Call, Kit, Ping, Pong, Spec, Tick, Toy, initial, one};
use strowger::address::Address;
use strowger::event::{Event as _, FireOptions};
use strowger::id::{ActivityId, ServiceIx};
use strowger::initial::{InitialDecl, Selector};
use strowger::ra::FireFlags;
use strowger::sbb::{MigrationDecl, Object};
use strowger::state::Schema;
use strowger::time::secs;
use strowger_kernel::{
    Durability, Intensity, ManageError, RestoreError, ServiceState, ShardOutput, Share,
};

const NONE: Durability = Durability::None;

/// Version 1, active, and version 2.
pub(crate) fn two_in(class: Durability, newer: Spec) -> (Kit, ServiceIx, ServiceIx) {
    let mut kit = Kit::new();
    let old = kit.service_in::<0>(Spec::usual(), class);
    let new = kit.version::<1>("2", newer, class);
    kit.desired = true;
    (kit, old, new)
}

pub(crate) fn two() -> (Kit, ServiceIx, ServiceIx) {
    two_in(NONE, Spec::usual())
}

fn uri(text: &str) -> Address {
    Address::uri(text).unwrap()
}

pub(crate) fn call(kit: &mut Kit, n: u32) -> ActivityId {
    let a = kit.start();
    kit.fire(a, Ping(n));
    a
}

/// Of so many calls, those that version 2 has.
fn share_of(kit: &mut Kit, calls: u32) -> u32 {
    kit.log();
    for n in 0..calls {
        call(kit, n);
    }
    let log = heard(kit);
    assert_eq!(log.len(), calls as usize);
    log.iter().filter(|line| line.starts_with("B:")).count() as u32
}

/// What services were called with, without what the adaptor was.
fn heard(kit: &mut Kit) -> Vec<String> {
    let mut log = kit.log();
    log.retain(|line| !line.starts_with("ra: "));
    log
}

fn replace(kit: &mut Kit, old: ServiceIx, new: ServiceIx) {
    kit.shard.replace_services(kit.now, &[old], &[new]).unwrap();
}

fn state(kit: &Kit, service: ServiceIx) -> ServiceState {
    kit.shard.service_state(service).unwrap()
}

#[test]
fn r_sv_08_an_event_for_a_tree_of_the_old_version_is_not_new_work() {
    let (mut kit, old, new) = two();
    let a = call(&mut kit, 1);
    kit.log();
    replace(&mut kit, old, new);
    kit.fire(a, Ping(2));
    let b = call(&mut kit, 3);
    assert_eq!(kit.log(), ["A: ping(2)", "B: ping(3)"]);
    kit.end(a);
    kit.log();
    assert_eq!(state(&kit, old), ServiceState::Inactive);
    kit.fire(b, Pong(4));
    assert_eq!(kit.log(), ["B: pong(4)"]);
}

/// One entity for all events: the old version has it, so that all of them are the old one's until it is gone.
#[test]
fn r_sv_08_a_tree_of_the_old_version_is_found_from_other_activities() {
    let one = InitialDecl {
        by_activity: false,
        ..initial()
    };
    let spec = || Spec::new().initial::<Ping>(one).receives::<Pong>();
    let mut kit = Kit::new();
    let old = kit.service::<0>(spec());
    let new = kit.version::<1>("2", spec(), NONE);
    let a = call(&mut kit, 1);
    kit.log();
    replace(&mut kit, old, new);
    let b = call(&mut kit, 2);
    assert_eq!(kit.log(), ["A: ping(2)"]);
    kit.end(a);
    kit.end(b);
    kit.log();
    assert_eq!(state(&kit, old), ServiceState::Inactive);
    call(&mut kit, 3);
    assert_eq!(kit.log(), ["B: ping(3)"]);
}

#[test]
fn r_sv_08_two_versions_are_not_active_unless_one_is_the_others_canary() {
    let (mut kit, old, new) = two();
    let refused = kit.shard.activate_services(kit.now, &[new]);
    assert_eq!(refused, Err(ManageError::Version("toy-0".into())));
    let third = kit.version::<2>("3", Spec::usual(), NONE);
    let both = kit.shard.replace_services(kit.now, &[old], &[new, third]);
    assert!(matches!(both, Err(ManageError::Version(_))), "{both:?}");
    assert_eq!(state(&kit, old), ServiceState::Active);
    let share = Share::OfTenThousand(1000);
    kit.shard.set_canary(kit.now, new, share.clone()).unwrap();
    // One canary at a time.
    let second = kit.shard.set_canary(kit.now, third, share);
    assert!(matches!(second, Err(ManageError::Version(_))), "{second:?}");
    assert_eq!(state(&kit, third), ServiceState::Inactive);
}

#[test]
fn r_sv_08_a_version_goes_back_while_its_calls_are_up() {
    let (mut kit, old, new) = two();
    let a = call(&mut kit, 1);
    kit.run();
    replace(&mut kit, old, new);
    let b = call(&mut kit, 2);
    kit.log();
    assert_eq!(kit.shard.way_back(old), Ok((new, Some(old))));
    replace(&mut kit, new, old);
    let c = call(&mut kit, 3);
    assert_eq!(kit.log(), ["A: ping(3)"], "on the next call");
    assert_eq!(state(&kit, new), ServiceState::Stopping);
    for (of, n) in [(a, 4), (b, 5), (c, 6)] {
        kit.fire(of, Pong(n));
    }
    assert_eq!(kit.log(), ["A: pong(4)", "B: pong(5)", "A: pong(6)"]);
    // And forth again.
    replace(&mut kit, old, new);
    call(&mut kit, 7);
    assert_eq!(kit.log(), ["B: ping(7)"]);
    assert_eq!(kit.shard.counts().service_activities, 1);
}

/// Version 2 is deactivated with the first delivery that panics, which is that of `Pong`.
fn fails_on_pong(kit: &mut Kit, service: ServiceIx) {
    let once = Intensity {
        panics: 1,
        window: secs(10),
        ..Intensity::default()
    };
    kit.shard.limit_failures(service, once);
    kit.on::<1>(|_, _, call| match call.is::<Pong>() {
        true => panic!("as the test wants"),
        false => Ok(()),
    });
}

#[test]
fn r_sv_08_there_is_a_way_back_from_a_version_that_has_failed_too_often() {
    for drained in [false, true] {
        let (mut kit, old, new) = two_in(Durability::Strict, Spec::usual());
        fails_on_pong(&mut kit, new);
        let a = call(&mut kit, 1);
        kit.run();
        replace(&mut kit, old, new);
        let b = call(&mut kit, 2);
        kit.fire(b, Pong(2));
        kit.log();
        assert_eq!(state(&kit, new), ServiceState::Stopping);
        if drained {
            kit.end(b);
            kit.log();
            assert_eq!(state(&kit, new), ServiceState::Inactive);
        }
        call(&mut kit, 3);
        assert_eq!(
            heard(&mut kit),
            Vec::<String>::new(),
            "no version is active"
        );
        assert_eq!(kit.shard.way_back(old), Ok((new, Some(old))));
        replace(&mut kit, new, old);
        call(&mut kit, 4);
        kit.fire(a, Pong(5));
        assert_eq!(heard(&mut kit), ["A: ping(4)", "A: pong(5)"]);
        assert_eq!(kit.shard.versions(new).unwrap().replaced, None);
        kit.shard.keep_desired(kit.now, &[new, old]);
        kit.run();
        kit.restart(secs(1));
        assert_eq!(state(&kit, old), ServiceState::Active);
    }
}

/// Either version may be activated again, also while it still has calls, and the other does not come back at a restart.
#[test]
fn r_sv_08_a_version_that_has_left_is_activated_again_where_none_is_active() {
    let (mut kit, old, new) = two_in(Durability::Strict, Spec::usual());
    fails_on_pong(&mut kit, new);
    call(&mut kit, 1);
    kit.run();
    replace(&mut kit, old, new);
    kit.shard.keep_desired(kit.now, &[old, new]);
    let b = call(&mut kit, 2);
    kit.fire(b, Pong(2));
    kit.log();
    let states = |kit: &Kit| (state(kit, old), state(kit, new));
    let (stopping, active) = (ServiceState::Stopping, ServiceState::Active);
    assert_eq!(states(&kit), (stopping, stopping));
    kit.shard.activate_services(kit.now, &[old]).unwrap();
    kit.shard.keep_desired(kit.now, &[old]);
    let refused = kit.shard.activate_services(kit.now, &[new]);
    assert_eq!(refused, Err(ManageError::Version("toy-0".into())));
    call(&mut kit, 3);
    assert_eq!(heard(&mut kit), ["A: ping(3)"]);
    kit.restart(secs(1));
    assert_eq!(states(&kit), (active, stopping));
}

/// Routed before A or B, and holds back what has an even number.
fn holding(kit: &mut Kit, class: Durability) {
    let spec = Spec::new().priority(1).initial::<Ping>(initial());
    kit.service_in::<2>(spec, class);
    kit.on::<2>(|_, cx, call| {
        let ping = call.get::<Ping>().map_or(1, |ping| ping.0);
        if ping.is_multiple_of(2) {
            cx.suspend(Some(secs(5)))?;
        }
        Ok(())
    });
}

#[test]
fn r_sv_08_an_event_that_rests_finds_its_tree_when_that_has_moved() {
    for restarts in [false, true] {
        let spec = || Spec::new().initial::<Ping>(one()).receives::<Pong>();
        let mut kit = Kit::new();
        let old = kit.service_in::<0>(spec(), Durability::Strict);
        let new = kit.version::<1>("2", spec(), Durability::Strict);
        kit.desired = true;
        holding(&mut kit, Durability::Strict);
        call(&mut kit, 1);
        call(&mut kit, 2);
        assert_eq!(heard(&mut kit), ["C: ping(1)", "A: ping(1)", "C: ping(2)"]);
        replace(&mut kit, old, new);
        kit.shard.move_entities(kit.now, old, new).unwrap();
        kit.shard.keep_desired(kit.now, &[old, new]);
        kit.run();
        assert_eq!(state(&kit, old), ServiceState::Inactive);
        if restarts {
            kit.restart(secs(1));
            kit.log();
        }
        let before = kit.shard.counts().entities;
        kit.advance(secs(5));
        assert_eq!(heard(&mut kit), ["B: ping(2)"], "restarts: {restarts}");
        assert_eq!(kit.shard.counts().entities, before);
    }
}

#[test]
fn r_sv_08_an_event_that_rests_is_new_work_of_the_version_that_came_meanwhile() {
    for calls in [0, 1] {
        let (mut kit, old, new) = two();
        holding(&mut kit, NONE);
        for _ in 0..calls {
            call(&mut kit, 1);
        }
        call(&mut kit, 2);
        kit.log();
        replace(&mut kit, old, new);
        kit.log();
        let left = state(&kit, old) == ServiceState::Inactive;
        assert_eq!(left, calls == 0);
        kit.advance(secs(5));
        assert_eq!(heard(&mut kit), ["B: ping(2)"]);
    }
    // Without another version that takes it, it is nobody's.
    let (mut kit, old, _) = two();
    holding(&mut kit, NONE);
    call(&mut kit, 2);
    kit.log();
    kit.shard.deactivate_services(kit.now, &[old]).unwrap();
    kit.advance(secs(5));
    assert_eq!(heard(&mut kit), Vec::<String>::new());
}

#[test]
fn a_canary_takes_its_share_and_the_same_call_goes_the_same_way() {
    let (mut kit, old, new) = two();
    kit.shard
        .set_canary(kit.now, new, Share::OfTenThousand(1000))
        .unwrap();
    let took = share_of(&mut kit, 20_000);
    assert!((1800..=2200).contains(&took), "{took} of 20000");
    // What has come to a version stays with it, whatever the share becomes.
    let a = kit.start();
    kit.fire(a, Ping(1));
    let first = kit.log();
    for share in [0, 10_000] {
        kit.shard
            .set_canary(kit.now, new, Share::OfTenThousand(share))
            .unwrap();
        kit.fire(a, Ping(1));
        assert_eq!(kit.log(), first);
    }
    assert_eq!(share_of(&mut kit, 100), 100);
    // Back by one order, on the next call.
    assert_eq!(kit.shard.way_back(old), Ok((new, None)));
    kit.shard.deactivate_services(kit.now, &[new]).unwrap();
    assert_eq!(share_of(&mut kit, 100), 0);
    // And once more, while the calls that it had are up.
    kit.shard
        .set_canary(kit.now, new, Share::OfTenThousand(10_000))
        .unwrap();
    assert_eq!(share_of(&mut kit, 100), 100);
}

/// The share is by a hash whose key is kept: a name that is asked for again falls to the same side, after a restart too.
#[test]
fn the_side_of_a_name_does_not_change() {
    let by_address = InitialDecl {
        by_activity: false,
        by_address: true,
        ..initial()
    };
    let spec = || Spec::new().initial::<Ping>(by_address);
    let mut kit = Kit::new();
    kit.service_in::<0>(spec(), Durability::Strict);
    let new = kit.version::<1>("2", spec(), Durability::Strict);
    kit.desired = true;
    kit.shard
        .set_canary(kit.now, new, Share::OfTenThousand(5000))
        .unwrap();
    kit.shard.keep_desired(kit.now, &[new]);
    let sides = |kit: &mut Kit| -> Vec<char> {
        kit.log();
        let mut sides = Vec::new();
        for n in 0..50 {
            let a = kit.start();
            let options = FireOptions {
                address: Some(uri(&format!("sip:{n}@example.org"))),
                ..FireOptions::default()
            };
            kit.try_fire(a, Ping(n), options, FireFlags::default())
                .unwrap();
            sides.extend(kit.log().first().and_then(|line| line.chars().next()));
            kit.end(a);
            kit.run();
            kit.log();
        }
        sides
    };
    let first = sides(&mut kit);
    assert!(first.contains(&'A') && first.contains(&'B'), "{first:?}");
    assert_eq!(sides(&mut kit), first);
    kit.restart(secs(1));
    assert_eq!(sides(&mut kit), first);
}

#[test]
fn a_canary_takes_the_addresses_that_it_is_given() {
    let (mut kit, _, new) = two();
    let share = Share::Addresses(vec!["sip:+4930".into(), "sip:test".into()]);
    kit.shard.set_canary(kit.now, new, share).unwrap();
    kit.log();
    for (address, side) in [
        ("sip:+4930123@x", "B"),
        ("sip:+4940123@x", "A"),
        ("sip:tester@x", "B"),
    ] {
        let a = kit.start();
        let options = FireOptions {
            address: Some(uri(address)),
            ..FireOptions::default()
        };
        kit.try_fire(a, Ping(1), options, FireFlags::default())
            .unwrap();
        assert_eq!(kit.log(), [format!("{side}: ping(1)")], "{address}");
    }
    // Without an address nothing is meant for it.
    call(&mut kit, 2);
    assert_eq!(kit.log(), ["A: ping(2)"]);
    let nothing = kit
        .shard
        .set_canary(kit.now, new, Share::Addresses(Vec::new()));
    assert_eq!(nothing, Err(ManageError::InvalidArgument));
}

#[test]
fn a_canary_takes_what_its_own_predicate_says() {
    fn even(selector: &Selector<'_>) -> bool {
        let ping = selector.event::<Ping>().map_or(0, |ping| ping.0);
        assert_ne!(ping, 13, "as the test wants");
        ping.is_multiple_of(2)
    }
    let (mut kit, _, plain) = two();
    let refused = kit.shard.set_canary(kit.now, plain, Share::Own);
    assert_eq!(refused, Err(ManageError::NoPredicate));
    let new = kit.version_with::<2>("3", Spec::usual(), NONE, |def| def.canary(even));
    kit.shard.set_canary(kit.now, new, Share::Own).unwrap();
    kit.log();
    for n in [1, 2, 13, 4] {
        call(&mut kit, n);
    }
    // One that panics takes nothing, and is counted.
    assert_eq!(
        kit.log(),
        ["A: ping(1)", "C: ping(2)", "A: ping(13)", "C: ping(4)"]
    );
    assert_eq!(kit.shard.service_tally(new).unwrap().panics, 1);
}

/// Intensity is per version: what goes back by itself is the canary, and nobody else notices.
#[test]
fn a_canary_that_fails_too_often_is_gone_from_the_next_call_on() {
    let (mut kit, old, new) = two();
    kit.shard.limit_failures(
        new,
        Intensity {
            panics: 3,
            errors: 0,
            window: secs(10),
            ..Intensity::default()
        },
    );
    kit.on::<1>(|_, _, call| match call {
        Call::Event(_) => panic!("as the test wants"),
        _ => Ok(()),
    });
    kit.shard
        .set_canary(kit.now, new, Share::OfTenThousand(10_000))
        .unwrap();
    for n in 0..3 {
        call(&mut kit, n);
        kit.run();
    }
    assert_ne!(state(&kit, new), ServiceState::Active);
    assert_eq!(state(&kit, old), ServiceState::Active);
    assert_eq!(share_of(&mut kit, 10), 0);
}

#[test]
fn a_canary_has_all_when_the_version_that_had_the_rest_leaves() {
    for fails in [false, true] {
        let (mut kit, old, new) = two_in(Durability::Strict, Spec::usual());
        kit.shard
            .set_canary(kit.now, new, Share::OfTenThousand(0))
            .unwrap();
        kit.shard.keep_desired(kit.now, &[new]);
        if fails {
            let once = Intensity {
                panics: 1,
                window: secs(10),
                ..Intensity::default()
            };
            kit.shard.limit_failures(old, once);
            kit.on::<0>(|_, _, _| panic!("as the test wants"));
            call(&mut kit, 1);
            kit.run();
        } else {
            kit.shard.deactivate_services(kit.now, &[old]).unwrap();
            kit.shard.keep_desired(kit.now, &[old]);
        }
        assert_ne!(state(&kit, old), ServiceState::Active);
        assert_eq!(share_of(&mut kit, 10), 10);
        let versions = kit.shard.versions(new).unwrap();
        assert_eq!((versions.canary, versions.replaced), (None, Some(old)));
        kit.restart(secs(1));
        // What a service did itself is not kept.
        let has = if fails { 0 } else { 10 };
        kit.on::<0>(|_, _, _| Ok(()));
        assert_eq!(share_of(&mut kit, 10), has);
        let way = if fails { None } else { Some(old) };
        assert_eq!(kit.shard.way_back(old), Ok((new, way)));
    }
}

#[test]
fn a_canary_is_made_the_version_by_replacing_the_other() {
    let (mut kit, old, new) = two();
    kit.shard
        .set_canary(kit.now, new, Share::OfTenThousand(0))
        .unwrap();
    replace(&mut kit, old, new);
    assert_eq!(share_of(&mut kit, 10), 10);
    let versions = kit.shard.versions(new).unwrap();
    assert_eq!((versions.canary, versions.replaced), (None, Some(old)));
}
