//! Every counter that an adaptor's sources name (`"sip.refused"`) is on the page on operating the adaptor, by its name or as one of
//! `requests.*`: operators see it as `strowger_adaptor_count_total`.

use std::collections::BTreeSet;

use crate::expect_none;
use crate::tree::{File, files};

/// Where sources are, where counters are described, and what the names of counters begin with.
const ADAPTORS: &[(&str, &str, &[&str])] = &[
    (
        "resource-adaptors/sip/src",
        "docs/sip-operating.md",
        &["sip"],
    ),
    (
        "resource-adaptors/diameter/src",
        "docs/diameter-operating.md",
        &[
            "answers",
            "connections",
            "diameter",
            "duplicates",
            "messages",
            "overload",
            "peers",
            "redirects",
            "requests",
            "watchdog",
        ],
    ),
    (
        "resource-adaptors/sms/src",
        "docs/sms-operating.md",
        &["smpp", "sms"],
    ),
    (
        "resource-adaptors/http/src",
        "docs/http-operating.md",
        &["http"],
    ),
    (
        "resource-adaptors/http-driver/src",
        "docs/http-operating.md",
        &["http"],
    ),
    (
        "resource-adaptors/connection/src",
        "docs/connection.md",
        &["connection"],
    ),
    (
        "resource-adaptors/records/src",
        "docs/records.md",
        &["records"],
    ),
    (
        "resource-adaptors/records-driver/src",
        "docs/records.md",
        &["records"],
    ),
];

#[test]
fn counters_are_described() {
    expect_none("counters that no page describes:", &undescribed(&files()));
}

fn undescribed(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for (sources, page, begins) in ADAPTORS {
        let Some(text) = files.iter().find(|f| f.path == *page).map(|f| &f.text) else {
            continue;
        };
        let sources = files
            .iter()
            .filter(|f| f.path.starts_with(sources) && f.is("rs") && !f.is_test());
        let lines = sources.flat_map(|file| file.code_lines().map(|(_, line)| line));
        let used: BTreeSet<&str> = lines.flat_map(|line| counters(line, begins)).collect();
        for name in used {
            let group = name.split('.').next().unwrap_or_default();
            if !text.contains(&format!("`{name}`")) && !text.contains(&format!("`{group}.*`")) {
                violations.push(format!("`{name}` is not in {page}"));
            }
        }
    }
    violations
}

/// Literals that are a counter's name.
fn counters<'a>(line: &'a str, begins: &[&str]) -> Vec<&'a str> {
    let word =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let literals = line.split('"').skip(1).step_by(2);
    let named = literals.filter(|literal| {
        let parts = literal.split_once('.');
        parts
            .is_some_and(|(first, rest)| begins.contains(&first) && word(rest) && rest != "example")
    });
    named.collect()
}

#[test]
fn finds_what_is_not_described() {
    let page = "| `sms.one` | x |\n";
    let source =
        "cx.count(\"sms.one\", 1);\ncx.count(\"sms.two\", 1);\nlet host = \"sms.example.org\";\n";
    let files = [
        File::sample("docs/sms-operating.md", page),
        File::sample("resource-adaptors/sms/src/ra/mod.rs", source),
    ];
    assert_eq!(
        undescribed(&files),
        ["`sms.two` is not in docs/sms-operating.md"]
    );
    let all = "| `requests.*` | x |\n";
    let source = "self.count(\"requests.lost\");\n";
    let files = [
        File::sample("docs/diameter-operating.md", all),
        File::sample("resource-adaptors/diameter/src/a.rs", source),
    ];
    assert_eq!(undescribed(&files), Vec::<String>::new());
}
