//! Requests whose header lines are all plain, looked at once and not indexed: for refusing what there is no time to read.
//!
//! Plain is a request with one value in each line that is needed here, no line folded, no header twice that may stand once,
//! and nothing in it that asks for another answer than 503. Of everything else [`Plain::of`] makes nothing, and it takes the
//! usual path. Not checked is what only a service relies on, such as Contact or the URIs of From and To.

use bytes::Bytes;
use memchr::{memchr, memchr2};
use smallvec::SmallVec;

use super::compose;
use super::flow::Flow;
use super::triage::Urgency;
use super::wire::text::{decimal, is_token_byte, trim};
use super::wire::{CSeq, HeaderId, Limits, Method, NameAddr, Scheme, Uri, Via};

/// A request, and what an answer copies from it.
#[derive(Debug, Clone)]
pub struct Plain<'a> {
    pub(super) method: Method,
    /// It is one of those that must not wait.
    pub(super) urgent: bool,
    pub(super) via: Via<'a>,
    pub(super) from_tag: &'a [u8],
    pub(super) to_tag: Option<&'a [u8]>,
    pub(super) call_id: &'a [u8],
    pub(super) cseq: CSeq<'a>,
    /// Session-Expires; empty if it has none.
    pub(super) session: &'a [u8],
    lines: Lines<'a>,
}

/// Values as they came.
#[derive(Debug, Clone, Default)]
struct Lines<'a> {
    vias: SmallVec<[&'a [u8]; 8]>,
    from: &'a [u8],
    to: &'a [u8],
    call_id: &'a [u8],
    cseq: &'a [u8],
    session: &'a [u8],
    urgent: bool,
}

impl<'a> Plain<'a> {
    /// Looks at a datagram.
    #[must_use]
    pub fn of(message: &'a [u8], limits: &Limits, urgency: &Urgency) -> Option<Self> {
        if message.len() > limits.datagram {
            return None;
        }
        let (line, rest) = split_line(message)?;
        let (method, line) = line.split_at(memchr(b' ', line)?);
        let method = Method::known(method)?;
        let uri = line.get(1..)?.strip_suffix(b" SIP/2.0")?;
        let parsed = Uri::parse(uri).ok()?;
        let usual = uri.len() <= limits.uri && parsed.headers().is_none();
        if !usual || matches!(parsed.scheme(), Scheme::Other(_)) {
            return None;
        }
        let lines = Lines::of(rest, limits, urgency)?;
        let via = Via::parse(lines.vias.first()?).ok()?;
        let cseq = CSeq::parse(lines.cseq).ok()?;
        let (from, to) = (
            NameAddr::parse(lines.from).ok()?,
            NameAddr::parse(lines.to).ok()?,
        );
        let params = [via.params, from.params, to.params];
        if !via.is_sip2() || !cseq.is(&method) || params.iter().any(|p| p.check().is_err()) {
            return None;
        }
        Some(Self {
            urgent: lines.urgent || urgency.is_for(uri),
            via,
            from_tag: from.tag().unwrap_or_default(),
            to_tag: to.tag(),
            call_id: lines.call_id,
            cseq,
            session: lines.session,
            method,
            lines,
        })
    }

    /// Whether it begins something that may be refused: what belongs to something that is there has another answer.
    pub(super) fn is_new(&self) -> bool {
        use Method::{Invite, Message, Options, Publish, Refer, Register, Subscribe};
        let begins = matches!(
            self.method,
            Invite | Message | Options | Publish | Refer | Register | Subscribe
        );
        begins && self.to_tag.is_none()
    }

    /// 503, the same that [`compose::response`] writes to the request that was read.
    pub(super) fn unavailable(&self, source: &Flow, tag: &[u8], more: &[u8]) -> Bytes {
        let lines = &self.lines;
        let vias: usize = lines.vias.iter().map(|via| via.len() + 8).sum();
        let mut out = Vec::with_capacity(
            256 + vias + lines.from.len() + lines.to.len() + lines.call_id.len() + more.len(),
        );
        out.extend_from_slice(b"SIP/2.0 503 ");
        out.extend_from_slice(compose::reason(503));
        out.extend_from_slice(b"\r\n");
        compose::push_via_lines(&mut out, lines.vias.iter().copied(), source);
        compose::line(&mut out, HeaderId::From.name(), lines.from);
        out.extend_from_slice(b"To: ");
        out.extend_from_slice(lines.to);
        out.extend_from_slice(b";tag=");
        out.extend_from_slice(tag);
        out.extend_from_slice(b"\r\n");
        compose::line(&mut out, HeaderId::CallId.name(), lines.call_id);
        compose::line(&mut out, HeaderId::CSeq.name(), lines.cseq);
        out.extend_from_slice(more);
        compose::push_body(&mut out, b"");
        Bytes::from(out)
    }
}

impl<'a> Lines<'a> {
    fn of(mut rest: &'a [u8], limits: &Limits, urgency: &Urgency) -> Option<Self> {
        let mut found = Self::default();
        let (mut seen, mut count, mut length) = (0, 0, None);
        loop {
            let (line, next) = split_line(rest)?;
            rest = next;
            if line.is_empty() {
                break;
            }
            let name = line.iter().position(|byte| !is_token_byte(*byte))?;
            let (name, value) = line.split_at(name);
            let value = trim(value.trim_ascii_start().strip_prefix(b":")?);
            count += 1;
            // A line that begins with a blank belongs to the one before.
            if name.is_empty() || count > limits.headers || line.len() + 2 > limits.header {
                return None;
            }
            let id = HeaderId::lookup(name);
            if id.is_single() && seen & id.bit() != 0 {
                return None;
            }
            seen |= id.bit();
            if id == HeaderId::ContentLength {
                length = Some(decimal(value)?);
            } else if id == HeaderId::MaxForwards {
                decimal(value).filter(|hops| *hops < 256)?;
            } else if id == HeaderId::Other || id == HeaderId::Priority {
                found.urgent |= urgency.says(name, value);
            } else {
                found.keep(id, value)?;
            }
        }
        let body = rest.len() as u64;
        let fits = length.unwrap_or(body) <= body.min(limits.body as u64);
        let known = !found.call_id.is_empty() && memchr2(b' ', b'\t', found.call_id).is_none();
        (fits && known && found.vias.len() <= limits.vias).then_some(found)
    }

    /// Nothing if it makes the request one that is not plain.
    fn keep(&mut self, id: HeaderId, value: &'a [u8]) -> Option<()> {
        // What is asked here may not be granted, whether there is time or not.
        if id == HeaderId::Route || id == HeaderId::Require {
            return None;
        }
        if id == HeaderId::Via {
            // One value in a line. Two could be told apart, but who sends them has the usual path.
            let one = memchr2(b',', b'"', value).is_none();
            return one.then(|| self.vias.push(value));
        }
        let places = [
            (HeaderId::From, &mut self.from),
            (HeaderId::To, &mut self.to),
            (HeaderId::CallId, &mut self.call_id),
            (HeaderId::CSeq, &mut self.cseq),
            (HeaderId::SessionExpires, &mut self.session),
        ];
        for (known, place) in places {
            if known == id {
                *place = value;
            }
        }
        Some(())
    }
}

/// The first line without its end, and what follows; nothing if another end than CRLF is in it.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr2(b'\r', b'\n', bytes)?;
    let (line, rest) = bytes.split_at(at);
    Some((line, rest.strip_prefix(b"\r\n")?))
}
