//! What a running node is asked: its management API (docs/management.md), over the socket in its data directory.
//!
//! Not here: what is asked, and how answers are shown. A node whose program has no management API cannot be asked.

use crate::args;
use crate::components::components;
use crate::configuration;
use crate::failure::Failure;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use strowger_node::control::{AskError, connect};
use strowger_node::listed::KeyProblem;

/// Longest answer.
const ANSWER_BYTES: u64 = 64 * 1024 * 1024;

/// The node that serves a data directory.
#[derive(Debug)]
pub(crate) struct Api {
    dir: PathBuf,
}

/// Why something was refused.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    /// The status of the answer.
    pub(crate) status: u16,
    /// The code whose page explains it.
    pub(crate) code: String,
    /// What is wrong, in words.
    pub(crate) detail: String,
    /// Which part of what was asked is wrong.
    pub(crate) field: Option<String>,
    /// What is wrong with the node's configuration.
    pub(crate) problems: Vec<KeyProblem>,
}

impl Problem {
    /// Whether what was asked names something that is not there.
    pub(crate) const fn is_unknown(&self) -> bool {
        self.status == 404
    }
}

impl Api {
    /// The one that options name.
    pub(crate) fn of(args: &args::Asked) -> Result<Self, Failure> {
        let dir = match &args.data {
            Some(dir) => dir.clone(),
            None => {
                let loaded = configuration::load(&args.sources, &components())?;
                loaded.config.node.data_dir
            }
        };
        Ok(Self { dir })
    }

    /// The one on that directory.
    pub(crate) fn at(dir: &Path) -> Self {
        let dir = dir.to_owned();
        Self { dir }
    }

    /// What it says.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let answer = self.ask("GET", path, None)?;
        serde_json::from_slice(&answer).map_err(|error| AskError::Unreadable(error).into())
    }

    /// What it says, as it is.
    pub(crate) fn text(&self, path: &str) -> Result<Vec<u8>, Failure> {
        self.ask("GET", path, None)
    }

    /// Has it do something, and gives what it says to that.
    pub(crate) fn order(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let body = body.map(Value::to_string);
        let answer = self.ask(method, path, body.as_deref())?;
        serde_json::from_slice(&answer).map_err(|error| AskError::Unreadable(error).into())
    }

    /// Has it do what a body of JSON says.
    pub(crate) fn order_text(&self, method: &str, path: &str, body: &str) -> Result<(), Failure> {
        self.ask(method, path, Some(body)).map(drop)
    }

    /// The body of an answer that is a success.
    fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Result<Vec<u8>, Failure> {
        let mut stream = connect(&self.dir)?;
        let silent = |source| AskError::Silent {
            data_dir: self.dir.clone(),
            source,
        };
        let kind = body.map_or("", |_| "Content-Type: application/json\r\n");
        let body = body.unwrap_or_default();
        // A server of HTTP/1.0 clients sends its answer in one piece and closes the connection.
        let request = format!(
            "{method} {path} HTTP/1.0\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).map_err(silent)?;
        let mut answer = Vec::new();
        stream
            .take(ANSWER_BYTES)
            .read_to_end(&mut answer)
            .map_err(silent)?;
        let (status, body) = split(&answer).ok_or(Failure::Unexpected)?;
        if status == 200 {
            return Ok(body.to_vec());
        }
        let problem: Problem = serde_json::from_slice(body).map_err(AskError::Unreadable)?;
        Err(Failure::Problem(Box::new(problem)))
    }
}

/// Status and body of an answer that has come whole.
fn split(answer: &[u8]) -> Option<(u16, &[u8])> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let body = answer.get(end + 4..)?;
    match length {
        Some((_, length)) if length.trim().parse() != Ok(body.len()) => None,
        _ => Some((status, body)),
    }
}

/// A path of these parts, and what is asked for.
pub(crate) fn path(parts: &[&str], query: &[(&str, Option<String>)]) -> String {
    let mut path = String::from("/v1");
    for part in parts {
        path.push('/');
        path.push_str(&encoded(part));
    }
    let mut mark = '?';
    for (name, value) in query {
        if let Some(value) = value {
            path.push(mark);
            path.push_str(name);
            path.push('=');
            path.push_str(&encoded(value));
            mark = '&';
        }
    }
    path
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let byte = |byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_whatever_is_typed() {
        assert_eq!(path(&["stop"], &[]), "/v1/stop");
        assert_eq!(
            path(
                &["services", "a/b c", "activate"],
                &[
                    ("limit", None),
                    ("find", Some("+46&x".to_owned())),
                    ("after", Some("7".to_owned())),
                ],
            ),
            "/v1/services/a%2Fb%20c/activate?find=%2B46%26x&after=7"
        );
    }

    #[test]
    fn an_answer_that_has_not_come_whole_is_none() {
        let whole = b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(split(whole), Some((200, &b"{}"[..])));
        for end in 0..whole.len() {
            assert_eq!(split(&whole[..end]), None, "{end}");
        }
        assert_eq!(split(b"HTTP/1.0 404 x\r\n\r\nx"), Some((404, &b"x"[..])));
    }
}
