//! Name servers, asked on the supervisor's runtime, so that no shard ever waits for one.
//!
//! Questions come over a bounded queue, as many as configuration allows are under way, and each is over within its time.
//! Answers are kept for as long as they say, within bounds; so is that there is none.

use crate::inbox::Door;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use strowger::id::RaIx;
use strowger::ra::{Answer, Naptr, Query, Record, RecordKind, ResolveError, Srv};
use strowger_config::Dns;
use tokio::sync::mpsc;

/// Where systems name their name servers.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// The port of name servers.
const PORT: u16 = 53;
/// Times that a question is asked of a server before it is given up, within the time for one question.
const ATTEMPTS: u32 = 2;

/// A question, and who asks it.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) ra: RaIx,
    pub(crate) token: u64,
    pub(crate) query: Query,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) ra: RaIx,
    pub(crate) token: u64,
    pub(crate) answer: Result<Answer, ResolveError>,
}

/// The shard's end: takes questions while there is room for their answers.
#[derive(Debug)]
pub(crate) struct Asking {
    questions: mpsc::Sender<Question>,
    room: usize,
    /// Room when nothing is asked.
    all: usize,
}

/// The supervisor's end.
#[derive(Debug)]
pub(crate) struct Asked {
    questions: mpsc::Receiver<Question>,
}

/// Both ends, for so many questions at a time.
pub(crate) fn questions(room: usize) -> (Asking, Asked) {
    let (sender, receiver) = mpsc::channel(room.max(1));
    let asking = Asking {
        questions: sender,
        room,
        all: room,
    };
    (
        asking,
        Asked {
            questions: receiver,
        },
    )
}

impl Asking {
    /// Asks; what cannot be asked comes back with its answer.
    pub(crate) fn ask(&mut self, question: Question) -> Result<(), Resolved> {
        let refused = |question: Question, error| Resolved {
            ra: question.ra,
            token: question.token,
            answer: Err(error),
        };
        if self.room == 0 {
            return Err(refused(question, ResolveError::Full));
        }
        self.questions.try_send(question).map_err(|error| {
            let full = matches!(error, mpsc::error::TrySendError::Full(_));
            let error_for_it = if full {
                ResolveError::Full
            } else {
                ResolveError::Failed
            };
            refused(error.into_inner(), error_for_it)
        })?;
        self.room -= 1;
        Ok(())
    }

    /// Questions under way, and how many may be.
    pub(crate) fn level(&self) -> (usize, usize) {
        (self.all - self.room, self.all)
    }

    /// An answer has come: there is room for another question.
    pub(crate) fn answered(&mut self) {
        self.room += 1;
    }
}

impl Asked {
    /// Asks the name servers whatever comes. To be spawned on the supervisor's runtime.
    pub(crate) async fn serve(mut self, dns: Dns, door: Door) {
        let resolver = resolver(&dns).map(Arc::new);
        if let Err(error) = &resolver {
            tracing::warn!(%error, "names cannot be resolved");
        }
        while let Some(question) = self.questions.recv().await {
            let (door, time) = (door.clone(), dns.timeout);
            let Question { ra, token, query } = question;
            let answered = move |answer| door.answer(Resolved { ra, token, answer });
            match &resolver {
                Ok(resolver) => {
                    let resolver = Arc::clone(resolver);
                    tokio::spawn(async move {
                        let found = tokio::time::timeout(time, resolve(&resolver, &query)).await;
                        let found = found.unwrap_or(Err(ResolveError::Timeout));
                        if let Err(error) = &found {
                            tracing::debug!(name = query.name, kind = ?query.kind, %error, "no answer");
                        }
                        answered(found);
                    });
                }
                Err(_) => answered(Err(ResolveError::Failed)),
            }
        }
    }
}

/// Why names cannot be resolved at all.
#[derive(Debug, thiserror::Error)]
enum NoResolver {
    #[error("{RESOLV_CONF} cannot be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("{RESOLV_CONF} is not understood: {0}")]
    Parse(#[from] resolv_conf::ParseError),
    #[error("no name server is named, neither in `dns.name_servers` nor in {RESOLV_CONF}")]
    None,
    #[error(transparent)]
    Setup(#[from] NetError),
}

fn resolver(dns: &Dns) -> Result<TokioResolver, NoResolver> {
    let mut servers = dns.name_servers.clone();
    if servers.is_empty() {
        servers = system_servers()?;
    }
    if servers.is_empty() {
        return Err(NoResolver::None);
    }
    let servers = servers.into_iter().map(server).collect();
    let config = ResolverConfig::from_parts(None, Vec::new(), servers);
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.timeout = dns.timeout / (ATTEMPTS + 1);
    options.attempts = ATTEMPTS as usize;
    options.cache_size = dns.cache.into();
    options.max_active_requests = dns.questions as usize;
    options.positive_max_ttl = Some(dns.answer_time_max);
    options.negative_max_ttl = Some(dns.failure_time_max);
    options.ndots = 0;
    Ok(builder.build()?)
}

fn system_servers() -> Result<Vec<SocketAddr>, NoResolver> {
    let text = std::fs::read(RESOLV_CONF)?;
    let parsed = resolv_conf::Config::parse(text)?;
    let addresses = parsed.nameservers.iter().map(IpAddr::from);
    Ok(addresses.map(|ip| SocketAddr::new(ip, PORT)).collect())
}

fn server(address: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}

async fn resolve(resolver: &TokioResolver, query: &Query) -> Result<Answer, ResolveError> {
    let mut name = Name::from_ascii(&query.name).map_err(|_| ResolveError::NotAName)?;
    name.set_fqdn(true);
    let kind = match query.kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Srv => RecordType::SRV,
        RecordKind::Naptr => RecordType::NAPTR,
    };
    let found = resolver.lookup(name, kind).await.map_err(|e| why(&e))?;
    answer(&found, query.kind)
}

fn answer(found: &Lookup, kind: RecordKind) -> Result<Answer, ResolveError> {
    let records = found.answers().iter();
    let records = records.filter_map(|record| read(&record.data));
    let records: Vec<Record> = records.filter(|record| record.kind() == kind).collect();
    if records.is_empty() {
        return Err(ResolveError::NoData);
    }
    let ttl = found.valid_until().duration_since(Instant::now());
    // Whole seconds, rounded up: what says one second is good for one.
    let ttl = Duration::from_secs(ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0));
    Ok(Answer { records, ttl })
}

fn read(data: &RData) -> Option<Record> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "there are dozens of other kinds, none of them asked for"
    )]
    Some(match data {
        RData::A(address) => Record::A(address.0),
        RData::AAAA(address) => Record::Aaaa(address.0),
        RData::SRV(srv) => Record::Srv(Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: host(&srv.target),
        }),
        RData::NAPTR(naptr) => Record::Naptr(Naptr {
            order: naptr.order,
            preference: naptr.preference,
            flags: text(&naptr.flags),
            service: text(&naptr.services),
            regexp: text(&naptr.regexp),
            replacement: host(&naptr.replacement),
        }),
        _ => return None,
    })
}

/// A name as text, in lower case and without the dot at its end; the root is empty.
fn host(name: &Name) -> String {
    let mut text = name.to_lowercase().to_ascii();
    if text.ends_with('.') {
        text.pop();
    }
    text
}

fn why(error: &NetError) -> ResolveError {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "whatever else went wrong, the question was not answered"
    )]
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => ResolveError::NoSuchName,
            ResponseCode::NoError => ResolveError::NoData,
            _ => ResolveError::Failed,
        },
        NetError::Timeout => ResolveError::Timeout,
        NetError::Busy => ResolveError::Full,
        _ => ResolveError::Failed,
    }
}
