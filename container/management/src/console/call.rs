//! One recorded call: its ladder, and every message in it as it was on the wire.

use super::calls::some;
use super::frame::{Room, Visit};
use super::live::Look;
use super::show;
use crate::api::ladders::{Format, recording, shown};
use crate::api::{Params, Path, Problem, State};
use crate::figures::real;
use crate::ladder::{Page, svg};
use axum::extract::State as Given;
use axum::response::{Html, Response};
use maud::{Markup, PreEscaped, html};
use std::sync::Arc;
use strowger_node::{Ladder, LadderMessage, Octets, Step, What};

pub(super) async fn page(
    Given(state): Given<State>,
    visit: Visit,
    Path(id): Path<String>,
    params: Params,
) -> Result<Html<String>, Problem> {
    params.end()?;
    let ladder = recording(&state, &id).await?;
    let look = Look::of(&state, Arc::from(state.status(false).await?));
    Ok(visit.still(Room::Calls, &format!("Call {id}"), &look, &body(&ladder)))
}

/// The call in a format for other programs.
pub(super) async fn export(
    Given(state): Given<State>,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Response, Problem> {
    let format = params.take("format")?.unwrap_or(Format::Json);
    params.end()?;
    Ok(shown(&*recording(&state, &id).await?, format))
}

fn body(ladder: &Ladder) -> Markup {
    let info = &ladder.info;
    let export = |format: &str, word: &str| {
        html! { a.button href={ "/console/calls/" (info.id) "/export?format=" (format) } { (word) } }
    };
    html! {
        div.title {
            p.way { a href="/console/calls" { "Calls" } }
            h1 { (some(&info.from)) " → " (some(&info.to)) }
            (show::state(&info.state))
            div.tools { (export("pcapng", "Capture")) (export("svg", "Picture")) (export("text", "Text")) (export("json", "Journal")) }
        }
        (show::facts(&[
            ("Call", html! { (info.id) }),
            ("Began", html! { (show::moment(info.started)) " UTC" }),
            ("Lasted", html! { (show::clock(info.lasted)) }),
            ("Messages", html! { (show::count(info.messages)) }),
            ("Services", html! { (info.services.join(", ")) }),
            ("Known as", html! { @for key in &info.keys { span.mono.key-whole { (key) } " " } }),
        ]))
        @if info.dropped > 0 {
            p.note { (show::count(info.dropped)) " further steps were not kept: " code { "recorder.call_memory" } " bounds a call." }
        }
        // Written with every text in it escaped; its colours are the page's.
        div.picture tabindex="0" role="group" aria-label="Ladder of the call" { (PreEscaped(svg(ladder, Page::Within))) }
        section aria-labelledby="h-messages" {
            h2 #h-messages { "Messages" }
            p.quiet { (redacted(ladder)) }
            @for (place, step) in ladder.steps.iter().enumerate() {
                @if let What::Message(said) = &step.what { (message(place, step, said)) }
            }
        }
    }
}

fn redacted(ladder: &Ladder) -> &'static str {
    match (ladder.without_secrets, ladder.without_bodies) {
        (_, true) => {
            "Secrets and bodies were written over with x when they were recorded; lengths are true."
        }
        (true, false) => {
            "Secrets were written over with x when they were recorded; lengths are true."
        }
        (false, false) => "Nothing was left out: this page has secrets in it.",
    }
}

fn message(place: usize, step: &Step, message: &LadderMessage) -> Markup {
    let word = if message.out { "to" } else { "from" };
    html! {
        details.message {
            summary {
                span.number.at { (format!("{:.3}", real(step.at) / 1e9)) }
                span class={ "way " (if message.out { "out" } else { "in" }) } { (if message.out { "sent" } else { "received" }) }
                span.what { (message.title) }
                span.quiet { (word) " " span.mono { (message.remote) } " " (message.transport) ", " (message.adaptor) }
            }
            div id={ "step-" (place) } {
                pre { (match &message.bytes {
                    Octets::Text(text) => text.replace('\r', ""),
                    Octets::Hex(digits) => rows(digits),
                }) }
            }
        }
    }
}

/// Digits in groups of two, sixteen bytes a row.
fn rows(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 3 / 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 32 == 0 {
            text.push('\n');
        } else if place > 0 && place % 2 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder() -> Ladder {
        let evil = "</pre><script>alert(1)</script>";
        let message = serde_json::json!({
            "adaptor": "sip", "protocol": "sip", "out": true, "transport": "udp", "listener": 0,
            "remote": "192.0.2.1:5060", "key": 0, "title": evil, "bytes": {"text": format!("INVITE\r\n{evil}")},
        });
        let json = serde_json::json!({
            "info": {"id": 3, "from": evil, "to": "b", "state": "ended", "keys": [evil], "services": ["b2bua"]},
            "steps": [{"at": 1_500_000_000_u64, "what": {"message": message}}],
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_messages_say_is_text() {
        let text = body(&ladder()).into_string();
        assert!(
            !text.contains("<script") && text.matches("</pre>").count() == 1,
            "{text}"
        );
        assert!(
            text.contains("id=\"step-0\"")
                && text.contains("href=\"#step-0\"")
                && text.contains("1.500"),
            "{text}"
        );
        assert!(
            !text.contains("<style") && !text.contains(" style="),
            "{text}"
        );
    }

    #[test]
    fn bytes_are_told_in_rows() {
        assert_eq!(rows("0a0b"), "0a 0b");
        assert_eq!(rows(&"00".repeat(17)).lines().count(), 2);
        assert_eq!(rows(""), "");
    }
}
