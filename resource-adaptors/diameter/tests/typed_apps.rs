//! A message of each application of 3GPP, written and read typed, and held to its definition.

#![expect(clippy::unwrap_used, reason = "a test fails where an assumption does")]

use strowger_diameter::Outgoing;
use strowger_diameter::apps::Writer;
use strowger_diameter::apps::base::{
    AccountingRecordType, AuthSessionState, VendorSpecificApplicationId,
};
use strowger_diameter::apps::charging::{
    NodeFunctionality, ReportingReason, RfAcr, RoCcr, RoServices, RoleOfNode, SmMessageType,
};
use strowger_diameter::apps::credit::CcRequestType;
use strowger_diameter::apps::cx::{Saa, Sar, ServerAssignmentType, UserDataAlreadyAvailable};
use strowger_diameter::apps::gx::{GxCca, IpCanType, RatType};
use strowger_diameter::apps::rx::{Aar, FlowStatus};
use strowger_diameter::apps::s6a::{
    AllApnConfigurationsIncludedIndicator as All, Ecr, PdnType, Ula, Ulr,
};
use strowger_diameter::apps::sh::{DataReference, Snr, SubsReqType, Udr};
use strowger_diameter::apps::slh::Ria;
use strowger_diameter::proto::dict::base::*;
use strowger_diameter::proto::dict::{
    CommandDef, Dictionary, Level, charging, credit, cx, gx, rx, s6a, sh, slh, validate,
};
use strowger_diameter::proto::wire::{Address, Builder, Message, flag};

/// The message as it would be on the wire: with what the adaptor puts in.
fn sent(command: &CommandDef, is_request: bool, mut outgoing: Outgoing) -> Message {
    let mut builder = Builder::request(command.code, command.application);
    if !is_request {
        builder.flags(flag::PROXIABLE);
    }
    builder
        .avp(&SESSION_ID, "node.example;1;2")
        .identities("node.example", "example");
    if is_request {
        builder.avp(&DESTINATION_REALM, "peer.example");
    }
    builder.encoded(outgoing.body().as_bytes());
    let message = Message::parse(builder.finish(1, 2).unwrap()).unwrap();
    assert_eq!(message.is_request(), is_request);
    assert_eq!(
        validate(&message, &Dictionary::standard(), Level::Full),
        Ok(()),
        "{}",
        command.name
    );
    message
}

#[test]
fn a_request_on_ro_carries_ims_and_sms_information() {
    let ccr = RoCcr::request(|ccr| {
        ccr.auth_application_id(4)
            .service_context_id("32274@3gpp.org")
            .cc_request_type(CcRequestType::UpdateRequest)
            .cc_request_number(1)
            .multiple_services_credit_control(|services| {
                services
                    .rating_group(7)
                    .reporting_reason(ReportingReason::ValidityTime)
                    .time_quota_threshold(10);
                services.used_service_unit(|used| {
                    used.cc_time(30);
                });
            })
            .service_information(|service| {
                service.ims_information(|ims| {
                    ims.node_functionality(NodeFunctionality::As)
                        .role_of_node(RoleOfNode::OriginatingRole)
                        .event_type(|event| {
                            event.sip_method("INVITE").expires(0);
                        })
                        .calling_party_address("sip:alice@a.example")
                        .called_party_address("sip:bob@a.example");
                });
                service.sms_information(|sms| {
                    sms.sm_message_type(SmMessageType::Submission)
                        .recipient_info(|info| {
                            info.recipient_address(|address| {
                                address.address_data("491701234567");
                            });
                        });
                });
            });
    });
    let message = sent(&credit::CREDIT_CONTROL_COMMAND, true, ccr);
    let ccr = RoCcr::of(&message);
    let services: RoServices<'_> = ccr.multiple_services_credit_control().next().unwrap();
    assert_eq!(
        services.reporting_reason().collect::<Vec<_>>(),
        [ReportingReason::ValidityTime]
    );
    assert_eq!(
        (services.time_quota_threshold(), services.extra().count()),
        (Some(10), 0)
    );
    let ims = ccr
        .service_information()
        .unwrap()
        .ims_information()
        .unwrap();
    assert_eq!(ims.node_functionality(), Some(NodeFunctionality::As));
    assert_eq!(ims.event_type().unwrap().sip_method(), Some("INVITE"));
    assert_eq!(
        ims.calling_party_address().collect::<Vec<_>>(),
        ["sip:alice@a.example"]
    );
    let sms = ccr
        .service_information()
        .unwrap()
        .sms_information()
        .unwrap();
    let recipient = sms
        .recipient_info()
        .next()
        .unwrap()
        .recipient_address()
        .next()
        .unwrap();
    assert_eq!(recipient.address_data(), Some("491701234567"));
}

#[test]
fn a_request_on_rf_carries_packet_switched_information() {
    let acr = RfAcr::request(|acr| {
        acr.accounting_record_type(AccountingRecordType::StartRecord)
            .accounting_record_number(0)
            .acct_application_id(3)
            .service_context_id("32251@3gpp.org")
            .service_information(|service| {
                service.ps_information(|ps| {
                    ps.tgpp_charging_id(77)
                        .called_station_id("internet")
                        .pdp_address(Address::V4([192, 0, 2, 1].into()));
                });
            });
    });
    let message = sent(&ACCOUNTING, true, acr);
    let acr = RfAcr::of(&message);
    let ps = acr.service_information().unwrap().ps_information().unwrap();
    assert_eq!(
        (ps.tgpp_charging_id(), ps.called_station_id()),
        (Some(77), Some("internet"))
    );
    assert_eq!(
        ps.pdp_address().next().and_then(Address::ip),
        Some([192, 0, 2, 1].into())
    );
    assert!(message.find(&charging::SERVICE_INFORMATION).is_some());
}

#[test]
fn cx_and_sh_carry_user_data_as_octets() {
    let specific = |id: u32| {
        move |specific: &mut Writer<'_, VendorSpecificApplicationId<'static>>| {
            specific.vendor_id(10415).auth_application_id(id);
        }
    };
    let sar = Sar::request(|sar| {
        sar.vendor_specific_application_id(specific(cx::CX))
            .auth_session_state(AuthSessionState::NoStateMaintained)
            .public_identity("sip:alice@a.example")
            .server_name("sip:scscf.a.example")
            .server_assignment_type(ServerAssignmentType::Registration)
            .user_data_already_available(UserDataAlreadyAvailable::UserDataNotAvailable);
    });
    let message = sent(&cx::SERVER_ASSIGNMENT, true, sar);
    assert_eq!(
        Sar::of(&message).server_assignment_type(),
        Some(ServerAssignmentType::Registration)
    );
    let saa = Saa::answer(2001, |saa| {
        saa.vendor_specific_application_id(specific(cx::CX))
            .auth_session_state(AuthSessionState::NoStateMaintained)
            .user_data(b"<IMSSubscription/>");
    });
    let message = sent(&cx::SERVER_ASSIGNMENT, false, saa);
    assert_eq!(
        Saa::of(&message).user_data(),
        Some(&b"<IMSSubscription/>"[..])
    );

    let udr = Udr::request(|udr| {
        udr.vendor_specific_application_id(specific(sh::SH))
            .auth_session_state(AuthSessionState::NoStateMaintained)
            .user_identity(|user| {
                user.public_identity("sip:alice@a.example");
            })
            .data_reference(DataReference::RepositoryData)
            .data_reference(DataReference::IMSUserState);
    });
    let message = sent(&sh::USER_DATA_COMMAND, true, udr);
    assert_eq!(
        Udr::of(&message).data_reference().last(),
        Some(DataReference::IMSUserState)
    );
    let snr = Snr::request(|snr| {
        snr.vendor_specific_application_id(specific(sh::SH))
            .auth_session_state(AuthSessionState::NoStateMaintained)
            .user_identity(|user| {
                user.msisdn(&[0x94, 0x71]);
            })
            .subs_req_type(SubsReqType::Subscribe)
            .data_reference(DataReference::RepositoryData);
    });
    let message = sent(&sh::SUBSCRIBE_NOTIFICATIONS, true, snr);
    let snr = Snr::of(&message);
    assert_eq!(
        snr.user_identity().unwrap().msisdn(),
        Some(&[0x94, 0x71][..])
    );
    assert_eq!(
        snr.data_reference().collect::<Vec<_>>(),
        [DataReference::RepositoryData]
    );
}

#[test]
fn s6a_updates_a_location_and_answers_with_the_subscription() {
    let ulr = Ulr::request(|ulr| {
        ulr.auth_session_state(AuthSessionState::NoStateMaintained)
            .user_name("262011234567890")
            .rat_type(RatType::Eutran)
            .ulr_flags(0x22)
            .visited_plmn_id(&[0x62, 0xf2, 0x10]);
    });
    let message = sent(&s6a::UPDATE_LOCATION, true, ulr);
    let ulr = Ulr::of(&message);
    assert_eq!(
        (ulr.rat_type(), ulr.ulr_flags()),
        (Some(RatType::Eutran), Some(0x22))
    );

    let ula = Ula::answer(2001, |ula| {
        ula.auth_session_state(AuthSessionState::NoStateMaintained)
            .ula_flags(1)
            .subscription_data(|data| {
                data.msisdn(&[0x94]).ambr(|ambr| {
                    ambr.max_requested_bandwidth_ul(1000)
                        .max_requested_bandwidth_dl(2000);
                });
                data.apn_configuration_profile(|profile| {
                    profile
                        .context_identifier(1)
                        .all_apn_configurations_included_indicator(
                            All::AllApnConfigurationsIncluded,
                        );
                    profile.apn_configuration(|apn| {
                        apn.context_identifier(1)
                            .pdn_type(PdnType::IPv4)
                            .service_selection("internet");
                    });
                });
            });
    });
    let message = sent(&s6a::UPDATE_LOCATION, false, ula);
    let profile = Ula::of(&message)
        .subscription_data()
        .unwrap()
        .apn_configuration_profile()
        .unwrap();
    let apn = profile.apn_configuration().next().unwrap();
    assert_eq!(
        (apn.pdn_type(), apn.service_selection()),
        (Some(PdnType::IPv4), Some("internet"))
    );
}

#[test]
fn gx_installs_a_rule_and_rx_describes_media() {
    let cca = GxCca::answer(2001, |cca| {
        cca.auth_application_id(gx::GX)
            .cc_request_type(CcRequestType::InitialRequest)
            .cc_request_number(0);
        cca.charging_rule_install(|install| {
            install.charging_rule_definition(|rule| {
                rule.charging_rule_name(b"voice").flow_information(|flow| {
                    flow.flow_description("permit out 17 from 192.0.2.1 to 192.0.2.2 4000");
                });
            });
        });
    });
    let message = sent(&gx::GX_CREDIT_CONTROL, false, cca);
    let install = GxCca::of(&message).charging_rule_install().next().unwrap();
    let rule = install.charging_rule_definition().next().unwrap();
    assert_eq!(rule.charging_rule_name(), Some(&b"voice"[..]));

    let aar = Aar::request(|aar| {
        aar.auth_application_id(rx::RX)
            .media_component_description(|media| {
                media
                    .media_component_number(1)
                    .flow_status(FlowStatus::Enabled)
                    .media_sub_component(|sub| {
                        sub.flow_number(1)
                            .flow_description("permit out ip from any to any");
                    });
            });
    });
    let message = sent(&rx::AA, true, aar);
    let media = Aar::of(&message)
        .media_component_description()
        .next()
        .unwrap();
    assert_eq!(
        (media.flow_status(), media.media_sub_component().count()),
        (Some(FlowStatus::Enabled), 1)
    );
    assert_eq!(IpCanType::from(5), IpCanType::TgppEps);
}

#[test]
fn s13_checks_an_equipment_and_slh_asks_where_a_user_is() {
    let ecr = Ecr::request(|ecr| {
        ecr.auth_session_state(AuthSessionState::NoStateMaintained)
            .terminal_information(|terminal| {
                terminal.imei("356938035643809");
            });
    });
    let message = sent(&s6a::ME_IDENTITY_CHECK, true, ecr);
    let terminal = Ecr::of(&message).terminal_information().unwrap();
    assert_eq!(terminal.imei(), Some("356938035643809"));

    let ria = Ria::answer(2001, |ria| {
        ria.auth_session_state(AuthSessionState::NoStateMaintained)
            .serving_node(|node| {
                node.mme_name("mme.example").mme_realm("example");
            });
    });
    let message = sent(&slh::LCS_ROUTING_INFO, false, ria);
    let node = Ria::of(&message).serving_node().unwrap();
    assert_eq!(
        (node.mme_name(), node.mme_realm()),
        (Some("mme.example"), Some("example"))
    );
}
