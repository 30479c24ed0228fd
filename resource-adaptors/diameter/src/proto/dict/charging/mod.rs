//! Charging of 3GPP, Ro and Rf: TS 32.299 7.2 (AVPs, Release 13) and 6.2, 6.4 (commands).
//!
//! The tables are by subject: `ims`, `ps`, `messaging` and `other`, all named from here. A request on Ro is a
//! [`credit`](super::credit) request with a Service-Information; one on Rf is an accounting request with it.

mod ims;
mod messaging;
mod other;
mod ps;

pub use ims::*;
pub use messaging::*;
pub use other::*;
pub use ps::*;

use super::credit::*;
use super::rx::{AF_CHARGING_IDENTIFIER, FLOWS};
use super::{AvpDef, VENDOR_3GPP};

/// Every table of this module.
pub(super) const TABLES: [&[&AvpDef]; 5] = [ALL, ims::ALL, ps::ALL, messaging::ALL, other::ALL];

avps! { VENDOR_3GPP;
    SERVICE_INFORMATION(873 "Service-Information" Grouped Must [AOC_INFORMATION PS_INFORMATION IMS_INFORMATION MMS_INFORMATION
        LCS_INFORMATION POC_INFORMATION MBMS_INFORMATION SMS_INFORMATION MMTEL_INFORMATION SERVICE_GENERIC_INFORMATION
        IM_INFORMATION DCD_INFORMATION VCS_INFORMATION] *[SUBSCRIPTION_ID] ..)
    TIME_QUOTA_THRESHOLD(868 "Time-Quota-Threshold" Unsigned32 Must)
    VOLUME_QUOTA_THRESHOLD(869 "Volume-Quota-Threshold" Unsigned32 Must)
    TRIGGER_TYPE(870 "Trigger-Type" Enumerated Must)
    QUOTA_HOLDING_TIME(871 "Quota-Holding-Time" Unsigned32 Must)
    REPORTING_REASON(872 "Reporting-Reason" Enumerated Must enum {
        0 "THRESHOLD", 1 "QHT", 2 "FINAL", 3 "QUOTA_EXHAUSTED", 4 "VALIDITY_TIME", 5 "OTHER_QUOTA_TYPE",
        6 "RATING_CONDITION_CHANGE", 7 "FORCED_REAUTHORISATION", 8 "POOL_EXHAUSTED", 9 "UNUSED_QUOTA_TIMER",
    })
    QUOTA_CONSUMPTION_TIME(881 "Quota-Consumption-Time" Unsigned32 Must)
    UNIT_QUOTA_THRESHOLD(1226 "Unit-Quota-Threshold" Unsigned32 Must)
    SERVICE_SPECIFIC_INFO(1249 "Service-Specific-Info" Grouped Must [SERVICE_SPECIFIC_DATA SERVICE_SPECIFIC_TYPE] ..)
    SERVICE_SPECIFIC_DATA(863 "Service-Specific-Data" Utf8String Must)
    SERVICE_SPECIFIC_TYPE(1257 "Service-Specific-Type" Unsigned32 Must)
    SERVICE_GENERIC_INFORMATION(1256 "Service-Generic-Information" Grouped Must [APPLICATION_SERVER_ID APPLICATION_SERVICE_TYPE
        APPLICATION_SESSION_ID DELIVERY_STATUS] ..)
    APPLICATION_SERVER_ID(2101 "Application-Server-ID" Utf8String Must)
    APPLICATION_SERVICE_TYPE(2102 "Application-Service-Type" Enumerated Must enum {
        100 "SENDING", 101 "RECEIVING", 102 "RETRIEVAL", 103 "INVITING", 104 "LEAVING", 105 "JOINING",
    })
    APPLICATION_SESSION_ID(2103 "Application-Session-ID" Unsigned32 Must)
    DELIVERY_STATUS(2104 "Delivery-Status" Utf8String Must)
    EVENT_CHARGING_TIMESTAMP(1258 "Event-Charging-TimeStamp" Time Must)
    TRIGGER(1264 "Trigger" Grouped Must *[TRIGGER_TYPE] ..)
    BASE_TIME_INTERVAL(1265 "Base-Time-Interval" Unsigned32 Must)
    ENVELOPE(1266 "Envelope" Grouped Must {ENVELOPE_START_TIME} [ENVELOPE_END_TIME CC_TOTAL_OCTETS CC_INPUT_OCTETS CC_OUTPUT_OCTETS
        CC_SERVICE_SPECIFIC_UNITS] ..)
    ENVELOPE_END_TIME(1267 "Envelope-End-Time" Time Must)
    ENVELOPE_REPORTING(1268 "Envelope-Reporting" Enumerated Must enum {
        0 "DO_NOT_REPORT_ENVELOPES", 1 "REPORT_ENVELOPES", 2 "REPORT_ENVELOPES_WITH_VOLUME", 3 "REPORT_ENVELOPES_WITH_EVENTS",
        4 "REPORT_ENVELOPES_WITH_VOLUME_AND_EVENTS",
    })
    ENVELOPE_START_TIME(1269 "Envelope-Start-Time" Time Must)
    TIME_QUOTA_MECHANISM(1270 "Time-Quota-Mechanism" Grouped Must {TIME_QUOTA_TYPE BASE_TIME_INTERVAL} ..)
    TIME_QUOTA_TYPE(1271 "Time-Quota-Type" Enumerated Must enum { 0 "DISCRETE_TIME_PERIOD", 1 "CONTINUOUS_TIME_PERIOD" })
    AF_CORRELATION_INFORMATION(1276 "AF-Correlation-Information" Grouped Must {AF_CHARGING_IDENTIFIER} *[FLOWS] ..)
    LOW_BALANCE_INDICATION(2020 "Low-Balance-Indication" Enumerated Must enum { 0 "NOT-APPLICABLE", 1 "YES" })
    REMAINING_BALANCE(2021 "Remaining-Balance" Grouped Must {UNIT_VALUE CURRENCY_CODE} ..)
    REFUND_INFORMATION(2022 "Refund-Information" OctetString Must)
    ACCOUNT_EXPIRATION(2309 "Account-Expiration" Time Must)
    ONLINE_CHARGING_FLAG(2303 "Online-Charging-Flag" Enumerated Must enum {
        0 "ECF_ADDRESS_NOT_PROVIDED", 1 "ECF_ADDRESS_PROVIDED",
    })
    ACCUMULATED_COST(2052 "Accumulated-Cost" Grouped Must {VALUE_DIGITS} [EXPONENT] ..)
    AOC_COST_INFORMATION(2053 "AoC-Cost-Information" Grouped Must [ACCUMULATED_COST CURRENCY_CODE] *[INCREMENTAL_COST] ..)
    AOC_INFORMATION(2054 "AoC-Information" Grouped Must [AOC_COST_INFORMATION TARIFF_INFORMATION AOC_SUBSCRIPTION_INFORMATION] ..)
    AOC_REQUEST_TYPE(2055 "AoC-Request-Type" Enumerated Must enum {
        0 "AoC_NOT_REQUESTED", 1 "AoC_FULL", 2 "AoC_COST_ONLY", 3 "AoC_TARIFF_ONLY",
    })
    CURRENT_TARIFF(2056 "Current-Tariff" Grouped Must [CURRENCY_CODE SCALE_FACTOR] *[RATE_ELEMENT] ..)
    NEXT_TARIFF(2057 "Next-Tariff" Grouped Must [CURRENCY_CODE SCALE_FACTOR] *[RATE_ELEMENT] ..)
    RATE_ELEMENT(2058 "Rate-Element" Grouped Must {CC_UNIT_TYPE} [CHARGE_REASON_CODE UNIT_VALUE UNIT_COST UNIT_QUOTA_THRESHOLD] ..)
    SCALE_FACTOR(2059 "Scale-Factor" Grouped Must {VALUE_DIGITS} [EXPONENT] ..)
    TARIFF_INFORMATION(2060 "Tariff-Information" Grouped Must {CURRENT_TARIFF} [TARIFF_TIME_CHANGE NEXT_TARIFF] ..)
    UNIT_COST(2061 "Unit-Cost" Grouped Must {VALUE_DIGITS} [EXPONENT] ..)
    INCREMENTAL_COST(2062 "Incremental-Cost" Grouped Must {VALUE_DIGITS} [EXPONENT] ..)
    CHARGE_REASON_CODE(2118 "Charge-Reason-Code" Enumerated Must enum {
        0 "UNKNOWN", 1 "USAGE", 2 "COMMUNICATION-ATTEMPT-CHARGE", 3 "SETUP-CHARGE", 4 "ADD-ON-CHARGE",
    })
    REAL_TIME_TARIFF_INFORMATION(2305 "Real-Time-Tariff-Information" Grouped Must [TARIFF_INFORMATION TARIFF_XML] ..)
    TARIFF_XML(2306 "Tariff-XML" Utf8String Must)
    AOC_FORMAT(2310 "AoC-Format" Enumerated Must enum { 0 "MONETARY", 1 "NON_MONETARY", 2 "CAI" })
    AOC_SERVICE(2311 "AoC-Service" Grouped Must [AOC_SERVICE_OBLIGATORY_TYPE AOC_SERVICE_TYPE] ..)
    AOC_SERVICE_OBLIGATORY_TYPE(2312 "AoC-Service-Obligatory-Type" Enumerated Must enum { 0 "NON_BINDING", 1 "BINDING" })
    AOC_SERVICE_TYPE(2313 "AoC-Service-Type" Enumerated Must enum { 0 "NONE", 1 "AOC-S", 2 "AOC-D", 3 "AOC-E" })
    AOC_SUBSCRIPTION_INFORMATION(2314 "AoC-Subscription-Information" Grouped Must [AOC_FORMAT PREFERRED_AOC_CURRENCY] *[AOC_SERVICE]
        ..)
    PREFERRED_AOC_CURRENCY(2315 "Preferred-AoC-Currency" Unsigned32 Must)
    SGSN_ADDRESS(1228 "SGSN-Address" Address Must)
}
