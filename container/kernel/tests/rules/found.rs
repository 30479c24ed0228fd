//! What the reference model (`tests/model`) found wrong once, each as a small test.

use crate::harness::{Call, Conn, Kit, Note, Ping, Pong, Spec, Toy, Wide, initial};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use strowger::Error;
use strowger::event::{ActivityEnd, ServiceStarted};
use strowger::id::{ServiceIx, Slot};
use strowger::ra::ActivityFlags;
use strowger::time::secs;
use strowger_kernel::{Durability, ServiceState};

#[test]
fn r_so_07_a_handler_that_failed_executes_no_more() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().receives::<Note>());
    kit.service::<0>(Spec::usual().child::<1>(0));
    let called = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&called);
    kit.on::<0>(move |_, cx, call| {
        if call.is::<Ping>() {
            let (child, here) = (cx.create::<Toy<1>>()?, cx.activity().unwrap());
            cx.attach_entity(child, here);
        }
        if call.is::<Pong>() {
            let child = cx.children::<Toy<1>>()[0];
            cx.call(child, |_, _| Ok(()))?;
            seen.store(true, Ordering::Relaxed);
        }
        Ok(())
    });
    kit.on::<1>(|_, _, _| Err(Error::msg("no")));
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Note(1));
    kit.fire(a, Pong(1));
    kit.run();
    assert!(called.load(Ordering::Relaxed));
}

#[test]
fn r_or_02_a_tree_moves_as_a_whole() {
    let mut kit = Kit::new();
    kit.child::<4>(Spec::new().receives::<Note>());
    kit.service::<0>(Spec::usual().priority(5));
    kit.service::<1>(Spec::usual().priority(3).child::<4>(0));
    kit.service::<2>(Spec::usual().priority(1));
    kit.service::<3>(Spec::usual().priority(0));
    kit.on::<1>(|_, cx, call| {
        let (me, here) = (cx.entity(), cx.activity());
        if let (true, Some(here)) = (call.is::<Ping>(), here) {
            for _ in 0..3 {
                let child = cx.create::<Toy<4>>()?;
                cx.attach_entity(child, here);
            }
        }
        if let (true, Some(here)) = (call.is::<Pong>(), here) {
            // Behind the third service, which was there before.
            cx.detach(here);
            cx.attach(here);
            cx.set_priority(me, 1);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.log();
    kit.fire(a, Note(1));
    let order: Vec<_> = kit.log().iter().map(|line| line[..1].to_owned()).collect();
    assert_eq!(order.concat(), "ACBEEED");
}

#[test]
fn r_or_02_descendants_move_where_their_ancestor_is_not_attached() {
    let mut kit = Kit::new();
    kit.child::<4>(Spec::new().receives::<Note>());
    let own = Spec::new().initial::<Ping>(initial()).priority(5);
    kit.service::<0>(own.child::<4>(0));
    let other = Spec::new().initial::<Pong>(initial()).receives::<Note>();
    kit.service::<1>(other.priority(3));
    let (a, b) = (kit.start(), kit.start());
    kit.on::<0>(move |_, cx, call| {
        if call.get::<Ping>() == Some(&Ping(1)) {
            let child = cx.create::<Toy<4>>()?;
            cx.attach_entity(child, b);
        } else {
            let me = cx.entity();
            cx.set_priority(me, 1);
        }
        Ok(())
    });
    kit.fire(a, Ping(1));
    kit.fire(b, Pong(1));
    kit.fire(b, Note(1));
    assert_eq!(
        kit.log(),
        ["A: ping(1)", "B: pong(1)", "E: note(1)", "B: note(1)"]
    );
    kit.fire(a, Ping(2));
    kit.fire(b, Note(2));
    assert_eq!(kit.log(), ["A: ping(2)", "B: note(2)", "E: note(2)"]);
}

#[test]
fn r_ec_05_resumed_by_the_callback_of_a_removal() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().priority(2).hooks());
    kit.service::<1>(Spec::usual().priority(1));
    kit.on::<0>(|data, cx, call| {
        match call {
            Call::Event(_) if call.is::<Ping>() => {
                data.context = Some(cx.suspend(None)?);
                let me = cx.entity();
                cx.remove(me);
            }
            Call::Remove => cx.resume(data.context.unwrap())?,
            _ => {}
        }
        Ok(())
    });
    // The second event is suspended at once: whoever stands twice in the queue would be served all the same.
    kit.on::<1>(|_, cx, call| {
        if call.is::<Pong>() {
            cx.suspend(None)?;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.fire(a, Note(1));
    let log = kit.log();
    assert_eq!(
        log,
        [
            "A: create",
            "A: ping(1)",
            "A: remove",
            "B: ping(1)",
            "B: pong(1)"
        ]
    );
    assert_eq!(kit.shard.counts().suspended, 1);
}

#[test]
fn r_ae_01_an_end_that_rests_half_way_is_one_end_after_a_restart() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual().priority(2), Durability::Strict);
    kit.service_in::<1>(Spec::usual().priority(1), Durability::Strict);
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.end(a);
    kit.shard.run(kit.now, 1);
    kit.sync();
    kit.restart(secs(1));
    // Asked for once more, it is the same end.
    kit.end(a);
    let log = kit.log();
    let ends = log.iter().filter(|line| line.ends_with(": end"));
    // The first was offered it before (R-EC-08).
    assert_eq!(ends.collect::<Vec<_>>(), ["A: end", "B: end"]);
    let counts = kit.shard.counts();
    assert_eq!(
        (counts.activities, counts.entities, counts.events),
        (0, 0, 0)
    );
}

/// A service with an entity on its own activity.
fn with_own_activity(kit: &mut Kit) -> ServiceIx {
    let spec = Spec::new()
        .initial::<ServiceStarted>(initial())
        .receives::<ActivityEnd>();
    kit.service_in::<0>(spec, Durability::Strict)
}

#[test]
fn r_sv_05_what_is_left_of_a_service_that_is_not_active_after_a_restart_ends() {
    let mut kit = Kit::new();
    let service = with_own_activity(&mut kit);
    assert_eq!(kit.shard.counts().entities, 1);
    kit.restart_inactive(secs(1));
    kit.run();
    assert_eq!(
        kit.shard.service_state(service),
        Some(ServiceState::Inactive)
    );
    let counts = kit.shard.counts();
    assert_eq!(
        (counts.service_activities, counts.entities, counts.events),
        (0, 0, 0)
    );
}

#[test]
fn r_sv_03_a_service_whose_activity_was_ending_gets_a_new_one_after_a_restart() {
    let mut kit = Kit::new();
    let service = with_own_activity(&mut kit);
    kit.shard.deactivate_services(kit.now, &[service]).unwrap();
    kit.sync();
    kit.restart(secs(1));
    let mut log = kit.log();
    log.retain(|line| line.starts_with("A: "));
    assert_eq!(log, ["A: started", "A: end", "A: started"]);
    let counts = kit.shard.counts();
    assert_eq!(
        (counts.service_activities, counts.entities, counts.events),
        (1, 1, 0)
    );
}

#[test]
fn r_sv_03_of_two_activities_of_a_service_the_living_one_is_the_services() {
    let mut kit = Kit::new();
    let spec = Spec::new()
        .initial::<ServiceStarted>(initial())
        .receives::<ActivityEnd>();
    // It leaves a place before that of the first one to the second.
    let before = kit.ra(|cx| cx.start_activity::<Conn>(Slot(0), ActivityFlags::default(), 0));
    let service = kit.service_in::<0>(spec, Durability::Strict);
    kit.end(before.unwrap());
    // The first one's end is held back for long.
    kit.on::<0>(|data, cx, call| {
        if call.is::<ActivityEnd>() && data.n == 0 {
            data.n = 1;
            cx.suspend(Some(secs(3600)))?;
        }
        Ok(())
    });
    kit.shard.deactivate_services(kit.now, &[service]).unwrap();
    kit.run();
    for _ in 0..3 {
        kit.restart(secs(1));
        kit.run();
        let counts = kit.shard.counts();
        assert_eq!((counts.service_activities, counts.suspended), (2, 1));
    }
    kit.advance(secs(3600));
    let counts = kit.shard.counts();
    assert_eq!((counts.service_activities, counts.suspended), (1, 0));
}

#[test]
fn an_id_in_a_state_is_never_given_to_another_activity() {
    let mut kit = Kit::new();
    kit.service_in::<0>(Spec::usual(), Durability::Strict);
    let a = kit.start();
    // Nothing is ever attached to it, nor to any other of its slot: there is no record.
    let bare = kit.start_kind::<Wide>();
    kit.on::<0>(move |data, _, _| {
        data.activity = Some(bare);
        Ok(())
    });
    kit.fire(a, Ping(1));
    kit.run();
    kit.restart(secs(1));
    kit.run();
    for _ in 0..10 {
        assert_ne!(kit.start_kind::<Wide>(), bare);
    }
}
