//! Connections over TLS, against rustls as a client and as a server in threads of their own.

#[path = "../../../tests/bench/authority.rs"]
mod authority;

use super::*;
use crate::tls;
use authority::{Authority, Leaf};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};
use std::thread::JoinHandle;
use strowger::ra::{Peer, Tls};
use tempfile::TempDir;

const TLS: ListenerIx = TCP;
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A listener over TLS, and the authority that has signed its certificate.
struct Secure {
    bench: Bench,
    authority: Authority,
    dir: TempDir,
    tls: Tls,
}

type Client = StreamOwned<ClientConnection, TcpStream>;

impl Secure {
    fn new() -> Self {
        Self::with(|_, _| {})
    }

    fn with(change: impl FnOnce(&mut Tls, &TempDir)) -> Self {
        let (authority, dir) = (Authority::new("test"), TempDir::new().unwrap());
        let names = ["node.example", "sip:node.example", "127.0.0.1"];
        let (certificate, key) = authority.issue(&names).write(dir.path(), "node");
        let root = dir.path().join("root.pem");
        authority::replace(&root, &authority.pem());
        let mut tls = Tls::new(certificate, key);
        tls.server_roots = vec![root];
        change(&mut tls, &dir);
        let listener = |name: &str, transport, tls| Listener {
            name: name.into(),
            transport,
            bind: ([127, 0, 0, 1], 0).into(),
            connections: 100,
            write_buffer: WRITE_BUFFER,
            idle: Duration::from_secs(120),
            tls,
        };
        let listeners = vec![
            listener("udp", Transport::Udp, None),
            listener("tls", Transport::Tls, Some(tls.clone())),
        ];
        let credentials = load(&tls);
        let open = open(listeners, Some(&credentials));
        let bench = Bench {
            net: open.unwrap(),
            log: Log::default(),
            now: Mono(1),
        };
        Self {
            bench,
            authority,
            dir,
            tls,
        }
    }

    /// Runs a peer in a thread and the net until it is through.
    #[track_caller]
    fn run<T: Send + 'static>(&mut self, peer: impl FnOnce() -> T + Send + 'static) -> T {
        let thread = std::thread::spawn(peer);
        self.bench.until(|_, _| thread.is_finished());
        thread.join().unwrap()
    }

    fn plain_client(&self) -> Arc<ClientConfig> {
        self.authority.client(None, &[&TLS13])
    }

    /// A client that has shaken hands.
    fn connect(&mut self, config: Arc<ClientConfig>) -> (Client, ConnId) {
        let address = self.bench.address(TLS);
        let before = self.bench.log.0.len();
        let mut client = dial(address, config);
        let client = self.run(move || {
            client.conn.complete_io(&mut client.sock).unwrap();
            client
        });
        let new = |heard: &[Heard]| {
            let mut heard = heard.iter().skip(before);
            heard.find_map(|heard| match heard {
                Heard::Connected(conn, true) => Some(*conn),
                Heard::Connected(..)
                | Heard::Datagram(..)
                | Heard::ConnectFailed(_)
                | Heard::Received(..)
                | Heard::PeerEnded(_)
                | Heard::Closed(_)
                | Heard::SendFailed(_) => None,
            })
        };
        self.bench.until(|_, heard| new(heard).is_some());
        let conn = new(&self.bench.log.0).unwrap();
        (client, conn)
    }

    /// Opens a connection to a server in a thread; what the server read before the end.
    fn open(
        &mut self,
        server: Arc<ServerConfig>,
        name: Option<&str>,
    ) -> (ConnId, JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            let session = ServerConnection::new(server).unwrap();
            let mut stream = StreamOwned::new(session, socket);
            let mut heard = Vec::new();
            // Ends with the connection, however that ends.
            let _ = stream.read_to_end(&mut heard);
            heard
        });
        let conn = ConnId(1 << 63 | self.bench.log.0.len() as u64);
        let at = Socket {
            ra: RA,
            listener: TLS,
        };
        self.bench.net.connect(conn, at, to, name);
        (conn, thread)
    }

    fn peer_of(&self, conn: ConnId) -> Peer {
        let peers = &self.bench.log.1;
        let found = peers.iter().find(|(of, _)| *of == conn);
        Peer::clone(&found.unwrap().1)
    }
}

fn load(tls: &Tls) -> Credentials {
    tls::load(tls).unwrap().0
}

fn dial(address: SocketAddr, config: Arc<ClientConfig>) -> Client {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(HANDSHAKE)).unwrap();
    socket.set_write_timeout(Some(HANDSHAKE)).unwrap();
    let name = ServerName::try_from("node.example").unwrap();
    StreamOwned::new(ClientConnection::new(config, name).unwrap(), socket)
}

fn received(heard: &[Heard], conn: ConnId) -> Vec<u8> {
    let pieces = heard.iter().filter_map(|heard| match heard {
        Heard::Received(of, bytes) if *of == conn => Some(bytes.clone()),
        Heard::Received(..)
        | Heard::Datagram(..)
        | Heard::Connected(..)
        | Heard::ConnectFailed(_)
        | Heard::PeerEnded(_)
        | Heard::Closed(_)
        | Heard::SendFailed(_) => None,
    });
    pieces.flatten().collect()
}

#[test]
fn bytes_go_both_ways_whole_with_either_version() {
    for version in [&TLS12, &TLS13] {
        let mut secure = Secure::new();
        let config = secure.authority.client(None, &[version]);
        let (mut client, conn) = secure.connect(config);
        let sent: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
        let copy = sent.clone();
        let mut client = secure.run(move || {
            client.write_all(&copy).unwrap();
            client.flush().unwrap();
            client
        });
        secure
            .bench
            .until(|_, heard| received(heard, conn).len() == sent.len());
        assert!(received(&secure.bench.log.0, conn) == sent);
        // Fits the write queue, and is many records.
        for piece in sent[..90_000].chunks(900) {
            secure.bench.net.stream(conn, Bytes::copy_from_slice(piece));
        }
        secure.bench.net.close(conn);
        let answer = secure.run(move || {
            let mut answer = Vec::new();
            // An end without a goodbye would be an error.
            client.read_to_end(&mut answer).unwrap();
            answer
        });
        assert!(answer == sent[..90_000]);
        secure
            .bench
            .until(|_, heard| heard.contains(&Heard::Closed(conn)));
        assert_eq!(
            secure.peer_of(conn).server_name.as_deref(),
            Some("node.example")
        );
        assert!(!secure.peer_of(conn).verified);
        assert_eq!(secure.bench.net.connections(), 0);
    }
}

#[test]
fn clients_prove_who_they_are_where_they_must() {
    for (required, version) in [(true, &TLS13), (true, &TLS12), (false, &TLS13)] {
        let mut secure = Secure::with(|tls, dir| {
            tls.client_roots = vec![dir.path().join("root.pem")];
            tls.client_certificate_required = required;
        });
        let names = [
            "Proxy.example",
            "sip:proxy.example",
            "192.0.2.1",
            "2001:db8::1",
        ];
        let good = secure.authority.issue(&names);
        let config = secure.authority.client(Some(&good), &[version]);
        let (client, conn) = secure.connect(config);
        let expected = Peer {
            verified: true,
            dns: vec!["proxy.example".into()],
            uris: vec!["sip:proxy.example".into()],
            addresses: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
            common_name: Some("Proxy.example".into()),
            server_name: Some("node.example".into()),
        };
        assert_eq!(secure.peer_of(conn), expected);
        drop(client);

        let strangers = Authority::new("strangers").issue(&["proxy.example"]);
        let expired = secure.authority.issue_expired(&["proxy.example"]);
        for refused in [None, Some(&strangers), Some(&expired)] {
            let heard = secure.bench.log.1.len();
            let config = secure.authority.client(refused, &[version]);
            let mut client = dial(secure.bench.address(TLS), config);
            let welcome = refused.is_none() && !required;
            let answer = secure.run(move || {
                if welcome {
                    return client.conn.complete_io(&mut client.sock).map(|_| 0);
                }
                let _ = client.write_all(b"hello");
                let _ = client.sock.shutdown(std::net::Shutdown::Write);
                client.read(&mut [0; 10])
            });
            if welcome {
                answer.unwrap();
                secure.bench.until(|net, _| net.counts().handshakes == 2);
                assert!(!secure.bench.log.1.last().unwrap().1.verified);
            } else {
                assert!(answer.is_err(), "{answer:?}");
                assert_eq!(secure.bench.log.1.len(), heard);
            }
        }
        let failed = if required { 3 } else { 2 };
        assert_eq!(secure.bench.net.counts().handshakes_failed, failed);
    }
}

#[test]
fn servers_prove_who_they_are() {
    let strangers = Authority::new("strangers");
    let names = ["peer.example", "127.0.0.1"];
    let right: fn(&Secure) -> Leaf =
        |secure| secure.authority.issue(&["peer.example", "127.0.0.1"]);
    let cases: [(fn(&Secure) -> Leaf, Option<&str>, bool); 6] = [
        (right, Some("peer.example"), true),
        (right, Some("Peer.Example."), true),
        (right, None, true),
        (right, Some("other.example"), false),
        (
            |secure| secure.authority.issue(&["peer.example"]),
            None,
            false,
        ),
        (
            |secure| secure.authority.issue_expired(&["peer.example"]),
            Some("peer.example"),
            false,
        ),
    ];
    for (leaf, name, good) in cases {
        let mut secure = Secure::new();
        let leaf = leaf(&secure);
        let server = secure.authority.server(&leaf, false);
        let (conn, thread) = secure.open(server, name);
        // Sent before there is a connection at all.
        secure.bench.net.stream(conn, Bytes::from_static(b"early"));
        secure.bench.until(|_, heard| !heard.is_empty());
        if good {
            assert_eq!(secure.bench.log.0, [Heard::Connected(conn, false)]);
            let peer = secure.peer_of(conn);
            assert!(peer.verified && peer.dns == ["peer.example"], "{peer:?}");
            secure.bench.net.close(conn);
        } else {
            assert_eq!(secure.bench.log.0, [Heard::ConnectFailed(conn)]);
            assert_eq!(secure.bench.net.counts().handshakes_failed, 1);
        }
        secure.bench.until(|_, _| thread.is_finished());
        let early: &[u8] = if good { b"early" } else { b"" };
        assert_eq!(thread.join().unwrap(), early, "{name:?}");
    }
    // An authority that is not trusted; and one that is trusted by nobody who verifies.
    for (skip, outcome) in [(false, false), (true, true)] {
        let mut secure = Secure::with(|tls, _| tls.insecure_skip_verification = skip);
        let server = strangers.server(&strangers.issue(&names), false);
        let (conn, thread) = secure.open(server, Some("peer.example"));
        secure.bench.until(|_, heard| !heard.is_empty());
        let stands = secure.bench.log.0 == [Heard::Connected(conn, false)];
        assert_eq!(stands, outcome);
        if stands {
            let peer = secure.peer_of(conn);
            assert!(!peer.verified && peer.dns.is_empty(), "{peer:?}");
            secure.bench.net.close(conn);
        }
        secure.bench.until(|_, _| thread.is_finished());
    }
}

#[test]
fn we_show_our_certificate_to_a_server_that_demands_one() {
    let mut secure = Secure::new();
    let server = secure.authority.issue(&["peer.example"]);
    let server = secure.authority.server(&server, true);
    let (conn, thread) = secure.open(server, Some("peer.example"));
    secure
        .bench
        .net
        .stream(conn, Bytes::from_static(b"it is me"));
    secure.bench.until(|_, heard| !heard.is_empty());
    secure.bench.net.close(conn);
    secure.bench.until(|_, _| thread.is_finished());
    assert_eq!(thread.join().unwrap(), b"it is me");
}

#[test]
fn what_is_no_host_is_not_connected_to() {
    let mut secure = Secure::new();
    let at = Socket {
        ra: RA,
        listener: TLS,
    };
    let to = secure.bench.address(TLS);
    for name in ["", "a b", "x..example"] {
        secure.bench.net.connect(ConnId(7), at, to, Some(name));
        let before = secure.bench.log.0.len();
        secure.bench.until(|_, heard| heard.len() > before);
        assert_eq!(
            secure.bench.log.0.last(),
            Some(&Heard::ConnectFailed(ConnId(7)))
        );
    }
}

#[test]
fn garbage_and_halves_of_handshakes_are_refused_unheard() {
    let mut secure = Secure::new();
    let mut hello = Vec::new();
    let name = ServerName::try_from("node.example").unwrap();
    let mut client = ClientConnection::new(secure.plain_client(), name).unwrap();
    client.write_tls(&mut hello).unwrap();
    let half = hello[..hello.len() / 2].to_vec();
    let mut flipped = hello.clone();
    flipped[9] ^= 0xff;
    let garbage: Vec<u8> = (0..5_000_u32).map(|n| (n * 31 % 251) as u8).collect();
    let long = [&[22, 3, 1, 0x40, 0], &garbage[..]].concat();
    let request = b"OPTIONS sip:node.example SIP/2.0\r\n\r\n".to_vec();
    let all = [half, flipped, garbage, long, request, vec![0], Vec::new()];
    for (sent, n) in all.into_iter().zip(1..) {
        let mut peer = TcpStream::connect(secure.bench.address(TLS)).unwrap();
        peer.set_read_timeout(Some(HANDSHAKE)).unwrap();
        secure.run(move || {
            let _ = peer.write_all(&sent);
            let _ = peer.shutdown(std::net::Shutdown::Write);
            let _ = peer.read_to_end(&mut Vec::new());
        });
        secure
            .bench
            .until(|net, _| net.counts().handshakes_failed == n);
    }
    assert_eq!(secure.bench.log.0, []);
    assert_eq!(secure.bench.net.connections(), 0);
}

#[test]
fn a_handshake_that_takes_its_time_is_ended() {
    let mut secure = Secure::new();
    let mut peer = TcpStream::connect(secure.bench.address(TLS)).unwrap();
    peer.write_all(&[22, 3, 1]).unwrap();
    secure.bench.until(|net, _| net.connections() == 1);
    secure.bench.pass(HANDSHAKE / 2);
    // A byte now and then does not help.
    peer.write_all(&[0]).unwrap();
    secure.bench.until(|net, _| !net.has_ready());
    secure.bench.pass(HANDSHAKE / 2);
    assert_eq!(secure.bench.net.connections(), 0);
    assert_eq!(secure.bench.net.counts().handshakes_failed, 1);
    assert_eq!(secure.bench.log.0, []);
    // The same where we are the client, of a server that says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = Socket {
        ra: RA,
        listener: TLS,
    };
    let (conn, to) = (ConnId(1 << 63), silent.local_addr().unwrap());
    secure.bench.net.connect(conn, at, to, Some("peer.example"));
    secure
        .bench
        .until(|net, _| net.stages().contains(&Stage::Handshake));
    secure.bench.pass(HANDSHAKE);
    secure.bench.until(|_, heard| !heard.is_empty());
    assert_eq!(secure.bench.log.0, [Heard::ConnectFailed(conn)]);
}

#[test]
fn one_address_has_so_many_handshakes_under_way_and_connections_beside_them() {
    let mut secure = Secure::with(|tls, _| tls.handshakes_per_ip = 2);
    let config = secure.plain_client();
    let (_client, _) = secure.connect(Arc::clone(&config));
    let address = secure.bench.address(TLS);
    let silent: Vec<_> = (0..3)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    secure.bench.until(|net, _| net.counts().refused == 1);
    assert_eq!(secure.bench.net.connections(), 3);
    // They end, and so does what they have taken.
    secure.bench.pass(HANDSHAKE);
    assert_eq!(secure.bench.net.connections(), 1);
    for _ in 0..3 {
        drop(secure.connect(Arc::clone(&config)));
    }
    drop(silent);
    assert_eq!(secure.bench.net.counts().refused, 1);
}

#[test]
fn what_is_tampered_with_ends_the_connection() {
    let mut secure = Secure::new();
    let config = secure.plain_client();
    let (mut client, conn) = secure.connect(config);
    client.sock.write_all(&[23, 3, 3, 0, 32]).unwrap();
    client.sock.write_all(&[7; 32]).unwrap();
    secure
        .bench
        .until(|_, heard| heard.contains(&Heard::Closed(conn)));
    assert_eq!(secure.bench.net.counts().streams_garbled, 1);
    assert_eq!(received(&secure.bench.log.0, conn), b"");
}

#[test]
fn a_peer_that_has_said_goodbye_still_gets_its_answer() {
    let mut secure = Secure::new();
    let config = secure.plain_client();
    let (mut client, conn) = secure.connect(config);
    client.write_all(b"question").unwrap();
    client.conn.send_close_notify();
    client.flush().unwrap();
    secure
        .bench
        .until(|_, heard| heard.last() == Some(&Heard::PeerEnded(conn)));
    assert_eq!(received(&secure.bench.log.0, conn), b"question");
    secure.bench.net.stream(conn, Bytes::from_static(b"answer"));
    secure.bench.net.flush();
    let mut answer = [0; 6];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"answer");
    secure.bench.pass(HALF_CLOSED_TIME);
    secure
        .bench
        .until(|_, heard| heard.contains(&Heard::Closed(conn)));
}

#[test]
fn a_peer_that_does_not_read_is_dropped_before_much_has_piled_up() {
    let mut secure = Secure::new();
    let config = secure.plain_client();
    let (_deaf, conn) = secure.connect(config);
    let piece: Bytes = vec![0; WRITE_BUFFER as usize / 2].into();
    secure.bench.until(|net, heard| {
        net.stream(conn, piece.clone());
        heard.contains(&Heard::Closed(conn))
    });
    assert_eq!(secure.bench.net.counts().streams_overflown, 1);
}

#[test]
fn sessions_are_resumed() {
    for version in [&TLS12, &TLS13] {
        let mut secure = Secure::with(|tls, dir| {
            tls.client_roots = vec![dir.path().join("root.pem")];
        });
        let leaf = secure.authority.issue(&["proxy.example"]);
        let config = secure.authority.client(Some(&leaf), &[version]);
        for n in 0..2 {
            let (mut client, conn) = secure.connect(Arc::clone(&config));
            secure.bench.net.stream(conn, Bytes::from_static(b"x"));
            let client = secure.run(move || {
                client.read_exact(&mut [0]).unwrap();
                client
            });
            drop(client);
            assert_eq!(secure.bench.net.counts().handshakes_resumed, n);
            assert_eq!(secure.peer_of(conn).dns, ["proxy.example"]);
        }
    }
}

#[test]
fn a_crowd_of_handshakes_is_served_and_does_not_starve_others() {
    let mut secure = Secure::new();
    let config = secure.plain_client();
    let (mut first, conn) = secure.connect(Arc::clone(&config));
    let address = secure.bench.address(TLS);
    let crowd: Vec<_> = (0..60)
        .map(|_| {
            let mut client = dial(address, Arc::clone(&config));
            client.conn.write_tls(&mut client.sock).unwrap();
            client
        })
        .collect();
    first.write_all(b"hello").unwrap();
    secure
        .bench
        .until(|_, heard| received(heard, conn) == b"hello");
    let before = secure.bench.net.counts().handshakes;
    assert!(before < 60, "{before}");
    let crowd = secure.run(move || {
        let mut crowd = crowd;
        for client in &mut crowd {
            client.conn.complete_io(&mut client.sock).unwrap();
        }
        crowd
    });
    secure.bench.until(|net, _| net.counts().handshakes == 61);
    drop(crowd);
}

#[test]
fn new_certificates_are_for_new_connections() {
    let mut secure = Secure::new();
    let config = secure.plain_client();
    let (mut old, first) = secure.connect(Arc::clone(&config));
    let other = Authority::new("other");
    other
        .issue(&["node.example"])
        .write(secure.dir.path(), "node");
    let at = Socket {
        ra: RA,
        listener: TLS,
    };
    let renewed = Box::new(load(&secure.tls));
    secure.bench.net.renew(at, renewed);
    let (_new, _) = secure.connect(other.client(None, &[&TLS13]));
    old.write_all(b"still here").unwrap();
    secure
        .bench
        .until(|_, heard| received(heard, first) == b"still here");
    // A session under the old certificate is not resumed: who trusts only the old authority is not served any more.
    let mut client = dial(secure.bench.address(TLS), config);
    let refused = secure.run(move || client.conn.complete_io(&mut client.sock).is_err());
    assert!(refused);
}

#[test]
fn idle_connections_are_closed_after_the_listeners_time() {
    let mut secure = Secure::new();
    let config = secure.plain_client();
    let (mut client, conn) = secure.connect(config);
    client.write_all(b"x").unwrap();
    secure
        .bench
        .until(|_, heard| heard.contains(&Heard::Received(conn, b"x".to_vec())));
    secure.bench.pass(Duration::from_secs(119));
    assert_eq!(secure.bench.net.connections(), 1);
    secure.bench.pass(Duration::from_secs(1));
    assert_eq!(secure.bench.net.connections(), 0);
}
