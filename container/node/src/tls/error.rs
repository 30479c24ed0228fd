//! Why certificates cannot be used.

use rustls::pki_types::pem;
use rustls::server::VerifierBuilderError;
use std::io;
use std::path::PathBuf;

/// Why the certificates of a listener cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{key}: cannot read {}", path.display())]
    Read {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not PEM, or holds nothing of what is looked for.
    #[error("{key}: {} is not what is needed in PEM", path.display())]
    Pem {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// A file holds no certificate.
    #[error("{key}: {} holds no certificate in PEM", path.display())]
    NoCertificate {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A key or certificate is of a kind that is not known, or the two do not belong together.
    #[error("{key}: {} cannot be used", path.display())]
    Unusable {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// Nothing can be verified by the authorities.
    #[error("{key}: the authorities cannot be used")]
    Roots {
        /// The key that names them.
        key: &'static str,
        /// What is wrong.
        source: VerifierBuilderError,
    },
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up")]
    Setup(#[source] rustls::Error),
}

impl TlsError {
    /// The key of [`strowger::ra::Tls`] that is wrong.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Read { key, .. }
            | Self::Pem { key, .. }
            | Self::NoCertificate { key, .. }
            | Self::Unusable { key, .. }
            | Self::Roots { key, .. } => key,
            Self::Setup(_) => "certificate",
        }
    }
}
