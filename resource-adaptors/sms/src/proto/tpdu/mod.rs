//! The transfer layer of short messages (TS 23.040 9.2): the six TPDUs, their addresses, times and user data.
//!
//! A TPDU that is read and written again is the same octets, apart from bits that the specification calls unused.

mod address;
mod command;
mod deliver;
pub mod failure;
mod reader;
mod report;
pub mod status;
mod submit;
mod time;
mod user_data;
mod validity;

use serde::{Deserialize, Serialize};

use super::text::UdhFault;

pub use address::{Address, npi, ton};
pub use command::Command;
pub use deliver::{Deliver, StatusReport};
pub use report::{DeliverReport, Optional, SubmitReport};
pub use submit::Submit;
pub use time::Timestamp;
pub use user_data::UserData;
pub use validity::Validity;

pub(crate) use address::{digits_of, put_digits};

/// Which way a TPDU goes; the same type bits mean another TPDU each way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// From the phone to the service centre.
    ToCentre,
    /// From the service centre to the phone.
    ToPhone,
}

/// What carries a report: one in an RP-ERROR has a failure cause, one in an RP-ACK has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Carrier {
    /// RP-DATA.
    Data,
    /// RP-ACK.
    Ack,
    /// RP-ERROR.
    Error,
}

/// Why octets are no TPDU, or a TPDU cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TpduFault {
    /// It ends before this field does.
    #[error("cut off in {field}")]
    Truncated {
        /// The field, by its name in TS 23.040.
        field: &'static str,
    },
    /// This field is longer than it may be, or than what it describes.
    #[error("{field} is too long")]
    TooLong {
        /// The field.
        field: &'static str,
    },
    /// This field has characters that it cannot have.
    #[error("{field} has an impossible character")]
    Character {
        /// The field.
        field: &'static str,
    },
    /// The header of the user data.
    #[error(transparent)]
    Header(#[from] UdhFault),
    /// TP-MTI is reserved, or none that this carrier carries in this direction.
    #[error("TP-MTI {mti} is not expected here")]
    Type {
        /// TP-MTI.
        mti: u8,
    },
}

/// A TPDU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tpdu {
    /// SMS-DELIVER: a message for a phone.
    Deliver(Deliver),
    /// SMS-DELIVER-REPORT: what became of it.
    DeliverReport(DeliverReport),
    /// SMS-SUBMIT: a message from a phone.
    Submit(Submit),
    /// SMS-SUBMIT-REPORT: what became of it.
    SubmitReport(SubmitReport),
    /// SMS-STATUS-REPORT: what became of a message later on.
    StatusReport(StatusReport),
    /// SMS-COMMAND: something to be done with an earlier message.
    Command(Command),
}

impl Tpdu {
    /// Reads a TPDU; what stands behind it is left unread (TS 23.040 9.2.2 lets TPDUs grow).
    ///
    /// # Errors
    ///
    /// It is cut off, or a field of it contradicts itself, or it is none that goes this way.
    pub fn parse(direction: Direction, carrier: Carrier, octets: &[u8]) -> Result<Self, TpduFault> {
        let &first = octets
            .first()
            .ok_or(TpduFault::Truncated { field: "TP-MTI" })?;
        let is_error = carrier == Carrier::Error;
        Ok(match (direction, first & 3, carrier) {
            (Direction::ToPhone, 0, Carrier::Data) => Self::Deliver(Deliver::parse(octets)?),
            (Direction::ToPhone, 2, Carrier::Data) => {
                Self::StatusReport(StatusReport::parse(octets)?)
            }
            (Direction::ToCentre, 1, Carrier::Data) => Self::Submit(Submit::parse(octets)?),
            (Direction::ToCentre, 2, Carrier::Data) => Self::Command(Command::parse(octets)?),
            (Direction::ToCentre, 0, Carrier::Ack | Carrier::Error) => {
                Self::DeliverReport(DeliverReport::parse(octets, is_error)?)
            }
            (Direction::ToPhone, 1, Carrier::Ack | Carrier::Error) => {
                Self::SubmitReport(SubmitReport::parse(octets, is_error)?)
            }
            (_, mti, _) => return Err(TpduFault::Type { mti }),
        })
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// A field is too long or has characters that it cannot have.
    pub fn encode(&self) -> Result<Vec<u8>, TpduFault> {
        match self {
            Self::Deliver(tpdu) => tpdu.encode(),
            Self::DeliverReport(tpdu) => tpdu.encode(),
            Self::Submit(tpdu) => tpdu.encode(),
            Self::SubmitReport(tpdu) => tpdu.encode(),
            Self::StatusReport(tpdu) => tpdu.encode(),
            Self::Command(tpdu) => tpdu.encode(),
        }
    }
}

const fn bit(is_set: bool, bit: u8) -> u8 {
    (is_set as u8) << bit
}
