//! The frame of every page: head, navigation, who is looking, what is wrong with the node, shortcuts.

use super::live::{Look, Parts, Shown, View};
use super::session::{self, Theme};
use super::{assets, show};
use crate::api::{Caller, State};
use axum::extract::FromRequestParts;
use axum::http::request::Parts as Head;
use axum::response::Html;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::convert::Infallible;
use strowger_config::Scope;

/// What htmx may do: nothing that the policy for content forbids, and no copies of pages in the browser's storage.
const HTMX: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"historyCacheSize":0,"refreshOnHistoryMiss":true,"selfRequestsOnly":true}"#;

/// The rooms of the console, in the order of the navigation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Room {
    Overview,
    Services,
    Adaptors,
    Calls,
    Alarms,
    Configuration,
    /// None of them: signing in, what went wrong.
    Aside,
}

/// Each with its title, its path and its key.
const ROOMS: [(Room, &str, &str, &str); 6] = [
    (Room::Overview, "Overview", "/console", "o"),
    (Room::Services, "Services", "/console/services", "s"),
    (Room::Adaptors, "Adaptors", "/console/adaptors", "a"),
    (Room::Calls, "Calls", "/console/calls", "c"),
    (Room::Alarms, "Alarms", "/console/alarms", "l"),
    (
        Room::Configuration,
        "Configuration",
        "/console/configuration",
        "k",
    ),
];

/// Who looks, and how they like it.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    /// `None` where nobody needs to be known.
    pub(super) caller: Option<Caller>,
    pub(super) theme: Theme,
    /// The path and query of the page.
    pub(super) here: String,
}

impl Visit {
    pub(super) fn of(head: &Head) -> Self {
        let here = head.uri.path_and_query();
        Self {
            caller: head.extensions.get::<Caller>().cloned(),
            theme: session::theme(&head.headers),
            here: here.map_or("/console", |here| here.as_str()).to_owned(),
        }
    }

    /// Whether something may be done that needs a scope.
    pub(super) fn may(&self, needed: Scope) -> bool {
        self.caller
            .as_ref()
            .is_some_and(|caller| !caller.is_local() && caller.scope >= needed)
    }

    /// A page that shows the node, with the parts of its view in their places.
    pub(super) fn page(
        &self,
        room: Room,
        title: &str,
        shown: &Shown,
        body: &Markup,
    ) -> Html<String> {
        self.whole(room, title, Some(shown), body)
    }

    /// A page that stands still but for its frame.
    pub(super) fn still(
        &self,
        room: Room,
        title: &str,
        look: &Look,
        body: &Markup,
    ) -> Html<String> {
        self.whole(
            room,
            title,
            Some(&Shown::new(look.clone(), View::Frame)),
            body,
        )
    }

    /// A page of somebody who may not see the node, or of a node that does not answer.
    pub(super) fn bare(&self, title: &str, body: &Markup) -> Html<String> {
        self.whole(Room::Aside, title, None, body)
    }

    fn whole(&self, room: Room, title: &str, shown: Option<&Shown>, body: &Markup) -> Html<String> {
        let node = shown.map_or("", |shown| &shown.look.status.node);
        let page = html! {
            (DOCTYPE)
            html lang="en" data-theme=[self.theme.word()] {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="htmx-config" content=(HTMX);
                    title { (title) " · " @if !node.is_empty() { (node) " · " } "Strowger" }
                    link rel="icon" type="image/svg+xml" href=(assets::path("icon.svg"));
                    link rel="stylesheet" href=(assets::path("console.css"));
                    @for script in ["htmx.js", "sse.js", "console.js"] {
                        script src=(assets::path(script)) defer {}
                    }
                }
                body {
                    a.skip href="#main" { "Skip to the page" }
                    (self.top(node, shown))
                    (navigation(room, shown))
                    main #main tabindex="-1" {
                        p.lost role="status" {
                            "The connection to the node is lost: what is shown is how it was. Trying again."
                        }
                        @if let Some(shown) = shown { (shown.parts.block("banner")) }
                        (body)
                    }
                    @if let Some(shown) = shown {
                        div hidden hx-ext="sse" sse-connect=(shown.view.path()) { div sse-swap="parts" hx-swap="none" {} }
                    }
                    (shortcuts())
                }
            }
        };
        Html(page.into_string())
    }

    /// The bar at the top: which node, and who is looking.
    fn top(&self, node: &str, shown: Option<&Shown>) -> Markup {
        html! {
            header.top {
                a.brand href="/console" { (mark()) span { "Strowger" } }
                @if let Some(shown) = shown {
                    span.node title="The node's name" { (node) }
                    (shown.parts.word("state"))
                    span.as-of { (shown.parts.word("time")) }
                }
                div.who { (self.who()) }
                form.theme method="post" action="/console/theme" {
                    input type="hidden" name="next" value=(self.here);
                    button.plain #theme name="theme" value=(self.theme.next().text()) title="Colours: as the system has them, light, dark" {
                        span.half aria-hidden="true" {} span.sr { "Colours: " } (self.theme.text())
                    }
                }
                button.plain.help popovertarget="shortcuts" aria-label="Keyboard shortcuts" { kbd { "?" } }
            }
        }
    }

    fn who(&self) -> Markup {
        let Some(caller) = &self.caller else {
            return html! {};
        };
        if caller.is_local() {
            return html! {
                span.reading title="From the node's own machine everybody may look; changes need a token." {
                    "Read only, without a token"
                }
                a href={ "/console/sign-in?" (session::next(&self.here)) } { "Sign in" }
            };
        }
        html! {
            span.reading { (caller.name) " " span.pill.idle { (caller.scope.word()) } }
            form method="post" action="/console/sign-out" { button.link { "Sign out" } }
        }
    }
}

impl FromRequestParts<State> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Head, _: &State) -> Result<Self, Infallible> {
        Ok(Self::of(head))
    }
}

/// What every page has of the node.
pub(super) fn parts(look: &Look) -> Parts {
    let (mut parts, status) = (Parts::default(), &look.status);
    parts.add("state", html! { (show::state(&status.state)) });
    parts.add("time", html! { (show::time_of_day(look.now_ms)) " UTC" });
    let alarms = status.alarms.len();
    let badge = html! { @if alarms > 0 { span.badge { (alarms) span.sr { " raised" } } } };
    parts.add("alarm-count", badge);
    parts.add("banner", banner(look));
    parts
}

/// What of the node's state everybody has to know, whatever they are looking at.
fn banner(look: &Look) -> Markup {
    let status = &look.status;
    if let Some(drain) = status.drain {
        let left = status.counts.activities;
        return html! {
            div.banner.warn role="status" {
                strong { "The node is stopping." }
                " New work is refused. " (show::count(left)) @if left == 1 { " activity is" } @else { " activities are" }
                " left; what is not over in " (show::span(drain.left_ms)) " is ended."
            }
        };
    }
    let why: Vec<Markup> = status.refusing.iter().map(|why| refusal(why)).collect();
    html! {
        @if !why.is_empty() {
            div.banner.bad role="status" {
                strong { "New work is refused. " }
                @for why in &why { (why) " " }
            }
        }
    }
}

fn refusal(why: &str) -> Markup {
    match why {
        "low-space" => html! { "So little is free on the store's disk that no more is taken on." },
        "store-queue-full" => {
            html! { "The store does not keep up: as much as may waits to be written." }
        }
        "overload" => html! { "The node is overloaded, and refuses part of the new work." },
        other => html! { "Cause: " (other) "." },
    }
}

fn navigation(room: Room, shown: Option<&Shown>) -> Markup {
    html! {
        nav.rooms aria-label="Pages" {
            ul {
                @for (own, title, path, key) in ROOMS {
                    li {
                        a href=(path) aria-current=[(own == room).then_some("page")] data-key=(key) {
                            (title)
                            @if let (Room::Alarms, Some(shown)) = (own, shown) { (shown.parts.word("alarm-count")) }
                        }
                    }
                }
            }
            @if let Some(Shown { look, .. }) = shown {
                dl.about {
                    div { dt { "Version" } dd { (look.status.version) } }
                    div { dt { "Process" } dd { (look.status.pid) } }
                    div { dt { "Started" } dd { (show::moment(look.status.started_ms)) } }
                }
            }
        }
    }
}

fn shortcuts() -> Markup {
    let keys = |keys: &[&str], what: &str| {
        html! {
            tr {
                td { @for key in keys { kbd { (key) } " " } }
                td { (what) }
            }
        }
    };
    html! {
        div.shortcuts #shortcuts popover {
            h2 { "Keyboard shortcuts" }
            table {
                tbody {
                    @for (_, title, _, key) in ROOMS { (keys(&["g", key], title)) }
                    (keys(&["/"], "Search on this page"))
                    (keys(&["n"], "Next page of a list"))
                    (keys(&["t"], "Colours: as the system has them, light, dark"))
                    (keys(&["?"], "These shortcuts"))
                    (keys(&["Esc"], "Close"))
                }
            }
            button popovertarget="shortcuts" popovertargetaction="hide" { "Close" }
        }
    }
}

/// The mark of the console: a wiper on its bank of contacts.
pub(super) fn mark() -> Markup {
    PreEscaped(include_str!("assets/icon.svg").to_owned())
}
