//! The defaults of the model's keys.

use crate::model::{Adaptor, Config, Durability, Limits, Log, LogFormat, Node, Service, Store};
use crate::section::Section;
use crate::size::Size;
use std::collections::BTreeMap;
use std::time::Duration;

impl Default for Node {
    fn default() -> Self {
        Self {
            name: "strowger".into(),
            data_dir: "strowger-data".into(),
            drain_limit: Duration::from_secs(30),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Plain,
            filter: "info".into(),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            group_delay: Duration::from_millis(1),
            relaxed_delay: Duration::from_millis(20),
            group_bytes: Size::mib(1),
            queue: 1024,
            segment_bytes: Size::mib(16),
            checkpoint_bytes: Size::mib(64),
            checkpoint_interval: Duration::from_secs(10),
            cache: Size::mib(64),
            reserve: Size::mib(64),
            low_water: Size::mib(256),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            activities: 1_000_000,
            entities: 1_000_000,
            timers: 2_000_000,
            names: 1_000_000,
            events_per_activity: 1_024,
            shard_inputs: 16_384,
            suspend_timeout: Duration::from_secs(10),
            delivery_time_max: Duration::from_secs(5),
            service_stop_time: Duration::from_secs(60),
        }
    }
}

impl Default for Adaptor {
    fn default() -> Self {
        Self {
            kind: None,
            active: true,
            links: Vec::new(),
            listeners: BTreeMap::new(),
            settings: Section::default(),
        }
    }
}

impl Default for Service {
    fn default() -> Self {
        Self {
            kind: None,
            active: true,
            priority: 0,
            durability: Durability::Strict,
            links: BTreeMap::new(),
            settings: Section::default(),
        }
    }
}

/// 4 MiB: a burst of a few thousand messages; larger than what systems give by default, which drops bursts.
pub(crate) fn socket_buffer() -> Size {
    Size::mib(4)
}

/// Far above what one peer needs, below the usual limit of open files.
pub(crate) fn connections() -> u32 {
    10_000
}

impl Config {
    /// The type of an adaptor entity: its `type`, or its name.
    #[must_use]
    pub fn adaptor_kind<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let adaptor = self.adaptors.get(name)?;
        Some(adaptor.kind.as_deref().unwrap_or(name))
    }

    /// The kind of a service: its `kind`, or its name.
    #[must_use]
    pub fn service_kind<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let service = self.services.get(name)?;
        Some(service.kind.as_deref().unwrap_or(name))
    }

    /// The adaptor entity that a link name leads to: the entity of that name, or the one that lists it in `links`.
    #[must_use]
    pub fn linked_adaptor(&self, link: &str) -> Option<&str> {
        if let Some((name, _)) = self.adaptors.get_key_value(link) {
            return Some(name);
        }
        let mut bound = self.adaptors.iter();
        let found = bound.find(|(_, adaptor)| adaptor.links.iter().any(|own| own == link));
        found.map(|(name, _)| name.as_str())
    }

    /// The adaptor entity that a service uses for an adaptor type: by its `links`, or the only entity of that type.
    #[must_use]
    pub fn adaptor_for(&self, service: &str, adaptor_type: &str) -> Option<&str> {
        let links = &self.services.get(service)?.links;
        if let Some(link) = links.get(adaptor_type) {
            return self.linked_adaptor(link);
        }
        let of_type = |name: &&String| self.adaptor_kind(name) == Some(adaptor_type);
        let mut candidates = self.adaptors.keys().filter(of_type);
        let first = candidates.next()?;
        candidates.next().is_none().then_some(first)
    }
}
