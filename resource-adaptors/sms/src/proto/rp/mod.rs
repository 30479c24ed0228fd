//! The relay layer of short messages (TS 24.011 7.3, 8.2): what carries a TPDU between a phone and its service centre, over SIP as
//! `application/vnd.3gpp.sms` (TS 24.341).

pub mod cause;

use serde::{Deserialize, Serialize};

use super::tpdu::{Address, Carrier, Direction, Tpdu, TpduFault, digits_of, put_digits};

/// The identifier of RP-User Data where it may be absent (TS 24.011 8.2.5.3).
const USER_DATA: u8 = 0x41;

/// Octets of RP-User Data; of its address, the kind included.
const LONGEST: usize = 233;
const LONGEST_ADDRESS: usize = 11;

/// A message of the relay layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rp {
    /// Which way it goes.
    pub direction: Direction,
    /// RP-Message Reference: an answer has that of what it answers.
    pub reference: u8,
    /// What it is.
    pub message: Message,
}

/// What a message of the relay layer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// RP-DATA: a TPDU.
    Data {
        /// The service centre: of what goes to it RP-Destination Address, of what comes from it RP-Originator Address.
        centre: Option<Address>,
        /// The TPDU.
        tpdu: Vec<u8>,
    },
    /// RP-ACK: it arrived.
    Ack {
        /// A report, if there is one.
        tpdu: Option<Vec<u8>>,
    },
    /// RP-ERROR: it is refused.
    Error {
        /// RP-Cause, see [`cause`].
        cause: u8,
        /// The diagnostics behind it.
        diagnostic: Option<u8>,
        /// A report, if there is one.
        tpdu: Option<Vec<u8>>,
    },
    /// RP-SMMA: the phone has room again.
    MemoryAvailable,
}

/// Why octets are no message of the relay layer, or one cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpFault {
    /// Less than a type and a reference: nothing can be answered (TS 24.011 9.3.1).
    #[error("no message of the relay layer")]
    Short,
    /// The type is unknown.
    #[error("unknown message type {kind}")]
    Type {
        /// RP-MTI.
        kind: u8,
        /// RP-Message Reference.
        reference: u8,
    },
    /// A mandatory element is absent, cut off, or longer than it may be.
    #[error("{element} is invalid")]
    Element {
        /// The element, by its name in TS 24.011.
        element: &'static str,
        /// RP-Message Reference.
        reference: u8,
    },
}

impl RpFault {
    /// The RP-ERROR that answers what came that way (TS 24.011 9.3); `None` where there is nothing to answer.
    #[must_use]
    pub const fn answer(self, direction: Direction) -> Option<Rp> {
        let (cause, reference) = match self {
            Self::Short => return None,
            Self::Type { reference, .. } => (cause::MESSAGE_TYPE, reference),
            Self::Element { reference, .. } => (cause::MANDATORY, reference),
        };
        Some(Rp {
            direction: match direction {
                Direction::ToCentre => Direction::ToPhone,
                Direction::ToPhone => Direction::ToCentre,
            },
            reference,
            message: Message::Error {
                cause,
                diagnostic: None,
                tpdu: None,
            },
        })
    }
}

impl Rp {
    /// RP-ACK to this message, with a report if there is one.
    #[must_use]
    pub const fn ack(&self, tpdu: Option<Vec<u8>>) -> Self {
        self.reply(Message::Ack { tpdu })
    }

    /// RP-ERROR to this message.
    #[must_use]
    pub const fn error(&self, cause: u8, tpdu: Option<Vec<u8>>) -> Self {
        self.reply(Message::Error {
            cause,
            diagnostic: None,
            tpdu,
        })
    }

    const fn reply(&self, message: Message) -> Self {
        Self {
            direction: match self.direction {
                Direction::ToCentre => Direction::ToPhone,
                Direction::ToPhone => Direction::ToCentre,
            },
            reference: self.reference,
            message,
        }
    }

    /// The TPDU in it, if there is one, read.
    #[must_use]
    pub fn tpdu(&self) -> Option<Result<Tpdu, TpduFault>> {
        let (carrier, tpdu) = match &self.message {
            Message::Data { tpdu, .. } => (Carrier::Data, tpdu),
            Message::Ack { tpdu } => (Carrier::Ack, tpdu.as_ref()?),
            Message::Error { tpdu, .. } => (Carrier::Error, tpdu.as_ref()?),
            Message::MemoryAvailable => return None,
        };
        Some(Tpdu::parse(self.direction, carrier, tpdu))
    }

    /// Reads a message. Elements that nobody knows are passed over, as is what stands behind.
    ///
    /// # Errors
    ///
    /// It is too short, of an unknown type, or a mandatory element is invalid.
    pub fn parse(octets: &[u8]) -> Result<Self, RpFault> {
        let (&[kind, reference], rest) = octets.split_first_chunk().ok_or(RpFault::Short)?;
        // Bits 4 to 8 are spare.
        let kind = kind & 7;
        let direction = if kind & 1 == 0 {
            Direction::ToCentre
        } else {
            Direction::ToPhone
        };
        let mut fields = Fields { rest, reference };
        let message = match kind {
            0 | 1 => {
                let originator = fields.address("RP-Originator Address")?;
                let destination = fields.address("RP-Destination Address")?;
                let tpdu = fields.value("RP-User Data", LONGEST)?;
                Message::Data {
                    centre: match direction {
                        Direction::ToCentre => destination,
                        Direction::ToPhone => originator,
                    },
                    tpdu: tpdu.to_vec(),
                }
            }
            2 | 3 => Message::Ack {
                tpdu: fields.user_data()?,
            },
            4 | 5 => {
                let value = fields.value("RP-Cause", 2)?;
                let element = "RP-Cause";
                let &code = value
                    .first()
                    .ok_or(RpFault::Element { element, reference })?;
                Message::Error {
                    cause: code & 0x7f,
                    diagnostic: value.get(1).copied(),
                    tpdu: fields.user_data()?,
                }
            }
            6 => Message::MemoryAvailable,
            _ => return Err(RpFault::Type { kind, reference }),
        };
        Ok(Self {
            direction,
            reference,
            message,
        })
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// The address has characters that it cannot have, or something is too long.
    pub fn encode(&self) -> Result<Vec<u8>, RpFault> {
        let down = u8::from(self.direction == Direction::ToPhone);
        let fault = |element| RpFault::Element {
            element,
            reference: self.reference,
        };
        let kind = match &self.message {
            Message::Data { .. } => 0,
            Message::Ack { .. } => 2,
            Message::Error { .. } => 4,
            Message::MemoryAvailable => 6,
        };
        let mut out = vec![kind | down, self.reference];
        match &self.message {
            Message::Data { centre, tpdu } => {
                let to_centre = self.direction == Direction::ToCentre;
                if to_centre {
                    out.push(0);
                }
                let written = put_address(centre.as_ref(), &mut out);
                written.ok_or_else(|| fault("RP-Address"))?;
                if !to_centre {
                    out.push(0);
                }
                put_value(tpdu, &mut out).ok_or_else(|| fault("RP-User Data"))?;
            }
            Message::Ack { tpdu } => {
                put_user_data(tpdu.as_deref(), &mut out).ok_or_else(|| fault("RP-User Data"))?;
            }
            Message::Error {
                cause,
                diagnostic,
                tpdu,
            } => {
                out.extend([1 + u8::from(diagnostic.is_some()), cause & 0x7f]);
                out.extend(*diagnostic);
                put_user_data(tpdu.as_deref(), &mut out).ok_or_else(|| fault("RP-User Data"))?;
            }
            Message::MemoryAvailable => out[0] = 6,
        }
        Ok(out)
    }
}

/// Takes elements off the front.
struct Fields<'a> {
    rest: &'a [u8],
    reference: u8,
}

impl<'a> Fields<'a> {
    fn value(&mut self, element: &'static str, longest: usize) -> Result<&'a [u8], RpFault> {
        let reference = self.reference;
        let fault = RpFault::Element { element, reference };
        let (&length, rest) = self.rest.split_first().ok_or(fault)?;
        let length = usize::from(length);
        let (value, rest) = rest.split_at_checked(length).ok_or(fault)?;
        self.rest = rest;
        if length > longest {
            Err(fault)
        } else {
            Ok(value)
        }
    }

    fn address(&mut self, element: &'static str) -> Result<Option<Address>, RpFault> {
        let value = self.value(element, LONGEST_ADDRESS)?;
        Ok(value
            .split_first()
            .map(|(&kind, digits)| Address::with_kind(kind, digits_of(digits, 2 * digits.len()))))
    }

    /// RP-User Data among the optional elements, all of which have a length.
    fn user_data(&mut self) -> Result<Option<Vec<u8>>, RpFault> {
        while let Some((&identifier, rest)) = self.rest.split_first() {
            self.rest = rest;
            // An element of one octet has its value in its identifier (TS 24.007 11.2.4).
            if identifier & 0x80 != 0 {
                continue;
            }
            let value = self.value("RP-User Data", usize::MAX)?;
            if identifier == USER_DATA {
                let reference = self.reference;
                let element = "RP-User Data";
                return if value.len() > LONGEST {
                    Err(RpFault::Element { element, reference })
                } else {
                    Ok(Some(value.to_vec()))
                };
            }
        }
        Ok(None)
    }
}

fn put_address(address: Option<&Address>, out: &mut Vec<u8>) -> Option<()> {
    let length = out.len();
    out.push(0);
    let Some(address) = address else {
        return Some(());
    };
    out.push(address.kind());
    put_digits(&address.value, out)?;
    let octets = out.len() - length - 1;
    *out.get_mut(length)? = u8::try_from(octets)
        .ok()
        .filter(|_| octets <= LONGEST_ADDRESS)?;
    Some(())
}

fn put_value(value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let length = u8::try_from(value.len()).ok();
    out.push(length.filter(|_| value.len() <= LONGEST)?);
    out.extend_from_slice(value);
    Some(())
}

fn put_user_data(tpdu: Option<&[u8]>, out: &mut Vec<u8>) -> Option<()> {
    let Some(tpdu) = tpdu else {
        return Some(());
    };
    out.push(USER_DATA);
    put_value(tpdu, out)
}
