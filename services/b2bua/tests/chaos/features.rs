//! Phones that do as they like: hold, refer each other, answer or refuse, hang up, in any order, while messages are lost
//! and the process dies. Whatever they do, nothing of it is left when they are done. Every other seed: they are long.

use super::*;
use strowger_b2bua::Place;
use strowger_sip::proto::wire::Message;

const CAROL: &str = "sip:carol@192.0.2.103:5060";
const DAVE: &str = "sip:dave@192.0.2.104:5060";
const STEPS: u64 = 25;

/// What a Refer-To says to be joined with the call that a message belongs to.
fn in_place_of(message: &Message, peer_is_from: bool) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('@', "%40");
    let (from, to) = (
        text(message.from_tag().unwrap_or_default()),
        text(message.to_tag().unwrap_or_default()),
    );
    let (ours, theirs) = if peer_is_from { (to, from) } else { (from, to) };
    let call_id = text(message.call_id().unwrap_or_default());
    format!("{CAROL}?Replaces={call_id}%3Bto-tag%3D{ours}%3Bfrom-tag%3D{theirs}")
}

/// A phone with one call.
struct Phone {
    call: Call,
    /// It has said BYE, which may be lost: nothing repeats it while time is let go on.
    leaving: bool,
    /// Its call was answered.
    talks: bool,
    /// Its BYE was answered, or it was told BYE, or its INVITE came to nothing.
    gone: bool,
}

impl Phone {
    fn new(call: Call) -> Self {
        Self {
            call,
            talks: true,
            leaving: false,
            gone: false,
        }
    }

    /// Reacts to whatever has come.
    fn react(&mut self, dice: &mut Dice, polite: bool) {
        let call = &self.call;
        if let Some(response) = call.next_response(Duration::ZERO)
            && response.status().is_some_and(|status| status >= 200)
        {
            call.acknowledge(&response);
            let answers = |method: &[u8]| response.cseq().is_ok_and(|cseq| cseq.method == method);
            let refused = response.status().is_some_and(|status| status >= 300);
            self.gone |= answers(b"BYE") || (answers(b"INVITE") && refused && !self.talks);
            self.talks |= answers(b"INVITE") && !refused;
        }
        for method in ["ACK", "PRACK", "NOTIFY", "INFO", "UPDATE"] {
            if call.find_request(method, Duration::ZERO).is_some() && method != "ACK" {
                call.respond(200);
            }
        }
        if call.find_request("CANCEL", Duration::ZERO).is_some() {
            call.respond(200);
            call.back_to_invite().respond(487);
        }
        if call.find_request("INVITE", Duration::ZERO).is_some() {
            match dice.up_to(if polite { 0 } else { 9 }) {
                0..=5 => drop(call.answer()),
                6 => drop(call.respond(491)),
                7 => drop(call.respond(488)),
                8 => drop(call.ring()),
                _ => {}
            }
        }
        if call.find_request("REFER", Duration::ZERO).is_some() {
            call.respond(603);
        }
        if call.find_request("BYE", Duration::ZERO).is_some() {
            call.respond(200);
            self.gone = true;
        }
    }

    /// Does something of its own.
    fn act(&mut self, dice: &mut Dice, refer_to: &[String]) {
        if self.gone || self.leaving {
            return;
        }
        let call = &self.call;
        if !self.talks {
            if dice.up_to(9) == 0 {
                call.cancel();
            }
            return;
        }
        match dice.up_to(11) {
            0 => drop(call.reinvite()),
            1 => drop(call.request("UPDATE", &["Content-Type: application/sdp"], b"v=0\r\n")),
            2 => drop(call.request("INFO", &[], b"x")),
            3 | 4 => {
                let to = usize::try_from(dice.up_to(refer_to.len() as u64 - 1)).unwrap_or(0);
                call.request("REFER", &[&format!("Refer-To: <{}>", refer_to[to])], b"");
            }
            5 if dice.coin() => {
                call.bye();
                self.leaving = true;
            }
            _ => {}
        }
    }
}

impl Run {
    /// Lets phones do as they like for a while, and then hang up one after the other.
    fn play(&mut self, mut phones: Vec<Phone>, refer_to: &[String]) {
        for _ in 0..STEPS {
            self.newcomers(&mut phones);
            for phone in &mut phones {
                phone.react(&mut self.dice, false);
                phone.act(&mut self.dice, refer_to);
            }
            let rest = millis(self.dice.up_to(1_500));
            self.slee.advance(rest);
        }
        self.slee.set_link(Link::default());
        for step in 0..200 {
            self.newcomers(&mut phones);
            for phone in &mut phones {
                phone.react(&mut self.dice, true);
            }
            if step % 5 == 4
                && let Some(phone) = phones.iter_mut().find(|phone| !phone.gone)
            {
                phone.call.bye();
            }
            self.slee.advance(secs(1));
        }
    }

    /// Those who are called meanwhile ring, and answer or refuse.
    fn newcomers(&mut self, phones: &mut Vec<Phone>) {
        for place in [CAROL, DAVE] {
            let peers = self.slee.sip().patience(Duration::ZERO);
            while let Some(call) = peers.find_invite(place) {
                match self.dice.up_to(5) {
                    0 => drop(call.respond(486)),
                    1 => drop(call.ring()),
                    _ => drop(call.ring().answer()),
                }
                phones.push(Phone::new(call));
            }
        }
    }
}

#[test]
fn phones_that_do_as_they_like_leave_nothing() {
    for seed in seeds().step_by(2) {
        let mut run = Run::new(seed);
        let Some((alice, bob)) = run.set_up() else {
            panic!("seed {seed}: no call\n{}", run.slee.ladder());
        };
        let phones = vec![Phone::new(alice), Phone::new(bob)];
        for _ in 0..run.dice.up_to(2) {
            run.crash_within(secs(30));
        }
        run.play(phones, &[CAROL.to_owned()]);
        run.end(seed);
    }
}

/// Two calls of one phone, each of whose sides may ask for the other to be joined, at any time, and take any place.
#[test]
fn calls_that_are_joined_at_any_time_leave_nothing() {
    let mut joined = 0;
    for seed in seeds().step_by(2) {
        let mut run = Run::new(seed);
        run.slee.set_link(Link::default());
        let Some((alice, bob)) = run.set_up() else {
            panic!("seed {seed}: no call\n{}", run.slee.ladder());
        };
        let consult = run.slee.sip().invite(BOB, CAROL);
        let carol = run.slee.sip().expect_invite(CAROL).answer();
        consult.expect(200);
        carol.expect_ack();
        run.slee.set_link(Link {
            delay: millis(run.dice.up_to(30)),
            jitter: millis(run.dice.up_to(60)),
            loss: u16::try_from(run.dice.up_to(150)).unwrap_or(0),
            duplicate: 50,
            segment: 0,
        });
        let names = [
            in_place_of(&alice.last(), true),
            in_place_of(&consult.last(), true),
            CAROL.to_owned(),
        ];
        if run.dice.coin() {
            let (referrer, name) = if run.dice.coin() {
                (&bob, &names[1])
            } else {
                (&consult, &names[0])
            };
            referrer.request("REFER", &[&format!("Refer-To: <{name}>")], b"");
        }
        let phones = [alice, bob, consult, carol].map(Phone::new).into();
        for _ in 0..run.dice.up_to(2) {
            run.crash_within(secs(20));
        }
        run.play(phones, &names);
        joined += u64::from(run.slee.ladder().to_string().contains("REFER"));
        run.end(seed);
    }
    assert!(joined > 0);
}

/// A call that is forwarded where nobody takes it, given up at any time, and transferred once it is up.
#[test]
fn calls_that_go_from_place_to_place_leave_nothing() {
    for seed in seeds().step_by(2) {
        let mut run = Run::new(seed);
        let place = |uri: &str| Some(Place::try_from(uri.to_owned()).expect("a URI"));
        let route = Route {
            on_busy: place(CAROL),
            on_no_answer: place(CAROL),
            no_answer: Some(secs(6)),
            open: true,
            ..Route::default()
        };
        run.slee = with_settings(
            seed,
            Settings {
                routes: vec![route],
                early_durable: run.dice.coin(),
                ..Settings::default()
            },
        );
        run.slee.set_link(Link {
            delay: millis(run.dice.up_to(30)),
            jitter: millis(run.dice.up_to(60)),
            loss: u16::try_from(run.dice.up_to(150)).unwrap_or(0),
            duplicate: 50,
            segment: 0,
        });
        let mut alice = Phone::new(run.slee.sip().invite(ALICE, DAVE));
        alice.talks = false;
        for _ in 0..run.dice.up_to(2) {
            run.crash_within(secs(20));
        }
        run.play(vec![alice], &[CAROL.to_owned()]);
        run.end(seed);
    }
}
