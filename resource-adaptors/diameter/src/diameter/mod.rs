//! Conversions to and from the AVPs of the crate `diameter`, so that service code written against it works.
//!
//! At the edge only: nothing of the stack uses the crate, and its messages, codec, client and server are not used at all
//! (docs/diameter-crate.md lists why). [`CrateTypes`] holds its dictionary, filled from ours without any XML; it makes an
//! `Avp` of the crate from one of a checked message, and [`write()`] writes one of the crate into a message of ours.
//!
//! What the crate cannot hold as a value it gets as an OctetString with the same bytes: AVPs that no definition knows, filter
//! rules, and addresses that are neither IPv4 nor IPv6. Lengths are counted anew on the way back, and times know their era.

mod from_crate;
mod to_crate;

use crate::proto::wire::ValueError;

pub use from_crate::write;
pub use to_crate::CrateTypes;

/// Groups inside each other that are converted.
const DEPTH_MAX: usize = 16;

/// Why an AVP has no form in the crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToCrateError {
    /// Its data are no value of its format.
    #[error("AVP {code}: {why}")]
    Value {
        /// AVP code.
        code: u32,
        /// What is wrong.
        why: ValueError,
    },
    /// A group whose AVPs do not fill it.
    #[error("group {0} is malformed")]
    Group(u32),
    /// More than 16 groups inside each other.
    #[error("groups nested too deeply")]
    Depth,
}

/// Why what the crate holds cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FromCrateError {
    /// The crate cannot write the value, or the wire has no bits for it.
    #[error("AVP {0} has no form on the wire")]
    Value(u32),
    /// More than 16 groups inside each other.
    #[error("groups nested too deeply")]
    Depth,
}
