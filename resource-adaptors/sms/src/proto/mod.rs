//! The sans-IO stack, from bytes to sessions and texts.

pub mod fuzz;
pub mod receipt;
pub mod rp;
pub mod session;
pub mod text;
pub mod time;
pub mod tpdu;
pub mod wire;
