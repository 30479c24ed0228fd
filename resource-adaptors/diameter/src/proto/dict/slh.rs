//! SLh, by which a location centre asks where a user is served: TS 29.173 6.2 (commands) and 6.4 (AVPs), Release 13.

use std::borrow::Cow;

use super::base::*;
use super::cx::SUPPORTED_FEATURES;
use super::overload::*;
use super::s6a::*;
use super::sh::MSISDN;
use super::{ApplicationDef, ApplicationKind, VENDOR_3GPP};

/// Application-Id of SLh.
pub const SLH: u32 = 16_777_291;

pub(super) const APPLICATIONS: &[ApplicationDef] = &[ApplicationDef {
    id: SLH,
    vendor: VENDOR_3GPP,
    name: Cow::Borrowed("slh"),
    kind: ApplicationKind::Auth,
}];

avps! { VENDOR_3GPP;
    LMSI(2400 "LMSI" OctetString Must)
    SERVING_NODE(2401 "Serving-Node" Grouped Must [SGSN_NUMBER SGSN_NAME SGSN_REALM MME_NAME MME_REALM MSC_NUMBER
        LCS_CAPABILITIES_SETS GMLC_ADDRESS] ..)
    MSC_NUMBER(2403 "MSC-Number" OctetString Must)
    LCS_CAPABILITIES_SETS(2404 "LCS-Capabilities-Sets" Unsigned32 Must)
    ADDITIONAL_SERVING_NODE(2406 "Additional-Serving-Node" Grouped Must [SGSN_NUMBER SGSN_NAME SGSN_REALM MME_NAME MME_REALM
        MSC_NUMBER LCS_CAPABILITIES_SETS GMLC_ADDRESS] ..)
    PPR_ADDRESS(2407 "PPR-Address" Address Must)
    SGSN_NAME(2409 "SGSN-Name" DiameterIdentity MustNot)
    SGSN_REALM(2410 "SGSN-Realm" DiameterIdentity MustNot)
    RIA_FLAGS(2411 "RIA-Flags" Unsigned32 MustNot)
}

commands! {
    LCS_ROUTING_INFO(8388622 SLH "LCS-Routing-Info" PXY
        request ({SESSION_ID AUTH_SESSION_STATE ORIGIN_HOST ORIGIN_REALM DESTINATION_REALM} [DRMP VENDOR_SPECIFIC_APPLICATION_ID
            DESTINATION_HOST USER_NAME MSISDN GMLC_NUMBER] *[SUPPORTED_FEATURES PROXY_INFO ROUTE_RECORD] ..)
        answer ({SESSION_ID AUTH_SESSION_STATE ORIGIN_HOST ORIGIN_REALM} [DRMP VENDOR_SPECIFIC_APPLICATION_ID RESULT_CODE
            EXPERIMENTAL_RESULT USER_NAME MSISDN LMSI SERVING_NODE GMLC_ADDRESS PPR_ADDRESS RIA_FLAGS] *[SUPPORTED_FEATURES
            ADDITIONAL_SERVING_NODE FAILED_AVP PROXY_INFO ROUTE_RECORD] ..))
}
