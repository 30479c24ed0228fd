//! What a message centre answers to PDUs that are malformed, unknown or out of place: each probe has one answer.

use super::*;
use crate::proto::wire::{Cancel, Data, Query, Replace, TlvBuf, tlv};

/// Sends a PDU and behind it, in the same segment, a good submit_sm and enquire_link: the PDU gets exactly this answer, and
/// the others are untouched by it.
fn check(what: &str, probe: &[u8], answer: Head) {
    let mut segment = probe.to_vec();
    segment.extend_from_slice(&submit_pdu(1_000));
    segment.extend_from_slice(&request(&Pdu::EnquireLink(Tlvs::EMPTY), 1_001));
    for step in [segment.len(), 1, 7] {
        let mut mc = Side::mc(Mode::Transceiver);
        for piece in segment.chunks(step) {
            mc.feed(piece);
        }
        let alive = (command::ENQUIRE_LINK_RESP, Status::ROK, 1_001);
        assert_eq!(mc.heads(), [answer, alive], "{what}, in pieces of {step}");
        let request = match &mc.events[..] {
            [Event::Request { pdu, .. }] => pdu.clone(),
            other => panic!("{what}: {other:?}"),
        };
        assert_eq!(request.bytes(), &submit_pdu(1_000), "{what}");
        assert!(!mc.closed, "{what}");
    }
}

const SUBMITTED: u32 = command::SUBMIT_SM_RESP;

#[test]
fn an_unknown_command_gets_generic_nack_and_the_session_stays() {
    let nack = (command::GENERIC_NACK, Status::RINVCMDID, 77);
    check("no body", &raw(0x0000_0999, 77, b""), nack);
    check("a body", &raw(0x0001_0004, 77, b"\0\xff\0\0\0\x10"), nack);
    check("of 5.0", &raw(command::BROADCAST_SM, 77, b""), nack);
}

#[test]
fn a_length_that_cannot_be_true_gets_generic_nack_and_the_session_ends() {
    for (length, sequence) in [
        (0, 0),
        (4, 0),
        (15, 0),
        (8_193, 77),
        (0x7fff_ffff, 77),
        (u32::MAX, 77),
    ] {
        let mut mc = Side::mc(Mode::Transceiver);
        let mut probe = submit_pdu(77).to_vec();
        probe[..4].copy_from_slice(&u32::to_be_bytes(length));
        probe.extend_from_slice(&submit_pdu(78));
        mc.feed(&probe);
        let nack = (command::GENERIC_NACK, Status::RINVCMDLEN, sequence);
        assert_eq!(mc.heads(), [nack], "{length}");
        assert_eq!(mc.end(), Some(End::BadLength));
        assert!(mc.closed);
        mc.feed(&submit_pdu(79));
        assert!(
            mc.heads().is_empty() && mc.events.len() == 1,
            "nothing comes of what follows"
        );
    }
}

#[test]
fn a_length_below_that_of_a_header_is_seen_without_a_header() {
    let mut mc = Side::mc(Mode::Transceiver);
    mc.feed(&[0, 0, 0]);
    assert!(mc.heads().is_empty());
    mc.feed(&[15]);
    assert_eq!(mc.heads(), [(command::GENERIC_NACK, Status::RINVCMDLEN, 0)]);
}

#[test]
fn a_length_up_to_the_limit_is_taken() {
    let mut mc = Side::mc(Mode::Transceiver);
    let mut tlvs = TlvBuf::new();
    let rest = 8_192 - 16 - 20;
    let payload = vec![b'x'; rest - 33];
    tlvs.put(tlv::MESSAGE_PAYLOAD, &payload).expect("it fits");
    let submit = Submit {
        dest: Addr::new(0, 0, b"1"),
        tlvs: tlvs.as_tlvs(),
        ..Submit::default()
    };
    let pdu = request(&Pdu::SubmitSm(submit), 5);
    assert!(pdu.len() <= 8_192 && pdu.len() > 8_100);
    mc.feed(&pdu);
    assert_eq!(mc.requests().len(), 1);
}

#[test]
fn the_length_of_the_message_overruns_the_pdu() {
    let mut probe = submit_pdu(77).to_vec();
    let at = probe.len() - b"good morning".len() - 1;
    for length in [13, 40, 255] {
        probe[at] = length;
        check("sm_length", &probe, (SUBMITTED, Status::RINVMSGLEN, 77));
    }
}

#[test]
fn addresses_that_are_too_long_or_not_ended() {
    let long = [b"\0\x01\x01".as_slice(), &[b'1'; 21], b"\0"].concat();
    let source = [&long[..], b"\x01\x01123\0\0\0\0\0\0\0\0\0\0\x01x"].concat();
    let answer = (SUBMITTED, Status::RINVSRCADR, 77);
    check("source", &raw(command::SUBMIT_SM, 77, &source), answer);
    check(
        "no NUL",
        &raw(command::SUBMIT_SM, 77, b"\0\x01\x01123"),
        answer,
    );
    let dest = [b"\0\x01\x01123\0\x01\x01".as_slice(), &[b'1'; 30], b"\0"].concat();
    let answer = (SUBMITTED, Status::RINVDSTADR, 77);
    check("dest", &raw(command::SUBMIT_SM, 77, &dest), answer);
    let body = b"\0\x01\x01123\0\x01\x01456";
    check("no NUL", &raw(command::SUBMIT_SM, 77, body), answer);
}

#[test]
fn an_address_of_full_length_is_taken() {
    let mut mc = Side::mc(Mode::Transceiver);
    let digits = [b'1'; 20];
    let submit = Submit {
        source: Addr::new(1, 1, &digits),
        dest: Addr::new(1, 1, &digits),
        ..submit()
    };
    mc.feed(&request(&Pdu::SubmitSm(submit), 5));
    assert_eq!(mc.requests().len(), 1);
}

#[test]
fn other_parameters_that_are_too_long() {
    let service = raw(command::SUBMIT_SM, 77, b"toolong\0");
    check(
        "service_type",
        &service,
        (SUBMITTED, Status::RINVSERTYP, 77),
    );
    let head = b"\0\x01\x01123\0\x01\x01456\0\0\0\0".as_slice();
    let schedule = [head, b"2611211816560000+\0"].concat();
    let answer = (SUBMITTED, Status::RINVSCHED, 77);
    check("schedule", &raw(command::SUBMIT_SM, 77, &schedule), answer);
    let validity = [head, b"\0\xe9\0"].concat();
    let answer = (SUBMITTED, Status::RINVEXPIRY, 77);
    check("validity", &raw(command::SUBMIT_SM, 77, &validity), answer);
    let id = [b'1'; 300];
    let query = raw(command::QUERY_SM, 77, &id);
    check(
        "message_id",
        &query,
        (command::QUERY_SM_RESP, Status::RINVMSGID, 77),
    );
}

#[test]
fn a_body_that_ends_too_early() {
    let whole = submit_pdu(77);
    let fixed = whole.len() - b"good morning".len();
    // From the octet behind destination_addr on it is integers and empty strings that are missing.
    for cut in fixed - 10..fixed {
        let probe = raw(command::SUBMIT_SM, 77, &whole[16..cut]);
        let status = match cut - (fixed - 10) {
            3 => Status::RINVSCHED,
            4 => Status::RINVEXPIRY,
            _ => Status::RINVCMDLEN,
        };
        check(&format!("cut at {cut}"), &probe, (SUBMITTED, status, 77));
    }
}

#[test]
fn tlvs_that_overrun_and_what_is_no_tlv() {
    let whole = submit_pdu(77);
    let answer = (SUBMITTED, Status::RINVTLVSTREAM, 77);
    for tail in [
        b"\x04\x24\0\x05abcd".as_slice(),
        b"\x04\x24\xff\xff",
        b"\x14\0\0\0\x01",
        b"x",
        b"xy",
        b"xyz",
    ] {
        let probe = raw(command::SUBMIT_SM, 77, &[&whole[16..], tail].concat());
        check(&tail.escape_ascii().to_string(), &probe, answer);
    }
    let probe = raw(command::ENQUIRE_LINK, 77, b"junk!");
    let answer = (command::ENQUIRE_LINK_RESP, Status::RINVTLVSTREAM, 77);
    check("enquire_link", &probe, answer);
    let probe = raw(command::UNBIND, 77, b"!");
    let answer = (command::UNBIND_RESP, Status::RINVTLVSTREAM, 77);
    check("unbind", &probe, answer);
}

#[test]
fn content_in_two_places() {
    let mut tlvs = TlvBuf::new();
    tlvs.put(tlv::MESSAGE_PAYLOAD, b"another").expect("it fits");
    let submit = Submit {
        tlvs: tlvs.as_tlvs(),
        ..submit()
    };
    let probe = request(&Pdu::SubmitSm(submit), 77);
    check("both", &probe, (SUBMITTED, Status::RTLVNOTALLWD, 77));
    let replace = Replace {
        message_id: b"1",
        short_message: b"x",
        tlvs: tlvs.as_tlvs(),
        ..Replace::default()
    };
    let probe = request(&Pdu::ReplaceSm(replace), 77);
    let answer = (command::REPLACE_SM_RESP, Status::RTLVNOTALLWD, 77);
    check("both", &probe, answer);
}

#[test]
fn tlvs_of_vendors_are_taken_and_kept_octet_by_octet() {
    let mut tlvs = TlvBuf::new();
    tlvs.put(0x1501, b"\0\xff vendor").expect("it fits");
    tlvs.put(0x3fff, b"").expect("it fits");
    tlvs.u8(tlv::PAYLOAD_TYPE, 1);
    tlvs.put(0x1501, b"twice").expect("it fits");
    let submit = Submit {
        tlvs: tlvs.as_tlvs(),
        ..submit()
    };
    let sent = request(&Pdu::SubmitSm(submit), 9);
    let mut mc = Side::mc(Mode::Transceiver);
    mc.feed(&sent);
    let [Event::Request { pdu, .. }] = &mc.events[..] else {
        panic!("{:?}", mc.events);
    };
    let Pdu::SubmitSm(got) = pdu.view() else {
        panic!("{pdu:?}");
    };
    assert_eq!(got.tlvs.as_bytes(), tlvs.as_tlvs().as_bytes());
    let mut onward = Side::esme(Mode::Transceiver);
    assert!(onward.request(&pdu.view()).is_ok());
    assert_eq!(onward.sent[0][16..], sent[16..]);
}

#[test]
fn requests_before_the_bind_are_refused_and_enquire_link_is_answered() {
    let mut mc = Side::new(Role::Mc, Config::default());
    mc.feed(&submit_pdu(1));
    mc.feed(&request(&Pdu::QuerySm(Query::default()), 2));
    mc.feed(&request(&Pdu::Unbind(Tlvs::EMPTY), 3));
    mc.feed(&request(&Pdu::EnquireLink(Tlvs::EMPTY), 4));
    mc.feed(&raw(0x99, 5, b""));
    assert_eq!(
        mc.heads(),
        [
            (SUBMITTED, Status::RINVBNDSTS, 1),
            (command::QUERY_SM_RESP, Status::RINVBNDSTS, 2),
            (command::UNBIND_RESP, Status::RINVBNDSTS, 3),
            (command::ENQUIRE_LINK_RESP, Status::ROK, 4),
            (command::GENERIC_NACK, Status::RINVCMDID, 5),
        ]
    );
    assert!(mc.events.is_empty() && !mc.closed);
    mc.feed(&bind_pdu(Mode::Transceiver, 0x34, 6));
    mc.accept();
    assert_eq!(
        mc.heads(),
        [(command::BIND_TRANSCEIVER_RESP, Status::ROK, 6)]
    );
}

#[test]
fn a_receiver_submits_nothing() {
    let mut mc = Side::mc(Mode::Receiver);
    let data = Pdu::DataSm(Data::default());
    let cancel = Pdu::CancelSm(Cancel::default());
    mc.feed(&submit_pdu(1));
    mc.feed(&request(&data, 2));
    mc.feed(&request(&cancel, 3));
    assert_eq!(
        mc.heads(),
        [
            (SUBMITTED, Status::RINVBNDSTS, 1),
            (command::DATA_SM_RESP, Status::RINVBNDSTS, 2),
            (command::CANCEL_SM_RESP, Status::RINVBNDSTS, 3),
        ]
    );
    assert!(mc.events.is_empty());
}

#[test]
fn a_second_bind_is_refused_and_the_first_stays() {
    for mode in [Mode::Transmitter, Mode::Receiver, Mode::Transceiver] {
        let probe = bind_pdu(mode, 0x34, 77);
        let answer = (mode.command() | command::RESP, Status::RALYBND, 77);
        check("second bind", &probe, answer);
    }
    let mut mc = Side::new(Role::Mc, Config::default());
    mc.feed(&bind_pdu(Mode::Receiver, 0x34, 1));
    mc.feed(&bind_pdu(Mode::Receiver, 0x34, 2));
    assert_eq!(
        mc.heads(),
        [(command::BIND_RECEIVER_RESP, Status::RALYBND, 2)]
    );
    mc.accept();
    assert_eq!(mc.heads(), [(command::BIND_RECEIVER_RESP, Status::ROK, 1)]);
}

#[test]
fn responses_that_answer_nothing_are_dropped() {
    let mut mc = Side::mc(Mode::Transceiver);
    mc.feed(&raw(command::DELIVER_SM_RESP, 5, b"\0"));
    mc.feed(&raw(command::GENERIC_NACK, 0, b""));
    mc.feed(&raw(0x8000_0999, 5, b"?"));
    mc.feed(&raw(command::ENQUIRE_LINK_RESP, 5, b""));
    assert!(mc.heads().is_empty() && mc.events.is_empty() && !mc.closed);
    assert_eq!(mc.counts, ["smpp.responses_unmatched"; 3]);
}

#[test]
fn unbind_is_answered_and_then_the_connection_ends() {
    for sequence in 1..=20 {
        let mut mc = Side::mc(Mode::Transceiver);
        mc.feed(&request(&Pdu::Unbind(Tlvs::EMPTY), sequence));
        assert_eq!(mc.heads(), [(command::UNBIND_RESP, Status::ROK, sequence)]);
        assert!(mc.closed);
        assert_eq!(mc.end(), Some(End::PeerUnbound));
    }
}
