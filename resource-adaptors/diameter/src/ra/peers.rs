//! Settings of peers and realms: whom the entity speaks to, and which way requests go. All of it is reloaded live.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use strowger::ra::SettingsError;
use strowger::schemars::JsonSchema;

use crate::proto::node::{PeerConfig, Realm, RealmAction, RedirectUsage, RoutePeer, UnknownPeers};

/// A peer: `[adaptors.NAME.settings.peers.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct PeerSettings {
    /// Its DiameterIdentity: what its Origin-Host says. Over TLS its certificate must be for this name.
    #[schemars(length(min = 1, max = 255), extend("x-reload" = "live"))]
    pub host: String,
    /// Where it listens; several are tried in turn. Without any it has to connect to us.
    #[serde(default)]
    #[schemars(with = "Vec<String>", extend("x-reload" = "live"))]
    pub addresses: Vec<SocketAddr>,
    /// Whether we open the connection to `addresses`.
    #[serde(default = "yes")]
    #[schemars(extend("x-reload" = "live"))]
    pub connect: bool,
    /// Whether connections with it must be TLS. Needs a listener with certificates.
    #[serde(default)]
    #[schemars(extend("x-reload" = "live"))]
    pub tls: bool,
    /// Whether it is in service. One that is not has no connection.
    #[serde(default = "yes")]
    #[schemars(extend("x-reload" = "live"))]
    pub enabled: bool,
    /// Whether requests for realms that `realms` does not name may go to it.
    #[serde(default)]
    #[schemars(extend("x-reload" = "live"))]
    pub default_route: bool,
}

fn yes() -> bool {
    true
}

impl PeerSettings {
    /// A peer that we connect to.
    #[must_use]
    pub fn at(host: &str, address: SocketAddr) -> Self {
        Self {
            addresses: vec![address],
            ..Self::connecting(host)
        }
    }

    /// A peer that connects to us.
    #[must_use]
    pub fn connecting(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            addresses: Vec::new(),
            connect: true,
            tls: false,
            enabled: true,
            default_route: false,
        }
    }

    pub(super) fn config(&self) -> PeerConfig {
        PeerConfig {
            host: self.host.as_str().into(),
            addresses: self.addresses.clone(),
            connect: self.connect && !self.addresses.is_empty(),
            tls: self.tls,
            disabled: !self.enabled,
            default_route: self.default_route,
        }
    }
}

/// What is done with requests of a realm: `[adaptors.NAME.settings.realms.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct RealmSettings {
    /// The realm, as Destination-Realm has it; `*` is any. The first entry that fits a request decides, in the order of the
    /// entries' names, those of a realm before those of any.
    #[schemars(length(min = 1, max = 255), extend("x-reload" = "live"))]
    pub realm: String,
    /// The application that it is for; all unless set.
    #[serde(default)]
    #[schemars(extend("x-unit" = "application id", "x-reload" = "live"))]
    pub application: Option<u32>,
    /// What is done with requests that come. Requests of the node's own go to `peers` in any case.
    #[serde(default)]
    #[schemars(extend("x-reload" = "live"))]
    pub action: ActionSetting,
    /// Who serves the realm, by names of `peers`.
    #[serde(default)]
    pub peers: BTreeMap<String, RouteSettings>,
    /// With `redirect`: whom senders are told to ask, as DiameterURI, such as `aaa://ocs.example:3868`.
    #[serde(default)]
    #[schemars(extend("x-reload" = "live"))]
    pub redirect_hosts: Vec<String>,
    /// With `redirect`: what senders may use the answer for.
    #[serde(default)]
    #[schemars(extend("x-reload" = "live"))]
    pub redirect_usage: UsageSetting,
    /// With `redirect`: how long senders may keep the answer.
    #[serde(default, with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub redirect_cache: Duration,
}

/// What is done with requests that come for a realm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(crate = "strowger::schemars")]
pub enum ActionSetting {
    /// They are for the services of this node.
    #[default]
    Local,
    /// They are forwarded to `peers` as they are.
    Relay,
    /// They are for the services of this node, which answer them or have them forwarded to `peers`.
    Proxy,
    /// They are answered with `redirect_hosts`.
    Redirect,
}

/// What an answer that redirects may be used for (RFC 6733 6.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(crate = "strowger::schemars")]
pub enum UsageSetting {
    /// For this request.
    #[default]
    DontCache,
    /// For all requests of the session.
    AllSession,
    /// For all requests to the realm.
    AllRealm,
    /// For all requests of the application to the realm.
    RealmAndApplication,
    /// For all requests of the application.
    AllApplication,
    /// For all requests that would go to the host.
    AllHost,
    /// For all requests of the user.
    AllUser,
}

impl From<UsageSetting> for RedirectUsage {
    fn from(usage: UsageSetting) -> Self {
        match usage {
            UsageSetting::DontCache => Self::DontCache,
            UsageSetting::AllSession => Self::AllSession,
            UsageSetting::AllRealm => Self::AllRealm,
            UsageSetting::RealmAndApplication => Self::RealmAndApplication,
            UsageSetting::AllApplication => Self::AllApplication,
            UsageSetting::AllHost => Self::AllHost,
            UsageSetting::AllUser => Self::AllUser,
        }
    }
}

/// A peer that serves a realm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct RouteSettings {
    /// Peers with a lower number are asked first.
    #[schemars(range(min = 0, max = 65_535), extend("x-unit" = "rank", "x-reload" = "live"))]
    pub priority: u16,
    /// Share among peers of one priority: the one with the least requests under way for its weight is asked. One of weight 0 is
    /// asked when no other is left.
    #[schemars(range(min = 0, max = 65_535), extend("x-unit" = "share", "x-reload" = "live"))]
    pub weight: u16,
}

impl Default for RouteSettings {
    fn default() -> Self {
        Self {
            priority: 0,
            weight: 1,
        }
    }
}

impl RealmSettings {
    /// A realm served by peers of these names.
    #[must_use]
    pub fn by(realm: &str, peers: &[&str]) -> Self {
        let route = |name: &&str| ((*name).to_owned(), RouteSettings::default());
        Self {
            realm: realm.to_owned(),
            application: None,
            action: ActionSetting::Local,
            peers: peers.iter().map(route).collect(),
            redirect_hosts: Vec::new(),
            redirect_usage: UsageSetting::DontCache,
            redirect_cache: Duration::ZERO,
        }
    }

    fn verify(&self, peers: &BTreeMap<String, PeerSettings>) -> Result<(), (String, &'static str)> {
        if !is_identity(&self.realm) && self.realm != "*" {
            return Err(("realm".to_owned(), "must be a realm name, or `*`"));
        }
        if let Some(name) = self.peers.keys().find(|name| !peers.contains_key(*name)) {
            return Err((format!("peers.{name}"), "names none of `peers`"));
        }
        let redirects = self.action == ActionSetting::Redirect;
        if redirects && self.redirect_hosts.is_empty() {
            let problem = "`redirect` needs the hosts that senders are to ask";
            return Err(("redirect_hosts".to_owned(), problem));
        }
        let is_uri = |uri: &String| uri.starts_with("aaa://") || uri.starts_with("aaas://");
        if !self.redirect_hosts.iter().all(is_uri) {
            let problem = "must be DiameterURIs, such as `aaa://ocs.example:3868`";
            return Err(("redirect_hosts".to_owned(), problem));
        }
        let forwards = matches!(self.action, ActionSetting::Relay | ActionSetting::Proxy);
        if forwards && self.peers.is_empty() {
            return Err((
                "peers".to_owned(),
                "`relay` and `proxy` need peers to forward to",
            ));
        }
        Ok(())
    }

    fn config(&self, peers: &BTreeMap<String, PeerSettings>) -> Realm {
        let route = |(name, route): (&String, &RouteSettings)| {
            Some(RoutePeer {
                host: peers.get(name)?.host.as_str().into(),
                priority: route.priority,
                weight: route.weight,
            })
        };
        let routes = self.peers.iter().filter_map(route).collect();
        Realm {
            realm: self.realm.as_str().into(),
            application: self.application,
            action: match self.action {
                ActionSetting::Local => RealmAction::Local(routes),
                ActionSetting::Relay => RealmAction::Relay(routes),
                ActionSetting::Proxy => RealmAction::Proxy(routes),
                ActionSetting::Redirect => RealmAction::Redirect {
                    hosts: self
                        .redirect_hosts
                        .iter()
                        .map(|uri| uri.as_str().into())
                        .collect(),
                    usage: self.redirect_usage.into(),
                    cache_seconds: u32::try_from(self.redirect_cache.as_secs()).unwrap_or(u32::MAX),
                },
            },
        }
    }
}

/// Who may connect without being one of `peers`: `[adaptors.NAME.settings.unknown_peers.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct UnknownPeerSettings {
    /// Their realm, as Origin-Realm has it; `*` is any.
    #[schemars(length(min = 1, max = 255), extend("x-reload" = "live"))]
    pub realm: String,
    /// Whether they must connect over TLS, with a certificate for their name.
    #[serde(default = "yes")]
    #[schemars(extend("x-reload" = "live"))]
    pub tls: bool,
}

/// The tables of the stack.
pub(super) struct Tables {
    pub(super) peers: Vec<PeerConfig>,
    pub(super) realms: Vec<Realm>,
    pub(super) unknown: Vec<UnknownPeers>,
}

/// Checks peers and realms against each other.
pub(super) fn verify(
    own: &str,
    peers: &BTreeMap<String, PeerSettings>,
    realms: &BTreeMap<String, RealmSettings>,
    unknown: &BTreeMap<String, UnknownPeerSettings>,
) -> Result<(), SettingsError> {
    let wrong = |key: String, problem| Err(SettingsError { key, problem });
    let mut hosts = BTreeMap::new();
    for (name, peer) in peers {
        let key = format!("peers.{name}.host");
        if !is_identity(&peer.host) {
            return wrong(key, "must be the name of a host, as Origin-Host has it");
        }
        let host = peer.host.to_ascii_lowercase();
        if host == own.to_ascii_lowercase() {
            return wrong(key, "is this entity's own `origin_host`");
        }
        if hosts.insert(host, name).is_some() {
            return wrong(key, "is the host of another peer, too");
        }
        if peer
            .addresses
            .iter()
            .any(|at| at.port() == 0 || at.ip().is_unspecified())
        {
            let problem = "must be addresses and ports that can be connected to";
            return wrong(format!("peers.{name}.addresses"), problem);
        }
    }
    for (name, realm) in realms {
        if let Err((key, problem)) = realm.verify(peers) {
            return wrong(format!("realms.{name}.{key}"), problem);
        }
    }
    for (name, rule) in unknown {
        if !is_identity(&rule.realm) && rule.realm != "*" {
            let problem = "must be a realm name, or `*`";
            return wrong(format!("unknown_peers.{name}.realm"), problem);
        }
    }
    Ok(())
}

pub(super) fn tables(
    peers: &BTreeMap<String, PeerSettings>,
    realms: &BTreeMap<String, RealmSettings>,
    unknown: &BTreeMap<String, UnknownPeerSettings>,
) -> Tables {
    let (named, any): (Vec<_>, Vec<_>) = realms.values().partition(|realm| realm.realm != "*");
    let realms = named.into_iter().chain(any);
    Tables {
        peers: peers.values().map(PeerSettings::config).collect(),
        realms: realms.map(|realm| realm.config(peers)).collect(),
        unknown: unknown
            .values()
            .map(|rule| UnknownPeers {
                realm: rule.realm.as_str().into(),
                tls: rule.tls,
            })
            .collect(),
    }
}

/// A name as DiameterIdentity has it.
pub(super) fn is_identity(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= 255 && name.split('.').all(is_part)
}

impl RealmSettings {
    /// Whether requests for it are sent on or back, which only an agent does.
    pub(super) fn forwards(&self) -> bool {
        self.action != ActionSetting::Local
    }
}
