//! PDUs octet by octet: what each policy takes, where faults point, what refusals look like.

use super::*;

const SOURCE: &[u8] = b"\x01\x0112345\0";
const DEST: &[u8] = b"\x01\x01491701234567\0";

fn pdu(command: u32, status: Status, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let header = Header {
        length: (HEADER_LEN + body.len()) as u32,
        command,
        status,
        sequence: 7,
    };
    [&header.to_bytes()[..], &body].concat()
}

fn request(command: u32, parts: &[&[u8]]) -> Vec<u8> {
    pdu(command, Status::ROK, parts)
}

/// Status, field and offset of what the policy refuses.
fn fault(frame: &[u8], policy: Policy) -> Option<(Status, &'static str, u32)> {
    let fault = Pdu::parse(frame, policy).err()?;
    assert_eq!(Some(fault.header), Header::read(frame));
    Some((fault.status, fault.field, fault.offset))
}

#[test]
fn a_fault_names_the_field_and_where_it_begins() {
    let check = |parts: &[&[u8]], status, field, offset| {
        let frame = request(command::SUBMIT_SM, parts);
        let expected = Some((status, field, offset));
        assert_eq!(fault(&frame, Policy::Lenient), expected);
    };
    check(&[], Status::RINVSERTYP, "service_type", 16);
    check(&[b"\0"], Status::RINVCMDLEN, "source_addr_ton", 17);
    check(&[b"\0\x01\x01123"], Status::RINVSRCADR, "source_addr", 19);
    let head: &[&[u8]] = &[b"\0", SOURCE, DEST];
    let at = 17 + (SOURCE.len() + DEST.len()) as u32;
    check(head, Status::RINVCMDLEN, "esm_class", at);
    let tail: &[&[u8]] = &[&head.concat(), b"\0\0\0\0\0\0\0\0\0\x05four"];
    check(tail, Status::RINVMSGLEN, "sm_length", at + 9);
    let tail: &[&[u8]] = &[
        &head.concat(),
        b"\0\0\0\0\0\0\0\0\0\x04four",
        b"\x15\0\0\x01x\x04",
    ];
    check(tail, Status::RINVTLVSTREAM, "tlv", at + 14 + 5);
}

#[test]
fn what_is_shorter_or_longer_than_it_says_is_no_pdu() {
    let whole = request(command::ENQUIRE_LINK, &[]);
    assert!(Pdu::parse(&whole, Policy::Strict).is_ok());
    for cut in 0..whole.len() {
        let fault = Pdu::parse(&whole[..cut], Policy::Lenient).expect_err("cut");
        assert_eq!(
            (fault.status, fault.field),
            (Status::RINVCMDLEN, "command_length")
        );
    }
    let long = [&whole[..], b"\0"].concat();
    assert!(Pdu::parse(&long, Policy::Lenient).is_err());
}

#[test]
fn what_the_strict_policy_refuses_and_the_lenient_takes() {
    let check = |what: &str, frame: &[u8], status| {
        let strict = fault(frame, Policy::Strict).map(|fault| fault.0);
        assert_eq!(strict, Some(status), "{what}");
        assert_eq!(fault(frame, Policy::Lenient), None, "{what}");
    };
    let submit = |source: &[u8], flags: &[u8], tlvs: &[u8]| {
        request(command::SUBMIT_SM, &[b"\0", source, DEST, flags, tlvs])
    };
    let good = b"\0\0\0\0\0\0\0\0\0\0";
    let sound = submit(SOURCE, good, b"\x15\0\0\x02\xff\xff");
    assert_eq!(fault(&sound, Policy::Strict), None);
    let latin = submit(b"\x05\0Caf\xe9\0", good, b"");
    check("Latin-1", &latin, Status::RINVSRCADR);
    let ton = submit(b"\x07\x01123\0", good, b"");
    check("TON", &ton, Status::RINVSRCTON);
    let npi = submit(b"\x01\x05123\0", good, b"");
    check("NPI", &npi, Status::RINVSRCNPI);
    let flags = |at: usize, value: u8| {
        let mut flags = *good;
        flags[at] = value;
        submit(SOURCE, &flags, b"")
    };
    check("esm_class", &flags(0, 3 << 2), Status::RINVESMCLASS);
    check("priority", &flags(2, 5), Status::RINVPRTFLG);
    check(
        "registered_delivery",
        &flags(5, 0x20),
        Status::RINVREGDLVFLG,
    );
    check("replace", &flags(6, 2), Status::RINVREPFLAG);
    let time = submit(SOURCE, b"\0\0\0tomorrow\0\0\0\0\0\0\0", b"");
    check("time", &time, Status::RINVSCHED);
    let tlv = submit(SOURCE, good, b"\x02\x0e\0\x02\0\x02");
    check("length of a TLV", &tlv, Status::RINVTLVLEN);
    let tlv = submit(SOURCE, good, b"\0\x1e\0\x03123");
    check("string of a TLV", &tlv, Status::RINVTLVVAL);
    let id = [b'1'; 254];
    let query = request(command::QUERY_SM, &[&id, b"\0", SOURCE]);
    check("long id", &query, Status::RINVMSGID);
    let bind = request(
        command::BIND_RECEIVER,
        &[b"esme\0fifteen of them\0\0\x34\0\0\0"],
    );
    check("long password", &bind, Status::RINVPASWD);
    let response = request(command::SUBMIT_SM_RESP, &[b"123"]);
    check("id without NUL", &response, Status::RINVMSGID);
    let bare = request(command::DELIVER_SM_RESP, &[]);
    check("no id", &bare, Status::RINVMSGID);
    let broadcast = request(command::BROADCAST_SM, &[b"\0", SOURCE, b"\0\0\0\0\0\0\0"]);
    check("no area", &broadcast, Status::RMISSINGTLV);
}

#[test]
fn a_string_of_a_tlv_is_read_with_and_without_its_nul() {
    for value in [b"\0\x1e\0\x04123\0".as_slice(), b"\0\x1e\0\x03123"] {
        let frame = request(
            command::DELIVER_SM,
            &[b"\0", SOURCE, DEST, b"\x04\0\0\0\0\0\0\0\0\0", value],
        );
        let Ok((_, Pdu::DeliverSm(deliver))) = Pdu::parse(&frame, Policy::Lenient) else {
            panic!("refused");
        };
        assert!(deliver.is_receipt());
        let id = deliver.tlvs.text(tlv::RECEIPTED_MESSAGE_ID);
        assert_eq!(id, Some(&b"123"[..]));
    }
}

#[test]
fn submit_multi_with_destinations_that_cannot_be() {
    let check = |dests: &[u8], status, field| {
        let frame = request(
            command::SUBMIT_MULTI,
            &[b"\0", SOURCE, dests, b"\0\0\0\0\0\0\0\0\0\x02hi"],
        );
        for policy in [Policy::Strict, Policy::Lenient] {
            let found = fault(&frame, policy).map(|fault| (fault.0, fault.1));
            assert_eq!(found, Some((status, field)));
        }
    };
    check(b"\0", Status::RINVNUMDESTS, "number_of_dests");
    check(b"\xff", Status::RINVNUMDESTS, "number_of_dests");
    check(b"\x01\x03\x01\x01123\0", Status::RINVDESTFLAG, "dest_flag");
    let long = [b"\x01\x02".as_slice(), &[b'x'; 21], b"\0"].concat();
    check(&long, Status::RINVDLNAME, "dl_name");
    let long = [b"\x01\x01\x01\x01".as_slice(), &[b'1'; 21], b"\0"].concat();
    check(&long, Status::RINVDSTADR, "destination_addr");
}

#[test]
fn destinations_come_in_order() {
    let mut dests = DestBuf::new();
    let sme = Dest::Sme(Addr::new(1, 1, b"49170"));
    let list = Dest::List(b"friends");
    for dest in [&sme, &list, &sme] {
        dests.push(dest).expect("it fits");
    }
    for _ in 3..254 {
        dests.push(&list).expect("it fits");
    }
    assert!(dests.push(&list).is_err(), "254 are the most");
    let multi = SubmitMulti {
        dests: dests.as_dests(),
        message: Submit::default(),
    };
    let frame = Pdu::SubmitMulti(multi)
        .encode(Status::ROK, 1)
        .expect("it fits");
    let Ok((_, Pdu::SubmitMulti(read))) = Pdu::parse(&frame, Policy::Strict) else {
        panic!("refused");
    };
    assert_eq!(read.dests.size(), 254);
    let read: Vec<_> = read.dests.collect();
    assert_eq!(
        (read[0], read[1], read[2], read.len()),
        (sme, list, sme, 254)
    );
}

#[test]
fn who_did_not_get_a_message_comes_in_order() {
    let mut unsuccess = UnsuccessBuf::new();
    let failed = |digits, status| Unsuccess {
        addr: Addr::new(1, 1, digits),
        status,
    };
    let expected = [
        failed(&b"1"[..], Status::RINVDSTADR),
        failed(b"22", Status(0x0401)),
    ];
    for it in &expected {
        unsuccess.push(it).expect("it fits");
    }
    let response = SubmitMultiResp {
        message_id: b"id",
        unsuccess: unsuccess.as_unsuccesses(),
        ..SubmitMultiResp::default()
    };
    let frame = Pdu::SubmitMultiResp(response)
        .encode(Status::ROK, 1)
        .expect("it fits");
    let Ok((_, Pdu::SubmitMultiResp(read))) = Pdu::parse(&frame, Policy::Strict) else {
        panic!("refused");
    };
    assert!(read.unsuccess.eq(expected));
}

#[test]
fn the_least_that_a_success_says_is_a_whole_pdu() {
    for request in [
        command::SUBMIT_SM,
        command::DELIVER_SM,
        command::DATA_SM,
        command::SUBMIT_MULTI,
        command::QUERY_SM,
        command::CANCEL_SM,
        command::REPLACE_SM,
        command::BROADCAST_SM,
        command::QUERY_BROADCAST_SM,
        command::CANCEL_BROADCAST_SM,
        command::ENQUIRE_LINK,
        command::UNBIND,
    ] {
        let written = Pdu::reply(request, Status::ROK).encode(Status::ROK, 1);
        let written = written.expect("it fits");
        let read = Pdu::parse(&written, Policy::Strict);
        assert!(read.is_ok(), "{}: {read:?}", command::name(request));
    }
}

#[test]
fn a_refusal_has_the_body_that_peers_look_for() {
    let body = |request: u32| {
        let status = Status::RSYSERR;
        let answer = Pdu::reply(request, status).encode(status, 9);
        let answer = answer.expect("it fits");
        let header = Header::read(&answer).expect("a header");
        assert_eq!(header.command, command::answer_of(request));
        assert_eq!((header.status, header.sequence), (status, 9));
        assert!(Pdu::parse(&answer, Policy::Strict).is_ok());
        answer.slice(HEADER_LEN..)
    };
    for request in [command::SUBMIT_SM, command::DELIVER_SM, command::DATA_SM] {
        assert_eq!(&body(request)[..], b"\0", "an empty message_id");
    }
    assert_eq!(&body(command::SUBMIT_MULTI)[..], b"\0\0");
    for request in command::ALL {
        let has_id = matches!(
            *request,
            command::SUBMIT_SM | command::DELIVER_SM | command::DATA_SM | command::SUBMIT_MULTI
        );
        if !command::is_response(*request) && !has_id {
            assert!(body(*request).is_empty(), "{}", command::name(*request));
        }
    }
}

#[test]
fn a_value_that_does_not_fit_is_not_written() {
    let encode = |submit: Submit<'_>| Pdu::SubmitSm(submit).encode(Status::ROK, 1).err();
    let long = [b'1'; 256];
    let too_long = |field| Some(EncodeError::TooLong(field));
    let source = Submit {
        source: Addr::new(1, 1, &long[..21]),
        ..Submit::default()
    };
    assert_eq!(encode(source), too_long("source_addr"));
    let message = Submit {
        short_message: &long,
        ..Submit::default()
    };
    assert_eq!(encode(message), too_long("short_message"));
    let nul = Submit {
        dest: Addr::new(1, 1, b"12\x003"),
        ..Submit::default()
    };
    assert_eq!(encode(nul), Some(EncodeError::Nul("destination_addr")));
    let schedule = Submit {
        schedule: "26112118165600000+",
        ..Submit::default()
    };
    assert_eq!(encode(schedule), too_long("schedule_delivery_time"));
    let mut tlvs = TlvBuf::new();
    assert!(tlvs.put(tlv::MESSAGE_PAYLOAD, &[0; 65_536]).is_err());
    assert!(tlvs.text(tlv::RECEIPTED_MESSAGE_ID, b"1\x002").is_err());
    assert!(tlvs.as_tlvs().is_empty());
}

#[test]
fn content_stands_in_either_place() {
    let mut tlvs = TlvBuf::new();
    tlvs.put(tlv::MESSAGE_PAYLOAD, b"long").expect("it fits");
    let payload = Submit {
        tlvs: tlvs.as_tlvs(),
        ..Submit::default()
    };
    let short = Submit {
        short_message: b"short",
        ..Submit::default()
    };
    assert_eq!(
        (payload.content(), short.content()),
        (&b"long"[..], &b"short"[..])
    );
    assert!(Pdu::SubmitSm(payload).needs_tlvs() && !Pdu::SubmitSm(short).needs_tlvs());
}

#[test]
fn passwords_and_messages_are_not_shown() {
    let bind = Bind {
        system_id: b"esme",
        password: b"secret",
        ..Bind::default()
    };
    let shown = format!("{:?}", Pdu::BindReceiver(bind));
    assert!(
        shown.contains("esme") && !shown.contains("secret"),
        "{shown}"
    );
    let submit = Submit {
        short_message: b"private",
        ..Submit::default()
    };
    let kept = PduBuf::of(&Pdu::SubmitSm(submit)).expect("it fits");
    assert_eq!(format!("{kept:?}"), "submit_sm 0, ESME_ROK, 40 octets");
}

#[test]
fn a_pdu_that_is_kept_survives_serde_and_a_broken_one_does_not() {
    let kept = PduBuf::of(&Pdu::SubmitSm(Submit::default())).expect("it fits");
    let text = serde_json::to_string(&kept).expect("serialises");
    let back: PduBuf = serde_json::from_str(&text).expect("deserialises");
    assert_eq!(back, kept);
    assert_eq!(back.view(), Pdu::SubmitSm(Submit::default()));
    assert!(serde_json::from_str::<PduBuf>("[0,0,0,16,0,0,0,4,0,0,0,0,0,0,0,1]").is_err());
}

#[test]
fn a_framer_holds_what_has_come_and_no_more() {
    let mut framer = Framer::new(1 << 30);
    let head = [0x20, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1];
    let mut input = &head[..];
    assert_eq!(framer.next_frame(&mut input), Ok(None));
    assert_eq!((input.len(), framer.buffered()), (0, 16));
    let mut input = &[0; 100][..];
    assert_eq!(framer.next_frame(&mut input), Ok(None));
    assert_eq!(framer.buffered(), 116, "whatever the header claims");
}

#[test]
fn texts_are_read_as_latin_1_where_they_are_not_ascii() {
    assert_eq!(text(b"Strowger"), "Strowger");
    assert_eq!(text(b"Caf\xe9"), "Caf\u{e9}");
    assert_eq!(text("\u{e9}".as_bytes()), "\u{c3}\u{a9}");
}
