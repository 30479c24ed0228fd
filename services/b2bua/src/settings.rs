//! `[services.b2bua.settings]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use strowger_sip::{Target, TargetError};

/// Settings of the back-to-back user agent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where calls go, by the called user: the first route that fits. A call that none fits is left to other services.
    #[schemars(extend("x-reload" = "live"))]
    pub routes: Vec<Route>,
    /// How long a callee may ring before the caller gets 480 and the callee CANCEL; `0s` for as long as both like.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub no_answer: Duration,
    /// How long a call may last before both ends get BYE; `0s` for ever. Counts on while the node is down.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub max_call: Duration,
}

/// Which calls go where.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Route {
    /// The called user, exactly; any if not set.
    #[schemars(extend("x-reload" = "live"))]
    pub user: Option<String>,
    /// How the called user begins; anyhow if not set.
    #[schemars(extend("x-reload" = "live"))]
    pub prefix: Option<String>,
    /// Where to: a SIP URI, in which the called user replaces what user there is. If not set, the Request-URI itself,
    /// which must then name another host than this node.
    #[schemars(extend("x-reload" = "live"))]
    pub target: Option<Place>,
}

/// A SIP URI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Place(String);

impl Place {
    /// The URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Place {
    type Error = TargetError;
    fn try_from(uri: String) -> Result<Self, TargetError> {
        Target::parse(&uri)?;
        Ok(Self(uri))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            routes: vec![Route {
                prefix: Some("2".to_owned()),
                target: Some(Place("sip:127.0.0.1:5070".to_owned())),
                ..Route::default()
            }],
            no_answer: Duration::from_secs(60),
            max_call: Duration::from_secs(4 * 3600),
        }
    }
}

impl Settings {
    /// The first route that fits a called user.
    #[must_use]
    pub fn route(&self, user: &[u8]) -> Option<&Route> {
        self.routes.iter().find(|route| route.fits(user))
    }
}

impl Route {
    fn fits(&self, user: &[u8]) -> bool {
        let same = |other: &String| user == other.as_bytes();
        let begins = |prefix: &String| user.starts_with(prefix.as_bytes());
        self.user.as_ref().is_none_or(same) && self.prefix.as_ref().is_none_or(begins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_users_that_begin_with_2_are_routed() {
        let settings = Settings::default();
        assert!(settings.route(b"2001").is_some());
        assert!(settings.route(b"service").is_none());
        assert!(settings.route(b"").is_none());
    }

    #[test]
    fn the_first_route_that_fits_counts() {
        let text = r#"
            no_answer = "45s"
            routes = [
                { user = "alice", target = "sip:10.0.0.1" },
                { prefix = "al", target = "sip:10.0.0.2" },
                {},
            ]
        "#;
        let settings: Settings = toml::from_str(text).expect("settings");
        let to = |user: &str| {
            settings
                .route(user.as_bytes())
                .and_then(|r| r.target.clone())
        };
        assert_eq!(to("alice"), Some(Place("sip:10.0.0.1".into())));
        assert_eq!(to("alan"), Some(Place("sip:10.0.0.2".into())));
        assert_eq!(to("bob"), None);
        assert_eq!(settings.no_answer, Duration::from_secs(45));
        assert_eq!(settings.max_call, Duration::from_secs(4 * 3600));
    }

    #[test]
    fn what_is_no_uri_or_no_key_is_refused() {
        let refused = |text: &str| toml::from_str::<Settings>(text).unwrap_err().to_string();
        assert!(refused(r#"routes = [{ target = "nowhere" }]"#).contains("not a URI"));
        assert!(refused(r#"max_cal = "1h""#).contains("unknown field"));
    }
}
