//! Records: when they are written, and what an adaptor makes of them in its next process.

use super::*;

impl Bench {
    fn durable() -> Self {
        let mut bench = Self::new();
        bench.host.durable = true;
        bench
    }

    /// Another process with the records of this one.
    fn restart(&self) -> Self {
        let mut next = Self::inactive();
        next.host.receivers = self.host.receivers.clone();
        next.host.durable = true;
        for ((activity, sub), value) in &self.host.records {
            next.host.cookies.entry(*activity).or_default();
            let kind = kind::<strowger_sip::Invite>();
            next.input(Input::Restore {
                activity: *activity,
                kind,
                sub,
                value,
            });
        }
        next.input(Input::Restored);
        next.input(Input::Active);
        next
    }
}

#[test]
fn a_call_is_written_down_before_its_200_leaves() {
    let mut bench = Bench::durable();
    bench.receive(request("INVITE", "i1", "", 1));
    let activity = bench.host.last_activity;
    bench.input(Input::Snapshot(activity));
    assert_eq!(
        bench.short(),
        ["start sip-dialog", "fire sip-invite"],
        "not before it is up"
    );
    bench.command(Command::Answer {
        dialog: activity,
        reply: status(200),
    });
    assert_eq!(bench.short(), ["persist []", "persist [1]", "200"]);
    let record = &bench.host.records[&(activity, Vec::new())];
    assert!(record.len() <= 600, "{} bytes", record.len());
}

#[test]
fn in_a_class_that_keeps_nothing_nothing_is_written() {
    let mut bench = Bench::new();
    bench.up();
    assert!(bench.host.records.is_empty());
}

#[test]
fn a_call_that_becomes_durable_later_is_written_then() {
    let mut bench = Bench::new();
    let (activity, _) = bench.up();
    bench.host.durable = true;
    bench.input(Input::Snapshot(activity));
    assert_eq!(bench.short(), ["persist []"]);
}

#[test]
fn a_bye_that_was_taken_ends_the_call_in_the_next_process_too() {
    let mut bench = Bench::durable();
    let (_, tag) = bench.up();
    bench.receive(request("BYE", "b1", &tag, 2));
    assert_eq!(bench.short(), ["persist [2]", "fire sip-bye"]);
    let mut next = bench.restart();
    next.did();
    next.pass(32_000);
    assert_eq!(next.short(), ["end"]);
}

#[test]
fn a_restored_call_answers_and_sends_bye() {
    let mut bench = Bench::durable();
    let (_, tag) = bench.up();
    let mut next = bench.restart();
    next.did();
    next.receive(request("BYE", "b1", &tag, 2));
    assert_eq!(next.short(), ["persist [2]", "fire sip-bye"]);
    let mut next = bench.restart();
    let (activity, _) = bench.host.records.keys().next().unwrap().clone();
    next.did();
    next.command(Command::HangUp {
        dialog: activity,
        lines: Bytes::new(),
    });
    assert!(next.short().starts_with(&["persist []".to_owned()]));
}

#[test]
fn a_200_without_ack_is_sent_again_after_a_restart() {
    let mut bench = Bench::durable();
    bench.receive(request("INVITE", "i1", "", 1));
    bench.command(Command::Answer {
        dialog: bench.host.last_activity,
        reply: status(200),
    });
    let ok = bench.host.last_sent.clone();
    let mut next = bench.restart();
    next.did();
    next.pass(0);
    assert_eq!(next.short(), ["200"]);
    assert_eq!(next.host.last_sent, ok);
    next.pass(32_000);
    let mut did = next.short();
    // The ACK may have come before: the caller is asked whether it knows the call.
    assert_eq!(did.pop().unwrap(), "OPTIONS");
    assert_eq!(did.pop().unwrap(), "forget [1]");
    assert_eq!(did.pop().unwrap(), "persist []");
    assert!(did.iter().all(|did| did == "200"), "{did:?}");
    // Longer ago than 64*T1: the caller has given up waiting, one way or the other.
    let mut late = Bench::inactive();
    late.host.mono += 60_000_000_000;
    late.host.durable = true;
    for ((activity, sub), value) in &bench.host.records {
        late.host.cookies.entry(*activity).or_default();
        let kind = kind::<strowger_sip::Invite>();
        late.input(Input::Restore {
            activity: *activity,
            kind,
            sub,
            value,
        });
    }
    late.pass(100_000);
    assert_eq!(late.short(), Vec::<String>::new());
}

#[test]
fn a_bye_without_answer_is_sent_again_after_a_restart() {
    let mut bench = Bench::durable();
    let (activity, _) = bench.up();
    bench.command(Command::HangUp {
        dialog: activity,
        lines: Bytes::new(),
    });
    assert_eq!(bench.short(), ["persist []", "forget [1]", "BYE"]);
    let mut next = bench.restart();
    assert_eq!(next.short(), ["persist []", "BYE"]);
    assert!(next.host.last_sent.contains("CSeq: 2 BYE"));
}

#[test]
fn an_activity_without_record_is_ended_after_a_restart() {
    let mut bench = Bench::durable();
    let bare = bench.host.provide();
    bench.input(Input::RestoreBare {
        activity: bare,
        kind: kind::<strowger_sip::Invite>(),
    });
    assert_eq!(bench.short(), ["end"]);
}

#[test]
fn a_record_that_cannot_be_read_ends_its_activity() {
    let mut bench = Bench::durable();
    let activity = bench.host.provide();
    let kind = kind::<strowger_sip::Invite>();
    bench.input(Input::Restore {
        activity,
        kind,
        sub: b"",
        value: b"\xff\xff",
    });
    assert_eq!(bench.short(), ["count sip.records_unreadable", "end"]);
}

#[test]
fn a_session_is_written_down_and_its_end_is_told_in_the_next_process() {
    let mut bench = Bench::durable();
    let invite = request("INVITE", "i1", "", 1);
    bench.receive(invite.replacen("Contact", "Require: timer\r\nContact", 1));
    let dialog = bench.host.last_activity;
    bench.command(Command::Answer {
        dialog,
        reply: status(200),
    });
    let ok = bench.host.last_sent.clone();
    assert!(ok.contains("Session-Expires: 1800;refresher=uac"), "{ok}");
    let tag = ok.split("b.example>;tag=").nth(1).unwrap();
    let tag = tag.split("\r\n").next().unwrap();
    bench.receive(request("ACK", "a1", tag, 1));
    let did = bench.short();
    assert!(did.contains(&"persist [4]".to_owned()), "{did:?}");
    let mut next = bench.restart();
    next.receive(request("ACK", "a2", tag, 1));
    next.pass(1_767_999);
    next.did();
    next.pass(1);
    let did = next.short();
    assert_eq!(
        did,
        [
            "fire sip-session-expired",
            "persist []",
            "forget [1]",
            "BYE",
            "count sip.sessions_expired"
        ]
    );
}

#[test]
fn a_call_that_rings_is_written_down_where_its_service_asks_for_it() {
    let mut bench = Bench::durable();
    bench.receive(request("INVITE", "i1", "", 1));
    let dialog = bench.host.last_activity;
    let ringing = strowger_sip::proto::ua::Reply {
        durable: true,
        ..status(180)
    };
    bench.did();
    bench.command(Command::Answer {
        dialog,
        reply: ringing,
    });
    assert_eq!(bench.short(), ["persist []", "persist [5]", "180"]);
    let mut next = bench.restart();
    assert_eq!(next.short(), Vec::<String>::new());
    next.command(Command::Answer {
        dialog,
        reply: status(200),
    });
    assert_eq!(
        next.short(),
        ["persist []", "persist [1]", "forget [5]", "200"]
    );
    // A call of ours, written before it leaves.
    let mut bench = Bench::durable();
    let dialog = bench.host.provide();
    let draft = strowger_sip::proto::ua::Draft {
        durable: true,
        ..draft("sip:bob@192.0.2.9:5070")
    };
    bench.command(Command::Invite { dialog, draft });
    assert_eq!(bench.short(), ["persist []", "persist [5]", "INVITE"]);
    let mut next = bench.restart();
    assert_eq!(next.short(), ["INVITE"], "it may not have left");
    next.command(Command::Cancel { dialog });
    assert_eq!(next.short(), ["persist []", "persist [5]"]);
}
