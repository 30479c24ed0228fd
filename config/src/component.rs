//! What configuration has to know of the adaptors and services that a binary contains.

use crate::key::{Key, TableKind};
use crate::model::Service;
use crate::path::KeyPath;
use crate::problem::{Finding, Problem};
use crate::section::Section;
use figment::value::{Dict, Value};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;

/// An adaptor type or a service kind, as far as configuration is concerned. [`Settings`] is the usual one.
pub trait Component: Send + Sync {
    /// The word by which configuration names it: an adaptor's `type`, a service's `kind`.
    fn kind(&self) -> &str;

    /// Its version, where a binary may contain several: configuration names it `KIND@VERSION` then.
    fn version(&self) -> Option<&str> {
        None
    }

    /// One line about it.
    fn summary(&self) -> &str;

    /// The schema of its settings.
    fn schema(&self) -> Schema;

    /// The links that a service needs; none for an adaptor.
    fn links(&self) -> &[Link] {
        &[]
    }

    /// The addresses that an adaptor will listen on; none for a service. Asked only about settings that passed
    /// [`Component::check`].
    fn listeners(&self, settings: &Section) -> Vec<Claim> {
        let _ = settings;
        Vec::new()
    }

    /// Everything that is wrong with settings beyond their schema.
    fn check(&self, settings: &Section) -> Vec<Finding>;

    /// What becomes of `usage_sets` and `thresholds`; none of it for an adaptor.
    fn usage(&self, service: &Service) -> Usage {
        let _ = service;
        Usage::default()
    }
}

/// What a service has of usage parameters with what the configuration says of them.
#[derive(Debug, Default)]
pub struct Usage {
    /// Sets of usage parameters, of all its SBBs.
    pub sets: usize,
    /// What it has against `usage_sets` and `thresholds`, with keys from the service's table on.
    pub refusals: Vec<Refusal>,
}

/// A link of a service, and the type of the adaptor behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The link's name in the service.
    pub name: String,
    /// The adaptor type.
    pub adaptor_type: String,
    /// Whether the service works without it, too.
    pub optional: bool,
}

/// An address that an adaptor will listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The key of the address, from the settings table on.
    pub key: KeyPath,
    /// The transport, such as `udp`. Claims of different transports never clash.
    pub transport: &'static str,
    /// The address.
    pub bind: SocketAddr,
}

/// A component whose settings are the type `T`.
///
/// Of each field, `T`'s schema gives all that users see:
///
/// | what | how |
/// |---|---|
/// | doc line | the doc comment |
/// | default | `#[serde(default)]` on the type, whose fields are `Serialize`; a field without default is required |
/// | bounds | `#[schemars(range(min = .., max = ..))]`, `length(..)` for texts |
/// | unit of a number | `extend("x-unit" = "calls")` |
/// | reload class | `extend("x-reload" = "live")`, `"restart-adaptor"` or `"restart-node"` |
/// | a duration in words | [`crate::duration`], or `humantime_serde` and format `time-span` |
/// | a size with a unit | [`crate::Size`]: format `size`, bounds `x-min-bytes` and `x-max-bytes` |
/// | an address with port | format `socket-address` |
/// | a network | format `network` |
/// | a secret, which is not listed | [`strowger::Secret`]; of another type, `extend("x-secret" = true)` |
/// | a table that may stand in a file | `extend("x-file" = true)` |
///
/// Formats are given by `#[schemars(with = "String", extend("format" = ".."))]`. `#[serde(deny_unknown_fields)]` belongs
/// on every table.
pub struct Settings<T> {
    kind: &'static str,
    summary: &'static str,
    links: Vec<Link>,
    claims: fn(&T) -> Vec<Claim>,
    refusals: fn(&T) -> Vec<Refusal>,
    settings: PhantomData<fn() -> T>,
}

/// The settings of a component that has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// What a component has against one of its settings.
#[derive(Debug)]
pub struct Refusal {
    /// The key, dotted, from the table on that was looked at, such as that of the settings; the table itself when `None`.
    pub key: Option<KeyPath>,
    /// The reason.
    pub error: Box<dyn Error + Send + Sync>,
}

impl<T> Settings<T> {
    /// A component by its kind and one line about it.
    #[must_use]
    pub fn of(kind: &'static str, summary: &'static str) -> Self {
        Self {
            kind,
            summary,
            links: Vec::new(),
            claims: |_| Vec::new(),
            refusals: |_| Vec::new(),
            settings: PhantomData,
        }
    }

    /// With one more link that a service needs, named after the adaptor type.
    #[must_use]
    pub fn uses(mut self, adaptor_type: &str) -> Self {
        let (name, adaptor_type) = (adaptor_type.to_owned(), adaptor_type.to_owned());
        self.links.push(Link {
            name,
            adaptor_type,
            optional: false,
        });
        self
    }

    /// With one more link that a service can do without, named after the adaptor type.
    #[must_use]
    pub fn may_use(mut self, adaptor_type: &str) -> Self {
        self = self.uses(adaptor_type);
        if let Some(link) = self.links.last_mut() {
            link.optional = true;
        }
        self
    }

    /// The addresses that an adaptor listens on.
    #[must_use]
    pub fn listening(self, claims: fn(&T) -> Vec<Claim>) -> Self {
        Self { claims, ..self }
    }

    /// A check of what a schema cannot say.
    #[must_use]
    pub fn refusing(self, refusals: fn(&T) -> Vec<Refusal>) -> Self {
        Self { refusals, ..self }
    }
}

impl<T: JsonSchema + DeserializeOwned> Component for Settings<T> {
    fn kind(&self) -> &str {
        self.kind
    }

    fn summary(&self) -> &str {
        self.summary
    }

    fn schema(&self) -> Schema {
        SchemaGenerator::default().into_root_schema_for::<T>()
    }

    fn links(&self) -> &[Link] {
        &self.links
    }

    fn listeners(&self, settings: &Section) -> Vec<Claim> {
        settings
            .read::<T>()
            .map_or_else(|_| Vec::new(), |read| (self.claims)(&read))
    }

    fn check(&self, settings: &Section) -> Vec<Finding> {
        let read = match settings.read::<T>() {
            Ok(read) => read,
            Err(rejected) => return rejected.findings,
        };
        let refusals = (self.refusals)(&read).into_iter();
        let findings = refusals.map(|refusal| {
            let below = refusal.key.unwrap_or_default();
            let key = settings.path().join(&below);
            let error = Arc::from(refusal.error);
            Finding::at(Problem::Refused { key, error }, settings.place(&below))
        });
        findings.collect()
    }
}

/// The adaptors and services that a binary contains, and the profile specifications that these bring.
#[derive(Default)]
pub struct Components {
    adaptors: BTreeMap<String, Known>,
    services: BTreeMap<String, Known>,
    specifications: BTreeSet<String>,
}

pub(crate) struct Known {
    pub(crate) component: Box<dyn Component>,
    pub(crate) schema: Schema,
    /// The tree of its settings.
    pub(crate) key: Key,
}

impl Components {
    /// With one more adaptor type.
    #[must_use]
    pub fn adaptor(mut self, component: impl Component + 'static) -> Self {
        let known = Known::new(component);
        self.adaptors
            .insert(known.component.kind().to_owned(), known);
        self
    }

    /// With one more service kind, or one more version of one: the last that is added is the one that `KIND` alone names.
    #[must_use]
    pub fn service(mut self, component: impl Component + 'static) -> Self {
        let known = Known::new(component);
        let kind = known.component.kind().to_owned();
        if let Some(older) = self.services.insert(kind.clone(), known)
            && let Some(version) = older.component.version()
        {
            self.services.insert(format!("{kind}@{version}"), older);
        }
        self
    }

    /// With one more profile specification, by its name.
    #[must_use]
    pub fn specification(mut self, name: &str) -> Self {
        self.specifications.insert(name.to_owned());
        self
    }

    pub(crate) fn specifications(&self) -> &BTreeSet<String> {
        &self.specifications
    }

    pub(crate) fn get(&self, table: TableKind, kind: &str) -> Option<&Known> {
        let of = self.of(table);
        of.get(kind).or_else(|| {
            let (kind, version) = kind.split_once('@')?;
            of.get(kind)
                .filter(|known| known.component.version() == Some(version))
        })
    }

    pub(crate) fn of(&self, table: TableKind) -> &BTreeMap<String, Known> {
        match table {
            TableKind::Adaptor => &self.adaptors,
            TableKind::Service => &self.services,
        }
    }

    /// The keys of an entry's settings, by the entry's `type` or `kind`, or else its name.
    pub(crate) fn settings_of(&self, table: TableKind, name: &str, entry: &Dict) -> Option<&Key> {
        let written = entry.get(table.kind_key()).and_then(Value::as_str);
        let known = self.get(table, written.unwrap_or(name))?;
        Some(&known.key)
    }
}

impl Known {
    fn new(component: impl Component + 'static) -> Self {
        let schema = component.schema();
        let key = Key::from_schema(schema.as_value());
        Self {
            component: Box::new(component),
            schema,
            key,
        }
    }
}

impl TableKind {
    /// The name of the table that holds the entries.
    pub(crate) const fn table(self) -> &'static str {
        match self {
            Self::Adaptor => "adaptors",
            Self::Service => "services",
        }
    }

    /// The key by which an entry names its component.
    pub(crate) const fn kind_key(self) -> &'static str {
        match self {
            Self::Adaptor => "type",
            Self::Service => "kind",
        }
    }
}
