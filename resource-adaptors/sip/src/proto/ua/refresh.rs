//! Session timers as time passes: RFC 4028 10. Refreshes at half of the interval, and the end of what is not refreshed.

use bytes::Bytes;

use super::super::compose;
use super::super::dialog::{Keeper, Offer, Phase, Session};
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::wire::{HeaderId, Message};
use super::{Alarm, Draft, Output, Ua};

impl Ua {
    /// A session begins anew, or does not end by itself any more.
    pub(super) fn start_session(&mut self, now: Ms, key: Key) {
        let Some(session) = self.session_mut(key) else {
            return;
        };
        let seconds = session.interval;
        if seconds > 0 {
            let whole = u64::from(seconds) * 1_000;
            // Who refreshes ends the call when it is over, who waits a little before.
            let early = if session.local || session.ask.keeper == Keeper::Watch {
                0
            } else {
                (whole / 3).min(32_000)
            };
            let refreshes = session.local && session.is_managed();
            session.expires = now + (whole - early);
            session.refresh = refreshes.then(|| now + whole / 2);
        }
        self.schedule_session(key);
        if self.dialogs.get(key).map(|dialog| dialog.phase) == Some(Phase::Confirmed) {
            self.save(key);
        }
    }

    /// Sets the timer of a session to what comes next.
    pub(super) fn schedule_session(&mut self, key: Key) {
        let Some(session) = self.session_mut(key) else {
            return;
        };
        let (timer, next) = (
            session.timer,
            session
                .refresh
                .map_or(session.expires, |at| at.min(session.expires)),
        );
        let runs = session.interval > 0;
        self.wheel.cancel(timer);
        let timer = if runs {
            self.wheel.start(next, Alarm::Session(key))
        } else {
            super::super::timer::TimerId::NONE
        };
        if let Some(session) = self.session_mut(key) {
            session.timer = timer;
        }
    }

    /// Something is due for a session.
    pub(super) fn session_due(&mut self, now: Ms, key: Key) {
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        let (activity, phase) = (dialog.activity, dialog.phase);
        let Some(session) = dialog.session.as_deref_mut() else {
            return;
        };
        session.timer = super::super::timer::TimerId::NONE;
        if phase != Phase::Confirmed || session.interval == 0 {
            return;
        }
        if session.expires <= now {
            session.interval = 0;
            self.counts.sessions_expired += 1;
            self.outputs.push_back(Output::SessionExpired { activity });
            if self.config.session.end_expired {
                self.bye(now, key);
            } else {
                self.save(key);
            }
            return;
        }
        if session.refresh.is_some_and(|at| at <= now) {
            session.refresh = None;
            let by_service = session.ask.keeper == Keeper::Service;
            if by_service || !self.refresh(now, key) {
                self.outputs.push_back(Output::SessionRefresh { activity });
            }
        }
        self.schedule_session(key);
    }

    /// Refreshes a session: by UPDATE without a body if the peer takes it, else by INVITE with what was described last.
    /// `false` if only the service can.
    fn refresh(&mut self, now: Ms, key: Key) -> bool {
        let Some(dialog) = self.dialogs.get(key) else {
            return true;
        };
        let Some(session) = dialog.session.as_deref() else {
            return true;
        };
        let busy = dialog.offer != Offer::None
            || dialog.pending.as_ref().is_some_and(|pending| {
                pending.update_out
                    || pending.invite_in.is_some()
                    || pending.invite_out.is_some()
                    || pending.unacked.is_some()
                    || pending.unanswered.is_some()
            });
        if busy {
            self.refresh_later(now, key);
            return true;
        }
        let Some(draft) = refresh(session) else {
            return false;
        };
        // What is refused comes back as a response and is tried again.
        let _ = self.request_quietly(now, key, &draft);
        true
    }

    /// A refresh of ours got a failure: another way, or another attempt a little later, while the session lasts.
    pub(super) fn refresh_failed(&mut self, now: Ms, key: Key, response: &Message) {
        let status = response.status().unwrap_or(500);
        let Some(session) = self.session_mut(key) else {
            return;
        };
        let without_update = matches!(status, 405 | 501) && session.peer_updates;
        session.peer_updates &= !without_update;
        if without_update {
            session.refresh = Some(now);
            self.schedule_session(key);
        } else {
            self.refresh_later(now, key);
        }
    }

    fn refresh_later(&mut self, now: Ms, key: Key) {
        // Apart from the peer's own attempts, as RFC 3261 14.1 spreads them.
        let after = 2_100 + self.mint.random() % 1_900;
        if let Some(session) = self.session_mut(key) {
            session.refresh = Some(now + after);
            self.schedule_session(key);
        }
    }
}

fn refresh(session: &Session) -> Option<Draft> {
    let mut lines = Vec::new();
    let (method, body) = if session.peer_updates {
        (&b"UPDATE"[..], Bytes::new())
    } else if session.sdp.is_empty() {
        return None;
    } else {
        if !session.kind.is_empty() {
            compose::line(&mut lines, HeaderId::ContentType.name(), &session.kind);
        }
        (&b"INVITE"[..], session.sdp.clone())
    };
    Some(Draft {
        method: Bytes::from_static(method),
        lines: lines.into(),
        body,
        max_forwards: 70,
        ..Draft::default()
    })
}
