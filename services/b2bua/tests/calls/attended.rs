//! Attended transfer: REFER with Replaces, and INVITE with Replaces (RFC 3891, RFC 5589 7).

use super::*;
use strowger_sip::proto::wire::Message;

/// The Replaces value by which a peer names the dialog of a message that it sent or got.
fn name_of(message: &Message, peer_is_from: bool) -> String {
    let call_id = String::from_utf8_lossy(message.call_id().unwrap_or_default()).into_owned();
    let tag = |tag: Option<&[u8]>| String::from_utf8_lossy(tag.unwrap_or_default()).into_owned();
    let (from, to) = (tag(message.from_tag()), tag(message.to_tag()));
    let (ours, theirs) = if peer_is_from { (to, from) } else { (from, to) };
    format!("{call_id};to-tag={ours};from-tag={theirs}")
}

fn escaped(replaces: &str) -> String {
    replaces
        .replace('@', "%40")
        .replace(';', "%3B")
        .replace('=', "%3D")
}

/// Bob talks with Alice, and has called Carol.
fn two_calls(slee: &TestKit) -> [Call; 4] {
    let (alice, bob) = up(slee);
    let consult = slee.sip().invite(BOB, CAROL);
    let carol = slee.sip().expect_invite(CAROL).answer();
    consult.expect(200);
    carol.expect_ack();
    [alice, bob, consult, carol]
}

/// Bob asks for Alice to be joined with Carol.
fn refer(bob: &Call, consult: &Call) {
    let name = escaped(&name_of(&consult.last(), true));
    bob.request(
        "REFER",
        &[&format!("Refer-To: <{CAROL}?Replaces={name}>")],
        b"",
    )
    .expect(202);
    bob.expect_request("NOTIFY").respond(200);
}

fn final_notify(bob: &Call) -> String {
    bob.expect_request("NOTIFY").respond(200);
    let state = bob.header("Subscription-State").unwrap_or_default();
    assert!(state.starts_with("terminated"), "{state}");
    String::from_utf8_lossy(&bob.body()).into_owned()
}

/// Carol offers, Alice answers.
fn agree(alice: &Call, carol: &Call) {
    carol.expect_reinvite();
    assert!(carol.body().is_empty());
    carol.respond_with(200, &[], b"v=0\r\ncarol");
    alice.expect_reinvite();
    assert_eq!(alice.body(), &b"v=0\r\ncarol"[..]);
    alice.respond_with(200, &[], b"v=0\r\nalice");
    alice.expect_ack();
    carol.expect_ack();
    assert_eq!(carol.body(), &b"v=0\r\nalice"[..]);
}

/// The two that are left talk, and hang up.
fn talk_and_hang_up(slee: &mut TestKit, alice: &Call, carol: &Call) {
    alice.request("INFO", &[], b"x");
    carol.expect_request("INFO").respond(200);
    alice.expect(200);
    slee.crash_and_restart();
    carol.bye().expect(200);
    alice.expect_bye();
}

#[test]
fn two_calls_become_one() {
    let mut slee = slee();
    let [alice, bob, consult, carol] = two_calls(&slee);
    assert_eq!(slee.states::<B2bua>().len(), 2);
    refer(&bob, &consult);
    agree(&alice, &carol);
    assert!(final_notify(&bob).contains("200 OK"));
    bob.expect_bye();
    consult.expect_bye();
    assert_eq!(slee.states::<B2bua>().len(), 1);
    talk_and_hang_up(&mut slee, &alice, &carol);
    assert_all_gone(&mut slee);
}

#[test]
fn a_referrer_that_hangs_up_both_its_calls_at_once_is_let_go() {
    let mut slee = slee();
    let [alice, bob, consult, carol] = two_calls(&slee);
    refer(&bob, &consult);
    bob.bye().expect(200);
    consult.bye().expect(200);
    agree(&alice, &carol);
    talk_and_hang_up(&mut slee, &alice, &carol);
    assert_all_gone(&mut slee);
}

#[test]
fn a_side_that_will_not_be_joined_leaves_both_calls() {
    for of_carol in [true, false] {
        let mut slee = slee();
        let [alice, bob, consult, carol] = two_calls(&slee);
        refer(&bob, &consult);
        carol.expect_reinvite();
        if of_carol {
            carol.respond(488);
        } else {
            carol.respond_with(200, &[], b"v=0\r\ncarol");
            alice.expect_reinvite().respond(488);
            // What Carol has offered is answered by whom she talks with.
            consult.expect_reinvite();
            assert_eq!(consult.body(), &b"v=0\r\ncarol"[..]);
            consult.respond_with(200, &[], b"v=0\r\nbob");
            carol.expect_ack();
            assert_eq!(carol.body(), &b"v=0\r\nbob"[..]);
        }
        assert!(final_notify(&bob).contains("488"));
        // Both calls are what they were.
        for (one, other) in [(&alice, &bob), (&consult, &carol)] {
            one.request("INFO", &[], b"x");
            other.expect_request("INFO").respond(200);
            one.expect(200);
        }
        consult.bye().expect(200);
        carol.expect_bye();
        alice.bye().expect(200);
        bob.expect_bye();
        assert_all_gone(&mut slee);
    }
}

#[test]
fn one_who_hangs_up_meanwhile_takes_along_what_cannot_go_on() {
    for who in ["alice", "carol"] {
        let mut slee = slee();
        let [alice, bob, consult, carol] = two_calls(&slee);
        refer(&bob, &consult);
        carol.expect_reinvite();
        if who == "alice" {
            alice.bye().expect(200);
            bob.expect_request("NOTIFY").respond(200);
            bob.expect_bye();
            carol.respond_with(200, &[], b"v=0\r\ncarol");
            consult.expect_reinvite().answer();
            carol.expect_ack();
            consult.bye().expect(200);
            carol.expect_bye();
        } else {
            carol.bye().expect(200);
            consult.expect_bye();
            assert!(final_notify(&bob).contains("480"));
            alice.bye().expect(200);
            bob.expect_bye();
        }
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_name_of_no_call_is_taken_to_where_the_refer_leads() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    let refer_to = format!("Refer-To: <{CAROL}?Replaces=elsewhere%3Bto-tag%3D1%3Bfrom-tag%3D2>");
    bob.request("REFER", &[&refer_to], b"").expect(202);
    let carol = slee.sip().expect_invite(CAROL);
    assert_eq!(
        carol.header("Replaces").as_deref(),
        Some("elsewhere;to-tag=1;from-tag=2")
    );
    carol.respond(481);
    bob.bye().expect(200);
    alice.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_call_is_not_joined_with_itself() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    let name = escaped(&name_of(&alice.last(), true));
    let refer_to = format!("Refer-To: <{CAROL}?Replaces={name}>");
    bob.request("REFER", &[&refer_to], b"").expect(202);
    bob.expect_request("NOTIFY").respond(200);
    assert!(final_notify(&bob).contains("481"));
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

/// After a crash at each stage whoever is in a call can end it, and nobody is left alone.
#[test]
fn a_crash_at_each_stage_of_an_attended_transfer() {
    for stage in 0..4 {
        let mut slee = slee();
        let [alice, bob, consult, carol] = two_calls(&slee);
        refer(&bob, &consult);
        carol.expect_reinvite();
        if stage > 0 {
            carol.respond_with(200, &[], b"v=0\r\ncarol");
            alice.expect_reinvite();
        }
        if stage > 1 {
            alice.respond_with(200, &[], b"v=0\r\nalice");
            carol.expect_ack();
        }
        if stage > 2 {
            bob.expect_bye();
        }
        slee.crash_and_restart();
        slee.advance(secs(70));
        for call in [&alice, &bob, &consult, &carol] {
            call.bye();
            slee.advance(secs(1));
        }
        slee.advance(minutes(4));
        assert_all_gone(&mut slee);
    }
}

/// RFC 3891: the place of one side is taken by another phone.
#[test]
fn an_invite_takes_the_place_of_a_side() {
    for late in [false, true] {
        let mut slee = slee();
        let (alice, bob) = up(&slee);
        let name = name_of(&alice.last(), true);
        // Alice's other phone.
        let offer: &[u8] = if late { b"" } else { b"v=0\r\ndave" };
        let mut lines = vec![format!("Replaces: {name}"), "Require: replaces".to_owned()];
        if !late {
            lines.push("Content-Type: application/sdp".to_owned());
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let dave = slee.sip().request("INVITE", DAVE, BOB, &lines, offer);
        dave.ack_later();
        bob.expect_reinvite();
        assert_eq!(bob.body(), offer);
        assert_eq!(bob.header("Replaces"), None);
        bob.respond_with(200, &[], b"v=0\r\nbob");
        dave.expect(200);
        assert_eq!(dave.body(), &b"v=0\r\nbob"[..]);
        dave.ack(if late { b"v=0\r\nlate" } else { b"" });
        bob.expect_ack();
        if late {
            assert_eq!(bob.body(), &b"v=0\r\nlate"[..]);
        }
        alice.expect_bye();
        assert_eq!(slee.states::<B2bua>().len(), 1);
        talk_and_hang_up(&mut slee, &dave, &bob);
        assert_all_gone(&mut slee);
    }
}

#[test]
fn an_invite_that_cannot_take_a_place_changes_nothing() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    let name = name_of(&alice.last(), true);
    let invite = |line: String| {
        slee.sip()
            .request("INVITE", DAVE, BOB, &[&line, "Require: replaces"], b"")
    };
    invite("Replaces: nothing;to-tag=1;from-tag=2".to_owned()).expect(481);
    invite("Replaces: nothing".to_owned()).expect(400);
    invite(format!("Replaces: {name};early-only")).expect(486);
    let dave = invite(format!("Replaces: {name}"));
    bob.expect_reinvite().respond(488);
    dave.expect(488);
    // One who gives up while it is being decided.
    let dave = invite(format!("Replaces: {name}"));
    bob.expect_reinvite().ring();
    dave.cancel().expect(487);
    bob.expect_cancel();
    alice.request("INFO", &[], b"x");
    bob.expect_request("INFO").respond(200);
    alice.expect(200).bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

/// A phone's own call is not ours to replace: the INVITE to its user is left to whoever takes that user's calls.
#[test]
fn a_call_to_a_user_of_others_is_not_taken_for_its_replaces() {
    let route: Route = toml::from_str("prefix = \"1\"").expect("a route");
    let slee = with(Settings {
        routes: vec![route],
        ..Settings::default()
    });
    let lines = ["Replaces: nothing;to-tag=1;from-tag=2"];
    // Nobody is there to take it.
    slee.sip()
        .request("INVITE", DAVE, BOB, &lines, b"")
        .expect(480);
}
