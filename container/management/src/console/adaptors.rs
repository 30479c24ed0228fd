//! Adaptor entities: their listeners and connections, their peers, what they count, and the link names that lead to them.

use super::frame::{Room, Visit};
use super::live::{Look, Parts, Shown, View};
use super::{act, show};
use crate::api::{Params, Problem, State, unexpected};
use axum::extract::State as Given;
use axum::response::Html;
use maud::{Markup, html};
use std::sync::Arc;
use strowger_config::Scope;
use strowger_node::control::{Reply, Request};
use strowger_node::listed::LinkEntry;
use strowger_node::status::{AdaptorStatus, Listening, Status};

/// Parts of an adaptor that a page shows.
const PARTS: usize = 200;

pub(super) async fn page(
    Given(state): Given<State>,
    visit: Visit,
    params: Params,
) -> Result<Html<String>, Problem> {
    params.end()?;
    let look = Look::of(&state, Arc::from(state.status(false).await?));
    let Reply::Links(links) = state.ask(Request::Links {}).await? else {
        return Err(unexpected());
    };
    let shown = Shown::new(look, View::Adaptors);
    let body = body(&visit, &shown, &links);
    Ok(visit.page(Room::Adaptors, "Adaptors", &shown, &body))
}

pub(super) fn parts(look: &Look, parts: &mut Parts) {
    let status = &look.status;
    for (place, adaptor) in status.adaptors.iter().enumerate() {
        let mut part =
            |name: &str, part: Markup| parts.add(format!("{}-{name}", adaptor.name), part);
        let rate = |of: fn(&AdaptorStatus) -> u64| {
            show::maybe_rate(
                look.recent
                    .rate(|status| status.adaptors.get(place).map(of)),
            )
        };
        part("state", show::state(&adaptor.state));
        part(
            "facts",
            show::facts(&[
                ("Activities", html! { (show::count(adaptor.activities)) }),
                ("Inputs/s", html! { (rate(|own| own.inputs)) }),
                ("Events/s", html! { (rate(|own| own.events)) }),
                (
                    "Panics",
                    html! { @if adaptor.panics > 0 { span.trouble { (show::count(adaptor.panics)) } } @else { "0" } },
                ),
            ]),
        );
        part("listeners", listeners(status, &adaptor.name));
        part("peers", peers(adaptor));
        part("counters", counters(adaptor));
    }
}

fn body(visit: &Visit, shown: &Shown, links: &[LinkEntry]) -> Markup {
    let (status, parts) = (&shown.look.status, &shown.parts);
    html! {
        div.title {
            h1 { "Adaptors" }
            p.quiet { "What turns protocols into events. Each is an entity of its type, with settings of its own." }
        }
        @if status.adaptors.is_empty() {
            (show::empty("No adaptors", &html! { "A table " code { "[adaptors.NAME]" } " of the configuration makes one, such as "
                code { "[adaptors.sip]" } " with listeners for UDP, TCP and TLS." }))
        }
        @for adaptor in &status.adaptors { (one(visit, adaptor, parts)) }
        section aria-labelledby="h-links" {
            h2 #h-links { "Links" }
            p.quiet { "The names by which services find adaptors." }
            (link_table(links))
        }
    }
}

fn one(visit: &Visit, adaptor: &AdaptorStatus, parts: &Parts) -> Markup {
    let part = |name: &str| parts.block(&format!("{}-{name}", adaptor.name));
    let path = |verb: &str| format!("/console/adaptors/{}/{verb}", act::segment(&adaptor.name));
    html! {
        section.card aria-labelledby={ "h-" (adaptor.name) } {
            div.title {
                h2 id={ "h-" (adaptor.name) } { (adaptor.name) }
                (parts.word(&format!("{}-state", adaptor.name)))
                p.quiet { (adaptor.component) }
                div.tools {
                    @if visit.may(Scope::Operate) {
                        @if adaptor.state == "active" { (act::link(&path("deactivate"), "Deactivate…")) }
                        @else { (act::link(&path("activate"), "Activate…")) }
                    }
                }
            }
            (part("facts"))
            h3 { "Listeners" }
            (part("listeners"))
            (part("peers"))
            details.counters {
                summary { "Counters" }
                (part("counters"))
            }
        }
    }
}

fn listeners(status: &Status, adaptor: &str) -> Markup {
    let own: Vec<&Listening> = status
        .listeners
        .iter()
        .filter(|at| at.adaptor == adaptor)
        .collect();
    html! {
        @if own.is_empty() {
            p.quiet { "None: it does not listen, or is not active." }
        } @else {
            div.wide { table {
                thead.quiet { tr {
                    th scope="col" { "Listener" }
                    th scope="col" { "Transport" }
                    th scope="col" { "Address" }
                    th.number scope="col" { "Connections" }
                    th.number scope="col" { "Received" }
                    th.number scope="col" { "Sent" }
                    th.number scope="col" { "Dropped or refused" }
                } }
                tbody { @for at in own { (listener(at)) } }
            } }
        }
    }
}

fn listener(at: &Listening) -> Markup {
    html! {
        tr {
            th scope="row" { (at.listener) }
            td { (at.transport) }
            td.mono { (at.address) }
            td.number {
                @if at.open_max > 0 { (show::count(at.open)) span.quiet { " of " (show::count(at.open_max)) } }
                @else { span.quiet { (show::NOTHING) } }
            }
            @if let Some(network) = &at.network {
                @let lost = network.datagrams_dropped + network.datagrams_failed + network.refused;
                td.number { (show::bytes(crate::figures::real(network.bytes_in))) }
                td.number { (show::bytes(crate::figures::real(network.bytes_out))) }
                td.number { @if lost > 0 { span.trouble { (show::count(lost)) } } @else { "0" } }
            } @else {
                td.number.quiet colspan="3" { "in the counters" }
            }
        }
    }
}

fn peers(adaptor: &AdaptorStatus) -> Markup {
    let more = adaptor.parts.len().saturating_sub(PARTS);
    html! {
        @if !adaptor.parts.is_empty() {
            h3 { "Peers" }
            div.wide { table {
                thead.quiet { tr { th scope="col" { "Peer" } th scope="col" { "State" } th scope="col" { "Detail" } th scope="col" { "Counts" } } }
                tbody {
                    @for part in adaptor.parts.iter().take(PARTS) {
                        tr {
                            th scope="row" { (part.name) }
                            td { (show::state(&part.state)) }
                            td { (part.detail) }
                            td.counts { @for (name, n) in &part.counts { span { (name.replace('_', " ")) " " b { (show::count(*n)) } } " " } }
                        }
                    }
                }
            } }
            @if more > 0 { p.quiet { (show::count(more as u64)) " more are not shown; " code { "/v1/adaptors/" (adaptor.name) } " has them all." } }
        }
    }
}

fn counters(adaptor: &AdaptorStatus) -> Markup {
    html! {
        @if adaptor.counters.is_empty() {
            p.quiet { "It has counted nothing yet." }
        } @else {
            dl.counter-list {
                @for (name, n) in &adaptor.counters { div { dt { (name) } dd.number { (show::count(*n)) } } }
            }
        }
    }
}

fn link_table(links: &[LinkEntry]) -> Markup {
    if links.is_empty() {
        return show::empty(
            "No links",
            &html! { "Every adaptor is also found by its own name." },
        );
    }
    html! {
        div.wide { table {
            thead.quiet { tr { th scope="col" { "Link" } th scope="col" { "Adaptor" } th scope="col" { "Used by" } } }
            tbody {
                @for link in links {
                    tr {
                        th scope="row" { (link.name) }
                        td { (link.adaptor) }
                        td { @if link.used_by.is_empty() { span.quiet { "nobody" } } @else { (link.used_by.join(", ")) } }
                    }
                }
            }
        } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger::ra::Report;

    #[test]
    fn what_peers_call_themselves_is_text() {
        let mut adaptor = AdaptorStatus::default();
        let evil = "<img src=x onerror=alert(1)>";
        adaptor.parts.push(Report {
            name: evil.to_owned(),
            state: evil.to_owned(),
            detail: evil.to_owned(),
            ..Report::default()
        });
        let text = peers(&adaptor).into_string();
        assert!(
            !text.contains("<img") && text.matches("&lt;img").count() == 3,
            "{text}"
        );
    }

    #[test]
    fn a_crowd_of_peers_is_cut() {
        let mut adaptor = AdaptorStatus::default();
        adaptor.parts = vec![Report::default(); PARTS + 7];
        let text = peers(&adaptor).into_string();
        assert_eq!(text.matches("<th scope=\"row\">").count(), PARTS);
        assert!(text.contains("7 more"), "{text}");
    }
}
