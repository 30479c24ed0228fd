//! The first page: how much goes on, how long it takes, what it costs, and whether anything is wrong.

use super::frame::{Room, Visit};
use super::live::{Look, Parts, Shown, View};
use super::{act, alarms, chart, show};
use crate::api::{Params, Problem, State};
use crate::figures::{Sample, real};
use axum::extract::State as Given;
use axum::response::Html;
use maud::{Markup, html};
use std::sync::Arc;
use strowger_node::status::{Level, Status};

pub(super) async fn page(
    Given(state): Given<State>,
    visit: Visit,
    params: Params,
) -> Result<Html<String>, Problem> {
    params.end()?;
    let look = Look::of(&state, Arc::from(state.status(false).await?));
    let shown = Shown::new(look, View::Overview);
    Ok(visit.page(Room::Overview, "Overview", &shown, &body(&shown)))
}

pub(super) fn parts(look: &Look, parts: &mut Parts) {
    parts.add("tiles", tiles(look));
    parts.add("alarms", alarms::brief(look));
    parts.add("services", services(look));
    parts.add("adaptors", adaptors(&look.status));
    parts.add("store", store(look));
    parts.add("levels", levels(&look.status));
    parts.add("uptime", html! { (show::span(look.status.uptime_ms)) });
}

fn body(Shown { look, parts, .. }: &Shown) -> Markup {
    html! {
        div.title {
            h1 { "Overview" }
            p.quiet { "Up for " (parts.word("uptime")) ", ready " (show::seconds(real(look.status.ready_after_ms) / 1e3)) " after its start" }
            div.tools { (act::link("/console/stop", "Stop the node…")) }
        }
        (parts.block("tiles"))
        div.columns {
            section aria-labelledby="h-alarms" {
                h2 #h-alarms { a href="/console/alarms" { "Alarms" } }
                (parts.block("alarms"))
            }
            section aria-labelledby="h-services" {
                h2 #h-services { a href="/console/services" { "Services" } }
                (parts.block("services"))
            }
            section aria-labelledby="h-adaptors" {
                h2 #h-adaptors { a href="/console/adaptors" { "Adaptors" } }
                (parts.block("adaptors"))
            }
            section aria-labelledby="h-levels" {
                h2 #h-levels { "Room" }
                (parts.block("levels"))
            }
            section aria-labelledby="h-store" {
                h2 #h-store { "Store" }
                (parts.block("store"))
            }
        }
    }
}

/// A figure with its course over the last minutes.
fn tile(what: &str, value: &str, unit: &str, course: &Markup, note: &str) -> Markup {
    html! {
        div.tile {
            h2 { (what) }
            p.figure { (value) @if !unit.is_empty() { span.unit { " " (unit) } } }
            (course)
            p.quiet { (note) }
        }
    }
}

fn tiles(look: &Look) -> Markup {
    let (recent, status) = (&look.recent, &look.status);
    let rated = |what: &str, of: fn(&Sample) -> f64| {
        let peak = format!("peak {}/s", show::rate(chart::peak(recent, of)));
        tile(
            what,
            &show::rate(recent.mean(of)),
            "/s",
            &chart::course(recent, of),
            &peak,
        )
    };
    let half = show::maybe_seconds(recent.delivery(0.5));
    let most = |of: fn(&Sample) -> f64| show::percent(chart::peak(recent, of));
    html! {
        div.tiles {
            (tile("Activities", &show::count(status.counts.activities), "", &chart::course(recent, |s| s.activities),
                &format!("{} entities, {} timers", show::count(status.counts.entities), show::count(status.counts.timers))))
            (rated("New activities", |s| s.begun))
            (tile("Events", &show::rate(recent.mean(|s| s.events)), "/s", &chart::course(recent, |s| s.events),
                &format!("{} deliveries/s", show::rate(recent.mean(|s| s.deliveries)))))
            (tile("Delivery, 99 of 100 below", &show::maybe_seconds(recent.delivery(0.99)), "",
                &chart::latency(recent, 0.99), &format!("half below {half}")))
            (tile("Shard's core in use", &show::percent(recent.mean(|s| s.shard)), "", &chart::course(recent, |s| s.shard),
                &format!("peak {}", most(|s| s.shard))))
            (tile("Process", &show::percent(recent.mean(|s| s.cores)), "of a core", &chart::course(recent, |s| s.cores),
                &format!("{} threads", status.process.threads)))
            (tile("Datagrams", &show::rate(recent.mean(|s| s.datagrams)), "/s", &chart::course(recent, |s| s.datagrams),
                &format!("{}/s, {} connections", show::bytes(recent.mean(|s| s.bytes)), show::count(status.counts.connections))))
            (tile("Memory", &show::bytes(real(status.process.resident_bytes)), "", &chart::course(recent, |s| s.resident),
                &format!("{} of {} descriptors", show::count(status.process.open_files), show::count(status.process.open_files_max))))
        }
    }
}

fn services(look: &Look) -> Markup {
    let status = &look.status;
    if status.services.is_empty() {
        return show::empty(
            "No services",
            &html! { "A table " code { "[services.NAME]" } " of the configuration makes one." },
        );
    }
    html! {
        table {
            thead.quiet { tr { th scope="col" { "Service" } th scope="col" { "State" } th.number scope="col" { "Entities" } th.number scope="col" { "Deliveries/s" } } }
            tbody {
                @for (place, service) in status.services.iter().enumerate() {
                    tr {
                        td { (service.name) }
                        td { (show::state(&service.state)) }
                        td.number { (show::count(service.entities.unwrap_or(0))) }
                        td.number { (show::maybe_rate(look.recent.rate(|s| s.services.get(place).map(|s| s.deliveries)))) }
                    }
                }
            }
        }
    }
}

fn adaptors(status: &Status) -> Markup {
    if status.adaptors.is_empty() {
        return show::empty(
            "No adaptors",
            &html! { "A table " code { "[adaptors.NAME]" } " of the configuration makes one." },
        );
    }
    html! {
        table {
            thead.quiet { tr { th scope="col" { "Adaptor" } th scope="col" { "State" } th.number scope="col" { "Activities" } th scope="col" { "Listens" } } }
            tbody {
                @for adaptor in &status.adaptors {
                    tr {
                        td { (adaptor.name) }
                        td { (show::state(&adaptor.state)) }
                        td.number { (show::count(adaptor.activities)) }
                        td.mono { (listens(status, &adaptor.name)) }
                    }
                }
            }
        }
    }
}

/// The addresses of an adaptor, each once.
fn listens(status: &Status, adaptor: &str) -> Markup {
    let mut addresses: Vec<&str> = Vec::new();
    for at in status.listeners.iter().filter(|at| at.adaptor == adaptor) {
        if !addresses.contains(&at.address.as_str()) {
            addresses.push(&at.address);
        }
    }
    html! {
        @for address in addresses.iter().take(2) { (address) " " }
        @if addresses.len() > 2 { "+" (addresses.len() - 2) }
        @if addresses.is_empty() { (show::NOTHING) }
    }
}

fn levels(status: &Status) -> Markup {
    let shards = status.shards.iter();
    let all = shards.flat_map(|shard| shard.tables.iter().chain(&shard.queues));
    let mut all: Vec<&Level> = all.filter(|level| level.bound > 0).collect();
    // What is fullest is what one looks for.
    let share = |level: &Level| real(level.used) / real(level.bound);
    all.sort_by(|a, b| share(b).total_cmp(&share(a)));
    let more = all.len().saturating_sub(6);
    html! {
        table.levels {
            thead.quiet { tr { th scope="col" { "Queue or table" } th scope="col" { "Full" } th.number scope="col" { "Used" } th.number scope="col" { "Bound" } } }
            tbody {
                @for level in all.iter().take(6) {
                    tr {
                        td { (level.name.replace('_', " ")) @if !level.adaptor.is_empty() { span.quiet { " of " (level.adaptor) } } }
                        td { (show::level(level.used, level.bound)) }
                        td.number { (show::count(level.used)) }
                        td.number.quiet { (show::count(level.bound)) }
                    }
                }
            }
        }
        @if more > 0 { p.quiet { (more) " more are less full." } }
    }
}

fn store(look: &Look) -> Markup {
    let store = &look.status.store;
    let rate = |n: Option<f64>| html! { (show::maybe_rate(n)) "/s" };
    html! {
        (show::facts(&[
            ("Sync, 99 of 100 below", html! { (show::maybe_seconds(look.recent.sync(0.99))) }),
            ("Syncs", rate(look.recent.rate(|s| Some(s.store.syncs)))),
            ("Commits", rate(look.recent.rate(|s| Some(s.store.commits)))),
            ("Waiting to be written", html! { (show::bytes(real(store.queued_bytes))) }),
            ("Journal", html! { (show::bytes(real(store.journal_bytes))) }),
            ("Checkpoint", html! { (show::bytes(real(store.checkpoint_bytes))) ", " (show::span(store.checkpoint_age_ms)) " old" }),
            ("Free on disk", html! { (show::bytes(real(store.free_bytes))) @if store.low_space { " " span.pill.bad { "low" } } }),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::super::live::Look;
    use super::*;
    use strowger_node::status::ShardStatus;

    #[test]
    fn a_node_with_nothing_in_it_is_explained() {
        let mut parts = Parts::default();
        super::parts(&Look::sample(Status::default()), &mut parts);
        let text = parts.block("services").into_string() + &parts.block("adaptors").into_string();
        assert!(
            text.contains("[services.NAME]") && text.contains("[adaptors.NAME]"),
            "{text}"
        );
        assert!(parts.block("alarms").into_string().contains("No alarms"));
    }

    #[test]
    fn the_fullest_comes_first() {
        let (mut status, mut shard) = (Status::default(), ShardStatus::default());
        for (name, used) in [("timers", 1), ("entities", 90), ("events", 5)] {
            let mut level = Level::default();
            (level.name, level.used, level.bound) = (name.to_owned(), used, 100);
            shard.tables.push(level);
        }
        status.shards.push(shard);
        let text = levels(&status).into_string();
        let at = |word: &str| text.find(word).unwrap();
        assert!(at("entities") < at("events") && at("events") < at("timers"));
    }
}
