//! Links: which adaptor each service works with.

use crate::component::{Components, Link};
use crate::key::TableKind;
use crate::layers::Layers;
use crate::model::Config;
use crate::nearest::nearest;
use crate::path::KeyPath;
use crate::problem::{Finding, Problem};

/// Finds the adaptor behind every link of every service and writes it into the service's `links`.
pub(crate) fn resolve(
    config: &mut Config,
    components: &Components,
    layers: &Layers,
) -> Vec<Finding> {
    let mut resolver = Resolver {
        config,
        layers,
        findings: Vec::new(),
    };
    let mut resolved = Vec::new();
    for service in config.services.keys() {
        let kind = config.service_kind(service).unwrap_or(service);
        if let Some(known) = components.get(TableKind::Service, kind) {
            let links = known.component.links();
            resolver.unknown_links(service, links);
            let adaptors = links.iter().filter_map(|link| {
                let adaptor = resolver.adaptor(service, link)?;
                Some((link.name.clone(), adaptor))
            });
            resolved.push((service.clone(), adaptors.collect()));
        }
    }
    let findings = resolver.findings;
    for (service, links) in resolved {
        if let Some(service) = config.services.get_mut(&service) {
            service.links = links;
        }
    }
    findings
}

struct Resolver<'a> {
    config: &'a Config,
    layers: &'a Layers,
    findings: Vec<Finding>,
}

impl Resolver<'_> {
    /// A service must have the links that configuration gives it.
    fn unknown_links(&mut self, service: &str, links: &[Link]) {
        let Some(entry) = self.config.services.get(service) else {
            return;
        };
        let known = |written: &&String| links.iter().any(|link| link.name == **written);
        for written in entry.links.keys().filter(|written| !known(written)) {
            let key: KeyPath = ["services", service, "links", written]
                .into_iter()
                .collect();
            let near = nearest(written, links.iter().map(|link| link.name.as_str()));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            let place = self.layers.key(&key);
            self.findings
                .push(Finding::at(Problem::UnknownKey { key }, place).hint(hint));
        }
    }

    /// The adaptor behind a link: the one that configuration says, the one that has the link's name, or else the only
    /// one of the type.
    fn adaptor(&mut self, service: &str, link: &Link) -> Option<String> {
        let entry = self.config.services.get(service)?;
        let is_of_type =
            |name: &str| self.config.adaptor_kind(name) == Some(link.adaptor_type.as_str());
        if let Some(written) = entry.links.get(&link.name) {
            return match self.config.linked_adaptor(written) {
                Some(adaptor) if is_of_type(adaptor) => Some(adaptor.to_owned()),
                other => {
                    let leads_to = other.map(str::to_owned);
                    self.unbound(service, link, written, leads_to);
                    None
                }
            };
        }
        if let Some(adaptor) = self
            .config
            .linked_adaptor(&link.name)
            .filter(|name| is_of_type(name))
        {
            return Some(adaptor.to_owned());
        }
        let candidates: Vec<&String> = self
            .config
            .adaptors
            .keys()
            .filter(|name| is_of_type(name))
            .collect();
        match candidates.as_slice() {
            [only] => Some((*only).clone()),
            [] if link.optional => None,
            _ if entry.active => {
                let candidates = candidates.len();
                self.no_adaptor(service, link, candidates);
                None
            }
            _ => None,
        }
    }

    fn unbound(&mut self, service: &str, link: &Link, written: &str, leads_to: Option<String>) {
        let key: KeyPath = ["services", service, "links", &link.name]
            .into_iter()
            .collect();
        let place = self.layers.value(&key);
        let finding = match leads_to {
            Some(adaptor) => {
                let adaptor_type = link.adaptor_type.clone();
                Finding::at(
                    Problem::WrongAdaptor {
                        key,
                        adaptor,
                        adaptor_type,
                    },
                    place,
                )
            }
            None => {
                let bound = self.config.adaptors.iter();
                let names = bound.flat_map(|(name, adaptor)| adaptor.links.iter().chain([name]));
                let near = nearest(written, names.map(String::as_str));
                let hint = near.map(|near| format!("did you mean `{near}`?"));
                let (service, link) = (service.to_owned(), written.to_owned());
                Finding::at(Problem::UnboundLink { service, link }, place).hint(hint)
            }
        };
        self.findings.push(finding);
    }

    fn no_adaptor(&mut self, service: &str, link: &Link, candidates: usize) {
        let adaptor_type = link.adaptor_type.clone();
        let hint = match candidates {
            0 => format!("add an adaptor of the type `{adaptor_type}`, or set `active = false`"),
            _ => format!("choose one by `links.{}`", link.name),
        };
        let place = self
            .layers
            .key(&["services", service].into_iter().collect());
        let service = service.to_owned();
        let problem = Problem::NoAdaptor {
            service,
            adaptor_type,
            candidates,
        };
        self.findings.push(Finding::at(problem, place).hint(hint));
    }
}
