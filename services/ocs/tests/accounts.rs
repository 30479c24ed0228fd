//! The charging server before scripted clients, in virtual time.

use strowger::prelude::*;
use strowger_diameter::proto::dict::{base, charging, credit};
use strowger_diameter::proto::wire::{Builder, Message};
use strowger_diameter::testkit::{DiameterTestKit as _, Peer, Sent, settings};
use strowger_ocs::{Settings, service};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";

/// Every account begins with 100, a second costs 1, and 60 are granted at a time.
fn server() -> (TestKit, Peer) {
    let conf = Settings {
        opening_balance: Some(100),
        ..Settings::default()
    };
    server_with(conf)
}

fn server_with(conf: Settings) -> (TestKit, Peer) {
    let kit = TestKit::strict()
        .adaptor_with("diameter", strowger_diameter::adaptor(), settings(&[]))
        .service_with(service(), conf);
    let gateway = kit.diameter().client("gw.example");
    (kit, gateway)
}

fn request(
    peer: &Peer,
    session: &str,
    kind: u32,
    number: u32,
    fill: impl FnOnce(&mut Builder),
) -> Sent {
    peer.request(&credit::CREDIT_CONTROL_COMMAND, |m| {
        m.avp(&base::SESSION_ID, session);
        m.avp(&base::AUTH_APPLICATION_ID, 4_u32);
        m.avp(&credit::SERVICE_CONTEXT_ID, "32260@3gpp.org");
        m.avp(&credit::CC_REQUEST_TYPE, kind);
        m.avp(&credit::CC_REQUEST_NUMBER, number);
        m.group(&credit::SUBSCRIPTION_ID, |id| {
            id.avp(&credit::SUBSCRIPTION_ID_TYPE, 2_u32);
            id.avp(&credit::SUBSCRIPTION_ID_DATA, ALICE);
        });
        fill(m);
    })
}

fn initial(peer: &Peer, session: &str) -> Sent {
    request(peer, session, 1, 0, |m| {
        m.group(&credit::REQUESTED_SERVICE_UNIT, |_| {});
    })
}

fn update(peer: &Peer, session: &str, number: u32, seconds: u32) -> Sent {
    request(peer, session, 2, number, |m| {
        m.group(&credit::REQUESTED_SERVICE_UNIT, |_| {});
        used(m, seconds);
    })
}

fn last(peer: &Peer, session: &str, number: u32, seconds: u32) -> Sent {
    request(peer, session, 3, number, |m| used(m, seconds))
}

fn used(m: &mut Builder, seconds: u32) {
    m.group(&credit::USED_SERVICE_UNIT, |units| {
        units.avp(&credit::CC_TIME, seconds);
    });
}

fn granted(answer: &Message) -> Option<u32> {
    let units = answer.find(&credit::GRANTED_SERVICE_UNIT)?;
    units.group().get(&credit::CC_TIME)?.u32().ok()
}

fn balance(peer: &Peer, session: &str) -> i64 {
    let asked = request(peer, session, 4, 0, |m| {
        m.avp(&credit::REQUESTED_ACTION, 2_u32);
    });
    let answer = asked.expect(2001);
    let balance = answer
        .find(&charging::REMAINING_BALANCE)
        .expect("a balance");
    let value = balance.group().get(&credit::UNIT_VALUE).expect("a value");
    let digits = value.group().get(&credit::VALUE_DIGITS).expect("digits");
    digits.i64().expect("a number")
}

#[test]
fn balances_and_sessions_outlive_the_process() {
    let (mut slee, gateway) = server();
    assert_eq!(granted(&initial(&gateway, "s").expect(2001)), Some(60));
    slee.crash_and_restart();
    gateway.connect();
    let answer = update(&gateway, "s", 1, 50).expect(2001);
    assert_eq!(granted(&answer), Some(50));
    assert!(answer.find(&credit::FINAL_UNIT_INDICATION).is_some());
    slee.crash_and_restart();
    gateway.connect();
    last(&gateway, "s", 2, 7).expect(2001);
    assert_eq!(balance(&gateway, "b"), 43);
    slee.crash_and_restart();
    gateway.connect();
    assert_eq!(balance(&gateway, "c"), 43);
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn a_request_that_comes_again_debits_nothing_also_after_a_crash() {
    let (mut slee, gateway) = server();
    initial(&gateway, "s").expect(2001);
    let asked = update(&gateway, "s", 1, 10);
    let answer = asked.expect(2001);
    assert_eq!(granted(&asked.again().expect(2001)), granted(&answer));
    slee.crash_and_restart();
    gateway.connect();
    assert_eq!(granted(&asked.again().expect(2001)), granted(&answer));
    // As a new message of the same interrogation, too.
    assert_eq!(
        granted(&update(&gateway, "s", 1, 10).expect(2001)),
        granted(&answer)
    );
    assert_eq!(balance(&gateway, "b"), 90);
    let end = last(&gateway, "s", 2, 5);
    end.expect(2001);
    slee.crash_and_restart();
    gateway.connect();
    end.again().expect(2001);
    end.anew().expect(2001);
    assert_eq!(balance(&gateway, "c"), 85);
}

#[test]
fn an_event_debits_once_however_often_it_comes() {
    let (mut slee, gateway) = server();
    let debit = |gateway: &Peer| {
        request(gateway, "e", 4, 0, |m| {
            m.avp(&credit::REQUESTED_ACTION, 0_u32);
            m.group(&credit::REQUESTED_SERVICE_UNIT, |units| {
                units.avp(&credit::CC_TIME, 30_u32);
            });
        })
    };
    debit(&gateway).expect(2001);
    debit(&gateway).expect(2001);
    slee.crash_and_restart_after(secs(600));
    gateway.connect();
    debit(&gateway).expect(2001);
    assert_eq!(balance(&gateway, "b"), 70);
}

#[test]
fn a_session_that_is_not_heard_of_gives_back_what_it_had_reserved() {
    let (mut slee, gateway) = server();
    initial(&gateway, "s").expect(2001);
    assert_eq!(granted(&initial(&gateway, "t").expect(2001)), Some(40));
    slee.advance(secs(610)); // twice the validity of 300 s
    assert_eq!(granted(&initial(&gateway, "u").expect(2001)), Some(60));
    update(&gateway, "s", 1, 50).expect(5002);
    assert_eq!(balance(&gateway, "b"), 100);
}

#[test]
fn who_has_no_account_and_what_belongs_to_no_session_is_refused() {
    let (mut slee, gateway) = server_with(Settings::default());
    initial(&gateway, "s").expect(5030);
    update(&gateway, "t", 1, 5).expect(5002);
    slee.advance(secs(1));
    assert_eq!(
        slee.states::<strowger_ocs::Ocs>().len(),
        0,
        "{}",
        slee.ladder()
    );
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}
