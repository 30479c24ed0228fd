//! SLh: where a user is served, for location centres (TS 29.173 6.2, 6.4).

use super::base::{AuthSessionState, ExperimentalResult, VendorSpecificApplicationId};
use super::cx::SupportedFeatures;
use crate::proto::dict::base::{
    AUTH_SESSION_STATE, DESTINATION_HOST, DESTINATION_REALM, EXPERIMENTAL_RESULT, USER_NAME,
    VENDOR_SPECIFIC_APPLICATION_ID,
};
use crate::proto::dict::cx::SUPPORTED_FEATURES;
use crate::proto::dict::s6a::{GMLC_ADDRESS, GMLC_NUMBER, MME_NAME, MME_REALM, SGSN_NUMBER};
use crate::proto::dict::sh::MSISDN;
use crate::proto::dict::slh::*;

application! {
    /// Serving-Node (TS 29.173).
    group ServingNode of SERVING_NODE {
        sgsn_number: one bytes = SGSN_NUMBER;
        sgsn_name: one identity = SGSN_NAME;
        sgsn_realm: one identity = SGSN_REALM;
        mme_name: one identity = MME_NAME;
        mme_realm: one identity = MME_REALM;
        msc_number: one bytes = MSC_NUMBER;
        lcs_capabilities_sets: one u32 = LCS_CAPABILITIES_SETS;
        gmlc_address: one address = GMLC_ADDRESS;
    }
    /// Additional-Serving-Node (TS 29.173).
    group AdditionalServingNode of ADDITIONAL_SERVING_NODE {
        sgsn_number: one bytes = SGSN_NUMBER;
        sgsn_name: one identity = SGSN_NAME;
        sgsn_realm: one identity = SGSN_REALM;
        mme_name: one identity = MME_NAME;
        mme_realm: one identity = MME_REALM;
        msc_number: one bytes = MSC_NUMBER;
        lcs_capabilities_sets: one u32 = LCS_CAPABILITIES_SETS;
        gmlc_address: one address = GMLC_ADDRESS;
    }

    /// Lcs-Routing-Info-Request (TS 29.173).
    request LcsRoutingInfoRequest as Rir of LCS_ROUTING_INFO {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        destination_realm: one identity = DESTINATION_REALM;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        destination_host: one identity = DESTINATION_HOST;
        user_name: one str = USER_NAME;
        msisdn: one bytes = MSISDN;
        gmlc_number: one bytes = GMLC_NUMBER;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
    }
    /// Lcs-Routing-Info-Answer (TS 29.173).
    answer LcsRoutingInfoAnswer as Ria of LCS_ROUTING_INFO {
        auth_session_state: one value AuthSessionState = AUTH_SESSION_STATE;
        vendor_specific_application_id: one group VendorSpecificApplicationId = VENDOR_SPECIFIC_APPLICATION_ID;
        experimental_result: one group ExperimentalResult = EXPERIMENTAL_RESULT;
        user_name: one str = USER_NAME;
        msisdn: one bytes = MSISDN;
        lmsi: one bytes = LMSI;
        serving_node: one group ServingNode = SERVING_NODE;
        gmlc_address: one address = GMLC_ADDRESS;
        ppr_address: one address = PPR_ADDRESS;
        ria_flags: one u32 = RIA_FLAGS;
        supported_features: many group SupportedFeatures = SUPPORTED_FEATURES;
        additional_serving_node: many group AdditionalServingNode = ADDITIONAL_SERVING_NODE;
    }
}
