//! SMS peers: others' ESMEs and SMSCs started by the runs, and a scripted ESME and SMSC with their own reading of SMPP.

pub mod esme;
pub mod ground;
pub mod http;
pub mod kannel;
pub mod link;
pub mod load;
pub mod pdu;
pub mod probe;
pub mod scripts;
pub mod smsc;

use std::path::{Path, PathBuf};

/// A file of this crate's folder `sms`.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sms").join(name)
}
