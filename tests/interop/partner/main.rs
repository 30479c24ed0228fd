//! A node for the Diameter runs: `strowger-partner run --config FILE`. Its service is [`strowger_interop::diameter::partner`].
//!
//! The product has no such service. Container and adaptor are the ones of the binary `strowger`, and so are configuration,
//! store, management API and allocator: benchmarks measure this binary, too.

use mimalloc::MiMalloc;
use std::process::ExitCode;
use strowger_interop::{diameter::partner, serve::serve};
use strowger_node::Catalog;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let catalog = Catalog::default()
        .adaptor(strowger_diameter::adaptor())
        .service(partner::service());
    serve(catalog, give_back)
}

#[expect(unsafe_code, reason = "as the binary `strowger` has it")]
fn give_back() {
    // SAFETY: it takes nothing and may be called on any thread at any time.
    unsafe { libmimalloc_sys::mi_collect(true) }
}
