//! One peer's connections, and what it does by itself.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use bytes::Bytes;
use strowger_testkit::Received;

use crate::proto::dict::base;
use crate::proto::wire::{Builder, Framer, MESSAGE_MAX, Message};

const CAPABILITIES_EXCHANGE: u32 = 257;
const DEVICE_WATCHDOG: u32 = 280;
const DISCONNECT_PEER: u32 = 282;
const SUCCESS: u32 = 2001;

/// A peer.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) host: String,
    pub(super) realm: String,
    pub(super) at: SocketAddr,
    framers: BTreeMap<SocketAddr, Framer>,
    /// The node's end of the connection that stands, once capabilities were exchanged.
    pub(super) up: Option<SocketAddr>,
    /// What came and is not expected yet, with the connection that it came on.
    pub(super) stash: VecDeque<(SocketAddr, Message)>,
    /// It answers nothing by itself.
    pub(super) frozen: bool,
    pub(super) origin_state_id: Option<u32>,
    number: u32,
}

impl Exchange {
    pub(super) fn new(host: &str, at: SocketAddr) -> Self {
        let realm = host.split_once('.').map_or(host, |(_, realm)| realm);
        Self {
            host: host.to_owned(),
            realm: realm.to_owned(),
            at,
            framers: BTreeMap::new(),
            up: None,
            stash: VecDeque::new(),
            frozen: false,
            origin_state_id: None,
            number: 0,
        }
    }

    /// The identifiers of the next request.
    pub(super) fn number(&mut self) -> (u32, u32) {
        self.number += 1;
        // Apart from those of other peers, so that a mix-up shows.
        let base = u32::from_be_bytes(match self.at.ip() {
            std::net::IpAddr::V4(ip) => ip.octets(),
            std::net::IpAddr::V6(_) => [0; 4],
        });
        (
            base.wrapping_mul(31).wrapping_add(self.number),
            base.wrapping_add(self.number),
        )
    }

    /// Something came; gives what goes back by itself.
    pub(super) fn came(&mut self, received: &Received) -> Vec<u8> {
        let from = received.from;
        if received.bytes.is_empty() {
            self.framers.remove(&from);
            if self.up == Some(from) {
                self.up = None;
            }
            return Vec::new();
        }
        let framer = self
            .framers
            .entry(from)
            .or_insert_with(|| Framer::new(MESSAGE_MAX));
        let mut frames = Vec::new();
        framer.push(&received.bytes);
        while let Ok(Some(frame)) = framer.next_frame() {
            frames.push(frame);
        }
        let mut back = Vec::new();
        for frame in frames {
            match Message::parse(frame) {
                Ok(message) => back.extend(self.message(from, message)),
                Err(fault) => panic!("the node sent what is no Diameter message: {}", fault.text),
            }
        }
        back
    }

    fn message(&mut self, from: SocketAddr, message: Message) -> Bytes {
        let header = *message.header();
        if self.frozen {
            return Bytes::new();
        }
        match (header.command, header.is_request()) {
            (CAPABILITIES_EXCHANGE, true) => {
                self.up = Some(from);
                self.capabilities(
                    Builder::answer(&message).avp(&base::RESULT_CODE, SUCCESS),
                    &message,
                )
            }
            (CAPABILITIES_EXCHANGE, false) if message.result_code() == Some(SUCCESS) => {
                self.up = Some(from);
                Bytes::new()
            }
            (DEVICE_WATCHDOG | DISCONNECT_PEER, true) => {
                if header.command == DISCONNECT_PEER {
                    self.up = None;
                }
                self.finish(
                    Builder::answer(&message).avp(&base::RESULT_CODE, SUCCESS),
                    &message,
                )
            }
            _ => {
                self.stash.push_back((from, message));
                Bytes::new()
            }
        }
    }

    /// A CER.
    pub(super) fn introduction(&mut self) -> Bytes {
        let (hop_by_hop, end_to_end) = self.number();
        let mut cer = Builder::request(CAPABILITIES_EXCHANGE, 0);
        self.describe(&mut cer);
        // Every application, as a relay has them.
        cer.avp(&base::AUTH_APPLICATION_ID, base::RELAY);
        written(cer.finish(hop_by_hop, end_to_end))
    }

    /// A CEA: with the applications of the CER, so that there is always one in common.
    fn capabilities(&self, answer: &mut Builder, request: &Message) -> Bytes {
        self.describe(answer);
        let ids = [
            &base::AUTH_APPLICATION_ID,
            &base::ACCT_APPLICATION_ID,
            &base::VENDOR_SPECIFIC_APPLICATION_ID,
        ];
        for avp in request.avps().filter(|avp| ids.iter().any(|id| avp.is(id))) {
            answer.raw(avp);
        }
        let header = request.header();
        written(answer.finish(header.hop_by_hop, header.end_to_end))
    }

    fn describe(&self, message: &mut Builder) {
        message.identities(&self.host, &self.realm);
        message.avp(&base::HOST_IP_ADDRESS, self.at.ip());
        message.avp(&base::VENDOR_ID, 0_u32);
        message.avp(&base::PRODUCT_NAME, "scripted peer");
        message.opt(&base::ORIGIN_STATE_ID, self.origin_state_id);
    }

    fn finish(&self, answer: &mut Builder, request: &Message) -> Bytes {
        let header = request.header();
        answer.identities(&self.host, &self.realm);
        written(answer.finish(header.hop_by_hop, header.end_to_end))
    }
}

/// What a script writes fits into a message.
pub(super) fn written<E: std::fmt::Display>(message: Result<Bytes, E>) -> Bytes {
    match message {
        Ok(bytes) => bytes,
        Err(error) => panic!("the script writes what is no message: {error}"),
    }
}
