//! ESMEs and message centres as a test scripts them.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use strowger::ra::Transport;
use strowger_testkit::Ground;

use super::asked::{Asked, Sent};
use super::exchange::{Exchange, written};
use super::text::summary;
use crate::proto::receipt::{Receipt, State};
use crate::proto::session::Mode;
use crate::proto::wire::{Addr, Bind, Pdu, PduBuf, Status, Submit, TlvBuf, command, tlv};

/// What both kinds of peers have. Clones are the same peer.
#[derive(Clone)]
pub(super) struct Peer {
    pub(super) ground: Rc<dyn Ground>,
    pub(super) exchange: Rc<RefCell<Exchange>>,
    pub(super) node: SocketAddr,
    pub(super) transport: Transport,
    pub(super) patience: Duration,
}

/// An ESME. Clones are the same ESME.
#[derive(Clone)]
pub struct Esme {
    peer: Peer,
    system_id: String,
}

/// A message centre. Clones are the same message centre.
#[derive(Clone)]
pub struct Smsc {
    peer: Peer,
}

impl Esme {
    pub(super) fn new(peer: Peer, system_id: &str) -> Self {
        Self {
            peer,
            system_id: system_id.to_owned(),
        }
    }

    /// Binds as a transceiver.
    #[track_caller]
    pub fn bind_transceiver(&self, password: &str) {
        self.bind(Mode::Transceiver, password);
    }

    /// Binds; the node takes it.
    #[track_caller]
    pub fn bind(&self, mode: Mode, password: &str) {
        let status = self.try_bind(mode, password);
        if status != Status::ROK {
            self.peer.fail(&format!("wanted to bind, but got {status}"));
        }
    }

    /// Binds, and gives what the node says.
    #[track_caller]
    pub fn try_bind(&self, mode: Mode, password: &str) -> Status {
        self.try_bind_as(mode, password, 0x34)
    }

    /// Binds with this interface_version, and gives what the node says.
    #[track_caller]
    pub fn try_bind_as(&self, mode: Mode, password: &str, version: u8) -> Status {
        let bind = Bind {
            system_id: self.system_id.as_bytes(),
            password: password.as_bytes(),
            interface_version: version,
            ..Bind::default()
        };
        let bind = match mode {
            Mode::Transmitter => Pdu::BindTransmitter(bind),
            Mode::Receiver => Pdu::BindReceiver(bind),
            Mode::Transceiver => Pdu::BindTransceiver(bind),
        };
        self.request(&bind).expect_answer().status()
    }

    /// Submits a text, from `12345`.
    #[track_caller]
    pub fn submit(&self, to: &str, text: &str) -> Sent {
        self.submit_with(&Submit {
            source: Addr::new(0, 1, b"12345"),
            dest: Addr::new(1, 1, to.as_bytes()),
            registered_delivery: 1,
            short_message: text.as_bytes(),
            ..Submit::default()
        })
    }

    /// Submits a message.
    #[track_caller]
    pub fn submit_with(&self, submit: &Submit<'_>) -> Sent {
        self.request(&Pdu::SubmitSm(*submit))
    }

    /// Waits for a message or a receipt.
    #[must_use]
    #[track_caller]
    pub fn expect_deliver(&self) -> Asked {
        self.peer.expect(command::DELIVER_SM)
    }
}

impl Smsc {
    pub(super) fn new(peer: Peer) -> Self {
        Self { peer }
    }

    /// Waits until the node has bound.
    #[track_caller]
    pub fn expect_bound(&self) {
        self.expect_binds(1);
    }

    /// Waits until the node has bound so many sessions.
    #[track_caller]
    pub fn expect_binds(&self, sessions: usize) {
        let exchange = &self.peer.exchange;
        let bound = || exchange.borrow().bound.len() >= sessions;
        if !self.peer.ground.wait(self.peer.patience, &bound) {
            self.peer.fail("is not bound");
        }
        self.peer.settle();
    }

    /// What binds are answered from here on.
    pub fn answer_binds(&self, status: Status) {
        self.peer.exchange.borrow_mut().bind_status = status;
    }

    /// How often the node has wanted to bind.
    #[must_use]
    pub fn binds(&self) -> u32 {
        self.peer.exchange.borrow().binds
    }

    /// Waits for a message.
    #[must_use]
    #[track_caller]
    pub fn expect_submit(&self) -> Asked {
        self.peer.expect(command::SUBMIT_SM)
    }

    /// Delivers a text of a subscriber.
    #[track_caller]
    pub fn deliver(&self, from: &str, to: &str, text: &str) -> Sent {
        self.deliver_with(&Submit {
            source: Addr::new(1, 1, from.as_bytes()),
            dest: Addr::new(0, 1, to.as_bytes()),
            short_message: text.as_bytes(),
            ..Submit::default()
        })
    }

    /// Delivers a message.
    #[track_caller]
    pub fn deliver_with(&self, deliver: &Submit<'_>) -> Sent {
        self.request(&Pdu::DeliverSm(*deliver))
    }

    /// Sends a receipt for the message of this id, which went to that number: as text and with TLVs.
    #[track_caller]
    pub fn receipt(&self, id: &str, state: State, number: &str) -> Sent {
        let mut tlvs = TlvBuf::new();
        let written = tlvs.text(tlv::RECEIPTED_MESSAGE_ID, id.as_bytes()).is_ok();
        assert!(written, "an id of a receipt fits into its TLV");
        tlvs.u8(tlv::MESSAGE_STATE, state.code());
        self.receipt_with(id, state, number, &tlvs)
    }

    /// Sends a receipt that is text only.
    #[track_caller]
    pub fn receipt_as_text(&self, id: &str, state: State, number: &str) -> Sent {
        self.receipt_with(id, state, number, &TlvBuf::new())
    }

    #[track_caller]
    fn receipt_with(&self, id: &str, state: State, number: &str, tlvs: &TlvBuf) -> Sent {
        let text = Receipt {
            id: id.to_owned(),
            state: Some(state),
            ..Receipt::default()
        };
        self.deliver_with(&Submit {
            source: Addr::new(1, 1, number.as_bytes()),
            dest: Addr::new(0, 1, b"12345"),
            esm_class: 0x04,
            short_message: text.to_string().as_bytes(),
            tlvs: tlvs.as_tlvs(),
            ..Submit::default()
        })
    }
}

macro_rules! common {
    ($($name:ident)*) => {$(
        impl $name {
            /// Sends a request.
            #[track_caller]
            pub fn request(&self, pdu: &Pdu<'_>) -> Sent {
                self.peer.request(pdu)
            }

            /// Sends bytes as they are.
            #[track_caller]
            pub fn send_bytes(&self, bytes: &[u8]) {
                self.peer.put(self.peer.to(), bytes);
            }

            /// Whether it has a session.
            #[must_use]
            pub fn is_bound(&self) -> bool {
                !self.peer.exchange.borrow().bound.is_empty()
            }

            /// Waits until it has no session any more.
            #[track_caller]
            pub fn expect_unbound(&self) {
                let exchange = &self.peer.exchange;
                let unbound = || exchange.borrow().bound.is_empty();
                if !self.peer.ground.wait(self.peer.patience, &unbound) {
                    self.peer.fail("is still bound");
                }
            }

            /// Waits for a request of this command.
            #[must_use]
            #[track_caller]
            pub fn expect(&self, command: u32) -> Asked {
                self.peer.expect(command)
            }

            /// Waits for a request of this command at most this long, and does without if none comes.
            #[track_caller]
            pub fn find(&self, command: u32, patience: Duration) -> Option<Asked> {
                self.peer.find(command, patience)
            }

            /// Waits for an answer to whatever request at most this long, and does without if none comes.
            #[track_caller]
            pub fn find_response(&self, patience: Duration) -> Option<PduBuf> {
                let is_one = |pdu: &PduBuf| pdu.header().command & command::RESP != 0;
                self.peer.take(patience, is_one).map(|(_, answer)| answer)
            }

            /// Nothing came that was not expected.
            #[track_caller]
            pub fn expect_nothing(&self) {
                self.peer.expect_nothing();
            }

            /// Takes messages by itself from here on; the first has id 1, the second 2.
            pub fn take_all(&self) {
                self.peer.exchange.borrow_mut().takes.get_or_insert(0);
            }

            /// The messages that it has taken by itself.
            #[must_use]
            pub fn taken(&self) -> Vec<PduBuf> {
                self.peer.settle();
                self.peer.exchange.borrow().taken.clone()
            }

            /// From here on it answers nothing by itself, and what comes is lost; or it does again.
            pub fn freeze(&self, frozen: bool) {
                self.peer.exchange.borrow_mut().frozen = frozen;
            }

            /// Unbinds; the node says goodbye, too.
            #[track_caller]
            pub fn unbind(&self) {
                let sent = self.request(&Pdu::Unbind(Default::default()));
                let answer = sent.expect_answer();
                assert_eq!(answer.header().command, command::UNBIND_RESP);
            }

            /// Closes its connections without a word.
            pub fn close(&self) {
                let at = self.peer.exchange.borrow().at;
                self.peer.exchange.borrow_mut().bound.clear();
                self.peer.ground.close(at);
                self.peer.settle();
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

common!(Esme Smsc);

impl Peer {
    #[track_caller]
    pub(super) fn request(&self, pdu: &Pdu<'_>) -> Sent {
        let number = self.exchange.borrow_mut().number();
        let bytes = written(pdu, Status::ROK, number);
        self.put(self.to(), &bytes);
        Sent::new(self.clone(), bytes, number)
    }

    /// The node's end of its session, or where one begins.
    fn to(&self) -> SocketAddr {
        let exchange = self.exchange.borrow();
        exchange.bound.last().copied().unwrap_or(self.node)
    }

    pub(super) fn put(&self, to: SocketAddr, bytes: &[u8]) {
        let at = self.exchange.borrow().at;
        self.ground.send(at, to, self.transport, bytes);
    }

    #[track_caller]
    fn expect(&self, command: u32) -> Asked {
        match self.find(command, self.patience) {
            Some(asked) => asked,
            None => {
                let name = command::name(command);
                self.fail(&format!("expected {name}, but it did not come"))
            }
        }
    }

    fn find(&self, command: u32, patience: Duration) -> Option<Asked> {
        let (on, pdu) = self.take(patience, |pdu| pdu.header().command == command)?;
        Some(Asked::new(self.clone(), on, pdu))
    }

    #[track_caller]
    fn expect_nothing(&self) {
        self.settle();
        let stash = self.exchange.borrow().stash.front().cloned();
        if let Some((_, pdu)) = stash {
            self.fail(&format!("did not expect {}", summary(pdu.bytes())));
        }
    }

    pub(super) fn take(
        &self,
        patience: Duration,
        fits: impl Fn(&PduBuf) -> bool,
    ) -> Option<(SocketAddr, PduBuf)> {
        let exchange = &self.exchange;
        let place = || {
            let exchange = exchange.borrow();
            exchange.stash.iter().position(|(_, pdu)| fits(pdu))
        };
        self.ground.wait(patience, &|| place().is_some());
        let place = place()?;
        exchange.borrow_mut().stash.remove(place)
    }

    /// What is on its way arrives.
    pub(super) fn settle(&self) {
        self.ground.wait(Duration::ZERO, &|| false);
    }

    #[track_caller]
    pub(super) fn fail(&self, text: &str) -> ! {
        panic!(
            "{} {text}\n{}",
            self.exchange.borrow().name,
            self.ground.context()
        )
    }
}
