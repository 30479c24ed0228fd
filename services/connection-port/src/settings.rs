//! `[services.connection-port.settings]`.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use strowger::Secret;

/// Settings of the port.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Programs that may fire events, by a name of theirs, each with the token that it sends as `Authorization: Bearer`. Without
    /// any nobody may.
    #[schemars(extend("x-secret" = true, "x-reload" = "live"))]
    pub tokens: BTreeMap<String, Secret>,
}

impl Settings {
    /// Whether somebody has that token.
    pub(crate) fn has(&self, token: &str) -> bool {
        // All of them are looked at, so that the time says nothing.
        let tokens = self.tokens.values().filter(|own| own.is(token));
        tokens.count() > 0
    }
}
