//! Connections: accepted while there is a place, over TLS where the listener is, served by hyper, ended when they stall.

use super::access::Peer;
use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use strowger::network::Source;
use strowger_node::{Admission, Admit as _, Gate, Manage, ManagementListener, ServerTls};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// How long the head of a request, or the next request, may be waited for.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// How long a peer may take nothing of an answer.
const STALL: Duration = Duration::from_secs(30);
/// How long nothing is accepted when the system has no descriptors left.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// How long answers under way may take once the node has ended.
const LAST: Duration = Duration::from_millis(500);
/// Twice the connections over the socket in the data directory.
const OWN: u32 = 32;
/// What a client is told for whom there is no place.
const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n";
/// Longest head of a request, and how many fields it may have.
const HEAD_BYTES: usize = 32 * 1024;
const HEAD_FIELDS: usize = 64;

/// Where requests come in.
pub(super) struct Doors {
    /// The listener, if there is one.
    pub(super) listener: Option<ManagementListener>,
    /// How many connections it may have.
    pub(super) most: u32,
    /// The socket in the data directory.
    pub(super) own: std::os::unix::net::UnixListener,
    /// The node, whose status says how many connections the listener has.
    pub(super) manage: Manage,
}

/// Serves all doors until the node has ended.
pub(super) async fn serve(
    doors: Doors,
    router: Router,
    mut ended: watch::Receiver<bool>,
) -> io::Result<()> {
    let Doors {
        listener,
        most,
        own,
        manage,
    } = doors;
    let own = UnixListener::from_std(own)?;
    let listener = listener
        .map(|at| Ok::<_, io::Error>((TcpListener::from_std(at.socket)?, at.tls, at.gate)))
        .transpose()?;
    let (crowd, own_crowd) = (Arc::new(Crowd::new(most)), Arc::new(Crowd::new(OWN)));
    if listener.is_some() {
        manage.callers().are(crowd.count.subscribe(), most);
    }
    let (rooms, until) = (router.clone(), ended.clone());
    let net = async {
        match listener {
            Some((socket, tls, gate)) => from_net(socket, (tls, gate), &crowd, rooms, until).await,
            None => std::future::pending().await,
        }
    };
    let until = ended.clone();
    tokio::select! {
        () = net => {}
        () = from_own(own, &own_crowd, router, until) => {}
        _ = ended.wait_for(|ended| *ended) => {}
    }
    // Who has just been told that the node ends is still told so.
    let empty = async { tokio::join!(crowd.empty(), own_crowd.empty()) };
    drop(timeout(LAST, empty).await);
    Ok(())
}

async fn from_net(
    socket: TcpListener,
    (tls, gate): (Option<watch::Receiver<ServerTls>>, Gate),
    crowd: &Arc<Crowd>,
    router: Router,
    ended: watch::Receiver<bool>,
) {
    loop {
        let (stream, peer) = match socket.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                exhausted(&error).await;
                continue;
            }
        };
        if gate.admit(peer.ip()) != Admission::Open {
            tracing::debug!(%peer, "not heard");
            continue;
        }
        let Some(place) = crowd.enter(peer.ip().into()) else {
            tracing::debug!(%peer, "no place for a management connection");
            if tls.is_none() {
                // Best effort: a client that has just connected has room for it.
                drop(stream.try_write(NO_PLACE));
            }
            continue;
        };
        let tls = tls.as_ref().map(|tls| tls.borrow().clone());
        let (router, ended) = (router.clone(), ended.clone());
        tokio::spawn(async move {
            told(Peer::Net(peer), run(stream, peer, tls, router, ended).await);
            drop(place);
        });
    }
}

async fn from_own(
    socket: UnixListener,
    crowd: &Arc<Crowd>,
    router: Router,
    ended: watch::Receiver<bool>,
) {
    loop {
        let stream = match socket.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                exhausted(&error).await;
                continue;
            }
        };
        // All come from one place, which has half of them.
        let (Some(place), Ok(who)) = (crowd.enter(Source::V4(0)), stream.peer_cred()) else {
            continue;
        };
        let peer = Peer::Own(who.uid());
        let (router, ended) = (router.clone(), ended.clone());
        tokio::spawn(async move {
            told(peer, http(stream, peer, router, ended).await);
            drop(place);
        });
    }
}

async fn exhausted(error: &io::Error) {
    tracing::debug!(%error, "management connection not accepted");
    sleep(EXHAUSTED).await;
}

fn told(peer: Peer, ended: Result<(), Failed>) {
    if let Err(error) = ended {
        tracing::debug!(%peer, error = &*error, "management connection ended");
    }
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn run(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<ServerTls>,
    router: Router,
    ended: watch::Receiver<bool>,
) -> Result<(), Failed> {
    stream.set_nodelay(true)?;
    let Some(tls) = tls else {
        return http(stream, Peer::Net(peer), router, ended).await;
    };
    let mut config = (*tls.config).clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let stream = timeout(tls.handshake_timeout, acceptor.accept(stream)).await??;
    http(stream, Peer::Net(peer), router, ended).await
}

async fn http<S>(
    stream: S,
    peer: Peer,
    router: Router,
    mut ended: watch::Receiver<bool>,
) -> Result<(), Failed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let routes = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        routes.call(request)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEAD_FIELDS)
            // A change whose request has come whole is made, also where its client's end has come with it.
            .half_close(true)
            .serve_connection(TokioIo::new(Stalling::new(stream)), service)
    );
    tokio::select! {
        served = connection.as_mut() => return Ok(served?),
        _ = ended.wait_for(|ended| *ended) => connection.as_mut().graceful_shutdown(),
    }
    Ok(connection.await?)
}

/// How many connections there are, in all and of each source.
#[derive(Debug)]
struct Crowd {
    most: u32,
    inside: Mutex<BTreeMap<Source, u32>>,
    /// How many, for who waits for the last.
    count: watch::Sender<u32>,
}

/// One connection's place; free again when dropped.
#[derive(Debug)]
struct Place {
    crowd: Arc<Crowd>,
    source: Source,
}

impl Crowd {
    fn new(most: u32) -> Self {
        Self {
            most,
            inside: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }

    fn enter(self: &Arc<Self>, source: Source) -> Option<Place> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let own = inside.get(&source).copied().unwrap_or(0);
        if *self.count.borrow() >= self.most || own >= self.most.div_ceil(2) {
            return None;
        }
        inside.insert(source, own + 1);
        self.count.send_modify(|count| *count += 1);
        let crowd = Arc::clone(self);
        Some(Place { crowd, source })
    }

    async fn empty(&self) {
        // Its sender is here.
        drop(self.count.subscribe().wait_for(|count| *count == 0).await);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let inside = self.crowd.inside.lock();
        let mut inside = inside.unwrap_or_else(PoisonError::into_inner);
        let left = inside
            .get(&self.source)
            .map_or(0, |own| own.saturating_sub(1));
        match left {
            0 => inside.remove(&self.source),
            left => inside.insert(self.source, left),
        };
        drop(inside);
        self.crowd.count.send_modify(|count| *count -= 1);
    }
}

/// A stream whose peer must take something of what is written, now and then.
#[derive(Debug)]
struct Stalling<S> {
    inner: S,
    alarm: Pin<Box<Sleep>>,
    waits: bool,
}

impl<S> Stalling<S> {
    fn new(inner: S) -> Self {
        Self {
            inner,
            alarm: Box::pin(sleep(STALL)),
            waits: false,
        }
    }

    /// What writing came to, and the end of patience if it came to nothing.
    fn watch<T>(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.waits = false;
            return done;
        }
        if !self.waits {
            self.waits = true;
            self.alarm.as_mut().reset(Instant::now() + STALL);
        }
        ready!(self.alarm.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stalling<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stalling<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.watch(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.watch(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt as _;

    #[test]
    fn one_address_has_half_of_the_places() {
        let crowd = Arc::new(Crowd::new(4));
        let enter = |n: u8| crowd.enter(Source::V4(u32::from(n)));
        let (first, _second) = (enter(1), enter(1));
        assert!(first.is_some() && enter(1).is_none());
        let (_third, _fourth) = (enter(2), enter(3));
        assert!(enter(4).is_none());
        drop(first);
        assert!(enter(4).is_some());
        assert_eq!(crowd.inside.lock().unwrap().len(), 3);
    }

    /// How long a connection stands on which a client sends something, and then a byte a second.
    async fn stands(first: &[u8], then: &[u8]) -> Duration {
        let begun = Instant::now();
        let (mut client, server) = tokio::io::duplex(1_024);
        let (_end, ended) = watch::channel(false);
        let router = Router::new().route("/", axum::routing::get(async || "here"));
        let client = async {
            client.write_all(first).await.unwrap();
            for byte in then {
                sleep(Duration::from_secs(1)).await;
                if client.write_all(&[*byte]).await.is_err() {
                    break;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = http(server, Peer::Own(0), router, ended) => {}
            () = client => {}
        }
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_or_next_to_nothing_is_let_go() {
        let whole = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let within = HEAD_TIME..HEAD_TIME + Duration::from_secs(1);
        for (first, then) in [
            (&b""[..], &b""[..]),
            (b"", whole),
            (whole, b""),
            (whole, whole),
        ] {
            let stood = stands(first, then).await;
            assert!(within.contains(&stood), "{stood:?} {first:?} {then:?}");
        }
    }

    #[test]
    fn who_has_one_address_of_ipv6_has_its_network() {
        let crowd = Arc::new(Crowd::new(4));
        let enter = |address: &str| crowd.enter(address.parse().unwrap());
        let (_first, _second) = (enter("2001:db8::1"), enter("2001:db8::2"));
        assert!(enter("2001:db8::3").is_none());
        assert!(enter("2001:db8:0:1::1").is_some());
    }
}
