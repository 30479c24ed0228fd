//! Fragments of the changelog have the form that changelog.d/README.md describes.

use crate::expect_none;
use crate::tree::{File, files};

const KINDS: &[&str] = &["breaking", "feature", "change", "fix"];

#[test]
fn fragments_have_their_form() {
    let files = files();
    expect_none("changelog fragments:", &malformed(&files));
    let log = files
        .iter()
        .find(|file| file.path == "CHANGELOG.md")
        .expect("CHANGELOG.md");
    assert!(
        log.text.contains("<!-- sections -->\n"),
        "CHANGELOG.md has lost its mark"
    );
}

fn malformed(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    let fragments = files.iter().filter_map(|file| {
        let name = file.path.strip_prefix("changelog.d/")?;
        (name != "README.md").then_some((name, file))
    });
    for (name, file) in fragments {
        let kind = name
            .strip_suffix(".md")
            .and_then(|stem| stem.rsplit_once('.'));
        if !kind.is_some_and(|(slug, kind)| is_slug(slug) && KINDS.contains(&kind)) {
            violations.push(format!(
                "{name}: not `what-changed.KIND.md`, KIND of {KINDS:?}"
            ));
        }
        let words = file.text.trim();
        if words.is_empty() || words.starts_with(['#', '-', '*']) || !words.ends_with(['.', '`']) {
            violations.push(format!("{name}: not plain sentences"));
        }
    }
    violations
}

fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[test]
fn finds_malformed_fragments() {
    let files = [
        File::sample(
            "changelog.d/durable-calls.feature.md",
            "Calls survive a crash.\n",
        ),
        File::sample("changelog.d/README.md", "# How\n"),
        File::sample("changelog.d/x.note.md", "Something.\n"),
        File::sample("changelog.d/y.fix.md", "# Heading\n"),
    ];
    assert_eq!(malformed(&files).len(), 2);
}
