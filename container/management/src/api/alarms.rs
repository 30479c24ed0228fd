//! Alarms that are raised.

use super::input::{Params, Path};
use super::node::Done;
use super::problem::Problem;
use super::state::State;
use axum::extract::State as Given;
use axum::routing::{delete, get};
use axum::{Json, Router};
use strowger::alarm::Severity;
use strowger_node::control::Request;
use strowger_node::status::Alarm;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/alarms", get(list))
        .route("/v1/alarms/{source}/{name}", delete(clear))
}

/// All alarms that are raised.
#[utoipa::path(get, path = "/v1/alarms", tag = "alarms", params(
    ("source" = Option<String>, Query, description = "Those of this source alone: `shard`, `store`, `adaptor NAME`, `service NAME`."),
    ("severity" = Option<String>, Query, description = "Those that are at least as grave: `indeterminate`, `warning`, `minor`, `major`, `critical`."),
), responses((status = 200, description = "Alarms, by source and name.", body = Vec<Alarm>)))]
pub(super) async fn list(
    Given(state): Given<State>,
    mut params: Params,
) -> Result<Json<Vec<Alarm>>, Problem> {
    let source: Option<String> = params.take("source")?;
    let least: Option<Severity> = params.take("severity")?;
    params.end()?;
    let mut alarms = state.status(false).await?.alarms;
    alarms.retain(|alarm| {
        source.as_ref().is_none_or(|source| *source == alarm.source)
            && least.is_none_or(|least| alarm.severity >= least)
    });
    Ok(Json(alarms))
}

/// Clear an alarm that a service has raised, or take one off the list that reports what has happened, such as `panic`. One
/// that stands for something that lasts goes when that is over.
#[utoipa::path(delete, path = "/v1/alarms/{source}/{name}", tag = "alarms", params(
    ("source" = String, Path, description = "Who raised it."),
    ("name" = String, Path, description = "Which."),
    ("instance" = Option<String>, Query, description = "What it is about, where there are several of the name."),
), responses((status = 200, description = "It is off the list.", body = Done)))]
pub(super) async fn clear(
    Given(state): Given<State>,
    Path((source, name)): Path<(String, String)>,
    mut params: Params,
) -> Result<Json<Done>, Problem> {
    let instance = params.take("instance")?.unwrap_or_default();
    params.end()?;
    let request = Request::ClearAlarm {
        source,
        name,
        instance,
    };
    state.order(request).await?;
    Ok(Done::json())
}
