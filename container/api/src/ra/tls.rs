//! TLS as adaptors ask for it and hear of it: settings of a listener, and what a handshake has proved.
//!
//! The node does the handshakes, reads the files and reads them again when they change; an adaptor sees plain bytes. The
//! settings are one type, so that every adaptor has the same keys in its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Certificates of a listener, and whom it believes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// File with the listener's own certificate and what leads from it to an authority, in PEM, its own first. Read
    /// again when it changes.
    #[schemars(with = "String", length(min = 1), extend("x-reload" = "restart-adaptor"))]
    pub certificate: PathBuf,
    /// File with the private key of `certificate`, in PEM. Read again when it changes.
    #[schemars(with = "String", length(min = 1), extend("x-reload" = "restart-adaptor"))]
    pub key: PathBuf,
    /// Files with the authorities, in PEM, that certificates of clients must lead to. Without any, clients are not asked
    /// for a certificate.
    #[serde(default)]
    #[schemars(with = "Vec<String>", extend("x-reload" = "restart-adaptor"))]
    pub client_roots: Vec<PathBuf>,
    /// Whether a client without a certificate is refused. Needs `client_roots`.
    #[serde(default)]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub client_certificate_required: bool,
    /// Files with the authorities, in PEM, that certificates of servers must lead to, for connections that are opened
    /// from this listener. Without any, the authorities that the system trusts.
    #[serde(default)]
    #[schemars(with = "Vec<String>", extend("x-reload" = "restart-adaptor"))]
    pub server_roots: Vec<PathBuf>,
    /// File with the certificate, in PEM, that is shown to servers that ask for one; `certificate` unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("x-reload" = "restart-adaptor"))]
    pub client_certificate: Option<PathBuf>,
    /// File with the private key of `client_certificate`, in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("x-reload" = "restart-adaptor"))]
    pub client_key: Option<PathBuf>,
    /// Takes any certificate of a server for good: anybody on the way can then read and change everything. For labs.
    #[serde(default)]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub insecure_skip_verification: bool,
    /// How long a handshake may take.
    #[serde(default = "handshake_timeout", with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub handshake_timeout: Duration,
    /// Handshakes of one address that may be under way at one time, so that whoever begins many and ends none keeps nobody out.
    #[serde(default = "handshakes_per_ip")]
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "handshakes", "x-reload" = "restart-adaptor"))]
    pub handshakes_per_ip: u32,
}

fn handshakes_per_ip() -> u32 {
    200
}

fn handshake_timeout() -> Duration {
    Duration::from_secs(10)
}

impl Tls {
    /// With an own certificate, no question for those of clients, and servers verified by the system's authorities.
    #[must_use]
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            client_roots: Vec::new(),
            client_certificate_required: false,
            server_roots: Vec::new(),
            client_certificate: None,
            client_key: None,
            insecure_skip_verification: false,
            handshake_timeout: handshake_timeout(),
            handshakes_per_ip: handshakes_per_ip(),
        }
    }

    /// What contradicts itself, as key and problem: for [`Protocol::verify`](super::Protocol::verify).
    ///
    /// # Errors
    /// The key, relative to these settings, and what is wrong with it.
    pub fn verify(&self) -> Result<(), (&'static str, &'static str)> {
        if self.client_certificate_required && self.client_roots.is_empty() {
            return Err((
                "client_certificate_required",
                "needs `client_roots`, which say whose certificates are good",
            ));
        }
        if self.client_certificate.is_some() != self.client_key.is_some() {
            let key = if self.client_key.is_none() {
                "client_certificate"
            } else {
                "client_key"
            };
            return Err((
                key,
                "`client_certificate` and `client_key` are set together",
            ));
        }
        let most = Duration::from_secs(300);
        if self.handshake_timeout.is_zero() || self.handshake_timeout > most {
            return Err(("handshake_timeout", "must be more than zero, 5 min at most"));
        }
        Ok(())
    }
}

/// Whom connections to others believe, for adaptors that open them without a listener.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClientTls {
    /// Files with the authorities, in PEM, that certificates of servers must lead to. Without any, the authorities that the
    /// system trusts. Read again when they change.
    #[schemars(with = "Vec<String>", extend("x-reload" = "restart-adaptor"))]
    pub server_roots: Vec<PathBuf>,
    /// File with the certificate, in PEM, that is shown to servers that ask for one. Read again when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("x-reload" = "restart-adaptor"))]
    pub certificate: Option<PathBuf>,
    /// File with the private key of `certificate`, in PEM. Read again when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("x-reload" = "restart-adaptor"))]
    pub key: Option<PathBuf>,
    /// Takes any certificate of a server for good: anybody on the way can then read and change everything. For labs.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub insecure_skip_verification: bool,
}

impl ClientTls {
    /// What contradicts itself, as key and problem: for [`Protocol::verify`](super::Protocol::verify).
    ///
    /// # Errors
    /// The key, relative to these settings, and what is wrong with it.
    pub fn verify(&self) -> Result<(), (&'static str, &'static str)> {
        if self.certificate.is_some() != self.key.is_some() {
            let key = if self.key.is_none() {
                "certificate"
            } else {
                "key"
            };
            return Err((key, "`certificate` and `key` are set together"));
        }
        Ok(())
    }
}

/// What a handshake has proved about the other side of a connection. All empty for a client that showed no certificate,
/// and for a server that was not verified.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Peer {
    /// It has shown a certificate that leads to one of the configured authorities; of an opened connection also that the
    /// certificate is for the name that was asked for.
    pub verified: bool,
    /// Host names of the certificate (subjectAltName dNSName), in lower case.
    pub dns: Vec<String>,
    /// URIs of the certificate (subjectAltName uniformResourceIdentifier).
    pub uris: Vec<String>,
    /// Addresses of the certificate (subjectAltName iPAddress).
    pub addresses: Vec<IpAddr>,
    /// The common name of its subject. Says something only where there is no subjectAltName.
    pub common_name: Option<String>,
    /// The name under which it was asked for: by the client of an accepted connection (SNI), by us for an opened one.
    pub server_name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_itself_is_named() {
        let good = Tls::new("cert.pem", "key.pem");
        assert_eq!(good.verify(), Ok(()));
        let key = |tls: Tls| tls.verify().unwrap_err().0;
        let mut tls = good.clone();
        tls.client_certificate_required = true;
        assert_eq!(key(tls), "client_certificate_required");
        let mut tls = good.clone();
        tls.client_key = Some("other.pem".into());
        assert_eq!(key(tls), "client_key");
        let mut tls = good;
        tls.handshake_timeout = Duration::ZERO;
        assert_eq!(key(tls), "handshake_timeout");
    }
}
