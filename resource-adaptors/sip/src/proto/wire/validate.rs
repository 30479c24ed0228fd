//! The checks of a message that go beyond its structure: what a server transport or a transaction would trip over.
//!
//! Not here, because it takes a role to decide: unknown methods (405, 501), schemes (416), extensions (420), bodies
//! (415), Max-Forwards 0 (483).

use super::error::{WireError, WireErrorKind as Kind};
use super::header::{HeaderId, mask};
use super::limits::Limits;
use super::message::{Contacts, Message, NameAddrs};
use super::text::is_lws;
use super::values::check_date;

const MANDATORY: [(HeaderId, Kind); 5] = [
    (HeaderId::Via, Kind::MissingVia),
    (HeaderId::From, Kind::MissingFrom),
    (HeaderId::To, Kind::MissingTo),
    (HeaderId::CallId, Kind::MissingCallId),
    (HeaderId::CSeq, Kind::MissingCSeq),
];

const MANDATORY_SET: u128 = mask(&[
    HeaderId::Via,
    HeaderId::From,
    HeaderId::To,
    HeaderId::CallId,
    HeaderId::CSeq,
]);

/// Headers of requests that are checked only where they are there.
const OPTIONAL: u128 = mask(&[
    HeaderId::Contact,
    HeaderId::Route,
    HeaderId::RecordRoute,
    HeaderId::Date,
]);

impl Message {
    /// Checks mandatory and single headers, and the values that the stack itself relies on (RFC 3261 8.1.1, 16.3,
    /// 18.3, 20). Max-Forwards may be missing, as RFC 2543 clients leave it out.
    pub fn check(&self, limits: &Limits) -> Result<(), WireError> {
        if self.is_request() {
            self.check_request_uri()?;
        }
        if self.seen & MANDATORY_SET != MANDATORY_SET {
            let missing = MANDATORY.iter().find(|(id, _)| !self.has(*id));
            return Err(self.missing(missing.map_or(Kind::MissingHeader, |(_, kind)| *kind)));
        }
        self.check_single()?;
        self.check_vias(limits)?;
        for address in [self.from()?, self.to()?] {
            address
                .check()
                .map_err(|e| e.shifted(self.offset_of(address.uri_raw)))?;
        }
        let call_id = self.call_id()?;
        if call_id.is_empty() || call_id.iter().any(|&b| is_lws(b)) {
            return Err(WireError::new(Kind::CallId, self.offset_of(call_id)));
        }
        let cseq = self.cseq()?;
        if self.method().is_some_and(|m| !cseq.is(m)) {
            return Err(WireError::new(
                Kind::CSeqMethod,
                self.offset_of(cseq.method),
            ));
        }
        self.max_forwards()?;
        // A response that lacks only these is worth more than none: who uses the value finds the error.
        if self.is_request() && self.seen & OPTIONAL != 0 {
            self.check_optional(limits)
        } else {
            Ok(())
        }
    }

    fn check_request_uri(&self) -> Result<(), WireError> {
        match self.uri()?.headers() {
            Some(headers) => Err(WireError::new(Kind::UriHeaders, self.offset_of(headers))),
            None => Ok(()),
        }
    }

    fn check_single(&self) -> Result<(), WireError> {
        if self.twice == 0 {
            return Ok(());
        }
        let mut seen = 0;
        for entry in self.entries() {
            if entry.id.is_single() && seen & entry.id.bit() != 0 {
                return Err(WireError::new(Kind::DuplicateHeader, entry.start as usize));
            }
            seen |= entry.id.bit();
        }
        Ok(())
    }

    fn check_vias(&self, limits: &Limits) -> Result<(), WireError> {
        for (n, via) in self.vias().enumerate() {
            let via = via?;
            let at = self.offset_of(via.protocol.0);
            if n >= limits.vias {
                return Err(WireError::new(Kind::TooManyValues, at));
            }
            if n == 0 && !via.is_sip2() {
                return Err(WireError::new(Kind::Via, at));
            }
            via.params
                .check()
                .map_err(|e| e.shifted(self.offset_of(via.params.as_bytes())))?;
        }
        Ok(())
    }

    fn check_optional(&self, limits: &Limits) -> Result<(), WireError> {
        if let Contacts::List(contacts) = self.contacts() {
            self.check_addresses(contacts, limits.contacts, Kind::Contact)?;
        } else if self.values(HeaderId::Contact).count() > 1 {
            return Err(self.missing(Kind::Contact));
        }
        self.check_addresses(self.routes(), limits.routes, Kind::NameAddr)?;
        self.check_addresses(self.record_routes(), limits.routes, Kind::NameAddr)?;
        match self.get(HeaderId::Date) {
            Some(date) => check_date(date).map_err(|e| e.shifted(self.offset_of(date))),
            None => Ok(()),
        }
    }

    fn check_addresses(
        &self,
        list: NameAddrs<'_>,
        limit: usize,
        kind: Kind,
    ) -> Result<(), WireError> {
        for (n, address) in list.enumerate() {
            let address = address.map_err(|e| WireError { kind, ..e })?;
            let at = self.offset_of(address.uri_raw);
            if n >= limit {
                return Err(WireError::new(Kind::TooManyValues, at));
            }
            // A Route without brackets could not be told from its parameters (RFC 3261 20.34).
            if kind == Kind::NameAddr && !address.bracketed {
                return Err(WireError::new(kind, at));
            }
            address.check().map_err(|e| WireError {
                kind,
                ..e.shifted(at)
            })?;
        }
        Ok(())
    }
}
