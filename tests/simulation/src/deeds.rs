//! What is done to a node: calls and texts, faults of network, disk, clock and process.

use strowger::ra::Transport;
use strowger_testkit::{Crash, Faults};

use crate::line::Line;
use crate::run::{Checked, Run};
use crate::setting::LONGEST;

/// Calls and texts at most, so that runs have an end.
const LINES: usize = 8;

impl Run {
    /// Does one thing, and lets some time pass.
    pub(crate) fn deed(&mut self) -> Checked {
        match self.dice.up_to(99) {
            0..=16 if self.lines.len() < LINES => self.call(),
            0..=39 => self.use_phone(),
            40..=56 => self.texts.mark(&self.sip, &mut self.dice),
            57..=62 => self.texts.order(&self.sip, &mut self.dice),
            63..=76 => self.crash(),
            77..=81 => self.spoil_disk(),
            82..=84 => self.kit.set_sync_time(self.dice.millis(2_000)),
            85..=88 => self.kit.set_sync_time(self.dice.millis(20)),
            89..=91 => self.kit.set_link(self.dice.link()),
            92..=94 => self.jump(),
            _ => self.garbage(),
        }
        let most = self.dice.of(&[50, 300, 1_500, 6_000]);
        let time = self.dice.millis(most);
        self.pass(time)
    }

    fn call(&mut self) {
        let (number, now) = (self.lines.len(), self.now());
        let mut line = Line::open(&self.sip, number, now, &mut self.dice);
        if self.setting.longest < LONGEST {
            line.excuse();
        }
        self.lines.push(line);
    }

    /// Somebody who has a call does something.
    fn use_phone(&mut self) {
        let (now, dice) = (self.kit.ground().elapsed(), &mut self.dice);
        if self.lines.is_empty() {
            return;
        }
        let n = dice.index(self.lines.len());
        let line = &mut self.lines[n];
        let has_vanished = line.phones().any(|phone| phone.vanished);
        let count = line.phones().count();
        let Some(phone) = line.phones().nth(dice.index(count)) else {
            return;
        };
        match dice.up_to(99) {
            0..=19 if phone.waits() => phone.leave(now),
            0..=54 if phone.is_free() => phone.ask(now, dice),
            55..=79 if phone.is_free() => phone.leave(now),
            80..=87 if phone.is_free() && !has_vanished => phone.vanished = true,
            88.. => {
                if let Some(text) = phone.stale_request() {
                    self.send(text.as_bytes());
                }
            }
            _ => {}
        }
    }

    /// Sends something from where nobody looks at what comes back.
    fn send(&self, bytes: &[u8]) {
        let ground = self.kit.ground();
        if let Some(node) = ground.node(Transport::Udp) {
            let here = ground.peer("x.example");
            ground.reflex(here, Box::new(|_| Vec::new()));
            ground.send(here, node, Transport::Udp, bytes);
        }
    }

    /// What is no message, or nearly one.
    fn garbage(&mut self) {
        let dice = &mut self.dice;
        let mut bytes = b"INVITE sip:service@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKg\r\n\
            Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=g\r\nTo: <sip:c@d>\r\nCall-ID: garbage\r\nCSeq: 1 INVITE\r\n\
            Contact: <sip:a@192.0.2.1>\r\nContent-Length: 0\r\n\r\n"
            .to_vec();
        for _ in 0..=dice.up_to(20) {
            let at = dice.index(bytes.len());
            bytes[at] = u8::try_from(dice.up_to(255)).unwrap_or(0);
        }
        let cut = if dice.coin() {
            dice.index(bytes.len())
        } else {
            bytes.len()
        };
        self.send(&bytes[..cut]);
    }

    /// The process ends: at once, at a moment to come, or in the middle of a commit.
    fn crash(&mut self) {
        let dice = &mut self.dice;
        let how = match dice.up_to(2) {
            0 => Crash::Kill,
            1 => Crash::LoseUnsynced,
            _ => Crash::Torn {
                keep: dice.index(3_000),
            },
        };
        match dice.up_to(9) {
            0 => {
                let down = dice.millis(3_000);
                self.kit.crash_and_restart_after(down);
            }
            1..=3 => {
                let time = dice.millis(3_000);
                self.kit.crash_in(time, how);
            }
            _ => {
                let points = u32::try_from(dice.up_to(60)).unwrap_or(0);
                self.kit.crash_at_point(points, how);
            }
        }
    }

    /// The disk gets full, or fails in a write or a sync to come.
    fn spoil_disk(&mut self) {
        let dice = &mut self.dice;
        let soon = 1 + dice.up_to(40);
        let mut faults = Faults {
            torn_append: dice.index(2_000),
            ..Faults::default()
        };
        match dice.up_to(3) {
            0 => faults.fail_append = Some(soon),
            1 => faults.fail_sync = Some(soon),
            2 => faults.capacity = Some(dice.index(200_000)),
            _ => {}
        }
        self.kit.set_faults(faults);
    }

    /// Somebody sets the wall clock.
    fn jump(&mut self) {
        let most = self.dice.of(&[900, 30_000, 3_600_000]);
        let ms = self.dice.up_to(most).cast_signed();
        let ms = if self.dice.coin() { ms } else { -ms };
        self.jumps += 1;
        self.set_back += (-ms).max(0);
        self.set_clock(ms);
    }
}
