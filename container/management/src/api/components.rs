//! The components of the node's binary, with what refers to each.

use super::input::Params;
use super::problem::Problem;
use super::state::{State, unexpected};
use axum::extract::State as Given;
use axum::routing::get;
use axum::{Json, Router};
use strowger_node::control::{Reply, Request};
use strowger_node::listed::ComponentEntry;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/v1/components", get(list))
}

/// What the node's binary is made of: services, SBBs, adaptor types, profile specifications, event types and activity types, with the
/// components that refer to each and with what the node has made of it.
#[utoipa::path(get, path = "/v1/components", tag = "services", params(
    ("kind" = Option<String>, Query, description = "Only those of this kind: `service`, `sbb`, `adaptor`, `profile`, `event`, `activity`."),
    ("name" = Option<String>, Query, description = "Only those of this name, in all versions."),
), responses((status = 200, description = "The components, by kind and name.", body = Vec<ComponentEntry>)))]
pub(super) async fn list(
    Given(state): Given<State>,
    mut params: Params,
) -> Result<Json<Vec<ComponentEntry>>, Problem> {
    let request = Request::Components {
        kind: params.take("kind")?,
        name: params.take("name")?,
    };
    params.end()?;
    let Reply::Components(all) = state.ask(request).await? else {
        return Err(unexpected());
    };
    Ok(Json(all))
}
