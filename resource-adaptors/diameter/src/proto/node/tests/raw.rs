//! One node and peers that are nothing but bytes.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests pick what they look for"
)]

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::super::*;
use crate::proto::dict::{Dictionary, base};
use crate::proto::peer::Capabilities;
use crate::proto::wire::{Builder, Message};

pub(super) struct Raw {
    pub(super) stack: Stack,
    pub(super) now: u64,
    pub(super) sent: Vec<(Link, Message)>,
    pub(super) closed: Vec<Link>,
    pub(super) outputs: Vec<Output>,
}

impl Raw {
    pub(super) fn new(config: Config) -> Self {
        let dictionary = Arc::new(Dictionary::standard());
        Self {
            stack: Stack::new(config, dictionary, [1, 2, 3, 4], Ms(0), 0),
            now: 0,
            sent: Vec::new(),
            closed: Vec::new(),
            outputs: Vec::new(),
        }
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.stack.poll() {
            if let Output::Send { link, bytes } = output {
                // Failed-AVP may hold what is not.
                let message = Message::parse_outer(bytes, &crate::proto::wire::Limits::DEFAULT);
                let message = message.expect("what a node sends is sound");
                self.sent.push((link, message));
            } else if let Output::Close { link } = output {
                self.closed.push(link);
            } else {
                self.outputs.push(output);
            }
        }
    }

    pub(super) fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(at) = self.stack.deadline().filter(|at| at.0 <= end) {
            self.now = at.0.max(self.now);
            self.stack.expire(Ms(self.now));
            self.drain();
        }
        self.now = end;
    }

    pub(super) fn accept_with(&mut self, secure: Option<Secure>) -> Option<Link> {
        let ends = Ends {
            peer: SocketAddr::from(([127, 0, 0, 9], 40_000)),
            local: [127, 0, 0, 1].into(),
            secure,
        };
        let link = self.stack.accepted(Ms(self.now), ends);
        self.drain();
        link
    }

    pub(super) fn accept(&mut self) -> Link {
        self.accept_with(None).expect("accepted")
    }

    /// What the node sends on a connection when it gets these bytes.
    pub(super) fn give(&mut self, link: Link, bytes: &[u8]) -> Vec<Message> {
        self.drain();
        let before = self.sent.len();
        self.stack.received(Ms(self.now), link, bytes);
        self.drain();
        let new = self.sent[before..].iter().filter(|(at, _)| *at == link);
        new.map(|(_, message)| message.clone()).collect()
    }

    /// A connection of a peer with its capabilities exchanged.
    pub(super) fn open(&mut self, host: &str) -> Link {
        let link = self.accept();
        let answers = self.give(link, &cer(host));
        assert_eq!(answers[0].result_code(), Some(2001));
        link
    }

    pub(super) fn is_closed(&self, link: Link) -> bool {
        self.closed.contains(&link)
    }

    pub(super) fn request(&mut self, outgoing: Outgoing) -> Tx {
        let (tx, _) = self.stack.request(Ms(self.now), outgoing);
        self.drain();
        tx
    }

    /// The last message that went over a connection.
    pub(super) fn last(&self, link: Link) -> &Message {
        let found = self.sent.iter().rev().find(|(at, _)| *at == link);
        &found.expect("something was sent").1
    }

    /// The requests that came out for this node.
    pub(super) fn requests(&self) -> Vec<(RequestKey, Message)> {
        let all = self.outputs.iter().filter_map(|output| match output {
            Output::Request { key, message, .. } => Some((*key, message.clone())),
            _ => None,
        });
        all.collect()
    }

    /// What became of a request: its result code or its failure, for every time that it was told.
    pub(super) fn ends(&self, tx: Tx) -> Vec<Result<u32, TxFailure>> {
        let ends = self.outputs.iter().filter_map(|output| match output {
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

    /// How often the node has counted something.
    pub(super) fn counted(&self, what: &str) -> u64 {
        let counts = self.outputs.iter().filter_map(|output| match output {
            Output::Count { name, n } if *name == what => Some(*n),
            _ => None,
        });
        counts.sum()
    }
}

/// The CER of a node in the realm `test` that has credit control.
pub(super) fn cer(host: &str) -> Bytes {
    cer_of(&super::config(host))
}

pub(super) fn cer_of(config: &Config) -> Bytes {
    Capabilities::request(config, [127, 0, 0, 9].into())
        .finish(1, 1)
        .expect("sound")
}

/// An answer with this code.
pub(super) fn answer(request: &Message, code: u32) -> Bytes {
    let mut builder = Builder::answer(request);
    if code / 1000 == 3 {
        builder.error();
    }
    builder.avp(&base::RESULT_CODE, code);
    builder.identities("peer.test", "test");
    builder
        .finish(request.header().hop_by_hop, request.header().end_to_end)
        .expect("sound")
}
