//! Disks that fail, for tests of durability: [`Cut`] is one that loses power, [`Quota`] one that has no space left.
//!
//! Each is a library in C, compiled with the system's compiler, which is preloaded into the program under test. What a
//! library follows and what it does not is said at its head. No rights are needed, and no file system but the usual one.
//!
//! [`Cut`]: while the program works as ever, a shadow of one directory collects what it has synced. Kill the program at any
//! moment, and [`Cut::restore`] gives the directory that a disk which loses everything unsynced would show.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use strowger_disks::Cut;
//! let cut = Cut::new("data".as_ref(), "shadow".as_ref(), None)?;
//! let mut child = cut.preload(&mut std::process::Command::new("strowger"))?.spawn()?;
//! // ... some traffic, and in the middle of it:
//! child.kill()?;
//! child.wait()?;
//! cut.restore("after-the-cut".as_ref())?;
//! # Ok(())
//! # }
//! ```

mod full;
mod power;

pub use full::Quota;
pub use power::Cut;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use thiserror::Error;

/// Why the tool did not work.
#[derive(Debug, Error)]
pub enum DiskError {
    /// There is no C compiler, or it failed.
    #[error("cannot compile the preload library; is a C compiler (cc) installed?\n{0}")]
    Compiler(Box<str>),
    /// A file could not be read or written.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The shadow holds something that the library does not write.
    #[error("the shadow is damaged: {}", .0.display())]
    Shadow(PathBuf),
}

/// A library to preload.
struct Library {
    name: &'static str,
    source: &'static str,
    built: OnceLock<PathBuf>,
}

impl Library {
    const fn new(name: &'static str, source: &'static str) -> Self {
        Self {
            name,
            source,
            built: OnceLock::new(),
        }
    }

    /// Compiles it once per process and gives its path. It lies beside the running program.
    fn built(&self) -> Result<&Path, DiskError> {
        static DRAFTS: AtomicU32 = AtomicU32::new(0);
        if let Some(path) = self.built.get() {
            return Ok(path);
        }
        let program =
            std::env::current_exe().map_err(|e| file_error(Path::new("current program"), e))?;
        let dir = program.parent().unwrap_or(&program);
        // A name of its own until it is whole: other threads and processes may build it at the same time.
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let draft = dir.join(format!("{}-{}-{number}", self.name, std::process::id()));
        let (source, library) = (draft.with_extension("c"), draft.with_extension("so"));
        fs::write(&source, self.source).map_err(|e| file_error(&source, e))?;
        let output = Command::new("cc")
            .args([
                "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
            ])
            .args([&library, &source])
            .args(["-ldl", "-lpthread"])
            .output()
            .map_err(|e| DiskError::Compiler(e.to_string().into()))?;
        fs::remove_file(&source).map_err(|e| file_error(&source, e))?;
        if !output.status.success() {
            return Err(DiskError::Compiler(
                String::from_utf8_lossy(&output.stderr).into(),
            ));
        }
        let path = dir.join(format!("lib{}.so", self.name));
        fs::rename(&library, &path).map_err(|e| file_error(&path, e))?;
        Ok(self.built.get_or_init(|| path))
    }
}

fn file_error(path: &Path, source: io::Error) -> DiskError {
    DiskError::File {
        path: path.to_owned(),
        source,
    }
}
