//! The stack's outputs, carried out in their order; peers that come and go, and what operators hear of them.

use std::sync::Arc;

use strowger::ra::{ActivityFlags, Offence, RaCx, Report};

use super::{Core, State, sessions};
use crate::api::{ExpiryCause, Identity, Peer, PeerDown, PeerUp};
use crate::proto::node::{Admin, Alarm, DownCause, Output, PeerStatus};
use crate::proto::peer::{State as Connection, WatchdogState};
use crate::proto::time::Ms;

/// How long the alarm of lost reports stands, in milliseconds.
const LOST_ALARM: u64 = 3_600_000;

impl Core {
    pub(super) fn drain(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        if self.state == State::Inactive {
            return;
        }
        while let Some(output) = self.stack.poll() {
            self.carry_out(cx, now, output);
        }
    }

    fn carry_out(&mut self, cx: &mut RaCx<'_>, now: Ms, output: Output) {
        match output {
            Output::Send { link, bytes } => {
                if let Some(conn) = self.links.conn(link) {
                    self.wires.leaves(cx, conn, &bytes);
                    cx.stream(conn, bytes);
                }
            }
            Output::Connect {
                link,
                peer,
                to,
                tls,
            } => {
                if !self.links.connect(cx, link, &peer, to, tls) {
                    cx.count("diameter.no_listener", 1);
                    self.stack.connect_failed(now, link);
                }
            }
            Output::Close { link } => self.links.close(cx, link),
            Output::Request { key, peer, message } => {
                self.wires.came(cx, &message);
                self.request_came(cx, now, key, Identity::from(peer), &message);
            }
            Output::Answer {
                tx,
                peer,
                message,
                again,
            } => {
                self.wires.came(cx, &message);
                self.answered(cx, now, tx, (Identity::from(peer), again), &message);
            }
            Output::Failed { tx, failure, sent } => self.failed(cx, now, tx, failure, sent),
            Output::Up { peer } => self.peer_up(cx, now, peer),
            Output::Down { peer, cause } => self.peer_down(cx, &peer, cause),
            Output::Restarted { peer } => self.peer_restarted(cx, now, &peer),
            Output::Unwelcome { from } => cx.offence(from.ip(), Offence::UnknownPeer, true),
            Output::Alarm(alarm) => self.alarm(cx, alarm),
            Output::Count { name, n } => cx.count(name, n),
        }
    }

    fn peer_up(&mut self, cx: &mut RaCx<'_>, now: Ms, peer: Arc<str>) {
        self.view.peers.insert(Arc::clone(&peer), true);
        self.troubles.remove(&peer);
        self.tell_troubles(cx);
        self.tell_stranded(cx);
        self.unpark(cx, now);
        let wanted = cx.has_receiver::<PeerUp>() || cx.has_receiver::<PeerDown>();
        if !wanted || self.state != State::Active || self.peers.contains_key(&peer) {
            return;
        }
        let slot = sessions::slot(&peer, |key| cx.slot_of(key));
        let Ok(activity) = cx.start_activity::<Peer>(slot, ActivityFlags::default(), 0) else {
            return cx.count("diameter.events_refused", 1);
        };
        self.peers.insert(Arc::clone(&peer), activity);
        let peer = Identity::from(peer);
        self.tell(cx, activity, PeerUp { peer });
    }

    fn peer_down(&mut self, cx: &mut RaCx<'_>, peer: &Arc<str>, cause: DownCause) {
        // Of those that a rule lets in nothing is kept: anybody could make up names.
        if self.is_wanted(peer) {
            self.view.peers.insert(Arc::clone(peer), false);
        } else {
            self.view.peers.remove(peer);
        }
        if cause != DownCause::Local {
            self.trouble_with(Arc::clone(peer), "is down");
        }
        self.tell_troubles(cx);
        if let Some(activity) = self.peers.remove(peer) {
            let peer = Identity::from(Arc::clone(peer));
            self.tell(cx, activity, PeerDown { peer });
            self.end_activity(cx, activity);
        }
    }

    /// A server has lost its sessions (RFC 6733 8.6).
    fn peer_restarted(&mut self, cx: &mut RaCx<'_>, now: Ms, peer: &str) {
        for activity in self.view.sessions.with(peer) {
            cx.count("diameter.sessions_lost", 1);
            self.expire_session(cx, now, activity, ExpiryCause::PeerRestarted);
        }
    }

    fn alarm(&mut self, cx: &mut RaCx<'_>, alarm: Alarm) {
        match alarm {
            Alarm::Refused { peer, by_us, .. } => {
                let trouble = if by_us { "was refused" } else { "refuses us" };
                self.trouble_with(peer, trouble);
            }
            Alarm::Unreachable { peer } => self.trouble_with(peer, "cannot be reached"),
            Alarm::NoPeerFor { realm } => {
                self.stranded.insert(realm);
                self.tell_stranded(cx);
            }
        }
        self.tell_troubles(cx);
    }

    /// Peers that the settings do not name any more, or have put out of service, are no trouble.
    pub(super) fn forget_peers(&mut self, cx: &mut RaCx<'_>) {
        let (mut troubles, mut peers) = (
            std::mem::take(&mut self.troubles),
            std::mem::take(&mut self.view.peers),
        );
        troubles.retain(|host, _| self.is_wanted(host));
        peers.retain(|host, is_open| *is_open || self.is_wanted(host));
        (self.troubles, self.view.peers) = (troubles, peers);
        self.tell_troubles(cx);
        self.tell_stranded(cx);
    }

    /// Whether a peer is named by the settings, and in service.
    fn is_wanted(&self, host: &str) -> bool {
        let peers = self.settings.peers.values();
        let mut named = peers.filter(|peer| peer.host.eq_ignore_ascii_case(host));
        named.any(|peer| peer.enabled)
    }

    fn trouble_with(&mut self, peer: Arc<str>, what: &'static str) {
        if self.is_wanted(&peer) {
            self.troubles.insert(peer, what);
        }
    }

    /// One alarm for all realms that no peer serves.
    fn tell_stranded(&mut self, cx: &mut RaCx<'_>) {
        if self.stranded.is_empty() {
            return;
        }
        let (settings, open) = (&self.settings, &self.view.peers);
        let is_up = |name: &String| {
            let peer = settings.peers.get(name);
            peer.is_some_and(|peer| open.get(peer.host.as_str()).copied().unwrap_or(false))
        };
        let is_served = |realm: &str| {
            let mut entries = settings
                .realms
                .values()
                .filter(|entry| *entry.realm == *realm);
            entries.all(|entry| entry.peers.is_empty() || entry.peers.keys().any(is_up))
        };
        self.stranded.retain(|realm| !is_served(realm));
        let realms: Vec<&str> = self.stranded.iter().map(|realm| &**realm).collect();
        let text = match realms.is_empty() {
            true => String::new(),
            false => format!("no peer is up that serves {}", realms.join(", ")),
        };
        cx.alarm("realms", !realms.is_empty(), &text);
    }

    /// The peers, as operators see them.
    pub(super) fn report(&self) -> Vec<Report> {
        self.stack.peers().map(|peer| part(&peer)).collect()
    }

    /// Counts what has become of services' reports. The alarm of those that are lost stands for an hour after the last.
    pub(super) fn note(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        counts: &[(&'static str, u64)],
        is_loss: bool,
    ) {
        for (name, n) in counts.iter().filter(|(_, n)| *n > 0) {
            cx.count(name, *n);
        }
        if is_loss {
            let text = "what services have reported to a charging system was refused, or taken by none (counters \
                        diameter.reports_lost, diameter.reports_uncertain, diameter.accounting_discarded)";
            cx.alarm("reports", true, text);
            self.reports_lost = Some(now + LOST_ALARM);
        }
    }

    pub(super) fn expire_lost(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        if self.reports_lost.take_if(|until| *until <= now).is_some() {
            cx.alarm("reports", false, "");
        }
    }

    /// One alarm for all peers that should be up and are not.
    fn tell_troubles(&mut self, cx: &mut RaCx<'_>) {
        let each = self
            .troubles
            .iter()
            .map(|(peer, trouble)| format!("{peer} {trouble}"));
        let text = each.collect::<Vec<_>>().join(", ");
        if text != self.trouble {
            cx.alarm("peers", !text.is_empty(), &text);
            self.trouble = text;
        }
    }
}

/// One peer.
fn part(peer: &PeerStatus) -> Report {
    let state = match (peer.admin, peer.state, peer.watchdog) {
        (Admin::Disabled, Connection::Closed, _) => "disabled",
        (Admin::Disabled | Admin::Draining, ..) => "draining",
        (_, Connection::ROpen | Connection::IOpen, WatchdogState::Suspect) => "suspect",
        (_, Connection::ROpen | Connection::IOpen, WatchdogState::Reopen) => "on trial",
        (_, Connection::ROpen | Connection::IOpen, _) => "open",
        (_, Connection::Closed, _) => "closed",
        (_, Connection::Closing, _) => "closing",
        (
            _,
            Connection::WaitConnAck
            | Connection::WaitICea
            | Connection::WaitConnAckElect
            | Connection::WaitReturns,
            _,
        ) => "connecting",
    };
    let mut detail = Vec::new();
    if let Some(address) = peer.address {
        let transport = if peer.secure { "tls" } else { "tcp" };
        detail.push(format!("{transport} {address}"));
    }
    if let Some(product) = &peer.product {
        detail.push(product.to_string());
    }
    if peer.unknown {
        detail.push("let in by a rule".to_owned());
    }
    detail.push(format!(
        "{} pending, {} to answer",
        peer.pending, peer.incoming
    ));
    let counts = &peer.counts;
    let counts = [
        ("requests_sent", counts.requests_sent),
        ("answers_received", counts.answers_received),
        ("requests_received", counts.requests_received),
        ("answers_sent", counts.answers_sent),
        ("timeouts", counts.timeouts),
        ("moved", counts.moved),
        ("late", counts.late),
        ("ups", counts.ups),
        ("pending", peer.pending.into()),
        ("incoming", peer.incoming.into()),
    ];
    Report {
        name: peer.host.to_string(),
        state: state.to_owned(),
        detail: detail.join(", "),
        counts: counts.map(|(name, n)| (name.to_owned(), n)).into(),
    }
}
