//! Histories that the fuzzer found worth keeping.

use std::path::Path;

#[test]
fn the_corpus_of_histories_runs_clean() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/sip_transaction");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        strowger_sip::proto::fuzz::transaction(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 5, "the corpus is there");
}
