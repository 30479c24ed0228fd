//! Bodies of cell broadcast: broadcast_sm, query_broadcast_sm, cancel_broadcast_sm (SMPP 5.0 4.4, 4.5.3, 4.6). Their
//! responses are [`MessageIdResp`](super::MessageIdResp).

use super::field;
use super::read::{Bad, Reader, SOURCE};
use super::write::Writer;
use super::{Addr, Tlvs, tlv};

/// broadcast_sm. What is broadcast, where and how often stands in its TLVs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Broadcast<'a> {
    /// The SMS application service; empty for the default.
    pub service_type: &'a [u8],
    /// Who sends.
    pub source: Addr<'a>,
    /// A broadcast that this one replaces; empty for none.
    pub message_id: &'a [u8],
    /// 0, the lowest, to 4.
    pub priority: u8,
    /// When it begins; empty for at once.
    pub schedule: &'a str,
    /// Until when it may go on; empty for the message centre's default.
    pub validity: &'a str,
    /// 1: a broadcast of the same message id is replaced.
    pub replace_if_present: u8,
    /// What the octets of the message are.
    pub data_coding: u8,
    /// A message that the message centre has; 0 for none.
    pub sm_default_msg_id: u8,
    /// The area, the content, the frequency, and what else there is.
    pub tlvs: Tlvs<'a>,
}

/// query_broadcast_sm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryBroadcast<'a> {
    /// The message centre's id of the broadcast.
    pub message_id: &'a [u8],
    /// Who has sent it.
    pub source: Addr<'a>,
    /// user_message_reference among them.
    pub tlvs: Tlvs<'a>,
}

/// cancel_broadcast_sm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CancelBroadcast<'a> {
    /// The SMS application service of the broadcasts to cancel.
    pub service_type: &'a [u8],
    /// The broadcast to cancel; empty for all of this source and service type.
    pub message_id: &'a [u8],
    /// Who has sent it.
    pub source: Addr<'a>,
    /// broadcast_content_type and user_message_reference among them.
    pub tlvs: Tlvs<'a>,
}

impl<'a> Broadcast<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        let broadcast = Self {
            service_type: r.string(&field::SERVICE_TYPE)?,
            source: r.addr(&SOURCE)?,
            message_id: r.message_id()?,
            priority: r.octet_if(&field::PRIORITY_FLAG, |priority| priority <= 4)?,
            schedule: r.time(&field::SCHEDULE)?,
            validity: r.time(&field::VALIDITY)?,
            replace_if_present: r.octet_if(&field::REPLACE_IF_PRESENT, |flag| flag <= 1)?,
            data_coding: r.octet(&field::DATA_CODING)?,
            sm_default_msg_id: r.octet(&field::SM_DEFAULT_MSG_ID)?,
            tlvs: r.tlvs()?,
        };
        for tag in [
            tlv::BROADCAST_AREA_IDENTIFIER,
            tlv::BROADCAST_CONTENT_TYPE,
            tlv::BROADCAST_REP_NUM,
            tlv::BROADCAST_FREQUENCY_INTERVAL,
        ] {
            r.need(broadcast.tlvs, tag)?;
        }
        Ok(broadcast)
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.string(&field::SERVICE_TYPE, self.service_type)
            .addr(&SOURCE, &self.source)
            .message_id(self.message_id)
            .octet(self.priority)
            .string(&field::SCHEDULE, self.schedule.as_bytes())
            .string(&field::VALIDITY, self.validity.as_bytes())
            .octets(&[
                self.replace_if_present,
                self.data_coding,
                self.sm_default_msg_id,
            ])
            .tlvs(self.tlvs);
    }
}

impl<'a> QueryBroadcast<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        Ok(Self {
            message_id: r.message_id()?,
            source: r.addr(&SOURCE)?,
            tlvs: r.tlvs()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.message_id(self.message_id)
            .addr(&SOURCE, &self.source)
            .tlvs(self.tlvs);
    }
}

impl<'a> CancelBroadcast<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        Ok(Self {
            service_type: r.string(&field::SERVICE_TYPE)?,
            message_id: r.message_id()?,
            source: r.addr(&SOURCE)?,
            tlvs: r.tlvs()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.string(&field::SERVICE_TYPE, self.service_type)
            .message_id(self.message_id)
            .addr(&SOURCE, &self.source)
            .tlvs(self.tlvs);
    }
}
