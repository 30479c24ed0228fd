//! A node in this process that is looked after: quarantined events, services that fail too often, backups.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::Bench;
use std::path::Path;
use strowger_journal::Store as _;
use strowger_node::control::{Cause, Reply, Request};
use strowger_node::listed::{Part, QuarantineEntry};
use strowger_node::status::BackupStatus;
use strowger_node::{Exit, Running};
use strowger_store::backup::{RECORDS, read_secret, write_secret};
use strowger_store::{JournalSled, StoreOptions};

fn quarantine(node: &Running) -> Vec<QuarantineEntry> {
    let request = Request::Quarantine {
        part: Part::default(),
        service: Some("parrot".into()),
    };
    match node.ask(request) {
        Some(Reply::Quarantine(page)) => page.items,
        other => panic!("no list: {other:?}"),
    }
}

fn release(node: &Running, id: &str) -> Option<Reply> {
    node.ask(Request::ReleaseQuarantined { id: id.into() })
}

fn cause(reply: Option<Reply>) -> Cause {
    match reply {
        Some(Reply::Refused(refusal)) => refusal.cause,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_panicked_delivery_is_there_after_a_restart_and_can_be_released() {
    let bench = Bench::new("");
    let node = bench.start();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    udp.send("ann panic");
    assert_eq!(udp.ask("ann hello"), "ann 2 hello");
    let before = quarantine(&node);
    let [one] = &before[..] else {
        panic!("{before:?}")
    };
    assert_eq!((one.times, &one.stuck), (1, &None));
    assert!(one.cause.contains("a handler that panics"), "{one:?}");
    assert_eq!(node.status().unwrap().counts.quarantined, 1);
    node.stop();
    node.stop();
    assert_eq!(node.wait(), Exit::Clean);

    let node = bench.start();
    assert_eq!(quarantine(&node), before);
    let named = |node: &Running| {
        let alarms = node.status().unwrap().alarms;
        let own = alarms.iter().filter(|a| a.source == "service parrot");
        own.map(|a| a.name.clone()).collect::<Vec<_>>()
    };
    bench.until(|| named(&node) == ["quarantined"]);
    // It is as sick as before: the delivery fails again, and keeps its number.
    assert_eq!(release(&node, &one.id), Some(Reply::Done));
    bench.until(|| quarantine(&node).iter().any(|again| again.times == 2));
    assert_eq!(quarantine(&node)[0].id, one.id);
    let discard = || Request::DiscardQuarantined { id: one.id.clone() };
    assert_eq!(node.ask(discard()), Some(Reply::Done));
    assert_eq!(cause(node.ask(discard())), Cause::Unknown);
    assert_eq!(cause(release(&node, &one.id)), Cause::Unknown);
    bench.until(|| named(&node) == ["panic"]);
}

#[test]
fn what_was_for_an_activity_that_has_ended_is_only_discarded() {
    let bench = Bench::new("");
    let node = bench.start();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    udp.send("ann panic");
    assert_eq!(udp.ask("ann bye"), "ann bye");
    bench.until(|| node.status().unwrap().counts.activities == 0);
    let [one] = &quarantine(&node)[..] else {
        panic!("one was put aside")
    };
    assert_eq!(one.stuck.as_deref(), Some("its activity has ended"));
    assert_eq!(cause(release(&node, &one.id)), Cause::State);
}

#[test]
fn a_service_that_panics_too_often_is_deactivated_and_can_be_activated_again() {
    let limited =
        |most: u32| format!("[services.parrot]\npanics_max = {most}\nfailure_window = \"10m\"\n");
    let bench = Bench::new(&limited(1_000));
    let node = bench.start_reloading();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    udp.send("ann panic");
    assert_eq!(udp.ask("ann hello"), "ann 2 hello");
    bench.rewrite(&limited(3));
    assert!(matches!(
        node.ask(Request::Reload { check: false }),
        Some(Reply::Reloaded(changes)) if changes.len() == 1
    ));
    for _ in 0..3 {
        udp.send("ann panic");
    }
    bench.until(|| node.status().unwrap().services[0].state == "stopping");
    let alarms = node.status().unwrap().alarms;
    let failed = alarms
        .iter()
        .find(|a| a.name == "too_many_failures")
        .unwrap();
    assert_eq!(
        (&failed.source[..], &failed.text[..]),
        (
            "service parrot",
            "3 deliveries panicked within 600s: it was deactivated"
        )
    );
    // What it has goes on; what is new finds nobody.
    assert_eq!(udp.ask("ann hello"), "ann 3 hello");
    assert_eq!(udp.ask("ann bye"), "ann bye");
    bench.until(|| node.status().unwrap().services[0].state == "inactive");
    let service = || "parrot".to_owned();
    let activate = Request::Activate { service: service() };
    assert_eq!(node.ask(activate), Some(Reply::Done));
    let stands = || {
        let alarms = node.status().unwrap().alarms;
        alarms.iter().any(|a| a.name == "too_many_failures")
    };
    bench.until(|| !stands());
    assert_eq!(udp.ask("bob hello"), "bob 1 hello");
}

/// What a backup has become.
fn backup(bench: &Bench, node: &Running) -> BackupStatus {
    bench.until(|| node.status().unwrap().backup.state != "running");
    node.status().unwrap().backup
}

#[test]
fn a_backup_of_a_node_that_serves_is_the_state_of_one_moment() {
    let bench = Bench::new("");
    let node = bench.start();
    let to = bench.dir().join("saved");
    let udp = bench.udp(&node);
    for name in ["ann", "bob", "eve"] {
        assert_eq!(udp.ask(&format!("{name} hello")), format!("{name} 1 hello"));
    }
    assert_eq!(node.status().unwrap().backup.state, "none");
    let begun = node.ask(Request::BackUp { to: to.clone() });
    assert_eq!(begun, Some(Reply::Done));
    // It goes on serving; so many are asked that the backup lies between two of them.
    let mut asked = 1;
    while asked < 20 || node.status().unwrap().backup.state == "running" {
        asked += 1;
        for name in ["ann", "bob", "eve"] {
            assert_eq!(
                udp.ask(&format!("{name} more")),
                format!("{name} {asked} more")
            );
        }
    }
    let made = backup(&bench, &node);
    assert_eq!((&made.state[..], &made.reason), ("done", &None), "{made:?}");
    assert!(made.records > 0 && made.bytes > 0 && made.commit > 0);
    assert_eq!(made.directory, to.display().to_string());
    node.stop();
    node.stop();
    assert_eq!(node.wait(), Exit::Clean);

    // Restored, it is a node that knows all three, as they were at that moment.
    let other = Bench::new("");
    restore(&to, &other);
    let node = other.start();
    assert_eq!(node.ready().restored_activities, 3);
    let udp = udp.again(&other, &node);
    let mut counts = Vec::new();
    for name in ["ann", "bob", "eve"] {
        let answer = udp.ask(&format!("{name} again"));
        let count = answer.split(' ').nth(1).unwrap();
        counts.push(count.parse::<u64>().unwrap() - 1);
    }
    assert!(counts.is_sorted_by(|one, next| one >= next), "{counts:?}");
    assert!(counts[0] - counts[2] <= 1, "{counts:?}");
    assert!(counts[0] >= 1 && counts[0] <= asked, "{counts:?}");
}

/// What `strowger store restore` does.
fn restore(from: &Path, to: &Bench) {
    let data = to.data_dir();
    std::fs::create_dir(&data).unwrap();
    let secret = read_secret(from).unwrap();
    write_secret(&data, &secret).unwrap();
    let store = JournalSled::open(&data.join("store"), &StoreOptions::default()).unwrap();
    let mut store = Box::new(store);
    let records = std::fs::read(from.join(RECORDS)).unwrap();
    store.import(&mut &records[..]).unwrap();
    store.close().unwrap();
}

#[test]
fn a_backup_that_cannot_be_made_says_why_and_leaves_nothing() {
    let bench = Bench::new("");
    let node = bench.start();
    let to = bench.dir().join("there");
    std::fs::create_dir(&to).unwrap();
    let back_up = |to: &Path| node.ask(Request::BackUp { to: to.to_owned() });
    assert_eq!(back_up(&to), Some(Reply::Done));
    let failed = backup(&bench, &node);
    assert_eq!(failed.state, "failed");
    assert!(failed.reason.unwrap().contains("nothing is overwritten"));
    assert_eq!(cause(back_up(Path::new("relative"))), Cause::Wrong);
    let nowhere = Path::new("/proc/nowhere/saved");
    assert_eq!(back_up(nowhere), Some(Reply::Done));
    bench.until(|| {
        let status = node.status().unwrap().backup;
        status.state == "failed" && status.directory.starts_with("/proc")
    });
    assert_eq!(back_up(&bench.dir().join("fine")), Some(Reply::Done));
    bench.until(|| node.status().unwrap().backup.state == "done");
}

#[test]
fn a_service_whose_deliveries_take_too_long_is_deactivated() {
    let bench =
        Bench::new("[limits]\ndelivery_time_max = \"100ms\"\n[services.parrot]\nhangs_max = 2\n");
    let node = bench.start();
    let udp = bench.udp(&node);
    let state = || node.status().unwrap().services[0].state.clone();
    assert_eq!(udp.ask("ann stall"), "ann stalled");
    assert_eq!(
        (udp.ask("ann hello"), state()),
        ("ann 2 hello".into(), "active".into())
    );
    assert_eq!(udp.ask("ann stall"), "ann stalled");
    bench.until(|| state() != "active");
    let alarms = node.status().unwrap().alarms;
    let failed = alarms
        .iter()
        .find(|alarm| alarm.name == "too_many_failures");
    let text = &failed.unwrap().text;
    assert!(
        text.starts_with("2 deliveries did not return in time within 600s"),
        "{text}"
    );
}
