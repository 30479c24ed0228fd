//! docs/spec-map.md has every rule of the catalogue once, and each row names tests that exist or says why it has none.
//!
//! Tests carry the rule's id in their name (`fn r_rt_02_service_first_on_tie()`), sources cite it in a comment (R-RT-02).
//! With `UPDATE=1` the rows are filled from both; cells that say `left out:` are left alone, and so are the mistakes of others (D), whose
//! third cell says what is right.

use std::collections::{BTreeMap, BTreeSet};

use crate::expect_none;
use crate::tree::{File, files, root};

const PAGE: &str = "docs/spec-map.md";
/// The decision that says which rules have nothing to test.
const LEFT_OUT: &str = "docs/adr/0013-rules-without-a-form-in-rust.md";
/// What must not compile: a file is a test.
const FAILING: &str = "tests/ui/tests/fail/";
/// Mistakes of others, told in the same page.
const DEVIATIONS: u32 = 15;

/// Chapters of the catalogue with their number of rules.
const CHAPTERS: &[(&str, u32)] = &[
    ("TX", 10),
    ("EV", 11),
    ("RT", 10),
    ("OR", 4),
    ("IE", 10),
    ("MK", 4),
    ("EC", 8),
    ("SO", 9),
    ("SE", 10),
    ("EX", 8),
    ("AC", 7),
    ("AT", 4),
    ("AE", 5),
    ("NA", 5),
    ("NF", 2),
    ("TM", 10),
    ("SL", 4),
    ("SV", 8),
    ("RE", 3),
    ("RO", 5),
    ("RP", 7),
    ("LK", 2),
    ("PR", 8),
    ("PQ", 2),
    ("PE", 2),
    ("US", 5),
    ("AL", 5),
    ("TR", 2),
    ("DU", 6),
    ("LB", 1),
    ("XC", 1),
    ("AD", 1),
];

/// What a test cell says where there is no test.
const REASONS: &[&str] = &["not yet: ", "left out: "];

/// A row of the table: `| id | rule | where | test |`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    id: String,
    rule: String,
    place: String,
    test: String,
}

impl Row {
    fn read(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line
            .strip_prefix('|')?
            .strip_suffix('|')?
            .split('|')
            .map(str::trim)
            .collect();
        let &[id, rule, place, test] = cells.as_slice() else {
            return None;
        };
        (id.starts_with("R-") || id.starts_with("D-")).then(|| Self {
            id: id.to_owned(),
            rule: rule.to_owned(),
            place: place.to_owned(),
            test: test.to_owned(),
        })
    }

    fn write(&self) -> String {
        format!(
            "| {} | {} | {} | {} |",
            self.id, self.rule, self.place, self.test
        )
    }
}

#[test]
fn every_rule_has_its_test_or_a_reason() {
    let files = files();
    let found = Found::new(&files);
    let mut page = files
        .iter()
        .find(|file| file.path == PAGE)
        .expect(PAGE)
        .text
        .clone();
    if std::env::var_os("UPDATE").is_some() {
        page = filled(&page, &found);
        std::fs::write(root().join(PAGE), &page).expect("the page is writable");
    }
    expect_none(
        &format!("{PAGE} (renew it with UPDATE=1):"),
        &violations(&page, &found),
    );
}

/// What the sources hold: names of functions, and by rule the tests and the files that cite it.
#[derive(Default)]
struct Found {
    functions: BTreeSet<String>,
    paths: BTreeSet<String>,
    tests: BTreeMap<String, BTreeSet<String>>,
    places: BTreeMap<String, BTreeSet<String>>,
}

impl Found {
    fn new(files: &[File]) -> Self {
        let mut found = Self::default();
        for file in files {
            found.paths.insert(file.path.clone());
            if !file.is("rs") || file.path.starts_with("tests/tidy/") {
                continue;
            }
            let failing = file.path.strip_prefix(FAILING);
            let failing = failing.and_then(|name| name.strip_suffix(".rs"));
            for name in file.text.lines().filter_map(function).chain(failing) {
                found.functions.insert(name.to_owned());
                if let Some(id) = id_of(name) {
                    found.tests.entry(id).or_default().insert(name.to_owned());
                }
            }
            if file.is_test() {
                continue;
            }
            for id in file.code_lines().flat_map(|(_, line)| citations(line)) {
                found
                    .places
                    .entry(id)
                    .or_default()
                    .insert(file.path.clone());
            }
        }
        found
    }
}

/// The name in `fn name(`.
fn function(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let code = before
        .split_whitespace()
        .all(|word| word.starts_with("pub") || ["const", "async", "unsafe"].contains(&word));
    code.then(|| rest.split(['(', '<']).next().unwrap_or_default())
}

/// `r_rt_02_service_first` is about R-RT-02.
fn id_of(function: &str) -> Option<String> {
    let mut parts = function.strip_prefix("r_")?.split('_');
    let (chapter, number) = (parts.next()?.to_uppercase(), parts.next()?);
    let known = CHAPTERS.iter().any(|(name, _)| *name == chapter);
    (known && number.len() == 2).then(|| format!("R-{chapter}-{number}"))
}

/// All `R-XX-NN` in a line.
fn citations(line: &str) -> Vec<String> {
    line.match_indices("R-")
        .filter_map(|(start, _)| line.get(start..start + 7))
        .filter(|id| {
            let known = CHAPTERS.iter().any(|(name, _)| Some(*name) == id.get(2..4));
            known && &id[4..5] == "-" && id[5..].bytes().all(|byte| byte.is_ascii_digit())
        })
        .map(str::to_owned)
        .collect()
}

/// The page with the cells of all rules filled from what was found.
fn filled(page: &str, found: &Found) -> String {
    let mut text = String::new();
    for line in page.lines() {
        match Row::read(line) {
            Some(row) => text.push_str(&fill(row, found).write()),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

fn fill(mut row: Row, found: &Found) -> Row {
    if row.test.starts_with("left out: ") || row.id.starts_with("D-") {
        return row;
    }
    // Names that were written by hand stay as long as they exist.
    let mut tests: BTreeSet<String> = ticked(&row.test)
        .filter(|name| found.functions.contains(*name))
        .map(str::to_owned)
        .collect();
    tests.extend(found.tests.get(&row.id).into_iter().flatten().cloned());
    if !tests.is_empty() {
        row.test = ticks(&tests);
    }
    let mut places: BTreeSet<String> = ticked(&row.place)
        .filter(|path| found.paths.contains(*path))
        .map(str::to_owned)
        .collect();
    places.extend(found.places.get(&row.id).into_iter().flatten().cloned());
    row.place = if places.is_empty() {
        "-".to_owned()
    } else {
        ticks(&places)
    };
    row
}

fn violations(page: &str, found: &Found) -> Vec<String> {
    let rows: Vec<Row> = page.lines().filter_map(Row::read).collect();
    let mut violations = Vec::new();
    let rules = CHAPTERS.iter().flat_map(|(chapter, rules)| {
        (1..=*rules).map(move |number| format!("R-{chapter}-{number:02}"))
    });
    let mistakes = (1..=DEVIATIONS).map(|number| format!("D-{number:02}"));
    for id in rules.chain(mistakes) {
        match rows.iter().filter(|row| row.id == id).count() {
            1 => {}
            count => violations.push(format!("{id} has {count} rows")),
        }
    }
    for row in &rows {
        let reasoned = REASONS.iter().any(|reason| {
            row.test
                .strip_prefix(reason)
                .is_some_and(|words| words.len() > 3)
        });
        if ticked(&row.test).next().is_none() && !reasoned {
            violations.push(format!("{} names no test and no reason", row.id));
        }
        for name in ticked(&row.test).filter(|_| !reasoned) {
            if !found.functions.contains(name) {
                violations.push(format!("{}: there is no test `{name}`", row.id));
            }
        }
        for path in ticked(&row.place).filter(|path| !found.paths.contains(*path)) {
            violations.push(format!("{}: there is no file `{path}`", row.id));
        }
    }
    violations
}

#[test]
fn what_is_left_out_is_what_was_decided() {
    let files = files();
    let text = |path: &str| {
        let file = files.iter().find(|file| file.path == path);
        file.expect(path).text.clone()
    };
    expect_none(
        "rules that are left out:",
        &undecided(&text(PAGE), &text(LEFT_OUT)),
    );
}

/// Rules that only one of map and decision leaves out.
fn undecided(page: &str, decision: &str) -> Vec<String> {
    let rows = page.lines().filter_map(Row::read);
    let map: BTreeSet<String> = rows
        .filter(|row| row.test.starts_with("left out: "))
        .map(|row| row.id)
        .collect();
    let rows = decision
        .lines()
        .filter_map(|line| line.strip_prefix("| R-"));
    let decided: BTreeSet<String> = rows
        .filter_map(|row| row.split(' ').next())
        .map(|id| format!("R-{id}"))
        .collect();
    let differ = map.symmetric_difference(&decided);
    differ
        .map(|id| format!("{id} is left out by {PAGE} or by {LEFT_OUT} alone"))
        .collect()
}

#[test]
fn finds_what_nobody_has_decided_to_leave_out() {
    let page = "| R-TX-01 | a rule | - | left out: so it is |\n| R-TX-02 | a rule | - | left out: so it is |\n";
    let found = undecided(page, "| R-TX-02 | why |\n| R-TX-03 | why |\n");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("R-TX-01") && found[1].starts_with("R-TX-03"));
}

/// What stands between backticks.
fn ticked(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn ticks(names: &BTreeSet<String>) -> String {
    let ticked: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    ticked.join(", ")
}

#[test]
fn fills_rows_from_tests_and_citations() {
    let found = Found::new(&[
        File::sample("container/kernel/src/router.rs", "//! R-RT-02, R-RT-99x\n"),
        File::sample(
            "container/kernel/tests/router.rs",
            "fn r_rt_02_tie() {}\nfn by_hand() {}\n",
        ),
    ]);
    let row =
        |place: &str, test: &str| Row::read(&format!("| R-RT-02 | a rule | {place} | {test} |"));
    let filled = fill(row("-", "not yet: soon").unwrap(), &found);
    assert_eq!(
        filled,
        row("`container/kernel/src/router.rs`", "`r_rt_02_tie`").unwrap()
    );
    let filled = fill(row("-", "`by_hand`, `gone`").unwrap(), &found);
    assert_eq!(filled.test, "`by_hand`, `r_rt_02_tie`");
    let left_out = row("-", "left out: no such thing here").unwrap();
    assert_eq!(fill(left_out.clone(), &found), left_out);
}

#[test]
fn finds_rows_without_tests() {
    let page = "| R-TX-01 | a rule | - | `nobody` |\n| R-TX-02 | a rule | `no.rs` | |\n";
    let violations = violations(page, &Found::default());
    assert!(violations.contains(&"R-TX-01: there is no test `nobody`".to_owned()));
    assert!(violations.contains(&"R-TX-02 names no test and no reason".to_owned()));
    assert!(violations.contains(&"R-TX-02: there is no file `no.rs`".to_owned()));
    assert!(violations.contains(&"R-AD-01 has 0 rows".to_owned()));
}
