//! `strowger check`: what is wrong with configuration files.

use crate::args;
use crate::components::{catalog, components};
use crate::configuration;
use crate::failure::Failure;
use crate::output::print;
use crate::report;
use strowger_node::certificate_problems;

/// Checks the files together, and warns of certificates that could not be used here. Opens no socket and no store.
pub(crate) fn run(args: &args::Check) -> Result<(), Failure> {
    let sources = args::Sources {
        files: args.files.clone(),
        set: args.set.clone(),
    };
    let loaded = configuration::load(&sources, &components())?;
    // May be right where the node is to run, so that they are no reason to refuse the file.
    for problem in certificate_problems(&loaded.config, &catalog()) {
        report::certificates(&problem);
    }
    let adaptors: Vec<&str> = loaded.config.adaptors.keys().map(String::as_str).collect();
    let services: Vec<&str> = loaded.config.services.keys().map(String::as_str).collect();
    let list = |names: &[&str]| {
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    print(&format!(
        "ok: adaptors: {}; services: {}\n",
        list(&adaptors),
        list(&services)
    ))?;
    Ok(())
}
