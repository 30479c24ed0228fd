//! Messages over TCP that arrive in two pieces, cut at every byte there is: each is answered as if it had come whole.

use super::{expect_empty, spec};
use crate::error::{Result, RunError, ensure, io};
use crate::node::Node;
use crate::peer::Message;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// An OPTIONS with a body, and after it a MESSAGE on the same connection, cut at every byte of both.
///
/// # Errors
/// What did not hold.
pub fn at_every_byte(host: u8, dir: &Path) -> Result<String> {
    let spec = spec(host, dir, "pieces");
    let node = Node::start(&spec)?;
    let length = both(0, spec.sip).len();
    for at in 1..length {
        let text = both(at, spec.sip);
        let (first, second) = text.split_at(at);
        let mut stream = TcpStream::connect(spec.sip).map_err(io("open a connection"))?;
        stream
            .set_nodelay(true)
            .and_then(|()| stream.set_read_timeout(Some(PATIENCE)))
            .map_err(io("set up a connection"))?;
        for piece in [first, second] {
            stream
                .write_all(piece.as_bytes())
                .map_err(io("send a piece"))?;
            // Gives the node a chance to read the first one by itself. Whether it does, the answers are the same.
            std::thread::yield_now();
        }
        for method in ["OPTIONS", "MESSAGE"] {
            let answer = next(&mut stream)?;
            ensure(
                answer.status() == Some(200) && answer.method() == method,
                || format!("cut at {at}: {method} was answered {}", answer.start),
            )?;
        }
    }
    expect_empty(&node, Duration::from_secs(60))?;
    Ok(format!("2 messages cut at each of {length} bytes"))
}

fn both(n: usize, node: SocketAddr) -> String {
    let one = |method: &str, body: &str| {
        format!(
            "{method} sip:service@{node} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5070;branch=z9hG4bKpiece{n}{method}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:t@127.0.0.1>;tag=t{n}\r\nTo: <sip:service@{node}>\r\nCall-ID: piece-{n}-{method}\r\n\
             CSeq: 1 {method}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    // The body looks like the end of a message and the beginning of one.
    one("OPTIONS", "\r\n\r\nBYE sip:x SIP/2.0\r\n\r\n") + &one("MESSAGE", "hello")
}

/// The next whole response. Those of the node to these have no body.
fn next(stream: &mut TcpStream) -> Result<Message> {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        stream
            .read_exact(&mut byte)
            .map_err(io("wait for an answer"))?;
        text.push(byte[0]);
    }
    Message::parse(&String::from_utf8_lossy(&text))
        .ok_or_else(|| RunError::Broken("an answer that is no message".into()))
}
