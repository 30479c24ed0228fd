//! Settings of a listener: `[adaptors.NAME.settings.listeners.NAME]`.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strowger::network::Network;
use strowger::ra::{Listener, SettingsError, Tls, Transport as NodeTransport};
use strowger::schemars::JsonSchema;

use super::streams::Port;
use crate::proto::flow::Transport;
use crate::proto::ua::Local;
use crate::proto::wire::Host;
use crate::proto::ws::Gate;

/// One listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct ListenerSettings {
    /// Its transport.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub transport: ListenerTransport,
    /// The address and port that it opens.
    #[schemars(with = "String", extend("format" = "socket-address", "x-reload" = "restart-adaptor"))]
    pub bind: SocketAddr,
    /// The address and port that others reach it at, for Via and Contact; `bind` unless set. Needed where `bind` is a
    /// wildcard.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "socket-address", "x-reload" = "restart-adaptor"))]
    pub advertise: Option<SocketAddr>,
    /// A host name that stands for the address of `advertise` in Via and Contact: over TLS the one that the certificate
    /// is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub host: Option<String>,
    /// Networks, such as `10.0.0.0/8`, to which requests leave from this listener. Of several listeners with the same
    /// transport the one with the smallest network that holds the destination is taken, one without any for the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub destinations: Vec<Network>,
    /// Connections accepted at most at one time, on a stream transport.
    #[serde(default = "connections")]
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "connections", "x-reload" = "restart-adaptor"))]
    pub connections: u32,
    /// How long nothing may move on a connection before it is closed.
    #[serde(default = "idle", with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub idle: Duration,
    /// Certificates, for `tls` and `wss`, which need them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub tls: Option<Tls>,
    /// The path that a WebSocket client must ask for, such as `/ws`; any unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub path: Option<String>,
    /// Origins whose pages may open a WebSocket, such as `https://phone.example`; any if empty. Browsers tell the truth
    /// about it; what is no browser need not name one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub origins: Vec<String>,
}

/// A transport, as settings name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(crate = "strowger::schemars")]
pub enum ListenerTransport {
    /// Datagrams.
    Udp,
    /// Streams.
    Tcp,
    /// Streams over TLS.
    Tls,
    /// WebSocket, for browsers and what speaks like them.
    Ws,
    /// WebSocket over TLS.
    Wss,
}

fn connections() -> u32 {
    65_000
}

fn idle() -> Duration {
    Listener::IDLE
}

impl From<ListenerTransport> for Transport {
    fn from(transport: ListenerTransport) -> Self {
        match transport {
            ListenerTransport::Udp => Self::Udp,
            ListenerTransport::Tcp => Self::Tcp,
            ListenerTransport::Tls => Self::Tls,
            ListenerTransport::Ws => Self::Ws,
            ListenerTransport::Wss => Self::Wss,
        }
    }
}

impl ListenerSettings {
    /// A listener with nothing but a transport and an address.
    #[must_use]
    pub fn new(transport: ListenerTransport, bind: SocketAddr) -> Self {
        Self {
            transport,
            bind,
            advertise: None,
            host: None,
            destinations: Vec::new(),
            connections: connections(),
            idle: idle(),
            tls: None,
            path: None,
            origins: Vec::new(),
        }
    }

    /// What is wrong beyond types, with the key of the listener in front.
    pub(super) fn verify(&self, name: &str) -> Result<(), SettingsError> {
        let wrong = |key: &str, problem| {
            let key = format!("listeners.{name}.{key}");
            Err(SettingsError { key, problem })
        };
        if self.advertised().ip().is_unspecified() {
            let problem = "a wildcard address needs `advertise`, which goes into Via and Contact";
            return wrong("advertise", problem);
        }
        if self.advertise.is_some_and(|to| to.port() == 0) {
            return wrong("advertise", "the port must be named");
        }
        if self.host.as_ref().is_some_and(|host| !is_name(host)) {
            return wrong("host", "must be a host name");
        }
        if self.idle < Duration::from_secs(1) || self.idle > Duration::from_secs(7 * 86_400) {
            return wrong("idle", "must be between a second and a week");
        }
        let transport = self.transport();
        if !transport.is_websocket() && (self.path.is_some() || !self.origins.is_empty()) {
            return wrong("transport", "`path` and `origins` are of `ws` and `wss`");
        }
        if self
            .path
            .as_ref()
            .is_some_and(|path| !path.starts_with('/'))
        {
            return wrong("path", "must begin with `/`");
        }
        match &self.tls {
            None if transport.is_secure() => wrong("tls", "`tls` and `wss` need a certificate"),
            Some(_) if !transport.is_secure() => {
                wrong("tls", "certificates are of `tls` and `wss`")
            }
            Some(tls) => match tls.verify() {
                Err((key, problem)) => wrong(&format!("tls.{key}"), problem),
                Ok(()) => Ok(()),
            },
            None => Ok(()),
        }
    }

    pub(super) fn node(&self, name: &str, write_buffer: u32) -> Listener {
        let transport = match self.transport {
            ListenerTransport::Udp => NodeTransport::Udp,
            ListenerTransport::Tcp | ListenerTransport::Ws => NodeTransport::Tcp,
            ListenerTransport::Tls | ListenerTransport::Wss => NodeTransport::Tls,
        };
        Listener {
            name: name.to_owned(),
            transport,
            bind: self.bind,
            connections: if self.transport == ListenerTransport::Udp {
                0
            } else {
                self.connections
            },
            write_buffer,
            idle: self.idle,
            tls: self.tls.clone(),
        }
    }

    pub(super) fn transport(&self) -> Transport {
        self.transport.into()
    }

    pub(super) fn port(&self) -> Port {
        Port {
            transport: self.transport(),
            gate: Gate {
                path: self.path.clone(),
                origins: self.origins.clone(),
            },
        }
    }

    pub(super) fn local(&self) -> Local {
        Local::new(self.transport(), self.advertised())
            .under(self.host.as_deref())
            .towards(self.destinations.clone())
    }

    fn advertised(&self) -> SocketAddr {
        self.advertise.unwrap_or(self.bind)
    }
}

fn is_name(host: &str) -> bool {
    matches!(Host::parse(host.as_bytes()), Ok(Host::Name(_)))
}
