//! Where scripted peers live.

use std::net::SocketAddr;
use std::time::Duration;
use strowger::ra::{Message, Transport};

/// A network with a node on it, as scripted peers see it: the virtual one of a [`TestKit`](crate::TestKit), or this
/// machine's sockets with a running node. A scenario that is written against it runs on both.
///
/// A peer is one address, with all transports; over TLS the bytes are given and shown plain. Host names of scenarios stand for peers.
pub trait Ground {
    /// Where the node listens for that transport; `None` if it does not.
    fn node(&self, transport: Transport) -> Option<SocketAddr>;

    /// The address of the peer of that name, opened when first asked for.
    fn peer(&self, name: &str) -> SocketAddr;

    /// Sends from a peer. With a transport of streams, on the connection between the two, which is opened when there is none.
    fn send(&self, from: SocketAddr, to: SocketAddr, transport: Transport, bytes: &[u8]);

    /// The next thing that came to any of the peers; waits for it at most this long.
    fn receive(&self, patience: Duration) -> Option<Received>;

    /// Has a peer answer by itself: what comes to it goes to `reflex` the moment that it comes, also while a test lets time
    /// pass, and to nobody else; what that gives back is sent back. Whether the ground can do that: sockets cannot.
    fn reflex(&self, peer: SocketAddr, reflex: Reflex) -> bool {
        drop((peer, reflex));
        false
    }

    /// Stands in for the driver of an adaptor entity, from what it was told before on: what the entity tells its driver goes to `driver` the moment that it may
    /// leave, also while a test lets time pass. Whether the ground can do that: a running node has real drivers.
    fn drive(&self, entity: &str, driver: ScriptedDriver) -> bool {
        drop((entity, driver));
        false
    }

    /// Has the scripted driver of an adaptor entity say something; `note` is what ladders show of it.
    fn say(&self, entity: &str, note: &str, message: Message) {
        drop((entity, note, message));
    }

    /// Lets time pass until something holds, at most this long; whether it holds.
    fn wait(&self, patience: Duration, holds: &dyn Fn() -> bool) -> bool {
        let _ = patience;
        holds()
    }

    /// Closes a peer's connections.
    fn close(&self, peer: SocketAddr);

    /// Time since the scenario began.
    fn elapsed(&self) -> Duration;

    /// A number that nothing else got, the same in every run from the same seed.
    fn unique(&self) -> u64;

    /// What a failed expectation prints besides its own words: the seed and what was sent so far.
    fn context(&self) -> String;
}

/// What a scripted driver does with what happens to it.
pub type ScriptedDriver = Box<dyn FnMut(Driven) -> Reaction>;

/// What a scripted driver makes of it.
#[derive(Debug, Default)]
pub struct Reaction {
    /// What ladders show of what it was told; nothing if empty.
    pub note: String,
    /// What it says to that at once, each with what ladders show.
    pub said: Vec<(String, Message)>,
}

/// What happens to a scripted driver.
#[derive(Debug)]
pub enum Driven {
    /// It is told something.
    Told(Message),
    /// Its process has died, and with it everything that it knew.
    Died,
}

/// What a peer does by itself with what comes to it: gives the bytes that go back, which may be none.
pub type Reflex = Box<dyn FnMut(&Received) -> Vec<u8>>;

/// What came to a peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// To which peer.
    pub at: SocketAddr,
    /// From where.
    pub from: SocketAddr,
    /// How.
    pub transport: Transport,
    /// A datagram; or some bytes of a stream; empty when the connection was closed.
    pub bytes: Vec<u8>,
}
