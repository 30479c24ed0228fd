//! The base protocol and accounting: RFC 6733 4.5 (AVPs), 5.3 to 5.5, 8.3 to 8.5 and 9.7 (commands).

use std::borrow::Cow;

use super::charging::SERVICE_INFORMATION;
use super::credit::SERVICE_CONTEXT_ID;
use super::{ApplicationDef, ApplicationKind, Member};

/// Application-Id of the base protocol itself.
pub const COMMON_MESSAGES: u32 = 0;
/// Application-Id of base accounting.
pub const BASE_ACCOUNTING: u32 = 3;
/// Application-Id that a relay announces.
pub const RELAY: u32 = 0xffff_ffff;

pub(super) const APPLICATIONS: &[ApplicationDef] = &[
    ApplicationDef {
        id: COMMON_MESSAGES,
        vendor: 0,
        name: Cow::Borrowed("base"),
        kind: ApplicationKind::Auth,
    },
    ApplicationDef {
        id: BASE_ACCOUNTING,
        vendor: 0,
        name: Cow::Borrowed("accounting"),
        kind: ApplicationKind::Acct,
    },
    ApplicationDef {
        id: RELAY,
        vendor: 0,
        name: Cow::Borrowed("relay"),
        kind: ApplicationKind::Auth,
    },
];

avps! { 0;
    USER_NAME(1 "User-Name" Utf8String Must)
    CLASS(25 "Class" OctetString Must)
    SESSION_TIMEOUT(27 "Session-Timeout" Unsigned32 Must)
    PROXY_STATE(33 "Proxy-State" OctetString Must)
    ACCT_SESSION_ID(44 "Acct-Session-Id" OctetString Must)
    ACCT_MULTI_SESSION_ID(50 "Acct-Multi-Session-Id" Utf8String Must)
    EVENT_TIMESTAMP(55 "Event-Timestamp" Time Must)
    ACCT_INTERIM_INTERVAL(85 "Acct-Interim-Interval" Unsigned32 Must)
    HOST_IP_ADDRESS(257 "Host-IP-Address" Address Must)
    AUTH_APPLICATION_ID(258 "Auth-Application-Id" Unsigned32 Must)
    ACCT_APPLICATION_ID(259 "Acct-Application-Id" Unsigned32 Must)
    VENDOR_SPECIFIC_APPLICATION_ID(260 "Vendor-Specific-Application-Id" Grouped Must
        {VENDOR_ID} [AUTH_APPLICATION_ID ACCT_APPLICATION_ID])
    REDIRECT_HOST_USAGE(261 "Redirect-Host-Usage" Enumerated Must enum {
        0 "DONT_CACHE", 1 "ALL_SESSION", 2 "ALL_REALM", 3 "REALM_AND_APPLICATION", 4 "ALL_APPLICATION", 5 "ALL_HOST", 6 "ALL_USER",
    })
    REDIRECT_MAX_CACHE_TIME(262 "Redirect-Max-Cache-Time" Unsigned32 Must)
    SESSION_ID(263 "Session-Id" Utf8String Must)
    ORIGIN_HOST(264 "Origin-Host" DiameterIdentity Must)
    SUPPORTED_VENDOR_ID(265 "Supported-Vendor-Id" Unsigned32 Must)
    VENDOR_ID(266 "Vendor-Id" Unsigned32 Must)
    FIRMWARE_REVISION(267 "Firmware-Revision" Unsigned32 MustNot)
    RESULT_CODE(268 "Result-Code" Unsigned32 Must)
    PRODUCT_NAME(269 "Product-Name" Utf8String MustNot)
    SESSION_BINDING(270 "Session-Binding" Unsigned32 Must)
    SESSION_SERVER_FAILOVER(271 "Session-Server-Failover" Enumerated Must enum {
        0 "REFUSE_SERVICE", 1 "TRY_AGAIN", 2 "ALLOW_SERVICE", 3 "TRY_AGAIN_ALLOW_SERVICE",
    })
    MULTI_ROUND_TIME_OUT(272 "Multi-Round-Time-Out" Unsigned32 Must)
    DISCONNECT_CAUSE(273 "Disconnect-Cause" Enumerated Must enum {
        0 "REBOOTING", 1 "BUSY", 2 "DO_NOT_WANT_TO_TALK_TO_YOU",
    })
    AUTH_REQUEST_TYPE(274 "Auth-Request-Type" Enumerated Must enum {
        1 "AUTHENTICATE_ONLY", 2 "AUTHORIZE_ONLY", 3 "AUTHORIZE_AUTHENTICATE",
    })
    AUTH_GRACE_PERIOD(276 "Auth-Grace-Period" Unsigned32 Must)
    AUTH_SESSION_STATE(277 "Auth-Session-State" Enumerated Must enum { 0 "STATE_MAINTAINED", 1 "NO_STATE_MAINTAINED" })
    ORIGIN_STATE_ID(278 "Origin-State-Id" Unsigned32 Must)
    FAILED_AVP(279 "Failed-AVP" Grouped Must)
    PROXY_HOST(280 "Proxy-Host" DiameterIdentity Must)
    ERROR_MESSAGE(281 "Error-Message" Utf8String MustNot)
    ROUTE_RECORD(282 "Route-Record" DiameterIdentity Must)
    DESTINATION_REALM(283 "Destination-Realm" DiameterIdentity Must)
    PROXY_INFO(284 "Proxy-Info" Grouped Must {PROXY_HOST PROXY_STATE} ..)
    RE_AUTH_REQUEST_TYPE(285 "Re-Auth-Request-Type" Enumerated Must enum { 0 "AUTHORIZE_ONLY", 1 "AUTHORIZE_AUTHENTICATE" })
    ACCOUNTING_SUB_SESSION_ID(287 "Accounting-Sub-Session-Id" Unsigned64 Must)
    AUTHORIZATION_LIFETIME(291 "Authorization-Lifetime" Unsigned32 Must)
    REDIRECT_HOST(292 "Redirect-Host" DiameterUri Must)
    DESTINATION_HOST(293 "Destination-Host" DiameterIdentity Must)
    ERROR_REPORTING_HOST(294 "Error-Reporting-Host" DiameterIdentity MustNot)
    /// Values from 11 are those of RADIUS (RFC 7155 4.3).
    TERMINATION_CAUSE(295 "Termination-Cause" Enumerated Must enum {
        1 "DIAMETER_LOGOUT", 2 "DIAMETER_SERVICE_NOT_PROVIDED", 3 "DIAMETER_BAD_ANSWER", 4 "DIAMETER_ADMINISTRATIVE",
        5 "DIAMETER_LINK_BROKEN", 6 "DIAMETER_AUTH_EXPIRED", 7 "DIAMETER_USER_MOVED", 8 "DIAMETER_SESSION_TIMEOUT",
        11 "USER_REQUEST", 12 "LOST_CARRIER", 13 "LOST_SERVICE", 14 "IDLE_TIMEOUT", 15 "SESSION_TIMEOUT", 16 "ADMIN_RESET",
        17 "ADMIN_REBOOT", 18 "PORT_ERROR", 19 "NAS_ERROR", 20 "NAS_REQUEST", 21 "NAS_REBOOT", 22 "PORT_UNNEEDED",
        23 "PORT_PREEMPTED", 24 "PORT_SUSPENDED", 25 "SERVICE_UNAVAILABLE", 26 "CALLBACK", 27 "USER_ERROR", 28 "HOST_REQUEST",
        29 "SUPPLICANT_RESTART", 30 "REAUTHENTICATION_FAILURE", 31 "PORT_REINIT", 32 "PORT_DISABLED",
    })
    ORIGIN_REALM(296 "Origin-Realm" DiameterIdentity Must)
    EXPERIMENTAL_RESULT(297 "Experimental-Result" Grouped Must {VENDOR_ID EXPERIMENTAL_RESULT_CODE})
    EXPERIMENTAL_RESULT_CODE(298 "Experimental-Result-Code" Unsigned32 Must)
    INBAND_SECURITY_ID(299 "Inband-Security-Id" Unsigned32 Must)
    ACCOUNTING_RECORD_TYPE(480 "Accounting-Record-Type" Enumerated Must enum {
        1 "EVENT_RECORD", 2 "START_RECORD", 3 "INTERIM_RECORD", 4 "STOP_RECORD",
    })
    ACCOUNTING_REALTIME_REQUIRED(483 "Accounting-Realtime-Required" Enumerated Must enum {
        1 "DELIVER_AND_GRANT", 2 "GRANT_AND_STORE", 3 "GRANT_AND_LOSE",
    })
    ACCOUNTING_RECORD_NUMBER(485 "Accounting-Record-Number" Unsigned32 Must)
}

commands! {
    CAPABILITIES_EXCHANGE(257 COMMON_MESSAGES "Capabilities-Exchange" REQ
        request ({ORIGIN_HOST ORIGIN_REALM VENDOR_ID PRODUCT_NAME} [ORIGIN_STATE_ID FIRMWARE_REVISION]
            *[SUPPORTED_VENDOR_ID AUTH_APPLICATION_ID INBAND_SECURITY_ID ACCT_APPLICATION_ID VENDOR_SPECIFIC_APPLICATION_ID]
            + {HOST_IP_ADDRESS} ..)
        answer ({RESULT_CODE ORIGIN_HOST ORIGIN_REALM VENDOR_ID PRODUCT_NAME}
            [ORIGIN_STATE_ID ERROR_MESSAGE FAILED_AVP FIRMWARE_REVISION]
            *[SUPPORTED_VENDOR_ID AUTH_APPLICATION_ID INBAND_SECURITY_ID ACCT_APPLICATION_ID VENDOR_SPECIFIC_APPLICATION_ID]
            + {HOST_IP_ADDRESS} ..))
    DEVICE_WATCHDOG(280 COMMON_MESSAGES "Device-Watchdog" REQ
        request ({ORIGIN_HOST ORIGIN_REALM} [ORIGIN_STATE_ID] ..)
        answer ({RESULT_CODE ORIGIN_HOST ORIGIN_REALM} [ERROR_MESSAGE FAILED_AVP ORIGIN_STATE_ID] ..))
    DISCONNECT_PEER(282 COMMON_MESSAGES "Disconnect-Peer" REQ
        request ({ORIGIN_HOST ORIGIN_REALM DISCONNECT_CAUSE} ..)
        answer ({RESULT_CODE ORIGIN_HOST ORIGIN_REALM} [ERROR_MESSAGE FAILED_AVP] ..))
    RE_AUTH(258 COMMON_MESSAGES "Re-Auth" PXY
        request ({SESSION_ID ORIGIN_HOST ORIGIN_REALM DESTINATION_REALM DESTINATION_HOST AUTH_APPLICATION_ID RE_AUTH_REQUEST_TYPE}
            [USER_NAME ORIGIN_STATE_ID] *[PROXY_INFO ROUTE_RECORD] ..)
        answer ({SESSION_ID RESULT_CODE ORIGIN_HOST ORIGIN_REALM}
            [USER_NAME ORIGIN_STATE_ID ERROR_MESSAGE ERROR_REPORTING_HOST FAILED_AVP REDIRECT_HOST_USAGE REDIRECT_MAX_CACHE_TIME]
            *[REDIRECT_HOST PROXY_INFO] ..))
    ABORT_SESSION(274 COMMON_MESSAGES "Abort-Session" PXY
        request ({SESSION_ID ORIGIN_HOST ORIGIN_REALM DESTINATION_REALM DESTINATION_HOST AUTH_APPLICATION_ID}
            [USER_NAME ORIGIN_STATE_ID] *[PROXY_INFO ROUTE_RECORD] ..)
        answer ({SESSION_ID RESULT_CODE ORIGIN_HOST ORIGIN_REALM}
            [USER_NAME ORIGIN_STATE_ID ERROR_MESSAGE ERROR_REPORTING_HOST FAILED_AVP REDIRECT_HOST_USAGE REDIRECT_MAX_CACHE_TIME]
            *[REDIRECT_HOST PROXY_INFO] ..))
    SESSION_TERMINATION(275 COMMON_MESSAGES "Session-Termination" PXY
        request ({SESSION_ID ORIGIN_HOST ORIGIN_REALM DESTINATION_REALM AUTH_APPLICATION_ID TERMINATION_CAUSE}
            [USER_NAME DESTINATION_HOST ORIGIN_STATE_ID] *[CLASS PROXY_INFO ROUTE_RECORD] ..)
        answer ({SESSION_ID RESULT_CODE ORIGIN_HOST ORIGIN_REALM}
            [USER_NAME ERROR_MESSAGE ERROR_REPORTING_HOST FAILED_AVP ORIGIN_STATE_ID REDIRECT_HOST_USAGE REDIRECT_MAX_CACHE_TIME]
            *[CLASS REDIRECT_HOST PROXY_INFO] ..))
    ACCOUNTING(271 BASE_ACCOUNTING "Accounting" PXY
        request ({SESSION_ID ORIGIN_HOST ORIGIN_REALM DESTINATION_REALM ACCOUNTING_RECORD_TYPE ACCOUNTING_RECORD_NUMBER}
            [ACCT_APPLICATION_ID VENDOR_SPECIFIC_APPLICATION_ID USER_NAME DESTINATION_HOST ACCOUNTING_SUB_SESSION_ID ACCT_SESSION_ID
             ACCT_MULTI_SESSION_ID ACCT_INTERIM_INTERVAL ACCOUNTING_REALTIME_REQUIRED ORIGIN_STATE_ID EVENT_TIMESTAMP
             SERVICE_CONTEXT_ID SERVICE_INFORMATION]
            *[PROXY_INFO ROUTE_RECORD] ..)
        answer ({SESSION_ID RESULT_CODE ORIGIN_HOST ORIGIN_REALM ACCOUNTING_RECORD_TYPE ACCOUNTING_RECORD_NUMBER}
            [ACCT_APPLICATION_ID VENDOR_SPECIFIC_APPLICATION_ID USER_NAME ACCOUNTING_SUB_SESSION_ID ACCT_SESSION_ID
             ACCT_MULTI_SESSION_ID ERROR_MESSAGE ERROR_REPORTING_HOST FAILED_AVP ACCT_INTERIM_INTERVAL
             ACCOUNTING_REALTIME_REQUIRED ORIGIN_STATE_ID EVENT_TIMESTAMP]
            *[PROXY_INFO] ..))
}

/// The AVPs of the `answer-message` of RFC 6733 7.2, which carries a protocol error whatever the command.
pub static ANSWER_MESSAGE: &[Member] = members!({ORIGIN_HOST ORIGIN_REALM RESULT_CODE}
    [SESSION_ID ORIGIN_STATE_ID ERROR_MESSAGE ERROR_REPORTING_HOST FAILED_AVP EXPERIMENTAL_RESULT] *[PROXY_INFO] ..);
