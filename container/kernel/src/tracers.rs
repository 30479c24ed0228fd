//! Tracers: which messages of services and adaptors pass (R-TR).
//!
//! Levels are assigned to paths of a tree; what has none has that of the nearest path above it. Each SBB and each adaptor entity
//! knows the most that anything below it lets pass, so that a message that nobody wants costs a comparison.
//!
//! Invariant: the root has a level.

use crate::kernel::Kernel;
use crate::output::{AlarmSource, ShardOutput, TracerMessage};
use std::collections::BTreeMap;
use std::fmt;
use strowger::id::{EntityId, RaIx, ServiceIx};
use strowger::tracer::{Level, Tracer, is_path};
use thiserror::Error;

/// Bytes of a message's text.
const TEXT: usize = 4096;
/// Tracers of which it is known that they were used.
const USED: usize = 1000;

/// Tracers that a level is assigned to.
const ASSIGNED: usize = 1000;

/// Why a level was not assigned. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum TracerError {
    /// The root always has a level (R-TR-01).
    #[error("the root of all tracers always has a level")]
    Root,
    /// It is no path of a tracer.
    #[error("a tracer's path is names parted by dots, none of them empty")]
    BadPath,
    /// As many have a level as may.
    #[error("{ASSIGNED} tracers have a level of their own already")]
    TooMany,
}

/// Levels, and who has been heard.
pub(crate) struct Tracers {
    root: Level,
    /// By path, without the root's.
    assigned: BTreeMap<Box<str>, Level>,
    /// The most that is let pass anywhere.
    most: Level,
    /// Messages that have passed, by path; so many paths at most.
    used: BTreeMap<Box<str>, u64>,
}

impl Tracers {
    pub(crate) fn new() -> Self {
        Self {
            root: Level::Info,
            assigned: BTreeMap::new(),
            most: Level::Info,
            used: BTreeMap::new(),
        }
    }
    /// That of a path or of the nearest above it.
    fn effective(&self, path: &str) -> Level {
        let mut path = path;
        loop {
            if let Some(level) = self.assigned.get(path) {
                return *level;
            }
            match path.rfind('.') {
                Some(dot) => path = path.get(..dot).unwrap_or_default(),
                None => return self.root,
            }
        }
    }
    /// The most that a path or anything below it lets pass.
    fn most_at(&self, path: &str) -> Level {
        let below = format!("{path}.");
        let under = self.assigned.range(Box::from(below.as_str())..);
        let under = under.take_while(|(name, _)| name.starts_with(&below));
        let own = self.effective(path);
        under.map(|(_, level)| *level).fold(own, Level::max)
    }
    fn note(&mut self, path: &str) {
        if let Some(n) = self.used.get_mut(path) {
            *n += 1;
        } else if self.used.len() < USED {
            self.used.insert(path.into(), 1);
        }
    }
}

impl Kernel {
    pub(crate) fn assign_level(
        &mut self,
        path: &str,
        level: Option<Level>,
    ) -> Result<(), TracerError> {
        match (path, level) {
            ("", None) => return Err(TracerError::Root),
            ("", Some(level)) => self.tracers.root = level,
            (path, _) if !is_path(path.as_bytes()) => return Err(TracerError::BadPath),
            (path, None) => drop(self.tracers.assigned.remove(path)),
            (path, Some(level)) => {
                let assigned = &mut self.tracers.assigned;
                if assigned.len() >= ASSIGNED && !assigned.contains_key(path) {
                    return Err(TracerError::TooMany);
                }
                assigned.insert(path.into(), level);
            }
        }
        let levels = self.tracers.assigned.values().copied();
        self.tracers.most = levels.fold(self.tracers.root, Level::max);
        self.find_levels();
        Ok(())
    }
    fn find_levels(&mut self) {
        for service in (0..self.services.len() as u16).map(ServiceIx) {
            self.find_levels_of_service(service);
        }
        for ra in self.ras() {
            self.find_levels_of_adaptor(ra);
        }
    }
    /// The root's first.
    pub(crate) fn levels(&self) -> impl Iterator<Item = (&str, Level)> {
        let assigned = self.tracers.assigned.iter();
        let root = std::iter::once(("", self.tracers.root));
        root.chain(assigned.map(|(path, level)| (&**path, *level)))
    }
    pub(crate) fn level_of(&self, path: &str) -> Level {
        self.tracers.effective(path)
    }
    pub(crate) fn most_traced(&self) -> Level {
        self.tracers.most
    }
    pub(crate) fn tracers_used(&self) -> impl Iterator<Item = (&str, u64)> {
        self.tracers.used.iter().map(|(path, n)| (&**path, *n))
    }

    pub(crate) fn find_levels_of_service(&mut self, ix: ServiceIx) {
        let Some(service) = self.services.get_mut(usize::from(ix.0)) else {
            return;
        };
        for sbb in &mut service.sbbs {
            let path = format!("service.{}.{}", service.name, sbb.component.name);
            sbb.traces = self.tracers.most_at(&path);
        }
    }
    pub(crate) fn find_levels_of_adaptor(&mut self, ra: RaIx) {
        let Some(path) = self.adaptor_path(ra, Tracer::OWN) else {
            return;
        };
        let level = self.tracers.most_at(&path);
        if let Some(adaptor) = self.adaptor_mut(ra) {
            adaptor.traces = level;
        }
    }

    pub(crate) fn traces_of(&self, entity: EntityId, tracer: Tracer, level: Level) -> bool {
        if level > self.tracers.most || level == Level::Off {
            return false;
        }
        let sbb = self.sbb_of(entity);
        if sbb.is_none_or(|(_, sbb)| level > sbb.traces) {
            return false;
        }
        let path = self.entity_path(entity, tracer);
        path.is_some_and(|path| level <= self.tracers.effective(&path))
    }
    pub(crate) fn trace_of(
        &mut self,
        entity: EntityId,
        tracer: Tracer,
        level: Level,
        text: fmt::Arguments<'_>,
    ) {
        let service = self.entities.get(entity).map(|e| e.service);
        let path = self.entity_path(entity, tracer);
        if let Some((service, path)) = service.zip(path) {
            let source = AlarmSource::Service(service);
            self.tell_trace(source, path, level, Some(entity), text);
        }
    }

    pub(crate) fn traces_at(&self, ra: RaIx, tracer: Tracer, level: Level) -> bool {
        if level > self.tracers.most || level == Level::Off {
            return false;
        }
        if self
            .adaptor(ra)
            .is_none_or(|adaptor| level > adaptor.traces)
        {
            return false;
        }
        let path = self.adaptor_path(ra, tracer);
        path.is_some_and(|path| level <= self.tracers.effective(&path))
    }
    pub(crate) fn trace_at(
        &mut self,
        ra: RaIx,
        tracer: Tracer,
        level: Level,
        text: fmt::Arguments<'_>,
    ) {
        if let Some(path) = self.adaptor_path(ra, tracer) {
            self.tell_trace(AlarmSource::Adaptor(ra), path, level, None, text);
        }
    }

    fn tell_trace(
        &mut self,
        source: AlarmSource,
        path: String,
        level: Level,
        entity: Option<EntityId>,
        text: fmt::Arguments<'_>,
    ) {
        self.tracers.note(&path);
        let mut text = text.to_string();
        text.truncate(text.floor_char_boundary(TEXT));
        let message = TracerMessage {
            source,
            tracer: path,
            level,
            entity,
            activity: self.current.map(|context| context.activity),
            text,
        };
        let told = self.outputs.trace(ShardOutput::Trace(Box::new(message)));
        if !told {
            self.metrics.traces_lost += 1;
        }
    }

    fn entity_path(&self, entity: EntityId, tracer: Tracer) -> Option<String> {
        let (service, sbb) = self.sbb_of(entity)?;
        let path = format!("service.{}.{}", service.name, sbb.component.name);
        Some(below(path, tracer))
    }
    fn adaptor_path(&self, ra: RaIx, tracer: Tracer) -> Option<String> {
        let name = &self.adaptor(ra)?.name;
        Some(below(format!("adaptor.{name}"), tracer))
    }
}

fn below(mut path: String, tracer: Tracer) -> String {
    if tracer != Tracer::OWN {
        path.push('.');
        path.push_str(tracer.name());
    }
    path
}
