//! For programs outside: fires events of services' own types in a container, over HTTP, and gets the answers (docs/connection.md).
//!
//! ```no_run
//! use std::time::Duration;
//! use strowger::prelude::*;
//! use strowger_connection_client::Client;
//!
//! #[derive(Clone, Debug, Event)]
//! struct Bought {
//!     item: String,
//!     price: u32,
//! }
//!
//! let client = Client::new("127.0.0.1:8080", "secret")?;
//! let tea = Bought { item: "tea".into(), price: 3 };
//! let sum: u32 = client.handle("ann").ask(&tea, Duration::from_secs(5))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It is blocking, has a connection for each request, and speaks HTTP/1.1 without TLS: to a node on another machine it goes through
//! something that has TLS.
//! **Invariant:** an event is sent once. Where it is not known what became of it, the error says so ([`Error::is_unknown`]).

mod http;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::io;
use std::time::Duration;
use strowger::address::Address;
use strowger::event::Event;

use http::{Exchange, Said};

/// A port of a container.
#[derive(Clone)]
pub struct Client {
    host: String,
    token: String,
    patience: Duration,
}

/// What all events that are fired with it land on.
#[derive(Clone, Debug)]
pub struct Handle<'a> {
    client: &'a Client,
    name: String,
    address: Option<Address>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The port cannot be reached: nothing was sent.
    #[error("the container cannot be reached")]
    Unreachable(#[source] io::Error),
    /// The connection broke, or the port said nothing in time: the event may have been fired.
    #[error("no answer came, and it is not known what became of the event")]
    Broken(#[source] io::Error),
    /// The time for an answer is over, and services have not dealt with the event yet.
    #[error("no answer came in time, and it is not known yet what becomes of the event")]
    Pending,
    /// What came is no answer of a port: the event may have been fired.
    #[error("what answers is no port of a container")]
    Foreign,
    /// The port has refused it, or nobody has answered; docs/connection.md says what each status stands for.
    #[error("{status}: {detail}")]
    Refused {
        /// The status of the answer.
        status: u16,
        /// Why, in words.
        detail: String,
    },
    /// The event cannot be written as JSON, or the answer is of another type. Of the latter the event was dealt with.
    #[error("not of the type that was expected")]
    Json(#[from] serde_json::Error),
    /// A host or a token has what a header field must not have.
    #[error("a host and a token are of printable ASCII without spaces")]
    NoHeader,
}

impl Error {
    /// Whether it is not known if services have dealt with the event.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::Pending | Self::Foreign)
    }
}

/// Time for a request beyond what an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a port says itself of an event that has no answer, and of which it is known what became.
const OWN: [&str; 4] = ["failed", "no answer", "refused", "rolled back"];

impl Client {
    /// The port at `host:port`, for whoever has that token.
    ///
    /// # Errors
    /// One of them cannot be sent.
    pub fn new(host: &str, token: &str) -> Result<Self, Error> {
        let good = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if !good(host) || !good(token) {
            return Err(Error::NoHeader);
        }
        Ok(Self {
            host: host.to_owned(),
            token: token.to_owned(),
            patience: PATIENCE,
        })
    }

    /// With another time for a request beyond what an answer is waited for; 30 s unless told.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// A handle of 1 to 128 bytes: a customer's number, or any other name of the program's own.
    #[must_use]
    pub fn handle(&self, name: &str) -> Handle<'_> {
        Handle {
            client: self,
            name: name.to_owned(),
            address: None,
        }
    }

    fn ask(&self, exchange: &Exchange<'_>, wait: Duration) -> Result<Said, Error> {
        let said =
            exchange.carry_out(&self.host, &self.token, self.patience.saturating_add(wait))?;
        if matches!(said.status, 200 | 204) {
            return Ok(said);
        }
        let problem: Value = serde_json::from_slice(&said.body).map_err(|_| Error::Foreign)?;
        let detail = problem["detail"].as_str().ok_or(Error::Foreign)?;
        let title = problem["title"].as_str().unwrap_or_default();
        if title == "pending" {
            return Err(Error::Pending);
        }
        // The adaptor by which the port is reached has given up on it, whatever the port has done.
        if said.status >= 500 && !OWN.contains(&title) {
            return Err(Error::Foreign);
        }
        Err(Error::Refused {
            status: said.status,
            detail: detail.to_owned(),
        })
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Client");
        shown.field("host", &self.host).finish_non_exhaustive()
    }
}

impl Handle<'_> {
    /// With a default address for the events, for services that select by it.
    #[must_use]
    pub fn address(mut self, address: Address) -> Self {
        self.address = Some(address);
        self
    }

    /// Fires an event, and waits until services have dealt with it.
    ///
    /// # Errors
    /// They have not, or it is not known.
    pub fn fire<E: Event>(&self, event: &E) -> Result<(), Error> {
        self.post(event, None).map(drop)
    }

    /// Fires an event, and waits so long for an answer.
    ///
    /// # Errors
    /// There is none.
    pub fn ask<E: Event, A: DeserializeOwned>(
        &self,
        event: &E,
        wait: Duration,
    ) -> Result<A, Error> {
        let said = self.post(event, Some(wait))?;
        Ok(serde_json::from_slice(&said.body)?)
    }

    fn post<E: Event>(&self, event: &E, wait: Option<Duration>) -> Result<Said, Error> {
        let path = ["connection", "v1", "handles", &self.name, "events"];
        let body = posted(event, self.address.as_ref(), wait)?;
        let exchange = Exchange { path: &path, body };
        self.client.ask(&exchange, wait.unwrap_or_default())
    }
}

fn posted<E: Event>(
    event: &E,
    address: Option<&impl Serialize>,
    wait: Option<Duration>,
) -> Result<String, serde_json::Error> {
    let (name, vendor) = (E::TYPE.name, E::TYPE.vendor);
    let mut posted = json!({
        "type": { "name": name, "vendor": vendor, "version": E::TYPE.version },
        "event": serde_json::to_value(event)?,
    });
    if let Some(address) = address {
        posted["address"] = serde_json::to_value(address)?;
    }
    if let Some(wait) = wait {
        posted["wait"] = format!("{}ms", wait.as_millis()).into();
    }
    Ok(posted.to_string())
}
