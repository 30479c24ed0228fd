//! `cargo xtask conformance --mutations`: whether the test of each rule fails when the code that it guards is wrong.
//!
//! Mutations that are expressions or statements are all compiled in at once, and one is chosen when a test runs: a build and some
//! milliseconds each, where a build each would take hours. What cannot be chosen so (types, attributes, macros) is built alone.

mod copy;
mod list;
mod report;
mod schema;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Instant;

use super::map::{Map, Row};
use super::proofs::{self, Proof, Run, Stage};
use crate::error::{Error, Result, at};
use crate::print::say;
use crate::shell::root;
use copy::Copy;
use list::{Kind, List, Mutation};
pub(super) use report::kept;
use trial::{Outcome, Programs};

/// Tries the mutations whose names begin with one of these, or all.
pub(super) fn run(map: &Map, wanted: &[&String], write: bool) -> Result<ExitCode> {
    let start = Instant::now();
    let list = List::read()?;
    let read = |file: &str| std::fs::read_to_string(root().join(file)).ok();
    let wrong = list.violations(map, read);
    if !wrong.is_empty() {
        say(&wrong.join("\n"));
        return Ok(ExitCode::FAILURE);
    }
    let mutations = chosen(&list, wanted);
    let named: BTreeSet<&String> = mutations.iter().flat_map(|m| &m.entry.tests).collect();
    let rows: Vec<&Row> = map.rows().collect();
    let mut proofs = proofs::of(&rows)?;
    proofs.retain(|proof| named.contains(&proof.name));
    let lost = lost(&named, &proofs);
    if !lost.is_empty() {
        return Err(Error::Failed {
            what: format!("finding the tests {}", lost.join(", ")),
        });
    }
    once_each(&mut proofs);
    let late = too_late(&mutations, &proofs);
    if !late.is_empty() {
        say(&late.join("\n"));
        return Ok(ExitCode::FAILURE);
    }
    let copy = Copy::make(&list)?;
    let runs = proofs.iter().map(|proof| &proof.run).collect();
    say(&format!("builds {} mutations", mutations.len()));
    let mut programs = Programs::build(&copy, &runs)?;
    say(&format!("built in {:.0} s", start.elapsed().as_secs_f64()));
    without_any(&mut programs, &proofs)?;
    let outcomes = try_all(&copy, &programs, &proofs, &mutations)?;
    let noticed = outcomes.values().filter(|o| o.is_noticed()).count();
    say(&format!(
        "{noticed} of {} mutations noticed, {:.0} s",
        outcomes.len(),
        start.elapsed().as_secs_f64()
    ));
    say(&report::ends(&outcomes));
    let good = noticed == outcomes.len();
    if !wanted.is_empty() {
        return Ok(super::exit(good));
    }
    let section = report::section(map, &list, &outcomes);
    let page = root().join(super::PAGE);
    let there = std::fs::read_to_string(&page).map_err(at("read", &page))?;
    let text = report::renewed(&there, &section);
    if write {
        std::fs::write(&page, text).map_err(at("write", &page))?;
    } else if text != there {
        say(&format!(
            "{} says something else: --write renews it",
            super::PAGE
        ));
        return Ok(super::exit(false));
    }
    Ok(super::exit(good))
}

/// Those to try, in this order: what is built alone takes the place of programs that the others are tried with, and so comes last.
fn chosen<'a>(list: &'a List, wanted: &[&String]) -> Vec<&'a Mutation> {
    let is_wanted = |mutation: &&Mutation| {
        wanted.is_empty() || wanted.iter().any(|name| mutation.id.starts_with(*name))
    };
    let mut mutations: Vec<&Mutation> = list.mutations.iter().filter(is_wanted).collect();
    mutations.sort_by_key(|mutation| mutation.entry.kind == Kind::Source);
    mutations
}

/// A test that is run on a node, too, is tried before the kernel alone: it is the same test, and there it is the quicker.
fn once_each(proofs: &mut Vec<Proof>) {
    let before_kernel = proofs.iter().filter(|proof| proof.stage == Stage::Kernel);
    let before_kernel: BTreeSet<String> = before_kernel.map(|proof| proof.name.clone()).collect();
    proofs.retain(|proof| proof.stage == Stage::Kernel || !before_kernel.contains(&proof.name));
}

/// Names of tests that the sources do not have as such: nothing would be run for them.
fn lost<'a>(named: &BTreeSet<&'a String>, proofs: &[Proof]) -> Vec<&'a str> {
    let names = named.iter().map(|name| name.as_str());
    names
        .filter(|name| !proofs.iter().any(|proof| proof.name == *name))
        .collect()
}

/// Mutations of the macros for tests that are compiled before one is chosen: a line each.
fn too_late(mutations: &[&Mutation], proofs: &[Proof]) -> Vec<String> {
    let chosen = mutations.iter().filter(|m| m.is_chosen_in_the_compiler());
    let of = |mutation: &&&Mutation| {
        let tests = &mutation.entry.tests;
        let mut proofs = proofs.iter().filter(|proof| tests.contains(&proof.name));
        proofs.any(|proof| proof.run != Run::CompileFail)
    };
    let late = chosen.filter(of);
    late.map(|mutation| {
        let id = &mutation.id;
        format!("{id}: its tests are compiled before it is on: it needs kind = \"source\"")
    })
    .collect()
}

/// With no mutation on all tests pass: what fails anyway would notice everything.
fn without_any(programs: &mut Programs, proofs: &[Proof]) -> Result<()> {
    let all: Vec<&Proof> = proofs.iter().collect();
    let passed = programs.measure(&all)?;
    let failed: Vec<&str> = proofs
        .iter()
        .map(|proof| proof.name.as_str())
        .filter(|name| !passed.contains(*name))
        .collect();
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Error::Failed {
            what: format!("without a mutation: {}", failed.join(", ")),
        }),
    }
}

fn try_all<'a>(
    copy: &Copy,
    programs: &Programs,
    proofs: &[Proof],
    mutations: &[&'a Mutation],
) -> Result<BTreeMap<&'a str, Outcome>> {
    let mut outcomes = BTreeMap::new();
    for (nth, mutation) in (1..).zip(mutations) {
        let start = Instant::now();
        let of = |proof: &&Proof| mutation.entry.tests.contains(&proof.name);
        let proofs: Vec<&Proof> = proofs.iter().filter(of).collect();
        let outcome = match mutation.entry.kind {
            Kind::Schema => programs.run(&proofs, Some(mutation))?.outcome(mutation),
            Kind::Source => copy.with(mutation, || alone(copy, programs, mutation, &proofs))?,
        };
        let verdict = match &outcome {
            Outcome::Noticed => "noticed".to_owned(),
            Outcome::Hung => "noticed, did not end and was killed".to_owned(),
            Outcome::Aborted => "noticed, took its process down".to_owned(),
            Outcome::Passed(tests) => format!("NOT NOTICED by {}", tests.join(", ")),
            Outcome::NotBuilt => "NOT NOTICED: it does not compile".to_owned(),
        };
        say(&format!(
            "{nth:>3}/{} {:<12} {:>6.1} s  {verdict}: {}",
            mutations.len(),
            mutation.id,
            start.elapsed().as_secs_f64(),
            mutation.entry.why
        ));
        outcomes.insert(mutation.id.as_str(), outcome);
    }
    Ok(outcomes)
}

/// The same for what has to be built first.
fn alone(
    copy: &Copy,
    measured: &Programs,
    mutation: &Mutation,
    proofs: &[&Proof],
) -> Result<Outcome> {
    let runs = proofs.iter().map(|proof| &proof.run).collect();
    let built = measured.built_anew(copy, &runs);
    match built.and_then(|built| built.run(proofs, None)) {
        Ok(ran) => Ok(ran.outcome(mutation)),
        Err(Error::NotBuilt { .. }) => Ok(Outcome::NotBuilt),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_alone_comes_last() {
        let mutation = |rule: &str, kind: &str| {
            format!(
                "[[mutation]]\nrule = \"{rule}\"\nfile = \"a/src/lib.rs\"\nfind = \"a\"\nreplace = \"b\"\n\
                 tests = [\"t\"]\nwhy = \"so\"\nkind = \"{kind}\"\n"
            )
        };
        let mut list = List::default();
        let text = mutation("R-XX-01", "source") + &mutation("R-XX-01", "schema");
        let text = text + &mutation("R-XX-02", "schema");
        list.add(std::path::Path::new("R-XX.toml"), &text).unwrap();
        let ids = |wanted: &[&String]| -> Vec<&str> {
            chosen(&list, wanted)
                .iter()
                .map(|m| m.id.as_str())
                .collect()
        };
        assert_eq!(ids(&[]), ["R-XX-01/2", "R-XX-02/1", "R-XX-01/1"]);
        assert_eq!(ids(&[&"R-XX-01".to_owned()]), ["R-XX-01/2", "R-XX-01/1"]);
    }

    #[test]
    fn the_macros_are_changed_at_run_time_only_for_what_is_compiled_then() {
        let text = |kind: &str| {
            format!(
                "[[mutation]]\nrule = \"R-XX-01\"\nfile = \"container/macros/src/lib.rs\"\nfind = \"a\"\nreplace = \"b\"\n\
                 tests = [\"t\"]\nwhy = \"so\"\nkind = \"{kind}\"\n"
            )
        };
        let mut list = List::default();
        let both = text("source") + &text("schema");
        list.add(std::path::Path::new("R-XX.toml"), &both).unwrap();
        let mutations: Vec<&Mutation> = list.mutations.iter().collect();
        let proof = |run| Proof {
            name: "t".to_owned(),
            run,
            stage: Stage::Kernel,
        };
        let of = |run| too_late(&mutations, &[proof(run)]);
        assert_eq!(of(Run::CompileFail), Vec::<String>::new());
        let program = Run::Test {
            package: "p".to_owned(),
            target: proofs::Target::Lib,
            features: Vec::new(),
        };
        assert_eq!(
            of(program),
            ["R-XX-01/2: its tests are compiled before it is on: it needs kind = \"source\""]
        );
    }

    #[test]
    fn every_test_that_a_mutation_names_is_found() {
        let text = std::fs::read_to_string(root().join(super::super::MAP)).unwrap();
        let map = Map::read(&text);
        let list = List::read().unwrap();
        let named = list.mutations.iter().flat_map(|m| &m.entry.tests).collect();
        let rows: Vec<&Row> = map.rows().collect();
        let proofs = proofs::of(&rows).unwrap();
        assert_eq!(lost(&named, &proofs), Vec::<&str>::new());
        let mutations: Vec<&Mutation> = list.mutations.iter().collect();
        assert_eq!(too_late(&mutations, &proofs), Vec::<String>::new());
        assert_eq!(lost(&named, &[]).len(), named.len());
    }
}
