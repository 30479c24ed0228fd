//! A client and two servers while connections, processes and networks fail at random. Seeds stand in the messages.

use std::collections::BTreeSet;

use super::net::{Net, address};
use super::*;

fn client() -> Config {
    let mut client = config("client.test");
    client.timers.request = 400_000;
    client.timers.watchdog = 6_000;
    client.attempts = 50;
    client.peers = vec![
        PeerConfig::new("one.test", Some(address(1))),
        PeerConfig::new("two.test", Some(address(2))),
    ];
    client
}

/// The servers connect too: connections cross.
fn server(host: &str, boot: u32) -> Config {
    let mut server = config(host);
    server.origin_state_id = boot;
    server.timers.watchdog = 6_000;
    server.peers = vec![PeerConfig::new("client.test", Some(address(0)))];
    server
}

struct Trial {
    net: Net,
    random: Random,
    boot: u32,
    asked: Vec<Tx>,
}

impl Trial {
    fn new(seed: u64) -> Self {
        let mut net = Net::new(seed, 40);
        net.add(client());
        net.add(server("one.test", 1));
        net.add(server("two.test", 1));
        net.run(20_000);
        Self {
            net,
            random: Random::new([seed, 7, 7, 7]),
            boot: 1,
            asked: Vec::new(),
        }
    }

    /// Something happens to a server.
    fn fault(&mut self, server_node: usize, host: &str) {
        match self.random.below(4) {
            0 => self.net.freeze(server_node),
            1 => {
                self.boot += 1;
                self.net.kill(server_node, server(host, self.boot));
                self.net.nodes[server_node].served.clear();
            }
            2 => self.net.black_hole(server_node),
            _ => self.net.thaw(server_node),
        }
    }

    fn ask(&mut self, how_many: u64) {
        for _ in 0..how_many {
            let outgoing = Outgoing::new(request("client.test", "test", None));
            let tx = self.net.request(0, outgoing);
            self.asked.push(tx);
        }
    }

    /// All is well again, for long enough that everything has ended.
    fn settle(&mut self) {
        self.net.thaw(1);
        self.net.thaw(2);
        self.net.run(500_000);
    }

    /// Every request has ended once, nothing is left over, and no server has done anything twice.
    fn check(&self, what: &str) {
        for tx in &self.asked {
            assert_eq!(self.net.ends(0, *tx).len(), 1, "{what}: {tx:?}");
        }
        for (index, node) in self.net.nodes.iter().enumerate() {
            assert_eq!(
                node.stack.pending() + node.stack.incoming(),
                0,
                "{what}: node {index}"
            );
            for peer in node.stack.peers() {
                assert_eq!(
                    (peer.pending, peer.incoming),
                    (0, 0),
                    "{what}: {}",
                    peer.host
                );
                assert!(
                    peer.state.is_open(),
                    "{what}: {} is {:?}",
                    peer.host,
                    peer.state
                );
                assert!(
                    peer.watchdog == crate::proto::peer::WatchdogState::Okay,
                    "{what}"
                );
            }
            let once: BTreeSet<u32> = node.served.iter().copied().collect();
            assert_eq!(
                once.len(),
                node.served.len(),
                "{what}: node {index} did something twice"
            );
        }
        assert_eq!(self.net.connections(), 2, "{what}");
    }
}

#[test]
fn while_one_server_is_well_every_request_is_answered_once() {
    let mut moved = 0;
    for seed in 0..60 {
        let mut trial = Trial::new(seed);
        for _ in 0..40 {
            if trial.random.below(3) == 0 {
                trial.fault(1, "one.test");
            }
            let how_many = trial.random.below(6);
            trial.ask(how_many);
            let ms = trial.random.below(4_000);
            trial.net.run(ms);
        }
        trial.settle();
        let what = format!("seed {seed}");
        trial.check(&what);
        for tx in &trial.asked {
            assert_eq!(trial.net.ends(0, *tx), [Ok(2001)], "{what}");
        }
        moved += trial.net.counted(0, "requests.moved");
    }
    assert!(
        moved > 100,
        "only {moved} requests were moved: the faults are too tame"
    );
}

#[test]
fn whatever_fails_every_request_ends_once() {
    for seed in 100..160 {
        let mut trial = Trial::new(seed);
        for _ in 0..40 {
            if trial.random.below(3) == 0 {
                let (node, host) =
                    [(1, "one.test"), (2, "two.test")][trial.random.below(2) as usize];
                trial.fault(node, host);
            }
            let how_many = trial.random.below(6);
            trial.ask(how_many);
            let ms = trial.random.below(8_000);
            trial.net.run(ms);
        }
        trial.settle();
        trial.check(&format!("seed {seed}"));
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut trial = Trial::new(seed);
        for _ in 0..30 {
            trial.fault(1, "one.test");
            trial.ask(3);
            trial.net.run(3_000);
        }
        (trial.net.messages, format!("{:?}", trial.net.nodes[0].log))
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5).1, run(6).1);
}
