//! Sets of usage parameters, of each SBB in each service (R-US).
//!
//! Handlers count in them through a reference of their own, with nothing of the kernel's in between; what is here makes them,
//! finds them, reads them and resets them. Neither they nor what was counted is kept over a restart.
//!
//! Invariants: an SBB has its unnamed set, and those that its handlers name, for as long as its service is installed; there are
//! never more sets than [`Limits::usage_sets`](crate::Limits::usage_sets).

mod threshold;

pub(crate) use threshold::Watches;
pub use threshold::{Measure, Side, Threshold};

use crate::kernel::Kernel;
use crate::service::{Sbb, Service};
use std::any::Any;
use std::rc::Rc;
use strowger::OpError;
use strowger::id::{Component, EntityId, ServiceIx};
use strowger::sbb::SbbDescriptor;
use strowger::service::ServiceDef;
use strowger::time::{Now, Wall};
use strowger::usage::{ParameterDecl, Reading, UsageDecl};
use thiserror::Error;

const NAME: usize = 64;

/// What the configuration says of a service's usage.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct UsageOptions {
    /// Named sets that every SBB of the service that has usage parameters gets.
    pub sets: Vec<String>,
    /// What is watched.
    pub thresholds: Vec<Threshold>,
}

/// Why management could not do something with usage. Nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum UsageError {
    /// There is no such service.
    #[error("there is no such service")]
    NoService,
    /// The service has no such SBB, or that has no usage parameters.
    #[error("SBB `{0}` has no usage parameters")]
    NoSbb(String),
    /// No SBB of the service has usage parameters.
    #[error("the service has no usage parameters")]
    None,
    /// There is no set of that name (R-US-02).
    #[error("there is no set `{0}`")]
    NoSet(String),
    /// There is one already.
    #[error("there is a set `{0}` already")]
    SetTaken(String),
    /// A name is empty, too long, or has something else than letters, digits, `-`, `_` and `.`.
    #[error("`{0}`: a name has 1 to 64 letters, digits, `-`, `_` and `.`")]
    BadName(String),
    /// The code or the configuration says that there is such a set.
    #[error("set `{0}` is the code's or the configuration's own")]
    Fixed(String),
    /// There are as many sets as may.
    #[error("there are as many sets as `limits.usage_sets` allows")]
    TooMany,
    /// Two thresholds have that name.
    #[error("two thresholds are named `{0}`")]
    ThresholdTaken(String),
    /// A threshold is on a parameter that is not there.
    #[error("threshold `{threshold}`: no SBB has usage parameter `{parameter}`")]
    NoParameter {
        /// The threshold.
        threshold: String,
        /// The parameter.
        parameter: String,
    },
    /// A threshold measures what its parameter does not have.
    #[error("threshold `{threshold}`: `{parameter}` is a {kind}, which has no {measure}")]
    Unmeasured {
        /// The threshold.
        threshold: String,
        /// The parameter.
        parameter: String,
        /// What it is.
        kind: &'static str,
        /// What was asked of it.
        measure: &'static str,
    },
    /// A threshold is cleared where it is raised.
    #[error("threshold `{0}`: `clear` lies beyond `value`")]
    ClearsBeyond(String),
    /// A threshold's window is shorter than a second.
    #[error("threshold `{0}`: `window` is a second at least")]
    ShortWindow(String),
    /// What must be passed, or come back to, is no number.
    #[error("threshold `{0}`: `value` and `clear` are finite numbers")]
    NoNumber(String),
    /// A percentile that there is not.
    #[error("threshold `{0}`: `percentile` is more than 0 and 100 at most")]
    NoPercentile(String),
}

/// A set as management sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct UsageReading {
    /// The SBB.
    pub sbb: Component,
    /// The set; empty for the unnamed one.
    pub set: Box<str>,
    /// When it was made, or last reset.
    pub since: Wall,
    /// Who says that it is there.
    pub made_by: MadeBy,
    /// What its parameters have, in the order of their declaration.
    pub values: Vec<(&'static ParameterDecl, Reading)>,
}

/// The sets of an SBB in its service.
pub(crate) struct UsageSets {
    pub(crate) decl: UsageDecl,
    unnamed: Set,
    /// In the order of their names.
    named: Vec<(Box<str>, Set)>,
}

struct Set {
    values: Rc<dyn Any>,
    since: Wall,
    made_by: MadeBy,
}

/// Who says that there is a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MadeBy {
    /// It is the unnamed one, or a handler names it.
    Code,
    /// [`UsageOptions::sets`].
    Configuration,
    /// Whoever drives the shard has made it while it runs.
    Management,
}

/// Which of a service's SBBs; all for none.
type Which<'a> = Option<&'a str>;

impl UsageSets {
    /// What the handlers of an SBB ask for.
    pub(crate) fn of(sbb: &SbbDescriptor) -> Option<Self> {
        let needs = sbb.handlers.iter().flat_map(|h| &h.usage);
        let mut sets: Option<Self> = None;
        for need in needs {
            let sets = sets.get_or_insert_with(|| Self {
                decl: need.decl,
                unnamed: Set::new(&need.decl, MadeBy::Code, Wall(0)),
                named: Vec::new(),
            });
            if let Some(name) = need.set {
                sets.make(name, MadeBy::Code, Wall(0));
            }
        }
        sets
    }
    /// Whether its handlers all mean the same parameters.
    pub(crate) fn agree(sbb: &SbbDescriptor) -> bool {
        let mut needs = sbb.handlers.iter().flat_map(|h| &h.usage);
        let first = needs.next();
        first.is_none_or(|first| needs.all(|need| need.decl.is_of_type(&first.decl)))
    }
    pub(crate) fn len(&self) -> usize {
        1 + self.named.len()
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.named
            .binary_search_by(|(known, _)| (**known).cmp(name))
    }
    fn get(&self, name: Option<&str>) -> Option<&Set> {
        match name {
            None | Some("") => Some(&self.unnamed),
            Some(name) => {
                let place = self.place(name).ok()?;
                self.named.get(place).map(|(_, set)| set)
            }
        }
    }
    /// How many sets there are with those that the configuration names, in place of others that it has named.
    pub(crate) fn len_with(&self, options: &UsageOptions) -> usize {
        let named = self.named.iter();
        let stay = named.filter(|(name, set)| set.stays(name, options)).count();
        let mut come: Vec<_> = options.sets.iter().collect();
        come.sort_unstable();
        come.dedup();
        come.retain(|name| self.place(name).is_err());
        1 + stay + come.len()
    }
    /// Whether there was none.
    fn make(&mut self, name: &str, made_by: MadeBy, since: Wall) -> bool {
        let place = self.place(name);
        if let Err(place) = place {
            let set = Set::new(&self.decl, made_by, since);
            self.named.insert(place, (name.into(), set));
        }
        place.is_err()
    }
    /// One that management has made is the configuration's once that names it.
    fn keep(&mut self, name: &str) {
        let found = self.place(name).ok();
        let set = found.and_then(|place| self.named.get_mut(place));
        if let Some((_, set)) = set.filter(|(_, set)| set.made_by == MadeBy::Management) {
            set.made_by = MadeBy::Configuration;
        }
    }
    fn all(&self) -> impl Iterator<Item = (&str, &Set)> {
        let named = self.named.iter().map(|(name, set)| (&**name, set));
        std::iter::once(("", &self.unnamed)).chain(named)
    }
    fn reset(&mut self, set: Option<&str>, now: Wall) -> usize {
        let decl = self.decl;
        let named = self.named.iter_mut().map(|(name, set)| (&**name, set));
        let all = std::iter::once(("", &mut self.unnamed)).chain(named);
        let wanted = all.filter(|(name, _)| set.is_none_or(|set| set == *name));
        wanted.map(|(_, set)| set.reset(&decl, now)).count()
    }
}

impl Set {
    fn new(decl: &UsageDecl, made_by: MadeBy, since: Wall) -> Self {
        Self {
            values: (decl.make)(),
            since,
            made_by,
        }
    }
    /// Whether it stays when the configuration says this.
    fn stays(&self, name: &str, options: &UsageOptions) -> bool {
        self.made_by != MadeBy::Configuration || options.sets.iter().any(|s| *s == *name)
    }
    fn reset(&mut self, decl: &UsageDecl, now: Wall) {
        for place in 0..decl.parameters.len() {
            if let Some(parameter) = (decl.parameter)(&*self.values, place) {
                parameter.reset();
            }
        }
        self.since = now;
    }
    fn read(&self, decl: &UsageDecl) -> Vec<(&'static ParameterDecl, Reading)> {
        let read = |(place, parameter): (usize, &'static ParameterDecl)| {
            let value = (decl.parameter)(&*self.values, place)?;
            Some((parameter, value.read()))
        };
        decl.parameters
            .iter()
            .enumerate()
            .filter_map(read)
            .collect()
    }
}

/// The SBBs of a service that have usage parameters.
fn having<'a>(
    service: &'a Service,
    which: Which<'a>,
) -> impl Iterator<Item = (&'a Sbb, &'a UsageSets)> {
    let wanted = move |sbb: &&Sbb| which.is_none_or(|name| sbb.component.name == name);
    let sbbs = service.sbbs.iter().filter(wanted);
    sbbs.filter_map(|sbb| Some((sbb, sbb.usage.as_deref()?)))
}

impl UsageOptions {
    /// Whether a service can have them.
    ///
    /// # Errors
    /// See [`UsageError`].
    pub fn check(&self, def: &ServiceDef) -> Result<(), UsageError> {
        let sbbs = crate::service::closure(def.root.clone());
        let decls: Vec<_> = sbbs
            .iter()
            .filter_map(|sbb| Some((sbb.component, UsageSets::of(sbb)?.decl)))
            .collect();
        self.check_against(&decls)
    }
    /// How many sets a service has with them.
    #[must_use]
    pub fn sets_of(&self, def: &ServiceDef) -> usize {
        let sbbs = crate::service::closure(def.root.clone());
        let sets = sbbs.iter().filter_map(UsageSets::of);
        sets.map(|sets| sets.len_with(self)).sum()
    }
    pub(crate) fn check_against(&self, decls: &[(Component, UsageDecl)]) -> Result<(), UsageError> {
        if decls.is_empty() && *self != Self::default() {
            return Err(UsageError::None);
        }
        self.sets.iter().try_for_each(|name| named(name))?;
        for (place, threshold) in self.thresholds.iter().enumerate() {
            threshold.check(decls)?;
            let twin = |other: &Threshold| other.name == threshold.name;
            if self.thresholds.iter().take(place).any(twin) {
                return Err(UsageError::ThresholdTaken(threshold.name.clone()));
            }
        }
        Ok(())
    }
}

/// Whether something may have that name.
fn named(name: &str) -> Result<(), UsageError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.len() > NAME || !name.bytes().all(fits) {
        return Err(UsageError::BadName(name.chars().take(NAME).collect()));
    }
    Ok(())
}

impl Kernel {
    /// For handlers.
    pub(crate) fn usage_set_of(
        &self,
        entity: EntityId,
        name: Option<&str>,
    ) -> Result<Rc<dyn Any>, OpError> {
        let (_, sbb) = self.sbb_of(entity).ok_or(OpError::StaleEntity(entity))?;
        let sets = sbb.usage.as_deref().ok_or(OpError::NoUsage)?;
        let set = sets.get(name).ok_or(OpError::NoUsageSet)?;
        Ok(Rc::clone(&set.values))
    }

    pub(crate) fn create_usage_set(
        &mut self,
        now: Now,
        service: ServiceIx,
        which: Which<'_>,
        name: &str,
    ) -> Result<(), UsageError> {
        named(name)?;
        let sbbs = self.usage_of(service, which)?;
        for place in &sbbs {
            let sets = self.sets_at(service, *place);
            if sets.is_some_and(|sets| sets.place(name).is_ok()) {
                return Err(UsageError::SetTaken(name.to_owned()));
            }
        }
        self.room_for_sets(sbbs.len())?;
        for place in sbbs {
            if let Some(sets) = self.sets_at(service, place) {
                sets.make(name, MadeBy::Management, now.wall);
            }
        }
        Ok(())
    }

    pub(crate) fn remove_usage_set(
        &mut self,
        service: ServiceIx,
        which: Which<'_>,
        name: &str,
    ) -> Result<(), UsageError> {
        let sbbs = self.usage_of(service, which)?;
        let mut found = false;
        for place in &sbbs {
            let sets = self.sets_at(service, *place);
            let made_by = sets.and_then(|sets| sets.get(Some(name)).map(|set| set.made_by));
            match made_by {
                Some(MadeBy::Management) => found = true,
                Some(MadeBy::Code | MadeBy::Configuration) => {
                    return Err(UsageError::Fixed(name.to_owned()));
                }
                None => {}
            }
        }
        if !found {
            return Err(UsageError::NoSet(name.to_owned()));
        }
        for place in sbbs {
            if let Some(sets) = self.sets_at(service, place) {
                sets.named.retain(|(known, _)| **known != *name);
            }
        }
        Ok(())
    }

    /// Sets of a service as they are; all for none.
    pub(crate) fn read_usage(
        &self,
        service: ServiceIx,
        which: Which<'_>,
        set: Option<&str>,
    ) -> Vec<UsageReading> {
        let service = self.service(service).into_iter();
        let sbbs = service.flat_map(|service| having(service, which));
        let read = |(sbb, sets): (&Sbb, &UsageSets)| {
            let wanted = sets
                .all()
                .filter(|(name, _)| set.is_none_or(|set| set == *name));
            let readings: Vec<_> = wanted
                .map(|(name, set)| UsageReading {
                    sbb: sbb.component,
                    set: name.into(),
                    since: set.since,
                    made_by: set.made_by,
                    values: set.read(&sets.decl),
                })
                .collect();
            readings
        };
        sbbs.flat_map(read).collect()
    }

    /// How many sets there were to reset (R-US-03).
    pub(crate) fn reset_usage(
        &mut self,
        now: Now,
        service: ServiceIx,
        which: Which<'_>,
        set: Option<&str>,
    ) -> Result<usize, UsageError> {
        self.now = now;
        let sbbs = self.usage_of(service, which)?;
        let mut n = 0;
        for place in sbbs {
            if let Some(sets) = self.sets_at(service, place) {
                n += sets.reset(set, now.wall);
            }
        }
        match (n, set) {
            (0, Some(name)) => Err(UsageError::NoSet(name.to_owned())),
            _ => {
                self.rearm_watches(service);
                Ok(n)
            }
        }
    }

    /// What the configuration says from here on.
    pub(crate) fn configure_usage(
        &mut self,
        now: Now,
        service: ServiceIx,
        options: &UsageOptions,
    ) -> Result<(), UsageError> {
        self.now = now;
        self.may_configure_usage(&[(service, options)])?;
        let service_mut = self.service_mut(service).into_iter();
        for sbb in service_mut.flat_map(|s| &mut s.sbbs) {
            let Some(sets) = sbb.usage.as_deref_mut() else {
                continue;
            };
            sets.named.retain(|(name, set)| set.stays(name, options));
            for name in &options.sets {
                if !sets.make(name, MadeBy::Configuration, now.wall) {
                    sets.keep(name);
                }
            }
        }
        self.watch(service, &options.thresholds);
        self.outputs.end_unit();
        Ok(())
    }

    /// Whether that can be said of all these services, one after the other.
    pub(crate) fn may_configure_usage(
        &self,
        wanted: &[(ServiceIx, &UsageOptions)],
    ) -> Result<(), UsageError> {
        let mut more = 0;
        for (service, options) in wanted {
            let known = self.service(*service).ok_or(UsageError::NoService)?;
            let decls: Vec<_> = having(known, None)
                .map(|(sbb, sets)| (sbb.component, sets.decl))
                .collect();
            options.check_against(&decls)?;
            let of = |len: fn(&UsageSets, &UsageOptions) -> usize| -> usize {
                having(known, None)
                    .map(|(_, sets)| len(sets, options))
                    .sum()
            };
            // What one gives up helps another only once that has been done.
            more += of(UsageSets::len_with).saturating_sub(of(|sets, _| sets.len()));
        }
        self.room_for_sets(more)
    }

    /// The SLEE begins: what is counted is counted from here on.
    pub(crate) fn start_usage(&mut self) {
        let now = self.now.wall;
        let sbbs = self.services.iter_mut().flat_map(|s| &mut s.sbbs);
        for sets in sbbs.filter_map(|sbb| sbb.usage.as_deref_mut()) {
            let named = sets.named.iter_mut().map(|(_, set)| set);
            for set in std::iter::once(&mut sets.unnamed).chain(named) {
                set.since = now;
            }
        }
        self.start_watches();
    }

    /// Places of the SBBs that are meant; at least one.
    fn usage_of(&self, service: ServiceIx, which: Which<'_>) -> Result<Vec<usize>, UsageError> {
        let known = self.service(service).ok_or(UsageError::NoService)?;
        let meant = |(place, sbb): (usize, &Sbb)| {
            let named = which.is_none_or(|name| sbb.component.name == name);
            (named && sbb.usage.is_some()).then_some(place)
        };
        let places: Vec<_> = known.sbbs.iter().enumerate().filter_map(meant).collect();
        match (places.is_empty(), which) {
            (false, _) => Ok(places),
            (true, Some(name)) => Err(UsageError::NoSbb(name.to_owned())),
            (true, None) => Err(UsageError::None),
        }
    }
    fn sets_at(&mut self, service: ServiceIx, sbb: usize) -> Option<&mut UsageSets> {
        let sbb = self.service_mut(service)?.sbbs.get_mut(sbb)?;
        sbb.usage.as_deref_mut()
    }
    pub(crate) fn room_for_sets(&self, more: usize) -> Result<(), UsageError> {
        let sbbs = self.services.iter().flat_map(|s| &s.sbbs);
        let sets = sbbs.filter_map(|sbb| sbb.usage.as_deref());
        let there: usize = sets.map(UsageSets::len).sum();
        if there + more > self.limits.usage_sets as usize {
            return Err(UsageError::TooMany);
        }
        Ok(())
    }
}
