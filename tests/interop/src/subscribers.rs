//! A specification of profiles as a provider of telephony has it, for figures of large tables.
//!
//! The binary `strowger-faulty` brings it; the product has no profiles of its own.

use strowger::prelude::*;

/// The service that brings it, and looks nobody up.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Screen>()
}

/// Somebody who may call.
#[derive(Clone, Debug, Profile)]
pub struct Subscriber {
    /// As E.164 has it, without a plus.
    #[profile(unique)]
    pub number: String,
    /// Where calls are charged.
    #[profile(indexed)]
    pub zone: u32,
    /// Whether calls are let through.
    pub active: bool,
    /// Where calls go instead.
    pub forward: Option<String>,
}

/// One look at the table.
#[derive(Debug, Default, State)]
pub struct Screen {}

#[sbb(name = "screen", vendor = "test", version = "1.0")]
impl Screen {
    #[on(initial)]
    fn started(
        &mut self,
        _cx: &mut Cx,
        _ev: &ServiceStarted,
        #[table("subscribers")] _subscribers: Option<Table<Subscriber>>,
    ) {
    }
}
