//! Usage and tracers of a service that is under test.

use std::time::Duration;
use strowger::prelude::*;
use strowger_testkit::{Measure, Side, TestKit, Threshold};

#[derive(Usage)]
struct Work {
    /// Times that it woke.
    woken: Counter,
    /// How long it slept.
    #[usage(unit = "s")]
    slept: Sample,
}

#[derive(Default, State)]
struct Sleeper {
    woken: u64,
}

#[derive(Clone, Debug, Event)]
struct Wake;

const NIGHTS: Tracer = Tracer::new("nights");

#[sbb(name = "sleeper", vendor = "org.example", version = "1.0")]
impl Sleeper {
    #[on(initial)]
    fn started(&mut self, cx: &mut Cx, _ev: &ServiceStarted, Aci(own): Aci<ServiceActivity>) {
        cx.timer(own, secs(1), Wake);
    }

    #[on]
    fn woken(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<Wake>,
        Aci(own): Aci<ServiceActivity>,
        work: UsageSet<Work>,
        #[set("code")] code: UsageSet<Work>,
    ) -> Result {
        self.woken += 1;
        work.woken.increment();
        code.woken.add(2);
        cx.usage_set::<Work>("plan")?.slept.record(self.woken);
        cx.trace(NIGHTS, Level::Debug, format_args!("night {}", self.woken));
        cx.timer(own, secs(self.woken), Wake);
        Ok(())
    }
}

fn kit() -> TestKit {
    let busy = Threshold {
        name: "restless".into(),
        sbb: None,
        set: String::new(),
        parameter: "woken".into(),
        measure: Measure::Total,
        side: Side::Above,
        value: 2.0,
        clear: None,
        window: Duration::from_secs(1),
        raise_after: Duration::ZERO,
        clear_after: Duration::ZERO,
        severity: Severity::Warning,
    };
    TestKit::strict()
        .service(ServiceDef::of::<Sleeper>())
        .usage_sets("sleeper", &["plan"])
        .threshold("sleeper", busy)
}

#[test]
fn what_a_service_counts_is_seen() {
    let mut kit = kit();
    kit.advance(secs(2));
    assert_eq!(kit.usage_counter("sleeper", "", "woken"), 2);
    assert_eq!(kit.usage_counter("sleeper", "code", "woken"), 4);
    let slept = kit.usage_sample("sleeper", "plan", "slept");
    assert_eq!((slept.count, slept.max), (2, 2));
    assert!(kit.alarms().is_empty());
    kit.advance(secs(5));
    assert_eq!(kit.alarms(), ["threshold_crossed (restless) raised"]);
}

#[test]
fn what_tracers_let_pass_is_seen() {
    let mut kit = kit();
    kit.advance(secs(1));
    assert!(kit.traces().is_empty());
    kit.trace_level("service.sleeper", Level::Debug);
    kit.advance(secs(1));
    assert_eq!(
        kit.traces(),
        ["debug service.sleeper.sleeper.nights: night 2"]
    );
}

#[test]
#[should_panic(expected = "no counter `slept`")]
fn a_parameter_of_another_kind_is_none() {
    let _ = kit().usage_counter("sleeper", "", "slept");
}
