//! Reliable provisional responses of ours, and the PRACK that comes for them: RFC 3262 3 and 4 of the server side.
//!
//! One of them is without its PRACK at a time; further ones wait, and so does a 2xx behind a session description that is
//! not acknowledged. Without PRACK for 64*T1 the INVITE is refused with 500.

use super::super::compose;
use super::super::dialog::{Reliability, Reliable, Reply, UnackedProvisional};
use super::super::flow::Transmit;
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::timer::TimerId;
use super::super::wire::{HeaderId, Message};
use super::negotiation::carries_sdp;
use super::{Alarm, Owner, Provisional, Ua, UaError, What};

/// Responses that may wait behind one that is not acknowledged.
const QUEUE: usize = 8;
/// The option tag.
pub(super) const REL: &[u8] = b"100rel";

impl Ua {
    /// Whether a reply takes the way of reliable responses: it is one, or one stands before it.
    pub(super) fn is_reliable(&self, tx: Key, reply: &Reply) -> bool {
        let Some(user) = self.tx.server_user(tx) else {
            return false;
        };
        let (What::Invite { .. }, Owner::Dialog(key)) = (user.what, user.owner) else {
            return false;
        };
        if reply.status >= 200 {
            let early = self.dialogs.get(key).and_then(|dialog| dialog.early());
            return early.is_some_and(|early| early.reliable.is_some());
        }
        let Some((request, _)) = self.tx.pending(tx).filter(|_| reply.status > 100) else {
            return false;
        };
        let wanted = reply.reliability == Reliability::Supported
            || self.config.provisional != Provisional::Plain;
        request.lists(HeaderId::Require, REL) || (wanted && request.lists(HeaderId::Supported, REL))
    }

    /// Takes a reply that [`is_reliable`](Self::is_reliable).
    pub(super) fn respond_reliably(
        &mut self,
        now: Ms,
        tx: Key,
        reply: &Reply,
    ) -> Result<(), UaError> {
        let user = self.tx.server_user(tx).ok_or(UaError::Gone)?;
        let Owner::Dialog(key) = user.owner else {
            return Err(UaError::Gone);
        };
        let (request, _) = self.tx.pending(tx).ok_or(UaError::State)?;
        let cseq = request.cseq().map_or(0, |cseq| cseq.number);
        // RFC 3262 3: between 1 and 2^31 - 1, and room to count upward.
        let first = (self.mint.random() as u32 & 0x3fff_ffff) | 1;
        let dialog = self.dialogs.get_mut(key).ok_or(UaError::Gone)?;
        let reliable = dialog.early_mut().reliable.get_or_insert_with(|| {
            Box::new(Reliable {
                rseq: first,
                cseq,
                tx,
                unacked: None,
                queue: std::collections::VecDeque::new(),
                held: None,
            })
        });
        if reply.status >= 200 {
            return self.finish_reliably(now, key, tx, reply);
        }
        if reliable.unacked.is_none() {
            return self.send_reliably(now, key, tx, reply);
        }
        if reliable.queue.len() >= QUEUE {
            self.counts.provisionals_dropped += 1;
            return Err(UaError::Full);
        }
        reliable.queue.push_back(reply.clone());
        Ok(())
    }

    fn send_reliably(&mut self, now: Ms, key: Key, tx: Key, reply: &Reply) -> Result<(), UaError> {
        let Some(reliable) = self.reliable_mut(key) else {
            return Err(UaError::State);
        };
        reliable.rseq += 1;
        let rseq = reliable.rseq;
        let mut lines = Vec::with_capacity(reply.lines.len() + 40);
        compose::line(&mut lines, HeaderId::Require.name(), REL);
        compose::line_number(&mut lines, HeaderId::RSeq.name(), u64::from(rseq));
        lines.extend_from_slice(&reply.lines);
        let sent = Reply {
            lines: lines.into(),
            ..reply.clone()
        };
        self.respond_now(now, tx, &sent)?;
        let (Some((flow, bytes)), t1) = (self.tx.last_response(tx), self.tx.timings().t1) else {
            return Err(UaError::Gone);
        };
        let until = now + self.tx.timings().give_up();
        let timer = self.wheel.start(now + t1, Alarm::Provisional(key));
        let sdp = carries_sdp(&reply.lines, &reply.body);
        if let Some(dialog) = self.dialogs.get_mut(key)
            && sdp
        {
            Self::exchanged(dialog, true);
        }
        if let Some(reliable) = self.reliable_mut(key) {
            reliable.unacked = Some(UnackedProvisional {
                bytes,
                flow,
                sdp,
                interval: t1,
                until,
                timer,
            });
        }
        Ok(())
    }

    /// A final response behind reliable ones: a 2xx waits while a session description before it is not acknowledged; any
    /// other goes out, and nothing before it is repeated any more (RFC 3262 3).
    fn finish_reliably(
        &mut self,
        now: Ms,
        key: Key,
        tx: Key,
        reply: &Reply,
    ) -> Result<(), UaError> {
        let Some(reliable) = self.reliable_mut(key) else {
            return self.respond_now(now, tx, reply);
        };
        let described = reliable.unacked.as_ref().is_some_and(|one| one.sdp)
            || (reliable.unacked.is_some()
                && reliable
                    .queue
                    .iter()
                    .any(|one| carries_sdp(&one.lines, &one.body)));
        if reply.status < 300 && described {
            if reliable.held.is_some() {
                return Err(UaError::State);
            }
            reliable.held = Some(reply.clone());
            return Ok(());
        }
        reliable.queue.clear();
        // PRACK may still come for what is out; it is not repeated.
        let timer = reliable
            .unacked
            .as_mut()
            .map(|one| std::mem::replace(&mut one.timer, TimerId::NONE));
        if let Some(timer) = timer {
            self.wheel.cancel(timer);
        }
        self.respond_now(now, tx, reply)
    }

    /// Time for another copy, or to give up.
    pub(super) fn repeat_provisional(&mut self, now: Ms, key: Key) {
        let Some(reliable) = self.reliable_mut(key) else {
            return;
        };
        let (tx, Some(unacked)) = (reliable.tx, reliable.unacked.as_mut()) else {
            return;
        };
        if now >= unacked.until {
            unacked.timer = TimerId::NONE;
            reliable.unacked = None;
            reliable.queue.clear();
            reliable.held = None;
            self.counts.provisionals_unacknowledged += 1;
            return self.respond_lines(now, tx, 500, b"");
        }
        unacked.interval = unacked.interval.saturating_mul(2);
        let next = (now + unacked.interval).min(unacked.until);
        let copy = Transmit {
            flow: unacked.flow,
            bytes: unacked.bytes.clone(),
        };
        let timer = self.wheel.start(next, Alarm::Provisional(key));
        self.set_provisional_timer(key, timer);
        self.outputs.push_back(super::Output::Send(copy));
    }

    pub(super) fn set_provisional_timer(&mut self, key: Key, timer: TimerId) {
        if let Some(unacked) = self.reliable_mut(key).and_then(|r| r.unacked.as_mut()) {
            unacked.timer = timer;
        }
    }

    /// Whether a PRACK names the response that waits for it; if so it waits no more.
    pub(super) fn take_prack(&mut self, key: Key, request: &Message) -> bool {
        let named = request.get(HeaderId::RAck).and_then(rack);
        let Some(reliable) = self.reliable_mut(key) else {
            return false;
        };
        if named != Some((reliable.rseq, reliable.cseq)) {
            return false;
        }
        let Some(unacked) = reliable.unacked.take() else {
            return false;
        };
        self.wheel.cancel(unacked.timer);
        self.save_kept(key);
        true
    }

    /// A PRACK has its answer: what waited behind the response that it acknowledged goes out.
    pub(super) fn release_reliable(&mut self, now: Ms, key: Key) {
        let Some(reliable) = self.reliable_mut(key) else {
            return;
        };
        if reliable.unacked.is_some() {
            return;
        }
        let tx = reliable.tx;
        if let Some(next) = reliable.queue.pop_front() {
            // What cannot be sent any more was answered in another way.
            let _ = self.send_reliably(now, key, tx, &next);
        } else if let Some(held) = reliable.held.take() {
            let _ = self.finish_reliably(now, key, tx, &held);
        }
        if let Some(dialog) = self.dialogs.get_mut(key) {
            let done = dialog
                .pending
                .as_ref()
                .is_some_and(|p| p.invite_in.is_none());
            if done {
                dialog.pending_mut().early = None;
            }
            dialog.tidy();
        }
    }

    /// The INVITE of reliable responses has its final response. What is needed for a late PRACK stays until it comes or
    /// the dialog is done with it.
    pub(super) fn drop_reliable(&mut self, reliable: Option<Box<Reliable>>) {
        if let Some(unacked) = reliable.and_then(|reliable| reliable.unacked) {
            self.wheel.cancel(unacked.timer);
        }
    }

    fn reliable_mut(&mut self, key: Key) -> Option<&mut Reliable> {
        let pending = self.dialogs.get_mut(key)?.pending.as_mut()?;
        pending.early.as_mut()?.reliable.as_deref_mut()
    }
}

/// RSeq and CSeq numbers of a RAck value (RFC 3262 7.2); none if it does not name an INVITE.
fn rack(value: &[u8]) -> Option<(u32, u32)> {
    let mut words = value
        .split(|byte| byte.is_ascii_whitespace())
        .filter(|word| !word.is_empty());
    let rseq = number(words.next()?)?;
    let cseq = number(words.next()?)?;
    let invite = words.next()? == b"INVITE" && words.next().is_none();
    invite.then_some((rseq, cseq))
}

/// A number of at most 32 bits.
pub(super) fn number(word: &[u8]) -> Option<u32> {
    super::super::wire::text::decimal(word).and_then(|n| u32::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rack_names_a_response_to_an_invite() {
        assert_eq!(rack(b"776656 1 INVITE"), Some((776_656, 1)));
        assert_eq!(rack(b" 1\t 2  INVITE "), Some((1, 2)));
        for bad in [
            &b"1 2 UPDATE"[..],
            b"1 INVITE",
            b"1 2 INVITE x",
            b"-1 2 INVITE",
            b"99999999999 1 INVITE",
            b"",
        ] {
            assert_eq!(rack(bad), None, "{}", bad.escape_ascii());
        }
    }
}
