//! Who may call, so that the node is nobody's open relay.

use super::*;
use strowger_b2bua::Callers;
use strowger_sip::proto::auth::{Credentials, Session};
use strowger_sip::{Account, Trust};

/// Only users of a.example, and one trunk, may call.
fn closed(trusted: &[&str]) -> TestKit {
    let trusted: Vec<String> = trusted.iter().map(|text| (*text).to_owned()).collect();
    with(Settings {
        callers: Callers::Known,
        realm: "a.example".to_owned(),
        trusted: Trust::try_from(trusted).expect("networks"),
        users: [("alice".to_owned(), Account::password("wonderland"))]
            .into_iter()
            .collect(),
        ..everywhere()
    })
}

/// Calls again, with what the challenge asks for.
fn with_password(slee: &TestKit, call: &Call, password: &str) {
    let mut session = Session::new(Some(Credentials::new("alice", password)));
    assert!(session.learn(&call.last(), &[], false));
    let uri = format!("sip:bob@{}", slee.ground().peer("b.example"));
    let lines = session.lines(b"INVITE", uri.as_bytes(), b"", 7);
    let lines = String::from_utf8(lines).expect("text");
    call.request("INVITE", &[lines.trim_end()], b"");
}

#[test]
fn a_user_of_ours_proves_who_it_is_and_calls() {
    let mut slee = closed(&[]);
    let alice = slee.sip().invite(ALICE, BOB).expect(407);
    with_password(&slee, &alice, "wonderland");
    let bob = slee.sip().expect_invite(BOB);
    assert_eq!(bob.header("Proxy-Authorization"), None);
    assert_eq!(
        bob.header("P-Asserted-Identity").as_deref(),
        Some("<sip:alice@a.example>")
    );
    bob.answer();
    alice.expect(200);
    bob.expect_ack();
    slee.crash_and_restart();
    // Within the call nobody is asked again.
    alice.request("INFO", &[], b"x");
    bob.expect_request("INFO").respond(200);
    alice.expect(200).bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn who_proves_nothing_or_is_somebody_else_does_not_call() {
    let mut slee = closed(&[]);
    slee.sip().open(BOB);
    let alice = slee.sip().invite(ALICE, BOB).expect(407);
    with_password(&slee, &alice, "wrong");
    alice.expect(407);
    // With an account of one's own, but under another's name.
    let mallory = slee.sip().invite("sip:bob@a.example", BOB).expect(407);
    with_password(&slee, &mallory, "wonderland");
    mallory.expect(403);
    // Under one's own name, but as a user of somebody else's domain.
    let mallory = slee.sip().invite("sip:alice@bank.example", BOB).expect(407);
    with_password(&slee, &mallory, "wonderland");
    mallory.expect(403);
    // Taking the place of somebody needs the same.
    slee.sip()
        .request(
            "INVITE",
            ALICE,
            BOB,
            &["Replaces: x;to-tag=1;from-tag=2"],
            b"",
        )
        .expect(407);
    let reached = slee.sip().patience(secs(1)).find_invite(BOB);
    assert!(reached.is_none(), "{}", slee.ladder());
    assert_all_gone(&mut slee);
}

#[test]
fn a_trusted_address_calls_as_it_likes() {
    let mut slee = closed(&["192.0.2.200", "198.51.100.0/24"]);
    let trunk = slee.sip().invite("sip:anyone@192.0.2.200:5060", BOB);
    let bob = slee.sip().expect_invite(BOB).answer();
    trunk.expect(200);
    bob.expect_ack();
    slee.sip()
        .invite("sip:anyone@192.0.2.201:5060", BOB)
        .expect(407);
    bob.bye().expect(200);
    trunk.expect_bye();
    assert_all_gone(&mut slee);
}

/// A route that leads wherever the Request-URI says is for callers who are known, unless it says otherwise.
#[test]
fn it_relays_for_nobody_to_where_only_the_caller_says() {
    let text = "routes = [{ user = \"dave\", target = \"sip:192.0.2.104:5060\" }, {}]";
    let mut slee = with(toml::from_str(text).expect("settings"));
    slee.sip().open(CAROL);
    slee.sip().invite(ALICE, CAROL).expect(403);
    let alice = slee.sip().invite(ALICE, DAVE);
    let called = slee.sip().expect_invite(DAVE);
    called.answer();
    alice.expect(200);
    called.expect_ack();
    // Nor by way of a transfer.
    let refer_to = format!("Refer-To: <{CAROL}>");
    called.request("REFER", &[&refer_to], b"").expect(403);
    alice.bye().expect(200);
    called.expect_bye();
    let reached = slee.sip().patience(secs(1)).find_invite(CAROL);
    assert!(reached.is_none(), "{}", slee.ladder());
    assert_all_gone(&mut slee);
}

/// The called side was let in by nobody: it may not send the caller on to wherever it likes.
#[test]
fn a_transfer_is_for_those_who_may_call() {
    for (trusted, taken) in [(&[][..], 407), (&["0.0.0.0/0"][..], 202)] {
        let mut slee = closed(trusted);
        let alice = slee.sip().invite(ALICE, BOB);
        if trusted.is_empty() {
            alice.expect(407);
            with_password(&slee, &alice, "wonderland");
        }
        let bob = slee.sip().expect_invite(BOB).answer();
        alice.expect(200);
        bob.expect_ack();
        slee.sip().open(CAROL);
        let refer_to = format!("Refer-To: <{CAROL}>");
        bob.request("REFER", &[&refer_to], b"").expect(taken);
        let called = slee.sip().patience(secs(1)).find_invite(CAROL);
        assert_eq!(called.is_some(), taken == 202, "{}", slee.ladder());
        slee.advance(minutes(5));
        bob.bye();
        alice.bye();
        slee.advance(minutes(1));
        assert_all_gone(&mut slee);
    }
}

const CLAIMS: [&str; 2] = [
    "P-Asserted-Identity: <sip:boss@b.example>",
    "P-Preferred-Identity: <sip:boss@b.example>",
];

fn claims(call: &Call) -> (bool, bool) {
    let said = |name: &str| call.header(name).is_some();
    (said("P-Asserted-Identity"), said("P-Preferred-Identity"))
}

/// RFC 3325 5: within the call and in responses, too.
#[test]
fn only_the_trusted_say_who_they_are() {
    let mut slee = closed(&["192.0.2.200"]);
    let trunk = slee.sip().invite("sip:anyone@192.0.2.200:5060", BOB);
    let bob = slee.sip().expect_invite(BOB);
    bob.respond_with(180, &CLAIMS, b"");
    trunk.expect(180);
    assert_eq!(claims(&trunk), (false, false));
    bob.answer();
    trunk.expect(200);
    bob.expect_ack();
    bob.request("INFO", &CLAIMS, b"x");
    trunk.expect_request("INFO");
    assert_eq!(claims(&trunk), (false, false));
    trunk.respond_with(200, &CLAIMS, b"");
    bob.expect(200);
    assert_eq!(claims(&bob), (true, false));
    trunk.request("INFO", &CLAIMS, b"x");
    bob.expect_request("INFO");
    assert_eq!(claims(&bob), (true, false));
    bob.respond_with(200, &CLAIMS, b"");
    trunk.expect(200);
    assert_eq!(claims(&trunk), (false, false));
    trunk.request("INFO", &[CLAIMS[0], "Privacy: id"], b"x");
    bob.expect_request("INFO");
    assert_eq!(claims(&bob), (false, false));
    bob.respond(200);
    trunk.expect(200).bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}
