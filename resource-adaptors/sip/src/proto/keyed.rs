//! Keyed hashes and the ids that are made with them.
//!
//! SipHash-2-4 (Aumasson, Bernstein, 2012) with a secret key gives three things: table keys that a peer cannot make
//! collide, checks by which the stack knows the tags, branches and Call-IDs that it minted itself, and unguessable ids.
//!
//! Two keys, two lives. `Secret` outlives the process, so that slots and checks still hold after a restart; `Mint` is
//! seeded anew by each process, so that no id is minted twice.

/// SipHash-2-4, fed piece by piece.
#[derive(Debug, Clone)]
pub struct Sip24 {
    v: [u64; 4],
    tail: u64,
    len: u64,
    wide: bool,
}

impl Sip24 {
    /// For a result of 64 bits.
    #[must_use]
    pub fn new(key: [u64; 2]) -> Self {
        Self {
            v: [
                key[0] ^ 0x736f_6d65_7073_6575,
                key[1] ^ 0x646f_7261_6e64_6f6d,
                key[0] ^ 0x6c79_6765_6e65_7261,
                key[1] ^ 0x7465_6462_7974_6573,
            ],
            tail: 0,
            len: 0,
            wide: false,
        }
    }

    /// For a result of 128 bits.
    #[must_use]
    pub fn wide(key: [u64; 2]) -> Self {
        let mut hash = Self::new(key);
        hash.v[1] ^= 0xee;
        hash.wide = true;
        hash
    }

    /// Feeds bytes. Two fields that are fed one after the other need a separator: see [`field`](Self::field).
    pub fn write(&mut self, bytes: &[u8]) {
        let filled = (self.len % 8) as usize;
        self.len = self.len.wrapping_add(bytes.len() as u64);
        let mut rest = bytes;
        if filled > 0 {
            let take = rest.len().min(8 - filled);
            for (n, byte) in rest[..take].iter().enumerate() {
                self.tail |= u64::from(*byte) << (8 * (filled + n));
            }
            rest = &rest[take..];
            if filled + take < 8 {
                return;
            }
            let word = self.tail;
            self.absorb(word);
        }
        let mut words = rest.chunks_exact(8);
        for word in &mut words {
            self.absorb(u64::from_le_bytes([
                word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7],
            ]));
        }
        self.tail = 0;
        for (n, byte) in words.remainder().iter().enumerate() {
            self.tail |= u64::from(*byte) << (8 * n);
        }
    }

    /// Feeds a field and its length.
    pub fn field(&mut self, bytes: &[u8]) {
        self.write(bytes);
        self.write(&(bytes.len() as u32).to_le_bytes());
    }

    /// Feeds a field and its length with ASCII letters in lower case.
    pub fn field_nocase(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(64) {
            let mut lower = [0u8; 64];
            let lower = &mut lower[..chunk.len()];
            lower.copy_from_slice(chunk);
            lower.make_ascii_lowercase();
            self.write(lower);
        }
        self.write(&(bytes.len() as u32).to_le_bytes());
    }

    /// The hash of 64 bits.
    #[must_use]
    pub fn finish(mut self) -> u64 {
        self.close();
        self.v[0] ^ self.v[1] ^ self.v[2] ^ self.v[3]
    }

    /// The hash of 128 bits; meant for a hash made by [`wide`](Self::wide).
    #[must_use]
    pub fn finish_wide(mut self) -> Digest {
        self.close();
        let low = self.v[0] ^ self.v[1] ^ self.v[2] ^ self.v[3];
        self.v[1] ^= 0xdd;
        for _ in 0..4 {
            self.round();
        }
        Digest([low, self.v[0] ^ self.v[1] ^ self.v[2] ^ self.v[3]])
    }

    fn close(&mut self) {
        let last = self.tail | (self.len & 0xff) << 56;
        self.absorb(last);
        self.v[2] ^= if self.wide { 0xee } else { 0xff };
        for _ in 0..4 {
            self.round();
        }
    }

    fn absorb(&mut self, word: u64) {
        self.v[3] ^= word;
        self.round();
        self.round();
        self.v[0] ^= word;
        self.tail = 0;
    }

    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.v;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
        self.v = [a, b, c, d];
    }
}

/// 128 bits that stand for what was hashed: nobody without the key can make two things meet in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Digest(pub [u64; 2]);

impl std::hash::Hash for Digest {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.0[0]);
    }
}

/// The secret of an adaptor entity, the same in every process that serves it.
#[derive(Clone, Copy)]
pub struct Secret([u64; 2]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Wraps a key.
    #[must_use]
    pub fn new(key: [u64; 2]) -> Self {
        Self(key)
    }

    fn check(&self, purpose: &[u8], parts: &[&[u8]]) -> u64 {
        let mut hash = Sip24::new(self.0);
        hash.field(purpose);
        for part in parts {
            hash.field(part);
        }
        hash.finish()
    }

    /// A MAC over parts, for what comes back from outside; `purpose` keeps different uses apart.
    #[must_use]
    pub fn mac(&self, purpose: &[u8], parts: &[&[u8]]) -> Digest {
        let mut hash = Sip24::wide(self.0);
        hash.field(purpose);
        for part in parts {
            hash.field(part);
        }
        hash.finish_wide()
    }

    /// A hash for one purpose, to be fed piece by piece; what it gives is the same in every process.
    #[must_use]
    pub fn hash(&self, purpose: &[u8]) -> Sip24 {
        let mut hash = Sip24::new(self.0);
        hash.field(purpose);
        hash
    }

    /// The slot of a Call-ID: the one it carries if it was minted by us, else by its hash.
    #[must_use]
    pub fn slot(&self, call_id: &[u8]) -> u8 {
        self.minted_slot(call_id)
            .unwrap_or_else(|| self.check(b"slot", &[call_id]) as u8)
    }

    fn minted_slot(&self, call_id: &[u8]) -> Option<u8> {
        let (body, mac) = call_id.split_at_checked(18)?;
        let slot = u8::try_from(parse_hex(&body[16..])?).ok()?;
        (parse_hex(mac)? == u64::from(self.check(b"call", &[body]) as u32) && mac.len() == 8)
            .then_some(slot)
    }

    /// Whether `tag` was minted by us for this Call-ID, by whatever process.
    #[must_use]
    pub fn is_our_tag(&self, call_id: &[u8], tag: &[u8]) -> bool {
        tag.split_at_checked(8).is_some_and(|(random, mac)| {
            mac.len() == 8
                && parse_hex(mac) == Some(u64::from(self.check(b"tag", &[call_id, random]) as u32))
        })
    }

    /// Whether `branch` was minted by us, and for which transaction. A proxy's has a mark behind it, after a dot.
    #[must_use]
    pub fn our_branch(&self, branch: &[u8]) -> Option<super::slab::Key> {
        let ids = branch.strip_prefix(COOKIE)?;
        let (ids, rest) = ids.split_at_checked(16)?;
        let (mac, rest) = rest.split_at_checked(8)?;
        let mark = rest.get(usize::from(attempt_of(rest) > 0)..)?;
        if !matches!(mark, [] | [b'.', ..])
            || parse_hex(mac)? != u64::from(self.check(b"branch", &[ids]) as u32)
        {
            return None;
        }
        Some(super::slab::Key {
            index: parse_hex(&ids[..8])? as u32,
            generation: parse_hex(&ids[8..])? as u32,
        })
    }

    /// Which attempt of a transaction a branch of ours is of: 0 for the first.
    #[must_use]
    pub fn attempt(branch: &[u8]) -> u8 {
        attempt_of(branch.get(31..).unwrap_or_default())
    }

    /// The branch of the attempt after that of another branch of ours; what stands behind stays.
    #[must_use]
    pub fn next_attempt(branch: &[u8]) -> Vec<u8> {
        let (own, rest) = branch.split_at(branch.len().min(31));
        let attempt = attempt_of(rest);
        let mark = rest.get(usize::from(attempt > 0)..).unwrap_or_default();
        let letter = ATTEMPTS.saturating_add(attempt.min(18));
        [own, &[letter], mark].concat()
    }

    /// The branch of a client transaction.
    #[must_use]
    pub fn branch(&self, key: super::slab::Key) -> Branch {
        let mut text = [0; 31];
        text[..7].copy_from_slice(COOKIE);
        write_hex(&mut text[7..15], u64::from(key.index));
        write_hex(&mut text[15..23], u64::from(key.generation));
        let mac = self.check(b"branch", &[&text[7..23]]) as u32;
        write_hex(&mut text[23..], u64::from(mac));
        Branch(text)
    }
}

const COOKIE: &[u8] = b"z9hG4bK";

/// The letter of the second attempt, behind the hexadecimal digits; those after it follow.
const ATTEMPTS: u8 = b'g';

/// The attempt that stands first in what is behind a branch's digits.
fn attempt_of(rest: &[u8]) -> u8 {
    match rest.first() {
        Some(letter @ ATTEMPTS..=b'z') => letter - ATTEMPTS + 1,
        _ => 0,
    }
}

/// A branch that we minted.
#[derive(Debug, Clone, Copy)]
pub struct Branch([u8; 31]);

impl Branch {
    /// Its text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Makes ids that nobody can guess. Deterministic: same seed, same ids.
#[derive(Debug, Clone)]
pub struct Mint {
    key: [u64; 2],
    count: u64,
}

impl Mint {
    /// A mint from fresh entropy.
    #[must_use]
    pub fn new(seed: [u64; 2]) -> Self {
        Self {
            key: seed,
            count: 0,
        }
    }

    /// 64 unguessable bits.
    pub fn random(&mut self) -> u64 {
        self.count += 1;
        let mut hash = Sip24::new(self.key);
        hash.write(&self.count.to_le_bytes());
        hash.finish()
    }

    /// A Call-ID whose slot is `slot`.
    pub fn call_id(&mut self, secret: &Secret, slot: u8) -> [u8; 26] {
        let mut text = [0; 26];
        write_hex(&mut text[..16], self.random());
        write_hex(&mut text[16..18], u64::from(slot));
        let mac = secret.check(b"call", &[&text[..18]]) as u32;
        write_hex(&mut text[18..], u64::from(mac));
        text
    }

    /// A tag for this Call-ID.
    pub fn tag(&mut self, secret: &Secret, call_id: &[u8]) -> [u8; 16] {
        let mut text = [0; 16];
        write_hex(&mut text[..8], self.random() & 0xffff_ffff);
        let mac = secret.check(b"tag", &[call_id, &text[..8]]) as u32;
        write_hex(&mut text[8..], u64::from(mac));
        text
    }
}

/// For tables whose keys are [`Digest`]s: they are hashes already.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlreadyHashed(u64);

impl std::hash::Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, word: u64) {
        self.0 ^= word;
    }
}

/// A table keyed by digests.
pub type DigestMap<V> =
    std::collections::HashMap<Digest, V, std::hash::BuildHasherDefault<AlreadyHashed>>;

fn write_hex(out: &mut [u8], value: u64) {
    for (n, byte) in out.iter_mut().rev().enumerate() {
        *byte = b"0123456789abcdef"[(value >> (4 * n) & 15) as usize];
    }
}

fn parse_hex(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    text.iter().try_fold(0, |value, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::super::slab::Key;
    use super::*;

    const KEY: [u64; 2] = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];

    /// The vectors of the reference implementation: key 00..0f, message 00, 01, 02...
    #[test]
    fn agrees_with_the_published_vectors() {
        let message: Vec<u8> = (0..15).collect();
        let mut hash = Sip24::new(KEY);
        hash.write(&message);
        assert_eq!(hash.finish(), 0xa129_ca61_49be_45e5);
        let mut empty = Sip24::new(KEY);
        empty.write(b"");
        assert_eq!(empty.finish(), 0x726f_db47_dd0e_0e31);
        assert_eq!(
            Sip24::wide(KEY).finish_wide(),
            Digest([0xe6a8_25ba_047f_81a3, 0x9302_55c7_1472_f66d])
        );
    }

    #[test]
    fn pieces_do_not_matter() {
        let message: Vec<u8> = (0..=255).collect();
        let mut whole = Sip24::new(KEY);
        whole.write(&message);
        for cut in 0..=message.len() {
            let mut parts = Sip24::new(KEY);
            parts.write(&message[..cut]);
            parts.write(&message[cut..]);
            assert_eq!(parts.finish(), whole.clone().finish(), "cut at {cut}");
        }
    }

    #[test]
    fn what_we_mint_is_known_and_nothing_else_is() {
        let secret = Secret::new(KEY);
        let mut mint = Mint::new([1, 2]);
        for slot in [0, 7, 255] {
            let call = mint.call_id(&secret, slot);
            assert_eq!(secret.slot(&call), slot);
            let tag = mint.tag(&secret, &call);
            assert!(secret.is_our_tag(&call, &tag));
            assert!(!secret.is_our_tag(b"other", &tag));
            assert!(!secret.is_our_tag(&call, &tag[..15]));
        }
        let key = Key {
            index: 77,
            generation: 0xdead_beef,
        };
        let branch = secret.branch(key);
        assert_eq!(secret.our_branch(branch.as_bytes()), Some(key));
        let mut forged = branch.as_bytes().to_vec();
        forged[14] ^= 1;
        assert_eq!(secret.our_branch(&forged), None);
        assert_eq!(secret.our_branch(b"z9hG4bK"), None);
        for mark in ["", ".loop"] {
            let mut branch = [branch.as_bytes(), mark.as_bytes()].concat();
            for attempt in 0..=19 {
                assert_eq!(secret.our_branch(&branch), Some(key));
                assert_eq!(Secret::attempt(&branch), attempt);
                assert!(branch.ends_with(mark.as_bytes()));
                branch = Secret::next_attempt(&branch);
            }
            assert_eq!(Secret::attempt(&branch), 19, "more are not told apart");
            branch.insert(32, b'x');
            assert_eq!(secret.our_branch(&branch), None);
        }
    }
}
