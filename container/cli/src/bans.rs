//! `strowger bans`: sources that a running node does not hear for a while.

use crate::api::path;
use crate::args::{self, Several};
use crate::failure::Failure;
use crate::listing::{Shown, each, order, paged, time};
use crate::table::Fit;
use strowger_node::listed::BanEntry;

const COLUMNS: &[(&str, Fit)] = &[
    ("SOURCE", Fit::Whole),
    ("WHY", Fit::Whole),
    ("SINCE", Fit::Whole),
    ("UNTIL", Fit::Whole),
    ("DROPPED", Fit::Right),
];

/// Lists, bans or lifts.
pub(crate) fn run(args: &args::Bans) -> Result<(), Failure> {
    let at = |source: &str| path(&["bans", source], &[]);
    match args {
        args::Bans::List(listed) => {
            let shown = Shown {
                columns: COLUMNS,
                row,
            };
            paged(listed, &["bans"], &[], &shown)
        }
        args::Bans::Add(args) => {
            let seconds = args.time.map(|seconds| seconds.to_string());
            let path = path(&["bans", &args.source], &[("seconds", seconds)]);
            order(&args.told, "PUT", &path, None)
        }
        args::Bans::Lift(Several { ids, told }) => each(told, "DELETE", ids, at),
    }
}

fn row(one: &BanEntry) -> Vec<String> {
    vec![
        one.source.clone(),
        one.why.clone(),
        time(one.since_ms),
        time(one.until_ms),
        one.dropped.to_string(),
    ]
}
