//! Who may call through this node, so that it is nobody's open relay.
//!
//! A caller is known by the address that it calls from, or by digest (RFC 3261 22) with an account of its own; who has proved
//! to be one user does not call as another. Within a call nobody is asked again, since only those who were let in have one,
//! but for who sends it elsewhere by REFER: the called side was let in by nobody.

use schemars::JsonSchema;
use serde::Deserialize;
use strowger::prelude::*;
use strowger_sip::proto::wire::NameAddr;
use strowger_sip::{self as sip, Outgoing, Sip, Target};

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
    let user = user.split('@').next().unwrap_or_default();
    if said(ev) == user.as_bytes() {
        return Ok(Some(Caller::User(format!("sip:{user}@{}", conf.realm))));
    }
    sip.respond(cx, ev, 403)?;
    Ok(None)
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
    let trusted = conf.trusted.holds_uri(target.uri());
    // The credentials were for this node.
    sip::identity(invite, &caller, trusted)
        .on_outgoing(outgoing)
        .without("Proxy-Authorization")
}

/// As whom it calls.
fn said(ev: &sip::Invite) -> Vec<u8> {
    ev.header("From")
        .and_then(|from| NameAddr::parse(from).ok())
        .and_then(|from| Some(from.uri().ok()?.user()?.to_vec()))
        .unwrap_or_default()
}
