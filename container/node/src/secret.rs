//! The store's secret: 16 bytes that place activities in slots and sign ids that come back from outside.
//!
//! Made once, when the data directory is new, and kept in `DIR/secret`. With another secret, messages of calls that
//! live on after a restart would not find their slots; so a store without its secret is refused, not given a new one.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file in the data directory.
const NAME: &str = "secret";
/// The directory of the store in the data directory.
pub(crate) const STORE: &str = "store";

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store is there and its secret is not.
    #[error("{} is missing, but there is a store beside it", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a secret.
    #[error("{} does not hold a secret of 16 bytes", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
}

/// Reads the secret of a data directory, or makes one for a new directory.
pub(crate) fn load_or_create(data_dir: &Path) -> Result<[u8; 16], SecretError> {
    let path = data_dir.join(NAME);
    let failed = |source| SecretError::Io {
        path: path.clone(),
        source,
    };
    match File::open(&path) {
        Ok(mut file) => {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(failed)?;
            bytes
                .try_into()
                .map_err(|_| SecretError::Damaged { path: path.clone() })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if data_dir.join(STORE).exists() {
                return Err(SecretError::Missing { path });
            }
            let mut secret = [0; 16];
            getrandom::fill(&mut secret)?;
            create(data_dir, &path, secret).map_err(failed)?;
            Ok(secret)
        }
        Err(error) => Err(failed(error)),
    }
}

/// 32 bytes that nobody can guess.
pub(crate) fn seed() -> Result<[u8; 32], SecretError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(seed)
}

/// Whole or not at all, whenever the power goes.
fn create(data_dir: &Path, path: &Path, secret: [u8; 16]) -> io::Result<()> {
    // What calls leave behind is for the node's own user, whatever the umask is.
    let mut private = DirBuilder::new();
    private.recursive(true).mode(0o700).create(data_dir)?;
    let new = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    File::open(data_dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_stays_and_is_never_replaced_beside_a_store() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let made = load_or_create(&data).unwrap();
        for (path, mode) in [(data.clone(), 0o700), (data.join(NAME), 0o600)] {
            let permissions = std::fs::metadata(&path).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, mode, "{}", path.display());
        }
        assert_eq!(load_or_create(&data).unwrap(), made);
        std::fs::create_dir(data.join(STORE)).unwrap();
        std::fs::remove_file(data.join(NAME)).unwrap();
        assert!(matches!(
            load_or_create(&data),
            Err(SecretError::Missing { .. })
        ));
        std::fs::write(data.join(NAME), b"short").unwrap();
        assert!(matches!(
            load_or_create(&data),
            Err(SecretError::Damaged { .. })
        ));
    }
}
