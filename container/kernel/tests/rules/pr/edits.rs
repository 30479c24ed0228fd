//! Edit sessions: what they may hold, and when a commit writes.

use super::*;

#[test]
fn a_commit_without_a_change_writes_nothing() {
    let mut kit = kit();
    let row = |kit: &Kit| {
        let table = kit.shard.profile_snapshot("users").unwrap();
        Arc::clone(table.find("bob").unwrap())
    };
    let edit = kit.shard.edit_profile(kit.now, "users", "bob").unwrap();
    let other = kit.shard.edit_profile(kit.now, "users", "bob").unwrap();
    let before = row(&kit);
    kit.shard.commit_edit(kit.now, edit).unwrap();
    assert!(Arc::ptr_eq(&before, &row(&kit)));
    set(&mut kit, other, "number", "555").unwrap();
    kit.shard.commit_edit(kit.now, other).unwrap();
    let after = row(&kit);
    // A client that had no answer asks again.
    kit.shard.commit_edit(kit.now, other).unwrap();
    assert!(Arc::ptr_eq(&after, &row(&kit)));
    assert_eq!(
        kit.shard.commit_edit(kit.now, edit),
        Err(TableError::Changed)
    );
}

#[test]
fn of_two_sessions_that_make_one_profile_the_first_to_commit_does() {
    let mut kit = kit();
    let mut begin = || kit.shard.edit_new(kit.now, "users", "dora").unwrap();
    let (lost, new) = (begin(), begin());
    set(&mut kit, lost, "number", "555").unwrap();
    set(&mut kit, new, "number", "777").unwrap();
    kit.shard.commit_edit(kit.now, new).unwrap();
    let late = kit.shard.commit_edit(kit.now, lost);
    assert_eq!(late, Err(TableError::Changed));
    assert_eq!(number_of(&kit.shard, "dora").unwrap(), "777");
    kit.shard.restore_edit(kit.now, lost).unwrap();
    assert_eq!(kit.shard.close_edit(kit.now, lost), Err(TableError::NoEdit));
}

#[test]
fn what_is_verified_is_within_the_limits() {
    let mut kit = kit();
    kit.options.limits.profiles = 3;
    kit.restart(secs(1));
    let new = kit.shard.edit_new(kit.now, "users", "dora").unwrap();
    let limit = Err(TableError::Refused(OpError::Limit("profiles")));
    assert_eq!(kit.shard.verify_edit(kit.now, new), limit);
    assert_eq!(kit.shard.commit_edit(kit.now, new), limit);
    let gone = vec![ProfileWrite::Remove("bob".into())];
    kit.shard.write_profiles(kit.now, "users", gone).unwrap();
    assert_eq!(kit.shard.verify_edit(kit.now, new), Ok(()));
    assert_eq!(kit.shard.commit_edit(kit.now, new), Ok(()));
}

#[test]
fn a_session_holds_no_more_than_a_profile_may() {
    let mut kit = kit();
    for name in ["", &"x".repeat(256)] {
        let refused = kit.shard.edit_new(kit.now, "users", name);
        assert_eq!(refused, Err(TableError::InvalidName));
    }
    let longest = "x".repeat(255);
    let new = kit.shard.edit_new(kit.now, "users", &longest).unwrap();
    kit.shard.verify_edit(kit.now, new).unwrap();
    kit.options.limits.profile_bytes = 40;
    kit.restart(secs(1));
    let edit = kit.shard.edit_profile(kit.now, "users", "bob").unwrap();
    set(&mut kit, edit, "number", "555").unwrap();
    let large = set(&mut kit, edit, "number", &"1".repeat(40));
    let limit = TableError::Refused(OpError::Limit("profile_bytes"));
    assert_eq!(large, Err(limit));
    // What it held before it holds still.
    kit.shard.commit_edit(kit.now, edit).unwrap();
    assert_eq!(number_of(&kit.shard, "bob").unwrap(), "555");
}
