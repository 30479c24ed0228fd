//! What the octets of a short message say: the alphabets of TS 23.038 and of SMPP, user data headers (TS 23.040 9.2.3.24), the
//! cutting of long texts into parts and the putting together again.
//!
//! The octets of the 7-bit alphabets are septets, one an octet, as SMPP carries them; [`pack`] and [`unpack`] make of them what
//! a TPDU carries. Which alphabet an account uses is configuration, and none of this.

mod alphabet;
mod coding;
mod lengths;
mod national;
mod pack;
mod reassemble;
mod split;
pub mod udh;

pub use alphabet::{
    Alphabet, Decoded, Encoded, Unencodable, choose, choose_among, decode, encode, encode_lossy,
};
pub use coding::{Class, DataCoding, Dcs, Waiting, WaitingKind};
pub use lengths::{ContentFault, PARTS, check, parts};
pub use national::{Language, Shift};
pub use pack::{fill_bits, pack, pack_to_octets, unpack, unpack_octets};
pub use reassemble::{Dropped, Limits, Offered, Reassembler};
pub use split::{Part, Reference, SplitFault, split, split_octets};
pub use udh::{Concat, Udh, UdhBuf, UdhFault};
