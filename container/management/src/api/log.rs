//! Levels of the log, by source, while the node runs.

use super::input::{Fields, Params, Path};
use super::problem::Problem;
use super::state::{State, unexpected};
use axum::extract::State as Given;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::Deserialize;
use strowger_node::control::{Reply, Request};
use strowger_node::listed::LogLevels;
use utoipa::ToSchema;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/log", get(levels))
        .route("/v1/log/{source}", put(set).delete(reset))
}

/// How much of a source the log has.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LogLevel)]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(super) struct Level {
    /// `off`, `error`, `warn`, `info`, `debug` or `trace`.
    #[schema(pattern = "^(off|error|warn|info|debug|trace)$", example = "debug")]
    level: String,
}

async fn ask(state: &State, request: Request) -> Result<Json<LogLevels>, Problem> {
    let Reply::Log(levels) = state.ask(request).await? else {
        return Err(unexpected());
    };
    Ok(Json(levels))
}

/// What the log has.
#[utoipa::path(get, path = "/v1/log", tag = "log",
    responses((status = 200, description = "What the log has.", body = LogLevels)))]
pub(super) async fn levels(
    Given(state): Given<State>,
    params: Params,
) -> Result<Json<LogLevels>, Problem> {
    params.end()?;
    ask(&state, Request::Log {}).await
}

/// Have the log write more or less of one source, on top of what is configured, until the process ends.
#[utoipa::path(put, path = "/v1/log/{source}", tag = "log", request_body = Level,
    params(("source" = String, Path, description = "The beginning of the path of a module, such as `strowger_sip`; or a tracer of a service or an adaptor, such as `service.office`, of which `tracers` is the root.", example = "strowger_sip")),
    responses((status = 200, description = "What the log has.", body = LogLevels)))]
pub(super) async fn set(
    Given(state): Given<State>,
    Path(source): Path<String>,
    params: Params,
    mut fields: Fields,
) -> Result<Json<LogLevels>, Problem> {
    params.end()?;
    let level = Some(fields.text("level")?);
    fields.end()?;
    ask(&state, Request::SetLog { source, level }).await
}

/// Have the log write what is configured of one source; what the tracer above lets pass, of a tracer.
#[utoipa::path(delete, path = "/v1/log/{source}", tag = "log",
    params(("source" = String, Path, description = "The source.", example = "strowger_sip")),
    responses((status = 200, description = "What the log has.", body = LogLevels)))]
pub(super) async fn reset(
    Given(state): Given<State>,
    Path(source): Path<String>,
    params: Params,
) -> Result<Json<LogLevels>, Problem> {
    params.end()?;
    let level = None;
    ask(&state, Request::SetLog { source, level }).await
}
