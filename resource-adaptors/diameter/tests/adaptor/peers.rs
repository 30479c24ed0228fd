//! Peers and realms: live changes, TLS, agents, what operators see.

use std::collections::BTreeMap;

use strowger::prelude::*;
use strowger::ra::{Peer as Certificate, Report, Tls};
use strowger_diameter::proto::dict::{base, credit, overload, sh};
use strowger_diameter::ra::{
    ActionSetting, ListenerSettings, PeerSettings, RealmSettings, RouteSettings,
};
use strowger_diameter::testkit::{DiameterTestKit as _, Peer, Sent, address, settings};
use strowger_testkit::TestKit;

use crate::own::{Subscriber, client, server, subscriber};

fn kit(servers: &[&str]) -> TestKit {
    TestKit::strict()
        .adaptor_with("diameter", strowger_diameter::adaptor(), settings(servers))
        .service(server())
        .service(client())
}

fn states(slee: &TestKit) -> Vec<String> {
    let state = |part: Report| format!("{} {}", part.name, part.state);
    slee.report("diameter").into_iter().map(state).collect()
}

fn ask(peer: &Peer, realm: &str) -> Sent {
    ask_for(peer, realm, "yes")
}

fn ask_for(peer: &Peer, realm: &str, context: &str) -> Sent {
    peer.request(&credit::CREDIT_CONTROL_COMMAND, |ccr| {
        ccr.avp(&base::DESTINATION_REALM, realm);
        ccr.avp(&base::AUTH_APPLICATION_ID, 4_u32);
        ccr.avp(&credit::SERVICE_CONTEXT_ID, context);
        ccr.avp(&credit::CC_REQUEST_TYPE, 1_i32);
        ccr.avp(&credit::CC_REQUEST_NUMBER, 0_u32);
    })
}

#[test]
fn peers_come_go_and_are_put_out_of_service_while_the_node_runs() {
    let mut slee = kit(&["a.example"]);
    let a = slee.diameter().server("a.example");
    a.expect_up();
    let b = slee.diameter().server("b.example");
    let mut two = settings(&["a.example", "b.example"]);
    slee.configure("diameter", &two);
    b.expect_up();
    assert_eq!(states(&slee), ["a.example open", "b.example open"]);
    two.peers.get_mut("a").unwrap().enabled = false;
    slee.configure("diameter", &two);
    a.expect_down();
    slee.advance(secs(60));
    assert!(!a.is_up() && b.is_up());
    assert_eq!(states(&slee), ["a.example disabled", "b.example open"]);
    slee.configure("diameter", &settings(&["a.example"]));
    b.expect_down();
    slee.advance(secs(60));
    assert!(a.is_up() && !b.is_up());
    assert_eq!(states(&slee), ["a.example open"]);
}

#[test]
fn of_peers_that_a_rule_lets_in_nothing_is_kept_and_no_alarm_stands() {
    let mut slee = kit(&[]);
    for n in 0..20 {
        let peer = slee.diameter().client(&format!("p{n}.example"));
        peer.close();
        slee.advance(millis(10));
    }
    assert_eq!(slee.alarms(), Vec::<String>::new());
}

#[test]
fn a_silent_peer_is_suspected_and_then_given_up() {
    let mut slee = kit(&["a.example"]);
    let a = slee.diameter().server("a.example");
    a.expect_up();
    a.freeze(true);
    slee.advance(secs(65));
    assert_eq!(states(&slee), ["a.example suspect"]);
    slee.advance(secs(32));
    assert_eq!(slee.alarms(), ["peers raised", "realms raised"]);
    a.freeze(false);
    slee.advance(secs(200));
    assert_eq!(states(&slee), ["a.example open"]);
}

#[test]
fn a_peer_over_tls_has_a_certificate_for_its_name() {
    let mut own = settings(&["a.example"]);
    let mut listener = ListenerSettings::new("127.0.0.1:5868".parse().unwrap());
    listener.tls = Some(Tls::new("node.pem", "node.key"));
    own.listeners.insert("tls".to_owned(), listener);
    own.peers.get_mut("a").unwrap().tls = true;
    let mut slee = TestKit::none().adaptor_with("diameter", strowger_diameter::adaptor(), own);
    let certificate = |name: &str| Certificate {
        verified: true,
        dns: vec![name.to_owned()],
        ..Certificate::default()
    };
    let at = address("a.example").to_string();
    slee.certificate(&at, certificate("mallory.example"));
    let a = slee.diameter().server("a.example");
    slee.advance(secs(20));
    assert!(!a.is_up());
    slee.certificate(&at, certificate("a.example"));
    a.expect_up();
}

#[test]
fn requests_for_other_realms_are_relayed_or_redirected_as_settings_say() {
    let mut own = settings(&["a.example"]);
    let relay = RealmSettings {
        action: ActionSetting::Relay,
        ..RealmSettings::by("far.example", &["a"])
    };
    let redirect = RealmSettings {
        action: ActionSetting::Redirect,
        redirect_hosts: vec!["aaa://other.example:3868".to_owned()],
        ..RealmSettings::by("gone.example", &[])
    };
    own.realms = BTreeMap::from([("far".to_owned(), relay), ("gone".to_owned(), redirect)]);
    let slee = TestKit::strict()
        .adaptor_with("diameter", strowger_diameter::adaptor(), own)
        .service(server());
    let a = slee.diameter().server("a.example");
    a.expect_up();
    let gateway = slee.diameter().client("gw.example");
    let relayed = ask(&gateway, "far.example");
    let asked = a.expect(&credit::CREDIT_CONTROL_COMMAND);
    assert!(asked.message().has_route_record("gw.example"));
    assert_eq!(
        asked.message().header().end_to_end,
        relayed.message().header().end_to_end
    );
    asked.answer(2001);
    relayed.expect(2001);
    let redirected = ask(&gateway, "gone.example").expect(3006);
    let host = redirected.find(&base::REDIRECT_HOST).unwrap();
    assert_eq!(host.utf8(), Ok("aaa://other.example:3868"));
    ask(&gateway, "unknown.example").expect(3003);
    ask(&gateway, "example").expect(2001);
}

#[test]
fn a_service_answers_requests_for_another_realm_or_sends_them_on() {
    let mut own = settings(&["a.example"]);
    let proxy = RealmSettings {
        action: ActionSetting::Proxy,
        ..RealmSettings::by("far.example", &["a"])
    };
    own.realms = BTreeMap::from([("far".to_owned(), proxy)]);
    let mut slee = TestKit::strict()
        .adaptor_with("diameter", strowger_diameter::adaptor(), own)
        .service(server());
    let a = slee.diameter().server("a.example");
    a.expect_up();
    let gateway = slee.diameter().client("gw.example");
    ask_for(&gateway, "far.example", "yes").expect(2001);
    let sent_on = ask_for(&gateway, "far.example", "on");
    let asked = a.expect(&credit::CREDIT_CONTROL_COMMAND);
    assert!(asked.message().has_route_record("gw.example"));
    asked.answer(4010);
    sent_on.expect(4010);
    a.close();
    slee.advance(millis(10));
    ask_for(&gateway, "far.example", "on").expect(3002);
}

#[test]
fn a_node_that_is_short_of_something_says_so_in_its_answers() {
    let mut own = settings(&[]);
    own.overload.enabled = true;
    let mut slee = TestKit::strict()
        .adaptor_with("diameter", strowger_diameter::adaptor(), own)
        .service(server());
    let gateway = slee.diameter().client("gw.example");
    let ask = || {
        gateway.request(&credit::CREDIT_CONTROL_COMMAND, |ccr| {
            ccr.avp(&base::AUTH_APPLICATION_ID, 4_u32);
            ccr.avp(&credit::SERVICE_CONTEXT_ID, "yes");
            ccr.avp(&credit::CC_REQUEST_TYPE, 1_i32);
            ccr.avp(&credit::CC_REQUEST_NUMBER, 0_u32);
            ccr.group(&overload::OC_SUPPORTED_FEATURES, |features| {
                features.avp(&overload::OC_FEATURE_VECTOR, 1_u64);
            });
        })
    };
    assert!(ask().expect(2001).find(&overload::OC_OLR).is_none());
    slee.refuse_new(true);
    let report = |code| {
        let answer = ask().expect(code);
        let report = answer.find(&overload::OC_OLR);
        format!("{:?}", report.expect("a report"))
    };
    let first = report(3004);
    // What is refused changes from one moment to the next; the report does not.
    slee.refuse_new(false);
    assert_eq!(report(2001), first);
    slee.refuse_new(true);
    assert_eq!(report(3004), first);
    slee.refuse_new(false);
    slee.advance(Duration::from_secs(1));
    assert_ne!(report(2001), first, "it is over");
}

#[test]
fn notifications_find_the_subscription_of_their_user() {
    let mut own = settings(&["hss.example"]);
    own.applications = vec![sh::SH];
    let mut slee = TestKit::strict()
        .adaptor_with("diameter", strowger_diameter::adaptor(), own)
        .service(subscriber());
    let hss = slee.diameter().server("hss.example");
    hss.expect_up();
    // The service subscribes when the peer is up.
    let snr = hss.expect(&sh::SUBSCRIBE_NOTIFICATIONS);
    assert!(
        snr.message()
            .find(&base::VENDOR_SPECIFIC_APPLICATION_ID)
            .is_some()
    );
    let until = i64::try_from(slee.now().wall.0 / 1_000 + 3_600).unwrap();
    let until = strowger_diameter::proto::wire::Time::from_unix(until).unwrap();
    snr.answer_with(2001, |sna| {
        sna.avp(&base::AUTH_SESSION_STATE, 1_i32);
        sna.avp(&sh::EXPIRY_TIME, until);
    });
    slee.advance(secs(1));
    slee.crash_and_restart();
    hss.expect_up();
    let notify = |user: &str| {
        hss.request(&sh::PUSH_NOTIFICATION, |pnr| {
            pnr.group(&base::VENDOR_SPECIFIC_APPLICATION_ID, |app| {
                app.avp(&base::VENDOR_ID, 10_415_u32);
                app.avp(&base::AUTH_APPLICATION_ID, sh::SH);
            });
            pnr.avp(&base::AUTH_SESSION_STATE, 1_i32);
            pnr.avp(&base::DESTINATION_HOST, "node.example");
            pnr.group(&sh::USER_IDENTITY, |id| {
                id.avp(&strowger_diameter::proto::dict::cx::PUBLIC_IDENTITY, user);
            });
            pnr.avp(&sh::USER_DATA, [1, 2, 3]);
        })
    };
    notify("sip:alice@example").expect(2001);
    notify("sip:bob@example").expect(5012);
    assert_eq!(slee.states::<Subscriber>()[0].notified, 1);
    slee.advance(secs(3_700));
    assert_eq!(
        slee.states::<Subscriber>().len(),
        0,
        "the subscription has ended"
    );
}

#[test]
fn settings_that_cannot_work_are_refused_with_their_key() {
    let verify = |own: &strowger_diameter::Settings| {
        let def = strowger_diameter::adaptor();
        (def.verify)(own).map_err(|error| error.key)
    };
    let good = settings(&["a.example"]);
    assert_eq!(verify(&good), Ok(()));
    let mut own = good.clone();
    own.origin_host = "not a name".to_owned();
    assert_eq!(verify(&own), Err("origin_host".to_owned()));
    let mut own = good.clone();
    own.listeners.clear();
    assert_eq!(verify(&own), Err("listeners".to_owned()));
    let mut own = good.clone();
    own.peers.get_mut("a").unwrap().tls = true;
    assert_eq!(verify(&own), Err("peers.a.tls".to_owned()));
    let mut own = good.clone();
    own.peers
        .insert("b".to_owned(), PeerSettings::connecting("A.example"));
    assert_eq!(verify(&own), Err("peers.b.host".to_owned()));
    let mut own = good.clone();
    own.realms
        .get_mut("any")
        .unwrap()
        .peers
        .insert("x".to_owned(), RouteSettings::default());
    assert_eq!(verify(&own), Err("realms.any.peers.x".to_owned()));
    let mut own = good.clone();
    own.timers.watchdog = secs(5);
    assert_eq!(verify(&own), Err("timers.watchdog".to_owned()));
    let mut own = good;
    own.applications.push(99);
    assert_eq!(verify(&own), Err("applications".to_owned()));
}
