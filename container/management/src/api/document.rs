//! The OpenAPI document, made of the handlers' own attributes. What every route may answer beside what it says itself is
//! added to all of them here.

use super::access::{is_open, needed};
use super::problem::ProblemDocument;
use super::state::State;
use super::{
    activities, adaptors, alarms, backup, bans, components, configuration, ladders, log, node,
    profiles, quarantine, services, usage,
};
use axum::Router;
use axum::http::{Method, header};
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

pub(super) fn routes() -> Router<State> {
    Router::new().route("/openapi.json", get(openapi))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Strowger management API",
        description = "What operators look at and turn on a running node. Every change needs a token with a scope.",
    ),
    paths(
        node::health, node::metrics, node::live, node::ready, node::status, node::stop, node::whoami, node::tokens,
        services::list, services::one, services::activate, services::deactivate, services::replace,
        services::canary, services::rollback, components::list,
        usage::list, usage::reset, usage::create, usage::remove,
        adaptors::list, adaptors::one, adaptors::configure, adaptors::remove, adaptors::activate, adaptors::deactivate,
        adaptors::links, adaptors::bind, adaptors::unbind,
        activities::activities, activities::activity, activities::end,
        activities::entities, activities::entity, activities::remove, activities::timers,
        alarms::list, alarms::clear,
        ladders::list, ladders::one,
        log::levels, log::set, log::reset,
        backup::last, backup::begin,
        bans::list, bans::ban, bans::lift,
        quarantine::list, quarantine::one, quarantine::release, quarantine::discard,
        profiles::list, profiles::one, profiles::create, profiles::rename, profiles::remove,
        profiles::entries, profiles::entry, profiles::put, profiles::discard, profiles::write, profiles::query,
        profiles::edits::list, profiles::edits::begin, profiles::edits::one, profiles::edits::set, profiles::edits::verify,
        profiles::edits::commit, profiles::edits::restore, profiles::edits::close,
        configuration::keys, configuration::reload, configuration::certificates, configuration::look,
    ),
    components(schemas(ProblemDocument)),
    security(("token" = [])),
    modifiers(&Token, &Scopes, &Problems),
)]
struct Document;

/// The document of all routes.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// This document. Needs no token.
async fn openapi() -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, document().to_json().unwrap_or_default())
}

struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The scope that a token must have, of each operation.
struct Scopes;

impl Modify for Scopes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut openapi.paths.paths {
            let operations = [
                (Method::GET, &mut item.get),
                (Method::PUT, &mut item.put),
                (Method::POST, &mut item.post),
                (Method::DELETE, &mut item.delete),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else { continue };
                let scope = needed(&method, path).word();
                let token = SecurityRequirement::new("token", [scope]);
                let open = is_open(path);
                operation.security = Some(if open { Vec::new() } else { vec![token] });
            }
        }
    }
}

/// What is answered when a request is not done.
struct Problems;

/// Statuses that every route may have.
const STATUSES: [(&str, &str); 8] = [
    (
        "400",
        "A parameter or field is wrong: `field` names it (MGT-004).",
    ),
    ("401", "No token, or not a right one (MGT-001)."),
    ("403", "The token's scope is not enough (MGT-002)."),
    ("404", "There is no such thing (MGT-005)."),
    ("409", "Not possible in the state that it is in (MGT-006)."),
    ("413", "The body is too long (MGT-004)."),
    (
        "429",
        "Too many wrong tokens came from the address (MGT-003).",
    ),
    (
        "503",
        "The node does not answer (MGT-007), or the audit log cannot be written (MGT-008).",
    ),
];

impl Modify for Problems {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for item in openapi.paths.paths.values_mut() {
            let operations = [
                &mut item.get,
                &mut item.put,
                &mut item.post,
                &mut item.delete,
            ];
            for operation in operations.into_iter().flatten() {
                add(operation);
            }
        }
    }
}

fn add(operation: &mut Operation) {
    let mut statuses = STATUSES.to_vec();
    if operation.request_body.is_some() {
        statuses.push(("415", "The body is not application/json (MGT-004)."));
    }
    for (status, description) in statuses {
        let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
        let content = Content::new(Some(schema));
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content)
            .build();
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_owned())
            .or_insert_with(|| response.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_route_with_its_problems() {
        let document = serde_json::to_value(document()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.len() >= 30, "{} paths", paths.len());
        for (path, methods) in paths {
            for (method, operation) in methods.as_object().unwrap() {
                let at = format!("{method} {path}");
                assert!(operation["responses"]["401"].is_object(), "{at}");
                let scope = &operation["security"][0]["token"][0];
                assert_eq!(scope.is_null(), is_open(path), "{at}");
                assert!(
                    operation["description"].is_string() || operation["summary"].is_string(),
                    "{at}"
                );
            }
        }
    }
}
