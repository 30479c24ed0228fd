//! Services: their states, activation, deactivation, and replacing one by another.

use super::input::{Fields, Params, Path};
use super::node::Done;
use super::problem::Problem;
use super::state::State;
use axum::extract::State as Given;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use strowger_node::Share;
use strowger_node::control::Request;
use strowger_node::status::ServiceStatus;
use utoipa::ToSchema;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/services", get(list))
        .route("/v1/services/replace", post(replace))
        .route("/v1/services/{name}", get(one))
        .route("/v1/services/{name}/activate", post(activate))
        .route("/v1/services/{name}/canary", post(canary))
        .route("/v1/services/{name}/deactivate", post(deactivate))
        .route("/v1/services/{name}/rollback", post(rollback))
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
    /// What a deactivated one has moves to the activated version of the same service. Refused, with the field named, where its
    /// state has changed and there is no migration.
    #[schema(required = false)]
    migrate: bool,
}

/// Which new work a canary takes: one of the three.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CanaryShare, example = json!({"percent": 10}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(super) struct CanaryShare {
    /// So much of it, from 0 to 100; hundredths count.
    #[schema(required = false)]
    percent: f64,
    /// What is for an address, such as a Request-URI, that begins with one of these texts.
    #[schema(required = false)]
    addresses: Vec<String>,
    /// What the version itself says that it takes.
    #[schema(required = false)]
    own: bool,
}

/// How a service goes back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WayBack, example = json!({"migrate": true}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(super) struct WayBack {
    /// What the version that goes has moves to the one that comes back.
    #[schema(required = false)]
    migrate: bool,
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
    let migrate = fields.flag("migrate")?;
    fields.end()?;
    let replaced = state.order(Request::Replace { old, new, migrate }).await;
    replaced.map_err(Problem::into_wrong)?;
    Ok(Done::json())
}

/// Run a version of a service as the canary of the active one, for a share of the new work, or change its share. The same call
/// goes the same way.
#[utoipa::path(post, path = "/v1/services/{name}/canary", tag = "services", request_body = CanaryShare,
    params(("name" = String, Path, description = "Its name.", example = "b2bua@1.1")),
    responses((status = 200, description = "It takes its share from the next call on.", body = Done)))]
pub(super) async fn canary(
    Given(state): Given<State>,
    Path(service): Path<String>,
    params: Params,
    mut fields: Fields,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    let share = share(&mut fields)?;
    fields.end()?;
    state.order(Request::Canary { service, share }).await?;
    Ok(Done::json())
}

pub(super) fn share(fields: &mut Fields) -> Result<Share, Problem> {
    let percent = fields.number("percent")?;
    let (addresses, own) = (fields.texts("addresses")?, fields.flag("own")?);
    match (percent, &addresses[..], own) {
        (Some(percent), [], false) if (0.0..=100.0).contains(&percent) => {
            Ok(Share::OfTenThousand((percent * 100.0).round() as u16))
        }
        (None, [_, ..], false) => Ok(Share::Addresses(addresses)),
        (None, [], true) => Ok(Share::Own),
        _ => {
            let text = "one of `percent` from 0 to 100, `addresses` and `own` is wanted";
            Err(Problem::wrong("percent", text.to_owned()))
        }
    }
}

/// Take a service back to the version before, from the next call on: end its canary, or else activate the version that the
/// active one has replaced.
#[utoipa::path(post, path = "/v1/services/{name}/rollback", tag = "services", request_body = WayBack,
    params(("name" = String, Path, description = "The name of any version of it.", example = "b2bua@1.1")),
    responses((status = 200, description = "It is done.", body = Done)))]
pub(super) async fn rollback(
    Given(state): Given<State>,
    Path(service): Path<String>,
    params: Params,
    mut fields: Fields,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    let migrate = fields.flag("migrate")?;
    fields.end()?;
    state.order(Request::Rollback { service, migrate }).await?;
    Ok(Done::json())
}
