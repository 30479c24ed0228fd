//! CSeq, media types and dates.

use super::cursor::Cursor;
use super::error::{WireError, WireErrorKind};
use super::method::Method;
use super::params::Params;
use super::text::{decimal, eq_token};

/// A CSeq value (RFC 3261 20.16): the number is below 2^31.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// The sequence number.
    pub number: u32,
    /// The method as written.
    pub method: &'a [u8],
}

impl<'a> CSeq<'a> {
    /// Reads a value.
    pub fn parse(value: &'a [u8]) -> Result<Self, WireError> {
        let mut c = Cursor::new(value);
        c.skip_lws();
        let digits = c.take_while(|b| b.is_ascii_digit());
        let gap = c.at();
        c.skip_lws();
        let method = c.token();
        if digits.is_empty() || method.is_empty() || gap + method.len() == c.at() {
            return Err(c.error(WireErrorKind::CSeq));
        }
        c.skip_lws();
        if !c.is_end() {
            return Err(c.error(WireErrorKind::CSeq));
        }
        let number = decimal(digits)
            .and_then(|n| u32::try_from(n).ok())
            .filter(|&n| n < 1 << 31);
        let number = number.ok_or(WireError::new(WireErrorKind::Range, 0))?;
        Ok(Self { number, method })
    }

    /// Whether the method is this one.
    pub fn is(&self, method: &Method) -> bool {
        self.method == method.as_bytes()
    }

    /// The method, owned.
    pub fn to_method(&self) -> Method {
        Method::from_bytes(self.method)
    }
}

/// A Content-Type value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaType<'a> {
    /// What stands before the slash.
    pub kind: &'a [u8],
    /// What stands behind it.
    pub subtype: &'a [u8],
    /// The parameters; not checked.
    pub params: Params<'a>,
}

impl<'a> MediaType<'a> {
    /// Reads a value.
    pub fn parse(value: &'a [u8]) -> Result<Self, WireError> {
        let mut c = Cursor::new(value);
        c.skip_lws();
        let kind = c.token();
        let slash = c.eat(b'/');
        let subtype = c.token();
        c.skip_lws();
        if !slash || kind.is_empty() || subtype.is_empty() || !matches!(c.peek(), None | Some(b';'))
        {
            return Err(c.error(WireErrorKind::MediaType));
        }
        Ok(Self {
            kind,
            subtype,
            params: Params::new(c.rest()),
        })
    }

    /// Whether it is `kind/subtype`, parameters aside.
    pub fn is(&self, kind: &[u8], subtype: &[u8]) -> bool {
        eq_token(self.kind, kind) && eq_token(self.subtype, subtype)
    }
}

/// Checks a Date value: `Sat, 13 Nov 2010 23:29:00 GMT`, and no other zone (RFC 3261 20.17).
pub(crate) fn check_date(value: &[u8]) -> Result<(), WireError> {
    const PATTERN: &[u8] = b"Aaa, 00 Aaa 0000 00:00:00 GMT";
    let fits = value.len() == PATTERN.len()
        && value.iter().zip(PATTERN).all(|(&b, &p)| match p {
            b'A' | b'a' => b.is_ascii_alphabetic(),
            b'0' => b.is_ascii_digit(),
            b'G' | b'M' | b'T' => b.eq_ignore_ascii_case(&p),
            _ => b == p,
        });
    if fits {
        Ok(())
    } else {
        Err(WireError::new(WireErrorKind::Date, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cseq_forms() {
        assert_eq!(
            CSeq::parse(b"0009\r\n  INVITE"),
            Ok(CSeq {
                number: 9,
                method: b"INVITE"
            })
        );
        assert!(CSeq::parse(b"2147483647 X").is_ok());
        for bad in [
            &b"2147483648 X"[..],
            b"36893488147419103232 X",
            b"1",
            b"INVITE",
            b"1INVITE",
            b"1 A B",
            b"-1 A",
            b"",
        ] {
            assert!(CSeq::parse(bad).is_err(), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn media_types_and_dates() {
        let m = MediaType::parse(b"Multipart / Mixed ; boundary=\"x;y\"").unwrap();
        assert!(m.is(b"multipart", b"mixed"));
        assert_eq!(m.params.value(b"boundary"), Some(&b"\"x;y\""[..]));
        assert!(MediaType::parse(b"application").is_err());
        assert!(check_date(b"Sat, 13 Nov 2010 23:29:00 GMT").is_ok());
        assert!(check_date(b"Fri, 01 Jan 2010 16:00:00 EST").is_err());
    }
}
