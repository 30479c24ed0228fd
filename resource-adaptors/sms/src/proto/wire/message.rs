//! Bodies that carry messages: submit_sm, deliver_sm, data_sm, replace_sm, their responses, alert_notification
//! (SMPP 3.4 4.4, 4.6, 4.7, 4.10, 4.12).

use std::borrow::Cow;
use std::fmt;

use super::field;
use super::read::{Bad, DEST, ESME, LONG_DEST, LONG_SOURCE, Reader, SOURCE};
use super::write::Writer;
use super::{Tlvs, text, tlv};

/// An address of an SME.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Addr<'a> {
    /// Type of number: 0 unknown, 1 international, 2 national, 3 network, 4 subscriber, 5 alphanumeric, 6 abbreviated.
    pub ton: u8,
    /// Numbering plan: 0 unknown, 1 E.164, and others.
    pub npi: u8,
    /// The address: ASCII, Latin-1 with lenient peers.
    pub digits: &'a [u8],
}

/// submit_sm and deliver_sm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Submit<'a> {
    /// The SMS application service; empty for the default.
    pub service_type: &'a [u8],
    /// Who sends.
    pub source: Addr<'a>,
    /// Who receives.
    pub dest: Addr<'a>,
    /// Mode, type and GSM features of the message (SMPP 3.4 5.2.12).
    pub esm_class: u8,
    /// TP-PID.
    pub protocol_id: u8,
    /// 0, the lowest, to 3 (to 4 in 5.0).
    pub priority: u8,
    /// When it is to be delivered; empty for at once.
    pub schedule: &'a str,
    /// Until when it may be delivered; empty for the message centre's default.
    pub validity: &'a str,
    /// Which receipts and acknowledgements are wanted (SMPP 3.4 5.2.17).
    pub registered_delivery: u8,
    /// 1: a message from the same source to the same destination with the same service type is replaced.
    pub replace_if_present: u8,
    /// What the octets of the message are (SMPP 3.4 5.2.19).
    pub data_coding: u8,
    /// A message that the message centre has; 0 for none.
    pub sm_default_msg_id: u8,
    /// The message, up to 254 octets, 255 in 5.0.
    pub short_message: &'a [u8],
    /// What else there is.
    pub tlvs: Tlvs<'a>,
}

/// data_sm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Data<'a> {
    /// The SMS application service; empty for the default.
    pub service_type: &'a [u8],
    /// Who sends; up to 64 octets.
    pub source: Addr<'a>,
    /// Who receives; up to 64 octets.
    pub dest: Addr<'a>,
    /// Mode, type and GSM features of the message.
    pub esm_class: u8,
    /// Which receipts and acknowledgements are wanted.
    pub registered_delivery: u8,
    /// What the octets of the message are.
    pub data_coding: u8,
    /// The message in message_payload, and what else there is.
    pub tlvs: Tlvs<'a>,
}

/// The response to submit_sm, deliver_sm, data_sm, broadcast_sm and query_broadcast_sm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageIdResp<'a> {
    /// The message centre's id of the message; empty in deliver_sm_resp.
    pub message_id: &'a [u8],
    /// What else there is.
    pub tlvs: Tlvs<'a>,
}

/// replace_sm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replace<'a> {
    /// The message to replace.
    pub message_id: &'a [u8],
    /// Who has sent it.
    pub source: Addr<'a>,
    /// When it is to be delivered; empty for no change.
    pub schedule: &'a str,
    /// Until when it may be delivered; empty for no change.
    pub validity: &'a str,
    /// Which receipts are wanted.
    pub registered_delivery: u8,
    /// A message that the message centre has; 0 for none.
    pub sm_default_msg_id: u8,
    /// The message in its place.
    pub short_message: &'a [u8],
    /// What else there is; message_payload in 5.0.
    pub tlvs: Tlvs<'a>,
}

/// alert_notification: a subscriber whose message waited is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alert<'a> {
    /// Who is there; up to 64 octets.
    pub source: Addr<'a>,
    /// Who is told; up to 64 octets.
    pub esme: Addr<'a>,
    /// ms_availability_status among them.
    pub tlvs: Tlvs<'a>,
}

impl<'a> Addr<'a> {
    /// An address.
    #[must_use]
    pub const fn new(ton: u8, npi: u8, digits: &'a [u8]) -> Self {
        Self { ton, npi, digits }
    }

    /// The address as text.
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        text(self.digits)
    }
}

impl fmt::Debug for Addr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.ton, self.npi, self.text())
    }
}

/// Type of a message: bits 5 to 2 of esm_class. The strict policy takes those that either direction defines.
const fn is_defined(esm_class: u8) -> bool {
    matches!(esm_class >> 2 & 0xf, 0 | 1 | 2 | 4 | 6 | 8)
}

impl<'a> Submit<'a> {
    /// The octets of the message, wherever they stand.
    #[must_use]
    pub fn content(&self) -> &'a [u8] {
        if self.short_message.is_empty() {
            self.tlvs.get(tlv::MESSAGE_PAYLOAD).unwrap_or_default()
        } else {
            self.short_message
        }
    }

    /// Whether a deliver_sm is a receipt of the message centre's (SMPP 3.4 5.2.12).
    #[must_use]
    pub const fn is_receipt(&self) -> bool {
        self.esm_class >> 2 & 0xf == 1
    }

    /// Whether the content begins with a user data header.
    #[must_use]
    pub const fn has_udh(&self) -> bool {
        self.esm_class & 0x40 != 0
    }

    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        let service_type = r.string(&field::SERVICE_TYPE)?;
        let source = r.addr(&SOURCE)?;
        let dest = r.addr(&DEST)?;
        Self::read_rest(r, service_type, source, dest)
    }

    /// What follows the destinations; in submit_multi it is the same.
    pub(super) fn read_rest(
        r: &mut Reader<'a>,
        service_type: &'a [u8],
        source: Addr<'a>,
        dest: Addr<'a>,
    ) -> Result<Self, Bad> {
        let mut submit = Self {
            service_type,
            source,
            dest,
            esm_class: r.octet_if(&field::ESM_CLASS, is_defined)?,
            protocol_id: r.octet(&field::PROTOCOL_ID)?,
            priority: r.octet_if(&field::PRIORITY_FLAG, |priority| priority <= 4)?,
            schedule: r.time(&field::SCHEDULE)?,
            validity: r.time(&field::VALIDITY)?,
            registered_delivery: r.octet_if(&field::REGISTERED_DELIVERY, |flags| flags < 0x20)?,
            replace_if_present: r.octet_if(&field::REPLACE_IF_PRESENT, |flag| flag <= 1)?,
            data_coding: r.octet(&field::DATA_CODING)?,
            sm_default_msg_id: r.octet(&field::SM_DEFAULT_MSG_ID)?,
            short_message: r.short_message()?,
            tlvs: Tlvs::EMPTY,
        };
        submit.tlvs = r.tlvs_behind(submit.short_message)?;
        Ok(submit)
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.string(&field::SERVICE_TYPE, self.service_type)
            .addr(&SOURCE, &self.source)
            .addr(&DEST, &self.dest);
        self.write_rest(w);
    }

    pub(super) fn write_rest(&self, w: &mut Writer<'_>) {
        w.octets(&[self.esm_class, self.protocol_id, self.priority])
            .string(&field::SCHEDULE, self.schedule.as_bytes())
            .string(&field::VALIDITY, self.validity.as_bytes())
            .octets(&[
                self.registered_delivery,
                self.replace_if_present,
                self.data_coding,
                self.sm_default_msg_id,
            ])
            .short_message(self.short_message)
            .tlvs(self.tlvs);
    }
}

impl<'a> Data<'a> {
    /// The octets of the message.
    #[must_use]
    pub fn content(&self) -> &'a [u8] {
        self.tlvs.get(tlv::MESSAGE_PAYLOAD).unwrap_or_default()
    }

    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        Ok(Self {
            service_type: r.string(&field::SERVICE_TYPE)?,
            source: r.addr(&LONG_SOURCE)?,
            dest: r.addr(&LONG_DEST)?,
            esm_class: r.octet_if(&field::ESM_CLASS, is_defined)?,
            registered_delivery: r.octet_if(&field::REGISTERED_DELIVERY, |flags| flags < 0x20)?,
            data_coding: r.octet(&field::DATA_CODING)?,
            tlvs: r.tlvs()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.string(&field::SERVICE_TYPE, self.service_type)
            .addr(&LONG_SOURCE, &self.source)
            .addr(&LONG_DEST, &self.dest)
            .octets(&[self.esm_class, self.registered_delivery, self.data_coding])
            .tlvs(self.tlvs);
    }
}

impl<'a> MessageIdResp<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        Ok(Self {
            message_id: r.last_message_id()?,
            tlvs: r.tlvs()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.message_id(self.message_id).tlvs(self.tlvs);
    }
}

impl<'a> Replace<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        let mut replace = Self {
            message_id: r.message_id()?,
            source: r.addr(&SOURCE)?,
            schedule: r.time(&field::SCHEDULE)?,
            validity: r.time(&field::VALIDITY)?,
            registered_delivery: r.octet_if(&field::REGISTERED_DELIVERY, |flags| flags < 0x20)?,
            sm_default_msg_id: r.octet(&field::SM_DEFAULT_MSG_ID)?,
            short_message: r.short_message()?,
            tlvs: Tlvs::EMPTY,
        };
        replace.tlvs = r.tlvs_behind(replace.short_message)?;
        Ok(replace)
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.message_id(self.message_id)
            .addr(&SOURCE, &self.source)
            .string(&field::SCHEDULE, self.schedule.as_bytes())
            .string(&field::VALIDITY, self.validity.as_bytes())
            .octets(&[self.registered_delivery, self.sm_default_msg_id])
            .short_message(self.short_message)
            .tlvs(self.tlvs);
    }
}

impl<'a> Alert<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        Ok(Self {
            source: r.addr(&LONG_SOURCE)?,
            esme: r.addr(&ESME)?,
            tlvs: r.tlvs()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.addr(&LONG_SOURCE, &self.source)
            .addr(&ESME, &self.esme)
            .tlvs(self.tlvs);
    }
}
