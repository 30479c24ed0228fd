//! SMS-, MMS- and IM-Information and their members: TS 32.299 7.2, TS 32.270 and 32.274.

use super::super::nas::tgpp::*;
use super::super::s6a::*;
use super::*;

avps! { VENDOR_3GPP;
    SMS_INFORMATION(2000 "SMS-Information" Grouped Must [SMS_NODE CLIENT_ADDRESS ORIGINATOR_SCCP_ADDRESS SMSC_ADDRESS
        DATA_CODING_SCHEME SM_DISCHARGE_TIME SM_MESSAGE_TYPE ORIGINATOR_INTERFACE SM_PROTOCOL_ID REPLY_PATH_REQUESTED SM_STATUS
        SM_USER_DATA_HEADER NUMBER_OF_MESSAGES_SENT ORIGINATOR_RECEIVED_ADDRESS SM_SERVICE_TYPE SMS_RESULT
        SM_DEVICE_TRIGGER_INDICATOR SM_DEVICE_TRIGGER_INFORMATION MTC_IWF_ADDRESS] *[RECIPIENT_INFO] ..)
    DATA_CODING_SCHEME(2001 "Data-Coding-Scheme" Integer32 Must)
    DESTINATION_INTERFACE(2002 "Destination-Interface" Grouped Must [INTERFACE_ID INTERFACE_TEXT INTERFACE_PORT INTERFACE_TYPE] ..)
    INTERFACE_ID(2003 "Interface-Id" Utf8String Must)
    INTERFACE_PORT(2004 "Interface-Port" Utf8String Must)
    INTERFACE_TEXT(2005 "Interface-Text" Utf8String Must)
    INTERFACE_TYPE(2006 "Interface-Type" Enumerated Must enum {
        0 "Unknown", 1 "MOBILE_ORIGINATING", 2 "MOBILE_TERMINATING", 3 "APPLICATION_ORIGINATING", 4 "APPLICATION_TERMINATION",
    })
    SM_MESSAGE_TYPE(2007 "SM-Message-Type" Enumerated Must enum {
        0 "SUBMISSION", 1 "DELIVERY_REPORT", 2 "SM_Service_Request", 3 "DELIVERY",
    })
    ORIGINATOR_SCCP_ADDRESS(2008 "Originator-SCCP-Address" Address Must)
    ORIGINATOR_INTERFACE(2009 "Originator-Interface" Grouped Must [INTERFACE_ID INTERFACE_TEXT INTERFACE_PORT INTERFACE_TYPE] ..)
    RECIPIENT_SCCP_ADDRESS(2010 "Recipient-SCCP-Address" Address Must)
    REPLY_PATH_REQUESTED(2011 "Reply-Path-Requested" Enumerated Must enum { 0 "No_Reply_Path_Set", 1 "Reply_path_Set" })
    SM_DISCHARGE_TIME(2012 "SM-Discharge-Time" Time Must)
    SM_PROTOCOL_ID(2013 "SM-Protocol-ID" OctetString Must)
    SM_STATUS(2014 "SM-Status" OctetString Must)
    SM_USER_DATA_HEADER(2015 "SM-User-Data-Header" OctetString Must)
    SMS_NODE(2016 "SMS-Node" Enumerated Must enum { 0 "SMS_Router", 1 "IP-SM-GW", 2 "SMS_Router_and_IP-SM-GW", 3 "SMS-SC" })
    SMSC_ADDRESS(2017 "SMSC-Address" Address Must)
    CLIENT_ADDRESS(2018 "Client-Address" Address Must)
    NUMBER_OF_MESSAGES_SENT(2019 "Number-Of-Messages-Sent" Unsigned32 Must)
    RECIPIENT_INFO(2026 "Recipient-Info" Grouped Must [DESTINATION_INTERFACE RECIPIENT_SCCP_ADDRESS SM_PROTOCOL_ID]
        *[RECIPIENT_ADDRESS RECIPIENT_RECEIVED_ADDRESS] ..)
    ORIGINATOR_RECEIVED_ADDRESS(2027 "Originator-Received-Address" Grouped Must [ADDRESS_TYPE ADDRESS_DATA ADDRESS_DOMAIN] ..)
    RECIPIENT_RECEIVED_ADDRESS(2028 "Recipient-Received-Address" Grouped Must [ADDRESS_TYPE ADDRESS_DATA ADDRESS_DOMAIN] ..)
    SM_SERVICE_TYPE(2029 "SM-Service-Type" Enumerated Must)
    SM_DEVICE_TRIGGER_INFORMATION(3405 "SM-Device-Trigger-Information" Grouped Must [MTC_IWF_ADDRESS REFERENCE_NUMBER VALIDITY_TIME
        PRIORITY_INDICATION APPLICATION_PORT_IDENTIFIER] ..)
    MTC_IWF_ADDRESS(3406 "MTC-IWF-Address" Address Must)
    SM_DEVICE_TRIGGER_INDICATOR(3407 "SM-Device-Trigger-Indicator" Enumerated Must enum {
        0 "Not_DeviceTrigger", 1 "Device_Trigger_Request", 2 "Device_Trigger_Replace", 3 "Device_Trigger_Recall",
    })
    SM_SEQUENCE_NUMBER(3408 "SM-Sequence-Number" Unsigned32 Must)
    SMS_RESULT(3409 "SMS-Result" Unsigned32 Must)

    MMS_INFORMATION(877 "MMS-Information" Grouped Must [ORIGINATOR_ADDRESS SUBMISSION_TIME MM_CONTENT_TYPE PRIORITY MESSAGE_ID
        MESSAGE_TYPE MESSAGE_SIZE MESSAGE_CLASS DELIVERY_REPORT_REQUESTED READ_REPLY_REPORT_REQUESTED MMBOX_STORAGE_REQUESTED
        APPLIC_ID REPLY_APPLIC_ID AUX_APPLIC_INFO CONTENT_CLASS DRM_CONTENT ADAPTATIONS VASP_ID VAS_ID] *[RECIPIENT_ADDRESS] ..)
    ORIGINATOR_ADDRESS(886 "Originator-Address" Grouped Must [ADDRESS_TYPE ADDRESS_DATA ADDRESS_DOMAIN] ..)
    ADDRESS_DATA(897 "Address-Data" Utf8String Must)
    ADDRESS_DOMAIN(898 "Address-Domain" Grouped Must [DOMAIN_NAME TGPP_IMSI_MCC_MNC] ..)
    ADDRESS_TYPE(899 "Address-Type" Enumerated Must enum {
        0 "e-mail_address", 1 "MSISDN", 2 "IPv4_Address", 3 "IPv6_Address", 4 "Numeric_Shortcode", 5 "Alphanumeric_Shortcode",
        6 "Other", 7 "IMSI",
    })
    VASP_ID(1101 "VASP-ID" Utf8String Must)
    VAS_ID(1102 "VAS-ID" Utf8String Must)
    DOMAIN_NAME(1200 "Domain-Name" Utf8String Must)
    RECIPIENT_ADDRESS(1201 "Recipient-Address" Grouped Must [ADDRESS_TYPE ADDRESS_DATA ADDRESS_DOMAIN ADDRESSEE_TYPE] ..)
    SUBMISSION_TIME(1202 "Submission-Time" Time Must)
    MM_CONTENT_TYPE(1203 "MM-Content-Type" Grouped Must [TYPE_NUMBER ADDITIONAL_TYPE_INFORMATION CONTENT_SIZE]
        *[ADDITIONAL_CONTENT_INFORMATION] ..)
    TYPE_NUMBER(1204 "Type-Number" Enumerated Must)
    ADDITIONAL_TYPE_INFORMATION(1205 "Additional-Type-Information" Utf8String Must)
    CONTENT_SIZE(1206 "Content-Size" Unsigned32 Must)
    ADDITIONAL_CONTENT_INFORMATION(1207 "Additional-Content-Information" Grouped Must [TYPE_NUMBER ADDITIONAL_TYPE_INFORMATION
        CONTENT_SIZE] ..)
    ADDRESSEE_TYPE(1208 "Addressee-Type" Enumerated Must enum { 0 "TO", 1 "CC", 2 "BCC" })
    PRIORITY(1209 "Priority" Enumerated Must enum { 0 "Low", 1 "Normal", 2 "High" })
    MESSAGE_ID(1210 "Message-ID" Utf8String Must)
    MESSAGE_TYPE(1211 "Message-Type" Enumerated Must enum {
        1 "m-send-req", 2 "m-send-conf", 3 "m-notification-ind", 4 "m-notifyresp-ind", 5 "m-retrieve-conf", 6 "m-acknowledge-ind",
        7 "m-delivery-ind", 8 "m-read-rec-ind", 9 "m-read-orig-ind", 10 "m-forward-req", 11 "m-forward-conf",
        12 "m-mbox-store-conf", 13 "m-mbox-view-conf", 14 "m-mbox-upload-conf", 15 "m-mbox-delete-conf",
    })
    MESSAGE_SIZE(1212 "Message-Size" Unsigned32 Must)
    MESSAGE_CLASS(1213 "Message-Class" Grouped Must [CLASS_IDENTIFIER TOKEN_TEXT] ..)
    CLASS_IDENTIFIER(1214 "Class-Identifier" Enumerated Must enum { 0 "Personal", 1 "Advertisement", 2 "Informational", 3 "Auto" })
    TOKEN_TEXT(1215 "Token-Text" Utf8String Must)
    DELIVERY_REPORT_REQUESTED(1216 "Delivery-Report-Requested" Enumerated Must enum { 0 "No", 1 "Yes" })
    ADAPTATIONS(1217 "Adaptations" Enumerated Must enum { 0 "Yes", 1 "No" })
    APPLIC_ID(1218 "Applic-ID" Utf8String Must)
    AUX_APPLIC_INFO(1219 "Aux-Applic-Info" Utf8String Must)
    CONTENT_CLASS(1220 "Content-Class" Enumerated Must enum {
        0 "text", 1 "image-basic", 2 "image-rich", 3 "video-basic", 4 "video-rich", 5 "megapixel", 6 "content-basic",
        7 "content-rich",
    })
    DRM_CONTENT(1221 "DRM-Content" Enumerated Must enum { 0 "No", 1 "Yes" })
    READ_REPLY_REPORT_REQUESTED(1222 "Read-Reply-Report-Requested" Enumerated Must enum { 0 "No", 1 "Yes" })
    REPLY_APPLIC_ID(1223 "Reply-Applic-ID" Utf8String Must)
    MMBOX_STORAGE_REQUESTED(1248 "MMBox-Storage-Requested" Enumerated Must enum { 0 "No", 1 "Yes" })

    IM_INFORMATION(2110 "IM-Information" Grouped Must [TOTAL_NUMBER_OF_MESSAGES_SENT TOTAL_NUMBER_OF_MESSAGES_EXPLODED
        NUMBER_OF_MESSAGES_SUCCESSFULLY_SENT NUMBER_OF_MESSAGES_SUCCESSFULLY_EXPLODED] ..)
    NUMBER_OF_MESSAGES_SUCCESSFULLY_EXPLODED(2111 "Number-Of-Messages-Successfully-Exploded" Unsigned32 Must)
    NUMBER_OF_MESSAGES_SUCCESSFULLY_SENT(2112 "Number-Of-Messages-Successfully-Sent" Unsigned32 Must)
    TOTAL_NUMBER_OF_MESSAGES_EXPLODED(2113 "Total-Number-Of-Messages-Exploded" Unsigned32 Must)
    TOTAL_NUMBER_OF_MESSAGES_SENT(2114 "Total-Number-Of-Messages-Sent" Unsigned32 Must)
    DCD_INFORMATION(2115 "DCD-Information" Grouped Must [CONTENT_ID CONTENT_PROVIDER_ID] ..)
    CONTENT_ID(2116 "Content-ID" Utf8String Must)
    CONTENT_PROVIDER_ID(2117 "Content-provider-ID" Utf8String Must)
}
