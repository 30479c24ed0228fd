//! The binary from outside: what it prints, how it ends, and that the files it ships are fresh.

use expect_test::{expect, expect_file};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the binary in a directory, with no variables of configuration but these.
fn strowger(dir: &Path, variables: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strowger"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STROWGER_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(dir)
        .envs(variables.iter().copied())
        .args(args);
    command.output().expect("the binary runs")
}

/// Exit code, standard output and standard error as one text.
fn transcript(output: &Output) -> String {
    let code = output.status.code().unwrap_or(-1);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "exit {code}\n{}{}",
        text(&output.stdout),
        text(&output.stderr)
    )
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", transcript(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A directory with files in it.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("a file can be written");
    }
    dir
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn check_shows_each_problem_at_its_place() {
    let dir = directory(&[
        (
            "strowger.toml",
            "[store]\n\tcahce = \"64MiB\"\nqueue = 0\nlow_water = \"1MiB\"\nrelaxed_delay = \"1ms\"\ngroup_delay = \"50ms\"\n\n[services.uas]\ndurability = \"strickt\"\npriority = 1000\n",
        ),
        (
            "site.toml",
            "[adaptors.sip]\nlinks = [\"b\"]\n[adaptors.b]\ntype = \"sap\"\n\n[services.b2bua]\n# ünïcode\nlinks.sip = \"c\"\nsettings.x = 1\n",
        ),
    ]);
    let output = strowger(dir.path(), &[], &["check", "strowger.toml", "site.toml"]);
    expect![[r#"
        exit 3
        error[CFG-014]: unknown key `store.cahce`
         --> strowger.toml:2:2
        2 |  cahce = "64MiB"
          |  ^^^^^ did you mean `cache`?   (strowger explain CFG-014)

        error[CFG-004]: `store.queue` must be 1 to 65536, not 0
         --> strowger.toml:3:9
        3 | queue = 0
          |         ^ (strowger explain CFG-004)

        error[CFG-016]: `store.low_water` must not be below `store.reserve`
         --> strowger.toml:4:13
        4 | low_water = "1MiB"
          |             ^^^^^^ (strowger explain CFG-016)

        error[CFG-016]: `store.relaxed_delay` must not be shorter than `store.group_delay`
         --> strowger.toml:5:17
        5 | relaxed_delay = "1ms"
          |                 ^^^^^ (strowger explain CFG-016)
         ::: strowger.toml:6:15
        6 | group_delay = "50ms"
          |               ^^^^^^ the other value

        error[CFG-005]: `strickt` is not a value of `services.uas.durability`
         --> strowger.toml:9:14
        9 | durability = "strickt"
          |              ^^^^^^^^^ did you mean `strict`?   (strowger explain CFG-005)

        error[CFG-004]: `services.uas.priority` must be -128 to 127, not 1000
          --> strowger.toml:10:12
        10 | priority = 1000
           |            ^^^^ (strowger explain CFG-004)

        error[CFG-012]: the link name `b` of the adaptor `sip` belongs to `b` already
         --> site.toml:2:10
        2 | links = ["b"]
          |          ^^^ (strowger explain CFG-012)

        error[CFG-008]: the adaptor `b` is of the type `sap`, which this node does not have
         --> site.toml:4:8
        4 | type = "sap"
          |        ^^^^^ did you mean `sip`?   (strowger explain CFG-008)

        error[CFG-011]: the service `b2bua` uses the link `c`, which no adaptor has
         --> site.toml:8:13
        8 | links.sip = "c"
          |             ^^^ (strowger explain CFG-011)

        error[CFG-014]: unknown key `services.b2bua.settings.x`
         --> site.toml:9:10
        9 | settings.x = 1
          |          ^ (strowger explain CFG-014)

        error: the configuration has 10 problems
    "#]]
    .assert_eq(&transcript(&output));
}

#[test]
fn problems_without_a_file_are_shown_too() {
    let dir = directory(&[]);
    let variables = [
        ("STROWGER_STORE__CAHCE", "1MiB"),
        ("STROWGER_STORE_QUEUE", "1"),
    ];
    let output = strowger(dir.path(), &variables, &["config", "--set", "node.name"]);
    expect![[r#"
        exit 3
        error[CFG-013]: `node.name` is not of the form key=value
          = write it as in --set node.name=edge-1   (strowger explain CFG-013)

        warning[CFG-015]: the environment variable `STROWGER_STORE_QUEUE` has no effect
         --> environment
          | STROWGER_STORE_QUEUE
          | ^^^^^^^^^^^^^^^^^^^^ did you mean `STROWGER_STORE__QUEUE`?   (strowger explain CFG-015)

        error[CFG-014]: unknown key `store.cahce`
         --> environment
          | STROWGER_STORE__CAHCE
          | ^^^^^^^^^^^^^^^^^^^^^ did you mean `STROWGER_STORE__CACHE`?   (strowger explain CFG-014)

        error: the configuration has 3 problems
    "#]]
    .assert_eq(&transcript(&output));
    let output = strowger(dir.path(), &[], &["check", "missing.toml"]);
    expect![[r#"
        exit 3
        error[CFG-001]: cannot read `missing.toml`: No such file or directory (os error 2)
          = (strowger explain CFG-001)

        error: the configuration has 1 problem
    "#]]
    .assert_eq(&transcript(&output));
    let output = strowger(
        dir.path(),
        &[],
        &["config", "--set", "log.filter=strowger=loud"],
    );
    expect![[r#"
        exit 3
        error[CFG-017]: `log.filter`: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5
         --> --set
          | log.filter
          | ^^^^^^^^^^ (strowger explain CFG-017)

        error: the configuration has 1 problem
    "#]].assert_eq(&transcript(&output));
}

#[test]
fn syntax_errors_are_shown_in_place() {
    let dir = directory(&[("broken.toml", "[node]\nname = edge\n\n[log\n")]);
    let output = strowger(dir.path(), &[], &["check", "broken.toml"]);
    expect![[r#"
        exit 3
        error[CFG-002]: not valid TOML: unclosed table, expected `]`
         --> broken.toml:4:5
        4 | [log
          |     ^ (strowger explain CFG-002)

        error[CFG-002]: not valid TOML: string values must be quoted, expected literal string
         --> broken.toml:2:8
        2 | name = edge
          |        ^^^^ (strowger explain CFG-002)

        error: the configuration has 2 problems
    "#]]
    .assert_eq(&transcript(&output));
}

#[test]
fn a_right_file_passes_and_warnings_do_not_fail_it() {
    let dir = directory(&[("right.toml", "[node]\nname = \"x\"\n")]);
    let output = strowger(
        dir.path(),
        &[("STROWGER_NODE_NAME", "y")],
        &["check", "right.toml"],
    );
    expect![[r#"
        exit 0
        ok: adaptors: sip; services: b2bua, uas
        warning[CFG-015]: the environment variable `STROWGER_NODE_NAME` has no effect
         --> environment
          | STROWGER_NODE_NAME
          | ^^^^^^^^^^^^^^^^^^ did you mean `STROWGER_NODE__NAME`?   (strowger explain CFG-015)

    "#]]
    .assert_eq(&transcript(&output));
}

#[test]
fn config_shows_the_origin_of_each_value() {
    let dir = directory(&[("a.toml", "[node]\nname = \"a\"\n")]);
    let variables = [("STROWGER_STORE__QUEUE", "7")];
    let args = ["config", "-c", "a.toml", "-s", "log.format=json"];
    let text = stdout(&strowger(dir.path(), &variables, &args));
    let shown: Vec<&str> = text
        .lines()
        .filter(|line| {
            ["node.", "log.", "store.queue"]
                .iter()
                .any(|key| line.starts_with(key))
        })
        .collect();
    expect![[r#"
        log.filter = "info"                                           # default
        log.format = "json"                                           # --set
        node.data_dir = "strowger-data"                               # default
        node.drain_limit = "30s"                                      # default
        node.name = "a"                                               # a.toml:2
        store.queue = 7                                               # STROWGER_STORE__QUEUE"#]]
    .assert_eq(&shown.join("\n"));
    let json = stdout(&strowger(
        dir.path(),
        &variables,
        &["config", "-c", "a.toml", "--json"],
    ));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let entry = json
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["key"] == "node.name");
    expect![[
        r#"{"key":"node.name","origin":{"file":"a.toml","kind":"file","line":2},"value":"a"}"#
    ]]
    .assert_eq(&entry.unwrap().to_string());
}

#[test]
fn keys_and_codes_are_explained() {
    let dir = directory(&[]);
    let explain = |args: &[&str]| transcript(&strowger(dir.path(), &[], args));
    expect![[r#"
        exit 0
        store.group_delay

          Syncs of the disk come no closer together than this while commits that messages wait for
          come by themselves, as those of calls do: one sync then serves several. Where few come,
          where they come only when others have been answered, and where 32 wait, nothing is waited
          for. Longer means fewer syncs and later answers; with `0s` a group of commits closes as
          soon as the sync before it has returned.

          takes:    a duration
          default:  "15ms"
          reload:   restart-node
          variable: STROWGER_STORE__GROUP_DELAY
    "#]]
    .assert_eq(&explain(&["config", "--explain", "store.group_delay"]));
    expect![[r#"
        exit 0
        services.uas.durability

          What of the service's state survives a crash, and what its messages wait for.

          takes:    one of `none`, `relaxed`, `strict`
                    none       State is in memory only; messages leave at commit; a crash ends the service's calls.
                    relaxed    State goes to the journal soon after commit; messages leave at commit; a crash loses the last moments.
                    strict     Messages leave after the state that caused them is on disk; nothing that was answered is lost.
          default:  "strict"
          reload:   restart-node
          variable: STROWGER_SERVICES__UAS__DURABILITY
    "#]].assert_eq(&explain(&[
        "config",
        "--explain",
        "services.uas.durability",
    ]));
    expect![[r#"
        exit 2
        error[CFG-014]: unknown key `store.group_dealy`
          = did you mean `store.group_delay`?   (strowger explain CFG-014)

    "#]]
    .assert_eq(&explain(&["config", "--explain", "store.group_dealy"]));
    assert!(explain(&["explain", "cfg-014"]).starts_with("exit 0\n# CFG-014: An unknown key\n"));
    assert!(explain(&["explain"]).contains("\nCFG-010  Two listeners claim one address\n"));
    expect!["exit 2"].assert_eq(
        explain(&["explain", "CFG-14"])
            .lines()
            .next()
            .unwrap_or_default(),
    );
}

#[test]
fn wrong_command_lines_end_with_2() {
    let dir = directory(&[]);
    for args in [
        &["chekc"] as &[&str],
        &["check"],
        &["--frobnicate"],
        &["explain", "XYZ-1"],
    ] {
        let output = strowger(dir.path(), &[], args);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            transcript(&output)
        );
    }
}

#[test]
fn help_teaches_by_examples_and_lists_exit_codes() {
    let dir = directory(&[]);
    expect_file!["help.txt"].assert_eq(&stdout(&strowger(dir.path(), &[], &["--help"])));
}

#[test]
fn the_shipped_schema_and_reference_are_fresh() {
    let dir = directory(&[]);
    let schema = stdout(&strowger(dir.path(), &[], &["config", "--schema"]));
    expect_file!["../../../config/strowger.schema.json"].assert_eq(&schema);

    let page = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let begin = "<!-- Generated from here on by a test of the command line; do not edit. -->\n\n";
    let (written, _) = page.split_once(begin).unwrap();
    let reference = stdout(&strowger(dir.path(), &[], &["config", "--reference"]));
    let fresh = format!("{written}{begin}{}\n", reference.trim_end());
    expect_file!["../../../docs/configuration.md"].assert_eq(&fresh);
}

#[test]
fn check_warns_of_certificates_that_cannot_be_used_here() {
    let file = "[services.uas]\n[adaptors.sip.settings.listeners.secure]\ntransport = \"tls\"\n\
                bind = \"127.0.0.1:5061\"\n[adaptors.sip.settings.listeners.secure.tls]\n\
                certificate = \"node.pem\"\nkey = \"node.key\"\n";
    let dir = directory(&[("strowger.toml", file)]);
    let output = strowger(dir.path(), &[], &["check", "strowger.toml"]);
    expect![[r#"
        exit 0
        ok: adaptors: sip; services: uas
        warning[NOD-014]: listener `secure` of adaptor `sip` (strowger.toml:6:15): its certificates cannot be used
          = because: certificate: cannot read node.pem
          = because: No such file or directory (os error 2)
          = strowger explain NOD-014
    "#]]
    .assert_eq(&transcript(&output));
}

#[test]
fn the_file_of_defaults_is_a_right_file() {
    let dir = directory(&[]);
    let defaults = stdout(&strowger(dir.path(), &[], &["config", "--defaults"]));
    std::fs::write(dir.path().join("defaults.toml"), defaults).unwrap();
    stdout(&strowger(dir.path(), &[], &["check", "defaults.toml"]));
}

#[test]
fn every_example_passes_check() {
    let dir = directory(&[]);
    let mut examples = 0;
    for entry in std::fs::read_dir(root().join("config/examples")).unwrap() {
        let path = entry.unwrap().path();
        // Files that an example names are checked with it.
        if path.is_dir() {
            continue;
        }
        let path = path.to_str().unwrap();
        stdout(&strowger(dir.path(), &[], &["check", path]));
        examples += 1;
    }
    assert!(examples >= 3);
}

/// Each page's blocks of TOML together are one configuration.
#[test]
fn the_configuration_of_the_pages_passes_check() {
    for page in ["docs/sip-operating.md", "docs/proxy.md"] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let blocks = text.split("```toml\n").skip(1);
        let toml: String = blocks.filter_map(|b| b.split("```").next()).collect();
        assert!(!toml.is_empty(), "{page}");
        let dir = directory(&[("page.toml", &toml)]);
        stdout(&strowger(dir.path(), &[], &["check", "page.toml"]));
    }
}

#[test]
fn commands_for_a_running_node_say_that_there_is_none() {
    let dir = directory(&[]);
    for args in [
        &["status", "--json", "--data", "."][..],
        &["status"],
        &["stop", "--data", "nowhere"],
        &["services", "deactivate", "uas", "--data", "."],
    ] {
        let output = strowger(dir.path(), &[], args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(
            said.starts_with("error[NOD-010]: no node runs on"),
            "{args:?}: {said}"
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_new_service_is_refused_with_the_reason() {
    let dir = directory(&[("taken", "")]);
    let say = |args: &[&str]| transcript(&strowger(dir.path(), &[], args));
    expect![[r#"
        exit 2
        error: `Hello` cannot be the name of a service: names have 1 to 64 of the characters a-z, 0-9, - and _
    "#]]
    .assert_eq(&say(&["new", "Hello"]));
    expect![[r#"
        exit 2
        error: taken exists already
    "#]]
    .assert_eq(&say(&["new", "taken"]));
    expect![[r#"
        exit 2
        error: nowhere is no checkout of Strowger: it has no container/api/Cargo.toml
    "#]]
    .assert_eq(&say(&["new", "hello", "--strowger", "nowhere"]));
    assert!(!dir.path().join("hello").exists());
}

#[test]
fn a_new_service_finds_our_crates_where_it_is_told() {
    let dir = directory(&[]);
    let url = "https://git.example/strowger.git#0123abc";
    stdout(&strowger(
        dir.path(),
        &[],
        &["new", "hello", "--strowger", url],
    ));
    let read = |file: &str| std::fs::read_to_string(dir.path().join("hello").join(file)).unwrap();
    let line =
        "strowger-node = { git = \"https://git.example/strowger.git\", rev = \"0123abc\" }\n";
    assert!(read("Cargo.toml").contains(line), "{}", read("Cargo.toml"));
    assert!(!dir.path().join("hello/Cargo.lock").exists());
    for file in [
        "Cargo.toml",
        "README.md",
        "hello.toml",
        "src/lib.rs",
        "tests/calls.rs",
    ] {
        let text = read(file);
        let left = ["my-service", "my_service", "STROWGER_", "STROWGER/"];
        assert!(
            !left.iter().any(|word| text.contains(word)),
            "{file}: {text}"
        );
    }
}

#[test]
fn shells_are_told_what_they_can_complete() {
    let dir = directory(&[]);
    for (shell, mark) in [
        ("bash", "complete -F _strowger"),
        ("zsh", "#compdef strowger"),
        ("fish", "complete -c strowger"),
    ] {
        let script = stdout(&strowger(dir.path(), &[], &["completions", shell]));
        assert!(
            script.contains(mark) && script.contains("sms-password"),
            "{shell}"
        );
    }
}

/// What the unit runs is understood, its configuration passes, and the codes at which it does not start again are those
/// of the page.
#[test]
fn the_systemd_unit_runs_what_there_is() {
    let unit = std::fs::read_to_string(root().join("config/deploy/strowger.service")).unwrap();
    let config = root().join("config/deploy/strowger.toml");
    let dir = directory(&[]);
    let of = |key: &str| -> Vec<String> {
        let lines = unit.lines().filter_map(|line| line.strip_prefix(key));
        let here = |line: &str| {
            line.replace("/etc/strowger/strowger.toml", config.to_str().unwrap())
                .replace("/var/lib/strowger", "data")
        };
        lines.map(here).collect()
    };
    let run = |line: &str, more: &[&str]| {
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some("/usr/bin/strowger"));
        let args: Vec<&str> = words.chain(more.iter().copied()).collect();
        strowger(dir.path(), &[], &args)
    };
    // A listener that no machine has: everything before it is right, and nothing serves.
    let nowhere = "adaptors.sip.settings.listeners.udp.bind=192.0.2.1:5060";
    let started = run(&of("ExecStart=")[0], &["--set", nowhere]);
    assert_eq!(started.status.code(), Some(5), "{}", transcript(&started));
    let reload = of("ExecReload=");
    stdout(&run(&reload[0], &[]));
    let asked = run(&reload[1], &[]);
    assert!(
        transcript(&asked).contains("error[NOD-010]"),
        "{}",
        transcript(&asked)
    );
    let operating = std::fs::read_to_string(root().join("docs/operating.md")).unwrap();
    let codes = of("RestartPreventExitStatus=")[0].clone();
    assert!(operating.contains(&format!("`RestartPreventExitStatus={codes}`")));
}
