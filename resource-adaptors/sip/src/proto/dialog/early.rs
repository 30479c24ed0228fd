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
    /// Of an INVITE of ours: what becomes of the branches of a fork.
    pub forks: Forks,
    /// Of an INVITE of ours: branches that spoke before the one that spoke last, by their tags, with the last RSeq of each;
    /// [`GIVEN_UP`] for one that the service wants no more.
    pub heard: Vec<(Box<[u8]>, u32)>,
    /// Of an INVITE that came: reliable responses of ours.
    pub reliable: Option<Box<Reliable>>,
}

/// In the place of the last RSeq of a branch that is given up.
pub const GIVEN_UP: u32 = u32::MAX;
/// Branches that are remembered at most.
const HEARD: usize = 16;

/// What becomes of the branches of an INVITE of ours (RFC 3261 12.1, 13.2.2.4).
#[derive(Debug, Default)]
pub enum Forks {
    /// All of them are told of on the one dialog.
    #[default]
    Together,
    /// Each but the first gets a dialog of its own: these.
    Apart(Vec<Key>),
    /// The dialog is a further one of this.
    Of(Key),
}

impl Early {
    /// Another branch than `last` speaks, with a reliable response if it has a number: from here on its numbers count. `false`
    /// for a response that it has sent before.
    pub fn turn(&mut self, last: &[u8], branch: &[u8], rseq: Option<u32>) -> bool {
        let known = self.last_of(branch).unwrap_or(0);
        if rseq.is_some_and(|rseq| known != 0 && rseq != known.wrapping_add(1)) {
            return false;
        }
        self.remember(last, self.rseq_in);
        self.rseq_in = known;
        self.owed.clear();
        true
    }

    /// Whether a branch is not wanted any more.
    #[must_use]
    pub fn is_given_up(&self, branch: &[u8]) -> bool {
        self.last_of(branch) == Some(GIVEN_UP)
    }

    /// Remembers the last RSeq of a branch; the oldest branches are forgotten.
    pub fn remember(&mut self, branch: &[u8], rseq: u32) {
        self.heard.retain(|(tag, _)| &tag[..] != branch);
        if self.heard.len() >= HEARD {
            self.heard.remove(0);
        }
        self.heard.push((branch.into(), rseq));
    }

    fn last_of(&self, branch: &[u8]) -> Option<u32> {
        let known = self.heard.iter().find(|(tag, _)| &tag[..] == branch);
        known.map(|(_, rseq)| *rseq)
    }
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
