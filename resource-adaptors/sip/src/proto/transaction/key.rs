//! What a request's server transaction is found by: RFC 3261 17.2.3, and 8.2.2.2 for merged requests.

use std::net::IpAddr;

use super::super::keyed::{Digest, Sip24};
use super::super::plain::Plain;
use super::super::wire::{CSeq, HeaderId, Host, Message, Method, Via, is_rfc3261_branch};

/// The keys of one request. All are keyed hashes of 128 bits, so that tables hold no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestKeys {
    /// Of the transaction itself; an ACK's and a CANCEL's is that of their own method.
    pub own: Digest,
    /// Of the INVITE transaction that an ACK or a CANCEL belongs to; otherwise the same as `own`.
    pub invite: Digest,
    /// Of the request whichever way it came (only of one without To tag).
    pub merge: Option<Digest>,
}

impl RequestKeys {
    /// The keys of a request; `None` if it lacks what they are made of, which a checked message does not.
    #[must_use]
    pub fn of(key: [u64; 2], request: &Message) -> Option<Self> {
        let method = request.method()?;
        let via = request.via().ok()?;
        let own = transaction(key, request, &via, method.as_bytes())?;
        let follows = matches!(method, Method::Ack | Method::Cancel);
        let invite = if follows {
            transaction(key, request, &via, b"INVITE")?
        } else {
            own
        };
        let merge = if follows || request.to_tag().is_some() {
            None
        } else {
            let from_tag = request.from_tag().unwrap_or_default();
            Some(merge(
                key,
                from_tag,
                request.call_id().ok()?,
                &request.cseq().ok()?,
            ))
        };
        Some(Self { own, invite, merge })
    }

    /// The key of the INVITE transaction that an ACK belongs to; nothing where the branch alone does not make it.
    pub(super) fn of_plain_ack(key: [u64; 2], ack: &Plain<'_>) -> Option<Digest> {
        let branch = ack.via.branch();
        let branch = branch.filter(|branch| is_rfc3261_branch(branch))?;
        Some(by_branch(key, branch, &ack.via, b"INVITE"))
    }

    /// The same keys of a request without To tag that is no ACK or CANCEL; nothing where the branch alone does not make them.
    pub(super) fn of_plain(key: [u64; 2], request: &Plain<'_>) -> Option<Self> {
        let branch = request
            .via
            .branch()
            .filter(|branch| is_rfc3261_branch(branch))?;
        let own = by_branch(key, branch, &request.via, request.cseq.method);
        let merge = merge(key, request.from_tag, request.call_id, &request.cseq);
        Some(Self {
            own,
            invite: own,
            merge: Some(merge),
        })
    }
}

/// With the magic cookie branch, sent-by and method are enough. Without it (RFC 2543) the Request-URI, From tag,
/// Call-ID, CSeq number and the whole top Via take the branch's place; the To tag is left out, because it differs
/// between an INVITE and its ACK.
fn transaction(key: [u64; 2], request: &Message, via: &Via<'_>, method: &[u8]) -> Option<Digest> {
    if let Some(branch) = via.branch().filter(|branch| is_rfc3261_branch(branch)) {
        return Some(by_branch(key, branch, via, method));
    }
    let mut hash = Sip24::wide(key);
    hash.write(b"2");
    hash.field(request.uri_raw()?);
    hash.field(request.from_tag().unwrap_or_default());
    hash.field(request.call_id().ok()?);
    hash.write(&request.cseq().ok()?.number.to_le_bytes());
    hash.field(request.values(HeaderId::Via).next()?);
    hash.field(method);
    Some(hash.finish_wide())
}

fn by_branch(key: [u64; 2], branch: &[u8], via: &Via<'_>, method: &[u8]) -> Digest {
    let mut hash = Sip24::wide(key);
    hash.write(b"3");
    hash.field_nocase(branch);
    match via.host {
        Host::Name(name) => hash.field_nocase(name),
        Host::Ip(IpAddr::V4(ip)) => hash.field(&ip.octets()),
        Host::Ip(IpAddr::V6(ip)) => hash.field(&ip.octets()),
    }
    hash.write(&via.port.unwrap_or(5060).to_le_bytes());
    hash.field(method);
    hash.finish_wide()
}

fn merge(key: [u64; 2], from_tag: &[u8], call_id: &[u8], cseq: &CSeq<'_>) -> Digest {
    let mut hash = Sip24::wide(key);
    hash.write(b"m");
    hash.field(from_tag);
    hash.field(call_id);
    hash.write(&cseq.number.to_le_bytes());
    hash.field(cseq.method);
    hash.finish_wide()
}
