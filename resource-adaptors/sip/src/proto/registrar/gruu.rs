//! GRUUs: URIs that lead to one client of a user, whatever its address is at the time (RFC 5627).
//!
//! A public one is the address of record with the client's instance in `gr`. A temporary one tells nobody who the user is:
//! its user part names client and registration under a cipher and a check that only we can make, so that nothing is kept
//! for it and it holds over a restart. It is good while the registration lasts that it was given out with: until the
//! client is no longer bound, or registers with another Call-ID (3.2). Each is made with a number of its own, so that two
//! of them cannot be told to be of one client.

use super::super::keyed::Secret;
use super::super::wire::Uri;
use super::super::wire::text::is_hex;
use super::Aor;

/// What kind of GRUU a URI is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gruu {
    /// It says whose it is.
    Public,
    /// It does not.
    Temporary,
}

impl Gruu {
    /// What kind of GRUU a URI is, if it is one.
    #[must_use]
    pub fn of(uri: &[u8]) -> Option<Self> {
        // Most URIs are none: this is where they part.
        if !uri.windows(3).any(|part| part.eq_ignore_ascii_case(b";gr")) {
            return None;
        }
        let uri = Uri::parse(uri).ok().filter(Uri::is_sip)?;
        Some(match uri.params().get(b"gr")? {
            Some(_) => Self::Public,
            None => Self::Temporary,
        })
    }
}

/// What a temporary GRUU stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meant {
    /// [`client`] of its address of record and instance.
    pub(super) client: u64,
    /// [`registration`] of the Call-ID of its REGISTER.
    pub(super) registration: u32,
}

const PREFIX: &[u8] = b"tgruu.";
const NONCE: usize = 8;
const MEANT: usize = 12;
const CHECK: usize = 8;
const TOKEN: usize = NONCE + MEANT + CHECK;

/// Stands for one client of one user.
pub(super) fn client(secret: &Secret, aor: &Aor, instance: &[u8]) -> u64 {
    secret
        .mac(b"gruu-client", &[aor.as_str().as_bytes(), instance])
        .0[0]
}

/// Stands for a client's series of REGISTERs.
pub(super) fn registration(secret: &Secret, call_id: &[u8]) -> u32 {
    secret.mac(b"gruu-call", &[call_id]).0[0] as u32
}

/// The public GRUU of a client; nothing if its instance is no URN in angle brackets, or the user no SIP user.
pub(super) fn public(aor: &Aor, secure: bool, instance: &[u8]) -> Option<Vec<u8>> {
    let instance = bare(instance)?;
    let mut out = address(aor, secure)?;
    out.extend_from_slice(aor.user().as_bytes());
    out.push(b'@');
    out.extend_from_slice(aor.domain().as_bytes());
    out.extend_from_slice(b";gr=");
    for byte in instance {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()[]/:&+$".contains(byte) {
            out.push(*byte);
        } else {
            out.push(b'%');
            push_hex(&mut out, &[*byte]);
        }
    }
    Some(out)
}

/// A temporary GRUU. `nonce` is used once.
pub(super) fn temporary(
    secret: &Secret,
    aor: &Aor,
    secure: bool,
    meant: Meant,
    nonce: u64,
) -> Option<Vec<u8>> {
    let nonce = nonce.to_be_bytes();
    let mut body = [0; MEANT];
    body[..8].copy_from_slice(&meant.client.to_be_bytes());
    body[8..].copy_from_slice(&meant.registration.to_be_bytes());
    cipher(secret, &nonce, &mut body);
    let check = check(secret, &nonce, &body, aor.domain().as_bytes());
    let mut out = address(aor, secure)?;
    out.extend_from_slice(PREFIX);
    push_hex(&mut out, &nonce);
    push_hex(&mut out, &body);
    push_hex(&mut out, &check);
    out.push(b'@');
    out.extend_from_slice(aor.domain().as_bytes());
    out.extend_from_slice(b";gr");
    Some(out)
}

/// What a temporary GRUU of ours stands for.
pub(super) fn meant(secret: &Secret, uri: &Uri<'_>) -> Option<Meant> {
    let token = unhex(uri.user()?.strip_prefix(PREFIX)?)?;
    let (nonce, rest) = token.split_first_chunk::<NONCE>()?;
    let (body, given) = rest.split_first_chunk::<MEANT>()?;
    let aor = Aor::parse(uri.as_bytes()).ok()?;
    if check(secret, nonce, body, aor.domain().as_bytes()) != given {
        return None;
    }
    let mut body = *body;
    cipher(secret, nonce, &mut body);
    let (client, registration) = body.split_first_chunk::<8>()?;
    Some(Meant {
        client: u64::from_be_bytes(*client),
        registration: u32::from_be_bytes(registration.try_into().ok()?),
    })
}

/// The instance that a public GRUU names, as `+sip.instance` has it.
pub(super) fn instance(uri: &Uri<'_>) -> Option<Vec<u8>> {
    let text = uri.params().value(b"gr")?;
    let mut out = vec![b'<'];
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let hex = text
            .get(at + 1..at + 3)
            .filter(|hex| *byte == b'%' && hex.iter().all(|b| is_hex(*b)));
        match hex.and_then(unhex_pair) {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out.push(b'>');
    Some(out)
}

fn address(aor: &Aor, secure: bool) -> Option<Vec<u8>> {
    if aor.user().is_empty() || aor.domain().is_empty() {
        return None;
    }
    Some(if secure {
        b"sips:".to_vec()
    } else {
        b"sip:".to_vec()
    })
}

fn bare(instance: &[u8]) -> Option<&[u8]> {
    instance
        .strip_prefix(b"<")?
        .strip_suffix(b">")
        .filter(|bare| !bare.is_empty())
}

/// There and back.
fn cipher(secret: &Secret, nonce: &[u8], body: &mut [u8; MEANT]) {
    let [a, b] = secret.mac(b"gruu-cipher", &[nonce]).0;
    let stream = a.to_be_bytes().into_iter().chain(b.to_be_bytes());
    for (byte, key) in body.iter_mut().zip(stream) {
        *byte ^= key;
    }
}

fn check(secret: &Secret, nonce: &[u8], body: &[u8], domain: &[u8]) -> [u8; CHECK] {
    secret.mac(b"gruu", &[nonce, body, domain]).0[0].to_be_bytes()
}

fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        let digit = |n: u8| b"0123456789abcdef"[usize::from(n)];
        out.extend([digit(byte >> 4), digit(byte & 15)]);
    }
}

fn unhex(text: &[u8]) -> Option<[u8; TOKEN]> {
    if text.len() != 2 * TOKEN {
        return None;
    }
    let mut out = [0; TOKEN];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        *byte = unhex_pair(pair)?;
    }
    Some(out)
}

fn unhex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |b: &u8| char::from(*b).to_digit(16).map(|n| n as u8);
    match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: &[u8] = b"<urn:uuid:0C67446E-F1A1-11D9-94D3-000A95A0E128>";

    fn aor() -> Aor {
        Aor::parse(b"sip:alice@a.example").unwrap()
    }

    #[test]
    fn a_public_one_names_user_and_instance() {
        let uri = public(&aor(), false, INSTANCE).unwrap();
        let text = b"sip:alice@a.example;gr=urn:uuid:0C67446E-F1A1-11D9-94D3-000A95A0E128";
        assert_eq!(uri, text);
        assert_eq!(Gruu::of(&uri), Some(Gruu::Public));
        assert_eq!(instance(&Uri::parse(&uri).unwrap()).unwrap(), INSTANCE);
        let odd = b"<urn:x;a=b%\">";
        let uri = public(&aor(), true, odd).unwrap();
        assert!(uri.starts_with(b"sips:alice@a.example;gr=urn:x%3ba%3db%25%22"));
        assert_eq!(instance(&Uri::parse(&uri).unwrap()).unwrap(), odd);
        assert_eq!(public(&aor(), false, b"plain"), None);
        assert_eq!(Gruu::of(b"sip:alice@a.example;group=1"), None);
    }

    #[test]
    fn a_temporary_one_is_known_again_and_tells_nothing() {
        let secret = Secret::new([1, 2]);
        let meant_by = Meant {
            client: client(&secret, &aor(), INSTANCE),
            registration: registration(&secret, b"call"),
        };
        let make = |nonce| temporary(&secret, &aor(), false, meant_by, nonce).unwrap();
        let (one, two) = (make(1), make(2));
        let read = |text: &[u8]| meant(&secret, &Uri::parse(text).unwrap());
        assert_eq!((read(&one), read(&two)), (Some(meant_by), Some(meant_by)));
        assert_eq!(Gruu::of(&one), Some(Gruu::Temporary));
        assert_ne!(one, two);
        assert_ne!(one[26..50], two[26..50], "what is meant is hidden");
        assert!(!String::from_utf8_lossy(&one).contains("alice"));
        for at in 10..66 {
            let mut forged = one.clone();
            forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(read(&forged), None, "at {at}");
        }
        let elsewhere = String::from_utf8_lossy(&one).replace("a.example", "b.example");
        assert_eq!(read(elsewhere.as_bytes()), None);
        let other = Secret::new([1, 3]);
        assert_eq!(meant(&other, &Uri::parse(&one).unwrap()), None);
    }
}
