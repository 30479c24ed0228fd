//! What a node gives a driver, with its types erased and with its types.

use crate::admit::Admit;
use crate::endpoint::Endpoint;
use crate::meters::Meters;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ServerConfig};
use std::any::Any;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use strowger::ra::{Driven, Listener, Message, Peer, Protocol};
use tokio::sync::{mpsc, watch};

/// What a driver begins with.
pub struct Setup<P: Driven> {
    /// The adaptor entity's name.
    pub entity: Arc<str>,
    /// The adaptor's settings.
    pub settings: Arc<<P as Protocol>::Settings>,
    /// The adaptor's listeners, in its order. They have listened since before the store was read: those who have connected
    /// meanwhile wait to be accepted.
    pub listeners: Vec<Open>,
    /// What connections to others are opened with, if the adaptor asks for it. Changes with the files that it is made of.
    pub client: Option<watch::Receiver<Arc<ClientConfig>>>,
    /// The way to the adaptor.
    pub endpoint: Endpoint<P>,
}

impl<P: Driven> std::fmt::Debug for Setup<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup")
            .field("entity", &self.entity)
            .field("listeners", &self.listeners)
            .finish_non_exhaustive()
    }
}

/// A listener that is open.
#[derive(Debug)]
pub struct Open {
    /// As the adaptor has declared it.
    pub listener: Listener,
    /// The socket: it does not block.
    pub socket: TcpListener,
    /// Over TLS: what handshakes are done with. Changes with the files that it is made of.
    pub tls: Option<watch::Receiver<ServerTls>>,
    /// Who may come in.
    pub admit: Arc<dyn Admit>,
}

/// What a listener's handshakes are done with.
#[derive(Clone, Debug)]
pub struct ServerTls {
    /// For rustls.
    pub config: Arc<ServerConfig>,
    /// How long a handshake may take.
    pub handshake_timeout: Duration,
    /// Handshakes of one address that may be under way.
    pub handshakes_per_ip: u32,
    /// What the certificate of a client says.
    pub peer: fn(&CertificateDer<'_>) -> Peer,
}

/// Why a driver cannot serve.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// Hears how the start of a driver went.
pub type Started = Box<dyn FnOnce(Result<(), StartError>) + Send>;

/// Where a driver is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// It serves.
    Serving,
    /// It takes nothing new.
    Draining,
}

/// How a driver makes itself heard beside its queue.
pub trait Bell: Send + Sync {
    /// There is a message: the shard wakes.
    fn ring(&self);
    /// Raises an alarm of the adaptor entity's, or clears it.
    fn alarm(&self, name: &'static str, raised: bool, text: &str);
}

/// A driver's place in a node. Made by the node; its other ends are the node's.
pub struct Seat {
    /// The adaptor entity's name.
    pub entity: Arc<str>,
    /// Its settings, as they are.
    pub settings: watch::Receiver<Arc<dyn Any + Send + Sync>>,
    /// Where it is in its life.
    pub phase: watch::Receiver<Phase>,
    /// What the adaptor says; closed when the shard has ended.
    pub down: mpsc::Receiver<Message>,
    /// What it says to the adaptor.
    pub up: mpsc::Sender<Message>,
    /// Tells the shard that there is something.
    pub bell: Arc<dyn Bell>,
    /// What it counts.
    pub meters: Arc<Meters>,
    /// Its listeners.
    pub listeners: Vec<Open>,
    /// What connections to others are opened with.
    pub client: Option<watch::Receiver<Arc<ClientConfig>>>,
    /// Called once it serves, or with why it does not.
    pub started: Started,
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat")
            .field("entity", &self.entity)
            .field("listeners", &self.listeners)
            .finish_non_exhaustive()
    }
}
