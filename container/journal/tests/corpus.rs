//! The corpus of the fuzz target `journal`, as it is, cut at every byte and with every byte changed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use strowger_journal::frame::Frame;
use strowger_journal::{Commits, MemoryStore, Seq, fuzz, portable};

fn corpus() -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/journal");
    let files = std::fs::read_dir(dir).unwrap();
    let mut all: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    all.sort();
    all
}

#[test]
fn the_corpus_replays_whole_cut_and_changed() {
    for (_, input) in corpus() {
        fuzz::journal(&input);
        for at in 0..input.len() {
            fuzz::journal(&input[..at]);
            for change in [1, 0x80, 0xff] {
                let mut changed = input.clone();
                changed[at] ^= change;
                fuzz::journal(&changed);
            }
        }
    }
}

/// Else the corpus would show nothing.
#[test]
fn what_the_corpus_has_of_each_kind_is_sound() {
    let corpus = corpus();
    let named = |name: &str| {
        let found = corpus.iter().find(|(known, _)| known == name);
        &found.unwrap().1[..]
    };
    let deltas = |commits: Commits<'_>| -> usize {
        commits
            .map(|commit| commit.unwrap().deltas().map(Result::unwrap).count())
            .sum()
    };
    assert_eq!(deltas(Commits::new(Seq(1), named("group"))), 3);
    let frame = Frame::read(named("frames")).unwrap().unwrap();
    assert_eq!((deltas(frame.commits()), frame.last), (3, Seq(2)));
    let imported = portable::import(&mut MemoryStore::default(), &mut named("export"));
    assert_eq!(imported.unwrap(), 1);
}
