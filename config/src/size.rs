//! Sizes as people write them: `64MiB`, `4kB`, `512B`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A number of bytes. Written and read with a unit, so that nobody has to guess it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

/// A text that is not a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a size; write a whole number and a unit, such as 64MiB, 4kB or 512B")]
pub struct NotASize;

/// Largest first, binary before decimal, so that the first unit that divides a size is the one to print it in.
const UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl Size {
    /// A size in bytes.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// A size in kibibytes.
    #[must_use]
    pub const fn kib(kib: u32) -> Self {
        Self((kib as u64) << 10)
    }

    /// A size in mebibytes.
    #[must_use]
    pub const fn mib(mib: u32) -> Self {
        Self((mib as u64) << 20)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, factor): &&(&str, u64)| self.0 > 0 && self.0.is_multiple_of(*factor);
        let (unit, factor) = UNITS.iter().find(fits).copied().unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl FromStr for Size {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, NotASize> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| NotASize)?;
        let unit = unit.trim_start();
        let same = |(name, _): &&(&str, u64)| name.eq_ignore_ascii_case(unit);
        let (_, factor) = UNITS.iter().find(same).ok_or(NotASize)?;
        number.checked_mul(*factor).map(Self).ok_or(NotASize)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse()
            .map_err(|NotASize| de::Error::invalid_value(de::Unexpected::Str(&text), &"a size"))
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "size" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_units_and_refuses_bare_numbers() {
        let read = |text: &str| text.parse::<Size>().map(Size::bytes);
        assert_eq!(read("64MiB"), Ok(64 << 20));
        assert_eq!(read("4 kB"), Ok(4_000));
        assert_eq!(read("1gib"), Ok(1 << 30));
        assert_eq!(read("0B"), Ok(0));
        for bad in [
            "",
            "64",
            "MiB",
            "-1B",
            "1.5MiB",
            "64 MiB x",
            "99999999999GiB",
            "１B",
        ] {
            assert_eq!(read(bad), Err(NotASize), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn prints_what_it_reads(bytes: u64) {
            let size = Size::from_bytes(bytes);
            prop_assert_eq!(size.to_string().parse::<Size>(), Ok(size));
        }
    }
}
