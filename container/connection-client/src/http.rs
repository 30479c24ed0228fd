//! One request of HTTP/1.1 over a connection of its own (RFC 9112): what a port understands, and no more of HTTP than that.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::Error;

/// A POST of JSON.
pub(crate) struct Exchange<'a> {
    /// The parts of the path.
    pub(crate) path: &'a [&'a str],
    pub(crate) body: String,
}

/// An answer.
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Bytes of an answer at most.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

impl Exchange<'_> {
    pub(crate) fn carry_out(
        &self,
        host: &str,
        token: &str,
        within: Duration,
    ) -> Result<Said, Error> {
        let end = Instant::now().checked_add(within);
        let mut stream = connect(host, end).map_err(Error::Unreachable)?;
        let path = self.path.iter();
        let path = path.map(|part| format!("/{}", utf8_percent_encode(part, NON_ALPHANUMERIC)));
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{}",
            path.collect::<String>(),
            self.body.len(),
            self.body
        );
        stream.write_all(head.as_bytes()).map_err(Error::Broken)?;
        let answer = read(&mut stream, end).map_err(Error::Broken)?;
        parse(&answer).ok_or(Error::Foreign)
    }
}

fn left(end: Option<Instant>) -> io::Result<Option<Duration>> {
    let Some(end) = end else { return Ok(None) };
    match end.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
        left => Ok(Some(left)),
    }
}

fn connect(host: &str, end: Option<Instant>) -> io::Result<TcpStream> {
    let mut failed = io::Error::from(io::ErrorKind::NotFound);
    for address in host.to_socket_addrs()? {
        let connected = match left(end)? {
            Some(left) => TcpStream::connect_timeout(&address, left),
            None => TcpStream::connect(address),
        };
        match connected {
            Ok(stream) => {
                stream.set_write_timeout(left(end)?)?;
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Everything up to the end of the connection.
fn read(stream: &mut TcpStream, end: Option<Instant>) -> io::Result<Vec<u8>> {
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    loop {
        stream.set_read_timeout(left(end)?)?;
        let bytes = match stream.read(&mut part) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if bytes == 0 {
            return Ok(answer);
        }
        answer.extend_from_slice(part.get(..bytes).unwrap_or_default());
        if answer.len() > ANSWER_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
    }
}

/// An answer with its length: a port sends no other (RFC 9112 6.3).
fn parse(answer: &[u8]) -> Option<Said> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let mut lines = head.split("\r\n");
    let status: u16 = lines
        .next()?
        .strip_prefix("HTTP/1.1 ")?
        .get(..3)?
        .parse()
        .ok()?;
    let fields = lines.filter_map(|line| line.split_once(':'));
    let mut lengths = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = match lengths.next() {
        Some((_, length)) => length.trim().parse().ok()?,
        None if status == 204 => 0,
        None => return None,
    };
    let start = end.checked_add(4)?;
    let body = answer.get(start..start.checked_add(length)?)?;
    let body = body.to_vec();
    Some(Said { status, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_or_none() {
        let said = parse(b"HTTP/1.1 200 OK\r\ncontent-Length: 2\r\n\r\n17").unwrap();
        assert_eq!((said.status, &*said.body), (200, &b"17"[..]));
        assert_eq!(
            parse(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().status,
            204
        );
        for torn in [
            &b""[..],
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n17",
            b"HTTP/1.1 200 OK\r\n\r\n17",
            b"HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n17",
            b"HTTP/1.1 \xff\xff\xff OK\r\ncontent-length: 0\r\n\r\n",
            b"SMTP 220\r\n\r\n",
        ] {
            assert!(parse(torn).is_none(), "{torn:?}");
        }
    }
}
