//! Windows in both directions: what waits, what stalls, what is refused.

use super::*;
use crate::proto::wire::{Broadcast, PduBuf, TlvBuf, tlv};

fn window(window: usize) -> Config {
    Config {
        window,
        ..Config::default()
    }
}

#[test]
fn as_many_requests_as_the_window_has_wait_and_no_more() {
    for size in [1, 10, 100] {
        let mut esme = Side::esme_with(Mode::Transmitter, 0x34, window(size));
        let pdu = Pdu::SubmitSm(submit());
        let sent: Vec<Seq> = (0..size).filter_map(|_| esme.request(&pdu).ok()).collect();
        assert_eq!(sent.len(), size);
        assert_eq!(esme.request(&pdu), Err(RequestError::Full));
        assert_eq!((esme.session.room(), esme.session.in_flight()), (0, size));
        esme.heads();
        // Any of them makes room, in any order.
        for seq in sent.iter().rev() {
            esme.feed(&submit_response(seq.raw()));
            let got = esme.events.pop();
            assert!(matches!(got, Some(Event::Response { seq: it, .. }) if it == *seq));
            assert_eq!(esme.session.room(), 1);
            assert!(esme.request(&pdu).is_ok());
        }
        assert_eq!(esme.session.in_flight(), size);
    }
}

#[test]
fn a_peer_that_never_answers_stalls_the_window_until_each_request_times_out_once() {
    let mut esme = Side::esme_with(Mode::Transmitter, 0x34, window(10));
    let pdu = Pdu::SubmitSm(submit());
    let mut failed = 0;
    for turn in 0..50 {
        while esme.request(&pdu).is_ok() {}
        assert_eq!(esme.session.in_flight(), 10);
        let before = esme.sent.len();
        // Signs of life, and nothing else.
        esme.pass(29_999);
        esme.feed(&request(&Pdu::EnquireLink(Tlvs::EMPTY), turn));
        esme.pass(1);
        let timeouts = esme.events.drain(..).filter(|event| {
            let reason = &Failure::Timeout;
            matches!(event, Event::Failed { reason: it, .. } if it == reason)
        });
        failed += timeouts.count();
        assert!(esme.sent.len() <= before + 2);
        esme.sent.clear();
    }
    assert_eq!(failed, 500);
    assert_eq!(esme.session.in_flight(), 0);
}

#[test]
fn a_response_after_the_timeout_is_counted_and_dropped() {
    let mut esme = Side::esme(Mode::Transmitter);
    let seq = esme.request(&Pdu::SubmitSm(submit())).expect("room");
    esme.pass(20_000);
    esme.feed(&request(&Pdu::EnquireLink(Tlvs::EMPTY), 1));
    esme.pass(10_000);
    let reason = Failure::Timeout;
    assert_eq!(esme.events, [Event::Failed { seq, reason }]);
    esme.feed(&submit_response(seq.raw()));
    assert_eq!(esme.events.len(), 1);
    assert_eq!(esme.counts, ["smpp.timeouts", "smpp.responses_unmatched"]);
}

#[test]
fn a_response_to_another_command_does_not_answer() {
    let mut esme = Side::esme(Mode::Transmitter);
    let seq = esme.request(&Pdu::SubmitSm(submit())).expect("room");
    esme.feed(&raw(command::DATA_SM_RESP, seq.raw(), b"1\0"));
    assert!(esme.events.is_empty());
    esme.feed(&raw(command::GENERIC_NACK, seq.raw(), b""));
    assert!(matches!(&esme.events[..], [Event::Response { seq: it, .. }] if *it == seq));
    assert_eq!(esme.counts, ["smpp.responses_mismatched"]);
}

#[test]
fn a_malformed_response_ends_its_request() {
    let config = Config {
        policy: Policy::Strict,
        ..Config::default()
    };
    let mut esme = Side::esme_with(Mode::Transmitter, 0x34, config);
    let seq = esme.request(&Pdu::SubmitSm(submit())).expect("room");
    esme.heads();
    esme.feed(&raw(command::SUBMIT_SM_RESP, seq.raw(), b"no end"));
    let [Event::Failed { reason, .. }] = &esme.events[..] else {
        panic!("{:?}", esme.events);
    };
    assert!(matches!(reason, Failure::Malformed(fault) if fault.status == Status::RINVMSGID));
    assert!(esme.heads().is_empty(), "nothing answers a response");
}

#[test]
fn responses_of_lenient_peers() {
    for (status, body) in [
        (Status::ROK, b"no end".as_slice()),
        (Status::ROK, b""),
        (Status::RTHROTTLED, b""),
        (Status::RTHROTTLED, b"\0"),
        (Status::RTHROTTLED, b"\0junk"),
    ] {
        let mut esme = Side::esme(Mode::Transmitter);
        let seq = esme.request(&Pdu::SubmitSm(submit())).expect("room");
        let mut response = raw(command::SUBMIT_SM_RESP, seq.raw(), body);
        response[8..12].copy_from_slice(&status.0.to_be_bytes());
        esme.feed(&response);
        let [Event::Response { pdu, .. }] = &esme.events[..] else {
            panic!("{:?}", esme.events);
        };
        assert_eq!(pdu.status(), status);
        let id = if let Pdu::SubmitSmResp(it) = pdu.view() {
            it.message_id
        } else {
            assert!(matches!(pdu.view(), Pdu::Bodyless { .. }));
            b""
        };
        assert_eq!(id, if body == b"no end" { body } else { b"" });
    }
}

#[test]
fn requests_under_way_when_the_connection_ends_have_one_outcome_each() {
    let mut esme = Side::esme(Mode::Transceiver);
    let sent: Vec<Seq> = (0..5)
        .filter_map(|_| esme.request(&Pdu::SubmitSm(submit())).ok())
        .collect();
    esme.feed(&submit_response(sent[2].raw()));
    esme.feed(&request(&Pdu::DeliverSm(submit()), 9));
    let key = esme.requests()[0];
    esme.session.closed();
    esme.drain();
    let reason = Failure::Disconnected;
    let failed = [0, 1, 3, 4].map(|n| Event::Failed {
        seq: sent[n],
        reason,
    });
    assert_eq!(esme.events[..4], failed);
    assert_eq!(esme.end(), Some(End::Disconnected));
    assert!(!esme.closed, "it has ended by itself");
    let gone = esme.session.refuse(esme.now, key, Status::ROK);
    assert_eq!(gone, Err(RespondError::Gone));
    esme.session.closed();
    esme.pass(1_000_000);
    assert_eq!(esme.events.len(), 5);
}

#[test]
fn sequence_numbers_wrap_to_1() {
    let config = Config {
        first_sequence: 0x7fff_fffe,
        ..Config::default()
    };
    let mut esme = Side::esme_with(Mode::Transmitter, 0x34, config);
    let pdu = Pdu::SubmitSm(submit());
    let sent: Vec<u32> = (0..4)
        .filter_map(|_| Some(esme.request(&pdu).ok()?.raw()))
        .collect();
    assert_eq!(sent, [0x7fff_ffff, 1, 2, 3]);
    for sequence in [2, 0x7fff_ffff, 3, 1] {
        esme.feed(&submit_response(sequence));
    }
    assert_eq!(esme.events.len(), 4);
    assert_eq!(esme.session.in_flight(), 0);
}

fn inbound(inbound: usize) -> Config {
    Config {
        inbound,
        ..Config::default()
    }
}

#[test]
fn reading_pauses_while_too_many_requests_are_unanswered() {
    let mut mc = Side::mc_with(Mode::Transmitter, 0x34, inbound(8));
    for sequence in 1..=7 {
        mc.feed(&submit_pdu(sequence));
    }
    assert!(mc.reading);
    mc.feed(&submit_pdu(8));
    assert!(!mc.reading && mc.session.is_paused());
    let keys = mc.requests();
    mc.refuse(keys[3], Status::ROK);
    mc.refuse(keys[0], Status::ROK);
    assert!(!mc.reading, "it does not stop and go with each");
    mc.refuse(keys[7], Status::ROK);
    assert!(mc.reading && !mc.session.is_paused());
    let ok = |sequence| (command::SUBMIT_SM_RESP, Status::ROK, sequence);
    assert_eq!(mc.heads(), [ok(4), ok(1), ok(8)]);
}

#[test]
fn what_was_read_at_once_is_held_back_and_comes_in_order_as_answers_leave() {
    let mut mc = Side::mc_with(Mode::Transmitter, 0x34, inbound(100));
    let mut segment: Vec<u8> = (1..=1_000).flat_map(submit_pdu).collect();
    segment.extend_from_slice(&request(&Pdu::Unbind(Tlvs::EMPTY), 1_001));
    mc.feed(&segment[..50_000]);
    assert!(!mc.reading);
    mc.feed(&segment[50_000..]);
    let mut answered = Vec::new();
    while !mc.closed {
        assert!(mc.session.unanswered() <= 100);
        let keys = mc.requests();
        assert!(!keys.is_empty());
        for key in keys {
            mc.refuse(key, Status::ROK);
        }
        answered.extend(mc.heads());
    }
    assert_eq!(
        answered.pop(),
        Some((command::UNBIND_RESP, Status::ROK, 1_001))
    );
    let ok = |sequence| (command::SUBMIT_SM_RESP, Status::ROK, sequence);
    assert_eq!(answered, (1..=1_000).map(ok).collect::<Vec<_>>());
    assert_eq!(mc.end(), Some(End::PeerUnbound));
}

#[test]
fn what_comes_although_reading_is_paused_is_refused_and_nothing_grows() {
    let mut mc = Side::mc_with(Mode::Transmitter, 0x34, inbound(100));
    let segment: Vec<u8> = (1..=10_000).flat_map(submit_pdu).collect();
    for piece in segment.chunks(65_536) {
        mc.feed(piece);
    }
    assert!(!mc.reading);
    assert_eq!(mc.session.unanswered(), 200);
    let full = mc.heads();
    let held = 10_000 - 200 - full.len();
    assert!(held * submit_pdu(1).len() <= 128 * 1024, "{held} are held");
    let refused = |(n, head): (usize, &Head)| {
        *head == (command::SUBMIT_SM_RESP, Status::RMSGQFUL, n as u32 + 201)
    };
    assert!(full.iter().enumerate().all(refused));
    let mut answered = 0;
    while mc.session.unanswered() > 0 {
        for key in mc.requests() {
            mc.refuse(key, Status::ROK);
            answered += 1;
        }
    }
    assert_eq!(answered, 200 + held);
    assert!(mc.reading);
    mc.feed(&submit_pdu(1));
    assert_eq!(mc.requests().len(), 1);
}

#[test]
fn nothing_is_late_while_nothing_is_read() {
    let mut esme = Side::esme_with(Mode::Transceiver, 0x34, inbound(1));
    let seq = esme.request(&Pdu::SubmitSm(submit())).expect("room");
    esme.pass(10_000);
    let mut deliver = request(&Pdu::DeliverSm(submit()), 1).to_vec();
    deliver.extend_from_slice(&request(&Pdu::EnquireLink(Tlvs::EMPTY), 2)[..5]);
    esme.feed(&deliver);
    assert!(!esme.reading);
    let keys = esme.requests();
    // Our own answer is owed all the same; what the peer owes is not looked at.
    esme.pass(19_000);
    esme.heads();
    assert_eq!((esme.session.in_flight(), esme.closed), (1, false));
    esme.refuse(keys[0], Status::ROK);
    assert!(esme.reading);
    esme.feed(&request(&Pdu::EnquireLink(Tlvs::EMPTY), 2)[5..]);
    esme.pass(19_999);
    assert!(esme.events.is_empty());
    esme.feed(&request(&Pdu::EnquireLink(Tlvs::EMPTY), 3));
    esme.pass(1);
    let reason = Failure::Timeout;
    assert_eq!(esme.events, [Event::Failed { seq, reason }]);
}

#[test]
fn one_sequence_number_twice_is_two_requests() {
    let mut mc = Side::mc(Mode::Transmitter);
    mc.feed(&submit_pdu(5));
    mc.feed(&submit_pdu(5));
    let keys = mc.requests();
    assert_eq!(keys.len(), 2);
    mc.refuse(keys[1], Status::RMSGQFUL);
    mc.refuse(keys[0], Status::ROK);
    let (resp, sequence) = (command::SUBMIT_SM_RESP, 5);
    let answers = [
        (resp, Status::RMSGQFUL, sequence),
        (resp, Status::ROK, sequence),
    ];
    assert_eq!(mc.heads(), answers);
    let again = mc.session.refuse(mc.now, keys[0], Status::ROK);
    assert_eq!(again, Err(RespondError::Gone));
}

#[test]
fn a_response_has_to_be_the_requests() {
    let mut mc = Side::mc(Mode::Transmitter);
    mc.feed(&submit_pdu(5));
    let key = mc.requests()[0];
    let wrong = Pdu::DataSmResp(MessageIdResp::default());
    let mismatch = Err(RespondError::Mismatch {
        request: command::SUBMIT_SM,
        response: command::DATA_SM_RESP,
    });
    assert_eq!(
        mc.session.respond(mc.now, key, Status::ROK, &wrong),
        mismatch
    );
    let long = [b'x'; 300];
    let long = Pdu::SubmitSmResp(MessageIdResp {
        message_id: &long,
        ..MessageIdResp::default()
    });
    let unfit = mc.session.respond(mc.now, key, Status::ROK, &long);
    assert!(matches!(unfit, Err(RespondError::Encode(_))));
    let nack = Pdu::GenericNack(Tlvs::EMPTY);
    let taken = mc.session.respond(mc.now, key, Status::RSYSERR, &nack);
    assert_eq!(taken, Ok(()));
}

#[test]
fn a_refusal_without_a_body_tells_no_load() {
    let mut mc = Side::mc_with(Mode::Transceiver, 0x50, Config::default());
    let broadcast = Pdu::BroadcastSm(Broadcast::default());
    mc.feed(&request(&broadcast, 1));
    let key = mc.requests()[0];
    mc.refuse(key, Status::RSYSERR);
    let answer = mc.sent.pop().expect("an answer");
    let (_, pdu) = Pdu::parse(&answer, Policy::Strict).expect("a PDU");
    assert!(matches!(pdu, Pdu::Bodyless { .. }), "{pdu:?}");
}

#[test]
fn a_peer_of_5_0_is_told_the_load_and_others_are_not() {
    let load_in = |bytes: &Bytes| {
        let pdu = PduBuf::parse(bytes.clone(), Policy::Strict).expect("sound");
        pdu.view().tlvs().u8(tlv::CONGESTION_STATE)
    };
    for (version, told) in [(0x33, None), (0x34, None), (0x50, Some(30))] {
        let mut mc = Side::mc_with(Mode::Transmitter, version, inbound(10));
        for sequence in 1..=4 {
            mc.feed(&submit_pdu(sequence));
        }
        let key = mc.requests()[0];
        mc.sent.clear();
        mc.refuse(key, Status::ROK);
        assert_eq!(load_in(&mc.sent[0]), told, "{version:x}");
    }
    let mut mc = Side::mc_with(Mode::Transmitter, 0x50, inbound(10));
    let segment: Vec<u8> = (1..=10).flat_map(submit_pdu).collect();
    mc.feed(&segment);
    for key in mc.requests() {
        mc.refuse(key, Status::ROK);
    }
    let loads: Vec<_> = mc.sent.iter().filter_map(load_in).collect();
    assert_eq!((loads[0], loads[9]), (90, 0));
}

#[test]
fn an_esme_hears_when_a_peer_of_5_0_is_congested() {
    for (version, heard) in [
        (0x34, vec![]),
        (0x50, vec![Event::Congested(true), Event::Congested(false)]),
    ] {
        let config = Config::default();
        let mut esme = Side::esme_with(Mode::Transmitter, version, config);
        for load in [10, 90, 100, 89, 0] {
            let seq = esme.request(&Pdu::SubmitSm(submit())).expect("room");
            let mut body = b"1\0".to_vec();
            body.extend_from_slice(&[0x04, 0x28, 0, 1, load]);
            esme.feed(&raw(command::SUBMIT_SM_RESP, seq.raw(), &body));
        }
        esme.events.retain(|it| matches!(it, Event::Congested(_)));
        assert_eq!(esme.events, heard);
    }
}

#[test]
fn a_peer_before_3_4_gets_no_tlvs_and_no_message_that_needs_them() {
    let mut tlvs = TlvBuf::new();
    tlvs.u16(tlv::USER_MESSAGE_REFERENCE, 7);
    let plain = Submit {
        tlvs: tlvs.as_tlvs(),
        ..submit()
    };
    let mut esme = Side::esme_with(Mode::Transmitter, 0x33, Config::default());
    assert!(esme.request(&Pdu::SubmitSm(plain)).is_ok());
    assert_eq!(esme.sent.pop(), Some(submit_pdu(2)));
    for tag in [tlv::MESSAGE_PAYLOAD, tlv::SAR_MSG_REF_NUM] {
        let mut tlvs = TlvBuf::new();
        tlvs.u16(tag, 7);
        let needs = Submit {
            short_message: b"",
            tlvs: tlvs.as_tlvs(),
            ..submit()
        };
        let refused = esme.request(&Pdu::SubmitSm(needs));
        assert_eq!(refused, Err(RequestError::Version));
    }
}
