//! How much fits into one short message (TS 23.040 9.2.3.16): 140 octets, of which the header takes its share; and how many of
//! them a content makes.

use super::pack::fill_bits;
use super::udh::{self, UdhFault};
use super::{Alphabet, DataCoding};

/// Octets of user data in one message.
const USER_DATA: usize = 140;

/// How many units of an alphabet fit beside a header: septets of the 7-bit alphabets and for ASCII, else octets, for UCS2 whole
/// characters of them.
pub(super) fn room(alphabet: Alphabet, header: usize) -> usize {
    let octets = USER_DATA.saturating_sub(header);
    match alphabet {
        Alphabet::Gsm7 | Alphabet::Gsm7Shift(_) | Alphabet::Ascii => {
            (octets * 8).saturating_sub(usize::from(fill_bits(header))) / 7
        }
        Alphabet::Ucs2 => octets / 2 * 2,
        Alphabet::Latin1 | Alphabet::Binary => octets,
    }
}

/// The most parts that a phone puts together (TS 23.040 9.2.3.24.1).
pub const PARTS: u32 = 255;

/// Why a content cannot become short messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentFault {
    /// It is to begin with a user data header, and does not.
    #[error(transparent)]
    Header(#[from] UdhFault),
    /// It has a header of its own, so that it is not cut, and fits into no message.
    #[error("{0} octets with a user data header fit into no short message")]
    Whole(usize),
    /// It would be cut into more than [`PARTS`].
    #[error("{0} parts, where a phone puts 255 together")]
    Parts(u32),
}

/// How many short messages a content of SMPP becomes on the radio side, of which `has_udh` says that it begins with a header; such
/// a content is not cut.
///
/// # Errors
///
/// It is none that could be sent: its header contradicts itself, or it is too long.
pub fn check(coding: DataCoding, content: &[u8], has_udh: bool) -> Result<u32, ContentFault> {
    if !has_udh {
        let parts = parts(coding, content.len(), false);
        return if parts <= PARTS {
            Ok(parts)
        } else {
            Err(ContentFault::Parts(parts))
        };
    }
    let (udh, body) = udh::parse(content)?;
    let header = udh.raw().len();
    // What is text of any kind may be written in septets on its way; what nobody here reads counts as text.
    let alphabet = match coding.alphabet(Alphabet::Gsm7) {
        Some(alphabet @ (Alphabet::Ucs2 | Alphabet::Binary)) => alphabet,
        _ => Alphabet::Gsm7,
    };
    if header > USER_DATA || body.len() > room(alphabet, header) {
        return Err(ContentFault::Whole(content.len()));
    }
    Ok(1)
}

/// How many parts a text of so many octets makes on the radio side (TS 23.040 9.2.3.24.1). A header of its own makes it one part,
/// whatever is in it.
#[must_use]
pub fn parts(coding: DataCoding, octets: usize, has_udh: bool) -> u32 {
    // Unpacked septets for the 7-bit alphabet and those that are turned into it, octets for others.
    let (whole, part) = match coding.alphabet(Alphabet::Gsm7) {
        None | Some(Alphabet::Ucs2 | Alphabet::Binary) => (140, 134),
        Some(_) => (160, 153),
    };
    if has_udh || octets <= whole {
        return 1;
    }
    u32::try_from(octets.div_ceil(part)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_the_radio_side() {
        let of = |coding, octets, has_udh| parts(DataCoding(coding), octets, has_udh);
        assert_eq!(
            (of(0, 0, false), of(0, 160, false), of(0, 161, false)),
            (1, 1, 2)
        );
        assert_eq!((of(0, 306, false), of(0, 307, false)), (2, 3));
        assert_eq!(
            (of(8, 140, false), of(8, 141, false), of(8, 269, false)),
            (1, 2, 3)
        );
        assert_eq!((of(4, 140, false), of(0, 255, true)), (1, 1));
        // Text with a class, of which the SIM's is 2, and a message waiting indication in UCS2.
        assert_eq!((of(0xf2, 160, false), of(0x12, 160, false)), (1, 1));
        assert_eq!((of(0xf6, 141, false), of(0xe0, 141, false)), (2, 2));
    }

    #[test]
    fn a_content_without_a_header_has_255_parts_at_most() {
        let of = |coding, octets| check(DataCoding(coding), &vec![b'a'; octets], false);
        assert_eq!(of(0, 0), Ok(1));
        assert_eq!(of(0, 255 * 153), Ok(255));
        assert_eq!(of(0, 255 * 153 + 1), Err(ContentFault::Parts(256)));
        assert_eq!(of(8, 255 * 134), Ok(255));
        assert_eq!(of(4, 255 * 134 + 1), Err(ContentFault::Parts(256)));
    }

    #[test]
    fn a_content_with_a_header_is_one_message_or_none() {
        let of = |coding, header: &[u8], body| {
            let content = [header, &vec![b'a'; body]].concat();
            check(DataCoding(coding), &content, true)
        };
        let concat = [5, 0, 3, 7, 2, 1];
        for (coding, most) in [(0, 153), (1, 153), (3, 153), (4, 134), (8, 134), (5, 153)] {
            assert_eq!(of(coding, &concat, most), Ok(1), "{coding}");
            let whole = ContentFault::Whole(concat.len() + most + 1);
            assert_eq!(of(coding, &concat, most + 1), Err(whole), "{coding}");
        }
        // A header alone is a message; one that takes more than a message is none.
        assert_eq!(of(0, &concat, 0), Ok(1));
        let long = [&[141, 0x70, 139][..], &[0; 139]].concat();
        assert_eq!(of(4, &long, 0), Err(ContentFault::Whole(142)));
        let fault = |header: &[u8]| match of(0, header, 0) {
            Err(ContentFault::Header(fault)) => fault,
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(&[]), UdhFault::Missing);
        assert_eq!(fault(&[5, 0, 3]), UdhFault::Overrun { said: 5, there: 2 });
        assert_eq!(fault(&[3, 0, 3, 7]), UdhFault::Element { id: 0 });
    }

    #[test]
    fn the_figures_of_the_trade() {
        for (header, septets, octets, units) in [
            (0, 160, 140, 70),
            (4, 155, 136, 68),
            (6, 153, 134, 67),
            (7, 152, 133, 66),
            (9, 149, 131, 65),
            (12, 146, 128, 64),
        ] {
            assert_eq!(room(Alphabet::Gsm7, header), septets);
            assert_eq!(room(Alphabet::Ascii, header), septets);
            assert_eq!(room(Alphabet::Latin1, header), octets);
            assert_eq!(room(Alphabet::Binary, header), octets);
            assert_eq!(room(Alphabet::Ucs2, header), units * 2);
        }
    }
}
