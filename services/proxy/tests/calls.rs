//! Requests through the proxy, in virtual time.

use strowger::prelude::*;
use strowger_proxy::{Route, Settings, service};
use strowger_sip::testkit::{Call, SipTestKit};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";
const NODE: &str = "127.0.0.1:5060";

fn open() -> Settings {
    Settings {
        authentication: false,
        ..Settings::default()
    }
}

fn with(kit: TestKit, settings: Settings) -> TestKit {
    let registrar = strowger_registrar::Settings {
        authentication: false,
        ..strowger_registrar::Settings::default()
    };
    kit.adaptor(strowger_sip::adaptor())
        .service_with(strowger_registrar::service(), registrar)
        .service_with(service(), settings)
}

fn slee(settings: Settings) -> TestKit {
    with(TestKit::strict(), settings)
}

fn routes(text: &str) -> Vec<Route> {
    let table: toml::Table = toml::from_str(&format!("routes = [{text}]")).expect("routes");
    table["routes"].clone().try_into().expect("routes")
}

/// A phone of Bob's registers: `sip:bob@HOST`.
fn phone(slee: &TestKit, phone: &str, q: &str) {
    let call = slee
        .sip()
        .request("REGISTER", phone, "bob", &[], b"")
        .expect(200);
    let contact = format!("Contact: {};q={q}", call.contact());
    call.request("REGISTER", &[&contact, "Expires: 7000"], b"")
        .expect(200);
}

const DESK: &str = "sip:bob@desk.example";
const HOME: &str = "sip:bob@home.example";
const CELL: &str = "sip:bob@cell.example";

/// A call that is up, caller first.
fn up(slee: &TestKit) -> (Call, Call) {
    phone(slee, DESK, "1");
    let alice = slee.sip().invite(ALICE, "bob");
    let bob = slee.sip().expect_invite(DESK).ring().answer();
    alice.expect(180).expect(200);
    bob.expect_ack();
    (alice, bob)
}

/// Nothing is left of any call once the transactions have lingered.
fn assert_all_gone(slee: &mut TestKit) {
    slee.advance(secs(40));
    let counts = slee.counts();
    // Those of the registration stay.
    assert!(
        counts.activities <= 1 && counts.entities <= 1,
        "left behind:\n{}",
        slee.ladder()
    );
    assert_eq!(counts.events, 0);
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn a_call_goes_to_the_registered_contact_and_its_later_requests_by_the_proxy() {
    let mut slee = slee(open());
    let (alice, bob) = up(&slee);
    let _ = bob.reinvite();
    alice.expect_reinvite().answer();
    bob.expect(200);
    alice.expect_ack();
    let _ = alice.bye();
    bob.expect_bye();
    alice.expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn three_phones_ring_and_the_losers_are_cancelled() {
    let mut slee = slee(open());
    for uri in [DESK, HOME, CELL] {
        phone(&slee, uri, "0.5");
    }
    let alice = slee.sip().invite(ALICE, "bob");
    let phones = [DESK, HOME, CELL].map(|uri| slee.sip().expect_invite(uri).ring());
    phones[1].answer();
    alice.expect(180).expect(180).expect(180).expect(200);
    for loser in [&phones[0], &phones[2]] {
        let cancel = loser.expect_cancel();
        assert_eq!(
            cancel.header("Reason").as_deref(),
            Some("SIP;cause=200;text=\"Call completed elsewhere\"")
        );
        loser.respond(487);
    }
    phones[1].expect_ack();
    let _ = alice.bye();
    phones[1].expect_bye();
    alice.expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn one_after_the_other_when_it_has_rung_for_long_enough() {
    let mut slee = slee(Settings {
        ringing: secs(20),
        ..open()
    });
    phone(&slee, DESK, "0.9");
    phone(&slee, CELL, "0.3");
    let alice = slee.sip().invite(ALICE, "bob");
    let desk = slee.sip().expect_invite(DESK).ring();
    alice.expect(180);
    slee.advance(secs(20));
    desk.expect_cancel();
    desk.respond(487);
    let cell = slee.sip().expect_invite(CELL).answer();
    alice.expect(200);
    cell.expect_ack();
    let _ = cell.bye();
    alice.expect_bye();
    cell.expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn who_is_not_registered_is_480_and_who_is_no_user_404() {
    let mut slee = slee(open());
    slee.sip().invite(ALICE, "bob").expect(480);
    assert_all_gone(&mut slee);
    let text = "[users.carol]\npassword = \"x\"\n";
    let settings = |trusted: &str| -> Settings {
        let text = format!("authentication = false\ntrusted = [{trusted}]\n{text}");
        toml::from_str(&text).expect("settings")
    };
    let slee = with(TestKit::strict(), settings("\"0.0.0.0/0\""));
    let _ = slee.sip().invite(ALICE, "bob").expect(404);
    let _ = slee.sip().invite(ALICE, "carol").expect(480);
    // Strangers do not learn who is a user.
    let slee = with(TestKit::strict(), settings(""));
    for user in ["bob", "carol"] {
        let refused = slee.sip().invite(ALICE, user).expect(480);
        assert_eq!(refused.header("Warning"), None, "{user}");
    }
}

#[test]
fn the_caller_gives_up() {
    let mut slee = slee(open());
    phone(&slee, DESK, "1");
    let alice = slee.sip().invite(ALICE, "bob");
    let desk = slee.sip().expect_invite(DESK).ring();
    alice.expect(180).cancel();
    desk.expect_cancel();
    desk.respond(487);
    alice.expect(487);
    assert_all_gone(&mut slee);
}

#[test]
fn it_relays_for_those_only_who_may() {
    let own = || Settings {
        domains: vec!["own.example".to_owned()],
        ..open()
    };
    let closed = slee(own());
    let _ = closed.sip().invite(ALICE, "sip:bob@b.example").expect(403);
    let _ = closed
        .sip()
        .request("MESSAGE", ALICE, "sip:bob@b.example", &[], b"")
        .expect(403);
    let trusting = slee(Settings {
        trusted: vec![
            "127.0.0.0/8".to_owned(),
            "10.0.0.0/8".to_owned(),
            "192.0.0.0/8".to_owned(),
        ]
        .try_into()
        .unwrap(),
        ..own()
    });
    let alice = trusting.sip().invite(ALICE, "sip:bob@b.example");
    let bob = trusting.sip().expect_invite("sip:bob@b.example").answer();
    alice.expect(200);
    bob.expect_ack();
}

#[test]
fn a_route_by_prefix_takes_the_prefix_off_and_the_next_place_when_one_fails() {
    let mut slee = slee(Settings {
        routes: routes(
            r#"{ prefix = "0", strip = 1, to = ["sip:10.7.7.1:5060", "sip:10.7.7.2:5060"], open = true }"#,
        ),
        ..open()
    });
    let alice = slee.sip().invite(ALICE, "0123");
    slee.sip()
        .expect_invite("sip:123@10.7.7.1:5060")
        .respond(503);
    let gateway = slee.sip().expect_invite("sip:123@10.7.7.2:5060").answer();
    alice.expect(200);
    gateway.expect_ack();
    let _ = alice.bye();
    gateway.expect_bye();
    alice.expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn a_route_that_is_not_open_is_closed_to_strangers() {
    let slee = slee(Settings {
        routes: routes(r#"{ prefix = "0", to = ["sip:10.7.7.1:5060"] }"#),
        ..open()
    });
    let _ = slee.sip().invite(ALICE, "0123").expect(403);
}

#[test]
fn a_redirection_is_followed_where_that_is_set() {
    let slee = slee(Settings {
        recurse: true,
        ..open()
    });
    phone(&slee, DESK, "1");
    let alice = slee.sip().invite(ALICE, "bob");
    let desk = slee.sip().expect_invite(DESK);
    desk.respond_with(302, &["Contact: <sip:new@10.7.7.3:5060>"], b"");
    let new = slee.sip().expect_invite("sip:new@10.7.7.3:5060").answer();
    alice.expect(200);
    new.expect_ack();
}

#[test]
fn a_spiral_goes_on_and_a_loop_ends() {
    let spiral = slee(Settings {
        routes: routes(&format!(
            r#"{{ prefix = "9", strip = 1, to = ["sip:{NODE}"], open = true }}"#
        )),
        ..open()
    });
    phone(&spiral, DESK, "1");
    let alice = spiral.sip().invite(ALICE, "99bob");
    let bob = spiral.sip().expect_invite(DESK).answer();
    alice.expect(200);
    bob.expect_ack();
    let _ = alice.bye();
    bob.expect_bye();
    alice.expect(200);
    let endless = slee(Settings {
        routes: routes(&format!(
            r#"{{ prefix = "9", to = ["sip:{NODE}"], open = true }}"#
        )),
        ..open()
    });
    let _ = endless.sip().invite(ALICE, "9bob").expect(482);
}

#[test]
fn a_call_passes_through_the_death_of_the_node() {
    let mut slee = slee(open());
    let (alice, bob) = up(&slee);
    slee.crash_and_restart();
    let _ = bob.reinvite();
    alice.expect_reinvite().answer();
    bob.expect(200);
    alice.expect_ack();
    let _ = alice.bye();
    bob.expect_bye();
    alice.expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn what_rings_when_the_node_dies_is_answered_all_the_same() {
    let mut slee = slee(open());
    phone(&slee, DESK, "1");
    let alice = slee.sip().invite(ALICE, "bob");
    let desk = slee.sip().expect_invite(DESK).ring();
    alice.expect(180);
    slee.crash_and_restart();
    desk.answer();
    alice.expect(200);
    desk.expect_ack();
    let _ = alice.bye();
    desk.expect_bye();
    alice.expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn requests_without_a_dialog_go_there_and_back() {
    let strangers = ["MESSAGE", "OPTIONS", "SUBSCRIBE", "PUBLISH", "FOO"];
    let mut slee = slee(Settings {
        strangers: strangers.map(str::to_owned).to_vec(),
        ..open()
    });
    phone(&slee, DESK, "1");
    for (method, status) in [
        ("MESSAGE", 202),
        ("OPTIONS", 200),
        ("SUBSCRIBE", 489),
        ("PUBLISH", 200),
        ("FOO", 200),
    ] {
        let alice = slee.sip().request(
            method,
            ALICE,
            "bob",
            &["Event: presence", "Require: bar"],
            b"",
        );
        slee.sip().expect(method, DESK).respond(status);
        alice.expect(status);
    }
    assert_all_gone(&mut slee);
}

/// A phone that is told to reboot, or to call somebody, is told so by its own users and by those who are trusted.
#[test]
fn strangers_call_and_write_and_ask_for_nothing_else() {
    let mut slee = slee(open());
    phone(&slee, DESK, "1");
    slee.sip().open(DESK);
    for method in ["REFER", "SUBSCRIBE", "NOTIFY", "PUBLISH", "FOO"] {
        let lines = [
            "Event: check-sync",
            "Subscription-State: active",
            "Refer-To: <sip:0900@b.example>",
        ];
        let stranger = slee.sip().request(method, ALICE, "bob", &lines, b"");
        // There is no NOTIFY without a subscription.
        stranger.expect(if method == "NOTIFY" { 481 } else { 403 });
    }
    assert!(
        !slee
            .ladder()
            .to_string()
            .contains("node -> desk.example  REFER"),
        "{}",
        slee.ladder()
    );
    for method in ["MESSAGE", "OPTIONS"] {
        let stranger = slee.sip().request(method, ALICE, "bob", &[], b"");
        slee.sip().expect(method, DESK).respond(200);
        stranger.expect(200);
    }
    assert_all_gone(&mut slee);
}

#[test]
fn what_nobody_takes_goes_to_one_more_place() {
    let mut slee = slee(Settings {
        untaken: Some("sip:10.7.7.9:5060".to_owned().try_into().unwrap()),
        ..open()
    });
    phone(&slee, DESK, "1");
    let alice = slee.sip().invite(ALICE, "bob");
    slee.sip().expect_invite(DESK).respond(486);
    let mailbox = slee.sip().expect_invite("sip:bob@10.7.7.9:5060").answer();
    alice.expect(200);
    mailbox.expect_ack();
    let _ = mailbox.bye();
    alice.expect_bye();
    mailbox.expect(200);
    let alice = slee.sip().invite(ALICE, "bob");
    slee.sip().expect_invite(DESK).respond(415);
    alice.expect(415);
    let alice = slee.sip().invite(ALICE, "nobody");
    slee.sip()
        .expect_invite("sip:nobody@10.7.7.9:5060")
        .respond(404);
    alice.expect(404);
    assert_all_gone(&mut slee);
}

#[test]
fn one_more_place_may_ring_as_long_as_the_contacts() {
    let mut slee = slee(Settings {
        untaken: Some("sip:10.7.7.9:5060".to_owned().try_into().unwrap()),
        ringing: secs(20),
        ..open()
    });
    phone(&slee, DESK, "1");
    let alice = slee.sip().invite(ALICE, "bob");
    for place in [DESK, "sip:bob@10.7.7.9:5060"] {
        let callee = slee.sip().expect_invite(place).ring();
        alice.expect(180);
        slee.advance(secs(20));
        callee.expect_cancel();
        callee.respond(487);
    }
    alice.expect(408);
    assert_all_gone(&mut slee);
}

#[test]
fn from_tcp_to_udp_and_back() {
    let mut slee = slee(open());
    phone(&slee, DESK, "1");
    let alice = slee.sip().tcp().invite(ALICE, "bob");
    let bob = slee.sip().expect_invite(DESK).ring().answer();
    alice.expect(180).expect(200);
    bob.expect_ack();
    let _ = bob.bye();
    alice.expect_bye();
    bob.expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn a_route_that_the_caller_chose_is_followed_for_the_trusted() {
    let slee = slee(Settings {
        trusted: vec!["0.0.0.0/0".to_owned()].try_into().unwrap(),
        ..open()
    });
    let route = format!("Route: <sip:{NODE};lr>, <sip:10.7.7.4:5060;lr>");
    let alice = slee.sip().request("MESSAGE", ALICE, "bob", &[&route], b"");
    let hop = slee.sip().expect("MESSAGE", "sip:bob@10.7.7.4:5060");
    assert_eq!(
        hop.header("Route").as_deref(),
        Some("<sip:10.7.7.4:5060;lr>")
    );
    hop.respond(200);
    alice.expect(200);
}

#[test]
fn what_a_stranger_asserts_of_itself_is_not_passed_on() {
    let slee = slee(open());
    phone(&slee, DESK, "1");
    let lines = [
        "P-Asserted-Identity: <sip:boss@b.example>",
        "Diversion: <sip:x@y>;reason=unknown",
    ];
    let _alice = slee.sip().request("MESSAGE", ALICE, "bob", &lines, b"");
    let desk = slee.sip().expect("MESSAGE", DESK);
    assert_eq!(desk.header("P-Asserted-Identity"), None);
    assert!(desk.header("Diversion").is_some());
    desk.respond(200);
}

/// Another service of the node takes them.
#[test]
fn calls_that_are_to_be_left_are_left() {
    let slee = slee(Settings {
        leave: vec!["1".to_owned()],
        ..open()
    });
    // Nobody else is here: the adaptor's own answer.
    slee.sip().invite("sip:x@b.example", "100").expect(480);
    let message = slee
        .sip()
        .request("MESSAGE", "sip:x@b.example", "100", &[], b"hi");
    let status = message.next_response(secs(5)).and_then(|r| r.status());
    assert!(status.is_some_and(|status| status >= 400), "{status:?}");
}

/// RFC 3680: it is the registrar who knows; what else is subscribed to goes to the user's phones.
#[test]
fn registrations_are_watched_at_the_registrar() {
    let mut slee = slee(Settings {
        strangers: vec!["SUBSCRIBE".to_owned()],
        ..open()
    });
    phone(&slee, DESK, "1");
    let watcher = slee.sip().subscribe(ALICE, "bob", "reg", 600).expect(200);
    watcher.expect_notify("active");
    watcher.resubscribe("reg", 0).expect(200);
    watcher.expect_notify("terminated");
    let _ = slee.sip().subscribe(ALICE, "bob", "presence", 600);
    slee.sip().expect_subscribe(DESK).respond(489);
    assert_all_gone(&mut slee);
}

/// An INVITE that replaces a call goes to that call's phone, and one to this node's own Contact is another service's.
#[test]
fn an_invite_that_replaces_a_call_goes_to_its_phone() {
    let slee = slee(open());
    phone(&slee, DESK, "1");
    let replaces = ["Replaces: desk;to-tag=1;from-tag=2"];
    let alice = slee.sip().request("INVITE", ALICE, "bob", &replaces, b"");
    let desk = slee.sip().expect_invite(DESK);
    assert_eq!(
        desk.header("Replaces").as_deref(),
        Some("desk;to-tag=1;from-tag=2")
    );
    desk.respond(481);
    alice.expect(481);
    slee.sip()
        .request("INVITE", ALICE, &format!("sip:{NODE}"), &replaces, b"")
        .expect(480);
}

/// RFC 5630: who is registered without encryption only is not there for `sips`.
#[test]
fn a_sips_call_does_not_reach_a_phone_without_encryption() {
    let mut slee = slee(open());
    phone(&slee, DESK, "1");
    let sips = slee.sip().invite(ALICE, &format!("sips:bob@{NODE}"));
    let refused = sips.expect(480);
    assert_eq!(
        refused.header("Warning").as_deref(),
        Some("380 sip \"SIPS Not Allowed\"")
    );
    let nobody = slee.sip().invite(ALICE, &format!("sips:nobody@{NODE}"));
    assert_eq!(nobody.expect(480).header("Warning"), None);
    assert_all_gone(&mut slee);
}

#[test]
fn a_refusal_of_what_rang_when_the_node_died_goes_back_once() {
    let mut slee = slee(open());
    phone(&slee, DESK, "1");
    let alice = slee.sip().invite(ALICE, "bob");
    let desk = slee.sip().expect_invite(DESK).ring();
    alice.expect(180);
    slee.crash_and_restart();
    desk.respond(486);
    desk.expect_ack();
    alice.expect(486);
    assert_all_gone(&mut slee);
}
