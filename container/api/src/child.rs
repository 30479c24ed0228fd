//! Child entities: made through a typed relation, called synchronously in the caller's transaction (R-SE).

use crate::id::EntityId;
use crate::sbb::Sbb;
use crate::state::State;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// Names one child entity of SBB `S`. Plain data: it may be kept in state; equality is identity (R-SE-06).
pub struct Child<S>(EntityId, PhantomData<fn() -> S>);

impl<S: Sbb> Child<S> {
    /// Types an id without a check; calls check it.
    #[must_use]
    pub const fn from_id(id: EntityId) -> Self {
        Self(id, PhantomData)
    }
}

impl<S> Child<S> {
    /// The untyped id.
    #[must_use]
    pub const fn id(self) -> EntityId {
        self.0
    }
}

impl<S> Clone for Child<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for Child<S> {}
impl<S> PartialEq for Child<S> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<S> Eq for Child<S> {}
impl<S> fmt::Debug for Child<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
impl<S> From<Child<S>> for EntityId {
    fn from(child: Child<S>) -> Self {
        child.0
    }
}
impl<S> Serialize for Child<S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, S> Deserialize<'de> for Child<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        EntityId::deserialize(deserializer).map(|id| Self(id, PhantomData))
    }
}
impl<S: Sbb> State for Child<S> {
    fn schema(out: &mut String) {
        out.push_str("child ");
        out.push_str(S::SBB.name);
    }
}
