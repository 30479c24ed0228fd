//! The gateway before scripted ESMEs, message centres, programs and phones, in virtual time.

mod chaos;
mod failing;
mod http;
mod parts;
mod phones;
mod queued;
mod recorded;
mod records;
mod requests;
mod store;

use strowger_sms::proto::wire::{Addr, Submit};
use strowger_sms::testkit::{Esme, SmsTestKit as _, Smsc, settings};
use strowger_sms_gateway::{Settings, service};
use strowger_testkit::TestKit;

/// Where most messages go.
const NUMBER: &str = "41791234567";

/// Settings without chance.
fn conf(text: &str) -> Settings {
    let text = format!("retry.jitter = 0\nreceipts.retry.jitter = 0\n{text}");
    toml::from_str(&text).expect("settings")
}

/// A gateway between the account `shop` and the link `up`.
fn gateway(text: &str) -> (TestKit, Esme, Smsc) {
    gateway_with(TestKit::strict(), text)
}

fn gateway_with(kit: TestKit, text: &str) -> (TestKit, Esme, Smsc) {
    gateway_on(kit, settings(&["shop"], &["up"]), text)
}

fn gateway_on(kit: TestKit, sms: strowger_sms::Settings, text: &str) -> (TestKit, Esme, Smsc) {
    let routes = "routes = [{ link = \"up\" }]\nincoming = [{ account = \"shop\" }]\n";
    let kit = kit
        .adaptor_with("sms", strowger_sms::adaptor(), sms)
        .service_with(service(), conf(&format!("{routes}{text}")));
    let up = kit.sms().smsc("up");
    up.expect_bound();
    let shop = kit.sms().esme("shop");
    shop.bind_transceiver("secret");
    (kit, shop, up)
}

/// A message that wants a receipt of its end.
fn registered(text: &str) -> Submit<'_> {
    Submit {
        source: Addr::new(1, 1, b"12345"),
        dest: Addr::new(1, 1, NUMBER.as_bytes()),
        registered_delivery: 1,
        short_message: text.as_bytes(),
        ..Submit::default()
    }
}

/// One that wants none.
fn plain(text: &str) -> Submit<'_> {
    Submit {
        registered_delivery: 0,
        ..registered(text)
    }
}

/// Nothing is left, and nothing went wrong on the way.
fn nothing_left(kit: &mut TestKit) {
    kit.advance(strowger::time::millis(10));
    let messages = kit.states::<strowger_sms_gateway::Gateway>().len();
    assert_eq!(messages, 0, "{}", kit.ladder());
    assert!(kit.rolled_back().is_empty(), "{:?}", kit.rolled_back());
}
