//! Journal files, checkpoints in sled, recovery.
