//! The configuration that a command works with.

use crate::args;
use crate::failure::Failure;
use crate::report;
use std::path::PathBuf;
use strowger_config::{Components, KeyPath, Loaded, Rejected, Sources};
use tracing_subscriber::EnvFilter;

/// Loads what the options say, over the environment. Warnings are printed.
pub(crate) fn load(sources: &args::Sources, components: &Components) -> Result<Loaded, Failure> {
    let loaded = load_files(&sources.files, &sources.set, components)?;
    for warning in &loaded.warnings {
        report::warning(warning);
    }
    Ok(loaded)
}

/// The same for a node that runs, which logs what is wrong itself.
pub(crate) fn load_again(
    sources: &args::Sources,
    components: &Components,
) -> Result<Loaded, Rejected> {
    load_files(&sources.files, &sources.set, components)
}

fn load_files(
    files: &[PathBuf],
    set: &[String],
    components: &Components,
) -> Result<Loaded, Rejected> {
    let sources = Sources {
        files: files.to_vec(),
        flags: set.to_vec(),
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
