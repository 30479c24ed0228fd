//! A SLEE in memory with virtual time.
