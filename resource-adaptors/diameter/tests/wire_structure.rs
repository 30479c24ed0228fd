//! Frames, headers, AVPs and values: what is taken, what is refused, and the answer to it (RFC 6733 3, 4, 7).

#![expect(clippy::unwrap_used, reason = "a test fails where an assumption does")]

use bytes::Bytes;
use strowger_diameter::proto::dict::{AvpDef, Kind, base};
use strowger_diameter::proto::wire::{
    Address, AvpBuf, Avps, BuildError, Builder, Fault, FrameFaultKind, Framer, Header, Limits,
    Message, Patch, Time, Transport, Uri, ValueError, flag,
};

const CCR: (u32, u32) = (272, 4);

/// A frame with these AVPs, whatever they are.
fn frame(flags: u8, avps: &[u8]) -> Vec<u8> {
    let header = Header {
        version: 1,
        length: u32::try_from(20 + avps.len()).unwrap(),
        flags,
        command: CCR.0,
        application: CCR.1,
        hop_by_hop: 0x0102_0304,
        end_to_end: 0x0506_0708,
    };
    [&header.to_bytes()[..], avps].concat()
}

fn request(avps: &[u8]) -> Vec<u8> {
    frame(flag::REQUEST | flag::PROXIABLE, avps)
}

fn avp(code: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    let mut avps = AvpBuf::new();
    avps.put(code, 0, flags, data);
    avps.finish().unwrap()
}

fn fault(bytes: Vec<u8>) -> Fault {
    Message::parse(bytes.into()).expect_err("the frame is refused")
}

/// Result code and Failed-AVP of the frame with these AVPs.
fn refused(avps: &[u8]) -> (u32, Vec<u8>) {
    let fault = fault(request(avps));
    let failed = fault.failed_avp.unwrap_or_default().to_vec();
    (fault.result_code, failed)
}

#[test]
fn a_frame_comes_out_whole_however_the_stream_is_cut() {
    let one = request(&avp(263, flag::MANDATORY, b"a;1;2"));
    let two = frame(0, &avp(268, flag::MANDATORY, &[0, 0, 7, 0xd1]));
    let stream = [one.clone(), two.clone()].concat();
    for step in 1..=stream.len() {
        let mut framer = Framer::new(4096);
        let mut frames = Vec::new();
        for piece in stream.chunks(step) {
            framer.push(piece);
            while let Some(frame) = framer.next_frame().unwrap() {
                frames.push(frame.to_vec());
            }
        }
        assert_eq!(frames, [one.clone(), two.clone()], "in pieces of {step}");
        assert_eq!(framer.buffered(), 0);
    }
}

#[test]
fn a_length_that_cannot_be_true_ends_the_stream_with_5015() {
    for (length, kind) in [
        (0, FrameFaultKind::TooShort),
        (16, FrameFaultKind::TooShort),
        (22, FrameFaultKind::Unaligned),
        (4100, FrameFaultKind::TooLong),
        (0x00ff_fffc, FrameFaultKind::TooLong),
    ] {
        let mut bytes = request(&[]);
        bytes[1..4].copy_from_slice(&u32::to_be_bytes(length)[1..]);
        let mut framer = Framer::new(4096);
        framer.push(&bytes);
        let fault = framer.next_frame().unwrap_err();
        assert_eq!((fault.kind, fault.header.length), (kind, length));
        assert!(fault.fault().close);
        let answer = fault.answer("me.example", "example").unwrap();
        let answer = Message::parse(answer).unwrap();
        assert_eq!(answer.result_code(), Some(5015));
        assert_eq!(answer.header().hop_by_hop, 0x0102_0304);
        framer.push(&request(&[]));
        assert_eq!(framer.next_frame(), Ok(None), "nothing comes after the end");
        assert_eq!(framer.buffered(), 0);
    }
}

#[test]
fn only_a_request_whose_header_can_be_trusted_is_answered_5015() {
    for (at, byte) in [(0, 2), (4, 0x40), (4, 0xa0), (4, 0x88)] {
        let mut bytes = request(&[]);
        bytes[3] = 17;
        bytes[at] = byte;
        let mut framer = Framer::new(4096);
        framer.push(&bytes);
        let fault = framer.next_frame().unwrap_err();
        assert_eq!(fault.answer("me.example", "example"), None);
    }
}

#[test]
fn each_wrong_bit_of_the_header_has_its_result_code() {
    for (at, byte, code) in [
        (0, 2, 5011),
        (0, 0, 5011),
        (4, 0xc1, 5013),
        (4, 0xc8, 5013),
        (4, 0xe0, 3008),
        (3, 24, 5015),
    ] {
        let mut bytes = request(&[]);
        bytes[at] = byte;
        assert_eq!(fault(bytes).result_code, code, "byte {at} = {byte:#x}");
    }
    assert_eq!(fault(vec![1, 0, 0, 4]).result_code, 5015);
    assert!(Message::parse(frame(flag::ERROR, &[]).into()).is_ok());
}

#[test]
fn an_impossible_length_is_5014_with_a_header_made_whole() {
    // Origin-State-Id, Unsigned32: the Failed-AVP has a header and the four bytes that the format needs.
    let example = [0, 0, 1, 22, 0x40, 0, 0, 12, 0, 0, 0, 0];
    for length in [0, 1, 7, 13, 255] {
        let avp = [0, 0, 1, 22, 0x40, 0, 0, length, 0, 0, 0, 1];
        assert_eq!(refused(&avp), (5014, example.to_vec()), "length {length}");
    }
    // Below 12 with a Vendor-Id; a code that nobody knows has no least length.
    let vendor = [0, 0, 255, 255, 0xc0, 0, 0, 8, 0, 0, 40, 175];
    let whole = [0, 0, 255, 255, 0xc0, 0, 0, 12, 0, 0, 40, 175];
    assert_eq!(refused(&vendor), (5014, whole.to_vec()));
    // Four stray bytes at the end: what is there of the header, then zeros.
    let stray = [avp(263, 0x40, b"a;1;2"), vec![0, 0, 1, 22]].concat();
    let whole = [0, 0, 1, 22, 0, 0, 0, 12, 0, 0, 0, 0];
    assert_eq!(refused(&stray), (5014, whole.to_vec()));
    // Padding that is not there.
    let mut cut = request(&avp(263, 0x40, b"a;1;2"));
    cut.truncate(cut.len() - 4);
    cut[3] -= 4;
    assert_eq!(fault(cut).result_code, 5014);
}

#[test]
fn a_fault_in_a_group_comes_with_its_groups() {
    // Proxy-Info { Proxy-Host longer than the group }.
    let inner = [0, 0, 1, 24, 0x40, 0, 0, 40, b'a', b'b', b'c', b'd'];
    let (code, failed) = refused(&avp(284, 0x40, &inner));
    assert_eq!(code, 5014);
    let groups: Vec<_> = Avps::new(&failed).collect();
    assert_eq!(
        (groups.len(), groups[0].code, groups[0].flags),
        (1, 284, 0x40)
    );
    let members: Vec<_> = groups[0].group().collect();
    assert_eq!(
        (members.len(), members[0].code, members[0].data.len()),
        (1, 280, 0)
    );
    // Three bytes too many in the group.
    let (code, failed) = refused(&avp(284, 0x40, &[0, 0, 1]));
    assert_eq!(code, 5014);
    let group = Avps::new(&failed).next().unwrap();
    assert_eq!(group.group().next().unwrap().code, 0x0000_0100);
    assert!(group.group().is_sound());
}

#[test]
fn a_reserved_bit_in_an_avp_is_3009_and_the_answer_has_e() {
    let bad = avp(1, 0x41, b"bob");
    let avps = [avp(263, 0x40, b"a;1;2"), bad.clone()].concat();
    let bytes = request(&avps);
    let fault = fault(bytes.clone());
    assert_eq!(
        (fault.result_code, fault.failed_avp.as_deref()),
        (3009, Some(&bad[..]))
    );
    let answer = Message::parse(fault.answer(&bytes, "me.example", "example"));
    let answer = answer.expect("what is in Failed-AVP is not looked at");
    assert!(answer.is_error() && !answer.is_request());
    assert!(answer.header().is_proxiable());
    assert_eq!(answer.session_id(), Some("a;1;2"));
    assert_eq!(answer.result_code(), Some(3009));
    assert_eq!(answer.origin_host(), Some("me.example"));
    let failed = answer.find(&base::FAILED_AVP).unwrap();
    assert_eq!(failed.data, bad);
}

#[test]
fn too_many_avps_and_too_deep_groups_are_refused_without_harm() {
    let many = avp(1, 0, b"").repeat(1025);
    assert_eq!(fault(request(&many)).result_code, 5012);
    assert!(Message::parse(request(&many[8..]).into()).is_ok());
    // Proxy-Info in Proxy-Info, 2,000 deep.
    let mut nested = Vec::new();
    for _ in 0..2000 {
        nested = avp(284, 0x40, &nested);
    }
    assert_eq!(fault(request(&nested)).result_code, 5012);
    let limits = Limits {
        depth: 1,
        ..Limits::DEFAULT
    };
    let two = request(&avp(284, 0x40, &avp(284, 0x40, &[])));
    let parse = |limits| {
        let groups = strowger_diameter::proto::wire::Groups::standard();
        Message::parse_with(two.clone().into(), limits, groups)
    };
    assert!(parse(&Limits::DEFAULT).is_ok());
    assert_eq!(parse(&limits).unwrap_err().result_code, 5012);
}

#[test]
fn an_agent_looks_at_the_top_level_only() {
    let bytes = request(&avp(284, 0x40, &[0, 0, 1]));
    let message = Message::parse_outer(bytes.into(), &Limits::DEFAULT).unwrap();
    assert_eq!(
        message
            .check_groups(&Limits::DEFAULT)
            .unwrap_err()
            .result_code,
        5014
    );
}

#[test]
fn an_answer_has_the_session_first_and_the_proxies_last() {
    let mut ccr = Builder::request(CCR.0, CCR.1);
    ccr.avp(&base::SESSION_ID, "a;1;2")
        .avp(&base::ORIGIN_HOST, "a.example");
    for host in ["p1.example", "p2.example"] {
        ccr.group(&base::PROXY_INFO, |info| {
            info.avp(&base::PROXY_HOST, host)
                .avp(&base::PROXY_STATE, b"xyz");
        });
    }
    let ccr = Message::parse(ccr.finish(7, 8).unwrap()).unwrap();
    assert_eq!(ccr.header().flags, flag::REQUEST | flag::PROXIABLE);
    let mut cca = Builder::answer(&ccr);
    cca.avp(&base::RESULT_CODE, 2001)
        .identities("me.example", "example");
    let cca = Message::parse(cca.finish(7, 8).unwrap()).unwrap();
    assert_eq!(cca.header().flags, flag::PROXIABLE);
    let codes: Vec<u32> = cca.avps().map(|avp| avp.code).collect();
    assert_eq!(codes, [263, 268, 264, 296, 284, 284]);
    let host = cca.all(&base::PROXY_INFO).nth(1).unwrap();
    let host = host.group().get(&base::PROXY_HOST).unwrap();
    assert_eq!(host.identity(), Ok("p2.example"));
    assert_eq!(cca.result_code(), Some(2001));
}

#[test]
fn the_hop_commands_are_not_proxiable() {
    for command in [257, 280, 282] {
        let bytes = Builder::request(command, 0).finish(1, 1).unwrap();
        assert_eq!(Header::read(&bytes).unwrap().flags, flag::REQUEST);
    }
}

#[test]
fn a_value_that_does_not_fit_its_definition_is_an_error_and_no_message() {
    let build = |write: &dyn Fn(&mut Builder) -> &mut Builder| {
        let mut builder = Builder::request(CCR.0, CCR.1);
        write(&mut builder);
        builder.finish(1, 1)
    };
    let kind = |result: Result<Bytes, BuildError>| match result {
        Err(BuildError::Value { kind, .. }) => Some(kind),
        Err(BuildError::TooLong) | Ok(_) => None,
    };
    let text = build(&|b| b.avp(&base::ORIGIN_HOST, 1));
    assert_eq!(kind(text), Some(Kind::DiameterIdentity));
    let name = build(&|b| b.avp(&base::ORIGIN_HOST, "no name"));
    assert_eq!(kind(name), Some(Kind::DiameterIdentity));
    let negative = build(&|b| b.avp(&base::RESULT_CODE, -1));
    assert_eq!(kind(negative), Some(Kind::Unsigned32));
    let huge = vec![0; 1 << 24];
    let long = build(&|b| b.avp(&base::PROXY_STATE, &huge));
    assert_eq!(long, Err(BuildError::TooLong));
    let half = vec![0; 1 << 23];
    let two = build(&|b| b.avp(&base::CLASS, &half).avp(&base::CLASS, &half));
    assert_eq!(two, Err(BuildError::TooLong));
}

#[test]
fn a_frame_is_patched_for_the_next_try_and_the_next_hop() {
    let mut ccr = Builder::request(CCR.0, CCR.1);
    ccr.avp(&base::SESSION_ID, "a;1;2");
    let bytes = ccr.finish(7, 8).unwrap();
    let kept = bytes.clone();
    let patched = Patch::new(bytes)
        .hop_by_hop(0xdead_beef)
        .end_to_end(9)
        .retransmit()
        .route_record("a.example")
        .unwrap()
        .finish();
    assert_eq!(
        Header::read(&kept).unwrap().hop_by_hop,
        7,
        "the kept frame is as it was"
    );
    let message = Message::parse(patched).unwrap();
    let header = message.header();
    assert_eq!((header.hop_by_hop, header.end_to_end), (0xdead_beef, 9));
    assert!(header.is_retransmit() && header.is_request());
    assert!(message.has_route_record("A.example"));
    assert!(!message.has_route_record("b.example"));
}

#[test]
fn time_has_two_eras() {
    for (unix, wire) in [
        (0, [0x83, 0xaa, 0x7e, 0x80]),
        (-61_505_152, [0x80, 0, 0, 0]),
        (2_085_978_495, [0xff, 0xff, 0xff, 0xff]),
        (2_085_978_496, [0, 0, 0, 0]),
        (4_233_462_143, [0x7f, 0xff, 0xff, 0xff]),
    ] {
        let time = Time::from_unix(unix).unwrap();
        assert_eq!(time.to_wire(), wire);
        assert_eq!(Time::from_wire(wire).unix(), unix);
    }
    for outside in [i64::MIN, -61_505_153, 4_233_462_144, i64::MAX] {
        assert_eq!(Time::from_unix(outside), None);
    }
}

#[test]
fn an_address_is_its_family_and_its_length() {
    let v4 = Address::parse(&[0, 1, 192, 0, 2, 1]).unwrap();
    assert_eq!(v4.ip(), Some([192, 0, 2, 1].into()));
    let v6 = [&[0, 2][..], &[0x20, 1, 0xd, 0xb8], &[0; 11], &[1]].concat();
    assert_eq!(
        Address::parse(&v6).unwrap().ip().unwrap().to_string(),
        "2001:db8::1"
    );
    assert_eq!(Address::parse(b"\0\x08491701"), Ok(Address::E164("491701")));
    let other = Address::Other {
        family: 6,
        data: b"macmac",
    };
    assert_eq!(Address::parse(b"\0\x06macmac"), Ok(other));
    for bad in [
        &[][..],
        &[0],
        &[0, 1, 1, 2, 3],
        &[0, 2, 1],
        &[0, 8],
        b"\0\x08x",
        &[0, 0, 1],
    ] {
        assert_eq!(Address::parse(bad), Err(ValueError::Address), "{bad:?}");
    }
}

#[test]
fn a_uri_is_read_into_its_parts() {
    let read = |text: &'static str| Uri::parse(text.as_bytes());
    let uri = read("aaa://host.example.com:6666;transport=tcp;protocol=diameter").unwrap();
    assert_eq!(
        (uri.host, uri.port, uri.secure),
        ("host.example.com", Some(6666), false)
    );
    assert_eq!(
        (uri.transport, uri.protocol),
        (Some(Transport::Tcp), Some("diameter"))
    );
    assert!(read("aaas://host.example.com").unwrap().secure);
    for bad in [
        "",
        "aaa:",
        "aaa://",
        "http://a.example",
        "aaa://a.example:",
        "aaa://a.example:65536",
        "aaa://a.example:+1",
        "aaa://a.example;transport=x",
        "aaa://a.example;x=y",
        "aaa://a b",
        "aaa://a.example;transport=tcp;transport=tcp",
    ] {
        assert_eq!(read(bad), Err(ValueError::Uri), "{bad}");
    }
}

#[test]
fn a_value_of_another_size_is_no_value() {
    let bytes = avp(278, 0x40, &[1, 2, 3, 4]);
    let number = Avps::new(&bytes).next().unwrap();
    assert_eq!(
        (number.u32(), number.i32()),
        (Ok(0x0102_0304), Ok(0x0102_0304))
    );
    assert_eq!(
        (number.u64(), number.f64()),
        (Err(ValueError::Length), Err(ValueError::Length))
    );
    assert_eq!(
        number.time().map(Time::unix),
        Ok(0x0102_0304 + (1 << 32) - 2_208_988_800)
    );
    let bytes = avp(1, 0x40, &[0xff, 0xfe]);
    let text = Avps::new(&bytes).next().unwrap();
    assert_eq!(
        (text.utf8(), text.identity()),
        (Err(ValueError::Utf8), Err(ValueError::Identity))
    );
    assert_eq!(ValueError::Length.result_code(), 5014);
    assert_eq!(ValueError::Utf8.result_code(), 5004);
}

#[test]
fn a_vendor_s_avp_is_another_than_the_ietf_s_with_its_code() {
    static OWN: AvpDef = AvpDef::new(263, 10415, "Own", Kind::Utf8String);
    let mut ccr = Builder::request(CCR.0, CCR.1);
    ccr.avp(&OWN, "own").avp(&base::SESSION_ID, "a;1;2");
    let ccr = Message::parse(ccr.finish(1, 1).unwrap()).unwrap();
    assert_eq!(ccr.session_id(), Some("a;1;2"));
    let own = ccr.find(&OWN).unwrap();
    assert_eq!(
        (own.utf8(), own.vendor, own.flags),
        (Ok("own"), 10415, 0xc0)
    );
    let shared = ccr.share(own.data);
    assert_eq!(shared, "own");
    assert_eq!(ccr.detached(), ccr);
}
