//! Death of the process at every step: no call is charged twice, and none is forgotten.

use super::*;

#[test]
fn a_call_that_is_up_goes_on_and_is_charged_once() {
    let mut slee = node(1_000);
    let (alice, bob) = up(&slee);
    for _ in 0..5 {
        slee.advance(millis(20_100));
        slee.crash_and_restart_after(secs(3));
    }
    slee.advance(secs(40));
    alice.bye().expect(200);
    bob.expect_bye();
    let seconds = (5 * 23_100 + 40_000 + 999_i64) / 1000;
    assert_eq!(balance(&slee, ALICE), 1_000 - seconds, "{}", slee.ladder());
    assert_all_gone(&mut slee);
}

#[test]
fn a_crash_while_it_rings_ends_the_call_and_gives_the_credit_back() {
    let mut slee = node(60);
    let alice = slee.sip().invite(ALICE, BOB);
    slee.sip().expect_invite(BOB).ring();
    alice.expect(180);
    slee.crash_and_restart();
    slee.advance(secs(60));
    assert_eq!(balance(&slee, ALICE), 60);
    // All of it can be reserved again.
    let (alice, bob) = up(&slee);
    slee.advance(secs(59));
    alice.bye().expect(200);
    bob.expect_bye();
    assert_eq!(balance(&slee, ALICE), 1);
}

#[test]
fn a_call_whose_credit_ended_while_the_node_was_down_ends_at_once() {
    let mut slee = node(60);
    let (alice, bob) = up(&slee);
    slee.advance(secs(50));
    slee.crash_and_restart_after(secs(20));
    slee.advance(millis(100));
    alice.expect_bye();
    bob.expect_bye();
    slee.advance(secs(40));
    // It did last that long, and somebody has to pay for it.
    assert_eq!(balance(&slee, ALICE), 60 - 70);
    assert_all_gone(&mut slee);
}

/// The process dies after so many milliseconds of a call in which messages take 50 ms each, whatever it is doing then.
fn die_at(instant: u64) {
    let mut slee = node(1_000);
    slee.set_link(strowger_testkit::Link {
        delay: millis(50),
        ..strowger_testkit::Link::default()
    });
    slee.crash_after(millis(instant));
    let alice = slee.sip().invite(ALICE, BOB);
    let phones = slee.sip().patience(secs(2));
    let _ = (&alice, &phones);
    slee.advance(secs(120));
    let context = |slee: &TestKit| format!("dies at {instant} ms\n{}", slee.ladder());
    // Nobody has answered: whatever became of it, nothing is charged and nothing stays reserved.
    assert_eq!(balance(&slee, ALICE), 1_000, "{}", context(&slee));
    slee.advance(secs(700));
    assert_eq!(
        slee.states::<strowger_prepaid::Prepaid>().len(),
        0,
        "{}",
        context(&slee)
    );
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn a_crash_at_any_moment_of_an_unanswered_call_costs_nothing() {
    for instant in (0..700).step_by(20) {
        die_at(instant);
    }
}

/// The same within a call that lasts 5.5 s from its ACK on and is ended by the caller; `instant` counts from the BYE.
fn die_in_the_end(instant: u64) {
    let mut slee = node(1_000);
    let (alice, bob) = up(&slee);
    slee.set_link(strowger_testkit::Link {
        delay: millis(50),
        ..strowger_testkit::Link::default()
    });
    slee.advance(millis(5_450));
    slee.crash_after(millis(instant));
    alice.bye();
    alice.expect(200);
    bob.expect_bye();
    slee.advance(secs(60));
    // A BYE that was lost with the process is repeated half a second later at the latest.
    let left = balance(&slee, ALICE);
    assert!(
        [1_000 - 6, 1_000 - 7].contains(&left),
        "dies {instant} ms after the BYE: {left}\n{}",
        slee.ladder()
    );
    if instant > 60 {
        assert_eq!(
            left,
            1_000 - 6,
            "dies {instant} ms after the BYE\n{}",
            slee.ladder()
        );
    }
    slee.advance(secs(60));
    assert_eq!(slee.states::<strowger_prepaid::Prepaid>().len(), 0);
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn a_crash_at_any_moment_of_the_end_charges_the_call_once() {
    for instant in (0..700).step_by(20) {
        die_in_the_end(instant);
    }
}

#[test]
fn a_crash_at_any_moment_of_a_report_charges_the_call_once() {
    for instant in (49_800..50_400).step_by(20) {
        let mut slee = node(1_000);
        let (alice, bob) = up(&slee);
        slee.set_link(strowger_testkit::Link {
            delay: millis(50),
            ..strowger_testkit::Link::default()
        });
        slee.crash_after(millis(instant));
        slee.advance(millis(80_350));
        alice.bye();
        alice.expect(200);
        bob.expect_bye();
        slee.advance(secs(60));
        let left = balance(&slee, ALICE);
        assert_eq!(left, 1_000 - 81, "dies at {instant}\n{}", slee.ladder());
    }
}
