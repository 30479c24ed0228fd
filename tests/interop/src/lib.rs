//! Tests of a running node against real peers.
