//! Scripted SIP peers, for tests of services: callers and callees that say on the wire exactly what the test says.
//!
//! `slee.sip()` gives the peers of a test kit; [`SipPeers::on`] those of any other [`Ground`], such as real sockets before
//! a running node, so that one scenario runs on both. A peer is named by the host of its URI: `sip:alice@a.example` lives
//! at the address that the ground gives to `a.example`.
//!
//! Peers are no user agents: they answer nothing by themselves but retransmissions, repeat over UDP what was not answered,
//! acknowledge what an INVITE is answered with, and hold everything else until the test expects it.

mod call;
mod exchange;
mod leg;
mod minted;
mod subscription;
mod text;

pub use call::Call;
pub use exchange::Came;
pub use minted::MINTED;
pub use text::{sdp, summary};

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use exchange::Exchange;
use strowger::ra::Transport;
use strowger_testkit::{Ground, TestKit};

/// How long an expectation waits unless told otherwise: longer than any timer of a transaction.
const PATIENCE: Duration = Duration::from_secs(40);

/// `slee.sip()`.
pub trait SipTestKit {
    /// The SIP peers of this test kit.
    fn sip(&self) -> SipPeers;
}

impl SipTestKit for TestKit {
    fn sip(&self) -> SipPeers {
        self.describe_with(summary);
        self.keep(SipPeers::on).as_ref().clone()
    }
}

/// SIP peers on one ground. Clones are the same peers.
#[derive(Clone)]
pub struct SipPeers {
    exchange: Rc<RefCell<Exchange>>,
    transport: Transport,
    patience: Duration,
}

impl SipPeers {
    /// Peers that live on a ground.
    #[must_use]
    pub fn on(ground: Rc<dyn Ground>) -> Self {
        Self {
            exchange: Rc::new(RefCell::new(Exchange::new(ground))),
            transport: Transport::Udp,
            patience: PATIENCE,
        }
    }

    /// The same peers, which open what they open over TCP.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.transport = Transport::Tcp;
        self
    }

    /// The same peers, whose expectations wait this long.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Calls, with an offer. A callee without a host is a user of the node itself.
    #[must_use]
    #[track_caller]
    pub fn invite(&self, from: &str, to: &str) -> Call {
        let call = Call::to_be_made(self, from, to);
        let offer = call.default_sdp();
        call.request("INVITE", &[], &offer)
    }

    /// Calls without an offer: the answerer offers, and the ACK carries the answer.
    #[must_use]
    #[track_caller]
    pub fn invite_without_offer(&self, from: &str, to: &str) -> Call {
        Call::to_be_made(self, from, to).request("INVITE", &[], b"")
    }

    /// Sends any other request outside of dialogs. `lines` are whole header lines without their line ends.
    #[must_use]
    #[track_caller]
    pub fn request(&self, method: &str, from: &str, to: &str, lines: &[&str], body: &[u8]) -> Call {
        Call::to_be_made(self, from, to).request(method, lines, body)
    }

    /// Registers a peer at the node as what its address of record says, with its own contact. Further REGISTERs of it are
    /// `request("REGISTER", ..)` of the same call, with the Contact that they are to have.
    #[must_use]
    #[track_caller]
    pub fn register(&self, aor: &str, lines: &[&str]) -> Call {
        let call = Call::to_be_made(self, aor, aor);
        let contact = format!("Contact: {}", call.contact());
        let mut all = vec![&contact[..]];
        all.extend(lines);
        call.request("REGISTER", &all, b"")
    }

    /// Waits for a call to that address.
    #[must_use]
    #[track_caller]
    pub fn expect_invite(&self, uri: &str) -> Call {
        self.expect("INVITE", uri)
    }

    /// Waits for a request outside of dialogs to that address.
    #[must_use]
    #[track_caller]
    pub fn expect(&self, method: &str, uri: &str) -> Call {
        match Call::received(self, method, uri) {
            Some(call) => call,
            None => panic!("no {method} came to {uri}\n{}", self.ground().context()),
        }
    }

    /// Waits for a call to that address, and does without if none comes.
    #[track_caller]
    pub fn find_invite(&self, uri: &str) -> Option<Call> {
        Call::received(self, "INVITE", uri)
    }

    /// Waits for a request outside of dialogs to that address, and does without if none comes.
    #[track_caller]
    pub fn find(&self, method: &str, uri: &str) -> Option<Call> {
        Call::received(self, method, uri)
    }

    /// Takes in what has come to the peers, and repeats what is due, for who lets time go on by other means than by waiting for a
    /// message; gives the time until something is to be repeated next.
    #[track_caller]
    pub fn tend(&self) -> Option<Duration> {
        self.exchange.borrow_mut().tend()
    }

    /// Opens the peer of an address before anything is sent to it.
    pub fn open(&self, uri: &str) {
        self.ground().peer(text::host(uri));
    }

    /// The URI under which the node reaches the peer of an address.
    #[must_use]
    pub fn reachable_at(&self, uri: &str) -> String {
        let at = self.ground().peer(text::host(uri));
        match text::user(uri) {
            "" => format!("sip:{at}"),
            user => format!("sip:{user}@{at}"),
        }
    }

    fn ground(&self) -> Rc<dyn Ground> {
        Rc::clone(&self.exchange.borrow().ground)
    }
}

impl std::fmt::Debug for SipPeers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SipPeers").finish_non_exhaustive()
    }
}
