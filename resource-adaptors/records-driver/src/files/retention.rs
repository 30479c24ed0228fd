//! Which finished files are removed: the oldest, where there are more of them, or older ones, than are to be kept.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use strowger_records::FileSettings;

use super::{FINISHED, is_ours};

/// Removes what is not to be kept.
pub(super) fn retain(directory: &Path, prefix: &str, settings: &FileSettings) -> io::Result<()> {
    let (files, bytes, age) = (settings.keep_files, settings.keep_bytes, settings.keep_age);
    if files == 0 && bytes == 0 && age.is_zero() {
        return Ok(());
    }
    let now = SystemTime::now();
    let (mut kept_files, mut kept_bytes) = (0, 0);
    for (name, length, modified) in finished(directory, prefix)? {
        let old = now.duration_since(modified).unwrap_or(Duration::ZERO);
        kept_files += 1;
        kept_bytes += length;
        let remove = (files > 0 && kept_files > files)
            || (bytes > 0 && kept_bytes > bytes)
            || (!age.is_zero() && old > age);
        if remove {
            match fs::remove_file(directory.join(&name)) {
                Ok(()) => tracing::info!(file = name, "a file of records is not kept any longer"),
                // Whoever collects them was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Finished files, the newest first: their names, lengths and times.
fn finished(directory: &Path, prefix: &str) -> io::Result<Vec<(String, u64, SystemTime)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_ours(&name, prefix, FINISHED) {
            continue;
        }
        // One that is taken away meanwhile is none to be removed.
        if let Ok(data) = entry.metadata() {
            all.push((name, data.len(), data.modified()?));
        }
    }
    all.sort_by(|a, b| b.0.cmp(&a.0));
    Ok(all)
}
