//! The services that the tests run.

use std::time::Duration;

use strowger::prelude::*;
use strowger_diameter::proto::dict::{base, credit, cx, sh};
use strowger_diameter::{
    self as diameter, ClientTx, Diameter, Outgoing, RequestId, Session, SessionTo,
};

/// Answers what is asked, as the Service-Context-Id says.
#[derive(Default, State)]
pub(crate) struct Server {
    /// A request that waits for the next one, or for the timer.
    kept: Option<RequestId>,
    pub requests: u32,
    pub expired: u32,
    pub answers: Vec<u32>,
}

#[derive(Clone, Debug, Event)]
pub(crate) struct Later;

#[sbb(name = "server", vendor = "org.example", version = "1.0")]
impl Server {
    #[on(initial)]
    fn ask(
        &mut self,
        cx: &mut Cx,
        ev: &diameter::CreditControlRequest,
        Aci(session): Aci<Session>,
        diameter: Ra<Diameter>,
    ) -> Result {
        self.requests += 1;
        let context = ev.message().find(&credit::SERVICE_CONTEXT_ID);
        match context.and_then(|avp| avp.utf8().ok()).unwrap_or_default() {
            "on" => diameter.forward(cx, ev),
            "fail" => Err(Error::msg("as it was told")),
            "silent" => Ok(()),
            "refuse" => diameter.answer(cx, ev, Outgoing::answer(4012)),
            "later" => {
                self.kept = Some(ev.id());
                cx.timer(session, secs(5), Later);
                Ok(())
            }
            "watch" => {
                diameter.supervise(cx, session, Some(secs(20)))?;
                diameter.answer(cx, ev, Outgoing::answer(2001))
            }
            "turn" => {
                diameter.answer(cx, ev, Outgoing::answer(2001))?;
                let rar = Outgoing::request(&credit::CREDIT_RE_AUTH)
                    .avp(&base::RE_AUTH_REQUEST_TYPE, 0_u32);
                diameter.send(cx, session, rar)
            }
            _ => diameter.answer(cx, ev, Outgoing::answer(2001)),
        }
    }

    #[on]
    fn later(&mut self, cx: &mut Cx, _: &Timer<Later>, diameter: Ra<Diameter>) -> Result {
        match self.kept.take() {
            Some(request) => diameter.answer_to(cx, request, Outgoing::answer(2001)),
            None => Ok(()),
        }
    }

    #[on]
    fn re_authorized(&mut self, _: &mut Cx, ev: &diameter::ReAuthAnswer) -> Result {
        self.answers.push(ev.result_code());
        Ok(())
    }

    #[on]
    fn expired(&mut self, _: &mut Cx, _: &diameter::SessionExpired) -> Result {
        self.expired += 1;
        Ok(())
    }
}

/// Opens a session when told by a peer, by an accounting request that it answers, and asks.
#[derive(Default, State)]
pub(crate) struct Client {
    pub session: Option<Handle<Session>>,
    pub results: Vec<u32>,
    pub timeouts: u32,
    pub failures: u32,
    pub reauths: u32,
    pub sessions_ended: u32,
}

#[sbb(name = "client", vendor = "org.example", version = "1.0")]
impl Client {
    #[on(initial)]
    fn told(
        &mut self,
        cx: &mut Cx,
        ev: &diameter::AccountingRequest,
        diameter: Ra<Diameter>,
    ) -> Result {
        diameter.answer(cx, ev, Outgoing::answer(2001))?;
        let session = diameter.session(cx, SessionTo::realm(4, "example"))?;
        cx.attach(session);
        self.session = Some(session);
        diameter.send(cx, session, ccr(1, 0))
    }

    #[on]
    fn answered(
        &mut self,
        cx: &mut Cx,
        ev: &diameter::CreditControlAnswer,
        Aci(session): Aci<Session>,
        diameter: Ra<Diameter>,
    ) -> Result {
        self.results.push(ev.result_code());
        if ev.result_code() == 2001 && ev.tag() == 1 {
            diameter.send(cx, session, ccr(3, 1))?;
        }
        Ok(())
    }

    #[on]
    fn re_authorize(
        &mut self,
        cx: &mut Cx,
        ev: &diameter::ReAuthRequest,
        diameter: Ra<Diameter>,
    ) -> Result {
        self.reauths += 1;
        diameter.answer(cx, ev, Outgoing::answer(2002))
    }

    #[on]
    fn refused(&mut self, _: &mut Cx, ev: &diameter::ErrorAnswer) -> Result {
        self.results.push(ev.result_code());
        Ok(())
    }

    #[on]
    fn timed_out(&mut self, _: &mut Cx, _: &diameter::Timeout) -> Result {
        self.timeouts += 1;
        Ok(())
    }

    #[on]
    fn not_sent(&mut self, _: &mut Cx, _: &diameter::SendFailure) -> Result {
        self.failures += 1;
        Ok(())
    }

    #[on]
    fn ended(&mut self, _: &mut Cx, _: &ActivityEnd, _: Aci<Session>) -> Result {
        self.sessions_ended += 1;
        Ok(())
    }
}

/// A request of credit control; its tag is its type.
pub(crate) fn ccr(kind: i32, number: u32) -> Outgoing {
    Outgoing::request(&credit::CREDIT_CONTROL_COMMAND)
        .avp(&credit::SERVICE_CONTEXT_ID, "32260@3gpp.org")
        .avp(&credit::CC_REQUEST_TYPE, kind)
        .avp(&credit::CC_REQUEST_NUMBER, number)
        .timeout(Duration::from_secs(10))
        .tag(u64::try_from(kind).unwrap_or_default())
}

/// Sends a request that belongs to no session when a peer is up.
#[derive(Default, State)]
pub(crate) struct Greeter {
    pub up: u32,
    pub down: u32,
    pub results: Vec<u32>,
}

#[sbb(name = "greeter", vendor = "org.example", version = "1.0")]
impl Greeter {
    #[on(initial)]
    fn up(&mut self, cx: &mut Cx, _: &diameter::PeerUp, diameter: Ra<Diameter>) -> Result {
        self.up += 1;
        let tx: Handle<ClientTx> = diameter.request(cx, Outgoing::extension(8_000_000, 4))?;
        cx.attach(tx);
        Ok(())
    }

    #[on]
    fn down(&mut self, _: &mut Cx, _: &diameter::PeerDown) -> Result {
        self.down += 1;
        Ok(())
    }

    #[on]
    fn answered(&mut self, _: &mut Cx, ev: &diameter::ExtensionAnswer) -> Result {
        self.results.push(ev.result_code());
        Ok(())
    }
}

/// Subscribes to changes of a user's data when a peer is up.
#[derive(Default, State)]
pub(crate) struct Subscriber {
    pub(crate) notified: u32,
}

#[sbb(name = "subscriber", vendor = "org.example", version = "1.0")]
impl Subscriber {
    #[on(initial)]
    fn up(
        &mut self,
        cx: &mut Cx,
        ev: &diameter::PeerUp,
        Aci(peer): Aci<diameter::Peer>,
        diameter: Ra<Diameter>,
    ) -> Result {
        if !ev.peer.starts_with("hss.") {
            return Ok(());
        }
        cx.detach(peer);
        let snr = Outgoing::request(&sh::SUBSCRIBE_NOTIFICATIONS)
            .group(&sh::USER_IDENTITY, |id| {
                id.avp(&cx::PUBLIC_IDENTITY, "sip:alice@example");
            })
            .avp(&sh::SUBS_REQ_TYPE, 0_i32)
            .avp(&sh::DATA_REFERENCE, 0_i32);
        let subscription = diameter.subscribe(cx, snr)?;
        cx.attach(subscription);
        Ok(())
    }

    #[on]
    fn notified(
        &mut self,
        cx: &mut Cx,
        ev: &diameter::PushNotificationRequest,
        diameter: Ra<Diameter>,
    ) -> Result {
        self.notified += 1;
        diameter.answer(cx, ev, Outgoing::answer(2001))
    }
}

pub(crate) fn subscriber() -> ServiceDef {
    ServiceDef::of::<Subscriber>()
}

pub(crate) fn server() -> ServiceDef {
    ServiceDef::of::<Server>()
}

pub(crate) fn client() -> ServiceDef {
    ServiceDef::of::<Client>()
}

pub(crate) fn greeter() -> ServiceDef {
    ServiceDef::of::<Greeter>()
}
