//! The connections of the container and those of the stack, which has names of its own for them.

use std::collections::HashMap;
use std::net::SocketAddr;

use strowger::ra::{ConnId, Listener, ListenerIx, Peer, RaCx, Transport};

use crate::proto::node::{Ends, Link, Secure, Stack};
use crate::proto::time::Ms;

/// Which is which.
#[derive(Debug)]
pub(super) struct Links {
    by_conn: HashMap<ConnId, Link>,
    by_link: HashMap<Link, ConnId>,
    /// Where connections leave from: the first listener of each transport and family.
    doors: Vec<Door>,
}

#[derive(Debug)]
struct Door {
    listener: ListenerIx,
    tls: bool,
    v6: bool,
}

impl Links {
    pub(super) fn new(listeners: &[Listener]) -> Self {
        let door = |(n, listener): (usize, &Listener)| Door {
            listener: ListenerIx(u16::try_from(n).unwrap_or(u16::MAX)),
            tls: listener.transport == Transport::Tls,
            v6: listener.bind.is_ipv6(),
        };
        Self {
            by_conn: HashMap::new(),
            by_link: HashMap::new(),
            doors: listeners.iter().enumerate().map(door).collect(),
        }
    }

    pub(super) fn link(&self, conn: ConnId) -> Option<Link> {
        self.by_conn.get(&conn).copied()
    }

    /// A connection stands.
    pub(super) fn connected(
        &mut self,
        cx: &mut RaCx<'_>,
        stack: &mut Stack,
        now: Ms,
        conn: ConnId,
        inbound: bool,
        ends: Ends,
    ) {
        if !inbound {
            match self.link(conn) {
                Some(link) => stack.connected(now, link, ends),
                // Given up while it was being opened.
                None => cx.close(conn),
            }
            return;
        }
        match stack.accepted(now, ends) {
            Some(link) => self.join(conn, link),
            None => {
                cx.count("diameter.connections_refused", 1);
                cx.close(conn);
            }
        }
    }

    /// Opens a connection; whether there is a listener that it can leave from.
    pub(super) fn connect(
        &mut self,
        cx: &mut RaCx<'_>,
        link: Link,
        peer: &str,
        to: SocketAddr,
        tls: bool,
    ) -> bool {
        let fits = |door: &&Door| door.tls == tls && door.v6 == to.is_ipv6();
        let Some(door) = self.doors.iter().find(fits) else {
            return false;
        };
        let conn = cx.connect_to(door.listener, to, tls.then_some(peer));
        self.join(conn, link);
        true
    }

    pub(super) fn conn(&self, link: Link) -> Option<ConnId> {
        self.by_link.get(&link).copied()
    }

    /// Closes a connection after what was sent on it.
    pub(super) fn close(&mut self, cx: &mut RaCx<'_>, link: Link) {
        if let Some(conn) = self.by_link.remove(&link) {
            self.by_conn.remove(&conn);
            cx.close(conn);
        }
    }

    /// A connection is no more.
    pub(super) fn forget(&mut self, conn: ConnId) -> Option<Link> {
        let link = self.by_conn.remove(&conn)?;
        self.by_link.remove(&link);
        Some(link)
    }

    fn join(&mut self, conn: ConnId, link: Link) {
        self.by_conn.insert(conn, link);
        self.by_link.insert(link, conn);
    }
}

/// A connection's ends, as the stack wants to know them.
pub(super) fn ends(peer: SocketAddr, local: SocketAddr, secure: Option<&Peer>) -> Ends {
    Ends {
        peer,
        local: local.ip(),
        secure: secure.map(|secure| Secure {
            verified: secure.verified,
            names: names(secure),
        }),
    }
}

/// Names of a certificate: the common name says something only where there are no others.
fn names(secure: &Peer) -> Vec<String> {
    match &secure.common_name {
        Some(name) if secure.dns.is_empty() && secure.uris.is_empty() => {
            vec![name.to_ascii_lowercase()]
        }
        _ => secure.dns.clone(),
    }
}
