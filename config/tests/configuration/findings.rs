//! Every problem as it is reported: code, place, message and hint; several at once.

use crate::common::{lines, load};
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn check(files: &[&str], expected: &Expect) {
    check_all(files, &[], &[], expected);
}

fn check_all(files: &[&str], variables: &[(&str, &str)], flags: &[&str], expected: &Expect) {
    let rejected = load(files, variables, flags)
        .map(|loaded| loaded.config)
        .expect_err("a wrong configuration");
    expected.assert_eq(&lines(&rejected.findings));
}

#[test]
fn cfg_001_a_missing_file() {
    let sources = strowger_config::Sources::default().file("/nowhere/strowger.toml");
    let rejected = strowger_config::load(&sources, &crate::common::components()).unwrap_err();
    expect![[r#"
        CFG-001 [] cannot read `/nowhere/strowger.toml`: No such file or directory (os error 2)
    "#]]
    .assert_eq(&lines(&rejected.findings));
}

#[test]
fn cfg_002_every_syntax_error_of_every_file() {
    check(
        &["[node\nname = \"x\"\n[store]\ncache = \n", "a = = 1"],
        &expect![[r#"
            CFG-002 [0.toml:1:6] not valid TOML: unclosed table, expected `]`
            CFG-002 [0.toml:4:9] not valid TOML: string values must be quoted, expected literal string
            CFG-002 [1.toml:1:5] not valid TOML: extra `=`, expected nothing
            CFG-002 [1.toml:1:7] not valid TOML: unexpected key or value, expected newline, `#`
        "#]],
    );
    check(
        &["[node]\nname = \"a\"\nname = \"b\"\n"],
        &expect![[r#"
        CFG-002 [0.toml:3:1] not valid TOML: duplicate key
    "#]],
    );
}

#[test]
fn cfg_003_wrong_types() {
    check(
        &[
            "log = 1\n[node]\nname = 7\n[store]\nqueue = \"many\"\n[adaptors.sip]\nlinks = \"x\"\nactive = \"yes\"\nsettings.listeners = []\n[services.uas]\nlinks.sip = 1",
        ],
        &expect![[r#"
            CFG-003 [0.toml:1:7] `log` must be a table, not a whole number
            CFG-003 [0.toml:3:8] `node.name` must be a text, not a whole number
            CFG-003 [0.toml:5:9] `store.queue` must be a whole number, not a text
            CFG-003 [0.toml:7:9] `adaptors.sip.links` must be a list, not a text
            CFG-003 [0.toml:8:10] `adaptors.sip.active` must be true or false, not a text
            CFG-003 [0.toml:9:22] `adaptors.sip.settings.listeners` must be a table, not a list
            CFG-003 [0.toml:11:13] `services.uas.links.sip` must be a text, not a whole number
        "#]],
    );
}

#[test]
fn cfg_004_out_of_range() {
    check(
        &[
            "[node]\nname = \"\"\n[store]\nqueue = 0\nlow_water = \"x\"\ncache = \"1KiB\"\ngroup_bytes = \"1GiB\"\n[limits]\ntimers = -1\neffects = 1.5\n[services.uas]\npriority = 128",
        ],
        &expect![[r#"
            CFG-004 [0.toml:2:8] `node.name` must be 1 to 64 characters long, not 0
            CFG-004 [0.toml:4:9] `store.queue` must be 1 to 65536, not 0
            CFG-006 [0.toml:5:13] `x`, the value of `store.low_water`, is not a size, such as "64MiB", "4kB" or "512B"
            CFG-004 [0.toml:6:9] `store.cache` must be at least 1MiB, not 1KiB
            CFG-004 [0.toml:7:15] `store.group_bytes` must be 4KiB to 64MiB, not 1GiB
            CFG-004 [0.toml:9:10] `limits.timers` must be 1 to 100000000, not -1
            CFG-003 [0.toml:10:11] `limits.effects` must be a whole number, not a number
            CFG-004 [0.toml:12:12] `services.uas.priority` must be -128 to 127, not 128
        "#]],
    );
    check(
        &["[dns]\ntimeout = \"0s\""],
        &expect![[r#"
            CFG-004 [0.toml:2:11] `dns.timeout` must be more than 0s, not 0s
        "#]],
    );
    check(
        &["[services.uas]\nactive = 99999999999999999999"],
        &expect![[r#"
            CFG-004 [0.toml:2:10] `services.uas.active` must be -9223372036854775808 to 9223372036854775807, not 99999999999999999999
        "#]],
    );
    check(
        &["[services.uas]\npriority = 128\n[adaptors.sip.settings]\nattempts = 8"],
        &expect![[r#"
            CFG-004 [0.toml:2:12] `services.uas.priority` must be -128 to 127, not 128
            CFG-004 [0.toml:4:12] `adaptors.sip.settings.attempts` must be 1 to 7, not 8
        "#]],
    );
}

#[test]
fn cfg_005_not_a_choice() {
    check(
        &[
            "[log]\nformat = \"jsno\"\n[services.uas]\ndurability = \"eternal\"\nsettings.mode = \"delay\"",
        ],
        &expect![[r#"
            CFG-005 [0.toml:2:10] `jsno` is not a value of `log.format` | did you mean `json`?
            CFG-005 [0.toml:4:14] `eternal` is not a value of `services.uas.durability` | it takes one of: none, relaxed, strict
            CFG-005 [0.toml:5:17] `delay` is not a value of `services.uas.settings.mode` | it takes one of: direct, delayed
        "#]],
    );
}

#[test]
fn cfg_006_header_fields_are_not_shown() {
    check(
        &["[export.otlp.headers]\nx-one = \"geheim 1\"\nx-two = \"geheim\\n2\""],
        &expect![[r#"
            CFG-006 [0.toml:3:9] `(secret)`, the value of `export.otlp.headers.x-two`, is not a text of visible ASCII characters
        "#]],
    );
}

#[test]
fn cfg_006_malformed() {
    check(
        &[
            "[node]\ndrain_limit = \"30\"\n[store]\ncache = \"64\"\nreserve = \"big\"\n[services.\"Night Desk\"]\nkind = \"uas\"\n[adaptors.sip.settings.timers]\nt1 = \"soon\"\n[adaptors.sip.settings.listeners.udp]\ntransport = \"udp\"\nbind = \"localhost\"",
        ],
        &expect![[r#"
            CFG-006 [0.toml:2:15] `30`, the value of `node.drain_limit`, is not a duration, such as "30s", "500ms" or "1h 30m" | the unit is missing
            CFG-006 [0.toml:4:9] `64`, the value of `store.cache`, is not a size, such as "64MiB", "4kB" or "512B" | the unit is missing
            CFG-006 [0.toml:5:11] `big`, the value of `store.reserve`, is not a size, such as "64MiB", "4kB" or "512B"
            CFG-006 [0.toml:6:11] `Night Desk`, the value of `services`, is not a name; names have up to 64 of the characters a-z, 0-9, - and _
            CFG-006 [0.toml:9:6] `soon`, the value of `adaptors.sip.settings.timers.t1`, is not a duration, such as "30s", "500ms" or "1h 30m"
            CFG-006 [0.toml:12:8] `localhost`, the value of `adaptors.sip.settings.listeners.udp.bind`, is not an address and port, such as "192.0.2.1:5060" | the port is missing
        "#]],
    );
}

#[test]
fn networks_are_checked_where_they_stand() {
    check(
        &[
            "[sources]\nallow = [\"10.0.0.0/8\", \"10.1.2.3/8\"]\ndeny = [\n  \"192.0.2.0/33\",\n  \"everybody\",\n]\nrate = -1\nburst = 0\nban_for = \"0s\"\nnever_ban = \"10.0.0.1\"",
        ],
        &expect![[r#"
            CFG-006 [0.toml:2:24] `10.1.2.3/8`, the value of `sources.allow.1`, is not a network or an address, such as "10.0.0.0/8" or "192.0.2.7" | it has bits beyond its prefix; the network is 10.0.0.0/8
            CFG-006 [0.toml:4:3] `192.0.2.0/33`, the value of `sources.deny.0`, is not a network or an address, such as "10.0.0.0/8" or "192.0.2.7" | the length of its prefix is a number of bits, up to 32, or 128 for IPv6
            CFG-006 [0.toml:5:3] `everybody`, the value of `sources.deny.1`, is not a network or an address, such as "10.0.0.0/8" or "192.0.2.7" | not an address; write one such as 192.0.2.7, or a network such as 10.0.0.0/8
            CFG-004 [0.toml:7:8] `sources.rate` must be 0 to 1000000, not -1
            CFG-004 [0.toml:8:9] `sources.burst` must be 1 to 1000000, not 0
            CFG-004 [0.toml:9:11] `sources.ban_for` must be more than 0s, not 0s
            CFG-003 [0.toml:10:13] `sources.never_ban` must be a list, not a text
        "#]],
    );
}

#[test]
fn cfg_006_link_names_are_names() {
    check(
        &["[adaptors.sip]\nlinks = [\"A b\"]"],
        &expect![[r#"
        CFG-006 [0.toml:2:10] `A b`, the value of `adaptors.sip.links.0`, is not a name; names have up to 64 of the characters a-z, 0-9, - and _
    "#]],
    );
}

#[test]
fn cfg_007_missing_key() {
    check(
        &["[adaptors.sip.settings.listeners.udp]\nbind = \"127.0.0.1:5060\""],
        &expect![[r#"
            CFG-007 [0.toml:1:34] the key `adaptors.sip.settings.listeners.udp.transport` is missing
        "#]],
    );
    check_all(
        &[],
        &[],
        &["adaptors.sip.settings.listeners.third.transport=udp"],
        &expect![[r#"
            CFG-007 [flag --set adaptors.sip.settings.listeners.third.transport=..] the key `adaptors.sip.settings.listeners.third.bind` is missing
        "#]],
    );
}

#[test]
fn cfg_008_and_009_unknown_components() {
    check(
        &[
            "[adaptors.sipp]\n[adaptors.core]\ntype = \"diameter\"\n[services.prepaid]\n[services.x]\nkind = \"b2bau\"\nsettings.what = 1",
        ],
        &expect![[r#"
            CFG-008 [0.toml:1:11] the adaptor `sipp` is of the type `sipp`, which this node does not have | did you mean `sip`?
            CFG-008 [0.toml:3:8] the adaptor `core` is of the type `diameter`, which this node does not have | set `type` to one of: sip, ss7
            CFG-009 [0.toml:4:11] the service `prepaid` is of the kind `prepaid`, which this node does not have | set `kind` to one of: b2bua, uas
            CFG-009 [0.toml:6:8] the service `x` is of the kind `b2bau`, which this node does not have | did you mean `b2bua`?
        "#]],
    );
}

#[test]
fn cfg_021_unknown_specification() {
    check(
        &[
            "[profiles.subscriber]\n[profiles.a]\nspecification = \"subscribr\"\n[profiles.routes]\n",
        ],
        &expect![[r#"
            CFG-021 [0.toml:3:17] the profile table `a` is of the specification `subscribr`, which this node does not have | did you mean `subscriber`?
            CFG-021 [0.toml:4:11] the profile table `routes` is of the specification `routes`, which this node does not have | set `specification` to one of: subscriber
        "#]],
    );
}

#[test]
fn cfg_022_two_versions_are_active() {
    check(
        &[
            "[services.uas]\n[services.b2bua]\n[services.x]\nkind = \"uas\"\n[services.y]\nkind = \"uas\"\nactive = false",
        ],
        &expect![[r#"
            CFG-022 [0.toml:3:11] the services `x` and `uas` are both `uas`, and both are active | set `active = false` for one of them
        "#]],
    );
}

#[test]
fn cfg_010_address_taken() {
    let listener = |adaptor: &str, name: &str, transport: &str, bind: &str| {
        format!(
            "[adaptors.{adaptor}.settings.listeners.{name}]\ntransport = \"{transport}\"\nbind = \"{bind}\"\n"
        )
    };
    let text = [
        "[adaptors.a]\ntype = \"sip\"\n[adaptors.b]\ntype = \"sip\"\n[adaptors.off]\ntype = \"sip\"\nactive = false\n[services]\n".to_owned(),
        listener("a", "one", "udp", "127.0.0.1:5060"),
        listener("a", "other", "tcp", "127.0.0.1:5060"),
        listener("b", "same", "udp", "127.0.0.1:5060"),
        listener("b", "all", "tcp", "0.0.0.0:5060"),
        listener("b", "all6", "tcp", "[::]:5060"),
        listener("b", "any", "udp", "0.0.0.0:0"),
        listener("b", "any2", "udp", "0.0.0.0:0"),
        listener("off", "same", "udp", "127.0.0.1:5060"),
    ];
    check(
        &[&text.concat()],
        &expect![[r#"
            CFG-010 [0.toml:17:8] the listener `adaptors.b.settings.listeners.same.bind` claims udp 127.0.0.1:5060, which `adaptors.a.settings.listeners.one.bind` has already
            CFG-010 [0.toml:20:8] the listener `adaptors.b.settings.listeners.all.bind` claims tcp 0.0.0.0:5060, which `adaptors.a.settings.listeners.other.bind` has already
        "#]],
    );
}

#[test]
fn cfg_011_links_that_lead_nowhere() {
    check(
        &[
            "[adaptors.a]\ntype = \"sip\"\nlinks = [\"carrier\"]\n[adaptors.b]\ntype = \"sip\"\n[adaptors.c]\ntype = \"ss7\"\n[services.uas]\nlinks.sip = \"carier\"\n[services.b2bua]\n[services.third]\nkind = \"uas\"\nactive = false\nlinks.sip = \"c\"\nlinks.spi = \"a\"",
        ],
        &expect![[r#"
            CFG-010 [0.toml:4:11] the listener `adaptors.b.settings.listeners.udp.bind` claims udp 127.0.0.1:5060, which `adaptors.a.settings.listeners.udp.bind` has already
            CFG-011 [0.toml:9:13] the service `uas` uses the link `carier`, which no adaptor has | did you mean `carrier`?
            CFG-011 [0.toml:10:11] the service `b2bua` needs one adaptor of the type `sip`, and there are 2 | choose one by `links.sip`
            CFG-011 [0.toml:14:13] `services.third.links.sip` leads to the adaptor `c`, which is not of the type `sip`
            CFG-014 [0.toml:15:7] unknown key `services.third.links.spi` | did you mean `sip`?
        "#]],
    );
    check(
        &["adaptors = {}"],
        &expect![[r#"
            CFG-011 [default] the service `uas` needs one adaptor of the type `sip`, and there are 0 | add an adaptor of the type `sip`, or set `active = false`
            CFG-011 [default] the service `b2bua` needs one adaptor of the type `sip`, and there are 0 | add an adaptor of the type `sip`, or set `active = false`
        "#]],
    );
}

#[test]
fn cfg_012_link_taken() {
    check(
        &[
            "[adaptors.sip]\nlinks = [\"x\", \"b\"]\n[adaptors.b]\ntype = \"sip\"\nlinks = [\"x\"]\n[services]",
        ],
        &expect![[r#"
            CFG-010 [0.toml:1:11] the listener `adaptors.sip.settings.listeners.udp.bind` claims udp 127.0.0.1:5060, which `adaptors.b.settings.listeners.udp.bind` has already
            CFG-012 [0.toml:2:10] the link name `x` of the adaptor `sip` belongs to `b` already
            CFG-012 [0.toml:2:15] the link name `b` of the adaptor `sip` belongs to `b` already
        "#]],
    );
}

#[test]
fn cfg_013_bad_flags() {
    check_all(
        &[],
        &[],
        &["node.name", "=x", "a..b=1", "node.name=ok"],
        &expect![[r#"
            CFG-013 [] `node.name` is not of the form key=value | write it as in --set node.name=edge-1
            CFG-013 [] `=x` is not of the form key=value | write it as in --set node.name=edge-1
            CFG-013 [] `a..b=1` is not of the form key=value | write it as in --set node.name=edge-1
        "#]],
    );
}

#[test]
fn cfg_014_unknown_keys_at_each_level() {
    check(
        &[
            "colour = 1\n[nod]\nname = \"x\"\n[store]\ncahce = \"1MiB\"\n[node]\nqueue = 5\n[adaptors.sip]\nsettings.listeners.udp = { transport = \"udp\", bind = \"127.0.0.1:5060\", adverise = \"x\" }\nsettings.timers.t2 = \"1s\"\n[services.uas]\nprio = 3\nsettings.greeting = \"x\"",
        ],
        &expect![[r#"
            CFG-014 [0.toml:1:1] unknown key `colour`
            CFG-014 [0.toml:2:2] unknown key `nod` | did you mean `node`?
            CFG-014 [0.toml:5:1] unknown key `store.cahce` | did you mean `cache`?
            CFG-014 [0.toml:7:1] unknown key `node.queue` | there is a key `store.queue`
            CFG-014 [0.toml:9:72] unknown key `adaptors.sip.settings.listeners.udp.adverise` | did you mean `advertise`?
            CFG-014 [0.toml:10:17] unknown key `adaptors.sip.settings.timers.t2` | did you mean `t1`?
            CFG-014 [0.toml:12:1] unknown key `services.uas.prio`
            CFG-014 [0.toml:13:10] unknown key `services.uas.settings.greeting` | did you mean `greetings`?
        "#]],
    );
    check_all(
        &[],
        &[
            ("STROWGER_STORE__CAHCE", "1MiB"),
            ("STROWGER_SERVICES__UAS__SETTINGS__MOOD", "x"),
        ],
        &["stor.cache=1MiB", "services.uas.activ=true"],
        &expect![[r#"
            CFG-014 [environment variable STROWGER_STORE__CAHCE] unknown key `store.cahce` | did you mean `STROWGER_STORE__CACHE`?
            CFG-014 [environment variable STROWGER_SERVICES__UAS__SETTINGS__MOOD] unknown key `services.uas.settings.mood`
            CFG-014 [flag --set stor.cache=..] unknown key `stor` | did you mean `store`?
            CFG-014 [flag --set services.uas.activ=..] unknown key `services.uas.activ` | did you mean `services.uas.active`?
        "#]],
    );
}

#[test]
fn cfg_016_contradictions_name_both_places() {
    check(
        &["[store]\nlow_water = \"1MiB\"\ngroup_delay = \"50ms\"\n[store.x]\n"],
        &expect![[r#"
            CFG-016 [0.toml:2:13] `store.low_water` must not be below `store.reserve`
            CFG-016 [0.toml:3:15] `store.relaxed_delay` must not be shorter than `store.group_delay`
            CFG-014 [0.toml:4:8] unknown key `store.x`
        "#]],
    );

    let rejected = load(
        &["[store]\nrelaxed_delay = \"1ms\"\ngroup_delay = \"50ms\""],
        &[],
        &[],
    )
    .unwrap_err();
    let (place, word) = rejected.findings[0].related.clone().unwrap();
    assert_eq!((place.line_column(), word), ((3, 15), "the other value"));
}

#[test]
fn cfg_017_a_component_refuses() {
    check(
        &["[services.uas.settings]\ngreetings = [\"hello\", \"\"]"],
        &expect![[r#"
            CFG-017 [0.toml:2:23] `services.uas.settings.greetings.1`: a greeting has no words
        "#]],
    );
    check_all(
        &[],
        &[],
        &["services.uas.settings.greetings=[\"\"]"],
        &expect![[r#"
            CFG-017 [flag --set services.uas.settings.greetings=..] `services.uas.settings.greetings.0`: a greeting has no words
        "#]],
    );
}

#[test]
fn cfg_018_and_019_files_that_are_no_text() {
    let dir = tempfile::tempdir().unwrap();
    let (binary, large) = (
        dir.path().join("binary.toml"),
        dir.path().join("large.toml"),
    );
    std::fs::write(&binary, b"name = \"\xff\"").unwrap();
    std::fs::write(&large, vec![b'#'; 2 << 20]).unwrap();
    let sources = strowger_config::Sources::default().file(binary).file(large);
    let rejected = strowger_config::load(&sources, &crate::common::components()).unwrap_err();
    let codes: Vec<_> = rejected
        .findings
        .iter()
        .map(|finding| finding.problem.code())
        .collect();
    assert_eq!(codes, ["CFG-018", "CFG-019"]);
}

#[test]
fn findings_are_bounded() {
    let text: String = (0..5_000).map(|n| format!("k{n} = 1\n")).collect();
    let rejected = load(&[&text], &[], &[]).unwrap_err();
    assert_eq!((rejected.findings.len(), rejected.more), (100, 4_900));
}

#[test]
fn depth_is_bounded() {
    let dotted = format!("{} = 1", ["a"; 5000].join("."));
    let nested = format!("a = {}", "[".repeat(5000));
    let headers = format!("[{}]\nx = 1", ["a"; 5000].join("."));
    for text in [dotted, nested, headers] {
        assert!(load(&[&text], &[], &[]).is_err());
    }
    let variable = format!("STROWGER_{}", ["A"; 5000].join("__"));
    assert!(load(&[], &[(&variable, "1")], &[]).is_err());
}

/// Texts that resemble configuration enough to get past the parser now and then.
fn toml_like() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "node",
        "store",
        "limits",
        "log",
        "adaptors",
        "services",
        "sip",
        "uas",
        "settings",
        "listeners",
        "links",
        "type",
        "kind",
        "cache",
        "name",
        "bind",
        "transport",
        "priority",
        "x",
        "\"\"",
        "\"a.b\"",
        "0",
    ]);
    let value = prop::sample::select(vec![
        "1",
        "-1",
        "1.5",
        "nan",
        "true",
        "\"\"",
        "\"udp\"",
        "\"64MiB\"",
        "\"1s\"",
        "\"127.0.0.1:1\"",
        "[]",
        "[1, \"a\"]",
        "{}",
        "{ a = 1 }",
        "[[1], {}]",
        "1979-05-27",
        "0xffffffffffffffffff",
        "'''x'''",
        "\"\\u0000\"",
    ]);
    let key = prop::collection::vec(word, 1..5).prop_map(|words| words.join("."));
    let line = prop_oneof![
        (key.clone(), value).prop_map(|(key, value)| format!("{key} = {value}\n")),
        key.clone().prop_map(|key| format!("[{key}]\n")),
        key.prop_map(|key| format!("[[{key}]]\n")),
        any::<String>(),
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_makes_it_panic(text in toml_like(), key in "[A-Z_]{0,20}", value in any::<String>(), flag in any::<String>()) {
        let variable = format!("STROWGER_{key}");
        match load(&[&text], &[(&variable, &value)], &[&flag, &format!("{key}={value}")]) {
            Ok(loaded) => drop(loaded.entries(&crate::common::components())),
            Err(rejected) => prop_assert!(!rejected.findings.is_empty()),
        }
    }

    #[test]
    fn no_file_alone_makes_it_panic(text in toml_like()) {
        match load(&[&text], &[], &[]) {
            Ok(loaded) => drop(loaded.entries(&crate::common::components())),
            Err(rejected) => prop_assert!(!rejected.findings.is_empty()),
        }
    }
}
