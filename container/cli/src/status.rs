//! `strowger status`, `ready` and `metrics`: how a running node is.

use crate::api::{Api, path};
use crate::args::{self, Told};
use crate::failure::Failure;
use crate::output::{as_json, print, print_bytes, print_table};
use serde::Deserialize;
use serde_json::Value;
use std::fmt::Write as _;
use std::time::Duration;
use strowger_node::control::AskError;
use strowger_node::status::Status;

/// Prints how the node is.
pub(crate) fn run(args: &args::Status) -> Result<(), Failure> {
    let path = path(&["status"], &[("detail", Some(args.detail.to_string()))]);
    let status: Status = Api::of(&args.told.node)?.get(&path)?;
    if args.told.json {
        let mut text = serde_json::to_string_pretty(&status).map_err(std::io::Error::from)?;
        text.push('\n');
        print(&text)?;
    } else {
        print_table(&table(&status))?;
    }
    Ok(())
}

/// Whether a node takes new work.
#[derive(Debug, Deserialize)]
struct Health {
    refusing: Vec<String>,
}

/// Says whether the node takes new work.
pub(crate) fn ready(told: &Told) -> Result<(), Failure> {
    let value: Value = Api::of(&told.node)?.get("/health")?;
    let health = Health::deserialize(&value).map_err(AskError::Unreadable)?;
    if told.json {
        as_json(&value)?;
    }
    if health.refusing.is_empty() {
        if !told.json {
            print("ready\n")?;
        }
        return Ok(());
    }
    let reason = format!("new work: {}", health.refusing.join(", "));
    Err(Failure::Refused { reason })
}

/// Prints the metrics of the node.
pub(crate) fn metrics(node: &args::Asked) -> Result<(), Failure> {
    print_bytes(&Api::of(node)?.text("/metrics")?)?;
    Ok(())
}

/// The status for people.
fn table(status: &Status) -> String {
    let mut text = String::new();
    let uptime = Duration::from_secs(status.uptime_ms / 1000);
    let _ = writeln!(
        text,
        "{} {}, version {}, process {}, up {}, {} MiB resident",
        status.node,
        status.state,
        status.version,
        status.pid,
        humantime::format_duration(uptime),
        status.resident_bytes / (1024 * 1024),
    );
    for reason in &status.refusing {
        let _ = writeln!(text, "REFUSING NEW WORK: {reason}");
    }
    for alarm in &status.alarms {
        let _ = writeln!(
            text,
            "ALARM {} {} {}{}: {}",
            alarm.severity,
            alarm.source,
            alarm.name,
            about(&alarm.instance),
            alarm.text
        );
    }
    text.push('\n');
    parts(&mut text, status);
    counts(&mut text, status);
    store(&mut text, status);
    text
}

fn parts(text: &mut String, status: &Status) {
    for adaptor in &status.adaptors {
        let _ = writeln!(
            text,
            "adaptor  {:<12} {:<9} {}",
            adaptor.name, adaptor.state, adaptor.component
        );
        for at in status
            .listeners
            .iter()
            .filter(|at| at.adaptor == adaptor.name)
        {
            let _ = writeln!(text, "         {:<12} {} {}", "", at.transport, at.address);
        }
        for part in &adaptor.parts {
            let _ = writeln!(
                text,
                "           {:<28} {:<10} {}",
                part.name, part.state, part.detail
            );
        }
    }
    for service in &status.services {
        let entities = service
            .entities
            .map(|n| format!(", {n} entities"))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "service  {:<12} {:<9} {}, {}{entities}",
            service.name, service.state, service.component, service.durability
        );
    }
    text.push('\n');
}

fn counts(text: &mut String, status: &Status) {
    let counts = &status.counts;
    let rows = [
        ("activities", counts.activities),
        ("entities", counts.entities),
        ("timers", counts.timers),
        ("events waiting", counts.events),
        ("suspended", counts.suspended),
        ("names", counts.names),
        ("connections", counts.connections),
        ("messages held", counts.outputs),
    ];
    for (name, n) in rows {
        let _ = writeln!(text, "{name:<16} {n:>10}");
    }
    if !status.activities_by_type.is_empty() {
        text.push_str("\nactivities by type, the container's own included\n");
    }
    for (kind, n) in &status.activities_by_type {
        let _ = writeln!(text, "  {kind:<32} {n:>10}");
    }
    let rates = &status.rates;
    let _ = writeln!(
        text,
        "\nper second       {:.0} datagrams in, {:.0} events, {:.0} deliveries, {:.0} syncs",
        rates.datagrams_in, rates.events, rates.deliveries, rates.syncs
    );
    let kernel = &status.kernel;
    let _ = writeln!(
        text,
        "since start      {} deliveries, {} commits, {} rollbacks, {} panics",
        kernel.deliveries, kernel.commits, kernel.rollbacks, kernel.panics
    );
}

fn store(text: &mut String, status: &Status) {
    let store = &status.store;
    const MIB: u64 = 1024 * 1024;
    let _ = writeln!(
        text,
        "store            durable to {}, checkpoint {}, journal {} MiB, last sync {} µs, {} MiB free",
        store.durable,
        store.checkpoint,
        store.journal_bytes / MIB,
        store.last_sync_us,
        store.free_bytes / MIB,
    );
}

/// What an alarm is about, where there are several of its name.
fn about(instance: &str) -> String {
    match instance {
        "" => String::new(),
        instance => format!(" ({instance})"),
    }
}
