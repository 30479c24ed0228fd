//! Profile tables and what is in them: pages, queries, and writes that are done whole or not at all.
//!
//! What is read is a snapshot, so it takes no time of the calls; a write is answered when it is durable.

mod body;
pub(super) mod condition;
pub(super) mod edits;

use super::input::{Fields, Params, Path};
use super::node::Done;
use super::problem::Problem;
use super::state::State;
use axum::extract::State as Given;
use axum::routing::{get, post};
use axum::{Json, Router};
use body::{
    AttributeEntry, NewName, NewTable, ProfileEntry, Query, TableDetail, TableEntry, Values, Writes,
};
use serde_json::{Map, Value};
use strowger::OpError;
use strowger::profile::{AnyProfile, AnyRow, Kind, ProfileDecl};
use strowger_node::listed::Page;
use strowger_node::{ProfileChange, ProfileSnapshot, ProfileWrite, TableError};

/// Profiles of one page or answer unless another number is asked for.
const PAGE: usize = 100;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/v1/profiles", get(list))
        .route("/v1/profiles/{table}", get(one).put(create).delete(remove))
        .route("/v1/profiles/{table}/rename", post(rename))
        .route("/v1/profiles/{table}/entries", get(entries).post(write))
        .route(
            "/v1/profiles/{table}/entries/{name}",
            get(entry).put(put).delete(discard),
        )
        .route("/v1/profiles/{table}/query", post(query))
        .merge(edits::routes())
}

/// All profile tables.
#[utoipa::path(get, path = "/v1/profiles", tag = "profiles",
    responses((status = 200, description = "All tables.", body = Vec<TableEntry>)))]
pub(super) async fn list(
    Given(state): Given<State>,
    params: Params,
) -> Result<Json<Vec<TableEntry>>, Problem> {
    params.end()?;
    let tables = state.manage.profile_tables().await?;
    let tables = tables.into_iter().map(|table| TableEntry {
        name: table.name.as_ref().to_owned(),
        specification: table.spec.to_string(),
        profiles: table.profiles,
    });
    Ok(Json(tables.collect()))
}

/// One profile table.
#[utoipa::path(get, path = "/v1/profiles/{table}", tag = "profiles",
    params(("table" = String, Path, description = "Its name.")),
    responses((status = 200, description = "The table.", body = TableDetail)))]
pub(super) async fn one(
    Given(state): Given<State>,
    Path(table): Path<String>,
    params: Params,
) -> Result<Json<TableDetail>, Problem> {
    params.end()?;
    let table = snapshot(&state, &table).await?;
    let decl = table.decl();
    let attributes = decl.attributes.iter().map(|attribute| AttributeEntry {
        name: attribute.name,
        kind: attribute.kind.map_or("opaque", word),
        optional: attribute.optional,
        unique: attribute.unique,
        indexed: attribute.indexed,
    });
    Ok(Json(TableDetail {
        name: table.name().to_owned(),
        specification: decl.spec.to_string(),
        profiles: table.len(),
        attributes: attributes.collect(),
        default: values(decl, table.default_profile()),
    }))
}

/// Make a profile table.
#[utoipa::path(put, path = "/v1/profiles/{table}", tag = "profiles", request_body = NewTable,
    params(("table" = String, Path, description = "Its name.")),
    responses((status = 200, description = "It is there.", body = Done)))]
pub(super) async fn create(
    Given(state): Given<State>,
    Path(table): Path<String>,
    params: Params,
    mut fields: Fields,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    let specification = fields.text("specification")?;
    fields.end()?;
    let change = ProfileChange::Create {
        table: table.into(),
        specification: specification.into(),
    };
    changed(&state, change, Blame::Field("table")).await
}

/// Rename a profile table.
#[utoipa::path(post, path = "/v1/profiles/{table}/rename", tag = "profiles", request_body = NewName,
    params(("table" = String, Path, description = "Its name.")),
    responses((status = 200, description = "It is renamed.", body = Done)))]
pub(super) async fn rename(
    Given(state): Given<State>,
    Path(table): Path<String>,
    params: Params,
    mut fields: Fields,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    let to = fields.text("to")?;
    fields.end()?;
    let change = ProfileChange::Rename {
        table: table.into(),
        to: to.into(),
    };
    changed(&state, change, Blame::Field("to")).await
}

/// Remove a profile table, with all that is in it.
#[utoipa::path(delete, path = "/v1/profiles/{table}", tag = "profiles",
    params(("table" = String, Path, description = "Its name.")),
    responses((status = 200, description = "It is gone.", body = Done)))]
pub(super) async fn remove(
    Given(state): Given<State>,
    Path(table): Path<String>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    let change = ProfileChange::Remove {
        table: table.into(),
    };
    changed(&state, change, Blame::Field("table")).await
}

/// Profiles of a table in the order of their names, a part at a time.
#[utoipa::path(get, path = "/v1/profiles/{table}/entries", tag = "profiles", params(
    ("table" = String, Path, description = "The table."),
    ("after" = Option<String>, Query, description = "What the part before gave as `next`."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Profiles at most; 100 unless given."),
), responses((status = 200, description = "Part of the profiles.", body = Page<ProfileEntry>)))]
pub(super) async fn entries(
    Given(state): Given<State>,
    Path(table): Path<String>,
    mut params: Params,
) -> Result<Json<Page<ProfileEntry>>, Problem> {
    let part = params.part()?;
    params.end()?;
    let table = snapshot(&state, &table).await?;
    let limit = part.limit.map_or(PAGE, |limit| limit as usize);
    let mut rows = table.after(part.after.as_deref());
    let shown = rows.by_ref().take(limit);
    let items: Vec<_> = shown.map(|row| shown_row(&table, &**row)).collect();
    let next = rows
        .next()
        .and_then(|_| items.last())
        .map(|last| last.name.clone());
    Ok(Json(Page { items, next }))
}

/// One profile.
#[utoipa::path(get, path = "/v1/profiles/{table}/entries/{name}", tag = "profiles", params(
    ("table" = String, Path, description = "The table."),
    ("name" = String, Path, description = "The profile's name."),
), responses((status = 200, description = "The profile.", body = ProfileEntry)))]
pub(super) async fn entry(
    Given(state): Given<State>,
    Path((table, name)): Path<(String, String)>,
    params: Params,
) -> Result<Json<ProfileEntry>, Problem> {
    params.end()?;
    let table = snapshot(&state, &table).await?;
    let row = table.find(&name);
    let row = row.ok_or_else(|| Problem::unknown(format!("there is no profile `{name}`")))?;
    Ok(Json(shown_row(&table, &**row)))
}

/// Make a profile, or put it in the place of the one of its name. What is left out is as in the table's default.
#[utoipa::path(put, path = "/v1/profiles/{table}/entries/{name}", tag = "profiles", request_body = Values, params(
    ("table" = String, Path, description = "The table."),
    ("name" = String, Path, description = "The profile's name."),
), responses((status = 200, description = "It is written, and durable.", body = Done)))]
pub(super) async fn put(
    Given(state): Given<State>,
    Path((table, name)): Path<(String, String)>,
    params: Params,
    fields: Fields,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    let snapshot = snapshot(&state, &table).await?;
    let profile = filled(&snapshot, fields.all(), "")?;
    let writes = vec![ProfileWrite::Put(name.into(), profile)];
    let change = ProfileChange::Write {
        table: table.into(),
        writes,
    };
    changed(&state, change, Blame::Profile).await
}

/// Remove a profile.
#[utoipa::path(delete, path = "/v1/profiles/{table}/entries/{name}", tag = "profiles", params(
    ("table" = String, Path, description = "The table."),
    ("name" = String, Path, description = "The profile's name."),
), responses((status = 200, description = "It is gone.", body = Done)))]
pub(super) async fn discard(
    Given(state): Given<State>,
    Path((table, name)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    if snapshot(&state, &table).await?.find(&name).is_none() {
        return Err(Problem::unknown(format!("there is no profile `{name}`")));
    }
    let writes = vec![ProfileWrite::Remove(name.into())];
    let change = ProfileChange::Write {
        table: table.into(),
        writes,
    };
    changed(&state, change, Blame::Profile).await
}

/// Write profiles and remove others, all or none. `field` of a problem names the one that is to blame.
#[utoipa::path(post, path = "/v1/profiles/{table}/entries", tag = "profiles", request_body = Writes,
    params(("table" = String, Path, description = "The table.")),
    responses((status = 200, description = "All are written, and durable.", body = Done)))]
pub(super) async fn write(
    Given(state): Given<State>,
    Path(table): Path<String>,
    params: Params,
    mut fields: Fields,
) -> Result<Json<Done>, Problem> {
    params.end()?;
    let snapshot = snapshot(&state, &table).await?;
    let (put, removed) = (fields.objects("put")?, fields.texts("remove")?);
    fields.end()?;
    let (mut writes, mut places) = (Vec::new(), Vec::new());
    for (place, mut profile) in put.into_iter().enumerate() {
        let at = format!("put.{place}");
        let name = profile.remove("name");
        let Some(Value::String(name)) = name else {
            let field = format!("{at}.name");
            return Err(Problem::wrong(&field, format!("`{field}` is a text")));
        };
        let given = profile.remove("values");
        let Some(Value::Object(given)) = given.filter(|_| profile.is_empty()) else {
            let detail = "a profile has `name` and `values`, which is an object";
            return Err(Problem::wrong(&at, detail));
        };
        let profile = filled(&snapshot, given, &format!("{at}.values."))?;
        writes.push(ProfileWrite::Put(name.into(), profile));
        places.push(at);
    }
    for (place, name) in removed.into_iter().enumerate() {
        writes.push(ProfileWrite::Remove(name.into()));
        places.push(format!("remove.{place}"));
    }
    let change = ProfileChange::Write {
        table: table.into(),
        writes,
    };
    changed(&state, change, Blame::Writes(&places)).await
}

/// Profiles that fit a query.
#[utoipa::path(post, path = "/v1/profiles/{table}/query", tag = "profiles", request_body = Query,
    params(("table" = String, Path, description = "The table.")),
    responses((status = 200, description = "The profiles.", body = Vec<ProfileEntry>)))]
pub(super) async fn query(
    Given(state): Given<State>,
    Path(table): Path<String>,
    params: Params,
    mut fields: Fields,
) -> Result<Json<Vec<ProfileEntry>>, Problem> {
    params.end()?;
    let table = snapshot(&state, &table).await?;
    let condition = fields.take("where");
    let limit = fields.take("limit");
    fields.end()?;
    let limit = match limit.map(|limit| limit.as_u64()) {
        None => PAGE,
        Some(Some(limit @ 1..=1000)) => limit as usize,
        Some(_) => return Err(Problem::wrong("limit", "`limit` is 1 to 1000")),
    };
    let filter = condition::filter(condition)?;
    let wrong = |error: &dyn std::fmt::Display| Problem::wrong("where", error.to_string());
    let query = table.decl().query(&filter).map_err(|error| wrong(&error))?;
    // It may look at many profiles, and others ask meanwhile whether the node is well.
    let search = move || {
        let found = table.search(&query, Some(limit));
        found.map(|rows| rows.iter().map(|row| shown_row(&table, &**row)).collect())
    };
    let found = tokio::task::spawn_blocking(search).await;
    let found = found.map_err(|_| Problem::silent("the query has ended early"))?;
    Ok(Json(found.map_err(|error| wrong(&error))?))
}

async fn snapshot(state: &State, table: &str) -> Result<ProfileSnapshot, Problem> {
    let found = state.manage.profile_table(table).await?;
    found.ok_or_else(|| Problem::unknown(format!("there is no profile table `{table}`")))
}

/// What of a request may be to blame.
enum Blame<'a> {
    /// This field, or this part of the path.
    Field(&'a str),
    /// The profile: its name, or the attribute that is at the top of the body.
    Profile,
    /// One of several writes, which are called so.
    Writes(&'a [String]),
}

/// Has the node change something.
async fn changed(
    state: &State,
    change: ProfileChange,
    blame: Blame<'_>,
) -> Result<Json<Done>, Problem> {
    match state.manage.change_profiles(change).await? {
        Ok(()) => Ok(Done::json()),
        Err((place, cause)) => Err(refused(&cause, &blame.field(&cause, place))),
    }
}

impl Blame<'_> {
    /// The field, if there is one; `place` is that of the write.
    fn field(&self, cause: &TableError, place: usize) -> String {
        let attribute = if let TableError::Refused(OpError::NotUnique(attribute)) = cause {
            Some(*attribute)
        } else if let TableError::Refused(OpError::InvalidProfile(invalid)) = cause {
            Some(invalid.attribute)
        } else if let TableError::NoAttribute(name)
        | TableError::Value {
            attribute: name, ..
        } = cause
        {
            Some(&**name)
        } else {
            None
        };
        match (self, attribute) {
            (Self::Field(name), _) => (*name).to_owned(),
            (Self::Profile, Some(attribute)) => attribute.to_owned(),
            (Self::Profile, None) if is_of_name(cause) => "name".to_owned(),
            (Self::Profile, None) => String::new(),
            // No single one of them.
            (Self::Writes(_), _) if is_too_many(cause) => "put".to_owned(),
            (Self::Writes(places), attribute) => {
                let place = places.get(place).map_or("", String::as_str);
                match attribute {
                    Some(attribute) => format!("{place}.values.{attribute}"),
                    None => place.to_owned(),
                }
            }
        }
    }
}

/// Whether it is the name of a profile that cannot be.
const fn is_of_name(cause: &TableError) -> bool {
    matches!(
        cause,
        TableError::InvalidName | TableError::Refused(OpError::InvalidArgument(_))
    )
}

/// Whether services that hear of changes could not be told of so many at once.
fn is_too_many(cause: &TableError) -> bool {
    *cause == TableError::Refused(OpError::Limit("profile_changes"))
}

fn refused(cause: &TableError, field: &str) -> Problem {
    let detail = cause.to_string();
    let problem = match cause {
        TableError::Unknown | TableError::NoProfile | TableError::NoEdit => {
            return Problem::unknown(detail);
        }
        // As many changes wait for a service as may: later there is room again.
        TableError::Refused(OpError::Limit("events_per_activity")) => {
            return Problem::silent(detail);
        }
        cause if is_too_many(cause) => Problem::wrong(
            field,
            "services hear of changes of this table: one write changes no more profiles than \
             `limits.events_per_activity`",
        ),
        TableError::NameTaken
        | TableError::InUse
        | TableError::Changed
        | TableError::Uncommitted
        | TableError::Refused(OpError::Limit(_)) => Problem::conflict(detail),
        TableError::NoSpec => return Problem::wrong("specification", detail),
        TableError::InvalidName
        | TableError::NoAttribute(_)
        | TableError::Value { .. }
        | TableError::Refused(_)
        | _ => Problem::wrong(field, detail),
    };
    problem.about(field)
}

fn shown_row(table: &ProfileSnapshot, row: &dyn AnyRow) -> ProfileEntry {
    ProfileEntry {
        name: row.name().to_owned(),
        values: values(table.decl(), row.profile()),
    }
}

pub(super) fn values(decl: &ProfileDecl, profile: &dyn AnyProfile) -> Map<String, Value> {
    let value = |place| {
        let value = profile.get(place)?;
        serde_json::to_value(value).ok()
    };
    let attributes = decl.attributes.iter().enumerate();
    attributes
        .map(|(place, a)| (a.name.to_owned(), value(place).unwrap_or_default()))
        .collect()
}

/// A profile of these values, and the default's where there is none.
fn filled(
    table: &ProfileSnapshot,
    values: Map<String, Value>,
    at: &str,
) -> Result<Box<dyn AnyProfile>, Problem> {
    let mut profile = table.default_profile().copy();
    fill(table.decl(), &mut *profile, values, at)?;
    Ok(profile)
}

/// Gives a profile these values.
pub(super) fn fill(
    decl: &ProfileDecl,
    profile: &mut dyn AnyProfile,
    values: Map<String, Value>,
    at: &str,
) -> Result<(), Problem> {
    for (name, value) in values {
        let field = format!("{at}{name}");
        let place = decl.attribute(&name);
        let place = place
            .ok_or_else(|| Problem::wrong(&field, format!("there is no attribute `{name}`")))?;
        let mut value = <dyn strowger::erased_serde::Deserializer<'_>>::erase(value);
        let set = profile.set(place, &mut value);
        set.map_err(|error| Problem::wrong(&field, format!("`{name}`: {error}")))?;
    }
    Ok(())
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "bool",
        Kind::Unsigned(_) | Kind::Signed(_) => "integer",
        Kind::Text => "text",
        Kind::Ip => "ip",
        Kind::Address | _ => "address",
    }
}
