//! Quarantined events: deliveries that ended in a panic and were put aside, to be delivered again or dropped.

use super::alarms::head;
use super::entities::pager;
use super::frame::{Room, Visit};
use super::live::Look;
use super::{act, show};
use crate::api::{Params, Problem, State, unexpected};
use axum::extract::State as Given;
use axum::response::Html;
use maud::{Markup, html};
use std::sync::Arc;
use strowger_config::Scope;
use strowger_node::control::{Reply, Request};
use strowger_node::listed::{Page, QuarantineEntry};

/// Events on one page.
const EVENTS: u32 = 50;

pub(super) async fn page(
    Given(state): Given<State>,
    visit: Visit,
    mut params: Params,
) -> Result<Html<String>, Problem> {
    let mut part = params.part()?;
    params.end()?;
    part.limit = part.limit.or(Some(EVENTS));
    let first = part.after.is_none();
    let request = Request::Quarantine {
        part,
        service: None,
    };
    let Reply::Quarantine(page) = state.ask(request).await.map_err(Problem::into_wrong)? else {
        return Err(unexpected());
    };
    let look = Look::of(&state, Arc::from(state.status(false).await?));
    let body = html! { (head(false)) (list(&visit, &page, first)) };
    Ok(visit.still(Room::Alarms, "Quarantine", &look, &body))
}

fn list(visit: &Visit, page: &Page<QuarantineEntry>, first: bool) -> Markup {
    if page.items.is_empty() && first && page.next.is_none() {
        return show::empty(
            "Nothing is in quarantine",
            &html! {
                "When a service panics over an event, that delivery is rolled back and the event put aside here: to be delivered again \
                 once the service is mended, or dropped."
            },
        );
    }
    html! {
        div.wide { table {
            thead { tr {
                th.number scope="col" { "Event" }
                th scope="col" { "Service" }
                th scope="col" { "Type" }
                th scope="col" { "Cause" }
                th scope="col" { "Failed last (UTC)" }
                th.number scope="col" { "Times" }
                th scope="col" { "Activity" }
                th scope="col" { "Entity" }
                th { span.sr { "Change" } }
            } }
            tbody { @for entry in &page.items { (row(visit, entry)) } }
        } }
        (pager("/console/quarantine", first, page.next.as_deref(), ""))
    }
}

fn row(visit: &Visit, entry: &QuarantineEntry) -> Markup {
    let path = |verb: &str| format!("/console/quarantine/{}/{verb}", act::segment(&entry.id));
    html! {
        tr {
            th.number scope="row" { (entry.id) }
            td { a href={ "/console/services/" (act::segment(&entry.service)) } { (entry.service) } }
            td { (entry.event) }
            td.cause { (entry.cause) @if let Some(stuck) = &entry.stuck { span.quiet.below { "Cannot be released: " (stuck) } } }
            td title={ "first " (crate::ladder::instant(entry.first_ms)) " UTC" } { (show::moment(entry.last_ms)) }
            td.number { (entry.times) }
            td { a.mono href={ "/console/activities/" (act::segment(&entry.activity)) } { (entry.activity) } }
            td { @match &entry.entity {
                Some(entity) => a.mono href={ "/console/entities/" (act::segment(entity)) } { (entity) },
                None => span.quiet { "a new one" },
            } }
            td.act {
                @if visit.may(Scope::Operate) && entry.stuck.is_none() { (act::link(&path("release"), "Release…")) " " }
                @if visit.may(Scope::Admin) { (act::link(&path("discard"), "Discard…")) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::session::Theme;
    use super::*;
    use crate::api::Caller;

    fn visit(name: &str, scope: Scope) -> Visit {
        Visit {
            caller: Some(Caller {
                name: name.to_owned(),
                scope,
            }),
            theme: Theme::Auto,
            here: "/console/quarantine".to_owned(),
        }
    }

    #[test]
    fn an_event_shows_its_cause_as_text_and_what_may_be_done() {
        let json = serde_json::json!({"id": "7", "service": "b2bua", "event": "sip-invite 1.0 (strowger-sip)",
            "cause": "<b>index out of bounds", "times": 2, "activity": "a01-0-1"});
        let page = Page {
            items: vec![serde_json::from_value(json).unwrap()],
            next: None,
        };
        let of = |name: &str, scope| list(&visit(name, scope), &page, true).into_string();
        let local = of("local", Scope::Read);
        assert!(
            local.contains("&lt;b&gt;index")
                && !local.contains("<b>")
                && !local.contains("release"),
            "{local}"
        );
        let noc = of("noc", Scope::Operate);
        assert!(
            noc.contains("/console/quarantine/7/release") && !noc.contains("discard"),
            "{noc}"
        );
        assert!(of("admin", Scope::Admin).contains("/console/quarantine/7/discard"));
        let none = Page {
            items: Vec::new(),
            next: None,
        };
        assert!(
            list(&visit("noc", Scope::Operate), &none, true)
                .into_string()
                .contains("Nothing is in quarantine")
        );
    }
}
