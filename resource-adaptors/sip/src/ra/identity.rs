//! Whom a peer's certificate must be for (RFC 5922).
//!
//! Certificates are checked by the node's TLS, which is told the name; here stands which name that is, and whether what a
//! connection has proved is enough to use it again.

use std::net::IpAddr;

use bytes::Bytes;
use strowger::ra::Peer;

use crate::proto::wire::{HeaderId, Host, Limits, Message, NameAddr, Uri};

/// The host that a request goes to, if it goes by name: that of its first Route, or of its Request-URI (RFC 5922 4).
/// A response goes to the host of its Via.
pub(super) fn next_hop(message: &Bytes) -> Option<String> {
    let message = Message::parse(message.clone(), &Limits::DEFAULT).ok()?;
    let host = if message.is_request() {
        let route = message.values(HeaderId::Route).next();
        let route = route.and_then(|route| NameAddr::parse(route).ok());
        let uri = route.map_or_else(|| message.uri_raw(), |addr| Some(addr.uri_raw))?;
        Uri::parse(uri).ok()?.host()?
    } else {
        message.via().ok()?.host
    };
    match host {
        Host::Name(name) => Some(String::from_utf8_lossy(name).to_ascii_lowercase()),
        Host::Ip(_) => None,
    }
}

/// The port of a request's first Via, if its sender asks by `alias` for requests there (RFC 5923 5).
pub(super) fn aliased_port(message: &Bytes) -> Option<u16> {
    // The first Via stands at the beginning, and most have none.
    let head = message.get(..512).unwrap_or(message);
    if !head
        .windows(6)
        .any(|part| part.eq_ignore_ascii_case(b";alias"))
    {
        return None;
    }
    let message = Message::parse(message.clone(), &Limits::DEFAULT).ok()?;
    let via = message.via().ok().filter(|_| message.is_request())?;
    let secure = via.transport.eq_ignore_ascii_case(b"TLS");
    (secure && via.params.has(b"alias")).then(|| via.port.unwrap_or(5061))
}

/// Whether a connection to a peer may carry what goes to a host: its certificate was verified, and is for that host's
/// name or, where it goes by address, for the address.
pub(super) fn proves(peer: Option<&Peer>, host: Option<&str>, address: IpAddr) -> bool {
    let Some(peer) = peer.filter(|peer| peer.verified) else {
        return false;
    };
    let Some(host) = host else {
        return peer.addresses.contains(&address);
    };
    peer.dns.iter().any(|name| name.eq_ignore_ascii_case(host))
        || peer.uris.iter().any(|uri| is_domain(uri.as_bytes(), host))
        || (peer.dns.is_empty()
            && peer.uris.is_empty()
            && peer
                .common_name
                .as_ref()
                .is_some_and(|name| name.eq_ignore_ascii_case(host)))
}

/// A SIP URI of a certificate names a domain if it has no user part (RFC 5922 7.1).
fn is_domain(uri: &[u8], host: &str) -> bool {
    Uri::parse(uri).is_ok_and(|uri| {
        uri.is_sip()
            && uri.user().is_none()
            && uri
                .host()
                .is_some_and(|found| found.is_same(&Host::Name(host.as_bytes())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(dns: &[&str], uris: &[&str]) -> Peer {
        Peer {
            verified: true,
            dns: dns.iter().map(|&name| name.to_owned()).collect(),
            uris: uris.iter().map(|&uri| uri.to_owned()).collect(),
            addresses: vec!["192.0.2.9".parse().unwrap()],
            common_name: Some("cn.example".to_owned()),
            ..Peer::default()
        }
    }

    /// RFC 5922 7.1, 7.2: no wildcards, no user parts, a common name only where nothing else is.
    #[test]
    fn a_certificate_proves_the_names_that_stand_in_it() {
        let address = "192.0.2.9".parse().unwrap();
        let good = |peer: &Peer, host| proves(Some(peer), host, address);
        let named = peer(
            &["a.example", "*.b.example"],
            &["sip:c.example", "sip:x@d.example", "im:e.example"],
        );
        for (host, proved) in [
            ("A.example", true),
            ("c.example", true),
            ("x.b.example", false),
            ("d.example", false),
            ("e.example", false),
            ("cn.example", false),
        ] {
            assert_eq!(good(&named, Some(host)), proved, "{host}");
        }
        assert!(good(&named, None));
        assert!(!proves(Some(&named), None, "192.0.2.10".parse().unwrap()));
        assert!(good(&peer(&[], &[]), Some("cn.example")));
        assert!(!proves(None, Some("a.example"), address));
        let unverified = Peer {
            verified: false,
            ..named
        };
        assert!(!good(&unverified, Some("a.example")));
    }

    #[test]
    fn a_request_goes_to_its_first_route_or_its_uri() {
        let request = |route: &str| {
            Bytes::from(format!(
                "INVITE sip:bob@B.example SIP/2.0\r\nVia: SIP/2.0/TLS v.example\r\n{route}Content-Length: 0\r\n\r\n"
            ))
        };
        assert_eq!(next_hop(&request("")).as_deref(), Some("b.example"));
        let routed = request("Route: <sip:p.example;lr>, <sip:q.example;lr>\r\n");
        assert_eq!(next_hop(&routed).as_deref(), Some("p.example"));
        assert_eq!(next_hop(&request("Route: <sip:192.0.2.1;lr>\r\n")), None);
        let response = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS v.example\r\n\r\n";
        assert_eq!(
            next_hop(&Bytes::from_static(response)).as_deref(),
            Some("v.example")
        );
    }
}
