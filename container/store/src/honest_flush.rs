//! Makes sled's flush durable.
//!
//! sled 0.34.7 ends each write with `sync_file_range` and from then on takes it for stable: it reuses segments whose pages
//! it has moved. But that call neither writes metadata nor empties the disk's cache, so a power cut that loses some writes
//! and keeps others can leave a database that opens empty, or not at all (tests/store/crash.rs finds it within minutes).
//! Where the call does not exist, sled uses `fsync`. This crate's definition comes before the C library's when a program
//! is linked, and says that it does not exist.

use nix::errno::Errno;
use std::sync::atomic::{AtomicBool, Ordering};

static CALLED: AtomicBool = AtomicBool::new(false);

/// Whether sled has come here. After a flush it must have.
pub(crate) fn in_place() -> bool {
    CALLED.load(Ordering::Relaxed)
}

#[expect(
    unsafe_code,
    reason = "a symbol of the C library is replaced; the signature is its own"
)]
#[unsafe(no_mangle)]
extern "C" fn sync_file_range(_file: i32, _offset: i64, _bytes: i64, _flags: u32) -> i32 {
    CALLED.store(true, Ordering::Relaxed);
    Errno::ENOSYS.set();
    -1
}
