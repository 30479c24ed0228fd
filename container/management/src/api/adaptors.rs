//! Adaptor entities with their peers and listeners, and the link names by which services find them.

use super::input::{Fields, Params, Path};
use super::node::Done;
use super::problem::{Problem, ProblemDocument};
use super::state::{State, unexpected};
use axum::extract::State as Given;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strowger_node::control::{Reply, Request};
use strowger_node::listed::{KeyChange, LinkEntry};
use strowger_node::status::{AdaptorStatus, Listening};
use utoipa::ToSchema;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/adaptors", get(list))
        .route(
            "/v1/adaptors/{name}",
            get(one).put(configure).delete(remove),
        )
        .route("/v1/adaptors/{name}/activate", post(activate))
        .route("/v1/adaptors/{name}/deactivate", post(deactivate))
        .route("/v1/links", get(links))
        .route("/v1/links/{name}", put(bind).delete(unbind))
}

/// An adaptor entity and where it listens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Adaptor {
    /// The entity.
    #[serde(flatten)]
    status: AdaptorStatus,
    /// Addresses that it listens on.
    listeners: Vec<Listening>,
}

/// What is configured of an adaptor entity. The rest is as out of the box, or as files have it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "says in documents what the configuration reads")]
pub(super) struct AdaptorTable {
    /// Its type, such as `sip`; without it, the entity's name.
    #[serde(rename = "type")]
    #[schema(example = "sip")]
    kind: Option<String>,
    /// Whether it is activated; it is if this says nothing.
    active: Option<bool>,
    /// Link names that are bound to it.
    links: Option<Vec<String>>,
    /// Its settings: the keys below `adaptors.NAME.settings` of the reference.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

/// Where a link leads.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(super) struct Target {
    /// The adaptor entity.
    #[schema(example = "sip")]
    adaptor: String,
}

async fn all(state: &State) -> Result<Vec<Adaptor>, Problem> {
    let status = state.status(false).await?;
    let listeners = status.listeners;
    let adaptor = |status: AdaptorStatus| Adaptor {
        listeners: listeners
            .iter()
            .filter(|at| at.adaptor == status.name)
            .cloned()
            .collect(),
        status,
    };
    Ok(status.adaptors.into_iter().map(adaptor).collect())
}

/// All adaptor entities.
#[utoipa::path(get, path = "/v1/adaptors", tag = "adaptors",
    responses((status = 200, description = "All adaptor entities.", body = Vec<Adaptor>)))]
pub(super) async fn list(
    Given(state): Given<State>,
    params: Params,
) -> Result<Json<Vec<Adaptor>>, Problem> {
    params.end()?;
    Ok(Json(all(&state).await?))
}

/// One adaptor entity.
#[utoipa::path(get, path = "/v1/adaptors/{name}", tag = "adaptors",
    params(("name" = String, Path, description = "Its name.", example = "sip")),
    responses((status = 200, description = "The adaptor entity.", body = Adaptor)))]
pub(super) async fn one(
    Given(state): Given<State>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Json<Adaptor>, Problem> {
    params.end()?;
    let all = all(&state).await?;
    let found = all.into_iter().find(|adaptor| adaptor.status.name == name);
    let unknown = || Problem::unknown(format!("there is no adaptor `{name}`"));
    found.map(Json).ok_or_else(unknown)
}

/// Configure an adaptor entity through the node: it is made; or it takes changed settings, and is made anew if it has to be. What
/// was configured of it so before goes. It lasts: `managed.toml` in the data directory has it, which stands over the files that the
/// node is started with. Those are read again with it, as a reload does: all of it or nothing.
#[utoipa::path(put, path = "/v1/adaptors/{name}", tag = "adaptors", request_body = AdaptorTable,
    params(("name" = String, Path, description = "Its name.", example = "carrier")),
    responses(
        (status = 200, description = "The changes that are in effect.", body = Vec<KeyChange>),
        (status = 422, description = "It cannot be configured so: `field` and `problems` say why. Nothing was changed.",
            body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(super) async fn configure(
    Given(state): Given<State>,
    Path(adaptor): Path<String>,
    params: Params,
    fields: Fields,
) -> Result<Json<Vec<KeyChange>>, Problem> {
    params.end()?;
    check_name(&adaptor)?;
    let below = format!("adaptors.{adaptor}.");
    let table = Value::Object(fields.all());
    let changes = changed(&state, Request::SetAdaptor { adaptor, table }).await;
    changes.map_err(|problem| problem.blame_key(&below))
}

/// Take away what was configured of an adaptor entity through the node: it is deactivated and removed, unless files have it, too.
/// It has to be inactive, or to have nothing under way.
#[utoipa::path(delete, path = "/v1/adaptors/{name}", tag = "adaptors",
    params(("name" = String, Path, description = "Its name.", example = "carrier")),
    responses(
        (status = 200, description = "The changes that are in effect.", body = Vec<KeyChange>),
        (status = 422, description = "The configuration without it cannot be used. Nothing was changed.",
            body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(super) async fn remove(
    Given(state): Given<State>,
    Path(adaptor): Path<String>,
    params: Params,
) -> Result<Json<Vec<KeyChange>>, Problem> {
    params.end()?;
    changed(&state, Request::RemoveAdaptor { adaptor }).await
}

async fn changed(state: &State, request: Request) -> Result<Json<Vec<KeyChange>>, Problem> {
    let Reply::Reloaded(changes) = state.ask(request).await? else {
        return Err(unexpected());
    };
    Ok(Json(changes))
}

fn check_name(name: &str) -> Result<(), Problem> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(allowed) {
        let detail = "names have 1 to 64 of the characters a-z, 0-9, - and _";
        return Err(Problem::wrong("name", detail));
    }
    Ok(())
}

/// Activate an adaptor entity that was deactivated. One that is not `active` in the configuration has no listeners, and is
/// activated by that.
#[utoipa::path(post, path = "/v1/adaptors/{name}/activate", tag = "adaptors",
    params(("name" = String, Path, description = "Its name.", example = "sip")),
    responses((status = 200, description = "It is active.", body = Done)))]
pub(super) async fn activate(
    Given(state): Given<State>,
    Path(adaptor): Path<String>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::ActivateAdaptor { adaptor }).await?;
    Ok(Done::json())
}

/// Deactivate an adaptor entity: it begins nothing new, and is inactive when its last activity has ended.
#[utoipa::path(post, path = "/v1/adaptors/{name}/deactivate", tag = "adaptors",
    params(("name" = String, Path, description = "Its name.", example = "sip")),
    responses((status = 200, description = "It is stopping.", body = Done)))]
pub(super) async fn deactivate(
    Given(state): Given<State>,
    Path(adaptor): Path<String>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::DeactivateAdaptor { adaptor }).await?;
    Ok(Done::json())
}

/// All link names.
#[utoipa::path(get, path = "/v1/links", tag = "adaptors",
    responses((status = 200, description = "All link names.", body = Vec<LinkEntry>)))]
pub(super) async fn links(
    Given(state): Given<State>,
    params: Params,
) -> Result<Json<Vec<LinkEntry>>, Problem> {
    params.end()?;
    let Reply::Links(links) = state.ask(Request::Links {}).await? else {
        return Err(unexpected());
    };
    Ok(Json(links))
}

/// Bind a link name that no adaptor entity has. It lasts, among the `links` of the adaptor in `managed.toml`.
#[utoipa::path(put, path = "/v1/links/{name}", tag = "adaptors", request_body = Target,
    params(("name" = String, Path, description = "The link name.", example = "trunk")),
    responses((status = 200, description = "It is bound.", body = Done)))]
pub(super) async fn bind(
    Given(state): Given<State>,
    Path(link): Path<String>,
    params: Params,
    mut fields: Fields,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    let adaptor = fields.text("adaptor")?;
    fields.end()?;
    check_name(&link)?;
    let bound = state.order(Request::Bind { link, adaptor }).await;
    bound.map_err(Problem::into_wrong)?;
    Ok(Done::json())
}

/// Unbind a link name that was bound so and that no service uses.
#[utoipa::path(delete, path = "/v1/links/{name}", tag = "adaptors",
    params(("name" = String, Path, description = "The link name.", example = "trunk")),
    responses((status = 200, description = "It is unbound.", body = Done)))]
pub(super) async fn unbind(
    Given(state): Given<State>,
    Path(link): Path<String>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    state.order(Request::Unbind { link }).await?;
    Ok(Done::json())
}
