//! Who may do what: tokens with scopes, and what becomes of wrong ones.
//!
//! A token comes as `Authorization: Bearer`; its SHA-256 is compared with those of the configuration, with all of them and
//! in constant time. An address from which too many wrong ones came is not listened to for a while, right or wrong, so that
//! tokens cannot be tried; the table of such addresses is bounded, and the shard never hears of any of it. For pages of the
//! console the browser keeps the token, and what one of them may do is what the same path of the API may.

use super::audit::Line;
use super::change::Change;
use super::kept::kept;
use super::problem::Problem;
use super::state::State;
use crate::console;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Extension, MatchedPath, Request, State as Given};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use strowger::network::Source;
use strowger_config::{Management, Scope};
use subtle::ConstantTimeEq;

/// Largest body.
pub(super) const BODY: usize = 64 * 1024;
/// Wrong tokens of one address within [`WINDOW`] after which it is not listened to until the window is over.
const WRONG: u32 = 20;
const WINDOW: Duration = Duration::from_secs(60);
/// Sources whose wrong tokens are counted; the oldest window makes room.
const SOURCES: usize = 1_024;

/// Paths that say nothing of a node but that it is there.
const OPEN: [&str; 3] = ["/health", "/ready", "/openapi.json"];
/// Changes that every day asks for, and that can be undone. All others are the administrator's.
const OPERATE: [&str; 22] = [
    "/v1/adaptors/{name}/activate",
    "/v1/adaptors/{name}/deactivate",
    "/v1/alarms/{source}/{name}",
    "/v1/bans/{source}",
    "/v1/certificates/reload",
    "/v1/configuration/reload",
    "/v1/log/{source}",
    "/v1/profiles/{table}/edits",
    "/v1/profiles/{table}/edits/{id}",
    "/v1/profiles/{table}/edits/{id}/commit",
    "/v1/profiles/{table}/edits/{id}/restore",
    "/v1/profiles/{table}/edits/{id}/verify",
    "/v1/profiles/{table}/entries",
    "/v1/profiles/{table}/entries/{name}",
    "/v1/quarantine/{id}/release",
    "/v1/services/{name}/activate",
    "/v1/services/{name}/canary",
    "/v1/services/{name}/deactivate",
    "/v1/services/{name}/rollback",
    "/v1/services/{name}/usage/reset",
    "/v1/services/{name}/usage/sets/{set}",
    "/v1/services/replace",
];

/// What only reads, though its question is a body.
const QUESTIONS: [&str; 1] = ["/v1/profiles/{table}/query"];

/// The name of who is on the node's own machine.
const LOCAL: &str = "local";

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer {
    /// An address.
    Net(SocketAddr),
    /// The socket in the data directory, and the user with this number, who may do everything: only the node's own user and
    /// root can open it.
    Own(u32),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(address) => address.fmt(f),
            Self::Own(user) => write!(f, "uid {user}"),
        }
    }
}

/// Who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Caller {
    /// The name of the token, `local`, or the number of the node's user.
    pub(crate) name: String,
    pub(crate) scope: Scope,
}

impl Caller {
    /// Whether it is somebody on the node's own machine who has shown no token.
    pub(crate) fn is_local(&self) -> bool {
        self.name == LOCAL && self.scope == Scope::Read
    }
}

/// The tokens that count besides those of the configuration, and the wrong ones that came.
#[derive(Debug)]
pub(crate) struct Access {
    /// What is in `management.token`, which counts while the configuration has none.
    own: Option<[u8; 32]>,
    wrong: Mutex<Wrong>,
}

/// Addresses from which wrong tokens came: since when, and how many.
#[derive(Debug, Default)]
struct Wrong(BTreeMap<Source, (Instant, u32)>);

impl Access {
    pub(crate) fn new(own: Option<&str>) -> Self {
        Self {
            own: own.map(hash),
            wrong: Mutex::default(),
        }
    }

    /// Who asks.
    fn caller(
        &self,
        (headers, is_page): (&HeaderMap, bool),
        method: &Method,
        peer: Peer,
        settings: &Management,
    ) -> Result<Caller, Problem> {
        if let Peer::Own(_) = peer {
            return self.known(None, peer, settings);
        }
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let token = value.to_str().ok().and_then(bearer);
            return self.known(token, peer, settings);
        }
        let kept = is_page.then(|| console::token(headers)).flatten();
        if kept.is_some() {
            return self.known(kept.as_deref(), peer, settings);
        }
        let looks = matches!(*method, Method::GET | Method::HEAD);
        if looks && settings.local_read && is_local(&peer, headers) {
            return Ok(Caller {
                name: LOCAL.to_owned(),
                scope: Scope::Read,
            });
        }
        Err(Problem::unauthorized("this needs a token"))
    }

    /// Who shows this token; `None` is a wrong one, but for the node's own socket, which needs none.
    pub(crate) fn known(
        &self,
        token: Option<&str>,
        peer: Peer,
        settings: &Management,
    ) -> Result<Caller, Problem> {
        let peer = match peer {
            Peer::Net(address) => address,
            Peer::Own(_) => {
                let (name, scope) = (peer.to_string(), Scope::Admin);
                return Ok(Caller { name, scope });
            }
        };
        let (now, source) = (Instant::now(), Source::from(peer.ip()));
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.is_blocked(now, source) {
            return Err(Problem::too_many_wrong());
        }
        if let Some(caller) = token.and_then(|token| self.owner(token, settings)) {
            return Ok(caller);
        }
        if wrong.came(now, source) {
            tracing::warn!(%source, code = "MGT-003", "too many wrong tokens: not listened to for a minute");
        }
        Err(Problem::unauthorized("this is not a right token"))
    }

    /// Whose token it is. Takes as long whichever it is.
    fn owner(&self, token: &str, settings: &Management) -> Option<Caller> {
        let hash = hash(token);
        let is = |own: &[u8; 32]| bool::from(own.ct_eq(&hash));
        if settings.tokens.is_empty() {
            return self.own.as_ref().filter(|own| is(own)).map(|_| Caller {
                name: "management.token".to_owned(),
                scope: Scope::Admin,
            });
        }
        let mut found = None;
        for (name, token) in &settings.tokens {
            if is(&token.sha256.0) {
                found = Some((name, token.scope));
            }
        }
        found.map(|(name, scope)| Caller {
            name: name.clone(),
            scope,
        })
    }
}

impl Wrong {
    fn is_blocked(&self, now: Instant, source: Source) -> bool {
        let seen = self.0.get(&source);
        seen.is_some_and(|(since, n)| *n >= WRONG && now.duration_since(*since) < WINDOW)
    }

    /// One more came; whether it was the last one that is listened to.
    fn came(&mut self, now: Instant, source: Source) -> bool {
        if self.0.len() >= SOURCES && !self.0.contains_key(&source) {
            let oldest = self.0.iter().min_by_key(|(_, (since, _))| *since);
            if let Some(oldest) = oldest.map(|(source, _)| *source) {
                self.0.remove(&oldest);
            }
        }
        let (since, n) = self.0.entry(source).or_insert((now, 0));
        if now.duration_since(*since) >= WINDOW {
            (*since, *n) = (now, 0);
        }
        *n += 1;
        *n == WRONG
    }
}

/// Lets a request through to its handler if who asks may. Its answer is waited for within its time; a change goes on and is
/// recorded all the same.
pub(super) async fn admit(
    Given(state): Given<State>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let config = state.config();
    let time = config.management.request_timeout;
    let answered = tokio::time::timeout(
        time,
        admitted(&state, &config.management, peer, request, next),
    );
    let late = || {
        let detail = "the request has taken longer than `management.request_timeout`, and may be carried out yet";
        Problem::silent(detail)
    };
    answered.await.unwrap_or_else(|_| late().into_response())
}

async fn admitted(
    state: &State,
    settings: &Management,
    peer: Peer,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let Some(path) = path.map(|path| path.as_str().to_owned()) else {
        return next.run(request).await;
    };
    if OPEN.contains(&path.as_str()) || console::OPEN.contains(&path.as_str()) {
        return next.run(request).await;
    }
    let method = request.method().clone();
    let shown = (request.headers(), console::is_console(&path));
    let caller = state.access().caller(shown, &method, peer, settings);
    let caller = match caller {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let needed = needed(&method, &path);
    request.extensions_mut().insert(caller.clone());
    if matches!(method, Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let target = request.uri().to_string();
    let (request, body) = match read(request).await {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    if needed == Scope::Read {
        return next.run(request).await;
    }
    let line = Line {
        caller,
        from: peer,
        method,
        target,
        body: kept(&path, &body),
        about: None,
        status: None,
    };
    let state = state.clone();
    Change { state, line }
        .carry_out(needed, request, next)
        .await
}

/// A request whose body has arrived, and the body.
async fn read(request: Request) -> Result<(Request, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY).await.map_err(|_| {
        let detail = format!("the body is longer than {BODY} bytes, or has not come whole");
        Problem::unreadable(StatusCode::PAYLOAD_TOO_LARGE, detail)
    })?;
    let request = Request::from_parts(parts, Body::from(body.clone()));
    Ok((request, body))
}

/// Whether the path needs no token at all.
pub(super) fn is_open(path: &str) -> bool {
    OPEN.contains(&path)
}

/// What a request needs. A page needs what the same path of the API does.
pub(crate) fn needed(method: &Method, path: &str) -> Scope {
    let rest = path.strip_prefix("/console").unwrap_or_default();
    let is_operation = |own: &&str| *own == path || own.strip_prefix("/v1") == Some(rest);
    if matches!(*method, Method::GET | Method::HEAD) || QUESTIONS.contains(&path) {
        Scope::Read
    } else if OPERATE.iter().any(is_operation) {
        Scope::Operate
    } else {
        Scope::Admin
    }
}

/// Whether somebody on the node's own machine asks for it under its own name: not a proxy on behalf of others, and not a
/// browser that was told a foreign name has this address.
fn is_local(peer: &Peer, headers: &HeaderMap) -> bool {
    let Peer::Net(peer) = peer else { return true };
    let peer = peer.ip();
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.unwrap_or_default();
    let name = match host.parse::<SocketAddr>() {
        Ok(_) => {
            return peer.is_loopback() && !forwarded.iter().any(|name| headers.contains_key(*name));
        }
        Err(_) => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let own = name == "localhost" || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    peer.is_loopback() && own && !forwarded.iter().any(|name| headers.contains_key(*name))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_config::{Token, TokenHash};

    fn settings(tokens: &[(&str, Scope)]) -> Management {
        let token = |(text, scope): &(&str, Scope)| {
            let sha256 = TokenHash(hash(text));
            (
                format!("of-{text}"),
                Token {
                    scope: *scope,
                    sha256,
                },
            )
        };
        Management {
            tokens: tokens.iter().map(token).collect(),
            ..Management::default()
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (
                header::HeaderName::from_static(name),
                value.parse().unwrap(),
            )
        };
        pairs.iter().map(pair).collect()
    }

    fn at(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 1)
    }

    #[test]
    fn tokens_have_their_scopes_and_the_own_one_counts_only_while_there_are_none() {
        let access = Access::new(Some("own"));
        let none = settings(&[]);
        let some = settings(&[("ann", Scope::Read), ("bob", Scope::Operate)]);
        let scope =
            |token: &str, settings: &Management| access.owner(token, settings).map(|c| c.scope);
        assert_eq!(scope("own", &none), Some(Scope::Admin));
        assert_eq!(scope("ann", &none), None);
        assert_eq!(scope("own", &some), None);
        assert_eq!(scope("ann", &some), Some(Scope::Read));
        assert_eq!(scope("bob", &some), Some(Scope::Operate));
        assert_eq!(scope("", &some), None);
        assert!(Access::new(None).owner("own", &none).is_none());
    }

    #[test]
    fn too_many_wrong_tokens_close_the_door_to_their_address_alone_for_a_while() {
        let mut wrong = Wrong::default();
        let (now, here) = (Instant::now(), Source::from(at("192.0.2.1").ip()));
        for n in 1..=WRONG {
            assert!(!wrong.is_blocked(now, here));
            assert_eq!(wrong.came(now, here), n == WRONG);
        }
        assert!(wrong.is_blocked(now + WINDOW / 2, here));
        assert!(!wrong.is_blocked(now, Source::from(at("192.0.2.2").ip())));
        assert!(!wrong.is_blocked(now + WINDOW, here));
        assert!(!wrong.came(now + WINDOW, here));
        // The table is bounded, and the oldest goes.
        for n in 0..u32::try_from(3 * SOURCES).unwrap() {
            wrong.came(now + WINDOW * 2, Source::V4(n));
        }
        assert_eq!(wrong.0.len(), SOURCES);
        assert!(!wrong.0.contains_key(&here));
    }

    #[test]
    fn whoever_is_on_this_machine_may_look_and_nothing_else() {
        let (access, none) = (Access::new(Some("own")), settings(&[]));
        let ask = |method, peer, pairs: &[(&'static str, &str)]| {
            access
                .caller(
                    (&headers(pairs), false),
                    &method,
                    Peer::Net(at(peer)),
                    &none,
                )
                .is_ok()
        };
        for host in [
            "127.0.0.1:8088",
            "localhost:8088",
            "localhost",
            "[::1]:8088",
            "127.0.0.1",
        ] {
            assert!(ask(Method::GET, "127.0.0.1", &[("host", host)]), "{host}");
        }
        assert!(!ask(Method::POST, "127.0.0.1", &[("host", "localhost")]));
        assert!(!ask(Method::GET, "192.0.2.1", &[("host", "localhost")]));
        assert!(!ask(
            Method::GET,
            "127.0.0.1",
            &[("host", "evil.example:8088")]
        ));
        assert!(!ask(Method::GET, "127.0.0.1", &[]));
        let proxied = [("host", "localhost"), ("x-forwarded-for", "192.0.2.1")];
        assert!(!ask(Method::GET, "127.0.0.1", &proxied));
        assert!(ask(
            Method::POST,
            "192.0.2.1",
            &[("authorization", "Bearer own")]
        ));
        assert!(!ask(
            Method::GET,
            "127.0.0.1",
            &[("host", "localhost"), ("authorization", "Basic own")]
        ));
        let closed = Management {
            local_read: false,
            ..none.clone()
        };
        let local = headers(&[("host", "localhost")]);
        assert!(
            access
                .caller(
                    (&local, false),
                    &Method::GET,
                    Peer::Net(at("127.0.0.1")),
                    &closed
                )
                .is_err()
        );
    }

    #[test]
    fn what_the_browser_keeps_counts_for_pages_alone() {
        let (access, none) = (Access::new(Some("own")), settings(&[]));
        let kept = headers(&[("host", "h:1"), ("cookie", "strowger-token-1=own")]);
        let ask = |is_page, kept: &HeaderMap| {
            let caller = access.caller(
                (kept, is_page),
                &Method::POST,
                Peer::Net(at("192.0.2.1")),
                &none,
            );
            caller.map(|caller| caller.scope)
        };
        assert_eq!(ask(true, &kept), Ok(Scope::Admin));
        assert!(ask(false, &kept).is_err());
        // Somebody on this machine whose token is wrong is not let in for being on this machine.
        let wrong = headers(&[
            ("host", "localhost:1"),
            ("cookie", "strowger-token-1=other"),
        ]);
        let looked = access.caller(
            (&wrong, true),
            &Method::GET,
            Peer::Net(at("127.0.0.1")),
            &none,
        );
        assert!(looked.is_err());
    }

    #[test]
    fn whoever_can_open_the_nodes_own_socket_may_do_everything() {
        let (access, none) = (Access::new(None), settings(&[]));
        let caller = access.caller(
            (&headers(&[]), false),
            &Method::POST,
            Peer::Own(1_000),
            &none,
        );
        let caller = caller.unwrap();
        assert_eq!((&*caller.name, caller.scope), ("uid 1000", Scope::Admin));
    }

    #[test]
    fn what_nobody_has_thought_about_is_the_administrators() {
        let post = |path| needed(&Method::POST, path);
        assert_eq!(needed(&Method::GET, "/v1/new"), Scope::Read);
        for admin in [
            "/v1/new",
            "/console/new",
            "/console",
            "/",
            "/console/stop",
            "/services/{name}/activate",
        ] {
            assert_eq!(post(admin), Scope::Admin, "{admin}");
        }
        for operate in [
            "/v1/services/{name}/activate",
            "/console/services/{name}/activate",
        ] {
            assert_eq!(post(operate), Scope::Operate, "{operate}");
        }
    }
}
