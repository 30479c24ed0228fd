//! What `bench all` leaves to be read: a Markdown page with all figures, and plots.

use std::fmt::Write as _;

use crate::bench::all::figure::{shown, with_unit};
use crate::bench::all::groups::GROUPS;
use crate::bench::all::plot::{Bar, Cluster, Series, Words, bars, lines};
use crate::bench::all::record::Record;

/// The value of a figure.
type Find<'a> = &'a dyn Fn(&str) -> Option<f64>;

/// A bar of [`others`]: its name, its figure, whether it is ours.
type OtherBar = (&'static str, &'static str, bool);

/// Systems of a role, the one to compare with first.
const ROLES: [(&str, &str, &[&str]); 2] = [
    (
        "uas",
        "answered",
        &["kamailio-uas", "uas-none", "uas-strict"],
    ),
    (
        "b2bua",
        "passed on",
        &["kamailio-relay", "b2bua-none", "b2bua-strict", "proxy-none"],
    ),
];
const RATES: [&str; 3] = ["200", "1000", "max"];

/// The page and the plots, with their names.
pub(crate) fn files(record: &Record) -> Vec<(String, String)> {
    let find = |id: &str| record.find(id).map(|figure| figure.value);
    let plots = plots(&find, &below(record));
    let names: Vec<&str> = plots.iter().map(|(name, _)| name.as_str()).collect();
    let page = page(record, &names);
    let mut files = vec![("all.md".to_owned(), page)];
    files.extend(plots);
    files
}

fn below(record: &Record) -> String {
    let machine = &record.machine;
    let size = if record.quick { ", quick" } else { "" };
    format!(
        "{} on {} cores of {}, Linux {}{size}",
        record.what(),
        machine.cores,
        machine.processor,
        machine.kernel
    )
}

/// All figures of a run, a table a group.
fn page(record: &Record, plots: &[&str]) -> String {
    let machine = &record.machine;
    let mut page = format!(
        "## Measured by `cargo xtask bench all`\n\nCommit {}, {} GiB.\n",
        below(record),
        machine.memory_gib
    );
    // Writing to a String does not fail.
    for version in &machine.versions {
        let _ = write!(page, "\n- {version}");
    }
    page.push('\n');
    for plot in plots {
        let _ = write!(page, "\n![{}]({plot})\n", plot.trim_end_matches(".svg"));
    }
    for done in &record.groups {
        let about = GROUPS
            .iter()
            .find(|group| group.name == done.name)
            .map_or("", |group| group.about);
        let _ = write!(
            page,
            "\n### {}: {about}\n\nBegan {} UTC at load {}, took {} s.\n",
            done.name, done.began, done.load, done.seconds
        );
        for note in &done.notes {
            let _ = write!(page, "\n- {note}");
        }
        if done.figures.is_empty() {
            continue;
        }
        page.push_str("\n| figure | | ± % | rounds |\n|---|---:|---:|---|\n");
        for figure in &done.figures {
            let rounds: Vec<String> = figure
                .rounds
                .iter()
                .map(|round| shown(*round, &figure.unit))
                .collect();
            let spread = figure
                .spread
                .map_or_else(String::new, |spread| shown(spread, ""));
            let value = with_unit(figure.value, &figure.unit);
            let _ = writeln!(
                page,
                "| `{}` | {value} | {spread} | {} |",
                figure.id,
                rounds.join(" ")
            );
        }
    }
    page
}

/// All plots of which there are figures.
pub(crate) fn plots(find: Find<'_>, below: &str) -> Vec<(String, String)> {
    let mut plots = Vec::new();
    let mut add = |name: &str, svg: String| plots.push((format!("{name}.svg"), svg));
    let calls = calls(find);
    if !calls.is_empty() {
        let words = Words {
            title: "CPU of a call; behind it the ratio to the peer",
            unit: "us",
            below,
        };
        add("calls", bars(words, &calls));
    }
    for (role, done, systems) in ROLES {
        let series = latencies(find, systems);
        if !series.is_empty() {
            let title = format!("INVITE to 200 of a call that is {done}");
            let words = Words {
                title: &title,
                unit: "ms",
                below,
            };
            add(role, lines(words, &series));
        }
    }
    let others = others(find);
    if !others.is_empty() {
        let words = Words {
            title: "CPU of the server; behind it the ratio to the peer",
            unit: "us",
            below,
        };
        add("others", bars(words, &others));
    }
    plots
}

/// CPU of a call, by role and rate.
fn calls(find: Find<'_>) -> Vec<Cluster> {
    let mut clusters = Vec::new();
    for (_, done, systems) in ROLES {
        for rate in RATES {
            let name = match find(&format!("sip.{}.{rate}.rate", systems[1])) {
                Some(rate) => format!(
                    "{done}, at {}/s (70 % of the slowest's maximum)",
                    shown(rate, "/s")
                ),
                None => format!("{done}, at {}/s", shown(rate.parse().unwrap_or(0.0), "/s")),
            };
            clusters.extend(cluster(find, name, systems, rate));
        }
    }
    let rate = find("sip.sippy-b2bua.sippy.rate").unwrap_or(0.0);
    let name = format!("passed on, at {}/s, beside Sippy", shown(rate, "/s"));
    clusters.extend(cluster(
        find,
        name,
        &["sippy-b2bua", "b2bua-none", "b2bua-strict"],
        "sippy",
    ));
    clusters
}

/// None: nothing of it was measured.
fn cluster(find: Find<'_>, name: String, systems: &[&str], rate: &str) -> Option<Cluster> {
    let bar = |(n, system): (usize, &&str)| {
        let ratio = find(&format!("sip.{system}.{rate}.ratio"));
        Some(Bar {
            name: (*system).to_owned(),
            value: find(&format!("sip.{system}.{rate}.cpu"))?,
            more: ratio.map_or_else(String::new, |ratio| shown(ratio, "ratio")),
            ours: n > 0,
        })
    };
    let bars: Vec<Bar> = systems.iter().enumerate().filter_map(bar).collect();
    (!bars.is_empty()).then_some(Cluster { name, bars })
}

/// Percentiles of systems over the rates.
fn latencies(find: Find<'_>, systems: &[&str]) -> Vec<Series> {
    let mut series = Vec::new();
    for system in systems.iter().filter(|system| **system != "proxy-none") {
        for percentile in ["p50", "p99"] {
            let point = |rate: &&str| {
                let at =
                    find(&format!("sip.{system}.{rate}.rate")).or_else(|| rate.parse().ok())?;
                Some((at, find(&format!("sip.{system}.{rate}.{percentile}"))?))
            };
            let points: Vec<(f64, f64)> = RATES.iter().filter_map(point).collect();
            if !points.is_empty() {
                let name = format!("{system} {percentile}");
                series.push(Series { name, points });
            }
        }
    }
    series
}

/// Diameter and short messages.
fn others(find: Find<'_>) -> Vec<Cluster> {
    let clusters: [(&str, &str, &[OtherBar]); 2] = [
        (
            "a CCR that is answered",
            "diameter.freediameter.server",
            &[
                ("freeDiameter", "diameter.freediameter.server", false),
                ("crate diameter", "diameter.crate-1.server", false),
                ("Strowger", "diameter.strowger-1.server", true),
            ],
        ),
        (
            "a short message that is taken",
            "sms.kannel.cpu",
            &[
                ("Kannel", "sms.kannel.cpu", false),
                ("smpp34, keeps none", "sms.smpp34-1.cpu", false),
                ("Strowger, strict", "sms.strict-1.cpu", true),
                ("Strowger, none", "sms.none-1.cpu", true),
            ],
        ),
    ];
    let cluster = |(name, base, rows): (&str, &str, &[OtherBar])| {
        let bar = |(name, id, ours): &OtherBar| {
            let value = find(id)?;
            let ratio = find(base).filter(|_| *id != base).map(|base| value / base);
            Some(Bar {
                name: (*name).to_owned(),
                value,
                more: ratio.map_or_else(String::new, |ratio| shown(ratio, "ratio")),
                ours: *ours,
            })
        };
        let bars: Vec<Bar> = rows.iter().filter_map(bar).collect();
        let name = name.to_owned();
        (!bars.is_empty()).then_some(Cluster { name, bars })
    };
    clusters.into_iter().filter_map(cluster).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::all::read::tests::sampled;
    use crate::bench::all::record::Done;

    #[test]
    fn a_run_leaves_a_page_and_plots() {
        let done = Done {
            name: "sip".to_owned(),
            notes: vec!["left out: sippy-b2bua: not installed".to_owned()],
            figures: sampled(),
            ..Done::default()
        };
        let record = Record {
            groups: vec![done],
            ..Record::default()
        };
        let files = files(&record);
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["all.md", "calls.svg", "uas.svg", "b2bua.svg", "others.svg"]
        );
        let page = &files[0].1;
        for text in [
            "- left out: sippy-b2bua",
            "![calls](calls.svg)",
            "| `sip.uas-none.200.ratio` | 0.50 |",
            "| 52 50 48 |",
        ] {
            assert!(page.contains(text), "{text} in {page}");
        }
        // Ours beside the peer, with what it is to it.
        assert!(
            files[1].1.contains("<tspan class=\"faint\">0.50</tspan>"),
            "{}",
            files[1].1
        );
    }

    #[test]
    fn of_nothing_there_is_no_plot() {
        assert!(plots(&|_| None, "").is_empty());
    }
}
