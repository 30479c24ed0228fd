//! From the wire to `rsip`.

use std::borrow::Cow;

use ::rsip::common::uri::{self, HostWithPort, Param, Scheme as RsipScheme};
use ::rsip::headers::Header as RsipHeader;
use ::rsip::{StatusCode, Transport, Version, typed};

use super::ToRsipError;
use crate::proto::wire::text::unfold;
use crate::proto::wire::{
    CSeq, HeaderId, Host, Message, Method, NameAddr, Params, Scheme, Uri, Via,
};

impl Message {
    /// This message as `rsip` holds it.
    pub fn to_rsip(&self) -> Result<::rsip::SipMessage, ToRsipError> {
        if self.is_request() {
            ::rsip::Request::try_from(self).map(Into::into)
        } else {
            ::rsip::Response::try_from(self).map(Into::into)
        }
    }
}

impl TryFrom<&Message> for ::rsip::SipMessage {
    type Error = ToRsipError;

    fn try_from(message: &Message) -> Result<Self, ToRsipError> {
        message.to_rsip()
    }
}

impl TryFrom<&Message> for ::rsip::Request {
    type Error = ToRsipError;

    fn try_from(message: &Message) -> Result<Self, ToRsipError> {
        let method = method(message.method().ok_or(ToRsipError::IsResponse)?)?;
        let (uri, headers) = (message.uri()?.to_rsip()?, headers(message)?);
        let body = message.body().to_vec();
        Ok(Self {
            method,
            uri,
            version: Version::V2,
            headers,
            body,
        })
    }
}

impl TryFrom<&Message> for ::rsip::Response {
    type Error = ToRsipError;

    fn try_from(message: &Message) -> Result<Self, ToRsipError> {
        let code = message.status().ok_or(ToRsipError::IsRequest)?;
        let mut status_code = StatusCode::from(code);
        if let StatusCode::Other(_, reason) = &mut status_code {
            *reason = text(message.reason().unwrap_or_default())?;
        }
        let (headers, body) = (headers(message)?, message.body().to_vec());
        Ok(Self {
            status_code,
            version: Version::V2,
            headers,
            body,
        })
    }
}

impl TryFrom<Uri<'_>> for ::rsip::Uri {
    type Error = ToRsipError;

    fn try_from(uri: Uri<'_>) -> Result<Self, ToRsipError> {
        uri.to_rsip()
    }
}

impl Uri<'_> {
    /// This URI as `rsip` holds it. Without a SIP scheme what stands behind the colon becomes the domain.
    pub fn to_rsip(&self) -> Result<::rsip::Uri, ToRsipError> {
        if self.headers().is_some() {
            return Err(ToRsipError::UriHeaders);
        }
        let scheme = match self.scheme() {
            Scheme::Sip => RsipScheme::Sip,
            Scheme::Sips => RsipScheme::Sips,
            Scheme::Tel => RsipScheme::Other("tel".into()),
            Scheme::Urn => RsipScheme::Other("urn".into()),
            Scheme::Other(name) => RsipScheme::Other(text(name)?),
        };
        let (auth, host) = match (self.host(), self.user()) {
            (Some(host), Some(user)) => (
                Some((text(user)?, self.password().map(text).transpose()?).into()),
                host_of(host)?,
            ),
            (Some(host), None) => (None, host_of(host)?),
            (None, rest) => (
                None,
                uri::Host::Domain(text(rest.unwrap_or_default())?.into()),
            ),
        };
        let host_with_port = HostWithPort {
            host,
            port: self.port().map(Into::into),
        };
        let params = params(self.params())?;
        Ok(::rsip::Uri {
            scheme: Some(scheme),
            auth,
            host_with_port,
            params,
            headers: Vec::new(),
        })
    }
}

impl TryFrom<Via<'_>> for typed::Via {
    type Error = ToRsipError;

    fn try_from(via: Via<'_>) -> Result<Self, ToRsipError> {
        via.to_rsip()
    }
}

impl Via<'_> {
    /// This Via as `rsip` holds it.
    pub fn to_rsip(&self) -> Result<typed::Via, ToRsipError> {
        let transport: Transport = text(self.transport)?
            .parse()
            .map_err(|_| ToRsipError::Transport)?;
        let host_with_port = HostWithPort {
            host: host_of(self.host)?,
            port: self.port.map(Into::into),
        };
        let uri = ::rsip::Uri {
            scheme: None,
            auth: None,
            host_with_port,
            params: Vec::new(),
            headers: Vec::new(),
        };
        Ok(typed::Via {
            version: Version::V2,
            transport,
            uri,
            params: params(self.params)?,
        })
    }
}

impl TryFrom<CSeq<'_>> for typed::CSeq {
    type Error = ToRsipError;

    fn try_from(cseq: CSeq<'_>) -> Result<Self, ToRsipError> {
        cseq.to_rsip()
    }
}

impl CSeq<'_> {
    /// This CSeq as `rsip` holds it.
    pub fn to_rsip(&self) -> Result<typed::CSeq, ToRsipError> {
        Ok(typed::CSeq {
            seq: self.number,
            method: method(&self.to_method())?,
        })
    }
}

macro_rules! addresses {
    ($($name:ident $to:ident,)*) => {$(
        impl TryFrom<NameAddr<'_>> for typed::$name {
            type Error = ToRsipError;

            fn try_from(address: NameAddr<'_>) -> Result<Self, ToRsipError> {
                let display_name = match address.display_raw {
                    b"" => None,
                    name => Some(text(name)?),
                };
                Ok(Self { display_name, uri: address.uri()?.to_rsip()?, params: params(address.params)? })
            }
        }

        impl NameAddr<'_> {
            #[doc = concat!("This address as `rsip` holds a ", stringify!($name), ".")]
            pub fn $to(&self) -> Result<typed::$name, ToRsipError> {
                (*self).try_into()
            }
        }
    )*};
}

addresses! {
    From to_rsip_from,
    To to_rsip_to,
    Contact to_rsip_contact,
}

fn method(method: &Method) -> Result<::rsip::Method, ToRsipError> {
    use ::rsip::Method as R;
    Ok(match method {
        Method::Invite => R::Invite,
        Method::Ack => R::Ack,
        Method::Bye => R::Bye,
        Method::Cancel => R::Cancel,
        Method::Options => R::Options,
        Method::Register => R::Register,
        Method::Info => R::Info,
        Method::Prack => R::PRack,
        Method::Update => R::Update,
        Method::Message => R::Message,
        Method::Subscribe => R::Subscribe,
        Method::Notify => R::Notify,
        Method::Refer => R::Refer,
        Method::Publish => R::Publish,
        Method::Other(_) => return Err(ToRsipError::Method(method.clone())),
    })
}

fn host_of(host: Host<'_>) -> Result<uri::Host, ToRsipError> {
    Ok(match host {
        Host::Ip(ip) => uri::Host::IpAddr(ip),
        Host::Name(name) => uri::Host::Domain(text(name)?.into()),
    })
}

fn params(params: Params<'_>) -> Result<Vec<Param>, ToRsipError> {
    let one = |param: crate::proto::wire::Param<'_>| {
        let (name, value) = (text(param.name)?, param.value.map(text).transpose()?);
        let known = Param::try_from((name.as_str(), value.as_deref()));
        Ok(known.unwrap_or_else(|_| Param::Other(name.into(), value.map(Into::into))))
    };
    params.iter().map(one).collect()
}

fn headers(message: &Message) -> Result<::rsip::Headers, ToRsipError> {
    let mut all = Vec::new();
    for h in message.headers() {
        let utf8 = |value| text(value).map_err(|_| ToRsipError::HeaderText(h.id));
        if matches!(
            h.id,
            HeaderId::Via | HeaderId::Route | HeaderId::RecordRoute | HeaderId::Contact
        ) {
            for value in h.elements() {
                all.push(header(h.id, String::new(), utf8(value)?));
            }
        } else {
            let name = if h.id == HeaderId::Other {
                h.name
            } else {
                h.id.name()
            };
            all.push(header(h.id, utf8(name)?, utf8(h.value)?));
        }
    }
    Ok(all.into())
}

fn text(bytes: &[u8]) -> Result<String, ToRsipError> {
    let unfolded: Cow<'_, [u8]> = unfold(bytes);
    String::from_utf8(unfolded.into_owned()).map_err(|_| ToRsipError::Text)
}

macro_rules! headers {
    ($($variant:ident)*) => {
        fn header(id: HeaderId, name: String, value: String) -> RsipHeader {
            match id {
                $(HeaderId::$variant => RsipHeader::$variant(value.into()),)*
                _ => RsipHeader::Other(name, value),
            }
        }

        /// The name and value of a header that `rsip` holds.
        pub(super) fn name_and_value(header: &RsipHeader) -> (&[u8], &str) {
            use ::rsip::prelude::UntypedHeader;
            match header {
                $(RsipHeader::$variant(h) => (HeaderId::$variant.name(), h.value()),)*
                RsipHeader::Other(name, value) => (name.as_bytes(), value),
            }
        }
    };
}

headers! {
    Accept AcceptEncoding AcceptLanguage AlertInfo Allow AuthenticationInfo Authorization CSeq CallId CallInfo Contact
    ContentDisposition ContentEncoding ContentLanguage ContentLength ContentType Date ErrorInfo Event Expires From
    InReplyTo MaxForwards MimeVersion MinExpires Organization Priority ProxyAuthenticate ProxyAuthorization ProxyRequire
    RecordRoute ReplyTo Require RetryAfter Route Server Subject SubscriptionState Supported Timestamp To Unsupported
    UserAgent Via Warning WwwAuthenticate
}
