//! The listeners of a shard, with the certificates of those over TLS.

use super::Names;
use crate::callers::MANAGEMENT;
use crate::catalog::transport_word;
use crate::companion::ManagementListener;
use crate::drivers::Gear;
use crate::error::NodeError;
use crate::net::{self, Bound, ListenError, Net, Opening};
use crate::plan::PlannedAdaptor;
use crate::sources::Gate;
use crate::status::Listening;
use crate::tls::{self, Use, Watch, Watched};
use rustls::ClientConfig;
use std::collections::BTreeMap;
use std::sync::Arc;
use strowger::id::RaIx;
use strowger::ra::{ClientTls, Listener, ListenerIx, Tls, Transport};
use strowger_config::{Config, Listen, ManagementTls};
use strowger_driver::{Open, ServerTls};
use tokio::sync::watch;

/// What is open.
pub(super) struct Opened {
    pub(super) net: Net,
    /// What drivers are given.
    pub(super) gear: BTreeMap<RaIx, Gear>,
    /// The listeners of drivers and of the management API, as people are told of them.
    pub(super) driven: Vec<Listening>,
    pub(super) watch: Watch,
    /// Who may come in where other threads accept.
    gate: Gate,
}

/// What an adaptor entity without a driver listens on.
pub(crate) struct Listeners {
    pub(crate) openings: Vec<Opening>,
    /// Certificates to be watched.
    pub(crate) watched: Vec<Watched>,
}

/// Opens the listeners of all adaptor entities, those of drivers too.
pub(super) fn open(
    adaptors: &[(RaIx, &PlannedAdaptor)],
    config: &Config,
    gate: Gate,
) -> Result<Opened, NodeError> {
    let mut opened = Opened {
        net: Net::new()?,
        gear: BTreeMap::new(),
        driven: Vec::new(),
        watch: Watch::default(),
        gate,
    };
    opened.watch.warning = config.tls.expiry_warning;
    for (ra, planned) in adaptors {
        if planned.driven.is_some() {
            opened.open_driven(*ra, planned, config)?;
            continue;
        }
        let Listeners { openings, watched } = open_listeners(planned, config, &[])?;
        opened.net.give(*ra, openings, None)?;
        opened.watch.listeners.extend(watched);
    }
    Ok(opened)
}

/// Opens the listeners of an adaptor entity without a driver, and loads their certificates. The sockets of `had`, which it has
/// now, are taken over where they can be.
pub(crate) fn open_listeners(
    planned: &PlannedAdaptor,
    config: &Config,
    had: &[Listener],
) -> Result<Listeners, NodeError> {
    let (mut openings, mut watched) = (Vec::new(), Vec::new());
    for (listener, n) in planned.open_listeners().iter().cloned().zip(0..) {
        let mut credentials = None;
        if let Some(tls) = listener.tls.clone() {
            let loaded = tls::load(&tls);
            let (loaded, files) = loaded
                .map_err(|source| planned.certificates_refused(config, &listener.name, source))?;
            watched.push(Watched {
                name: format!("{}.{}", planned.name, listener.name),
                used: Use::Shard {
                    adaptor: planned.name.clone(),
                    listener: ListenerIx(n),
                    tls,
                },
                files,
                valid_until: loaded.valid_until,
                trouble: None,
            });
            credentials = Some(loaded);
        }
        let has = had.iter().any(|had| net::is_same_socket(had, &listener));
        openings.push(match has {
            true => Opening::take_over(listener, credentials),
            false => Opening::open(listener, credentials)?,
        });
    }
    Ok(Listeners { openings, watched })
}

/// A listener of the net, as people are told of it.
pub(super) fn listening(bound: &Bound, names: &Names) -> Listening {
    Listening {
        adaptor: names.adaptor(bound.at.ra).to_owned(),
        listener: bound.listener.name.clone(),
        transport: transport_word(bound.listener.transport).to_owned(),
        address: bound.address.to_string(),
        ..Listening::default()
    }
}

impl Opened {
    /// All of it, as people are told of it.
    pub(super) fn listening(&self, names: &Names) -> Vec<Listening> {
        let own = self.net.bound().iter();
        let own = own.map(|bound| listening(bound, names));
        own.chain(self.driven.iter().cloned()).collect()
    }

    /// Opens the listener of the management API, as its configuration says.
    pub(super) fn open_management(
        &mut self,
        config: &Config,
    ) -> Result<Option<ManagementListener>, NodeError> {
        let wanted = &config.management;
        let Some(bind) = wanted.listen.address() else {
            return Ok(None);
        };
        let transport = match wanted.tls {
            Some(_) => Transport::Tls,
            None => Transport::Tcp,
        };
        let refused = |source| ListenError::Bind {
            name: MANAGEMENT.to_owned(),
            transport,
            bind,
            source,
        };
        let socket = match net::listen(bind) {
            Err(error) if wanted.listen == Listen::Auto => {
                tracing::warn!(%bind, %error, "the management API is not served");
                return Ok(None);
            }
            opened => opened.map_err(refused)?,
        };
        let address = socket.local_addr().map_err(refused)?;
        let tls = match &wanted.tls {
            Some(own) => Some(self.management_tls(own)?),
            None => None,
        };
        self.driven.push(Listening {
            adaptor: MANAGEMENT.to_owned(),
            listener: "api".to_owned(),
            transport: transport_word(transport).to_owned(),
            address: address.to_string(),
            ..Listening::default()
        });
        Ok(Some(ManagementListener {
            socket,
            address,
            tls,
            gate: self.gate.clone(),
        }))
    }

    fn management_tls(
        &mut self,
        own: &ManagementTls,
    ) -> Result<watch::Receiver<ServerTls>, NodeError> {
        let mut tls = Tls::new(&own.certificate, &own.key);
        tls.client_roots.clone_from(&own.client_roots);
        tls.client_certificate_required = !own.client_roots.is_empty();
        // It opens no connections.
        tls.insecure_skip_verification = true;
        let refused = |source| NodeError::Certificates {
            adaptor: MANAGEMENT.to_owned(),
            listener: "api".to_owned(),
            place: None,
            source: Box::new(source),
        };
        let (credentials, files) = tls::load(&tls).map_err(refused)?;
        let to = watch::Sender::new(credentials.for_driver());
        let used = to.subscribe();
        self.watch.listeners.push(Watched {
            name: format!("{MANAGEMENT}.api"),
            used: Use::Driver { tls, to },
            files,
            valid_until: credentials.valid_until,
            trouble: None,
        });
        Ok(used)
    }

    fn open_driven(
        &mut self,
        ra: RaIx,
        planned: &PlannedAdaptor,
        config: &Config,
    ) -> Result<(), NodeError> {
        let mut open = Vec::new();
        for listener in planned.open_listeners().iter().cloned() {
            let refused = |source| ListenError::bind(&listener, source);
            let socket = net::listen(listener.bind).map_err(refused)?;
            let address = socket.local_addr().map_err(refused)?;
            self.driven.push(Listening {
                adaptor: planned.name.clone(),
                listener: listener.name.clone(),
                transport: transport_word(listener.transport).to_owned(),
                address: address.to_string(),
                ..Listening::default()
            });
            let tls = match listener.tls.clone() {
                Some(tls) => Some(self.driven_tls(planned, &listener.name, tls, config)?),
                None => None,
            };
            open.push(Open {
                listener,
                socket,
                tls,
                admit: Arc::new(self.gate.clone()),
            });
        }
        let client = match planned.client_tls().filter(|_| planned.active) {
            Some(tls) => Some(self.driven_client(planned, tls, config)?),
            None => None,
        };
        let gear = Gear {
            listeners: open,
            client,
        };
        self.gear.insert(ra, gear);
        Ok(())
    }

    fn driven_tls(
        &mut self,
        planned: &PlannedAdaptor,
        listener: &str,
        tls: Tls,
        config: &Config,
    ) -> Result<watch::Receiver<ServerTls>, NodeError> {
        let (credentials, files) = tls::load(&tls)
            .map_err(|source| planned.certificates_refused(config, listener, source))?;
        let to = watch::Sender::new(credentials.for_driver());
        let used = to.subscribe();
        self.watch.listeners.push(Watched {
            name: format!("{}.{listener}", planned.name),
            used: Use::Driver { tls, to },
            files,
            valid_until: credentials.valid_until,
            trouble: None,
        });
        Ok(used)
    }

    fn driven_client(
        &mut self,
        planned: &PlannedAdaptor,
        tls: &ClientTls,
        config: &Config,
    ) -> Result<watch::Receiver<Arc<ClientConfig>>, NodeError> {
        let (credentials, files) = tls::load_client(tls)
            .map_err(|source| planned.client_certificates_refused(config, source))?;
        let to = watch::Sender::new(credentials.client);
        let used = to.subscribe();
        self.watch.listeners.push(Watched {
            name: format!("{}.client", planned.name),
            used: Use::Client {
                tls: tls.clone(),
                to,
            },
            files,
            valid_until: credentials.valid_until,
            trouble: None,
        });
        Ok(used)
    }
}
