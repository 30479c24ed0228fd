//! `strowger stop`, `strowger reload` and `strowger services`: orders for a running node, over its control socket.

use crate::args;
use crate::components::components;
use crate::configuration;
use crate::failure::Failure;
use crate::status;
use std::path::PathBuf;
use strowger_node::control::{self, Reply, Request};

/// Tells the node to stop.
pub(crate) fn stop(args: &args::Asked) -> Result<(), Failure> {
    order(args, &Request::Stop {})
}

/// Has the node read its configuration again.
pub(crate) fn reload(args: &args::Asked) -> Result<(), Failure> {
    order(args, &Request::Reload { check: false })
}

/// Lists the services, or activates or deactivates one.
pub(crate) fn services(args: &args::Services) -> Result<(), Failure> {
    match args {
        args::Services::List(list) => status::services(list),
        args::Services::Activate(args::OneService { service, node }) => {
            let service = service.clone();
            order(node, &Request::Activate { service })
        }
        args::Services::Deactivate(args::OneService { service, node }) => {
            let service = service.clone();
            order(node, &Request::Deactivate { service })
        }
    }
}

/// Asks the node that the options name.
pub(crate) fn ask(args: &args::Asked, request: &Request) -> Result<Reply, Failure> {
    let reply = control::ask(&data_dir(args)?, request)?;
    if let Reply::Refused(refusal) = reply {
        return Err(Failure::Refused {
            reason: refusal.reason,
        });
    }
    Ok(reply)
}

fn order(args: &args::Asked, request: &Request) -> Result<(), Failure> {
    ask(args, request).map(drop)
}

fn data_dir(args: &args::Asked) -> Result<PathBuf, Failure> {
    match &args.data {
        Some(dir) => Ok(dir.clone()),
        None => Ok(configuration::load(&args.sources, &components())?
            .config
            .node
            .data_dir),
    }
}
