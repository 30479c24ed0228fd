//! What is written is read again as it was meant, on both sides.

use strowger::prelude::Duration;

use super::codec::{read_answer, read_balance, read_cost, read_usage, write_usage};
use super::*;
use crate::api::{CreditControlRequest, Incoming, Outgoing, RequestId};
use crate::proto::credit::Answer;
use crate::proto::dict::credit;
use crate::proto::wire::{Builder, Message};

const CALL: GroupKey = GroupKey::SESSION;

fn usage() -> Vec<Usage> {
    let money = Money {
        digits: 1234,
        exponent: -2,
        currency: Some(978),
    };
    let both = Units {
        input: Some(5),
        output: Some(u64::MAX),
        ..Units::money(money)
    };
    let group = GroupKey {
        rating_group: Some(7),
        service: Some(8),
    };
    vec![
        Usage {
            reason: None,
            ..Usage::report(CALL, Units::time(50), Reason::Threshold).and_ask(Units::NONE)
        },
        Usage::ask(GroupKey::rating_group(1), Units::time(60)),
        Usage::report(group, both, Reason::QuotaExhausted).and_ask(Units::specific(3)),
    ]
}

fn message(outgoing: &mut Outgoing) -> Message {
    let command = &credit::CREDIT_CONTROL_COMMAND;
    let mut builder = Builder::request(command.code, command.application);
    builder.encoded(outgoing.body().as_bytes());
    let bytes = builder.finish(1, 2).expect("it fits");
    Message::parse(bytes).expect("well formed")
}

fn request() -> CreditControlRequest {
    let account = Account::of(
        SubscriptionId::sip_uri("sip:alice@a.example"),
        "32260@3gpp.org",
    );
    let mut outgoing = account
        .request(RequestType::Update, 3)
        .avp(&crate::proto::dict::base::SESSION_ID, "a;b;c");
    write_usage(outgoing.body(), &usage());
    let incoming = Incoming::new(message(&mut outgoing), "peer.example".into(), RequestId(1));
    CreditControlRequest(incoming)
}

#[test]
fn a_request_says_what_was_meant() {
    let read = CreditRequest::read(&request()).expect("complete");
    assert_eq!((read.kind, read.number), (RequestType::Update, 3));
    assert_eq!(
        (read.action, read.context.as_str()),
        (None, "32260@3gpp.org")
    );
    assert_eq!(
        read.subscriber,
        [SubscriptionId::sip_uri("sip:alice@a.example")]
    );
    assert_eq!(read.usage, usage());
}

#[test]
fn units_that_are_reported_in_parts_add_up() {
    let mut outgoing = Outgoing::request(&credit::CREDIT_CONTROL_COMMAND);
    for seconds in [3, 4] {
        let used = Usage {
            reason: None,
            ..Usage::report(CALL, Units::time(seconds), Reason::Final)
        };
        write_usage(outgoing.body(), &[used]);
    }
    let read = read_usage(&message(&mut outgoing));
    assert_eq!(read[0].used, Some(Units::time(7)));
}

/// Otherwise it would be debited twice.
#[test]
fn what_is_said_of_a_group_again_does_not_count() {
    let of = |group, seconds| Usage::report(group, Units::time(seconds), Reason::Final);
    let (one, other) = (GroupKey::rating_group(1), GroupKey::rating_group(2));
    let account = Account::of(SubscriptionId::e164("41791234567"), "32260@3gpp.org");
    let mut outgoing = account.request(RequestType::Update, 3);
    write_usage(outgoing.body(), &[of(one, 1), of(other, 2), of(one, 3)]);
    let incoming = Incoming::new(message(&mut outgoing), "p".into(), RequestId(1));
    let read = CreditRequest::read(&CreditControlRequest(incoming)).expect("complete");
    assert_eq!(read.usage, [of(one, 1), of(other, 2)]);
}

fn reply() -> CreditReply {
    let pool = (9, Money::new(5, -1));
    CreditReply {
        groups: vec![
            GroupAnswer {
                validity: Some(Duration::from_secs(300)),
                final_unit: Some(FinalUnit::Terminate),
                ..GroupAnswer::granted(CALL, Units::time(60))
            },
            GroupAnswer {
                threshold: Some(10),
                pool: Some(pool),
                ..GroupAnswer::granted(GroupKey::rating_group(1), Units::time(60))
            },
            GroupAnswer {
                threshold: Some(1_000),
                final_unit: Some(FinalUnit::Redirect(Some("http://fill.example".into()))),
                ..GroupAnswer::granted(GroupKey::rating_group(2), Units::octets(9_000))
            },
            GroupAnswer {
                threshold: Some(1),
                final_unit: Some(FinalUnit::Restrict(vec!["portal".into()])),
                ..GroupAnswer::granted(GroupKey::rating_group(3), Units::specific(4))
            },
            GroupAnswer::refused(GroupKey::rating_group(4), 4012),
        ],
        failure_handling: Some(FailureHandling::RetryAndTerminate),
        direct_debiting: Some(DirectDebitingFailureHandling::Continue),
        failover: Some(true),
        cost: Some(Money {
            currency: Some(978),
            ..Money::new(77, -2)
        }),
        balance: Some(Money {
            currency: Some(978),
            ..Money::new(-5, -2)
        }),
        enough: Some(false),
        ..CreditReply::new(2001)
    }
}

#[test]
fn an_answer_says_what_was_meant() {
    let reply = reply();
    let read = message(&mut reply.to(&request()));
    let answer = read_answer(&read);
    let mut groups = answer.groups.clone();
    // The session as a whole is read last.
    groups.rotate_right(1);
    assert_eq!(groups, reply.groups);
    let rest = Answer {
        groups: Vec::new(),
        ..answer
    };
    let meant = Answer {
        failure_handling: reply.failure_handling,
        direct_debiting: reply.direct_debiting,
        failover: reply.failover,
        ..Answer::of(2001, Some(3))
    };
    assert_eq!(rest, meant);
    assert_eq!(
        (read_cost(&read), read_balance(&read)),
        (reply.cost, reply.balance)
    );
}

#[test]
fn a_request_without_what_it_must_have_is_refused() {
    let read = |outgoing: Outgoing| {
        let mut outgoing = outgoing;
        let incoming = Incoming::new(message(&mut outgoing), "p".into(), RequestId(1));
        CreditRequest::read(&CreditControlRequest(incoming)).map(|read| read.kind)
    };
    let empty = || Outgoing::request(&credit::CREDIT_CONTROL_COMMAND);
    let event = |kind: u32| {
        empty()
            .avp(&credit::SERVICE_CONTEXT_ID, "x")
            .avp(&credit::CC_REQUEST_NUMBER, 0_u32)
            .avp(&credit::CC_REQUEST_TYPE, kind)
    };
    assert_eq!(read(empty()), Err(5005));
    assert_eq!(read(event(9)), Err(5004));
    assert_eq!(read(event(4)), Err(5005), "Requested-Action");
    assert_eq!(
        read(event(4).avp(&credit::REQUESTED_ACTION, 9_u32)),
        Err(5004)
    );
    assert_eq!(read(event(1)), Ok(RequestType::Initial));
}
