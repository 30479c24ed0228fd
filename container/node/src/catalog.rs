//! The adaptors and services that a binary contains, by the names that configuration gives them.

use crate::usage;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::Arc;
use strowger::id::ComponentId;
use strowger::param::SettingsDecl;
use strowger::profile::ProfileDecl;
use strowger::ra::{AdaptorDef, Listener, Transport};
use strowger::sbb::SbbDescriptor;
use strowger::service::ServiceDef;
use strowger_config::{
    Claim, Component, Components, Finding, KeyPath, Link, Problem, Section, Service, Usage,
};
use strowger_driver::DriverDef;

/// Settings with their type erased.
pub(crate) type Settings = Arc<dyn Any + Send + Sync>;

/// The adaptors and services that a binary contains.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    adaptors: BTreeMap<&'static str, AdaptorDef>,
    /// By name, the versions of each in the order in which they were added.
    services: BTreeMap<&'static str, Vec<ServiceDef>>,
    drivers: BTreeMap<ComponentId, DriverDef>,
}

impl Catalog {
    /// With one more adaptor type. Configuration calls it by its component's name; the last of one name counts.
    #[must_use]
    pub fn adaptor(mut self, def: AdaptorDef) -> Self {
        self.adaptors.insert(def.component.name, def);
        self
    }

    /// With one more service, or one more version of one. Configuration calls it `NAME@VERSION` after its component, or `NAME`
    /// for the version that was added last.
    #[must_use]
    pub fn service(mut self, def: ServiceDef) -> Self {
        let versions = self.services.entry(def.component.name).or_default();
        versions.retain(|other| other.component != def.component);
        versions.push(def);
        self
    }

    /// With the driver of an adaptor type that has one; the last of one type counts.
    #[must_use]
    pub fn driver(mut self, def: DriverDef) -> Self {
        self.drivers.insert(def.component.id(), def);
        self
    }

    /// What configuration has to know of them.
    #[must_use]
    pub fn components(&self) -> Components {
        let mut components = Components::default();
        for def in self.adaptors.values() {
            components = components.adaptor(KnownAdaptor::new(def.clone()));
        }
        for def in self.services() {
            components = components.service(KnownService::new(def.clone()));
        }
        for decl in self.specifications() {
            components = components.specification(decl.spec.name);
        }
        components
    }

    /// The profile specifications that its services bring. Of two with one name and vendor, that of the first service.
    pub(crate) fn specifications(&self) -> Vec<ProfileDecl> {
        let mut specs: Vec<ProfileDecl> = Vec::new();
        for sbb in self.services().flat_map(|def| sbbs(&def.root)) {
            for table in sbb.handlers.iter().flat_map(|handler| &handler.tables) {
                let (name, vendor) = (table.decl.spec.name, table.decl.spec.vendor);
                if !specs
                    .iter()
                    .any(|s| s.spec.name == name && s.spec.vendor == vendor)
                {
                    specs.push(table.decl);
                }
            }
        }
        specs
    }

    pub(crate) fn adaptors(&self) -> impl Iterator<Item = &AdaptorDef> + Clone {
        self.adaptors.values()
    }

    pub(crate) fn get_adaptor(&self, kind: &str) -> Option<&AdaptorDef> {
        self.adaptors.get(kind)
    }

    pub(crate) fn get_driver(&self, adaptor: &AdaptorDef) -> Option<&DriverDef> {
        self.drivers.get(&adaptor.component.id())
    }

    /// All services, versions of one in the order in which they were added.
    pub(crate) fn services(&self) -> impl DoubleEndedIterator<Item = &ServiceDef> + Clone {
        self.services.values().flatten()
    }

    pub(crate) fn get_service(&self, kind: &str) -> Option<&ServiceDef> {
        let (name, version) = match kind.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (kind, None),
        };
        let wanted = |def: &&ServiceDef| version.is_none_or(|v| v == def.component.version);
        self.services.get(name)?.iter().rev().find(wanted)
    }
}

/// Why settings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsUnread {
    /// They cannot be written down to be read again as the component's type.
    #[error("settings cannot be passed on")]
    Write(#[source] serde_json::Error),
    /// They are not of the component's type.
    #[error("settings are not of the component's type")]
    Read(#[source] erased_serde::Error),
}

/// Reads settings as the type that a component asks for. Their schema has been checked when configuration was loaded.
pub(crate) fn read(decl: &SettingsDecl, section: &Section) -> Result<Settings, SettingsUnread> {
    let value = serde_json::to_value(section).map_err(SettingsUnread::Write)?;
    let mut deserializer = <dyn erased_serde::Deserializer<'_>>::erase(value);
    (decl.read)(&mut deserializer).map_err(SettingsUnread::Read)
}

struct KnownAdaptor {
    def: AdaptorDef,
    summary: String,
}

impl KnownAdaptor {
    fn new(def: AdaptorDef) -> Self {
        let summary = format!("adaptor {}", def.component);
        Self { def, summary }
    }
}

impl Component for KnownAdaptor {
    fn kind(&self) -> &str {
        self.def.component.name
    }
    fn summary(&self) -> &str {
        &self.summary
    }
    fn schema(&self) -> schemars::Schema {
        (self.def.settings.schema)()
    }
    fn listeners(&self, section: &Section) -> Vec<Claim> {
        let settings = read(&self.def.settings, section);
        let listeners = settings.map(|settings| (self.def.listeners)(settings.as_ref()));
        let claim = |listener: Listener| Claim {
            key: ["listeners", &listener.name, "bind"].into_iter().collect(),
            // What is taken is a port, and TLS takes one of TCP's.
            transport: match listener.transport {
                Transport::Udp => "udp",
                Transport::Tcp | Transport::Tls | _ => "tcp",
            },
            bind: listener.bind,
        };
        listeners
            .unwrap_or_default()
            .into_iter()
            .map(claim)
            .collect()
    }
    fn check(&self, section: &Section) -> Vec<Finding> {
        let settings = match read(&self.def.settings, section) {
            Ok(settings) => settings,
            Err(error) => return vec![refused(section, &KeyPath::default(), error)],
        };
        match (self.def.verify)(settings.as_ref()) {
            Ok(()) => Vec::new(),
            Err(error) => {
                let key = error.key.parse().unwrap_or_default();
                vec![refused(section, &key, error)]
            }
        }
    }
}

struct KnownService {
    def: ServiceDef,
    summary: String,
    links: Vec<Link>,
}

impl KnownService {
    fn new(def: ServiceDef) -> Self {
        let summary = format!("service {}", def.component);
        let links = links(&def.root);
        Self {
            def,
            summary,
            links,
        }
    }
}

impl Component for KnownService {
    fn kind(&self) -> &str {
        self.def.component.name
    }
    fn version(&self) -> Option<&str> {
        Some(self.def.component.version)
    }
    fn summary(&self) -> &str {
        &self.summary
    }
    fn schema(&self) -> schemars::Schema {
        (self.def.settings.schema)()
    }
    fn links(&self) -> &[Link] {
        &self.links
    }
    fn check(&self, section: &Section) -> Vec<Finding> {
        match read(&self.def.settings, section) {
            Ok(_) => Vec::new(),
            Err(error) => vec![refused(section, &KeyPath::default(), error)],
        }
    }
    fn usage(&self, service: &Service) -> Usage {
        usage::check(&self.def, service)
    }
}

/// An SBB and all that its child relations reach, each once.
pub(crate) fn sbbs(root: &SbbDescriptor) -> Vec<SbbDescriptor> {
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    let mut next = vec![root.clone()];
    while let Some(sbb) = next.pop() {
        if seen.insert(sbb.component.id()) {
            next.extend(sbb.children.iter().map(|child| (child.descriptor)()));
            all.push(sbb);
        }
    }
    all
}

/// The links that an SBB and its children use.
fn links(root: &SbbDescriptor) -> Vec<Link> {
    let mut links = BTreeMap::new();
    for sbb in sbbs(root) {
        for link in sbb.handlers.iter().flat_map(|handler| &handler.links) {
            let known = links
                .entry((link.name, link.ra_type.name))
                .or_insert(link.optional);
            *known &= link.optional;
        }
    }
    let link = |((name, ra_type), optional): ((&str, &str), bool)| Link {
        name: name.into(),
        adaptor_type: ra_type.into(),
        optional,
    };
    links.into_iter().map(link).collect()
}

/// The word for a transport.
pub(crate) const fn transport_word(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
        Transport::Udp | _ => "udp",
    }
}

fn refused(
    section: &Section,
    below: &KeyPath,
    error: impl Error + Send + Sync + 'static,
) -> Finding {
    Finding {
        problem: Problem::Refused {
            key: section.path().join(below),
            error: Arc::new(error),
        },
        place: section.place(below),
        related: None,
        hint: None,
    }
}
