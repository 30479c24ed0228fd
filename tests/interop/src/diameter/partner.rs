//! What the Diameter runs talk to: every request is answered with success, and orders are carried out.
//!
//! An order is an event CCR (CC-Request-Type 4) with Service-Context-Id `order` and User-Name `WHAT COUNT WINDOW REALM
//! [HOST]`: so many of WHAT are done with that realm, WINDOW at a time, and then the order is answered, 2001 if all went
//! well, else 5012 with what went wrong in Error-Message; of events it says how long they took. WHAT is `ccr` (I, U and T), `event`, `hold` (I; U when a RAR comes, then T),
//! `acr`, `udr`, `snr`, `ulr` or `uar`. A CCR with Service-Context-Id `reauth` gets a RAR after its answer;
//! one with `panic` makes the handler panic, one with `silent` is not answered, and one with `answer CODE` is answered so.

use super::times;
use strowger::prelude::*;
use strowger_diameter::proto::dict::base::*;
use strowger_diameter::proto::dict::{AvpDef, Kind, VENDOR_3GPP};
use strowger_diameter::proto::wire::Avp;
use strowger_diameter::{
    self as dia, Answered, Diameter, Incoming, Outgoing, RequestId, SessionTo,
};

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Partner>()
}

/// One conversation, or one order and all that is done for it.
#[derive(Debug, Default, State)]
pub struct Partner {
    order: Option<Order>,
}

/// What is being done.
#[derive(Debug, State)]
struct Order {
    from: RequestId,
    what: String,
    realm: String,
    host: Option<String>,
    /// Not begun yet.
    left: u32,
    /// Begun and not over.
    running: u32,
    done: u32,
    failed: u32,
    /// What went wrong first.
    why: String,
}

const CREDIT: u32 = 4;
const ACCOUNTING: u32 = 3;
const CX: u32 = 16_777_216;
const SH: u32 = 16_777_217;
const S6A: u32 = 16_777_251;

// Described here again, so that what goes out does not depend on the tables that it proves.
const CC_REQUEST_NUMBER: AvpDef = AvpDef::new(415, 0, "CC-Request-Number", Kind::Unsigned32);
const CC_REQUEST_TYPE: AvpDef = AvpDef::new(416, 0, "CC-Request-Type", Kind::Unsigned32);
const CC_TIME: AvpDef = AvpDef::new(420, 0, "CC-Time", Kind::Unsigned32);
const GRANTED: AvpDef = AvpDef::new(431, 0, "Granted-Service-Unit", Kind::Grouped);
const RATING_GROUP: AvpDef = AvpDef::new(432, 0, "Rating-Group", Kind::Unsigned32);
const REQUESTED_ACTION: AvpDef = AvpDef::new(436, 0, "Requested-Action", Kind::Unsigned32);
const REQUESTED: AvpDef = AvpDef::new(437, 0, "Requested-Service-Unit", Kind::Grouped);
const USED: AvpDef = AvpDef::new(446, 0, "Used-Service-Unit", Kind::Grouped);
const SERVICES: AvpDef = AvpDef::new(456, 0, "Multiple-Services-Credit-Control", Kind::Grouped);
const CONTEXT: AvpDef = AvpDef::new(461, 0, "Service-Context-Id", Kind::Utf8String);
const RECORD_TYPE: AvpDef = AvpDef::new(480, 0, "Accounting-Record-Type", Kind::Unsigned32);
const RECORD_NUMBER: AvpDef = AvpDef::new(485, 0, "Accounting-Record-Number", Kind::Unsigned32);
const PUBLIC_IDENTITY: AvpDef = of_3gpp(601, "Public-Identity", Kind::Utf8String);
const VISITED_NETWORK: AvpDef = of_3gpp(600, "Visited-Network-Identifier", Kind::OctetString);
const USER_IDENTITY: AvpDef = of_3gpp(700, "User-Identity", Kind::Grouped);
const USER_DATA: AvpDef = of_3gpp(702, "User-Data", Kind::OctetString);
const DATA_REFERENCE: AvpDef = of_3gpp(703, "Data-Reference", Kind::Unsigned32);
const SUBS_REQ_TYPE: AvpDef = of_3gpp(705, "Subs-Req-Type", Kind::Unsigned32);
const RAT_TYPE: AvpDef = of_3gpp(1032, "RAT-Type", Kind::Unsigned32);
const ULR_FLAGS: AvpDef = of_3gpp(1405, "ULR-Flags", Kind::Unsigned32);
const ULA_FLAGS: AvpDef = of_3gpp(1406, "ULA-Flags", Kind::Unsigned32);
const VISITED_PLMN: AvpDef = of_3gpp(1407, "Visited-PLMN-Id", Kind::OctetString);
const CANCELLATION_TYPE: AvpDef = of_3gpp(1420, "Cancellation-Type", Kind::Unsigned32);

const fn of_3gpp(code: u32, name: &'static str, kind: Kind) -> AvpDef {
    AvpDef::new(code, VENDOR_3GPP, name, kind)
}

const SUBSCRIBER: &str = "sip:alice@ims.example";
const IMSI: &str = "001010123456789";
const DOCUMENT: &[u8] = b"<?xml version=\"1.0\"?><Sh-Data/>";

#[sbb(name = "partner", vendor = "strowger", version = "1.0")]
impl Partner {
    #[on(initial)]
    fn ccr(
        &mut self,
        cx: &mut Cx,
        ev: &dia::CreditControlRequest,
        Aci(session): Aci<dia::Session>,
        diameter: Ra<Diameter>,
    ) -> Result {
        let context = text(ev, &CONTEXT);
        if context == "order" {
            return self.ordered(cx, ev, *diameter);
        }
        assert_ne!(context, "panic", "as the probe has asked");
        if context == "silent" {
            return Ok(());
        }
        let result = context.strip_prefix("answer ").and_then(|n| n.parse().ok());
        let mut answer = Outgoing::answer(result.unwrap_or(2001))
            .opt(&CC_REQUEST_TYPE, number(ev, &CC_REQUEST_TYPE))
            .opt(&CC_REQUEST_NUMBER, number(ev, &CC_REQUEST_NUMBER));
        for service in ev.message().all(&SERVICES) {
            answer = answer.group(&SERVICES, |granted| {
                granted.group(&GRANTED, |units| {
                    units.avp(&CC_TIME, 60_u32);
                });
                granted.opt(&RATING_GROUP, within(service, &RATING_GROUP));
                granted.avp(&RESULT_CODE, 2001_u32);
            });
        }
        diameter.answer(cx, ev, answer)?;
        if context == "reauth" && number(ev, &CC_REQUEST_NUMBER) == Some(0) {
            let rar = Outgoing::extension(258, CREDIT).avp(&RE_AUTH_REQUEST_TYPE, 0);
            diameter.send(cx, session, rar)?;
        }
        Ok(())
    }

    #[on]
    fn raa(&mut self, _cx: &mut Cx, _ev: &dia::ReAuthAnswer) {}

    #[on(initial)]
    fn acr(
        &mut self,
        cx: &mut Cx,
        ev: &dia::AccountingRequest,
        _: Aci<dia::Session>,
        diameter: Ra<Diameter>,
    ) -> Result {
        let answer = Outgoing::answer(2001)
            .opt(&RECORD_TYPE, number(ev, &RECORD_TYPE))
            .opt(&RECORD_NUMBER, number(ev, &RECORD_NUMBER));
        diameter.answer(cx, ev, answer)
    }

    #[on(initial)]
    fn udr(&mut self, cx: &mut Cx, ev: &dia::UserDataRequest, diameter: Ra<Diameter>) -> Result {
        diameter.answer(cx, ev, Outgoing::answer(2001).avp(&USER_DATA, DOCUMENT))
    }

    #[on(initial)]
    fn snr(
        &mut self,
        cx: &mut Cx,
        ev: &dia::SubscribeNotificationsRequest,
        diameter: Ra<Diameter>,
    ) -> Result {
        diameter.answer(cx, ev, Outgoing::answer(2001))?;
        let notification = back(ev, 309, SH)
            .group(&USER_IDENTITY, |user| {
                user.avp(&PUBLIC_IDENTITY, SUBSCRIBER);
            })
            .avp(&USER_DATA, DOCUMENT);
        diameter.request(cx, notification).map(drop)
    }

    #[on(initial)]
    fn ulr(
        &mut self,
        cx: &mut Cx,
        ev: &dia::UpdateLocationRequest,
        diameter: Ra<Diameter>,
    ) -> Result {
        diameter.answer(cx, ev, Outgoing::answer(2001).avp(&ULA_FLAGS, 1_u32))?;
        let cancel = named(back(ev, 317, S6A), S6A)
            .avp(&USER_NAME, IMSI)
            .avp(&CANCELLATION_TYPE, 0_u32);
        diameter.request(cx, cancel).map(drop)
    }

    #[on(initial)]
    fn uar(
        &mut self,
        cx: &mut Cx,
        ev: &dia::UserAuthorizationRequest,
        diameter: Ra<Diameter>,
    ) -> Result {
        diameter.answer(cx, ev, Outgoing::answer(2001))
    }

    #[on(initial)]
    fn pnr(
        &mut self,
        cx: &mut Cx,
        ev: &dia::PushNotificationRequest,
        diameter: Ra<Diameter>,
    ) -> Result {
        diameter.answer(cx, ev, Outgoing::answer(2001))
    }

    #[on(initial)]
    fn clr(
        &mut self,
        cx: &mut Cx,
        ev: &dia::CancelLocationRequest,
        diameter: Ra<Diameter>,
    ) -> Result {
        diameter.answer(cx, ev, Outgoing::answer(2001))
    }

    #[on]
    fn rar(
        &mut self,
        cx: &mut Cx,
        ev: &dia::ReAuthRequest,
        Aci(session): Aci<dia::Session>,
        diameter: Ra<Diameter>,
    ) -> Result {
        diameter.answer(cx, ev, Outgoing::answer(2002))?;
        diameter.send(cx, session, credit_control(2))
    }

    #[on]
    fn asr(
        &mut self,
        cx: &mut Cx,
        ev: &dia::AbortSessionRequest,
        diameter: Ra<Diameter>,
    ) -> Result {
        diameter.answer(cx, ev, Outgoing::answer(2001))
    }

    #[on]
    fn cca(
        &mut self,
        cx: &mut Cx,
        ev: &dia::CreditControlAnswer,
        Aci(session): Aci<dia::Session>,
        diameter: Ra<Diameter>,
    ) -> Result {
        let holds = self
            .order
            .as_ref()
            .is_some_and(|order| order.what == "hold");
        let since = ev.tag() >> 2;
        if since > 0 {
            times::note((micros(cx) + 1).saturating_sub(since));
        }
        match ev.tag() & 3 {
            _ if !ev.is_success() => self.ended(cx, *diameter, Some(refusal(ev))),
            1 if holds => Ok(()),
            step @ 1..3 => diameter.send(cx, session, credit_control(step + 1)),
            _ => self.ended(cx, *diameter, None),
        }
    }

    #[on]
    fn aca(
        &mut self,
        cx: &mut Cx,
        ev: &dia::AccountingAnswer,
        Aci(session): Aci<dia::Session>,
        diameter: Ra<Diameter>,
    ) -> Result {
        match ev.tag() {
            _ if !ev.is_success() => self.ended(cx, *diameter, Some(refusal(ev))),
            step @ 1..3 => diameter.send(cx, session, accounting(step + 1)),
            _ => self.ended(cx, *diameter, None),
        }
    }

    #[on]
    fn uda(&mut self, cx: &mut Cx, ev: &dia::UserDataAnswer, diameter: Ra<Diameter>) -> Result {
        self.ended(cx, *diameter, refused(ev))
    }

    #[on]
    fn sna(
        &mut self,
        cx: &mut Cx,
        ev: &dia::SubscribeNotificationsAnswer,
        Aci(subscription): Aci<dia::ShSubscription>,
        diameter: Ra<Diameter>,
    ) -> Result {
        if ev.is_success() && ev.tag() == SUBSCRIBED {
            let realm = ev.message().origin_realm().unwrap_or_default();
            let end = subscribe(1).destination_realm(realm);
            return diameter.resubscribe(cx, subscription, end);
        }
        self.ended(cx, *diameter, refused(ev))
    }

    #[on]
    fn ula(
        &mut self,
        cx: &mut Cx,
        ev: &dia::UpdateLocationAnswer,
        diameter: Ra<Diameter>,
    ) -> Result {
        self.ended(cx, *diameter, refused(ev))
    }

    #[on]
    fn uaa(
        &mut self,
        cx: &mut Cx,
        ev: &dia::UserAuthorizationAnswer,
        diameter: Ra<Diameter>,
    ) -> Result {
        self.ended(cx, *diameter, refused(ev))
    }

    #[on]
    fn error(&mut self, cx: &mut Cx, ev: &dia::ErrorAnswer, diameter: Ra<Diameter>) -> Result {
        self.ended(cx, *diameter, Some(refusal(ev)))
    }

    #[on]
    fn late(&mut self, cx: &mut Cx, ev: &dia::Timeout, diameter: Ra<Diameter>) -> Result {
        self.ended(cx, *diameter, Some(format!("{ev:?}")))
    }

    #[on]
    fn unsent(&mut self, cx: &mut Cx, ev: &dia::SendFailure, diameter: Ra<Diameter>) -> Result {
        self.ended(cx, *diameter, Some(format!("{ev:?}")))
    }

    fn ordered(&mut self, cx: &mut Cx, ev: &Incoming, diameter: Diameter) -> Result {
        let words = text(ev, &USER_NAME);
        let words: Vec<&str> = words.split(' ').collect();
        let [what, count, window, realm, host @ ..] = &words[..] else {
            return diameter.answer(cx, ev, Outgoing::answer(5012));
        };
        times::reset();
        let mut order = Order {
            from: ev.id(),
            what: (*what).to_owned(),
            realm: (*realm).to_owned(),
            host: host.first().map(|host| (*host).to_owned()),
            left: count.parse().unwrap_or(0),
            running: 0,
            done: 0,
            failed: 0,
            why: String::new(),
        };
        for _ in 0..window.parse().unwrap_or(1).min(order.left) {
            order.begin(cx, diameter)?;
        }
        self.order = Some(order);
        Ok(())
    }

    /// One of the things that were ordered is over.
    fn ended(&mut self, cx: &mut Cx, diameter: Diameter, problem: Option<String>) -> Result {
        let Some(order) = &mut self.order else {
            return Ok(());
        };
        order.running = order.running.saturating_sub(1);
        match problem {
            None => order.done += 1,
            Some(why) => {
                order.failed += 1;
                if order.why.is_empty() {
                    order.why = why;
                }
            }
        }
        if order.left > 0 {
            return order.begin(cx, diameter);
        }
        if order.running > 0 {
            return Ok(());
        }
        let Order {
            what,
            done,
            failed,
            why,
            from,
            ..
        } = order;
        let code = if *failed == 0 { 2001 } else { 5012 };
        let mut words = format!("{done} done, {failed} failed {why}");
        if what == "event" {
            let [half, most] = [0.5, 0.99].map(times::quantile);
            words = format!("{} p50 {half} p99 {most}", words.trim_end());
        }
        let answer = Outgoing::answer(code)
            .avp(&CC_REQUEST_TYPE, 4_u32)
            .avp(&CC_REQUEST_NUMBER, 0_u32)
            .avp(&ERROR_MESSAGE, words.trim_end());
        diameter.answer_to(cx, *from, answer)
    }
}

impl Order {
    /// Begins one of what was ordered.
    fn begin(&mut self, cx: &mut Cx, diameter: Diameter) -> Result {
        self.left -= 1;
        self.running += 1;
        let first = match self.what.as_str() {
            "acr" => accounting(1),
            "ccr" | "hold" => credit_control(1),
            "event" => Outgoing::extension(272, CREDIT)
                .tag(3 | (micros(cx) + 1) << 2)
                .avp(&CONTEXT, "32260@3gpp.org")
                .avp(&CC_REQUEST_TYPE, 4_u32)
                .avp(&CC_REQUEST_NUMBER, 0_u32)
                .avp(&REQUESTED_ACTION, 0_u32),
            _ => return self.ask(cx, diameter),
        };
        let application = if self.what == "acr" {
            ACCOUNTING
        } else {
            CREDIT
        };
        let to = SessionTo {
            host: self.host.clone(),
            ..SessionTo::realm(application, &self.realm)
        };
        let session = diameter.session(cx, to)?;
        cx.attach(session);
        diameter.send(cx, session, first)
    }

    /// A request that belongs to no session.
    fn ask(&self, cx: &mut Cx, diameter: Diameter) -> Result {
        let request = match self.what.as_str() {
            "udr" => of_subscriber(Outgoing::extension(306, SH)),
            "snr" => subscribe(0).tag(SUBSCRIBED),
            "ulr" => named(Outgoing::extension(316, S6A), S6A)
                .avp(&USER_NAME, IMSI)
                .avp(&RAT_TYPE, 1004_u32)
                .avp(&ULR_FLAGS, 2_u32)
                .avp(&VISITED_PLMN, &[0_u8, 0xf1, 0x10][..]),
            _ => Outgoing::extension(300, CX)
                .avp(&USER_NAME, "alice@ims.example")
                .avp(&PUBLIC_IDENTITY, SUBSCRIBER)
                .avp(&VISITED_NETWORK, &b"visited.example"[..]),
        };
        let request = request.destination_realm(&self.realm);
        if self.what == "snr" {
            let subscription = diameter.subscribe(cx, request)?;
            cx.attach(subscription);
        } else {
            let transaction = diameter.request(cx, request)?;
            cx.attach(transaction);
        }
        Ok(())
    }
}

/// The time, for what is measured. In the tag of an event it stands above the step.
fn micros(cx: &Cx<'_>) -> u64 {
    cx.now().mono.0 / 1_000
}

/// The tag of an SNR that begins a subscription; the one that ends it has none.
const SUBSCRIBED: u64 = 1;

/// An SNR with this Subs-Req-Type: 0 subscribes, 1 ends that.
fn subscribe(kind: u32) -> Outgoing {
    of_subscriber(Outgoing::extension(308, SH)).avp(&SUBS_REQ_TYPE, kind)
}

fn of_subscriber(request: Outgoing) -> Outgoing {
    request
        .group(&USER_IDENTITY, |user| {
            user.avp(&PUBLIC_IDENTITY, SUBSCRIBER);
        })
        .avp(&DATA_REFERENCE, 0_u32)
}

/// The first, second or third CCR of a session.
fn credit_control(step: u64) -> Outgoing {
    let kind = u32::try_from(step).unwrap_or(1);
    Outgoing::extension(272, CREDIT)
        .tag(step)
        .avp(&CONTEXT, "32260@3gpp.org")
        .avp(&CC_REQUEST_TYPE, kind)
        .avp(&CC_REQUEST_NUMBER, kind - 1)
        .group(&SERVICES, |service| {
            if kind < 3 {
                service.group(&REQUESTED, |units| {
                    units.avp(&CC_TIME, 60_u32);
                });
            }
            if kind > 1 {
                service.group(&USED, |units| {
                    units.avp(&CC_TIME, 10_u32);
                });
            }
            service.avp(&RATING_GROUP, 1_u32);
        })
}

/// The first, second or third ACR of a session: start, interim, stop.
fn accounting(step: u64) -> Outgoing {
    let kind = u32::try_from(step).unwrap_or(1);
    Outgoing::extension(271, ACCOUNTING)
        .tag(step)
        .avp(&RECORD_TYPE, kind + 1)
        .avp(&RECORD_NUMBER, kind - 1)
}

/// A request to whom this one came from.
fn back(request: &Incoming, command: u32, application: u32) -> Outgoing {
    let realm = request.message().origin_realm().unwrap_or_default();
    Outgoing::extension(command, application)
        .destination_realm(realm)
        .destination_host(request.origin_host())
}

/// With the application by name, which some peers ask for where it may be left out.
fn named(request: Outgoing, application: u32) -> Outgoing {
    request.group(&VENDOR_SPECIFIC_APPLICATION_ID, |name| {
        name.avp(&VENDOR_ID, VENDOR_3GPP);
        name.avp(&AUTH_APPLICATION_ID, application);
    })
}

fn text(request: &Incoming, def: &AvpDef) -> String {
    let found = request.message().find(def).and_then(|avp| avp.utf8().ok());
    found.unwrap_or_default().to_owned()
}

fn number(request: &Incoming, def: &AvpDef) -> Option<u32> {
    request.message().find(def)?.u32().ok()
}

fn within(group: Avp<'_>, def: &AvpDef) -> Option<u32> {
    group.group().get(def)?.u32().ok()
}

fn refused(answer: &Answered) -> Option<String> {
    (!answer.is_success()).then(|| refusal(answer))
}

fn refusal(answer: &Answered) -> String {
    let words = answer.message().find(&ERROR_MESSAGE);
    let words = words.and_then(|avp| avp.utf8().ok()).unwrap_or_default();
    format!("{} to {} {words}", answer.result_code(), answer.command())
}
