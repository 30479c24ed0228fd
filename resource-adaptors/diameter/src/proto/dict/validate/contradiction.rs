//! AVPs that contradict each other or the header: 5007, with both in Failed-AVP (RFC 6733 7.1.5).

use bytes::Bytes;

use super::super::{CommandDef, base, credit};
use crate::proto::wire::{Avp, AvpBuf, Fault, Message};

/// Values of CC-Request-Type (RFC 8506 8.3).
const TERMINATION_REQUEST: i32 = 3;
const EVENT_REQUEST: i32 = 4;

/// Fails with the first contradiction of a message whose AVPs are right one by one.
pub(super) fn find(message: &Message, command: &CommandDef) -> Result<(), Fault> {
    application(message)?;
    if message.is_request() && command.code == credit::CREDIT_CONTROL_COMMAND.code {
        credit_control(message)?;
    }
    Ok(())
}

/// The Application-Id of the header is that of every relevant AVP (RFC 6733 3), and a Vendor-Specific-Application-Id
/// names one application (RFC 6733 6.11).
fn application(message: &Message) -> Result<(), Fault> {
    let of_header = message.header().application;
    if of_header == base::COMMON_MESSAGES {
        return Ok(());
    }
    let other = |avp: &Avp<'_>| avp.u32().is_ok_and(|id| id != of_header);
    let named = [
        message.find(&base::AUTH_APPLICATION_ID),
        message.find(&base::ACCT_APPLICATION_ID),
    ];
    if let Some(avp) = named.into_iter().flatten().find(other) {
        return Err(Fault::with_avp(
            5007,
            "Application-Id that is not the header's",
            &avp,
        ));
    }
    let Some(specific) = message.find(&base::VENDOR_SPECIFIC_APPLICATION_ID) else {
        return Ok(());
    };
    let auth = specific.group().get(&base::AUTH_APPLICATION_ID);
    let acct = specific.group().get(&base::ACCT_APPLICATION_ID);
    if auth.is_some() && acct.is_some() || auth.or(acct).is_some_and(|avp| other(&avp)) {
        let text = "Vendor-Specific-Application-Id that is not one application, the header's";
        return Err(Fault::with_avp(5007, text, &specific));
    }
    Ok(())
}

/// What CC-Request-Type allows (RFC 8506 8.3, 8.41 and 3.1).
fn credit_control(message: &Message) -> Result<(), Fault> {
    let Some(request_type) = message.find(&credit::CC_REQUEST_TYPE) else {
        return Ok(());
    };
    let Ok(value) = request_type.i32() else {
        return Ok(());
    };
    let action = message.find(&credit::REQUESTED_ACTION);
    // Gx has no events and no Requested-Action.
    if message.header().application == credit::CREDIT_CONTROL_APPLICATION {
        if value == EVENT_REQUEST && action.is_none() {
            return Err(both(
                "event without a Requested-Action",
                &[Some(request_type)],
            ));
        }
        if value != EVENT_REQUEST && action.is_some() {
            return Err(both(
                "Requested-Action in a session",
                &[Some(request_type), action],
            ));
        }
    }
    let cause = message.find(&base::TERMINATION_CAUSE);
    if value != TERMINATION_REQUEST && cause.is_some() {
        return Err(both(
            "Termination-Cause in a request that ends nothing",
            &[Some(request_type), cause],
        ));
    }
    Ok(())
}

#[cold]
fn both(text: &'static str, avps: &[Option<Avp<'_>>]) -> Fault {
    let mut failed = AvpBuf::new();
    for avp in avps.iter().flatten() {
        failed.raw(*avp);
    }
    Fault {
        failed_avp: Some(Bytes::copy_from_slice(failed.as_bytes())),
        ..Fault::new(5007, text)
    }
}
