//! Whether two URIs are the same (RFC 3261 19.1.4; RFC 3966 section 4 for numbers).

use super::params::Params;
use super::text::eq_token;
use super::uri::{Scheme, Uri};

/// Parameters that make two URIs differ when only one has them. The RFC's text names all but `transport`, which its
/// examples treat the same.
const NEVER_IGNORED: [&[u8]; 5] = [b"user", b"ttl", b"method", b"maddr", b"transport"];

/// Characters whose escape means something else than they do (RFC 3261 25.1).
const RESERVED: &[u8] = b";/?:@&=+$,";

impl Uri<'_> {
    /// Whether both URIs are equivalent. Not transitive: a parameter that only one has is mostly ignored.
    pub fn is_equivalent(&self, other: &Uri<'_>) -> bool {
        match (self.scheme(), other.scheme()) {
            (Scheme::Sip, Scheme::Sip) | (Scheme::Sips, Scheme::Sips) => same_sip(self, other),
            (Scheme::Tel, Scheme::Tel) => same_tel(self, other),
            (Scheme::Urn, Scheme::Urn) => eq_token(self.as_bytes(), other.as_bytes()),
            (Scheme::Other(a), Scheme::Other(b)) => eq_token(a, b) && self.user() == other.user(),
            _ => false,
        }
    }
}

fn same_sip(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    let hosts = match (a.host(), b.host()) {
        (Some(x), Some(y)) => x.is_same(&y),
        _ => false,
    };
    hosts
        && a.port() == b.port()
        && same_escaped_option(a.user(), b.user())
        && same_escaped_option(a.password(), b.password())
        && same_params(a.params(), b.params())
        && same_headers(a, b)
}

fn same_tel(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    fn digits<'a>(uri: &Uri<'a>) -> impl Iterator<Item = u8> + use<'a> {
        let number = uri.user().unwrap_or_default();
        number
            .iter()
            .filter(|b| !matches!(b, b'-' | b'.' | b'(' | b')'))
            .map(u8::to_ascii_lowercase)
    }
    let contained = |x: Params<'_>, y: Params<'_>| {
        x.iter()
            .all(|p| y.get(p.name).is_some_and(|v| same_option(p.value, v, true)))
    };
    digits(a).eq(digits(b))
        && contained(a.params(), b.params())
        && contained(b.params(), a.params())
}

fn same_params(a: Params<'_>, b: Params<'_>) -> bool {
    let common = |x: Params<'_>, y: Params<'_>| {
        x.iter()
            .all(|p| y.get(p.name).is_none_or(|v| same_option(p.value, v, true)))
    };
    common(a, b) && common(b, a) && NEVER_IGNORED.iter().all(|name| a.has(name) == b.has(name))
}

fn same_headers(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    let contained = |x: &Uri<'_>, y: &Uri<'_>| {
        x.header_fields().all(|(name, value)| {
            y.header_fields()
                .any(|(n, v)| same_escaped(name, n, true) && same_escaped(value, v, false))
        })
    };
    contained(a, b) && contained(b, a)
}

fn same_escaped_option(a: Option<&[u8]>, b: Option<&[u8]>) -> bool {
    same_option(a, b, false)
}

fn same_option(a: Option<&[u8]>, b: Option<&[u8]>, ignore_case: bool) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same_escaped(a, b, ignore_case),
        (None, None) => true,
        _ => false,
    }
}

fn same_escaped(a: &[u8], b: &[u8], ignore_case: bool) -> bool {
    let fold = |(b, escaped): (u8, bool)| {
        (
            if ignore_case {
                b.to_ascii_lowercase()
            } else {
                b
            },
            escaped,
        )
    };
    Unescaped { rest: a }
        .map(fold)
        .eq(Unescaped { rest: b }.map(fold))
}

/// The characters of a part: a `%` escape of a reserved character stays apart from the character itself.
struct Unescaped<'a> {
    rest: &'a [u8],
}

impl Iterator for Unescaped<'_> {
    type Item = (u8, bool);

    fn next(&mut self) -> Option<(u8, bool)> {
        if let [b'%', high, low, rest @ ..] = self.rest
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            self.rest = rest;
            let b = high << 4 | low;
            return Some((b, RESERVED.contains(&b)));
        }
        let (&b, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some((b, false))
    }
}

fn hex(b: u8) -> Option<u8> {
    match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        b'A'..=b'F' => Some(b - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        let (a, b) = (
            Uri::parse(a.as_bytes()).unwrap(),
            Uri::parse(b.as_bytes()).unwrap(),
        );
        assert_eq!(a.is_equivalent(&b), b.is_equivalent(&a));
        a.is_equivalent(&b)
    }

    /// The examples of RFC 3261 19.1.4.
    #[test]
    fn equivalent_as_the_rfc_says() {
        for (a, b) in [
            (
                "sip:%61lice@atlanta.com;transport=TCP",
                "sip:alice@AtLanTa.CoM;Transport=tcp",
            ),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            (
                "sip:carol@chicago.com;newparam=5",
                "sip:carol@chicago.com;security=on",
            ),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
            ("tel:+1-212-555-0101", "tel:+12125550101"),
            ("sip:u@[2001:DB8::1]", "sip:u@[2001:db8:0::1]"),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn different_as_the_rfc_says() {
        for (a, b) in [
            (
                "SIP:ALICE@AtLanTa.CoM;Transport=udp",
                "sip:alice@AtLanTa.CoM;Transport=UDP",
            ),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            (
                "sip:bob@biloxi.com",
                "sip:bob@biloxi.com:6000;transport=tcp",
            ),
            (
                "sip:carol@chicago.com",
                "sip:carol@chicago.com?Subject=next%20meeting",
            ),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            (
                "sip:carol@chicago.com;security=on",
                "sip:carol@chicago.com;security=off",
            ),
            ("sip:a@h", "sips:a@h"),
            ("sip:a%2Cb@h", "sip:a,b@h"),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }
}
