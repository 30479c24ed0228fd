//! Reads one body, parameter by parameter, and never past its end.

use super::field::{self, Field};
use super::{Addr, HEADER_LEN, Policy, Status, Tlvs, tlv};
use crate::proto::time::SmppTime;

/// A body and how far it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    /// The whole PDU.
    frame: &'a [u8],
    at: usize,
    pub(super) policy: Policy,
}

/// What is wrong, without the header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bad {
    pub(super) status: Status,
    pub(super) field: &'static str,
    pub(super) offset: usize,
}

/// TON, NPI and digits of one address.
#[derive(Clone, Copy)]
pub(super) struct AddrFields(pub(super) Field, pub(super) Field, pub(super) Field);

pub(super) const SOURCE: AddrFields =
    AddrFields(field::SOURCE_TON, field::SOURCE_NPI, field::SOURCE_ADDR);
pub(super) const LONG_SOURCE: AddrFields = AddrFields(
    field::SOURCE_TON,
    field::SOURCE_NPI,
    field::LONG_SOURCE_ADDR,
);
pub(super) const DEST: AddrFields = AddrFields(field::DEST_TON, field::DEST_NPI, field::DEST_ADDR);
pub(super) const LONG_DEST: AddrFields =
    AddrFields(field::DEST_TON, field::DEST_NPI, field::LONG_DEST_ADDR);
pub(super) const ESME: AddrFields = AddrFields(field::ESME_TON, field::ESME_NPI, field::ESME_ADDR);

impl<'a> Reader<'a> {
    /// Reads the body behind the header of `frame`, which is one whole PDU.
    pub(super) const fn new(frame: &'a [u8], policy: Policy) -> Self {
        Self {
            frame,
            at: HEADER_LEN,
            policy,
        }
    }

    pub(super) fn is_strict(&self) -> bool {
        self.policy == Policy::Strict
    }

    /// Whether the body is read.
    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.frame.len()
    }

    /// What is left of the body.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.frame.get(self.at..).unwrap_or_default()
    }

    /// The body ends within what it must have: its length is wrong, whatever comes next.
    const fn short(&self, field: &Field) -> Bad {
        Bad {
            status: Status::RINVCMDLEN,
            field: field.name,
            offset: self.at,
        }
    }

    const fn bad(field: &Field, offset: usize) -> Bad {
        Bad {
            status: field.status,
            field: field.name,
            offset,
        }
    }

    pub(super) fn octet(&mut self, field: &Field) -> Result<u8, Bad> {
        let Some(octet) = self.frame.get(self.at) else {
            return Err(self.short(field));
        };
        self.at += 1;
        Ok(*octet)
    }

    /// An octet of which the strict policy takes only some values.
    pub(super) fn octet_if(
        &mut self,
        field: &Field,
        defined: impl FnOnce(u8) -> bool,
    ) -> Result<u8, Bad> {
        let strict = self.is_strict();
        self.octet_if_ever(field, |value| !strict || defined(value))
    }

    /// An octet of which only some values have a meaning.
    pub(super) fn octet_if_ever(
        &mut self,
        field: &Field,
        defined: impl FnOnce(u8) -> bool,
    ) -> Result<u8, Bad> {
        let value = self.octet(field)?;
        if defined(value) {
            Ok(value)
        } else {
            Err(Self::bad(field, self.at - 1))
        }
    }

    pub(super) fn word(&mut self, field: &Field) -> Result<u32, Bad> {
        let Some(word) = self.rest().first_chunk() else {
            return Err(self.short(field));
        };
        self.at += 4;
        Ok(u32::from_be_bytes(*word))
    }

    /// A C-Octet String: up to its NUL, which has to come within the field's length and the body.
    pub(super) fn string(&mut self, field: &Field) -> Result<&'a [u8], Bad> {
        let max = match self.policy {
            Policy::Strict => field.max,
            Policy::Lenient => field.lenient,
        };
        let rest = self.rest();
        let window = &rest[..rest.len().min(max)];
        let Some(length) = window.iter().position(|octet| *octet == 0) else {
            return Err(Self::bad(field, self.at));
        };
        let string = &window[..length];
        if self.is_strict() && !string.is_ascii() {
            return Err(Self::bad(field, self.at));
        }
        self.at += length + 1;
        Ok(string)
    }

    pub(super) fn message_id(&mut self) -> Result<&'a [u8], Bad> {
        self.string(&field::MESSAGE_ID)
    }

    /// The message id of a response. The lenient policy takes one without NUL at the end of the body, and none at all.
    pub(super) fn last_message_id(&mut self) -> Result<&'a [u8], Bad> {
        let rest = self.rest();
        let open = rest.len() < field::MESSAGE_ID.lenient && !rest.contains(&0);
        if open && !self.is_strict() {
            self.at = self.frame.len();
            return Ok(rest);
        }
        self.message_id()
    }

    /// A time: ASCII, and for the strict policy one that can be.
    pub(super) fn time(&mut self, field: &Field) -> Result<&'a str, Bad> {
        let at = self.at;
        let octets = self.string(field)?;
        if octets.is_empty() {
            return Ok("");
        }
        let time = std::str::from_utf8(octets)
            .ok()
            .filter(|text| text.is_ascii());
        let Some(time) = time else {
            return Err(Self::bad(field, at));
        };
        if self.is_strict() && SmppTime::parse(time).is_err() {
            return Err(Self::bad(field, at));
        }
        Ok(time)
    }

    /// TON, NPI and digits; the strict policy takes the values that the standard defines (3.4 5.2.5, 5.2.6).
    pub(super) fn addr(&mut self, fields: &AddrFields) -> Result<Addr<'a>, Bad> {
        let AddrFields(ton, npi, digits) = fields;
        Ok(Addr {
            ton: self.octet_if(ton, |ton| ton <= 6)?,
            npi: self.octet_if(npi, |npi| {
                matches!(npi, 0 | 1 | 3 | 4 | 6 | 8 | 9 | 10 | 13 | 14 | 18)
            })?,
            digits: self.string(digits)?,
        })
    }

    /// sm_length and as many octets.
    pub(super) fn short_message(&mut self) -> Result<&'a [u8], Bad> {
        let at = self.at;
        let length = usize::from(self.octet(&field::SHORT_MESSAGE)?);
        let Some(message) = self.rest().get(..length) else {
            return Err(Bad {
                status: Status::RINVMSGLEN,
                field: "sm_length",
                offset: at,
            });
        };
        self.at += length;
        Ok(message)
    }

    /// What is left, which has to be TLVs.
    pub(super) fn tlvs(&mut self) -> Result<Tlvs<'a>, Bad> {
        let tlvs = Tlvs::checked(self.rest(), self.at, self.policy)?;
        self.at = self.frame.len();
        Ok(tlvs)
    }

    /// The TLVs behind a short message: content stands in one place only, so message_payload comes with an empty one
    /// (SMPP 3.4 5.3.2.32).
    pub(super) fn tlvs_behind(&mut self, short_message: &[u8]) -> Result<Tlvs<'a>, Bad> {
        let at = self.at;
        let tlvs = self.tlvs()?;
        if !short_message.is_empty() && tlvs.get(tlv::MESSAGE_PAYLOAD).is_some() {
            return Err(Bad {
                status: Status::RTLVNOTALLWD,
                field: "message_payload",
                offset: at,
            });
        }
        Ok(tlvs)
    }

    /// A TLV that the strict policy asks for.
    pub(super) fn need(&self, tlvs: Tlvs<'_>, tag: u16) -> Result<(), Bad> {
        if self.is_strict() && tlvs.get(tag).is_none() {
            return Err(Bad {
                status: Status::RMISSINGTLV,
                field: tlv::name(tag).unwrap_or("tlv"),
                offset: self.at,
            });
        }
        Ok(())
    }
}
