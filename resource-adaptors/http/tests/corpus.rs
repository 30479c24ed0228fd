//! The corpus of the fuzz target `http_values`, as it is, cut at every byte and with every byte changed.

use std::path::Path;
use strowger_http::fuzz;

#[test]
fn the_corpus_replays_whole_cut_and_changed() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/http_values");
    let mut inputs = 0;
    for file in std::fs::read_dir(dir).unwrap() {
        let input = std::fs::read(file.unwrap().path()).unwrap();
        inputs += 1;
        fuzz::http_values(&input);
        for at in 0..input.len() {
            fuzz::http_values(&input[..at]);
            for byte in [0, b'%', b'&', b'\n', 0xff] {
                let mut changed = input.clone();
                changed[at] = byte;
                fuzz::http_values(&changed);
            }
        }
    }
    assert!(inputs > 1, "the corpus is there");
}
