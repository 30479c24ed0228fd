//! Writes docs/conformance.md.

use super::map::{Chapter, Map};
use super::proofs::{Proof, Stage};
use super::{Told, Verdict};

const HEAD: &str = "\
# What of JAIN SLEE holds

This page is written by `cargo xtask conformance --write`, which runs the tests of all rules; without `--write` it compares. It says
what these tests have shown, and what nothing has shown yet.

*On the kernel* is one shard in virtual time, with an adaptor made for the tests or with a real one; that something does not
compile counts, too. *On a running node* is a process, or the same in one, with threads, sockets and a store on disk. A test that is
named in both columns was run twice: the second time a node's adaptor heard of it over a socket, the thread of its shard was torn away
for a restart, and the test turned the node's clock and let its deliveries through. The rules are told
at more length in [spec-map.md](spec-map.md), which also has the sources that each is implemented in. Which rules have no form in
Rust is decided in [decision 13](adr/0013-rules-without-a-form-in-rust.md).

";

const DEVIATIONS: &str = "\
## Mistakes of others (D)

Behaviour that was found by reading other containers, and that contradicts the rules or what the rules are for. Each has a test that
shows what is right here.

";

pub(super) fn write(map: &Map, told: &[Told<'_>]) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| | rules |\n|---|---:|\n");
    for line in figures(told) {
        page.push_str(&format!("| {} | {} |\n", line.0, line.1));
    }
    for chapter in &map.chapters {
        let of = |told: &&Told<'_>| chapter.rows.iter().any(|row| row.id == told.row.id);
        let rows: Vec<&Told<'_>> = told.iter().filter(of).collect();
        page.push_str(&table(chapter, &rows));
    }
    page
}

fn table(chapter: &Chapter, rows: &[&Told<'_>]) -> String {
    let rules = chapter.rows.iter().any(super::Row::is_rule);
    let mut text = match rules {
        true => format!("\n## {}\n\n", chapter.title),
        false => format!("\n{DEVIATIONS}"),
    };
    text.push_str(match rules {
        true => "| rule | what it says | verdict | on the kernel | on a running node |\n",
        false => {
            "| | what goes wrong elsewhere | what is right | verdict | on the kernel | on a running node |\n|---"
        }
    });
    text.push_str("|---|---|---|---|---|\n");
    for told in rows {
        let reason = told.row.reason();
        let verdict = match reason {
            "" => told.verdict.words().to_owned(),
            why => format!("{}: {why}", told.verdict.words()),
        };
        let verdict = match rules {
            true => verdict,
            false => format!("{} | {verdict}", told.row.place),
        };
        text.push_str(&format!(
            "| {} | {} | {verdict} | {} | {} |\n",
            told.row.id,
            told.row.rule,
            cell(&told.on(Stage::Kernel)),
            cell(&told.on(Stage::Node))
        ));
    }
    text
}

fn cell(proofs: &[&Proof]) -> String {
    let names = proofs.iter().map(|proof| format!("`{}`", proof.name));
    match proofs.is_empty() {
        true => "-".to_owned(),
        false => names.collect::<Vec<_>>().join(", "),
    }
}

/// What is counted, with how many rules.
fn figures(told: &[Told<'_>]) -> Vec<(&'static str, usize)> {
    let rules = || told.iter().filter(|told| told.row.is_rule());
    let with = |verdict| rules().filter(|told| told.verdict == verdict).count();
    let holds = |told: &&Told<'_>| told.verdict == Verdict::Holds;
    let on_node = |told: &&Told<'_>| !told.on(Stage::Node).is_empty();
    vec![
        ("in the catalogue", rules().count()),
        ("hold", with(Verdict::Holds)),
        (
            "hold, shown on a running node, too",
            rules().filter(holds).filter(on_node).count(),
        ),
        ("not proved yet", with(Verdict::Unproved)),
        ("without a form in Rust", with(Verdict::NoForm)),
        ("fail", with(Verdict::Fails)),
    ]
}

/// The same for the terminal.
pub(super) fn summary(told: &[Told<'_>]) -> Vec<String> {
    let lines = figures(told).into_iter();
    lines
        .map(|(what, rules)| format!("{rules:>5} {what}"))
        .collect()
}
