//! A call on its way to a mailbox: the child of whoever hands it over.

use std::fmt::Write as _;

use strowger::prelude::*;
use strowger_sip::{self as sip, Dialog, Fork, Sip, Target};

use crate::called::untaken;
use crate::settings::{Settings, dressed};

/// One call on its way. It does its part with the event that its parent makes it in, which it gets after its parent.
#[derive(Debug, Default, State)]
pub struct Mailbox {
    /// Its URI.
    place: String,
    /// Whose it is: an address of record.
    owner: String,
    /// What the caller is told if it does not take the call: once it was tried.
    refusal: Option<u16>,
}

/// The subscriber has no phone that could be reached.
const UNAVAILABLE: u16 = 480;

#[sbb(name = "mailbox", vendor = "strowger", version = "1.0")]
impl Mailbox {
    /// A call that nobody was tried for.
    #[on]
    fn invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        _: Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.refusal = Some(UNAVAILABLE);
        let place = self.target(404);
        let fork = Fork::to(Target::parse(&place)?)
            .record_route(true)
            .bound(true);
        let fork = sip::history(ev, place.as_bytes(), Some(404)).on_fork(fork);
        sip.proxy(cx, ev, dressed(ev, fork.ask(true), &conf.trusted))
    }

    /// The phones did not take the call, or the mailbox itself did not: then the caller is told what came of the phones.
    #[on]
    fn unreached(&mut self, cx: &mut Cx, ev: &sip::Unreached, sip: Ra<Sip>) -> Result {
        if let Some(status) = self.refusal {
            return sip.respond_to(cx, ev.request(), status);
        }
        let (cause, refusal) = match untaken(ev) {
            Some(486) => (486, 486),
            Some(408 | 487) => (408, UNAVAILABLE),
            Some(430 | 503) => (503, UNAVAILABLE),
            _ => (480, UNAVAILABLE),
        };
        self.refusal = Some(refusal);
        sip.proxy_on(cx, ev, Fork::to(Target::parse(&self.target(cause))?))
    }
}

impl Mailbox {
    /// Says which mailbox, and whose. It is tried with the event that is being delivered, if the mailbox is attached to the call.
    pub fn open(&mut self, place: &str, owner: &str) {
        place.clone_into(&mut self.place);
        owner.clone_into(&mut self.owner);
    }

    /// Its URI with what it wants to know (RFC 4458): whose call it was, and why it comes.
    fn target(&self, cause: u16) -> String {
        format!(
            "{};target={};cause={cause}",
            self.place,
            escaped(&self.owner)
        )
    }
}

/// As the value of a parameter of a URI (RFC 3261 25.1).
fn escaped(address: &str) -> String {
    let mut out = String::with_capacity(address.len() + 8);
    for byte in address.bytes() {
        match byte {
            // An address of record has its escapes already.
            byte if byte.is_ascii_alphanumeric() || b"%-_.!~*'()[]/:&+$".contains(&byte) => {
                out.push(char::from(byte));
            }
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
