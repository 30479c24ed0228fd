//! Challenges to requests of ours: answered once by the user agent itself, with what the service or the settings name.
//! RFC 3261 22.2, 22.3.
//!
//! A session per dialog, or per request outside of dialogs, keeps the nonces, so that later requests carry credentials from
//! the start. There is none where no challenge was answered and no service named credentials.

use std::borrow::Cow;

use bytes::Bytes;

use super::super::auth::{Authorization, Session};
use super::super::dialog::Phase;
use super::super::flow::Flow;
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::transaction::ClientKind;
use super::super::wire::text::push_decimal;
use super::super::wire::{Edit, HeaderId, Limits, Message};
use super::{Draft, Owner, Ua, Use, What};

/// How often one request is sent again for a challenge: several realms, and nonces that turn stale on the way.
const AGAIN: u8 = 4;

impl Ua {
    /// Sends a request again that was challenged. `false` if that would be in vain: the service is told of the challenge
    /// like of any response.
    pub(super) fn answer_challenge(
        &mut self,
        now: Ms,
        user: Use,
        asked: &(Bytes, Flow),
        response: &Message,
    ) -> bool {
        let owner = self.session_owner(user.owner);
        let known = self.sessions.contains_key(&owner);
        if !known && self.config.credentials.is_empty() {
            return false;
        }
        let Ok(request) = Message::parse(asked.0.clone(), &Limits::DEFAULT) else {
            return false;
        };
        if !self.may_send_again(user) {
            return false;
        }
        let session = self.sessions.entry(owner).or_default();
        if !session.learn(response, &self.config.credentials, user.again > 0) {
            if !known {
                self.sessions.remove(&owner);
            }
            return false;
        }
        let sent = self.send_again(now, user, asked.1, &request).is_some();
        if let Owner::Dialog(key) = user.owner {
            self.save_kept_early(key);
        }
        sent
    }

    pub(super) fn may_send_again(&self, user: Use) -> bool {
        if user.again >= AGAIN {
            return false;
        }
        match user.owner {
            Owner::Dialog(key) => self.dialogs.get(key).is_some_and(|dialog| {
                let invite = matches!(user.what, What::Invite { .. });
                !(invite && dialog.cancelled)
            }),
            Owner::Activity(_) => true,
            Owner::Subscription(key) => self.subscription(key).is_some(),
            Owner::Nobody | Owner::Relay(_) => false,
        }
    }

    /// Sends a request again as a new one: with a CSeq and credentials of its own.
    pub(super) fn send_again(
        &mut self,
        now: Ms,
        user: Use,
        flow: Flow,
        request: &Message,
    ) -> Option<()> {
        let invite = matches!(user.what, What::Invite { .. });
        let kind = if invite {
            ClientKind::Invite
        } else {
            ClientKind::Other
        };
        let again = Use {
            again: user.again + 1,
            ..user
        };
        let (tx, branch) = self.tx.open(kind, flow, again).ok()?;
        let via = self.via(&flow, branch.as_bytes());
        let method = request.method()?.as_bytes();
        let mut cseq = Vec::new();
        push_decimal(&mut cseq, self.next_cseq(user.owner, request)?.into());
        cseq.push(b' ');
        cseq.extend_from_slice(method);
        let random = self.mint.random();
        let owner = self.session_owner(user.owner);
        let uri = request.uri_raw()?;
        let mut edit = Edit::new(request);
        edit.replace(HeaderId::Via, &via);
        edit.replace(HeaderId::CSeq, &cseq);
        let mut values = Vec::new();
        if let Some(session) = self.sessions.get_mut(&owner) {
            values = session.values(method, uri, request.body(), random);
            for header in [HeaderId::Authorization, HeaderId::ProxyAuthorization] {
                edit.remove(header);
                // Credentials of others, which the service passes on, stay.
                for line in request.lines(header) {
                    let realm = Authorization::realm_of(line);
                    if !realm.is_some_and(|realm| session.has(&realm)) {
                        edit.append(header, line);
                    }
                }
            }
        }
        for (header, value) in &values {
            edit.append(*header, value);
        }
        let bytes = edit.finish().ok()?;
        if let Owner::Dialog(key) = user.owner {
            if invite {
                self.keep_for_ack(key, &values);
                self.dialogs.get_mut(key)?.pending_mut().invite_out = Some(tx);
            }
            let early = self.dialogs.get(key)?.phase == Phase::Early;
            if !early {
                self.save(key);
            }
        }
        self.tx.send(now, tx, bytes, &mut self.sends);
        self.flush();
        Some(())
    }

    /// Whose session it is: all usages of a dialog share one.
    fn session_owner(&self, owner: Owner) -> Owner {
        match owner {
            Owner::Subscription(key) => self
                .subscription(key)
                .map_or(owner, |it| Owner::Dialog(it.dialog)),
            Owner::Nobody | Owner::Dialog(_) | Owner::Activity(_) | Owner::Relay(_) => owner,
        }
    }

    fn next_cseq(&mut self, owner: Owner, request: &Message) -> Option<u32> {
        if let Owner::Subscription(key) = owner {
            return self.next_cseq_in(key);
        }
        if let Owner::Dialog(key) = owner {
            let dialog = self.dialogs.get_mut(key)?;
            dialog.local_cseq += 1;
            return Some(dialog.local_cseq);
        }
        request.cseq().ok()?.number.checked_add(1)
    }

    /// A draft with credentials for every realm that has challenged a request of its dialog before; none if none has.
    pub(super) fn with_dialog_credentials(&mut self, key: Key, draft: &Draft) -> Option<Draft> {
        if self.sessions.is_empty() {
            return None;
        }
        let random = self.mint.random();
        let session = self.sessions.get_mut(&Owner::Dialog(key))?;
        let uri = self.dialogs.get(key)?.request_uri();
        session.begin();
        if session.is_empty() {
            return None;
        }
        let values = session.values(&draft.method, uri, &draft.body, random);
        let mut lines = draft.lines.to_vec();
        Session::write(&values, &mut lines);
        if draft.method == b"INVITE"[..] {
            self.keep_for_ack(key, &values);
        }
        Some(Draft {
            lines: lines.into(),
            ..draft.clone()
        })
    }

    /// The ACK of a 2xx carries the credentials of its INVITE (RFC 3261 22.1).
    fn keep_for_ack(&mut self, key: Key, values: &[(HeaderId, Vec<u8>)]) {
        if let Some(session) = self.sessions.get_mut(&Owner::Dialog(key)) {
            session.for_ack.clear();
            Session::write(values, &mut session.for_ack);
        }
    }

    /// The lines of an ACK with the credentials of its INVITE.
    pub(super) fn ack_lines<'a>(&self, key: Key, lines: &'a [u8]) -> Cow<'a, [u8]> {
        if self.sessions.is_empty() {
            return Cow::Borrowed(lines);
        }
        match self.sessions.get(&Owner::Dialog(key)) {
            Some(session) => Cow::Owned([lines, &session.for_ack].concat()),
            None => Cow::Borrowed(lines),
        }
    }

    /// Takes over the credentials that a service names for a request.
    pub(super) fn take_credentials(&mut self, owner: Owner, draft: &Draft) {
        if let Some(credentials) = &draft.credentials {
            self.sessions.entry(owner).or_default().own = Some(credentials.as_ref().clone());
        }
    }

    /// The owner's last request is over.
    pub(super) fn forget_credentials(&mut self, owner: Owner) {
        if !self.sessions.is_empty() {
            self.sessions.remove(&owner);
        }
    }
}
