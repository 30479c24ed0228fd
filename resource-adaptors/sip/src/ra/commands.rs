//! What services ask for, after their commit.

use strowger::id::ActivityId;
use strowger::ra::{Offence, RaCx};

use super::{Core, end};
use crate::api::{Command, Forked, Lost, Noted};
use crate::proto::slab::Key;
use crate::proto::time::Ms;
use crate::proto::ua::{Draft, Reply, UaError};

impl Core {
    /// Carries out one command. What has become impossible since the service asked is answered as the peer would: by a
    /// response on the same activity, while there is one.
    pub(super) fn command(&mut self, cx: &mut RaCx<'_>, now: Ms, command: Command) {
        let done = match command {
            Command::Invite { dialog, draft } => {
                self.invite(cx, now, dialog, draft);
                Ok(())
            }
            Command::Request { activity, draft } => {
                self.alone(cx, now, activity, &draft);
                Ok(())
            }
            Command::Within { dialog, draft } => self.within(cx, now, dialog, &draft),
            Command::Respond { tx, reply, lost } => self.respond(now, tx, &reply, lost.as_ref()),
            Command::Answer { dialog, reply } => match self.key(cx, dialog) {
                Some(key) => self.ua.answer(now, key, &reply),
                None => Err(UaError::Gone),
            },
            Command::Ack {
                dialog,
                lines,
                body,
            } => match self.key(cx, dialog) {
                Some(key) => self.ua.ack_ok(key, &lines, &body),
                None => Err(UaError::Gone),
            },
            Command::HangUp { dialog, lines } => match self.key(cx, dialog) {
                Some(key) => self.ua.hang_up_with(now, key, &lines),
                None => Err(UaError::Gone),
            },
            Command::Cancel { dialog } => match self.key(cx, dialog) {
                Some(key) => self.ua.cancel(now, key),
                None => Err(UaError::Gone),
            },
            Command::Verified(noted) => {
                self.verified(cx, noted);
                Ok(())
            }
            Command::Register {
                registration,
                aor,
                bindings,
            } => {
                self.register(cx, now, registration, &aor, bindings);
                Ok(())
            }
            Command::Subscription(command) => self.subscription_command(cx, now, *command),
            Command::Proxy { tx, fork } => match self.ua.proxy(now, tx, *fork) {
                Ok(Some((relay, activity))) => {
                    cx.set_cookie(ActivityId::from_raw(activity), relay.to_u64());
                    Ok(())
                }
                done => done.map(|_| ()),
            },
            Command::ProxyOn { tx, aims, patience } => self.ua.proxy_on(now, tx, aims, patience),
            Command::AcceptCancel { tx, lost } => match self.ua.accept_cancel(now, tx) {
                Err(UaError::Gone) => self.respond(
                    now,
                    tx,
                    &Reply {
                        status: 200,
                        ..Reply::default()
                    },
                    Some(&lost),
                ),
                done => done,
            },
        };
        if done.is_err() {
            cx.count("sip.commands_too_late", 1);
        }
    }

    fn verified(&mut self, cx: &mut RaCx<'_>, noted: Noted) {
        match noted {
            Noted::Right(used) => self.ua.nonces_mut().note(used),
            Noted::Stale => cx.count("sip.credentials_stale", 1),
            Noted::Wrong { source, proven } => {
                cx.count("sip.credentials_wrong", 1);
                cx.offence(source, Offence::Credentials, proven);
            }
        }
    }

    pub(super) fn key(&self, cx: &RaCx<'_>, activity: ActivityId) -> Option<Key> {
        let key = cx.cookie(activity).map(Key::from_u64)?;
        self.ua
            .dialog(key)
            .is_some_and(|dialog| dialog.activity == activity.raw())
            .then_some(key)
    }

    fn invite(&mut self, cx: &mut RaCx<'_>, now: Ms, activity: ActivityId, mut draft: Draft) {
        // Without a service that would take them branches are not set apart.
        draft.forks &= cx.has_receiver::<Forked>();
        let draft = &draft;
        match self
            .ua
            .invite(now, activity.raw(), activity.slot().0, draft)
        {
            Ok(key) => {
                cx.set_cookie(activity, key.to_u64());
                self.record_dialog(cx, activity, key);
            }
            Err(error) => self.refuse(cx, now, activity, draft, error),
        }
    }

    fn alone(&mut self, cx: &mut RaCx<'_>, now: Ms, activity: ActivityId, draft: &Draft) {
        match self
            .ua
            .request_alone(now, activity.raw(), activity.slot().0, draft)
        {
            Ok(tx) => cx.set_cookie(activity, tx.to_u64()),
            Err(error) => self.refuse(cx, now, activity, draft, error),
        }
    }

    /// A new activity whose request never came to be gets its failure and ends.
    pub(super) fn refuse(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        draft: &Draft,
        error: UaError,
    ) {
        let status = if draft.max_forwards == 0 {
            483
        } else {
            status_of(error)
        };
        if let Some(bytes) = self.ua.stand_in(draft, status) {
            self.fire_local(cx, now, activity, bytes, draft.link);
        }
        end(cx, activity);
    }

    fn within(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        draft: &Draft,
    ) -> Result<(), UaError> {
        let done = match self.key(cx, activity) {
            Some(key) => self.ua.request_within(now, key, draft),
            None => Err(UaError::Gone),
        };
        // The other leg's request waits for an answer that cannot come through the service any more.
        if let (Err(error), Some(link)) = (done, draft.link) {
            self.ua.respond(
                now,
                link,
                &Reply {
                    status: status_of(error),
                    ..Reply::default()
                },
            )?;
        }
        done
    }

    fn respond(
        &mut self,
        now: Ms,
        tx: Key,
        reply: &Reply,
        lost: Option<&Lost>,
    ) -> Result<(), UaError> {
        match (self.ua.respond(now, tx, reply), lost) {
            (Err(UaError::Gone), Some(lost)) => {
                self.ua
                    .respond_lost(now, lost.source.into(), lost.request.clone(), reply)
            }
            (done, _) => done,
        }
    }
}

fn status_of(error: UaError) -> u16 {
    match error {
        UaError::Gone | UaError::State => 481,
        UaError::NoFlow => 430,
        UaError::Full => 503,
        UaError::Unwritable => 500,
    }
}
