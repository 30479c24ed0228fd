//! SMS-SUBMIT: a message from a phone (TS 23.040 9.2.2.2).

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::{Address, TpduFault, UserData, Validity, bit};
use crate::proto::text::Dcs;

/// SMS-SUBMIT.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submit {
    /// TP-RD: whether the service centre refuses a message with the number and recipient of one that it still has.
    pub reject_duplicates: bool,
    /// TP-RP: whether it names a path for a reply.
    pub reply_path: bool,
    /// TP-SRR: whether the sender wants a status report.
    pub status_report: bool,
    /// TP-MR: the sender's number for it.
    pub reference: u8,
    /// TP-DA: whom it is for.
    pub destination: Address,
    /// TP-PID.
    pub protocol_id: u8,
    /// TP-DCS.
    pub dcs: Dcs,
    /// TP-VP.
    pub validity: Validity,
    /// TP-UD.
    pub user_data: UserData,
}

impl Submit {
    pub(super) fn parse(octets: &[u8]) -> Result<Self, TpduFault> {
        let mut reader = Reader::new(octets);
        let first = reader.octet("TP-MTI")?;
        let reference = reader.octet("TP-MR")?;
        let destination = Address::parse(&mut reader, "TP-DA")?;
        let protocol_id = reader.octet("TP-PID")?;
        let dcs = Dcs(reader.octet("TP-DCS")?);
        Ok(Self {
            reject_duplicates: first & 0x04 != 0,
            reply_path: first & 0x80 != 0,
            status_report: first & 0x20 != 0,
            reference,
            destination,
            protocol_id,
            dcs,
            validity: Validity::parse(&mut reader, first >> 3)?,
            user_data: UserData::parse(&mut reader, dcs, first & 0x40 != 0, 140)?,
        })
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// A field is too long or has characters that it cannot have.
    pub fn encode(&self) -> Result<Vec<u8>, TpduFault> {
        let first = 1
            | bit(self.reject_duplicates, 2)
            | self.validity.format() << 3
            | bit(self.status_report, 5)
            | bit(self.user_data.has_header(), 6)
            | bit(self.reply_path, 7);
        let mut out = vec![first, self.reference];
        self.destination.write(&mut out, "TP-DA")?;
        out.extend([self.protocol_id, self.dcs.0]);
        self.validity.write(&mut out);
        self.user_data.write(self.dcs, 140, &mut out)?;
        Ok(out)
    }
}
