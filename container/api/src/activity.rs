//! Activities and the typed handles that name them.

use crate::id::{ActivityId, Component};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// A type of activity: a dialog, a transaction, a session. Implemented by marker types of the adaptors.
#[diagnostic::on_unimplemented(message = "`{Self}` is not an activity type")]
pub trait Activity: 'static {
    /// Name, vendor and version of the activity type.
    const TYPE: Component;
}

/// Names one activity and its activity context. Plain data: it may be kept in state, and goes stale, never wrong.
pub struct Handle<A>(ActivityId, PhantomData<fn() -> A>);

impl<A: Activity> Handle<A> {
    /// Types an id without a check; operations check the type when they use it.
    #[must_use]
    pub const fn from_id(id: ActivityId) -> Self {
        Self(id, PhantomData)
    }
    /// The untyped id.
    #[must_use]
    pub const fn id(self) -> ActivityId {
        self.0
    }
}

impl<A> Clone for Handle<A> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<A> Copy for Handle<A> {}
impl<A> PartialEq for Handle<A> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<A> Eq for Handle<A> {}
impl<A> Hash for Handle<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<A> PartialOrd for Handle<A> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<A> Ord for Handle<A> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<A> fmt::Debug for Handle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
impl<A> From<Handle<A>> for ActivityId {
    fn from(handle: Handle<A>) -> Self {
        handle.0
    }
}
impl<A> Serialize for Handle<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, A> Deserialize<'de> for Handle<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ActivityId::deserialize(deserializer).map(|id| Self(id, PhantomData))
    }
}

/// Handler parameter: the activity on which the event happened. A handler with `Aci<A>` receives the event on activities
/// of type `A` only; one without it, on every activity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Aci<A>(pub Handle<A>);

/// An activity that stands for nothing outside: made by an SBB to meet others on (R-NA).
#[derive(Clone, Copy, Debug)]
pub enum NullActivity {}

impl Activity for NullActivity {
    const TYPE: Component = Component {
        name: "null-activity",
        vendor: "strowger",
        version: "1.0",
    };
}

/// Exists while its service is active; carries [`ServiceStarted`](crate::event::ServiceStarted) (R-SV-03).
#[derive(Clone, Copy, Debug)]
pub enum ServiceActivity {}

impl Activity for ServiceActivity {
    const TYPE: Component = Component {
        name: "service-activity",
        vendor: "strowger",
        version: "1.0",
    };
}

/// Exists while its profile table does and the SLEE runs; changes of profiles are fired on it (R-PE-02).
#[derive(Clone, Copy, Debug)]
pub enum ProfileTableActivity {}

impl Activity for ProfileTableActivity {
    const TYPE: Component = Component {
        name: "profile-table-activity",
        vendor: "strowger",
        version: "1.0",
    };
}
