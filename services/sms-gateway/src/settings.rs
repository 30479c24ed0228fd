//! `[services.sms-gateway.settings]`.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use strowger::Secret;

use crate::retry::Retry;
use crate::route::{RouteError, Routes, check_url};
use crate::when::Bounds;

/// Settings of the gateway.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where messages of accounts, of users of the HTTP API and of SIP go, by the longest prefix of the destination. What
    /// none fits is refused.
    #[schemars(extend("x-reload" = "live"))]
    pub routes: Routes,
    /// Where mobile-originated messages go that message centres deliver on links, by the longest prefix of the destination.
    #[schemars(extend("x-reload" = "live"))]
    pub incoming: Routes,
    /// How long a message is tried that does not say how long.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub validity: Duration,
    /// How long a message may be valid; a longer validity is cut, and a later scheduled delivery refused.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub longest_validity: Duration,
    /// When a message that was not taken is tried again.
    #[schemars(extend("x-reload" = "live"))]
    pub retry: Retry,
    /// What becomes of a message that may have arrived, because there was no answer to it: it is sent again, and may arrive
    /// twice, or given up, and may not have arrived.
    #[schemars(extend("x-reload" = "live"))]
    pub no_response: NoResponse,
    /// Statuses of SMPP that mean that a message may be taken later: ESME_RINVBNDSTS, RSYSERR, RBINDFAIL, RMSGQFUL,
    /// RTHROTTLED, RX_T_APPN. Others are the end of it.
    #[schemars(extend("x-unit" = "command_status", "x-reload" = "live"))]
    pub temporary: Vec<u32>,
    /// News for senders.
    #[schemars(extend("x-reload" = "live"))]
    pub receipts: Receipts,
    /// How long an account may ask (query_sm) for a message that is over.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub keep: Duration,
    /// The HTTP API and the interface of Kannel, where the node has an HTTP adaptor.
    #[schemars(extend("x-reload" = "live"))]
    pub http: Web,
    /// MESSAGE requests, where the node has a SIP adaptor.
    #[schemars(extend("x-reload" = "live"))]
    pub sip: Phones,
}

/// What becomes of a message that may have arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NoResponse {
    /// It is sent again.
    #[default]
    Resend,
    /// It is given up, in the state UNKNOWN.
    Fail,
}

/// News for senders.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Receipts {
    /// How long a receipt is kept for an account that is not bound as a receiver, or a webhook that does not take it.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub validity: Duration,
    /// When a receipt that was not taken is tried again. One that waits for its account goes when that is bound.
    #[schemars(extend("x-reload" = "live"))]
    pub retry: Retry,
    /// Whether accounts get intermediate notifications that they ask for (registered_delivery 0x10).
    #[schemars(extend("x-reload" = "live"))]
    pub intermediate: bool,
    /// How long beyond the validity of a message its receipt is waited for; then its state is UNKNOWN.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub grace: Duration,
}

/// The HTTP API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Who may use it, by name: a table, or the path of a TOML file with that table, from the directory of this file on.
    #[schemars(extend("x-file" = true, "x-reload" = "live"))]
    pub users: BTreeMap<String, User>,
    /// How long a message that is over can be asked for.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub keep: Duration,
    /// How long an Idempotency-Key is remembered.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub idempotency: Duration,
    /// Recipients of one request at most.
    #[schemars(range(min = 1, max = 1_000), extend("x-unit" = "recipients", "x-reload" = "live"))]
    pub recipients: u32,
    /// Parts of one message at most; a longer text is refused.
    #[schemars(range(min = 1, max = 255), extend("x-unit" = "parts", "x-reload" = "live"))]
    pub parts: u32,
    /// How long the parts of a long message that came on a link are waited for, so that a webhook gets them as one; later,
    /// and with `0s` always, it gets each by itself.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub join: Duration,
    /// How long a webhook has to answer.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub answer: Duration,
}

/// A user of the HTTP API.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    /// The password, for Basic authentication and for Kannel's interface.
    #[schemars(extend("x-reload" = "live"))]
    pub password: Secret,
    /// A token, for Bearer authentication; none if it is empty.
    #[schemars(extend("x-reload" = "live"))]
    pub token: Secret,
    /// The sender of messages that name none.
    #[schemars(extend("x-reload" = "live"))]
    pub sender: Option<String>,
    /// The senders that may be named; any if not set.
    #[schemars(extend("x-reload" = "live"))]
    pub senders: Vec<String>,
    /// Where receipts go of messages that name no URL.
    #[schemars(extend("x-reload" = "live"))]
    pub webhook: Option<Url>,
}

/// A URL that can be called.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Url(String);

/// MESSAGE requests.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Phones {
    /// Whether MESSAGE requests to numbers are taken whose route leads somewhere.
    #[schemars(extend("x-reload" = "live"))]
    pub receive: bool,
    /// Who may send them: networks (`10.0.0.0/8`) and host names. Others are left to other services.
    #[schemars(extend("x-reload" = "live"))]
    pub trusted: strowger_sip::Trust,
    /// The host of the From of what goes out.
    #[schemars(extend("x-reload" = "live"))]
    pub domain: Option<String>,
    /// The number of the service centre, as phones see it in SMS over IMS.
    #[schemars(extend("x-reload" = "live"))]
    pub centre: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            routes: Routes::default(),
            incoming: Routes::default(),
            validity: hours(48),
            longest_validity: hours(7 * 24),
            retry: Retry::default(),
            no_response: NoResponse::default(),
            temporary: vec![0x04, 0x08, 0x0d, 0x14, 0x58, 0x64],
            receipts: Receipts::default(),
            keep: Duration::ZERO,
            http: Web::default(),
            sip: Phones::default(),
        }
    }
}

impl Default for Receipts {
    fn default() -> Self {
        Self {
            validity: hours(72),
            retry: Retry::default(),
            intermediate: false,
            grace: hours(1),
        }
    }
}

impl Default for Web {
    fn default() -> Self {
        Self {
            users: BTreeMap::new(),
            keep: hours(1),
            idempotency: hours(24),
            recipients: 100,
            parts: 10,
            join: Duration::from_secs(300),
            answer: Duration::from_secs(10),
        }
    }
}

impl Default for Phones {
    fn default() -> Self {
        Self {
            receive: false,
            trusted: strowger_sip::Trust::default(),
            domain: None,
            centre: "0".to_owned(),
        }
    }
}

const fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3_600)
}

impl TryFrom<String> for Url {
    type Error = RouteError;

    fn try_from(url: String) -> Result<Self, RouteError> {
        check_url(&url).map(|()| Self(url))
    }
}

impl Url {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl User {
    /// The sender that a message has, if it may have it.
    pub(crate) fn sender<'a>(&'a self, named: Option<&'a str>) -> Option<&'a str> {
        let named = named.filter(|named| !named.is_empty());
        let sender = named.or(self.sender.as_deref())?;
        let usual = self.sender.as_deref() == Some(sender);
        (usual || self.senders.is_empty() || self.senders.iter().any(|own| own == sender))
            .then_some(sender)
    }
}

impl Settings {
    /// How long messages may be valid whose route says nothing or this.
    pub(crate) fn bounds(&self, route: Option<Duration>) -> Bounds {
        Bounds {
            usual: route.unwrap_or(self.validity),
            longest: self.longest_validity,
        }
    }

    /// Whether a status of SMPP is for now only.
    pub(crate) fn is_temporary(&self, status: u32) -> bool {
        self.temporary.contains(&status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_with_their_routes() {
        let text = r#"
            routes = [{ prefix = "41", group = "swiss", validity = "1h", retry = { first = "10s" } }]
            incoming = [{ webhook = "https://hooks.example/mo" }]
            no_response = "fail"
            receipts = { intermediate = true, grace = "0s" }
            http.users.shop = { password = "p", sender = "Shop", senders = ["12345"], webhook = "http://h.example/r" }
        "#;
        let settings: Settings = toml::from_str(text).expect("settings");
        let route = settings.routes.find("anybody", "41791").expect("a route");
        assert_eq!(settings.bounds(route.validity).usual, hours(1));
        assert_eq!(route.retry.map(|r| r.first.as_secs()), Some(10));
        assert_eq!(settings.no_response, NoResponse::Fail);
        let user = &settings.http.users["shop"];
        assert!(user.password.is("p") && !user.password.is("q") && !user.token.is(""));
        assert_eq!(user.sender(None), Some("Shop"));
        assert_eq!(user.sender(Some("12345")), Some("12345"));
        assert_eq!(user.sender(Some("Bank")), None);
        assert!(!format!("{settings:?}").contains("\"p\""));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |text: &str| toml::from_str::<Settings>(text).unwrap_err().to_string();
        assert!(refused("http.users.a.webhook = \"nowhere\"").contains("neither an http"));
        assert!(refused("routs = []").contains("unknown field"));
        assert!(refused("no_response = \"again\"").contains("unknown variant"));
    }
}
