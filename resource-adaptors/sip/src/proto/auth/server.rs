//! The server's side: whether credentials prove who sent a request. RFC 3261 22.1 to 22.4, RFC 7616 3.4.

use super::super::wire::{HeaderId, Message, Uri};
use super::algorithm::Proof;
use super::nonce::Worth;
use super::{Account, Algorithm, Authorization, HeaderError, Nonces, Qop, Used};

/// What credentials are checked against.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// The realm whose credentials are looked at; others are a proxy's or another server's.
    pub realm: &'a [u8],
    /// The algorithms that were offered.
    pub algorithms: &'a [Algorithm],
    /// Whether `auth-int` was offered beside `auth`.
    pub auth_int: bool,
    /// Whether it is a proxy that asks: Proxy-Authorization.
    pub proxy: bool,
    /// How long a nonce may be used, in milliseconds.
    pub lifetime: u64,
    /// The wall clock, in milliseconds.
    pub wall: u64,
}

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They are right: the user, and the use of the nonce that is to be noted.
    Right(Vec<u8>, Used),
    /// There are none for the realm.
    Missing,
    /// They are right but for the nonce, which is too old or was used before.
    Stale,
    /// The user is not known, or the password is wrong: which of both is nobody's business. With the nonce that they are for.
    Wrong(Vec<u8>),
    /// They cannot be read, or speak of another request.
    Malformed,
}

/// Checks the credentials of a request. `lookup` gives the account of a user.
///
/// It costs the same whether the user is known or not.
pub fn check(
    check: &Check<'_>,
    nonces: &Nonces,
    request: &Message,
    lookup: impl FnOnce(&[u8]) -> Option<Account>,
) -> Verdict {
    let header = if check.proxy {
        HeaderId::ProxyAuthorization
    } else {
        HeaderId::Authorization
    };
    let ours = |value: &&[u8]| Authorization::realm_of(value).as_deref() == Some(check.realm);
    let Some(value) = request.lines(header).find(ours) else {
        return Verdict::Missing;
    };
    let given = match Authorization::parse(value) {
        Ok(given) => given,
        Err(HeaderError::Unknown) => return Verdict::Missing,
        Err(HeaderError::Malformed) => return Verdict::Malformed,
    };
    let offered = check.algorithms.contains(&given.algorithm);
    if !offered || (given.qop == Some(Qop::AuthInt) && !check.auth_int) {
        return Verdict::Missing;
    }
    if !names_request(&given.uri, request) {
        return Verdict::Malformed;
    }
    let account = lookup(&given.username).filter(|_| !given.userhash);
    let hash = given.algorithm.hash;
    let account = account.unwrap_or_default();
    let nobody = Account::default();
    let known = [&account, account.previous().unwrap_or(&nobody)];
    let method = request.method().map_or(&b""[..], |m| m.as_bytes());
    let proof = Proof {
        nonce: &given.nonce,
        nc: &given.nc,
        cnonce: &given.cnonce,
        qop: given.qop,
        method,
        uri: &given.uri,
        body: request.body(),
    };
    // Without a key the proof is computed all the same, with one that nobody has.
    let is_right = |account: &Account| {
        let key = account.key(hash, &given.username, check.realm);
        let known = key.is_some();
        let key = key.unwrap_or_else(|| hash.of(&[b""]));
        known & given.algorithm.response(&key, &proof).is(&given.response)
    };
    let [now, before] = known.map(is_right);
    if !(now | before) {
        return Verdict::Wrong(given.nonce.into_owned());
    }
    let count = if given.qop.is_some() {
        given.count().max(1)
    } else {
        0
    };
    match nonces.worth(check.realm, &given.nonce, count, check.wall, check.lifetime) {
        Worth::Good(used) => Verdict::Right(given.username.into_owned(), used),
        Worth::Stale => Verdict::Stale,
    }
}

/// Whether the URI of credentials is that of the request, as far as proxies leave it alone: scheme, user and host
/// (RFC 3261 22.4).
fn names_request(uri: &[u8], request: &Message) -> bool {
    if request.uri_raw() == Some(uri) {
        return true;
    }
    let (Ok(given), Ok(asked)) = (Uri::parse(uri), request.uri()) else {
        return false;
    };
    let hosts = match (given.host(), asked.host()) {
        (Some(given), Some(asked)) => given.is_same(&asked),
        (None, None) => true,
        _ => false,
    };
    given.scheme() == asked.scheme() && given.user() == asked.user() && hosts
}
