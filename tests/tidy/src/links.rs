//! Every link between pages resolves: the file exists, and the heading where one is named.

use std::collections::BTreeMap;

use crate::expect_none;
use crate::tree::{File, files, root};

#[test]
fn links_resolve() {
    let files = files();
    let exists = |path: &str| root().join(path).exists();
    expect_none("links that lead nowhere:", &broken(&files, &exists));
}

fn broken(files: &[File], exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let pages: BTreeMap<&str, &File> = files
        .iter()
        .filter(|file| file.is("md"))
        .map(|file| (file.path.as_str(), file))
        .collect();
    let mut violations = Vec::new();
    for page in pages.values() {
        for link in links(&page.text) {
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = match target {
                "" => page.path.clone(),
                _ => resolve(&page.path, target),
            };
            let there = match pages.get(path.as_str()) {
                Some(other) => anchor.is_empty() || anchors(&other.text).any(|has| has == anchor),
                None => exists(&path),
            };
            if !there {
                violations.push(format!("{}: {link}", page.path));
            }
        }
    }
    violations
}

/// Targets of `[text](target)` outside code, other than addresses of the web.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in prose(text) {
        // Every second piece between backticks is code.
        for piece in line.split('`').step_by(2) {
            found.extend(
                piece
                    .split("](")
                    .skip(1)
                    .filter_map(|rest| rest.split(')').next()),
            );
        }
    }
    found.retain(|link| !link.contains("://") && !link.starts_with("mailto:"));
    found
}

/// The lines outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The anchors that GitHub and mdBook make of headings.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter_map(|line| {
        let heading = line.strip_prefix('#')?.trim_start_matches('#').trim();
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        Some(kept.collect::<String>().to_lowercase().replace(' ', "-"))
    })
}

/// `target` as seen from the folder of `page`.
fn resolve(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn finds_broken_links() {
    let files = [
        File::sample(
            "docs/a.md",
            "[ok](b.md) [ok](b.md#two-words) [ok](https://x) `[code](no.md)`\n[bad](c.md)\n\
             ```\n[code](no.md)\n```\n[bad](b.md#three) [ok](../LICENSE) [ok](#here)\n# Here\n",
        ),
        File::sample("docs/b.md", "# One\n## Two words!\n"),
    ];
    let exists = |path: &str| path == "LICENSE";
    assert_eq!(
        broken(&files, &exists),
        ["docs/a.md: c.md", "docs/a.md: b.md#three"]
    );
}
