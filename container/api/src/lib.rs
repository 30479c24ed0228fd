//! What authors of services and resource adaptors import.
