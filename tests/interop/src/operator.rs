//! An operator before a node under test: what the management API is asked, and what it answers.

use crate::error::{Result, RunError, ensure, io};
use crate::node::NodeSpec;
use crate::sms::http::{Answer, Client};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;

/// Where the API of a node under test listens, at the node's own address.
const PORT: u16 = 8088;

/// An operator with a connection of its own, and a token or none.
#[derive(Debug)]
pub struct Operator {
    client: Client,
    /// What is shown with every request.
    pub token: Option<String>,
}

/// The API's address on a node at the address of `spec`.
#[must_use]
pub fn address(spec: &NodeSpec) -> SocketAddr {
    SocketAddr::new(spec.sip.ip(), PORT)
}

/// Configuration, TOML, by which it listens there.
#[must_use]
pub fn listening(spec: &NodeSpec) -> String {
    format!("[management]\nlisten = \"{}\"\n", address(spec))
}

/// The token that a node has made for itself.
///
/// # Errors
/// When it has made none.
pub fn own_token(spec: &NodeSpec) -> Result<String> {
    let file = spec.data.join("management.token");
    let token = fs::read_to_string(file).map_err(io("read the node's token"))?;
    Ok(token.trim().to_owned())
}

impl Operator {
    /// Connects, without a token.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(spec: &NodeSpec) -> Result<Self> {
        Ok(Self {
            client: Client::connect(address(spec))?,
            token: None,
        })
    }

    /// Asks, whatever is answered.
    ///
    /// # Errors
    /// When nothing is answered.
    pub fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let mut headers = String::new();
        if let Some(token) = &self.token {
            headers.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if !body.is_empty() {
            headers.push_str("Content-Type: application/json\r\n");
        }
        self.client.ask(method, path, &headers, body)
    }

    /// Asks for what must be answered with 200.
    ///
    /// # Errors
    /// When it is not.
    pub fn get(&mut self, path: &str) -> Result<Value> {
        self.done("GET", path, "")
    }

    /// Asks for what must be done.
    ///
    /// # Errors
    /// When it is not.
    pub fn done(&mut self, method: &str, path: &str, body: &str) -> Result<Value> {
        let answer = self.ask(method, path, body)?;
        ensure(answer.status == 200, || {
            format!("{method} {path}: {} {}", answer.status, answer.body)
        })?;
        json(&answer)
    }

    /// Asks for what must be refused with this status and code; gives the problem.
    ///
    /// # Errors
    /// When it is not.
    pub fn refused(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        (status, code): (u16, &str),
    ) -> Result<Value> {
        let answer = self.ask(method, path, body)?;
        let problem = json(&answer)?;
        let kind = answer.header("content-type");
        let proper = kind == Some("application/problem+json") && problem["code"] == code;
        ensure(answer.status == status && proper, || {
            format!("{method} {path}: {} {}", answer.status, answer.body)
        })?;
        Ok(problem)
    }
}

fn json(answer: &Answer) -> Result<Value> {
    let read = serde_json::from_str(&answer.body);
    read.map_err(|_| RunError::Broken(format!("not JSON: {}", answer.body).into()))
}
