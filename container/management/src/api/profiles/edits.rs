//! Edit sessions of profiles: changed attribute by attribute, verified, and then committed or dropped (R-PR-07).
//!
//! What a session holds is seen here and nowhere else until it is committed. Sessions are bounded in number, and one that
//! nobody uses ends by itself.

use super::super::audit::About;
use super::super::input::{Fields, Params, Path};
use super::super::node::Done;
use super::super::problem::Problem;
use super::super::state::State;
use super::body::{EditEntry, NewEdit, Values};
use super::{Blame, changed, refused, values};
use axum::extract::State as Given;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use strowger_node::{EditDraft, EditId, ProfileChange, ProfileEdit, TableError};

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/profiles/{table}/edits", get(list).post(begin))
        .route(
            "/v1/profiles/{table}/edits/{id}",
            get(one).put(set).delete(close),
        )
        .route("/v1/profiles/{table}/edits/{id}/verify", post(verify))
        .route("/v1/profiles/{table}/edits/{id}/commit", post(commit))
        .route("/v1/profiles/{table}/edits/{id}/restore", post(restore))
}

/// Edit sessions of a table.
#[utoipa::path(get, path = "/v1/profiles/{table}/edits", tag = "profiles",
    params(("table" = String, Path, description = "The table.")),
    responses((status = 200, description = "All sessions of the table.", body = Vec<EditEntry>)))]
pub(in crate::api) async fn list(
    Given(state): Given<State>,
    Path(table): Path<String>,
    params: Params,
) -> Result<Json<Vec<EditEntry>>, Problem> {
    params.end()?;
    super::snapshot(&state, &table).await?;
    let edits = state.manage.profile_edits(&table, None).await?;
    Ok(Json(edits.iter().map(shown).collect()))
}

/// Begin to edit a profile, or with `new` to make one: it holds what the table's default does. No service and no query sees
/// it until it is committed; sessions have no owner: whoever may read sees them, whoever may operate changes them. A session
/// that nobody has used for 15 minutes ends, and so do all at a restart.
#[utoipa::path(post, path = "/v1/profiles/{table}/edits", tag = "profiles", request_body = NewEdit,
    params(("table" = String, Path, description = "The table.")),
    responses((status = 200, description = "The session.", body = EditEntry)))]
pub(in crate::api) async fn begin(
    Given(state): Given<State>,
    Path(table): Path<String>,
    params: Params,
    mut fields: Fields,
) -> Result<(Extension<About>, Json<EditEntry>), Problem> {
    params.end()?;
    let (name, new) = (fields.text("name")?, fields.flag("new")?);
    fields.end()?;
    let edit = ProfileEdit::Begin {
        table: table.clone().into(),
        name: name.into(),
        new,
    };
    let id = carry_out(&state, edit).await?;
    let draft = draft(&state, &table, id).await?;
    Ok((about(&draft), Json(shown(&draft))))
}

/// One edit session, with what would be committed.
#[utoipa::path(get, path = "/v1/profiles/{table}/edits/{id}", tag = "profiles", params(
    ("table" = String, Path, description = "The table."),
    ("id" = u64, Path, description = "The session."),
), responses((status = 200, description = "The session.", body = EditEntry)))]
pub(in crate::api) async fn one(
    Given(state): Given<State>,
    Path((table, id)): Path<(String, String)>,
    params: Params,
) -> Result<Json<EditEntry>, Problem> {
    params.end()?;
    let draft = draft(&state, &table, number(&id)?).await?;
    Ok(Json(shown(&draft)))
}

/// Change attributes in an edit session, all or none. Others stay as they are.
#[utoipa::path(put, path = "/v1/profiles/{table}/edits/{id}", tag = "profiles", request_body = Values, params(
    ("table" = String, Path, description = "The table."),
    ("id" = u64, Path, description = "The session."),
), responses((status = 200, description = "The session.", body = EditEntry)))]
pub(in crate::api) async fn set(
    Given(state): Given<State>,
    Path((table, id)): Path<(String, String)>,
    params: Params,
    fields: Fields,
) -> Result<(Extension<About>, Json<EditEntry>), Problem> {
    params.end()?;
    let id = draft(&state, &table, number(&id)?).await?.id;
    carry_out(&state, ProfileEdit::Set(id, fields.all())).await?;
    let draft = draft(&state, &table, id).await?;
    Ok((about(&draft), Json(shown(&draft))))
}

/// Say whether what an edit session holds would be committed, and change nothing: whether its values fit together and are
/// unique where they have to be, and nobody wrote the profile meanwhile.
#[utoipa::path(post, path = "/v1/profiles/{table}/edits/{id}/verify", tag = "profiles", params(
    ("table" = String, Path, description = "The table."),
    ("id" = u64, Path, description = "The session."),
), responses((status = 200, description = "It would be committed.", body = Done)))]
pub(in crate::api) async fn verify(
    Given(state): Given<State>,
    Path((table, id)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    let (_, done) = done(&state, &table, &id, ProfileEdit::Verify).await?;
    Ok(done)
}

/// Publish what an edit session holds, verified. Refused where somebody else wrote the profile since the session began; the
/// session goes on in any case.
#[utoipa::path(post, path = "/v1/profiles/{table}/edits/{id}/commit", tag = "profiles", params(
    ("table" = String, Path, description = "The table."),
    ("id" = u64, Path, description = "The session."),
), responses((status = 200, description = "It is published, and durable.", body = Done)))]
pub(in crate::api) async fn commit(
    Given(state): Given<State>,
    Path((table, id)): Path<(String, String)>,
    params: Params,
) -> Result<(Extension<About>, Json<Done>), Problem> {
    params.end()?;
    let draft = draft(&state, &table, number(&id)?).await?;
    let done = changed(&state, ProfileChange::Commit(draft.id), Blame::Profile).await?;
    Ok((about(&draft), done))
}

/// Drop what was not committed in an edit session, and take up what the table has. A session whose profile is not there
/// ends: one that was to be made never was.
#[utoipa::path(post, path = "/v1/profiles/{table}/edits/{id}/restore", tag = "profiles", params(
    ("table" = String, Path, description = "The table."),
    ("id" = u64, Path, description = "The session."),
), responses((status = 200, description = "It is dropped.", body = Done)))]
pub(in crate::api) async fn restore(
    Given(state): Given<State>,
    Path((table, id)): Path<(String, String)>,
    params: Params,
) -> Result<(Extension<About>, Json<Done>), Problem> {
    params.end()?;
    done(&state, &table, &id, ProfileEdit::Restore).await
}

/// End an edit session. Refused while it holds what is neither committed nor dropped.
#[utoipa::path(delete, path = "/v1/profiles/{table}/edits/{id}", tag = "profiles", params(
    ("table" = String, Path, description = "The table."),
    ("id" = u64, Path, description = "The session."),
), responses((status = 200, description = "It has ended.", body = Done)))]
pub(in crate::api) async fn close(
    Given(state): Given<State>,
    Path((table, id)): Path<(String, String)>,
    params: Params,
) -> Result<(Extension<About>, Json<Done>), Problem> {
    params.end()?;
    done(&state, &table, &id, ProfileEdit::Close).await
}

/// Does it in a session of that table.
async fn done(
    state: &State,
    table: &str,
    id: &str,
    edit: impl FnOnce(EditId) -> ProfileEdit,
) -> Result<(Extension<About>, Json<Done>), Problem> {
    let draft = draft(state, table, number(id)?).await?;
    carry_out(state, edit(draft.id)).await?;
    Ok((about(&draft), Done::json()))
}

async fn carry_out(state: &State, edit: ProfileEdit) -> Result<EditId, Problem> {
    let done = state.manage.edit_profile(edit).await?;
    done.map_err(|cause| refused(&cause, &Blame::Profile.field(&cause, 0)))
}

async fn draft(state: &State, table: &str, id: EditId) -> Result<EditDraft, Problem> {
    let found = state.manage.profile_edits(table, Some(id)).await?.pop();
    found.ok_or_else(unknown)
}

/// The number of a session in a path; what is none is no session's.
fn number(id: &str) -> Result<EditId, Problem> {
    id.parse().map(EditId).map_err(|_| unknown())
}

fn unknown() -> Problem {
    Problem::unknown(TableError::NoEdit.to_string())
}

/// For the audit log: paths have numbers of sessions only, and that of a new one stands in its answer.
fn about(draft: &EditDraft) -> Extension<About> {
    Extension(About(format!(
        "session {}, profile `{}`",
        draft.id.0, draft.name
    )))
}

fn shown(draft: &EditDraft) -> EditEntry {
    EditEntry {
        id: draft.id.0,
        name: draft.name.clone().into(),
        new: draft.new,
        changed: draft.changed,
        left_s: draft.left.as_secs(),
        values: values(&draft.decl, &*draft.profile),
    }
}
