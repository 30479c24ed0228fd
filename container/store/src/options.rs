//! How a store is set up.

use std::time::Duration;

/// Sizes and times of a store. The defaults suit a node; tests make them small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreOptions {
    /// Size to which a journal segment is allocated, and at which the next one begins. Default 16 MiB.
    pub segment_bytes: u64,
    /// Bytes of journal after which a checkpoint is made. Default 64 MiB.
    pub checkpoint_bytes: u64,
    /// Time after which a checkpoint is made when anything changed. Default 10 s.
    pub checkpoint_interval: Duration,
    /// Memory that the checkpoint database may use as a cache. Default 16 MiB.
    pub cache_bytes: u64,
    /// Disk space kept back for the day the disk is full. Default 64 MiB.
    pub reserve_bytes: u64,
    /// Free space below which the store reports low space. Default 256 MiB.
    pub low_water_bytes: u64,
    /// How soon free space is looked at again while commits come. Default 20 ms.
    pub space_interval: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            segment_bytes: 16 * MIB,
            checkpoint_bytes: 64 * MIB,
            checkpoint_interval: Duration::from_secs(10),
            cache_bytes: 16 * MIB,
            reserve_bytes: 64 * MIB,
            low_water_bytes: 256 * MIB,
            space_interval: Duration::from_millis(20),
        }
    }
}
