//! Requests of ours that get no response: what stands for it, as RFC 3261 8.1.3.1 has it.

use std::net::SocketAddr;

use bytes::Bytes;

use super::super::compose::{self, Answer};
use super::super::dialog::Dialog;
use super::super::flow::{Conn, Flow, Transmit, Transport};
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::wire::{Limits, Message, Method};
use super::outgoing::parts;
use super::{Draft, Output, Owner, Ua, Use};

impl Ua {
    pub(super) fn fail_unsent(&mut self, now: Ms, key: Key, status: u16) {
        let tx = self
            .dialogs
            .get(key)
            .and_then(|dialog| dialog.pending.as_ref()?.invite_out);
        if let Some((user, _, request)) = tx.and_then(|tx| self.tx.fail_client(tx)) {
            self.fail(now, user, &request, status);
        }
    }

    /// Answers a request that cannot be sent in the peer's place.
    pub(super) fn fail_draft(
        &mut self,
        key: Key,
        user: Use,
        draft: &Draft,
        cseq: u32,
        status: u16,
    ) {
        let Some(dialog) = self.dialogs.get(key) else {
            return;
        };
        let activity = dialog.activity;
        let via = self.via(&dialog.flow, b"z9hG4bKunsent");
        let bytes = dialog.request(&parts(draft, cseq, &via, b""));
        if let Some(response) = stand_in(&bytes, status) {
            self.report(user, activity, response, true);
        }
    }

    /// A request of ours got no final response: what that means for its owner, as RFC 3261 8.1.3.1 says.
    pub(super) fn fail(&mut self, now: Ms, user: Use, request: &Bytes, status: u16) {
        if let Owner::Relay(key) = user.owner {
            return self.relay_unanswered(now, key, request, status);
        }
        self.fail_locally(now, user, request, status);
        self.flush();
    }

    fn fail_locally(&mut self, now: Ms, user: Use, request: &Bytes, status: u16) {
        if let Some(response) = stand_in(request, status) {
            self.conclude(now, user, response, true);
        }
    }

    /// The transport could not bring a message to its peer.
    pub fn send_failed(&mut self, now: Ms, transmit: &Transmit) {
        let Ok(message) = Message::parse(transmit.bytes.clone(), &Limits::DEFAULT) else {
            return;
        };
        if message.method().is_none_or(|method| *method == Method::Ack) {
            return;
        }
        let branch = message.via().ok().and_then(|via| via.branch());
        let Some(tx) = branch.and_then(|branch| self.secret.our_branch(branch)) else {
            return;
        };
        if message.method() == Some(&Method::Cancel) {
            return;
        }
        // What was sent to a server before is no news.
        if self.tx.is_current(tx, branch.unwrap_or_default()) && !self.next_target(now, tx) {
            self.fail_sent(now, tx, 503);
        }
    }

    /// Ends a transaction that still waits, and tells its owner.
    pub(super) fn fail_sent(&mut self, now: Ms, tx: Key, status: u16) {
        if let Some((user, _, request)) = self.tx.fail_client(tx) {
            self.fail(now, user, &request, status);
        }
    }

    /// Datagrams to this address do not arrive (ICMP): what still waits there for a first response fails.
    pub fn unreachable(&mut self, now: Ms, listener: u16, peer: SocketAddr) {
        // Each report looks at every transaction: one per peer and T1 is enough.
        if self.unreachable.0 == Some(peer) && now < self.unreachable.1 {
            return;
        }
        self.unreachable = (Some(peer), now + self.tx.timings().t1);
        let to = |flow: &Flow| {
            flow.transport == Transport::Udp && flow.listener == listener && flow.peer == peer
        };
        for tx in self.tx.waiting_on(to) {
            if !self.next_target(now, tx) {
                self.fail_sent(now, tx, 503);
            }
        }
    }

    /// A connection was lost. What waits there for a first response may have been lost with it and is sent again, once,
    /// over a new connection; what was already fails.
    pub fn connection_lost(&mut self, now: Ms, conn: Conn, listener: u16, peer: SocketAddr) {
        let over = |flow: &Flow| {
            flow.transport.is_reliable()
                && (flow.conn == Some(conn) || (flow.listener == listener && flow.peer == peer))
        };
        for tx in self.tx.waiting_on(over) {
            if !self.tx.send_again(tx, &mut self.sends) && !self.next_target(now, tx) {
                self.fail_sent(now, tx, 503);
            }
        }
        self.flush();
    }

    /// The response that stands for the peer's to a request that could not even be made.
    #[must_use]
    pub fn stand_in(&self, draft: &Draft, status: u16) -> Option<Bytes> {
        let flow = nowhere();
        let dialog = Dialog::uac(
            b"none",
            b"none",
            &draft.from,
            &draft.to,
            &draft.uri,
            b"",
            flow,
        )
        .ok()?;
        let bytes = dialog.request(&parts(draft, 1, &self.via(&flow, b"z9hG4bKunsent"), b""));
        let request = Message::parse(bytes, &Limits::DEFAULT).ok()?;
        Some(compose::response(
            &request,
            &flow,
            Answer {
                status,
                ..Answer::default()
            },
        ))
    }

    /// Reports a response to the owner of its request.
    pub(super) fn report(&mut self, user: Use, activity: u64, response: Message, local: bool) {
        if user.quiet {
            return;
        }
        self.outputs.push_back(Output::Response {
            activity,
            link: user.link,
            response: Box::new(response),
            local,
        });
    }
}

/// The response in the peer's place to a request of ours.
pub(super) fn stand_in(request: &Bytes, status: u16) -> Option<Message> {
    let request = Message::parse(request.clone(), &Limits::DEFAULT).ok()?;
    let answer = Answer {
        status,
        ..Answer::default()
    };
    let bytes = compose::response(&request, &nowhere(), answer);
    Message::parse(bytes, &Limits::DEFAULT).ok()
}

/// The way of what is never sent.
pub(super) fn nowhere() -> Flow {
    Flow::unresolved(Transport::Udp, 0)
}
