//! Credit control: CCR and CCA of RFC 8506 3, and the groups in them (8).
//!
//! It is also the Gy and Ro of 3GPP; what those add is in `charging`.

use super::base::{ReAuthRequestType, RedirectHostUsage, TerminationCause};
use crate::proto::dict::base::*;
use crate::proto::dict::credit::*;
use crate::proto::dict::nas::FILTER_ID;

enumerated! {
    /// CC-Request-Type (RFC 8506 8.3).
    CcRequestType of CC_REQUEST_TYPE { InitialRequest = 1, UpdateRequest = 2, TerminationRequest = 3, EventRequest = 4 }
    /// CC-Session-Failover (RFC 8506 8.4).
    CcSessionFailover of CC_SESSION_FAILOVER { FailoverNotSupported = 0, FailoverSupported = 1 }
    /// Check-Balance-Result (RFC 8506 8.6).
    CheckBalanceResult of CHECK_BALANCE_RESULT { EnoughCredit = 0, NoCredit = 1 }
    /// Credit-Control-Failure-Handling (RFC 8506 8.14).
    CreditControlFailureHandling of CREDIT_CONTROL_FAILURE_HANDLING { Terminate = 0, Continue = 1, RetryAndTerminate = 2 }
    /// Direct-Debiting-Failure-Handling (RFC 8506 8.15).
    DirectDebitingFailureHandling of DIRECT_DEBITING_FAILURE_HANDLING { TerminateOrBuffer = 0, Continue = 1 }
    /// Redirect-Address-Type (RFC 8506 8.38).
    RedirectAddressType of REDIRECT_ADDRESS_TYPE { Ipv4 = 0, Ipv6 = 1, Url = 2, SipUri = 3 }
    /// Requested-Action (RFC 8506 8.41).
    RequestedAction of REQUESTED_ACTION { DirectDebiting = 0, RefundAccount = 1, CheckBalance = 2, PriceEnquiry = 3 }
    /// Final-Unit-Action (RFC 8506 8.35).
    FinalUnitAction of FINAL_UNIT_ACTION { Terminate = 0, Redirect = 1, RestrictAccess = 2 }
    /// Subscription-Id-Type (RFC 8506 8.47).
    SubscriptionIdType of SUBSCRIPTION_ID_TYPE {
        EndUserE164 = 0, EndUserImsi = 1, EndUserSipUri = 2, EndUserNai = 3, EndUserPrivate = 4,
    }
    /// Tariff-Change-Usage (RFC 8506 8.27).
    TariffChangeUsage of TARIFF_CHANGE_USAGE { UnitBeforeTariffChange = 0, UnitAfterTariffChange = 1, UnitIndeterminate = 2 }
    /// CC-Unit-Type (RFC 8506 8.32).
    CcUnitType of CC_UNIT_TYPE { Time = 0, Money = 1, TotalOctets = 2, InputOctets = 3, OutputOctets = 4, ServiceSpecificUnits = 5 }
    /// Multiple-Services-Indicator (RFC 8506 8.40).
    MultipleServicesIndicator of MULTIPLE_SERVICES_INDICATOR {
        MultipleServicesNotSupported = 0, MultipleServicesSupported = 1,
    }
    /// User-Equipment-Info-Type (RFC 8506 8.50).
    UserEquipmentInfoType of USER_EQUIPMENT_INFO_TYPE { Imeisv = 0, Mac = 1, Eui64 = 2, ModifiedEui64 = 3 }
}

application! {
    /// Unit-Value (RFC 8506 8.8): `Value-Digits * 10 ^ Exponent`.
    group UnitValue of UNIT_VALUE {
        value_digits: one i64 = VALUE_DIGITS;
        exponent: one i32 = EXPONENT;
    }
    /// CC-Money (RFC 8506 8.22).
    group CcMoney of CC_MONEY {
        unit_value: one group UnitValue = UNIT_VALUE;
        currency_code: one u32 = CURRENCY_CODE;
    }
    /// Cost-Information (RFC 8506 8.7).
    group CostInformation of COST_INFORMATION {
        unit_value: one group UnitValue = UNIT_VALUE;
        currency_code: one u32 = CURRENCY_CODE;
        cost_unit: one str = COST_UNIT;
    }
    /// Requested-Service-Unit (RFC 8506 8.18).
    group RequestedServiceUnit of REQUESTED_SERVICE_UNIT {
        cc_time: one u32 = CC_TIME;
        cc_money: one group CcMoney = CC_MONEY;
        cc_total_octets: one u64 = CC_TOTAL_OCTETS;
        cc_input_octets: one u64 = CC_INPUT_OCTETS;
        cc_output_octets: one u64 = CC_OUTPUT_OCTETS;
        cc_service_specific_units: one u64 = CC_SERVICE_SPECIFIC_UNITS;
    }
    /// Granted-Service-Unit (RFC 8506 8.17).
    group GrantedServiceUnit of GRANTED_SERVICE_UNIT {
        tariff_time_change: one time = TARIFF_TIME_CHANGE;
        cc_time: one u32 = CC_TIME;
        cc_money: one group CcMoney = CC_MONEY;
        cc_total_octets: one u64 = CC_TOTAL_OCTETS;
        cc_input_octets: one u64 = CC_INPUT_OCTETS;
        cc_output_octets: one u64 = CC_OUTPUT_OCTETS;
        cc_service_specific_units: one u64 = CC_SERVICE_SPECIFIC_UNITS;
    }
    /// Used-Service-Unit (RFC 8506 8.19).
    group UsedServiceUnit of USED_SERVICE_UNIT {
        tariff_change_usage: one value TariffChangeUsage = TARIFF_CHANGE_USAGE;
        cc_time: one u32 = CC_TIME;
        cc_money: one group CcMoney = CC_MONEY;
        cc_total_octets: one u64 = CC_TOTAL_OCTETS;
        cc_input_octets: one u64 = CC_INPUT_OCTETS;
        cc_output_octets: one u64 = CC_OUTPUT_OCTETS;
        cc_service_specific_units: one u64 = CC_SERVICE_SPECIFIC_UNITS;
    }
    /// Redirect-Server (RFC 8506 8.37).
    group RedirectServer of REDIRECT_SERVER {
        redirect_address_type: one value RedirectAddressType = REDIRECT_ADDRESS_TYPE;
        redirect_server_address: one str = REDIRECT_SERVER_ADDRESS;
    }
    /// Final-Unit-Indication (RFC 8506 8.34).
    group FinalUnitIndication of FINAL_UNIT_INDICATION {
        final_unit_action: one value FinalUnitAction = FINAL_UNIT_ACTION;
        restriction_filter_rule: many str = RESTRICTION_FILTER_RULE;
        filter_id: many str = FILTER_ID;
        redirect_server: one group RedirectServer = REDIRECT_SERVER;
    }
    /// G-S-U-Pool-Reference (RFC 8506 8.30).
    group GSUPoolReference of G_S_U_POOL_REFERENCE {
        g_s_u_pool_identifier: one u32 = G_S_U_POOL_IDENTIFIER;
        cc_unit_type: one value CcUnitType = CC_UNIT_TYPE;
        unit_value: one group UnitValue = UNIT_VALUE;
    }
    /// Multiple-Services-Credit-Control (RFC 8506 8.16).
    group MultipleServicesCreditControl of MULTIPLE_SERVICES_CREDIT_CONTROL {
        granted_service_unit: one group GrantedServiceUnit = GRANTED_SERVICE_UNIT;
        requested_service_unit: one group RequestedServiceUnit = REQUESTED_SERVICE_UNIT;
        used_service_unit: many group UsedServiceUnit = USED_SERVICE_UNIT;
        tariff_change_usage: one value TariffChangeUsage = TARIFF_CHANGE_USAGE;
        service_identifier: many u32 = SERVICE_IDENTIFIER;
        rating_group: one u32 = RATING_GROUP;
        g_s_u_pool_reference: many group GSUPoolReference = G_S_U_POOL_REFERENCE;
        validity_time: one u32 = VALIDITY_TIME;
        result_code: one u32 = RESULT_CODE;
        final_unit_indication: one group FinalUnitIndication = FINAL_UNIT_INDICATION;
    }
    /// Subscription-Id (RFC 8506 8.46).
    group SubscriptionId of SUBSCRIPTION_ID {
        subscription_id_type: one value SubscriptionIdType = SUBSCRIPTION_ID_TYPE;
        subscription_id_data: one str = SUBSCRIPTION_ID_DATA;
    }
    /// User-Equipment-Info (RFC 8506 8.49).
    group UserEquipmentInfo of USER_EQUIPMENT_INFO {
        user_equipment_info_type: one value UserEquipmentInfoType = USER_EQUIPMENT_INFO_TYPE;
        user_equipment_info_value: one bytes = USER_EQUIPMENT_INFO_VALUE;
    }
    /// Service-Parameter-Info (RFC 8506 8.43).
    group ServiceParameterInfo of SERVICE_PARAMETER_INFO {
        service_parameter_type: one u32 = SERVICE_PARAMETER_TYPE;
        service_parameter_value: one bytes = SERVICE_PARAMETER_VALUE;
    }

    /// Credit-Control-Request (RFC 8506 3.1).
    request CreditControlRequest as Ccr of CREDIT_CONTROL_COMMAND {
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        service_context_id: one str = SERVICE_CONTEXT_ID;
        cc_request_type: one value CcRequestType = CC_REQUEST_TYPE;
        cc_request_number: one u32 = CC_REQUEST_NUMBER;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        cc_sub_session_id: one u64 = CC_SUB_SESSION_ID;
        acct_multi_session_id: one str = ACCT_MULTI_SESSION_ID;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        event_timestamp: one time = EVENT_TIMESTAMP;
        subscription_id: many group SubscriptionId = SUBSCRIPTION_ID;
        service_identifier: one u32 = SERVICE_IDENTIFIER;
        termination_cause: one value TerminationCause = TERMINATION_CAUSE;
        requested_service_unit: one group RequestedServiceUnit = REQUESTED_SERVICE_UNIT;
        requested_action: one value RequestedAction = REQUESTED_ACTION;
        used_service_unit: many group UsedServiceUnit = USED_SERVICE_UNIT;
        multiple_services_indicator: one value MultipleServicesIndicator = MULTIPLE_SERVICES_INDICATOR;
        multiple_services_credit_control: many group MultipleServicesCreditControl = MULTIPLE_SERVICES_CREDIT_CONTROL;
        service_parameter_info: many group ServiceParameterInfo = SERVICE_PARAMETER_INFO;
        cc_correlation_id: one bytes = CC_CORRELATION_ID;
        user_equipment_info: one group UserEquipmentInfo = USER_EQUIPMENT_INFO;
    }
    /// Credit-Control-Answer (RFC 8506 3.2).
    answer CreditControlAnswer as Cca of CREDIT_CONTROL_COMMAND {
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
        multiple_services_credit_control: many group MultipleServicesCreditControl = MULTIPLE_SERVICES_CREDIT_CONTROL;
        cost_information: one group CostInformation = COST_INFORMATION;
        final_unit_indication: one group FinalUnitIndication = FINAL_UNIT_INDICATION;
        check_balance_result: one value CheckBalanceResult = CHECK_BALANCE_RESULT;
        credit_control_failure_handling: one value CreditControlFailureHandling = CREDIT_CONTROL_FAILURE_HANDLING;
        direct_debiting_failure_handling: one value DirectDebitingFailureHandling = DIRECT_DEBITING_FAILURE_HANDLING;
        validity_time: one u32 = VALIDITY_TIME;
        redirect_host: many uri = REDIRECT_HOST;
        redirect_host_usage: one value RedirectHostUsage = REDIRECT_HOST_USAGE;
        redirect_max_cache_time: one u32 = REDIRECT_MAX_CACHE_TIME;
    }
    /// Re-Auth-Request of credit control (RFC 8506 5.5).
    request ReAuthRequest as CreditRar of CREDIT_RE_AUTH {
        cc_sub_session_id: one u64 = CC_SUB_SESSION_ID;
        g_s_u_pool_identifier: one u32 = G_S_U_POOL_IDENTIFIER;
        service_identifier: one u32 = SERVICE_IDENTIFIER;
        rating_group: one u32 = RATING_GROUP;
    } besides {
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        re_auth_request_type: one value ReAuthRequestType = RE_AUTH_REQUEST_TYPE;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
    }
    /// Re-Auth-Answer of credit control (RFC 8506 5.5).
    answer ReAuthAnswer as CreditRaa of CREDIT_RE_AUTH {
        cc_sub_session_id: one u64 = CC_SUB_SESSION_ID;
        g_s_u_pool_identifier: one u32 = G_S_U_POOL_IDENTIFIER;
        service_identifier: one u32 = SERVICE_IDENTIFIER;
        rating_group: one u32 = RATING_GROUP;
    } besides {
        user_name: one str = USER_NAME;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
    }
}
