//! The commands of the base protocol that services see, RFC 6733 8.3 to 8.5 and 9.7: RAR, STR, ASR, ACR and their answers.

use crate::proto::dict::base::*;

enumerated! {
    /// Redirect-Host-Usage (RFC 6733 6.13).
    RedirectHostUsage of REDIRECT_HOST_USAGE {
        DontCache = 0, AllSession = 1, AllRealm = 2, RealmAndApplication = 3, AllApplication = 4, AllHost = 5, AllUser = 6,
    }
    /// Re-Auth-Request-Type (RFC 6733 8.12).
    ReAuthRequestType of RE_AUTH_REQUEST_TYPE { AuthorizeOnly = 0, AuthorizeAuthenticate = 1 }
    /// Auth-Session-State (RFC 6733 8.11).
    AuthSessionState of AUTH_SESSION_STATE { StateMaintained = 0, NoStateMaintained = 1 }
    /// Termination-Cause (RFC 6733 8.15); from 11 on those of RADIUS.
    TerminationCause of TERMINATION_CAUSE {
        DiameterLogout = 1, DiameterServiceNotProvided = 2, DiameterBadAnswer = 3, DiameterAdministrative = 4,
        DiameterLinkBroken = 5, DiameterAuthExpired = 6, DiameterUserMoved = 7, DiameterSessionTimeout = 8,
        UserRequest = 11, LostCarrier = 12, LostService = 13, IdleTimeout = 14, SessionTimeout = 15, AdminReset = 16,
        AdminReboot = 17, PortError = 18, NasError = 19, NasRequest = 20, NasReboot = 21, PortUnneeded = 22,
        PortPreempted = 23, PortSuspended = 24, ServiceUnavailable = 25, Callback = 26, UserError = 27, HostRequest = 28,
        SupplicantRestart = 29, ReauthenticationFailure = 30, PortReinit = 31, PortDisabled = 32,
    }
    /// Accounting-Record-Type (RFC 6733 9.8.1).
    AccountingRecordType of ACCOUNTING_RECORD_TYPE { EventRecord = 1, StartRecord = 2, InterimRecord = 3, StopRecord = 4 }
    /// Accounting-Realtime-Required (RFC 6733 9.8.7).
    AccountingRealtimeRequired of ACCOUNTING_REALTIME_REQUIRED { DeliverAndGrant = 1, GrantAndStore = 2, GrantAndLose = 3 }
}

application! {
    /// Vendor-Specific-Application-Id (RFC 6733 6.11).
    group VendorSpecificApplicationId of VENDOR_SPECIFIC_APPLICATION_ID {
        vendor_id: many u32 = VENDOR_ID;
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        acct_application_id: one u32 = ACCT_APPLICATION_ID;
    }
    /// Experimental-Result (RFC 6733 7.6).
    group ExperimentalResult of EXPERIMENTAL_RESULT {
        vendor_id: one u32 = VENDOR_ID;
        experimental_result_code: one u32 = EXPERIMENTAL_RESULT_CODE;
    }

    /// Re-Auth-Request (RFC 6733 8.3.1).
    request ReAuthRequest as Rar of RE_AUTH {
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        re_auth_request_type: one value ReAuthRequestType = RE_AUTH_REQUEST_TYPE;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
    }
    /// Re-Auth-Answer (RFC 6733 8.3.2).
    answer ReAuthAnswer as Raa of RE_AUTH {
        user_name: one str = USER_NAME;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        error_message: one str = ERROR_MESSAGE;
        error_reporting_host: one identity = ERROR_REPORTING_HOST;
        redirect_host: many uri = REDIRECT_HOST;
        redirect_host_usage: one value RedirectHostUsage = REDIRECT_HOST_USAGE;
        redirect_max_cache_time: one u32 = REDIRECT_MAX_CACHE_TIME;
    }
    /// Session-Termination-Request (RFC 6733 8.4.1).
    request SessionTerminationRequest as Str of SESSION_TERMINATION {
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        termination_cause: one value TerminationCause = TERMINATION_CAUSE;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        class: many bytes = CLASS;
    }
    /// Session-Termination-Answer (RFC 6733 8.4.2).
    answer SessionTerminationAnswer as Sta of SESSION_TERMINATION {
        user_name: one str = USER_NAME;
        class: many bytes = CLASS;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        error_message: one str = ERROR_MESSAGE;
        error_reporting_host: one identity = ERROR_REPORTING_HOST;
        redirect_host: many uri = REDIRECT_HOST;
        redirect_host_usage: one value RedirectHostUsage = REDIRECT_HOST_USAGE;
        redirect_max_cache_time: one u32 = REDIRECT_MAX_CACHE_TIME;
    }
    /// Abort-Session-Request (RFC 6733 8.5.1).
    request AbortSessionRequest as Asr of ABORT_SESSION {
        auth_application_id: one u32 = AUTH_APPLICATION_ID;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
    }
    /// Abort-Session-Answer (RFC 6733 8.5.2).
    answer AbortSessionAnswer as Asa of ABORT_SESSION {
        user_name: one str = USER_NAME;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        error_message: one str = ERROR_MESSAGE;
        error_reporting_host: one identity = ERROR_REPORTING_HOST;
        redirect_host: many uri = REDIRECT_HOST;
        redirect_host_usage: one value RedirectHostUsage = REDIRECT_HOST_USAGE;
        redirect_max_cache_time: one u32 = REDIRECT_MAX_CACHE_TIME;
    }
    /// Accounting-Request (RFC 6733 9.7.1).
    request AccountingRequest as Acr of ACCOUNTING {
        accounting_record_type: one value AccountingRecordType = ACCOUNTING_RECORD_TYPE;
        accounting_record_number: one u32 = ACCOUNTING_RECORD_NUMBER;
        acct_application_id: one u32 = ACCT_APPLICATION_ID;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        accounting_sub_session_id: one u64 = ACCOUNTING_SUB_SESSION_ID;
        acct_session_id: one bytes = ACCT_SESSION_ID;
        acct_multi_session_id: one str = ACCT_MULTI_SESSION_ID;
        acct_interim_interval: one u32 = ACCT_INTERIM_INTERVAL;
        accounting_realtime_required: one value AccountingRealtimeRequired = ACCOUNTING_REALTIME_REQUIRED;
        origin_state_id: one u32 = ORIGIN_STATE_ID;
        event_timestamp: one time = EVENT_TIMESTAMP;
    }
    /// Accounting-Answer (RFC 6733 9.7.2).
    answer AccountingAnswer as Aca of ACCOUNTING {
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
