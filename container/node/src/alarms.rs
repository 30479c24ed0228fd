//! Alarms that are raised, and the log lines of their changes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use strowger::alarm::Severity;
use strowger::time::Wall;
use strowger_kernel::ServiceAlarm;

/// Different alarms raised at one time; beyond that only the log has them.
const ALARMS: usize = 1_000;

/// Alarms of what has happened, which nothing but an operator clears.
const EVENTS: [&str; 1] = ["panic"];

/// How grave the node's own alarms and those of its adaptors are; what is not named is `major`.
const SEVERITIES: [(&str, Severity); 18] = [
    ("low_space", Severity::Critical),
    ("records_lost", Severity::Critical),
    ("too_many_failures", Severity::Critical),
    ("certificate_expired", Severity::Critical),
    ("driver_ended", Severity::Critical),
    ("audit_unwritable", Severity::Critical),
    ("record_too_long", Severity::Major),
    ("panic", Severity::Major),
    ("quarantined", Severity::Minor),
    ("slow_turn", Severity::Minor),
    ("certificate_unreadable", Severity::Minor),
    ("configuration_refused", Severity::Minor),
    ("records_untaken", Severity::Minor),
    ("records_unoffered", Severity::Minor),
    ("collector_unreachable", Severity::Minor),
    ("not_in_this_binary", Severity::Minor),
    ("certificate_expires_soon", Severity::Warning),
    ("overload", Severity::Major),
];

/// One raised alarm.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[non_exhaustive]
pub struct Alarm {
    /// Who raised it: `shard`, `store`, `adaptor NAME`, `service NAME`.
    pub source: String,
    /// Which, among those of its source.
    pub name: String,
    /// What it is about, where the source tells several of one name apart; else empty.
    #[serde(default)]
    pub instance: String,
    /// `critical`, `major`, `minor`, `warning` or `indeterminate` (ITU-T X.733).
    #[serde(default)]
    #[schema(value_type = String, example = "major")]
    pub severity: Severity,
    /// For people.
    pub text: String,
    /// When it was raised: milliseconds since 1970.
    pub since: u64,
    /// Whether an operator may clear it: it is a service's own, or tells of what has happened. Others go when what they stand
    /// for is over.
    #[serde(default)]
    pub can_be_cleared: bool,
}

/// What an alarm is known by (R-AL-01): source, name, instance.
type Identity = (String, Cow<'static, str>, String);

/// All raised alarms.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    raised: BTreeMap<Identity, Alarm>,
}

impl Alarms {
    /// Raises an alarm of the container or an adaptor, or clears it. One that stands is only given its new text.
    pub(crate) fn set(
        &mut self,
        now: Wall,
        source: String,
        name: &'static str,
        raised: bool,
        text: &str,
    ) {
        let known = SEVERITIES.iter().find(|(of, _)| *of == name);
        let alarm = Alarm {
            source,
            name: name.into(),
            instance: String::new(),
            severity: known.map_or(Severity::Major, |(_, severity)| *severity),
            text: text.into(),
            since: now.0,
            can_be_cleared: EVENTS.contains(&name),
        };
        self.change(Cow::Borrowed(name), raised, alarm);
    }

    /// Raises an alarm of a service, or clears it.
    pub(crate) fn of_service(&mut self, source: String, alarm: &ServiceAlarm) {
        let told = Alarm {
            source,
            name: (*alarm.kind).to_owned(),
            instance: (*alarm.instance).to_owned(),
            severity: alarm.severity,
            text: (*alarm.text).to_owned(),
            since: alarm.since.0,
            can_be_cleared: true,
        };
        self.change(Cow::Owned(told.name.clone()), alarm.raised, told);
    }

    fn change(&mut self, name: Cow<'static, str>, raised: bool, alarm: Alarm) {
        let key = (alarm.source.clone(), name, alarm.instance.clone());
        let Alarm {
            source,
            name,
            instance,
            severity,
            text,
            ..
        } = &alarm;
        if !raised {
            if self.raised.remove(&key).is_some() {
                tracing::info!(source, alarm = name, instance, %severity, text, "alarm cleared");
            }
            return;
        }
        if let Some(standing) = self.raised.get_mut(&key) {
            standing.text = alarm.text;
            return;
        }
        tracing::warn!(source, alarm = name, instance, %severity, text, "alarm raised");
        if self.raised.len() < ALARMS {
            self.raised.insert(key, alarm);
        }
    }

    /// Takes an alarm off the list that reports something that has happened: `false` if it reports something that lasts,
    /// `None` if there is none.
    pub(crate) fn clear(&mut self, source: &str, name: &str, instance: &str) -> Option<bool> {
        let found =
            |(of, which, about): &&Identity| of == source && which == name && about == instance;
        let key = self.raised.keys().find(found)?.clone();
        let event = EVENTS.contains(&&*key.1);
        if event {
            self.raised.remove(&key);
        }
        Some(event)
    }

    /// An alarm is over, without a word.
    pub(crate) fn forget(&mut self, source: &str, name: &'static str) {
        let key = (source.to_owned(), Cow::Borrowed(name), String::new());
        self.raised.remove(&key);
    }

    /// Their source is gone.
    pub(crate) fn forget_all(&mut self, source: &str) {
        self.raised.retain(|(of, ..), _| of != source);
    }

    /// All that are raised, by source and name.
    pub(crate) fn list(&self) -> Vec<Alarm> {
        self.raised.values().cloned().collect()
    }
}
