//! One binding of an address of record: where a user can be reached, by what way, and until when.

use std::borrow::Cow;

use bytes::Bytes;

use super::super::flow::Flow;
use super::super::time::Ms;
use super::super::wire::text::unquote;
use super::super::wire::{Params, Uri};

/// A binding. Its texts share one allocation of their own, so that it keeps no message in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Names it among those of its address of record; its record's name, too.
    pub id: u16,
    /// The preference in thousandths, 0 to 1000 (RFC 3261 20.10).
    pub q: u16,
    /// The flow's number within the instance (RFC 5626); 0 if the client named none.
    pub reg_id: u32,
    /// CSeq of the REGISTER that made it or refreshed it last.
    pub cseq: u32,
    /// When it ends.
    pub until: Ms,
    /// When it was made or refreshed last.
    pub since: Ms,
    /// The way that its REGISTER came.
    pub flow: Flow,
    /// Whether that is the way to the client itself: nothing stands between.
    pub direct: bool,
    texts: Bytes,
    ends: [u16; TEXTS - 1],
}

const TEXTS: usize = 4;

/// The texts of a binding.
#[derive(Debug, Clone, Copy, Default)]
pub struct Texts<'a> {
    /// The contact's URI.
    pub uri: &'a [u8],
    /// The contact's parameters as written, without `expires`.
    pub params: &'a [u8],
    /// The Path of its REGISTER as the value of one Route header; empty for none (RFC 3327).
    pub path: &'a [u8],
    /// Call-ID of the REGISTER that made it or refreshed it last.
    pub call_id: &'a [u8],
}

/// A text is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("longer than {MAX} bytes")]
pub struct TooLong;

/// Bytes that the texts of one binding may have together.
const MAX: usize = 4096;

impl Binding {
    /// A binding that does not stand in a table yet: its id is given there.
    ///
    /// # Errors
    /// Its texts are too long.
    pub fn new(texts: Texts<'_>, flow: Flow) -> Result<Self, TooLong> {
        let mut bytes = Vec::new();
        let mut ends = [0; TEXTS - 1];
        for (n, text) in texts.all().into_iter().enumerate() {
            bytes.extend_from_slice(text);
            if bytes.len() > MAX {
                return Err(TooLong);
            }
            if let Some(end) = ends.get_mut(n) {
                *end = bytes.len() as u16;
            }
        }
        Ok(Self {
            id: 0,
            q: 1000,
            reg_id: 0,
            cseq: 0,
            until: Ms(0),
            since: Ms(0),
            flow,
            direct: true,
            texts: bytes.into(),
            ends,
        })
    }

    /// The contact's URI.
    #[must_use]
    pub fn uri(&self) -> Bytes {
        self.texts.slice(self.range(0))
    }

    /// The Path as the value of a Route header; empty for none.
    #[must_use]
    pub fn path(&self) -> Bytes {
        self.texts.slice(self.range(2))
    }

    /// All texts.
    #[must_use]
    pub fn texts(&self) -> Texts<'_> {
        let text = |n| self.texts.get(self.range(n)).unwrap_or_default();
        Texts {
            uri: text(0),
            params: text(1),
            path: text(2),
            call_id: text(3),
        }
    }

    /// The instance of the client (RFC 5626 4.1), without quotes.
    #[must_use]
    pub fn instance(&self) -> Option<&[u8]> {
        instance(Params::new(self.texts().params))
    }

    /// Whether both stand for the same contact: the same flow of the same instance (RFC 5626 6), or the same address
    /// (RFC 3261 10.3).
    #[must_use]
    pub fn is_same_contact(&self, other: &Self) -> bool {
        if self.reg_id > 0 && other.reg_id > 0 {
            return self.reg_id == other.reg_id && self.instance() == other.instance();
        }
        if self.reg_id != other.reg_id {
            return false;
        }
        let (a, b) = (self.texts().uri, other.texts().uri);
        a == b || matches!((Uri::parse(a), Uri::parse(b)), (Ok(a), Ok(b)) if a.is_equivalent(&b))
    }

    /// Takes over the texts of one that says the same, so that a refresh keeps what is there.
    pub(super) fn share_texts(&mut self, other: &Self) {
        if self.texts == other.texts && self.ends == other.ends {
            self.texts = other.texts.clone();
        }
    }

    /// Bytes that it keeps in memory beside itself.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.texts.len()
    }

    fn range(&self, n: usize) -> std::ops::Range<usize> {
        let end = |n: usize| {
            self.ends
                .get(n)
                .map_or(self.texts.len(), |end| usize::from(*end))
        };
        n.checked_sub(1).map_or(0, end)..end(n)
    }
}

impl<'a> Texts<'a> {
    pub(super) fn all(&self) -> [&'a [u8]; TEXTS] {
        [self.uri, self.params, self.path, self.call_id]
    }
}

/// The value of `+sip.instance` without its quotes.
pub(super) fn instance(params: Params<'_>) -> Option<&[u8]> {
    let value = params.value(b"+sip.instance")?;
    match unquote(value) {
        Cow::Borrowed(bare) => Some(bare).filter(|bare| !bare.is_empty()),
        // An escape in a URN is none of ours to resolve.
        Cow::Owned(_) => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::proto::flow::Transport;

    pub(in super::super) fn flow(port: u16) -> Flow {
        Flow::seen(Transport::Udp, 0, ([127, 0, 0, 1], port).into())
    }

    fn binding(uri: &str, params: &str, reg_id: u32) -> Binding {
        let texts = Texts {
            uri: uri.as_bytes(),
            params: params.as_bytes(),
            ..Texts::default()
        };
        Binding {
            reg_id,
            ..Binding::new(texts, flow(5060)).unwrap()
        }
    }

    #[test]
    fn texts_come_back() {
        let texts = Texts {
            uri: b"sip:a@b",
            params: b";q=0.5;+sip.instance=\"<urn:x:y>\"",
            path: b"<sip:p;lr>",
            call_id: b"c",
        };
        let binding = Binding::new(texts, flow(1)).unwrap();
        assert_eq!(binding.texts().all(), texts.all());
        assert_eq!(binding.uri(), b"sip:a@b"[..]);
        assert_eq!(binding.path(), b"<sip:p;lr>"[..]);
        assert_eq!(binding.instance(), Some(&b"<urn:x:y>"[..]));
        let long = vec![b'x'; MAX + 1];
        let texts = Texts {
            uri: &long,
            ..texts
        };
        assert_eq!(Binding::new(texts, flow(1)), Err(TooLong));
    }

    #[test]
    fn addresses_are_compared_as_uris_and_flows_by_their_numbers() {
        let a = binding("sip:a@10.0.0.1;x=1", "", 0);
        assert!(a.is_same_contact(&binding("sip:a@10.0.0.1", "", 0)));
        assert!(!a.is_same_contact(&binding("sip:a@10.0.0.2", "", 0)));
        let i = ";+sip.instance=\"<urn:1>\"";
        let first = binding("sip:a@10.0.0.1", i, 1);
        assert!(first.is_same_contact(&binding("sip:a@10.0.0.9", i, 1)));
        assert!(!first.is_same_contact(&binding("sip:a@10.0.0.1", i, 2)));
        assert!(!first.is_same_contact(&a));
        let other = binding("sip:a@10.0.0.1", ";+sip.instance=\"<urn:2>\"", 1);
        assert!(!first.is_same_contact(&other));
    }
}
