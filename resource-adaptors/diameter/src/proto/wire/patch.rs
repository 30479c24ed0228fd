//! Changes to a frame that need no reading of it: ids and T for another try, a Route-Record for the next hop.

use bytes::{Bytes, BytesMut};

use super::framer::MESSAGE_MAX;
use super::{AvpBuf, BuildError, HEADER_LEN, code, flag};

/// A frame being changed: in place where nobody else holds its bytes, else in a copy.
#[derive(Debug)]
pub struct Patch {
    frame: BytesMut,
}

impl Patch {
    /// Takes a whole frame.
    #[must_use]
    pub fn new(frame: Bytes) -> Self {
        let frame = frame
            .try_into_mut()
            .unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        Self { frame }
    }

    /// Sets the Hop-by-Hop Identifier.
    #[must_use]
    pub fn hop_by_hop(self, id: u32) -> Self {
        self.word(12, id)
    }

    /// Sets the End-to-End Identifier.
    #[must_use]
    pub fn end_to_end(self, id: u32) -> Self {
        self.word(16, id)
    }

    /// Sets the T flag.
    #[must_use]
    pub fn retransmit(mut self) -> Self {
        if let Some(flags) = self.frame.get_mut(4) {
            *flags |= flag::RETRANSMIT;
        }
        self
    }

    /// Appends a Route-Record with the identity of the peer that the request came from (RFC 6733 6.1.9).
    ///
    /// # Errors
    ///
    /// [`BuildError::TooLong`] if the message is then longer than 24 bits can say.
    pub fn route_record(mut self, identity: &str) -> Result<Self, BuildError> {
        let mut record = AvpBuf::new();
        let data = identity.as_bytes();
        record.put(code::ROUTE_RECORD, 0, flag::MANDATORY, data);
        self.put(record.as_bytes())?;
        Ok(self)
    }

    /// The frame.
    #[must_use]
    pub fn finish(self) -> Bytes {
        self.frame.freeze()
    }

    /// Appends whole AVPs.
    ///
    /// # Errors
    ///
    /// [`BuildError::TooLong`] if the message is then longer than 24 bits can say.
    pub fn append(mut self, avps: &[u8]) -> Result<Self, BuildError> {
        self.put(avps)?;
        Ok(self)
    }

    fn put(&mut self, avps: &[u8]) -> Result<(), BuildError> {
        let length = u32::try_from(self.frame.len() + avps.len()).unwrap_or(u32::MAX);
        if length > MESSAGE_MAX || self.frame.len() < HEADER_LEN {
            return Err(BuildError::TooLong);
        }
        self.frame.extend_from_slice(avps);
        if let Some(place) = self.frame.get_mut(1..4) {
            place.copy_from_slice(&length.to_be_bytes()[1..]);
        }
        Ok(())
    }

    fn word(mut self, at: usize, value: u32) -> Self {
        if let Some(place) = self.frame.get_mut(at..at + 4) {
            place.copy_from_slice(&value.to_be_bytes());
        }
        self
    }
}
