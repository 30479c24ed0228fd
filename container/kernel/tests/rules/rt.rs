//! R-RT: the router's algorithm.

use crate::harness::{Call, Conn, Kit, Ping, Pong, Spec, Toy, Wide, initial};
use strowger::event::FireOptions;
use strowger::id::ActivityId;
use strowger::ra::FireFlags;

#[test]
fn r_rt_01_services_by_priority() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().priority(1));
    kit.service::<1>(Spec::usual().priority(5));
    kit.service::<2>(Spec::usual().priority(-3));
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["B: ping(1)", "A: ping(1)", "C: ping(1)"]);
}

#[test]
fn r_rt_02_service_first_on_tie() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.service::<1>(Spec::new().initial::<Pong>(initial()));
    kit.log();
    kit.fire(a, Pong(2));
    assert_eq!(kit.log(), ["B: pong(2)", "A: pong(2)"]);
}

#[test]
fn r_rt_02_higher_entity_before_lower_service() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().priority(1));
    kit.service::<1>(Spec::new().initial::<Pong>(initial()));
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.fire(a, Pong(2));
    assert_eq!(kit.log(), ["A: pong(2)", "B: pong(2)"]);
}

#[test]
fn r_rt_03_not_received_is_not_offered() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::new().initial::<Ping>(initial()));
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["A: ping(1)"]);
    // Pong, and the service's ServiceStarted.
    assert_eq!(kit.shard.metrics().unreceived, 2);
}

#[test]
fn r_rt_03_handlers_by_activity_type() {
    let mut kit = Kit::new();
    kit.service::<0>(
        Spec::new()
            .initial_on::<Ping, Conn>(initial())
            .receives_on::<Pong, Wide>(),
    );
    let (conn, wide) = (kit.start(), kit.start_kind::<Wide>());
    for (activity, n) in [(conn, 1), (wide, 2)] {
        kit.fire(activity, Ping(n));
        kit.fire(activity, Pong(n));
    }
    assert_eq!(kit.log(), ["A: ping(1)"]);
    assert_eq!(kit.shard.counts().entities, 1);
}

#[test]
fn r_rt_05_reattached_is_not_offered_again() {
    // The rule permits a second offer; one offer at most keeps two SBBs that re-attach each other from going on for ever.
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, _| {
        if let Some(activity) = cx.activity() {
            cx.detach(activity);
            cx.attach(activity);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: ping(1)"]);
    assert_eq!(kit.attached(a).len(), 1);
}

#[test]
fn r_rt_10_outcomes() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, _, call| match call.get::<Ping>() {
        Some(Ping(13)) => Err(strowger::Error::msg("unlucky")),
        _ => Ok(()),
    });
    let a = kit.start();
    let flags = FireFlags {
        report_done: true,
        report_unreferenced: true,
    };
    let done = |kit: &mut Kit, n| {
        kit.try_fire(a, Ping(n), FireOptions::default(), flags)
            .unwrap();
        kit.log()
    };
    assert_eq!(
        done(&mut kit, 1),
        ["A: ping(1)", "ra: done Processed", "ra: event unreferenced"]
    );
    assert_eq!(
        done(&mut kit, 13),
        [
            "A: ping(13)",
            "ra: done RolledBack",
            "ra: event unreferenced"
        ]
    );
    let b = kit.start();
    kit.try_fire(b, Pong(1), FireOptions::default(), flags)
        .unwrap();
    assert_eq!(kit.log(), ["ra: done NoReceiver", "ra: event unreferenced"]);
}

#[test]
fn r_rt_06_root_of_a_child_target_is_removed_too() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().receives::<Pong>().hooks());
    kit.service::<0>(Spec::usual().child::<1>(0).hooks());
    kit.on::<0>(|_, cx, call| {
        if let (true, Some(activity)) = (call.is::<Ping>(), cx.activity()) {
            let child = cx.create::<Toy<1>>()?;
            cx.attach_entity(child, activity);
            cx.detach(activity);
        }
        Ok(())
    });
    kit.on::<1>(|_, cx, call| {
        if let (true, Some(activity)) = (call.is::<Pong>(), cx.activity()) {
            cx.detach(activity);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    assert_eq!(kit.shard.counts().entities, 2);
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["B: pong(1)", "A: remove", "B: remove"]);
    assert_eq!(kit.shard.counts().entities, 0);
}

#[test]
fn r_rt_02_entity_attached_during_delivery_receives_the_same_event() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().receives::<Ping>());
    kit.service::<0>(Spec::usual().child::<1>(0));
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let child = cx.create::<Toy<1>>()?;
            if let Some(activity) = cx.activity() {
                cx.attach_entity(child, activity);
            }
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: ping(1)", "B: ping(1)"]);
}

#[test]
fn r_rt_06_root_without_attachments_is_removed() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().hooks());
    kit.on::<0>(|_, cx, call| {
        if let (Call::Event(_), Some(activity)) = (call, cx.activity()) {
            cx.detach(activity);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: create", "A: ping(1)", "A: remove"]);
    assert_eq!(kit.shard.counts().entities, 0);
}

#[test]
fn r_rt_08_rollback_does_not_stop_the_loop() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().priority(1));
    kit.service::<1>(Spec::usual());
    kit.on::<0>(|_, _, _| Err(strowger::Error::msg("no")));
    let a: ActivityId = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: ping(1)", "B: ping(1)"]);
    assert_eq!(kit.shard.counts().entities, 1);
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["B: pong(1)"]);
}

#[test]
fn r_rt_04_masked_counts_as_offered() {
    let mut kit = Kit::new();
    kit.service::<0>(
        Spec::new()
            .initial::<Ping>(initial())
            .receives::<Pong>()
            .masked(),
    );
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    let flags = FireFlags {
        report_done: true,
        report_unreferenced: false,
    };
    kit.try_fire(a, Pong(1), FireOptions::default(), flags)
        .unwrap();
    assert_eq!(kit.log(), ["ra: done NoReceiver"]);
    assert_eq!(kit.attached(a).len(), 1);
}

#[test]
fn r_rt_07_after_the_end_the_tree_is_removed() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().hooks());
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.end(a);
    assert_eq!(
        kit.log(),
        ["A: create", "A: ping(1)", "A: end", "A: remove"]
    );
    assert_eq!(kit.shard.metrics().rollbacks, 0);
}

#[test]
fn r_rt_02_a_crowd_is_served_in_order_and_once_each() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().receives::<Pong>());
    kit.service::<0>(Spec::usual().child::<1>(0));
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            for n in 0..1000_u32 {
                let child = cx.create::<Toy<1>>()?;
                cx.attach_entity(child, cx.activity().unwrap());
                cx.set_priority(child, (n % 100) as i8);
            }
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    let order = kit.attached(a);
    let priorities: Vec<_> = order[1..]
        .iter()
        .map(|e| kit.shard.entity(*e).unwrap().priority)
        .collect();
    assert!(priorities.is_sorted_by(|a, b| a >= b));
    kit.log();
    kit.fire(a, Pong(1));
    kit.end(a);
    let log = kit.log();
    assert_eq!(log.iter().filter(|l| *l == "B: pong(1)").count(), 1000);
    assert_eq!((log.len(), kit.shard.counts().entities), (1002, 0));
}

#[test]
fn r_rt_09_each_delivery_of_an_event_has_a_transaction_of_its_own() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().priority(2));
    kit.service::<1>(Spec::usual().priority(1));
    kit.on::<0>(|data, cx, call| {
        data.n += 1;
        if call.is::<Ping>() {
            cx.fire(cx.activity().expect("an event"), Pong(1))?;
        }
        Ok(())
    });
    // What the delivery before it did is committed, whatever this one makes of the event.
    kit.on::<1>(|_, cx, call| {
        if call.is::<Ping>() {
            cx.set_rollback_only();
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: ping(1)", "B: ping(1)", "A: pong(1)"]);
    let metrics = kit.shard.metrics();
    assert_eq!((metrics.rollbacks, metrics.panics), (1, 0));
}
