//! Conditions of queries, as JSON has them.

use super::super::problem::Problem;
use serde_json::{Map, Value};
use strowger::profile::{Comparison, Filter, Scalar};

/// Conditions within conditions.
const DEPTH: usize = 32;
/// Conditions in one query: each is asked of every profile that is looked at.
const CONDITIONS: usize = 64;

/// Reads a condition; without one, every profile is meant.
pub(in crate::api) fn filter(condition: Option<Value>) -> Result<Filter, Problem> {
    let mut left = CONDITIONS;
    condition.map_or(Ok(Filter::All), |condition| nested(condition, 0, &mut left))
}

fn nested(condition: Value, depth: usize, left: &mut usize) -> Result<Filter, Problem> {
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
            let each = list.into_iter().map(|c| nested(c, depth + 1, left));
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
        Filter::Not(Box::new(nested(inner, depth + 1, left)?))
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
