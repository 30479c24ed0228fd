//! `tests/xtask/mutations`: which change of a source which test must notice. docs/testing.md says how one is added.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::super::map::{Map, Row, State};
use crate::error::{Error, Result, at};
use crate::shell::root;

/// One file per chapter, called by it.
const FOLDER: &str = "tests/xtask/mutations";
/// Rules without a mutation, and why.
const WITHOUT: &str = "without";
/// Code of these runs in the compiler, where no environment chooses a mutation.
const IN_THE_COMPILER: &str = "container/macros/";

/// A change of a source under which tests must fail.
#[derive(Debug, Clone)]
pub(super) struct Mutation {
    /// `R-TX-01/2`: the second of that rule.
    pub(super) id: String,
    /// In at least one place.
    pub(super) edits: Vec<Edit>,
    pub(super) entry: Entry,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) rule: String,
    /// From the root.
    file: String,
    /// Occurs once in the file.
    find: String,
    replace: String,
    /// What is changed together with it.
    #[serde(default)]
    also: Vec<Edit>,
    /// Each fails with it.
    pub(super) tests: Vec<String>,
    /// What goes wrong with it, in a line.
    pub(super) why: String,
    #[serde(default)]
    pub(super) kind: Kind,
}

/// One place of a source and what is to stand there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    pub(super) file: String,
    pub(super) find: String,
    pub(super) replace: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// An expression or statements: compiled in with all others, chosen when the test runs.
    #[default]
    Schema,
    /// Anything else: alone in the sources, which are built anew.
    Source,
}

impl Entry {
    fn edits(&self) -> Vec<Edit> {
        let first = (&self.file, &self.find, &self.replace);
        let others = self.also.iter();
        let others = others.map(|edit| (&edit.file, &edit.find, &edit.replace));
        let all = std::iter::once(first).chain(others);
        all.map(|(file, find, replace)| Edit {
            file: file.clone(),
            find: find.trim().to_owned(),
            replace: replace.trim().to_owned(),
        })
        .collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    mutation: Vec<Entry>,
    #[serde(default)]
    without: Vec<Without>,
}

/// A rule that holds and has no mutation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Without {
    pub(super) rule: String,
    pub(super) why: String,
}

#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) mutations: Vec<Mutation>,
    pub(super) without: Vec<Without>,
}

impl Edit {
    fn violations(&self, kind: Kind, read: &impl Fn(&str) -> Option<String>) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.find == self.replace {
            wrong.push("changes nothing".to_owned());
        }
        if self.file.starts_with(IN_THE_COMPILER) && kind == Kind::Schema {
            wrong.push("what runs in the compiler needs kind = \"source\"".to_owned());
        }
        if !self.file.contains("/src/") || self.file.starts_with("tests/") {
            wrong.push(format!("{} is no source of a crate", self.file));
            return wrong;
        }
        match read(&self.file).map(|text| text.matches(&self.find).count()) {
            None => wrong.push(format!("there is no {}", self.file)),
            Some(1) => {}
            Some(times) => wrong.push(format!("{} has its `find` {times} times", self.file)),
        }
        wrong
    }
}

impl List {
    /// All files, in the order of their names.
    pub(super) fn read() -> Result<Self> {
        let folder = root().join(FOLDER);
        let entries = std::fs::read_dir(&folder).map_err(at("list", &folder))?;
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let mut list = Self::default();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(at("read", &path))?;
            list.add(&path, &text)?;
        }
        Ok(list)
    }

    pub(super) fn add(&mut self, path: &Path, text: &str) -> Result<()> {
        let page: Page = toml::from_str(text).map_err(|error| Error::Mutation {
            what: path.display().to_string(),
            why: error.to_string(),
        })?;
        let chapter = path.file_stem().unwrap_or_default().to_string_lossy();
        for entry in &page.mutation {
            if entry.rule.rsplit_once('-').map(|(of, _)| of) != Some(&*chapter) {
                return Err(Error::Mutation {
                    what: path.display().to_string(),
                    why: format!("{} belongs to another file", entry.rule),
                });
            }
        }
        if !page.without.is_empty() && chapter != WITHOUT {
            return Err(Error::Mutation {
                what: path.display().to_string(),
                why: format!("rules without a mutation stand in {WITHOUT}.toml"),
            });
        }
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        for entry in page.mutation {
            let number = numbers.entry(entry.rule.clone()).or_default();
            *number += 1;
            self.mutations.push(Mutation {
                id: format!("{}/{number}", entry.rule),
                edits: entry.edits(),
                entry,
            });
        }
        self.without.extend(page.without);
        Ok(())
    }

    /// What is wrong with it: a line each. `read` gives a source.
    pub(super) fn violations(
        &self,
        map: &Map,
        read: impl Fn(&str) -> Option<String>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        for mutation in &self.mutations {
            let (id, entry) = (&mutation.id, &mutation.entry);
            let mut say = |what: String| wrong.push(format!("{id}: {what}"));
            match map.rows().find(|row| row.id == entry.rule) {
                None => say(format!("docs/spec-map.md has no {}", entry.rule)),
                Some(row) => {
                    for test in entry.tests.iter().filter(|test| !row.tests.contains(test)) {
                        say(format!("`{test}` is no test of {} there", row.id));
                    }
                }
            }
            if entry.tests.is_empty() {
                say("names no test".to_owned());
            }
            if entry.why.trim().is_empty() {
                say("does not say why".to_owned());
            }
            for edit in &mutation.edits {
                edit.violations(entry.kind, &read)
                    .into_iter()
                    .for_each(&mut say);
            }
        }
        wrong.extend(self.uncovered(map));
        wrong
    }

    /// Whether a mutation names one of the row's tests.
    pub(super) fn covers(&self, row: &Row) -> bool {
        let tests: BTreeSet<&String> = row.tests.iter().collect();
        let mut named = self.mutations.iter().flat_map(|m| &m.entry.tests);
        named.any(|test| tests.contains(test))
    }

    fn uncovered(&self, map: &Map) -> Vec<String> {
        let mut wrong = Vec::new();
        let left_out = |row: &Row| self.without.iter().find(|without| without.rule == row.id);
        for row in map.rows().filter(|row| row.state == State::Tested) {
            match (self.covers(row), left_out(row)) {
                (false, None) => wrong.push(format!(
                    "{}: has neither a mutation nor a reason in {FOLDER}/{WITHOUT}.toml",
                    row.id
                )),
                (true, Some(_)) => wrong.push(format!("{}: has a mutation after all", row.id)),
                (false, Some(without)) if without.why.trim().is_empty() => {
                    wrong.push(format!("{}: has no reason", row.id));
                }
                (true, None) | (false, Some(_)) => {}
            }
        }
        for without in &self.without {
            let there = |row: &Row| row.id == without.rule && row.state == State::Tested;
            if !map.rows().any(there) {
                wrong.push(format!("{}: no such rule has a test", without.rule));
            }
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "## One (R-XX)\n\n| R-XX-01 | a rule | - | `r_xx_01_a` |\n| R-XX-02 | more | - | `r_xx_02_b` |\n";

    fn violations(text: &str, without: &str) -> Vec<String> {
        let mut list = List::default();
        list.add(Path::new("R-XX.toml"), text).unwrap();
        list.add(Path::new("without.toml"), without).unwrap();
        let source = |file: &str| (file == "a/src/lib.rs").then(|| "one two two".to_owned());
        list.violations(&Map::read(MAP), source)
    }

    fn mutation(file: &str, find: &str, test: &str) -> String {
        format!(
            "[[mutation]]\nrule = \"R-XX-01\"\nfile = \"{file}\"\nfind = \"{find}\"\nreplace = \"\"\ntests = [\"{test}\"]\nwhy = \"so\"\n"
        )
    }

    const OTHER: &str = "[[without]]\nrule = \"R-XX-02\"\nwhy = \"nothing to change\"\n";

    #[test]
    fn a_list_is_checked() {
        let good = mutation("a/src/lib.rs", "one", "r_xx_01_a");
        assert_eq!(violations(&good, OTHER), Vec::<String>::new());
        let of = |file, find, test| violations(&mutation(file, find, test), OTHER);
        assert_eq!(
            of("a/src/lib.rs", "two", "r_xx_01_a"),
            ["R-XX-01/1: a/src/lib.rs has its `find` 2 times"]
        );
        assert_eq!(
            of("a/src/b.rs", "one", "r_xx_01_a"),
            ["R-XX-01/1: there is no a/src/b.rs"]
        );
        assert_eq!(
            of("a/tests/b.rs", "one", "r_xx_01_a"),
            ["R-XX-01/1: a/tests/b.rs is no source of a crate"]
        );
        assert_eq!(
            of("a/src/lib.rs", "one", "r_xx_09_c")[0],
            "R-XX-01/1: `r_xx_09_c` is no test of R-XX-01 there"
        );
        assert_eq!(
            violations(&good, ""),
            ["R-XX-02: has neither a mutation nor a reason in tests/xtask/mutations/without.toml"]
        );
        let both = OTHER.replace("R-XX-02", "R-XX-01") + OTHER;
        assert_eq!(
            violations(&good, &both),
            ["R-XX-01: has a mutation after all"]
        );
    }

    #[test]
    fn the_list_fits_the_sources_and_the_rules() {
        let text = std::fs::read_to_string(root().join("docs/spec-map.md")).unwrap();
        let list = List::read().unwrap();
        let read = |file: &str| std::fs::read_to_string(root().join(file)).ok();
        let wrong = list.violations(&Map::read(&text), read);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
