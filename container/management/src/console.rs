//! The console: pages rendered by the node for whoever operates it, over the same data, scopes and audit log as the API.
//!
//! A path `/console/X` needs what `/v1/X` of the API needs ([`crate::api`], `access`). Pages work without scripts; with them,
//! what is live changes by itself (`live`). Whatever a peer may have written is text here: templates escape everything.
//!
//! **Invariant:** a page loads nothing from another host, and a list costs in proportion to the page that is shown.

mod act;
mod activities;
mod adaptors;
mod alarms;
mod assets;
mod call;
mod calls;
mod chart;
mod configuration;
mod dress;
mod entities;
mod frame;
mod live;
mod overview;
mod quarantine;
mod services;
mod session;
mod show;
mod usage;

pub(crate) use dress::{dress, is_console};
pub(crate) use session::token;

use crate::api::State;
use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};

/// What of the console needs no token: what it looks like, the door, and the way to it.
pub(crate) const OPEN: [&str; 5] = [
    "/",
    "/console/assets/{hash}/{name}",
    "/console/sign-in",
    "/console/sign-out",
    "/console/theme",
];

/// All pages, and what they are made of.
pub(crate) fn routes() -> Router<State> {
    Router::new()
        .route("/", get(async || Redirect::to("/console")))
        .route("/console", get(overview::page))
        .route("/console/services", get(services::list))
        .route("/console/services/{name}", get(services::one))
        .route("/console/entities/{id}", get(entities::one))
        .route("/console/entities/{id}/children", get(entities::children))
        .route("/console/adaptors", get(adaptors::page))
        .route("/console/calls", get(calls::page))
        .route("/console/calls/{id}", get(call::page))
        .route("/console/calls/{id}/export", get(call::export))
        .route("/console/activities", get(activities::list))
        .route("/console/activities/{id}", get(activities::one))
        .route("/console/alarms", get(alarms::page))
        .route("/console/quarantine", get(quarantine::page))
        .route("/console/configuration", get(configuration::page))
        .route("/console/configuration/reload", post(configuration::reload))
        .route("/console/live/{view}", get(live::stream))
        .route("/console/assets/{hash}/{name}", get(assets::asset))
        .route(
            "/console/sign-in",
            get(session::door).post(session::sign_in),
        )
        .route("/console/sign-out", post(session::sign_out))
        .route("/console/theme", post(session::colours))
        .merge(act::routes())
}
