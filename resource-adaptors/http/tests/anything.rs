//! What peers and services write, whatever it is, is read or refused: never a panic.

use proptest::prelude::*;
use std::net::SocketAddr;
use strowger_http::ra::SlotFrom;
use strowger_http::{Headers, Method, Outgoing, Params, Reply, Request};

fn request(path: String, query: String, field: &str, body: Vec<u8>) -> Request {
    let fields = [
        ("authorization", field),
        ("content-type", field),
        ("x", field),
    ];
    Request {
        method: Method::named(field),
        path,
        query,
        headers: fields.into_iter().collect::<Headers>(),
        body: body.into(),
        peer: SocketAddr::from(([192, 0, 2, 1], 1)),
        listener: "http".to_owned(),
        secure: false,
        certificate: None,
    }
}

proptest! {
    #[test]
    fn a_request_is_read_whatever_it_holds(
        path in "(/|%|[a-z]|.){0,40}",
        query in "(%|=|&|\\+|[a-z0-9]|.){0,60}",
        field in "(Basic |Bearer |application/json|application/x-www-form-urlencoded)?.{0,40}",
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let request = request(path.clone(), query, &field, body);
        let parts = request.segments();
        prop_assert!(parts.len() <= path.matches('/').count() + 1);
        for (name, value) in request.params().iter() {
            prop_assert!(request.params().get_all(name).any(|known| known == value));
        }
        drop((request.basic_auth(), request.bearer().map(str::len)));
        drop((request.json::<serde_json::Value>(), request.form(), request.text().map(str::len)));
        // What comes is kept for its service, over a restart too.
        let bytes = strowger::postcard::to_allocvec(&request).unwrap();
        prop_assert_eq!(strowger::postcard::from_bytes::<Request>(&bytes).unwrap(), request);
    }

    #[test]
    fn what_is_to_be_sent_is_good_or_refused(
        url in "(https?://)?(\\[[0-9a-f:]{0,20}\\]|[a-z0-9.%@:-]{0,20}|.{0,10})(:[0-9]{0,6})?(/.{0,20})?",
        name in ".{0,12}",
        value in ".{0,20}",
    ) {
        let outgoing = Outgoing::get(&url).header(&name, &value).body("text/plain", value.clone());
        if outgoing.is_good().is_ok() {
            // No line of a message ends where it was not meant to.
            prop_assert!(!value.contains(['\r', '\n', '\0']) && !name.contains([' ', ':', '\r', '\n']));
        }
        drop(Reply::text(200, value).header(&name, &url));
    }

    #[test]
    fn forms_and_places_are_read(text in ".{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        drop(text.parse::<SlotFrom>());
        let params = Params::parse(&bytes);
        prop_assert!(params.iter().count() <= bytes.len() + 1);
    }
}
