//! What a REGISTER asks for, and what becomes of it: RFC 3261 10.3 steps 6 to 8, RFC 5626 6.

use super::super::compose::line_number;
use super::super::flow::Flow;
use super::super::time::Ms;
use super::super::wire::text::{decimal, unfold};
use super::super::wire::{Elements, HeaderId, Message, NameAddr, Params, Scheme, Uri};
use super::binding::{Binding, Texts, instance};
use super::{Aor, Gruu};

/// What a registrar allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The shortest life of a binding, in seconds; 423 below it.
    pub min_expires: u32,
    /// Its life where the client names none.
    pub default_expires: u32,
    /// The longest: what is asked beyond it is cut.
    pub max_expires: u32,
    /// Bindings that one address of record may have.
    pub contacts: usize,
}

/// Why a REGISTER changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be understood; the text is the reason phrase.
    #[error("{0}")]
    Malformed(&'static str),
    /// It asks for less time than this many seconds.
    #[error("Interval Too Brief")]
    TooBrief(u32),
    /// A later REGISTER of the same client has been carried out.
    #[error("Out Of Order")]
    OutOfOrder,
    /// The address of record would have more bindings than it may.
    #[error("Too Many Contacts")]
    TooMany,
    /// The table is full.
    #[error("Registrar Full")]
    Full,
    /// A contact is a GRUU of the registrar's own.
    #[error("Contact Is A GRUU")]
    Gruu,
    /// A flow is to be registered through a first hop that does not keep flows (RFC 5626 6).
    #[error("First Hop Lacks Outbound Support")]
    NoOutbound,
}

impl Refusal {
    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::TooBrief(_) => 423,
            Self::OutOfOrder => 500,
            Self::TooMany | Self::Gruu => 403,
            Self::Full => 503,
            Self::NoOutbound => 439,
        }
    }

    /// The header lines that go with it, `retry_after` in seconds.
    #[must_use]
    pub fn lines(&self, retry_after: u32) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::TooBrief(min) => {
                line_number(&mut out, HeaderId::MinExpires.name(), u64::from(*min));
            }
            Self::Full => {
                line_number(
                    &mut out,
                    HeaderId::RetryAfter.name(),
                    u64::from(retry_after),
                );
            }
            Self::Malformed(_)
            | Self::OutOfOrder
            | Self::TooMany
            | Self::Gruu
            | Self::NoOutbound => {}
        }
        out
    }
}

/// What a REGISTER makes of the bindings of its address of record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// All bindings that there are then.
    pub bindings: Vec<Binding>,
    /// Whether anything changes.
    pub changed: bool,
    /// Whether a flow was registered: the answer requires `outbound` (RFC 5626 6).
    pub outbound: bool,
}

/// What is asked of the bindings.
enum Asked {
    Nothing,
    RemoveAll,
    /// Each with its life in seconds.
    Change(Vec<(Binding, u32)>),
}

/// What becomes of `before` by a REGISTER that came over `flow`.
pub(super) fn decide(
    (aor, before): (&Aor, &[Binding]),
    now: Ms,
    request: &Message,
    flow: Flow,
    policy: &Policy,
) -> Result<Outcome, Refusal> {
    let cseq = request
        .cseq()
        .map_err(|_| Refusal::Malformed("Bad CSeq"))?
        .number;
    let call_id = request
        .call_id()
        .map_err(|_| Refusal::Malformed("Bad Call-ID"))?;
    let late = |old: &Binding| old.texts().call_id == call_id && cseq < old.cseq;
    let copy = |old: &Binding| old.texts().call_id == call_id && cseq == old.cseq;
    let mut bindings: Vec<Binding> = before.iter().filter(|b| b.until > now).cloned().collect();
    let mut outcome = Outcome {
        bindings: Vec::new(),
        changed: false,
        outbound: false,
    };
    match asked(aor, request, flow, policy)? {
        Asked::Nothing => {}
        Asked::RemoveAll => {
            if bindings.iter().any(late) {
                return Err(Refusal::OutOfOrder);
            }
            outcome.changed = !bindings.is_empty();
            bindings.clear();
        }
        Asked::Change(changes) => {
            for (mut new, expires) in changes {
                outcome.outbound |= new.reg_id > 0;
                let at = bindings.iter().position(|old| old.is_same_contact(&new));
                let old = at.and_then(|at| bindings.get_mut(at));
                if old.as_ref().is_some_and(|old| late(old)) {
                    return Err(Refusal::OutOfOrder);
                }
                // A copy that the transaction layer did not know, after a restart: it has been carried out.
                if old.as_ref().is_some_and(|old| copy(old)) && expires > 0 {
                    continue;
                }
                new.cseq = cseq;
                new.since = now;
                new.until = now + u64::from(expires) * 1000;
                match (old, at) {
                    (Some(_), Some(at)) if expires == 0 => drop(bindings.remove(at)),
                    (Some(old), _) => {
                        new.id = old.id;
                        new.share_texts(old);
                        *old = new;
                    }
                    (None, _) if expires == 0 => continue,
                    (None, _) => {
                        new.id = free_id(&bindings, before);
                        bindings.push(new);
                    }
                }
                outcome.changed = true;
            }
            // A limit that was lowered meanwhile takes nothing away.
            if bindings.len() > policy.contacts && bindings.len() > before.len() {
                return Err(Refusal::TooMany);
            }
        }
    }
    outcome.bindings = bindings;
    Ok(outcome)
}

/// An id that no binding has, nor had one that this REGISTER removes.
fn free_id(bindings: &[Binding], before: &[Binding]) -> u16 {
    let taken = |id| {
        bindings
            .iter()
            .chain(before)
            .any(|binding| binding.id == id)
    };
    (0..u16::MAX).find(|id| !taken(*id)).unwrap_or(u16::MAX)
}

fn asked(aor: &Aor, request: &Message, flow: Flow, policy: &Policy) -> Result<Asked, Refusal> {
    // RFC 3261 10.3 step 7: what cannot be read counts as not written.
    let header = request.expires().ok().flatten();
    let path = path(request)?;
    let direct = request.values(HeaderId::Via).count() == 1;
    let mut changes = Vec::new();
    let mut contacts = 0;
    for value in request.values(HeaderId::Contact) {
        contacts += 1;
        if value == b"*" {
            return match (request.values(HeaderId::Contact).count(), header) {
                (1, Some(0)) => Ok(Asked::RemoveAll),
                _ => Err(Refusal::Malformed("Contact * Needs Expires 0")),
            };
        }
        if contacts > policy.contacts.max(1) * 2 {
            return Err(Refusal::TooMany);
        }
        let contact =
            NameAddr::parse(value).map_err(|_| Refusal::Malformed("Malformed Contact"))?;
        contact
            .check()
            .map_err(|_| Refusal::Malformed("Malformed Contact"))?;
        if leads_back(aor, contact.uri_raw) {
            return Err(Refusal::Gruu);
        }
        let expires = lifetime(&contact.params, header, policy)?;
        let mut binding = read(request, &contact, &path, flow)?;
        binding.direct = direct;
        if binding.reg_id > 0 && expires > 0 && !direct && !keeps_flows(&path) {
            return Err(Refusal::NoOutbound);
        }
        changes.push((binding, expires));
    }
    Ok(if contacts == 0 {
        Asked::Nothing
    } else {
        Asked::Change(changes)
    })
}

fn read(
    request: &Message,
    contact: &NameAddr<'_>,
    path: &[u8],
    flow: Flow,
) -> Result<Binding, Refusal> {
    let uri = contact
        .uri()
        .map_err(|_| Refusal::Malformed("Malformed Contact"))?;
    if !matches!(uri.scheme(), Scheme::Sip | Scheme::Sips | Scheme::Tel) {
        return Err(Refusal::Malformed("Contact Is No SIP URI"));
    }
    let params = kept(contact.params);
    let texts = Texts {
        uri: contact.uri_raw,
        params: &params,
        path,
        call_id: request.call_id().unwrap_or_default(),
    };
    let mut binding =
        Binding::new(texts, flow).map_err(|_| Refusal::Malformed("Contact Too Long"))?;
    if let Some(q) = contact.params.value(b"q") {
        binding.q = thousandths(q).ok_or(Refusal::Malformed("Malformed q"))?;
    }
    let outbound = request.lists(HeaderId::Supported, b"outbound");
    if let Some(reg_id) = contact.params.value(b"reg-id")
        && outbound
        && instance(contact.params).is_some()
    {
        let reg_id = decimal(reg_id).and_then(|n| u32::try_from(n).ok());
        binding.reg_id = reg_id
            .filter(|n| (1..1 << 31).contains(n))
            .ok_or(Refusal::Malformed("Malformed reg-id"))?;
    }
    Ok(binding)
}

/// Whether a contact is itself a GRUU of the domain: it would lead back to the table (RFC 5627 5.1).
fn leads_back(aor: &Aor, contact: &[u8]) -> bool {
    Gruu::of(contact).is_some()
        && Aor::parse(contact).is_ok_and(|contact| contact.domain() == aor.domain())
}

fn lifetime(params: &Params<'_>, header: Option<u32>, policy: &Policy) -> Result<u32, Refusal> {
    let written = params
        .value(b"expires")
        .and_then(decimal)
        .map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
    let asked = written.or(header).unwrap_or(policy.default_expires);
    if asked > 0 && asked < policy.min_expires && asked < 3600 {
        return Err(Refusal::TooBrief(policy.min_expires));
    }
    Ok(asked.min(policy.max_expires))
}

/// The parameters but those that the registrar writes itself, on one line.
fn kept(params: Params<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(params.as_bytes().len());
    let ours: [&[u8]; 3] = [b"expires", b"pub-gruu", b"temp-gruu"];
    for param in params
        .iter()
        .filter(|p| !ours.iter().any(|own| p.name.eq_ignore_ascii_case(own)))
    {
        out.push(b';');
        out.extend_from_slice(param.name);
        if let Some(value) = param.value {
            out.push(b'=');
            out.extend_from_slice(&unfold(value));
        }
    }
    out
}

/// `0.5` as 500; at most three digits behind the point, at most 1.
fn thousandths(q: &[u8]) -> Option<u16> {
    let (whole, rest) = match q.iter().position(|byte| *byte == b'.') {
        Some(at) => (q.get(..at)?, q.get(at + 1..)?),
        None => (q, &b""[..]),
    };
    if rest.len() > 3 || whole.len() > 1 || (whole.is_empty() && rest.is_empty()) {
        return None;
    }
    let mut value = u16::from(match whole {
        b"" | b"0" => 0u8,
        b"1" => 1,
        _ => return None,
    });
    for at in 0..3 {
        let digit = match rest.get(at) {
            Some(byte) if byte.is_ascii_digit() => u16::from(byte - b'0'),
            Some(_) => return None,
            None => 0,
        };
        value = value * 10 + digit;
    }
    (value <= 1000).then_some(value)
}

/// The Path of a request as the value of one Route header (RFC 3327 5.3).
fn path(request: &Message) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    for value in request.values(HeaderId::Path) {
        NameAddr::parse(value)
            .and_then(|hop| hop.check())
            .map_err(|_| Refusal::Malformed("Malformed Path"))?;
        if !out.is_empty() {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(&unfold(value));
    }
    Ok(out)
}

/// Whether the first hop of a Path keeps flows (RFC 5626 5.1): its URI says `ob`. It stands last, next to the client.
fn keeps_flows(path: &[u8]) -> bool {
    let first = Elements::new(path).filter(|hop| !hop.is_empty()).last();
    first
        .and_then(|hop| NameAddr::parse(hop).ok())
        .and_then(|hop| Uri::parse(hop.uri_raw).ok())
        .is_some_and(|uri| uri.params().has(b"ob"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_have_three_digits() {
        for (text, value) in [
            ("1", 1000),
            ("1.0", 1000),
            ("0.5", 500),
            (".25", 250),
            ("0.123", 123),
            ("0", 0),
        ] {
            assert_eq!(thousandths(text.as_bytes()), Some(value), "{text}");
        }
        for bad in ["", ".", "2", "1.1", "0.1234", "-1", "0.x", "00.1"] {
            assert_eq!(thousandths(bad.as_bytes()), None, "{bad}");
        }
    }
}
