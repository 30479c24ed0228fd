//! Messages of a recorded call as a capture file that Wireshark, tshark and others read (pcapng, draft-ietf-opsawg-pcapng).
//!
//! Datagrams stand in IP and UDP headers that are made up from the addresses; what came over streams, and behind TLS, as
//! the messages that they were cut into, in Wireshark's "exported PDU" form, which names their protocol: ports and keys
//! play no part in reading them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use strowger_node::{Ladder, LadderMessage, What};

/// LINKTYPE_RAW: an IP packet.
const RAW_IP: u16 = 101;
/// LINKTYPE_WIRESHARK_UPPER_PDU: tags that tell what it is, and a message.
const UPPER_PDU: u16 = 252;
/// Largest message kept whole; an IP packet cannot be larger.
const LARGEST: usize = 65_000;

/// The messages of a recorded call as a pcapng file.
#[must_use]
pub fn pcapng(ladder: &Ladder) -> Vec<u8> {
    let mut file = Vec::new();
    section(&mut file);
    interface(&mut file, RAW_IP);
    interface(&mut file, UPPER_PDU);
    let began = ladder.info.started.saturating_mul(1_000_000);
    for (n, step) in ladder.steps.iter().enumerate() {
        if let What::Message(message) = &step.what {
            let at = began.saturating_add(step.at);
            let bytes = message.bytes.bytes();
            let bytes = bytes.get(..LARGEST).unwrap_or(&bytes);
            let (from, to) = ends(message);
            if message.transport == "udp" {
                packet(&mut file, 0, at, &datagram(n as u16, from, to, bytes));
            } else {
                packet(
                    &mut file,
                    1,
                    at,
                    &exported(&message.protocol, from, to, bytes),
                );
            }
        }
    }
    file
}

/// From whom to whom, in one family of addresses.
fn ends(message: &LadderMessage) -> (SocketAddr, SocketAddr) {
    let remote = message.remote;
    let unknown = SocketAddr::new(
        match remote.ip() {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        },
        message.local.map_or(0, |local| local.port()),
    );
    let same = |local: &SocketAddr| local.is_ipv4() == remote.is_ipv4();
    let local = message.local.filter(same).unwrap_or(unknown);
    if message.out {
        (local, remote)
    } else {
        (remote, local)
    }
}

// ---- blocks

fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let padded = body.len().next_multiple_of(4);
    let length = (padded + 12) as u32;
    file.extend(kind.to_le_bytes());
    file.extend(length.to_le_bytes());
    file.extend(body);
    file.resize(file.len() + padded - body.len(), 0);
    file.extend(length.to_le_bytes());
}

fn section(file: &mut Vec<u8>) {
    let mut body = Vec::new();
    body.extend(0x1a2b_3c4d_u32.to_le_bytes());
    body.extend(1_u16.to_le_bytes());
    body.extend(0_u16.to_le_bytes());
    // The length of the section is not told.
    body.extend(u64::MAX.to_le_bytes());
    option(
        &mut body,
        4,
        concat!("strowger ", env!("CARGO_PKG_VERSION")).as_bytes(),
    );
    option(&mut body, 0, b"");
    block(file, 0x0a0d_0d0a, &body);
}

fn interface(file: &mut Vec<u8>, link: u16) {
    let mut body = Vec::new();
    body.extend(link.to_le_bytes());
    body.extend(0_u16.to_le_bytes());
    body.extend(0_u32.to_le_bytes());
    // Times in nanoseconds.
    option(&mut body, 9, &[9]);
    option(&mut body, 0, b"");
    block(file, 1, &body);
}

fn packet(file: &mut Vec<u8>, interface: u32, at: u64, bytes: &[u8]) {
    let mut body = Vec::new();
    body.extend(interface.to_le_bytes());
    body.extend(((at >> 32) as u32).to_le_bytes());
    body.extend((at as u32).to_le_bytes());
    body.extend((bytes.len() as u32).to_le_bytes());
    body.extend((bytes.len() as u32).to_le_bytes());
    body.extend(bytes);
    block(file, 6, &body);
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

// ---- packets

/// An IP packet with a UDP datagram.
fn datagram(id: u16, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let length = (8 + bytes.len()) as u16;
    let mut udp = Vec::with_capacity(usize::from(length));
    udp.extend(from.port().to_be_bytes());
    udp.extend(to.port().to_be_bytes());
    udp.extend(length.to_be_bytes());
    udp.extend([0, 0]);
    udp.extend(bytes);
    let mut packet = Vec::with_capacity(udp.len() + 40);
    // What both headers count into the checksum of UDP (RFC 768, RFC 8200 8.1).
    let mut counted = Vec::new();
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            counted.extend(from.octets());
            counted.extend(to.octets());
            packet.extend([0x45, 0]);
            packet.extend((20 + length).to_be_bytes());
            packet.extend(id.to_be_bytes());
            packet.extend([0x40, 0, 64, 17, 0, 0]);
            packet.extend(&counted);
            let sum = checksum(&packet);
            packet.splice(10..12, sum.to_be_bytes());
        }
        (from, to) => {
            counted.extend(six(from).octets());
            counted.extend(six(to).octets());
            packet.extend([0x60, 0, 0, 0]);
            packet.extend(length.to_be_bytes());
            packet.extend([17, 64]);
            packet.extend(&counted);
        }
    }
    counted.extend([0, 17]);
    counted.extend(length.to_be_bytes());
    counted.extend(&udp);
    // 0 would say that there is none.
    let sum = match checksum(&counted) {
        0 => u16::MAX,
        sum => sum,
    };
    udp.splice(6..8, sum.to_be_bytes());
    packet.extend(udp);
    packet
}

fn six(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// A message in Wireshark's form for what was taken out of its packets: tags in front of it.
fn exported(protocol: &str, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut pdu = Vec::with_capacity(bytes.len() + 80);
    tag(&mut pdu, 12, protocol.as_bytes());
    for (address, four, six) in [(from, 20, 22), (to, 21, 23)] {
        match address.ip() {
            IpAddr::V4(ip) => tag(&mut pdu, four, &ip.octets()),
            IpAddr::V6(ip) => tag(&mut pdu, six, &ip.octets()),
        }
    }
    // TCP, in Wireshark's numbers.
    tag(&mut pdu, 24, &2_u32.to_be_bytes());
    tag(&mut pdu, 25, &u32::from(from.port()).to_be_bytes());
    tag(&mut pdu, 26, &u32::from(to.port()).to_be_bytes());
    tag(&mut pdu, 0, b"");
    pdu.extend(bytes);
    pdu
}

fn tag(pdu: &mut Vec<u8>, tag: u16, value: &[u8]) {
    let padded = value.len().next_multiple_of(4);
    pdu.extend(tag.to_be_bytes());
    pdu.extend((padded as u16).to_be_bytes());
    pdu.extend(value);
    pdu.resize(pdu.len() + padded - value.len(), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_add_up() {
        let (from, to) = (
            "10.0.0.1:5060".parse().unwrap(),
            "10.0.0.2:5070".parse().unwrap(),
        );
        let packet = datagram(7, from, to, b"odd");
        assert_eq!(checksum(&packet[..20]), 0, "the IP header");
        let mut counted = packet[12..20].to_vec();
        counted.extend([0, 17, 0, 11]);
        counted.extend(&packet[20..]);
        assert_eq!(checksum(&counted), 0, "the datagram");
    }

    #[test]
    fn blocks_tell_their_lengths_at_both_ends() {
        let mut file = Vec::new();
        block(&mut file, 6, b"12345");
        assert_eq!(file.len(), 20);
        assert_eq!(file[4..8], file[16..20]);
    }
}
