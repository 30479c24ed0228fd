//! One peer's connections, and what it does by itself.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use bytes::Bytes;
use strowger_testkit::Received;

use crate::proto::wire::{BindResp, Framer, MessageIdResp, Pdu, PduBuf, Policy, Status, command};

/// Longest PDU that the node may send.
const PDU_MAX: u32 = 1_048_576;

/// A peer.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) name: String,
    pub(super) at: SocketAddr,
    framers: BTreeMap<SocketAddr, Framer>,
    /// The node's ends of the connections on which a bind has succeeded.
    pub(super) bound: Vec<SocketAddr>,
    /// What came and is not expected yet, with the connection that it came on.
    pub(super) stash: VecDeque<(SocketAddr, PduBuf)>,
    /// It answers nothing by itself, and what comes is lost.
    pub(super) frozen: bool,
    /// What binds are answered.
    pub(super) bind_status: Status,
    /// How often somebody has wanted to bind.
    pub(super) binds: u32,
    /// It takes messages by itself, as so many so far.
    pub(super) takes: Option<u64>,
    /// How many messages it has taken by itself.
    pub(super) taken: Vec<PduBuf>,
    sequence: u32,
}

impl Exchange {
    pub(super) fn new(name: &str, at: SocketAddr) -> Self {
        Self {
            name: name.to_owned(),
            at,
            framers: BTreeMap::new(),
            bound: Vec::new(),
            stash: VecDeque::new(),
            frozen: false,
            bind_status: Status::ROK,
            binds: 0,
            takes: None,
            taken: Vec::new(),
            sequence: 0,
        }
    }

    /// The number of the next request.
    pub(super) fn number(&mut self) -> u32 {
        self.sequence += 1;
        self.sequence
    }

    /// Something came; gives what goes back by itself.
    pub(super) fn came(&mut self, received: &Received) -> Vec<u8> {
        let from = received.from;
        if received.bytes.is_empty() {
            self.framers.remove(&from);
            self.bound.retain(|other| *other != from);
            return Vec::new();
        }
        let framer = self
            .framers
            .entry(from)
            .or_insert_with(|| Framer::new(PDU_MAX));
        let mut input = &received.bytes[..];
        let mut frames = Vec::new();
        loop {
            match framer.next_frame(&mut input) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(bad) => panic!("the node sent what is no PDU: {bad:?}"),
            }
        }
        let mut back = Vec::new();
        for frame in frames {
            match PduBuf::parse(frame, Policy::Lenient) {
                Ok(pdu) => back.extend(self.pdu(from, pdu)),
                Err(fault) => panic!("the node sent what is no PDU: {fault}"),
            }
        }
        back
    }

    fn pdu(&mut self, from: SocketAddr, pdu: PduBuf) -> Bytes {
        if self.frozen {
            return Bytes::new();
        }
        let header = pdu.header();
        let (sequence, ok) = (header.sequence, Status::ROK);
        match header.command {
            command::ENQUIRE_LINK => {
                written(&Pdu::EnquireLinkResp(Default::default()), ok, sequence)
            }
            command::UNBIND => {
                self.bound.retain(|other| *other != from);
                written(&Pdu::UnbindResp(Default::default()), ok, sequence)
            }
            command::BIND_TRANSMITTER | command::BIND_RECEIVER | command::BIND_TRANSCEIVER => {
                self.bind(from, header.command, sequence)
            }
            command::BIND_TRANSMITTER_RESP
            | command::BIND_RECEIVER_RESP
            | command::BIND_TRANSCEIVER_RESP => {
                if header.status == Status::ROK {
                    self.bound.push(from);
                }
                self.stash.push_back((from, pdu));
                Bytes::new()
            }
            command::SUBMIT_SM | command::DELIVER_SM | command::DATA_SM if self.takes.is_some() => {
                self.take(&pdu, header.command, sequence)
            }
            _ => {
                self.stash.push_back((from, pdu));
                Bytes::new()
            }
        }
    }

    fn bind(&mut self, from: SocketAddr, asked: u32, sequence: u32) -> Bytes {
        let answer = BindResp {
            system_id: b"scripted",
            ..BindResp::default()
        };
        let answer = match asked {
            command::BIND_TRANSMITTER => Pdu::BindTransmitterResp(answer),
            command::BIND_RECEIVER => Pdu::BindReceiverResp(answer),
            _ => Pdu::BindTransceiverResp(answer),
        };
        self.binds += 1;
        if self.bind_status == Status::ROK {
            self.bound.push(from);
        }
        written(&answer, self.bind_status, sequence)
    }

    /// Takes a message: its id is how many there were.
    fn take(&mut self, pdu: &PduBuf, asked: u32, sequence: u32) -> Bytes {
        let number = self.takes.map_or(1, |taken| taken + 1);
        self.takes = Some(number);
        self.taken.push(pdu.clone());
        let id = number.to_string();
        let answer = MessageIdResp {
            message_id: id.as_bytes(),
            ..MessageIdResp::default()
        };
        let answer = match asked {
            command::SUBMIT_SM => Pdu::SubmitSmResp(answer),
            command::DATA_SM => Pdu::DataSmResp(answer),
            _ => Pdu::DeliverSmResp(MessageIdResp::default()),
        };
        written(&answer, Status::ROK, sequence)
    }
}

/// What a script writes fits into a PDU.
pub(super) fn written(pdu: &Pdu<'_>, status: Status, sequence: u32) -> Bytes {
    match pdu.encode(status, sequence) {
        Ok(bytes) => bytes,
        Err(error) => panic!("the script writes what is no PDU: {error}"),
    }
}
