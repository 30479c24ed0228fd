//! Digest algorithms and what is computed with them: RFC 7616 3.4.

use md5::Md5;
use sha2::{Sha256, Sha512_256};
use strowger::Secret;

use super::super::wire::text::eq_token;
use super::Qop;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    /// MD5.
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512/256.
    Sha512_256,
}

/// An algorithm: a hash function, and whether the session's nonces go into its key (`-sess`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Algorithm {
    /// The hash function.
    pub hash: Hash,
    /// `-sess`.
    pub sess: bool,
}

/// A hash in lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hex {
    digits: [u8; 64],
    len: u8,
}

/// A text is no hash of that kind in hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a hash in hexadecimal digits")]
pub struct NotAHash;

impl Hash {
    /// All, the strongest first.
    pub const ALL: [Self; 3] = [Self::Sha512_256, Self::Sha256, Self::Md5];

    /// How many hexadecimal digits it has.
    #[must_use]
    pub fn digits(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha256 | Self::Sha512_256 => 64,
        }
    }

    /// The hash of parts joined by colons.
    #[must_use]
    pub fn of(self, parts: &[&[u8]]) -> Hex {
        fn run<D: md5::Digest>(parts: &[&[u8]]) -> Hex {
            let mut hash = D::new();
            for (n, part) in parts.iter().enumerate() {
                if n > 0 {
                    hash.update(b":");
                }
                hash.update(part);
            }
            Hex::write(&hash.finalize())
        }
        match self {
            Self::Md5 => run::<Md5>(parts),
            Self::Sha256 => run::<Sha256>(parts),
            Self::Sha512_256 => run::<Sha512_256>(parts),
        }
    }
}

impl Algorithm {
    /// The algorithm of a hash function, without sessions.
    #[must_use]
    pub const fn plain(hash: Hash) -> Self {
        Self { hash, sess: false }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match (self.hash, self.sess) {
            (Hash::Md5, false) => "MD5",
            (Hash::Md5, true) => "MD5-sess",
            (Hash::Sha256, false) => "SHA-256",
            (Hash::Sha256, true) => "SHA-256-sess",
            (Hash::Sha512_256, false) => "SHA-512-256",
            (Hash::Sha512_256, true) => "SHA-512-256-sess",
        }
    }

    /// The algorithm of a name, in any case.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        let all = Hash::ALL
            .into_iter()
            .flat_map(|hash| [false, true].map(|sess| Self { hash, sess }));
        all.into_iter()
            .find(|algorithm| eq_token(algorithm.name().as_bytes(), name))
    }

    /// What proves that one knows `ha1`: the value of `response` (RFC 7616 3.4.1).
    #[must_use]
    pub fn response(self, ha1: &Hex, proof: &Proof<'_>) -> Hex {
        let hash = self.hash;
        let session;
        let ha1 = if self.sess {
            session = hash.of(&[ha1.as_bytes(), proof.nonce, proof.cnonce]);
            &session
        } else {
            ha1
        };
        let ha2 = match proof.qop {
            Some(Qop::AuthInt) => {
                let body = hash.of(&[proof.body]);
                hash.of(&[proof.method, proof.uri, body.as_bytes()])
            }
            Some(Qop::Auth) | None => hash.of(&[proof.method, proof.uri]),
        };
        match proof.qop {
            Some(qop) => hash.of(&[
                ha1.as_bytes(),
                proof.nonce,
                proof.nc,
                proof.cnonce,
                qop.name().as_bytes(),
                ha2.as_bytes(),
            ]),
            None => hash.of(&[ha1.as_bytes(), proof.nonce, ha2.as_bytes()]),
        }
    }
}

/// What a response is computed from, beside the password.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'a> {
    /// The server's nonce.
    pub nonce: &'a [u8],
    /// How often it was used, as written.
    pub nc: &'a [u8],
    /// The client's nonce.
    pub cnonce: &'a [u8],
    /// What is protected; with none it is RFC 2069's response.
    pub qop: Option<Qop>,
    /// The method.
    pub method: &'a [u8],
    /// The URI that the credentials name.
    pub uri: &'a [u8],
    /// The body, for `auth-int`.
    pub body: &'a [u8],
}

impl Hex {
    fn write(bytes: &[u8]) -> Self {
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            let digit = |n: u8| b"0123456789abcdef"[usize::from(n & 15)];
            pair.copy_from_slice(&[digit(byte >> 4), digit(*byte)]);
        }
        Self {
            digits,
            len: (bytes.len() * 2).min(64) as u8,
        }
    }

    /// Reads a hash of that kind, in any case.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(hash: Hash, text: &[u8]) -> Result<Self, NotAHash> {
        if text.len() != hash.digits() || !text.iter().all(u8::is_ascii_hexdigit) {
            return Err(NotAHash);
        }
        let mut digits = [0; 64];
        for (digit, byte) in digits.iter_mut().zip(text) {
            *digit = byte.to_ascii_lowercase();
        }
        Ok(Self {
            digits,
            len: text.len() as u8,
        })
    }

    /// The digits.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.digits.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Whether a text is the same hash, in a time that does not tell how much of it is right.
    #[must_use]
    pub fn is(&self, text: &[u8]) -> bool {
        let own = self.as_bytes();
        let differ = own
            .iter()
            .zip(text)
            .fold(0, |differ, (a, b)| differ | (a ^ b.to_ascii_lowercase()));
        own.len() == text.len() && std::hint::black_box(differ) == 0
    }
}

/// What a server knows, or a client has, of one user: the password, or what stands for it with some hash functions (HA1).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Account {
    password: Option<Secret>,
    ha1: Vec<(Hash, Secret)>,
    /// What was known of the user before, and still counts.
    previous: Option<Box<Self>>,
}

impl Account {
    /// A user with a password.
    #[must_use]
    pub fn password(password: &str) -> Self {
        Self {
            password: Some(password.into()),
            ..Self::default()
        }
    }

    /// A user of whom only the hash of `user:realm:password` is known, in hexadecimal digits. Such an account serves the
    /// algorithms of that hash function only.
    ///
    /// # Errors
    /// It is no such hash.
    pub fn ha1(hash: Hash, digits: &str) -> Result<Self, NotAHash> {
        Self::default().and_ha1(hash, digits)
    }

    /// The same account with a hash of another kind, too.
    ///
    /// # Errors
    /// It is no such hash.
    pub fn and_ha1(mut self, hash: Hash, digits: &str) -> Result<Self, NotAHash> {
        Hex::parse(hash, digits.as_bytes())?;
        self.ha1.retain(|(other, _)| *other != hash);
        self.ha1.push((hash, digits.into()));
        Ok(self)
    }

    /// The same account, for which another one is as good: while a user's clients get to know a new password.
    #[must_use]
    pub fn or_previous(mut self, previous: Self) -> Self {
        self.previous = Some(Box::new(previous));
        self
    }

    /// What was known before and still counts.
    pub(super) fn previous(&self) -> Option<&Self> {
        self.previous.as_deref()
    }

    /// Whether it serves a hash function.
    #[must_use]
    pub fn serves(&self, hash: Hash) -> bool {
        self.password.is_some() || self.ha1.iter().any(|(known, _)| *known == hash)
    }

    /// HA1, if it serves the hash function. As costly in every case, so that time does not tell the cases apart.
    #[must_use]
    pub(super) fn key(&self, hash: Hash, user: &[u8], realm: &[u8]) -> Option<Hex> {
        let password = self.password.as_ref().map(|own| own.reveal().as_bytes());
        let computed = hash.of(&[user, realm, password.unwrap_or_default()]);
        let known = self.ha1.iter().find(|(known, _)| *known == hash);
        known
            .and_then(|(_, digits)| Hex::parse(hash, digits.reveal().as_bytes()).ok())
            .or_else(|| password.map(|_| std::hint::black_box(computed)))
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof<'a>() -> Proof<'a> {
        Proof {
            nonce: b"",
            nc: b"00000001",
            cnonce: b"",
            qop: Some(Qop::Auth),
            method: b"GET",
            uri: b"/dir/index.html",
            body: b"",
        }
    }

    /// RFC 2617 3.5.
    #[test]
    fn rfc_2617_with_md5() {
        let ha1 = Hash::Md5.of(&[b"Mufasa", b"testrealm@host.com", b"Circle Of Life"]);
        assert_eq!(ha1.as_bytes(), b"939e7578ed9e3c518a452acee763bce9");
        let proof = Proof {
            nonce: b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
            cnonce: b"0a4f113b",
            ..proof()
        };
        let response = Algorithm::plain(Hash::Md5).response(&ha1, &proof);
        assert_eq!(response.as_bytes(), b"6629fae49393a05397450978507c4ef1");
    }

    /// RFC 7616 3.9.1.
    #[test]
    fn rfc_7616_with_md5_and_sha_256() {
        let user: [&[u8]; 3] = [b"Mufasa", b"http-auth@example.org", b"Circle of Life"];
        let proof = Proof {
            nonce: b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            cnonce: b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            ..proof()
        };
        for (hash, expected) in [
            (Hash::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                Hash::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let ha1 = hash.of(&user);
            let response = Algorithm::plain(hash).response(&ha1, &proof);
            assert_eq!(response.as_bytes(), expected.as_bytes());
            assert!(response.is(expected.to_uppercase().as_bytes()));
            assert!(!response.is(&expected.as_bytes()[1..]));
        }
    }

    /// RFC 7616 3.9.2: the hash of the user's name.
    #[test]
    fn rfc_7616_with_sha_512_256() {
        let name = "J\u{e4}s\u{f8}n Doe".as_bytes();
        let hash = Hash::Sha512_256.of(&[name, b"api@example.org"]);
        // The figure of the RFC is wrong (errata 4897): it was made with SHA-512, cut short.
        assert_eq!(
            hash.as_bytes(),
            b"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
        );
    }

    #[test]
    fn names_are_read_in_any_case() {
        for hash in Hash::ALL {
            for sess in [false, true] {
                let algorithm = Algorithm { hash, sess };
                let name = algorithm.name().to_lowercase();
                assert_eq!(Algorithm::parse(name.as_bytes()), Some(algorithm));
            }
        }
        assert_eq!(Algorithm::parse(b"SHA-1"), None);
    }

    #[test]
    fn an_account_serves_what_it_has() {
        let of = |account: &Account, hash| account.key(hash, b"Mufasa", b"testrealm@host.com");
        let password = Account::password("Circle Of Life");
        let known = Account::ha1(Hash::Md5, "939E7578ed9e3c518a452acee763bce9").unwrap();
        assert_eq!(of(&password, Hash::Md5), of(&known, Hash::Md5));
        assert!(of(&password, Hash::Sha256).is_some());
        assert!(of(&known, Hash::Sha256).is_none());
        assert!(!known.serves(Hash::Sha256) && known.serves(Hash::Md5));
        assert_eq!(Account::ha1(Hash::Sha256, "939e"), Err(NotAHash));
        assert_eq!(format!("{password:?}"), "Account");
    }
}
