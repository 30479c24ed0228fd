//! `[services.registrar.settings]`.

use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;
use strowger_sip::{Algorithm, Aor, DigestAlgorithm, Realm, Registrar, Users};

/// Settings of the registrar.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The domains whose users may register; with none, those of any domain. REGISTER for another one gets 404.
    #[schemars(extend("x-reload" = "live"))]
    pub domains: Vec<String>,
    /// Whether a REGISTER is only carried out for a user who has proved to be the one whose address it is. Without it
    /// anybody can take anybody's calls: for labs.
    #[schemars(extend("x-reload" = "live"))]
    pub authentication: bool,
    /// The realm that users belong to; if not set, the domain of the address that they register.
    #[schemars(extend("x-reload" = "live"))]
    pub realm: Option<String>,
    /// The users, by name: `alice`, or `alice@a.example` where there are several realms. A table, or the path of a TOML
    /// file with that table, from the directory of this file on.
    #[schemars(extend("x-file" = true, "x-reload" = "live"))]
    pub users: Users,
    /// The digest algorithms to offer, the preferred one first.
    #[schemars(length(min = 1, max = 6), extend("x-reload" = "live"))]
    pub algorithms: Vec<DigestAlgorithm>,
    /// How long a client may go on with one nonce before it is asked for its credentials again.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub nonce_lifetime: Duration,
    /// The shortest life of a registration; 423 below it.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub min_expires: Duration,
    /// The life of a registration where the client names none.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub default_expires: Duration,
    /// The longest life of a registration; what is asked beyond it is cut.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub max_expires: Duration,
    /// Contacts that one user may have at a time; 403 beyond it.
    #[schemars(range(min = 1, max = 1000), extend("x-unit" = "contacts", "x-reload" = "live"))]
    pub contacts_per_user: u32,
    /// Subscriptions to the state of one user's registration that there may be at a time; 403 beyond it. They last as long
    /// as registrations may.
    #[schemars(range(min = 0, max = 1000), extend("x-unit" = "subscriptions", "x-reload" = "live"))]
    pub watchers_per_user: u32,
    /// Within what time a client that registers a flow is asked to show that it is there (Flow-Timer, RFC 5626 4.4): what
    /// NATs on the way forget sooner. 0 to say nothing.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub flow_timer: Duration,
    /// The value of Service-Route in answers (RFC 3608), such as `<sip:proxy.a.example;lr>`; none if not set.
    #[schemars(extend("x-reload" = "live"))]
    pub service_route: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            authentication: true,
            realm: None,
            users: Users::default(),
            algorithms: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
            nonce_lifetime: Duration::from_secs(300),
            min_expires: Duration::from_secs(60),
            default_expires: Duration::from_secs(3600),
            max_expires: Duration::from_secs(7200),
            contacts_per_user: 10,
            watchers_per_user: 10,
            flow_timer: Duration::ZERO,
            service_route: None,
        }
    }
}

impl Settings {
    /// Whether it is the registrar of a user's domain.
    #[must_use]
    pub fn serves(&self, aor: &Aor) -> bool {
        let same = |domain: &String| domain.eq_ignore_ascii_case(aor.domain());
        self.domains.is_empty() || self.domains.iter().any(same)
    }

    /// The realm of the user of an address.
    #[must_use]
    pub fn realm(&self, aor: &Aor) -> Realm {
        let algorithms: Vec<Algorithm> = self.algorithms.iter().map(|a| (*a).into()).collect();
        Realm::new(self.realm.as_deref().unwrap_or_else(|| aor.domain()))
            .algorithms(algorithms)
            .nonce_lifetime(self.nonce_lifetime)
    }

    /// What the location table is told of it.
    #[must_use]
    pub fn policy(&self) -> Registrar {
        Registrar {
            min_expires: self.min_expires,
            default_expires: self.default_expires,
            max_expires: self.max_expires,
            contacts: self.contacts_per_user as usize,
            flow_timer: self.flow_timer,
            service_route: self.service_route.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_units() {
        let settings: Settings =
            toml::from_str("domains = [\"a.example\"]\nmin_expires = \"30s\"").expect("settings");
        let aor = |uri: &str| Aor::parse(uri.as_bytes()).expect("an address of record");
        assert!(settings.serves(&aor("sip:x@A.EXAMPLE")) && !settings.serves(&aor("sip:x@b")));
        assert!(Settings::default().serves(&aor("sip:x@b")));
        assert_eq!(settings.policy().min_expires, Duration::from_secs(30));
        assert_eq!(settings.policy().contacts, 10);
        assert!(toml::from_str::<Settings>("domain = \"a\"").is_err());
    }
}
