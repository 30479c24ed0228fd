//! Scripted ESMEs and message centres, for tests of services: they say on the wire exactly what the test says.
//!
//! A peer answers enquire_link and unbind by itself, a message centre binds, too, also while a test lets time pass; every other
//! PDU waits until the test expects it. Peers live in a test kit, with its virtual time.
//!
//! ```
//! use strowger_sms::testkit::{SmsTestKit as _, settings};
//! use strowger_testkit::TestKit;
//!
//! let kit = TestKit::none().adaptor_with("sms", strowger_sms::adaptor(), settings(&["shop"], &["carrier"]));
//! kit.sms().smsc("carrier").expect_bound(); // the node has bound
//! let shop = kit.sms().esme("shop");
//! shop.bind_transceiver("secret");
//! ```

mod asked;
mod exchange;
mod peer;
mod text;

pub use asked::{Asked, Sent};
pub use peer::{Esme, Smsc};
pub use text::summary;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use strowger::ra::Transport;
use strowger_testkit::{Ground, TestKit};

use crate::Settings;
use crate::ra::{AccountSettings, GroupSettings, LinkSettings};
use exchange::Exchange;
use peer::Peer;

/// How long an expectation waits unless told otherwise: longer than a connection and an answer take.
const PATIENCE: Duration = Duration::from_secs(60);

/// `slee.sms()`.
pub trait SmsTestKit {
    /// The SMS peers of this test kit.
    fn sms(&self) -> SmsPeers;
}

impl SmsTestKit for TestKit {
    fn sms(&self) -> SmsPeers {
        self.describe_with(summary);
        self.keep(SmsPeers::on).as_ref().clone()
    }
}

/// The SMS peers of a test kit. Clones are the same peers.
#[derive(Clone)]
pub struct SmsPeers {
    ground: Rc<dyn Ground>,
    peers: Rc<RefCell<BTreeMap<String, Rc<RefCell<Exchange>>>>>,
    patience: Duration,
}

impl SmsPeers {
    fn on(ground: Rc<dyn Ground>) -> Self {
        Self {
            ground,
            peers: Rc::default(),
            patience: PATIENCE,
        }
    }

    /// The same peers, whose expectations wait this long.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// An ESME that binds with this system_id.
    #[must_use]
    pub fn esme(&self, system_id: &str) -> Esme {
        self.esme_named(system_id, system_id)
    }

    /// Another ESME that binds with this system_id: each has one session.
    #[must_use]
    pub fn esme_named(&self, system_id: &str, name: &str) -> Esme {
        let at = address(&format!("esme {name}"));
        Esme::new(
            self.peer(&format!("esme {name}"), at, Transport::Tcp),
            system_id,
        )
    }

    /// An ESME that binds with this system_id over TLS. What its certificate says `TestKit::certificate` tells, for the peer
    /// at [`esme_address`].
    #[must_use]
    pub fn secure_esme(&self, system_id: &str) -> Esme {
        let name = format!("esme {system_id}");
        Esme::new(self.peer(&name, address(&name), Transport::Tls), system_id)
    }

    /// The message centre of that name, at [`address`], which the node connects to.
    #[must_use]
    pub fn smsc(&self, name: &str) -> Smsc {
        Smsc::new(self.peer(name, address(name), Transport::Tcp))
    }

    fn peer(&self, name: &str, at: SocketAddr, transport: Transport) -> Peer {
        let mut peers = self.peers.borrow_mut();
        let exchange = peers.entry(name.to_owned()).or_insert_with(|| {
            let at = self.ground.peer(&at.to_string());
            let exchange = Rc::new(RefCell::new(Exchange::new(name, at)));
            let reflex = Rc::clone(&exchange);
            let able = self.ground.reflex(
                at,
                Box::new(move |received| reflex.borrow_mut().came(received)),
            );
            assert!(able, "SMS peers live in a test kit");
            exchange
        });
        let node = self.ground.node(transport).unwrap_or(NODE);
        Peer {
            ground: Rc::clone(&self.ground),
            exchange: Rc::clone(exchange),
            node,
            transport,
            patience: self.patience,
        }
    }
}

impl std::fmt::Debug for SmsPeers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmsPeers").finish_non_exhaustive()
    }
}

/// Where the default listener of an adaptor entity is.
const NODE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2775);

/// The address of the message centre of that name: the same in every test, for settings that name it.
#[must_use]
pub fn address(name: &str) -> SocketAddr {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let [_, a, b, c] = hash.to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, a, b, c)), 2775)
}

/// The address that an ESME of that name connects from.
#[must_use]
pub fn esme_address(name: &str) -> SocketAddr {
    address(&format!("esme {name}"))
}

/// Settings of an adaptor entity with these accounts, whose passwords are all `secret`, and links of these names to message
/// centres at their [`address`]es. All links are in the group `all`.
#[must_use]
pub fn settings(accounts: &[&str], links: &[&str]) -> Settings {
    let account = |name: &&str| ((*name).to_owned(), AccountSettings::new("secret"));
    let link = |name: &&str| {
        let settings = LinkSettings::at(address(name), "strowger", "secret");
        ((*name).to_owned(), settings)
    };
    let group = GroupSettings {
        links: links.iter().map(|name| (*name).to_owned()).collect(),
        ..GroupSettings::default()
    };
    let groups = (!links.is_empty()).then(|| ("all".to_owned(), group));
    Settings {
        accounts: accounts.iter().map(account).collect(),
        links: links.iter().map(link).collect(),
        groups: groups.into_iter().collect(),
        ..Settings::default()
    }
}
