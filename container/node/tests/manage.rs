//! A node in this process as whoever is beside it sees it: lists, housekeeping, links, states, a companion.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::Bench;
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use strowger_node::control::{Cause, Reply, Request};
use strowger_node::listed::Part;
use strowger_node::{Beside, Companion, CompanionError, Life, Running};

fn cause(reply: Option<Reply>) -> Cause {
    match reply {
        Some(Reply::Refused(refusal)) => refusal.cause,
        other => panic!("not refused: {other:?}"),
    }
}

fn activities(part: Part) -> Request {
    Request::Activities {
        part,
        kind: Some("talk".into()),
        adaptor: Some("toy".into()),
        min_age: 0,
        min_idle: 0,
    }
}

/// All ids of a list, a part at a time, and the number of parts.
fn all(node: &Running, limit: u32, ask: impl Fn(Part) -> Request) -> (BTreeSet<String>, usize) {
    let (mut ids, mut after, mut parts) = (BTreeSet::new(), None, 0);
    loop {
        let part = Part {
            after: after.take(),
            limit: Some(limit),
        };
        #[expect(clippy::wildcard_enum_match_arm, reason = "all others are wrong")]
        let (page, next) = match node.ask(ask(part)).unwrap() {
            Reply::Activities(page) => (page.items.into_iter().map(|a| a.id).collect(), page.next),
            Reply::Entities(page) => (page.items.into_iter().map(|e| e.id).collect(), page.next),
            other => panic!("no page: {other:?}"),
        };
        let page: Vec<String> = page;
        assert!(page.len() <= limit as usize);
        parts += 1;
        ids.extend(page);
        match next {
            Some(next) => after = Some(next),
            None => return (ids, parts),
        }
    }
}

#[test]
fn lists_are_given_in_parts_and_what_is_in_them_can_be_ended() {
    let bench = Bench::new("");
    let node = bench.start();
    let udp = bench.udp(&node);
    for n in 0..300 {
        udp.ask(&format!("talk{n} hello"));
    }
    let (ids, parts) = all(&node, 7, activities);
    assert!(ids.len() == 300 && parts >= 43, "{} in {parts}", ids.len());
    let entities = |part| Request::Entities {
        part,
        service: Some("parrot".into()),
        min_age: 0,
    };
    let (entities, _) = all(&node, 1_000, entities);
    assert_eq!(entities.len(), 300);

    let id = ids.first().unwrap().clone();
    let Some(Reply::Activity(one)) = node.ask(Request::Activity { id: id.clone() }) else {
        panic!("no activity")
    };
    assert_eq!(
        (one.adaptor.as_deref(), one.attached, one.entities.len()),
        (Some("toy"), 1, 1)
    );
    assert!(entities.contains(&one.entities[0]));
    assert_eq!(
        node.ask(Request::EndActivity { id: id.clone() }),
        Some(Reply::Done)
    );
    bench.until(|| node.status().unwrap().counts.activities == 299);
    assert_eq!(cause(node.ask(Request::EndActivity { id })), Cause::Unknown);

    let id = entities
        .iter()
        .find(|id| **id != one.entities[0])
        .unwrap()
        .clone();
    assert_eq!(
        node.ask(Request::RemoveEntity { id: id.clone() }),
        Some(Reply::Done)
    );
    assert_eq!(cause(node.ask(Request::Entity { id })), Cause::Unknown);
    let nowhere = Part {
        after: Some("t00-1-1".into()),
        limit: None,
    };
    assert_eq!(cause(node.ask(activities(nowhere))), Cause::Wrong);
    let old = Request::Entities {
        part: Part::default(),
        service: None,
        min_age: 86_400,
    };
    assert!(matches!(node.ask(old), Some(Reply::Entities(page)) if page.items.is_empty()));
}

/// R-LK-01, R-RE-01 and R-SV-01 as operators meet them.
#[test]
fn links_adaptors_and_services_change_as_their_states_allow() {
    let bench = Bench::new("");
    let node = bench.start_reloading();
    let bind = |link: &str, adaptor: &str| Request::Bind {
        link: link.into(),
        adaptor: adaptor.into(),
    };
    assert_eq!(node.ask(bind("trunk", "toy")), Some(Reply::Done));
    assert_eq!(cause(node.ask(bind("trunk", "toy"))), Cause::State);
    assert_eq!(cause(node.ask(bind("other", "nobody"))), Cause::Unknown);
    let Some(Reply::Links(links)) = node.ask(Request::Links {}) else {
        panic!("no links")
    };
    let trunk = links.iter().find(|link| link.name == "trunk").unwrap();
    assert_eq!((trunk.adaptor.as_str(), trunk.used_by.len()), ("toy", 0));
    let unbind = || Request::Unbind {
        link: "trunk".into(),
    };
    assert_eq!(node.ask(unbind()), Some(Reply::Done));
    assert_eq!(cause(node.ask(unbind())), Cause::Unknown);

    let adaptor = || "toy".to_owned();
    assert_eq!(
        cause(node.ask(Request::ActivateAdaptor { adaptor: adaptor() })),
        Cause::State
    );
    assert_eq!(
        node.ask(Request::DeactivateAdaptor { adaptor: adaptor() }),
        Some(Reply::Done)
    );
    bench.until(|| node.status().unwrap().adaptors[0].state == "inactive");
    assert_eq!(
        node.ask(Request::ActivateAdaptor { adaptor: adaptor() }),
        Some(Reply::Done)
    );

    let replace = |old: &[&str], new: &[&str]| {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        node.ask(Request::Replace {
            old: list(old),
            new: list(new),
            migrate: false,
        })
    };
    assert_eq!(cause(replace(&[], &[])), Cause::Wrong);
    assert_eq!(cause(replace(&["parrot"], &["parrot"])), Cause::Wrong);
    assert_eq!(cause(replace(&[], &["parrot"])), Cause::State);
    assert_eq!(cause(replace(&["nobody"], &[])), Cause::Unknown);
    assert_eq!(replace(&["parrot"], &[]), Some(Reply::Done));
}

#[test]
fn an_adaptor_that_was_not_opened_at_the_start_is_not_activated() {
    let bench = Bench::new(
        "[adaptors.spare]\ntype = \"toy\"\nactive = false\n[services.parrot.links]\ntoy = \"toy\"\n",
    );
    let node = bench.start();
    let spare = Request::ActivateAdaptor {
        adaptor: "spare".into(),
    };
    assert_eq!(cause(node.ask(spare)), Cause::State);
}

#[test]
fn only_alarms_of_what_has_happened_are_cleared() {
    let bench = Bench::new("");
    let node = bench.start();
    let udp = bench.udp(&node);
    udp.send("ann crash");
    bench.until(|| !node.status().unwrap().alarms.is_empty());
    let clear = || Request::ClearAlarm {
        instance: String::new(),
        source: "adaptor toy".into(),
        name: "panic".into(),
    };
    assert_eq!(node.ask(clear()), Some(Reply::Done));
    assert_eq!(cause(node.ask(clear())), Cause::Unknown);
    assert!(node.status().unwrap().alarms.is_empty());
}

#[test]
fn the_configuration_is_shown_with_origins_and_classes() {
    let bench = Bench::new("[adaptors.toy.settings]\nmotto = \"one\"\n");
    let node = bench.start_reloading();
    let Some(Reply::Configuration(keys)) = node.ask(Request::Configuration {}) else {
        panic!("no configuration")
    };
    let motto = keys
        .iter()
        .find(|key| key.key == "adaptors.toy.settings.motto")
        .unwrap();
    assert_eq!(
        (motto.value.as_str(), motto.reload.as_str()),
        (Some("one"), "live")
    );
    assert!(motto.origin.ends_with("test.toml:2"), "{}", motto.origin);
    bench.rewrite("[adaptors.toy.settings]\nmoto = \"two\"\n");
    let Some(Reply::Refused(refusal)) = node.ask(Request::Reload { check: true }) else {
        panic!("not refused")
    };
    let problem = &refusal.problems[0];
    assert_eq!(
        (problem.key.as_deref(), problem.line),
        (Some("adaptors.toy.settings.moto"), Some(2))
    );
    assert!(
        node.status().unwrap().alarms.is_empty(),
        "a check raises no alarm"
    );
}

/// Tells when it begins and ends, and whether there was a listener.
struct Watcher(SyncSender<String>);

impl Companion for Watcher {
    fn start(self: Box<Self>, beside: Beside) -> Result<Life, CompanionError> {
        Ok(Box::pin(async move {
            let Beside {
                manage,
                listener,
                mut ended,
                ..
            } = beside;
            let reply = manage.ask(Request::Status { detail: false }).await;
            let Ok(Reply::Status(status)) = reply else {
                return;
            };
            let listens = status.listeners.iter().any(|at| at.adaptor == "management");
            self.0
                .send(format!(
                    "{} {} {}",
                    status.state,
                    listener.is_some(),
                    listens
                ))
                .unwrap();
            ended.wait_for(|ended| *ended).await.unwrap();
            let gone = manage.ask(Request::Status { detail: false }).await;
            self.0.send(format!("{}", gone.unwrap_err())).unwrap();
        }))
    }
}

fn watched(bench: &Bench) -> (Running, Receiver<String>) {
    let (tell, told) = sync_channel(4);
    (
        bench.builder().companion(Watcher(tell)).start().unwrap(),
        told,
    )
}

#[test]
fn a_companion_lives_from_readiness_until_after_the_end() {
    let bench = Bench::new("[management]\nlisten = \"127.0.0.1:0\"\n");
    let (node, told) = watched(&bench);
    assert_eq!(
        told.recv_timeout(bench::PATIENCE).unwrap(),
        "running true true"
    );
    node.stop();
    drop(node);
    assert_eq!(
        told.recv_timeout(bench::PATIENCE).unwrap(),
        "the node is ending"
    );
    let bench = Bench::new("[management]\nlisten = \"off\"\n");
    let (_node, told) = watched(&bench);
    assert_eq!(
        told.recv_timeout(bench::PATIENCE).unwrap(),
        "running false false"
    );
}

#[test]
fn a_taken_address_stops_the_start_unless_it_was_nobodys_choice() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let bench = Bench::new(&format!("[management]\nlisten = \"{address}\"\n"));
    let (tell, _told) = sync_channel(4);
    let error = bench
        .builder()
        .companion(Watcher(tell))
        .start()
        .unwrap_err();
    assert_eq!(error.code(), "NOD-001");
    // Without a companion nobody listens, and the key has no effect.
    bench.start();
}
