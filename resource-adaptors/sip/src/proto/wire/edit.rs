//! A changed copy of a message: lines that no change names are copied byte for byte.
//!
//! Changes name a header, not a place. They are kept in one scratch buffer and applied in one pass.

use bytes::Bytes;
use smallvec::SmallVec;

use super::build::{BuildError, breaks_line};
use super::header::HeaderId;
use super::list::Elements;
use super::message::{Entry, Message, Start};
use super::text::{eq_token, is_lws, is_token, push_decimal, unfold};

/// Changes to a message that is not touched itself.
#[derive(Debug, Clone)]
pub struct Edit<'m> {
    message: &'m Message,
    scratch: Vec<u8>,
    ops: SmallVec<[Op; 8]>,
    uri: Option<(usize, usize)>,
    body: Option<Bytes>,
    error: Option<BuildError>,
}

#[derive(Debug, Clone, Copy)]
struct Op {
    kind: Kind,
    id: HeaderId,
    name: (usize, usize),
    value: (usize, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Prepend,
    Append,
    Replace,
    Remove,
    /// Takes this many list elements off the top.
    Drop(usize),
}

impl<'m> Edit<'m> {
    /// Starts without changes.
    pub fn new(message: &'m Message) -> Self {
        Self {
            message,
            scratch: Vec::with_capacity(256),
            ops: SmallVec::new(),
            uri: None,
            body: None,
            error: None,
        }
    }

    /// Replaces the Request-URI of a request.
    pub fn uri(&mut self, uri: &[u8]) -> &mut Self {
        if uri.is_empty() || uri.iter().any(|&b| is_lws(b)) {
            self.error.get_or_insert(BuildError::RequestLine);
        }
        self.uri = Some(self.keep(uri));
        self
    }

    /// Puts a line before the header's first one. Of two prepended lines the later one comes first.
    pub fn prepend(&mut self, id: HeaderId, value: &[u8]) -> &mut Self {
        self.op(Kind::Prepend, id.name(), value)
    }

    /// Puts a line behind all others.
    pub fn append(&mut self, id: HeaderId, value: &[u8]) -> &mut Self {
        self.op(Kind::Append, id.name(), value)
    }

    /// Puts a line behind all others, by name.
    pub fn append_named(&mut self, name: &[u8], value: &[u8]) -> &mut Self {
        self.op(Kind::Append, name, value)
    }

    /// Replaces all lines of a header by one, which stands where the first one stood.
    pub fn replace(&mut self, id: HeaderId, value: &[u8]) -> &mut Self {
        self.op(Kind::Replace, id.name(), value)
    }

    /// Replaces all lines of a header by one, by name.
    pub fn replace_named(&mut self, name: &[u8], value: &[u8]) -> &mut Self {
        self.op(Kind::Replace, name, value)
    }

    /// Removes all lines of a header.
    pub fn remove(&mut self, id: HeaderId) -> &mut Self {
        self.op(Kind::Remove, id.name(), b"")
    }

    /// Removes all lines of a header, by name.
    pub fn remove_named(&mut self, name: &[u8]) -> &mut Self {
        self.op(Kind::Remove, name, b"")
    }

    /// Removes the top value of a list header, such as our own Via or Route; the rest of its line stays.
    pub fn remove_top(&mut self, id: HeaderId) -> &mut Self {
        for op in self.ops.iter_mut().filter(|op| op.id == id) {
            if let Kind::Drop(n) = &mut op.kind {
                *n += 1;
                return self;
            }
        }
        self.op(Kind::Drop(1), id.name(), b"")
    }

    /// Replaces the body; Content-Length follows.
    pub fn body(&mut self, body: Bytes) -> &mut Self {
        self.body = Some(body);
        self
    }

    /// Writes the changed message.
    pub fn finish(&self) -> Result<Bytes, BuildError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut out = Vec::with_capacity(self.message.bytes.len() + self.scratch.len() + 64);
        self.start_line(&mut out);
        let mut drops: SmallVec<[(HeaderId, usize); 4]> = SmallVec::new();
        for op in &self.ops {
            if let Kind::Drop(n) = op.kind {
                drops.push((op.id, n));
            }
        }
        let entries = self.message.entries();
        for (n, entry) in entries.iter().enumerate() {
            let end = entries
                .get(n + 1)
                .map_or(self.message.head_end, |e| e.start);
            self.line(&mut out, n, entry, end as usize, &mut drops);
        }
        self.rest(&mut out);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(self.body.as_deref().unwrap_or_else(|| self.message.body()));
        Ok(Bytes::from(out))
    }

    fn start_line(&self, out: &mut Vec<u8>) {
        let data = self.message.as_bytes();
        match (&self.message.start, self.uri) {
            (Start::Request { uri, .. }, Some(new)) => {
                out.extend_from_slice(data.get(..uri.0 as usize).unwrap_or_default());
                out.extend_from_slice(self.kept(new));
                out.extend_from_slice(b" SIP/2.0\r\n");
            }
            _ => {
                let end = self
                    .message
                    .entries()
                    .first()
                    .map_or(self.message.head_end, |e| e.start);
                let line = data.get(..end as usize).unwrap_or_default();
                let content = line.strip_suffix(b"\n").unwrap_or(line);
                out.extend_from_slice(content.strip_suffix(b"\r").unwrap_or(content));
                out.extend_from_slice(b"\r\n");
            }
        }
    }

    fn line(
        &self,
        out: &mut Vec<u8>,
        n: usize,
        entry: &Entry,
        end: usize,
        drops: &mut [(HeaderId, usize)],
    ) {
        let data = self.message.as_bytes();
        let name = entry.name(data);
        let is_first = || {
            !self
                .message
                .entries()
                .iter()
                .take(n)
                .any(|e| self.same(e, entry))
        };
        let mut gone = false;
        if self.ops.iter().any(|op| self.names(op, entry)) {
            let first = is_first();
            for op in self
                .ops
                .iter()
                .rev()
                .filter(|op| first && op.kind == Kind::Prepend && self.names(op, entry))
            {
                self.write(out, op);
            }
            for op in self.ops.iter().filter(|op| self.names(op, entry)) {
                gone |= matches!(op.kind, Kind::Remove | Kind::Replace);
                if first && op.kind == Kind::Replace {
                    self.write(out, op);
                }
            }
        }
        if gone {
            return;
        }
        if self.body.is_some() && entry.id == HeaderId::ContentLength {
            return;
        }
        let value = entry.value(data);
        if let Some((_, left)) = drops
            .iter_mut()
            .find(|(id, left)| *id == entry.id && *left > 0)
        {
            let kept = drop_top(value, left);
            if !kept.is_empty() {
                push_line(out, name, kept);
            }
        } else if self.message.bare_lf {
            push_line(out, name, &unfold(value));
        } else {
            out.extend_from_slice(data.get(entry.start as usize..end).unwrap_or_default());
        }
    }

    /// What has no place of its own: appended lines, and those for headers that the message does not have.
    fn rest(&self, out: &mut Vec<u8>) {
        for op in self
            .ops
            .iter()
            .rev()
            .filter(|op| op.kind == Kind::Prepend && !self.present(op))
        {
            self.write(out, op);
        }
        for op in &self.ops {
            if op.kind == Kind::Append || (op.kind == Kind::Replace && !self.present(op)) {
                self.write(out, op);
            }
        }
        if let Some(body) = &self.body {
            out.extend_from_slice(b"Content-Length: ");
            push_decimal(out, body.len() as u64);
            out.extend_from_slice(b"\r\n");
        }
    }

    fn present(&self, op: &Op) -> bool {
        self.message.entries().iter().any(|e| self.names(op, e))
    }

    fn names(&self, op: &Op, entry: &Entry) -> bool {
        op.id == entry.id
            && (op.id != HeaderId::Other
                || eq_token(self.kept(op.name), entry.name(self.message.as_bytes())))
    }

    fn same(&self, a: &Entry, b: &Entry) -> bool {
        let data = self.message.as_bytes();
        a.id == b.id && (a.id != HeaderId::Other || eq_token(a.name(data), b.name(data)))
    }

    fn write(&self, out: &mut Vec<u8>, op: &Op) {
        push_line(out, self.kept(op.name), self.kept(op.value));
    }

    fn op(&mut self, kind: Kind, name: &[u8], value: &[u8]) -> &mut Self {
        let id = HeaderId::lookup(name);
        if !is_token(name) {
            self.error.get_or_insert(BuildError::Name);
        }
        if breaks_line(value) {
            self.error.get_or_insert(BuildError::LineBreak("header"));
        }
        let (name, value) = (self.keep(name), self.keep(value));
        self.ops.push(Op {
            kind,
            id,
            name,
            value,
        });
        self
    }

    fn keep(&mut self, bytes: &[u8]) -> (usize, usize) {
        let start = self.scratch.len();
        self.scratch.extend_from_slice(bytes);
        (start, self.scratch.len())
    }

    fn kept(&self, (start, end): (usize, usize)) -> &[u8] {
        self.scratch.get(start..end).unwrap_or_default()
    }
}

/// `value` without its first `left` elements; counts those down that were there.
fn drop_top<'a>(value: &'a [u8], left: &mut usize) -> &'a [u8] {
    let mut elements = Elements::new(value);
    while *left > 0 {
        if elements.next().is_none() {
            return b"";
        }
        *left -= 1;
    }
    elements.remaining()
}

fn push_line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}
