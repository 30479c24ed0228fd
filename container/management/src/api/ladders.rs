//! Recorded calls: a list that is searched, and each call as data, as a text, as a picture, as a capture.

use super::input::{Params, Path};
use super::problem::Problem;
use super::state::{State, unexpected};
use crate::ladder::{Page as Look, Width, pcapng, svg, text};
use axum::extract::State as Given;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use std::str::FromStr;
use strowger_node::control::{Reply, Request};
use strowger_node::listed::{Page, Part};
use strowger_node::{Ladder, LadderInfo};
use utoipa::ToSchema;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/ladders", get(list))
        .route("/v1/ladders/{id}", get(one))
}

/// A recorded call in a list.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct RecordedCall {
    /// Its number; later ones have higher numbers.
    id: u64,
    /// When it began: milliseconds since 1970.
    started: u64,
    /// Milliseconds from its beginning to its last step.
    lasted: u64,
    /// `live`, `ended`, or `cut` when recording was switched off before its end.
    state: String,
    /// Who called.
    from: String,
    /// Whom.
    to: String,
    /// What its parts are called outside: Call-IDs, ids of sessions.
    keys: Vec<String>,
    /// The services that took part.
    services: Vec<String>,
    /// Messages, in and out.
    messages: u64,
    /// Steps that did not fit into what one call, or all of them, may take.
    dropped: u64,
}

/// A recorded call.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Ladder)]
pub(super) struct Recording {
    /// What lists show of it.
    info: RecordedCall,
    /// Whether secrets were left out of its messages.
    without_secrets: bool,
    /// Whether bodies were left out of its messages.
    without_bodies: bool,
    /// Everything that happened, in its order.
    steps: Vec<RecordedStep>,
}

/// One thing that happened.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct RecordedStep {
    /// Nanoseconds since the beginning of the call.
    at: u64,
    /// What: an object with one field, named `message`, `activity`, `ended`, `event`, `delivery`, `timer-set`,
    /// `timer-cancelled` or `timer-fired`.
    #[schema(value_type = Object)]
    what: (),
}

/// The messages of a recorded call, as a capture.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "says in documents what the node gives")]
pub(super) struct Capture(Vec<u8>);

/// How a recorded call is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// As data.
    Json,
    /// As a ladder of letters.
    Text,
    /// As a picture.
    Svg,
    /// As a capture that network tools read.
    Pcapng,
}

/// A format is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it is one of `json`, `text`, `svg` and `pcapng`")]
pub(crate) struct NoFormat;

impl FromStr for Format {
    type Err = NoFormat;

    fn from_str(text: &str) -> Result<Self, NoFormat> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            "svg" => Ok(Self::Svg),
            "pcapng" => Ok(Self::Pcapng),
            _ => Err(NoFormat),
        }
    }
}

/// Recorded calls, the latest first, a part at a time.
#[utoipa::path(get, path = "/v1/ladders", tag = "ladders", params(
    ("after" = Option<String>, Query, description = "What the part before gave as `next`."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Entries at most; 100 unless given."),
    ("find" = Option<String>, Query,
        description = "Only those that have this in the name of a party or in what they are called outside, such as a Call-ID."),
), responses((status = 200, description = "Part of the list.", body = Page<RecordedCall>)))]
pub(super) async fn list(
    Given(state): Given<State>,
    mut params: Params,
) -> Result<Json<Page<LadderInfo>>, Problem> {
    let part = params.part()?;
    let find = params.take::<String>("find")?.unwrap_or_default();
    params.end()?;
    Ok(Json(recordings(&state, part, find).await?))
}

/// Part of the list of recorded calls.
pub(crate) async fn recordings(
    state: &State,
    part: Part,
    find: String,
) -> Result<Page<LadderInfo>, Problem> {
    let after = part.after.map(|after| after.parse());
    let wrong = |_| Problem::wrong("after", "`after` is not what a part has given as `next`");
    let request = Request::Ladders {
        after: after.transpose().map_err(wrong)?,
        limit: Some(part.limit.unwrap_or(100)),
        find,
    };
    let Reply::Ladders { calls, next } = state.ask(request).await? else {
        return Err(unexpected());
    };
    Ok(Page {
        items: calls,
        next: next.map(|next| next.to_string()),
    })
}

/// Everything that was recorded of a call.
#[utoipa::path(get, path = "/v1/ladders/{id}", tag = "ladders", params(
    ("id" = u64, Path, description = "Its number.", example = 1),
    ("format" = Option<String>, Query, pattern = "^(json|text|svg|pcapng)$", description = "How it is shown: `json` unless given."),
), responses((status = 200, description = "The call.", content(
    (Recording = "application/json"),
    (String = "text/plain"),
    (String = "image/svg+xml"),
    (Capture = "application/x-pcapng"),
))))]
pub(super) async fn one(
    Given(state): Given<State>,
    Path(call): Path<String>,
    mut params: Params,
) -> Result<Response, Problem> {
    let format = params.take("format")?.unwrap_or(Format::Json);
    params.end()?;
    Ok(shown(&*recording(&state, &call).await?, format))
}

/// Everything that was recorded of a call.
pub(crate) async fn recording(state: &State, call: &str) -> Result<Box<Ladder>, Problem> {
    let unknown = |_| Problem::unknown(format!("there is no recorded call `{call}`"));
    let id = call.parse().map_err(unknown)?;
    let Reply::Ladder(ladder) = state.ask(Request::Ladder { id }).await? else {
        return Err(unexpected());
    };
    Ok(ladder)
}

pub(crate) fn shown(ladder: &Ladder, format: Format) -> Response {
    let kind = |kind| [(header::CONTENT_TYPE, kind)];
    match format {
        Format::Json => Json(ladder).into_response(),
        Format::Text => {
            let text = text(ladder, Width::default());
            (kind("text/plain; charset=utf-8"), text).into_response()
        }
        Format::Svg => {
            // What it has of others' messages is escaped; should a browser see it otherwise, it may do nothing.
            let policy = "default-src 'none'; style-src 'unsafe-inline'";
            let policy = [(header::CONTENT_SECURITY_POLICY, policy)];
            (kind("image/svg+xml"), policy, svg(ladder, Look::Alone)).into_response()
        }
        Format::Pcapng => {
            let name = format!("attachment; filename=\"call-{}.pcapng\"", ladder.info.id);
            let name = [(header::CONTENT_DISPOSITION, name)];
            (kind("application/x-pcapng"), name, pcapng(ladder)).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn fields(what: &impl Serialize) -> Vec<String> {
        let Ok(Value::Object(fields)) = serde_json::to_value(what) else {
            panic!("no object");
        };
        fields.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn what_documents_say_of_recorded_calls_is_what_the_node_gives() {
        assert_eq!(
            fields(&RecordedCall::default()),
            fields(&LadderInfo::default())
        );
        assert_eq!(fields(&Recording::default()), fields(&Ladder::default()));
    }
}
