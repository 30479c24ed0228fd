//! A proxy: sends requests on to where they belong (RFC 3261 16). The mechanism is the SIP adaptor's; here is whom a request
//! goes to and who may send it.
//!
//! A request to a user of an own domain goes to that user's registered contacts, by weight; one for which there is a fixed
//! route goes there; one to anywhere else goes on for own users and trusted peers only. It is no registrar: REGISTER for
//! an own domain is left to another service.
#![forbid(unsafe_code)]

mod settings;

pub use settings::{Place, Route, Settings};

use strowger::prelude::*;
use strowger_sip::proto::wire::{HeaderId, Method};
use strowger_sip::{self as sip, Aor, Caller, Dialog, Fork, Reply, Request, ServerTx, Sip, Target};

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Proxy>().settings::<Settings>()
}

/// One request on its way.
#[derive(Debug, Default, State)]
pub struct Proxy {
    /// Where it goes next if nobody takes it.
    untaken: Option<String>,
}

/// What a request is about, read once.
struct Asked<'a> {
    request: &'a Request,
    user: &'a [u8],
    domain: String,
    caller: Caller,
}

#[sbb(name = "proxy", vendor = "strowger", version = "1.0")]
impl Proxy {
    /// Leaves REGISTERs for own domains to a registrar.
    fn registers(sel: &mut Selector) {
        let own = match (sel.event::<sip::Register>(), sel.conf::<Settings>()) {
            (Some(ev), Some(conf)) => conf.serves(&domain(ev.uri())),
            _ => true,
        };
        if own {
            sel.decline();
        }
    }

    /// Leaves calls that are another service's, and those that take the place of a call of this node's: they go to its own
    /// Contact, which names no user.
    fn calls(sel: &mut Selector) {
        let (Some(ev), Some(conf)) = (sel.event::<sip::Invite>(), sel.conf::<Settings>()) else {
            return;
        };
        let left = |prefix: &String| ev.user().starts_with(prefix.as_bytes());
        let replaces = ev.user().is_empty() && ev.message().has(HeaderId::Replaces);
        if replaces || conf.leave.iter().any(left) {
            sel.decline();
        }
    }

    #[on(initial, select = Self::calls)]
    fn invite(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Invite,
        Aci(call): Aci<Dialog>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.route(cx, ev, *sip, &conf)?;
        // With nothing left to decide the call needs nobody here.
        if self.untaken.is_none() {
            cx.detach(call);
        }
        Ok(())
    }

    #[on(initial, select = Self::registers)]
    fn register(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Register,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.route(cx, ev, *sip, &conf)
    }

    #[on(initial)]
    fn message(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Message,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.route(cx, ev, *sip, &conf)
    }

    #[on(initial)]
    fn options(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Options,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.route(cx, ev, *sip, &conf)
    }

    /// Leaves the registrations of own users (RFC 3680) to a registrar, too.
    fn watches(sel: &mut Selector) {
        let own = match (sel.event::<sip::Subscribe>(), sel.conf::<Settings>()) {
            (Some(ev), Some(conf)) => ev.package() == b"reg" && conf.serves(&domain(ev.uri())),
            _ => true,
        };
        if own {
            sel.decline();
        }
    }

    #[on(initial, select = Self::watches)]
    fn subscribe(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Subscribe,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.route(cx, ev, *sip, &conf)
    }

    #[on(initial)]
    fn notify(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Notify,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.route(cx, ev, *sip, &conf)
    }

    #[on(initial)]
    fn publish(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Publish,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.route(cx, ev, *sip, &conf)
    }

    #[on(initial)]
    fn refer(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Refer,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.route(cx, ev, *sip, &conf)
    }

    #[on(initial)]
    fn extension(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Extension,
        _: Aci<ServerTx>,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        self.route(cx, ev, *sip, &conf)
    }

    /// Nobody took a call for which there is one more place.
    #[on]
    fn unreached(
        &mut self,
        cx: &mut Cx,
        ev: &sip::Unreached,
        sip: Ra<Sip>,
        conf: Conf<Settings>,
    ) -> Result {
        if !matches!(ev.status(), 408 | 480 | 486 | 487) {
            return Ok(());
        }
        match self.untaken.take() {
            Some(place) => {
                let fork = Fork::to(Target::parse(&place)?);
                sip.proxy_on(cx, ev, conf.timed(fork))
            }
            None => Ok(()),
        }
    }
}

impl Proxy {
    fn route(&mut self, cx: &mut Cx, request: &Request, sip: Sip, conf: &Settings) -> Result {
        let Some(caller) = Self::caller(cx, request, sip, conf)? else {
            return Ok(());
        };
        let asked = Asked {
            request,
            user: request.user(),
            domain: domain(request.uri()),
            caller,
        };
        // A route that the caller has chosen itself leads past everything that is decided here.
        let chosen = request.header("Route").is_some();
        let fork = if !asked.may_ask(conf) {
            Err(403)
        } else if chosen {
            asked.may_relay().then(Fork::onward).ok_or(403)
        } else if let Some(route) = conf.route(asked.user, &asked.domain) {
            asked.by(route)
        } else if conf.serves(&asked.domain) {
            self.contacts(cx, &asked, sip, conf)
        } else {
            asked.may_relay().then(Fork::onward).ok_or(403)
        };
        match fork {
            Ok(fork) => sip.proxy(cx, request, asked.dressed(fork, conf)),
            // RFC 5630 3.1.3: it may be tried again with `sip`.
            Err(480) if asked.needs_encryption(cx, sip) => {
                let warning = "380 sip \"SIPS Not Allowed\"";
                sip.respond(cx, request, Reply::new(480).header("Warning", warning))
            }
            Err(status) => sip.respond(cx, request, status),
        }
    }

    /// Whom a request is from. `None`: it has been asked for credentials, or refused.
    fn caller(cx: &mut Cx, request: &Request, sip: Sip, conf: &Settings) -> Result<Option<Caller>> {
        if conf.trusted.holds(request) {
            return Ok(Some(Caller::Trusted));
        }
        let from = request.message().from();
        let Some(from) = from.ok().and_then(|from| Aor::parse(from.uri_raw).ok()) else {
            return Ok(Some(Caller::Unknown));
        };
        if !conf.serves(from.domain()) {
            return Ok(Some(Caller::Unknown));
        }
        if !conf.authentication {
            let peer = request.flow().peer();
            let bindings = sip.bindings(cx, from.as_str());
            let here = bindings.iter().any(|binding| binding.flow().peer() == peer);
            return Ok(Some(match here {
                true => Caller::User(from.as_str().to_owned()),
                false => Caller::Unknown,
            }));
        }
        let realm = conf.realm(from.domain());
        let account = |user: &str| conf.users.account(user, realm.name());
        let Some(user) = sip.authenticate(cx, request, &realm, account)? else {
            return Ok(None);
        };
        // Nobody calls in another's name, nor in that of one who is called the same in another domain.
        let own = match user.rsplit_once('@') {
            Some((name, domain)) => {
                name == from.user() && domain.eq_ignore_ascii_case(from.domain())
            }
            None => user == from.user(),
        };
        if !own {
            sip.respond(cx, request, 403)?;
            return Ok(None);
        }
        Ok(Some(Caller::User(from.as_str().to_owned())))
    }

    /// To the contacts of a user of ours.
    fn contacts(
        &mut self,
        cx: &Cx,
        asked: &Asked<'_>,
        sip: Sip,
        conf: &Settings,
    ) -> std::result::Result<Fork, u16> {
        let bindings = sip.contacts(cx, asked.request.uri());
        let mut fork = Fork::default();
        let mut weight = None;
        for binding in bindings.iter().take(conf.contacts as usize) {
            fork = match weight == Some(binding.q()) {
                true => fork.and(binding.target()),
                false => fork.then(binding.target()),
            };
            weight = Some(binding.q());
        }
        // A GRUU is for one client of the user and for nobody else (RFC 5627).
        let gruu = sip::Gruu::of(asked.request.uri());
        let untaken = conf
            .untaken
            .as_ref()
            .filter(|_| *asked.request.method() == Method::Invite && gruu.is_none())
            .and_then(|place| asked.at(place, 0));
        match (fork.is_empty(), untaken) {
            (false, Some(place)) => {
                self.untaken = Some(String::from_utf8_lossy(place.uri()).into_owned());
                Ok(fork.ask(true))
            }
            (false, None) => Ok(fork),
            (true, Some(place)) => Ok(Fork::to(place)),
            (true, None) if asked.needs_encryption(cx, sip) => Err(480),
            (true, None) if gruu == Some(sip::Gruu::Temporary) => Err(404),
            // To strangers all users look alike who cannot be reached, so that they do not learn whom there is.
            (true, None) if !asked.may_relay() || conf.knows(asked) => Err(conf.unregistered),
            (true, None) => Err(404),
        }
    }
}

impl Asked<'_> {
    /// Whether it is for a user who is registered, but not encrypted as this has to go.
    fn needs_encryption(&self, cx: &Cx, sip: Sip) -> bool {
        let uri = self.request.uri();
        self.request.is_sips()
            && !sip.bindings(cx, uri).is_empty()
            && sip.contacts(cx, uri).is_empty()
    }

    /// Whether it may go anywhere (no open relay).
    fn may_relay(&self) -> bool {
        self.caller != Caller::Unknown
    }

    /// Whether who sends it may ask this of own users.
    fn may_ask(&self, conf: &Settings) -> bool {
        let method = self.request.method().as_bytes();
        self.may_relay() || conf.strangers.iter().any(|own| own.as_bytes() == method)
    }

    fn by(&self, route: &Route) -> std::result::Result<Fork, u16> {
        if !route.open && !self.may_relay() {
            return Err(403);
        }
        let places = route
            .to
            .iter()
            .filter_map(|place| self.at(place, route.strip));
        let fork = places.fold(Fork::default(), Fork::then);
        if fork.is_empty() { Err(404) } else { Ok(fork) }
    }

    /// The called user at a place.
    fn at(&self, place: &Place, strip: u32) -> Option<Target> {
        let user = self.user.get(strip as usize..).unwrap_or_default();
        let user = std::str::from_utf8(user).ok()?;
        let here = if user.is_empty() {
            "sip:invalid".to_owned()
        } else {
            format!("sip:{user}@invalid")
        };
        Target::parse(&here).ok()?.at(place.as_str()).ok()
    }

    /// With what goes for every request that is sent on.
    fn dressed(&self, fork: Fork, conf: &Settings) -> Fork {
        let method = self.request.method();
        let register = *method == Method::Register;
        let fork = fork.recurse(conf.recurse);
        let to_trusted = conf.trusted.holds_fork(&fork);
        let fork = sip::identity(self.request, &self.caller, to_trusted).on_fork(fork);
        // Credentials for us are nobody else's business; those for a proxy behind us stay.
        let proved = self
            .request
            .message()
            .lines(HeaderId::ProxyAuthorization)
            .count()
            == 1
            && conf.authentication
            && matches!(self.caller, Caller::User(_));
        let fork = match proved {
            true => fork.without("Proxy-Authorization"),
            false => fork,
        };
        let fork = fork
            .record_route(conf.record_route && !register)
            .bound(!self.may_relay())
            .path(register);
        conf.timed(fork)
    }
}

impl Settings {
    /// With how long its targets may ring.
    fn timed(&self, fork: Fork) -> Fork {
        match self.ringing.is_zero() {
            true => fork,
            false => fork.patience(self.ringing),
        }
    }

    /// Whether a user of ours is known: with no table of users, anybody may be one.
    fn knows(&self, asked: &Asked<'_>) -> bool {
        let realm = self.realm(&asked.domain);
        let user = String::from_utf8_lossy(asked.user);
        self.users.is_empty() || self.users.account(&user, realm.name()).is_some()
    }
}

/// The domain of a URI, in lower case.
fn domain(uri: &[u8]) -> String {
    Aor::parse(uri).map_or_else(|_| String::new(), |aor| aor.domain().to_owned())
}
