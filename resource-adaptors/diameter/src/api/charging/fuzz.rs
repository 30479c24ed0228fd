//! Body of the fuzz target `diameter_charging`: any message in, a panic if what is read of credit control breaks a promise. The
//! messages themselves and the values of their AVPs are `proto::fuzz`'s.
//!
//! It lives here so that the ordinary tests replay the corpus with the very same code. Not part of the interface.

use bytes::Bytes;

use super::codec::{read_answer, read_balance, read_cost, read_usage, write_group, write_usage};
use super::{CreditReply, CreditRequest, GroupAnswer, GroupKey, Money, Usage, result};
use crate::api::{CreditControlRequest, Incoming, Outgoing, RequestId};
use crate::proto::dict::credit;
use crate::proto::wire::{Builder, Message};

/// Subscription-Ids and groups that are read from a request.
const MANY: usize = 64;

/// A message as a charging server reads it, and as a client does: it is bounded, each group is there once, a refusal has a result
/// code for it, and what was read says the same when it is written and read again.
pub fn diameter_charging(data: &[u8]) {
    let Ok(message) = Message::parse(Bytes::copy_from_slice(data)) else {
        return;
    };
    let incoming = Incoming::new(message.clone(), "peer.example".into(), RequestId(1));
    let request = CreditControlRequest(incoming);
    match CreditRequest::read(&request) {
        Ok(read) => {
            assert!(read.subscriber.len() <= MANY && read.usage.len() <= MANY);
            for (n, one) in read.usage.iter().enumerate() {
                let again = read.usage[..n].iter().any(|other| other.group == one.group);
                assert!(!again, "{:?} is read twice", one.group);
            }
            usage(&read.usage);
        }
        Err(code) => {
            let codes = [
                result::MISSING_AVP,
                result::INVALID_AVP_VALUE,
                result::UNABLE_TO_COMPLY,
            ];
            assert!(codes.contains(&code), "{code}");
        }
    }
    let answer = read_answer(&message);
    groups(&answer.groups);
    let (cost, balance) = (read_cost(&message), read_balance(&message));
    let reply = CreditReply {
        failure_handling: answer.failure_handling,
        direct_debiting: answer.direct_debiting,
        failover: answer.failover,
        cost,
        balance,
        ..CreditReply::new(answer.result)
    };
    let Some(written) = written(&mut reply.to(&request)) else {
        return;
    };
    let again = read_answer(&written);
    assert_eq!(again.result, answer.result);
    assert_eq!(
        (
            again.failure_handling,
            again.direct_debiting,
            again.failover
        ),
        (
            answer.failure_handling,
            answer.direct_debiting,
            answer.failover
        )
    );
    assert_eq!(
        (read_cost(&written), read_balance(&written)),
        (cost, balance)
    );
}

fn usage(read: &[Usage]) {
    let said = |one: &&Usage| {
        one.group != GroupKey::SESSION || one.requested.is_some() || one.used.is_some()
    };
    // The session as a whole has no place for a reason.
    let reason = |one: &Usage| Usage {
        reason: one.reason.filter(|_| one.group != GroupKey::SESSION),
        ..one.clone()
    };
    let mut meant: Vec<Usage> = read.iter().filter(said).map(reason).collect();
    // And is read first.
    meant.sort_by_key(|one| one.group != GroupKey::SESSION);
    let mut outgoing = Outgoing::request(&credit::CREDIT_CONTROL_COMMAND);
    write_usage(outgoing.body(), &meant);
    if let Some(written) = written(&mut outgoing) {
        assert_eq!(read_usage(&written), meant);
    }
}

fn groups(read: &[GroupAnswer]) {
    let of_one = |one: &&GroupAnswer| one.group != GroupKey::SESSION;
    // What a pool's unit is worth has no currency.
    let worth = |one: &GroupAnswer| GroupAnswer {
        pool: one.pool.map(|(id, worth)| {
            let currency = None;
            (id, Money { currency, ..worth })
        }),
        ..one.clone()
    };
    let meant: Vec<GroupAnswer> = read.iter().filter(of_one).map(worth).collect();
    let mut outgoing = Outgoing::answer(result::SUCCESS);
    for group in &meant {
        write_group(outgoing.body(), group);
    }
    if let Some(written) = written(&mut outgoing) {
        assert_eq!(read_answer(&written).groups, meant);
    }
}

/// What was asked to be written, as a message; `None` of what is more than one may hold.
fn written(outgoing: &mut Outgoing) -> Option<Message> {
    let command = &credit::CREDIT_CONTROL_COMMAND;
    let mut builder = Builder::request(command.code, command.application);
    builder.encoded(outgoing.body().as_bytes());
    Message::parse(builder.finish(1, 2).ok()?).ok()
}
