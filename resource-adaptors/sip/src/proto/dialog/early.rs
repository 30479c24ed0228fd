//! What only some dialogs have in flight: reliable provisional responses (RFC 3262) of an INVITE, and its forks.
//!
//! It hangs behind one pointer of what is in flight, so that a plain call has none of it.

use std::collections::VecDeque;

use bytes::Bytes;
use smallvec::SmallVec;

use super::super::flow::Flow;
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::timer::TimerId;
use super::Reply;

/// Rare state of an INVITE without its final answer.
#[derive(Debug, Default)]
pub struct Early {
    /// The call is to be there after a restart, rather than to be over.
    pub durable: bool,
    /// The offer and the answer of this INVITE have been exchanged in reliable responses and PRACK.
    pub exchanged: bool,
    /// Of an INVITE of ours: the service acknowledges reliable responses, not the user agent.
    pub prack_by_service: bool,
    /// Of an INVITE of ours: its CSeq, which RAck names.
    pub invite_cseq: u32,
    /// Of an INVITE of ours: the last RSeq that came; 0 for none.
    pub rseq_in: u32,
    /// Of an INVITE of ours: the RSeq of responses whose PRACK the service owes, oldest first.
    pub owed: SmallVec<[u32; 2]>,
    /// Of an INVITE that came: reliable responses of ours.
    pub reliable: Option<Box<Reliable>>,
}

/// Reliable provisional responses to one INVITE: at most one is without its PRACK, others wait in their order.
#[derive(Debug)]
pub struct Reliable {
    /// The RSeq used last.
    pub rseq: u32,
    /// The INVITE's CSeq, which RAck names.
    pub cseq: u32,
    /// The INVITE's transaction.
    pub tx: Key,
    /// The response that waits for its PRACK.
    pub unacked: Option<UnackedProvisional>,
    /// Responses that wait for that.
    pub queue: VecDeque<Reply>,
    /// A 2xx that waits for the session descriptions before it to be acknowledged (RFC 3262 3).
    pub held: Option<Reply>,
}

/// A reliable provisional response without its PRACK.
#[derive(Debug)]
pub struct UnackedProvisional {
    /// The response.
    pub bytes: Bytes,
    /// Its way.
    pub flow: Flow,
    /// Whether it carries a session description.
    pub sdp: bool,
    /// Milliseconds until the next copy.
    pub interval: u32,
    /// When to give up.
    pub until: Ms,
    /// The running timer.
    pub timer: TimerId,
}

/// Whose offer waits for its answer (RFC 3264 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Offer {
    /// Nobody's.
    #[default]
    None,
    /// Ours.
    Ours,
    /// The peer's.
    Theirs,
}
