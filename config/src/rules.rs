//! Rules between keys: what each key alone cannot show to be wrong.

use crate::component::Components;
use crate::key::TableKind;
use crate::layers::Layers;
use crate::model::{Config, Listener, Transport};
use crate::nearest::nearest;
use crate::path::KeyPath;
use crate::problem::{Finding, Problem};
use crate::source::{Place, SourceKind};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Checks all rules. `wrong` is what has been found already: of those keys the configuration has the defaults.
pub(crate) fn check(
    config: &Config,
    components: &Components,
    layers: &Layers,
    wrong: &[Finding],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(kinds(config, components, layers));
    findings.extend(listeners(config, layers));
    findings.extend(link_names(config, layers));
    findings.extend(links(config, components, layers));
    findings.extend(store(config, layers, wrong));
    findings
}

fn path<const N: usize>(segments: [&str; N]) -> KeyPath {
    segments.into_iter().collect()
}

/// Every adaptor and service must be one that the binary contains.
fn kinds(config: &Config, components: &Components, layers: &Layers) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut unknown = |table: TableKind, name: &str, kind: &str, problem: Problem| {
        if components.get(table, kind).is_some() {
            return;
        }
        let entry = path([table.table(), name]);
        let written = layers.value(&entry.child(table.kind_key()));
        let known = components.of(table);
        let hint = match nearest(kind, known.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let known: Vec<&str> = known.keys().map(String::as_str).collect();
                format!("set `{}` to one of: {}", table.kind_key(), known.join(", "))
            }
        };
        findings.push(Finding::at(problem, written.or_else(|| layers.key(&entry))).hint(hint));
    };
    for name in config.adaptors.keys() {
        let kind = config.adaptor_kind(name).unwrap_or(name);
        let problem = Problem::UnknownAdaptor {
            name: name.clone(),
            kind: kind.to_owned(),
        };
        unknown(TableKind::Adaptor, name, kind, problem);
    }
    for name in config.services.keys() {
        let kind = config.service_kind(name).unwrap_or(name);
        let problem = Problem::UnknownService {
            name: name.clone(),
            kind: kind.to_owned(),
        };
        unknown(TableKind::Service, name, kind, problem);
    }
    findings
}

/// No two listeners of active adaptors may bind the same address.
fn listeners(config: &Config, layers: &Layers) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut earlier: Vec<(KeyPath, &Listener)> = Vec::new();
    for (adaptor, entity) in config.adaptors.iter().filter(|(_, entity)| entity.active) {
        for (name, listener) in &entity.listeners {
            let own = path(["adaptors", adaptor, "listeners", name]);
            let taken = earlier.iter().find(|(_, other)| {
                other.transport == listener.transport && overlap(other.bind, listener.bind)
            });
            if let Some((other, _)) = taken {
                let problem = Problem::AddressTaken {
                    listener: own.clone(),
                    address: format!("{} {}", transport_word(listener.transport), listener.bind),
                    other: other.clone(),
                };
                let finding = Finding::at(problem, layers.value(&own.child("bind")));
                findings.push(finding.related(layers.value(&other.child("bind")), "taken here"));
            }
            earlier.push((own, listener));
        }
    }
    findings
}

/// Whether two binds clash. A wildcard address takes the port on all addresses; `[::]` those of IPv4 as well.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let covers =
        |one: IpAddr, other: IpAddr| one.is_unspecified() && (one.is_ipv6() || other.is_ipv4());
    let same_ip = a.ip() == b.ip() || covers(a.ip(), b.ip()) || covers(b.ip(), a.ip());
    a.port() != 0 && a.port() == b.port() && same_ip
}

fn transport_word(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
    }
}

/// A link name belongs to one adaptor.
fn link_names(config: &Config, layers: &Layers) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut owners: BTreeMap<&str, &str> = config
        .adaptors
        .keys()
        .map(|name| (name.as_str(), name.as_str()))
        .collect();
    for (adaptor, entity) in &config.adaptors {
        for (n, link) in entity.links.iter().enumerate() {
            let other = *owners.entry(link).or_insert(adaptor);
            if other != adaptor {
                let problem = Problem::LinkTaken {
                    link: link.clone(),
                    adaptor: adaptor.clone(),
                    other: other.to_owned(),
                };
                let at = path(["adaptors", adaptor, "links"]).child(n.to_string());
                findings.push(Finding::at(
                    problem,
                    layers.value(&at).or_else(|| layers.key_or_table(&at)),
                ));
            }
        }
    }
    findings
}

/// Every link of a service must lead to an adaptor, and every adaptor type that a service uses to exactly one.
fn links(config: &Config, components: &Components, layers: &Layers) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (service, entry) in &config.services {
        let own = path(["services", service]);
        for (adaptor_type, link) in &entry.links {
            if config.linked_adaptor(link).is_some() {
                continue;
            }
            let bound = config.adaptors.iter();
            let names = bound.flat_map(|(name, adaptor)| adaptor.links.iter().chain([name]));
            let hint = nearest(link, names.map(String::as_str))
                .map(|near| format!("did you mean `{near}`?"));
            let problem = Problem::UnboundLink {
                service: service.clone(),
                link: link.clone(),
            };
            let at = own.child("links").child(adaptor_type);
            findings.push(Finding::at(problem, layers.value(&at)).hint(hint));
        }
        let kind = config.service_kind(service).unwrap_or(service);
        let Some(known) = components.get(TableKind::Service, kind) else {
            continue;
        };
        let unlinked = known
            .component
            .adaptor_types()
            .iter()
            .filter(|t| !entry.links.contains_key(**t));
        for adaptor_type in unlinked.filter(|_| entry.active) {
            if config.adaptor_for(service, adaptor_type).is_some() {
                continue;
            }
            let of_type = |name: &&String| config.adaptor_kind(name) == Some(adaptor_type);
            let candidates = config.adaptors.keys().filter(of_type).count();
            let hint = match candidates {
                0 => {
                    format!("add an adaptor of the type `{adaptor_type}`, or set `active = false`")
                }
                _ => format!("choose one by `links.{adaptor_type}`"),
            };
            let problem = Problem::NoAdaptor {
                service: service.clone(),
                adaptor_type: (*adaptor_type).to_owned(),
                candidates,
            };
            findings.push(Finding::at(problem, layers.key(&own)).hint(hint));
        }
    }
    findings
}

/// The store's bounds must leave room for each other.
fn store(config: &Config, layers: &Layers, wrong: &[Finding]) -> Vec<Finding> {
    let store = &config.store;
    let rules = [
        (
            store.relaxed_delay < store.group_delay,
            "relaxed_delay",
            "shorter than",
            "group_delay",
        ),
        (
            store.low_water < store.reserve,
            "low_water",
            "below",
            "reserve",
        ),
        (
            store.checkpoint_bytes < store.segment_bytes,
            "checkpoint_bytes",
            "below",
            "segment_bytes",
        ),
        (
            store.segment_bytes < store.group_bytes,
            "segment_bytes",
            "below",
            "group_bytes",
        ),
    ];
    let is_wrong = |key: &str| {
        let key = path(["store", key]);
        wrong
            .iter()
            .any(|finding| finding.problem.key() == Some(&key))
    };
    let broken = rules
        .into_iter()
        .filter(|(broken, key, _, other)| *broken && !is_wrong(key) && !is_wrong(other));
    let findings = broken.map(|(_, key, relation, other)| {
        let (key, other) = (path(["store", key]), path(["store", other]));
        // Blame what the user wrote: the place with the stronger source, the other one named beside it.
        let (at_key, at_other) = (layers.value(&key), layers.value(&other));
        let rank = |place: &Option<Place>| place.as_ref().map(|place| place.source.kind);
        let (place, related) = if rank(&at_key) >= rank(&at_other) {
            (at_key, at_other)
        } else {
            (at_other, at_key)
        };
        let related = related.filter(|place| place.source.kind != SourceKind::Defaults);
        let problem = Problem::Contradiction {
            key,
            relation,
            other,
        };
        Finding::at(problem, place).related(related, "the other value")
    });
    findings.collect()
}
