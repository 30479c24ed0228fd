//! What README.md and docs/performance.md state of performance can be measured again: tables with figures are made from
//! docs/figures/figures.toml, or stand in a section that names the command which repeats them; running text of the README has none.
//!
//! That the made tables are what the file says, and that a benchmark tells each of its ids, are tests of `xtask`.

use crate::expect_none;
use crate::tree::{File, files};

const FIRST: &str = "README.md";
const PAGE: &str = "docs/performance.md";
/// The commands that repeat figures.
const COMMANDS: &[&str] = &[
    "cargo xtask bench ",
    "cargo xtask acceptance ",
    "cargo xtask budget",
    "callgrind",
];
/// Units of performance.
const UNITS: &[&str] = &[
    "us", "µs", "ns", "ms", "KiB", "MiB", "GiB", "bytes", "kB", "MB",
];

#[test]
fn figures_can_be_measured_again() {
    expect_none(
        "figures that no benchmark tells (docs/figures/figures.toml, or name the command):",
        &unrepeatable(&files()),
    );
}

fn unrepeatable(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files {
        match file.path.as_str() {
            FIRST => {
                let stated = by_hand(&file.text).filter(|(_, line)| states(line));
                violations.extend(stated.map(|(n, _)| format!("{FIRST}:{n}")));
            }
            PAGE => {
                let sections = file.text.split("\n#").filter(|section| table(section));
                let unnamed =
                    sections.filter(|section| !COMMANDS.iter().any(|c| section.contains(c)));
                let heading = |section: &str| section.lines().next().unwrap_or_default().to_owned();
                violations.extend(unnamed.map(|section| {
                    format!(
                        "{PAGE}: section{}",
                        heading(section).trim_start_matches('#')
                    )
                }));
            }
            _ => {}
        }
    }
    violations
}

/// Lines outside code and outside what is made, with their numbers from 1.
fn by_hand(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let (mut code, mut made) = (false, false);
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.starts_with("```");
        code ^= fence;
        match *line {
            "<!-- figures -->" => made = true,
            "<!-- /figures -->" => made = false,
            _ => {}
        }
        !code && !fence && !made
    })
}

/// Whether a line has a number with a unit of performance, or one each second.
fn states(line: &str) -> bool {
    let words: Vec<&str> = line.split([' ', '|', '(', ')', ',', ';']).collect();
    let number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let unit = |word: &str| UNITS.contains(&word.trim_end_matches('.'));
    words.windows(2).any(|two| number(two[0]) && unit(two[1]))
        || words
            .iter()
            .any(|word| number(word) && word.trim_end_matches('.').ends_with("/s"))
}

/// Whether a section has a table with a figure that is not made.
fn table(section: &str) -> bool {
    by_hand(section)
        .any(|(_, line)| line.starts_with('|') && line.contains(|c: char| c.is_ascii_digit()))
}

#[test]
fn finds_figures_that_nobody_can_repeat() {
    let first = "It takes 12,000 bytes.\nA call of 20 seconds.\n```\n9 ms\n```\n<!-- figures -->\n| a | 3 us |\n<!-- /figures -->\n\
                 It does 500/s.\n";
    let page = "# Page\n\n## Made\n\n<!-- figures -->\n| a | 3 us |\n<!-- /figures -->\n\n## Named\n\n`cargo xtask bench sip`\n\n\
                | a | 1 |\n\n## Bare\n\n| b | 2 |\n";
    let files = [
        File::sample(FIRST, first),
        File::sample(PAGE, page),
        File::sample("a.md", "| 9 ms |"),
    ];
    assert_eq!(
        unrepeatable(&files),
        [
            "README.md:1",
            "README.md:9",
            "docs/performance.md: section Bare"
        ]
    );
}
