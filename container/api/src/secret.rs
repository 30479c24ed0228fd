//! Texts that only their owners know: passwords, tokens, keys.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

/// A text that only its owner knows.
///
/// No log shows it, and where it was in memory is written over when it is dropped. Whoever read it from a file or a request had
/// copies of his own, which this knows nothing of. As a setting it is marked as a secret in the schema.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    description = "A text that only its owner knows.",
    extend("x-secret" = true)
)]
pub struct Secret(String);

impl Secret {
    /// Whether this is what somebody says. An empty one is nobody's. How long it takes tells nothing but the length.
    #[must_use]
    pub fn is(&self, said: &str) -> bool {
        !self.0.is_empty() && bool::from(self.0.as_bytes().ct_eq(said.as_bytes()))
    }

    /// The text, for where it has to go.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_knows_it_is_told_from_who_does_not() {
        let own = Secret::from("geheim");
        assert!(own.is("geheim"));
        for said in ["", "geheim ", "Geheim", "gehei"] {
            assert!(!own.is(said), "{said:?}");
        }
        assert!(!Secret::default().is(""), "an empty one is nobody's");
    }

    #[test]
    fn it_does_not_show() {
        let own = Some(Secret::from("geheim"));
        assert_eq!(format!("{own:?}"), "Some((secret))");
    }
}
