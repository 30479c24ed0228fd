//! R-SV-08, R-SL-04: versions of a service side by side, shares of new work, entities that move, what an operator wants.

use crate::harness::{Call, Kit, Ping, Pong, Spec, Tick, Toy, initial};
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
fn two_in(class: Durability, newer: Spec) -> (Kit, ServiceIx, ServiceIx) {
    let mut kit = Kit::new();
    let old = kit.service_in::<0>(Spec::usual(), class);
    let new = kit.version::<1>("2", newer, class);
    kit.desired = true;
    (kit, old, new)
}

fn two() -> (Kit, ServiceIx, ServiceIx) {
    two_in(NONE, Spec::usual())
}

fn uri(text: &str) -> Address {
    Address::uri(text).unwrap()
}

fn call(kit: &mut Kit, n: u32) -> ActivityId {
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
    let log = kit.log();
    assert_eq!(log.len(), calls as usize);
    log.iter().filter(|line| line.starts_with("B:")).count() as u32
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

// ---- entities that move

/// Turns a state of version 1 into one of version 2, or back: what is counted goes up by a thousand.
fn migration(from: &'static str) -> MigrationDecl {
    let migrate = |bytes: &[u8]| {
        let mut toy: Toy<1> = postcard::from_bytes(bytes)?;
        toy.0.n += 1000;
        Ok(Box::new(toy) as Box<dyn Object>)
    };
    MigrationDecl {
        from: Schema {
            text: from.into(),
            fingerprint: fingerprint(from),
        },
        migrate,
    }
}

fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| {
        (hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

const FIRST: &str = "toy{n,text,entity,activity,timer,context}";
const SECOND: &str = "toy{n,text,entity,activity,timer,context,more}";

fn migrating() -> Spec {
    Spec {
        schema: Some(SECOND),
        migrations: vec![migration(FIRST)],
        ..Spec::usual()
    }
}

/// Counts its events, and says what it has counted with each `Pong`.
fn counting(kit: &mut Kit) {
    fn count(
        data: &mut crate::harness::Data,
        cx: &mut strowger::Cx<'_>,
        call: &Call<'_>,
    ) -> strowger::Result {
        if call.is::<Ping>() {
            let here = cx
                .activity()
                .ok_or_else(|| strowger::Error::msg("no activity"))?;
            data.timer = Some(cx.timer(here, secs(10), Tick(1)));
        }
        data.n += 1;
        data.text = format!("counted {}", data.n);
        Ok(())
    }
    kit.on::<0>(count);
    kit.on::<1>(count);
}

fn moved(kit: &mut Kit) -> Option<(u32, u32)> {
    let mut told = None;
    while kit.shard.run(kit.now, 1000) {
        kit.sync();
        while let Some(output) = kit.shard.poll_output() {
            if let ShardOutput::Moved { moved, left, .. } = output {
                told = Some((moved, left));
            }
        }
    }
    while let Some(output) = kit.shard.poll_output() {
        if let ShardOutput::Moved { moved, left, .. } = output {
            told = Some((moved, left));
        }
    }
    kit.run();
    told
}

#[test]
fn r_sv_08_entities_move_with_their_timers_and_the_old_version_is_inactive() {
    for class in [NONE, Durability::Strict] {
        let (mut kit, old, new) = two_in(class, migrating());
        counting(&mut kit);
        let calls: Vec<_> = (0..500).map(|n| call(&mut kit, n)).collect();
        kit.log();
        assert_eq!(kit.shard.may_move(old, new), Ok(()));
        replace(&mut kit, old, new);
        kit.shard.move_entities(kit.now, old, new).unwrap();
        assert_eq!(moved(&mut kit), Some((500, 0)), "{class:?}");
        kit.log();
        assert_eq!(state(&kit, old), ServiceState::Inactive);
        if class == Durability::Strict {
            kit.shard.keep_desired(kit.now, &[old, new]);
            kit.run();
            kit.restart(secs(1));
            kit.log();
        }
        kit.fire(calls[7], Ping(8));
        assert_eq!(kit.log(), ["B: ping(8)"]);
        // Each has its timer, once: those of before, and the one just set.
        kit.advance(secs(20));
        let ticks = kit.log();
        let of_new = ticks.iter().filter(|line| line.starts_with("B: tick"));
        assert_eq!((of_new.count(), ticks.len()), (501, 501));
        let entities = kit.shard.entities();
        let states: Vec<_> = entities
            .map(|e| postcard::from_bytes::<Toy<1>>(&e.state).unwrap().0.n)
            .collect();
        assert_eq!(states.len(), 500);
        assert!(
            states.iter().all(|n| *n == 1002 || *n == 1004),
            "{states:?}"
        );
    }
}

#[test]
fn r_sv_08_a_change_without_migration_is_refused_with_the_field_named() {
    let (mut kit, old, new) = two_in(
        NONE,
        Spec {
            schema: Some(SECOND),
            ..Spec::usual()
        },
    );
    call(&mut kit, 1);
    kit.run();
    let refused = kit.shard.may_move(old, new).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "from `toy-0` to `toy-0@2`, SBB `toy-a 2 (test)`: field `more` is new, and there is no migration"
    );
    assert_eq!(kit.shard.move_entities(kit.now, old, new), Err(refused));
    assert_eq!(state(&kit, old), ServiceState::Active);
}

#[test]
fn a_tree_whose_migration_fails_stays_with_the_old_version() {
    let mut newer = migrating();
    newer.migrations = vec![MigrationDecl {
        migrate: |bytes| {
            let toy: Toy<1> = postcard::from_bytes(bytes)?;
            match toy.0.n {
                1 => panic!("as the test wants"),
                2 => Err(postcard::Error::DeserializeBadBool),
                _ => Ok(Box::new(toy)),
            }
        },
        ..migration(FIRST)
    }];
    let (mut kit, old, new) = two_in(NONE, newer);
    counting(&mut kit);
    let calls: Vec<_> = (0..3).map(|n| call(&mut kit, n)).collect();
    kit.fire(calls[1], Pong(0));
    kit.fire(calls[2], Pong(0));
    kit.fire(calls[2], Pong(0));
    kit.log();
    replace(&mut kit, old, new);
    kit.shard.move_entities(kit.now, old, new).unwrap();
    assert_eq!(moved(&mut kit), Some((1, 2)));
    kit.log();
    for of in &calls {
        kit.fire(*of, Pong(1));
    }
    assert_eq!(kit.log(), ["A: pong(1)", "A: pong(1)", "B: pong(1)"]);
    for of in calls {
        kit.end(of);
    }
    kit.run();
    assert_eq!(state(&kit, old), ServiceState::Inactive);
}

#[test]
fn what_an_entity_has_masked_and_set_on_its_activity_moves_with_it() {
    enum Seen {}
    impl strowger::attribute::Attribute for Seen {
        type Value = u32;
        const NAME: &'static str = "seen";
    }
    // The events of the new version have other places in its masks.
    let newer = Spec::new()
        .receives::<Tick>()
        .receives::<Pong>()
        .initial::<Ping>(initial());
    let (mut kit, old, new) = two_in(NONE, newer);
    kit.on::<0>(|_, cx, call| {
        let here = cx
            .activity()
            .ok_or_else(|| strowger::Error::msg("no activity"))?;
        if call.is::<Ping>() {
            cx.set::<Seen>(here, &7)?;
            cx.mask(here, &[Pong::TYPE])?;
        }
        Ok(())
    });
    kit.on::<1>(|_, cx, _| {
        let here = cx
            .activity()
            .ok_or_else(|| strowger::Error::msg("no activity"))?;
        assert_eq!(cx.get::<Seen>(here)?, 7);
        cx.set::<Seen>(here, &8)?;
        assert_eq!(cx.get::<Seen>(here)?, 8);
        Ok(())
    });
    let a = call(&mut kit, 1);
    kit.log();
    replace(&mut kit, old, new);
    kit.shard.move_entities(kit.now, old, new).unwrap();
    kit.fire(a, Pong(2));
    kit.fire(a, Ping(3));
    assert_eq!(kit.log(), ["B: ping(3)"]);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn going_back_ends_the_move_and_what_has_moved_comes_back_if_it_can() {
    let older = Spec {
        migrations: vec![migration(SECOND)],
        ..Spec::usual()
    };
    let mut kit = Kit::new();
    let old = kit.service::<0>(older);
    let new = kit.version::<1>("2", migrating(), NONE);
    let calls: Vec<_> = (0..300).map(|n| call(&mut kit, n)).collect();
    kit.log();
    replace(&mut kit, old, new);
    kit.shard.move_entities(kit.now, old, new).unwrap();
    kit.shard.run(kit.now, 1);
    replace(&mut kit, new, old);
    assert_eq!(moved(&mut kit), None);
    let of = |kit: &Kit, service| {
        kit.shard
            .entities()
            .filter(|e| e.service == service)
            .count()
    };
    assert_eq!((of(&kit, old), of(&kit, new)), (172, 128));
    kit.shard.move_entities(kit.now, new, old).unwrap();
    assert_eq!(moved(&mut kit), Some((128, 0)));
    kit.log();
    assert_eq!(state(&kit, new), ServiceState::Inactive);
    kit.fire(calls[0], Pong(1));
    assert_eq!(kit.log(), ["A: pong(1)"]);
}

// ---- what an operator wants

#[test]
fn r_sl_04_what_an_operator_wants_of_a_service_holds_over_a_restart() {
    let (mut kit, old, new) = two_in(Durability::Strict, migrating());
    kit.shard
        .set_canary(kit.now, new, Share::OfTenThousand(2500))
        .unwrap();
    kit.shard.keep_desired(kit.now, &[new]);
    kit.run();
    kit.restart(secs(1));
    let versions = kit.shard.versions(new).unwrap();
    assert_eq!(versions.canary, Some((old, Share::OfTenThousand(2500))));
    replace(&mut kit, old, new);
    kit.shard.keep_desired(kit.now, &[old, new]);
    kit.run();
    kit.restart(secs(1));
    assert_eq!(
        (state(&kit, old), state(&kit, new)),
        (ServiceState::Inactive, ServiceState::Active)
    );
    assert_eq!(kit.shard.way_back(old), Ok((new, Some(old))));
    kit.shard.deactivate_services(kit.now, &[new]).unwrap();
    kit.shard.keep_desired(kit.now, &[new]);
    kit.run();
    kit.restart(secs(1));
    assert_eq!(state(&kit, new), ServiceState::Inactive);
}

#[test]
fn r_sl_04_a_configuration_that_changes_has_the_last_word() {
    let (mut kit, old, _) = two();
    kit.shard.deactivate_services(kit.now, &[old]).unwrap();
    kit.shard.keep_desired(kit.now, &[old]);
    kit.run();
    kit.restart(secs(1));
    assert_eq!(state(&kit, old), ServiceState::Inactive);
    kit.configure_active(0, false);
    kit.restart(secs(1));
    kit.run();
    kit.configure_active(0, true);
    kit.restart(secs(1));
    assert_eq!(state(&kit, old), ServiceState::Active);
}

#[test]
fn r_sl_04_a_move_goes_on_after_a_restart() {
    let (mut kit, old, new) = two_in(Durability::Strict, migrating());
    for n in 0..300 {
        call(&mut kit, n);
    }
    kit.log();
    replace(&mut kit, old, new);
    kit.shard.move_entities(kit.now, old, new).unwrap();
    kit.shard.keep_desired(kit.now, &[old, new]);
    kit.shard.run(kit.now, 1);
    kit.sync();
    let left = |kit: &Kit| kit.shard.entities().filter(|e| e.service == old).count();
    assert_eq!(left(&kit), 172);
    kit.restart(secs(1));
    kit.run();
    assert_eq!(left(&kit), 0);
    assert_eq!(state(&kit, old), ServiceState::Inactive);
    assert_eq!(kit.shard.counts().entities, 300);
}

// ---- a version that is not linked in any more

#[test]
fn r_sv_08_entities_of_a_version_that_is_gone_are_taken_over_by_the_newest() {
    let (mut kit, _, _) = two_in(Durability::Strict, migrating());
    kit.version::<2>("10", Spec::usual(), Durability::Strict);
    counting(&mut kit);
    let a = call(&mut kit, 1);
    kit.run();
    kit.drop_service(0);
    kit.configure_active(1, true);
    kit.restart(secs(1));
    kit.log();
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["C: pong(1)"]);
    // Written as what they are from here on.
    kit.drop_service(0);
    kit.restart(secs(1));
    kit.log();
    kit.fire(a, Pong(2));
    assert_eq!(kit.log(), ["C: pong(2)"]);
}

#[test]
fn r_sv_08_what_no_version_can_take_over_is_refused_at_the_start() {
    let (mut kit, _, _) = two_in(
        Durability::Strict,
        Spec {
            schema: Some(SECOND),
            ..Spec::usual()
        },
    );
    call(&mut kit, 1);
    kit.run();
    kit.drop_service(0);
    let refused = kit.try_restart(secs(1)).unwrap_err();
    assert!(matches!(refused, RestoreError::Schema { .. }));
    let text = refused.to_string();
    assert!(text.contains(": field `more` is new; the stored"), "{text}");
}
