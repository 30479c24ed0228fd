//! A node that does SMS: its accounts, links and routes, its start, and where it is reached.

use super::link::Link;
use crate::diameter::authority::Authority;
use crate::error::{Result, ensure, io};
use crate::node::{Node, NodeSpec};
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The port of SMPP.
pub const PORT: u16 = 2775;
/// The port of SMPP over TLS.
pub const SECURE_PORT: u16 = 3550;
/// Where the gateway takes HTTP.
pub const HTTP_PORT: u16 = 8080;
/// The name in the node's certificate.
pub const HOST: &str = "sms.labs.example";
/// The password of every account.
pub const PASSWORD: &str = "secret12";
/// Numbers that begin so go to the group `up`.
pub const ABROAD: &str = "316";

/// What one is started with.
#[derive(Debug)]
pub struct Ground {
    dir: PathBuf,
    ip: Ipv4Addr,
    /// Signs for the node and its peers.
    pub authority: Authority,
    node: String,
    settings: String,
    tables: String,
    links: Vec<String>,
    routes: String,
    service: String,
    more: String,
}

impl Ground {
    /// A node on `ip`, with its files in `dir`, that lets nobody in.
    ///
    /// # Errors
    /// When the authority cannot be made.
    pub fn new(dir: &Path, ip: Ipv4Addr) -> Result<Self> {
        Ok(Self {
            dir: dir.to_path_buf(),
            ip,
            authority: Authority::new(dir)?,
            node: String::new(),
            settings: String::new(),
            tables: String::new(),
            links: Vec::new(),
            routes: String::new(),
            service: String::new(),
            more: String::new(),
        })
    }

    /// With these keys of the node itself, TOML.
    #[must_use]
    pub fn node(mut self, keys: &str) -> Self {
        let _ = writeln!(self.node, "{keys}");
        self
    }

    /// With these keys of the adaptor's own settings, TOML.
    #[must_use]
    pub fn set(mut self, keys: &str) -> Self {
        let _ = writeln!(self.settings, "{keys}");
        self
    }

    /// With these keys of the gateway's settings, TOML.
    #[must_use]
    pub fn gateway(mut self, keys: &str) -> Self {
        let _ = writeln!(self.service, "{keys}");
        self
    }

    /// With whatever else, TOML.
    #[must_use]
    pub fn more(mut self, tables: &str) -> Self {
        let _ = writeln!(self.more, "{tables}");
        self
    }

    /// With an account of this name, which is its system_id; numbers that begin with `prefix` go to it, whoever sends to them.
    /// `keys` say more, TOML.
    #[must_use]
    pub fn account(mut self, name: &str, prefix: &str, keys: &str) -> Self {
        let _ = writeln!(
            self.tables,
            "[adaptors.sms.settings.accounts.{name}]\nsystem_id = \"{name}\"\npassword = \"{PASSWORD}\"\n{keys}"
        );
        for table in ["routes", "incoming"] {
            let _ = writeln!(
                self.routes,
                "[[services.sms-gateway.settings.{table}]]\nprefix = \"{prefix}\"\naccount = \"{name}\""
            );
        }
        self
    }

    /// With a link of this name in the group `up`, that is bound again soon. `keys` say more of it, TOML.
    #[must_use]
    pub fn link(mut self, name: &str, at: SocketAddr, keys: &str) -> Self {
        let _ = writeln!(
            self.tables,
            "[adaptors.sms.settings.links.{name}]\naddresses = [\"{at}\"]\nsystem_id = \"node\"\npassword = \"{PASSWORD}\"\nrebind = \"200ms\"\nrebind_longest = \"2s\"\n{keys}"
        );
        self.links.push(name.to_owned());
        self
    }

    /// Where it listens.
    #[must_use]
    pub fn at(&self, tls: bool) -> SocketAddr {
        SocketAddr::from((self.ip, if tls { SECURE_PORT } else { PORT }))
    }

    /// Where it takes HTTP.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        SocketAddr::from((self.ip, HTTP_PORT))
    }

    /// Starts it in class strict and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start(&self) -> Result<Node> {
        self.start_as("node", "strict")
    }

    /// The same in a directory of this name and in this class of durability; what an earlier one left is taken up.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start_as(&self, name: &str, durability: &str) -> Result<Node> {
        Node::start(&self.spec(name, durability)?)
    }

    /// What it is started with.
    ///
    /// # Errors
    /// When it gets no certificate.
    pub fn spec(&self, name: &str, durability: &str) -> Result<NodeSpec> {
        let data = self.dir.join(name);
        let mut spec = NodeSpec::new(self.ip, &data);
        spec.whole = Some(self.config(&data, durability)?);
        Ok(spec)
    }

    /// An ESME that is bound to it as a transceiver.
    ///
    /// # Errors
    /// When it is not let in.
    pub fn esme(&self, account: &str) -> Result<Link> {
        Link::transceiver(self.at(false), account, PASSWORD)
    }

    fn tls(&self) -> Result<String> {
        let files = self.authority.sign(HOST)?;
        let [certificate, key, roots] =
            [&files.certificate, &files.key, &files.authority].map(|path| path.display());
        Ok(format!(
            "{{ certificate = \"{certificate}\", key = \"{key}\", server_roots = [\"{roots}\"] }}"
        ))
    }

    fn config(&self, data: &Path, durability: &str) -> Result<String> {
        let (clear, secure, tls) = (self.at(false), self.at(true), self.tls()?);
        let mut routes = self.routes.clone();
        let mut groups = String::new();
        if !self.links.is_empty() {
            let _ = writeln!(
                routes,
                "[[services.sms-gateway.settings.routes]]\nprefix = \"{ABROAD}\"\ngroup = \"up\""
            );
            let _ = writeln!(
                groups,
                "[adaptors.sms.settings.groups.up]\nlinks = {:?}",
                self.links
            );
        }
        Ok(format!(
            r#"[node]
data_dir = "{data}"
{node}
[adaptors.sms]
type = "sms"
[adaptors.sms.settings]
{settings}
[adaptors.sms.settings.listeners.tcp]
bind = "{clear}"
[adaptors.sms.settings.listeners.tls]
bind = "{secure}"
tls = {tls}

{tables}
{groups}
[services.sms-gateway]
durability = "{durability}"
[services.sms-gateway.settings]
{service}
{routes}
{more}"#,
            data = data.display(),
            node = self.node,
            settings = self.settings,
            tables = self.tables,
            service = self.service,
            more = self.more,
        ))
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
