//! What names a dialog from outside of it: Replaces (RFC 3891), alone or within a Refer-To (RFC 3515).

use strowger::activity::Handle;
use strowger::context::Cx;
use strowger::id::ActivityId;

use super::event::{Dialog, Invite, Refer};
use super::provider::Sip;
use super::target::Target;
use crate::proto::wire::{HeaderId, NameAddr, Params};

/// The value of a Replaces header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replaces {
    value: Vec<u8>,
}

/// The value of a Refer-To header: whom to call, and in whose place.
#[derive(Clone, Debug)]
pub struct ReferTo {
    target: Target,
    replaces: Option<Replaces>,
}

impl Replaces {
    /// Reads a value: a Call-ID, and both tags once (RFC 3891 6.1).
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let replaces = Self {
            value: value.trim_ascii().to_vec(),
        };
        let tags = [b"to-tag".as_slice(), b"from-tag"];
        let once = |tag: &[u8]| {
            let same = |name: &[u8]| name.eq_ignore_ascii_case(tag);
            replaces.params().iter().filter(|p| same(p.name)).count() == 1
        };
        let whole = !replaces.call_id().is_empty()
            && replaces.params().check().is_ok()
            && tags.into_iter().all(once);
        whole.then_some(replaces)
    }

    /// The value as it stands in a message.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Whether only a dialog that is not confirmed is meant.
    #[must_use]
    pub fn is_early_only(&self) -> bool {
        self.params().has(b"early-only")
    }

    fn call_id(&self) -> &[u8] {
        self.split().0
    }

    fn params(&self) -> Params<'_> {
        Params::new(self.split().1)
    }

    fn split(&self) -> (&[u8], &[u8]) {
        let end = self.value.iter().position(|byte| *byte == b';');
        let (call_id, params) = self.value.split_at(end.unwrap_or(self.value.len()));
        (call_id.trim_ascii(), params)
    }

    fn tag(&self, name: &[u8]) -> &[u8] {
        self.params().value(name).unwrap_or_default()
    }
}

impl ReferTo {
    fn parse(value: &[u8]) -> Option<Self> {
        let uri = std::str::from_utf8(NameAddr::parse(value).ok()?.uri_raw).ok()?;
        let (uri, headers) = uri.split_once('?').unwrap_or((uri, ""));
        let replaces = headers.split('&').find_map(|header| {
            let (name, value) = header.split_once('=')?;
            let fits = HeaderId::lookup(name.as_bytes()) == HeaderId::Replaces;
            fits.then(|| Replaces::parse(&unescape(value.as_bytes())))
        });
        Some(Self {
            target: Target::parse(uri).ok()?,
            replaces: match replaces {
                Some(replaces) => Some(replaces?),
                None => None,
            },
        })
    }

    /// Whom to call.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// In whose place.
    #[must_use]
    pub fn replaces(&self) -> Option<&Replaces> {
        self.replaces.as_ref()
    }
}

impl Refer {
    /// Whom it refers to; none if that cannot be read, or is no URI that can be called.
    #[must_use]
    pub fn refer_to(&self) -> Option<ReferTo> {
        ReferTo::parse(self.message().get(HeaderId::ReferTo)?)
    }
}

impl Invite {
    /// In whose place the caller wants to be; none if that is not asked for, or cannot be read.
    #[must_use]
    pub fn replaces(&self) -> Option<Replaces> {
        Replaces::parse(self.message().get(HeaderId::Replaces)?)
    }
}

impl Sip {
    /// The dialog of this node that a peer names, by the Call-ID and both tags as that peer sees them: its own is `from-tag`,
    /// ours `to-tag` (RFC 3891 3).
    #[must_use]
    pub fn find_dialog(&self, cx: &Cx<'_>, replaces: &Replaces) -> Option<Handle<Dialog>> {
        let (ours, theirs) = (replaces.tag(b"to-tag"), replaces.tag(b"from-tag"));
        let dialog = self
            .ua(cx)?
            .dialog_named(replaces.call_id(), ours, theirs)?;
        cx.narrow(ActivityId::from_raw(dialog.activity))
    }
}

/// A part of a URI without its `%` escapes; what is no escape stays as it is.
fn unescape(part: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(part.len());
    let mut rest = part;
    while let Some((byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| *byte == b'%');
        let value = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(value.unwrap_or(*byte));
        rest = tail
            .get(if value.is_some() { 2 } else { 0 }..)
            .unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refer_to_names_a_target_and_a_dialog() {
        let value =
            b"\"C\" <sip:c@h;transport=tcp?Replaces=x%40y%3Bto-tag%3D1%3Bfrom-tag%3D2&Accept=z>";
        let refer_to = ReferTo::parse(value).unwrap();
        assert_eq!(refer_to.target().uri(), b"sip:c@h;transport=tcp");
        let replaces = refer_to.replaces().unwrap();
        assert_eq!(replaces.value(), b"x@y;to-tag=1;from-tag=2");
        assert_eq!(
            (
                replaces.call_id(),
                replaces.tag(b"to-tag"),
                replaces.tag(b"from-tag")
            ),
            (&b"x@y"[..], &b"1"[..], &b"2"[..])
        );
        assert!(!replaces.is_early_only());
        assert!(ReferTo::parse(b"<sip:c@h>").unwrap().replaces().is_none());
    }

    #[test]
    fn a_dialog_that_is_not_named_in_full_is_none() {
        for bad in [
            &b"x@y"[..],
            b"x@y;to-tag=1",
            b"x@y;to-tag=1;to-tag=2;from-tag=3",
            b";to-tag=1;from-tag=2",
        ] {
            assert_eq!(Replaces::parse(bad), None);
        }
        assert!(ReferTo::parse(b"<sip:c@h?Replaces=x>").is_none());
        let early = Replaces::parse(b"x;to-tag=1;from-tag=2;early-only").unwrap();
        assert!(early.is_early_only());
    }
}
