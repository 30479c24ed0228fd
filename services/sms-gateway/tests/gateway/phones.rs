//! MESSAGE in and out.

use std::net::SocketAddrV4;

use strowger::prelude::*;
use strowger::ra::Record;
use strowger_sip::testkit::SipTestKit as _;
use strowger_sms::proto::rp::{self, Rp, cause};
use strowger_sms::proto::tpdu::{self, Direction, Tpdu};
use strowger_sms::proto::wire::{Addr, Status, Submit};
use strowger_sms::testkit::{Esme, SmsTestKit as _, Smsc, settings};
use strowger_sms_gateway::service;
use strowger_testkit::TestKit;

use crate::{NUMBER, conf, nothing_left, registered};

const SIP: &str = r#"
    routes = [{ link = "up" }, { prefix = "49", sip = "sip:{to}@phones.example" }]
    incoming = [{ sip = "sip:{to}@phones.example" }]
    sip = { receive = true, trusted = ["0.0.0.0/0"], domain = "gw.example" }
"#;

const PLAIN: &[&str] = &["Content-Type: text/plain;charset=UTF-8"];

fn gateway(text: &str) -> (TestKit, Esme, Smsc) {
    gateway_with(&format!("{SIP}{text}"))
}

fn gateway_with(text: &str) -> (TestKit, Esme, Smsc) {
    let kit = TestKit::strict()
        .adaptor_with("sms", strowger_sms::adaptor(), settings(&["shop"], &["up"]))
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), conf(text));
    let up = kit.sms().smsc("up");
    up.expect_bound();
    let shop = kit.sms().esme("shop");
    shop.bind_transceiver("secret");
    let phones = kit.sip().reachable_at("sip:phones.example");
    let address: SocketAddrV4 = phones
        .trim_start_matches("sip:")
        .parse()
        .expect("an address");
    kit.dns("phones.example", hours(100), [Record::A(*address.ip())]);
    (kit, shop, up)
}

/// A submit_sm to a SIP user.
fn to_phone(text: &[u8], data_coding: u8) -> Submit<'_> {
    Submit {
        dest: Addr::new(1, 1, b"4915112345678"),
        data_coding,
        short_message: text,
        ..registered("")
    }
}

#[test]
fn a_message_of_a_phone_is_stored_and_forwarded() {
    let (mut kit, _shop, up) = gateway("");
    kit.set_sync_time(millis(20));
    let alice = "sip:+491511111111@phones.example";
    let _ = kit
        .sip()
        .request("MESSAGE", alice, NUMBER, PLAIN, "grüß dich".as_bytes())
        .expect(202);
    kit.crash_losing_unsynced();
    up.expect_bound();
    // That of the process that died had no answer.
    let _unanswered = up.expect_submit();
    let got = up.expect_submit();
    let submit = got.submit();
    assert_eq!(
        (submit.source.ton, submit.source.digits),
        (1, &b"491511111111"[..])
    );
    assert_eq!(submit.short_message, b"gr\x7e\x1e dich");
    got.accept("1");
    nothing_left(&mut kit);
}

#[test]
fn what_is_no_text_or_for_nobody_here_is_left_or_refused() {
    let (mut kit, _shop, _up) = gateway("");
    let alice = "sip:+491511111111@phones.example";
    let html = ["Content-Type: text/html"];
    let _ = kit
        .sip()
        .request("MESSAGE", alice, NUMBER, &html, b"<p>")
        .expect(415);
    let _ = kit
        .sip()
        .request("MESSAGE", alice, "bob", PLAIN, b"hi")
        .expect(480);
    nothing_left(&mut kit);
}

#[test]
fn a_message_for_a_phone_is_delivered_when_it_is_taken() {
    let (mut kit, shop, _up) = gateway("");
    shop.submit_with(&to_phone(b"\x20\xac", 8)).expect_ok();
    let got = kit
        .sip()
        .expect("MESSAGE", "sip:+4915112345678@phones.example");
    assert_eq!(got.body(), "€".as_bytes());
    got.respond(480);
    kit.advance(secs(60));
    let got = kit
        .sip()
        .expect("MESSAGE", "sip:+4915112345678@phones.example");
    got.respond(200);
    let told = shop.expect_deliver();
    let state = told.receipt().state;
    assert_eq!(state, Some(strowger_sms::proto::receipt::State::Delivered));
    told.answer(Status::ROK);
    nothing_left(&mut kit);
}

#[test]
fn what_a_phone_refuses_or_cannot_read_is_refused() {
    let (mut kit, shop, _up) = gateway("");
    let refused = |shop: &Esme| {
        let told = shop.expect_deliver();
        assert_eq!(
            told.receipt().state,
            Some(strowger_sms::proto::receipt::State::Rejected)
        );
        told.answer(Status::ROK);
    };
    shop.submit_with(&to_phone(b"hello", 0)).expect_ok();
    kit.sip()
        .expect("MESSAGE", "sip:+4915112345678@phones.example")
        .respond(403);
    refused(&shop);
    shop.submit_with(&to_phone(&[0, 1, 2], 4)).expect_ok();
    refused(&shop);
    nothing_left(&mut kit);
}

#[test]
fn a_message_under_way_in_a_crash_is_sent_again() {
    let (mut kit, _shop, up) = gateway("");
    up.deliver(NUMBER, "4915112345678", "hello")
        .expect(Status::ROK);
    let lost = kit
        .sip()
        .expect("MESSAGE", "sip:4915112345678@phones.example");
    kit.crash_and_restart();
    drop(lost);
    kit.advance(secs(60));
    let got = kit
        .sip()
        .expect("MESSAGE", "sip:4915112345678@phones.example");
    got.respond(200);
    nothing_left(&mut kit);
}

const ALICE: &str = "sip:+491511111111@phones.example";
const IMS: &str = "Content-Type: application/vnd.3gpp.sms";

/// A relay message of a phone, and the one that answers it.
fn relayed(kit: &TestKit, rp: &Rp) -> Rp {
    let body = rp.encode().expect("a relay message");
    let sent = kit.sip().request("MESSAGE", ALICE, "sc", &[IMS], &body);
    let sent = sent.expect(202);
    let back = kit.sip().expect("MESSAGE", ALICE);
    assert_eq!(back.header("In-Reply-To"), sent.header("Call-ID"));
    let answer = Rp::parse(&back.body()).expect("a relay message");
    back.respond(200);
    answer
}

fn from_phone(to: &str) -> Rp {
    let submit = tpdu::Submit {
        destination: tpdu::Address::of(to),
        validity: tpdu::Validity::of_seconds(3_600),
        user_data: tpdu::UserData::of(b"hello".to_vec()),
        ..tpdu::Submit::default()
    };
    Rp {
        direction: Direction::ToCentre,
        reference: 7,
        message: rp::Message::Data {
            centre: Some(tpdu::Address::of("+491710760000")),
            tpdu: submit.encode().expect("a TPDU"),
        },
    }
}

#[test]
fn a_short_message_of_a_phone_is_acknowledged_when_it_is_stored() {
    let (mut kit, _shop, up) = gateway("");
    kit.set_sync_time(millis(20));
    let answer = relayed(&kit, &from_phone("+41791234567"));
    assert_eq!(answer.reference, 7);
    assert!(
        matches!(answer.message, rp::Message::Ack { tpdu: Some(_) }),
        "{answer:?}"
    );
    let got = up.expect_submit();
    let submit = got.submit();
    assert_eq!(
        (submit.dest.ton, submit.dest.digits),
        (1, NUMBER.as_bytes())
    );
    assert_eq!(
        (submit.source.digits, submit.short_message),
        (&b"491511111111"[..], &b"hello"[..])
    );
    got.accept("1");
    nothing_left(&mut kit);
}

#[test]
fn what_cannot_be_stored_is_refused_by_rp_error() {
    let (mut kit, _shop, _up) = gateway("");
    let none = Rp {
        message: rp::Message::Data {
            centre: None,
            tpdu: vec![1, 2],
        },
        ..from_phone("")
    };
    for (rp, cause) in [
        (from_phone(""), cause::UNASSIGNED),
        (none, cause::SEMANTICS),
    ] {
        let answer = relayed(&kit, &rp);
        assert!(
            matches!(answer.message, rp::Message::Error { cause: c, .. } if c == cause),
            "{answer:?}"
        );
    }
    nothing_left(&mut kit);
}

#[test]
fn a_short_message_for_a_phone_is_delivered_when_it_is_acknowledged() {
    const PHONE: &str = "sip:+4915112345678@phones.example";
    let (mut kit, shop, _up) =
        gateway_with(&SIP.replace("example\" }]", "example\", ims = true }]"));
    shop.submit_with(&to_phone(b"hello", 0)).expect_ok();
    let acknowledge = |kit: &TestKit, message| {
        let got = kit.sip().expect("MESSAGE", PHONE);
        let rp = Rp::parse(&got.body()).expect("a relay message");
        let Some(Ok(Tpdu::Deliver(deliver))) = rp.tpdu() else {
            panic!("{rp:?}");
        };
        assert_eq!(deliver.user_data.body, b"hello");
        assert_eq!(deliver.originator.value, "12345");
        let call_id = format!("In-Reply-To: {}", got.header("Call-ID").expect("a Call-ID"));
        got.respond(200);
        let answer = Rp {
            direction: Direction::ToCentre,
            reference: rp.reference,
            message,
        };
        let body = answer.encode().expect("a relay message");
        let lines = [IMS, &call_id];
        let _ = kit
            .sip()
            .request("MESSAGE", PHONE, "sc", &lines, &body)
            .expect(202);
    };
    let full = rp::Message::Error {
        cause: cause::MEMORY,
        diagnostic: None,
        tpdu: None,
    };
    acknowledge(&kit, full);
    kit.crash_and_restart();
    shop.bind_transceiver("secret");
    kit.advance(secs(60));
    // One that is not acknowledged is sent again, too.
    kit.sip().expect("MESSAGE", PHONE).respond(200);
    kit.advance(secs(45));
    acknowledge(&kit, rp::Message::Ack { tpdu: None });
    let told = shop.expect_deliver();
    assert_eq!(
        told.receipt().state,
        Some(strowger_sms::proto::receipt::State::Delivered)
    );
    told.answer(Status::ROK);
    nothing_left(&mut kit);
}
