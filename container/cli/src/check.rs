//! `strowger check`: what is wrong with configuration files.

use crate::args;
use crate::components::components;
use crate::configuration;
use crate::failure::Failure;
use crate::output::print;

/// Checks the files together. Opens no socket and no store.
pub(crate) fn run(args: &args::Check) -> Result<(), Failure> {
    let sources = args::Sources {
        files: args.files.clone(),
        set: args.set.clone(),
    };
    let loaded = configuration::load(&sources, &components())?;
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
