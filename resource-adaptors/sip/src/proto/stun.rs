//! STUN binding requests on the port of SIP over UDP: the keep-alive of RFC 5626 4.4.2, answered as RFC 5389 has it.
//!
//! It is no STUN server: no authentication, no other method, no alternate address; one datagram in, at most one small one
//! out, to where the question came from. What is no binding request is not answered.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const REQUEST: u16 = 0x0001;
const SUCCESS: u16 = 0x0101;
const ERROR: u16 = 0x0111;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
/// Attributes that must be understood and mean nothing here: USERNAME, MESSAGE-INTEGRITY, REALM, NONCE.
const PASSED_OVER: [u16; 4] = [0x0006, 0x0008, 0x0014, 0x0015];
/// Unknown attributes that an error names at most: an answer is never much longer than its question.
const NAMED: usize = 4;

/// Whether a datagram is STUN and not SIP, which begins with a letter (RFC 5389 8).
#[must_use]
pub fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|byte| byte & 0xc0 == 0)
        && datagram.get(4..8).is_some_and(|cookie| cookie == COOKIE)
}

/// The answer to a binding request from `peer`.
#[must_use]
pub fn answer(datagram: &[u8], peer: SocketAddr) -> Option<Bytes> {
    let (head, attributes) = datagram.split_first_chunk::<20>()?;
    let [t0, t1, l0, l1, c0, c1, c2, c3, id @ ..] = head;
    let length = usize::from(u16::from_be_bytes([*l0, *l1]));
    if u16::from_be_bytes([*t0, *t1]) != REQUEST
        || [*c0, *c1, *c2, *c3] != COOKIE
        || length != attributes.len()
        || length % 4 != 0
    {
        return None;
    }
    let unknown = unknown(attributes)?;
    if unknown.is_empty() {
        return Some(message(
            SUCCESS,
            id,
            &[(XOR_MAPPED_ADDRESS, mapped(peer, id))],
        ));
    }
    let code = b"\0\0\x04\x14Unknown Attribute".to_vec();
    let names = unknown
        .iter()
        .take(NAMED)
        .flat_map(|name| name.to_be_bytes());
    Some(message(
        ERROR,
        id,
        &[(ERROR_CODE, code), (UNKNOWN_ATTRIBUTES, names.collect())],
    ))
}

/// The attributes that would have to be understood; nothing if they are malformed.
fn unknown(mut attributes: &[u8]) -> Option<Vec<u16>> {
    let mut unknown = Vec::new();
    while let Some((&[t0, t1, l0, l1], rest)) = attributes.split_first_chunk::<4>() {
        let kind = u16::from_be_bytes([t0, t1]);
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if kind < 0x8000 && !PASSED_OVER.contains(&kind) {
            unknown.push(kind);
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    attributes.is_empty().then_some(unknown)
}

/// RFC 5389 15.2.
fn mapped(peer: SocketAddr, id: &[u8; 12]) -> Vec<u8> {
    let mask = COOKIE.iter().chain(id);
    let port = peer.port() ^ u16::from_be_bytes([COOKIE[0], COOKIE[1]]);
    let family = if peer.is_ipv4() { 1 } else { 2 };
    let mut out = vec![0, family];
    out.extend_from_slice(&port.to_be_bytes());
    match peer.ip() {
        IpAddr::V4(ip) => out.extend(ip.octets().iter().zip(mask).map(|(a, b)| a ^ b)),
        IpAddr::V6(ip) => out.extend(ip.octets().iter().zip(mask).map(|(a, b)| a ^ b)),
    }
    out
}

fn message(kind: u16, id: &[u8; 12], attributes: &[(u16, Vec<u8>)]) -> Bytes {
    let mut body = Vec::new();
    for (name, value) in attributes {
        body.extend_from_slice(&name.to_be_bytes());
        body.extend_from_slice(&(value.len() as u16).to_be_bytes());
        body.extend_from_slice(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut out = kind.to_be_bytes().to_vec();
    out.extend_from_slice(&(body.len() as u16).to_be_bytes());
    out.extend_from_slice(&COOKIE);
    out.extend_from_slice(id);
    out.extend_from_slice(&body);
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transaction of RFC 5769 2.2 and 2.3.
    const ID: [u8; 12] = [
        0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
    ];

    fn request(attributes: &[u8]) -> Vec<u8> {
        let mut out = vec![0, 1, 0, attributes.len() as u8];
        out.extend_from_slice(&COOKIE);
        out.extend_from_slice(&ID);
        out.extend_from_slice(attributes);
        out
    }

    #[test]
    fn addresses_are_masked_as_in_the_test_vectors() {
        let four = mapped("192.0.2.1:32853".parse().unwrap(), &ID);
        assert_eq!(four, [0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
        let six = "[2001:db8:1234:5678:11:2233:4455:6677]:32853"
            .parse()
            .unwrap();
        let masked = [
            0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2,
            0xb9, 0xd9,
        ];
        assert_eq!(mapped(six, &ID)[4..], masked);
    }

    #[test]
    fn a_binding_request_is_answered_and_nothing_else() {
        let peer = "192.0.2.1:32853".parse().unwrap();
        let good = request(b"");
        assert!(is_stun(&good));
        let reply = answer(&good, peer).unwrap();
        assert_eq!((reply.len(), &reply[..2]), (32, &[1, 1][..]));
        assert_eq!(reply[8..20], ID);
        // What need not be understood is passed over, credentials too.
        let software = request(b"\x80\x22\0\x05test \0\0\0\0\x06\0\x01a\0\0\0");
        assert_eq!(answer(&software, peer).unwrap()[..2], [1, 1]);
        let change = request(b"\0\x03\0\x04\0\0\0\x06");
        let reply = answer(&change, peer).unwrap();
        assert_eq!(reply[..2], [1, 0x11]);
        assert!(reply.ends_with(&[0, 0x0a, 0, 2, 0, 3, 0, 0]));
        for bad in [
            request(b"\0\x06\0\x40"),
            request(b"\0\x06"),
            good[..19].to_vec(),
            [&good[..], b"more"].concat(),
            [&[0, 0x11], &good[2..]].concat(),
            [&good[..4], &[0; 4], &good[8..]].concat(),
        ] {
            assert_eq!(answer(&bad, peer), None, "{}", bad.escape_ascii());
        }
        assert!(!is_stun(b"OPTIONS sip:a SIP/2.0\r\n"));
        assert!(!is_stun(b"\r\n\r\n"));
    }
}
