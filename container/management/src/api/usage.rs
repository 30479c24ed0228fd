//! Usage parameters of services: their sets, what is counted in them, and sets that are made while the node runs.

use super::input::{Params, Path};
use super::node::Done;
use super::problem::Problem;
use super::state::{State, unexpected};
use axum::extract::State as Given;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use strowger_node::control::{Reply, Request, UsageRequest, UsageSets};
use strowger_node::status::UsageStatus;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/services/{name}/usage", get(list))
        .route("/v1/services/{name}/usage/reset", post(reset))
        .route(
            "/v1/services/{name}/usage/sets/{set}",
            put(create).delete(remove),
        )
}

/// Which sets a query means.
fn meant(service: String, mut params: Params) -> Result<UsageSets, Problem> {
    let (sbb, set) = (params.take("sbb")?, params.take("set")?);
    params.end()?;
    Ok(UsageSets { service, sbb, set })
}

/// Sets of usage parameters of a service, by SBB and name, with what was counted since each was made or reset.
#[utoipa::path(get, path = "/v1/services/{name}/usage", tag = "services", params(
    ("name" = String, Path, description = "Its name.", example = "b2bua"),
    ("sbb" = Option<String>, Query, description = "Only those of this SBB."),
    ("set" = Option<String>, Query, description = "Only those of this name; the empty one is that of unnamed sets."),
), responses((status = 200, description = "The sets; none where the service has no usage parameters.", body = Vec<UsageStatus>)))]
pub(super) async fn list(
    Given(state): Given<State>,
    Path(service): Path<String>,
    params: Params,
) -> Result<Json<Vec<UsageStatus>>, Problem> {
    let wanted = meant(service, params)?;
    let Reply::Usage(sets) = state
        .ask(Request::Usage(UsageRequest::Read(wanted)))
        .await?
    else {
        return Err(unexpected());
    };
    Ok(Json(sets))
}

/// Count from 0 on, in all sets of usage parameters of a service or in some of them. Windows of its thresholds begin anew.
#[utoipa::path(post, path = "/v1/services/{name}/usage/reset", tag = "services", params(
    ("name" = String, Path, description = "Its name.", example = "b2bua"),
    ("sbb" = Option<String>, Query, description = "Only those of this SBB."),
    ("set" = Option<String>, Query, description = "Only those of this name; the empty one is that of unnamed sets."),
), responses((status = 200, description = "They are reset.", body = Done)))]
pub(super) async fn reset(
    Given(state): Given<State>,
    Path(service): Path<String>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    let wanted = meant(service, params)?;
    state
        .order(Request::Usage(UsageRequest::Reset(wanted)))
        .await?;
    Ok(Done::json())
}

/// Make a named set of usage parameters. It is there until it is removed, or the process ends; one that is to stay belongs into
/// `usage_sets` of the configuration.
#[utoipa::path(put, path = "/v1/services/{name}/usage/sets/{set}", tag = "services", params(
    ("name" = String, Path, description = "The service.", example = "b2bua"),
    ("set" = String, Path, description = "The set's name: 1 to 64 letters, digits, `-`, `_` and `.`.", example = "trunk-1"),
    ("sbb" = Option<String>, Query, description = "The SBB that gets it; all that have usage parameters unless given."),
), responses((status = 200, description = "It is there.", body = Done)))]
pub(super) async fn create(
    Given(state): Given<State>,
    Path((service, set)): Path<(String, String)>,
    mut params: Params,
) -> Result<Json<Done>, Problem> {
    let sbb = params.take("sbb")?;
    params.end()?;
    let request = UsageRequest::Create { service, sbb, set };
    state.order(Request::Usage(request)).await?;
    Ok(Done::json())
}

/// Remove a set of usage parameters that was made so, with what was counted in it.
#[utoipa::path(delete, path = "/v1/services/{name}/usage/sets/{set}", tag = "services", params(
    ("name" = String, Path, description = "The service.", example = "b2bua"),
    ("set" = String, Path, description = "The set's name.", example = "trunk-1"),
    ("sbb" = Option<String>, Query, description = "The SBB whose set goes; those of all unless given."),
), responses((status = 200, description = "It is gone.", body = Done)))]
pub(super) async fn remove(
    Given(state): Given<State>,
    Path((service, set)): Path<(String, String)>,
    mut params: Params,
) -> Result<Json<Done>, Problem> {
    let sbb = params.take("sbb")?;
    params.end()?;
    let request = UsageRequest::Remove { service, sbb, set };
    state.order(Request::Usage(request)).await?;
    Ok(Done::json())
}
