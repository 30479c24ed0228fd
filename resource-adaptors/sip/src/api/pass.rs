//! Which headers pass from one leg of a call to the other.
//!
//! Everything passes that is not of one hop, one dialog or one connection, in the order and spelling in which it came, so
//! that extensions work through the container without its knowing them. Option tags and methods that it does not carry
//! through are taken out of Supported and Allow.

use bytes::Bytes;

use crate::proto::compose::line;
use crate::proto::wire::{HeaderId, Message};

/// Option tags whose meaning ends at a dialog's end: they need something of the adaptor that it does not do.
const OWN_OPTIONS: [&[u8]; 7] = [
    b"100rel",
    b"gruu",
    b"outbound",
    b"path",
    b"replaces",
    b"sec-agree",
    b"precondition",
];
/// Methods that need subscriptions or a registrar.
const OWN_METHODS: [&[u8]; 5] = [b"REFER", b"SUBSCRIBE", b"NOTIFY", b"PUBLISH", b"REGISTER"];

/// The header lines of a message that pass.
pub(super) fn lines(message: &Message) -> Bytes {
    let mut out = Vec::with_capacity(
        message
            .as_bytes()
            .len()
            .saturating_sub(message.body().len()),
    );
    // A redirection says where to go in Contact (RFC 3261 21.3, 21.4.23).
    let redirects = message
        .status()
        .is_some_and(|status| (300..400).contains(&status) || status == 485);
    for header in message.headers() {
        if header.id == HeaderId::Supported {
            push_list(&mut out, header.name, header.elements(), &OWN_OPTIONS);
        } else if header.id == HeaderId::Require {
            // Each leg is made reliable on its own (RFC 3262).
            push_list(&mut out, header.name, header.elements(), &[b"100rel"]);
        } else if header.id == HeaderId::Allow {
            push_list(&mut out, header.name, header.elements(), &OWN_METHODS);
        } else if !stays(header.id) || (redirects && header.id == HeaderId::Contact) {
            line(&mut out, header.name, header.value);
        }
    }
    out.into()
}

fn stays(id: HeaderId) -> bool {
    matches!(
        id,
        HeaderId::Via
            | HeaderId::From
            | HeaderId::To
            | HeaderId::CallId
            | HeaderId::CSeq
            | HeaderId::MaxForwards
            | HeaderId::Contact
            | HeaderId::Route
            | HeaderId::RecordRoute
            | HeaderId::ContentLength
            | HeaderId::ProxyRequire
            | HeaderId::Timestamp
            | HeaderId::Path
            | HeaderId::ServiceRoute
            | HeaderId::RSeq
            | HeaderId::RAck
    )
}

fn push_list<'a>(
    out: &mut Vec<u8>,
    name: &[u8],
    elements: impl Iterator<Item = &'a [u8]>,
    without: &[&[u8]],
) {
    let mut value: Vec<u8> = Vec::new();
    for element in
        elements.filter(|element| !without.iter().any(|own| own.eq_ignore_ascii_case(element)))
    {
        if !value.is_empty() {
            value.extend_from_slice(b", ");
        }
        value.extend_from_slice(element);
    }
    if !value.is_empty() {
        line(out, name, &value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::wire::Limits;

    #[test]
    fn what_is_of_one_hop_stays_and_the_rest_passes_as_it_came() {
        let text = b"INVITE sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\n\
            i: x\r\nCSeq: 1 INVITE\r\nm: <sip:a@h>\r\nk: timer, 100rel\r\nSupported: 100rel\r\nX-Odd:  \xffv\r\n\
            Allow: INVITE, REFER,ACK\r\nc: application/sdp\r\nContent-Length: 0\r\n\r\n";
        let message = Message::parse(Bytes::from_static(text), &Limits::DEFAULT).unwrap();
        let want = b"k: timer\r\nX-Odd: \xffv\r\nAllow: INVITE, ACK\r\nc: application/sdp\r\n";
        assert_eq!(
            lines(&message).escape_ascii().to_string(),
            want.escape_ascii().to_string()
        );
    }

    #[test]
    fn a_redirection_keeps_its_contacts() {
        let text = |status: u16| {
            format!(
                "SIP/2.0 {status} X\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>;tag=2\r\n\
                 Call-ID: x\r\nCSeq: 1 INVITE\r\nContact: <sip:new@c>\r\nContent-Length: 0\r\n\r\n"
            )
        };
        for (status, want) in [(302, &b"Contact: <sip:new@c>\r\n"[..]), (486, b"")] {
            let message = Message::parse(text(status).into(), &Limits::DEFAULT).unwrap();
            assert_eq!(lines(&message), want);
        }
    }
}
