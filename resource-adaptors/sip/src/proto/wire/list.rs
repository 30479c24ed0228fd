//! Comma lists, and the lines of one header (RFC 3261 7.3.1: both forms mean the same).

use memchr::memchr;

use super::header::HeaderId;
use super::message::{Entry, Message};
use super::text::trim;

/// The elements of one comma list. Commas in quotes and angle brackets do not part.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Elements<'a> {
    /// Splits one header value.
    pub fn new(value: &'a [u8]) -> Self {
        Self { rest: Some(value) }
    }

    /// What has not been handed out; empty at the end.
    pub(crate) fn remaining(&self) -> &'a [u8] {
        self.rest.map(trim).unwrap_or_default()
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        match comma(rest) {
            Some(at) => {
                self.rest = rest.get(at + 1..);
                rest.get(..at).map(trim)
            }
            None => {
                self.rest = None;
                Some(trim(rest))
            }
        }
    }
}

/// Where the first element ends.
fn comma(s: &[u8]) -> Option<usize> {
    memchr(b',', s)?;
    let (mut quoted, mut bracketed, mut skip) = (false, false, false);
    s.iter().position(|&b| {
        if skip {
            skip = false;
            return false;
        }
        match b {
            b'\\' if quoted => skip = true,
            b'"' if !bracketed => quoted = !quoted,
            b'<' if !quoted => bracketed = true,
            b'>' if !quoted => bracketed = false,
            b',' if !quoted && !bracketed => return true,
            _ => {}
        }
        false
    })
}

/// The list elements of every line of one header, in order.
#[derive(Debug, Clone)]
pub struct Values<'a> {
    lines: Lines<'a>,
    current: Option<Elements<'a>>,
}

impl<'a> Values<'a> {
    pub(crate) fn new(message: &'a Message, id: HeaderId) -> Self {
        Self {
            lines: Lines::new(message, id),
            current: None,
        }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(element) = self.current.as_mut().and_then(Iterator::next) {
                return Some(element);
            }
            self.current = Some(Elements::new(self.lines.next()?));
        }
    }
}

/// The values of every line of one header, unsplit.
#[derive(Debug, Clone)]
pub(crate) struct Lines<'a> {
    data: &'a [u8],
    entries: std::slice::Iter<'a, Entry>,
    id: HeaderId,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(message: &'a Message, id: HeaderId) -> Self {
        let entries = if message.has(id) || id == HeaderId::Other {
            message.entries()
        } else {
            &[]
        };
        Self {
            data: message.as_bytes(),
            entries: entries.iter(),
            id,
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let id = self.id;
        self.entries
            .find(|e| e.id == id)
            .map(|e| e.value(self.data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_brackets_do_not_part() {
        let value = b"\"a, \\\"b\" <sip:x@y;p=1,2> ,\r\n <sip:z>;q=\",\",";
        let got: Vec<_> = Elements::new(value).collect();
        assert_eq!(
            got,
            [
                &b"\"a, \\\"b\" <sip:x@y;p=1,2>"[..],
                b"<sip:z>;q=\",\"",
                b""
            ]
        );
    }
}
