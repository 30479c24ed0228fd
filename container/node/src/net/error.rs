//! Why the network could not be opened.

use crate::catalog::transport_word;
use std::io;
use std::net::SocketAddr;
use strowger::ra::{Listener, Transport};

/// Why the network could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The system gives no poll.
    #[error("cannot wait for sockets")]
    Poll(#[source] io::Error),
    /// A listener cannot be opened.
    #[error("cannot listen on {} {bind} (listener `{name}`)", transport_word(*transport))]
    Bind {
        /// The listener's name.
        name: String,
        /// Its transport.
        transport: Transport,
        /// Its address.
        bind: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl ListenError {
    pub(crate) fn bind(listener: &Listener, source: io::Error) -> Self {
        Self::Bind {
            name: listener.name.clone(),
            transport: listener.transport,
            bind: listener.bind,
            source,
        }
    }
}
