//! R-TX, R-EV, R-EX: transactions, events, failures.

use crate::harness::{Call, Kit, Note, Ping, Pong, Spec, Toy, command, initial, say, send, shared};
use std::cell::RefCell;
use strowger::event::{AnyEvent, FireOptions};
use strowger::id::Slot;
use strowger::ra::{ActivityFlags, FireFlags};
use strowger::sbb::Sbb;
use strowger::{Error, OpError};

/// Everything that a handler can do, then a failure: nothing of it is left.
#[test]
fn r_tx_01_all_or_nothing() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().receives::<Pong>());
    kit.service::<0>(Spec::usual().child::<1>(0));
    let (a, b) = (kit.start(), kit.start());
    kit.fire(a, Ping(0));
    kit.run();
    let before = (kit.shard.counts(), kit.shard.entities().collect::<Vec<_>>());
    kit.on::<0>(move |data, cx, _| {
        data.n = 7;
        let child = cx.create::<Toy<1>>()?;
        cx.attach_entity(child, b);
        cx.attach(b);
        cx.detach(a);
        cx.set_priority(cx.entity(), 9);
        cx.mask(b, &[<Pong as strowger::event::Event>::TYPE])?;
        cx.fire(b, Pong(1))?;
        let null = cx.null_activity()?;
        cx.bind("name", null)?;
        cx.timer(b, strowger::time::secs(1), crate::harness::Tick(1));
        cx.suspend(None)?;
        say(cx, "hello");
        Err(Error::msg("no"))
    });
    kit.fire(a, Ping(1));
    assert_eq!(kit.run(), Vec::<String>::new());
    assert_eq!(kit.log(), ["A: ping(0)", "A: ping(1)"]);
    assert_eq!(
        (kit.shard.counts(), kit.shard.entities().collect::<Vec<_>>()),
        before
    );
    // Nothing of it leaves with the next commit either.
    kit.on::<0>(|_, _, _| Ok(()));
    kit.fire(a, Ping(2));
    assert_eq!(kit.run(), Vec::<String>::new());
    assert_eq!(kit.log(), ["A: ping(2)"]);
}

/// Counters of what began and what ended stay comparable.
#[test]
fn what_is_rolled_back_is_not_counted_as_begun() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, _| {
        let null = cx.null_activity()?;
        cx.attach(null);
        Err(Error::msg("no"))
    });
    let a = kit.start();
    let begun = |kit: &Kit| {
        let metrics = kit.shard.metrics();
        (metrics.activities_started, metrics.entities_created)
    };
    let before = begun(&kit);
    kit.fire(a, Ping(0));
    kit.run();
    assert_eq!(kit.shard.metrics().rollbacks, 1);
    assert_eq!(begun(&kit), before);
}

#[test]
fn r_tx_04_adaptor_operations_are_immediate() {
    let mut kit = Kit::new();
    let flags = ActivityFlags::default();
    let (id, ending) = kit.ra(move |cx| {
        let id = cx
            .start_activity::<crate::harness::Conn>(Slot(1), flags, 5)
            .unwrap();
        assert_eq!(cx.cookie(id), Some(5));
        cx.end_activity(id).unwrap();
        (id, cx.fire(id, Ping(1)))
    });
    assert_eq!(ending, Err(OpError::Ending(id)));
}

#[test]
fn r_tx_05_rollback_only_is_sticky() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|data, cx, _| {
        assert!(!cx.rollback_only());
        cx.set_rollback_only();
        assert!(cx.rollback_only());
        data.n = 1;
        say(cx, "hello");
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.run(), Vec::<String>::new());
    assert_eq!(kit.shard.counts().entities, 0);
    let metrics = kit.shard.metrics();
    assert_eq!((metrics.rollbacks, metrics.panics), (1, 0));
}

#[test]
fn r_tx_10_entities_called_in_the_transaction_are_stored() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new());
    kit.service::<0>(Spec::usual().child::<1>(0));
    kit.on::<0>(|data, cx, _| {
        let child = cx.create::<Toy<1>>()?;
        cx.call(child, |toy, _| {
            toy.0.n = 42;
            Ok(())
        })?;
        data.n = cx.call(child, |toy, _| Ok(toy.0.n))?;
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    let states: Vec<u8> = kit.shard.entities().map(|e| e.state[0]).collect();
    assert_eq!(states, [42, 42]);
}

#[test]
fn r_ev_01_events_of_one_activity_in_order() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let a = kit.start();
    for n in 0..5 {
        kit.fire(a, Ping(n));
        kit.fire(a, Pong(n));
    }
    let expected: Vec<_> = (0..5)
        .flat_map(|n| [format!("A: ping({n})"), format!("A: pong({n})")])
        .collect();
    assert_eq!(kit.log(), expected);
}

#[test]
fn r_ev_04_fired_at_commit_only() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| match (call.get::<Ping>(), cx.activity()) {
        (Some(Ping(n)), Some(activity)) => {
            cx.fire(activity, Pong(*n))?;
            if *n == 1 {
                Err(Error::msg("no"))
            } else {
                Ok(())
            }
        }
        _ => Ok(()),
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(2));
    assert_eq!(kit.log(), ["A: ping(1)", "A: ping(2)", "A: pong(2)"]);
}

#[test]
fn r_ev_05_not_on_an_ending_activity() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|data, cx, call| {
        if call.is::<strowger::event::ActivityEnd>() {
            let refused = cx.fire(cx.activity().unwrap(), Pong(1));
            assert!(matches!(refused, Err(OpError::Ending(_))));
            data.n = 1;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.end(a);
    assert_eq!(kit.log(), ["A: ping(1)", "A: end"]);
    assert_eq!(kit.shard.metrics().panics, 0);
    assert_eq!(
        kit.try_fire(a, Ping(2), FireOptions::default(), FireFlags::default()),
        Err(OpError::StaleActivity(a))
    );
}

#[test]
fn r_ev_06_full_queue_is_refused_or_reported() {
    let mut kit = Kit::new();
    kit.options.limits.events_per_activity = 2;
    kit.restart(strowger::time::secs(1));
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(2));
    let limit = Err(OpError::Limit("events_per_activity"));
    assert_eq!(
        kit.try_fire(a, Ping(3), FireOptions::default(), FireFlags::default()),
        limit
    );
    let report = FireFlags {
        report_done: true,
        report_unreferenced: false,
    };
    assert!(
        kit.try_fire(a, Ping(3), FireOptions::default(), report)
            .is_ok()
    );
    assert!(kit.log().contains(&"ra: done Failed(QueueFull)".to_owned()));
    assert_eq!(kit.shard.metrics().queue_full, 2);
}

#[test]
fn r_ev_08_target_service() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.service::<1>(Spec::usual());
    let a = kit.start();
    let to = |id| FireOptions {
        service: Some(id),
        ..FireOptions::default()
    };
    kit.try_fire(a, Ping(1), to(Toy::<1>::SBB.id()), FireFlags::default())
        .unwrap();
    assert_eq!(kit.log(), ["B: ping(1)"]);
    assert_eq!(kit.shard.counts().entities, 1, "none was made of the other");
    kit.fire(a, Ping(2));
    assert_eq!(kit.log(), ["A: ping(2)", "B: ping(2)"]);
    kit.try_fire(a, Pong(3), to(Toy::<0>::SBB.id()), FireFlags::default())
        .unwrap();
    assert_eq!(kit.log(), ["A: pong(3)"]);
    let unknown = kit.try_fire(
        a,
        Ping(1),
        to(strowger::id::ComponentId(1)),
        FireFlags::default(),
    );
    assert_eq!(unknown, Err(OpError::InvalidArgument("service")));
}

#[test]
fn r_ex_01_exception_before_the_rollback_and_rolled_back_after() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().hooks());
    kit.on::<0>(|data, _, call| {
        match call {
            Call::Event(_) if call.is::<Pong>() => {
                data.n += 10;
                return Err(Error::msg("no"));
            }
            Call::Event(_) => data.n += 1,
            Call::Exception(_) => assert_eq!(data.n, 11),
            Call::RolledBack(_) => {
                assert_eq!(data.n, 1);
                data.n = 100;
            }
            Call::Create | Call::Remove | Call::Sync(_) => {}
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    let expected = [
        "A: create",
        "A: ping(1)",
        "A: pong(1)",
        "A: exception no",
        "A: rolled back pong(1)",
    ];
    assert_eq!(kit.log(), expected);
    assert_eq!(kit.shard.entities().next().unwrap().state[0], 100);
}

#[test]
fn r_ex_01_a_panic_is_caught_and_its_object_thrown_away() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, _, call| {
        assert!(!call.is::<Pong>(), "as the test wants");
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.fire(a, Note(1));
    assert_eq!(kit.log(), ["A: ping(1)", "A: pong(1)", "A: note(1)"]);
    assert_eq!(kit.shard.metrics().panics, 1);
}

#[test]
fn r_ex_04_no_second_rolled_back() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().hooks());
    kit.on::<0>(|_, _, call| match call {
        Call::RolledBack(_) => Err(Error::msg("again")),
        Call::Event(_) if call.is::<Pong>() => Err(Error::msg("no")),
        _ => Ok(()),
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.fire(a, Pong(1));
    assert_eq!(
        kit.log(),
        ["A: pong(1)", "A: exception no", "A: rolled back pong(1)"]
    );
}

#[test]
fn r_ex_05_not_told_when_the_creation_failed() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().hooks());
    kit.on::<0>(|_, _, call| match call {
        Call::Create => Err(Error::msg("no")),
        _ => Ok(()),
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: create"]);
    assert_eq!(kit.shard.counts().entities, 0);
}

#[test]
fn r_ex_07_a_created_entity_stays_when_it_is_told() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().hooks());
    kit.on::<0>(|_, _, call| {
        if call.is::<Ping>() {
            Err(Error::msg("no"))
        } else {
            Ok(())
        }
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    let expected = [
        "A: create",
        "A: ping(1)",
        "A: exception no",
        "A: create",
        "A: rolled back ping(1)",
    ];
    assert_eq!(kit.log(), expected);
    kit.fire(a, Pong(2));
    assert_eq!(kit.log(), ["A: pong(2)"]);
}

#[test]
fn r_ex_06_each_target_of_a_removal_is_told() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().receives::<Pong>().hooks());
    kit.service::<0>(Spec::usual().child::<1>(0).hooks());
    kit.on::<0>(|_, cx, call| match call {
        Call::Event(_) => {
            let activity = cx.activity().unwrap();
            let child = cx.create::<Toy<1>>()?;
            cx.attach_entity(child, activity);
            cx.detach(activity);
            Ok(())
        }
        Call::Remove => Err(Error::msg("stays")),
        _ => Ok(()),
    });
    kit.on::<1>(|_, cx, call| {
        if call.is::<Pong>() {
            cx.detach(cx.activity().unwrap());
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.fire(a, Pong(1));
    let expected = [
        "B: pong(1)",
        "A: remove",
        "B: remove",
        "B: rolled back pong(1)",
        "A: rolled back - removal",
    ];
    assert_eq!(kit.log(), expected);
    assert_eq!(kit.shard.counts().entities, 2);
}

/// A command's event comes behind the event whose delivery asked for it.
#[test]
fn r_ev_03_commands_run_in_order_at_commit() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::new().initial::<Ping>(initial()).receives::<Pong>());
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let activity = cx.activity().unwrap();
            say(cx, "one");
            command(cx, move |cx| {
                cx.fire(activity, Pong(2)).unwrap();
                send(cx, "two".into());
            });
            cx.fire(activity, Pong(1))?;
            say(cx, "three");
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.run(), ["one", "two", "three"]);
    assert_eq!(kit.log(), ["A: ping(1)", "A: pong(1)", "A: pong(2)"]);
}

/// What a delivery did is there for the next one only if it committed.
#[test]
fn r_tx_06_uncommitted_is_invisible() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().priority(1));
    kit.service::<1>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        let a = cx.activity().unwrap();
        cx.bind("seen", a)?;
        if call.get::<Ping>() == Some(&Ping(1)) {
            Err(Error::msg("no"))
        } else {
            Ok(())
        }
    });
    kit.on::<1>(|_, cx, call| {
        let expected = call.get::<Ping>() == Some(&Ping(2));
        assert_eq!(cx.lookup("seen").is_some(), expected);
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(2));
    kit.run();
    assert_eq!(kit.shard.metrics().panics, 0);
}

/// One tree attached to two activities: its deliveries come one after the other, each on the state of the one before.
#[test]
fn r_tx_07_a_tree_is_served_one_delivery_after_the_other() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::new().initial::<Ping>(crate::harness::one()));
    kit.on::<0>(|data, _, _| {
        data.n += 1;
        Ok(())
    });
    let (a, b) = (kit.start(), kit.start());
    for n in 0..10 {
        kit.fire(a, Ping(n));
        kit.fire(b, Ping(n));
    }
    kit.run();
    assert_eq!(kit.shard.entities().next().unwrap().state[0], 20);
}

#[test]
fn r_ev_02_activities_take_turns() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let (a, b) = (kit.start(), kit.start());
    for n in 0..2 {
        kit.fire(a, Ping(n));
    }
    kit.fire(b, Ping(9));
    assert_eq!(kit.log(), ["A: ping(0)", "A: ping(9)", "A: ping(1)"]);
}

/// Receivers share one object; they get it by reference and cannot change it.
#[test]
fn r_ev_07_one_object_for_all_receivers() {
    thread_local! {
        // Events stay on their shard's thread.
        static FIRST: RefCell<Option<AnyEvent>> = const { RefCell::new(None) };
    }
    let mut kit = Kit::new();
    let same = shared(None);
    kit.service::<0>(Spec::usual().priority(1));
    kit.service::<1>(Spec::usual());
    let compared = same.clone();
    kit.on::<0>(|_, _, call| {
        if let (Call::Event(event), true) = (call, call.is::<Ping>()) {
            FIRST.set(Some((*event).clone()));
        }
        Ok(())
    });
    kit.on::<1>(move |_, _, call| {
        if let (Call::Event(event), true) = (call, call.is::<Ping>()) {
            *compared.lock().unwrap() = FIRST.take().map(|first| first.is_same(event));
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(*same.lock().unwrap(), Some(true));
}

#[test]
fn r_ex_02_told_in_a_new_transaction() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().hooks());
    kit.on::<0>(|_, cx, call| match call {
        Call::Event(_) if call.is::<Pong>() => {
            say(cx, "lost");
            cx.set_rollback_only();
            Ok(())
        }
        Call::RolledBack(_) => {
            assert!(!cx.rollback_only());
            say(cx, "kept");
            Ok(())
        }
        _ => Ok(()),
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    assert_eq!(kit.run(), ["kept"]);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_ex_03_what_it_is_told() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().hooks());
    kit.on::<0>(|_, cx, call| match call {
        Call::Event(_) if call.is::<Pong>() => {
            cx.detach(cx.activity().unwrap());
            Ok(())
        }
        Call::Remove => Err(Error::msg("stays")),
        Call::RolledBack(what) => {
            assert_eq!(cx.activity().is_some(), what.event.is_some());
            Ok(())
        }
        _ => Ok(()),
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.fire(a, Pong(1));
    assert_eq!(
        kit.log(),
        ["A: pong(1)", "A: remove", "A: rolled back pong(1) removal"]
    );
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_ex_08_a_failure_stops_nothing_else() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().priority(1));
    kit.service::<1>(Spec::usual());
    kit.on::<0>(|_, _, _| panic!("as the test wants"));
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(2));
    assert_eq!(
        kit.log(),
        ["A: ping(1)", "B: ping(1)", "A: ping(2)", "B: ping(2)"]
    );
    assert_eq!(kit.shard.metrics().panics, 2);
}

#[test]
fn a_rollback_says_why() {
    use strowger_kernel::ShardOutput;
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| match call.get::<Ping>() {
        Some(Ping(1)) => Err(Error::msg("because")),
        Some(Ping(2)) => panic!("boom"),
        _ => {
            cx.set_rollback_only();
            Ok(())
        }
    });
    let a = kit.start();
    for n in 1..=3 {
        kit.fire(a, Ping(n));
    }
    while kit.shard.poll_output().is_some() {}
    kit.shard.run(kit.now, 100);
    let mut causes = Vec::new();
    while let Some(output) = kit.shard.poll_output() {
        if let ShardOutput::RolledBack { sbb, cause, .. } = output {
            assert_eq!(sbb, Toy::<0>::SBB);
            causes.push(cause);
        }
    }
    assert_eq!(causes, ["because", "panic: boom", "marked for rollback"]);
}

#[test]
fn r_ev_06_refused_on_what_is_foreign_or_ended_and_to_unknown_services() {
    let mut kit = Kit::new();
    let service = kit.install::<1>(Spec::usual(), strowger_kernel::Durability::None);
    kit.service::<0>(Spec::usual());
    let fire = |kit: &mut Kit, on, service| {
        let to = FireOptions {
            service,
            ..FireOptions::default()
        };
        kit.try_fire(on, Ping(1), to, FireFlags::default())
    };
    // The service's own activity is the container's, not the adaptor's.
    let foreign = kit.shard.activities().next().unwrap().id;
    assert_eq!(
        fire(&mut kit, foreign, None),
        Err(OpError::StaleActivity(foreign))
    );
    let a = kit.start();
    for unknown in [strowger::id::ComponentId(1), Toy::<1>::SBB.id()] {
        assert_eq!(
            fire(&mut kit, a, Some(unknown)),
            Err(OpError::InvalidArgument("service"))
        );
    }
    kit.shard.activate_services(kit.now, &[service]).unwrap();
    fire(&mut kit, a, Some(Toy::<1>::SBB.id())).unwrap();
    assert_eq!(kit.log(), ["B: ping(1)"]);
    kit.ra(move |cx| {
        cx.end_activity(a).unwrap();
        assert_eq!(cx.fire(a, Ping(1)), Err(OpError::Ending(a)));
    });
    kit.run();
    assert_eq!(fire(&mut kit, a, None), Err(OpError::StaleActivity(a)));
}
