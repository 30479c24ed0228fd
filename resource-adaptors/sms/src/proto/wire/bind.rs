//! Bodies that open a session: bind_receiver, bind_transmitter, bind_transceiver, their responses, outbind (SMPP 3.4 4.1).

use std::fmt;

use super::field;
use super::read::{Bad, Reader};
use super::write::Writer;
use super::{Policy, Tlvs, text};

/// bind_receiver, bind_transmitter or bind_transceiver.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Bind<'a> {
    /// Who binds.
    pub system_id: &'a [u8],
    /// What proves it.
    pub password: &'a [u8],
    /// Kind of ESME.
    pub system_type: &'a [u8],
    /// The version of SMPP that the ESME speaks: 0x34 for 3.4, 0x50 for 5.0.
    pub interface_version: u8,
    /// TON of the addresses that the ESME serves.
    pub addr_ton: u8,
    /// NPI of the addresses that the ESME serves.
    pub addr_npi: u8,
    /// The addresses that the ESME serves, as a regular expression.
    pub address_range: &'a [u8],
    /// What follows; the standard has no TLVs here.
    pub tlvs: Tlvs<'a>,
}

/// The response to a bind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BindResp<'a> {
    /// Who the message centre is.
    pub system_id: &'a [u8],
    /// sc_interface_version among them.
    pub tlvs: Tlvs<'a>,
}

/// outbind: the message centre asks the ESME to bind as a receiver.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Outbind<'a> {
    /// Who the message centre is.
    pub system_id: &'a [u8],
    /// What proves it.
    pub password: &'a [u8],
    /// What follows; the standard has no TLVs here.
    pub tlvs: Tlvs<'a>,
}

impl<'a> Bind<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        Ok(Self {
            system_id: r.string(&field::SYSTEM_ID)?,
            password: r.string(&field::PASSWORD)?,
            system_type: r.string(&field::SYSTEM_TYPE)?,
            interface_version: r.octet(&field::INTERFACE_VERSION)?,
            addr_ton: r.octet(&field::ADDR_TON)?,
            addr_npi: r.octet(&field::ADDR_NPI)?,
            address_range: r.string(&field::ADDRESS_RANGE)?,
            tlvs: r.tlvs()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.string(&field::SYSTEM_ID, self.system_id)
            .string(&field::PASSWORD, self.password)
            .string(&field::SYSTEM_TYPE, self.system_type)
            .octets(&[self.interface_version, self.addr_ton, self.addr_npi])
            .string(&field::ADDRESS_RANGE, self.address_range)
            .tlvs(self.tlvs);
    }
}

impl<'a> BindResp<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        if r.is_at_end() && r.policy == Policy::Lenient {
            return Ok(Self::default());
        }
        Ok(Self {
            system_id: r.string(&field::SYSTEM_ID)?,
            tlvs: r.tlvs()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.string(&field::SYSTEM_ID, self.system_id).tlvs(self.tlvs);
    }
}

impl<'a> Outbind<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        Ok(Self {
            system_id: r.string(&field::SYSTEM_ID)?,
            password: r.string(&field::PASSWORD)?,
            tlvs: r.tlvs()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.string(&field::SYSTEM_ID, self.system_id)
            .string(&field::PASSWORD, self.password)
            .tlvs(self.tlvs);
    }
}

impl fmt::Debug for Bind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bind")
            .field("system_id", &text(self.system_id))
            .field("system_type", &text(self.system_type))
            .field("interface_version", &self.interface_version)
            .field("addr_ton", &self.addr_ton)
            .field("addr_npi", &self.addr_npi)
            .field("address_range", &text(self.address_range))
            .field("tlvs", &self.tlvs)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Outbind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbind")
            .field("system_id", &text(self.system_id))
            .finish_non_exhaustive()
    }
}
