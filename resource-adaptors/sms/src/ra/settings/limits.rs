//! Timers and bounds of an entity. All of it but the write buffer is reloaded live.

use std::time::Duration;

use serde::Deserialize;
use strowger::ra::SettingsError;
use strowger::schemars::JsonSchema;

use super::wrong;
use crate::proto::session;

/// Timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct TimerSettings {
    /// How long it may take from a connection to its bind (session_init_timer).
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub session_init: Duration,
    /// How long a session may be silent before the peer is asked whether it is there (enquire_link_timer); `0s` is never.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub enquire_link: Duration,
    /// How long a session may be without messages before it is unbound (inactivity_timer); `0s` is for ever.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub inactivity: Duration,
    /// How long a peer may take to answer (response_timer).
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub response: Duration,
    /// How long a service may take to answer a request; beyond it the peer is told ESME_RSYSERR.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub answer: Duration,
    /// How long a session that is being unbound may take for what is under way.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub unbind: Duration,
    /// How long a message is held back that peers refuse as too much, again and again, before its service is told.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub throttled: Duration,
    /// How long a receipt is kept for whose message the message centre's answer has not come yet.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub receipt: Duration,
    /// When such a receipt is answered at last, so that the message centre may send the next.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub receipt_answer: Duration,
    /// How long the answer to a bind is held back that is refused for its name or its password.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub bind_refusal: Duration,
}

/// Bounds of one adaptor entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct LimitSettings {
    /// Sessions at once, whoever began them. Connections beyond it are closed.
    #[schemars(range(min = 1, max = 65_535), extend("x-unit" = "sessions", "x-reload" = "live"))]
    pub sessions: u32,
    /// Accepted connections at once on which nobody has bound yet. Beyond it new ones are closed.
    #[schemars(range(min = 1, max = 65_535), extend("x-unit" = "connections", "x-reload" = "live"))]
    pub unbound: u32,
    /// Bytes of a PDU; one that is longer is answered ESME_RINVCMDLEN, and its connection closed. At least 66,560 for messages in
    /// message_payload of full length.
    #[schemars(range(min = 1_024, max = 1_048_576), extend("x-unit" = "bytes", "x-reload" = "live"))]
    pub pdu_bytes: u32,
    /// Refused binds of one address within a minute; beyond it others from there are refused unseen.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "binds", "x-reload" = "live"))]
    pub refused_binds: u32,
    /// Ids of messages that message centres have given, kept for their receipts. Beyond it receipts for further messages find
    /// nothing.
    #[schemars(range(min = 0, max = 100_000_000), extend("x-unit" = "ids", "x-reload" = "live"))]
    pub upstream_ids: u32,
    /// Receipts that are kept because their message is not known yet.
    #[schemars(range(min = 0, max = 1_000_000), extend("x-unit" = "receipts", "x-reload" = "live"))]
    pub receipts: u32,
    /// Messages whose services wait for room at a link or an account.
    #[schemars(range(min = 0, max = 100_000_000), extend("x-unit" = "messages", "x-reload" = "live"))]
    pub waiting: u32,
    /// Bytes that may wait on one connection until the peer takes them; beyond it the connection is closed.
    #[schemars(range(min = 65_536, max = 1_073_741_824), extend("x-unit" = "bytes", "x-reload" = "restart-adaptor"))]
    pub write_buffer_bytes: u32,
}

impl Default for TimerSettings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            session_init: seconds(5),
            enquire_link: seconds(30),
            inactivity: seconds(0),
            response: seconds(30),
            answer: seconds(20),
            unbind: seconds(5),
            throttled: seconds(60),
            receipt: seconds(60),
            receipt_answer: seconds(1),
            bind_refusal: seconds(1),
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            sessions: 10_000,
            unbound: 1_000,
            pdu_bytes: 66_560,
            refused_binds: 10,
            upstream_ids: 10_000_000,
            receipts: 10_000,
            waiting: 2_000_000,
            write_buffer_bytes: 8 * 1024 * 1024,
        }
    }
}

impl TimerSettings {
    pub(super) fn verify(&self) -> Result<(), SettingsError> {
        let hour = Duration::from_secs(3_600);
        for (key, time) in [
            ("session_init", self.session_init),
            ("response", self.response),
            ("answer", self.answer),
            ("unbind", self.unbind),
            ("throttled", self.throttled),
            ("receipt", self.receipt),
            ("receipt_answer", self.receipt_answer),
        ] {
            if time.is_zero() || time > hour {
                let key = format!("timers.{key}");
                return wrong(&key, "must be more than zero, an hour at most");
            }
        }
        if self.enquire_link > hour {
            return wrong(
                "timers.enquire_link",
                "must be an hour at most, or `0s` for never",
            );
        }
        if self.inactivity > 168 * hour {
            return wrong(
                "timers.inactivity",
                "must be a week at most, or `0s` for ever",
            );
        }
        if self.bind_refusal >= self.session_init {
            return wrong("timers.bind_refusal", "must be shorter than `session_init`");
        }
        if self.receipt_answer >= self.answer {
            return wrong("timers.receipt_answer", "must be shorter than `answer`");
        }
        Ok(())
    }

    pub(in crate::ra) fn of_sessions(&self) -> session::Timers {
        session::Timers {
            init: ms(self.session_init),
            enquire: ms(self.enquire_link),
            inactivity: ms(self.inactivity),
            response: ms(self.response),
            drain: ms(self.unbind),
            answer: ms(self.answer),
            ..session::Timers::default()
        }
    }
}

/// A time in milliseconds.
pub(in crate::ra) fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
