//! A service: a root SBB with its children, its settings and its default priority.

use crate::id::Component;
use crate::initial::Selector;
use crate::param::{Settings, SettingsDecl};
use crate::sbb::{Sbb, SbbDescriptor};

/// What a service crate exports: `pub fn service() -> ServiceDef { ServiceDef::of::<B2bua>().settings::<Settings>() }`.
#[derive(Clone, Debug)]
pub struct ServiceDef {
    /// Name, vendor and version of the service: those of its root SBB.
    pub component: Component,
    /// The root SBB.
    pub root: SbbDescriptor,
    /// Priority of its root entities unless the configuration says otherwise (R-OR-01).
    pub priority: i8,
    /// Its settings.
    pub settings: SettingsDecl,
    /// Which new work it takes while it runs beside another version of itself and is to decide that.
    pub canary: Option<fn(&Selector<'_>) -> bool>,
}

/// Settings of a service that has none.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

impl ServiceDef {
    /// A service whose root SBB is `S`, with that SBB's priority and no settings.
    #[must_use]
    pub fn of<S: Sbb>() -> Self {
        Self {
            component: S::SBB,
            root: S::descriptor(),
            priority: S::PRIORITY,
            settings: SettingsDecl::of::<NoSettings>(),
            canary: None,
        }
    }
    /// Gives the service settings; handlers take them as `Conf<T>`.
    #[must_use]
    pub fn settings<T: Settings>(mut self) -> Self {
        self.settings = SettingsDecl::of::<T>();
        self
    }
    /// Sets its default priority, from -128 to 127, higher first.
    #[must_use]
    pub const fn priority(mut self, priority: i8) -> Self {
        self.priority = priority;
        self
    }
    /// Says which new work it takes as a canary of another version that leaves the choice to it. The same work must give the
    /// same answer.
    #[must_use]
    pub const fn canary(mut self, takes: fn(&Selector<'_>) -> bool) -> Self {
        self.canary = Some(takes);
        self
    }
    /// The same under another version, of service and root SBB: for two releases of one implementation side by side.
    #[must_use]
    pub const fn version(mut self, version: &'static str) -> Self {
        self.component.version = version;
        self.root.component.version = version;
        self
    }
}
