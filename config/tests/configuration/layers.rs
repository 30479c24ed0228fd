//! Which layer wins, and that each value knows where it comes from.

use crate::common::{Radio, components, load};
use strowger_config::{Components, Loaded, Origin, Sources};

/// Sets one key in the layers whose bit is in `mask` (two files, variable, flag), each to a value that tells.
fn layered(mask: u8) -> Loaded {
    let on = |bit: u8| mask & (1 << bit) != 0;
    let first = if on(0) {
        "[node]\nname = \"file-0\"\n"
    } else {
        ""
    };
    let second = if on(1) {
        "\n\n[node]\nname = \"file-1\"\n"
    } else {
        ""
    };
    let variables: &[_] = if on(2) {
        &[("STROWGER_NODE__NAME", "variable")]
    } else {
        &[]
    };
    let flags: &[_] = if on(3) { &["node.name=flag"] } else { &[] };
    load(&[first, second], variables, flags).expect("a right configuration")
}

fn origin(loaded: &Loaded, key: &str) -> Option<Origin> {
    let entries = loaded.entries(&components());
    let entry = entries
        .into_iter()
        .find(|entry| entry.key.to_string() == key);
    entry.map(|entry| match entry.origin {
        Origin::File { file, line } => {
            let file = file.rsplit('/').next().unwrap_or_default().to_owned();
            Origin::File { file, line }
        }
        other @ (Origin::Default | Origin::Environment { .. } | Origin::Flag) => other,
    })
}

#[test]
fn the_later_layer_wins_in_every_combination() {
    for mask in 0..16 {
        let loaded = layered(mask);
        let file = |file: &str, line| Origin::File {
            file: file.into(),
            line,
        };
        let variable = "STROWGER_NODE__NAME".to_owned();
        let (name, from) = match mask {
            8..=15 => ("flag", Origin::Flag),
            4..=7 => ("variable", Origin::Environment { variable }),
            2..=3 => ("file-1", file("1.toml", 4)),
            1 => ("file-0", file("0.toml", 2)),
            _ => ("strowger", Origin::Default),
        };
        assert_eq!(loaded.config.node.name, name, "layers {mask:04b}");
        assert_eq!(
            origin(&loaded, "node.name"),
            Some(from),
            "layers {mask:04b}"
        );
    }
}

#[test]
fn tables_merge_and_lists_are_replaced() {
    let first = "[store]\nqueue = 7\ncache = \"1MiB\"\n[adaptors.sip]\nlinks = [\"a\", \"b\"]\n[adaptors.sip.settings.listeners.x]\ntransport = \"udp\"\nbind = \"127.0.0.1:1\"";
    let second = "[store]\ncache = \"2MiB\"\n[adaptors.sip]\nlinks = [\"c\"]";
    let loaded = load(&[first, second], &[], &[]).unwrap();
    assert_eq!(loaded.config.store.queue, 7);
    assert_eq!(loaded.config.store.cache.to_string(), "2MiB");
    assert_eq!(loaded.config.adaptors["sip"].links, ["c"]);
    let radio: Radio = loaded.config.adaptors["sip"].settings.read().unwrap();
    assert_eq!(radio.listeners.len(), 1);
}

#[test]
fn a_file_with_services_replaces_the_out_of_the_box_ones() {
    let out_of_the_box = load(&["[node]\nname = \"x\""], &[], &[]).unwrap();
    assert_eq!(
        out_of_the_box.config.services.keys().collect::<Vec<_>>(),
        ["b2bua", "uas"]
    );

    let own = load(&["[services.night]\nkind = \"uas\""], &[], &[]).unwrap();
    assert_eq!(own.config.services.keys().collect::<Vec<_>>(), ["night"]);
    assert_eq!(own.config.adaptors.keys().collect::<Vec<_>>(), ["sip"]);

    let flags = ["services.night.kind=uas", "services.uas.active=false"];
    let by_flag = load(&[], &[], &flags).unwrap();
    assert_eq!(
        by_flag.config.services.keys().collect::<Vec<_>>(),
        ["b2bua", "night", "uas"]
    );
}

#[test]
fn a_binary_may_run_all_that_it_contains() {
    let sources = Sources::default().every_component();
    let config = strowger_config::load(&sources, &components())
        .unwrap()
        .config;
    assert_eq!(config.adaptors.keys().collect::<Vec<_>>(), ["sip", "ss7"]);
    assert_eq!(config.services.keys().collect::<Vec<_>>(), ["b2bua", "uas"]);
    let empty = strowger_config::load(&sources, &Components::default())
        .unwrap()
        .config;
    assert!(empty.services.is_empty());
}

#[test]
fn variables_and_flags_are_read_as_their_key_wants_them() {
    let variables = [
        ("STROWGER_NODE__NAME", "42"),
        ("STROWGER_STORE__QUEUE", "42"),
        ("STROWGER_STORE__GROUP_DELAY", "0s"),
        (
            "STROWGER_ADAPTORS__SIP__SETTINGS__LISTENERS__UDP__BIND",
            "127.0.0.2:5070",
        ),
        ("STROWGER_ADAPTORS__SIP__LINKS", "[\"carrier\"]"),
        ("STROWGER_SERVICES__UAS__ACTIVE", "false"),
        ("STROWGER_SERVICES__UAS__SETTINGS__MODE", "delayed"),
        ("STROWGER_SERVICE_HOST", "10.0.0.1"),
        ("OTHER__NODE__NAME", "no"),
    ];
    let flags = [
        "adaptors.sip.settings.listeners.udp.transport=udp",
        "services.b2bua.priority=-3",
        "node.data_dir=\"quoted\"",
        "services.uas.settings.greetings=[\"12\"]",
    ];
    let loaded = load(&[], &variables, &flags).unwrap();
    let config = &loaded.config;
    let radio: Radio = config.adaptors["sip"].settings.read().unwrap();
    assert_eq!(config.node.name, "42");
    assert_eq!(config.store.queue, 42);
    assert!(config.store.group_delay.is_zero());
    assert_eq!(radio.listeners["udp"].bind.to_string(), "127.0.0.2:5070");
    assert_eq!(config.adaptors["sip"].links, ["carrier"]);
    assert!(!config.services["uas"].active);
    assert_eq!(config.services["b2bua"].priority, Some(-3));
    assert_eq!(config.node.data_dir.to_str(), Some("quoted"));
    assert_eq!(
        origin(&loaded, "services.uas.settings.greetings"),
        Some(Origin::Flag)
    );
    assert!(loaded.warnings.is_empty());
}

#[test]
fn a_variable_reaches_an_entry_whose_name_has_a_dash() {
    let file = "[services.night-desk]\nkind = \"uas\"";
    let loaded = load(
        &[file],
        &[("STROWGER_SERVICES__NIGHT_DESK__PRIORITY", "5")],
        &[],
    )
    .unwrap();
    assert_eq!(loaded.config.services["night-desk"].priority, Some(5));
}

#[test]
fn a_variable_that_spells_a_key_without_double_underscore_is_warned_of() {
    let loaded = load(&[], &[("STROWGER_STORE_CACHE", "1MiB")], &[]).unwrap();
    expect_test::expect![[r#"
        CFG-015 [environment variable STROWGER_STORE_CACHE] the environment variable `STROWGER_STORE_CACHE` has no effect | did you mean `STROWGER_STORE__CACHE`?
    "#]]
    .assert_eq(&crate::common::lines(&loaded.warnings));
}

#[test]
fn the_listing_covers_settings_and_hides_secrets() {
    let file = "[adaptors.sip.settings]\npassword = \"hunter2\"\ntimers.t1 = \"1s\"";
    let loaded = load(&[file], &[], &[]).unwrap();
    let entries = loaded.entries(&components());
    let adaptors: String = entries
        .iter()
        .filter(|entry| entry.key.segments()[0] == "adaptors")
        .map(|entry| format!("{} = {}\n", entry.key, entry.toml()))
        .collect();
    expect_test::expect![[r#"
        adaptors.sip.active = true
        adaptors.sip.links = []
        adaptors.sip.settings.attempts = 3
        adaptors.sip.settings.listeners.udp.bind = "127.0.0.1:5060"
        adaptors.sip.settings.listeners.udp.connections = 7
        adaptors.sip.settings.listeners.udp.transport = "udp"
        adaptors.sip.settings.password = "(secret)"
        adaptors.sip.settings.timers.t1 = "1s"
    "#]]
    .assert_eq(&adaptors);
}
