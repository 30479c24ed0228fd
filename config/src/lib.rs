//! Configuration of a Strowger node: typed model, layers, validation, schema.
//!
//! Not here: what the keys do (the node), and the settings of adaptors and services, which their own crates define
//! and the command line hands in as [`Components`]. Nothing in this crate opens a socket or a store.
//!
//! Layers, later wins: embedded defaults, files in the order given, `STROWGER_*` variables, `key=value` flags. Tables
//! are merged key by key; lists and plain values are replaced. One exception: a table of names in a file replaces the
//! names that are there by default (adaptors, services, an adaptor's listeners), so that a node never runs a service or
//! opens an address that its operator did not name. Variables and flags add and change names.
//!
//! Invariant: every key has a default (or is marked as required), a unit, a doc line and a reload class. All four are
//! read from the model's own fields, by way of their JSON schema; a test fails where one is missing.
//!
//! ```
//! use strowger_config::{Components, Sources};
//!
//! let sources = Sources::default().flag("node.name=edge-1");
//! let components = Components::default(); // the binary's adaptors and services belong here
//! let rejected = strowger_config::load(&sources, &components).unwrap_err();
//! // Without its component, the out-of-the-box adaptor `sip` is of a type that nobody knows.
//! assert_eq!(rejected.findings[0].problem.code(), "CFG-008");
//! ```

mod changes;
mod check;
mod component;
mod defaults;
pub mod duration;
mod export;
mod file;
pub mod fuzz;
mod included;
mod key;
mod layers;
mod links;
mod listing;
mod load;
mod managed;
mod management;
mod model;
mod named;
mod nearest;
mod overload;
mod overrides;
mod path;
mod problem;
mod reference;
mod rules;
mod schema;
mod section;
mod size;
mod source;
mod source_rules;
mod usage;

pub use changes::Change;
pub use component::{Claim, Component, Components, Link, NoSettings, Refusal, Settings, Usage};
pub use export::{Collector, Endpoint, Export, Hep, HepTransport, Otlp};
pub use key::{Bounds, Format, Key, Reload, Shape, TableKind};
pub use listing::{Entry, Origin};
pub use load::{Loaded, Sources, load};
pub use managed::{Managed, ManagedError, managed_file};
pub use management::{Listen, Management, ManagementTls, Scope, Token, TokenHash};
pub use model::{
    Adaptor, Config, Dns, Durability, Limits, Log, LogFormat, Node, ProfileTable, Recorder,
    RecorderMode, Redact, Service, Store, Tls,
};
pub use overload::Overload;
pub use path::KeyPath;
pub use problem::{Finding, Problem, Rejected};
pub use reference::{DEFAULT_TOML, Explained, Reference};
pub use section::Section;
pub use size::Size;
pub use source::{Place, Source, SourceKind};
pub use source_rules::SourceRules;
pub use usage::{Measure, Severity, Side, Threshold};
