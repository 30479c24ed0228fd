//! `strowger usage`: what services of a running node count of their own work.

use crate::api::path;
use crate::args::{self, NamedSet, UsageSets};
use crate::failure::Failure;
use crate::listing::{one, order};
use crate::table::{Fit, Table};
use strowger_node::status::{SampleStatus, UsageStatus};

const COLUMNS: &[(&str, Fit)] = &[
    ("SBB", Fit::Whole),
    ("SET", Fit::Whole),
    ("PARAMETER", Fit::Whole),
    ("COUNT", Fit::Right),
    ("MIN", Fit::Right),
    ("MEAN", Fit::Right),
    ("MAX", Fit::Right),
    ("P50", Fit::Right),
    ("P95", Fit::Right),
    ("P99", Fit::Right),
    ("UNIT", Fit::Whole),
];

/// What stands for the name of a set that has none.
const UNNAMED: &str = "(unnamed)";

/// Lists sets, resets, makes or removes them.
pub(crate) fn run(args: &args::Usage) -> Result<(), Failure> {
    match args {
        args::Usage::List(sets) => {
            one::<Vec<UsageStatus>>(&sets.told, &at(&[], sets), |sets| table(sets))
        }
        args::Usage::Reset(sets) => order(&sets.told, "POST", &at(&["reset"], sets), None),
        args::Usage::Create(set) => order(&set.told, "PUT", &named(set), None),
        args::Usage::Remove(set) => order(&set.told, "DELETE", &named(set), None),
    }
}

fn at(below: &[&str], sets: &UsageSets) -> String {
    let parts = [&["services", &sets.service, "usage"], below].concat();
    path(
        &parts,
        &[("sbb", sets.sbb.clone()), ("set", sets.set.clone())],
    )
}

fn named(set: &NamedSet) -> String {
    let parts = ["services", &set.service, "usage", "sets", &set.set];
    path(&parts, &[("sbb", set.sbb.clone())])
}

fn table(sets: &[UsageStatus]) -> String {
    let rows = sets.iter().flat_map(rows).collect();
    Table::new(COLUMNS, None).part(rows)
}

fn rows(set: &UsageStatus) -> Vec<Vec<String>> {
    let name = if set.set.is_empty() {
        UNNAMED
    } else {
        &set.set
    };
    let row = |parameter: &str, rest: Vec<String>| {
        let begin = [&set.sbb, name, parameter].map(str::to_owned);
        [&begin[..], &rest].concat()
    };
    let counters = set.counters.iter();
    let counters = counters.map(|(parameter, n)| row(parameter, vec![n.to_string()]));
    let samples = set.samples.iter();
    let samples = samples.map(|(parameter, sample)| row(parameter, cells(sample)));
    counters.chain(samples).collect()
}

/// A sample without values has none of the rest.
fn cells(sample: &SampleStatus) -> Vec<String> {
    let told = |value: String| {
        if sample.count == 0 {
            "-".to_owned()
        } else {
            value
        }
    };
    vec![
        sample.count.to_string(),
        told(sample.min.to_string()),
        told(format!("{:.1}", sample.mean)),
        told(sample.max.to_string()),
        told(sample.p50.to_string()),
        told(sample.p95.to_string()),
        told(sample.p99.to_string()),
        sample.unit.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn each_parameter_has_a_line() {
        let mut unnamed = UsageStatus::default();
        unnamed.sbb = "desk".into();
        unnamed.counters.insert("tried".into(), 1_234);
        let mut setup = SampleStatus::default();
        setup.unit = "ms".into();
        let mut named = unnamed.clone();
        named.set = "trunk-1".into();
        unnamed.samples.insert("setup".into(), setup.clone());
        (setup.count, setup.min, setup.max, setup.mean) = (3, 5, 20, 11.666);
        (setup.p50, setup.p95, setup.p99) = (10, 20, 20);
        named.samples.insert("setup".into(), setup);
        expect![[r"
            SBB   SET        PARAMETER  COUNT  MIN  MEAN  MAX  P50  P95  P99  UNIT
            desk  (unnamed)  tried       1234
            desk  (unnamed)  setup          0    -     -    -    -    -    -  ms
            desk  trunk-1    tried       1234
            desk  trunk-1    setup          3    5  11.7   20   10   20   20  ms
        "]]
        .assert_eq(&table(&[unnamed, named]));
    }
}
