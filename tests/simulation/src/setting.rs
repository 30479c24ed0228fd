//! What a run is made of: services in their classes, and how their node is set up.

use strowger::prelude::*;
use strowger_b2bua::Route;
use strowger_testkit::{Durability, TestKit};

use crate::dice::Dice;
use crate::ledger;
use crate::sabotage::{Flaw, Sabotage};

/// Longer than any run.
pub(crate) const LONGEST: Duration = minutes(30);

/// What is drawn before a run begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// Of the services of calls.
    pub(crate) calls: Durability,
    /// Of those of texts.
    pub(crate) texts: Durability,
    /// How long calls may last. What nobody ends, because the node came back with a call that was over, ends by that.
    pub(crate) longest: Duration,
    ringing: Duration,
    early_durable: bool,
    flaw: Option<Flaw>,
}

impl Setting {
    pub(crate) fn draw(dice: &mut Dice, sabotage: Option<Sabotage>) -> Self {
        let mut class = || match dice.up_to(9) {
            0..=5 => Durability::Strict,
            6 | 7 => Durability::Relaxed,
            _ => Durability::None,
        };
        let (calls, texts) = (class(), class());
        let spoilt = sabotage.is_some();
        Self {
            // What is spoilt is to be seen by promises being broken, so they are made.
            calls: if spoilt { Durability::Strict } else { calls },
            texts: if spoilt { Durability::Strict } else { texts },
            longest: if dice.percent(25) {
                secs(20 + dice.up_to(40))
            } else {
                LONGEST
            },
            ringing: if dice.coin() {
                Duration::ZERO
            } else {
                dice.millis(4_000)
            },
            early_durable: dice.coin(),
            flaw: match sabotage {
                Some(Sabotage::Ledger(flaw)) => Some(flaw),
                Some(Sabotage::LyingDisk | Sabotage::LyingDiskUnwatched) | None => None,
            },
        }
    }

    /// The node, not started yet.
    pub(crate) fn node(&self, seed: u64) -> TestKit {
        let route = Route {
            prefix: Some("b".to_owned()),
            open: true,
            ..Route::default()
        };
        let b2bua = strowger_b2bua::Settings {
            routes: vec![route],
            no_answer: secs(20),
            max_call: self.longest,
            early_durable: self.early_durable,
            ..strowger_b2bua::Settings::default()
        };
        let uas = strowger_uas::Settings {
            ringing: self.ringing,
            call_length: self.longest,
            ..strowger_uas::Settings::default()
        };
        let wakeup = strowger_wakeup::Settings::default();
        let flawed = ledger::Settings { flaw: self.flaw };
        TestKit::strict()
            .seed(seed)
            .adaptor(strowger_sip::adaptor())
            .service_in(self.calls, strowger_b2bua::service(), b2bua)
            .service_in(self.calls, strowger_uas::service(), uas)
            .service_in(self.texts, strowger_wakeup::service(), wakeup)
            .service_in(self.texts, ledger::service(), flawed)
    }
}
