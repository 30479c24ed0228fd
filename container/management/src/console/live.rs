//! What changes on a page while one looks at it: parts with a name each, sent as server-sent events when they are others.
//!
//! A page is rendered with its parts in their places; while it is open, a stream sends those that have changed since, once a
//! second, and htmx puts each into its place (`hx-swap-oob`). A part holds nothing that can have the focus.

use super::frame;
use super::{act, adaptors, alarms, overview, services};
use crate::api::{Path, Problem, State};
use crate::figures::Recent;
use axum::extract::State as Given;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use strowger_node::status::Status;

/// The node at one time.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) status: Arc<Status>,
    pub(super) recent: Arc<Recent>,
    /// Milliseconds since 1970.
    pub(super) now_ms: u64,
}

impl Look {
    pub(super) fn of(state: &State, status: Arc<Status>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            status,
            recent: Arc::new(state.recent()),
            now_ms: now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    /// Of a node without a past.
    #[cfg(test)]
    pub(super) fn sample(status: Status) -> Self {
        Self {
            status: Arc::new(status),
            recent: Arc::default(),
            now_ms: 1_767_225_600_000,
        }
    }
}

/// The parts of a page.
#[derive(Debug, Default)]
pub(super) struct Parts(BTreeMap<String, Markup>);

impl Parts {
    pub(super) fn add(&mut self, name: impl Into<String>, part: Markup) {
        self.0.insert(name.into(), part);
    }

    /// A part in its place in the text.
    pub(super) fn word(&self, name: &str) -> Markup {
        html! { span id={ "live-" (name) } { @if let Some(part) = self.0.get(name) { (part) } } }
    }

    /// A part in its place on the page.
    pub(super) fn block(&self, name: &str) -> Markup {
        html! { div id={ "live-" (name) } { @if let Some(part) = self.0.get(name) { (part) } } }
    }

    /// Those that are others than what was sent before.
    fn news(&self, sent: &mut BTreeMap<String, String>) -> Option<String> {
        let mut news = String::new();
        for (name, part) in &self.0 {
            if sent.get(name).is_none_or(|before| *before != part.0) {
                let part = html! { div id={ "live-" (name) } hx-swap-oob="innerHTML" { (part) } };
                news.push_str(&part.0);
            }
        }
        *sent = self
            .0
            .iter()
            .map(|(name, part)| (name.clone(), part.0.clone()))
            .collect();
        (!news.is_empty()).then_some(news)
    }
}

/// Which parts a page has: those of its frame, and these. Each of them is on the page, or the browser looks for it in vain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum View {
    /// No others.
    Frame,
    Overview,
    Services,
    /// Of one service.
    Service(String),
    Adaptors,
    Alarms,
}

/// What the view of a service is called, in front of its name.
const SERVICE: &str = "service-";

impl View {
    /// Where the stream of its parts is.
    pub(super) fn path(&self) -> String {
        let name = match self {
            Self::Frame => "frame",
            Self::Overview => "overview",
            Self::Services => "services",
            Self::Service(name) => {
                return format!("/console/live/{SERVICE}{}", act::segment(name));
            }
            Self::Adaptors => "adaptors",
            Self::Alarms => "alarms",
        };
        format!("/console/live/{name}")
    }

    fn read(name: &str) -> Option<Self> {
        if let Some(service) = name.strip_prefix(SERVICE) {
            return Some(Self::Service(service.to_owned()));
        }
        Some(match name {
            "frame" => Self::Frame,
            "overview" => Self::Overview,
            "services" => Self::Services,
            "adaptors" => Self::Adaptors,
            "alarms" => Self::Alarms,
            _ => return None,
        })
    }

    fn parts(&self, look: &Look) -> Parts {
        let mut parts = frame::parts(look);
        match self {
            Self::Frame => {}
            Self::Overview => overview::parts(look, &mut parts),
            Self::Services => services::parts(look, &mut parts),
            Self::Service(name) => services::parts_of(look, name, &mut parts),
            Self::Adaptors => adaptors::parts(look, &mut parts),
            Self::Alarms => alarms::parts(look, &mut parts),
        }
        parts
    }
}

/// The node at one time as a page shows it.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) look: Look,
    pub(super) view: View,
    pub(super) parts: Parts,
}

impl Shown {
    pub(super) fn new(look: Look, view: View) -> Self {
        let parts = view.parts(&look);
        Self { look, view, parts }
    }
}

/// The parts of a page, whenever some of them have changed.
pub(super) async fn stream(
    Given(state): Given<State>,
    Path(name): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let view = View::read(&name).ok_or_else(|| Problem::unknown("there is no such page"))?;
    let live = state
        .live()
        .ok_or_else(|| Problem::silent("as many watch the node live as may"))?;
    let begin = (state, view, live, BTreeMap::new());
    let events = stream::unfold(begin, |(state, view, mut live, mut sent)| async move {
        loop {
            live.changed().await.ok()?;
            let Some(status) = live.borrow_and_update().clone() else {
                continue;
            };
            let parts = view.parts(&Look::of(&state, status));
            if let Some(news) = parts.news(&mut sent) {
                let event = Event::default().event("parts").data(news);
                return Some((Ok(event), (state, view, live, sent)));
            }
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_changed_is_sent() {
        let parts = |b: &str| {
            let mut parts = Parts::default();
            parts.add("a", html! { "1" });
            parts.add("b", html! { (b) });
            parts
        };
        let mut sent = BTreeMap::new();
        let first = parts("<2>").news(&mut sent).unwrap();
        assert!(
            first.contains("live-a") && first.contains("&lt;2&gt;"),
            "{first}"
        );
        assert_eq!(parts("<2>").news(&mut sent), None);
        let third = parts("3").news(&mut sent).unwrap();
        assert!(
            !third.contains("live-a") && third.contains("live-b"),
            "{third}"
        );
    }

    #[test]
    fn every_view_has_a_path_of_its_own() {
        let one = View::Service("a b".to_owned());
        for view in [
            View::Frame,
            View::Overview,
            View::Services,
            one,
            View::Adaptors,
            View::Alarms,
        ] {
            let path = view.path().replace("%20", " ");
            assert_eq!(
                View::read(path.strip_prefix("/console/live/").unwrap()),
                Some(view)
            );
        }
        assert_eq!(View::read("nothing"), None);
    }
}
