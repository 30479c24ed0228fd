//! What operators see: links and accounts with their states, and alarms about links.

use strowger::ra::{RaCx, Report};

use super::Core;
use super::lanes::{Kind, Lane, LaneIx};
use crate::proto::time::Ms;

impl Core {
    /// Links, groups and accounts, as operators see them.
    pub(super) fn report(&self) -> Vec<Report> {
        let lanes = &self.view.lanes;
        let all = lanes.links().chain(lanes.groups()).chain(lanes.accounts());
        all.filter_map(|ix| Some(self.part(ix, lanes.get(ix)?)))
            .chain([self.messages()])
            .collect()
    }

    /// What is kept of messages.
    fn messages(&self) -> Report {
        let counts = [
            ("upstream_ids", self.upstream.len() as u64),
            ("early_receipts", self.early.len() as u64),
            ("waiting", self.waits.into()),
        ];
        Report {
            name: "messages".to_owned(),
            state: String::new(),
            detail: format!("{} ids of message centres", self.upstream.len()),
            counts: counts.map(|(name, n)| (name.to_owned(), n)).into(),
        }
    }

    fn part(&self, ix: LaneIx, lane: &Lane) -> Report {
        let bound = lane.sessions.len() as u64;
        let paused = lane.paused_until > self.seen;
        let state = match &lane.kind {
            Kind::Account(account) if !account.settings.enabled => "disabled",
            Kind::Link(link) if !link.settings.enabled => "disabled",
            Kind::Group(group) => {
                let members = group.members.iter();
                let members = members.filter_map(|member| self.view.lanes.get(*member));
                match members.filter(|member| !member.sessions.is_empty()).count() {
                    0 => "down",
                    n if n < group.members.len() => "partly up",
                    _ => "up",
                }
            }
            _ if paused => "paused",
            _ if bound > 0 => "bound",
            Kind::Link(link) if link.open > 0 => "binding",
            Kind::Account(_) | Kind::Link(_) => "unbound",
        };
        let what = match &lane.kind {
            Kind::Account(_) => "account",
            Kind::Link(_) => "link",
            Kind::Group(_) => "group",
        };
        let sessions = lane.sessions.iter();
        let sessions = sessions.filter_map(|key| self.view.sessions.get(*key));
        let (mut flying, mut open) = (0, 0);
        for sess in sessions {
            flying += sess.flights.len() as u64;
            open += sess.open.len() as u64;
        }
        let counts = [
            ("sessions", bound),
            ("receivers", self.view.carrying(lane).into()),
            ("window_free", self.view.room(self.seen, ix).into()),
            ("in_flight", flying),
            ("to_answer", open),
            ("queued", lane.queue.len() as u64),
            ("waiting", lane.waiting.len() as u64),
        ];
        Report {
            name: format!("{what} {}", lane.name),
            state: state.to_owned(),
            detail: format!(
                "{bound} bound, {flying} in flight, {open} to answer, {} queued, {} waiting",
                lane.queue.len(),
                lane.waiting.len()
            ),
            counts: counts.map(|(name, n)| (name.to_owned(), n)).into(),
        }
    }

    // ---- alarms

    pub(super) fn trouble_with(&mut self, cx: &mut RaCx<'_>, ix: LaneIx, what: &'static str) {
        let lane = self.view.lanes.get(ix).filter(|lane| !lane.gone);
        let Some(link) = lane.and_then(Lane::as_link) else {
            return;
        };
        if link.settings.enabled && lane.is_some_and(|lane| lane.sessions.is_empty()) {
            self.troubles.insert(ix, what);
            self.tell_troubles(cx);
        }
    }

    pub(super) fn no_trouble_with(&mut self, cx: &mut RaCx<'_>, ix: LaneIx) {
        if self.troubles.remove(&ix).is_some() {
            self.tell_troubles(cx);
        }
    }

    /// Links that the settings do not name any more, or have put out of service, are no trouble.
    pub(super) fn forget_troubles(&mut self, cx: &mut RaCx<'_>) {
        let lanes = &self.view.lanes;
        let is_wanted = |ix: &LaneIx| {
            let lane = lanes.get(*ix).filter(|lane| !lane.gone);
            lane.and_then(Lane::as_link)
                .is_some_and(|link| link.settings.enabled)
        };
        self.troubles.retain(|ix, _| is_wanted(ix));
        self.tell_troubles(cx);
    }

    /// One alarm for all links that should be bound and are not.
    fn tell_troubles(&mut self, cx: &mut RaCx<'_>) {
        let name = |ix: &LaneIx| self.view.lanes.get(*ix).map(|lane| lane.name.clone());
        let troubles = self.troubles.iter();
        let each = troubles.filter_map(|(ix, what)| Some(format!("{} {what}", name(ix)?)));
        let text = each.collect::<Vec<_>>().join(", ");
        if text != self.trouble {
            cx.alarm("links", !text.is_empty(), &text);
            self.trouble = text;
        }
    }

    /// What time it is, for views that are asked between inputs.
    pub(super) fn see(&mut self, now: Ms) {
        self.seen = now;
    }
}
