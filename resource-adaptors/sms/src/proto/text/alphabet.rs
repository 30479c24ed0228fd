//! Alphabets: octets to text and back, and which alphabet a text needs.

use serde::{Deserialize, Serialize};

use super::national::{ESCAPE, Language, Shift, Tables};
use super::split::{Reference, split};

/// How the octets of a message are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Alphabet {
    /// The GSM 7-bit default alphabet with its extension table, a septet an octet (TS 23.038 6.2.1).
    Gsm7,
    /// The same with national language tables, which the user data header names.
    Gsm7Shift(Shift),
    /// ISO 8859-1.
    Latin1,
    /// ASCII.
    Ascii,
    /// UTF-16 in network byte order; what is called UCS2 has had surrogates for long.
    Ucs2,
    /// No text.
    Binary,
}

impl Alphabet {
    /// The 7-bit alphabet with these tables.
    #[must_use]
    pub const fn gsm7(shift: Shift) -> Self {
        if shift.is_default() {
            Self::Gsm7
        } else {
            Self::Gsm7Shift(shift)
        }
    }

    /// The tables of a 7-bit alphabet, `None` for the others.
    #[must_use]
    pub const fn shift(self) -> Option<Shift> {
        match self {
            Self::Gsm7 => Some(Shift {
                locking: None,
                single: None,
            }),
            Self::Gsm7Shift(shift) => Some(shift),
            Self::Latin1 | Self::Ascii | Self::Ucs2 | Self::Binary => None,
        }
    }

    /// This alphabet as a header with these tables has it: the tables of a 7-bit alphabet are the header's.
    #[must_use]
    pub const fn with_shift(self, shift: Shift) -> Self {
        match self {
            Self::Gsm7 | Self::Gsm7Shift(_) => Self::gsm7(shift),
            Self::Latin1 | Self::Ascii | Self::Ucs2 | Self::Binary => self,
        }
    }
}

/// A text and how true it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The text; what is no character is U+FFFD.
    pub text: String,
    /// How many characters could not be read.
    pub lost: usize,
}

/// Octets and how true they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// The octets; `?` stands for what the alphabet does not have.
    pub octets: Vec<u8>,
    /// How many characters the alphabet does not have.
    pub lost: usize,
}

/// A character that the alphabet does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{character:?} at byte {at} is not in the alphabet")]
pub struct Unencodable {
    /// Where it stands, in bytes of the text.
    pub at: usize,
    /// The character.
    pub character: char,
}

/// Reads octets.
#[must_use]
pub fn decode(alphabet: Alphabet, octets: &[u8]) -> Decoded {
    match alphabet {
        Alphabet::Gsm7 => septets(Shift::default(), octets),
        Alphabet::Gsm7Shift(shift) => septets(shift, octets),
        Alphabet::Latin1 => Decoded {
            text: octets.iter().map(|&b| char::from(b)).collect(),
            lost: 0,
        },
        Alphabet::Ascii => collect(
            octets
                .iter()
                .map(|b| b.is_ascii().then_some(char::from(*b))),
        ),
        Alphabet::Ucs2 => {
            let (units, rest) = octets.as_chunks::<2>();
            let units = units.iter().map(|&pair| u16::from_be_bytes(pair));
            let characters = char::decode_utf16(units).map(Result::ok);
            collect(characters.chain(rest.iter().map(|_| None)))
        }
        Alphabet::Binary => Decoded {
            text: String::new(),
            lost: octets.len(),
        },
    }
}

/// Writes a text; no alphabet but [`Alphabet::Ucs2`] has every character, and [`Alphabet::Binary`] has none.
///
/// # Errors
///
/// The first character that the alphabet does not have.
pub fn encode(text: &str, alphabet: Alphabet) -> Result<Vec<u8>, Unencodable> {
    let mut out = Vec::with_capacity(text.len());
    let writer = Writer::new(alphabet);
    for (at, character) in text.char_indices() {
        if !writer.put(character, &mut out) {
            return Err(Unencodable { at, character });
        }
    }
    Ok(out)
}

/// Writes a text with `?` for each character that the alphabet does not have.
#[must_use]
pub fn encode_lossy(text: &str, alphabet: Alphabet) -> Encoded {
    let mut out = Encoded {
        octets: Vec::with_capacity(text.len()),
        lost: 0,
    };
    let writer = Writer::new(alphabet);
    for character in text.chars() {
        if !writer.put(character, &mut out.octets) {
            out.lost += 1;
            writer.put('?', &mut out.octets);
        }
    }
    out
}

/// The default alphabet if it has every character, else UCS2.
#[must_use]
pub fn choose(text: &str) -> Alphabet {
    let tables = Shift::default().tables();
    if text.chars().all(|c| tables.septet(c).is_some()) {
        Alphabet::Gsm7
    } else {
        Alphabet::Ucs2
    }
}

/// What takes the fewest parts, and of these the fewest octets: the default alphabet, one of these languages' tables, or UCS2.
#[must_use]
pub fn choose_among(text: &str, languages: &[Language]) -> Alphabet {
    let shifts = languages
        .iter()
        .flat_map(|&l| [Shift::single(l), Shift::locking(l), Shift::both(l)]);
    let shifted = shifts.map(Alphabet::Gsm7Shift);
    let all = [Alphabet::Gsm7].into_iter().chain(shifted);
    let cost = |alphabet: &Alphabet| {
        let parts = split(text, *alphabet, Reference::Bits8(0)).ok()?;
        let length = |part: &super::Part| part.udh.len() + part.body.len();
        Some((parts.len(), parts.iter().map(length).sum::<usize>()))
    };
    let fits = all.filter_map(|alphabet| Some((cost(&alphabet)?, alphabet)));
    let best = fits.min_by_key(|&(cost, _)| cost);
    let ucs2 = cost(&Alphabet::Ucs2).map(|(parts, _)| parts);
    match best {
        Some(((parts, _), alphabet)) if ucs2.is_none_or(|ucs2| parts <= ucs2) => alphabet,
        _ => Alphabet::Ucs2,
    }
}

/// Writes characters of one alphabet.
pub(super) enum Writer {
    Septets(Tables),
    Latin1,
    Ascii,
    Ucs2,
    Nothing,
}

impl Writer {
    pub(super) fn new(alphabet: Alphabet) -> Self {
        match alphabet {
            Alphabet::Gsm7 => Self::Septets(Shift::default().tables()),
            Alphabet::Gsm7Shift(shift) => Self::Septets(shift.tables()),
            Alphabet::Latin1 => Self::Latin1,
            Alphabet::Ascii => Self::Ascii,
            Alphabet::Ucs2 => Self::Ucs2,
            Alphabet::Binary => Self::Nothing,
        }
    }

    /// Writes a character if the alphabet has it; else nothing.
    pub(super) fn put(&self, character: char, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Septets(tables) => match tables.septet(character) {
                Some((septet, false)) => out.push(septet),
                Some((septet, true)) => out.extend([ESCAPE, septet]),
                None => return false,
            },
            Self::Latin1 => match u8::try_from(u32::from(character)) {
                Ok(octet) => out.push(octet),
                Err(_) => return false,
            },
            Self::Ascii => match u8::try_from(u32::from(character)) {
                Ok(octet) if octet.is_ascii() => out.push(octet),
                _ => return false,
            },
            Self::Ucs2 => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    out.extend(unit.to_be_bytes());
                }
            }
            Self::Nothing => return false,
        }
        true
    }
}

fn septets(shift: Shift, octets: &[u8]) -> Decoded {
    let tables = shift.tables();
    let mut left = octets.iter().copied().peekable();
    collect(std::iter::from_fn(move || {
        let septet = left.next()?;
        if septet != ESCAPE {
            return Some(tables.character(septet, false));
        }
        Some(match left.next_if(|&next| next <= 0x7f) {
            // A way to another extension table that there is not yet: a space (TS 23.038 6.2.1.1).
            Some(ESCAPE) => Some(' '),
            Some(next) => tables.character(next, true),
            None => None,
        })
    }))
}

fn collect(characters: impl Iterator<Item = Option<char>>) -> Decoded {
    let mut decoded = Decoded::default();
    for character in characters {
        decoded.lost += usize::from(character.is_none());
        decoded
            .text
            .push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    decoded
}
