//! Hands calls that nobody took over to the subscriber's mailbox.

use strowger::prelude::*;
use strowger_sip::{self as sip, Dialog};

use crate::called::{Handled, Handling, pick, subscriber, untaken};
use crate::{Mailbox, Settings, Subscriber};

/// One call, while the mailbox may still get it.
#[derive(Debug, Default, State)]
pub struct VoiceMail {
    /// The subscriber's mailbox and address, while his phones ring.
    waiting: Option<(String, String)>,
}

#[sbb(
    name = "voice-mail",
    vendor = "strowger",
    version = "1.0",
    priority = -50,
    children(Mailbox = -50),
    aliases(Handled)
)]
impl VoiceMail {
    fn calls(sel: &mut Selector) {
        let conf = sel.conf::<Settings>();
        pick(sel, |domain| conf.is_some_and(|conf| conf.serves(domain)));
    }

    #[on(initial, select = Self::calls)]
    fn invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        Aci(call): Aci<Dialog>,
        #[table("subscribers")] subscribers: Table<Subscriber>,
    ) -> Result {
        let subscriber = subscriber(cx, ev, subscribers)?;
        let mailbox = subscriber.as_ref().and_then(|subscriber| {
            let mailbox = subscriber.takes_messages()?;
            Some((mailbox.to_owned(), subscriber.address.clone()))
        });
        match (mailbox, cx.get::<Handled>(call)?) {
            (Some((mailbox, owner)), Handling::Open) => Self::hand_over(cx, call, &mailbox, &owner),
            (Some(mailbox), Handling::Ringing) => {
                self.waiting = Some(mailbox);
                Ok(())
            }
            _ => {
                cx.detach(call);
                Ok(())
            }
        }
    }

    /// The phones did not take it, and nobody of higher priority has sent it anywhere else.
    #[on]
    fn unreached(&mut self, cx: &mut Cx, ev: &sip::Unreached, Aci(call): Aci<Dialog>) -> Result {
        if untaken(ev).is_none() || cx.get::<Handled>(call)? != Handling::Ringing {
            return Ok(());
        }
        match self.waiting.take() {
            Some((mailbox, owner)) => Self::hand_over(cx, call, &mailbox, &owner),
            None => Ok(()),
        }
    }
}

impl VoiceMail {
    fn hand_over(cx: &mut Cx<'_>, call: Handle<Dialog>, mailbox: &str, owner: &str) -> Result {
        cx.set::<Handled>(call, &Handling::HandedOver)?;
        let child = cx.create::<Mailbox>()?;
        cx.call(child, |child, _| {
            child.open(mailbox, owner);
            Ok(())
        })?;
        cx.attach_entity(child, call);
        Ok(())
    }
}
