//! `strowger quarantine`: deliveries that ended in a panic and were put aside, on a running node.

use crate::api::path;
use crate::args::{self, Several};
use crate::failure::Failure;
use crate::listing::{Shown, each, one, paged, time};
use crate::table::{Fit, facts};
use strowger_node::listed::QuarantineEntry;

const COLUMNS: &[(&str, Fit)] = &[
    ("ID", Fit::Whole),
    ("SERVICE", Fit::Whole),
    ("LAST", Fit::Whole),
    ("TIMES", Fit::Right),
    ("EVENT", Fit::Cut),
    ("RELEASE", Fit::Cut),
    ("CAUSE", Fit::Cut),
];

/// Lists, shows, releases or discards.
pub(crate) fn run(args: &args::Quarantine) -> Result<(), Failure> {
    let at = |id: &str| path(&["quarantine", id], &[]);
    match args {
        args::Quarantine::List(args) => {
            let service = [("service", args.service.clone())];
            let shown = Shown {
                columns: COLUMNS,
                row,
            };
            paged(&args.listed, &["quarantine"], &service, &shown)
        }
        args::Quarantine::Show(args) => one(&args.told, &at(&args.id), page),
        args::Quarantine::Release(Several { ids, told }) => each(told, "POST", ids, |id| {
            path(&["quarantine", id, "release"], &[])
        }),
        args::Quarantine::Discard(Several { ids, told }) => each(told, "DELETE", ids, at),
    }
}

fn row(one: &QuarantineEntry) -> Vec<String> {
    vec![
        one.id.clone(),
        one.service.clone(),
        time(one.last_ms),
        one.times.to_string(),
        one.event.clone(),
        one.stuck.clone().unwrap_or_else(|| "possible".to_owned()),
        one.cause.clone(),
    ]
}

fn page(one: &QuarantineEntry) -> String {
    let receiver = one.entity.clone();
    let release = match &one.stuck {
        None => "possible".to_owned(),
        Some(why) => format!("not possible: {why}"),
    };
    facts(&[
        ("id", one.id.clone()),
        ("service", one.service.clone()),
        ("event", one.event.clone()),
        ("activity", one.activity.clone()),
        (
            "receiver",
            receiver.unwrap_or_else(|| "the service, by an initial event".to_owned()),
        ),
        ("cause", one.cause.clone()),
        ("first", time(one.first_ms)),
        ("last", time(one.last_ms)),
        ("times", one.times.to_string()),
        ("release", release),
    ])
}

#[cfg(test)]
mod tests {
    use super::{QuarantineEntry, page};

    #[test]
    fn people_see_what_it_was_and_whether_it_can_be_released() {
        let mut one = QuarantineEntry::default();
        one.id = "17".into();
        one.cause = "panic: no".into();
        one.last_ms = 1_700_000_000_000;
        let shown = page(&one);
        assert!(
            shown.contains("receiver  the service, by an initial event"),
            "{shown}"
        );
        assert!(shown.contains("last      2023-11-14T22:13:20Z"), "{shown}");
        assert!(shown.ends_with("release   possible\n"), "{shown}");
        one.stuck = Some("its activity has ended".into());
        let shown = page(&one);
        assert!(
            shown.ends_with("not possible: its activity has ended\n"),
            "{shown}"
        );
    }
}
