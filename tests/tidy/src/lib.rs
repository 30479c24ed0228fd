//! House rules as tests: what the tree must look like, beyond what the compiler, clippy and rustfmt see.
//!
//! Each module is one rule and begins with it. A rule is a function from the tree to its violations, so that it is
//! itself tested on a bad sample. `UPDATE=1 cargo test -p strowger-tidy` renews what can be renewed (docs/spec-map.md).

#![cfg(test)]

mod book;
mod changelog;
mod conformance;
mod counters;
mod dockerfile;
mod documents;
mod error_codes;
mod figures;
mod layers;
mod links;
mod manifests;
mod sizes;
mod sources;
mod spec_map;
mod tree;

/// Fails with one line per violation.
fn expect_none(rule: &str, violations: &[String]) {
    assert!(
        violations.is_empty(),
        "{rule}\n  {}\n",
        violations.join("\n  ")
    );
}
