//! SIP, SIPS, tel and other URIs (RFC 3261 19.1, RFC 3966).
//!
//! Read leniently where a strict reader would lose calls (unescaped `#` in a dial string), strictly where parts could
//! be mistaken for each other: blanks, brackets, quotes, control characters and broken `%` escapes are refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use memchr::{memchr, memchr_iter};

use super::error::{WireError, WireErrorKind};
use super::params::Params;
use super::text::{decimal, eq_token, is_hex, is_host_byte, is_uri_mark, trim};

/// Most parameters, and most headers, of one URI: comparing two takes the square of them.
const PARTS_MAX: usize = 64;

/// What a URI starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme<'a> {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// `urn:`
    Urn,
    /// Anything else, as written.
    Other(&'a [u8]),
}

/// A host: an address, or a name to resolve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'a> {
    /// A name, in the sender's case.
    Name(&'a [u8]),
    /// An IPv4 address or an IPv6 reference.
    Ip(IpAddr),
}

impl<'a> Host<'a> {
    /// Reads a host that fills `s`: an IPv6 address must stand in brackets.
    pub fn parse(s: &'a [u8]) -> Result<Self, WireError> {
        match Self::take(s)? {
            (host, n) if n == s.len() => Ok(host),
            (_, n) => Err(WireError::new(WireErrorKind::Host, n)),
        }
    }

    /// Reads a host off the front of `s` and says how long it is.
    pub(crate) fn take(s: &'a [u8]) -> Result<(Self, usize), WireError> {
        const BAD: WireError = WireError::new(WireErrorKind::Host, 0);
        if let Some(rest) = s.strip_prefix(b"[") {
            let end = memchr(b']', rest).ok_or(BAD)?;
            let ip = rest.get(..end).and_then(ipv6).ok_or(BAD)?;
            return Ok((Self::Ip(ip.into()), end + 2));
        }
        let (mut n, mut numeric) = (0, true);
        for &b in s.iter().take_while(|&&b| is_host_byte(b)) {
            numeric &= b.is_ascii_digit() || b == b'.';
            n += 1;
        }
        let host = s.get(..n).unwrap_or_default();
        if numeric {
            return ipv4(host).map(|ip| (Self::Ip(ip.into()), n)).ok_or(BAD);
        }
        match host.first() {
            Some(b) if b.is_ascii_alphanumeric() && n <= 255 => Ok((Self::Name(host), n)),
            _ => Err(BAD),
        }
    }

    /// Reads a host where peers leave the brackets of an IPv6 address out (`received`, `maddr`).
    pub(crate) fn parse_loose(s: &'a [u8]) -> Option<Self> {
        let s = trim(s);
        Self::parse(s)
            .ok()
            .or_else(|| ipv6(s).map(|ip| Self::Ip(ip.into())))
    }

    /// Whether both name the same host: names without regard to case, addresses by value.
    pub fn is_same(&self, other: &Host<'_>) -> bool {
        match (self, other) {
            (Self::Name(a), Host::Name(b)) => eq_token(a, b),
            (Self::Ip(a), Host::Ip(b)) => a == b,
            (Self::Name(_), Host::Ip(_)) | (Self::Ip(_), Host::Name(_)) => false,
        }
    }
}

/// Four decimal octets without leading zeros, which some readers take for octal.
fn ipv4(s: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0_u8; 4];
    let mut written = octets.iter_mut();
    let mut octet = written.next()?;
    let mut digits = 0;
    for &b in s {
        if b == b'.' && digits > 0 {
            (octet, digits) = (written.next()?, 0);
        } else if b.is_ascii_digit() && (digits == 0 || *octet > 0) {
            *octet = octet.checked_mul(10)?.checked_add(b - b'0')?;
            digits += 1;
        } else {
            return None;
        }
    }
    (digits > 0 && written.next().is_none()).then(|| octets.into())
}

/// An IPv6 address; three colons before an embedded IPv4 address count as two, because the grammar of RFC 3261
/// produces them (RFC 5118 4.10).
fn ipv6(s: &[u8]) -> Option<Ipv6Addr> {
    let s = str::from_utf8(s).ok().filter(|s| s.len() <= 46)?;
    s.parse().ok().or_else(|| {
        let (head, tail) = s.split_once(":::")?;
        if !tail.contains('.') {
            return None;
        }
        format!("{head}::{tail}").parse().ok()
    })
}

/// A URI and its parts.
#[derive(Debug, Clone, Copy)]
pub struct Uri<'a> {
    raw: &'a [u8],
    scheme: Scheme<'a>,
    user: Option<&'a [u8]>,
    password: Option<&'a [u8]>,
    host: Option<Host<'a>>,
    port: Option<u16>,
    params: Params<'a>,
    headers: Option<&'a [u8]>,
}

impl<'a> Uri<'a> {
    /// Reads a URI that fills `raw`.
    pub fn parse(raw: &'a [u8]) -> Result<Self, WireError> {
        let error = |at| WireError::new(WireErrorKind::Uri, at);
        let marks = Marks::find(raw)?;
        let colon = marks.colon.ok_or_else(|| error(0))?;
        let scheme = scheme(raw.get(..colon).unwrap_or_default()).ok_or_else(|| error(0))?;
        if colon + 1 == raw.len() {
            return Err(error(colon));
        }
        match scheme {
            Scheme::Sip | Scheme::Sips => Self::sip(raw, scheme, colon + 1, &marks),
            Scheme::Tel | Scheme::Urn | Scheme::Other(_) => {
                Ok(Self::opaque(raw, scheme, colon + 1))
            }
        }
    }

    fn opaque(raw: &'a [u8], scheme: Scheme<'a>, start: usize) -> Self {
        let rest = raw.get(start..).unwrap_or_default();
        let end = if scheme == Scheme::Tel {
            memchr(b';', rest)
        } else {
            None
        };
        let (user, params) = rest.split_at(end.unwrap_or(rest.len()));
        let (user, params) = (Some(user), Params::new(params));
        Self {
            raw,
            scheme,
            user,
            password: None,
            host: None,
            port: None,
            params,
            headers: None,
        }
    }

    fn sip(
        raw: &'a [u8],
        scheme: Scheme<'a>,
        start: usize,
        marks: &Marks,
    ) -> Result<Self, WireError> {
        let userinfo = marks.at.map(|at| raw.get(start..at).unwrap_or_default());
        let (user, password) = split_userinfo(userinfo, start)?;
        let start = marks.at.map_or(start, |at| at + 1);
        let tail = raw.get(start..).unwrap_or_default();
        let (host, n) = Host::take(tail).map_err(|e| e.shifted(start))?;
        let error = |kind, rest: &[u8]| WireError::new(kind, raw.len() - rest.len());
        let after = tail.get(n..).unwrap_or_default();
        let (port, after) = port(after).ok_or_else(|| error(WireErrorKind::Port, after))?;
        let (params, headers) = match marks.question {
            Some(question) => after.split_at(question.saturating_sub(raw.len() - after.len())),
            None => (after, &b""[..]),
        };
        if !matches!(params.first(), None | Some(b';')) || headers == b"?" {
            return Err(error(WireErrorKind::Uri, after));
        }
        let params = Params::new(params);
        check_params(params, after, &error)?;
        let headers = headers.get(1..);
        if headers.is_some_and(|h| memchr_iter(b'&', h).count() >= PARTS_MAX) {
            return Err(error(WireErrorKind::Uri, after));
        }
        Ok(Self {
            raw,
            scheme,
            user,
            password,
            host: Some(host),
            port,
            params,
            headers,
        })
    }

    /// The URI as written.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme<'a> {
        self.scheme
    }

    /// Whether it is a `sip:` or `sips:` URI.
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The user part as written; for `tel:` the number, for other schemes what stands behind the colon.
    pub fn user(&self) -> Option<&'a [u8]> {
        self.user
    }

    /// The password.
    pub fn password(&self) -> Option<&'a [u8]> {
        self.password
    }

    /// The host of a SIP URI.
    pub fn host(&self) -> Option<Host<'a>> {
        self.host
    }

    /// The port, if written.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The URI's parameters.
    pub fn params(&self) -> Params<'a> {
        self.params
    }

    /// What stands behind `?`.
    pub fn headers(&self) -> Option<&'a [u8]> {
        self.headers
    }

    /// The header fields behind `?`, names and values as written.
    pub fn header_fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        self.headers
            .into_iter()
            .flat_map(|h| h.split(|&b| b == b'&'))
            .map(|field| {
                let at = field.iter().position(|&b| b == b'=').unwrap_or(field.len());
                (
                    field.get(..at).unwrap_or_default(),
                    field.get(at + 1..).unwrap_or_default(),
                )
            })
    }

    /// The value of the `transport` parameter.
    pub fn transport(&self) -> Option<&'a [u8]> {
        self.params.value(b"transport")
    }

    /// Whether `lr` is there: the hop routes loosely (RFC 3261 16.12).
    pub fn is_loose_router(&self) -> bool {
        self.params.has(b"lr")
    }
}

fn scheme(name: &[u8]) -> Option<Scheme<'_>> {
    if eq_token(name, b"sip") {
        return Some(Scheme::Sip);
    }
    if eq_token(name, b"sips") {
        return Some(Scheme::Sips);
    }
    if eq_token(name, b"tel") {
        return Some(Scheme::Tel);
    }
    if eq_token(name, b"urn") {
        return Some(Scheme::Urn);
    }
    let rest_ok = name
        .iter()
        .all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    (rest_ok && name.first().is_some_and(u8::is_ascii_alphabetic)).then_some(Scheme::Other(name))
}

type UserInfo<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

fn split_userinfo(userinfo: Option<&[u8]>, at: usize) -> Result<UserInfo<'_>, WireError> {
    let Some(userinfo) = userinfo else {
        return Ok((None, None));
    };
    let colon = memchr(b':', userinfo).unwrap_or(userinfo.len());
    let (user, password) = userinfo.split_at(colon);
    if user.is_empty() {
        return Err(WireError::new(WireErrorKind::Uri, at));
    }
    Ok((Some(user), password.get(1..)))
}

/// Takes `:port` off the front; nothing if there is a colon without a valid port.
fn port(s: &[u8]) -> Option<(Option<u16>, &[u8])> {
    let Some(rest) = s.strip_prefix(b":") else {
        return Some((None, s));
    };
    let n = rest
        .iter()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, after) = rest.split_at(n);
    let port = decimal(digits)
        .and_then(|n| u16::try_from(n).ok())
        .filter(|&n| n != 0)?;
    Some((Some(port), after))
}

/// Where the parts of a URI meet.
#[derive(Default)]
struct Marks {
    /// The end of the scheme.
    colon: Option<usize>,
    /// The end of the user part.
    at: Option<usize>,
    /// Where the headers start.
    question: Option<usize>,
}

impl Marks {
    /// Finds them in one pass, which also refuses bytes that no URI holds and `%` that escapes nothing.
    fn find(raw: &[u8]) -> Result<Self, WireError> {
        let mut marks = Self::default();
        for (i, &b) in raw.iter().enumerate() {
            if !is_uri_mark(b) {
                continue;
            }
            match b {
                b':' => marks.colon = marks.colon.or(Some(i)),
                b'?' => marks.question = marks.question.or(Some(i)),
                b'@' if marks.at.is_none() => (marks.at, marks.question) = (Some(i), None),
                b'@' => {}
                b'%' if raw
                    .get(i + 1..i + 3)
                    .is_some_and(|h| h.iter().all(|&b| is_hex(b))) => {}
                _ => return Err(WireError::new(WireErrorKind::Uri, i)),
            }
        }
        Ok(marks)
    }
}

fn check_params(
    params: Params<'_>,
    rest: &[u8],
    error: &impl Fn(WireErrorKind, &[u8]) -> WireError,
) -> Result<(), WireError> {
    for (n, param) in params.iter().enumerate() {
        let empty = param.name.is_empty() || param.value.is_some_and(<[u8]>::is_empty);
        if empty || n >= PARTS_MAX {
            return Err(error(WireErrorKind::Param, rest));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(s: &[u8]) -> Uri<'_> {
        Uri::parse(s).unwrap_or_else(|e| panic!("{}: {e}", s.escape_ascii()))
    }

    #[test]
    fn parts_of_a_full_uri() {
        let u = uri(b"sips:john.doe:se%20cret@[2001:db8::1]:5071;transport=tcp;lr?subject=a&x=");
        assert_eq!(u.scheme(), Scheme::Sips);
        assert_eq!(u.user(), Some(&b"john.doe"[..]));
        assert_eq!(u.password(), Some(&b"se%20cret"[..]));
        assert_eq!(u.host(), Some(Host::Ip("2001:db8::1".parse().unwrap())));
        assert_eq!(u.port(), Some(5071));
        assert_eq!(u.transport(), Some(&b"tcp"[..]));
        assert!(u.is_loose_router());
        let fields: Vec<_> = u.header_fields().collect();
        assert_eq!(fields, [(&b"subject"[..], &b"a"[..]), (b"x", b"")]);
    }

    #[test]
    fn addresses_are_four_octets_and_names_what_is_not_only_digits_and_dots() {
        for good in ["0.0.0.0", "10.0.255.1", "255.255.255.255"] {
            let ip = Host::Ip(good.parse().unwrap());
            assert_eq!(Host::parse(good.as_bytes()), Ok(ip));
        }
        for bad in [
            "",
            ".",
            "1.2.3",
            "1.2.3.",
            ".1.2.3",
            "1..2.3",
            "1.2.3.4.5",
            "1.2.3.256",
            "01.2.3.4",
            "1.2.3.00",
            "1.2.3.4000",
            "-a",
        ] {
            assert!(Host::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        for name in ["1.2.3.4a", "a", "4.example"] {
            assert_eq!(
                Host::parse(name.as_bytes()),
                Ok(Host::Name(name.as_bytes()))
            );
        }
    }

    #[test]
    fn users_may_hold_what_looks_like_parameters() {
        let u = uri(b"sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com");
        assert_eq!(
            u.user(),
            Some(&b"1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"[..])
        );
        assert_eq!(u.host(), Some(Host::Name(b"example.com")));
        assert!(u.params().is_empty());
        assert_eq!(
            uri(b"sip:user;par=u%40example.net@example.com").user(),
            Some(&b"user;par=u%40example.net"[..])
        );
    }

    #[test]
    fn other_schemes() {
        let u = uri(b"tel:+1-212-555;phone-context=example.com");
        assert_eq!(
            (u.scheme(), u.user()),
            (Scheme::Tel, Some(&b"+1-212-555"[..]))
        );
        assert!(u.params().has(b"phone-context"));
        assert_eq!(uri(b"urn:service:sos").scheme(), Scheme::Urn);
        assert_eq!(
            uri(b"nobodyKnowsThisScheme:totallyopaquecontent").scheme(),
            Scheme::Other(b"nobodyKnowsThisScheme")
        );
    }

    #[test]
    fn broken_uris_are_refused() {
        for bad in [
            &b""[..],
            b"sip",
            b"sip:",
            b"sip:@h",
            b"sip:a@",
            b"sip:a b@h",
            b"<sip:a@h>",
            b"sip:a@h:0",
            b"sip:a@h:99999",
            b"sip:a@h:",
            b"sip:a@[::1",
            b"sip:a@2001:db8::1",
            b"sip:a%4@h",
            b"sip:a@h;",
            b"sip:a@h;;lr",
            b"sip:a@h?",
            b"sip:a@h?",
            b"sip:h;lr?",
            b"sip:a@999.1.1.1",
            b"1a:x",
            b":x",
            b"sip:a@h/x",
        ] {
            assert!(Uri::parse(bad).is_err(), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn three_colons_before_an_embedded_ipv4_count_as_two() {
        assert_eq!(
            uri(b"sip:u@[2001:db8:::192.0.2.1]").host(),
            Some(Host::Ip("2001:db8::192.0.2.1".parse().unwrap()))
        );
        assert!(Uri::parse(b"sip:u@[2001:db8:::1]").is_err());
    }
}
