//! Two versions of a service in one node, and what an operator wants of them over restarts.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::Bench;
use strowger::service::ServiceDef;
use strowger_node::control::{Cause, Reply, Request};
use strowger_node::status::ServiceStatus;
use strowger_node::{Catalog, Running, Share};

const NEWER: &str = r#"
[services."parrot@1.1"]
active = false
panics_max = 1
[services."parrot@1.1".settings]
prefix = "new "
"#;

fn service(node: &Running, name: &str) -> ServiceStatus {
    let services = node.status().unwrap().services;
    services.into_iter().find(|s| s.name == name).unwrap()
}

fn state(node: &Running, name: &str) -> String {
    service(node, name).state
}

fn canary(node: &Running, percent: u16) -> Option<Reply> {
    node.ask(Request::Canary {
        service: "parrot@1.1".into(),
        share: Share::OfTenThousand(percent * 100),
    })
}

fn replace(node: &Running, old: &str, new: &str, migrate: bool) -> Option<Reply> {
    node.ask(Request::Replace {
        old: vec![old.into()],
        new: vec![new.into()],
        migrate,
    })
}

fn rollback(node: &Running, migrate: bool) -> Option<Reply> {
    node.ask(Request::Rollback {
        service: "parrot".into(),
        migrate,
    })
}

fn cause(reply: Option<Reply>) -> Cause {
    match reply {
        Some(Reply::Refused(refusal)) => refusal.cause,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_canary_a_replacement_and_the_way_back_while_talks_are_up() {
    let bench = Bench::new(NEWER);
    let node = bench.start();
    let peer = bench.udp(&node);
    assert_eq!(peer.ask("ann hello"), "ann 1 hello");
    assert_eq!(cause(rollback(&node, false)), Cause::State);

    assert_eq!(canary(&node, 100), Some(Reply::Done));
    assert_eq!(peer.ask("bob hello"), "bob new 1 hello");
    assert_eq!(peer.ask("ann again"), "ann 2 again");
    let beside = service(&node, "parrot@1.1");
    assert_eq!(beside.canary_of.as_deref(), Some("parrot"));
    assert_eq!(beside.share.as_deref(), Some("100 %"));
    assert_eq!(rollback(&node, false), Some(Reply::Done));
    assert_eq!(peer.ask("cid hello"), "cid 1 hello");
    assert_eq!(peer.ask("bob again"), "bob new 2 again");

    let moved = replace(&node, "parrot", "parrot@1.1", true);
    assert_eq!(moved, Some(Reply::Done));
    bench.until(|| state(&node, "parrot") == "inactive");
    assert_eq!(peer.ask("ann third"), "ann new 3 third");
    assert_eq!(peer.ask("bob third"), "bob new 3 third");
    let replaced = service(&node, "parrot@1.1");
    assert_eq!(replaced.replaced.as_deref(), Some("parrot"));
    assert_eq!(replaced.entities, Some(3));

    assert_eq!(rollback(&node, false), Some(Reply::Done));
    assert_eq!(peer.ask("dan hello"), "dan 1 hello");
    assert_eq!(peer.ask("ann fourth"), "ann new 4 fourth");
    assert_eq!(state(&node, "parrot@1.1"), "stopping");
}

/// The way back is open though the new version is not active any more, for its talks as well.
#[test]
fn what_failed_too_often_is_rolled_back() {
    let bench = Bench::new(NEWER);
    let node = bench.start();
    let peer = bench.udp(&node);
    assert_eq!(
        replace(&node, "parrot", "parrot@1.1", false),
        Some(Reply::Done)
    );
    assert_eq!(peer.ask("ann hello"), "ann new 1 hello");
    peer.send("ann panic");
    bench.until(|| state(&node, "parrot@1.1") == "stopping");
    assert_eq!(rollback(&node, true), Some(Reply::Done));
    assert_eq!(peer.ask("bob hello"), "bob 1 hello");
    assert_eq!(peer.ask("ann again"), "ann 2 again");
    drop(node);
    let node = bench.start();
    assert_eq!(node.ready().services, ["parrot"]);
}

/// R-SL-04.
#[test]
fn what_an_operator_wants_of_versions_holds_over_a_restart() {
    let bench = Bench::new(NEWER);
    let node = bench.start();
    let peer = bench.udp(&node);
    assert_eq!(peer.ask("ann hello"), "ann 1 hello");
    let moved = replace(&node, "parrot", "parrot@1.1", false);
    assert_eq!(moved, Some(Reply::Done));
    drop(node);

    let node = bench.start();
    assert_eq!(node.ready().services, ["parrot@1.1"]);
    let peer = peer.again(&bench, &node);
    assert_eq!(peer.ask("ann again"), "ann 2 again");
    assert_eq!(peer.ask("bob hello"), "bob new 1 hello");
    drop(node);

    // The configuration is the last to have spoken.
    let newer = Bench::on(bench.dir().to_owned());
    newer.rewrite("[services.parrot]\nactive = false\n");
    let node = newer.start();
    assert!(node.ready().services.is_empty());
}

#[test]
fn two_versions_that_the_configuration_wants_at_once_are_refused() {
    let bench = Bench::new(NEWER);
    let mut config = bench.config();
    bench.rewrite("[services.\"parrot@1.1\"]\n");
    let findings = bench.findings();
    let code =
        "CFG-022: the services `parrot@1.1` and `parrot` are both `parrot`, and both are active";
    assert!(findings[0].starts_with(code), "{findings:?}");
    bench.rewrite("[services.\"parrot@1.0\"]\n");
    let findings = bench.findings();
    assert!(
        findings[0].starts_with("CFG-022"),
        "one version twice: {findings:?}"
    );
    // A program that makes its configuration otherwise is refused at the start.
    config.services.get_mut("parrot@1.1").unwrap().active = true;
    let refused = bench.builder_of(config).start().map(drop).unwrap_err();
    let source = std::error::Error::source(&refused).unwrap();
    assert_eq!(
        format!("{refused}: {source}"),
        "`parrot@1.1` cannot be activated: version `parrot` of the same service is active: replace it, or run this one as its \
         canary"
    );
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let bench = Bench::new(NEWER);
    let node = bench.start();
    let activate = Request::Activate {
        service: "parrot@1.1".into(),
    };
    assert_eq!(cause(node.ask(activate)), Cause::State);
    let alone = replace(&node, "parrot", "nobody", false);
    assert_eq!(cause(alone), Cause::Unknown);
    let nothing_to_move_to = node.ask(Request::Replace {
        old: vec!["parrot".into()],
        new: Vec::new(),
        migrate: true,
    });
    assert_eq!(cause(nothing_to_move_to), Cause::Wrong);
    let own = node.ask(Request::Canary {
        service: "parrot@1.1".into(),
        share: Share::Own,
    });
    assert_eq!(cause(own), Cause::State);
    assert_eq!(state(&node, "parrot"), "active");
    assert_eq!(state(&node, "parrot@1.1"), "inactive");
}

/// The parrot of a later release, with a field more.
#[derive(Default, strowger::prelude::State)]
struct Later {
    heard: u64,
    said: u64,
}

#[strowger::prelude::sbb(name = "parrot", vendor = "test", version = "2.0")]
impl Later {}

/// The same with the way from the state of before.
#[derive(Default, strowger::prelude::State)]
struct Migrating {
    heard: u64,
    said: u64,
}

impl strowger::prelude::Migrate<toy::Parrot> for Migrating {
    fn migrate(old: toy::Parrot) -> Self {
        let _ = old;
        Self::default()
    }
}

#[strowger::prelude::sbb(
    name = "parrot",
    vendor = "test",
    version = "2.0",
    migrate(toy::Parrot)
)]
impl Migrating {}

#[test]
fn a_binary_says_whether_it_could_take_over_what_a_node_has() {
    let bench = Bench::new(NEWER);
    let node = bench.start();
    let services = || node.status().unwrap().services;
    let none = Catalog::default();
    let without = || none.clone().service(ServiceDef::of::<Later>());
    assert_eq!(without().verify(&services()), [], "nothing is up");
    assert_eq!(bench.udp(&node).ask("ann hello"), "ann 1 hello");
    let said = |catalog: &Catalog| {
        let unfit = catalog.verify(&services());
        let said: Vec<_> = unfit.iter().map(ToString::to_string).collect();
        said.join("; ")
    };
    assert_eq!(said(&none.clone().service(toy::service())), "");
    assert_eq!(
        said(&none.clone().service(ServiceDef::of::<Migrating>())),
        ""
    );
    assert_eq!(
        said(&without()),
        "service `parrot`, SBB `parrot 1.0 (test)`: field `said` is new in `parrot 2.0 (test)`, and there is no migration"
    );
    assert_eq!(
        said(&none),
        "service `parrot`, SBB `parrot 1.0 (test)`: no version of `parrot 1.0 (test)` is in this binary"
    );
}

/// A table without a version is the one that the binary has last, and that is what a start would take.
#[test]
fn a_binary_says_so_of_the_version_that_a_start_would_choose() {
    let bench = Bench::new("");
    let node = bench.start();
    assert_eq!(bench.udp(&node).ask("ann hello"), "ann 1 hello");
    let services = node.status().unwrap().services;
    let (own, later) = (toy::service(), ServiceDef::of::<Later>());
    let with = |first: &ServiceDef, second: &ServiceDef| {
        let catalog = Catalog::default().service(first.clone());
        catalog.service(second.clone()).verify(&services).len()
    };
    assert_eq!(with(&own, &later), 1);
    assert_eq!(with(&later, &own), 0);

    let bench = Bench::new(NEWER);
    let node = bench.start();
    assert_eq!(canary(&node, 100), Some(Reply::Done));
    assert_eq!(bench.udp(&node).ask("ann hello"), "ann new 1 hello");
    let services = node.status().unwrap().services;
    // The table of 1.1 cannot stay: what it had is for the only other one, wherever the binary has that.
    let catalog = Catalog::default().service(ServiceDef::of::<Migrating>());
    let unfit = catalog.service(own).verify(&services);
    assert_eq!(unfit, []);
}

/// The name of a table says nothing where its `kind` says which service it is.
#[test]
fn a_table_under_another_name_stands_for_what_its_kind_says() {
    let unfit = |kind: &str| {
        let bench = Bench::without_services(&format!("[services.bird]\nkind = \"{kind}\"\n"));
        let node = bench.start();
        assert_eq!(bench.udp(&node).ask("ann hello"), "ann 1 hello");
        let services = node.status().unwrap().services;
        assert_eq!(services[0].kind, kind);
        // The later one is what `parrot` alone stands for, and cannot read what is there.
        let catalog = Catalog::default().service(toy::service());
        let catalog = catalog.service(ServiceDef::of::<Later>());
        catalog.verify(&services).len()
    };
    assert_eq!(unfit("parrot"), 1);
    assert_eq!(unfit("parrot@1.0"), 0);
}
