//! Questions to name servers, and what they answered, in the words of either side.

use strowger::ra::{Answer, Query, RaCx, Record, RecordKind, ResolveError};

use crate::proto::resolve::{Found, Kind, Pointer, Question, Server};

/// Asks the node.
pub(super) fn ask(cx: &mut RaCx<'_>, token: u64, question: Question) {
    let kind = match question.kind {
        Kind::A => RecordKind::A,
        Kind::Aaaa => RecordKind::Aaaa,
        Kind::Srv => RecordKind::Srv,
        Kind::Naptr => RecordKind::Naptr,
    };
    cx.resolve(token, Query::new(question.name, kind));
}

/// What the node found. That there is no such name is no failure; anything else that goes wrong is counted.
pub(super) fn found(cx: &mut RaCx<'_>, answer: Result<Answer, ResolveError>) -> Found {
    let mut found = Found::default();
    let answer = match answer {
        Ok(answer) => answer,
        Err(ResolveError::NoSuchName | ResolveError::NoData) => return found,
        Err(_) => {
            cx.count("sip.names_unanswered", 1);
            return found;
        }
    };
    for record in answer.records {
        match record {
            Record::A(ip) => found.addresses.push(ip.into()),
            Record::Aaaa(ip) => found.addresses.push(ip.into()),
            Record::Srv(srv) => found.servers.push(Server {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                host: srv.target,
            }),
            Record::Naptr(naptr) => found.pointers.push(Pointer {
                order: naptr.order,
                preference: naptr.preference,
                flags: naptr.flags,
                service: naptr.service,
                replacement: naptr.replacement,
            }),
        }
    }
    found
}
