//! Overload control by agreement (DOIC, RFC 7683) with the loss algorithm: fewer requests to whom reports overload, and
//! reports of our own.
//!
//! What ends a session is always sent: it frees resources. A report is about a host, and then about what is sent to that host
//! by name or as a peer, or about a realm, and then about what names no host. Without [`OverloadControl::enabled`] nothing is
//! announced, heeded or reported.

use std::collections::BTreeMap;

use super::routes::Destination;
use super::slab::Key;
use super::{OverloadControl, Stack, TxFailure};
use crate::proto::dict::{base, credit, overload};
use crate::proto::time::Ms;
use crate::proto::wire::{AvpBuf, Avps, HEADER_LEN, Message};

/// OC-Feature-Vector: OLR_DEFAULT_ALGO, the loss algorithm (RFC 7683 7.2).
const LOSS: u64 = 1;
/// OC-Validity-Duration when there is none, and its greatest value, in seconds (RFC 7683 7.5).
const VALIDITY: u32 = 30;
const VALIDITY_MAX: u32 = 86_400;
/// Reports that are kept.
const REPORTS: usize = 4_096;

/// Whom a report is about: application, whether a realm, name in lower case.
type Name = (u32, bool, Box<str>);

/// Reports of others in force, and our own.
#[derive(Debug, Default)]
pub(super) struct Overload {
    reports: BTreeMap<Name, Report>,
    /// OC-Sequence-Number of our latest report.
    sequence: u64,
    overloaded: bool,
}

#[derive(Debug, Clone, Copy)]
struct Report {
    sequence: u64,
    percentage: u32,
    end: Ms,
}

impl Stack {
    /// This node has too much to do, or enough of it ended: those who ask it are told with every answer.
    pub fn report_overload(&mut self, overloaded: bool) {
        if self.overload.overloaded != overloaded {
            self.overload.overloaded = overloaded;
            self.overload.sequence += 1;
        }
    }

    /// What our requests announce.
    pub(super) fn announce(&self) -> Option<AvpBuf> {
        self.config.overload.enabled.then(|| {
            let mut avps = AvpBuf::new();
            write_features(&mut avps);
            avps
        })
    }

    /// What our answer says to a request that has announced it understands.
    pub(super) fn overload_answer(&self) -> AvpBuf {
        let mut avps = AvpBuf::new();
        write_features(&mut avps);
        let control = self.config.overload;
        let (percentage, seconds) = match self.overload.overloaded {
            true => (u32::from(control.reduction.min(100)), control.seconds),
            // The end of an overload is a report that is over at once.
            false => (0, 0),
        };
        if self.overload.sequence > 0 {
            avps.group(&overload::OC_OLR, |olr| {
                olr.avp(&overload::OC_SEQUENCE_NUMBER, self.overload.sequence);
                olr.avp(&overload::OC_REPORT_TYPE, 0);
                olr.avp(&overload::OC_REDUCTION_PERCENTAGE, percentage);
                olr.avp(&overload::OC_VALIDITY_DURATION, seconds);
            });
        }
        avps
    }

    /// Keeps what an answer reports; `realm` is the request's Destination-Realm.
    pub(super) fn heed(&mut self, now: Ms, answer: &Message, realm: Option<&str>) {
        let Some(olr) = answer.find(&overload::OC_OLR) else {
            return;
        };
        let number = |def| olr.group().get(def).and_then(|avp| avp.u32().ok());
        let sequence = olr
            .group()
            .get(&overload::OC_SEQUENCE_NUMBER)
            .and_then(|avp| avp.u64().ok());
        let of_realm = number(&overload::OC_REPORT_TYPE) == Some(1);
        let who = if of_realm {
            realm
        } else {
            answer.origin_host()
        };
        let (Some(sequence), Some(who)) = (sequence, who) else {
            return;
        };
        let seconds = number(&overload::OC_VALIDITY_DURATION)
            .unwrap_or(VALIDITY)
            .min(VALIDITY_MAX);
        let report = Report {
            sequence,
            percentage: number(&overload::OC_REDUCTION_PERCENTAGE).unwrap_or(0),
            end: now + u64::from(seconds) * 1_000,
        };
        // More than all cannot be left out (RFC 7683 7.7).
        if report.percentage > 100 {
            return;
        }
        let name = (
            answer.header().application,
            of_realm,
            who.to_ascii_lowercase().into(),
        );
        if self.overload.keep(now, name, report) {
            self.count("overload.reports");
        }
    }

    /// The peer that a request goes to, with regard to reports: another one where there is one, none where it is left out.
    pub(super) fn abate(&mut self, now: Ms, key: Key, mut chosen: Key) -> Result<Key, TxFailure> {
        if self.overload.reports.is_empty() || !self.config.overload.enabled {
            return Ok(chosen);
        }
        let Some(transaction) = self.transactions.get(key) else {
            return Ok(chosen);
        };
        let message = transaction.message.clone();
        let to = Destination::read(&message, transaction.application, "");
        if ends_session(transaction.command, &message) {
            return Ok(chosen);
        }
        if to.host.is_none()
            && let Some(realm) = to.realm
            && self.is_left_out(now, to.application, true, realm)
        {
            return Err(TxFailure::Overflow);
        }
        loop {
            let Some(peer) = self.peers.get(chosen).map(|peer| peer.host.clone()) else {
                return Ok(chosen);
            };
            let host = to.host.unwrap_or(&peer);
            if !self.is_left_out(now, to.application, false, host) {
                return Ok(chosen);
            }
            if to.host.is_some() {
                return Err(TxFailure::Overflow);
            }
            if let Some(transaction) = self.transactions.get_mut(key) {
                transaction.tried.push(chosen);
            }
            chosen = self.next_peer(key).map_err(|_| TxFailure::Overflow)?;
        }
    }

    /// Whether chance, by the report about it, leaves a request out.
    fn is_left_out(&mut self, now: Ms, application: u32, realm: bool, name: &str) -> bool {
        let name: Name = (application, realm, name.to_ascii_lowercase().into());
        let Some(report) = self.overload.reports.get(&name).copied() else {
            return false;
        };
        if report.end <= now {
            self.overload.reports.remove(&name);
            return false;
        }
        let out = self.random.below(100) < u64::from(report.percentage);
        if out {
            self.count("overload.abated");
        }
        out
    }
}

impl Overload {
    /// Whether a report is news.
    fn keep(&mut self, now: Ms, name: Name, report: Report) -> bool {
        let old = self.reports.get(&name).filter(|old| old.end > now);
        if old.is_some_and(|old| old.sequence >= report.sequence) {
            return false;
        }
        if report.end <= now {
            return self.reports.remove(&name).is_some();
        }
        if self.reports.len() >= REPORTS {
            self.reports.retain(|_, report| report.end > now);
        }
        if self.reports.len() < REPORTS {
            self.reports.insert(name, report);
        }
        true
    }
}

impl Default for OverloadControl {
    fn default() -> Self {
        Self {
            enabled: false,
            reduction: 50,
            seconds: VALIDITY,
        }
    }
}

fn write_features(avps: &mut AvpBuf) {
    avps.group(&overload::OC_SUPPORTED_FEATURES, |features| {
        features.avp(&overload::OC_FEATURE_VECTOR, LOSS);
    });
}

/// STR, the last CCR and the last ACR of a session.
fn ends_session(command: u32, message: &[u8]) -> bool {
    let last = |def, value| {
        let mut avps = Avps::new(message.get(HEADER_LEN..).unwrap_or_default());
        avps.find(|avp| avp.is(def))
            .is_some_and(|avp| avp.i32() == Ok(value))
    };
    match command {
        275 => true,
        272 => last(&credit::CC_REQUEST_TYPE, 3),
        271 => last(&base::ACCOUNTING_RECORD_TYPE, 4),
        _ => false,
    }
}
