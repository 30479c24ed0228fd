//! Settings of calls: `[adaptors.NAME.settings.calls]`.

use std::time::Duration;

use serde::Deserialize;
use strowger::schemars::JsonSchema;

use crate::proto::dialog::{Keeper, Refresher, SessionAsk};
use crate::proto::ua::{Provisional, Sessions};

/// How calls go, unless a service says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct CallSettings {
    /// How provisional responses to INVITE go (RFC 3262).
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub provisional: ProvisionalSetting,
    /// The session timer of calls whose services say nothing (RFC 4028): how long a session lasts without a refresh, which the
    /// adaptor sees to. `0s` leaves it to the peers.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub session: Duration,
    /// The shortest session that a peer may ask for; 422 below it. At least 90 seconds.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub session_min: Duration,
    /// Which side is to refresh a session that the adaptor sees to.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub refresher: RefresherSetting,
    /// Whether a call whose session was not refreshed in time is ended with BYE.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub end_expired: bool,
    /// Further dialogs that one forked INVITE may make where its service asks for them. Responses of branches beyond it are
    /// told on the call's own dialog.
    #[schemars(range(max = 100), extend("x-unit" = "dialogs", "x-reload" = "restart-adaptor"))]
    pub forks: u32,
    /// Whether calls that ring are there after a restart in a class that keeps records, whatever their services say. Costs a
    /// record of the INVITE for each call.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub early_durable: bool,
}

impl Default for CallSettings {
    fn default() -> Self {
        Self {
            provisional: ProvisionalSetting::Plain,
            session: Duration::ZERO,
            session_min: Duration::from_secs(90),
            refresher: RefresherSetting::Any,
            end_expired: true,
            forks: 12,
            early_durable: false,
        }
    }
}

impl CallSettings {
    pub(super) fn verify(&self) -> Result<(), (&'static str, &'static str)> {
        let day = Duration::from_secs(86_400);
        if self.session_min < Duration::from_secs(90) || self.session_min > day {
            return Err(("calls.session_min", "must be from 90 seconds to a day"));
        }
        if self.forks > 100 {
            return Err(("calls.forks", "must be at most 100"));
        }
        if !self.session.is_zero() && !(self.session_min..=day).contains(&self.session) {
            return Err((
                "calls.session",
                "must be `0s`, or from calls.session_min to a day",
            ));
        }
        Ok(())
    }

    pub(super) fn sessions(&self) -> Sessions {
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        let ask = SessionAsk {
            interval: seconds(self.session),
            min: seconds(self.session_min),
            refresher: match self.refresher {
                RefresherSetting::Any => Refresher::Any,
                RefresherSetting::Local => Refresher::Local,
                RefresherSetting::Remote => Refresher::Remote,
            },
            keeper: Keeper::Adaptor,
        };
        Sessions {
            default: (!self.session.is_zero()).then_some(ask),
            min: seconds(self.session_min),
            end_expired: self.end_expired,
        }
    }
}

/// Which side is to refresh a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "strowger::schemars")]
pub enum RefresherSetting {
    /// Either; the one that asks where both can.
    #[default]
    Any,
    /// This one.
    Local,
    /// The peer, if it can.
    Remote,
}

/// How provisional responses to INVITE go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "strowger::schemars")]
pub enum ProvisionalSetting {
    /// Once, but reliably where a caller requires or a service asks for it.
    #[default]
    Plain,
    /// Reliably wherever a caller supports it; INVITEs of services support it, too.
    Reliable,
    /// Reliably always: a caller that does not support it gets 421, and INVITEs of services require it.
    Demanded,
}

impl From<ProvisionalSetting> for Provisional {
    fn from(setting: ProvisionalSetting) -> Self {
        match setting {
            ProvisionalSetting::Plain => Self::Plain,
            ProvisionalSetting::Reliable => Self::Reliable,
            ProvisionalSetting::Demanded => Self::Demanded,
        }
    }
}
