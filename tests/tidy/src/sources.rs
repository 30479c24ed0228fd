//! Habits in the sources that no lint sees: no ignored tests, no sleep without a reason, no text as an error, no traces
//! of a machine.

use crate::expect_none;
use crate::tree::{File, files};

/// Folders of a developer's machine. They are put together here so that this file does not hold them.
const MACHINES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("../sha", "red"),
];

/// How far above a sleep its reason may stand.
const REASON_WITHIN: usize = 6;

#[test]
fn no_test_is_ignored() {
    // Except the half of a test that its other half runs in a process of its own.
    let ignored = |line: &str| {
        let line = line.trim_start();
        line.starts_with("#[ignore") && !line.starts_with("#[ignore = \"run by ")
    };
    let found = rust_lines(&files(), ignored);
    expect_none("ignored tests: mend or remove them:", &found);
}

#[test]
fn sleeps_have_reasons() {
    expect_none(
        "sleeps without a reason (wait for a condition; a poll says so in a comment above it):",
        &sleeps(&files()),
    );
}

#[test]
fn errors_are_types() {
    expect_none(
        "error variants that hold only text:",
        &text_variants(&files()),
    );
}

#[test]
fn no_machine_is_named() {
    let mut violations = Vec::new();
    for file in files() {
        for (number, line) in (1..).zip(file.text.lines()) {
            if MACHINES.iter().any(|machine| line.contains(machine)) {
                violations.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    expect_none("paths of a machine:", &violations);
}

fn rust_lines(files: &[File], bad: impl Fn(&str) -> bool) -> Vec<String> {
    let rust = files.iter().filter(|file| file.is("rs"));
    rust.flat_map(|file| {
        let bad = (1..).zip(file.text.lines()).filter(|(_, line)| bad(line));
        bad.map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim()))
            .collect::<Vec<_>>()
    })
    .collect()
}

/// A sleep is well where a comment or an attribute above says why (`poll`, `reason =`).
fn sleeps(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    let others = |file: &&File| file.is("rs") && !file.path.starts_with("tests/tidy/");
    for file in files.iter().filter(others) {
        let lines: Vec<&str> = file.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            // Real time is the node's business.
            let timer =
                code.contains("time::sleep(") && !file.path.starts_with("container/node/src/");
            if !code.contains("thread::sleep(") && !timer {
                continue;
            }
            let above = &lines[index.saturating_sub(REASON_WITHIN)..=index];
            let told = above.iter().any(|line| {
                line.contains("reason =")
                    || line
                        .split_once("//")
                        .is_some_and(|(_, words)| words.contains("poll"))
            });
            if !told {
                violations.push(format!("{}:{}", file.path, index + 1));
            }
        }
    }
    violations
}

/// A variant that is nothing but a text: `Other(String)` right below `#[error("{0}")]`.
fn text_variants(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| file.is("rs")) {
        let lines: Vec<&str> = file.text.lines().collect();
        for (number, pair) in (2..).zip(lines.windows(2)) {
            if pair[0].trim() == "#[error(\"{0}\")]" && pair[1].trim_end().ends_with("(String),") {
                violations.push(format!("{}:{number}: {}", file.path, pair[1].trim()));
            }
        }
    }
    violations
}

#[test]
fn finds_bare_sleeps() {
    let text = "fn a() {\n    thread::sleep(x);\n}\n\n\n\n\n\n\n\
                // A poll, bounded.\nthread::sleep(x);\n";
    assert_eq!(sleeps(&[File::sample("a.rs", text)]), ["a.rs:2"]);
}

#[test]
fn finds_text_as_errors() {
    let text = "#[error(\"{0}\")]\nOther(String),\n#[error(\"no {0}\")]\nName(String),\n";
    assert_eq!(
        text_variants(&[File::sample("a.rs", text)]),
        ["a.rs:2: Other(String),"]
    );
}
