//! Kannel as an ESME: its bearerbox binds to a node as a transceiver, its smsbox takes messages by HTTP and asks a URL for each
//! that comes.
//!
//! It listens on all addresses with some of its ports, so these differ from ground to ground.

use super::http::{Answer, Client, encoded};
use crate::error::{Result, ensure, io};
use crate::flows::program::Program;
use nix::sys::signal::Signal;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const BEARERBOX: &str = "/usr/sbin/bearerbox";
const SMSBOX: &str = "/usr/sbin/smsbox";
const SOON: Duration = Duration::from_secs(20);
/// It takes its time to stop, and the next one could not open its ports before.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

/// What one is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where files of it lie.
    pub dir: PathBuf,
    /// Its SMSC: a node.
    pub smsc: SocketAddr,
    /// As whom it binds.
    pub system_id: String,
    /// Its password.
    pub password: String,
    /// The first of its three ports.
    pub port: u16,
    /// What it is to trust, if it is to use TLS.
    pub authority: Option<PathBuf>,
    /// Where it tells of messages that come.
    pub sink: SocketAddr,
}

/// A running one.
#[derive(Debug)]
pub struct Kannel {
    bearerbox: Program,
    smsbox: Program,
    port: u16,
}

impl Config {
    fn text(&self) -> String {
        let Self {
            dir,
            smsc,
            port,
            sink,
            ..
        } = self;
        let (dir, tls) = (dir.display(), self.authority.is_some());
        let trusted = self.authority.as_ref().map_or_else(String::new, |file| {
            format!("ssl-trusted-ca-file = \"{}\"\n", file.display())
        });
        format!(
            "group = core\nadmin-port = {port}\nsmsbox-port = {smsbox}\nadmin-password = bar\n\
             admin-deny-ip = \"*.*.*.*\"\nadmin-allow-ip = \"127.0.0.1\"\n\
             box-deny-ip = \"*.*.*.*\"\nbox-allow-ip = \"127.0.0.1\"\n\
             log-file = \"{dir}/bearerbox-own.log\"\nlog-level = 1\n{trusted}\
             store-type = file\nstore-location = \"{dir}/kannel.store\"\ndlr-storage = internal\n\n\
             group = smsc\nsmsc = smpp\nsmsc-id = node\nhost = {host}\nport = {smpp}\ntransceiver-mode = true\n\
             smsc-username = \"{user}\"\nsmsc-password = \"{password}\"\nsystem-type = \"\"\n\
             source-addr-ton = 1\nsource-addr-npi = 1\ndest-addr-ton = 1\ndest-addr-npi = 1\n\
             use-ssl = {tls}\nenquire-link-interval = 10\nreconnect-delay = 1\nmax-pending-submits = 50\n\n\
             group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {sendsms}\n\
             log-file = \"{dir}/smsbox-own.log\"\nlog-level = 1\n\n\
             group = sendsms-user\nusername = tester\npassword = foobar\nconcatenation = true\nmax-messages = 10\n\n\
             group = sms-service\nkeyword = default\ncatch-all = true\nmax-messages = 0\n\
             get-url = \"http://{sink}/mo?from=%p&to=%P&text=%b&coding=%c&udh=%u\"\n",
            smsbox = port + 1,
            sendsms = port + 2,
            host = smsc.ip(),
            smpp = smsc.port(),
            user = self.system_id,
            password = self.password,
        )
    }

    /// Starts it and waits until it takes messages.
    ///
    /// # Errors
    /// When it does not.
    pub fn start(&self) -> Result<Kannel> {
        let file = self.dir.join("kannel.conf");
        fs::write(&file, self.text()).map_err(io("write the configuration of Kannel"))?;
        let dir: &Path = &self.dir;
        let mut bearerbox = Program::start(
            "bearerbox",
            Command::new(BEARERBOX).args(["-v", "1"]).arg(&file),
            dir,
        )?;
        bearerbox.says("Start-up done", SOON)?;
        let mut smsbox = Program::start(
            "smsbox",
            Command::new(SMSBOX).args(["-v", "1"]).arg(&file),
            dir,
        )?;
        // A connection that is opened and closed before makes it crash now and then.
        smsbox.says("Connected to bearerbox", SOON)?;
        Ok(Kannel {
            bearerbox,
            smsbox,
            port: self.port,
        })
    }
}

/// A message for [`Kannel::send`].
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Sender.
    pub from: &'a str,
    /// Receiver.
    pub to: &'a str,
    /// In UTF-8.
    pub text: &'a str,
    /// In UCS-2, and not in the default alphabet.
    pub ucs2: bool,
    /// Who is told of its way: `type` and `id` are added to the query.
    pub receipts: Option<SocketAddr>,
}

impl Order<'_> {
    /// As sendsms takes it.
    #[must_use]
    pub fn path(&self) -> String {
        let (from, to, text) = (
            encoded(self.from.as_bytes()),
            encoded(self.to.as_bytes()),
            encoded(self.text.as_bytes()),
        );
        let mut path = format!(
            "/cgi-bin/sendsms?username=tester&password=foobar&from={from}&to={to}&text={text}&charset=UTF-8"
        );
        if self.ucs2 {
            path.push_str("&coding=2");
        }
        if let Some(sink) = self.receipts {
            let url = format!("http://{sink}/dlr?to={to}&type=%d&id=%F&answer=%A");
            path.push_str(&format!("&dlr-mask=31&dlr-url={}", encoded(url.as_bytes())));
        }
        path
    }
}

impl Kannel {
    /// Has it send a message; it must accept.
    ///
    /// # Errors
    /// When it does not.
    pub fn send(&self, order: &Order<'_>) -> Result {
        let Answer { status, body, .. } = Client::connect(self.ingress())?.get(&order.path())?;
        ensure(status == 202, || {
            format!("sendsms answered {status}: {body}")
        })
    }

    /// Where it takes messages.
    #[must_use]
    pub fn ingress(&self) -> SocketAddr {
        local(self.port + 2)
    }

    /// Waits until it is bound to its SMSC.
    ///
    /// # Errors
    /// When it is not in time.
    pub fn wait_online(&self) -> Result {
        let deadline = std::time::Instant::now() + SOON;
        loop {
            let status = Client::connect(local(self.port))?.get("/status.txt?password=bar")?;
            if status.body.contains("(online ") {
                return Ok(());
            }
            ensure(std::time::Instant::now() < deadline, || status.body.clone())?;
            crate::node::pause();
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(self) -> Result {
        self.smsbox.stop(Signal::SIGTERM, STOPPED_WITHIN)?;
        self.bearerbox.stop(Signal::SIGTERM, STOPPED_WITHIN)?;
        Ok(())
    }

    /// Process ids of its two halves.
    #[must_use]
    pub fn pids(&self) -> [u32; 2] {
        [self.bearerbox.pid(), self.smsbox.pid()]
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
