//! Dialogs of subscriptions: RFC 6665 4.4, RFC 5057.

use super::super::wire::request_uri;
use super::{Dialog, DialogError, Field, Message, Phase, contact, join_routes};

impl Dialog {
    /// Makes it one that no call uses.
    #[must_use]
    pub fn without_call(mut self) -> Self {
        self.call = false;
        self
    }

    /// A NOTIFY establishes the dialog of the SUBSCRIBE or REFER that it answers, before or after the 2xx of that
    /// (RFC 6665 4.4.1).
    ///
    /// # Errors
    /// The NOTIFY lacks what a dialog needs; nothing changed.
    pub fn establish(&mut self, notify: &Message) -> Result<(), DialogError> {
        let routes = join_routes(notify, false)?;
        let target = contact(notify, b"")?.ok_or(DialogError::Contact)?;
        let changes = [
            (Field::RemoteTag, notify.from_tag().unwrap_or_default()),
            (Field::Target, &request_uri(target.uri_raw)),
            (Field::Routes, &routes[..]),
        ];
        if !self.texts.replace(&changes) {
            return Err(DialogError::TooLarge);
        }
        self.phase = Phase::Confirmed;
        Ok(())
    }

    /// Takes over the numbers of another copy of the same dialog: what was used in either is used.
    pub fn catch_up(&mut self, other: &Self) {
        self.local_cseq = self.local_cseq.max(other.local_cseq);
        self.remote_cseq = self.remote_cseq.max(other.remote_cseq);
    }
}
