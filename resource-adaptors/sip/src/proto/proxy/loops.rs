//! Loops and spirals (RFC 3261 16.3 item 4, 16.6 step 8; RFC 5393 4.2).
//!
//! Every branch that goes out of a proxy carries a keyed hash of all that its routing depends on. A request that comes
//! back with the same hash would go the same way again: a loop. One that comes back changed is a spiral and goes on.

use super::super::keyed::{Branch, Secret};
use super::super::wire::{HeaderId, Message};

const MARK: usize = 13;

/// The mark of a request as it came.
#[must_use]
pub fn loop_mark(secret: &Secret, request: &Message) -> u64 {
    let mut hash = secret.hash(b"loop");
    hash.field(request.uri_raw().unwrap_or_default());
    for id in [
        HeaderId::Route,
        HeaderId::ProxyRequire,
        HeaderId::ProxyAuthorization,
    ] {
        for value in request.lines(id) {
            hash.field(value);
        }
        hash.write(&[id as u8]);
    }
    hash.field(request.from_tag().unwrap_or_default());
    hash.field(request.to_tag().unwrap_or_default());
    hash.field(request.call_id().unwrap_or_default());
    hash.write(&request.cseq().map_or(0, |cseq| cseq.number).to_le_bytes());
    hash.finish() & 0x000f_ffff_ffff_ffff
}

/// A branch with its mark behind it.
#[must_use]
pub fn marked_branch(branch: &Branch, mark: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(branch.as_bytes().len() + 1 + MARK);
    out.extend_from_slice(branch.as_bytes());
    push_mark(&mut out, mark);
    out
}

fn push_mark(out: &mut Vec<u8>, mark: u64) {
    out.push(b'.');
    out.extend(
        (0..MARK)
            .rev()
            .map(|n| b"0123456789abcdef"[(mark >> (4 * n) & 15) as usize]),
    );
}

/// Whether a request has passed here before and would go the same way again.
#[must_use]
pub fn meets_itself(secret: &Secret, request: &Message, mark: u64) -> bool {
    let mut text = Vec::with_capacity(1 + MARK);
    push_mark(&mut text, mark);
    // The top Via is that of whoever sent it: never ours, unless we sent it to ourselves.
    request.vias().filter_map(Result::ok).any(|via| {
        via.branch()
            .is_some_and(|branch| branch.ends_with(&text) && secret.our_branch(branch).is_some())
    })
}
