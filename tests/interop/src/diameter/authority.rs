//! A certificate authority of one run: a certificate for each Diameter identity, whose name it has as CN and as DNS name.

use crate::error::{Result, io};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Signs for identities; files in PEM lie in its directory.
pub struct Authority {
    dir: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// Where the certificate and the key of an identity are.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Who signed it.
    pub authority: PathBuf,
}

impl Authority {
    /// A new one, that keeps its files in `dir`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn new(dir: &Path) -> Result<Self> {
        let mut params = named("Strowger test authority")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // GnuTLS asks for it where OpenSSL and rustls do not.
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, key()?)?;
        let dir = dir.to_path_buf();
        fs::write(dir.join("authority.pem"), issuer.pem()).map_err(io("write a certificate"))?;
        Ok(Self { dir, issuer })
    }

    /// A certificate for this identity.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn sign(&self, identity: &str) -> Result<Files> {
        let mut params = named(identity)?;
        params.subject_alt_names = vec![rcgen::SanType::DnsName(identity.try_into()?)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = key()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let files = Files {
            certificate: self.dir.join(format!("{identity}.pem")),
            key: self.dir.join(format!("{identity}.key")),
            authority: self.dir.join("authority.pem"),
        };
        fs::write(&files.certificate, certificate.pem()).map_err(io("write a certificate"))?;
        fs::write(&files.key, key.serialize_pem()).map_err(io("write a key"))?;
        Ok(files)
    }

    /// For a [`Link`](super::link::Link) that is a client with this identity.
    ///
    /// # Errors
    /// When its certificate cannot be made.
    pub fn client(&self, identity: &str) -> Result<Arc<ClientConfig>> {
        let (chain, key, roots) = self.sign(identity)?.read()?;
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
        Ok(Arc::new(config))
    }

    /// For a [`Link`](super::link::Link) that is a server with this identity; it asks for no certificate.
    ///
    /// # Errors
    /// When its certificate cannot be made.
    pub fn server(&self, identity: &str) -> Result<Arc<ServerConfig>> {
        let (chain, key, _) = self.sign(identity)?.read()?;
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
        Ok(Arc::new(config))
    }
}

type Identity = (
    Vec<CertificateDer<'static>>,
    PrivateKeyDer<'static>,
    RootCertStore,
);

impl Files {
    fn read(&self) -> Result<Identity> {
        let unread = |_| rcgen::Error::CouldNotParseCertificate;
        let chain = CertificateDer::from_pem_file(&self.certificate).map_err(unread)?;
        let root = CertificateDer::from_pem_file(&self.authority).map_err(unread)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(unread)?;
        let mut roots = RootCertStore::empty();
        roots
            .add(root)
            .map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
        Ok((vec![chain], key, roots))
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "authority in {}", self.dir.display())
    }
}

fn named(name: &str) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn key() -> Result<KeyPair> {
    Ok(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?)
}
