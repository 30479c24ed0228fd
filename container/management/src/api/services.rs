//! Services: their states, activation, deactivation, and replacing one by another.

use super::input::{Fields, Params, Path};
use super::node::Done;
use super::problem::Problem;
use super::state::State;
use axum::extract::State as Given;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use strowger_node::control::Request;
use strowger_node::status::ServiceStatus;
use utoipa::ToSchema;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/services", get(list))
        .route("/v1/services/replace", post(replace))
        .route("/v1/services/{name}", get(one))
        .route("/v1/services/{name}/activate", post(activate))
        .route("/v1/services/{name}/deactivate", post(deactivate))
}

/// Services that change their states at one instant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Replacement, example = json!({"deactivate": ["b2bua"], "activate": []}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(super) struct Replacement {
    /// Active ones that are deactivated.
    #[schema(required = false)]
    deactivate: Vec<String>,
    /// Inactive ones that are activated.
    #[schema(required = false)]
    activate: Vec<String>,
}

/// All services.
#[utoipa::path(get, path = "/v1/services", tag = "services",
    responses((status = 200, description = "All services.", body = Vec<ServiceStatus>)))]
pub(super) async fn list(
    Given(state): Given<State>,
    params: Params,
) -> Result<Json<Vec<ServiceStatus>>, Problem> {
    params.end()?;
    Ok(Json(state.status(false).await?.services))
}

/// One service.
#[utoipa::path(get, path = "/v1/services/{name}", tag = "services",
    params(("name" = String, Path, description = "Its name.", example = "b2bua")),
    responses((status = 200, description = "The service.", body = ServiceStatus)))]
pub(super) async fn one(
    Given(state): Given<State>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Json<ServiceStatus>, Problem> {
    params.end()?;
    let services = state.status(true).await?.services;
    let found = services.into_iter().find(|service| service.name == name);
    let unknown = || Problem::unknown(format!("there is no service `{name}`"));
    found.map(Json).ok_or_else(unknown)
}

/// Activate a service: it gets new work from here on.
#[utoipa::path(post, path = "/v1/services/{name}/activate", tag = "services",
    params(("name" = String, Path, description = "Its name.", example = "b2bua")),
    responses((status = 200, description = "It is active.", body = Done)))]
pub(super) async fn activate(
    Given(state): Given<State>,
    Path(service): Path<String>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::Activate { service }).await?;
    Ok(Done::json())
}

/// Deactivate a service: it gets no new work; what it has goes on until it is done, or for `limits.service_stop_time`.
#[utoipa::path(post, path = "/v1/services/{name}/deactivate", tag = "services",
    params(("name" = String, Path, description = "Its name.", example = "b2bua")),
    responses((status = 200, description = "It is stopping.", body = Done)))]
pub(super) async fn deactivate(
    Given(state): Given<State>,
    Path(service): Path<String>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::Deactivate { service }).await?;
    Ok(Done::json())
}

/// Deactivate some services and activate others at one instant, all or none: for a new version of a service, which gets the
/// new work while the old one goes on with what it has.
#[utoipa::path(post, path = "/v1/services/replace", tag = "services", request_body = Replacement,
    responses((status = 200, description = "It is done.", body = Done)))]
pub(super) async fn replace(
    Given(state): Given<State>,
    params: Params,
    mut fields: Fields,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    let (old, new) = (fields.texts("deactivate")?, fields.texts("activate")?);
    fields.end()?;
    let replaced = state.order(Request::Replace { old, new }).await;
    replaced.map_err(Problem::into_wrong)?;
    Ok(Done::json())
}
