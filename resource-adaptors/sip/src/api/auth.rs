//! Digest authentication as services use it: who sent a request, and asking for it.

use std::net::IpAddr;
use std::time::Duration;

use strowger::context::Cx;
use strowger::error::Result;

use super::message::Request;
use super::provider::{Command, Sip};
use super::reply::Reply;
use crate::proto::auth::{Account, Algorithm, Challenge, Check, Hash, Used, Verdict, check};
use crate::proto::compose::line;
use crate::proto::ua::Ua;
use crate::proto::wire::HeaderId;

/// A realm whose users prove who they are (RFC 3261 22).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    name: String,
    algorithms: Vec<Algorithm>,
    auth_int: bool,
    proxy: bool,
    nonce_lifetime: Duration,
}

impl Realm {
    /// A realm of a server: 401. It offers SHA-256 and then MD5; its nonces may be used for five minutes.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            algorithms: vec![Algorithm::plain(Hash::Sha256), Algorithm::plain(Hash::Md5)],
            auth_int: false,
            proxy: false,
            nonce_lifetime: Duration::from_secs(300),
        }
    }

    /// The same realm of a proxy: 407.
    #[must_use]
    pub fn of_proxy(mut self) -> Self {
        self.proxy = true;
        self
    }

    /// The algorithms to offer, the preferred one first (RFC 8760 2.4).
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl Into<Vec<Algorithm>>) -> Self {
        self.algorithms = algorithms.into();
        self
    }

    /// Offers to protect bodies, too (`auth-int`).
    #[must_use]
    pub fn with_bodies(mut self) -> Self {
        self.auth_int = true;
        self
    }

    /// How long a nonce may be used.
    #[must_use]
    pub fn nonce_lifetime(mut self, lifetime: Duration) -> Self {
        self.nonce_lifetime = lifetime;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What the credentials of a request are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// They prove that this user of the realm sent it.
    User(String),
    /// There are none for the realm: challenge.
    Missing,
    /// They are right but for their nonce, which is too old or was used before: challenge, and say so.
    Stale,
    /// Unknown user or wrong password; which of both, nobody can tell by answer or time.
    Wrong,
    /// They cannot be read, or are those of another request: 400.
    Malformed,
}

/// What the adaptor notes of a check, after the commit.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "made by the provider's methods only")]
pub enum Noted {
    Right(Used),
    Stale,
    /// From where, and whether that is certain.
    Wrong {
        source: IpAddr,
        proven: bool,
    },
}

impl Sip {
    /// Who sent a request, and if that is not proved, a challenge: 401 (407 of a proxy) for what can be mended by
    /// credentials, 400 for what cannot be read. `None`: it has been answered.
    ///
    /// `lookup` gives a user's account by name. The check costs the same for users that there are not. ACK and CANCEL
    /// cannot be challenged (RFC 3261 22.1).
    ///
    /// # Errors
    /// None that a handler can meet; the signature is that of all operations.
    pub fn authenticate(
        &self,
        cx: &mut Cx<'_>,
        request: &Request,
        realm: &Realm,
        lookup: impl FnOnce(&str) -> Option<Account>,
    ) -> Result<Option<String>> {
        let stale = match self.verify(cx, request, realm, lookup) {
            Verified::User(user) => return Ok(Some(user)),
            Verified::Malformed => {
                self.respond(cx, request, Reply::new(400).reason("Bad Credentials"))?;
                return Ok(None);
            }
            Verified::Stale => true,
            Verified::Missing | Verified::Wrong => false,
        };
        self.challenge(cx, request, realm, stale)?;
        Ok(None)
    }

    /// Who sent a request. A use of a nonce counts once the delivery commits.
    #[must_use]
    pub fn verify(
        &self,
        cx: &mut Cx<'_>,
        request: &Request,
        realm: &Realm,
        lookup: impl FnOnce(&str) -> Option<Account>,
    ) -> Verified {
        let wall = cx.now().wall.0;
        let Some(nonces) = self.ua(cx).map(Ua::nonces) else {
            return Verified::Missing;
        };
        let what = Check {
            realm: realm.name.as_bytes(),
            algorithms: &realm.algorithms,
            auth_int: realm.auth_int,
            proxy: realm.proxy,
            lifetime: u64::try_from(realm.nonce_lifetime.as_millis()).unwrap_or(u64::MAX),
            wall,
        };
        let lookup = |user: &[u8]| std::str::from_utf8(user).ok().and_then(lookup);
        let (verified, noted) = match check(&what, nonces, request.message(), lookup) {
            Verdict::Right(user, used) => {
                let user = String::from_utf8_lossy(&user).into_owned();
                (Verified::User(user), Noted::Right(used))
            }
            Verdict::Stale => (Verified::Stale, Noted::Stale),
            Verdict::Wrong(nonce) => {
                let (flow, source) = (request.flow(), request.flow().peer().ip());
                let (wall, lifetime) = (what.wall, what.lifetime);
                let shown = || nonces.was_sent(what.realm, &nonce, source, wall, lifetime);
                let proven = flow.transport().is_reliable() || shown();
                (Verified::Wrong, Noted::Wrong { source, proven })
            }
            Verdict::Missing => return Verified::Missing,
            Verdict::Malformed => return Verified::Malformed,
        };
        cx.command(self.ra(), Command::Verified(noted));
        verified
    }

    /// Asks the sender of a request to prove who it is: one challenge for each algorithm, the preferred one first. `stale`
    /// is whether its credentials were right but for the nonce.
    ///
    /// # Errors
    /// None that a handler can meet; the signature is that of all operations.
    pub fn challenge(
        &self,
        cx: &mut Cx<'_>,
        request: &Request,
        realm: &Realm,
        stale: bool,
    ) -> Result {
        let reply = self.challenge_reply(cx, request, realm, stale);
        self.respond(cx, request, reply)
    }

    /// The answer that [`challenge`](Self::challenge) gives, for those who add to it.
    #[must_use]
    pub fn challenge_reply(
        &self,
        cx: &mut Cx<'_>,
        request: &Request,
        realm: &Realm,
        stale: bool,
    ) -> Reply {
        let (wall, random) = (cx.now().wall.0, cx.random());
        let to = request.flow().peer().ip();
        let name = realm.name.as_bytes();
        let nonce = self
            .ua(cx)
            .map(|ua| ua.nonces().make(name, wall, random, to));
        let nonce = nonce.unwrap_or_default();
        let (status, header) = if realm.proxy {
            (407, HeaderId::ProxyAuthenticate)
        } else {
            (401, HeaderId::WwwAuthenticate)
        };
        let mut lines = Vec::new();
        for algorithm in &realm.algorithms {
            let challenge = Challenge {
                realm: name.into(),
                nonce: nonce[..].into(),
                opaque: b""[..].into(),
                algorithm: *algorithm,
                stale,
                auth: true,
                auth_int: realm.auth_int,
                userhash: false,
            };
            line(&mut lines, header.name(), &challenge.to_value());
        }
        let mut reply = Reply::new(status);
        reply.0.lines = lines.into();
        reply
    }
}
