//! `[services.prepaid.settings]`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strowger_diameter::charging::{FailureHandling, GroupKey, Terms, Units};
use strowger_sip::{Algorithm, DigestAlgorithm, Realm, Target, TargetError, Trust, Users};

/// Settings of prepaid calls.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which calls are prepaid, and where they go: the first that fits the called user counts, and what none fits is left to
    /// other services.
    #[schemars(extend("x-reload" = "live"))]
    pub routes: Vec<Route>,
    /// How long a callee may ring before the caller gets 480; `0s` for as long as both like.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub no_answer: Duration,
    /// Whose word on who pays is taken: of everybody who reaches the listeners, or of those who are `known`, by address or by
    /// digest. With `anyone` whoever can send a From header pays with another's account: for labs and behind a proxy that
    /// checks it.
    #[schemars(extend("x-reload" = "live"))]
    pub callers: Callers,
    /// Of `known` callers: peers whose word on identities is believed, such as a proxy: networks (`10.0.0.0/8`).
    #[schemars(extend("x-reload" = "live"))]
    pub trusted: Trust,
    /// Of `known` callers: the realm that users prove themselves in (407), as a rule the domain.
    #[schemars(extend("x-reload" = "live"))]
    pub realm: String,
    /// Of `known` callers: users with their passwords or hashes. A table, or the path of a TOML file with that table, from the
    /// directory of this file on. They pay for themselves.
    #[schemars(extend("x-file" = true, "x-reload" = "live"))]
    pub users: Users,
    /// Of `known` callers: the digest algorithms to offer, the preferred one first.
    #[schemars(length(min = 1, max = 6), extend("x-reload" = "live"))]
    pub algorithms: Vec<DigestAlgorithm>,
    /// How the payer is named to the charging server.
    #[schemars(extend("x-reload" = "live"))]
    pub payer: Payer,
    /// The realm of the charging server; the Diameter adaptor's own if not set.
    #[schemars(extend("x-reload" = "live"))]
    pub server_realm: Option<String>,
    /// The charging server, if it must be that one; what the realm's table says if not set.
    #[schemars(extend("x-reload" = "live"))]
    pub server_host: Option<String>,
    /// Service-Context-Id.
    #[schemars(extend("x-reload" = "live"))]
    pub context: String,
    /// The rating group of calls, for servers that speak of nothing else (Gy); if not set, units stand in the command itself.
    #[schemars(extend("x-unit" = "Rating-Group", "x-reload" = "live"))]
    pub rating_group: Option<u32>,
    /// How much time to ask for; `0s` leaves it to the server.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub ask: Duration,
    /// How long before a grant is used up more is asked for, unless the server says.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub threshold: Duration,
    /// How long a caller waits for the charging server (Tx of RFC 8506).
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub wait: Duration,
    /// What becomes of calls when no charging system answers, unless it has said so itself (Credit-Control-Failure-Handling).
    #[schemars(extend("x-reload" = "live"))]
    pub failure_handling: Handling,
    /// Whether another server may be asked for a call that one has begun (CC-Session-Failover), unless the server says.
    #[schemars(extend("x-reload" = "live"))]
    pub failover: bool,
    /// For how long the end of a call, which carries what it has used, is told again and again to a server that is away; `0s`
    /// for once.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub keep_end: Duration,
    /// Time between these attempts.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub retry: Duration,
    /// What becomes of use that a call has reported in vain, because the charging server did not know the session any more or
    /// refused the report: whether it is debited as a one-time event (direct debiting). It is counted and an alarm is raised in
    /// any case.
    #[schemars(extend("x-reload" = "live"))]
    pub lost_reports: LostReports,
    /// How long a call may last before both ends get BYE; `0s` for ever. Counts on while the node is down.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub max_call: Duration,
    /// The status for callers without credit.
    #[schemars(range(min = 400, max = 699), extend("x-unit" = "SIP status", "x-reload" = "live"))]
    pub no_credit: u16,
}

/// Which calls go where.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Route {
    /// How the called user begins; anyhow if not set.
    #[schemars(extend("x-reload" = "live"))]
    pub prefix: Option<String>,
    /// Where to: a SIP URI, in which the called user replaces what user there is. If not set, the Request-URI itself, which
    /// must then name another host than this node.
    #[schemars(extend("x-reload" = "live"))]
    pub target: Option<Place>,
    /// Of a route without `target`: whether it is for callers whom nobody asked who they are, too (`callers = "anyone"`),
    /// though it leads wherever they say. For a node that only a proxy of its own reaches; else they get 403.
    #[schemars(extend("x-reload" = "live"))]
    pub open: bool,
}

/// Who may call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Callers {
    /// Whoever can reach the listeners, and as whom they like.
    #[default]
    Anyone,
    /// Trusted peers, and users who prove themselves.
    Known,
}

/// How the payer is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Payer {
    /// By the caller's SIP URI (END_USER_SIP_URI).
    #[default]
    SipUri,
    /// By the user part of it, which is a telephone number (END_USER_E164).
    E164,
}

/// Credit-Control-Failure-Handling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Handling {
    /// No answer, no call; and a call that is up ends.
    #[default]
    Terminate,
    /// The call goes on without control.
    Continue,
    /// Another server is asked first, where failover is allowed.
    RetryAndTerminate,
}

/// What is done about use that was reported in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LostReports {
    /// Nothing: the call was free.
    Leave,
    /// It is debited where the server cannot have counted it: it does not know the session, and the report went out once.
    #[default]
    Debit,
    /// It is debited, also where a first copy of the report may have been counted.
    DebitAlways,
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
                prefix: Some("9".to_owned()),
                target: Some(Place("sip:127.0.0.1:5070".to_owned())),
                open: false,
            }],
            no_answer: Duration::from_secs(60),
            callers: Callers::default(),
            trusted: Trust::default(),
            realm: "localhost".to_owned(),
            users: Users::default(),
            algorithms: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
            payer: Payer::default(),
            server_realm: None,
            server_host: None,
            context: "32260@3gpp.org".to_owned(),
            rating_group: None,
            ask: Duration::ZERO,
            threshold: Duration::from_secs(10),
            wait: Duration::from_secs(10),
            failure_handling: Handling::default(),
            failover: false,
            keep_end: Duration::from_secs(3600),
            retry: Duration::from_secs(10),
            lost_reports: LostReports::default(),
            max_call: Duration::from_secs(4 * 3600),
            no_credit: 402,
        }
    }
}

impl Settings {
    /// The first route that fits a called user.
    #[must_use]
    pub fn route(&self, user: &[u8]) -> Option<&Route> {
        let begins = |prefix: &String| user.starts_with(prefix.as_bytes());
        self.routes
            .iter()
            .find(|route| route.prefix.as_ref().is_none_or(begins))
    }

    /// What is charged.
    #[must_use]
    pub fn group(&self) -> GroupKey {
        GroupKey {
            rating_group: self.rating_group,
            service: None,
        }
    }

    /// How much is asked for.
    #[must_use]
    pub fn units(&self) -> Units {
        match u32::try_from(self.ask.as_secs()).unwrap_or(u32::MAX) {
            0 => Units::NONE,
            seconds => Units::time(seconds),
        }
    }

    pub(crate) fn terms(&self) -> Terms {
        Terms {
            tx: self.wait,
            timeout: None,
            failure_handling: match self.failure_handling {
                Handling::Terminate => FailureHandling::Terminate,
                Handling::Continue => FailureHandling::Continue,
                Handling::RetryAndTerminate => FailureHandling::RetryAndTerminate,
            },
            failover: self.failover,
            keep_final: self.keep_end,
            retry: self.retry,
        }
    }

    /// What users prove themselves in.
    pub(crate) fn realm(&self) -> Realm {
        let algorithms: Vec<Algorithm> = self.algorithms.iter().map(|a| (*a).into()).collect();
        Realm::new(&self.realm).of_proxy().algorithms(algorithms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_what_is_no_uri_or_no_key_is_refused() {
        let text = r#"
            routes = [{ prefix = "00", target = "sip:gw.example" }, {}]
            failure_handling = "retry-and-terminate"
            payer = "e164"
            ask = "90s"
        "#;
        let settings: Settings = toml::from_str(text).expect("settings");
        let target = |user: &[u8]| settings.route(user).and_then(|route| route.target.clone());
        assert_eq!(target(b"0049"), Some(Place("sip:gw.example".into())));
        assert_eq!(target(b"49"), None);
        assert_eq!(settings.units(), Units::time(90));
        assert_eq!(
            settings.terms().failure_handling,
            FailureHandling::RetryAndTerminate
        );
        let refused = |text: &str| toml::from_str::<Settings>(text).unwrap_err().to_string();
        assert!(refused(r#"routes = [{ target = "nowhere" }]"#).contains("not a URI"));
        assert!(refused(r#"max_cal = "1h""#).contains("unknown field"));
    }
}
