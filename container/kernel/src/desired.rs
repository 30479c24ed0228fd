//! What an operator wants of services, kept over a restart (R-SL-04): active or not, as whose canary, and which entities move.
//!
//! The configuration says what holds as long as nobody says otherwise. What is kept names what the configuration had wanted
//! then: once that changes, the configuration is the last to have spoken, and what was kept is dropped. So is that a version was
//! left for another one, once the service of that name is another version.

use crate::kernel::Kernel;
use crate::manage::{ManageError, ServiceState};
use crate::options::Durability;
use crate::record::{self, DesiredRecord};
use crate::version::Share;
use std::collections::BTreeSet;
use strowger::id::{ComponentId, ServiceIx, Slot};
use strowger::time::Now;

/// What is kept of one service.
#[derive(Clone, Debug)]
pub(crate) struct Desired {
    active: bool,
    /// What the configuration wanted when this was kept.
    configured: bool,
    canary: Option<Share>,
    replaced: Option<ComponentId>,
    moves_to: Option<ComponentId>,
    /// Another version has taken its place.
    left: bool,
}

impl Kernel {
    /// Keeps what services and their other versions are to be from here on, as they are now. Of some versions only, it could be
    /// what cannot be at once.
    pub(crate) fn keep_desired(&mut self, now: Now, services: &[ServiceIx]) {
        self.now = now;
        let others = services.iter().filter_map(|ix| self.service(*ix));
        let others = others.flat_map(|s| s.others.iter());
        let all: BTreeSet<_> = services.iter().chain(others).map(|ix| ix.0).collect();
        for ix in all.into_iter().map(ServiceIx) {
            let Some(service) = self.service(ix) else {
                continue;
            };
            let id_of = |ix: ServiceIx| self.service(ix).map(|s| s.id);
            let took_place = |other: &ServiceIx| {
                let other = self.service(*other);
                other.is_some_and(|s| s.state == ServiceState::Active && s.replaced == Some(ix))
            };
            let left = service.others.iter().any(took_place);
            let component = service.id;
            let moves = self.moving.iter().find(|m| m.from == ix);
            let desired = Desired {
                active: service.state == ServiceState::Active,
                configured: service.active,
                canary: service.canary.as_ref().map(|c| c.share.clone()),
                replaced: service.replaced.and_then(id_of),
                moves_to: moves.and_then(|m| id_of(m.to)),
                left,
            };
            let (key, name) = (name_key(&service.name), service.name.clone());
            self.open_commit(Durability::Strict);
            let written = DesiredRecord {
                service: &name,
                component,
                left: desired.left,
                active: desired.active,
                configured: desired.configured,
                canary: desired.canary.clone(),
                replaced: desired.replaced,
                moves_to: desired.moves_to,
            };
            self.write_record(false, &record::desired_key(Slot(0), &key), |out| {
                record::append(&written, out)
            });
            if let Some(service) = self.service_mut(ix) {
                service.desired = Some(desired);
            }
        }
        self.outputs.end_unit();
    }

    /// One of a service that is not configured any more means nothing.
    pub(crate) fn restore_desired(&mut self, record: DesiredRecord<'_>) -> bool {
        let Some(ix) = self.service_named(record.service) else {
            return false;
        };
        let replaced = record.replaced.and_then(|id| self.service_ix(id));
        let Some(service) = self.service_mut(ix) else {
            return false;
        };
        // It is not the one that was left, but perhaps the one that it was left for.
        let other_version = record.left && service.id != record.component;
        if service.active != record.configured || other_version {
            return false;
        }
        service.replaced = replaced;
        service.desired = Some(Desired {
            active: record.active,
            configured: record.configured,
            canary: record.canary,
            replaced: record.replaced,
            moves_to: record.moves_to,
            left: record.left,
        });
        true
    }

    /// Whether a service shall be active.
    pub(crate) fn is_desired(&self, ix: ServiceIx) -> bool {
        self.service(ix).is_some_and(|service| {
            let desired = service.desired.as_ref();
            let wanted = desired.map_or(service.active, |desired| desired.active);
            wanted && !service.held_back
        })
    }

    /// Activates the services that shall be active, canaries last, and goes on with what was moving. With the service that
    /// cannot be.
    pub(crate) fn activate_desired(&mut self, now: Now) -> Result<(), (ServiceIx, ManageError)> {
        let all = || (0..self.services.len() as u16).map(ServiceIx);
        let canary = |ix: &ServiceIx| {
            let desired = self.service(*ix).and_then(|s| s.desired.as_ref());
            desired.and_then(|desired| desired.canary.clone())
        };
        let (mut whole, mut canaries) = (Vec::new(), Vec::new());
        for ix in all().filter(|ix| self.is_desired(*ix)) {
            match canary(&ix) {
                Some(share) => canaries.push((ix, share)),
                None => whole.push(ix),
            }
        }
        for ix in whole {
            let activated = self.switch_services(now, &[], &[ix]);
            activated.map_err(|error| (ix, error))?;
        }
        for (ix, share) in canaries {
            let activated = match self.set_canary(now, ix, share) {
                // Without the version that has the rest it has all.
                Err(ManageError::NoVersion) => self.switch_services(now, &[], &[ix]),
                outcome => outcome,
            };
            activated.map_err(|error| (ix, error))?;
        }
        self.go_on_moving(now);
        Ok(())
    }

    /// What cannot move any more stays, and is brought to its end by the version that it is of.
    fn go_on_moving(&mut self, now: Now) {
        for ix in (0..self.services.len() as u16).map(ServiceIx) {
            let desired = self.service(ix).and_then(|s| s.desired.as_ref());
            let to = desired.and_then(|desired| desired.moves_to);
            if let Some(to) = to.and_then(|id| self.service_ix(id))
                && to != ix
            {
                drop(self.move_entities(now, ix, to));
            }
        }
    }
}

/// A service's name may be longer than a sub key.
fn name_key(name: &str) -> [u8; 8] {
    crate::adaptor::name_hash(name).to_be_bytes()
}
