//! SMPP peers of other languages, each in a process of its own: smpplib, smpp34 and rusmppyc in Python, node-smpp in JavaScript.
//!
//! `sms/esme.py` and `sms/esme.js` speak alike, and tell in lines what they send and get; `sms/smsc.js` tells what it takes.

use crate::error::{Result, RunError, ensure};
use crate::flows::program::Program;
use crate::flows::tools;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(40);

/// To whom all scripts submit.
pub const DESTINATION: &str = "31600000001";
/// And from whom.
pub const SOURCE: &str = "12345";

/// A library with an ESME.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the libraries'")]
pub enum Library {
    Smpplib,
    Smpp34,
    Rusmppyc,
    NodeSmpp,
}

/// Where an ESME goes, and how.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// Where the node listens.
    pub to: SocketAddr,
    /// As whom it binds; it is its password, too, if none is given.
    pub system_id: &'a str,
    /// Its password.
    pub password: &'a str,
    /// What it trusts, over TLS.
    pub authority: Option<&'a Path>,
    /// How many messages are to be sent to it before it leaves.
    pub messages: usize,
}

/// A part of a message as a script tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// data_coding.
    pub coding: u8,
    /// esm_class; 0 where it is not told.
    pub esm_class: u8,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// A running ESME.
#[derive(Debug)]
pub struct Script {
    program: Program,
}

impl Library {
    /// Starts its ESME.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn start(self, way: &Way<'_>, dir: &Path) -> Result<Script> {
        let mut command = match self.python() {
            Some(name) => {
                let mut command = Command::new("python3");
                command.env("PYTHONPATH", tools::python()?);
                command.arg(super::source("esme.py")).arg(name);
                command
            }
            None => {
                let mut command = Command::new("node");
                command.env("NODE_PATH", tools::node_modules()?);
                command.arg(super::source("esme.js"));
                command
            }
        };
        if let Some(authority) = way.authority {
            // What smpp34 looks at.
            command.env("SSL_CERT_FILE", authority);
        }
        command.args([way.to.ip().to_string(), way.to.port().to_string()]);
        command.args([way.system_id, way.password]);
        command.arg(way.authority.unwrap_or_else(|| Path::new("-")));
        command.arg(way.messages.to_string());
        Ok(Script {
            program: Program::start("esme", &mut command, dir)?,
        })
    }

    fn python(self) -> Option<&'static str> {
        match self {
            Self::Smpplib => Some("smpplib"),
            Self::Smpp34 => Some("smpp34"),
            Self::Rusmppyc => Some("rusmppyc"),
            Self::NodeSmpp => None,
        }
    }
}

impl Script {
    /// Waits until it is bound; answers with what it says of the other end.
    ///
    /// # Errors
    /// When it does not.
    pub fn bound(&mut self) -> Result<String> {
        self.program.says("bound ", SOON)?;
        let said = words(&self.program.said(), "bound");
        Ok(said.first().map_or_else(String::new, |w| w.join(" ")))
    }

    /// Waits for its end, which must be a success; answers with what it has told.
    ///
    /// # Errors
    /// When it fails.
    pub fn finish(self) -> Result<Told> {
        let said = self.program.succeed(SOON)?;
        Ok(Told { said })
    }
}

/// What an ESME told until its end.
#[derive(Clone, Debug)]
pub struct Told {
    said: String,
}

impl Told {
    /// What it has sent.
    ///
    /// # Errors
    /// When it told it otherwise than it should.
    pub fn sent(&self) -> Result<Vec<Part>> {
        words(&self.said, "sent").iter().map(|w| part(w)).collect()
    }

    /// Ids that its submits were answered with.
    #[must_use]
    pub fn submitted(&self) -> Vec<String> {
        words(&self.said, "submitted").concat()
    }

    /// Ids of its receipts, and the words for their states.
    #[must_use]
    pub fn receipts(&self) -> Vec<(String, String)> {
        let pair = |w: Vec<String>| Some((w.first()?.clone(), w.get(1)?.clone()));
        let all = words(&self.said, "receipt").into_iter();
        all.filter_map(pair).collect()
    }

    /// Senders and octets of the messages that it was sent.
    ///
    /// # Errors
    /// When it told it otherwise than it should.
    pub fn messages(&self) -> Result<Vec<(String, Part)>> {
        let all = words(&self.said, "message");
        let message = |w: &Vec<String>| match &w[..] {
            [from, coding, hex] => Ok((
                from.clone(),
                part(&[coding.clone(), "0".to_owned(), hex.clone()])?,
            )),
            other => Err(RunError::Broken(format!("{other:?}").into())),
        };
        all.iter().map(message).collect()
    }

    /// Each of its submits was taken, and there is a receipt for each, with this word.
    ///
    /// # Errors
    /// When not.
    pub fn expect_receipts(&self, word: &str) -> Result<usize> {
        let (mut ids, receipts) = (self.submitted(), self.receipts());
        let good = receipts.iter().all(|(_, stat)| stat == word);
        let mut told: Vec<String> = receipts.into_iter().map(|(id, _)| id).collect();
        ids.sort();
        told.sort();
        ensure(good && !ids.is_empty() && ids == told, || {
            format!("not a receipt for each submit:\n{}", self.said)
        })?;
        Ok(ids.len())
    }
}

/// An SMSC of node-smpp.
#[derive(Debug)]
pub struct NodeSmsc {
    program: Program,
}

impl NodeSmsc {
    /// Starts it; over TLS with a certificate and its key, if they are given.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn start(at: SocketAddr, identity: Option<(&Path, &Path)>, dir: &Path) -> Result<Self> {
        let mut command = Command::new("node");
        command.env("NODE_PATH", tools::node_modules()?);
        command.arg(super::source("smsc.js"));
        command.args([at.ip().to_string(), at.port().to_string()]);
        match identity {
            Some((certificate, key)) => command.arg(certificate).arg(key),
            None => command.args(["-", "-"]),
        };
        let mut program = Program::start_held("smsc", &mut command, dir)?;
        program.says("listening", SOON)?;
        Ok(Self { program })
    }

    /// Waits until it has told so many lines that begin with `first`; answers with their further words.
    ///
    /// # Errors
    /// When it does not in time.
    pub fn wait(&self, first: &str, count: usize) -> Result<Vec<Vec<String>>> {
        let deadline = std::time::Instant::now() + SOON;
        loop {
            let said = self.program.said();
            let found = words(&said, first);
            if found.len() >= count {
                return Ok(found);
            }
            ensure(std::time::Instant::now() < deadline, || {
                format!(
                    "node-smpp said `{first}` {} of {count} times:\n{said}",
                    found.len()
                )
            })?;
            crate::node::pause();
        }
    }

    /// Waits for so many submits.
    ///
    /// # Errors
    /// When they do not come.
    pub fn submits(&self, count: usize) -> Result<Vec<Part>> {
        let all = self.wait("submit", count)?;
        all.iter()
            .map(|w| part(w.get(2..).unwrap_or_default()))
            .collect()
    }

    /// Has it send a message to whoever is bound.
    ///
    /// # Errors
    /// When it is gone.
    pub fn deliver(&mut self, from: &str, to: &str, part: &Part) -> Result {
        let Part {
            coding,
            esm_class,
            octets,
        } = part;
        self.program.tell(&format!(
            "deliver {from} {to} {coding} {esm_class} {}",
            hex(octets)
        ))
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(self) -> Result {
        self.program
            .stop(nix::sys::signal::Signal::SIGTERM, SOON)
            .map(drop)
    }
}

/// The further words of lines that begin with `first`.
fn words(said: &str, first: &str) -> Vec<Vec<String>> {
    said.lines()
        .map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .filter(|words| words.first().is_some_and(|w| w == first))
        .map(|mut words| words.split_off(1))
        .collect()
}

fn part(words: &[String]) -> Result<Part> {
    let wrong = || RunError::Broken(format!("not a part of a message: {words:?}").into());
    let [coding, esm_class, octets] = words else {
        return Err(wrong());
    };
    let octets: Option<Vec<u8>> = (0..octets.len() / 2)
        .map(|n| u8::from_str_radix(octets.get(2 * n..2 * n + 2)?, 16).ok())
        .collect();
    Ok(Part {
        coding: coding.parse().map_err(|_| wrong())?,
        esm_class: esm_class.parse().map_err(|_| wrong())?,
        octets: octets.ok_or_else(wrong)?,
    })
}

/// Octets in hexadecimal digits.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
