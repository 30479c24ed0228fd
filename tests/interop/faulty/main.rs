//! A node for tests whose service fails, or takes its time, as its callers ask: `strowger-faulty run --config FILE`.
//!
//! The product has no such service. What is said of the node here is said of its container and adaptor: both are the ones
//! of the binary `strowger`, and so are its configuration, store and management API.

use std::process::ExitCode;
use strowger_interop::{faulty, serve::serve};
use strowger_node::Catalog;

fn main() -> ExitCode {
    let catalog = Catalog::default()
        .adaptor(strowger_sip::adaptor())
        .service(faulty::service());
    serve(catalog, || {})
}
