//! An INVITE without its final answer, as it outlives its process: what is needed to answer, cancel or accept the answer
//! of a call that rings. Only calls whose service asks for it have such a record.
//!
//! Version 1, big endian: version, bits (whose it is, who acknowledges, given up, exchanged, waiting for PRACK, forks), offer,
//! the transaction's own name and that of the one that it passes on, RSeq, way, length of the last response, that
//! response, the INVITE.

use super::super::flow::Flow;
use super::super::slab::Key;
use super::record::{Reader, push_flow};
use super::{Offer, RecordError};

const VERSION: u8 = 1;
const NO_LINK: u64 = u64::MAX;

/// What of an INVITE outlives its process.
#[derive(Debug)]
pub struct InviteRecord<'a> {
    /// Whether we sent it.
    pub ours: bool,
    /// Ours: its 2xx is acknowledged at once.
    pub ack: bool,
    /// Ours: the service sends PRACK.
    pub prack_by_service: bool,
    /// Ours: it is being given up.
    pub cancelled: bool,
    /// Offer and answer were exchanged before its final answer.
    pub exchanged: bool,
    /// The peer's: its last response waits for PRACK.
    pub unacked: bool,
    /// Ours: its branches have dialogs of their own.
    pub forks: bool,
    /// Whose offer waits for its answer.
    pub offer: Offer,
    /// The name of its transaction in that process.
    pub tx: Key,
    /// Ours: the server transaction whose INVITE it passes on.
    pub link: Option<Key>,
    /// The last RSeq, sent or received; 0 for none.
    pub rseq: u32,
    /// Its way, or the way of the responses to it.
    pub flow: Flow,
    /// The peer's: the last response.
    pub response: &'a [u8],
    /// The INVITE.
    pub request: &'a [u8],
}

impl<'a> InviteRecord<'a> {
    /// The record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.response.len() + self.request.len());
        let flags = [
            self.ours,
            self.ack,
            self.prack_by_service,
            self.cancelled,
            self.exchanged,
            self.unacked,
            self.forks,
        ];
        let bits = flags
            .iter()
            .enumerate()
            .fold(0, |bits, (n, flag)| bits | u8::from(*flag) << n);
        out.extend_from_slice(&[VERSION, bits, self.offer as u8]);
        let link = self.link.map_or(NO_LINK, Key::to_u64);
        for key in [self.tx.to_u64(), link] {
            out.extend_from_slice(&key.to_be_bytes());
        }
        out.extend_from_slice(&self.rseq.to_be_bytes());
        push_flow(&mut out, &self.flow);
        out.extend_from_slice(&(self.response.len() as u32).to_be_bytes());
        out.extend_from_slice(self.response);
        out.extend_from_slice(self.request);
        out
    }

    /// Reads a record.
    ///
    /// # Errors
    /// The bytes are no record that this release reads.
    pub fn parse(record: &'a [u8]) -> Result<Self, RecordError> {
        let mut rest = Reader(record);
        match rest.byte()? {
            VERSION => {}
            other => return Err(RecordError::Version(other)),
        }
        let bits = rest.byte()?;
        let flag = |n: u8| bits & 1 << n != 0;
        let offer = match rest.byte()? {
            0 => Offer::None,
            1 => Offer::Ours,
            2 => Offer::Theirs,
            _ => return Err(RecordError::Damaged),
        };
        let (tx, link) = (rest.u64()?, rest.u64()?);
        let rseq = rest.u32()?;
        let flow = rest.flow()?;
        let length = rest.u32()? as usize;
        Ok(Self {
            ours: flag(0),
            ack: flag(1),
            prack_by_service: flag(2),
            cancelled: flag(3),
            exchanged: flag(4),
            unacked: flag(5),
            forks: flag(6),
            offer,
            tx: Key::from_u64(tx),
            link: (link != NO_LINK).then(|| Key::from_u64(link)),
            rseq,
            flow,
            response: rest.take(length)?,
            request: rest.rest(),
        })
    }
}
