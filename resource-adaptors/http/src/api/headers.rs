//! Header fields (RFC 9110 5): names without regard to case, values as text.
//!
//! A value is one character for each of its bytes (ISO 8859-1), so that whatever a peer wrote comes through unchanged.

use serde::{Deserialize, Serialize};

/// The header fields of a message, in their order. Names are in lower case.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Headers(Vec<(Box<str>, Box<str>)>);

/// Fields that frame a message or belong to its connection: they are the adaptor's own.
const FRAMING: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Headers {
    /// The value of the first field of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let fits = |(known, _): &&(Box<str>, Box<str>)| known.eq_ignore_ascii_case(name);
        self.0.iter().find(fits).map(|(_, value)| &**value)
    }

    /// The values of all fields of that name.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let fits = move |(known, _): &&(Box<str>, Box<str>)| known.eq_ignore_ascii_case(name);
        self.0.iter().filter(fits).map(|(_, value)| &**value)
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a field after those that there are.
    pub fn push(&mut self, name: &str, value: &str) {
        self.0
            .push((name.to_ascii_lowercase().into(), value.into()));
    }

    /// Puts a field in place of those of its name.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.push(name, value);
    }

    /// Bytes of names and values.
    #[must_use]
    pub fn size(&self) -> usize {
        let sizes = self.0.iter().map(|(name, value)| name.len() + value.len());
        sizes.sum()
    }

    /// The name of the first field that cannot be sent: its name is none, its value has control characters or none of
    /// ISO 8859-1, or the field is not a service's to set.
    pub(crate) fn unfit(&self) -> Option<&str> {
        let unfit = |(name, value): &&(Box<str>, Box<str>)| {
            !is_token(name) || !is_value(value) || FRAMING.contains(&&**name)
        };
        self.0.iter().find(unfit).map(|(name, _)| &**name)
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Self::default();
        for (name, value) in fields {
            headers.push(name.as_ref(), value.as_ref());
        }
        headers
    }
}

/// A token (RFC 9110 5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(fits)
}

/// A field value (RFC 9110 5.5), each character one byte.
fn is_value(text: &str) -> bool {
    let fits = |c: char| c == '\t' || ((' '..='\u{ff}').contains(&c) && c != '\u{7f}');
    text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whatever_their_case() {
        let headers: Headers = [("X-Id", "1"), ("x-id", "2"), ("Other", "é")]
            .into_iter()
            .collect();
        assert_eq!(headers.get("x-ID"), Some("1"));
        assert_eq!(headers.get_all("X-Id").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(headers.get("absent"), None);
        assert_eq!(headers.unfit(), None);
    }

    #[test]
    fn what_would_break_a_message_is_found() {
        let unfit = |name: &str, value: &str| {
            let headers: Headers = [(name, value)].into_iter().collect();
            headers.unfit().is_some()
        };
        assert!(unfit("x", "a\r\nEvil: 1"));
        assert!(unfit("x", "a\0"));
        assert!(unfit("x", "€")); // no single byte
        assert!(unfit("x y", "1"));
        assert!(unfit("", "1"));
        assert!(unfit("Content-Length", "1"));
        assert!(unfit("Transfer-Encoding", "chunked"));
        assert!(!unfit("X-Fine", "a\tb"));
    }
}
