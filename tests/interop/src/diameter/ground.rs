//! A node that does Diameter, `strowger-partner`: its configuration, its start, and the link over which it is told what to do.

use super::authority::Authority;
use super::link::{Identity, Link, credit_control};
use super::probe::Target;
use super::raw::{avp, code, number};
use crate::error::{Result, RunError, ensure, io};
use crate::node::{Node, NodeSpec, PARTNER, pause};
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Origin-Host of the node.
pub const HOST: &str = "node.labs.example";
/// Its realm.
pub const REALM: &str = "labs.example";
/// The port of Diameter.
pub const PORT: u16 = 3868;
/// The port of Diameter over TLS (RFC 6733 11.4).
pub const SECURE_PORT: u16 = 5868;

/// What one is started with.
#[derive(Debug)]
pub struct Ground {
    dir: PathBuf,
    ip: Ipv4Addr,
    /// Signs for the node and its peers.
    pub authority: Authority,
    host: String,
    realm: String,
    settings: String,
    tables: String,
}

impl Ground {
    /// A node on `ip`, with its files in `dir`, that lets in whoever is of `hand.example`.
    ///
    /// # Errors
    /// When the authority cannot be made.
    pub fn new(dir: &Path, ip: Ipv4Addr) -> Result<Self> {
        Ok(Self {
            dir: dir.to_path_buf(),
            ip,
            authority: Authority::new(dir)?,
            host: HOST.to_owned(),
            realm: REALM.to_owned(),
            settings: String::new(),
            tables: String::new(),
        })
    }

    /// With another Origin-Host.
    #[must_use]
    pub fn called(self, host: &str) -> Self {
        Self {
            host: host.to_owned(),
            ..self
        }
    }

    /// With another Origin-Realm.
    #[must_use]
    pub fn of(self, realm: &str) -> Self {
        Self {
            realm: realm.to_owned(),
            ..self
        }
    }

    /// With these keys of its own settings, TOML.
    #[must_use]
    pub fn set(mut self, keys: &str) -> Self {
        self.settings.push_str(keys);
        self.settings.push('\n');
        self
    }

    /// With these tables of its settings, TOML, below `adaptors.diameter.settings`.
    #[must_use]
    pub fn table(mut self, name: &str, keys: &str) -> Self {
        // Writing to a String does not fail.
        let _ = writeln!(self.tables, "[adaptors.diameter.settings.{name}]\n{keys}");
        self
    }

    /// With a peer, that is connected to if `at` is given.
    #[must_use]
    pub fn peer(self, name: &str, host: &str, at: Option<SocketAddr>, tls: bool) -> Self {
        let addresses = at.map_or_else(String::new, |at| format!("addresses = [\"{at}\"]\n"));
        self.table(
            &format!("peers.{name}"),
            &format!("host = \"{host}\"\n{addresses}tls = {tls}"),
        )
    }

    /// With a realm that these peers serve; `keys` say more of it, TOML.
    #[must_use]
    pub fn realm(self, realm: &str, peers: &[&str], keys: &str) -> Self {
        let peers = peers.iter().map(|name| format!("peers.{name} = {{}}\n"));
        let peers: String = peers.collect();
        self.table(
            &format!("realms.{}", realm.replace('.', "-")),
            &format!("realm = \"{realm}\"\n{peers}{keys}"),
        )
    }

    /// Where it listens.
    #[must_use]
    pub fn at(&self, tls: bool) -> SocketAddr {
        SocketAddr::from((self.ip, if tls { SECURE_PORT } else { PORT }))
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start(&self) -> Result<Node> {
        self.start_as("node", "none")
    }

    /// The same in a directory of this name and in this class of durability; what an earlier one left is taken up.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start_as(&self, name: &str, durability: &str) -> Result<Node> {
        let data = self.dir.join(name);
        let mut spec = NodeSpec::new(self.ip, &data);
        spec.binary = PARTNER;
        spec.whole = Some(self.config(&data, durability)?);
        Node::start(&spec)
    }

    fn config(&self, data: &Path, durability: &str) -> Result<String> {
        let files = self.authority.sign(&self.host)?;
        let (clear, secure) = (self.at(false), self.at(true));
        let [certificate, key, roots] =
            [&files.certificate, &files.key, &files.authority].map(|path| path.display());
        Ok(format!(
            r#"[node]
data_dir = "{}"

[adaptors.diameter]
type = "diameter"

[adaptors.diameter.settings]
origin_host = "{}"
origin_realm = "{}"
applications = [3, 4, 16777216, 16777217, 16777251]
{}
[adaptors.diameter.settings.listeners.tcp]
bind = "{clear}"

[adaptors.diameter.settings.listeners.tls]
bind = "{secure}"
tls = {{ certificate = "{certificate}", key = "{key}", server_roots = ["{roots}"], client_roots = ["{roots}"] }}

[adaptors.diameter.settings.unknown_peers.hand]
realm = "hand.example"
tls = false

{}
[services.partner]
durability = "{durability}"
"#,
            data.display(),
            self.host,
            self.realm,
            self.settings,
            self.tables
        ))
    }

    /// The node, for the probe.
    #[must_use]
    pub fn target(&self, tls: bool) -> Target<'_> {
        Target {
            at: self.at(tls),
            host: self.host.clone(),
            realm: self.realm.clone(),
            redirected: None,
            away: None,
            tls: tls.then_some(&self.authority),
        }
    }

    /// Someone who tells it what to do.
    ///
    /// # Errors
    /// When it does not let him in.
    pub fn driver(&self) -> Result<Driver> {
        let identity = Identity::new("driver.hand.example", "hand.example");
        // From the node's own address: daemons come from 127.0.0.1, and are told from it by that.
        let mut link = Link::connect(self.at(false), Some(self.ip), identity)?;
        link.greet()?;
        Ok(Driver { link, orders: 0 })
    }

    /// Whether its log says nothing of errors or panics.
    ///
    /// # Errors
    /// What it says.
    pub fn expect_no_complaint(&self, name: &str) -> Result {
        let path = self.dir.join(name).with_extension("log");
        let log = fs::read_to_string(path).map_err(io("read the log"))?;
        let complaint = log
            .lines()
            .find(|line| line.contains(" ERROR ") || line.contains("panicked"));
        ensure(complaint.is_none(), || {
            format!("the node complained: {}", complaint.unwrap_or_default())
        })
    }
}

/// Gives orders to a node, as [`super::partner`] takes them.
#[derive(Debug)]
pub struct Driver {
    link: Link,
    orders: u32,
}

impl Driver {
    /// Has it done; answers with what was said of it.
    ///
    /// # Errors
    /// When not all of it went well, or it took longer than `within`.
    pub fn order(&mut self, what: &str, within: Duration) -> Result<String> {
        self.give(what)?;
        self.finished(within)
    }

    /// Gives an order, to be waited for with [`finished`](Self::finished).
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn give(&mut self, what: &str) -> Result {
        self.orders += 1;
        let session = format!("{};order;{}", self.link.identity.host, self.orders);
        let order = credit_control(&self.link.identity, &session, REALM, 4, 0)
            .with(&number(code::REQUESTED_ACTION, 0))
            .with(&avp(code::USER_NAME, what.as_bytes()));
        let order = super::raw::replaced(order, code::SERVICE_CONTEXT_ID, b"order");
        let order = self.link.numbered(&order);
        self.link.send(&order.bytes())
    }

    /// Waits for the end of an order.
    ///
    /// # Errors
    /// When not all of it went well.
    pub fn finished(&mut self, within: Duration) -> Result<String> {
        let came = self.link.receive(within)?;
        let super::link::Came::Message(answer) = came else {
            return Err(RunError::Broken(format!("the order: {came:?}").into()));
        };
        let said = answer.text(code::ERROR_MESSAGE).unwrap_or_default();
        ensure(answer.result_code() == 2001, || format!("{answer:?}"))?;
        Ok(said)
    }

    /// Gives the order until it goes well: a peer may not be up yet.
    ///
    /// # Errors
    /// When it does not within `within`.
    pub fn order_once_up(&mut self, what: &str, within: Duration) -> Result<String> {
        let deadline = Instant::now() + within;
        loop {
            match self.order(what, within) {
                Ok(said) => return Ok(said),
                Err(problem) if Instant::now() > deadline => return Err(problem),
                Err(_) => pause(),
            }
        }
    }

    /// Ends the connection with a DPR.
    ///
    /// # Errors
    /// When that is not answered.
    pub fn leave(self) -> Result {
        self.link.leave()
    }
}
