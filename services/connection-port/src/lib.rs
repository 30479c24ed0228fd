//! The port for connections from outside: a program posts an event to a handle of its own, and the answer of the service that
//! received it is the answer to the request.
//!
//! It keeps nothing but the request that waits: an entity stands for one. What may be fired, and what becomes of handles, is the
//! connection adaptor's.
//! Invariant: a request is answered 2xx when services have dealt with its event, and not before.
#![forbid(unsafe_code)]

mod settings;

pub use settings::Settings;

use serde::Deserialize;
use serde_json::Value;
use strowger::prelude::*;
use strowger_connection::{Answered, Connection, EventType, FireError, Firing, Unanswered, Why};
use strowger_http::{Exchange, Http, Method, Reply, Request};

/// The service.
#[must_use]
pub fn service() -> ServiceDef {
    ServiceDef::of::<Port>().settings::<Settings>()
}

/// One request.
#[derive(Debug, Default, State)]
pub struct Port {
    exchange: Option<Handle<Exchange>>,
}

/// What a program posts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    #[serde(rename = "type")]
    event_type: EventType,
    event: Value,
    #[serde(default)]
    address: Option<Address>,
    #[serde(default, with = "humantime_serde")]
    wait: Option<Duration>,
}

/// What a path names.
enum Place {
    Types,
    Handle(String),
}

fn place(request: &Request) -> Option<Place> {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["connection", "v1", "types"] => Some(Place::Types),
        ["connection", "v1", "handles", handle, "events"] => {
            Some(Place::Handle((*handle).to_owned()))
        }
        _ => None,
    }
}

#[sbb(name = "connection-port", vendor = "strowger", version = "1.0")]
impl Port {
    #[on(initial, select = Self::of_ours)]
    fn request(
        &mut self,
        cx: &mut Cx,
        ev: &Request,
        Aci(exchange): Aci<Exchange>,
        http: Ra<Http>,
        connection: Ra<Connection>,
        conf: Conf<Settings>,
    ) -> Result {
        if !ev.bearer().is_some_and(|token| conf.has(token)) {
            let reply = Reply::problem(401, "unauthorized", "no token, or not a right one");
            return http.respond(cx, exchange, reply.header("WWW-Authenticate", "Bearer"));
        }
        let reply = match (place(ev), &ev.method) {
            (Some(Place::Types), Method::Get) => Some(Reply::json(200, &connection.types(cx))?),
            (Some(Place::Handle(handle)), Method::Post) => {
                match fire(cx, connection, ev, &handle) {
                    Ok(asked) => {
                        cx.attach(asked);
                        self.exchange = Some(exchange);
                        None
                    }
                    Err(reply) => Some(reply),
                }
            }
            (Some(Place::Types), _) => Some(not_allowed("GET")),
            _ => Some(not_allowed("POST")),
        };
        match reply {
            Some(reply) => http.respond(cx, exchange, reply),
            None => Ok(()),
        }
    }

    fn of_ours(select: &mut Selector<'_>) {
        if select.event::<Request>().and_then(place).is_none() {
            select.decline();
        }
    }

    #[on]
    fn answered(&mut self, cx: &mut Cx, ev: &Answered, http: Ra<Http>) -> Result {
        let reply = match &ev.answer {
            Some(answer) => Reply::new(200).body("application/json", answer.clone()),
            None => Reply::new(204),
        };
        self.reply(cx, http, reply)
    }

    #[on]
    fn unanswered(&mut self, cx: &mut Cx, ev: &Unanswered, http: Ra<Http>) -> Result {
        let (status, title, detail) = match ev.why {
            Why::NoReceiver => (409, "no receiver", "no service receives that event"),
            Why::RolledBack => (500, "rolled back", "no service could deal with the event"),
            Why::Refused => (503, "refused", "nothing new is taken at the moment"),
            Why::Late => (
                504,
                "no answer",
                "the event was dealt with, and no answer came in time",
            ),
            Why::Pending => (
                504,
                "pending",
                "the event is fired, and it is not known yet what becomes of it",
            ),
            Why::Failed | _ => (500, "failed", "the event could not be offered to services"),
        };
        self.reply(cx, http, Reply::problem(status, title, detail))
    }

    /// Its client may have gone.
    fn reply(&mut self, cx: &mut Cx, http: Ra<Http>, reply: Reply) -> Result {
        match self
            .exchange
            .take()
            .filter(|exchange| cx.is_alive(*exchange))
        {
            Some(exchange) => http.respond(cx, exchange, reply),
            None => Ok(()),
        }
    }
}

fn not_allowed(allowed: &str) -> Reply {
    let reply = Reply::problem(405, "method not allowed", "not done with this method");
    reply.header("Allow", allowed)
}

/// Has what was posted fired; what is wrong with it otherwise.
fn fire(
    cx: &mut Cx<'_>,
    connection: Ra<Connection>,
    request: &Request,
    handle: &str,
) -> Result<Handle<strowger_connection::Asked>, Reply> {
    let wrong =
        |error: &dyn std::fmt::Display| Reply::problem(400, "bad request", &error.to_string());
    let posted: Posted = request.json().map_err(|error| wrong(&error))?;
    let event = posted.event.to_string();
    let firing = Firing {
        handle,
        event_type: &posted.event_type,
        event: event.as_bytes(),
        address: posted.address,
        wait: posted.wait,
    };
    connection.fire(cx, firing).map_err(|error| match &error {
        FireError::Handle | FireError::NotOfType(_) => wrong(&error),
        FireError::UnknownType(_) => Reply::problem(404, "unknown type", &error.to_string()),
        FireError::Op(_) | _ => Reply::problem(503, "refused", &error.to_string()),
    })
}
