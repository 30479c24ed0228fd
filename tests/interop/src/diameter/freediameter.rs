//! freeDiameter in a process of its own: its configuration, its certificate, extensions of ours that are compiled for it.
//!
//! What it does unlike what its configuration says, with 1.2.1: it drops a `ListenOn` of 127.0.0.0/8 and listens on all
//! addresses, so each daemon needs ports of its own; its certificate must have its identity as CN, also without TLS; a
//! peer that left without a DPR comes back in REOPEN, where its requests are dropped until three DWAs have passed.

use super::authority::Authority;
use crate::error::{Result, RunError, ensure, io};
use crate::flows::program::Program;
use crate::flows::stage::wait_for_listener;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const EXTENSIONS: &str = "/usr/lib/freeDiameter";
const SOON: Duration = Duration::from_secs(20);
/// It waits so long for connections that do not close.
const STOPPED_WITHIN: Duration = Duration::from_secs(25);
/// What lies between its port and that for TLS: so captures are read.
pub const SECURE: u16 = 500;
/// The least that it takes: a peer that is gone is noticed after two of these.
pub const WATCHDOG_SECONDS: u32 = 6;

/// What one is started with.
#[derive(Debug)]
pub struct FreeDiameter<'a> {
    dir: &'a Path,
    authority: &'a Authority,
    identity: String,
    realm: String,
    port: u16,
    peers: String,
    extensions: String,
}

impl<'a> FreeDiameter<'a> {
    /// One that listens on `port`, 23000 to 23499, and 500 above it with TLS.
    #[must_use]
    pub fn new(
        dir: &'a Path,
        authority: &'a Authority,
        identity: &str,
        realm: &str,
        port: u16,
    ) -> Self {
        Self {
            dir,
            authority,
            identity: identity.to_owned(),
            realm: realm.to_owned(),
            port,
            peers: String::new(),
            extensions: String::new(),
        }
        .extension("dict_nasreq", None)
        .extension("dict_dcca", None)
    }

    /// Connects to this peer.
    #[must_use]
    pub fn connects(mut self, identity: &str, to: SocketAddr, tls: bool) -> Self {
        let tls = if tls { "" } else { "No_TLS; " };
        // Writing to a String does not fail.
        let _ = writeln!(
            self.peers,
            "ConnectPeer = \"{identity}\" {{ {tls}ConnectTo = \"{}\"; Port = {}; }};",
            to.ip(),
            to.port()
        );
        self
    }

    /// Lets everybody in whose identity ends so, with TLS or without.
    ///
    /// # Errors
    /// When a process or file does not do what it should.
    pub fn admits(self, domain: &str) -> Result<Self> {
        self.configured("acl_wl", &format!("ALLOW_IPSEC *.{domain}\n"))
    }

    /// Answers CCRs; `lines` as in diameter/charging.c. The book is in `IDENTITY.book`.
    ///
    /// # Errors
    /// When a process or file does not do what it should.
    pub fn charges(self, lines: &str) -> Result<Self> {
        let book = self.file("book");
        let path = compiled("charging")?;
        self.own(&path, &format!("report {}\n{lines}", book.display()))
    }

    /// Sends CCRs when it is told to, as in diameter/load.c.
    ///
    /// # Errors
    /// When a process or file does not do what it should.
    pub fn loads(self, realm: &str, window: u32, seconds: u32) -> Result<Self> {
        let path = compiled("load")?;
        let start = self.file("start");
        let lines = format!(
            "realm {realm}
window {window}
seconds {seconds}
start {}
",
            start.display()
        );
        self.own(&path, &lines)
    }

    /// Writes down its dictionary, as in diameter/dictionary.c, with that of 3GPP, in the file that is answered.
    ///
    /// # Errors
    /// When a process or file does not do what it should.
    pub fn tells_its_dictionary(self) -> Result<(Self, PathBuf)> {
        let file = self.dir.join(format!("{}-dictionary.conf", self.identity));
        let all = ["dict_rfc5777", "dict_mip6i", "dict_mip6a", "dict_dcca_3gpp"];
        let with = all
            .into_iter()
            .fold(self, |daemon, name| daemon.extension(name, None));
        Ok((with.own(&compiled("dictionary")?, "")?, file))
    }

    /// One of its own extensions with this configuration.
    ///
    /// # Errors
    /// When a process or file does not do what it should.
    pub fn configured(self, name: &str, text: &str) -> Result<Self> {
        let path = Path::new(EXTENSIONS).join(format!("{name}.fdx"));
        self.own(&path, text)
    }

    /// One of its own extensions.
    #[must_use]
    pub fn extension(mut self, name: &str, with: Option<&Path>) -> Self {
        let with = with.map_or_else(String::new, |path| format!(" : \"{}\"", path.display()));
        let _ = writeln!(
            self.extensions,
            "LoadExtension = \"{EXTENSIONS}/{name}.fdx\"{with};"
        );
        self
    }

    /// `IDENTITY.KIND` in its directory.
    fn file(&self, kind: &str) -> PathBuf {
        self.dir.join(format!("{}.{kind}", self.identity))
    }

    fn own(mut self, path: &Path, text: &str) -> Result<Self> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = self.dir.join(format!("{}-{name}.conf", self.identity));
        fs::write(&file, text).map_err(io("write an extension's configuration"))?;
        let _ = writeln!(
            self.extensions,
            "LoadExtension = \"{}\" : \"{}\";",
            path.display(),
            file.display()
        );
        Ok(self)
    }

    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// When a process or file does not do what it should.
    pub fn start(self) -> Result<Daemon> {
        let files = self.authority.sign(&self.identity)?;
        let Self {
            identity,
            realm,
            port,
            peers,
            extensions,
            ..
        } = &self;
        let text = format!(
            "Identity = \"{identity}\";\nRealm = \"{realm}\";\nPort = {port};\nSecPort = {};\nNo_SCTP;\nNo_IPv6;\n\
             TcTimer = 1;\nTwTimer = {WATCHDOG_SECONDS};\nTLS_Cred = \"{}\", \"{}\";\nTLS_CA = \"{}\";\n\
             {extensions}{peers}",
            port + SECURE,
            files.certificate.display(),
            files.key.display(),
            files.authority.display(),
        );
        let config = self.dir.join(format!("{identity}.conf"));
        fs::write(&config, text).map_err(io("write a configuration"))?;
        let mut command = Command::new("freeDiameterd");
        command.arg("-c").arg(&config);
        // GnuTLS writes down the keys of its connections: the capture can be read.
        command.env("SSLKEYLOGFILE", self.dir.join("keys.log"));
        let mut program = Program::start(identity, &mut command, self.dir)?;
        program.says("daemon initialized", SOON)?;
        // Its listeners are threads of their own.
        for port in [*port, port + SECURE] {
            let own = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            wait_for_listener(own, "tcp")?;
        }
        Ok(Daemon {
            program,
            book: self.file("book"),
            start: self.file("start"),
        })
    }
}

/// A running one.
#[derive(Debug)]
pub struct Daemon {
    /// Its process.
    pub(crate) program: Program,
    book: PathBuf,
    /// Its load begins when this file is there.
    start: PathBuf,
}

impl Daemon {
    /// Waits until it has opened the connection with this peer for the `times`-th time.
    ///
    /// # Errors
    /// When a process or file does not do what it should.
    pub fn wait_open(&mut self, peer: &str, times: usize) -> Result {
        let line = format!("-> 'STATE_OPEN'\t'{peer}'");
        self.program.says_times(&line, times, SOON)
    }

    /// Starts the load that it was started with, and waits for its end; answers with how many answers it got, all of them
    /// good.
    ///
    /// # Errors
    /// When one was not.
    pub fn load(&mut self, within: Duration) -> Result<u64> {
        fs::write(&self.start, "").map_err(io("start a load"))?;
        self.program.says("load: ", within)?;
        let said = self.program.said();
        let line = said.lines().find_map(|line| line.split_once("load: "));
        let line = line.map_or("", |(_, line)| line);
        ensure(line.ends_with(", 0 errors"), || format!("its load: {line}"))?;
        let count = line.split(' ').next().and_then(|word| word.parse().ok());
        count.ok_or_else(|| RunError::Broken(line.into()))
    }

    /// Waits until it has heard a DPR.
    ///
    /// # Errors
    /// When none comes.
    pub fn hears_disconnect(&mut self) -> Result {
        self.program.says("sent a DPR with cause", SOON)
    }

    /// Seconds of the load that it has done, and the times within which half of the answers came and 99 of a hundred, in
    /// microseconds.
    ///
    /// # Errors
    /// When it has done none.
    pub fn load_times(&self) -> Result<(f64, f64, f64)> {
        let said = self.program.said();
        let line = said.lines().find_map(|line| line.split_once("load: "));
        let line = line.map_or("", |(_, line)| line);
        let words: Vec<&str> = line.split([' ', ',']).collect();
        let after = |word: &str| -> Option<f64> {
            let at = words.iter().position(|w| *w == word)?;
            words.get(at + 1)?.parse().ok()
        };
        match (after("in"), after("p50"), after("p99")) {
            (Some(took), Some(p50), Some(p99)) => Ok((took, p50, p99)),
            _ => Err(self.program.broken("has told of no load")),
        }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.program.pid()
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// When it is gone.
    pub fn signal(&self, signal: Signal) -> Result {
        self.program.signal(signal)
    }

    /// Has it send a RAR for the session that it heard of last.
    ///
    /// # Errors
    /// When a process or file does not do what it should.
    pub fn reauth(&self) -> Result {
        self.program.signal(Signal::SIGUSR2)
    }

    /// Its book as it stands now.
    ///
    /// # Errors
    /// When a process or file does not do what it should.
    pub fn book(&self) -> Result<Book> {
        // What is not there cannot be removed.
        let _ = fs::remove_file(&self.book);
        self.program.signal(Signal::SIGUSR1)?;
        let deadline = Instant::now() + SOON;
        while !self.book.exists() {
            ensure(Instant::now() < deadline, || "no book".to_owned())?;
            crate::node::pause();
        }
        Book::read(&self.book)
    }

    /// Ends it: it sends a DPR to each of its peers.
    ///
    /// # Errors
    /// When a process or file does not do what it should.
    pub fn stop(self) -> Result {
        let status = self.program.stop(Signal::SIGTERM, STOPPED_WITHIN)?;
        ensure(status.success(), || {
            format!("freeDiameter ended with {status}")
        })
    }
}

/// What a charging server has written down, as diameter/charging.c says.
#[derive(Debug, Default)]
pub struct Book {
    /// The sums.
    pub sums: BTreeMap<String, u64>,
    /// Used units by Session-Id.
    pub sessions: BTreeMap<String, u64>,
    /// Used units by account, of all its sessions.
    pub accounts: BTreeMap<String, u64>,
}

impl Book {
    fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(io("read a book"))?;
        let mut book = Self::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let number = |at: usize| words.get(at).and_then(|word| word.parse().ok());
            match words[0] {
                "session" => {
                    let used = number(2).unwrap_or(0);
                    book.sessions.insert(words[1].to_owned(), used);
                    let account = words.get(9).copied().unwrap_or("-");
                    *book.accounts.entry(account.to_owned()).or_default() += used;
                }
                key => {
                    let value = number(1).ok_or_else(|| RunError::Broken(line.into()))?;
                    book.sums.insert(key.to_owned(), value);
                }
            }
        }
        Ok(book)
    }

    /// One of the sums.
    #[must_use]
    pub fn get(&self, key: &str) -> u64 {
        self.sums.get(key).copied().unwrap_or(0)
    }
}

/// The extension `NAME.c` of this crate, compiled unless that has been done since it was changed.
///
/// # Errors
/// When a process or file does not do what it should.
pub fn compiled(name: &str) -> Result<PathBuf> {
    let source = super::source(&format!("{name}.c"));
    let dir = crate::flows::tools::target()?.join("interop/extensions");
    fs::create_dir_all(&dir).map_err(io("make a directory for extensions"))?;
    let made = dir.join(format!("{name}.fdx"));
    let changed = |path: &Path| fs::metadata(path).and_then(|m| m.modified()).ok();
    if changed(&made).is_some_and(|at| changed(&source).is_some_and(|since| at > since)) {
        return Ok(made);
    }
    // Beside, then renamed: another test may be about to load it.
    let fresh = dir.join(format!("{name}.{}.fdx", std::process::id()));
    let out = Command::new("cc")
        .args([
            "-std=gnu11",
            "-shared",
            "-fPIC",
            "-O2",
            "-Wall",
            "-Wextra",
            "-o",
        ])
        .arg(&fresh)
        .arg(&source)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| RunError::Start {
            program: "cc".to_owned(),
            source,
        })?;
    ensure(out.status.success(), || {
        String::from_utf8_lossy(&out.stderr).into_owned()
    })?;
    fs::rename(&fresh, &made).map_err(io("put an extension in its place"))?;
    Ok(made)
}
