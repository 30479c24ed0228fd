//! Who calls, and so who pays. Whoever has proved to be one user does not call on another's account.

use strowger::prelude::*;
use strowger_diameter::charging::SubscriptionId;
use strowger_sip::{self as sip, Aor, Sip};

use crate::settings::{Callers, Payer, Route, Settings};

/// Who pays; none if that one may not call, which it has been told.
pub(crate) fn payer(
    cx: &mut Cx,
    ev: &sip::Invite,
    sip: Sip,
    conf: &Settings,
) -> Result<Option<SubscriptionId>> {
    let anyone = conf.callers == Callers::Anyone;
    // A route that leads wherever a caller says would make the node an open relay.
    let anywhere = |route: &Route| route.target.is_none() && !route.open;
    if anyone && conf.route(ev.user()).is_some_and(anywhere) {
        sip.respond(cx, ev, 403)?;
        return Ok(None);
    }
    let known = anyone || conf.trusted.holds(ev);
    let Some(caller) = caller(ev, known) else {
        sip.respond(cx, ev, 403)?;
        return Ok(None);
    };
    if !known {
        let account = |user: &str| conf.users.account(user, &conf.realm);
        let Some(user) = sip.authenticate(cx, ev, &conf.realm(), account)? else {
            return Ok(None);
        };
        let (name, domain) = user.rsplit_once('@').unwrap_or((&user, &conf.realm));
        if caller.user() != name || !caller.domain().eq_ignore_ascii_case(domain) {
            sip.respond(cx, ev, 403)?;
            return Ok(None);
        }
    }
    Ok(Some(match conf.payer {
        Payer::SipUri => SubscriptionId::sip_uri(caller.as_str()),
        Payer::E164 => SubscriptionId::e164(caller.user().trim_start_matches('+')),
    }))
}

/// The caller's address of record: what a trusted peer asserts, else From.
fn caller(ev: &sip::Invite, believed: bool) -> Option<Aor> {
    let asserted = ev
        .header("P-Asserted-Identity")
        .filter(|_| believed)
        .and_then(|value| {
            let (_, rest) = std::str::from_utf8(value).ok()?.split_once('<')?;
            let (uri, _) = rest.split_once('>')?;
            Aor::parse(uri.as_bytes()).ok()
        });
    asserted.or_else(|| Aor::parse(ev.message().from().ok()?.uri_raw).ok())
}
