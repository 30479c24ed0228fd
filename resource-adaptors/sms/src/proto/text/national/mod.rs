//! The tables behind septets: which character a septet is, with and without the escape character before it, for the default
//! alphabet and for the languages that have tables of their own (TS 23.038 6.2.1, annex A).

mod locking;
mod single;

use serde::{Deserialize, Serialize};

/// Characters by septet; 0 where there is none. All of them lie in the Basic Multilingual Plane.
type Table = [u16; 128];

/// Leads to the extension table (TS 23.038 6.2.1.1).
pub(super) const ESCAPE: u8 = 0x1b;

/// A language with shift tables of its own. The numbers are the National Language Identifiers of TS 23.038 6.2.1.2.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Language {
    /// Turkish.
    Turkish = 1,
    /// Spanish; it has a single shift table only.
    Spanish = 2,
    /// Portuguese.
    Portuguese = 3,
    /// Bengali.
    Bengali = 4,
    /// Gujarati.
    Gujarati = 5,
    /// Hindi.
    Hindi = 6,
    /// Kannada.
    Kannada = 7,
    /// Malayalam.
    Malayalam = 8,
    /// Oriya.
    Oriya = 9,
    /// Punjabi.
    Punjabi = 10,
    /// Tamil.
    Tamil = 11,
    /// Telugu.
    Telugu = 12,
    /// Urdu.
    Urdu = 13,
}

impl Language {
    /// Every language, by its identifier.
    pub const ALL: [Self; 13] = [
        Self::Turkish,
        Self::Spanish,
        Self::Portuguese,
        Self::Bengali,
        Self::Gujarati,
        Self::Hindi,
        Self::Kannada,
        Self::Malayalam,
        Self::Oriya,
        Self::Punjabi,
        Self::Tamil,
        Self::Telugu,
        Self::Urdu,
    ];

    /// The National Language Identifier.
    #[must_use]
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The language with that identifier.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id).checked_sub(1)?).copied()
    }

    fn locking(self) -> &'static Table {
        match self {
            Self::Turkish => &locking::TURKISH,
            Self::Spanish => &locking::DEFAULT,
            Self::Portuguese => &locking::PORTUGUESE,
            Self::Bengali => &locking::BENGALI,
            Self::Gujarati => &locking::GUJARATI,
            Self::Hindi => &locking::HINDI,
            Self::Kannada => &locking::KANNADA,
            Self::Malayalam => &locking::MALAYALAM,
            Self::Oriya => &locking::ORIYA,
            Self::Punjabi => &locking::PUNJABI,
            Self::Tamil => &locking::TAMIL,
            Self::Telugu => &locking::TELUGU,
            Self::Urdu => &locking::URDU,
        }
    }

    fn single(self) -> &'static Table {
        match self {
            Self::Turkish => &single::TURKISH,
            Self::Spanish => &single::SPANISH,
            Self::Portuguese => &single::PORTUGUESE,
            Self::Bengali => &single::BENGALI,
            Self::Gujarati => &single::GUJARATI,
            Self::Hindi => &single::HINDI,
            Self::Kannada => &single::KANNADA,
            Self::Malayalam => &single::MALAYALAM,
            Self::Oriya => &single::ORIYA,
            Self::Punjabi => &single::PUNJABI,
            Self::Tamil => &single::TAMIL,
            Self::Telugu => &single::TELUGU,
            Self::Urdu => &single::URDU,
        }
    }
}

/// Which tables stand in place of the default ones. The header of every part of such a message says so.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Shift {
    /// Whose locking shift table stands in place of the default alphabet.
    pub locking: Option<Language>,
    /// Whose single shift table stands in place of the default extension table.
    pub single: Option<Language>,
}

impl Shift {
    /// The language's single shift table beside the default alphabet.
    #[must_use]
    pub const fn single(language: Language) -> Self {
        Self {
            locking: None,
            single: Some(language),
        }
    }

    /// The language's locking shift table with the default extension table.
    #[must_use]
    pub const fn locking(language: Language) -> Self {
        Self {
            locking: Some(language),
            single: None,
        }
    }

    /// Both tables of the language.
    #[must_use]
    pub const fn both(language: Language) -> Self {
        Self {
            locking: Some(language),
            single: Some(language),
        }
    }

    /// Whether the default tables are meant.
    #[must_use]
    pub const fn is_default(self) -> bool {
        self.locking.is_none() && self.single.is_none()
    }

    pub(super) fn tables(self) -> Tables {
        Tables {
            plain: self.locking.map_or(&locking::DEFAULT, Language::locking),
            escaped: self.single.map_or(&single::DEFAULT, Language::single),
        }
    }
}

/// The two tables that a text is written with.
#[derive(Clone, Copy)]
pub(super) struct Tables {
    plain: &'static Table,
    escaped: &'static Table,
}

impl Tables {
    /// The character of a septet; after the escape character that of the extension table, and where that has none the plain
    /// one (TS 23.038 6.2.1.1).
    pub(super) fn character(&self, septet: u8, is_escaped: bool) -> Option<char> {
        let at = usize::from(septet);
        let escaped = if is_escaped {
            self.escaped.get(at)
        } else {
            None
        };
        let cell = |table: Option<&u16>| table.copied().filter(|&cell| cell != 0);
        let found = cell(escaped).or_else(|| cell(self.plain.get(at)))?;
        char::from_u32(u32::from(found))
    }

    /// How a character is written: its septet, and whether the escape character stands before it.
    pub(super) fn septet(&self, character: char) -> Option<(u8, bool)> {
        let cell = u16::try_from(u32::from(character)).ok()?;
        // Most characters stand at their ASCII places.
        if self.plain.get(usize::from(cell)) == Some(&cell) && cell != 0 {
            return Some((u8::try_from(cell).ok()?, false));
        }
        let find = |table: &Table| {
            let at = table.iter().position(|&c| c == cell && c != 0)?;
            u8::try_from(at).ok()
        };
        let plain = find(self.plain).map(|septet| (septet, false));
        plain.or_else(|| Some((find(self.escaped)?, true)))
    }
}
