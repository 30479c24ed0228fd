//! Passwords of accounts: PBKDF2 with HMAC-SHA-256 (RFC 8018 5.2), written as the PHC string format has it.
//!
//! A hash is slow to check by design, and is checked on the shard's own thread: its iterations are bounded, and a password
//! that was right once is known again by a keyed digest, so that a crowd that comes back costs little.

use std::hash::Hasher as _;

use pbkdf2::Pbkdf2;
use pbkdf2::password_hash::{
    Ident, PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString,
};
use siphasher::sip::SipHasher24;
use strowger::Secret;

/// What one check may cost: about 60 ms of a shard's time.
const ITERATIONS_MAX: u32 = 200_000;
/// What [`hash`] writes: about 3 ms. A password of SMPP has 8 characters and crosses the network in the clear; what guards it
/// is the limit of refused binds, and what the hash guards is the file.
const ITERATIONS: u32 = 10_000;

/// A password as the settings have it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Password {
    /// As it is.
    Plain(Secret),
    /// Its hash.
    Hash(Box<str>),
}

/// Passwords that were right once, by a digest under a key of this process.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen(Option<u64>);

/// Whether a text is a hash that can be checked.
pub(super) fn is_hash(text: &str) -> bool {
    let Ok(hash) = PasswordHash::new(text) else {
        return false;
    };
    let iterations = hash.params.get_decimal("i");
    hash.algorithm == ALGORITHM
        && hash.hash.is_some()
        && hash.salt.is_some()
        && iterations.is_some_and(|i| (1..=ITERATIONS_MAX).contains(&i))
}

const ALGORITHM: Ident<'_> = Ident::new_unwrap("pbkdf2-sha256");

/// The hash of a password, for the settings. The salt must be random.
///
/// # Errors
/// The password cannot be hashed; none that can be bound with is of that kind.
pub fn hash(password: &str, salt: [u8; 16]) -> Result<String, pbkdf2::password_hash::Error> {
    hash_with(password, salt, ITERATIONS)
}

fn hash_with(
    password: &str,
    salt: [u8; 16],
    rounds: u32,
) -> Result<String, pbkdf2::password_hash::Error> {
    let salt = SaltString::encode_b64(&salt)?;
    let params = pbkdf2::Params {
        rounds,
        output_length: 32,
    };
    let hash =
        Pbkdf2.hash_password_customized(password.as_bytes(), None, None, params, salt.as_salt())?;
    Ok(hash.to_string())
}

impl Password {
    /// Whether a password is this one; takes as long whichever of its characters is wrong.
    pub(super) fn is(&self, given: &[u8], key: &[u8; 16], seen: &mut Seen) -> bool {
        let digest = digest(key, given);
        match self {
            Self::Plain(own) => {
                let own = own.reveal().as_bytes();
                digest == self::digest(key, own) && own.len() == given.len()
            }
            Self::Hash(_) if seen.0 == Some(digest) => true,
            Self::Hash(text) => {
                let hash = PasswordHash::new(text);
                let right = hash.is_ok_and(|hash| Pbkdf2.verify_password(given, &hash).is_ok());
                if right {
                    seen.0 = Some(digest);
                }
                right
            }
        }
    }
}

/// Nothing of it can be read, wherever it is shown.
impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seen")
    }
}

fn digest(key: &[u8; 16], text: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new_with_key(key);
    hasher.write(text);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [7; 16];

    fn is(password: &Password, given: &str) -> bool {
        password.is(given.as_bytes(), &KEY, &mut Seen::default())
    }

    #[test]
    fn the_right_password_is_right_and_others_are_wrong() {
        let hash = hash_with("secret", [9; 16], 10).unwrap();
        assert!(
            is_hash(&hash) && hash.starts_with("$pbkdf2-sha256$i=10,l=32$"),
            "{hash}"
        );
        for password in [
            Password::Hash(hash.into()),
            Password::Plain("secret".into()),
        ] {
            assert!(is(&password, "secret"));
            assert!(!is(&password, "Secret") && !is(&password, "") && !is(&password, "secret1"));
            assert_eq!(format!("{password:?}"), "Password");
        }
    }

    #[test]
    fn a_password_that_was_right_is_known_again_and_no_other_is() {
        let password = Password::Hash(hash_with("secret", [9; 16], 10).unwrap().into());
        let mut seen = Seen::default();
        assert!(password.is(b"secret", &KEY, &mut seen) && seen.0.is_some());
        assert!(password.is(b"secret", &KEY, &mut seen));
        assert!(!password.is(b"other", &KEY, &mut seen));
        let before = seen.0;
        assert!(!password.is(b"", &KEY, &mut seen) && seen.0 == before);
    }

    #[test]
    fn hashes_that_others_made_are_taken_and_what_is_none_is_not() {
        // hashlib.pbkdf2_hmac("sha256", b"password", b"saltsaltsaltsalt", 1000)
        for (text, good) in [
            ("", false),
            ("secret", false),
            ("$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA", false),
            (
                "$pbkdf2-sha256$i=1000000,l=32$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
                false,
            ),
            (
                "$argon2id$m=4,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
                false,
            ),
            (
                "$pbkdf2-sha256$i=1000,l=16$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
                true,
            ),
        ] {
            assert_eq!(is_hash(text), good, "{text}");
        }
    }
}
