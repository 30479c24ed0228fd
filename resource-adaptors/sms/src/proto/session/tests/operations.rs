//! Every request in every state from either side, against the tables of the standard (3.4 2.3, 5.0 2.4).

use super::*;
use crate::proto::wire::{
    Alert, Broadcast, Cancel, CancelBroadcast, Data, Query, QueryBroadcast, Replace, SubmitMulti,
};

const MODES: [Mode; 3] = [Mode::Transmitter, Mode::Receiver, Mode::Transceiver];

/// Request, from the ESME on TX, RX, TRX, from the MC on TX, RX, TRX, and the version that brought it.
const TABLE: &[(u32, [bool; 3], [bool; 3], u8)] = &[
    (command::SUBMIT_SM, [true, false, true], [false; 3], 0x33),
    (command::SUBMIT_MULTI, [true, false, true], [false; 3], 0x33),
    (
        command::DATA_SM,
        [true, false, true],
        [false, true, true],
        0x33,
    ),
    (command::DELIVER_SM, [false; 3], [false, true, true], 0x33),
    (command::QUERY_SM, [true, false, true], [false; 3], 0x33),
    (command::CANCEL_SM, [true, false, true], [false; 3], 0x33),
    (command::REPLACE_SM, [true, false, true], [false; 3], 0x33),
    (
        command::ALERT_NOTIFICATION,
        [false; 3],
        [false, true, true],
        0x33,
    ),
    (command::BROADCAST_SM, [true, false, true], [false; 3], 0x50),
    (
        command::QUERY_BROADCAST_SM,
        [true, false, true],
        [false; 3],
        0x50,
    ),
    (
        command::CANCEL_BROADCAST_SM,
        [true, false, true],
        [false; 3],
        0x50,
    ),
];

fn pdu(command: u32, dests: crate::proto::wire::Dests<'_>) -> Pdu<'_> {
    match command {
        command::SUBMIT_SM => Pdu::SubmitSm(submit()),
        command::DELIVER_SM => Pdu::DeliverSm(submit()),
        command::DATA_SM => Pdu::DataSm(Data::default()),
        command::SUBMIT_MULTI => Pdu::SubmitMulti(SubmitMulti {
            dests,
            message: submit(),
        }),
        command::QUERY_SM => Pdu::QuerySm(Query::default()),
        command::CANCEL_SM => Pdu::CancelSm(Cancel::default()),
        command::REPLACE_SM => Pdu::ReplaceSm(Replace::default()),
        command::ALERT_NOTIFICATION => Pdu::AlertNotification(Alert::default()),
        command::BROADCAST_SM => Pdu::BroadcastSm(Broadcast::default()),
        command::QUERY_BROADCAST_SM => Pdu::QueryBroadcastSm(QueryBroadcast::default()),
        command::CANCEL_BROADCAST_SM => Pdu::CancelBroadcastSm(CancelBroadcast::default()),
        other => panic!("{other:x}"),
    }
}

#[test]
fn every_request_in_every_bound_state_and_version_from_either_side() {
    let mut dests = crate::proto::wire::DestBuf::new();
    let list = crate::proto::wire::Dest::List(b"friends");
    dests.push(&list).expect("it fits");
    for (command, esme, mc, since) in TABLE {
        for version in [0x33, 0x34, 0x50] {
            for (n, mode) in MODES.into_iter().enumerate() {
                for (from, allowed) in [(Role::Esme, esme[n]), (Role::Mc, mc[n])] {
                    let what = format!("{} {mode:?} {version:x}", command::name(*command));
                    let exists = version >= *since;
                    let pdu = pdu(*command, dests.as_dests());
                    sends(&what, from, mode, version, &pdu, allowed && exists);
                    receives(&what, from.peer(), mode, version, &pdu, (allowed, exists));
                }
            }
        }
    }
}

fn side(role: Role, mode: Mode, version: u8) -> Side {
    match role {
        Role::Esme => Side::esme_with(mode, version, Config::default()),
        Role::Mc => Side::mc_with(mode, version, Config::default()),
    }
}

/// Our own side sends it, or is told that it may not.
fn sends(what: &str, role: Role, mode: Mode, version: u8, pdu: &Pdu<'_>, allowed: bool) {
    let mut side = side(role, mode, version);
    let (now, refused) = (side.now, Err(RequestError::NotAllowed(pdu.command())));
    if pdu.command() == command::ALERT_NOTIFICATION {
        let sent = side.session.notify(now, pdu);
        assert_eq!(sent, if allowed { Ok(()) } else { refused }, "{what}");
        assert!(
            side.session.request(now, pdu).is_err(),
            "it has no response"
        );
        return;
    }
    let sent = side.session.request(now, pdu).map(|_| ());
    assert_eq!(sent, if allowed { Ok(()) } else { refused }, "{what}");
}

/// The peer sends it: it comes out, or is answered ESME_RINVBNDSTS, or generic_nack where it is not known.
fn receives(
    what: &str,
    role: Role,
    mode: Mode,
    version: u8,
    pdu: &Pdu<'_>,
    (allowed, exists): (bool, bool),
) {
    let mut side = side(role, mode, version);
    side.sent.clear();
    side.feed(&request(pdu, 42));
    let nack = command::GENERIC_NACK;
    let refused = match (allowed, exists) {
        (_, false) => Some((nack, Status::RINVCMDID, 42)),
        (false, true) => {
            let answer = command::answer_of(pdu.command());
            Some((answer, Status::RINVBNDSTS, 42))
        }
        (true, true) => None,
    };
    let came = matches!(
        &side.events[..],
        [Event::Request { .. } | Event::Notification(_)]
    );
    assert_eq!(came, refused.is_none(), "{what}");
    assert_eq!(
        side.heads(),
        refused.into_iter().collect::<Vec<_>>(),
        "{what}"
    );
}

#[test]
fn nothing_is_sent_by_a_session_that_is_not_bound() {
    let mut esme = Side::new(Role::Esme, Config::default());
    let submit = Pdu::SubmitSm(submit());
    assert_eq!(esme.request(&submit), Err(RequestError::NotBound));
    let mut esme = Side::esme(Mode::Transmitter);
    esme.session.close();
    esme.drain();
    assert_eq!(esme.request(&submit), Err(RequestError::NotBound));
    assert_eq!(esme.session.room(), 0);
}

#[test]
fn requests_of_the_session_itself_are_not_sent_as_messages() {
    let mut esme = Side::esme(Mode::Transceiver);
    for pdu in [
        Pdu::Unbind(Tlvs::EMPTY),
        Pdu::EnquireLink(Tlvs::EMPTY),
        Pdu::BindReceiver(Bind::default()),
        Pdu::GenericNack(Tlvs::EMPTY),
        Pdu::SubmitSmResp(MessageIdResp::default()),
    ] {
        let refused = Err(RequestError::NotAllowed(pdu.command()));
        assert_eq!(esme.request(&pdu), refused);
    }
}

#[test]
fn a_request_before_and_after_unbind_is_refused() {
    let mut mc = Side::mc(Mode::Transceiver);
    mc.feed(&submit_pdu(1));
    let keys = mc.requests();
    mc.feed(&request(&Pdu::Unbind(Tlvs::EMPTY), 2));
    mc.feed(&submit_pdu(3));
    mc.feed(&request(&Pdu::Unbind(Tlvs::EMPTY), 4));
    mc.refuse(keys[0], Status::ROK);
    assert_eq!(
        mc.heads(),
        [
            (command::SUBMIT_SM_RESP, Status::RINVBNDSTS, 3),
            (command::UNBIND_RESP, Status::RINVBNDSTS, 4),
            (command::SUBMIT_SM_RESP, Status::ROK, 1),
            (command::UNBIND_RESP, Status::ROK, 2),
        ]
    );
    assert_eq!(mc.end(), Some(End::PeerUnbound));
}
