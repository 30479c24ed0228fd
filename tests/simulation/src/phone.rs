//! One end of a call: a peer that keeps to the protocol or does not.

use std::time::Duration;

use strowger_sip::testkit::Call;

use crate::dice::Dice;

/// How long a peer waits for an answer before it does something else.
const PATIENCE: Duration = Duration::from_secs(33);

/// What one that is called does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Rings or not, and answers at that time.
    Answers(Duration),
    /// Refuses.
    Refuses(u16),
    /// Rings for ever.
    Rings,
    /// Says nothing at all.
    Silent,
}

/// What a phone has come to know in one go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// A BYE.
    pub(crate) bye: bool,
    /// 481 to something other than a BYE: its call is not known.
    pub(crate) unknown: bool,
}

/// One end of a call.
pub(crate) struct Phone {
    call: Call,
    manner: Manner,
    /// Its call is up: it was answered, or has answered and heard so.
    pub(crate) talks: bool,
    /// It has said BYE, or given up.
    pub(crate) leaving: bool,
    /// Its call is over.
    pub(crate) gone: bool,
    /// It takes no part any more.
    pub(crate) vanished: bool,
    /// What it has asked and waits for, and since when.
    asked: Option<(&'static [u8], Duration)>,
    answered: bool,
    cancelled: bool,
}

impl Phone {
    pub(crate) fn calling(call: Call, now: Duration) -> Self {
        Self {
            asked: Some((b"INVITE", now)),
            ..Self::called(call, Manner::Silent)
        }
    }

    pub(crate) fn called(call: Call, manner: Manner) -> Self {
        Self {
            call,
            manner,
            talks: false,
            leaving: false,
            gone: false,
            vanished: false,
            asked: None,
            answered: false,
            cancelled: false,
        }
    }

    /// Rings, unless it says nothing.
    pub(crate) fn ring(&self) {
        if matches!(self.manner, Manner::Answers(_) | Manner::Rings) {
            self.call.ring();
        }
    }

    /// Reacts to whatever has come, and to the time.
    pub(crate) fn react(&mut self, now: Duration, dice: &mut Dice, polite: bool) -> Heard {
        let mut heard = Heard::default();
        if self.vanished || self.gone {
            return heard;
        }
        self.take_responses(&mut heard);
        self.take_requests(dice, polite, &mut heard);
        self.pick_up(now, polite);
        if self.asked.is_some_and(|(_, since)| now > since + PATIENCE) {
            let (method, _) = self.asked.take().unwrap_or_default();
            self.gone |= method == b"BYE";
        }
        heard
    }

    fn take_responses(&mut self, heard: &mut Heard) {
        let Some((method, _)) = self.asked else {
            return;
        };
        let call = &self.call;
        while let Some(response) = call.next_response(Duration::ZERO) {
            let status = response.status().unwrap_or_default();
            if status < 200 {
                continue;
            }
            call.acknowledge(&response);
            self.asked = None;
            match method {
                b"BYE" => self.gone = true,
                b"INVITE" if !self.talks => {
                    self.talks = status < 300;
                    self.gone = status >= 300;
                }
                _ => heard.unknown |= status == 481,
            }
        }
    }

    fn take_requests(&mut self, dice: &mut Dice, polite: bool, heard: &mut Heard) {
        let call = &self.call;
        for method in ["PRACK", "NOTIFY", "INFO", "UPDATE", "OPTIONS"] {
            if call.find_request(method, Duration::ZERO).is_some() {
                call.respond(200);
            }
        }
        if call.find_request("ACK", Duration::ZERO).is_some() {
            self.talks |= self.answered;
        }
        if call.find_request("CANCEL", Duration::ZERO).is_some() {
            call.respond(200);
            if !self.answered {
                call.back_to_invite().respond(487);
                self.gone = true;
            }
        }
        if (self.talks || self.answered) && call.find_request("INVITE", Duration::ZERO).is_some() {
            match dice.up_to(if polite { 0 } else { 5 }) {
                0..=3 => drop(call.answer()),
                4 => drop(call.respond(491)),
                _ => drop(call.respond(488)),
            }
        }
        if call.find_request("BYE", Duration::ZERO).is_some() {
            call.respond(200);
            self.gone = true;
            heard.bye = true;
        }
    }

    /// Answers the call that it got, when it is time.
    fn pick_up(&mut self, now: Duration, polite: bool) {
        if self.answered || self.gone {
            return;
        }
        match self.manner {
            Manner::Answers(at) if at <= now => {
                self.call.back_to_invite().answer();
                self.answered = true;
            }
            Manner::Refuses(status) => self.refuse(status),
            Manner::Rings if polite => self.refuse(480),
            Manner::Answers(_) | Manner::Rings | Manner::Silent => {}
        }
    }

    fn refuse(&mut self, status: u16) {
        self.call.back_to_invite().respond(status);
        self.gone = true;
    }

    /// Whether it could do something of its own.
    pub(crate) const fn is_free(&self) -> bool {
        self.talks && !self.leaving && !self.gone && !self.vanished && self.asked.is_none()
    }

    /// Whether its call is up as far as it knows, and it could hang up.
    pub(crate) const fn is_there(&self) -> bool {
        self.talks && !self.gone && !self.vanished
    }

    /// Whether it waits for its call to be answered.
    pub(crate) const fn waits(&self) -> bool {
        !self.talks && !self.gone && !self.vanished && self.asked.is_some()
    }

    /// Asks something within its call.
    pub(crate) fn ask(&mut self, now: Duration, dice: &mut Dice) {
        let (method, asked): (_, &'static [u8]) = match dice.up_to(3) {
            0 => ("", b"INVITE"),
            1 => ("INFO", b"INFO"),
            2 => ("OPTIONS", b"OPTIONS"),
            _ => ("UPDATE", b"UPDATE"),
        };
        if method.is_empty() {
            self.call.reinvite();
        } else {
            self.call.request(method, &[], b"");
        }
        self.asked = Some((asked, now));
    }

    /// Hangs up, or gives up.
    pub(crate) fn leave(&mut self, now: Duration) {
        if self.gone || self.leaving || self.vanished {
            return;
        }
        if self.talks {
            self.leaving = true;
            self.call.bye();
            self.asked = Some((b"BYE", now));
        } else if self.asked.is_some() && !self.cancelled {
            self.cancelled = true;
            self.call.cancel();
        }
    }

    /// A request with a number that was used long ago, as no peer that keeps to the protocol sends it.
    pub(crate) fn stale_request(&self) -> Option<String> {
        if !self.talks {
            return None;
        }
        let last = self.call.last();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (from, to) = (text(last.from_tag()?), text(last.to_tag()?));
        // Tags as they are in what came: ours is in To of requests and in From of responses.
        let (ours, theirs) = if last.is_request() {
            (to, from)
        } else {
            (from, to)
        };
        let call_id = text(last.call_id().ok()?);
        Some(format!(
            "INFO sip:node@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKold{}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:a@b>;tag={ours}\r\nTo: <sip:c@d>;tag={theirs}\r\n\
             Call-ID: {call_id}\r\nCSeq: 0 INFO\r\nContent-Length: 0\r\n\r\n",
            call_id.len()
        ))
    }
}
