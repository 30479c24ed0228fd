//! What runs beside a node and looks at it, such as the management API: on a thread and a runtime of its own, so that
//! nothing it does is in the way of calls, the watchdog or name servers.
//!
//! It begins once the node serves, and is told to end after the shard has ended, so that it can show a node that stops.

use crate::control::{SOCKET, short_path};
use crate::error::NodeError;
use crate::manage::Manage;
use crate::sources::Gate;
use std::fs::{File, Permissions};
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;
use strowger_driver::ServerTls;
use tokio::sync::watch;

/// How long its tasks that do not end are waited for.
const LAST: Duration = Duration::from_secs(1);

/// Something that runs beside a node.
pub trait Companion: Send {
    /// Begins, within a tokio runtime of one thread, with timers and sockets. What it gives runs until `beside.ended`.
    ///
    /// # Errors
    /// Why it cannot: the node does not start.
    fn start(self: Box<Self>, beside: Beside) -> Result<Life, CompanionError>;
}

/// The life of a companion.
pub type Life = Pin<Box<dyn Future<Output = ()>>>;

/// Why a companion cannot begin.
pub type CompanionError = Box<dyn std::error::Error + Send + Sync>;

/// What a companion is given.
#[derive(Debug)]
#[non_exhaustive]
pub struct Beside {
    /// The node.
    pub manage: Manage,
    /// Where it listens, if `management.listen` says so.
    pub listener: Option<ManagementListener>,
    /// The socket in the data directory, which does not block: only the node's user can connect to it.
    pub own: UnixListener,
    /// Becomes true once the shard has ended.
    pub ended: watch::Receiver<bool>,
}

/// The listener of the management API.
#[derive(Debug)]
pub struct ManagementListener {
    /// The socket, which does not block.
    pub socket: TcpListener,
    /// Its address, as bound.
    pub address: SocketAddr,
    /// Over TLS: what handshakes are done with. Changes with the files that it is made of.
    pub tls: Option<watch::Receiver<ServerTls>>,
    /// Who may come in.
    pub gate: Gate,
}

/// A companion's thread. Dropping it tells it that the shard has ended, and waits for it.
#[derive(Debug)]
pub(crate) struct Accompanied {
    end: watch::Sender<bool>,
    data_dir: PathBuf,
    thread: Option<JoinHandle<()>>,
}

impl Accompanied {
    /// Starts it, and waits until it has begun.
    pub(crate) fn start(
        companion: Box<dyn Companion>,
        manage: Manage,
        listener: Option<ManagementListener>,
        data_dir: PathBuf,
    ) -> Result<Self, NodeError> {
        let system = |what| move |source| NodeError::System { what, source };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(system("runtime"))?;
        let own = match listen(&data_dir) {
            Ok(own) => own,
            Err(source) => return Err(NodeError::Control { data_dir, source }),
        };
        let (end, ended) = watch::channel(false);
        let beside = Beside {
            manage,
            listener,
            own,
            ended,
        };
        let (begun, begins) = sync_channel(1);
        let run = move || {
            let started = {
                let _inside = runtime.enter();
                companion.start(beside)
            };
            let life = match started {
                Ok(life) => {
                    // The other end waits for exactly this.
                    drop(begun.send(Ok(())));
                    life
                }
                Err(error) => return drop(begun.send(Err(error))),
            };
            runtime.block_on(life);
            runtime.shutdown_timeout(LAST);
        };
        let thread = std::thread::Builder::new().name("management".into());
        let thread = thread.spawn(run).map_err(system("thread"))?;
        let accompanied = Self {
            end,
            data_dir,
            thread: Some(thread),
        };
        match begins.recv() {
            Ok(Ok(())) => Ok(accompanied),
            Ok(Err(source)) => Err(NodeError::Companion { source }),
            Err(_) => Err(NodeError::Panicked),
        }
    }
}

impl Drop for Accompanied {
    fn drop(&mut self) {
        self.end.send_replace(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the management API panicked");
        }
        // Gone already when somebody else removed the directory.
        drop(std::fs::remove_file(self.data_dir.join(SOCKET)));
    }
}

/// Opens the control socket. Whoever holds the store is the only node on the directory, so an old socket is a leftover.
fn listen(data_dir: &Path) -> io::Result<UnixListener> {
    let path = data_dir.join(SOCKET);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let dir = File::open(data_dir)?;
    let listener = UnixListener::bind(short_path(&dir))?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
