//! R-SV-08: entities that move from one version to another, or are taken over at a start.

use super::*;
use strowger::postcard;

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

pub(crate) fn migrating() -> Spec {
    Spec {
        schema: Some(SECOND),
        migrations: vec![migration(FIRST)],
        ..Spec::usual()
    }
}

/// Counts its events, and says what it has counted with each `Pong`.
pub(crate) fn counting(kit: &mut Kit) {
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

// ---- a version that is not linked in any more

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
