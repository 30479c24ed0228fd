//! Sh: user data, and subscriptions to their changes (TS 29.329 6.1, 6.3). The XML in User-Data is the service's.

use super::base::{AuthSessionState, ExperimentalResult, VendorSpecificApplicationId};
use super::cx::{SessionPriority, SupportedFeatures};
use crate::proto::dict::base::{
    AUTH_SESSION_STATE, DESTINATION_HOST, DESTINATION_REALM, EXPERIMENTAL_RESULT, USER_NAME,
    VENDOR_SPECIFIC_APPLICATION_ID,
};
use crate::proto::dict::cx::{
    PUBLIC_IDENTITY, SERVER_NAME, SESSION_PRIORITY, SUPPORTED_FEATURES, WILDCARDED_IMPU,
    WILDCARDED_PUBLIC_IDENTITY,
};
use crate::proto::dict::s6a::EXTERNAL_IDENTIFIER;
use crate::proto::dict::sh::*;

enumerated! {
    /// Data-Reference (TS 29.329).
    DataReference of DATA_REFERENCE {
        RepositoryData = 0, IMSPublicIdentity = 10, IMSUserState = 11, SCSCFName = 12, InitialFilterCriteria = 13,
        LocationInformation = 14, UserState = 15, ChargingInformation = 16, Msisdn = 17, PSIActivation = 18,
        Dsai = 19, ServiceLevelTraceInfo = 21, IPAddressSecureBindingInformation = 22, ServicePriorityLevel = 23,
        SMSRegistrationInfo = 24, UEReachabilityForIP = 25, TADSinformation = 26, StnSr = 27,
        UeSrvccCapability = 28, ExtendedPriority = 29, Csrn = 30, ReferenceLocationInformation = 31, Imsi = 32,
        IMSPrivateUserIdentity = 33, Imeisv = 34, Ue5gSrvccCapability = 35,
    }
    /// Subs-Req-Type (TS 29.329).
    SubsReqType of SUBS_REQ_TYPE { Subscribe = 0, Unsubscribe = 1 }
    /// Requested-Domain (TS 29.329).
    RequestedDomain of REQUESTED_DOMAIN { CsDomain = 0, PsDomain = 1 }
    /// Current-Location (TS 29.329).
    CurrentLocation of CURRENT_LOCATION {
        DoNotNeedInitiateActiveLocationRetrieval = 0, InitiateActiveLocationRetrieval = 1,
    }
    /// Identity-Set (TS 29.329).
    IdentitySet of IDENTITY_SET {
        AllIdentities = 0, RegisteredIdentities = 1, ImplicitIdentities = 2, AliasIdentities = 3,
    }
    /// Send-Data-Indication (TS 29.329).
    SendDataIndication of SEND_DATA_INDICATION { UserDataNotRequested = 0, UserDataRequested = 1 }
    /// One-Time-Notification (TS 29.329).
    OneTimeNotification of ONE_TIME_NOTIFICATION { OneTimeNotificationRequested = 0 }
    /// Serving-Node-Indication (TS 29.329).
    ServingNodeIndication of SERVING_NODE_INDICATION { OnlyServingNodesRequired = 0 }
    /// Pre-paging-Supported (TS 29.329).
    PrePagingSupported of PRE_PAGING_SUPPORTED { PrepagingNotSupported = 0, PrepagingSupported = 1 }
    /// Local-Time-Zone-Indication (TS 29.329).
    LocalTimeZoneIndication of LOCAL_TIME_ZONE_INDICATION {
        OnlyLocalTimeZoneRequested = 0, LocalTimeZoneWithLocationInfoRequested = 1,
    }
}

application! {
    /// User-Identity (TS 29.329).
    group UserIdentity of USER_IDENTITY {
        public_identity: one str = PUBLIC_IDENTITY;
        msisdn: one bytes = MSISDN;
        external_identifier: one str = EXTERNAL_IDENTIFIER;
    }
    /// Repository-Data-ID (TS 29.329).
    group RepositoryDataId of REPOSITORY_DATA_ID {
        service_indication: one bytes = SERVICE_INDICATION;
        sequence_number: one u32 = SEQUENCE_NUMBER;
    }
    /// Call-Reference-Info (TS 29.329).
    group CallReferenceInfo of CALL_REFERENCE_INFO {
        call_reference_number: one bytes = CALL_REFERENCE_NUMBER;
        as_number: one bytes = AS_NUMBER;
    }

    /// User-Data-Request (TS 29.329).
    request UserDataRequest as Udr of USER_DATA_COMMAND {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        user_identity: one group UserIdentity = USER_IDENTITY;
        destination_host: one identity = DESTINATION_HOST;
        wildcarded_public_identity: one str = WILDCARDED_PUBLIC_IDENTITY;
        wildcarded_impu: one str = WILDCARDED_IMPU;
        server_name: one str = SERVER_NAME;
        requested_domain: one value RequestedDomain = REQUESTED_DOMAIN;
        current_location: one value CurrentLocation = CURRENT_LOCATION;
        session_priority: one value SessionPriority = SESSION_PRIORITY;
        user_name: one str = USER_NAME;
        requested_nodes: one u32 = REQUESTED_NODES;
        serving_node_indication: one value ServingNodeIndication = SERVING_NODE_INDICATION;
        pre_paging_supported: one value PrePagingSupported = PRE_PAGING_SUPPORTED;
        local_time_zone_indication: one value LocalTimeZoneIndication = LOCAL_TIME_ZONE_INDICATION;
        udr_flags: one u32 = UDR_FLAGS;
        call_reference_info: one group CallReferenceInfo = CALL_REFERENCE_INFO;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        service_indication: many bytes = SERVICE_INDICATION;
        identity_set: many value IdentitySet = IDENTITY_SET;
        dsai_tag: many bytes = DSAI_TAG;
        data_reference: many value DataReference = DATA_REFERENCE;
    }
    /// User-Data-Answer (TS 29.329).
    answer UserDataAnswer as Uda of USER_DATA_COMMAND {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        wildcarded_public_identity: one str = WILDCARDED_PUBLIC_IDENTITY;
        wildcarded_impu: one str = WILDCARDED_IMPU;
        user_data: one bytes = USER_DATA;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Profile-Update-Request (TS 29.329).
    request ProfileUpdateRequest as Pur of PROFILE_UPDATE {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        user_identity: one group UserIdentity = USER_IDENTITY;
        user_data: one bytes = USER_DATA;
        destination_host: one identity = DESTINATION_HOST;
        wildcarded_public_identity: one str = WILDCARDED_PUBLIC_IDENTITY;
        wildcarded_impu: one str = WILDCARDED_IMPU;
        user_name: one str = USER_NAME;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        data_reference: many value DataReference = DATA_REFERENCE;
    }
    /// Profile-Update-Answer (TS 29.329).
    answer ProfileUpdateAnswer as Pua of PROFILE_UPDATE {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        wildcarded_public_identity: one str = WILDCARDED_PUBLIC_IDENTITY;
        wildcarded_impu: one str = WILDCARDED_IMPU;
        repository_data_id: one group RepositoryDataId = REPOSITORY_DATA_ID;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        data_reference: many value DataReference = DATA_REFERENCE;
    }
    /// Subscribe-Notifications-Request (TS 29.329).
    request SubscribeNotificationsRequest as Snr of SUBSCRIBE_NOTIFICATIONS {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        user_identity: one group UserIdentity = USER_IDENTITY;
        subs_req_type: one value SubsReqType = SUBS_REQ_TYPE;
        destination_host: one identity = DESTINATION_HOST;
        wildcarded_public_identity: one str = WILDCARDED_PUBLIC_IDENTITY;
        wildcarded_impu: one str = WILDCARDED_IMPU;
        send_data_indication: one value SendDataIndication = SEND_DATA_INDICATION;
        server_name: one str = SERVER_NAME;
        expiry_time: one time = EXPIRY_TIME;
        one_time_notification: one value OneTimeNotification = ONE_TIME_NOTIFICATION;
        user_name: one str = USER_NAME;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        service_indication: many bytes = SERVICE_INDICATION;
        identity_set: many value IdentitySet = IDENTITY_SET;
        dsai_tag: many bytes = DSAI_TAG;
        data_reference: many value DataReference = DATA_REFERENCE;
    }
    /// Subscribe-Notifications-Answer (TS 29.329).
    answer SubscribeNotificationsAnswer as Sna of SUBSCRIBE_NOTIFICATIONS {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        wildcarded_public_identity: one str = WILDCARDED_PUBLIC_IDENTITY;
        wildcarded_impu: one str = WILDCARDED_IMPU;
        user_data: one bytes = USER_DATA;
        expiry_time: one time = EXPIRY_TIME;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Push-Notification-Request (TS 29.329).
    request PushNotificationRequest as Pnr of PUSH_NOTIFICATION {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        user_identity: one group UserIdentity = USER_IDENTITY;
        user_data: one bytes = USER_DATA;
        wildcarded_public_identity: one str = WILDCARDED_PUBLIC_IDENTITY;
        wildcarded_impu: one str = WILDCARDED_IMPU;
        user_name: one str = USER_NAME;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Push-Notification-Answer (TS 29.329).
    answer PushNotificationAnswer as Pna of PUSH_NOTIFICATION {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
}
