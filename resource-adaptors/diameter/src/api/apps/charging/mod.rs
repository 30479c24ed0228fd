//! Charging of 3GPP: the CCR and CCA of Ro, the ACR and ACA of Rf, and Service-Information (TS 32.299 6 and 7.2).
//!
//! The groups are by subject in the modules below; all are named from here.

mod ims;
mod messaging;
mod other;
mod ps;

pub use ims::*;
pub use messaging::*;
pub use other::*;
pub use ps::*;

use super::base::{
    AccountingRealtimeRequired, AccountingRecordType, RedirectHostUsage, TerminationCause,
    VendorSpecificApplicationId,
};
use super::credit::{
    CcRequestType, CcSessionFailover, CcUnitType, CheckBalanceResult, CostInformation,
    CreditControlFailureHandling, DirectDebitingFailureHandling, FinalUnitIndication,
    GSUPoolReference, GrantedServiceUnit, MultipleServicesIndicator, RequestedAction,
    RequestedServiceUnit, ServiceParameterInfo, SubscriptionId, TariffChangeUsage, UnitValue,
    UsedServiceUnit, UserEquipmentInfo,
};
use super::gx::QoSInformation;
use super::rx::Flows;
use crate::proto::dict::base::*;
use crate::proto::dict::charging::*;
use crate::proto::dict::credit::*;
use crate::proto::dict::gx::QOS_INFORMATION;
use crate::proto::dict::rx::{AF_CHARGING_IDENTIFIER, FLOWS};

enumerated! {
    /// Reporting-Reason (TS 32.299).
    ReportingReason of REPORTING_REASON {
        Threshold = 0, Qht = 1, Final = 2, QuotaExhausted = 3, ValidityTime = 4, OtherQuotaType = 5,
        RatingConditionChange = 6, ForcedReauthorisation = 7, PoolExhausted = 8, UnusedQuotaTimer = 9,
    }
    /// Application-Service-Type (TS 32.299).
    ApplicationServiceType of APPLICATION_SERVICE_TYPE {
        Sending = 100, Receiving = 101, Retrieval = 102, Inviting = 103, Leaving = 104, Joining = 105,
    }
    /// Envelope-Reporting (TS 32.299).
    EnvelopeReporting of ENVELOPE_REPORTING {
        DoNotReportEnvelopes = 0, ReportEnvelopes = 1, ReportEnvelopesWithVolume = 2, ReportEnvelopesWithEvents = 3,
        ReportEnvelopesWithVolumeAndEvents = 4,
    }
    /// Time-Quota-Type (TS 32.299).
    TimeQuotaType of TIME_QUOTA_TYPE { DiscreteTimePeriod = 0, ContinuousTimePeriod = 1 }
    /// Low-Balance-Indication (TS 32.299).
    LowBalanceIndication of LOW_BALANCE_INDICATION { NotApplicable = 0, Yes = 1 }
    /// Online-Charging-Flag (TS 32.299).
    OnlineChargingFlag of ONLINE_CHARGING_FLAG { EcfAddressNotProvided = 0, EcfAddressProvided = 1 }
    /// AoC-Request-Type (TS 32.299).
    AoCRequestType of AOC_REQUEST_TYPE { AoCNotRequested = 0, AoCFull = 1, AoCCostOnly = 2, AoCTariffOnly = 3 }
    /// Charge-Reason-Code (TS 32.299).
    ChargeReasonCode of CHARGE_REASON_CODE {
        Unknown = 0, Usage = 1, CommunicationAttemptCharge = 2, SetupCharge = 3, AddOnCharge = 4,
    }
    /// AoC-Format (TS 32.299).
    AoCFormat of AOC_FORMAT { Monetary = 0, NonMonetary = 1, Cai = 2 }
    /// AoC-Service-Obligatory-Type (TS 32.299).
    AoCServiceObligatoryType of AOC_SERVICE_OBLIGATORY_TYPE { NonBinding = 0, Binding = 1 }
    /// AoC-Service-Type (TS 32.299).
    AoCServiceType of AOC_SERVICE_TYPE { None = 0, AocS = 1, AocD = 2, AocE = 3 }
}

application! {
    /// Service-Information (TS 32.299).
    group ServiceInformation of SERVICE_INFORMATION {
        aoc_information: one group AoCInformation = AOC_INFORMATION;
        ps_information: one group PsInformation = PS_INFORMATION;
        ims_information: one group ImsInformation = IMS_INFORMATION;
        mms_information: one group MmsInformation = MMS_INFORMATION;
        lcs_information: one group LcsInformation = LCS_INFORMATION;
        poc_information: one group PoCInformation = POC_INFORMATION;
        mbms_information: one group MbmsInformation = MBMS_INFORMATION;
        sms_information: one group SmsInformation = SMS_INFORMATION;
        mmtel_information: one group MMTelInformation = MMTEL_INFORMATION;
        service_generic_information: one group ServiceGenericInformation = SERVICE_GENERIC_INFORMATION;
        im_information: one group ImInformation = IM_INFORMATION;
        dcd_information: one group DcdInformation = DCD_INFORMATION;
        vcs_information: one group VcsInformation = VCS_INFORMATION;
        subscription_id: many group SubscriptionId = SUBSCRIPTION_ID;
    }
    /// Service-Specific-Info (TS 32.299).
    group ServiceSpecificInfo of SERVICE_SPECIFIC_INFO {
        service_specific_data: one str = SERVICE_SPECIFIC_DATA;
        service_specific_type: one u32 = SERVICE_SPECIFIC_TYPE;
    }
    /// Service-Generic-Information (TS 32.299).
    group ServiceGenericInformation of SERVICE_GENERIC_INFORMATION {
        application_server_id: one str = APPLICATION_SERVER_ID;
        application_service_type: one value ApplicationServiceType = APPLICATION_SERVICE_TYPE;
        application_session_id: one u32 = APPLICATION_SESSION_ID;
        delivery_status: one str = DELIVERY_STATUS;
    }
    /// Trigger (TS 32.299).
    group Trigger of TRIGGER {
        trigger_type: many i32 = TRIGGER_TYPE;
    }
    /// Envelope (TS 32.299).
    group Envelope of ENVELOPE {
        envelope_start_time: one time = ENVELOPE_START_TIME;
        envelope_end_time: one time = ENVELOPE_END_TIME;
        cc_total_octets: one u64 = CC_TOTAL_OCTETS;
        cc_input_octets: one u64 = CC_INPUT_OCTETS;
        cc_output_octets: one u64 = CC_OUTPUT_OCTETS;
        cc_service_specific_units: one u64 = CC_SERVICE_SPECIFIC_UNITS;
    }
    /// Time-Quota-Mechanism (TS 32.299).
    group TimeQuotaMechanism of TIME_QUOTA_MECHANISM {
        time_quota_type: one value TimeQuotaType = TIME_QUOTA_TYPE;
        base_time_interval: one u32 = BASE_TIME_INTERVAL;
    }
    /// AF-Correlation-Information (TS 32.299).
    group AfCorrelationInformation of AF_CORRELATION_INFORMATION {
        af_charging_identifier: one bytes = AF_CHARGING_IDENTIFIER;
        flows: many group Flows = FLOWS;
    }
    /// Remaining-Balance (TS 32.299).
    group RemainingBalance of REMAINING_BALANCE {
        unit_value: one group UnitValue = UNIT_VALUE;
        currency_code: one u32 = CURRENCY_CODE;
    }
    /// Accumulated-Cost (TS 32.299).
    group AccumulatedCost of ACCUMULATED_COST {
        value_digits: one i64 = VALUE_DIGITS;
        exponent: one i32 = EXPONENT;
    }
    /// AoC-Cost-Information (TS 32.299).
    group AoCCostInformation of AOC_COST_INFORMATION {
        accumulated_cost: one group AccumulatedCost = ACCUMULATED_COST;
        currency_code: one u32 = CURRENCY_CODE;
        incremental_cost: many group IncrementalCost = INCREMENTAL_COST;
    }
    /// AoC-Information (TS 32.299).
    group AoCInformation of AOC_INFORMATION {
        aoc_cost_information: one group AoCCostInformation = AOC_COST_INFORMATION;
        tariff_information: one group TariffInformation = TARIFF_INFORMATION;
        aoc_subscription_information: one group AoCSubscriptionInformation = AOC_SUBSCRIPTION_INFORMATION;
    }
    /// Current-Tariff (TS 32.299).
    group CurrentTariff of CURRENT_TARIFF {
        currency_code: one u32 = CURRENCY_CODE;
        scale_factor: one group ScaleFactor = SCALE_FACTOR;
        rate_element: many group RateElement = RATE_ELEMENT;
    }
    /// Next-Tariff (TS 32.299).
    group NextTariff of NEXT_TARIFF {
        currency_code: one u32 = CURRENCY_CODE;
        scale_factor: one group ScaleFactor = SCALE_FACTOR;
        rate_element: many group RateElement = RATE_ELEMENT;
    }
    /// Rate-Element (TS 32.299).
    group RateElement of RATE_ELEMENT {
        cc_unit_type: one value CcUnitType = CC_UNIT_TYPE;
        charge_reason_code: one value ChargeReasonCode = CHARGE_REASON_CODE;
        unit_value: one group UnitValue = UNIT_VALUE;
        unit_cost: one group UnitCost = UNIT_COST;
        unit_quota_threshold: one u32 = UNIT_QUOTA_THRESHOLD;
    }
    /// Scale-Factor (TS 32.299).
    group ScaleFactor of SCALE_FACTOR {
        value_digits: one i64 = VALUE_DIGITS;
        exponent: one i32 = EXPONENT;
    }
    /// Tariff-Information (TS 32.299).
    group TariffInformation of TARIFF_INFORMATION {
        current_tariff: one group CurrentTariff = CURRENT_TARIFF;
        tariff_time_change: one time = TARIFF_TIME_CHANGE;
        next_tariff: one group NextTariff = NEXT_TARIFF;
    }
    /// Unit-Cost (TS 32.299).
    group UnitCost of UNIT_COST {
        value_digits: one i64 = VALUE_DIGITS;
        exponent: one i32 = EXPONENT;
    }
    /// Incremental-Cost (TS 32.299).
    group IncrementalCost of INCREMENTAL_COST {
        value_digits: one i64 = VALUE_DIGITS;
        exponent: one i32 = EXPONENT;
    }
    /// Real-Time-Tariff-Information (TS 32.299).
    group RealTimeTariffInformation of REAL_TIME_TARIFF_INFORMATION {
        tariff_information: one group TariffInformation = TARIFF_INFORMATION;
        tariff_xml: one str = TARIFF_XML;
    }
    /// AoC-Service (TS 32.299).
    group AoCService of AOC_SERVICE {
        aoc_service_obligatory_type: one value AoCServiceObligatoryType = AOC_SERVICE_OBLIGATORY_TYPE;
        aoc_service_type: one value AoCServiceType = AOC_SERVICE_TYPE;
    }
    /// AoC-Subscription-Information (TS 32.299).
    group AoCSubscriptionInformation of AOC_SUBSCRIPTION_INFORMATION {
        aoc_format: one value AoCFormat = AOC_FORMAT;
        preferred_aoc_currency: one u32 = PREFERRED_AOC_CURRENCY;
        aoc_service: many group AoCService = AOC_SERVICE;
    }
    /// Multiple-Services-Credit-Control as Ro has it (TS 32.299 7.1.9).
    group RoServices of MULTIPLE_SERVICES_CREDIT_CONTROL {
        granted_service_unit: one group GrantedServiceUnit = GRANTED_SERVICE_UNIT;
        requested_service_unit: one group RequestedServiceUnit = REQUESTED_SERVICE_UNIT;
        tariff_change_usage: one value TariffChangeUsage = TARIFF_CHANGE_USAGE;
        rating_group: one u32 = RATING_GROUP;
        validity_time: one u32 = VALIDITY_TIME;
        result_code: one u32 = RESULT_CODE;
        final_unit_indication: one group FinalUnitIndication = FINAL_UNIT_INDICATION;
        time_quota_threshold: one u32 = TIME_QUOTA_THRESHOLD;
        volume_quota_threshold: one u32 = VOLUME_QUOTA_THRESHOLD;
        unit_quota_threshold: one u32 = UNIT_QUOTA_THRESHOLD;
        quota_holding_time: one u32 = QUOTA_HOLDING_TIME;
        quota_consumption_time: one u32 = QUOTA_CONSUMPTION_TIME;
        trigger: one group Trigger = TRIGGER;
        ps_furnish_charging_information: one group PsFurnishChargingInformation = PS_FURNISH_CHARGING_INFORMATION;
        refund_information: one bytes = REFUND_INFORMATION;
        envelope_reporting: one value EnvelopeReporting = ENVELOPE_REPORTING;
        time_quota_mechanism: one group TimeQuotaMechanism = TIME_QUOTA_MECHANISM;
        qos_information: one group QoSInformation = QOS_INFORMATION;
        used_service_unit: many group UsedServiceUnit = USED_SERVICE_UNIT;
        service_identifier: many u32 = SERVICE_IDENTIFIER;
        g_s_u_pool_reference: many group GSUPoolReference = G_S_U_POOL_REFERENCE;
        reporting_reason: many value ReportingReason = REPORTING_REASON;
        af_correlation_information: many group AfCorrelationInformation = AF_CORRELATION_INFORMATION;
        envelope: many group Envelope = ENVELOPE;
        service_specific_info: many group ServiceSpecificInfo = SERVICE_SPECIFIC_INFO;
    }

    /// Credit-Control-Request on Ro (TS 32.299 6.4).
    request CreditControlRequest as RoCcr of CREDIT_CONTROL_COMMAND {
        aoc_request_type: one value AoCRequestType = AOC_REQUEST_TYPE;
        service_information: one group ServiceInformation = SERVICE_INFORMATION;
    } besides {
        destination_realm: one identity = DESTINATION_REALM;
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        service_context_id: one str = SERVICE_CONTEXT_ID;
        cc_request_type: one value CcRequestType = CC_REQUEST_TYPE;
        cc_request_number: one u32 = CC_REQUEST_NUMBER;
        destination_host: one identity = DESTINATION_HOST;
        user_name: one str = USER_NAME;
        cc_sub_session_id: one u64 = CC_SUB_SESSION_ID;
        acct_multi_session_id: one str = ACCT_MULTI_SESSION_ID;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        event_timestamp: one time = EVENT_TIMESTAMP;
        service_identifier: one u32 = SERVICE_IDENTIFIER;
        termination_cause: one value TerminationCause = TERMINATION_CAUSE;
        requested_service_unit: one group RequestedServiceUnit = REQUESTED_SERVICE_UNIT;
        requested_action: one value RequestedAction = REQUESTED_ACTION;
        multiple_services_indicator: one value MultipleServicesIndicator = MULTIPLE_SERVICES_INDICATOR;
        cc_correlation_id: one bytes = CC_CORRELATION_ID;
        user_equipment_info: one group UserEquipmentInfo = USER_EQUIPMENT_INFO;
        subscription_id: many group SubscriptionId = SUBSCRIPTION_ID;
        used_service_unit: many group UsedServiceUnit = USED_SERVICE_UNIT;
        multiple_services_credit_control: many group RoServices = MULTIPLE_SERVICES_CREDIT_CONTROL;
        service_parameter_info: many group ServiceParameterInfo = SERVICE_PARAMETER_INFO;
    }
    /// Credit-Control-Answer on Ro (TS 32.299 6.4).
    answer CreditControlAnswer as RoCca of CREDIT_CONTROL_COMMAND {
        low_balance_indication: one value LowBalanceIndication = LOW_BALANCE_INDICATION;
        remaining_balance: one group RemainingBalance = REMAINING_BALANCE;
        service_information: one group ServiceInformation = SERVICE_INFORMATION;
    } besides {
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        cc_request_type: one value CcRequestType = CC_REQUEST_TYPE;
        cc_request_number: one u32 = CC_REQUEST_NUMBER;
        user_name: one str = USER_NAME;
        cc_session_failover: one value CcSessionFailover = CC_SESSION_FAILOVER;
        cc_sub_session_id: one u64 = CC_SUB_SESSION_ID;
        acct_multi_session_id: one str = ACCT_MULTI_SESSION_ID;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        event_timestamp: one time = EVENT_TIMESTAMP;
        granted_service_unit: one group GrantedServiceUnit = GRANTED_SERVICE_UNIT;
        cost_information: one group CostInformation = COST_INFORMATION;
        final_unit_indication: one group FinalUnitIndication = FINAL_UNIT_INDICATION;
        check_balance_result: one value CheckBalanceResult = CHECK_BALANCE_RESULT;
        credit_control_failure_handling: one value CreditControlFailureHandling = CREDIT_CONTROL_FAILURE_HANDLING;
        direct_debiting_failure_handling: one value DirectDebitingFailureHandling = DIRECT_DEBITING_FAILURE_HANDLING;
        validity_time: one u32 = VALIDITY_TIME;
        redirect_host_usage: one value RedirectHostUsage = REDIRECT_HOST_USAGE;
        redirect_max_cache_time: one u32 = REDIRECT_MAX_CACHE_TIME;
        multiple_services_credit_control: many group RoServices = MULTIPLE_SERVICES_CREDIT_CONTROL;
        redirect_host: many uri = REDIRECT_HOST;
    }
    /// Accounting-Request on Rf (TS 32.299 6.2).
    request AccountingRequest as RfAcr of ACCOUNTING {
        service_context_id: one str = SERVICE_CONTEXT_ID;
        service_information: one group ServiceInformation = SERVICE_INFORMATION;
    } besides {
        destination_realm: one identity = DESTINATION_REALM;
        accounting_record_type: one value AccountingRecordType = ACCOUNTING_RECORD_TYPE;
        accounting_record_number: one u32 = ACCOUNTING_RECORD_NUMBER;
        acct_application_id: one u32 = ACCT_APPLICATION_ID;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        user_name: one str = USER_NAME;
        destination_host: one identity = DESTINATION_HOST;
        accounting_sub_session_id: one u64 = ACCOUNTING_SUB_SESSION_ID;
        acct_session_id: one bytes = ACCT_SESSION_ID;
        acct_multi_session_id: one str = ACCT_MULTI_SESSION_ID;
        acct_interim_interval: one u32 = ACCT_INTERIM_INTERVAL;
        accounting_realtime_required: one value AccountingRealtimeRequired = ACCOUNTING_REALTIME_REQUIRED;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        event_timestamp: one time = EVENT_TIMESTAMP;
    }
    /// Accounting-Answer on Rf (TS 32.299 6.2).
    answer AccountingAnswer as RfAca of ACCOUNTING {
    } besides {
        accounting_record_type: one value AccountingRecordType = ACCOUNTING_RECORD_TYPE;
        accounting_record_number: one u32 = ACCOUNTING_RECORD_NUMBER;
        acct_application_id: one u32 = ACCT_APPLICATION_ID;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        user_name: one str = USER_NAME;
        accounting_sub_session_id: one u64 = ACCOUNTING_SUB_SESSION_ID;
        acct_session_id: one bytes = ACCT_SESSION_ID;
        acct_multi_session_id: one str = ACCT_MULTI_SESSION_ID;
        error_message: one str = ERROR_MESSAGE;
        error_reporting_host: one identity = ERROR_REPORTING_HOST;
        acct_interim_interval: one u32 = ACCT_INTERIM_INTERVAL;
        accounting_realtime_required: one value AccountingRealtimeRequired = ACCOUNTING_REALTIME_REQUIRED;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        event_timestamp: one time = EVENT_TIMESTAMP;
    }
}
