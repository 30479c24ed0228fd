//! What the system says of this process, for its status, and how it is to give it memory.
//!
//! Asked only when somebody asks; what the system does not tell stays at zero.

use crate::status::{Process, Status};
use nix::sys::prctl::set_thp_disable;
use nix::sys::resource::{Resource, getrlimit};
use nix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Adds what only the system knows.
pub(crate) fn complete(status: &mut Status) {
    status.pid = std::process::id();
    status.version = env!("CARGO_PKG_VERSION").to_owned();
    status.process = read();
    status.resident_bytes = status.process.resident_bytes;
}

/// Takes memory in pages of the usual size from here on. Allocators give back what is free in pieces smaller than a huge page,
/// and the kernel makes huge pages of what is left, whole ones again: memory that is free would be taken bit by bit as time
/// goes by.
pub(crate) fn take_usual_pages() {
    if let Err(error) = set_thp_disable(true) {
        tracing::debug!(%error, "huge pages stay as the system has them");
    }
}

/// The process as it is.
fn read() -> Process {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    Process {
        resident_bytes: field(&status, "VmRSS:").unwrap_or(0) * 1_024,
        threads: field(&status, "Threads:").unwrap_or(0),
        cpu_us: cpu(ClockId::CLOCK_PROCESS_CPUTIME_ID),
        open_files: open_files(),
        open_files_max: getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft),
    }
}

/// Microseconds of CPU that the calling thread has used.
pub(crate) fn thread_cpu_us() -> u64 {
    cpu(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

fn cpu(clock: ClockId) -> u64 {
    let used = clock_gettime(clock).map(Duration::from).unwrap_or_default();
    u64::try_from(used.as_micros()).unwrap_or(u64::MAX)
}

/// The number behind a name in `/proc/self/status`.
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Since Linux 6.2 the directory's size is their number; before, they are counted.
fn open_files() -> u64 {
    const OPEN: &str = "/proc/self/fd";
    match std::fs::metadata(OPEN).map_or(0, |data| data.len()) {
        0 => std::fs::read_dir(OPEN).map_or(0, |all| all.count() as u64),
        n => n,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_threads_files_and_has_used_the_processor() {
        let process = read();
        assert!(process.resident_bytes > 100_000, "{process:?}");
        assert!(process.threads > 0 && process.cpu_us > 0, "{process:?}");
        assert!(
            (3..=process.open_files_max).contains(&process.open_files),
            "{process:?}"
        );
        assert!(thread_cpu_us() <= read().cpu_us);
    }
}
