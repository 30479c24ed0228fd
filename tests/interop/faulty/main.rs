//! A node for tests whose service fails, or takes its time, as its callers ask: `strowger-faulty run --config FILE`.
//!
//! The product has no such service. What is said of the node here is said of its container and adaptor: both are the ones
//! of the binary `strowger`, and so are its configuration, store and management API.

use std::path::Path;
use std::process::ExitCode;
use strowger_config::Sources;
use strowger_node::{Catalog, Exit, Node, log};

fn main() -> ExitCode {
    let file = std::env::args().nth(3).unwrap_or_default();
    match serve(Path::new(&file)) {
        Ok(exit) => exit.into(),
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn serve(file: &Path) -> Result<Exit, Box<dyn std::error::Error>> {
    let catalog = Catalog::default()
        .adaptor(strowger_sip::adaptor())
        .service(strowger_interop::faulty::service());
    let sources = Sources::default().file(file);
    let loaded = strowger_config::load(&sources, &catalog.components())
        .map_err(|rejected| format!("{:#?}", rejected.findings))?;
    let _log = log::init(&loaded.config.log)?;
    let node = Node::builder().catalog(catalog).config(loaded.config);
    let node = node.companion(strowger_management::api::companion());
    Ok(node.on_ready(|_| ready()).run()?)
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
