//! How much fits into one short message (TS 23.040 9.2.3.16): 140 octets, of which the header takes its share.

use super::Alphabet;
use super::pack::fill_bits;

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

#[cfg(test)]
mod tests {
    use super::*;

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
