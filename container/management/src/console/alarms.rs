//! Alarms that are raised.

use super::frame::{Room, Visit};
use super::live::{Look, Parts, Shown, View};
use super::{act, show};
use crate::api::{Params, Problem, State};
use axum::extract::State as Given;
use axum::response::Html;
use maud::{Markup, html};
use std::sync::Arc;
use strowger::alarm::Severity;
use strowger_config::Scope;
use strowger_node::status::Alarm;

/// How many the first page shows.
const BRIEF: usize = 5;

pub(super) async fn page(
    Given(state): Given<State>,
    visit: Visit,
    params: Params,
) -> Result<Html<String>, Problem> {
    params.end()?;
    let look = Look::of(&state, Arc::from(state.status(false).await?));
    let shown = Shown::new(look, View::Alarms);
    let body = html! {
        (head(true))
        (shown.parts.block("alarm-list"))
        (cleared(&visit, &shown.look.status.alarms))
    };
    Ok(visit.page(Room::Alarms, "Alarms", &shown, &body))
}

/// The head of both pages about what went wrong.
pub(super) fn head(raised: bool) -> Markup {
    html! {
        div.title {
            h1 { "Alarms" }
            ul.tabs {
                li { a href="/console/alarms" aria-current=[raised.then_some("true")] { "Raised" } }
                li { a href="/console/quarantine" aria-current=[(!raised).then_some("true")] { "Quarantine" } }
            }
            p.quiet {
                @if raised { "What needs somebody. An alarm goes when what it stands for is over; one of something that has happened is cleared by hand." }
                @else { "Events over which a service has panicked." }
            }
        }
    }
}

pub(super) fn parts(look: &Look, parts: &mut Parts) {
    parts.add("alarm-list", list(look, usize::MAX));
}

/// The first few.
pub(super) fn brief(look: &Look) -> Markup {
    let more = look.status.alarms.len().saturating_sub(BRIEF);
    html! {
        (list(look, BRIEF))
        @if more > 0 { p { a href="/console/alarms" { (more) " more" } } }
    }
}

fn list(look: &Look, most: usize) -> Markup {
    let alarms = &look.status.alarms;
    if alarms.is_empty() {
        return show::empty(
            "No alarms",
            &html! { "Nothing needs you. What is raised here is in the log as well, and in the metric "
            code { "strowger_alarm" } "." },
        );
    }
    html! {
        ul.alarms {
            @for alarm in alarms.iter().take(most) {
                li {
                    p { span.pill.(tone(alarm.severity)) { (alarm.name.replace('_', " ")) } " " strong { (alarm.source) @if !alarm.instance.is_empty() { " (" (alarm.instance) ")" } }
                        span.quiet { ", " (alarm.severity) }
                        span.quiet { " since " (show::moment(alarm.since)) " UTC, " (show::span(look.now_ms.saturating_sub(alarm.since))) } }
                    p { (alarm.text) }
                }
            }
        }
    }
}

/// The colour of a severity.
const fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::Major => "bad",
        Severity::Minor | Severity::Warning => "warn",
        Severity::Indeterminate => "",
    }
}

/// Those that can be cleared by hand. They do not change while one looks, so that a button stays where it is.
fn cleared(visit: &Visit, alarms: &[Alarm]) -> Markup {
    let events: Vec<&Alarm> = alarms.iter().filter(|alarm| alarm.can_be_cleared).collect();
    html! {
        @if !events.is_empty() {
            section aria-labelledby="h-clear" {
                h2 #h-clear { "Can be cleared by hand" }
                @if visit.may(Scope::Operate) {
                    @for alarm in events {
                        form.row method="post" action={ "/console/alarms/" (act::segment(&alarm.source)) "/" (act::segment(&alarm.name)) } {
                            input type="hidden" name="instance" value=(alarm.instance);
                            span { (alarm.source) ": " (alarm.name) @if !alarm.instance.is_empty() { " (" (alarm.instance) ")" } }
                            button { "Clear" }
                        }
                    }
                } @else { (act::lacking(visit, Scope::Operate)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::session::Theme;
    use super::*;
    use crate::api::Caller;
    use strowger_node::status::Status;

    fn alarm(source: &str, name: &str) -> Alarm {
        let json = serde_json::json!({"source": source, "name": name, "text": "<b>why</b>", "since": 1_767_225_000_000_u64,
            "can_be_cleared": name == "panic"});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn alarms_are_told_with_their_age_and_as_text() {
        let mut status = Status::default();
        status.alarms = (0..7)
            .map(|n| alarm(&format!("adaptor {n}"), "peers"))
            .collect();
        let look = Look::sample(status);
        let text = brief(&look).into_string();
        assert!(
            text.contains("10 min 0 s")
                && text.contains("&lt;b&gt;why")
                && !text.contains("<b>why"),
            "{text}"
        );
        assert!(
            text.contains("2 more") && text.matches("<li>").count() == BRIEF,
            "{text}"
        );
    }

    #[test]
    fn what_has_happened_is_cleared_by_who_may() {
        let visit = |name: &str, scope| Visit {
            caller: Some(Caller {
                name: name.to_owned(),
                scope,
            }),
            theme: Theme::Auto,
            here: "/console/alarms".to_owned(),
        };
        let alarms = [alarm("service b2bua", "panic"), alarm("store", "low_space")];
        let text = cleared(&visit("noc", Scope::Operate), &alarms).into_string();
        assert!(
            text.contains("/console/alarms/service%20b2bua/panic") && !text.contains("low_space"),
            "{text}"
        );
        assert!(
            !cleared(&visit("local", Scope::Read), &alarms)
                .into_string()
                .contains("<form")
        );
        assert!(
            cleared(&visit("noc", Scope::Operate), &alarms[1..])
                .into_string()
                .is_empty()
        );
    }
}
