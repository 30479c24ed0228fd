//! Parameters of a query and fields of a body, taken one by one; what is left over is an error that names it.

use super::problem::Problem;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use strowger_node::listed::{PAGE, Part};

/// Most seconds that can be asked for; documents say so, too.
const SECONDS: u64 = 2_000_000_000;

/// The parameters of a query.
#[derive(Debug, Default)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// Those of a query, or of a form.
    pub(crate) fn read(query: &str) -> Result<Self, Problem> {
        let mut params = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if params.insert(name.clone(), value).is_some() {
                return Err(Problem::wrong(&name, format!("`{name}` is given twice")));
            }
        }
        Ok(Self(params))
    }

    /// A parameter, if it is given.
    pub(crate) fn take<T>(&mut self, name: &'static str) -> Result<Option<T>, Problem>
    where
        T: FromStr<Err: Display>,
    {
        let given = self.0.remove(name);
        let read = given.map(|value| {
            let wrong = |error| Problem::wrong(name, format!("`{name}`: {error}"));
            value.parse().map_err(wrong)
        });
        read.transpose()
    }

    /// A time in seconds.
    pub(crate) fn seconds(&mut self, name: &'static str) -> Result<Option<u64>, Problem> {
        let seconds = self.take::<u64>(name)?;
        if seconds.is_some_and(|seconds| seconds > SECONDS) {
            return Err(Problem::wrong(name, format!("`{name}` is 0 to {SECONDS}")));
        }
        Ok(seconds)
    }

    /// Which part of a list is asked for.
    pub(crate) fn part(&mut self) -> Result<Part, Problem> {
        let limit = self.take::<u32>("limit")?;
        if limit.is_some_and(|limit| limit == 0 || limit > PAGE) {
            return Err(Problem::wrong("limit", format!("`limit` is 1 to {PAGE}")));
        }
        let after = self.take("after")?;
        Ok(Part { after, limit })
    }

    /// Nothing else is given.
    pub(crate) fn end(self) -> Result<(), Problem> {
        left(self.0.into_keys().next(), "parameter")
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::read(parts.uri.query().unwrap_or_default())
    }
}

/// The parts of a path that are a request's to choose.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        // Only what is not UTF-8 is refused.
        let refused =
            |_| Problem::unreadable(StatusCode::BAD_REQUEST, "the path is not UTF-8 text");
        path.map(|path| Self(path.0)).map_err(refused)
    }
}

/// The fields of a body, which is a JSON object.
#[derive(Debug)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        let unreadable = |detail| Problem::unreadable(StatusCode::BAD_REQUEST, detail);
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(unreadable("the body is not a JSON object".to_owned())),
            Err(error) => Err(unreadable(format!("the body is not JSON: {error}"))),
        }
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<String, Problem> {
        let value = self.0.remove(name);
        let value = value.ok_or_else(|| Problem::wrong(name, format!("`{name}` is missing")))?;
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| Problem::wrong(name, format!("`{name}` is a text")))
    }

    /// A list of texts; none where it is not given.
    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Vec<String>, Problem> {
        let wrong = || Problem::wrong(name, format!("`{name}` is a list of texts"));
        let Value::Array(list) = self
            .0
            .remove(name)
            .unwrap_or_else(|| Value::Array(Vec::new()))
        else {
            return Err(wrong());
        };
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(wrong);
        list.iter().map(text).collect()
    }

    /// A field of any kind, if it is given.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.0.remove(name)
    }

    /// A list of objects; none where it is not given.
    pub(crate) fn objects(
        &mut self,
        name: &'static str,
    ) -> Result<Vec<Map<String, Value>>, Problem> {
        let wrong = || Problem::wrong(name, format!("`{name}` is a list of objects"));
        let object = |value| match value {
            Value::Object(fields) => Ok(fields),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(wrong()),
        };
        match self.0.remove(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => list.into_iter().map(object).collect(),
            Some(_) => Err(wrong()),
        }
    }

    /// All fields, for whoever knows what they are.
    pub(crate) fn all(self) -> Map<String, Value> {
        self.0
    }

    /// Yes or no; no where it is not given.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool, Problem> {
        let flag = self.0.remove(name).unwrap_or(Value::Bool(false));
        let wrong = || Problem::wrong(name, format!("`{name}` is true or false"));
        flag.as_bool().ok_or_else(wrong)
    }

    /// A number, if it is given.
    pub(crate) fn number(&mut self, name: &'static str) -> Result<Option<f64>, Problem> {
        let wrong = || Problem::wrong(name, format!("`{name}` is a number"));
        let value = self.0.remove(name);
        value
            .map(|value| value.as_f64().ok_or_else(wrong))
            .transpose()
    }

    /// Nothing else is given.
    pub(crate) fn end(self) -> Result<(), Problem> {
        left(self.0.into_iter().next().map(|(name, _)| name), "field")
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let detail = "the body is not of the type application/json";
            return Err(Problem::unreadable(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                detail,
            ));
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|rejection: BytesRejection| {
            Problem::unreadable(rejection.status(), rejection.body_text())
        })?;
        Self::read(&body)
    }
}

fn left(name: Option<String>, what: &str) -> Result<(), Problem> {
    match name {
        Some(name) => Err(Problem::wrong(
            &name,
            format!("there is no {what} `{name}`"),
        )),
        None => Ok(()),
    }
}

fn decode(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    let decoded = decoded.map(std::borrow::Cow::into_owned);
    decoded.map_err(|_| Problem::unreadable(StatusCode::BAD_REQUEST, "the query is not UTF-8 text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blamed(problem: Problem) -> Value {
        serde_json::to_value(problem).unwrap()["field"].clone()
    }

    #[test]
    fn a_query_names_what_is_wrong_in_it() {
        let mut params = Params::read("limit=5&after=a00-1-1&type=two+words%21").unwrap();
        let part = params.part().unwrap();
        assert_eq!(
            (part.limit, part.after.as_deref()),
            (Some(5), Some("a00-1-1"))
        );
        assert_eq!(
            params.take::<String>("type").unwrap().as_deref(),
            Some("two words!")
        );
        params.end().unwrap();
        for wrong in ["limit=0", "limit=1001", "limit=-1", "limit=x", "limit="] {
            assert_eq!(
                blamed(Params::read(wrong).unwrap().part().unwrap_err()),
                "limit",
                "{wrong}"
            );
        }
        assert_eq!(blamed(Params::read("a=1&a=2").unwrap_err()), "a");
        assert_eq!(
            blamed(Params::read("min_ago=3").unwrap().end().unwrap_err()),
            "min_ago"
        );
        assert!(Params::read("a=%ff").is_err());
    }

    #[test]
    fn a_body_names_what_is_wrong_in_it() {
        let mut fields = Fields::read(br#"{"level":"debug","old":["a"]}"#).unwrap();
        assert_eq!(fields.text("level").unwrap(), "debug");
        assert_eq!(fields.texts("old").unwrap(), ["a"]);
        assert!(fields.texts("new").unwrap().is_empty());
        fields.end().unwrap();
        let fields = || Fields::read(br#"{"level":1,"old":[1],"other":null}"#).unwrap();
        assert_eq!(blamed(fields().text("level").unwrap_err()), "level");
        assert_eq!(blamed(fields().text("none").unwrap_err()), "none");
        assert_eq!(blamed(fields().texts("old").unwrap_err()), "old");
        let mut rest = fields();
        rest.0.retain(|name, _| name == "other");
        assert_eq!(blamed(rest.end().unwrap_err()), "other");
        for wrong in [&b""[..], b"[]", b"{", b"\xff"] {
            assert!(Fields::read(wrong).is_err());
        }
    }
}
