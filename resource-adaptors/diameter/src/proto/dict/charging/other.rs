//! LCS-, PoC-, MBMS-, MMTel- and VCS-Information and their members: TS 32.299 7.2.

use super::super::nas::tgpp::*;
use super::super::sh::MSISDN;
use super::*;

avps! { VENDOR_3GPP;
    LCS_INFORMATION(878 "LCS-Information" Grouped Must [LCS_CLIENT_ID LOCATION_TYPE LOCATION_ESTIMATE POSITIONING_DATA TGPP_IMSI
        MSISDN] ..)
    DEFERRED_LOCATION_EVENT_TYPE(1230 "Deferred-Location-Event-Type" Utf8String Must)
    LCS_APN(1231 "LCS-APN" Utf8String Must)
    LCS_CLIENT_ID(1232 "LCS-Client-Id" Grouped Must [LCS_CLIENT_TYPE LCS_CLIENT_EXTERNAL_ID LCS_CLIENT_DIALED_BY_MS LCS_CLIENT_NAME
        LCS_APN LCS_REQUESTOR_ID] ..)
    LCS_CLIENT_DIALED_BY_MS(1233 "LCS-Client-Dialed-By-MS" Utf8String Must)
    LCS_CLIENT_EXTERNAL_ID(1234 "LCS-Client-External-ID" Utf8String Must)
    LCS_CLIENT_NAME(1235 "LCS-Client-Name" Grouped Must [LCS_DATA_CODING_SCHEME LCS_NAME_STRING LCS_FORMAT_INDICATOR] ..)
    LCS_DATA_CODING_SCHEME(1236 "LCS-Data-Coding-Scheme" Utf8String Must)
    LCS_FORMAT_INDICATOR(1237 "LCS-Format-Indicator" Enumerated Must enum {
        0 "LOGICAL_NAME", 1 "EMAIL_ADDRESS", 2 "MSISDN", 3 "URL", 4 "SIP_URL",
    })
    LCS_NAME_STRING(1238 "LCS-Name-String" Utf8String Must)
    LCS_REQUESTOR_ID(1239 "LCS-Requestor-Id" Grouped Must [LCS_DATA_CODING_SCHEME LCS_REQUESTOR_ID_STRING] ..)
    LCS_REQUESTOR_ID_STRING(1240 "LCS-Requestor-Id-String" Utf8String Must)
    LCS_CLIENT_TYPE(1241 "LCS-Client-Type" Enumerated Must enum {
        0 "EMERGENCY_SERVICES", 1 "VALUE_ADDED_SERVICES", 2 "PLMN_OPERATOR_SERVICES", 3 "LAWFUL_INTERCEPT_SERVICES",
    })
    LOCATION_ESTIMATE(1242 "Location-Estimate" OctetString Must)
    LOCATION_ESTIMATE_TYPE(1243 "Location-Estimate-Type" Enumerated Must enum {
        0 "CURRENT_LOCATION", 1 "CURRENT_LAST_KNOWN_LOCATION", 2 "INITIAL_LOCATION", 3 "ACTIVATE_DEFERRED_LOCATION",
        4 "CANCEL_DEFERRED_LOCATION",
    })
    LOCATION_TYPE(1244 "Location-Type" Grouped Must [LOCATION_ESTIMATE_TYPE DEFERRED_LOCATION_EVENT_TYPE] ..)
    POSITIONING_DATA(1245 "Positioning-Data" Utf8String Must)

    POC_INFORMATION(879 "PoC-Information" Grouped Must [POC_SERVER_ROLE POC_SESSION_TYPE POC_USER_ROLE POC_SESSION_INITIATION_TYPE
        POC_EVENT_TYPE NUMBER_OF_PARTICIPANTS POC_CONTROLLING_ADDRESS POC_GROUP_NAME POC_SESSION_ID CHARGED_PARTY]
        *[PARTICIPANT_GROUP TALK_BURST_EXCHANGE PARTICIPANTS_INVOLVED] ..)
    CHARGED_PARTY(857 "Charged-Party" Utf8String Must)
    POC_CONTROLLING_ADDRESS(858 "PoC-Controlling-Address" Utf8String Must)
    POC_GROUP_NAME(859 "PoC-Group-Name" Utf8String Must)
    POC_SERVER_ROLE(883 "PoC-Server-Role" Enumerated Must enum {
        0 "Participating_PoC_Server", 1 "Controlling_PoC_Server", 2 "Interworking_PoC_Function",
        3 "Interworking_Selection_Function",
    })
    POC_SESSION_TYPE(884 "PoC-Session-Type" Enumerated Must enum {
        0 "one_to_one_PoC_session", 1 "Chat_PoC_group_session", 2 "Pre-arranged_PoC_group_session", 3 "Ad-hoc_PoC_group_session",
    })
    NUMBER_OF_PARTICIPANTS(885 "Number-Of-Participants" Unsigned32 Must)
    PARTICIPANTS_INVOLVED(887 "Participants-Involved" Utf8String Must)
    POC_SESSION_ID(1229 "PoC-Session-Id" Utf8String Must)
    POC_USER_ROLE(1252 "PoC-User-Role" Grouped Must [POC_USER_ROLE_IDS POC_USER_ROLE_INFO_UNITS] ..)
    POC_USER_ROLE_IDS(1253 "PoC-User-Role-IDs" Utf8String Must)
    POC_USER_ROLE_INFO_UNITS(1254 "PoC-User-Role-info-Units" Enumerated Must enum {
        1 "Moderator", 2 "Dispatcher", 3 "Session-Owner", 4 "Session-Participant",
    })
    TALK_BURST_EXCHANGE(1255 "Talk-Burst-Exchange" Grouped Must {POC_CHANGE_TIME} [NUMBER_OF_TALK_BURSTS TALK_BURST_VOLUME
        TALK_BURST_TIME NUMBER_OF_RECEIVED_TALK_BURSTS RECEIVED_TALK_BURST_VOLUME RECEIVED_TALK_BURST_TIME NUMBER_OF_PARTICIPANTS
        POC_CHANGE_CONDITION] ..)
    PARTICIPANT_ACCESS_PRIORITY(1259 "Participant-Access-Priority" Enumerated Must enum {
        1 "Pre-emptive_priority", 2 "High_priority", 3 "Normal_priority", 4 "Low_priority",
    })
    PARTICIPANT_GROUP(1260 "Participant-Group" Grouped Must [CALLED_PARTY_ADDRESS PARTICIPANT_ACCESS_PRIORITY
        USER_PARTICIPATING_TYPE] ..)
    POC_CHANGE_CONDITION(1261 "PoC-Change-Condition" Enumerated Must)
    POC_CHANGE_TIME(1262 "PoC-Change-Time" Time Must)
    POC_SESSION_INITIATION_TYPE(1277 "PoC-Session-Initiation-type" Enumerated Must enum { 0 "Pre-established", 1 "On-demand" })
    USER_PARTICIPATING_TYPE(1279 "User-Participating-Type" Enumerated Must enum { 0 "Normal", 1 "NW_PoC_Box", 2 "UE_PoC_Box" })
    NUMBER_OF_RECEIVED_TALK_BURSTS(1282 "Number-Of-Received-Talk-Bursts" Unsigned32 Must)
    NUMBER_OF_TALK_BURSTS(1283 "Number-Of-Talk-Bursts" Unsigned32 Must)
    RECEIVED_TALK_BURST_TIME(1284 "Received-Talk-Burst-Time" Unsigned32 Must)
    RECEIVED_TALK_BURST_VOLUME(1285 "Received-Talk-Burst-Volume" Unsigned32 Must)
    TALK_BURST_TIME(1286 "Talk-Burst-Time" Unsigned32 Must)
    TALK_BURST_VOLUME(1287 "Talk-Burst-Volume" Unsigned32 Must)
    POC_EVENT_TYPE(2025 "PoC-Event-Type" Enumerated Must enum {
        0 "Normal", 1 "Instant_Personal_Alert_event", 2 "PoC_Group_Advertisement_event", 3 "Early_Session_Setting-up_event",
        4 "PoC_Talk_Burst",
    })

    MBMS_INFORMATION(880 "MBMS-Information" Grouped Must [TMGI MBMS_SERVICE_TYPE MBMS_USER_SERVICE_TYPE FILE_REPAIR_SUPPORTED
        REQUIRED_MBMS_BEARER_CAPABILITIES MBMS_2G_3G_INDICATOR RAI MBMS_SESSION_IDENTITY CN_IP_MULTICAST_DISTRIBUTION
        MBMS_GW_ADDRESS MBMS_CHARGED_PARTY MBMS_DATA_TRANSFER_START MBMS_DATA_TRANSFER_STOP] *[MBMS_SERVICE_AREA MSISDN] ..)
    TMGI(900 "TMGI" OctetString Must)
    REQUIRED_MBMS_BEARER_CAPABILITIES(901 "Required-MBMS-Bearer-Capabilities" Utf8String Must)
    MBMS_STARTSTOP_INDICATION(902 "MBMS-StartStop-Indication" Enumerated Must enum { 0 "START", 1 "STOP", 2 "UPDATE" })
    MBMS_SERVICE_AREA(903 "MBMS-Service-Area" OctetString Must)
    MBMS_SESSION_DURATION(904 "MBMS-Session-Duration" OctetString Must)
    ALTERNATIVE_APN(905 "Alternative-APN" Utf8String Must)
    MBMS_SERVICE_TYPE(906 "MBMS-Service-Type" Enumerated Must enum { 0 "MULTICAST", 1 "BROADCAST" })
    MBMS_2G_3G_INDICATOR(907 "MBMS-2G-3G-Indicator" Enumerated Must enum { 0 "2G", 1 "3G", 2 "2G-AND-3G" })
    MBMS_SESSION_IDENTITY(908 "MBMS-Session-Identity" OctetString Must)
    RAI(909 "RAI" Utf8String Must)
    CN_IP_MULTICAST_DISTRIBUTION(921 "CN-IP-Multicast-Distribution" Enumerated Must enum { 0 "NO-IP-MULTICAST", 1 "IP-MULTICAST" })
    MBMS_DATA_TRANSFER_START(929 "MBMS-Data-Transfer-Start" Unsigned64 May)
    MBMS_DATA_TRANSFER_STOP(930 "MBMS-Data-Transfer-Stop" Unsigned64 May)
    FILE_REPAIR_SUPPORTED(1224 "File-Repair-Supported" Enumerated Must enum { 1 "SUPPORTED", 2 "NOT_SUPPORTED" })
    MBMS_USER_SERVICE_TYPE(1225 "MBMS-User-Service-Type" Enumerated Must enum { 1 "DOWNLOAD", 2 "STREAMING" })
    MBMS_GW_ADDRESS(2307 "MBMS-GW-Address" Address Must)
    MBMS_CHARGED_PARTY(2323 "MBMS-Charged-Party" Enumerated Must enum { 0 "Content_Provider", 1 "Subscriber" })

    MMTEL_INFORMATION(2030 "MMTel-Information" Grouped Must *[SUPPLEMENTARY_SERVICE] ..)
    MMTEL_SSERVICE_TYPE(2031 "MMTel-SService-Type" Unsigned32 Must)
    SERVICE_MODE(2032 "Service-Mode" Unsigned32 Must)
    SUBSCRIBER_ROLE(2033 "Subscriber-Role" Enumerated Must enum { 0 "Originating", 1 "Terminating" })
    NUMBER_OF_DIVERSIONS(2034 "Number-Of-Diversions" Unsigned32 Must)
    SUPPLEMENTARY_SERVICE(2048 "Supplementary-Service" Grouped Must [MMTEL_SSERVICE_TYPE SERVICE_MODE NUMBER_OF_DIVERSIONS
        ASSOCIATED_PARTY_ADDRESS SERVICE_ID CHANGE_TIME NUMBER_OF_PARTICIPANTS PARTICIPANT_ACTION_TYPE CUG_INFORMATION
        AOC_INFORMATION] ..)
    PARTICIPANT_ACTION_TYPE(2049 "Participant-Action-Type" Enumerated Must enum {
        0 "CREATE_CONF", 1 "JOIN_CONF", 2 "INVITE_INTO_CONF", 3 "QUIT_CONF",
    })
    CUG_INFORMATION(2304 "CUG-Information" OctetString Must)

    VCS_INFORMATION(3410 "VCS-Information" Grouped Must [BEARER_CAPABILITY NETWORK_CALL_REFERENCE_NUMBER MSC_ADDRESS
        BASIC_SERVICE_CODE ISUP_LOCATION_NUMBER VLR_NUMBER FORWARDING_PENDING ISUP_CAUSE START_TIME START_OF_CHARGING STOP_TIME
        PS_FREE_FORMAT_DATA] ..)
    BASIC_SERVICE_CODE(3411 "Basic-Service-Code" Grouped Must [BEARER_SERVICE TELESERVICE] ..)
    BEARER_CAPABILITY(3412 "Bearer-Capability" OctetString Must)
    TELESERVICE(3413 "Teleservice" OctetString Must)
    ISUP_LOCATION_NUMBER(3414 "ISUP-Location-Number" OctetString Must)
    FORWARDING_PENDING(3415 "Forwarding-Pending" Enumerated Must enum { 0 "Forwarding_not_pending", 1 "Forwarding_pending" })
    ISUP_CAUSE(3416 "ISUP-Cause" Grouped Must [ISUP_CAUSE_LOCATION ISUP_CAUSE_VALUE ISUP_CAUSE_DIAGNOSTICS] ..)
    MSC_ADDRESS(3417 "MSC-Address" OctetString Must)
    NETWORK_CALL_REFERENCE_NUMBER(3418 "Network-Call-Reference-Number" OctetString Must)
    START_OF_CHARGING(3419 "Start-of-Charging" Time Must)
    VLR_NUMBER(3420 "VLR-Number" OctetString Must)
    ISUP_CAUSE_DIAGNOSTICS(3422 "ISUP-Cause-Diagnostics" OctetString Must)
    ISUP_CAUSE_LOCATION(3423 "ISUP-Cause-Location" Unsigned32 Must)
    ISUP_CAUSE_VALUE(3424 "ISUP-Cause-Value" Unsigned32 Must)
}
