//! Client transactions among all others: which one a response belongs to, CANCEL, the ACKs.

use bytes::Bytes;

use super::super::compose;
use super::super::flow::{Flow, Transmit};
use super::super::keyed::{Branch, Secret};
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::wire::{Limits, Message};
use super::client::{Client, ClientKind, ClientState, ClientStep, Deadlines};
use super::{Cancelled, Expired, Owner, ResponseVerdict, TransactionError, Transactions};

impl<U: Copy> Transactions<U> {
    /// Makes a client transaction. Its request goes into it with [`send`](Self::send), under the returned branch.
    ///
    /// # Errors
    /// [`TransactionError::Full`].
    pub fn open(
        &mut self,
        kind: ClientKind,
        flow: Flow,
        user: U,
    ) -> Result<(Key, Branch), TransactionError> {
        let tx = self
            .clients
            .insert(Client::new(kind, flow, user))
            .map_err(|_| TransactionError::Full)?;
        Ok((tx, self.secret.branch(tx)))
    }

    /// Makes the client transaction of a proxied request: as [`open`](Self::open), with timer C.
    ///
    /// # Errors
    /// [`TransactionError::Full`].
    pub fn open_relayed(
        &mut self,
        kind: ClientKind,
        flow: Flow,
        user: U,
    ) -> Result<(Key, Branch), TransactionError> {
        let (tx, branch) = self.open(kind, flow, user)?;
        if let Some(client) = self.clients.get_mut(tx) {
            client.relayed = true;
        }
        Ok((tx, branch))
    }

    /// Sends the request of a transaction that was opened.
    pub fn send(&mut self, now: Ms, tx: Key, request: Bytes, out: &mut Vec<Transmit>) {
        let Some(client) = self.clients.get_mut(tx) else {
            return;
        };
        out.push(Transmit {
            flow: client.flow,
            bytes: request.clone(),
        });
        let (soon, late) = client.begin(&self.timings, now, request);
        client
            .clock
            .set(&mut self.wheel, soon, late, Owner::Client(tx));
    }

    /// Keeps the request of a transaction that is not sent, for [`fail_client`](Self::fail_client).
    pub fn hold(&mut self, tx: Key, request: Bytes) {
        if let Some(client) = self.clients.get_mut(tx) {
            client.cached = request;
        }
    }

    /// Handles a response.
    pub fn response(
        &mut self,
        now: Ms,
        response: &Message,
        out: &mut Vec<Transmit>,
    ) -> ResponseVerdict<U> {
        let via = response.via().ok();
        let branch = via.and_then(|via| via.branch());
        let Some(named) = branch.and_then(|branch| self.secret.our_branch(branch)) else {
            return ResponseVerdict::Stray { ours: false };
        };
        let named = self.current_client(named);
        let (Some(tx), Some(status)) = (self.client_of(named, response), response.status()) else {
            return ResponseVerdict::Stray { ours: true };
        };
        let attempt = branch.map_or(0, Secret::attempt);
        let Some(client) = self
            .clients
            .get_mut(tx)
            .filter(|client| client.attempt == attempt)
        else {
            return ResponseVerdict::Stray { ours: true };
        };
        let waited = client.waits();
        let (step, deadlines) = client.response(&self.timings, now, status);
        self.settled += u64::from(waited && !client.waits());
        if step == ClientStep::DeliverAndAck {
            client.cached = compose::ack_failure(&client.cached, response);
        }
        if matches!(step, ClientStep::DeliverAndAck | ClientStep::Resend) {
            out.push(Transmit {
                flow: client.flow,
                bytes: client.cached.clone(),
            });
        }
        let (user, kind) = (client.user, client.kind);
        let release = match client.state {
            ClientState::Proceeding => client.cancel_wanted.take(),
            ClientState::Idle
            | ClientState::Calling
            | ClientState::Accepted
            | ClientState::Completed => None,
        };
        self.reschedule_client(tx, deadlines);
        if let Some(lines) = release {
            self.send_cancel(now, tx, &lines, out);
        }
        let again = match step {
            ClientStep::Deliver { again } => again,
            ClientStep::DeliverAndAck => false,
            ClientStep::Absorb
            | ClientStep::Resend
            | ClientStep::Cancel
            | ClientStep::TimedOut
            | ClientStep::Remove => return ResponseVerdict::Absorbed,
        };
        if kind == ClientKind::Cancel {
            return ResponseVerdict::Absorbed;
        }
        ResponseVerdict::Deliver { tx, user, again }
    }

    /// The request that a response answers, and its way, while the response is the first final one.
    #[must_use]
    pub fn request_of(&self, response: &Message) -> Option<(Bytes, Flow)> {
        let branch = response.via().ok()?.branch()?;
        let tx = self.client_of(self.secret.our_branch(branch)?, response)?;
        let client = self.clients.get(tx).filter(|client| client.waits())?;
        Some((client.cached.clone(), client.flow))
    }

    /// How many client transactions have got their final response from a peer.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.settled
    }

    /// The transaction of a response (RFC 3261 17.1.3): a CANCEL shares its INVITE's branch, and its CSeq method tells
    /// them apart.
    fn client_of(&self, named: Key, response: &Message) -> Option<Key> {
        let method = response.cseq().ok()?.method;
        let client = self.clients.get(named)?;
        match (client.kind, method) {
            (ClientKind::Invite, b"CANCEL") => client.other,
            (ClientKind::Invite, b"INVITE") => Some(named),
            (ClientKind::Other, method) if method != b"INVITE" && method != b"CANCEL" => {
                Some(named)
            }
            (ClientKind::Invite | ClientKind::Cancel | ClientKind::Other, _) => None,
        }
    }

    fn reschedule_client(&mut self, tx: Key, deadlines: Option<Deadlines>) {
        if let (Some(client), Some((soon, late))) = (self.clients.get_mut(tx), deadlines) {
            client
                .clock
                .set(&mut self.wheel, soon, late, Owner::Client(tx));
        }
    }

    /// Asks for an INVITE to be cancelled (RFC 3261 9.1). `lines` are added to the CANCEL, such as a Reason.
    ///
    /// # Errors
    /// [`TransactionError::Gone`].
    pub fn cancel(
        &mut self,
        now: Ms,
        invite: Key,
        lines: &[u8],
        out: &mut Vec<Transmit>,
    ) -> Result<Cancelled, TransactionError> {
        let client = self.clients.get_mut(invite).ok_or(TransactionError::Gone)?;
        match client.state {
            ClientState::Idle | ClientState::Calling => {
                client.cancel_wanted = Some(Bytes::copy_from_slice(lines));
                Ok(Cancelled::Waiting)
            }
            ClientState::Proceeding if client.other.is_some() => Ok(Cancelled::Sent),
            ClientState::Proceeding => {
                self.send_cancel(now, invite, lines, out);
                Ok(Cancelled::Sent)
            }
            ClientState::Accepted | ClientState::Completed => Ok(Cancelled::TooLate),
        }
    }

    fn send_cancel(&mut self, now: Ms, invite: Key, lines: &[u8], out: &mut Vec<Transmit>) {
        let Some(client) = self.clients.get_mut(invite) else {
            return;
        };
        client.cancel_wanted = None;
        let (flow, user, request) = (client.flow, client.user, client.cached.clone());
        // Without a final response within 64*T1 the INVITE counts as cancelled (9.1).
        let late = Some(now + self.timings.give_up());
        client
            .clock
            .set(&mut self.wheel, None, late, Owner::Client(invite));
        let mut cancel = Client::new(ClientKind::Cancel, flow, user);
        cancel.other = Some(invite);
        let Ok(tx) = self.clients.insert(cancel) else {
            return;
        };
        if let Some(client) = self.clients.get_mut(invite) {
            client.other = Some(tx);
        }
        self.send(now, tx, compose::cancel(&request, lines), out);
    }

    /// Keeps the ACK for a 2xx with its INVITE, so that [`resend`](Self::resend) can answer copies of the 2xx.
    pub fn keep_ack(&mut self, invite: Key, ack: Bytes) {
        if let Some(client) = self
            .clients
            .get_mut(invite)
            .filter(|c| c.state == ClientState::Accepted)
        {
            client.cached = ack;
        }
    }

    /// Sends the ACK kept by [`keep_ack`](Self::keep_ack) again; `false` if there is none.
    pub fn resend(&mut self, invite: Key, flow: Flow, out: &mut Vec<Transmit>) -> bool {
        let Some(client) = self.clients.get(invite).filter(|c| !c.cached.is_empty()) else {
            return false;
        };
        out.push(Transmit {
            flow,
            bytes: client.cached.clone(),
        });
        true
    }

    /// The state of a client transaction.
    #[must_use]
    pub fn client_state(&self, tx: Key) -> Option<ClientState> {
        self.clients.get(tx).map(|client| client.state)
    }

    /// The user's word of a client transaction.
    #[must_use]
    pub fn client_user(&self, tx: Key) -> Option<U> {
        self.clients.get(tx).map(|client| client.user)
    }

    /// Changes the user's word of a client transaction.
    pub fn set_client_user(&mut self, tx: Key, user: U) {
        if let Some(client) = self.clients.get_mut(tx) {
            client.user = user;
        }
    }

    /// The transport failed for a request: ends the transaction if it still waits for its first response. Returns its
    /// user's word and the request where the user is to be told (RFC 3261 17.1.4).
    pub fn fail_client(&mut self, tx: Key) -> Option<(U, ClientKind, Bytes)> {
        let client = self.clients.get_mut(tx)?;
        if !matches!(
            client.state,
            ClientState::Calling | ClientState::Proceeding | ClientState::Idle
        ) {
            return None;
        }
        let told = (client.user, client.kind, std::mem::take(&mut client.cached));
        self.remove_client(tx);
        Some(told)
    }

    /// Every client transaction that still waits for its first response over this way, for transports that report
    /// failures by destination.
    pub fn waiting_on(&self, matches: impl Fn(&Flow) -> bool) -> Vec<Key> {
        let waiting =
            |client: &Client<U>| client.state == ClientState::Calling && matches(&client.flow);
        self.clients
            .iter()
            .filter(|(_, client)| waiting(client))
            .map(|(key, _)| key)
            .collect()
    }

    /// Sends a request again whose connection was lost before any response came: once, over a new connection. `false`
    /// if that was tried before.
    pub fn send_again(&mut self, tx: Key, out: &mut Vec<Transmit>) -> bool {
        let Some(client) = self.clients.get_mut(tx).filter(|client| !client.resent) else {
            return false;
        };
        client.resent = true;
        client.flow.conn = None;
        out.push(Transmit {
            flow: client.flow,
            bytes: client.cached.clone(),
        });
        true
    }

    /// Whether a branch is that of a transaction's latest attempt.
    #[must_use]
    pub fn is_current(&self, tx: Key, branch: &[u8]) -> bool {
        let attempt = Secret::attempt(branch);
        self.clients
            .get(tx)
            .is_none_or(|client| client.attempt == attempt)
    }

    /// Whether a transaction is to be cancelled as soon as that is possible.
    #[must_use]
    pub fn is_cancelled(&self, tx: Key) -> bool {
        self.clients
            .get(tx)
            .is_some_and(|client| client.cancel_wanted.is_some())
    }

    /// Sends the request of a transaction anew, to another place; `more` if yet another is left should this one not
    /// answer, which [`Expired::Unreached`] tells then.
    pub fn redirect(
        &mut self,
        now: Ms,
        tx: Key,
        flow: Flow,
        request: Bytes,
        more: bool,
        out: &mut Vec<Transmit>,
    ) {
        let Some(client) = self.clients.get_mut(tx) else {
            return;
        };
        client.attempt = Message::parse(request.clone(), &Limits::DEFAULT)
            .ok()
            .and_then(|request| Some(Secret::attempt(request.via().ok()?.branch()?)))
            .unwrap_or(client.attempt);
        (client.flow, client.resent, client.more) = (flow, false, more);
        self.send(now, tx, request, out);
    }

    /// Changes the way of a request that is just being sent.
    pub fn turn(&mut self, tx: Key, flow: Flow, request: Bytes) {
        if let Some(client) = self.clients.get_mut(tx) {
            (client.flow, client.cached, client.more) = (flow, request, true);
        }
    }

    fn remove_client(&mut self, tx: Key) {
        if let Some(mut client) = self.clients.remove(tx) {
            client.clock.stop(&mut self.wheel);
        }
    }

    pub(super) fn expire_client(
        &mut self,
        now: Ms,
        tx: Key,
        out: &mut Vec<Transmit>,
    ) -> Option<Expired<U>> {
        let client = self.clients.get_mut(tx)?;
        let (user, kind) = (client.user, client.kind);
        let (step, soon) = client.timer(&self.timings, now);
        match step {
            ClientStep::Resend => {
                out.push(Transmit {
                    flow: client.flow,
                    bytes: client.cached.clone(),
                });
                client
                    .clock
                    .set_soon(&mut self.wheel, soon, Owner::Client(tx));
                None
            }
            ClientStep::TimedOut if client.more && client.state == ClientState::Calling => {
                client.more = false;
                Some(Expired::Unreached { tx })
            }
            ClientStep::TimedOut => {
                let request = std::mem::take(&mut client.cached);
                self.remove_client(tx);
                (kind != ClientKind::Cancel).then_some(Expired::ClientTimeout {
                    tx,
                    user,
                    kind,
                    request,
                })
            }
            ClientStep::Cancel => {
                self.send_cancel(now, tx, b"", out);
                None
            }
            ClientStep::Remove => {
                self.remove_client(tx);
                None
            }
            ClientStep::Absorb | ClientStep::Deliver { .. } | ClientStep::DeliverAndAck => {
                client
                    .clock
                    .set_soon(&mut self.wheel, soon, Owner::Client(tx));
                None
            }
        }
    }
}
