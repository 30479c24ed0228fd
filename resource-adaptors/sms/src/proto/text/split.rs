//! Cutting a text that does not fit into one message (TS 23.040 9.2.3.24.1).
//!
//! A cut never falls behind an escape character or between surrogates, and not within what a reader takes for one character
//! either (an emoji with its skin colour, a letter with its accents), unless that alone does not fit into a part.

use unicode_segmentation::UnicodeSegmentation;

use super::alphabet::Writer;
use super::lengths::room;
use super::{Alphabet, Concat, Shift, UdhBuf, Unencodable};

/// How the parts say that they belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// By a header with a reference of 8 bits: 153 septets, 134 octets or 67 UCS2 characters a part.
    Bits8(u8),
    /// By a header with a reference of 16 bits: 152, 133 or 66.
    Bits16(u16),
    /// By what goes beside the part (SMPP's `sar_` parameters). Whoever passes it on to a phone makes a header of that, so that
    /// parts are as short as with 16 bits.
    Sar(u16),
}

/// One part of a message, or all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Which part; `None` if it is all.
    pub concat: Option<Concat>,
    /// The user data header, the octet with its length included; empty if there is none.
    pub udh: Vec<u8>,
    /// What comes behind it; of the 7-bit alphabets the septets, one an octet.
    pub body: Vec<u8>,
}

impl Part {
    /// Header and body, as they stand in SMPP's `short_message`.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        [&self.udh[..], &self.body].concat()
    }
}

/// Why a text cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitFault {
    /// The alphabet does not have a character.
    #[error(transparent)]
    Unencodable(#[from] Unencodable),
    /// More than 255 parts.
    #[error("the message has more than 255 parts")]
    TooLong,
}

/// Writes a text, in as many parts as it takes.
///
/// # Errors
///
/// The alphabet does not have a character, or there would be more than 255 parts.
pub fn split(
    text: &str,
    alphabet: Alphabet,
    reference: Reference,
) -> Result<Vec<Part>, SplitFault> {
    let shift = alphabet.shift().unwrap_or_default();
    let written = Written::new(text, alphabet)?;
    let alone = header(None, shift);
    if written.size() <= room(alphabet, alone.len()) {
        return Ok(vec![Part {
            concat: None,
            udh: alone,
            body: written.octets,
        }]);
    }
    let room = room(alphabet, overhead(reference, shift));
    let bodies = written.cut(room).into_iter().map(<[u8]>::to_vec);
    number(bodies.collect(), reference, shift)
}

/// Cuts content that is no text.
///
/// # Errors
///
/// There would be more than 255 parts.
pub fn split_octets(octets: &[u8], reference: Reference) -> Result<Vec<Part>, SplitFault> {
    if octets.len() <= room(Alphabet::Binary, 0) {
        return Ok(vec![Part {
            body: octets.to_vec(),
            ..Part::default()
        }]);
    }
    let room = room(Alphabet::Binary, overhead(reference, Shift::default()));
    let bodies = octets.chunks(room.max(1)).map(<[u8]>::to_vec);
    number(bodies.collect(), reference, Shift::default())
}

fn number(
    bodies: Vec<Vec<u8>>,
    reference: Reference,
    shift: Shift,
) -> Result<Vec<Part>, SplitFault> {
    let total = u8::try_from(bodies.len()).map_err(|_| SplitFault::TooLong)?;
    let (reference, wide, is_header) = match reference {
        Reference::Bits8(n) => (u16::from(n), false, true),
        Reference::Bits16(n) => (n, true, true),
        Reference::Sar(n) => (n, true, false),
    };
    let parts = (1..=total).zip(bodies).map(|(number, body)| {
        let concat = Concat {
            reference,
            total,
            number,
            wide,
        };
        Part {
            concat: Some(concat),
            udh: header(is_header.then_some(concat), shift),
            body,
        }
    });
    Ok(parts.collect())
}

fn header(concat: Option<Concat>, shift: Shift) -> Vec<u8> {
    let udh = UdhBuf::new();
    let udh = match concat {
        Some(concat) => udh.concat(concat),
        None => udh,
    };
    udh.shift(shift).into_octets()
}

/// Octets of the header that each part has on its way to the phone.
fn overhead(reference: Reference, shift: Shift) -> usize {
    let concat = Concat {
        reference: 0,
        total: 1,
        number: 1,
        wide: !matches!(reference, Reference::Bits8(_)),
    };
    header(Some(concat), shift).len()
}

/// A text in its alphabet, and where it may be cut.
struct Written {
    octets: Vec<u8>,
    /// Ends of characters: where the octets end, and how much of a part all up to there take.
    ends: Vec<(usize, usize)>,
    /// Which of the ends are ends of what a reader takes for one character.
    graphemes: Vec<bool>,
}

impl Written {
    fn new(text: &str, alphabet: Alphabet) -> Result<Self, Unencodable> {
        let writer = Writer::new(alphabet);
        let mut written = Self {
            octets: Vec::with_capacity(text.len()),
            ends: Vec::with_capacity(text.len()),
            graphemes: Vec::with_capacity(text.len()),
        };
        let mut size = 0;
        for (at, grapheme) in text.grapheme_indices(true) {
            for (within, character) in grapheme.char_indices() {
                let before = written.octets.len();
                if !writer.put(character, &mut written.octets) {
                    let at = at + within;
                    return Err(Unencodable { at, character });
                }
                size += if alphabet == Alphabet::Ascii {
                    air(character)
                } else {
                    written.octets.len() - before
                };
                written.ends.push((written.octets.len(), size));
                written.graphemes.push(false);
            }
            if let Some(last) = written.graphemes.last_mut() {
                *last = true;
            }
        }
        Ok(written)
    }

    fn size(&self) -> usize {
        self.ends.last().map_or(0, |&(_, size)| size)
    }

    /// The pieces, each at most `room` units.
    fn cut(&self, room: usize) -> Vec<&[u8]> {
        let (mut pieces, mut from, mut start) = (Vec::new(), 0, (0, 0));
        while from < self.ends.len() {
            let fits = |&&(_, size): &&(usize, usize)| size - start.1 <= room;
            let reach = self.ends[from..].iter().take_while(fits).count();
            let reach = from + reach.max(1);
            let whole = (from..reach).rev().find(|&n| self.graphemes[n]);
            let last = if reach == self.ends.len() {
                reach - 1
            } else {
                whole.unwrap_or(reach - 1)
            };
            let end = self.ends[last];
            pieces.push(&self.octets[start.0..end.0]);
            (from, start) = (last + 1, end);
        }
        pieces
    }
}

/// How many septets an ASCII character takes on its way to the phone.
fn air(character: char) -> usize {
    let mut one = [0; 4];
    let septets = super::encode(character.encode_utf8(&mut one), Alphabet::Gsm7);
    septets.map_or(1, |septets| septets.len())
}
