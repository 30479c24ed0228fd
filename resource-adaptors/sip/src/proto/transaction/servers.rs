//! Server transactions among all others: which one a request belongs to, copies, ACK and CANCEL.

use bytes::Bytes;
use strowger::room::trim_map;

use super::super::compose;
use super::super::flow::{Flow, Transmit};
use super::super::plain::Plain;
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::wire::{Message, Method};
use super::clock::Clock;
use super::server::{Server, ServerState, ServerStep};
use super::{Expired, Owner, RequestKeys, RequestVerdict, TransactionError, Transactions};

impl<U: Copy> Transactions<U> {
    /// Handles a request.
    pub fn request(
        &mut self,
        now: Ms,
        request: &Message,
        out: &mut Vec<Transmit>,
    ) -> RequestVerdict {
        let Some(keys) = RequestKeys::of(self.table_key, request) else {
            return RequestVerdict::Absorbed;
        };
        if request.method() == Some(&Method::Ack) {
            return self.ack(now, keys);
        }
        if let Some(tx) = self.by_request.get(&keys.own).copied() {
            self.repeat(tx, out);
            return RequestVerdict::Absorbed;
        }
        if request.method() == Some(&Method::Cancel) {
            return RequestVerdict::Cancel(keys, self.by_request.get(&keys.invite).copied());
        }
        match keys.merge {
            Some(merge) if self.by_merge.contains_key(&merge) => RequestVerdict::Merged(keys),
            _ => RequestVerdict::New(keys),
        }
    }

    /// Whether a request without To tag belongs to nothing that is there, by what was seen of it; `None` if that takes reading it.
    #[must_use]
    pub fn is_new(&self, request: &Plain<'_>) -> Option<bool> {
        let keys = RequestKeys::of_plain(self.table_key, request)?;
        let merged = keys
            .merge
            .is_some_and(|key| self.by_merge.contains_key(&key));
        Some(!merged && !self.by_request.contains_key(&keys.own))
    }

    /// Whether an ACK may be for a response of a transaction that is there.
    #[must_use]
    pub fn may_acknowledge(&self, ack: &Plain<'_>) -> bool {
        let invite = RequestKeys::of_plain_ack(self.table_key, ack);
        invite.is_none_or(|invite| self.by_request.contains_key(&invite))
    }

    fn ack(&mut self, now: Ms, keys: RequestKeys) -> RequestVerdict {
        let Some(tx) = self.by_request.get(&keys.invite).copied() else {
            return RequestVerdict::Ack;
        };
        let Some(server) = self.servers.get_mut(tx) else {
            return RequestVerdict::Ack;
        };
        if server.state == ServerState::Accepted {
            return RequestVerdict::Ack;
        }
        if let Some((soon, late)) = server.ack(&self.timings, now) {
            server
                .clock
                .set(&mut self.wheel, soon, late, Owner::Server(tx));
        }
        RequestVerdict::Absorbed
    }

    fn repeat(&mut self, tx: Key, out: &mut Vec<Transmit>) {
        match self.servers.get(tx).map(Server::again) {
            Some(ServerStep::Resend) => self.resend_response(tx, out),
            Some(ServerStep::Trying) => self.send_trying(tx, out),
            _ => {}
        }
    }

    fn resend_response(&mut self, tx: Key, out: &mut Vec<Transmit>) {
        if let Some(server) = self.servers.get(tx) {
            out.push(Transmit {
                flow: server.flow,
                bytes: server.cached.clone(),
            });
        }
    }

    fn send_trying(&mut self, tx: Key, out: &mut Vec<Transmit>) {
        if let Some(server) = self.servers.get_mut(tx)
            && let Some(request) = &server.request
        {
            server.cached = compose::trying(request, &server.flow);
            out.push(Transmit {
                flow: server.flow,
                bytes: server.cached.clone(),
            });
        }
    }

    /// Makes the server transaction of a new request; responses go back over `flow`.
    ///
    /// # Errors
    /// [`TransactionError::Full`]; the request can still be answered without a transaction.
    pub fn accept(
        &mut self,
        now: Ms,
        keys: RequestKeys,
        request: Box<Message>,
        flow: Flow,
        user: U,
        out: &mut Vec<Transmit>,
    ) -> Result<Key, TransactionError> {
        let server = Server {
            state: ServerState::Proceeding,
            invite: request.method() == Some(&Method::Invite),
            flow,
            request: Some(request),
            cached: Bytes::new(),
            key: keys.own,
            merge: keys.merge,
            clock: Clock::STOPPED,
            interval: 0,
            user,
        };
        let (soon, late) = server.begin(&self.timings, now);
        let tx = self
            .servers
            .insert(server)
            .map_err(|_| TransactionError::Full)?;
        self.by_request.insert(keys.own, tx);
        if let Some(merge) = keys.merge {
            self.by_merge.insert(merge, tx);
        }
        let at_once = soon.is_some_and(|soon| soon <= now);
        if at_once {
            self.send_trying(tx, out);
        }
        if let Some(server) = self.servers.get_mut(tx) {
            server.clock.set(
                &mut self.wheel,
                soon.filter(|_| !at_once),
                late,
                Owner::Server(tx),
            );
        }
        Ok(tx)
    }

    /// The request of a transaction that has no final response yet, and the way back.
    #[must_use]
    pub fn pending(&self, tx: Key) -> Option<(&Message, &Flow)> {
        let server = self.servers.get(tx)?;
        Some((server.request.as_deref()?, &server.flow))
    }

    /// The response that copies of a request get, and its way.
    #[must_use]
    pub fn last_response(&self, tx: Key) -> Option<(Flow, Bytes)> {
        let server = self.servers.get(tx)?;
        Some((server.flow, server.cached.clone()))
    }

    /// The way back of a server transaction, also after its final response.
    #[must_use]
    pub fn server_flow(&self, tx: Key) -> Option<Flow> {
        self.servers.get(tx).map(|server| server.flow)
    }

    /// The user's word of the transaction that brought the same request another way.
    #[must_use]
    pub fn merged_user(&self, keys: &RequestKeys) -> Option<U> {
        self.server_user(*self.by_merge.get(&keys.merge?)?)
    }

    /// Drops a server transaction that is to get no response at all.
    pub fn forget_server(&mut self, tx: Key) {
        self.remove_server(tx);
    }

    /// The state of a server transaction.
    #[must_use]
    pub fn server_state(&self, tx: Key) -> Option<ServerState> {
        self.servers.get(tx).map(|server| server.state)
    }

    /// The user's word of a server transaction.
    #[must_use]
    pub fn server_user(&self, tx: Key) -> Option<U> {
        self.servers.get(tx).map(|server| server.user)
    }

    /// Changes the user's word of a server transaction.
    pub fn set_server_user(&mut self, tx: Key, user: U) {
        if let Some(server) = self.servers.get_mut(tx) {
            server.user = user;
        }
    }

    /// Sends a response. A 2xx to an INVITE is the user's to repeat until its ACK comes.
    ///
    /// # Errors
    /// The transaction is gone or has its final response; nothing was sent then.
    pub fn respond(
        &mut self,
        now: Ms,
        tx: Key,
        status: u16,
        response: Bytes,
        out: &mut Vec<Transmit>,
    ) -> Result<(), TransactionError> {
        let server = self.servers.get_mut(tx).ok_or(TransactionError::Gone)?;
        let flow = server.flow;
        let deadlines = server.respond(&self.timings, now, status, response.clone());
        let (soon, late) = deadlines.ok_or(TransactionError::Final)?;
        server
            .clock
            .set(&mut self.wheel, soon, late, Owner::Server(tx));
        out.push(Transmit {
            flow,
            bytes: response,
        });
        Ok(())
    }

    fn remove_server(&mut self, tx: Key) {
        let Some(mut server) = self.servers.remove(tx) else {
            return;
        };
        server.clock.stop(&mut self.wheel);
        self.by_request.remove(&server.key);
        trim_map(&mut self.by_request);
        if let Some(merge) = server.merge {
            // A spiral's later transaction may stand there.
            if self.by_merge.get(&merge) == Some(&tx) {
                self.by_merge.remove(&merge);
                trim_map(&mut self.by_merge);
            }
        }
    }

    pub(super) fn expire_server(
        &mut self,
        now: Ms,
        tx: Key,
        out: &mut Vec<Transmit>,
    ) -> Option<Expired<U>> {
        let server = self.servers.get_mut(tx)?;
        let user = server.user;
        let (step, soon) = server.timer(&self.timings, now);
        match step {
            ServerStep::Resend => {
                server
                    .clock
                    .set_soon(&mut self.wheel, soon, Owner::Server(tx));
                self.resend_response(tx, out);
                None
            }
            ServerStep::Trying => {
                server
                    .clock
                    .set_soon(&mut self.wheel, None, Owner::Server(tx));
                self.send_trying(tx, out);
                None
            }
            ServerStep::Unanswered => {
                let late = Some(now + self.timings.give_up());
                server
                    .clock
                    .set(&mut self.wheel, None, late, Owner::Server(tx));
                Some(Expired::Unanswered { tx, user })
            }
            ServerStep::NoAck => {
                self.remove_server(tx);
                Some(Expired::NoAck { tx, user })
            }
            ServerStep::Remove => {
                self.remove_server(tx);
                None
            }
            ServerStep::Absorb => {
                server
                    .clock
                    .set_soon(&mut self.wheel, soon, Owner::Server(tx));
                None
            }
        }
    }
}
