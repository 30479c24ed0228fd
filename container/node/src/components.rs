//! The components of a binary, and which of them refer to which (R-DU-01, R-DU-06).
//!
//! A binary is what JAIN SLEE calls a deployable unit: all that it has is there from the start of the process to its end. What a node has
//! made of a component is the shard's to say (`shard::lists`).

use crate::catalog::{Catalog, sbbs};
use crate::listed::{ComponentEntry, ComponentKind};
use std::collections::{BTreeMap, BTreeSet};
use strowger::id::Component;
use strowger::sbb::SbbDescriptor;

/// A component with its kind: names are unique within one.
type Known = (ComponentKind, Component);

/// Components, each with those that refer to it.
#[derive(Default)]
struct Graph(BTreeMap<Known, BTreeSet<Known>>);

impl Graph {
    fn add(&mut self, known: Known) {
        self.0.entry(known).or_default();
    }

    fn refer(&mut self, from: Known, to: Known) {
        self.add(from);
        self.0.entry(to).or_default().insert(from);
    }

    fn add_sbb(&mut self, sbb: &SbbDescriptor) {
        let own = (ComponentKind::Sbb, sbb.component);
        self.add(own);
        for child in &sbb.children {
            self.refer(own, (ComponentKind::Sbb, child.sbb));
        }
        for handler in &sbb.handlers {
            self.refer(own, (ComponentKind::Event, handler.event.component));
            if let Some(activity) = handler.activity {
                self.refer(own, (ComponentKind::Activity, activity));
            }
            for link in &handler.links {
                self.refer(own, (ComponentKind::Adaptor, link.ra_type));
            }
            for table in &handler.tables {
                self.refer(own, (ComponentKind::Profile, table.decl.spec));
            }
        }
    }
}

/// The components of a binary: by kind, and in the order of their names.
pub(crate) fn of(catalog: &Catalog) -> Vec<ComponentEntry> {
    let mut graph = Graph::default();
    for adaptor in catalog.adaptors() {
        let own = (ComponentKind::Adaptor, adaptor.component);
        graph.add(own);
        for event in (adaptor.events)() {
            graph.refer(own, (ComponentKind::Event, event.component));
        }
        for activity in (adaptor.activities)() {
            graph.refer(own, (ComponentKind::Activity, activity));
        }
    }
    for service in catalog.services() {
        let own = (ComponentKind::Service, service.component);
        graph.refer(own, (ComponentKind::Sbb, service.root.component));
        for sbb in sbbs(&service.root) {
            graph.add_sbb(&sbb);
        }
    }
    // A link that a service can do without may lead to an adaptor type that the binary does not have.
    let there = |adaptor: &Component| catalog.adaptors().any(|def| def.component == *adaptor);
    let known = graph.0.into_iter();
    let known = known.filter(|((kind, own), _)| *kind != ComponentKind::Adaptor || there(own));
    known.map(|(own, from)| entry(own, &from)).collect()
}

fn entry((kind, own): Known, from: &BTreeSet<Known>) -> ComponentEntry {
    let referring = from.iter().map(|(kind, from)| format!("{kind} {from}"));
    ComponentEntry {
        kind,
        name: own.name.to_owned(),
        vendor: own.vendor.to_owned(),
        version: own.version.to_owned(),
        referred_by: referring.collect(),
        used_by: Vec::new(),
    }
}
