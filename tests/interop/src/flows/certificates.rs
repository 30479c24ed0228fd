//! A certificate authority of one flow, and what it signs: one certificate for the node, one for clients.

use crate::error::{Result, io};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    PublicKeyData as _, SanType,
};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files in PEM.
#[derive(Debug)]
pub(crate) struct Certificates {
    dir: PathBuf,
    /// SHA-256 of the node's public key, as browsers pin it.
    pin: String,
}

impl Certificates {
    /// The node's is for `node` and for the domain `office.example`.
    pub(crate) fn make(dir: &Path, node: Ipv4Addr) -> Result<Self> {
        Self::make_until(dir, node, None)
    }

    /// The same with a certificate of the node that ends.
    pub(crate) fn make_until(dir: &Path, node: Ipv4Addr, ends: Option<SystemTime>) -> Result<Self> {
        let mut made = Self {
            dir: dir.to_path_buf(),
            pin: String::new(),
        };
        let mut params = named("Strowger test authority")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key()?)?;
        made.write("ca.pem", &issuer.pem())?;
        let mut server = named("office.example")?;
        server.subject_alt_names = vec![
            SanType::IpAddress(IpAddr::V4(node)),
            SanType::DnsName("office.example".try_into()?),
        ];
        if let Some(ends) = ends {
            server.not_after = ends.into();
        }
        let key = made.sign("node", &server, &issuer)?;
        made.pin = BASE64.encode(Sha256::digest(key.subject_public_key_info()));
        let mut client = named("client.office.example")?;
        let [a, b, c, _] = node.octets();
        // Phones that are called by address have one of these.
        let addresses = (2..10).map(|last| SanType::IpAddress(Ipv4Addr::new(a, b, c, last).into()));
        client.subject_alt_names = addresses.collect();
        made.sign("client", &client, &issuer)?;
        Ok(made)
    }

    /// `ca.pem`, `node.pem`, `node.key`, `client.pem`, `client.key`, or `client-and-key.pem`.
    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    /// What a browser is told to trust: the node's key alone.
    pub(crate) fn pin(&self) -> &str {
        &self.pin
    }

    fn sign(
        &self,
        name: &str,
        params: &CertificateParams,
        issuer: &CertifiedIssuer<'_, KeyPair>,
    ) -> Result<KeyPair> {
        let key = key()?;
        let certificate = params.signed_by(&key, issuer)?;
        self.write(&format!("{name}.pem"), &certificate.pem())?;
        self.write(&format!("{name}.key"), &key.serialize_pem())?;
        let both = format!("{}{}", certificate.pem(), key.serialize_pem());
        self.write(&format!("{name}-and-key.pem"), &both)?;
        Ok(key)
    }

    fn write(&self, name: &str, text: &str) -> Result {
        fs::write(self.dir.join(name), text).map_err(io("write a certificate"))
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
