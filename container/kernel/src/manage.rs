//! States of the SLEE, of services and of adaptor entities, and why a change of them is refused.

use strowger::id::Component;
use strowger::state::Schema;
use thiserror::Error;

/// State of the SLEE (R-SL-01).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SleeState {
    /// Nothing is routed.
    #[default]
    Stopped,
    /// Everything runs.
    Running,
    /// Nothing new begins; what is there is brought to an end.
    Stopping,
}

/// State of a service (R-SV-01).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ServiceState {
    /// It has no entities and gets none.
    #[default]
    Inactive,
    /// Initial events make entities of it.
    Active,
    /// It gets no new entities; those there are live on until they are gone.
    Stopping,
}

/// State of an adaptor entity (R-RE-01).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AdaptorState {
    /// It starts nothing and has no activities.
    #[default]
    Inactive,
    /// It may start activities, if the SLEE runs.
    Active,
    /// It starts none any more; inactive when the last has ended.
    Stopping,
}

/// Why an adaptor entity or a service could not be installed. Nothing was installed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum InstallError {
    /// Another entity or service has that name.
    #[error("the name `{0}` is taken")]
    NameTaken(String),
    /// The settings are not of the type that the definition names.
    #[error("settings of `{0}` are of another type")]
    WrongSettings(String),
    /// Its adaptor refuses the settings.
    #[error("settings of `{name}`: {cause}")]
    Settings {
        /// The entity.
        name: String,
        /// Key and reason.
        cause: strowger::ra::SettingsError,
    },
    /// Two components have one id; one of them must be renamed.
    #[error("{0} and {1} have the same component id: rename one")]
    Collision(Component, Component),
    /// Two SBBs give one alias different types (R-AT-04).
    #[error("alias `{alias}` of {sbb} has another type than that of an SBB installed before")]
    AliasType {
        /// The alias.
        alias: &'static str,
        /// The SBB installed second.
        sbb: Component,
    },
    /// An SBB receives more event types than a mask can hold.
    #[error("{0} receives more than 64 event types")]
    TooManyEvents(Component),
    /// The same service is installed already.
    #[error("service {0} is installed already")]
    ServiceTaken(Component),
    /// Two profile specifications have one name and vendor, and differ; one of them must be renamed.
    #[error("profile specifications {0} and {1} have the same name and differ: rename one")]
    ProfileSpec(Component, Component),
    /// Handlers of one SBB take sets of different usage parameters (R-US-01).
    #[error("handlers of {0} take sets of different usage parameters")]
    UsageTypes(Component),
    /// What the configuration says of its usage does not fit it.
    #[error("usage of `{name}`: {cause}")]
    Usage {
        /// The service.
        name: String,
        /// Why.
        cause: crate::usage::UsageError,
    },
    /// More entities, services or components than the tables take.
    #[error("too many {0}")]
    TooMany(&'static str),
}

/// Why a change of state was refused. Nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ManageError {
    /// The state does not allow it.
    #[error("not possible in this state")]
    InvalidState,
    /// There is no such service, adaptor entity, activity or entity.
    #[error("there is no such thing")]
    Unknown,
    /// A list of services is empty or names one twice.
    #[error("the list is empty or names one twice")]
    InvalidArgument,
    /// A link name that the service needs is unbound, or bound to an entity of another type (R-SV-02).
    #[error("link `{0}` is not bound to an adaptor entity of the type that the service needs")]
    Link(String),
    /// A profile table that the service needs is not there, or of another specification.
    #[error("there is no profile table `{0}` of the specification that the service needs")]
    Table(String),
    /// The link name is taken (R-LK-01).
    #[error("link `{0}` is bound already")]
    LinkTaken(String),
    /// A service that is not inactive uses the link (R-LK-01).
    #[error("link `{0}` is used by a service that is not inactive")]
    LinkInUse(String),
    /// It has activities.
    #[error("it has {0} activities, and is inactive only when they have ended")]
    Activities(u32),
    /// It has records of its own in the store, which it has yet to deal with.
    #[error("it has {0} records of its own in the store that it has not done with")]
    Records(usize),
    /// A service that is not inactive uses the adaptor entity (R-RE-01).
    #[error("service `{0}`, which is not inactive, uses it")]
    Used(String),
    /// Another version of the service is active (R-SV-08).
    #[error(
        "version `{0}` of the same service is active: replace it, or run this one as its canary"
    )]
    Version(String),
    /// There is no version of the service that it could be the canary of, go back to, or move entities to.
    #[error("there is no other version of the service for that")]
    NoVersion,
    /// A link of the new version leads to another adaptor entity than the old one's, whose activities the entities hold.
    #[error(
        "link `{0}` leads to another adaptor than that of the version whose entities are to move"
    )]
    LinkMoves(String),
    /// The service does not say which new work it takes as a canary.
    #[error("the service has no predicate of its own")]
    NoPredicate,
    /// The new version has no such SBB, and the old one has entities of it.
    #[error("version `{service}` has no SBB `{sbb}`, of which there are entities")]
    NoSbb {
        /// The new version.
        service: String,
        /// The SBB.
        sbb: String,
    },
    /// The state of an SBB has changed and there is no migration from the old one.
    #[error("from `{from}` to `{to}`, SBB `{sbb}`: {change}, and there is no migration")]
    Schema {
        /// The old version.
        from: String,
        /// The new one.
        to: String,
        /// The SBB.
        sbb: String,
        /// The first field that differs, for people.
        change: String,
    },
    /// A link name is bound to the adaptor entity (R-RE-01).
    #[error("link `{0}` is bound to it")]
    Bound(String),
}

/// Why an adaptor entity was not made anew. Nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ReplaceError {
    /// What it is now does not allow it.
    #[error(transparent)]
    State(#[from] ManageError),
    /// The new one could not be made.
    #[error(transparent)]
    New(#[from] InstallError),
}

/// Why a store's records cannot be served. The node does not start; nothing was changed in the store.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// A record's bytes are not what its kind says.
    #[error("record of kind {kind} in slot {slot}, session {session:x}: cannot be read")]
    Damaged {
        /// Slot of the record.
        slot: u8,
        /// Session of the record.
        session: u64,
        /// Kind of the record.
        kind: u8,
    },
    /// A record was written in a format that this build does not know.
    #[error("record of kind {kind}: format {found}, known is {known}")]
    Format {
        /// Kind of the record.
        kind: u8,
        /// The record's format.
        found: u8,
        /// The newest that this build reads.
        known: u8,
    },
    /// The store holds entities of a service that is not installed.
    #[error("the store holds entities of service `{service}`, which is not installed")]
    NoService {
        /// Name, version and vendor as written.
        service: String,
    },
    /// The store holds entities of an SBB that its service does not have.
    #[error("the store holds entities of SBB `{sbb}`, which service `{service}` does not have")]
    NoSbb {
        /// The service.
        service: String,
        /// Name, version and vendor as written.
        sbb: String,
    },
    /// The store holds activities of an adaptor entity that is not installed.
    #[error("the store holds activities of adaptor `{adaptor}`, which is not installed")]
    NoAdaptor {
        /// Name of the entity.
        adaptor: String,
    },
    /// The state of an SBB has changed and there is no migration from the stored one.
    #[error(
        "service `{service}`, SBB `{sbb}`: {}; the stored state has schema `{stored}` ({found:016x}), this build has `{text}` \
         ({known:016x}) and no migration from it",
        change((stored, *found), (text, *known))
    )]
    Schema {
        /// The service.
        service: String,
        /// The SBB.
        sbb: String,
        /// Fingerprint of the stored state.
        found: u64,
        /// Fingerprint of this build's.
        known: u64,
        /// The stored schema.
        stored: String,
        /// This build's schema.
        text: String,
    },
    /// The store holds a profile table of a specification that no service of this build has.
    #[error(
        "the store holds profile table `{table}` of specification `{spec}`, which this build does not have"
    )]
    NoProfileSpec {
        /// The table.
        table: String,
        /// Name and vendor as written.
        spec: String,
    },
    /// A profile specification has changed and there is no migration from the stored one.
    #[error(
        "profile table `{table}`: the stored schema is `{stored}` ({found:016x}), this build has `{text}` ({known:016x}) and no \
         migration from it"
    )]
    ProfileSchema {
        /// The table.
        table: String,
        /// Fingerprint of the stored schema.
        found: u64,
        /// Fingerprint of this build's.
        known: u64,
        /// The stored schema.
        stored: String,
        /// This build's schema.
        text: String,
    },
    /// A stored profile cannot be migrated.
    #[error("profile table `{table}`: a stored profile cannot be migrated")]
    ProfileMigration {
        /// The table.
        table: String,
    },
    /// Two stored profiles have one value of an attribute that is unique in this build.
    #[error(
        "profile table `{table}`: the stored profiles `{first}` and `{second}` have the same `{attribute}`, which is unique in this \
         build"
    )]
    NotUnique {
        /// The table.
        table: String,
        /// The attribute.
        attribute: &'static str,
        /// Name of one of the two.
        first: String,
        /// Name of the other.
        second: String,
    },
    /// A migration failed.
    #[error("service `{service}`, SBB `{sbb}`: a stored state cannot be migrated")]
    Migration {
        /// The service.
        service: String,
        /// The SBB.
        sbb: String,
    },
}

/// The first field in which a stored schema differs from this build's, for people.
fn change(stored: (&str, u64), known: (&str, u64)) -> String {
    let schema = |(text, fingerprint): (&str, u64)| Schema {
        text: text.to_owned(),
        fingerprint,
    };
    let change = schema(stored).change_to(&schema(known));
    change.map(|change| change.to_string()).unwrap_or_default()
}

/// Why management could not do something with profiles. Nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// There is no such table.
    #[error("there is no such profile table")]
    Unknown,
    /// A table, or a profile of the table, has that name already.
    #[error("the name is taken")]
    NameTaken,
    /// A name is empty; or a table's has a slash or is longer than 64 bytes (R-PR-01), or a profile's is longer than 255.
    #[error("the name is empty, too long, or has a slash")]
    InvalidName,
    /// There is no such specification, or the values are of another one.
    #[error("there is no such profile specification, or the profile is of another")]
    NoSpec,
    /// A service that is not inactive needs the table.
    #[error("a service that is not inactive needs the table")]
    InUse,
    /// The table has no profile of that name.
    #[error("there is no such profile")]
    NoProfile,
    /// There is no such edit session.
    #[error("there is no such edit session")]
    NoEdit,
    /// The specification has no such attribute (R-PQ-02).
    #[error("there is no attribute `{0}`")]
    NoAttribute(Box<str>),
    /// A value is not of its attribute's type (R-PQ-02).
    #[error("`{attribute}`: {cause}")]
    Value {
        /// The attribute.
        attribute: Box<str>,
        /// What is wrong, as the reader of the value says it.
        cause: Box<str>,
    },
    /// Somebody else wrote the profile after the edit session had read it (R-PR-07).
    #[error("the profile was changed since the edit session began")]
    Changed,
    /// The edit session holds changes that are neither committed nor dropped (R-PR-07).
    #[error("the edit session holds changes that are neither committed nor dropped")]
    Uncommitted,
    /// The write was refused as it would be to a service.
    #[error(transparent)]
    Refused(#[from] strowger::OpError),
}

/// Why a delivery that was put aside cannot be made again. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// None has that number.
    #[error("there is no such quarantined event")]
    Unknown,
    /// Its activity has ended, so there is nothing that it could be delivered on.
    #[error("its activity has ended")]
    ActivityGone,
    /// The entity that was to receive it is gone, or not attached to the activity any more.
    #[error("the entity that was to receive it is gone")]
    EntityGone,
    /// It is an initial event of a service that is not active.
    #[error("its service is not active")]
    ServiceInactive,
    /// No more events may wait on its activity.
    #[error("too many events wait on its activity")]
    QueueFull,
}

/// What a restart brought back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Restored {
    /// Activities.
    pub activities: u32,
    /// Entities.
    pub entities: u32,
    /// Timers.
    pub timers: u32,
    /// Events that were accepted and not delivered to all.
    pub events: u32,
    /// Profiles, in all tables.
    pub profiles: u32,
    /// Records that named something that is gone; they were removed.
    pub dropped: u32,
}
