//! No placeholder documents: a page says something or does not exist, and the tasks that it names exist.

use crate::expect_none;
use crate::tree::{File, with_extension};

/// A page shorter than this says nothing yet.
const LEAST: usize = 200;

/// Words of promises. They are put together here so that this file does not hold them.
const PROMISES: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("T", "BD"),
    concat!("coming", " soon"),
    concat!("to be", " written"),
    concat!("lorem", " ipsum"),
];

#[test]
fn pages_say_something() {
    expect_none(
        "placeholder documents:",
        &placeholders(&with_extension("md")),
    );
}

#[test]
fn named_tasks_exist() {
    let tasks: String = with_extension("rs")
        .into_iter()
        .filter(|file| file.path.starts_with("tests/xtask/src/"))
        .map(|file| file.text)
        .collect();
    expect_none(
        "pages name tasks that do not exist:",
        &unknown_tasks(&with_extension("md"), &tasks),
    );
}

/// Every lower-case word behind `cargo xtask` must be a text in the sources of xtask.
fn unknown_tasks(pages: &[File], sources: &str) -> Vec<String> {
    let mut violations = Vec::new();
    for page in pages {
        for rest in page.text.split("cargo xtask ").skip(1) {
            let end = |c: char| !(c.is_ascii_lowercase() || c == '-');
            let task = rest.split(end).next().unwrap_or_default();
            if !task.is_empty() && !sources.contains(&format!("\"{task}\"")) {
                violations.push(format!("{}: cargo xtask {task}", page.path));
            }
        }
    }
    violations
}

#[test]
fn finds_unknown_tasks() {
    let pages = [File::sample(
        "a.md",
        "`cargo xtask test` `cargo xtask dance` `cargo xtask STEP`",
    )];
    assert_eq!(
        unknown_tasks(&pages, "name: \"test\""),
        ["a.md: cargo xtask dance"]
    );
}

fn placeholders(pages: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for page in pages {
        // A fragment of the changelog is one sentence.
        let fragment = page.path.starts_with("changelog.d/");
        if page.text.len() < LEAST && !fragment {
            violations.push(format!("{}: {} bytes", page.path, page.text.len()));
        }
        for promise in PROMISES
            .iter()
            .filter(|promise| page.text.contains(**promise))
        {
            violations.push(format!("{}: {promise}", page.path));
        }
    }
    violations
}

#[test]
fn finds_placeholders() {
    let promise = format!("{}{}", "text ".repeat(100), PROMISES[0]);
    let pages = [
        File::sample("a.md", "# Title\n"),
        File::sample("b.md", &promise),
        File::sample("changelog.d/x.fix.md", "Short.\n"),
    ];
    assert_eq!(placeholders(&pages).len(), 2);
}
