//! Usage parameters and their thresholds (R-US).

use crate::harness::{Kit, Ping, Spec, say};
use std::time::Duration;
use strowger::alarm::Severity;
use strowger::id::ServiceIx;
use strowger::prelude::{Counter, Sample, Usage, UsageSet};
use strowger::sbb::{ChildDecl, Sbb, SbbDescriptor};
use strowger::time::{millis, secs};
use strowger::usage::{ParameterKind, Reading};
use strowger::{Error, OpError};
use strowger_kernel::{
    Durability, InstallError, Measure, ServiceOptions, ShardOutput, Side, Threshold, UsageError,
    UsageOptions,
};

/// What the toys count.
#[derive(Usage)]
pub(crate) struct Calls {
    /// Calls that were tried.
    tried: Counter,
    /// From the first message to the answer.
    ///
    /// Not told to operators: a second paragraph.
    #[usage(unit = "ms")]
    setup: Sample,
}

#[derive(Usage)]
struct Other {
    tried: Counter,
}

/// `Ping(n)` counts once and adds the sample n, in the unnamed set; with 1000 and more the delivery fails after it.
pub(crate) fn script(kit: &mut Kit) {
    kit.on::<0>(|_, cx, call| {
        if let Some(Ping(n)) = call.get::<Ping>() {
            let calls: UsageSet<Calls> = cx.usage()?;
            calls.tried.increment();
            calls.setup.record(u64::from(*n));
            if *n >= 1000 {
                return Err(Error::msg("and yet"));
            }
        }
        Ok(())
    });
}

fn kit() -> (Kit, ServiceIx) {
    let mut kit = Kit::new();
    let service = kit.service::<0>(Spec::usual().counts::<Calls>(&["vip"]));
    script(&mut kit);
    (kit, service)
}

fn ping(kit: &mut Kit, n: u32) {
    let a = kit.start();
    kit.fire(a, Ping(n));
    kit.run();
    kit.end(a);
    kit.run();
}

fn tried(kit: &Kit, service: ServiceIx, set: &str) -> u64 {
    let found = kit.shard.usage(service, None, Some(set));
    match found.first().and_then(|set| set.values.first()) {
        Some((_, Reading::Counter(n))) => *n,
        other => panic!("{other:?}"),
    }
}

#[test]
fn r_us_01_a_set_is_counters_and_samples_each_of_one_name() {
    let words: Vec<_> = Calls::PARAMETERS
        .iter()
        .map(|p| (p.name, p.kind, p.unit, p.help))
        .collect();
    assert_eq!(
        words,
        [
            (
                "tried",
                ParameterKind::Counter,
                "",
                "Calls that were tried."
            ),
            (
                "setup",
                ParameterKind::Sample,
                "ms",
                "From the first message to the answer."
            ),
        ]
    );
}

#[test]
fn r_us_01_an_sbb_has_one_kind_of_sets() {
    let mut kit = Kit::new();
    let spec = Spec::usual().counts::<Calls>(&[]).counts::<Other>(&[]);
    let refused = kit.try_install::<0>(spec);
    assert!(
        matches!(refused, Err(InstallError::UsageTypes(sbb)) if sbb.name == "toy-a"),
        "{refused:?}"
    );
}

#[test]
fn r_us_02_there_is_one_unnamed_set_and_named_ones_of_management() {
    let (mut kit, service) = kit();
    kit.on::<0>(|_, cx, call| {
        if let Some(Ping(n)) = call.get::<Ping>() {
            let name = format!("trunk-{n}");
            match cx.usage_set::<Calls>(&name) {
                Ok(set) => set.tried.increment(),
                Err(error) => say(cx, &error.to_string()),
            }
            let other = cx.usage::<Other>();
            assert!(matches!(other, Err(OpError::NoUsage)));
        }
        Ok(())
    });
    let now = kit.now;
    kit.shard
        .create_usage_set(now, service, None, "trunk-1")
        .unwrap();
    let again = kit.shard.create_usage_set(now, service, None, "trunk-1");
    assert_eq!(again, Err(UsageError::SetTaken("trunk-1".into())));
    ping(&mut kit, 1);
    assert_eq!(tried(&kit, service, "trunk-1"), 1);
    let a = kit.start();
    kit.fire(a, Ping(2));
    assert_eq!(kit.run(), ["there is no such set of usage parameters"]);

    kit.shard
        .remove_usage_set(service, Some("toy-a"), "trunk-1")
        .unwrap();
    kit.fire(a, Ping(1));
    assert_eq!(kit.run(), ["there is no such set of usage parameters"]);
    let gone = kit.shard.remove_usage_set(service, None, "trunk-1");
    assert_eq!(gone, Err(UsageError::NoSet("trunk-1".into())));
    let own = kit.shard.remove_usage_set(service, None, "vip");
    assert_eq!(own, Err(UsageError::Fixed("vip".into())));
    let bad = kit.shard.create_usage_set(now, service, None, "a b");
    assert_eq!(bad, Err(UsageError::BadName("a b".into())));
    let nobody = kit.shard.create_usage_set(now, service, Some("x"), "a");
    assert_eq!(nobody, Err(UsageError::NoSbb("x".into())));
}

#[test]
fn r_us_02_an_sbb_of_two_services_has_separate_sets() {
    /// Another root with the same child.
    fn over(n: u8) -> SbbDescriptor {
        let mut descriptor = crate::harness::Toy::<0>::descriptor();
        descriptor.component.name = ["over-a", "over-b"][usize::from(n)];
        descriptor.handlers.clear();
        descriptor.children = vec![ChildDecl::of::<crate::harness::Toy<0>>(0)];
        descriptor
    }
    let mut kit = Kit::new();
    kit.child::<0>(Spec::usual().counts::<Calls>(&[]));
    let mut services = Vec::new();
    for n in 0..2 {
        let mut def = strowger::service::ServiceDef::of::<crate::harness::Toy<0>>();
        def.root = over(n);
        def.component = def.root.component;
        let options = ServiceOptions::new(def.component.name, &def);
        services.push(kit.shard.install_service(def, options).unwrap());
    }
    let now = kit.now;
    kit.shard
        .create_usage_set(now, services[0], Some("toy-a"), "one")
        .unwrap();
    assert_eq!(kit.shard.usage(services[0], None, None).len(), 2);
    assert_eq!(kit.shard.usage(services[1], None, None).len(), 1);
}

#[test]
fn r_us_02_sets_that_the_code_or_the_configuration_names_are_there() {
    let (mut kit, service) = kit();
    let options = |sets: &[&str]| UsageOptions {
        sets: sets.iter().map(|set| (*set).to_owned()).collect(),
        thresholds: Vec::new(),
    };
    let names = |kit: &Kit| -> Vec<_> {
        let sets = kit.shard.usage(service, None, None).into_iter();
        sets.map(|reading| reading.set.to_string()).collect()
    };
    let now = kit.now;
    assert_eq!(names(&kit), ["", "vip"]);
    kit.shard
        .configure_usage(now, service, &options(&["b", "a"]))
        .unwrap();
    assert_eq!(names(&kit), ["", "a", "b", "vip"]);
    kit.shard.create_usage_set(now, service, None, "c").unwrap();
    kit.shard
        .configure_usage(now, service, &options(&["b"]))
        .unwrap();
    assert_eq!(names(&kit), ["", "b", "c", "vip"]);
    let bad = kit.shard.configure_usage(now, service, &options(&[""]));
    assert_eq!(bad, Err(UsageError::BadName(String::new())));
    let plain = kit.service::<1>(Spec::usual());
    let none = kit.shard.configure_usage(now, plain, &options(&["a"]));
    assert_eq!(none, Err(UsageError::None));
}

#[test]
fn there_are_never_more_sets_than_the_limit() {
    let mut kit = Kit::new();
    kit.options.limits.usage_sets = 3;
    kit.restart(Duration::ZERO);
    let service = kit.service::<0>(Spec::usual().counts::<Calls>(&["vip"]));
    let now = kit.now;
    kit.shard.create_usage_set(now, service, None, "a").unwrap();
    let more = kit.shard.create_usage_set(now, service, None, "b");
    assert_eq!(more, Err(UsageError::TooMany));
    let refused = kit.try_install::<1>(Spec::usual().counts::<Calls>(&[]));
    assert!(
        matches!(refused, Err(InstallError::Usage { .. })),
        "{refused:?}"
    );
}

#[test]
fn r_us_03_a_sample_has_number_least_greatest_and_mean() {
    let (mut kit, service) = kit();
    let setup = |kit: &Kit| match &kit.shard.usage(service, None, Some(""))[0].values[1] {
        (_, Reading::Sample(sample)) => sample.clone(),
        other => panic!("{other:?}"),
    };
    let empty = setup(&kit);
    assert_eq!((empty.count, empty.min, empty.max), (0, u64::MAX, u64::MIN));
    assert!(empty.mean().abs() < f64::EPSILON);
    for n in [3, 5, 10] {
        ping(&mut kit, n);
    }
    let three = setup(&kit);
    assert_eq!((three.count, three.min, three.max), (3, 3, 10));
    assert!((three.mean() - 6.0).abs() < f64::EPSILON);
    assert_eq!(three.per_mille(500), Some(5));
}

#[test]
fn r_us_03_sets_are_reset_one_by_one_or_all_of_a_service() {
    let (mut kit, service) = kit();
    ping(&mut kit, 1);
    ping(&mut kit, 1);
    kit.advance(secs(5));
    let now = kit.now;
    assert_eq!(
        kit.shard.reset_usage(now, service, None, Some("vip")),
        Ok(1)
    );
    assert_eq!(tried(&kit, service, ""), 2);
    assert_eq!(
        kit.shard.reset_usage(now, service, Some("toy-a"), None),
        Ok(2)
    );
    assert_eq!(tried(&kit, service, ""), 0);
    let sets = kit.shard.usage(service, None, None);
    assert!(sets.iter().all(|set| set.since == now.wall));
    let unknown = kit.shard.reset_usage(now, service, None, Some("x"));
    assert_eq!(unknown, Err(UsageError::NoSet("x".into())));
    assert_eq!(
        kit.shard.reset_usage(now, ServiceIx(9), None, None),
        Err(UsageError::NoService)
    );
}

#[test]
fn r_us_05_what_was_counted_stays_when_the_delivery_rolls_back() {
    let (mut kit, service) = kit();
    ping(&mut kit, 1000);
    assert_eq!(kit.shard.metrics().rollbacks, 1);
    assert_eq!(tried(&kit, service, ""), 1);
}

#[test]
fn what_was_counted_and_what_management_made_ends_with_the_process() {
    let mut kit = Kit::new();
    let spec = Spec::usual().counts::<Calls>(&[]);
    let service = kit.service_in::<0>(spec, Durability::Strict);
    script(&mut kit);
    ping(&mut kit, 1);
    let now = kit.now;
    kit.shard.create_usage_set(now, service, None, "a").unwrap();
    kit.restart(secs(1));
    assert_eq!(tried(&kit, service, ""), 0);
    assert_eq!(kit.shard.usage(service, None, None).len(), 1);
    assert_eq!(kit.shard.usage(service, None, None)[0].since, kit.now.wall);
}

// ---- thresholds

/// More than ten calls a second, over ten seconds.
pub(crate) fn busy() -> Threshold {
    Threshold {
        name: "busy".into(),
        sbb: None,
        set: String::new(),
        parameter: "tried".into(),
        measure: Measure::Rate,
        side: Side::Above,
        value: 1.0,
        clear: None,
        window: secs(10),
        raise_after: Duration::ZERO,
        clear_after: Duration::ZERO,
        severity: Severity::Minor,
    }
}

pub(crate) fn watch(kit: &mut Kit, service: ServiceIx, threshold: Threshold) {
    let options = UsageOptions {
        sets: Vec::new(),
        thresholds: vec![threshold],
    };
    let now = kit.now;
    kit.shard.configure_usage(now, service, &options).unwrap();
}

/// So many calls, and then the end of a window of ten seconds; gives the changes of alarms.
pub(crate) fn window(kit: &mut Kit, calls: u32) -> Vec<String> {
    for _ in 0..calls {
        ping(kit, 100);
    }
    pass(kit, secs(10))
}

pub(crate) fn pass(kit: &mut Kit, time: Duration) -> Vec<String> {
    let end = kit.now + time;
    let mut told = Vec::new();
    loop {
        while kit.shard.run(kit.now, 1000) {}
        while let Some(output) = kit.shard.poll_output() {
            if let ShardOutput::ServiceAlarm(alarm) = output {
                let sign = if alarm.raised { '+' } else { '-' };
                told.push(format!(
                    "{sign}{} {}: {}",
                    alarm.kind, alarm.instance, alarm.text
                ));
            }
        }
        match kit.shard.deadline() {
            Some(at) if at <= end.mono => {
                kit.now = kit.now + (at - kit.now.mono);
                kit.shard.timeout(kit.now);
            }
            _ => {
                kit.now = end;
                return told;
            }
        }
    }
}

pub(crate) const RAISED: &str = "+threshold_crossed busy: tried: rate per second is 1.1, above 1";
pub(crate) const CLEARED: &str = "-threshold_crossed busy: tried: rate per second is 1.1, above 1";

#[test]
fn r_us_04_touching_and_turning_back_is_no_crossing() {
    let (mut kit, service) = kit();
    watch(&mut kit, service, busy());
    for calls in [9, 10, 9] {
        assert_eq!(window(&mut kit, calls), [""; 0], "{calls}");
    }
    assert_eq!(window(&mut kit, 9), [""; 0]);
    assert_eq!(window(&mut kit, 10), [""; 0]);
    assert_eq!(window(&mut kit, 11), [RAISED]);
    assert_eq!(window(&mut kit, 12), [""; 0], "it stands");
    assert_eq!(window(&mut kit, 10), [CLEARED]);
}

#[test]
fn r_us_04_an_alarm_waits_until_it_has_been_beyond_for_long_enough() {
    let (mut kit, service) = kit();
    watch(
        &mut kit,
        service,
        Threshold {
            raise_after: secs(20),
            clear_after: secs(10),
            clear: Some(0.5),
            ..busy()
        },
    );
    assert_eq!(window(&mut kit, 11), [""; 0]);
    assert_eq!(window(&mut kit, 11), [""; 0], "for ten seconds");
    assert_eq!(window(&mut kit, 3), [""; 0], "and again from the start");
    assert_eq!(window(&mut kit, 11), [""; 0]);
    assert_eq!(window(&mut kit, 11), [""; 0]);
    assert_eq!(window(&mut kit, 11), [RAISED]);
    assert_eq!(window(&mut kit, 5), [""; 0], "back since now");
    assert_eq!(window(&mut kit, 6), [""; 0], "not far enough");
    assert_eq!(window(&mut kit, 5), [""; 0]);
    assert_eq!(window(&mut kit, 5), [CLEARED]);
}

#[test]
fn r_us_04_a_percentile_is_that_of_its_window() {
    let (mut kit, service) = kit();
    let slow = Threshold {
        parameter: "setup".into(),
        measure: Measure::PerMille(950),
        value: 200.0,
        ..busy()
    };
    watch(&mut kit, service, slow);
    (0..3).for_each(|_| ping(&mut kit, 900));
    assert_eq!(
        pass(&mut kit, secs(10)),
        ["+threshold_crossed busy: setup: p95 is 900, above 200"]
    );
    assert_eq!(
        window(&mut kit, 1),
        ["-threshold_crossed busy: setup: p95 is 900, above 200"]
    );
    assert_eq!(window(&mut kit, 0), [""; 0]);
}

#[test]
fn r_us_04_too_little_counts_as_well_but_not_of_a_service_that_is_not_active() {
    let (mut kit, service) = kit();
    let idle = Threshold {
        side: Side::Below,
        value: 0.5,
        ..busy()
    };
    watch(&mut kit, service, idle.clone());
    assert_eq!(window(&mut kit, 5), [""; 0]);
    assert_eq!(window(&mut kit, 4).len(), 1);
    kit.shard.deactivate_services(kit.now, &[service]).unwrap();
    assert_eq!(
        pass(&mut kit, secs(60)).len(),
        1,
        "cleared with its service"
    );
}

#[test]
fn r_us_04_a_total_goes_back_when_the_set_is_reset() {
    let (mut kit, service) = kit();
    let many = Threshold {
        measure: Measure::Total,
        value: 10.0,
        ..busy()
    };
    watch(&mut kit, service, many);
    assert_eq!(window(&mut kit, 11).len(), 1);
    let now = kit.now;
    kit.shard.reset_usage(now, service, None, None).unwrap();
    assert_eq!(pass(&mut kit, secs(9)), [""; 0]);
    assert_eq!(pass(&mut kit, secs(1)).len(), 1);
}

#[test]
fn a_threshold_that_goes_takes_its_alarm_with_it() {
    let (mut kit, service) = kit();
    watch(&mut kit, service, busy());
    assert_eq!(window(&mut kit, 11), [RAISED]);
    watch(&mut kit, service, busy());
    assert_eq!(pass(&mut kit, millis(1)), [""; 0], "the same one goes on");
    let other = Threshold {
        name: "other".into(),
        ..busy()
    };
    watch(&mut kit, service, other);
    assert_eq!(pass(&mut kit, millis(1)), [CLEARED]);
    assert!(kit.shard.deadline().is_some());
    let now = kit.now;
    let none = UsageOptions::default();
    kit.shard.configure_usage(now, service, &none).unwrap();
    assert_eq!(kit.shard.deadline(), None, "nothing is to be measured");
}

#[test]
fn a_threshold_that_cannot_be_measured_is_refused() {
    let (mut kit, service) = kit();
    let now = kit.now;
    let mut refused = |threshold: Threshold| {
        let options = UsageOptions {
            sets: Vec::new(),
            thresholds: vec![threshold],
        };
        let refused = kit.shard.configure_usage(now, service, &options);
        refused.unwrap_err().to_string()
    };
    assert_eq!(
        refused(Threshold {
            parameter: "x".into(),
            ..busy()
        }),
        "threshold `busy`: no SBB has usage parameter `x`"
    );
    assert_eq!(
        refused(Threshold {
            sbb: Some("x".into()),
            ..busy()
        }),
        "threshold `busy`: no SBB has usage parameter `tried`"
    );
    assert_eq!(
        refused(Threshold {
            measure: Measure::PerMille(500),
            ..busy()
        }),
        "threshold `busy`: `tried` is a counter, which has no percentile"
    );
    assert_eq!(
        refused(Threshold {
            clear: Some(2.0),
            ..busy()
        }),
        "threshold `busy`: `clear` lies beyond `value`"
    );
    assert_eq!(
        refused(Threshold {
            window: millis(999),
            ..busy()
        }),
        "threshold `busy`: `window` is a second at least"
    );
    let twice = UsageOptions {
        sets: Vec::new(),
        thresholds: vec![busy(), busy()],
    };
    let refused = kit.shard.configure_usage(now, service, &twice);
    assert_eq!(refused, Err(UsageError::ThresholdTaken("busy".into())));
}

#[test]
fn the_same_check_is_made_before_a_service_is_installed() {
    let mut kit = Kit::new();
    kit.child::<0>(Spec::usual().counts::<Calls>(&[]));
    let def = strowger::service::ServiceDef::of::<crate::harness::Toy<0>>();
    let mut options = UsageOptions {
        sets: vec!["a".into()],
        thresholds: vec![busy()],
    };
    assert_eq!(options.check(&def), Ok(()));
    options.thresholds[0].parameter = "x".into();
    assert!(matches!(
        options.check(&def),
        Err(UsageError::NoParameter { .. })
    ));
}
