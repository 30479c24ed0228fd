//! Tracers (R-TR).

use crate::harness::{Kit, Ping, Spec};
use strowger::Error;
use strowger::tracer::{Level, Tracer};
use strowger_kernel::{AlarmSource, ShardOutput, TracerError};

const ROUTES: Tracer = Tracer::new("routes");
const BEST: Tracer = Tracer::new("routes.best");

/// A service that says something at every level for each `Ping(1)`; at `Ping(2)` it fails besides.
pub(crate) fn kit() -> Kit {
    let mut kit = Kit::new();
    kit.service::<0>(Spec::usual());
    kit.on::<0>(|_, cx, call| {
        let Some(Ping(n)) = call.get::<Ping>() else {
            return Ok(());
        };
        for tracer in [Tracer::OWN, ROUTES, BEST] {
            for level in Level::ALL {
                let before = cx.traces(tracer, level);
                cx.trace(tracer, level, format_args!("{n} left"));
                assert_eq!(cx.traces(tracer, level), before);
            }
        }
        if *n == 2 {
            return Err(Error::msg("and yet"));
        }
        Ok(())
    });
    kit
}

/// What passes for one call, by the names below the SBB's: `routes=debug`.
fn passed(kit: &mut Kit, n: u32) -> Vec<String> {
    let a = kit.start();
    kit.fire(a, Ping(n));
    while kit.shard.run(kit.now, 1000) {}
    let mut passed = Vec::new();
    while let Some(output) = kit.shard.poll_output() {
        if let ShardOutput::Trace(message) = output {
            assert_eq!(message.text, format!("{n} left"));
            assert!(matches!(message.source, AlarmSource::Service(_)));
            assert!(message.entity.is_some() && message.activity == Some(a));
            let name = message.tracer.strip_prefix("service.toy-0.toy-a");
            passed.push(format!("{}={}", name.unwrap(), message.level));
        }
    }
    kit.end(a);
    kit.run();
    passed
}

pub(crate) fn assign(kit: &mut Kit, path: &str, level: Level) {
    kit.shard.assign_level(path, Some(level)).unwrap();
}

#[test]
fn r_tr_01_the_root_has_a_level_which_is_that_of_all_below() {
    let mut kit = kit();
    let levels: Vec<_> = kit.shard.levels().collect();
    assert_eq!(levels, [("", Level::Info)]);
    assert_eq!(kit.shard.level_of("service.toy-0.toy-a"), Level::Info);
    assert_eq!(
        kit.shard.assign_level("", None),
        Err(TracerError::Root),
        "the root's cannot be taken away"
    );
    assign(&mut kit, "", Level::Error);
    assert_eq!(
        passed(&mut kit, 1),
        ["=error", ".routes=error", ".routes.best=error"]
    );
    assign(&mut kit, "", Level::Off);
    assert_eq!(passed(&mut kit, 1), [""; 0]);
}

#[test]
fn r_tr_01_a_level_is_its_own_or_that_of_the_nearest_above() {
    let mut kit = kit();
    assign(&mut kit, "", Level::Off);
    assign(&mut kit, "service.toy-0.toy-a.routes", Level::Warn);
    assert_eq!(
        passed(&mut kit, 1),
        [
            ".routes=error",
            ".routes=warn",
            ".routes.best=error",
            ".routes.best=warn"
        ]
    );
    assign(&mut kit, "service.toy-0.toy-a.routes.best", Level::Off);
    assign(&mut kit, "service", Level::Error);
    assert_eq!(
        passed(&mut kit, 1),
        ["=error", ".routes=error", ".routes=warn"]
    );
    kit.shard
        .assign_level("service.toy-0.toy-a.routes", None)
        .unwrap();
    assert_eq!(passed(&mut kit, 1), ["=error", ".routes=error"]);
    assert_eq!(
        kit.shard.level_of("service.toy-0.toy-a.routes.other"),
        Level::Error
    );
}

#[test]
fn r_tr_01_no_part_of_a_name_is_empty_and_case_counts() {
    let mut kit = kit();
    for wrong in ["a..b", ".", "a."] {
        let refused = kit.shard.assign_level(wrong, Some(Level::Debug));
        assert_eq!(refused, Err(TracerError::BadPath), "{wrong}");
    }
    assign(&mut kit, "", Level::Off);
    assign(&mut kit, "service.toy-0.TOY-A", Level::Trace);
    assert_eq!(passed(&mut kit, 1), [""; 0]);
    for n in 0..999 {
        assign(&mut kit, &format!("a.{n}"), Level::Info);
    }
    let more = kit.shard.assign_level("b", Some(Level::Info));
    assert_eq!(more, Err(TracerError::TooMany));
    assign(&mut kit, "a.5", Level::Debug);
}

#[test]
fn r_tr_02_a_message_passes_whose_level_is_not_below_the_tracers() {
    let mut kit = kit();
    assign(&mut kit, "service.toy-0", Level::Off);
    for (from, level) in Level::ALL.into_iter().enumerate() {
        assign(&mut kit, "service.toy-0.toy-a", level);
        assert_eq!(passed(&mut kit, 1).len(), 3 * from, "{level}");
        assert_eq!(kit.shard.most_traced(), level.max(Level::Info));
    }
    // What a tracer below lets pass does not pass above it.
    assign(&mut kit, "service.toy-0.toy-a", Level::Error);
    assign(&mut kit, "service.toy-0.toy-a.routes", Level::Warn);
    assert_eq!(
        passed(&mut kit, 1),
        [
            "=error",
            ".routes=error",
            ".routes=warn",
            ".routes.best=error",
            ".routes.best=warn"
        ]
    );
}

#[test]
fn r_tr_02_it_passes_whatever_becomes_of_the_delivery() {
    let mut kit = kit();
    assign(&mut kit, "service.toy-0.toy-a", Level::Error);
    assert_eq!(passed(&mut kit, 2).len(), 3);
    assert_eq!(kit.shard.metrics().rollbacks, 1);
}

#[test]
fn r_tr_02_tracers_that_were_used_and_those_that_have_a_level_are_listed() {
    let mut kit = kit();
    assign(&mut kit, "", Level::Off);
    assign(&mut kit, "service.toy-0.toy-a.routes", Level::Error);
    passed(&mut kit, 1);
    passed(&mut kit, 1);
    let used: Vec<_> = kit.shard.tracers_used().collect();
    assert_eq!(
        used,
        [
            ("service.toy-0.toy-a.routes", 2),
            ("service.toy-0.toy-a.routes.best", 2)
        ]
    );
    let set: Vec<_> = kit.shard.levels().collect();
    assert_eq!(
        set,
        [
            ("", Level::Off),
            ("service.toy-0.toy-a.routes", Level::Error)
        ]
    );
}

#[test]
fn r_tr_01_an_adaptor_entity_is_a_source_too() {
    let mut kit = kit();
    assign(&mut kit, "adaptor.toy", Level::Debug);
    kit.ra(|cx| {
        assert!(!cx.traces(ROUTES, Level::Trace));
        cx.trace(ROUTES, Level::Debug, format_args!("seen"));
        cx.trace(ROUTES, Level::Trace, format_args!("not seen"));
    });
    let mut passed = Vec::new();
    while let Some(output) = kit.shard.poll_output() {
        if let ShardOutput::Trace(message) = output {
            passed.push((message.tracer, message.text));
        }
    }
    assert_eq!(passed, [("adaptor.toy.routes".into(), "seen".into())]);
}
