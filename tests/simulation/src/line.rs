//! A call with all its ends, and what its ends may expect of each other.

use std::iter;
use std::time::Duration;

use strowger_sip::testkit::{Call, SipPeers};

use crate::dice::Dice;
use crate::phone::{Manner, Phone};

/// Where callers, and those that are called, live.
const CALLERS: &str = "a.example";
const CALLED: &str = "b.example";

/// A call.
pub(crate) struct Line {
    pub(crate) caller: Phone,
    /// Whoever it rings at: one, and more after crashes.
    pub(crate) called: Vec<Phone>,
    /// Where it rings; empty if the node answers itself.
    place: String,
    manner: Manner,
    /// Whether it may end without anybody's doing.
    excused: bool,
    number: usize,
}

impl Line {
    /// Somebody calls: a service of the node, or through it somebody else.
    pub(crate) fn open(sip: &SipPeers, number: usize, now: Duration, dice: &mut Dice) -> Self {
        let caller = format!("sip:a{number}@{CALLERS}");
        let place = match dice.percent(35) {
            true => String::new(),
            false => format!("sip:b{number}@{CALLED}"),
        };
        let manner = match dice.up_to(9) {
            0 => Manner::Refuses(dice.of(&[486, 404, 503, 603])),
            1 => Manner::Rings,
            2 => Manner::Silent,
            3..=5 => Manner::Answers(now),
            _ => Manner::Answers(now + dice.millis(8_000)),
        };
        let to = if place.is_empty() { "service" } else { &place };
        let call = match dice.percent(85) {
            true => sip.invite(&caller, to),
            false => sip.invite_without_offer(&caller, to),
        };
        Self {
            caller: Phone::calling(call, now),
            called: Vec::new(),
            place,
            manner,
            excused: false,
            number,
        }
    }

    /// Its ends react to what has come.
    ///
    /// # Errors
    /// The node has ended a call that nobody has hung up, or does not know it any more.
    pub(crate) fn react(
        &mut self,
        sip: &SipPeers,
        now: Duration,
        dice: &mut Dice,
        polite: bool,
    ) -> Result<(), String> {
        while let Some(call) = self.ringing(sip) {
            let phone = Phone::called(call, self.manner);
            phone.ring();
            self.called.push(phone);
        }
        let heard = self.caller.react(now, dice, polite);
        let mut bye = heard.bye;
        let mut lost = heard.bye || heard.unknown;
        let was_up = self.caller.talks && !self.excused;
        for phone in &mut self.called {
            let heard = phone.react(now, dice, polite);
            bye |= heard.bye;
            lost |= (heard.bye || heard.unknown) && phone.talks;
        }
        let is_lost = was_up && lost && !self.has_reason();
        self.excused |= bye || self.has_reason();
        match is_lost {
            true => Err(format!(
                "the call of a{} was up, and is lost although nobody hung up",
                self.number
            )),
            false => Ok(()),
        }
    }

    fn ringing(&self, sip: &SipPeers) -> Option<Call> {
        if self.place.is_empty() {
            return None;
        }
        sip.find_invite(&self.place)
    }

    /// It may end from here on.
    pub(crate) const fn excuse(&mut self) {
        self.excused = true;
    }

    fn has_reason(&self) -> bool {
        let mut all = iter::once(&self.caller).chain(&self.called);
        all.any(|phone| phone.leaving || phone.vanished)
            // One of several rings only because the process died in between.
            || self.called.len() > 1
    }

    /// All its ends.
    pub(crate) fn phones(&mut self) -> impl Iterator<Item = &mut Phone> {
        iter::once(&mut self.caller).chain(&mut self.called)
    }

    /// What is left of it when everybody has hung up.
    pub(crate) fn leftover(&self) -> Option<String> {
        let all = iter::once(&self.caller).chain(&self.called);
        let mut stuck = all.filter(|phone| phone.talks && !phone.gone && !phone.vanished);
        stuck.next()?;
        Some(format!(
            "an end of the call of a{} was never told that it is over",
            self.number
        ))
    }
}
