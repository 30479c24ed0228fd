//! Rules between keys: what each key alone cannot show to be wrong.

use crate::check::{NAME, is_name};
use crate::component::{Claim, Components};
use crate::key::TableKind;
use crate::layers::Layers;
use crate::management::Listen;
use crate::model::Config;
use crate::nearest::nearest;
use crate::path::KeyPath;
use crate::problem::{Finding, Problem};
use crate::source::{Place, SourceKind};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Checks all rules. `wrong` is what has been found already: of those keys the configuration has the defaults.
pub(crate) fn check(
    config: &Config,
    components: &Components,
    layers: &Layers,
    wrong: &[Finding],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(kinds(config, components, layers));
    findings.extend(versions(config, components, layers));
    findings.extend(specifications(config, components, layers));
    findings.extend(listeners(config, components, layers, wrong));
    findings.extend(link_names(config, layers));
    findings.extend(store(config, layers, wrong));
    findings.extend(times(config, layers));
    findings.extend(headers(config, layers));
    findings.extend(usage(config, components, layers, wrong));
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

/// Of the versions of one service one may be active, and each is there once at most.
fn versions(config: &Config, components: &Components, layers: &Layers) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut earlier: BTreeMap<&str, &str> = BTreeMap::new();
    let mut installed: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let place = |name: &str| layers.key(&path(["services", name]));
    for (name, wanted) in &config.services {
        let kind = config.service_kind(name).unwrap_or(name);
        let Some(known) = components.get(TableKind::Service, kind) else {
            continue;
        };
        let kind = known.component.kind();
        if let Some(version) = known.component.version() {
            let twin = *installed.entry((kind, version)).or_insert(name);
            if twin != name {
                let problem = Problem::SameVersion {
                    service: name.clone(),
                    other: twin.to_owned(),
                    kind: kind.to_owned(),
                    version: version.to_owned(),
                };
                let finding = Finding::at(problem, place(name)).related(place(twin), "also here");
                findings.push(finding.hint("take one of them away".to_owned()));
                continue;
            }
        }
        if !wanted.active {
            continue;
        }
        let other = *earlier.entry(kind).or_insert(name);
        if other != name {
            let problem = Problem::BothActive {
                service: name.clone(),
                other: other.to_owned(),
                kind: kind.to_owned(),
            };
            let finding = Finding::at(problem, place(name)).related(place(other), "active here");
            findings.push(finding.hint("set `active = false` for one of them".to_owned()));
        }
    }
    findings
}

/// The specification of every profile table must be one that a service of the binary brings.
fn specifications(config: &Config, components: &Components, layers: &Layers) -> Vec<Finding> {
    let known = components.specifications();
    let named = config.profiles.iter().map(|(table, wanted)| {
        let specification = wanted.specification.as_deref();
        (table, specification.unwrap_or(table))
    });
    let unknown = named.filter(|(_, specification)| !known.contains(*specification));
    let findings = unknown.map(|(table, specification)| {
        let entry = path(["profiles", table]);
        let written = layers.value(&entry.child("specification"));
        let problem = Problem::UnknownSpecification {
            table: table.clone(),
            specification: specification.to_owned(),
        };
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        let hint = match nearest(specification, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "no service of this binary brings one".to_owned(),
            None => format!("set `specification` to one of: {}", names.join(", ")),
        };
        Finding::at(problem, written.or_else(|| layers.key(&entry))).hint(hint)
    });
    findings.collect()
}

/// No two listeners of active adaptors may bind the same address.
fn listeners(
    config: &Config,
    components: &Components,
    layers: &Layers,
    wrong: &[Finding],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut earlier: Vec<(KeyPath, Claim)> = management(config).into_iter().collect();
    let place = |key: &KeyPath| layers.value(key).or_else(|| layers.key_or_table(key));
    for (name, adaptor) in config.adaptors.iter().filter(|(_, adaptor)| adaptor.active) {
        let settings = &adaptor.settings;
        let is_within = |finding: &Finding| {
            finding
                .problem
                .key()
                .is_some_and(|key| key.is_within(settings.path()))
        };
        let kind = config.adaptor_kind(name).unwrap_or(name);
        let known = components.get(TableKind::Adaptor, kind);
        let Some(known) = known.filter(|_| !wrong.iter().any(is_within)) else {
            continue;
        };
        for claim in known.component.listeners(settings) {
            let own = settings.path().join(&claim.key);
            let same = |other: &Claim| {
                other.transport == claim.transport && overlap(other.bind, claim.bind)
            };
            if let Some((other, _)) = earlier.iter().find(|(_, other)| same(other)) {
                let problem = Problem::AddressTaken {
                    listener: own.clone(),
                    address: format!("{} {}", claim.transport, claim.bind),
                    other: other.clone(),
                };
                findings
                    .push(Finding::at(problem, place(&own)).related(place(other), "taken here"));
            }
            earlier.push((own, claim));
        }
    }
    findings
}

/// The address of the management API, which comes first, so that the adaptor's is to blame.
fn management(config: &Config) -> Option<(KeyPath, Claim)> {
    // What the node takes only if it is free clashes with nothing.
    let Listen::At(bind) = config.management.listen else {
        return None;
    };
    let key = path(["management", "listen"]);
    let claim = Claim {
        key: key.clone(),
        transport: "tcp",
        bind,
    };
    Some((key, claim))
}

/// Whether two binds clash. A wildcard address takes the port on all addresses of its family: the node opens IPv6
/// sockets for IPv6 alone.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let covers =
        |one: IpAddr, other: IpAddr| one.is_unspecified() && one.is_ipv6() == other.is_ipv6();
    let same_ip = a.ip() == b.ip() || covers(a.ip(), b.ip()) || covers(b.ip(), a.ip());
    a.port() != 0 && a.port() == b.port() && same_ip
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
            let at = path(["adaptors", adaptor, "links"]).child(n.to_string());
            let place = layers.value(&at).or_else(|| layers.key_or_table(&at));
            if !is_name(link) {
                let (key, value) = (at, link.clone());
                let problem = Problem::Malformed {
                    key,
                    value,
                    expected: NAME,
                };
                findings.push(Finding::at(problem, place));
                continue;
            }
            let other = *owners.entry(link).or_insert(adaptor);
            if other != adaptor {
                let problem = Problem::LinkTaken {
                    link: link.clone(),
                    adaptor: adaptor.clone(),
                    other: other.to_owned(),
                };
                findings.push(Finding::at(problem, place));
            }
        }
    }
    findings
}

/// Times that cannot be nothing: every question to a name server, or to the API, would be over before its answer, and every ban before
/// it holds.
fn times(config: &Config, layers: &Layers) -> Vec<Finding> {
    let times: [(Duration, &[&str]); 5] = [
        (config.dns.timeout, &["dns", "timeout"]),
        (
            config.management.request_timeout,
            &["management", "request_timeout"],
        ),
        (config.export.otlp.timeout, &["export", "otlp", "timeout"]),
        (config.sources.ban_window, &["sources", "ban_window"]),
        (config.sources.ban_for, &["sources", "ban_for"]),
    ];
    let nothing = times.into_iter().filter(|(time, _)| time.is_zero());
    let findings = nothing.map(|(_, key)| {
        let key: KeyPath = key.iter().copied().collect();
        let place = layers.value(&key);
        let (value, bounds) = ("0s".to_owned(), "more than 0s".to_owned());
        Finding::at(Problem::OutOfRange { key, value, bounds }, place)
    });
    findings.collect()
}

/// Header fields must be such as can be sent. Their names are names already; their values are secrets.
fn headers(config: &Config, layers: &Layers) -> Vec<Finding> {
    let visible = |text: &str| text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    let headers = config.export.otlp.headers.iter();
    let wrong = headers.filter(|(_, value)| !visible(value.reveal()));
    let findings = wrong.map(|(name, _)| {
        let key = path(["export", "otlp", "headers", name]);
        let place = layers.value(&key);
        let problem = Problem::Malformed {
            key,
            value: "(secret)".to_owned(),
            expected: "a text of visible ASCII characters",
        };
        Finding::at(problem, place)
    });
    findings.collect()
}

/// More sets of usage parameters than there may be.
#[derive(Debug, thiserror::Error)]
#[error("the services have {sets} sets of usage parameters, more than `limits.usage_sets` allows")]
struct TooManySets {
    sets: usize,
}

/// Services must have the usage parameters that are watched, and all of them together not too many sets.
fn usage(
    config: &Config,
    components: &Components,
    layers: &Layers,
    wrong: &[Finding],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut sets, mut last) = (0, None);
    for (name, service) in &config.services {
        let own = path(["services", name]);
        let watched = ["usage_sets", "thresholds"].map(|key| own.child(key));
        let is_within = |finding: &Finding| {
            let key = finding.problem.key();
            key.is_some_and(|key| watched.iter().any(|watched| key.is_within(watched)))
        };
        let kind = config.service_kind(name).unwrap_or(name);
        let known = components.get(TableKind::Service, kind);
        let Some(known) = known.filter(|_| !wrong.iter().any(is_within)) else {
            continue;
        };
        let usage = known.component.usage(service);
        sets += usage.sets;
        last = layers.value(&own.child("usage_sets")).or(last);
        for refusal in usage.refusals {
            let key = own.join(&refusal.key.unwrap_or_default());
            let place = layers.value(&key).or_else(|| layers.key_or_table(&key));
            let error = Arc::from(refusal.error);
            findings.push(Finding::at(Problem::Refused { key, error }, place));
        }
    }
    if sets > config.limits.usage_sets as usize {
        let key = path(["limits", "usage_sets"]);
        let limit = layers.value(&key);
        // Blame the limit where somebody has written it.
        let written = limit.filter(|place| place.source.kind != SourceKind::Defaults);
        let place = written.or(last);
        let error = Arc::new(TooManySets { sets });
        findings.push(Finding::at(Problem::Refused { key, error }, place));
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
