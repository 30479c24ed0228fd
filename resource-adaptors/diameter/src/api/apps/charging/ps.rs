//! PS-Information (TS 32.299 7.2, TS 32.251).

use super::super::charging::{
    AfCorrelationInformation, EnvelopeReporting, ServiceSpecificInfo, TimeQuotaMechanism,
};
use super::super::credit::{MultipleServicesCreditControl, UserEquipmentInfo};
use super::super::gx::{FixedUserLocationInfo, QoSInformation, TgppPsDataOffStatus};
use super::super::s6a::TerminalInformation;
use crate::proto::dict::charging::*;
use crate::proto::dict::credit::{
    MULTIPLE_SERVICES_CREDIT_CONTROL, RATING_GROUP, SERVICE_IDENTIFIER, USER_EQUIPMENT_INFO,
};
use crate::proto::dict::gx::tgpp2::TGPP2_BSID;
use crate::proto::dict::gx::*;
use crate::proto::dict::nas::tgpp::*;
use crate::proto::dict::nas::{
    ACCOUNTING_INPUT_OCTETS, ACCOUNTING_OUTPUT_OCTETS, CALLED_STATION_ID,
};
use crate::proto::dict::rx::etsi::LOGICAL_ACCESS_ID;
use crate::proto::dict::rx::{APPLICATION_SERVICE_PROVIDER_IDENTITY, SPONSOR_IDENTITY};
use crate::proto::dict::s6a::{
    CSG_ID, MME_NAME, MME_NUMBER_FOR_MT_SMS, MME_REALM, SSID, TERMINAL_INFORMATION,
};

enumerated! {
    /// PS-Append-Free-Format-Data (TS 32.299).
    PsAppendFreeFormatData of PS_APPEND_FREE_FORMAT_DATA { Append = 0, Overwrite = 1 }
    /// PDP-Context-Type (TS 32.299).
    PdpContextType of PDP_CONTEXT_TYPE { Primary = 0, Secondary = 1 }
    /// Serving-Node-Type (TS 32.299).
    ServingNodeType of SERVING_NODE_TYPE {
        Sgsn = 0, Pmipsgw = 1, Gtpsgw = 2, EPDG = 3, HSGW = 4, Mme = 5, Twan = 6,
    }
    /// Dynamic-Address-Flag (TS 32.299).
    DynamicAddressFlag of DYNAMIC_ADDRESS_FLAG { Static = 0, Dynamic = 1 }
    /// SGW-Change (TS 32.299).
    SgwChange of SGW_CHANGE { AcrStartNotDueToSgwChange = 0, AcrStartDueToSgwChange = 1 }
    /// Charging-Characteristics-Selection-Mode (TS 32.299).
    ChargingCharacteristicsSelectionMode of CHARGING_CHARACTERISTICS_SELECTION_MODE {
        ServingNodeSupplied = 0, SubscriptionSpecific = 1, ApnSpecific = 2, HomeDefault = 3, RoamingDefault = 4,
        VisitingDefault = 5, FixedDefault = 6,
    }
    /// Dynamic-Address-Flag-Extension (TS 32.299).
    DynamicAddressFlagExtension of DYNAMIC_ADDRESS_FLAG_EXTENSION { Static = 0, Dynamic = 1 }
    /// IMSI-Unauthenticated-Flag (TS 32.299).
    ImsiUnauthenticatedFlag of IMSI_UNAUTHENTICATED_FLAG { Authenticated = 0, Unauthenticated = 1 }
    /// CSG-Access-Mode (TS 32.299).
    CsgAccessMode of CSG_ACCESS_MODE { ClosedMode = 0, HybridMode = 1 }
    /// CSG-Membership-Indication (TS 32.299).
    CsgMembershipIndication of CSG_MEMBERSHIP_INDICATION { NotCsgMember = 0, CsgMember = 1 }
    /// Low-Priority-Indicator (TS 32.299).
    LowPriorityIndicator of LOW_PRIORITY_INDICATOR { No = 0, Yes = 1 }
    /// TAD-Identifier (TS 32.299).
    TadIdentifier of TAD_IDENTIFIER { Cs = 0, Ps = 1 }
    /// CN-Operator-Selection-Entity (TS 32.299).
    CnOperatorSelectionEntity of CN_OPERATOR_SELECTION_ENTITY { ServingNodeSelected = 0, UeSelected = 1 }
}

application! {
    /// PS-Information (TS 32.299).
    group PsInformation of PS_INFORMATION {
        tgpp_charging_id: one u32 = TGPP_CHARGING_ID;
        pdn_connection_charging_id: one u32 = PDN_CONNECTION_CHARGING_ID;
        node_id: one str = NODE_ID;
        tgpp_pdp_type: one i32 = TGPP_PDP_TYPE;
        dynamic_address_flag: one value DynamicAddressFlag = DYNAMIC_ADDRESS_FLAG;
        dynamic_address_flag_extension: one value DynamicAddressFlagExtension = DYNAMIC_ADDRESS_FLAG_EXTENSION;
        qos_information: one group QoSInformation = QOS_INFORMATION;
        sgw_change: one value SgwChange = SGW_CHANGE;
        tgpp_imsi_mcc_mnc: one str = TGPP_IMSI_MCC_MNC;
        imsi_unauthenticated_flag: one value ImsiUnauthenticatedFlag = IMSI_UNAUTHENTICATED_FLAG;
        tgpp_ggsn_mcc_mnc: one str = TGPP_GGSN_MCC_MNC;
        tgpp_nsapi: one bytes = TGPP_NSAPI;
        called_station_id: one str = CALLED_STATION_ID;
        tgpp_session_stop_indicator: one bytes = TGPP_SESSION_STOP_INDICATOR;
        tgpp_selection_mode: one str = TGPP_SELECTION_MODE;
        tgpp_charging_characteristics: one str = TGPP_CHARGING_CHARACTERISTICS;
        charging_characteristics_selection_mode: one value ChargingCharacteristicsSelectionMode = CHARGING_CHARACTERISTICS_SELECTION_MODE;
        tgpp_sgsn_mcc_mnc: one str = TGPP_SGSN_MCC_MNC;
        tgpp_ms_timezone: one bytes = TGPP_MS_TIMEZONE;
        charging_rule_base_name: one str = CHARGING_RULE_BASE_NAME;
        tgpp_user_location_info: one bytes = TGPP_USER_LOCATION_INFO;
        user_csg_information: one group UserCsgInformation = USER_CSG_INFORMATION;
        twan_user_location_info: one group TwanUserLocationInfo = TWAN_USER_LOCATION_INFO;
        uwan_user_location_info: one group UwanUserLocationInfo = UWAN_USER_LOCATION_INFO;
        tgpp_rat_type: one bytes = TGPP_RAT_TYPE;
        ps_furnish_charging_information: one group PsFurnishChargingInformation = PS_FURNISH_CHARGING_INFORMATION;
        offline_charging: one group OfflineCharging = OFFLINE_CHARGING;
        user_equipment_info: one group UserEquipmentInfo = USER_EQUIPMENT_INFO;
        terminal_information: one group TerminalInformation = TERMINAL_INFORMATION;
        start_time: one time = START_TIME;
        stop_time: one time = STOP_TIME;
        change_condition: one i32 = CHANGE_CONDITION;
        diagnostics: one i32 = DIAGNOSTICS;
        low_priority_indicator: one value LowPriorityIndicator = LOW_PRIORITY_INDICATOR;
        mme_number_for_mt_sms: one bytes = MME_NUMBER_FOR_MT_SMS;
        mme_name: one identity = MME_NAME;
        mme_realm: one identity = MME_REALM;
        logical_access_id: one bytes = LOGICAL_ACCESS_ID;
        fixed_user_location_info: one group FixedUserLocationInfo = FIXED_USER_LOCATION_INFO;
        cn_operator_selection_entity: one value CnOperatorSelectionEntity = CN_OPERATOR_SELECTION_ENTITY;
        tgpp_gprs_negotiated_qos_profile: one str = TGPP_GPRS_NEGOTIATED_QOS_PROFILE;
        tad_identifier: one value TadIdentifier = TAD_IDENTIFIER;
        tgpp_camel_charging_info: one bytes = TGPP_CAMEL_CHARGING_INFO;
        pdp_context_type: one value PdpContextType = PDP_CONTEXT_TYPE;
        tgpp_ps_data_off_status: one value TgppPsDataOffStatus = TGPP_PS_DATA_OFF_STATUS;
        tgpp2_bsid: one bytes = TGPP2_BSID;
        pdp_address_prefix_length: one u32 = PDP_ADDRESS_PREFIX_LENGTH;
        cg_address: one address = CG_ADDRESS;
        serving_node_type: one value ServingNodeType = SERVING_NODE_TYPE;
        pdp_address: many address = PDP_ADDRESS;
        sgsn_address: many address = SGSN_ADDRESS;
        ggsn_address: many address = GGSN_ADDRESS;
        tdf_ip_address: many address = TDF_IP_ADDRESS;
        sgw_address: many address = SGW_ADDRESS;
        epdg_address: many address = EPDG_ADDRESS;
        twag_address: many address = TWAG_ADDRESS;
        service_data_container: many group ServiceDataContainer = SERVICE_DATA_CONTAINER;
        traffic_data_volumes: many group TrafficDataVolumes = TRAFFIC_DATA_VOLUMES;
        user_location_info_time: many time = USER_LOCATION_INFO_TIME;
    }
    /// PS-Furnish-Charging-Information (TS 32.299).
    group PsFurnishChargingInformation of PS_FURNISH_CHARGING_INFORMATION {
        tgpp_charging_id: one u32 = TGPP_CHARGING_ID;
        ps_free_format_data: one bytes = PS_FREE_FORMAT_DATA;
        ps_append_free_format_data: one value PsAppendFreeFormatData = PS_APPEND_FREE_FORMAT_DATA;
    }
    /// Offline-Charging (TS 32.299).
    group OfflineCharging of OFFLINE_CHARGING {
        quota_consumption_time: one u32 = QUOTA_CONSUMPTION_TIME;
        time_quota_mechanism: one group TimeQuotaMechanism = TIME_QUOTA_MECHANISM;
        envelope_reporting: one value EnvelopeReporting = ENVELOPE_REPORTING;
        multiple_services_credit_control: many group MultipleServicesCreditControl = MULTIPLE_SERVICES_CREDIT_CONTROL;
    }
    /// Service-Data-Container (TS 32.299).
    group ServiceDataContainer of SERVICE_DATA_CONTAINER {
        af_correlation_information: one group AfCorrelationInformation = AF_CORRELATION_INFORMATION;
        charging_rule_base_name: one str = CHARGING_RULE_BASE_NAME;
        accounting_input_octets: one u64 = ACCOUNTING_INPUT_OCTETS;
        accounting_output_octets: one u64 = ACCOUNTING_OUTPUT_OCTETS;
        local_sequence_number: one u32 = LOCAL_SEQUENCE_NUMBER;
        qos_information: one group QoSInformation = QOS_INFORMATION;
        rating_group: one u32 = RATING_GROUP;
        change_time: one time = CHANGE_TIME;
        service_identifier: one u32 = SERVICE_IDENTIFIER;
        service_specific_info: one group ServiceSpecificInfo = SERVICE_SPECIFIC_INFO;
        time_first_usage: one time = TIME_FIRST_USAGE;
        time_last_usage: one time = TIME_LAST_USAGE;
        time_usage: one u32 = TIME_USAGE;
        tgpp_user_location_info: one bytes = TGPP_USER_LOCATION_INFO;
        user_csg_information: one group UserCsgInformation = USER_CSG_INFORMATION;
        tgpp_rat_type: one bytes = TGPP_RAT_TYPE;
        sponsor_identity: one str = SPONSOR_IDENTITY;
        application_service_provider_identity: one str = APPLICATION_SERVICE_PROVIDER_IDENTITY;
        sgsn_address: many address = SGSN_ADDRESS;
        change_condition: many i32 = CHANGE_CONDITION;
    }
    /// Traffic-Data-Volumes (TS 32.299).
    group TrafficDataVolumes of TRAFFIC_DATA_VOLUMES {
        qos_information: one group QoSInformation = QOS_INFORMATION;
        accounting_input_octets: one u64 = ACCOUNTING_INPUT_OCTETS;
        accounting_output_octets: one u64 = ACCOUNTING_OUTPUT_OCTETS;
        change_time: one time = CHANGE_TIME;
        tgpp_user_location_info: one bytes = TGPP_USER_LOCATION_INFO;
        tgpp_charging_id: one u32 = TGPP_CHARGING_ID;
        user_csg_information: one group UserCsgInformation = USER_CSG_INFORMATION;
        tgpp_rat_type: one bytes = TGPP_RAT_TYPE;
        change_condition: many i32 = CHANGE_CONDITION;
    }
    /// User-CSG-Information (TS 32.299).
    group UserCsgInformation of USER_CSG_INFORMATION {
        csg_id: one u32 = CSG_ID;
        csg_access_mode: one value CsgAccessMode = CSG_ACCESS_MODE;
        csg_membership_indication: one value CsgMembershipIndication = CSG_MEMBERSHIP_INDICATION;
    }
    /// TWAN-User-Location-Info (TS 32.299).
    group TwanUserLocationInfo of TWAN_USER_LOCATION_INFO {
        ssid: one str = SSID;
        bssid: one str = BSSID;
    }
    /// UWAN-User-Location-Info (TS 32.299).
    group UwanUserLocationInfo of UWAN_USER_LOCATION_INFO {
        ue_local_ip_address: one address = UE_LOCAL_IP_ADDRESS;
        udp_source_port: one u32 = UDP_SOURCE_PORT;
        ssid: one str = SSID;
        bssid: one str = BSSID;
    }
}
