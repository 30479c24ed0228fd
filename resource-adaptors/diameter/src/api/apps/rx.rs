//! Rx: what an application's media need of the bearers (TS 29.214 5.3, 5.6).

use super::base::{AuthSessionState, ExperimentalResult, RedirectHostUsage, TerminationCause};
use super::credit::{
    FinalUnitAction, GrantedServiceUnit, SubscriptionId, UsedServiceUnit, UserEquipmentInfo,
};
use super::cx::SupportedFeatures;
use super::gx::{IpCanType, RatType};
use crate::proto::dict::base::*;
use crate::proto::dict::credit::{
    FINAL_UNIT_ACTION, GRANTED_SERVICE_UNIT, SUBSCRIPTION_ID, USED_SERVICE_UNIT,
    USER_EQUIPMENT_INFO,
};
use crate::proto::dict::cx::SUPPORTED_FEATURES;
use crate::proto::dict::gx::{
    AN_GW_ADDRESS, IP_CAN_TYPE, NETLOC_ACCESS_SUPPORT, RAT_TYPE, TOS_TRAFFIC_CLASS,
};
use crate::proto::dict::nas::tgpp::{TGPP_MS_TIMEZONE, TGPP_SGSN_MCC_MNC, TGPP_USER_LOCATION_INFO};
use crate::proto::dict::nas::{CALLED_STATION_ID, FRAMED_IP_ADDRESS, FRAMED_IPV6_PREFIX};
use crate::proto::dict::rx::etsi::RESERVATION_PRIORITY;
use crate::proto::dict::rx::*;

enumerated! {
    /// Abort-Cause (TS 29.214).
    AbortCause of ABORT_CAUSE {
        BearerReleased = 0, InsufficientServerResources = 1, InsufficientBearerResources = 2, PsToCsHandover = 3,
        SponsoredDataConnectivityDisallowed = 4,
    }
    /// Flow-Status (TS 29.214).
    FlowStatus of FLOW_STATUS { EnabledUplink = 0, EnabledDownlink = 1, Enabled = 2, Disabled = 3, Removed = 4 }
    /// Flow-Usage (TS 29.214).
    FlowUsage of FLOW_USAGE { NoInformation = 0, Rtcp = 1, AfSignalling = 2 }
    /// SIP-Forking-Indication (TS 29.214).
    SipForkingIndication of SIP_FORKING_INDICATION { SingleDialogue = 0, SeveralDialogues = 1 }
    /// Service-Info-Status (TS 29.214).
    ServiceInfoStatus of SERVICE_INFO_STATUS { FinalServiceInformation = 0, PreliminaryServiceInformation = 1 }
    /// AF-Signalling-Protocol (TS 29.214).
    AfSignallingProtocol of AF_SIGNALLING_PROTOCOL { NoInformation = 0, Sip = 1 }
    /// Rx-Request-Type (TS 29.214).
    RxRequestType of RX_REQUEST_TYPE { InitialRequest = 0, UpdateRequest = 1, PcscfRestoration = 2 }
    /// Required-Access-Info (TS 29.214).
    RequiredAccessInfo of REQUIRED_ACCESS_INFO { UserLocation = 0, MsTimeZone = 1 }
    /// Sponsoring-Action (TS 29.214).
    SponsoringAction of SPONSORING_ACTION { DisableSponsoring = 0, EnableSponsoring = 1 }
    /// Priority-Sharing-Indicator (TS 29.214).
    PrioritySharingIndicator of PRIORITY_SHARING_INDICATOR {
        PrioritySharingEnabled = 0, PrioritySharingDisabled = 1,
    }
}

application! {
    /// Access-Network-Charging-Identifier (TS 29.214).
    group AccessNetworkChargingIdentifier of ACCESS_NETWORK_CHARGING_IDENTIFIER {
        access_network_charging_identifier_value: one bytes = ACCESS_NETWORK_CHARGING_IDENTIFIER_VALUE;
        flows: many group Flows = FLOWS;
    }
    /// Flows (TS 29.214).
    group Flows of FLOWS {
        media_component_number: one u32 = MEDIA_COMPONENT_NUMBER;
        final_unit_action: one value FinalUnitAction = FINAL_UNIT_ACTION;
        media_component_status: one u32 = MEDIA_COMPONENT_STATUS;
        flow_number: many u32 = FLOW_NUMBER;
        content_version: many u64 = CONTENT_VERSION;
    }
    /// Media-Component-Description (TS 29.214).
    group MediaComponentDescription of MEDIA_COMPONENT_DESCRIPTION {
        media_component_number: one u32 = MEDIA_COMPONENT_NUMBER;
        af_application_identifier: one bytes = AF_APPLICATION_IDENTIFIER;
        media_type: one i32 = MEDIA_TYPE;
        max_requested_bandwidth_ul: one u32 = MAX_REQUESTED_BANDWIDTH_UL;
        max_requested_bandwidth_dl: one u32 = MAX_REQUESTED_BANDWIDTH_DL;
        max_supported_bandwidth_ul: one u32 = MAX_SUPPORTED_BANDWIDTH_UL;
        max_supported_bandwidth_dl: one u32 = MAX_SUPPORTED_BANDWIDTH_DL;
        min_desired_bandwidth_ul: one u32 = MIN_DESIRED_BANDWIDTH_UL;
        min_desired_bandwidth_dl: one u32 = MIN_DESIRED_BANDWIDTH_DL;
        min_requested_bandwidth_ul: one u32 = MIN_REQUESTED_BANDWIDTH_UL;
        min_requested_bandwidth_dl: one u32 = MIN_REQUESTED_BANDWIDTH_DL;
        flow_status: one value FlowStatus = FLOW_STATUS;
        priority_sharing_indicator: one value PrioritySharingIndicator = PRIORITY_SHARING_INDICATOR;
        rs_bandwidth: one u32 = RS_BANDWIDTH;
        rr_bandwidth: one u32 = RR_BANDWIDTH;
        reservation_priority: one i32 = RESERVATION_PRIORITY;
        sharing_key_ul: one u32 = SHARING_KEY_UL;
        sharing_key_dl: one u32 = SHARING_KEY_DL;
        content_version: one u64 = CONTENT_VERSION;
        media_sub_component: many group MediaSubComponent = MEDIA_SUB_COMPONENT;
        codec_data: many bytes = CODEC_DATA;
    }
    /// Media-Sub-Component (TS 29.214).
    group MediaSubComponent of MEDIA_SUB_COMPONENT {
        flow_number: one u32 = FLOW_NUMBER;
        flow_status: one value FlowStatus = FLOW_STATUS;
        flow_usage: one value FlowUsage = FLOW_USAGE;
        max_requested_bandwidth_ul: one u32 = MAX_REQUESTED_BANDWIDTH_UL;
        max_requested_bandwidth_dl: one u32 = MAX_REQUESTED_BANDWIDTH_DL;
        af_signalling_protocol: one value AfSignallingProtocol = AF_SIGNALLING_PROTOCOL;
        tos_traffic_class: one bytes = TOS_TRAFFIC_CLASS;
        flow_description: many str = FLOW_DESCRIPTION;
    }
    /// Acceptable-Service-Info (TS 29.214).
    group AcceptableServiceInfo of ACCEPTABLE_SERVICE_INFO {
        max_requested_bandwidth_dl: one u32 = MAX_REQUESTED_BANDWIDTH_DL;
        max_requested_bandwidth_ul: one u32 = MAX_REQUESTED_BANDWIDTH_UL;
        media_component_description: many group MediaComponentDescription = MEDIA_COMPONENT_DESCRIPTION;
    }
    /// Sponsored-Connectivity-Data (TS 29.214).
    group SponsoredConnectivityData of SPONSORED_CONNECTIVITY_DATA {
        sponsor_identity: one str = SPONSOR_IDENTITY;
        application_service_provider_identity: one str = APPLICATION_SERVICE_PROVIDER_IDENTITY;
        granted_service_unit: one group GrantedServiceUnit = GRANTED_SERVICE_UNIT;
        used_service_unit: one group UsedServiceUnit = USED_SERVICE_UNIT;
        sponsoring_action: one value SponsoringAction = SPONSORING_ACTION;
    }

    /// Aa-Request (TS 29.214).
    request AaRequest as Aar of AA {
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        destination_realm: one identity = DESTINATION_REALM;
        destination_host: one identity = DESTINATION_HOST;
        ip_domain_id: one bytes = IP_DOMAIN_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        af_application_identifier: one bytes = AF_APPLICATION_IDENTIFIER;
        service_info_status: one value ServiceInfoStatus = SERVICE_INFO_STATUS;
        af_charging_identifier: one bytes = AF_CHARGING_IDENTIFIER;
        sip_forking_indication: one value SipForkingIndication = SIP_FORKING_INDICATION;
        reservation_priority: one i32 = RESERVATION_PRIORITY;
        framed_ip_address: one bytes = FRAMED_IP_ADDRESS;
        framed_ipv6_prefix: one bytes = FRAMED_IPV6_PREFIX;
        called_station_id: one str = CALLED_STATION_ID;
        service_urn: one bytes = SERVICE_URN;
        sponsored_connectivity_data: one group SponsoredConnectivityData = SPONSORED_CONNECTIVITY_DATA;
        mps_identifier: one bytes = MPS_IDENTIFIER;
        gcs_identifier: one bytes = GCS_IDENTIFIER;
        mcptt_identifier: one bytes = MCPTT_IDENTIFIER;
        rx_request_type: one value RxRequestType = RX_REQUEST_TYPE;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        media_component_description: many group MediaComponentDescription = MEDIA_COMPONENT_DESCRIPTION;
        specific_action: many i32 = SPECIFIC_ACTION;
        subscription_id: many group SubscriptionId = SUBSCRIPTION_ID;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        required_access_info: many value RequiredAccessInfo = REQUIRED_ACCESS_INFO;
    }
    /// Aa-Answer (TS 29.214).
    answer AaAnswer as Aaa of AA {
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        access_network_charging_address: one address = ACCESS_NETWORK_CHARGING_ADDRESS;
        acceptable_service_info: one group AcceptableServiceInfo = ACCEPTABLE_SERVICE_INFO;
        ip_can_type: one value IpCanType = IP_CAN_TYPE;
        rat_type: one value RatType = RAT_TYPE;
        retry_interval: one u32 = RETRY_INTERVAL;
        user_equipment_info: one group UserEquipmentInfo = USER_EQUIPMENT_INFO;
        error_message: one str = ERROR_MESSAGE;
        error_reporting_host: one identity = ERROR_REPORTING_HOST;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        redirect_host_usage: one value RedirectHostUsage = REDIRECT_HOST_USAGE;
        redirect_max_cache_time: one u32 = REDIRECT_MAX_CACHE_TIME;
        tgpp_user_location_info: one bytes = TGPP_USER_LOCATION_INFO;
        tgpp_ms_timezone: one bytes = TGPP_MS_TIMEZONE;
        tgpp_sgsn_mcc_mnc: one str = TGPP_SGSN_MCC_MNC;
        netloc_access_support: one u32 = NETLOC_ACCESS_SUPPORT;
        access_network_charging_identifier: many group AccessNetworkChargingIdentifier = ACCESS_NETWORK_CHARGING_IDENTIFIER;
        an_gw_address: many address = AN_GW_ADDRESS;
        flows: many group Flows = FLOWS;
        subscription_id: many group SubscriptionId = SUBSCRIPTION_ID;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        class: many bytes = CLASS;
        redirect_host: many uri = REDIRECT_HOST;
    }
    /// Re-Auth-Request (TS 29.214).
    request ReAuthRequest as RxRar of RX_RE_AUTH {
        access_network_charging_address: one address = ACCESS_NETWORK_CHARGING_ADDRESS;
        abort_cause: one value AbortCause = ABORT_CAUSE;
        ip_can_type: one value IpCanType = IP_CAN_TYPE;
        rat_type: one value RatType = RAT_TYPE;
        sponsored_connectivity_data: one group SponsoredConnectivityData = SPONSORED_CONNECTIVITY_DATA;
        tgpp_user_location_info: one bytes = TGPP_USER_LOCATION_INFO;
        tgpp_ms_timezone: one bytes = TGPP_MS_TIMEZONE;
        tgpp_sgsn_mcc_mnc: one str = TGPP_SGSN_MCC_MNC;
        access_network_charging_identifier: many group AccessNetworkChargingIdentifier = ACCESS_NETWORK_CHARGING_IDENTIFIER;
        an_gw_address: many address = AN_GW_ADDRESS;
        flows: many group Flows = FLOWS;
        subscription_id: many group SubscriptionId = SUBSCRIPTION_ID;
        class: many bytes = CLASS;
        specific_action: many i32 = SPECIFIC_ACTION;
    } besides {
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        destination_realm: one identity = DESTINATION_REALM;
        destination_host: one identity = DESTINATION_HOST;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
    }
    /// Re-Auth-Answer (TS 29.214).
    answer ReAuthAnswer as RxRaa of RX_RE_AUTH {
        service_urn: one bytes = SERVICE_URN;
        media_component_description: many group MediaComponentDescription = MEDIA_COMPONENT_DESCRIPTION;
        class: many bytes = CLASS;
    } besides {
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        error_message: one str = ERROR_MESSAGE;
        error_reporting_host: one identity = ERROR_REPORTING_HOST;
    }
    /// Session-Termination-Request (TS 29.214).
    request SessionTerminationRequest as RxStr of RX_SESSION_TERMINATION {
        required_access_info: many value RequiredAccessInfo = REQUIRED_ACCESS_INFO;
    } besides {
        destination_realm: one identity = DESTINATION_REALM;
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        termination_cause: one value TerminationCause = TERMINATION_CAUSE;
        destination_host: one identity = DESTINATION_HOST;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        class: many bytes = CLASS;
    }
    /// Session-Termination-Answer (TS 29.214).
    answer SessionTerminationAnswer as RxSta of RX_SESSION_TERMINATION {
        sponsored_connectivity_data: one group SponsoredConnectivityData = SPONSORED_CONNECTIVITY_DATA;
        tgpp_user_location_info: one bytes = TGPP_USER_LOCATION_INFO;
        tgpp_ms_timezone: one bytes = TGPP_MS_TIMEZONE;
        tgpp_sgsn_mcc_mnc: one str = TGPP_SGSN_MCC_MNC;
        netloc_access_support: one u32 = NETLOC_ACCESS_SUPPORT;
    } besides {
        error_message: one str = ERROR_MESSAGE;
        error_reporting_host: one identity = ERROR_REPORTING_HOST;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        redirect_host_usage: one value RedirectHostUsage = REDIRECT_HOST_USAGE;
        redirect_max_cache_time: one u32 = REDIRECT_MAX_CACHE_TIME;
        class: many bytes = CLASS;
        redirect_host: many uri = REDIRECT_HOST;
    }
    /// Abort-Session-Request (TS 29.214).
    request AbortSessionRequest as RxAsr of RX_ABORT_SESSION {
        abort_cause: one value AbortCause = ABORT_CAUSE;
    } besides {
        destination_realm: one identity = DESTINATION_REALM;
        destination_host: one identity = DESTINATION_HOST;
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
    }
    /// Abort-Session-Answer (TS 29.214).
    answer AbortSessionAnswer as RxAsa of RX_ABORT_SESSION {
    } besides {
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        error_message: one str = ERROR_MESSAGE;
        error_reporting_host: one identity = ERROR_REPORTING_HOST;
        redirect_host_usage: one value RedirectHostUsage = REDIRECT_HOST_USAGE;
        redirect_max_cache_time: one u32 = REDIRECT_MAX_CACHE_TIME;
        redirect_host: many uri = REDIRECT_HOST;
    }
}
