//! Who is refused, sent on and handed over.

use super::*;

#[test]
fn a_blocked_caller_is_refused_whatever_else_the_subscriber_wants() {
    let mut slee = slee(Subscriber {
        blocked: vec!["sip:mallory@m.example".into(), "sip:spam.example".into()],
        forward_to: text(ELSEWHERE),
        voice_mail: true,
        mailbox: text(MAILBOX),
        ..bob()
    });
    phone(&slee, DESK);
    for place in [DESK, ELSEWHERE, MAILBOX] {
        slee.sip().open(place);
    }
    slee.sip().invite(MALLORY, "bob").expect(603);
    slee.sip().invite("sip:x@spam.example", "bob").expect(603);
    assert!(
        !slee.ladder().to_string().contains("node -> 10.7.7"),
        "{}",
        slee.ladder()
    );
    let alice = slee.sip().invite(ALICE, "bob");
    talk(&alice, &slee.sip().expect_invite(ELSEWHERE));
    assert_all_gone(&mut slee);
}

#[test]
fn who_hides_is_refused_where_the_subscriber_wants_that() {
    const HIDDEN: &str = "sip:anonymous@anonymous.invalid";
    let open = slee(bob());
    phone(&open, DESK);
    let hidden = open.sip().invite(HIDDEN, "bob");
    talk(&hidden, &open.sip().expect_invite(DESK));
    let mut closed = slee(Subscriber {
        block_anonymous: true,
        ..bob()
    });
    phone(&closed, DESK);
    closed.sip().invite(HIDDEN, "bob").expect(433);
    for privacy in ["Privacy: id", "Privacy: header; user"] {
        closed
            .sip()
            .request("INVITE", ALICE, "bob", &[privacy], b"")
            .expect(433);
    }
    let alice = closed.sip().invite(ALICE, "bob");
    talk(&alice, &closed.sip().expect_invite(DESK));
    assert_all_gone(&mut closed);
}

#[test]
fn an_asserted_caller_counts_where_the_peer_is_trusted() {
    let blocks = Subscriber {
        blocked: vec!["sip:mallory@m.example".into()],
        ..bob()
    };
    let asserts = ["P-Asserted-Identity: <sip:mallory@m.example>"];
    let strange = slee(blocks.clone());
    phone(&strange, DESK);
    let _mallory = strange.sip().request("INVITE", ALICE, "bob", &asserts, b"");
    let desk = strange.sip().expect_invite(DESK);
    assert_eq!(desk.header("P-Asserted-Identity"), None);
    desk.respond(486);
    let trusting = strowger_call_controller::Settings {
        trusted: vec!["0.0.0.0/0".to_owned()].try_into().expect("networks"),
        ..strowger_call_controller::Settings::default()
    };
    let slee = exchange()
        .table("subscribers", [("bob", blocks)])
        .service_with(blocking(), trusting);
    slee.sip()
        .request("INVITE", ALICE, "bob", &asserts, b"")
        .expect(603);
}

#[test]
fn all_calls_go_where_the_subscriber_says() {
    let mut slee = slee(Subscriber {
        forward_to: text(ELSEWHERE),
        voice_mail: true,
        mailbox: text(MAILBOX),
        ..bob()
    });
    phone(&slee, DESK);
    let alice = slee.sip().invite(ALICE, "bob");
    let elsewhere = slee.sip().expect_invite(ELSEWHERE).ring();
    assert!(
        elsewhere
            .header("History-Info")
            .is_some_and(|line| line.contains("bob@127.0.0.1")),
        "{}",
        slee.ladder()
    );
    alice.expect(180);
    talk(&alice, &elsewhere);
    // Who is there decides; what he refuses is refused.
    let alice = slee.sip().invite(ALICE, "bob");
    slee.sip().expect_invite(ELSEWHERE).respond(486);
    alice.expect(486);
    assert_all_gone(&mut slee);
}

#[test]
fn the_mailbox_takes_what_nobody_else_took() {
    let mut slee = slee(Subscriber {
        voice_mail: true,
        mailbox: text(MAILBOX),
        ..bob()
    });
    let alice = slee.sip().invite(ALICE, "bob");
    let mailbox = slee.sip().expect_invite(MAILBOX);
    assert_eq!(
        uri(&mailbox),
        format!("{MAILBOX};target=sip:bob%40127.0.0.1;cause=404")
    );
    talk(&alice, &mailbox);
    phone(&slee, DESK);
    for (status, cause) in [(486, 486), (480, 480), (408, 408), (503, 503)] {
        let alice = slee.sip().invite(ALICE, "bob");
        slee.sip().expect_invite(DESK).respond(status);
        let mailbox = slee.sip().expect_invite(MAILBOX);
        let because = format!(";cause={cause}");
        assert!(
            uri(&mailbox).ends_with(&because),
            "{status}: {}",
            uri(&mailbox)
        );
        talk(&alice, &mailbox);
    }
    // What is no matter of who is there stays what it is, and 6xx is for all who might be asked.
    for status in [415, 600, 603] {
        let alice = slee.sip().invite(ALICE, "bob");
        slee.sip().expect_invite(DESK).respond(status);
        alice.expect(status);
    }
    assert_all_gone(&mut slee);
}

#[test]
fn the_mailbox_is_told_of_the_phone_that_might_have_taken_the_call() {
    let mut slee = slee(Subscriber {
        voice_mail: true,
        mailbox: text(MAILBOX),
        ..bob()
    });
    phone(&slee, DESK);
    phone(&slee, CELL);
    // 486 goes before what is not reached.
    for (first, second, cause) in [(404, 503, 503), (488, 486, 486), (480, 486, 486)] {
        let alice = slee.sip().invite(ALICE, "bob");
        let desk = slee.sip().expect_invite(DESK);
        let cell = slee.sip().expect_invite(CELL);
        desk.respond(first);
        cell.respond(second);
        let mailbox = slee.sip().expect_invite(MAILBOX);
        let because = format!(";cause={cause}");
        assert!(uri(&mailbox).ends_with(&because), "{}", uri(&mailbox));
        talk(&alice, &mailbox);
    }
    assert_all_gone(&mut slee);
}

#[test]
fn a_mailbox_that_does_not_answer_is_not_what_the_caller_is_told_of() {
    let mut slee = slee(Subscriber {
        voice_mail: true,
        mailbox: text(MAILBOX),
        ..bob()
    });
    let alice = slee.sip().invite(ALICE, "bob");
    slee.sip().expect_invite(MAILBOX).respond(404);
    alice.expect(480);
    phone(&slee, DESK);
    let alice = slee.sip().invite(ALICE, "bob");
    slee.sip().expect_invite(DESK).respond(486);
    slee.sip().expect_invite(MAILBOX).respond(503);
    alice.expect(486);
    assert_all_gone(&mut slee);
}

#[test]
fn without_voice_mail_nobody_is_there() {
    let mut slee = slee(Subscriber {
        mailbox: text(MAILBOX),
        ..bob()
    });
    slee.sip().invite(ALICE, "bob").expect(480);
    slee.sip().invite(ALICE, "carol").expect(480);
    phone(&slee, DESK);
    let alice = slee.sip().invite(ALICE, "bob");
    slee.sip().expect_invite(DESK).respond(486);
    alice.expect(486);
    assert_all_gone(&mut slee);
}
