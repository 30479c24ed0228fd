//! Event masks, one per entity and activity (R-MK).

use crate::kernel::Kernel;
use crate::transaction::Undo;
use strowger::OpError;
use strowger::id::{ActivityId, Component, EntityId};

impl Kernel {
    pub(crate) fn mask_events(
        &mut self,
        entity: EntityId,
        id: ActivityId,
        events: &[Component],
    ) -> Result<(), OpError> {
        self.entity(entity)?;
        let (_, sbb) = self.sbb_of(entity).ok_or(OpError::StaleEntity(entity))?;
        let mut mask = 0;
        for event in events {
            let bit = self
                .registry
                .known_event(event.id())
                .and_then(|ix| sbb.bit(ix));
            mask |= bit.ok_or(OpError::UnrecognizedEvent)?;
        }
        let activity = self
            .activities
            .get_mut(id)
            .ok_or(OpError::StaleActivity(id))?;
        let attachment = activity
            .attachment_mut(entity)
            .ok_or(OpError::NotAttached(id))?;
        let old = std::mem::replace(&mut attachment.mask, mask);
        self.tx.undo.push(Undo::Mask(id, entity, old));
        self.touch_entity(entity);
        Ok(())
    }

    pub(crate) fn masked_events(
        &self,
        entity: EntityId,
        id: ActivityId,
    ) -> Result<Vec<Component>, OpError> {
        let (_, sbb) = self.sbb_of(entity).ok_or(OpError::StaleEntity(entity))?;
        let attachment = self
            .live(id)?
            .attachment(entity)
            .ok_or(OpError::NotAttached(id))?;
        let masked = |(bit, _): &(usize, &Component)| attachment.mask >> bit & 1 == 1;
        Ok(sbb
            .events
            .iter()
            .enumerate()
            .filter(masked)
            .map(|(_, event)| *event)
            .collect())
    }
}
