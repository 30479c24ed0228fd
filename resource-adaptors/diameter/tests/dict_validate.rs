//! What is refused of messages that are well formed, and with which Failed-AVP (RFC 6733 7.1, 7.5).

#![expect(clippy::unwrap_used, reason = "a test fails where an assumption does")]

mod dict_support;

use dict_support::{frame, good, put, request, required, with};
use proptest::prelude::*;
use strowger_diameter::proto::dict::base::*;
use strowger_diameter::proto::dict::credit::*;
use strowger_diameter::proto::dict::{
    AvpDef, CommandDef, Dictionary, ExtensionAvp, ExtensionCommand, Kind, Level, Member, Rule, cx,
    gx, sh, validate,
};
use strowger_diameter::proto::wire::{AvpBuf, Fault, Header, Message, flag};

static DICTIONARY: Dictionary = Dictionary::standard();

fn fault(message: &Message) -> Fault {
    validate(message, &DICTIONARY, Level::Full).expect_err("the message is refused")
}

fn answer(command: &CommandDef, avps: &[u8]) -> Message {
    Message::parse(frame(command, 0, avps)).unwrap()
}

/// What `required` gives, without one of them.
fn without(members: &[Member], left_out: &AvpDef, application: u32) -> Vec<u8> {
    let kept: Vec<Member> = members
        .iter()
        .filter(|member| !member.avp.is(left_out))
        .copied()
        .collect();
    required(&kept, application)
}

/// The Result-Code and Failed-AVP of a CCR with these AVPs besides those it needs.
fn refused(avps: &[u8]) -> (u32, Vec<u8>) {
    let all = [required(CREDIT_CONTROL_COMMAND.request, 4), avps.to_vec()].concat();
    let fault = fault(&request(&CREDIT_CONTROL_COMMAND, &all));
    (
        fault.result_code,
        fault.failed_avp.unwrap_or_default().to_vec(),
    )
}

fn in_groups(groups: &[&AvpDef], innermost: &[u8]) -> Vec<u8> {
    groups
        .iter()
        .rev()
        .fold(innermost.to_vec(), |inside, group| with(group, &inside))
}

/// Every command both ways, with its rules.
fn sides() -> impl Iterator<Item = (&'static CommandDef, u8, &'static [Member])> {
    DICTIONARY
        .commands()
        .flat_map(|def| [(def, flag::REQUEST, def.request), (def, 0, def.answer)])
}

fn message(command: &CommandDef, flags: u8, avps: &[u8]) -> Message {
    Message::parse(frame(command, flags, avps)).unwrap()
}

#[test]
fn every_command_passes_with_what_it_requires_and_with_all_it_allows() {
    for (command, flags, members) in sides() {
        let least = message(command, flags, &required(members, command.application));
        assert_eq!(
            validate(&least, &DICTIONARY, Level::Full),
            Ok(()),
            "{} {flags}",
            command.name
        );
        // Its Termination-Cause would contradict the CC-Request-Type, its Requested-Action likewise.
        let contrary = |member: &&Member| {
            command.code != 272
                || !member.avp.is(&TERMINATION_CAUSE) && !member.avp.is(&REQUESTED_ACTION)
        };
        let all = members
            .iter()
            .filter(contrary)
            .flat_map(|member| good(member.avp, command.application));
        let all = message(command, flags, &all.collect::<Vec<u8>>());
        assert_eq!(
            validate(&all, &DICTIONARY, Level::Full),
            Ok(()),
            "{} {flags}",
            command.name
        );
    }
}

#[test]
fn every_required_avp_that_is_missing_is_asked_for_by_an_example_of_zeros() {
    let mut tried = 0;
    for (command, flags, members) in sides() {
        for member in members.iter().filter(|member| member.min > 0) {
            let missing = message(
                command,
                flags,
                &without(members, member.avp, command.application),
            );
            let fault = fault(&missing);
            assert_eq!(
                fault.result_code, 5005,
                "{} without {}",
                command.name, member.avp.name
            );
            let zeros = vec![0; member.avp.kind.least_length()];
            assert_eq!(
                fault.failed_avp.as_deref(),
                Some(&with(member.avp, &zeros)[..]),
                "{}",
                member.avp.name
            );
            tried += 1;
        }
    }
    assert!(tried > 250, "{tried} required AVPs");
}

#[test]
fn every_avp_that_a_group_requires_is_asked_for_inside_that_group() {
    // A request has no Experimental-Result.
    let is_asked = |def: &&AvpDef| def.kind == Kind::Grouped && !def.is(&EXPERIMENTAL_RESULT);
    for group in DICTIONARY.avps().filter(is_asked) {
        for member in group.members.iter().filter(|member| member.min > 0) {
            let inside = without(group.members, member.avp, 4);
            let (code, failed) = refused(&with(group, &inside));
            assert_eq!(code, 5005, "{} without {}", group.name, member.avp.name);
            let example = with(member.avp, &vec![0; member.avp.kind.least_length()]);
            assert_eq!(
                failed,
                with(group, &example),
                "{} without {}",
                group.name,
                member.avp.name
            );
        }
    }
}

#[test]
fn every_avp_that_comes_too_often_is_refused_by_its_first_surplus_copy() {
    for (command, flags, members) in sides() {
        for member in members
            .iter()
            .filter(|member| member.max == 1 && member.min == 1)
        {
            let mut surplus = good(member.avp, command.application);
            // The copy differs from the first in its padding or its data, so that the right one is seen to be named.
            if member.avp.is(&ORIGIN_HOST) {
                surplus = with(member.avp, b"other.example");
            }
            let avps = [required(members, command.application), surplus.clone()].concat();
            let fault = fault(&message(command, flags, &avps));
            assert_eq!(
                fault.result_code, 5009,
                "{}: {}",
                command.name, member.avp.name
            );
            assert_eq!(
                fault.failed_avp.as_deref(),
                Some(&surplus[..]),
                "{}",
                member.avp.name
            );
        }
    }
}

#[test]
fn an_unknown_application_or_command_is_a_protocol_error() {
    let of = |application, command: u32, flags| {
        let header = Header {
            version: 1,
            length: 20,
            flags,
            command,
            application,
            hop_by_hop: 1,
            end_to_end: 2,
        };
        let message = Message::parse(header.to_bytes().to_vec().into()).unwrap();
        validate(&message, &DICTIONARY, Level::Structure)
            .expect_err("refused")
            .result_code
    };
    assert_eq!(of(99_999, 272, flag::REQUEST), 3007);
    assert_eq!(of(4, 8_388_000, flag::REQUEST), 3001);
    assert_eq!(of(sh::SH, 300, flag::REQUEST), 3001);
    assert_eq!(of(0, 280, flag::REQUEST | flag::PROXIABLE), 3008);
}

#[test]
fn an_unknown_mandatory_avp_is_named_with_the_groups_around_it() {
    let unknown = put(9999, 0, flag::MANDATORY, b"what");
    assert_eq!(refused(&unknown), (5001, unknown.clone()));
    let of_vendor = put(1, 4711, flag::VENDOR | flag::MANDATORY, b"what");
    assert_eq!(refused(&of_vendor), (5001, of_vendor));
    let chains: [&[&AvpDef]; 4] = [
        &[&MULTIPLE_SERVICES_CREDIT_CONTROL],
        &[&MULTIPLE_SERVICES_CREDIT_CONTROL, &GRANTED_SERVICE_UNIT],
        &[
            &MULTIPLE_SERVICES_CREDIT_CONTROL,
            &QOS_FINAL_UNIT_INDICATION,
            &FILTER_RULE,
        ],
        &[&FAILED_AVP, &FAILED_AVP, &FAILED_AVP],
    ];
    for groups in chains {
        // The groups hold what they need besides, which Failed-AVP leaves out.
        let avps = groups.iter().rev().fold(unknown.clone(), |inside, group| {
            with(group, &[required(group.members, 4), inside].concat())
        });
        assert_eq!(refused(&avps), (5001, in_groups(groups, &unknown)));
    }
}

#[test]
fn an_unknown_avp_without_the_m_bit_is_left_alone() {
    let unknown = put(9999, 0, 0, b"what");
    let inside = with(
        &MULTIPLE_SERVICES_CREDIT_CONTROL,
        &put(1, 4711, flag::VENDOR, b"what"),
    );
    let all = [required(CREDIT_CONTROL_COMMAND.request, 4), unknown, inside].concat();
    assert_eq!(
        validate(
            &request(&CREDIT_CONTROL_COMMAND, &all),
            &DICTIONARY,
            Level::Full
        ),
        Ok(())
    );
}

#[test]
fn values_out_of_their_range_are_refused() {
    let cases: [(&AvpDef, &[u8]); 14] = [
        (&USER_NAME, b"\xff\xfe"),
        (&USER_NAME, b"\xc3"),
        (&DESTINATION_HOST, b"no host"),
        (&DESTINATION_HOST, b""),
        (&DESTINATION_HOST, b"\xc3\xa4.example"),
        (&ROUTE_RECORD, b"under_score!.example"),
        (&REDIRECT_HOST, b"http://example.com"),
        (&REDIRECT_HOST, b"aaa://"),
        (&HOST_IP_ADDRESS, &[0, 1, 192, 0, 2]),
        (&HOST_IP_ADDRESS, &[0, 2, 192, 0, 2, 1]),
        (&MULTIPLE_SERVICES_INDICATOR, &[0, 0, 0, 2]),
        (&MULTIPLE_SERVICES_INDICATOR, &[0xff, 0xff, 0xff, 0xff]),
        (&gx::TFT_FILTER, b"allow in ip from any to any"),
        (&gx::TFT_FILTER, b"permit in ip from any\0"),
    ];
    for (def, data) in cases {
        let avp = with(def, data);
        assert_eq!(refused(&avp), (5004, avp), "{}", def.name);
    }
    let subscription = with(&SUBSCRIPTION_ID_TYPE, &[0, 0, 0, 9]);
    let group = with(
        &SUBSCRIPTION_ID,
        &[subscription.clone(), with(&SUBSCRIPTION_ID_DATA, b"1")].concat(),
    );
    assert_eq!(
        refused(&group),
        (5004, with(&SUBSCRIPTION_ID, &subscription))
    );
}

#[test]
fn a_fixed_format_of_another_length_is_refused_with_zeros_of_the_right_one() {
    for (def, length) in [
        (&EVENT_TIMESTAMP, 3),
        (&ORIGIN_STATE_ID, 8),
        (&CC_SUB_SESSION_ID, 4),
        (&SESSION_TIMEOUT, 0),
    ] {
        let avps = with(def, &vec![1; length]);
        let least = with(def, &vec![0; def.kind.least_length()]);
        assert_eq!(refused(&avps), (5014, least.clone()), "{}", def.name);
        let structure = [required(CREDIT_CONTROL_COMMAND.request, 4), avps].concat();
        let fault = validate(
            &request(&CREDIT_CONTROL_COMMAND, &structure),
            &DICTIONARY,
            Level::Structure,
        )
        .unwrap_err();
        assert_eq!(
            (fault.result_code, fault.failed_avp.as_deref()),
            (5014, Some(&least[..]))
        );
    }
}

#[test]
fn contradictions_are_refused_with_both_sides() {
    let ccr = |request_type: i32, more: &[u8]| {
        let kept = without(CREDIT_CONTROL_COMMAND.request, &CC_REQUEST_TYPE, 4);
        let avps = [
            kept,
            with(&CC_REQUEST_TYPE, &request_type.to_be_bytes()),
            more.to_vec(),
        ]
        .concat();
        validate(
            &request(&CREDIT_CONTROL_COMMAND, &avps),
            &DICTIONARY,
            Level::Full,
        )
        .map_err(|fault| {
            (
                fault.result_code,
                fault.failed_avp.unwrap_or_default().to_vec(),
            )
        })
    };
    let request_type = |value: i32| with(&CC_REQUEST_TYPE, &value.to_be_bytes());
    let action = with(&REQUESTED_ACTION, &[0; 4]);
    let cause = with(&TERMINATION_CAUSE, &[0, 0, 0, 1]);
    assert_eq!(ccr(4, &[]), Err((5007, request_type(4))));
    assert_eq!(ccr(4, &action), Ok(()));
    assert_eq!(
        ccr(1, &action),
        Err((5007, [request_type(1), action.clone()].concat()))
    );
    assert_eq!(
        ccr(2, &cause),
        Err((5007, [request_type(2), cause.clone()].concat()))
    );
    assert_eq!(ccr(3, &cause), Ok(()));

    let kept = without(CREDIT_CONTROL_COMMAND.request, &AUTH_APPLICATION_ID, 4);
    let other = with(&AUTH_APPLICATION_ID, &[0, 0, 0, 5]);
    let fault = fault(&request(
        &CREDIT_CONTROL_COMMAND,
        &[kept, other.clone()].concat(),
    ));
    assert_eq!(
        (fault.result_code, fault.failed_avp.as_deref()),
        (5007, Some(&other[..]))
    );
}

#[test]
fn a_vendor_specific_application_names_one_application_the_headers() {
    let specific = |inside: &[Vec<u8>]| with(&VENDOR_SPECIFIC_APPLICATION_ID, &inside.concat());
    let auth = |id: u32| with(&AUTH_APPLICATION_ID, &id.to_be_bytes());
    let acct = with(&ACCT_APPLICATION_ID, &cx::CX.to_be_bytes());
    let vendor = with(&VENDOR_ID, &10415_u32.to_be_bytes());
    let kept = without(
        cx::LOCATION_INFO.request,
        &VENDOR_SPECIFIC_APPLICATION_ID,
        cx::CX,
    );
    for bad in [
        specific(&[vendor.clone(), auth(cx::CX), acct]),
        specific(&[vendor.clone(), auth(4)]),
    ] {
        let fault = fault(&request(
            &cx::LOCATION_INFO,
            &[kept.clone(), bad.clone()].concat(),
        ));
        assert_eq!(
            (fault.result_code, fault.failed_avp.as_deref()),
            (5007, Some(&bad[..]))
        );
    }
    let right = [kept, specific(&[vendor, auth(cx::CX)])].concat();
    assert_eq!(
        validate(
            &request(&cx::LOCATION_INFO, &right),
            &DICTIONARY,
            Level::Full
        ),
        Ok(())
    );
}

#[test]
fn an_avp_out_of_place_is_refused() {
    let result = with(&RESULT_CODE, &2001_u32.to_be_bytes());
    assert_eq!(refused(&result), (5008, result.clone()));
    // Unit-Value names all that may be in it (RFC 8506 8.8).
    let inside = [with(&VALUE_DIGITS, &[0; 8]), result.clone()].concat();
    let groups = [&CC_MONEY, &UNIT_VALUE];
    let money = with(&CC_MONEY, &with(&UNIT_VALUE, &inside));
    let asked = with(&REQUESTED_SERVICE_UNIT, &money);
    let expected = with(&REQUESTED_SERVICE_UNIT, &in_groups(&groups, &result));
    assert_eq!(refused(&asked), (5008, expected));
}

#[test]
fn bits_that_an_avp_must_not_have_are_refused() {
    let product = put(PRODUCT_NAME.code, 0, flag::MANDATORY, b"x");
    assert_eq!(refused(&product), (5016, product));
    let of_3gpp = put(
        gx::RAT_TYPE.code,
        10415,
        flag::VENDOR | flag::MANDATORY,
        &[0; 4],
    );
    let taken = [required(CREDIT_CONTROL_COMMAND.request, 4), of_3gpp].concat();
    let taken = request(&CREDIT_CONTROL_COMMAND, &taken);
    assert_eq!(validate(&taken, &DICTIONARY, Level::Full), Ok(()));
    // The V bit with the Vendor-Id of nobody.
    let mut vendor_bit = put(USER_NAME.code, 1, flag::MANDATORY | flag::VENDOR, b"text");
    vendor_bit[11] = 0;
    assert_eq!(refused(&vendor_bit), (5016, vendor_bit));
}

#[test]
fn levels_ask_for_more_and_more() {
    let all = |avps: &[u8]| {
        request(
            &CREDIT_CONTROL_COMMAND,
            &[required(CREDIT_CONTROL_COMMAND.request, 4), avps.to_vec()].concat(),
        )
    };
    let code = |message: &Message, level| {
        validate(message, &DICTIONARY, level)
            .err()
            .map(|fault| fault.result_code)
    };
    let unknown = all(&put(9999, 0, flag::MANDATORY, b""));
    let value = all(&with(&USER_NAME, b"\xff"));
    let empty = request(&CREDIT_CONTROL_COMMAND, &[]);
    let levels = [Level::Off, Level::Structure, Level::Mandatory, Level::Full];
    assert_eq!(
        levels.map(|level| code(&unknown, level)),
        [None, None, Some(5001), Some(5001)]
    );
    assert_eq!(
        levels.map(|level| code(&value, level)),
        [None, None, None, Some(5004)]
    );
    assert_eq!(
        levels.map(|level| code(&empty, level)),
        [None, None, None, Some(5005)]
    );
}

#[test]
fn an_answer_that_fails_need_not_have_what_one_that_succeeds_must() {
    let avps = |code: u32| {
        let kept = [
            with(&SESSION_ID, b"a;1;2"),
            good(&ORIGIN_HOST, 4),
            good(&ORIGIN_REALM, 4),
        ]
        .concat();
        [kept, with(&RESULT_CODE, &code.to_be_bytes())].concat()
    };
    let code = |result| {
        validate(
            &answer(&CREDIT_CONTROL_COMMAND, &avps(result)),
            &DICTIONARY,
            Level::Full,
        )
    };
    assert_eq!(code(5003), Ok(()));
    assert_eq!(code(4010), Ok(()));
    assert_eq!(code(2001).unwrap_err().result_code, 5005);
    let mut failed = avps(5001);
    failed.extend(with(&FAILED_AVP, &put(9999, 0, flag::MANDATORY, b"what")));
    assert_eq!(
        validate(
            &answer(&CREDIT_CONTROL_COMMAND, &failed),
            &DICTIONARY,
            Level::Full
        ),
        Ok(())
    );
}

#[test]
fn an_experimental_result_stands_in_for_a_result_code() {
    let inside = [
        with(&VENDOR_ID, &10415_u32.to_be_bytes()),
        with(&EXPERIMENTAL_RESULT_CODE, &2001_u32.to_be_bytes()),
    ];
    let kept = without(CREDIT_CONTROL_COMMAND.answer, &RESULT_CODE, 4);
    let avps = [kept, with(&EXPERIMENTAL_RESULT, &inside.concat())].concat();
    assert_eq!(
        validate(
            &answer(&CREDIT_CONTROL_COMMAND, &avps),
            &DICTIONARY,
            Level::Full
        ),
        Ok(())
    );
}

#[test]
fn extensions_are_held_to_their_format_and_their_command_is_known() {
    let mut dictionary = Dictionary::standard();
    let own = ExtensionAvp {
        code: 7,
        vendor: 19808,
        name: "Own-Group".to_owned(),
        kind: Kind::Grouped,
        mandatory: Rule::May,
    };
    dictionary.extend(own).unwrap();
    let command = ExtensionCommand {
        code: 8_388_999,
        application: 4,
        name: "Own".to_owned(),
        proxiable: false,
    };
    dictionary.extend_command(command).unwrap();
    let def = dictionary.command(4, 8_388_999).unwrap().clone();
    let group = |inside: &[u8]| put(7, 19808, flag::VENDOR, inside);
    let code = |avps: &[u8]| {
        validate(&request(&def, avps), &dictionary, Level::Full)
            .err()
            .map(|fault| fault.result_code)
    };
    assert_eq!(code(&group(&good(&USER_NAME, 4))), None);
    assert_eq!(
        code(&group(&put(9999, 0, flag::MANDATORY, b""))),
        Some(5001)
    );
    assert_eq!(code(&group(&[0, 0, 0, 1, 0x40, 0, 0, 200])), Some(5014));
    assert_eq!(code(&group(&[0, 0, 0])), Some(5014));
    let deep = (0..40).fold(Vec::new(), |inside: Vec<u8>, _| group(&inside));
    assert_eq!(code(&deep), Some(5012));
}

#[test]
fn a_fault_makes_an_answer_that_names_the_avp_and_passes_itself() {
    let avps = without(CREDIT_CONTROL_COMMAND.request, &CC_REQUEST_NUMBER, 4);
    let message = request(&CREDIT_CONTROL_COMMAND, &avps);
    let bytes = fault(&message).answer(message.bytes(), "ocs.example", "example");
    let answer = Message::parse(bytes).unwrap();
    assert_eq!(
        (answer.result_code(), answer.is_error()),
        (Some(5005), false)
    );
    assert_eq!(
        answer
            .find(&FAILED_AVP)
            .unwrap()
            .group()
            .get(&CC_REQUEST_NUMBER)
            .unwrap()
            .data,
        [0; 4]
    );
    assert_eq!(validate(&answer, &DICTIONARY, Level::Full), Ok(()));
}

/// Some AVP of the dictionary or none of it, with some data, some of them nested.
fn some_avps() -> impl Strategy<Value = Vec<u8>> {
    let defs: Vec<&'static AvpDef> = DICTIONARY.avps().collect();
    let known = (
        0..defs.len(),
        any::<bool>(),
        prop::collection::vec(any::<u8>(), 0..12),
    )
        .prop_map(move |(at, right, data)| {
            if right {
                good(defs[at], 4)
            } else {
                with(
                    defs[at],
                    if defs[at].kind == Kind::Grouped {
                        &[]
                    } else {
                        &data
                    },
                )
            }
        });
    let other = (
        any::<u32>(),
        any::<u32>(),
        0_u8..8,
        prop::collection::vec(any::<u8>(), 0..12),
    )
        .prop_map(|(code, vendor, bits, data)| put(code | 0x1_0000, vendor, bits << 5, &data));
    let leaf = prop_oneof![4 => known, 1 => other];
    leaf.prop_recursive(6, 32, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(|inside| with(&FAILED_AVP, &inside.concat()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// What it refuses it refuses with a code of the table and an AVP that can be read; it neither panics nor recurses.
    #[test]
    fn any_message_is_judged(
        at in 0_usize..DICTIONARY.commands().count(),
        is_request in any::<bool>(),
        level in 0_usize..4,
        avps in prop::collection::vec(some_avps(), 0..8),
        needed in any::<bool>(),
    ) {
        let command = DICTIONARY.commands().nth(at).unwrap();
        let (flags, members) = if is_request { (flag::REQUEST, command.request) } else { (0, command.answer) };
        let mut all = if needed { required(members, command.application) } else { Vec::new() };
        all.extend(avps.concat());
        let Ok(message) = Message::parse(frame(command, flags, &all)) else { return Ok(()) };
        let level = [Level::Off, Level::Structure, Level::Mandatory, Level::Full][level];
        if let Err(fault) = validate(&message, &DICTIONARY, level) {
            prop_assert!([5001, 5004, 5005, 5007, 5008, 5009, 5012, 5014, 5016].contains(&fault.result_code));
            let failed = fault.failed_avp.unwrap_or_default();
            let mut read = AvpBuf::new();
            read.encoded(&failed);
            prop_assert!(fault.result_code == 5012 || read.avps().next().is_some());
        }
    }
}
