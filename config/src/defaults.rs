//! The defaults of the model's keys.

use crate::management::{Listen, Management};
use crate::model::{
    Adaptor, Config, Dns, Durability, Limits, Log, LogFormat, Node, Recorder, RecorderMode, Redact,
    Service, Store, Tls,
};
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
            group_delay: Duration::from_millis(15),
            relaxed_delay: Duration::from_millis(20),
            group_bytes: Size::mib(1),
            queue: 1024,
            segment_bytes: Size::mib(16),
            checkpoint_bytes: Size::mib(64),
            checkpoint_interval: Duration::from_secs(10),
            cache: Size::mib(16),
            reserve: Size::mib(64),
            low_water: Size::mib(256),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            activities: 4_000_000,
            entities: 4_000_000,
            timers: 4_000_000,
            events: 1_000_000,
            events_per_activity: 1_000,
            attachments: 100_000,
            effects: 100_000,
            quarantine: 1_000,
            alarms: 1_000,
            usage_sets: 1_000,
            profiles: 2_000_000,
            profile_scan: 100_000,
            profile_bytes: Size::kib(64),
            activity_bytes: Size::kib(64),
            state_bytes: Size::kib(256),
            suspend_timeout: Duration::from_secs(10),
            timer_timeout: Duration::from_secs(1),
            liveness: Duration::from_secs(600),
            service_stop_time: Duration::from_secs(60),
            delivery_time_max: Duration::from_secs(5),
            delivery_cpu_max: Duration::from_millis(500),
        }
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            check_interval: Duration::from_secs(60),
            expiry_warning: Duration::from_secs(14 * 86_400),
        }
    }
}

impl Default for Dns {
    fn default() -> Self {
        Self {
            name_servers: Vec::new(),
            timeout: Duration::from_secs(5),
            questions: 1_024,
            cache: 10_000,
            answer_time_max: Duration::from_secs(3_600),
            failure_time_max: Duration::from_secs(30),
        }
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            mode: RecorderMode::Off,
            one_in: 100,
            calling: Vec::new(),
            called: Vec::new(),
            keys: Vec::new(),
            adaptors: Vec::new(),
            redact: Redact::All,
            calls: 1_000,
            memory: Size::mib(64),
            call_memory: Size::kib(256),
        }
    }
}

impl Default for Management {
    fn default() -> Self {
        Self {
            listen: Listen::Auto,
            tls: None,
            local_read: true,
            tokens: BTreeMap::new(),
            connections: 128,
            request_timeout: Duration::from_secs(10),
            audit: None,
        }
    }
}

impl Default for Adaptor {
    fn default() -> Self {
        Self {
            kind: None,
            active: true,
            links: Vec::new(),
            settings: Section::default(),
        }
    }
}

impl Default for Service {
    fn default() -> Self {
        Self {
            kind: None,
            active: true,
            priority: None,
            durability: Durability::Strict,
            panics_max: 100,
            errors_max: 0,
            failure_window: Duration::from_secs(10),
            hangs_max: 3,
            hang_window: Duration::from_secs(600),
            links: BTreeMap::new(),
            usage_sets: Vec::new(),
            thresholds: BTreeMap::new(),
            settings: Section::default(),
        }
    }
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
}
