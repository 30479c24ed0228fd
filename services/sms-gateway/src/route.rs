//! Where messages go: the longest prefix of the destination that fits, and among equals the route that names the sender.
//!
//! Nothing of a route is kept with a message: each attempt looks again, so that a route that was changed holds for what
//! waits. Invariant of the index: the candidates of a prefix stand in the order in which they are tried.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::retry::Retry;

/// One route: which messages it is for, and where they go. It has one of `group`, `link`, `account`, `webhook` and `sip`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Route {
    /// What the destination begins with, without a plus; anything if it is empty.
    #[schemars(extend("x-reload" = "live"))]
    pub prefix: String,
    /// From whom the messages are: accounts and links of the SMS adaptor, users of the HTTP API, or `sip`. Anybody if not set.
    #[schemars(extend("x-reload" = "live"))]
    pub from: Vec<String>,
    /// To the links of this group of the SMS adaptor.
    #[schemars(extend("x-reload" = "live"))]
    pub group: Option<String>,
    /// To this link of the SMS adaptor.
    #[schemars(extend("x-reload" = "live"))]
    pub link: Option<String>,
    /// To this account of the SMS adaptor, as deliver_sm, as soon as it is bound as a receiver.
    #[schemars(extend("x-reload" = "live"))]
    pub account: Option<String>,
    /// To this URL, as a POST.
    #[schemars(extend("x-reload" = "live"))]
    pub webhook: Option<String>,
    /// To this SIP URI, as a MESSAGE; `{to}` in it stands for the destination.
    #[schemars(extend("x-reload" = "live"))]
    pub sip: Option<String>,
    /// Whether a MESSAGE carries SMS over IMS (`application/vnd.3gpp.sms`) instead of plain text.
    #[schemars(extend("x-reload" = "live"))]
    pub ims: bool,
    /// How long such messages are valid if they do not say so; as `validity` of the service if not set.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "Option<String>", extend("format" = "time-span", "x-reload" = "live"))]
    pub validity: Option<Duration>,
    /// When they are tried again; as `retry` of the service if not set.
    #[schemars(extend("x-reload" = "live"))]
    pub retry: Option<Retry>,
}

/// The other end of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    Group(&'a str),
    Link(&'a str),
    Account(&'a str),
    Webhook(&'a str),
    Sip(&'a str),
}

/// What is wrong with a list of routes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// None or several of the targets.
    #[error("the route `{0}` must have one of `group`, `link`, `account`, `webhook` and `sip`")]
    Target(Box<str>),
    /// A prefix that no number begins with.
    #[error("the prefix `{0}` is not made of digits")]
    Prefix(Box<str>),
    /// A second route for the same messages.
    #[error("there are two routes of the prefix `{prefix}` for {}", sender(from))]
    Twice {
        /// The prefix.
        prefix: Box<str>,
        /// The sender.
        from: Box<str>,
    },
    /// An address that cannot be one.
    #[error("`{0}` is neither an http nor an https URL")]
    Url(Box<str>),
    /// An address that cannot be one.
    #[error("`{0}` is not a SIP URI")]
    Sip(Box<str>),
}

fn sender(from: &str) -> String {
    match from {
        "" => "anybody".to_owned(),
        from => format!("`{from}`"),
    }
}

/// A list of routes, checked, with its index.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<Route>")]
#[schemars(with = "Vec<Route>")]
pub struct Routes {
    list: Vec<Route>,
    /// By prefix, in the order of preference: those that name a sender first.
    index: BTreeMap<Box<str>, Vec<usize>>,
    longest: usize,
}

impl Route {
    pub(crate) fn target(&self) -> Option<Target<'_>> {
        let targets = [
            self.group.as_deref().map(Target::Group),
            self.link.as_deref().map(Target::Link),
            self.account.as_deref().map(Target::Account),
            self.webhook.as_deref().map(Target::Webhook),
            self.sip.as_deref().map(Target::Sip),
        ];
        let mut targets = targets.into_iter().flatten();
        match (targets.next(), targets.next()) {
            (Some(target), None) => Some(target),
            _ => None,
        }
    }

    fn check(&self) -> Result<(), RouteError> {
        if !self.prefix.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(RouteError::Prefix(self.prefix.as_str().into()));
        }
        match self.target() {
            None => Err(RouteError::Target(self.prefix.as_str().into())),
            Some(Target::Webhook(url)) => check_url(url),
            Some(Target::Sip(uri)) => check_sip(uri),
            Some(Target::Group(_) | Target::Link(_) | Target::Account(_)) => Ok(()),
        }
    }

    fn is_from(&self, from: &str) -> bool {
        self.from.is_empty() || self.from.iter().any(|own| own == from)
    }
}

fn check_sip(uri: &str) -> Result<(), RouteError> {
    strowger_sip::Target::parse(&uri.replace("{to}", "0"))
        .map(|_| ())
        .map_err(|_| RouteError::Sip(uri.into()))
}

/// Whether something can be an address of the web.
pub(crate) fn check_url(url: &str) -> Result<(), RouteError> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let clean = url.bytes().all(|b| b.is_ascii_graphic());
    match host {
        Some(host) if !host.is_empty() && clean => Ok(()),
        _ => Err(RouteError::Url(url.into())),
    }
}

impl TryFrom<Vec<Route>> for Routes {
    type Error = RouteError;

    fn try_from(list: Vec<Route>) -> Result<Self, RouteError> {
        let mut routes = Self::default();
        let mut known = BTreeMap::new();
        for (place, route) in list.iter().enumerate() {
            route.check()?;
            let anybody = [String::new()];
            let senders = match route.from.as_slice() {
                [] => anybody.as_slice(),
                senders => senders,
            };
            for from in senders {
                let key = (route.prefix.clone(), from.clone());
                if known.insert(key, place).is_some() {
                    return Err(RouteError::Twice {
                        prefix: route.prefix.as_str().into(),
                        from: from.as_str().into(),
                    });
                }
            }
            routes.longest = routes.longest.max(route.prefix.len());
            let candidates = routes
                .index
                .entry(route.prefix.as_str().into())
                .or_default();
            candidates.push(place);
        }
        for candidates in routes.index.values_mut() {
            candidates.sort_by_key(|place| list[*place].from.is_empty());
        }
        routes.list = list;
        Ok(routes)
    }
}

impl Routes {
    /// The route of a message; `digits` may have a plus in front.
    #[must_use]
    pub fn find(&self, from: &str, digits: &str) -> Option<&Route> {
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        let longest = digits.len().min(self.longest);
        (0..=longest).rev().find_map(|length| {
            let candidates = self.index.get(digits.get(..length)?)?;
            let mut fitting = candidates.iter().filter_map(|place| self.list.get(*place));
            fitting.find(|route| route.is_from(from))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(text: &str) -> Result<Routes, String> {
        #[derive(Debug, Deserialize)]
        struct Table {
            routes: Routes,
        }
        let table = toml::from_str::<Table>(text).map_err(|e| e.to_string())?;
        Ok(table.routes)
    }

    #[test]
    fn the_longest_prefix_counts_and_then_the_sender() {
        let routes = routes(
            r#"
            routes = [
                { group = "rest" },
                { prefix = "41", group = "swiss" },
                { prefix = "4179", link = "mobile" },
                { prefix = "4179", from = ["bank", "sip"], account = "vip" },
                { prefix = "1", from = ["bank"], group = "america" },
            ]
            "#,
        )
        .expect("routes");
        let to = |from, digits| routes.find(from, digits).and_then(Route::target);
        assert_eq!(to("shop", "+41791"), Some(Target::Link("mobile")));
        assert_eq!(to("bank", "41791"), Some(Target::Account("vip")));
        assert_eq!(to("sip", "41791"), Some(Target::Account("vip")));
        assert_eq!(to("bank", "4178"), Some(Target::Group("swiss")));
        assert_eq!(to("bank", "12"), Some(Target::Group("america")));
        assert_eq!(to("shop", "12"), Some(Target::Group("rest")));
        assert_eq!(to("shop", ""), Some(Target::Group("rest")));
        assert_eq!(to("shop", "é1"), Some(Target::Group("rest")));
        assert_eq!(Routes::default().find("shop", "1"), None);
    }

    #[test]
    fn what_cannot_be_a_route_is_refused() {
        let refused = |text: &str| routes(&format!("routes = [{text}]")).expect_err(text);
        assert!(refused("{ prefix = \"1\" }").contains("must have one of"));
        assert!(refused("{ group = \"a\", link = \"b\" }").contains("must have one of"));
        assert!(refused("{ prefix = \"+1\", group = \"a\" }").contains("not made of digits"));
        assert!(refused("{ webhook = \"ftp://a\" }").contains("neither an http"));
        assert!(refused("{ webhook = \"http://\" }").contains("neither an http"));
        assert!(refused("{ sip = \"nowhere\" }").contains("not a SIP URI"));
        let twice = "{ prefix = \"1\", group = \"a\" }, { prefix = \"1\", link = \"b\" }";
        assert!(refused(twice).contains("two routes of the prefix `1` for anybody"));
        assert!(routes("routes = [{ prefix = \"1\", sip = \"sip:{to}@a.example\" }]").is_ok());
    }
}
