//! The network against real sockets on the loopback address.

mod judged;
mod secure;

use super::*;
use connections::READ_PORTION;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use stream::{CONNECT_TIME, FIRST_BYTES_TIME, HALF_CLOSED_TIME, Stage};
use strowger::ra::{Peer, Transport};

const RA: RaIx = RaIx(3);
const UDP: ListenerIx = ListenerIx(0);
const TCP: ListenerIx = ListenerIx(1);
const WRITE_BUFFER: u32 = 100_000;

/// What came in, as owned values.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Heard {
    Datagram(SocketAddr, Bytes),
    Connected(ConnId, bool),
    ConnectFailed(ConnId),
    Received(ConnId, Vec<u8>),
    PeerEnded(ConnId),
    Closed(ConnId),
    SendFailed(SocketAddr),
}

/// And what handshakes have proved, when what was handed over arrived, and what is to become of it.
#[derive(Default)]
struct Log(
    Vec<Heard>,
    Vec<(ConnId, Arc<Peer>)>,
    Vec<Arrived>,
    Option<Verdict>,
);

impl Sink for Log {
    fn arrived(&mut self, ra: RaIx, _: &mut Backlog, at: Arrived) -> bool {
        assert_eq!(ra, RA);
        self.2.push(at);
        false
    }

    fn nothing(&mut self, _: RaIx) {}

    fn judge(&mut self, ra: RaIx, _: IpAddr) -> Verdict {
        assert_eq!(ra, RA);
        self.3.unwrap_or(Verdict::Heard)
    }

    fn judged(&mut self) {}

    fn input(&mut self, ra: RaIx, input: NetInput<'_>) {
        assert_eq!(ra, RA);
        self.0.push(match input {
            NetInput::Datagram {
                listener,
                from,
                bytes,
            } => {
                assert_eq!(listener, UDP);
                Heard::Datagram(from, bytes)
            }
            NetInput::Connected {
                conn,
                listener,
                inbound,
                secure,
                ..
            } => {
                assert_eq!(listener, TCP);
                self.1.extend(secure.map(|peer| (conn, peer)));
                Heard::Connected(conn, inbound)
            }
            NetInput::ConnectFailed { conn } => Heard::ConnectFailed(conn),
            NetInput::Received { conn, bytes } => Heard::Received(conn, bytes.to_vec()),
            NetInput::PeerEnded { conn } => Heard::PeerEnded(conn),
            NetInput::Closed { conn } => Heard::Closed(conn),
            NetInput::SendFailed { to, .. } => Heard::SendFailed(to),
            NetInput::Resolved { .. } => panic!("names are not resolved here"),
            NetInput::Heard(_) | NetInput::Untold(_) => panic!("there is no driver here"),
        });
    }
}

/// A network of one UDP and one TCP listener, and what it reported.
/// The network with these listeners of one adaptor entity.
fn open(listeners: Vec<Listener>, credentials: Option<&Credentials>) -> Result<Net, ListenError> {
    let open = |listener: Listener| {
        let credentials = credentials.filter(|_| listener.tls.is_some());
        Opening::open(listener, credentials.cloned())
    };
    let openings = listeners.into_iter().map(open).collect::<Result<_, _>>()?;
    let mut net = Net::new()?;
    net.give(RA, openings, None)?;
    Ok(net)
}

struct Bench {
    net: Net,
    log: Log,
    now: Mono,
}

impl Bench {
    fn new(connections: u32) -> Self {
        let listener = |name: &str, transport| Listener {
            name: name.into(),
            transport,
            bind: ([127, 0, 0, 1], 0).into(),
            connections,
            write_buffer: WRITE_BUFFER,
            idle: Listener::IDLE,
            tls: None,
        };
        let listeners = vec![
            listener("udp", Transport::Udp),
            listener("tcp", Transport::Tcp),
        ];
        let net = open(listeners, None).unwrap();
        Self {
            net,
            log: Log::default(),
            now: Mono(1),
        }
    }

    fn address(&self, at: ListenerIx) -> SocketAddr {
        self.net
            .bound()
            .iter()
            .find(|bound| bound.at.listener == at)
            .unwrap()
            .address
    }

    /// Turns until `done`, ten seconds at most.
    #[track_caller]
    fn until(&mut self, mut done: impl FnMut(&mut Net, &[Heard]) -> bool) {
        let end = Instant::now() + Duration::from_secs(10);
        while !done(&mut self.net, &self.log.0) {
            assert!(
                Instant::now() < end,
                "not within 10 s; heard {:?}",
                self.log.0
            );
            let time = if self.net.has_ready() { 0 } else { 10 };
            self.net.wait(Some(Duration::from_millis(time))).unwrap();
            self.net.gather(self.now, 8, &mut self.log);
            self.net.flush();
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.net.sweep(self.now);
    }

    fn connect(&mut self) -> (TcpStream, ConnId) {
        let before = self.log.0.len();
        let peer = TcpStream::connect(self.address(TCP)).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        self.until(|_, heard| heard.len() > before);
        let Some(Heard::Connected(conn, true)) = self.log.0.last() else {
            panic!("{:?}", self.log.0);
        };
        (peer, *conn)
    }
}

#[test]
fn datagrams_come_and_go_in_batches_and_in_order() {
    let mut bench = Bench::new(1);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let (here, there) = (bench.address(UDP), peer.local_addr().unwrap());
    for n in 0..200_u8 {
        peer.send_to(&vec![n; usize::from(n) * 7], here).unwrap();
    }
    bench.until(|_, heard| heard.len() == 200);
    for (heard, n) in bench.log.0.iter().zip(0_u8..) {
        let bytes = vec![n; usize::from(n) * 7];
        assert_eq!(*heard, Heard::Datagram(there, bytes.into()));
    }
    let at = Socket {
        ra: RA,
        listener: UDP,
    };
    for n in 0..100_u8 {
        bench.net.datagram(at, there, vec![n; 9].into());
    }
    bench.net.flush();
    let mut buffer = [0; 100];
    for n in 0..100_u8 {
        assert_eq!(peer.recv(&mut buffer).unwrap(), 9);
        assert_eq!(buffer[0], n);
    }
    assert_eq!(
        (
            bench.net.counts().datagrams_in,
            bench.net.counts().datagrams_out
        ),
        (200, 100)
    );
}

#[test]
fn what_is_handed_over_comes_with_the_time_of_its_arrival() {
    let mut bench = Bench::new(1);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let here = bench.address(UDP);
    let wall = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let before = wall();
    for _ in 0..3 {
        peer.send_to(b"x", here).unwrap();
    }
    let sent = wall();
    bench.until(|_, heard| heard.len() == 3);
    let Some(Arrived::Noted(at)) = bench.log.2.first() else {
        panic!("{:?}", bench.log.2);
    };
    // A wall clock may be set meanwhile, but not by much.
    let slack = Duration::from_secs(1);
    assert!((before - slack..sent + slack).contains(at), "{at:?}");
    // What a connection has is seen to be there, and is so until all of it was read.
    let (mut stream, _) = bench.connect();
    bench.log.2.clear();
    let first = bench.now + Duration::from_secs(1);
    bench.now = first;
    stream.write_all(&[0; READ_PORTION * 3 / 2]).unwrap();
    let mut read = 0;
    while read < READ_PORTION * 3 / 2 {
        let heard = bench.log.0.len();
        bench.until(|_, log| log.len() > heard);
        for heard in bench.log.0.iter().skip(heard) {
            if let Heard::Received(_, bytes) = heard {
                read += bytes.len();
            }
        }
    }
    let [Arrived::Seen(at), .., Arrived::Seen(last)] = bench.log.2[..] else {
        panic!("{:?}", bench.log.2);
    };
    assert!(at == last && at <= first, "{:?}", bench.log.2);
}

#[test]
fn a_datagram_that_cannot_be_sent_is_reported_and_does_not_stop_others() {
    let mut bench = Bench::new(1);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let there = peer.local_addr().unwrap();
    let at = Socket {
        ra: RA,
        listener: UDP,
    };
    let bad: SocketAddr = "[::1]:5060".parse().unwrap();
    bench.net.datagram(at, there, Bytes::from_static(b"one"));
    bench
        .net
        .datagram(at, bad, Bytes::from_static(b"wrong family"));
    bench.net.datagram(at, there, vec![0; 70_000].into());
    bench.net.datagram(at, there, Bytes::from_static(b"two"));
    bench.until(|_, heard| heard.len() == 2);
    assert_eq!(
        bench.log.0,
        [Heard::SendFailed(bad), Heard::SendFailed(there)]
    );
    let mut buffer = [0; 100];
    assert_eq!(peer.recv(&mut buffer).unwrap(), 3);
    assert_eq!(peer.recv(&mut buffer).unwrap(), 3);
    assert_eq!(&buffer[..3], b"two");
}

#[test]
fn bytes_of_a_connection_come_whole_and_answers_go_out() {
    let mut bench = Bench::new(2);
    let (mut peer, conn) = bench.connect();
    let sent: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
    let copy = sent.clone();
    let (writer, mut reader) = (peer.try_clone().unwrap(), peer.try_clone().unwrap());
    let write = std::thread::spawn(move || { &writer }.write_all(&copy).map(|()| writer));
    let mut got = Vec::new();
    bench.until(|_, heard| {
        got = heard
            .iter()
            .filter_map(|heard| match heard {
                Heard::Received(of, bytes) if *of == conn => Some(bytes.clone()),
                Heard::Received(..)
                | Heard::Datagram(..)
                | Heard::Connected(..)
                | Heard::ConnectFailed(_)
                | Heard::PeerEnded(_)
                | Heard::Closed(_)
                | Heard::SendFailed(_) => None,
            })
            .flatten()
            .collect();
        got.len() == sent.len()
    });
    assert!(got == sent);
    write.join().unwrap().unwrap();
    for _ in 0..10 {
        bench.net.stream(conn, Bytes::from_static(b"answer"));
    }
    bench.net.close(conn);
    bench.net.flush();
    let mut answer = Vec::new();
    reader.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"answer".repeat(10));
    drop((reader, peer.write(b"late")));
    drop(peer);
    bench.until(|_, heard| heard.contains(&Heard::Closed(conn)));
    assert_eq!(bench.net.connections(), 0);
}

#[test]
fn a_half_closed_connection_still_gets_its_answer() {
    let mut bench = Bench::new(2);
    let (mut peer, conn) = bench.connect();
    peer.write_all(b"question").unwrap();
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    bench.until(|_, heard| heard.contains(&Heard::Received(conn, b"question".to_vec())));
    // The end of the peer's half is read after what came before it, and told.
    bench.until(|net, _| net.stages().contains(&Stage::HalfClosed));
    assert_eq!(bench.log.0.last(), Some(&Heard::PeerEnded(conn)));
    bench.net.stream(conn, Bytes::from_static(b"answer"));
    bench.net.flush();
    let mut answer = [0; 6];
    peer.read_exact(&mut answer).unwrap();
    assert!(!bench.log.0.contains(&Heard::Closed(conn)));
    bench.pass(HALF_CLOSED_TIME);
    bench.until(|_, heard| heard.contains(&Heard::Closed(conn)));
}

#[test]
fn as_many_connections_as_allowed_are_accepted() {
    let mut bench = Bench::new(2);
    let (first, _) = bench.connect();
    let (_second, _) = bench.connect();
    let mut third = TcpStream::connect(bench.address(TCP)).unwrap();
    bench.until(|net, _| net.counts().refused == 1);
    assert!(matches!(third.read(&mut [0; 8]), Ok(0) | Err(_)));
    drop(first);
    bench.until(|net, _| net.stages().contains(&Stage::HalfClosed));
    bench.pass(HALF_CLOSED_TIME);
    bench.connect();
    assert_eq!(bench.net.counts().accepted, 3);
}

#[test]
fn a_peer_that_does_not_read_loses_its_connection() {
    let mut bench = Bench::new(2);
    let (_deaf, conn) = bench.connect();
    let piece: Bytes = vec![0; WRITE_BUFFER as usize].into();
    let mut pieces = 0;
    bench.until(|net, heard| {
        net.stream(conn, piece.clone());
        pieces += 1;
        heard.contains(&Heard::Closed(conn))
    });
    assert_eq!(bench.net.counts().streams_overflown, 1);
    assert_eq!(bench.net.connections(), 0);
    assert!(pieces > 1);
}

#[test]
fn many_small_pieces_for_a_peer_that_does_not_read_count_as_what_they_take() {
    let mut bench = Bench::new(2);
    let (_deaf, conn) = bench.connect();
    for _ in 0..WRITE_BUFFER / 32 {
        bench.net.stream(conn, Bytes::from_static(b"\r\n"));
    }
    assert_eq!(bench.net.counts().streams_overflown, 1);
}

#[test]
fn connections_are_opened_from_the_listeners_address() {
    let mut bench = Bench::new(2);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (conn, at) = (
        ConnId(1 << 63),
        Socket {
            ra: RA,
            listener: TCP,
        },
    );
    bench
        .net
        .connect(conn, at, listener.local_addr().unwrap(), None);
    // Sent while the connection is being opened.
    bench.net.stream(conn, Bytes::from_static(b"early"));
    bench.until(|_, heard| heard.contains(&Heard::Connected(conn, false)));
    let (mut peer, from) = listener.accept().unwrap();
    assert_eq!(from.ip(), bench.address(TCP).ip());
    let mut early = [0; 5];
    peer.read_exact(&mut early).unwrap();
    peer.write_all(b"welcome").unwrap();
    bench.until(|_, heard| heard.contains(&Heard::Received(conn, b"welcome".to_vec())));
}

#[test]
fn a_connection_that_cannot_be_opened_is_reported() {
    let mut bench = Bench::new(2);
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let at = Socket {
        ra: RA,
        listener: TCP,
    };
    let conns: Vec<_> = (0..4).map(|n| ConnId(1 << 63 | n)).collect();
    bench.net.connect(conns[0], at, gone, None);
    bench
        .net
        .connect(conns[1], at, "[::1]:5060".parse().unwrap(), None);
    bench.net.connect(
        conns[2],
        Socket {
            ra: RA,
            listener: UDP,
        },
        gone,
        None,
    );
    // Nobody answers for this network; time passes.
    bench
        .net
        .connect(conns[3], at, "127.0.0.1:1".parse().unwrap(), None);
    bench.net.close(conns[3]);
    bench.pass(CONNECT_TIME);
    bench.until(|_, heard| heard.len() == 4);
    for conn in conns {
        assert!(
            bench.log.0.contains(&Heard::ConnectFailed(conn)),
            "{:?}",
            bench.log.0
        );
    }
    assert_eq!(bench.net.connections(), 0);
}

#[test]
fn idle_connections_are_closed() {
    let mut bench = Bench::new(3);
    let (_silent, silent) = bench.connect();
    let (mut talker, talking) = bench.connect();
    talker.write_all(b"x").unwrap();
    bench.until(|_, heard| heard.contains(&Heard::Received(talking, b"x".to_vec())));
    bench.pass(FIRST_BYTES_TIME);
    bench.until(|_, heard| heard.contains(&Heard::Closed(silent)));
    assert_eq!(bench.net.connections(), 1);
    bench.pass(Listener::IDLE);
    bench.until(|_, heard| heard.contains(&Heard::Closed(talking)));
    assert_eq!(bench.net.counts().streams_idle, 2);
}

#[test]
fn an_address_in_use_is_named() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let listener = Listener {
        name: "first".into(),
        transport: Transport::Udp,
        bind: taken.local_addr().unwrap(),
        connections: 0,
        write_buffer: 0,
        idle: Listener::IDLE,
        tls: None,
    };
    let error = open(vec![listener], None).err().unwrap().to_string();
    assert!(
        error.contains("first") && error.contains("127.0.0.1"),
        "{error}"
    );
}

#[test]
fn one_flood_does_not_starve_another_socket() {
    let mut bench = Bench::new(2);
    let (mut quiet, conn) = bench.connect();
    let flood = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..500 {
        flood.send_to(b"flood", bench.address(UDP)).unwrap();
    }
    quiet.write_all(b"hello").unwrap();
    // In portions of 8 inputs: the connection is heard long before the flood is over.
    bench.until(|_, heard| heard.contains(&Heard::Received(conn, b"hello".to_vec())));
    let before = bench
        .log
        .0
        .iter()
        .filter(|heard| matches!(heard, Heard::Datagram(..)))
        .count();
    assert!(before < 500, "{before}");
}
