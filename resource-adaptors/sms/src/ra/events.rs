//! What sessions give, carried out in its order: bytes, and what happened.

use strowger::ra::{ActivityFlags, ConnId, RaCx};

use super::lanes::Lane;
use super::sessions::{Sess, SessionKey};
use super::{Core, Due};
use crate::api::{
    AlertNotification, Peer, SessionBound, SessionCongested, SessionUnbound, SmppSession,
};
use crate::proto::session::{End, Event, Mode, Output};
use crate::proto::time::Ms;

impl Core {
    /// Carries out all there is, until nothing more comes of it.
    pub(super) fn drain(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        loop {
            if let Some(key) = self.view.sessions.next_touched() {
                self.drain_session(cx, now, key);
            } else if let Some(lane) = self.view.lanes.next_touched() {
                self.pump(cx, now, lane);
            } else {
                return;
            }
        }
    }

    fn drain_session(&mut self, cx: &mut RaCx<'_>, now: Ms, key: SessionKey) {
        while let Some(sess) = self.view.sessions.get_mut(key) {
            let conn = sess.conn;
            match sess.machine.poll() {
                Some(Output::Send(bytes)) => {
                    self.leave(cx, key, &bytes);
                    cx.stream(conn, bytes);
                }
                Some(Output::PauseReading(paused)) => cx.pause_reading(conn, paused),
                Some(Output::Close) => cx.close(conn),
                Some(Output::Count(name)) => cx.count(name, 1),
                Some(Output::Event(event)) => self.happened(cx, now, key, event),
                None => break,
            }
        }
        let deadline = self.view.sessions.get(key);
        if let Some(at) = deadline.and_then(|sess| sess.machine.deadline()) {
            self.schedule(at, Due::Session(key));
        }
    }

    fn happened(&mut self, cx: &mut RaCx<'_>, now: Ms, key: SessionKey, event: Event) {
        match event {
            Event::Request { key: request, pdu } => self.requested(cx, now, key, request, pdu),
            Event::Response { seq, pdu } => {
                self.response_came(cx, key, &pdu);
                self.responded(cx, now, key, seq.raw(), pdu);
            }
            Event::Failed { seq, reason } => self.unanswered(cx, key, seq.raw(), &reason),
            Event::Unanswered { key: request } => self.overdue(cx, key, request),
            Event::BindRequest { mode, pdu } => self.bind_requested(cx, now, key, mode, &pdu),
            Event::Bound { mode, version, .. } => self.bound(cx, now, key, mode, version),
            Event::Unbound(end) => self.unbound(cx, now, key, end),
            Event::Congested(congested) => {
                if let Some((activity, peer)) = self.activity_of(key) {
                    self.tell(cx, activity, SessionCongested { peer, congested });
                }
            }
            Event::Notification(pdu) => {
                if let Some((activity, peer)) = self.activity_of(key) {
                    self.tell(cx, activity, AlertNotification { peer, pdu });
                }
            }
            // We bind anyway; whoever else connects has to bind.
            Event::Outbind(_) => cx.count("sms.outbinds", 1),
        }
    }

    fn bound(&mut self, cx: &mut RaCx<'_>, now: Ms, key: SessionKey, mode: Mode, version: u8) {
        cx.count("sms.sessions_bound", 1);
        let Some(sess) = self.view.sessions.get_mut(key) else {
            return;
        };
        sess.mode = Some(mode);
        let Some(ix) = sess.lane else { return };
        let Some(lane) = self.view.lanes.get_mut(ix) else {
            return;
        };
        lane.sessions.push(key);
        let (peer, is_link) = (lane.peer(), lane.as_link().is_some());
        if is_link {
            self.link_bound(cx, now, ix);
        }
        self.view.lanes.touch_with_groups(ix);
        self.begin_session(cx, key, peer, mode, version);
    }

    /// Starts a session's activity. While one is there a node that stops waits: so it takes leave of its peers.
    fn begin_session(
        &mut self,
        cx: &mut RaCx<'_>,
        key: SessionKey,
        peer: Peer,
        mode: Mode,
        version: u8,
    ) {
        let slot = cx.slot_of(peer.name().as_bytes());
        let Ok(activity) = cx.start_activity::<SmppSession>(slot, ActivityFlags::default(), 0)
        else {
            return cx.count("sms.events_refused", 1);
        };
        if let Some(sess) = self.view.sessions.get_mut(key) {
            sess.activity = Some(activity);
        }
        let event = SessionBound {
            peer,
            mode,
            version,
        };
        self.tell(cx, activity, event);
    }

    fn activity_of(&self, key: SessionKey) -> Option<(strowger::id::ActivityId, Peer)> {
        let sess = self.view.sessions.get(key)?;
        let lane = self.view.lanes.get(sess.lane?)?;
        Some((sess.activity?, lane.peer()))
    }

    /// A session is over; its connection may still stand for a moment.
    fn unbound(&mut self, cx: &mut RaCx<'_>, now: Ms, key: SessionKey, end: End) {
        let told = self.activity_of(key);
        let Some(sess) = self.view.sessions.get_mut(key) else {
            return;
        };
        let was_bound = sess.mode.take().is_some();
        let (lane, open) = (sess.lane, std::mem::take(&mut sess.open));
        for activity in open.into_values() {
            self.end_activity(cx, activity);
        }
        if let Some((activity, peer)) = told {
            let reason = end;
            self.tell(cx, activity, SessionUnbound { peer, reason });
            self.end_activity(cx, activity);
        }
        let Some(ix) = lane else { return };
        if was_bound {
            cx.count("sms.sessions_unbound", 1);
            if let Some(lane) = self.view.lanes.get_mut(ix) {
                lane.sessions.retain(|other| *other != key);
            }
        }
        let is_link = self.view.lanes.get(ix).and_then(Lane::as_link).is_some();
        if is_link {
            let what = if matches!(end, End::BindRefused(_)) {
                "refuses our bind"
            } else {
                "is not bound"
            };
            if end != End::Unbound {
                self.trouble_with(cx, ix, what);
            }
            self.link_failed(cx, now, ix, Some(end));
        }
        self.view.lanes.touch_with_groups(ix);
    }

    /// A connection is no more.
    pub(super) fn disconnected(&mut self, cx: &mut RaCx<'_>, now: Ms, conn: ConnId) {
        let Some(key) = self.view.sessions.of(conn) else {
            return;
        };
        if let Some(sess) = self.view.sessions.get_mut(key) {
            sess.machine.closed();
        }
        self.drain_session(cx, now, key);
        drop(self.view.sessions.remove(key).map(|sess: Box<Sess>| sess));
    }
}
