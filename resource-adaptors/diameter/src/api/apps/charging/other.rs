//! LCS-, PoC-, MBMS-, MMTel- and VCS-Information (TS 32.299 7.2).

use super::super::charging::AoCInformation;
use crate::proto::dict::charging::*;
use crate::proto::dict::nas::tgpp::TGPP_IMSI;
use crate::proto::dict::sh::MSISDN;

enumerated! {
    /// LCS-Format-Indicator (TS 32.299).
    LcsFormatIndicator of LCS_FORMAT_INDICATOR {
        LogicalName = 0, EmailAddress = 1, Msisdn = 2, Url = 3, SipUrl = 4,
    }
    /// LCS-Client-Type (TS 32.299).
    LcsClientType of LCS_CLIENT_TYPE {
        EmergencyServices = 0, ValueAddedServices = 1, PlmnOperatorServices = 2, LawfulInterceptServices = 3,
    }
    /// Location-Estimate-Type (TS 32.299).
    LocationEstimateType of LOCATION_ESTIMATE_TYPE {
        CurrentLocation = 0, CurrentLastKnownLocation = 1, InitialLocation = 2, ActivateDeferredLocation = 3,
        CancelDeferredLocation = 4,
    }
    /// PoC-Server-Role (TS 32.299).
    PoCServerRole of POC_SERVER_ROLE {
        ParticipatingPoCServer = 0, ControllingPoCServer = 1, InterworkingPoCFunction = 2,
        InterworkingSelectionFunction = 3,
    }
    /// PoC-Session-Type (TS 32.299).
    PoCSessionType of POC_SESSION_TYPE {
        OneToOnePoCSession = 0, ChatPoCGroupSession = 1, PreArrangedPoCGroupSession = 2, AdHocPoCGroupSession = 3,
    }
    /// PoC-User-Role-info-Units (TS 32.299).
    PoCUserRoleInfoUnits of POC_USER_ROLE_INFO_UNITS {
        Moderator = 1, Dispatcher = 2, SessionOwner = 3, SessionParticipant = 4,
    }
    /// Participant-Access-Priority (TS 32.299).
    ParticipantAccessPriority of PARTICIPANT_ACCESS_PRIORITY {
        PreEmptivePriority = 1, HighPriority = 2, NormalPriority = 3, LowPriority = 4,
    }
    /// PoC-Session-Initiation-type (TS 32.299).
    PoCSessionInitiationType of POC_SESSION_INITIATION_TYPE { PreEstablished = 0, OnDemand = 1 }
    /// User-Participating-Type (TS 32.299).
    UserParticipatingType of USER_PARTICIPATING_TYPE { Normal = 0, NwPoCBox = 1, UePoCBox = 2 }
    /// PoC-Event-Type (TS 32.299).
    PoCEventType of POC_EVENT_TYPE {
        Normal = 0, InstantPersonalAlertEvent = 1, PoCGroupAdvertisementEvent = 2, EarlySessionSettingUpEvent = 3,
        PoCTalkBurst = 4,
    }
    /// MBMS-StartStop-Indication (TS 32.299).
    MbmsStartStopIndication of MBMS_STARTSTOP_INDICATION { Start = 0, Stop = 1, Update = 2 }
    /// MBMS-Service-Type (TS 32.299).
    MbmsServiceType of MBMS_SERVICE_TYPE { Multicast = 0, Broadcast = 1 }
    /// MBMS-2G-3G-Indicator (TS 32.299).
    Mbms2g3gIndicator of MBMS_2G_3G_INDICATOR { Only2G = 0, Only3G = 1, Both2GAnd3G = 2 }
    /// CN-IP-Multicast-Distribution (TS 32.299).
    CnIpMulticastDistribution of CN_IP_MULTICAST_DISTRIBUTION { NoIpMulticast = 0, IpMulticast = 1 }
    /// File-Repair-Supported (TS 32.299).
    FileRepairSupported of FILE_REPAIR_SUPPORTED { Supported = 1, NotSupported = 2 }
    /// MBMS-User-Service-Type (TS 32.299).
    MbmsUserServiceType of MBMS_USER_SERVICE_TYPE { Download = 1, Streaming = 2 }
    /// MBMS-Charged-Party (TS 32.299).
    MbmsChargedParty of MBMS_CHARGED_PARTY { ContentProvider = 0, Subscriber = 1 }
    /// Subscriber-Role (TS 32.299).
    SubscriberRole of SUBSCRIBER_ROLE { Originating = 0, Terminating = 1 }
    /// Participant-Action-Type (TS 32.299).
    ParticipantActionType of PARTICIPANT_ACTION_TYPE {
        CreateConf = 0, JoinConf = 1, InviteIntoConf = 2, QuitConf = 3,
    }
    /// Forwarding-Pending (TS 32.299).
    ForwardingPending of FORWARDING_PENDING { ForwardingNotPending = 0, ForwardingPending = 1 }
}

application! {
    /// LCS-Information (TS 32.299).
    group LcsInformation of LCS_INFORMATION {
        lcs_client_id: one group LcsClientId = LCS_CLIENT_ID;
        location_type: one group LocationType = LOCATION_TYPE;
        location_estimate: one bytes = LOCATION_ESTIMATE;
        positioning_data: one str = POSITIONING_DATA;
        tgpp_imsi: one str = TGPP_IMSI;
        msisdn: one bytes = MSISDN;
    }
    /// LCS-Client-Id (TS 32.299).
    group LcsClientId of LCS_CLIENT_ID {
        lcs_client_type: one value LcsClientType = LCS_CLIENT_TYPE;
        lcs_client_external_id: one str = LCS_CLIENT_EXTERNAL_ID;
        lcs_client_dialed_by_ms: one str = LCS_CLIENT_DIALED_BY_MS;
        lcs_client_name: one group LcsClientName = LCS_CLIENT_NAME;
        lcs_apn: one str = LCS_APN;
        lcs_requestor_id: one group LcsRequestorId = LCS_REQUESTOR_ID;
    }
    /// LCS-Client-Name (TS 32.299).
    group LcsClientName of LCS_CLIENT_NAME {
        lcs_data_coding_scheme: one str = LCS_DATA_CODING_SCHEME;
        lcs_name_string: one str = LCS_NAME_STRING;
        lcs_format_indicator: one value LcsFormatIndicator = LCS_FORMAT_INDICATOR;
    }
    /// LCS-Requestor-Id (TS 32.299).
    group LcsRequestorId of LCS_REQUESTOR_ID {
        lcs_data_coding_scheme: one str = LCS_DATA_CODING_SCHEME;
        lcs_requestor_id_string: one str = LCS_REQUESTOR_ID_STRING;
    }
    /// Location-Type (TS 32.299).
    group LocationType of LOCATION_TYPE {
        location_estimate_type: one value LocationEstimateType = LOCATION_ESTIMATE_TYPE;
        deferred_location_event_type: one str = DEFERRED_LOCATION_EVENT_TYPE;
    }
    /// PoC-Information (TS 32.299).
    group PoCInformation of POC_INFORMATION {
        poc_server_role: one value PoCServerRole = POC_SERVER_ROLE;
        poc_session_type: one value PoCSessionType = POC_SESSION_TYPE;
        poc_user_role: one group PoCUserRole = POC_USER_ROLE;
        poc_session_initiation_type: one value PoCSessionInitiationType = POC_SESSION_INITIATION_TYPE;
        poc_event_type: one value PoCEventType = POC_EVENT_TYPE;
        number_of_participants: one u32 = NUMBER_OF_PARTICIPANTS;
        poc_controlling_address: one str = POC_CONTROLLING_ADDRESS;
        poc_group_name: one str = POC_GROUP_NAME;
        poc_session_id: one str = POC_SESSION_ID;
        charged_party: one str = CHARGED_PARTY;
        participant_group: many group ParticipantGroup = PARTICIPANT_GROUP;
        talk_burst_exchange: many group TalkBurstExchange = TALK_BURST_EXCHANGE;
        participants_involved: many str = PARTICIPANTS_INVOLVED;
    }
    /// PoC-User-Role (TS 32.299).
    group PoCUserRole of POC_USER_ROLE {
        poc_user_role_ids: one str = POC_USER_ROLE_IDS;
        poc_user_role_info_units: one value PoCUserRoleInfoUnits = POC_USER_ROLE_INFO_UNITS;
    }
    /// Talk-Burst-Exchange (TS 32.299).
    group TalkBurstExchange of TALK_BURST_EXCHANGE {
        poc_change_time: one time = POC_CHANGE_TIME;
        number_of_talk_bursts: one u32 = NUMBER_OF_TALK_BURSTS;
        talk_burst_volume: one u32 = TALK_BURST_VOLUME;
        talk_burst_time: one u32 = TALK_BURST_TIME;
        number_of_received_talk_bursts: one u32 = NUMBER_OF_RECEIVED_TALK_BURSTS;
        received_talk_burst_volume: one u32 = RECEIVED_TALK_BURST_VOLUME;
        received_talk_burst_time: one u32 = RECEIVED_TALK_BURST_TIME;
        number_of_participants: one u32 = NUMBER_OF_PARTICIPANTS;
        poc_change_condition: one i32 = POC_CHANGE_CONDITION;
    }
    /// Participant-Group (TS 32.299).
    group ParticipantGroup of PARTICIPANT_GROUP {
        called_party_address: one str = CALLED_PARTY_ADDRESS;
        participant_access_priority: one value ParticipantAccessPriority = PARTICIPANT_ACCESS_PRIORITY;
        user_participating_type: one value UserParticipatingType = USER_PARTICIPATING_TYPE;
    }
    /// MBMS-Information (TS 32.299).
    group MbmsInformation of MBMS_INFORMATION {
        tmgi: one bytes = TMGI;
        mbms_service_type: one value MbmsServiceType = MBMS_SERVICE_TYPE;
        mbms_user_service_type: one value MbmsUserServiceType = MBMS_USER_SERVICE_TYPE;
        file_repair_supported: one value FileRepairSupported = FILE_REPAIR_SUPPORTED;
        required_mbms_bearer_capabilities: one str = REQUIRED_MBMS_BEARER_CAPABILITIES;
        mbms_2g_3g_indicator: one value Mbms2g3gIndicator = MBMS_2G_3G_INDICATOR;
        rai: one str = RAI;
        mbms_session_identity: one bytes = MBMS_SESSION_IDENTITY;
        cn_ip_multicast_distribution: one value CnIpMulticastDistribution = CN_IP_MULTICAST_DISTRIBUTION;
        mbms_gw_address: one address = MBMS_GW_ADDRESS;
        mbms_charged_party: one value MbmsChargedParty = MBMS_CHARGED_PARTY;
        mbms_data_transfer_start: one u64 = MBMS_DATA_TRANSFER_START;
        mbms_data_transfer_stop: one u64 = MBMS_DATA_TRANSFER_STOP;
        mbms_service_area: many bytes = MBMS_SERVICE_AREA;
        msisdn: many bytes = MSISDN;
    }
    /// MMTel-Information (TS 32.299).
    group MMTelInformation of MMTEL_INFORMATION {
        supplementary_service: many group SupplementaryService = SUPPLEMENTARY_SERVICE;
    }
    /// Supplementary-Service (TS 32.299).
    group SupplementaryService of SUPPLEMENTARY_SERVICE {
        mmtel_sservice_type: one u32 = MMTEL_SSERVICE_TYPE;
        service_mode: one u32 = SERVICE_MODE;
        number_of_diversions: one u32 = NUMBER_OF_DIVERSIONS;
        associated_party_address: one str = ASSOCIATED_PARTY_ADDRESS;
        service_id: one str = SERVICE_ID;
        change_time: one time = CHANGE_TIME;
        number_of_participants: one u32 = NUMBER_OF_PARTICIPANTS;
        participant_action_type: one value ParticipantActionType = PARTICIPANT_ACTION_TYPE;
        cug_information: one bytes = CUG_INFORMATION;
        aoc_information: one group AoCInformation = AOC_INFORMATION;
    }
    /// VCS-Information (TS 32.299).
    group VcsInformation of VCS_INFORMATION {
        bearer_capability: one bytes = BEARER_CAPABILITY;
        network_call_reference_number: one bytes = NETWORK_CALL_REFERENCE_NUMBER;
        msc_address: one bytes = MSC_ADDRESS;
        basic_service_code: one group BasicServiceCode = BASIC_SERVICE_CODE;
        isup_location_number: one bytes = ISUP_LOCATION_NUMBER;
        vlr_number: one bytes = VLR_NUMBER;
        forwarding_pending: one value ForwardingPending = FORWARDING_PENDING;
        isup_cause: one group IsupCause = ISUP_CAUSE;
        start_time: one time = START_TIME;
        start_of_charging: one time = START_OF_CHARGING;
        stop_time: one time = STOP_TIME;
        ps_free_format_data: one bytes = PS_FREE_FORMAT_DATA;
    }
    /// Basic-Service-Code (TS 32.299).
    group BasicServiceCode of BASIC_SERVICE_CODE {
        bearer_service: one bytes = BEARER_SERVICE;
        teleservice: one bytes = TELESERVICE;
    }
    /// ISUP-Cause (TS 32.299).
    group IsupCause of ISUP_CAUSE {
        isup_cause_location: one u32 = ISUP_CAUSE_LOCATION;
        isup_cause_value: one u32 = ISUP_CAUSE_VALUE;
        isup_cause_diagnostics: one bytes = ISUP_CAUSE_DIAGNOSTICS;
    }
}
