//! `strowger activities`, `entities` and `timers`: what calls are made of in a running node, and ending what is left over.

use crate::api::path;
use crate::args::{self, One, Several};
use crate::failure::Failure;
use crate::listing::{Shown, each, one, paged, time};
use crate::table::{Fit, facts};
use strowger_management::figures::words::span;
use strowger_node::listed::{ActivityEntry, EntityEntry, TimerEntry};

const ACTIVITIES: &[(&str, Fit)] = &[
    ("ACTIVITY", Fit::Whole),
    ("TYPE", Fit::Cut),
    ("ADAPTOR", Fit::Cut),
    ("AGE", Fit::Right),
    ("IDLE", Fit::Right),
    ("EVENTS", Fit::Right),
    ("ENTITIES", Fit::Right),
    ("STATE", Fit::Whole),
];
const ENTITIES: &[(&str, Fit)] = &[
    ("ENTITY", Fit::Whole),
    ("SERVICE", Fit::Whole),
    ("SBB", Fit::Cut),
    ("AGE", Fit::Right),
    ("ACTIVITIES", Fit::Right),
    ("CHILDREN", Fit::Right),
    ("BYTES", Fit::Right),
    ("PARENT", Fit::Cut),
];
const TIMERS: &[(&str, Fit)] = &[
    ("TIMER", Fit::Whole),
    ("NEXT", Fit::Whole),
    ("MORE", Fit::Right),
    ("EVENT", Fit::Cut),
    ("ACTIVITY", Fit::Cut),
];

/// Lists, shows or ends activities.
pub(crate) fn activities(args: &args::Activities) -> Result<(), Failure> {
    let at = |id: &str| path(&["activities", id], &[]);
    match args {
        args::Activities::List(args) => {
            let filters = [
                ("type", args.kind.clone()),
                ("adaptor", args.adaptor.clone()),
                ("min_age", number(args.min_age)),
                ("min_idle", number(args.min_idle)),
            ];
            let shown = Shown {
                columns: ACTIVITIES,
                row: activity,
            };
            paged(&args.listed, &["activities"], &filters, &shown)
        }
        args::Activities::Show(One { id, told }) => one(told, &at(id), activity_page),
        args::Activities::End(Several { ids, told }) => each(told, "DELETE", ids, at),
    }
}

/// Lists, shows or removes SBB entities.
pub(crate) fn entities(args: &args::Entities) -> Result<(), Failure> {
    let at = |id: &str| path(&["entities", id], &[]);
    match args {
        args::Entities::List(args) => {
            let filters = [
                ("service", args.service.clone()),
                ("min_age", number(args.min_age)),
            ];
            let shown = Shown {
                columns: ENTITIES,
                row: entity,
            };
            paged(&args.listed, &["entities"], &filters, &shown)
        }
        args::Entities::Show(One { id, told }) => one(told, &at(id), entity_page),
        args::Entities::Remove(Several { ids, told }) => each(told, "DELETE", ids, at),
    }
}

/// Lists timers.
pub(crate) fn timers(args: &args::Timers) -> Result<(), Failure> {
    let args::Timers::List(args) = args;
    let filters = [("due_within", number(args.due_within))];
    let shown = Shown {
        columns: TIMERS,
        row: timer,
    };
    paged(&args.listed, &["timers"], &filters, &shown)
}

fn number(n: Option<u64>) -> Option<String> {
    n.map(|n| n.to_string())
}

const fn state(activity: &ActivityEntry) -> &'static str {
    if activity.ending { "ending" } else { "" }
}

fn activity(activity: &ActivityEntry) -> Vec<String> {
    vec![
        activity.id.clone(),
        activity.kind.clone(),
        activity.adaptor.clone().unwrap_or_default(),
        span(activity.age_ms),
        span(activity.idle_ms),
        activity.events.to_string(),
        activity.attached.to_string(),
        state(activity).to_owned(),
    ]
}

fn entity(entity: &EntityEntry) -> Vec<String> {
    vec![
        entity.id.clone(),
        entity.service.clone(),
        entity.sbb.clone(),
        span(entity.age_ms),
        entity.activities.len().to_string(),
        entity.children.len().to_string(),
        entity.state_bytes.to_string(),
        entity.parent.clone().unwrap_or_default(),
    ]
}

fn timer(timer: &TimerEntry) -> Vec<String> {
    let more = timer.remaining.map_or_else(
        || "no end".to_owned(),
        |remaining| remaining.saturating_sub(1).to_string(),
    );
    vec![
        timer.id.clone(),
        time(timer.next_ms),
        more,
        timer.event.clone(),
        timer.activity.clone(),
    ]
}

fn activity_page(activity: &ActivityEntry) -> String {
    facts(&[
        ("activity", activity.id.clone()),
        ("type", activity.kind.clone()),
        ("adaptor", activity.adaptor.clone().unwrap_or_default()),
        ("state", state(activity).to_owned()),
        ("age", span(activity.age_ms)),
        ("idle", span(activity.idle_ms)),
        ("events", activity.events.to_string()),
        ("attached", activity.attached.to_string()),
        ("entities", activity.entities.join(" ")),
        ("timers", activity.timers.join(" ")),
        ("names", activity.names.join(" ")),
    ])
}

fn entity_page(entity: &EntityEntry) -> String {
    facts(&[
        ("entity", entity.id.clone()),
        ("service", entity.service.clone()),
        ("sbb", entity.sbb.clone()),
        ("age", span(entity.age_ms)),
        ("priority", entity.priority.to_string()),
        ("bytes", entity.state_bytes.to_string()),
        ("parent", entity.parent.clone().unwrap_or_default()),
        ("children", entity.children.join(" ")),
        ("activities", entity.activities.join(" ")),
    ])
}
