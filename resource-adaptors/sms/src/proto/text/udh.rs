//! The user data header in front of a text: concatenation, ports, national language tables (TS 23.040 9.2.3.24).
//!
//! A header is read as it stands and can be written back byte for byte; what contradicts itself is refused as a whole.

use serde::{Deserialize, Serialize};

use super::{Language, Shift};

/// Identifiers of information elements (TS 23.040 9.2.3.24).
pub mod id {
    /// Concatenation with a reference of 8 bits.
    pub const CONCAT_8: u8 = 0x00;
    /// Special SMS message indication.
    pub const SPECIAL: u8 = 0x01;
    /// Application ports of 8 bits.
    pub const PORTS_8: u8 = 0x04;
    /// Application ports of 16 bits.
    pub const PORTS_16: u8 = 0x05;
    /// Concatenation with a reference of 16 bits.
    pub const CONCAT_16: u8 = 0x08;
    /// National language single shift table.
    pub const SINGLE_SHIFT: u8 = 0x24;
    /// National language locking shift table.
    pub const LOCKING_SHIFT: u8 = 0x25;
}

/// Why octets are no user data header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UdhFault {
    /// There is not even the octet with its length.
    #[error("no user data header")]
    Missing,
    /// It says that it is longer than the user data.
    #[error("a user data header of {said} octets in {there}")]
    Overrun {
        /// Its length, in octets.
        said: u8,
        /// What is there.
        there: usize,
    },
    /// An element is longer than what is left of the header.
    #[error("information element {id:#04x} of the user data header is cut off")]
    Element {
        /// The element's identifier.
        id: u8,
    },
}

/// Reads the header in front of user data; the second value is what stands behind it.
///
/// # Errors
///
/// The header is longer than the user data, or an element longer than the header.
pub fn parse(user_data: &[u8]) -> Result<(Udh<'_>, &[u8]), UdhFault> {
    let (&said, there) = user_data.split_first().ok_or(UdhFault::Missing)?;
    let overrun = UdhFault::Overrun {
        said,
        there: there.len(),
    };
    let (raw, body) = user_data
        .split_at_checked(1 + usize::from(said))
        .ok_or(overrun)?;
    let udh = Udh { raw };
    let mut elements = udh.iter();
    let read: usize = elements.by_ref().map(|e| 2 + e.data.len()).sum();
    match raw.get(1 + read) {
        Some(&id) => Err(UdhFault::Element { id }),
        None => Ok((udh, body)),
    }
}

/// A user data header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udh<'a> {
    raw: &'a [u8],
}

/// An information element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Its identifier, see [`id`].
    pub id: u8,
    /// Its value.
    pub data: &'a [u8],
}

/// Which part of a message this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Concat {
    /// What the parts of a message have in common.
    pub reference: u16,
    /// How many parts there are; at least 1.
    pub total: u8,
    /// Which of them this is, from 1.
    pub number: u8,
    /// Whether the reference has 16 bits; the same number in 8 bits is another message's.
    pub wide: bool,
}

impl Concat {
    /// The part that these numbers mean, as an element of a header or SMPP's `sar_` parameters have them; `None` if there is no
    /// such part, and then the message is one by itself (TS 23.040 9.2.3.24.1).
    #[must_use]
    pub const fn new(reference: u16, total: u8, number: u8, wide: bool) -> Option<Self> {
        if number == 0 || number > total {
            return None;
        }
        Some(Self {
            reference,
            total,
            number,
            wide,
        })
    }
}

/// Application ports (TS 23.040 9.2.3.24.3, 9.2.3.24.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ports {
    /// The receiver's.
    pub destination: u16,
    /// The sender's.
    pub source: u16,
}

impl<'a> Udh<'a> {
    /// The header as it stands, the octet with its length included.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Its elements, in order.
    #[must_use]
    pub fn iter(&self) -> Elements<'a> {
        Elements {
            left: self.raw.get(1..).unwrap_or_default(),
        }
    }

    /// Which part of a message this is. Of several elements that say so the last one counts (TS 23.040 9.2.3.24).
    #[must_use]
    pub fn concat(&self) -> Option<Concat> {
        self.last(|element| match (element.id, element.data) {
            (id::CONCAT_8, &[reference, total, number]) => {
                Concat::new(u16::from(reference), total, number, false)
            }
            (id::CONCAT_16, &[high, low, total, number]) => {
                Concat::new(u16::from_be_bytes([high, low]), total, number, true)
            }
            _ => None,
        })
    }

    /// The ports that it is meant for.
    #[must_use]
    pub fn ports(&self) -> Option<Ports> {
        self.last(|element| match (element.id, element.data) {
            (id::PORTS_8, &[destination, source]) => Some(Ports {
                destination: u16::from(destination),
                source: u16::from(source),
            }),
            (id::PORTS_16, &[d1, d2, s1, s2]) => Some(Ports {
                destination: u16::from_be_bytes([d1, d2]),
                source: u16::from_be_bytes([s1, s2]),
            }),
            _ => None,
        })
    }

    /// The language tables that its text is written with. An unknown language is the default one (TS 23.038 6.2.1.2.4).
    #[must_use]
    pub fn shift(&self) -> Shift {
        let language = |wanted: u8| {
            self.last(|element| match (element.id, element.data) {
                (id, &[language]) if id == wanted => Some(Language::from_id(language)),
                _ => None,
            })
            .flatten()
        };
        Shift {
            locking: language(id::LOCKING_SHIFT),
            single: language(id::SINGLE_SHIFT),
        }
    }

    fn last<T>(&self, read: impl Fn(Element<'a>) -> Option<T>) -> Option<T> {
        self.iter().filter_map(read).last()
    }
}

/// The elements of a header.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    left: &'a [u8],
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&[id, length], rest) = self.left.split_first_chunk()?;
        let (data, rest) = rest.split_at_checked(usize::from(length))?;
        self.left = rest;
        Some(Element { id, data })
    }
}

/// A header that is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UdhBuf {
    elements: Vec<u8>,
}

impl UdhBuf {
    /// A header without elements.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            elements: Vec::new(),
        }
    }

    /// Adds an element if a header can hold it: 255 octets in all.
    #[must_use]
    pub fn put(mut self, id: u8, data: &[u8]) -> Self {
        let fits = self.elements.len() + 2 + data.len() <= usize::from(u8::MAX);
        if let (true, Ok(length)) = (fits, u8::try_from(data.len())) {
            self.elements.extend([id, length]);
            self.elements.extend_from_slice(data);
        }
        self
    }

    /// Says which part this is.
    #[must_use]
    pub fn concat(self, concat: Concat) -> Self {
        let [high, low] = concat.reference.to_be_bytes();
        let (total, number) = (concat.total, concat.number);
        if concat.wide {
            self.put(id::CONCAT_16, &[high, low, total, number])
        } else {
            self.put(id::CONCAT_8, &[low, total, number])
        }
    }

    /// Says which ports it is meant for, with 16 bits each.
    #[must_use]
    pub fn ports(self, ports: Ports) -> Self {
        let [d1, d2] = ports.destination.to_be_bytes();
        let [s1, s2] = ports.source.to_be_bytes();
        self.put(id::PORTS_16, &[d1, d2, s1, s2])
    }

    /// Says which tables the text is written with, if they are not the default ones.
    #[must_use]
    pub fn shift(mut self, shift: Shift) -> Self {
        if let Some(language) = shift.locking {
            self = self.put(id::LOCKING_SHIFT, &[language.id()]);
        }
        if let Some(language) = shift.single {
            self = self.put(id::SINGLE_SHIFT, &[language.id()]);
        }
        self
    }

    /// The octets, their length in front; nothing at all without elements.
    #[must_use]
    pub fn into_octets(mut self) -> Vec<u8> {
        if let Ok(length @ 1..) = u8::try_from(self.elements.len()) {
            self.elements.insert(0, length);
        }
        self.elements
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_are_written_byte_for_byte() {
        let part = Concat::new(0xab, 3, 2, false).expect("a part");
        assert_eq!(
            UdhBuf::new().concat(part).into_octets(),
            [5, 0, 3, 0xab, 3, 2]
        );
        let wide = Concat::new(0x1234, 10, 10, true).expect("a part");
        assert_eq!(
            UdhBuf::new().concat(wide).into_octets(),
            [6, 8, 4, 0x12, 0x34, 10, 10]
        );
        let turkish = UdhBuf::new()
            .concat(part)
            .shift(Shift::both(Language::Turkish));
        assert_eq!(
            turkish.into_octets(),
            [11, 0, 3, 0xab, 3, 2, 0x25, 1, 1, 0x24, 1, 1]
        );
        let ports = Ports {
            destination: 2948,
            source: 9200,
        };
        assert_eq!(
            UdhBuf::new().ports(ports).into_octets(),
            [6, 5, 4, 0x0b, 0x84, 0x23, 0xf0]
        );
        assert!(UdhBuf::new().into_octets().is_empty());
    }

    #[test]
    fn elements_are_read_wherever_they_stand() {
        let octets = [
            14, 0x70, 0, 0, 3, 7, 2, 1, 0x24, 1, 13, 4, 2, 80, 81, b'h', b'i',
        ];
        let (udh, body) = parse(&octets).expect("a header");
        assert_eq!((udh.iter().count(), body), (4, &b"hi"[..]));
        assert_eq!(udh.concat(), Concat::new(7, 2, 1, false));
        assert_eq!(udh.shift(), Shift::single(Language::Urdu));
        let ports = Ports {
            destination: 80,
            source: 81,
        };
        assert_eq!(udh.ports(), Some(ports));
        assert_eq!(udh.raw(), &octets[..15]);
    }

    /// TS 23.040 9.2.3.24: the last of what excludes each other counts; 9.2.3.24.1: parts that cannot be are no parts.
    #[test]
    fn contradictions_are_settled() {
        let (udh, _) = parse(&[11, 0, 3, 1, 2, 1, 8, 4, 0, 9, 3, 2]).expect("a header");
        assert_eq!(udh.concat(), Concat::new(9, 3, 2, true));
        for bad in [[5, 0, 3, 1, 0, 0], [5, 0, 3, 1, 2, 0], [5, 0, 3, 1, 2, 3]] {
            let (udh, _) = parse(&bad).expect("a header");
            assert_eq!(udh.concat(), None, "{bad:?}");
        }
        let (udh, _) = parse(&[4, 0, 2, 1, 2]).expect("a header with a short element");
        assert_eq!(udh.concat(), None);
        let (udh, _) = parse(&[3, 0x25, 1, 99]).expect("a header");
        assert_eq!(udh.shift(), Shift::default(), "nobody knows language 99");
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        assert_eq!(parse(&[]), Err(UdhFault::Missing));
        assert_eq!(
            parse(&[5, 0, 3]),
            Err(UdhFault::Overrun { said: 5, there: 2 })
        );
        assert_eq!(parse(&[3, 0, 3, 1, 2, 1]), Err(UdhFault::Element { id: 0 }));
        assert_eq!(
            parse(&[6, 0, 3, 1, 2, 1, 9]),
            Err(UdhFault::Element { id: 9 })
        );
        assert!(parse(&[0, 1]).is_ok_and(|(udh, body)| udh.iter().count() == 0 && body == [1]));
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(octets: Vec<u8>) {
            if let Ok((udh, body)) = parse(&octets) {
                prop_assert_eq!([udh.raw(), body].concat(), &octets[..]);
                let mut copy = UdhBuf::new();
                for element in udh.iter() {
                    copy = copy.put(element.id, element.data);
                }
                let _ = (udh.concat(), udh.ports(), udh.shift());
                if octets[0] > 0 {
                    prop_assert_eq!(copy.into_octets(), udh.raw());
                }
            }
        }
    }
}
