//! What a subscriber's exchange does with a call to him: three services that hear of one INVITE, one after the other by their
//! priorities. [`blocking`] (100) refuses callers whom he does not want, [`forwarding`] (0) brings the call to his phones or to
//! where he has it sent, [`voice_mail`] (-50) hands over what nobody took.
//!
//! None of them knows the others. What one has done with the call stands on the call itself, in an attribute that all three
//! know by its alias ([`Handled`]); what a subscriber wants stands in the profile table `subscribers` ([`Subscriber`]).
#![forbid(unsafe_code)]

mod blocking;
mod called;
mod forwarding;
mod mailbox;
mod settings;
mod subscriber;
mod voice_mail;

pub use blocking::Blocking;
pub use called::{Handled, Handling};
pub use forwarding::Forwarding;
pub use mailbox::Mailbox;
pub use settings::{ForwardingSettings, Settings};
pub use subscriber::Subscriber;
pub use voice_mail::VoiceMail;

use strowger::prelude::*;

/// Refuses callers whom the called subscriber does not want. Priority 100.
#[must_use]
pub fn blocking() -> ServiceDef {
    ServiceDef::of::<Blocking>().settings::<Settings>()
}

/// Brings calls to a subscriber's phones, or to where he has them sent. Priority 0.
#[must_use]
pub fn forwarding() -> ServiceDef {
    ServiceDef::of::<Forwarding>().settings::<ForwardingSettings>()
}

/// Hands calls that nobody took over to the subscriber's mailbox. Priority -50.
#[must_use]
pub fn voice_mail() -> ServiceDef {
    ServiceDef::of::<VoiceMail>().settings::<Settings>()
}
