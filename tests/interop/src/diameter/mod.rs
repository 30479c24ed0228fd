//! Diameter peers for runs: those of others in their own processes, and connections of our own that are driven by hand.

pub mod authority;
pub mod freediameter;
pub mod gate;
pub mod ground;
pub mod link;
pub mod load;
pub mod partner;
pub mod probe;
pub mod raw;
pub mod scripts;
pub mod server;
pub mod times;

use std::path::{Path, PathBuf};

/// A file of this crate that a peer of another language is made of.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("diameter")
        .join(name)
}
