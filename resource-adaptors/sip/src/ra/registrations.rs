//! The location table's activities and records. Sub key empty: the address of record. Two bytes, the id (big endian): a
//! binding.

use strowger::id::ActivityId;
use strowger::ra::RaCx;

use super::{Core, end};
use crate::api::Unregistered;
use crate::proto::registrar::{Aor, Binding, Clocks, Delta};
use crate::proto::slab::Key;
use crate::proto::time::Ms;

impl Core {
    /// Whether that is the entry behind an activity.
    pub(super) fn is_registration(&self, key: Key, activity: ActivityId) -> bool {
        let entry = self.ua.location().entry(key);
        entry.is_some_and(|(_, theirs)| theirs == activity.raw())
    }

    /// Replaces the bindings of an address of record, as a REGISTER was answered.
    pub(super) fn register(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        aor: &Aor,
        bindings: Vec<Binding>,
    ) {
        let location = self.ua.location_mut();
        let (key, deltas) = location.apply(activity.raw(), aor, bindings);
        let Some(key) = key else {
            return end(cx, activity);
        };
        let fresh = cx.cookie(activity) != Some(key.to_u64());
        cx.set_cookie(activity, key.to_u64());
        if !cx.is_durable(activity) {
            return;
        }
        if fresh {
            cx.persist(activity, b"", &aor.to_record());
        }
        let bindings = self.ua.location().bindings_of(key);
        for delta in deltas {
            match delta {
                Delta::Put(id) => {
                    if let Some(binding) = bindings.iter().find(|binding| binding.id == id) {
                        cx.persist(
                            activity,
                            &id.to_be_bytes(),
                            &binding.to_record(clocks(cx, now)),
                        );
                    }
                }
                Delta::Gone(id) => cx.forget(activity, &id.to_be_bytes()),
            }
        }
    }

    /// Ends the bindings whose time has come.
    pub(super) fn expire_bindings(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        while let Some(expired) = self.ua.location_mut().expire(now) {
            let activity = ActivityId::from_raw(expired.activity);
            cx.count("sip.bindings_expired", expired.bindings.len() as u64);
            if cx.is_durable(activity) {
                for binding in &expired.bindings {
                    cx.forget(activity, &binding.id.to_be_bytes());
                }
            }
            if cx.has_receiver::<Unregistered>() {
                let uri =
                    |binding: &Binding| String::from_utf8_lossy(binding.texts().uri).into_owned();
                let event = Unregistered {
                    aor: expired.aor.as_str().to_owned(),
                    contacts: expired.bindings.iter().map(uri).collect(),
                    left: expired.left as u32,
                };
                if cx.fire(activity, event).is_err() {
                    cx.count("sip.events_refused", 1);
                }
            }
            if expired.left == 0 {
                end(cx, activity);
            }
        }
    }

    /// The activity was raised to a durable class: everything there is of it is written.
    pub(super) fn save_registration(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        key: Key,
        activity: ActivityId,
    ) {
        let Some((aor, _)) = self.ua.location().entry(key) else {
            return;
        };
        cx.persist(activity, b"", &aor.to_record());
        for binding in self.ua.location().bindings_of(key) {
            let record = binding.to_record(clocks(cx, now));
            cx.persist(activity, &binding.id.to_be_bytes(), &record);
        }
    }

    pub(super) fn restore_registration(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        sub: &[u8],
        value: &[u8],
    ) {
        let restored = match <[u8; 2]>::try_from(sub) {
            Ok(id) => self.restore_binding(cx, now, activity, u16::from_be_bytes(id), value),
            Err(_) => Aor::from_record(value)
                .ok()
                .and_then(|aor| self.ua.location_mut().restore(activity.raw(), &aor))
                .map(|key| cx.set_cookie(activity, key.to_u64())),
        };
        if restored.is_none() {
            cx.count("sip.records_unreadable", 1);
        }
    }

    fn restore_binding(
        &mut self,
        cx: &RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        id: u16,
        value: &[u8],
    ) -> Option<()> {
        let key = cx.cookie(activity).map(Key::from_u64)?;
        let binding = Binding::from_record(id, value, clocks(cx, now)).ok()?;
        let known = self.is_registration(key, activity);
        (known && self.ua.location_mut().restore_binding(key, binding)).then_some(())
    }

    /// All records are back: what has none of its bindings left ends.
    pub(super) fn registrations_restored(&mut self, cx: &mut RaCx<'_>) {
        for activity in self.ua.location_mut().drop_empty() {
            end(cx, ActivityId::from_raw(activity));
        }
    }
}

fn clocks(cx: &RaCx<'_>, now: Ms) -> Clocks {
    Clocks {
        now,
        wall: cx.now().wall.0,
    }
}
