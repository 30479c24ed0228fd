//! Stores of every format that ever shipped, as files: each is opened and gives what was put in.
//!
//! A format that a build has shipped with never changes. For a new format, add a directory by running this test with
//! STROWGER_WRITE_GOLDEN set, and keep the old ones.

use crate::damage::{copy, fill, options};
use crate::suite::{Model, live};
use std::path::{Path, PathBuf};
use strowger_journal::{GroupBuilder, Key, Seq, Store};
use strowger_store::JournalSled;

/// The format of this build.
const NEWEST: u32 = 1;

fn golden(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/format-{format}"))
}

/// Some records only in the checkpoint, some only in the journal, some changed and some removed in it.
fn write_to(dir: &Path) {
    let mut store = JournalSled::open(dir, &options()).expect("opens");
    fill(&mut store, 40);
    let mut builder = GroupBuilder::new(Seq(41));
    builder.begin(true);
    let large = Key {
        slot: 255,
        session: u64::MAX,
        kind: 255,
        sub: &[255; 64],
    };
    builder.insert(&large, &vec![0xA5; 10_000]).expect("fits");
    store
        .append(&builder.take().expect("a commit"))
        .expect("appends");
    store.sync().expect("syncs");
    store.checkpoint().expect("makes a checkpoint");
    for seq in 42..=60_u64 {
        builder.begin(seq % 2 == 0);
        let key = Key {
            slot: (seq - 40) as u8,
            session: seq - 40,
            kind: 1,
            sub: b"r",
        };
        if seq % 3 == 0 {
            builder.remove(&key).expect("fits");
        } else {
            builder.update(&key, b"changed").expect("fits");
        }
    }
    store
        .append(&builder.take().expect("commits"))
        .expect("appends");
    store.sync().expect("syncs");
}

fn expected() -> Model {
    let mut model = Model::new();
    for seq in 1..=40_u64 {
        model.insert((seq as u8, seq, 1, b"r".to_vec()), vec![seq as u8; 100]);
    }
    model.insert((255, u64::MAX, 255, vec![255; 64]), vec![0xA5; 10_000]);
    for seq in 42..=60_u64 {
        let key = ((seq - 40) as u8, seq - 40, 1, b"r".to_vec());
        if seq % 3 == 0 {
            model.remove(&key);
        } else {
            model.insert(key, b"changed".to_vec());
        }
    }
    model
}

#[test]
fn every_format_that_shipped_is_opened() {
    if std::env::var_os("STROWGER_WRITE_GOLDEN").is_some() {
        let place = tempfile::tempdir().unwrap();
        write_to(place.path());
        copy(place.path(), &golden(NEWEST));
    }
    for format in 1..=NEWEST {
        let place = tempfile::tempdir().unwrap();
        copy(&golden(format), place.path());
        let mut store = JournalSled::open(place.path(), &options()).unwrap();
        let (recovered, found) = live(&mut store);
        assert_eq!((recovered.last_seq, recovered.replayed), (Seq(60), 19));
        assert_eq!(found, expected(), "format {format}");
        store.checkpoint().unwrap();
        assert_eq!(live(&mut store).1, expected());
    }
}
