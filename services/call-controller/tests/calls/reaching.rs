//! Phones that ring, a table that changes, a process that dies.

use super::*;

fn untaken() -> Subscriber {
    Subscriber {
        forward_untaken: text(ELSEWHERE),
        voice_mail: true,
        mailbox: text(MAILBOX),
        ..bob()
    }
}

#[test]
fn all_phones_ring_and_one_takes_the_call() {
    let mut slee = slee(untaken());
    phone(&slee, DESK);
    phone(&slee, CELL);
    let alice = slee.sip().invite(ALICE, "bob");
    let desk = slee.sip().expect_invite(DESK).ring();
    let cell = slee.sip().expect_invite(CELL).ring();
    cell.answer();
    alice.expect(180).expect(180).expect(200);
    desk.expect_cancel();
    desk.respond(487);
    cell.expect_ack();
    let _ = cell.bye();
    alice.expect_bye();
    cell.expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn what_the_phones_do_not_take_is_sent_on_before_the_mailbox_gets_it() {
    let mut slee = slee(untaken());
    let unregistered = slee.sip().invite(ALICE, "bob");
    talk(&unregistered, &slee.sip().expect_invite(ELSEWHERE));
    phone(&slee, DESK);
    let busy = slee.sip().invite(ALICE, "bob");
    slee.sip().expect_invite(DESK).respond(486);
    talk(&busy, &slee.sip().expect_invite(ELSEWHERE));
    let unanswered = slee.sip().invite(ALICE, "bob");
    let desk = slee.sip().expect_invite(DESK).ring();
    unanswered.expect(180);
    slee.advance(secs(20));
    desk.expect_cancel();
    desk.respond(487);
    talk(&unanswered, &slee.sip().expect_invite(ELSEWHERE));
    let refused = slee.sip().invite(ALICE, "bob");
    slee.sip().expect_invite(DESK).respond(486);
    slee.sip().expect_invite(ELSEWHERE).respond(486);
    refused.expect(486);
    assert_all_gone(&mut slee);
}

#[test]
fn who_the_call_is_sent_on_to_may_ring_for_longer_than_the_phones() {
    let to_the_mailbox = Subscriber {
        forward_untaken: None,
        ..untaken()
    };
    for (subscriber, place) in [(untaken(), ELSEWHERE), (to_the_mailbox, MAILBOX)] {
        let mut slee = slee(subscriber);
        phone(&slee, DESK);
        let alice = slee.sip().invite(ALICE, "bob");
        let desk = slee.sip().expect_invite(DESK).ring();
        alice.expect(180);
        slee.advance(secs(20));
        desk.expect_cancel();
        desk.respond(487);
        let next = slee.sip().expect_invite(place).ring();
        alice.expect(180);
        slee.advance(secs(30));
        talk(&alice, &next);
        let ladder = slee.ladder().to_string();
        assert_eq!(ladder.matches("  CANCEL").count(), 1, "{ladder}");
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_phone_that_cannot_take_calls_does_not_decide_for_one_that_might_have() {
    let mut slee = slee(untaken());
    phone(&slee, DESK);
    phone(&slee, CELL);
    let call = || {
        let alice = slee.sip().invite(ALICE, "bob");
        let desk = slee.sip().expect_invite(DESK);
        (alice, desk, slee.sip().expect_invite(CELL))
    };
    for status in [403, 404, 415, 488] {
        let (alice, desk, cell) = call();
        desk.respond(status);
        cell.respond(486);
        talk(&alice, &slee.sip().expect_invite(ELSEWHERE));
    }
    // Both of them, or one for everybody.
    for (first, second, told) in [(404, 488, 404), (486, 603, 603)] {
        let (alice, desk, cell) = call();
        desk.respond(first);
        cell.respond(second);
        alice.expect(told);
    }
    let (alice, desk, cell) = call();
    desk.respond(488);
    cell.ring();
    alice.expect(180);
    slee.advance(secs(20));
    cell.expect_cancel();
    cell.respond(487);
    talk(&alice, &slee.sip().expect_invite(ELSEWHERE));
    assert_all_gone(&mut slee);
}

#[test]
fn the_caller_gives_up() {
    let mut slee = slee(untaken());
    phone(&slee, DESK);
    let alice = slee.sip().invite(ALICE, "bob");
    let desk = slee.sip().expect_invite(DESK).ring();
    alice.expect(180).cancel();
    desk.expect_cancel();
    desk.respond(487);
    alice.expect(487);
    assert_all_gone(&mut slee);
}

#[test]
fn a_change_of_the_table_counts_from_the_next_call_on() {
    let mut slee = slee(bob());
    phone(&slee, DESK);
    let alice = slee.sip().invite(ALICE, "bob");
    let desk = slee.sip().expect_invite(DESK).ring();
    alice.expect(180);
    slee.put_profile("subscribers", "bob", untaken());
    // This one was there before.
    desk.respond(486);
    alice.expect(486);
    let alice = slee.sip().invite(ALICE, "bob");
    slee.sip().expect_invite(DESK).respond(486);
    talk(&alice, &slee.sip().expect_invite(ELSEWHERE));
    let blocks = Subscriber {
        blocked: vec!["sip:alice@a.example".into()],
        ..bob()
    };
    slee.put_profile("subscribers", "bob", blocks);
    slee.sip().invite(ALICE, "bob").expect(603);
    slee.crash_and_restart();
    slee.sip().invite(ALICE, "bob").expect(603);
    slee.remove_profile("subscribers", "bob");
    slee.sip().invite(ALICE, "bob").expect(480);
    assert_all_gone(&mut slee);
}

#[test]
fn calls_of_all_kinds_outlive_the_process() {
    let mut slee = slee(Subscriber {
        voice_mail: true,
        mailbox: text(MAILBOX),
        ..bob()
    });
    let alice = slee.sip().invite(ALICE, "bob");
    let mailbox = slee.sip().expect_invite(MAILBOX).answer();
    alice.expect(200);
    mailbox.expect_ack();
    slee.crash_and_restart();
    let _ = mailbox.bye();
    alice.expect_bye();
    mailbox.expect(200);
    // Registrations and profiles are there, too.
    phone(&slee, DESK);
    slee.crash_and_restart();
    let alice = slee.sip().invite(ALICE, "bob");
    let desk = slee.sip().expect_invite(DESK).ring();
    alice.expect(180);
    slee.crash_and_restart();
    desk.answer();
    alice.expect(200);
    desk.expect_ack();
    slee.crash_and_restart();
    let _ = alice.bye();
    desk.expect_bye();
    alice.expect(200);
    assert_all_gone(&mut slee);
}

/// RFC 3261 16.6: the decision is the process's; what comes of the branch that rings is not lost.
#[test]
fn a_refusal_after_a_crash_goes_back_and_not_to_the_mailbox() {
    let mut slee = slee(untaken());
    phone(&slee, DESK);
    let alice = slee.sip().invite(ALICE, "bob");
    let desk = slee.sip().expect_invite(DESK).ring();
    alice.expect(180);
    slee.crash_and_restart();
    desk.respond(486);
    desk.expect_ack();
    alice.expect(486);
    assert_all_gone(&mut slee);
}

#[test]
fn two_who_forward_to_each_other_end_in_a_refusal() {
    let mut slee = exchange()
        .table(
            "subscribers",
            [
                (
                    "bob",
                    Subscriber {
                        forward_to: text("sip:carol@127.0.0.1:5060"),
                        ..bob()
                    },
                ),
                (
                    "carol",
                    Subscriber {
                        address: "sip:carol@127.0.0.1".to_owned(),
                        forward_to: text("sip:bob@127.0.0.1:5060"),
                        ..Subscriber::default()
                    },
                ),
            ],
        )
        .service(forwarding());
    slee.sip().invite(ALICE, "bob").expect(482);
    assert_all_gone(&mut slee);
}
