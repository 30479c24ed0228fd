//! Commands for a running node, each over the management API of one that runs.

use super::{Node, PATIENCE, ask, call, strowger, toy};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::net::UdpSocket;
use std::path::Path;
use std::time::Instant;

/// Exit code and all that is said.
pub(crate) fn run(dir: &Path, args: &str) -> (i32, String) {
    let args = args.split(' ').chain(["--data", "data"]);
    let output = strowger(dir).args(args).output().expect("the binary runs");
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8(said).expect("text");
    (output.status.code().unwrap_or(-1), said)
}

/// What is said by a command that does what it is asked.
pub(crate) fn done(dir: &Path, args: &str) -> String {
    let (code, said) = run(dir, args);
    assert_eq!(code, 0, "{args}: {said}");
    said
}

pub(crate) fn list(dir: &Path, args: &str) -> Vec<Value> {
    let text = done(dir, &format!("{args} --json"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Waits for a condition.
fn until(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "not within {PATIENCE:?}");
        std::thread::yield_now();
    }
}

#[test]
fn services_adaptors_and_links_are_shown_and_changed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Node::start(dir.path(), &[]);
    let dir = dir.path();
    assert_eq!(done(dir, "ready"), "ready\n");
    assert!(done(dir, "metrics").contains("strowger_build_info{"));

    let state = |name: &str| {
        let all = list(dir, "services list");
        let own = all.into_iter().find(|service| service["name"] == name);
        own.expect("a service")["state"].clone()
    };
    done(dir, "services deactivate b2bua");
    until(|| state("b2bua") == "inactive");
    done(dir, "services replace --deactivate uas --activate b2bua");
    until(|| state("uas") == "inactive" && state("b2bua") == "active");
    let shown = done(dir, "services show b2bua");
    assert!(shown.contains("state       active"), "{shown}");
    let (code, said) = run(dir, "services activate nobody");
    assert!(code == 2 && said.starts_with("error[MGT-005]: "), "{said}");
    let (code, said) = run(dir, "services activate b2bua");
    assert!(code == 1 && said.starts_with("error[MGT-006]: "), "{said}");

    let shown = done(dir, "adaptors show sip");
    assert!(shown.contains(&node.address("tcp")), "{shown}");
    let table = done(dir, "adaptors list");
    assert!(table.starts_with("ADAPTOR  STATE"), "{table}");
    done(dir, "links bind trunk sip");
    let links = list(dir, "links list");
    assert!(
        links.iter().any(|link| link["name"] == "trunk"),
        "{links:?}"
    );
    done(dir, "links unbind trunk");
    let (code, said) = run(dir, "links bind trunk nobody");
    assert!(code == 2 && said.starts_with("error[MGT-004]: "), "{said}");
    assert_eq!(
        done(dir, "adaptors deactivate sip --json"),
        "{\n  \"done\": true\n}\n"
    );

    assert_eq!(done(dir, "stop --json"), "{\n  \"done\": true\n}\n");
    assert_eq!(node.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn an_adaptor_is_configured_through_the_node_and_removed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Node::start(dir.path(), &[]);
    let dir = dir.path();
    let write = |text: &str| std::fs::write(dir.join("carrier.toml"), text).expect("a file");
    let listener = "[settings.listeners.udp]\ntransport = \"udp\"\nbind = \"127.0.0.1:0\"\n";
    write(&format!("type = \"sip\"\nlinks = [\"trunk\"]\n{listener}"));
    let set = "adaptors set carrier carrier.toml";
    let said = done(dir, set);
    assert!(said.contains("adaptors.carrier.type"), "{said}");
    assert!(done(dir, "adaptors show carrier").contains("active"));
    let (code, said) = run(dir, "links unbind trunk");
    assert_eq!(code, 0, "{said}");
    write("type = \"sip\"\n[settings.listener.udp]\n");
    let (code, said) = run(dir, set);
    assert!(code == 3 && said.contains("listener"), "{said}");
    write("type =");
    let (code, said) = run(dir, set);
    assert!(code == 3 && said.contains("carrier.toml"), "{said}");
    // `config` and `check` see what a start would.
    assert!(done(dir, "config --running --below adaptors.carrier").contains("managed.toml:"));
    done(dir, "adaptors remove carrier");
    let (code, said) = run(dir, "adaptors show carrier");
    assert!(code == 2 && said.starts_with("error[MGT-005]: "), "{said}");
    let (code, said) = run(dir, "adaptors remove sip");
    assert!(code == 1 && said.starts_with("error[MGT-006]: "), "{said}");
    assert_eq!(node.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn what_is_left_over_of_a_call_is_found_and_ended() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Node::start(dir.path(), &["--set", "node.drain_limit=0s"]);
    call(&node.address("udp"));
    let dir = dir.path();
    let calls = "activities list --adaptor sip --type sip-dialog";
    let one = list(dir, calls);
    let id = one[0]["id"].as_str().expect("an identity").to_owned();
    assert_eq!(one.len(), 1);
    assert!(list(dir, &format!("{calls} --min-age 1h")).is_empty());
    let table = done(dir, calls);
    assert!(table.lines().count() == 2 && table.contains(&id), "{table}");
    let shown = done(dir, &format!("activities show {id}"));
    let entities = list(dir, "entities list --service uas");
    let entity = entities[0]["id"].as_str().expect("an identity").to_owned();
    assert!(shown.contains(&entity), "{shown}");
    let shown = done(dir, &format!("entities show {entity}"));
    assert!(shown.contains(&id), "{shown}");
    done(dir, "timers list --due-within 1h");
    done(dir, "components list --kind service --name uas");
    let (code, said) = run(dir, "activities list --adaptor nobody");
    assert!(code == 2 && said.starts_with("error[MGT-004]: "), "{said}");

    done(dir, &format!("entities remove {entity}"));
    assert!(list(dir, "entities list --service uas").is_empty());
    let left = list(dir, calls).len();
    let (code, said) = run(dir, &format!("activities end {id}"));
    assert_eq!(code, if left == 0 { 2 } else { 0 }, "{said}");
    until(|| list(dir, calls).is_empty());
    assert_eq!(node.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn log_alarms_certificates_and_configuration_are_looked_at_and_changed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("node.toml");
    let write = |text: &str| std::fs::write(&file, text).expect("a file can be written");
    write(
        "log.filter = \"info\"\n[management.tokens.noc]\nscope = \"read\"\nsha256 = \"5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8\"\n",
    );
    let node = Node::start(dir.path(), &["--config", "node.toml"]);
    let dir = dir.path();
    done(dir, "log set strowger_sip debug");
    let shown = done(dir, "log show");
    assert!(shown.contains("strowger_sip  debug"), "{shown}");
    done(dir, "log reset strowger_sip");
    assert!(!done(dir, "log show").contains("strowger_sip"));
    assert_eq!(run(dir, "log set strowger_sip loud").0, 2);
    assert_eq!(
        done(dir, "alarms list"),
        "SINCE  SEVERITY  SOURCE  ALARM  INSTANCE  TEXT\n"
    );
    let (code, said) = run(dir, "alarms clear node panic");
    assert!(code == 2 && said.starts_with("error[MGT-005]: "), "{said}");
    assert!(list(dir, "certificates list").is_empty());
    done(dir, "certificates reload");
    let tokens = list(dir, "tokens list");
    assert_eq!((tokens.len(), &tokens[0]["name"]), (1, &"noc".into()));

    let shown = done(dir, "config --running --below log");
    assert!(
        shown.contains("log.filter = \"info\"") && shown.contains("node.toml:1  live"),
        "{shown}"
    );
    assert_eq!(done(dir, "reload --check"), "nothing would change\n");
    write("log.filter = \"warn\"\n");
    let shown = done(dir, "reload --check");
    assert!(shown.contains("log.filter"), "{shown}");
    let changes = list(dir, "reload");
    assert!(
        changes.iter().any(|change| change["newer"] == "warn"),
        "{changes:?}"
    );
    write("log.filter = \"warn\"\nlog.filtre = 1\n");
    let (code, said) = run(dir, "reload");
    assert!(
        code == 3 && said.contains("node.toml:2:") && said.contains("log.filtre"),
        "{said}"
    );
    let raised = list(dir, "alarms list --severity warning --source node");
    assert_eq!(raised[0]["name"], "configuration_refused", "{raised:?}");
    assert_eq!(node.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn a_node_that_runs_is_backed_up() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let stop = ["--set", "node.drain_limit=0s"];
    let node = Node::start(dir.path(), &stop);
    call(&node.address("udp"));
    let said = done(dir.path(), "store backup saved");
    assert!(said.ends_with("in saved: read again and sound\n"), "{said}");
    let (code, said) = run(dir.path(), "store backup saved");
    assert!(
        code == 2 && said.contains("nothing is overwritten"),
        "{said}"
    );
    // The node goes on, and what it had is in the backup.
    assert_eq!(list(dir.path(), "activities list --adaptor sip").len(), 1);
    assert_eq!(node.end(Signal::SIGTERM).0, Some(0));
    std::fs::rename(dir.path().join("data"), dir.path().join("lost")).expect("it is moved");
    done(dir.path(), "store restore saved");
    let node = Node::start(dir.path(), &stop);
    assert_eq!(list(dir.path(), "activities list --adaptor sip").len(), 1);
    assert_eq!(node.end(Signal::SIGTERM).0, Some(0));
}

/// A node in this process, with the toy and this configuration.
pub(crate) fn in_process(dir: &Path, text: &str) -> strowger_node::Running {
    let file = dir.join("node.toml");
    std::fs::write(&file, text).expect("a file can be written");
    let catalog = strowger_node::Catalog::default()
        .adaptor(toy::adaptor())
        .service(toy::service())
        .service(super::profiles::watcher());
    let sources = strowger_config::Sources::default().file(&file);
    let loaded = strowger_config::load(&sources, &catalog.components()).expect("it is right");
    strowger_node::Node::builder()
        .catalog(catalog)
        .config(loaded.config)
        .companion(strowger_management::api::companion())
        .start()
        .expect("the node starts")
}

/// A service in this process that panics when it is told to.
#[test]
fn quarantined_events_are_listed_released_and_discarded() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = format!(
        "[node]\ndata_dir = \"{}\"\n[adaptors.toy]\n[services.parrot]\n",
        dir.path().join("data").display()
    );
    let node = in_process(dir.path(), &text);
    let mut listeners = node.ready().listeners.iter();
    let udp = listeners
        .find(|at| at.listener == "udp")
        .expect("a listener");
    let peer = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    peer.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    peer.connect(&udp.address).expect("an address");
    let answer = |text: &str| {
        peer.send(text.as_bytes()).expect("it can be sent");
        let mut answer = [0; 100];
        peer.recv(&mut answer).expect("an answer");
    };
    answer("ann hello");
    for _ in 0..2 {
        peer.send(b"ann panic").expect("it can be sent");
    }
    answer("ann hello");

    let dir = dir.path();
    let all = list(dir, "quarantine list --service parrot");
    let id = |n: usize| all[n]["id"].as_str().expect("a number").to_owned();
    assert_eq!(all.len(), 2);
    let table = done(dir, "quarantine list --limit 1");
    assert!(
        table.lines().count() == 2 && table.contains("possible"),
        "{table}"
    );
    let shown = done(dir, &format!("quarantine show {}", id(0)));
    assert!(shown.contains("a handler that panics"), "{shown}");
    // It panics again, and is put aside again.
    done(dir, &format!("quarantine release {}", id(0)));
    until(|| {
        let shown = done(dir, &format!("quarantine show {} --json", id(0)));
        shown.contains("\"times\": 2")
    });
    let gone = done(
        dir,
        &format!("quarantine discard {} {} --json", id(0), id(1)),
    );
    assert!(gone.contains(&id(1)), "{gone}");
    let (code, said) = run(dir, &format!("quarantine discard {}", id(0)));
    assert!(code == 2 && said.starts_with("error[MGT-005]: "), "{said}");
    assert!(list(dir, "quarantine list").is_empty());
    ask(dir, &["stop", "--data", "data"]);
    assert_eq!(node.wait(), strowger_node::Exit::Clean);
}

#[test]
fn what_a_service_counts_is_listed_reset_and_given_sets() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = format!(
        "[node]\ndata_dir = \"{}\"\n[adaptors.toy]\n[services.parrot]\nusage_sets = [\"trunk-1\"]\n",
        dir.path().join("data").display()
    );
    let node = in_process(dir.path(), &text);
    let dir = dir.path();
    done(dir, "usage create parrot trunk-2");
    let table = done(dir, "usage list parrot");
    assert!(table.starts_with("SBB     SET        PARAMETER"), "{table}");
    assert!(
        table.contains("(unnamed)") && table.contains("trunk-2"),
        "{table}"
    );
    let one = list(dir, "usage list parrot trunk-2 --sbb parrot");
    assert_eq!((one.len(), &one[0]["counters"]["heard"]), (1, &0.into()));
    done(dir, "usage reset parrot trunk-2");
    done(dir, "usage remove parrot trunk-2");
    let (code, said) = run(dir, "usage remove parrot trunk-1");
    assert!(code == 1 && said.starts_with("error[MGT-006]: "), "{said}");
    let (code, said) = run(dir, "usage list parrot trunk-2");
    assert!(code == 2 && said.starts_with("error[MGT-005]: "), "{said}");
    assert_eq!(list(dir, "usage list parrot").len(), 2);
    ask(dir, &["stop", "--data", "data"]);
    assert_eq!(node.wait(), strowger_node::Exit::Clean);
}
