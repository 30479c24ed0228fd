//! What goes to a phone: SMS-DELIVER and SMS-STATUS-REPORT (TS 23.040 9.2.2.1, 9.2.2.3).

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::report::Optional;
use super::{Address, Timestamp, TpduFault, UserData, bit};
use crate::proto::text::Dcs;

/// SMS-DELIVER.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliver {
    /// TP-MMS, the other way round: whether more messages wait.
    pub more_to_send: bool,
    /// TP-LP: whether it has been forwarded.
    pub loop_prevention: bool,
    /// TP-RP: whether it names a path for a reply.
    pub reply_path: bool,
    /// TP-SRI: whether the sender gets a status report.
    pub status_report: bool,
    /// TP-OA: the sender.
    pub originator: Address,
    /// TP-PID.
    pub protocol_id: u8,
    /// TP-DCS.
    pub dcs: Dcs,
    /// TP-SCTS: when the service centre got it.
    pub timestamp: Timestamp,
    /// TP-UD.
    pub user_data: UserData,
}

impl Deliver {
    pub(super) fn parse(octets: &[u8]) -> Result<Self, TpduFault> {
        let mut reader = Reader::new(octets);
        let first = reader.octet("TP-MTI")?;
        let originator = Address::parse(&mut reader, "TP-OA")?;
        let protocol_id = reader.octet("TP-PID")?;
        let dcs = Dcs(reader.octet("TP-DCS")?);
        let timestamp = Timestamp(reader.array("TP-SCTS")?);
        Ok(Self {
            more_to_send: first & 0x04 == 0,
            loop_prevention: first & 0x08 != 0,
            reply_path: first & 0x80 != 0,
            status_report: first & 0x20 != 0,
            originator,
            protocol_id,
            dcs,
            timestamp,
            user_data: UserData::parse(&mut reader, dcs, first & 0x40 != 0, 140)?,
        })
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// A field is too long or has characters that it cannot have.
    pub fn encode(&self) -> Result<Vec<u8>, TpduFault> {
        let first = bit(!self.more_to_send, 2)
            | bit(self.loop_prevention, 3)
            | bit(self.status_report, 5)
            | bit(self.user_data.has_header(), 6)
            | bit(self.reply_path, 7);
        let mut out = vec![first];
        self.originator.write(&mut out, "TP-OA")?;
        out.extend([self.protocol_id, self.dcs.0]);
        out.extend(self.timestamp.0);
        self.user_data.write(self.dcs, 140, &mut out)?;
        Ok(out)
    }
}

/// SMS-STATUS-REPORT.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// TP-MMS, the other way round: whether more messages wait.
    pub more_to_send: bool,
    /// TP-LP: whether it has been forwarded.
    pub loop_prevention: bool,
    /// TP-SRQ: whether it answers a command rather than a message.
    pub of_command: bool,
    /// TP-MR: the number of what it answers.
    pub reference: u8,
    /// TP-RA: whom that was for.
    pub recipient: Address,
    /// TP-SCTS: when the service centre got that.
    pub timestamp: Timestamp,
    /// TP-DT: when what it tells happened.
    pub discharge: Timestamp,
    /// TP-ST, see [`super::status`].
    pub status: u8,
    /// What may follow; `None` if TP-PI does not.
    pub optional: Option<Optional>,
}

impl StatusReport {
    pub(super) fn parse(octets: &[u8]) -> Result<Self, TpduFault> {
        let mut reader = Reader::new(octets);
        let first = reader.octet("TP-MTI")?;
        Ok(Self {
            more_to_send: first & 0x04 == 0,
            loop_prevention: first & 0x08 != 0,
            of_command: first & 0x20 != 0,
            reference: reader.octet("TP-MR")?,
            recipient: Address::parse(&mut reader, "TP-RA")?,
            timestamp: Timestamp(reader.array("TP-SCTS")?),
            discharge: Timestamp(reader.array("TP-DT")?),
            status: reader.octet("TP-ST")?,
            optional: if reader.is_empty() {
                None
            } else {
                let indicator = reader.octet("TP-PI")?;
                Some(Optional::parse(
                    &mut reader,
                    indicator,
                    first & 0x40 != 0,
                    131,
                )?)
            },
        })
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// A field is too long or has characters that it cannot have.
    pub fn encode(&self) -> Result<Vec<u8>, TpduFault> {
        let first = 2
            | bit(!self.more_to_send, 2)
            | bit(self.loop_prevention, 3)
            | bit(self.of_command, 5)
            | bit(self.optional.as_ref().is_some_and(Optional::has_header), 6);
        let mut out = vec![first, self.reference];
        self.recipient.write(&mut out, "TP-RA")?;
        out.extend(self.timestamp.0);
        out.extend(self.discharge.0);
        out.push(self.status);
        if let Some(optional) = &self.optional {
            out.push(optional.indicator());
            optional.write(&mut out, 131)?;
        }
        Ok(out)
    }
}
