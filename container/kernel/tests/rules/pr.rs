//! Profiles: tables, transactions, management, recovery (R-PR).

#[path = "pr/edits.rs"]
mod edits;
#[path = "pr/unique.rs"]
mod unique;

use crate::harness::{Kit, Ping, Pong, Shard, Spec, say};
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer, U64Deserializer};
use std::sync::Arc;
use strowger::erased_serde;
use strowger::id::Component;
use strowger::prelude::*;
use strowger::profile::{AnyProfile, ProfileDecl};
use strowger::time::{Now, secs};
use strowger_kernel::{
    EditId, ProfileWrite, RestoreError, ServiceOptions, Shard as KernelShard, TableError,
};

/// Who may call, and how.
#[derive(Clone, Debug, PartialEq, Profile)]
#[profile(vendor = "strowger-kernel", writable, verify = Self::check)]
pub(crate) struct Subscriber {
    #[profile(unique)]
    pub(crate) number: String,
    #[profile(indexed)]
    pub(crate) zone: u32,
    #[profile(default = true)]
    pub(crate) active: bool,
    #[profile(indexed)]
    pub(crate) forward: Option<String>,
    #[profile(opaque)]
    pub(crate) notes: Vec<String>,
}

impl Subscriber {
    fn check(&self) -> Result<(), Invalid> {
        let digits = self.number.len() <= 15 && self.number.bytes().all(|b| b.is_ascii_digit());
        let invalid = Invalid {
            attribute: "number",
            why: "is not a number of up to 15 digits",
        };
        if digits { Ok(()) } else { Err(invalid) }
    }
}

/// Services only read it.
#[derive(Clone, Debug, PartialEq, Profile)]
struct Tariff {
    cents: u32,
}

pub(crate) fn subscriber(number: &str, zone: u32) -> Box<dyn AnyProfile> {
    Box::new(Subscriber {
        number: number.to_owned(),
        zone,
        ..Subscriber::default()
    })
}

pub(crate) fn put(name: &str, number: &str, zone: u32) -> ProfileWrite {
    ProfileWrite::Put(Box::from(name), subscriber(number, zone))
}

/// A shard with a table `users` of three subscribers.
pub(crate) fn kit() -> Kit {
    let mut kit = Kit::new();
    kit.profiles.push(ProfileDecl::of::<Subscriber>());
    kit.profiles.push(ProfileDecl::of::<Tariff>());
    declare(&mut kit);
    kit.shard
        .create_table(kit.now, "users", Subscriber::SPEC)
        .unwrap();
    let writes = vec![
        put("alice", "4930100", 1),
        put("bob", "4930200", 2),
        put("carol", "4930300", 2),
    ];
    kit.shard.write_profiles(kit.now, "users", writes).unwrap();
    kit.run();
    kit
}

fn declare(kit: &mut Kit) {
    for decl in kit.profiles.clone() {
        kit.shard.declare_profile(&decl).unwrap();
    }
}

/// Runs a script in a delivery of its own.
pub(crate) fn deliver(
    kit: &mut Kit,
    script: impl Fn(&mut Cx<'_>) -> Result + Send + Sync + 'static,
) -> Vec<String> {
    kit.on::<0>(move |_, cx, call| {
        if call.is::<Ping>() {
            script(cx)
        } else {
            Ok(())
        }
    });
    let activity = kit.start();
    kit.fire(activity, Ping(1));
    kit.run()
}

fn number_of(shard: &Shard, name: &str) -> Option<String> {
    let row = shard.profile_snapshot("users")?.find(name)?.clone();
    Held::<Subscriber>::of(row).map(|s| s.number.clone())
}

fn names(shard: &Shard) -> Vec<String> {
    let table = shard.profile_snapshot("users").unwrap();
    table.after(None).map(|row| row.name().to_owned()).collect()
}

#[test]
fn r_pr_01_tables_have_unique_names_without_a_slash_and_can_be_renamed() {
    let mut kit = kit();
    let (shard, now) = (&mut kit.shard, kit.now);
    for (name, error) in [
        ("", TableError::InvalidName),
        ("a/b", TableError::InvalidName),
        ("users", TableError::NameTaken),
    ] {
        let refused = shard.create_table(now, name, Subscriber::SPEC);
        assert_eq!(refused, Err(error));
    }
    let other = Component {
        name: "unknown",
        ..Subscriber::SPEC
    };
    assert_eq!(shard.create_table(now, "b", other), Err(TableError::NoSpec));
    shard.create_table(now, "tariffs", Tariff::SPEC).unwrap();
    assert_eq!(
        shard.rename_table(now, "users", "tariffs"),
        Err(TableError::NameTaken)
    );
    shard.rename_table(now, "users", "members").unwrap();
    let tables: Vec<_> = shard
        .tables()
        .map(|t| (t.name.to_string(), t.profiles))
        .collect();
    assert_eq!(
        tables,
        [("members".to_owned(), 3), ("tariffs".to_owned(), 0)]
    );
    assert!(shard.profile_snapshot("users").is_none());
    kit.run();
    kit.restart(secs(1));
    assert_eq!(kit.shard.profile_snapshot("members").unwrap().len(), 3);
}

#[test]
fn r_pr_01_the_default_profile_is_never_found_and_gives_new_ones_their_values() {
    let mut kit = kit();
    let preset = Subscriber {
        zone: 9,
        ..Subscriber::default()
    };
    kit.shard
        .set_default_profile(kit.now, "users", Box::new(preset))
        .unwrap();
    kit.service::<0>(Spec::usual());
    deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        assert_eq!(users.len(cx), 3);
        let dora = users.create(cx, "dora", |p| p.number = "1".into())?;
        assert_eq!((dora.zone, dora.active), (9, true));
        Ok(())
    });
    kit.restart(secs(1));
    let table = kit.shard.profile_snapshot("users").unwrap();
    let dora = Held::<Subscriber>::of(table.find("dora").unwrap().clone()).unwrap();
    assert_eq!((dora.zone, table.len()), (9, 4));
    assert!(table.find("").is_none());
}

#[test]
fn r_pr_02_values_that_do_not_fit_together_are_refused_to_services_and_to_management() {
    let mut kit = kit();
    let why = Invalid {
        attribute: "number",
        why: "is not a number of up to 15 digits",
    };
    let refused = kit
        .shard
        .write_profiles(kit.now, "users", vec![put("dora", "x", 1)]);
    assert_eq!(
        refused,
        Err((0, TableError::Refused(OpError::InvalidProfile(why))))
    );
    kit.service::<0>(Spec::usual());
    deliver(&mut kit, move |cx| {
        let users = cx.table::<Subscriber>("users")?;
        let refused = users.update(cx, "bob", |p| p.number = "x".into());
        assert_eq!(refused.unwrap_err(), OpError::InvalidProfile(why));
        say(cx, "refused");
        Ok(())
    });
    assert_eq!(number_of(&kit.shard, "bob").unwrap(), "4930200");
}

#[test]
fn r_pr_03_services_create_find_and_remove_in_their_transaction() {
    let mut kit = kit();
    kit.service::<0>(Spec::usual());
    deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        assert!(matches!(
            cx.table::<Subscriber>("nobody"),
            Err(OpError::NoTable(_))
        ));
        assert!(cx.table::<Tariff>("users").is_err());
        assert_eq!(users.find(cx, "alice").unwrap().number, "4930100");
        assert!(users.find(cx, "dora").is_none());
        let twice = users.create(cx, "alice", |_| {}).unwrap_err();
        assert_eq!(twice, OpError::ProfileExists);
        assert!(users.create(cx, "", |_| {}).is_err());
        let dora = users.create(cx, "dora", |p| p.number = "77".into())?;
        assert_eq!((dora.name(), &*dora.number), ("dora", "77"));
        assert_eq!(users.find(cx, "dora").unwrap().number, "77");
        let by = users.find_by(cx, Subscriber::NUMBER, "77")?;
        assert_eq!(by.unwrap().name(), "dora");
        assert!(users.remove(cx, "alice")?);
        assert!(!users.remove(cx, "alice")?);
        assert!(users.find(cx, "alice").is_none());
        assert!(users.find_by(cx, Subscriber::NUMBER, "4930100")?.is_none());
        say(cx, "done");
        Ok(())
    });
    assert_eq!(names(&kit.shard), ["bob", "carol", "dora"]);
    kit.restart(secs(1));
    assert_eq!(names(&kit.shard), ["bob", "carol", "dora"]);
}

#[test]
fn r_pr_04_what_is_held_stays_as_it_was_and_reading_again_sees_the_write() {
    let mut kit = kit();
    kit.service::<0>(Spec::usual());
    let sent = deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        let before = users.find(cx, "bob").unwrap();
        let after = users.update(cx, "bob", |p| p.zone = 7)?;
        assert_eq!((before.zone, after.zone), (2, 7));
        assert_eq!(users.find(cx, "bob").unwrap().zone, 7);
        let none = users.update(cx, "nobody", |_| {});
        assert_eq!(none.unwrap_err(), OpError::NoProfile);
        say(cx, "written");
        Ok(())
    });
    assert_eq!(sent, ["written"]);
}

#[test]
fn r_pr_04_a_rollback_undoes_every_write() {
    let mut kit = kit();
    kit.service::<0>(Spec::usual());
    let before = kit.record_lines();
    deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        users.update(cx, "bob", |p| p.number = "1".into())?;
        // What bob had is free within the transaction, and his again after it.
        users.create(cx, "dora", |p| p.number = "4930200".into())?;
        users.remove(cx, "alice")?;
        users.create(cx, "alice", |p| p.number = "2".into())?;
        users.remove(cx, "carol")?;
        cx.set_rollback_only();
        Ok(())
    });
    assert_eq!(names(&kit.shard), ["alice", "bob", "carol"]);
    assert_eq!(number_of(&kit.shard, "bob").unwrap(), "4930200");
    let lines = |all: &str| -> Vec<String> {
        let kinds = ["0a", "0b"];
        let profile = |line: &&str| kinds.contains(&&line[20..22]);
        all.lines().filter(profile).map(str::to_owned).collect()
    };
    assert_eq!(lines(&kit.record_lines()), lines(&before));
    deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        for (name, number) in [("alice", "4930100"), ("bob", "4930200")] {
            let found = users.find_by(cx, Subscriber::NUMBER, number)?;
            assert_eq!(found.unwrap().name(), name);
        }
        assert!(users.find_by(cx, Subscriber::NUMBER, "2")?.is_none());
        Ok(())
    });
    assert_eq!(kit.shard.metrics().rollbacks, 1);
}

#[test]
fn management_writes_what_services_only_read() {
    // That `create` of a read-only table does not compile is shown by tests/ui.
    let mut kit = kit();
    kit.shard
        .create_table(kit.now, "tariff", Tariff::SPEC)
        .unwrap();
    let write = ProfileWrite::Put("night".into(), Box::new(Tariff { cents: 3 }));
    kit.shard
        .write_profiles(kit.now, "tariff", vec![write])
        .unwrap();
    kit.service::<0>(Spec::usual());
    let sent = deliver(&mut kit, |cx| {
        let tariffs = cx.table::<Tariff>("tariff")?;
        assert_eq!(tariffs.find(cx, "night").unwrap().cents, 3);
        say(cx, "read");
        Ok(())
    });
    assert_eq!(sent, ["read"]);
    // Values of one specification are not put into a table of another.
    let wrong = ProfileWrite::Put("x".into(), Box::new(Tariff { cents: 3 }));
    let refused = kit.shard.write_profiles(kit.now, "users", vec![wrong]);
    assert_eq!(refused, Err((0, TableError::NoSpec)));
}

#[test]
fn r_pr_06_a_unique_value_is_had_once() {
    let mut kit = kit();
    let twice = TableError::Refused(OpError::NotUnique("number"));
    let writes = vec![put("dora", "1", 1), put("emil", "4930100", 1)];
    let refused = kit.shard.write_profiles(kit.now, "users", writes);
    assert_eq!(refused, Err((1, twice)));
    assert_eq!(names(&kit.shard), ["alice", "bob", "carol"]);
    kit.service::<0>(Spec::usual());
    let sent = deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        let refused = users.update(cx, "bob", |p| p.number = "4930100".into());
        assert_eq!(refused.unwrap_err(), OpError::NotUnique("number"));
        // Its own value it may have, and one that became free.
        users.update(cx, "bob", |p| p.zone = 3)?;
        users.remove(cx, "alice")?;
        users.update(cx, "bob", |p| p.number = "4930100".into())?;
        say(cx, "bob has it");
        Ok(())
    });
    assert_eq!(sent, ["bob has it"]);
}

fn set(kit: &mut Kit, edit: EditId, attribute: &str, value: &str) -> Result<(), TableError> {
    let (attribute, value) = (attribute.to_owned(), value.to_owned());
    kit.within(move |shard, now| {
        let value: StrDeserializer<'_, ValueError> = value.as_str().into_deserializer();
        let mut value = <dyn erased_serde::Deserializer<'_>>::erase(value);
        set_value((shard, now), edit, &attribute, &mut value)
    })
}

fn set_value(
    (shard, now): (&mut KernelShard, Now),
    edit: EditId,
    attribute: &str,
    value: &mut dyn erased_serde::Deserializer<'_>,
) -> Result<(), TableError> {
    shard.change_edit(now, edit, |decl, profile| {
        let place = decl.attribute(attribute);
        let place = place.ok_or_else(|| TableError::NoAttribute(attribute.into()))?;
        profile
            .set(place, value)
            .map_err(|cause| TableError::Value {
                attribute: attribute.into(),
                cause: cause.to_string().into(),
            })
    })
}

#[test]
fn r_pr_07_an_edit_is_seen_by_nobody_until_it_is_committed() {
    let mut kit = kit();
    let edit = kit.shard.edit_profile(kit.now, "users", "bob").unwrap();
    set(&mut kit, edit, "number", "555").unwrap();
    let new = kit.shard.edit_new(kit.now, "users", "dora").unwrap();
    set(&mut kit, new, "number", "777").unwrap();
    assert_eq!(number_of(&kit.shard, "bob").unwrap(), "4930200");
    assert_eq!(names(&kit.shard), ["alice", "bob", "carol"]);
    assert_eq!(
        kit.shard.close_edit(kit.now, edit),
        Err(TableError::Uncommitted)
    );
    kit.shard.commit_edit(kit.now, edit).unwrap();
    kit.shard.commit_edit(kit.now, new).unwrap();
    assert_eq!(number_of(&kit.shard, "bob").unwrap(), "555");
    assert_eq!(number_of(&kit.shard, "dora").unwrap(), "777");
    kit.shard.close_edit(kit.now, edit).unwrap();
    assert_eq!(kit.shard.close_edit(kit.now, edit), Err(TableError::NoEdit));
    kit.run();
    kit.restart(secs(1));
    assert_eq!(number_of(&kit.shard, "bob").unwrap(), "555");
}

#[test]
fn r_pr_07_an_edit_can_be_dropped_and_a_profile_that_was_to_be_made_never_was() {
    let mut kit = kit();
    let new = kit.shard.edit_new(kit.now, "users", "dora").unwrap();
    let taken = kit.shard.edit_new(kit.now, "users", "bob");
    assert_eq!(taken, Err(TableError::NameTaken));
    kit.shard.restore_edit(kit.now, new).unwrap();
    assert_eq!(kit.shard.commit_edit(kit.now, new), Err(TableError::NoEdit));
    let edit = kit.shard.edit_profile(kit.now, "users", "bob").unwrap();
    set(&mut kit, edit, "number", "555").unwrap();
    kit.shard.restore_edit(kit.now, edit).unwrap();
    // The session goes on from what is there.
    let held = kit.shard.drafts(kit.now, "users", Some(edit)).remove(0);
    let held = Held::<Subscriber>::of(held.profile.into_row(0, "bob"));
    assert_eq!(held.unwrap().number, "4930200");
    kit.shard.commit_edit(kit.now, edit).unwrap();
    kit.shard.close_edit(kit.now, edit).unwrap();
    assert_eq!(number_of(&kit.shard, "bob").unwrap(), "4930200");
    assert_eq!(names(&kit.shard), ["alice", "bob", "carol"]);
}

#[test]
fn r_pr_07_a_commit_over_what_somebody_else_wrote_is_refused() {
    let mut kit = kit();
    let edit = kit.shard.edit_profile(kit.now, "users", "bob").unwrap();
    set(&mut kit, edit, "number", "555").unwrap();
    kit.shard
        .write_profiles(kit.now, "users", vec![put("bob", "666", 2)])
        .unwrap();
    let late = kit.shard.commit_edit(kit.now, edit);
    assert_eq!(late, Err(TableError::Changed));
    assert_eq!(
        kit.shard.verify_edit(kit.now, edit),
        Err(TableError::Changed)
    );
    assert_eq!(number_of(&kit.shard, "bob").unwrap(), "666");
    // What is there is taken up, and edited again.
    kit.shard.restore_edit(kit.now, edit).unwrap();
    set(&mut kit, edit, "number", "777").unwrap();
    assert_eq!(kit.shard.verify_edit(kit.now, edit), Ok(()));
    kit.shard.commit_edit(kit.now, edit).unwrap();
    assert_eq!(number_of(&kit.shard, "bob").unwrap(), "777");
    // One whose profile was removed ends.
    let gone = vec![ProfileWrite::Remove("bob".into())];
    kit.shard.write_profiles(kit.now, "users", gone).unwrap();
    assert_eq!(
        kit.shard.commit_edit(kit.now, edit),
        Err(TableError::Changed)
    );
    kit.shard.restore_edit(kit.now, edit).unwrap();
    assert_eq!(
        kit.shard.commit_edit(kit.now, edit),
        Err(TableError::NoEdit)
    );
}

#[test]
fn r_pr_07_an_edit_that_nobody_uses_ends_and_makes_room() {
    let mut kit = kit();
    let used = kit.shard.edit_profile(kit.now, "users", "bob").unwrap();
    for _ in 1..100 {
        kit.shard.edit_profile(kit.now, "users", "alice").unwrap();
    }
    let minutes = |n: u64| secs(60 * n);
    kit.now = kit.now + minutes(14);
    set(&mut kit, used, "number", "555").unwrap();
    assert!(kit.shard.edit_profile(kit.now, "users", "bob").is_err());
    kit.now = kit.now + minutes(2);
    assert_eq!(kit.shard.drafts(kit.now, "users", None).len(), 1);
    kit.shard.edit_profile(kit.now, "users", "bob").unwrap();
    kit.now = kit.now + minutes(14);
    assert_eq!(
        kit.shard.commit_edit(kit.now, used),
        Err(TableError::NoEdit)
    );
    assert_eq!(number_of(&kit.shard, "bob").unwrap(), "4930200");
}

#[test]
fn r_pr_07_wrong_attributes_and_values_and_too_many_sessions_are_refused() {
    let mut kit = kit();
    let edit = kit.shard.edit_profile(kit.now, "users", "bob").unwrap();
    let none = set(&mut kit, edit, "color", "red");
    assert_eq!(none, Err(TableError::NoAttribute("color".into())));
    let wrong = set(&mut kit, edit, "zone", "red");
    assert!(matches!(wrong, Err(TableError::Value { .. })), "{wrong:?}");
    let right = kit.within(move |shard, now| {
        let value: U64Deserializer<ValueError> = 4_u64.into_deserializer();
        let mut value = <dyn erased_serde::Deserializer<'_>>::erase(value);
        set_value((shard, now), edit, "zone", &mut value)
    });
    right.unwrap();
    // A value that is taken is found out at the commit, and the session goes on.
    set(&mut kit, edit, "number", "4930100").unwrap();
    let taken = kit.shard.commit_edit(kit.now, edit);
    assert_eq!(
        taken,
        Err(TableError::Refused(OpError::NotUnique("number")))
    );
    assert_eq!(kit.shard.verify_edit(kit.now, edit), taken);
    assert_eq!(kit.shard.drafts(kit.now, "users", Some(edit)).len(), 1);
    for _ in 1..100 {
        kit.shard.edit_profile(kit.now, "users", "bob").unwrap();
    }
    let over = kit.shard.edit_profile(kit.now, "users", "bob");
    assert_eq!(
        over,
        Err(TableError::Refused(OpError::Limit("profile_edits")))
    );
}

#[test]
fn r_pr_08_a_panic_while_a_profile_is_changed_rolls_the_transaction_back() {
    let mut kit = kit();
    kit.service::<0>(Spec::usual());
    let sent = deliver(&mut kit, |cx| {
        let users = cx.table::<Subscriber>("users")?;
        users.update(cx, "alice", |p| p.zone = 5)?;
        say(cx, "never sent");
        users.update(cx, "bob", |p| {
            p.zone = 5;
            panic!("a bug in a profile's method");
        })?;
        Ok(())
    });
    assert_eq!(sent, Vec::<String>::new());
    let zones: Vec<_> = kit
        .shard
        .profile_snapshot("users")
        .unwrap()
        .after(None)
        .map(|row| Held::<Subscriber>::of(Arc::clone(row)).unwrap().zone)
        .collect();
    assert_eq!(zones, [1, 2, 2]);
    assert_eq!(kit.shard.metrics().panics, 1);
}

#[test]
fn a_snapshot_stays_as_it_was_and_may_leave_the_thread() {
    let mut kit = kit();
    let snapshot = kit.shard.profile_snapshot("users").unwrap();
    let writes = vec![put("bob", "1", 1), ProfileWrite::Remove("alice".into())];
    kit.shard.write_profiles(kit.now, "users", writes).unwrap();
    let names = std::thread::spawn(move || {
        let rows = snapshot.after(Some("alice"));
        rows.map(|row| format!("{} {:?}", row.name(), row.profile()))
            .collect::<Vec<_>>()
    });
    let names = names.join().unwrap();
    assert_eq!(names.len(), 2);
    assert!(names[0].contains("4930200"), "{names:?}");
}

#[test]
fn limits_of_profiles_are_refused() {
    let mut kit = Kit::new();
    kit.options.limits.profiles = 1;
    kit.options.limits.profile_tables = 1;
    kit.options.limits.profile_bytes = 40;
    kit.profiles.push(ProfileDecl::of::<Subscriber>());
    kit.restart(secs(1));
    let (shard, now) = (&mut kit.shard, kit.now);
    shard.create_table(now, "users", Subscriber::SPEC).unwrap();
    let limit = |name| TableError::Refused(OpError::Limit(name));
    let second = shard.create_table(now, "more", Subscriber::SPEC);
    assert_eq!(second, Err(limit("profile_tables")));
    let writes = vec![put("a", "1", 1), put("b", "2", 1)];
    let refused = shard.write_profiles(now, "users", writes);
    assert_eq!(refused, Err((1, limit("profiles"))));
    let large = Subscriber {
        notes: vec!["x".repeat(40)],
        ..Subscriber::default()
    };
    let write = ProfileWrite::Put("a".into(), Box::new(large));
    let refused = shard.write_profiles(now, "users", vec![write]);
    assert_eq!(refused, Err((0, limit("profile_bytes"))));
    assert_eq!(shard.counts().profiles, 0);
    let name = "x".repeat(256);
    let refused = shard.write_profiles(now, "users", vec![put(&name, "1", 1)]);
    assert!(refused.is_err());
}

#[test]
fn a_removed_table_leaves_no_record_and_its_name_is_free() {
    let mut kit = kit();
    let many: Vec<_> = (0..2500)
        .map(|n| put(&format!("u{n}"), &n.to_string(), n))
        .collect();
    kit.shard.write_profiles(kit.now, "users", many).unwrap();
    kit.run();
    kit.shard.remove_table(kit.now, "users").unwrap();
    // The process dies while records are still being removed.
    kit.shard.run(kit.now, 1);
    kit.sync();
    kit.restart(secs(1));
    kit.run();
    assert!(kit.shard.profile_snapshot("users").is_none());
    let left = |kit: &mut Kit| {
        kit.records()
            .iter()
            .filter(|(kind, _)| [10, 11].contains(kind))
            .count()
    };
    assert_eq!(left(&mut kit), 0);
    kit.shard
        .create_table(kit.now, "users", Subscriber::SPEC)
        .unwrap();
    kit.run();
    kit.shard.remove_table(kit.now, "users").unwrap();
    kit.run();
    assert_eq!(left(&mut kit), 0);
}

#[test]
fn the_profiles_of_a_removed_table_are_freed_piece_by_piece() {
    let mut kit = kit();
    let name = |n: u32| format!("u{n:04}");
    let many: Vec<_> = (0..2500)
        .map(|n| put(&name(n), &n.to_string(), n))
        .collect();
    kit.shard.write_profiles(kit.now, "users", many).unwrap();
    kit.run();
    let table = kit.shard.profile_snapshot("users").unwrap();
    let held = |n| Arc::downgrade(table.find(&name(n)).unwrap());
    let (first, last) = (held(0), held(2499));
    drop(table);
    kit.shard.remove_table(kit.now, "users").unwrap();
    let turns = (1..100).find(|_| {
        kit.shard.run(kit.now, 1);
        first.upgrade().is_none()
    });
    assert!(turns.is_some());
    assert!(last.upgrade().is_some());
    kit.run();
    assert!(last.upgrade().is_none());
}

mod v2 {
    use super::Profile;

    /// What was a text has become a number.
    #[derive(Clone, Debug, Profile)]
    #[profile(
        name = "subscriber",
        vendor = "strowger-kernel",
        migrate(super::Subscriber)
    )]
    pub(super) struct Subscriber {
        #[profile(unique)]
        pub(super) number: u64,
        pub(super) zone: u32,
    }

    impl strowger::state::Migrate<super::Subscriber> for Subscriber {
        fn migrate(old: super::Subscriber) -> Self {
            Self {
                number: old.number.parse().unwrap_or(0),
                zone: old.zone,
            }
        }
    }
}

mod v3 {
    use super::Profile;

    /// The same name, and no way from the others.
    #[derive(Clone, Debug, Profile)]
    #[profile(name = "subscriber", vendor = "strowger-kernel")]
    pub(super) struct Subscriber {
        pub(super) number: u64,
    }
}

#[test]
fn a_changed_specification_migrates_its_profiles_or_is_refused() {
    assert_eq!(Subscriber::SPEC.vendor, "strowger-kernel");
    let mut kit = kit();
    kit.profiles = vec![ProfileDecl::of::<v3::Subscriber>()];
    let refused = kit.try_restart(secs(1)).unwrap_err();
    let RestoreError::ProfileSchema { table, stored, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(table, "users");
    assert!(stored.contains("number:str"), "{stored}");
    kit.profiles = vec![ProfileDecl::of::<Tariff>()];
    let refused = kit.try_restart(secs(1)).unwrap_err();
    assert!(matches!(refused, RestoreError::NoProfileSpec { .. }));
    kit.profiles = vec![ProfileDecl::of::<v2::Subscriber>()];
    for _ in 0..2 {
        assert_eq!(kit.restart(secs(1)).profiles, 3);
        let table = kit.shard.profile_snapshot("users").unwrap();
        let bob = Held::<v2::Subscriber>::of(table.find("bob").unwrap().clone()).unwrap();
        assert_eq!((bob.number, bob.zone), (4_930_200, 2));
        // One that is written is written in the new form, beside others in the old one.
        let alice = v2::Subscriber { number: 5, zone: 5 };
        let write = ProfileWrite::Put("alice".into(), Box::new(alice));
        kit.shard
            .write_profiles(kit.now, "users", vec![write])
            .unwrap();
        kit.run();
    }
    let both = kit
        .shard
        .declare_profile(&ProfileDecl::of::<v3::Subscriber>());
    assert!(both.is_err());
}

/// Takes its table as a parameter.
#[derive(Default, State)]
struct Taker {
    asked: u32,
}

#[sbb(name = "taker", vendor = "test", version = "1")]
impl Taker {
    #[on(initial)]
    fn ping(
        &mut self,
        cx: &mut Cx,
        _ev: &Ping,
        #[table("users")] users: Table<Subscriber>,
        #[table("absent")] none: Option<Table<Subscriber>>,
    ) -> Result {
        self.asked += 1;
        assert!(none.is_none());
        let bob = users.find(cx, "bob").ok_or(OpError::NoProfile)?;
        say(cx, &bob.number);
        Ok(())
    }

    #[on]
    fn pong(&mut self, _cx: &mut Cx, _ev: &Pong) {}
}

#[test]
fn a_handler_takes_its_table_which_must_be_there_while_the_service_is_active() {
    let mut kit = Kit::new();
    let def = ServiceDef::of::<Taker>();
    let options = ServiceOptions::new("taker", &def);
    let ix = kit.shard.install_service(def, options).unwrap();
    let (shard, now) = (&mut kit.shard, kit.now);
    let missing = shard.activate_services(now, &[ix]).unwrap_err();
    assert_eq!(
        missing,
        strowger_kernel::ManageError::Table("users".to_owned())
    );
    shard.create_table(now, "users", Subscriber::SPEC).unwrap();
    shard
        .write_profiles(now, "users", vec![put("bob", "42", 1)])
        .unwrap();
    shard.activate_services(now, &[ix]).unwrap();
    assert_eq!(shard.remove_table(now, "users"), Err(TableError::InUse));
    assert_eq!(
        shard.rename_table(now, "users", "x"),
        Err(TableError::InUse)
    );
    let activity = kit.start();
    kit.fire(activity, Ping(1));
    assert_eq!(kit.run(), ["42"]);
}
