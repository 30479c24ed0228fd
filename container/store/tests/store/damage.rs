//! Damaged, foreign and half-made stores: what is refused, with which code, and what is put right.

use crate::suite::{Model, Random, live, put};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use strowger_journal::{GroupBuilder, Key, Seq, Store, StoreError};
use strowger_store::{JournalSled, StoreOptions};

/// Bytes of a segment header, and of a frame that `put` makes with a value of 100 bytes.
pub(crate) const HEADER: u64 = 32;
pub(crate) const FRAME: u64 = 24 + 5 + 2 + 12 + 4 + 100;

/// Small segments, and checkpoints only when a test asks for one.
pub(crate) fn options() -> StoreOptions {
    StoreOptions {
        segment_bytes: 4096,
        checkpoint_bytes: u64::MAX / 4,
        checkpoint_interval: Duration::MAX,
        cache_bytes: 1024 * 1024,
        reserve_bytes: 0,
        low_water_bytes: 0,
        space_interval: Duration::ZERO,
    }
}

#[test]
fn a_group_of_any_size_comes_back() {
    let place = tempfile::tempdir().unwrap();
    let mut store = JournalSled::open(place.path(), &options()).unwrap();
    fill(&mut store, 3);
    let mut builder = GroupBuilder::new(Seq(4));
    builder.begin(true);
    let value = vec![7; 64 * 1024];
    for session in 0..1_100 {
        let key = Key {
            slot: 0,
            session: 1_000 + session,
            kind: 1,
            sub: b"",
        };
        builder.insert(&key, &value).unwrap();
    }
    let group = builder.take().unwrap();
    assert!(group.bytes().len() > 64 * 1024 * 1024);
    store.append(&group).unwrap();
    assert_eq!(store.sync().unwrap(), Seq(4));
    drop(store);
    let mut store = JournalSled::open(place.path(), &options()).unwrap();
    let (recovered, model) = live(&mut store);
    assert_eq!((recovered.last_seq, model.len()), (Seq(4), 1_103));
    assert_eq!(store.checkpoint().unwrap(), Seq(4));
    assert_eq!(live(&mut store).1, model);
}

/// Commits `count` records of 100 bytes, each in a frame and a sync of its own.
pub(crate) fn fill(store: &mut JournalSled, count: u64) {
    let next = live(store).0.last_seq.next();
    let mut builder = GroupBuilder::new(next);
    for seq in next.0..next.0 + count {
        store
            .append(&put(&mut builder, seq, &[seq as u8; 100]))
            .expect("appends");
        store.sync().expect("syncs");
    }
}

fn filled(dir: &Path, count: u64) -> Model {
    let mut store = JournalSled::open(dir, &options()).expect("opens");
    fill(&mut store, count);
    live(&mut store).1
}

pub(crate) fn segments(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.join("journal")).expect("lists");
    let mut found: Vec<_> = entries.map(|entry| entry.expect("lists").path()).collect();
    found.sort();
    found
}

fn open_error(dir: &Path) -> StoreError {
    let opened = JournalSled::open(dir, &options());
    match opened {
        Err(error) => error,
        Ok(mut store) => store.recover(&mut |_| {}).expect_err("is refused"),
    }
}

pub(crate) fn flip(path: &Path, offset: u64) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .expect("opens");
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).expect("reads");
    file.write_all_at(&[byte[0] ^ 0x40], offset)
        .expect("writes");
}

#[test]
fn an_unfinished_end_is_cut_off_and_the_journal_goes_on() {
    let mut random = Random::new(5);
    for round in 0..12 {
        let place = tempfile::tempdir().unwrap();
        filled(place.path(), 10);
        let newest = segments(place.path()).pop().unwrap();
        let whole = random.below(10);
        let within = random.below(FRAME);
        let at = HEADER + whole * FRAME + within;
        if round % 2 == 0 {
            OpenOptions::new()
                .write(true)
                .open(&newest)
                .unwrap()
                .set_len(at)
                .unwrap();
        } else {
            // What lies behind a bad frame was written by the same unfinished write.
            flip(&newest, at);
        }
        let mut store = JournalSled::open(place.path(), &options()).unwrap();
        let (recovered, _) = live(&mut store);
        assert_eq!(
            recovered.last_seq,
            Seq(whole),
            "round {round}, byte {within} of frame {whole}"
        );
        fill(&mut store, 5);
        drop(store);
        let mut store = JournalSled::open(place.path(), &options()).unwrap();
        assert_eq!(live(&mut store).0.last_seq, Seq(whole + 5), "round {round}");
    }
}

#[test]
fn damage_before_the_end_is_named_with_file_and_offset() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path(), 100);
    let second = segments(place.path()).remove(1);
    flip(&second, HEADER + 3 * FRAME + 60);
    let error = open_error(place.path());
    assert_eq!(error.code(), "STO-003");
    let StoreError::Corrupt { file, offset, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!((file, *offset), (&second, HEADER + 3 * FRAME), "{error}");
}

#[test]
fn a_damaged_segment_header_is_corruption_unless_the_segment_was_never_used() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path(), 60);
    let newest = segments(place.path()).pop().unwrap();
    flip(&newest, 20);
    assert_eq!(open_error(place.path()).code(), "STO-003");

    let place = tempfile::tempdir().unwrap();
    let model = filled(place.path(), 60);
    // As a crash in the middle of creating a segment leaves it: allocated, and nothing written.
    for (number, length) in [(1000_u64, 0), (1000, 4096)] {
        let blank = segments(place.path()).len() as u64 + 1;
        let path = place
            .path()
            .join("journal")
            .join(format!("{:016x}.seg", blank.min(number)));
        fs::File::create(&path).unwrap().set_len(length).unwrap();
        let mut store = JournalSled::open(place.path(), &options()).unwrap();
        assert_eq!(live(&mut store).1, model, "blank segment of {length} bytes");
    }
}

#[test]
fn a_lost_segment_is_a_gap() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path(), 100);
    fs::remove_file(segments(place.path()).remove(1)).unwrap();
    assert_eq!(open_error(place.path()).code(), "STO-006");

    let place = tempfile::tempdir().unwrap();
    filled(place.path(), 100);
    let mut store = JournalSled::open(place.path(), &options()).unwrap();
    store.checkpoint().unwrap();
    drop(store);
    for segment in segments(place.path()).into_iter().skip(1) {
        fs::remove_file(segment).unwrap();
    }
    assert_eq!(
        open_error(place.path()).code(),
        "STO-006",
        "the checkpoint knows of later commits"
    );
}

#[test]
fn an_unknown_format_is_refused_and_left_alone() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path(), 1);
    fs::write(
        place.path().join("FORMAT"),
        "strowger store\nformat 9\nslots 256\n",
    )
    .unwrap();
    let error = open_error(place.path());
    assert_eq!(error.code(), "STO-004");
    assert!(
        error
            .to_string()
            .ends_with("has format 9, this build knows 1"),
        "{error}"
    );

    for foreign in [
        "something else\n",
        "strowger store\nformat x\n",
        "strowger store\nformat 1\nslots 7\n",
    ] {
        fs::write(place.path().join("FORMAT"), foreign).unwrap();
        assert_eq!(open_error(place.path()).code(), "STO-003", "{foreign:?}");
    }
    fs::remove_file(place.path().join("FORMAT")).unwrap();
    assert_eq!(
        open_error(place.path()).code(),
        "STO-003",
        "state without a format"
    );
}

#[test]
fn a_store_in_use_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let store = JournalSled::open(place.path(), &options()).unwrap();
    assert_eq!(open_error(place.path()).code(), "STO-005");
    drop(store);
    JournalSled::open(place.path(), &options()).unwrap();
}

#[test]
fn segments_go_when_two_checkpoints_cover_them() {
    let place = tempfile::tempdir().unwrap();
    let mut store = JournalSled::open(place.path(), &options()).unwrap();
    fill(&mut store, 100);
    let before = segments(place.path()).len();
    store.checkpoint().unwrap();
    assert_eq!(
        segments(place.path()).len(),
        before,
        "one checkpoint is not enough"
    );
    fill(&mut store, 100);
    store.checkpoint().unwrap();
    let kept = segments(place.path());
    assert!(
        kept.len() <= before + 1,
        "the first hundred commits are covered twice: {kept:?}"
    );
    let model = live(&mut store).1;
    assert_eq!(model.len(), 200);
    drop(store);
    assert_eq!(
        live(&mut JournalSled::open(place.path(), &options()).unwrap()).1,
        model
    );
}

#[test]
fn a_lost_checkpoint_costs_replay_and_not_state() {
    let place = tempfile::tempdir().unwrap();
    let mut store = JournalSled::open(place.path(), &options()).unwrap();
    fill(&mut store, 50);
    store.checkpoint().unwrap();
    drop(store);
    let older = place.path().join("older");
    copy(&place.path().join("checkpoint"), &older);
    let mut store = JournalSled::open(place.path(), &options()).unwrap();
    fill(&mut store, 50);
    store.checkpoint().unwrap();
    let model = live(&mut store).1;
    drop(store);
    fs::remove_dir_all(place.path().join("checkpoint")).unwrap();
    fs::rename(&older, place.path().join("checkpoint")).unwrap();
    let (recovered, found) = live(&mut JournalSled::open(place.path(), &options()).unwrap());
    assert_eq!(found, model);
    assert_eq!(recovered.replayed, 50);
}

#[test]
fn damaged_snapshots_of_the_database_are_put_aside() {
    let place = tempfile::tempdir().unwrap();
    let mut store = JournalSled::open(place.path(), &options()).unwrap();
    fill(&mut store, 300);
    store.checkpoint().unwrap();
    let model = live(&mut store).1;
    drop(store);
    let checkpoint = place.path().join("checkpoint");
    fs::write(
        checkpoint.join("snap.00000000000000FF.generating"),
        b"half a snapsh",
    )
    .unwrap();
    fs::write(
        checkpoint.join("snap.FFFFFFFFFFFFFF00"),
        b"no snapshot at all, but long enough to be read",
    )
    .unwrap();
    let mut store = JournalSled::open(place.path(), &options()).unwrap();
    assert_eq!(live(&mut store).1, model);
    assert!(!checkpoint.join("snap.00000000000000FF.generating").exists());
    assert!(
        place
            .path()
            .join("checkpoint.snapshots-aside/snap.FFFFFFFFFFFFFF00")
            .exists()
    );
}

#[test]
fn a_half_made_database_is_made_anew() {
    let place = tempfile::tempdir().unwrap();
    let model = filled(place.path(), 20);
    fs::remove_dir_all(place.path().join("checkpoint")).unwrap();
    fs::create_dir(place.path().join("checkpoint.new")).unwrap();
    fs::write(place.path().join("checkpoint.new/conf"), b"ha").unwrap();
    let mut store = JournalSled::open(place.path(), &options()).unwrap();
    assert_eq!(
        live(&mut store).1,
        model,
        "the journal is whole, so nothing is lost"
    );
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("creates");
    for entry in fs::read_dir(from).expect("lists") {
        let path = entry.expect("lists").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copies");
        }
    }
}
