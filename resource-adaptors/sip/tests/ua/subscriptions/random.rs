//! Anything in any order: nothing panics, nothing is without bound, and when all is quiet nothing is left.

use super::*;

struct Dice(u64);

impl Dice {
    fn up_to(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// A bench, and what it has said that a peer can answer or refer to.
struct Run {
    bench: Bench,
    dice: Dice,
    keys: Vec<Key>,
    asked: Vec<Key>,
    ours: Vec<Message>,
    tags: Vec<String>,
    n: u32,
}

impl Run {
    fn take(&mut self) {
        for message in self.bench.take_sent() {
            if message.is_request() {
                self.ours.push(message);
            } else if let Some(tag) = message.to_tag() {
                self.tags.push(String::from_utf8_lossy(tag).into_owned());
            }
        }
        for event in std::mem::take(&mut self.bench.events) {
            match event {
                Event::Call { tx, .. } | Event::Request { tx, .. } | Event::Cancel { tx } => {
                    self.asked.push(tx);
                }
                Event::InDialog { tx, .. } => self.asked.extend(tx),
                Event::Response { .. }
                | Event::NoAck
                | Event::Refresh
                | Event::Expired
                | Event::Save
                | Event::Forked { .. }
                | Event::Ended => {}
            }
        }
        let bound = 300;
        for list in [self.ours.len(), self.tags.len(), self.asked.len()] {
            assert!(list < 100_000);
        }
        assert!(self.bench.ua.subscription_count() < bound);
    }

    fn pick<T: Clone>(dice: &mut Dice, of: &[T]) -> Option<T> {
        let at = dice.up_to(of.len().max(1) as u64) as usize;
        of.get(at).cloned()
    }

    /// A response to something of ours, or a NOTIFY for it.
    fn answer(&mut self, n: u32, event: &str, expires: u32) {
        let Some(sent) = Self::pick(&mut self.dice, &self.ours) else {
            return;
        };
        if self.dice.up_to(3) < 2 {
            let status = [200, 202, 423, 481, 500][self.dice.up_to(5) as usize];
            let extra = format!("Expires: {expires}\r\nMin-Expires: 90\r\n");
            self.bench.receive(response(&sent, status, "no", &extra));
        } else {
            let states = ["active;expires=30", "pending", "terminated", "\"x"];
            let state = states[self.dice.up_to(4) as usize];
            self.bench.receive(notify(&sent, "no", n, state, event));
        }
    }

    fn step(&mut self) {
        self.n += 1;
        let n = self.n;
        let events = ["presence", "presence;id=1", "refer", "refer;id=2", "x;;"];
        let event = events[self.dice.up_to(5) as usize];
        let expires = [0, 1, 60, 600][self.dice.up_to(4) as usize];
        let now = self.bench.now;
        match self.dice.up_to(12) {
            0 => {
                let draft = Draft {
                    method: Bytes::from_static(b"SUBSCRIBE"),
                    ..draft("")
                };
                let made = self
                    .bench
                    .ua
                    .subscribe(now, u64::from(n), 9, &draft, want(expires));
                self.keys.extend(made);
            }
            1 | 2 => {
                let tag = Self::pick(&mut self.dice, &self.tags).unwrap_or_default();
                let methods = ["SUBSCRIBE", "REFER", "BYE", "INVITE", "NOTIFY", "ACK"];
                let method = methods[self.dice.up_to(6) as usize];
                let tag = if self.dice.up_to(3) == 0 { "" } else { &tag };
                let extra = format!(
                    "Event: {event}\r\nExpires: {expires}\r\nSubscription-State: active\r\nRefer-To: <sip:c@d>\r\n"
                );
                self.bench
                    .receive(request(method, &n.to_string(), tag, n, &extra));
            }
            3 | 4 => {
                if let Some(tx) = Self::pick(&mut self.dice, &self.asked) {
                    let made = self.bench.ua.accept(now, u64::from(n), tx, &grant(200));
                    self.keys.extend(made);
                }
            }
            5 => {
                if let Some(tx) = Self::pick(&mut self.dice, &self.asked) {
                    let status = [180, 200, 403][self.dice.up_to(3) as usize];
                    let _ = self.bench.ua.respond(now, tx, &reply(status));
                    let _ = self.bench.ua.processed(now, tx);
                }
            }
            6 => {
                if let Some(key) = Self::pick(&mut self.dice, &self.keys) {
                    let status = [100, 180, 200][self.dice.up_to(3) as usize];
                    let _ = self.bench.ua.notify(now, key, progress(status, b""));
                }
            }
            7 => {
                if let Some(key) = Self::pick(&mut self.dice, &self.keys) {
                    let _ = self.bench.ua.resubscribe(now, key, expires);
                }
            }
            8..=10 => self.answer(n, event, expires),
            _ => {
                let later = now.0 - START + [1, 500, 33_000][self.dice.up_to(3) as usize];
                self.bench.until(later);
            }
        }
        self.bench.drain();
        self.take();
    }
}

#[test]
fn whatever_happens_it_ends() {
    for seed in 1..=60u64 {
        let mut run = Run {
            bench: Bench::events(),
            dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            keys: Vec::new(),
            asked: Vec::new(),
            ours: Vec::new(),
            tags: Vec::new(),
            n: 0,
        };
        for _ in 0..400 {
            run.step();
        }
        assert!(
            run.keys.len() > 5,
            "seed {seed}: {} subscriptions",
            run.keys.len()
        );
        // Records of what is there can be read back.
        for key in &run.keys {
            if let Some(record) = run.bench.ua.subscription_record(*key, run.bench.now, 7) {
                let mut next = Bench::events();
                let now = next.now;
                next.ua
                    .restore_subscription(now, 7, 1, &record)
                    .unwrap()
                    .unwrap();
            }
        }
        for key in run.keys.clone() {
            let now = run.bench.now;
            run.bench.ua.abandon_subscription(now, key);
        }
        let calls = run.bench.ua.dialog_keys();
        for key in calls {
            if run.bench.ua.dialog(key).is_some_and(|dialog| dialog.call) {
                let now = run.bench.now;
                let _ = run.bench.ua.hang_up(now, key);
            }
        }
        run.bench.drain();
        let later = run.bench.now.0 - START + 400_000;
        run.bench.until(later);
        assert_eq!(run.bench.ua.subscription_count(), 0, "seed {seed}");
        assert_eq!(run.bench.ua.len().0, 0, "dialogs, seed {seed}");
    }
}
