//! A peer as a test scripts it.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use strowger::ra::Transport;
use strowger_testkit::Ground;

use super::exchange::{Exchange, written};
use super::text::summary;
use crate::proto::dict::{CommandDef, base};
use crate::proto::wire::{Builder, Message, Patch};

/// A peer. Clones are the same peer.
#[derive(Clone)]
pub struct Peer {
    ground: Rc<dyn Ground>,
    exchange: Rc<RefCell<Exchange>>,
    node: SocketAddr,
    patience: Duration,
}

/// A request that came to a peer and waits for its answer.
#[derive(Clone)]
pub struct Asked {
    peer: Peer,
    on: SocketAddr,
    message: Message,
}

/// A request that a peer has sent.
#[derive(Clone)]
pub struct Sent {
    peer: Peer,
    message: Message,
}

impl Peer {
    pub(super) fn new(
        ground: Rc<dyn Ground>,
        exchange: Rc<RefCell<Exchange>>,
        node: SocketAddr,
        patience: Duration,
    ) -> Self {
        Self {
            ground,
            exchange,
            node,
            patience,
        }
    }

    // ---- connections

    /// Connects to the node, and waits until it is introduced.
    #[track_caller]
    pub fn connect(&self) {
        let introduction = self.exchange.borrow_mut().introduction();
        self.put(self.node, &introduction);
        self.expect_up();
    }

    /// Waits until capabilities were exchanged.
    #[track_caller]
    pub fn expect_up(&self) {
        let exchange = &self.exchange;
        if !self
            .ground
            .wait(self.patience, &|| exchange.borrow().up.is_some())
        {
            self.fail("is not introduced");
        }
        // What the node did with the last message, too.
        self.ground.wait(Duration::ZERO, &|| false);
    }

    /// Waits until it has no connection any more.
    #[track_caller]
    pub fn expect_down(&self) {
        let exchange = &self.exchange;
        if !self
            .ground
            .wait(self.patience, &|| exchange.borrow().up.is_none())
        {
            self.fail("is still connected");
        }
    }

    /// Whether it has a connection, and capabilities were exchanged on it.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.exchange.borrow().up.is_some()
    }

    /// Closes its connections without a word.
    #[track_caller]
    pub fn close(&self) {
        let at = self.exchange.borrow().at;
        self.exchange.borrow_mut().up = None;
        self.ground.close(at);
    }

    /// From here on it answers nothing by itself, and what comes is lost; or it does again.
    pub fn freeze(&self, frozen: bool) {
        self.exchange.borrow_mut().frozen = frozen;
    }

    /// What it says of its state at its next introduction: a greater number than before is that of one that has restarted.
    pub fn origin_state_id(&self, number: u32) {
        self.exchange.borrow_mut().origin_state_id = Some(number);
    }

    // ---- requests of the node

    /// Waits for a request of this command.
    #[must_use]
    #[track_caller]
    pub fn expect(&self, command: &CommandDef) -> Asked {
        match self.find(command, self.patience) {
            Some(asked) => asked,
            None => self.fail(&format!("expected {}, but it did not come", command.name)),
        }
    }

    /// Waits for a request of this command at most this long, and does without if none comes.
    #[track_caller]
    pub fn find(&self, command: &CommandDef, patience: Duration) -> Option<Asked> {
        let is_it =
            |message: &Message| message.is_request() && message.header().command == command.code;
        let (on, message) = self.take(patience, is_it)?;
        Some(Asked {
            peer: self.clone(),
            on,
            message,
        })
    }

    /// Nothing came that was not expected.
    #[track_caller]
    pub fn expect_nothing(&self) {
        self.ground.wait(Duration::ZERO, &|| false);
        let stash = self.exchange.borrow().stash.front().cloned();
        if let Some((_, message)) = stash {
            self.fail(&format!("did not expect {}", summary(message.bytes())));
        }
    }

    // ---- requests of the peer

    /// Sends a request. Session-Id, Origin-Host, Origin-Realm and Destination-Realm are put in unless `fill` writes them.
    #[track_caller]
    pub fn request(&self, command: &CommandDef, fill: impl FnOnce(&mut Builder)) -> Sent {
        self.extension(command.code, command.application, fill)
    }

    /// Sends a request of any command and application.
    #[track_caller]
    pub fn extension(
        &self,
        command: u32,
        application: u32,
        fill: impl FnOnce(&mut Builder),
    ) -> Sent {
        let mut own = Builder::request(command, application);
        fill(&mut own);
        let own = written(own.finish(0, 0));
        let own = self.read(own);
        let given = |def| own.find(def).is_some();
        let (host, realm) = {
            let exchange = self.exchange.borrow();
            (exchange.host.clone(), exchange.realm.clone())
        };
        let mut request = Builder::request(command, application);
        if !given(&base::SESSION_ID) {
            request.avp(
                &base::SESSION_ID,
                format!("{host};scripted;{}", self.ground.unique()),
            );
        } else if let Some(id) = own.find(&base::SESSION_ID) {
            request.raw(id);
        }
        if !given(&base::ORIGIN_HOST) {
            request.identities(&host, &realm);
        }
        if !given(&base::DESTINATION_REALM) {
            request.avp(&base::DESTINATION_REALM, "example");
        }
        for avp in own.avps().filter(|avp| !avp.is(&base::SESSION_ID)) {
            request.raw(avp);
        }
        let (hop_by_hop, end_to_end) = self.exchange.borrow_mut().number();
        let message = self.read(written(request.finish(hop_by_hop, end_to_end)));
        let sent = Sent {
            peer: self.clone(),
            message,
        };
        sent.transmit();
        sent
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send_bytes(&self, bytes: &[u8]) {
        let Some(to) = self.exchange.borrow().up else {
            self.fail("has no connection to send on");
        };
        self.put(to, bytes);
    }

    // ---- inside

    #[track_caller]
    fn put(&self, to: SocketAddr, bytes: &[u8]) {
        let at = self.exchange.borrow().at;
        self.ground.send(at, to, Transport::Tcp, bytes);
    }

    #[track_caller]
    fn take(
        &self,
        patience: Duration,
        fits: impl Fn(&Message) -> bool,
    ) -> Option<(SocketAddr, Message)> {
        let exchange = &self.exchange;
        let place = || {
            exchange
                .borrow()
                .stash
                .iter()
                .position(|(_, message)| fits(message))
        };
        self.ground.wait(patience, &|| place().is_some());
        let place = place()?;
        exchange.borrow_mut().stash.remove(place)
    }

    #[track_caller]
    fn read(&self, bytes: Bytes) -> Message {
        match Message::parse(bytes) {
            Ok(message) => message,
            Err(fault) => self.fail(&format!("writes what is no message: {}", fault.text)),
        }
    }

    #[track_caller]
    fn fail(&self, text: &str) -> ! {
        panic!(
            "{} {text}\n{}",
            self.exchange.borrow().host,
            self.ground.context()
        )
    }
}

impl Asked {
    /// The request.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Answers with a Result-Code.
    #[track_caller]
    pub fn answer(&self, result_code: u32) {
        self.answer_with(result_code, |_| {});
    }

    /// Answers with a Result-Code and what `fill` writes. A protocol error, 3xxx, has the E bit.
    #[track_caller]
    pub fn answer_with(&self, result_code: u32, fill: impl FnOnce(&mut Builder)) {
        let header = self.message.header();
        let mut answer = Builder::answer(&self.message);
        if result_code / 1000 == 3 {
            answer.error();
        }
        {
            let exchange = self.peer.exchange.borrow();
            answer.identities(&exchange.host, &exchange.realm);
        }
        answer.avp(&base::RESULT_CODE, result_code);
        fill(&mut answer);
        let answer = written(answer.finish(header.hop_by_hop, header.end_to_end));
        self.peer.put(self.on, &answer);
    }
}

impl Sent {
    /// The request.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The Session-Id that it went with.
    #[must_use]
    pub fn session_id(&self) -> String {
        self.message.session_id().unwrap_or_default().to_owned()
    }

    /// Waits for the answer, which must have this result code.
    #[track_caller]
    pub fn expect(&self, result_code: u32) -> Message {
        let answer = self.expect_answer();
        if answer.result_code() != Some(result_code) {
            let got = summary(answer.bytes());
            self.peer
                .fail(&format!("expected {result_code}, but got {got}"));
        }
        answer
    }

    /// Waits for the answer.
    #[track_caller]
    pub fn expect_answer(&self) -> Message {
        match self.find_answer(self.peer.patience) {
            Some(answer) => answer,
            None => {
                let asked = summary(self.message.bytes());
                self.peer.fail(&format!("got no answer to {asked}"))
            }
        }
    }

    /// Waits for the answer at most this long, and does without if none comes.
    #[track_caller]
    pub fn find_answer(&self, patience: Duration) -> Option<Message> {
        let number = self.message.header().hop_by_hop;
        let is_it =
            |message: &Message| !message.is_request() && message.header().hop_by_hop == number;
        self.peer.take(patience, is_it).map(|(_, answer)| answer)
    }

    /// Sends it once more, as after a failover: with the T bit.
    #[track_caller]
    pub fn again(&self) -> Self {
        let (hop_by_hop, _) = self.peer.exchange.borrow_mut().number();
        let copy = Patch::new(Bytes::copy_from_slice(self.message.bytes()));
        let copy = copy.hop_by_hop(hop_by_hop).retransmit().finish();
        let sent = Self {
            peer: self.peer.clone(),
            message: self.peer.read(copy),
        };
        sent.transmit();
        sent
    }

    /// Sends the same once more in a message of its own, as a client that has forgotten the first: with the T bit, and another
    /// End-to-End Identifier.
    #[track_caller]
    pub fn anew(&self) -> Self {
        let (hop_by_hop, end_to_end) = self.peer.exchange.borrow_mut().number();
        let copy = Patch::new(Bytes::copy_from_slice(self.message.bytes()));
        let copy = copy.hop_by_hop(hop_by_hop).end_to_end(end_to_end);
        let sent = Self {
            peer: self.peer.clone(),
            message: self.peer.read(copy.retransmit().finish()),
        };
        sent.transmit();
        sent
    }

    #[track_caller]
    fn transmit(&self) {
        self.peer.send_bytes(self.message.bytes());
    }
}

macro_rules! debug {
    ($($name:ident)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug!(Peer Asked Sent);
