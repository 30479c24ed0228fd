//! A node with components of a run: what the binaries of this package do beside the product's own `strowger run`.
//!
//! Container, configuration, store and management API are the product's; the command line is no more than `run --config FILE`.

use std::path::Path;
use std::process::ExitCode;
use strowger_config::Sources;
use strowger_node::{Catalog, Exit, Node, log};

/// Runs a node until it is told to stop; whenever it rests, `on_rest` is called.
#[must_use]
pub fn serve(catalog: Catalog, on_rest: fn()) -> ExitCode {
    let file = std::env::args().nth(3).unwrap_or_default();
    match run(catalog, Path::new(&file), on_rest) {
        Ok(exit) => exit.into(),
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(catalog: Catalog, file: &Path, on_rest: fn()) -> Result<Exit, Box<dyn std::error::Error>> {
    let sources = Sources::default().file(file);
    let loaded = strowger_config::load(&sources, &catalog.components())
        .map_err(|rejected| format!("{:#?}", rejected.findings))?;
    let _log = log::init(&loaded.config.log)?;
    let node = Node::builder().catalog(catalog).config(loaded.config);
    let node = node.companion(strowger_management::api::companion());
    Ok(node.on_ready(|_| ready()).on_rest(on_rest).run()?)
}

#[expect(
    clippy::print_stdout,
    reason = "the line that whoever started it waits for"
)]
fn ready() {
    println!("ready");
}

#[expect(
    clippy::print_stderr,
    reason = "a program that says why it does not start"
)]
fn complain(problem: &str) {
    eprintln!("{problem}");
}
