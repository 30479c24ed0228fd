//! The listeners of a shard, with the certificates of those over TLS.

use super::Names;
use crate::catalog::transport_word;
use crate::error::NodeError;
use crate::net::{Net, Socket};
use crate::plan::PlannedAdaptor;
use crate::status::Listening;
use crate::tls::{self, Credentials, Watch, Watched};
use std::collections::BTreeMap;
use strowger::id::RaIx;
use strowger::ra::{Listener, ListenerIx};
use strowger_config::Config;

/// Opens them.
pub(super) fn open(
    adaptors: &[(RaIx, &PlannedAdaptor)],
    config: &Config,
) -> Result<(Net, Watch), NodeError> {
    let wanted = adaptors.iter();
    let wanted: Vec<_> = wanted
        .map(|(ra, planned)| (*ra, listeners(planned)))
        .collect();
    let (credentials, watch) = load_certificates(adaptors, config)?;
    let net = Net::open(&wanted, |at| credentials.get(&at).cloned())?;
    Ok((net, watch))
}

/// As people are told of them.
pub(super) fn listening(net: &Net, names: &Names) -> Vec<Listening> {
    let bound = net.bound().iter();
    let listening = bound.map(|bound| Listening {
        adaptor: names.adaptor(bound.at.ra).to_owned(),
        listener: bound.name.clone(),
        transport: transport_word(bound.transport).to_owned(),
        address: bound.address.to_string(),
    });
    listening.collect()
}

/// An entity that is not active listens nowhere.
fn listeners(planned: &PlannedAdaptor) -> Vec<Listener> {
    if planned.active {
        planned.listeners.clone()
    } else {
        Vec::new()
    }
}

/// What handshakes are done with, for each listener over TLS, and what is watched of it.
fn load_certificates(
    adaptors: &[(RaIx, &PlannedAdaptor)],
    config: &Config,
) -> Result<(BTreeMap<Socket, Credentials>, Watch), NodeError> {
    let (mut loaded, mut watch) = (BTreeMap::new(), Watch::default());
    watch.warning = config.tls.expiry_warning;
    for (ra, planned) in adaptors {
        for (listener, n) in listeners(planned).into_iter().zip(0..) {
            let Some(tls) = listener.tls else { continue };
            let at = Socket {
                ra: *ra,
                listener: ListenerIx(n),
            };
            let (credentials, files) = tls::load(&tls)
                .map_err(|source| planned.certificates_refused(config, &listener.name, source))?;
            watch.listeners.push(Watched {
                at,
                name: format!("{}.{}", planned.name, listener.name),
                tls,
                files,
                valid_until: credentials.valid_until,
                trouble: None,
            });
            loaded.insert(at, credentials);
        }
    }
    Ok((loaded, watch))
}
