//! Scheduled delivery, query, cancel and replace; what is not stored; messages for many.

use strowger::prelude::*;
use strowger_sms::proto::receipt::State as Outcome;
use strowger_sms::proto::wire::{
    Addr, Cancel, Data, Dest, DestBuf, Pdu, Query, Replace, Status, Submit, SubmitMulti, TlvBuf,
    command, tlv,
};
use strowger_sms::testkit::{Esme, Sent};

use crate::{NUMBER, gateway, nothing_left, registered};

const SOURCE: Addr<'_> = Addr::new(1, 1, b"12345");

fn query(shop: &Esme, id: &str) -> Sent {
    shop.request(&Pdu::QuerySm(Query {
        message_id: id.as_bytes(),
        source: SOURCE,
        ..Query::default()
    }))
}

fn state(shop: &Esme, id: &str) -> u8 {
    let answer = query(shop, id).expect(Status::ROK);
    let Pdu::QuerySmResp(answer) = answer.view() else {
        panic!("{answer:?}");
    };
    answer.state
}

fn cancel(shop: &Esme, id: &str) -> Sent {
    shop.request(&Pdu::CancelSm(Cancel {
        message_id: id.as_bytes(),
        source: SOURCE,
        ..Cancel::default()
    }))
}

fn in_an_hour(text: &str) -> Submit<'_> {
    Submit {
        schedule: "000000010000000R",
        ..registered(text)
    }
}

#[test]
fn a_scheduled_message_goes_in_time_and_across_a_crash() {
    let (mut kit, shop, up) = gateway("");
    shop.submit_with(&in_an_hour("later")).expect_ok();
    kit.advance(minutes(59));
    up.expect_nothing();
    kit.crash_and_restart();
    up.expect_bound();
    kit.advance(secs(59));
    up.expect_nothing();
    kit.advance(secs(2));
    let got = up.expect_submit();
    assert_eq!((got.text().as_str(), got.submit().schedule), ("later", ""));
}

#[test]
fn a_scheduled_message_that_came_due_while_the_node_was_down_goes_at_its_start() {
    let (mut kit, shop, up) = gateway("");
    shop.submit_with(&in_an_hour("later")).expect_ok();
    kit.crash_and_restart_after(hours(2));
    assert_eq!(up.expect_submit().text(), "later");
}

#[test]
fn times_that_cannot_be_are_refused() {
    let (mut kit, shop, _up) = gateway("longest_validity = \"2h\"");
    let bad = |schedule, validity, status| {
        let submit = Submit {
            schedule,
            validity,
            ..registered("hello")
        };
        shop.submit_with(&submit).expect(status);
    };
    bad("000001000000000R", "", Status::RINVSCHED);
    bad("000000010000000R", "000000003000000R", Status::RINVEXPIRY);
    nothing_left(&mut kit);
}

/// Each refused as it comes, by whatever command, so that no receipt has to tell of it.
#[test]
fn what_can_be_no_short_message_is_refused() {
    let (mut kit, shop, _up) = gateway("");
    let long = vec![b'a'; 255 * 153 + 1];
    let header = |body: usize| [&[5, 0, 3, 7, 2, 1][..], &vec![b'a'; body]].concat();
    let (fits, full) = (header(153), header(154));
    // Of what has a header the esm_class says so; with no header, one that is too long, and one with an element cut off.
    for (esm_class, content) in [
        (0, &long[..]),
        (0x40, &full),
        (0x40, b""),
        (0x40, b"\x05\x00\x03"),
        (0x40, b"\x03\x00\x03\x07text"),
        (0x41, &full),
        (0x42, &full),
    ] {
        let mut tlvs = TlvBuf::new();
        tlvs.put(tlv::MESSAGE_PAYLOAD, content).expect("a TLV");
        let submit = Submit {
            esm_class,
            short_message: b"",
            tlvs: tlvs.as_tlvs(),
            ..registered("")
        };
        shop.submit_with(&submit).expect(Status::RINVMSGLEN);
        let data = Data {
            source: SOURCE,
            dest: submit.dest,
            esm_class: esm_class & 0x40,
            tlvs: submit.tlvs,
            ..Data::default()
        };
        shop.request(&Pdu::DataSm(data)).expect(Status::RINVMSGLEN);
        let mut dests = DestBuf::default();
        dests.push(&Dest::Sme(submit.dest)).expect("a destination");
        let multi = SubmitMulti {
            dests: dests.as_dests(),
            message: submit,
        };
        shop.request(&Pdu::SubmitMulti(multi))
            .expect(Status::RINVMSGLEN);
    }
    nothing_left(&mut kit);
    // And one that replaces.
    let part = Submit {
        esm_class: 0x40,
        short_message: &fits,
        ..in_an_hour("")
    };
    let id = shop.submit_with(&part).expect_ok();
    let replace = |short_message| {
        shop.request(&Pdu::ReplaceSm(Replace {
            message_id: id.as_bytes(),
            source: SOURCE,
            short_message,
            ..Replace::default()
        }))
    };
    replace(&full[..]).expect(Status::RINVMSGLEN);
    replace(&b"no header"[..]).expect(Status::RINVMSGLEN);
    replace(&fits[..]).expect(Status::ROK);
}

#[test]
fn as_many_parts_as_a_phone_puts_together_are_taken() {
    let (_kit, shop, up) = gateway("");
    let most = vec![b'a'; 255 * 153];
    let mut tlvs = TlvBuf::new();
    tlvs.put(tlv::MESSAGE_PAYLOAD, &most).expect("a TLV");
    let submit = Submit {
        short_message: b"",
        tlvs: tlvs.as_tlvs(),
        ..registered("")
    };
    shop.submit_with(&submit).expect_ok();
    assert_eq!(up.expect_submit().submit().content(), most);
}

#[test]
fn a_message_can_be_asked_for_cancelled_and_replaced_while_it_waits() {
    let (mut kit, shop, up) = gateway("keep = \"1m\"");
    let id = shop.submit_with(&in_an_hour("old")).expect_ok();
    assert_eq!(state(&shop, &id), Outcome::Enroute.code());
    let replace = Replace {
        message_id: id.as_bytes(),
        source: SOURCE,
        registered_delivery: 1,
        short_message: b"new",
        ..Replace::default()
    };
    shop.request(&Pdu::ReplaceSm(replace)).expect(Status::ROK);
    kit.advance(minutes(60));
    let got = up.expect_submit();
    assert_eq!(got.text(), "new");
    // It is on its way.
    cancel(&shop, &id).expect(Status::RCANCELFAIL);
    shop.request(&Pdu::ReplaceSm(replace))
        .expect(Status::RREPLACEFAIL);
    got.accept("1");
    up.receipt("1", Outcome::Delivered, NUMBER)
        .expect(Status::ROK);
    shop.expect_deliver().answer(Status::ROK);
    assert_eq!(state(&shop, &id), Outcome::Delivered.code());
    kit.advance(secs(61));
    query(&shop, &id).expect(Status::RQUERYFAIL);
    nothing_left(&mut kit);
}

#[test]
fn a_cancelled_message_is_told_as_deleted() {
    let (mut kit, shop, up) = gateway("");
    let id = shop.submit_with(&in_an_hour("old")).expect_ok();
    cancel(&shop, &id).expect(Status::ROK);
    let told = shop.expect_deliver();
    assert_eq!(told.receipt().state, Some(Outcome::Deleted));
    told.answer(Status::ROK);
    kit.advance(hours(2));
    up.expect_nothing();
    nothing_left(&mut kit);
}

#[test]
fn another_source_address_is_another_sender() {
    let (_kit, shop, _up) = gateway("");
    let id = shop.submit_with(&in_an_hour("old")).expect_ok();
    let other = Cancel {
        message_id: id.as_bytes(),
        source: Addr::new(1, 1, b"999"),
        ..Cancel::default()
    };
    shop.request(&Pdu::CancelSm(other))
        .expect(Status::RCANCELFAIL);
    query(&shop, "1234567890abcdef").expect(Status::RQUERYFAIL);
}

#[test]
fn a_datagram_is_passed_on_and_forgotten() {
    let (mut kit, shop, up) = gateway("");
    let datagram = Submit {
        esm_class: 1,
        ..registered("now")
    };
    shop.submit_with(&datagram).expect_ok();
    let got = up.expect_submit();
    assert_eq!(got.submit().esm_class, 1);
    got.answer(Status::RSYSERR);
    nothing_left(&mut kit);
}

/// Neither mode writes anything, so that no answer waits for the disk.
#[test]
fn what_is_not_stored_is_not_written_to_the_disk_either() {
    let (mut kit, shop, up) = gateway("");
    // What is written once is written.
    shop.submit_with(&registered("stored")).expect_ok();
    up.expect_submit().answer(Status::RSUBMITFAIL);
    shop.expect_deliver().answer(Status::ROK);
    kit.advance(secs(1));
    kit.set_sync_time(millis(500));
    let written = kit.metrics().records;
    for esm_class in [1, 2] {
        let submit = Submit {
            esm_class,
            ..registered("now")
        };
        let sent = shop.submit_with(&submit);
        let got = up
            .find(command::SUBMIT_SM, millis(100))
            .expect("it goes on at once");
        if esm_class == 2 {
            assert!(sent.find_answer(millis(100)).is_none());
            kit.advance(secs(5));
        }
        got.accept("theirs");
        assert!(sent.find_answer(millis(100)).is_some());
    }
    assert_eq!(kit.metrics().records, written, "{}", kit.ladder());
    nothing_left(&mut kit);
}

#[test]
fn a_transaction_that_cannot_be_passed_on_is_answered_so() {
    let (mut kit, shop, up) = gateway("");
    let transaction = Submit {
        esm_class: 2,
        ..registered("now")
    };
    let sent = shop.submit_with(&transaction);
    let _unanswered = up.expect_submit();
    up.answer_binds(Status::RBINDFAIL);
    up.close();
    sent.expect(Status::RSYSERR);
    shop.submit_with(&transaction).expect(Status::RMSGQFUL);
    nothing_left(&mut kit);
}

#[test]
fn a_transaction_is_answered_as_the_next_hop_answers() {
    let (mut kit, shop, up) = gateway("");
    let transaction = Submit {
        esm_class: 2,
        ..registered("now")
    };
    let sent = shop.submit_with(&transaction);
    let got = up.expect_submit();
    got.accept("theirs");
    assert_eq!(sent.expect_ok(), "theirs");
    let sent = shop.submit_with(&transaction);
    up.expect_submit().answer(Status::RSUBMITFAIL);
    sent.expect(Status::RSUBMITFAIL);
    nothing_left(&mut kit);
}

#[test]
fn data_sm_is_stored_like_submit_sm() {
    let (_kit, shop, up) = gateway("");
    let mut tlvs = TlvBuf::new();
    tlvs.put(tlv::MESSAGE_PAYLOAD, b"payload").expect("a TLV");
    let data = Data {
        source: SOURCE,
        dest: Addr::new(1, 1, NUMBER.as_bytes()),
        tlvs: tlvs.as_tlvs(),
        ..Data::default()
    };
    shop.request(&Pdu::DataSm(data)).expect(Status::ROK);
    let got = up.expect_submit();
    assert_eq!(got.submit().content(), b"payload");
}

#[test]
fn a_message_for_many_is_one_for_each() {
    let (_kit, shop, up) = gateway("");
    let mut dests = DestBuf::default();
    for digits in [&b"41790000001"[..], b"41790000002"] {
        dests
            .push(&Dest::Sme(Addr::new(1, 1, digits)))
            .expect("a destination");
    }
    dests.push(&Dest::List(b"friends")).expect("a list");
    let multi = SubmitMulti {
        dests: dests.as_dests(),
        message: Submit {
            source: SOURCE,
            short_message: b"hello",
            ..Submit::default()
        },
    };
    let answer = shop.request(&Pdu::SubmitMulti(multi)).expect(Status::ROK);
    let Pdu::SubmitMultiResp(answer) = answer.view() else {
        panic!("{answer:?}");
    };
    let refused: Vec<Status> = answer.unsuccess.map(|u| u.status).collect();
    assert_eq!(refused, [Status::RINVDLNAME]);
    let to =
        [up.expect_submit(), up.expect_submit()].map(|got| got.submit().dest.text().into_owned());
    assert_eq!(to, ["41790000001", "41790000002"]);
}
