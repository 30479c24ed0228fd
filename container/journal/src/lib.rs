//! Deltas and the Store port: the leaf that kernel and store share.
