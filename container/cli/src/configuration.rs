//! The configuration that a command works with.

use crate::args;
use crate::failure::Failure;
use crate::report;
use strowger_config::{Components, KeyPath, Loaded, Rejected, Sources};
use tracing_subscriber::EnvFilter;

/// Loads what the options say, over the environment. Warnings are printed.
pub(crate) fn load(sources: &args::Sources, components: &Components) -> Result<Loaded, Failure> {
    let loaded = load_files(sources, None, components)?;
    for warning in &loaded.warnings {
        report::warning(warning);
    }
    Ok(loaded)
}

/// The same for a node that runs, which logs what is wrong itself, with what is configured through it.
pub(crate) fn load_again(
    sources: &args::Sources,
    managed: Option<String>,
    components: &Components,
) -> Result<Loaded, Rejected> {
    load_files(sources, managed, components)
}

fn load_files(
    sources: &args::Sources,
    managed: Option<String>,
    components: &Components,
) -> Result<Loaded, Rejected> {
    let sources = Sources {
        files: sources.files.clone(),
        flags: sources.set.clone(),
        managed,
        ..Sources::default()
    };
    let loaded = strowger_config::load(&sources.process_environment()?, components)?;
    // What a filter may say is known to the crate that reads it, and a node should not be the first to find out.
    if let Err(error) = EnvFilter::builder().parse(&loaded.config.log.filter) {
        let key: KeyPath = ["log", "filter"].into_iter().collect();
        return Err(loaded.refuse(&key, error));
    }
    Ok(loaded)
}
