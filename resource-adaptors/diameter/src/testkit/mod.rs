//! Scripted Diameter peers, for tests of services: they say on the wire exactly what the test says.
//!
//! A peer introduces itself, answers watchdogs and goodbyes by itself, also while a test lets time pass; every other message
//! waits until the test expects it. Peers live in a test kit, with its virtual time.
//!
//! ```
//! use std::time::Duration;
//! use strowger_diameter::testkit::{DiameterTestKit as _, settings};
//! use strowger_testkit::TestKit;
//!
//! let kit = TestKit::none().adaptor_with("diameter", strowger_diameter::adaptor(), settings(&["ocs.example"]));
//! let ocs = kit.diameter().server("ocs.example");
//! ocs.expect_up(); // the node has connected, and capabilities were exchanged
//! ```

mod exchange;
mod peer;
mod text;

pub use peer::{Asked, Peer, Sent};
pub use text::summary;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use strowger_testkit::{Ground, TestKit};

use crate::Settings;
use crate::ra::{PeerSettings, RealmSettings};
use exchange::Exchange;

/// How long an expectation waits unless told otherwise: longer than a connection and a request take.
const PATIENCE: Duration = Duration::from_secs(60);

/// `slee.diameter()`.
pub trait DiameterTestKit {
    /// The Diameter peers of this test kit.
    fn diameter(&self) -> DiameterPeers;
}

impl DiameterTestKit for TestKit {
    fn diameter(&self) -> DiameterPeers {
        self.describe_with(summary);
        self.keep(DiameterPeers::on).as_ref().clone()
    }
}

/// The Diameter peers of a test kit. Clones are the same peers.
#[derive(Clone)]
pub struct DiameterPeers {
    ground: Rc<dyn Ground>,
    peers: Rc<RefCell<BTreeMap<String, Rc<RefCell<Exchange>>>>>,
    node: SocketAddr,
    patience: Duration,
}

impl DiameterPeers {
    fn on(ground: Rc<dyn Ground>) -> Self {
        Self {
            ground,
            peers: Rc::default(),
            node: NODE,
            patience: PATIENCE,
        }
    }

    /// The same peers, whose expectations wait this long.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// A peer that the node connects to, at [`address`]. It serves every application that the node announces.
    #[must_use]
    pub fn server(&self, host: &str) -> Peer {
        self.peer(host)
    }

    /// A peer that connects to the node, and has been introduced. The node must know it, or let unknown peers in.
    ///
    /// # Panics
    /// The node does not take it.
    #[must_use]
    #[track_caller]
    pub fn client(&self, host: &str) -> Peer {
        let peer = self.peer(host);
        peer.connect();
        peer
    }

    fn peer(&self, host: &str) -> Peer {
        let mut peers = self.peers.borrow_mut();
        let exchange = peers.entry(host.to_owned()).or_insert_with(|| {
            let at = self.ground.peer(&address(host).to_string());
            let exchange = Rc::new(RefCell::new(Exchange::new(host, at)));
            let reflex = Rc::clone(&exchange);
            let able = self.ground.reflex(
                at,
                Box::new(move |received| reflex.borrow_mut().came(received)),
            );
            assert!(able, "Diameter peers live in a test kit");
            exchange
        });
        Peer::new(
            Rc::clone(&self.ground),
            Rc::clone(exchange),
            self.node,
            self.patience,
        )
    }
}

impl std::fmt::Debug for DiameterPeers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiameterPeers").finish_non_exhaustive()
    }
}

/// Where the default listener of an adaptor entity is.
const NODE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3868);

/// The address of the peer of that name: the same in every test, for settings that name it.
#[must_use]
pub fn address(host: &str) -> SocketAddr {
    let hash = host.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let [_, a, b, c] = hash.to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, a, b, c)), 3868)
}

/// Settings of an adaptor entity `node.example` that connects to these peers, by whom every realm is served; others whose
/// realm is `example` may connect. A peer's name among the settings is its host name up to the first dot.
#[must_use]
pub fn settings(servers: &[&str]) -> Settings {
    let name = |host: &str| host.split('.').next().unwrap_or(host).to_owned();
    let names: Vec<String> = servers.iter().map(|host| name(host)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let peers = servers
        .iter()
        .map(|host| (name(host), PeerSettings::at(host, address(host))));
    let unknown = crate::ra::UnknownPeerSettings {
        realm: "example".to_owned(),
        tls: false,
    };
    Settings {
        origin_host: "node.example".to_owned(),
        origin_realm: "example".to_owned(),
        applications: vec![3, 4],
        peers: peers.collect(),
        realms: BTreeMap::from([("any".to_owned(), RealmSettings::by("*", &names))]),
        unknown_peers: BTreeMap::from([("example".to_owned(), unknown)]),
        ..Settings::default()
    }
}
