//! Tests of the node, in virtual time.
