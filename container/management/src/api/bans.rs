//! Bans: sources that are not heard for a while.

use super::input::{Params, Path};
use super::node::Done;
use super::problem::Problem;
use super::state::{State, unexpected};
use axum::extract::State as Given;
use axum::routing::{get, put};
use axum::{Json, Router};
use strowger_node::control::{Reply, Request};
use strowger_node::listed::{BanEntry, Page};

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/bans", get(list))
        .route("/v1/bans/{source}", put(ban).delete(lift))
}

/// Banned sources, by address, a part at a time.
#[utoipa::path(get, path = "/v1/bans", tag = "bans", params(
    ("after" = Option<String>, Query, description = "What the part before gave as `next`."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Entries at most; 100 unless given."),
), responses((status = 200, description = "Part of the list.", body = Page<BanEntry>)))]
pub(super) async fn list(
    Given(state): Given<State>,
    mut params: Params,
) -> Result<Json<Page<BanEntry>>, Problem> {
    let part = params.part()?;
    params.end()?;
    let reply = state.ask(Request::Bans { part }).await;
    let Reply::Bans(page) = reply.map_err(Problem::into_wrong)? else {
        return Err(unexpected());
    };
    Ok(Json(page))
}

/// Ban a source, whatever the configuration says of it; or give it another end. It lasts until then, until it is lifted, or until
/// the process ends.
#[utoipa::path(put, path = "/v1/bans/{source}", tag = "bans", params(
    ("source" = String, Path, description = "An address; of IPv6 all that have the same first 64 bits.", example = "192.0.2.7"),
    ("seconds" = Option<u64>, Query, minimum = 1, description = "How long; `sources.ban_for` unless given."),
), responses((status = 200, description = "It is banned.", body = Done)))]
pub(super) async fn ban(
    Given(state): Given<State>,
    Path(source): Path<String>,
    mut params: Params,
) -> Result<Json<Done>, Problem> {
    let seconds = params.seconds("seconds")?;
    params.end()?;
    state.order(Request::Ban { source, seconds }).await?;
    Ok(Done::json())
}

/// End a ban, and forget what led to it.
#[utoipa::path(delete, path = "/v1/bans/{source}", tag = "bans",
    params(("source" = String, Path, description = "An address of it.", example = "192.0.2.7")),
    responses((status = 200, description = "It is heard again.", body = Done)))]
pub(super) async fn lift(
    Given(state): Given<State>,
    Path(source): Path<String>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::LiftBan { source }).await?;
    Ok(Done::json())
}
