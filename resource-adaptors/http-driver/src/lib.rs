//! The driver of the HTTP adaptor: sockets, TLS and HTTP/1.1 (RFC 9112), on tokio and hyper.
//!
//! It lets through whole, well-formed requests within their limits and answers everything else itself; it sends calls and
//! brings back what came of them. Who answers what is its other half's, [`HttpProtocol`], which also ends what takes too long.
//! Not here: HTTP/2, redirects, retries, cookies, compression.
//!
//! **Invariant:** every request that was let through is answered once, by the adaptor or, if that says nothing, by 503.
#![forbid(unsafe_code)]

mod client;
mod fields;
mod server;

use client::Client;
use server::Server;
use std::sync::Arc;
use strowger_driver::{Driver, DriverDef, Setup, StartError, async_trait};
use strowger_http::driver::Down;
use strowger_http::{HttpProtocol, Settings};

/// The driver, to be installed beside `strowger_http::adaptor()`.
#[must_use]
pub fn driver() -> DriverDef {
    DriverDef::of::<HttpDriver>()
}

/// The driver of one HTTP adaptor entity.
#[derive(Debug)]
pub struct HttpDriver {
    server: Server,
    client: Client,
}

#[async_trait]
impl Driver for HttpDriver {
    type Protocol = HttpProtocol;

    async fn start(setup: Setup<HttpProtocol>) -> Result<Self, StartError> {
        let settings = Arc::clone(&setup.settings);
        let client = Client::new(&settings, setup.client, setup.endpoint.clone());
        let server = Server::start(settings, setup.listeners, setup.endpoint)?;
        Ok(Self { server, client })
    }

    async fn told(&mut self, message: Down) {
        match message {
            Down::Reply { token, reply } => self.server.reply(token, reply),
            Down::Call(dial) => self.client.call(*dial),
            Down::Cancel { call } => self.client.cancel(call),
            Down::Refuse(on) => self.server.refuse(on),
        }
    }

    async fn configure(&mut self, settings: &Settings) {
        self.server.configure(settings);
        self.client.configure(settings);
    }

    async fn drain(&mut self) {
        self.server.drain();
    }

    async fn stop(self) {
        self.client.stop();
        self.server.stop().await;
    }
}
