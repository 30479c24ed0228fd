//! What calls are made of, for housekeeping: activities, SBB entities and timers, a part of the list at a time.

use super::input::{Params, Path};
use super::node::Done;
use super::problem::Problem;
use super::state::{State, unexpected};
use axum::extract::State as Given;
use axum::routing::get;
use axum::{Json, Router};
use strowger_node::control::{Reply, Request};
use strowger_node::listed::{ActivityEntry, EntityEntry, Page, TimerEntry};

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/activities", get(activities))
        .route("/v1/activities/{id}", get(activity).delete(end))
        .route("/v1/entities", get(entities))
        .route("/v1/entities/{id}", get(entity).delete(remove))
        .route("/v1/timers", get(timers))
}

/// Activities, a part at a time: go on with `next` as `after` until there is none.
#[utoipa::path(get, path = "/v1/activities", tag = "housekeeping", params(
    ("after" = Option<String>, Query, description = "What the part before gave as `next`."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Entries at most; 100 unless given."),
    ("type" = Option<String>, Query, description = "Only those whose type has this name."),
    ("adaptor" = Option<String>, Query, description = "Only those of this adaptor entity."),
    ("min_age" = Option<u64>, Query, maximum = 2000000000, description = "Only those that began at least this many seconds ago."),
    ("min_idle" = Option<u64>, Query, maximum = 2000000000, description = "Only those on which nothing has happened for this many seconds."),
), responses((status = 200, description = "Part of the list.", body = Page<ActivityEntry>)))]
pub(super) async fn activities(
    Given(state): Given<State>,
    mut params: Params,
) -> Result<Json<Page<ActivityEntry>>, Problem> {
    let request = Request::Activities {
        part: params.part()?,
        kind: params.take("type")?,
        adaptor: params.take("adaptor")?,
        min_age: params.seconds("min_age")?.unwrap_or(0),
        min_idle: params.seconds("min_idle")?.unwrap_or(0),
    };
    params.end()?;
    let reply = state.ask(request).await.map_err(Problem::into_wrong)?;
    let Reply::Activities(page) = reply else {
        return Err(unexpected());
    };
    Ok(Json(page))
}

/// One activity.
#[utoipa::path(get, path = "/v1/activities/{id}", tag = "housekeeping",
    params(("id" = String, Path, description = "The activity.")),
    responses((status = 200, description = "The activity.", body = ActivityEntry)))]
pub(super) async fn activity(
    Given(state): Given<State>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Box<ActivityEntry>>, Problem> {
    params.end()?;
    let Reply::Activity(activity) = state.ask(Request::Activity { id }).await? else {
        return Err(unexpected());
    };
    Ok(Json(activity))
}

/// End an activity that has been left over: its adaptor drops it, its services get its end.
#[utoipa::path(delete, path = "/v1/activities/{id}", tag = "housekeeping",
    params(("id" = String, Path, description = "The activity.")),
    responses((status = 200, description = "It ends.", body = Done)))]
pub(super) async fn end(
    Given(state): Given<State>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::EndActivity { id }).await?;
    Ok(Done::json())
}

/// SBB entities, a part at a time.
#[utoipa::path(get, path = "/v1/entities", tag = "housekeeping", params(
    ("after" = Option<String>, Query, description = "What the part before gave as `next`."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Entries at most; 100 unless given."),
    ("service" = Option<String>, Query, description = "Only those of this service."),
    ("min_age" = Option<u64>, Query, maximum = 2000000000, description = "Only those that were created at least this many seconds ago."),
), responses((status = 200, description = "Part of the list.", body = Page<EntityEntry>)))]
pub(super) async fn entities(
    Given(state): Given<State>,
    mut params: Params,
) -> Result<Json<Page<EntityEntry>>, Problem> {
    let request = Request::Entities {
        part: params.part()?,
        service: params.take("service")?,
        min_age: params.seconds("min_age")?.unwrap_or(0),
    };
    params.end()?;
    let reply = state.ask(request).await.map_err(Problem::into_wrong)?;
    let Reply::Entities(page) = reply else {
        return Err(unexpected());
    };
    Ok(Json(page))
}

/// One SBB entity.
#[utoipa::path(get, path = "/v1/entities/{id}", tag = "housekeeping",
    params(("id" = String, Path, description = "The entity.")),
    responses((status = 200, description = "The entity.", body = EntityEntry)))]
pub(super) async fn entity(
    Given(state): Given<State>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Box<EntityEntry>>, Problem> {
    params.end()?;
    let Reply::Entity(entity) = state.ask(Request::Entity { id }).await? else {
        return Err(unexpected());
    };
    Ok(Json(entity))
}

/// Remove an SBB entity that has been left over, and its descendants, in a transaction of its own.
#[utoipa::path(delete, path = "/v1/entities/{id}", tag = "housekeeping",
    params(("id" = String, Path, description = "The entity.")),
    responses((status = 200, description = "It is gone.", body = Done)))]
pub(super) async fn remove(
    Given(state): Given<State>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::RemoveEntity { id }).await?;
    Ok(Done::json())
}

/// Timers that will still expire, a part at a time.
#[utoipa::path(get, path = "/v1/timers", tag = "housekeeping", params(
    ("after" = Option<String>, Query, description = "What the part before gave as `next`."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Entries at most; 100 unless given."),
    ("due_within" = Option<u64>, Query, maximum = 2000000000, description = "Only those that expire within this many seconds."),
), responses((status = 200, description = "Part of the list.", body = Page<TimerEntry>)))]
pub(super) async fn timers(
    Given(state): Given<State>,
    mut params: Params,
) -> Result<Json<Page<TimerEntry>>, Problem> {
    let request = Request::Timers {
        part: params.part()?,
        due_within: params.seconds("due_within")?,
    };
    params.end()?;
    let Reply::Timers(page) = state.ask(request).await? else {
        return Err(unexpected());
    };
    Ok(Json(page))
}
