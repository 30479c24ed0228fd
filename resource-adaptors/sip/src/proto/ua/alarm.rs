//! What a user agent is woken for on behalf of a dialog, beside its transactions.

use super::super::slab::Key;
use super::super::time::Ms;
use super::Ua;

/// Why it is woken, and for which dialog.
#[derive(Debug, Clone, Copy)]
pub(super) enum Alarm {
    /// A 2xx is to be sent again, or given up.
    Ok(Key),
    /// A session is to be refreshed, or has ended.
    Session(Key),
    /// A reliable provisional response is to be sent again, or given up.
    Provisional(Key),
    /// The targets that a proxied request is being tried at have had their time.
    Patience(Key),
}

impl Ua {
    pub(super) fn ring(&mut self, now: Ms, alarm: Alarm) {
        match alarm {
            Alarm::Ok(dialog) => self.repeat_ok(now, dialog),
            Alarm::Session(dialog) => self.session_due(now, dialog),
            Alarm::Provisional(dialog) => self.repeat_provisional(now, dialog),
            Alarm::Patience(relay) => self.out_of_patience(now, relay),
        }
    }
}
