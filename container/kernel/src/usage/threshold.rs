//! Thresholds: what is measured of a usage parameter, window by window, and the alarm that it raises (R-US-04).
//!
//! A value has to be beyond the threshold; one that only reaches it and turns back has not crossed it. Nothing is measured
//! while handlers run: whoever has no threshold pays nothing for them.
//!
//! Invariant: whether an alarm is raised is what the table of alarms says, so that one that stood before a restart is cleared
//! after it.

use super::{UsageError, named};
use crate::kernel::Kernel;
use crate::manage::{ServiceState, SleeState};
use std::time::Duration;
use strowger::alarm::{Alarm, Severity};
use strowger::id::{Component, ServiceIx};
use strowger::time::Mono;
use strowger::usage::{ParameterKind, Reading, SampleReading, UsageDecl};

/// The kind of the alarms; what they are about is the threshold's name.
const ALARM: &str = "threshold_crossed";

/// When an alarm is raised for what is counted.
#[derive(Clone, PartialEq, Debug)]
pub struct Threshold {
    /// Unique in its service; names the alarm.
    pub name: String,
    /// The SBB; none for the first that has the parameter.
    pub sbb: Option<String>,
    /// The set; empty for the unnamed one.
    pub set: String,
    /// The parameter.
    pub parameter: String,
    /// What of it.
    pub measure: Measure,
    /// On which side of `value` it is wrong.
    pub side: Side,
    /// What must be passed; reaching it is not enough.
    pub value: f64,
    /// What it has to come back to; `value` itself without it.
    pub clear: Option<f64>,
    /// What is measured at a time.
    pub window: Duration,
    /// How long it has to be passed, from the end of the first window in which it was.
    pub raise_after: Duration,
    /// How long it has to be back.
    pub clear_after: Duration,
    /// Of the alarm.
    pub severity: Severity,
}

/// What is measured of a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    /// Of a counter: all that it has, since it was reset.
    Total,
    /// Of a counter: how often a second, in the window.
    Rate,
    /// Of a sample: the mean of the window.
    Mean,
    /// Of a sample: what so many of a thousand values of the window do not exceed.
    PerMille(u16),
}

impl Measure {
    const fn word(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Rate => "rate",
            Self::Mean => "mean",
            Self::PerMille(_) => "percentile",
        }
    }
    const fn fits(self, kind: ParameterKind) -> bool {
        match self {
            Self::Total | Self::Rate => matches!(kind, ParameterKind::Counter),
            Self::Mean | Self::PerMille(_) => matches!(kind, ParameterKind::Sample),
        }
    }
    fn text(self) -> String {
        match self {
            Self::Total | Self::Mean => self.word().to_owned(),
            Self::Rate => "rate per second".to_owned(),
            Self::PerMille(share) => format!("p{}", f64::from(share) / 10.0),
        }
    }
}

/// On which side of a threshold it is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Too much.
    Above,
    /// Too little.
    Below,
}

impl Side {
    fn beyond(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Above => value > threshold,
            Self::Below => value < threshold,
        }
    }
    const fn word(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
        }
    }
}

impl Threshold {
    pub(super) fn check(&self, decls: &[(Component, UsageDecl)]) -> Result<(), UsageError> {
        named(&self.name)?;
        let threshold = self.name.clone();
        let parameter = self.parameter.clone();
        let fits = |sbb: &Component| self.sbb.as_ref().is_none_or(|name| sbb.name == *name);
        let found = decls
            .iter()
            .filter(|(sbb, _)| fits(sbb))
            .find_map(|(_, decl)| {
                let place = decl.place(&self.parameter)?;
                decl.parameters.get(place)
            });
        let Some(decl) = found else {
            return Err(UsageError::NoParameter {
                threshold,
                parameter,
            });
        };
        if !self.measure.fits(decl.kind) {
            return Err(UsageError::Unmeasured {
                threshold,
                parameter,
                kind: decl.kind.word(),
                measure: self.measure.word(),
            });
        }
        if let Measure::PerMille(0 | 1001..) = self.measure {
            return Err(UsageError::NoPercentile(threshold));
        }
        if ![Some(self.value), self.clear]
            .into_iter()
            .flatten()
            .all(f64::is_finite)
        {
            return Err(UsageError::NoNumber(threshold));
        }
        if self
            .clear
            .is_some_and(|clear| self.side.beyond(clear, self.value))
        {
            return Err(UsageError::ClearsBeyond(threshold));
        }
        if self.window < Duration::from_secs(1) {
            return Err(UsageError::ShortWindow(threshold));
        }
        Ok(())
    }
}

/// The thresholds of a service.
#[derive(Default)]
pub(crate) struct Watches(Vec<Watch>);

/// A threshold, and how it stands.
struct Watch {
    threshold: Threshold,
    /// When its window began; not while nothing is measured.
    began: Option<Mono>,
    /// What the parameter had then.
    base: Option<Reading>,
    /// Since when it has been on the other side than its alarm says.
    turned: Option<Mono>,
}

impl Watch {
    fn new(threshold: Threshold) -> Self {
        Self {
            threshold,
            began: None,
            base: None,
            turned: None,
        }
    }
    fn due(&self) -> Option<Mono> {
        Some(self.began? + self.threshold.window)
    }
    fn begin(&mut self, now: Mono, reading: Option<Reading>) {
        self.began = Some(now);
        self.base = reading;
    }
    /// The value of the window that ends, if there is any.
    fn measure(&self, reading: &Reading, now: Mono) -> Option<f64> {
        match (self.threshold.measure, reading) {
            (Measure::Total, Reading::Counter(n)) => Some(*n as f64),
            (Measure::Rate, Reading::Counter(n)) => {
                let before = match &self.base {
                    Some(Reading::Counter(before)) => *before,
                    Some(Reading::Sample(_)) | None => 0,
                };
                let seconds = (now - self.began?).as_secs_f64();
                Some(n.saturating_sub(before) as f64 / seconds)
            }
            (Measure::Mean, Reading::Sample(all)) => {
                let window = self.window(all);
                (window.count > 0).then(|| window.mean())
            }
            (Measure::PerMille(share), Reading::Sample(all)) => {
                let value = self.window(all).per_mille(share);
                value.map(|value| value as f64)
            }
            (Measure::Total | Measure::Rate, Reading::Sample(_))
            | (Measure::Mean | Measure::PerMille(_), Reading::Counter(_)) => None,
        }
    }
    /// What came in the window that ends.
    fn window(&self, all: &SampleReading) -> SampleReading {
        match &self.base {
            Some(Reading::Sample(before)) => all.since(before),
            Some(Reading::Counter(_)) | None => all.clone(),
        }
    }
    /// Whether its alarm is to be raised (`true`) or cleared (`false`) now.
    fn judge(&mut self, value: Option<f64>, stands: bool, now: Mono) -> Option<bool> {
        let threshold = &self.threshold;
        let turned = match stands {
            false => value.is_some_and(|v| threshold.side.beyond(v, threshold.value)),
            // What cannot be measured is not wrong.
            true => {
                let clear = threshold.clear.unwrap_or(threshold.value);
                !value.is_some_and(|v| threshold.side.beyond(v, clear))
            }
        };
        if !turned {
            self.turned = None;
            return None;
        }
        let since = *self.turned.get_or_insert(now);
        let hold = if stands {
            threshold.clear_after
        } else {
            threshold.raise_after
        };
        if now - since < hold {
            return None;
        }
        self.turned = None;
        Some(!stands)
    }
    fn text(&self, value: f64) -> String {
        let Threshold {
            set,
            parameter,
            measure,
            side,
            value: wrong,
            ..
        } = &self.threshold;
        let of = if set.is_empty() {
            String::new()
        } else {
            format!(" of set {set}")
        };
        let value = (value * 1000.0).round() / 1000.0;
        format!(
            "{parameter}{of}: {} is {value}, {} {wrong}",
            measure.text(),
            side.word()
        )
    }
}

impl Kernel {
    /// Watches these from here on; one that is watched already goes on as it is.
    pub(super) fn watch(&mut self, service: ServiceIx, thresholds: &[Threshold]) {
        let Some(known) = self.service_mut(service) else {
            return;
        };
        let mut old = std::mem::take(&mut known.watches.0);
        for threshold in thresholds {
            let same = old.iter().position(|watch| watch.threshold == *threshold);
            let watch = match same {
                Some(place) => old.swap_remove(place),
                None => Watch::new(threshold.clone()),
            };
            known.watches.0.push(watch);
        }
        if self.slee == SleeState::Running {
            self.clear_unwatched(service);
            self.arm_watches(service);
        }
    }

    /// Alarms of thresholds that are not there any more, those of before a restart too.
    fn clear_unwatched(&mut self, service: ServiceIx) {
        for instance in self.alarms.instances(service, ALARM) {
            let watches = self.service(service).map(|s| &s.watches.0);
            let watched = watches.is_some_and(|w| w.iter().any(|w| *w.threshold.name == *instance));
            if !watched {
                self.clear_alarms_of(service, Some(ALARM), Some(&instance));
            }
        }
    }

    /// The SLEE begins.
    pub(super) fn start_watches(&mut self) {
        for service in (0..self.services.len() as u16).map(ServiceIx) {
            self.clear_unwatched(service);
            self.arm_watches(service);
        }
    }
    /// The windows of a service begin anew.
    pub(super) fn rearm_watches(&mut self, service: ServiceIx) {
        let service_mut = self.service_mut(service).into_iter();
        for watch in service_mut.flat_map(|s| &mut s.watches.0) {
            watch.began = None;
        }
        if self.slee == SleeState::Running {
            self.arm_watches(service);
        }
    }
    fn arm_watches(&mut self, service: ServiceIx) {
        let count = self.service(service).map_or(0, |s| s.watches.0.len());
        for place in 0..count {
            let reading = self.watched(service, place);
            let now = self.now.mono;
            if let Some(watch) = self.watch_at(service, place)
                && watch.began.is_none()
            {
                watch.begin(now, reading);
            }
        }
        self.find_due_watch();
    }
    fn find_due_watch(&mut self) {
        let watches = self.services.iter().flat_map(|s| &s.watches.0);
        self.watch_due = watches.filter_map(Watch::due).min();
    }
    fn watch_at(&mut self, service: ServiceIx, place: usize) -> Option<&mut Watch> {
        self.service_mut(service)?.watches.0.get_mut(place)
    }

    /// What a watched parameter has; `None` if its set is not there.
    fn watched(&self, service: ServiceIx, place: usize) -> Option<Reading> {
        let service = self.service(service)?;
        let Threshold {
            sbb,
            set,
            parameter,
            ..
        } = &service.watches.0.get(place)?.threshold;
        let (sets, place) = super::having(service, sbb.as_deref())
            .find_map(|(_, sets)| Some((sets, sets.decl.place(parameter)?)))?;
        let set = sets.get(Some(set))?;
        let found = (sets.decl.parameter)(&*set.values, place)?;
        Some(found.read())
    }

    /// Ends the windows whose time has come.
    pub(crate) fn end_windows(&mut self) {
        let now = self.now.mono;
        if self.watch_due.is_none_or(|due| due > now) {
            return;
        }
        for service in (0..self.services.len() as u16).map(ServiceIx) {
            let count = self.service(service).map_or(0, |s| s.watches.0.len());
            for place in 0..count {
                self.end_window(service, place);
            }
        }
        self.find_due_watch();
    }
    fn end_window(&mut self, service: ServiceIx, place: usize) {
        let now = self.now.mono;
        let active = self
            .service(service)
            .is_some_and(|s| s.state == ServiceState::Active);
        let watch = self.watch_at(service, place);
        if watch.and_then(|w| w.due()).is_none_or(|due| due > now) {
            return;
        }
        let reading = self.watched(service, place);
        let Some(watch) = self.watch_at(service, place) else {
            return;
        };
        let name = watch.threshold.name.clone();
        let severity = watch.threshold.severity;
        let value = reading.as_ref().and_then(|r| watch.measure(r, now));
        watch.begin(now, reading);
        // A service that begins nothing has no rate that could be too low.
        if !active {
            watch.turned = None;
            return;
        }
        let stands = self.alarms.stands(service, ALARM, &name);
        let Some(watch) = self.watch_at(service, place) else {
            return;
        };
        match watch.judge(value, stands, now) {
            Some(true) => {
                let text = watch.text(value.unwrap_or_default());
                let alarm = Alarm {
                    kind: ALARM,
                    instance: &name,
                    severity,
                    text: &text,
                };
                // What the limit of alarms refuses is counted there, and tried again.
                let _ = self.raise_alarm_by(service, alarm);
            }
            Some(false) => {
                self.clear_alarms_of(service, Some(ALARM), Some(&name));
            }
            None => {}
        }
    }
}
