//! name-addr and addr-spec with header parameters: From, To, Contact, Route, Refer-To, ... (RFC 3261 20.10).

use std::borrow::Cow;

use super::cursor::Cursor;
use super::error::{WireError, WireErrorKind};
use super::params::Params;
use super::text::{is_lws, is_token_byte, trim_end, unquote};
use super::uri::Uri;

/// One address value. The URI is read when it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name as written, quotes included; empty if there is none.
    pub display_raw: &'a [u8],
    /// The URI as written, without brackets.
    pub uri_raw: &'a [u8],
    /// Whether the URI stood in angle brackets.
    pub bracketed: bool,
    /// The header's parameters; not checked by [`parse`](Self::parse).
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one list element. Without brackets everything from the first `;` belongs to the header (RFC 3261 20.10),
    /// and a URI with `?` or `,` must stand in brackets.
    pub fn parse(value: &'a [u8]) -> Result<Self, WireError> {
        let mut c = Cursor::new(value);
        c.skip_lws();
        let start = c.at();
        if c.peek() == Some(b'"') {
            let display_raw = c.quoted()?;
            c.skip_lws();
            return Self::bracketed(c, display_raw);
        }
        // Bytes above ASCII: peers send display names in UTF-8 or Latin-1 without quotes.
        c.take_while(|b| is_token_byte(b) || is_lws(b) || !b.is_ascii());
        if c.peek() == Some(b'<') {
            return Self::bracketed(c, trim_end(c.since(start)));
        }
        c.take_while(|b| !is_lws(b) && !matches!(b, b';' | b'?' | b',' | b'<' | b'>' | b'"'));
        let uri_raw = trim_end(c.since(start));
        c.skip_lws();
        if uri_raw.is_empty()
            || uri_raw.iter().any(|&b| is_lws(b))
            || !matches!(c.peek(), None | Some(b';'))
        {
            return Err(c.error(WireErrorKind::NameAddr));
        }
        Ok(Self {
            display_raw: b"",
            uri_raw,
            bracketed: false,
            params: Params::new(c.rest()),
        })
    }

    fn bracketed(mut c: Cursor<'a>, display_raw: &'a [u8]) -> Result<Self, WireError> {
        if c.peek() != Some(b'<') {
            return Err(c.error(WireErrorKind::NameAddr));
        }
        c.bump();
        let uri_raw = c.until(b'>');
        if c.peek() != Some(b'>') || uri_raw.is_empty() {
            return Err(c.error(WireErrorKind::NameAddr));
        }
        c.bump();
        c.skip_lws();
        if !matches!(c.peek(), None | Some(b';')) {
            return Err(c.error(WireErrorKind::NameAddr));
        }
        Ok(Self {
            display_raw,
            uri_raw,
            bracketed: true,
            params: Params::new(c.rest()),
        })
    }

    /// The display name without quotes and escapes; empty if there is none.
    pub fn display(&self) -> Cow<'a, [u8]> {
        unquote(self.display_raw)
    }

    /// The URI.
    pub fn uri(&self) -> Result<Uri<'a>, WireError> {
        Uri::parse(self.uri_raw)
    }

    /// The tag parameter.
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.params.value(b"tag")
    }

    /// Checks the URI and the parameters.
    pub fn check(&self) -> Result<(), WireError> {
        self.uri()?;
        self.params.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_peers_send() {
        let n = NameAddr::parse(
            b"\"J Rosenberg \\\\\\\"\"  \r\n <sip:jdrosen@example.com>\r\n ;\r\n tag = 98asjd8",
        )
        .unwrap();
        assert_eq!(n.display().as_ref(), b"J Rosenberg \\\"");
        assert_eq!(n.tag(), Some(&b"98asjd8"[..]));
        let n = NameAddr::parse(b"sip:a@b;tag=x").unwrap();
        assert_eq!((n.uri_raw, n.tag()), (&b"sip:a@b"[..], Some(&b"x"[..])));
        let n = NameAddr::parse(b"<sip:a@b;lr>").unwrap();
        assert!(n.uri().unwrap().params().has(b"lr"));
        let n = NameAddr::parse(b"caller<sip:caller@example.com>;tag=323").unwrap();
        assert_eq!(n.display_raw, b"caller");
        let n = NameAddr::parse(
            b"\"<sip:joe@big.org>\" <sip:joe@really.big.com>;+sip.instance=\"<urn:uuid:f8>\"",
        )
        .unwrap();
        assert_eq!(n.uri_raw, b"sip:joe@really.big.com");
        assert_eq!(
            n.params.value(b"+sip.instance"),
            Some(&b"\"<urn:uuid:f8>\""[..])
        );
        assert!(n.check().is_ok());
    }

    #[test]
    fn broken_addresses_are_refused() {
        for bad in [
            &b""[..],
            b"\"Mr. J. User <sip:j@e.com>",
            b"Bell, Alexander <sip:a@b>;tag=1",
            b"<>",
            b"<sip:a@b",
            b"sip:a@b?Route=x",
            b"a b",
            b"<sip:a@b> x",
            b"\"x\" sip:a@b",
        ] {
            assert!(NameAddr::parse(bad).is_err(), "{}", bad.escape_ascii());
        }
        assert!(NameAddr::parse(b"< sip:a@b >").unwrap().check().is_err());
    }
}
