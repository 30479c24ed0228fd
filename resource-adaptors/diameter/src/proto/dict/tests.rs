//! Tests of the tables as a whole.

use super::*;

#[test]
fn every_avp_is_found_by_its_code_and_by_its_name() {
    let dictionary = Dictionary::standard();
    for def in dictionary.avps() {
        let found = dictionary
            .avp(def.code, def.vendor)
            .map(|found| found.name.clone());
        assert_eq!(found.as_ref(), Some(&def.name));
        // Two specifications each call AVPs User-Data and Service-Type; the first of a name is the one that is found.
        let named = dictionary
            .by_name(&def.name)
            .is_some_and(|found| found.is(def));
        let second = def.is(&sh::USER_DATA) || def.is(&s6a::SERVICE_TYPE);
        assert!(named || second, "{}: two AVPs of one name", def.name);
    }
    assert!(dictionary.avp(0, 0).is_none());
    assert!(dictionary.avp(263, VENDOR_3GPP).is_none());
    assert!(dictionary.avp(u32::MAX, u32::MAX).is_none());
}

#[test]
fn only_groups_have_members_and_only_enumerations_have_items() {
    for def in Dictionary::standard().avps() {
        assert!(
            def.members.is_empty() || def.kind == Kind::Grouped,
            "{}",
            def.name
        );
        assert!(
            def.items.is_empty() || def.kind == Kind::Enumerated,
            "{}",
            def.name
        );
        assert!(def.members.len() <= MEMBERS_MAX, "{}", def.name);
        check_members(&def.name, def.members);
        for (at, (value, name)) in def.items.iter().enumerate() {
            assert!(
                def.items[..at].iter().all(|(other, _)| other != value),
                "{}: {name} twice",
                def.name
            );
        }
    }
}

#[test]
fn every_command_is_found_and_names_no_avp_twice() {
    let dictionary = Dictionary::standard();
    for def in dictionary.commands() {
        let found = dictionary
            .command(def.application, def.code)
            .map(|found| found.name.clone());
        assert_eq!(found.as_ref(), Some(&def.name));
        assert!(
            dictionary.application(def.application).is_some(),
            "{}: application",
            def.name
        );
        check_members(&def.name, def.request);
        check_members(&def.name, def.answer);
    }
    assert!(dictionary.command(base::COMMON_MESSAGES, 271).is_none());
}

#[test]
fn extensions_are_found_and_cannot_replace_the_standard() {
    let own = |code, vendor, name: &str| ExtensionAvp {
        code,
        vendor,
        name: name.to_owned(),
        kind: Kind::Unsigned32,
        mandatory: Rule::May,
    };
    let mut dictionary = Dictionary::standard();
    dictionary.extend(own(7, 19808, "Own-Second")).unwrap();
    dictionary.extend(own(6, 19808, "Own-First")).unwrap();
    assert_eq!(
        dictionary.avp(7, 19808).map(|def| def.name.as_ref()),
        Some("Own-Second")
    );
    assert_eq!(dictionary.by_name("Own-First").map(|def| def.code), Some(6));
    assert_eq!(
        dictionary.extend(own(263, 0, "Mine")),
        Err(DictionaryError::AvpKnown {
            code: 263,
            vendor: 0
        })
    );
    assert_eq!(
        dictionary.extend(own(7, 19808, "Other")),
        Err(DictionaryError::AvpKnown {
            code: 7,
            vendor: 19808
        })
    );
    assert_eq!(
        dictionary.extend(own(9, 9, "Session-Id")),
        Err(DictionaryError::NameTaken { code: 9, vendor: 9 })
    );
    assert_eq!(
        dictionary.extend(own(0, 9, "None")),
        Err(DictionaryError::Code(0))
    );

    let command = |code, application| ExtensionCommand {
        code,
        application,
        name: "Own".to_owned(),
        proxiable: true,
    };
    dictionary
        .extend_application(16_777_999, 19808, "own".to_owned(), ApplicationKind::Auth)
        .unwrap();
    dictionary
        .extend_command(command(8_388_999, 16_777_999))
        .unwrap();
    assert!(
        dictionary
            .command(16_777_999, 8_388_999)
            .is_some_and(|def| def.proxiable && def.open)
    );
    let has = |code| dictionary.command(16_777_999, code).is_some();
    assert!(has(258) && has(274) && has(275) && !has(271) && !has(272));
    assert_eq!(
        dictionary.extend_command(command(1 << 24, 0)),
        Err(DictionaryError::Code(1 << 24))
    );
    let known = DictionaryError::CommandKnown {
        code: 257,
        application: 0,
    };
    assert_eq!(dictionary.extend_command(command(257, 0)), Err(known));
}

fn check_members(owner: &str, members: &[Member]) {
    assert!(members.len() <= MEMBERS_MAX, "{owner}");
    for (at, member) in members.iter().enumerate() {
        assert!(
            members[..at].iter().all(|other| !other.avp.is(member.avp)),
            "{owner}: {} twice",
            member.avp.name
        );
    }
}
