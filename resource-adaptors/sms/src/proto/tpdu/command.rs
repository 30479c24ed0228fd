//! SMS-COMMAND: something to be done with an earlier message (TS 23.040 9.2.2.4).

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::{Address, TpduFault, bit};

/// SMS-COMMAND.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// TP-SRR: whether the sender wants a status report.
    pub status_report: bool,
    /// TP-UDHI: whether the data begins with a user data header.
    pub has_header: bool,
    /// TP-MR: the sender's number for the command.
    pub reference: u8,
    /// TP-PID.
    pub protocol_id: u8,
    /// TP-CT: 0 asks for the status, 1 cancels the status report, 2 deletes, 3 asks for a status report.
    pub command: u8,
    /// TP-MN: the number of the message.
    pub message: u8,
    /// TP-DA: whom that was for.
    pub destination: Address,
    /// TP-CD.
    pub data: Vec<u8>,
}

impl Command {
    pub(super) fn parse(octets: &[u8]) -> Result<Self, TpduFault> {
        let mut reader = Reader::new(octets);
        let first = reader.octet("TP-MTI")?;
        let reference = reader.octet("TP-MR")?;
        let protocol_id = reader.octet("TP-PID")?;
        let command = reader.octet("TP-CT")?;
        let message = reader.octet("TP-MN")?;
        let destination = Address::parse(&mut reader, "TP-DA")?;
        let length = usize::from(reader.octet("TP-CDL")?);
        Ok(Self {
            status_report: first & 0x20 != 0,
            has_header: first & 0x40 != 0,
            reference,
            protocol_id,
            command,
            message,
            destination,
            data: reader.take(length, "TP-CD")?.to_vec(),
        })
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// A field is too long or has characters that it cannot have.
    pub fn encode(&self) -> Result<Vec<u8>, TpduFault> {
        let first = 2 | bit(self.status_report, 5) | bit(self.has_header, 6);
        let mut out = vec![
            first,
            self.reference,
            self.protocol_id,
            self.command,
            self.message,
        ];
        self.destination.write(&mut out, "TP-DA")?;
        let too_long = TpduFault::TooLong { field: "TP-CD" };
        out.push(u8::try_from(self.data.len()).map_err(|_| too_long)?);
        out.extend_from_slice(&self.data);
        Ok(out)
    }
}
