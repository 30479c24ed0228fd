//! SMS-, MMS- and IM-Information (TS 32.299 7.2, TS 32.270, TS 32.274).

use super::super::s6a::PriorityIndication;
use crate::proto::dict::charging::*;
use crate::proto::dict::credit::VALIDITY_TIME;
use crate::proto::dict::nas::tgpp::TGPP_IMSI_MCC_MNC;
use crate::proto::dict::s6a::{APPLICATION_PORT_IDENTIFIER, PRIORITY_INDICATION, REFERENCE_NUMBER};

enumerated! {
    /// Interface-Type (TS 32.299).
    InterfaceType of INTERFACE_TYPE {
        Unknown = 0, MobileOriginating = 1, MobileTerminating = 2, ApplicationOriginating = 3,
        ApplicationTermination = 4,
    }
    /// SM-Message-Type (TS 32.299).
    SmMessageType of SM_MESSAGE_TYPE { Submission = 0, DeliveryReport = 1, SmServiceRequest = 2, Delivery = 3 }
    /// Reply-Path-Requested (TS 32.299).
    ReplyPathRequested of REPLY_PATH_REQUESTED { NoReplyPathSet = 0, ReplyPathSet = 1 }
    /// SMS-Node (TS 32.299).
    SmsNode of SMS_NODE { SmsRouter = 0, IpSmGw = 1, SmsRouterAndIpSmGw = 2, SmsSc = 3 }
    /// SM-Device-Trigger-Indicator (TS 32.299).
    SmDeviceTriggerIndicator of SM_DEVICE_TRIGGER_INDICATOR {
        NotDeviceTrigger = 0, DeviceTriggerRequest = 1, DeviceTriggerReplace = 2, DeviceTriggerRecall = 3,
    }
    /// Address-Type (TS 32.299).
    AddressType of ADDRESS_TYPE {
        EMailAddress = 0, Msisdn = 1, IPv4Address = 2, IPv6Address = 3, NumericShortcode = 4,
        AlphanumericShortcode = 5, OtherType = 6, Imsi = 7,
    }
    /// Addressee-Type (TS 32.299).
    AddresseeType of ADDRESSEE_TYPE { To = 0, Cc = 1, Bcc = 2 }
    /// Priority (TS 32.299).
    Priority of PRIORITY { Low = 0, Normal = 1, High = 2 }
    /// Message-Type (TS 32.299).
    MessageType of MESSAGE_TYPE {
        MSendReq = 1, MSendConf = 2, MNotificationInd = 3, MNotifyrespInd = 4, MRetrieveConf = 5,
        MAcknowledgeInd = 6, MDeliveryInd = 7, MReadRecInd = 8, MReadOrigInd = 9, MForwardReq = 10,
        MForwardConf = 11, MMboxStoreConf = 12, MMboxViewConf = 13, MMboxUploadConf = 14, MMboxDeleteConf = 15,
    }
    /// Class-Identifier (TS 32.299).
    ClassIdentifier of CLASS_IDENTIFIER { Personal = 0, Advertisement = 1, Informational = 2, Auto = 3 }
    /// Delivery-Report-Requested (TS 32.299).
    DeliveryReportRequested of DELIVERY_REPORT_REQUESTED { No = 0, Yes = 1 }
    /// Adaptations (TS 32.299).
    Adaptations of ADAPTATIONS { Yes = 0, No = 1 }
    /// Content-Class (TS 32.299).
    ContentClass of CONTENT_CLASS {
        Text = 0, ImageBasic = 1, ImageRich = 2, VideoBasic = 3, VideoRich = 4, Megapixel = 5, ContentBasic = 6,
        ContentRich = 7,
    }
    /// DRM-Content (TS 32.299).
    DrmContent of DRM_CONTENT { No = 0, Yes = 1 }
    /// Read-Reply-Report-Requested (TS 32.299).
    ReadReplyReportRequested of READ_REPLY_REPORT_REQUESTED { No = 0, Yes = 1 }
    /// MMBox-Storage-Requested (TS 32.299).
    MMBoxStorageRequested of MMBOX_STORAGE_REQUESTED { No = 0, Yes = 1 }
}

application! {
    /// SMS-Information (TS 32.299).
    group SmsInformation of SMS_INFORMATION {
        sms_node: one value SmsNode = SMS_NODE;
        client_address: one address = CLIENT_ADDRESS;
        originator_sccp_address: one address = ORIGINATOR_SCCP_ADDRESS;
        smsc_address: one address = SMSC_ADDRESS;
        data_coding_scheme: one i32 = DATA_CODING_SCHEME;
        sm_discharge_time: one time = SM_DISCHARGE_TIME;
        sm_message_type: one value SmMessageType = SM_MESSAGE_TYPE;
        originator_interface: one group OriginatorInterface = ORIGINATOR_INTERFACE;
        sm_protocol_id: one bytes = SM_PROTOCOL_ID;
        reply_path_requested: one value ReplyPathRequested = REPLY_PATH_REQUESTED;
        sm_status: one bytes = SM_STATUS;
        sm_user_data_header: one bytes = SM_USER_DATA_HEADER;
        number_of_messages_sent: one u32 = NUMBER_OF_MESSAGES_SENT;
        originator_received_address: one group OriginatorReceivedAddress = ORIGINATOR_RECEIVED_ADDRESS;
        sm_service_type: one i32 = SM_SERVICE_TYPE;
        sms_result: one u32 = SMS_RESULT;
        sm_device_trigger_indicator: one value SmDeviceTriggerIndicator = SM_DEVICE_TRIGGER_INDICATOR;
        sm_device_trigger_information: one group SmDeviceTriggerInformation = SM_DEVICE_TRIGGER_INFORMATION;
        mtc_iwf_address: one address = MTC_IWF_ADDRESS;
        recipient_info: many group RecipientInfo = RECIPIENT_INFO;
    }
    /// Destination-Interface (TS 32.299).
    group DestinationInterface of DESTINATION_INTERFACE {
        interface_id: one str = INTERFACE_ID;
        interface_text: one str = INTERFACE_TEXT;
        interface_port: one str = INTERFACE_PORT;
        interface_type: one value InterfaceType = INTERFACE_TYPE;
    }
    /// Originator-Interface (TS 32.299).
    group OriginatorInterface of ORIGINATOR_INTERFACE {
        interface_id: one str = INTERFACE_ID;
        interface_text: one str = INTERFACE_TEXT;
        interface_port: one str = INTERFACE_PORT;
        interface_type: one value InterfaceType = INTERFACE_TYPE;
    }
    /// Recipient-Info (TS 32.299).
    group RecipientInfo of RECIPIENT_INFO {
        destination_interface: one group DestinationInterface = DESTINATION_INTERFACE;
        recipient_sccp_address: one address = RECIPIENT_SCCP_ADDRESS;
        sm_protocol_id: one bytes = SM_PROTOCOL_ID;
        recipient_address: many group RecipientAddress = RECIPIENT_ADDRESS;
        recipient_received_address: many group RecipientReceivedAddress = RECIPIENT_RECEIVED_ADDRESS;
    }
    /// Originator-Received-Address (TS 32.299).
    group OriginatorReceivedAddress of ORIGINATOR_RECEIVED_ADDRESS {
        address_type: one value AddressType = ADDRESS_TYPE;
        address_data: one str = ADDRESS_DATA;
        address_domain: one group AddressDomain = ADDRESS_DOMAIN;
    }
    /// Recipient-Received-Address (TS 32.299).
    group RecipientReceivedAddress of RECIPIENT_RECEIVED_ADDRESS {
        address_type: one value AddressType = ADDRESS_TYPE;
        address_data: one str = ADDRESS_DATA;
        address_domain: one group AddressDomain = ADDRESS_DOMAIN;
    }
    /// SM-Device-Trigger-Information (TS 32.299).
    group SmDeviceTriggerInformation of SM_DEVICE_TRIGGER_INFORMATION {
        mtc_iwf_address: one address = MTC_IWF_ADDRESS;
        reference_number: one u32 = REFERENCE_NUMBER;
        validity_time: one u32 = VALIDITY_TIME;
        priority_indication: one value PriorityIndication = PRIORITY_INDICATION;
        application_port_identifier: one u32 = APPLICATION_PORT_IDENTIFIER;
    }
    /// MMS-Information (TS 32.299).
    group MmsInformation of MMS_INFORMATION {
        originator_address: one group OriginatorAddress = ORIGINATOR_ADDRESS;
        submission_time: one time = SUBMISSION_TIME;
        mm_content_type: one group MmContentType = MM_CONTENT_TYPE;
        priority: one value Priority = PRIORITY;
        message_id: one str = MESSAGE_ID;
        message_type: one value MessageType = MESSAGE_TYPE;
        message_size: one u32 = MESSAGE_SIZE;
        message_class: one group MessageClass = MESSAGE_CLASS;
        delivery_report_requested: one value DeliveryReportRequested = DELIVERY_REPORT_REQUESTED;
        read_reply_report_requested: one value ReadReplyReportRequested = READ_REPLY_REPORT_REQUESTED;
        mmbox_storage_requested: one value MMBoxStorageRequested = MMBOX_STORAGE_REQUESTED;
        applic_id: one str = APPLIC_ID;
        reply_applic_id: one str = REPLY_APPLIC_ID;
        aux_applic_info: one str = AUX_APPLIC_INFO;
        content_class: one value ContentClass = CONTENT_CLASS;
        drm_content: one value DrmContent = DRM_CONTENT;
        adaptations: one value Adaptations = ADAPTATIONS;
        vasp_id: one str = VASP_ID;
        vas_id: one str = VAS_ID;
        recipient_address: many group RecipientAddress = RECIPIENT_ADDRESS;
    }
    /// Originator-Address (TS 32.299).
    group OriginatorAddress of ORIGINATOR_ADDRESS {
        address_type: one value AddressType = ADDRESS_TYPE;
        address_data: one str = ADDRESS_DATA;
        address_domain: one group AddressDomain = ADDRESS_DOMAIN;
    }
    /// Address-Domain (TS 32.299).
    group AddressDomain of ADDRESS_DOMAIN {
        domain_name: one str = DOMAIN_NAME;
        tgpp_imsi_mcc_mnc: one str = TGPP_IMSI_MCC_MNC;
    }
    /// Recipient-Address (TS 32.299).
    group RecipientAddress of RECIPIENT_ADDRESS {
        address_type: one value AddressType = ADDRESS_TYPE;
        address_data: one str = ADDRESS_DATA;
        address_domain: one group AddressDomain = ADDRESS_DOMAIN;
        addressee_type: one value AddresseeType = ADDRESSEE_TYPE;
    }
    /// MM-Content-Type (TS 32.299).
    group MmContentType of MM_CONTENT_TYPE {
        type_number: one i32 = TYPE_NUMBER;
        additional_type_information: one str = ADDITIONAL_TYPE_INFORMATION;
        content_size: one u32 = CONTENT_SIZE;
        additional_content_information: many group AdditionalContentInformation = ADDITIONAL_CONTENT_INFORMATION;
    }
    /// Additional-Content-Information (TS 32.299).
    group AdditionalContentInformation of ADDITIONAL_CONTENT_INFORMATION {
        type_number: one i32 = TYPE_NUMBER;
        additional_type_information: one str = ADDITIONAL_TYPE_INFORMATION;
        content_size: one u32 = CONTENT_SIZE;
    }
    /// Message-Class (TS 32.299).
    group MessageClass of MESSAGE_CLASS {
        class_identifier: one value ClassIdentifier = CLASS_IDENTIFIER;
        token_text: one str = TOKEN_TEXT;
    }
    /// IM-Information (TS 32.299).
    group ImInformation of IM_INFORMATION {
        total_number_of_messages_sent: one u32 = TOTAL_NUMBER_OF_MESSAGES_SENT;
        total_number_of_messages_exploded: one u32 = TOTAL_NUMBER_OF_MESSAGES_EXPLODED;
        number_of_messages_successfully_sent: one u32 = NUMBER_OF_MESSAGES_SUCCESSFULLY_SENT;
        number_of_messages_successfully_exploded: one u32 = NUMBER_OF_MESSAGES_SUCCESSFULLY_EXPLODED;
    }
    /// DCD-Information (TS 32.299).
    group DcdInformation of DCD_INFORMATION {
        content_id: one str = CONTENT_ID;
        content_provider_id: one str = CONTENT_PROVIDER_ID;
    }
}
