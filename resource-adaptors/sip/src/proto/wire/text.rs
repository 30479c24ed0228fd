//! Bytes of the SIP grammar (RFC 3261 section 25): character classes, LWS, quoted strings, numbers.
//!
//! Whitespace inside an indexed header value may hold CR and LF, because folded lines are kept as they came; every
//! reader here treats them as LWS.

use std::borrow::Cow;

const TOKEN: u8 = 1;
const LWS: u8 = 2;
const HEX: u8 = 4;
const HOST: u8 = 8;
const URI_MARK: u8 = 16;

const CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0_u8; 256];
    let mut i = 0_usize;
    while i < 256 {
        let b = i as u8;
        if b.is_ascii_alphanumeric() {
            table[i] |= TOKEN;
        }
        if matches!(
            b,
            b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
        ) {
            table[i] |= TOKEN;
        }
        if matches!(b, b' ' | b'\t' | b'\r' | b'\n') {
            table[i] |= LWS;
        }
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_') {
            table[i] |= HOST;
        }
        if matches!(
            b,
            0..=b' ' | 0x7f | b'<' | b'>' | b'"' | b':' | b'@' | b'?' | b'%'
        ) {
            table[i] |= URI_MARK;
        }
        if b.is_ascii_hexdigit() {
            table[i] |= HEX;
        }
        i += 1;
    }
    table
}

/// Whether `b` may stand in a `token`.
#[inline]
pub fn is_token_byte(b: u8) -> bool {
    CLASS[b as usize] & TOKEN != 0
}

/// Whether `b` is linear whitespace, line breaks of a fold included.
#[inline]
pub fn is_lws(b: u8) -> bool {
    CLASS[b as usize] & LWS != 0
}

/// Whether `b` may stand in a host name; `_` is there because names have it.
#[inline]
pub(crate) fn is_host_byte(b: u8) -> bool {
    CLASS[b as usize] & HOST != 0
}

/// Whether `b` parts a URI (`:`, `@`, `?`), escapes in it, or may not stand in one.
#[inline]
pub(crate) fn is_uri_mark(b: u8) -> bool {
    CLASS[b as usize] & URI_MARK != 0
}

#[inline]
pub(crate) fn is_hex(b: u8) -> bool {
    CLASS[b as usize] & HEX != 0
}

/// Whether `s` is a non-empty `token`.
pub fn is_token(s: &[u8]) -> bool {
    !s.is_empty() && s.iter().all(|&b| is_token_byte(b))
}

/// Compares two tokens: without regard to ASCII case (RFC 3261 7.3.1).
#[inline]
pub fn eq_token(a: &[u8], b: &[u8]) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// `s` without LWS at its ends.
pub fn trim(s: &[u8]) -> &[u8] {
    trim_end(trim_start(s))
}

pub(crate) fn trim_start(mut s: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = s {
        if !is_lws(*first) {
            break;
        }
        s = rest;
    }
    s
}

pub(crate) fn trim_end(mut s: &[u8]) -> &[u8] {
    while let [rest @ .., last] = s {
        if !is_lws(*last) {
            break;
        }
        s = rest;
    }
    s
}

/// The value of a run of decimal digits, leading zeros allowed; nothing for anything else or above `u64::MAX`.
pub fn decimal(s: &[u8]) -> Option<u64> {
    if s.is_empty() {
        return None;
    }
    s.iter().try_fold(0_u64, |n, &b| {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        n.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Appends `n` in decimal.
pub fn push_decimal(out: &mut Vec<u8>, mut n: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// A quoted string's content: quotes off, `\x` pairs resolved, folds as one space. Anything unquoted comes back as is.
pub fn unquote(s: &[u8]) -> Cow<'_, [u8]> {
    let Some(inner) = s.strip_prefix(b"\"").and_then(|s| s.strip_suffix(b"\"")) else {
        return unfold(s);
    };
    if !inner.contains(&b'\\') {
        return unfold(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(&b) = bytes.next() {
        match b {
            b'\\' => out.extend(bytes.next()),
            _ => out.push(b),
        }
    }
    Cow::Owned(unfold(&out).into_owned())
}

/// `s` with every fold (line break and the blanks around it) as one space (RFC 3261 7.3.1).
pub fn unfold(s: &[u8]) -> Cow<'_, [u8]> {
    if !s.contains(&b'\n') {
        return Cow::Borrowed(s);
    }
    let mut out = Vec::with_capacity(s.len());
    let mut rest = s;
    while let Some(at) = rest.iter().position(|&b| b == b'\n') {
        out.extend_from_slice(trim_end(&rest[..at]));
        out.push(b' ');
        rest = trim_start(&rest[at + 1..]);
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Appends `s` as a quoted string, with `"` and `\` escaped.
pub fn push_quoted(out: &mut Vec<u8>, s: &[u8]) {
    out.push(b'"');
    for &b in s {
        if matches!(b, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(b);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_take_leading_zeros_and_stop_at_u64() {
        assert_eq!(decimal(b"0009"), Some(9));
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(decimal(b"18446744073709551616"), None);
        assert_eq!(decimal(b""), None);
        assert_eq!(decimal(b"-1"), None);
        for n in [0, 7, 10, 65_535, u64::MAX] {
            let mut out = Vec::new();
            push_decimal(&mut out, n);
            assert_eq!(decimal(&out), Some(n));
        }
    }

    #[test]
    fn quoting_round_trips_and_folds_become_a_space() {
        let mut out = Vec::new();
        push_quoted(&mut out, b"a \"b\" \\c");
        assert_eq!(out, br#""a \"b\" \\c""#);
        assert_eq!(unquote(&out).as_ref(), b"a \"b\" \\c");
        assert_eq!(
            unfold(b"one\r\n  two \r\n\tthree").as_ref(),
            b"one two three"
        );
        assert_eq!(trim(b" \r\n x \t"), b"x");
    }
}
