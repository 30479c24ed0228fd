//! The book: docs/SUMMARY.md has every page of docs once, in four parts; the index of error codes is what their pages say; and
//! every drawn figure has colours for light and dark.
//!
//! With `UPDATE=1` the index and the lines of the summary below it are renewed.

use std::collections::BTreeMap;

use crate::expect_none;
use crate::tree::{File, files, root};

const SUMMARY: &str = "docs/SUMMARY.md";
const INDEX: &str = "docs/errors/README.md";
const PARTS: [&str; 4] = ["# Tutorial", "# How-to", "# Reference", "# Explanation"];
/// The line of the summary below which the pages of error codes stand.
const ERRORS: &str = "- [Errors](errors/README.md)\n";

/// What begins a code, and who says it.
const FAMILIES: [(&str, &str); 4] = [
    ("CFG", "Configuration"),
    ("MGT", "The management API and the console"),
    ("NOD", "The node"),
    ("STO", "The store"),
];

const INTRODUCTION: &str = "# Errors

Everything that a node or a command refuses has a code, in the log, on standard error and in the answers of the
[management API](../management.md). `strowger explain CODE` prints the page of one, `strowger explain` this list.

<!-- written by UPDATE=1 cargo test -p strowger-tidy -->
";

#[test]
fn every_page_is_in_the_book() {
    let files = files();
    let summary = page(&files, SUMMARY);
    expect_none(
        "docs/SUMMARY.md (UPDATE=1 adds error codes):",
        &misplaced(&files, &summary),
    );
}

#[test]
fn the_index_of_error_codes_is_fresh() {
    let files = files();
    let titles = titles(&files);
    let (index, old) = (index(&titles), page(&files, SUMMARY));
    let summary = with_codes(&old, &titles);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(root().join(INDEX), &index).expect(INDEX);
        std::fs::write(root().join(SUMMARY), &summary).expect(SUMMARY);
        return;
    }
    let hint = "run UPDATE=1 cargo test -p strowger-tidy";
    assert!(page(&files, INDEX) == index, "{INDEX} is stale: {hint}");
    assert!(old == summary, "{SUMMARY} is stale: {hint}");
}

#[test]
fn figures_are_drawn_for_light_and_dark() {
    let figures = files();
    let figures = figures.iter().filter(|file| {
        let drawn = file.path.starts_with("docs/figures/");
        drawn && file.is("svg") && !file.text.contains("prefers-color-scheme:dark")
    });
    let plain: Vec<String> = figures.map(|file| file.path.clone()).collect();
    expect_none("figures without colours for the dark:", &plain);
}

fn page(files: &[File], path: &str) -> String {
    let page = files.iter().find(|file| file.path == path);
    page.map_or_else(String::new, |file| file.text.clone())
}

/// Pages that the summary lacks or has twice, what it has and is no page, and parts that are not there in order.
fn misplaced(files: &[File], summary: &str) -> Vec<String> {
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for rest in summary.split("](").skip(1) {
        *named
            .entry(rest.split(')').next().unwrap_or_default())
            .or_default() += 1;
    }
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| file.is("md")) {
        let Some(path) = file
            .path
            .strip_prefix("docs/")
            .filter(|it| *it != "SUMMARY.md")
        else {
            continue;
        };
        match named.remove(path) {
            Some(1) => {}
            Some(_) => violations.push(format!("{path} is there twice")),
            None => violations.push(format!("{path} is not there")),
        }
    }
    violations.extend(named.keys().map(|path| format!("{path} is no page")));
    let parts: Vec<&str> = summary
        .lines()
        .filter(|line| line.starts_with("# "))
        .skip(1)
        .collect();
    if parts != PARTS {
        violations.push(format!("its parts are {parts:?}"));
    }
    violations
}

/// Codes with what the first lines of their pages say.
fn titles(files: &[File]) -> BTreeMap<&str, &str> {
    let page = |file: &'_ File| -> Option<()> {
        let code = file.path.strip_prefix("docs/errors/")?;
        (code != "README.md").then_some(())
    };
    let title = |file| -> Option<(&str, &str)> {
        page(file)?;
        let line = file.text.lines().next()?;
        line.strip_prefix("# ")?.split_once(": ")
    };
    files.iter().filter_map(title).collect()
}

fn index(titles: &BTreeMap<&str, &str>) -> String {
    let mut text = INTRODUCTION.to_owned();
    for (family, about) in FAMILIES {
        text.push_str(&format!("\n## {about}\n\n| code | meaning |\n|---|---|\n"));
        let codes = titles.iter().filter(|(code, _)| code.starts_with(family));
        for (code, title) in codes {
            text.push_str(&format!("| [{code}]({code}.md) | {title} |\n"));
        }
    }
    text
}

/// The summary with one line for each code below [`ERRORS`], in place of those that are there.
fn with_codes(summary: &str, titles: &BTreeMap<&str, &str>) -> String {
    let Some((before, after)) = summary.split_once(ERRORS) else {
        return summary.to_owned();
    };
    let mut rest = after;
    while let Some((line, next)) = rest.split_once('\n') {
        if !line.starts_with("  - ") {
            break;
        }
        rest = next;
    }
    let lines: String = titles
        .keys()
        .map(|code| format!("  - [{code}](errors/{code}.md)\n"))
        .collect();
    format!("{before}{ERRORS}{lines}{rest}")
}

#[test]
fn finds_what_is_not_in_the_book() {
    let files = [
        File::sample("docs/a.md", ""),
        File::sample("docs/b/c.md", ""),
        File::sample("docs/SUMMARY.md", ""),
        File::sample("README.md", ""),
    ];
    let summary = "# Book\n[a](a.md) [a](a.md)\n# Tutorial\n- [gone](d.md)\n";
    assert_eq!(
        misplaced(&files, summary),
        [
            "a.md is there twice",
            "b/c.md is not there",
            "d.md is no page",
            "its parts are [\"# Tutorial\"]"
        ]
    );
}

#[test]
fn codes_are_listed_in_the_index_and_in_the_summary() {
    let files = [
        File::sample("docs/errors/CFG-001.md", "# CFG-001: not TOML\n"),
        File::sample("docs/errors/README.md", "# Errors: all\n"),
        File::sample("docs/errors/STO-001.md", "# STO-001: damaged\n"),
    ];
    let titles = titles(&files);
    assert!(index(&titles).contains("| [CFG-001](CFG-001.md) | not TOML |\n"));
    let old = format!("# B\n{ERRORS}  - [X](errors/X.md)\n- [next](n.md)\n");
    let new = format!(
        "# B\n{ERRORS}  - [CFG-001](errors/CFG-001.md)\n  - [STO-001](errors/STO-001.md)\n- [next](n.md)\n"
    );
    assert_eq!(with_codes(&old, &titles), new);
}
