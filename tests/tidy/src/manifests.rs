//! Every crate takes its lints, licence and edition from the workspace, says what it is, and is documented by a header.

use crate::expect_none;
use crate::tree::{File, files};

const LINES: &[&str] = &[
    "edition.workspace = true",
    "license.workspace = true",
    "rust-version.workspace = true",
    "description = ",
    "[lints]\nworkspace = true",
];

#[test]
fn crates_inherit_from_the_workspace() {
    let files = files();
    let root = files
        .iter()
        .find(|file| file.path == "Cargo.toml")
        .expect("a root manifest");
    let members: Vec<&File> = files
        .iter()
        .filter(|file| {
            file.path.strip_suffix("/Cargo.toml").is_some_and(|folder| {
                root.text.contains(&format!("\"{folder}\"")) && !excluded(&root.text, folder)
            })
        })
        .collect();
    assert!(!members.is_empty(), "no manifest of a member was found");
    expect_none("manifests lack lines:", &lacking(&members));
}

#[test]
fn files_of_rust_begin_with_what_they_are() {
    let headless: Vec<String> = files()
        .iter()
        .filter(|file| file.is("rs") && file.path.contains("/src/") && !file.is_test())
        .filter(|file| !file.text.trim_start().starts_with("//!"))
        .map(|file| file.path.clone())
        .collect();
    expect_none("files without a header `//!`:", &headless);
}

fn excluded(root: &str, folder: &str) -> bool {
    root.lines()
        .any(|line| line.starts_with("exclude") && line.contains(folder))
}

fn lacking(manifests: &[&File]) -> Vec<String> {
    let mut violations = Vec::new();
    for manifest in manifests {
        for line in LINES.iter().filter(|line| !manifest.text.contains(**line)) {
            violations.push(format!("{}: {}", manifest.path, line.replace('\n', " ")));
        }
    }
    violations
}

#[test]
fn finds_what_lacks() {
    let bad = File::sample("x/Cargo.toml", "[package]\nname = \"x\"\n");
    assert_eq!(lacking(&[&bad]).len(), LINES.len());
}
