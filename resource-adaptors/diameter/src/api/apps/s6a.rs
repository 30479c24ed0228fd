//! S6a and S6d: location, authentication and subscriber data of mobile users (TS 29.272 7.2, 7.3); S13: their equipment.

use super::base::{AuthSessionState, ExperimentalResult, VendorSpecificApplicationId};
use super::charging::UserCsgInformation;
use super::cx::SupportedFeatures;
use super::gx::{AllocationRetentionPriority, RatType};
use crate::proto::dict::base::{
    AUTH_SESSION_STATE, DESTINATION_HOST, DESTINATION_REALM, EXPERIMENTAL_RESULT, USER_NAME,
    VENDOR_SPECIFIC_APPLICATION_ID,
};
use crate::proto::dict::charging::{PDP_ADDRESS, SERVED_PARTY_IP_ADDRESS, USER_CSG_INFORMATION};
use crate::proto::dict::cx::{
    CONFIDENTIALITY_KEY, INTEGRITY_KEY, SUPPORTED_FEATURES, VISITED_NETWORK_IDENTIFIER,
};
use crate::proto::dict::gx::{ALLOCATION_RETENTION_PRIORITY, QOS_CLASS_IDENTIFIER, RAT_TYPE};
use crate::proto::dict::nas::tgpp::TGPP_CHARGING_CHARACTERISTICS;
use crate::proto::dict::rx::{MAX_REQUESTED_BANDWIDTH_DL, MAX_REQUESTED_BANDWIDTH_UL};
use crate::proto::dict::s6a::mip6::{
    MIP_HOME_AGENT_ADDRESS, MIP_HOME_AGENT_HOST, MIP6_AGENT_INFO, SERVICE_SELECTION,
};
use crate::proto::dict::s6a::*;
use crate::proto::dict::sh::MSISDN;

enumerated! {
    /// Network-Access-Mode (TS 29.272).
    NetworkAccessMode of NETWORK_ACCESS_MODE { PacketAndCircuit = 0, Reserved = 1, OnlyPacket = 2 }
    /// Cancellation-Type (TS 29.272).
    CancellationType of CANCELLATION_TYPE {
        MmeUpdateProcedure = 0, SgsnUpdateProcedure = 1, SubscriptionWithdrawal = 2, UpdateProcedureIwf = 3,
        InitialAttachProcedure = 4,
    }
    /// Subscriber-Status (TS 29.272).
    SubscriberStatus of SUBSCRIBER_STATUS { ServiceGranted = 0, OperatorDeterminedBarring = 1 }
    /// All-APN-Configurations-Included-Indicator (TS 29.272).
    AllApnConfigurationsIncludedIndicator of ALL_APN_CONFIGURATIONS_INCLUDED_INDICATOR {
        AllApnConfigurationsIncluded = 0, ModifiedAddedApnConfigurationsIncluded = 1,
    }
    /// VPLMN-Dynamic-Address-Allowed (TS 29.272).
    VplmnDynamicAddressAllowed of VPLMN_DYNAMIC_ADDRESS_ALLOWED { Notallowed = 0, Allowed = 1 }
    /// Alert-Reason (TS 29.272).
    AlertReason of ALERT_REASON { UePresent = 0, UeMemoryAvailable = 1 }
    /// PDN-GW-Allocation-Type (TS 29.272).
    PdnGwAllocationType of PDN_GW_ALLOCATION_TYPE { Static = 0, Dynamic = 1 }
    /// Equipment-Status (TS 29.272).
    EquipmentStatus of EQUIPMENT_STATUS { Whitelisted = 0, Blacklisted = 1, Greylisted = 2 }
    /// PDN-Type (TS 29.272).
    PdnType of PDN_TYPE { IPv4 = 0, IPv6 = 1, IPv4v6 = 2, IPv4OrIPv6 = 3 }
    /// Roaming-Restricted-Due-To-Unsupported-Feature (TS 29.272).
    RoamingRestrictedDueToUnsupportedFeature of ROAMING_RESTRICTED_DUE_TO_UNSUPPORTED_FEATURE {
        RoamingRestrictedDueToUnsupportedFeature = 0,
    }
    /// Trace-Depth (TS 29.272).
    TraceDepth of TRACE_DEPTH {
        Minimum = 0, Medium = 1, Maximum = 2, MinimumWithoutVendorSpecificExtension = 3,
        MediumWithoutVendorSpecificExtension = 4, MaximumWithoutVendorSpecificExtension = 5,
    }
    /// Complete-Data-List-Included-Indicator (TS 29.272).
    CompleteDataListIncludedIndicator of COMPLETE_DATA_LIST_INCLUDED_INDICATOR {
        AllPdpContextsIncluded = 0, ModifiedAddedPdpContextsIncluded = 1,
    }
    /// Notification-To-UE-User (TS 29.272).
    NotificationToUeUser of NOTIFICATION_TO_UE_USER {
        NotifyLocationAllowed = 0, NotifyandverifyLocationAllowedIfNoResponse = 1,
        NotifyandverifyLocationNotAllowedIfNoResponse = 2, LocationNotAllowed = 3,
    }
    /// GMLC-Restriction (TS 29.272).
    GmlcRestriction of GMLC_RESTRICTION { GmlcList = 0, HomeCountry = 1 }
    /// PLMN-Client (TS 29.272).
    PlmnClient of PLMN_CLIENT {
        BroadcastService = 0, OAndMHplmn = 1, OAndMVplmn = 2, AnonymousLocation = 3, TargetUeSubscribedService = 4,
    }
    /// ICS-Indicator (TS 29.272).
    IcsIndicator of ICS_INDICATOR { False = 0, True = 1 }
    /// IMS-Voice-Over-PS-Sessions-Supported (TS 29.272).
    ImsVoiceOverPsSessionsSupported of IMS_VOICE_OVER_PS_SESSIONS_SUPPORTED { NotSupported = 0, Supported = 1 }
    /// Homogeneous-Support-of-IMS-Voice-Over-PS-Sessions (TS 29.272).
    HomogeneousSupportOfImsVoiceOverPsSessions of HOMOGENEOUS_SUPPORT_OF_IMS_VOICE_OVER_PS_SESSIONS {
        NotSupported = 0, Supported = 1,
    }
    /// User-State (TS 29.272).
    UserState of USER_STATE {
        Detached = 0, AttachedNotReachableForPaging = 1, AttachedReachableForPaging = 2,
        ConnectedNotReachableForPaging = 3, ConnectedReachableForPaging = 4, Reserved = 5,
    }
    /// Current-Location-Retrieved (TS 29.272).
    CurrentLocationRetrieved of CURRENT_LOCATION_RETRIEVED { ActiveLocationRetrieval = 0 }
    /// SIPTO-Permission (TS 29.272).
    SiptoPermission of SIPTO_PERMISSION { SiptoAboveRanAllowed = 0, SiptoAboveRanNotallowed = 1 }
    /// Error-Diagnostic (TS 29.272).
    ErrorDiagnostic of ERROR_DIAGNOSTIC {
        GprsDataSubscribed = 0, NoGprsDataSubscribed = 1, OdbAllApn = 2, OdbHplmnApn = 3, OdbVplmnApn = 4,
    }
    /// UE-SRVCC-Capability (TS 29.272).
    UeSrvccCapability of UE_SRVCC_CAPABILITY { UeSrvccNotSupported = 0, UeSrvccSupported = 1 }
    /// VPLMN-LIPA-Allowed (TS 29.272).
    VplmnLipaAllowed of VPLMN_LIPA_ALLOWED { LipaNotallowed = 0, LipaAllowed = 1 }
    /// LIPA-Permission (TS 29.272).
    LipaPermission of LIPA_PERMISSION { LipaProhibited = 0, LipaOnly = 1, LipaConditional = 2 }
    /// Job-Type (TS 29.272).
    JobType of JOB_TYPE {
        ImmediateMdtOnly = 0, LoggedMdtOnly = 1, TraceOnly = 2, ImmediateMdtAndTrace = 3, RlfReportsOnly = 4,
        RcefReportsOnly = 5, LoggedMbsfnMdt = 6,
    }
    /// Relay-Node-Indicator (TS 29.272).
    RelayNodeIndicator of RELAY_NODE_INDICATOR { NotRelayNode = 0, RelayNode = 1 }
    /// MDT-User-Consent (TS 29.272).
    MdtUserConsent of MDT_USER_CONSENT { ConsentNotGiven = 0, ConsentGiven = 1 }
    /// Subscribed-VSRVCC (TS 29.272).
    SubscribedVsrvcc of SUBSCRIBED_VSRVCC { VsrvccSubscribed = 0 }
    /// SMS-Register-Request (TS 29.272).
    SmsRegisterRequest of SMS_REGISTER_REQUEST {
        SmsRegistrationRequired = 0, SmsRegistrationNotPreferred = 1, NoPreference = 2,
    }
    /// Daylight-Saving-Time (TS 29.272).
    DaylightSavingTime of DAYLIGHT_SAVING_TIME {
        NoAdjustment = 0, PlusOneHourAdjustment = 1, PlusTwoHoursAdjustment = 2,
    }
    /// Non-IP-PDN-Type-Indicator (TS 29.272).
    NonIpPdnTypeIndicator of NON_IP_PDN_TYPE_INDICATOR { False = 0, True = 1 }
    /// Priority-Indication (TS 29.272).
    PriorityIndication of PRIORITY_INDICATION { NonPriority = 0, Priority = 1 }
}

application! {
    /// MIP-Home-Agent-Host (TS 29.272).
    group MipHomeAgentHost of MIP_HOME_AGENT_HOST {
        destination_realm: one identity = DESTINATION_REALM;
        destination_host: one identity = DESTINATION_HOST;
    }
    /// MIP6-Agent-Info (TS 29.272).
    group Mip6AgentInfo of MIP6_AGENT_INFO {
        mip_home_agent_host: one group MipHomeAgentHost = MIP_HOME_AGENT_HOST;
        mip_home_agent_address: many address = MIP_HOME_AGENT_ADDRESS;
    }
    /// Subscription-Data (TS 29.272).
    group SubscriptionData of SUBSCRIPTION_DATA {
        subscriber_status: one value SubscriberStatus = SUBSCRIBER_STATUS;
        msisdn: one bytes = MSISDN;
        a_msisdn: one bytes = A_MSISDN;
        external_identifier: one str = EXTERNAL_IDENTIFIER;
        stn_sr: one bytes = STN_SR;
        ics_indicator: one value IcsIndicator = ICS_INDICATOR;
        network_access_mode: one value NetworkAccessMode = NETWORK_ACCESS_MODE;
        operator_determined_barring: one u32 = OPERATOR_DETERMINED_BARRING;
        hplmn_odb: one u32 = HPLMN_ODB;
        access_restriction_data: one u32 = ACCESS_RESTRICTION_DATA;
        apn_oi_replacement: one str = APN_OI_REPLACEMENT;
        lcs_info: one group LcsInfo = LCS_INFO;
        teleservice_list: one group TeleserviceList = TELESERVICE_LIST;
        tgpp_charging_characteristics: one str = TGPP_CHARGING_CHARACTERISTICS;
        ambr: one group Ambr = AMBR;
        apn_configuration_profile: one group ApnConfigurationProfile = APN_CONFIGURATION_PROFILE;
        rat_frequency_selection_priority_id: one u32 = RAT_FREQUENCY_SELECTION_PRIORITY_ID;
        trace_data: one group TraceData = TRACE_DATA;
        gprs_subscription_data: one group GprsSubscriptionData = GPRS_SUBSCRIPTION_DATA;
        roaming_restricted_due_to_unsupported_feature: one value RoamingRestrictedDueToUnsupportedFeature = ROAMING_RESTRICTED_DUE_TO_UNSUPPORTED_FEATURE;
        subscribed_periodic_rau_tau_timer: one u32 = SUBSCRIBED_PERIODIC_RAU_TAU_TIMER;
        mps_priority: one u32 = MPS_PRIORITY;
        vplmn_lipa_allowed: one value VplmnLipaAllowed = VPLMN_LIPA_ALLOWED;
        relay_node_indicator: one value RelayNodeIndicator = RELAY_NODE_INDICATOR;
        mdt_user_consent: one value MdtUserConsent = MDT_USER_CONSENT;
        subscribed_vsrvcc: one value SubscribedVsrvcc = SUBSCRIBED_VSRVCC;
        subscription_data_flags: one u32 = SUBSCRIPTION_DATA_FLAGS;
        dl_buffering_suggested_packet_count: one i32 = DL_BUFFERING_SUGGESTED_PACKET_COUNT;
        ue_usage_type: one u32 = UE_USAGE_TYPE;
        regional_subscription_zone_code: many bytes = REGIONAL_SUBSCRIPTION_ZONE_CODE;
        call_barring_info: many group CallBarringInfo = CALL_BARRING_INFO;
        csg_subscription_data: many group CsgSubscriptionData = CSG_SUBSCRIPTION_DATA;
        vplmn_csg_subscription_data: many group VplmnCsgSubscriptionData = VPLMN_CSG_SUBSCRIPTION_DATA;
        adjacent_access_restriction_data: many group AdjacentAccessRestrictionData = ADJACENT_ACCESS_RESTRICTION_DATA;
        imsi_group_id: many group ImsiGroupId = IMSI_GROUP_ID;
    }
    /// Terminal-Information (TS 29.272).
    group TerminalInformation of TERMINAL_INFORMATION {
        imei: one str = IMEI;
        tgpp2_meid: one bytes = TGPP2_MEID;
        software_version: one str = SOFTWARE_VERSION;
    }
    /// Requested-EUTRAN-Authentication-Info (TS 29.272).
    group RequestedEutranAuthenticationInfo of REQUESTED_EUTRAN_AUTHENTICATION_INFO {
        number_of_requested_vectors: one u32 = NUMBER_OF_REQUESTED_VECTORS;
        immediate_response_preferred: one u32 = IMMEDIATE_RESPONSE_PREFERRED;
        re_synchronization_info: one bytes = RE_SYNCHRONIZATION_INFO;
    }
    /// Requested-UTRAN-GERAN-Authentication-Info (TS 29.272).
    group RequestedUtranGeranAuthenticationInfo of REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO {
        number_of_requested_vectors: one u32 = NUMBER_OF_REQUESTED_VECTORS;
        immediate_response_preferred: one u32 = IMMEDIATE_RESPONSE_PREFERRED;
        re_synchronization_info: one bytes = RE_SYNCHRONIZATION_INFO;
    }
    /// Authentication-Info (TS 29.272).
    group AuthenticationInfo of AUTHENTICATION_INFO {
        e_utran_vector: many group EUtranVector = E_UTRAN_VECTOR;
        utran_vector: many group UtranVector = UTRAN_VECTOR;
        geran_vector: many group GeranVector = GERAN_VECTOR;
    }
    /// E-UTRAN-Vector (TS 29.272).
    group EUtranVector of E_UTRAN_VECTOR {
        rand: one bytes = RAND;
        xres: one bytes = XRES;
        autn: one bytes = AUTN;
        kasme: one bytes = KASME;
        item_number: one u32 = ITEM_NUMBER;
    }
    /// UTRAN-Vector (TS 29.272).
    group UtranVector of UTRAN_VECTOR {
        rand: one bytes = RAND;
        xres: one bytes = XRES;
        autn: one bytes = AUTN;
        confidentiality_key: one bytes = CONFIDENTIALITY_KEY;
        integrity_key: one bytes = INTEGRITY_KEY;
        item_number: one u32 = ITEM_NUMBER;
    }
    /// GERAN-Vector (TS 29.272).
    group GeranVector of GERAN_VECTOR {
        rand: one bytes = RAND;
        sres: one bytes = SRES;
        kc: one bytes = KC;
        item_number: one u32 = ITEM_NUMBER;
    }
    /// APN-Configuration-Profile (TS 29.272).
    group ApnConfigurationProfile of APN_CONFIGURATION_PROFILE {
        context_identifier: one u32 = CONTEXT_IDENTIFIER;
        all_apn_configurations_included_indicator: one value AllApnConfigurationsIncludedIndicator = ALL_APN_CONFIGURATIONS_INCLUDED_INDICATOR;
        additional_context_identifier: one u32 = ADDITIONAL_CONTEXT_IDENTIFIER;
        apn_configuration: many group ApnConfiguration = APN_CONFIGURATION;
    }
    /// APN-Configuration (TS 29.272).
    group ApnConfiguration of APN_CONFIGURATION {
        context_identifier: one u32 = CONTEXT_IDENTIFIER;
        pdn_type: one value PdnType = PDN_TYPE;
        service_selection: one str = SERVICE_SELECTION;
        eps_subscribed_qos_profile: one group EpsSubscribedQoSProfile = EPS_SUBSCRIBED_QOS_PROFILE;
        vplmn_dynamic_address_allowed: one value VplmnDynamicAddressAllowed = VPLMN_DYNAMIC_ADDRESS_ALLOWED;
        mip6_agent_info: one group Mip6AgentInfo = MIP6_AGENT_INFO;
        visited_network_identifier: one bytes = VISITED_NETWORK_IDENTIFIER;
        pdn_gw_allocation_type: one value PdnGwAllocationType = PDN_GW_ALLOCATION_TYPE;
        tgpp_charging_characteristics: one str = TGPP_CHARGING_CHARACTERISTICS;
        ambr: one group Ambr = AMBR;
        apn_oi_replacement: one str = APN_OI_REPLACEMENT;
        sipto_permission: one value SiptoPermission = SIPTO_PERMISSION;
        lipa_permission: one value LipaPermission = LIPA_PERMISSION;
        restoration_priority: one u32 = RESTORATION_PRIORITY;
        sipto_local_network_permission: one u32 = SIPTO_LOCAL_NETWORK_PERMISSION;
        wlan_offloadability: one group WlanOffloadability = WLAN_OFFLOADABILITY;
        non_ip_pdn_type_indicator: one value NonIpPdnTypeIndicator = NON_IP_PDN_TYPE_INDICATOR;
        non_ip_data_delivery_mechanism: one u32 = NON_IP_DATA_DELIVERY_MECHANISM;
        scef_id: one identity = SCEF_ID;
        served_party_ip_address: many address = SERVED_PARTY_IP_ADDRESS;
        specific_apn_info: many group SpecificApnInfo = SPECIFIC_APN_INFO;
    }
    /// EPS-Subscribed-QoS-Profile (TS 29.272).
    group EpsSubscribedQoSProfile of EPS_SUBSCRIBED_QOS_PROFILE {
        qos_class_identifier: one i32 = QOS_CLASS_IDENTIFIER;
        allocation_retention_priority: one group AllocationRetentionPriority = ALLOCATION_RETENTION_PRIORITY;
    }
    /// AMBR (TS 29.272).
    group Ambr of AMBR {
        max_requested_bandwidth_ul: one u32 = MAX_REQUESTED_BANDWIDTH_UL;
        max_requested_bandwidth_dl: one u32 = MAX_REQUESTED_BANDWIDTH_DL;
    }
    /// CSG-Subscription-Data (TS 29.272).
    group CsgSubscriptionData of CSG_SUBSCRIPTION_DATA {
        csg_id: one u32 = CSG_ID;
        expiration_date: one time = EXPIRATION_DATE;
        visited_plmn_id: one bytes = VISITED_PLMN_ID;
        service_selection: many str = SERVICE_SELECTION;
    }
    /// Trace-Data (TS 29.272).
    group TraceData of TRACE_DATA {
        trace_reference: one bytes = TRACE_REFERENCE;
        trace_depth: one value TraceDepth = TRACE_DEPTH;
        trace_ne_type_list: one bytes = TRACE_NE_TYPE_LIST;
        trace_event_list: one bytes = TRACE_EVENT_LIST;
        trace_collection_entity: one address = TRACE_COLLECTION_ENTITY;
        trace_interface_list: one bytes = TRACE_INTERFACE_LIST;
        omc_id: one bytes = OMC_ID;
        mdt_configuration: one group MdtConfiguration = MDT_CONFIGURATION;
    }
    /// GPRS-Subscription-Data (TS 29.272).
    group GprsSubscriptionData of GPRS_SUBSCRIPTION_DATA {
        complete_data_list_included_indicator: one value CompleteDataListIncludedIndicator = COMPLETE_DATA_LIST_INCLUDED_INDICATOR;
        pdp_context: many group PdpContext = PDP_CONTEXT;
    }
    /// PDP-Context (TS 29.272).
    group PdpContext of PDP_CONTEXT {
        context_identifier: one u32 = CONTEXT_IDENTIFIER;
        pdp_type: one bytes = PDP_TYPE;
        qos_subscribed: one bytes = QOS_SUBSCRIBED;
        service_selection: one str = SERVICE_SELECTION;
        pdp_address: one address = PDP_ADDRESS;
        vplmn_dynamic_address_allowed: one value VplmnDynamicAddressAllowed = VPLMN_DYNAMIC_ADDRESS_ALLOWED;
        tgpp_charging_characteristics: one str = TGPP_CHARGING_CHARACTERISTICS;
        ext_pdp_type: one bytes = EXT_PDP_TYPE;
        ext_pdp_address: one address = EXT_PDP_ADDRESS;
        ambr: one group Ambr = AMBR;
        apn_oi_replacement: one str = APN_OI_REPLACEMENT;
        sipto_permission: one value SiptoPermission = SIPTO_PERMISSION;
        lipa_permission: one value LipaPermission = LIPA_PERMISSION;
        restoration_priority: one u32 = RESTORATION_PRIORITY;
    }
    /// Specific-APN-Info (TS 29.272).
    group SpecificApnInfo of SPECIFIC_APN_INFO {
        service_selection: one str = SERVICE_SELECTION;
        mip6_agent_info: one group Mip6AgentInfo = MIP6_AGENT_INFO;
        visited_network_identifier: one bytes = VISITED_NETWORK_IDENTIFIER;
    }
    /// LCS-Info (TS 29.272).
    group LcsInfo of LCS_INFO {
        gmlc_number: many bytes = GMLC_NUMBER;
        lcs_privacyexception: many group LcsPrivacyException = LCS_PRIVACYEXCEPTION;
        mo_lr: many group MoLr = MO_LR;
    }
    /// LCS-PrivacyException (TS 29.272).
    group LcsPrivacyException of LCS_PRIVACYEXCEPTION {
        ss_code: one bytes = SS_CODE;
        ss_status: one bytes = SS_STATUS;
        notification_to_ue_user: one value NotificationToUeUser = NOTIFICATION_TO_UE_USER;
        external_client: many group ExternalClient = EXTERNAL_CLIENT;
        plmn_client: many value PlmnClient = PLMN_CLIENT;
        service_type: many group ServiceType = SERVICE_TYPE;
    }
    /// External-Client (TS 29.272).
    group ExternalClient of EXTERNAL_CLIENT {
        client_identity: one bytes = CLIENT_IDENTITY;
        gmlc_restriction: one value GmlcRestriction = GMLC_RESTRICTION;
        notification_to_ue_user: one value NotificationToUeUser = NOTIFICATION_TO_UE_USER;
    }
    /// Service-Type (TS 29.272).
    group ServiceType of SERVICE_TYPE {
        servicetypeidentity: one u32 = SERVICETYPEIDENTITY;
        gmlc_restriction: one value GmlcRestriction = GMLC_RESTRICTION;
        notification_to_ue_user: one value NotificationToUeUser = NOTIFICATION_TO_UE_USER;
    }
    /// MO-LR (TS 29.272).
    group MoLr of MO_LR {
        ss_code: one bytes = SS_CODE;
        ss_status: one bytes = SS_STATUS;
    }
    /// Teleservice-List (TS 29.272).
    group TeleserviceList of TELESERVICE_LIST {
        ts_code: many bytes = TS_CODE;
    }
    /// Call-Barring-Info (TS 29.272).
    group CallBarringInfo of CALL_BARRING_INFO {
        ss_code: one bytes = SS_CODE;
        ss_status: one bytes = SS_STATUS;
    }
    /// EPS-User-State (TS 29.272).
    group EpsUserState of EPS_USER_STATE {
        mme_user_state: one group MmeUserState = MME_USER_STATE;
        sgsn_user_state: one group SgsnUserState = SGSN_USER_STATE;
    }
    /// EPS-Location-Information (TS 29.272).
    group EpsLocationInformation of EPS_LOCATION_INFORMATION {
        mme_location_information: one group MmeLocationInformation = MME_LOCATION_INFORMATION;
        sgsn_location_information: one group SgsnLocationInformation = SGSN_LOCATION_INFORMATION;
    }
    /// MME-User-State (TS 29.272).
    group MmeUserState of MME_USER_STATE {
        user_state: one value UserState = USER_STATE;
    }
    /// SGSN-User-State (TS 29.272).
    group SgsnUserState of SGSN_USER_STATE {
        user_state: one value UserState = USER_STATE;
    }
    /// MME-Location-Information (TS 29.272).
    group MmeLocationInformation of MME_LOCATION_INFORMATION {
        e_utran_cell_global_identity: one bytes = E_UTRAN_CELL_GLOBAL_IDENTITY;
        tracking_area_identity: one bytes = TRACKING_AREA_IDENTITY;
        geographical_information: one bytes = GEOGRAPHICAL_INFORMATION;
        geodetic_information: one bytes = GEODETIC_INFORMATION;
        current_location_retrieved: one value CurrentLocationRetrieved = CURRENT_LOCATION_RETRIEVED;
        age_of_location_information: one u32 = AGE_OF_LOCATION_INFORMATION;
        user_csg_information: one group UserCsgInformation = USER_CSG_INFORMATION;
    }
    /// SGSN-Location-Information (TS 29.272).
    group SgsnLocationInformation of SGSN_LOCATION_INFORMATION {
        cell_global_identity: one bytes = CELL_GLOBAL_IDENTITY;
        location_area_identity: one bytes = LOCATION_AREA_IDENTITY;
        service_area_identity: one bytes = SERVICE_AREA_IDENTITY;
        routing_area_identity: one bytes = ROUTING_AREA_IDENTITY;
        geographical_information: one bytes = GEOGRAPHICAL_INFORMATION;
        geodetic_information: one bytes = GEODETIC_INFORMATION;
        current_location_retrieved: one value CurrentLocationRetrieved = CURRENT_LOCATION_RETRIEVED;
        age_of_location_information: one u32 = AGE_OF_LOCATION_INFORMATION;
        user_csg_information: one group UserCsgInformation = USER_CSG_INFORMATION;
    }
    /// Active-APN (TS 29.272).
    group ActiveApn of ACTIVE_APN {
        context_identifier: one u32 = CONTEXT_IDENTIFIER;
        service_selection: one str = SERVICE_SELECTION;
        mip6_agent_info: one group Mip6AgentInfo = MIP6_AGENT_INFO;
        visited_network_identifier: one bytes = VISITED_NETWORK_IDENTIFIER;
        specific_apn_info: many group SpecificApnInfo = SPECIFIC_APN_INFO;
    }
    /// MDT-Configuration (TS 29.272).
    group MdtConfiguration of MDT_CONFIGURATION {
        job_type: one value JobType = JOB_TYPE;
        area_scope: one group AreaScope = AREA_SCOPE;
        list_of_measurements: one u32 = LIST_OF_MEASUREMENTS;
        reporting_trigger: one u32 = REPORTING_TRIGGER;
        report_interval: one i32 = REPORT_INTERVAL;
        report_amount: one i32 = REPORT_AMOUNT;
        event_threshold_rsrp: one u32 = EVENT_THRESHOLD_RSRP;
        event_threshold_rsrq: one u32 = EVENT_THRESHOLD_RSRQ;
        logging_interval: one i32 = LOGGING_INTERVAL;
        logging_duration: one i32 = LOGGING_DURATION;
        measurement_period_lte: one i32 = MEASUREMENT_PERIOD_LTE;
        measurement_period_umts: one i32 = MEASUREMENT_PERIOD_UMTS;
        collection_period_rrm_lte: one i32 = COLLECTION_PERIOD_RRM_LTE;
        collection_period_rrm_umts: one i32 = COLLECTION_PERIOD_RRM_UMTS;
        positioning_method: one bytes = POSITIONING_METHOD;
        measurement_quantity: one bytes = MEASUREMENT_QUANTITY;
        event_threshold_event_1f: one i32 = EVENT_THRESHOLD_EVENT_1F;
        event_threshold_event_1i: one i32 = EVENT_THRESHOLD_EVENT_1I;
        mdt_allowed_plmn_id: many bytes = MDT_ALLOWED_PLMN_ID;
    }
    /// Area-Scope (TS 29.272).
    group AreaScope of AREA_SCOPE {
        cell_global_identity: many bytes = CELL_GLOBAL_IDENTITY;
        e_utran_cell_global_identity: many bytes = E_UTRAN_CELL_GLOBAL_IDENTITY;
        routing_area_identity: many bytes = ROUTING_AREA_IDENTITY;
        location_area_identity: many bytes = LOCATION_AREA_IDENTITY;
        tracking_area_identity: many bytes = TRACKING_AREA_IDENTITY;
    }
    /// Equivalent-PLMN-List (TS 29.272).
    group EquivalentPlmnList of EQUIVALENT_PLMN_LIST {
        visited_plmn_id: many bytes = VISITED_PLMN_ID;
    }
    /// VPLMN-CSG-Subscription-Data (TS 29.272).
    group VplmnCsgSubscriptionData of VPLMN_CSG_SUBSCRIPTION_DATA {
        csg_id: one u32 = CSG_ID;
        expiration_date: one time = EXPIRATION_DATE;
    }
    /// Local-Time-Zone (TS 29.272).
    group LocalTimeZone of LOCAL_TIME_ZONE {
        time_zone: one str = TIME_ZONE;
        daylight_saving_time: one value DaylightSavingTime = DAYLIGHT_SAVING_TIME;
    }
    /// WLAN-offloadability (TS 29.272).
    group WlanOffloadability of WLAN_OFFLOADABILITY {
        wlan_offloadability_eutran: one u32 = WLAN_OFFLOADABILITY_EUTRAN;
        wlan_offloadability_utran: one u32 = WLAN_OFFLOADABILITY_UTRAN;
    }
    /// Adjacent-PLMNs (TS 29.272).
    group AdjacentPLMNs of ADJACENT_PLMNS {
        visited_plmn_id: many bytes = VISITED_PLMN_ID;
    }
    /// Adjacent-Access-Restriction-Data (TS 29.272).
    group AdjacentAccessRestrictionData of ADJACENT_ACCESS_RESTRICTION_DATA {
        visited_plmn_id: one bytes = VISITED_PLMN_ID;
        access_restriction_data: one u32 = ACCESS_RESTRICTION_DATA;
    }
    /// IMSI-Group-Id (TS 29.272).
    group ImsiGroupId of IMSI_GROUP_ID {
        group_service_id: one u32 = GROUP_SERVICE_ID;
        group_plmn_id: one bytes = GROUP_PLMN_ID;
        local_group_id: one bytes = LOCAL_GROUP_ID;
    }

    /// Update-Location-Request (TS 29.272).
    request UpdateLocationRequest as Ulr of UPDATE_LOCATION {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        rat_type: one value RatType = RAT_TYPE;
        ulr_flags: one u32 = ULR_FLAGS;
        visited_plmn_id: one bytes = VISITED_PLMN_ID;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        destination_host: one identity = DESTINATION_HOST;
        terminal_information: one group TerminalInformation = TERMINAL_INFORMATION;
        ue_srvcc_capability: one value UeSrvccCapability = UE_SRVCC_CAPABILITY;
        sgsn_number: one bytes = SGSN_NUMBER;
        homogeneous_support_of_ims_voice_over_ps_sessions: one value HomogeneousSupportOfImsVoiceOverPsSessions = HOMOGENEOUS_SUPPORT_OF_IMS_VOICE_OVER_PS_SESSIONS;
        gmlc_address: one address = GMLC_ADDRESS;
        equivalent_plmn_list: one group EquivalentPlmnList = EQUIVALENT_PLMN_LIST;
        mme_number_for_mt_sms: one bytes = MME_NUMBER_FOR_MT_SMS;
        sms_register_request: one value SmsRegisterRequest = SMS_REGISTER_REQUEST;
        sgs_mme_identity: one str = SGS_MME_IDENTITY;
        coupled_node_diameter_id: one identity = COUPLED_NODE_DIAMETER_ID;
        adjacent_plmns: one group AdjacentPLMNs = ADJACENT_PLMNS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        active_apn: many group ActiveApn = ACTIVE_APN;
    }
    /// Update-Location-Answer (TS 29.272).
    answer UpdateLocationAnswer as Ula of UPDATE_LOCATION {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        error_diagnostic: one value ErrorDiagnostic = ERROR_DIAGNOSTIC;
        ula_flags: one u32 = ULA_FLAGS;
        subscription_data: one group SubscriptionData = SUBSCRIPTION_DATA;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        reset_id: many bytes = RESET_ID;
    }
    /// Cancel-Location-Request (TS 29.272).
    request CancelLocationRequest as Clr of CANCEL_LOCATION {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        cancellation_type: one value CancellationType = CANCELLATION_TYPE;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        clr_flags: one u32 = CLR_FLAGS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Cancel-Location-Answer (TS 29.272).
    answer CancelLocationAnswer as Cla of CANCEL_LOCATION {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Authentication-Information-Request (TS 29.272).
    request AuthenticationInformationRequest as Air of AUTHENTICATION_INFORMATION {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        visited_plmn_id: one bytes = VISITED_PLMN_ID;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        destination_host: one identity = DESTINATION_HOST;
        requested_eutran_authentication_info: one group RequestedEutranAuthenticationInfo = REQUESTED_EUTRAN_AUTHENTICATION_INFO;
        requested_utran_geran_authentication_info: one group RequestedUtranGeranAuthenticationInfo = REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO;
        air_flags: one u32 = AIR_FLAGS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Authentication-Information-Answer (TS 29.272).
    answer AuthenticationInformationAnswer as Aia of AUTHENTICATION_INFORMATION {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        error_diagnostic: one value ErrorDiagnostic = ERROR_DIAGNOSTIC;
        authentication_info: one group AuthenticationInfo = AUTHENTICATION_INFO;
        ue_usage_type: one u32 = UE_USAGE_TYPE;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Insert-Subscriber-Data-Request (TS 29.272).
    request InsertSubscriberDataRequest as Idr of INSERT_SUBSCRIBER_DATA {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        subscription_data: one group SubscriptionData = SUBSCRIPTION_DATA;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        idr_flags: one u32 = IDR_FLAGS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        reset_id: many bytes = RESET_ID;
    }
    /// Insert-Subscriber-Data-Answer (TS 29.272).
    answer InsertSubscriberDataAnswer as Ida of INSERT_SUBSCRIBER_DATA {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        ims_voice_over_ps_sessions_supported: one value ImsVoiceOverPsSessionsSupported = IMS_VOICE_OVER_PS_SESSIONS_SUPPORTED;
        last_ue_activity_time: one time = LAST_UE_ACTIVITY_TIME;
        rat_type: one value RatType = RAT_TYPE;
        ida_flags: one u32 = IDA_FLAGS;
        eps_user_state: one group EpsUserState = EPS_USER_STATE;
        eps_location_information: one group EpsLocationInformation = EPS_LOCATION_INFORMATION;
        local_time_zone: one group LocalTimeZone = LOCAL_TIME_ZONE;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Delete-Subscriber-Data-Request (TS 29.272).
    request DeleteSubscriberDataRequest as Dsr of DELETE_SUBSCRIBER_DATA {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        dsr_flags: one u32 = DSR_FLAGS;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        scef_id: one identity = SCEF_ID;
        trace_reference: one bytes = TRACE_REFERENCE;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        context_identifier: many u32 = CONTEXT_IDENTIFIER;
        regional_subscription_zone_code: many bytes = REGIONAL_SUBSCRIPTION_ZONE_CODE;
        ts_code: many bytes = TS_CODE;
        ss_code: many bytes = SS_CODE;
    }
    /// Delete-Subscriber-Data-Answer (TS 29.272).
    answer DeleteSubscriberDataAnswer as Dsa of DELETE_SUBSCRIBER_DATA {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        dsa_flags: one u32 = DSA_FLAGS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Purge-Ue-Request (TS 29.272).
    request PurgeUeRequest as Pur of PURGE_UE {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        destination_host: one identity = DESTINATION_HOST;
        pur_flags: one u32 = PUR_FLAGS;
        eps_location_information: one group EpsLocationInformation = EPS_LOCATION_INFORMATION;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Purge-Ue-Answer (TS 29.272).
    answer PurgeUeAnswer as Pua of PURGE_UE {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        pua_flags: one u32 = PUA_FLAGS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Reset-Request (TS 29.272).
    request ResetRequest as Rsr of RESET {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        user_id: many str = USER_ID;
        reset_id: many bytes = RESET_ID;
    }
    /// Reset-Answer (TS 29.272).
    answer ResetAnswer as Rsa of RESET {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Notify-Request (TS 29.272).
    request NotifyRequest as Nor of NOTIFY {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        destination_host: one identity = DESTINATION_HOST;
        terminal_information: one group TerminalInformation = TERMINAL_INFORMATION;
        mip6_agent_info: one group Mip6AgentInfo = MIP6_AGENT_INFO;
        visited_network_identifier: one bytes = VISITED_NETWORK_IDENTIFIER;
        context_identifier: one u32 = CONTEXT_IDENTIFIER;
        service_selection: one str = SERVICE_SELECTION;
        alert_reason: one value AlertReason = ALERT_REASON;
        ue_srvcc_capability: one value UeSrvccCapability = UE_SRVCC_CAPABILITY;
        nor_flags: one u32 = NOR_FLAGS;
        homogeneous_support_of_ims_voice_over_ps_sessions: one value HomogeneousSupportOfImsVoiceOverPsSessions = HOMOGENEOUS_SUPPORT_OF_IMS_VOICE_OVER_PS_SESSIONS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Notify-Answer (TS 29.272).
    answer NotifyAnswer as Noa of NOTIFY {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Me-Identity-Check-Request (TS 29.272).
    request MeIdentityCheckRequest as Ecr of ME_IDENTITY_CHECK {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        terminal_information: one group TerminalInformation = TERMINAL_INFORMATION;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        destination_host: one identity = DESTINATION_HOST;
        user_name: one str = USER_NAME;
    }
    /// Me-Identity-Check-Answer (TS 29.272).
    answer MeIdentityCheckAnswer as Eca of ME_IDENTITY_CHECK {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        equipment_status: one value EquipmentStatus = EQUIPMENT_STATUS;
    }
}
