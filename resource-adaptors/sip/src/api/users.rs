//! Users with their passwords, as settings of services name them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use strowger::Secret;
use strowger::schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::proto::auth::{Account, Algorithm, Hash, NotAHash};

/// The users of a realm, by name: `alice`, or `alice@a.example` where a service has several realms.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Users(BTreeMap<String, User>);

/// One user: a password, or hashes of `user:realm:password` in hexadecimal digits, which serve their algorithms only.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Entry")]
#[schemars(with = "Entry", crate = "strowger::schemars")]
pub struct User(Account);

/// How a user is written down.
#[derive(Deserialize, Serialize, Default, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
struct Entry {
    /// The password before, or its hashes, which are right as well while they are here: until the user's clients have the one after.
    previous: Option<Proof>,
    /// The password.
    #[schemars(extend("x-reload" = "live"))]
    password: Option<Secret>,
    /// The MD5 hash of `user:realm:password`.
    #[schemars(length(min = 32, max = 32), extend("x-reload" = "live"))]
    ha1_md5: Option<Secret>,
    /// The SHA-256 hash of `user:realm:password`.
    #[schemars(length(min = 64, max = 64), extend("x-reload" = "live"))]
    ha1_sha_256: Option<Secret>,
    /// The SHA-512/256 hash of `user:realm:password`.
    #[schemars(length(min = 64, max = 64), extend("x-reload" = "live"))]
    ha1_sha_512_256: Option<Secret>,
}

/// A password, or its hashes.
#[derive(Deserialize, Serialize, Default, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
struct Proof {
    /// The password.
    #[schemars(extend("x-reload" = "live"))]
    password: Option<Secret>,
    /// The MD5 hash of `user:realm:password`.
    #[schemars(length(min = 32, max = 32), extend("x-reload" = "live"))]
    ha1_md5: Option<Secret>,
    /// The SHA-256 hash of `user:realm:password`.
    #[schemars(length(min = 64, max = 64), extend("x-reload" = "live"))]
    ha1_sha_256: Option<Secret>,
    /// The SHA-512/256 hash of `user:realm:password`.
    #[schemars(length(min = 64, max = 64), extend("x-reload" = "live"))]
    ha1_sha_512_256: Option<Secret>,
}

/// Why a user cannot be one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UserError {
    /// Nothing is known that could prove who it is.
    #[error("a user needs a password or a hash")]
    Nothing,
    /// A hash is none.
    #[error("{0} must have {1} hexadecimal digits")]
    Hash(&'static str, usize),
}

impl TryFrom<Entry> for User {
    type Error = UserError;

    fn try_from(entry: Entry) -> Result<Self, UserError> {
        let own = Proof {
            password: entry.password,
            ha1_md5: entry.ha1_md5,
            ha1_sha_256: entry.ha1_sha_256,
            ha1_sha_512_256: entry.ha1_sha_512_256,
        };
        let account = Account::try_from(own)?;
        Ok(Self(match entry.previous {
            Some(previous) => account.or_previous(previous.try_into()?),
            None => account,
        }))
    }
}

impl TryFrom<Proof> for Account {
    type Error = UserError;

    fn try_from(entry: Proof) -> Result<Self, UserError> {
        let mut account = match &entry.password {
            Some(password) => Account::password(password.reveal()),
            None => Account::default(),
        };
        for (hash, name, digits) in [
            (Hash::Md5, "ha1_md5", &entry.ha1_md5),
            (Hash::Sha256, "ha1_sha_256", &entry.ha1_sha_256),
            (Hash::Sha512_256, "ha1_sha_512_256", &entry.ha1_sha_512_256),
        ] {
            if let Some(digits) = digits {
                let wrong = |_: NotAHash| UserError::Hash(name, hash.digits());
                account = account.and_ha1(hash, digits.reveal()).map_err(wrong)?;
            }
        }
        if account == Account::default() {
            return Err(UserError::Nothing);
        }
        Ok(account)
    }
}

impl Users {
    /// The account of a user of a realm.
    #[must_use]
    pub fn account(&self, user: &str, realm: &str) -> Option<Account> {
        let here = self.0.get(user);
        let found = here.or_else(|| self.0.get(&format!("{user}@{realm}")));
        found.map(|user| user.0.clone())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Account)> for Users {
    fn from_iter<T: IntoIterator<Item = (String, Account)>>(users: T) -> Self {
        let users = users.into_iter();
        Self(users.map(|(name, account)| (name, User(account))).collect())
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} users", self.len())
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User")
    }
}

impl JsonSchema for Users {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Users".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, User>::json_schema(generator)
    }
}

/// A digest algorithm, as settings name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(crate = "strowger::schemars")]
pub enum DigestAlgorithm {
    /// SHA-512/256.
    #[serde(rename = "SHA-512-256")]
    Sha512_256,
    /// SHA-512/256 with session keys.
    #[serde(rename = "SHA-512-256-sess")]
    Sha512_256Sess,
    /// SHA-256.
    #[serde(rename = "SHA-256")]
    Sha256,
    /// SHA-256 with session keys.
    #[serde(rename = "SHA-256-sess")]
    Sha256Sess,
    /// MD5, for clients that know no other.
    #[serde(rename = "MD5")]
    Md5,
    /// MD5 with session keys.
    #[serde(rename = "MD5-sess")]
    Md5Sess,
}

impl From<DigestAlgorithm> for Algorithm {
    fn from(name: DigestAlgorithm) -> Self {
        let (hash, sess) = match name {
            DigestAlgorithm::Sha512_256 => (Hash::Sha512_256, false),
            DigestAlgorithm::Sha512_256Sess => (Hash::Sha512_256, true),
            DigestAlgorithm::Sha256 => (Hash::Sha256, false),
            DigestAlgorithm::Sha256Sess => (Hash::Sha256, true),
            DigestAlgorithm::Md5 => (Hash::Md5, false),
            DigestAlgorithm::Md5Sess => (Hash::Md5, true),
        };
        Self { hash, sess }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_may_have_a_password_from_before() {
        let user = |text: &str| toml::from_str::<User>(text).map(|user| user.0);
        let both = Account::password("new").or_previous(Account::password("old"));
        let text = "password = 'new'\nprevious = { password = 'old' }";
        assert!(user(text).unwrap() == both);
        for wrong in [
            "previous = { password = 'old' }",
            "password = 'new'\nprevious = {}",
        ] {
            assert!(user(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn users_have_passwords_or_hashes() {
        let users: Users = toml::from_str(
            "alice = { password = \"secret\" }\n\
             \"Bob.X\" = { ha1_md5 = \"939e7578ed9e3c518a452acee763bce9\" }\n\
             \"carol@b.example\" = { password = \"\" }\n",
        )
        .unwrap();
        assert_eq!(users.len(), 3);
        assert!(users.account("alice", "a.example").is_some());
        let bob = users.account("Bob.X", "a.example").unwrap();
        assert!(bob.serves(Hash::Md5) && !bob.serves(Hash::Sha256));
        assert!(users.account("bob.x", "a.example").is_none());
        assert!(users.account("carol", "a.example").is_none());
        assert!(users.account("carol", "b.example").is_some());
        assert_eq!(format!("{users:?}"), "3 users");
    }

    #[test]
    fn what_proves_nothing_is_refused() {
        let refused = |text: &str| toml::from_str::<Users>(text).unwrap_err().to_string();
        assert!(refused("a = {}").contains("a user needs a password or a hash"));
        assert!(refused("a = { ha1_md5 = \"12\" }").contains("ha1_md5 must have 32"));
        assert!(refused("a = { pass = \"12\" }").contains("unknown field"));
    }
}
