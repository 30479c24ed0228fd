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

    /// What was let in, or was written here, is not counted once more.
    pub const OWN: Self = Self {
        avps: u32::MAX,
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
        open: [Open::default(); DEPTH_MAX],
        depth: 0,
    }
    .run(limits, groups)
}

struct Walk<'a> {
    frame: &'a [u8],
    open: [Open; DEPTH_MAX],
    depth: usize,
}

/// A group that the walk is in: where it begins, and where the one around it ends.
#[derive(Clone, Copy, Default)]
struct Open {
    head: u32,
    outer_end: u32,
}

impl<'a> Walk<'a> {
    fn run(&mut self, limits: &Limits, groups: &Groups) -> Result<(), Fault> {
        let depth_max = limits.depth.min(DEPTH_MAX);
        let (mut end, mut left) = (self.frame.len(), limits.avps);
        let mut rest = self.frame.get(HEADER_LEN..).unwrap_or_default();
        loop {
            let Some(head) = Head::read(rest) else {
                if !rest.is_empty() {
                    return Err(self.length_fault(end - rest.len(), end));
                }
                match self.leave(&mut end) {
                    Some(after) => rest = after,
                    None => return Ok(()),
                }
                continue;
            };
            let padded = head.length.next_multiple_of(4);
            if head.length < head.size() || padded > rest.len() {
                return Err(self.length_fault(end - rest.len(), end));
            }
            if head.flags & 0x1f != 0 {
                return Err(self.bit_fault(end - rest.len(), padded));
            }
            if left == 0 {
                return Err(Fault::new(5012, "too many AVPs"));
            }
            left -= 1;
            let vendor = if head.flags & flag::VENDOR == 0 {
                0
            } else {
                vendor(rest)
            };
            if groups.has(head.code, vendor) {
                if self.depth == depth_max {
                    return Err(Fault::new(5012, "groups nested too deeply"));
                }
                self.enter(end - rest.len(), end);
                end = end - rest.len() + head.length;
                rest = &rest[head.size()..head.length];
            } else {
                rest = &rest[padded..];
            }
        }
    }

    /// Notes the group that begins at `head` in one that ends at `outer_end`; both are below 2^24.
    fn enter(&mut self, head: usize, outer_end: usize) {
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        if let Some(open) = self.open.get_mut(self.depth) {
            *open = Open {
                head: place(head),
                outer_end: place(outer_end),
            };
        }
        self.depth += 1;
    }

    /// Goes out of the innermost group: what comes after it in the one around, whose end becomes `end`.
    fn leave(&mut self, end: &mut usize) -> Option<&'a [u8]> {
        self.depth = self.depth.checked_sub(1)?;
        let (inner_end, outer_end) = (*end, self.open.get(self.depth)?.outer_end as usize);
        *end = outer_end;
        self.frame.get(inner_end..outer_end)
    }

    /// 5014: the AVP's header, completed with zeros, and the fewest data that its format has.
    #[cold]
    fn length_fault(&self, at: usize, end: usize) -> Fault {
        let mut whole = [0; 12];
        let there = &self.frame[at..end.min(at + 12)];
        whole[..there.len()].copy_from_slice(there);
        let [a, b, c, d, flags, ..] = whole;
        let code = u32::from_be_bytes([a, b, c, d]);
        let flags = flags & (flag::VENDOR | flag::MANDATORY | flag::PROTECTED);
        let vendor = if flags & flag::VENDOR == 0 {
            0
        } else {
            vendor(&whole)
        };
        let least = Dictionary::standard()
            .avp(code, vendor)
            .map_or(0, |def| def.kind.least_length());
        let mut failed = AvpBuf::new();
        failed.put(code, vendor, flags, &[0; 8][..least.min(8)]);
        self.chain(5014, "AVP of an impossible length", failed)
    }

    /// 3009: the whole AVP.
    #[cold]
    fn bit_fault(&self, at: usize, length: usize) -> Fault {
        let mut failed = AvpBuf::new();
        failed.encoded(&self.frame[at..at + length]);
        self.chain(3009, "reserved bit in an AVP", failed)
    }

    /// Puts `failed` into the groups that are open, innermost first.
    fn chain(&self, result_code: u32, text: &'static str, mut failed: AvpBuf) -> Fault {
        for open in self.open[..self.depth].iter().rev() {
            let whole = self.frame.get(open.head as usize..).unwrap_or_default();
            let Some(head) = Head::read(whole) else {
                continue;
            };
            let vendor = if head.size() == 12 { vendor(whole) } else { 0 };
            let mut group = AvpBuf::new();
            group.put(head.code, vendor, head.flags, failed.as_bytes());
            failed = group;
        }
        Fault {
            failed_avp: Some(Bytes::copy_from_slice(failed.as_bytes())),
            ..Fault::new(result_code, text)
        }
    }
}

/// The first eight bytes of an AVP.
pub(super) struct Head {
    pub(super) code: u32,
    pub(super) flags: u8,
    /// As it is said, whatever it is.
    pub(super) length: usize,
}

impl Head {
    #[inline]
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (code, rest) = bytes.split_first_chunk()?;
        let word = u32::from_be_bytes(*rest.first_chunk()?);
        let [flags, ..] = word.to_be_bytes();
        Some(Self {
            code: u32::from_be_bytes(*code),
            flags,
            length: (word & 0x00ff_ffff) as usize,
        })
    }

    /// The length of the whole header.
    #[inline]
    pub(super) const fn size(&self) -> usize {
        if self.flags & flag::VENDOR == 0 {
            8
        } else {
            12
        }
    }
}

/// The Vendor-Id of an AVP that has one.
#[inline]
pub(super) fn vendor(avp: &[u8]) -> u32 {
    let bytes = avp.get(8..).and_then(|b| b.first_chunk());
    bytes.map_or(0, |b| u32::from_be_bytes(*b))
}
