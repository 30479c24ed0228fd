//! A message as a packet of HEP version 3: chunks of type and length behind the letters `HEP3` and a length.
//!
//! After the public description of the protocol (HEP3 Network Protocol Specification, rev. 12); numbers are big-endian. Not
//! here: where it goes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use strowger::ra::Transport;
use strowger_config::Hep;
use strowger_node::FedMessage;

const MAGIC: &[u8; 4] = b"HEP3";
/// Chunks whose types are everybody's.
const GENERIC: u16 = 0;
/// Bytes of a chunk before its value.
const HEAD: usize = 6;
/// The type of a payload that is SIP.
const SIP: u8 = 1;

/// Types of chunks.
mod chunk {
    pub(super) const FAMILY: u16 = 1;
    pub(super) const PROTOCOL: u16 = 2;
    pub(super) const IPV4_SOURCE: u16 = 3;
    pub(super) const IPV4_DESTINATION: u16 = 4;
    pub(super) const IPV6_SOURCE: u16 = 5;
    pub(super) const IPV6_DESTINATION: u16 = 6;
    pub(super) const SOURCE_PORT: u16 = 7;
    pub(super) const DESTINATION_PORT: u16 = 8;
    pub(super) const SECONDS: u16 = 9;
    pub(super) const MICROSECONDS: u16 = 10;
    pub(super) const PAYLOAD_TYPE: u16 = 11;
    pub(super) const CAPTURE_ID: u16 = 12;
    pub(super) const PASSWORD: u16 = 14;
    pub(super) const PAYLOAD: u16 = 15;
    pub(super) const CORRELATION: u16 = 17;
}

/// Adds the packet of a message; `false`, and nothing, if it is longer than a packet can be.
pub(super) fn add(packets: &mut Vec<u8>, message: &FedMessage, settings: &Hep) -> bool {
    let begin = packets.len();
    packets.extend_from_slice(MAGIC);
    packets.extend_from_slice(&[0; 2]);
    let mut fits = true;
    let mut put = |kind: u16, value: &[u8]| match u16::try_from(HEAD + value.len()) {
        Ok(length) => {
            for number in [GENERIC, kind, length] {
                packets.extend_from_slice(&number.to_be_bytes());
            }
            packets.extend_from_slice(value);
        }
        Err(_) => fits = false,
    };
    addresses(message, &mut put);
    let micros = message.at / 1_000;
    put(chunk::SECONDS, &word(micros / 1_000_000));
    put(chunk::MICROSECONDS, &word(micros % 1_000_000));
    put(chunk::PAYLOAD_TYPE, &[SIP]);
    put(chunk::CAPTURE_ID, &settings.capture_id.to_be_bytes());
    if let Some(password) = &settings.password {
        put(chunk::PASSWORD, password.reveal().as_bytes());
    }
    put(chunk::CORRELATION, &message.key);
    put(chunk::PAYLOAD, &message.bytes);
    let length = u16::try_from(packets.len() - begin).ok().filter(|_| fits);
    let place = packets.get_mut(begin + MAGIC.len()..begin + HEAD);
    if let (Some(length), Some(place)) = (length, place) {
        place.copy_from_slice(&length.to_be_bytes());
        return true;
    }
    packets.truncate(begin);
    false
}

/// Where the message came from and where it went.
fn addresses(message: &FedMessage, put: &mut impl FnMut(u16, &[u8])) {
    let remote = canonical(message.remote);
    let local = message.local.map(canonical);
    // What the node does not know is no address, of the other side's family.
    let local = local.filter(|local| local.is_ipv4() == remote.is_ipv4());
    let nowhere = || match remote.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let local = local.unwrap_or_else(|| SocketAddr::new(nowhere(), 0));
    let (from, to) = match message.out {
        true => (local, remote),
        false => (remote, local),
    };
    const AF_INET: u8 = 2;
    const AF_INET6: u8 = 10;
    const TCP: u8 = 6;
    const UDP: u8 = 17;
    let family = if remote.is_ipv4() { AF_INET } else { AF_INET6 };
    put(chunk::FAMILY, &[family]);
    let udp = message.transport == Transport::Udp;
    put(chunk::PROTOCOL, &[if udp { UDP } else { TCP }]);
    let sides = [
        (
            from,
            chunk::IPV4_SOURCE,
            chunk::IPV6_SOURCE,
            chunk::SOURCE_PORT,
        ),
        (
            to,
            chunk::IPV4_DESTINATION,
            chunk::IPV6_DESTINATION,
            chunk::DESTINATION_PORT,
        ),
    ];
    for (side, v4, v6, port) in sides {
        match side.ip() {
            IpAddr::V4(ip) => put(v4, &ip.octets()),
            IpAddr::V6(ip) => put(v6, &ip.octets()),
        }
        put(port, &side.port().to_be_bytes());
    }
}

/// An IPv4 address that came over a socket of both families is one of IPv4.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn word(number: u64) -> [u8; 4] {
    // Seconds fit until 2106.
    u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger::id::RaIx;

    fn message(remote: &str, local: Option<&str>, bytes: usize) -> FedMessage {
        FedMessage {
            at: 1_700_000_000_123_456_789,
            adaptor: RaIx(0),
            out: false,
            transport: Transport::Udp,
            listener: 0,
            local: local.map(|local| local.parse().unwrap()),
            remote: remote.parse().unwrap(),
            key: b"a84b4c76e66710@pc33"[..].into(),
            bytes: vec![b'x'; bytes].into(),
        }
    }

    /// The chunks of a packet: type and value.
    fn chunks(message: &FedMessage, settings: &Hep) -> Vec<(u16, Vec<u8>)> {
        let mut packet = b"before".to_vec();
        assert!(add(&mut packet, message, settings));
        let packet = &packet[6..];
        let number = |at: usize| u16::from_be_bytes(packet[at..at + 2].try_into().unwrap());
        assert_eq!(
            (&packet[..4], usize::from(number(4))),
            (&b"HEP3"[..], packet.len())
        );
        let mut chunks = Vec::new();
        let mut at = 6;
        while at < packet.len() {
            let length = usize::from(number(at + 4));
            assert_eq!(number(at), 0);
            chunks.push((number(at + 2), packet[at + 6..at + length].to_vec()));
            at += length;
        }
        chunks
    }

    fn chunk(chunks: &[(u16, Vec<u8>)], kind: u16) -> Option<&[u8]> {
        let found = chunks.iter().find(|(own, _)| *own == kind);
        found.map(|(_, value)| value.as_slice())
    }

    #[test]
    fn a_packet_has_the_chunks_of_the_protocol() {
        let settings = Hep {
            capture_id: 2_001,
            password: Some("geheim".into()),
            ..Hep::default()
        };
        let came = message("192.0.2.1:5080", Some("192.0.2.9:5060"), 3);
        let packet = chunks(&came, &settings);
        let expected: [(u16, &[u8]); 14] = [
            (1, &[2]),
            (2, &[17]),
            (3, &[192, 0, 2, 1]),
            (7, &5_080_u16.to_be_bytes()),
            (4, &[192, 0, 2, 9]),
            (8, &5_060_u16.to_be_bytes()),
            (9, &1_700_000_000_u32.to_be_bytes()),
            (10, &123_456_u32.to_be_bytes()),
            (11, &[1]),
            (12, &2_001_u32.to_be_bytes()),
            (14, b"geheim"),
            (17, b"a84b4c76e66710@pc33"),
            (15, b"xxx"),
            (0, b""),
        ];
        for (found, expected) in packet.iter().zip(expected) {
            assert_eq!((found.0, found.1.as_slice()), expected);
        }
        assert_eq!(packet.len(), expected.len() - 1);
        let without = chunks(&came, &Hep::default());
        assert_eq!(chunk(&without, 14), None);
    }

    #[test]
    fn what_leaves_has_its_sides_the_other_way_round() {
        let mut left = message("[2001:db8::1]:5080", Some("[2001:db8::9]:5060"), 3);
        (left.out, left.transport) = (true, Transport::Tls);
        let packet = chunks(&left, &Hep::default());
        let own: Ipv6Addr = "2001:db8::9".parse().unwrap();
        assert_eq!(chunk(&packet, 1), Some(&[10][..]));
        assert_eq!(chunk(&packet, 2), Some(&[6][..]));
        assert_eq!(chunk(&packet, 5), Some(&own.octets()[..]));
        assert_eq!(chunk(&packet, 7), Some(&5_060_u16.to_be_bytes()[..]));
    }

    #[test]
    fn both_sides_are_of_one_family() {
        // A socket of both families, and a listener that is not known.
        let packet = chunks(
            &message("[::ffff:192.0.2.1]:5080", Some("[::]:5060"), 3),
            &Hep::default(),
        );
        assert_eq!(chunk(&packet, 3), Some(&[192, 0, 2, 1][..]));
        assert_eq!(chunk(&packet, 4), Some(&[0; 4][..]));
        let packet = chunks(&message("[2001:db8::1]:5080", None, 3), &Hep::default());
        assert_eq!(chunk(&packet, 6), Some(&[0; 16][..]));
    }

    #[test]
    fn a_message_that_is_too_long_for_a_packet_adds_nothing() {
        let mut packets = b"before".to_vec();
        for bytes in [65_412, 65_529, 65_530, 100_000] {
            assert!(!add(
                &mut packets,
                &message("192.0.2.1:1", None, bytes),
                &Hep::default()
            ));
            assert_eq!(packets, b"before");
        }
        assert!(add(
            &mut packets,
            &message("192.0.2.1:1", None, 65_411),
            &Hep::default()
        ));
    }
}
