//! `strowger run`: a node in the foreground.

use crate::args;
use crate::components::components;
use crate::configuration;
use crate::failure::Failure;
use strowger_config::Config;

/// Runs a node until it is told to stop.
pub(crate) fn run(args: &args::Run) -> Result<(), Failure> {
    let mut set = args.sources.set.clone();
    if let Some(dir) = &args.data_dir {
        set.push(format!("node.data_dir={dir}"));
    }
    let sources = args::Sources {
        files: args.sources.files.clone(),
        set,
    };
    let loaded = configuration::load(&sources, &components())?;
    serve(loaded.config)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a node takes its configuration over"
)]
fn serve(config: Config) -> Result<(), Failure> {
    let Config { .. } = config;
    Err(Failure::NoNode)
}
