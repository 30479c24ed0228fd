//! 200 fixed seeds, and 50 of the day.

use std::time::{SystemTime, UNIX_EPOCH};

use strowger_simulation::run;

fn all(seeds: impl IntoIterator<Item = u64>) {
    for seed in seeds {
        if let Err(finding) = run(seed, None) {
            panic!("{finding}");
        }
    }
}

#[test]
fn seeds_0_to_66() {
    all(0..67);
}

#[test]
fn seeds_67_to_133() {
    all(67..134);
}

#[test]
fn seeds_134_to_199() {
    all(134..200);
}

/// Each day has 50 that no day before had.
#[test]
fn seeds_of_the_day() {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock");
    let day = since.as_secs() / 86_400;
    all((0..50).map(|n| day * 1_000 + n));
}

#[test]
fn one_seed_gives_one_run() {
    for seed in [7, 8] {
        assert_eq!(run(seed, None), run(seed, None));
    }
    assert_ne!(run(7, None), run(8, None));
}
