//! Cx and Dx: registration, location and authentication of IMS users (TS 29.229 6.1, 6.3).

use super::base::{AuthSessionState, ExperimentalResult, VendorSpecificApplicationId};
use crate::proto::dict::base::*;
use crate::proto::dict::cx::digest::{DIGEST_ALGORITHM, DIGEST_HA1, DIGEST_QOP, DIGEST_REALM};
use crate::proto::dict::cx::*;
use crate::proto::dict::nas::{FRAMED_INTERFACE_ID, FRAMED_IP_ADDRESS, FRAMED_IPV6_PREFIX};

enumerated! {
    /// Server-Assignment-Type (TS 29.229).
    ServerAssignmentType of SERVER_ASSIGNMENT_TYPE {
        NoAssignment = 0, Registration = 1, ReRegistration = 2, UnregisteredUser = 3, TimeoutDeregistration = 4,
        UserDeregistration = 5, TimeoutDeregistrationStoreServerName = 6, UserDeregistrationStoreServerName = 7,
        AdministrativeDeregistration = 8, AuthenticationFailure = 9, AuthenticationTimeout = 10,
        DeregistrationTooMuchData = 11, AaaUserDataRequest = 12, PgwUpdate = 13, Restoration = 14,
    }
    /// Reason-Code (TS 29.229).
    ReasonCode of REASON_CODE {
        PermanentTermination = 0, NewServerAssigned = 1, ServerChange = 2, RemoveSCscf = 3,
    }
    /// User-Authorization-Type (TS 29.229).
    UserAuthorizationType of USER_AUTHORIZATION_TYPE {
        Registration = 0, DeRegistration = 1, RegistrationAndCapabilities = 2,
    }
    /// User-Data-Already-Available (TS 29.229).
    UserDataAlreadyAvailable of USER_DATA_ALREADY_AVAILABLE {
        UserDataNotAvailable = 0, UserDataAlreadyAvailable = 1,
    }
    /// Originating-Request (TS 29.229).
    OriginatingRequest of ORIGINATING_REQUEST { Originating = 0 }
    /// Loose-Route-Indication (TS 29.229).
    LooseRouteIndication of LOOSE_ROUTE_INDICATION { LooseRouteNotRequired = 0, LooseRouteRequired = 1 }
    /// Multiple-Registration-Indication (TS 29.229).
    MultipleRegistrationIndication of MULTIPLE_REGISTRATION_INDICATION {
        NotMultipleRegistration = 0, MultipleRegistration = 1,
    }
    /// Session-Priority (TS 29.229).
    SessionPriority of SESSION_PRIORITY {
        Priority0 = 0, Priority1 = 1, Priority2 = 2, Priority3 = 3, Priority4 = 4,
    }
    /// Priviledged-Sender-Indication (TS 29.229).
    PriviledgedSenderIndication of PRIVILEDGED_SENDER_INDICATION {
        NotPriviledgedSender = 0, PriviledgedSender = 1,
    }
}

application! {
    /// Server-Capabilities (TS 29.229).
    group ServerCapabilities of SERVER_CAPABILITIES {
        mandatory_capability: many u32 = MANDATORY_CAPABILITY;
        optional_capability: many u32 = OPTIONAL_CAPABILITY;
        server_name: many str = SERVER_NAME;
    }
    /// SIP-Auth-Data-Item (TS 29.229).
    group SipAuthDataItem of SIP_AUTH_DATA_ITEM {
        sip_item_number: one u32 = SIP_ITEM_NUMBER;
        sip_authentication_scheme: one str = SIP_AUTHENTICATION_SCHEME;
        sip_authenticate: one bytes = SIP_AUTHENTICATE;
        sip_authorization: one bytes = SIP_AUTHORIZATION;
        sip_authentication_context: one bytes = SIP_AUTHENTICATION_CONTEXT;
        confidentiality_key: one bytes = CONFIDENTIALITY_KEY;
        integrity_key: one bytes = INTEGRITY_KEY;
        sip_digest_authenticate: one group SipDigestAuthenticate = SIP_DIGEST_AUTHENTICATE;
        framed_ip_address: many bytes = FRAMED_IP_ADDRESS;
        framed_ipv6_prefix: many bytes = FRAMED_IPV6_PREFIX;
        framed_interface_id: many u64 = FRAMED_INTERFACE_ID;
    }
    /// Deregistration-Reason (TS 29.229).
    group DeregistrationReason of DEREGISTRATION_REASON {
        reason_code: one value ReasonCode = REASON_CODE;
        reason_info: one str = REASON_INFO;
    }
    /// Charging-Information (TS 29.229).
    group ChargingInformation of CHARGING_INFORMATION {
        primary_event_charging_function_name: one uri = PRIMARY_EVENT_CHARGING_FUNCTION_NAME;
        secondary_event_charging_function_name: one uri = SECONDARY_EVENT_CHARGING_FUNCTION_NAME;
        primary_charging_collection_function_name: one uri = PRIMARY_CHARGING_COLLECTION_FUNCTION_NAME;
        secondary_charging_collection_function_name: one uri = SECONDARY_CHARGING_COLLECTION_FUNCTION_NAME;
    }
    /// Supported-Features (TS 29.229).
    group SupportedFeatures of SUPPORTED_FEATURES {
        vendor_id: one u32 = VENDOR_ID;
        feature_list_id: one u32 = FEATURE_LIST_ID;
        feature_list: one u32 = FEATURE_LIST;
    }
    /// Supported-Applications (TS 29.229).
    group SupportedApplications of SUPPORTED_APPLICATIONS {
        auth_application_id: many u32 = AUTH_APPLICATION_ID;
        acct_application_id: many u32 = ACCT_APPLICATION_ID;
        vendor_specific_application_id: many group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
    }
    /// Associated-Identities (TS 29.229).
    group AssociatedIdentities of ASSOCIATED_IDENTITIES {
        user_name: many str = USER_NAME;
    }
    /// SIP-Digest-Authenticate (TS 29.229).
    group SipDigestAuthenticate of SIP_DIGEST_AUTHENTICATE {
        digest_realm: one str = DIGEST_REALM;
        digest_qop: one str = DIGEST_QOP;
        digest_ha1: one str = DIGEST_HA1;
        digest_algorithm: one str = DIGEST_ALGORITHM;
        alternate_digest_algorithm: one str = ALTERNATE_DIGEST_ALGORITHM;
        alternate_digest_ha1: one str = ALTERNATE_DIGEST_HA1;
    }
    /// SCSCF-Restoration-Info (TS 29.229).
    group ScscfRestorationInfo of SCSCF_RESTORATION_INFO {
        user_name: one str = USER_NAME;
        sip_authentication_scheme: one str = SIP_AUTHENTICATION_SCHEME;
        restoration_info: many group RestorationInfo = RESTORATION_INFO;
    }
    /// Subscription-Info (TS 29.229).
    group SubscriptionInfo of SUBSCRIPTION_INFO {
        call_id_sip_header: one bytes = CALL_ID_SIP_HEADER;
        from_sip_header: one bytes = FROM_SIP_HEADER;
        to_sip_header: one bytes = TO_SIP_HEADER;
        record_route: one bytes = RECORD_ROUTE;
        contact: one bytes = CONTACT;
    }
    /// Associated-Registered-Groups (TS 29.229).
    group AssociatedRegisteredGroups of ASSOCIATED_REGISTERED_GROUPS {
        public_identity: many str = PUBLIC_IDENTITY;
    }
    /// Restoration-Info (TS 29.229).
    group RestorationInfo of RESTORATION_INFO {
        path: one bytes = PATH;
        contact: one bytes = CONTACT;
        initial_cseq_sequence_number: one u32 = INITIAL_CSEQ_SEQUENCE_NUMBER;
        call_id_sip_header: one bytes = CALL_ID_SIP_HEADER;
        subscription_info: one group SubscriptionInfo = SUBSCRIPTION_INFO;
        p_cscf_subscription_info: one group PCscfSubscriptionInfo = P_CSCF_SUBSCRIPTION_INFO;
    }
    /// Identity-with-Emergency-Registration (TS 29.229).
    group IdentityWithEmergencyRegistration of IDENTITY_WITH_EMERGENCY_REGISTRATION {
        user_name: one str = USER_NAME;
        public_identity: one str = PUBLIC_IDENTITY;
    }
    /// Allowed-WAF-WWSF-Identities (TS 29.229).
    group AllowedWafWwsfIdentities of ALLOWED_WAF_WWSF_IDENTITIES {
        webrtc_authentication_function_name: many str = WEBRTC_AUTHENTICATION_FUNCTION_NAME;
        webrtc_web_server_function_name: many str = WEBRTC_WEB_SERVER_FUNCTION_NAME;
    }
    /// P-CSCF-Subscription-Info (TS 29.229).
    group PCscfSubscriptionInfo of P_CSCF_SUBSCRIPTION_INFO {
        call_id_sip_header: one bytes = CALL_ID_SIP_HEADER;
        from_sip_header: one bytes = FROM_SIP_HEADER;
        to_sip_header: one bytes = TO_SIP_HEADER;
        contact: one bytes = CONTACT;
    }
    /// Failed-PCSCF (TS 29.229).
    group FailedPcscf of FAILED_PCSCF {
        pcscf_fqdn: one str = PCSCF_FQDN;
        pcscf_ip_address: many address = PCSCF_IP_ADDRESS;
    }

    /// User-Authorization-Request (TS 29.229).
    request UserAuthorizationRequest as Uar of USER_AUTHORIZATION {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        public_identity: one str = PUBLIC_IDENTITY;
        visited_network_identifier: one bytes = VISITED_NETWORK_IDENTIFIER;
        destination_host: one identity = DESTINATION_HOST;
        user_authorization_type: one value UserAuthorizationType = USER_AUTHORIZATION_TYPE;
        uar_flags: one u32 = UAR_FLAGS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// User-Authorization-Answer (TS 29.229).
    answer UserAuthorizationAnswer as Uaa of USER_AUTHORIZATION {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        server_name: one str = SERVER_NAME;
        server_capabilities: one group ServerCapabilities = SERVER_CAPABILITIES;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Server-Assignment-Request (TS 29.229).
    request ServerAssignmentRequest as Sar of SERVER_ASSIGNMENT {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        server_name: one str = SERVER_NAME;
        server_assignment_type: one value ServerAssignmentType = SERVER_ASSIGNMENT_TYPE;
        user_data_already_available: one value UserDataAlreadyAvailable = USER_DATA_ALREADY_AVAILABLE;
        destination_host: one identity = DESTINATION_HOST;
        user_name: one str = USER_NAME;
        wildcarded_public_identity: one str = WILDCARDED_PUBLIC_IDENTITY;
        scscf_restoration_info: one group ScscfRestorationInfo = SCSCF_RESTORATION_INFO;
        multiple_registration_indication: one value MultipleRegistrationIndication = MULTIPLE_REGISTRATION_INDICATION;
        session_priority: one value SessionPriority = SESSION_PRIORITY;
        sar_flags: one u32 = SAR_FLAGS;
        failed_pcscf: one group FailedPcscf = FAILED_PCSCF;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        public_identity: many str = PUBLIC_IDENTITY;
    }
    /// Server-Assignment-Answer (TS 29.229).
    answer ServerAssignmentAnswer as Saa of SERVER_ASSIGNMENT {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        user_name: one str = USER_NAME;
        user_data: one bytes = USER_DATA;
        charging_information: one group ChargingInformation = CHARGING_INFORMATION;
        associated_identities: one group AssociatedIdentities = ASSOCIATED_IDENTITIES;
        loose_route_indication: one value LooseRouteIndication = LOOSE_ROUTE_INDICATION;
        associated_registered_groups: one group AssociatedRegisteredGroups = ASSOCIATED_REGISTERED_GROUPS;
        server_name: one str = SERVER_NAME;
        wildcarded_public_identity: one str = WILDCARDED_PUBLIC_IDENTITY;
        priviledged_sender_indication: one value PriviledgedSenderIndication = PRIVILEDGED_SENDER_INDICATION;
        allowed_waf_wwsf_identities: one group AllowedWafWwsfIdentities = ALLOWED_WAF_WWSF_IDENTITIES;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        scscf_restoration_info: many group ScscfRestorationInfo = SCSCF_RESTORATION_INFO;
    }
    /// Location-Info-Request (TS 29.229).
    request LocationInfoRequest as Lir of LOCATION_INFO {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        public_identity: one str = PUBLIC_IDENTITY;
        destination_host: one identity = DESTINATION_HOST;
        originating_request: one value OriginatingRequest = ORIGINATING_REQUEST;
        user_authorization_type: one value UserAuthorizationType = USER_AUTHORIZATION_TYPE;
        session_priority: one value SessionPriority = SESSION_PRIORITY;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Location-Info-Answer (TS 29.229).
    answer LocationInfoAnswer as Lia of LOCATION_INFO {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        server_name: one str = SERVER_NAME;
        server_capabilities: one group ServerCapabilities = SERVER_CAPABILITIES;
        wildcarded_public_identity: one str = WILDCARDED_PUBLIC_IDENTITY;
        lia_flags: one u32 = LIA_FLAGS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Multimedia-Auth-Request (TS 29.229).
    request MultimediaAuthRequest as Mar of MULTIMEDIA_AUTH {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        public_identity: one str = PUBLIC_IDENTITY;
        sip_auth_data_item: one group SipAuthDataItem = SIP_AUTH_DATA_ITEM;
        sip_number_auth_items: one u32 = SIP_NUMBER_AUTH_ITEMS;
        server_name: one str = SERVER_NAME;
        destination_host: one identity = DESTINATION_HOST;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Multimedia-Auth-Answer (TS 29.229).
    answer MultimediaAuthAnswer as Maa of MULTIMEDIA_AUTH {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        user_name: one str = USER_NAME;
        public_identity: one str = PUBLIC_IDENTITY;
        sip_number_auth_items: one u32 = SIP_NUMBER_AUTH_ITEMS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        sip_auth_data_item: many group SipAuthDataItem = SIP_AUTH_DATA_ITEM;
    }
    /// Registration-Termination-Request (TS 29.229).
    request RegistrationTerminationRequest as Rtr of REGISTRATION_TERMINATION {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        deregistration_reason: one group DeregistrationReason = DEREGISTRATION_REASON;
        associated_identities: one group AssociatedIdentities = ASSOCIATED_IDENTITIES;
        rtr_flags: one u32 = RTR_FLAGS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        public_identity: many str = PUBLIC_IDENTITY;
    }
    /// Registration-Termination-Answer (TS 29.229).
    answer RegistrationTerminationAnswer as Rta of REGISTRATION_TERMINATION {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        associated_identities: one group AssociatedIdentities = ASSOCIATED_IDENTITIES;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        identity_with_emergency_registration: many group IdentityWithEmergencyRegistration = IDENTITY_WITH_EMERGENCY_REGISTRATION;
    }
    /// Push-Profile-Request (TS 29.229).
    request PushProfileRequest as Ppr of PUSH_PROFILE {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_host: one identity = DESTINATION_HOST;
        destination_realm: one identity = DESTINATION_REALM;
        user_name: one str = USER_NAME;
        user_data: one bytes = USER_DATA;
        charging_information: one group ChargingInformation = CHARGING_INFORMATION;
        sip_auth_data_item: one group SipAuthDataItem = SIP_AUTH_DATA_ITEM;
        allowed_waf_wwsf_identities: one group AllowedWafWwsfIdentities = ALLOWED_WAF_WWSF_IDENTITIES;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Push-Profile-Answer (TS 29.229).
    answer PushProfileAnswer as Ppa of PUSH_PROFILE {
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
}
