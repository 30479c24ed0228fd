//! The corpus of the fuzz target `networks`, as it is, cut and changed at every byte.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

/// How far apart the bytes are that are changed.
const STEP: usize = 1;

fn replay(target: &str, read: fn(&[u8])) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fuzz/corpus")
        .join(target);
    let mut inputs = 0;
    for file in std::fs::read_dir(dir).unwrap() {
        let input = std::fs::read(file.unwrap().path()).unwrap();
        inputs += 1;
        read(&input);
        for at in (0..input.len()).step_by(STEP) {
            read(&input[..at]);
            for byte in [0, b'"', b'/', b'9', 0xff] {
                let mut changed = input.clone();
                changed[at] = byte;
                read(&changed);
            }
        }
    }
    assert!(inputs > 1, "the corpus is there");
}

#[test]
fn networks_replay() {
    replay("networks", strowger::fuzz::networks);
}
