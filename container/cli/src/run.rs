//! `strowger run`: a node in the foreground.

use crate::args;
use crate::components::{catalog, components};
use crate::configuration;
use crate::failure::Failure;
use crate::memory;
use crate::output::print;
use std::fmt::Write as _;
use strowger_config::Loaded;
use strowger_node::{Exit, Node, Ready, log};

/// Runs a node until it is told to stop.
pub(crate) fn run(args: &args::Run) -> Result<Exit, Failure> {
    let mut set = args.sources.set.clone();
    if let Some(dir) = &args.data_dir {
        set.push(format!("node.data_dir={dir}"));
    }
    let sources = args::Sources {
        files: args.sources.files.clone(),
        set,
    };
    let loaded = configuration::load(&sources, &components())?;
    serve(loaded, sources)
}

fn serve(loaded: Loaded, sources: args::Sources) -> Result<Exit, Failure> {
    let _log = log::init(&loaded.config.log).map_err(strowger_node::NodeError::from)?;
    let again = move |managed| configuration::load_again(&sources, managed, &components());
    let node = Node::builder().catalog(catalog()).reloading(loaded, again);
    let node = node.companion(strowger_management::api::companion());
    let node = node.on_rest(memory::give_back);
    // A node whose operator has closed its standard output serves all the same.
    let exit = node.on_ready(|ready| drop(print(&greeting(ready)))).run()?;
    Ok(exit)
}

/// The name by which this process was called, so that a line that it prints can be typed as it stands.
fn invoked_as() -> String {
    let name = std::env::args_os().next();
    name.map_or_else(
        || "strowger".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// What listens where, and how to place a first call. The last line is what scripts wait for.
fn greeting(ready: &Ready) -> String {
    let mut text = format!("strowger {}\n", env!("CARGO_PKG_VERSION"));
    let _ = write!(text, "{ready}");
    let udp = ready.listeners.iter().find(|at| at.transport == "udp");
    if let Some(at) = udp.filter(|at| at.adaptor == "sip") {
        let _ = writeln!(text, "\nA first call:   sipp -sn uac {} -m 1", at.address);
    }
    let data = ready.data_dir.display();
    let binary = invoked_as();
    let _ = writeln!(text, "How it is:      {binary} status --data {data}");
    let _ = writeln!(text, "To stop it:     Ctrl-C; once more to stop at once\n");
    let _ = writeln!(text, "{}", ready.last_line());
    text
}
