//! Names of activities, unique on the node (R-NF), and attributes of activity contexts (R-AT).

use crate::activity::Activity;
use crate::kernel::Kernel;
use crate::transaction::Undo;
use siphasher::sip::SipHasher24;
use std::hash::Hasher;
use strowger::OpError;
use strowger::id::{ActivityId, ComponentId, EntityId};

impl Kernel {
    pub(crate) fn bind_name(&mut self, name: &str, id: ActivityId) -> Result<(), OpError> {
        if name.is_empty() {
            return Err(OpError::InvalidArgument("name"));
        }
        let activity = self.live(id)?;
        if bytes_of(activity) + name.len() > self.limits.activity_bytes as usize {
            return Err(self.limited("activity_bytes"));
        }
        if self.names.contains_key(name) {
            return Err(OpError::NameAlreadyBound);
        }
        let name: Box<str> = Box::from(name);
        self.insert_name(id, name.clone(), usize::MAX);
        self.refer(id);
        self.tx.undo.push(Undo::Bound(id, name));
        self.tx.activities.push(id);
        Ok(())
    }

    pub(crate) fn unbind_name(&mut self, name: &str) -> Result<(), OpError> {
        let id = *self.names.get(name).ok_or(OpError::NameNotBound)?;
        let place = self
            .activities
            .get(id)
            .and_then(|a| a.names().iter().position(|n| **n == *name));
        self.remove_name(id, name);
        self.tx.undo.push(Undo::Unbound(
            id,
            Box::from(name),
            place.unwrap_or(0) as u32,
        ));
        self.tx.activities.push(id);
        self.tx.checks.push(id);
        Ok(())
    }

    pub(crate) fn insert_name(&mut self, id: ActivityId, name: Box<str>, place: usize) {
        if let Some(activity) = self.activities.get_mut(id) {
            let names = &mut activity.extra().names;
            names.insert(names.len().min(place), name.clone());
        }
        self.names.insert(name, id);
    }
    pub(crate) fn remove_name(&mut self, id: ActivityId, name: &str) {
        self.names.remove(name);
        if let Some(activity) = self.activities.get_mut(id) {
            activity.extra().names.retain(|n| **n != *name);
        }
    }

    /// Where an SBB's attribute lies: shared by entities of that SBB, or by all that use the alias (R-AT-01, R-AT-02).
    pub(crate) fn attribute_key(
        &self,
        entity: EntityId,
        activity: ActivityId,
        name: &str,
        alias: Option<&str>,
    ) -> u64 {
        let mut hasher = SipHasher24::new();
        if let Some(alias) = alias {
            hasher.write(alias.as_bytes());
            return hasher.finish();
        }
        hasher.write(name.as_bytes());
        hasher.write_u8(0xff);
        let of = |sbb: ComponentId| {
            let mut hasher = hasher;
            hasher.write(&sbb.0.to_be_bytes());
            hasher.finish()
        };
        let Some((_, sbb)) = self.sbb_of(entity) else {
            return of(ComponentId(0));
        };
        // What another version of the SBB has set here is this one's.
        let extra = self.activities.get(activity).and_then(|a| a.extra.as_ref());
        let is_set = |key: &u64| extra.is_some_and(|e| e.attributes.iter().any(|(k, _)| k == key));
        let mut others = sbb.versions.iter().map(|version| of(*version));
        others.find(is_set).unwrap_or_else(|| of(sbb.id))
    }

    pub(crate) fn set_attribute_at(
        &mut self,
        id: ActivityId,
        key: u64,
        value: &[u8],
    ) -> Result<(), OpError> {
        let activity = self
            .activities
            .get_mut(id)
            .ok_or(OpError::StaleActivity(id))?;
        if bytes_of(activity) + value.len() > self.limits.activity_bytes as usize {
            return Err(self.limited("activity_bytes"));
        }
        let attributes = &mut activity.extra().attributes;
        let old = match attributes.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => Some(std::mem::replace(old, Box::from(value))),
            None => {
                attributes.push((key, Box::from(value)));
                None
            }
        };
        self.tx.undo.push(Undo::Attribute(id, key, old));
        self.tx.activities.push(id);
        self.tx.checks.push(id);
        Ok(())
    }
    /// Puts an attribute's old value back.
    pub(crate) fn put_attribute(&mut self, id: ActivityId, key: u64, old: Option<Box<[u8]>>) {
        let Some(activity) = self.activities.get_mut(id) else {
            return;
        };
        let attributes = &mut activity.extra().attributes;
        attributes.retain(|(k, _)| *k != key || old.is_some());
        if let Some(old) = old
            && let Some((_, value)) = attributes.iter_mut().find(|(k, _)| *k == key)
        {
            *value = old;
        }
    }
}

/// Bytes of names and attributes, against the limit.
fn bytes_of(activity: &Activity) -> usize {
    let Some(extra) = &activity.extra else {
        return 0;
    };
    let names: usize = extra.names.iter().map(|n| n.len()).sum();
    let attributes: usize = extra.attributes.iter().map(|(_, v)| v.len() + 8).sum();
    names + attributes
}
