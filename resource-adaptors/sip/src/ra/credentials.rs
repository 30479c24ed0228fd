//! `[adaptors.NAME.settings.credentials.NAME]`: who the node is to those who challenge its requests.

use std::fmt;

use serde::Deserialize;
use strowger::Secret;
use strowger::schemars::JsonSchema;

use crate::proto::auth::Credentials;

/// One set of credentials.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct CredentialSettings {
    /// The realm that asks; any if not set.
    #[serde(default)]
    #[schemars(extend("x-reload" = "live"))]
    pub realm: Option<String>,
    /// The user's name.
    #[schemars(extend("x-reload" = "live"))]
    pub user: String,
    /// The password.
    #[schemars(extend("x-reload" = "live"))]
    pub password: Secret,
}

impl From<&CredentialSettings> for Credentials {
    fn from(settings: &CredentialSettings) -> Self {
        let credentials = Self::new(&settings.user, settings.password.reveal());
        match &settings.realm {
            Some(realm) => credentials.for_realm(realm),
            None => credentials,
        }
    }
}

impl fmt::Debug for CredentialSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialSettings")
            .field("realm", &self.realm)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
