//! Opening a connection: to the first of a host's addresses that takes it, with TLS if the call asks for it.

use super::pool::Sender;
use super::{Shared, unsent};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use strowger_driver::rustls::ClientConfig;
use strowger_driver::rustls::pki_types::ServerName;
use strowger_http::driver::Dial;
use strowger_http::{Failure, FailureKind};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Bytes of the head of an answer.
const HEAD_BYTES: usize = 64 * 1024;

/// Opens a connection for a call.
pub(super) async fn connect(dial: &Dial, shared: &Shared) -> Result<Sender, Failure> {
    let time = shared.settings.borrow().client.connect_timeout;
    let mut why = FailureKind::Unreachable;
    for address in &dial.addresses {
        let stream = match timeout(time, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                why = if error.kind() == io::ErrorKind::ConnectionRefused {
                    FailureKind::Refused
                } else {
                    FailureKind::Unreachable
                };
                continue;
            }
            Err(_) => {
                why = FailureKind::Unreachable;
                continue;
            }
        };
        shared.endpoint.count("http.connections_opened", 1);
        // An answer in many small pieces is slower with it, and nothing else.
        drop(stream.set_nodelay(true));
        if !dial.secure {
            return begin(stream).await;
        }
        let stream = shake(stream, &dial.host, shared, time).await?;
        return begin(stream).await;
    }
    Err(unsent(why))
}

async fn shake(
    stream: TcpStream,
    host: &str,
    shared: &Shared,
    time: Duration,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Failure> {
    let tls = shared.tls.as_ref().map(|tls| http(&tls.borrow()));
    let name = ServerName::try_from(host.to_owned()).ok();
    let (Some(tls), Some(name)) = (tls, name) else {
        return Err(unsent(FailureKind::Tls));
    };
    let connector = TlsConnector::from(Arc::new(tls));
    match timeout(time, connector.connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a server's handshake failed");
            Err(unsent(FailureKind::Tls))
        }
        Err(_) => Err(unsent(FailureKind::Unreachable)),
    }
}

/// The same for HTTP/1.1 (RFC 7301).
fn http(config: &ClientConfig) -> ClientConfig {
    let mut config = config.clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

async fn begin<S>(stream: S) -> Result<Sender, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let begun = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await;
    let (sender, connection) = begun.map_err(|_| unsent(FailureKind::Closed))?;
    // Ends when nobody sends on it any more, or the other side has closed it.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a server ended");
        }
    });
    Ok(sender)
}
