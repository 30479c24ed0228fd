//! Two legs, and crashes at every moment of their call.

use super::*;

#[test]
fn a_crash_while_a_call_is_set_up() {
    let (mut answered, mut lost) = (0, 0);
    for seed in seeds() {
        let mut run = Run::new(seed);
        run.crash_within(millis(300));
        match run.set_up() {
            Some((alice, bob)) => {
                answered += 1;
                run.hang_up(&alice, &bob);
            }
            None => lost += 1,
        }
        run.end(seed);
    }
    assert!(
        answered > lost,
        "{answered} calls answered, {lost} lost before that"
    );
}

#[test]
fn a_crash_while_a_call_is_up_or_ended() {
    for seed in seeds() {
        let mut run = Run::new(seed);
        let Some((alice, bob)) = run.set_up() else {
            panic!(
                "seed {seed}: the call was not set up\n{}",
                run.slee.ladder()
            );
        };
        run.crash_within(millis(2_300));
        let rest = millis(run.dice.up_to(2_000));
        run.slee.advance(rest);
        run.hang_up(&alice, &bob);
        run.end(seed);
    }
}

#[test]
fn crash_after_crash() {
    for seed in seeds() {
        let mut run = Run::new(seed);
        run.crash_within(millis(1_000));
        let call = run.set_up();
        for _ in 0..run.dice.up_to(4) {
            run.crash_within(millis(1_000));
            let rest = millis(run.dice.up_to(3_000));
            run.slee.advance(rest);
        }
        if let Some((alice, bob)) = call {
            run.crash_within(millis(200));
            run.hang_up(&alice, &bob);
        }
        run.end(seed);
    }
}

/// Whatever becomes of the new offer, the call stays. An offer that is under way when the process dies is lost with it.
#[test]
fn a_crash_while_a_call_is_changed() {
    let (mut changed, mut lost) = (0, 0);
    for seed in seeds() {
        let mut run = Run::new(seed);
        let Some((alice, bob)) = run.set_up() else {
            panic!(
                "seed {seed}: the call was not set up\n{}",
                run.slee.ladder()
            );
        };
        bob.expect_ack();
        run.crash_within(millis(300));
        let (first, second) = if run.dice.coin() {
            (&alice, &bob)
        } else {
            (&bob, &alice)
        };
        first.reinvite();
        if second.find_request("INVITE", secs(33)).is_some() {
            second.answer();
        }
        if run.is_answered(first) {
            changed += 1;
        } else {
            lost += 1;
        }
        run.hang_up(&alice, &bob);
        run.end(seed);
    }
    assert!(changed > lost, "{changed} calls changed, {lost} not");
}
