//! Every table and queue has its limit, and meeting it is an error, not a failure.

use crate::harness::{Kit, Ping, Pong, Spec, Tick, Toy, say};
use strowger::OpError;
use strowger::id::Slot;
use strowger::ra::ActivityFlags;
use strowger::time::secs;
use strowger_kernel::Limits;

/// A shard with other limits and the usual service.
fn limited(change: impl FnOnce(&mut Limits)) -> Kit {
    let mut kit = Kit::new();
    change(&mut kit.options.limits);
    kit.restart(secs(0));
    kit.child::<1>(Spec::new());
    kit.service::<0>(Spec::usual().child::<1>(0));
    kit.log();
    kit
}

#[test]
fn activities() {
    // The service's own is one of them.
    let mut kit = limited(|l| l.activities = 3);
    let (a, _) = (kit.start(), kit.start());
    let refused = kit
        .ra(|cx| cx.start_activity::<crate::harness::Conn>(Slot(0), ActivityFlags::default(), 0));
    assert_eq!(refused, Err(OpError::Limit("activities")));
    kit.on::<0>(|_, cx, _| {
        assert_eq!(cx.null_activity(), Err(OpError::Limit("activities")));
        Ok(())
    });
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(
        (kit.shard.metrics().panics, kit.shard.metrics().limited),
        (0, 2)
    );
}

#[test]
fn entities() {
    let mut kit = limited(|l| l.entities = 1);
    kit.on::<0>(|_, cx, _| {
        assert_eq!(cx.create::<Toy<1>>(), Err(OpError::Limit("entities")));
        Ok(())
    });
    let (a, b) = (kit.start(), kit.start());
    kit.fire(a, Ping(1));
    kit.fire(b, Ping(2));
    assert_eq!(kit.log(), ["A: ping(1)"]);
    assert_eq!(
        (kit.shard.counts().entities, kit.shard.metrics().panics),
        (1, 0)
    );
}

#[test]
fn timers_and_a_timer_that_waits_for_room_in_the_queue() {
    let mut kit = limited(|l| {
        l.timers = 1;
        l.events_per_activity = 1;
    });
    kit.on::<0>(|data, cx, call| {
        if call.is::<Ping>() {
            let a = cx.activity().unwrap();
            cx.timer(a, secs(1), Tick(1));
            let again = strowger::timer::TimerOptions::once(cx.now().wall);
            assert_eq!(
                cx.timer_with(a, again, &Tick(2)),
                Err(OpError::Limit("timers"))
            );
            data.n = 1;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.fire(a, Pong(1));
    // The queue is full at the moment of expiry: the timer tries again.
    kit.now = kit.now + secs(1);
    kit.shard.timeout(kit.now);
    assert_eq!(kit.log(), ["A: pong(1)"]);
    kit.advance(secs(1));
    assert_eq!(kit.log(), ["A: tick 1 missed 0 left 0"]);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn attachments() {
    let mut kit = limited(|l| l.attachments = 1);
    kit.on::<0>(|_, cx, _| {
        let child = cx.create::<Toy<1>>()?;
        cx.attach_entity(child, cx.activity().unwrap());
        assert!(cx.rollback_only());
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(
        (kit.shard.metrics().rollbacks, kit.shard.metrics().panics),
        (1, 0)
    );
}

#[test]
fn state_and_activity_bytes() {
    let mut kit = limited(|l| {
        l.state_bytes = 100;
        l.activity_bytes = 100;
    });
    kit.on::<0>(|data, cx, call| {
        let a = cx.activity().unwrap();
        let long = "x".repeat(101);
        assert_eq!(cx.bind(&long, a), Err(OpError::Limit("activity_bytes")));
        if call.is::<Pong>() {
            data.text = long;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(
        (kit.shard.metrics().rollbacks, kit.shard.metrics().panics),
        (1, 0)
    );
}

#[test]
fn effects_of_one_transaction() {
    let mut kit = limited(|l| l.effects = 10);
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            for _ in 0..20 {
                say(cx, "x");
            }
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.run(), Vec::<String>::new());
    assert_eq!(kit.shard.metrics().rollbacks, 1);
}

#[test]
fn depth_of_a_tree() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().child::<1>(0).hooks());
    kit.service::<0>(Spec::usual().child::<1>(0));
    kit.on::<0>(|_, cx, _| {
        cx.create::<Toy<1>>()
            .map(drop)
            .map_err(strowger::Error::from)
    });
    // Each child makes one of its own, until the limit; what failed leaves no trace.
    kit.on::<1>(|data, cx, _| {
        data.n = u64::from(cx.create::<Toy<1>>().is_err());
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(kit.shard.counts().entities, 32);
}
