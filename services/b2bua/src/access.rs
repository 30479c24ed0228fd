//! Who may call through this node, so that it is nobody's open relay.
//!
//! A caller is known by the address that it calls from, or by digest (RFC 3261 22) with an account of its own; who has proved
//! to be one user does not call as another. Within a call nobody is asked again, since only those who were let in have one,
//! but for who sends it elsewhere by REFER: the called side was let in by nobody.

use schemars::JsonSchema;
use serde::Deserialize;
use strowger::prelude::*;
use strowger_sip::proto::wire::HeaderId;
use strowger_sip::{self as sip, Aor, Outgoing, Sip, Target};

use crate::settings::Settings;

/// Who may call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Callers {
    /// Whoever can reach the listeners.
    #[default]
    Anyone,
    /// Trusted peers, and users who prove themselves.
    Known,
}

/// Who calls, as far as it is known.
#[derive(Clone, Debug, State)]
pub(crate) enum Caller {
    /// Nobody asked: what it says of its identity passes as it is.
    Unasked,
    /// A trusted peer.
    Trusted,
    /// This user, as a URI.
    User(String),
}

/// Who calls; none if it may not, which it has been told.
pub(crate) fn admit(
    cx: &mut Cx,
    ev: &sip::Invite,
    sip: Sip,
    conf: &Settings,
) -> Result<Option<Caller>> {
    // One that takes the place of a call goes nowhere.
    let stays = ev.message().has(HeaderId::Replaces);
    let route = conf.route(ev.user()).filter(|_| !stays);
    if route.is_some_and(|route| !route.is_for(conf.callers)) {
        sip.respond(cx, ev, 403)?;
        return Ok(None);
    }
    if conf.callers == Callers::Anyone {
        return Ok(Some(Caller::Unasked));
    }
    if conf.trusted.holds(ev) {
        return Ok(Some(Caller::Trusted));
    }
    let realm = conf.realm();
    let account = |user: &str| conf.users.account(user, &conf.realm);
    let Some(user) = sip.authenticate(cx, ev, &realm, account)? else {
        return Ok(None);
    };
    if let Some(own) = own_address(ev, &user, conf) {
        return Ok(Some(Caller::User(own)));
    }
    sip.respond(cx, ev, 403)?;
    Ok(None)
}

/// The address that a user calls as, if that is its own: nobody calls in another's name, nor as a user of a domain that is not
/// this node's.
fn own_address(ev: &sip::Invite, user: &str, conf: &Settings) -> Option<String> {
    let from = Aor::parse(ev.message().from().ok()?.uri_raw).ok()?;
    let (name, domain) = match user.rsplit_once('@') {
        Some((name, domain)) => (name, Some(domain)),
        None => (user, None),
    };
    let own = |domain: &str| domain.eq_ignore_ascii_case(from.domain());
    let here = match domain {
        Some(domain) => own(domain),
        None => own(&conf.realm) || conf.domain.as_deref().is_some_and(own),
    };
    (here && from.user() == name).then(|| from.as_str().to_owned())
}

/// Whether who asks for a transfer may call by itself; if not, it has been told.
pub(crate) fn may_refer(cx: &mut Cx, ev: &sip::Refer, sip: Sip, conf: &Settings) -> Result<bool> {
    if conf.callers == Callers::Anyone || conf.trusted.holds(ev) {
        return Ok(true);
    }
    let account = |user: &str| conf.users.account(user, &conf.realm);
    Ok(sip.authenticate(cx, ev, &conf.realm(), account)?.is_some())
}

/// What an INVITE to `target` says of its caller's identity (RFC 3325, RFC 3323).
pub(crate) fn identify(
    outgoing: Outgoing,
    invite: &sip::Invite,
    caller: &Caller,
    target: &Target,
    conf: &Settings,
) -> Outgoing {
    let caller = match caller {
        Caller::Unasked => return outgoing,
        Caller::Trusted => sip::Caller::Trusted,
        Caller::User(uri) => sip::Caller::User(uri.clone()),
    };
    let trusted = conf.trusted.holds_target(target);
    // The credentials were for this node.
    sip::identity(invite, &caller, trusted)
        .on_outgoing(outgoing)
        .without("Proxy-Authorization")
}

/// The headers of a request of a call that do not pass, because nobody vouches for what they say of identities (RFC 3325 5).
pub(crate) fn unproved(request: &sip::Request, conf: &Settings) -> Vec<&'static str> {
    match conf.callers {
        Callers::Anyone => Vec::new(),
        Callers::Known => sip::unbelieved(request.message(), conf.trusted.holds(request)),
    }
}

/// The same of a response.
pub(crate) fn unproved_response(
    cx: &Cx,
    response: &sip::Response,
    sip: Sip,
    conf: &Settings,
) -> Vec<&'static str> {
    let message = response.message();
    if conf.callers == Callers::Anyone || sip::unbelieved(message, false).is_empty() {
        return Vec::new();
    }
    sip::unbelieved(message, conf.trusted.holds_response(cx, sip, response))
}
