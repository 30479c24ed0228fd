//! Addresses of record in the one form in which they are compared: RFC 3261 10.3 step 5.

use std::fmt;

use super::super::wire::text::is_hex;
use super::super::wire::{Host, Scheme, Uri};

/// An address of record: `sip:alice@a.example`, without port, parameters and needless escapes, its host in lower case.
///
/// `sips` and `sip` name the same user (RFC 5630 5.3).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Aor(Box<str>);

/// Why a URI names no user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AorError {
    /// It is no URI.
    #[error("not a URI")]
    NotAUri,
    /// It is neither a SIP URI nor a telephone number.
    #[error("scheme is neither sip nor tel")]
    Scheme,
    /// It is longer than an address of record may be.
    #[error("longer than {MAX} bytes")]
    TooLong,
}

/// Bytes that an address of record may have.
const MAX: usize = 512;

impl Aor {
    /// The address of record that a URI names.
    ///
    /// # Errors
    /// It names none.
    pub fn parse(uri: &[u8]) -> Result<Self, AorError> {
        let uri = Uri::parse(uri).map_err(|_| AorError::NotAUri)?;
        let user = uri.user().unwrap_or_default();
        let mut out = String::with_capacity(uri.as_bytes().len());
        match uri.scheme() {
            Scheme::Sip | Scheme::Sips => {
                out.push_str("sip:");
                push_user(&mut out, user);
                if !user.is_empty() {
                    out.push('@');
                }
                let host = uri.host().filter(is_whole);
                push_host(&mut out, host.ok_or(AorError::NotAUri)?);
            }
            Scheme::Tel => {
                out.push_str("tel:");
                let written = |byte: &&u8| !matches!(byte, b'-' | b'.' | b'(' | b')');
                for byte in user.iter().filter(written) {
                    push_byte(&mut out, *byte);
                }
                // Of `tel:;ext=1` and `tel:--` nothing is left that could be read again.
                if out.len() == "tel:".len() {
                    return Err(AorError::NotAUri);
                }
                out.make_ascii_lowercase();
            }
            Scheme::Urn | Scheme::Other(_) => return Err(AorError::Scheme),
        }
        if out.len() > MAX {
            return Err(AorError::TooLong);
        }
        Ok(Self(out.into()))
    }

    /// The address as a URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The user, in its canonical escapes; empty if there is none.
    #[must_use]
    pub fn user(&self) -> &str {
        let rest = self.0.get(4..).unwrap_or_default();
        match rest.rsplit_once('@') {
            Some((user, _)) => user,
            None if self.0.starts_with("tel:") => rest,
            None => "",
        }
    }

    /// The host; empty for a telephone number.
    #[must_use]
    pub fn domain(&self) -> &str {
        let rest = self.0.get(4..).unwrap_or_default();
        match rest.rsplit_once('@') {
            Some((_, host)) => host,
            None if self.0.starts_with("tel:") => "",
            None => rest,
        }
    }
}

impl fmt::Display for Aor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As it is, or escaped if it is no ASCII: the address is read again as what it was, and is the same whether it came escaped.
fn push_byte(out: &mut String, byte: u8) {
    if byte.is_ascii() {
        out.push(char::from(byte));
    } else {
        let digit = |n: u8| char::from(b"0123456789ABCDEF"[usize::from(n & 15)]);
        out.extend(['%', digit(byte >> 4), digit(byte)]);
    }
}

/// An escape of what may stand unescaped is undone; the others are written in upper case.
fn push_user(out: &mut String, user: &[u8]) {
    let mut at = 0;
    while let Some(byte) = user.get(at).copied() {
        let escaped = user
            .get(at + 1..at + 3)
            .filter(|hex| byte == b'%' && hex.iter().all(|byte| is_hex(*byte)));
        let Some(hex) = escaped else {
            match byte {
                // It begins no escape, and is not to begin one with what follows.
                b'%' => out.push_str("%25"),
                byte => push_byte(out, byte),
            }
            at += 1;
            continue;
        };
        let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default();
        let value = hex.iter().fold(0, |value, byte| value << 4 | digit(*byte)) as u8;
        if is_unreserved(value) {
            out.push(char::from(value));
        } else {
            out.push('%');
            out.extend(hex.iter().map(|byte| char::from(byte.to_ascii_uppercase())));
        }
        at += 3;
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')'
        )
}

/// Whether a name has no more than one dot at its end, and something in front of it.
fn is_whole(host: &Host<'_>) -> bool {
    match host {
        Host::Name(name) => {
            let bare = name.strip_suffix(b".").unwrap_or(name);
            !bare.is_empty() && !bare.ends_with(b".")
        }
        Host::Ip(_) => true,
    }
}

fn push_host(out: &mut String, host: Host<'_>) {
    match host {
        Host::Name(name) => {
            let name = name.strip_suffix(b".").unwrap_or(name);
            out.extend(
                name.iter()
                    .map(|byte| char::from(byte.to_ascii_lowercase())),
            );
        }
        Host::Ip(std::net::IpAddr::V4(ip)) => out.push_str(&ip.to_string()),
        Host::Ip(std::net::IpAddr::V6(ip)) => {
            out.push('[');
            out.push_str(&ip.to_string());
            out.push(']');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aor(uri: &str) -> String {
        Aor::parse(uri.as_bytes()).unwrap().as_str().to_owned()
    }

    /// RFC 3261 10.3 step 5.
    #[test]
    fn one_user_has_one_address_of_record() {
        for same in [
            "sip:alice@a.example",
            "sips:alice@A.Example:5061;transport=tls",
            "sip:%61lic%65@a.example;user=phone",
            "sip:alice@a.example?Subject=x",
            "sip:alice:secret@a.example.",
        ] {
            assert_eq!(aor(same), "sip:alice@a.example", "{same}");
        }
        assert_ne!(aor("sip:Alice@a.example"), "sip:alice@a.example");
        assert_eq!(aor("sip:a%2fb@x"), "sip:a%2Fb@x");
        assert_ne!(aor("sip:a/b@x"), aor("sip:a%2fb@x"));
        assert_eq!(aor("tel:+1-(555)-0100;ext=1"), "tel:+15550100");
        for none in ["tel:;ext=1", "tel:--", "tel:(.)"] {
            assert_eq!(
                Aor::parse(none.as_bytes()),
                Err(AorError::NotAUri),
                "{none}"
            );
        }
        assert_eq!(aor("sip:a@[2001:DB8::1]:5070"), "sip:a@[2001:db8::1]");
    }

    /// It is stored as it is written, and looked up by that, too.
    #[test]
    fn an_address_is_read_again_as_the_same() {
        let raw = Aor::parse(b"sip:m\xc3\xbcller@a.example").unwrap();
        assert_eq!(raw.as_str(), "sip:m%C3%BCller@a.example");
        assert_eq!(aor("sip:m%c3%bcller@a.example"), raw.as_str());
        for uri in [
            &b"sip:\xb5@a"[..],
            b"sip:a%@b",
            b"sip:%%341@b",
            b"tel:+1\xb2",
        ] {
            if let Ok(read) = Aor::parse(uri) {
                assert_eq!(Aor::parse(read.as_str().as_bytes()), Ok(read));
            }
        }
    }

    #[test]
    fn its_parts_can_be_taken() {
        let of = |uri: &str| {
            let aor = Aor::parse(uri.as_bytes()).unwrap();
            (aor.user().to_owned(), aor.domain().to_owned())
        };
        assert_eq!(of("sip:a@b"), ("a".into(), "b".into()));
        assert_eq!(of("sip:b"), (String::new(), "b".into()));
        assert_eq!(of("tel:+12"), ("+12".into(), String::new()));
    }

    #[test]
    fn what_names_nobody_is_refused() {
        assert_eq!(Aor::parse(b"mailto:a@b"), Err(AorError::Scheme));
        for none in [&b"*"[..], b"sip:a@b..", b"sip:a@."] {
            assert_eq!(Aor::parse(none), Err(AorError::NotAUri));
        }
        let long = format!("sip:{}@b", "x".repeat(600));
        assert_eq!(Aor::parse(long.as_bytes()), Err(AorError::TooLong));
    }
}
