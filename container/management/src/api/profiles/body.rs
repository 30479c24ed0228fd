//! What requests about profiles carry, and what they are answered: as JSON has it, and as the documents of the API say it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A profile table.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileTable)]
pub(in crate::api) struct TableEntry {
    /// Its name.
    pub(super) name: String,
    /// Its specification: name, version and vendor.
    pub(super) specification: String,
    /// How many profiles it has.
    pub(super) profiles: usize,
}

/// A profile table, with what its profiles are made of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileTableDetail)]
pub(in crate::api) struct TableDetail {
    /// Its name.
    pub(super) name: String,
    /// Its specification: name, version and vendor.
    pub(super) specification: String,
    /// How many profiles it has.
    pub(super) profiles: usize,
    /// Attributes of its profiles.
    pub(super) attributes: Vec<AttributeEntry>,
    /// What new profiles begin with.
    #[schema(value_type = Object)]
    pub(super) default: Map<String, Value>,
}

/// An attribute of the profiles of a table.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileAttribute)]
pub(in crate::api) struct AttributeEntry {
    /// Its name.
    pub(super) name: &'static str,
    /// `bool`, `integer`, `text`, `ip`, `address`, or `opaque`: that is any JSON, and cannot be queried.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Whether it may have no value: `null`.
    pub(super) optional: bool,
    /// Whether each value is there once.
    pub(super) unique: bool,
    /// Whether there is an index.
    pub(super) indexed: bool,
}

/// A profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Profile)]
pub(in crate::api) struct ProfileEntry {
    /// Its name.
    pub(super) name: String,
    /// Its attributes.
    #[schema(value_type = Object)]
    pub(super) values: Map<String, Value>,
}

/// An edit session of a profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileEdit)]
pub(in crate::api) struct EditEntry {
    /// Its number.
    pub(super) id: u64,
    /// The profile's name.
    pub(super) name: String,
    /// Whether the profile is not there yet.
    pub(super) new: bool,
    /// Whether it holds what was not committed.
    pub(super) changed: bool,
    /// Seconds until it ends if nobody uses it; to look at it is not to use it.
    pub(super) left_s: u64,
    /// Attributes as they would be committed.
    #[schema(value_type = Object)]
    pub(super) values: Map<String, Value>,
}

/// The profile that is edited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProfileEdit, example = json!({"name": "alice"}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(in crate::api) struct NewEdit {
    /// Its name.
    name: String,
    /// It is not there yet, and is made.
    #[schema(required = false)]
    new: bool,
}

/// The specification of a table that is made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProfileTable, example = json!({"specification": "subscriber"}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(in crate::api) struct NewTable {
    /// Its name: one that a service of the binary brings.
    pub(super) specification: String,
}

/// What a table is called from here on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProfileTableName, example = json!({"to": "members"}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(in crate::api) struct NewName {
    /// The new name.
    pub(super) to: String,
}

/// Profiles that are written, and others that are removed, all or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileWrites, example = json!({"put": [{"name": "alice", "values": {"number": "4930123"}}], "remove": ["bob"]}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(in crate::api) struct Writes {
    /// Profiles that are made, or take the place of those of their name. What is left out is as in the table's default.
    #[schema(required = false)]
    pub(super) put: Vec<Write>,
    /// Names of profiles that are removed, if they are there.
    #[schema(required = false)]
    pub(super) remove: Vec<String>,
}

/// Values of attributes by their names.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ProfileValues, value_type = Object, example = json!({"number": "4930123", "zone": 7}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(in crate::api) struct Values(Map<String, Value>);

/// A profile that is written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileWrite)]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(in crate::api) struct Write {
    /// Its name.
    pub(super) name: String,
    /// Its attributes.
    pub(super) values: Values,
}

/// A query.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileQuery, example = json!({"where": {"all": [{"attribute": "zone", "equal": 7}, {"attribute": "number", "prefix": "49"}]}, "limit": 10}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(in crate::api) struct Query {
    /// A condition: `attribute` with one of `equal`, `not_equal`, `less`, `at_most`, `greater`, `at_least`, `prefix`, `prefix_of` (the
    /// longest), or with `from` and `to`; or `all`, `any` or `not` of other conditions. Without it, every profile.
    #[serde(rename = "where")]
    #[schema(value_type = Object, required = false)]
    pub(super) condition: Map<String, Value>,
    /// Profiles at most; 100 unless given.
    #[schema(required = false)]
    pub(super) limit: u32,
}
