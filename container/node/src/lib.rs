//! The process: shard thread, adaptor drivers, sockets, lifecycle.
