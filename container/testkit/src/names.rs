//! What name servers and certificates say in the virtual network, as the test scripts it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use strowger::ra::{Answer, Peer, Query, Record, RecordKind, ResolveError};

/// How long the node's resolver waits for name servers that do not answer.
pub(crate) const SILENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(crate) struct Names {
    zones: BTreeMap<String, BTreeMap<RecordKind, Result<Answer, ResolveError>>>,
    certificates: BTreeMap<SocketAddr, Arc<Peer>>,
}

impl Names {
    /// Adds records to a name.
    pub(crate) fn add(&mut self, name: &str, ttl: Duration, records: Vec<Record>) {
        let kinds = self.zones.entry(key(name)).or_default();
        for record in records {
            let empty = || {
                let records = Vec::new();
                Ok(Answer { records, ttl })
            };
            let place = kinds.entry(record.kind()).or_insert_with(empty);
            if place.is_err() {
                *place = empty();
            }
            if let Ok(answer) = place {
                answer.records.push(record);
                answer.ttl = ttl;
            }
        }
    }

    /// Questions of that kind for the name fail.
    pub(crate) fn fail(&mut self, query: &Query, error: ResolveError) {
        let kinds = self.zones.entry(key(&query.name)).or_default();
        kinds.insert(query.kind, Err(error));
    }

    /// Nothing is known of the name any more.
    pub(crate) fn forget(&mut self, name: &str) {
        self.zones.remove(&key(name));
    }

    pub(crate) fn answer(&self, query: &Query) -> Result<Answer, ResolveError> {
        let kinds = self
            .zones
            .get(&key(&query.name))
            .ok_or(ResolveError::NoSuchName)?;
        let answer = kinds.get(&query.kind).ok_or(ResolveError::NoData)?;
        answer.clone()
    }

    /// What the certificate of a peer says.
    pub(crate) fn certify(&mut self, peer: SocketAddr, says: Peer) {
        self.certificates.insert(peer, Arc::new(says));
    }

    /// What a handshake proves about a peer that has connected.
    pub(crate) fn client(&self, peer: SocketAddr) -> Arc<Peer> {
        self.certificates.get(&peer).cloned().unwrap_or_default()
    }

    /// What a handshake proves about a peer that the node has connected to; `None` if its certificate is for others. One
    /// without a scripted certificate has one for whatever it is asked for.
    pub(crate) fn server(&self, peer: SocketAddr, asked: Option<&str>) -> Option<Arc<Peer>> {
        let server_name = asked.map(str::to_ascii_lowercase);
        let proved = match self.certificates.get(&peer) {
            Some(says) => {
                let fits = match &server_name {
                    Some(name) => says.dns.contains(name),
                    None => says.addresses.contains(&peer.ip()),
                };
                if !fits {
                    return None;
                }
                Peer {
                    server_name,
                    ..Peer::clone(says)
                }
            }
            None => Peer {
                verified: true,
                dns: server_name.iter().cloned().collect(),
                addresses: match server_name {
                    None => vec![peer.ip()],
                    Some(_) => Vec::new(),
                },
                server_name,
                ..Peer::default()
            },
        };
        Some(Arc::new(proved))
    }
}

/// Names are compared without regard to case and to a dot at the end (RFC 1035 2.3.3).
fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
