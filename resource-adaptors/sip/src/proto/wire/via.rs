//! Via (RFC 3261 20.42, 18.2; RFC 3581).

use std::net::IpAddr;

use super::cursor::Cursor;
use super::error::{WireError, WireErrorKind};
use super::params::Params;
use super::text::{decimal, eq_token, is_lws};
use super::uri::Host;

/// What a branch starts with when it was made by RFC 3261 rules (8.1.1.7).
pub const BRANCH_COOKIE: &[u8] = b"z9hG4bK";

/// Whether `branch` starts with the magic cookie and has something behind it.
pub fn is_rfc3261_branch(branch: &[u8]) -> bool {
    branch
        .split_at_checked(BRANCH_COOKIE.len())
        .is_some_and(|(cookie, rest)| eq_token(cookie, BRANCH_COOKIE) && !rest.is_empty())
}

/// One Via value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// Protocol name and version, `SIP` and `2.0`.
    pub protocol: (&'a [u8], &'a [u8]),
    /// `UDP`, `TCP`, `TLS`, `WS`, ... in the sender's case.
    pub transport: &'a [u8],
    /// The host of sent-by.
    pub host: Host<'a>,
    /// The port of sent-by, if written.
    pub port: Option<u16>,
    /// The parameters; not checked by [`parse`](Self::parse).
    pub params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one list element.
    pub fn parse(value: &'a [u8]) -> Result<Self, WireError> {
        let mut c = Cursor::new(value);
        c.skip_lws();
        let name = c.token();
        let slash = c.eat(b'/');
        let version = c.token();
        let slash = c.eat(b'/') && slash;
        let transport = c.token();
        let gap = c.peek().is_some_and(is_lws);
        if !slash || !gap || name.is_empty() || version.is_empty() || transport.is_empty() {
            return Err(c.error(WireErrorKind::Via));
        }
        c.skip_lws();
        let start = c.at();
        let (host, n) = Host::take(c.rest()).map_err(|e| e.shifted(start))?;
        c.skip(n);
        let mut port = None;
        if c.eat(b':') {
            let digits = c.take_while(|b| b.is_ascii_digit());
            port = decimal(digits)
                .and_then(|n| u16::try_from(n).ok())
                .filter(|&n| n != 0);
            if port.is_none() {
                return Err(c.error(WireErrorKind::Port));
            }
        }
        c.skip_lws();
        if !matches!(c.peek(), None | Some(b';')) {
            return Err(c.error(WireErrorKind::Via));
        }
        Ok(Self {
            protocol: (name, version),
            transport,
            host,
            port,
            params: Params::new(c.rest()),
        })
    }

    /// Whether the protocol is SIP/2.0.
    pub fn is_sip2(&self) -> bool {
        eq_token(self.protocol.0, b"SIP") && self.protocol.1 == b"2.0"
    }

    /// The branch parameter.
    pub fn branch(&self) -> Option<&'a [u8]> {
        self.params.value(b"branch")
    }

    /// The address in `received`, with or without brackets (RFC 5118 4.5).
    pub fn received(&self) -> Option<IpAddr> {
        match Host::parse_loose(self.params.value(b"received")?)? {
            Host::Ip(ip) => Some(ip),
            Host::Name(_) => None,
        }
    }

    /// `rport`: nothing if absent, `Some(None)` as a request sends it, `Some(Some(port))` as a response carries it.
    pub fn rport(&self) -> Option<Option<u16>> {
        let value = self.params.get(b"rport")?;
        Some(value.and_then(decimal).and_then(|n| u16::try_from(n).ok()))
    }

    /// The host in `maddr`.
    pub fn maddr(&self) -> Option<Host<'a>> {
        Host::parse_loose(self.params.value(b"maddr")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lws_between_all_parts() {
        let via = Via::parse(b"SIP  /   2.0\r\n /UDP\r\n    192.0.2.2 : 5070 ; branch = 390skdjuw")
            .unwrap();
        assert!(via.is_sip2());
        assert_eq!(via.transport, b"UDP");
        assert_eq!(via.host, Host::Ip("192.0.2.2".parse().unwrap()));
        assert_eq!(via.port, Some(5070));
        assert_eq!(via.branch(), Some(&b"390skdjuw"[..]));
    }

    #[test]
    fn received_with_and_without_brackets() {
        for value in [
            &b"SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas"[..],
            b"SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas",
        ] {
            let via = Via::parse(value).unwrap();
            assert_eq!(via.received(), Some("2001:db8::9:255".parse().unwrap()));
            assert_eq!(via.branch(), Some(&b"z9hG4bKas"[..]));
        }
    }

    #[test]
    fn broken_vias_are_refused() {
        for bad in [
            &b""[..],
            b"SIP/2.0/UDP",
            b"SIP/2.0 host",
            b"SIP/2.0/UDP h:0",
            b"SIP/2.0/UDP h:65536",
            b"SIP/2.0/UDP h x",
            b"SIP/2.0/UDP 2001:db8::1",
            b"SIP/2.0/UDP [2001:db8::1",
            b"SIP/2.0/UDP ;a",
        ] {
            assert!(Via::parse(bad).is_err(), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn branch_cookie() {
        assert!(is_rfc3261_branch(b"z9hG4bKabc"));
        assert!(!is_rfc3261_branch(b"z9hG4bK"));
        assert!(!is_rfc3261_branch(b"z9hG4b"));
        assert!(!is_rfc3261_branch(b"390skdjuw"));
    }
}
