//! How many connections the listener has, and of whom.

use crate::client::{PATIENCE, Served, until};
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A connection from an address of this machine, on which nothing is said so far.
fn from(last: u8, served: &Served) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let source = SocketAddr::from(([127, 0, 0, last], 0));
    socket.bind(&source.into()).unwrap();
    socket.connect(&served.at("api").into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// What is answered there; nothing where the connection is closed without a word.
fn told(mut stream: TcpStream) -> String {
    let mut text = String::new();
    // One that is refused may be reset, as nobody reads what is asked on it.
    drop(
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
    );
    drop(stream.read_to_string(&mut text));
    text
}

fn is_served(stream: TcpStream) -> bool {
    told(stream).starts_with("HTTP/1.1 200")
}

#[test]
fn one_source_has_half_of_the_connections_and_the_status_has_them_all() {
    let served = Served::new("[management]\nconnections = 4\n");
    let first = [from(5, &served), from(5, &served)];
    // They are taken one after the other, so that these two are in.
    assert!(!is_served(from(5, &served)));
    let metrics = told(from(6, &served));
    let labels = "{adaptor=\"management\",listener=\"api\",transport=\"tcp\"}";
    for figure in [
        format!("strowger_listener_connections{labels} 3.0\n"),
        format!("strowger_listener_connections_limit{labels} 4.0\n"),
    ] {
        assert!(metrics.contains(&figure), "{figure} {metrics}");
    }
    // The place of who was served may be free only a little later.
    let mut others = Vec::new();
    until(|| {
        others.push(from(6, &served));
        !is_served(from(7, &served))
    });
    drop(others);
    until(|| is_served(from(7, &served)));
    drop(first);
    until(|| is_served(from(5, &served)));
}
