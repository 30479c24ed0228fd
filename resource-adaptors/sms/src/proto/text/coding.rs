//! Data coding: TP-DCS of TS 23.038 4, and SMPP's `data_coding` (SMPP 3.4 5.2.19), whose value 0 means what the account says.

use serde::{Deserialize, Serialize};

use super::Alphabet;

/// Where a message goes in the phone (TS 23.038 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Class {
    /// Shown at once, kept nowhere.
    Flash = 0,
    /// For the phone.
    Phone = 1,
    /// For the SIM.
    Sim = 2,
    /// For the terminal equipment.
    Terminal = 3,
}

impl Class {
    fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Flash,
            1 => Self::Phone,
            2 => Self::Sim,
            _ => Self::Terminal,
        }
    }
}

/// What waits for the subscriber elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WaitingKind {
    /// Voice mail.
    Voicemail,
    /// Fax.
    Fax,
    /// E-mail.
    Email,
    /// Something else.
    Other,
}

/// A message waiting indication (TS 23.038 4, coding groups 1100 to 1110).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What waits.
    pub kind: WaitingKind,
    /// Whether it waits, or waits no more.
    pub active: bool,
    /// Whether the text is kept.
    pub store: bool,
}

/// TP-DCS.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Dcs(pub u8);

impl Dcs {
    /// The coding of an alphabet, with a class if there is one. Latin-1 and ASCII have none.
    #[must_use]
    pub fn of(alphabet: Alphabet, class: Option<Class>) -> Option<Self> {
        let bits = match alphabet {
            Alphabet::Gsm7 | Alphabet::Gsm7Shift(_) => 0,
            Alphabet::Binary => 0x04,
            Alphabet::Ucs2 => 0x08,
            Alphabet::Latin1 | Alphabet::Ascii => return None,
        };
        Some(Self(bits | class.map_or(0, |class| 0x10 | class as u8)))
    }

    /// The alphabet: the default one, [`Alphabet::Binary`] or [`Alphabet::Ucs2`]. Reserved codings are the default alphabet; what
    /// is compressed is no text.
    #[must_use]
    pub const fn alphabet(self) -> Alphabet {
        match self.0 {
            0x00..=0x7f if self.is_compressed() => Alphabet::Binary,
            0x00..=0x7f => match self.0 >> 2 & 3 {
                1 => Alphabet::Binary,
                2 => Alphabet::Ucs2,
                _ => Alphabet::Gsm7,
            },
            0x80..=0xdf => Alphabet::Gsm7,
            0xe0..=0xef => Alphabet::Ucs2,
            0xf0..=0xff if self.0 & 0x04 != 0 => Alphabet::Binary,
            0xf0..=0xff => Alphabet::Gsm7,
        }
    }

    /// Whether the user data is septets.
    #[must_use]
    pub const fn is_septets(self) -> bool {
        matches!(self.alphabet(), Alphabet::Gsm7)
    }

    /// Whether the user data is compressed (TS 23.042).
    #[must_use]
    pub const fn is_compressed(self) -> bool {
        self.0 < 0x80 && self.0 & 0x20 != 0
    }

    /// Whether the message is to be deleted once it is read.
    #[must_use]
    pub const fn is_deleted_when_read(self) -> bool {
        matches!(self.0, 0x40..=0x7f)
    }

    /// The message class, if it has one.
    #[must_use]
    pub fn class(self) -> Option<Class> {
        let has_class = match self.0 {
            0x00..=0x7f => self.0 & 0x10 != 0,
            0x80..=0xef => false,
            0xf0..=0xff => true,
        };
        has_class.then(|| Class::from_bits(self.0))
    }

    /// The message waiting indication, if it is one.
    #[must_use]
    pub const fn waiting(self) -> Option<Waiting> {
        if !matches!(self.0, 0xc0..=0xef) {
            return None;
        }
        let kind = match self.0 & 3 {
            0 => WaitingKind::Voicemail,
            1 => WaitingKind::Fax,
            2 => WaitingKind::Email,
            _ => WaitingKind::Other,
        };
        Some(Waiting {
            kind,
            active: self.0 & 0x08 != 0,
            store: self.0 >= 0xd0,
        })
    }
}

/// SMPP's `data_coding`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct DataCoding(pub u8);

impl DataCoding {
    /// How a text in this alphabet is marked for an account whose alphabet for 0 is `default`; `None` where SMPP has no value
    /// that would say so.
    #[must_use]
    pub fn of(alphabet: Alphabet, default: Alphabet, class: Option<Class>) -> Option<Self> {
        let is_default =
            alphabet == default || alphabet.shift().is_some() && default.shift().is_some();
        if is_default {
            return Some(Self(class.map_or(0, |class| 0xf0 | class as u8)));
        }
        Some(Self(match (alphabet, class) {
            (Alphabet::Ascii, None) => 1,
            (Alphabet::Latin1, None) => 3,
            (Alphabet::Binary, None) => 4,
            (Alphabet::Ucs2, None) => 8,
            (Alphabet::Binary, Some(class)) => 0xf4 | class as u8,
            (Alphabet::Ucs2, Some(class)) => 0x18 | class as u8,
            (Alphabet::Ascii | Alphabet::Latin1 | Alphabet::Gsm7 | Alphabet::Gsm7Shift(_), _) => {
                return None;
            }
        }))
    }

    /// The alphabet, for an account whose alphabet for 0 is `default`; that stands for the default alphabet of the groups of
    /// TS 23.038, too. `None` for character sets that pass through unread (JIS, Cyrillic, Hebrew, ...) and for reserved values.
    #[must_use]
    pub const fn alphabet(self, default: Alphabet) -> Option<Alphabet> {
        Some(match self.0 {
            0 => default,
            1 => Alphabet::Ascii,
            2 | 4 => Alphabet::Binary,
            3 => Alphabet::Latin1,
            8 => Alphabet::Ucs2,
            5..=7 | 9..=0x0f | 0x80..=0xbf => return None,
            0x10..=0x7f | 0xc0..=0xff => match Dcs(self.0).alphabet() {
                Alphabet::Gsm7 => default,
                other @ (Alphabet::Gsm7Shift(_)
                | Alphabet::Latin1
                | Alphabet::Ascii
                | Alphabet::Ucs2
                | Alphabet::Binary) => other,
            },
        })
    }

    /// The message class, if it has one.
    #[must_use]
    pub fn class(self) -> Option<Class> {
        if self.0 < 0x10 {
            None
        } else {
            Dcs(self.0).class()
        }
    }

    /// TP-DCS that says the same, for content in the alphabet that it then has; `None` where the content has to be written
    /// otherwise first.
    #[must_use]
    pub const fn to_dcs(self) -> Option<Dcs> {
        match self.0 {
            0 | 4 | 8 | 0x10..=0x7f | 0xc0..=0xff => Some(Dcs(self.0)),
            2 => Some(Dcs(4)),
            1 | 3 | 5..=7 | 9..=0x0f | 0x80..=0xbf => None,
        }
    }

    /// The value for what came with this TP-DCS, to an account whose alphabet for 0 is the default alphabet.
    #[must_use]
    pub const fn from_dcs(dcs: Dcs) -> Self {
        match dcs.0 {
            // Without bit 4 the class bits mean nothing.
            0x00..=0x0f => match dcs.alphabet() {
                Alphabet::Binary => Self(4),
                Alphabet::Ucs2 => Self(8),
                Alphabet::Gsm7 | Alphabet::Gsm7Shift(_) | Alphabet::Latin1 | Alphabet::Ascii => {
                    Self(0)
                }
            },
            0x80..=0xbf => Self(0),
            _ => Self(dcs.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GSM: Alphabet = Alphabet::Gsm7;

    /// TS 23.038 4, a row a coding.
    #[test]
    fn tp_dcs_means_what_the_table_says() {
        let flash = Some(Class::Flash);
        for (dcs, alphabet, class) in [
            (0x00, GSM, None),
            (0x03, GSM, None),
            (0x04, Alphabet::Binary, None),
            (0x08, Alphabet::Ucs2, None),
            (0x0c, GSM, None),
            (0x10, GSM, flash),
            (0x11, GSM, Some(Class::Phone)),
            (0x16, Alphabet::Binary, Some(Class::Sim)),
            (0x18, Alphabet::Ucs2, flash),
            (0x20, Alphabet::Binary, None),
            (0x48, Alphabet::Ucs2, None),
            (0x50, GSM, flash),
            (0x84, GSM, None),
            (0xc8, GSM, None),
            (0xd8, GSM, None),
            (0xe8, Alphabet::Ucs2, None),
            (0xf0, GSM, flash),
            (0xf7, Alphabet::Binary, Some(Class::Terminal)),
        ] {
            assert_eq!(Dcs(dcs).alphabet(), alphabet, "{dcs:#04x}");
            assert_eq!(Dcs(dcs).class(), class, "{dcs:#04x}");
        }
        let voicemail = Waiting {
            kind: WaitingKind::Voicemail,
            active: true,
            store: false,
        };
        assert_eq!(Dcs(0xc8).waiting(), Some(voicemail));
        assert_eq!(Dcs(0xf0).waiting(), None);
        assert!(Dcs(0x40).is_deleted_when_read() && !Dcs(0x00).is_deleted_when_read());
    }

    #[test]
    fn zero_is_the_alphabet_of_the_account() {
        for default in [GSM, Alphabet::Latin1, Alphabet::Ascii, Alphabet::Ucs2] {
            assert_eq!(DataCoding(0).alphabet(default), Some(default));
            assert_eq!(DataCoding(0xf1).alphabet(default), Some(default));
            assert_eq!(DataCoding(8).alphabet(default), Some(Alphabet::Ucs2));
            assert_eq!(DataCoding(0x18).alphabet(default), Some(Alphabet::Ucs2));
            assert_eq!(DataCoding(0xf5).alphabet(default), Some(Alphabet::Binary));
            assert_eq!(DataCoding(5).alphabet(default), None);
        }
    }

    #[test]
    fn what_is_written_is_read_so() {
        let alphabets = [
            GSM,
            Alphabet::Latin1,
            Alphabet::Ascii,
            Alphabet::Ucs2,
            Alphabet::Binary,
        ];
        let classes = [None, Some(Class::Flash), Some(Class::Terminal)];
        for default in [GSM, Alphabet::Latin1, Alphabet::Ascii] {
            for (alphabet, class) in alphabets.iter().flat_map(|&a| classes.map(|c| (a, c))) {
                if let Some(coding) = DataCoding::of(alphabet, default, class) {
                    assert_eq!(coding.alphabet(default), Some(alphabet), "{coding:?}");
                    assert_eq!(coding.class(), class, "{coding:?}");
                }
            }
        }
        assert_eq!(DataCoding::of(GSM, Alphabet::Latin1, None), None);
        assert_eq!(
            DataCoding::of(Alphabet::Latin1, GSM, Some(Class::Flash)),
            None
        );
        assert_eq!(
            DataCoding::of(Alphabet::Ucs2, GSM, Some(Class::Flash)),
            Some(DataCoding(0x18))
        );
    }

    #[test]
    fn both_codings_translate() {
        for dcs in 0..=u8::MAX {
            let smpp = DataCoding::from_dcs(Dcs(dcs));
            let back = smpp.to_dcs().expect("what came from a TPDU goes into one");
            assert_eq!(back.alphabet(), Dcs(dcs).alphabet(), "{dcs:#04x}");
            assert_eq!(back.class(), Dcs(dcs).class(), "{dcs:#04x}");
            assert_eq!(back.waiting(), Dcs(dcs).waiting(), "{dcs:#04x}");
        }
    }
}
