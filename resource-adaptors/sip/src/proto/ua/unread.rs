//! What is done with without reading it while the node has too much to do: requests that are refused, and the ACKs for that.
//!
//! The answer is the one that the usual path gives, to the byte, with the tag that every copy of the request gets (RFC 3261
//! 8.2.7). By that tag the ACK is known: it is computed from the Call-ID and the tag of From, so nothing is kept.

use super::super::flow::Flow;
use super::super::plain::Plain;
use super::super::time::Ms;
use super::super::wire::Method;
use super::routing::reply_to;
use super::{Taking, Ua};

impl Ua {
    /// Refuses a datagram, or drops it for the ACK of such a refusal; whether it was done with. Anything else has to be read.
    pub fn refuse_unread(&mut self, now: Ms, flow: Flow, message: &[u8]) -> bool {
        let is_ack = message.starts_with(b"ACK ");
        let may_be = match is_ack {
            true => now < self.refused_until,
            // What was restored is known by more than its transaction.
            false => self.taking == Taking::Urgent && self.restored.is_empty(),
        };
        if !may_be {
            return false;
        }
        let limits = &self.config.limits;
        let Some(plain) = Plain::of(message, limits, &self.config.urgency) else {
            return false;
        };
        if is_ack {
            return self.is_for_refusal(&plain);
        }
        if plain.urgent || !plain.is_new() || self.tx.is_new(&plain) != Some(true) {
            return false;
        }
        let asks = plain.method == Method::Invite && !plain.session.is_empty();
        if asks && self.may_be_too_short(plain.session) {
            return false;
        }
        self.counts.refused += 1;
        self.refused_until = now + self.config.timings.give_up();
        let lines = self.retry_line();
        let tag = self.stateless_tag_of(plain.call_id, plain.from_tag);
        let answer = plain.unavailable(&flow, &tag, &lines);
        self.send(reply_to(&plain.via, flow), answer);
        true
    }

    fn is_for_refusal(&self, ack: &Plain<'_>) -> bool {
        let tag = self.stateless_tag_of(ack.call_id, ack.from_tag);
        // A transaction may have passed such a refusal on, of a request that came here twice.
        ack.to_tag == Some(&tag[..]) && !self.tx.may_acknowledge(ack)
    }
}
