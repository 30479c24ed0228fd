//! Whom a request goes to.

use std::borrow::Cow;

use bytes::Bytes;

use super::flow::FlowId;
use crate::proto::ua::is_sips;
use crate::proto::wire::{NameAddr, Scheme, Uri, request_uri};

/// A URI for a request, and the routes on the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub(crate) uri: Bytes,
    pub(crate) route: Bytes,
    pub(crate) flow: Option<FlowId>,
}

/// Why a text is no target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TargetError {
    /// It is no URI.
    #[error("not a URI")]
    NotAUri,
    /// Its scheme is none that the adaptor sends to.
    #[error("scheme is not sip")]
    Scheme,
}

impl Target {
    /// A URI as text: `sip:bob@b.example`.
    ///
    /// # Errors
    /// It is no SIP URI.
    pub fn parse(uri: &str) -> Result<Self, TargetError> {
        Self::from_bytes(Bytes::copy_from_slice(uri.as_bytes()))
    }

    /// What may not stand in a Request-URI, such as header fields, is left out.
    pub(crate) fn from_bytes(uri: Bytes) -> Result<Self, TargetError> {
        let parsed = Uri::parse(&uri).map_err(|_| TargetError::NotAUri)?;
        if !matches!(parsed.scheme(), Scheme::Sip | Scheme::Sips | Scheme::Tel) {
            return Err(TargetError::Scheme);
        }
        Ok(Self {
            uri: to_request(uri),
            route: Bytes::new(),
            flow: None,
        })
    }

    /// The same user at another place: `place` is a URI, whose user is replaced by this one's.
    ///
    /// # Errors
    /// `place` is no SIP URI, or what comes out is none.
    pub fn at(&self, place: &str) -> Result<Self, TargetError> {
        let user = Uri::parse(&self.uri)
            .map_err(|_| TargetError::NotAUri)?
            .user()
            .map(<[u8]>::to_vec);
        let rest = Uri::parse(place.as_bytes()).map_err(|_| TargetError::NotAUri)?;
        let (Some(user), true) = (user, rest.is_sip()) else {
            return Self::parse(place);
        };
        let colon = place.find(':').ok_or(TargetError::NotAUri)?;
        let (scheme, host) = place.split_at(colon + 1);
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let mut uri = scheme.as_bytes().to_vec();
        uri.extend_from_slice(&user);
        uri.push(b'@');
        uri.extend_from_slice(host.as_bytes());
        Self::from_bytes(uri.into())
    }

    /// The same, by way of a route: `<sip:proxy.example;lr>`, or several with commas.
    ///
    /// # Errors
    /// It is no route.
    pub fn via(mut self, route: &str) -> Result<Self, TargetError> {
        NameAddr::parse(route.as_bytes()).map_err(|_| TargetError::NotAUri)?;
        self.route = Bytes::copy_from_slice(route.as_bytes());
        Ok(self)
    }

    /// The same, over a way that a request came: to a phone behind a NAT or in a browser (RFC 5626 5.3). Nothing is
    /// resolved then; if the way is no more the request fails with 430, which [is local](crate::Response::is_local).
    #[must_use]
    pub fn over(mut self, flow: FlowId) -> Self {
        self.flow = Some(flow);
        self
    }

    /// The user of its URI; empty if there is none.
    #[must_use]
    pub fn user(&self) -> &[u8] {
        Uri::parse(&self.uri)
            .ok()
            .and_then(|uri| uri.user())
            .unwrap_or_default()
    }

    /// Whether its URI is a `sips` one, of which nothing may go unencrypted (RFC 3261 26.2.2).
    #[must_use]
    pub fn is_sips(&self) -> bool {
        is_sips(&self.uri)
    }

    /// The URI.
    #[must_use]
    pub fn uri(&self) -> &[u8] {
        &self.uri
    }
}

/// A contact as a Request-URI (RFC 3261 19.1.5).
pub(super) fn to_request(uri: Bytes) -> Bytes {
    match request_uri(&uri) {
        Cow::Borrowed(same) if same.len() == uri.len() => uri,
        Cow::Borrowed(part) => Bytes::copy_from_slice(part),
        Cow::Owned(rest) => rest.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_moves_to_another_place() {
        let target = Target::parse("sip:bob@127.0.0.1:5060;x=y").unwrap();
        assert_eq!(
            target.at("sip:10.0.0.1:5070;transport=tcp").unwrap().uri(),
            b"sip:bob@10.0.0.1:5070;transport=tcp"
        );
        assert_eq!(
            target.at("sip:alice@10.0.0.1").unwrap().uri(),
            b"sip:bob@10.0.0.1"
        );
        assert_eq!(
            Target::parse("sip:10.0.0.9")
                .unwrap()
                .at("sip:10.0.0.1")
                .unwrap()
                .uri(),
            b"sip:10.0.0.1"
        );
        let with_headers = Target::parse("sip:a@b;method=INVITE;x=y?Replaces=z").unwrap();
        assert_eq!(with_headers.uri(), b"sip:a@b;x=y");
        assert_eq!(Target::parse("mailto:x@y"), Err(TargetError::Scheme));
        assert_eq!(Target::parse("sip:"), Err(TargetError::NotAUri));
    }
}
