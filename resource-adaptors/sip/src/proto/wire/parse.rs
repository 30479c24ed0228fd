//! Bytes to an index, in one pass and without allocation.
//!
//! Structure only: start line, header lines, where the body starts. A defect does not end the pass, so that what is
//! refused can still be answered; the first one is kept. Lines end with CRLF; a bare LF is taken for one.

use bytes::Bytes;
use memchr::{memchr, memchr2};
use smallvec::SmallVec;

use super::error::{Rejected, WireError, WireErrorKind as Kind};
use super::header::{HeaderId, mask};
use super::limits::Limits;
use super::message::{Entry, Message, Start};
use super::method::Method;
use super::text::{decimal, eq_token, is_lws, is_token, is_token_byte, trim_end};

/// What a response copies and what frames: indexed even where a message has more headers than it may.
const CORE: u128 = mask(&[
    HeaderId::Via,
    HeaderId::From,
    HeaderId::To,
    HeaderId::CallId,
    HeaderId::CSeq,
]);

impl Message {
    /// Indexes a message that fills `bytes`, empty lines before it skipped, and checks nothing but its structure.
    /// What follows the headers is the body, whatever Content-Length says.
    pub fn parse(bytes: Bytes, limits: &Limits) -> Result<Self, Box<Rejected>> {
        match index(bytes, limits) {
            Ok((message, None)) => Ok(message),
            Ok((message, Some(defect))) => Err(Rejected::new(defect, Some(message))),
            Err(defect) => Err(Rejected::new(defect, None)),
        }
    }

    /// Takes a datagram: indexes it, checks it, and cuts it at Content-Length (RFC 3261 18.3).
    pub fn datagram(bytes: Bytes, limits: &Limits) -> Result<Self, Box<Rejected>> {
        let too_large = bytes.len() > limits.datagram;
        receive(bytes, limits, too_large, false)
    }

    /// Takes what filled a frame of a reliable transport, where Content-Length may be missing.
    pub fn whole(bytes: Bytes, limits: &Limits) -> Result<Self, Box<Rejected>> {
        let too_large = bytes.len() > limits.stream;
        receive(bytes, limits, too_large, false)
    }

    /// Takes a message that was cut out of a stream, where Content-Length must be there.
    pub fn frame(bytes: Bytes, limits: &Limits) -> Result<Self, Box<Rejected>> {
        let too_large = bytes.len() > limits.stream;
        receive(bytes, limits, too_large, true)
    }
}

fn receive(
    bytes: Bytes,
    limits: &Limits,
    too_large: bool,
    stream: bool,
) -> Result<Message, Box<Rejected>> {
    let (mut message, defect) =
        index(bytes, limits).map_err(|defect| Rejected::new(defect, None))?;
    let defect = defect
        .or_else(|| too_large.then(|| WireError::new(Kind::MessageTooLarge, 0)))
        .or_else(|| message.check(limits).err())
        .or_else(|| message.cut(limits, stream).err());
    match defect {
        None => Ok(message),
        Some(defect) => Err(Rejected::new(defect, Some(message))),
    }
}

impl Message {
    /// Cuts the body to Content-Length.
    fn cut(&mut self, limits: &Limits, stream: bool) -> Result<(), WireError> {
        let body = self.body as usize;
        let have = self.bytes.len() - body;
        let length = match self.content_length()? {
            Some(n) => n as usize,
            None if stream => return Err(self.missing(Kind::MissingContentLength)),
            None => have,
        };
        if length > have {
            return Err(WireError::new(Kind::BodyShort, self.bytes.len()));
        }
        self.bytes.truncate(body + length);
        if length > limits.body {
            Err(WireError::new(Kind::BodyTooLarge, body))
        } else {
            Ok(())
        }
    }
}

fn index(mut bytes: Bytes, limits: &Limits) -> Result<(Message, Option<WireError>), WireError> {
    let blank = bytes
        .iter()
        .position(|b| !matches!(b, b'\r' | b'\n'))
        .unwrap_or(bytes.len());
    if blank > 0 {
        bytes = bytes.slice(blank..);
    }
    if u32::try_from(bytes.len()).is_err() {
        return Err(WireError::new(Kind::MessageTooLarge, 0));
    }
    let mut indexer = Indexer::new(&bytes, limits);
    let start = indexer.start_line()?;
    indexer.headers();
    let Indexer {
        head_end,
        pos,
        seen,
        twice,
        bare_lf,
        bare_cr,
        index,
        defect,
        ..
    } = indexer;
    let (head_end, body) = (head_end as u32, pos as u32);
    let mut message = Message {
        bytes,
        start,
        head_end,
        body,
        seen,
        twice,
        bare_lf,
        bare_cr,
        index,
    };
    if let Start::Request {
        method: Method::Other(name),
        uri,
    } = &mut message.start
    {
        *name = message.bytes.slice(..uri.0 as usize - 1);
    }
    Ok((message, defect))
}

/// What Content-Length says in a header section, for the framer: nothing is copied or kept.
pub(crate) fn framed_length(head: &[u8], limits: &Limits) -> Result<Option<u32>, WireError> {
    let mut indexer = Indexer::new(head, limits);
    match indexer.start_line() {
        // A peer whose response lines are wrong may still frame them right.
        Ok(_)
        | Err(WireError {
            kind: Kind::StatusLine,
            ..
        }) => {}
        Err(error) => return Err(error),
    }
    if !indexer.lengths() {
        indexer = Indexer::new(head, limits);
        // What is wrong with the start line was seen above; here it is only passed.
        let _ = indexer.start_line();
        indexer.headers();
    }
    let mut lengths = indexer
        .index
        .iter()
        .filter(|e| e.id == HeaderId::ContentLength);
    let Some(entry) = lengths.next() else {
        return Ok(None);
    };
    let at = entry.start as usize;
    if lengths.next().is_some() {
        return Err(WireError::new(Kind::DuplicateHeader, at));
    }
    let length = decimal(entry.value(head)).and_then(|n| u32::try_from(n).ok());
    length
        .map(Some)
        .ok_or_else(|| WireError::new(Kind::Number, at))
}

struct Indexer<'a> {
    data: &'a [u8],
    limits: &'a Limits,
    pos: usize,
    head_end: usize,
    seen: u128,
    twice: u128,
    bare_lf: bool,
    bare_cr: bool,
    index: SmallVec<[Entry; 20]>,
    defect: Option<WireError>,
}

impl<'a> Indexer<'a> {
    fn new(data: &'a [u8], limits: &'a Limits) -> Self {
        let index = SmallVec::new();
        Self {
            data,
            limits,
            pos: 0,
            head_end: 0,
            seen: 0,
            twice: 0,
            bare_lf: false,
            bare_cr: false,
            index,
            defect: None,
        }
    }

    fn note(&mut self, kind: Kind, at: usize) {
        self.defect.get_or_insert_with(|| WireError::new(kind, at));
    }

    /// Moves behind the line that `from` is in, folded lines included if `folds`; returns where its content ends.
    fn line_end(&mut self, mut from: usize, folds: bool) -> usize {
        loop {
            let Some(n) = memchr2(b'\r', b'\n', self.data.get(from..).unwrap_or_default()) else {
                self.pos = self.data.len();
                return self.pos;
            };
            let at = from + n;
            let crlf = self.data.get(at..at + 2) == Some(b"\r\n");
            let next = at + 1 + usize::from(crlf);
            if !crlf {
                if self.data.get(at) == Some(&b'\r') {
                    self.note(Kind::BareCr, at);
                    self.bare_cr = true;
                    from = at + 1;
                    continue;
                }
                self.bare_lf = true;
            }
            if folds && matches!(self.data.get(next), Some(b' ' | b'\t')) {
                from = next;
                continue;
            }
            self.pos = next;
            return at;
        }
    }

    fn headers(&mut self) {
        loop {
            self.head_end = self.pos;
            match self.data.get(self.pos..).unwrap_or_default() {
                [] => return self.note(Kind::NoEndOfHeaders, self.pos),
                [b'\r', b'\n', ..] => {
                    self.pos += 2;
                    return;
                }
                [b'\n', ..] => {
                    self.pos += 1;
                    self.bare_lf = true;
                    return;
                }
                _ => self.header_line(),
            }
        }
    }

    /// Indexes Content-Length and nothing else, as [`headers`](Self::headers) would; `false` where there may be more headers
    /// than are indexed, of which only that pass can tell which.
    fn lengths(&mut self) -> bool {
        for _ in 0..=self.limits.headers {
            let line = self.data.get(self.pos..).unwrap_or_default();
            match line {
                [] | [b'\r', b'\n', ..] | [b'\n', ..] => return true,
                [b'l' | b'L', b':' | b' ' | b'\t', ..] => self.header_line(),
                [b'c' | b'C', ..] if begins_with(line, b"content-length") => self.header_line(),
                _ => self.skip_line(),
            }
        }
        false
    }

    /// Moves behind a line and what is folded into it. A CR alone ends none.
    fn skip_line(&mut self) {
        while let Some(n) = memchr(b'\n', self.data.get(self.pos..).unwrap_or_default()) {
            self.pos += n + 1;
            if !matches!(self.data.get(self.pos), Some(b' ' | b'\t')) {
                return;
            }
        }
        self.pos = self.data.len();
    }

    fn header_line(&mut self) {
        let (data, start) = (self.data, self.pos);
        let line = data.get(start..).unwrap_or_default();
        let name_len = line
            .iter()
            .position(|&b| !is_token_byte(b))
            .unwrap_or(line.len());
        let mut at = start + name_len;
        while matches!(data.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        let name_fits = u8::try_from(name_len).ok().filter(|&n| n > 0);
        let (Some(name_len), Some(b':')) = (name_fits, data.get(at)) else {
            self.note(Kind::HeaderLine, start);
            self.line_end(start, true);
            return;
        };
        let end = self.line_end(at + 1, true);
        let mut value = at + 1;
        while value < end && data.get(value).is_some_and(|&b| is_lws(b)) {
            value += 1;
        }
        let len = trim_end(data.get(value..end).unwrap_or_default()).len();
        if self.pos - start > self.limits.header.min(usize::from(u16::MAX)) {
            return self.note(Kind::HeaderTooLong, start);
        }
        let id = HeaderId::lookup(
            data.get(start..start + usize::from(name_len))
                .unwrap_or_default(),
        );
        // Both fit: they are parts of a line that is no longer than `u16::MAX`.
        self.push(Entry {
            start: start as u32,
            gap: (value - start) as u16,
            len: len as u16,
            name_len,
            id,
        });
    }

    fn push(&mut self, entry: Entry) {
        let bit = entry.id.bit();
        if self.index.len() >= self.limits.headers {
            self.note(Kind::TooManyHeaders, entry.start as usize);
            let is_needed = CORE & bit & !self.seen != 0 || entry.id == HeaderId::Via;
            if !is_needed || self.index.len() >= self.limits.headers + self.limits.vias {
                return;
            }
        }
        self.twice |= self.seen & bit;
        self.seen |= bit;
        self.index.push(entry);
    }

    fn start_line(&mut self) -> Result<Start, WireError> {
        let end = self.line_end(0, false);
        let line = self.data.get(..end).unwrap_or_default();
        if line.get(..4).is_some_and(|s| eq_token(s, b"SIP/")) {
            self.status_line(line)
        } else {
            self.request_line(line)
        }
    }

    /// `SIP/2.0 SP 3DIGIT SP reason`; the last blank may be missing with the reason.
    fn status_line(&mut self, line: &[u8]) -> Result<Start, WireError> {
        let error = |at| WireError::new(Kind::StatusLine, at);
        let space = line
            .iter()
            .position(|&b| b == b' ')
            .ok_or_else(|| error(0))?;
        if !eq_token(&line[..space], b"SIP/2.0") {
            self.note(Kind::Version, 0);
        }
        let at = space + 1;
        let (digits, rest) = line
            .get(at..)
            .and_then(|s| s.split_at_checked(3))
            .ok_or_else(|| error(at))?;
        let code = decimal(digits)
            .filter(|c| (100..700).contains(c))
            .ok_or_else(|| error(at))?;
        let reason_at = match rest {
            [] => at + 3,
            [b' ', ..] => at + 4,
            _ => return Err(error(at)),
        };
        let reason = (reason_at as u32, (line.len() - reason_at) as u32);
        Ok(Start::Response {
            code: code as u16,
            reason,
        })
    }

    /// `Method SP Request-URI SP SIP/2.0`, single blanks. What can be told apart is, to be answered.
    fn request_line(&mut self, line: &[u8]) -> Result<Start, WireError> {
        let not_sip = WireError::new(Kind::NotSip, 0);
        let space = line.iter().position(|&b| b == b' ').ok_or(not_sip)?;
        if !is_token(&line[..space]) || space > self.limits.header {
            return Err(not_sip);
        }
        // An unknown name is put in by `index`, which has the buffer to share.
        let method = Method::known(&line[..space]).unwrap_or(Method::Other(Bytes::new()));
        let content = trim_end(line);
        let last = content.iter().rposition(|&b| b == b' ').unwrap_or(space);
        let version = content.get(last + 1..).unwrap_or_default();
        if !version.get(..4).is_some_and(|v| eq_token(v, b"SIP/")) {
            return Err(not_sip);
        }
        let uri = line.get(space + 1..last).unwrap_or_default();
        if uri.is_empty() || uri.iter().any(|&b| is_lws(b)) || content.len() != line.len() {
            self.note(Kind::RequestLine, space + 1);
        } else if !eq_token(version, b"SIP/2.0") {
            let kind = if is_version(version) {
                Kind::Version
            } else {
                Kind::RequestLine
            };
            self.note(kind, last + 1);
        } else if uri.len() > self.limits.uri {
            self.note(Kind::UriTooLong, space + 1);
        }
        Ok(Start::Request {
            method,
            uri: (space as u32 + 1, uri.len() as u32),
        })
    }
}

fn begins_with(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(name))
}

/// `SIP/1*DIGIT.1*DIGIT`.
fn is_version(s: &[u8]) -> bool {
    let mut parts = s.get(4..).unwrap_or_default().splitn(2, |&b| b == b'.');
    let mut digits = || {
        parts
            .next()
            .is_some_and(|p| !p.is_empty() && p.iter().all(u8::is_ascii_digit))
    };
    digits() && digits()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the full index says of Content-Length, whatever the start line.
    fn indexed(head: &[u8], limits: &Limits) -> Vec<Vec<u8>> {
        let mut indexer = Indexer::new(head, limits);
        let _ = indexer.start_line();
        indexer.headers();
        let lengths = indexer.index.iter();
        lengths
            .filter(|entry| entry.id == HeaderId::ContentLength)
            .map(|entry| entry.value(head).to_vec())
            .collect()
    }

    /// Two readings of one stream must not differ in where its messages end.
    #[test]
    fn the_framer_sees_the_lengths_that_the_index_sees() {
        let limits = Limits {
            headers: 6,
            ..Limits::DEFAULT
        };
        let pieces: [&[u8]; 19] = [
            b"Content-Length: 5",
            b"cOnTent-lEngth :7",
            b"l: 9",
            b"L\t:\r\n 11",
            b"l 9",
            b"Content-Lengthy: 1",
            b"Content-Length",
            b"Via: a",
            b"a:b",
            b" folded",
            b"\t",
            b":",
            b"\r",
            b"\r\n",
            b"\n",
            b"\r\n\r\n",
            b"\r\n ",
            b"\n\t",
            b"\xff",
        ];
        let mut seed = 1u64;
        let mut found = 0;
        for _ in 0..60_000 {
            let mut head = b"BYE sip:a SIP/2.0\r\n".to_vec();
            for _ in 0..12 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // Mostly lines, so that messages of many headers come up.
                let line_end = seed >> 62 == 0;
                let pick = if line_end {
                    13
                } else {
                    (seed >> 33) as usize % pieces.len()
                };
                head.extend_from_slice(pieces[pick]);
            }
            let wanted = indexed(&head, &limits);
            let got = framed_length(&head, &limits);
            let expected = match &wanted[..] {
                [] => Ok(None),
                [value] => match decimal(value).and_then(|n| u32::try_from(n).ok()) {
                    Some(length) => Ok(Some(length)),
                    None => Err(Kind::Number),
                },
                _ => Err(Kind::DuplicateHeader),
            };
            found += usize::from(matches!(expected, Ok(Some(_))));
            let shown = String::from_utf8_lossy(&head);
            assert_eq!(got.map_err(|error| error.kind), expected, "{shown:?}");
        }
        assert!(found > 1_000, "{found}");
    }
}
