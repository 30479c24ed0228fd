//! R-AC, R-AT, R-AE, R-NA, R-NF: activity contexts, their ends, null activities, names, attributes.

use crate::harness::{Kit, Note, Ping, Pong, Spec, Tick};
use strowger::attribute::Attribute;
use strowger::event::ActivityEnd;
use strowger::id::ActivityId;
use strowger::ra::ActivityFlags;
use strowger::time::{millis, secs};
use strowger::{Error, OpError};

#[test]
fn r_ac_02_ending_is_seen_in_the_transaction() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let null = cx.null_activity()?;
            assert!(cx.is_alive(null));
            cx.attach(null);
            cx.end(null)?;
            cx.end(null)?;
            assert!(!cx.is_alive(null));
            assert_eq!(cx.fire(null, Pong(1)), Err(OpError::Ending(null.id())));
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: ping(1)", "A: end"]);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_ac_03_attach_and_detach_are_idempotent_and_stale_rolls_back() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let gone = kit.start();
    kit.end(gone);
    kit.run();
    kit.on::<0>(move |_, cx, call| {
        let a = cx.activity().unwrap();
        cx.attach(a);
        assert_eq!(cx.activities(), [a]);
        cx.detach(a);
        cx.detach(a);
        assert!(!cx.is_attached(a));
        cx.attach(a);
        if call.is::<Pong>() {
            cx.attach(gone);
            assert!(cx.rollback_only());
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(
        (kit.shard.metrics().panics, kit.shard.metrics().rollbacks),
        (0, 1)
    );
}

#[test]
fn r_ac_06_unreferenced_is_reported_once_and_again_after_a_reference() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, _| {
        cx.detach(cx.activity().unwrap());
        Ok(())
    });
    let a = kit.start_with(ActivityFlags {
        report_end: true,
        report_unreferenced: true,
    });
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: ping(1)", "ra: unreferenced"]);
    kit.fire(a, Ping(2));
    assert_eq!(kit.log(), ["A: ping(2)", "ra: unreferenced"]);
    // From another activity, too.
    let b = kit.start();
    kit.on::<0>(move |_, cx, _| {
        cx.attach(a);
        cx.detach(a);
        Ok(())
    });
    kit.fire(b, Ping(3));
    assert_eq!(kit.log(), ["A: ping(3)", "ra: unreferenced"]);
    kit.end(a);
    assert_eq!(kit.log(), ["ra: ended"]);
}

#[test]
fn r_ac_06_timers_and_names_are_references() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        let a = cx.activity().unwrap();
        if call.is::<Ping>() {
            cx.timer(a, secs(5), Tick(1));
        }
        if let Some(Ping(2)) = call.get() {
            cx.bind("here", a)?;
        }
        cx.detach(a);
        Ok(())
    });
    let flags = ActivityFlags {
        report_end: false,
        report_unreferenced: true,
    };
    // A timer alone, until it has expired.
    let timed = kit.start_with(flags);
    kit.fire(timed, Ping(1));
    assert_eq!(kit.log(), ["A: ping(1)"]);
    kit.advance(secs(5));
    assert_eq!(kit.log(), ["ra: unreferenced"]);
    kit.end(timed);
    let a = kit.start_with(flags);
    kit.fire(a, Ping(2));
    assert_eq!(kit.log(), ["A: ping(2)"]);
    kit.advance(secs(6));
    assert_eq!(kit.log(), Vec::<String>::new());
    // Nothing but the name is left; the adaptor ends it.
    assert_eq!(kit.shard.counts().names, 1);
    kit.end(a);
    kit.run();
    assert_eq!(
        kit.shard.counts(),
        strowger_kernel::Counts {
            service_activities: 1,
            ..Default::default()
        }
    );
}

#[test]
fn r_ac_07_idle_activities_are_asked_about() {
    let mut kit = Kit::new();
    kit.start();
    kit.log();
    kit.advance(secs(1300));
    let log = kit.log();
    assert!(
        !log.is_empty() && log.iter().all(|l| l == "ra: alive?"),
        "{log:?}"
    );
}

#[test]
fn r_ae_01_one_end_however_often_it_is_asked_for() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.end(a);
    kit.end(a);
    assert_eq!(kit.log(), ["A: ping(1)", "A: pong(1)", "A: end"]);
    let counts = kit.shard.counts();
    assert_eq!((counts.activities, counts.events), (0, 0));
}

#[test]
fn r_ae_02_what_was_fired_before_comes_before_the_end() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let a = cx.activity().unwrap();
            crate::harness::command(cx, move |cx| cx.end_activity(a).unwrap());
            cx.fire(a, Pong(1))?;
            cx.fire(a, Note(1))?;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(
        kit.log(),
        ["A: ping(1)", "A: pong(1)", "A: note(1)", "A: end"]
    );
}

#[test]
fn r_ae_03_all_are_detached_also_those_that_do_not_receive_it() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::new().initial::<Ping>(crate::harness::initial()));
    kit.service::<1>(Spec::usual());
    kit.service::<2>(Spec::new().initial::<ActivityEnd>(crate::harness::initial()));
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.end(a);
    assert_eq!(kit.log(), ["A: ping(1)", "B: ping(1)", "C: end", "B: end"]);
    let counts = kit.shard.counts();
    assert_eq!((counts.entities, counts.activities), (0, 0));
}

#[test]
fn r_ae_03_a_failing_end_handler_is_detached_too() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().hooks());
    kit.on::<0>(|_, _, call| match call {
        crate::harness::Call::Event(_) if call.is::<ActivityEnd>() => Err(Error::msg("no")),
        crate::harness::Call::Remove => Err(Error::msg("never")),
        _ => Ok(()),
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.end(a);
    kit.run();
    let counts = kit.shard.counts();
    assert_eq!((counts.entities, counts.activities), (0, 0));
}

#[test]
fn r_ae_05_detach_and_attach_while_it_ends() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().receives::<ActivityEnd>());
    kit.service::<0>(Spec::usual().child::<1>(0));
    kit.on::<0>(|_, cx, call| {
        if call.is::<ActivityEnd>() {
            let a = cx.activity().unwrap();
            let child = cx.create::<crate::harness::Toy<1>>()?;
            cx.attach_entity(child, a);
            cx.detach(a);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.end(a);
    assert_eq!(kit.log(), ["A: ping(1)", "A: end", "B: end"]);
    assert_eq!(kit.shard.counts().entities, 0);
}

#[test]
fn r_na_01_exists_only_if_committed() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        let null = cx.null_activity()?;
        cx.attach(null);
        if call.is::<Ping>() {
            Ok(())
        } else {
            Err(Error::msg("no"))
        }
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(kit.shard.counts().activities, 2);
}

#[test]
fn r_na_01_not_while_stopping() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|data, cx, call| {
        if call.is::<Pong>() {
            data.n = u64::from(cx.null_activity() == Err(OpError::Stopping));
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    kit.shard.stop(kit.now).unwrap();
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(kit.shard.entities().next().unwrap().state[0], 1);
}

#[test]
fn r_na_03_ends_when_nothing_refers_to_it() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|data, cx, call| {
        let a = cx.activity().unwrap();
        if call.is::<Ping>() {
            cx.null_activity()?;
            let named = cx.null_activity()?;
            cx.bind("named", named)?;
            let timed = cx.null_activity()?;
            cx.timer(timed, secs(1), Tick(1));
            let fired = cx.null_activity()?;
            cx.fire(fired, Note(1))?;
            let attached = cx.null_activity()?;
            cx.attach(attached);
            data.activity = Some(attached.id());
        } else if call.is::<Pong>() {
            cx.unbind("named")?;
            cx.detach(data.activity.unwrap());
        }
        let _ = a;
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(kit.shard.counts().activities, 4);
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(kit.shard.counts().activities, 2);
    kit.advance(secs(2));
    assert_eq!(kit.shard.counts().activities, 1);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_nf_01_names() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        let a = cx.activity().unwrap();
        if call.is::<Ping>() {
            assert_eq!(cx.bind("", a), Err(OpError::InvalidArgument("name")));
            assert_eq!(cx.unbind("x"), Err(OpError::NameNotBound));
            cx.bind("x", a)?;
            cx.bind("y", a)?;
            assert_eq!(cx.bind("x", a), Err(OpError::NameAlreadyBound));
            assert_eq!(cx.lookup("x"), Some(a));
        } else if call.is::<Pong>() {
            cx.unbind("x")?;
            assert_eq!(cx.lookup("x"), None);
            return Err(Error::msg("no"));
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(kit.shard.names().collect::<Vec<_>>(), [("x", a), ("y", a)]);
    assert_eq!(kit.shard.activity(a).unwrap().names, ["x", "y"]);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_nf_02_names_vanish_with_the_activity() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            cx.bind("x", cx.activity().unwrap())?;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.end(a);
    kit.run();
    assert_eq!(kit.shard.counts().names, 0);
}

enum Own {}
impl Attribute for Own {
    type Value = u32;
    const NAME: &'static str = "own";
}
enum Shared {}
impl Attribute for Shared {
    type Value = u32;
    const NAME: &'static str = "shared";
    const ALIAS: Option<&'static str> = Some("test.shared");
}

#[test]
fn r_at_01_own_and_r_at_02_shared_attributes() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().priority(1));
    kit.service::<1>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let a = cx.activity().unwrap();
            // Never set: the default (R-AT-03).
            assert_eq!(cx.get::<Own>(a)?, 0);
            cx.set::<Own>(a, &1)?;
            cx.set::<Shared>(a, &2)?;
        }
        Ok(())
    });
    kit.on::<1>(|data, cx, call| {
        if call.is::<Ping>() {
            let a = cx.activity().unwrap();
            data.n = u64::from(cx.get::<Own>(a)? * 10 + cx.get::<Shared>(a)?);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(
        kit.shard.entities().map(|e| e.state[0]).collect::<Vec<_>>(),
        [0, 2]
    );
}

#[test]
fn r_at_03_attributes_are_transactional() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|data, cx, call| {
        let a = cx.activity().unwrap();
        data.n = u64::from(cx.get::<Own>(a)?);
        cx.set::<Own>(a, &(data.n as u32 + 5))?;
        if call.is::<Pong>() {
            Err(Error::msg("no"))
        } else {
            Ok(())
        }
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.fire(a, Ping(2));
    kit.run();
    assert_eq!(kit.shard.entities().next().unwrap().state[0], 5);
}

#[test]
fn r_at_04_one_alias_one_type() {
    use strowger::sbb::AliasDecl;
    use strowger::state::Schema;
    let mut kit = Kit::new();
    let alias = |schema| AliasDecl {
        alias: "test.shared",
        schema,
    };
    kit.service::<0>(Spec {
        aliases: vec![alias(Schema::of::<u32>())],
        ..Spec::usual()
    });
    let spec = Spec {
        aliases: vec![alias(Schema::of::<bool>())],
        ..Spec::usual()
    };
    let refused = kit.try_install::<1>(spec);
    assert!(matches!(
        refused,
        Err(strowger_kernel::InstallError::AliasType {
            alias: "test.shared",
            ..
        })
    ));
}

#[test]
fn ids_are_not_used_again() {
    let mut kit = Kit::new();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let a: ActivityId = kit.start();
        assert!(seen.insert(a));
        kit.end(a);
        kit.advance(millis(1));
    }
}

#[test]
fn r_ac_01_a_handle_means_the_same_after_a_restart() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), strowger_kernel::Durability::Strict);
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    kit.restart(secs(1));
    assert_eq!(kit.shard.activity(a).unwrap().id, a);
}

#[test]
fn r_ac_04_no_events_from_before() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let b = kit.start();
    kit.fire(b, Pong(1));
    kit.run();
    kit.on::<0>(move |_, cx, _| {
        cx.attach(b);
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(b, Pong(2));
    assert_eq!(kit.log(), ["A: ping(1)", "A: pong(2)"]);
}

#[test]
fn r_ac_05_equal_handles() {
    use strowger::activity::Handle;
    let mut kit = Kit::new();
    let (a, b) = (kit.start(), kit.start());
    let handle = Handle::<crate::harness::Conn>::from_id;
    assert!(handle(a) == handle(a) && handle(a) != handle(b));
}

#[test]
fn r_at_02_an_alias_is_shared() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().priority(1));
    kit.service::<1>(Spec::usual());
    kit.on::<0>(|_, cx, _| {
        cx.set::<Shared>(cx.activity().unwrap(), &7)
            .map_err(Error::from)
    });
    kit.on::<1>(|data, cx, _| {
        data.n = u64::from(cx.get::<Shared>(cx.activity().unwrap())?);
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(kit.shard.entities().map(|e| e.state[0]).max(), Some(7));
}

#[test]
fn r_ae_04_all_of_it_goes_and_then_the_adaptor_is_told() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let a = cx.activity().unwrap();
            cx.bind("x", a)?;
            cx.timer(a, secs(1), Tick(1));
            cx.set::<Own>(a, &1)?;
        }
        Ok(())
    });
    let a = kit.start_with(ActivityFlags {
        report_end: true,
        report_unreferenced: false,
    });
    kit.fire(a, Ping(1));
    kit.run();
    kit.end(a);
    assert_eq!(kit.log(), ["A: ping(1)", "A: end", "ra: ended"]);
    assert_eq!(
        kit.shard.counts(),
        strowger_kernel::Counts {
            service_activities: 1,
            ..Default::default()
        }
    );
}

#[test]
fn r_na_02_ended_at_commit_and_once() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|data, cx, call| {
        if call.is::<Ping>() {
            let null = cx.null_activity()?;
            cx.attach(null);
            data.activity = Some(null.id());
        } else if let Some(pong) = call.get::<Pong>() {
            let null = cx
                .narrow::<strowger::activity::NullActivity>(data.activity.unwrap())
                .unwrap();
            cx.end(null)?;
            cx.end(null)?;
            if pong.0 == 1 {
                return Err(Error::msg("no"));
            }
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.fire(a, Pong(2));
    assert_eq!(
        kit.log(),
        ["A: ping(1)", "A: pong(1)", "A: pong(2)", "A: end"]
    );
    assert_eq!(kit.shard.counts().events, 0, "there was one end");
}

#[test]
fn r_na_04_an_implicit_end_clears_everything() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, _| {
        let null = cx.null_activity()?;
        cx.set::<Own>(null, &1)?;
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(
        (
            kit.shard.counts().activities,
            kit.shard.metrics().activities_ended
        ),
        (1, 1)
    );
}

#[test]
fn r_na_05_only_null_activities_are_ended_so() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, _| {
        let a = cx.activity().unwrap();
        assert_eq!(
            cx.end(strowger::activity::Handle::from_id(a)),
            Err(OpError::StaleActivity(a))
        );
        assert!(cx.narrow::<strowger::activity::NullActivity>(a).is_none());
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_ac_06_an_attachment_in_vain_is_no_reference() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        cx.detach(cx.activity().unwrap());
        if call.is::<Ping>() {
            Ok(())
        } else {
            Err(Error::msg("no"))
        }
    });
    let a = kit.start_with(ActivityFlags {
        report_end: false,
        report_unreferenced: true,
    });
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: ping(1)", "ra: unreferenced"]);
    let b = kit.start();
    kit.on::<0>(move |_, cx, call| {
        match call.get::<Ping>() {
            // In vain.
            Some(Ping(2)) => {
                cx.attach(a);
                return Err(Error::msg("no"));
            }
            Some(Ping(3)) => cx.set::<Own>(a, &1)?,
            _ => {}
        }
        Ok(())
    });
    kit.fire(b, Ping(2));
    kit.fire(b, Ping(3));
    assert_eq!(kit.log(), ["A: ping(2)", "A: ping(3)"]);
}

#[test]
fn r_at_01_entities_of_one_sbb_share_an_attribute() {
    let mut kit = Kit::new();
    // Each Ping makes an entity, and all that are there receive it.
    kit.service::<0>(Spec::new().initial::<Ping>(strowger::initial::InitialDecl {
        by_event: true,
        ..crate::harness::initial()
    }));
    kit.on::<0>(|data, cx, _| {
        let a = cx.activity().unwrap();
        let n = cx.get::<Own>(a)?;
        data.n = u64::from(n);
        cx.set::<Own>(a, &(n + 1)).map_err(Error::from)
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(2));
    kit.run();
    let mut seen: Vec<u8> = kit.shard.entities().map(|e| e.state[0]).collect();
    seen.sort_unstable();
    assert_eq!(seen, [1, 2]);
    // On another activity it is another attribute.
    let b = kit.start();
    kit.fire(b, Ping(3));
    kit.run();
    assert!(kit.shard.entities().any(|e| e.state[0] == 0));
}
