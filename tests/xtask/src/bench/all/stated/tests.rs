//! That pages and plots are what the file makes of them, and that what it states can be measured.

use super::*;
use crate::bench::all::figure::Figure;
use crate::bench::all::read::tests::sampled;
use crate::bench::all::record::Done;

const SAMPLE: &str = "
[runs.sip]
date = \"2026-01-01 00:00\"
on = \"a machine\"

[[figure]]
id = \"sip.a.200.ratio\"
what = \"CPU\"
unit = \"ratio\"
value = 0.5
spread = 10.0
most = 0.6
readme = true

[[figure]]
id = \"sip.b.200.cpu\"
what = \"b\"
unit = \"us\"
spread = 10.0
";

fn record(value: f64) -> Record {
    let rounds = vec![value * 0.9, value, value * 1.1];
    let done = Done {
        name: "sip".to_owned(),
        began: "2026-02-02 02:02".to_owned(),
        load: "0.10".to_owned(),
        figures: Figure::of("sip.a.200.ratio", "ratio", rounds)
            .into_iter()
            .collect(),
        ..Done::default()
    };
    Record {
        commit: "abc".to_owned(),
        groups: vec![done],
        ..Record::default()
    }
}

#[test]
fn tells_what_is_off_and_what_is_missed() {
    let stated = Stated::parse(SAMPLE).unwrap();
    let text = stated.compared(&record(0.7));
    assert!(
        text.starts_with("1 of 2 stated figures were measured, at abc"),
        "{text}"
    );
    assert!(
        text.contains("stated 0.50 (spread 10 %), measured 0.70 (+40 %)"),
        "{text}"
    );
    assert!(text.contains("0.70, at most 0.60 is the aim"), "{text}");
    assert!(text.contains("not measured: sip.b.200.cpu"), "{text}");
    assert_eq!(
        stated.compared(&record(0.54)).matches("  none\n").count(),
        2
    );
}

#[test]
fn states_what_was_measured() {
    let stated = Stated::parse(SAMPLE).unwrap();
    let new = stated.measured(&record(0.7)).unwrap();
    assert_eq!(new.find("sip.a.200.ratio"), Some(0.7));
    assert_eq!(new.figures[0].spread, 10.0);
    assert_eq!(new.runs["sip"].date, "2026-02-02 02:02");
    assert_eq!(Stated::parse(&new.text()).unwrap(), new);
    assert_eq!(
        new.first_page(),
        "| | | aim |\n|---|---:|---|\n| CPU | 0.70 | missed: at most 0.60 |\n"
    );
    assert!(
        new.whole_page()
            .contains("| CPU | 0.70 | 10 | missed: at most 0.60 | `sip.a.200.ratio` |")
    );
    let quick = Record {
        quick: true,
        ..record(0.7)
    };
    assert!(stated.measured(&quick).is_err());
}

#[test]
fn what_is_made_stands_between_the_marks() {
    let page = "a\n<!-- figures -->\nold\n<!-- /figures -->\nb\n";
    let new = put(page, "| new |\n\n").unwrap();
    assert_eq!(
        new,
        "a\n<!-- figures -->\n\n| new |\n\n<!-- /figures -->\nb\n"
    );
    assert_eq!(put("no marks", "x"), None);
}

#[test]
fn the_file_is_written_as_it_is_read() {
    let text = std::fs::read_to_string(root().join(FILE)).unwrap();
    let same = Stated::parse(&text).unwrap().text() == text;
    assert!(
        same,
        "{FILE} is not as `cargo xtask bench all --write` writes it"
    );
}

#[test]
fn pages_and_plots_are_made_from_the_file() {
    for (file, wanted) in Stated::read().unwrap().made(&root()).unwrap() {
        let there = std::fs::read_to_string(&file).unwrap_or_default();
        if std::env::var_os("UPDATE").is_some() {
            written(&file, &wanted).unwrap();
        } else {
            assert!(
                there == wanted,
                "{} is not what {FILE} says: UPDATE=1 cargo test -p xtask makes it anew",
                file.display()
            );
        }
    }
}

#[test]
fn every_stated_figure_can_be_measured() {
    let measured: Vec<Figure> = sampled();
    for entry in Stated::read().unwrap().figures {
        let figure = measured.iter().find(|figure| figure.id == entry.id);
        let figure = figure.unwrap_or_else(|| panic!("no benchmark tells {}", entry.id));
        assert_eq!(figure.unit, entry.unit, "{}", entry.id);
        assert!(
            !(entry.most.is_some() && entry.least.is_some()),
            "{}",
            entry.id
        );
    }
}

#[test]
fn stated_figures_are_stated_once() {
    let mut ids: Vec<String> = Stated::read()
        .unwrap()
        .figures
        .into_iter()
        .map(|entry| entry.id)
        .collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}
