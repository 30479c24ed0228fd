//! What the run has shown, as a section of docs/conformance.md.

use std::collections::BTreeMap;

use super::super::map::{Chapter, Map, State};
use super::list::{List, Mutation};
use super::trial::Outcome;

const TITLE: &str = "\n## What the tests notice\n";

const HEAD: &str = "
A test that cannot fail proves nothing. `cargo xtask conformance --mutations --write` makes the code that a rule rests on wrong, one
[mutation](mutations.md) after the other, runs the rule's tests, and writes this section; without `--write` it compares.
A mutation counts as noticed when every test that it names fails with it. A test that does not end in its
time fails as well, and so does one that takes its process down; how many have done that is told below the table.

";

/// The section of a page, to be kept where the rest is written anew.
pub(in super::super) fn kept(page: &str) -> &str {
    page.find(TITLE).map_or("", |start| &page[start..])
}

/// The page with another section.
pub(super) fn renewed(page: &str, section: &str) -> String {
    let rest = page.len() - kept(page).len();
    format!("{}{section}", &page[..rest])
}

pub(super) fn section(map: &Map, list: &List, outcomes: &BTreeMap<&str, Outcome>) -> String {
    let mut text = format!("{TITLE}{HEAD}");
    text.push_str(
        "| chapter | rules with tests | of these shown to fail | mutations | noticed |\n",
    );
    text.push_str("|---|---:|---:|---:|---:|\n");
    let mut sums = [0; 4];
    for chapter in &map.chapters {
        let figures = figures(chapter, list, outcomes);
        text.push_str(&line(&chapter.title, figures));
        for (sum, figure) in sums.iter_mut().zip(figures) {
            *sum += figure;
        }
    }
    text.push_str(&line("all", sums));
    text.push_str(&format!("\n{}\n", ends(outcomes)));
    let missed: Vec<&Mutation> = list
        .mutations
        .iter()
        .filter(|m| !is_noticed(m, outcomes))
        .collect();
    if !missed.is_empty() {
        text.push_str("\nNot noticed:\n\n");
        for mutation in missed {
            text.push_str(&format!("- {}: {}\n", mutation.id, mutation.entry.why));
        }
    }
    if !list.without.is_empty() {
        text.push_str("\nWithout a mutation:\n\n");
        for without in &list.without {
            let (what, why) = without.told();
            text.push_str(&format!("- {what}: {why}\n"));
        }
    }
    text
}

/// Of those that were noticed, how many otherwise than by a test that says that it fails.
pub(super) fn ends(outcomes: &BTreeMap<&str, Outcome>) -> String {
    let as_such = |such: &Outcome| outcomes.values().filter(|of| *of == such).count();
    let (hung, aborted) = (as_such(&Outcome::Hung), as_such(&Outcome::Aborted));
    format!(
        "Noticed by a test that did not end and had to be killed: {hung}. By one that took its process down: {aborted}."
    )
}

fn line(title: &str, figures: [usize; 4]) -> String {
    let [rules, shown, mutations, noticed] = figures;
    format!("| {title} | {rules} | {shown} | {mutations} | {noticed} |\n")
}

fn is_noticed(mutation: &Mutation, outcomes: &BTreeMap<&str, Outcome>) -> bool {
    outcomes
        .get(mutation.id.as_str())
        .is_some_and(Outcome::is_noticed)
}

/// Of a chapter: rules with tests, those of them of which a test was shown to fail, mutations, those noticed.
fn figures(chapter: &Chapter, list: &List, outcomes: &BTreeMap<&str, Outcome>) -> [usize; 4] {
    let rows = || chapter.rows.iter().filter(|row| row.state == State::Tested);
    let noticed = || list.mutations.iter().filter(|m| is_noticed(m, outcomes));
    let shown = rows().filter(|row| {
        let mut tests = noticed().flat_map(|mutation| &mutation.entry.tests);
        tests.any(|test| row.tests.contains(test))
    });
    let of = |m: &&Mutation| chapter.rows.iter().any(|row| row.id == m.entry.rule);
    [
        rows().count(),
        shown.count(),
        list.mutations.iter().filter(of).count(),
        noticed().filter(of).count(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_kept_and_renewed() {
        let page = format!("# Page\n\n| a |\n{TITLE}\nold\n");
        assert_eq!(kept(&page), format!("{TITLE}\nold\n"));
        assert_eq!(kept("# Page\n"), "");
        let section = format!("{TITLE}\nnew\n");
        let expected = format!("# Page\n\n| a |\n{section}");
        assert_eq!(renewed(&page, &section), expected);
        assert_eq!(renewed("# Page\n\n| a |\n", &section), expected);
    }

    #[test]
    fn what_did_not_say_that_it_fails_is_counted() {
        let outcomes = BTreeMap::from([
            ("R-XX-01/1", Outcome::Hung),
            ("R-XX-01/2", Outcome::Noticed),
            ("R-XX-01/3", Outcome::Aborted),
            ("R-XX-01/4", Outcome::Hung),
            ("R-XX-01/5", Outcome::NotBuilt),
        ]);
        let expected = "Noticed by a test that did not end and had to be killed: 2. By one that took its process down: 1.";
        assert_eq!(ends(&outcomes), expected);
        let section = section(&Map::read(""), &List::default(), &outcomes);
        assert!(section.contains(&format!("\n\n{expected}\n")), "{section}");
    }

    /// Whoever adds a mutation finds that the section has to be written anew, without any test being run.
    #[test]
    fn the_section_counts_the_mutations_that_there_are() {
        let read = |name| std::fs::read_to_string(crate::shell::root().join(name)).unwrap();
        let map = Map::read(&read("docs/spec-map.md"));
        let page = read("docs/conformance.md");
        let list = List::read().unwrap();
        for chapter in &map.chapters {
            let [.., mutations, _] = figures(chapter, &list, &BTreeMap::new());
            let begins = format!("| {} |", chapter.title);
            let line = kept(&page).lines().find(|line| line.starts_with(&begins));
            let told = line.and_then(|line| line.split('|').nth(4));
            assert_eq!(
                told.map(str::trim),
                Some(mutations.to_string().as_str()),
                "{}: `cargo xtask conformance --mutations --write`",
                chapter.title
            );
        }
    }
}
