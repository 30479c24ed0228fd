//! Settings of adaptors and services: typed, documented and explained like every other key.

use crate::common::{Answer, Ear, Mode, Radio, components, lines, load};
use expect_test::expect;

#[test]
fn settings_are_read_as_their_type() {
    let file = "[services.uas.settings]\nmode = \"delayed\"\ngreetings = [\"hello\"]\n[adaptors.sip.settings]\nattempts = 5";
    let loaded = load(&[file], &[], &[]).unwrap();
    let answer: Answer = loaded.config.services["uas"].settings.read().unwrap();
    assert_eq!(
        answer,
        Answer {
            mode: Mode::Delayed,
            greetings: vec!["hello".into()],
            ..Answer::default()
        }
    );
    let radio: Radio = loaded.config.adaptors["sip"].settings.read().unwrap();
    assert_eq!(
        radio,
        Radio {
            attempts: 5,
            ..Radio::default()
        }
    );
}

/// Settings with secrets in maps, of which the map alone says so.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Doors {
    /// Codes by door.
    #[schemars(extend("x-secret" = true, "x-reload" = "live"))]
    codes: std::collections::BTreeMap<String, Code>,
    /// Keys by door and owner.
    #[schemars(extend("x-secret" = true))]
    keys: std::collections::BTreeMap<String, Owner>,
}

/// A code.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[expect(dead_code, reason = "its schema is looked at")]
struct Code(String);

/// Who has a key.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "its schema is looked at")]
struct Owner {
    /// The key.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    key: String,
}

#[test]
fn entries_of_a_secret_map_are_secrets_and_change_as_the_map_does() {
    let components =
        components().service(strowger_config::Settings::<Doors>::of("doors", "Opens."));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("doors.toml");
    let text = "[services.doors.settings]\ncodes.front = \"1234\"\nkeys.back.key = \"5678\"";
    std::fs::write(&file, text).unwrap();
    let sources = strowger_config::Sources::default().file(file);
    let loaded = strowger_config::load(&sources, &components).unwrap();
    let entries = loaded.entries(&components);
    let of_doors = entries
        .iter()
        .filter(|entry| entry.key.to_string().starts_with("services.doors.settings"));
    let shown: String = of_doors
        .map(|entry| {
            let reload = entry.reload.map(strowger_config::Reload::word);
            format!("{} = {} ({reload:?})\n", entry.key, entry.toml())
        })
        .collect();
    expect![[r#"
        services.doors.settings.codes.front = "(secret)" (Some("live"))
        services.doors.settings.keys.back.key = "(secret)" (Some("restart-adaptor"))
    "#]]
    .assert_eq(&shown);
}

#[test]
fn a_table_may_stand_in_a_file_of_its_own() {
    let guests = |files: &[&str]| {
        let loaded = load(files, &[], &[]).unwrap();
        let answer: Answer = loaded.config.services["uas"].settings.read().unwrap();
        let guests = answer.guests.iter();
        guests
            .map(|(name, guest)| format!("{name} {}\n", guest.room))
            .collect::<String>()
    };
    let named = "[services.uas.settings]\nguests = \"beside.toml\"";
    expect![[r#"
        Bob.X 2
        alice 1
    "#]]
    .assert_eq(&guests(&[
        named,
        "# beside\nalice = { room = 1 }\n[\"Bob.X\"]\nroom = 2\n",
    ]));
    expect![[r#"
        alice 3
    "#]]
    .assert_eq(&guests(&[
        "[services.uas.settings.guests]\nalice = { room = 3 }",
    ]));
}

#[test]
fn what_is_wrong_in_such_a_file_is_shown_there() {
    let named = "[services.uas.settings]\nguests = \"beside.toml\"";
    let wrong = |files: &[&str]| lines(&load(files, &[], &[]).unwrap_err().findings);
    expect![[r#"
        CFG-004 [beside.toml:1:18] `services.uas.settings.guests.alice.room` must be 1 to 9, not 10
        CFG-014 [beside.toml:2:9] unknown key `services.uas.settings.guests.bob.rom` | did you mean `room`?
    "#]].assert_eq(&wrong(&[
        named,
        "# beside\nalice = { room = 10 }\nbob = { rom = 1 }\n",
    ]));
    expect![[r#"
        CFG-002 [beside.toml:1:10] not valid TOML: unclosed inline table, expected `}`
    "#]]
    .assert_eq(&wrong(&[named, "# beside\nalice = {\n"]));
    expect![[r#"
        CFG-001 [0.toml:2:10] cannot read `/nowhere/x.toml`: No such file or directory (os error 2)
    "#]]
    .assert_eq(&wrong(&[
        "[services.uas.settings]\nguests = \"/nowhere/x.toml\"",
    ]));
    expect![[r#"
        CFG-003 [0.toml:2:10] `services.uas.settings.guests` must be a table, not a whole number
    "#]]
    .assert_eq(&wrong(&["[services.uas.settings]\nguests = 5"]));
}

#[test]
fn a_file_replaces_default_names_and_flags_change_them() {
    let listeners = |files: &[&str], flags: &[&str]| {
        let loaded = load(files, &[], flags).unwrap();
        let radio: Radio = loaded.config.adaptors["sip"].settings.read().unwrap();
        let shown =
            |(name, ear): (&String, &Ear)| format!("{name} {:?} {}\n", ear.transport, ear.bind);
        radio.listeners.iter().map(shown).collect::<String>()
    };
    let in_file =
        "[adaptors.sip.settings.listeners.out]\ntransport = \"tcp\"\nbind = \"192.0.2.1:5060\"";
    let by_flag = "adaptors.sip.settings.listeners.udp.bind=127.0.0.1:5070";
    let more = "adaptors.sip.settings.listeners.more={transport=\"udp\", bind=\"127.0.0.1:1\"}";
    assert_eq!(listeners(&[], &[]), "udp Udp 127.0.0.1:5060\n");
    assert_eq!(listeners(&[in_file], &[]), "out Tcp 192.0.2.1:5060\n");
    assert_eq!(listeners(&[], &[by_flag]), "udp Udp 127.0.0.1:5070\n");
    assert_eq!(
        listeners(&[in_file], &[more]),
        "more Udp 127.0.0.1:1\nout Tcp 192.0.2.1:5060\n"
    );
    assert_eq!(
        listeners(&["[adaptors.sip.settings]\nlisteners = {}"], &[]),
        ""
    );
}

#[test]
fn the_adaptor_of_a_service_is_found_by_type_and_by_link() {
    let adaptors = "[adaptors.a]\ntype = \"sip\"\nlinks = [\"carrier\"]\n[adaptors.b]\ntype = \"sip\"\nsettings.listeners = {}\n";
    let services = "[services.uas]\nlinks.sip = \"carrier\"\n[services.b2bua]\nlinks.sip = \"b\"";
    let two = load(&[adaptors, services], &[], &[]).unwrap().config;
    assert_eq!(two.services["uas"].links["sip"], "a");
    assert!(!two.services["b2bua"].links.contains_key("ss7"));
    assert_eq!(two.services["b2bua"].links["sip"], "b");
    let one = load(&["[adaptors.carrier]\ntype = \"sip\""], &[], &[])
        .unwrap()
        .config;
    assert_eq!(one.services["uas"].links["sip"], "carrier");
    let by_name = "[adaptors.other]\ntype = \"sip\"\nsettings.listeners = {}\n[adaptors.sip]\n";
    let by_name = load(&[by_name], &[], &[]).unwrap().config;
    assert_eq!(by_name.services["uas"].links["sip"], "sip");
}

#[test]
fn a_key_of_settings_is_explained_like_any_other() {
    let components = components();
    let explain = |key: &str| {
        components
            .reference()
            .explain(key, None)
            .unwrap()
            .to_string()
    };
    expect![[r#"
        services.uas.settings.mode

          How it answers.

          takes:    one of `direct`, `delayed`
                    direct     At once.
                    delayed    After a while.
          default:  "direct"
          reload:   live
          variable: STROWGER_SERVICES__UAS__SETTINGS__MODE
    "#]]
    .assert_eq(&explain("services.uas.settings.mode"));
    expect![[r#"
        services.NAME.priority

          Order in which services are offered an event: the highest first. Without it, the service's
          own priority.

          takes:    -128 to 127
          default:  not set
          reload:   restart-node
          variable: STROWGER_SERVICES__NAME__PRIORITY
    "#]]
    .assert_eq(&explain("services.NAME.priority"));
    expect![[r#"
        node

          The node as a process.

          Keys:
            data_dir               Directory of the journal and the checkpoints; created when missing.
            drain_limit            How long a node that was told to stop (SIGTERM) waits for the work in flight.
            name                   Name of this node in logs, metrics and alarms.
    "#]].assert_eq(&explain("node"));
}

#[test]
fn an_unknown_key_is_not_explained_but_the_nearest_is_named() {
    let components = components();
    let rejected = components
        .reference()
        .explain("store.cahce", None)
        .unwrap_err();
    expect![[r#"
        CFG-014 [] unknown key `store.cahce` | did you mean `store.cache`?
    "#]]
    .assert_eq(&lines(&rejected.findings));
}

#[test]
fn the_reference_pages_have_every_key() {
    let components = components();
    let reference = components.reference();
    let page = reference.markdown();
    for (path, _) in reference.keys() {
        let name = path.segments().last().unwrap();
        assert!(page.contains(&format!("| `{name}` |")), "{path}");
    }
}

#[test]
fn the_json_schema_has_settings_by_kind_and_resolves() {
    let schema = components().json_schema();
    let text = schema.to_string();
    let mut references = 0;
    for part in text.split("\"$ref\":\"").skip(1) {
        let reference = part.split('"').next().unwrap();
        assert!(schema.pointer(&reference[1..]).is_some(), "{reference}");
        references += 1;
    }
    assert!(references > 10);
    assert!(
        schema
            .pointer("/$defs/adaptors-sip/properties/attempts/maximum")
            .is_some()
    );
}
