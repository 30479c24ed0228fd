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
use super::proofs::{self, Proof, Stage};
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
    let is_wanted = |mutation: &&Mutation| {
        wanted.is_empty() || wanted.iter().any(|name| mutation.id.starts_with(*name))
    };
    let mutations: Vec<&Mutation> = list.mutations.iter().filter(is_wanted).collect();
    let named: BTreeSet<&String> = mutations.iter().flat_map(|m| &m.entry.tests).collect();
    let rows: Vec<&Row> = map.rows().collect();
    let mut proofs = proofs::of(&rows)?;
    proofs.retain(|proof| named.contains(&proof.name));
    once_each(&mut proofs);
    let copy = Copy::make(&list)?;
    let runs = proofs.iter().map(|proof| &proof.run).collect();
    say(&format!("builds {} mutations", mutations.len()));
    let mut programs = Programs::build(&copy, &runs)?;
    say(&format!("built in {:.0} s", start.elapsed().as_secs_f64()));
    without_any(&copy, &mut programs, &proofs)?;
    let outcomes = try_all(&copy, &programs, &proofs, &mutations)?;
    let noticed = outcomes.values().filter(|o| o.is_noticed()).count();
    say(&format!(
        "{noticed} of {} mutations noticed, {:.0} s",
        outcomes.len(),
        start.elapsed().as_secs_f64()
    ));
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

/// A test that is run on a node, too, is tried before the kernel alone: it is the same test, and there it is the quicker.
fn once_each(proofs: &mut Vec<Proof>) {
    let before_kernel = proofs.iter().filter(|proof| proof.stage == Stage::Kernel);
    let before_kernel: BTreeSet<String> = before_kernel.map(|proof| proof.name.clone()).collect();
    proofs.retain(|proof| proof.stage == Stage::Kernel || !before_kernel.contains(&proof.name));
}

/// With no mutation on all tests pass: what fails anyway would notice everything.
fn without_any(copy: &Copy, programs: &mut Programs, proofs: &[Proof]) -> Result<()> {
    let all: Vec<&Proof> = proofs.iter().collect();
    let passed = programs.measure(copy, &all)?.passed;
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
            Kind::Schema => programs
                .run(copy, &proofs, Some(mutation))?
                .outcome(mutation),
            Kind::Source => copy.with(mutation, || alone(copy, mutation, &proofs))?,
        };
        let verdict = match &outcome {
            Outcome::Noticed => "noticed".to_owned(),
            Outcome::Hung => "noticed, did not end".to_owned(),
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
fn alone(copy: &Copy, mutation: &Mutation, proofs: &[&Proof]) -> Result<Outcome> {
    let runs = proofs.iter().map(|proof| &proof.run).collect();
    match Programs::build(copy, &runs) {
        Ok(programs) => Ok(programs.run(copy, proofs, None)?.outcome(mutation)),
        Err(Error::Failed { .. }) => Ok(Outcome::NotBuilt),
        Err(other) => Err(other),
    }
}
