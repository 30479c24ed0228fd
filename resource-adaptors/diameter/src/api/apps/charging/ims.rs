//! IMS-Information (TS 32.299 7.2, TS 32.260).

use super::super::charging::{OnlineChargingFlag, RealTimeTariffInformation, ServiceSpecificInfo};
use super::super::credit::UserEquipmentInfo;
use super::super::cx::{ServerCapabilities, SessionPriority};
use crate::proto::dict::charging::*;
use crate::proto::dict::credit::USER_EQUIPMENT_INFO;
use crate::proto::dict::cx::{SERVER_CAPABILITIES, SESSION_PRIORITY};
use crate::proto::dict::nas::tgpp::TGPP_CHARGING_ID;
use crate::proto::dict::rx::ACCESS_NETWORK_CHARGING_IDENTIFIER_VALUE;

enumerated! {
    /// Role-Of-Node (TS 32.299).
    RoleOfNode of ROLE_OF_NODE { OriginatingRole = 0, TerminatingRole = 1, ForwardingRole = 2 }
    /// Node-Functionality (TS 32.299).
    NodeFunctionality of NODE_FUNCTIONALITY {
        SCscf = 0, PCscf = 1, ICscf = 2, Mrfc = 3, Mgcf = 4, Bgcf = 5, As = 6, Ibcf = 7, SGw = 8, PGw = 9,
        Hsgw = 10, ECscf = 11, Mme = 12, Trf = 13, Tf = 14, Atcf = 15, ProxyFunction = 16, Epdg = 17, Tdf = 18,
        Twag = 19, Scef = 20, IwkScef = 21,
    }
    /// Originator (TS 32.299).
    Originator of ORIGINATOR { CallingParty = 0, CalledParty = 1 }
    /// Media-Initiator-Flag (TS 32.299).
    MediaInitiatorFlag of MEDIA_INITIATOR_FLAG { CalledParty = 0, CallingParty = 1, Unknown = 2 }
    /// SDP-Type (TS 32.299).
    SdpType of SDP_TYPE { SdpOffer = 0, SdpAnswer = 1 }
    /// IMS-Emergency-Indicator (TS 32.299).
    ImsEmergencyIndicator of IMS_EMERGENCY_INDICATOR { NonEmergency = 0, Emergency = 1 }
    /// IP-Realm-Default-Indication (TS 32.299).
    IpRealmDefaultIndication of IP_REALM_DEFAULT_INDICATION { DefaultIpRealmNotUsed = 0, DefaultIpRealmUsed = 1 }
    /// Local-GW-Inserted-Indication (TS 32.299).
    LocalGwInsertedIndication of LOCAL_GW_INSERTED_INDICATION { LocalGwNotInserted = 0, LocalGwInserted = 1 }
    /// Transcoder-Inserted-Indication (TS 32.299).
    TranscoderInsertedIndication of TRANSCODER_INSERTED_INDICATION {
        TranscoderNotInserted = 0, TranscoderInserted = 1,
    }
    /// NNI-Type (TS 32.299).
    NniType of NNI_TYPE { NonRoaming = 0, RoamingWithoutLoopback = 1, RoamingWithLoopback = 2 }
    /// Relationship-Mode (TS 32.299).
    RelationshipMode of RELATIONSHIP_MODE { Trusted = 0, NonTrusted = 1 }
    /// Session-Direction (TS 32.299).
    SessionDirection of SESSION_DIRECTION { Inbound = 0, Outbound = 1 }
    /// Access-Transfer-Type (TS 32.299).
    AccessTransferType of ACCESS_TRANSFER_TYPE {
        PsToCsTransfer = 0, CsToPsTransfer = 1, PsToPsTransfer = 2, CsToCsTransfer = 3,
    }
    /// Inter-UE-Transfer (TS 32.299).
    InterUeTransfer of INTER_UE_TRANSFER { IntraUeTransfer = 0, InterUeTransfer = 1 }
}

application! {
    /// IMS-Information (TS 32.299).
    group ImsInformation of IMS_INFORMATION {
        node_functionality: one value NodeFunctionality = NODE_FUNCTIONALITY;
        event_type: one group EventType = EVENT_TYPE;
        role_of_node: one value RoleOfNode = ROLE_OF_NODE;
        user_session_id: one str = USER_SESSION_ID;
        outgoing_session_id: one str = OUTGOING_SESSION_ID;
        session_priority: one value SessionPriority = SESSION_PRIORITY;
        called_party_address: one str = CALLED_PARTY_ADDRESS;
        number_portability_routing_information: one str = NUMBER_PORTABILITY_ROUTING_INFORMATION;
        carrier_select_routing_information: one str = CARRIER_SELECT_ROUTING_INFORMATION;
        alternate_charged_party_address: one str = ALTERNATE_CHARGED_PARTY_ADDRESS;
        time_stamps: one group TimeStamps = TIME_STAMPS;
        ims_charging_identifier: one str = IMS_CHARGING_IDENTIFIER;
        served_party_ip_address: one address = SERVED_PARTY_IP_ADDRESS;
        server_capabilities: one group ServerCapabilities = SERVER_CAPABILITIES;
        trunk_group_id: one group TrunkGroupId = TRUNK_GROUP_ID;
        bearer_service: one bytes = BEARER_SERVICE;
        service_id: one str = SERVICE_ID;
        initial_ims_charging_identifier: one str = INITIAL_IMS_CHARGING_IDENTIFIER;
        ims_communication_service_identifier: one str = IMS_COMMUNICATION_SERVICE_IDENTIFIER;
        ims_application_reference_identifier: one str = IMS_APPLICATION_REFERENCE_IDENTIFIER;
        online_charging_flag: one value OnlineChargingFlag = ONLINE_CHARGING_FLAG;
        account_expiration: one time = ACCOUNT_EXPIRATION;
        ims_emergency_indicator: one value ImsEmergencyIndicator = IMS_EMERGENCY_INDICATOR;
        ims_visited_network_identifier: one str = IMS_VISITED_NETWORK_IDENTIFIER;
        from_address: one str = FROM_ADDRESS;
        calling_party_address: many str = CALLING_PARTY_ADDRESS;
        called_asserted_identity: many str = CALLED_ASSERTED_IDENTITY;
        requested_party_address: many str = REQUESTED_PARTY_ADDRESS;
        associated_uri: many str = ASSOCIATED_URI;
        application_server_information: many group ApplicationServerInformation = APPLICATION_SERVER_INFORMATION;
        inter_operator_identifier: many group InterOperatorIdentifier = INTER_OPERATOR_IDENTIFIER;
        sdp_session_description: many str = SDP_SESSION_DESCRIPTION;
        sdp_media_component: many group SdpMediaComponent = SDP_MEDIA_COMPONENT;
        early_media_description: many group EarlyMediaDescription = EARLY_MEDIA_DESCRIPTION;
        message_body: many group MessageBody = MESSAGE_BODY;
        cause_code: many i32 = CAUSE_CODE;
        reason_header: many str = REASON_HEADER;
        access_network_information: many bytes = ACCESS_NETWORK_INFORMATION;
        cellular_network_information: many bytes = CELLULAR_NETWORK_INFORMATION;
        access_transfer_information: many group AccessTransferInformation = ACCESS_TRANSFER_INFORMATION;
        real_time_tariff_information: many group RealTimeTariffInformation = REAL_TIME_TARIFF_INFORMATION;
        nni_information: many group NniInformation = NNI_INFORMATION;
        transit_ioi_list: many str = TRANSIT_IOI_LIST;
        service_specific_info: many group ServiceSpecificInfo = SERVICE_SPECIFIC_INFO;
    }
    /// Event-Type (TS 32.299).
    group EventType of EVENT_TYPE {
        sip_method: one str = SIP_METHOD;
        event: one str = EVENT;
        expires: one u32 = EXPIRES;
    }
    /// Time-Stamps (TS 32.299).
    group TimeStamps of TIME_STAMPS {
        sip_request_timestamp: one time = SIP_REQUEST_TIMESTAMP;
        sip_response_timestamp: one time = SIP_RESPONSE_TIMESTAMP;
        sip_request_timestamp_fraction: one u32 = SIP_REQUEST_TIMESTAMP_FRACTION;
        sip_response_timestamp_fraction: one u32 = SIP_RESPONSE_TIMESTAMP_FRACTION;
    }
    /// Inter-Operator-Identifier (TS 32.299).
    group InterOperatorIdentifier of INTER_OPERATOR_IDENTIFIER {
        originating_ioi: one str = ORIGINATING_IOI;
        terminating_ioi: one str = TERMINATING_IOI;
    }
    /// SDP-Media-Component (TS 32.299).
    group SdpMediaComponent of SDP_MEDIA_COMPONENT {
        sdp_media_name: one str = SDP_MEDIA_NAME;
        local_gw_inserted_indication: one value LocalGwInsertedIndication = LOCAL_GW_INSERTED_INDICATION;
        ip_realm_default_indication: one value IpRealmDefaultIndication = IP_REALM_DEFAULT_INDICATION;
        transcoder_inserted_indication: one value TranscoderInsertedIndication = TRANSCODER_INSERTED_INDICATION;
        media_initiator_flag: one value MediaInitiatorFlag = MEDIA_INITIATOR_FLAG;
        media_initiator_party: one str = MEDIA_INITIATOR_PARTY;
        authorised_qos: one str = AUTHORISED_QOS;
        tgpp_charging_id: one u32 = TGPP_CHARGING_ID;
        access_network_charging_identifier_value: one bytes = ACCESS_NETWORK_CHARGING_IDENTIFIER_VALUE;
        sdp_type: one value SdpType = SDP_TYPE;
        sdp_media_description: many str = SDP_MEDIA_DESCRIPTION;
    }
    /// Application-Server-Information (TS 32.299).
    group ApplicationServerInformation of APPLICATION_SERVER_INFORMATION {
        application_server: one str = APPLICATION_SERVER;
        application_provided_called_party_address: many str = APPLICATION_PROVIDED_CALLED_PARTY_ADDRESS;
    }
    /// Trunk-Group-Id (TS 32.299).
    group TrunkGroupId of TRUNK_GROUP_ID {
        incoming_trunk_group_id: one str = INCOMING_TRUNK_GROUP_ID;
        outgoing_trunk_group_id: one str = OUTGOING_TRUNK_GROUP_ID;
    }
    /// Message-Body (TS 32.299).
    group MessageBody of MESSAGE_BODY {
        content_type: one str = CONTENT_TYPE;
        content_length: one u32 = CONTENT_LENGTH;
        content_disposition: one str = CONTENT_DISPOSITION;
        originator: one value Originator = ORIGINATOR;
    }
    /// Early-Media-Description (TS 32.299).
    group EarlyMediaDescription of EARLY_MEDIA_DESCRIPTION {
        sdp_timestamps: one group SdpTimeStamps = SDP_TIMESTAMPS;
        sdp_media_component: many group SdpMediaComponent = SDP_MEDIA_COMPONENT;
        sdp_session_description: many str = SDP_SESSION_DESCRIPTION;
    }
    /// SDP-TimeStamps (TS 32.299).
    group SdpTimeStamps of SDP_TIMESTAMPS {
        sdp_offer_timestamp: one time = SDP_OFFER_TIMESTAMP;
        sdp_answer_timestamp: one time = SDP_ANSWER_TIMESTAMP;
    }
    /// NNI-Information (TS 32.299).
    group NniInformation of NNI_INFORMATION {
        session_direction: one value SessionDirection = SESSION_DIRECTION;
        nni_type: one value NniType = NNI_TYPE;
        relationship_mode: one value RelationshipMode = RELATIONSHIP_MODE;
        neighbour_node_address: one address = NEIGHBOUR_NODE_ADDRESS;
    }
    /// Access-Transfer-Information (TS 32.299).
    group AccessTransferInformation of ACCESS_TRANSFER_INFORMATION {
        access_transfer_type: one value AccessTransferType = ACCESS_TRANSFER_TYPE;
        inter_ue_transfer: one value InterUeTransfer = INTER_UE_TRANSFER;
        user_equipment_info: one group UserEquipmentInfo = USER_EQUIPMENT_INFO;
        instance_id: one str = INSTANCE_ID;
        related_ims_charging_identifier: one str = RELATED_IMS_CHARGING_IDENTIFIER;
        related_ims_charging_identifier_node: one address = RELATED_IMS_CHARGING_IDENTIFIER_NODE;
        change_time: one time = CHANGE_TIME;
        access_network_information: many bytes = ACCESS_NETWORK_INFORMATION;
        cellular_network_information: many bytes = CELLULAR_NETWORK_INFORMATION;
    }
}
