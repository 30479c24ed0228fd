//! R-DU where a test is the store: what is handed to it and when, byte for byte, and what comes back damaged or old.

use crate::durable::rich;
use crate::harness::{Kit, Ping, Pong, Spec, command, say, send};
use crate::pr::{Subscriber, kit};
use strowger::id::Slot;
use strowger::time::secs;
use strowger_kernel::Durability;

#[test]
fn class_none_writes_nothing() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let a = kit.start();
    for n in 0..10 {
        kit.fire(a, Ping(n));
    }
    kit.run();
    assert_eq!((kit.records().len(), kit.durable_seq().0), (0, 0));
    assert_eq!(kit.restart(secs(1)), strowger_kernel::Restored::default());
    assert_eq!(kit.shard.counts().activities, 0);
}

#[test]
fn strict_outputs_wait_for_the_store_and_others_do_not() {
    for (class, waits) in [
        (Durability::Strict, true),
        (Durability::Relaxed, false),
        (Durability::None, false),
    ] {
        let mut kit = Kit::new();
        kit.service_in::<0>(Spec::usual(), class);
        kit.on::<0>(|_, cx, _| {
            say(cx, "x");
            Ok(())
        });
        let a = kit.start();
        kit.fire(a, Ping(1));
        kit.shard.run(kit.now, 100);
        let group = kit.shard.take_group();
        assert_eq!(
            group.as_ref().map(strowger_journal::Group::strict),
            match class {
                Durability::None => None,
                _ => Some(waits),
            }
        );
        assert_eq!(kit.sent().is_empty(), waits, "{class:?}");
        if let Some(group) = group {
            kit.shard.durable(group.last());
        }
        assert_eq!(kit.sent().is_empty(), !waits);
    }
}

/// Damage in the store is an error, never a panic.
#[test]
fn damaged_records_are_refused() {
    use strowger_journal::{Key, Record};
    let mut kit = Kit::new();
    rich(&mut kit);
    let records = kit.records();
    for (kind, value) in records.iter().filter(|(kind, _)| *kind != 3) {
        for cut in 0..value.len().min(40) {
            let mut shard = strowger_kernel::Shard::new(kit.options.clone());
            let key = Key {
                slot: 0,
                session: 5,
                kind: *kind,
                sub: &[0, 0, 0, 0, 0, 0, 0, 1],
            };
            let _ = shard.restore(
                kit.now,
                &Record {
                    key,
                    value: &value[..cut],
                },
            );
        }
    }
}

/// Same inputs and same seed: the same records, byte for byte.
#[test]
fn same_inputs_same_records() {
    let records = || {
        let mut kit = Kit::new();
        rich(&mut kit);
        kit.advance(secs(61));
        (kit.records(), kit.durable_seq())
    };
    assert_eq!(records(), records());
}

/// What this build writes is the format that is kept in `golden`. When it changes, the formats of `record.rs` count up, the
/// new records get a file of their own, and the old file stays for the test below.
#[test]
fn the_format_is_the_golden_one() {
    let mut kit = Kit::new();
    rich(&mut kit);
    expect_test::expect_file!["../golden/format-1.txt"].assert_eq(&kit.record_lines());
}

#[test]
fn every_format_that_ever_was_is_read() {
    let mut kit = Kit::new();
    let a = rich(&mut kit);
    let before: Vec<_> = kit.shard.entities().collect();
    let golden = include_str!("../golden/format-1.txt");
    let restored = kit.restart_from(golden);
    assert_eq!(
        (
            restored.activities,
            restored.entities,
            restored.timers,
            restored.dropped
        ),
        (2, 3, 1, 0)
    );
    assert_eq!(kit.shard.entities().collect::<Vec<_>>(), before);
    kit.log();
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["A: pong(1)", "B: pong(1)", "B: pong(1)"]);
}

#[test]
fn what_an_adaptor_keeps_strictly_waits_for_the_disk_whatever_the_class_of_the_service() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            command(cx, |cx| {
                cx.keep_strict(Slot(7), b"k", b"one");
                cx.keep_strict(Slot(7), b"k", b"two");
                send(cx, "kept".into());
            });
        }
        if call.is::<Pong>() {
            command(cx, |cx| cx.keep_strict(Slot(7), b"m", b"never"));
            return Err(strowger::Error::msg("rolled back"));
        }
        Ok(())
    });
    let a = kit.start();
    let before = kit.durable_seq();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    assert_eq!(kit.run(), ["kept"]);
    assert!(kit.durable_seq() > before);
    kit.restart(secs(1));
    let kept = |log: Vec<String>| {
        log.into_iter()
            .filter(|line| line.contains("kept"))
            .collect::<Vec<_>>()
    };
    assert_eq!(kept(kit.log()).len(), 1);
    kit.ra(|cx| cx.discard(Slot(7), b"k"));
    kit.run();
    kit.restart(secs(1));
    assert_eq!(kept(kit.log()), Vec::<String>::new());
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn what_commits_nothing_waits_only_for_what_is_before_it() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    kit.ra(|cx| send(cx, "100".into()));
    assert_eq!(kit.sent(), ["100"]);
    kit.on::<0>(|data, cx, _| {
        data.n += 1;
        say(cx, "200");
        Ok(())
    });
    kit.fire(a, Pong(1));
    kit.shard.run(kit.now, 100);
    kit.ra(|cx| send(cx, "late".into()));
    assert_eq!(kit.sent(), Vec::<String>::new());
    kit.sync();
    assert_eq!(kit.sent(), ["200", "late"]);
}

#[test]
fn what_an_adaptor_persists_holds_back_what_it_sends() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    let a = kit.start();
    assert!(!kit.ra(move |cx| cx.is_durable(a)));
    kit.fire(a, Ping(1));
    kit.run();
    assert!(kit.ra(move |cx| cx.is_durable(a)));
    kit.ra(move |cx| {
        send(cx, "x".into());
        cx.persist(a, b"k", b"v");
    });
    assert_eq!(kit.sent(), Vec::<String>::new());
    kit.sync();
    assert_eq!(kit.sent(), ["x"]);
    kit.log();
    kit.restart(secs(1));
    let log = kit.log();
    assert_eq!(
        log,
        [
            "ra: restore d snapshot",
            "ra: restore k v",
            "ra: restored",
            "ra: active"
        ]
    );
    kit.ra(move |cx| cx.forget(a, b"k"));
    kit.run();
    kit.restart(secs(1));
    assert!(!kit.log().contains(&"ra: restore k v".to_owned()));
}

#[test]
fn what_an_adaptor_keeps_outlives_the_activity_that_it_is_about() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    let a = kit.start();
    kit.ra(move |cx| cx.keep(a, b"before", b"lost"));
    kit.fire(a, Ping(1));
    kit.run();
    kit.ra(move |cx| {
        send(cx, "x".into());
        cx.keep(a, b"k", b"v");
        cx.keep(a, b"l", b"w");
        cx.end_activity(a).unwrap();
    });
    assert_eq!(kit.sent(), Vec::<String>::new(), "it waits for the store");
    kit.run();
    kit.log();
    kit.restart(secs(1));
    let slot = a.slot();
    let kept = |kit: &mut Kit| {
        let mut log = kit.log();
        log.retain(|line| line.starts_with("ra: kept"));
        log
    };
    let both = [
        format!("ra: kept {} k v", slot.0),
        format!("ra: kept {} l w", slot.0),
    ];
    assert_eq!(kept(&mut kit), both);
    kit.ra(move |cx| cx.discard(slot, b"k"));
    kit.run();
    kit.restart(secs(1));
    assert_eq!(kept(&mut kit), both[1..]);
}

#[test]
fn messages_wait_until_the_profiles_written_with_them_are_durable() {
    let mut kit = kit();
    kit.service_in::<0>(Spec::usual(), Durability::None);
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let users = cx.table::<Subscriber>("users")?;
            users.update(cx, "bob", |p| p.zone = 7)?;
            say(cx, "written");
        }
        Ok(())
    });
    let activity = kit.start();
    kit.fire(activity, Ping(1));
    kit.shard.run(kit.now, 100);
    assert_eq!(kit.sent(), Vec::<String>::new());
    kit.sync();
    assert_eq!(kit.sent(), ["written"]);
}
