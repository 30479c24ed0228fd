//! One connection: its requests one after the other, its times, and its end.
//!
//! hyper reads heads and bodies and writes answers. What it cannot say itself is said here when it has given up: that the
//! head of a request has not come in time. At the end what the peer still sends is read for a moment, for a peer that is
//! told no in the middle of its request would lose the answer with a reset (RFC 9112 9.6).

use super::Context;
use super::paced::{Pace, Paced, Step, Times};
use super::request::handle;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::error::Error as _;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use strowger_driver::{Admission, Admit};
use strowger_http::Settings;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// Who is at the other end.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) listener: Arc<str>,
    pub(super) peer: SocketAddr,
    /// Asked when it comes, and for each request: who guesses may do so on one connection.
    pub(super) admit: Arc<dyn Admit>,
    pub(super) secure: bool,
    /// What its client is called by its certificate.
    pub(super) certificate: Option<String>,
}

/// Its source is not heard any more: it is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("its source is not heard any more")]
struct NotHeard;

impl Connection {
    /// Whether its source is heard. One that is not is counted.
    pub(super) fn is_heard(&self, context: &Context) -> bool {
        let dropped = match self.admit.admit(self.peer.ip()) {
            Admission::Open => return true,
            Admission::Denied => "http.connections_denied",
            Admission::Banned => "http.connections_banned",
        };
        context.shared.endpoint.count(dropped, 1);
        false
    }
}

/// How long a peer may go on sending what nobody reads.
const LINGER: Duration = Duration::from_secs(2);
/// How much of it is read.
const LINGER_BYTES: usize = 256 * 1024;

const TOO_SLOW: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Serves a connection to its end.
pub(super) async fn serve<S>(stream: S, connection: Connection, context: &Context)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let settings = Arc::clone(&context.settings.borrow());
    let pace = Arc::new(Pace::default());
    let io = Paced::new(stream, Arc::clone(&pace), times(&settings));
    let connection = Arc::new(connection);
    let service = service_fn(|request| {
        pace.go(Step::Busy);
        let (context, pace) = (context.clone(), Arc::clone(&pace));
        let connection = Arc::clone(&connection);
        Box::pin(async move {
            if !connection.is_heard(&context) {
                return Err(NotHeard);
            }
            let answer = handle(request, &connection, &context).await;
            pace.go(Step::Idle);
            Ok(answer)
        })
    });
    let mut http = http1::Builder::new()
        .max_buf_size(settings.limits.head_bytes as usize)
        .max_headers(settings.limits.head_fields as usize)
        .serve_connection(TokioIo::new(io), service);
    let mut draining = context.draining.clone();
    let mut drained = false;
    let served = loop {
        let mut drain = pin!(draining.wait_for(|draining| *draining));
        tokio::select! {
            served = poll_fn(|cx| http.poll_without_shutdown(cx)) => break served,
            _ = &mut drain, if !drained => {
                drained = true;
                std::pin::Pin::new(&mut http).graceful_shutdown();
            }
        }
    };
    let mut stream = http.into_parts().io.into_inner().into_inner();
    let slow = served.as_ref().err().is_some_and(is_timeout) && pace.step() == Step::Head;
    if let Err(error) = &served {
        tracing::debug!(%error, slow, "connection ended");
    }
    if slow {
        context.shared.endpoint.count("http.heads_too_slow", 1);
        drop(timeout(LINGER, stream.write_all(TOO_SLOW)).await);
    }
    end(&mut stream).await;
}

/// Whether it was a time of [`Paced`] that was over, and not the peer's bytes that were wrong.
fn is_timeout(error: &hyper::Error) -> bool {
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
}

/// Ends a connection so that what was last written arrives.
async fn end<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let ending = async {
        stream.shutdown().await?;
        let (mut rest, mut read) = ([0; 4_096], 0);
        while read < LINGER_BYTES {
            match stream.read(&mut rest).await? {
                0 => break,
                n => read += n,
            }
        }
        Ok::<(), io::Error>(())
    };
    // Whoever does not end it in time, or has cut it already, is cut off.
    drop(timeout(LINGER, ending).await);
}

fn times(settings: &Settings) -> Times {
    Times {
        head: settings.limits.head_time,
        idle: settings.limits.idle,
        write: settings.limits.write_time,
    }
}
