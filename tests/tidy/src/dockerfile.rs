//! What the Dockerfile copies, names and expects is there: no test builds its image.

use crate::expect_none;
use crate::tree::{File, files, root};

const DOCKERFILE: &str = "config/deploy/Dockerfile";

#[test]
fn the_dockerfile_names_what_is_there() {
    let files = files();
    let text = |path: &str| -> String {
        let file = files.iter().find(|file| file.path == path);
        file.map_or_else(String::new, |file| file.text.clone())
    };
    let exists = |path: &str| root().join(path).exists();
    let wrong = wrong(&text(DOCKERFILE), &text("Cargo.toml"), &files, &exists);
    expect_none(DOCKERFILE, &wrong);
}

fn wrong(
    dockerfile: &str,
    workspace: &str,
    files: &[File],
    exists: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let mut violations = Vec::new();
    let version = quoted(workspace, "rust-version = ");
    for line in dockerfile.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["FROM", image, ..] => {
                if let Some(tag) = image.strip_prefix("rust:")
                    && !tag.starts_with(&format!("{version}-"))
                {
                    violations.push(format!("{image}, but rust-version is {version}"));
                }
            }
            // What an earlier stage has made is named there, too.
            ["COPY", from, made, _] if from.starts_with("--from=") => {
                if dockerfile.matches(made).count() < 2 {
                    violations.push(format!("{made} is made by no stage"));
                }
            }
            ["COPY", from, _] if !exists(from) => violations.push(format!("{from} is not there")),
            words => violations.extend(packages(words, files)),
        }
    }
    violations
}

/// Packages that cargo is told to build and that there are not.
fn packages(words: &[&str], files: &[File]) -> Vec<String> {
    let named = words.windows(2).filter(|pair| pair[0] == "--package");
    let manifests = || {
        files
            .iter()
            .filter(|file| file.path.ends_with("Cargo.toml"))
    };
    named
        .map(|pair| pair[1])
        .filter(|name| !manifests().any(|file| quoted(&file.text, "name = ") == *name))
        .map(|name| format!("there is no package {name}"))
        .collect()
}

/// The text in quotes behind the first `key`.
fn quoted<'t>(text: &'t str, key: &str) -> &'t str {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(key));
    lines.next().unwrap_or_default().trim_matches('"')
}

#[test]
fn finds_what_is_not_there() {
    let dockerfile = "FROM rust:1.90-slim AS build\nCOPY . .\nRUN cargo build --package gone && cp x /made\n\
        COPY config/gone /etc\nCOPY --from=build /made /usr\nCOPY --from=build /other /usr\n";
    let workspace = "rust-version = \"1.95\"\n";
    let files = [File::sample("a/Cargo.toml", "name = \"a\"\n")];
    assert_eq!(
        wrong(dockerfile, workspace, &files, &|path| path == "."),
        [
            "rust:1.90-slim, but rust-version is 1.95",
            "there is no package gone",
            "config/gone is not there",
            "/other is made by no stage"
        ]
    );
}
