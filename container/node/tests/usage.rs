//! Usage parameters of a service on a node in this process: sets and thresholds of the configuration, and what operators do.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::Bench;
use strowger_node::Running;
use strowger_node::control::{Cause, Refusal, Reply, Request, UsageRequest, UsageSets};
use strowger_node::status::UsageStatus;

fn sets(service: &str, set: Option<&str>) -> UsageSets {
    UsageSets {
        service: service.into(),
        sbb: None,
        set: set.map(Into::into),
    }
}

fn usage(node: &Running) -> Vec<UsageStatus> {
    match node.ask(Request::Usage(UsageRequest::Read(sets("parrot", None)))) {
        Some(Reply::Usage(sets)) => sets,
        other => panic!("no usage: {other:?}"),
    }
}

/// Names of sets, with who says that they are there.
fn names(node: &Running) -> Vec<String> {
    let sets = usage(node).into_iter();
    sets.map(|set| format!("{}:{}", set.set, set.made_by))
        .collect()
}

fn refused(reply: Option<Reply>) -> Refusal {
    match reply {
        Some(Reply::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn create(set: &str) -> Request {
    Request::Usage(UsageRequest::Create {
        service: "parrot".into(),
        sbb: None,
        set: set.into(),
    })
}

fn remove(set: &str) -> Request {
    Request::Usage(UsageRequest::Remove {
        service: "parrot".into(),
        sbb: Some("parrot".into()),
        set: set.into(),
    })
}

const RELOAD: Request = Request::Reload { check: false };

#[test]
fn r_us_02_named_sets_are_the_configurations_and_change_live() {
    let bench = Bench::new("[services.parrot]\nusage_sets = [\"b\", \"a\"]\n");
    let node = bench.start_reloading();
    assert_eq!(
        names(&node),
        [":code", "a:configuration", "b:configuration"]
    );
    assert_eq!(node.ask(create("c")), Some(Reply::Done));
    bench.rewrite("[services.parrot]\nusage_sets = [\"c\", \"b\"]\n");
    assert!(matches!(node.ask(RELOAD), Some(Reply::Reloaded(changes)) if changes.len() == 1));
    assert_eq!(
        names(&node),
        [":code", "b:configuration", "c:configuration"]
    );
    let own = refused(node.ask(remove("c")));
    assert_eq!(own.cause, Cause::State, "{}", own.reason);
    bench.rewrite("[services.parrot]\n");
    assert!(matches!(node.ask(RELOAD), Some(Reply::Reloaded(changes)) if changes.len() == 1));
    assert_eq!(names(&node), [":code"]);
}

#[test]
fn r_us_02_and_03_operators_read_reset_make_and_remove_sets() {
    let bench = Bench::new("");
    let node = bench.start();
    let udp = bench.udp(&node);
    for word in ["one", "three"] {
        udp.ask(&format!("ann {word}"));
    }
    let unnamed = &usage(&node)[0];
    assert_eq!(
        (
            &unnamed.sbb[..],
            &unnamed.set[..],
            unnamed.counters["heard"]
        ),
        ("parrot", "", 2)
    );
    let length = &unnamed.samples["length"];
    let read = (length.count, length.min, length.max, length.p50);
    assert_eq!(read, (2, 3, 5, 3));
    assert!((length.mean - 4.0).abs() < f64::EPSILON && length.unit == "bytes");

    assert_eq!(node.ask(create("trunk-1")), Some(Reply::Done));
    assert_eq!(names(&node), [":code", "trunk-1:management"]);
    assert_eq!(refused(node.ask(create("trunk-1"))).cause, Cause::State);
    let bad = refused(node.ask(create("a b")));
    assert_eq!(
        (bad.cause, bad.field.as_deref()),
        (Cause::Wrong, Some("set"))
    );
    let one = Request::Usage(UsageRequest::Read(sets("parrot", Some("trunk-1"))));
    assert!(matches!(node.ask(one), Some(Reply::Usage(sets)) if sets.len() == 1));
    assert_eq!(node.ask(remove("trunk-1")), Some(Reply::Done));
    assert_eq!(refused(node.ask(remove("trunk-1"))).cause, Cause::Unknown);

    let reset = |set| node.ask(Request::Usage(UsageRequest::Reset(sets("parrot", set))));
    assert_eq!(reset(Some("")), Some(Reply::Done));
    assert_eq!(usage(&node)[0].counters["heard"], 0);
    assert_eq!(refused(reset(Some("trunk-1"))).cause, Cause::Unknown);
    let other = UsageSets {
        sbb: Some("nobody".into()),
        ..sets("parrot", Some("trunk-1"))
    };
    let nobody = refused(node.ask(Request::Usage(UsageRequest::Read(other))));
    assert_eq!(
        (nobody.cause, nobody.field.as_deref()),
        (Cause::Unknown, Some("sbb"))
    );
    let nobody = node.ask(Request::Usage(UsageRequest::Read(sets("nobody", None))));
    assert_eq!(refused(nobody).field.as_deref(), Some("service"));
}

#[test]
fn r_us_04_a_threshold_of_the_configuration_raises_its_alarm_and_takes_it_along() {
    let bench = Bench::new(
        "[services.parrot.thresholds.loud]\nparameter = \"heard\"\nmeasure = \"total\"\nvalue = 2\nwindow = \"1s\"\nseverity = \"minor\"\n",
    );
    let node = bench.start_reloading();
    let udp = bench.udp(&node);
    for _ in 0..3 {
        udp.ask("ann hello");
    }
    let raised = || node.status().unwrap().alarms;
    bench.until(|| !raised().is_empty());
    let alarm = &raised()[0];
    assert_eq!(
        (&alarm.source[..], &alarm.name[..], &alarm.instance[..]),
        ("service parrot", "threshold_crossed", "loud")
    );
    assert_eq!(alarm.severity.word(), "minor");
    assert_eq!(alarm.text, "heard: total is 3, above 2");
    bench.rewrite("");
    assert!(matches!(node.ask(RELOAD), Some(Reply::Reloaded(_))));
    bench.until(|| raised().is_empty());
}

#[test]
fn what_cannot_be_watched_is_refused_at_its_line() {
    let bench = Bench::new("");
    let node = bench.start_reloading();
    let problems = |text: &str| -> Vec<String> {
        bench.rewrite(text);
        let refusal = refused(node.ask(Request::Reload { check: true }));
        let problems = refusal.problems.iter();
        let told = problems.map(|p| format!("{} {}: {}", p.code, p.line.unwrap_or(0), p.message));
        told.collect()
    };
    let text = "[services.parrot]
usage_sets = [\"a\", \"b c\"]
[services.parrot.thresholds.one]
parameter = \"herd\"
measure = \"rate\"
value = 1
[services.parrot.thresholds.two]
parameter = \"heard\"
measure = \"mean\"
value = 1
[services.parrot.thresholds.three]
parameter = \"length\"
measure = \"percentile\"
percentile = 100.1
value = 1
[services.parrot.thresholds.four]
parameter = \"length\"
measure = \"mean\"
value = inf
[services.parrot.thresholds.five]
parameter = \"length\"
measure = \"mean\"
value = 10
clear = 11
[services.parrot.thresholds.six]
parameter = \"length\"
measure = \"mean\"
value = 10
window = \"10ms\"
";
    assert_eq!(
        problems(text),
        [
            "CFG-017 2: `services.parrot.usage_sets.1`: `b c`: a name has 1 to 64 letters, digits, `-`, `_` and `.`",
            "CFG-017 4: `services.parrot.thresholds.one.parameter`: threshold `one`: no SBB has usage parameter `herd`",
            "CFG-017 9: `services.parrot.thresholds.two.measure`: threshold `two`: `heard` is a counter, which has no mean",
            "CFG-017 14: `services.parrot.thresholds.three.percentile`: threshold `three`: `percentile` is more than 0 and 100 at most",
            "CFG-017 19: `services.parrot.thresholds.four.value`: threshold `four`: `value` and `clear` are finite numbers",
            "CFG-017 24: `services.parrot.thresholds.five.clear`: threshold `five`: `clear` lies beyond `value`",
            "CFG-017 29: `services.parrot.thresholds.six.window`: threshold `six`: `window` is a second at least",
        ]
    );
    assert_eq!(
        problems("[services.parrot.thresholds.one]\nvalue = 1\n"),
        [
            "CFG-007 1: the key `services.parrot.thresholds.one.measure` is missing",
            "CFG-007 1: the key `services.parrot.thresholds.one.parameter` is missing",
        ]
    );
    // Not of usage: whether a version is active does not count for whether it is there twice.
    assert_eq!(
        problems("[services.y]\nkind = \"parrot\"\nactive = false\n"),
        ["CFG-022 1: the services `y` and `parrot` are both `parrot` of version 1.0"]
    );
    assert_eq!(
        problems("[limits]\nusage_sets = 2\n[services.parrot]\nusage_sets = [\"a\", \"b\"]\n"),
        [
            "CFG-017 2: `limits.usage_sets`: the services have 3 sets of usage parameters, more than `limits.usage_sets` allows"
        ]
    );
}

#[test]
fn the_limit_of_sets_counts_what_operators_have_made() {
    let limits = "[limits]\nusage_sets = 3\n";
    let bench = Bench::new(limits);
    let node = bench.start_reloading();
    assert_eq!(node.ask(create("a")), Some(Reply::Done));
    assert_eq!(node.ask(create("b")), Some(Reply::Done));
    let more = refused(node.ask(create("c")));
    assert_eq!(more.cause, Cause::State);
    assert!(
        more.reason.contains("`limits.usage_sets`"),
        "{}",
        more.reason
    );
    bench.rewrite(&format!(
        "{limits}[services.parrot]\nusage_sets = [\"d\"]\n"
    ));
    let refusal = refused(node.ask(RELOAD));
    assert_eq!(
        refusal.problems[0].key.as_deref(),
        Some("limits.usage_sets"),
        "{}",
        refusal.reason
    );
    assert_eq!(node.ask(remove("a")), Some(Reply::Done));
    assert!(matches!(node.ask(RELOAD), Some(Reply::Reloaded(_))));
    // One in place of the other needs no room.
    bench.rewrite(&format!(
        "{limits}[services.parrot]\nusage_sets = [\"e\"]\n"
    ));
    assert!(matches!(node.ask(RELOAD), Some(Reply::Reloaded(_))));
    assert_eq!(names(&node), [":code", "b:management", "e:configuration"]);
}
