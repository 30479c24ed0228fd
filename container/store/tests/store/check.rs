//! The check of a whole store: what it counts, and that it finds damage wherever that is.

use crate::damage::{FRAME, HEADER, fill, flip, options, segments};
use std::fs;
use std::path::Path;
use strowger_journal::{Store, StoreError};
use strowger_store::{Checked, JournalSled, Progress, check};

fn checked(dir: &Path) -> Checked {
    check(dir, &options(), &mut |_| {}).expect("can be checked")
}

/// A store of so many commits, of which the first half is in a checkpoint.
fn store(dir: &Path, commits: u64) {
    let mut store = JournalSled::open(dir, &options()).expect("opens");
    fill(&mut store, commits / 2);
    store.checkpoint().expect("is made");
    fill(&mut store, commits / 2);
}

#[test]
fn a_sound_store_is_read_whole() {
    let place = tempfile::tempdir().unwrap();
    store(place.path(), 60);
    let mut told = Vec::new();
    let found = check(place.path(), &options(), &mut |progress| {
        told.push(progress)
    })
    .unwrap();
    assert!(found.damages.is_empty(), "{found:?}");
    assert_eq!(found.unfinished, None);
    assert_eq!((found.covered, found.records), (30, 30));
    assert_eq!(found.journal, Some(1..=60));
    assert_eq!(
        (found.commits, found.segments),
        (60, segments(place.path()).len() as u64)
    );
    assert_eq!(
        told.last(),
        Some(&Progress::Segment(found.segments, found.segments))
    );
    // Nothing was changed by it.
    assert_eq!(checked(place.path()).journal, found.journal);
}

/// Also in what the checkpoint covers, which a start does not read.
#[test]
fn a_flipped_bit_is_found_in_every_segment() {
    let place = tempfile::tempdir().unwrap();
    store(place.path(), 60);
    let all = segments(place.path());
    for path in all.split_last().unwrap().1 {
        flip(path, HEADER + FRAME + 50);
        let found = checked(place.path());
        let [StoreError::Corrupt { file, offset, .. }] = &found.damages[..] else {
            panic!("{found:?}")
        };
        assert_eq!((file, *offset), (path, HEADER + FRAME));
        flip(path, HEADER + FRAME + 50);
    }
    assert!(checked(place.path()).damages.is_empty());
}

#[test]
fn an_unfinished_end_is_no_damage_and_what_follows_it_is_told() {
    let place = tempfile::tempdir().unwrap();
    store(place.path(), 60);
    let newest = segments(place.path()).pop().unwrap();
    flip(&newest, HEADER + 60);
    let found = checked(place.path());
    assert!(found.damages.is_empty(), "{found:?}");
    let unfinished = found.unfinished.expect("is told");
    assert_eq!(
        (unfinished.file, unfinished.offset),
        (newest.clone(), HEADER)
    );
    assert!(unfinished.followed);
    // Cut within that frame, nothing follows.
    let file = fs::OpenOptions::new().write(true).open(&newest).unwrap();
    file.set_len(HEADER + 40).unwrap();
    let found = checked(place.path());
    assert!(found.damages.is_empty() && !found.unfinished.expect("is told").followed);
}

#[test]
fn missing_segments_are_found() {
    let place = tempfile::tempdir().unwrap();
    store(place.path(), 60);
    for path in segments(place.path()).iter().rev().skip(1) {
        fs::remove_file(path).unwrap();
    }
    let codes = |found: &Checked| {
        found
            .damages
            .iter()
            .map(StoreError::code)
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(&checked(place.path())), ["STO-006"]);
}

#[test]
fn what_is_no_store_or_in_use_is_not_checked() {
    let place = tempfile::tempdir().unwrap();
    let refused = |dir: &Path| check(dir, &options(), &mut |_| {}).unwrap_err().code();
    assert_eq!(refused(place.path()), "STO-002");
    assert!(
        fs::read_dir(place.path()).unwrap().next().is_none(),
        "nothing is made"
    );
    let store = JournalSled::open(place.path(), &options()).unwrap();
    assert_eq!(refused(place.path()), "STO-005");
    drop(store);
}
