//! `cargo xtask conformance`: runs the tests of all rules and writes docs/conformance.md.
//!
//! Which test is about which rule says docs/spec-map.md. What is proved is said by the run alone: a rule whose tests did not all
//! pass does not hold, whatever the map has. Without `--write` the page is compared and not written.

mod map;
mod mutations;
mod page;
mod proofs;
mod runner;

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::error::{Error, Result, at};
use crate::print::say;
use crate::shell::root;
use map::{Map, Row, State};
use proofs::{Proof, Stage};

const MAP: &str = "docs/spec-map.md";
const PAGE: &str = "docs/conformance.md";

/// What a run has shown of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// All its tests passed.
    Holds,
    /// It has no test yet, or not for all of it.
    Unproved,
    /// There is nothing that could be tested.
    NoForm,
    /// A test failed, or did not run.
    Fails,
}

impl Verdict {
    fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Unproved => "not proved yet",
            Self::NoForm => "no form in Rust",
            Self::Fails => "**fails**",
        }
    }
}

/// A row of the map with what came of its tests.
#[derive(Debug)]
struct Told<'a> {
    row: &'a Row,
    verdict: Verdict,
    proofs: Vec<&'a Proof>,
}

/// `[--mutations] [--write]`, and names of rules or chapters, whose tests alone are run then: `R-RT`, `D-03`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let (options, wanted): (Vec<_>, Vec<_>) = args.iter().partition(|arg| arg.starts_with("--"));
    let known = ["--mutations", "--write"];
    if let Some(option) = options.iter().find(|o| !known.contains(&o.as_str())) {
        return Err(Error::UnknownOption {
            task: "conformance",
            option: (*option).clone(),
        });
    }
    let path = root().join(MAP);
    let text = std::fs::read_to_string(&path).map_err(at("read", &path))?;
    let map = Map::read(&text);
    let is_on = |name: &str| options.iter().any(|option| *option == name);
    if is_on("--mutations") {
        return mutations::run(&map, &wanted, is_on("--write"));
    }
    let is_wanted =
        |row: &&Row| wanted.is_empty() || wanted.iter().any(|name| row.id.starts_with(*name));
    let rows: Vec<&Row> = map.rows().filter(is_wanted).collect();
    let proofs = proofs::of(&rows)?;
    let passed = runner::run(&proofs)?;
    let told: Vec<Told<'_>> = rows.iter().map(|row| tell(row, &proofs, &passed)).collect();
    for rule in told.iter().filter(|told| told.verdict == Verdict::Fails) {
        say(&format!("{} {}", rule.row.id, rule.row.rule));
        for test in rule.row.tests.iter().filter(|test| !passed[*test]) {
            say(&format!("    {test}"));
        }
    }
    let fails = told.iter().any(|told| told.verdict == Verdict::Fails);
    say(&page::summary(&told).join("\n"));
    if !wanted.is_empty() {
        return Ok(exit(!fails));
    }
    let page = root().join(PAGE);
    let there = std::fs::read_to_string(&page).map_err(at("read", &page))?;
    let text = page::write(&map, &told) + mutations::kept(&there);
    if options.is_empty() {
        let fresh = there == text;
        if !fresh {
            say(&format!("{PAGE} says something else: --write renews it"));
        }
        return Ok(exit(!fails && fresh));
    }
    std::fs::write(&page, text).map_err(at("write", &page))?;
    Ok(exit(!fails))
}

fn exit(good: bool) -> ExitCode {
    match good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// What a row's tests have shown. A name may stand for several tests: all of them must have passed.
fn tell<'a>(row: &'a Row, proofs: &'a [Proof], passed: &BTreeMap<String, bool>) -> Told<'a> {
    let all = row.tests.iter().all(|test| passed.get(test) == Some(&true));
    let verdict = match &row.state {
        State::LeftOut(_) => Verdict::NoForm,
        State::NotYet(_) => Verdict::Unproved,
        State::Tested if all && !row.tests.is_empty() => Verdict::Holds,
        State::Tested => Verdict::Fails,
    };
    Told {
        row,
        verdict,
        proofs: proofs
            .iter()
            .filter(|proof| row.tests.contains(&proof.name))
            .collect(),
    }
}

impl Told<'_> {
    /// Its tests before that stage, as a cell of a table.
    fn on(&self, stage: Stage) -> Vec<&Proof> {
        let proofs = self.proofs.iter().copied();
        proofs.filter(|proof| proof.stage == stage).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(cell: &str, passed: &[(&str, bool)]) -> Verdict {
        let text = format!("## One (R-XX)\n\n| R-XX-01 | a rule | - | {cell} |\n");
        let map = Map::read(&text);
        let passed = passed
            .iter()
            .map(|(name, passed)| ((*name).to_owned(), *passed))
            .collect();
        let row = map.rows().next().unwrap();
        tell(row, &[], &passed).verdict
    }

    #[test]
    fn a_rule_holds_when_all_its_tests_have_passed() {
        let both = "`one`, `two`";
        assert_eq!(
            verdict(both, &[("one", true), ("two", true)]),
            Verdict::Holds
        );
        assert_eq!(
            verdict(both, &[("one", true), ("two", false)]),
            Verdict::Fails
        );
        assert_eq!(verdict(both, &[("one", true)]), Verdict::Fails, "not run");
    }

    /// The page as the map and the tree of tests want it, with what it says itself of those that fail: whoever adds a rule or a
    /// test finds that the page has to be written anew, without any test being run.
    #[test]
    fn the_page_has_the_rules_and_the_tests_that_there_are() {
        let read = |name| std::fs::read_to_string(root().join(name)).unwrap();
        let (map, page) = (Map::read(&read(MAP)), read(PAGE));
        let rows: Vec<&Row> = map.rows().collect();
        let proofs = proofs::of(&rows).unwrap();
        let told: Vec<Told<'_>> = rows
            .iter()
            .map(|row| {
                let begins = format!("| {} |", row.id);
                let own = page.lines().find(|line| line.starts_with(&begins));
                let passes = own.is_none_or(|line| !line.contains(Verdict::Fails.words()));
                let passed = row.tests.iter().map(|test| (test.clone(), passes));
                tell(row, &proofs, &passed.collect())
            })
            .collect();
        let text = page::write(&map, &told);
        let missing: Vec<&str> = text
            .lines()
            .filter(|line| !page.lines().any(|there| there == *line))
            .collect();
        assert!(
            missing.is_empty(),
            "{PAGE} is not up to date: `cargo xtask conformance --write`\n{}",
            missing.join("\n")
        );
    }

    #[test]
    fn what_has_no_test_is_told_as_such() {
        assert_eq!(verdict("left out: no such thing", &[]), Verdict::NoForm);
        assert_eq!(verdict("not yet: later", &[]), Verdict::Unproved);
    }
}
