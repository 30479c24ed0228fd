//! What a newer configuration changes, sorted by what it takes: what a running node can do, and what needs a restart.
//!
//! Adaptor entities come and go with their tables, and are made anew where a setting changes that a running one cannot take.
//! Not here: whether the shard can do it now (`shard::changes`).

use crate::control::Refusal;
use crate::error::NodeError;
use crate::net::Opening;
use crate::plan::{Plan, PlannedAdaptor, SettingsOf};
use crate::recorder;
use crate::shard::{Listeners, open_listeners};
use crate::tls::Watched;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::time::Duration;
use strowger::id::RaIx;
use strowger::ra::Listener;
use strowger_config::{Change, Config, Overload, Reload, SourceRules};
use strowger_journal::Seq;
use strowger_kernel::{Intensity, RecorderOptions, UsageOptions};
use tokio::sync::oneshot;

/// What has changed, for the shard.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Adaptor entities with settings that they take as they are.
    pub(crate) settings: Vec<(String, SettingsOf)>,
    /// Adaptor entities with other link names.
    pub(crate) links: Vec<Linked>,
    /// Adaptor entities that go, with their link names.
    pub(crate) removed: Vec<(String, Vec<String>)>,
    /// Adaptor entities that are made anew.
    pub(crate) anew: Vec<Made>,
    /// Adaptor entities that come.
    pub(crate) made: Vec<Made>,
    /// Services with what can change of them.
    pub(crate) services: Vec<ChangedService>,
    pub(crate) drain_limit: Duration,
    pub(crate) recorder: RecorderOptions,
    pub(crate) overload: Overload,
    pub(crate) sources: SourceRules,
}

/// An adaptor entity that is made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) planned: PlannedAdaptor,
    pub(crate) openings: Vec<Opening>,
    /// Whether it shall be active; without it, if the one that it takes the place of was.
    pub(crate) active: Option<bool>,
}

/// What changes of the link names of an adaptor entity.
#[derive(Debug)]
pub(crate) struct Linked {
    pub(crate) adaptor: String,
    pub(crate) unbound: Vec<String>,
    pub(crate) bound: Vec<String>,
}

/// What of a service can change while the node runs.
#[derive(Debug)]
pub(crate) struct ChangedService {
    pub(crate) name: String,
    pub(crate) settings: SettingsOf,
    pub(crate) intensity: Intensity,
    pub(crate) usage: UsageOptions,
    /// All its links, if one of them leads elsewhere than it did.
    pub(crate) links: Option<Vec<(String, String)>>,
}

/// Hears whether a change is in effect.
pub(crate) type Outcome = oneshot::Sender<Result<(), Refusal>>;

/// A change that the shard is about to put into effect.
#[derive(Debug)]
pub(crate) struct Changing {
    pub(crate) changed: Changed,
    pub(crate) outcome: Outcome,
    /// Adaptor entities that go, and were active before.
    pub(crate) retired: Vec<RaIx>,
    /// What the store is to have before; not known yet while the writer does not take commits.
    pub(crate) durable: Option<Seq>,
}

impl Changed {
    /// Adaptor entities come, go, or are made anew.
    pub(crate) fn has_entities(&self) -> bool {
        !(self.removed.is_empty() && self.anew.is_empty() && self.made.is_empty())
    }
}

/// Changes by what they take.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    /// What a running node can do.
    pub(crate) possible: Vec<Change>,
    /// What needs a restart.
    pub(crate) others: Vec<Change>,
    live: Touched,
    anew: BTreeSet<String>,
    /// Adaptor entities whose `active` has changed.
    switched: BTreeSet<String>,
    /// Adaptor entities whose `links` have changed.
    linked: BTreeSet<String>,
}

/// Adaptor entities and services with live keys that have changed.
#[derive(Debug, Default)]
struct Touched {
    adaptors: BTreeSet<String>,
    services: BTreeSet<String>,
}

impl Sorted {
    /// A key of an adaptor entity that stays has changed.
    fn touch(&mut self, adaptor: &str, key: &[&str], reload: Reload) {
        let set = match (reload, key) {
            (Reload::Live, ["links", ..]) => &mut self.linked,
            (Reload::Live, _) => &mut self.live.adaptors,
            (Reload::RestartAdaptor, ["active"]) => {
                self.switched.insert(adaptor.to_owned());
                &mut self.anew
            }
            (Reload::RestartAdaptor, _) => &mut self.anew,
            (Reload::RestartNode, _) => return,
        };
        set.insert(adaptor.to_owned());
    }
}

/// What runs, and what is to run.
pub(crate) struct Step<'a> {
    pub(crate) older: (&'a Config, &'a Plan),
    pub(crate) newer: (&'a Config, &'a Plan),
}

impl Step<'_> {
    /// Sorts the changes.
    pub(crate) fn sort(&self, changes: Vec<Change>) -> Sorted {
        let mut sorted = Sorted::default();
        for mut change in changes {
            let key = change.key.segments().iter().map(String::as_str);
            let key: Vec<&str> = key.collect();
            let possible = match key.as_slice() {
                ["adaptors", name, ..] if self.comes_or_goes(name) => {
                    change.reload = Reload::RestartAdaptor;
                    self.may_change(name, change.reload)
                }
                ["adaptors", name, rest @ ..] => {
                    sorted.touch(name, rest, change.reload);
                    self.may_change(name, change.reload)
                }
                // Where they lead is looked at below.
                ["services", _, "links", ..] => true,
                ["services", name, ..] if change.reload == Reload::Live => {
                    sorted.live.services.insert((*name).to_owned());
                    true
                }
                _ => change.reload == Reload::Live,
            };
            match possible {
                true => sorted.possible.push(change),
                false => sorted.others.push(change),
            }
        }
        self.add_links(&mut sorted);
        sorted
    }

    fn comes_or_goes(&self, adaptor: &str) -> bool {
        let is_in = |config: &Config| config.adaptors.contains_key(adaptor);
        is_in(self.older.0) != is_in(self.newer.0)
    }

    /// Whether an adaptor entity can be made, made anew or removed while the node runs. Drivers start and end with it.
    fn may_change(&self, adaptor: &str, reload: Reload) -> bool {
        let driven = |plan: &Plan| plan.adaptor(adaptor).is_some_and(|p| p.driven.is_some());
        match reload {
            Reload::Live => true,
            Reload::RestartAdaptor => !driven(self.older.1) && !driven(self.newer.1),
            Reload::RestartNode => false,
        }
    }

    /// Links of a service that lead elsewhere than they did. What a service uses is found when it is activated.
    fn moved_links(&self, service: &str) -> Vec<Change> {
        let links = |config: &Config| {
            let service = config.services.get(service);
            service.map(|service| service.links.clone())
        };
        let (Some(older), Some(newer)) = (links(self.older.0), links(self.newer.0)) else {
            return Vec::new();
        };
        let names: BTreeSet<&String> = older.keys().chain(newer.keys()).collect();
        let moved = names
            .into_iter()
            .filter(|link| older.get(*link) != newer.get(*link));
        let change = |link: &String| Change {
            key: ["services", service, "links", link].into_iter().collect(),
            reload: Reload::Live,
            older: older.get(link).cloned().map(Json::String),
            newer: newer.get(link).cloned().map(Json::String),
        };
        moved.map(change).collect()
    }

    /// A link may also move because of what adaptors there are.
    fn add_links(&self, sorted: &mut Sorted) {
        let moved = self.newer.0.services.keys();
        for change in moved.flat_map(|service| self.moved_links(service)) {
            if !sorted.possible.iter().any(|known| known.key == change.key) {
                sorted.possible.push(change);
            }
        }
    }

    /// What changes of the links of an adaptor entity that stays.
    fn linked(&self, adaptor: &str) -> Linked {
        let links = |plan: &Plan| {
            let planned = plan.adaptor(adaptor);
            planned.map_or_else(Vec::new, |planned| planned.links.clone())
        };
        let (older, newer) = (links(self.older.1), links(self.newer.1));
        let only = |these: &[String], those: &[String]| {
            let these = these.iter().filter(|link| !those.contains(link));
            these.cloned().collect()
        };
        Linked {
            adaptor: adaptor.to_owned(),
            unbound: only(&older, &newer),
            bound: only(&newer, &older),
        }
    }

    /// What the shard has to do, with everything open that it takes. With `dry`, nothing is opened.
    pub(crate) fn prepare(
        &self,
        sorted: &Sorted,
        dry: bool,
    ) -> Result<(Changed, Vec<(String, Vec<Watched>)>), NodeError> {
        let (config, plan) = self.newer;
        let mut changed = Changed {
            drain_limit: config.node.drain_limit,
            recorder: recorder::options(config),
            overload: config.overload,
            sources: config.sources.clone(),
            ..Changed::default()
        };
        let mut watched = Vec::new();
        for planned in &plan.adaptors {
            let name = &planned.name;
            let comes = self.comes_or_goes(name);
            if !comes && !sorted.anew.contains(name) {
                if sorted.live.adaptors.contains(name) {
                    let settings = planned.settings.clone();
                    changed.settings.push((name.clone(), settings));
                }
                continue;
            }
            let had = self.older.1.adaptor(name);
            let had: &[Listener] = had.map_or(&[], PlannedAdaptor::open_listeners);
            let mut openings = Vec::new();
            if !dry {
                let opened = open_listeners(planned, config, had)?;
                let Listeners {
                    openings: open,
                    watched: own,
                } = opened;
                watched.push((name.clone(), own));
                openings = open;
            }
            let says = comes || sorted.switched.contains(name);
            let made = Made {
                planned: planned.clone(),
                openings,
                active: says.then_some(planned.active),
            };
            match comes {
                true => changed.made.push(made),
                false => changed.anew.push(made),
            }
        }
        for planned in &self.older.1.adaptors {
            if self.comes_or_goes(&planned.name) {
                let (name, links) = (planned.name.clone(), planned.links.clone());
                watched.push((name.clone(), Vec::new()));
                changed.removed.push((name, links));
            }
        }
        changed.links = sorted.linked.iter().map(|name| self.linked(name)).collect();
        changed.services = self.services(sorted);
        Ok((changed, watched))
    }

    fn services(&self, sorted: &Sorted) -> Vec<ChangedService> {
        let options = self.newer.1.services.iter().map(|planned| &planned.options);
        let changed = options.filter_map(|options| {
            let moved = !self.moved_links(&options.name).is_empty();
            let touched = moved || sorted.live.services.contains(&options.name);
            touched.then(|| ChangedService {
                name: options.name.clone(),
                settings: SettingsOf(options.settings.clone()),
                intensity: options.intensity,
                usage: options.usage.clone(),
                links: moved.then(|| options.links.clone()),
            })
        });
        changed.collect()
    }
}
