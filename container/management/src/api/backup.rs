//! Backups of the store, made while calls go on.

use super::input::{Fields, Params};
use super::node::Done;
use super::problem::Problem;
use super::state::State;
use axum::extract::State as Given;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use std::path::PathBuf;
use strowger_node::control::Request;
use strowger_node::status::BackupStatus;
use utoipa::ToSchema;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/v1/backup", get(last).post(begin))
}

/// Where a backup goes.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BackupOrder)]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(super) struct BackupOrder {
    /// The directory that is made, on the node's machine and by its user: an absolute path of something that is not there.
    directory: String,
}

/// The last backup that the node has made since its start, or the one under way.
#[utoipa::path(get, path = "/v1/backup", tag = "backup",
    responses((status = 200, description = "The last one.", body = BackupStatus)))]
pub(super) async fn last(
    Given(state): Given<State>,
    params: Params,
) -> Result<Json<BackupStatus>, Problem> {
    params.end()?;
    Ok(Json(state.status(false).await?.backup))
}

/// Begin a backup of what is durable by then, while calls go on. What becomes of it, GET says.
#[utoipa::path(post, path = "/v1/backup", tag = "backup", request_body = BackupOrder,
    responses((status = 200, description = "It is begun.", body = Done)))]
pub(super) async fn begin(
    Given(state): Given<State>,
    params: Params,
    mut fields: Fields,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    let to = PathBuf::from(fields.text("directory")?);
    fields.end()?;
    state.order(Request::BackUp { to }).await?;
    Ok(Done::json())
}
