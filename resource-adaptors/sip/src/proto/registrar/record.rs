//! Records of bindings, version 1, big endian. The address of record: version, text. A binding: version, bits
//! (1: direct), q, reg-id, CSeq, end and beginning (wall clock, milliseconds), transport, listener, connection (0 for
//! none, else its number plus one), address family and address and port of the peer, four lengths, four texts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::super::flow::{Conn, Flow, Transport};
use super::super::time::Ms;
use super::{Aor, Binding, Texts};

const VERSION: u8 = 1;

/// Why bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Written by a newer release.
    #[error("record version {0} is not known")]
    Version(u8),
    /// It ends too early or a value is out of range.
    #[error("record is damaged")]
    Damaged,
}

impl Aor {
    /// The record.
    #[must_use]
    pub fn to_record(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(self.as_str().as_bytes());
        out
    }

    /// The address of record of a record.
    ///
    /// # Errors
    /// The bytes are no record that this release reads.
    pub fn from_record(record: &[u8]) -> Result<Self, RecordError> {
        match record.split_first() {
            Some((&VERSION, text)) => Self::parse(text).map_err(|_| RecordError::Damaged),
            Some((&version, _)) => Err(RecordError::Version(version)),
            None => Err(RecordError::Damaged),
        }
    }
}

/// Both clocks at one moment: what turns the times of one into those of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// Monotonic.
    pub now: Ms,
    /// Wall clock, in milliseconds.
    pub wall: u64,
}

impl Binding {
    /// The record.
    #[must_use]
    pub fn to_record(&self, clocks: Clocks) -> Vec<u8> {
        let texts = self.texts().all();
        let mut out = Vec::with_capacity(64 + self.weight());
        out.push(VERSION);
        out.push(u8::from(self.direct));
        out.extend_from_slice(&self.q.to_be_bytes());
        out.extend_from_slice(&self.reg_id.to_be_bytes());
        out.extend_from_slice(&self.cseq.to_be_bytes());
        let until = clocks.wall.saturating_add(self.until - clocks.now);
        let since = clocks.wall.saturating_sub(clocks.now - self.since);
        out.extend_from_slice(&until.to_be_bytes());
        out.extend_from_slice(&since.to_be_bytes());
        out.push(self.flow.transport as u8);
        out.extend_from_slice(&self.flow.listener.to_be_bytes());
        let conn = self.flow.conn.map_or(0, |conn| conn.0.wrapping_add(1));
        out.extend_from_slice(&conn.to_be_bytes());
        match self.flow.peer.ip() {
            IpAddr::V4(ip) => {
                out.push(4);
                out.extend_from_slice(&ip.octets());
            }
            IpAddr::V6(ip) => {
                out.push(6);
                out.extend_from_slice(&ip.octets());
            }
        }
        out.extend_from_slice(&self.flow.peer.port().to_be_bytes());
        for text in texts {
            // Together they are bounded far below 65,536.
            out.extend_from_slice(&(text.len() as u16).to_be_bytes());
        }
        for text in texts {
            out.extend_from_slice(text);
        }
        out
    }

    /// The binding of a record. What ended while nobody looked ends at once.
    ///
    /// # Errors
    /// The bytes are no record that this release reads.
    pub fn from_record(id: u16, record: &[u8], clocks: Clocks) -> Result<Self, RecordError> {
        let mut rest = Reader(record);
        match rest.byte()? {
            VERSION => {}
            other => return Err(RecordError::Version(other)),
        }
        let direct = rest.byte()? & 1 == 1;
        let q = u16::from_be_bytes(rest.array()?);
        let reg_id = u32::from_be_bytes(rest.array()?);
        let cseq = u32::from_be_bytes(rest.array()?);
        let until = u64::from_be_bytes(rest.array()?);
        let since = u64::from_be_bytes(rest.array()?);
        let flow = rest.flow()?;
        let mut lengths = [0; 4];
        for length in &mut lengths {
            *length = u16::from_be_bytes(rest.array()?);
        }
        let [uri, params, path, call_id] = lengths;
        let texts = Texts {
            uri: rest.take(uri.into())?,
            params: rest.take(params.into())?,
            path: rest.take(path.into())?,
            call_id: rest.take(call_id.into())?,
        };
        if !rest.0.is_empty() {
            return Err(RecordError::Damaged);
        }
        let mut binding = Self::new(texts, flow).map_err(|_| RecordError::Damaged)?;
        let age = clocks.wall.saturating_sub(since);
        (binding.id, binding.q, binding.reg_id) = (id, q, reg_id);
        (binding.cseq, binding.direct) = (cseq, direct);
        binding.until = clocks.now + until.saturating_sub(clocks.wall);
        binding.since = Ms(clocks.now.0.saturating_sub(age));
        Ok(binding)
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], RecordError> {
        let (head, rest) = self.0.split_at_checked(len).ok_or(RecordError::Damaged)?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        self.take(N)?.try_into().map_err(|_| RecordError::Damaged)
    }

    fn byte(&mut self) -> Result<u8, RecordError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn flow(&mut self) -> Result<Flow, RecordError> {
        let transport = Transport::from_u8(self.byte()?).ok_or(RecordError::Damaged)?;
        let listener = u16::from_be_bytes(self.array()?);
        let conn = u64::from_be_bytes(self.array()?).checked_sub(1).map(Conn);
        let ip = match self.byte()? {
            4 => IpAddr::V4(Ipv4Addr::from(self.array::<4>()?)),
            6 => IpAddr::V6(Ipv6Addr::from(self.array::<16>()?)),
            _ => return Err(RecordError::Damaged),
        };
        let peer = SocketAddr::new(ip, u16::from_be_bytes(self.array()?));
        Ok(Flow {
            conn,
            ..Flow::seen(transport, listener, peer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::binding::tests::flow;
    use super::*;

    #[test]
    fn what_is_left_of_a_life_is_the_same_in_another_process() {
        let texts = Texts {
            uri: b"sip:a@b",
            params: b";q=0.1",
            path: b"",
            call_id: b"call",
        };
        let mut binding = Binding::new(texts, flow(5070)).unwrap();
        (binding.q, binding.cseq, binding.reg_id) = (100, 7, 3);
        (binding.since, binding.until) = (Ms(1_000), Ms(61_000));
        let before = Clocks {
            now: Ms(11_000),
            wall: 1_700_000_000_000,
        };
        let record = binding.to_record(before);
        let after = Clocks {
            now: Ms(50),
            wall: before.wall + 20_000,
        };
        let restored = Binding::from_record(9, &record, after).unwrap();
        assert_eq!((restored.until, restored.id), (Ms(30_050), 9));
        assert_eq!(restored.texts().all(), binding.texts().all());
        assert_eq!((restored.flow, restored.cseq), (binding.flow, 7));
        for len in 0..record.len() {
            assert!(Binding::from_record(9, &record[..len], after).is_err());
        }
        let late = Clocks {
            wall: before.wall + 3_600_000,
            ..after
        };
        let restored = Binding::from_record(9, &record, late).unwrap();
        assert_eq!(restored.until, late.now);
    }

    #[test]
    fn an_address_of_record_comes_back() {
        let aor = Aor::parse(b"sip:alice@a.example").unwrap();
        assert_eq!(Aor::from_record(&aor.to_record()), Ok(aor));
        assert_eq!(Aor::from_record(b"\x02x"), Err(RecordError::Version(2)));
        assert_eq!(Aor::from_record(b""), Err(RecordError::Damaged));
    }
}
