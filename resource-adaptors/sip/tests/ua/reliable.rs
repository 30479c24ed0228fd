//! Reliable provisional responses and UPDATE: RFC 3262 3 to 5, RFC 3311 5, RFC 6337 table 1.

use super::*;
use strowger_sip::proto::ua::{Acknowledge, Reliability, Support};

const SDP: &str = "v=0\r\n";

/// A request of the peer's with a session description.
fn offering(method: &str, branch: &str, to_tag: &str, cseq: u32, extra: &str) -> String {
    let extra = format!("{extra}Content-Type: application/sdp\r\n");
    request(method, branch, to_tag, cseq, &extra).replace(
        "Content-Length: 0\r\n\r\n",
        &format!("Content-Length: {}\r\n\r\n{SDP}", SDP.len()),
    )
}

/// A response of the peer's with a session description.
fn described(to: &Message, status: u16, tag: &str, extra: &str) -> String {
    let extra = format!("{extra}Content-Type: application/sdp\r\n");
    response(to, status, tag, &extra).replace(
        "Content-Length: 0\r\n\r\n",
        &format!("Content-Length: {}\r\n\r\n{SDP}", SDP.len()),
    )
}

fn reliably(status: u16, body: &'static str) -> Reply {
    Reply {
        reliability: Reliability::Supported,
        ..with_body(status, body)
    }
}

fn with_body(status: u16, body: &'static str) -> Reply {
    Reply {
        body: Bytes::from_static(body.as_bytes()),
        ..reply(status)
    }
}

impl Bench {
    /// A call from a peer that supports reliable responses.
    fn rings(&mut self, invite: String) -> (Key, Key) {
        self.receive(invite);
        let Some(Event::Call { dialog, tx }) = self.events.pop() else {
            panic!("no call")
        };
        (dialog, tx)
    }

    fn say(&mut self, tx: Key, reply: &Reply) {
        self.ua.respond(self.now, tx, reply).unwrap();
        self.drain();
    }

    /// Sends PRACK for a response; the transaction of the event that came, if one did.
    fn prack(&mut self, to: &Message, branch: &str, cseq: u32, offer: bool) -> Option<Key> {
        let tag = String::from_utf8_lossy(to.to_tag().unwrap()).into_owned();
        let rack = format!("RAck: {} 1 INVITE\r\n", text(to, "RSeq"));
        let make = if offer { offering } else { request };
        self.receive(make("PRACK", branch, &tag, cseq, &rack));
        match self.events.pop() {
            Some(Event::InDialog { tx, .. }) => tx,
            _ => None,
        }
    }

    fn call_out(&mut self, body: &str, acknowledge: Acknowledge) -> (Key, Message) {
        let draft = Draft {
            reliable: Support::Supported,
            acknowledge,
            ..draft(body)
        };
        let dialog = self.ua.invite(self.now, 500, 9, &draft).unwrap();
        self.drain();
        (dialog, self.take_sent().remove(0))
    }

    fn within(&mut self, dialog: Key, draft: &Draft) {
        self.ua.request_within(self.now, dialog, draft).unwrap();
        self.drain();
    }
}

const SUPPORTED: &str = "Supported: timer, 100rel\r\n";

#[test]
fn a_reliable_response_is_repeated_until_its_prack() {
    let mut bench = Bench::new();
    let (_, tx) = bench.rings(request("INVITE", "i1", "", 1, SUPPORTED));
    bench.say(tx, &reliably(180, ""));
    let ringing = bench.take_sent().remove(0);
    assert_eq!(text(&ringing, "Require"), "100rel");
    let rseq: u32 = text(&ringing, "RSeq").parse().unwrap();
    assert!((1..1 << 31).contains(&rseq), "RFC 3262 3");
    // T1, doubled each time, without T2 as its bound.
    for (until, want) in [
        (499, 0),
        (500, 1),
        (1_500, 2),
        (3_500, 3),
        (7_500, 4),
        (15_500, 5),
    ] {
        bench.until(until);
        assert_eq!(bench.sent.len(), want, "at {until}");
    }
    assert!(
        bench
            .take_sent()
            .iter()
            .all(|copy| copy.as_bytes() == ringing.as_bytes())
    );
    let prack = bench.prack(&ringing, "p1", 2, false).unwrap();
    bench.ua.processed(bench.now, prack).unwrap();
    bench.drain();
    assert_eq!(bench.lines(), ["200 PRACK"], "by itself");
    bench.until(40_000);
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench.reply(tx, 200);
    assert_eq!(bench.lines(), ["200 INVITE"]);
}

#[test]
fn without_a_prack_the_invite_is_refused_after_64_t1() {
    let mut bench = Bench::new();
    let (_, tx) = bench.rings(request("INVITE", "i1", "", 1, SUPPORTED));
    bench.say(tx, &reliably(180, ""));
    bench.until(31_999);
    bench.lines();
    bench.until(32_000);
    assert_eq!(bench.lines(), ["500 INVITE"]);
    assert_eq!(bench.seen(), ["ended"]);
    bench.until(100_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_prack_that_names_nothing_is_refused() {
    let mut bench = Bench::new();
    let (_, tx) = bench.rings(request("INVITE", "i1", "", 1, SUPPORTED));
    bench.say(tx, &reliably(180, ""));
    let ringing = bench.take_sent().remove(0);
    let tag = String::from_utf8_lossy(ringing.to_tag().unwrap()).into_owned();
    let rseq: u32 = text(&ringing, "RSeq").parse().unwrap();
    for (n, rack) in [
        format!("{} 1 INVITE", rseq + 1),
        format!("{rseq} 2 INVITE"),
        format!("{rseq} 1 UPDATE"),
        "x".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let cseq = 2 + n as u32;
        let rack = format!("RAck: {rack}\r\n");
        bench.receive(request("PRACK", &format!("p{n}"), &tag, cseq, &rack));
        assert_eq!(bench.lines(), ["481 PRACK"], "{rack}");
    }
    let prack = bench.prack(&ringing, "px", 9, false).unwrap();
    bench.reply(prack, 200);
    bench.lines();
    // A second one for the same response names nothing any more.
    assert_eq!(bench.prack(&ringing, "py", 10, false), None);
    assert_eq!(bench.lines(), ["481 PRACK"]);
}

#[test]
fn reliable_responses_wait_for_each_other_and_a_2xx_for_the_session() {
    let mut bench = Bench::new();
    let (_, tx) = bench.rings(offering("INVITE", "i1", "", 1, SUPPORTED));
    bench.say(tx, &reliably(183, SDP));
    bench.say(tx, &reliably(180, ""));
    bench.say(tx, &with_body(200, SDP));
    assert_eq!(bench.lines().len(), 1, "180 and 200 wait");
    bench.sent.clear();
    bench.until(500);
    let progress = bench.take_sent().remove(0);
    let prack = bench.prack(&progress, "p1", 2, false).unwrap();
    bench.reply(prack, 200);
    let sent = bench.take_sent();
    assert_eq!(
        sent.iter().map(line).collect::<Vec<_>>(),
        ["200 PRACK", "180 INVITE"],
        "the PRACK first"
    );
    let rseq = |message: &Message| text(message, "RSeq").parse::<u32>().unwrap();
    assert_eq!(rseq(&sent[1]), rseq(&progress) + 1, "RFC 3262 3");
    let prack = bench.prack(&sent[1], "p2", 3, false).unwrap();
    bench.reply(prack, 200);
    assert_eq!(bench.lines(), ["200 PRACK", "200 INVITE"]);
}

#[test]
fn a_failure_does_not_wait_and_its_late_prack_is_taken() {
    let mut bench = Bench::new();
    let (_, tx) = bench.rings(offering("INVITE", "i1", "", 1, SUPPORTED));
    bench.say(tx, &reliably(183, SDP));
    bench.lines();
    bench.reply(tx, 486);
    assert_eq!(bench.lines(), ["486 INVITE"]);
    // A 2xx behind a response without a session does not wait either, and what is out is not repeated.
    let (_, tx) =
        bench.rings(request("INVITE", "i2", "", 1, SUPPORTED).replace("call-1", "call-2"));
    bench.say(tx, &reliably(180, ""));
    bench.reply(tx, 200);
    let sent = bench.take_sent();
    assert_eq!(
        sent.iter().map(line).collect::<Vec<_>>(),
        ["180 INVITE", "200 INVITE"]
    );
    let tag = String::from_utf8_lossy(sent[0].to_tag().unwrap()).into_owned();
    let rack = format!("RAck: {} 1 INVITE\r\n", text(&sent[0], "RSeq"));
    bench.receive(request("PRACK", "p2", &tag, 2, &rack).replace("call-1", "call-2"));
    let Some(Event::InDialog {
        tx: Some(prack), ..
    }) = bench.events.pop()
    else {
        panic!("no PRACK")
    };
    bench.reply(prack, 200);
    assert_eq!(bench.lines(), ["200 PRACK"]);
}

#[test]
fn a_caller_that_requires_reliability_gets_it_and_one_without_does_not() {
    let mut bench = Bench::new();
    let (_, tx) = bench.rings(request("INVITE", "i1", "", 1, "Require: 100rel\r\n"));
    bench.reply(tx, 180);
    assert!(has(&bench.take_sent()[0], HeaderId::RSeq));
    let (_, tx) = bench.rings(request("INVITE", "i2", "", 1, "").replace("call-1", "call-2"));
    bench.say(tx, &reliably(180, ""));
    assert!(!has(&bench.take_sent()[0], HeaderId::RSeq));
}

#[test]
fn an_entity_that_demands_reliability_refuses_who_has_none() {
    let mut bench = Bench::new();
    bench.ua.reconfigure(UaConfig {
        provisional: Provisional::Demanded,
        ..config()
    });
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let refusal = bench.take_sent().remove(0);
    assert_eq!(
        (line(&refusal), text(&refusal, "Require")),
        ("421 INVITE".into(), "100rel".into())
    );
    let (_, invite) = bench.call_out("", Acknowledge::ByItself);
    assert_eq!(
        (text(&invite, "Supported"), text(&invite, "Require")),
        ("100rel".into(), "100rel".into())
    );
}

#[test]
fn an_offer_in_prack_waits_for_the_service() {
    let mut bench = Bench::new();
    let (_, tx) = bench.rings(offering("INVITE", "i1", "", 1, SUPPORTED));
    bench.say(tx, &reliably(183, SDP));
    let progress = bench.take_sent().remove(0);
    let prack = bench.prack(&progress, "p1", 2, true).unwrap();
    bench.ua.processed(bench.now, prack).unwrap();
    bench.drain();
    assert_eq!(bench.lines(), Vec::<String>::new());
    // An answer is due: a 200 without it becomes 488.
    bench.reply(prack, 200);
    assert_eq!(bench.lines(), ["488 PRACK"]);
}

#[test]
fn an_offer_in_a_reliable_response_is_answered_in_prack() {
    let mut bench = Bench::new();
    let (_, tx) = bench.rings(request("INVITE", "i1", "", 1, SUPPORTED));
    bench.say(tx, &reliably(183, SDP));
    let progress = bench.take_sent().remove(0);
    let tag = String::from_utf8_lossy(progress.to_tag().unwrap()).into_owned();
    bench.receive(offering("UPDATE", "u1", &tag, 2, ""));
    assert_eq!(
        bench.lines(),
        ["491 UPDATE"],
        "our offer is open: RFC 3311 5.2"
    );
    assert_eq!(bench.prack(&progress, "p0", 3, false), None);
    assert_eq!(bench.lines(), ["488 PRACK"], "no answer in it");
    let prack = bench.prack(&progress, "p1", 4, true).unwrap();
    bench.ua.processed(bench.now, prack).unwrap();
    bench.drain();
    assert_eq!(bench.lines(), ["200 PRACK"]);
    bench.receive(offering("UPDATE", "u2", &tag, 5, ""));
    assert_eq!(bench.seen(), ["within UPDATE"]);
}

#[test]
fn reliable_responses_to_us_are_acknowledged_by_itself_and_in_order() {
    let mut bench = Bench::new();
    let (_, invite) = bench.call_out("offer", Acknowledge::ByItself);
    assert_eq!(text(&invite, "Supported"), "100rel");
    let rel = |rseq: u32| format!("Require: 100rel\r\nRSeq: {rseq}\r\n");
    bench.receive(described(&invite, 183, "bo", &rel(7)));
    let prack = bench.take_sent().remove(0);
    assert_eq!(
        (line(&prack), text(&prack, "RAck"), text(&prack, "CSeq")),
        ("PRACK".into(), "7 1 INVITE".into(), "2 PRACK".into())
    );
    assert_eq!(prack.to_tag(), Some(&b"bo"[..]));
    assert_eq!(bench.seen(), ["183"]);
    // A copy, and one that overtook another, are nothing new.
    bench.receive(described(&invite, 183, "bo", &rel(7)));
    bench.receive(response(&invite, 180, "bo", &rel(9)));
    assert_eq!(
        (bench.lines(), bench.seen()),
        (Vec::<String>::new(), Vec::new())
    );
    bench.receive(response(&prack, 200, "", ""));
    assert_eq!(bench.seen(), Vec::<String>::new(), "nobody asked for it");
    bench.receive(response(&invite, 180, "bo", &rel(8)));
    assert_eq!(bench.lines(), ["PRACK"]);
    assert_eq!(bench.seen(), ["180"]);
    bench.receive(response(&invite, 200, "bo", ""));
    let ack = bench.take_sent().remove(0);
    assert_eq!(text(&ack, "CSeq"), "1 ACK");
}

#[test]
fn an_offer_of_the_callee_is_answered_in_the_service_s_prack() {
    let mut bench = Bench::new();
    let (dialog, invite) = bench.call_out("", Acknowledge::ByItself);
    bench.receive(described(
        &invite,
        183,
        "bo",
        "Require: 100rel\r\nRSeq: 1\r\n",
    ));
    assert_eq!(
        bench.lines(),
        Vec::<String>::new(),
        "PRACK carries the answer"
    );
    bench.seen();
    bench.within(dialog, &within("PRACK", ""));
    assert_eq!(bench.seen(), ["local 488"]);
    bench.within(dialog, &within("PRACK", SDP));
    let prack = bench.take_sent().remove(0);
    assert_eq!(text(&prack, "RAck"), "1 1 INVITE");
    bench.receive(response(&prack, 200, "", ""));
    assert_eq!(bench.seen(), ["200"]);
    bench.receive(response(&invite, 200, "bo", ""));
    assert_eq!(bench.lines(), ["ACK"], "by itself: all is agreed on");
}

#[test]
fn a_service_that_passes_pracks_on_gets_the_answer_and_not_a_200_of_ours() {
    let mut bench = Bench::new();
    let (_, tx) = bench.rings(offering("INVITE", "i1", "", 1, SUPPORTED));
    let (callee, invite) = bench.call_out("offer", Acknowledge::ByService);
    bench.receive(described(
        &invite,
        183,
        "bo",
        "Require: 100rel\r\nRSeq: 41\r\n",
    ));
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench.say(tx, &reliably(183, SDP));
    let progress = bench.take_sent().remove(0);
    let asked = bench.prack(&progress, "p1", 2, false).unwrap();
    let passed = Draft {
        link: Some(asked),
        ..within("PRACK", "")
    };
    bench.within(callee, &passed);
    bench.ua.processed(bench.now, asked).unwrap();
    bench.drain();
    let sent = bench.take_sent();
    assert_eq!(sent.iter().map(line).collect::<Vec<_>>(), ["PRACK"]);
    assert_eq!(text(&sent[0], "RAck"), "41 1 INVITE");
    // One that finds nothing to acknowledge is answered in the callee's place.
    bench.seen();
    bench.within(callee, &passed);
    assert_eq!(bench.seen(), ["local 200"]);
    bench.within(callee, &within("PRACK", ""));
    assert_eq!(bench.seen(), ["local 481"]);
}

#[test]
fn updates_collide_as_rfc_3311_has_it() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.called();
    bench.receive(offering("UPDATE", "u1", &tag, 2, ""));
    let Some(Event::InDialog {
        tx: Some(first), ..
    }) = bench.events.pop()
    else {
        panic!("no UPDATE")
    };
    bench.receive(offering("UPDATE", "u2", &tag, 3, ""));
    let refusal = bench.take_sent().remove(0);
    assert_eq!(line(&refusal), "500 UPDATE");
    assert!(has(&refusal, HeaderId::RetryAfter));
    bench.receive(offering("INVITE", "i2", &tag, 4, ""));
    assert_eq!(bench.lines(), ["500 INVITE"]);
    // Ours are refused to the service.
    bench.within(dialog, &within("UPDATE", SDP));
    assert_eq!(bench.seen(), ["local 491"]);
    bench.within(dialog, &within("INVITE", SDP));
    assert_eq!(bench.seen(), ["local 491"]);
    bench.say(first, &with_body(200, SDP));
    bench.lines();
    bench.within(dialog, &within("UPDATE", SDP));
    let ours = bench.take_sent().remove(0);
    bench.receive(offering("UPDATE", "u3", &tag, 5, ""));
    assert_eq!(bench.lines(), ["491 UPDATE"]);
    bench.receive(request("UPDATE", "u4", &tag, 6, ""));
    assert_eq!(
        bench.seen(),
        ["save", "within UPDATE"],
        "one without an offer may come"
    );
    bench.receive(described(&ours, 200, "", ""));
    bench.receive(offering("UPDATE", "u5", &tag, 7, ""));
    assert_eq!(bench.lines(), ["500 UPDATE"], "u4 is not answered");
}

#[test]
fn an_update_in_an_early_dialog_waits_for_the_first_answer() {
    let mut bench = Bench::new();
    let (_, tx) = bench.rings(offering("INVITE", "i1", "", 1, SUPPORTED));
    bench.say(tx, &reliably(180, ""));
    let ringing = bench.take_sent().remove(0);
    let tag = String::from_utf8_lossy(ringing.to_tag().unwrap()).into_owned();
    let prack = bench.prack(&ringing, "p1", 2, false).unwrap();
    bench.reply(prack, 200);
    bench.receive(offering("UPDATE", "u1", &tag, 3, ""));
    assert_eq!(bench.lines(), ["200 PRACK", "500 UPDATE"]);
    bench.say(tx, &reliably(183, SDP));
    let progress = bench.take_sent().remove(0);
    let prack = bench.prack(&progress, "p2", 4, false).unwrap();
    bench.reply(prack, 200);
    bench.lines();
    bench.receive(
        offering("UPDATE", "u2", &tag, 5, "Contact: <sip:x>\r\n").replacen(
            "Contact: <sip:x>\r\n",
            "",
            1,
        ),
    );
    let Some(Event::InDialog {
        tx: Some(update), ..
    }) = bench.events.pop()
    else {
        panic!("no UPDATE")
    };
    bench.say(update, &with_body(200, SDP));
    assert_eq!(bench.lines(), ["200 UPDATE"]);
    bench.reply(tx, 200);
    assert_eq!(bench.lines(), ["200 INVITE"]);
}

#[test]
fn what_no_service_takes_is_answered_by_itself() {
    let mut bench = Bench::new();
    let (_, tag) = bench.called();
    bench.receive(request("UPDATE", "u1", &tag, 2, ""));
    let Some(Event::InDialog { tx: Some(tx), .. }) = bench.events.pop() else {
        panic!("no UPDATE")
    };
    bench.ua.respond_unserved(bench.now, tx).unwrap();
    bench.drain();
    assert_eq!(bench.lines(), ["200 UPDATE"]);
    bench.receive(offering("UPDATE", "u2", &tag, 3, ""));
    let Some(Event::InDialog { tx: Some(tx), .. }) = bench.events.pop() else {
        panic!("no UPDATE")
    };
    bench.ua.respond_unserved(bench.now, tx).unwrap();
    bench.drain();
    assert_eq!(bench.lines(), ["488 UPDATE"]);
}

#[test]
fn each_branch_of_a_fork_counts_its_responses_on_its_own() {
    let mut bench = Bench::new();
    let (_, invite) = bench.call_out("offer", Acknowledge::ByItself);
    for (tag, rseq, want) in [("b1", 7, "7 1 INVITE"), ("b2", 99, "99 1 INVITE")] {
        let rel = format!("Require: 100rel\r\nRSeq: {rseq}\r\n");
        bench.receive(response(&invite, 180, tag, &rel));
        let prack = bench.take_sent().remove(0);
        assert_eq!(text(&prack, "RAck"), want);
        assert_eq!(prack.to_tag(), Some(tag.as_bytes()));
    }
    assert_eq!(bench.seen(), ["180", "180"]);
}
