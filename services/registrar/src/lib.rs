//! A registrar: keeps where the users of its domains can be reached (RFC 3261 10.3).
//!
//! It decides who may register, for how long and how often; the table itself is the SIP adaptor's and all services of the
//! node read it. An entity stands for one user who is registered or watched, and makes that user's bindings as durable as the
//! service. Whoever may register a user may watch the registration (RFC 3680).
#![forbid(unsafe_code)]

mod reginfo;
mod settings;
mod watch;

pub use settings::Settings;
pub use watch::Changed;

use reginfo::Gone;
use watch::Watched;

use strowger::prelude::*;
use strowger_sip::{
    self as sip, Aor, Registered, Registration, Reply, ServerTx, Sip, Subscription,
};

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Registrar>().settings::<Settings>()
}

/// One user.
#[derive(Debug, Default, State)]
pub struct Registrar {
    watched: Option<Box<Watched>>,
}

/// The state of version 1.0.
mod v1 {
    use strowger::prelude::*;

    #[derive(Debug, Default, State)]
    pub(crate) struct Registrar {}
}

impl Migrate<v1::Registrar> for Registrar {
    fn migrate(_: v1::Registrar) -> Self {
        Self::default()
    }
}

#[sbb(
    name = "registrar",
    vendor = "strowger",
    version = "1.1",
    migrate(v1::Registrar)
)]
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
        if !is_allowed(cx, *sip, ev, &aor, &conf)? {
            return Ok(());
        }
        match sip.register(cx, ev, &aor, &conf.policy())? {
            Registered::Refused(_) => return Ok(()),
            Registered::Bound(registration) => cx.attach(registration),
            Registered::Unbound => {}
        }
        if ev.header("Contact").is_some() {
            self.note_change(cx)?;
        }
        Ok(())
    }

    /// The watchers of one user are with that user's registration. Other packages and domains are left to other services.
    fn pick_watcher(sel: &mut Selector) {
        let watched = match (sel.event::<sip::Subscribe>(), sel.conf::<Settings>()) {
            (Some(ev), Some(conf)) if ev.package() == watch::PACKAGE => {
                Aor::parse(ev.uri()).ok().filter(|aor| conf.serves(aor))
            }
            _ => None,
        };
        match watched {
            Some(aor) => {
                sel.by_activity = false;
                sel.custom = Some(aor.as_str().into());
            }
            None => sel.decline(),
        }
    }

    #[on(initial, select = Self::pick_watcher)]
    fn subscribe(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Subscribe,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        let Ok(aor) = Aor::parse(ev.uri()) else {
            return sip.respond(cx, ev, 404);
        };
        if !is_allowed(cx, *sip, ev, &aor, &conf)? {
            return Ok(());
        }
        let asked = ev.expires().filter(|time| !time.is_zero());
        if asked.is_some_and(|time| time < conf.min_expires) {
            return sip.respond(cx, ev, Reply::too_brief(conf.min_expires));
        }
        if !watch::accepts(ev) {
            return sip.respond(cx, ev, 406);
        }
        if self.watchers() >= conf.watchers_per_user as usize {
            return sip.respond(cx, ev, 403);
        }
        let subscription = sip.accept(cx, ev, conf.max_expires)?;
        cx.attach(subscription);
        self.watched_by(cx, *sip, &aor, subscription)
    }

    /// Answered here, so that what follows tells the new time; an end is answered and told by itself.
    #[on]
    fn refreshed(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Subscribe,
        on: Aci<Subscription>,
        sip: Ra<Sip>,
    ) -> Result {
        if ev.expires().is_some_and(|time| time.is_zero()) {
            return Ok(());
        }
        sip.respond(cx, ev, 200)?;
        self.tell(cx, *sip, Gone::Expired, Some(on.0))
    }

    #[on]
    fn changed(&mut self, cx: &mut Cx, _: &Changed, sip: Ra<Sip>) -> Result {
        self.tell(cx, *sip, Gone::Unregistered, None)
    }

    #[on]
    fn unregistered(&mut self, cx: &mut Cx, _: &sip::Unregistered, sip: Ra<Sip>) -> Result {
        self.tell(cx, *sip, Gone::Expired, None)
    }

    #[on]
    fn registration_ended(
        &mut self,
        cx: &mut Cx,
        _: &ActivityEnd,
        _: Aci<Registration>,
        sip: Ra<Sip>,
    ) -> Result {
        self.tell_end(cx, *sip)
    }

    #[on]
    fn subscription_ended(
        &mut self,
        cx: &mut Cx,
        _: &ActivityEnd,
        on: Aci<Subscription>,
    ) -> Result {
        self.left(cx, on.0)
    }
}

/// Whether the sender of a request may act for a user. If not it has been told so.
fn is_allowed(
    cx: &mut Cx,
    sip: Sip,
    ev: &sip::Request,
    aor: &Aor,
    conf: &Settings,
) -> Result<bool> {
    if !conf.authentication {
        return Ok(true);
    }
    let realm = conf.realm(aor);
    let account = |user: &str| conf.users.account(user, realm.name());
    match sip.authenticate(cx, ev, &realm, account)? {
        Some(user) if owns(&user, aor) => Ok(true),
        Some(_) => sip.respond(cx, ev, 403).map(|()| false),
        None => Ok(false),
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
