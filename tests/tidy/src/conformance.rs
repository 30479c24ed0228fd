//! The pages of conformance say what is supported only where a test shows it, and name no test that there is not.
//!
//! A row is `| clause | what is there | tests | what is left out |`, in the last table `| demand | how | tests | more |`. A test is named as `file.rs::name`, the file by the end
//! of its path, or as a link to a recipe, whose code is run. `-` stands for nothing: a row without anything supported says
//! why.

use std::collections::BTreeSet;

use crate::expect_none;
use crate::tree::{File, files};

const PAGES: [&str; 2] = ["docs/sip-conformance.md", "docs/sms-conformance.md"];

#[test]
fn what_is_supported_has_its_test() {
    let files = files();
    let known: BTreeSet<String> = files
        .iter()
        .filter(|file| file.is("rs"))
        .flat_map(tests)
        .collect();
    for name in PAGES {
        let page = files.iter().find(|file| file.path == name).expect(name);
        expect_none(&format!("{name}:"), &violations(&page.text, &known));
    }
}

/// The tests of a file, as `path::name`.
fn tests(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let mut marked = false;
    for line in file.text.lines().map(str::trim) {
        if line == "#[test]" {
            marked = true;
        } else if let Some(rest) = line.strip_prefix("fn ").filter(|_| marked) {
            let name = rest.split('(').next().unwrap_or_default();
            found.push(format!("{}::{name}", file.path));
            marked = false;
        }
    }
    found
}

fn violations(page: &str, known: &BTreeSet<String>) -> Vec<String> {
    let mut violations = Vec::new();
    for line in page.lines() {
        for test in line.split('`').filter(|word| word.contains(".rs::")) {
            let end = format!("/{test}");
            if !known.iter().any(|known| known.ends_with(&end)) {
                violations.push(format!("there is no test `{test}`"));
            }
        }
        let Some([clause, there, tests, left_out]) = cells(line) else {
            continue;
        };
        if ["what is there", "how it is looked at"].contains(&there) || clause.starts_with("---") {
            continue;
        }
        let shown = tests.contains(".rs::") || tests.contains("](sip-recipes");
        if there != "-" && !shown {
            violations.push(format!("{clause}: no test shows it"));
        }
        if there == "-" && left_out.len() < 4 {
            violations.push(format!("{clause}: not there, without a reason"));
        }
    }
    violations
}

fn cells(line: &str) -> Option<[&str; 4]> {
    let cells: Vec<&str> = line
        .strip_prefix('|')?
        .strip_suffix('|')?
        .split('|')
        .map(str::trim)
        .collect();
    cells.try_into().ok()
}

#[test]
fn finds_claims_without_tests() {
    let file = File::sample("a/tests/b.rs", "#[test]\nfn shown() {}\nfn no_test() {}\n");
    let known = tests(&file).into_iter().collect();
    let page = "| RFC 1 | all | `tests/b.rs::shown` | - |\n| RFC 2 | all | - | - |\n| RFC 3 | - | - | |\n\
                | RFC 4 | some | `b.rs::no_test` | - |\n| RFC 5 | it | [recipe](sip-recipes.md#it) | |\n";
    assert_eq!(
        violations(page, &known),
        [
            "RFC 2: no test shows it",
            "RFC 3: not there, without a reason",
            "there is no test `b.rs::no_test`"
        ]
    );
}
