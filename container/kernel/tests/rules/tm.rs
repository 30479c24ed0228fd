//! R-TM: timers.

use crate::harness::{Kit, Ping, Pong, Spec, Tick, shared};
use strowger::time::{Wall, millis, secs};
use strowger::timer::{PreserveMissed, TimerOptions};
use strowger::{Error, OpError};

/// A service that sets `options` on Ping.
fn timed(kit: &mut Kit, options: TimerOptions) -> strowger::id::ActivityId {
    kit.service::<0>(Spec::usual());
    kit.on::<0>(move |data, cx, call| {
        if call.is::<Ping>() {
            data.timer = Some(cx.timer_with(cx.activity().unwrap(), options.clone(), &Tick(7))?);
        }
        if call.is::<Pong>() {
            cx.cancel(data.timer.unwrap());
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(0));
    kit.log();
    a
}

#[test]
fn r_tm_01_options_are_checked() {
    let mut kit = Kit::new();
    let now = kit.now.wall;
    kit.service::<0>(Spec::usual());
    kit.on::<0>(move |_, cx, _| {
        let a = cx.activity().unwrap();
        let zero = TimerOptions::periodic(now, secs(0), 1);
        assert_eq!(
            cx.timer_with(a, zero, &Tick(1)),
            Err(OpError::InvalidArgument("period"))
        );
        let late = TimerOptions {
            timeout: secs(2),
            ..TimerOptions::periodic(now, secs(1), 1)
        };
        assert_eq!(
            cx.timer_with(a, late, &Tick(1)),
            Err(OpError::InvalidArgument("timeout above period"))
        );
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_tm_02_set_and_cancel_take_effect_at_commit() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|data, cx, call| {
        let a = cx.activity().unwrap();
        match call.get::<Ping>() {
            // Set and cancelled: never set.
            Some(Ping(1)) => {
                let timer = cx.timer(a, secs(1), Tick(1));
                cx.cancel(timer);
                cx.cancel(timer);
            }
            // Set and rolled back: never fires.
            Some(Ping(2)) => {
                cx.timer(a, secs(1), Tick(2));
                return Err(Error::msg("no"));
            }
            Some(Ping(3)) => data.timer = Some(cx.timer(a, secs(1), Tick(3))),
            // Cancelled and rolled back: still fires.
            Some(Ping(4)) => {
                cx.cancel(data.timer.unwrap());
                return Err(Error::msg("no"));
            }
            _ => {}
        }
        Ok(())
    });
    let a = kit.start();
    for n in 1..=4 {
        kit.fire(a, Ping(n));
    }
    kit.log();
    kit.advance(secs(2));
    assert_eq!(kit.log(), ["A: tick 3 missed 0 left 0"]);
    assert_eq!(kit.shard.counts().timers, 0);
}

#[test]
fn r_tm_02_cancelled_in_a_later_transaction() {
    let mut kit = Kit::new();
    let first = kit.now.wall + secs(1);
    let a = timed(&mut kit, TimerOptions::once(first));
    kit.fire(a, Pong(1));
    kit.log();
    kit.advance(secs(5));
    assert_eq!(kit.log(), Vec::<String>::new());
}

#[test]
fn r_tm_03_in_the_past_fires_right_after_commit() {
    let mut kit = Kit::new();
    let options = TimerOptions {
        preserve_missed: PreserveMissed::None,
        ..TimerOptions::once(Wall(5))
    };
    timed(&mut kit, options);
    kit.advance(millis(0));
    assert_eq!(kit.log(), ["A: tick 7 missed 0 left 0"]);
}

/// What a timer of six occurrences, one a second, fires when the process is busy from 0.5 s to 4.5 s.
fn after_a_pause(preserve_missed: PreserveMissed) -> Vec<String> {
    let mut kit = Kit::new();
    let first = kit.now.wall + secs(1);
    let options = TimerOptions {
        preserve_missed,
        timeout: millis(100),
        ..TimerOptions::periodic(first, secs(1), 6)
    };
    timed(&mut kit, options);
    kit.advance(millis(500));
    kit.leap(secs(4));
    kit.advance(secs(10));
    kit.log()
}

#[test]
fn r_tm_06_missed_occurrences() {
    let tick = |missed, left| format!("A: tick 7 missed {missed} left {left}");
    assert_eq!(
        after_a_pause(PreserveMissed::None),
        [tick(4, 1), tick(0, 0)]
    );
    assert_eq!(
        after_a_pause(PreserveMissed::Last),
        [tick(3, 2), tick(0, 1), tick(0, 0)]
    );
    let all: Vec<_> = (0..6).rev().map(|left| tick(0, left)).collect();
    assert_eq!(after_a_pause(PreserveMissed::All), all);
}

#[test]
fn r_tm_05_not_late_within_the_timeout() {
    let mut kit = Kit::new();
    let first = kit.now.wall + secs(1);
    let options = TimerOptions {
        preserve_missed: PreserveMissed::None,
        timeout: secs(3),
        ..TimerOptions::once(first)
    };
    timed(&mut kit, options.clone());
    kit.leap(secs(4));
    assert_eq!(kit.log(), ["A: tick 7 missed 0 left 0"]);

    let mut kit = Kit::new();
    timed(&mut kit, options);
    kit.leap(millis(4001));
    assert_eq!(kit.log(), Vec::<String>::new());
    assert_eq!(kit.shard.metrics().timers_missed, 1);
}

#[test]
fn r_tm_07_for_ever() {
    let mut kit = Kit::new();
    let first = kit.now.wall + secs(1);
    timed(&mut kit, TimerOptions::periodic(first, secs(1), 0));
    kit.advance(secs(3));
    let tick = format!("A: tick 7 missed 0 left {}", u32::MAX);
    assert_eq!(kit.log(), [tick.clone(), tick.clone(), tick]);
    assert_eq!(kit.shard.timers().next().unwrap().remaining, u32::MAX);
}

#[test]
fn r_tm_08_the_end_of_the_activity_cancels() {
    let mut kit = Kit::new();
    let first = kit.now.wall + secs(1);
    let a = timed(&mut kit, TimerOptions::once(first));
    kit.end(a);
    kit.log();
    assert_eq!(kit.shard.counts().timers, 0);
    kit.advance(secs(2));
    assert_eq!(kit.log(), Vec::<String>::new());
}

#[test]
fn r_tm_09_the_activity_of_an_expired_timer() {
    let mut kit = Kit::new();
    let first = kit.now.wall + secs(1);
    let a = timed(&mut kit, TimerOptions::once(first));
    kit.advance(secs(2));
    kit.on::<0>(move |data, cx, _| {
        let known = cx.timer_activity(data.timer.unwrap());
        data.n = u64::from(known == Some(a));
        Ok(())
    });
    kit.fire(a, Pong(1));
    kit.run();
    assert_eq!(kit.shard.entities().next().unwrap().state[0], 1);
}

#[test]
fn r_tm_04_a_timer_event_can_be_initial() {
    use strowger::timer::Timer;
    let mut kit = Kit::new();
    let first = kit.now.wall + secs(1);
    kit.service::<1>(Spec::new().initial::<Timer<Tick>>(crate::harness::initial()));
    timed(&mut kit, TimerOptions::once(first));
    kit.advance(secs(1));
    assert_eq!(
        kit.log(),
        ["B: tick 7 missed 0 left 0", "A: tick 7 missed 0 left 0"]
    );
}

#[test]
fn r_tm_07_what_the_event_tells() {
    use strowger::timer::{Expiry, Timer};
    let mut kit = Kit::new();
    let first = kit.now.wall + secs(1);
    kit.service::<0>(Spec::usual());
    let seen = shared(Vec::new());
    let note = seen.clone();
    kit.on::<0>(move |data, cx, call| {
        if let Some(tick) = call.get::<Timer<Tick>>() {
            assert_eq!(Some(tick.expiry.id), data.timer);
            note.lock().unwrap().push(tick.expiry);
        } else {
            let options = TimerOptions::periodic(first, secs(1), 3);
            data.timer = Some(cx.timer_with(cx.activity().unwrap(), options, &Tick(7))?);
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(0));
    kit.run();
    kit.leap(millis(1400));
    kit.advance(secs(3));
    let told: Vec<_> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|e: &Expiry| (e.scheduled, e.actual, e.remaining))
        .collect();
    let expected = [
        (first, first + millis(400), 2),
        (first + secs(1), first + secs(1), 1),
        (first + secs(2), first + secs(2), 0),
    ];
    assert_eq!(told, expected);
    for expiry in seen.lock().unwrap().iter() {
        assert_eq!((expiry.period, expiry.repetitions), (Some(secs(1)), 3));
    }
    assert_eq!(kit.shard.metrics().panics, 0);
}

#[test]
fn r_tm_08_referenced_until_the_last_occurrence_was_routed() {
    let mut kit = Kit::new();
    let first = kit.now.wall + secs(1);
    kit.service::<0>(Spec::usual());
    kit.on::<0>(move |_, cx, _| {
        let a = cx.activity().unwrap();
        cx.timer_with(a, TimerOptions::periodic(first, secs(1), 2), &Tick(1))?;
        cx.detach(a);
        Ok(())
    });
    let a = kit.start_with(strowger::ra::ActivityFlags {
        report_end: false,
        report_unreferenced: true,
    });
    kit.fire(a, Ping(0));
    assert_eq!(kit.log(), ["A: ping(0)"]);
    kit.advance(millis(1999));
    assert_eq!(kit.log(), Vec::<String>::new());
    kit.advance(millis(1));
    assert_eq!(kit.log(), ["ra: unreferenced"]);
}

#[test]
fn r_tm_09_no_activity_when_it_has_ended() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let (a, b) = (kit.start(), kit.start());
    kit.on::<0>(move |data, cx, call| {
        if call.is::<Ping>() {
            data.timer = Some(cx.timer(b, secs(1), Tick(1)));
            assert_eq!(cx.timer_activity(data.timer.unwrap()), Some(b));
        } else {
            assert_eq!(cx.timer_activity(data.timer.unwrap()), None);
        }
        Ok(())
    });
    kit.fire(a, Ping(1));
    kit.run();
    kit.end(b);
    kit.fire(a, Pong(1));
    assert_eq!(kit.log(), ["A: ping(1)", "A: pong(1)"]);
    assert_eq!(kit.shard.metrics().panics, 0);
}
