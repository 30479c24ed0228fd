//! The applications, typed: getters on events, views of their groups, and writers of messages.
//!
//! Each application is a table, one line per AVP. A getter reads the AVP in the message when it is asked for; nothing is
//! decoded before and nothing is copied. What an application does not name is in `extra()`, and the whole in `message()`.
//! An AVP that is there but not a value of its format reads as absent: full validation answers those before they get here.

#[macro_use]
mod typed;
pub mod base;
pub mod charging;
pub mod credit;
pub mod cx;
pub mod gx;
pub mod rx;
pub mod s6a;
pub mod sh;
pub mod slh;

use std::marker::PhantomData;

use super::message::{Answered, Incoming};
use crate::proto::dict::{AvpDef, Dictionary, Member};
use crate::proto::wire::{Avp, AvpBuf, Avps, Message, Value};

/// Writes the AVPs of a message or group; `V` is the view that reads them.
#[derive(Debug)]
pub struct Writer<'w, V> {
    avps: &'w mut AvpBuf,
    view: PhantomData<fn() -> V>,
}

impl<'w, V> Writer<'w, V> {
    /// Writes into `avps`.
    #[must_use]
    pub const fn new(avps: &'w mut AvpBuf) -> Self {
        Self {
            avps,
            view: PhantomData,
        }
    }

    /// Writes an AVP that the application does not name.
    pub fn avp(&mut self, def: &AvpDef, value: impl Value) -> &mut Self {
        self.avps.avp(def, value);
        self
    }

    /// Writes a Grouped AVP that the application does not name.
    pub fn group(&mut self, def: &AvpDef, fill: impl FnOnce(&mut AvpBuf)) -> &mut Self {
        self.avps.group(def, fill);
        self
    }

    /// Copies an AVP as it stands elsewhere.
    pub fn raw(&mut self, avp: Avp<'_>) -> &mut Self {
        self.avps.raw(avp);
        self
    }
}

impl Incoming {
    /// The top-level AVPs that the definition of the command in its application does not name.
    pub fn extra(&self) -> impl Iterator<Item = Avp<'_>> {
        extra(self.message())
    }
}

impl Answered {
    /// The top-level AVPs that the definition of the command in its application does not name.
    pub fn extra(&self) -> impl Iterator<Item = Avp<'_>> {
        extra(self.message())
    }
}

fn extra(message: &Message) -> impl Iterator<Item = Avp<'_>> {
    static STANDARD: Dictionary = Dictionary::standard();
    let header = message.header();
    let members = match STANDARD.command(header.application, header.command) {
        Some(command) if header.is_request() => command.request,
        Some(command) => command.answer,
        None => &[],
    };
    others(message.avps(), members)
}

/// Those of `avps` that no member of a definition names.
fn others<'a>(
    avps: Avps<'a>,
    members: &'static [Member],
) -> impl Iterator<Item = Avp<'a>> + use<'a> {
    avps.filter(move |avp| !members.iter().any(|member| avp.is(member.avp)))
}
