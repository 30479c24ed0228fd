//! Tests of the store over its public face: one suite for every implementation of the port, and what only files can do.

mod backup;
mod check;
mod crash;
mod damage;
mod faults;
#[cfg(feature = "fjall")]
mod fjall_base;
mod golden;
mod port;
mod suite;
mod writer;
