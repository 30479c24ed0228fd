//! Every error code in the sources (three capitals, three digits) has its page `docs/errors/CODE.md`, and the reverse.

use std::collections::BTreeSet;

use crate::expect_none;
use crate::tree::{File, files};

/// Looks like a code and is none: names of algorithms and documents.
const NOT_CODES: &[&str] = &["AES", "ISO", "JSR", "RFC", "SHA", "STD", "UTF"];

const PAGES: &str = "docs/errors/";

#[test]
fn codes_have_pages_and_pages_have_codes() {
    expect_none(
        "error codes and their pages differ:",
        &differences(&files()),
    );
}

fn differences(files: &[File]) -> Vec<String> {
    let used: BTreeSet<&str> = files
        .iter()
        .filter(|file| file.is("rs") && !file.is_test())
        .flat_map(|file| file.code_lines().flat_map(|(_, line)| codes(line)))
        .collect();
    let pages: Vec<(&str, &File)> = files
        .iter()
        .filter_map(|file| Some((file.path.strip_prefix(PAGES)?.strip_suffix(".md")?, file)))
        .filter(|(code, _)| *code != "README")
        .collect();
    let mut violations = Vec::new();
    for code in &used {
        if !pages.iter().any(|(page, _)| page == code) {
            violations.push(format!("{code} is used and has no page {PAGES}{code}.md"));
        }
    }
    for (page, file) in pages {
        if !used.contains(page) {
            violations.push(format!("{} is about a code that no source has", file.path));
        }
        if !file.text.starts_with(&format!("# {page}")) {
            violations.push(format!("{} does not begin with `# {page}`", file.path));
        }
    }
    violations
}

/// The codes in a line: `CFG-014` standing alone.
fn codes(line: &str) -> Vec<&str> {
    let bytes = line.as_bytes();
    let mut found = Vec::new();
    for (start, window) in bytes.windows(7).enumerate() {
        let shape = window[..3].iter().all(u8::is_ascii_uppercase)
            && window[3] == b'-'
            && window[4..].iter().all(u8::is_ascii_digit);
        let joined = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_')
        };
        let before = start.checked_sub(1).and_then(|before| bytes.get(before));
        if shape && !joined(before) && !joined(bytes.get(start + 7)) {
            let code = &line[start..start + 7];
            if !NOT_CODES.contains(&&code[..3]) {
                found.push(code);
            }
        }
    }
    found
}

#[test]
fn finds_differences() {
    let files = [
        File::sample(
            "a.rs",
            "code(\"CFG-001\"); // SHA-256, R-SIP-007, CFG-0012\n\"STO-009\"",
        ),
        File::sample("docs/errors/CFG-001.md", "# CFG-001: unknown key\n"),
        File::sample("docs/errors/CFG-002.md", "# CFG-003\n"),
    ];
    let wanted = [
        "STO-009 is used and has no page docs/errors/STO-009.md",
        "docs/errors/CFG-002.md is about a code that no source has",
        "docs/errors/CFG-002.md does not begin with `# CFG-002`",
    ];
    assert_eq!(differences(&files), wanted);
}
