//! The corpora of the fuzz targets `management_requests` and `profile_files`, as they are, cut and changed at every byte.

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
fn management_requests_replay() {
    replay(
        "management_requests",
        strowger_management::api::fuzz::management_requests,
    );
}

#[test]
fn profile_files_replay() {
    replay(
        "profile_files",
        strowger_management::profile_file::fuzz::profile_files,
    );
}
