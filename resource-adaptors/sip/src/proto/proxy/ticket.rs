//! What our own Record-Route and Path values say, under a check that only we can write.
//!
//! A ticket stands in the user part of the URI, which peers must give back as it is (RFC 5626 5.2). It needs no state: a
//! request that brings one is let through by any process that has the secret. One of a dialog is bound to its Call-ID
//! and to the caller's tag, which also tells which way the request goes; it carries the flow to either side where that
//! cannot be found out from the route set. One of a Path carries the flow to a registered client.

use std::net::{IpAddr, SocketAddr};

use super::super::flow::{Conn, Flow, Transport};
use super::super::keyed::Secret;
use super::super::wire::{HeaderId, Host, Message, NameAddr, Uri};
use super::belief::Belief;

const CALLER: u8 = 1;
const CALLEE: u8 = 2;
const PATH: u8 = 4;
const BOUND: u8 = 8;
/// The caller's side is not believed about identities, the called's is not.
const CALLER_DOUBTED: u8 = 0x10;
const CALLED_DOUBTED: u8 = 0x20;
const HOME: u8 = 0x40;
/// Bytes of the check.
const CHECK: usize = 8;

/// What a ticket is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticket {
    /// The flow to the caller, or to the client that registers.
    pub caller: Option<Flow>,
    /// The flow to the called.
    pub callee: Option<Flow>,
    /// Where the called is, for a caller that may not send anywhere else.
    pub bound: Option<IpAddr>,
    /// Who is believed about identities.
    pub belief: Option<Belief>,
    /// Where the way back to the caller begins, if the called may not send anywhere else.
    pub home: Option<Home>,
}

/// Stands for the host that the way back to a caller begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home(u32);

impl Home {
    /// The one for the host of a URI.
    #[must_use]
    pub fn of(secret: &Secret, uri: &[u8]) -> Option<Self> {
        let host = match Uri::parse(uri).ok()?.host()? {
            Host::Ip(ip) => ip.to_string().into_bytes(),
            Host::Name(name) => name.to_ascii_lowercase(),
        };
        let mac = secret.mac(b"ticket-home", &[&host]);
        Some(Self(mac.0[0] as u32))
    }

    /// The one for the way back of a request that makes a dialog.
    #[must_use]
    pub fn back(secret: &Secret, request: &Message) -> Option<Self> {
        match request.values(HeaderId::RecordRoute).next() {
            Some(route) => Self::of(secret, NameAddr::parse(route).ok()?.uri_raw),
            None => Self::of(secret, request.contact()?.ok()?.uri_raw),
        }
    }
}

/// Which way a request goes within its dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the caller to the called.
    ToCallee,
    /// Back.
    ToCaller,
}

/// What a request's ticket lets it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The flow to send it over, if the ticket names one.
    pub flow: Option<Flow>,
    /// Within its dialog; not there for a Path.
    pub direction: Option<Direction>,
    /// The address that it has to go to, or to come from on the way back. Not there if it may go anywhere.
    pub bound: Option<IpAddr>,
    /// Who is believed about identities, unless both sides are.
    pub belief: Option<Belief>,
    /// On the way back to the caller: where that begins, if it has to begin there.
    pub home: Option<Home>,
}

impl Ticket {
    /// The ticket of a dialog that `request` makes.
    #[must_use]
    pub fn of_dialog(self, secret: &Secret, request: &Message) -> Vec<u8> {
        let mut out = vec![doubts(self.belief)];
        let tag = tag_hash(secret, request.from_tag().unwrap_or_default());
        out.extend_from_slice(&tag.to_be_bytes());
        for (bit, flow) in [(CALLER, self.caller), (CALLEE, self.callee)] {
            if let Some(flow) = flow {
                out[0] |= bit;
                push_flow(&mut out, &flow);
            }
        }
        if let Some(ip) = self.bound {
            out[0] |= BOUND;
            push_flow(&mut out, &Flow::seen(Transport::Udp, 0, (ip, 0).into()));
        }
        if let Some(Home(home)) = self.home {
            out[0] |= HOME;
            out.extend_from_slice(&home.to_be_bytes());
        }
        sealed(secret, &out, request.call_id().unwrap_or_default())
    }

    /// The ticket of a client that registers through us.
    #[must_use]
    pub fn of_path(secret: &Secret, flow: &Flow, belief: Option<Belief>) -> Vec<u8> {
        let mut out = vec![PATH | doubts(belief)];
        push_flow(&mut out, flow);
        sealed(secret, &out, b"")
    }

    /// Whether a text is a ticket of ours for the call of a request, whatever it grants.
    #[must_use]
    pub fn is_ours(secret: &Secret, text: &[u8], request: &Message) -> bool {
        let Some(bytes) = unhex(text) else {
            return false;
        };
        let call_id = request.call_id().unwrap_or_default();
        bytes
            .split_last_chunk::<CHECK>()
            .is_some_and(|(body, check)| {
                secret.mac(b"ticket", &[body, call_id]).0[0].to_be_bytes() == *check
            })
    }

    /// Reads the ticket that a request brings; `None` if it is not ours, or not this dialog's.
    #[must_use]
    pub fn check(secret: &Secret, text: &[u8], request: &Message) -> Option<Grant> {
        let bytes = unhex(text)?;
        let (body, check) = bytes.split_at_checked(bytes.len().checked_sub(CHECK)?)?;
        let (flags, mut rest) = body.split_first()?;
        let call_id = request.call_id().unwrap_or_default();
        let path = flags & PATH != 0;
        let call_id = if path { b"" } else { call_id };
        if secret.mac(b"ticket", &[body, call_id]).0[0].to_be_bytes() != check {
            return None;
        }
        let belief = belief_of(*flags);
        if path {
            let flow = take_flow(&mut rest)?;
            return Some(Grant {
                flow: Some(flow),
                direction: None,
                bound: None,
                belief,
                home: None,
            });
        }
        // A request without a To tag is of no dialog: with the ticket of a call that it may make its sender would send it
        // anywhere, past the service that decides.
        request.to_tag()?;
        let (tag, mut rest) = rest.split_first_chunk::<4>()?;
        let caller = u32::from_be_bytes(*tag);
        let is_callers = |tag: Option<&[u8]>| tag_hash(secret, tag.unwrap_or_default()) == caller;
        let direction = match () {
            () if is_callers(request.from_tag()) => Direction::ToCallee,
            () if is_callers(request.to_tag()) => Direction::ToCaller,
            () => return None,
        };
        let mut read = |bit: u8| match flags & bit {
            0 => Some(None),
            _ => take_flow(&mut rest).map(Some),
        };
        let (to_caller, to_callee, bound) = (read(CALLER)?, read(CALLEE)?, read(BOUND)?);
        let home = match flags & HOME {
            0 => None,
            _ => Some(Home(u32::from_be_bytes(*rest.split_first_chunk::<4>()?.0))),
        };
        let flow = match direction {
            Direction::ToCallee => to_callee,
            Direction::ToCaller => to_caller,
        };
        Some(Grant {
            flow,
            direction: Some(direction),
            bound: bound.map(|flow| flow.peer.ip()),
            belief,
            home: home.filter(|_| direction == Direction::ToCaller),
        })
    }
}

fn doubts(belief: Option<Belief>) -> u8 {
    let belief = belief.unwrap_or(Belief {
        caller: true,
        called: true,
    });
    let doubt = |believed: bool, bit: u8| if believed { 0 } else { bit };
    doubt(belief.caller, CALLER_DOUBTED) | doubt(belief.called, CALLED_DOUBTED)
}

fn belief_of(flags: u8) -> Option<Belief> {
    (flags & (CALLER_DOUBTED | CALLED_DOUBTED) != 0).then_some(Belief {
        caller: flags & CALLER_DOUBTED == 0,
        called: flags & CALLED_DOUBTED == 0,
    })
}

fn tag_hash(secret: &Secret, tag: &[u8]) -> u32 {
    secret.mac(b"ticket-tag", &[tag]).0[0] as u32
}

fn sealed(secret: &Secret, body: &[u8], call_id: &[u8]) -> Vec<u8> {
    let check = secret.mac(b"ticket", &[body, call_id]).0[0].to_be_bytes();
    let mut out = Vec::with_capacity(2 * (body.len() + CHECK));
    for byte in body.iter().chain(&check) {
        let digit = |n: u8| b"0123456789abcdef"[usize::from(n)];
        out.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    out
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    // Most users are no tickets: this is where they part.
    if text.len() < 2 * (1 + CHECK) || text.len() > 192 || text.len() % 2 == 1 {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).map(|n| n as u8);
    text.chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

const V6: u8 = 0x80;
const CONN: u8 = 0x40;

fn push_flow(out: &mut Vec<u8>, flow: &Flow) {
    let v6 = if flow.peer.is_ipv6() { V6 } else { 0 };
    let conn = if flow.conn.is_some() { CONN } else { 0 };
    out.push(flow.transport as u8 | v6 | conn);
    out.extend_from_slice(&flow.listener.to_be_bytes());
    out.extend_from_slice(&flow.peer.port().to_be_bytes());
    match flow.peer.ip() {
        IpAddr::V4(ip) => out.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => out.extend_from_slice(&ip.octets()),
    }
    if let Some(conn) = flow.conn {
        out.extend_from_slice(&conn.0.to_be_bytes());
    }
}

fn take_flow(bytes: &mut &[u8]) -> Option<Flow> {
    let (head, rest) = bytes.split_first_chunk::<5>()?;
    let transport = Transport::from_u8(head[0] & !(V6 | CONN))?;
    let (ip, rest) = if head[0] & V6 == 0 {
        let (ip, rest) = rest.split_first_chunk::<4>()?;
        (IpAddr::from(*ip), rest)
    } else {
        let (ip, rest) = rest.split_first_chunk::<16>()?;
        (IpAddr::from(*ip), rest)
    };
    let (conn, rest) = if head[0] & CONN == 0 {
        (None, rest)
    } else {
        let (conn, rest) = rest.split_first_chunk::<8>()?;
        (Some(Conn(u64::from_be_bytes(*conn))), rest)
    };
    *bytes = rest;
    let listener = u16::from_be_bytes([head[1], head[2]]);
    let peer = SocketAddr::new(ip, u16::from_be_bytes([head[3], head[4]]));
    Some(Flow {
        conn,
        ..Flow::seen(transport, listener, peer)
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::wire::Limits;
    use super::*;

    fn message(from: &str, to: &str, call: &str) -> Message {
        let text = format!(
            "BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag={from}\r\nTo: <sip:b@c>;tag={to}\r\n\
             Call-ID: {call}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
        );
        Message::parse(text.into(), &Limits::DEFAULT).unwrap()
    }

    #[test]
    fn a_ticket_is_good_for_its_dialog_in_both_directions_and_for_nothing_else() {
        let secret = Secret::new([1, 2]);
        let flow = |peer: &str, conn| Flow {
            conn,
            ..Flow::seen(Transport::Tcp, 3, peer.parse().unwrap())
        };
        let caller = flow("192.0.2.7:4711", Some(Conn(77)));
        let callee = flow("[2001:db8::1]:5060", None);
        let ticket = Ticket {
            caller: Some(caller),
            callee: Some(callee),
            bound: Some("2001:db8::1".parse().unwrap()),
            belief: Some(Belief {
                caller: false,
                called: true,
            }),
            home: Home::of(&secret, b"sip:a@h.example"),
        };
        let text = ticket.of_dialog(&secret, &message("A", "", "x"));
        let check = |text: &[u8], message: &Message| Ticket::check(&secret, text, message);
        let there = check(&text, &message("A", "B", "x")).unwrap();
        assert_eq!(
            (there.flow, there.direction, there.bound, there.belief),
            (
                Some(callee),
                Some(Direction::ToCallee),
                ticket.bound,
                ticket.belief
            )
        );
        let back = check(&text, &message("B", "A", "x")).unwrap();
        assert_eq!(
            (back.flow, back.direction, back.home),
            (
                Some(caller),
                Some(Direction::ToCaller),
                Home::of(&secret, b"sips:x@H.EXAMPLE:5070")
            )
        );
        assert_eq!(check(&text, &message("A", "B", "y")), None);
        assert_eq!(check(&text, &message("C", "B", "x")), None);
        let mut forged = text.clone();
        forged[3] ^= 1;
        assert_eq!(check(&forged, &message("A", "B", "x")), None);
        for n in 0..text.len() {
            assert_eq!(check(&text[..n], &message("A", "B", "x")), None);
        }
        assert_eq!(
            Ticket::check(&Secret::new([1, 3]), &text, &message("A", "B", "x")),
            None
        );
    }

    #[test]
    fn a_path_is_good_for_its_client_whatever_the_request() {
        let secret = Secret::new([1, 2]);
        let flow = Flow::seen(Transport::Udp, 0, "192.0.2.7:4711".parse().unwrap());
        let doubted = Some(Belief::default());
        let text = Ticket::of_path(&secret, &flow, doubted);
        let grant = Ticket::check(&secret, &text, &message("A", "B", "x")).unwrap();
        assert_eq!(
            (grant.flow, grant.direction, grant.belief),
            (Some(flow), None, doubted)
        );
    }
}
