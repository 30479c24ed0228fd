//! From `rsip` to the wire. What is written is parsed again, so nothing malformed gets through.

use std::net::IpAddr;

use ::rsip::common::uri::{Host as RsipHost, HostWithPort, Param, Scheme};
use ::rsip::{StatusCode, typed};

use super::FromRsipError;
use super::to_rsip::name_and_value;
use crate::proto::compose;
use crate::proto::wire::{Builder, CSeq, Limits, Message, Method, NameAddr, Uri, Via};

/// Values of `rsip` as bytes of a header or Request-URI.
pub trait ToWire {
    /// Writes the value and checks what was written.
    fn to_wire(&self) -> Result<Vec<u8>, FromRsipError>;
}

impl TryFrom<&::rsip::SipMessage> for Message {
    type Error = FromRsipError;

    fn try_from(message: &::rsip::SipMessage) -> Result<Self, FromRsipError> {
        match message {
            ::rsip::SipMessage::Request(request) => request.try_into(),
            ::rsip::SipMessage::Response(response) => response.try_into(),
        }
    }
}

impl TryFrom<&::rsip::Request> for Message {
    type Error = FromRsipError;

    fn try_from(request: &::rsip::Request) -> Result<Self, FromRsipError> {
        let method = Method::from_bytes(request.method.to_string().as_bytes());
        let builder = Builder::request(&method, &request.uri.to_wire()?);
        finish(builder, &request.headers, &request.body)
    }
}

impl TryFrom<&::rsip::Response> for Message {
    type Error = FromRsipError;

    fn try_from(response: &::rsip::Response) -> Result<Self, FromRsipError> {
        let code = response.status_code.code();
        let builder = if let StatusCode::Other(_, reason) = &response.status_code {
            Builder::response(code, reason.as_bytes())
        } else {
            Builder::response(code, compose::reason(code))
        };
        finish(builder, &response.headers, &response.body)
    }
}

fn finish(
    mut builder: Builder,
    headers: &::rsip::Headers,
    body: &[u8],
) -> Result<Message, FromRsipError> {
    for (name, value) in headers.iter().map(name_and_value) {
        builder.named(name, value.as_bytes());
    }
    Ok(Message::datagram(
        builder.finish_with_body(body)?,
        &Limits {
            datagram: usize::MAX,
            ..Limits::DEFAULT
        },
    )?)
}

impl ToWire for ::rsip::Uri {
    fn to_wire(&self) -> Result<Vec<u8>, FromRsipError> {
        let scheme = match self.scheme.as_ref().ok_or(FromRsipError::NoScheme)? {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Other(name) => name,
        };
        let mut out = format!("{scheme}:");
        if let Some(auth) = &self.auth {
            out += &auth.to_string();
            out.push('@');
        }
        push_host(&mut out, &self.host_with_port);
        push_params(&mut out, &self.params);
        Uri::parse(out.as_bytes())?;
        Ok(out.into_bytes())
    }
}

impl ToWire for typed::Via {
    fn to_wire(&self) -> Result<Vec<u8>, FromRsipError> {
        let mut out = format!("SIP/2.0/{} ", self.transport);
        push_host(&mut out, &self.uri.host_with_port);
        push_params(&mut out, &self.uri.params);
        push_params(&mut out, &self.params);
        Via::parse(out.as_bytes())?.params.check()?;
        Ok(out.into_bytes())
    }
}

impl ToWire for typed::CSeq {
    fn to_wire(&self) -> Result<Vec<u8>, FromRsipError> {
        let out = format!("{} {}", self.seq, self.method);
        CSeq::parse(out.as_bytes())?;
        Ok(out.into_bytes())
    }
}

macro_rules! addresses {
    ($($name:ident)*) => {$(
        impl ToWire for typed::$name {
            fn to_wire(&self) -> Result<Vec<u8>, FromRsipError> {
                address(self.display_name.as_deref(), &self.uri, &self.params)
            }
        }
    )*};
}

addresses! { From To Contact }

/// The display name stands as `rsip` holds it: with its quotes, if it had any.
fn address(
    display: Option<&str>,
    uri: &::rsip::Uri,
    params: &[Param],
) -> Result<Vec<u8>, FromRsipError> {
    let mut out = String::new();
    if let Some(display) = display {
        out += display;
        out.push(' ');
    }
    out.push('<');
    let mut out = out.into_bytes();
    out.extend(uri.to_wire()?);
    out.push(b'>');
    let mut tail = String::new();
    push_params(&mut tail, params);
    out.extend_from_slice(tail.as_bytes());
    NameAddr::parse(&out)?.check()?;
    Ok(out)
}

/// `rsip` prints IPv6 addresses without brackets.
fn push_host(out: &mut String, host_with_port: &HostWithPort) {
    *out += &match &host_with_port.host {
        RsipHost::IpAddr(IpAddr::V6(ip)) => format!("[{ip}]"),
        host @ (RsipHost::IpAddr(IpAddr::V4(_)) | RsipHost::Domain(_)) => host.to_string(),
    };
    if let Some(port) = &host_with_port.port {
        out.push(':');
        *out += &port.to_string();
    }
}

fn push_params(out: &mut String, params: &[Param]) {
    for param in params {
        *out += &param.to_string();
    }
}
