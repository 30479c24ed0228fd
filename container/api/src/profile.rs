//! Profiles: provisioned data, in tables of one specification each, that services read and some may write (R-PR).
//!
//! A plain struct is the specification: `#[derive(Profile)]`. A table holds profiles by name; a handler takes it as
//! [`Table<P>`] and reads a [`Held<P>`], which is a snapshot of one profile, shared and never copied. What a handler
//! writes belongs to its delivery's transaction. Queries are put together from the specification's [`Field`]s, so that a
//! wrong attribute or a value of another type does not compile.
//!
//! This module says what a profile is; tables, indexes and transactions are the kernel's.

mod event;
mod filter;
mod query;
mod row;
mod scalar;
mod table;
mod value;

pub use event::{ProfileAdded, ProfileEvents, ProfileRemoved, ProfileUpdated};
pub use filter::{Filter, FilterError};
pub use query::{Comparison, Expr, Field, Query};
pub use row::{AnyProfile, AnyRow, Held, Row, SharedRow};
pub use scalar::{NotOfKind, Scalar};
pub use table::{Profiles, Table, TableNeed, Writable};
pub use value::{Kind, Text, Value};

use crate::id::Component;
use crate::state::{Migrate, Schema, State};
use std::fmt;

/// A profile specification: plain data of which tables are made (R-PR-01). Derived: `#[derive(Clone, Debug, Profile)]`.
///
/// `Default` gives the values of a new table's default profile, with which every new profile begins.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a profile specification",
    note = "derive it: `#[derive(Clone, Debug, Profile)]`"
)]
pub trait Profile: State + Clone + Default + fmt::Debug + Send + Sync {
    /// Name, vendor and version of the specification. Tables are told by name and vendor; a changed schema is migrated.
    const SPEC: Component;
    /// Its attributes, in the order of the fields.
    const ATTRIBUTES: &'static [AttributeDecl];
    /// Whether services see its profiles read-only (R-PR-05).
    const READ_ONLY: bool = true;
    /// Whether changes of its profiles are fired as events (R-PR-05).
    const EVENTS: bool = true;

    /// Appends the bytes that order an attribute's value; `false` if it has none, or is opaque.
    fn key(&self, attribute: usize, out: &mut Vec<u8>) -> bool;
    /// Whether [`key`](Self::key) would append these bytes.
    fn has_key(&self, attribute: usize, key: &[u8]) -> bool;
    /// An attribute's value, to be written out.
    fn get(&self, attribute: usize) -> Option<&dyn erased_serde::Serialize>;
    /// Reads an attribute's value.
    ///
    /// # Errors
    /// The value is not of the attribute's type; or there is no such attribute.
    fn set(
        &mut self,
        attribute: usize,
        value: &mut dyn erased_serde::Deserializer<'_>,
    ) -> Result<(), erased_serde::Error>;
    /// Whether the values fit together (R-PR-02); asked before every write.
    ///
    /// # Errors
    /// They do not.
    fn verify(&self) -> Result<(), Invalid> {
        Ok(())
    }
    /// Older specifications whose profiles it can take over.
    fn migrations() -> Vec<ProfileMigration> {
        Vec::new()
    }
}

/// Why a profile's values are refused (R-PR-02).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{attribute}` {why}")]
pub struct Invalid {
    /// The attribute.
    pub attribute: &'static str,
    /// What is wrong with it, to be read after its name: "is longer than 15 digits".
    pub why: &'static str,
}

/// An attribute of a specification.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttributeDecl {
    /// The field's name.
    pub name: &'static str,
    /// The type of its values; `None` where it is opaque: stored, and not to be queried.
    pub kind: Option<Kind>,
    /// Whether it may have no value.
    pub optional: bool,
    /// Whether no two profiles of a table have the same value (R-PR-06). There is an index then.
    pub unique: bool,
    /// Whether there is an index.
    pub indexed: bool,
}

/// A specification with its type erased, as the container holds it.
#[derive(Clone, Copy)]
pub struct ProfileDecl {
    /// Name, vendor and version.
    pub spec: Component,
    /// Its attributes.
    pub attributes: &'static [AttributeDecl],
    /// Whether services see its profiles read-only.
    pub read_only: bool,
    /// Whether changes are fired as events.
    pub events: bool,
    /// The events of changes.
    pub fires: ProfileEvents,
    /// Its schema.
    pub schema: fn() -> Schema,
    /// A profile with default values.
    pub default: fn() -> Box<dyn AnyProfile>,
    /// Reads a profile's bytes.
    pub decode: fn(&[u8]) -> Result<Box<dyn AnyProfile>, postcard::Error>,
    /// Older specifications that it can take over.
    pub migrations: fn() -> Vec<ProfileMigration>,
}

impl ProfileDecl {
    /// The declaration of `P`.
    #[must_use]
    pub const fn of<P: Profile>() -> Self {
        Self {
            spec: P::SPEC,
            attributes: P::ATTRIBUTES,
            read_only: P::READ_ONLY,
            events: P::EVENTS,
            fires: ProfileEvents::of::<P>(),
            schema: Schema::of::<P>,
            default: || Box::new(P::default()),
            decode: |bytes| postcard::from_bytes::<P>(bytes).map(|p| Box::new(p) as _),
            migrations: P::migrations,
        }
    }
    /// The place of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<usize> {
        self.attributes.iter().position(|a| a.name == name)
    }
}

impl fmt::Debug for ProfileDecl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileDecl")
            .field("spec", &self.spec)
            .field("attributes", &self.attributes)
            .finish_non_exhaustive()
    }
}

/// For derived specifications.
#[doc(hidden)]
#[must_use]
pub fn no_attribute() -> erased_serde::Error {
    serde::de::Error::custom("there is no such attribute")
}

/// How profiles of an older specification become profiles of this one.
#[derive(Clone)]
pub struct ProfileMigration {
    /// The older one's schema.
    pub from: Schema,
    /// Reads its bytes.
    pub migrate: fn(&[u8]) -> Result<Box<dyn AnyProfile>, postcard::Error>,
}

impl ProfileMigration {
    /// From `Old` to `P`.
    #[must_use]
    pub fn of<Old: State, P: Profile + Migrate<Old>>() -> Self {
        Self {
            from: Schema::of::<Old>(),
            migrate: |bytes| {
                postcard::from_bytes::<Old>(bytes).map(|old| Box::new(P::migrate(old)) as _)
            },
        }
    }
}

impl fmt::Debug for ProfileMigration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileMigration")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}
