//! A certificate authority of one flow, and what it signs: one certificate for the node, one for clients.

use crate::error::{Result, io};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

/// Files in PEM.
#[derive(Debug)]
pub(crate) struct Certificates {
    dir: PathBuf,
}

impl Certificates {
    /// The node's is for `node` and for the domain `office.example`.
    pub(super) fn make(dir: &Path, node: Ipv4Addr) -> Result<Self> {
        let made = Self {
            dir: dir.to_path_buf(),
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
        made.sign("node", &server, &issuer)?;
        let mut client = named("client.office.example")?;
        client.subject_alt_names = vec![SanType::DnsName("client.office.example".try_into()?)];
        made.sign("client", &client, &issuer)?;
        Ok(made)
    }

    /// `ca.pem`, `node.pem`, `node.key`, `client.pem` or `client.key`.
    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    fn sign(
        &self,
        name: &str,
        params: &CertificateParams,
        issuer: &CertifiedIssuer<'_, KeyPair>,
    ) -> Result {
        let key = key()?;
        let certificate = params.signed_by(&key, issuer)?;
        self.write(&format!("{name}.pem"), &certificate.pem())?;
        self.write(&format!("{name}.key"), &key.serialize_pem())
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
