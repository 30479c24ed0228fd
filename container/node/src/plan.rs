//! From configuration and catalog to what is started: which adaptor entities, listeners, links and services.
//!
//! All that can be found wrong without opening anything is found here: what is not there (R-DU-03), what does not fit (R-DU-05).

use crate::catalog::{self, Catalog, Settings, SettingsUnread, transport_word};
use crate::components;
use crate::error::NodeError;
use crate::listed::ComponentEntry;
use crate::tls::{TlsError, load, load_client};
use crate::usage;
use std::net::SocketAddr;
use strowger::id::Component;
use strowger::profile::ProfileDecl;
use strowger::ra::{AdaptorDef, ClientTls, Listener, Needs, SettingsError, Transport};
use strowger::service::ServiceDef;
use strowger_config as config;
use strowger_config::{Config, KeyPath, Place, Section};
use strowger_driver::DriverDef;
use strowger_kernel::{Durability, Intensity, ServiceOptions};

/// What a node starts.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) adaptors: Vec<PlannedAdaptor>,
    pub(crate) services: Vec<PlannedService>,
    /// Profile specifications of the binary, so that tables of services that are not configured are kept.
    pub(crate) specifications: Vec<ProfileDecl>,
    pub(crate) tables: Vec<PlannedTable>,
    /// What the binary has, whether it is configured or not.
    pub(crate) components: Vec<ComponentEntry>,
}

/// One profile table.
#[derive(Clone, Debug)]
pub(crate) struct PlannedTable {
    pub(crate) name: String,
    pub(crate) spec: Component,
}

/// One adaptor entity.
#[derive(Clone, Debug)]
pub(crate) struct PlannedAdaptor {
    pub(crate) name: String,
    pub(crate) def: AdaptorDef,
    pub(crate) settings: SettingsOf,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) links: Vec<String>,
    pub(crate) active: bool,
    pub(crate) driven: Option<PlannedDriver>,
}

/// The driver of an adaptor entity that has one.
#[derive(Clone, Debug)]
pub(crate) struct PlannedDriver {
    pub(crate) def: DriverDef,
    pub(crate) needs: Needs,
}

impl PlannedAdaptor {
    /// The certificates of one of its listeners cannot be used. Adaptors have their listeners in a table of that name,
    /// and what TLS needs in a table of the listener.
    pub(crate) fn certificates_refused(
        &self,
        config: &Config,
        listener: &str,
        source: TlsError,
    ) -> NodeError {
        let key = ["listeners", listener, "tls", source.key()];
        self.refused_at(config, listener, &key.into_iter().collect(), source)
    }

    /// Those for connections that its driver opens cannot be used. Adaptors have what these need in a table `client.tls`.
    pub(crate) fn client_certificates_refused(
        &self,
        config: &Config,
        source: TlsError,
    ) -> NodeError {
        let key = ["client", "tls", source.key()];
        self.refused_at(config, "client", &key.into_iter().collect(), source)
    }

    fn refused_at(
        &self,
        config: &Config,
        listener: &str,
        key: &KeyPath,
        source: TlsError,
    ) -> NodeError {
        let section = config.adaptors.get(&self.name).map(|a| &a.settings);
        NodeError::Certificates {
            adaptor: self.name.clone(),
            listener: listener.to_owned(),
            place: section.and_then(|section| section.place(key)),
            source: Box::new(source),
        }
    }

    /// An entity that is not active listens nowhere.
    pub(crate) fn open_listeners(&self) -> &[Listener] {
        if self.active { &self.listeners } else { &[] }
    }

    /// What connections that its driver opens believe, if it opens any.
    pub(crate) fn client_tls(&self) -> Option<&ClientTls> {
        self.driven.as_ref()?.needs.client.as_ref()
    }
}

/// What is wrong with the certificates of listeners over TLS, as far as this machine has their files. Settings that
/// cannot be read have none.
#[must_use]
pub fn certificate_problems(config: &Config, catalog: &Catalog) -> Vec<NodeError> {
    let Ok(plan) = Plan::new(config, catalog) else {
        return Vec::new();
    };
    let problems = |planned: &PlannedAdaptor| {
        let listeners = planned.listeners.iter();
        let problems = listeners.filter_map(|listener| {
            let source = load(listener.tls.as_ref()?).err()?;
            Some(planned.certificates_refused(config, &listener.name, source))
        });
        let client = planned.client_tls().and_then(|tls| load_client(tls).err());
        let client = client.map(|source| planned.client_certificates_refused(config, source));
        problems.chain(client).collect::<Vec<_>>()
    };
    plan.adaptors.iter().flat_map(problems).collect()
}

/// One service.
#[derive(Debug)]
pub(crate) struct PlannedService {
    /// As the configuration names it.
    pub(crate) kind: String,
    pub(crate) def: ServiceDef,
    pub(crate) options: ServiceOptions,
}

/// Settings, which may hold secrets and are not printed.
#[derive(Clone)]
pub(crate) struct SettingsOf(pub(crate) Settings);

impl std::fmt::Debug for SettingsOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("settings")
    }
}

/// Why a configuration cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The binary has no such adaptor type.
    #[error("adaptor `{entity}`: this binary has no adaptor type `{kind}`")]
    NoAdaptorType {
        /// The adaptor entity.
        entity: String,
        /// The type that configuration names.
        kind: String,
    },
    /// The binary has the adaptor type without its driver.
    #[error("adaptor `{entity}`: this binary has the adaptor type `{kind}` without its driver")]
    NoDriver {
        /// The adaptor entity.
        entity: String,
        /// Its type.
        kind: String,
    },
    /// The binary has no such service.
    #[error("service `{service}`: this binary has no service `{kind}`")]
    NoServiceKind {
        /// The service's name.
        service: String,
        /// The kind that configuration names.
        kind: String,
    },
    /// No service of the binary brings the specification.
    #[error(
        "profile table `{table}`: no service of this binary brings a specification `{specification}`"
    )]
    NoSpecification {
        /// The table.
        table: String,
        /// The specification that configuration names.
        specification: String,
    },
    /// Settings are not of their component's type.
    #[error("`{name}`{}: settings cannot be read", at(place))]
    Unread {
        /// The adaptor entity or service.
        name: String,
        /// Where they are written.
        place: Option<Place>,
        /// Why.
        source: SettingsUnread,
    },
    /// An adaptor refuses its settings.
    #[error("adaptor `{name}`{}: settings are refused", at(place))]
    Refused {
        /// The adaptor entity.
        name: String,
        /// Where they are written.
        place: Option<Place>,
        /// Key and reason.
        source: SettingsError,
    },
    /// Two listeners have one address.
    #[error("{} {bind} is wanted by `{first}` and by `{second}`{}", transport_word(*transport), at(place))]
    Clash {
        /// The transport.
        transport: Transport,
        /// The address that both take.
        bind: SocketAddr,
        /// One listener, with its adaptor.
        first: String,
        /// The other one.
        second: String,
        /// Where the second one is written.
        place: Option<Place>,
    },
}

pub(crate) fn at(place: &Option<Place>) -> String {
    place
        .as_ref()
        .map(|place| format!(" ({place})"))
        .unwrap_or_default()
}

impl PlanError {
    /// The code whose page explains what to do.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Clash { .. } => "NOD-002",
            Self::NoAdaptorType { .. }
            | Self::NoDriver { .. }
            | Self::NoServiceKind { .. }
            | Self::NoSpecification { .. } => "NOD-003",
            Self::Unread { .. } | Self::Refused { .. } => "NOD-004",
        }
    }
}

impl Plan {
    pub(crate) fn new(config: &Config, catalog: &Catalog) -> Result<Self, PlanError> {
        let adaptors = config
            .adaptors
            .iter()
            .map(|(name, entity)| adaptor(name, entity, catalog));
        let services = config
            .services
            .iter()
            .map(|(name, wanted)| service(name, wanted, catalog));
        let specifications = catalog.specifications();
        let tables = config
            .profiles
            .iter()
            .map(|(name, wanted)| table(name, wanted, &specifications));
        let plan = Self {
            adaptors: adaptors.collect::<Result<_, _>>()?,
            services: services.collect::<Result<_, _>>()?,
            tables: tables.collect::<Result<_, _>>()?,
            specifications,
            components: components::of(catalog),
        };
        plan.check_addresses(config)?;
        Ok(plan)
    }

    /// An adaptor entity.
    pub(crate) fn adaptor(&self, name: &str) -> Option<&PlannedAdaptor> {
        self.adaptors.iter().find(|planned| planned.name == name)
    }

    fn check_addresses(&self, config: &Config) -> Result<(), PlanError> {
        let mut taken: Vec<(&Listener, &str)> = Vec::new();
        for adaptor in &self.adaptors {
            for listener in &adaptor.listeners {
                let clash = taken.iter().find(|(other, _)| clashes(other, listener));
                if let Some((other, entity)) = clash {
                    let section = config.adaptors.get(&adaptor.name).map(|a| &a.settings);
                    return Err(PlanError::Clash {
                        transport: listener.transport,
                        bind: listener.bind,
                        first: format!("{entity}.{}", other.name),
                        second: format!("{}.{}", adaptor.name, listener.name),
                        place: section.and_then(|section| section.place(&Default::default())),
                    });
                }
                taken.push((listener, &adaptor.name));
            }
        }
        Ok(())
    }
}

fn adaptor(
    name: &str,
    entity: &config::Adaptor,
    catalog: &Catalog,
) -> Result<PlannedAdaptor, PlanError> {
    let kind = entity.kind.as_deref().unwrap_or(name);
    let Some(def) = catalog.get_adaptor(kind) else {
        return Err(PlanError::NoAdaptorType {
            entity: name.into(),
            kind: kind.into(),
        });
    };
    let settings = read(name, &def.settings, &entity.settings)?;
    (def.verify)(settings.as_ref()).map_err(|source| {
        let key = source.key.parse().unwrap_or_default();
        let place = entity.settings.place(&key);
        PlanError::Refused {
            name: name.into(),
            place,
            source,
        }
    })?;
    let needs = def.driven.and_then(|needs| needs(settings.as_ref()));
    let driven = match (needs, catalog.get_driver(def)) {
        (Some(needs), Some(driver)) => Some(PlannedDriver {
            def: driver.clone(),
            needs,
        }),
        (Some(_), None) => {
            return Err(PlanError::NoDriver {
                entity: name.into(),
                kind: kind.into(),
            });
        }
        (None, _) => None,
    };
    Ok(PlannedAdaptor {
        driven,
        name: name.into(),
        listeners: (def.listeners)(settings.as_ref()),
        def: def.clone(),
        settings: SettingsOf(settings),
        links: entity.links.clone(),
        active: entity.active,
    })
}

fn service(
    name: &str,
    wanted: &config::Service,
    catalog: &Catalog,
) -> Result<PlannedService, PlanError> {
    let kind = wanted.kind.as_deref().unwrap_or(name);
    let Some(def) = catalog.get_service(kind) else {
        return Err(PlanError::NoServiceKind {
            service: name.into(),
            kind: kind.into(),
        });
    };
    let options = ServiceOptions {
        name: name.into(),
        active: wanted.active,
        held_back: false,
        intensity: Intensity {
            panics: wanted.panics_max,
            errors: wanted.errors_max,
            window: wanted.failure_window,
            hangs: wanted.hangs_max,
            hang_window: wanted.hang_window,
        },
        usage: usage::options(wanted),
        priority: wanted.priority,
        durability: match wanted.durability {
            config::Durability::None => Durability::None,
            config::Durability::Relaxed => Durability::Relaxed,
            config::Durability::Strict => Durability::Strict,
        },
        settings: read(name, &def.settings, &wanted.settings)?,
        links: wanted
            .links
            .iter()
            .map(|(link, entity)| (link.clone(), entity.clone()))
            .collect(),
    };
    Ok(PlannedService {
        kind: kind.into(),
        def: def.clone(),
        options,
    })
}

fn table(
    name: &str,
    wanted: &config::ProfileTable,
    specifications: &[ProfileDecl],
) -> Result<PlannedTable, PlanError> {
    let specification = wanted.specification.as_deref().unwrap_or(name);
    let found = specifications.iter().find(|s| s.spec.name == specification);
    let decl = found.ok_or_else(|| PlanError::NoSpecification {
        table: name.into(),
        specification: specification.into(),
    })?;
    Ok(PlannedTable {
        name: name.into(),
        spec: decl.spec,
    })
}

fn read(
    name: &str,
    decl: &strowger::param::SettingsDecl,
    section: &Section,
) -> Result<Settings, PlanError> {
    catalog::read(decl, section).map_err(|source| PlanError::Unread {
        name: name.into(),
        place: section.place(&Default::default()),
        source,
    })
}

/// Whether two listeners cannot both be open. A wildcard takes the port on every address of its family.
fn clashes(a: &Listener, b: &Listener) -> bool {
    let (one, two) = (a.bind.ip(), b.bind.ip());
    let overlap = one == two
        || (one.is_ipv4() == two.is_ipv4() && (one.is_unspecified() || two.is_unspecified()));
    // TLS is on a TCP port, too.
    let same = (a.transport == Transport::Udp) == (b.transport == Transport::Udp);
    same && a.bind.port() == b.bind.port() && a.bind.port() != 0 && overlap
}
