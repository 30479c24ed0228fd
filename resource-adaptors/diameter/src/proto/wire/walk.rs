//! The structural check of a message: header bits, AVP lengths and padding, reserved AVP bits, number and depth of AVPs.
//!
//! One pass over the bytes with a stack of fixed size; what is Grouped says [`Groups`]. Nothing is allocated unless a
//! fault is found, whose Failed-AVP is the offending AVP as far as it can be read, inside the groups that it stands in.

use bytes::Bytes;

use super::{AvpBuf, Fault, Groups, HEADER_LEN, Header, flag};
use crate::proto::dict::Dictionary;

/// The deepest nesting that can be allowed.
const DEPTH_MAX: usize = 16;

/// How much a message may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// AVPs in all, those in groups included; default 1,024.
    pub avps: u32,
    /// Groups inside each other; default and maximum 16.
    pub depth: usize,
}

impl Limits {
    /// 1,024 AVPs, 16 groups inside each other.
    pub const DEFAULT: Self = Self {
        avps: 1024,
        depth: DEPTH_MAX,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What is wrong with the header of a frame of `length` bytes.
pub(super) fn header(header: &Header, length: usize) -> Result<(), Fault> {
    if header.version != 1 {
        return Err(Fault::new(5011, "version is not 1"));
    }
    if header.length as usize != length || !length.is_multiple_of(4) {
        let fault = Fault::new(5015, "message length is not that of the message");
        return Err(Fault {
            close: true,
            ..fault
        });
    }
    if header.flags & 0x0f != 0 {
        return Err(Fault::new(5013, "reserved bit in the header"));
    }
    if header.is_request() && header.is_error() {
        return Err(Fault::new(3008, "error bit in a request"));
    }
    Ok(())
}

/// Checks the AVPs of a frame, and those in them that `groups` knows as Grouped.
pub(super) fn avps(frame: &[u8], limits: &Limits, groups: &Groups) -> Result<(), Fault> {
    Walk {
        frame,
        ends: [frame.len(); DEPTH_MAX + 1],
        heads: [0; DEPTH_MAX + 1],
        depth: 0,
    }
    .run(limits, groups)
}

struct Walk<'a> {
    frame: &'a [u8],
    /// Where the groups end that are open; the first is the message.
    ends: [usize; DEPTH_MAX + 1],
    /// Where the groups begin that are open; the first is not used.
    heads: [usize; DEPTH_MAX + 1],
    depth: usize,
}

impl Walk<'_> {
    fn run(&mut self, limits: &Limits, groups: &Groups) -> Result<(), Fault> {
        let depth_max = limits.depth.min(DEPTH_MAX);
        let (mut at, mut end, mut left) = (HEADER_LEN, self.frame.len(), limits.avps);
        loop {
            while at == end {
                let Some(outer) = self.depth.checked_sub(1) else {
                    return Ok(());
                };
                self.depth = outer;
                end = self.ends[outer];
            }
            let Some(head) = self.frame.get(at..end).and_then(|rest| rest.first_chunk()) else {
                return Err(self.length_fault(at, end));
            };
            let (head_len, length) = lengths(*head);
            let next = at + length.next_multiple_of(4);
            if length < head_len || next > end {
                return Err(self.length_fault(at, end));
            }
            if head[4] & 0x1f != 0 {
                return Err(self.fault(3009, "reserved bit in an AVP", at, next));
            }
            left = match left.checked_sub(1) {
                Some(left) => left,
                None => return Err(Fault::new(5012, "too many AVPs")),
            };
            let code = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
            if groups.has(code, self.vendor(at)) {
                if self.depth == depth_max {
                    return Err(Fault::new(5012, "groups nested too deeply"));
                }
                self.depth += 1;
                (self.heads[self.depth], self.ends[self.depth]) = (at, at + length);
                (at, end) = (at + head_len, at + length);
            } else {
                at = next;
            }
        }
    }

    /// The Vendor-Id of the AVP at `at`, 0 if it has none.
    #[inline]
    fn vendor(&self, at: usize) -> u32 {
        let head = self.frame.get(at..).and_then(|b| b.first_chunk::<12>());
        match head {
            Some(&[_, _, _, _, flags, _, _, _, a, b, c, d]) if flags & flag::VENDOR != 0 => {
                u32::from_be_bytes([a, b, c, d])
            }
            _ => 0,
        }
    }

    /// 5014: the AVP's header, completed with zeros, and the fewest data that its format has.
    #[cold]
    fn length_fault(&self, at: usize, end: usize) -> Fault {
        let mut head = [0; 12];
        let there = &self.frame[at..end.min(at + 12)];
        head[..there.len()].copy_from_slice(there);
        let vendor_flag = head[4] & flag::VENDOR != 0;
        let code = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let vendor = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        let flags = head[4] & (flag::VENDOR | flag::MANDATORY | flag::PROTECTED);
        let vendor = if vendor_flag { vendor } else { 0 };
        let least = Dictionary::standard()
            .avp(code, vendor)
            .map_or(0, |def| def.kind.least_length());
        let data = &[0; 8][..least.min(8)];
        let mut failed = AvpBuf::new();
        failed.put(code, vendor, flags, data);
        self.chain(5014, "AVP of an impossible length", failed)
    }

    #[cold]
    fn fault(&self, result_code: u32, text: &'static str, at: usize, next: usize) -> Fault {
        let mut failed = AvpBuf::new();
        failed.encoded(&self.frame[at..next]);
        self.chain(result_code, text, failed)
    }

    /// Puts `failed` into the groups that are open, innermost first.
    fn chain(&self, result_code: u32, text: &'static str, mut failed: AvpBuf) -> Fault {
        for &at in self.heads[1..=self.depth].iter().rev() {
            let head = self.frame.get(at..).and_then(|b| b.first_chunk::<8>());
            let Some(head) = head else { continue };
            let code = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
            let mut group = AvpBuf::new();
            group.put(code, self.vendor(at), head[4], failed.as_bytes());
            failed = group;
        }
        Fault {
            failed_avp: Some(Bytes::copy_from_slice(failed.as_bytes())),
            ..Fault::new(result_code, text)
        }
    }
}

/// The length of the AVP's header, and the length that the header says.
#[inline]
fn lengths(head: [u8; 8]) -> (usize, usize) {
    let head_len = if head[4] & flag::VENDOR == 0 { 8 } else { 12 };
    let length = u32::from_be_bytes([0, head[5], head[6], head[7]]) as usize;
    (head_len, length)
}
