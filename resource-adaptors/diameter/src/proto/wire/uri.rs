//! DiameterURI (RFC 6733 4.3.1): `aaa://host[:port][;transport=..][;protocol=..]`.

use super::value::{ValueError, identity};

/// A DiameterURI, read; its parts lie in the AVP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// `aaas`: over TLS or DTLS.
    pub secure: bool,
    /// The host's name.
    pub host: &'a str,
    /// The port, if it is given; else 3868, or 5658 with `aaas`.
    pub port: Option<u16>,
    /// The transport, if it is given; else TCP.
    pub transport: Option<Transport>,
    /// The protocol, if it is given: `diameter`, `radius` or `tacacs+`.
    pub protocol: Option<&'a str>,
}

/// Transport of a [`Uri`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `tcp`.
    Tcp,
    /// `sctp`.
    Sctp,
    /// `udp`, for protocols other than Diameter.
    Udp,
}

impl<'a> Uri<'a> {
    /// Reads the data of a DiameterURI AVP.
    ///
    /// # Errors
    /// [`ValueError::Uri`].
    pub fn parse(data: &'a [u8]) -> Result<Self, ValueError> {
        let text = str::from_utf8(data).map_err(|_| ValueError::Uri)?;
        Self::read(text).ok_or(ValueError::Uri)
    }

    fn read(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let secure = match scheme {
            s if s.eq_ignore_ascii_case("aaa") => false,
            s if s.eq_ignore_ascii_case("aaas") => true,
            _ => return None,
        };
        let mut parts = rest.split(';');
        let authority = parts.next()?;
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(read_port(port)?)),
            None => (authority, None),
        };
        let mut uri = Self {
            secure,
            host: identity(host.as_bytes()).ok()?,
            port,
            transport: None,
            protocol: None,
        };
        for part in parts {
            match part.split_once('=')? {
                ("transport", name) if uri.transport.is_none() => {
                    uri.transport = Some(Transport::read(name)?);
                }
                ("protocol", name @ ("diameter" | "radius" | "tacacs+"))
                    if uri.protocol.is_none() =>
                {
                    uri.protocol = Some(name);
                }
                _ => return None,
            }
        }
        Some(uri)
    }
}

impl Transport {
    fn read(name: &str) -> Option<Self> {
        match name {
            "tcp" => Some(Self::Tcp),
            "sctp" => Some(Self::Sctp),
            "udp" => Some(Self::Udp),
            _ => None,
        }
    }
}

fn read_port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
