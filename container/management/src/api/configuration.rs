//! The configuration in effect, its reload, and the certificates that are used.

use super::input::Params;
use super::node::Done;
use super::problem::{Problem, ProblemDocument};
use super::state::{State, unexpected};
use axum::extract::State as Given;
use axum::routing::{get, post};
use axum::{Json, Router};
use strowger_node::control::{Reply, Request};
use strowger_node::listed::{CertificateEntry, KeyChange, KeyEntry};

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/configuration", get(keys))
        .route("/v1/configuration/reload", post(reload))
        .route("/v1/certificates", get(certificates))
        .route("/v1/certificates/reload", post(look))
}

/// Every key in effect, with where its value comes from and what it takes to change it. Secrets are masked.
#[utoipa::path(get, path = "/v1/configuration", tag = "configuration", params(
    ("below" = Option<String>, Query, description = "Only keys of this table, such as `adaptors.sip`."),
), responses((status = 200, description = "The keys, in their order.", body = Vec<KeyEntry>)))]
pub(super) async fn keys(
    Given(state): Given<State>,
    mut params: Params,
) -> Result<Json<Vec<KeyEntry>>, Problem> {
    let below: Option<String> = params.take("below")?;
    params.end()?;
    let Reply::Configuration(mut keys) = state.ask(Request::Configuration {}).await? else {
        return Err(unexpected());
    };
    if let Some(below) = below {
        let within = |rest: &str| rest.is_empty() || rest.starts_with('.');
        keys.retain(|entry| entry.key.strip_prefix(&below).is_some_and(within));
    }
    Ok(Json(keys))
}

/// Read the configuration again, and put into effect what has changed: all of it or nothing.
#[utoipa::path(post, path = "/v1/configuration/reload", tag = "configuration", params(
    ("check" = Option<bool>, Query, description = "Only say what would become of it."),
), responses(
    (status = 200, description = "The changes that are in effect, or would be.", body = Vec<KeyChange>),
    (status = 422, description = "It cannot be used: `problems` has file, line and key. Nothing was changed.",
        body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(super) async fn reload(
    Given(state): Given<State>,
    mut params: Params,
) -> Result<Json<Vec<KeyChange>>, Problem> {
    let check = params.take("check")?.unwrap_or(false);
    params.end()?;
    let Reply::Reloaded(changes) = state.ask(Request::Reload { check }).await? else {
        return Err(unexpected());
    };
    Ok(Json(changes))
}

/// The certificates that are used.
#[utoipa::path(get, path = "/v1/certificates", tag = "configuration",
    responses((status = 200, description = "The certificates.", body = Vec<CertificateEntry>)))]
pub(super) async fn certificates(
    Given(state): Given<State>,
    params: Params,
) -> Result<Json<Vec<CertificateEntry>>, Problem> {
    params.end()?;
    let Reply::Certificates(all) = state.ask(Request::CertificateList {}).await? else {
        return Err(unexpected());
    };
    Ok(Json(all))
}

/// Look at the files of certificates now; what has changed is used from the next handshake on.
#[utoipa::path(post, path = "/v1/certificates/reload", tag = "configuration",
    responses((status = 200, description = "They are looked at.", body = Done)))]
pub(super) async fn look(
    Given(state): Given<State>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::Certificates {}).await?;
    Ok(Done::json())
}
