//! The files of a listener's certificates as they were at one moment, to be compared with a later one.

use super::error::TlsError;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use strowger::ra::{ClientTls, Tls};

/// The longest file that is read.
const LONGEST: u64 = 16 * 1024 * 1024;
/// Where systems keep the authorities that they trust; the first that is there counts.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What the files held.
#[derive(PartialEq, Eq)]
pub(crate) struct Files {
    read: BTreeMap<PathBuf, Vec<u8>>,
    system: Option<Vec<u8>>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.read.keys()).finish()
    }
}

impl Files {
    /// Reads all files that settings name.
    pub(crate) fn read(tls: &Tls) -> Result<Self, TlsError> {
        let lists = [
            ("client_roots", &tls.client_roots),
            ("server_roots", &tls.server_roots),
        ];
        let lists = lists
            .into_iter()
            .flat_map(|(key, paths)| paths.iter().map(move |path| (key, path)));
        let own = [("certificate", &tls.certificate), ("key", &tls.key)];
        let shown = [
            ("client_certificate", tls.client_certificate.as_ref()),
            ("client_key", tls.client_key.as_ref()),
        ];
        let shown = shown
            .into_iter()
            .filter_map(|(key, path)| Some((key, path?)));
        let system = tls.server_roots.is_empty() && !tls.insecure_skip_verification;
        Self::all(own.into_iter().chain(shown).chain(lists), system)
    }

    /// The same of connections that are opened without a listener.
    pub(crate) fn read_client(tls: &ClientTls) -> Result<Self, TlsError> {
        let own = [
            ("certificate", tls.certificate.as_ref()),
            ("key", tls.key.as_ref()),
        ];
        let own = own.into_iter().filter_map(|(key, path)| Some((key, path?)));
        let roots = tls.server_roots.iter().map(|path| ("server_roots", path));
        let system = tls.server_roots.is_empty() && !tls.insecure_skip_verification;
        Self::all(own.chain(roots), system)
    }

    fn all<'a>(
        named: impl Iterator<Item = (&'static str, &'a PathBuf)>,
        system: bool,
    ) -> Result<Self, TlsError> {
        let mut read = BTreeMap::new();
        for (key, path) in named {
            let bytes = contents(path).map_err(|source| TlsError::Read {
                key,
                path: path.clone(),
                source,
            })?;
            read.insert(path.clone(), bytes);
        }
        let system = system.then(|| SYSTEM_ROOTS.iter().find_map(|path| contents(path).ok()));
        Ok(Self {
            read,
            system: system.flatten(),
        })
    }

    pub(super) fn get(&self, key: &'static str, path: &Path) -> Result<&[u8], TlsError> {
        let bytes = self.read.get(path).map(Vec::as_slice);
        bytes.ok_or_else(|| TlsError::Read {
            key,
            path: path.into(),
            source: io::ErrorKind::NotFound.into(),
        })
    }

    /// The authorities that the system trusts; those that cannot be read as such are left out.
    pub(super) fn system_roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let bytes = self.system.as_deref().unwrap_or_default();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(bytes).flatten());
        Arc::new(roots)
    }
}

fn contents(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    if file.take(LONGEST).read_to_end(&mut bytes)? as u64 == LONGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}
