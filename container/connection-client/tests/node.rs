//! A program fires events in a node that runs, over its sockets.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;
use strowger::prelude::*;
use strowger_config::{Loaded, Sources};
use strowger_connection::{Connection, Outside};
use strowger_connection_client::{Client, Error as Unasked};
use strowger_node::{Catalog, Node, Running};

/// A number is added to a handle's, which is the answer.
#[derive(Clone, Debug, Event)]
struct Add(u32);

/// Nobody answers it.
#[derive(Clone, Debug, Event)]
struct Note(String);

/// A handle's, or an address's.
#[derive(Debug, Default, State)]
struct Sum(u32);

#[sbb(name = "sum", vendor = "test", version = "1.0")]
impl Sum {
    #[on(initial(address))]
    fn add(
        &mut self,
        cx: &mut Cx,
        ev: &Add,
        Aci(_): Aci<Outside>,
        outside: Ra<Connection>,
    ) -> Result {
        self.0 += ev.0;
        outside.answer(cx, &self.0)
    }

    #[on]
    fn note(&mut self, _: &mut Cx, ev: &Note) -> Result {
        match ev.0.is_empty() {
            true => Err(Error::msg("nothing is noted")),
            false => Ok(()),
        }
    }
}

const CONFIG: &str = r#"
[store]
segment_bytes = "1MiB"
reserve = "64KiB"
low_water = "64KiB"
[adaptors.connection]
[adaptors.http.settings.listeners.http]
bind = "127.0.0.1:0"
[services.sum]
[services.connection-port.settings.tokens]
test = "secret"
"#;

fn catalog() -> Catalog {
    Catalog::default()
        .adaptor(strowger_connection::adaptor::<(Add, Note)>())
        .adaptor(strowger_http::adaptor())
        .driver(strowger_http_driver::driver())
        .service(strowger_connection_port::service())
        .service(ServiceDef::of::<Sum>())
}

fn load(dir: &Path) -> Loaded {
    let file = dir.join("test.toml");
    std::fs::write(&file, CONFIG).unwrap();
    let data = format!("node.data_dir={}", dir.join("data").display());
    let sources = Sources::default().file(file).flag(data);
    match strowger_config::load(&sources, &catalog().components()) {
        Ok(loaded) => loaded,
        Err(rejected) => panic!("{:#?}", rejected.findings),
    }
}

fn start(dir: &Path) -> Running {
    let config = load(dir).config;
    let node = Node::builder().catalog(catalog()).config(config);
    node.start().unwrap()
}

fn client(node: &Running, token: &str) -> Client {
    let listeners = &node.ready().listeners;
    let http = listeners.iter().find(|at| at.listener == "http").unwrap();
    Client::new(&http.address, token).unwrap()
}

const WAIT: Duration = Duration::from_secs(10);

fn status<T: std::fmt::Debug>(asked: Result<T, Unasked>) -> u16 {
    match asked {
        Err(Unasked::Refused { status, .. }) => status,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn r_xc_01_a_program_fires_events_in_a_node_and_gets_answers() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path());
    let shop = client(&node, "secret");
    let ann = shop.handle("ann/ä b");
    let add = |n| ann.ask::<_, u32>(&Add(n), WAIT);
    assert_eq!((add(3).unwrap(), add(4).unwrap()), (3, 7));
    ann.fire(&Note("seen".to_owned())).unwrap();
    assert_eq!(status(ann.fire(&Note(String::new()))), 500);
    assert_eq!(
        status(shop.handle("bob").fire(&Note("new".to_owned()))),
        409
    );
    assert_eq!(status(shop.handle("").fire(&Add(1))), 400);
    assert_eq!(status(shop.handle("ann").fire(&Bare)), 404);
    assert_eq!(
        status(client(&node, "wrong").handle("ann").fire(&Add(1))),
        401
    );
    // Entities are selected by the address, whatever the handle.
    let number = Address::e164("4930123456").unwrap();
    let of = |handle: &str| shop.handle(handle).address(number.clone());
    assert_eq!(of("a").ask::<_, u32>(&Add(1), WAIT).unwrap(), 1);
    assert_eq!(of("b").ask::<_, u32>(&Add(2), WAIT).unwrap(), 3);
}

/// It is not taken from outside.
#[derive(Clone, Debug, Event)]
struct Bare;

#[test]
fn what_cannot_be_asked_says_whether_the_event_may_have_been_fired() {
    assert!(matches!(Client::new("a b", "t"), Err(Unasked::NoHeader)));
    assert!(matches!(
        Client::new("a", "t\r\nX: y"),
        Err(Unasked::NoHeader)
    ));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    let silent = Client::new(&at, "secret").unwrap();
    let silent = silent.patience(Duration::from_millis(50));
    let error = silent.handle("ann").fire(&Add(1)).unwrap_err();
    assert!(
        matches!(error, Unasked::Broken(_)) && error.is_unknown(),
        "{error:?}"
    );
    drop(taken);
    let error = silent.handle("ann").fire(&Add(1)).unwrap_err();
    assert!(
        matches!(error, Unasked::Unreachable(_)) && !error.is_unknown(),
        "{error:?}"
    );
}

/// What a client makes of an answer with that status and title.
fn told(status: u16, title: &str) -> Unasked {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    let body = format!(r#"{{"status":{status},"title":"{title}","detail":"d"}}"#);
    let length = body.len();
    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
    let port = std::thread::spawn(move || {
        let (mut stream, _) = taken.accept().unwrap();
        // All of the request, whose body ends with it.
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            let mut part = [0; 4096];
            let n = stream.read(&mut part).unwrap();
            request.extend_from_slice(&part[..n]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let error = Client::new(&at, "secret")
        .unwrap()
        .handle("ann")
        .fire(&Bare);
    port.join().unwrap();
    error.unwrap_err()
}

#[test]
fn answers_say_whether_it_is_known_what_became_of_the_event() {
    for (status, title) in [
        (400, "bad request"),
        (409, "no receiver"),
        (500, "rolled back"),
        (503, "refused"),
        (504, "no answer"),
    ] {
        let error = told(status, title);
        assert!(
            matches!(error, Unasked::Refused { .. }) && !error.is_unknown(),
            "{error:?}"
        );
    }
    let error = told(504, "pending");
    assert!(
        matches!(error, Unasked::Pending) && error.is_unknown(),
        "{error:?}"
    );
    // Of the adaptor in front of the port, and of something else in front of both.
    for title in ["Service Unavailable", "Gateway Timeout"] {
        let error = told(503, title);
        assert!(
            matches!(error, Unasked::Foreign) && error.is_unknown(),
            "{error:?}"
        );
    }
}
