//! An ESME and a message centre of this crate against each other, over a connection that cuts and delays at random.
//!
//! Whatever the order: every request has exactly one outcome on each side, both windows hold, and no frame is broken.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

/// One side, what it has sent that did not arrive, and its books.
struct Half {
    session: Session,
    wire: Vec<u8>,
    reads: bool,
    open: bool,
    sent: BTreeSet<Seq>,
    done: BTreeMap<Seq, &'static str>,
    owed: Vec<InKey>,
    over: bool,
}

impl Half {
    fn new(role: Role, config: Config) -> Self {
        Self {
            session: Session::new(role, config, Ms(0)),
            wire: Vec::new(),
            reads: true,
            open: true,
            sent: BTreeSet::new(),
            done: BTreeMap::new(),
            owed: Vec::new(),
            over: false,
        }
    }

    fn drain(&mut self, now: Ms) {
        let mut binding = false;
        while let Some(output) = self.session.poll() {
            match output {
                Output::Send(bytes) => {
                    assert!(self.open && !self.over);
                    pdus(&bytes);
                    self.wire.extend_from_slice(&bytes);
                }
                Output::PauseReading(on) => self.reads = !on,
                Output::Close => self.open = false,
                Output::Count(name) => assert_ne!(name, "smpp.malformed"),
                Output::Event(event) => binding |= self.event(&event),
            }
        }
        assert!(self.session.in_flight() <= 5 && self.session.unanswered() <= 8);
        if binding {
            assert_eq!(self.session.accept_bind(now, b"mc"), Ok(()));
            self.drain(now);
        }
    }

    fn event(&mut self, event: &Event) -> bool {
        assert!(!self.over, "{event:?} after the end");
        match event {
            Event::BindRequest { .. } => return true,
            Event::Request { key, .. } => self.owed.push(*key),
            Event::Unanswered { key } => self.owed.retain(|it| it != key),
            Event::Response { seq, .. } => self.outcome(*seq, "answered"),
            Event::Failed { seq, .. } => self.outcome(*seq, "failed"),
            Event::Unbound(_) => {
                self.over = true;
                self.open = false;
                self.owed.clear();
            }
            Event::Bound { .. }
            | Event::Congested(_)
            | Event::Outbind(_)
            | Event::Notification(_) => {}
        }
        false
    }

    fn outcome(&mut self, seq: Seq, what: &'static str) {
        assert!(self.sent.contains(&seq));
        assert_eq!(self.done.insert(seq, what), None, "two outcomes");
    }

    fn act(&mut self, now: Ms, random: &mut Random, pdu: &Pdu<'_>) {
        match random.below(100) {
            0..40 => {
                if let Ok(seq) = self.session.request(now, pdu) {
                    assert!(self.sent.insert(seq));
                }
            }
            40..90 if !self.owed.is_empty() => {
                let n = random.below(self.owed.len() as u64) as usize;
                let key = self.owed.swap_remove(n);
                assert_eq!(self.session.refuse(now, key, Status::ROK), Ok(()));
            }
            _ => {}
        }
        self.drain(now);
    }

    fn receive(&mut self, now: Ms, random: &mut Random, from: &mut Vec<u8>) {
        if !self.reads || from.is_empty() {
            return;
        }
        let n = 1 + random.below(from.len().min(400) as u64) as usize;
        let piece: Vec<u8> = from.drain(..n).collect();
        self.session.received(now, &piece);
        self.drain(now);
    }
}

fn run(seed: u64) -> (usize, usize) {
    let mut random = Random(seed);
    let config = || Config {
        window: 5,
        inbound: 4,
        first_sequence: 0x7fff_ff00,
        timers: Timers {
            response: 2_000,
            answer: 3_000,
            enquire: 1_000,
            drain: 500,
            ..Timers::default()
        },
        ..Config::default()
    };
    let (mut esme, mut mc) = (
        Half::new(Role::Esme, config()),
        Half::new(Role::Mc, config()),
    );
    let bind = Bind::default();
    assert_eq!(esme.session.bind(Ms(0), Mode::Transceiver, &bind), Ok(()));
    esme.drain(Ms(0));
    let (submit, deliver) = (Pdu::SubmitSm(submit()), Pdu::DeliverSm(submit()));
    let mut now = Ms(0);
    for turn in 0..6_000 {
        now = now + random.below(20);
        for side in [&mut esme, &mut mc] {
            side.session.expire(now);
            side.drain(now);
        }
        esme.act(now, &mut random, &submit);
        mc.act(now, &mut random, &deliver);
        mc.receive(now, &mut random, &mut esme.wire);
        esme.receive(now, &mut random, &mut mc.wire);
        if turn == 5_000 {
            esme.session.unbind(now);
            esme.drain(now);
        }
        if !esme.open && esme.wire.is_empty() && !mc.over {
            mc.session.closed();
            mc.drain(now);
        }
        if !mc.open && mc.wire.is_empty() && !esme.over {
            esme.session.closed();
            esme.drain(now);
        }
    }
    assert!(esme.over && mc.over, "seed {seed}");
    for side in [&esme, &mc] {
        assert_eq!(side.sent.len(), side.done.len(), "seed {seed}");
    }
    let answered = |side: &Half| side.done.values().filter(|it| **it == "answered").count();
    (
        answered(&esme) + answered(&mc),
        esme.sent.len() + mc.sent.len(),
    )
}

#[test]
fn every_request_has_one_outcome_whatever_the_order() {
    let (mut answered, mut sent) = (0, 0);
    for seed in 1..=8 {
        let (a, s) = run(seed);
        answered += a;
        sent += s;
    }
    assert!(sent > 3_000, "{sent} were sent");
    assert!(
        answered * 10 > sent * 9,
        "{answered} of {sent} were answered"
    );
}
