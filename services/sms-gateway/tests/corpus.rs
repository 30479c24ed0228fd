//! The corpus of the fuzz target `sms_requests`, as it is, cut at every byte and with every byte changed.

use std::path::Path;
use strowger_sms_gateway::fuzz;

#[test]
fn the_corpus_replays_whole_cut_and_changed() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/sms_requests");
    let mut inputs = 0;
    for file in std::fs::read_dir(dir).unwrap() {
        let input = std::fs::read(file.unwrap().path()).unwrap();
        inputs += 1;
        fuzz::sms_requests(&input);
        for at in 0..input.len() {
            fuzz::sms_requests(&input[..at]);
            for byte in [0, b'%', b'&', b'"', b'9', 0xff] {
                let mut changed = input.clone();
                changed[at] = byte;
                fuzz::sms_requests(&changed);
            }
        }
    }
    assert!(inputs > 1, "the corpus is there");
}
