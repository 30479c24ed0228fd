//! Overload, load and priority: RFC 7683 (DOIC) 7, RFC 8583 7, RFC 7944 9.

avps! { 0;
    DRMP(301 "DRMP" Enumerated May enum {
        0 "PRIORITY_0", 1 "PRIORITY_1", 2 "PRIORITY_2", 3 "PRIORITY_3", 4 "PRIORITY_4", 5 "PRIORITY_5", 6 "PRIORITY_6",
        7 "PRIORITY_7", 8 "PRIORITY_8", 9 "PRIORITY_9", 10 "PRIORITY_10", 11 "PRIORITY_11", 12 "PRIORITY_12", 13 "PRIORITY_13",
        14 "PRIORITY_14", 15 "PRIORITY_15",
    })
    OC_SUPPORTED_FEATURES(621 "OC-Supported-Features" Grouped May [OC_FEATURE_VECTOR] ..)
    OC_FEATURE_VECTOR(622 "OC-Feature-Vector" Unsigned64 May)
    OC_OLR(623 "OC-OLR" Grouped May {OC_SEQUENCE_NUMBER OC_REPORT_TYPE} [OC_REDUCTION_PERCENTAGE OC_VALIDITY_DURATION SOURCE_ID] ..)
    OC_SEQUENCE_NUMBER(624 "OC-Sequence-Number" Unsigned64 May)
    OC_VALIDITY_DURATION(625 "OC-Validity-Duration" Unsigned32 May)
    OC_REPORT_TYPE(626 "OC-Report-Type" Enumerated May enum { 0 "HOST_REPORT", 1 "REALM_REPORT" })
    OC_REDUCTION_PERCENTAGE(627 "OC-Reduction-Percentage" Unsigned32 May)
    SOURCE_ID(649 "SourceID" DiameterIdentity May)
    LOAD(650 "Load" Grouped May [LOAD_TYPE LOAD_VALUE SOURCE_ID] ..)
    LOAD_TYPE(651 "Load-Type" Enumerated May enum { 1 "HOST", 2 "PEER" })
    LOAD_VALUE(652 "Load-Value" Unsigned64 May)
}
