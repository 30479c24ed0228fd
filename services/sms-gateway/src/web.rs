//! What programs ask by HTTP: whose request it is, and which of the two interfaces it is for. `api` has the JSON one, `kannel`
//! the one that Kannel's clients know.
//!
//! Nothing is done for whom the settings do not know. Invariant: an answer of 202 leaves after the commit that holds the
//! messages.

use strowger::prelude::*;
use strowger_http::{Exchange, Http, Method, Reply, Request};

use crate::settings::{Settings, User};
use crate::{Gateway, With, api, kannel};

/// The path of messages.
const MESSAGES: &str = "/v1/messages";
/// The path of Kannel's interface.
const SENDSMS: &str = "/cgi-bin/sendsms";
/// The longest Idempotency-Key.
const KEY: usize = 128;

/// A request with whose it is.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) exchange: Handle<Exchange>,
    pub(crate) name: &'a str,
    pub(crate) user: &'a User,
    pub(crate) http: Http,
}

/// What a request wants of which message.
enum Wish {
    Send,
    Look(String),
    Cancel(String),
    Kannel,
    /// There is the path, but not with that method.
    Other(&'static str),
}

fn wish(request: &Request) -> Option<Wish> {
    let is = |method| request.method == method;
    if request.path == SENDSMS {
        return Some(if is(Method::Get) || is(Method::Post) {
            Wish::Kannel
        } else {
            Wish::Other("GET, POST")
        });
    }
    let rest = request.path.strip_prefix(MESSAGES)?;
    if rest.is_empty() {
        return Some(if is(Method::Post) {
            Wish::Send
        } else {
            Wish::Other("POST")
        });
    }
    let id = rest.strip_prefix('/')?;
    if id.is_empty() || id.contains('/') {
        return None;
    }
    Some(if is(Method::Get) {
        Wish::Look(id.to_owned())
    } else if is(Method::Delete) {
        Wish::Cancel(id.to_owned())
    } else {
        Wish::Other("GET, DELETE")
    })
}

/// Who has sent a request, by password or token.
fn user<'a>(request: &Request, conf: &'a Settings) -> Option<(&'a str, &'a User)> {
    let entry = |(name, user): (&'a String, &'a User)| (name.as_str(), user);
    if let Some((name, password)) = request.basic_auth() {
        let known = conf.http.users.get_key_value(&name).map(entry);
        return known.filter(|(_, user)| user.password.is(&password));
    }
    let token = request.bearer()?;
    let mut users = conf.http.users.iter().map(entry);
    users.find(|(_, user)| user.token.is(token))
}

/// The Idempotency-Key of a request, if it has a good one.
fn key(request: &Request) -> Option<&str> {
    let key = request.header("idempotency-key")?.trim();
    let good = !key.is_empty() && key.len() <= KEY && key.bytes().all(|b| b.is_ascii_graphic());
    good.then_some(key)
}

/// Takes what is for the gateway. Requests with the same key of the same user go to one entity, which remembers.
pub(crate) fn pick(sel: &mut Selector) {
    let (Some(request), Some(conf)) = (sel.event::<Request>(), sel.conf::<Settings>()) else {
        return sel.decline();
    };
    match wish(request) {
        None => sel.decline(),
        Some(Wish::Send) => {
            if let (Some(key), Some((name, _))) = (key(request), user(request, conf)) {
                sel.by_activity = false;
                sel.custom = Some(format!("{name}\n{key}").into());
            }
        }
        Some(_) => {}
    }
}

impl Gateway {
    pub(crate) fn take_request(
        &mut self,
        cx: &mut Cx,
        ev: &Request,
        exchange: Handle<Exchange>,
        w: &With,
    ) -> Result {
        let (Some(http), Some(wish)) = (w.http, wish(ev)) else {
            return Ok(());
        };
        if let Wish::Other(methods) = wish {
            let reply = Reply::problem(405, "method not allowed", "").header("Allow", methods);
            return http.respond(cx, exchange, reply);
        }
        if matches!(wish, Wish::Kannel) {
            return kannel::take(cx, ev, exchange, http, w);
        }
        let Some((name, user)) = user(ev, w.conf) else {
            let reply = Reply::problem(401, "unauthorized", "no user, or not the right password");
            let reply = reply.header("WWW-Authenticate", "Basic realm=\"sms\", charset=\"UTF-8\"");
            return http.respond(cx, exchange, reply);
        };
        let asked = Asked {
            exchange,
            name,
            user,
            http,
        };
        match wish {
            Wish::Send if ev.header("idempotency-key").is_some() && key(ev).is_none() => {
                let detail = "Idempotency-Key has 1 to 128 characters without blanks";
                http.respond(cx, exchange, Reply::problem(400, "bad request", detail))
            }
            Wish::Send => self.take_messages(cx, ev, &asked, w),
            Wish::Look(id) => api::ask(cx, &id, &asked, api::Question::State, w),
            Wish::Cancel(id) => api::ask(cx, &id, &asked, api::Question::Cancel, w),
            Wish::Kannel | Wish::Other(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_has_no_blanks() {
        let with = |key: &str| Request {
            method: Method::Post,
            path: MESSAGES.to_owned(),
            query: String::new(),
            headers: [("Idempotency-Key", key)].into_iter().collect(),
            body: bytes::Bytes::new(),
            peer: ([192, 0, 2, 1], 1).into(),
            listener: "http".to_owned(),
            secure: false,
            certificate: None,
        };
        assert_eq!(key(&with("a-1")), Some("a-1"));
        for bad in ["", "a b", &"x".repeat(129)] {
            assert_eq!(key(&with(bad)), None, "{bad}");
        }
    }
}
