//! WWW-Authenticate, Proxy-Authenticate, Authorization and Proxy-Authorization: RFC 3261 20.7, 20.27, 20.44; RFC 7616 3.3,
//! 3.4.

use std::borrow::Cow;

use super::super::wire::Elements;
use super::super::wire::text::{eq_token, is_token, push_quoted, trim, unquote};
use super::Algorithm;

/// What is protected beside the user's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Qop {
    /// Method and URI.
    Auth,
    /// Method, URI and body.
    AuthInt,
}

impl Qop {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }

    fn parse(name: &[u8]) -> Option<Self> {
        [Self::Auth, Self::AuthInt]
            .into_iter()
            .find(|qop| eq_token(qop.name().as_bytes(), name))
    }
}

/// Why a value is no digest challenge and no digest credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// It is of another scheme, or of an algorithm that is not known.
    #[error("not a digest of a known algorithm")]
    Unknown,
    /// It is malformed.
    #[error("malformed")]
    Malformed,
}

/// Parameters that one value may have.
const PARAMS_MAX: usize = 32;

/// Splits a digest value into its parameters, each with its name.
fn params<'a>(
    value: &'a [u8],
    mut each: impl FnMut(&'a [u8], &'a [u8]) -> Result<(), HeaderError>,
) -> Result<(), HeaderError> {
    let value = trim(value);
    let end = value.iter().position(|byte| byte.is_ascii_whitespace());
    let (scheme, rest) = value.split_at(end.unwrap_or(value.len()));
    if !eq_token(scheme, b"Digest") {
        return Err(HeaderError::Unknown);
    }
    for (n, element) in Elements::new(rest).enumerate() {
        // A list may have empty elements (RFC 7230 7).
        if element.is_empty() {
            continue;
        }
        let at = element.iter().position(|byte| *byte == b'=');
        let (name, value) = element.split_at(at.ok_or(HeaderError::Malformed)?);
        let (name, value) = (trim(name), trim(value.get(1..).unwrap_or_default()));
        if n >= PARAMS_MAX || !is_token(name) || !is_value(value) {
            return Err(HeaderError::Malformed);
        }
        each(name, value)?;
    }
    Ok(())
}

/// Whether it is one whole quoted string, or has no quote in it.
fn is_value(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(b"\"") else {
        return !value.is_empty() && !value.contains(&b'"');
    };
    let mut escaped = false;
    let end = rest.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.is_some_and(|end| end + 1 == rest.len())
}

/// Sets what may be there once.
fn once<T>(place: &mut Option<T>, value: T) -> Result<(), HeaderError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(HeaderError::Malformed),
    }
}

/// A challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// The realm.
    pub realm: Cow<'a, [u8]>,
    /// The server's nonce.
    pub nonce: Cow<'a, [u8]>,
    /// What the server wants back as it is; empty for none.
    pub opaque: Cow<'a, [u8]>,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Whether the nonce of the credentials was too old, and they would be right with this one.
    pub stale: bool,
    /// Whether `auth` is offered.
    pub auth: bool,
    /// Whether `auth-int` is offered. With neither it is RFC 2069's challenge.
    pub auth_int: bool,
    /// Whether the user's name is to be hashed.
    pub userhash: bool,
}

impl<'a> Challenge<'a> {
    /// Reads a challenge.
    ///
    /// # Errors
    /// It is none, or of an algorithm that is not known.
    pub fn parse(value: &'a [u8]) -> Result<Self, HeaderError> {
        let (mut realm, mut nonce, mut opaque) = (None, None, None);
        let (mut algorithm, mut qop) = (None, None);
        let (mut stale, mut userhash) = (false, false);
        params(value, |name, value| match name {
            _ if eq_token(name, b"realm") => once(&mut realm, unquote(value)),
            _ if eq_token(name, b"nonce") => once(&mut nonce, unquote(value)),
            _ if eq_token(name, b"opaque") => once(&mut opaque, unquote(value)),
            _ if eq_token(name, b"algorithm") => once(&mut algorithm, unquote(value)),
            _ if eq_token(name, b"qop") => once(&mut qop, unquote(value)),
            _ => {
                stale |= eq_token(name, b"stale") && eq_token(&unquote(value), b"true");
                userhash |= eq_token(name, b"userhash") && eq_token(&unquote(value), b"true");
                Ok(())
            }
        })?;
        let algorithm = algorithm.unwrap_or(Cow::Borrowed(b"MD5"));
        let qop = qop.unwrap_or_default();
        let offers = |wanted| Elements::new(&qop).any(|name| Qop::parse(name) == Some(wanted));
        let (auth, auth_int) = (offers(Qop::Auth), offers(Qop::AuthInt));
        if !qop.is_empty() && !auth && !auth_int {
            return Err(HeaderError::Unknown);
        }
        Ok(Self {
            realm: realm.ok_or(HeaderError::Malformed)?,
            nonce: nonce.ok_or(HeaderError::Malformed)?,
            opaque: opaque.unwrap_or_default(),
            algorithm: Algorithm::parse(&algorithm).ok_or(HeaderError::Unknown)?,
            stale,
            auth,
            auth_int,
            userhash,
        })
    }

    /// The value of a header.
    #[must_use]
    pub fn to_value(&self) -> Vec<u8> {
        let mut out = b"Digest realm=".to_vec();
        push_quoted(&mut out, &self.realm);
        out.extend_from_slice(b", nonce=");
        push_quoted(&mut out, &self.nonce);
        if !self.opaque.is_empty() {
            out.extend_from_slice(b", opaque=");
            push_quoted(&mut out, &self.opaque);
        }
        out.extend_from_slice(b", algorithm=");
        out.extend_from_slice(self.algorithm.name().as_bytes());
        match (self.auth, self.auth_int) {
            (true, true) => out.extend_from_slice(b", qop=\"auth,auth-int\""),
            (true, false) => out.extend_from_slice(b", qop=\"auth\""),
            (false, true) => out.extend_from_slice(b", qop=\"auth-int\""),
            (false, false) => {}
        }
        if self.stale {
            out.extend_from_slice(b", stale=true");
        }
        if self.userhash {
            out.extend_from_slice(b", userhash=true");
        }
        out
    }
}

/// Credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// The user's name, or with `userhash` its hash.
    pub username: Cow<'a, [u8]>,
    /// Whether the name is hashed.
    pub userhash: bool,
    /// The realm.
    pub realm: Cow<'a, [u8]>,
    /// The server's nonce.
    pub nonce: Cow<'a, [u8]>,
    /// The URI that was asked for.
    pub uri: Cow<'a, [u8]>,
    /// The proof.
    pub response: Cow<'a, [u8]>,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// What is protected; none as in RFC 2069.
    pub qop: Option<Qop>,
    /// The client's nonce; empty for none.
    pub cnonce: Cow<'a, [u8]>,
    /// The nonce count as written: eight hexadecimal digits; empty for none.
    pub nc: Cow<'a, [u8]>,
    /// What the server wanted back; empty for none.
    pub opaque: Cow<'a, [u8]>,
}

impl<'a> Authorization<'a> {
    /// Reads credentials.
    ///
    /// # Errors
    /// They are none, or of an algorithm that is not known.
    pub fn parse(value: &'a [u8]) -> Result<Self, HeaderError> {
        let (mut username, mut extended) = (None, None);
        let (mut realm, mut nonce, mut uri, mut response) = (None, None, None, None);
        let (mut algorithm, mut qop, mut userhash) = (None, None, None);
        let (mut cnonce, mut nc, mut opaque) = (None, None, None);
        params(value, |name, value| match name {
            _ if eq_token(name, b"username") => once(&mut username, unquote(value)),
            _ if eq_token(name, b"username*") => once(&mut extended, value),
            _ if eq_token(name, b"realm") => once(&mut realm, unquote(value)),
            _ if eq_token(name, b"nonce") => once(&mut nonce, unquote(value)),
            _ if eq_token(name, b"uri") => once(&mut uri, unquote(value)),
            _ if eq_token(name, b"response") => once(&mut response, unquote(value)),
            _ if eq_token(name, b"algorithm") => once(&mut algorithm, unquote(value)),
            _ if eq_token(name, b"qop") => once(&mut qop, unquote(value)),
            _ if eq_token(name, b"cnonce") => once(&mut cnonce, unquote(value)),
            _ if eq_token(name, b"nc") => once(&mut nc, unquote(value)),
            _ if eq_token(name, b"opaque") => once(&mut opaque, unquote(value)),
            _ if eq_token(name, b"userhash") => once(&mut userhash, unquote(value)),
            _ => Ok(()),
        })?;
        let username = match (username, extended) {
            (Some(name), None) => name,
            (None, Some(value)) => Cow::Owned(extended_value(value)?),
            // RFC 7616 3.4: one of them, not both.
            (None, None) | (Some(_), Some(_)) => return Err(HeaderError::Malformed),
        };
        let algorithm = algorithm.unwrap_or(Cow::Borrowed(b"MD5"));
        let qop = match &qop {
            Some(name) => Some(Qop::parse(name).ok_or(HeaderError::Malformed)?),
            None => None,
        };
        let (cnonce, nc) = (cnonce.unwrap_or_default(), nc.unwrap_or_default());
        let counted = nc.len() == 8 && nc.iter().all(u8::is_ascii_hexdigit);
        if (qop.is_some() && cnonce.is_empty()) || ((qop.is_some() || !nc.is_empty()) && !counted) {
            return Err(HeaderError::Malformed);
        }
        Ok(Self {
            username,
            userhash: userhash.is_some_and(|value| eq_token(&value, b"true")),
            realm: realm.ok_or(HeaderError::Malformed)?,
            nonce: nonce.ok_or(HeaderError::Malformed)?,
            uri: uri.ok_or(HeaderError::Malformed)?,
            response: response.ok_or(HeaderError::Malformed)?,
            algorithm: Algorithm::parse(&algorithm).ok_or(HeaderError::Unknown)?,
            qop,
            cnonce,
            nc,
            opaque: opaque.unwrap_or_default(),
        })
    }

    /// The realm of credentials of whatever algorithm, if they are a digest.
    #[must_use]
    pub fn realm_of(value: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let mut realm = None;
        params(value, |name, value| {
            if eq_token(name, b"realm") {
                realm = Some(unquote(value));
            }
            Ok(())
        })
        .ok()?;
        realm
    }

    /// The nonce count as a number; 0 for none.
    #[must_use]
    pub fn count(&self) -> u32 {
        let text = std::str::from_utf8(&self.nc).unwrap_or_default();
        u32::from_str_radix(text, 16).unwrap_or(0)
    }

    /// The value of a header.
    #[must_use]
    pub fn to_value(&self) -> Vec<u8> {
        let mut out = b"Digest username".to_vec();
        let breaks = self.username.iter().any(u8::is_ascii_control);
        if !breaks && (self.username.is_ascii() || self.userhash) {
            out.push(b'=');
            push_quoted(&mut out, &self.username);
        } else {
            push_extended(&mut out, &self.username);
        }
        for (name, value) in [
            (&b"realm"[..], &self.realm),
            (b"nonce", &self.nonce),
            (b"uri", &self.uri),
            (b"response", &self.response),
        ] {
            push(&mut out, name);
            push_quoted(&mut out, value);
        }
        push(&mut out, b"algorithm");
        out.extend_from_slice(self.algorithm.name().as_bytes());
        if !self.opaque.is_empty() {
            push(&mut out, b"opaque");
            push_quoted(&mut out, &self.opaque);
        }
        if !self.cnonce.is_empty() {
            push(&mut out, b"cnonce");
            push_quoted(&mut out, &self.cnonce);
        }
        if let Some(qop) = self.qop {
            push(&mut out, b"qop");
            out.extend_from_slice(qop.name().as_bytes());
        }
        if !self.nc.is_empty() {
            push(&mut out, b"nc");
            out.extend_from_slice(&self.nc);
        }
        if self.userhash {
            out.extend_from_slice(b", userhash=true");
        }
        out
    }
}

fn push(out: &mut Vec<u8>, name: &[u8]) {
    out.extend_from_slice(b", ");
    out.extend_from_slice(name);
    out.push(b'=');
}

/// `UTF-8''J%C3%A4s%C3%B8n%20Doe` (RFC 5987 3.2).
fn extended_value(value: &[u8]) -> Result<Vec<u8>, HeaderError> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let (charset, text) = (parts.next(), parts.nth(1));
    let text = text
        .filter(|_| charset.is_some_and(|name| eq_token(name, b"UTF-8")))
        .ok_or(HeaderError::Malformed)?;
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
        let (high, low) = (digit(bytes.next()), digit(bytes.next()));
        let (Some(high), Some(low)) = (high, low) else {
            return Err(HeaderError::Malformed);
        };
        out.push((high << 4 | low) as u8);
    }
    Ok(out)
}

fn push_extended(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(b"*=UTF-8''");
    for byte in text {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(*byte);
        } else {
            let digit = |n: u8| b"0123456789ABCDEF"[usize::from(n & 15)];
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(*byte)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Hash;
    use super::*;

    /// RFC 3261 20.27, 20.44, 22.4, RFC 8760 2.4.
    #[test]
    fn challenges_are_read_and_written() {
        let value = b"Digest realm=\"atlanta.com\", domain=\"sip:ss1.carrier.com\", qop=\"auth,auth-int\",\r\n \
            nonce=\"f84f1cec41e6cbe5aea9c8e88d359\", opaque=\"\", stale=FALSE, algorithm=MD5";
        let challenge = Challenge::parse(value).unwrap();
        assert_eq!(challenge.realm.as_ref(), b"atlanta.com");
        assert!(challenge.auth && challenge.auth_int && !challenge.stale);
        assert_eq!(challenge.algorithm, Algorithm::plain(Hash::Md5));
        let written = challenge.to_value();
        assert_eq!(Challenge::parse(&written), Ok(challenge));
        let old = Challenge::parse(b"Digest realm=\"x\", nonce=\"y\"").unwrap();
        assert!(!old.auth && !old.auth_int);
        let unknown = b"Digest realm=\"x\", nonce=\"y\", algorithm=SHA3";
        assert_eq!(Challenge::parse(unknown), Err(HeaderError::Unknown));
        assert_eq!(Challenge::parse(b"Basic abc"), Err(HeaderError::Unknown));
        let twice = b"Digest realm=\"x\", realm=\"y\", nonce=\"z\"";
        assert_eq!(Challenge::parse(twice), Err(HeaderError::Malformed));
    }

    /// RFC 3261 20.7.
    #[test]
    fn credentials_are_read_and_written() {
        let value = b"Digest username=\"bob\", realm=\"biloxi.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
            uri=\"sip:bob@biloxi.com\", qop=auth, nc=00000001, cnonce=\"0a4f113b\", \
            response=\"6629fae49393a05397450978507c4ef1\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        let read = Authorization::parse(value).unwrap();
        assert_eq!((read.count(), read.qop), (1, Some(Qop::Auth)));
        assert_eq!(read.uri.as_ref(), b"sip:bob@biloxi.com");
        let written = read.to_value();
        assert_eq!(Authorization::parse(&written), Ok(read));
        assert_eq!(
            Authorization::realm_of(value).as_deref(),
            Some(&b"biloxi.com"[..])
        );
    }

    /// RFC 7616 3.9.2.
    #[test]
    fn names_beyond_ascii_are_written_in_their_own_way() {
        let value = b"Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm=\"r\", uri=\"u\", \
            algorithm=SHA-512-256, nonce=\"n\", nc=00000001, cnonce=\"c\", qop=auth, response=\"x\"";
        let read = Authorization::parse(value).unwrap();
        assert_eq!(read.username.as_ref(), "J\u{e4}s\u{f8}n Doe".as_bytes());
        assert_eq!(Authorization::parse(&read.to_value()), Ok(read.clone()));
    }

    #[test]
    fn what_lacks_something_is_refused() {
        for bad in [
            "Digest",
            "Digest username=\"a\"",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", qop=auth",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", qop=auth, nc=1, cnonce=\"c\"",
            "Digest username=\"a\", username*=UTF-8''a, realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\"",
            "Digest username=\"a, realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\"",
            "Digest =x",
        ] {
            let read = Authorization::parse(bad.as_bytes());
            assert_eq!(read, Err(HeaderError::Malformed), "{bad}");
        }
    }
}
