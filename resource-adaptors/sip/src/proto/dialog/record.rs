//! What of a dialog outlives its process: a small explicit record, at most about 600 bytes for ordinary URIs.
//!
//! Version 1, big endian: version, bits (role, phase), local CSeq, remote CSeq (0 for none), transport, listener,
//! address family and address and port of the peer, seven lengths, seven texts. Written before a 2xx leaves, before a
//! CSeq is used, and at a target refresh.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::super::flow::{Flow, Transport};
use super::text::Texts;
use super::{Dialog, Offer, Phase, Role};

const VERSION: u8 = 1;

/// Why bytes are not a dialog's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Written by a newer release.
    #[error("record version {0} is not known")]
    Version(u8),
    /// It ends too early or a value is out of range.
    #[error("record is damaged")]
    Damaged,
}

impl Dialog {
    /// The record.
    #[must_use]
    pub fn to_record(&self) -> Vec<u8> {
        let parts = self.texts.parts();
        let mut out = Vec::with_capacity(64 + parts.iter().map(|part| part.len()).sum::<usize>());
        out.push(VERSION);
        out.push((self.role as u8) | (self.phase as u8) << 1);
        out.extend_from_slice(&self.local_cseq.to_be_bytes());
        out.extend_from_slice(&self.remote_cseq.to_be_bytes());
        push_flow(&mut out, &self.flow);
        for part in parts {
            // Texts are packed below 65,536 bytes in all.
            out.extend_from_slice(&(part.len() as u16).to_be_bytes());
        }
        for part in parts {
            out.extend_from_slice(part);
        }
        out
    }

    /// The dialog of a record, for the activity that it was written for.
    ///
    /// # Errors
    /// The bytes are no record that this release reads.
    pub fn from_record(activity: u64, record: &[u8]) -> Result<Self, RecordError> {
        let mut rest = Reader(record);
        match rest.byte()? {
            VERSION => {}
            other => return Err(RecordError::Version(other)),
        }
        let bits = rest.byte()?;
        let role = if bits & 1 == 0 { Role::Uac } else { Role::Uas };
        let phase = match bits >> 1 {
            0 => Phase::Early,
            1 => Phase::Confirmed,
            2 => Phase::Ending,
            _ => return Err(RecordError::Damaged),
        };
        let (local_cseq, remote_cseq) = (rest.u32()?, rest.u32()?);
        let flow = rest.flow()?;
        let mut lengths = [0u16; 7];
        for length in &mut lengths {
            *length = rest.u16()?;
        }
        let mut parts: [&[u8]; 7] = [b""; 7];
        for (part, length) in parts.iter_mut().zip(lengths) {
            *part = rest.take(usize::from(length))?;
        }
        if !rest.0.is_empty() {
            return Err(RecordError::Damaged);
        }
        let texts = Texts::pack(parts).ok_or(RecordError::Damaged)?;
        Ok(Self {
            activity,
            role,
            phase,
            cancelled: false,
            closing: false,
            call: true,
            usages: 0,
            unacked_saved: false,
            owed_saved: false,
            invite_saved: false,
            offer: Offer::None,
            local_cseq,
            remote_cseq,
            flow,
            texts,
            session: None,
            pending: None,
        })
    }
}

/// What of a record is not read yet.
pub(in crate::proto) struct Reader<'a>(pub(in crate::proto) &'a [u8]);

/// Where something goes, without the connection, which does not outlive its process.
pub(super) fn push_flow(out: &mut Vec<u8>, flow: &Flow) {
    out.push(flow.transport as u8);
    out.extend_from_slice(&flow.listener.to_be_bytes());
    match flow.peer.ip() {
        IpAddr::V4(ip) => {
            out.push(4);
            out.extend_from_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            out.push(6);
            out.extend_from_slice(&ip.octets());
        }
    }
    out.extend_from_slice(&flow.peer.port().to_be_bytes());
}

impl<'a> Reader<'a> {
    pub(super) fn flow(&mut self) -> Result<Flow, RecordError> {
        let transport = Transport::from_u8(self.byte()?).ok_or(RecordError::Damaged)?;
        let listener = self.u16()?;
        let ip = match self.byte()? {
            4 => IpAddr::V4(Ipv4Addr::from(self.array::<4>()?)),
            6 => IpAddr::V6(Ipv6Addr::from(self.array::<16>()?)),
            _ => return Err(RecordError::Damaged),
        };
        let peer = SocketAddr::new(ip, self.u16()?);
        Ok(Flow::to(transport, listener, peer))
    }

    /// What is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub(in crate::proto) fn take(&mut self, len: usize) -> Result<&'a [u8], RecordError> {
        let (head, rest) = self.0.split_at_checked(len).ok_or(RecordError::Damaged)?;
        self.0 = rest;
        Ok(head)
    }

    pub(in crate::proto) fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        self.take(N)?.try_into().map_err(|_| RecordError::Damaged)
    }

    pub(in crate::proto) fn byte(&mut self) -> Result<u8, RecordError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(in crate::proto) fn u16(&mut self) -> Result<u16, RecordError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(in crate::proto) fn u32(&mut self) -> Result<u32, RecordError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(in crate::proto) fn u64(&mut self) -> Result<u64, RecordError> {
        self.array().map(u64::from_be_bytes)
    }
}
