//! What a power cut would have left of a directory: for tests of durability.
//!
//! [`build`] compiles `powercut.c` with the system's C compiler into a library to preload. A program started with it
//! ([`Cut::preload`]) works as ever, while a shadow of one directory collects what it has synced. Kill the program at any
//! moment and [`Cut::restore`] gives the directory that a disk which loses everything unsynced would show. What the library
//! follows and what it does not is said at its head.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use strowger_powercut::Cut;
//! let cut = Cut::new("data".as_ref(), "shadow".as_ref(), None)?;
//! let mut child = cut.preload(&mut std::process::Command::new("strowger"))?.spawn()?;
//! // ... some traffic, and in the middle of it:
//! child.kill()?;
//! child.wait()?;
//! cut.restore("after-the-cut".as_ref())?;
//! # Ok(())
//! # }
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use thiserror::Error;

/// Why the tool did not work.
#[derive(Debug, Error)]
pub enum PowercutError {
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

/// Compiles the library once per process and gives its path. It lies beside the running program.
///
/// # Errors
/// The compiler is missing or fails.
pub fn build() -> Result<&'static Path, PowercutError> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    static DRAFTS: AtomicU32 = AtomicU32::new(0);
    if let Some(path) = BUILT.get() {
        return Ok(path);
    }
    let program =
        std::env::current_exe().map_err(|e| file_error(Path::new("current program"), e))?;
    let dir = program.parent().unwrap_or(&program);
    // A name of its own until it is whole: other threads and processes may build it at the same time.
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = dir.join(format!("powercut-{}-{number}.so", std::process::id()));
    let path = dir.join("libpowercut.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/powercut.c");
    let output = Command::new("cc")
        .args([
            "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
        ])
        .args([&draft, &source])
        .args(["-ldl", "-lpthread"])
        .output()
        .map_err(|e| PowercutError::Compiler(e.to_string().into()))?;
    if !output.status.success() {
        return Err(PowercutError::Compiler(
            String::from_utf8_lossy(&output.stderr).into(),
        ));
    }
    fs::rename(&draft, &path).map_err(|e| file_error(&path, e))?;
    Ok(BUILT.get_or_init(|| path))
}

/// A watched directory and its shadow.
#[derive(Debug)]
pub struct Cut {
    dir: PathBuf,
    shadow: PathBuf,
    leak: Option<u64>,
}

impl Cut {
    /// Prepares to watch `dir`, with an empty shadow in `shadow`; both are created, and an old shadow is removed.
    ///
    /// With a seed in `leak`, some of what was not synced survives too, at random, as from a disk's cache.
    ///
    /// # Errors
    /// The directories cannot be made.
    pub fn new(dir: &Path, shadow: &Path, leak: Option<u64>) -> Result<Self, PowercutError> {
        if shadow.exists() {
            fs::remove_dir_all(shadow).map_err(|e| file_error(shadow, e))?;
        }
        for path in [dir, shadow] {
            fs::create_dir_all(path).map_err(|e| file_error(path, e))?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            shadow: shadow.to_owned(),
            leak,
        })
    }

    /// Lets a program run with the library.
    ///
    /// # Errors
    /// The library cannot be built.
    pub fn preload<'c>(&self, command: &'c mut Command) -> Result<&'c mut Command, PowercutError> {
        command
            .env("LD_PRELOAD", build()?)
            .env("STROWGER_POWERCUT_DIR", &self.dir)
            .env("STROWGER_POWERCUT_SHADOW", &self.shadow);
        if let Some(seed) = self.leak {
            command.env("STROWGER_POWERCUT_LEAK", seed.to_string());
        }
        Ok(command)
    }

    /// Builds in `to`, which is replaced, the directory that a power cut at the program's end would have left.
    ///
    /// # Errors
    /// The shadow cannot be read or `to` not be written.
    pub fn restore(&self, to: &Path) -> Result<(), PowercutError> {
        if to.exists() {
            fs::remove_dir_all(to).map_err(|e| file_error(to, e))?;
        }
        if self.shadow.join("ready").exists() {
            self.restore_dir("0", to)
        } else {
            copy_dir(&self.dir, to)
        }
    }

    fn restore_dir(&self, object: &str, to: &Path) -> Result<(), PowercutError> {
        fs::create_dir_all(to).map_err(|e| file_error(to, e))?;
        let listing = self.shadow.join("dirs").join(object);
        let entries = match fs::read_to_string(&listing) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(file_error(&listing, error)),
        };
        for line in entries.lines() {
            let mut fields = line.splitn(3, ' ');
            let (Some(kind), Some(object), Some(name)) =
                (fields.next(), fields.next(), fields.next())
            else {
                return Err(PowercutError::Shadow(listing));
            };
            let target = to.join(name);
            if kind == "d" {
                self.restore_dir(object, &target)?;
                continue;
            }
            let contents = self.shadow.join("objects").join(object);
            let copied = if contents.exists() {
                fs::copy(&contents, &target).map(drop)
            } else {
                fs::write(&target, b"")
            };
            copied.map_err(|e| file_error(&target, e))?;
        }
        Ok(())
    }
}

/// Copies a directory that the program had not touched yet.
fn copy_dir(from: &Path, to: &Path) -> Result<(), PowercutError> {
    fs::create_dir_all(to).map_err(|e| file_error(to, e))?;
    for entry in fs::read_dir(from).map_err(|e| file_error(from, e))? {
        let source = entry.map_err(|e| file_error(from, e))?.path();
        let target = to.join(source.file_name().unwrap_or_default());
        if source.is_dir() {
            copy_dir(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(|e| file_error(&target, e))?;
        }
    }
    Ok(())
}

fn file_error(path: &Path, source: io::Error) -> PowercutError {
    PowercutError::File {
        path: path.to_owned(),
        source,
    }
}
