//! Which way a request goes (RFC 6733 2.7, 6.1): the realm table, and the choice among peers.
//!
//! In this order: the Destination-Host if it is a peer, a redirect that is remembered, the realm table, peers of the realm,
//! default routes. Among candidates the lowest priority, then the fewest pending requests for the weight, then chance.

use std::sync::Arc;

use super::slab::Key;
use super::{Alarm, Output, Realm, RealmAction, RoutePeer, Stack, TxFailure};
use crate::proto::dict::{base, overload};
use crate::proto::wire::{Avps, HEADER_LEN};

/// An entry of the realm table with its peers looked up.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) realm: Realm,
    candidates: Vec<Candidate>,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    peer: Key,
    priority: u16,
    weight: u16,
}

/// What of a request decides on its way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Destination<'a> {
    pub(super) application: u32,
    pub(super) host: Option<&'a str>,
    pub(super) realm: Option<&'a str>,
    /// Origin-Host.
    pub(super) origin: &'a [u8],
    pub(super) session: &'a [u8],
    pub(super) user: &'a [u8],
    /// It announces overload control (RFC 7683).
    pub(super) overload: bool,
    /// We are in a Route-Record.
    pub(super) looped: bool,
}

/// What happens to a peer's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It is for this node.
    Local,
    /// It goes on, by way of the realm table or its Destination-Host.
    Relay,
    /// The service has a look at it before it goes on.
    Proxy,
    /// The sender should ask others, by this entry of the realm table.
    Redirect(usize),
    /// It is answered with this code.
    Refuse(u32),
}

impl<'a> Destination<'a> {
    /// Reads it from a request's bytes, whose structure was checked.
    pub(super) fn read(request: &'a [u8], application: u32, own_host: &str) -> Self {
        let mut found = Self {
            application,
            ..Self::default()
        };
        for avp in Avps::new(request.get(HEADER_LEN..).unwrap_or_default()) {
            if avp.vendor != 0 {
                continue;
            }
            if avp.code == base::DESTINATION_HOST.code {
                found.host = avp.identity().ok();
            } else if avp.code == base::DESTINATION_REALM.code {
                found.realm = avp.identity().ok();
            } else if avp.code == base::ORIGIN_HOST.code {
                found.origin = avp.data;
            } else if avp.code == base::SESSION_ID.code {
                found.session = avp.data;
            } else if avp.code == overload::OC_SUPPORTED_FEATURES.code {
                found.overload = true;
            } else if avp.code == base::USER_NAME.code {
                found.user = avp.data;
            } else if avp.code == base::ROUTE_RECORD.code {
                found.looped |= avp.data.eq_ignore_ascii_case(own_host.as_bytes());
            }
        }
        found
    }
}

impl Stack {
    /// Looks up the peers that the realm table names.
    pub(super) fn resolve_routes(&mut self) {
        let resolve = |peers: &[RoutePeer]| {
            let known = peers.iter().filter_map(|route| {
                let peer = self.peer_named(&route.host)?;
                Some(Candidate {
                    peer,
                    priority: route.priority,
                    weight: route.weight,
                })
            });
            known.collect()
        };
        let routes = self.config.realms.iter().map(|realm| {
            let candidates = match &realm.action {
                RealmAction::Local(peers)
                | RealmAction::Relay(peers)
                | RealmAction::Proxy(peers) => resolve(peers),
                RealmAction::Redirect { .. } => Vec::new(),
            };
            Route {
                realm: realm.clone(),
                candidates,
            }
        });
        self.routes = routes.collect();
        let others = |realm: &Realm| !matches!(realm.action, RealmAction::Local(_));
        self.relays = self.config.relay || self.config.realms.iter().any(others);
    }

    /// What happens to a peer's request.
    pub(super) fn way(&self, to: &Destination<'_>) -> Way {
        let config = &self.config;
        if to
            .host
            .is_some_and(|host| host.eq_ignore_ascii_case(&config.origin_host))
        {
            return Way::Local;
        }
        if to.looped {
            return Way::Refuse(3005);
        }
        // A host that is a peer is asked whatever the realm table says of its realm (RFC 6733 6.1.5).
        let is_peer = to.host.is_some_and(|host| self.peer_named(host).is_some());
        let entry = self.route_index(to.realm.unwrap_or(&config.origin_realm), to.application);
        match entry.map(|index| (index, &self.routes[index].realm.action)) {
            Some((_, RealmAction::Relay(_))) => Way::Relay,
            Some((_, RealmAction::Proxy(_))) => Way::Proxy,
            Some((index, RealmAction::Redirect { .. })) => Way::Redirect(index),
            _ if is_peer && config.relay => Way::Relay,
            Some((_, RealmAction::Local(_))) if to.host.is_none() => Way::Local,
            Some((_, RealmAction::Local(_))) => Way::Refuse(3002),
            None => {
                let realm = to.realm.unwrap_or(&config.origin_realm);
                if !realm.eq_ignore_ascii_case(&config.origin_realm) {
                    Way::Refuse(3003)
                } else if to.host.is_some() {
                    Way::Refuse(3002)
                } else {
                    Way::Local
                }
            }
        }
    }

    /// The entry of the realm table for a realm and application.
    fn route_index(&self, realm: &str, application: u32) -> Option<usize> {
        self.routes.iter().position(|route| {
            let entry = &route.realm;
            (&*entry.realm == "*" || entry.realm.eq_ignore_ascii_case(realm))
                && entry.application.is_none_or(|its| its == application)
        })
    }

    /// The peer that a request goes to, but none of `not`.
    pub(super) fn choose(
        &mut self,
        to: &Destination<'_>,
        directed: &[Key],
        not: &[Key],
    ) -> Result<Key, TxFailure> {
        if !directed.is_empty() {
            return self.best(directed.iter().copied().map(equal), to.application, not);
        }
        let named = to.host.and_then(|host| self.peer_named(host));
        if let Some(peer) = named {
            return self.best([equal(peer)].into_iter(), to.application, not);
        }
        if let Some(hosts) = self.redirects.find(to) {
            let peers: Vec<Key> = hosts
                .iter()
                .filter_map(|host| self.peer_named(host))
                .collect();
            let chosen = self.best(peers.into_iter().map(equal), to.application, not);
            if chosen.is_ok() {
                return chosen;
            }
        }
        let realm = to.realm.unwrap_or_default();
        if let Some(index) = self.route_index(realm, to.application)
            && !self.routes[index].candidates.is_empty()
        {
            let candidates = std::mem::take(&mut self.routes[index].candidates);
            let chosen = self.best(candidates.iter().copied(), to.application, not);
            self.routes[index].candidates = candidates;
            return chosen;
        }
        self.choose_unlisted(realm, to.application, not)
    }

    /// The choice where the realm table names no peers: those of the realm, else default routes.
    fn choose_unlisted(
        &mut self,
        realm: &str,
        application: u32,
        not: &[Key],
    ) -> Result<Key, TxFailure> {
        let of_realm = self.peers.iter().filter(|(_, peer)| {
            let its = peer.capabilities.as_ref();
            its.is_some_and(|its| its.realm.eq_ignore_ascii_case(realm))
        });
        let of_realm: smallvec::SmallVec<[Key; 8]> = of_realm.map(|(key, _)| key).collect();
        let by_default = self.peers.iter().filter(|(_, peer)| {
            peer.config
                .as_ref()
                .is_some_and(|config| config.default_route)
        });
        let by_default: smallvec::SmallVec<[Key; 8]> = by_default.map(|(key, _)| key).collect();
        if of_realm.is_empty() && by_default.is_empty() {
            return Err(TxFailure::NoRoute);
        }
        let first = self.best(of_realm.iter().copied().map(equal), application, not);
        if first.is_ok() || by_default.is_empty() {
            return first;
        }
        self.best(by_default.iter().copied().map(equal), application, not)
    }

    fn best(
        &mut self,
        candidates: impl Iterator<Item = Candidate>,
        application: u32,
        not: &[Key],
    ) -> Result<Key, TxFailure> {
        let mut best: Option<(Candidate, u32)> = None;
        let mut weights = 0;
        let mut full = false;
        for candidate in candidates {
            let Some(peer) = self.peers.get(candidate.peer) else {
                continue;
            };
            if !peer.takes(application) || not.contains(&candidate.peer) {
                continue;
            }
            if peer.pending >= self.config.limits.pending_per_peer {
                full = true;
                continue;
            }
            let order = best.map_or(std::cmp::Ordering::Less, |(best, pending)| {
                compare((candidate, peer.pending), (best, pending))
            });
            let weight = u64::from(candidate.weight.max(1));
            match order {
                std::cmp::Ordering::Less => weights = weight,
                std::cmp::Ordering::Equal => {
                    weights += weight;
                    if self.random.below(weights) >= weight {
                        continue;
                    }
                }
                std::cmp::Ordering::Greater => continue,
            }
            best = Some((candidate, peer.pending));
        }
        match best {
            Some((candidate, _)) => Ok(candidate.peer),
            None if full => Err(TxFailure::Overflow),
            None => Err(TxFailure::Unroutable),
        }
    }

    /// Tells of the realms that have no peer left with this one.
    pub(super) fn report_realms(&mut self, gone: Key) {
        let is_up = |its: &Candidate| self.peers.get(its.peer).is_some_and(|peer| peer.up);
        let lost = self.routes.iter().filter(|route| {
            route.candidates.iter().any(|its| its.peer == gone)
                && !route.candidates.iter().any(is_up)
        });
        let alarms = lost.map(|route| {
            Output::Alarm(Alarm::NoPeerFor {
                realm: route.realm.realm.clone(),
            })
        });
        self.outputs.extend(alarms);
    }

    /// The hosts, usage and cache time of a redirecting entry.
    pub(super) fn redirect_of(
        &self,
        index: usize,
    ) -> Option<(&[Arc<str>], super::RedirectUsage, u32)> {
        match &self.routes.get(index)?.realm.action {
            RealmAction::Redirect {
                hosts,
                usage,
                cache_seconds,
            } => Some((hosts, *usage, *cache_seconds)),
            RealmAction::Local(_) | RealmAction::Relay(_) | RealmAction::Proxy(_) => None,
        }
    }
}

const fn equal(peer: Key) -> Candidate {
    Candidate {
        peer,
        priority: 0,
        weight: 1,
    }
}

/// Who is asked first: by priority, those of weight 0 last, by pending requests for the weight.
fn compare(a: (Candidate, u32), b: (Candidate, u32)) -> std::cmp::Ordering {
    let share = |of: u32, weight: u16| u64::from(of) * u64::from(weight.max(1));
    let load = share(a.1, b.0.weight).cmp(&share(b.1, a.0.weight));
    let by_priority = a.0.priority.cmp(&b.0.priority);
    by_priority
        .then((a.0.weight == 0).cmp(&(b.0.weight == 0)))
        .then(load)
}
