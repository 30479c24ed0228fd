//! One connection to or from a node, over TCP or TLS, driven by hand: a peer of ours that does what a test wants.

use super::raw::{self, CREDIT, Raw, Seen, avp, code, command, number};
use crate::error::{Result, RunError, ensure, io};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long any answer may take.
pub const SOON: Duration = Duration::from_secs(10);

/// Whoever is at our end.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Origin-Host.
    pub host: String,
    /// Origin-Realm.
    pub realm: String,
    /// Auth-Application-Ids of our CER and CEA.
    pub applications: Vec<u32>,
}

impl Identity {
    /// One who does credit control.
    #[must_use]
    pub fn new(host: &str, realm: &str) -> Self {
        Self {
            host: host.to_owned(),
            realm: realm.to_owned(),
            applications: vec![CREDIT],
        }
    }

    /// Origin-Host and Origin-Realm.
    #[must_use]
    pub fn origin(&self) -> Vec<u8> {
        [
            avp(code::ORIGIN_HOST, self.host.as_bytes()),
            avp(code::ORIGIN_REALM, self.realm.as_bytes()),
        ]
        .concat()
    }

    /// What a CER and a CEA say of us.
    #[must_use]
    pub fn capabilities(&self) -> Vec<u8> {
        let mut avps = self.origin();
        avps.extend(avp(code::HOST_IP_ADDRESS, &[0, 1, 127, 0, 0, 1]));
        avps.extend(number(code::VENDOR_ID, 0));
        avps.extend(raw::flagged(code::PRODUCT_NAME, 0, b"by hand"));
        for application in &self.applications {
            avps.extend(number(code::AUTH_APPLICATION_ID, *application));
        }
        avps
    }
}

enum Stream {
    Clear(TcpStream),
    Client(Box<StreamOwned<ClientConnection, TcpStream>>),
    Server(Box<StreamOwned<ServerConnection, TcpStream>>),
}

/// See the module.
pub struct Link {
    stream: Stream,
    buffer: Vec<u8>,
    /// Who we are.
    pub identity: Identity,
    next: u32,
}

/// What came, or did not.
#[derive(Debug)]
pub enum Came {
    /// A message, other than a watchdog's.
    Message(Seen),
    /// The other end has closed.
    Closed,
    /// Neither, in the time.
    Nothing,
}

impl Link {
    /// Connects, from `from` if it is given.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(to: SocketAddr, from: Option<Ipv4Addr>, identity: Identity) -> Result<Self> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.map_err(io("make a socket"))?;
        if let Some(from) = from {
            let from = SocketAddr::new(IpAddr::V4(from), 0);
            socket.bind(&from.into()).map_err(io("bind a socket"))?;
        }
        socket
            .connect_timeout(&to.into(), SOON)
            .map_err(io("connect to the node"))?;
        Self::over(socket.into(), identity)
    }

    /// Takes a connection that was accepted.
    ///
    /// # Errors
    /// When its options cannot be set.
    pub fn over(stream: TcpStream, identity: Identity) -> Result<Self> {
        stream.set_nodelay(true).map_err(io("set TCP_NODELAY"))?;
        Ok(Self {
            stream: Stream::Clear(stream),
            buffer: Vec::new(),
            // Seeded by the clock: the same identity may come back within the duplicate window.
            next: std::time::SystemTime::UNIX_EPOCH
                .elapsed()
                .map_or(1, |d| d.subsec_nanos() ^ (d.as_secs() << 12) as u32),
            identity,
        })
    }

    /// Goes on in TLS, as the client, towards a node with this name in its certificate.
    ///
    /// # Errors
    /// When the name is none, or the handshake fails.
    pub fn secure(self, config: Arc<ClientConfig>, name: &str) -> Result<Self> {
        let Stream::Clear(stream) = self.stream else {
            return Err(RunError::Broken("already in TLS".into()));
        };
        let broken = |why: &dyn std::fmt::Display| RunError::Broken(why.to_string().into());
        let name = ServerName::try_from(name.to_owned()).map_err(|why| broken(&why))?;
        let tls = ClientConnection::new(config, name).map_err(|why| broken(&why))?;
        let stream = Stream::Client(Box::new(StreamOwned::new(tls, stream)));
        Ok(Self { stream, ..self })
    }

    /// Goes on in TLS, as the server.
    ///
    /// # Errors
    /// When the configuration does not fit.
    pub fn secured(self, config: Arc<ServerConfig>) -> Result<Self> {
        let Stream::Clear(stream) = self.stream else {
            return Err(RunError::Broken("already in TLS".into()));
        };
        let tls = ServerConnection::new(config)
            .map_err(|why| RunError::Broken(why.to_string().into()))?;
        let stream = Stream::Server(Box::new(StreamOwned::new(tls, stream)));
        Ok(Self { stream, ..self })
    }

    /// Sends a CER; the CEA must say 2001.
    ///
    /// # Errors
    /// When it does not.
    pub fn greet(&mut self) -> Result<Seen> {
        let answer = self.ask_capabilities()?;
        ensure(answer.result_code() == 2001, || {
            format!("the CEA: {answer:?}")
        })?;
        Ok(answer)
    }

    /// Sends a CER; answers with the CEA, whatever it says.
    ///
    /// # Errors
    /// When there is none.
    pub fn ask_capabilities(&mut self) -> Result<Seen> {
        let avps = self.identity.capabilities();
        self.ask(&Raw::request(command::CAPABILITIES_EXCHANGE, 0).with(&avps))
    }

    /// Waits for a CER and answers it with 2001.
    ///
    /// # Errors
    /// When none comes.
    pub fn welcome(&mut self) -> Result<Seen> {
        let request = self.expect("a CER")?;
        let cer = request.is_request() && request.command() == command::CAPABILITIES_EXCHANGE;
        ensure(cer, || format!("not a CER: {request:?}"))?;
        let capabilities = self.identity.capabilities();
        let answer = Raw::answer(&request).with(&number(code::RESULT_CODE, 2001));
        self.send(&answer.with(&capabilities).bytes())?;
        Ok(request)
    }

    /// Sends bytes, whatever they are.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn send(&mut self, bytes: &[u8]) -> Result {
        let sent = match &mut self.stream {
            Stream::Clear(stream) => stream.write_all(bytes),
            Stream::Client(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Stream::Server(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        };
        sent.map_err(io("send to the node"))
    }

    /// A request with identifiers of ours where it has none.
    pub fn numbered(&mut self, raw: &Raw) -> Raw {
        let mut raw = raw.clone();
        self.next = self.next.wrapping_add(1).max(1);
        if raw.hop_by_hop == 0 {
            raw.hop_by_hop = self.next;
        }
        if raw.end_to_end == 0 {
            raw.end_to_end = self.next;
        }
        raw
    }

    /// Sends a request and waits for its answer; requests that come meanwhile are an error.
    ///
    /// # Errors
    /// When none comes.
    pub fn ask(&mut self, raw: &Raw) -> Result<Seen> {
        let raw = self.numbered(raw);
        self.send(&raw.bytes())?;
        let seen = self.expect("an answer")?;
        let fits = !seen.is_request() && seen.hop_by_hop() == raw.hop_by_hop;
        ensure(fits && seen.end_to_end() == raw.end_to_end, || {
            format!("not the answer to command {}: {seen:?}", raw.command)
        })?;
        Ok(seen)
    }

    /// The next message, which must come.
    ///
    /// # Errors
    /// When it does not.
    pub fn expect(&mut self, what: &str) -> Result<Seen> {
        match self.receive(SOON)? {
            Came::Message(seen) => Ok(seen),
            came @ (Came::Closed | Came::Nothing) => Err(RunError::Broken(
                format!("no message where {what} should be: {came:?}").into(),
            )),
        }
    }

    /// The other end must close, and say nothing more.
    ///
    /// # Errors
    /// When it does not.
    pub fn expect_close(&mut self) -> Result {
        match self.receive(SOON)? {
            Came::Closed => Ok(()),
            came @ (Came::Message(_) | Came::Nothing) => {
                Err(RunError::Broken(format!("not closed: {came:?}").into()))
            }
        }
    }

    /// Waits for the next message; answers watchdogs on the way.
    ///
    /// # Errors
    /// When the connection cannot be written to.
    pub fn receive(&mut self, within: Duration) -> Result<Came> {
        let deadline = Instant::now() + within;
        loop {
            let came = self.receive_any(deadline.saturating_duration_since(Instant::now()));
            match came {
                Came::Message(seen)
                    if seen.is_request() && seen.command() == command::DEVICE_WATCHDOG =>
                {
                    self.answer(&seen, 2001, &[])?;
                }
                Came::Message(_) | Came::Closed | Came::Nothing => return Ok(came),
            }
        }
    }

    /// Waits for the next message of any kind, watchdogs too.
    pub fn receive_any(&mut self, within: Duration) -> Came {
        let deadline = Instant::now() + within;
        loop {
            if let Some(seen) = Seen::take(&mut self.buffer) {
                return Came::Message(seen);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Came::Nothing;
            }
            if !self.read(left) {
                return Came::Closed;
            }
        }
    }

    /// Answers a request.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn answer(&mut self, request: &Seen, result_code: u32, avps: &[u8]) -> Result {
        let session = request.find(code::SESSION_ID).map(|found| found.data);
        let session = session.map_or_else(Vec::new, |data| avp(code::SESSION_ID, data));
        let mut answer = Raw::answer(request)
            .with(&session)
            .with(&number(code::RESULT_CODE, result_code))
            .with(&self.identity.origin())
            .with(avps);
        if result_code / 1000 == 3 {
            answer.flags |= raw::ERROR;
        }
        self.send(&answer.bytes())
    }

    /// Ends as a peer should: DPR, DPA, and the connection is closed.
    ///
    /// # Errors
    /// When the DPA does not come.
    pub fn leave(mut self) -> Result {
        let avps = [self.identity.origin(), number(code::DISCONNECT_CAUSE, 0)].concat();
        let answer = self.ask(&Raw::request(command::DISCONNECT_PEER, 0).with(&avps))?;
        ensure(answer.result_code() == 2001, || {
            format!("the DPA: {answer:?}")
        })
    }

    /// The socket below.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        match &self.stream {
            Stream::Clear(stream) => stream,
            Stream::Client(stream) => stream.get_ref(),
            Stream::Server(stream) => stream.get_ref(),
        }
    }

    /// Closes without a word.
    pub fn hang_up(self) {
        // What is closed already cannot be closed again.
        let _ = self.socket().shutdown(Shutdown::Both);
    }

    /// Waits for more to read; false when there never will be: closed, with a close_notify or without, or reset.
    fn read(&mut self, at_most: Duration) -> bool {
        let timeout = at_most.max(Duration::from_millis(1));
        if self.socket().set_read_timeout(Some(timeout)).is_err() {
            return false;
        }
        let mut chunk = [0; 65_536];
        let read = match &mut self.stream {
            Stream::Clear(stream) => stream.read(&mut chunk),
            Stream::Client(stream) => stream.read(&mut chunk),
            Stream::Server(stream) => stream.read(&mut chunk),
        };
        let passing = [
            ErrorKind::WouldBlock,
            ErrorKind::TimedOut,
            ErrorKind::Interrupted,
        ];
        match read {
            Ok(n) => {
                self.buffer.extend_from_slice(&chunk[..n]);
                n > 0
            }
            Err(error) => passing.contains(&error.kind()),
        }
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "link of {}", self.identity.host)
    }
}

/// A CCR of this session: all that RFC 8506 asks for, and nothing else.
#[must_use]
pub fn credit_control(from: &Identity, session: &str, realm: &str, kind: u32, n: u32) -> Raw {
    let avps = [
        avp(code::SESSION_ID, session.as_bytes()),
        from.origin(),
        avp(code::DESTINATION_REALM, realm.as_bytes()),
        number(code::AUTH_APPLICATION_ID, CREDIT),
        avp(code::SERVICE_CONTEXT_ID, b"32260@3gpp.org"),
        number(code::CC_REQUEST_TYPE, kind),
        number(code::CC_REQUEST_NUMBER, n),
    ]
    .concat();
    Raw::request(command::CREDIT_CONTROL, CREDIT).with(&avps)
}
