//! A node with several versions of its services: `strowger-versions run --config FILE`.
//!
//! The product has one version of each. Here its B2BUA 1.1 stands beside [`strowger_interop::earlier`], and its wake-up service
//! beside itself under the next version. Container, adaptor and allocator are the ones of the binary `strowger`, and so are
//! configuration, store and management API.

use mimalloc::MiMalloc;
use std::process::ExitCode;
use strowger_interop::{earlier, serve::serve};
use strowger_node::Catalog;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let catalog = Catalog::default()
        .adaptor(strowger_sip::adaptor())
        .service(earlier::b2bua())
        .service(strowger_b2bua::service())
        .service(earlier::b2bua_of_another_state())
        .service(strowger_wakeup::service())
        .service(strowger_wakeup::service().version("1.1"));
    serve(catalog, || {})
}
