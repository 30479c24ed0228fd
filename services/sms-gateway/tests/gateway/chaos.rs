//! Many messages, a message centre that throttles, fails and does not answer, senders that take messages back, crashes at any
//! time: none that was accepted is lost, none is sent after it was cancelled, and each has one record.

use std::collections::{BTreeMap, BTreeSet};

use strowger::prelude::*;
use strowger_records::testkit::{RecordsTestKit as _, Written};
use strowger_sms::proto::receipt::State as Outcome;
use strowger_sms::proto::wire::{Addr, Cancel, Pdu, Status, command};
use strowger_sms::testkit::{Esme, Smsc, settings};
use strowger_testkit::TestKit;

use crate::{NUMBER, gateway_on, registered};

/// Chance that repeats from its seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// Messages of one run.
const MESSAGES: usize = 40;

/// The message centre: it throttles, fails, and does not always answer.
#[derive(Default)]
struct Centre {
    seed: u64,
    arrived: BTreeSet<String>,
    ids: u64,
}

impl Centre {
    fn serve(
        &mut self,
        kit: &mut TestKit,
        up: &Smsc,
        chance: &mut Chance,
        cancelled: &BTreeSet<String>,
    ) {
        while let Some(got) = up.find(command::SUBMIT_SM, millis(1)) {
            let text = got.text();
            assert!(
                !cancelled.contains(&text),
                "seed {}: {text} {}",
                self.seed,
                kit.ladder()
            );
            match chance.below(6) {
                0 => got.answer(Status::RSYSERR),
                1 => got.answer(Status::RTHROTTLED),
                2 => {}
                _ => {
                    self.arrived.insert(text);
                    self.ids += 1;
                    let id = format!("{:x}", self.ids);
                    got.accept(&id);
                    // The centre tells again what was not acknowledged.
                    for _ in 0..50 {
                        let receipt = up.receipt(&id, Outcome::Delivered, NUMBER);
                        match receipt.find_answer(secs(2)) {
                            Some(_) => break,
                            None => kit.advance(secs(20)),
                        }
                    }
                }
            }
        }
    }
}

/// How many were cancelled.
fn run(seed: u64) -> usize {
    let mut chance = Chance(seed);
    let mut sms = settings(&["shop"], &["up"]);
    // Some wait for their turn.
    sms.links.get_mut("up").expect("the link").window = 1 + (seed % 4) as u32;
    let retry = "retry.first = \"5s\"\nretry.second = \"5s\"\nretry.longest = \"20s\"";
    let with_records = TestKit::strict().adaptor(strowger_records::adaptor());
    let (mut kit, shop, up) = gateway_on(with_records, sms, retry);
    let records = kit.records();
    let (mut accepted, mut told) = (BTreeSet::new(), BTreeSet::new());
    let mut centre = Centre {
        seed,
        ..Centre::default()
    };
    let mut cancelled = BTreeSet::new();
    let (mut sent, mut rounds) = (0, 0);
    while told.len() < accepted.len() || sent < MESSAGES {
        rounds += 1;
        assert!(
            rounds < 5_000,
            "seed {seed}: {accepted:?} {told:?} {}",
            kit.ladder()
        );
        if !shop.is_bound() {
            shop.bind_transceiver("secret");
        }
        if sent < MESSAGES && chance.below(2) == 0 {
            let text = format!("m{sent}");
            let asked = shop.submit_with(&registered(&text));
            sent += 1;
            match chance.below(8) {
                // Nobody has seen an answer: it may be lost.
                0 => kit.crash_losing_unsynced(),
                _ => {
                    accepted.insert((asked.expect_ok(), text));
                }
            }
        }
        centre.serve(&mut kit, &up, &mut chance, &cancelled);
        while let Some(got) = shop.find(command::DELIVER_SM, millis(1)) {
            told.insert(got.receipt().id);
            got.answer(Status::ROK);
        }
        let known = u64::try_from(accepted.len()).unwrap_or(1).max(1);
        let place = usize::try_from(chance.below(known)).unwrap_or(0);
        if let Some((id, text)) = accepted.iter().nth(place).filter(|_| shop.is_bound())
            && chance.below(4) == 0
            && cancel(&shop, id) == Status::ROK
        {
            cancelled.insert(text.clone());
        }
        if chance.below(20) == 0 {
            kit.crash_losing_unsynced();
        }
        kit.advance(millis(chance.below(4_000)));
        told.retain(|id| accepted.iter().any(|(known, _)| known == id));
    }
    for (_, text) in &accepted {
        assert!(
            centre.arrived.contains(text) || cancelled.contains(text),
            "seed {seed}: {text} {}",
            kit.ladder()
        );
    }
    assert_each_has_one_record(seed, &records, &accepted);
    assert!(
        kit.rolled_back().is_empty(),
        "seed {seed}: {:?}",
        kit.rolled_back()
    );
    cancelled.len()
}

fn assert_each_has_one_record(seed: u64, records: &Written, accepted: &BTreeSet<(String, String)>) {
    let mut recorded: BTreeMap<String, u32> = BTreeMap::new();
    for record in records.of("message") {
        let id = record["message_id"].as_str().expect("an id");
        *recorded.entry(id.to_owned()).or_default() += 1;
    }
    assert!(
        recorded.values().all(|n| *n == 1),
        "seed {seed}: {recorded:?}"
    );
    for (id, text) in accepted {
        assert!(
            recorded.contains_key(id),
            "seed {seed}: no record of {text}, {id}: {recorded:?}"
        );
    }
}

/// What the gateway says to that.
fn cancel(shop: &Esme, id: &str) -> Status {
    let cancel = Pdu::CancelSm(Cancel {
        message_id: id.as_bytes(),
        source: Addr::new(1, 1, b"12345"),
        ..Cancel::default()
    });
    shop.request(&cancel).expect_answer().status()
}

#[test]
fn nothing_that_was_accepted_is_lost() {
    let cancelled: usize = (0..8).map(run).sum();
    assert!(cancelled > 0);
}
