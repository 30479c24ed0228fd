//! `;name=value` parameters of headers and URIs.

use memchr::memchr2;

use super::cursor::Cursor;
use super::error::{WireError, WireErrorKind};
use super::text::{eq_token, is_token, trim};

/// One parameter as written; `value` keeps its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name, in the sender's case.
    pub name: &'a [u8],
    /// The value, if there was a `=`.
    pub value: Option<&'a [u8]>,
}

/// The parameters behind a header value or a URI: empty, or starting with `;`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Params<'a> {
    raw: &'a [u8],
}

impl<'a> Params<'a> {
    /// Takes what stands behind the value proper.
    pub fn new(raw: &'a [u8]) -> Self {
        Self { raw: trim(raw) }
    }

    /// The bytes as written, from the first `;`.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// Whether there is no parameter.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// The parameters in order.
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + Clone + use<'a> {
        Pieces {
            rest: self.raw.strip_prefix(b";"),
        }
        .map(split)
    }

    /// The value of the first parameter with this name: the inner option is empty when it has none.
    pub fn get(&self, name: &[u8]) -> Option<Option<&'a [u8]>> {
        self.iter()
            .find(|p| eq_token(p.name, name))
            .map(|p| p.value)
    }

    /// The value of the first parameter with this name, where it has one.
    pub fn value(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.get(name).flatten()
    }

    /// Whether a parameter with this name is there.
    pub fn has(&self, name: &[u8]) -> bool {
        self.get(name).is_some()
    }

    /// Checks them as header parameters: `token [ = token / host / quoted-string ]` (RFC 3261 25.1, generic-param).
    pub fn check(&self) -> Result<(), WireError> {
        let at = |s: &[u8]| (s.as_ptr() as usize).saturating_sub(self.raw.as_ptr() as usize);
        if !self.raw.is_empty() && self.raw.first() != Some(&b';') {
            return Err(WireError::new(WireErrorKind::Param, 0));
        }
        for param in self.iter() {
            if !is_token(param.name) {
                return Err(WireError::new(WireErrorKind::Param, at(param.name)));
            }
            if let Some(value) = param.value {
                check_value(value).map_err(|e| e.shifted(at(value)))?;
            }
        }
        Ok(())
    }
}

fn check_value(value: &[u8]) -> Result<(), WireError> {
    if value.first() == Some(&b'"') {
        let mut cursor = Cursor::new(value);
        cursor.quoted()?;
        return if cursor.is_end() {
            Ok(())
        } else {
            Err(cursor.error(WireErrorKind::Param))
        };
    }
    // Wider than `token`: IPv6 references, and the URIs that peers put unquoted into `gr=` and the like.
    let bad = |b: &u8| matches!(b, 0..=b' ' | 0x7f | b'"' | b'<' | b'>' | b',');
    if value.is_empty() || value.iter().any(bad) {
        Err(WireError::new(WireErrorKind::Param, 0))
    } else {
        Ok(())
    }
}

#[derive(Debug, Clone)]
struct Pieces<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let (mut quoted, mut skip) = (false, false);
        let end = memchr2(b';', b'"', rest).and_then(|from| {
            if rest.get(from) == Some(&b';') {
                return Some(from);
            }
            rest.iter().position(|&b| {
                if skip {
                    skip = false;
                    return false;
                }
                match b {
                    b'\\' if quoted => skip = true,
                    b'"' => quoted = !quoted,
                    b';' => return !quoted,
                    _ => {}
                }
                false
            })
        });
        match end {
            Some(at) => {
                self.rest = rest.get(at + 1..);
                rest.get(..at)
            }
            None => {
                self.rest = None;
                Some(rest)
            }
        }
    }
}

fn split(piece: &[u8]) -> Param<'_> {
    match piece.iter().position(|&b| b == b'=') {
        Some(at) => {
            let (name, value) = piece.split_at(at);
            Param {
                name: trim(name),
                value: value.get(1..).map(trim),
            }
        }
        None => Param {
            name: trim(piece),
            value: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lws_quotes_and_flags() {
        let p = Params::new(b" ; Tag = \r\n a;lr ;x=\"a;\\\"b=c\";received=2001:db8::9 ; rport ");
        assert_eq!(p.value(b"tag"), Some(&b"a"[..]));
        assert_eq!(p.get(b"LR"), Some(None));
        assert_eq!(p.value(b"x"), Some(&b"\"a;\\\"b=c\""[..]));
        assert_eq!(p.value(b"received"), Some(&b"2001:db8::9"[..]));
        assert_eq!(p.get(b"rport"), Some(None));
        assert_eq!(p.get(b"none"), None);
        assert_eq!(p.check(), Ok(()));
    }

    #[test]
    fn empty_and_broken_parameters_are_found() {
        for bad in [
            &b";"[..],
            b";;a=b",
            b";a=",
            b";a=\"x",
            b";a b=c",
            b"a=b",
            b";a=\"x\"y",
        ] {
            assert!(Params::new(bad).check().is_err(), "{}", bad.escape_ascii());
        }
        assert!(Params::new(b"").check().is_ok());
    }
}
