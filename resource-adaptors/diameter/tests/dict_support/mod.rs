//! Messages made from the dictionary's own rules.

use bytes::Bytes;
use strowger_diameter::proto::dict::{AvpDef, CommandDef, Kind, Member, Rule};
use strowger_diameter::proto::wire::{AvpBuf, Header, Message, flag};

/// Bytes of a request or an answer with these AVPs.
pub(crate) fn frame(command: &CommandDef, flags: u8, avps: &[u8]) -> Bytes {
    let proxiable = if command.proxiable {
        flag::PROXIABLE
    } else {
        0
    };
    let header = Header {
        version: 1,
        length: u32::try_from(20 + avps.len()).unwrap(),
        flags: flags | proxiable,
        command: command.code,
        application: command.application,
        hop_by_hop: 1,
        end_to_end: 2,
    };
    Bytes::from([&header.to_bytes()[..], avps].concat())
}

pub(crate) fn request(command: &CommandDef, avps: &[u8]) -> Message {
    Message::parse(frame(command, flag::REQUEST, avps)).unwrap()
}

/// An AVP with a value that its definition allows; a group with what it needs.
pub(crate) fn good(def: &AvpDef, application: u32) -> Vec<u8> {
    let data = match def.kind {
        Kind::Grouped => required(def.members, application),
        Kind::Address => vec![0, 1, 192, 0, 2, 1],
        Kind::DiameterIdentity => b"peer.example".to_vec(),
        Kind::DiameterUri => b"aaa://peer.example".to_vec(),
        Kind::IpFilterRule | Kind::QosFilterRule => b"permit in ip from any to any".to_vec(),
        Kind::Utf8String | Kind::OctetString => b"text".to_vec(),
        Kind::Enumerated => def
            .items
            .first()
            .map_or(0, |(value, _)| *value)
            .to_be_bytes()
            .to_vec(),
        Kind::Unsigned32 if matches!(def.code, 258 | 259) && def.vendor == 0 => {
            application.to_be_bytes().to_vec()
        }
        Kind::Unsigned32 if def.code == 268 && def.vendor == 0 => 2001_u32.to_be_bytes().to_vec(),
        Kind::Integer32 | Kind::Unsigned32 | Kind::Float32 | Kind::Time => vec![0; 4],
        Kind::Integer64 | Kind::Unsigned64 | Kind::Float64 => vec![0; 8],
    };
    with(def, &data)
}

/// This AVP with these data and the bits that its definition asks for.
pub(crate) fn with(def: &AvpDef, data: &[u8]) -> Vec<u8> {
    let vendor = if def.vendor == 0 { 0 } else { flag::VENDOR };
    let mandatory = if def.mandatory == Rule::Must {
        flag::MANDATORY
    } else {
        0
    };
    put(def.code, def.vendor, vendor | mandatory, data)
}

pub(crate) fn put(code: u32, vendor: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    let mut avps = AvpBuf::new();
    avps.put(code, vendor, flags, data);
    avps.finish().unwrap()
}

/// The AVPs that these rules require, each as often as it must be there.
pub(crate) fn required(members: &[Member], application: u32) -> Vec<u8> {
    let each = |member: &Member| good(member.avp, application).repeat(usize::from(member.min));
    members.iter().flat_map(each).collect()
}
