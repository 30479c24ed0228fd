//! `strowger profiles` with a node in this process: files go in and come out the same, and what is wrong is told with its line.

use super::commands::{done, list, run};
use super::strowger;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use strowger::prelude::*;
use strowger_node::{Exit, Running};

/// Hears of new members.
#[derive(Default, State)]
struct Watcher {}

#[sbb(name = "watcher", vendor = "test", version = "1.0")]
impl Watcher {
    #[on(initial)]
    fn added(
        &mut self,
        _cx: &mut Cx<'_>,
        _ev: &ProfileAdded<super::toy::Member>,
        #[table("members")] _members: Table<super::toy::Member>,
    ) {
    }
}

pub(crate) fn watcher() -> ServiceDef {
    ServiceDef::of::<Watcher>()
}

fn node(dir: &Path, more: &str) -> Running {
    let text = format!(
        "[node]\ndata_dir = \"{}\"\n[adaptors.toy]\n[services.parrot]\n[profiles.members]\nspecification = \"member\"\n{more}",
        dir.join("data").display()
    );
    super::commands::in_process(dir, &text)
}

fn write(dir: &Path, file: &str, text: &str) {
    std::fs::write(dir.join(file), text).expect("a file can be written");
}

fn read(dir: &Path, file: &str) -> String {
    std::fs::read_to_string(dir.join(file)).expect("a file can be read")
}

/// A file of CSV, as an export has it.
fn members(n: u32) -> String {
    let mut text = "profile,number,zone,active,forward,notes\n".to_owned();
    for i in 0..n {
        let forward = if i % 3 == 0 {
            format!("49{i}")
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "m{i:05},4930{i:05},{},{},{forward},\"[\"\"n{i}, x\"\"]\"",
            i % 7,
            i % 2 == 0
        );
    }
    text
}

#[test]
fn files_go_in_and_come_out_the_same() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = node(dir.path(), "");
    let dir = dir.path();
    let csv = members(1_234);
    write(dir, "in.csv", &csv);
    let said = done(dir, "profiles import members in.csv");
    assert!(
        said.starts_with("1234 profiles written to members in "),
        "{said}"
    );
    assert_eq!(list(dir, "profiles list")[0]["profiles"], 1_234);
    done(dir, "profiles export members -o out.csv");
    assert_eq!(read(dir, "out.csv"), csv);
    assert!(!dir.join("out.csv.part").exists());
    let lines = done(dir, "profiles export members");
    assert_eq!(lines.lines().count(), 1_234);

    done(dir, "profiles create again --specification member");
    let mut import = strowger(dir)
        .args([
            "profiles", "import", "again", "-", "--data", "data", "--json",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut input = import.stdin.take().expect("an input");
    input.write_all(lines.as_bytes()).expect("it reads");
    drop(input);
    let output = import.wait_with_output().expect("it ends");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&answer["written"], &answer["table"]),
        (&1_234.into(), &"again".into())
    );
    assert_eq!(done(dir, "profiles export again --format csv"), csv);

    let shown = done(dir, "profiles show again");
    assert!(
        shown.contains("number   text, unique, default \"\""),
        "{shown}"
    );
    let shown = done(dir, "profiles show again m00003");
    assert!(shown.contains("forward  \"493\""), "{shown}");
    done(dir, "profiles remove again m00003 m00004");
    let (code, said) = run(dir, "profiles show again m00003");
    assert!(code == 2 && said.starts_with("error[MGT-005]: "), "{said}");
    done(dir, "profiles rename again others");
    done(dir, "profiles drop others");
    let (code, said) = run(dir, "profiles export others -o others.csv");
    assert!(code == 2 && !dir.join("others.csv").exists(), "{said}");
    node.stop();
    assert_eq!(node.wait(), Exit::Clean);
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_line() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = node(dir.path(), "");
    let dir = dir.path();
    // The node itself refuses what two profiles may not share, in the second part of what is sent.
    let mut csv = members(700);
    csv.push_str("double,493000005,1,true,,[]\n");
    write(dir, "double.csv", &csv);
    done(dir, "profiles import members double.csv --check");
    assert_eq!(list(dir, "profiles list")[0]["profiles"], 0);
    let (code, said) = run(dir, "profiles import members double.csv");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("error[MGT-004]: "), "{said}");
    assert!(said.contains("--> double.csv:702\n"), "{said}");
    let written = list(dir, "profiles list")[0]["profiles"].to_string();
    assert!(
        said.contains(&format!("{written} profiles before it were written")),
        "{said}"
    );

    write(
        dir,
        "wrong.csv",
        "profile,number,zone\na,1,x\nb,2,70000\nc,3\nd,4,1\n",
    );
    let (code, said) = run(dir, "profiles import members wrong.csv --check");
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("`zone`: expected a whole number\n  --> wrong.csv:2\n"),
        "{said}"
    );
    assert!(
        said.contains("--> wrong.csv:4\n") && said.contains("nothing was written"),
        "{said}"
    );
    let (_, said) = run(dir, "profiles import members wrong.csv");
    assert!(
        said.contains("--> wrong.csv:2\n") && !said.contains("wrong.csv:4"),
        "{said}"
    );
    write(
        dir,
        "range.csv",
        "profile,number,zone\na,1,7\n\nb,2,70000\n",
    );
    let (_, said) = run(dir, "profiles import members range.csv");
    assert!(
        said.contains("--> range.csv:4\n") && said.contains("nothing was written"),
        "{said}"
    );

    let long = format!(
        "{{\"name\":\"x\",\"values\":{{\"number\":\"{}\"}}}}\n",
        "1".repeat(70_000)
    );
    write(dir, "long.jsonl", &long);
    let (_, said) = run(dir, "profiles import members long.jsonl");
    assert!(
        said.contains("is longer than 60 KiB\n  --> long.jsonl:1\n"),
        "{said}"
    );
    let (code, said) = run(dir, "profiles import members none.csv");
    assert!(code == 1 && said.contains("none.csv"), "{said}");
    let (code, said) = run(dir, "profiles import nobody wrong.csv");
    assert!(code == 2 && said.starts_with("error[MGT-005]: "), "{said}");
    node.stop();
    assert_eq!(node.wait(), Exit::Clean);
}

#[test]
fn parts_are_as_small_as_those_who_hear_of_them_need() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let more = "[services.watcher]\n[limits]\nevents_per_activity = 100\n";
    let node = node(dir.path(), more);
    let dir = dir.path();
    write(dir, "in.csv", &members(700));
    let said = done(dir, "profiles import members in.csv");
    assert!(said.starts_with("700 profiles written"), "{said}");
    assert_eq!(list(dir, "profiles list")[0]["profiles"], 700);
    node.stop();
    assert_eq!(node.wait(), Exit::Clean);
}

#[test]
fn what_csv_cannot_tell_is_not_exported_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = node(dir.path(), "");
    let dir = dir.path();
    let line = "{\"name\":\"ann\",\"values\":{\"number\":\"1\",\"forward\":\"\"}}\n";
    write(dir, "in.jsonl", line);
    done(dir, "profiles import members in.jsonl");
    let (code, said) = run(dir, "profiles export members -o out.csv");
    assert!(
        code == 1 && said.contains("`forward` of the profile `ann`"),
        "{said}"
    );
    assert!(!dir.join("out.csv").exists() && !dir.join("out.csv.part").exists());
    done(dir, "profiles export members -o out.jsonl");
    assert!(read(dir, "out.jsonl").contains("\"forward\":\"\""));
    node.stop();
    assert_eq!(node.wait(), Exit::Clean);
}
