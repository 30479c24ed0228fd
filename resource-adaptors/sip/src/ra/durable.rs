//! Records of dialogs. Sub key empty: the dialog. Sub key 1: the 2xx that waits for its ACK, behind the wall-clock time
//! (milliseconds, big endian) until which it is repeated. Sub key 2: the peer has said BYE. Sub key 3: the CSeq (big
//! endian) of a 2xx whose ACK is the service's to write. Sub key 4: the session that ends unless it is refreshed.
//! Sub key 5: the INVITE of a call that rings, where its service wants that to be there after a restart.

use strowger::id::ActivityId;
use strowger::ra::RaCx;
use strowger::time::Now;

use super::{Core, end};
use crate::proto::slab::Key;
use crate::proto::time::Ms;

const UNACKED: &[u8] = &[1];
const CLOSING: &[u8] = &[2];
const OWED: &[u8] = &[3];
const SESSION: &[u8] = &[4];
const INVITE: &[u8] = &[5];

impl Core {
    /// Writes a dialog down, if what is written is kept.
    pub(super) fn save(&mut self, cx: &mut RaCx<'_>, now: Ms, dialog: Key, activity: ActivityId) {
        if !cx.is_durable(activity) {
            return;
        }
        let Some(record) = self.ua.record(dialog) else {
            return;
        };
        cx.persist(activity, b"", &record);
        let unacked = self.ua.unacked(dialog).map(|(ok, until)| {
            let until = cx.now().wall.0.saturating_add(until - now);
            [&until.to_be_bytes(), &ok[..]].concat()
        });
        let was_saved = self.ua.set_unacked_saved(dialog, unacked.is_some());
        match unacked {
            Some(value) => cx.persist(activity, UNACKED, &value),
            None if was_saved => cx.forget(activity, UNACKED),
            None => {}
        }
        let owed = self.ua.owed_ack(dialog);
        let was_saved = self.ua.set_owed_saved(dialog, owed.is_some());
        match owed {
            Some(cseq) => cx.persist(activity, OWED, &cseq.to_be_bytes()),
            None if was_saved => cx.forget(activity, OWED),
            None => {}
        }
        let invite = self.ua.invite_record(dialog);
        let was_saved = self.ua.set_invite_saved(dialog, invite.is_some());
        match invite {
            Some(value) => cx.persist(activity, INVITE, &value),
            None if was_saved => cx.forget(activity, INVITE),
            None => {}
        }
        let ahead = cx.now().wall.0.saturating_sub(now.0);
        if let Some(session) = self.ua.session_record(dialog, ahead) {
            cx.persist(activity, SESSION, &session);
        }
    }

    pub(super) fn note_closing(cx: &mut RaCx<'_>, activity: ActivityId) {
        if cx.is_durable(activity) {
            cx.persist(activity, CLOSING, b"1");
        }
    }

    /// The activity was raised to a durable class. A call that is not up yet leaves no record unless its service asks
    /// for it: after a restart it is over, and what comes of it is ended.
    pub(super) fn snapshot(&mut self, cx: &mut RaCx<'_>, now: Ms, activity: ActivityId) {
        let Some(key) = cx.cookie(activity).map(Key::from_u64) else {
            return;
        };
        if self.is_registration(key, activity) {
            return self.save_registration(cx, now, key, activity);
        }
        if self.is_subscription(key, activity) {
            return self.save_subscription(cx, now, key, activity);
        }
        if self
            .ua
            .dialog(key)
            .is_some_and(|d| d.activity == activity.raw())
            && self.ua.is_kept(key)
        {
            self.save(cx, now, key, activity);
        }
    }

    pub(super) fn restore(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        sub: &[u8],
        value: &[u8],
    ) {
        if sub.is_empty() {
            return self.restore_dialog(cx, activity, value);
        }
        let Some(key) = cx.cookie(activity).map(Key::from_u64) else {
            return;
        };
        let Now { wall, .. } = cx.now();
        match sub {
            CLOSING => self.ua.restore_closing(now, key),
            OWED => {
                if let Ok(cseq) = value.try_into() {
                    self.ua.restore_owed(key, u32::from_be_bytes(cseq));
                }
            }
            UNACKED => {
                if let Some((until, ok)) = value.split_first_chunk::<8>() {
                    let left = u64::from_be_bytes(*until).saturating_sub(wall.0);
                    self.ua.restore_unacked(now, key, ok, left);
                }
            }
            SESSION => {
                let ahead = wall.0.saturating_sub(now.0);
                self.ua.restore_session(key, value, ahead);
            }
            INVITE => self.ua.restore_invite(now, key, value),
            // Of a later release, which knows what it means.
            _ => {}
        }
    }

    fn restore_dialog(&mut self, cx: &mut RaCx<'_>, activity: ActivityId, value: &[u8]) {
        match self.ua.restore(activity.raw(), value) {
            Ok(Ok(key)) => cx.set_cookie(activity, key.to_u64()),
            Ok(Err(_)) | Err(_) => {
                cx.count("sip.records_unreadable", 1);
                end(cx, activity);
            }
        }
    }
}
