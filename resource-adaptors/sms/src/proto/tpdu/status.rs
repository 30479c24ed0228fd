//! TP-ST: what became of a message (TS 23.040 9.2.3.15).

/// The phone got it.
pub const RECEIVED: u8 = 0x00;
/// It was passed on, and nobody can say whether the phone got it.
pub const FORWARDED: u8 = 0x01;
/// The service centre put another one in its place.
pub const REPLACED: u8 = 0x02;
/// Still trying: congestion.
pub const TRYING_CONGESTION: u8 = 0x20;
/// Still trying: the phone is busy.
pub const TRYING_BUSY: u8 = 0x21;
/// Still trying: the phone does not answer.
pub const TRYING_NO_RESPONSE: u8 = 0x22;
/// Remote procedure error.
pub const REMOTE_PROCEDURE: u8 = 0x40;
/// Incompatible destination.
pub const INCOMPATIBLE: u8 = 0x41;
/// The phone rejects it.
pub const REJECTED: u8 = 0x42;
/// Not obtainable.
pub const NOT_OBTAINABLE: u8 = 0x43;
/// Its validity period is over.
pub const EXPIRED: u8 = 0x46;
/// The sender deleted it.
pub const DELETED_BY_SENDER: u8 = 0x47;
/// The service centre's administration deleted it.
pub const DELETED_BY_CENTRE: u8 = 0x48;
/// The service centre does not know it.
pub const UNKNOWN_MESSAGE: u8 = 0x49;
/// Given up: congestion.
pub const CONGESTION: u8 = 0x60;
/// Given up: the phone did not answer.
pub const NO_RESPONSE: u8 = 0x62;

/// What a status comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is with its receiver.
    Done,
    /// The service centre still tries.
    Trying,
    /// It never will be, and the service centre knows why.
    Failed,
    /// The service centre has given up.
    GivenUp,
}

/// What that status comes down to; reserved ones are failures for good (TS 23.040 9.2.3.15).
#[must_use]
pub const fn outcome(status: u8) -> Outcome {
    match status {
        0x00..=0x1f => Outcome::Done,
        0x20..=0x3f => Outcome::Trying,
        0x40..=0x5f | 0x80..=0xff => Outcome::Failed,
        0x60..=0x7f => Outcome::GivenUp,
    }
}
