//! A table whose type the owner of an adaptor or a service knows, kept with the places of its keys.

use crate::layers::Layers;
use crate::path::KeyPath;
use crate::problem::{Finding, Problem, Rejected};
use crate::source::Place;
use figment::value::{Dict, Value};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The settings of one adaptor or service, to be read as a type by [`Section::read`].
#[derive(Clone, Default)]
pub struct Section {
    dict: Dict,
    path: KeyPath,
    layers: Arc<Layers>,
}

impl Section {
    /// Reads the settings as a type. Keys that are missing take that type's serde defaults.
    ///
    /// # Errors
    /// The key that does not fit, with its place. A configuration that [`crate::load`] has accepted fits the types
    /// that its [`crate::Components`] name.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Rejected> {
        let value = Value::from(self.dict.clone());
        value.deserialize().map_err(|error| {
            let below: KeyPath = error.path.iter().map(String::as_str).collect();
            let key = self.path.join(&below);
            let place = self.place(&below);
            let error = Arc::new(error);
            Finding::at(Problem::Unfit { key, error }, place).into()
        })
    }

    /// The path of the table, such as `services.b2bua.settings`.
    #[must_use]
    pub fn path(&self) -> &KeyPath {
        &self.path
    }

    /// Where the value of a key below was written; for one that was not written, where its table was.
    #[must_use]
    pub fn place(&self, below: &KeyPath) -> Option<Place> {
        let path = self.path.join(below);
        self.layers
            .value(&path)
            .or_else(|| self.layers.key_or_table(&path))
    }

    pub(crate) fn locate(&mut self, path: KeyPath, layers: &Arc<Layers>) {
        self.path = path;
        self.layers = Arc::clone(layers);
    }
}

impl PartialEq for Section {
    fn eq(&self, other: &Self) -> bool {
        self.dict == other.dict
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names only: a value may be a secret.
        f.debug_set().entries(self.dict.keys()).finish()
    }
}

impl Serialize for Section {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.dict.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Section {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dict = Dict::deserialize(deserializer)?;
        Ok(Self {
            dict,
            ..Self::default()
        })
    }
}

/// The schema of an adaptor's settings before its type is known.
pub(crate) struct AdaptorSettings;

/// The schema of a service's settings before its kind is known.
pub(crate) struct ServiceSettings;

impl JsonSchema for AdaptorSettings {
    fn schema_name() -> Cow<'static, str> {
        "AdaptorSettings".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "x-settings": "adaptor" })
    }
}

impl JsonSchema for ServiceSettings {
    fn schema_name() -> Cow<'static, str> {
        "ServiceSettings".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "x-settings": "service" })
    }
}
