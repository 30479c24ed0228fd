//! A name server on the loopback address, over UDP and TCP, that says what a test tells it to.

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::SOA;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What it says to a question.
#[derive(Clone)]
pub(crate) enum Says {
    /// These, of the owner that was asked for unless they name one, with this TTL.
    Records(u32, Vec<(Option<Name>, RData)>),
    /// The same over TCP, and over UDP that it does not fit.
    OnlyTcp(u32, Vec<(Option<Name>, RData)>),
    NoSuchName,
    NoData,
    Fails,
    Garbage,
    Nothing,
}

/// It lives as long as the process.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

type Zone = Arc<dyn Fn(&str, RecordType) -> Says + Send + Sync>;

/// A port of both transports; where one is free for UDP, somebody else may have it for TCP.
fn sockets() -> (UdpSocket, TcpListener) {
    let both = || {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let tcp = TcpListener::bind(udp.local_addr().unwrap());
        tcp.ok().map(|tcp| (udp, tcp))
    };
    (0..100).find_map(|_| both()).unwrap()
}

impl NameServer {
    pub(crate) fn new(zone: impl Fn(&str, RecordType) -> Says + Send + Sync + 'static) -> Self {
        let (udp, tcp) = sockets();
        let address = udp.local_addr().unwrap();
        let (zone, asked): (Zone, _) = (Arc::new(zone), Arc::new(AtomicUsize::new(0)));
        let (count, of_zone) = (Arc::clone(&asked), Arc::clone(&zone));
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok((n, from)) = udp.recv_from(&mut buffer) {
                count.fetch_add(1, Ordering::SeqCst);
                if let Some(answer) = answer(&buffer[..n], &of_zone, false) {
                    udp.send_to(&answer, from).unwrap();
                }
            }
        });
        std::thread::spawn(move || {
            for stream in tcp.incoming() {
                let mut stream = stream.unwrap();
                let mut length = [0; 2];
                while stream.read_exact(&mut length).is_ok() {
                    let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
                    stream.read_exact(&mut question).unwrap();
                    let Some(answer) = answer(&question, &zone, true) else {
                        break;
                    };
                    let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                    stream.write_all(&[&length, &answer[..]].concat()).unwrap();
                }
            }
        });
        Self { address, asked }
    }

    /// Questions that it has got over UDP.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn answer(question: &[u8], zone: &Zone, tcp: bool) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let name = query.name().to_lowercase().to_ascii();
    let says = zone(&name, query.query_type());
    let mut answer = Message::new(
        question.metadata.id,
        MessageType::Response,
        question.metadata.op_code,
    );
    answer.metadata.recursion_desired = true;
    answer.metadata.recursion_available = true;
    answer.add_query(query.clone());
    let mut no = |code| {
        answer.metadata.response_code = code;
        let zone = Name::from_ascii("example.").unwrap();
        let soa = SOA::new(zone.clone(), zone.clone(), 1, 1, 1, 1, 60);
        answer.add_authority(Record::from_rdata(zone, 60, RData::SOA(soa)));
    };
    match says {
        Says::Nothing => return None,
        Says::Garbage => return Some(vec![0xff; 40]),
        Says::NoSuchName => no(ResponseCode::NXDomain),
        Says::NoData => no(ResponseCode::NoError),
        Says::Fails => answer.metadata.response_code = ResponseCode::ServFail,
        Says::OnlyTcp(..) if !tcp => answer.metadata.truncation = true,
        Says::OnlyTcp(ttl, records) | Says::Records(ttl, records) => {
            for (owner, data) in records {
                let owner = owner.unwrap_or_else(|| query.name().clone());
                answer.add_answer(Record::from_rdata(owner, ttl, data));
            }
        }
    }
    answer.to_vec().ok()
}
