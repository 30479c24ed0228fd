//! What the adaptor and its driver say to each other.

use bytes::Bytes;
use std::fmt;
use std::str::FromStr;

/// The id of a record: no other record of any node ever has it.
///
/// Its text is 25 characters: the store that the record comes from, a hyphen, and its number there, both hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RecordId {
    /// Stands for the store: drawn when that was created.
    pub origin: u32,
    /// The slot in the upper eight bits, and what counts there.
    pub number: u64,
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:016x}", self.origin, self.number)
    }
}

/// It is no id of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an id of a record is 8 hexadecimal digits, a hyphen and 16 more")]
pub struct BadRecordId;

impl FromStr for RecordId {
    type Err = BadRecordId;
    fn from_str(text: &str) -> Result<Self, BadRecordId> {
        let (origin, number) = text.split_once('-').ok_or(BadRecordId)?;
        if origin.len() != 8 || number.len() != 16 || text.contains('+') {
            return Err(BadRecordId);
        }
        Ok(Self {
            origin: u32::from_str_radix(origin, 16).map_err(|_| BadRecordId)?,
            number: u64::from_str_radix(number, 16).map_err(|_| BadRecordId)?,
        })
    }
}

/// What the adaptor tells its driver: a record. It is answered by [`Up`], whenever that is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Down {
    /// The record.
    pub id: RecordId,
    /// The record as it is to be written: one object in JSON, in one line, without the line's end.
    pub line: Bytes,
}

/// What the driver tells its adaptor: these are safe and need not be told again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Up {
    /// The records.
    pub ids: Vec<RecordId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = RecordId {
            origin: 0x5f3a_9c01,
            number: 0x2a00_0000_0000_001f,
        };
        assert_eq!(id.to_string(), "5f3a9c01-2a0000000000001f");
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in [
            "",
            "-",
            "5f3a9c01",
            "5f3a9c01-2a",
            "+f3a9c01-2a0000000000001f",
        ] {
            assert_eq!(bad.parse::<RecordId>(), Err(BadRecordId), "{bad}");
        }
    }
}
