//! Alarms that are raised, and the log lines of their changes.

use std::collections::BTreeMap;
use strowger::time::Wall;

/// Different alarms raised at one time; beyond that only the log has them.
const ALARMS: usize = 1_000;

/// Alarms of what has happened, which nothing but an operator clears.
const EVENTS: [&str; 1] = ["panic"];

/// One raised alarm.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[non_exhaustive]
pub struct Alarm {
    /// Who raised it: `shard`, `store`, `adaptor NAME`, `service NAME`.
    pub source: String,
    /// Which, among those of its source.
    pub name: String,
    /// For people.
    pub text: String,
    /// When it was raised: milliseconds since 1970.
    pub since: u64,
}

/// All raised alarms.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    raised: BTreeMap<(String, &'static str), Alarm>,
}

impl Alarms {
    /// Raises an alarm, or clears it. One that stands is only given its new text.
    pub(crate) fn set(
        &mut self,
        now: Wall,
        source: String,
        name: &'static str,
        raised: bool,
        text: &str,
    ) {
        let key = (source, name);
        if !raised {
            if self.raised.remove(&key).is_some() {
                tracing::info!(source = %key.0, alarm = name, text, "alarm cleared");
            }
            return;
        }
        if let Some(alarm) = self.raised.get_mut(&key) {
            alarm.text = text.to_owned();
            return;
        }
        tracing::warn!(source = %key.0, alarm = name, text, "alarm raised");
        if self.raised.len() < ALARMS {
            let source = key.0.clone();
            let alarm = Alarm {
                source,
                name: name.into(),
                text: text.into(),
                since: now.0,
            };
            self.raised.insert(key, alarm);
        }
    }

    /// Takes an alarm off the list that reports something that has happened: `false` if it reports something that lasts,
    /// `None` if there is none.
    pub(crate) fn clear(&mut self, source: &str, name: &str) -> Option<bool> {
        let found = |(of, which): &&(String, &'static str)| of == source && *which == name;
        let key = self.raised.keys().find(found)?.clone();
        let event = EVENTS.contains(&key.1);
        if event {
            self.raised.remove(&key);
        }
        Some(event)
    }

    /// All that are raised, by source and name.
    pub(crate) fn list(&self) -> Vec<Alarm> {
        self.raised.values().cloned().collect()
    }
}
