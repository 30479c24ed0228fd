//! Certificates of listeners: from files to what handshakes are done with.
//!
//! What a listener has is loaded as a whole or not at all. Files are never read on the shard's thread once the node
//! serves: the supervisor does, and gives the shard what it made of them. Not here: handshakes (`net::secure`).

mod error;
mod files;
mod names;
mod watch;

pub use error::TlsError;
pub(crate) use files::Files;
pub(crate) use names::{peer, valid_until};
pub(crate) use watch::{Renewed, Use, Watch, Watched};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, WebPkiServerVerifier};
use rustls::crypto::ring;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{NoServerSessionStorage, ServerConfig, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{DigitallySignedStruct, Error, InconsistentKeys, RootCertStore, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use strowger::ra::{ClientTls, Tls};
use strowger_driver::ServerTls;

/// What handshakes of a listener are done with.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) client: Arc<ClientConfig>,
    /// Certificates of servers are verified.
    pub(crate) verifies: bool,
    pub(crate) handshake_timeout: Duration,
    pub(crate) handshakes_per_ip: u32,
    /// When the first of the listener's own certificates is over: seconds since 1970.
    pub(crate) valid_until: u64,
}

impl Credentials {
    /// The same for a driver, which does the handshakes of its listeners.
    pub(crate) fn for_driver(&self) -> ServerTls {
        ServerTls {
            config: Arc::clone(&self.server),
            handshake_timeout: self.handshake_timeout,
            handshakes_per_ip: self.handshakes_per_ip,
            peer,
        }
    }
}

/// Reads the files that settings name, and makes credentials of them.
pub(crate) fn load(tls: &Tls) -> Result<(Credentials, Files), TlsError> {
    let files = Files::read(tls)?;
    Ok((credentials(tls, &files)?, files))
}

/// The same for connections that are opened without a listener.
pub(crate) fn load_client(tls: &ClientTls) -> Result<(ClientCredentials, Files), TlsError> {
    let files = Files::read_client(tls)?;
    Ok((client_credentials(tls, &files)?, files))
}

/// What handshakes of connections that are opened without a listener are done with.
#[derive(Clone, Debug)]
pub(crate) struct ClientCredentials {
    pub(crate) client: Arc<ClientConfig>,
    /// When the first of its own certificates is over, seconds since 1970; never without one.
    pub(crate) valid_until: u64,
}

/// Makes them of files that were read.
pub(crate) fn client_credentials(
    tls: &ClientTls,
    files: &Files,
) -> Result<ClientCredentials, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let shown = match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => {
            let names = (("certificate", &**certificate), ("key", &**key));
            Some(identity(names.0, names.1, files, &provider)?)
        }
        _ => None,
    };
    let believed = Believed {
        server_roots: &tls.server_roots,
        anybody: tls.insecure_skip_verification,
    };
    Ok(ClientCredentials {
        valid_until: shown.as_ref().map_or(u64::MAX, valid_until),
        client: Arc::new(client(&believed, shown, files, &provider)?),
    })
}

/// Makes credentials of files that were read.
pub(crate) fn credentials(tls: &Tls, files: &Files) -> Result<Credentials, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let own = identity(
        ("certificate", &tls.certificate),
        ("key", &tls.key),
        files,
        &provider,
    )?;
    let mut valid_until = valid_until(&own);
    let shown = match (&tls.client_certificate, &tls.client_key) {
        (Some(certificate), Some(key)) => {
            let names = (
                ("client_certificate", certificate.as_path()),
                ("client_key", key.as_path()),
            );
            let shown = identity(names.0, names.1, files, &provider)?;
            valid_until = valid_until.min(names::valid_until(&shown));
            shown
        }
        _ => own.clone(),
    };
    let believed = Believed {
        server_roots: &tls.server_roots,
        anybody: tls.insecure_skip_verification,
    };
    Ok(Credentials {
        server: Arc::new(server(tls, own, files, &provider)?),
        client: Arc::new(client(&believed, Some(shown), files, &provider)?),
        verifies: !tls.insecure_skip_verification,
        handshake_timeout: tls.handshake_timeout,
        handshakes_per_ip: tls.handshakes_per_ip,
        valid_until,
    })
}

/// A key of settings, and the file that it names.
type Named<'a> = (&'static str, &'a Path);

fn identity(
    (certificate_key, certificate): Named<'_>,
    (key_key, key): Named<'_>,
    files: &Files,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(certificate_key, certificate, files)?;
    let bytes = files.get(key_key, key)?;
    let secret = PrivateKeyDer::from_pem_slice(bytes).map_err(|source| TlsError::Pem {
        key: key_key,
        path: key.into(),
        source,
    })?;
    let unusable = |source| TlsError::Unusable {
        key: key_key,
        path: key.into(),
        source,
    };
    let secret = provider.key_provider.load_private_key(secret);
    let identity = CertifiedKey::new(chain, secret.map_err(unusable)?);
    match identity.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(identity),
        Err(source) => Err(unusable(source)),
    }
}

fn certificates(
    key: &'static str,
    path: &Path,
    files: &Files,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = files.get(key, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    let found = found.map_err(|source| TlsError::Pem {
        key,
        path: path.into(),
        source,
    })?;
    if found.is_empty() {
        return Err(TlsError::NoCertificate {
            key,
            path: path.into(),
        });
    }
    Ok(found)
}

fn roots<'a>(
    key: &'static str,
    paths: impl Iterator<Item = &'a Path>,
    files: &Files,
) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for path in paths {
        for certificate in certificates(key, path, files)? {
            roots
                .add(certificate)
                .map_err(|source| TlsError::Unusable {
                    key,
                    path: path.into(),
                    source,
                })?;
        }
    }
    Ok(Arc::new(roots))
}

fn server(
    tls: &Tls,
    own: CertifiedKey,
    files: &Files,
    provider: &Arc<CryptoProvider>,
) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?;
    let builder = if tls.client_roots.is_empty() {
        builder.with_no_client_auth()
    } else {
        let key = "client_roots";
        let roots = roots(key, tls.client_roots.iter().map(AsRef::as_ref), files)?;
        let mut clients = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
        if !tls.client_certificate_required {
            clients = clients.allow_unauthenticated();
        }
        let clients = clients
            .build()
            .map_err(|source| TlsError::Roots { key, source })?;
        builder.with_client_cert_verifier(clients)
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
    // Sessions are resumed by tickets that hold all of them: nothing is kept per client.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = ring::Ticketer::new().map_err(TlsError::Setup)?;
    config.send_tls13_tickets = 1;
    Ok(config)
}

/// Whose certificates a client takes.
struct Believed<'a> {
    server_roots: &'a [PathBuf],
    anybody: bool,
}

fn client(
    believed: &Believed<'_>,
    shown: Option<CertifiedKey>,
    files: &Files,
    provider: &Arc<CryptoProvider>,
) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?;
    let verifier: Arc<dyn ServerCertVerifier> = if believed.anybody {
        Arc::new(AnyServer(Arc::clone(provider)))
    } else {
        let key = "server_roots";
        let roots = if believed.server_roots.is_empty() {
            files.system_roots()
        } else {
            roots(key, believed.server_roots.iter().map(AsRef::as_ref), files)?
        };
        if roots.is_empty() {
            Arc::new(NoServer(Arc::clone(provider)))
        } else {
            WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
                .build()
                .map_err(|source| TlsError::Roots { key, source })?
        }
    };
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    Ok(match shown {
        Some(shown) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(shown))),
        None => builder.with_no_client_auth(),
    })
}

macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let known = &self.0.signature_verification_algorithms;
            verify_tls12_signature(message, certificate, signed, known)
        }
        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let known = &self.0.signature_verification_algorithms;
            verify_tls13_signature(message, certificate, signed, known)
        }
        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    };
}

/// Takes any certificate, for `insecure_skip_verification`.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }
    signatures!();
}

/// Takes none: no authority is trusted.
#[derive(Debug)]
struct NoServer(Arc<CryptoProvider>);

impl ServerCertVerifier for NoServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Err(rustls::CertificateError::UnknownIssuer.into())
    }
    signatures!();
}
