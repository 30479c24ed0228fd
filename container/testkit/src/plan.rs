//! What a test kit is built of, and how a process is made of it, at the start and after each crash.

use crate::net::Socket;
use crate::profile::Table;
use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use strowger::ra::{AdaptorDef, ListenerIx};
use strowger::service::ServiceDef;
use strowger::time::Now;
use strowger_journal::Seq;
use strowger_kernel::{Limits, Options, RecorderOptions, ServiceOptions, Shard};

pub(crate) type Settings = Arc<dyn Any + Send + Sync>;

#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) adaptors: Vec<(String, AdaptorDef, Settings)>,
    pub(crate) services: Vec<(ServiceDef, ServiceOptions)>,
    pub(crate) tables: Vec<Table>,
    pub(crate) limits: Limits,
    pub(crate) recorder: RecorderOptions,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").finish_non_exhaustive()
    }
}

/// Why the parts do not make a process; for people, for it ends the test.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {cause}")]
pub(crate) struct BadPlan {
    what: String,
    cause: Box<dyn std::error::Error>,
}

pub(crate) fn bad<E: std::error::Error + 'static>(what: &str) -> impl FnOnce(E) -> BadPlan {
    let what = what.to_owned();
    move |cause| BadPlan {
        what,
        cause: Box::new(cause),
    }
}

impl Plan {
    /// A shard with everything installed, before it is given its records.
    pub(crate) fn install(&self, seed: [u8; 32], secret: [u8; 16]) -> Result<Shard, BadPlan> {
        let mut options = Options::new(seed, secret);
        options.limits = self.limits;
        let mut shard = Shard::new(options);
        shard.configure_recorder(self.recorder.clone());
        let mut links = BTreeSet::new();
        for (name, def, settings) in &self.adaptors {
            let ra = shard
                .install_adaptor(name, def, settings)
                .map_err(bad(name))?;
            // The first entity of a type is bound to the link of that name, as a node does by default.
            for link in [name.as_str(), def.component.name] {
                if links.insert(link) {
                    shard.bind_link(link, ra).map_err(bad(link))?;
                }
            }
        }
        for (def, options) in &self.services {
            let name = options.name.clone();
            shard
                .install_service(def.clone(), options.clone())
                .map_err(bad(&name))?;
        }
        for table in &self.tables {
            table.declare(&mut shard);
        }
        Ok(shard)
    }

    /// Brings an installed shard, with its records restored, to work.
    pub(crate) fn start(&self, shard: &mut Shard, now: Now, last: Seq) -> Result<(), BadPlan> {
        shard.restored(now, last).map_err(bad("restart"))?;
        for (name, ..) in &self.adaptors {
            if let Some(ra) = shard.adaptor(name) {
                shard.activate_adaptor(now, ra).map_err(bad(name))?;
            }
        }
        for table in &self.tables {
            table.provide(shard, now)?;
        }
        shard.activate_desired(now).map_err(|(service, refused)| {
            let name = self.services.get(usize::from(service.0));
            bad(name.map_or("services", |(_, options)| &options.name))(refused)
        })?;
        shard.start(now).map_err(bad("start"))
    }

    /// The node's listeners. One that leaves its port to the system gets a fixed one.
    pub(crate) fn sockets(&self, shard: &Shard) -> Vec<Socket> {
        let mut sockets = Vec::new();
        for (name, def, settings) in &self.adaptors {
            let Some(ra) = shard.adaptor(name) else {
                continue;
            };
            for (i, listener) in (def.listeners)(settings.as_ref()).iter().enumerate() {
                let i = u16::try_from(i).unwrap_or(u16::MAX);
                let port = match listener.bind.port() {
                    0 => 30_000 + 100 * ra.0 + i,
                    port => port,
                };
                sockets.push(Socket {
                    ra,
                    listener: ListenerIx(i),
                    transport: listener.transport,
                    address: SocketAddr::new(listener.bind.ip(), port),
                });
            }
        }
        sockets
    }
}
