//! Scripted clients.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::OtherSide;
use crate::api::{Headers, Method, Reply, Request};
use crate::driver::Up;

/// Somebody who sends requests.
#[derive(Clone, Debug)]
pub struct Client {
    side: OtherSide,
    peer: SocketAddr,
    headers: Headers,
    listener: String,
    secure: bool,
    certificate: Option<String>,
}

impl Client {
    pub(super) fn new(side: OtherSide, name: &str) -> Self {
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        let [_, a, b, c] = hash.to_be_bytes();
        Self {
            side,
            peer: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, a, b, c)), 50_000),
            headers: Headers::default(),
            listener: "http".to_owned(),
            secure: false,
            certificate: None,
        }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.peer
    }

    /// With a header field in each request.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(name, value);
        self
    }

    /// With user and password in each request (RFC 7617).
    #[must_use]
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        use base64::Engine as _;
        let coded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {coded}"))
    }

    /// With a token in each request (RFC 6750).
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// By another listener than `http`.
    #[must_use]
    pub fn listener(mut self, name: &str) -> Self {
        self.listener = name.to_owned();
        self
    }

    /// Over TLS, with a certificate for that name if one is given.
    #[must_use]
    pub fn secure(mut self, certificate: Option<&str>) -> Self {
        self.secure = true;
        self.certificate = certificate.map(str::to_owned);
        self
    }

    /// Sends a GET to a path, which may have a query.
    pub fn get(&self, path: &str) -> Asked {
        self.send(Method::Get, path, None, Bytes::new())
    }

    /// Sends a DELETE.
    pub fn delete(&self, path: &str) -> Asked {
        self.send(Method::Delete, path, None, Bytes::new())
    }

    /// Sends a POST with content.
    pub fn post(&self, path: &str, media_type: &str, body: impl Into<Bytes>) -> Asked {
        self.send(Method::Post, path, Some(media_type), body)
    }

    /// Sends a POST with JSON.
    ///
    /// # Panics
    /// The value is none of JSON.
    pub fn post_json<T: Serialize>(&self, path: &str, value: &T) -> Asked {
        match serde_json::to_vec(value) {
            Ok(body) => self.post(path, "application/json", body),
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends a POST with a form.
    pub fn post_form(&self, path: &str, pairs: &[(&str, &str)]) -> Asked {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs);
        self.post(path, "application/x-www-form-urlencoded", form.finish())
    }

    /// Sends any request.
    pub fn send(
        &self,
        method: Method,
        path: &str,
        media_type: Option<&str>,
        body: impl Into<Bytes>,
    ) -> Asked {
        let mut headers = self.headers.clone();
        if let Some(media_type) = media_type {
            headers.set("content-type", media_type);
        }
        headers.set("host", "node.example");
        let note = format!("{method} {path}");
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.into(),
            peer: self.peer,
            listener: self.listener.clone(),
            secure: self.secure,
            certificate: self.certificate.clone(),
        };
        let token = self.ask(&note, request);
        Asked {
            side: self.side.clone(),
            token,
        }
    }

    fn ask(&self, note: &str, request: Request) -> u64 {
        let token = {
            let mut state = self.side.state.borrow_mut();
            state.token += 1;
            let token = state.token;
            state.asked.insert(token);
            token
        };
        let request = Box::new(request);
        self.side.say(note, Up::Request { token, request });
        token
    }
}

/// A request that was sent.
#[derive(Debug)]
pub struct Asked {
    side: OtherSide,
    token: u64,
}

impl Asked {
    /// Its answer, when it has come.
    ///
    /// # Panics
    /// None comes.
    #[track_caller]
    pub fn expect_answer(&self) -> Reply {
        let token = self.token;
        self.side.wait(&|state| state.answered.contains_key(&token));
        let answer = self.side.state.borrow_mut().answered.remove(&token);
        match answer {
            Some(answer) => answer,
            None => self.side.fail("no answer to a request of HTTP has come"),
        }
    }

    /// Its answer, which must have that status.
    ///
    /// # Panics
    /// None comes, or another.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Reply {
        let answer = self.expect_answer();
        if answer.status() != status {
            let text = String::from_utf8_lossy(answer.content());
            let came = format!("{status} was expected, {} came: {text}", answer.status());
            self.side.fail(&came);
        }
        answer
    }

    /// Its answer, which must have that status and be JSON.
    ///
    /// # Panics
    /// None comes, or another.
    #[track_caller]
    pub fn expect_json<T: DeserializeOwned>(&self, status: u16) -> T {
        let answer = self.expect(status);
        match serde_json::from_slice(answer.content()) {
            Ok(value) => value,
            Err(error) => {
                let text = String::from_utf8_lossy(answer.content());
                self.side.fail(&format!(
                    "the answer is not the JSON expected: {error}\n{text}"
                ))
            }
        }
    }

    /// There is no answer at this moment.
    ///
    /// # Panics
    /// There is one.
    #[track_caller]
    pub fn expect_none(&self) {
        let side = self.side.clone().patience(std::time::Duration::ZERO);
        if side.wait(&|state| state.answered.contains_key(&self.token)) {
            self.side.fail("an answer has come where none was expected");
        }
    }

    /// Whether the connection was lost: the node has died before it answered.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.side.state.borrow().lost.contains(&self.token)
    }

    /// The client goes without waiting for its answer.
    pub fn leave(self) {
        let open = self.side.state.borrow_mut().asked.remove(&self.token);
        if open {
            let token = self.token;
            self.side.say("the client goes", Up::Gone { token });
        }
    }
}
