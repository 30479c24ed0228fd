//! Bodies of the fuzz targets in `tests/fuzz`: any bytes in, a panic if the stack breaks a promise.
//!
//! They live here so that the ordinary tests replay the corpora and mutate them with the very same code. Not part of
//! the adaptor's interface.

mod smpp;
mod text;
mod tpdu;

pub use smpp::{smpp_pdu, smpp_session, smpp_stream};
pub use text::{sms_parts, sms_text};
pub use tpdu::{sms_rp, sms_tpdu};
