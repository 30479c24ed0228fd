//! Whether this binary could take over what a running node has: before it is put in the place of that node's binary.
//!
//! The node tells which services, SBBs and schemas it has. Its tables are taken to stay as they are, and are found by their names, as
//! a start finds them: by the kind that a table has, or by its name. Invariant: what is found here is what a start with those tables
//! would refuse (R-SV-08).

use crate::catalog::{Catalog, sbbs};
use crate::status::ServiceStatus;
use std::fmt;
use strowger::sbb::SbbDescriptor;
use strowger::service::ServiceDef;
use strowger::state::{FieldChange, Schema};
use strowger_kernel::successor;

/// State of a running node that this binary could not take over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unfit {
    /// The name of the service.
    pub service: String,
    /// The SBB, as the node has it.
    pub sbb: String,
    /// Its entities.
    pub entities: u64,
    /// Why not.
    pub why: Why,
}

/// Why state cannot be taken over.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Why {
    /// The binary has no version of the service.
    NoService(String),
    /// The version of the service that it has is without the SBB.
    NoSbb(String),
    /// The state of the SBB has changed, and there is no migration.
    Schema {
        /// The SBB that would take it over.
        to: String,
        /// The first field that differs.
        change: FieldChange,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (service, sbb) = (&self.service, &self.sbb);
        write!(f, "service `{service}`, SBB `{sbb}`: ")?;
        match &self.why {
            Why::NoService(component) => write!(f, "no version of `{component}` is in this binary"),
            Why::NoSbb(component) => write!(f, "`{component}` has no such SBB"),
            Why::Schema { to, change } => {
                write!(f, "{change} in `{to}`, and there is no migration")
            }
        }
    }
}

impl Catalog {
    /// What of a node's state, as its status in detail tells it, could not be taken over. Services in class `none` keep none.
    #[must_use]
    pub fn verify(&self, services: &[ServiceStatus]) -> Vec<Unfit> {
        let configured = services.iter().filter_map(|s| self.configured(s));
        let configured: Vec<_> = configured.collect();
        let kept = services.iter().filter(|s| s.durability != "none");
        kept.flat_map(|service| {
            let def = self.successor_of(&service.component, &configured);
            verify_service(service, def)
        })
        .collect()
    }

    /// The version that a table stands for; `None` if it cannot stay as it is.
    fn configured(&self, service: &ServiceStatus) -> Option<&ServiceDef> {
        let component = &service.component;
        let is_told = !service.kind.is_empty();
        let kind = if is_told {
            &service.kind
        } else {
            &service.name
        };
        let named = self.get_service(kind);
        let named = named.filter(|def| def.component.is_version_written(component));
        // A node of an older version does not tell the kind: its table may have another name than the service.
        let same = |def: &&ServiceDef| !is_told && def.component.to_string() == *component;
        named.or_else(|| self.services().find(same))
    }

    /// The service that takes over from a component. Without a table for any version of it there will have to be one: most likely
    /// for that which was added last.
    fn successor_of<'a>(
        &'a self,
        component: &str,
        configured: &[&'a ServiceDef],
    ) -> Option<&'a ServiceDef> {
        let place = successor(component, configured.iter().map(|def| &def.component));
        let chosen = place.and_then(|place| configured.get(place)).copied();
        let version = |def: &&ServiceDef| def.component.is_version_written(component);
        chosen.or_else(|| self.services().rev().find(version))
    }
}

fn verify_service(service: &ServiceStatus, def: Option<&ServiceDef>) -> Vec<Unfit> {
    let own = def.map_or_else(Vec::new, |def| sbbs(&def.root));
    let has_entities = service.sbbs.iter().filter(|sbb| sbb.entities > 0);
    let unfit = has_entities.filter_map(|known| {
        let why = match def {
            None => Why::NoService(service.component.clone()),
            Some(def) => match own.iter().find(|s| is_version(s, &known.sbb)) {
                None => Why::NoSbb(def.component.to_string()),
                Some(sbb) => unread(sbb, &known.schema)?,
            },
        };
        Some(Unfit {
            service: service.name.clone(),
            sbb: known.sbb.clone(),
            entities: known.entities,
            why,
        })
    });
    unfit.collect()
}

fn is_version(sbb: &SbbDescriptor, written: &str) -> bool {
    sbb.component.is_version_written(written)
}

/// Why an SBB cannot read a state, if so. A node that does not tell its schemas is of an older version.
fn unread(sbb: &SbbDescriptor, schema: &str) -> Option<Why> {
    let readable = |own: &Schema| own.text == schema;
    let migrates = sbb.migrations.iter().any(|m| readable(&m.from));
    if readable(&sbb.schema) || migrates {
        return None;
    }
    let stored = Schema {
        text: schema.to_owned(),
        fingerprint: 0,
    };
    let change = stored.change_to(&sbb.schema)?;
    let to = sbb.component.to_string();
    Some(Why::Schema { to, change })
}
