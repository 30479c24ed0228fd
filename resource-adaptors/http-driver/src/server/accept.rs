//! A listener: connections are let in while there is a place for them, and have their handshake.

use super::connection::{Connection, serve};
use super::crowd::{Crowd, Place};
use super::{Context, Shared};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use strowger_driver::rustls::ServerConfig;
use strowger_driver::{Admit, ServerTls};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A peer that has vanished without a word is noticed after about twice this time.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// How long nothing is accepted when the system has no descriptors left.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// What a client is told for whom there is no place.
const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n";

/// Accepts until the node stops.
pub(super) async fn accept(
    name: Arc<str>,
    socket: TcpListener,
    tls: Option<watch::Receiver<ServerTls>>,
    (crowd, admit): (Arc<Crowd>, Arc<dyn Admit>),
    mut context: Context,
) {
    loop {
        let accepted = tokio::select! {
            _ = context.draining.wait_for(|draining| *draining) => return,
            accepted = socket.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_one(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, listener = %name, "no connections are accepted");
                sleep(EXHAUSTED).await;
                continue;
            }
        };
        let endpoint = &context.shared.endpoint;
        let connection = Connection {
            listener: Arc::clone(&name),
            peer,
            admit: Arc::clone(&admit),
            secure: tls.is_some(),
            certificate: None,
        };
        if !connection.is_heard(&context) {
            continue;
        }
        let Some(place) = crowd.enter(peer.ip()) else {
            endpoint.count("http.connections_refused", 1);
            if tls.is_none() {
                // Best effort: a client that has just connected has room for it.
                drop(stream.try_write(NO_PLACE));
            }
            continue;
        };
        endpoint.count("http.connections_accepted", 1);
        let tls = tls.as_ref().map(|tls| tls.borrow().clone());
        tokio::spawn(run(stream, connection, tls, place, context.clone()));
    }
}

/// Whether it was the fault of one connection, which died while it waited.
fn is_of_one(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

async fn run(
    stream: TcpStream,
    mut connection: Connection,
    tls: Option<ServerTls>,
    place: Place,
    context: Context,
) {
    let open = Counted::new(&context.shared);
    if tune(&stream).is_err() {
        return;
    }
    match tls {
        None => serve(stream, connection, &context).await,
        Some(tls) => {
            let shaken = shake(stream, &tls, &place, &context).await;
            let Some(stream) = shaken else {
                return context.shared.endpoint.count("http.handshakes_failed", 1);
            };
            let (_, session) = stream.get_ref();
            let shown = session.peer_certificates().and_then(<[_]>::first);
            connection.certificate = shown.and_then(|shown| name_of(&(tls.peer)(shown)));
            serve(stream, connection, &context).await;
        }
    }
    drop(open);
    drop(place);
}

async fn shake(
    stream: TcpStream,
    tls: &ServerTls,
    place: &Place,
    context: &Context,
) -> Option<TlsStream<TcpStream>> {
    let _shaking = place.shake(tls.handshakes_per_ip)?;
    let acceptor = TlsAcceptor::from(Arc::new(http(&tls.config)));
    let mut draining = context.draining.clone();
    let shaken = tokio::select! {
        _ = draining.wait_for(|draining| *draining) => return None,
        shaken = timeout(tls.handshake_timeout, acceptor.accept(stream)) => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "handshake failed");
            None
        }
        Err(_) => None,
    }
}

/// The same for HTTP/1.1: clients that ask for the protocol are told which one (RFC 7301).
fn http(config: &ServerConfig) -> ServerConfig {
    let mut config = config.clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// What a client is called by its certificate.
fn name_of(peer: &strowger::ra::Peer) -> Option<String> {
    let names = peer.dns.first().or_else(|| peer.uris.first());
    names.or(peer.common_name.as_ref()).cloned()
}

fn tune(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE / 4);
    SockRef::from(socket).set_tcp_keepalive(&keepalive)
}

/// A connection, as long as it is counted.
struct Counted<'a>(&'a Shared);

impl<'a> Counted<'a> {
    fn new(shared: &'a Shared) -> Self {
        let open = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
        shared.endpoint.level("http.connections", open);
        Self(shared)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let open = self.0.connections.fetch_sub(1, Ordering::Relaxed) - 1;
        self.0.endpoint.level("http.connections", open);
    }
}
