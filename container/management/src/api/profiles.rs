//! Profile tables and what is in them: pages, queries, and writes that are done whole or not at all.
//!
//! What is read is a snapshot, so it takes no time of the calls; a write is answered when it is durable.

use super::input::{Fields, Params, Path};
use super::node::Done;
use super::problem::Problem;
use super::state::State;
use axum::extract::State as Given;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strowger::OpError;
use strowger::profile::{AnyProfile, AnyRow, Comparison, Filter, Kind, ProfileDecl, Scalar};
use strowger_node::listed::Page;
use strowger_node::{ProfileChange, ProfileSnapshot, ProfileWrite, TableError};
use utoipa::ToSchema;

/// Profiles of one page or answer unless another number is asked for.
const PAGE: usize = 100;
/// Conditions within conditions.
const DEPTH: usize = 32;
/// Conditions in one query: each is asked of every profile that is looked at.
const CONDITIONS: usize = 64;

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
}

/// A profile table.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileTable)]
pub(super) struct TableEntry {
    /// Its name.
    name: String,
    /// Its specification: name, version and vendor.
    specification: String,
    /// How many profiles it has.
    profiles: usize,
}

/// A profile table, with what its profiles are made of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileTableDetail)]
pub(super) struct TableDetail {
    /// Its name.
    name: String,
    /// Its specification: name, version and vendor.
    specification: String,
    /// How many profiles it has.
    profiles: usize,
    /// Attributes of its profiles.
    attributes: Vec<AttributeEntry>,
    /// What new profiles begin with.
    #[schema(value_type = Object)]
    default: Map<String, Value>,
}

/// An attribute of the profiles of a table.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileAttribute)]
pub(super) struct AttributeEntry {
    /// Its name.
    name: &'static str,
    /// `bool`, `integer`, `text`, `ip`, `address`, or `opaque`: that is any JSON, and cannot be queried.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Whether it may have no value: `null`.
    optional: bool,
    /// Whether each value is there once.
    unique: bool,
    /// Whether there is an index.
    indexed: bool,
}

/// A profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Profile)]
pub(super) struct ProfileEntry {
    /// Its name.
    name: String,
    /// Its attributes.
    #[schema(value_type = Object)]
    values: Map<String, Value>,
}

/// The specification of a table that is made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProfileTable, example = json!({"specification": "subscriber"}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(super) struct NewTable {
    /// Its name: one that a service of the binary brings.
    specification: String,
}

/// What a table is called from here on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProfileTableName, example = json!({"to": "members"}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(super) struct NewName {
    /// The new name.
    to: String,
}

/// Profiles that are written, and others that are removed, all or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileWrites, example = json!({"put": [{"name": "alice", "values": {"number": "4930123"}}], "remove": ["bob"]}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(super) struct Writes {
    /// Profiles that are made, or take the place of those of their name. What is left out is as in the table's default.
    #[schema(required = false)]
    put: Vec<Write>,
    /// Names of profiles that are removed, if they are there.
    #[schema(required = false)]
    remove: Vec<String>,
}

/// Values of attributes by their names.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ProfileValues, value_type = Object, example = json!({"number": "4930123", "zone": 7}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(super) struct Values(Map<String, Value>);

/// A profile that is written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileWrite)]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(super) struct Write {
    /// Its name.
    name: String,
    /// Its attributes.
    values: Values,
}

/// A query.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileQuery, example = json!({"where": {"all": [{"attribute": "zone", "equal": 7}, {"attribute": "number", "prefix": "49"}]}, "limit": 10}))]
#[expect(dead_code, reason = "says in documents what is read field by field")]
pub(super) struct Query {
    /// A condition: `attribute` with one of `equal`, `not_equal`, `less`, `at_most`, `greater`, `at_least`, `prefix`, `prefix_of` (the
    /// longest), or with `from` and `to`; or `all`, `any` or `not` of other conditions. Without it, every profile.
    #[serde(rename = "where")]
    #[schema(value_type = Object, required = false)]
    condition: Map<String, Value>,
    /// Profiles at most; 100 unless given.
    #[schema(required = false)]
    limit: u32,
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
    let mut left = CONDITIONS;
    let filter = condition.map_or(Ok(Filter::All), |condition| filter(condition, 0, &mut left))?;
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

fn values(decl: &ProfileDecl, profile: &dyn AnyProfile) -> Map<String, Value> {
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
    for (name, value) in values {
        let field = format!("{at}{name}");
        let place = table.decl().attribute(&name);
        let place = place
            .ok_or_else(|| Problem::wrong(&field, format!("there is no attribute `{name}`")))?;
        let mut value = <dyn strowger::erased_serde::Deserializer<'_>>::erase(value);
        let set = profile.set(place, &mut value);
        set.map_err(|error| Problem::wrong(&field, format!("`{name}`: {error}")))?;
    }
    Ok(profile)
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

/// Reads a condition.
fn filter(condition: Value, depth: usize, left: &mut usize) -> Result<Filter, Problem> {
    let wrong = |detail: &str| Problem::wrong("where", detail.to_owned());
    let Value::Object(mut fields) = condition else {
        return Err(wrong("a condition is an object"));
    };
    if depth >= DEPTH {
        return Err(wrong("conditions are nested too deeply"));
    }
    *left = left
        .checked_sub(1)
        .ok_or_else(|| wrong(&format!("a query has {CONDITIONS} conditions at most")))?;
    let mut several = |list: Value| match list {
        Value::Array(list) => {
            let each = list.into_iter().map(|c| filter(c, depth + 1, left));
            each.collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err(wrong("`all` and `any` are lists of conditions"))
        }
    };
    let read = if let Some(list) = fields.remove("all") {
        Filter::And(several(list)?)
    } else if let Some(list) = fields.remove("any") {
        Filter::Or(several(list)?)
    } else if let Some(inner) = fields.remove("not") {
        Filter::Not(Box::new(filter(inner, depth + 1, left)?))
    } else {
        comparison(&mut fields)?
    };
    match fields.keys().next() {
        Some(left) => Err(wrong(&format!(
            "a condition has no `{left}` beside what it has"
        ))),
        None => Ok(read),
    }
}

/// What a condition does with an attribute.
fn comparison(fields: &mut Map<String, Value>) -> Result<Filter, Problem> {
    let wrong = |detail: &str| Problem::wrong("where", detail.to_owned());
    let Some(Value::String(name)) = fields.remove("attribute") else {
        return Err(wrong("a condition has `attribute`, `all`, `any` or `not`"));
    };
    let name: Box<str> = name.into();
    for (word, how) in [
        ("equal", Comparison::Equal),
        ("not_equal", Comparison::NotEqual),
        ("less", Comparison::Less),
        ("at_most", Comparison::AtMost),
        ("greater", Comparison::Greater),
        ("at_least", Comparison::AtLeast),
    ] {
        if let Some(value) = fields.remove(word) {
            return Ok(Filter::Compare(name, how, scalar(&value)?));
        }
    }
    if let (Some(from), Some(to)) = (fields.remove("from"), fields.remove("to")) {
        return Ok(Filter::Range(name, scalar(&from)?, scalar(&to)?));
    }
    if let Some(Value::String(prefix)) = fields.remove("prefix") {
        return Ok(Filter::HasPrefix(name, prefix.into()));
    }
    if let Some(Value::String(text)) = fields.remove("prefix_of") {
        return Ok(Filter::LongestPrefixOf(name, text.into()));
    }
    Err(wrong("a condition compares its attribute with something"))
}

fn scalar(value: &Value) -> Result<Scalar, Problem> {
    let integer = |n: &serde_json::Number| {
        n.as_i64()
            .map(i128::from)
            .or_else(|| n.as_u64().map(i128::from))
    };
    let read = match value {
        Value::Bool(value) => Some(Scalar::Bool(*value)),
        Value::Number(n) => integer(n).map(Scalar::Integer),
        Value::String(text) => Some(Scalar::Text(text.as_str().into())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    read.ok_or_else(|| Problem::wrong("where", "a value is true, false, a whole number or a text"))
}
