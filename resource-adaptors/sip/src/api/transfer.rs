//! Call transfer: Refer-To, Referred-By, Replaces and Target-Dialog as services read and write them. RFC 3515, 3891, 3892,
//! 4488, 4538.

use strowger::State;
use strowger::activity::Handle;
use strowger::context::Cx;
use strowger::id::ActivityId;

use super::event::{Dialog, Invite, Refer};
use super::message::{Request, Response};
use super::outgoing::Outgoing;
use super::provider::Sip;
use super::target::Target;
use crate::proto::wire::text::is_token_byte;
use crate::proto::wire::{DialogName, HeaderId, NameAddr, Uri, push_escaped, unescape};

/// The name of a dialog, as Replaces carries it (RFC 3891). Plain data: it may be kept in state.
#[derive(Clone, PartialEq, Eq, Debug, State)]
pub struct Replaces {
    call_id: String,
    to_tag: String,
    from_tag: String,
    early_only: bool,
}

impl Replaces {
    /// Names a dialog by its ids; the tags as they are for the side that gets this name: `to_tag` is its own.
    #[must_use]
    pub fn new(call_id: &str, to_tag: &str, from_tag: &str) -> Self {
        Self {
            call_id: call_id.to_owned(),
            to_tag: to_tag.to_owned(),
            from_tag: from_tag.to_owned(),
            early_only: false,
        }
    }

    /// A header value.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        Self::of(&DialogName::replaces(value).ok()?)
    }

    fn of(name: &DialogName<'_>) -> Option<Self> {
        let text = |part: &[u8]| String::from_utf8(part.to_vec()).ok();
        Some(Self {
            call_id: text(name.call_id)?,
            to_tag: text(name.to_tag())?,
            from_tag: text(name.from_tag())?,
            early_only: name.is_early_only(),
        })
    }

    /// Means the dialog only as long as it is not answered.
    #[must_use]
    pub fn early_only(mut self) -> Self {
        self.early_only = true;
        self
    }

    /// Whether only a call that is not answered is meant.
    #[must_use]
    pub fn is_early_only(&self) -> bool {
        self.early_only
    }

    /// Call-ID, to-tag and from-tag.
    fn ids(&self) -> [&[u8]; 3] {
        [&self.call_id, &self.to_tag, &self.from_tag].map(|text| text.as_bytes())
    }

    /// The Call-ID.
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// The header value.
    #[must_use]
    pub fn value(&self) -> String {
        let early = if self.early_only { ";early-only" } else { "" };
        format!(
            "{};to-tag={};from-tag={}{early}",
            self.call_id, self.to_tag, self.from_tag
        )
    }
}

/// What a REFER asks its receiver to do: the URI to contact, the method, and the headers to put into the request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReferTo {
    target: Target,
    method: String,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    replaces: Option<Replaces>,
    referred_by: Option<String>,
    silent: bool,
}

impl ReferTo {
    /// An INVITE to a target.
    #[must_use]
    pub fn new(target: &Target) -> Self {
        Self {
            target: target.clone(),
            method: "INVITE".to_owned(),
            headers: Vec::new(),
            replaces: None,
            referred_by: None,
            silent: false,
        }
    }

    /// Reads a Refer-To value: the headers of the URI are unescaped, `method` is taken out of its parameters. None if that
    /// cannot be read, is no URI that can be called, or carries a Replaces that cannot be read.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let address = NameAddr::parse(value).ok()?;
        let uri = Uri::parse(address.uri_raw).ok()?;
        let params = uri.params();
        let plain = address.uri_raw.split(|byte| *byte == b'?').next()?;
        let method = params.value(b"method").unwrap_or(b"INVITE");
        let target = without_method(plain, params.as_bytes());
        let mut refer_to = Self {
            method: String::from_utf8(method.to_vec()).ok()?,
            ..Self::new(&Target::from_bytes(target.into()).ok()?)
        };
        for (name, value) in uri.header_fields().take(HEADERS) {
            let (name, value) = (unescape(name), unescape(value));
            if HeaderId::lookup(&name) == HeaderId::Replaces {
                refer_to.replaces = Some(Replaces::parse(&value)?);
            } else if !name.is_empty() {
                refer_to
                    .headers
                    .push((name.into_owned(), value.into_owned()));
            }
        }
        Some(refer_to)
    }

    /// Whom to contact: the URI without headers and `method`.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The method to use.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// A header that the URI carries, unescaped.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let is_it = |(other, _): &&(Vec<u8>, Vec<u8>)| other.eq_ignore_ascii_case(name.as_bytes());
        self.headers
            .iter()
            .find(is_it)
            .map(|(_, value)| value.as_slice())
    }

    /// The call that the new one is to replace: a transfer with consultation.
    #[must_use]
    pub fn replaces(&self) -> Option<&Replaces> {
        self.replaces.as_ref()
    }

    /// Has the new call replace one: a transfer with consultation.
    #[must_use]
    pub fn replacing(mut self, replaces: Replaces) -> Self {
        self.replaces = Some(replaces);
        self
    }

    /// Asks for another method than INVITE.
    #[must_use]
    pub fn with_method(mut self, method: &str) -> Self {
        self.method = method.to_owned();
        self
    }

    /// Says on whose behalf (RFC 3892): an address as From writes it.
    #[must_use]
    pub fn referred_by(mut self, address: &str) -> Self {
        self.referred_by = Some(address.to_owned());
        self
    }

    /// Wants to hear nothing of what comes of it (RFC 4488). The receiver may notify all the same.
    #[must_use]
    pub fn without_subscription(mut self) -> Self {
        self.silent = true;
        self
    }

    /// The header value.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        let mut out = b"<".to_vec();
        out.extend(self.target.uri().iter().filter(|byte| is_uri_byte(**byte)));
        if self.method != "INVITE" {
            out.extend_from_slice(b";method=");
            out.extend(self.method.bytes().filter(|byte| is_token_byte(*byte)));
        }
        let replaces = self.replaces.as_ref().map(Replaces::value);
        let replaces = replaces
            .as_ref()
            .map(|value| (&b"Replaces"[..], value.as_bytes()));
        let others = self.headers.iter();
        let others = others.map(|(name, value)| (&name[..], &value[..]));
        for (n, (name, value)) in replaces.into_iter().chain(others).enumerate() {
            out.push(if n == 0 { b'?' } else { b'&' });
            push_escaped(&mut out, name);
            out.push(b'=');
            push_escaped(&mut out, value);
        }
        out.push(b'>');
        out
    }

    pub(super) fn onto(&self, outgoing: Outgoing) -> Outgoing {
        let value = String::from_utf8_lossy(&self.value()).into_owned();
        let mut outgoing = outgoing.header("Refer-To", &value);
        if let Some(by) = &self.referred_by {
            outgoing = outgoing.header("Referred-By", by);
        }
        if self.silent {
            outgoing = outgoing
                .header("Refer-Sub", "false")
                .header("Supported", "norefersub");
        }
        outgoing
    }
}

/// Headers of one Refer-To URI that are read.
const HEADERS: usize = 16;

impl From<&Target> for ReferTo {
    fn from(target: &Target) -> Self {
        Self::new(target)
    }
}

impl Refer {
    /// What it asks for; none if Refer-To cannot be read: answer 400.
    #[must_use]
    pub fn refer_to(&self) -> Option<ReferTo> {
        self.message.get(HeaderId::ReferTo).and_then(ReferTo::parse)
    }

    /// Who refers (RFC 3892), to be passed on into the request that it causes.
    #[must_use]
    pub fn referred_by(&self) -> Option<&[u8]> {
        self.message.get(HeaderId::ReferredBy)
    }

    /// Whether the referrer wants to hear what comes of it: not if it says `Refer-Sub: false` (RFC 4488).
    #[must_use]
    pub fn wants_subscription(&self) -> bool {
        !self
            .header("Refer-Sub")
            .is_some_and(|value| value.to_ascii_lowercase().starts_with(b"false"))
    }

    /// The dialog that the sender proves to know (RFC 4538), where the REFER comes outside of it.
    #[must_use]
    pub fn target_dialog(&self) -> Option<Replaces> {
        Replaces::of(&self.message.target_dialog()?.ok()?)
    }
}

impl Invite {
    /// The call that this one is to replace (RFC 3891); none if that is not asked for, or cannot be read, or is asked for
    /// twice: answer 400 if there is a Replaces all the same.
    #[must_use]
    pub fn replaces(&self) -> Option<Replaces> {
        let name = self.message.replaces()?.ok()?;
        let once = self.message.lines(HeaderId::Replaces).count() == 1;
        Replaces::of(&name).filter(|_| once)
    }

    /// Who has referred the caller here (RFC 3892).
    #[must_use]
    pub fn referred_by(&self) -> Option<&[u8]> {
        self.message.get(HeaderId::ReferredBy)
    }
}

impl Outgoing {
    /// Has the called side replace a call by this one, or refuse (RFC 3891).
    #[must_use]
    pub fn replaces(self, replaces: &Replaces) -> Self {
        self.header("Replaces", &replaces.value())
            .header("Require", "replaces")
    }

    /// Proves to know a dialog of the peer's (RFC 4538).
    #[must_use]
    pub fn target_dialog(self, name: &Replaces) -> Self {
        let value = format!(
            "{};local-tag={};remote-tag={}",
            name.call_id, name.from_tag, name.to_tag
        );
        self.header("Target-Dialog", &value)
    }
}

impl Sip {
    /// The call of this node that a peer names, by the Call-ID and both tags as that peer sees them: its own is `from-tag`,
    /// ours `to-tag`.
    #[must_use]
    pub fn find_dialog(&self, cx: &Cx<'_>, replaces: &Replaces) -> Option<Handle<Dialog>> {
        let [call_id, ours, theirs] = replaces.ids();
        let dialog = self.ua(cx)?.dialog_named(call_id, ours, theirs)?;
        cx.narrow(ActivityId::from_raw(dialog.activity))
    }

    /// The call of ours that a Replaces means, or the status with which to refuse the INVITE that carries it (RFC 3891 3):
    /// 481 there is none, or it rings here; 486 it is answered, where only one that is not was meant; 603 it has just
    /// ended.
    ///
    /// # Errors
    /// That status.
    pub fn replaced(&self, cx: &Cx<'_>, replaces: &Replaces) -> Result<Handle<Dialog>, u16> {
        let ua = self.ua(cx).ok_or(481u16)?;
        let [call_id, to_tag, from_tag] = replaces.ids();
        let key = ua.replaced(call_id, to_tag, from_tag, replaces.early_only)?;
        let activity = ua.dialog(key).ok_or(481u16)?.activity;
        Ok(Handle::from_id(ActivityId::from_raw(activity)))
    }
}

/// The name of a dialog for its peer, from a message of it that has both tags.
fn name_for_peer(call_id: &[u8], theirs: Option<&[u8]>, ours: Option<&[u8]>) -> Option<Replaces> {
    let text = |part: &[u8]| String::from_utf8(part.to_vec()).ok();
    Some(Replaces {
        call_id: text(call_id)?,
        to_tag: text(theirs?)?,
        from_tag: text(ours?)?,
        early_only: false,
    })
}

impl Response {
    /// The name of the dialog for the peer that answers: what [`ReferTo::replacing`] carries to somebody else.
    #[must_use]
    pub fn dialog_name(&self) -> Option<Replaces> {
        let message = self.message();
        name_for_peer(
            message.call_id().ok()?,
            message.to_tag(),
            message.from_tag(),
        )
    }
}

impl Request {
    /// The name of the dialog for the peer that sends this; none where the request is outside of a dialog.
    #[must_use]
    pub fn dialog_name(&self) -> Option<Replaces> {
        let message = self.message();
        name_for_peer(self.call_id(), message.from_tag(), message.to_tag())
    }
}

fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"')
}

/// A URI without its `method` parameter.
fn without_method(uri: &[u8], params: &[u8]) -> Vec<u8> {
    let head = uri
        .get(..uri.len().saturating_sub(params.len()))
        .unwrap_or(uri);
    let mut out = head.to_vec();
    for param in params.split(|byte| *byte == b';').skip(1) {
        let name = param.split(|byte| *byte == b'=').next().unwrap_or_default();
        if !name.eq_ignore_ascii_case(b"method") {
            out.push(b';');
            out.extend_from_slice(param);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3515 2.1, RFC 3891 4.
    #[test]
    fn a_refer_to_carries_method_and_escaped_headers() {
        let value = b"<sips:dave@denver.example.org?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994>";
        let refer_to = ReferTo::parse(value).unwrap();
        assert_eq!(refer_to.target().uri(), b"sips:dave@denver.example.org");
        assert_eq!(
            refer_to.replaces(),
            Some(&Replaces::new("12345@192.168.118.3", "12345", "5FFE-3994"))
        );
        assert_eq!(refer_to.value(), value);
        let value = b"\"X\" <sip:a@b;method=SUBSCRIBE;lr?Accept-Contact=a%3bb&Event=c>";
        let other = ReferTo::parse(value).unwrap();
        assert_eq!(
            (other.method(), other.target().uri()),
            ("SUBSCRIBE", &b"sip:a@b;lr"[..])
        );
        assert_eq!(other.header("event"), Some(&b"c"[..]));
        assert_eq!(
            ReferTo::parse(b"sip:a@b").unwrap().target().uri(),
            b"sip:a@b"
        );
        for bad in [&b"<>"[..], b"<mailto:a@b>", b"<sip:a@b?Replaces=x>"] {
            assert!(ReferTo::parse(bad).is_none(), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn what_a_service_refers_to_is_written_whole() {
        let name = Replaces::new("c", "t", "f").early_only();
        let refer_to = ReferTo::new(&Target::parse("sip:a@b").unwrap()).replacing(name);
        let value = "<sip:a@b?Replaces=c%3Bto-tag%3Dt%3Bfrom-tag%3Df%3Bearly-only>";
        assert_eq!(refer_to.value(), value.as_bytes());
        let outgoing = refer_to
            .referred_by("<sip:me@h>")
            .onto(Outgoing::within("REFER"));
        let want = format!("Refer-To: {value}\r\nReferred-By: <sip:me@h>\r\n");
        assert_eq!(outgoing.draft.lines, want);
    }
}
