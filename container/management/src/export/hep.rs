//! SIP messages of recorded calls, to a collector of HEP over UDP or TCP.
//!
//! HEP has no acknowledgement: what a socket took counts as sent. Over TCP a portion is sent again when the connection was lost
//! in it, so that the collector may see a message twice.

mod packet;

use super::reach::{Reach, backoff, with};
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};
use strowger_config::{Collector, Hep, HepTransport};
use strowger_node::control::{Reply, Request};
use strowger_node::{FedMessage, Manage};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Who raises the alarm.
const SOURCE: &str = "export hep";
/// Time between two looks for messages.
const LOOK: Duration = Duration::from_millis(100);
/// Bytes of messages that are taken at a time, about.
const PORTION: u64 = 256 * 1024;
/// How long opening a connection, or writing a portion, may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest datagram.
const DATAGRAM: usize = 65_507;
/// A name is looked up again after this time, in case it has another address by then.
const AGE: Duration = Duration::from_secs(60);

/// Sends for as long as it is polled.
pub(super) async fn run(manage: &Manage) {
    with(manage, SOURCE, |config| config.export.hep.clone(), send).await;
}

/// Nothing is sent if there is no collector.
async fn send(reach: &mut Reach<'_>, settings: &Hep) {
    // What was under way with other settings is given up.
    reach.manage.exports().hep.take(0);
    let Some(collector) = &settings.collector else {
        return pending().await;
    };
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut way = Way {
        collector,
        settings,
        line: Line::Closed,
    };
    loop {
        looks.tick().await;
        loop {
            let request = Request::TakeMessages { bytes: PORTION };
            let Ok(Reply::TakenMessages(messages)) = reach.manage.ask(request).await else {
                break;
            };
            if messages.is_empty() {
                break;
            }
            reach.manage.exports().hep.take(messages.len() as u64);
            match settings.transport {
                HepTransport::Udp => way.datagrams(reach, &messages).await,
                HepTransport::Tcp => way.stream(reach, &messages).await,
            }
        }
    }
}

/// The way to the collector.
struct Way<'a> {
    collector: &'a Collector,
    settings: &'a Hep,
    line: Line,
}

enum Line {
    Closed,
    Udp(UdpSocket, Instant),
    Tcp(TcpStream),
}

impl Way<'_> {
    /// Each message is a datagram, and is lost if it cannot be sent.
    async fn datagrams(&mut self, reach: &mut Reach<'_>, messages: &[FedMessage]) {
        let (tally, settings) = (&reach.manage.exports().hep, self.settings);
        let socket = match self.socket().await {
            Ok(socket) => socket,
            Err(error) => {
                tally.done(0, messages.len() as u64);
                tell(reach, Some(&error));
                return sleep(backoff(1)).await;
            }
        };
        let mut packet = Vec::new();
        let mut problem = None;
        for message in messages {
            packet.clear();
            let mut sent = packet::add(&mut packet, message, settings) && packet.len() <= DATAGRAM;
            if sent && let Err(error) = socket.send(&packet).await {
                // It may be what has become of the datagram before: this one was not sent then.
                problem = Some(error);
                sent = socket.send(&packet).await.is_ok();
            }
            tally.done(u64::from(sent), u64::from(!sent));
        }
        tell(reach, problem.as_ref());
    }

    async fn socket(&mut self) -> io::Result<&UdpSocket> {
        let fresh = matches!(&self.line, Line::Udp(_, opened) if opened.elapsed() < AGE);
        if !fresh {
            self.line = Line::Closed;
            let address = address(self.collector).await?;
            let socket = UdpSocket::bind(any(address)).await?;
            socket.connect(address).await?;
            self.line = Line::Udp(socket, Instant::now());
        }
        match &self.line {
            Line::Udp(socket, _) => Ok(socket),
            Line::Closed | Line::Tcp(_) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// A portion is written as a whole, again and again until it is.
    async fn stream(&mut self, reach: &mut Reach<'_>, messages: &[FedMessage]) {
        let tally = &reach.manage.exports().hep;
        let mut packets = Vec::new();
        let mut fit = 0;
        for message in messages {
            fit += u64::from(packet::add(&mut packets, message, self.settings));
        }
        tally.done(0, messages.len() as u64 - fit);
        for failures in 1.. {
            let written = timeout(PATIENCE, self.write(&packets)).await;
            let written = written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            tell(reach, written.as_ref().err());
            if written.is_ok() {
                return tally.done(fit, 0);
            }
            self.line = Line::Closed;
            tally.retry();
            sleep(backoff(failures)).await;
        }
    }

    async fn write(&mut self, packets: &[u8]) -> io::Result<()> {
        let open = matches!(&self.line, Line::Tcp(stream) if is_open(stream));
        if !open {
            let address = address(self.collector).await?;
            self.line = Line::Tcp(TcpStream::connect(address).await?);
        }
        match &mut self.line {
            Line::Tcp(stream) => stream.write_all(packets).await,
            Line::Closed | Line::Udp(..) => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

/// Collectors say nothing: what can be read is the end.
fn is_open(stream: &TcpStream) -> bool {
    let mut said = [0; 256];
    match stream.try_read(&mut said) {
        Ok(0) => false,
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

async fn address(collector: &Collector) -> io::Result<SocketAddr> {
    let mut addresses = lookup_host(collector.to_string()).await?;
    addresses
        .next()
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn any(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

fn tell(reach: &mut Reach<'_>, problem: Option<&io::Error>) {
    let text = problem.map(|error| format!("messages are not sent to the collector: {error}"));
    reach.tell(text.as_deref());
}
