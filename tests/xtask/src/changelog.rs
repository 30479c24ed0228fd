//! `cargo xtask changelog`: puts the fragments of `changelog.d` together into a section of CHANGELOG.md.
//!
//! The form of a fragment is written in `changelog.d/README.md` and checked by `tests/tidy`.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result, at};
use crate::print::say;
use crate::shell::root;

/// Kinds of fragments in the order of the section, with their headings.
const KINDS: &[(&str, &str)] = &[
    ("breaking", "Breaking"),
    ("feature", "Added"),
    ("change", "Changed"),
    ("fix", "Fixed"),
];

/// The line below which new sections go.
const MARK: &str = "<!-- sections -->\n";

pub(crate) fn run(args: &[String]) -> Result<()> {
    match args {
        [] => {
            say(&section("Unreleased", &fragments()?)?);
            Ok(())
        }
        [option, version] if option == "--release" => release(version),
        [option, ..] => Err(Error::UnknownOption {
            task: "changelog",
            option: option.clone(),
        }),
    }
}

/// Writes the section into CHANGELOG.md and removes the fragments.
fn release(version: &str) -> Result<()> {
    let file = root().join("CHANGELOG.md");
    let old = std::fs::read_to_string(&file).map_err(at("read", &file))?;
    let Some((head, tail)) = old.split_once(MARK) else {
        return Err(Error::Unreadable {
            file,
            what: "line `<!-- sections -->`",
        });
    };
    let fragments = fragments()?;
    let new = format!("{head}{MARK}\n{}{tail}", section(version, &fragments)?);
    std::fs::write(&file, new).map_err(at("write", &file))?;
    for (path, _) in &fragments {
        std::fs::remove_file(path).map_err(at("remove", path))?;
    }
    Ok(())
}

fn section(title: &str, fragments: &[(PathBuf, String)]) -> Result<String> {
    let mut text = format!("## {title}\n");
    for (kind, heading) in KINDS {
        let of_kind: Vec<_> = fragments
            .iter()
            .filter(|(path, _)| kind_of(path) == *kind)
            .collect();
        if of_kind.is_empty() {
            continue;
        }
        text.push_str(&format!("\n### {heading}\n\n"));
        for (_, words) in of_kind {
            text.push_str(&format!("- {}\n", words.trim_end().replace('\n', "\n  ")));
        }
    }
    Ok(text)
}

/// All fragments in the order of their names.
fn fragments() -> Result<Vec<(PathBuf, String)>> {
    let folder = root().join("changelog.d");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(at("read", &folder))? {
        let path = entry.map_err(at("read", &folder))?.path();
        if path.extension().is_some_and(|end| end == "md") && !path.ends_with("README.md") {
            let words = std::fs::read_to_string(&path).map_err(at("read", &path))?;
            found.push((path, words));
        }
    }
    found.sort();
    Ok(found)
}

/// `durable-calls.feature.md` is of kind `feature`.
fn kind_of(path: &Path) -> &str {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    name.strip_suffix(".md")
        .and_then(|stem| stem.rsplit_once('.'))
        .map_or("", |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_groups_by_kind() {
        let fragments = vec![
            (PathBuf::from("a.fix.md"), "Timers fire.\n".to_owned()),
            (
                PathBuf::from("b.feature.md"),
                "Calls survive.\nAll of them.\n".to_owned(),
            ),
        ];
        let text = section("1.0.0", &fragments).unwrap();
        let wanted = "## 1.0.0\n\n### Added\n\n- Calls survive.\n  All of them.\n\
                      \n### Fixed\n\n- Timers fire.\n";
        assert_eq!(text, wanted);
    }
}
