//! Each check can fail: what is wrong on purpose is found, and for what it is.

use strowger_simulation::{Flaw, Sabotage, run};

/// Seeds within which each fault must show itself.
const SEEDS: u64 = 20;

/// What is found first.
fn finding(sabotage: Sabotage) -> String {
    let mut found = (0..SEEDS).filter_map(|seed| run(seed, Some(sabotage)).err());
    match found.next() {
        Some(finding) => finding.to_string(),
        None => panic!("{sabotage:?} is not found within {SEEDS} seeds"),
    }
}

fn assert_found(sabotage: Sabotage, what: &str) {
    let finding = finding(sabotage);
    let first = finding.lines().next().unwrap_or_default();
    assert!(first.contains(what), "{finding}");
}

#[test]
fn an_answer_before_its_point_of_durability() {
    assert_found(Sabotage::LyingDisk, "an answer left before");
}

#[test]
fn acknowledged_state_that_is_lost() {
    let finding = finding(Sabotage::LyingDiskUnwatched);
    let lost = [
        "was up, and is lost",
        "was answered 200, and is not",
        "was to be woken",
    ];
    assert!(lost.iter().any(|what| finding.contains(what)), "{finding}");
}

#[test]
fn events_out_of_order() {
    assert_found(Sabotage::Ledger(Flaw::SkipsAStep), "out of order");
}

#[test]
fn a_timer_twice() {
    assert_found(Sabotage::Ledger(Flaw::RingsTwice), "rang twice");
}

#[test]
fn a_timer_that_is_lost() {
    assert_found(Sabotage::Ledger(Flaw::ForgetsTheTimer), "timers are left");
}

#[test]
fn what_is_left_when_everybody_has_gone() {
    assert_found(
        Sabotage::Ledger(Flaw::LeavesAnActivity),
        "are left when everybody has gone",
    );
}

#[test]
fn what_is_done_by_halves() {
    assert_found(
        Sabotage::Ledger(Flaw::WritesNothingDown),
        "0 marks are written down",
    );
}

#[test]
fn a_finding_says_how_to_see_it_again() {
    let finding = finding(Sabotage::Ledger(Flaw::RingsTwice));
    let (seed, _) = finding
        .strip_prefix("seed ")
        .and_then(|rest| rest.split_once(','))
        .expect("a seed");
    assert!(
        finding.contains(&format!("cargo xtask simulate --seed {seed} --trace")),
        "{finding}"
    );
    assert!(finding.contains(" -> "), "{finding}");
}
