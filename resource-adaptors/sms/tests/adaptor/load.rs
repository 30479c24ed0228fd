//! Peers that ask for more than they should, or do not take what they get: they are held up, and nobody else is.

use std::time::Duration;

use strowger_sms::proto::session::Mode;
use strowger_sms::proto::wire::{Addr, Pdu, Status, Submit};
use strowger_sms::testkit::{SmsTestKit as _, settings};

use crate::courier::{kit, logs};

/// A submit_sm with this number.
fn submit(sequence: u32, text: &str) -> Vec<u8> {
    let submit = Submit {
        dest: Addr::new(1, 1, b"41791234567"),
        short_message: text.as_bytes(),
        ..Submit::default()
    };
    let bytes = Pdu::SubmitSm(submit).encode(Status::ROK, sequence);
    bytes.map(|bytes| bytes.to_vec()).unwrap_or_default()
}

#[test]
fn a_hot_account_is_held_up_and_no_other() {
    let mut slee = kit(settings(&["hot", "shop"], &[]));
    let (hot, shop) = (slee.sms().esme("hot"), slee.sms().esme("shop"));
    hot.bind_transceiver("secret");
    shop.bind_transceiver("secret");
    // In one piece, as a peer with a great window writes it; no service answers any of it.
    let all: Vec<u8> = (100..2_100).flat_map(|n| submit(n, "ignore")).collect();
    hot.send_bytes(&all);
    slee.advance(Duration::from_secs(1));
    let open = |name: &str| {
        let report = slee.report("sms").into_iter();
        let mut parts = report.filter(|part| part.name == format!("account {name}"));
        parts.next().unwrap().counts["to_answer"]
    };
    assert_eq!(open("hot"), 100);
    shop.submit("1", "hello").expect_ok();
    assert_eq!(open("shop"), 0);
    // Each is answered in the end, and none is lost or answered twice.
    let mut answers = 0;
    while let Some(asked) = hot.find_response(Duration::from_secs(30)) {
        assert_eq!(asked.status(), Status::RSYSERR);
        answers += 1;
    }
    assert_eq!(answers, 2_000);
    slee.advance(Duration::from_secs(1));
    shop.submit("1", "still").expect_ok();
}

#[test]
fn an_esme_that_does_not_answer_gets_a_window_and_no_more() {
    let mut settings = settings(&["shop"], &["up"]);
    settings.timers.enquire_link = Duration::ZERO;
    let account = settings.accounts.entry("shop".to_owned()).or_default();
    (account.window, account.queue) = (50, 200);
    let mut slee = kit(settings);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind(Mode::Receiver, "secret");
    for n in 0..300 {
        up.deliver("4179", "12345", &n.to_string()).expect_ok();
    }
    let full = logs(&slee)
        .into_iter()
        .flatten()
        .filter(|log| log == "Full");
    assert_eq!(full.count(), 50);
    let window: Vec<_> = (0..50).map(|_| shop.expect_deliver()).collect();
    shop.expect_nothing();
    slee.advance(Duration::from_secs(4));
    shop.expect_nothing();
    for (n, asked) in window.iter().enumerate() {
        assert_eq!(asked.text(), n.to_string());
        asked.accept("");
    }
    for n in 50..250 {
        let asked = shop.expect_deliver();
        assert_eq!(asked.text(), n.to_string());
        asked.accept("");
    }
    shop.expect_nothing();
}

#[test]
fn what_waits_for_a_slow_reader_fits_into_its_write_buffer() {
    let mut settings = settings(&["shop"], &["up"]);
    settings.limits.write_buffer_bytes = 65_536;
    let account = settings.accounts.entry("shop".to_owned()).or_default();
    (account.window, account.queue) = (100_000, 100_000);
    let slee = kit(settings);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind(Mode::Receiver, "secret");
    let text = "x".repeat(140);
    for _ in 0..1_000 {
        up.deliver("4179", "12345", &text).expect_ok();
    }
    let mut came = Vec::new();
    while let Some(asked) = shop.find(5, Duration::ZERO) {
        came.push(asked);
    }
    assert!((100..200).contains(&came.len()), "{}", came.len());
    shop.take_all();
    came.iter().for_each(|asked| asked.accept(""));
    assert_eq!(came.len() + shop.taken().len(), 1_000);
}

#[test]
fn messages_that_wait_for_a_link_that_is_taken_away_are_told() {
    let before = settings(&["shop"], &["up"]);
    let mut slee = kit(before.clone());
    let up = slee.sms().smsc("up");
    up.expect_bound();
    up.answer_binds(Status::RALYBND);
    up.close();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    shop.submit("1", "wait").expect_ok();
    assert_eq!(logs(&slee), [["NoLink"]]);
    let mut after = before;
    after.links.clear();
    after.groups.clear();
    slee.configure("sms", &after);
    slee.advance(Duration::from_secs(1));
    assert_eq!(logs(&slee), [["NoLink", "available", "Unknown"]]);
}

/// Whatever an ESME and a message centre write, nobody else is the worse for it, and all that goes out is well formed: the
/// scripted peers read it.
#[test]
fn what_is_mangled_harms_nobody_else() {
    let mut slee = kit(settings(&["hot", "shop"], &["up"]));
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let (hot, shop) = (slee.sms().esme("hot"), slee.sms().esme("shop"));
    shop.bind_transceiver("secret");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for n in 0..1_000 {
        if !hot.is_bound() {
            hot.close();
            hot.try_bind(Mode::Transceiver, "secret");
        }
        let mut bytes = submit(n, "id:77 stat:DELIVRD err:000 text:");
        bytes.extend(submit(n + 5_000, "hello"));
        // As from a message centre, and as a receipt, every other time.
        bytes[7] = if n % 2 == 0 { 4 } else { 5 };
        bytes[34] = if n % 4 == 1 { 4 } else { 0 };
        for _ in 0..1 + random(4) {
            let place = random(bytes.len());
            bytes[place] = random(256) as u8;
        }
        match n % 2 {
            0 => hot.send_bytes(&bytes),
            _ if up.is_bound() => up.send_bytes(&bytes),
            _ => {}
        }
        if n % 50 == 0 {
            slee.advance(Duration::from_secs(2));
            shop.submit("1", "hello").expect_ok();
        }
    }
    slee.advance(Duration::from_secs(120));
    shop.submit("1", "hello").expect_ok();
    assert_eq!(slee.counter("sms.records_unwritable"), 0);
}
