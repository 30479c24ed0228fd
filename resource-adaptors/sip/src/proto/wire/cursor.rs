//! A reading position in a header value. Every step that reads past the end stops there instead.

use memchr::memchr;

use super::error::{WireError, WireErrorKind};
use super::text::{is_lws, is_token_byte};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.data.get(self.at).copied()
    }

    pub(crate) fn is_end(&self) -> bool {
        self.at >= self.data.len()
    }

    pub(crate) fn bump(&mut self) {
        self.at = (self.at + 1).min(self.data.len());
    }

    pub(crate) fn skip(&mut self, n: usize) {
        self.at = (self.at + n).min(self.data.len());
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.data.get(start..self.at).unwrap_or_default()
    }

    pub(crate) fn error(&self, kind: WireErrorKind) -> WireError {
        WireError::new(kind, self.at)
    }

    /// Takes bytes while `keep` holds.
    #[inline]
    pub(crate) fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let n = rest.iter().position(|&b| !keep(b)).unwrap_or(rest.len());
        self.at += n;
        rest.get(..n).unwrap_or_default()
    }

    /// Takes bytes up to `end`, or all that are left.
    pub(crate) fn until(&mut self, end: u8) -> &'a [u8] {
        let rest = self.rest();
        let n = memchr(end, rest).unwrap_or(rest.len());
        self.at += n;
        rest.get(..n).unwrap_or_default()
    }

    pub(crate) fn skip_lws(&mut self) {
        self.take_while(is_lws);
    }

    /// A token, possibly empty.
    pub(crate) fn token(&mut self) -> &'a [u8] {
        self.take_while(is_token_byte)
    }

    /// Skips LWS, then `byte`, then LWS. Stays where it is and says no if `byte` is not there.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let start = self.at;
        self.skip_lws();
        if self.peek() == Some(byte) {
            self.bump();
            self.skip_lws();
            true
        } else {
            self.at = start;
            false
        }
    }

    /// A quoted string that starts here, quotes included.
    pub(crate) fn quoted(&mut self) -> Result<&'a [u8], WireError> {
        let start = self.at;
        self.bump();
        while let Some(b) = self.peek() {
            self.bump();
            match b {
                b'"' => return Ok(self.since(start)),
                b'\\' => self.bump(),
                _ => {}
            }
        }
        Err(WireError::new(WireErrorKind::Quote, start))
    }
}
