//! Alarms that are raised.

use super::input::{Params, Path};
use super::node::Done;
use super::problem::Problem;
use super::state::State;
use axum::extract::State as Given;
use axum::routing::{delete, get};
use axum::{Json, Router};
use strowger_node::control::Request;
use strowger_node::status::Alarm;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/alarms", get(list))
        .route("/v1/alarms/{source}/{name}", delete(clear))
}

/// All alarms that are raised.
#[utoipa::path(get, path = "/v1/alarms", tag = "alarms",
    responses((status = 200, description = "All alarms, by source and name.", body = Vec<Alarm>)))]
pub(super) async fn list(
    Given(state): Given<State>,
    params: Params,
) -> Result<Json<Vec<Alarm>>, Problem> {
    params.end()?;
    Ok(Json(state.status(false).await?.alarms))
}

/// Take an alarm off the list that reports what has happened, such as `panic`. One that stands for something that lasts
/// goes when that is over.
#[utoipa::path(delete, path = "/v1/alarms/{source}/{name}", tag = "alarms", params(
    ("source" = String, Path, description = "Who raised it."),
    ("name" = String, Path, description = "Which."),
), responses((status = 200, description = "It is off the list.", body = Done)))]
pub(super) async fn clear(
    Given(state): Given<State>,
    Path((source, name)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::ClearAlarm { source, name }).await?;
    Ok(Done::json())
}
