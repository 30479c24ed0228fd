//! What the audit log keeps of a body: all of it where no secret can be, and the names of fields elsewhere.
//!
//! Settings of adaptors have passwords, and attributes of profiles may be whatever a service needs.
//! Invariant: of an operation that nobody has thought about no value is kept.

use serde_json::Value;

/// Bytes that are kept.
const MOST: usize = 1_024;

/// Operations whose bodies are kept whole: there is no room for a secret in them.
const WHOLE: [&str; 9] = [
    "/v1/backup",
    "/v1/links/{name}",
    "/v1/log/{source}",
    "/v1/profiles/{table}",
    "/v1/profiles/{table}/edits",
    "/v1/profiles/{table}/rename",
    "/v1/services/{name}/canary",
    "/v1/services/{name}/rollback",
    "/v1/services/replace",
];

/// Of others, the fields whose values are kept, by path and field.
const SHOWN: [(&str, &str); 5] = [
    ("/v1/adaptors/{name}", "active"),
    ("/v1/adaptors/{name}", "links"),
    ("/v1/adaptors/{name}", "type"),
    ("/v1/profiles/{table}/entries", "put.name"),
    ("/v1/profiles/{table}/entries", "remove"),
];

/// What stands for a value.
const HIDDEN: &str = "(not kept)";

/// What is kept of the body of a request for that path.
pub(super) fn kept(path: &str, body: &[u8]) -> String {
    if WHOLE.contains(&path) {
        return start(body);
    }
    match serde_json::from_slice(body) {
        Ok(mut value) => {
            hide(&mut value, path, "");
            start(value.to_string().as_bytes())
        }
        Err(_) if body.is_empty() => String::new(),
        Err(_) => format!("({} bytes that are not JSON)", body.len()),
    }
}

fn start(text: &[u8]) -> String {
    String::from_utf8_lossy(text.get(..MOST).unwrap_or(text)).into_owned()
}

fn hide(value: &mut Value, path: &str, at: &str) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let below = match at {
                    "" => name.clone(),
                    at => format!("{at}.{name}"),
                };
                hide(value, path, &below);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, path, at)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            if !SHOWN.contains(&(path, at)) {
                *value = HIDDEN.into();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, body: &str, expected: &str) {
        assert_eq!(kept(path, body.as_bytes()), expected);
    }

    #[test]
    fn no_value_that_may_be_a_secret_is_kept() {
        check(
            "/v1/adaptors/{name}",
            r#"{"type":"sms","links":["a"],"settings":{"accounts":{"ann":{"password":"x","n":1}}},"pass":"x"}"#,
            r#"{"links":["a"],"pass":"(not kept)","settings":{"accounts":{"ann":{"n":"(not kept)","password":"(not kept)"}}},"type":"sms"}"#,
        );
        // In a place where it does not belong.
        check(
            "/v1/adaptors/{name}",
            r#"{"type":{"password":"x"}}"#,
            r#"{"type":{"password":"(not kept)"}}"#,
        );
        check(
            "/v1/profiles/{table}/entries/{name}",
            r#"{"pin":"1234","zone":7}"#,
            r#"{"pin":"(not kept)","zone":"(not kept)"}"#,
        );
        check(
            "/v1/profiles/{table}/entries",
            r#"{"put":[{"name":"ann","values":{"name":"x","pin":"1"}}],"remove":["bob"]}"#,
            r#"{"put":[{"name":"ann","values":{"name":"(not kept)","pin":"(not kept)"}}],"remove":["bob"]}"#,
        );
        check(
            "/v1/profiles/{table}/edits/{id}",
            r#"{"pin":"1234"}"#,
            r#"{"pin":"(not kept)"}"#,
        );
        check("/v1/new", r#"["x"]"#, r#"["(not kept)"]"#);
        check("/v1/new", r#"{"pin":"#, "(7 bytes that are not JSON)");
        check("/console/new", "pin=1234", "(8 bytes that are not JSON)");
        check("/v1/new", "", "");
    }

    #[test]
    fn what_has_no_secrets_is_kept_as_it_came_up_to_a_length() {
        check("/v1/log/{source}", "{\"level\": 3", "{\"level\": 3");
        let long = "x".repeat(2 * MOST);
        assert_eq!(
            kept("/v1/log/{source}", long.as_bytes()),
            &long[..MOST],
            "a body of {} bytes",
            long.len()
        );
    }
}
