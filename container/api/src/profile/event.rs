//! What is fired on the activity of a table when its profiles change (R-PE-01).
//!
//! They hold the profiles themselves, not copies; as any event they may outlive the process.

use super::row::Row;
use super::{Held, Profile, SharedRow};
use crate::event::{AnyEvent, Event, EventDecl};
use crate::id::Component;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// A profile was made.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "P: Profile")]
pub struct ProfileAdded<P> {
    /// The table's name.
    pub table: Box<str>,
    /// The profile.
    pub profile: Held<P>,
}

/// A profile was changed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "P: Profile")]
pub struct ProfileUpdated<P> {
    /// The table's name.
    pub table: Box<str>,
    /// The profile before.
    pub before: Held<P>,
    /// The profile after.
    pub after: Held<P>,
}

/// A profile was removed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "P: Profile")]
pub struct ProfileRemoved<P> {
    /// The table's name.
    pub table: Box<str>,
    /// The profile as it was.
    pub profile: Held<P>,
}

macro_rules! events {
    ($($event:ident = $version:literal),*) => {
        $(impl<P: Profile> Event for $event<P> {
            const TYPE: Component = Component {
                name: P::SPEC.name,
                vendor: P::SPEC.vendor,
                version: $version,
            };
        })*
    };
}
events!(
    ProfileAdded = "profile-added",
    ProfileUpdated = "profile-updated",
    ProfileRemoved = "profile-removed"
);

/// The events of a specification. For the container.
#[derive(Clone, Copy, Debug)]
pub struct ProfileEvents {
    /// Of a profile that was made.
    pub added: EventDecl,
    /// Of one that was changed.
    pub updated: EventDecl,
    /// Of one that was removed.
    pub removed: EventDecl,
    /// Makes the event of a change in a table; `None` if the rows are of another specification, or there are none.
    pub event: fn(&str, Option<&SharedRow>, Option<&SharedRow>) -> Option<AnyEvent>,
}

impl ProfileEvents {
    /// Those of `P`.
    #[must_use]
    pub const fn of<P: Profile>() -> Self {
        Self {
            added: EventDecl::of::<ProfileAdded<P>>(),
            updated: EventDecl::of::<ProfileUpdated<P>>(),
            removed: EventDecl::of::<ProfileRemoved<P>>(),
            event: event::<P>,
        }
    }
}

fn event<P: Profile>(
    table: &str,
    before: Option<&SharedRow>,
    after: Option<&SharedRow>,
) -> Option<AnyEvent> {
    let table = Box::from(table);
    let held = |row: &SharedRow| Held::<P>::of(Arc::clone(row));
    Some(match (before, after) {
        (None, None) => return None,
        (None, Some(row)) => AnyEvent::new(ProfileAdded {
            table,
            profile: held(row)?,
        }),
        (Some(row), None) => AnyEvent::new(ProfileRemoved {
            table,
            profile: held(row)?,
        }),
        (Some(before), Some(after)) => AnyEvent::new(ProfileUpdated {
            table,
            before: held(before)?,
            after: held(after)?,
        }),
    })
}

impl<P: Profile> Serialize for Held<P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.row();
        (row.number, row.name.as_str(), &row.profile).serialize(serializer)
    }
}

impl<'de, P: Profile> Deserialize<'de> for Held<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (number, name, profile): (u64, String, P) = Deserialize::deserialize(deserializer)?;
        Ok(Self::new(Row {
            number,
            name: name.into(),
            profile,
        }))
    }
}
