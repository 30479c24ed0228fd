//! Around every answer to a browser: what a page may load, changes from this origin alone, and what went wrong as a page.
//!
//! It stands in front of the access layer, so that whoever may not look is led to the door, and a problem has the same code
//! and words as the API gives it.

use super::frame::Visit;
use super::session;
use crate::api::Problem;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

/// What a page may load: what this node has, and nothing that is written into the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Whether a path is the console's.
pub(crate) fn is_console(path: &str) -> bool {
    let rest = path.strip_prefix("/console");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a browser.
pub(crate) async fn dress(request: Request, next: Next) -> Response {
    if !is_console(request.uri().path()) {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let (mut visit, headers) = (Visit::of(&head), head.headers.clone());
    let is_look = matches!(head.method, Method::GET | Method::HEAD);
    let mut response = if is_look || session::is_own(&headers) {
        next.run(Request::from_parts(head, body)).await
    } else {
        Problem::foreign().into_response()
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if !is_look {
            // Who signs in goes on with a page, not with what was to be done.
            "/console".clone_into(&mut visit.here);
        }
        response = told(&visit, &headers, &problem);
    }
    let fields = response.headers_mut();
    // A picture for itself has its own.
    fields
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(POLICY));
    // Without a referrer browsers would not say either from which origin a form comes.
    fields.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    response
}

/// What went wrong, to people.
fn told(visit: &Visit, headers: &HeaderMap, problem: &Problem) -> Response {
    let (status, unknown) = (
        problem.status(),
        problem.status() == StatusCode::UNAUTHORIZED,
    );
    let accepts = headers
        .get(header::ACCEPT)
        .and_then(|accepts| accepts.to_str().ok());
    let is_stream = accepts.is_some_and(|accepts| accepts.starts_with("text/event-stream"));
    let is_part = headers.contains_key("hx-request");
    let door = format!("/console/sign-in?{}", session::next(&visit.here));
    let mut response = if is_stream {
        status.into_response()
    } else if unknown && is_part {
        let mut response = StatusCode::OK.into_response();
        if let Ok(door) = HeaderValue::from_str("/console/sign-in") {
            response.headers_mut().insert("hx-redirect", door);
        }
        response
    } else if unknown {
        Redirect::to(&door).into_response()
    } else {
        (status, visit.bare("Not done", &page(problem, &door))).into_response()
    };
    if unknown && session::token(headers).is_some() {
        // It would count as a wrong one each time.
        if let Some(cookie) = session::forget(headers) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    response
}

fn page(problem: &Problem, door: &str) -> Markup {
    let status = problem.status();
    html! {
        div.door {
            h1 { (match status {
                StatusCode::NOT_FOUND => "There is no such thing",
                StatusCode::FORBIDDEN => "Not allowed",
                StatusCode::SERVICE_UNAVAILABLE => "The node does not answer",
                _ => "Not done",
            }) }
            p { (problem.detail()) "." }
            @if !problem.problems().is_empty() {
                ul { @for found in problem.problems() {
                    li { (found.message) @if let Some(file) = &found.file { " (" code { (file) @if let Some(line) = found.line { ":" (line) } } ")" } }
                } }
            }
            p.quiet { "Code " code { (problem.code()) } ". What it means and what to do: " code { "strowger explain " (problem.code()) } }
            p.row {
                a.button href="/console" { "Overview" }
                @if status == StatusCode::FORBIDDEN { a.button href=(door) { "Sign in with another token" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_is_below_its_path() {
        assert!(is_console("/console") && is_console("/console/calls"));
        assert!(!is_console("/consoles") && !is_console("/v1/status") && !is_console("/"));
    }

    #[test]
    fn a_page_may_load_nothing_from_elsewhere_and_run_nothing_of_its_own() {
        assert!(!POLICY.contains("unsafe") && !POLICY.contains('*') && !POLICY.contains("http"));
    }
}
