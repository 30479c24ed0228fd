//! Addresses: a plan and a text, which events are fired with, entities are selected by, and profiles hold (R-AD-01).
//!
//! Not here: numbers and URIs as a protocol writes them. Its adaptor has types of its own for those.
//! **Invariant:** a text is never empty, and one of its plan. What is compared is plan and text, and nothing of how the address is
//! to be shown or how it came to be known.

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// An address: equal to another when plan and text are. It does not change; what is `with` something is another value.
#[derive(Clone, Debug)]
pub struct Address {
    plan: AddressPlan,
    text: Box<str>,
    details: Option<Box<Details>>,
}

/// Address plans that adaptors and services use: how a text is to be read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AddressPlan {
    /// A SIP, SIPS, TEL or other URI (RFC 3986).
    Uri,
    /// Digits after E.164, without a leading plus.
    E164,
    /// `table/profile`.
    Profile,
}

/// Whether an address may be shown, as Q.763 (3.10) has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presentation {
    /// It may be.
    Allowed,
    /// It must not be.
    Restricted,
    /// The network that it comes from did not send it.
    Unavailable,
}

/// Who vouches for an address, as Q.763 (3.10) has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Screening {
    /// The user gave it, and it was not verified.
    NotVerified,
    /// The user gave it, and it is one of the user's.
    Passed,
    /// The user gave it, and it is none of the user's.
    Failed,
    /// The network gave it.
    Network,
}

/// Why a text is not an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// There is none.
    #[error("an address is not empty")]
    Empty,
    /// It is none of its plan.
    #[error("the text is not {}", .0.words())]
    Unfit(AddressPlan),
}

/// What most addresses do not have.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Details {
    presentation: Option<Presentation>,
    screening: Option<Screening>,
    sub_address: Option<Box<str>>,
    name: Option<Box<str>>,
}

impl AddressPlan {
    const fn words(self) -> &'static str {
        match self {
            Self::Uri => "a URI with its scheme",
            Self::E164 => "1 to 15 digits",
            Self::Profile => "`table/profile`",
        }
    }

    fn has(self, text: &str) -> bool {
        match self {
            Self::Uri => text.split_once(':').is_some_and(|(scheme, rest)| {
                let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
                let begins = scheme
                    .bytes()
                    .next()
                    .is_some_and(|b| b.is_ascii_alphabetic());
                begins && scheme.bytes().all(allowed) && !rest.is_empty()
            }),
            Self::E164 => text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit()),
            Self::Profile => profile(text).is_some(),
        }
    }
}

/// Table and profile.
fn profile(text: &str) -> Option<(&str, &str)> {
    let parts = text.split_once('/');
    parts.filter(|(table, profile)| !table.is_empty() && !profile.is_empty())
}

impl Address {
    /// The address of a plan that a text is.
    ///
    /// # Errors
    /// The text is empty, or none of the plan.
    pub fn new(plan: AddressPlan, text: &str) -> Result<Self, AddressError> {
        match text {
            "" => Err(AddressError::Empty),
            text if plan.has(text) => Ok(Self::unchecked(plan, text.into())),
            _ => Err(AddressError::Unfit(plan)),
        }
    }

    const fn unchecked(plan: AddressPlan, text: Box<str>) -> Self {
        let details = None;
        Self {
            plan,
            text,
            details,
        }
    }

    /// A URI with its scheme.
    ///
    /// # Errors
    /// It is none.
    pub fn uri(text: &str) -> Result<Self, AddressError> {
        Self::new(AddressPlan::Uri, text)
    }

    /// A number after E.164, without a leading plus.
    ///
    /// # Errors
    /// It is none.
    pub fn e164(digits: &str) -> Result<Self, AddressError> {
        Self::new(AddressPlan::E164, digits)
    }

    /// A profile of a table.
    ///
    /// # Errors
    /// A name is empty, or that of the table has a slash.
    pub fn profile(table: &str, profile: &str) -> Result<Self, AddressError> {
        let unfit = AddressError::Unfit(AddressPlan::Profile);
        match table.contains('/') {
            true => Err(unfit),
            false => Self::new(AddressPlan::Profile, &format!("{table}/{profile}")),
        }
    }

    /// How the text is to be read.
    #[must_use]
    pub const fn plan(&self) -> AddressPlan {
        self.plan
    }

    /// Never empty.
    #[must_use]
    pub const fn text(&self) -> &str {
        &self.text
    }

    /// Table and profile, of an address that is one.
    #[must_use]
    pub fn as_profile(&self) -> Option<(&str, &str)> {
        let is = self.plan == AddressPlan::Profile;
        is.then(|| profile(&self.text)).flatten()
    }

    /// Whether it may be shown, if that is known.
    #[must_use]
    pub fn presentation(&self) -> Option<Presentation> {
        self.details.as_ref()?.presentation
    }

    /// Who vouches for it, if that is known.
    #[must_use]
    pub fn screening(&self) -> Option<Screening> {
        self.details.as_ref()?.screening
    }

    /// What of the other's own installation is meant, such as an extension.
    #[must_use]
    pub fn sub_address(&self) -> Option<&str> {
        self.details.as_ref()?.sub_address.as_deref()
    }

    /// The name that goes with it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.details.as_ref()?.name.as_deref()
    }

    /// The same, to be shown so.
    #[must_use]
    pub fn with_presentation(mut self, presentation: Presentation) -> Self {
        self.details_mut().presentation = Some(presentation);
        self
    }

    /// The same, vouched for so.
    #[must_use]
    pub fn with_screening(mut self, screening: Screening) -> Self {
        self.details_mut().screening = Some(screening);
        self
    }

    /// The same, with a sub-address.
    #[must_use]
    pub fn with_sub_address(mut self, sub_address: &str) -> Self {
        self.details_mut().sub_address = Some(sub_address.into());
        self
    }

    /// The same, with a name.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.details_mut().name = Some(name.into());
        self
    }

    fn details_mut(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    fn compared(&self) -> (AddressPlan, &str) {
        (self.plan, &self.text)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.compared() == other.compared()
    }
}

impl Eq for Address {}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compared().cmp(&other.compared())
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.compared().hash(state);
    }
}

/// As people and other programs write it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    plan: AddressPlan,
    text: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    presentation: Option<Presentation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    screening: Option<Screening>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub_address: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Box<str>>,
}

/// In stored bytes, beside the number of the plan: details follow the text.
const DETAILED: u32 = 1 << 6;

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let details = self.details.as_deref();
        if serializer.is_human_readable() {
            let Details {
                presentation,
                screening,
                sub_address,
                name,
            } = details.cloned().unwrap_or_default();
            let (plan, text) = (self.plan, self.text.clone());
            let written = Written {
                plan,
                text,
                presentation,
                screening,
                sub_address,
                name,
            };
            return written.serialize(serializer);
        }
        let plan = self.plan as u32;
        match details {
            None => (plan, &self.text).serialize(serializer),
            Some(details) => (plan | DETAILED, &self.text, details).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return deserializer.deserialize_tuple(3, Stored);
        }
        let Written {
            plan,
            text,
            presentation,
            screening,
            sub_address,
            name,
        } = Written::deserialize(deserializer)?;
        let mut address = Self::new(plan, &text).map_err(D::Error::custom)?;
        let details = Details {
            presentation,
            screening,
            sub_address,
            name,
        };
        if details.is_any() {
            address.details = Some(Box::new(details));
        }
        Ok(address)
    }
}

impl Details {
    const fn is_any(&self) -> bool {
        self.presentation.is_some()
            || self.screening.is_some()
            || self.sub_address.is_some()
            || self.name.is_some()
    }
}

/// Reads what was stored: a plan and a text of before, or with details.
struct Stored;

impl<'de> Visitor<'de> for Stored {
    type Value = Address;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Address, A::Error> {
        let missing = || A::Error::custom("an address has a plan and a text");
        let number: u32 = seq.next_element()?.ok_or_else(missing)?;
        let text: Box<str> = seq.next_element()?.ok_or_else(missing)?;
        let plan = match number & !DETAILED {
            0 => AddressPlan::Uri,
            1 => AddressPlan::E164,
            2 => AddressPlan::Profile,
            _ => return Err(A::Error::custom("an address plan that is not known")),
        };
        let mut address = Address::unchecked(plan, text);
        if number & DETAILED != 0 {
            address.details = Some(seq.next_element()?.ok_or_else(missing)?);
        }
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postcard::{from_bytes, to_extend};

    #[test]
    fn an_address_without_details_is_stored_as_it_was_before_there_were_any() {
        let number = Address::e164("4930").unwrap();
        let bytes = to_extend(&number, Vec::new()).unwrap();
        assert_eq!(bytes, b"\x01\x044930");
        let read: Address = from_bytes(&bytes).unwrap();
        assert_eq!(read, number);
        assert!(read.details.is_none());
    }

    #[test]
    fn what_is_no_address_is_not_read() {
        for bytes in [&b"\x03\x011"[..], b"\x01", b"\x41\x011\x05", b""] {
            assert!(from_bytes::<Address>(bytes).is_err(), "{bytes:?}");
        }
    }
}
