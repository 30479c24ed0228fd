//! What became of a message at once: SMS-DELIVER-REPORT and SMS-SUBMIT-REPORT (TS 23.040 9.2.2.1a, 9.2.2.2a).

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::{Timestamp, TpduFault, UserData, bit};
use crate::proto::text::Dcs;

/// Octets of user data in a report that has nothing else.
const LONGEST: usize = 159;

/// Octets of TP-SCTS.
const TIMESTAMP: usize = 7;

/// What TP-PI says that it follows (TS 23.040 9.2.3.27).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Optional {
    /// TP-PID.
    pub protocol_id: Option<u8>,
    /// TP-DCS; without it the user data is in the default alphabet.
    pub dcs: Option<Dcs>,
    /// TP-UD.
    pub user_data: Option<UserData>,
}

impl Optional {
    /// TP-PI.
    pub(super) const fn indicator(&self) -> u8 {
        bit(self.protocol_id.is_some(), 0)
            | bit(self.dcs.is_some(), 1)
            | bit(self.user_data.is_some(), 2)
    }

    pub(super) fn has_header(&self) -> bool {
        self.user_data.as_ref().is_some_and(UserData::has_header)
    }

    pub(super) fn parse(
        reader: &mut Reader<'_>,
        indicator: u8,
        has_header: bool,
        longest: usize,
    ) -> Result<Self, TpduFault> {
        // Each further octet of the indicator tells of fields that nobody knows, behind those that we do.
        let mut more = indicator;
        while more & 0x80 != 0 {
            more = reader.octet("TP-PI")?;
        }
        let mut optional = Self::default();
        if indicator & 1 != 0 {
            optional.protocol_id = Some(reader.octet("TP-PID")?);
        }
        if indicator & 2 != 0 {
            optional.dcs = Some(Dcs(reader.octet("TP-DCS")?));
        }
        if indicator & 4 != 0 {
            let dcs = optional.dcs.unwrap_or_default();
            let user_data = UserData::parse(reader, dcs, has_header, longest)?;
            optional.user_data = Some(user_data);
        }
        Ok(optional)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, longest: usize) -> Result<(), TpduFault> {
        out.extend(self.protocol_id);
        out.extend(self.dcs.map(|dcs| dcs.0));
        match &self.user_data {
            Some(data) => data.write(self.dcs.unwrap_or_default(), longest, out),
            None => Ok(()),
        }
    }
}

/// SMS-DELIVER-REPORT.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverReport {
    /// TP-FCS in an RP-ERROR, see [`super::failure`]; `None` in an RP-ACK.
    pub failure: Option<u8>,
    /// What may follow.
    pub optional: Optional,
}

impl DeliverReport {
    pub(super) fn parse(octets: &[u8], is_error: bool) -> Result<Self, TpduFault> {
        let mut reader = Reader::new(octets);
        let first = reader.octet("TP-MTI")?;
        let failure = failure(&mut reader, is_error)?;
        let indicator = reader.octet("TP-PI")?;
        Ok(Self {
            failure,
            optional: Optional::parse(
                &mut reader,
                indicator,
                first & 0x40 != 0,
                LONGEST - usize::from(is_error),
            )?,
        })
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// The user data is too long.
    pub fn encode(&self) -> Result<Vec<u8>, TpduFault> {
        let mut out = vec![bit(self.optional.has_header(), 6)];
        out.extend(self.failure);
        out.push(self.optional.indicator());
        let longest = LONGEST - usize::from(self.failure.is_some());
        self.optional.write(&mut out, longest)?;
        Ok(out)
    }
}

/// SMS-SUBMIT-REPORT.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitReport {
    /// TP-FCS in an RP-ERROR, see [`super::failure`]; `None` in an RP-ACK.
    pub failure: Option<u8>,
    /// TP-SCTS: when the service centre got the message.
    pub timestamp: Timestamp,
    /// What may follow.
    pub optional: Optional,
}

impl SubmitReport {
    pub(super) fn parse(octets: &[u8], is_error: bool) -> Result<Self, TpduFault> {
        let mut reader = Reader::new(octets);
        let first = reader.octet("TP-MTI")?;
        let failure = failure(&mut reader, is_error)?;
        let indicator = reader.octet("TP-PI")?;
        Ok(Self {
            failure,
            timestamp: Timestamp(reader.array("TP-SCTS")?),
            optional: Optional::parse(
                &mut reader,
                indicator,
                first & 0x40 != 0,
                LONGEST - TIMESTAMP - usize::from(is_error),
            )?,
        })
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// The user data is too long.
    pub fn encode(&self) -> Result<Vec<u8>, TpduFault> {
        let mut out = vec![1 | bit(self.optional.has_header(), 6)];
        out.extend(self.failure);
        out.push(self.optional.indicator());
        out.extend(self.timestamp.0);
        let longest = LONGEST - TIMESTAMP - usize::from(self.failure.is_some());
        self.optional.write(&mut out, longest)?;
        Ok(out)
    }
}

fn failure(reader: &mut Reader<'_>, is_error: bool) -> Result<Option<u8>, TpduFault> {
    is_error.then(|| reader.octet("TP-FCS")).transpose()
}
