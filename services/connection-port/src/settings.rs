//! `[services.connection-port.settings]`.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// Settings of the port.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Programs that may fire events, by a name of theirs, each with the token that it sends as `Authorization: Bearer`. Without
    /// any nobody may.
    #[schemars(extend("x-secret" = true, "x-reload" = "live"))]
    pub tokens: BTreeMap<String, Secret>,
}

/// What is not to be seen in logs.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Secret(String);

impl Settings {
    /// Whether somebody has that token.
    pub(crate) fn has(&self, token: &str) -> bool {
        // All of them are looked at, so that the time says nothing.
        let tokens = self.tokens.values().filter(|own| own.is(token));
        tokens.count() > 0
    }
}

impl Secret {
    /// In a time that does not depend on where they differ. An empty one is nobody's.
    fn is(&self, token: &str) -> bool {
        let differ = |differ: u8, (a, b): (u8, u8)| differ | (a ^ b);
        let bytes = self.0.bytes().zip(token.bytes());
        self.0.len() == token.len() && !token.is_empty() && bytes.fold(0, differ) == 0
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self(secret.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
