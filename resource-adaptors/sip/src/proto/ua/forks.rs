//! Further branches of an INVITE of ours, where its service wants them apart: each that answers gets a dialog of its own
//! beside the first (RFC 3261 12.1). The INVITE's transaction stays the first one's until a 2xx decides.
//!
//! Invariants: a further branch stands in the list of its original or is given up; the first 2xx confirms one dialog and
//! ends the others; whatever ends the original before that ends them all.

use super::super::dialog::{Dialog, Early, Field, Forks, GIVEN_UP, NO_ACTIVITY, Offer};
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::timer::TimerId;
use super::super::wire::{Limits, Message};
use super::{Branch, Output, Owner, Ua, Use, What};

impl Ua {
    /// The dialog that a response to the INVITE of a dialog is about: itself, or one of its further branches, which is made
    /// with its first response. None for a branch that is not wanted any more.
    pub(super) fn branch_of(
        &mut self,
        key: Key,
        tx: Key,
        what: What,
        response: &Message,
    ) -> Option<Key> {
        let Some(dialog) = self.dialogs.get(key) else {
            return Some(key);
        };
        let Some(early) = dialog.early() else {
            return Some(key);
        };
        let Forks::Apart(forks) = &early.forks else {
            return Some(key);
        };
        let status = response.status().unwrap_or(500);
        let known = dialog.text(Field::RemoteTag);
        let Some(tag) = response.to_tag() else {
            return Some(key);
        };
        if !(101..300).contains(&status) || dialog.cancelled || known.is_empty() || known == tag {
            return Some(key);
        }
        let is_it = |fork: &&Key| {
            let fork = self.dialogs.get(**fork);
            fork.is_some_and(|fork| fork.text(Field::RemoteTag) == tag)
        };
        if let Some(fork) = forks.iter().find(is_it) {
            return Some(*fork);
        }
        if early.is_given_up(tag) {
            return self.unwanted(key, tx, what, response);
        }
        if forks.len() >= self.config.forks {
            self.counts.forks_beyond += 1;
            return Some(key);
        }
        Some(self.fork(key, tx, what, response).unwrap_or(key))
    }

    /// A branch that was given up speaks: a 2xx must be acknowledged and ended all the same.
    fn unwanted(&mut self, key: Key, tx: Key, what: What, response: &Message) -> Option<Key> {
        if response.status()? < 200 {
            return None;
        }
        let fork = self.fork(key, tx, what, response).unwrap_or(key);
        self.dialogs.get_mut(fork)?.cancelled = true;
        Some(fork)
    }

    /// Makes the dialog of a further branch. It begins as the first did: with what the INVITE said.
    fn fork(&mut self, original: Key, tx: Key, what: What, response: &Message) -> Option<Key> {
        let dialog = self.dialogs.get(original)?;
        // It is gone with the 2xx, which must have a Contact.
        let invite = self.tx.sent(tx).map(|(_, invite)| invite);
        let invite = invite.and_then(|invite| Message::parse(invite, &Limits::DEFAULT).ok());
        let target = invite.as_ref().and_then(Message::uri_raw);
        let mut fork = Dialog::uac(
            dialog.text(Field::CallId),
            dialog.text(Field::LocalTag),
            dialog.text(Field::Local),
            dialog.text(Field::Remote),
            target.unwrap_or_else(|| dialog.text(Field::Target)),
            b"",
            dialog.flow,
        )
        .ok()?;
        fork.learn(response).ok()?;
        fork.local_cseq = dialog.local_cseq;
        if matches!(what, What::Invite { ack: true }) {
            fork.offer = Offer::Ours;
        }
        fork.session = dialog.session.clone().map(|mut session| {
            session.timer = TimerId::NONE;
            session
        });
        *fork.early_mut() = Early {
            forks: Forks::Of(original),
            prack_by_service: dialog.early()?.prack_by_service,
            ..Early::default()
        };
        let key = self.insert_beside(fork).ok()?;
        if let Some(forks) = self.forks_mut(original) {
            forks.push(key);
        }
        if let Some(session) = self.sessions.get(&Owner::Dialog(original)).cloned() {
            self.sessions.insert(Owner::Dialog(key), session);
        }
        self.counts.forks += 1;
        Some(key)
    }

    /// Reports a response to an INVITE of ours on the activity of its branch; one that has none yet, with its dialog on that
    /// of the original.
    pub(super) fn report_branch(&mut self, key: Key, user: Use, response: Message) {
        let activity = |key| self.dialogs.get(key).map(|dialog: &Dialog| dialog.activity);
        match (activity(key), user.owner) {
            (Some(NO_ACTIVITY), Owner::Dialog(original)) => {
                if let Some(original) = activity(original) {
                    self.outputs.push_back(Output::Forked(Branch {
                        original,
                        dialog: key,
                        link: user.link,
                        response: Box::new(response),
                    }));
                }
            }
            (Some(activity), _) => self.report(user, activity, response, false),
            (None, _) => {}
        }
    }

    /// No activity could be made for a branch: what it says is told on that of the original, as if it were not apart. One that
    /// is confirmed already is ended.
    pub fn rejoin(&mut self, now: Ms, branch: Branch) {
        let Branch {
            dialog: key,
            link,
            response,
            ..
        } = branch;
        let original = self.dialogs.get(key).and_then(Dialog::fork_of);
        let Some(original) = original else {
            let _ = self.hang_up(now, key);
            return;
        };
        self.end_dialog(now, key);
        if let Some(dialog) = self.dialogs.get_mut(original) {
            let _ = dialog.learn(&response);
            let activity = dialog.activity;
            self.outputs.push_back(Output::Response {
                activity,
                link,
                response,
                local: false,
            });
        }
    }

    /// The service wants one branch no more: BYE ends an early dialog of a caller (RFC 3261 15).
    pub(super) fn give_up_fork(&mut self, now: Ms, key: Key) {
        let Some(dialog) = self.dialogs.get(key) else {
            return;
        };
        let tag = dialog.text(Field::RemoteTag).to_vec();
        if let Some(original) = dialog.fork_of()
            && let Some(original) = self.dialogs.get_mut(original)
        {
            original.early_mut().remember(&tag, GIVEN_UP);
        }
        self.bye(now, key);
        self.count_with_original(key);
    }

    /// The dialogs of further branches, to be decided upon.
    pub(super) fn take_forks(&mut self, key: Key) -> Vec<Key> {
        self.forks_mut(key).map(std::mem::take).unwrap_or_default()
    }

    /// A 2xx has confirmed one dialog of an INVITE: the others are over, and the transaction is that one's.
    pub(super) fn settle_forks(
        &mut self,
        now: Ms,
        original: Key,
        winner: Key,
        forks: Vec<Key>,
        (tx, user): (Key, Use),
    ) {
        for fork in forks.into_iter().filter(|fork| *fork != winner) {
            self.end_dialog(now, fork);
        }
        if winner == original {
            return;
        }
        let owner = Owner::Dialog(winner);
        self.tx.set_client_user(tx, Use { owner, ..user });
        self.drafts.remove(&original);
        self.end_dialog(now, original);
        self.take_place(winner);
    }

    /// The one dialog that is left of an INVITE is found like any other.
    fn take_place(&mut self, key: Key) {
        let Some(dialog) = self.dialogs.get(key) else {
            return;
        };
        let [call_id, local, remote] =
            [Field::CallId, Field::LocalTag, Field::RemoteTag].map(|field| dialog.text(field));
        let (plain, beside) = (
            self.dialog_id(call_id, local),
            self.late_id(call_id, local, remote),
        );
        if !self.by_id.contains_key(&plain) && self.by_id.remove(&beside).is_some() {
            self.by_id.insert(plain, key);
        }
    }

    /// An INVITE goes out again, or is given up: what its branches have said so far is void.
    pub(super) fn begin_forks_again(&mut self, now: Ms, key: Key) {
        for fork in self.take_forks(key) {
            self.end_dialog(now, fork);
        }
    }

    /// The same for whoever owns a request that went out again.
    pub(super) fn begin_owners_forks_again(&mut self, now: Ms, user: Use) {
        if let (Owner::Dialog(key), What::Invite { .. }) = (user.owner, user.what) {
            self.begin_forks_again(now, key);
        }
    }

    /// A dialog has ended: its further branches end with it, or its original forgets it.
    pub(super) fn end_forks(&mut self, now: Ms, key: Key, forks: Forks) {
        match forks {
            Forks::Together => {}
            Forks::Apart(forks) => {
                for fork in forks {
                    self.end_dialog(now, fork);
                }
            }
            Forks::Of(original) => {
                if let Some(forks) = self.forks_mut(original) {
                    forks.retain(|fork| *fork != key);
                }
            }
        }
    }

    /// The dialog that the INVITE of a dialog belongs to.
    pub(super) fn original_of(&self, key: Key) -> Key {
        let dialog = self.dialogs.get(key);
        dialog.and_then(Dialog::fork_of).unwrap_or(key)
    }

    /// The CSeq of a branch is noted with its original, which may outlive this process: the branch begins above it when it
    /// speaks again then.
    pub(super) fn count_with_original(&mut self, key: Key) {
        let Some(dialog) = self.dialogs.get(key) else {
            return;
        };
        let (used, Some(original)) = (dialog.local_cseq, dialog.fork_of()) else {
            return;
        };
        if let Some(dialog) = self.dialogs.get_mut(original) {
            dialog.local_cseq = dialog.local_cseq.max(used);
            self.save_kept_early(original);
        }
    }

    /// A dialog beside the first one of its INVITE that services know of.
    pub(super) fn find_branch(&self, call_id: &[u8], local: &[u8], remote: &[u8]) -> Option<Key> {
        let id = self.late_id(call_id, local, remote);
        let key = self.by_id.get(&id).copied()?;
        let dialog = self.dialogs.get(key)?;
        (dialog.call && dialog.activity != NO_ACTIVITY).then_some(key)
    }

    fn forks_mut(&mut self, key: Key) -> Option<&mut Vec<Key>> {
        let early = self
            .dialogs
            .get_mut(key)?
            .pending
            .as_mut()?
            .early
            .as_mut()?;
        match &mut early.forks {
            Forks::Apart(forks) => Some(forks),
            Forks::Together | Forks::Of(_) => None,
        }
    }
}
