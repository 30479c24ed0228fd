//! After a failed write or sync: what the system shows of a file may never reach the disk.
//!
//! A system that could not write a page may keep it as if it had, and tell the error once. The process that comes next
//! would read what is not there, acknowledge on top of it, and a power cut much later would take it all. So whoever sees
//! the failure leaves a mark, and whoever opens the store after it writes every file over itself, which makes all pages
//! to be written again, and syncs. The mark need not be durable: after a power cut there is nothing left to doubt.

use crate::disk::Disk;
use crate::home::Home;
use crate::segment::io_error;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use strowger_journal::StoreError;

/// Bytes that are read and written at once.
const STEP: usize = 1024 * 1024;

/// Leaves the mark.
pub(crate) fn begin(home: &Home) {
    if let Err(error) = File::create(home.doubt()) {
        tracing::warn!(%error, "the next process will not know that a write or a sync has failed");
    }
}

/// Has everything written once more, if there is a mark, and takes it away.
pub(crate) fn settle(home: &Home, disk: &dyn Disk) -> Result<(), StoreError> {
    let mark = home.doubt();
    if !mark.exists() {
        return Ok(());
    }
    tracing::warn!(
        dir = %home.dir().display(),
        "a write or a sync had failed: all files of the store are written once more"
    );
    for dir in [home.journal(), home.checkpoint()] {
        if dir.exists() {
            rewrite_all(&dir, disk)?;
        }
    }
    disk.remove(&mark)
        .map_err(|e| io_error("remove", &mark, e))?;
    disk.sync_dir(home.dir())
        .map_err(|e| io_error("sync", home.dir(), e))
}

fn rewrite_all(dir: &Path, disk: &dyn Disk) -> Result<(), StoreError> {
    for entry in fs::read_dir(dir).map_err(|e| io_error("list", dir, e))? {
        let path = entry.map_err(|e| io_error("list", dir, e))?.path();
        if path.is_dir() {
            rewrite_all(&path, disk)?;
        } else {
            rewrite(&path).map_err(|e| io_error("write", &path, e))?;
        }
    }
    disk.sync_dir(dir).map_err(|e| io_error("sync", dir, e))
}

/// Writes a file over itself. A crash in between leaves the same bytes.
fn rewrite(path: &Path) -> io::Result<()> {
    let file = File::options().read(true).write(true).open(path)?;
    let mut step = vec![0; STEP];
    let mut at = 0;
    loop {
        let read = file.read_at(&mut step, at)?;
        if read == 0 {
            return file.sync_all();
        }
        file.write_all_at(step.get(..read).unwrap_or_default(), at)?;
        at += read as u64;
    }
}
