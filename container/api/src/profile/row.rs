//! Profiles in their tables, with and without their type.

use super::{Invalid, Profile};
use compact_str::CompactString;
use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A profile in its table. It never changes: a write puts another in its place.
#[derive(Debug)]
pub struct Row<P> {
    pub(super) number: u64,
    /// In the row itself if it is short, so that whoever looks for it touches nothing else.
    pub(super) name: CompactString,
    pub(super) profile: P,
}

/// A profile in its table, its type erased; shared by the table's indexes and by whoever reads it.
pub type SharedRow = Arc<dyn AnyRow>;

/// A row of any specification. For the container.
pub trait AnyRow: Any + Send + Sync + fmt::Debug {
    /// What the store and the indexes call it by; unique in its table and never used again.
    fn number(&self) -> u64;
    /// The profile's name.
    fn name(&self) -> &str;
    /// Its values.
    fn profile(&self) -> &dyn AnyProfile;
}

/// Values of a profile of any specification. For the container.
pub trait AnyProfile: Any + Send + Sync + fmt::Debug {
    /// See [`Profile::key`].
    fn key(&self, attribute: usize, out: &mut Vec<u8>) -> bool;
    /// See [`Profile::has_key`].
    fn has_key(&self, attribute: usize, key: &[u8]) -> bool;
    /// See [`Profile::get`].
    fn get(&self, attribute: usize) -> Option<&dyn erased_serde::Serialize>;
    /// See [`Profile::set`].
    ///
    /// # Errors
    /// The value is not of the attribute's type.
    fn set(
        &mut self,
        attribute: usize,
        value: &mut dyn erased_serde::Deserializer<'_>,
    ) -> Result<(), erased_serde::Error>;
    /// See [`Profile::verify`].
    ///
    /// # Errors
    /// The values do not fit together.
    fn verify(&self) -> Result<(), Invalid>;
    /// Appends its bytes.
    ///
    /// # Errors
    /// When an opaque attribute's own `Serialize` fails.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), postcard::Error>;
    /// A copy, to be changed.
    fn copy(&self) -> Box<dyn AnyProfile>;
    /// The row that these values are.
    fn into_row(self: Box<Self>, number: u64, name: &str) -> SharedRow;
}

impl<P: Profile> AnyRow for Row<P> {
    fn number(&self) -> u64 {
        self.number
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn profile(&self) -> &dyn AnyProfile {
        &self.profile
    }
}

impl<P: Profile> AnyProfile for P {
    fn key(&self, attribute: usize, out: &mut Vec<u8>) -> bool {
        Profile::key(self, attribute, out)
    }
    fn has_key(&self, attribute: usize, key: &[u8]) -> bool {
        Profile::has_key(self, attribute, key)
    }
    fn get(&self, attribute: usize) -> Option<&dyn erased_serde::Serialize> {
        Profile::get(self, attribute)
    }
    fn set(
        &mut self,
        attribute: usize,
        value: &mut dyn erased_serde::Deserializer<'_>,
    ) -> Result<(), erased_serde::Error> {
        Profile::set(self, attribute, value)
    }
    fn verify(&self) -> Result<(), Invalid> {
        Profile::verify(self)
    }
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), postcard::Error> {
        crate::encoding::append(self, out)
    }
    fn copy(&self) -> Box<dyn AnyProfile> {
        Box::new(self.clone())
    }
    fn into_row(self: Box<Self>, number: u64, name: &str) -> SharedRow {
        Arc::new(Row {
            number,
            name: CompactString::new(name),
            profile: *self,
        })
    }
}

/// A profile as it was when it was read. It stays so: what is written later is seen by reading again.
#[derive(Debug)]
pub struct Held<P>(Arc<Row<P>>);

impl<P: Profile> Held<P> {
    /// For the container's rows; `None` if it is a profile of another specification.
    #[must_use]
    pub fn of(row: SharedRow) -> Option<Self> {
        let row: Arc<dyn Any + Send + Sync> = row;
        row.downcast().ok().map(Self)
    }
}

impl<P> Held<P> {
    pub(super) fn new(row: Row<P>) -> Self {
        Self(Arc::new(row))
    }
    pub(super) fn row(&self) -> &Row<P> {
        &self.0
    }
    /// The profile's name, unique in its table.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl<P> Clone for Held<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> Deref for Held<P> {
    type Target = P;
    fn deref(&self) -> &P {
        &self.0.profile
    }
}
