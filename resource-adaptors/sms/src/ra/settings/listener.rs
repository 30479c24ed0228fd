//! Settings of a listener: `[adaptors.NAME.settings.listeners.NAME]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;
use strowger::ra::{Listener, SettingsError, Tls, Transport};
use strowger::schemars::JsonSchema;

use super::wrong;

/// One listener.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct ListenerSettings {
    /// The address and port that it opens. Connections to message centres leave from the address. With port 0 the system chooses
    /// a port: for an entity that only connects to others.
    #[schemars(with = "String", extend("format" = "socket-address", "x-reload" = "restart-adaptor"))]
    pub bind: SocketAddr,
    /// Certificates: with them the listener is one of TLS, from the first byte on, and so are connections that leave from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub tls: Option<Tls>,
    /// Connections accepted at most at one time.
    #[serde(default = "connections")]
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "connections", "x-reload" = "restart-adaptor"))]
    pub connections: u32,
    /// How long nothing may move on a connection before it is closed. Longer than `timers.enquire_link`, which keeps
    /// connections of living peers busy.
    #[serde(default = "idle", with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub idle: Duration,
}

/// The port of SMPP.
const PORT: u16 = 2775;

fn connections() -> u32 {
    10_000
}

fn idle() -> Duration {
    Listener::IDLE
}

impl Default for ListenerSettings {
    fn default() -> Self {
        Self::new(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)))
    }
}

impl ListenerSettings {
    /// A listener without TLS.
    #[must_use]
    pub fn new(bind: SocketAddr) -> Self {
        Self {
            bind,
            tls: None,
            connections: connections(),
            idle: idle(),
        }
    }

    /// What is wrong beyond types, with the key of the listener in front.
    pub(super) fn verify(&self, name: &str) -> Result<(), SettingsError> {
        let key = |key: &str| format!("listeners.{name}.{key}");
        if self.idle < Duration::from_secs(60) || self.idle > Duration::from_secs(7 * 86_400) {
            return wrong(&key("idle"), "must be between a minute and a week");
        }
        match self.tls.as_ref().map(Tls::verify) {
            Some(Err((tls, problem))) => wrong(&key(&format!("tls.{tls}")), problem),
            _ => Ok(()),
        }
    }

    pub(super) fn node(&self, name: &str, write_buffer: u32) -> Listener {
        let transport = match self.tls {
            Some(_) => Transport::Tls,
            None => Transport::Tcp,
        };
        Listener {
            name: name.to_owned(),
            transport,
            bind: self.bind,
            connections: self.connections,
            write_buffer,
            idle: self.idle,
            tls: self.tls.clone(),
        }
    }
}
