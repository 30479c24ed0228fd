//! The capabilities exchange (RFC 6733 5.3): what a CER or CEA says, what ours say, and what is refused.

use std::net::IpAddr;
use std::sync::Arc;

use crate::proto::dict::base;
use crate::proto::node::{Application, Config, RELAY};
use crate::proto::wire::{Builder, Message};

/// Disconnect-Cause values (RFC 6733 5.4.3).
pub mod cause {
    /// It comes back.
    pub const REBOOTING: i32 = 0;
    /// It has no room; it does not want to be connected to.
    pub const BUSY: i32 = 1;
    /// It expects no traffic; it does not want to be connected to.
    pub const DO_NOT_WANT_TO_TALK_TO_YOU: i32 = 2;
}

/// Inband-Security-Id values (RFC 6733 6.10).
const NO_INBAND_SECURITY: u32 = 0;

/// What a peer has said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Origin-Host.
    pub host: Arc<str>,
    /// Origin-Realm.
    pub realm: Arc<str>,
    /// Every application, whichever AVP named it; sorted.
    pub applications: Vec<u32>,
    /// Whether it is a relay: it has every application.
    pub relay: bool,
    /// Whether it can do without in-band security.
    pub plain: bool,
    /// Product-Name.
    pub product: Option<Arc<str>>,
    /// Origin-State-Id, 0 if there is none.
    pub origin_state_id: u32,
}

/// Why a capabilities exchange fails, as a Result-Code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// 3010 DIAMETER_UNKNOWN_PEER.
    UnknownPeer,
    /// 5010 DIAMETER_NO_COMMON_APPLICATION.
    NoCommonApplication,
    /// 5017 DIAMETER_NO_COMMON_SECURITY.
    NoCommonSecurity,
    /// 4003 ELECTION_LOST.
    ElectionLost,
    /// 5012 DIAMETER_UNABLE_TO_COMPLY: it is connected already, or is ourselves.
    UnableToComply,
}

/// On what terms a peer is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Only over TLS.
    pub tls: bool,
    /// The connection is TLS.
    pub secure: bool,
    /// Of the names that TLS has proved none is its Origin-Host.
    pub stranger: bool,
}

impl Refusal {
    /// Its Result-Code.
    #[must_use]
    pub const fn result_code(self) -> u32 {
        match self {
            Self::UnknownPeer => 3010,
            Self::NoCommonApplication => 5010,
            Self::NoCommonSecurity => 5017,
            Self::ElectionLost => 4003,
            Self::UnableToComply => 5012,
        }
    }

    /// Its Error-Message.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::UnknownPeer => "unknown peer",
            Self::NoCommonApplication => "no common application",
            Self::NoCommonSecurity => "no common security",
            Self::ElectionLost => "election lost",
            Self::UnableToComply => "connected already",
        }
    }
}

impl Capabilities {
    /// Reads a CER or CEA; `None` without an identity, which validation has answered before.
    #[must_use]
    pub fn read(message: &Message) -> Option<Self> {
        let mut found = Self {
            host: message.origin_host()?.into(),
            realm: message.origin_realm()?.into(),
            applications: Vec::new(),
            relay: false,
            plain: true,
            product: None,
            origin_state_id: 0,
        };
        let mut inband = None::<bool>;
        for avp in message.avps().filter(|avp| avp.vendor == 0) {
            if avp.is(&base::AUTH_APPLICATION_ID) || avp.is(&base::ACCT_APPLICATION_ID) {
                found.applications.extend(avp.u32());
            } else if avp.is(&base::VENDOR_SPECIFIC_APPLICATION_ID) {
                let ids = avp.group().filter(|avp| {
                    avp.is(&base::AUTH_APPLICATION_ID) || avp.is(&base::ACCT_APPLICATION_ID)
                });
                found
                    .applications
                    .extend(ids.filter_map(|avp| avp.u32().ok()));
            } else if avp.is(&base::INBAND_SECURITY_ID) {
                let plain = avp.u32() == Ok(NO_INBAND_SECURITY);
                inband = Some(inband.unwrap_or(false) || plain);
            } else if avp.is(&base::PRODUCT_NAME) {
                found.product = avp.utf8().ok().map(Into::into);
            } else if avp.is(&base::ORIGIN_STATE_ID) {
                found.origin_state_id = avp.u32().unwrap_or(0);
            }
        }
        found.plain = inband.unwrap_or(true);
        found.applications.sort_unstable();
        found.applications.dedup();
        found.relay = found.applications.contains(&RELAY);
        Some(found)
    }

    /// Whether it takes requests of an application. Messages of the base protocol it always does.
    #[must_use]
    pub fn has(&self, application: u32) -> bool {
        self.relay || application == 0 || self.applications.binary_search(&application).is_ok()
    }

    /// Whether we can work with it.
    ///
    /// # Errors
    /// Why not.
    pub fn accept(&self, config: &Config, terms: Terms) -> Result<(), Refusal> {
        if self.host.eq_ignore_ascii_case(&config.origin_host) {
            return Err(Refusal::UnableToComply);
        }
        if terms.stranger {
            return Err(Refusal::UnknownPeer);
        }
        if (terms.tls || !self.plain) && !terms.secure {
            return Err(Refusal::NoCommonSecurity);
        }
        let ours = |app: &Application| self.applications.contains(&app.id);
        if config.relay || self.relay || config.applications.iter().any(ours) {
            return Ok(());
        }
        Err(Refusal::NoCommonApplication)
    }

    /// Our CER.
    #[must_use]
    pub fn request(config: &Config, local: IpAddr) -> Builder {
        let mut cer = Builder::request(base::CAPABILITIES_EXCHANGE.code, 0);
        write(&mut cer, config, local);
        cer
    }

    /// Our CEA to a CER that is taken.
    #[must_use]
    pub fn answer(cer: &Message, config: &Config, local: IpAddr) -> Builder {
        let mut cea = Builder::answer(cer);
        cea.avp(&base::RESULT_CODE, 2001_u32);
        write(&mut cea, config, local);
        cea
    }

    /// Our CEA to a CER that is refused.
    #[must_use]
    pub fn refuse(cer: &Message, refusal: Refusal, config: &Config, local: IpAddr) -> Builder {
        let mut cea = Builder::answer(cer);
        if refusal == Refusal::UnknownPeer {
            cea.error();
        }
        cea.avp(&base::RESULT_CODE, refusal.result_code());
        write(&mut cea, config, local);
        cea.avp(&base::ERROR_MESSAGE, refusal.text());
        cea
    }
}

/// What CER and CEA have in common, in the order of RFC 6733 5.3.1.
fn write(to: &mut Builder, config: &Config, local: IpAddr) {
    to.identities(&config.origin_host, &config.origin_realm);
    let own = [local];
    let addresses: &[IpAddr] = if config.addresses.is_empty() {
        &own
    } else {
        &config.addresses
    };
    for address in addresses {
        to.avp(&base::HOST_IP_ADDRESS, *address);
    }
    to.avp(&base::VENDOR_ID, config.vendor_id);
    to.avp(&base::PRODUCT_NAME, &*config.product_name);
    if config.origin_state_id != 0 {
        to.avp(&base::ORIGIN_STATE_ID, config.origin_state_id);
    }
    for vendor in vendors(config) {
        to.avp(&base::SUPPORTED_VENDOR_ID, vendor);
    }
    for app in &config.applications {
        let id = if app.accounting {
            &base::ACCT_APPLICATION_ID
        } else {
            &base::AUTH_APPLICATION_ID
        };
        if app.vendor == 0 {
            to.avp(id, app.id);
        } else {
            to.group(&base::VENDOR_SPECIFIC_APPLICATION_ID, |group| {
                group.avp(&base::VENDOR_ID, app.vendor).avp(id, app.id);
            });
        }
    }
    if config.relay {
        to.avp(&base::AUTH_APPLICATION_ID, RELAY);
    }
    if config.firmware != 0 {
        to.avp(&base::FIRMWARE_REVISION, config.firmware);
    }
}

/// The vendors of Supported-Vendor-Id: those configured and those of the applications, each once.
fn vendors(config: &Config) -> Vec<u32> {
    let of_applications = config.applications.iter().map(|app| app.vendor);
    let mut all: Vec<u32> = config
        .supported_vendors
        .iter()
        .copied()
        .chain(of_applications)
        .collect();
    all.sort_unstable();
    all.dedup();
    all.retain(|vendor| *vendor != 0);
    all
}
