//! Event, Subscription-State, Replaces and Target-Dialog: the values by which subscriptions and transfers name things
//! (RFC 6665 8.2, RFC 3891 6.1, RFC 4538 7), and Refer-To as a whole (RFC 3515 2.1).
//!
//! Tokens of Event are compared byte by byte, as RFC 6665 4.1.3 has it.

use std::borrow::Cow;

use super::cursor::Cursor;
use super::error::{WireError, WireErrorKind};
use super::header::HeaderId;
use super::message::Message;
use super::name_addr::NameAddr;
use super::params::Params;
use super::text::{decimal, eq_token, unquote};

/// An Event value: the package, and which of several subscriptions to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventType<'a> {
    /// The package with its templates: `presence.winfo`.
    pub package: &'a [u8],
    /// The parameters; `id` is one.
    pub params: Params<'a>,
}

impl<'a> EventType<'a> {
    /// Reads a value.
    pub fn parse(value: &'a [u8]) -> Result<Self, WireError> {
        let (package, params) = token_and_params(value)?;
        Ok(Self { package, params })
    }

    /// The `id` parameter.
    #[must_use]
    pub fn id(&self) -> Option<&'a [u8]> {
        self.params.value(b"id")
    }
}

/// A Subscription-State value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionState<'a> {
    /// `active`, `pending`, `terminated`, or an extension.
    pub state: &'a [u8],
    /// The parameters.
    pub params: Params<'a>,
}

impl<'a> SubscriptionState<'a> {
    /// Reads a value.
    pub fn parse(value: &'a [u8]) -> Result<Self, WireError> {
        let (state, params) = token_and_params(value)?;
        Ok(Self { state, params })
    }

    /// Whether the subscription goes on.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        eq_token(self.state, b"terminated")
    }

    /// Whether the notifier has not decided yet.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        eq_token(self.state, b"pending")
    }

    /// Seconds until it expires.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        seconds(self.params.value(b"expires"))
    }

    /// Why it was terminated.
    #[must_use]
    pub fn reason(&self) -> Option<&'a [u8]> {
        self.params.value(b"reason")
    }

    /// Seconds after which another subscription may be tried.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        seconds(self.params.value(b"retry-after"))
    }
}

/// What names a dialog from outside of it: a Replaces, Join or Target-Dialog value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DialogName<'a> {
    /// Its Call-ID.
    pub call_id: &'a [u8],
    /// The parameters.
    pub params: Params<'a>,
}

impl<'a> DialogName<'a> {
    /// Reads a Replaces or Join value: both tags must be there once (RFC 3891 3).
    pub fn replaces(value: &'a [u8]) -> Result<Self, WireError> {
        Self::parse(value, [b"to-tag", b"from-tag"])
    }

    /// Reads a Target-Dialog value (RFC 4538 7).
    pub fn target_dialog(value: &'a [u8]) -> Result<Self, WireError> {
        Self::parse(value, [b"local-tag", b"remote-tag"])
    }

    fn parse(value: &'a [u8], tags: [&[u8]; 2]) -> Result<Self, WireError> {
        let mut c = Cursor::new(value);
        c.skip_lws();
        let call_id = c.take_while(|b| !matches!(b, b';' | b',' | b' ' | b'\t' | b'\r' | b'\n'));
        c.skip_lws();
        if call_id.is_empty() || !matches!(c.peek(), Some(b';')) {
            return Err(c.error(WireErrorKind::CallId));
        }
        let params = Params::new(c.rest());
        params.check()?;
        for tag in tags {
            let once = params.iter().filter(|p| eq_token(p.name, tag)).count() == 1;
            if !once || params.value(tag).is_none() {
                return Err(WireError::new(WireErrorKind::Param, 0));
            }
        }
        Ok(Self { call_id, params })
    }

    /// The tag of the side that gets the message: `to-tag`, or `remote-tag`.
    #[must_use]
    pub fn to_tag(&self) -> &'a [u8] {
        self.one_of(b"to-tag", b"remote-tag")
    }

    /// The tag of the other side: `from-tag`, or `local-tag`.
    #[must_use]
    pub fn from_tag(&self) -> &'a [u8] {
        self.one_of(b"from-tag", b"local-tag")
    }

    /// Whether only a dialog that is not confirmed is meant.
    #[must_use]
    pub fn is_early_only(&self) -> bool {
        self.params.has(b"early-only")
    }

    fn one_of(&self, name: &[u8], other: &[u8]) -> &'a [u8] {
        self.params
            .value(name)
            .or_else(|| self.params.value(other))
            .unwrap_or_default()
    }
}

impl Message {
    /// Event.
    pub fn event(&self) -> Option<Result<EventType<'_>, WireError>> {
        self.get(HeaderId::Event).map(EventType::parse)
    }

    /// Subscription-State.
    pub fn subscription_state(&self) -> Option<Result<SubscriptionState<'_>, WireError>> {
        self.get(HeaderId::SubscriptionState)
            .map(SubscriptionState::parse)
    }

    /// Replaces.
    pub fn replaces(&self) -> Option<Result<DialogName<'_>, WireError>> {
        self.get(HeaderId::Replaces).map(DialogName::replaces)
    }

    /// Target-Dialog.
    pub fn target_dialog(&self) -> Option<Result<DialogName<'_>, WireError>> {
        self.get_named(b"Target-Dialog")
            .map(DialogName::target_dialog)
    }

    /// Refer-To.
    pub fn refer_to(&self) -> Option<Result<NameAddr<'_>, WireError>> {
        self.get(HeaderId::ReferTo).map(NameAddr::parse)
    }

    /// Min-Expires, in seconds.
    #[must_use]
    pub fn min_expires(&self) -> Option<u32> {
        seconds(self.get(HeaderId::MinExpires))
    }

    /// Retry-After, in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        let value = self.get(HeaderId::RetryAfter)?;
        let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
        seconds(value.get(..digits))
    }
}

/// A part of a URI without its `%` escapes (RFC 3986 2.1). What is no escape stays as it is.
#[must_use]
pub fn unescape(part: &[u8]) -> Cow<'_, [u8]> {
    if !part.contains(&b'%') {
        return Cow::Borrowed(part);
    }
    let mut out = Vec::with_capacity(part.len());
    let mut rest = part;
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = (byte == b'%')
            .then(|| tail.split_first_chunk::<2>())
            .flatten()
            .and_then(|(hex, after)| {
                let digit = |b: u8| char::from(b).to_digit(16);
                Some(((digit(hex[0])? << 4 | digit(hex[1])?) as u8, after))
            });
        match escaped {
            Some((plain, after)) => {
                out.push(plain);
                rest = after;
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    Cow::Owned(out)
}

/// Appends a header value as a URI's header part carries it: everything but unreserved letters is escaped.
pub fn push_escaped(out: &mut Vec<u8>, value: &[u8]) {
    for &byte in value {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(byte);
        } else {
            out.push(b'%');
            for nibble in [byte >> 4, byte & 15] {
                out.push(b"0123456789ABCDEF"[usize::from(nibble)]);
            }
        }
    }
}

fn token_and_params(value: &[u8]) -> Result<(&[u8], Params<'_>), WireError> {
    let mut c = Cursor::new(value);
    c.skip_lws();
    let token = c.token();
    c.skip_lws();
    if token.is_empty() || !matches!(c.peek(), None | Some(b';')) {
        return Err(c.error(WireErrorKind::Param));
    }
    let params = Params::new(c.rest());
    params.check()?;
    Ok((token, params))
}

/// Larger numbers than fit count as the largest (RFC 3261 20.19).
fn seconds(value: Option<&[u8]>) -> Option<u32> {
    let value = unquote(value?);
    let number = decimal(&value).or_else(|| {
        (!value.is_empty() && value.iter().all(u8::is_ascii_digit)).then_some(u64::MAX)
    })?;
    Some(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_states() {
        let event = EventType::parse(b"presence.winfo ; id=a1;x").unwrap();
        assert_eq!(
            (event.package, event.id()),
            (&b"presence.winfo"[..], Some(&b"a1"[..]))
        );
        let state = SubscriptionState::parse(b"active;expires=99999999999").unwrap();
        assert_eq!(state.expires(), Some(u32::MAX));
        let state = SubscriptionState::parse(b"Terminated;reason=probation;retry-after=7").unwrap();
        assert!(state.is_terminated() && !state.is_pending());
        assert_eq!(
            (state.reason(), state.retry_after()),
            (Some(&b"probation"[..]), Some(7))
        );
        for bad in [&b""[..], b";id=1", b"a b", b"a;=1", b"a,b"] {
            assert!(EventType::parse(bad).is_err(), "{}", bad.escape_ascii());
        }
    }

    /// RFC 3891 3: a Replaces has both tags, once.
    #[test]
    fn a_dialog_is_named_by_call_id_and_both_tags() {
        let name = DialogName::replaces(
            b"98732@sip.example.com\r\n ;from-tag=r33th4x0r;to-tag=ff87ff;early-only",
        )
        .unwrap();
        assert_eq!(
            (
                name.call_id,
                name.to_tag(),
                name.from_tag(),
                name.is_early_only()
            ),
            (
                &b"98732@sip.example.com"[..],
                &b"ff87ff"[..],
                &b"r33th4x0r"[..],
                true
            )
        );
        let name = DialogName::target_dialog(b"fa77@h;local-tag=l;remote-tag=r").unwrap();
        assert_eq!((name.to_tag(), name.from_tag()), (&b"r"[..], &b"l"[..]));
        for bad in [
            &b"x"[..],
            b";to-tag=1;from-tag=2",
            b"x;to-tag=1",
            b"x;to-tag=1;from-tag=2;to-tag=3",
            b"x;to-tag;from-tag=2",
            b"x, y;to-tag=1;from-tag=2",
        ] {
            assert!(DialogName::replaces(bad).is_err(), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn escapes_round_trip_and_what_is_none_stays() {
        for text in [&b"a@b;to-tag=1;from-tag=2"[..], b"", b"\xff %", b"100%"] {
            let mut out = Vec::new();
            push_escaped(&mut out, text);
            assert!(out.iter().all(|b| b.is_ascii_graphic() && *b != b'&'));
            assert_eq!(unescape(&out).as_ref(), text);
        }
        assert_eq!(unescape(b"%4a%zz%4").as_ref(), b"J%zz%4");
    }
}
