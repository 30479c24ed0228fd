//! R-DU: what deployment means where services and adaptors are linked into one binary. The binary is the unit, whose components
//! are there from the start of the process on; configuration installs what of them is used, while the node serves.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::Bench;
use strowger::service::ServiceDef;
use strowger_node::control::{Cause, Refusal, Reply, Request};
use strowger_node::listed::{ComponentEntry, ComponentKind};
use strowger_node::{Catalog, Running};

/// A second adaptor, on any port.
const SECOND: &str = "[adaptors.second]\ntype = \"toy\"\n";

fn components(
    node: &Running,
    kind: Option<ComponentKind>,
    name: Option<&str>,
) -> Vec<ComponentEntry> {
    let name = name.map(str::to_owned);
    match node.ask(Request::Components { kind, name }) {
        Some(Reply::Components(all)) => all,
        other => panic!("no list: {other:?}"),
    }
}

/// The one component of a kind and of a text.
fn component(node: &Running, kind: ComponentKind, text: &str) -> ComponentEntry {
    let all = components(node, Some(kind), None);
    let mut found = all.into_iter().filter(|component| component.text() == text);
    let one = found.next();
    assert!(found.next().is_none(), "{text} is there twice");
    one.unwrap_or_else(|| panic!("there is no {kind} {text}"))
}

fn reload(node: &Running, check: bool) -> Result<Vec<String>, Refusal> {
    match node.ask(Request::Reload { check }) {
        Some(Reply::Reloaded(changes)) => Ok(changes.into_iter().map(|c| c.key).collect()),
        Some(Reply::Refused(refusal)) => Err(refusal),
        other => panic!("no answer to a reload: {other:?}"),
    }
}

fn refused(reply: Option<Reply>) -> Refusal {
    match reply {
        Some(Reply::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// Why a configuration was refused, and what of it is to blame.
fn blamed(node: &Running) -> (Cause, String, Option<String>) {
    let refusal = reload(node, false).unwrap_err();
    assert_eq!(reload(node, true).unwrap_err().cause, refusal.cause);
    let problem = refusal.problems.into_iter().next().unwrap_or_default();
    (refusal.cause, problem.code, problem.key)
}

fn adaptors(node: &Running) -> Vec<String> {
    let all = node.status().unwrap().adaptors.into_iter();
    let mut names: Vec<String> = all.map(|adaptor| adaptor.name).collect();
    names.sort();
    names
}

/// Ends the work of the parrot, which then uses nothing.
fn deactivate(bench: &Bench, node: &Running) {
    let service = "parrot".into();
    assert_eq!(node.ask(Request::Deactivate { service }), Some(Reply::Done));
    bench.until(|| node.status().unwrap().services[0].state == "inactive");
}

#[test]
fn r_du_01_a_binary_lists_its_components_by_kind_name_vendor_and_version() {
    let bench = Bench::new("");
    let node = bench.start();
    let all = components(&node, None, None);
    let said: Vec<String> = all
        .iter()
        .map(|one| format!("{} {} {} {}", one.kind, one.name, one.vendor, one.version))
        .collect();
    for expected in [
        "service parrot test 1.0",
        "service parrot test 1.1",
        "sbb parrot test 1.0",
        "sbb parrot test 1.1",
        "adaptor toy test 1.0",
        "profile count test 1.0",
        "profile member test 1.0",
        "event said test 1.0",
        "activity talk test 1.0",
    ] {
        let times = said.iter().filter(|one| *one == expected).count();
        assert_eq!(times, 1, "{expected} in {said:?}");
    }
    let services = components(&node, Some(ComponentKind::Service), Some("parrot"));
    assert_eq!(services.len(), 2, "{services:?}");
}

#[test]
fn r_du_02_what_a_configuration_brings_comes_as_a_whole_or_not_at_all() {
    let bench = Bench::new("");
    let node = bench.start_reloading();
    let third =
        |udp: &str| format!("{SECOND}[adaptors.third]\ntype = \"toy\"\nsettings.udp = \"{udp}\"\n");
    bench.rewrite(&third("nowhere"));
    assert_eq!(blamed(&node).0, Cause::Configuration);
    assert_eq!(adaptors(&node), ["toy"]);
    bench.rewrite(&third("127.0.0.1:0"));
    reload(&node, false).unwrap();
    assert_eq!(adaptors(&node), ["second", "third", "toy"]);
}

#[test]
fn r_du_02_what_is_there_already_is_refused() {
    let twice = Bench::new("[services.\"parrot@1.0\"]\nactive = false\n").findings();
    assert!(twice[0].starts_with("CFG-022"), "one version twice");
    let bench = Bench::new(SECOND);
    let node = bench.start_reloading();
    let bind = |adaptor: &str| Request::Bind {
        link: "trunk".into(),
        adaptor: adaptor.into(),
    };
    assert_eq!(node.ask(bind("toy")), Some(Reply::Done));
    assert_eq!(refused(node.ask(bind("second"))).cause, Cause::State);
    bench.rewrite(&format!("{SECOND}links = [\"trunk\"]\n"));
    assert!(reload(&node, false).is_err(), "one link name twice");
    let Some(Reply::Links(links)) = node.ask(Request::Links {}) else {
        panic!("no links")
    };
    let trunk: Vec<_> = links.iter().filter(|link| link.name == "trunk").collect();
    assert_eq!((trunk.len(), &trunk[0].adaptor[..]), (1, "toy"));
}

#[test]
fn r_du_03_what_is_referred_to_is_there_or_comes_with_it() {
    let absent = Bench::new("[profiles.counts]\n").findings();
    assert!(absent[0].starts_with("CFG-021"), "{absent:?}");
    let bench = Bench::new("");
    let node = bench.start_reloading();
    bench.rewrite("[adaptors.second]\ntype = \"no-such-type\"\n");
    let (cause, code, _) = blamed(&node);
    assert_eq!((cause, &code[..]), (Cause::Configuration, "CFG-008"));
    deactivate(&bench, &node);
    let linked = "[services.parrot.links]\ntoy = \"second\"\n";
    bench.rewrite(linked);
    let (cause, code, _) = blamed(&node);
    assert_eq!((cause, &code[..]), (Cause::Configuration, "CFG-011"));
    assert_eq!(adaptors(&node), ["toy"]);
    // Together, whichever comes first.
    bench.rewrite(&format!("{linked}{SECOND}"));
    reload(&node, false).unwrap();
    assert_eq!(adaptors(&node), ["second", "toy"]);
}

#[test]
fn r_du_04_what_is_used_is_not_taken_away() {
    let linked =
        |to: &str| format!("{SECOND}links = [\"line\"]\n[services.parrot.links]\ntoy = \"{to}\"\n");
    let bench = Bench::new(&linked("line"));
    let node = bench.start_reloading();
    for (without, key) in [
        (String::new(), "adaptors.second"),
        (linked("toy"), "services.parrot.links"),
    ] {
        bench.rewrite(&without);
        let (cause, code, blamed) = blamed(&node);
        assert_eq!((cause, &code[..]), (Cause::State, "NOD-015"));
        assert_eq!(blamed.as_deref(), Some(key));
    }
    let unbound = node.ask(Request::Unbind {
        link: "line".into(),
    });
    assert_eq!(refused(unbound).cause, Cause::State);
    assert_eq!(adaptors(&node), ["second", "toy"], "nothing was changed");
    deactivate(&bench, &node);
    bench.rewrite("");
    reload(&node, false).unwrap();
    assert_eq!(adaptors(&node), ["toy"], "nobody uses it any more");
}

/// A parrot of a later release that cannot read what this one has stored.
#[derive(Default, strowger::prelude::State)]
struct Later {
    said: u64,
}

#[strowger::prelude::sbb(name = "parrot", vendor = "test", version = "2.0")]
impl Later {}

#[test]
fn r_du_04_a_binary_without_what_is_used_says_so_and_does_not_start() {
    let bench = Bench::new("");
    let node = bench.start();
    assert_eq!(bench.udp(&node).ask("ann hello"), "ann 1 hello");
    let services = node.status().unwrap().services;
    let without = Catalog::default()
        .adaptor(toy::adaptor())
        .service(ServiceDef::of::<Later>());
    assert_eq!(without.verify(&services).len(), 1);
    drop(node);
    let refused = bench.builder().catalog(without).start();
    assert!(refused.is_err(), "its entities would be lost");
    assert_eq!(bench.start().ready().restored_activities, 1);
}

#[test]
fn r_du_05_what_is_installed_was_checked_before() {
    let bench = Bench::new("");
    let node = bench.start_reloading();
    let second = |settings: &str| format!("{SECOND}settings.{settings}\n");
    for (wrong, key) in [
        ("udp = \"nowhere\"", "adaptors.second.settings.udp"),
        ("udb = \"127.0.0.1:0\"", "adaptors.second.settings.udb"),
        (
            "connections = \"ten\"",
            "adaptors.second.settings.connections",
        ),
    ] {
        bench.rewrite(&second(wrong));
        let (cause, code, blamed) = blamed(&node);
        assert_eq!(
            (cause, blamed.as_deref()),
            (Cause::Configuration, Some(key))
        );
        assert!(code.starts_with("CFG-"), "{code}");
        assert_eq!(adaptors(&node), ["toy"]);
    }
    bench.rewrite(&second("connections = 10"));
    let changes = reload(&node, true).unwrap();
    assert!(!changes.is_empty());
    assert_eq!(adaptors(&node), ["toy"], "a check changes nothing");
    assert_eq!(reload(&node, false).unwrap(), changes);
    assert_eq!(adaptors(&node), ["second", "toy"]);
}

#[test]
fn r_du_06_components_are_listed_with_who_refers_to_them() {
    let bench = Bench::new(&format!(
        "{SECOND}[profiles.counts]\nspecification = \"count\"\n"
    ));
    let node = bench.start();
    let of = |kind, text: &str| component(&node, kind, text);
    let said = of(ComponentKind::Event, "said 1.0 (test)");
    assert_eq!(
        said.referred_by,
        [
            "sbb parrot 1.0 (test)",
            "sbb parrot 1.1 (test)",
            "adaptor toy 1.0 (test)"
        ]
    );
    let toy = of(ComponentKind::Adaptor, "toy 1.0 (test)");
    assert_eq!(
        toy.referred_by,
        ["sbb parrot 1.0 (test)", "sbb parrot 1.1 (test)"]
    );
    assert_eq!(toy.used_by, ["second", "toy"]);
    let sbb = of(ComponentKind::Sbb, "parrot 1.1 (test)");
    assert_eq!(sbb.referred_by, ["service parrot 1.1 (test)"]);
    let used = of(ComponentKind::Service, "parrot 1.0 (test)");
    assert_eq!(used.used_by, ["parrot"]);
    let idle = of(ComponentKind::Service, "parrot 1.1 (test)");
    assert!(idle.used_by.is_empty() && idle.referred_by.is_empty());
    let count = of(ComponentKind::Profile, "count 1.0 (test)");
    assert_eq!(count.used_by, ["counts"]);
    assert_eq!(count.referred_by.len(), 2);
    assert!(components(&node, None, Some("nobody")).is_empty());
}
