//! Typed messages: what is written is what is read, and nothing that came is lost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use strowger_diameter::Outgoing;
use strowger_diameter::apps::base::{AccountingRecordType, Acr};
use strowger_diameter::apps::credit::{
    CcRequestType, Cca, Ccr, CreditControlFailureHandling, FinalUnitAction, SubscriptionIdType,
};
use strowger_diameter::proto::dict::{AvpDef, Kind, base, credit};
use strowger_diameter::proto::wire::{Builder, Message, Time};

/// The message as it would be on the wire, without what the adaptor puts in.
fn sent(mut outgoing: Outgoing) -> Message {
    let mut builder = Builder::request(272, 4);
    builder.encoded(outgoing.body().as_bytes());
    Message::parse(builder.finish(1, 2).unwrap()).unwrap()
}

fn ccr() -> Message {
    sent(Ccr::request(|ccr| {
        ccr.service_context_id("32260@3gpp.org")
            .cc_request_type(CcRequestType::InitialRequest)
            .cc_request_number(0)
            .event_timestamp(Time::from_unix(1_800_000_000).unwrap());
        for (kind, data) in [
            (SubscriptionIdType::EndUserE164, "491701234567"),
            (SubscriptionIdType::EndUserSipUri, "sip:alice@a.example"),
        ] {
            ccr.subscription_id(|id| {
                id.subscription_id_type(kind).subscription_id_data(data);
            });
        }
        ccr.multiple_services_credit_control(|services| {
            services
                .rating_group(7)
                .service_identifier(1)
                .service_identifier(2)
                .requested_service_unit(|units| {
                    units.cc_time(60);
                })
                .used_service_unit(|units| {
                    units.cc_time(30).cc_money(|money| {
                        money.currency_code(978).unit_value(|value| {
                            value.value_digits(-125).exponent(-2);
                        });
                    });
                });
        });
    }))
}

#[test]
fn what_is_written_is_read() {
    let message = ccr();
    let ccr = Ccr::of(&message);
    assert_eq!(ccr.service_context_id(), Some("32260@3gpp.org"));
    assert_eq!(ccr.cc_request_type(), Some(CcRequestType::InitialRequest));
    assert_eq!(ccr.cc_request_number(), Some(0));
    assert_eq!(ccr.event_timestamp().map(Time::unix), Some(1_800_000_000));
    assert_eq!(ccr.user_name(), None);
    let ids: Vec<_> = ccr
        .subscription_id()
        .filter_map(|id| Some((id.subscription_id_type()?, id.subscription_id_data()?)))
        .collect();
    assert_eq!(ids[0], (SubscriptionIdType::EndUserE164, "491701234567"));
    assert_eq!(
        ids[1],
        (SubscriptionIdType::EndUserSipUri, "sip:alice@a.example")
    );
    let services = ccr.multiple_services_credit_control().next().unwrap();
    assert_eq!(services.rating_group(), Some(7));
    assert_eq!(services.service_identifier().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(
        services.requested_service_unit().unwrap().cc_time(),
        Some(60)
    );
    assert!(services.granted_service_unit().is_none());
    let used = services.used_service_unit().next().unwrap();
    let value = used.cc_money().unwrap().unit_value().unwrap();
    assert_eq!(
        (value.value_digits(), value.exponent()),
        (Some(-125), Some(-2))
    );
}

#[test]
fn what_the_command_does_not_name_is_extra_and_stays_raw() {
    static OWN: AvpDef = AvpDef::new(4711, 32473, "Own", Kind::Utf8String);
    let message = sent(Ccr::request(|ccr| {
        ccr.cc_request_number(3)
            .avp(&OWN, "own")
            .group(&base::PROXY_INFO, |info| {
                info.avp(&OWN, "in a group");
            });
    }));
    let ccr = Ccr::of(&message);
    let extra: Vec<_> = ccr.extra().collect();
    assert_eq!(extra.len(), 1);
    assert_eq!((extra[0].code, extra[0].utf8()), (4711, Ok("own")));
    assert_eq!(ccr.avps().count(), 3);
    assert_eq!(ccr.message(), &message);
}

#[test]
fn an_answer_has_its_result_and_what_is_written() {
    let message = sent(Cca::answer(2001, |cca| {
        cca.cc_request_type(CcRequestType::UpdateRequest)
            .credit_control_failure_handling(CreditControlFailureHandling::RetryAndTerminate)
            .multiple_services_credit_control(|services| {
                services.result_code(2001).final_unit_indication(|last| {
                    last.final_unit_action(FinalUnitAction::Terminate);
                });
            });
    }));
    let cca = Cca::of(&message);
    assert_eq!(cca.message().result_code(), Some(2001));
    assert_eq!(
        cca.credit_control_failure_handling(),
        Some(CreditControlFailureHandling::RetryAndTerminate)
    );
    let services = cca.multiple_services_credit_control().next().unwrap();
    let last = services.final_unit_indication().unwrap();
    assert_eq!(last.final_unit_action(), Some(FinalUnitAction::Terminate));
}

#[test]
fn a_value_without_a_name_is_kept_and_one_of_another_format_is_absent() {
    let message = sent(Ccr::request(|ccr| {
        ccr.cc_request_type(CcRequestType::Other(9));
    }));
    assert_eq!(
        Ccr::of(&message).cc_request_type(),
        Some(CcRequestType::Other(9))
    );
    let mut builder = Builder::request(272, 4);
    builder.put(credit::CC_REQUEST_NUMBER.code, 0, 0x40, &[1, 2]);
    let message = Message::parse(builder.finish(1, 2).unwrap()).unwrap();
    assert_eq!(Ccr::of(&message).cc_request_number(), None);
}

#[test]
fn accounting_has_its_records() {
    let message = sent(Acr::request(|acr| {
        acr.accounting_record_type(AccountingRecordType::StartRecord)
            .accounting_record_number(0);
    }));
    let acr = Acr::of(&message);
    assert_eq!(
        acr.accounting_record_type(),
        Some(AccountingRecordType::StartRecord)
    );
    assert_eq!(acr.accounting_record_number(), Some(0));
}
