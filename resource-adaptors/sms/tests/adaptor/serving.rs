//! ESMEs bind, submit, ask and cancel.

use std::net::SocketAddr;
use std::time::Duration;

use strowger::ra::{Peer, Tls};
use strowger_sms::Settings;
use strowger_sms::proto::session::Mode;
use strowger_sms::proto::wire::{Addr, Cancel, Data, Pdu, Query, Replace, Status, Submit};
use strowger_sms::ra::{AccountSettings, IdSetting, ListenerSettings, RateSettings};
use strowger_sms::testkit::{SmsTestKit as _, esme_address, settings};

use crate::courier::{kit, logs, with_links};

#[test]
fn a_message_is_accepted_and_sent_on() {
    let slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    let sent = shop.submit("41791234567", "hello");
    let id = sent.expect_ok();
    assert!(id.len() == 16 && !id.starts_with('0'), "{id}");
    let submit = up.expect_submit();
    assert_eq!(submit.text(), "hello");
    submit.accept("77");
    up.expect_nothing();
    assert_eq!(logs(&slee), [["up ESME_ROK 77"]]);
}

#[test]
fn a_request_that_no_service_answers_is_answered() {
    let mut slee = with_links(&[]);
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    shop.submit("1", "refuse").expect(Status::RINVDSTADR);
    shop.submit("1", "fail").expect(Status::RSYSERR);
    let ignored = shop.submit("1", "ignore");
    assert!(ignored.find_answer(Duration::from_secs(19)).is_none());
    ignored.expect(Status::RSYSERR);
    slee.advance(Duration::from_secs(1));
    assert_eq!(slee.counts().activities, 1); // the session's
}

#[test]
fn a_command_that_no_service_receives_is_answered() {
    let slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    let nothing = Pdu::DataSm(Data::default());
    shop.request(&nothing).expect(Status::RSYSERR);
    up.request(&nothing).expect(Status::RSYSERR);
    shop.submit("1", "hello").expect_ok();
    up.expect_submit().accept("77");
}

#[test]
fn a_bind_is_refused_for_what_is_wrong_with_it() {
    let slee = with_links(&[]);
    let sms = slee.sms();
    assert_eq!(
        sms.esme("nobody").try_bind(Mode::Transceiver, "secret"),
        Status::RINVPASWD
    );
    assert_eq!(
        sms.esme("shop").try_bind(Mode::Transceiver, "wrong"),
        Status::RINVPASWD
    );
    assert_eq!(
        sms.esme("shop").try_bind(Mode::Transceiver, "secret"),
        Status::ROK
    );
    let again = sms.esme("shop").try_bind(Mode::Transceiver, "secret");
    assert_eq!(again, Status::RALYBND);
}

#[test]
fn who_guesses_passwords_is_held_up_and_then_shut_out() {
    let mut settings = settings(&["shop"], &[]);
    settings.limits.refused_binds = 3;
    let mut slee = kit(settings);
    let sms = slee.sms();
    for _ in 0..3 {
        let began = slee.now().mono;
        let status = sms.esme("shop").try_bind(Mode::Transceiver, "wrong");
        assert_eq!(status, Status::RINVPASWD);
        assert!(slee.now().mono - began >= Duration::from_secs(1));
        sms.esme("shop").close();
    }
    assert_eq!(
        sms.esme("shop").try_bind(Mode::Transceiver, "secret"),
        Status::RBINDFAIL
    );
    assert_eq!(
        sms.esme_named("shop", "elsewhere")
            .try_bind(Mode::Transceiver, "secret"),
        Status::ROK
    );
    slee.advance(Duration::from_secs(61));
    assert_eq!(
        sms.esme("shop").try_bind(Mode::Transceiver, "secret"),
        Status::ROK
    );
}

#[test]
fn an_account_has_so_many_sessions_and_no_more() {
    let mut settings = settings(&["shop"], &[]);
    account(&mut settings).binds = 2;
    let slee = kit(settings);
    let sms = slee.sms();
    let esmes = ["a", "b", "c"].map(|name| sms.esme_named("shop", name));
    esmes[0].bind(Mode::Transmitter, "secret");
    esmes[1].bind(Mode::Receiver, "secret");
    assert_eq!(
        esmes[2].try_bind(Mode::Transceiver, "secret"),
        Status::RALYBND
    );
    esmes[0].unbind();
    assert_eq!(esmes[2].try_bind(Mode::Transceiver, "secret"), Status::ROK);
}

#[test]
fn a_rate_counts_parts_and_destinations() {
    let mut settings = settings(&["shop"], &["up"]);
    account(&mut settings).rates = RateSettings {
        second: Some(10),
        ..RateSettings::default()
    };
    let mut slee = kit(settings);
    slee.sms().smsc("up").take_all();
    slee.sms().smsc("up").expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    slee.advance(Duration::from_secs(1));
    let long = "x".repeat(250);
    let statuses: Vec<Status> = (0..6)
        .map(|_| shop.submit("1", &long).expect_answer().status())
        .collect();
    let (ok, no) = (Status::ROK, Status::RTHROTTLED);
    assert_eq!(statuses, [ok, ok, ok, ok, ok, no]);
    slee.advance(Duration::from_secs(1));
    shop.submit("1", "short").expect(ok);
}

#[test]
fn an_account_submits_from_its_own_addresses() {
    let mut settings = settings(&["shop"], &[]);
    account(&mut settings).sources = vec!["4179*".to_owned()];
    let slee = kit(settings);
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    shop.submit("1", "hello").expect(Status::RINVSRCADR);
    let own = Submit {
        source: Addr::new(1, 1, b"41790001122"),
        dest: Addr::new(1, 1, b"1"),
        short_message: b"hello",
        ..Submit::default()
    };
    shop.submit_with(&own).expect_ok();
}

#[test]
fn a_message_is_asked_for_and_cancelled_by_its_id() {
    let mut settings = settings(&["shop"], &["up"]);
    account(&mut settings).ids = IdSetting::Decimal;
    let slee = kit(settings);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    let id = shop.submit("1", "hello").expect_ok();
    assert!(
        id.len() >= 19 && id.bytes().all(|byte| byte.is_ascii_digit()),
        "{id}"
    );
    let query = |id: &str| {
        let message_id = id.as_bytes();
        shop.request(&Pdu::QuerySm(Query {
            message_id,
            ..Query::default()
        }))
    };
    let cancel = |id: &str| {
        let message_id = id.as_bytes();
        shop.request(&Pdu::CancelSm(Cancel {
            message_id,
            ..Cancel::default()
        }))
    };
    let answer = query(&id).expect(Status::ROK);
    assert!(
        matches!(answer.view(), Pdu::QuerySmResp(answer) if answer.message_id == id.as_bytes())
    );
    let replace = |id: &str| {
        let message_id = id.as_bytes();
        shop.request(&Pdu::ReplaceSm(Replace {
            message_id,
            ..Replace::default()
        }))
    };
    for other in ["", "77", "1234567890abcdef", "1234567890123456789"] {
        query(other).expect(Status::RQUERYFAIL);
        cancel(other).expect(Status::RCANCELFAIL);
        replace(other).expect(Status::RREPLACEFAIL);
    }
    cancel(&id).expect(Status::ROK);
    query(&id).expect(Status::RQUERYFAIL);
}

#[test]
fn a_mobile_originated_message_goes_to_an_esme_that_receives() {
    let slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind(Mode::Transmitter, "secret");
    up.deliver("4179", "12345", "nobody").expect_ok();
    assert_eq!(logs(&slee), [["NoLink"]]);
    let receiver = slee.sms().esme_named("shop", "receiver");
    receiver.bind(Mode::Receiver, "secret");
    up.deliver("4179", "12345", "hello").expect_ok();
    let got = receiver.expect_deliver();
    assert_eq!(got.text(), "hello");
    got.accept("");
    shop.expect_nothing();
}

#[test]
fn a_node_that_is_told_to_stop_finishes_and_unbinds() {
    let mut slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    shop.submit("1", "hello").expect_ok();
    let asked = up.expect_submit();
    slee.stop();
    slee.advance(Duration::from_secs(1));
    assert!(up.is_bound() && !slee.is_quiet());
    asked.accept("77");
    up.expect_unbound();
    shop.expect_unbound();
    slee.advance(Duration::from_secs(1));
    assert!(slee.is_quiet());
}

#[test]
fn settings_that_change_are_taken_over_while_sessions_stand() {
    let before = settings(&["shop", "other"], &["up"]);
    let mut slee = kit(before.clone());
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let (shop, other) = (slee.sms().esme("shop"), slee.sms().esme("other"));
    shop.bind_transceiver("secret");
    other.bind_transceiver("secret");
    let mut after = before;
    after.accounts.remove("other");
    account(&mut after).rates.second = Some(1);
    after.links.clear();
    after.groups.clear();
    slee.configure("sms", &after);
    other.expect_unbound();
    up.expect_unbound();
    shop.submit("1", "first").expect_ok();
    shop.submit("1", "second").expect(Status::RTHROTTLED);
    assert_eq!(
        other.try_bind(Mode::Transceiver, "secret"),
        Status::RINVPASWD
    );
}

#[test]
fn an_account_that_must_use_tls_shows_its_certificate() {
    let mut settings = settings(&["bank"], &[]);
    let tls = ListenerSettings {
        tls: Some(Tls::new("node.pem", "node.key")),
        ..ListenerSettings::new(SocketAddr::from(([127, 0, 0, 1], 3550)))
    };
    settings.listeners.insert("tls".to_owned(), tls);
    let account = settings.accounts.entry("bank".to_owned()).or_default();
    account.certificate = Some("esme.bank.example".to_owned());
    let slee = kit(settings);
    let plain = slee.sms().esme_named("bank", "plain");
    assert_eq!(
        plain.try_bind(Mode::Transceiver, "secret"),
        Status::RBINDFAIL
    );
    let certificate = |name: &str| Peer {
        verified: true,
        dns: vec![name.to_owned()],
        ..Peer::default()
    };
    let at = esme_address("bank").to_string();
    let bank = slee.sms().secure_esme("bank");
    slee.certificate(&at, certificate("esme.other.example"));
    assert_eq!(
        bank.try_bind(Mode::Transceiver, "secret"),
        Status::RBINDFAIL
    );
    bank.close();
    slee.certificate(&at, certificate("esme.bank.example"));
    bank.bind_transceiver("secret");
    bank.submit("1", "hello").expect_ok();
}

fn account(settings: &mut Settings) -> &mut AccountSettings {
    settings.accounts.entry("shop".to_owned()).or_default()
}
