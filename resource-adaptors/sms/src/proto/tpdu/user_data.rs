//! TP-UDL and TP-UD (TS 23.040 9.2.3.16, 9.2.3.24).

use serde::{Deserialize, Serialize};

use super::TpduFault;
use super::reader::Reader;
use crate::proto::text::{self, Dcs, Part, Udh, fill_bits, pack, udh, unpack};

const FIELD: &str = "TP-UD";

/// What a message says: its header, if it has one, and the text behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserData {
    /// The user data header, the octet with its length included; empty if there is none.
    pub header: Vec<u8>,
    /// Of the 7-bit alphabets the septets, one an octet; else the octets.
    pub body: Vec<u8>,
}

impl From<Part> for UserData {
    fn from(part: Part) -> Self {
        Self {
            header: part.udh,
            body: part.body,
        }
    }
}

impl UserData {
    /// Content without a header.
    #[must_use]
    pub const fn of(body: Vec<u8>) -> Self {
        Self {
            header: Vec::new(),
            body,
        }
    }

    /// Its header, read.
    #[must_use]
    pub fn udh(&self) -> Option<Udh<'_>> {
        Some(udh::parse(&self.header).ok()?.0)
    }

    /// Its text under that coding; of what is no text, nothing.
    #[must_use]
    pub fn text(&self, dcs: Dcs) -> text::Decoded {
        let shift = self.udh().map(|udh| udh.shift()).unwrap_or_default();
        text::decode(dcs.alphabet().with_shift(shift), &self.body)
    }

    pub(super) const fn has_header(&self) -> bool {
        !self.header.is_empty()
    }

    pub(super) fn parse(
        reader: &mut Reader<'_>,
        dcs: Dcs,
        has_header: bool,
        longest: usize,
    ) -> Result<Self, TpduFault> {
        let length = usize::from(reader.octet("TP-UDL")?);
        let octets = if dcs.is_septets() {
            (length * 7).div_ceil(8)
        } else {
            length
        };
        if octets > longest {
            return Err(TpduFault::TooLong { field: "TP-UDL" });
        }
        let data = reader.take(octets, FIELD)?;
        let (header, body) = if has_header {
            let (udh, body) = udh::parse(data)?;
            (udh.raw(), body)
        } else {
            (&[][..], data)
        };
        let body = if dcs.is_septets() {
            let fill = fill_bits(header.len());
            let before = (header.len() * 8).div_ceil(7);
            // A header that ends in the last septet leaves no text, and a length that is less than the header neither.
            unpack(body, length.saturating_sub(before), fill)
        } else {
            body.to_vec()
        };
        Ok(Self {
            header: header.to_vec(),
            body,
        })
    }

    pub(super) fn write(
        &self,
        dcs: Dcs,
        longest: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), TpduFault> {
        let too_long = TpduFault::TooLong { field: FIELD };
        let (length, body) = if dcs.is_septets() {
            let before = (self.header.len() * 8).div_ceil(7);
            let packed = pack(&self.body, fill_bits(self.header.len()));
            (before + self.body.len(), packed)
        } else {
            (self.header.len() + self.body.len(), self.body.clone())
        };
        if self.header.len() + body.len() > longest {
            return Err(too_long);
        }
        out.push(u8::try_from(length).map_err(|_| too_long)?);
        out.extend_from_slice(&self.header);
        out.extend_from_slice(&body);
        Ok(())
    }
}
