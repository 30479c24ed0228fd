//! `strowger stop`, `strowger reload` and `strowger services`: orders for a running node.

use crate::api::{Api, path};
use crate::args;
use crate::failure::Failure;
use crate::status;

/// Tells the node to stop.
pub(crate) fn stop(args: &args::Asked) -> Result<(), Failure> {
    Api::of(args)?.change("POST", "/v1/stop")
}

/// Has the node read its configuration again.
pub(crate) fn reload(args: &args::Asked) -> Result<(), Failure> {
    Api::of(args)?.change("POST", "/v1/configuration/reload")
}

/// Lists the services, or activates or deactivates one.
pub(crate) fn services(args: &args::Services) -> Result<(), Failure> {
    match args {
        args::Services::List(list) => status::services(list),
        args::Services::Activate(one) => change(one, "activate"),
        args::Services::Deactivate(one) => change(one, "deactivate"),
    }
}

fn change(one: &args::OneService, what: &str) -> Result<(), Failure> {
    let path = path(&["services", &one.service, what], &[]);
    Api::of(&one.node)?.change("POST", &path)
}
