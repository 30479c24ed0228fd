//! Dialogs by their names, as Replaces, Join and Target-Dialog give them: RFC 3891 3, RFC 4538 5.

use super::super::dialog::{Dialog, NO_ACTIVITY, Phase, Role};
use super::super::slab::Key;
use super::Ua;

impl Ua {
    /// The call with this Call-ID and these tags, ours and the peer's.
    #[must_use]
    pub fn dialog_named(&self, call_id: &[u8], ours: &[u8], theirs: &[u8]) -> Option<&Dialog> {
        let key = self.dialog_key(call_id, ours, theirs)?;
        let is_call = |dialog: &&Dialog| dialog.call && dialog.activity != NO_ACTIVITY;
        self.dialogs.get(key).filter(is_call)
    }

    /// The call that a Replaces names, or the status with which to refuse the INVITE that carries it (RFC 3891 3): 481 no
    /// such call, or one that rings here; 486 answered, where only one that is not was meant; 603 just ended.
    ///
    /// # Errors
    /// That status.
    pub fn replaced(
        &self,
        call_id: &[u8],
        to_tag: &[u8],
        from_tag: &[u8],
        early_only: bool,
    ) -> Result<Key, u16> {
        let key = self.dialog_key(call_id, to_tag, from_tag).ok_or(481u16)?;
        let dialog = self
            .dialogs
            .get(key)
            .filter(|dialog| dialog.call)
            .ok_or(481u16)?;
        match (dialog.phase, dialog.role) {
            (Phase::Confirmed, _) if early_only => Err(486),
            (Phase::Early, Role::Uas) => Err(481),
            (Phase::Ending, _) => Err(603),
            (Phase::Confirmed | Phase::Early, _) => Ok(key),
        }
    }
}
