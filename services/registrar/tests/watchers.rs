//! Those who watch a user's registration (RFC 3680), in virtual time.

use strowger::prelude::*;
use strowger_registrar::{Settings, service};
use strowger_sip::testkit::{Call, SipTestKit};
use strowger_sip::{Account, Users};
use strowger_testkit::TestKit;

/// A user of the node's own address: the Request-URI says whose registration is watched.
const ALICE: &str = "alice";
const WATCHER: &str = "sip:watcher@w.example";

fn with(settings: Settings) -> TestKit {
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings)
}

fn open() -> TestKit {
    with(Settings {
        authentication: false,
        ..Settings::default()
    })
}

/// Alice's phone registers.
fn register(slee: &TestKit, expires: u32) -> Call {
    let phone = "sip:alice@phone.example";
    let call = slee
        .sip()
        .request("REGISTER", phone, ALICE, &[], b"")
        .expect(200);
    again(&call, expires);
    call
}

fn again(phone: &Call, expires: u32) {
    let contact = format!("Contact: {};expires={expires}", phone.contact());
    phone.request("REGISTER", &[&contact], b"").expect(200);
}

fn watch(slee: &TestKit) -> Call {
    slee.sip().subscribe(WATCHER, ALICE, "reg", 600).expect(200)
}

/// What the next NOTIFY says, without the lines that are always the same.
#[track_caller]
fn told(watcher: &Call, state: &str) -> String {
    let notify = watcher.expect_notify(state);
    assert_eq!(
        notify.header("Content-Type").as_deref(),
        Some("application/reginfo+xml")
    );
    String::from_utf8_lossy(&notify.body()).into_owned()
}

#[track_caller]
fn assert_has(document: &str, parts: &[&str]) {
    for part in parts {
        assert!(document.contains(part), "no {part} in:\n{document}");
    }
}

fn assert_all_gone(slee: &mut TestKit) {
    slee.advance(secs(60));
    let counts = slee.counts();
    assert_eq!((counts.activities, counts.entities), (0, 0));
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}

/// RFC 3680 4.7.1: the full state at once, and whenever it changes.
#[test]
fn a_watcher_is_told_of_contacts_that_come_change_and_go() {
    let mut slee = open();
    let watcher = watch(&slee);
    let none = told(&watcher, "active;expires=600");
    assert_has(
        &none,
        &["version=\"0\"", "state=\"init\"", "state=\"full\""],
    );
    assert_has(&none, &["aor=\"sip:alice@127.0.0.1"]);

    let alice = register(&slee, 300);
    let uri = alice.contact().trim_matches(['<', '>']).to_owned();
    let first = told(&watcher, "active");
    assert_has(&first, &["version=\"1\"", "id=\"r\" state=\"active\""]);
    assert_has(
        &first,
        &[
            "<contact id=\"c1\" state=\"active\" event=\"registered\" expires=\"300\"",
            &uri,
        ],
    );

    slee.advance(secs(100));
    again(&alice, 300);
    let second = told(&watcher, "active;expires=500");
    assert_has(
        &second,
        &["version=\"2\"", "event=\"refreshed\" expires=\"300\""],
    );

    again(&alice, 0);
    let last = told(&watcher, "active");
    assert_has(
        &last,
        &[
            "id=\"r\" state=\"terminated\"",
            "<contact id=\"c1\" state=\"terminated\" event=\"unregistered\">",
        ],
    );
    watcher.resubscribe("reg", 0).expect(200);
    watcher.expect_notify("terminated;reason=timeout");
    assert_all_gone(&mut slee);
}

#[test]
fn a_contact_that_expires_is_told_as_expired_once() {
    let mut slee = open();
    let watcher = watch(&slee);
    watcher.expect_notify("active");
    let _ = register(&slee, 60);
    watcher.expect_notify("active");
    slee.advance(secs(61));
    let gone = told(&watcher, "active");
    assert_has(&gone, &["state=\"terminated\" event=\"expired\""]);
    watcher.resubscribe("reg", 600).expect(200);
    let now = told(&watcher, "active;expires=600");
    assert_has(&now, &["state=\"init\""]);
    assert!(!now.contains("<contact"));
    slee.advance(secs(601));
    watcher.expect_notify("terminated;reason=timeout");
    assert_all_gone(&mut slee);
}

/// A query changes nothing, and of a user whom nobody watches nobody is told.
#[test]
fn nobody_is_told_of_what_is_no_change() {
    let mut slee = open();
    let watcher = watch(&slee);
    watcher.expect_notify("active");
    slee.sip()
        .request("REGISTER", WATCHER, ALICE, &[], b"")
        .expect(200);
    let _ = slee.sip().register("sip:bob@a.example", &[]).expect(200);
    slee.advance(secs(1));
    assert!(watcher.find_request("NOTIFY", secs(1)).is_none());
}

#[test]
fn each_watcher_counts_its_own_versions() {
    let slee = open();
    let _ = register(&slee, 300);
    let first = watch(&slee);
    assert_has(&told(&first, "active"), &["version=\"0\"", "registered"]);
    let second = slee
        .sip()
        .subscribe("sip:other@o.example", ALICE, "reg", 600)
        .expect(200);
    assert_has(&told(&second, "active"), &["version=\"0\"", "registered"]);
    let _ = register(&slee, 300);
    assert_has(&told(&first, "active"), &["version=\"1\""]);
    assert_has(&told(&second, "active"), &["version=\"1\""]);
}

#[test]
fn a_subscription_for_no_time_asks_once() {
    let mut slee = open();
    let _ = register(&slee, 60);
    let asked = slee.sip().subscribe(WATCHER, ALICE, "reg", 0).expect(200);
    let now = told(&asked, "terminated;reason=timeout");
    assert_has(&now, &["event=\"registered\" expires=\"60\""]);
    slee.advance(secs(61));
    assert_all_gone(&mut slee);
}

#[test]
fn watchers_are_refused_beyond_a_limit_and_where_they_want_something_else() {
    let mut slee = with(Settings {
        authentication: false,
        watchers_per_user: 1,
        ..Settings::default()
    });
    let sip = slee.sip();
    sip.subscribe(WATCHER, ALICE, "presence", 600).expect(489);
    let brief = sip.subscribe(WATCHER, ALICE, "reg", 5).expect(423);
    assert_eq!(brief.header("Min-Expires").as_deref(), Some("60"));
    let lines = ["Event: reg", "Accept: application/pidf+xml"];
    sip.request("SUBSCRIBE", WATCHER, ALICE, &lines, b"")
        .expect(406);
    let watcher = watch(&slee);
    watcher.expect_notify("active");
    sip.subscribe("sip:other@o.example", ALICE, "reg", 600)
        .expect(403);
    watcher.resubscribe("reg", 0).expect(200);
    watcher.expect_notify("terminated");
    assert_all_gone(&mut slee);
}

#[test]
fn watchers_of_other_domains_are_left_to_other_services() {
    let slee = with(Settings {
        domains: vec!["a.example".to_owned()],
        ..Settings::default()
    });
    slee.sip().subscribe(WATCHER, ALICE, "reg", 60).expect(489);
}

/// RFC 3680 4.5: who may register may watch, and nobody else.
#[test]
fn strangers_watch_nobody() {
    let users: Users = [("alice".to_owned(), Account::password("wonderland"))]
        .into_iter()
        .collect();
    let slee = with(Settings {
        users,
        ..Settings::default()
    });
    let stranger = slee.sip().subscribe(WATCHER, ALICE, "reg", 600).expect(401);
    assert!(stranger.header("WWW-Authenticate").is_some());
}

/// Registration and subscription go on with what is left of their times, versions and CSeq with the next number.
#[test]
fn a_watcher_is_told_on_after_a_crash() {
    let mut slee = open();
    let alice = register(&slee, 300);
    let watcher = watch(&slee);
    let before = watcher
        .expect_notify("active")
        .last()
        .cseq()
        .expect("one")
        .number;
    slee.crash_and_restart_after(secs(100));
    // The adaptor tells again what was told last, for a NOTIFY may have been lost.
    if let Some(again) = watcher.find_request("NOTIFY", secs(5)) {
        again.respond(200);
    }
    again(&alice, 600);
    let after = watcher.expect_notify("active;expires=");
    assert!(after.last().cseq().expect("one").number > before);
    let document = String::from_utf8_lossy(&after.body()).into_owned();
    assert_has(
        &document,
        &["version=\"1\"", "id=\"c1\"", "event=\"refreshed\""],
    );
    slee.crash_and_restart_after(secs(700));
    let last = watcher.find_request("NOTIFY", secs(5)).expect("an end");
    let state = last.header("Subscription-State").unwrap_or_default();
    assert!(state.starts_with("terminated"), "{state}");
    last.respond(200);
    assert_all_gone(&mut slee);
}

/// A phone that is registered is no work: the node ends, and its next start finds the phone.
#[test]
fn a_stop_waits_neither_for_phones_nor_for_those_who_watch_them() {
    let mut slee = open();
    let phone = register(&slee, 600);
    let watcher = watch(&slee);
    told(&watcher, "active");
    slee.stop();
    slee.advance(secs(1));
    assert!(slee.is_quiet(), "{}", slee.ladder());
    slee.crash_and_restart();
    assert_has(&told(&watcher, "active"), &["state=\"active\""]);
    again(&phone, 0);
    told(&watcher, "active");
}
