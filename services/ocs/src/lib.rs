//! A small online charging server: accounts with a balance, tariffs, reservations, debits and refunds, over Diameter credit
//! control (RFC 8506; Gy and Ro).
//!
//! For trying out, for tests of charging clients, and as the example of a credit-control server. It has no customers, no
//! vouchers and no invoices. An entity stands for one account and lives on, so balances are as durable as the service; whose
//! account it is, is its convergence name. docs/ocs.md is for operators.
//!
//! Invariant: a request that comes again is answered as before and debits nothing.
#![forbid(unsafe_code)]

mod account;
mod settings;

pub use settings::{AccountSettings, Counted, Handling, Settings, Tariff};

use account::Account;
use strowger::prelude::*;
use strowger_diameter::charging::{CreditReply, CreditRequest, RequestType, Tcc, result};
use strowger_diameter::proto::dict::{base, credit};
use strowger_diameter::{
    CreditControlRequest, Diameter, Outgoing, ReAuthAnswer, Session, SessionExpired,
};

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Ocs>().settings::<Settings>()
}

/// One account.
#[derive(Debug, Default, State)]
pub struct Ocs {
    account: Option<Account>,
    /// What the account lives on, between its sessions.
    home: Option<Handle<NullActivity>>,
    /// Activities of its sessions, with their Session-Ids.
    sessions: Vec<(Handle<Session>, String)>,
}

#[sbb(name = "ocs", vendor = "strowger", version = "1.0")]
impl Ocs {
    /// All requests for one account go to one entity. An update or a termination comes on a session that the entity of its
    /// account is attached to.
    fn pick(sel: &mut Selector) {
        let (Some(ev), Some(conf)) = (sel.event::<CreditControlRequest>(), sel.conf::<Settings>())
        else {
            return;
        };
        match CreditRequest::read(ev) {
            Ok(request)
                if matches!(request.kind, RequestType::Update | RequestType::Termination) =>
            {
                sel.decline();
            }
            Ok(request) => {
                if let Some(payer) = conf.payer(&request) {
                    sel.by_activity = false;
                    sel.custom = Some(payer.into());
                }
            }
            // An entity of its own answers it, and is gone.
            Err(_) => {}
        }
    }

    #[on(initial, select = Self::pick)]
    fn request(
        &mut self,
        cx: &mut Cx,
        ev: &CreditControlRequest,
        Aci(session): Aci<Session>,
        diameter: Ra<Diameter>,
        conf: Conf<Settings>,
    ) -> Result {
        let request = match CreditRequest::read(ev) {
            Ok(request) => request,
            Err(code) => return refuse(cx, ev, session, code, *diameter),
        };
        if self.account.is_none() && !self.open(cx, &request, &conf)? {
            return refuse(cx, ev, session, result::USER_UNKNOWN, *diameter);
        }
        let Some(account) = self.account.as_mut() else {
            return Ok(());
        };
        let outcome = account.request(ev.session_id(), &request, &conf);
        match outcome.tcc {
            Some(Tcc::Start(time)) => {
                if !self.sessions.iter().any(|(known, _)| *known == session) {
                    self.sessions.push((session, ev.session_id().to_owned()));
                }
                diameter.supervise(cx, session, Some(time))?;
            }
            Some(Tcc::Stop) => self.sessions.retain(|(known, _)| *known != session),
            None => {}
        }
        diameter.answer(cx, ev, outcome.reply.to(ev))?;
        if outcome.tcc == Some(Tcc::Stop) || request.kind == RequestType::Event {
            diameter.end(cx, session)?;
        }
        if outcome.filled {
            self.ask_to_ask_again(cx, *diameter)?;
        }
        Ok(())
    }

    /// Tcc: what was reserved is released.
    #[on]
    fn expired(&mut self, _cx: &mut Cx, _ev: &SessionExpired, Aci(session): Aci<Session>) {
        self.leave(session);
    }

    #[on]
    fn ended(&mut self, _cx: &mut Cx, _ev: &ActivityEnd, Aci(session): Aci<Session>) {
        self.leave(session);
    }

    /// The client asks again, or it does not: nothing follows from its answer here.
    #[on]
    fn re_authorized(&mut self, _cx: &mut Cx, _ev: &ReAuthAnswer) {}
}

impl Ocs {
    /// The account's first request: whether there is one.
    fn open(&mut self, cx: &mut Cx, request: &CreditRequest, conf: &Settings) -> Result<bool> {
        let Some(balance) = conf.payer(request).and_then(|payer| conf.opening(payer)) else {
            return Ok(false);
        };
        let home = cx.null_activity()?;
        cx.attach(home);
        self.home = Some(home);
        self.account = Some(Account::new(balance));
        Ok(true)
    }

    fn leave(&mut self, session: Handle<Session>) {
        let place = self
            .sessions
            .iter()
            .position(|(known, _)| *known == session);
        if let (Some(place), Some(account)) = (place, self.account.as_mut()) {
            let (_, id) = self.sessions.swap_remove(place);
            account.release(&id);
        }
    }

    /// There is more money in the account: those who think that they have their last units are told to ask (RFC 8506 5.5).
    fn ask_to_ask_again(&self, cx: &mut Cx, diameter: Diameter) -> Result {
        let Some(account) = &self.account else {
            return Ok(());
        };
        for id in account.at_their_last() {
            if let Some((session, _)) = self.sessions.iter().find(|(_, known)| known == id) {
                let request = Outgoing::request(&credit::CREDIT_RE_AUTH)
                    .avp(&base::RE_AUTH_REQUEST_TYPE, 0_u32);
                diameter.send(cx, *session, request)?;
            }
        }
        Ok(())
    }
}

/// Refuses a request that belongs to no account, and with it its session.
fn refuse(
    cx: &mut Cx,
    ev: &CreditControlRequest,
    session: Handle<Session>,
    code: u32,
    diameter: Diameter,
) -> Result {
    diameter.answer(cx, ev, CreditReply::new(code).to(ev))?;
    diameter.end(cx, session)
}
