//! Accounts as they are used: who may bind, and what may be submitted.

use std::net::IpAddr;

use smallvec::SmallVec;
use strowger::Secret;
use strowger::ra::Peer as Certificate;

use super::password::{Password, Seen};
use super::settings::AccountSettings;
use crate::api::IdForm;
use crate::proto::session::Mode;
use crate::proto::wire::{Bind, Status};

/// An account.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) settings: AccountSettings,
    pub(super) ids: IdForm,
    /// What is right: its password, and the one before for as long as that is named.
    passwords: SmallVec<[(Password, Seen); 1]>,
    /// Whole addresses, and beginnings.
    sources: SmallVec<[Source; 2]>,
}

#[derive(Debug, Clone)]
struct Source {
    text: Box<[u8]>,
    begins: bool,
}

/// Where a bind comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) address: IpAddr,
    /// Over TLS: what its certificate says.
    pub(super) secure: Option<&'a Certificate>,
}

impl Account {
    pub(super) fn new(settings: &AccountSettings) -> Self {
        let password = |hash: &Option<Secret>, plain: &Option<Secret>| match (hash, plain) {
            (Some(hash), _) => Some(Password::Hash(hash.reveal().into())),
            (None, Some(plain)) => Some(Password::Plain(plain.clone())),
            (None, None) => None,
        };
        let previous = (
            &settings.previous_password_hash,
            &settings.previous_password,
        );
        let passwords = [
            password(&settings.password_hash, &settings.password),
            password(previous.0, previous.1),
        ];
        let passwords = passwords.into_iter().flatten();
        let source = |text: &String| Source {
            text: text.trim_end_matches('*').as_bytes().into(),
            begins: text.ends_with('*'),
        };
        Self {
            ids: settings.ids.into(),
            passwords: passwords.map(|own| (own, Seen::default())).collect(),
            sources: settings.sources.iter().map(source).collect(),
            settings: settings.clone(),
        }
    }

    /// The same after a change of settings: a password that was right is still known, if it is still the same.
    pub(super) fn after(mut self, before: &Self) -> Self {
        for (password, seen) in &mut self.passwords {
            let known = before.passwords.iter().find(|(own, _)| own == password);
            *seen = known.map(|(_, seen)| *seen).unwrap_or_default();
        }
        self
    }

    /// Whether a bind may be accepted, but for how many there are.
    ///
    /// # Errors
    /// What it is answered.
    pub(super) fn admits(
        &mut self,
        bind: &Bind<'_>,
        mode: Mode,
        from: Origin<'_>,
        key: &[u8; 16],
    ) -> Result<(), Status> {
        let mut passwords = self.passwords.iter_mut();
        if !passwords.any(|(own, seen)| own.is(bind.password, key, seen)) {
            return Err(Status::RINVPASWD);
        }
        let settings = &self.settings;
        let modes = settings.modes.iter();
        let allowed = settings.enabled
            && modes.map(|own| Mode::from(*own)).any(|own| own == mode)
            && (settings.networks.is_empty()
                || settings
                    .networks
                    .iter()
                    .any(|own| own.contains(from.address)))
            && self.is_secure(from.secure);
        if !allowed {
            return Err(Status::RBINDFAIL);
        }
        match &settings.system_type {
            Some(own) if own.as_bytes() != bind.system_type => Err(Status::RINVSYSTYP),
            _ => Ok(()),
        }
    }

    fn is_secure(&self, secure: Option<&Certificate>) -> bool {
        let settings = &self.settings;
        match (&settings.certificate, secure) {
            (Some(name), Some(peer)) => {
                let own = |other: &String| other.eq_ignore_ascii_case(name);
                let unnamed = peer.dns.is_empty() && peer.uris.is_empty();
                let common = peer.common_name.iter().filter(|_| unnamed);
                peer.verified && peer.dns.iter().chain(&peer.uris).chain(common).any(own)
            }
            (Some(_), None) => false,
            (None, secure) => secure.is_some() || !settings.tls,
        }
    }

    /// Whether it may submit from this address.
    pub(super) fn may_be(&self, source: &[u8]) -> bool {
        let is = |own: &Source| match own.begins {
            true => source.starts_with(&own.text),
            false => *source == *own.text,
        };
        self.sources.is_empty() || self.sources.iter().any(is)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ra::settings::ModeSetting;

    const KEY: [u8; 16] = [0; 16];

    fn bind<'a>(password: &'a str, system_type: &'a str) -> Bind<'a> {
        Bind {
            system_id: b"shop",
            password: password.as_bytes(),
            system_type: system_type.as_bytes(),
            interface_version: 0x34,
            ..Bind::default()
        }
    }

    fn answer(settings: &AccountSettings, bind: &Bind<'_>, secure: Option<&Certificate>) -> Status {
        let origin = Origin {
            address: "192.0.2.7".parse().unwrap(),
            secure,
        };
        let mut account = Account::new(settings);
        match account.admits(bind, Mode::Transmitter, origin, &KEY) {
            Ok(()) => Status::ROK,
            Err(status) => status,
        }
    }

    fn own() -> AccountSettings {
        AccountSettings::new("secret")
    }

    #[test]
    fn the_password_before_is_right_while_it_is_named() {
        let settings = AccountSettings {
            previous_password: Some("before".into()),
            ..own()
        };
        for right in ["secret", "before"] {
            assert_eq!(answer(&settings, &bind(right, ""), None), Status::ROK);
        }
        let wrong = bind("Before", "");
        assert_eq!(answer(&settings, &wrong, None), Status::RINVPASWD);
        let gone = bind("before", "");
        assert_eq!(answer(&own(), &gone, None), Status::RINVPASWD);
    }

    #[test]
    fn a_bind_is_refused_for_what_is_wrong_with_it() {
        let good = bind("secret", "VMS");
        assert_eq!(answer(&own(), &good, None), Status::ROK);
        assert_eq!(answer(&own(), &bind("Secret", ""), None), Status::RINVPASWD);
        let enabled = false;
        assert_eq!(
            answer(&AccountSettings { enabled, ..own() }, &good, None),
            Status::RBINDFAIL
        );
        let modes = vec![ModeSetting::Receiver];
        assert_eq!(
            answer(&AccountSettings { modes, ..own() }, &good, None),
            Status::RBINDFAIL
        );
        let networks = vec!["10.0.0.0/8".parse().unwrap()];
        assert_eq!(
            answer(&AccountSettings { networks, ..own() }, &good, None),
            Status::RBINDFAIL
        );
        let system_type = Some("WAP".to_owned());
        let typed = AccountSettings {
            system_type,
            ..own()
        };
        assert_eq!(answer(&typed, &good, None), Status::RINVSYSTYP);
        assert_eq!(answer(&typed, &bind("secret", "WAP"), None), Status::ROK);
    }

    #[test]
    fn a_certificate_must_be_for_the_right_name() {
        let good = bind("secret", "");
        let anybody = Certificate::default();
        let named = Certificate {
            verified: true,
            dns: vec!["shop.example".to_owned()],
            common_name: Some("other.example".to_owned()),
            ..Certificate::default()
        };
        let tls = true;
        assert_eq!(
            answer(&AccountSettings { tls, ..own() }, &good, None),
            Status::RBINDFAIL
        );
        assert_eq!(
            answer(&AccountSettings { tls, ..own() }, &good, Some(&anybody)),
            Status::ROK
        );
        for (name, peer, status) in [
            ("SHOP.example", Some(&named), Status::ROK),
            ("other.example", Some(&named), Status::RBINDFAIL),
            ("shop.example", Some(&anybody), Status::RBINDFAIL),
            ("shop.example", None, Status::RBINDFAIL),
        ] {
            let certificate = Some(name.to_owned());
            let settings = AccountSettings {
                certificate,
                ..own()
            };
            assert_eq!(answer(&settings, &good, peer), status, "{name}");
        }
    }

    #[test]
    fn sources_are_whole_or_begin_so() {
        let sources = vec!["4179*".to_owned(), "SHOP".to_owned()];
        let account = Account::new(&AccountSettings { sources, ..own() });
        assert!(account.may_be(b"41791234567") && account.may_be(b"SHOP"));
        assert!(!account.may_be(b"SHOP2") && !account.may_be(b"417") && !account.may_be(b""));
        assert!(Account::new(&own()).may_be(b"anything"));
    }
}
