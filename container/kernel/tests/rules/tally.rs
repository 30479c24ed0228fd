//! What is counted by service, SBB, event type and adaptor entity. That it agrees with what there is, the model checks.

use crate::harness::{Kit, Ping, Pong, Spec, Tick, Toy};
use std::cell::Cell;
use std::time::Duration;
use strowger::Error;
use strowger::event::Event;
use strowger::time::Mono;
use strowger_kernel::{EventTally, ServiceTally, Stopwatch};

/// Each look is a microsecond after the last.
#[derive(Default)]
struct Ticking(Cell<u64>);

impl Stopwatch for Ticking {
    fn read(&self) -> Mono {
        self.0.set(self.0.get() + 1);
        Mono(self.0.get() * 1_000)
    }
}

fn tally<E: Event>(kit: &Kit) -> EventTally {
    let found = kit
        .shard
        .event_tallies()
        .find(|(event, _)| *event == E::TYPE);
    found.unwrap().1
}

#[test]
fn deliveries_count_with_the_sbb_and_failures_with_the_service() {
    let mut kit = Kit::new();
    kit.child::<1>(Spec::new().receives::<Pong>());
    let service = kit.service::<0>(Spec::usual().child::<1>(0));
    let other = kit.service::<2>(Spec::new());
    kit.on::<0>(|data, cx, _| {
        data.n += 1;
        match data.n {
            1 => cx.create::<Toy<1>>().map(drop)?,
            2 => return Err(Error::msg("no")),
            _ => panic!("never"),
        }
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(2));
    kit.run();
    kit.on::<0>(|_, _, _| panic!("never"));
    kit.fire(a, Ping(3));
    kit.run();
    let sbbs: Vec<_> = kit
        .shard
        .sbb_tallies(service)
        .map(|(_, tally)| tally)
        .collect();
    let counted: Vec<_> = sbbs
        .iter()
        .map(|sbb| (sbb.entities, sbb.deliveries))
        .collect();
    assert_eq!(counted, [(1, 3), (1, 0)]);
    let tally = kit.shard.service_tally(service).unwrap();
    assert_eq!((tally.rollbacks, tally.panics), (2, 1));
    assert_eq!(
        kit.shard.service_tally(other),
        Some(ServiceTally::default())
    );
}

#[test]
fn events_count_by_type_also_those_that_nobody_receives_and_those_refused() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.run();
    let b = kit.start();
    kit.fire(b, Pong(1));
    kit.run();
    let ping = EventTally {
        fired: 1,
        routed: 1,
        deliveries: 1,
        ..EventTally::default()
    };
    assert_eq!(tally::<Ping>(&kit), ping);
    let pong = tally::<Pong>(&kit);
    assert_eq!((pong.fired, pong.unreceived), (1, 1));
    let most = kit.options.limits.events_per_activity;
    for n in 0..=most {
        let fired = kit.ra(move |cx| cx.fire(b, Ping(n as _)));
        assert_eq!(fired.is_ok(), n < most, "{n}");
    }
    assert_eq!(tally::<Ping>(&kit).refused, 1);
    let ra = kit.shard.adaptor_tally(kit.ra).unwrap();
    assert_eq!((ra.activities, ra.events), (2, 2 + u64::from(most)));
}

#[test]
fn one_delivery_in_61_is_timed_the_first_among_them() {
    let mut kit = Kit::new();
    let service = kit.service::<0>(Spec::usual());
    let untimed = kit.shard.service_tally(service).unwrap();
    assert_eq!(untimed.times.count(), 0);
    kit.shard.time_deliveries(Box::new(Ticking::default()));
    let a = kit.start();
    for n in 0..(61 * 3) {
        kit.fire(a, Ping(n as _));
        kit.run();
    }
    let tally = kit.shard.service_tally(service).unwrap();
    assert_eq!(tally.times.count(), 3);
    assert_eq!(
        Duration::from_nanos(tally.times.sum_ns),
        Duration::from_micros(3)
    );
}

#[test]
fn a_timer_that_is_served_late_counts_as_late() {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    let a = kit.start();
    kit.on::<0>(move |_, cx, call| {
        if call.is::<Ping>() {
            cx.timer(a, Duration::from_secs(1), Tick(1));
        }
        Ok(())
    });
    for (wait, late) in [(1_100, 0), (1_101, 1)] {
        kit.fire(a, Ping(1));
        kit.run();
        kit.leap(Duration::from_millis(wait));
        assert_eq!(kit.shard.metrics().timers_late, late);
    }
}
