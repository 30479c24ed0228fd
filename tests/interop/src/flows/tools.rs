//! Where the clients are that `cargo xtask peers` installs beside the Debian packages: `target/tools`.

use crate::error::{Result, RunError, io};
use std::path::{Path, PathBuf};

/// Python packages: pjsua2, sippy, sipvicious, schemathesis.
pub(crate) fn python() -> Result<PathBuf> {
    existing(home()?.join("peers-python"))
}

/// npm packages: JsSIP, SIP.js, playwright-core, esbuild.
pub(crate) fn node_modules() -> Result<PathBuf> {
    existing(home()?.join("peers-npm/node_modules"))
}

/// Scripts of this crate that drive clients.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("phones")
        .join(name)
}

/// The folder of a build, where tools and what runs leave behind are.
pub(crate) fn target() -> Result<PathBuf> {
    let me = std::env::current_exe().map_err(io("find this program"))?;
    let profile = me
        .ancestors()
        .find(|p| p.ends_with("debug") || p.ends_with("release"));
    let target = profile.and_then(Path::parent);
    Ok(target.unwrap_or_else(|| Path::new("target")).to_path_buf())
}

fn home() -> Result<PathBuf> {
    Ok(target()?.join("tools"))
}

fn existing(path: PathBuf) -> Result<PathBuf> {
    if path.exists() {
        return Ok(path);
    }
    Err(RunError::NoPeer(path))
}
