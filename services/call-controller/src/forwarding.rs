//! Brings calls to a subscriber's phones, or to where he has them sent, as a proxy.

use strowger::prelude::*;
use strowger_sip::{self as sip, Dialog, Fork, Sip, Target};

use crate::called::{Handled, Handling, pick, subscriber, untaken};
use crate::settings::dressed;
use crate::{ForwardingSettings, Subscriber};

/// One call, while it is not known whether the subscriber's phones take it.
#[derive(Debug, Default, State)]
pub struct Forwarding {
    /// Where it goes if they do not.
    untaken: Option<String>,
}

#[sbb(
    name = "call-forwarding",
    vendor = "strowger",
    version = "1.0",
    aliases(Handled)
)]
impl Forwarding {
    fn calls(sel: &mut Selector) {
        let conf = sel.conf::<ForwardingSettings>();
        pick(sel, |domain| conf.is_some_and(|conf| conf.serves(domain)));
    }

    #[on(initial, select = Self::calls)]
    fn invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        Aci(call): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<ForwardingSettings>,
        #[table("subscribers")] subscribers: Table<Subscriber>,
    ) -> Result {
        if cx.get::<Handled>(call)? == Handling::Open
            && let Some(subscriber) = subscriber(cx, ev, subscribers)?
            && let Some((fork, handling)) = self.way(cx, &subscriber, ev, *sip, &conf)?
        {
            cx.set::<Handled>(call, &handling)?;
            sip.proxy(cx, ev, fork)?;
        }
        if self.untaken.is_none() {
            cx.detach(call);
        }
        Ok(())
    }

    /// The phones did not take it.
    #[on]
    fn unreached(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Unreached,
        Aci(call): Aci<Dialog>,
        sip: Ra<Sip>,
    ) -> Result {
        if untaken(ev).is_none() || cx.get::<Handled>(call)? != Handling::Ringing {
            return Ok(());
        }
        match self.untaken.take() {
            Some(place) => {
                cx.set::<Handled>(call, &Handling::Forwarded)?;
                sip.proxy_on(cx, ev, Fork::to(Target::parse(&place)?))
            }
            None => Ok(()),
        }
    }
}

impl Forwarding {
    /// Where a call goes, and what was done with it then. `None`: nowhere from here.
    fn way(
        &mut self,
        cx: &Cx<'_>,
        subscriber: &Subscriber,
        ev: &sip::Invite,
        sip: Sip,
        conf: &ForwardingSettings,
    ) -> Result<Option<(Fork, Handling)>> {
        let phones = sip.contacts(cx, ev.uri());
        let place = match &subscriber.forward_to {
            Some(place) => Some((place, 302)),
            None if phones.is_empty() => subscriber.forward_untaken.as_ref().map(|to| (to, 480)),
            None => None,
        };
        if let Some((place, cause)) = place {
            let fork = Fork::to(Target::parse(place)?)
                .record_route(true)
                .bound(true);
            let fork = sip::history(ev, place.as_bytes(), Some(cause)).on_fork(fork);
            return Ok(Some((
                dressed(ev, fork, &conf.trusted),
                Handling::Forwarded,
            )));
        }
        if phones.is_empty() {
            return Ok(None);
        }
        self.untaken.clone_from(&subscriber.forward_untaken);
        let is_wanted = self.untaken.is_some() || subscriber.takes_messages().is_some();
        let phones = phones.iter().map(|phone| phone.target());
        let fork = phones.fold(Fork::default(), Fork::and);
        let fork = fork.record_route(true).bound(true).ask(is_wanted);
        let fork = fork.patience(conf.ringing);
        Ok(Some((dressed(ev, fork, &conf.trusted), Handling::Ringing)))
    }
}
