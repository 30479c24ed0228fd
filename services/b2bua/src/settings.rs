//! `[services.b2bua.settings]`.

use crate::access::Callers;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use strowger::prelude::*;
use strowger_sip::{
    Algorithm, Aor, DigestAlgorithm, Realm, SessionTimer, Sip, Target, TargetError, Trust, Users,
};

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
    /// What becomes of a REFER within a call: it is carried out here, passed to the other side, or refused.
    #[schemars(extend("x-reload" = "live"))]
    pub refers: Refers,
    /// Whether the contacts of a registered user ring together or one after the other, in the order of their preference.
    #[schemars(extend("x-reload" = "live"))]
    pub ringing: Ringing,
    /// The domain of registered users; if not set, the host of the called URI.
    #[schemars(extend("x-reload" = "live"))]
    pub domain: Option<String>,
    /// Who may call: `anyone` who reaches the listeners, or those that are `known`, by address or by digest.
    #[schemars(extend("x-reload" = "live"))]
    pub callers: Callers,
    /// Of `known` callers: peers that need not prove who they are and whose word on identities is believed, such as a trunk:
    /// networks (`10.0.0.0/8`), and host names for where calls go.
    #[schemars(extend("x-reload" = "live"))]
    pub trusted: Trust,
    /// Of `known` callers: the realm that users prove themselves in (407), as a rule the domain.
    #[schemars(extend("x-reload" = "live"))]
    pub realm: String,
    /// Of `known` callers: users with their passwords or hashes, as those of the registrar: a table, or the path of a TOML file
    /// with that table, from the directory of this file on. They call under their own name, as users of `realm` or `domain`.
    #[schemars(extend("x-file" = true, "x-reload" = "live"))]
    pub users: Users,
    /// Of `known` callers: the digest algorithms to offer, the preferred one first.
    #[schemars(length(min = 1, max = 6), extend("x-reload" = "live"))]
    pub algorithms: Vec<DigestAlgorithm>,
    /// Session timers (RFC 4028): what the two sides agree on passes between them (`pass`), and ends what is not refreshed in
    /// time (`watch`), or each leg has one of its own (`own`).
    #[schemars(extend("x-reload" = "live"))]
    pub session_timers: SessionTimers,
    /// The interval of session timers of its `own`.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub session: Duration,
    /// Whether a call that rings survives a crash: both sides are written down before they hear of each other, which costs
    /// two commits more for each call.
    #[schemars(extend("x-reload" = "live"))]
    pub early_durable: bool,
    /// Headers that do not pass from one side to the other, such as `User-Agent`, `Server`, `Warning`, `History-Info`.
    #[schemars(extend("x-reload" = "live"))]
    pub hide: Vec<String>,
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
    /// Whether the called user is one who registers at this node: then the user's contacts are called, not `target`.
    #[schemars(extend("x-reload" = "live"))]
    pub registered: bool,
    /// Of a route without `target` and `registered`: whether it is for callers whom nobody asked who they are, too (`callers = "anyone"`),
    /// though it leads wherever they say. For a node that only a proxy of its own reaches; else they get 403.
    #[schemars(extend("x-reload" = "live"))]
    pub open: bool,
    /// How long these callees may ring; if not set, as long as `no_answer` of the service says. `0s` for as long as both like.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "Option<String>", extend("format" = "time-span", "x-reload" = "live"))]
    pub no_answer: Option<Duration>,
    /// Where a call goes when the callee is busy (486, 600): a SIP URI. A call is forwarded once.
    #[schemars(extend("x-reload" = "live"))]
    pub on_busy: Option<Place>,
    /// Where a call goes when the callee does not answer in time, or cannot be reached (408, 480, not registered).
    #[schemars(extend("x-reload" = "live"))]
    pub on_no_answer: Option<Place>,
}

/// What becomes of a REFER.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Refers {
    /// The B2BUA calls the target and joins it with the side that stays.
    #[default]
    Execute,
    /// The other side gets it.
    Pass,
    /// 603.
    Refuse,
}

/// What becomes of session timers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionTimers {
    /// They are the ends' business.
    #[default]
    Pass,
    /// The ends agree on them; a session that is not refreshed is ended.
    Watch,
    /// Each leg has its own.
    Own,
}

/// How several contacts ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ringing {
    /// All at once; the first that answers has the call.
    #[default]
    Parallel,
    /// Each for as long as a callee may ring.
    Serial,
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
            refers: Refers::default(),
            ringing: Ringing::default(),
            domain: None,
            callers: Callers::default(),
            trusted: Trust::default(),
            realm: "localhost".to_owned(),
            users: Users::default(),
            algorithms: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
            session_timers: SessionTimers::default(),
            session: Duration::from_secs(1800),
            early_durable: false,
            hide: Vec::new(),
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

    /// Whether a URI is in the domain of registered users.
    pub(crate) fn is_ours(&self, target: &Target) -> bool {
        let (Some(domain), Ok(aor)) = (&self.domain, Aor::parse(target.uri())) else {
            return false;
        };
        domain.eq_ignore_ascii_case(aor.domain())
    }

    /// What users prove themselves in.
    pub(crate) fn realm(&self) -> Realm {
        let algorithms: Vec<Algorithm> = self.algorithms.iter().map(|a| (*a).into()).collect();
        Realm::new(&self.realm).of_proxy().algorithms(algorithms)
    }

    /// The session timer that legs get, if they get one.
    pub(crate) fn session_timer(&self) -> Option<SessionTimer> {
        match self.session_timers {
            SessionTimers::Pass => None,
            SessionTimers::Watch => Some(SessionTimer::watch()),
            SessionTimers::Own => Some(SessionTimer::new(self.session)),
        }
    }

    /// How long callees of a route may ring.
    #[must_use]
    pub fn no_answer_of(&self, route: &Route) -> Duration {
        route.no_answer.unwrap_or(self.no_answer)
    }
}

impl Route {
    /// Whether it leads to one place and nowhere else.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.registered && self.on_busy.is_none() && self.on_no_answer.is_none()
    }

    /// Whether it takes calls of these callers. One that leads wherever a caller says would make the node an open relay.
    pub(crate) fn is_for(&self, callers: Callers) -> bool {
        callers == Callers::Known || self.open || self.registered || self.target.is_some()
    }

    /// Where it leads a call, best first.
    pub(crate) fn places(
        &self,
        cx: &Cx,
        sip: Sip,
        conf: &Settings,
        called: &Target,
    ) -> Result<Vec<Target>> {
        if !self.registered {
            return Ok(vec![match &self.target {
                Some(place) => called.at(place.as_str())?,
                None => called.clone(),
            }]);
        }
        let contacts = match &conf.domain {
            Some(domain) => {
                let user = String::from_utf8_lossy(called.user());
                let scheme = if called.is_sips() { "sips" } else { "sip" };
                sip.contacts(cx, format!("{scheme}:{user}@{domain}"))
            }
            None => sip.contacts(cx, called.uri()),
        };
        Ok(contacts.iter().map(|contact| contact.target()).collect())
    }

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
