//! The path of a key: `store.cache`, `adaptors.sip.listeners.udp.bind`.

use std::fmt;
use std::str::FromStr;

/// Segments of a dotted key. An element of a list counts as a segment: its index.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPath(Vec<String>);

/// A text that is not a dotted key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a dotted key")]
pub struct NotAKey;

/// Deeper than any key of the model, and a bound on recursion for what comes from outside.
pub(crate) const MAX_SEGMENTS: usize = 32;

impl KeyPath {
    /// The segments, outermost first.
    #[must_use]
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// The path one level up; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (_, parents) = self.0.split_last()?;
        Some(Self(parents.to_vec()))
    }

    /// The path of a key below this one.
    #[must_use]
    pub fn child(&self, segment: impl Into<String>) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment.into());
        Self(segments)
    }

    /// This path followed by another.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self(self.0.iter().chain(&below.0).cloned().collect())
    }

    /// Whether this path is `above` or lies below it.
    #[must_use]
    pub fn is_within(&self, above: &Self) -> bool {
        self.0.starts_with(&above.0)
    }
}

impl<S: Into<String>> FromIterator<S> for KeyPath {
    fn from_iter<I: IntoIterator<Item = S>>(segments: I) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, segment) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(".")?;
            }
            if is_bare(segment) {
                f.write_str(segment)?;
            } else {
                write!(f, "{segment:?}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for KeyPath {
    type Err = NotAKey;

    /// Segments are bare or in double quotes; a quoted one has no escapes.
    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let mut segments = Vec::new();
        let mut rest = text;
        loop {
            let (segment, after) = if let Some(quoted) = rest.strip_prefix('"') {
                quoted.split_once('"').ok_or(NotAKey)?
            } else {
                let end = rest.find('.').unwrap_or(rest.len());
                rest.split_at(end)
            };
            if segment.is_empty() || segments.len() == MAX_SEGMENTS {
                return Err(NotAKey);
            }
            segments.push(segment.to_owned());
            match after.strip_prefix('.') {
                Some(more) => rest = more,
                None if after.is_empty() => return Ok(Self(segments)),
                None => return Err(NotAKey),
            }
        }
    }
}

fn is_bare(segment: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !segment.is_empty() && segment.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_dotted_keys() {
        for key in ["store.cache", "a", "services.\"my.svc\".active"] {
            assert_eq!(key.parse::<KeyPath>().unwrap().to_string(), key);
        }
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "\"a",
            "\"a\"b",
            &"a.".repeat(40),
        ] {
            assert_eq!(bad.parse::<KeyPath>(), Err(NotAKey), "{bad}");
        }
    }
}
