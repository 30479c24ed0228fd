//! Gx: policy and charging rules of a bearer session (TS 29.212 5.3, 5.6).

use super::base::{ExperimentalResult, ReAuthRequestType, RedirectHostUsage, TerminationCause};
use super::charging::{DynamicAddressFlag, DynamicAddressFlagExtension, UserCsgInformation};
use super::credit::{
    CcRequestType, FinalUnitIndication, GrantedServiceUnit, RedirectAddressType, SubscriptionId,
    UsedServiceUnit, UserEquipmentInfo,
};
use super::cx::{ChargingInformation, SupportedFeatures};
use super::rx::{AfSignallingProtocol, FlowStatus, Flows, RequiredAccessInfo};
use super::s6a::TraceData;
use crate::proto::dict::base::*;
use crate::proto::dict::charging::*;
use crate::proto::dict::credit::*;
use crate::proto::dict::cx::{CHARGING_INFORMATION, SUPPORTED_FEATURES};
use crate::proto::dict::gx::tgpp2::TGPP2_BSID;
use crate::proto::dict::gx::*;
use crate::proto::dict::nas::tgpp::*;
use crate::proto::dict::nas::{CALLED_STATION_ID, FRAMED_IP_ADDRESS, FRAMED_IPV6_PREFIX};
use crate::proto::dict::rx::*;
use crate::proto::dict::s6a::{SSID, TRACE_DATA, TRACE_REFERENCE};

enumerated! {
    /// Bearer-Usage (TS 29.212).
    BearerUsage of BEARER_USAGE { General = 0, ImsSignalling = 1, Dedicated = 2 }
    /// Metering-Method (TS 29.212).
    MeteringMethod of METERING_METHOD { Duration = 0, Volume = 1, DurationVolume = 2, Event = 3 }
    /// Offline (TS 29.212).
    Offline of OFFLINE { DisableOffline = 0, EnableOffline = 1 }
    /// Online (TS 29.212).
    Online of ONLINE { DisableOnline = 0, EnableOnline = 1 }
    /// Reporting-Level (TS 29.212).
    ReportingLevel of REPORTING_LEVEL {
        ServiceIdentifierLevel = 0, RatingGroupLevel = 1, SponsoredConnectivityLevel = 2,
    }
    /// PDP-Session-Operation (TS 29.212).
    PdpSessionOperation of PDP_SESSION_OPERATION { PdpSessionTermination = 0 }
    /// PCC-Rule-Status (TS 29.212).
    PccRuleStatus of PCC_RULE_STATUS { Active = 0, Inactive = 1, TemporarilyInactive = 2 }
    /// Bearer-Operation (TS 29.212).
    BearerOperation of BEARER_OPERATION { Termination = 0, Establishment = 1, Modification = 2 }
    /// Bearer-Control-Mode (TS 29.212).
    BearerControlMode of BEARER_CONTROL_MODE { UeOnly = 0, Reserved = 1, UeNw = 2 }
    /// Network-Request-Support (TS 29.212).
    NetworkRequestSupport of NETWORK_REQUEST_SUPPORT {
        NetworkRequestNotSupported = 0, NetworkRequestSupported = 1,
    }
    /// IP-CAN-Type (TS 29.212).
    IpCanType of IP_CAN_TYPE {
        TgppGprs = 0, Docsis = 1, XDSL = 2, WiMAX = 3, Tgpp2 = 4, TgppEps = 5, Non3gppEps = 6, Fba = 7, Tgpp5gs = 8,
        Non3gpp5gs = 9,
    }
    /// QoS-Negotiation (TS 29.212).
    QoSNegotiation of QOS_NEGOTIATION { NoQoSNegotiation = 0, QoSNegotiationSupported = 1 }
    /// QoS-Upgrade (TS 29.212).
    QoSUpgrade of QOS_UPGRADE { QoSUpgradeNotSupported = 0, QoSUpgradeSupported = 1 }
    /// RAT-Type (TS 29.212).
    RatType of RAT_TYPE {
        Wlan = 0, Virtual = 1, TrustedN3ga = 2, Wireline = 3, WirelineCable = 4, WirelineBbf = 5, Utran = 1000,
        Geran = 1001, Gan = 1002, HspaEvolution = 1003, Eutran = 1004, EutranNbIoT = 1005, Nr = 1006, LteM = 1007,
        NrU = 1008, EutranLeo = 1011, EutranMeo = 1012, EutranGeo = 1013, EutranOthersat = 1014, Cdma20001x = 2000,
        Hrpd = 2001, Umb = 2002, Ehrpd = 2003,
    }
    /// Session-Release-Cause (TS 29.212).
    SessionReleaseCause of SESSION_RELEASE_CAUSE {
        UnspecifiedReason = 0, UeSubscriptionReason = 1, InsufficientServerResources = 2,
        IpCanSessionTermination = 3, UeIpAddressRelease = 4,
    }
    /// Pre-emption-Capability (TS 29.212).
    PreEmptionCapability of PRE_EMPTION_CAPABILITY {
        PreEmptionCapabilityEnabled = 0, PreEmptionCapabilityDisabled = 1,
    }
    /// Pre-emption-Vulnerability (TS 29.212).
    PreEmptionVulnerability of PRE_EMPTION_VULNERABILITY {
        PreEmptionVulnerabilityEnabled = 0, PreEmptionVulnerabilityDisabled = 1,
    }
    /// Packet-Filter-Operation (TS 29.212).
    PacketFilterOperation of PACKET_FILTER_OPERATION { Deletion = 0, Addition = 1, Modification = 2 }
    /// Resource-Allocation-Notification (TS 29.212).
    ResourceAllocationNotification of RESOURCE_ALLOCATION_NOTIFICATION { EnableNotification = 0 }
    /// Usage-Monitoring-Level (TS 29.212).
    UsageMonitoringLevel of USAGE_MONITORING_LEVEL { SessionLevel = 0, PccRuleLevel = 1, AdcRuleLevel = 2 }
    /// Usage-Monitoring-Report (TS 29.212).
    UsageMonitoringReport of USAGE_MONITORING_REPORT { UsageMonitoringReportRequired = 0 }
    /// Usage-Monitoring-Support (TS 29.212).
    UsageMonitoringSupport of USAGE_MONITORING_SUPPORT { UsageMonitoringDisabled = 0 }
    /// CSG-Information-Reporting (TS 29.212).
    CsgInformationReporting of CSG_INFORMATION_REPORTING {
        ChangeCsgCell = 0, ChangeCsgSubscribedHybridCell = 1, ChangeCsgUnsubscribedHybridCell = 2,
    }
    /// Packet-Filter-Usage (TS 29.212).
    PacketFilterUsage of PACKET_FILTER_USAGE { SendToUe = 1 }
    /// Charging-Correlation-Indicator (TS 29.212).
    ChargingCorrelationIndicator of CHARGING_CORRELATION_INDICATOR { ChargingIdentifierRequired = 0 }
    /// Flow-Direction (TS 29.212).
    FlowDirection of FLOW_DIRECTION { Unspecified = 0, Downlink = 1, Uplink = 2, Bidirectional = 3 }
    /// Redirect-Support (TS 29.212).
    RedirectSupport of REDIRECT_SUPPORT { RedirectionDisabled = 0, RedirectionEnabled = 1 }
    /// PS-to-CS-Session-Continuity (TS 29.212).
    PsToCsSessionContinuity of PS_TO_CS_SESSION_CONTINUITY { VideoPs2csContCandidate = 0 }
    /// CS-Service-QoS-Request-Operation (TS 29.212).
    CsServiceQoSRequestOperation of CS_SERVICE_QOS_REQUEST_OPERATION { Deletion = 0, Modification = 1 }
    /// Mute-Notification (TS 29.212).
    MuteNotification of MUTE_NOTIFICATION { MuteRequired = 0 }
    /// AN-GW-Status (TS 29.212).
    AnGwStatus of AN_GW_STATUS { AnGwFailed = 0 }
    /// IP-CAN-Session-Charging-Scope (TS 29.212).
    IpCanSessionChargingScope of IP_CAN_SESSION_CHARGING_SCOPE { IpCanSessionScope = 0 }
    /// Default-Bearer-Indication (TS 29.212).
    DefaultBearerIndication of DEFAULT_BEARER_INDICATION { BindToDefBearer = 0, BindToApplicableBearer = 1 }
    /// 3GPP-PS-Data-Off-Status (TS 29.212).
    TgppPsDataOffStatus of TGPP_PS_DATA_OFF_STATUS { Active = 0, Inactive = 1 }
}

application! {
    /// Charging-Rule-Install (TS 29.212).
    group ChargingRuleInstall of CHARGING_RULE_INSTALL {
        bearer_identifier: one bytes = BEARER_IDENTIFIER;
        monitoring_flags: one u32 = MONITORING_FLAGS;
        rule_activation_time: one time = RULE_ACTIVATION_TIME;
        rule_deactivation_time: one time = RULE_DEACTIVATION_TIME;
        resource_allocation_notification: one value ResourceAllocationNotification = RESOURCE_ALLOCATION_NOTIFICATION;
        charging_correlation_indicator: one value ChargingCorrelationIndicator = CHARGING_CORRELATION_INDICATOR;
        ip_can_type: one value IpCanType = IP_CAN_TYPE;
        charging_rule_definition: many group ChargingRuleDefinition = CHARGING_RULE_DEFINITION;
        charging_rule_name: many bytes = CHARGING_RULE_NAME;
        charging_rule_base_name: many str = CHARGING_RULE_BASE_NAME;
    }
    /// Charging-Rule-Remove (TS 29.212).
    group ChargingRuleRemove of CHARGING_RULE_REMOVE {
        charging_rule_name: many bytes = CHARGING_RULE_NAME;
        charging_rule_base_name: many str = CHARGING_RULE_BASE_NAME;
        required_access_info: many value RequiredAccessInfo = REQUIRED_ACCESS_INFO;
    }
    /// Charging-Rule-Definition (TS 29.212).
    group ChargingRuleDefinition of CHARGING_RULE_DEFINITION {
        charging_rule_name: one bytes = CHARGING_RULE_NAME;
        service_identifier: one u32 = SERVICE_IDENTIFIER;
        rating_group: one u32 = RATING_GROUP;
        default_bearer_indication: one value DefaultBearerIndication = DEFAULT_BEARER_INDICATION;
        tdf_application_identifier: one bytes = TDF_APPLICATION_IDENTIFIER;
        flow_status: one value FlowStatus = FLOW_STATUS;
        qos_information: one group QoSInformation = QOS_INFORMATION;
        ps_to_cs_session_continuity: one value PsToCsSessionContinuity = PS_TO_CS_SESSION_CONTINUITY;
        reporting_level: one value ReportingLevel = REPORTING_LEVEL;
        online: one value Online = ONLINE;
        offline: one value Offline = OFFLINE;
        metering_method: one value MeteringMethod = METERING_METHOD;
        precedence: one u32 = PRECEDENCE;
        af_charging_identifier: one bytes = AF_CHARGING_IDENTIFIER;
        af_signalling_protocol: one value AfSignallingProtocol = AF_SIGNALLING_PROTOCOL;
        sponsor_identity: one str = SPONSOR_IDENTITY;
        application_service_provider_identity: one str = APPLICATION_SERVICE_PROVIDER_IDENTITY;
        monitoring_key: one bytes = MONITORING_KEY;
        redirect_information: one group RedirectInformation = REDIRECT_INFORMATION;
        mute_notification: one value MuteNotification = MUTE_NOTIFICATION;
        sharing_key_dl: one u32 = SHARING_KEY_DL;
        sharing_key_ul: one u32 = SHARING_KEY_UL;
        flow_information: many group FlowInformation = FLOW_INFORMATION;
        flows: many group Flows = FLOWS;
        required_access_info: many value RequiredAccessInfo = REQUIRED_ACCESS_INFO;
    }
    /// TFT-Packet-Filter-Information (TS 29.212).
    group TftPacketFilterInformation of TFT_PACKET_FILTER_INFORMATION {
        precedence: one u32 = PRECEDENCE;
        tft_filter: one str = TFT_FILTER;
        tos_traffic_class: one bytes = TOS_TRAFFIC_CLASS;
        security_parameter_index: one bytes = SECURITY_PARAMETER_INDEX;
        flow_label: one bytes = FLOW_LABEL;
        flow_direction: one value FlowDirection = FLOW_DIRECTION;
    }
    /// QoS-Information (TS 29.212).
    group QoSInformation of QOS_INFORMATION {
        qos_class_identifier: one i32 = QOS_CLASS_IDENTIFIER;
        max_requested_bandwidth_ul: one u32 = MAX_REQUESTED_BANDWIDTH_UL;
        max_requested_bandwidth_dl: one u32 = MAX_REQUESTED_BANDWIDTH_DL;
        guaranteed_bitrate_ul: one u32 = GUARANTEED_BITRATE_UL;
        guaranteed_bitrate_dl: one u32 = GUARANTEED_BITRATE_DL;
        bearer_identifier: one bytes = BEARER_IDENTIFIER;
        allocation_retention_priority: one group AllocationRetentionPriority = ALLOCATION_RETENTION_PRIORITY;
        apn_aggregate_max_bitrate_ul: one u32 = APN_AGGREGATE_MAX_BITRATE_UL;
        apn_aggregate_max_bitrate_dl: one u32 = APN_AGGREGATE_MAX_BITRATE_DL;
        conditional_apn_aggregate_max_bitrate: many group ConditionalApnAggregateMaxBitrate = CONDITIONAL_APN_AGGREGATE_MAX_BITRATE;
    }
    /// Charging-Rule-Report (TS 29.212).
    group ChargingRuleReport of CHARGING_RULE_REPORT {
        bearer_identifier: one bytes = BEARER_IDENTIFIER;
        pcc_rule_status: one value PccRuleStatus = PCC_RULE_STATUS;
        rule_failure_code: one i32 = RULE_FAILURE_CODE;
        final_unit_indication: one group FinalUnitIndication = FINAL_UNIT_INDICATION;
        charging_rule_name: many bytes = CHARGING_RULE_NAME;
        charging_rule_base_name: many str = CHARGING_RULE_BASE_NAME;
        ran_nas_release_cause: many bytes = RAN_NAS_RELEASE_CAUSE;
        content_version: many u64 = CONTENT_VERSION;
    }
    /// Access-Network-Charging-Identifier-Gx (TS 29.212).
    group AccessNetworkChargingIdentifierGx of ACCESS_NETWORK_CHARGING_IDENTIFIER_GX {
        access_network_charging_identifier_value: one bytes = ACCESS_NETWORK_CHARGING_IDENTIFIER_VALUE;
        ip_can_session_charging_scope: one value IpCanSessionChargingScope = IP_CAN_SESSION_CHARGING_SCOPE;
        charging_rule_base_name: many str = CHARGING_RULE_BASE_NAME;
        charging_rule_name: many bytes = CHARGING_RULE_NAME;
    }
    /// Event-Report-Indication (TS 29.212).
    group EventReportIndication of EVENT_REPORT_INDICATION {
        user_csg_information: one group UserCsgInformation = USER_CSG_INFORMATION;
        ip_can_type: one value IpCanType = IP_CAN_TYPE;
        rat_type: one value RatType = RAT_TYPE;
        qos_information: one group QoSInformation = QOS_INFORMATION;
        rai: one str = RAI;
        tgpp_user_location_info: one bytes = TGPP_USER_LOCATION_INFO;
        trace_data: one group TraceData = TRACE_DATA;
        trace_reference: one bytes = TRACE_REFERENCE;
        tgpp2_bsid: one bytes = TGPP2_BSID;
        tgpp_ms_timezone: one bytes = TGPP_MS_TIMEZONE;
        tgpp_sgsn_address: one bytes = TGPP_SGSN_ADDRESS;
        tgpp_sgsn_ipv6_address: one bytes = TGPP_SGSN_IPV6_ADDRESS;
        tgpp_sgsn_mcc_mnc: one str = TGPP_SGSN_MCC_MNC;
        framed_ip_address: one bytes = FRAMED_IP_ADDRESS;
        ue_local_ip_address: one address = UE_LOCAL_IP_ADDRESS;
        henb_local_ip_address: one address = HENB_LOCAL_IP_ADDRESS;
        udp_source_port: one u32 = UDP_SOURCE_PORT;
        event_trigger: many i32 = EVENT_TRIGGER;
        framed_ipv6_prefix: many bytes = FRAMED_IPV6_PREFIX;
        an_gw_address: many address = AN_GW_ADDRESS;
    }
    /// Allocation-Retention-Priority (TS 29.212).
    group AllocationRetentionPriority of ALLOCATION_RETENTION_PRIORITY {
        priority_level: one u32 = PRIORITY_LEVEL;
        pre_emption_capability: one value PreEmptionCapability = PRE_EMPTION_CAPABILITY;
        pre_emption_vulnerability: one value PreEmptionVulnerability = PRE_EMPTION_VULNERABILITY;
    }
    /// Tunnel-Information (TS 29.212).
    group TunnelInformation of TUNNEL_INFORMATION {
        tunnel_header_length: one u32 = TUNNEL_HEADER_LENGTH;
        tunnel_header_filter: many str = TUNNEL_HEADER_FILTER;
    }
    /// CoA-Information (TS 29.212).
    group CoAInformation of COA_INFORMATION {
        tunnel_information: one group TunnelInformation = TUNNEL_INFORMATION;
        coa_ip_address: one address = COA_IP_ADDRESS;
    }
    /// Default-EPS-Bearer-QoS (TS 29.212).
    group DefaultEpsBearerQoS of DEFAULT_EPS_BEARER_QOS {
        qos_class_identifier: one i32 = QOS_CLASS_IDENTIFIER;
        allocation_retention_priority: one group AllocationRetentionPriority = ALLOCATION_RETENTION_PRIORITY;
    }
    /// Flow-Information (TS 29.212).
    group FlowInformation of FLOW_INFORMATION {
        flow_description: one str = FLOW_DESCRIPTION;
        packet_filter_identifier: one bytes = PACKET_FILTER_IDENTIFIER;
        packet_filter_usage: one value PacketFilterUsage = PACKET_FILTER_USAGE;
        tos_traffic_class: one bytes = TOS_TRAFFIC_CLASS;
        security_parameter_index: one bytes = SECURITY_PARAMETER_INDEX;
        flow_label: one bytes = FLOW_LABEL;
        flow_direction: one value FlowDirection = FLOW_DIRECTION;
        routing_rule_identifier: one bytes = ROUTING_RULE_IDENTIFIER;
    }
    /// Packet-Filter-Information (TS 29.212).
    group PacketFilterInformation of PACKET_FILTER_INFORMATION {
        packet_filter_identifier: one bytes = PACKET_FILTER_IDENTIFIER;
        precedence: one u32 = PRECEDENCE;
        packet_filter_content: one str = PACKET_FILTER_CONTENT;
        tos_traffic_class: one bytes = TOS_TRAFFIC_CLASS;
        security_parameter_index: one bytes = SECURITY_PARAMETER_INDEX;
        flow_label: one bytes = FLOW_LABEL;
        flow_direction: one value FlowDirection = FLOW_DIRECTION;
    }
    /// Usage-Monitoring-Information (TS 29.212).
    group UsageMonitoringInformation of USAGE_MONITORING_INFORMATION {
        monitoring_key: one bytes = MONITORING_KEY;
        usage_monitoring_level: one value UsageMonitoringLevel = USAGE_MONITORING_LEVEL;
        usage_monitoring_report: one value UsageMonitoringReport = USAGE_MONITORING_REPORT;
        usage_monitoring_support: one value UsageMonitoringSupport = USAGE_MONITORING_SUPPORT;
        granted_service_unit: many group GrantedServiceUnit = GRANTED_SERVICE_UNIT;
        used_service_unit: many group UsedServiceUnit = USED_SERVICE_UNIT;
    }
    /// Routing-Rule-Remove (TS 29.212).
    group RoutingRuleRemove of ROUTING_RULE_REMOVE {
        routing_rule_identifier: many bytes = ROUTING_RULE_IDENTIFIER;
    }
    /// Routing-Rule-Definition (TS 29.212).
    group RoutingRuleDefinition of ROUTING_RULE_DEFINITION {
        routing_rule_identifier: one bytes = ROUTING_RULE_IDENTIFIER;
        precedence: one u32 = PRECEDENCE;
        routing_ip_address: one address = ROUTING_IP_ADDRESS;
        ip_can_type: one value IpCanType = IP_CAN_TYPE;
        routing_filter: many group RoutingFilter = ROUTING_FILTER;
    }
    /// Routing-Filter (TS 29.212).
    group RoutingFilter of ROUTING_FILTER {
        flow_description: one str = FLOW_DESCRIPTION;
        flow_direction: one value FlowDirection = FLOW_DIRECTION;
        tos_traffic_class: one bytes = TOS_TRAFFIC_CLASS;
        security_parameter_index: one bytes = SECURITY_PARAMETER_INDEX;
        flow_label: one bytes = FLOW_LABEL;
    }
    /// Routing-Rule-Install (TS 29.212).
    group RoutingRuleInstall of ROUTING_RULE_INSTALL {
        routing_rule_definition: many group RoutingRuleDefinition = ROUTING_RULE_DEFINITION;
    }
    /// Redirect-Information (TS 29.212).
    group RedirectInformation of REDIRECT_INFORMATION {
        redirect_support: one value RedirectSupport = REDIRECT_SUPPORT;
        redirect_address_type: one value RedirectAddressType = REDIRECT_ADDRESS_TYPE;
        redirect_server_address: one str = REDIRECT_SERVER_ADDRESS;
    }
    /// TDF-Information (TS 29.212).
    group TdfInformation of TDF_INFORMATION {
        tdf_destination_realm: one identity = TDF_DESTINATION_REALM;
        tdf_destination_host: one identity = TDF_DESTINATION_HOST;
        tdf_ip_address: one address = TDF_IP_ADDRESS;
    }
    /// Application-Detection-Information (TS 29.212).
    group ApplicationDetectionInformation of APPLICATION_DETECTION_INFORMATION {
        tdf_application_identifier: one bytes = TDF_APPLICATION_IDENTIFIER;
        tdf_application_instance_identifier: one bytes = TDF_APPLICATION_INSTANCE_IDENTIFIER;
        flow_information: many group FlowInformation = FLOW_INFORMATION;
    }
    /// Default-QoS-Information (TS 29.212).
    group DefaultQoSInformation of DEFAULT_QOS_INFORMATION {
        qos_class_identifier: one i32 = QOS_CLASS_IDENTIFIER;
        max_requested_bandwidth_ul: one u32 = MAX_REQUESTED_BANDWIDTH_UL;
        max_requested_bandwidth_dl: one u32 = MAX_REQUESTED_BANDWIDTH_DL;
        default_qos_name: one str = DEFAULT_QOS_NAME;
    }
    /// Conditional-APN-Aggregate-Max-Bitrate (TS 29.212).
    group ConditionalApnAggregateMaxBitrate of CONDITIONAL_APN_AGGREGATE_MAX_BITRATE {
        apn_aggregate_max_bitrate_ul: one u32 = APN_AGGREGATE_MAX_BITRATE_UL;
        apn_aggregate_max_bitrate_dl: one u32 = APN_AGGREGATE_MAX_BITRATE_DL;
        ip_can_type: many value IpCanType = IP_CAN_TYPE;
        rat_type: many value RatType = RAT_TYPE;
    }
    /// Presence-Reporting-Area-Information (TS 29.212).
    group PresenceReportingAreaInformation of PRESENCE_REPORTING_AREA_INFORMATION {
        presence_reporting_area_identifier: one bytes = PRESENCE_REPORTING_AREA_IDENTIFIER;
        presence_reporting_area_status: one u32 = PRESENCE_REPORTING_AREA_STATUS;
        presence_reporting_area_elements_list: one bytes = PRESENCE_REPORTING_AREA_ELEMENTS_LIST;
    }
    /// Fixed-User-Location-Info (TS 29.212).
    group FixedUserLocationInfo of FIXED_USER_LOCATION_INFO {
        ssid: one str = SSID;
        bssid: one str = BSSID;
    }

    /// Credit-Control-Request (TS 29.212).
    request CreditControlRequest as GxCcr of GX_CREDIT_CONTROL {
        credit_management_status: one u32 = CREDIT_MANAGEMENT_STATUS;
        tdf_information: one group TdfInformation = TDF_INFORMATION;
        network_request_support: one value NetworkRequestSupport = NETWORK_REQUEST_SUPPORT;
        packet_filter_operation: one value PacketFilterOperation = PACKET_FILTER_OPERATION;
        bearer_identifier: one bytes = BEARER_IDENTIFIER;
        bearer_operation: one value BearerOperation = BEARER_OPERATION;
        dynamic_address_flag: one value DynamicAddressFlag = DYNAMIC_ADDRESS_FLAG;
        dynamic_address_flag_extension: one value DynamicAddressFlagExtension = DYNAMIC_ADDRESS_FLAG_EXTENSION;
        pdn_connection_charging_id: one u32 = PDN_CONNECTION_CHARGING_ID;
        framed_ip_address: one bytes = FRAMED_IP_ADDRESS;
        framed_ipv6_prefix: one bytes = FRAMED_IPV6_PREFIX;
        ip_can_type: one value IpCanType = IP_CAN_TYPE;
        tgpp_rat_type: one bytes = TGPP_RAT_TYPE;
        rat_type: one value RatType = RAT_TYPE;
        qos_information: one group QoSInformation = QOS_INFORMATION;
        qos_negotiation: one value QoSNegotiation = QOS_NEGOTIATION;
        qos_upgrade: one value QoSUpgrade = QOS_UPGRADE;
        default_eps_bearer_qos: one group DefaultEpsBearerQoS = DEFAULT_EPS_BEARER_QOS;
        default_qos_information: one group DefaultQoSInformation = DEFAULT_QOS_INFORMATION;
        an_gw_status: one value AnGwStatus = AN_GW_STATUS;
        tgpp_sgsn_mcc_mnc: one str = TGPP_SGSN_MCC_MNC;
        tgpp_sgsn_address: one bytes = TGPP_SGSN_ADDRESS;
        tgpp_sgsn_ipv6_address: one bytes = TGPP_SGSN_IPV6_ADDRESS;
        tgpp_ggsn_address: one bytes = TGPP_GGSN_ADDRESS;
        tgpp_ggsn_ipv6_address: one bytes = TGPP_GGSN_IPV6_ADDRESS;
        tgpp_selection_mode: one str = TGPP_SELECTION_MODE;
        rai: one str = RAI;
        tgpp_user_location_info: one bytes = TGPP_USER_LOCATION_INFO;
        fixed_user_location_info: one group FixedUserLocationInfo = FIXED_USER_LOCATION_INFO;
        user_location_info_time: one time = USER_LOCATION_INFO_TIME;
        user_csg_information: one group UserCsgInformation = USER_CSG_INFORMATION;
        tgpp_ms_timezone: one bytes = TGPP_MS_TIMEZONE;
        tgpp_charging_characteristics: one str = TGPP_CHARGING_CHARACTERISTICS;
        called_station_id: one str = CALLED_STATION_ID;
        pdn_connection_id: one bytes = PDN_CONNECTION_ID;
        bearer_usage: one value BearerUsage = BEARER_USAGE;
        online: one value Online = ONLINE;
        offline: one value Offline = OFFLINE;
        event_report_indication: one group EventReportIndication = EVENT_REPORT_INDICATION;
        access_network_charging_address: one address = ACCESS_NETWORK_CHARGING_ADDRESS;
        ue_local_ip_address: one address = UE_LOCAL_IP_ADDRESS;
        udp_source_port: one u32 = UDP_SOURCE_PORT;
        henb_local_ip_address: one address = HENB_LOCAL_IP_ADDRESS;
        tgpp_ps_data_off_status: one value TgppPsDataOffStatus = TGPP_PS_DATA_OFF_STATUS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        packet_filter_information: many group PacketFilterInformation = PACKET_FILTER_INFORMATION;
        an_gw_address: many address = AN_GW_ADDRESS;
        ran_nas_release_cause: many bytes = RAN_NAS_RELEASE_CAUSE;
        tft_packet_filter_information: many group TftPacketFilterInformation = TFT_PACKET_FILTER_INFORMATION;
        charging_rule_report: many group ChargingRuleReport = CHARGING_RULE_REPORT;
        application_detection_information: many group ApplicationDetectionInformation = APPLICATION_DETECTION_INFORMATION;
        event_trigger: many i32 = EVENT_TRIGGER;
        access_network_charging_identifier_gx: many group AccessNetworkChargingIdentifierGx = ACCESS_NETWORK_CHARGING_IDENTIFIER_GX;
        coa_information: many group CoAInformation = COA_INFORMATION;
        usage_monitoring_information: many group UsageMonitoringInformation = USAGE_MONITORING_INFORMATION;
        presence_reporting_area_information: many group PresenceReportingAreaInformation = PRESENCE_REPORTING_AREA_INFORMATION;
    } besides {
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        destination_realm: one identity = DESTINATION_REALM;
        cc_request_type: one value CcRequestType = CC_REQUEST_TYPE;
        cc_request_number: one u32 = CC_REQUEST_NUMBER;
        destination_host: one identity = DESTINATION_HOST;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        termination_cause: one value TerminationCause = TERMINATION_CAUSE;
        user_equipment_info: one group UserEquipmentInfo = USER_EQUIPMENT_INFO;
        subscription_id: many group SubscriptionId = SUBSCRIPTION_ID;
    }
    /// Credit-Control-Answer (TS 29.212).
    answer CreditControlAnswer as GxCca of GX_CREDIT_CONTROL {
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        bearer_control_mode: one value BearerControlMode = BEARER_CONTROL_MODE;
        event_report_indication: one group EventReportIndication = EVENT_REPORT_INDICATION;
        charging_information: one group ChargingInformation = CHARGING_INFORMATION;
        online: one value Online = ONLINE;
        offline: one value Offline = OFFLINE;
        revalidation_time: one time = REVALIDATION_TIME;
        default_eps_bearer_qos: one group DefaultEpsBearerQoS = DEFAULT_EPS_BEARER_QOS;
        default_qos_information: one group DefaultQoSInformation = DEFAULT_QOS_INFORMATION;
        bearer_usage: one value BearerUsage = BEARER_USAGE;
        tgpp_user_location_info: one bytes = TGPP_USER_LOCATION_INFO;
        user_csg_information: one group UserCsgInformation = USER_CSG_INFORMATION;
        session_release_cause: one value SessionReleaseCause = SESSION_RELEASE_CAUSE;
        error_message: one str = ERROR_MESSAGE;
        error_reporting_host: one identity = ERROR_REPORTING_HOST;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        event_trigger: many i32 = EVENT_TRIGGER;
        charging_rule_remove: many group ChargingRuleRemove = CHARGING_RULE_REMOVE;
        charging_rule_install: many group ChargingRuleInstall = CHARGING_RULE_INSTALL;
        qos_information: many group QoSInformation = QOS_INFORMATION;
        usage_monitoring_information: many group UsageMonitoringInformation = USAGE_MONITORING_INFORMATION;
        csg_information_reporting: many value CsgInformationReporting = CSG_INFORMATION_REPORTING;
        presence_reporting_area_information: many group PresenceReportingAreaInformation = PRESENCE_REPORTING_AREA_INFORMATION;
    } besides {
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        cc_request_type: one value CcRequestType = CC_REQUEST_TYPE;
        cc_request_number: one u32 = CC_REQUEST_NUMBER;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        redirect_host_usage: one value RedirectHostUsage = REDIRECT_HOST_USAGE;
        redirect_max_cache_time: one u32 = REDIRECT_MAX_CACHE_TIME;
        redirect_host: many uri = REDIRECT_HOST;
    }
    /// Re-Auth-Request (TS 29.212).
    request ReAuthRequest as GxRar of GX_RE_AUTH {
        session_release_cause: one value SessionReleaseCause = SESSION_RELEASE_CAUSE;
        event_report_indication: one group EventReportIndication = EVENT_REPORT_INDICATION;
        default_eps_bearer_qos: one group DefaultEpsBearerQoS = DEFAULT_EPS_BEARER_QOS;
        default_qos_information: one group DefaultQoSInformation = DEFAULT_QOS_INFORMATION;
        revalidation_time: one time = REVALIDATION_TIME;
        pcscf_restoration_indication: one u32 = PCSCF_RESTORATION_INDICATION;
        user_csg_information: one group UserCsgInformation = USER_CSG_INFORMATION;
        event_trigger: many i32 = EVENT_TRIGGER;
        charging_rule_remove: many group ChargingRuleRemove = CHARGING_RULE_REMOVE;
        charging_rule_install: many group ChargingRuleInstall = CHARGING_RULE_INSTALL;
        qos_information: many group QoSInformation = QOS_INFORMATION;
        usage_monitoring_information: many group UsageMonitoringInformation = USAGE_MONITORING_INFORMATION;
        csg_information_reporting: many value CsgInformationReporting = CSG_INFORMATION_REPORTING;
        presence_reporting_area_information: many group PresenceReportingAreaInformation = PRESENCE_REPORTING_AREA_INFORMATION;
    } besides {
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        destination_realm: one identity = DESTINATION_REALM;
        destination_host: one identity = DESTINATION_HOST;
        re_auth_request_type: one value ReAuthRequestType = RE_AUTH_REQUEST_TYPE;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
    }
    /// Re-Auth-Answer (TS 29.212).
    answer ReAuthAnswer as GxRaa of GX_RE_AUTH {
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        ip_can_type: one value IpCanType = IP_CAN_TYPE;
        rat_type: one value RatType = RAT_TYPE;
        tgpp_sgsn_mcc_mnc: one str = TGPP_SGSN_MCC_MNC;
        tgpp_sgsn_address: one bytes = TGPP_SGSN_ADDRESS;
        tgpp_sgsn_ipv6_address: one bytes = TGPP_SGSN_IPV6_ADDRESS;
        rai: one str = RAI;
        tgpp_user_location_info: one bytes = TGPP_USER_LOCATION_INFO;
        user_location_info_time: one time = USER_LOCATION_INFO_TIME;
        netloc_access_support: one u32 = NETLOC_ACCESS_SUPPORT;
        user_csg_information: one group UserCsgInformation = USER_CSG_INFORMATION;
        tgpp_ms_timezone: one bytes = TGPP_MS_TIMEZONE;
        default_qos_information: one group DefaultQoSInformation = DEFAULT_QOS_INFORMATION;
        an_gw_address: many address = AN_GW_ADDRESS;
        charging_rule_report: many group ChargingRuleReport = CHARGING_RULE_REPORT;
        access_network_charging_identifier_gx: many group AccessNetworkChargingIdentifierGx = ACCESS_NETWORK_CHARGING_IDENTIFIER_GX;
    } besides {
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        error_message: one str = ERROR_MESSAGE;
        error_reporting_host: one identity = ERROR_REPORTING_HOST;
    }
}
