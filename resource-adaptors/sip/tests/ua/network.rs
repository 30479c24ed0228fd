//! Two user agents over a network that loses, repeats and reorders. Seeds are fixed and printed with a failure.

use super::*;

/// What the simulated service of a node does.
struct Node {
    bench: Bench,
    address: SocketAddr,
    /// Calls to be answered: when, and which.
    ringing: Vec<(u64, Key)>,
    answered: u32,
    confirmed: u32,
    ended: u32,
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

struct World {
    nodes: [Node; 2],
    /// Arrival, order, to whom, from whom, what.
    wire: Vec<(u64, u64, usize, Flow, Bytes)>,
    random: Random,
    loss: u64,
    now: u64,
    order: u64,
}

impl World {
    fn new(seed: u64, loss: u64, transport: Transport) -> Self {
        let node = |n: u64, address: &str| {
            let address: SocketAddr = address.parse().unwrap();
            let local = |transport| Local::new(transport, address);
            let config = UaConfig {
                locals: vec![local(transport)],
                ..config()
            };
            let mut bench = Bench::seeded(seed * 10 + n);
            bench.ua = Ua::new(config, Secret::new([n, 5]), [seed, n, 3, 4], Ms(START));
            bench.ua.set_served(Methods::ALWAYS.with(&Method::Info));
            Node {
                bench,
                address,
                ringing: Vec::new(),
                answered: 0,
                confirmed: 0,
                ended: 0,
            }
        };
        Self {
            nodes: [node(1, "192.0.2.1:5060"), node(2, "192.0.2.2:5060")],
            wire: Vec::new(),
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            loss,
            now: START,
            order: 0,
        }
    }

    /// Sends what a node has to send, and lets its service react.
    fn settle(&mut self, n: usize) {
        loop {
            self.nodes[n].bench.drain();
            for (flow, message) in std::mem::take(&mut self.nodes[n].bench.sent) {
                let copies = if self.random.chance(10) { 2 } else { 1 };
                for _ in 0..copies {
                    if flow.transport == Transport::Udp && self.random.chance(self.loss) {
                        continue;
                    }
                    let delay = if flow.transport == Transport::Udp {
                        self.random.next() % 120
                    } else {
                        20
                    };
                    let from = Flow {
                        listener: 0,
                        conn: None,
                        peer: self.nodes[n].address,
                        ..flow
                    };
                    self.order += 1;
                    self.wire.push((
                        self.now + delay,
                        self.order,
                        1 - n,
                        from,
                        message.bytes().clone(),
                    ));
                    if flow.transport != Transport::Udp {
                        break;
                    }
                }
            }
            let events = std::mem::take(&mut self.nodes[n].bench.events);
            if events.is_empty() && self.nodes[n].bench.sent.is_empty() {
                return;
            }
            for event in events {
                self.react(n, &event);
            }
        }
    }

    fn react(&mut self, n: usize, event: &Event) {
        let at = self.now + self.random.next() % 3_000;
        let node = &mut self.nodes[n];
        match event {
            &Event::Call { tx, .. } => {
                let _ = node.bench.ua.respond(Ms(self.now), tx, &reply(180));
                node.ringing.push((at, tx));
            }
            &Event::InDialog { tx: Some(tx), .. } => {
                let _ = node.bench.ua.respond(Ms(self.now), tx, &reply(200));
            }
            &Event::Cancel { tx } => {
                let _ = node.bench.ua.accept_cancel(Ms(self.now), tx);
            }
            &Event::Response { status, .. } if status >= 200 => {
                node.answered += 1;
                node.confirmed += u32::from(status < 300);
            }
            Event::Ended => node.ended += 1,
            Event::Request { .. }
            | Event::InDialog { .. }
            | Event::Response { .. }
            | Event::NoAck
            | Event::Refresh
            | Event::Expired
            | Event::Forked { .. }
            | Event::Save => {}
        }
    }

    fn run_until(&mut self, end: u64) {
        loop {
            let due = |n: &Node| n.bench.ua.deadline().map(|ms| ms.0);
            let arrivals = self.wire.iter().map(|packet| packet.0);
            let answers = self
                .nodes
                .iter()
                .flat_map(|node| node.ringing.iter().map(|(at, _)| *at));
            let timers = self.nodes.iter().filter_map(due);
            let Some(next) = arrivals
                .chain(answers)
                .chain(timers)
                .min()
                .filter(|next| *next <= end)
            else {
                break;
            };
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
    }

    fn step(&mut self) {
        let now = self.now;
        let mut arrived: Vec<_> = self.wire.extract_if(.., |packet| packet.0 <= now).collect();
        arrived.sort_by_key(|packet| (packet.0, packet.1));
        for (_, _, to, from, bytes) in arrived {
            self.nodes[to].bench.ua.datagram(Ms(now), from, bytes);
            self.settle(to);
        }
        for n in 0..2 {
            let node = &mut self.nodes[n];
            for (_, tx) in node.ringing.extract_if(.., |(at, _)| *at <= now) {
                let _ = node.bench.ua.respond(Ms(now), tx, &reply(200));
            }
            node.bench.ua.expire(Ms(now));
            self.settle(n);
        }
    }
}

/// Twenty calls, some cancelled, all hung up by one side or the other at some time.
fn calls(seed: u64, loss: u64, transport: Transport) -> World {
    let mut world = World::new(seed, loss, transport);
    let mut dialogs = Vec::new();
    for n in 0..20 {
        let target = Bytes::from(format!(
            "sip:u{n}@192.0.2.2:5060;transport={}",
            if transport == Transport::Udp {
                "udp"
            } else {
                "tcp"
            }
        ));
        let draft = Draft {
            uri: target,
            ..draft("offer")
        };
        let now = Ms(world.now);
        dialogs.push(
            world.nodes[0]
                .bench
                .ua
                .invite(now, 100 + n, n as u8, &draft)
                .unwrap(),
        );
        world.settle(0);
        let pause = world.random.next() % 800;
        world.run_until(world.now + pause);
    }
    for dialog in dialogs {
        let now = Ms(world.now);
        if world.random.chance(50) {
            let _ = world.nodes[0]
                .bench
                .ua
                .request_within(now, dialog, &within("INFO", "x"));
        }
        if world.random.chance(30) {
            let _ = world.nodes[0]
                .bench
                .ua
                .request_within(now, dialog, &within("INVITE", "offer"));
        }
        world.settle(0);
        let pause = world.random.next() % 500;
        world.run_until(world.now + pause);
        let _ = world.nodes[0].bench.ua.hang_up(Ms(world.now), dialog);
        world.settle(0);
    }
    world.run_until(world.now + 600_000);
    world
}

#[test]
fn every_call_ends_on_both_sides_whatever_the_network_does() {
    for seed in 1..=60 {
        for loss in [0, 10, 30, 60] {
            let world = calls(seed, loss, Transport::Udp);
            for (n, node) in world.nodes.iter().enumerate() {
                let (dialogs, clients, servers) = node.bench.ua.len();
                assert_eq!(
                    (clients, servers),
                    (0, 0),
                    "seed {seed}, loss {loss}, node {n}"
                );
                // When every copy of a BYE is lost the other side cannot know; at 60 % that happens.
                assert!(
                    dialogs == 0 || loss == 60,
                    "seed {seed}, loss {loss}, node {n}: {dialogs}"
                );
            }
            assert_eq!(world.nodes[0].ended, 20, "seed {seed}, loss {loss}");
            if loss == 0 {
                assert!(
                    world.nodes[0].confirmed >= 10,
                    "seed {seed}: {}",
                    world.nodes[0].confirmed
                );
            }
        }
    }
}

#[test]
fn over_a_stream_nothing_is_repeated_in_vain() {
    for seed in 1..=20 {
        let world = calls(seed, 0, Transport::Tcp);
        for (n, node) in world.nodes.iter().enumerate() {
            assert!(node.bench.ua.is_empty(), "seed {seed}, node {n}");
        }
        assert_eq!(world.nodes[0].ended, 20, "seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let traces: Vec<_> = (0..2)
        .map(|_| {
            let world = calls(3, 20, Transport::Udp);
            (
                world.order,
                world.now,
                world.nodes[0].answered,
                world.nodes[1].ended,
            )
        })
        .collect();
    assert_eq!(traces[0], traces[1]);
}
