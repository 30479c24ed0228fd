//! The user agent's outputs, carried out in their order.

use bytes::Bytes;
use strowger::activity::{Activity, Handle};
use strowger::address::Address;
use strowger::event::{Event, FireOptions};
use strowger::id::{ActivityId, Slot};
use strowger::ra::{ActivityFlags, FireFlags, ListenerIx, Offence, RaCx};

use super::{Core, end, names, recorded};
use crate::api::{
    Ack, Bye, Cancel, Dialog, Extension, Forked, Info, Invite, Message, NoAck, Notify, Options,
    Prack, Publish, ReInvite, Refer, Register, Request, Response, ServerTx, SessionExpired,
    SessionRefreshRequired, Subscribe, Unreached, Update,
};
use crate::proto::flow::{Transmit, Transport};
use crate::proto::slab::Key;
use crate::proto::time::Ms;
use crate::proto::ua::{Branch, Output};
use crate::proto::wire;
use crate::proto::wire::Method;

/// Activities whose requests nobody refers to are answered.
const FLAGS: ActivityFlags = ActivityFlags {
    report_end: false,
    report_unreferenced: true,
};

impl Core {
    pub(super) fn drain(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        while let Some(output) = self.ua.poll() {
            self.carry_out(cx, now, output);
        }
        let counts = self.ua.take_counts();
        if counts.unreadable > 0
            && let Some((source, proven)) = self.from
        {
            cx.offence(source, Offence::Malformed, proven);
        }
        for (name, n) in [
            ("sip.unreadable", counts.unreadable),
            ("sip.refused", counts.refused),
            ("sip.urgent", counts.urgent),
            ("sip.stray_responses", counts.stray),
            ("sip.unresolved", counts.unresolved),
            ("sip.failovers", counts.failovers),
            ("sip.provisionals_dropped", counts.provisionals_dropped),
            (
                "sip.provisionals_unacknowledged",
                counts.provisionals_unacknowledged,
            ),
            ("sip.answers_missing", counts.answers_missing),
            ("sip.sessions_expired", counts.sessions_expired),
            ("sip.forks", counts.forks),
            ("sip.forks_beyond", counts.forks_beyond),
        ] {
            if n > 0 {
                cx.count(name, n);
            }
        }
    }

    fn carry_out(&mut self, cx: &mut RaCx<'_>, now: Ms, output: Output) {
        match output {
            Output::Send(transmit) => self.send(cx, now, transmit),
            Output::Resolve { token, question } => names::ask(cx, token, question),
            Output::Call {
                dialog,
                tx,
                slot,
                flow,
                request,
            } => {
                let call = Request::new(request, tx.to_u64(), flow);
                self.call(cx, now, dialog, tx, slot, call);
            }
            Output::Request {
                tx,
                slot,
                flow,
                request,
            } => self.alone_came(cx, now, tx, slot, Request::new(request, tx.to_u64(), flow)),
            Output::InDialog {
                activity,
                tx,
                flow,
                request,
            } => {
                let request = Request::new(request, tx.map_or(u64::MAX, Key::to_u64), flow);
                self.request(cx, now, id(activity), tx, request, FireOptions::default());
            }
            Output::Cancel {
                activity,
                tx,
                flow,
                request,
            } => {
                let cancel = Request::new(request, tx.to_u64(), flow);
                self.cancel(cx, now, activity, tx, cancel);
            }
            Output::Response {
                activity,
                link,
                response,
                local,
            } => {
                let response = Response::new(response, link.map(Key::to_u64), local);
                self.tell(cx, now, activity, response);
            }
            Output::Forked(branch) => self.forked(cx, now, branch),
            Output::Unreached {
                activity,
                tx,
                status,
                response,
                statuses,
            } => self.ask(cx, now, id(activity), tx, (status, response, statuses)),
            Output::NoAck { activity } => self.tell(cx, now, activity, NoAck),
            Output::SessionRefresh { activity } => {
                self.tell(cx, now, activity, SessionRefreshRequired);
            }
            Output::SessionExpired { activity } => self.tell(cx, now, activity, SessionExpired),
            Output::Save { dialog, activity } => self.save(cx, now, dialog, id(activity)),
            Output::SaveSubscription {
                subscription,
                activity,
            } => self.save_subscription(cx, now, subscription, id(activity)),
            Output::Closing { activity } => Self::note_closing(cx, id(activity)),
            Output::Ended { activity } => end(cx, id(activity)),
        }
    }

    fn cancel(&mut self, cx: &mut RaCx<'_>, now: Ms, activity: u64, tx: Key, cancel: Request) {
        let options = FireOptions::default();
        self.fired(cx, now, id(activity), Cancel(cancel), options, Some(tx));
    }

    /// Fires an event that asks for nothing.
    fn tell<E: Event>(&mut self, cx: &mut RaCx<'_>, now: Ms, activity: u64, event: E) {
        self.fired(cx, now, id(activity), event, FireOptions::default(), None);
    }

    fn send(&mut self, cx: &mut RaCx<'_>, now: Ms, transmit: Transmit) {
        if !self.aside {
            recorded::leaves(cx, &transmit.flow, &transmit.bytes);
        }
        match transmit.flow.transport {
            Transport::Udp => {
                cx.datagram(
                    ListenerIx(transmit.flow.listener),
                    transmit.flow.peer,
                    transmit.bytes,
                );
            }
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                if let Err(transmit) = self.streams.send(cx, transmit) {
                    self.ua.send_failed(now, &transmit);
                }
            }
        }
    }

    fn call(&mut self, cx: &mut RaCx<'_>, now: Ms, dialog: Key, tx: Key, slot: u8, call: Request) {
        cx.new_work(call.flow().peer().ip());
        if !cx.has_receiver::<Invite>() {
            let _ = self.ua.respond_unserved(now, tx);
            return;
        }
        match cx.start_activity::<Dialog>(Slot(slot), FLAGS, dialog.to_u64()) {
            Ok(activity) => {
                self.ua.bind(dialog, activity.raw());
                recorded::activity(cx, activity, call.message());
                let options = address(call.message());
                self.fired(cx, now, activity, Invite(call), options, Some(tx));
            }
            Err(_) => {
                let _ = self.ua.respond_failed(now, tx, 503);
            }
        }
    }

    /// A branch of a forked INVITE gets its activity beside that of the first, where it is told of.
    fn forked(&mut self, cx: &mut RaCx<'_>, now: Ms, branch: Branch) {
        let original = id(branch.original);
        match cx.start_activity::<Dialog>(original.slot(), FLAGS, branch.dialog.to_u64()) {
            Ok(activity) => {
                self.ua.bind(branch.dialog, activity.raw());
                recorded::activity(cx, activity, &branch.response);
                let link = branch.link.map(Key::to_u64);
                let event = Forked {
                    dialog: Handle::from_id(activity),
                    response: Response::new(branch.response, link, false),
                };
                self.tell(cx, now, branch.original, event);
            }
            Err(_) => self.ua.rejoin(now, branch),
        }
    }

    fn alone_came(&mut self, cx: &mut RaCx<'_>, now: Ms, tx: Key, slot: u8, request: Request) {
        cx.new_work(request.flow().peer().ip());
        let Some(activity) = self.start::<ServerTx>(cx, now, slot, tx) else {
            return;
        };
        self.ua.bind_request(tx, activity.raw());
        recorded::activity(cx, activity, request.message());
        let options = address(request.message());
        self.request(cx, now, activity, Some(tx), request, options);
    }

    /// Asks the service of a proxied request what is to be done; without an answer the best response goes back.
    fn ask(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        tx: Key,
        (status, response, statuses): (u16, Option<Box<wire::Message>>, Vec<u16>),
    ) {
        let event = Unreached {
            request: tx.to_u64(),
            status,
            response: response.map(|message| Response::new(message, None, false)),
            statuses,
        };
        let flags = FireFlags {
            report_done: true,
            report_unreferenced: false,
        };
        let fired = match cx.has_receiver::<Unreached>() {
            true => cx
                .fire_with(activity, event, FireOptions::default(), flags)
                .ok(),
            false => None,
        };
        match fired {
            Some(number) => {
                self.asked.insert(number, tx);
            }
            None => self.ua.nothing_more(now, tx),
        }
    }

    fn start<A: Activity>(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        slot: u8,
        tx: Key,
    ) -> Option<ActivityId> {
        let started = cx.start_activity::<A>(Slot(slot), FLAGS, tx.to_u64());
        if started.is_err() {
            let _ = self.ua.respond_failed(now, tx, 503);
        }
        started.ok()
    }

    /// Fires a request as the event of its method; what no service receives is answered instead (R-RP-07).
    fn request(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        tx: Option<Key>,
        request: Request,
        options: FireOptions,
    ) {
        macro_rules! fire {
            ($event:ident) => {
                if cx.has_receiver::<$event>() {
                    self.fired(cx, now, activity, $event(request), options, tx);
                } else if let Some(tx) = tx {
                    let _ = self.ua.respond_unserved(now, tx);
                }
            };
        }
        match request.method() {
            Method::Invite => fire!(ReInvite),
            Method::Ack => fire!(Ack),
            Method::Bye => fire!(Bye),
            Method::Options => fire!(Options),
            Method::Info => fire!(Info),
            Method::Message => fire!(Message),
            Method::Update => fire!(Update),
            Method::Register => fire!(Register),
            Method::Prack => fire!(Prack),
            Method::Subscribe => fire!(Subscribe),
            Method::Notify => fire!(Notify),
            Method::Refer => fire!(Refer),
            Method::Publish => fire!(Publish),
            Method::Cancel | Method::Other(_) => fire!(Extension),
        }
    }
}

fn id(activity: u64) -> ActivityId {
    ActivityId::from_raw(activity)
}

/// The default address of an initial event: the Request-URI (R-EV-05).
fn address(request: &wire::Message) -> FireOptions {
    let text = request
        .uri_raw()
        .and_then(|uri| std::str::from_utf8(uri).ok());
    let address = text.and_then(|text| Address::uri(text).ok());
    FireOptions {
        address,
        service: None,
    }
}

impl Core {
    /// A message in the place of one that the peer would have sent.
    pub(super) fn fire_local(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        bytes: Bytes,
        link: Option<Key>,
    ) {
        if let Ok(message) = wire::Message::parse(bytes, &wire::Limits::DEFAULT) {
            let event = Response::new(Box::new(message), link.map(Key::to_u64), true);
            self.fired(cx, now, activity, event, FireOptions::default(), None);
        }
    }
}
