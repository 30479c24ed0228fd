//! What can be done from the console: a page that says what will happen, and the change itself, which is one of the API's.
//!
//! The access layer lets a change through (or not) by the path of the API that it stands for, and keeps the record of it.

use super::frame::{Room, Visit};
use super::live::Look;
use super::session;
use crate::api::{Params, Path, Problem, State, needed};
use axum::Router;
use axum::extract::State as Given;
use axum::http::Method;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::Arc;
use strowger_config::Scope;
use strowger_node::control::Request;

/// One change.
#[derive(Debug)]
struct Deed {
    room: Room,
    /// The route, by which the scope is found.
    route: &'static str,
    path: String,
    title: String,
    /// What will happen.
    says: &'static str,
    /// What its button says.
    word: &'static str,
    /// Whether it takes something away.
    grave: bool,
    /// The page that shows what has become of it.
    back: String,
    request: Request,
}

pub(super) fn routes() -> Router<State> {
    let router = Router::new()
        .route("/console/stop", get(ask_stop).post(stop))
        .route("/console/alarms/{source}/{name}", post(clear));
    let deeds: [(&'static str, fn(String) -> Deed); 7] = [
        ("/console/services/{name}/activate", |name| {
            service(name, true)
        }),
        ("/console/services/{name}/deactivate", |name| {
            service(name, false)
        }),
        ("/console/adaptors/{name}/activate", |name| {
            adaptor(name, true)
        }),
        ("/console/adaptors/{name}/deactivate", |name| {
            adaptor(name, false)
        }),
        ("/console/activities/{id}/end", end),
        ("/console/quarantine/{id}/release", release),
        ("/console/quarantine/{id}/discard", discard),
    ];
    deeds.into_iter().fold(router, |router, (path, deed)| {
        let ask =
            async move |Given(state): Given<State>, visit: Visit, Path(name): Path<String>| {
                ask(&state, &visit, deed(name)).await
            };
        let act = async move |Given(state): Given<State>, Path(name): Path<String>| {
            act(&state, deed(name)).await
        };
        router.route(path, get(ask).post(act))
    })
}

/// A link to a page that asks whether something is to be done.
pub(super) fn link(path: &str, word: &str) -> Markup {
    html! { a.button href=(path) { (word) } }
}

/// A part of a path, whatever it is called.
pub(super) fn segment(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

fn service(name: String, activates: bool) -> Deed {
    let (path, back) = (
        segment(&name),
        format!("/console/services/{}", segment(&name)),
    );
    if activates {
        return Deed {
            room: Room::Services,
            route: "/console/services/{name}/activate",
            path: format!("/console/services/{path}/activate"),
            title: format!("Activate the service {name}"),
            says: "It gets new work from here on.",
            word: "Activate",
            grave: false,
            back,
            request: Request::Activate { service: name },
        };
    }
    Deed {
        room: Room::Services,
        route: "/console/services/{name}/deactivate",
        path: format!("/console/services/{path}/deactivate"),
        title: format!("Deactivate the service {name}"),
        says: "It gets no new work. What it has goes on until it is over, or for the time that limits.service_stop_time \
               gives it; then it is inactive, and can be activated again.",
        word: "Deactivate",
        grave: true,
        back,
        request: Request::Deactivate { service: name },
    }
}

fn adaptor(name: String, activates: bool) -> Deed {
    let (path, back) = (segment(&name), "/console/adaptors".to_owned());
    if activates {
        return Deed {
            room: Room::Adaptors,
            route: "/console/adaptors/{name}/activate",
            path: format!("/console/adaptors/{path}/activate"),
            title: format!("Activate the adaptor {name}"),
            says: "It begins new activities again.",
            word: "Activate",
            grave: false,
            back,
            request: Request::ActivateAdaptor { adaptor: name },
        };
    }
    Deed {
        room: Room::Adaptors,
        route: "/console/adaptors/{name}/deactivate",
        path: format!("/console/adaptors/{path}/deactivate"),
        title: format!("Deactivate the adaptor {name}"),
        says: "It begins nothing new: its listeners stay open and refuse. It is inactive when its last activity has ended, \
               and can be activated again.",
        word: "Deactivate",
        grave: true,
        back,
        request: Request::DeactivateAdaptor { adaptor: name },
    }
}

fn end(id: String) -> Deed {
    Deed {
        room: Room::Calls,
        route: "/console/activities/{id}/end",
        path: format!("/console/activities/{}/end", segment(&id)),
        title: format!("End the activity {id}"),
        says: "Its adaptor drops what it has of it, and its services get its end. This is for what has been left over: \
               a call that goes on is cut.",
        word: "End it",
        grave: true,
        back: "/console/activities".to_owned(),
        request: Request::EndActivity { id },
    }
}

fn release(id: String) -> Deed {
    Deed {
        room: Room::Alarms,
        route: "/console/quarantine/{id}/release",
        path: format!("/console/quarantine/{}/release", segment(&id)),
        title: format!("Release the quarantined event {id}"),
        says: "It is delivered again, to the receiver that it failed for. If it fails again it is put aside again, under its \
               number.",
        word: "Release",
        grave: false,
        back: "/console/quarantine".to_owned(),
        request: Request::ReleaseQuarantined { id },
    }
}

fn discard(id: String) -> Deed {
    Deed {
        room: Room::Alarms,
        route: "/console/quarantine/{id}/discard",
        path: format!("/console/quarantine/{}/discard", segment(&id)),
        title: format!("Discard the quarantined event {id}"),
        says: "It is gone for good, and its receiver never gets it.",
        word: "Discard",
        grave: true,
        back: "/console/quarantine".to_owned(),
        request: Request::DiscardQuarantined { id },
    }
}

fn stopping() -> Deed {
    Deed {
        room: Room::Overview,
        route: "/console/stop",
        path: "/console/stop".to_owned(),
        title: "Stop the node".to_owned(),
        says: "As SIGTERM does: no new work, and what there is may finish within node.drain_limit; then the process ends. \
               Asked a second time, it ends at once.",
        word: "Stop the node",
        grave: true,
        back: "/console".to_owned(),
        request: Request::Stop {},
    }
}

async fn ask_stop(Given(state): Given<State>, visit: Visit) -> Result<Html<String>, Problem> {
    ask(&state, &visit, stopping()).await
}

async fn stop(Given(state): Given<State>) -> Result<Redirect, Problem> {
    act(&state, stopping()).await
}

/// Takes an alarm off the list that reports what has happened.
async fn clear(
    Given(state): Given<State>,
    Path((source, name)): Path<(String, String)>,
    body: String,
) -> Result<Redirect, Problem> {
    let mut fields = Params::read(&body)?;
    let instance = fields.take("instance")?.unwrap_or_default();
    fields.end()?;
    let request = Request::ClearAlarm {
        source,
        name,
        instance,
    };
    state.order(request).await?;
    Ok(Redirect::to("/console/alarms"))
}

/// Says what will happen, and asks.
async fn ask(state: &State, visit: &Visit, deed: Deed) -> Result<Html<String>, Problem> {
    let look = Look::of(state, Arc::from(state.status(false).await?));
    Ok(visit.still(deed.room, &deed.title, &look, &question(visit, &deed)))
}

fn question(visit: &Visit, deed: &Deed) -> Markup {
    let needs = needed(&Method::POST, deed.route);
    html! {
        div.door {
            h1 { (deed.title) "?" }
            p { (deed.says) }
            @if visit.may(needs) {
                form.row method="post" action=(deed.path) {
                    button class=(if deed.grave { "grave" } else { "main" }) { (deed.word) }
                    a.button href=(deed.back) { "Leave it" }
                }
            } @else {
                (lacking(visit, needs))
                p.row { a.button href=(deed.back) { "Back" } }
            }
        }
    }
}

/// Why somebody may not do something that needs a scope, and the way to be allowed.
pub(super) fn lacking(visit: &Visit, needs: Scope) -> Markup {
    html! {
        p.note {
            "This needs a token with the scope " code { (needs.word()) } ". "
            a href={ "/console/sign-in?" (session::next(&visit.here)) } { "Sign in" }
        }
    }
}

async fn act(state: &State, deed: Deed) -> Result<Redirect, Problem> {
    state.order(deed.request).await?;
    Ok(Redirect::to(&deed.back))
}

#[cfg(test)]
mod tests {
    use super::super::session::Theme;
    use super::*;
    use crate::api::Caller;

    fn visit(name: &str, scope: Scope) -> Visit {
        Visit {
            caller: Some(Caller {
                name: name.to_owned(),
                scope,
            }),
            theme: Theme::Auto,
            here: "/console/services/a/deactivate".to_owned(),
        }
    }

    #[test]
    fn who_may_not_do_it_is_not_given_the_button() {
        let deed = || service("<b2bua>".to_owned(), false);
        let asked = |visit: &Visit| question(visit, &deed()).into_string();
        let noc = asked(&visit("noc", Scope::Operate));
        assert!(
            noc.contains("<form") && noc.contains("&lt;b2bua&gt;") && !noc.contains("<b2bua>"),
            "{noc}"
        );
        assert!(
            noc.contains("action=\"/console/services/%3Cb2bua%3E/deactivate\""),
            "{noc}"
        );
        let local = asked(&visit("local", Scope::Read));
        assert!(
            !local.contains("<form") && local.contains("sign-in?next="),
            "{local}"
        );
    }

    #[test]
    fn changes_need_what_they_need_in_the_api() {
        let needs = |deed: Deed| needed(&Method::POST, deed.route);
        assert_eq!(needs(service("a".into(), true)), Scope::Operate);
        assert_eq!(needs(adaptor("a".into(), false)), Scope::Operate);
        assert_eq!(needs(stopping()), Scope::Admin);
        assert_eq!(needs(end("a".into())), Scope::Admin);
        assert_eq!(needs(release("1".into())), Scope::Operate);
        assert_eq!(needs(discard("1".into())), Scope::Admin);
    }
}
