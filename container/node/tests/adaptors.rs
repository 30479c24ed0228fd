//! Adaptor entities that come, go and are made anew while a node serves, as its configuration says.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::{Bench, Line, Udp};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;
use strowger_node::Running;
use strowger_node::control::{Cause, Refusal, Reply, Request};

/// A second adaptor, on any port.
const SECOND: &str = "[adaptors.second]\ntype = \"toy\"\n";

fn reload(node: &Running, check: bool) -> Result<Vec<String>, Refusal> {
    match node.ask(Request::Reload { check }) {
        Some(Reply::Reloaded(changes)) => Ok(changes.into_iter().map(|c| c.key).collect()),
        Some(Reply::Refused(refusal)) => Err(refusal),
        other => panic!("no answer to a reload: {other:?}"),
    }
}

fn states(node: &Running) -> Vec<(String, String)> {
    let adaptors = node.status().unwrap().adaptors;
    adaptors.into_iter().map(|a| (a.name, a.state)).collect()
}

/// Where a listener is now.
fn address(node: &Running, adaptor: &str, listener: &str) -> Option<SocketAddr> {
    let listeners = node.status().unwrap().listeners;
    let at =
        |at: &strowger_node::status::Listening| at.adaptor == adaptor && at.listener == listener;
    let found = listeners.into_iter().find(at)?;
    Some(found.address.parse().unwrap())
}

fn udp(node: &Running, adaptor: &str) -> Udp {
    Udp::to(address(node, adaptor, "udp").unwrap())
}

fn tcp(node: &Running, adaptor: &str) -> Line<TcpStream> {
    let stream = TcpStream::connect(address(node, adaptor, "tcp").unwrap()).unwrap();
    stream.set_read_timeout(Some(bench::PATIENCE)).unwrap();
    Line::over(stream)
}

fn order(node: &Running, request: Request) {
    let reply = node.ask(request);
    assert_eq!(reply, Some(Reply::Done));
}

#[test]
fn an_adaptor_that_appears_is_made_and_serves_beside_the_others() {
    let bench = Bench::new("");
    let node = bench.start_reloading();
    let first = bench.udp(&node);
    assert_eq!(first.ask("ann hello"), "ann 1 hello");
    bench.rewrite(SECOND);
    assert!(
        reload(&node, true)
            .unwrap()
            .contains(&"adaptors.second.type".to_owned())
    );
    assert_eq!(states(&node).len(), 1, "a check changes nothing");
    reload(&node, false).unwrap();
    let both = [("toy", "active"), ("second", "active")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(states(&node), both);
    assert_eq!(udp(&node, "second").ask("bob hello"), "bob 1 hello");
    let mut line = tcp(&node, "second");
    line.send(b"carl hello\n");
    assert_eq!(line.line(), "carl 1 hello");
    assert_eq!(first.ask("ann again"), "ann 2 again");
    assert_eq!(reload(&node, false).unwrap(), Vec::<String>::new());
}

#[test]
fn an_adaptor_with_a_talk_stays_and_one_without_goes() {
    let bench = Bench::new(SECOND);
    let node = bench.start_reloading();
    let second = udp(&node, "second");
    assert_eq!(second.ask("bob hello"), "bob 1 hello");
    let place = address(&node, "second", "udp").unwrap();
    let mut line = tcp(&node, "second");
    bench.rewrite("[adaptors.toy.settings]\nmotto = \"new\"\n");
    let refusal = reload(&node, false).unwrap_err();
    assert_eq!(refusal.cause, Cause::State);
    assert!(
        refusal.reason.contains("`second`: it has 1 activities"),
        "{}",
        refusal.reason
    );
    assert_eq!(refusal.problems[0].key.as_deref(), Some("adaptors.second"));
    assert_eq!(
        second.ask("bob again"),
        "bob 2 again",
        "nothing was changed"
    );
    assert_eq!(udp(&node, "toy").ask("ann motto"), "ann none");
    assert_eq!(reload(&node, true).unwrap_err().cause, Cause::State);
    // It begins nothing new, ends what it has, and goes.
    order(
        &node,
        Request::DeactivateAdaptor {
            adaptor: "second".into(),
        },
    );
    assert_eq!(second.ask("carl hello"), "carl busy");
    assert_eq!(second.ask("bob bye"), "bob bye");
    bench.until(|| states(&node).contains(&("second".into(), "inactive".into())));
    reload(&node, false).unwrap();
    assert_eq!(states(&node).len(), 1);
    assert!(line.is_closed());
    UdpSocket::bind(place).unwrap();
    assert_eq!(udp(&node, "toy").ask("ann motto"), "ann new");
    let status = node.status().unwrap();
    assert!(status.listeners.iter().all(|at| at.adaptor != "second"));
    assert!(
        status.network.datagrams_in >= 5,
        "what it counted stays in the totals"
    );
}

#[test]
fn an_adaptor_that_has_nothing_goes_at_once_and_leaves_nothing_that_a_start_would_find() {
    let bench = Bench::new(SECOND);
    let node = bench.start_reloading();
    let second = udp(&node, "second");
    for n in 0..20 {
        assert_eq!(
            second.ask(&format!("bob{n} hello")),
            format!("bob{n} 1 hello")
        );
    }
    for n in 0..20 {
        assert_eq!(second.ask(&format!("bob{n} bye")), format!("bob{n} bye"));
    }
    bench.until(|| node.status().unwrap().counts.activities == 0);
    bench.rewrite("");
    reload(&node, false).unwrap();
    // Dies at once: what was not durable is lost.
    drop(node);
    let node = bench.start();
    assert_eq!(states(&node).len(), 1);
    assert_eq!(bench.udp(&node).ask("ann hello"), "ann 1 hello");
}

#[test]
fn a_setting_that_a_running_adaptor_cannot_take_makes_it_anew() {
    let bench = Bench::new("");
    let node = bench.start_reloading();
    let before = (address(&node, "toy", "udp"), address(&node, "toy", "tcp"));
    order(
        &node,
        Request::Bind {
            link: "trunk".into(),
            adaptor: "toy".into(),
        },
    );
    let mut line = bench.tcp(&node);
    line.send(b"ann motto\n");
    assert_eq!(line.line(), "ann none");
    bench.rewrite("[adaptors.toy.settings]\nmotto = \"new\"\nwrite_buffer = 50_000\n");
    assert_eq!(reload(&node, false).unwrap().len(), 2);
    assert!(line.is_closed(), "its connections are of the old one");
    // Sockets that it still wants are never closed.
    assert_eq!(
        (address(&node, "toy", "udp"), address(&node, "toy", "tcp")),
        before
    );
    assert_eq!(bench.udp(&node).ask("ann motto"), "ann new");
    let mut line = bench.tcp(&node);
    line.send(b"ann hello\n");
    assert_eq!(line.line(), "ann 1 hello");
    // Services go on with it, and find it where they found it.
    assert_eq!(bench.udp(&node).ask("bob hello"), "bob 1 hello");
    let Some(Reply::Links(links)) = node.ask(Request::Links {}) else {
        panic!("no links")
    };
    let trunk: Vec<_> = links.iter().filter(|link| link.name == "trunk").collect();
    assert_eq!((trunk.len(), &trunk[0].adaptor[..]), (1, "toy"));
    bench.rewrite("");
    assert!(
        reload(&node, false)
            .unwrap_err()
            .reason
            .contains("2 activities")
    );
}

#[test]
fn an_adaptor_that_was_deactivated_stays_so_when_it_is_made_anew() {
    let bench = Bench::new("");
    let node = bench.start_reloading();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    order(
        &node,
        Request::DeactivateAdaptor {
            adaptor: "toy".into(),
        },
    );
    assert_eq!(udp.ask("ann bye"), "ann bye");
    bench.until(|| states(&node)[0].1 == "inactive");
    bench.rewrite("[adaptors.toy.settings]\nwrite_buffer = 50_000\n");
    reload(&node, false).unwrap();
    assert_eq!(states(&node)[0].1, "inactive");
    order(
        &node,
        Request::ActivateAdaptor {
            adaptor: "toy".into(),
        },
    );
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
}

#[test]
fn an_adaptor_is_activated_and_deactivated_with_its_key() {
    let bench = Bench::new(&format!("{SECOND}active = false\n"));
    let node = bench.start_reloading();
    assert_eq!(address(&node, "second", "udp"), None);
    bench.rewrite(SECOND);
    assert_eq!(reload(&node, false).unwrap(), ["adaptors.second.active"]);
    let second = udp(&node, "second");
    assert_eq!(second.ask("bob hello"), "bob 1 hello");
    assert_eq!(second.ask("bob bye"), "bob bye");
    bench.until(|| node.status().unwrap().counts.activities == 0);
    bench.rewrite(&format!("{SECOND}active = false\n"));
    reload(&node, false).unwrap();
    assert_eq!(address(&node, "second", "udp"), None);
    assert!(states(&node).contains(&("second".into(), "inactive".into())));
}

#[test]
fn nothing_is_changed_where_one_thing_cannot_be() {
    let bench = Bench::new("");
    let node = bench.start_reloading();
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let bind = taken.local_addr().unwrap();
    let motto = "[adaptors.toy.settings]\nmotto = \"new\"\n";
    bench.rewrite(&format!("{motto}{SECOND}settings.udp = \"{bind}\"\n"));
    let refusal = reload(&node, false).unwrap_err();
    assert_eq!(refusal.cause, Cause::Configuration);
    assert_eq!(refusal.problems[0].code, "NOD-001");
    assert!(
        refusal.reason.contains(&bind.to_string()),
        "{}",
        refusal.reason
    );
    assert_eq!(states(&node).len(), 1);
    assert_eq!(bench.udp(&node).ask("ann motto"), "ann none");
    drop(taken);
    reload(&node, false).unwrap();
    assert_eq!(bench.udp(&node).ask("ann motto"), "ann new");
    assert_eq!(udp(&node, "second").ask("bob motto"), "bob none");
}

#[test]
fn an_adaptor_that_a_service_uses_is_not_taken_from_it() {
    let links =
        |to: &str| format!("{SECOND}links = [\"line\"]\n[services.parrot.links]\ntoy = \"{to}\"\n");
    let bench = Bench::new(&links("line"));
    let node = bench.start_reloading();
    // Written otherwise, and the same adaptor.
    bench.rewrite(&links("second"));
    assert_eq!(reload(&node, false).unwrap(), ["services.parrot.links.toy"]);
    bench.rewrite(&links("toy"));
    let refusal = reload(&node, false).unwrap_err();
    assert!(
        refusal.reason.contains("`parrot`: its links are found"),
        "{}",
        refusal.reason
    );
    assert_eq!(
        refusal.problems[0].key.as_deref(),
        Some("services.parrot.links")
    );
    bench.rewrite("");
    assert!(
        reload(&node, false)
            .unwrap_err()
            .reason
            .contains("`second`: service `parrot`")
    );
    assert_eq!(udp(&node, "second").ask("bob hello"), "bob 1 hello");
}

#[test]
fn the_links_of_a_service_lead_elsewhere_while_it_is_inactive() {
    let links = |to: &str| format!("{SECOND}[services.parrot.links]\ntoy = \"{to}\"\n");
    let bench = Bench::new("");
    let node = bench.start_reloading();
    let service = || "parrot".to_owned();
    order(&node, Request::Deactivate { service: service() });
    bench.until(|| node.status().unwrap().services[0].state == "inactive");
    bench.rewrite(&links("second"));
    reload(&node, false).unwrap();
    order(&node, Request::Activate { service: service() });
    assert_eq!(udp(&node, "second").ask("bob hello"), "bob 1 hello");
    bench.rewrite("");
    let refusal = reload(&node, false).unwrap_err();
    assert!(
        refusal.reason.contains("1 activities"),
        "{}",
        refusal.reason
    );
    // In one step with the adaptor that it used.
    assert_eq!(udp(&node, "second").ask("bob bye"), "bob bye");
    order(&node, Request::Deactivate { service: service() });
    bench.until(|| node.status().unwrap().services[0].state == "inactive");
    reload(&node, false).unwrap();
    order(&node, Request::Activate { service: service() });
    assert_eq!(udp(&node, "toy").ask("ann hello"), "ann 1 hello");
}

#[test]
fn a_link_goes_from_one_adaptor_to_another() {
    let links = |toy: &str, second: &str| {
        format!("[adaptors.toy]\nlinks = [{toy}]\n{SECOND}links = [{second}]\n")
    };
    let bench = Bench::new(&links("\"line\", \"own\"", ""));
    let node = bench.start_reloading();
    bench.rewrite(&links("\"own\"", "\"line\""));
    assert_eq!(reload(&node, false).unwrap().len(), 2);
    let bound = || match node.ask(Request::Links {}) {
        Some(Reply::Links(links)) => links.into_iter().map(|l| (l.name, l.adaptor)).collect(),
        other => panic!("no links: {other:?}"),
    };
    let is: Vec<(String, String)> = bound();
    let wanted = [("line", "second"), ("own", "toy")];
    assert_eq!(
        is,
        wanted.map(|(link, to)| (link.to_owned(), to.to_owned()))
    );
    // And from one that goes.
    bench.rewrite("[adaptors.toy]\nlinks = [\"own\", \"line\"]\n");
    reload(&node, false).unwrap();
    let is: Vec<(String, String)> = bound();
    assert!(
        is.iter().all(|(_, to)| to == "toy") && is.len() == 2,
        "{is:?}"
    );
}

#[test]
fn a_link_that_was_bound_through_the_node_keeps_an_adaptor_and_lasts() {
    let bench = Bench::new(&format!("{SECOND}links = [\"line\"]\n"));
    let node = bench.start_reloading();
    let bind = |link: &str, adaptor: &str| Request::Bind {
        link: link.into(),
        adaptor: adaptor.into(),
    };
    let unbind = |link: &str| Request::Unbind { link: link.into() };
    let names = |node: &Running| match node.ask(Request::Links {}) {
        Some(Reply::Links(links)) => links.into_iter().map(|link| link.name).collect(),
        other => panic!("no links: {other:?}"),
    };
    order(&node, bind("other", "second"));
    let bound: Vec<String> = names(&node);
    assert_eq!(bound, ["line", "other"]);
    let taken = node.ask(bind("line", "toy"));
    assert!(matches!(taken, Some(Reply::Refused(r)) if r.cause == Cause::State));
    // What files have is not taken from them.
    let of_files = node.ask(unbind("line"));
    assert!(matches!(of_files, Some(Reply::Refused(r)) if r.cause == Cause::State));
    // The table of the adaptor without a type is what is left of it.
    bench.rewrite("");
    let refusal = reload(&node, false).unwrap_err();
    assert_eq!(refusal.cause, Cause::Configuration);
    assert!(
        refusal.reason.contains("managed.toml"),
        "{}",
        refusal.reason
    );
    bench.rewrite(&format!("{SECOND}links = [\"line\"]\n"));
    drop(node);
    let node = bench.start_reloading();
    let bound: Vec<String> = names(&node);
    assert_eq!(bound, ["line", "other"]);
    order(&node, unbind("other"));
    let bound: Vec<String> = names(&node);
    assert_eq!(bound, ["line"]);
    bench.rewrite("");
    reload(&node, false).unwrap();
    let bound: Vec<String> = names(&node);
    assert!(bound.is_empty(), "{bound:?}");
    // And is made again, under the same name.
    bench.rewrite(&format!("{SECOND}links = [\"line\"]\n"));
    reload(&node, false).unwrap();
    assert_eq!(udp(&node, "second").ask("bob hello"), "bob 1 hello");
}

#[test]
fn the_certificates_of_an_adaptor_that_came_are_watched() {
    let authority = bench::authority::Authority::new("node");
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.issue(&["node.example"]).write(dir.path(), "node");
    let bench = Bench::new("");
    let node = bench.start_reloading();
    let files = format!(
        "certificate = \"{}\"\nkey = \"{}\"\n",
        certificate.display(),
        key.display()
    );
    let secure = format!(
        "{SECOND}[adaptors.second.settings.listeners.tls.tls]\n{files}insecure_skip_verification = true\n"
    );
    std::fs::rename(&key, key.with_extension("away")).unwrap();
    bench.rewrite(&secure);
    let refusal = reload(&node, false).unwrap_err();
    assert_eq!(refusal.problems[0].code, "NOD-014");
    std::fs::rename(key.with_extension("away"), &key).unwrap();
    reload(&node, false).unwrap();
    let watched = || match node.ask(Request::CertificateList {}) {
        Some(Reply::Certificates(list)) => list.into_iter().map(|c| c.listener).collect(),
        other => panic!("no certificates: {other:?}"),
    };
    let listeners: Vec<String> = watched();
    assert_eq!(listeners, ["second.tls"]);
    let secure = address(&node, "second", "tls").unwrap();
    let stream = TcpStream::connect(secure).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    bench.rewrite("");
    reload(&node, false).unwrap();
    assert!(Line::over(stream).is_closed());
    let listeners: Vec<String> = watched();
    assert!(listeners.is_empty());
}
