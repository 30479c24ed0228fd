//! `strowger services`: the services of a running node.

use crate::api::path;
use crate::args::{self, Named};
use crate::failure::Failure;
use crate::listing::{Shown, one, order, whole};
use crate::table::{Fit, facts};
use serde_json::json;
use strowger_management::figures::{quantile, words};
use strowger_node::status::ServiceStatus;

const COLUMNS: &[(&str, Fit)] = &[
    ("SERVICE", Fit::Whole),
    ("STATE", Fit::Whole),
    ("DURABILITY", Fit::Whole),
    ("ENTITIES", Fit::Right),
    ("DELIVERIES", Fit::Right),
    ("ROLLBACKS", Fit::Right),
    ("PANICS", Fit::Right),
    ("COMPONENT", Fit::Cut),
];

/// Facts about a service's other versions.
const VERSIONS: [&str; 4] = ["other versions", "canary of", "replaced", "moving to"];

/// Lists, shows or changes them.
pub(crate) fn run(args: &args::Services) -> Result<(), Failure> {
    match args {
        args::Services::List(told) => {
            let shown = Shown {
                columns: COLUMNS,
                row,
            };
            whole(told, "/v1/services", &shown)
        }
        args::Services::Show(Named { name, told }) => {
            one(told, &path(&["services", name], &[]), page)
        }
        args::Services::Activate(one) => change(one, "activate"),
        args::Services::Deactivate(one) => change(one, "deactivate"),
        args::Services::Replace(replace) => {
            let (old, new, migrate) = (&replace.old, &replace.new, replace.migrate);
            let body = json!({ "deactivate": old, "activate": new, "migrate": migrate });
            order(&replace.told, "POST", "/v1/services/replace", Some(&body))
        }
        args::Services::Canary(canary) => {
            let path = path(&["services", &canary.name, "canary"], &[]);
            let body = match &canary.share {
                args::CanaryShare { own: true, .. } => json!({ "own": true }),
                args::CanaryShare {
                    percent: Some(percent),
                    ..
                } => json!({ "percent": percent }),
                args::CanaryShare { addresses, .. } => json!({ "addresses": addresses }),
            };
            order(&canary.told, "POST", &path, Some(&body))
        }
        args::Services::Rollback(back) => {
            let path = path(&["services", &back.name, "rollback"], &[]);
            order(
                &back.told,
                "POST",
                &path,
                Some(&json!({ "migrate": back.migrate })),
            )
        }
    }
}

fn change(one: &Named, what: &str) -> Result<(), Failure> {
    let path = path(&["services", &one.name, what], &[]);
    order(&one.told, "POST", &path, None)
}

fn row(service: &ServiceStatus) -> Vec<String> {
    vec![
        service.name.clone(),
        service.state.clone(),
        service.durability.clone(),
        service.entities.unwrap_or_default().to_string(),
        service.deliveries.to_string(),
        service.rollbacks.to_string(),
        service.panics.to_string(),
        service.component.clone(),
    ]
}

fn canary(service: &ServiceStatus) -> String {
    let of = service.canary_of.as_ref().zip(service.share.as_ref());
    of.map(|(of, share)| format!("{of}, for {share}"))
        .unwrap_or_default()
}

fn page(service: &ServiceStatus) -> String {
    let times = &service.times;
    let below = |share| words::maybe_seconds(quantile(&times.le_ns, &times.counts, share));
    let rows = [
        ("service", service.name.clone()),
        ("component", service.component.clone()),
        ("state", service.state.clone()),
        ("durability", service.durability.clone()),
        ("other versions", service.versions.join(", ")),
        ("canary of", canary(service)),
        ("replaced", service.replaced.clone().unwrap_or_default()),
        ("moving to", service.moving_to.clone().unwrap_or_default()),
        ("entities", service.entities.unwrap_or_default().to_string()),
        ("deliveries", service.deliveries.to_string()),
        (
            "took",
            format!(
                "half below {}, 99 of 100 below {}, since its start",
                below(0.5),
                below(0.99)
            ),
        ),
        ("rollbacks", service.rollbacks.to_string()),
        ("panics", service.panics.to_string()),
    ];
    // Most services have one version, of which there is nothing to tell.
    let told = |(name, value): &(&str, String)| !(VERSIONS.contains(name) && value.is_empty());
    let rows: Vec<_> = rows.into_iter().filter(told).collect();
    facts(&rows)
}
