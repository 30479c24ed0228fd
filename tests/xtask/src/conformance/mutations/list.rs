//! `tests/xtask/mutations`: which change of a source which test must notice. docs/mutations.md says how one is added.

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
/// Code of these runs in the compiler, and only what must not compile is compiled while a mutation is on.
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

/// A rule that holds and has no mutation, or a test that none names.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Without {
    Rule(WithoutRule),
    Test(WithoutTest),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithoutRule {
    rule: String,
    why: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithoutTest {
    test: String,
    why: String,
}

impl Without {
    /// Its rule or its test, as the pages write it, and the reason.
    pub(super) fn told(&self) -> (String, &str) {
        match self {
            Self::Rule(of) => (of.rule.clone(), &of.why),
            Self::Test(of) => (format!("`{}`", of.test), &of.why),
        }
    }

    fn is_about(&self, row: &Row, test: &str) -> bool {
        match self {
            Self::Rule(of) => of.rule == row.id,
            Self::Test(of) => of.test == test,
        }
    }
}

impl Mutation {
    /// Whether it can be chosen while a test runs, and only in the compiler.
    pub(super) fn is_chosen_in_the_compiler(&self) -> bool {
        let mut files = self.edits.iter().map(|edit| &edit.file);
        self.entry.kind == Kind::Schema && files.any(|file| file.starts_with(IN_THE_COMPILER))
    }
}

#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) mutations: Vec<Mutation>,
    pub(super) without: Vec<Without>,
}

impl Edit {
    fn violations(&self, read: &impl Fn(&str) -> Option<String>) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.find == self.replace {
            wrong.push("changes nothing".to_owned());
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
                edit.violations(&read).into_iter().for_each(&mut say);
            }
        }
        wrong.extend(self.uncovered(map));
        wrong
    }

    /// Tests that nothing shows to fail and that have no reason, and reasons for what needs none.
    fn uncovered(&self, map: &Map) -> Vec<String> {
        let named: BTreeSet<&str> = self
            .mutations
            .iter()
            .flat_map(|m| m.entry.tests.iter().map(String::as_str))
            .collect();
        let tested = map.rows().filter(|row| row.state == State::Tested);
        let tests: Vec<(&Row, &str)> = tested
            .flat_map(|row| row.tests.iter().map(move |test| (row, test.as_str())))
            .collect();
        let mut wrong = Vec::new();
        for (row, test) in &tests {
            let excused = |without: &Without| without.is_about(row, test);
            if !named.contains(test) && !self.without.iter().any(excused) {
                wrong.push(format!(
                    "{}: `{test}` has neither a mutation nor a reason in {FOLDER}/{WITHOUT}.toml",
                    row.id
                ));
            }
        }
        for without in &self.without {
            let (what, why) = without.told();
            let about = |(row, test): &&(&Row, &str)| without.is_about(row, test);
            let mut about = tests.iter().filter(about).peekable();
            if about.peek().is_none() {
                wrong.push(format!("{what}: no rule has such a test"));
            }
            if about.any(|(_, test)| named.contains(test)) {
                wrong.push(format!("{what}: has a mutation after all"));
            }
            if why.trim().is_empty() {
                wrong.push(format!("{what}: has no reason"));
            }
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "## One (R-XX)\n\n| R-XX-01 | a rule | - | `r_xx_01_a`, `r_xx_01_c` |\n| R-XX-02 | more | - | `r_xx_02_b` |\n";

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

    const OTHER: &str = "[[without]]\nrule = \"R-XX-02\"\nwhy = \"nothing to change\"\n[[without]]\ntest = \"r_xx_01_c\"\nwhy = \"the same\"\n";

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
        let missing = |rule, test| {
            format!(
                "{rule}: `{test}` has neither a mutation nor a reason in tests/xtask/mutations/without.toml"
            )
        };
        assert_eq!(
            violations(&good, ""),
            [
                missing("R-XX-01", "r_xx_01_c"),
                missing("R-XX-02", "r_xx_02_b")
            ]
        );
        let of_rule = "[[without]]\nrule = \"R-XX-01\"\nwhy = \"\"\n".to_owned();
        assert_eq!(
            violations(&good, &(of_rule + OTHER)),
            [
                "R-XX-01: has a mutation after all",
                "R-XX-01: has no reason"
            ]
        );
        let of_test = "[[without]]\ntest = \"r_xx_01_a\"\nwhy = \"so\"\n";
        assert_eq!(
            violations(&good, &format!("{of_test}{OTHER}")),
            ["`r_xx_01_a`: has a mutation after all"]
        );
        let of_none = OTHER.replace("r_xx_01_c", "r_xx_01_d");
        assert_eq!(
            violations(&good, &of_none),
            [
                missing("R-XX-01", "r_xx_01_c"),
                "`r_xx_01_d`: no rule has such a test".to_owned()
            ]
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
