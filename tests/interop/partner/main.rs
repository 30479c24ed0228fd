//! A node for the Diameter runs: `strowger-partner run --config FILE`. Its service is [`strowger_interop::diameter::partner`].
//!
//! The product has no such service. Container and adaptor are the ones of the binary `strowger`, and so are configuration,
//! store, management API and allocator: benchmarks measure this binary, too.

use mimalloc::MiMalloc;
use std::path::Path;
use std::process::ExitCode;
use strowger_config::Sources;
use strowger_node::{Catalog, Exit, Node, log};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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
        .adaptor(strowger_diameter::adaptor())
        .service(strowger_interop::diameter::partner::service());
    let sources = Sources::default().file(file);
    let loaded = strowger_config::load(&sources, &catalog.components())
        .map_err(|rejected| format!("{:#?}", rejected.findings))?;
    let _log = log::init(&loaded.config.log)?;
    let node = Node::builder().catalog(catalog).config(loaded.config);
    let node = node.companion(strowger_management::api::companion());
    Ok(node.on_ready(|_| ready()).on_rest(give_back).run()?)
}

#[expect(unsafe_code, reason = "as the binary `strowger` has it")]
fn give_back() {
    // SAFETY: it takes nothing and may be called on any thread at any time.
    unsafe { libmimalloc_sys::mi_collect(true) }
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
