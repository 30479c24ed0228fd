//! How registered clients are reached, and followed to the way that they registered by last (RFC 5626 5.3).
//!
//! It decides nothing about who is meant: that is the location table's. A way that is gone is never used for a client that
//! can only be reached over one which it opened itself.

use super::super::flow::{Flow, Transport};
use super::super::proxy::Aim;
use super::super::registrar::{Aor, Binding, Gruu};
use super::super::slab::Key;
use super::super::wire::{Elements, HeaderId, Host, Message, NameAddr, Uri, request_uri};
use super::Ua;
use super::relay::{BRANCHES, Relay, Routed};

/// By what way a binding is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The routes of its Path.
    Path,
    /// The way that its REGISTER came.
    Flow,
    /// Its URI.
    Uri,
    /// None: the connection is gone, and the client cannot be reached but over one that it opens.
    Lost,
}

impl Ua {
    /// By what way a binding is reached.
    #[must_use]
    pub fn way(&self, binding: &Binding) -> Way {
        if !binding.texts().path.is_empty() {
            return Way::Path;
        }
        if !binding.direct {
            return Way::Uri;
        }
        let flow = &binding.flow;
        let contact = Uri::parse(binding.texts().uri).ok();
        let host = contact.and_then(|uri| uri.host());
        if flow.transport.is_reliable() {
            let reachable = !flow.transport.is_websocket()
                && binding.reg_id == 0
                && host.is_some_and(|host| !is_nowhere(&host));
            return match (self.is_live(flow), reachable) {
                (true, _) => Way::Flow,
                (false, true) => Way::Uri,
                (false, false) => Way::Lost,
            };
        }
        // A client that names another address than it has stands behind a NAT.
        match host {
            Some(Host::Ip(ip)) if ip == flow.peer.ip() => Way::Uri,
            _ => Way::Flow,
        }
    }

    /// Whether what goes to a binding is encrypted on its way: what `sips` asks for (RFC 3261 26.2.2). A contact that says `sip`
    /// counts, too, where its client keeps a connection over TLS.
    #[must_use]
    pub fn is_encrypted(&self, binding: &Binding) -> bool {
        let texts = binding.texts();
        let to = |uri: &[u8]| self.route_to(uri).map(|flow| flow.transport);
        let transport = match self.way(binding) {
            Way::Lost => None,
            Way::Flow => Some(binding.flow.transport),
            Way::Uri => to(texts.uri),
            Way::Path => Elements::new(texts.path)
                .next()
                .and_then(|route| to(NameAddr::parse(route).ok()?.uri_raw)),
        };
        transport.is_some_and(Transport::is_secure)
    }

    /// A binding as a target of the proxy; nothing if there is no way to it.
    fn aim_at(&self, binding: &Binding) -> Option<Aim> {
        let flow = match self.way(binding) {
            Way::Lost => return None,
            Way::Flow => Some(binding.flow),
            Way::Path | Way::Uri => None,
        };
        Some(Aim {
            uri: binding.uri(),
            route: binding.path(),
            flow,
            q: binding.q,
        })
    }

    /// The best way to the client that a GRUU of ours names.
    pub(super) fn named_by_gruu(&self, uri: &[u8]) -> Option<&Binding> {
        if self.location().is_empty() || Gruu::of(uri).is_none() {
            return None;
        }
        let bindings = self.location().meant_by(uri).into_iter();
        bindings
            .filter(|binding| self.way(binding) != Way::Lost)
            .max_by_key(|binding| binding.since)
    }

    /// Where a request goes that brought our ticket: to the client that its GRUU names, else over the flow that the ticket
    /// names. A client whose connection is gone is followed to the one that it has registered over since.
    pub(super) fn granted_aim(&self, request: &Message, routed: &Routed) -> Aim {
        let within = routed.grant.is_some_and(|grant| grant.direction.is_some());
        let last = request.values(HeaderId::Route).nth(routed.pops).is_none();
        let uri = request.uri_raw().filter(|_| within && last);
        if let Some(binding) = uri.and_then(|uri| self.named_by_gruu(uri))
            && let Some(aim) = self.aim_at(binding)
        {
            return aim;
        }
        let Some(flow) = routed.grant.and_then(|grant| grant.flow) else {
            return Aim::default();
        };
        let aim = |flow| Aim {
            flow: Some(flow),
            ..Aim::default()
        };
        if self.is_live(&flow) {
            return aim(flow);
        }
        // The way of a Path is another proxy's to choose (RFC 5626 5.3.1).
        let followed = uri.and_then(|uri| {
            let aor = Aor::parse(request.to().ok()?.uri_raw).ok()?;
            let binding = self.location().by_contact(&aor, uri)?;
            let stands = binding.direct && binding.texts().path.is_empty();
            (stands && self.is_live(&binding.flow)).then_some(binding.flow)
        });
        match followed {
            Some(flow) => aim(flow),
            None if flow.transport.is_websocket() => aim(flow),
            // Its address is what remains.
            None => aim(Flow { conn: None, ..flow }),
        }
    }

    /// After a failure with 430 or no answer: the next flow of the same client, which was not tried yet.
    pub(super) fn next_flow(&self, key: Key, at: usize) -> Option<Aim> {
        let more = |relay: &&Relay| !relay.closed && relay.fork.aims.len() < BRANCHES;
        let relay = self.relays.get(key).filter(more)?;
        let failed = relay.fork.aims.get(at)?;
        let (request, _) = self.tx.pending(relay.server)?;
        let flows = self
            .location()
            .flows_of(request.uri_raw()?, &request_uri(&failed.uri));
        let q = failed.q;
        flows
            .into_iter()
            .filter_map(|binding| self.aim_at(binding))
            .map(|aim| Aim { q, ..aim })
            .find(|aim| {
                let same = |tried: &Aim| {
                    tried.uri == aim.uri && tried.route == aim.route && tried.flow == aim.flow
                };
                !relay.fork.aims.iter().any(same)
            })
    }
}

/// Clients that cannot be reached by address say so (RFC 7118 5, appendix B.1).
fn is_nowhere(host: &Host<'_>) -> bool {
    match host {
        Host::Name(name) => name
            .rsplit(|byte| *byte == b'.')
            .next()
            .is_some_and(|last| last.eq_ignore_ascii_case(b"invalid")),
        Host::Ip(_) => false,
    }
}
