//! Timers: what happens when, and what then.

use super::*;

const ENQUIRE: Head = (command::ENQUIRE_LINK, Status::ROK, 0);

/// Heads without their numbers.
fn kinds(side: &mut Side) -> Vec<Head> {
    let heads = side.heads().into_iter();
    heads
        .map(|(command, status, _)| (command, status, 0))
        .collect()
}

fn with(timers: Timers) -> Config {
    Config {
        timers,
        ..Config::default()
    }
}

#[test]
fn a_connection_without_a_bind_ends() {
    for role in [Role::Mc, Role::Esme] {
        let mut side = Side::new(role, Config::default());
        side.pass(4_000);
        side.feed(&request(&Pdu::EnquireLink(Tlvs::EMPTY), 1));
        side.pass(999);
        assert!(!side.closed, "what is no bind does not put it off");
        side.pass(1);
        assert_eq!(side.end(), Some(End::InitTimeout));
        assert!(side.closed);
    }
}

#[test]
fn a_bind_that_nobody_decides_on_is_refused() {
    let mut mc = Side::new(Role::Mc, Config::default());
    mc.pass(4_999);
    mc.feed(&bind_pdu(Mode::Receiver, 0x34, 1));
    mc.pass(19_999);
    assert!(!mc.closed, "it has come in time");
    mc.pass(1);
    assert_eq!(
        mc.heads(),
        [(command::BIND_RECEIVER_RESP, Status::RSYSERR, 1)]
    );
    assert_eq!(mc.end(), Some(End::BindRefused(Status::RSYSERR)));
}

#[test]
fn a_bind_without_a_response_ends() {
    let mut esme = Side::new(Role::Esme, Config::default());
    let bind = Bind::default();
    assert_eq!(esme.session.bind(Ms(0), Mode::Receiver, &bind), Ok(()));
    esme.pass(29_999);
    assert!(!esme.closed);
    esme.pass(1);
    assert_eq!(esme.end(), Some(End::ResponseTimeout));
}

#[test]
fn a_silent_peer_is_asked_and_one_that_answers_stays() {
    let mut mc = Side::mc(Mode::Receiver);
    mc.pass(29_999);
    assert!(mc.heads().is_empty());
    for _ in 0..3 {
        mc.pass(1);
        let heads = mc.heads();
        assert_eq!((heads[0].0, heads.len()), (command::ENQUIRE_LINK, 1));
        mc.pass(29_000);
        assert!(mc.heads().is_empty(), "one at a time");
        mc.feed(&raw(command::ENQUIRE_LINK_RESP, heads[0].2, b""));
        mc.pass(29_999);
        assert!(mc.heads().is_empty());
    }
    assert!(!mc.closed);
}

#[test]
fn a_peer_that_gives_no_sign_of_life_ends_the_session() {
    let mut esme = Side::esme(Mode::Transceiver);
    let seq = esme.request(&Pdu::SubmitSm(submit())).expect("room");
    esme.heads();
    esme.pass(30_000);
    assert_eq!(kinds(&mut esme), [ENQUIRE]);
    esme.pass(30_000);
    let reason = Failure::Timeout;
    let failed = Event::Failed { seq, reason };
    assert_eq!(esme.events, [failed, Event::Unbound(End::EnquireTimeout)]);
    assert!(esme.closed && esme.heads().is_empty());
}

#[test]
fn anything_that_comes_is_a_sign_of_life() {
    for sign in [
        submit_pdu(5).to_vec(),
        raw(command::GENERIC_NACK, 3, b""),
        raw(0x0999, 3, b""),
    ] {
        let mut mc = Side::mc(Mode::Transceiver);
        mc.pass(59_999);
        assert_eq!(kinds(&mut mc), [ENQUIRE]);
        mc.feed(&sign);
        mc.pass(29_000);
        assert!(!mc.closed);
    }
}

#[test]
fn a_generic_nack_to_enquire_link_is_an_answer() {
    let mut mc = Side::mc(Mode::Transceiver);
    mc.pass(30_000);
    let sequence = mc.heads()[0].2;
    mc.feed(&raw(command::GENERIC_NACK, sequence, b""));
    assert!(mc.counts.is_empty());
}

#[test]
fn a_session_with_nothing_to_do_is_unbound() {
    let timers = Timers {
        inactivity: 100_000,
        ..Timers::default()
    };
    let mut mc = Side::mc_with(Mode::Transceiver, 0x34, with(timers));
    let alive = |mc: &mut Side, ms: u64| {
        for _ in 0..ms / 10_000 {
            mc.pass(10_000);
            mc.feed(&request(&Pdu::EnquireLink(Tlvs::EMPTY), 9));
        }
    };
    alive(&mut mc, 90_000);
    mc.feed(&submit_pdu(1));
    let key = mc.requests()[0];
    mc.pass(9_000);
    mc.refuse(key, Status::ROK);
    mc.heads();
    alive(&mut mc, 90_000);
    let answered = kinds(&mut mc);
    assert!(
        answered
            .iter()
            .all(|head| head.0 == command::ENQUIRE_LINK_RESP)
    );
    mc.pass(10_000);
    let heads = mc.heads();
    assert_eq!((heads[0].0, heads.len()), (command::UNBIND, 1));
    mc.feed(&raw(command::UNBIND_RESP, heads[0].2, b""));
    assert_eq!(mc.end(), Some(End::Inactive));
}

#[test]
fn a_request_that_nobody_answers_is_answered_with_a_system_error() {
    let mut mc = Side::mc(Mode::Transmitter);
    mc.feed(&submit_pdu(1));
    mc.pass(5_000);
    mc.feed(&submit_pdu(2));
    let keys = mc.requests();
    mc.pass(15_000);
    let error = (command::SUBMIT_SM_RESP, Status::RSYSERR, 1);
    assert_eq!(mc.heads(), [error]);
    assert_eq!(mc.events, [Event::Unanswered { key: keys[0] }]);
    let late = mc.session.refuse(mc.now, keys[0], Status::ROK);
    assert_eq!(late, Err(RespondError::Gone));
    mc.refuse(keys[1], Status::ROK);
    mc.pass(9_999);
    assert_eq!(mc.heads(), [(command::SUBMIT_SM_RESP, Status::ROK, 2)]);
}

#[test]
fn a_pdu_that_does_not_come_to_its_end_ends_the_session() {
    let mut mc = Side::mc(Mode::Transmitter);
    let pdu = submit_pdu(1);
    for octet in &pdu[..9] {
        mc.feed(&[*octet]);
        mc.pass(1_000);
    }
    assert!(!mc.closed);
    mc.feed(&pdu[9..20]);
    mc.pass(1_000);
    assert_eq!(
        mc.end(),
        Some(End::PduTimeout),
        "drop by drop is not in time"
    );
    let mut mc = Side::mc(Mode::Transmitter);
    mc.feed(&pdu[..9]);
    mc.pass(9_999);
    mc.feed(&[&pdu[9..], &pdu[..3]].concat());
    mc.pass(9_999);
    assert!(!mc.closed, "the next PDU has its own time");
}

#[test]
fn unbind_waits_for_what_is_under_way_in_both_directions() {
    let mut esme = Side::esme(Mode::Transceiver);
    let seq = esme.request(&Pdu::SubmitSm(submit())).expect("room");
    esme.feed(&request(&Pdu::DeliverSm(submit()), 5));
    let keys = esme.requests();
    esme.heads();
    esme.session.unbind(esme.now);
    esme.drain();
    assert_eq!(esme.session.state(), State::Unbinding);
    let refused = esme.request(&Pdu::SubmitSm(submit()));
    assert_eq!(refused, Err(RequestError::NotBound));
    esme.feed(&request(&Pdu::DeliverSm(submit()), 6));
    let full = (command::DELIVER_SM_RESP, Status::RMSGQFUL, 6);
    assert_eq!(esme.heads(), [full], "a peer may try again elsewhere");
    esme.feed(&submit_response(seq.raw()));
    assert!(esme.heads().is_empty());
    esme.refuse(keys[0], Status::ROK);
    let heads = esme.heads();
    assert_eq!(heads[0], (command::DELIVER_SM_RESP, Status::ROK, 5));
    assert_eq!((heads[1].0, heads.len()), (command::UNBIND, 2));
    assert!(!esme.closed);
    esme.feed(&raw(command::UNBIND_RESP, heads[1].2, b""));
    assert!(matches!(
        &esme.events[..],
        [Event::Response { .. }, Event::Unbound(End::Unbound)]
    ));
    assert!(esme.closed);
}

#[test]
fn unbind_waits_no_longer_than_its_time() {
    let mut esme = Side::esme(Mode::Transceiver);
    let seq = esme.request(&Pdu::SubmitSm(submit())).expect("room");
    esme.heads();
    esme.session.unbind(esme.now);
    esme.drain();
    esme.pass(4_999);
    assert!(esme.heads().is_empty());
    esme.pass(1);
    assert_eq!(kinds(&mut esme), [(command::UNBIND, Status::ROK, 0)]);
    // What is answered between unbind and its response still counts.
    esme.feed(&submit_response(seq.raw()));
    assert!(matches!(&esme.events[..], [Event::Response { .. }]));
    esme.pass(5_000);
    assert_eq!(esme.end(), Some(End::Unbound));
    assert_eq!(esme.counts, ["smpp.unbinds_unanswered"]);
}

#[test]
fn the_peers_unbind_waits_for_what_it_has_asked_for() {
    let mut mc = Side::mc(Mode::Transceiver);
    mc.feed(&submit_pdu(1));
    mc.feed(&submit_pdu(2));
    let keys = mc.requests();
    mc.feed(&request(&Pdu::Unbind(Tlvs::EMPTY), 3));
    mc.refuse(keys[0], Status::ROK);
    mc.pass(4_999);
    assert!(!mc.closed);
    mc.pass(1);
    assert_eq!(
        mc.heads(),
        [
            (command::SUBMIT_SM_RESP, Status::ROK, 1),
            (command::UNBIND_RESP, Status::ROK, 3),
        ]
    );
    assert_eq!(mc.end(), Some(End::PeerUnbound));
}

#[test]
fn a_request_that_nobody_answers_is_told_before_the_unbind_that_waits_for_it_is_answered() {
    let timers = Timers {
        answer: 1_000,
        ..Timers::default()
    };
    let mut mc = Side::mc_with(Mode::Transceiver, 0x34, with(timers));
    mc.feed(&submit_pdu(1));
    mc.feed(&request(&Pdu::Unbind(Tlvs::EMPTY), 2));
    mc.pass(1_000);
    assert_eq!(
        mc.heads(),
        [
            (command::SUBMIT_SM_RESP, Status::RSYSERR, 1),
            (command::UNBIND_RESP, Status::ROK, 2),
        ]
    );
    assert_eq!(mc.end(), Some(End::PeerUnbound));
}

#[test]
fn unbinds_that_cross_end_both_sides() {
    let mut mc = Side::mc(Mode::Transceiver);
    mc.session.unbind(mc.now);
    mc.drain();
    mc.feed(&request(&Pdu::Unbind(Tlvs::EMPTY), 3));
    let heads = mc.heads();
    assert_eq!(heads[0].0, command::UNBIND);
    assert_eq!(heads[1], (command::UNBIND_RESP, Status::ROK, 3));
    assert_eq!(mc.end(), Some(End::PeerUnbound));
}

#[test]
fn unbind_and_close_without_a_bind_end_at_once() {
    for unbind in [true, false] {
        let mut mc = Side::new(Role::Mc, Config::default());
        if unbind {
            mc.session.unbind(mc.now);
        } else {
            mc.session.close();
        }
        mc.drain();
        assert!(mc.heads().is_empty() && mc.closed);
        assert_eq!(mc.end(), Some(End::Closed));
    }
}

#[test]
fn timers_that_are_off_never_run_out() {
    let timers = Timers {
        init: 0,
        enquire: 0,
        inactivity: 0,
        response: 0,
        drain: 0,
        answer: 0,
        pdu: 0,
    };
    let mut esme = Side::esme_with(Mode::Transceiver, 0x34, with(timers));
    assert!(esme.request(&Pdu::SubmitSm(submit())).is_ok());
    esme.feed(&request(&Pdu::DeliverSm(submit()), 5));
    esme.feed(b"\0");
    assert_eq!(esme.session.deadline(), None);
    esme.pass(1_000_000_000);
    assert!(!esme.closed);
    esme.session.unbind(esme.now);
    esme.drain();
    esme.pass(1);
    assert_eq!(esme.end(), Some(End::Unbound), "drain is not at all");
}
