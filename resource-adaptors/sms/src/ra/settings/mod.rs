//! Settings of an entity: `[adaptors.NAME.settings]`.

mod account;
mod limits;
mod link;
mod listener;

pub use account::{
    AccountSettings, AlphabetSetting, IdSetting, ModeSetting, PolicySetting, RateSettings,
};
pub(super) use limits::ms;
pub use limits::{LimitSettings, TimerSettings};
pub use link::{
    GroupSettings, LinkSettings, PeerIdSetting, PolicyOfGroup, ReceiptSetting, VersionSetting,
};
pub use listener::ListenerSettings;

use std::collections::BTreeMap;

use serde::Deserialize;
use strowger::ra::{Listener, SettingsError};
use strowger::schemars::JsonSchema;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct Settings {
    /// What this entity calls itself in answers to binds.
    #[schemars(length(min = 1, max = 15), extend("x-reload" = "live"))]
    pub system_id: String,
    /// Where it listens, by name: `tcp` on 127.0.0.1:2775 unless a file names others. One that only connects to others has a
    /// listener on port 0.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub listeners: BTreeMap<String, ListenerSettings>,
    /// ESMEs that may bind to us, by names of your own.
    pub accounts: BTreeMap<String, AccountSettings>,
    /// Message centres that we bind to, by names of your own.
    pub links: BTreeMap<String, LinkSettings>,
    /// Groups of links, by names of your own: a message for a group goes over one of its links.
    pub groups: BTreeMap<String, GroupSettings>,
    /// Timers.
    pub timers: TimerSettings,
    /// Bounds.
    pub limits: LimitSettings,
}

impl Default for Settings {
    fn default() -> Self {
        let tcp = ("tcp".to_owned(), ListenerSettings::default());
        Self {
            system_id: "strowger".to_owned(),
            listeners: BTreeMap::from([tcp]),
            accounts: BTreeMap::new(),
            links: BTreeMap::new(),
            groups: BTreeMap::new(),
            timers: TimerSettings::default(),
            limits: LimitSettings::default(),
        }
    }
}

impl Settings {
    pub(super) fn verify(&self) -> Result<(), SettingsError> {
        if !is_octets(&self.system_id, 15) || self.system_id.is_empty() {
            return wrong("system_id", "must be 1 to 15 characters of ASCII");
        }
        if self.listeners.is_empty() {
            let problem = "at least one listener is needed; with port 0 for an entity that only connects to others";
            return wrong("listeners", problem);
        }
        for (name, listener) in &self.listeners {
            listener.verify(name)?;
        }
        self.timers.verify()?;
        let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, account) in &self.accounts {
            account.verify(name)?;
            if ids.insert(account.system_id(name), name).is_some() {
                let problem = "another account has this system_id";
                return wrong(&format!("accounts.{name}.system_id"), problem);
            }
        }
        for (name, link) in &self.links {
            link.verify(name)?;
            self.verify_door(name, link)?;
        }
        for (name, group) in &self.groups {
            let key = format!("groups.{name}.links");
            if group.links.is_empty() {
                return wrong(&key, "must name at least one link");
            }
            if group
                .links
                .iter()
                .any(|link| !self.links.contains_key(link))
            {
                return wrong(&key, "names a link that `links` does not have");
            }
        }
        Ok(())
    }

    /// A link needs a listener of its transport and family: connections leave from there.
    fn verify_door(&self, name: &str, link: &LinkSettings) -> Result<(), SettingsError> {
        let fits = |listener: &ListenerSettings| {
            let family = |v6| link.addresses.iter().all(|address| address.is_ipv6() == v6);
            listener.tls.is_some() == link.tls && family(listener.bind.is_ipv6())
        };
        let key = format!("links.{name}.listener");
        match &link.listener {
            Some(listener) => match self.listeners.get(listener) {
                Some(listener) if fits(listener) => Ok(()),
                Some(_) => wrong(
                    &key,
                    "is of another transport or address family than the link",
                ),
                None => wrong(&key, "names a listener that `listeners` does not have"),
            },
            None if self.listeners.values().any(fits) => Ok(()),
            None if link.tls => {
                let problem = "needs a listener with certificates (`listeners.NAME.tls`)";
                wrong(&format!("links.{name}.tls"), problem)
            }
            None => {
                let problem = "need a listener without certificates, of their address family: connections leave from its address";
                wrong(&format!("links.{name}.addresses"), problem)
            }
        }
    }

    pub(super) fn node_listeners(&self) -> Vec<Listener> {
        let write_buffer = self.limits.write_buffer_bytes;
        let listeners = self.listeners.iter();
        listeners
            .map(|(name, listener)| listener.node(name, write_buffer))
            .collect()
    }
}

pub(super) fn wrong<T>(key: &str, problem: &'static str) -> Result<T, SettingsError> {
    let key = key.to_owned();
    Err(SettingsError { key, problem })
}

/// Whether a text can be a C-Octet String of so many octets.
fn is_octets(text: &str, longest: usize) -> bool {
    text.len() <= longest && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Settings {
        toml::from_str(text).unwrap()
    }

    fn problem(text: &str) -> String {
        read(text).verify().unwrap_err().key
    }

    #[test]
    fn the_defaults_are_good() {
        assert_eq!(Settings::default().verify(), Ok(()));
        assert_eq!(read(""), Settings::default());
    }

    #[test]
    fn a_whole_file_is_good() {
        let settings = read(
            r#"
            system_id = "smsc"
            [accounts.shop]
            password = "secret"
            networks = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]
            modes = ["transceiver"]
            sources = ["4179*", "SHOP"]
            ids = "decimal"
            rates = { second = 100, day = 1000000 }
            [links.one]
            addresses = ["192.0.2.1:2775"]
            system_id = "us"
            password = "secret"
            [links.two]
            addresses = ["192.0.2.2:2775"]
            system_id = "us"
            smsc = "carrier"
            [groups.carrier]
            links = ["one", "two"]
            policy = "priority"
            "#,
        );
        assert_eq!(settings.verify(), Ok(()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, key) in [
            ("system_id = \"\"", "system_id"),
            ("[accounts.a]", "accounts.a.password"),
            (
                "[accounts.a]\npassword = \"much longer than it may be\"",
                "accounts.a.password",
            ),
            (
                "[accounts.a]\npassword_hash = \"secret\"",
                "accounts.a.password_hash",
            ),
            (
                "[accounts.a]\npassword = \"x\"\nmodes = []",
                "accounts.a.modes",
            ),
            (
                "[accounts.a]\npassword = \"x\"\n[accounts.b]\npassword = \"x\"\nsystem_id = \"a\"",
                "accounts.b.system_id",
            ),
            (
                "[links.a]\nsystem_id = \"x\"\naddresses = []",
                "links.a.addresses",
            ),
            (
                "[links.a]\nsystem_id = \"x\"\naddresses = [\"[::1]:1\"]",
                "links.a.addresses",
            ),
            (
                "[links.a]\nsystem_id = \"x\"\naddresses = [\"192.0.2.1:1\"]\ntls = true",
                "links.a.tls",
            ),
            (
                "[links.a]\nsystem_id = \"x\"\naddresses = [\"192.0.2.1:1\"]\nlistener = \"no\"",
                "links.a.listener",
            ),
            ("[groups.g]\nlinks = [\"no\"]", "groups.g.links"),
            ("[timers]\nresponse = \"0s\"", "timers.response"),
        ] {
            assert_eq!(problem(text), key, "{text}");
        }
    }
}
