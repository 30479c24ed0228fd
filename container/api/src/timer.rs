//! Timers: set on an activity context, durable with it, fired as events (R-TM).

use crate::address::Address;
use crate::event::Event;
use crate::id::{Component, TimerId};
use crate::time::Wall;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a timer carries, and what tells it from others: a handler takes `&Timer<NoAnswer>`.
///
/// Any event can be a tag: `#[derive(Clone, Debug, Event)] struct NoAnswer;`.
pub trait TimerTag: Event + Clone {}

impl<T: Event + Clone> TimerTag for T {}

/// Which occurrences of a periodic timer are fired when they could not be fired in time (R-TM-06).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum PreserveMissed {
    /// Late occurrences are dropped.
    None,
    /// Every occurrence is fired, however late.
    All,
    /// Of a run of late occurrences only the most recent is fired.
    #[default]
    Last,
}

/// How a timer runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TimerOptions {
    /// First expiry. In the past: the first event comes right after commit (R-TM-03).
    pub first: Wall,
    /// Time between expiries; `None` for a one-shot timer.
    pub period: Option<Duration>,
    /// Number of expiries; 0 means for ever. Ignored for a one-shot timer.
    pub repetitions: u32,
    /// Lateness from which an occurrence counts as missed; zero stands for the configured default. Never above the period.
    pub timeout: Duration,
    /// What becomes of missed occurrences.
    pub preserve_missed: PreserveMissed,
    /// Default address of the timer's events.
    pub address: Option<Address>,
}

impl TimerOptions {
    /// Once, at `first`.
    #[must_use]
    pub fn once(first: Wall) -> Self {
        Self {
            first,
            period: None,
            repetitions: 1,
            timeout: Duration::ZERO,
            preserve_missed: PreserveMissed::Last,
            address: None,
        }
    }
    /// Every `period` from `first` on, `repetitions` times (0: for ever).
    #[must_use]
    pub fn periodic(first: Wall, period: Duration, repetitions: u32) -> Self {
        Self {
            period: Some(period),
            repetitions,
            ..Self::once(first)
        }
    }
}

/// The event of a timer that expired (R-TM-04, R-TM-07).
///
/// Its bytes are the tag's followed by the expiry's, so that the kernel, which keeps a tag as bytes, makes the event
/// without knowing `T`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "T: Serialize + DeserializeOwned")]
pub struct Timer<T> {
    /// What the timer was set with.
    pub tag: T,
    /// Facts of this expiry.
    pub expiry: Expiry,
}

/// One expiry of a timer (R-TM-07).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Expiry {
    /// The timer.
    pub id: TimerId,
    /// When it should have fired.
    pub scheduled: Wall,
    /// When it did.
    pub actual: Wall,
    /// As set; `None` for a one-shot timer.
    pub period: Option<Duration>,
    /// As set; 0 means for ever, 1 is a one-shot timer.
    pub repetitions: u32,
    /// Expiries still to come; `u32::MAX` when it runs for ever.
    pub remaining: u32,
    /// Occurrences dropped since the previous event of this timer.
    pub missed: u32,
}

impl<T: TimerTag> Event for Timer<T> {
    const TYPE: Component = Component {
        name: T::TYPE.name,
        vendor: T::TYPE.vendor,
        version: "timer",
    };
}
