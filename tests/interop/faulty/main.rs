//! A node for tests with services that the product does not have: `strowger-faulty run --config FILE`. One fails, or takes its
//! time, as its callers ask; one brings a specification of profiles, one makes many idle activities. The product's B2BUA is
//! there for what happens beside it.
//!
//! What is said of the node here is said of its container and adaptor: both are the ones of the binary `strowger`, and so are
//! its configuration, store and management API.

use std::process::ExitCode;
use strowger_interop::{faulty, serve::serve, sleepers, subscribers};
use strowger_node::Catalog;

fn main() -> ExitCode {
    let catalog = Catalog::default()
        .adaptor(strowger_sip::adaptor())
        .service(faulty::service())
        .service(sleepers::service())
        .service(strowger_b2bua::service())
        .service(subscribers::service());
    serve(catalog, || {})
}
