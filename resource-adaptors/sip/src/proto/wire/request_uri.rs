//! What of a URI may stand in a Request-URI (RFC 3261 19.1.1 table 1, 19.1.5): of a Contact, a Refer-To, a redirection.

use std::borrow::Cow;

use super::Uri;

/// A URI as a Request-URI: without what may not stand there (RFC 3261 19.1.1 table 1).
#[must_use]
pub fn request_uri(raw: &[u8]) -> Cow<'_, [u8]> {
    // Most need nothing: this is where they part.
    let method = |at: usize| {
        let param = raw.get(at..).unwrap_or_default();
        param
            .get(..8)
            .is_some_and(|name| name.eq_ignore_ascii_case(b";method="))
    };
    if memchr::memchr(b'?', raw).is_none() && !memchr::memchr_iter(b';', raw).any(method) {
        return Cow::Borrowed(raw);
    }
    let Ok(uri) = Uri::parse(raw) else {
        return Cow::Borrowed(raw);
    };
    let end = uri.headers().map_or(raw.len(), |headers| {
        raw.len().saturating_sub(headers.len() + 1)
    });
    let raw = raw.get(..end).unwrap_or(raw);
    if !uri.is_sip() || !uri.params().has(b"method") {
        return Cow::Borrowed(raw);
    }
    let params = uri.params();
    let tail = params.as_bytes().len();
    let mut out = raw
        .get(..raw.len().saturating_sub(tail))
        .unwrap_or(raw)
        .to_vec();
    for param in params
        .iter()
        .filter(|p| !p.name.eq_ignore_ascii_case(b"method"))
    {
        out.push(b';');
        out.extend_from_slice(param.name);
        if let Some(value) = param.value {
            out.push(b'=');
            out.extend_from_slice(value);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_becomes_a_request_uri() {
        for (contact, want) in [
            ("sip:bob@b.example", "sip:bob@b.example"),
            (
                "sip:bob@b:5070;transport=tcp?Subject=x&a=b",
                "sip:bob@b:5070;transport=tcp",
            ),
            ("sip:bob@b;method=INVITE;ob?x=y", "sip:bob@b;ob"),
            ("tel:+1234;phone-context=x", "tel:+1234;phone-context=x"),
        ] {
            assert_eq!(&*request_uri(contact.as_bytes()), want.as_bytes());
        }
    }
}
