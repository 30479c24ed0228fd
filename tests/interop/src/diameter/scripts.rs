//! Peers of other languages, each in a process of its own: python-diameter, and the Diameter of Erlang/OTP.
//!
//! Both scripts speak alike: `ready` when a peer is up, `done COMMAND COUNT` or `failed COMMAND WHY` after each command,
//! `received COMMAND` for each request that was answered.

use super::authority::Authority;
use crate::error::{Result, RunError, ensure, io};
use crate::flows::program::Program;
use crate::flows::tools;
use nix::sys::signal::Signal;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
/// python-diameter ends its threads one after the other, two seconds each.
const ENDED_WITHIN: Duration = Duration::from_secs(60);
const OTP_DICTIONARIES: &str = "examples/dict";

/// Who a script is and whom it talks to.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// Its own Origin-Host and Origin-Realm.
    pub own: (&'a str, &'a str),
    /// The peer's.
    pub peer: (&'a str, &'a str),
    /// Where it listens, or the peer does.
    pub at: SocketAddr,
    /// In TLS, with certificates of this authority, if it is given.
    pub tls: Option<&'a Authority>,
}

impl Ends<'_> {
    /// The words that have a script speak TLS: its certificate, its key, and who signs.
    fn tls(&self) -> Result<Vec<String>> {
        let Some(authority) = self.tls else {
            return Ok(Vec::new());
        };
        let files = authority.sign(self.own.0)?;
        let paths = [files.certificate, files.key, files.authority];
        let paths = paths.map(|path| path.to_string_lossy().into_owned());
        Ok(std::iter::once("tls".to_owned()).chain(paths).collect())
    }
}

/// A running script.
#[derive(Debug)]
pub struct Script {
    /// Its process.
    pub(crate) program: Program,
    by_input: bool,
}

impl Script {
    /// python-diameter that waits for the peer at `ends.at`, and does `commands` when it is up.
    ///
    /// # Errors
    /// When it does not.
    pub fn python_listens(dir: &Path, ends: Ends<'_>, commands: &[&str]) -> Result<Self> {
        let (ip, port) = (ends.at.ip().to_string(), ends.at.port().to_string());
        let uri = format!("aaa://{}", ends.peer.0);
        let (host, realm) = ends.own;
        let tls = ends.tls()?;
        let tls: Vec<&str> = tls.iter().map(String::as_str).collect();
        let peer = ["listen", &ip, &port, "peer", &uri, ends.peer.1, "do"];
        let args = [&[host, realm][..], &tls, &peer, commands].concat();
        Self::python(dir, &args)
    }

    /// python-diameter that connects to the peer at `ends.at` and does `commands`.
    ///
    /// # Errors
    /// When it does not.
    pub fn python_connects(dir: &Path, ends: Ends<'_>, commands: &[&str]) -> Result<Self> {
        let ip = ends.at.ip().to_string();
        let uri = format!("aaa://{}:{}", ends.peer.0, ends.at.port());
        let (host, realm) = ends.own;
        let tls = ends.tls()?;
        let tls: Vec<&str> = tls.iter().map(String::as_str).collect();
        let peer = ["peer", &uri, ends.peer.1, &ip, "do"];
        let args = [&[host, realm][..], &tls, &peer, commands].concat();
        Self::python(dir, &args)
    }

    fn python(dir: &Path, args: &[&str]) -> Result<Self> {
        let mut command = Command::new("python3");
        command.env("PYTHONPATH", tools::python()?);
        // The capture of what went through TLS can be read.
        command.env("SSLKEYLOGFILE", dir.join("keys.log"));
        command.arg(super::source("peer.py")).args(args);
        Ok(Self {
            program: Program::start(args[0], &mut command, dir)?,
            by_input: false,
        })
    }

    /// OTP that waits for peers at `ends.at`, and does `commands` when one is up.
    ///
    /// # Errors
    /// When it does not.
    pub fn otp_listens(dir: &Path, ends: Ends<'_>, commands: &[&str]) -> Result<Self> {
        let more = [&["do", ends.peer.1], commands].concat();
        Self::otp(dir, ends, "listen", &more)
    }

    /// OTP that connects to the peer at `ends.at` and does `commands`.
    ///
    /// # Errors
    /// When it does not.
    pub fn otp_connects(dir: &Path, ends: Ends<'_>, commands: &[&str]) -> Result<Self> {
        let more = [&["do", ends.peer.1], commands].concat();
        Self::otp(dir, ends, "connect", &more)
    }

    fn otp(dir: &Path, ends: Ends<'_>, role: &str, more: &[&str]) -> Result<Self> {
        let modules = otp_modules(dir)?;
        let (ip, port) = (ends.at.ip().to_string(), ends.at.port().to_string());
        let mut command = Command::new("erl");
        command.args(["-noshell", "-pa"]).arg(&modules);
        command.args([
            "-run", "otp_peer", "main", ends.own.0, ends.own.1, role, &ip, &port,
        ]);
        let tls = ends.tls()?;
        if !tls.is_empty() {
            command.args(tls).arg(ends.peer.0);
        }
        command.args(more);
        let mut program = Program::start_held(ends.own.0, &mut command, dir)?;
        program.says("listening", SOON)?;
        Ok(Self {
            program,
            by_input: true,
        })
    }

    /// Waits until the peer is up.
    ///
    /// # Errors
    /// When it does not.
    pub fn ready(&mut self) -> Result {
        self.program.says("ready", SOON)
    }

    /// Waits until this command is done.
    ///
    /// # Errors
    /// When it does not.
    pub fn done(&mut self, command: &str, within: Duration) -> Result {
        let (name, count) = command.split_once(':').unwrap_or((command, "1"));
        let found = self.program.says_one(
            &[&format!("done {name} {count}"), &format!("failed {name} ")],
            within,
        )?;
        ensure(found == 0, || self.program.said())
    }

    /// How many requests of this name it has answered.
    #[must_use]
    pub fn received(&self, name: &str) -> usize {
        let line = format!("received {name}");
        self.program.said().lines().filter(|l| *l == line).count()
    }

    /// Ends it with a DPR.
    ///
    /// # Errors
    /// When it does not.
    pub fn stop(mut self) -> Result {
        if self.by_input {
            self.program.end_input();
        } else {
            self.program.signal(Signal::SIGTERM)?;
        }
        let said = self.program.succeed(ENDED_WITHIN)?;
        ensure(said.contains("ended"), || said.clone())
    }
}

/// The peer's module and the dictionaries that it needs, compiled into a folder of `dir`.
fn otp_modules(dir: &Path) -> Result<PathBuf> {
    let made = dir.join("otp");
    fs::create_dir_all(&made).map_err(io("make a directory for modules"))?;
    if made.join("otp_peer.beam").exists() {
        return Ok(made);
    }
    let home = otp_home()?;
    let compiler = home.join("bin/diameterc");
    let base = "common/diameter_gen_base_rfc6733";
    for (dictionary, name) in [
        ("rfc4005_nas", "rfc4005_nas"),
        ("rfc4006_cc", "credit_control"),
    ] {
        let source = home
            .join(OTP_DICTIONARIES)
            .join(format!("{dictionary}.dia"));
        let mut command = Command::new(&compiler);
        command.args(["-i", ".", "--inherits", base, "--name", name, "-o", "."]);
        compile(command.arg(source), &made)?;
        compile(Command::new("erlc").arg(format!("{name}.erl")), &made)?;
    }
    compile(
        Command::new("erlc").arg(super::source("otp_peer.erl")),
        &made,
    )?;
    Ok(made)
}

fn compile(command: &mut Command, dir: &Path) -> Result {
    let out = command.current_dir(dir).stdin(Stdio::null()).output();
    let out = out.map_err(|source| RunError::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    ensure(out.status.success(), || {
        let said = [out.stdout.clone(), out.stderr.clone()].concat();
        String::from_utf8_lossy(&said).into_owned()
    })
}

/// Where OTP keeps its Diameter, whatever its version.
pub(crate) fn otp_home() -> Result<PathBuf> {
    let libraries = Path::new("/usr/lib/erlang/lib");
    let found = fs::read_dir(libraries)
        .map_err(io("read Erlang's libraries"))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.join(OTP_DICTIONARIES).exists());
    found.ok_or_else(|| RunError::NoPeer(libraries.join("diameter-*")))
}
