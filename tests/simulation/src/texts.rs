//! Those who write to the node: marks for the ledgers, and orders to be woken.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use strowger_sip::testkit::{Call, SipPeers};

use crate::dice::Dice;
use crate::ledger::{Carbon, Ledger};

/// Ledgers that there are.
const LEDGERS: u64 = 3;
const TEXT: &[&str] = &["Content-Type: text/plain"];

/// A text that waits for its answer.
struct Sent {
    call: Call,
    what: What,
}

enum What {
    Mark { mark: String, poisoned: bool },
    Order { who: String },
    Close { ledger: u64 },
}

/// Everybody who writes, and what they were promised.
#[derive(Default)]
pub(crate) struct Texts {
    sent: Vec<Sent>,
    /// Marks of which it was said that they are written down.
    noted: BTreeSet<String>,
    /// Marks whose delivery fails.
    poisoned: BTreeSet<String>,
    /// Who has ordered to be woken, and how often that has happened.
    wakes: BTreeMap<String, u32>,
    /// Who was promised that.
    promised: BTreeSet<String>,
    closed: BTreeSet<u64>,
    number: usize,
}

impl Texts {
    /// Somebody writes to a ledger.
    pub(crate) fn mark(&mut self, sip: &SipPeers, dice: &mut Dice) {
        self.number += 1;
        let mark = format!("mark{}x", self.number);
        let how = match dice.up_to(19) {
            0 => "panic",
            1 => "fail",
            2 => "deep",
            _ => "well",
        };
        let steps = if dice.percent(5) { 400 } else { dice.up_to(12) };
        let text = format!("note {} {steps} {how}", dice.up_to(20_000));
        let to = format!("ledger{}", dice.up_to(LEDGERS - 1));
        let call = sip.request(
            "MESSAGE",
            &format!("sip:{mark}@m.example"),
            &to,
            TEXT,
            text.as_bytes(),
        );
        let poisoned = how != "well";
        if poisoned {
            self.poisoned.insert(mark.clone());
        }
        self.sent.push(Sent {
            call,
            what: What::Mark { mark, poisoned },
        });
    }

    /// Somebody orders to be woken.
    pub(crate) fn order(&mut self, sip: &SipPeers, dice: &mut Dice) {
        self.number += 1;
        let who = format!("sip:w{}@w.example", self.number);
        let text = format!("wake me in {} minutes", 1 + dice.up_to(2));
        let call = sip.request("MESSAGE", &who, "wakeup", TEXT, text.as_bytes());
        self.wakes.insert(who.clone(), 0);
        self.sent.push(Sent {
            call,
            what: What::Order { who },
        });
    }

    /// Ends all ledgers that have not been ended.
    pub(crate) fn close(&mut self, sip: &SipPeers) {
        for ledger in (0..LEDGERS).filter(|ledger| !self.closed.contains(ledger)) {
            let call = sip.request(
                "MESSAGE",
                "sip:closer@m.example",
                &format!("ledger{ledger}"),
                TEXT,
                b"close",
            );
            self.sent.push(Sent {
                call,
                what: What::Close { ledger },
            });
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        (0..LEDGERS).all(|ledger| self.closed.contains(&ledger))
    }

    /// The process has died, and services are in a class that promises nothing then, also not by answers under way.
    pub(crate) fn forget(&mut self) {
        self.sent.clear();
        self.noted.clear();
        self.promised.clear();
    }

    /// Takes answers, and what wakes somebody.
    ///
    /// # Errors
    /// A text was answered as if its delivery had not failed.
    pub(crate) fn react(&mut self, sip: &SipPeers) -> Result<(), String> {
        for (who, count) in &mut self.wakes {
            while let Some(text) = sip.find("MESSAGE", who) {
                text.respond(200);
                *count += u32::from(text.body().starts_with(b"Wake up!"));
            }
        }
        let mut waiting = Vec::new();
        for sent in std::mem::take(&mut self.sent) {
            match sent
                .call
                .next_response(Duration::ZERO)
                .and_then(|response| response.status())
            {
                None | Some(..200) => waiting.push(sent),
                Some(200) => self.answered(sent.what)?,
                Some(_) => {}
            }
        }
        self.sent = waiting;
        Ok(())
    }

    fn answered(&mut self, what: What) -> Result<(), String> {
        match what {
            What::Mark {
                mark,
                poisoned: true,
            } => {
                return Err(format!(
                    "the delivery of {mark} failed, and was answered 200"
                ));
            }
            What::Mark { mark, .. } => drop(self.noted.insert(mark)),
            What::Order { who } => drop(self.promised.insert(who)),
            What::Close { ledger } => drop(self.closed.insert(ledger)),
        }
        Ok(())
    }

    /// Compares what ledgers hold with what was promised; `timers` are those that will still ring, on any of their activities.
    ///
    /// # Errors
    /// What is not as it must be.
    pub(crate) fn check(
        &self,
        (ledgers, carbons): (&[Ledger], &[Carbon]),
        timers: usize,
        is_closing: bool,
    ) -> Result<(), String> {
        for ledger in ledgers {
            check_order(ledger)?;
            if let Some(mark) = ledger
                .marks
                .iter()
                .find(|mark| self.poisoned.contains(*mark))
            {
                return Err(format!(
                    "the delivery of {mark} failed, and is written down"
                ));
            }
        }
        if is_closing {
            return Ok(());
        }
        let count = |of: fn(&Ledger) -> usize| ledgers.iter().map(of).sum::<usize>();
        let (marks, rung) = (count(|l| l.marks.len()), count(|l| l.rung.len()));
        if marks != rung + timers {
            return Err(format!(
                "{marks} marks are written down, {rung} have rung, {timers} timers are left"
            ));
        }
        let copied: BTreeSet<_> = carbons.iter().flat_map(|carbon| &carbon.marks).collect();
        if copied != ledgers.iter().flat_map(|ledger| &ledger.marks).collect() {
            return Err("a ledger and its child have not written down the same".to_owned());
        }
        let kept = |mark: &&String| ledgers.iter().any(|ledger| ledger.marks.contains(*mark));
        match self.noted.iter().find(|mark| !kept(mark)) {
            Some(mark) => Err(format!("{mark} was answered 200, and is not written down")),
            None => Ok(()),
        }
    }

    /// Who was promised to be woken, and was not. `exactly`: nothing happened that would excuse waking somebody twice.
    ///
    /// # Errors
    /// Somebody.
    pub(crate) fn check_wakes(&self, exactly: bool) -> Result<(), String> {
        let wrong = |count: u32| count == 0 || (exactly && count > 1);
        let mut promised = self
            .wakes
            .iter()
            .filter(|(who, _)| self.promised.contains(*who));
        match promised.find(|(_, count)| wrong(**count)) {
            Some((who, count)) => Err(format!("{who} was to be woken, and was {count} times")),
            None => Ok(()),
        }
    }
}

/// Events in order and none missing; no timer twice, none before its time.
fn check_order(ledger: &Ledger) -> Result<(), String> {
    if let Some(number) = ledger.disorder.first() {
        return Err(format!("event {number} of an activity came out of order"));
    }
    if ledger.seen != ledger.fired {
        return Err(format!(
            "{} events were fired on an activity, {} came",
            ledger.fired, ledger.seen
        ));
    }
    if let Some(mark) = ledger.early.first() {
        return Err(format!("the timer of {mark} rang before its time"));
    }
    let mut seen = BTreeSet::new();
    match ledger.rung.iter().find(|mark| !seen.insert(*mark)) {
        Some(mark) => Err(format!("the timer of {mark} rang twice")),
        None => Ok(()),
    }
}
