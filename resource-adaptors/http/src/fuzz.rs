//! Body of the fuzz target `http_values`: any bytes in, a panic if what reads a request's values breaks a promise. Heads and
//! chunks of HTTP itself are hyper's.
//!
//! It lives here so that the ordinary tests replay the corpus with the very same code. Not part of the interface.

use crate::{Method, Params, Request};
use bytes::Bytes;

/// The bytes as a form, and as target, Authorization and content of a request; a newline ends each of the first two.
pub fn http_values(data: &[u8]) {
    let params = Params::parse(data);
    assert!(params.iter().count() <= data.len() + 1, "made of nothing");
    for (name, _) in params.iter() {
        assert!(params.contains(name) && params.get_all(name).next() == params.get(name));
    }
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (target, authorization, body) = (part(), part(), part());
    // A character of a header field is a byte of it.
    let latin = |bytes: &[u8]| -> String { bytes.iter().map(|byte| char::from(*byte)).collect() };
    let target = latin(target);
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    for kind in ["application/json", "application/x-www-form-urlencoded"] {
        let request = Request {
            method: Method::Post,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: [
                ("Authorization", &*latin(authorization)),
                ("Content-Type", kind),
            ]
            .into_iter()
            .collect(),
            body: Bytes::copy_from_slice(body),
            peer: ([192, 0, 2, 1], 1).into(),
            listener: "http".to_owned(),
            secure: false,
            certificate: None,
        };
        assert!(request.segments().len() <= request.path.len() + 1);
        let _ = (request.params(), request.text().is_ok());
        let _ = (
            request.form().is_ok(),
            request.json::<serde_json::Value>().is_ok(),
        );
        if let Some((user, _)) = request.basic_auth() {
            assert!(!user.contains(':'), "a user has no colon (RFC 7617 2)");
        }
        let _ = request.bearer();
    }
}
