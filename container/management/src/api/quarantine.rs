//! Quarantined events: deliveries that ended in a panic and were put aside.

use super::input::{Params, Path};
use super::node::Done;
use super::problem::Problem;
use super::state::{State, unexpected};
use axum::extract::State as Given;
use axum::routing::{get, post};
use axum::{Json, Router};
use strowger_node::control::{Reply, Request};
use strowger_node::listed::{Page, QuarantineEntry};

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/quarantine", get(list))
        .route("/v1/quarantine/{id}", get(one).delete(discard))
        .route("/v1/quarantine/{id}/release", post(release))
}

/// Quarantined events, the oldest first, a part at a time.
#[utoipa::path(get, path = "/v1/quarantine", tag = "quarantine", params(
    ("after" = Option<String>, Query, description = "What the part before gave as `next`."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Entries at most; 100 unless given."),
    ("service" = Option<String>, Query, description = "Only those of this service."),
), responses((status = 200, description = "Part of the list.", body = Page<QuarantineEntry>)))]
pub(super) async fn list(
    Given(state): Given<State>,
    mut params: Params,
) -> Result<Json<Page<QuarantineEntry>>, Problem> {
    let request = Request::Quarantine {
        part: params.part()?,
        service: params.take("service")?,
    };
    params.end()?;
    let reply = state.ask(request).await.map_err(Problem::into_wrong)?;
    let Reply::Quarantine(page) = reply else {
        return Err(unexpected());
    };
    Ok(Json(page))
}

/// One quarantined event.
#[utoipa::path(get, path = "/v1/quarantine/{id}", tag = "quarantine",
    params(("id" = String, Path, description = "Its number.")),
    responses((status = 200, description = "The event.", body = QuarantineEntry)))]
pub(super) async fn one(
    Given(state): Given<State>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Box<QuarantineEntry>>, Problem> {
    params.end()?;
    let Reply::Quarantined(entry) = state.ask(Request::Quarantined { id }).await? else {
        return Err(unexpected());
    };
    Ok(Json(entry))
}

/// Deliver a quarantined event again, to the receiver that it failed for. If it fails again it is put aside again, under its
/// number.
#[utoipa::path(post, path = "/v1/quarantine/{id}/release", tag = "quarantine",
    params(("id" = String, Path, description = "Its number.")),
    responses((status = 200, description = "It is being delivered.", body = Done)))]
pub(super) async fn release(
    Given(state): Given<State>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::ReleaseQuarantined { id }).await?;
    Ok(Done::json())
}

/// Drop a quarantined event for good.
#[utoipa::path(delete, path = "/v1/quarantine/{id}", tag = "quarantine",
    params(("id" = String, Path, description = "Its number.")),
    responses((status = 200, description = "It is gone.", body = Done)))]
pub(super) async fn discard(
    Given(state): Given<State>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::DiscardQuarantined { id }).await?;
    Ok(Done::json())
}
