//! What survives a restart, and what waits for the store.

use crate::harness::{Call, Kit, Note, Ping, Pong, Spec, Tick, Toy, command, say};
use strowger::attribute::Attribute;
use strowger::postcard;
use strowger::service::ServiceDef;
use strowger::time::{millis, secs};
use strowger::timer::{PreserveMissed, TimerOptions};
use strowger_kernel::{Durability, RestoreError};

enum Mark {}
impl Attribute for Mark {
    type Value = u32;
    const NAME: &'static str = "mark";
}

/// A tree, two attachments, a mask, a name, an attribute, a priority, and a timer.
pub(crate) fn rich(kit: &mut Kit) -> strowger::id::ActivityId {
    kit.child::<1>(Spec::new().receives::<Pong>().receives::<Note>());
    kit.service_in::<0>(Spec::usual().child::<1>(3), Durability::Strict);
    kit.on::<0>(|data, cx, call| {
        if call.is::<Ping>() {
            let a = cx.activity().unwrap();
            data.n = 77;
            let (x, y) = (cx.create::<Toy<1>>()?, cx.create::<Toy<1>>()?);
            cx.attach_entity(y, a);
            cx.attach_entity(x, a);
            cx.set_priority(x, 9);
            cx.mask(a, &[<Note as strowger::event::Event>::TYPE])?;
            let null = cx.null_activity()?;
            cx.bind("meeting", null)?;
            cx.set::<Mark>(null, &5)?;
            cx.attach(null);
            data.timer = Some(cx.timer(a, secs(60), Tick(1)));
            say(cx, "ready");
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.run(), ["ready"]);
    kit.log();
    a
}

#[test]
fn all_of_it_survives() {
    let mut kit = Kit::new();
    let a = rich(&mut kit);
    let ages = |mut e: strowger_kernel::EntityInfo| {
        e.age = secs(0);
        e
    };
    let entities: Vec<_> = kit.shard.entities().map(ages).collect();
    let activity = kit.shard.activity(a).unwrap();
    let restored = kit.restart(secs(10));
    assert_eq!(
        (
            restored.activities,
            restored.entities,
            restored.timers,
            restored.dropped
        ),
        (2, 3, 1, 0)
    );
    assert_eq!(kit.shard.entities().map(ages).collect::<Vec<_>>(), entities);
    let now = kit.shard.activity(a).unwrap();
    assert_eq!(
        (now.attached, now.timers, now.kind, now.owner),
        (
            activity.attached,
            activity.timers,
            activity.kind,
            activity.owner
        )
    );
    kit.on::<0>(|data, cx, call| {
        if call.is::<Pong>() {
            let null = cx.lookup("meeting").unwrap();
            assert_eq!((data.n, cx.get::<Mark>(null)?), (77, 5));
        }
        Ok(())
    });
    let log = kit.log();
    assert_eq!(
        log[..2],
        ["ra: restore d snapshot", "ra: restored"],
        "{log:?}"
    );
    kit.fire(a, Note(1));
    kit.fire(a, Pong(1));
    assert_eq!(
        kit.log(),
        [
            "B: note(1)",
            "B: note(1)",
            "A: pong(1)",
            "B: pong(1)",
            "B: pong(1)"
        ]
    );
    assert_eq!(kit.shard.metrics().panics, 0);
    kit.advance(secs(49));
    assert_eq!(kit.log(), Vec::<String>::new());
    kit.advance(secs(1));
    assert_eq!(kit.log(), ["A: tick 1 missed 0 left 0"]);
}

#[test]
fn nothing_is_left_in_the_store_after_the_end() {
    let mut kit = Kit::new();
    let a = rich(&mut kit);
    let null = kit.shard.names().next().unwrap().1;
    kit.restart(secs(1));
    kit.end(a);
    kit.shard.end_activity(kit.now, null).unwrap();
    kit.run();
    assert_eq!(kit.shard.counts().entities, 0);
    // Ceilings, texts, and the service's activity, which an entity was never attached to, stay out of this.
    let kinds: Vec<u8> = kit
        .records()
        .iter()
        .map(|(kind, _)| *kind)
        .filter(|k| *k > 1)
        .collect();
    assert_eq!(kinds, Vec::<u8>::new());
}

#[test]
fn an_event_fired_by_a_commit_survives_until_it_is_routed() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            cx.fire(cx.activity().unwrap(), Pong(1))?;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.shard.run(kit.now, 1);
    kit.sync();
    assert!(crate::harness::log().ends_with(&["A: ping(1)".to_owned(), "ra: snapshot".to_owned()]));
    // Ping too: it was not known yet that it has no more receivers.
    assert_eq!(kit.restart(secs(1)).events, 2);
    assert!(kit.log().ends_with(&["A: pong(1)".to_owned()]));
    assert_eq!(kit.restart(secs(1)).events, 0);
    assert!(!kit.log().contains(&"A: pong(1)".to_owned()));
}

#[test]
fn routing_goes_on_where_it_was() {
    let mut kit = Kit::new();
    let class = Durability::Strict;
    kit.service_in::<0>(Spec::usual().priority(3), class);
    kit.service_in::<1>(Spec::usual().priority(2), class);
    kit.service_in::<2>(Spec::usual().priority(1), class);
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.shard.run(kit.now, 2);
    kit.sync();
    assert!(crate::harness::log().ends_with(&["B: ping(1)".to_owned()]));
    kit.restart(secs(1));
    assert!(kit.log().ends_with(&["C: ping(1)".to_owned()]));
    assert_eq!(kit.attached(a).len(), 3);
}

#[test]
fn r_ec_08_suspension_survives() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual().priority(1), Durability::Strict);
    kit.service_in::<1>(Spec::usual(), Durability::Strict);
    kit.on::<0>(|data, cx, call| {
        if call.is::<Ping>() {
            data.context = Some(cx.suspend(Some(secs(10)))?);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.restart(secs(4));
    kit.log();
    assert_eq!(kit.shard.counts().suspended, 1);
    kit.advance(millis(5999));
    assert_eq!(kit.log(), Vec::<String>::new());
    kit.advance(millis(1));
    assert_eq!(kit.log(), ["B: ping(1)"]);
}

#[test]
fn r_tm_10_timers_survive_with_their_policy() {
    for (preserve_missed, expected) in [
        (
            PreserveMissed::None,
            vec!["A: tick 7 missed 4 left 1", "A: tick 7 missed 0 left 0"],
        ),
        (
            PreserveMissed::Last,
            vec![
                "A: tick 7 missed 3 left 2",
                "A: tick 7 missed 0 left 1",
                "A: tick 7 missed 0 left 0",
            ],
        ),
    ] {
        let mut kit = Kit::new();
        kit.service_in::<0>(Spec::usual(), Durability::Strict);
        let first = kit.now.wall + secs(1);
        let options = TimerOptions {
            preserve_missed,
            timeout: millis(100),
            ..TimerOptions::periodic(first, secs(1), 6)
        };
        kit.on::<0>(move |_, cx, call| {
            if call.is::<Ping>() {
                cx.timer_with(cx.activity().unwrap(), options.clone(), &Tick(7))?;
            }
            Ok(())
        });
        let a = kit.start();
        kit.fire(a, Ping(1));
        kit.run();
        kit.restart(millis(4500));
        kit.advance(secs(10));
        let mut log = kit.log();
        log.retain(|line| line.starts_with("A: tick"));
        assert_eq!(log, expected);
        assert_eq!(kit.shard.counts().timers, 0);
    }
}

#[test]
fn r_tm_10_a_timer_goes_on_where_it_was() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    let options = TimerOptions::periodic(kit.now.wall + secs(1), secs(1), 4);
    kit.on::<0>(move |_, cx, call| {
        if call.is::<Ping>() {
            cx.timer_with(cx.activity().unwrap(), options.clone(), &Tick(7))?;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    kit.advance(secs(2));
    kit.log();
    kit.restart(millis(500));
    kit.log();
    kit.advance(secs(10));
    assert_eq!(
        kit.log(),
        ["A: tick 7 missed 0 left 1", "A: tick 7 missed 0 left 0"]
    );
}

#[test]
fn an_ending_activity_goes_on_ending() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let a = cx.activity().unwrap();
            command(cx, move |cx| cx.end_activity(a).unwrap());
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.shard.run(kit.now, 1);
    kit.sync();
    kit.restart(secs(1));
    assert!(kit.log().ends_with(&["A: end".to_owned()]));
    assert_eq!(kit.shard.counts().entities, 0);
}

#[test]
fn an_activity_without_records_is_the_adaptors_to_end() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.ra(move |cx| cx.forget(a, b"d"));
    kit.run();
    kit.ra(move |cx| cx.forget(a, b"d"));
    kit.run();
    kit.log();
    kit.restart(secs(1));
    assert!(
        kit.log()
            .starts_with(&["ra: restore bare".to_owned(), "ra: restored".to_owned()])
    );
}

#[test]
fn ids_go_on_above_what_was_seen() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    let mut last = 0;
    for _ in 0..3 {
        let a = kit.start();
        assert!(a.stamp() > last);
        last = a.stamp();
        kit.fire(a, Ping(1));
        kit.run();
        kit.end(a);
        kit.run();
        kit.restart(secs(1));
    }
}

#[test]
fn r_sv_08_a_changed_schema_needs_a_migration() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    let spec = Spec {
        schema: Some("toy{other}"),
        ..Spec::usual()
    };
    kit.child::<0>(spec.clone());
    kit.replace_def(0, ServiceDef::of::<Toy<0>>());
    let refused = kit.try_restart(secs(1));
    let Err(RestoreError::Schema {
        stored, text, sbb, ..
    }) = refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (stored.as_str(), text.as_str()),
        ("toy{n,text,entity,activity,timer,context}", "toy{other}")
    );
    assert!(sbb.starts_with("toy-a"), "{sbb}");

    let from = strowger::state::Schema {
        fingerprint: fingerprint(&stored),
        text: stored,
    };
    let migrate = |bytes: &[u8]| {
        let mut toy: Toy<0> = postcard::from_bytes(bytes)?;
        toy.0.n = 1234;
        Ok(Box::new(toy) as Box<dyn strowger::sbb::Object>)
    };
    let spec = Spec {
        migrations: vec![strowger::sbb::MigrationDecl { from, migrate }],
        ..spec
    };
    kit.child::<0>(spec);
    kit.replace_def(0, ServiceDef::of::<Toy<0>>());
    kit.restart(secs(1));
    kit.on::<0>(|data, _, call| {
        if let Call::Event(_) = call {
            assert_eq!(data.n, 1234);
        }
        Ok(())
    });
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(kit.shard.metrics().panics, 0);
    // What was migrated is written in the new form.
    kit.restart(secs(1));
}

pub(crate) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| {
        (hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[test]
fn entities_of_a_service_that_is_not_installed_are_not_dropped() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    kit.drop_service(0);
    let refused = kit.try_restart(secs(1)).unwrap_err();
    assert_eq!(
        refused,
        RestoreError::NoService {
            service: "toy-a 1 (test)".into()
        }
    );
}

/// Of an event whose type nobody knows any more nothing is left but a number.
#[test]
fn r_ev_11_an_event_of_a_type_that_is_gone_fails_and_holds_nothing_up() {
    #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    struct Gone;
    impl strowger::event::Event for Gone {
        const TYPE: strowger::id::Component = strowger::id::Component {
            name: "gone",
            vendor: "test",
            version: "1",
        };
    }
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let activity = cx.activity().unwrap();
            cx.suspend(Some(secs(5)))?;
            cx.fire(activity, Gone)?;
            cx.fire(activity, Pong(1))?;
        }
        Ok(())
    });
    kit.service_in::<1>(
        Spec::new().initial::<Gone>(crate::harness::initial()),
        Durability::Strict,
    );
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    kit.drop_service(1);
    let restored = kit.restart(secs(1));
    assert!(restored.dropped > 0);
    kit.log();
    kit.advance(secs(5));
    assert_eq!(kit.log(), ["A: pong(1)"]);
    assert_eq!(kit.shard.counts().events, 0);
}
