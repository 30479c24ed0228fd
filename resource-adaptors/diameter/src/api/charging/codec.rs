//! Credit control's values in AVPs (RFC 8506 8), and the few of 3GPP that go with them (TS 32.299 7.2).

use strowger::State;
use strowger::prelude::Duration;

use crate::proto::credit::{
    Answer, DirectDebitingFailureHandling, FailureHandling, FinalUnit, GroupAnswer, GroupKey,
    Money, Reason, RequestType, RequestedAction, Units, Usage, result,
};
use crate::proto::dict::charging::{
    REMAINING_BALANCE, REPORTING_REASON, TIME_QUOTA_THRESHOLD, UNIT_QUOTA_THRESHOLD,
    VOLUME_QUOTA_THRESHOLD,
};
use crate::proto::dict::{AvpDef, base, credit};
use crate::proto::wire::{Avp, AvpBuf, Avps, Message};

/// Whose account is charged (RFC 8506 8.46).
#[derive(Clone, PartialEq, Eq, Debug, State)]
pub struct SubscriptionId {
    /// Subscription-Id-Type.
    pub kind: SubscriptionKind,
    /// Subscription-Id-Data.
    pub data: String,
}

/// Subscription-Id-Type (RFC 8506 8.47).
#[derive(Clone, Copy, PartialEq, Eq, Debug, State)]
pub enum SubscriptionKind {
    /// END_USER_E164 (0).
    E164,
    /// END_USER_IMSI (1).
    Imsi,
    /// END_USER_SIP_URI (2).
    SipUri,
    /// END_USER_NAI (3).
    Nai,
    /// END_USER_PRIVATE (4).
    Private,
}

impl SubscriptionId {
    /// A SIP URI.
    #[must_use]
    pub fn sip_uri(uri: impl Into<String>) -> Self {
        Self {
            kind: SubscriptionKind::SipUri,
            data: uri.into(),
        }
    }

    /// A telephone number.
    #[must_use]
    pub fn e164(number: impl Into<String>) -> Self {
        Self {
            kind: SubscriptionKind::E164,
            data: number.into(),
        }
    }

    pub(super) fn write(&self, out: &mut AvpBuf) {
        let kind: u32 = match self.kind {
            SubscriptionKind::E164 => 0,
            SubscriptionKind::Imsi => 1,
            SubscriptionKind::SipUri => 2,
            SubscriptionKind::Nai => 3,
            SubscriptionKind::Private => 4,
        };
        out.group(&credit::SUBSCRIPTION_ID, |id| {
            id.avp(&credit::SUBSCRIPTION_ID_TYPE, kind);
            id.avp(&credit::SUBSCRIPTION_ID_DATA, self.data.as_str());
        });
    }

    pub(super) fn read(avp: &Avp<'_>) -> Option<Self> {
        let members = avp.group();
        let kind = match number(members, &credit::SUBSCRIPTION_ID_TYPE)? {
            0 => SubscriptionKind::E164,
            1 => SubscriptionKind::Imsi,
            2 => SubscriptionKind::SipUri,
            3 => SubscriptionKind::Nai,
            4 => SubscriptionKind::Private,
            _ => return None,
        };
        let data = members.get(&credit::SUBSCRIPTION_ID_DATA)?.utf8().ok()?;
        Some(Self {
            kind,
            data: data.to_owned(),
        })
    }
}

pub(super) fn number(avps: Avps<'_>, def: &AvpDef) -> Option<u32> {
    avps.get(def)?.u32().ok()
}

fn long(avps: Avps<'_>, def: &AvpDef) -> Option<u64> {
    avps.get(def)?.u64().ok()
}

pub(super) const fn request_type(kind: RequestType) -> u32 {
    match kind {
        RequestType::Initial => 1,
        RequestType::Update => 2,
        RequestType::Termination => 3,
        RequestType::Event => 4,
    }
}

pub(super) const fn read_request_type(value: u32) -> Option<RequestType> {
    Some(match value {
        1 => RequestType::Initial,
        2 => RequestType::Update,
        3 => RequestType::Termination,
        4 => RequestType::Event,
        _ => return None,
    })
}

pub(super) const fn requested_action(action: RequestedAction) -> u32 {
    match action {
        RequestedAction::DirectDebiting => 0,
        RequestedAction::RefundAccount => 1,
        RequestedAction::CheckBalance => 2,
        RequestedAction::PriceEnquiry => 3,
    }
}

pub(super) const fn read_requested_action(value: u32) -> Option<RequestedAction> {
    Some(match value {
        0 => RequestedAction::DirectDebiting,
        1 => RequestedAction::RefundAccount,
        2 => RequestedAction::CheckBalance,
        3 => RequestedAction::PriceEnquiry,
        _ => return None,
    })
}

pub(super) const fn failure_handling(handling: FailureHandling) -> u32 {
    match handling {
        FailureHandling::Terminate => 0,
        FailureHandling::Continue => 1,
        FailureHandling::RetryAndTerminate => 2,
    }
}

const fn reason(reason: Reason) -> u32 {
    match reason {
        Reason::Threshold => 0,
        Reason::Final => 2,
        Reason::QuotaExhausted => 3,
        Reason::ValidityTime => 4,
        Reason::RatingConditionChange => 6,
        Reason::ForcedReauthorisation => 7,
    }
}

fn read_reason(value: u32) -> Option<Reason> {
    Some(match value {
        0 => Reason::Threshold,
        2 => Reason::Final,
        3 => Reason::QuotaExhausted,
        4 => Reason::ValidityTime,
        6 => Reason::RatingConditionChange,
        7 => Reason::ForcedReauthorisation,
        _ => return None,
    })
}

pub(super) fn write_money(out: &mut AvpBuf, def: &AvpDef, money: Money) {
    out.group(def, |group| {
        write_value(group, money);
        group.opt(&credit::CURRENCY_CODE, money.currency);
    });
}

fn write_value(out: &mut AvpBuf, money: Money) {
    out.group(&credit::UNIT_VALUE, |value| {
        value.avp(&credit::VALUE_DIGITS, money.digits);
        value.opt(
            &credit::EXPONENT,
            (money.exponent != 0).then_some(money.exponent),
        );
    });
}

fn read_money(avp: &Avp<'_>) -> Option<Money> {
    let members = avp.group();
    let value = members.get(&credit::UNIT_VALUE)?.group();
    let exponent = value.get(&credit::EXPONENT);
    Some(Money {
        digits: value.get(&credit::VALUE_DIGITS)?.i64().ok()?,
        exponent: exponent.and_then(|avp| avp.i32().ok()).unwrap_or_default(),
        currency: number(members, &credit::CURRENCY_CODE),
    })
}

fn write_units(out: &mut AvpBuf, def: &AvpDef, units: &Units, why: Option<Reason>) {
    out.group(def, |group| {
        group.opt(&credit::CC_TIME, units.time);
        if let Some(money) = units.money {
            write_money(group, &credit::CC_MONEY, money);
        }
        group.opt(&credit::CC_TOTAL_OCTETS, units.total);
        group.opt(&credit::CC_INPUT_OCTETS, units.input);
        group.opt(&credit::CC_OUTPUT_OCTETS, units.output);
        group.opt(&credit::CC_SERVICE_SPECIFIC_UNITS, units.specific);
        group.opt(&REPORTING_REASON, why.map(reason));
    });
}

fn read_units(avps: Avps<'_>) -> Units {
    Units {
        time: number(avps, &credit::CC_TIME),
        total: long(avps, &credit::CC_TOTAL_OCTETS),
        input: long(avps, &credit::CC_INPUT_OCTETS),
        output: long(avps, &credit::CC_OUTPUT_OCTETS),
        specific: long(avps, &credit::CC_SERVICE_SPECIFIC_UNITS),
        money: avps.get(&credit::CC_MONEY).and_then(|avp| read_money(&avp)),
    }
}

fn write_key(out: &mut AvpBuf, key: GroupKey) {
    out.opt(&credit::SERVICE_IDENTIFIER, key.service);
    out.opt(&credit::RATING_GROUP, key.rating_group);
}

pub(super) fn read_key(avps: Avps<'_>) -> GroupKey {
    GroupKey {
        rating_group: number(avps, &credit::RATING_GROUP),
        service: number(avps, &credit::SERVICE_IDENTIFIER),
    }
}

/// What a request says of groups: in groups of their own, or in the command itself for the session as a whole.
pub(super) fn write_usage(out: &mut AvpBuf, usage: &[Usage]) {
    for one in usage {
        if one.group == GroupKey::SESSION {
            write_requested(out, one);
            continue;
        }
        out.group(&credit::MULTIPLE_SERVICES_CREDIT_CONTROL, |group| {
            write_requested(group, one);
            write_key(group, one.group);
        });
    }
}

fn write_requested(out: &mut AvpBuf, usage: &Usage) {
    if let Some(units) = &usage.requested {
        write_units(out, &credit::REQUESTED_SERVICE_UNIT, units, None);
    }
    if let Some(units) = &usage.used {
        // The reason stands with the units that it is about; the session as a whole has no place for it.
        let why = usage.reason.filter(|_| usage.group != GroupKey::SESSION);
        write_units(out, &credit::USED_SERVICE_UNIT, units, why);
    }
}

pub(super) fn read_usage(message: &Message) -> Vec<Usage> {
    let mut all = Vec::new();
    let session = usage_in(message.avps(), GroupKey::SESSION);
    if session.requested.is_some() || session.used.is_some() {
        all.push(session);
    }
    for group in message.all(&credit::MULTIPLE_SERVICES_CREDIT_CONTROL) {
        all.push(usage_in(group.group(), read_key(group.group())));
    }
    all
}

fn usage_in(avps: Avps<'_>, group: GroupKey) -> Usage {
    let requested = avps.get(&credit::REQUESTED_SERVICE_UNIT);
    let mut usage = Usage {
        group,
        used: None,
        requested: requested.map(|avp| read_units(avp.group())),
        reason: None,
    };
    for used in avps.each(&credit::USED_SERVICE_UNIT) {
        let units = read_units(used.group());
        usage.used = Some(usage.used.map_or(units, |before| before.plus(units)));
        let why = number(used.group(), &REPORTING_REASON).and_then(read_reason);
        usage.reason = usage.reason.or(why);
    }
    usage
}

/// What an answer says of groups.
pub(super) fn write_group(out: &mut AvpBuf, answer: &GroupAnswer) {
    if answer.group == GroupKey::SESSION {
        return write_granted(out, answer);
    }
    out.group(&credit::MULTIPLE_SERVICES_CREDIT_CONTROL, |group| {
        write_granted(group, answer);
        write_key(group, answer.group);
        group.avp(&base::RESULT_CODE, answer.result);
        if let Some((pool, worth)) = answer.pool {
            group.group(&credit::G_S_U_POOL_REFERENCE, |reference| {
                reference.avp(&credit::G_S_U_POOL_IDENTIFIER, pool);
                let time = answer.granted.is_some_and(|units| units.time.is_some());
                reference.avp(&credit::CC_UNIT_TYPE, if time { 0_u32 } else { 2 });
                write_value(reference, worth);
            });
        }
        let threshold = answer.threshold.and_then(|t| u32::try_from(t).ok());
        let units = answer.granted.unwrap_or_default();
        let def = if units.time.is_some() {
            &TIME_QUOTA_THRESHOLD
        } else if units.specific.is_some() {
            &UNIT_QUOTA_THRESHOLD
        } else {
            &VOLUME_QUOTA_THRESHOLD
        };
        group.opt(def, threshold);
    });
}

fn write_granted(out: &mut AvpBuf, answer: &GroupAnswer) {
    if let Some(units) = &answer.granted {
        write_units(out, &credit::GRANTED_SERVICE_UNIT, units, None);
    }
    if let Some(validity) = answer.validity {
        let seconds = u32::try_from(validity.as_secs()).unwrap_or(u32::MAX);
        out.avp(&credit::VALIDITY_TIME, seconds);
    }
    let Some(unit) = &answer.final_unit else {
        return;
    };
    out.group(&credit::FINAL_UNIT_INDICATION, |group| match unit {
        FinalUnit::Terminate => {
            group.avp(&credit::FINAL_UNIT_ACTION, 0_u32);
        }
        FinalUnit::Redirect(address) => {
            group.avp(&credit::FINAL_UNIT_ACTION, 1_u32);
            if let Some(address) = address {
                let kind: u32 = if address.starts_with("sip") { 3 } else { 2 };
                group.group(&credit::REDIRECT_SERVER, |server| {
                    server.avp(&credit::REDIRECT_ADDRESS_TYPE, kind);
                    server.avp(&credit::REDIRECT_SERVER_ADDRESS, address.as_str());
                });
            }
        }
        FinalUnit::Restrict(filters) => {
            group.avp(&credit::FINAL_UNIT_ACTION, 2_u32);
            for filter in filters {
                group.avp(&crate::proto::dict::nas::FILTER_ID, filter.as_str());
            }
        }
    });
}

fn read_final_unit(avps: Avps<'_>) -> Option<FinalUnit> {
    let members = avps.get(&credit::FINAL_UNIT_INDICATION)?.group();
    Some(match number(members, &credit::FINAL_UNIT_ACTION)? {
        1 => {
            let server = members.get(&credit::REDIRECT_SERVER);
            let address = server.and_then(|avp| {
                let address = avp.group().get(&credit::REDIRECT_SERVER_ADDRESS)?;
                address.utf8().ok().map(str::to_owned)
            });
            FinalUnit::Redirect(address)
        }
        2 => {
            let filters = members.each(&crate::proto::dict::nas::FILTER_ID);
            FinalUnit::Restrict(
                filters
                    .filter_map(|avp| avp.utf8().ok().map(str::to_owned))
                    .take(16)
                    .collect(),
            )
        }
        _ => FinalUnit::Terminate,
    })
}

fn group_in(avps: Avps<'_>, group: GroupKey) -> GroupAnswer {
    let granted = avps.get(&credit::GRANTED_SERVICE_UNIT);
    let threshold = [
        &TIME_QUOTA_THRESHOLD,
        &VOLUME_QUOTA_THRESHOLD,
        &UNIT_QUOTA_THRESHOLD,
    ];
    let pool = avps.get(&credit::G_S_U_POOL_REFERENCE);
    GroupAnswer {
        group,
        result: number(avps, &base::RESULT_CODE).unwrap_or(result::SUCCESS),
        granted: granted.map(|avp| read_units(avp.group())),
        validity: number(avps, &credit::VALIDITY_TIME)
            .map(|seconds| Duration::from_secs(seconds.into())),
        threshold: threshold
            .into_iter()
            .find_map(|def| number(avps, def))
            .map(u64::from),
        pool: pool.and_then(|avp| {
            let id = number(avp.group(), &credit::G_S_U_POOL_IDENTIFIER)?;
            Some((id, read_money(&avp)?))
        }),
        final_unit: read_final_unit(avps),
    }
}

/// An answer as the machine takes it.
pub(super) fn read_answer(message: &Message) -> Answer {
    let avps = message.avps();
    let groups = message.all(&credit::MULTIPLE_SERVICES_CREDIT_CONTROL);
    let mut all: Vec<GroupAnswer> = groups
        .map(|group| group_in(group.group(), read_key(group.group())))
        .collect();
    let whole = group_in(avps, GroupKey::SESSION);
    if whole.granted.is_some() || whole.final_unit.is_some() {
        all.push(whole);
    }
    let failover = number(avps, &credit::CC_SESSION_FAILOVER);
    Answer {
        result: message.result_code().unwrap_or(result::UNABLE_TO_COMPLY),
        number: number(avps, &credit::CC_REQUEST_NUMBER),
        failure_handling: number(avps, &credit::CREDIT_CONTROL_FAILURE_HANDLING).and_then(
            |value| match value {
                0 => Some(FailureHandling::Terminate),
                1 => Some(FailureHandling::Continue),
                2 => Some(FailureHandling::RetryAndTerminate),
                _ => None,
            },
        ),
        direct_debiting: number(avps, &credit::DIRECT_DEBITING_FAILURE_HANDLING).and_then(
            |value| match value {
                0 => Some(DirectDebitingFailureHandling::TerminateOrBuffer),
                1 => Some(DirectDebitingFailureHandling::Continue),
                _ => None,
            },
        ),
        failover: failover.map(|value| value == 1),
        groups: all,
        to_copy: false,
    }
}

/// Cost-Information, of an answer to a price enquiry or of a session.
pub(super) fn read_cost(message: &Message) -> Option<Money> {
    read_money(&message.find(&credit::COST_INFORMATION)?)
}

/// What is left in the account, where the server tells.
pub(super) fn read_balance(message: &Message) -> Option<Money> {
    read_money(&message.find(&REMAINING_BALANCE)?)
}

pub(super) fn write_balance(out: &mut AvpBuf, balance: Money) {
    write_money(out, &REMAINING_BALANCE, balance);
}
