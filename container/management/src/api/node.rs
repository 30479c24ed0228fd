//! The node as a whole: how it is, whether it lives and is ready, stopping it, and who asks.

use super::access::Caller;
use super::input::Params;
use super::problem::{Problem, ProblemDocument};
use super::state::State;
use crate::metrics::{MEDIA_TYPE, text};
use axum::extract::{Extension, State as Given};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream::{self, Stream};
use serde::Serialize;
use strowger_node::control::Request;
use strowger_node::status::Status;
use utoipa::ToSchema;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/v1/status", get(status))
        .route("/v1/live", get(live))
        .route("/v1/stop", post(stop))
        .route("/v1/whoami", get(whoami))
        .route("/v1/tokens", get(tokens))
}

/// Whether a node is well.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `running` or `stopping`.
    state: String,
    /// Why new work is refused: `stopping`, `store-queue-full`, `low-space`, `overload`.
    refusing: Vec<String>,
}

/// Something was asked of the node and is being done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done {
    /// Always true: what is not done is a problem.
    done: bool,
}

impl Done {
    pub(super) const fn json() -> Json<Self> {
        Json(Self { done: true })
    }
}

/// Who asks, or may.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Who {
    /// The token's name; `local` for who is on the node's own machine and shows none.
    name: String,
    /// `read`, `operate` or `admin`.
    scope: String,
}

/// Whether the node answers. Needs no token.
#[utoipa::path(get, path = "/health", tag = "node", security(()), responses(
    (status = 200, description = "Its shard answers.", body = Health),
    (status = 503, description = "It does not.", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(super) async fn health(Given(state): Given<State>) -> Result<Json<Health>, Problem> {
    let status = state.recent_status().await?;
    Ok(Json(Health {
        state: status.state.clone(),
        refusing: status.refusing.clone(),
    }))
}

/// Whether the node takes new work. Needs no token.
#[utoipa::path(get, path = "/ready", tag = "node", security(()), responses(
    (status = 200, description = "It takes new work.", body = Health),
    (status = 503, description = "It refuses new work, or does not answer.", body = Health),
))]
pub(super) async fn ready(given: Given<State>) -> Result<Response, Problem> {
    let health = health(given).await?;
    let status = match health.refusing.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    Ok((status, health).into_response())
}

/// How the node is: states, counts, rates, store, alarms, and how far it is with stopping.
#[utoipa::path(get, path = "/v1/status", tag = "node", params(
    ("detail" = Option<bool>, Query, description = "Also count activities by type, which takes time in proportion to them."),
), responses((status = 200, description = "How the node is.", body = Status)))]
pub(super) async fn status(
    Given(state): Given<State>,
    mut params: Params,
) -> Result<Json<Box<Status>>, Problem> {
    let detail = params.take("detail")?.unwrap_or(false);
    params.end()?;
    Ok(Json(state.status(detail).await?))
}

/// Metrics for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "node", responses(
    (status = 200, description = "Metrics in the text format of OpenMetrics.", body = String,
        content_type = "application/openmetrics-text"),
))]
pub(super) async fn metrics(
    Given(state): Given<State>,
    params: Params,
) -> Result<impl IntoResponse, Problem> {
    params.end()?;
    let status = state.status(true).await?;
    let kind = [(header::CONTENT_TYPE, MEDIA_TYPE)];
    Ok((kind, text(&status)))
}

/// How the node is, once a second, as server-sent events of the type `status`.
#[utoipa::path(get, path = "/v1/live", tag = "node", responses(
    (status = 200, description = "A stream of what `/v1/status` answers.", body = String, content_type = "text/event-stream"),
))]
pub(super) async fn live(
    Given(state): Given<State>,
    params: Params,
) -> Result<Sse<impl Stream<Item = Result<Event, axum::Error>>>, Problem> {
    params.end()?;
    let status = state
        .live()
        .ok_or_else(|| Problem::silent("as many watch the node live as may"))?;
    let events = stream::unfold(status, |mut status| async move {
        status.changed().await.ok()?;
        let latest = status.borrow_and_update().clone();
        let event = Event::default()
            .event("status")
            .json_data(latest.as_deref());
        Some((event, status))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// Stop the node as SIGTERM does: no new work, what is there is finished within `node.drain_limit`, which `drain` in
/// `/v1/status` shows. Asked twice, at once.
#[utoipa::path(post, path = "/v1/stop", tag = "node",
    responses((status = 200, description = "It stops.", body = Done)))]
pub(super) async fn stop(
    Given(state): Given<State>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::Stop {}).await?;
    Ok(Done::json())
}

/// Who asks, and what they may do.
#[utoipa::path(get, path = "/v1/whoami", tag = "node",
    responses((status = 200, description = "Who asks.", body = Who)))]
pub(super) async fn whoami(
    Extension(caller): Extension<Caller>,
    params: Params,
) -> Result<Json<Who>, Problem> {
    params.end()?;
    Ok(Json(Who {
        name: caller.name,
        scope: caller.scope.word().to_owned(),
    }))
}

/// The names and scopes of the tokens of the configuration.
#[utoipa::path(get, path = "/v1/tokens", tag = "node",
    responses((status = 200, description = "Who may ask.", body = Vec<Who>)))]
pub(super) async fn tokens(
    Given(state): Given<State>,
    params: Params,
) -> Result<Json<Vec<Who>>, Problem> {
    params.end()?;
    let config = state.config();
    let tokens = config.management.tokens.iter();
    let who = tokens.map(|(name, token)| Who {
        name: name.clone(),
        scope: token.scope.word().to_owned(),
    });
    Ok(Json(who.collect()))
}
