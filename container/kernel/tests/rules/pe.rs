//! Events of profiles, and the activities of their tables (R-PE).

use super::pr::{Subscriber, deliver, kit, put};
use crate::harness::{Kit, Spec, one, say};
use strowger::prelude::*;
use strowger::profile::ProfileDecl;
use strowger_kernel::{Durability, ProfileWrite, TableError};

/// Has `Toy<1>` be the one that hears of changes, and say what it hears.
fn hear(kit: &mut Kit, class: Durability) {
    let spec = Spec::new()
        .initial::<ProfileAdded<Subscriber>>(one())
        .initial::<ProfileUpdated<Subscriber>>(one())
        .initial::<ProfileRemoved<Subscriber>>(one());
    kit.service_in::<1>(spec, class);
    kit.on::<1>(|_, cx, call| {
        assert!(
            cx.narrow::<ProfileTableActivity>(cx.activity().unwrap())
                .is_some()
        );
        if let Some(ev) = call.get::<ProfileAdded<Subscriber>>() {
            say(
                cx,
                &format!(
                    "{}/{} has {}",
                    ev.table,
                    ev.profile.name(),
                    ev.profile.number
                ),
            );
        }
        if let Some(ev) = call.get::<ProfileUpdated<Subscriber>>() {
            let (before, after) = (&ev.before, &ev.after);
            say(
                cx,
                &format!(
                    "{} had {}, has {}",
                    after.name(),
                    before.number,
                    after.number
                ),
            );
        }
        if let Some(ev) = call.get::<ProfileRemoved<Subscriber>>() {
            say(
                cx,
                &format!("{} had {}", ev.profile.name(), ev.profile.number),
            );
        }
        Ok(())
    });
}

#[test]
fn r_pe_01_changes_are_fired_with_the_values_before_and_after() {
    let mut kit = kit();
    hear(&mut kit, Durability::Strict);
    kit.service::<0>(Spec::usual());
    let heard = deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        users.create(cx, "dora", |p| p.number = "7".into())?;
        users.update(cx, "dora", |p| p.number = "8".into())?;
        users.update(cx, "bob", |p| p.number = "9".into())?;
        users.remove(cx, "alice")?;
        // Made and removed in one transaction, it never was.
        users.create(cx, "emil", |p| p.number = "10".into())?;
        users.remove(cx, "emil")?;
        Ok(())
    });
    assert_eq!(
        heard,
        [
            "alice had 4930100",
            "bob had 4930200, has 9",
            "users/dora has 8"
        ]
    );
    kit.shard
        .write_profiles(kit.now, "users", vec![put("carol", "1", 1)])
        .unwrap();
    assert_eq!(kit.run(), ["carol had 4930300, has 1"]);
}

#[test]
fn r_pe_01_a_rollback_and_the_default_profile_fire_nothing() {
    let mut kit = kit();
    hear(&mut kit, Durability::Strict);
    kit.service::<0>(Spec::usual());
    let heard = deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        users.update(cx, "bob", |p| p.number = "9".into())?;
        cx.set_rollback_only();
        Ok(())
    });
    assert_eq!(heard, Vec::<String>::new());
    kit.shard
        .set_default_profile(kit.now, "users", Box::new(Subscriber::default()))
        .unwrap();
    assert_eq!(kit.run(), Vec::<String>::new());
}

#[test]
fn r_pe_01_an_event_that_was_fired_outlives_the_process() {
    let mut kit = kit();
    hear(&mut kit, Durability::Strict);
    kit.shard
        .write_profiles(kit.now, "users", vec![put("bob", "9", 1)])
        .unwrap();
    // Written, and not yet offered to anybody.
    kit.sync();
    kit.restart(secs(1));
    assert_eq!(kit.run(), ["bob had 4930200, has 9"]);
}

#[test]
fn r_pe_01_the_address_names_table_and_profile() {
    fn pick(sel: &mut Selector<'_>) {
        if sel.address.as_ref().is_none_or(|a| a.text() != "users/bob") {
            sel.decline();
        }
    }
    let mut kit = kit();
    let mut by = one();
    by.select = Some(pick);
    kit.service::<1>(Spec::new().initial::<ProfileUpdated<Subscriber>>(by));
    kit.shard
        .write_profiles(kit.now, "users", vec![put("bob", "9", 1)])
        .unwrap();
    kit.run();
    assert_eq!(kit.shard.metrics().deliveries, 1);
}

#[derive(Clone, Debug, Profile)]
#[profile(silent)]
struct Quiet {
    n: u32,
}

#[test]
fn r_pr_05_events_of_a_specification_can_be_switched_off() {
    let mut kit = kit();
    kit.shard
        .declare_profile(&ProfileDecl::of::<Quiet>())
        .unwrap();
    kit.shard
        .create_table(kit.now, "quiet", Quiet::SPEC)
        .unwrap();
    kit.service::<1>(Spec::new().initial::<ProfileAdded<Quiet>>(one()));
    let write = ProfileWrite::Put("a".into(), Box::new(Quiet { n: 1 }));
    kit.shard
        .write_profiles(kit.now, "quiet", vec![write])
        .unwrap();
    kit.run();
    assert_eq!(kit.shard.metrics().deliveries, 0);
}

#[test]
fn r_pe_02_a_table_has_an_activity_while_it_exists_and_the_slee_runs() {
    let mut kit = kit();
    let of = |kit: &Kit| {
        let tables = kit.shard.activities();
        let kind = ProfileTableActivity::TYPE;
        tables
            .filter(|a| a.kind == kind)
            .map(|a| a.id)
            .collect::<Vec<_>>()
    };
    let first = of(&kit);
    assert_eq!(first.len(), 1);
    // It is the same after a crash.
    kit.restart(secs(1));
    kit.run();
    assert_eq!(of(&kit), first);
    kit.shard
        .create_table(kit.now, "more", Subscriber::SPEC)
        .unwrap();
    kit.run();
    assert_eq!(of(&kit).len(), 2);
    kit.shard.remove_table(kit.now, "more").unwrap();
    kit.run();
    assert_eq!(of(&kit), first);
    kit.shard.stop(kit.now).unwrap();
    kit.run();
    assert_eq!(of(&kit), []);
    assert!(kit.shard.is_quiet());
}

#[test]
fn r_pe_02_who_attaches_to_the_activity_of_a_table_hears_its_changes_and_its_end() {
    let mut kit = kit();
    kit.service::<0>(
        Spec::usual()
            .receives::<ProfileUpdated<Subscriber>>()
            .receives::<ActivityEnd>(),
    );
    deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        let activity = users.activity(cx).unwrap();
        cx.attach(activity);
        Ok(())
    });
    kit.on::<0>(|_, cx, call| {
        if call.is::<ProfileUpdated<Subscriber>>() {
            say(cx, "changed");
        } else if call.is::<ActivityEnd>() {
            say(cx, "ended");
        }
        Ok(())
    });
    kit.shard
        .write_profiles(kit.now, "users", vec![put("bob", "9", 1)])
        .unwrap();
    assert_eq!(kit.run(), ["changed"]);
    kit.shard.remove_table(kit.now, "users").unwrap();
    assert_eq!(kit.run(), ["ended"]);
}

#[test]
fn more_changes_than_can_wait_are_refused() {
    let mut kit = Kit::new();
    kit.options.limits.events_per_activity = 10;
    kit.profiles.push(ProfileDecl::of::<Subscriber>());
    kit.restart(secs(1));
    kit.shard
        .create_table(kit.now, "users", Subscriber::SPEC)
        .unwrap();
    kit.run();
    let many = |n: u32| {
        (0..n)
            .map(|n| put(&n.to_string(), &n.to_string(), n))
            .collect()
    };
    // Nobody listens: there is nothing to wait.
    kit.shard
        .write_profiles(kit.now, "users", many(20))
        .unwrap();
    hear(&mut kit, Durability::Strict);
    kit.run();
    let more: Vec<_> = (0..11)
        .map(|n| put(&n.to_string(), &n.to_string(), 7))
        .collect();
    let refused = kit.shard.write_profiles(kit.now, "users", more);
    // As many at once could never be told.
    let limit = TableError::Refused(OpError::Limit("profile_changes"));
    assert_eq!(refused, Err((10, limit)));
    let fewer = |zone: u32, n: u32| -> Vec<_> {
        (0..n)
            .map(|n| put(&n.to_string(), &n.to_string(), zone))
            .collect()
    };
    let mut write = |n, zone| kit.shard.write_profiles(kit.now, "users", fewer(zone, n));
    write(6, 7).unwrap();
    // These can, when those before them have been.
    let limit = TableError::Refused(OpError::Limit("events_per_activity"));
    assert_eq!(write(6, 8), Err((4, limit)));
    assert_eq!(kit.run().len(), 6);
    kit.shard
        .write_profiles(kit.now, "users", fewer(8, 10))
        .unwrap();
    assert_eq!(kit.run().len(), 10);
}
