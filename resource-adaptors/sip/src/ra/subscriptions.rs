//! Subscriptions: what services ask for, and their records. Sub key empty: the subscription with its dialog.

use strowger::id::ActivityId;
use strowger::ra::RaCx;

use super::{Core, end};
use crate::api::SubscriptionCommand;
use crate::proto::slab::Key;
use crate::proto::time::Ms;
use crate::proto::ua::{Draft, UaError};

impl Core {
    pub(super) fn is_subscription(&self, key: Key, activity: ActivityId) -> bool {
        self.ua
            .subscription(key)
            .is_some_and(|it| it.activity == activity.raw())
    }

    fn subscription(&self, cx: &RaCx<'_>, activity: ActivityId) -> Result<Key, UaError> {
        cx.cookie(activity)
            .map(Key::from_u64)
            .filter(|key| self.is_subscription(*key, activity))
            .ok_or(UaError::Gone)
    }

    /// Carries out one command. A subscription that cannot come to be ends its activity, behind a response in the peer's
    /// place where the peer was asked.
    pub(super) fn subscription_command(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        command: SubscriptionCommand,
    ) -> Result<(), UaError> {
        match command {
            SubscriptionCommand::Subscribe {
                activity,
                dialog,
                draft,
                want,
            } => {
                let made = match dialog {
                    None => {
                        let slot = activity.slot().0;
                        self.ua.subscribe(now, activity.raw(), slot, &draft, want)
                    }
                    Some(dialog) => match self.key(cx, dialog) {
                        Some(dialog) => {
                            let activity = activity.raw();
                            self.ua
                                .subscribe_within(now, activity, dialog, &draft, want)
                        }
                        None => Err(UaError::Gone),
                    },
                };
                self.begun(cx, now, activity, Some(&draft), made)
            }
            SubscriptionCommand::Accept {
                activity,
                tx,
                grant,
            } => {
                let made = self.ua.accept(now, activity.raw(), tx, &grant);
                self.begun(cx, now, activity, None, made)
            }
            SubscriptionCommand::Notify {
                activity,
                notification,
            } => {
                let key = self.subscription(cx, activity)?;
                self.ua.notify(now, key, notification)
            }
            SubscriptionCommand::Refresh { activity, expires } => {
                let key = self.subscription(cx, activity)?;
                self.ua.resubscribe(now, key, expires)
            }
        }
    }

    fn begun(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        draft: Option<&Draft>,
        made: Result<Key, UaError>,
    ) -> Result<(), UaError> {
        match (made, draft) {
            (Ok(key), _) => {
                cx.set_cookie(activity, key.to_u64());
                Ok(())
            }
            (Err(error), Some(draft)) => {
                self.refuse(cx, now, activity, draft, error);
                Ok(())
            }
            (Err(error), None) => {
                end(cx, activity);
                Err(error)
            }
        }
    }

    pub(super) fn save_subscription(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        key: Key,
        activity: ActivityId,
    ) {
        if !cx.is_durable(activity) {
            return;
        }
        if let Some(record) = self.ua.subscription_record(key, now, cx.now().wall.0) {
            cx.persist(activity, b"", &record);
        }
    }

    pub(super) fn restore_subscription(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        record: &[u8],
    ) {
        let wall = cx.now().wall.0;
        match self
            .ua
            .restore_subscription(now, wall, activity.raw(), record)
        {
            Ok(Ok(key)) => cx.set_cookie(activity, key.to_u64()),
            Ok(Err(_)) | Err(_) => {
                cx.count("sip.records_unreadable", 1);
                end(cx, activity);
            }
        }
    }
}
