//! R-IE: initial events and convergence names.

use crate::harness::{Call, Kit, Note, Ping, Pong, Spec, initial};
use strowger::address::Address;
use strowger::event::FireOptions;
use strowger::id::ActivityId;
use strowger::initial::{InitialDecl, Selector};
use strowger::ra::FireFlags;

const NOTHING: InitialDecl = InitialDecl {
    by_activity: false,
    by_address: false,
    by_event_type: false,
    by_event: false,
    select: None,
};

/// Fires Ping and Pong once on each of two activities and gives the number of entities.
fn entities_of(decl: InitialDecl) -> u32 {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::new().initial::<Ping>(decl).initial::<Pong>(decl));
    for _ in 0..2 {
        let a = kit.start();
        kit.fire(a, Ping(1));
        kit.fire(a, Pong(1));
    }
    kit.run();
    kit.shard.counts().entities
}

#[test]
fn r_ie_02_variables() {
    assert_eq!(entities_of(initial()), 2);
    assert_eq!(
        entities_of(InitialDecl {
            by_event_type: true,
            ..NOTHING
        }),
        2
    );
    assert_eq!(
        entities_of(InitialDecl {
            by_event_type: true,
            ..initial()
        }),
        4
    );
}

#[test]
fn r_ie_05_event_is_unique_and_nothing_is_one() {
    assert_eq!(
        entities_of(InitialDecl {
            by_event: true,
            ..NOTHING
        }),
        4
    );
    assert_eq!(entities_of(NOTHING), 1);
}

fn fire_at(kit: &mut Kit, a: ActivityId, n: u32, text: Option<&str>) {
    let address = text.map(|text| Address::e164(text).unwrap());
    kit.try_fire(
        a,
        Ping(n),
        FireOptions {
            address,
            service: None,
        },
        FireFlags::default(),
    )
    .unwrap();
}

#[test]
fn r_ie_04_address_counts_when_there_is_one() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::new().initial::<Ping>(InitialDecl {
        by_address: true,
        ..NOTHING
    }));
    let a = kit.start();
    for text in [Some("1"), Some("2"), Some("1"), None, None] {
        fire_at(&mut kit, a, 0, text);
    }
    kit.run();
    assert_eq!(kit.shard.counts().entities, 3);
}

#[test]
fn r_ie_03_selection_may_change_everything_or_decline() {
    let mut kit = Kit::new();
    let select = |s: &mut Selector<'_>| match s.event::<Ping>() {
        Some(Ping(0)) => s.decline(),
        Some(Ping(1)) => panic!("as the test wants"),
        Some(Ping(n)) => {
            assert!(s.by_activity);
            s.by_activity = false;
            s.custom = Some(format!("{}", n % 2).into());
        }
        None => {}
    };
    kit.service::<0>(Spec::new().initial::<Ping>(InitialDecl {
        select: Some(select),
        ..initial()
    }));
    let (a, b) = (kit.start(), kit.start());
    for n in 0..6 {
        let on = if n < 4 { a } else { b };
        kit.fire(on, Ping(n));
    }
    // A name of its own leads from both activities to one entity, which is then attached to both; as an attached entity
    // it receives the events that are initial for the other one too.
    let expected = [
        "A: ping(4)",
        "A: ping(5)",
        "A: ping(5)",
        "A: ping(2)",
        "A: ping(3)",
        "A: ping(3)",
    ];
    assert_eq!(kit.log(), expected);
    assert_eq!(kit.shard.counts().entities, 2);
    assert_eq!(kit.attached(a), kit.attached(b));
}

#[test]
fn r_ie_06_one_root_per_name_and_r_ie_09_offered_once() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let a = kit.start();
    for n in 0..3 {
        kit.fire(a, Ping(n));
    }
    assert_eq!(kit.log(), ["A: ping(0)", "A: ping(1)", "A: ping(2)"]);
    assert_eq!(kit.shard.counts().entities, 1);
    assert_eq!(kit.shard.metrics().entities_created, 1);
}

#[test]
fn r_ie_08_a_name_is_free_after_the_removal() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::new().initial::<Ping>(NOTHING).hooks());
    kit.on::<0>(|_, cx, call| {
        if let Call::Event(_) = call {
            cx.detach(cx.activity().unwrap());
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(2));
    let once = [
        "A: create",
        "A: ping(1)",
        "A: remove",
        "A: create",
        "A: ping(2)",
        "A: remove",
    ];
    assert_eq!(kit.log(), once);
}

#[test]
fn r_ie_10_names_of_different_tuples_never_meet() {
    let mut kit = Kit::new();
    let select = |s: &mut Selector<'_>| {
        s.by_activity = false;
        // "1" as an address with "12" as a name, and "11" with "2".
        let n = s.event::<Ping>().map_or(0, |p| p.0);
        s.custom = Some(if n == 0 { "12" } else { "2" }.into());
    };
    kit.service::<0>(Spec::new().initial::<Ping>(InitialDecl {
        by_address: true,
        select: Some(select),
        ..initial()
    }));
    let a = kit.start();
    fire_at(&mut kit, a, 0, Some("1"));
    fire_at(&mut kit, a, 1, Some("11"));
    kit.run();
    assert_eq!(kit.shard.counts().entities, 2);
}

#[test]
fn r_ie_01_only_the_root_counts() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().initial::<Pong>(initial()));
    let root = Spec::new().initial::<Ping>(initial()).receives::<Note>();
    kit.service::<0>(root.child::<1>(0));
    let a = kit.start();
    // Initial for a child only, and received by the root only.
    kit.fire(a, Pong(1));
    kit.fire(a, Note(1));
    kit.run();
    assert_eq!(kit.shard.counts().entities, 0);
}

#[test]
fn r_ie_07_attached_with_the_default_mask() {
    let mut kit = Kit::new();
    kit.service::<0>(
        Spec::new()
            .initial::<Ping>(initial())
            .masked()
            .receives::<Pong>(),
    );
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    // Ping made and attached the entity, and was masked for it by then.
    assert_eq!(kit.log(), ["A: pong(1)"]);
    assert_eq!(kit.attached(a).len(), 1);
}

#[test]
fn r_ie_09_not_offered_twice() {
    let mut kit = Kit::new();
    // The entity is above its service, so it is offered the event as an attached one first.
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, _| {
        cx.set_priority(cx.entity(), 50);
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(2));
    assert_eq!(kit.log(), ["A: ping(1)", "A: ping(2)"]);
}

/// Both events wait when the first is routed; they still lead to one root.
#[test]
fn r_ie_06_one_root_for_events_on_two_activities() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::new().initial::<Ping>(NOTHING));
    let (a, b) = (kit.start(), kit.start());
    kit.fire(a, Ping(1));
    kit.fire(b, Ping(2));
    assert_eq!(kit.log(), ["A: ping(1)", "A: ping(2)"]);
    assert_eq!(kit.shard.metrics().entities_created, 1);
    assert_eq!(kit.attached(a), kit.attached(b));
}
