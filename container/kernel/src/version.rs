//! Versions of one service side by side (R-SV-08): which of them takes a piece of new work.
//!
//! A version is a service of its own; those with one name and vendor are versions of each other. At most one of them is
//! active, and one more as its canary, for a share of the new work. An initial event goes to the version that has the root
//! entity of its convergence name, also when that version is stopping; only if none has it does the share decide. See
//! `docs/adr/0014`.
//!
//! Invariants: of the versions of a service at most one takes an event as initial; the same name falls to the same side as long
//! as the share is the same, over restarts too.

use crate::kernel::Kernel;
use crate::manage::{ManageError, ServiceState};
use crate::router::Routing;
use crate::selection::Name;
use crate::service::Service;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;
use std::fmt;
use std::hash::Hasher;
use std::panic::{AssertUnwindSafe, catch_unwind};
use strowger::id::ServiceIx;
use strowger::time::Now;

/// What a whole is divided into.
const WHOLE: u16 = 10_000;
/// Prefixes that a share may name, and bytes of one.
const PREFIXES: (usize, usize) = (100, 256);

/// Which new work a canary takes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Share {
    /// So many of ten thousand, by a hash of the convergence name.
    OfTenThousand(u16),
    /// What is for an address that begins with one of these texts.
    Addresses(Vec<String>),
    /// What the version itself says that it takes: [`ServiceDef::canary`](strowger::service::ServiceDef::canary).
    Own,
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfTenThousand(share) => write!(f, "{} %", f64::from(*share) / 100.0),
            Self::Addresses(prefixes) => write!(f, "addresses {}", prefixes.join(", ")),
            Self::Own => f.write_str("own"),
        }
    }
}

/// A service that runs beside another version of itself.
#[derive(Clone, Debug)]
pub(crate) struct Canary {
    /// The version that takes the rest.
    pub(crate) of: ServiceIx,
    pub(crate) share: Share,
}

/// How a service stands to its other versions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Versions {
    /// The other versions that are installed.
    pub others: Vec<ServiceIx>,
    /// Of which version it is the canary, and for which share.
    pub canary: Option<(ServiceIx, Share)>,
    /// The version that it has replaced.
    pub replaced: Option<ServiceIx>,
    /// The version that its entities are moving to.
    pub moving_to: Option<ServiceIx>,
}

impl Kernel {
    /// Enters a service, which is about to be installed, among the versions of itself.
    pub(crate) fn join_versions(&mut self, service: &mut Service, ix: ServiceIx) {
        for (place, other) in self.services.iter_mut().enumerate() {
            if other.component.is_version_of(&service.component) {
                other.others.push(ix);
                service.others.push(ServiceIx(place as u16));
                for sbb in &mut service.sbbs {
                    for known in &mut other.sbbs {
                        sbb.know_version(known.component, known.id);
                        known.know_version(sbb.component, sbb.id);
                    }
                }
            }
        }
    }

    /// Of a service's versions, the service included, the one that an initial event goes to; `None` if another one is asked
    /// for it anyway, or none takes it.
    pub(crate) fn version_for(&mut self, routing: &Routing, ix: ServiceIx) -> Option<ServiceIx> {
        let service = self.service(ix)?;
        let lead = service.canary.as_ref().map(|canary| canary.of);
        if lead.is_some_and(|lead| self.takes_new(routing, lead)) {
            return None;
        }
        let others = service.others.clone();
        let name = self.convergence_name(routing, ix);
        let holder = self.root_holder(routing, (ix, name.as_ref()), &others);
        if holder.is_some() {
            return holder;
        }
        if lead.is_some() {
            let admitted = self.admits(routing, ix, name.as_ref());
            return admitted.then_some(ix);
        }
        let of_this = |s: &Service| s.canary.as_ref().is_some_and(|canary| canary.of == ix);
        let canary = others
            .into_iter()
            .find(|other| self.service(*other).is_some_and(of_this));
        match canary {
            Some(canary)
                if self.takes_new(routing, canary)
                    && self.admits(routing, canary, name.as_ref()) =>
            {
                Some(canary)
            }
            _ => Some(ix),
        }
    }

    /// The version that an event goes to now which was to go to `ix` when its routing began: since then the tree may have
    /// moved, and the version may have been replaced.
    pub(crate) fn version_now(&mut self, routing: &Routing, ix: ServiceIx) -> Option<ServiceIx> {
        let service = self.service(ix)?;
        let active = service.state == ServiceState::Active;
        let alone = service.others.is_empty() || routing.target.is_some();
        if alone || (active && !routing.rested) {
            return Some(ix);
        }
        let others = service.others.clone();
        let name = self.convergence_name(routing, ix);
        let holder = self.root_holder(routing, (ix, name.as_ref()), &others);
        if holder.is_some() || active {
            return holder.or(Some(ix));
        }
        let mut others = others.into_iter();
        others.find_map(|other| match self.takes_new(routing, other) {
            true => self.version_for(routing, other),
            false => None,
        })
    }

    /// Of a version and its others, the one that has the root entity of an event's convergence name.
    fn root_holder(
        &mut self,
        routing: &Routing,
        (ix, name): (ServiceIx, Option<&Name>),
        others: &[ServiceIx],
    ) -> Option<ServiceIx> {
        if name.is_some_and(|name| self.has_root(ix, name)) {
            return Some(ix);
        }
        others.iter().copied().find(|other| {
            let live = self.service(*other).is_some_and(Service::is_live);
            let name = live.then(|| self.convergence_name(routing, *other));
            let name = name.flatten();
            name.is_some_and(|name| self.has_root(*other, &name))
        })
    }

    /// Whether an event is initial for a service that gets new work.
    fn takes_new(&self, routing: &Routing, ix: ServiceIx) -> bool {
        self.service(ix).is_some_and(|s| {
            s.state == ServiceState::Active
                && s.initial(routing.kind, routing.activity_kind).is_some()
        })
    }

    /// Whether a canary takes a piece of new work with that convergence name.
    fn admits(&mut self, routing: &Routing, ix: ServiceIx, name: Option<&Name>) -> bool {
        let Some(share) = self
            .service(ix)
            .and_then(|s| Some(&s.canary.as_ref()?.share))
        else {
            return false;
        };
        match share {
            Share::OfTenThousand(share) => name.is_some_and(|name| self.lot(name) < *share),
            Share::Addresses(prefixes) => {
                let address = self
                    .queue
                    .get(routing.place)
                    .and_then(|e| e.address.as_deref());
                let begins = |address: &strowger::address::Address| {
                    prefixes
                        .iter()
                        .any(|prefix| address.text().starts_with(&**prefix))
                };
                address.is_some_and(begins)
            }
            Share::Own => self.asks_canary(routing, ix),
        }
    }

    /// What the version's own predicate says; one that panics takes nothing.
    fn asks_canary(&mut self, routing: &Routing, ix: ServiceIx) -> bool {
        let Some(predicate) = self.service(ix).and_then(|s| s.admits) else {
            return false;
        };
        let Some(selector) = self.selector(routing, ix) else {
            return false;
        };
        let answer = catch_unwind(AssertUnwindSafe(|| predicate(&selector)));
        answer.unwrap_or_else(|_| {
            self.count_panic(ix);
            false
        })
    }

    /// The lot of a name, below [`WHOLE`]. The key is that of slots: it is the same at every start.
    fn lot(&self, name: &[u8]) -> u16 {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write(b"canary");
        hasher.write(name);
        (hasher.finish() % u64::from(WHOLE)) as u16
    }

    /// Activates a service as the canary of the active version, or changes its share.
    pub(crate) fn set_canary(
        &mut self,
        now: Now,
        ix: ServiceIx,
        share: Share,
    ) -> Result<(), ManageError> {
        let service = self.service(ix).ok_or(ManageError::Unknown)?;
        self.check_share(service, &share)?;
        if let (ServiceState::Active, Some(canary)) = (service.state, &service.canary) {
            let of = canary.of;
            self.let_canary(ix, of, share);
            return Ok(());
        }
        let active = |other: &&ServiceIx| self.is_active(**other);
        let mut actives = service.others.iter().filter(active);
        let Some(lead) = actives.next().copied() else {
            return Err(ManageError::NoVersion);
        };
        if let Some(second) = actives.next() {
            return Err(ManageError::Version(self.name_of(*second)));
        }
        self.let_canary(ix, lead, share);
        let begun = self.switch_services(now, &[], &[ix]);
        if begun.is_err()
            && let Some(service) = self.service_mut(ix)
        {
            service.canary = None;
        }
        begun
    }

    fn let_canary(&mut self, ix: ServiceIx, of: ServiceIx, share: Share) {
        if let Some(service) = self.service_mut(ix) {
            service.canary = Some(Canary { of, share });
        }
    }

    fn check_share(&self, service: &Service, share: &Share) -> Result<(), ManageError> {
        let fits = match share {
            Share::OfTenThousand(share) => *share <= WHOLE,
            Share::Addresses(prefixes) => {
                let fits = |prefix: &String| !prefix.is_empty() && prefix.len() <= PREFIXES.1;
                !prefixes.is_empty() && prefixes.len() <= PREFIXES.0 && prefixes.iter().all(fits)
            }
            Share::Own if service.admits.is_none() => return Err(ManageError::NoPredicate),
            Share::Own => true,
        };
        fits.then_some(()).ok_or(ManageError::InvalidArgument)
    }

    pub(crate) fn is_active(&self, ix: ServiceIx) -> bool {
        self.service(ix).is_some_and(is_active)
    }

    /// A canary whose lead has left has all new work, as if it had replaced it.
    pub(crate) fn leave_to_canary(&mut self, lead: ServiceIx) {
        let of_this = |s: &Service| is_active(s) && s.canary.as_ref().is_some_and(|c| c.of == lead);
        if let Some(place) = self.services.iter().position(of_this) {
            self.take_place(ServiceIx(place as u16), lead);
        }
    }

    /// A version has taken the place of another one, which keeps no way back of its own.
    pub(crate) fn take_place(&mut self, ix: ServiceIx, of: ServiceIx) {
        if let Some(service) = self.service_mut(of) {
            service.replaced = None;
        }
        if let Some(service) = self.service_mut(ix) {
            service.replaced = Some(of);
            service.canary = None;
        }
    }

    /// What takes a service back to the version before: which one leaves, and which one comes, if it is not there already.
    pub(crate) fn way_back(
        &self,
        ix: ServiceIx,
    ) -> Result<(ServiceIx, Option<ServiceIx>), ManageError> {
        let service = self.service(ix).ok_or(ManageError::Unknown)?;
        let all = || std::iter::once(ix).chain(service.others.iter().copied());
        let active = |ix: &ServiceIx| self.is_active(*ix);
        let replaced = |ix: &ServiceIx| self.service(*ix).is_some_and(|s| s.replaced.is_some());
        let canary = |ix: &ServiceIx| self.service(*ix).is_some_and(|s| s.canary.is_some());
        if let Some(canary) = all().find(|ix| active(ix) && canary(ix)) {
            return Ok((canary, None));
        }
        // Without an active one, the one that took a place last: it has failed too often, say.
        let leaves = all().find(active).or_else(|| all().find(replaced));
        let leaves = leaves.ok_or(ManageError::NoVersion)?;
        let before = self.service(leaves).and_then(|s| s.replaced);
        let before = before.ok_or(ManageError::NoVersion)?;
        Ok((leaves, Some(before)))
    }

    pub(crate) fn versions(&self, ix: ServiceIx) -> Option<Versions> {
        let service = self.service(ix)?;
        let canary = service.canary.as_ref();
        Some(Versions {
            others: service.others.clone(),
            canary: canary.map(|canary| (canary.of, canary.share.clone())),
            replaced: service.replaced,
            moving_to: self.moving.iter().find(|m| m.from == ix).map(|m| m.to),
        })
    }

    /// Refuses to activate a version beside another one that stays active, unless one is the other's canary (R-SV-08).
    pub(crate) fn check_version(
        &self,
        ix: ServiceIx,
        (old, new): (&[ServiceIx], &[ServiceIx]),
    ) -> Result<(), ManageError> {
        let service = self.service(ix).ok_or(ManageError::Unknown)?;
        for other in &service.others {
            let Some(s) = self.service(*other) else {
                continue;
            };
            let stays = s.state == ServiceState::Active && !old.contains(other);
            let pair = |canary: &Option<Canary>, of: ServiceIx| {
                canary.as_ref().is_some_and(|canary| canary.of == of)
            };
            let paired = pair(&s.canary, ix) || pair(&service.canary, *other);
            if (stays || new.contains(other)) && !paired {
                return Err(ManageError::Version(s.name.clone()));
            }
        }
        Ok(())
    }

    pub(crate) fn name_of(&self, ix: ServiceIx) -> String {
        self.service(ix).map(|s| s.name.clone()).unwrap_or_default()
    }
}

fn is_active(service: &Service) -> bool {
    service.state == ServiceState::Active
}
