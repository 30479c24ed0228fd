//! Bodies to several destinations: submit_multi and its response (SMPP 3.4 4.5).

use super::field;
use super::read::{Bad, DEST, Reader, SOURCE};
use super::write::{Writer, fits};
use super::{Addr, EncodeError, Status, Submit, Tlvs};

/// submit_multi.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubmitMulti<'a> {
    /// Who receives.
    pub dests: Dests<'a>,
    /// The message, as in submit_sm; its `dest` is of no meaning.
    pub message: Submit<'a>,
}

/// One destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dest<'a> {
    /// An SME.
    Sme(Addr<'a>),
    /// A distribution list of the message centre's, by name.
    List(&'a [u8]),
}

/// Destinations as they stand in a PDU; iterating gives them in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dests<'a> {
    count: u8,
    bytes: &'a [u8],
}

/// Destinations being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DestBuf {
    count: u8,
    bytes: Vec<u8>,
}

/// submit_multi_resp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubmitMultiResp<'a> {
    /// The message centre's id of the message.
    pub message_id: &'a [u8],
    /// Who does not get it.
    pub unsuccess: Unsuccesses<'a>,
    /// What else there is.
    pub tlvs: Tlvs<'a>,
}

/// A destination that does not get the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsuccess<'a> {
    /// Who.
    pub addr: Addr<'a>,
    /// Why.
    pub status: Status,
}

/// Destinations without success as they stand in a PDU; iterating gives them in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsuccesses<'a> {
    count: u8,
    bytes: &'a [u8],
}

/// Destinations without success being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnsuccessBuf {
    count: u8,
    bytes: Vec<u8>,
}

/// dest_flag: an SME.
const SME: u8 = 1;
/// dest_flag: a distribution list.
const LIST: u8 = 2;
/// The most destinations of one PDU (SMPP 3.4 4.5.1).
const DESTS_MAX: u8 = 254;

impl<'a> SubmitMulti<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        let service_type = r.string(&field::SERVICE_TYPE)?;
        let source = r.addr(&SOURCE)?;
        let dests = Dests::read(r)?;
        let message = Submit::read_rest(r, service_type, source, Addr::default())?;
        Ok(Self { dests, message })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.string(&field::SERVICE_TYPE, self.message.service_type)
            .addr(&SOURCE, &self.message.source)
            .octet(self.dests.count)
            .octets(self.dests.bytes);
        self.message.write_rest(w);
    }
}

impl<'a> Dests<'a> {
    /// How many there are.
    #[must_use]
    pub const fn size(&self) -> u8 {
        self.count
    }

    fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        let count = r.octet_if_ever(&field::NUMBER_OF_DESTS, |count| {
            (1..=DESTS_MAX).contains(&count)
        })?;
        let bytes = r.rest();
        for _ in 0..count {
            Dest::read(r)?;
        }
        let length = bytes.len() - r.rest().len();
        Ok(Self {
            count,
            bytes: &bytes[..length],
        })
    }
}

impl<'a> Dest<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        let flag = r.octet_if_ever(&field::DEST_FLAG, |flag| matches!(flag, SME | LIST))?;
        if flag == SME {
            Ok(Self::Sme(r.addr(&DEST)?))
        } else {
            Ok(Self::List(r.string(&field::DL_NAME)?))
        }
    }
}

impl<'a> Iterator for Dests<'a> {
    type Item = Dest<'a>;

    fn next(&mut self) -> Option<Dest<'a>> {
        self.count = self.count.checked_sub(1)?;
        let (flag, rest) = self.bytes.split_first()?;
        let (dest, rest) = if *flag == SME {
            let (addr, rest) = split_addr(rest)?;
            (Dest::Sme(addr), rest)
        } else {
            let (name, rest) = split_string(rest)?;
            (Dest::List(name), rest)
        };
        self.bytes = rest;
        Some(dest)
    }
}

impl DestBuf {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            count: 0,
            bytes: Vec::new(),
        }
    }

    /// Adds a destination.
    ///
    /// # Errors
    ///
    /// More than 254, or a value that its field cannot hold.
    pub fn push(&mut self, dest: &Dest<'_>) -> Result<&mut Self, EncodeError> {
        if self.count >= DESTS_MAX {
            return Err(EncodeError::TooLong(field::NUMBER_OF_DESTS.name));
        }
        match dest {
            Dest::Sme(addr) => {
                fits(&field::DEST_ADDR, addr.digits)?;
                self.bytes.extend_from_slice(&[SME, addr.ton, addr.npi]);
                self.bytes.extend_from_slice(addr.digits);
            }
            Dest::List(name) => {
                fits(&field::DL_NAME, name)?;
                self.bytes.push(LIST);
                self.bytes.extend_from_slice(name);
            }
        }
        self.bytes.push(0);
        self.count += 1;
        Ok(self)
    }

    /// What was added.
    #[must_use]
    pub fn as_dests(&self) -> Dests<'_> {
        Dests {
            count: self.count,
            bytes: &self.bytes,
        }
    }
}

impl<'a> SubmitMultiResp<'a> {
    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        Ok(Self {
            message_id: r.message_id()?,
            unsuccess: Unsuccesses::read(r)?,
            tlvs: r.tlvs()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.message_id(self.message_id)
            .octet(self.unsuccess.count)
            .octets(self.unsuccess.bytes)
            .tlvs(self.tlvs);
    }
}

impl<'a> Unsuccesses<'a> {
    /// How many there are.
    #[must_use]
    pub const fn size(&self) -> u8 {
        self.count
    }

    fn read(r: &mut Reader<'a>) -> Result<Self, Bad> {
        let count = r.octet(&field::NO_UNSUCCESS)?;
        let bytes = r.rest();
        for _ in 0..count {
            r.addr(&DEST)?;
            r.word(&field::ERROR_STATUS_CODE)?;
        }
        let length = bytes.len() - r.rest().len();
        Ok(Self {
            count,
            bytes: &bytes[..length],
        })
    }
}

impl<'a> Iterator for Unsuccesses<'a> {
    type Item = Unsuccess<'a>;

    fn next(&mut self) -> Option<Unsuccess<'a>> {
        self.count = self.count.checked_sub(1)?;
        let (addr, rest) = split_addr(self.bytes)?;
        let (status, rest) = rest.split_first_chunk()?;
        self.bytes = rest;
        let status = Status(u32::from_be_bytes(*status));
        Some(Unsuccess { addr, status })
    }
}

impl UnsuccessBuf {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            count: 0,
            bytes: Vec::new(),
        }
    }

    /// Adds a destination.
    ///
    /// # Errors
    ///
    /// More than 255, or an address that its field cannot hold.
    pub fn push(&mut self, unsuccess: &Unsuccess<'_>) -> Result<&mut Self, EncodeError> {
        let addr = &unsuccess.addr;
        fits(&field::DEST_ADDR, addr.digits)?;
        let full = EncodeError::TooLong(field::NO_UNSUCCESS.name);
        self.count = self.count.checked_add(1).ok_or(full)?;
        self.bytes.extend_from_slice(&[addr.ton, addr.npi]);
        self.bytes.extend_from_slice(addr.digits);
        self.bytes.push(0);
        self.bytes
            .extend_from_slice(&unsuccess.status.0.to_be_bytes());
        Ok(self)
    }

    /// What was added.
    #[must_use]
    pub fn as_unsuccesses(&self) -> Unsuccesses<'_> {
        Unsuccesses {
            count: self.count,
            bytes: &self.bytes,
        }
    }
}

fn split_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|octet| *octet == 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

fn split_addr(bytes: &[u8]) -> Option<(Addr<'_>, &[u8])> {
    let ([ton, npi], rest) = bytes.split_first_chunk()?;
    let (digits, rest) = split_string(rest)?;
    Some((Addr::new(*ton, *npi, digits), rest))
}
