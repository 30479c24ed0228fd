//! A node in this process whose configuration changes while it serves.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::Bench;
use strowger_node::Running;
use strowger_node::control::{Reply, Request};

fn motto(text: &str) -> String {
    format!("[adaptors.toy.settings]\nmotto = \"{text}\"\n")
}

fn refusal(node: &Running) -> String {
    match node.ask(Request::Reload { check: false }) {
        Some(Reply::Refused(refusal)) => refusal.reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// The keys that a reload puts into effect.
fn reloaded(node: &Running) -> Vec<String> {
    match node.ask(Request::Reload { check: false }) {
        Some(Reply::Reloaded(changes)) => changes
            .iter()
            .map(|change| format!("{}: {} to {}", change.key, change.older, change.newer))
            .collect(),
        other => panic!("not reloaded: {other:?}"),
    }
}

fn alarms(node: &Running) -> Vec<String> {
    let status = node.status().unwrap();
    status
        .alarms
        .iter()
        .map(|alarm| format!("{} {}", alarm.source, alarm.name))
        .collect()
}

#[test]
fn a_live_key_changes_while_the_node_serves() {
    let bench = Bench::new(&motto("one"));
    let node = bench.start_reloading();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    assert_eq!(udp.ask("ann motto"), "ann one");
    bench.rewrite(&motto("two"));
    let change = r#"adaptors.toy.settings.motto: "one" to "two""#;
    let checked = node.ask(Request::Reload { check: true });
    assert!(matches!(checked, Some(Reply::Reloaded(changes)) if changes.len() == 1));
    assert_eq!(udp.ask("ann motto"), "ann one", "a check changes nothing");
    assert_eq!(reloaded(&node), [change]);
    assert_eq!(udp.ask("ann motto"), "ann two");
    assert_eq!(
        udp.ask("ann again"),
        "ann 2 again",
        "what there was goes on"
    );
    let adaptor = &node.status().unwrap().adaptors[0];
    assert_eq!(
        (&adaptor.parts[0].name[..], &adaptor.parts[0].state[..]),
        ("motto", "two")
    );
    // Without a change nothing is done.
    assert_eq!(reloaded(&node), Vec::<String>::new());
    assert_eq!(
        node.status().unwrap().adaptors[0]
            .counters
            .get("configured"),
        Some(&1)
    );
}

#[test]
fn a_live_key_of_a_service_changes_for_what_it_does_from_then_on() {
    let parrot = |prefix: &str| format!("[services.parrot.settings]\nprefix = \"{prefix}\"\n");
    let bench = Bench::new(&parrot("a"));
    let node = bench.start_reloading();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann a1 hello");
    bench.rewrite(&parrot("b"));
    assert_eq!(reloaded(&node).len(), 1);
    assert_eq!(udp.ask("ann hello"), "ann b2 hello");
}

#[test]
fn a_key_of_another_class_keeps_all_from_changing_and_is_named() {
    let bench = Bench::new(&motto("one"));
    let node = bench.start_reloading();
    let udp = bench.udp(&node);
    bench.rewrite(&format!(
        "{}connections = 11\n[node]\nname = \"other\"\n",
        motto("two")
    ));
    let reason = refusal(&node);
    assert!(
        reason.contains("`adaptors.toy.settings.connections` (restart-node)"),
        "{reason}"
    );
    assert!(reason.contains("`node.name` (restart-node)"), "{reason}");
    assert_eq!(udp.ask("ann motto"), "ann one");
    bench.until(|| alarms(&node) == ["node configuration_refused"]);
    bench.rewrite(&motto("two"));
    assert_eq!(reloaded(&node).len(), 1);
    assert_eq!(udp.ask("ann motto"), "ann two");
    bench.until(|| alarms(&node).is_empty());
}

#[test]
fn a_configuration_that_is_wrong_changes_nothing() {
    let bench = Bench::new(&motto("one"));
    let node = bench.start_reloading();
    let udp = bench.udp(&node);
    bench.rewrite("[adaptors.toy.settings]\nmoto = \"two\"\n");
    assert!(refusal(&node).contains("moto"));
    bench.rewrite("[adaptors.toy.settings]\nudp = \"nowhere\"\nmotto = \"two\"\n");
    assert!(refusal(&node).contains("not an address"));
    assert_eq!(udp.ask("ann motto"), "ann one");
}

#[test]
fn a_node_that_was_given_its_configuration_has_nothing_to_read_again() {
    let bench = Bench::new("");
    let node = bench.start();
    assert!(refusal(&node).contains("without files"));
}
