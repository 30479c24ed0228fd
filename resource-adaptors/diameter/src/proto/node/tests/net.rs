//! A network of nodes in virtual time: delays by seed, frozen nodes, dead nodes, black holes.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests pick what they look for"
)]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;

use super::super::random::Random;
use super::super::*;
use super::success;
use crate::proto::dict::Dictionary;
use crate::proto::wire::Message;

/// What a node has told, with the time.
pub(super) type Log = Vec<(u64, Output)>;

pub(super) struct Node {
    pub(super) stack: Stack,
    pub(super) log: Log,
    /// Requests for it are answered with 2001 at once.
    pub(super) serves: bool,
    /// End-to-End Identifiers of the requests that its service was given.
    pub(super) served: Vec<u32>,
    /// Stopped as by SIGSTOP: it gets nothing and does nothing until it goes on.
    pub(super) frozen: bool,
    pub(super) listens: bool,
    held: Vec<Happening>,
}

#[derive(Default)]
struct Wire {
    /// The node and connection at each end; the first has opened it.
    ends: [Option<(usize, Link)>; 2],
    /// When the last thing arrives at each end: nothing overtakes.
    last: [u64; 2],
    black: bool,
}

enum Happening {
    Arrive {
        wire: usize,
        node: usize,
    },
    Established {
        wire: usize,
    },
    Refused {
        wire: usize,
    },
    Data {
        wire: usize,
        end: usize,
        bytes: Bytes,
    },
    Closed {
        wire: usize,
        end: usize,
    },
}

pub(super) struct Net {
    pub(super) now: u64,
    pub(super) nodes: Vec<Node>,
    wires: Vec<Wire>,
    coming: BTreeMap<(u64, u64), Happening>,
    number: u64,
    random: Random,
    /// Longest delay of a message.
    pub(super) delay: u64,
    pub(super) messages: u64,
}

pub(super) fn address(node: usize) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, node as u8 + 1], 3868))
}

impl Net {
    pub(super) fn new(seed: u64, delay: u64) -> Self {
        Self {
            now: 0,
            nodes: Vec::new(),
            wires: Vec::new(),
            coming: BTreeMap::new(),
            number: 0,
            random: Random::new([seed, 1, 2, 3]),
            delay,
            messages: 0,
        }
    }

    pub(super) fn add(&mut self, config: Config) -> usize {
        let stack = self.stack(config);
        self.nodes.push(Node {
            stack,
            log: Vec::new(),
            serves: true,
            served: Vec::new(),
            frozen: false,
            listens: true,
            held: Vec::new(),
        });
        self.nodes.len() - 1
    }

    fn stack(&mut self, config: Config) -> Stack {
        let seed = [self.random.next(), self.random.next(), 3, 4];
        let dictionary = Arc::new(Dictionary::standard());
        Stack::new(
            config,
            dictionary,
            seed,
            Ms(self.now),
            1_000_000 + self.now / 1_000,
        )
    }

    /// Lets `ms` pass.
    pub(super) fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        loop {
            self.drain();
            let next = self.coming.keys().next().map(|(at, _)| *at);
            let awake = self.nodes.iter().filter(|node| !node.frozen);
            let due = awake
                .filter_map(|node| node.stack.deadline())
                .map(|at| at.0)
                .min();
            let Some(at) = next.into_iter().chain(due).min().filter(|at| *at <= end) else {
                break;
            };
            self.now = self.now.max(at);
            while let Some(entry) = self
                .coming
                .first_entry()
                .filter(|it| it.key().0 <= self.now)
            {
                let happening = entry.remove();
                self.happen(happening);
                self.drain();
            }
            let now = Ms(self.now);
            for node in self.nodes.iter_mut().filter(|node| !node.frozen) {
                if node.stack.deadline().is_some_and(|at| at <= now) {
                    node.stack.expire(now);
                }
            }
        }
        self.now = end;
    }

    /// Does what the nodes ask for.
    fn drain(&mut self) {
        for index in 0..self.nodes.len() {
            while let Some(output) = self.nodes[index].stack.poll() {
                self.perform(index, output);
            }
        }
    }

    fn perform(&mut self, index: usize, output: Output) {
        match output {
            Output::Connect { link, to, .. } => {
                let wire = self.wires.len();
                let ends = [Some((index, link)), None];
                self.wires.push(Wire {
                    ends,
                    ..Wire::default()
                });
                let found = (0..self.nodes.len()).find(|node| address(*node) == to);
                let happening = match found {
                    Some(node) => Happening::Arrive { wire, node },
                    None => Happening::Refused { wire },
                };
                self.later(happening, None);
            }
            Output::Send { link, bytes } => {
                self.messages += 1;
                if let Some((wire, end)) = self.wire_of(index, link) {
                    let other = 1 - end;
                    if !self.wires[wire].black {
                        self.later(
                            Happening::Data {
                                wire,
                                end: other,
                                bytes,
                            },
                            Some((wire, other)),
                        );
                    }
                }
            }
            Output::Close { link } => {
                if let Some((wire, end)) = self.wire_of(index, link) {
                    self.wires[wire].ends[end] = None;
                    if !self.wires[wire].black {
                        let other = 1 - end;
                        self.later(Happening::Closed { wire, end: other }, Some((wire, other)));
                    }
                }
            }
            Output::Request { key, peer, message } => {
                let node = &mut self.nodes[index];
                node.served.push(message.header().end_to_end);
                if node.serves {
                    let answer = success(&message, "any.test");
                    node.stack.answer(Ms(self.now), key, answer);
                }
                node.log
                    .push((self.now, Output::Request { key, peer, message }));
            }
            other => self.nodes[index].log.push((self.now, other)),
        }
    }

    fn wire_of(&self, node: usize, link: Link) -> Option<(usize, usize)> {
        self.wires.iter().enumerate().rev().find_map(|(wire, it)| {
            let end = it.ends.iter().position(|end| *end == Some((node, link)))?;
            Some((wire, end))
        })
    }

    fn later(&mut self, happening: Happening, way: Option<(usize, usize)>) {
        let mut at = self.now + self.random.below(self.delay + 1);
        if let Some((wire, end)) = way {
            let last = &mut self.wires[wire].last[end];
            at = at.max(*last);
            *last = at;
        }
        self.number += 1;
        self.coming.insert((at, self.number), happening);
    }

    fn happen(&mut self, happening: Happening) {
        let target = match &happening {
            Happening::Arrive { node, .. } => Some(*node),
            Happening::Established { wire } | Happening::Refused { wire } => {
                self.wires[*wire].ends[0].map(|it| it.0)
            }
            Happening::Data { wire, end, .. } | Happening::Closed { wire, end } => {
                self.wires[*wire].ends[*end].map(|it| it.0)
            }
        };
        let Some(target) = target else {
            return;
        };
        // The system accepts connections for a process that is stopped.
        if self.nodes[target].frozen {
            return self.nodes[target].held.push(happening);
        }
        let now = Ms(self.now);
        match happening {
            Happening::Arrive { wire, node } => {
                let ends = ends(self.wires[wire].ends[0].map_or(0, |it| it.0), node);
                let link = match self.nodes[node].listens {
                    true => self.nodes[node].stack.accepted(now, ends),
                    false => None,
                };
                let answer = match link {
                    Some(link) => {
                        self.wires[wire].ends[1] = Some((node, link));
                        Happening::Established { wire }
                    }
                    None => Happening::Refused { wire },
                };
                self.later(answer, Some((wire, 0)));
            }
            Happening::Established { wire } => {
                if let Some((node, link)) = self.wires[wire].ends[0] {
                    let other = self.wires[wire].ends[1].map_or(0, |it| it.0);
                    self.nodes[node]
                        .stack
                        .connected(now, link, ends(other, node));
                }
            }
            Happening::Refused { wire } => {
                if let Some((node, link)) = self.wires[wire].ends[0].take() {
                    self.nodes[node].stack.connect_failed(now, link);
                }
            }
            Happening::Data { wire, end, bytes } => {
                if let Some((node, link)) = self.wires[wire].ends[end] {
                    Message::parse(bytes.clone()).expect("what a node sends is sound");
                    self.nodes[node].stack.received(now, link, &bytes);
                }
            }
            Happening::Closed { wire, end } => {
                if let Some((node, link)) = self.wires[wire].ends[end].take() {
                    self.nodes[node].stack.closed(now, link);
                }
            }
        }
    }

    /// Stops a process as by SIGSTOP.
    pub(super) fn freeze(&mut self, node: usize) {
        self.nodes[node].frozen = true;
    }

    /// SIGCONT.
    pub(super) fn thaw(&mut self, node: usize) {
        self.nodes[node].frozen = false;
        for happening in std::mem::take(&mut self.nodes[node].held) {
            self.happen(happening);
            self.drain();
        }
    }

    /// kill -9, and a new process with these settings.
    pub(super) fn kill(&mut self, node: usize, config: Config) {
        for wire in 0..self.wires.len() {
            for end in 0..2 {
                if self.wires[wire].ends[end].is_some_and(|it| it.0 == node) {
                    self.wires[wire].ends[end] = None;
                    if !self.wires[wire].black {
                        let other = 1 - end;
                        self.later(Happening::Closed { wire, end: other }, Some((wire, other)));
                    }
                }
            }
        }
        let stack = self.stack(config);
        self.nodes[node].stack = stack;
        self.nodes[node].held.clear();
        self.nodes[node].frozen = false;
    }

    /// From now on nothing that a node sends on its connections arrives, nor anything that is sent to it.
    pub(super) fn black_hole(&mut self, node: usize) {
        for wire in &mut self.wires {
            if wire.ends.iter().flatten().any(|it| it.0 == node) {
                wire.black = true;
            }
        }
    }

    /// The connections that stand at both ends.
    pub(super) fn connections(&self) -> usize {
        self.wires
            .iter()
            .filter(|wire| wire.ends.iter().all(Option::is_some))
            .count()
    }

    pub(super) fn request(&mut self, node: usize, outgoing: Outgoing) -> Tx {
        let (tx, _) = self.nodes[node].stack.request(Ms(self.now), outgoing);
        self.drain();
        tx
    }

    pub(super) fn status(&self, node: usize, peer: &str) -> PeerStatus {
        self.nodes[node]
            .stack
            .peer(peer)
            .expect("the peer is known")
    }

    /// How often a node has counted something.
    pub(super) fn counted(&self, node: usize, what: &str) -> u64 {
        let counts = self.nodes[node]
            .log
            .iter()
            .filter_map(|(_, output)| match output {
                Output::Count { name, n } if *name == what => Some(*n),
                _ => None,
            });
        counts.sum()
    }

    /// What became of a request: its result code or its failure, for every time that it was told.
    pub(super) fn ends(&self, node: usize, tx: Tx) -> Vec<Result<u32, TxFailure>> {
        let all = self.nodes[node].log.iter();
        let ends = all.filter_map(|(_, output)| match output {
            Output::Answer {
                tx: its, message, ..
            } if *its == tx => Some(Ok(message.result_code().unwrap_or(0))),
            Output::Failed {
                tx: its, failure, ..
            } if *its == tx => Some(Err(*failure)),
            _ => None,
        });
        ends.collect()
    }

    /// Ups and downs of a peer with their times in milliseconds.
    pub(super) fn history(&self, node: usize, host: &str) -> Vec<(u64, Option<DownCause>)> {
        let all = self.nodes[node].log.iter();
        let changes = all.filter_map(|(at, output)| match output {
            Output::Up { peer } if &**peer == host => Some((*at, None)),
            Output::Down { peer, cause } if &**peer == host => Some((*at, Some(*cause))),
            _ => None,
        });
        changes.collect()
    }
}

fn ends(peer: usize, own: usize) -> Ends {
    Ends {
        peer: address(peer),
        local: IpAddr::V4(Ipv4Addr::new(127, 0, 0, own as u8 + 1)),
        secure: None,
    }
}
