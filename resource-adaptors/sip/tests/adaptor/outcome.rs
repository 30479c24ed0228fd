//! What the peer is told, by what became of its request in the container.

use super::*;
use strowger::ra::{FailureReason, NewWork, Outcome};
use strowger_sip::{Cancel, Invite, Response};

impl Bench {
    fn done(&mut self, outcome: Outcome) {
        let (activity, event) = (self.host.last_activity, self.host.last_event);
        self.input(Input::EventDone {
            activity,
            event,
            outcome,
        });
    }
}

#[test]
fn an_invite_starts_a_dialog_and_is_fired_on_it() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1));
    assert_eq!(bench.short(), ["start sip-dialog", "fire sip-invite"]);
    let event = bench.host.events[0].downcast_ref::<Invite>().unwrap();
    assert_eq!(event.user(), b"bob");
}

/// Which event a method is, and on what it happens: within a call on the call, else on an activity of its own.
#[test]
fn every_method_has_its_event_and_its_activity() {
    let within = [
        ("INVITE", "sip-re-invite"),
        ("BYE", "sip-bye"),
        ("OPTIONS", "sip-options"),
        ("INFO", "sip-info"),
        ("MESSAGE", "sip-message"),
        ("UPDATE", "sip-update"),
        ("SUBSCRIBE", "sip-subscribe"),
        ("NOTIFY", "sip-notify"),
        ("REFER", "sip-refer"),
        ("PUBLISH", "sip-publish"),
        ("REGISTER", "sip-register"),
        ("FOO", "sip-extension"),
    ];
    for (method, event) in within {
        let mut bench = Bench::new();
        let (_, tag) = bench.up();
        bench.receive(request(method, "x1", &tag, 2));
        assert_eq!(bench.short(), [format!("fire {event}")], "{method}");
    }
    let alone = [
        ("OPTIONS", "sip-options"),
        ("MESSAGE", "sip-message"),
        ("SUBSCRIBE", "sip-subscribe"),
        ("REFER", "sip-refer"),
        ("PUBLISH", "sip-publish"),
        ("REGISTER", "sip-register"),
        ("FOO", "sip-extension"),
    ];
    for (method, event) in alone {
        let mut bench = Bench::new();
        bench.receive(request(method, "x1", "", 2));
        let want = [
            "start sip-server-transaction".to_owned(),
            format!("fire {event}"),
        ];
        assert_eq!(bench.short(), want, "{method}");
        bench.done(Outcome::NoReceiver);
        assert_eq!(
            bench.short().last().unwrap(),
            "end",
            "{method} is answered and over"
        );
    }
    for method in ["BYE", "INFO", "UPDATE", "PRACK", "NOTIFY"] {
        let mut bench = Bench::new();
        bench.receive(request(method, "x1", "", 2));
        assert_eq!(
            bench.short(),
            ["481", "count sip.refused"],
            "{method} means nothing without a dialog"
        );
    }
}

#[test]
fn an_invite_that_no_service_takes_gets_480() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1));
    bench.did();
    bench.done(Outcome::NoReceiver);
    assert_eq!(bench.short(), ["480", "end"]);
}

#[test]
fn an_invite_whose_service_fails_gets_500() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1));
    bench.did();
    bench.done(Outcome::RolledBack);
    assert_eq!(bench.short(), ["500", "end"]);
}

#[test]
fn an_invite_that_cannot_be_queued_gets_503() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1));
    bench.did();
    bench.done(Outcome::Failed(FailureReason::QueueFull));
    assert_eq!(bench.short(), ["503", "end"]);
}

#[test]
fn an_invite_that_a_service_took_is_the_services() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1));
    bench.did();
    bench.done(Outcome::Processed);
    assert_eq!(bench.short(), Vec::<String>::new());
    bench.pass(1_000);
    assert_eq!(bench.short(), ["100"]);
}

#[test]
fn a_bye_is_answered_by_itself() {
    for outcome in [Outcome::Processed, Outcome::NoReceiver, Outcome::RolledBack] {
        let mut bench = Bench::new();
        let (_, tag) = bench.up();
        bench.receive(request("BYE", "b1", &tag, 2));
        assert_eq!(bench.short(), ["fire sip-bye"]);
        bench.done(outcome);
        assert_eq!(bench.short(), ["200", "end"]);
    }
}

#[test]
fn a_cancel_that_is_not_accepted_gets_481() {
    for outcome in [Outcome::Processed, Outcome::NoReceiver] {
        let mut bench = Bench::new();
        bench.receive(request("INVITE", "i1", "", 1));
        bench.receive(request("CANCEL", "i1", "", 1));
        assert_eq!(bench.short()[2..], ["fire sip-cancel"]);
        bench.done(outcome);
        assert_eq!(bench.short(), ["481"]);
    }
}

#[test]
fn r_rp_01_without_an_activity_or_room_for_its_event_the_peer_is_told_so() {
    let mut bench = Bench::new();
    bench.host.refuse_activities = true;
    bench.receive(request("INVITE", "i1", "", 1));
    bench.receive(request("OPTIONS", "o1", "", 7));
    assert_eq!(bench.short(), ["503", "503"]);
    let mut bench = Bench::new();
    bench.host.refuse_events = true;
    bench.receive(request("INVITE", "i1", "", 1));
    assert_eq!(
        bench.short(),
        ["start sip-dialog", "count sip.events_refused", "503", "end"]
    );
}

#[test]
fn r_rp_02_what_nobody_refers_to_is_brought_to_its_end() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1));
    bench.did();
    bench.input(Input::Unreferenced(bench.host.last_activity));
    assert_eq!(bench.short(), ["480", "end"]);
    let mut bench = Bench::new();
    let (activity, _) = bench.up();
    bench.input(Input::Unreferenced(activity));
    assert_eq!(bench.short(), ["BYE"]);
    let mut bench = Bench::new();
    bench.receive(request("OPTIONS", "o1", "", 7));
    bench.did();
    bench.input(Input::Unreferenced(bench.host.last_activity));
    assert_eq!(bench.short(), ["200", "end"]);
}

#[test]
fn r_rp_05_what_the_operator_removes_is_dropped() {
    let mut bench = Bench::new();
    let (activity, tag) = bench.up();
    bench.input(Input::AdministrativeRemove(activity));
    assert_eq!(bench.short(), ["end"]);
    bench.receive(request("BYE", "b1", &tag, 2));
    assert_eq!(bench.short(), ["481", "count sip.refused"]);
}

#[test]
fn r_rp_07_what_no_service_receives_is_answered_and_not_fired() {
    let mut bench = Bench::new();
    bench.host.receivers.clear();
    bench.input(Input::ReceiversChanged);
    bench.receive(request("INVITE", "i1", "", 1));
    bench.receive(request("OPTIONS", "o1", "", 7));
    bench.receive(request("MESSAGE", "m1", "", 8));
    bench.receive(request("FOO", "f1", "", 9));
    let did = bench.short();
    assert!(!did.iter().any(|did| did.starts_with("fire")), "{did:?}");
    let answers: Vec<_> = did
        .iter()
        .filter(|did| did.len() == 3 && *did != "end")
        .collect();
    assert_eq!(answers, ["480", "200", "405", "501"]);
}

#[test]
fn an_ack_is_fired_only_where_it_is_received() {
    let mut bench = Bench::new();
    bench.host.receivers.remove(&kind::<strowger_sip::Ack>());
    bench.up();
    assert!(
        !bench
            .host
            .events
            .iter()
            .any(|event| event.event_type().name == "sip-ack")
    );
}

#[test]
fn r_ro_01_a_stopping_entity_starts_nothing_new_and_lets_calls_finish() {
    let mut bench = Bench::new();
    let (_, tag) = bench.up();
    bench.input(Input::Stopping);
    bench.receive(request("INVITE", "i2", "", 1).replace("call-1", "call-2"));
    assert_eq!(bench.short(), ["503", "count sip.refused"]);
    bench.receive(request("BYE", "b1", &tag, 2));
    assert_eq!(bench.short(), ["fire sip-bye"]);
    bench.input(Input::Active);
    bench.receive(request("INVITE", "i3", "", 1).replace("call-1", "call-3"));
    assert_eq!(bench.short(), ["start sip-dialog", "fire sip-invite"]);
}

#[test]
fn while_the_node_is_short_of_something_new_calls_are_refused() {
    let mut bench = Bench::new();
    bench.input(Input::NewWork(NewWork::Refused));
    bench.receive(request("INVITE", "i1", "", 1));
    assert_eq!(bench.short(), ["503", "count sip.refused"]);
    assert!(bench.host.last_sent.contains("Retry-After: "));
    // Where there is no time for that, whoever calls sends it again.
    bench.input(Input::NewWork(NewWork::Unanswered));
    bench.receive(request("INVITE", "i1", "", 1).replace("call-1", "call-2"));
    assert_eq!(bench.short(), ["count sip.unanswered"]);
    bench.input(Input::NewWork(NewWork::Taken));
    bench.receive(request("INVITE", "i2", "", 1));
    assert_eq!(bench.short(), ["start sip-dialog", "fire sip-invite"]);
}

#[test]
fn r_ro_03_verifying_settings_changes_nothing_and_finds_what_cannot_work() {
    let good = Settings::default();
    let bad = Settings {
        unserved: 42,
        ..Settings::default()
    };
    for _ in 0..2 {
        assert_eq!(SipProtocol::verify(&good), Ok(()));
        assert_eq!(SipProtocol::verify(&bad).unwrap_err().key, "unserved");
    }
}

#[test]
fn a_call_of_a_services_reports_its_answers() {
    let mut bench = Bench::new();
    let activity = bench.host.provide();
    bench.command(Command::Invite {
        dialog: activity,
        draft: draft("sip:bob@192.0.2.9:5070"),
    });
    assert_eq!(bench.short(), ["INVITE"]);
    let sent = bench.host.last_sent.clone();
    let field = |name: &str| {
        sent.lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    let answer = |status: u16| {
        let to = field("To:");
        let (via, from, call, cseq) = (
            field("Via:"),
            field("From:"),
            field("Call-ID:"),
            field("CSeq:"),
        );
        format!(
            "SIP/2.0 {status} X\r\n{via}\r\n{from}\r\n{to};tag=bo\r\n{call}\r\n{cseq}\r\nContact: <sip:b@{PEER}>\r\nContent-Length: 0\r\n\r\n"
        )
    };
    bench.receive(answer(180));
    bench.receive(answer(200));
    assert_eq!(
        bench.short(),
        ["fire sip-response", "ACK", "fire sip-response"]
    );
    let last = bench
        .host
        .events
        .last()
        .unwrap()
        .downcast_ref::<Response>()
        .unwrap();
    assert_eq!(
        (last.status(), last.is_to_invite(), last.is_local()),
        (200, true, false)
    );
    bench.command(Command::HangUp {
        dialog: activity,
        lines: Bytes::new(),
    });
    assert_eq!(bench.short(), ["BYE"]);
}

#[test]
fn a_call_to_nowhere_fails_on_its_activity() {
    let mut bench = Bench::new();
    let activity = bench.host.provide();
    bench.command(Command::Invite {
        dialog: activity,
        draft: draft("sip:bob@nowhere.invalid"),
    });
    assert_eq!(bench.short(), ["fire sip-response", "end"]);
    let last = bench
        .host
        .events
        .last()
        .unwrap()
        .downcast_ref::<Response>()
        .unwrap();
    assert_eq!((last.status(), last.is_local()), (503, true));
}

#[test]
fn a_request_that_cannot_be_written_fails_on_its_activity() {
    let mut bench = Bench::new();
    let activity = bench.host.provide();
    let draft = strowger_sip::proto::ua::Draft {
        body: vec![b'x'; 100_000].into(),
        ..draft("sip:bob@192.0.2.9")
    };
    bench.command(Command::Request { activity, draft });
    assert_eq!(bench.short(), ["fire sip-response", "end"]);
}

#[test]
fn a_command_that_comes_too_late_does_nothing() {
    let mut bench = Bench::new();
    let gone = ActivityId::from_raw(12_345);
    bench.command(Command::HangUp {
        dialog: gone,
        lines: Bytes::new(),
    });
    bench.command(Command::Cancel { dialog: gone });
    bench.command(Command::Answer {
        dialog: gone,
        reply: status(200),
    });
    assert_eq!(bench.short(), ["count sip.commands_too_late"; 3]);
}

#[test]
fn a_request_passed_to_a_leg_that_is_gone_is_answered() {
    let mut bench = Bench::new();
    let (_, tag) = bench.up();
    bench.receive(request("INFO", "n1", &tag, 2));
    bench.did();
    let event = bench
        .host
        .events
        .last()
        .unwrap()
        .downcast_ref::<strowger_sip::Info>()
        .unwrap();
    let raw = event.id();
    let link = link_of(raw);
    let draft = strowger_sip::proto::ua::Draft {
        method: Bytes::from_static(b"INFO"),
        link: Some(link),
        max_forwards: 70,
        ..Default::default()
    };
    bench.command(Command::Within {
        dialog: ActivityId::from_raw(12_345),
        draft,
    });
    assert_eq!(bench.short(), ["count sip.commands_too_late", "481"]);
}

/// A request's name holds the key of its transaction and nothing else.
fn link_of(id: strowger_sip::RequestId) -> strowger_sip::proto::slab::Key {
    let digits: String = format!("{id:?}")
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    strowger_sip::proto::slab::Key::from_u64(digits.parse().unwrap())
}

#[test]
fn r_ac_07_an_activity_without_a_dialog_is_ended_when_asked_for() {
    let mut bench = Bench::new();
    let (activity, _) = bench.up();
    bench.input(Input::QueryLiveness(activity));
    assert_eq!(bench.short(), Vec::<String>::new());
    let lost = bench.host.provide();
    bench.input(Input::QueryLiveness(lost));
    assert_eq!(bench.short(), ["end"]);
}

#[test]
fn an_accepted_cancel_ends_the_call() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1));
    bench.receive(request("CANCEL", "i1", "", 1));
    let event = bench
        .host
        .events
        .last()
        .unwrap()
        .downcast_ref::<Cancel>()
        .unwrap();
    let reply = Command::Respond {
        tx: link_of(event.id()),
        reply: status(481),
        lost: None,
    };
    bench.did();
    bench.command(reply);
    assert_eq!(bench.short(), ["481"]);
}

#[test]
fn a_thousand_calls_leave_nothing_behind() {
    let mut bench = Bench::new();
    for n in 0..1_000 {
        let own = |text: String| {
            text.replace("call-1", &format!("call-{n}"))
                .replace("z9hG4bK", &format!("z9hG4bK{n}-"))
        };
        bench.receive(own(request("INVITE", "i1", "", 1)));
        let activity = bench.host.last_activity;
        bench.done(Outcome::Processed);
        bench.command(Command::Answer {
            dialog: activity,
            reply: status(200),
        });
        let tag = bench.host.last_sent.split("To: ").nth(1).unwrap();
        let tag = tag
            .split(";tag=")
            .nth(1)
            .unwrap()
            .split("\r\n")
            .next()
            .unwrap()
            .to_owned();
        bench.receive(own(request("ACK", "a1", &tag, 1)));
        bench.receive(own(request("BYE", "b1", &tag, 2)));
        bench.done(Outcome::Processed);
        bench.did();
    }
    assert!(bench.host.cookies.is_empty());
    bench.pass(40_000);
    assert_eq!(bench.protocol.deadline(), None, "no timer is left");
}

#[test]
fn a_prack_is_an_event_of_the_call_and_answered_by_itself() {
    let mut bench = Bench::new();
    let invite = request("INVITE", "i1", "", 1);
    bench.receive(invite.replacen("Contact", "Require: 100rel\r\nContact", 1));
    let dialog = bench.host.last_activity;
    bench.command(Command::Answer {
        dialog,
        reply: status(180),
    });
    let ringing = bench.host.last_sent.clone();
    let part = |before: &str| {
        let rest = ringing.split(before).nth(1).unwrap();
        rest.split("\r\n").next().unwrap().to_owned()
    };
    let prack = request("PRACK", "p1", &part("b.example>;tag="), 2);
    let rack = format!("RAck: {} 1 INVITE\r\nContact", part("RSeq: "));
    bench.did();
    bench.receive(prack.replacen("Contact", &rack, 1));
    assert_eq!(bench.short(), ["fire sip-prack"]);
    bench.done(Outcome::Processed);
    assert_eq!(bench.short(), ["200"]);
}
