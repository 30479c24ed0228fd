//! Where a message goes: RFC 3261 18.2.2 for responses, and the part of RFC 3263 that needs no name server for requests.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use super::super::dialog::{Dialog, Field};
use super::super::flow::{Flow, Transport};
use super::super::registrar::Aor;
use super::super::wire::{HeaderId, Host, Message, NameAddr, Scheme, Uri, Via};
use super::{Local, Ua};

/// The way back to where a request came from.
///
/// `received` is always the source address, and `maddr` is not followed: a sender must not be able to direct our answers
/// at someone else.
pub(super) fn reply_flow(request: &Message, source: Flow) -> Flow {
    match request.via() {
        Ok(via) => reply_to(&via, source),
        Err(_) => source,
    }
}

/// The same, of a Via.
pub(super) fn reply_to(via: &Via<'_>, source: Flow) -> Flow {
    let port = match (source.transport, via.rport()) {
        // RFC 3581 4.
        (Transport::Udp, Some(_)) => source.peer.port(),
        (transport, _) => via.port.unwrap_or_else(|| transport.default_port()),
    };
    Flow {
        peer: SocketAddr::new(source.peer.ip(), port),
        ..source
    }
}

/// Whether a request and its 2xx say where further requests of the dialog go (RFC 3261 12.2, 3311, 6665, 3515).
pub(super) fn refreshes_target(method: &[u8]) -> bool {
    matches!(
        method,
        b"INVITE" | b"UPDATE" | b"SUBSCRIBE" | b"NOTIFY" | b"REFER"
    )
}

/// Whether it is a `sips` URI: nothing of a request to it may go unencrypted (RFC 3261 26.2.2).
pub(crate) fn is_sips(uri: &[u8]) -> bool {
    uri.get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"sips:"))
}

/// Whether an address lies behind a NAT, for who is at another one that does not.
fn is_hidden(named: IpAddr, seen: IpAddr) -> bool {
    named != seen && is_private(named) && !is_private(seen)
}

/// Addresses that mean nothing outside of their own network (RFC 1918, 6598, 3927, 4193, 4291).
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

impl Ua {
    /// The way to a URI: the transport that it names or UDP, from a listener of ours that has it.
    pub(super) fn route_to(&self, uri: &[u8]) -> Option<Flow> {
        let uri = Uri::parse(uri).ok()?;
        let transport = match uri.transport() {
            Some(name) => Transport::parse(name)?,
            None => self.default_transport(),
        };
        let transport = match uri.scheme() {
            // RFC 3261 26.2.2: nothing of it goes unencrypted.
            Scheme::Sips if uri.transport().is_none() => Transport::Tls,
            Scheme::Sips => transport.secured()?,
            Scheme::Sip | Scheme::Tel | Scheme::Urn | Scheme::Other(_) => transport,
        };
        match self.address(&uri, transport) {
            Some(peer) => {
                let listener = self.listener(transport, peer.ip())?;
                Some(Flow::to(transport, listener, peer))
            }
            None => {
                self.may_ask(&uri)?;
                let same = |local: &Local| local.transport == transport;
                let listener = self.config.locals.iter().position(same).unwrap_or(0);
                Some(Flow::unresolved(transport, u16::try_from(listener).ok()?))
            }
        }
    }

    /// The way of a dialog's requests: to the next hop; over the connection that the dialog has, while it stands; back
    /// to where the peer was last seen if its Contact has no address that we can use.
    ///
    /// A peer that is registered here is followed: its requests go over the way that it registered by last where its
    /// connection is gone, or its Contact is not the address that it has (RFC 5626 5.3).
    pub(super) fn dialog_flow(&self, dialog: &Dialog) -> Flow {
        if let Some(flow) = self.registered_flow(dialog) {
            return flow;
        }
        let known = dialog.flow;
        let Some(mut flow) = self.route_to(dialog.next_hop()) else {
            return known;
        };
        if known.seen && self.is_live(&known) {
            let hidden = self.config.nat && is_hidden(flow.peer.ip(), known.peer.ip());
            if hidden || (flow.is_unresolved() && known.conn.is_some()) {
                return known;
            }
        }
        if flow.transport == dialog.flow.transport {
            flow.listener = dialog.flow.listener;
            flow.conn = dialog.flow.conn;
        }
        flow
    }

    fn registered_flow(&self, dialog: &Dialog) -> Option<Flow> {
        if self.location.is_empty() || !dialog.text(Field::Routes).is_empty() {
            return None;
        }
        let stream = dialog.flow.transport.is_reliable();
        let target = dialog.text(Field::Target);
        if let Some(binding) = self.named_by_gruu(target) {
            let stands = binding.direct && binding.texts().path.is_empty();
            return (stands && self.is_live(&binding.flow)).then_some(binding.flow);
        }
        if stream && dialog.flow.conn.is_some() && self.is_live(&dialog.flow) {
            return None;
        }
        let remote = NameAddr::parse(dialog.text(Field::Remote)).ok()?;
        let aor = Aor::parse(remote.uri_raw).ok()?;
        let binding = self.location.by_contact(&aor, target)?;
        let flow = binding.flow;
        if !binding.direct || !binding.texts().path.is_empty() || !self.is_live(&flow) {
            return None;
        }
        let reached = |host: Host<'_>| host == Host::Ip(flow.peer.ip());
        let there = Uri::parse(target)
            .ok()
            .and_then(|uri| uri.host())
            .is_some_and(reached);
        (flow.transport.is_reliable() || !there).then_some(flow)
    }

    fn default_transport(&self) -> Transport {
        let has_udp = self
            .config
            .locals
            .iter()
            .any(|local| local.transport == Transport::Udp);
        if has_udp {
            Transport::Udp
        } else {
            Transport::Tcp
        }
    }

    fn address(&self, uri: &Uri<'_>, transport: Transport) -> Option<SocketAddr> {
        let port = uri.port().unwrap_or_else(|| transport.default_port());
        let known = match uri
            .params()
            .value(b"maddr")
            .and_then(|host| Host::parse(host).ok())
            .or_else(|| uri.host())
        {
            Some(Host::Ip(ip)) => Some(SocketAddr::new(ip, port)),
            Some(Host::Name(name)) => self.named(name, uri.port()),
            None => None,
        };
        known.or(self.config.outbound)
    }

    pub(super) fn named(&self, name: &[u8], port: Option<u16>) -> Option<SocketAddr> {
        if name.eq_ignore_ascii_case(b"localhost") {
            return Some(SocketAddr::new(
                IpAddr::from([127, 0, 0, 1]),
                port.unwrap_or(5060),
            ));
        }
        let (_, addr) = self
            .config
            .hosts
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(SocketAddr::new(
            addr.ip(),
            port.unwrap_or_else(|| addr.port()),
        ))
    }

    /// The first of the listeners that fit a destination best.
    pub(super) fn listener(&self, transport: Transport, ip: IpAddr) -> Option<u16> {
        let mut best = None;
        for (at, local) in self.config.locals.iter().enumerate() {
            let fits = local.fits(transport, ip);
            if fits.is_some() && best.is_none_or(|(_, found)| fits > found) {
                best = Some((at, fits));
            }
        }
        best.and_then(|(at, _)| u16::try_from(at).ok())
    }

    /// The listener of a flow.
    pub(super) fn local(&self, flow: &Flow) -> Option<&Local> {
        self.config.locals.get(usize::from(flow.listener))
    }

    /// The value of our Via on a flow.
    pub(super) fn via(&self, flow: &Flow, branch: &[u8]) -> Vec<u8> {
        let sent_by = self
            .local(flow)
            .map_or(&b"invalid"[..], |local| &local.sent_by);
        let mut out = Vec::with_capacity(32 + sent_by.len() + branch.len());
        out.extend_from_slice(b"SIP/2.0/");
        out.extend_from_slice(flow.transport.via());
        out.push(b' ');
        out.extend_from_slice(sent_by);
        out.extend_from_slice(b";branch=");
        out.extend_from_slice(branch);
        if flow.transport == Transport::Udp {
            out.extend_from_slice(b";rport");
        }
        out
    }

    /// The value of Contact in a request of ours; empty where the method has none (MESSAGE: RFC 3428 4).
    pub(super) fn contact_for(&self, method: &[u8], uri: &[u8], flow: &Flow) -> Cow<'_, [u8]> {
        let targets = refreshes_target(method) || matches!(method, b"OPTIONS" | b"REGISTER");
        if targets {
            self.contact_as(flow, || is_sips(uri))
        } else {
            Cow::Borrowed(b"")
        }
    }

    /// The value of Contact in what answers a request: `sips` where that or the way back to its sender is (RFC 3261 12.1.1).
    pub(super) fn contact_back(&self, request: &Message, flow: &Flow) -> Cow<'_, [u8]> {
        self.contact_as(flow, || {
            let back = match request.values(HeaderId::RecordRoute).next() {
                Some(route) => NameAddr::parse(route).ok(),
                None => request.contact().and_then(Result::ok),
            };
            request.uri_raw().is_some_and(is_sips) || back.is_some_and(|addr| is_sips(addr.uri_raw))
        })
    }

    fn contact_as(&self, flow: &Flow, sips: impl FnOnce() -> bool) -> Cow<'_, [u8]> {
        let contact = self.contact(flow);
        match contact.strip_prefix(b"<sip:") {
            Some(rest) if flow.transport.is_secure() && sips() => {
                // TLS is what `sips` means where no transport is named (RFC 5630 3.1.4).
                let rest = rest.strip_suffix(b";transport=tls>").unwrap_or(rest);
                let end: &[u8] = if rest.ends_with(b">") { b"" } else { b">" };
                Cow::Owned([b"<sips:", rest, end].concat())
            }
            _ => Cow::Borrowed(contact),
        }
    }

    /// The value of our Contact on a flow.
    pub(super) fn contact(&self, flow: &Flow) -> &[u8] {
        self.local(flow).map_or(&b""[..], |local| &local.contact)
    }
}
