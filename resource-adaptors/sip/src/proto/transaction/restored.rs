//! INVITE transactions that outlive their process: of calls that ring, and whose services ask for it.
//!
//! A restored transaction has a name of this process. Its name of the earlier one, which is in our branch and in what
//! services keep, finds it; the tables of old names are empty unless something was restored.

use bytes::Bytes;

use super::super::flow::{Flow, Transmit};
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::wire::Message;
use super::client::Client;
use super::{ClientKind, ClientState, Owner, RequestKeys, TransactionError, Transactions};

impl<U: Copy> Transactions<U> {
    /// The name of a server transaction in this process, by the one that it has or had.
    #[must_use]
    pub fn current(&self, tx: Key) -> Key {
        if self.old_servers.is_empty() || self.servers.get(tx).is_some() {
            return tx;
        }
        self.old_servers.get(&tx).copied().unwrap_or(tx)
    }

    pub(super) fn current_client(&self, tx: Key) -> Key {
        if self.old_clients.is_empty() || self.clients.get(tx).is_some() {
            return tx;
        }
        self.old_clients.get(&tx).copied().unwrap_or(tx)
    }

    /// The request that a client transaction repeats, and its way.
    #[must_use]
    pub fn sent(&self, tx: Key) -> Option<(Flow, Bytes)> {
        let client = self.clients.get(tx)?;
        Some((client.flow, client.cached.clone()))
    }

    /// Takes an INVITE of ours back that has no final response. One that has no response at all is sent again: it may not
    /// have left.
    ///
    /// # Errors
    /// [`TransactionError::Full`].
    pub fn restore_client(
        &mut self,
        now: Ms,
        old: Key,
        (flow, request): (Flow, Bytes),
        user: U,
        rings: bool,
        out: &mut Vec<Transmit>,
    ) -> Result<Key, TransactionError> {
        let client = Client::new(ClientKind::Invite, flow, user);
        let tx = self
            .clients
            .insert(client)
            .map_err(|_| TransactionError::Full)?;
        self.old_clients.insert(old, tx);
        self.send(now, tx, request, out);
        if rings && let Some(client) = self.clients.get_mut(tx) {
            out.pop();
            client.state = ClientState::Proceeding;
            let late = Some(now + self.timings.ringing);
            client
                .clock
                .set(&mut self.wheel, None, late, Owner::Client(tx));
        }
        Ok(tx)
    }

    /// Takes an INVITE back that came and has no final response; `response` is what its copies get.
    ///
    /// # Errors
    /// [`TransactionError::Full`], also if the request cannot be told from others.
    pub fn restore_server(
        &mut self,
        now: Ms,
        old: Key,
        (flow, request): (Flow, Box<Message>),
        user: U,
        response: Bytes,
    ) -> Result<Key, TransactionError> {
        let keys = RequestKeys::of(self.table_key, &request).ok_or(TransactionError::Full)?;
        let tx = self.accept(now, keys, request, flow, user, &mut Vec::new())?;
        self.old_servers.insert(old, tx);
        if let Some(server) = self.servers.get_mut(tx)
            && let Some((soon, late)) = server.respond(&self.timings, now, 180, response)
        {
            server
                .clock
                .set(&mut self.wheel, soon, late, Owner::Server(tx));
        }
        Ok(tx)
    }
}
