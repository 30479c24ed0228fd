//! Who may call through this node, so that it is nobody's open relay.
//!
//! A caller is known by the address that it calls from, or by digest (RFC 3261 22) with an account of its own; who has proved
//! to be one user does not call as another. Within a call nobody is asked again: only those who were let in have one.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strowger::prelude::*;
use strowger_sip::proto::wire::NameAddr;
use strowger_sip::{self as sip, Realm, Sip};

use crate::settings::Settings;

/// Who may call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Callers {
    /// Whoever can reach the listeners.
    #[default]
    Anyone,
    /// Trusted addresses, and users who prove themselves.
    Known,
}

/// Addresses: one, or all that begin alike, as `192.0.2.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address, or an address with a number of bits")]
pub struct NotANetwork;

impl TryFrom<String> for Network {
    type Error = NotANetwork;

    fn try_from(text: String) -> Result<Self, NotANetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.as_str(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| NotANetwork)?,
            None => most,
        };
        (bits <= most)
            .then_some(Self { address, bits })
            .ok_or(NotANetwork)
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        format!("{}/{}", network.address, network.bits)
    }
}

impl Network {
    /// Whether an address is one of them.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let wide = |address: IpAddr| match address {
            IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, true),
            IpAddr::V6(v6) => (u128::from(v6), false),
        };
        let ((ours, v4), (theirs, also_v4)) = (wide(self.address), wide(address.to_canonical()));
        let differ = (ours ^ theirs).checked_shr(128 - u32::from(self.bits));
        v4 == also_v4 && differ.unwrap_or(0) == 0
    }
}

/// Whether a caller may call. If not it has been answered.
pub(crate) fn admit(cx: &mut Cx, ev: &sip::Invite, sip: Sip, conf: &Settings) -> Result<bool> {
    let from = ev.flow().peer().ip();
    if conf.callers == Callers::Anyone || conf.trusted.iter().any(|network| network.has(from)) {
        return Ok(true);
    }
    let realm = Realm::new(&conf.realm).of_proxy();
    let account = |user: &str| conf.users.account(user, &conf.realm);
    let Some(user) = sip.authenticate(cx, ev, &realm, account)? else {
        return Ok(false);
    };
    if caller(ev) == user.split('@').next().unwrap_or_default().as_bytes() {
        return Ok(true);
    }
    sip.respond(cx, ev, 403)?;
    Ok(false)
}

/// As whom it calls.
fn caller(ev: &sip::Invite) -> Vec<u8> {
    ev.header("From")
        .and_then(|from| NameAddr::parse(from).ok())
        .and_then(|from| Some(from.uri().ok()?.user()?.to_vec()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let has = |network: &str, address: &str| {
            Network::try_from(network.to_owned())
                .expect("a network")
                .has(address.parse().expect("an address"))
        };
        assert!(has("192.0.2.0/24", "192.0.2.200") && !has("192.0.2.0/24", "192.0.3.1"));
        assert!(has("192.0.2.1", "192.0.2.1") && !has("192.0.2.1", "192.0.2.2"));
        assert!(has("0.0.0.0/0", "10.0.0.1") && !has("0.0.0.0/0", "2001:db8::1"));
        assert!(has("2001:db8::/32", "2001:db8:1::2") && has("::/0", "::2"));
        assert!(has("10.0.0.0/8", "::ffff:10.1.2.3"));
        for bad in ["", "host", "10.0.0.0/33", "::/129", "10.0.0.0/-1"] {
            assert_eq!(Network::try_from(bad.to_owned()), Err(NotANetwork));
        }
    }
}
