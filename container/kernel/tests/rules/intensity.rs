//! Services that fail too often are deactivated, and nobody else notices.

use crate::harness::{Kit, Ping, Spec, shared};
use std::time::Duration;
use strowger::Error;
use strowger::id::ServiceIx;
use strowger::time::{millis, secs};
use strowger_kernel::{Intensity, ServiceState, ShardOutput};

const LIMITS: Intensity = Intensity {
    panics: 3,
    errors: 5,
    window: Duration::from_secs(10),
    hangs: 2,
    hang_window: Duration::from_secs(600),
};

/// Two services for `Ping`; the first panics on 13 and refuses 4.
fn two() -> (Kit, ServiceIx, ServiceIx) {
    let mut kit = Kit::new();
    let bad = kit.service::<0>(Spec::usual());
    let good = kit.service::<1>(Spec::usual());
    kit.shard.limit_failures(bad, LIMITS);
    kit.on::<0>(|_, _, call| match call.get::<Ping>() {
        Some(Ping(13)) => panic!("as the test wants"),
        Some(Ping(4)) => Err(Error::msg("no")),
        _ => Ok(()),
    });
    (kit, bad, good)
}

fn ping(kit: &mut Kit, n: u32) {
    let a = kit.start();
    kit.fire(a, Ping(n));
    kit.log();
}

#[test]
fn so_many_panics_within_the_time_deactivate_it_and_not_the_others() {
    let (mut kit, bad, good) = two();
    ping(&mut kit, 1);
    for _ in 0..2 {
        ping(&mut kit, 13);
    }
    assert_eq!(kit.shard.service_state(bad), Some(ServiceState::Active));
    let a = kit.start();
    kit.fire(a, Ping(13));
    while kit.shard.run(kit.now, 1000) {}
    let mut told = Vec::new();
    while let Some(output) = kit.shard.poll_output() {
        if let ShardOutput::ServiceFailed { service, why } = output {
            told.push((service, why));
        }
    }
    assert_eq!(told, [(bad, "3 deliveries panicked within 10s".to_owned())]);
    // The call that it has goes on.
    assert_eq!(kit.shard.service_state(bad), Some(ServiceState::Stopping));
    assert_eq!(kit.shard.service_state(good), Some(ServiceState::Active));
    assert_eq!(kit.shard.metrics().services_failed, 1);
    kit.log();
    let b = kit.start();
    kit.fire(b, Ping(1));
    assert_eq!(kit.log(), ["B: ping(1)"]);
}

#[test]
fn panics_that_are_further_apart_do_not() {
    let (mut kit, bad, _) = two();
    for _ in 0..20 {
        ping(&mut kit, 13);
        kit.advance(secs(5));
    }
    assert_eq!(kit.shard.service_state(bad), Some(ServiceState::Active));
    // Two are left of the window; the third comes within it.
    kit.advance(secs(60));
    for _ in 0..2 {
        ping(&mut kit, 13);
        kit.advance(millis(4_999));
    }
    ping(&mut kit, 13);
    assert_eq!(kit.shard.service_state(bad), Some(ServiceState::Inactive));
}

#[test]
fn errors_have_a_number_of_their_own() {
    let (mut kit, bad, _) = two();
    for n in [4, 13, 4, 13, 4, 4] {
        ping(&mut kit, n);
    }
    assert_eq!(kit.shard.service_state(bad), Some(ServiceState::Active));
    ping(&mut kit, 4);
    assert_eq!(kit.shard.service_state(bad), Some(ServiceState::Inactive));
    let metrics = kit.shard.metrics();
    assert_eq!((metrics.panics, metrics.rollbacks), (2, 7));
}

#[test]
fn without_limits_any_number_may_fail() {
    let (mut kit, bad, _) = two();
    kit.shard.limit_failures(bad, Intensity::default());
    for _ in 0..1_000 {
        ping(&mut kit, 13);
        ping(&mut kit, 4);
    }
    assert_eq!(kit.shard.service_state(bad), Some(ServiceState::Active));
}

#[test]
fn activated_again_it_begins_anew() {
    let (mut kit, bad, _) = two();
    for _ in 0..3 {
        ping(&mut kit, 13);
    }
    assert_eq!(kit.shard.service_state(bad), Some(ServiceState::Inactive));
    kit.shard.activate_services(kit.now, &[bad]).unwrap();
    for _ in 0..2 {
        ping(&mut kit, 13);
    }
    assert_eq!(kit.shard.service_state(bad), Some(ServiceState::Active));
    ping(&mut kit, 13);
    assert_eq!(kit.shard.service_state(bad), Some(ServiceState::Inactive));
}

#[test]
fn so_many_deliveries_that_hang_within_their_own_time_deactivate_it() {
    let (mut kit, bad, good) = two();
    kit.shard.count_hang(kit.now, bad);
    kit.advance(secs(700));
    kit.shard.count_hang(kit.now, bad);
    assert_eq!(kit.shard.service_state(bad), Some(ServiceState::Active));
    // A panic is no hang, and the other way round.
    ping(&mut kit, 13);
    kit.advance(secs(500));
    kit.shard.count_hang(kit.now, bad);
    kit.log();
    assert_eq!(kit.shard.service_state(bad), Some(ServiceState::Inactive));
    // It has no limits.
    for _ in 0..10 {
        kit.shard.count_hang(kit.now, good);
    }
    assert_eq!(kit.shard.service_state(good), Some(ServiceState::Active));
}

#[test]
fn two_looks_at_a_delivery_tell_whether_it_has_returned() {
    let mut kit = Kit::new();
    let service = kit.service::<0>(Spec::usual());
    let probe = kit.options.probe.clone();
    let seen = shared(Vec::new());
    let (looks, look) = (seen.clone(), probe.clone());
    kit.on::<0>(move |_, _, _| {
        let first = look.delivering();
        assert_eq!(first, look.delivering());
        looks.lock().unwrap().push(first.unwrap());
        Ok(())
    });
    let a = kit.start();
    kit.fire(a, Ping(1));
    kit.fire(a, Ping(2));
    kit.log();
    assert_eq!(probe.delivering(), None);
    let seen = seen.lock().unwrap();
    let [first, second] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert!(seen.iter().all(|one| one.service == service));
    assert_ne!(first.number, second.number);
    // The first has made the entity that receives the second.
    let made = kit.shard.entities().next().map(|entity| entity.id);
    assert_eq!((first.entity, second.entity), (None, made));
}
