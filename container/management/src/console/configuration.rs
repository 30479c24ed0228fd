//! The configuration in effect: every key with its value, where that comes from, and what it takes to change it; what a
//! reload would change; the certificates.

use super::frame::{Room, Visit};
use super::live::Look;
use super::show;
use crate::api::{Params, Problem, State, unexpected};
use axum::extract::State as Given;
use axum::response::Html;
use maud::{Markup, html};
use serde_json::Value;
use std::sync::Arc;
use strowger_config::Scope;
use strowger_node::control::{Reply, Request};
use strowger_node::listed::{CertificateEntry, KeyChange, KeyEntry};

/// Seconds before the end of a certificate from which on it is worth a look.
const SOON: u64 = 30 * 86_400;

/// Which keys are shown.
#[derive(Debug, Default)]
struct Choice {
    find: String,
    /// Only those that are not at their defaults.
    set: bool,
}

pub(super) async fn page(
    Given(state): Given<State>,
    visit: Visit,
    mut params: Params,
) -> Result<Html<String>, Problem> {
    let choice = Choice {
        find: params.take("find")?.unwrap_or_default(),
        set: params.take::<String>("set")?.is_some(),
    };
    params.end()?;
    let Reply::Configuration(keys) = state.ask(Request::Configuration {}).await? else {
        return Err(unexpected());
    };
    let Reply::Certificates(certificates) = state.ask(Request::CertificateList {}).await? else {
        return Err(unexpected());
    };
    let look = Look::of(&state, Arc::from(state.status(false).await?));
    let body = html! {
        div.title {
            h1 { "Configuration" }
            p.quiet { "What is in effect, and where each value comes from. Secrets are not shown." }
            div.tools {
                @if visit.may(Scope::Operate) {
                    form method="post" action="/console/configuration/reload" {
                        input type="hidden" name="check" value="true";
                        button { "Check for changes" }
                    }
                }
            }
        }
        (filter(&choice))
        div #results { (table(&keys, &choice)) }
        section aria-labelledby="h-certificates" { h2 #h-certificates { "Certificates" } (certified(&certificates, look.now_ms / 1_000)) }
    };
    Ok(visit.still(Room::Configuration, "Configuration", &look, &body))
}

/// Reads the files again: first says what would change, then does it.
pub(super) async fn reload(
    Given(state): Given<State>,
    visit: Visit,
    body: String,
) -> Result<Html<String>, Problem> {
    let mut fields = Params::read(&body)?;
    let check = fields.take("check")?.unwrap_or(false);
    fields.end()?;
    let Reply::Reloaded(changes) = state.ask(Request::Reload { check }).await? else {
        return Err(unexpected());
    };
    let look = Look::of(&state, Arc::from(state.status(false).await?));
    Ok(visit.still(
        Room::Configuration,
        "Changes",
        &look,
        &changed(&changes, check),
    ))
}

fn changed(changes: &[KeyChange], check: bool) -> Markup {
    html! {
        div.title {
            p.way { a href="/console/configuration" { "Configuration" } }
            h1 { @if check { "What a reload would change" } @else { "Changed" } }
        }
        @if changes.is_empty() {
            (show::empty("Nothing has changed", &html! { "The files say what is in effect. Edit them, then check again." }))
        } @else {
            div.wide { table {
                thead { tr { th scope="col" { "Key" } th scope="col" { "Before" } th scope="col" { "After" } th scope="col" { "Takes" } } }
                tbody {
                    @for change in changes {
                        tr {
                            th.mono scope="row" { (change.key) }
                            td.mono.older { (value(&change.older)) }
                            td.mono.newer { (value(&change.newer)) }
                            td { (class(&change.reload)) }
                        }
                    }
                }
            } }
            @if check {
                form.row method="post" action="/console/configuration/reload" {
                    button.main { "Put it into effect" }
                    a.button href="/console/configuration" { "Leave it" }
                }
            } @else { p.quiet { "All of it is in effect. No call was lost over it." } }
        }
    }
}

fn filter(choice: &Choice) -> Markup {
    html! {
        form.search role="search" method="get" action="/console/configuration" hx-get="/console/configuration"
            hx-trigger="input changed delay:250ms from:#find, change from:#set, search" hx-target="#results" hx-select="#results" hx-swap="outerHTML"
            hx-replace-url="true" {
            label for="find" { "Search" }
            input #find type="search" name="find" value=(choice.find) placeholder="Part of a key or value" autocomplete="off" spellcheck="false";
            label.check { input #set type="checkbox" name="set" value="true" checked[choice.set]; " Only what is not at its default" }
            button { "Show" }
        }
    }
}

fn table(keys: &[KeyEntry], choice: &Choice) -> Markup {
    let fits = |entry: &&KeyEntry| {
        let is_set = !choice.set || entry.origin != "default";
        is_set && (entry.key.contains(&choice.find) || value(&entry.value).contains(&choice.find))
    };
    let mut shown: Vec<&KeyEntry> = keys.iter().filter(fits).collect();
    shown.sort_by_key(|entry| table_of(&entry.key));
    if shown.is_empty() {
        return show::empty(
            "No key has this",
            &html! { a href="/console/configuration" { "All keys" } },
        );
    }
    let table = |entry: &KeyEntry| table_of(&entry.key).to_owned();
    html! {
        p.quiet { (shown.len()) " of " (keys.len()) " keys" }
        div.wide { table.keys {
            thead { tr { th scope="col" { "Key" } th scope="col" { "Value" } th scope="col" { "From" } th scope="col" { "A change takes" } } }
            @for group in shown.chunk_by(|a, b| table(a) == table(b)) {
                tbody {
                    @if let Some(first) = group.first() {
                        tr.group { th colspan="4" scope="rowgroup" { "[" (table_of(&first.key)) "]" } }
                    }
                    @for entry in group { (row(entry)) }
                }
            }
        } }
    }
}

fn row(entry: &KeyEntry) -> Markup {
    let name = entry
        .key
        .get(table_of(&entry.key).len()..)
        .unwrap_or_default();
    html! {
        tr {
            th.mono scope="row" title=(entry.key) { (name.trim_start_matches('.')) }
            td.mono.value { (value(&entry.value)) }
            td { @if entry.origin == "default" { span.quiet { "default" } } @else { span.mono.origin title=(entry.origin) { (brief(&entry.origin)) } } }
            td { (class(&entry.reload)) }
        }
    }
}

/// A file and line without the way to the file.
fn brief(origin: &str) -> &str {
    origin.rsplit('/').next().unwrap_or(origin)
}

/// The table that a key stands in.
fn table_of(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(table, _)| table)
}

/// A value as one would write it.
fn value(value: &Value) -> String {
    match value {
        Value::Null => show::NOTHING.to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// What a change takes.
fn class(reload: &str) -> Markup {
    let (tone, words) = match reload {
        "live" => ("good", "a reload"),
        "restart-adaptor" => ("warn", "its adaptor's restart"),
        "restart-node" => ("warn", "the node's restart"),
        other => ("idle", other),
    };
    html! { span class={ "pill " (tone) } { (words) } }
}

fn certified(certificates: &[CertificateEntry], now: u64) -> Markup {
    if certificates.is_empty() {
        return show::empty(
            "No certificates",
            &html! { "Listeners over TLS have some; what is used here is looked at again when its file changes." },
        );
    }
    html! {
        div.wide { table {
            thead { tr { th scope="col" { "Shown by" } th scope="col" { "File" } th scope="col" { "Good until (UTC)" } th scope="col" { "State" } } }
            tbody {
                @for entry in certificates {
                    tr {
                        th scope="row" { (entry.listener) }
                        td.mono { (entry.file.as_deref().unwrap_or(show::NOTHING)) }
                        td { @match entry.valid_until { Some(until) => { (show::moment(until.saturating_mul(1_000))) " " span.quiet { (left(until, now)) } }, None => (show::NOTHING) } }
                        td { (soundness(entry, now)) }
                    }
                }
            }
        } }
    }
}

fn left(until: u64, now: u64) -> String {
    match until.checked_sub(now) {
        Some(left) => format!("in {}", show::span(left.saturating_mul(1_000))),
        None => "over".to_owned(),
    }
}

fn soundness(entry: &CertificateEntry, now: u64) -> Markup {
    html! {
        @if let Some(trouble) = &entry.trouble { span.pill.bad { "not used" } " " (trouble) }
        @else if entry.valid_until.is_some_and(|until| until <= now) { span.pill.bad { "over" } }
        @else if entry.valid_until.is_some_and(|until| until <= now + SOON) { span.pill.warn { "over soon" } }
        @else { span.pill.good { "good" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str, value: &str, origin: &str) -> KeyEntry {
        serde_json::from_value(
            serde_json::json!({"key": key, "value": value, "origin": origin, "reload": "live"}),
        )
        .unwrap()
    }

    #[test]
    fn keys_stand_below_their_tables_and_are_found() {
        let keys = [
            key("node.name", "<n>", "a.toml:3"),
            key("node.data_dir", "d", "default"),
            key("services.b2bua.kind", "b2bua", "a.toml:9"),
        ];
        let text = table(&keys, &Choice::default()).into_string();
        assert!(
            text.contains("[node]") && text.contains("[services.b2bua]") && text.contains("3 of 3"),
            "{text}"
        );
        assert!(
            text.contains("&lt;n&gt;") && !text.contains("<n>"),
            "{text}"
        );
        let set = Choice {
            set: true,
            ..Choice::default()
        };
        assert!(!table(&keys, &set).into_string().contains("data_dir"));
        let found = Choice {
            find: "b2bua".to_owned(),
            set: false,
        };
        assert!(table(&keys, &found).into_string().contains("1 of 3"));
        let none = Choice {
            find: "<x>".to_owned(),
            set: false,
        };
        assert!(table(&keys, &none).into_string().contains("No key"));
    }

    #[test]
    fn a_reload_is_asked_for_once_its_changes_are_seen() {
        let change: KeyChange = serde_json::from_value(
            serde_json::json!({"key": "log.filter", "older": "info", "newer": null, "reload": "live"}),
        ).unwrap();
        let asked = changed(std::slice::from_ref(&change), true).into_string();
        assert!(
            asked.contains("<form") && asked.contains("Put it into effect"),
            "{asked}"
        );
        assert!(!changed(&[change], false).into_string().contains("<form"));
        assert!(!changed(&[], true).into_string().contains("<form"));
    }

    #[test]
    fn certificates_tell_when_they_are_over() {
        let entry = |until: u64, trouble: Option<&str>| -> CertificateEntry {
            serde_json::from_value(serde_json::json!({"listener": "sip.tls", "valid_until": until, "trouble": trouble})).unwrap()
        };
        let of = |entry| certified(&[entry], 1_000_000_000).into_string();
        assert!(of(entry(999_999_999, None)).contains(">over<"));
        assert!(of(entry(1_000_086_400, None)).contains("over soon"));
        assert!(of(entry(1_900_000_000, None)).contains("good"));
        assert!(of(entry(1_900_000_000, Some("<bad>"))).contains("&lt;bad&gt;"));
    }
}
