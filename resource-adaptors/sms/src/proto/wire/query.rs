//! Bodies about a message that was sent: query_sm, its response, cancel_sm (SMPP 3.4 4.8, 4.9).

use super::field;
use super::read::{Bad, DEST, Reader, SOURCE};
use super::write::Writer;
use super::{Addr, Tlvs};

/// query_sm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<'a> {
    /// The message centre's id of the message.
    pub message_id: &'a [u8],
    /// Who has sent it.
    pub source: Addr<'a>,
    /// What follows; the standard has no TLVs here.
    pub tlvs: Tlvs<'a>,
}

/// query_sm_resp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryResp<'a> {
    /// The message centre's id of the message.
    pub message_id: &'a [u8],
    /// When its state became final; empty if it is not.
    pub final_date: &'a str,
    /// 1 en route, 2 delivered, 3 expired, 4 deleted, 5 undeliverable, 6 accepted, 7 unknown, 8 rejected; 0 scheduled and
    /// 9 skipped in 5.0.
    pub state: u8,
    /// The network's error, 0 for none.
    pub error_code: u8,
    /// What else there is.
    pub tlvs: Tlvs<'a>,
}

/// cancel_sm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cancel<'a> {
    /// The SMS application service of the messages to cancel.
    pub service_type: &'a [u8],
    /// The message to cancel; empty for all from this source to this destination.
    pub message_id: &'a [u8],
    /// Who has sent it.
    pub source: Addr<'a>,
    /// Who was to receive it.
    pub dest: Addr<'a>,
    /// What follows; the standard has no TLVs here.
    pub tlvs: Tlvs<'a>,
}

impl<'a> Query<'a> {
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

impl<'a> QueryResp<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        Ok(Self {
            message_id: r.message_id()?,
            final_date: r.time(&field::FINAL_DATE)?,
            state: r.octet(&field::MESSAGE_STATE)?,
            error_code: r.octet(&field::ERROR_CODE)?,
            tlvs: r.tlvs()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.message_id(self.message_id)
            .string(&field::FINAL_DATE, self.final_date.as_bytes())
            .octets(&[self.state, self.error_code])
            .tlvs(self.tlvs);
    }
}

impl<'a> Cancel<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        Ok(Self {
            service_type: r.string(&field::SERVICE_TYPE)?,
            message_id: r.message_id()?,
            source: r.addr(&SOURCE)?,
            dest: r.addr(&DEST)?,
            tlvs: r.tlvs()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.string(&field::SERVICE_TYPE, self.service_type)
            .message_id(self.message_id)
            .addr(&SOURCE, &self.source)
            .addr(&DEST, &self.dest)
            .tlvs(self.tlvs);
    }
}
