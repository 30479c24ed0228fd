//! Where the tests are: in which file, so in which package and target, and before what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::map::Row;
use crate::error::{Result, at};
use crate::shell::{root, run_logged};
use crate::step::log;

/// A test of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) name: String,
    pub(super) run: Run,
    pub(super) stage: Stage,
}

/// How it is run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Run {
    /// A test of a target of a package, with the features that its tests need.
    Test {
        package: String,
        target: Target,
        features: Vec<String>,
    },
    /// A file that must not compile.
    CompileFail,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Lib,
    Test(String),
}

/// What stands before the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The kernel, with or without an adaptor, in virtual time; or the compiler.
    Kernel,
    /// A running node, with threads, sockets and a store.
    Node,
}

/// Folders whose tests start nodes.
const ON_NODES: [&str; 6] = [
    "container/connection-client/",
    "container/node/tests/",
    "container/cli/tests/node/",
    "container/management/tests/",
    "resource-adaptors/http-driver/tests/",
    "tests/interop/",
];
/// Files that must not compile.
const FAILING: &str = "tests/ui/tests/fail/";
/// The feature that has an adaptor's own kit in it.
const KIT: &str = "testkit";

/// The tests of some rules. A file that targets of several packages have by `#[path]` is run in each.
pub(super) fn of(rows: &[&Row]) -> Result<Vec<Proof>> {
    let wanted: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| &row.tests)
        .map(String::as_str)
        .collect();
    let mut texts = Vec::new();
    for file in sources()? {
        let path = root().join(&file);
        let text = std::fs::read_to_string(&path).map_err(at("read", &path))?;
        texts.push((file, text));
    }
    let borrowers = borrowers(&texts);
    let mut proofs = Vec::new();
    for (file, text) in &texts {
        let path = root().join(file);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if file.starts_with(FAILING) && wanted.contains(&*stem) {
            proofs.push(Proof {
                name: stem.into_owned(),
                run: Run::CompileFail,
                stage: Stage::Kernel,
            });
            continue;
        }
        let names: Vec<&str> = tests(text).filter(|name| wanted.contains(name)).collect();
        if names.is_empty() {
            continue;
        }
        let mut runs = Vec::new();
        for file in holders(file, &borrowers) {
            let Some(run) = run(&root().join(file))?.filter(|run| !runs.contains(run)) else {
                continue;
            };
            runs.push(run.clone());
            let node = ON_NODES.iter().any(|folder| file.starts_with(folder));
            proofs.extend(names.iter().map(|name| Proof {
                name: (*name).to_owned(),
                run: run.clone(),
                stage: if node { Stage::Node } else { Stage::Kernel },
            }));
        }
    }
    Ok(proofs)
}

/// By file, the files of other folders that have it as a module of theirs: `#[path = "../there.rs"]`.
fn borrowers(texts: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let mut borrowers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, text) in texts {
        let paths = text.lines().filter_map(|line| {
            let path = line.trim_start().strip_prefix("#[path = \"")?;
            path.strip_suffix("\"]")
        });
        for path in paths {
            let folder = Path::new(file).parent().unwrap_or_else(|| Path::new(""));
            let whole = plain(&folder.join(path));
            borrowers.entry(whole).or_default().push(file.clone());
        }
    }
    borrowers
}

/// A file, those that have it as a module, and those that have these.
fn holders<'a>(file: &'a str, borrowers: &'a BTreeMap<String, Vec<String>>) -> Vec<&'a str> {
    let mut holders = vec![file];
    let mut next = 0;
    while let Some(file) = holders.get(next) {
        let more = borrowers.get(*file).into_iter().flatten();
        let more = more.map(String::as_str);
        holders.extend(
            more.filter(|file| !holders.contains(file))
                .collect::<Vec<_>>(),
        );
        next += 1;
    }
    holders
}

/// A path without its steps back.
fn plain(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => plain.push(part),
        }
    }
    plain.to_string_lossy().into_owned()
}

/// Names of a file's tests.
fn tests(text: &str) -> impl Iterator<Item = &str> {
    let mut marked = false;
    text.lines().filter_map(move |line| {
        let line = line.trim_start();
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
            return None;
        }
        let rest = line.strip_prefix("async ").unwrap_or(line);
        let name = rest.strip_prefix("fn ").filter(|_| marked)?;
        marked = false;
        name.split('(').next()
    })
}

/// The package and the target that a file belongs to.
fn run(path: &Path) -> Result<Option<Run>> {
    let Some(folder) = path
        .ancestors()
        .skip(1)
        .find(|folder| folder.join("Cargo.toml").is_file())
    else {
        return Ok(None);
    };
    let manifest = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).map_err(at("read", &manifest))?;
    let package = text
        .lines()
        .find_map(|line| line.strip_prefix("name = "))
        .unwrap_or_default()
        .trim_matches('"');
    let has_kit = text.lines().any(|line| line.starts_with("testkit = ["));
    let within = path.strip_prefix(folder).unwrap_or(path);
    let mut parts = within.iter().map(|part| part.to_string_lossy());
    let target = match (parts.next().as_deref(), parts.next()) {
        (Some("tests"), Some(name)) => Target::Test(name.trim_end_matches(".rs").to_owned()),
        _ => Target::Lib,
    };
    Ok(Some(Run::Test {
        package: package.to_owned(),
        target,
        features: has_kit.then(|| KIT.to_owned()).into_iter().collect(),
    }))
}

/// Rust files that git knows or would add.
fn sources() -> Result<Vec<String>> {
    let mut command = std::process::Command::new("git");
    command
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "*.rs",
        ])
        .current_dir(root());
    let said = run_logged(&mut command, &log("conformance-files"))?;
    let there = |file: &&str| root().join(PathBuf::from(file)).is_file();
    Ok(said.text.lines().filter(there).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_by_their_mark() {
        let text = "fn helper() {}\n#[test]\nfn one() {\n}\n    #[tokio::test]\n    #[ignore]\n    async fn two() {}\nfn three() {}\n";
        assert_eq!(tests(text).collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn a_borrowed_file_is_known_by_its_borrowers() {
        let text = |file: &str, text: &str| (file.to_owned(), text.to_owned());
        let borrowers = borrowers(&[
            text("a/tests/rules/tx.rs", "#[path = \"tx/one.rs\"]\nmod one;\n"),
            text(
                "b/tests/rules/main.rs",
                "#[path = \"../../../a/tests/rules/tx.rs\"]\nmod tx;\n",
            ),
        ]);
        assert_eq!(
            holders("a/tests/rules/tx/one.rs", &borrowers),
            [
                "a/tests/rules/tx/one.rs",
                "a/tests/rules/tx.rs",
                "b/tests/rules/main.rs"
            ]
        );
    }

    #[test]
    fn a_file_has_its_package_and_target() {
        let of = |path: &str| run(&root().join(path)).unwrap().unwrap();
        let expected = |package: &str, target, features: &[&str]| Run::Test {
            package: package.to_owned(),
            target,
            features: features.iter().map(|name| (*name).to_owned()).collect(),
        };
        let rules = Target::Test("rules".to_owned());
        assert_eq!(
            of("container/kernel/tests/rules/tx.rs"),
            expected("strowger-kernel", rules, &[])
        );
        assert_eq!(
            of("resource-adaptors/sip/tests/adaptor/outcome.rs"),
            expected("strowger-sip", Target::Test("adaptor".to_owned()), &[KIT])
        );
        assert_eq!(
            of("container/node/src/lib.rs"),
            expected("strowger-node", Target::Lib, &[])
        );
    }
}
