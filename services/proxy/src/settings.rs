//! `[services.proxy.settings]`.

use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;
use strowger_sip::{Algorithm, DigestAlgorithm, Realm, Target, TargetError, Trust, Users};

/// Settings of the proxy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The domains whose users are looked up in the location table; with none, those of any domain. A request to another
    /// domain is sent on for those who may relay.
    #[schemars(extend("x-reload" = "live"))]
    pub domains: Vec<String>,
    /// Fixed routes; the first that fits counts, before the location table.
    #[schemars(extend("x-reload" = "live"))]
    pub routes: Vec<Route>,
    /// How called users begin whose calls are left to another service of this node, such as a B2BUA; of their other requests
    /// it is the proxy all the same.
    #[schemars(extend("x-reload" = "live"))]
    pub leave: Vec<String>,
    /// Peers that may relay to anywhere and whose word on identities is believed: networks (`10.0.0.0/8`), and host names for
    /// where requests go.
    #[schemars(extend("x-reload" = "live"))]
    pub trusted: Trust,
    /// The methods of requests that strangers may send to own users and over open routes. Others get 403: by REFER a phone can
    /// be told to call somebody, and by SUBSCRIBE it tells what its user does.
    #[schemars(extend("x-reload" = "live"))]
    pub strangers: Vec<String>,
    /// Whether users of `domains` have to prove who they are before they may call. Without it, whoever sends from where a
    /// user is registered is taken for that user: for labs.
    #[schemars(extend("x-reload" = "live"))]
    pub authentication: bool,
    /// The realm that users belong to; if not set, the domain of their From address.
    #[schemars(extend("x-reload" = "live"))]
    pub realm: Option<String>,
    /// The users, by name, as the registrar's: a table, or the path of a TOML file with that table, from the directory of this
    /// file on.
    #[schemars(extend("x-file" = true, "x-reload" = "live"))]
    pub users: Users,
    /// The digest algorithms to offer, the preferred one first.
    #[schemars(length(min = 1, max = 6), extend("x-reload" = "live"))]
    pub algorithms: Vec<DigestAlgorithm>,
    /// How long a client may go on with one nonce before it is asked for its credentials again.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub nonce_lifetime: Duration,
    /// Whether later requests of a call come by here.
    #[schemars(extend("x-reload" = "live"))]
    pub record_route: bool,
    /// Whether the contacts of a 3xx are tried.
    #[schemars(extend("x-reload" = "live"))]
    pub recurse: bool,
    /// How long contacts of one weight may ring before those of the next are tried, and the last are given up; `0s` for as
    /// long as the adaptor's timer C.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub ringing: Duration,
    /// Contacts of one user that are tried at most.
    #[schemars(range(min = 1, max = 32), extend("x-unit" = "contacts", "x-reload" = "live"))]
    pub contacts: u32,
    /// Status for a user who is not registered.
    #[schemars(range(min = 400, max = 699), extend("x-unit" = "status code", "x-reload" = "live"))]
    pub unregistered: u16,
    /// Where calls go that a user of `domains` did not take (408, 480, 486, 487) or who is not registered: a place, to which
    /// the called user is kept. Nowhere if not set.
    #[schemars(extend("x-reload" = "live"))]
    pub untaken: Option<Place>,
}

/// One fixed route: which requests it is for, and where they go.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The domain of the Request-URI; any if not set.
    #[serde(default)]
    #[schemars(extend("x-reload" = "live"))]
    pub domain: Option<String>,
    /// What the user of the Request-URI begins with; any if not set.
    #[serde(default)]
    #[schemars(extend("x-reload" = "live"))]
    pub prefix: Option<String>,
    /// Characters that are taken off the front of the user.
    #[serde(default)]
    #[schemars(range(min = 0, max = 64), extend("x-unit" = "characters", "x-reload" = "live"))]
    pub strip: u32,
    /// Where it goes: places that are tried one after the other. The user is kept.
    #[schemars(length(min = 1, max = 16), extend("x-reload" = "live"))]
    pub to: Vec<Place>,
    /// Whether anybody may use it, not only own users and trusted peers.
    #[serde(default)]
    #[schemars(extend("x-reload" = "live"))]
    pub open: bool,
}

/// A SIP URI, whose user is replaced by the called one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct Place(String);

impl TryFrom<String> for Place {
    type Error = TargetError;

    fn try_from(uri: String) -> Result<Self, TargetError> {
        Target::parse(&uri).map(|_| Self(uri))
    }
}

impl Place {
    /// The URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            routes: Vec::new(),
            leave: Vec::new(),
            trusted: Trust::default(),
            strangers: ["INVITE", "MESSAGE", "OPTIONS"].map(str::to_owned).to_vec(),
            authentication: true,
            realm: None,
            users: Users::default(),
            algorithms: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
            nonce_lifetime: Duration::from_secs(300),
            record_route: true,
            recurse: false,
            ringing: Duration::ZERO,
            contacts: 10,
            unregistered: 480,
            untaken: None,
        }
    }
}

impl Settings {
    /// Whether a domain is one of its own.
    #[must_use]
    pub fn serves(&self, domain: &str) -> bool {
        self.domains.is_empty()
            || self
                .domains
                .iter()
                .any(|own| own.eq_ignore_ascii_case(domain))
    }

    /// The first route for a user of a domain.
    #[must_use]
    pub fn route(&self, user: &[u8], domain: &str) -> Option<&Route> {
        self.routes.iter().find(|route| {
            let same = |own: &String| own.eq_ignore_ascii_case(domain);
            let begins = |prefix: &String| user.starts_with(prefix.as_bytes());
            route.domain.as_ref().is_none_or(same) && route.prefix.as_ref().is_none_or(begins)
        })
    }

    /// The realm of users of a domain.
    #[must_use]
    pub fn realm(&self, domain: &str) -> Realm {
        let algorithms: Vec<Algorithm> = self.algorithms.iter().map(|a| (*a).into()).collect();
        Realm::new(self.realm.as_deref().unwrap_or(domain))
            .of_proxy()
            .algorithms(algorithms)
            .nonce_lifetime(self.nonce_lifetime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_route_that_fits_counts() {
        let text = r#"
            domains = ["a.example"]
            ringing = "20s"
            trusted = ["10.0.0.0/8", "gw.example"]
            routes = [
                { prefix = "0", strip = 1, to = ["sip:10.0.0.1", "sip:10.0.0.2"] },
                { domain = "b.example", to = ["sip:10.0.0.3"], open = true },
            ]
        "#;
        let settings: Settings = toml::from_str(text).expect("settings");
        let to = |user: &str, domain: &str| {
            settings
                .route(user.as_bytes(), domain)
                .map(|r| r.to[0].as_str())
        };
        assert_eq!(to("0123", "a.example"), Some("sip:10.0.0.1"));
        assert_eq!(to("123", "B.example"), Some("sip:10.0.0.3"));
        assert_eq!(to("123", "a.example"), None);
        assert!(settings.serves("A.example") && !settings.serves("b.example"));
        assert!(Settings::default().serves("b.example"));
    }

    #[test]
    fn what_is_no_place_and_no_peer_is_refused() {
        let refused = |text: &str| toml::from_str::<Settings>(text).unwrap_err().to_string();
        assert!(refused(r#"routes = [{ to = ["nowhere"] }]"#).contains("not a URI"));
        assert!(refused(r#"trusted = ["10.0.0.0/77"]"#).contains("neither"));
        assert!(refused("recursive = true").contains("unknown field"));
    }
}
