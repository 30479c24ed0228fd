//! Anything at any time: random inputs to one node, and what must hold after each (RFC 6733 5.6). Seeds stand in the
//! messages.

use std::collections::BTreeMap;

use super::connections::Side;
use super::net::address;
use super::raw::{Raw, answer, cer_of};
use super::*;
use crate::proto::peer::{Capabilities, State};
use crate::proto::wire::Patch;

struct Chaos {
    raw: Raw,
    random: Random,
    /// Connections that the node believes in, and whether they stand.
    links: BTreeMap<Link, bool>,
    asked: Vec<Tx>,
    seen: usize,
    boot: u32,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let mut config = config("m.test");
        config.peers = vec![
            PeerConfig::new("a.test", Some(address(1))),
            PeerConfig::new("z.test", Some(address(2))),
        ];
        config.unknown_peers = vec![UnknownPeers {
            realm: "*".into(),
            tls: false,
        }];
        config.relay = true;
        Self {
            raw: Raw::new(config),
            random: Random::new([seed, 3, 5, 7]),
            links: BTreeMap::new(),
            asked: Vec::new(),
            seen: 0,
            boot: 1,
        }
    }

    fn pick(&mut self) -> Option<(Link, bool)> {
        let at = self.random.below(self.links.len() as u64) as usize;
        self.links
            .iter()
            .nth(at)
            .map(|(link, stands)| (*link, *stands))
    }

    fn host(&mut self) -> &'static str {
        ["a.test", "z.test", "Z.test", "guest.test"][self.random.below(4) as usize]
    }

    fn ends() -> Ends {
        Ends {
            peer: address(9),
            local: [127, 0, 0, 1].into(),
            secure: None,
        }
    }

    /// A message that a peer could send, or should not.
    fn message(&mut self, link: Link) -> Bytes {
        let host = self.host();
        let mut its = config(host);
        its.origin_state_id = self.boot;
        if self.random.below(10) == 0 {
            its.applications = vec![Application {
                id: 9,
                vendor: 0,
                accounting: false,
            }];
        }
        if self.random.below(20) == 0 {
            self.boot += 1;
        }
        let pending = self
            .raw
            .sent
            .iter()
            .rev()
            .filter(|it| it.0 == link && it.1.is_request());
        let back = self.random.below(3) as usize;
        let pending = pending.clone().nth(back).map(|it| it.1.clone());
        match self.random.below(8) {
            0 | 1 => cer_of(&its),
            2 | 3 => match pending {
                Some(asked) if asked.header().command == 257 => {
                    let its_cea = Capabilities::answer(&asked, &its, [127, 0, 0, 9].into())
                        .finish(asked.header().hop_by_hop, asked.header().end_to_end);
                    its_cea.unwrap()
                }
                Some(asked) => {
                    let code = [2001, 3002, 3004, 3006, 5012][self.random.below(5) as usize];
                    answer(&asked, code)
                }
                None => cer_of(&its),
            },
            4 => {
                let command = [280, 282][self.random.below(2) as usize];
                let mut builder = Builder::request(command, 0);
                builder.identities(host, "test");
                if command == 282 {
                    let cause = self.random.below(3) as i32;
                    builder.avp(&base::DISCONNECT_CAUSE, cause);
                }
                builder.finish(3, 4).unwrap()
            }
            5 => {
                let number = self.random.below(5) as u32;
                let patch = Patch::new(request(host, "test", None)).end_to_end(number);
                patch.retransmit().finish()
            }
            6 => request(
                host,
                ["test", "far"][self.random.below(2) as usize],
                Some("z.test"),
            ),
            _ => {
                let mut bytes = cer_of(&its).to_vec();
                let at = self.random.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << self.random.below(8);
                bytes.into()
            }
        }
    }

    fn step(&mut self) {
        let now = Ms(self.raw.now);
        let host = self.host();
        match self.random.below(20) {
            0 | 1 => {
                if let Some(link) = self.raw.accept_with(None) {
                    self.links.insert(link, true);
                }
            }
            2..=4 => {
                if let Some((link, false)) = self.pick() {
                    if self.random.below(3) == 0 {
                        self.raw.stack.connect_failed(now, link);
                        self.links.remove(&link);
                    } else {
                        self.raw.stack.connected(now, link, Self::ends());
                        self.links.insert(link, true);
                    }
                }
            }
            5 => {
                if let Some((link, _)) = self.pick() {
                    self.raw.stack.closed(now, link);
                    self.links.remove(&link);
                }
            }
            6..=13 => {
                if let Some((link, true)) = self.pick() {
                    let bytes = self.message(link);
                    self.raw.stack.received(now, link, &bytes);
                }
            }
            14 => {
                let outgoing = Outgoing::new(request("m.test", "test", None));
                let tx = self.raw.request(outgoing);
                self.asked.push(tx);
            }
            15 => {
                let all = self.raw.requests();
                if let Some((key, asked)) = all.last() {
                    let bytes = success(asked, "m.test");
                    self.raw.stack.answer(now, *key, bytes);
                }
            }
            16 => match self.random.below(4) {
                0 => drop(self.raw.stack.disable(now, host)),
                1 => drop(self.raw.stack.drain(now, host)),
                _ => drop(self.raw.stack.enable(now, host)),
            },
            17 | 18 => {
                let ms = self.random.below(2_000);
                self.raw.run(ms);
            }
            _ => {
                let ms = self.random.below(40_000);
                self.raw.run(ms);
            }
        }
        self.raw.drain();
    }

    /// Follows what the node has opened and closed since the last time.
    fn follow(&mut self) {
        for output in &self.raw.outputs[self.seen..] {
            if let Output::Connect { link, .. } = output {
                self.links.insert(*link, false);
            }
        }
        self.seen = self.raw.outputs.len();
        for link in self.raw.closed.drain(..) {
            self.links.remove(&link);
        }
    }

    fn check(&self, what: &str) {
        let stack = &self.raw.stack;
        assert_eq!(
            stack.connections.len(),
            self.links.len(),
            "{what}: connections leak"
        );
        for (key, peer) in stack.peers.iter() {
            let what = format!("{what}: {} in {:?}", peer.host, peer.state);
            let sides = (peer.initiator.is_some(), peer.responder.is_some());
            let expected = match peer.state {
                State::Closed => (false, false),
                State::WaitConnAck | State::WaitICea | State::IOpen => (true, false),
                State::WaitConnAckElect | State::WaitReturns => (true, true),
                State::ROpen => (false, true),
                State::Closing => (sides.0, !sides.0),
            };
            assert_eq!(sides, expected, "{what}");
            for (side, link) in [
                (Side::Initiator(key), peer.initiator),
                (Side::Responder(key), peer.responder),
            ] {
                if let Some(link) = link {
                    assert_eq!(
                        stack.connections.get(link).map(|it| it.side),
                        Some(side),
                        "{what}"
                    );
                }
            }
            let waits = peer.cer.is_some();
            let elects = matches!(peer.state, State::WaitConnAckElect | State::WaitReturns);
            assert_eq!(
                waits, elects,
                "{what}: a CER is kept as long as it is unanswered"
            );
            let at = stack
                .transactions
                .iter()
                .filter(|(_, it)| it.at.is_some_and(|at| at.0 == key));
            assert_eq!(at.count(), peer.pending as usize, "{what}");
            assert!(
                peer.up == (peer.state.is_open() && peer.watchdog.is_okay()),
                "{what}"
            );
        }
        let greeting = stack
            .connections
            .iter()
            .filter(|(_, it)| it.side == Side::Greeting);
        assert_eq!(greeting.count(), stack.greeting as usize, "{what}");
        let unknown = stack.peers.iter().filter(|(_, peer)| peer.config.is_none());
        assert_eq!(unknown.count(), stack.unknown_peers as usize, "{what}");
        let bytes: usize = stack
            .transactions
            .iter()
            .map(|(_, it)| it.message.len())
            .sum();
        assert_eq!(bytes as u64, stack.pending_bytes, "{what}");
    }
}

#[test]
fn no_sequence_of_inputs_breaks_the_machine() {
    let mut states = BTreeMap::new();
    for seed in 0..120 {
        let mut chaos = Chaos::new(seed);
        for step in 0..600 {
            chaos.step();
            chaos.follow();
            chaos.check(&format!("seed {seed}, step {step}"));
            for (_, peer) in chaos.raw.stack.peers.iter() {
                *states.entry(format!("{:?}", peer.state)).or_insert(0) += 1;
            }
        }
        chaos.raw.run(200_000);
        for tx in &chaos.asked {
            assert_eq!(chaos.raw.ends(*tx).len(), 1, "seed {seed}: {tx:?}");
        }
        assert_eq!(
            chaos.raw.stack.pending() + chaos.raw.stack.incoming(),
            0,
            "seed {seed}"
        );
    }
    assert_eq!(states.len(), 8, "all states were seen: {states:?}");
}
