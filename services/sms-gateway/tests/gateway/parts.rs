//! Long messages of subscribers for a webhook: it gets the text, whatever becomes of the parts on their way.

use serde_json::{Value, json};
use strowger::prelude::*;
use strowger_http::Reply;
use strowger_http::testkit::{HttpTestKit as _, Server};
use strowger_sms::proto::wire::{Addr, Status, Submit, TlvBuf, tlv};
use strowger_sms::testkit::{SmsTestKit as _, Smsc, settings};
use strowger_sms_gateway::service;
use strowger_testkit::{Limits, TestKit};

use crate::{NUMBER, conf, nothing_left};

fn gateway(kit: TestKit, text: &str) -> (TestKit, Server, Smsc) {
    let routes = "incoming = [{ webhook = \"http://hooks.example/mo\" }]\n";
    let kit = kit
        .adaptor_with("sms", strowger_sms::adaptor(), settings(&[], &["up"]))
        .adaptor(strowger_http::adaptor())
        .service_with(service(), conf(&format!("{routes}{text}")));
    let up = kit.sms().smsc("up");
    up.expect_bound();
    let hooks = kit.http().server("http://hooks.example");
    (kit, hooks, up)
}

/// Part `number` of `total`, of the message with this reference.
fn part(up: &Smsc, reference: u8, (number, total): (u8, u8), text: &str, answer: Status) {
    let content = [&[5, 0, 3, reference, total, number], text.as_bytes()].concat();
    let deliver = Submit {
        source: Addr::new(1, 1, NUMBER.as_bytes()),
        dest: Addr::new(0, 1, b"12345"),
        esm_class: 0x40,
        short_message: &content,
        ..Submit::default()
    };
    up.deliver_with(&deliver).expect(answer);
}

fn text(hooks: &Server) -> Value {
    let call = hooks.expect_call();
    let told: Value = call.json();
    call.answer(Reply::new(200));
    told["text"].clone()
}

#[test]
fn a_webhook_gets_a_long_message_as_one() {
    let (mut kit, hooks, up) = gateway(TestKit::strict(), "");
    part(&up, 7, (3, 3), "c", Status::ROK);
    part(&up, 7, (1, 3), "a", Status::ROK);
    part(&up, 7, (1, 3), "a", Status::ROK);
    // Another message in between, and one that is a message by itself.
    part(&up, 8, (1, 2), "x", Status::ROK);
    up.deliver(NUMBER, "12345", "alone").expect(Status::ROK);
    assert_eq!(text(&hooks), json!("alone"));
    hooks.expect_no_call();
    part(&up, 7, (2, 3), "b", Status::ROK);
    assert_eq!(text(&hooks), json!("abc"));
    part(&up, 8, (2, 2), "y", Status::ROK);
    assert_eq!(text(&hooks), json!("xy"));
    // The reference is free for the next message.
    part(&up, 7, (1, 2), "d", Status::ROK);
    part(&up, 7, (2, 2), "e", Status::ROK);
    assert_eq!(text(&hooks), json!("de"));
    nothing_left(&mut kit);
}

#[test]
fn parts_that_were_acknowledged_survive_a_crash() {
    let (mut kit, hooks, up) = gateway(TestKit::strict(), "");
    part(&up, 7, (1, 2), "a", Status::ROK);
    kit.crash_losing_unsynced();
    up.expect_bound();
    part(&up, 7, (2, 2), "b", Status::ROK);
    assert_eq!(text(&hooks), json!("ab"));
    nothing_left(&mut kit);
}

#[test]
fn parts_whose_others_do_not_come_go_on_by_themselves() {
    let (mut kit, hooks, up) = gateway(TestKit::strict(), "http.join = \"2m\"");
    part(&up, 7, (1, 3), "a", Status::ROK);
    kit.advance(minutes(1));
    part(&up, 7, (3, 3), "c", Status::ROK);
    kit.crash_and_restart();
    kit.advance(secs(50));
    hooks.expect_no_call();
    kit.advance(secs(20));
    let mut texts = [text(&hooks), text(&hooks)];
    texts.sort_by_key(ToString::to_string);
    assert_eq!(texts, [json!("a"), json!("c")]);
    nothing_left(&mut kit);
}

#[test]
fn parts_go_by_themselves_where_nobody_is_to_wait() {
    let (mut kit, hooks, up) = gateway(TestKit::strict(), "http.join = \"0s\"");
    part(&up, 7, (1, 2), "a", Status::ROK);
    assert_eq!(text(&hooks), json!("a"));
    part(&up, 7, (2, 2), "b", Status::ROK);
    assert_eq!(text(&hooks), json!("b"));
    nothing_left(&mut kit);
}

#[test]
fn parts_are_told_by_the_parameters_of_smpp_as_well() {
    let (mut kit, hooks, up) = gateway(TestKit::strict(), "");
    for (number, text) in [(2, "b"), (1, "a")] {
        let mut tlvs = TlvBuf::new();
        tlvs.u16(tlv::SAR_MSG_REF_NUM, 300)
            .u8(tlv::SAR_TOTAL_SEGMENTS, 2)
            .u8(tlv::SAR_SEGMENT_SEQNUM, number);
        let deliver = Submit {
            source: Addr::new(1, 1, NUMBER.as_bytes()),
            dest: Addr::new(0, 1, b"12345"),
            short_message: text.as_bytes(),
            tlvs: tlvs.as_tlvs(),
            ..Submit::default()
        };
        up.deliver_with(&deliver).expect(Status::ROK);
    }
    assert_eq!(text(&hooks), json!("ab"));
    nothing_left(&mut kit);
}

#[test]
fn a_part_for_which_there_is_no_room_is_sent_again_by_its_centre() {
    // The service's own, the session, the request, and what one message of parts has.
    let limits = Limits {
        activities: 4,
        ..Limits::default()
    };
    let (_kit, hooks, up) = gateway(TestKit::strict().limits(limits), "");
    part(&up, 7, (1, 2), "a", Status::ROK);
    part(&up, 8, (1, 2), "b", Status::RMSGQFUL);
    hooks.expect_no_call();
}
