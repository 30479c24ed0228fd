//! What is alive: activities with their ages, a page at a time, and one of them with what belongs to it.

use super::calls::head;
use super::entities::pager;
use super::frame::{Room, Visit};
use super::live::Look;
use super::{act, show};
use crate::api::{Params, Path, Problem, State, unexpected};
use axum::extract::State as Given;
use axum::response::Html;
use maud::{Markup, html};
use std::sync::Arc;
use strowger_config::Scope;
use strowger_node::control::{Reply, Request};
use strowger_node::listed::{ActivityEntry, Page};
use strowger_node::status::Status;

/// Activities on one page.
const ACTIVITIES: u32 = 50;
/// Ages that can be chosen, in seconds.
const AGES: [(u64, &str); 5] = [
    (0, "any age"),
    (60, "1 minute"),
    (3_600, "1 hour"),
    (14_400, "4 hours"),
    (86_400, "1 day"),
];

/// What of the activities is shown.
#[derive(Debug, Default, PartialEq, Eq)]
struct Choice {
    kind: String,
    adaptor: String,
    min_age: u64,
}

impl Choice {
    fn take(params: &mut Params) -> Result<Self, Problem> {
        Ok(Self {
            kind: params.take("type")?.unwrap_or_default(),
            adaptor: params.take("adaptor")?.unwrap_or_default(),
            min_age: params.take("min_age")?.unwrap_or(0),
        })
    }

    /// As parameters of a query.
    fn query(&self) -> String {
        let mut pairs = Vec::new();
        for (name, value) in [("type", &self.kind), ("adaptor", &self.adaptor)] {
            if !value.is_empty() {
                pairs.push(format!("{name}={}", act::segment(value)));
            }
        }
        if self.min_age > 0 {
            pairs.push(format!("min_age={}", self.min_age));
        }
        pairs.join("&")
    }
}

pub(super) async fn list(
    Given(state): Given<State>,
    visit: Visit,
    mut params: Params,
) -> Result<Html<String>, Problem> {
    let choice = Choice::take(&mut params)?;
    let mut part = params.part()?;
    params.end()?;
    part.limit = part.limit.or(Some(ACTIVITIES));
    let first = part.after.is_none();
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    let request = Request::Activities {
        part,
        kind: some(&choice.kind),
        adaptor: some(&choice.adaptor),
        min_age: choice.min_age,
        min_idle: 0,
    };
    let Reply::Activities(page) = state.ask(request).await.map_err(Problem::into_wrong)? else {
        return Err(unexpected());
    };
    let look = Look::of(&state, Arc::from(state.status(true).await?));
    let body = html! {
        (head(false))
        (filter(&choice, &look.status))
        div #results { (results(&page, first, &choice)) }
    };
    Ok(visit.still(Room::Calls, "Alive", &look, &body))
}

fn filter(choice: &Choice, status: &Status) -> Markup {
    // A type is chosen by its name alone.
    let mut kinds: Vec<&str> = status
        .activities_by_type
        .keys()
        .filter_map(|kind| kind.split(' ').next())
        .collect();
    kinds.dedup();
    let options = |chosen: &str, any: &str, names: &[&str]| {
        html! {
            option value="" { (any) }
            @for name in names { option value=(name) selected[*name == chosen] { (name) } }
        }
    };
    let adaptors: Vec<&str> = status
        .adaptors
        .iter()
        .map(|adaptor| adaptor.name.as_str())
        .collect();
    html! {
        form.search method="get" action="/console/activities" hx-get="/console/activities" hx-trigger="change" hx-target="#results"
            hx-select="#results" hx-swap="outerHTML" hx-replace-url="true" {
            label for="type" { "Type" }
            select #type name="type" { (options(&choice.kind, "any type", &kinds)) }
            label for="adaptor" { "Adaptor" }
            select #adaptor name="adaptor" { (options(&choice.adaptor, "any adaptor", &adaptors)) }
            label for="min_age" { "At least" }
            select #min_age name="min_age" {
                @for (age, text) in AGES { option value=(age) selected[age == choice.min_age] { (text) } }
            }
            button { "Show" }
            span.quiet { (show::count(status.counts.activities)) " alive" }
        }
    }
}

fn results(page: &Page<ActivityEntry>, first: bool, choice: &Choice) -> Markup {
    if page.items.is_empty() && first && page.next.is_none() {
        return match *choice == Choice::default() {
            true => show::empty(
                "Nothing is alive",
                &html! { "An activity is what an adaptor has under way: a dialog, a transaction, a session. The first call will be here." },
            ),
            false => show::empty(
                "Nothing alive is like this",
                &html! { a href="/console/activities" { "All activities" } },
            ),
        };
    }
    html! {
        div.wide { table {
            thead { tr {
                th scope="col" { "Activity" }
                th scope="col" { "Type" }
                th scope="col" { "Adaptor" }
                th.number scope="col" { "Age" }
                th.number scope="col" { "Quiet for" }
                th.number scope="col" { "Entities" }
                th.number scope="col" { "Events waiting" }
            } }
            tbody { @for activity in &page.items { (row(activity)) } }
        } }
        @if page.items.is_empty() { p.quiet { "None of this part of the list is like this." } }
        (pager("/console/activities", first, page.next.as_deref(), &choice.query()))
    }
}

fn row(activity: &ActivityEntry) -> Markup {
    html! {
        tr {
            th scope="row" { a.mono href={ "/console/activities/" (act::segment(&activity.id)) } { (activity.id) } }
            td { (activity.kind) @if activity.ending { " " (show::state("ending")) } }
            td { (activity.adaptor.as_deref().unwrap_or(show::NOTHING)) }
            td.number { (show::span(activity.age_ms)) }
            td.number { (show::span(activity.idle_ms)) }
            td.number { (show::count(activity.attached)) }
            td.number { (activity.events) }
        }
    }
}

/// One activity.
pub(super) async fn one(
    Given(state): Given<State>,
    visit: Visit,
    Path(id): Path<String>,
    params: Params,
) -> Result<Html<String>, Problem> {
    params.end()?;
    let Reply::Activity(activity) = state.ask(Request::Activity { id }).await? else {
        return Err(unexpected());
    };
    let look = Look::of(&state, Arc::from(state.status(false).await?));
    let title = format!("Activity {}", activity.id);
    Ok(visit.still(Room::Calls, &title, &look, &body(&visit, &activity)))
}

fn body(visit: &Visit, activity: &ActivityEntry) -> Markup {
    html! {
        div.title {
            p.way { a href="/console/activities" { "Alive" } }
            h1 { "Activity " span.mono { (activity.id) } }
            p.quiet { (activity.kind) }
            div.tools {
                @if visit.may(Scope::Admin) {
                    (act::link(&format!("/console/activities/{}/end", act::segment(&activity.id)), "End it…"))
                }
            }
        }
        (show::facts(&[
            ("Adaptor", html! { (activity.adaptor.as_deref().unwrap_or(show::NOTHING)) }),
            ("Age", html! { (show::span(activity.age_ms)) }),
            ("Quiet for", html! { (show::span(activity.idle_ms)) }),
            ("Events waiting", html! { (activity.events) }),
            ("State", show::state(if activity.ending { "ending" } else { "live" })),
        ]))
        div.columns {
            (things("Entities attached", &activity.entities, Some("/console/entities/"), "Nobody gets its events."))
            (things("Timers", &activity.timers, None, "Nothing waits for its time."))
            (things("Names", &activity.names, None, "No service has bound a name to it."))
        }
    }
}

fn things(title: &str, ids: &[String], below: Option<&str>, none: &str) -> Markup {
    html! {
        section {
            h2 { (title) }
            @if ids.is_empty() { p.quiet { (none) } }
            @else {
                ul.plain {
                    @for id in ids {
                        li { @match below {
                            Some(path) => a.mono href={ (path) (act::segment(id)) } { (id) },
                            None => span.mono { (id) },
                        } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity(id: &str) -> ActivityEntry {
        serde_json::from_value(serde_json::json!({"id": id, "type": "<dialog>", "age_ms": 61_000}))
            .unwrap()
    }

    #[test]
    fn a_page_keeps_what_was_chosen() {
        let page = Page {
            items: vec![activity("a00-1-1")],
            next: Some("a00-2-1".to_owned()),
        };
        let choice = Choice {
            kind: "sip dialog".to_owned(),
            adaptor: "sip".to_owned(),
            min_age: 60,
        };
        let text = results(&page, true, &choice).into_string();
        assert!(
            text.contains(
                "?type=sip%20dialog&amp;adaptor=sip&amp;min_age=60&amp;after=a00%2D2%2D1"
            ),
            "{text}"
        );
        assert!(
            text.contains("&lt;dialog&gt;") && text.contains("1 min 1 s"),
            "{text}"
        );
    }

    #[test]
    fn nothing_at_all_and_nothing_like_it_are_told_apart() {
        let none = || Page {
            items: Vec::new(),
            next: None,
        };
        assert!(
            results(&none(), true, &Choice::default())
                .into_string()
                .contains("Nothing is alive")
        );
        let choice = Choice {
            min_age: 60,
            ..Choice::default()
        };
        assert!(
            results(&none(), true, &choice)
                .into_string()
                .contains("All activities")
        );
        let more = Page {
            items: Vec::new(),
            next: Some("x".to_owned()),
        };
        assert!(
            results(&more, true, &choice)
                .into_string()
                .contains("Next page")
        );
    }
}
