//! Our PDUs read and written by the crate `rusmpp-core`, and what it takes taken by us.
//!
//! It is given exact slices only, as its stream decoder reads beyond a PDU. Where the two differ on purpose, the test says
//! so.

mod mutation_support;

use bytes::{Bytes, BytesMut};
use mutation_support::{Random, corpus, mutate};
use proptest::collection::vec;
use proptest::prelude::*;
use rusmpp_core::command::owned::Command;
use rusmpp_core::decode::owned::DecodeWithLength;
use rusmpp_core::encode::{Encode, Length};
use rusmpp_core::session::SessionState;
use rusmpp_core::{CommandId, CommandStatus};
use strowger_sms::proto::session::{Mode, Role, may_send};
use strowger_sms::proto::wire::{
    Addr, Alert, Bind, BindResp, Broadcast, Cancel, CancelBroadcast, Data, Dest, DestBuf,
    MessageIdResp, Outbind, Pdu, Policy, Query, QueryBroadcast, QueryResp, Replace, Status, Submit,
    SubmitMulti, SubmitMultiResp, TlvBuf, Tlvs, Unsuccess, UnsuccessBuf, command, tlv,
};

/// What fields are filled with.
#[derive(Clone, Debug)]
struct Fill {
    short: Vec<u8>,
    ton_npi: (u8, u8),
    digits: Vec<u8>,
    id: Vec<u8>,
    is_scheduled: bool,
    flags: u8,
    message: Vec<u8>,
    vendor: Vec<(u16, Vec<u8>)>,
}

fn text(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(0x20_u8..0x7f, 0..=max)
}

fn fill() -> impl Strategy<Value = Fill> {
    let strings = (text(5), text(20), text(64));
    let vendor = vec((0x1400_u16..0x3fff, vec(any::<u8>(), 0..40)), 0..4);
    let npi = prop::sample::select(vec![0_u8, 1, 3, 4, 6, 8, 9, 10, 14, 18]);
    let numbers = (0_u8..=6, npi, any::<bool>(), 0_u8..2);
    (strings, numbers, vec(any::<u8>(), 0..=255), vendor).prop_map(
        |((short, digits, id), (ton, npi, is_scheduled, flags), message, vendor)| Fill {
            short,
            ton_npi: (ton, npi),
            digits,
            id,
            is_scheduled,
            flags,
            message,
            vendor,
        },
    )
}

/// Every PDU that there is, filled so.
fn with_every_pdu(fill: &Fill, mut check: impl FnMut(&Pdu<'_>, Status)) {
    let mut tlvs = TlvBuf::new();
    for (tag, value) in &fill.vendor {
        tlvs.put(*tag, value).expect("it fits");
    }
    let (tlvs, (ton, npi)) = (tlvs.as_tlvs(), fill.ton_npi);
    let addr = Addr::new(ton, npi, &fill.digits);
    let time = if fill.is_scheduled {
        "261121181656000+"
    } else {
        ""
    };
    let submit = Submit {
        service_type: &fill.short,
        source: addr,
        dest: addr,
        esm_class: fill.flags << 6,
        protocol_id: fill.flags,
        priority: fill.flags,
        schedule: time,
        validity: time,
        registered_delivery: fill.flags,
        replace_if_present: fill.flags,
        data_coding: fill.flags * 8,
        sm_default_msg_id: fill.flags,
        short_message: &fill.message,
        tlvs,
    };
    let id = MessageIdResp {
        message_id: &fill.id,
        tlvs,
    };
    messages(fill, submit, id, &mut check);
    operations(fill, submit, id, &mut check);
    queries(fill, submit, id, &mut check);
    sessions(fill, &mut check);
}

fn messages(
    fill: &Fill,
    submit: Submit<'_>,

    id: MessageIdResp<'_>,
    check: &mut impl FnMut(&Pdu<'_>, Status),
) {
    let (addr, tlvs) = (submit.source, submit.tlvs);
    let data = Data {
        service_type: &fill.short,
        // 64 octets are allowed here and in alert_notification (3.4 4.7.1, 4.12.1), but theirs takes 20, and there one TLV.
        source: addr,
        dest: addr,
        esm_class: 0,
        registered_delivery: fill.flags,
        data_coding: 0,
        tlvs,
    };
    let mut dests = DestBuf::new();
    let mut unsuccess = UnsuccessBuf::new();
    for _ in 0..=fill.flags {
        dests.push(&Dest::Sme(addr)).expect("it fits");
        dests.push(&Dest::List(&fill.digits)).expect("it fits");
        let status = Status::RINVDSTADR;
        unsuccess
            .push(&Unsuccess { addr, status })
            .expect("it fits");
    }
    let multi = SubmitMulti {
        dests: dests.as_dests(),
        message: Submit {
            dest: Addr::default(),
            ..submit
        },
    };
    let multi_resp = SubmitMultiResp {
        message_id: &fill.id,
        unsuccess: unsuccess.as_unsuccesses(),
        tlvs,
    };
    let replace = Replace {
        message_id: &fill.id,
        source: addr,
        schedule: submit.schedule,
        validity: submit.validity,
        registered_delivery: fill.flags,
        sm_default_msg_id: fill.flags,
        short_message: &fill.message,
        tlvs: Tlvs::EMPTY,
    };
    for pdu in [
        Pdu::SubmitSm(submit),
        Pdu::DeliverSm(submit),
        Pdu::DataSm(data),
        Pdu::SubmitMulti(multi),
        Pdu::ReplaceSm(replace),
        Pdu::SubmitSmResp(id),
        Pdu::DeliverSmResp(id),
        Pdu::DataSmResp(id),
        Pdu::SubmitMultiResp(multi_resp),
        Pdu::BroadcastSmResp(id),
        Pdu::QueryBroadcastSmResp(id),
    ] {
        check(&pdu, Status::ROK);
    }
}

fn operations(
    fill: &Fill,
    submit: Submit<'_>,
    id: MessageIdResp<'_>,
    check: &mut impl FnMut(&Pdu<'_>, Status),
) {
    let (service_type, source, message_id) = (submit.service_type, submit.source, id.message_id);
    let mut reference = TlvBuf::new();
    reference.u16(tlv::USER_MESSAGE_REFERENCE, 7);
    let cancel = Cancel {
        service_type,
        message_id,
        source,
        dest: source,
        ..Cancel::default()
    };
    let query_broadcast = QueryBroadcast {
        message_id,
        source,
        tlvs: reference.as_tlvs(),
    };
    let cancel_broadcast = CancelBroadcast {
        service_type,
        message_id,
        source,
        tlvs: submit.tlvs,
    };
    let broadcast = Broadcast {
        service_type,
        source,
        message_id,
        priority: fill.flags,
        schedule: submit.schedule,
        validity: submit.validity,
        replace_if_present: fill.flags,
        data_coding: 0,
        sm_default_msg_id: fill.flags,
        tlvs: submit.tlvs,
    };
    for (pdu, status) in [
        (Pdu::CancelSm(cancel), Status::ROK),
        (Pdu::CancelSmResp(Tlvs::EMPTY), Status::RCANCELFAIL),
        (Pdu::ReplaceSmResp(Tlvs::EMPTY), Status::RREPLACEFAIL),
        (Pdu::BroadcastSm(broadcast), Status::ROK),
        (Pdu::QueryBroadcastSm(query_broadcast), Status::ROK),
        (Pdu::CancelBroadcastSm(cancel_broadcast), Status::ROK),
        (Pdu::CancelBroadcastSmResp(Tlvs::EMPTY), Status::ROK),
    ] {
        check(&pdu, status);
    }
}

fn queries(
    fill: &Fill,
    submit: Submit<'_>,
    id: MessageIdResp<'_>,
    check: &mut impl FnMut(&Pdu<'_>, Status),
) {
    let query = Query {
        message_id: id.message_id,
        source: submit.source,
        ..Query::default()
    };
    let query_resp = QueryResp {
        message_id: id.message_id,
        final_date: submit.schedule,
        state: 2,
        error_code: fill.flags,
        ..QueryResp::default()
    };
    let mut available = TlvBuf::new();
    available.u8(tlv::MS_AVAILABILITY_STATUS, fill.flags);
    let alert = Alert {
        source: submit.source,
        esme: submit.source,
        tlvs: available.as_tlvs(),
    };
    check(&Pdu::QuerySm(query), Status::ROK);
    check(&Pdu::QuerySmResp(query_resp), Status::ROK);
    check(&Pdu::AlertNotification(alert), Status::ROK);
}

fn sessions(fill: &Fill, check: &mut impl FnMut(&Pdu<'_>, Status)) {
    let bind = Bind {
        system_id: &fill.short,
        password: &fill.short,
        system_type: &fill.short,
        interface_version: 0x50,
        addr_ton: fill.ton_npi.0,
        addr_npi: fill.ton_npi.1,
        address_range: &fill.digits,
        tlvs: Tlvs::EMPTY,
    };
    let mut version = TlvBuf::new();
    version.u8(tlv::SC_INTERFACE_VERSION, 0x50);
    let bind_resp = BindResp {
        system_id: &fill.short,
        tlvs: version.as_tlvs(),
    };
    let outbind = Outbind {
        system_id: &fill.short,
        password: &fill.short,
        tlvs: Tlvs::EMPTY,
    };
    for pdu in [
        Pdu::BindReceiver(bind),
        Pdu::BindTransmitter(bind),
        Pdu::BindTransceiver(bind),
        Pdu::BindReceiverResp(bind_resp),
        Pdu::BindTransmitterResp(bind_resp),
        Pdu::BindTransceiverResp(bind_resp),
        Pdu::Outbind(outbind),
        Pdu::Unbind(Tlvs::EMPTY),
        Pdu::UnbindResp(Tlvs::EMPTY),
        Pdu::EnquireLink(Tlvs::EMPTY),
        Pdu::EnquireLinkResp(Tlvs::EMPTY),
    ] {
        check(&pdu, Status::ROK);
    }
    check(&Pdu::GenericNack(Tlvs::EMPTY), Status::RINVCMDID);
}

/// Theirs on one PDU, whose command_length is not theirs to read; `None` if they refuse it or leave some of it.
fn theirs(frame: &[u8]) -> Option<Command> {
    let mut body = BytesMut::from(&frame[4..]);
    let (command, size) = Command::decode(&mut body, frame.len() - 4).ok()?;
    (size == frame.len() - 4).then_some(command)
}

fn written_by_them(command: &Command) -> Vec<u8> {
    let mut frame = vec![0; 4 + command.length()];
    command.encode(&mut frame[4..]);
    let length = frame.len() as u32;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_we_write_they_read_and_write_the_same(fill in fill(), sequence in 1_u32..0x7fff_ffff) {
        with_every_pdu(&fill, |pdu, status| {
            let ours = pdu.encode(status, sequence).expect("it fits");
            let read = Pdu::parse(&ours, both(pdu));
            assert_eq!(read.map(|(_, pdu)| pdu), Ok(*pdu), "ours");
            let name = command::name(pdu.command());
            let theirs = theirs(&ours).unwrap_or_else(|| panic!("{name}: {}", ours.escape_ascii()));
            assert_eq!(u32::from(theirs.id()), pdu.command());
            assert_eq!(u32::from(theirs.status()), status.0);
            assert_eq!(theirs.sequence_number(), sequence);
            assert_eq!(Bytes::from(written_by_them(&theirs)), ours, "{name}");
        });
    }
}

/// A broadcast_sm without all its TLVs is for the lenient policy.
fn both(pdu: &Pdu<'_>) -> Policy {
    if matches!(pdu, Pdu::BroadcastSm(_)) {
        Policy::Lenient
    } else {
        Policy::Strict
    }
}

/// What they take and we refuse is content in two places, a number of destinations that is 0 or 255, a command without its
/// body, and a last TLV that claims more than there is.
#[test]
fn what_they_take_we_take() {
    let (mut random, seeds) = (Random::from_environment(), corpus("smpp_pdu"));
    let (mut taken, mut both_refused) = (0, 0);
    for _ in 0..50_000 {
        let mut frame = seeds[random.below(seeds.len())].clone();
        mutate(&mut random, &mut frame, &seeds);
        if frame.len() < 16 {
            continue;
        }
        let length = frame.len() as u32;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        let ours = Pdu::parse(&frame, Policy::Lenient);
        if frame.len() == 16 || theirs(&frame).is_none() {
            both_refused += u32::from(ours.is_err());
            continue;
        }
        taken += 1;
        if let Err(fault) = ours {
            let differs = [
                Status::RTLVNOTALLWD,
                Status::RINVNUMDESTS,
                Status::RINVTLVSTREAM,
            ]
            .contains(&fault.status);
            assert!(differs, "{fault}: {}", frame.escape_ascii());
        }
    }
    assert!(
        taken > 5_000 && both_refused > 5_000,
        "{taken} {both_refused}"
    );
}

#[test]
fn statuses_are_theirs() {
    for status in Status::ALL {
        let named = !matches!(CommandStatus::from(status.0), CommandStatus::Other(_));
        assert!(named, "{status}");
    }
    let count = (0..0x400)
        .filter(|value| !matches!(CommandStatus::from(*value), CommandStatus::Other(_)))
        .count();
    assert_eq!(count, Status::ALL.len());
}

#[test]
fn who_may_send_what_is_as_in_their_table_of_5_0() {
    let modes = [
        (Mode::Transmitter, SessionState::BoundTx),
        (Mode::Receiver, SessionState::BoundRx),
        (Mode::Transceiver, SessionState::BoundTrx),
    ];
    for (mode, state) in modes {
        for id in command::ALL {
            let of_the_session = matches!(
                *id,
                command::ENQUIRE_LINK | command::UNBIND | command::GENERIC_NACK
            );
            if command::is_response(*id) || of_the_session {
                continue;
            }
            let theirs = CommandId::from(*id);
            let esme = may_send(Role::Esme, mode, 0x50, *id);
            assert_eq!(
                esme,
                state.can_send_as_esme(theirs),
                "{}",
                command::name(*id)
            );
            let mc = may_send(Role::Mc, mode, 0x50, *id);
            assert_eq!(mc, state.can_send_as_mc(theirs), "{}", command::name(*id));
        }
    }
}
