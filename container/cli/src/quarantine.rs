//! `strowger quarantine`: deliveries that ended in a panic and were put aside, on a running node.

use crate::api::{Api, path};
use crate::args;
use crate::failure::Failure;
use crate::output::{as_json, print, print_table};
use serde_json::json;
use std::fmt::Write as _;
use std::io;
use std::time::{Duration, SystemTime};
use strowger_node::listed::{Page, QuarantineEntry};

/// Lists, shows, releases or discards.
pub(crate) fn run(args: &args::Quarantine) -> Result<(), Failure> {
    match args {
        args::Quarantine::List(args) => list(args),
        args::Quarantine::Show(args) => show(args),
        args::Quarantine::Release(args) => each(args, "released", |api, id| {
            api.change("POST", &path(&["quarantine", id, "release"], &[]))
        }),
        args::Quarantine::Discard(args) => each(args, "discarded", |api, id| {
            api.change("DELETE", &path(&["quarantine", id], &[]))
        }),
    }
}

fn list(args: &args::ListedQuarantine) -> Result<(), Failure> {
    let wanted = [
        ("service", args.service.clone()),
        ("after", args.after.clone()),
        ("limit", args.limit.map(|limit| limit.to_string())),
    ];
    let page: Page<QuarantineEntry> = Api::of(&args.node)?.get(&path(&["quarantine"], &wanted))?;
    if args.json {
        as_json(&serde_json::to_value(&page).map_err(io::Error::from)?)?;
    } else {
        print_table(&table(&page))?;
    }
    Ok(())
}

fn table(page: &Page<QuarantineEntry>) -> String {
    let mut text = format!(
        "{:<10} {:<16} {:<20} {:>5}  {:<24} {:<20} CAUSE\n",
        "ID", "SERVICE", "LAST", "TIMES", "EVENT", "RELEASE"
    );
    for one in &page.items {
        let release = one.stuck.as_deref().unwrap_or("possible");
        let _ = writeln!(
            text,
            "{:<10} {:<16} {:<20} {:>5}  {:<24} {release:<20} {}",
            one.id,
            one.service,
            time(one.last_ms),
            one.times,
            one.event,
            one.cause
        );
    }
    if let Some(next) = &page.next {
        let _ = writeln!(text, "and more: --after {next}");
    }
    text
}

fn show(args: &args::OneQuarantined) -> Result<(), Failure> {
    let path = path(&["quarantine", &args.id], &[]);
    let one: QuarantineEntry = Api::of(&args.node)?.get(&path)?;
    if args.json {
        as_json(&serde_json::to_value(&one).map_err(io::Error::from)?)?;
    } else {
        print(&page(&one))?;
    }
    Ok(())
}

fn page(one: &QuarantineEntry) -> String {
    let rows = [
        ("id", one.id.clone()),
        ("service", one.service.clone()),
        ("event", one.event.clone()),
        ("activity", one.activity.clone()),
        (
            "receiver",
            one.entity
                .clone()
                .unwrap_or_else(|| "the service, by an initial event".to_owned()),
        ),
        ("cause", one.cause.clone()),
        ("first", time(one.first_ms)),
        ("last", time(one.last_ms)),
        ("times", one.times.to_string()),
        (
            "release",
            one.stuck.as_ref().map_or_else(
                || "possible".to_owned(),
                |why| format!("not possible: {why}"),
            ),
        ),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        let _ = writeln!(text, "{name:<9} {value}");
    }
    text
}

/// One after the other; the first that is refused ends it.
fn each(
    args: &args::SomeQuarantined,
    done: &str,
    order: impl Fn(&Api, &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let api = Api::of(&args.node)?;
    for id in &args.ids {
        order(&api, id)?;
    }
    if args.json {
        as_json(&json!({ done: args.ids }))?;
    }
    Ok(())
}

fn time(ms: u64) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
    humantime::format_rfc3339_seconds(at).to_string()
}

#[cfg(test)]
mod tests {
    use super::{page, table};
    use strowger_node::listed::{Page, QuarantineEntry};

    #[test]
    fn people_see_what_it_was_and_whether_it_can_be_released() {
        let mut one = QuarantineEntry::default();
        one.id = "17".into();
        one.service = "b2bua".into();
        one.event = "invite 1.0 (strowger)".into();
        one.cause = "panic: no".into();
        one.times = 2;
        one.last_ms = 1_700_000_000_000;
        let shown = page(&one);
        assert!(
            shown.contains("receiver  the service, by an initial event"),
            "{shown}"
        );
        assert!(shown.contains("last      2023-11-14T22:13:20Z"), "{shown}");
        assert!(shown.ends_with("release   possible\n"), "{shown}");
        one.stuck = Some("its activity has ended".into());
        let text = table(&Page {
            items: vec![one],
            next: Some("17".into()),
        });
        assert!(text.contains("its activity has ended panic: no"), "{text}");
        assert!(text.ends_with("and more: --after 17\n"), "{text}");
    }
}
