//! The crate `diameter` 0.7.1 beside ours: inside its subset both read and write the same; its defects are shown, so that
//! docs/diameter-crate.md is corrected when one goes away.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Cursor;
use std::sync::Arc;

use diameter::avp::{self, Avp as CrateAvp, AvpValue, Grouped, flags};
use diameter::dictionary::Dictionary as CrateDictionary;
use diameter::{ApplicationId, CommandCode, DiameterMessage};
use proptest::collection::vec;
use proptest::prelude::*;
use strowger_diameter::diameter::{CrateTypes, FromCrateError, write};
use strowger_diameter::proto::dict::{AvpDef, Dictionary, Kind, base, credit, gx};
use strowger_diameter::proto::wire::{Address, Avp, AvpBuf, Avps, Builder, Message, Time, flag};

fn types() -> CrateTypes {
    CrateTypes::new(&Dictionary::standard())
}

fn decode(bytes: &[u8], types: &CrateTypes) -> Result<DiameterMessage, diameter::Error> {
    DiameterMessage::decode_from(&mut Cursor::new(bytes), Arc::clone(types.dictionary()))
}

fn encode(message: &DiameterMessage) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode_to(&mut bytes).unwrap();
    bytes
}

/// AVPs of every format that the crate can hold.
const LEAVES: &[&AvpDef] = &[
    &base::SESSION_ID,
    &base::ORIGIN_HOST,
    &base::REDIRECT_HOST,
    &base::HOST_IP_ADDRESS,
    &base::EVENT_TIMESTAMP,
    &base::RESULT_CODE,
    &base::ACCOUNTING_SUB_SESSION_ID,
    &base::CLASS,
    &credit::CC_REQUEST_TYPE,
    &credit::EXPONENT,
    &credit::VALUE_DIGITS,
    &gx::CHARGING_RULE_NAME,
];
const GROUPS: &[&AvpDef] = &[
    &base::PROXY_INFO,
    &credit::MULTIPLE_SERVICES_CREDIT_CONTROL,
    &gx::CHARGING_RULE_INSTALL,
];

#[derive(Clone, Debug)]
enum Tree {
    Leaf(usize, u64, Vec<u8>),
    Group(usize, Vec<Tree>),
}

fn trees() -> impl Strategy<Value = Vec<Tree>> {
    let leaf = (0..LEAVES.len(), any::<u64>(), vec(any::<u8>(), 0..20))
        .prop_map(|(def, number, text)| Tree::Leaf(def, number, text));
    let tree = leaf.prop_recursive(4, 30, 5, |inner| {
        (0..GROUPS.len(), vec(inner, 0..5)).prop_map(|(def, members)| Tree::Group(def, members))
    });
    vec(tree, 0..8)
}

fn put(trees: &[Tree], out: &mut AvpBuf) {
    for tree in trees {
        match tree {
            Tree::Leaf(def, number, text) => leaf(LEAVES[*def], *number, text, out),
            Tree::Group(def, members) => {
                out.group(GROUPS[*def], |group| put(members, group));
            }
        }
    }
}

/// A value of the definition's format, made of a number and some bytes, that the crate holds too.
fn leaf(def: &AvpDef, number: u64, text: &[u8], out: &mut AvpBuf) {
    let low = number as u32;
    let name: String = text.iter().map(|b| char::from(b'a' + b % 26)).collect();
    match def.kind {
        Kind::Unsigned32 => out.avp(def, low),
        Kind::Unsigned64 => out.avp(def, number),
        Kind::Integer32 | Kind::Enumerated => out.avp(def, low as i32),
        Kind::Integer64 => out.avp(def, number as i64),
        Kind::Time => out.avp(
            def,
            Time::from_unix(i64::from(low % 2_000_000_000)).unwrap(),
        ),
        Kind::Address if low.is_multiple_of(2) => out.avp(def, Address::V4(low.into())),
        Kind::Address => out.avp(def, Address::V6(u128::from(number).into())),
        Kind::DiameterIdentity => out.avp(def, format!("{name}.example")),
        Kind::DiameterUri => out.avp(def, format!("aaa://{name}.example:{}", low as u16)),
        Kind::Utf8String => out.avp(def, String::from_utf8_lossy(text).as_ref()),
        Kind::OctetString
        | Kind::Float32
        | Kind::Float64
        | Kind::Grouped
        | Kind::IpFilterRule
        | Kind::QosFilterRule => out.avp(def, text),
    };
}

/// Both hold the same value.
fn agree(ours: Avp<'_>, theirs: &CrateAvp) {
    assert_eq!(
        (ours.code, ours.vendor),
        (theirs.get_code(), theirs.get_vendor_id().unwrap_or(0))
    );
    assert_eq!(ours.is_mandatory(), theirs.get_flags().mandatory);
    match theirs.get_value() {
        AvpValue::Unsigned32(value) => assert_eq!(ours.u32(), Ok(value.value())),
        AvpValue::Unsigned64(value) => assert_eq!(ours.u64(), Ok(value.value())),
        AvpValue::Integer32(value) => assert_eq!(ours.i32(), Ok(value.value())),
        AvpValue::Integer64(value) => assert_eq!(ours.i64(), Ok(value.value())),
        AvpValue::Enumerated(value) => assert_eq!(ours.i32(), Ok(value.value())),
        AvpValue::UTF8String(value) => assert_eq!(ours.utf8(), Ok(value.value())),
        AvpValue::OctetString(value) => assert_eq!(ours.bytes(), value.value()),
        AvpValue::Identity(value) => assert_eq!(ours.identity(), Ok(value.value())),
        AvpValue::DiameterURI(value) => {
            assert_eq!(ours.uri().map(|_| ours.data), Ok(value.value()))
        }
        AvpValue::Time(value) => {
            assert_eq!(ours.time().map(Time::unix), Ok(value.value().timestamp()));
        }
        AvpValue::Address(value) => {
            let ip = ours.address().unwrap().ip().unwrap();
            assert_eq!(value.to_string(), ip.to_string());
        }
        AvpValue::Grouped(group) => all_agree(ours.group(), group.avps()),
        other @ (AvpValue::AddressIPv4(_)
        | AvpValue::AddressIPv6(_)
        | AvpValue::Float32(_)
        | AvpValue::Float64(_)) => panic!("{other:?} is of no format of ours"),
    }
}

fn all_agree(ours: Avps<'_>, theirs: &[CrateAvp]) {
    assert_eq!(ours.count(), theirs.len());
    ours.zip(theirs)
        .for_each(|(ours, theirs)| agree(ours, theirs));
}

fn ccr(trees: &[Tree]) -> Message {
    let mut builder = Builder::request(272, 4);
    put(trees, builder.body());
    Message::parse(builder.finish(7, 8).unwrap()).unwrap()
}

proptest! {
    #[test]
    fn both_read_the_same_and_write_the_same_bytes(trees in trees()) {
        let (types, message) = (types(), ccr(&trees));
        let theirs = decode(message.bytes(), &types).unwrap();
        all_agree(message.avps(), theirs.get_avps());
        prop_assert_eq!(theirs.get_hop_by_hop_id(), 7);
        prop_assert_eq!(encode(&theirs), message.bytes().to_vec());
    }

    #[test]
    fn what_is_converted_comes_back(trees in trees()) {
        let (types, message) = (types(), ccr(&trees));
        let theirs = types.message(&message).unwrap();
        all_agree(message.avps(), &theirs);
        let mut back = Builder::request(272, 4);
        for avp in &theirs {
            write(avp, back.body()).unwrap();
        }
        prop_assert_eq!(&back.finish(7, 8).unwrap(), message.bytes());
    }
}

#[test]
fn what_the_crate_builds_is_read() {
    let types = types();
    let dictionary = || Arc::clone(types.dictionary());
    let (code, app) = (CommandCode::CreditControl, ApplicationId::CreditControl);
    let mut theirs = DiameterMessage::new(code, app, 0xc0, 1, 2, dictionary());
    theirs
        .add_avp_by_name("Session-Id", avp::UTF8String::new("a;1;2").into())
        .unwrap();
    theirs
        .add_avp_by_name("CC-Request-Number", avp::Unsigned32::new(3).into())
        .unwrap();
    let mut services = Grouped::new(Vec::new(), dictionary());
    services.add_avp(432, None, flags::M, avp::Unsigned32::new(7).into());
    theirs.add_avp(456, None, flags::M, services.into());
    let message = Message::parse(encode(&theirs).into()).unwrap();
    assert_eq!(message.session_id(), Some("a;1;2"));
    all_agree(message.avps(), theirs.get_avps());
}

#[test]
fn what_the_crate_cannot_hold_is_octets_and_comes_back() {
    static OWN: AvpDef = AvpDef::new(4711, 32473, "Own", Kind::Utf8String);
    let mut builder = Builder::request(272, 4);
    builder
        .avp(&OWN, "own")
        .avp(&base::HOST_IP_ADDRESS, Address::E164("4917012345"))
        .avp(
            &credit::RESTRICTION_FILTER_RULE,
            "permit in ip from any to any",
        )
        .avp(
            &base::EVENT_TIMESTAMP,
            Time::from_unix(2_500_000_000).unwrap(),
        )
        .put(1, 0, flag::PROTECTED, b"bob");
    let message = Message::parse(builder.finish(7, 8).unwrap()).unwrap();
    let theirs = types().message(&message).unwrap();
    for octets in &theirs[..3] {
        assert!(octets.get_octetstring().is_some());
    }
    assert_eq!(
        theirs[3].get_time().unwrap().value().timestamp(),
        2_500_000_000
    );
    let mut back = Builder::request(272, 4);
    for avp in &theirs {
        write(avp, back.body()).unwrap();
    }
    assert_eq!(&back.finish(7, 8).unwrap(), message.bytes());
}

#[test]
fn what_the_crate_writes_wrong_is_written_right() {
    let types = types();
    let dictionary = || Arc::clone(types.dictionary());
    let address = avp::Address::from_e164("4917012345".to_owned());
    let theirs = CrateAvp::new(257, None, flags::M, address.into(), dictionary());
    assert_eq!(theirs.get_length(), 18, "defect 10: two bytes too few");
    let mut out = AvpBuf::new();
    write(&theirs, &mut out).unwrap();
    let ours = out.avps().next().unwrap();
    assert_eq!(ours.address(), Ok(Address::E164("4917012345")));
    assert!(out.avps().is_sound());

    let early = avp::Time::decode_from(&mut Cursor::new([0; 4])).unwrap();
    let theirs = CrateAvp::new(55, None, flags::M, early.into(), dictionary());
    let mut out = AvpBuf::new();
    assert_eq!(
        write(&theirs, &mut out),
        Err(FromCrateError::Value(55)),
        "1900 has no bits"
    );
    assert!(out.as_bytes().is_empty());
}

#[test]
fn groups_nested_too_deeply_are_refused_both_ways() {
    let types = types();
    let mut inner = CrateAvp::new(
        1,
        None,
        0,
        avp::UTF8String::new("x").into(),
        Arc::clone(types.dictionary()),
    );
    for _ in 0..17 {
        let group = Grouped::new(vec![inner], Arc::clone(types.dictionary()));
        inner = CrateAvp::new(279, None, 0, group.into(), Arc::clone(types.dictionary()));
    }
    assert_eq!(
        write(&inner, &mut AvpBuf::new()),
        Err(FromCrateError::Depth)
    );
}

/// A frame of CCR with these AVPs.
fn frame(avps: &[u8]) -> Vec<u8> {
    let mut builder = Builder::request(272, 4);
    builder.encoded(avps);
    builder.finish(7, 8).unwrap().to_vec()
}

#[test]
fn the_crate_refuses_what_must_be_accepted() {
    let types = types();
    // 4: an AVP that nobody knows, without M, must be ignored.
    let unknown = frame(&[0, 1, 0, 0, 0, 0, 0, 8]);
    assert!(Message::parse(unknown.clone().into()).is_ok());
    assert!(decode(&unknown, &types).is_err());
    // 6: S6a and Sh are no applications, Update-Location no command.
    let mut foreign = Builder::request(316, 16_777_251);
    let foreign = foreign.finish(7, 8).unwrap();
    assert!(Message::parse(foreign.clone()).is_ok());
    assert!(decode(&foreign, &types).is_err());
}

#[test]
fn the_crate_accepts_what_must_be_refused() {
    // 5: an Unsigned32 of 8 bytes is read as 4, and the rest of it as the next AVP.
    let smuggled = [
        &[0, 0, 1, 12, 0x40, 0, 0, 16, 0, 0, 7, 0xd1][..],
        &[0, 0, 1, 22, 0x40, 0, 0, 12, 0, 0, 0, 1],
    ]
    .concat();
    let smuggled = frame(&[&smuggled[..], &[0, 0, 0, 0]].concat());
    assert!(decode(&smuggled, &types()).is_ok_and(|message| message.get_avps().len() == 2));
    // 15: version 2 and reserved bits.
    let mut version = frame(&[]);
    (version[0], version[4]) = (2, 0xcf);
    assert!(decode(&version, &types()).is_ok());
    assert_eq!(
        Message::parse(version.into()).unwrap_err().result_code,
        5011
    );
    // 14: a value of another type than the definition's.
    let number = avp::Unsigned32::new(1).into();
    assert!(CrateAvp::from_name("Origin-Host", number, Arc::clone(types().dictionary())).is_ok());
    assert!(
        Builder::request(272, 4)
            .avp(&base::ORIGIN_HOST, 1)
            .finish(7, 8)
            .is_err()
    );
}

#[cfg(debug_assertions)]
#[test]
fn the_crate_panics_on_a_length_below_the_header() {
    // 2: in release the length wraps to 4 GiB, which is asked for at once.
    let short = frame(&[0, 0, 1, 7, 0x40, 0, 0, 7]);
    assert!(Message::parse(short.clone().into()).is_err());
    assert!(std::panic::catch_unwind(|| decode(&short, &types()).is_ok()).is_err());
}

#[test]
fn the_crate_s_dictionary_knows_what_ours_knows() {
    let types = types();
    let standard = Dictionary::standard();
    for def in standard.avps() {
        let vendor = (def.vendor != 0).then_some(def.vendor);
        let theirs = types.dictionary().get_avp(def.code, vendor);
        assert_eq!(theirs.map(|theirs| theirs.name.as_str()), Some(&*def.name));
    }
    let empty = CrateDictionary::new(&[]);
    assert!(empty.get_avp(263, None).is_none());
}
