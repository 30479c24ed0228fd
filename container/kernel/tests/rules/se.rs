//! R-SO, R-SE, R-OR, R-MK: entities, trees, order, masks.

use crate::harness::{Call, Kit, Note, Ping, Pong, Spec, Toy};
use strowger::child::Child;
use strowger::event::Event;
use strowger::{Error, OpError};

/// A service whose root makes one child per Ping, attached like itself.
fn family(kit: &mut Kit) {
    kit.child::<1>(Spec::new().receives::<Pong>().receives::<Note>().hooks());
    kit.service::<0>(Spec::usual().child::<1>(0).hooks());
    kit.on::<0>(|data, cx, call| {
        if call.is::<Ping>() {
            let child = cx.create::<Toy<1>>()?;
            cx.attach_entity(child, cx.activity().unwrap());
            data.entity = Some(child.id());
        }
        Ok(())
    });
}

#[test]
fn r_so_02_create_runs_first_with_default_state() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().hooks());
    kit.on::<0>(|data, _, call| {
        match call {
            Call::Create => {
                assert_eq!(data.n, 0);
                data.n = 5;
            }
            _ => assert_eq!(data.n, 5),
        }
        Ok(())
    });
    // The second one gets the object that the first one has had.
    for _ in 0..2 {
        let a = kit.start();
        kit.fire(a, Ping(1));
        assert_eq!(kit.log(), ["A: create", "A: ping(1)"]);
    }
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_so_04_failed_create_reaches_the_caller_and_leaves_nothing() {
    let mut kit = Kit::new();
    family(&mut kit);
    kit.on::<1>(|_, cx, call| match call {
        Call::Create => {
            let null = cx.null_activity()?;
            cx.bind("child", null)?;
            Err(Error::msg("no"))
        }
        _ => Ok(()),
    });
    kit.on::<0>(|data, cx, call| {
        if call.is::<Ping>() {
            data.n = u64::from(cx.create::<Toy<1>>().is_err());
            assert_eq!(cx.lookup("child"), None);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: create", "A: ping(1)", "B: create"]);
    let counts = kit.shard.counts();
    assert_eq!(
        (counts.entities, counts.activities, counts.names),
        (1, 1, 0)
    );
    assert_eq!(kit.shard.entities().next().unwrap().state[0], 1);
}

#[test]
fn r_so_07_no_reentrance() {
    let mut kit = Kit::new();
    family(&mut kit);
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let child = cx.create::<Toy<1>>()?;
            let me: Child<Toy<0>> = Child::from_id(cx.entity());
            let again = cx.call(child, |_, cx| cx.call(me, |_, _| Ok(())));
            assert_eq!(
                again.unwrap_err().op(),
                Some(OpError::Reentrant(cx.entity()))
            );
            assert!(cx.rollback_only());
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(
        (kit.shard.metrics().panics, kit.shard.metrics().rollbacks),
        (0, 1)
    );
}

#[test]
fn r_se_02_only_declared_children() {
    let mut kit = Kit::new();
    kit.child::<2>(Spec::new());
    kit.service::<0>(Spec::usual().child::<2>(0));
    kit.on::<0>(|_, cx, _| {
        assert_eq!(
            cx.create::<Toy<1>>().unwrap_err(),
            OpError::InvalidArgument("child relation")
        );
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_se_03_remove_takes_the_descendants_along() {
    let mut kit = Kit::new();
    family(&mut kit);
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(2));
    kit.log();
    assert_eq!(kit.shard.counts().entities, 3);
    kit.on::<0>(|_, cx, call| {
        if call.is::<Pong>() {
            let children = cx.children::<Toy<1>>();
            cx.remove(children[0]);
            assert_eq!(cx.children::<Toy<1>>(), children[1..]);
        }
        if call.is::<Note>() {
            cx.remove(cx.entity());
        }
        Ok(())
    });
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["A: pong(1)", "B: remove", "B: pong(1)"]);
    kit.fire(a, Note(1));
    assert_eq!(kit.log(), ["A: note(1)", "A: remove", "B: remove"]);
    assert_eq!(kit.shard.counts().entities, 0);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_se_03_removing_what_is_gone_rolls_back() {
    let mut kit = Kit::new();
    family(&mut kit);
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let child = cx.create::<Toy<1>>()?;
            cx.remove(child);
            cx.remove(child);
            assert!(cx.rollback_only());
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    let metrics = kit.shard.metrics();
    assert_eq!((metrics.rollbacks, metrics.panics), (1, 0));
}

#[test]
fn r_se_04_a_child_removes_its_parent() {
    let mut kit = Kit::new();
    family(&mut kit);
    kit.on::<1>(|_, cx, call| {
        if call.is::<Pong>() {
            let parent = cx.parent().unwrap();
            cx.remove(parent);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.fire(a, Pong(1));
    assert_eq!(
        kit.log(),
        ["A: pong(1)", "B: pong(1)", "A: remove", "B: remove"]
    );
    assert_eq!(kit.shard.counts().entities, 0);
}

#[test]
fn r_se_05_a_failed_call_rolls_back() {
    let mut kit = Kit::new();
    family(&mut kit);
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let child = cx.create::<Toy<1>>()?;
            let failed = cx.call(child, |toy, cx| toy.run(cx, &Call::Sync("x")));
            assert!(failed.is_err() && cx.rollback_only());
        }
        Ok(())
    });
    kit.on::<1>(|_, _, call| match call {
        Call::Sync(_) => Err(Error::msg("no")),
        _ => Ok(()),
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    let log = kit.log();
    assert_eq!(
        log[..5],
        [
            "A: create",
            "A: ping(1)",
            "B: create",
            "B: call x",
            "B: exception no"
        ]
    );
    let metrics = kit.shard.metrics();
    assert_eq!((metrics.rollbacks, metrics.panics), (1, 0));
}

#[test]
fn r_se_08_a_child_without_attachments_lives_on() {
    let mut kit = Kit::new();
    family(&mut kit);
    kit.on::<1>(|_, cx, call| {
        if call.is::<Pong>() {
            cx.detach(cx.activity().unwrap());
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(kit.shard.counts().entities, 2);
    kit.end(a);
    kit.run();
    assert_eq!(kit.shard.counts().entities, 0);
}

#[test]
fn r_or_02_parent_before_child_whatever_the_priority() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().receives::<Pong>());
    kit.child::<2>(Spec::new().receives::<Pong>());
    kit.service::<0>(Spec::usual().child::<1>(-5).child::<2>(100));
    kit.service::<3>(Spec::usual().priority(-1));
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let activity = cx.activity().unwrap();
            let (low, high) = (cx.create::<Toy<1>>()?, cx.create::<Toy<2>>()?);
            cx.attach_entity(low, activity);
            cx.attach_entity(high, activity);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.fire(a, Pong(1));
    assert_eq!(
        kit.log(),
        ["A: pong(1)", "C: pong(1)", "B: pong(1)", "D: pong(1)"]
    );
}

#[test]
fn r_or_03_ties_in_the_order_of_attachment() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().receives::<Pong>());
    kit.service::<0>(Spec::usual().child::<1>(0));
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let activity = cx.activity().unwrap();
            let made = [
                cx.create::<Toy<1>>()?,
                cx.create::<Toy<1>>()?,
                cx.create::<Toy<1>>()?,
            ];
            for place in [2, 0, 1] {
                cx.attach_entity(made[place], activity);
            }
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    let root = kit.attached(a)[0];
    let children = kit.shard.entity(root).unwrap().children;
    assert_eq!(
        kit.attached(a)[1..],
        [children[2], children[0], children[1]]
    );
}

#[test]
fn r_or_04_a_changed_priority_counts_for_the_same_event() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().receives::<Pong>());
    kit.child::<2>(Spec::new().receives::<Pong>());
    kit.service::<0>(Spec::usual().child::<1>(5).child::<2>(1));
    kit.on::<0>(|_, cx, call| {
        let activity = cx.activity().unwrap();
        if call.is::<Ping>() {
            let (first, second) = (cx.create::<Toy<1>>()?, cx.create::<Toy<2>>()?);
            cx.attach_entity(first, activity);
            cx.attach_entity(second, activity);
        } else if call.is::<Pong>() {
            let second = cx.children::<Toy<2>>()[0];
            cx.set_priority(second, 9);
            assert_eq!(cx.priority(second)?, 9);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["A: pong(1)", "C: pong(1)", "B: pong(1)"]);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_mk_01_mask_on_attach_and_again_on_reattach() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().receives::<crate::harness::Tick>().masked());
    let tick = crate::harness::Tick::TYPE;
    kit.on::<0>(move |_, cx, call| {
        let activity = cx.activity().unwrap();
        if call.is::<Ping>() {
            assert_eq!(cx.event_mask(activity)?, [tick]);
            cx.mask(activity, &[])?;
            assert_eq!(cx.event_mask(activity)?, []);
        }
        if call.is::<Pong>() {
            cx.detach(activity);
            cx.attach(activity);
            assert_eq!(cx.event_mask(activity)?, [tick]);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, crate::harness::Tick(1));
    kit.fire(a, Pong(1));
    kit.fire(a, crate::harness::Tick(2));
    assert_eq!(kit.log(), ["A: ping(1)", "A: tick(1)", "A: pong(1)"]);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_mk_02_mask_errors() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let b = kit.start();
    kit.on::<0>(move |_, cx, _| {
        let activity = cx.activity().unwrap();
        assert_eq!(cx.mask(b, &[Pong::TYPE]), Err(OpError::NotAttached(b)));
        assert_eq!(
            cx.mask(activity, &[crate::harness::Tick::TYPE]),
            Err(OpError::UnrecognizedEvent)
        );
        cx.mask(activity, &[Pong::TYPE, Note::TYPE])?;
        cx.mask(activity, &[Pong::TYPE])?;
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.fire(a, Note(1));
    assert_eq!(kit.log(), ["A: ping(1)", "A: note(1)"]);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_mk_04_a_masked_end_still_detaches() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, _| {
        cx.mask(
            cx.activity().unwrap(),
            &[strowger::event::ActivityEnd::TYPE],
        )
        .map_err(Error::from)
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.end(a);
    assert_eq!(kit.log(), ["A: ping(1)"]);
    let counts = kit.shard.counts();
    assert_eq!((counts.entities, counts.activities), (0, 0));
}

#[test]
fn r_so_01_an_object_shows_one_entity_at_a_time() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|data, cx, _| {
        // Objects are used again; what another entity left in one is never seen.
        assert!(data.entity.is_none_or(|e| e == cx.entity()));
        data.entity = Some(cx.entity());
        Ok(())
    });
    let activities: Vec<_> = (0..5).map(|_| kit.start()).collect();
    for _ in 0..3 {
        for a in &activities {
            kit.fire(*a, Ping(1));
        }
    }
    kit.run();
    assert_eq!(
        (kit.shard.metrics().panics, kit.shard.counts().entities),
        (0, 5)
    );
}

#[test]
fn r_so_03_the_state_is_stored_before_the_removal_is_told() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual().hooks());
    kit.on::<0>(|data, cx, call| {
        match call {
            Call::Event(_) => {
                data.n = 8;
                cx.remove(cx.entity());
            }
            Call::Remove => assert_eq!(data.n, 8),
            _ => {}
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    assert_eq!(kit.log(), ["A: create", "A: ping(1)", "A: remove"]);
    assert_eq!(
        (kit.shard.metrics().panics, kit.shard.counts().entities),
        (0, 0)
    );
}

#[test]
fn r_so_05_what_a_panic_left_in_an_object_is_never_seen() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|data, _, call| {
        assert_eq!(data.n, 0);
        if call.is::<Pong>() {
            data.n = 99;
            panic!("as the test wants");
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.fire(a, Note(1));
    kit.run();
    assert_eq!(kit.shard.metrics().panics, 1);
}

#[test]
fn r_so_06_services_with_the_same_child_sbb_do_not_share_it() {
    let mut kit = Kit::new();
    kit.child::<2>(Spec::new());
    kit.service::<0>(Spec::usual().child::<2>(0));
    kit.service::<1>(Spec::usual().child::<2>(0));
    for _ in 0..1 {
        let make = |_: &mut crate::harness::Data, cx: &mut strowger::Cx<'_>, _: &Call<'_>| {
            cx.create::<Toy<2>>().map(drop).map_err(Error::from)
        };
        kit.on::<0>(make);
        kit.on::<1>(make);
    }
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    let services: Vec<u16> = kit
        .shard
        .entities()
        .filter(|e| e.parent.is_some())
        .map(|e| e.service.0)
        .collect();
    assert_eq!(services, [0, 1]);
}

#[test]
fn r_so_08_what_state_refers_to_may_be_gone() {
    let mut kit = Kit::new();
    family(&mut kit);
    let a = kit.start();
    let b = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.end(b);
    kit.run();
    kit.on::<0>(move |data, cx, call| {
        if call.is::<Pong>() {
            let child = data.entity.unwrap();
            cx.remove(child);
            assert_eq!(cx.priority(child), Err(OpError::StaleEntity(child)));
            assert!(!cx.is_alive(b) && cx.narrow::<crate::harness::Conn>(b).is_none());
        }
        Ok(())
    });
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_so_09_what_a_handler_can_ask() {
    let mut kit = Kit::new();
    family(&mut kit);
    kit.on::<1>(|_, cx, call| {
        if call.is::<Pong>() {
            let a = cx.activity().unwrap();
            assert!(cx.parent().is_some() && cx.service().is_some() && !cx.rollback_only());
            assert_eq!((cx.activities(), cx.event_mask(a)?), (vec![a], vec![]));
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_se_01_one_parent_and_r_se_06_identity() {
    let mut kit = Kit::new();
    family(&mut kit);
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    let root = kit.attached(a)[0];
    let child = kit.shard.entity(root).unwrap().children[0];
    assert_eq!(kit.shard.entity(child).unwrap().parent, Some(root));
    assert_eq!(kit.shard.entity(root).unwrap().parent, None);
}

#[test]
fn r_se_06_handles_are_equal_when_they_name_the_same_entity() {
    let mut kit = Kit::new();
    family(&mut kit);
    kit.on::<0>(|data, cx, call| {
        if call.is::<Ping>() {
            let (one, two) = (cx.create::<Toy<1>>()?, cx.create::<Toy<1>>()?);
            assert!(one != two && Child::from_id(one.id()) == one);
            data.n = 1;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_se_07_a_childs_attachment_keeps_the_tree() {
    let mut kit = Kit::new();
    family(&mut kit);
    let b = kit.start();
    kit.on::<0>(move |_, cx, call| {
        if call.is::<Ping>() {
            let child = cx.create::<Toy<1>>()?;
            cx.attach_entity(child, b);
            cx.detach(cx.activity().unwrap());
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(kit.shard.counts().entities, 2);
    kit.end(b);
    kit.run();
    assert_eq!(kit.shard.counts().entities, 0);
}

#[test]
fn r_se_09_a_root_lives_until_its_activities_end() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let a = kit.start();
    kit.fire(a, Ping(1));
    for n in 0..5 {
        kit.fire(a, Pong(n));
    }
    kit.run();
    assert_eq!(kit.shard.counts().entities, 1);
    kit.end(a);
    kit.run();
    assert_eq!(kit.shard.counts().entities, 0);
}

#[test]
fn r_se_10_the_end_of_the_service_removes_no_tree() {
    let mut kit = Kit::new();
    let service = kit.service::<0>(Spec::usual());
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    kit.shard.deactivate_services(kit.now, &[service]).unwrap();
    kit.run();
    assert_eq!(kit.shard.counts().entities, 1);
}

#[test]
fn r_or_01_priorities_come_from_service_relation_and_entity() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new());
    kit.service::<0>(Spec::usual().priority(-128).child::<1>(127));
    kit.on::<0>(|_, cx, _| {
        let child = cx.create::<Toy<1>>()?;
        assert_eq!(
            (cx.priority(cx.entity())?, cx.priority(child)?),
            (-128, 127)
        );
        cx.set_priority(child, -1);
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    let priorities: Vec<i8> = kit.shard.entities().map(|e| e.priority).collect();
    assert_eq!(
        (kit.shard.metrics().panics, priorities),
        (0, vec![-128, -1])
    );
}

#[test]
fn r_mk_03_a_mask_counts_from_the_commit() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            let a = cx.activity().unwrap();
            cx.mask(a, &[Pong::TYPE])?;
            assert_eq!(cx.event_mask(a)?, [Pong::TYPE]);
            if call.get::<Ping>() == Some(&Ping(2)) {
                return Err(Error::msg("no"));
            }
            cx.mask(a, &[])?;
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(2));
    kit.fire(a, Pong(3));
    assert_eq!(kit.log(), ["A: ping(1)", "A: ping(2)", "A: pong(3)"]);
}

#[test]
fn r_se_02_a_relation_creates_lists_and_removes_with_descendants() {
    let mut kit = Kit::new();
    kit.child::<2>(Spec::new());
    kit.child::<1>(Spec::new().child::<2>(0));
    kit.service::<0>(Spec::usual().child::<1>(7));
    kit.on::<0>(|_, cx, call| {
        if call.is::<Ping>() {
            for _ in 0..2 {
                let child = cx.create::<Toy<1>>()?;
                assert_eq!(cx.priority(child)?, 7);
                cx.call(child, |_, cx| cx.create::<Toy<2>>().map_err(Error::from))?;
            }
            assert_eq!(cx.children::<Toy<1>>().len(), 2);
        } else {
            cx.remove(cx.children::<Toy<1>>()[0]);
            assert_eq!(cx.children::<Toy<1>>().len(), 1);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(kit.shard.counts().entities, 5);
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(kit.shard.counts().entities, 3);
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_se_04_detached_before_it_is_told_and_told_before_its_children() {
    let mut kit = Kit::new();
    family(&mut kit);
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.log();
    kit.on::<0>(|data, cx, call| {
        match call {
            Call::Event(_) => {
                data.n = 3;
                cx.remove(cx.entity());
            }
            Call::Remove => {
                assert_eq!((data.n, cx.activities()), (3, vec![]));
                assert_eq!(cx.children::<Toy<1>>().len(), 1);
            }
            _ => {}
        }
        Ok(())
    });
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["A: pong(1)", "A: remove", "B: remove"]);
    assert_eq!(
        (kit.shard.metrics().panics, kit.shard.counts().entities),
        (0, 0)
    );
}
