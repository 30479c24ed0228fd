//! Digest authentication as a client (RFC 7616, RFC 8760): SHA-256 with `qop=auth`, without a line of the adaptor's code.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Who answers a challenge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credentials<'a> {
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
}

impl Credentials<'_> {
    /// The Authorization value for a challenge; `None` if it is no challenge for SHA-256.
    pub(crate) fn answer(self, challenge: &str, method: &str, uri: &str) -> Option<String> {
        if field(challenge, "algorithm")? != "SHA-256" {
            return None;
        }
        let (realm, nonce) = (field(challenge, "realm")?, field(challenge, "nonce")?);
        let a1 = hash(&format!("{}:{realm}:{}", self.user, self.password));
        let a2 = hash(&format!("{method}:{uri}"));
        let response = hash(&format!("{a1}:{nonce}:00000001:c0ffee:auth:{a2}"));
        Some(format!(
            "Digest username=\"{}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", \
             algorithm=SHA-256, cnonce=\"c0ffee\", qop=auth, nc=00000001",
            self.user
        ))
    }
}

/// A parameter of a challenge, without its quotes.
fn field<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let params = challenge.strip_prefix("Digest ")?;
    let mut values = params.split(',').filter_map(|p| p.trim().split_once('='));
    values
        .find(|(n, _)| *n == name)
        .map(|(_, value)| value.trim_matches('"'))
}

fn hash(text: &str) -> String {
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a String does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_algorithm_is_answered() {
        let me = Credentials {
            user: "u",
            password: "p",
        };
        let challenge = "Digest realm=\"r\", nonce=\"n==\", algorithm=SHA-256, qop=\"auth\"";
        let answer = me
            .answer(challenge, "REGISTER", "sip:r")
            .unwrap_or_default();
        assert!(answer.contains("nonce=\"n==\"") && answer.contains("username=\"u\""));
        assert_eq!(
            me.answer("Digest realm=\"r\", algorithm=MD5", "X", "y"),
            None
        );
    }
}
