//! Binds: accepted, refused, versions, outbind.

use super::*;
use crate::proto::wire::{Outbind, PduBuf, tlv};

#[test]
fn an_esme_binds_and_both_know_the_version() {
    for (theirs, ours, spoken) in [
        (0x34, 0x50, 0x34),
        (0x50, 0x50, 0x50),
        (0x50, 0x34, 0x34),
        (0x33, 0x50, 0x33),
        (0x00, 0x50, 0x33),
        (0xff, 0x50, 0x50),
    ] {
        let mut mc = Side::new(
            Role::Mc,
            Config {
                version: ours,
                ..Config::default()
            },
        );
        mc.feed(&bind_pdu(Mode::Transceiver, theirs, 7));
        assert_eq!(mc.session.state(), State::Binding);
        let Event::BindRequest {
            mode: Mode::Transceiver,
            pdu: asked,
        } = mc.events.remove(0)
        else {
            panic!("no bind");
        };
        mc.accept();
        let bound = Event::Bound {
            mode: Mode::Transceiver,
            version: spoken,
            peer: asked,
        };
        assert_eq!(mc.events, [bound]);
        let response = PduBuf::parse(mc.sent.remove(0), Policy::Strict).expect("sound");
        let Pdu::BindTransceiverResp(it) = response.view() else {
            panic!("{response:?}");
        };
        assert_eq!((it.system_id, response.header().sequence), (&b"mc"[..], 7));
        let told = it.tlvs.u8(tlv::SC_INTERFACE_VERSION);
        // No TLVs to a peer that knows none (3.4 2.9).
        assert_eq!(
            told,
            (spoken >= 0x34).then_some(spoken),
            "{theirs:x} {ours:x}"
        );
        assert_eq!(mc.session.version(), spoken);
    }
}

#[test]
fn a_refused_bind_gets_its_status_before_the_connection_ends() {
    for status in [Status::RINVSYSID, Status::RINVPASWD, Status::RBINDFAIL] {
        let mut mc = Side::new(Role::Mc, Config::default());
        mc.feed(&bind_pdu(Mode::Transmitter, 0x34, 3));
        assert_eq!(mc.session.refuse_bind(status), Ok(()));
        mc.drain();
        assert_eq!(mc.heads(), [(command::BIND_TRANSMITTER_RESP, status, 3)]);
        assert!(mc.closed);
        assert_eq!(mc.end(), Some(End::BindRefused(status)));
        assert_eq!(mc.session.refuse_bind(status), Err(BindError::State));
    }
}

#[test]
fn a_malformed_bind_is_refused_and_the_session_ends() {
    let bad = |body: &[u8], status| {
        let mut mc = Side::new(Role::Mc, Config::default());
        mc.feed(&raw(command::BIND_RECEIVER, 3, body));
        assert_eq!(mc.heads(), [(command::BIND_RECEIVER_RESP, status, 3)]);
        assert_eq!(mc.end(), Some(End::BindRefused(status)));
        assert!(mc.closed && mc.events.len() == 1);
    };
    bad(b"a-system-id-too-long\0p\0\0\x34\0\0\0", Status::RINVSYSID);
    bad(b"esme\0a password of 16\0\0\x34\0\0\0", Status::RINVPASWD);
    bad(b"esme\0p\0a-system-type\0\x34\0\0\0", Status::RINVSYSTYP);
    bad(b"esme\0p\0\0", Status::RINVCMDLEN);
    bad(b"esme\0p\0\0\x34\0\0\0?", Status::RINVTLVSTREAM);
}

#[test]
fn an_esme_learns_the_version_from_the_response() {
    for (policy, named, spoken) in [
        (Policy::Lenient, 0x34, 0x34),
        (Policy::Lenient, 0x50, 0x50),
        (Policy::Lenient, 0x33, 0x33),
        (Policy::Lenient, 0, 0x34),
        (Policy::Strict, 0, 0x33),
    ] {
        let config = Config {
            policy,
            ..Config::default()
        };
        let esme = Side::esme_with(Mode::Transmitter, named, config);
        assert_eq!(esme.session.version(), spoken, "{policy:?} {named:x}");
    }
}

#[test]
fn an_esme_that_is_refused_ends() {
    for answer in [
        raw(command::BIND_RECEIVER_RESP, 1, b""),
        raw(command::BIND_RECEIVER_RESP, 1, b"mc\0"),
        raw(command::GENERIC_NACK, 1, b""),
    ] {
        let mut esme = Side::new(Role::Esme, Config::default());
        let bind = Bind::default();
        assert_eq!(esme.session.bind(Ms(0), Mode::Receiver, &bind), Ok(()));
        let mut answer = answer;
        answer[8..12].copy_from_slice(&Status::RINVPASWD.0.to_be_bytes());
        esme.feed(&answer);
        assert_eq!(esme.end(), Some(End::BindRefused(Status::RINVPASWD)));
        assert!(esme.closed);
    }
}

#[test]
fn responses_to_other_requests_do_not_bind() {
    let mut esme = Side::new(Role::Esme, Config::default());
    let bind = Bind::default();
    assert_eq!(esme.session.bind(Ms(0), Mode::Receiver, &bind), Ok(()));
    esme.feed(&bind_response(Mode::Receiver, 0x34, 2));
    esme.feed(&bind_response(Mode::Transceiver, 0x34, 1));
    assert_eq!(esme.session.state(), State::Binding);
    esme.feed(&bind_response(Mode::Receiver, 0x34, 1));
    assert_eq!(esme.session.state(), State::Bound(Mode::Receiver));
}

#[test]
fn a_message_centre_asks_to_be_bound_to() {
    let outbind = Outbind {
        system_id: b"mc",
        password: b"open",
        ..Outbind::default()
    };
    let mut mc = Side::new(Role::Mc, Config::default());
    assert_eq!(mc.session.outbind(&outbind), Ok(()));
    mc.drain();
    assert_eq!(mc.session.state(), State::Outbound);
    let mut esme = Side::new(Role::Esme, Config::default());
    esme.feed(&mc.sent.remove(0));
    assert!(matches!(&esme.events[..], [Event::Outbind(_)]));
    assert_eq!(esme.session.state(), State::Outbound);
    let bind = Bind::default();
    assert_eq!(esme.session.bind(Ms(0), Mode::Receiver, &bind), Ok(()));
    esme.drain();
    mc.feed(&esme.sent.remove(0));
    mc.accept();
    esme.feed(&mc.sent.remove(0));
    assert_eq!(esme.session.state(), State::Bound(Mode::Receiver));
    assert_eq!(mc.session.state(), State::Bound(Mode::Receiver));
    assert_eq!(mc.session.outbind(&outbind), Err(BindError::State));
}

#[test]
fn each_side_binds_in_its_own_way_only() {
    let mut mc = Side::new(Role::Mc, Config::default());
    let bind = Bind::default();
    let error = Err(BindError::State);
    assert_eq!(mc.session.bind(Ms(0), Mode::Receiver, &bind), error);
    assert_eq!(mc.session.accept_bind(Ms(0), b"mc"), error);
    let mut esme = Side::new(Role::Esme, Config::default());
    assert_eq!(esme.session.outbind(&Outbind::default()), error);
    esme.feed(&bind_pdu(Mode::Receiver, 0x34, 9));
    assert_eq!(
        esme.heads(),
        [(command::BIND_RECEIVER_RESP, Status::RINVBNDSTS, 9)]
    );
    mc.feed(&request(&Pdu::Outbind(Outbind::default()), 4));
    assert_eq!(mc.heads(), [(command::GENERIC_NACK, Status::RINVBNDSTS, 4)]);
}

#[test]
fn a_value_that_does_not_fit_changes_nothing() {
    let mut esme = Side::new(Role::Esme, Config::default());
    let bind = Bind {
        password: b"much too long for it",
        ..Bind::default()
    };
    assert!(esme.session.bind(Ms(0), Mode::Receiver, &bind).is_err());
    assert_eq!(esme.session.state(), State::Open);
    let mut mc = Side::new(Role::Mc, Config::default());
    mc.feed(&bind_pdu(Mode::Receiver, 0x34, 9));
    assert!(mc.session.accept_bind(Ms(0), &[b'x'; 16]).is_err());
    mc.accept();
    assert_eq!(mc.session.state(), State::Bound(Mode::Receiver));
}
