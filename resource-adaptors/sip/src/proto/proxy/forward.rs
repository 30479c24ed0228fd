//! The copy of a request that goes on (RFC 3261 16.6).

use bytes::Bytes;

use super::super::compose;
use super::super::flow::Flow;
use super::super::wire::text::push_decimal;
use super::super::wire::{BuildError, Edit, Elements, HeaderId, Message, NameAddr, request_uri};
use super::fork::{Aim, Change, Place};

/// What is special about one copy.
#[derive(Debug)]
pub struct Hop<'a> {
    /// The value of our Via.
    pub via: &'a [u8],
    /// Values of Record-Route, the one that is to be on top last.
    pub record_route: &'a [Vec<u8>],
    /// The value of Path, if one is added.
    pub path: Option<&'a [u8]>,
    /// Where it goes.
    pub aim: &'a Aim,
    /// Routes of our own that are taken off the top.
    pub pops: usize,
    /// Where the request came from.
    pub source: &'a Flow,
    /// What the service changes.
    pub changes: &'a [Change],
    /// Whether it goes over a stream, where Content-Length must be there.
    pub stream: bool,
}

/// The URI that decides where a copy is sent: of the top route, or the Request-URI (16.6 steps 6 and 7).
#[must_use]
pub fn next_hop<'a>(request: &'a Message, aim: &'a Aim, pops: usize) -> &'a [u8] {
    match top_route(request, aim, pops).and_then(|route| NameAddr::parse(route).ok()) {
        Some(route) => route.uri_raw,
        None if aim.uri.is_empty() => request.uri_raw().unwrap_or_default(),
        None => &aim.uri,
    }
}

fn top_route<'a>(request: &'a Message, aim: &'a Aim, pops: usize) -> Option<&'a [u8]> {
    if !aim.route.is_empty() {
        return Elements::new(&aim.route).next();
    }
    if !request.has(HeaderId::Route) {
        return None;
    }
    request.values(HeaderId::Route).nth(pops)
}

/// Writes the copy.
///
/// # Errors
/// What is added cannot stand in a message.
pub fn forward(request: &Message, hop: &Hop<'_>) -> Result<Bytes, BuildError> {
    let mut edit = Edit::new(request);
    let old = request.uri_raw().unwrap_or_default();
    let uri = match hop.aim.uri.is_empty() {
        true => old.into(),
        false => request_uri(&hop.aim.uri),
    };
    let strict = top_route(request, hop.aim, hop.pops)
        .and_then(|route| NameAddr::parse(route).ok())
        .filter(|route| route.uri().is_ok_and(|uri| !uri.is_loose_router()));
    if let Some(next) = strict {
        // 16.6 step 6: the next hop looks at the Request-URI only.
        let mut routes: Vec<&[u8]> = Elements::new(&hop.aim.route)
            .filter(|route| !route.is_empty())
            .chain(request.values(HeaderId::Route).skip(hop.pops))
            .skip(1)
            .collect();
        let last = [b"<", &*uri, b">"].concat();
        routes.push(&last);
        edit.uri(next.uri_raw);
        edit.replace(HeaderId::Route, &routes.join(&b", "[..]));
    } else {
        if *uri != *old {
            edit.uri(&uri);
        }
        for _ in 0..hop.pops {
            edit.remove_top(HeaderId::Route);
        }
        if !hop.aim.route.is_empty() {
            edit.prepend(HeaderId::Route, &hop.aim.route);
        }
    }
    finish(edit, request, hop)
}

fn finish(mut edit: Edit<'_>, request: &Message, hop: &Hop<'_>) -> Result<Bytes, BuildError> {
    let mut number = Vec::with_capacity(3);
    let left = request.max_forwards().ok().flatten().unwrap_or(71);
    push_decimal(&mut number, u64::from(left.saturating_sub(1)));
    edit.replace(HeaderId::MaxForwards, &number);
    for value in hop.record_route {
        edit.prepend(HeaderId::RecordRoute, value);
    }
    if let Some(path) = hop.path {
        edit.prepend(HeaderId::Path, path);
    }
    for change in hop.changes.iter().filter(|change| change.is_allowed()) {
        match change.place {
            Place::Append => edit.append_named(&change.name, &change.value),
            Place::Replace => edit.replace_named(&change.name, &change.value),
            Place::Remove => edit.remove_named(&change.name),
        };
    }
    // RFC 3261 18.2.1 and RFC 3581 4: the response finds its way by what is added here.
    if let Some(top) = request.values(HeaderId::Via).next()
        && let Some(completed) = compose::completed_via(top, hop.source)
    {
        edit.remove_top(HeaderId::Via);
        edit.prepend(HeaderId::Via, &completed);
    }
    edit.prepend(HeaderId::Via, hop.via);
    if hop.stream && !request.has(HeaderId::ContentLength) {
        let mut length = Vec::new();
        push_decimal(&mut length, request.body().len() as u64);
        edit.append(HeaderId::ContentLength, &length);
    }
    edit.finish()
}

/// A value of Record-Route or Path: the listener's address with a ticket for its user. `keeps`: it is the flow of a client
/// that registers one (RFC 5626 5.1).
#[must_use]
pub fn route_value(contact: &[u8], ticket: &[u8], secure: bool, keeps: bool) -> Vec<u8> {
    let inner = contact.strip_prefix(b"<").unwrap_or(contact);
    let inner = inner.strip_suffix(b">").unwrap_or(inner);
    let place = inner
        .iter()
        .position(|byte| *byte == b':')
        .and_then(|colon| inner.get(colon + 1..))
        .unwrap_or(inner);
    let scheme: &[u8] = if secure || inner.starts_with(b"sips:") {
        b"<sips:"
    } else {
        b"<sip:"
    };
    let end: &[u8] = if keeps { b";lr;ob>" } else { b";lr>" };
    [scheme, ticket, b"@", place, end].concat()
}
