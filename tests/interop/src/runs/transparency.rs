//! What a proxy and a B2BUA pass on, compared byte for byte: a body of every byte that there is, a header and a reason
//! phrase in Latin-1. And what is repeated is answered as before, without the other side hearing of it.

use super::{expect_empty, spec};
use crate::error::{Result, RunError, ensure, io};
use crate::node::Node;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);
/// What nobody on the way knows, and what is no UTF-8.
const STRANGE: &[u8] = b"X-Strange: \"\xe9t\xe9\" <\xff>;;== %41\tand  so on";
const REASON: &[u8] = b"486 Besetzt \xfc  (really)";

/// One phone on each side.
struct Phones {
    node: SocketAddr,
    caller: UdpSocket,
    callee: UdpSocket,
}

/// A call that is refused, through each of them.
///
/// # Errors
/// What did not hold.
pub fn bytes(host: u8, dir: &Path) -> Result<String> {
    let ip = |last| SocketAddr::from((Ipv4Addr::new(127, 0, host, last), 5060));
    let mut spec = spec(host, dir, "transparency");
    spec.whole = Some(format!(
        "[node]\ndata_dir = \"{}\"\n[adaptors.sip]\ntype = \"sip\"\n\
         [adaptors.sip.settings.timers]\nt1 = \"100ms\"\nt2 = \"800ms\"\n\
         [adaptors.sip.settings.listeners.udp]\ntransport = \"udp\"\nbind = \"{}\"\n\
         [services.b2bua]\n[services.b2bua.settings]\nroutes = [{{ user = \"joined\", target = \"sip:{callee}\" }}]\n\
         [services.proxy]\ndurability = \"none\"\n[services.proxy.settings]\nauthentication = false\n\
         leave = [\"joined\"]\nroutes = [{{ prefix = \"passed\", to = [\"sip:{callee}\"], open = true }}]\n",
        spec.data.display(),
        spec.sip,
        callee = ip(3),
    ));
    let node = Node::start(&spec)?;
    let open = |at| {
        let socket = UdpSocket::bind(at).map_err(io("open a socket"))?;
        socket
            .set_read_timeout(Some(SOON))
            .map_err(io("set a timeout"))?;
        Ok::<_, RunError>(socket)
    };
    let phones = Phones {
        node: spec.sip,
        caller: open(ip(2))?,
        callee: open(ip(3))?,
    };
    for user in ["passed", "joined"] {
        phones.refused(user)?;
    }
    expect_empty(&node, Duration::from_secs(30))?;
    Ok("2 calls, 256 different bytes in each body".to_owned())
}

impl Phones {
    fn refused(&self, user: &str) -> Result {
        let body: Vec<u8> = (0..=255).collect();
        let request = self.invite(user, &body);
        self.send(&self.caller, &request)?;
        let got = first(&self.callee, |m| m.starts_with(b"INVITE "))?;
        same(user, "body", text_of(&got).1, &body)?;
        same(user, "header", line(&got, b"X-Strange:"), STRANGE)?;
        self.send(&self.callee, &refusal(&got, &body))?;
        let answer = first(&self.caller, |m| refuses(m, &request))?;
        let status = answer.split(|b| *b == b'\r').next().unwrap_or_default();
        same(user, "reason", status, &[b"SIP/2.0 ", REASON].concat())?;
        same(user, "body of the answer", text_of(&answer).1, &body)?;
        same(
            user,
            "header of the answer",
            line(&answer, b"X-Strange:"),
            STRANGE,
        )?;
        first(&self.callee, |m| m.starts_with(b"ACK "))?;
        self.again(&request, &answer)?;
        self.send(&self.caller, &acknowledgement(&request, &answer))
    }

    /// The INVITE once more, after its refusal: the same refusal, and nothing for the callee.
    fn again(&self, request: &[u8], answer: &[u8]) -> Result {
        self.send(&self.caller, request)?;
        let repeated = first(&self.caller, |m| {
            m.starts_with(b"SIP/2.0") && of_one_call(m, request)
        })?;
        same("again", "refusal", &repeated, answer)?;
        let short = Some(Duration::from_millis(100));
        self.callee
            .set_read_timeout(short)
            .map_err(io("set a timeout"))?;
        let heard = first(&self.callee, |m| m.starts_with(b"INVITE"));
        self.callee
            .set_read_timeout(Some(SOON))
            .map_err(io("set a timeout"))?;
        ensure(heard.is_err(), || {
            "a repeated INVITE came through to the callee".to_owned()
        })
    }

    fn invite(&self, user: &str, body: &[u8]) -> Vec<u8> {
        let (node, from) = (self.node, self.caller.local_addr().unwrap_or(self.node));
        let head = format!(
            "INVITE sip:{user}@{node} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{user}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:a@{from}>;tag={user}\r\nTo: <sip:{user}@{node}>\r\nCall-ID: {user}@{from}\r\n\
             CSeq: 1 INVITE\r\nContact: <sip:a@{from}>\r\nContent-Type: application/octet-stream\r\n"
        );
        [
            head.as_bytes(),
            STRANGE,
            format!("\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(),
            body,
        ]
        .concat()
    }

    fn send(&self, from: &UdpSocket, bytes: &[u8]) -> Result {
        from.send_to(bytes, self.node)
            .map(drop)
            .map_err(io("send a datagram"))
    }
}

fn refuses(message: &[u8], request: &[u8]) -> bool {
    message.starts_with(b"SIP/2.0 486") && of_one_call(message, request)
}

/// What is left of an earlier call is repeated for a while.
fn of_one_call(message: &[u8], request: &[u8]) -> bool {
    line(message, b"Call-ID:") == line(request, b"Call-ID:")
}

/// 486 to `request`.
fn refusal(request: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = [b"SIP/2.0 ", REASON, b"\r\n"].concat();
    for each in lines(request) {
        let copied = [&b"Via:"[..], b"From:", b"To:", b"Call-ID:", b"CSeq:"];
        if copied.iter().any(|name| each.starts_with(name)) {
            out.extend_from_slice(each);
            if each.starts_with(b"To:") {
                out.extend_from_slice(b";tag=called");
            }
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(b"Content-Type: application/octet-stream\r\n");
    out.extend_from_slice(STRANGE);
    out.extend_from_slice(format!("\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out
}

/// The ACK of a refusal.
fn acknowledgement(request: &[u8], answer: &[u8]) -> Vec<u8> {
    let uri = request.split(|b| *b == b' ').nth(1).unwrap_or_default();
    let mut out = [b"ACK ", uri, b" SIP/2.0\r\n"].concat();
    for (message, name) in [
        (request, &b"Via:"[..]),
        (request, b"From:"),
        (answer, b"To:"),
        (request, b"Call-ID:"),
    ] {
        out.extend_from_slice(line(message, name));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"CSeq: 1 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n");
    out
}

/// The first message that is wanted; others are passed over.
fn first(socket: &UdpSocket, wanted: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>> {
    let mut buffer = vec![0; 65_536];
    loop {
        let length = socket.recv(&mut buffer).map_err(io("wait for a message"))?;
        if wanted(&buffer[..length]) {
            return Ok(buffer[..length].to_vec());
        }
    }
}

/// Head and body.
fn text_of(message: &[u8]) -> (&[u8], &[u8]) {
    let end = message.windows(4).position(|w| w == b"\r\n\r\n");
    end.map_or((message, &[]), |end| (&message[..end], &message[end + 4..]))
}

fn lines(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    let head = text_of(message).0;
    head.split(|b| *b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

fn line<'a>(message: &'a [u8], name: &[u8]) -> &'a [u8] {
    lines(message)
        .find(|line| line.starts_with(name))
        .unwrap_or_default()
}

fn same(user: &str, what: &str, got: &[u8], sent: &[u8]) -> Result {
    ensure(got == sent, || {
        format!(
            "{user}: {what} is not what was sent: {} instead of {}",
            got.escape_ascii(),
            sent.escape_ascii()
        )
    })
}
