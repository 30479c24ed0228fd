//! Dialogs across a restart: the record, and what is sent again.

use super::*;
use strowger_sip::proto::dialog::{Dialog, RecordError};

/// A new process with the same secret, and the records of the old one's dialog.
fn restarted(bench: &Bench, dialog: Key) -> (Bench, Key) {
    let record = bench.ua.record(dialog).unwrap();
    let mut next = Bench::seeded(99);
    let key = next.ua.restore(700, &record).unwrap().unwrap();
    (next, key)
}

#[test]
fn a_restored_dialog_answers_bye() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.called();
    let (mut next, _) = restarted(&bench, dialog);
    next.ua.restored(next.now);
    next.drain();
    next.receive(request("BYE", "b1", &tag, 2, ""));
    let Some(Event::InDialog { tx: Some(tx), .. }) = next.events.pop() else {
        panic!("no BYE")
    };
    next.reply(tx, 200);
    assert_eq!(next.lines(), ["200 BYE"]);
    assert_eq!(next.seen(), ["ended"]);
}

#[test]
fn a_restored_dialog_sends_bye_with_a_fresh_cseq() {
    let mut bench = Bench::new();
    let (dialog, invite) = bench.calling();
    bench
        .ua
        .request_within(bench.now, dialog, &within("INFO", ""))
        .unwrap();
    bench.drain();
    assert_eq!(bench.seen(), ["save"], "written before the CSeq is used");
    let (mut next, key) = restarted(&bench, dialog);
    next.ua.hang_up(next.now, key).unwrap();
    next.drain();
    let bye = next.take_sent().remove(0);
    assert_eq!(text(&bye, "CSeq"), "3 BYE");
    assert_eq!(bye.call_id(), invite.call_id());
    assert_eq!(
        (bye.from_tag(), bye.to_tag()),
        (invite.from_tag(), Some(&b"bo"[..]))
    );
}

#[test]
fn a_2xx_whose_ack_was_lost_with_the_old_process_is_acknowledged() {
    let mut bench = Bench::new();
    let (dialog, invite) = bench.calling();
    let (mut next, key) = restarted(&bench, dialog);
    next.ua.restored(next.now);
    next.drain();
    next.receive(response(&invite, 200, "bo", ""));
    assert_eq!(next.lines(), ["ACK"], "and the call goes on");
    assert!(next.ua.dialog(key).is_some());
    // Another branch of a fork has no dialog here: it is ended.
    next.receive(response(&invite, 200, "other", ""));
    assert_eq!(next.lines(), ["ACK", "BYE"]);
}

#[test]
fn a_bye_that_was_not_answered_is_sent_again() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.calling();
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    let (mut next, key) = restarted(&bench, dialog);
    next.ua.restored(next.now);
    next.drain();
    let bye = next.take_sent().remove(0);
    assert_eq!(text(&bye, "CSeq"), "3 BYE");
    next.receive(response(&bye, 481, "", ""));
    assert!(next.ua.dialog(key).is_none());
}

#[test]
fn a_2xx_without_ack_is_repeated_and_its_silence_is_no_reason_to_end() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { dialog, tx }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 200);
    bench.until(2_000);
    let (ok, until) = bench
        .ua
        .unacked(dialog)
        .map(|(ok, until)| (ok.clone(), until))
        .unwrap();
    assert_eq!(until, Ms(START + 32_000));
    for acked in [true, false] {
        let (mut next, key) = restarted(&bench, dialog);
        next.ua.restore_unacked(next.now, key, &ok, 30_000);
        next.until(500);
        let sent = next.take_sent();
        assert_eq!(sent[0].as_bytes(), &ok[..], "at once");
        if acked {
            let tag = String::from_utf8_lossy(sent[0].to_tag().unwrap()).into_owned();
            next.receive(request("ACK", "a1", &tag, 1, ""));
            assert_eq!(next.seen(), ["within ACK"]);
        }
        next.until(29_000);
        next.lines();
        assert_eq!(next.seen(), Vec::<String>::new());
        next.until(32_500);
        if acked {
            assert_eq!(next.lines(), Vec::<String>::new());
            continue;
        }
        // The ACK may have come before: the caller is asked whether it knows the call.
        let probe = next.take_sent().pop().unwrap();
        assert_eq!(line(&probe), "OPTIONS");
        next.receive(response(&probe, 200, "", ""));
        next.until(200_000);
        assert_eq!(next.lines(), Vec::<String>::new());
        assert!(next.ua.dialog(key).is_some());
    }
}

#[test]
fn a_restored_call_whose_caller_is_gone_ends() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { dialog, tx }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 200);
    let ok = bench.ua.unacked(dialog).map(|(ok, _)| ok.clone()).unwrap();
    for silent in [true, false] {
        let (mut next, key) = restarted(&bench, dialog);
        next.ua.restore_unacked(next.now, key, &ok, 30_000);
        next.until(31_000);
        let probe = next.take_sent().pop().unwrap();
        if !silent {
            next.receive(response(&probe, 481, "", ""));
        }
        next.until(200_000);
        assert!(next.lines().contains(&"BYE".to_owned()));
        assert!(next.ua.dialog(key).is_none());
    }
}

/// A new process with the records of a call that rings.
fn ringing_on(bench: &Bench, dialog: Key) -> (Bench, Key) {
    let (record, invite) = (
        bench.ua.record(dialog).unwrap(),
        bench.ua.invite_record(dialog).unwrap(),
    );
    let mut next = Bench::seeded(99);
    let key = next.ua.restore(700, &record).unwrap().unwrap();
    next.ua.restore_invite(next.now, key, &invite);
    next.ua.restored(next.now);
    next.drain();
    (next, key)
}

fn kept(status: u16) -> Reply {
    Reply {
        durable: true,
        ..reply(status)
    }
}

#[test]
fn a_call_that_rings_is_answered_and_given_up_after_a_restart() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { dialog, tx }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.ua.respond(bench.now, tx, &kept(180)).unwrap();
    bench.drain();
    assert_eq!(bench.seen(), ["save"], "before the 180 leaves");
    let ringing = bench.take_sent().remove(0);

    let (mut next, key) = ringing_on(&bench, dialog);
    // A copy of the INVITE gets the 180 again; the name that the service knows answers it.
    next.receive(request("INVITE", "i1", "", 1, ""));
    assert_eq!(next.take_sent()[0].as_bytes(), ringing.as_bytes());
    assert!(next.ua.is_waiting(tx));
    next.reply(tx, 200);
    let ok = next.take_sent().remove(0);
    assert_eq!(ok.to_tag(), ringing.to_tag());
    assert_eq!(next.seen(), ["save"]);
    let tag = String::from_utf8_lossy(ok.to_tag().unwrap()).into_owned();
    next.receive(request("ACK", "a1", &tag, 1, ""));
    assert_eq!(next.seen(), ["within ACK"]);
    assert!(next.ua.invite_record(key).is_none());

    let (mut next, _) = ringing_on(&bench, dialog);
    next.receive(request("CANCEL", "i1", "", 1, ""));
    let Some(Event::Cancel { tx: cancel }) = next.events.pop() else {
        panic!("no CANCEL")
    };
    next.ua.accept_cancel(next.now, cancel).unwrap();
    next.drain();
    assert_eq!(next.lines(), ["200 CANCEL", "487 INVITE"]);
    assert_eq!(next.seen(), ["ended"]);

    // Nobody answers: it ends as if nothing had happened.
    let (mut next, _) = ringing_on(&bench, dialog);
    next.until(180_000);
    assert_eq!(next.lines(), ["408 INVITE"]);
    assert_eq!(next.seen(), ["ended"]);
}

#[test]
fn a_reliable_response_waits_for_its_prack_in_the_next_process() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, "Require: 100rel\r\n"));
    let Some(Event::Call { dialog, tx }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.ua.respond(bench.now, tx, &kept(180)).unwrap();
    bench.drain();
    let ringing = bench.take_sent().remove(0);
    let (mut next, _) = ringing_on(&bench, dialog);
    next.until(0);
    assert_eq!(
        next.take_sent()[0].as_bytes(),
        ringing.as_bytes(),
        "at once"
    );
    let tag = String::from_utf8_lossy(ringing.to_tag().unwrap()).into_owned();
    let rack = format!("RAck: {} 1 INVITE\r\n", text(&ringing, "RSeq"));
    next.receive(request("PRACK", "p1", &tag, 2, &rack));
    let Some(Event::InDialog {
        tx: Some(prack), ..
    }) = next.events.pop()
    else {
        panic!("no PRACK")
    };
    next.ua.processed(next.now, prack).unwrap();
    next.drain();
    next.ua.respond(next.now, tx, &kept(183)).unwrap();
    next.drain();
    let sent = next.take_sent();
    let rseq = |message: &Message| text(message, "RSeq").parse::<u32>().unwrap();
    assert_eq!(rseq(&sent[1]), rseq(&ringing) + 1);
}

impl Bench {
    /// A call of ours that is kept while it rings, and its INVITE.
    fn calling_kept(&mut self) -> (Key, Message) {
        let kept = Draft {
            durable: true,
            link: Some(Key::from_u64(77)),
            ..draft("offer")
        };
        let dialog = self.ua.invite(self.now, 500, 9, &kept).unwrap();
        self.drain();
        assert_eq!(self.seen(), ["save"], "before the INVITE leaves");
        (dialog, self.take_sent().remove(0))
    }
}

#[test]
fn a_call_of_ours_that_rings_is_accepted_and_cancelled_after_a_restart() {
    let mut bench = Bench::new();
    let (dialog, invite) = bench.calling_kept();
    bench.receive(response(&invite, 180, "bo", ""));
    assert_eq!(bench.seen(), ["save", "180"]);

    let (mut next, key) = ringing_on(&bench, dialog);
    assert_eq!(next.lines(), Vec::<String>::new(), "it rings already");
    next.receive(response(&invite, 183, "bo", ""));
    next.receive(response(&invite, 200, "bo", ""));
    assert_eq!(next.lines(), ["ACK"]);
    let passed_on = |event: &Event| matches!(event, Event::Response { status: 200, link: Some(link), .. } if *link == Key::from_u64(77));
    assert!(next.events.iter().any(passed_on), "for the leg that waits");
    next.ua.hang_up(next.now, key).unwrap();
    next.drain();
    assert_eq!(text(&next.take_sent()[0], "CSeq"), "2 BYE");

    let (mut next, key) = ringing_on(&bench, dialog);
    next.ua.hang_up(next.now, key).unwrap();
    next.drain();
    let cancel = next.take_sent().remove(0);
    assert_eq!(line(&cancel), "CANCEL");
    assert_eq!(text(&cancel, "Via"), text(&invite, "Via"), "RFC 3261 9.1");
    next.receive(response(&cancel, 200, "bo", ""));
    next.receive(response(&invite, 487, "bo", ""));
    assert_eq!(next.lines(), ["ACK"]);
    assert_eq!(next.seen().last().unwrap(), "ended");

    // Given up just before the end of the process: it still is.
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    let (mut next, _) = ringing_on(&bench, dialog);
    assert_eq!(next.lines(), ["CANCEL"]);
}

#[test]
fn an_invite_without_any_response_is_sent_again_after_a_restart() {
    let mut bench = Bench::new();
    let (dialog, invite) = bench.calling_kept();
    let (mut next, _) = ringing_on(&bench, dialog);
    assert_eq!(next.take_sent()[0].as_bytes(), invite.as_bytes());
    next.receive(response(&invite, 486, "bo", ""));
    assert_eq!(next.seen(), ["486", "ended"]);
}

#[test]
fn a_call_that_rang_without_such_a_record_is_over() {
    let mut bench = Bench::new();
    let (dialog, invite) = bench.calling_kept();
    bench.receive(response(&invite, 180, "bo", ""));
    let (mut next, key) = restarted(&bench, dialog);
    next.ua.restored(next.now);
    next.drain();
    assert!(next.ua.dialog(key).is_none());
    assert_eq!(next.seen(), ["ended"]);
}

#[test]
fn a_re_invite_in_flight_leaves_the_call_and_its_numbers_ahead() {
    let mut bench = Bench::new();
    let (dialog, invite) = bench.calling();
    bench
        .ua
        .request_within(bench.now, dialog, &within("INVITE", "new offer"))
        .unwrap();
    bench.drain();
    let again = bench.take_sent().remove(0);
    let (mut next, key) = restarted(&bench, dialog);
    next.ua.restored(next.now);
    next.drain();
    next.receive(response(&again, 200, "", ""));
    assert_eq!(next.lines(), ["ACK"]);
    next.ua.hang_up(next.now, key).unwrap();
    next.drain();
    let bye = next.take_sent().remove(0);
    assert_eq!(text(&bye, "CSeq"), "3 BYE");
    assert_eq!(bye.call_id(), invite.call_id());
}

#[test]
fn a_bye_of_ours_does_not_wait_for_an_ack_that_may_have_come_before() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.called();
    let ok = format!(
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP {PEER};branch=z9hG4bKi1\r\nFrom: <sip:alice@a.example>;tag=al\r\n\
         To: <sip:bob@b.example>;tag={tag}\r\nCall-ID: call-1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    );
    let (mut next, key) = restarted(&bench, dialog);
    next.ua
        .restore_unacked(next.now, key, ok.as_bytes(), 30_000);
    next.ua.restored(next.now);
    next.ua.hang_up(next.now, key).unwrap();
    next.drain();
    assert_eq!(next.lines(), ["BYE"]);
}

#[test]
fn a_re_invite_says_that_the_ack_came_before() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { dialog, tx }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 200);
    let ok = bench.ua.unacked(dialog).map(|(ok, _)| ok.clone()).unwrap();
    let (mut next, key) = restarted(&bench, dialog);
    next.ua.restore_unacked(next.now, key, &ok, 30_000);
    next.until(100);
    let tag = String::from_utf8_lossy(next.take_sent()[0].to_tag().unwrap()).into_owned();
    next.receive(request("INVITE", "i2", &tag, 2, ""));
    assert_eq!(next.seen(), ["within INVITE"]);
    next.until(10_000);
    assert!(next.lines().iter().all(|line| !line.starts_with("200")));
}

#[test]
fn a_call_whose_peer_had_hung_up_ends_with_a_copy_of_its_bye_or_without() {
    for copy in [true, false] {
        let mut bench = Bench::new();
        let (dialog, tag) = bench.called();
        let (mut next, key) = restarted(&bench, dialog);
        next.ua.restore_closing(next.now, key);
        next.ua.restored(next.now);
        next.drain();
        if copy {
            next.receive(request("BYE", "b1", &tag, 2, ""));
            let Some(Event::InDialog { tx: Some(tx), .. }) = next.events.pop() else {
                panic!("no BYE")
            };
            next.reply(tx, 200);
        } else {
            next.until(31_999);
            assert!(next.ua.dialog(key).is_some());
            next.until(32_000);
        }
        assert!(next.ua.dialog(key).is_none());
        assert_eq!(next.seen(), ["ended"]);
        next.until(100_000);
        assert!(next.ua.is_empty());
    }
}

#[test]
fn a_copy_of_an_invite_that_the_old_process_answered_is_no_new_call() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { dialog, tx }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 200);
    let (ok, _) = bench.ua.unacked(dialog).unwrap();
    let ok = ok.clone();
    let (mut next, key) = restarted(&bench, dialog);
    next.ua.restore_unacked(next.now, key, &ok, 30_000);
    next.ua.restored(next.now);
    next.until(0);
    next.lines();
    next.receive(request("INVITE", "i1", "", 1, ""));
    assert_eq!(next.take_sent()[0].as_bytes(), &ok[..]);
    assert_eq!(next.seen(), Vec::<String>::new());
    next.receive(request("INVITE", "i1", "", 2, ""));
    assert_eq!(next.seen(), ["call"], "another CSeq is another INVITE");
}

#[test]
fn a_bye_for_a_dialog_that_ended_with_the_old_process_is_answered() {
    let mut bench = Bench::new();
    let (_, tag) = bench.called();
    let mut next = Bench::seeded(99);
    next.ua.restored(next.now);
    next.receive(request("BYE", "b1", &tag, 2, ""));
    assert_eq!(next.lines(), ["200 BYE"]);
    next.receive(request("BYE", "b2", "forged0123456789", 2, ""));
    assert_eq!(next.lines(), ["481 BYE"]);
    next.until(32_000);
    next.receive(request("BYE", "b3", &tag, 2, ""));
    assert_eq!(next.lines(), ["481 BYE"], "only so long");
}

#[test]
fn an_answer_to_an_invite_of_the_old_process_is_acknowledged_and_ended() {
    let mut bench = Bench::new();
    bench.ua.invite(bench.now, 500, 9, &draft("offer")).unwrap();
    bench.drain();
    let invite = bench.take_sent().remove(0);
    let mut next = Bench::seeded(99);
    next.receive(response(&invite, 180, "bo", ""));
    assert!(next.sent.is_empty());
    next.receive(response(&invite, 200, "bo", ""));
    assert_eq!(next.lines(), ["ACK", "BYE"]);
    let mut foreign = Bench::seeded(99);
    let text = response(&invite, 200, "bo", "");
    let at = text.find("z9hG4bK").unwrap() + 8;
    let forged = format!("{}x{}", &text[..at], &text[at + 1..]);
    foreign.receive(forged);
    assert!(
        foreign.sent.is_empty(),
        "whoever has not seen our branch gets nothing"
    );
}

#[test]
fn a_request_whose_transaction_was_lost_is_answered_once() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.called();
    let (mut next, key) = restarted(&bench, dialog);
    next.ua.restored(next.now);
    next.drain();
    let bye = Bytes::from(request("BYE", "b1", &tag, 2, ""));
    next.ua
        .respond_lost(next.now, udp(), bye.clone(), &reply(200))
        .unwrap();
    next.drain();
    assert_eq!(next.lines(), ["200 BYE"]);
    assert_eq!(next.seen(), ["ended"]);
    assert!(next.ua.dialog(key).is_none());
    // Its copy finds the dialog gone, and gets its 200 all the same.
    next.receive(bye);
    assert_eq!(next.lines(), ["200 BYE"]);
}

#[test]
fn the_record_is_small_and_comes_back() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.calling();
    let record = bench.ua.record(dialog).unwrap();
    assert!(record.len() <= 600, "{} bytes", record.len());
    let back = Dialog::from_record(700, &record).unwrap();
    assert_eq!(back.to_record(), record);
    for cut in 0..record.len() {
        assert!(
            Dialog::from_record(700, &record[..cut]).is_err(),
            "cut at {cut}"
        );
    }
    let mut newer = record.clone();
    newer[0] = 9;
    assert_eq!(
        Dialog::from_record(700, &newer).unwrap_err(),
        RecordError::Version(9)
    );
    let mut longer = record;
    longer.push(0);
    assert_eq!(
        Dialog::from_record(700, &longer).unwrap_err(),
        RecordError::Damaged
    );
}

/// The bytes of version 1 as they were first written: later releases must read them.
#[test]
fn the_golden_record_is_read() {
    let golden: &[u8] = b"\x01\x03\0\0\0\x07\0\0\0\x02\0\0\0\x04\xc0\0\x02\x09\x13\xce\
        \0\x01\0\x02\0\x03\0\x07\0\x07\0\x09\0\x0bcltremsip:l@hsip:r@hsip:t@h:9<sip:p1;lr>";
    let dialog = Dialog::from_record(1, golden).unwrap();
    assert_eq!(dialog.to_record(), golden);
    assert_eq!((dialog.local_cseq, dialog.remote_cseq), (7, 2));
    assert_eq!(dialog.flow.peer, "192.0.2.9:5070".parse().unwrap());
    assert_eq!(dialog.next_hop(), b"sip:p1;lr");
}
