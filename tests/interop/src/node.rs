//! A node under test: the real binary in a process of its own, with a configuration and a data directory of its own.

use crate::error::{Result, RunError, io};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::rc::Rc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use strowger_disks::{Cut, Quota};

/// How long a node may take from its start until it is ready.
pub const READY_WITHIN: Duration = Duration::from_secs(20);

/// How long the process of a node that has given up may take to be gone.
const ENDS_WITHIN: Duration = Duration::from_secs(2);

/// The binary of the product.
const STROWGER: &str = "strowger";
/// One whose service fails as it is asked to: [`crate::faulty`].
pub const FAULTY: &str = "strowger-faulty";
/// One with several versions of its services: [`crate::earlier`].
pub const VERSIONS: &str = "strowger-versions";
/// One that does Diameter: [`crate::diameter::partner`].
pub const PARTNER: &str = "strowger-partner";

/// What the crate `diameter` has by itself, for benchmarks: built with the feature `crate-diameter`.
pub(crate) const CRATE_PEER: &str = "strowger-crate-peer";

/// What a node is started with.
#[derive(Clone, Debug)]
pub struct NodeSpec {
    /// Where SIP listens, UDP and TCP.
    pub sip: SocketAddr,
    /// Where the B2BUA sends users that begin with `2`.
    pub target: String,
    /// Whom the answering service answers for, TOML.
    pub users: &'static str,
    /// `none`, `relaxed` or `strict`, for all services.
    pub durability: &'static str,
    /// Its data directory.
    pub data: PathBuf,
    /// Longest call of the B2BUA, as the configuration writes it.
    pub max_call: String,
    /// Further configuration, TOML.
    pub more: String,
    /// The whole configuration, TOML, in place of what the others say.
    pub whole: Option<String>,
    /// The binary; `strowger` unless it is another that is started in the same way.
    pub binary: &'static str,
    /// Lets only what was synced survive the process.
    pub cut: Option<Rc<Cut>>,
    /// What it is started by, as words of a command line before its own: `ip netns exec NAME`.
    pub under: Vec<String>,
    /// Makes its data directory a disk of a size of its own. Not together with `cut`.
    pub quota: Option<Rc<Quota>>,
}

impl NodeSpec {
    /// A node on `host`, with its data in `data`, that sends calls to port 5070 of the same host.
    #[must_use]
    pub fn new(host: Ipv4Addr, data: &Path) -> Self {
        Self {
            sip: SocketAddr::from((host, 5060)),
            target: format!("sip:{host}:5070"),
            users: r#"["service"]"#,
            durability: "strict",
            data: data.to_path_buf(),
            max_call: "1h".to_owned(),
            more: String::new(),
            whole: None,
            binary: STROWGER,
            cut: None,
            under: Vec::new(),
            quota: None,
        }
    }

    /// Writes its configuration, which a node that runs reads when it is told to.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_config(&self) -> Result<PathBuf> {
        let config = self.data.with_extension("toml");
        fs::write(&config, self.config()).map_err(io("write the configuration"))?;
        Ok(config)
    }

    /// Without a management API unless it says where that listens: nodes that run at one time would take its usual address
    /// from each other, and warn of it.
    fn config(&self) -> String {
        let mut config = self.whole.clone().unwrap_or_else(|| self.usual());
        if !config.contains("[management]") {
            config.push_str("\n[management]\nlisten = \"off\"\n");
        }
        config
    }

    fn usual(&self) -> String {
        let Self {
            sip,
            target,
            users,
            durability,
            data,
            max_call,
            more,
            ..
        } = self;
        format!(
            r#"[node]
data_dir = "{}"

[adaptors.sip]
type = "sip"

[adaptors.sip.settings.listeners.udp]
transport = "udp"
bind = "{sip}"

[adaptors.sip.settings.listeners.tcp]
transport = "tcp"
bind = "{sip}"

[services.uas]
kind = "uas"
durability = "{durability}"

[services.uas.settings]
users = {users}

[services.b2bua]
kind = "b2bua"
durability = "{durability}"

[services.b2bua.settings]
max_call = "{max_call}"
routes = [{{ prefix = "2", target = "{target}" }}]

{more}
"#,
            data.display()
        )
    }
}

/// A running node. Killed when dropped.
#[derive(Debug)]
pub struct Node {
    child: Child,
    log: PathBuf,
    data: PathBuf,
    /// From the start of the process to its readiness.
    pub ready_after: Duration,
}

impl Node {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready in time.
    pub fn start(spec: &NodeSpec) -> Result<Self> {
        fs::create_dir_all(&spec.data).map_err(io("create the data directory"))?;
        let config = spec.write_config()?;
        let log = spec.data.with_extension("log");
        let out = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(io("open the log"))?;
        let started = Instant::now();
        let program = program(spec.binary)?;
        let mut command = match spec.under.split_first() {
            None => Command::new(program),
            Some((by, words)) => {
                let mut by = Command::new(by);
                by.args(words).arg(program);
                by
            }
        };
        command
            .args(["run", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(out);
        if let Some(cut) = &spec.cut {
            cut.preload(&mut command)?;
        }
        if let Some(quota) = &spec.quota {
            quota.preload(&mut command)?;
        }
        let mut child = command.spawn().map_err(io("start the node"))?;
        let ready = wait_for_ready(&mut child);
        let mut node = Self {
            child,
            log,
            data: spec.data.clone(),
            ready_after: started.elapsed(),
        };
        if ready {
            return Ok(node);
        }
        // One that ends closes its output a moment before.
        match node.wait(ENDS_WITHIN) {
            Ok(status) => Err(RunError::Ended {
                status,
                log: node.log_tail(),
            }),
            Err(_) => Err(RunError::NotReady {
                within: READY_WITHIN,
                log: node.log_tail(),
            }),
        }
    }

    /// The file that it was configured with.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.data.with_extension("toml")
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a crash would.
    ///
    /// # Errors
    /// When the process cannot be waited for.
    pub fn kill(mut self) -> Result {
        self.kill_now()
    }

    /// The same of one that another takes the place of.
    pub(crate) fn kill_now(&mut self) -> Result {
        self.child.kill().map_err(io("kill the node"))?;
        self.child.wait().map_err(io("wait for the node"))?;
        Ok(())
    }

    /// Ends it as a crash would, and starts it again.
    ///
    /// # Errors
    /// When it does not become ready again.
    pub fn kill_and_start(&mut self, spec: &NodeSpec) -> Result {
        self.child.kill().map_err(io("kill the node"))?;
        self.child.wait().map_err(io("wait for the node"))?;
        *self = Self::start(spec)?;
        Ok(())
    }

    /// Sends SIGTERM and waits for its end.
    ///
    /// # Errors
    /// When it does not end within `within`.
    pub fn terminate(&mut self, within: Duration) -> Result<ExitStatus> {
        self.ask_to_stop()?;
        self.wait(within)
    }

    /// Sends SIGTERM.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn ask_to_stop(&self) -> Result {
        self.signal(Signal::SIGTERM)
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn signal(&self, signal: Signal) -> Result {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(i32::MAX));
        kill(pid, signal).map_err(|e| io("signal the node")(e.into()))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end within `within`.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().map_err(io("wait for the node"))? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                return Err(RunError::NotReady {
                    within,
                    log: self.log_tail(),
                });
            }
            pause();
        }
    }

    /// How it has ended, if it has.
    ///
    /// # Errors
    /// When nobody can tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().map_err(io("wait for the node"))
    }

    /// Runs `strowger` with these arguments for this node.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn order(&self, args: &[&str]) -> Result<Output> {
        let mut command = Command::new(binary()?);
        command.args(args).arg("--data").arg(&self.data);
        command.output().map_err(io("run strowger"))
    }

    /// What `strowger status --json` prints.
    ///
    /// # Errors
    /// When it prints something else than JSON.
    pub fn status(&self) -> Result<serde_json::Value> {
        let out = self.order(&["status", "--json"])?;
        serde_json::from_slice(&out.stdout)
            .map_err(|_| RunError::Status(String::from_utf8_lossy(&out.stderr).into()))
    }

    /// Waits until `holds` of its status, asking again every 100 ms.
    ///
    /// # Errors
    /// When it does not hold within `within`; the last status is given.
    pub fn wait_status(
        &self,
        within: Duration,
        holds: impl Fn(&serde_json::Value) -> bool,
    ) -> Result<serde_json::Value> {
        let deadline = Instant::now() + within;
        loop {
            let status = self.status()?;
            if holds(&status) {
                return Ok(status);
            }
            if Instant::now() > deadline {
                return Err(RunError::Status(status.to_string().into()));
            }
            pause();
        }
    }

    /// Resident memory in KiB.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn resident_kib(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))
            .map_err(io("read the process's memory"))?;
        let field = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
        Ok(field
            .and_then(|f| f.split_whitespace().next())
            .and_then(|n| n.parse().ok())
            .unwrap_or(0))
    }

    /// Its whole log.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn log(&self) -> Result<String> {
        fs::read_to_string(&self.log).map_err(io("read the node's log"))
    }

    /// The end of its log.
    #[must_use]
    pub fn log_tail(&self) -> Box<str> {
        let mut text = String::new();
        if let Ok(mut file) = File::open(&self.log) {
            let len = file.metadata().map(|m| m.len()).unwrap_or(0);
            let _ = file.seek(SeekFrom::Start(len.saturating_sub(4000)));
            let _ = file.read_to_string(&mut text);
        }
        text.into()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A short rest between two looks at a condition that another process brings about.
#[expect(
    clippy::disallowed_methods,
    reason = "the condition is polled with a bound"
)]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}

/// Reads the node's standard output on a thread until its line `ready`.
fn wait_for_ready(child: &mut Child) -> bool {
    let Some(stdout) = child.stdout.take() else {
        return false;
    };
    let (tell, told) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        for line in BufReader::new(stdout)
            .lines()
            .map_while(std::io::Result::ok)
        {
            if line.starts_with("ready") {
                let _ = tell.try_send(());
            }
        }
    });
    !matches!(
        told.recv_timeout(READY_WITHIN),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected)
    )
}

/// The binary under test: `STROWGER_BIN`, or the one beside this test's own in the target directory.
///
/// # Errors
/// When it is not there.
pub fn binary() -> Result<PathBuf> {
    program(STROWGER)
}

/// A binary beside this test's own; `STROWGER_BIN` stands for the node's.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    if name == STROWGER
        && let Some(path) = std::env::var_os("STROWGER_BIN")
    {
        return Ok(path.into());
    }
    let me = std::env::current_exe().map_err(io("find this program"))?;
    let profile = me
        .ancestors()
        .find(|p| p.ends_with("debug") || p.ends_with("release"));
    let path = profile
        .unwrap_or_else(|| Path::new("target/debug"))
        .join(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(RunError::NoBinary(path))
    }
}
