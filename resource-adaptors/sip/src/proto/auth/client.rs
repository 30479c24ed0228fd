//! The client's side: answers to challenges, and the nonces that go on from there. RFC 3261 22.2, 22.3; RFC 7616 3.4, 3.6.

use super::super::compose::line;
use super::super::wire::{HeaderId, Message};
use super::algorithm::Proof;
use super::{Account, Algorithm, Authorization, Challenge, Hash, Qop};

/// Who we are to the servers of one realm, or of any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The realm; any if not set.
    pub realm: Option<Box<[u8]>>,
    /// The user.
    pub user: Box<[u8]>,
    /// The password, or what stands for it.
    pub account: Account,
}

impl Credentials {
    /// A user with a password, for whatever realm asks.
    #[must_use]
    pub fn new(user: &str, password: &str) -> Self {
        Self {
            realm: None,
            user: user.as_bytes().into(),
            account: Account::password(password),
        }
    }

    /// The same for one realm only.
    #[must_use]
    pub fn for_realm(mut self, realm: &str) -> Self {
        self.realm = Some(realm.as_bytes().into());
        self
    }

    fn serve(&self, realm: &[u8]) -> bool {
        self.realm.as_deref().is_none_or(|own| own == realm)
    }
}

/// What was agreed on with the servers on the way of one dialog, or of one request.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// Credentials that the service named; they go before those of the settings.
    pub own: Option<Credentials>,
    /// What the ACK of the last INVITE carries: the header lines of its credentials.
    pub for_ack: Vec<u8>,
    answered: Vec<Answered>,
}

/// One realm whose challenge was answered.
#[derive(Debug, Clone)]
struct Answered {
    proxy: bool,
    realm: Vec<u8>,
    nonce: Vec<u8>,
    opaque: Vec<u8>,
    algorithm: Algorithm,
    qop: Option<Qop>,
    userhash: bool,
    user: Box<[u8]>,
    account: Account,
    count: u32,
    /// Whether credentials for it have gone out in the request that is under way.
    tried: bool,
}

/// Realms on one way; a server that asks for more is not answered.
const REALMS: usize = 8;

impl Session {
    /// A session whose requests may use these credentials.
    #[must_use]
    pub fn new(own: Option<Credentials>) -> Self {
        Self {
            own,
            ..Self::default()
        }
    }

    /// Whether a challenge has been answered, so that requests carry credentials.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answered.is_empty()
    }

    /// A request of its own begins: what was tried before does not count for it.
    pub fn begin(&mut self) {
        for answered in &mut self.answered {
            answered.tried = false;
        }
    }

    /// Takes the challenges of a 401 or 407. `false` if sending the request again would be in vain: there are no
    /// credentials for any of them, or they were refused. `again` is whether the request has been sent again before.
    pub fn learn(&mut self, response: &Message, settings: &[Credentials], again: bool) -> bool {
        let mut useful = false;
        for (header, proxy) in [
            (HeaderId::WwwAuthenticate, false),
            (HeaderId::ProxyAuthenticate, true),
        ] {
            let mut seen: Vec<Vec<u8>> = Vec::new();
            for value in response.lines(header) {
                let Ok(challenge) = Challenge::parse(value) else {
                    continue;
                };
                // RFC 8760 2.4: the first that we can answer, of each realm.
                if seen.iter().any(|realm| realm[..] == *challenge.realm) {
                    continue;
                }
                match self.answer(&challenge, proxy, settings, again) {
                    Some(true) => {
                        useful = true;
                        seen.push(challenge.realm.into_owned());
                    }
                    Some(false) => return false,
                    None => {}
                }
            }
        }
        useful
    }

    /// `None` if it cannot be answered, `Some(false)` if the answer was refused before.
    fn answer(
        &mut self,
        challenge: &Challenge<'_>,
        proxy: bool,
        settings: &[Credentials],
        again: bool,
    ) -> Option<bool> {
        let serves = |c: &&Credentials| {
            c.serve(&challenge.realm) && c.account.serves(challenge.algorithm.hash)
        };
        let mut ours = self.own.iter().chain(settings).filter(serves);
        let first = ours.next()?;
        let known = self
            .answered
            .iter()
            .position(|known| known.proxy == proxy && known.realm[..] == *challenge.realm);
        let before = known.and_then(|at| self.answered.get(at));
        let refused = before.filter(|known| known.tried && again && !challenge.stale);
        let ours = match refused {
            None => first,
            // Those that come after the ones that were refused, as while a password is being changed.
            Some(known) => {
                let tried = |c: &&Credentials| c.user == known.user && c.account == known.account;
                let mut all = std::iter::once(first).chain(ours);
                match all.find(tried).and_then(|_| all.next()) {
                    Some(next) => next,
                    None => return Some(false),
                }
            }
        };
        let qop = match (challenge.auth, challenge.auth_int) {
            (true, _) => Some(Qop::Auth),
            (false, true) => Some(Qop::AuthInt),
            (false, false) => None,
        };
        let answered = Answered {
            proxy,
            realm: challenge.realm.to_vec(),
            nonce: challenge.nonce.to_vec(),
            opaque: challenge.opaque.to_vec(),
            algorithm: challenge.algorithm,
            qop,
            userhash: challenge.userhash,
            user: ours.user.clone(),
            account: ours.account.clone(),
            count: 0,
            tried: false,
        };
        if known.is_none() && self.answered.len() >= REALMS {
            return None;
        }
        match known.and_then(|at| self.answered.get_mut(at)) {
            Some(place) => *place = answered,
            None => self.answered.push(answered),
        }
        Some(true)
    }

    /// The credentials of a request for every realm, each nonce used once more. `random` is fresh.
    pub fn values(
        &mut self,
        method: &[u8],
        uri: &[u8],
        body: &[u8],
        random: u64,
    ) -> Vec<(HeaderId, Vec<u8>)> {
        let value = |answered: &mut Answered| {
            answered.count += 1;
            answered.tried = true;
            let header = if answered.proxy {
                HeaderId::ProxyAuthorization
            } else {
                HeaderId::Authorization
            };
            (header, answered.value(method, uri, body, random))
        };
        self.answered.iter_mut().map(value).collect()
    }

    /// Credentials as whole header lines.
    pub fn write(values: &[(HeaderId, Vec<u8>)], out: &mut Vec<u8>) {
        for (header, value) in values {
            line(out, header.name(), value);
        }
    }

    /// The credentials of a request as whole header lines: see [`values`](Self::values).
    pub fn lines(&mut self, method: &[u8], uri: &[u8], body: &[u8], random: u64) -> Vec<u8> {
        let mut out = Vec::new();
        Self::write(&self.values(method, uri, body, random), &mut out);
        out
    }

    /// Whether there is an answer for that realm, so that credentials for it in a request are ours.
    #[must_use]
    pub fn has(&self, realm: &[u8]) -> bool {
        self.answered.iter().any(|known| known.realm == realm)
    }
}

impl Answered {
    fn value(&self, method: &[u8], uri: &[u8], body: &[u8], random: u64) -> Vec<u8> {
        let hash = self.algorithm.hash;
        let nc = format!("{:08x}", self.count);
        let needs_cnonce = self.qop.is_some() || self.algorithm.sess;
        let cnonce = if needs_cnonce {
            format!("{random:016x}")
        } else {
            String::new()
        };
        let key = self
            .account
            .key(hash, &self.user, &self.realm)
            .unwrap_or_else(|| hash.of(&[b""]));
        let proof = Proof {
            nonce: &self.nonce,
            nc: nc.as_bytes(),
            cnonce: cnonce.as_bytes(),
            qop: self.qop,
            method,
            uri,
            body,
        };
        let response = self.algorithm.response(&key, &proof);
        let hashed;
        let username: &[u8] = if self.userhash {
            hashed = hash_of_name(hash, &self.user, &self.realm);
            &hashed
        } else {
            &self.user
        };
        Authorization {
            username: username.into(),
            userhash: self.userhash,
            realm: self.realm[..].into(),
            nonce: self.nonce[..].into(),
            uri: uri.into(),
            response: response.as_bytes().into(),
            algorithm: self.algorithm,
            qop: self.qop,
            cnonce: cnonce.as_bytes().into(),
            nc: nc.as_bytes().into(),
            opaque: self.opaque[..].into(),
        }
        .to_value()
    }
}

/// RFC 7616 3.4.4.
fn hash_of_name(hash: Hash, user: &[u8], realm: &[u8]) -> Vec<u8> {
    hash.of(&[user, realm]).as_bytes().to_vec()
}
