//! One SMPP connection to a node, in the clear or over TLS, driven by hand: an ESME that does what a test wants.

use super::pdu::{Message, Pdu, bind, command, status};
use crate::error::{Result, RunError, ensure, io};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long any answer may take.
pub const SOON: Duration = Duration::from_secs(10);

enum Stream {
    Clear(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// See the module.
pub struct Link {
    stream: Stream,
    buffer: Vec<u8>,
    next: u32,
    /// Messages that came before a response that was waited for; they are answered.
    early: VecDeque<Message>,
}

/// What came, or did not.
#[derive(Debug)]
pub enum Came {
    /// A PDU.
    Pdu(Pdu),
    /// The other end has closed.
    Closed,
    /// Neither, in the time.
    Nothing,
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&to, SOON).map_err(io("connect to the node"))?;
        stream.set_nodelay(true).map_err(io("set TCP_NODELAY"))?;
        Ok(Self {
            stream: Stream::Clear(stream),
            buffer: Vec::new(),
            next: 0,
            early: VecDeque::new(),
        })
    }

    /// Connects over TLS to a node with this name in its certificate.
    ///
    /// # Errors
    /// When nobody listens, or the name is none.
    pub fn secure(to: SocketAddr, config: Arc<ClientConfig>, name: &str) -> Result<Self> {
        let link = Self::connect(to)?;
        let Stream::Clear(stream) = link.stream else {
            return Err(RunError::Broken("already in TLS".into()));
        };
        let broken = |why: &dyn std::fmt::Display| RunError::Broken(why.to_string().into());
        let name = ServerName::try_from(name.to_owned()).map_err(|why| broken(&why))?;
        let tls = ClientConnection::new(config, name).map_err(|why| broken(&why))?;
        Ok(Self {
            stream: Stream::Tls(Box::new(StreamOwned::new(tls, stream))),
            buffer: Vec::new(),
            next: 0,
            early: VecDeque::new(),
        })
    }

    /// Connects and binds as a transceiver of SMPP 3.4.
    ///
    /// # Errors
    /// When the bind is refused.
    pub fn transceiver(to: SocketAddr, system_id: &str, password: &str) -> Result<Self> {
        let mut link = Self::connect(to)?;
        link.bind(command::BIND_TRANSCEIVER, system_id, password)?;
        Ok(link)
    }

    /// Connects and binds as a receiver.
    ///
    /// # Errors
    /// When the bind is refused.
    pub fn receiver(to: SocketAddr, system_id: &str, password: &str) -> Result<Self> {
        let mut link = Self::connect(to)?;
        link.bind(command::BIND_RECEIVER, system_id, password)?;
        Ok(link)
    }

    /// Binds by this command; it must be taken.
    ///
    /// # Errors
    /// When it is not.
    pub fn bind(&mut self, by: u32, system_id: &str, password: &str) -> Result<Pdu> {
        let answer = self.ask(Pdu::new(by, bind(system_id, password, 0x34)))?;
        ensure(answer.status == status::ROK, || {
            format!("the bind of {system_id}: {answer:?}")
        })?;
        Ok(answer)
    }

    /// Sends bytes, whatever they are.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn send(&mut self, bytes: &[u8]) -> Result {
        let sent = match &mut self.stream {
            Stream::Clear(stream) => stream.write_all(bytes),
            Stream::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        };
        sent.map_err(io("send to the node"))
    }

    /// Gives a request the next number.
    #[must_use]
    pub fn numbered(&mut self, mut pdu: Pdu) -> Pdu {
        self.next += 1;
        pdu.sequence = self.next;
        pdu
    }

    /// Sends a request; answers with its number.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn request(&mut self, pdu: Pdu) -> Result<u32> {
        let pdu = self.numbered(pdu);
        self.send(&pdu.bytes())?;
        Ok(pdu.sequence)
    }

    /// Sends a request and waits for its response. Requests of the node that come before it are answered with success; messages
    /// are kept for [`delivered`](Self::delivered).
    ///
    /// # Errors
    /// When there is none.
    pub fn ask(&mut self, pdu: Pdu) -> Result<Pdu> {
        let sequence = self.request(pdu)?;
        self.response(sequence)
    }

    /// Waits for the response of this number; requests of the node that come before it are answered with success.
    ///
    /// # Errors
    /// When there is none.
    pub fn response(&mut self, sequence: u32) -> Result<Pdu> {
        let deadline = Instant::now() + SOON;
        loop {
            let came = self.receive(deadline.saturating_duration_since(Instant::now()))?;
            match came {
                Came::Pdu(pdu) if pdu.is_response() && pdu.sequence == sequence => return Ok(pdu),
                Came::Pdu(pdu) if !pdu.is_response() => {
                    self.accept(&pdu)?;
                    if pdu.command == command::DELIVER_SM {
                        self.early.extend(Message::read(&pdu.body));
                    }
                }
                Came::Pdu(pdu) => {
                    return Err(RunError::Broken(
                        format!("{pdu:?} in place of the response to {sequence}").into(),
                    ));
                }
                other @ (Came::Closed | Came::Nothing) => {
                    return Err(RunError::Broken(
                        format!("no response to {sequence}: {other:?}").into(),
                    ));
                }
            }
        }
    }

    /// Submits; the status and the message id.
    ///
    /// # Errors
    /// When there is no response.
    pub fn submit(&mut self, message: &Message) -> Result<(u32, String)> {
        let answer = self.ask(Pdu::new(command::SUBMIT_SM, message.body()))?;
        Ok((answer.status, answer.text()))
    }

    /// Submits; it must be taken, and its id is answered.
    ///
    /// # Errors
    /// When it is not.
    pub fn submits(&mut self, message: &Message) -> Result<String> {
        let (status, id) = self.submit(message)?;
        ensure(status == status::ROK && !id.is_empty(), || {
            format!("submit_sm was answered {status:#x} with the id `{id}`")
        })?;
        Ok(id)
    }

    /// Waits for a deliver_sm and answers it with success; enquire_link before it is answered.
    ///
    /// # Errors
    /// When none comes in time.
    pub fn delivered(&mut self, within: Duration) -> Result<Message> {
        if let Some(message) = self.early.pop_front() {
            return Ok(message);
        }
        let deadline = Instant::now() + within;
        loop {
            let came = self.receive(deadline.saturating_duration_since(Instant::now()))?;
            let Came::Pdu(pdu) = came else {
                return Err(RunError::Broken(format!("no deliver_sm: {came:?}").into()));
            };
            if pdu.is_response() {
                continue;
            }
            self.accept(&pdu)?;
            if pdu.command == command::DELIVER_SM {
                let message = Message::read(&pdu.body);
                return message.ok_or_else(|| {
                    RunError::Broken(format!("a deliver_sm that cannot be read: {pdu:?}").into())
                });
            }
        }
    }

    /// Answers a request with success.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn accept(&mut self, request: &Pdu) -> Result {
        let body = if request.command == command::DELIVER_SM {
            vec![0]
        } else {
            Vec::new()
        };
        self.send(&request.response(status::ROK, body).bytes())
    }

    /// The next PDU, or what came in its place.
    ///
    /// # Errors
    /// When what comes is no PDU.
    pub fn receive(&mut self, within: Duration) -> Result<Came> {
        let deadline = Instant::now() + within;
        loop {
            if let Some((pdu, length)) = Pdu::first(&self.buffer)? {
                self.buffer.drain(..length);
                return Ok(Came::Pdu(pdu));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Came::Nothing);
            }
            let mut chunk = [0; 16_384];
            self.socket()
                .set_read_timeout(Some(left))
                .map_err(io("set a timeout"))?;
            let read = match &mut self.stream {
                Stream::Clear(stream) => stream.read(&mut chunk),
                Stream::Tls(stream) => stream.read(&mut chunk),
            };
            match read {
                Ok(0) => return Ok(Came::Closed),
                Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
                Err(error) if waits(error.kind()) => {}
                Err(error) if gone(error.kind()) => return Ok(Came::Closed),
                Err(error) => return Err(io("read from the node")(error)),
            }
        }
    }

    /// A PDU must come.
    ///
    /// # Errors
    /// When none does.
    pub fn expect(&mut self, what: &str) -> Result<Pdu> {
        match self.receive(SOON)? {
            Came::Pdu(pdu) => Ok(pdu),
            other @ (Came::Closed | Came::Nothing) => Err(RunError::Broken(
                format!("{other:?} in place of {what}").into(),
            )),
        }
    }

    /// The node must close, and send nothing before it.
    ///
    /// # Errors
    /// When it does not, within `within`.
    pub fn expect_close(&mut self, within: Duration) -> Result {
        let came = self.receive(within)?;
        ensure(matches!(came, Came::Closed), || {
            format!("{came:?} in place of the end of the connection")
        })
    }

    /// Unbinds: unbind_resp, then the end of the connection.
    ///
    /// # Errors
    /// When either does not come.
    pub fn leave(mut self) -> Result {
        let answer = self.ask(Pdu::new(command::UNBIND, Vec::new()))?;
        ensure(
            answer.command == command::UNBIND | command::RESP && answer.status == status::ROK,
            || format!("the unbind was answered {answer:?}"),
        )?;
        self.expect_close(SOON)
    }

    /// Ends the connection without a word.
    pub fn hang_up(self) {
        // It may be gone already.
        let _ = self.socket().shutdown(Shutdown::Both);
    }

    /// Below TLS, if there is any.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        match &self.stream {
            Stream::Clear(stream) => stream,
            Stream::Tls(stream) => stream.get_ref(),
        }
    }
}

fn waits(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

fn gone(kind: ErrorKind) -> bool {
    // rustls calls a connection that ended without close_notify an unexpected end.
    matches!(
        kind,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof
    )
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "link to {:?}", self.socket().peer_addr())
    }
}
