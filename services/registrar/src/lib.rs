//! A registrar: keeps where the users of its domains can be reached (RFC 3261 10.3).
//!
//! It decides who may register, for how long and how often; the table itself is the SIP adaptor's and all services of the
//! node read it. An entity stands for one user who is registered, and makes that user's bindings as durable as the service.
#![forbid(unsafe_code)]

mod settings;

pub use settings::Settings;

use strowger::prelude::*;
use strowger_sip::{self as sip, Aor, Registered, ServerTx, Sip};

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Registrar>().settings::<Settings>()
}

/// One user.
#[derive(Debug, Default, State)]
pub struct Registrar {}

#[sbb(name = "registrar", vendor = "strowger", version = "1.0")]
impl Registrar {
    /// All REGISTERs of one user go to one entity.
    fn pick(sel: &mut Selector) {
        let aor = sel.event::<sip::Register>().and_then(aor);
        if let Some(aor) = aor {
            sel.by_activity = false;
            sel.custom = Some(aor.as_str().into());
        }
    }

    #[on(initial, select = Self::pick)]
    fn register(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Register,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        let Some(aor) = aor(ev).filter(|aor| conf.serves(aor)) else {
            return sip.respond(cx, ev, 404);
        };
        if conf.authentication {
            let realm = conf.realm(&aor);
            let account = |user: &str| conf.users.account(user, realm.name());
            let Some(user) = sip.authenticate(cx, ev, &realm, account)? else {
                return Ok(());
            };
            if !owns(&user, &aor) {
                return sip.respond(cx, ev, 403);
            }
        }
        if let Registered::Bound(registration) = sip.register(cx, ev, &aor, &conf.policy())? {
            cx.attach(registration);
        }
        Ok(())
    }
}

/// Whether an address is that of a user who has proved to be that user: `alice` or `alice@a.example`.
fn owns(user: &str, aor: &Aor) -> bool {
    match user.rsplit_once('@') {
        Some((user, domain)) => user == aor.user() && domain.eq_ignore_ascii_case(aor.domain()),
        None => user == aor.user(),
    }
}

/// Whom a REGISTER is for (RFC 3261 10.2).
fn aor(register: &sip::Register) -> Option<Aor> {
    let to = register.message().to().ok()?;
    Aor::parse(to.uri_raw).ok()
}
