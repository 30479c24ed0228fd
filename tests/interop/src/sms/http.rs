//! Just enough HTTP/1.1 for the runs: one request at a time, and a sink that keeps what it is asked.

use crate::error::{Result, RunError, ensure, io};
use crate::node::pause;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Of the status line.
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    /// All of the body.
    pub body: String,
}

impl Answer {
    /// A header's value; `name` is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut named = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.trim())
    }
}

/// A connection that is used for one request after the other.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&to, SOON).map_err(io("connect to HTTP"))?;
        stream
            .set_read_timeout(Some(SOON))
            .and_then(|()| stream.set_nodelay(true))
            .map_err(io("set up a connection"))?;
        Ok(Self {
            stream: BufReader::new(stream),
            host: to.to_string(),
        })
    }

    /// GET of a path.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        self.ask("GET", path, "", "")
    }

    /// Any request; `headers` are whole lines.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Result<Answer> {
        let host = &self.host;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .map_err(io("send a request"))?;
        let head = head(&mut self.stream)?;
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| RunError::Broken(format!("not HTTP: {head}").into()))?;
        let mut body = vec![0; length(&head)];
        self.stream
            .read_exact(&mut body)
            .map_err(io("read an answer"))?;
        Ok(Answer {
            status,
            head,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

/// What a sink was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Path and query.
    pub path: String,
    /// Its body.
    pub body: String,
    /// When.
    pub at: Instant,
}

/// A server that answers every request with 200 and nothing more.
#[derive(Debug)]
pub struct Sink {
    at: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Sink {
    /// Listens at `at` until the process ends; with port 0 at one that is free.
    ///
    /// # Errors
    /// When it cannot.
    pub fn start(at: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(at).map_err(io("listen for HTTP"))?;
        let at = listener.local_addr().map_err(io("listen for HTTP"))?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let book = Arc::clone(&book);
                // One that breaks off is no business of the others.
                std::thread::spawn(move || serve(stream, &book));
            }
        });
        Ok(Self { at, asked })
    }

    /// Where it listens.
    #[must_use]
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// Waits until it was asked so many times for what `wanted` holds of; answers with those.
    ///
    /// # Errors
    /// When it was not in time.
    pub fn wait(
        &self,
        count: usize,
        within: Duration,
        wanted: impl Fn(&Asked) -> bool,
    ) -> Result<Vec<Asked>> {
        let deadline = Instant::now() + within;
        loop {
            let all = self.asked();
            let found: Vec<Asked> = all.iter().filter(|a| wanted(a)).cloned().collect();
            if found.len() >= count {
                return Ok(found);
            }
            ensure(Instant::now() < deadline, || {
                format!("{} of {count} requests came; all were {all:?}", found.len())
            })?;
            pause();
        }
    }

    /// All that it was asked.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }
}

fn serve(stream: TcpStream, book: &Mutex<Vec<Asked>>) -> Result {
    let mut stream = BufReader::new(stream);
    loop {
        let head = head(&mut stream)?;
        let mut body = vec![0; length(&head)];
        stream.read_exact(&mut body).map_err(io("read a request"))?;
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        book.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Asked {
                path,
                body: String::from_utf8_lossy(&body).into_owned(),
                at: Instant::now(),
            });
        stream
            .get_mut()
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n")
            .map_err(io("answer a request"))?;
    }
}

/// Everything up to the empty line.
fn head(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut head = String::new();
    loop {
        let read = stream.read_line(&mut head).map_err(io("read a head"))?;
        ensure(read > 0, || "the connection has ended".to_owned())?;
        if head.ends_with("\r\n\r\n") {
            return Ok(head);
        }
    }
}

fn length(head: &str) -> usize {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .find_map(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0)
}

/// A value as it stands in a query.
#[must_use]
pub fn encoded(value: &[u8]) -> String {
    value
        .iter()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(*byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// A parameter of a path's query, decoded.
#[must_use]
pub fn parameter(path: &str, name: &str) -> Option<Vec<u8>> {
    let query = path.split_once('?')?.1;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
    let bytes = value.as_bytes();
    let (mut decoded, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let hex = value
            .get(at + 1..at + 3)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_as_they_are_encoded() {
        let path = format!("/mo?from=1&text={}", encoded("a b&c=€".as_bytes()));
        assert_eq!(
            parameter(&path, "text"),
            Some("a b&c=€".as_bytes().to_vec())
        );
        assert_eq!(parameter("/mo?text=a+b%", "text"), Some(b"a b%".to_vec()));
    }
}
