//! Recorded calls: a list that is searched as one types, the latest first.

use super::entities::pager;
use super::frame::{Room, Visit};
use super::live::Look;
use super::{act, show};
use crate::api::ladders::recordings;
use crate::api::{Params, Problem, State};
use axum::extract::State as Given;
use axum::response::Html;
use maud::{Markup, html};
use std::sync::Arc;
use strowger_config::{Recorder, RecorderMode};
use strowger_node::LadderInfo;
use strowger_node::listed::Page;

/// Calls on one page.
const CALLS: u32 = 50;

pub(super) async fn page(
    Given(state): Given<State>,
    visit: Visit,
    mut params: Params,
) -> Result<Html<String>, Problem> {
    let mut part = params.part()?;
    let find: String = params.take("find")?.unwrap_or_default();
    params.end()?;
    let look = Look::of(&state, Arc::from(state.status(false).await?));
    part.limit = part.limit.or(Some(CALLS));
    let first = part.after.is_none();
    let calls = recordings(&state, part, find.clone()).await?;
    let config = state.config();
    let body = html! {
        (head(true))
        form.search role="search" method="get" action="/console/calls" {
            label for="find" { "Search" }
            input #find type="search" name="find" value=(find) placeholder="Number, Call-ID or session id" autocomplete="off" spellcheck="false"
                hx-get="/console/calls" hx-trigger="input changed delay:250ms, search" hx-target="#results"
                hx-select="#results" hx-swap="outerHTML" hx-replace-url="true";
            button { "Search" }
            span.quiet { (recording(&config.recorder)) }
        }
        div #results { (results(&calls, (first, look.now_ms), &find, &config.recorder)) }
    };
    Ok(visit.still(Room::Calls, "Calls", &look, &body))
}

/// The head of both pages about calls.
pub(super) fn head(recorded: bool) -> Markup {
    html! {
        div.title {
            h1 { "Calls" }
            ul.tabs {
                li { a href="/console/calls" aria-current=[recorded.then_some("true")] { "Recorded" } }
                li { a href="/console/activities" aria-current=[(!recorded).then_some("true")] { "Alive" } }
            }
        }
    }
}

/// What is being recorded.
fn recording(recorder: &Recorder) -> Markup {
    html! {
        @match recorder.mode {
            RecorderMode::Off => "Recording is off.",
            RecorderMode::Sampled if recorder.one_in == 1 => "Every call is recorded.",
            RecorderMode::Sampled => { "One call in " (show::count(recorder.one_in.into())) " is recorded." },
            RecorderMode::Matching => "Calls that fit the filter are recorded.",
        }
    }
}

fn results(
    calls: &Page<LadderInfo>,
    (first, now_ms): (bool, u64),
    find: &str,
    recorder: &Recorder,
) -> Markup {
    if calls.items.is_empty() && first {
        return nothing(find, recorder);
    }
    let filters = match find {
        "" => String::new(),
        find => format!("find={}", act::segment(find)),
    };
    html! {
        div.wide { table.calls {
            thead { tr {
                th.number scope="col" { "Call" }
                th scope="col" { "From" }
                th scope="col" { "To" }
                th scope="col" { "Began (UTC)" }
                th.number scope="col" { "Lasted" }
                th scope="col" { "State" }
                th.number scope="col" { "Messages" }
                th scope="col" { "Services" }
                th scope="col" { "Known as" }
            } }
            tbody { @for call in &calls.items { (row(call, now_ms)) } }
        } }
        (pager("/console/calls", first, calls.next.as_deref(), &filters))
    }
}

fn row(call: &LadderInfo, now_ms: u64) -> Markup {
    // Of one that is live it is not known yet.
    let lasted = match call.state.as_str() {
        "live" => now_ms.saturating_sub(call.started),
        _ => call.lasted,
    };
    let path = format!("/console/calls/{}", call.id);
    html! {
        tr {
            th.number scope="row" { a href=(path) { (call.id) } }
            td.name { (some(&call.from)) }
            td.name { (some(&call.to)) }
            td { (show::moment_near(call.started, now_ms)) }
            td.number { (show::clock(lasted)) }
            td { (show::state(&call.state)) }
            td.number { (show::count(call.messages)) @if call.dropped > 0 { span.trouble title="Steps that were not kept" { " −" (call.dropped) } } }
            td { (call.services.join(", ")) }
            td.mono.key { @for key in call.keys.iter().take(1) { span title=(key) { (key) } } @if call.keys.len() > 1 { span.quiet { " +" (call.keys.len() - 1) } } }
        }
    }
}

/// The name of a party, or that there is none.
pub(super) fn some(name: &str) -> &str {
    if name.is_empty() { show::NOTHING } else { name }
}

fn nothing(find: &str, recorder: &Recorder) -> Markup {
    if !find.is_empty() {
        return show::empty(
            "No recorded call has this",
            &html! { "The search looks at the numbers or users of both parties, and at Call-IDs and session ids, for " q { (find) } ". " a href="/console/calls" { "All calls" } },
        );
    }
    if recorder.mode == RecorderMode::Off {
        return show::empty(
            "Recording is off",
            &html! {
                "A recorded call is shown here as a ladder of its messages, deliveries and timers. Every call, or a share of them, or those of a number: "
                pre { "[recorder]\nmode = \"sampled\"\none_in = 100" }
                "in the configuration, and a reload; no call is lost over it. What is alive is on the page "
                a href="/console/activities" { "Alive" } "."
            },
        );
    }
    show::empty(
        "No calls yet",
        &html! { "The next call that is to be recorded will be here." },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: u64, from: &str) -> LadderInfo {
        let json = serde_json::json!({"id": id, "from": from, "to": "", "keys": ["\"><script>", "b"], "state": "live", "started": 0, "lasted": 7});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn whatever_a_caller_is_called_is_text() {
        let calls = Page {
            items: vec![call(7, "<script>alert(1)</script>")],
            next: Some("6".to_owned()),
        };
        let text = results(&calls, (true, 61_000), "a&b", &Recorder::default()).into_string();
        assert!(!text.contains("<script"), "{text}");
        assert!(
            text.contains("/console/calls/7") && text.contains("1:01"),
            "{text}"
        );
        assert!(
            text.contains("/console/calls?find=a%26b&amp;after=6"),
            "{text}"
        );
    }

    #[test]
    fn emptiness_is_explained() {
        let (none, mut recorder) = (
            || Page {
                items: Vec::new(),
                next: None,
            },
            Recorder::default(),
        );
        let of = |find: &str, recorder: &Recorder| {
            results(&none(), (true, 0), find, recorder).into_string()
        };
        assert!(of("", &recorder).contains("mode = &quot;sampled&quot;"));
        recorder.mode = RecorderMode::Sampled;
        assert!(of("", &recorder).contains("No calls yet"));
        assert!(of("<x>", &recorder).contains("&lt;x&gt;"));
        let last = results(&none(), (false, 0), "", &recorder).into_string();
        assert!(last.contains("last page"), "{last}");
    }
}
