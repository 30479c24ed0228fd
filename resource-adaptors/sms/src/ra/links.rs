//! Links: connections that we open, and open again when they end.

use std::collections::HashMap;
use std::net::SocketAddr;

use strowger::ra::{ConnId, Listener, ListenerIx, RaCx, Transport};

use super::lanes::LaneIx;
use super::sessions::{Sess, SessionKey};
use super::settings::{LinkSettings, ms};
use super::{Core, Due, State};
use crate::proto::session::{Config, End, Role, Session};
use crate::proto::time::Ms;
use crate::proto::wire::{Bind, Status};

/// A link as it is used.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) settings: LinkSettings,
    /// The message centre behind it.
    pub(super) smsc: Box<str>,
    /// Connections that stand or are being opened.
    pub(super) open: u32,
    /// The address that is tried next.
    next_address: usize,
    /// How long after the next failure it is tried again, in milliseconds.
    backoff: u64,
    /// Nothing is tried before.
    pub(super) dial_at: Ms,
}

/// Connections that are being opened, and where they leave from.
#[derive(Debug, Default)]
pub(super) struct Dialing {
    conns: HashMap<ConnId, (LaneIx, SocketAddr)>,
    doors: Vec<Door>,
}

#[derive(Debug)]
struct Door {
    name: String,
    listener: ListenerIx,
    tls: bool,
    v6: bool,
}

impl Link {
    pub(super) fn new(name: &str, settings: &LinkSettings) -> Self {
        Self {
            smsc: settings.smsc(name).into(),
            open: 0,
            next_address: 0,
            backoff: ms(settings.rebind),
            dial_at: Ms(0),
            settings: settings.clone(),
        }
    }

    /// The same with other settings.
    pub(super) fn with(self, name: &str, settings: &LinkSettings) -> Self {
        Self {
            open: self.open,
            ..Self::new(name, settings)
        }
    }

    /// A connection has ended, or could not be opened, or was not bound.
    fn failed(&mut self, now: Ms, end: Option<End>, random: u64) {
        let longest = ms(self.settings.rebind_longest);
        if matches!(end, Some(End::BindRefused(status)) if is_lasting(status)) {
            self.backoff = longest;
        }
        // A tenth more or less, so that the links of many nodes do not come at once.
        let tenth = self.backoff / 10;
        let jitter = random % (2 * tenth + 1);
        self.dial_at = Ms(now.0 + self.backoff - tenth + jitter);
        self.backoff = (2 * self.backoff).min(longest);
        self.next_address = self.next_address.wrapping_add(1);
    }

    fn address(&self) -> Option<SocketAddr> {
        let addresses = &self.settings.addresses;
        let place = self.next_address.checked_rem(addresses.len())?;
        addresses.get(place).copied()
    }

    fn config(&self, base: Config) -> Config {
        let settings = &self.settings;
        Config {
            version: settings.version.number(),
            policy: settings.policy.into(),
            window: settings.window as usize,
            inbound: settings.inbound_window as usize,
            ..base
        }
    }
}

impl Dialing {
    pub(super) fn new(listeners: &[Listener]) -> Self {
        let door = |(n, listener): (usize, &Listener)| Door {
            name: listener.name.clone(),
            listener: ListenerIx(u16::try_from(n).unwrap_or(u16::MAX)),
            tls: listener.transport == Transport::Tls,
            v6: listener.bind.is_ipv6(),
        };
        Self {
            conns: HashMap::new(),
            doors: listeners.iter().enumerate().map(door).collect(),
        }
    }

    fn door(&self, link: &LinkSettings, to: SocketAddr) -> Option<ListenerIx> {
        let named = |door: &Door| link.listener.as_ref().is_none_or(|name| *name == door.name);
        let fits = |door: &&Door| door.tls == link.tls && door.v6 == to.is_ipv6() && named(door);
        self.doors.iter().find(fits).map(|door| door.listener)
    }
}

impl Core {
    /// Opens what a link lacks, if it is time.
    pub(super) fn dial(&mut self, cx: &mut RaCx<'_>, now: Ms, ix: LaneIx) {
        if self.state != State::Active {
            return;
        }
        loop {
            let Some(lane) = self.view.lanes.get_mut(ix) else {
                return;
            };
            let gone = lane.gone;
            let Some(link) = lane.as_link_mut() else {
                return;
            };
            let settings = &link.settings;
            if gone || !settings.enabled || link.open >= settings.binds {
                return;
            }
            if link.dial_at > now {
                let at = link.dial_at;
                return self.schedule(at, Due::Lane(ix));
            }
            let Some(to) = link.address() else { return };
            let Some(door) = self.dialing.door(settings, to) else {
                cx.count("sms.no_listener", 1);
                return;
            };
            let conn = cx.connect_to(door, to, settings.server_name.as_deref());
            link.open += 1;
            self.dialing.conns.insert(conn, (ix, to));
        }
    }

    pub(super) fn dial_all(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        let links: Vec<LaneIx> = self.view.lanes.links().collect();
        for link in links {
            self.dial(cx, now, link);
        }
    }

    /// A connection that we have opened stands: it is bound.
    pub(super) fn dialled(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        conn: ConnId,
        listener: ListenerIx,
    ) {
        let base = self.config();
        let known = self.dialing.conns.remove(&conn);
        let link = known.and_then(|(ix, _)| self.view.lanes.get(ix)?.as_link());
        let (Some((ix, to)), Some(link)) = (known, link) else {
            return cx.close(conn);
        };
        let settings = &link.settings;
        let mut machine = Session::new(Role::Esme, link.config(base), now);
        let bind = Bind {
            system_id: settings.system_id.as_bytes(),
            password: settings.password.reveal().as_bytes(),
            system_type: settings.system_type.as_bytes(),
            interface_version: settings.version.number(),
            address_range: settings.address_range.as_bytes(),
            ..Bind::default()
        };
        if machine.bind(now, settings.mode.into(), &bind).is_err() {
            cx.count("sms.binds_unwritable", 1);
            machine.close();
        }
        let is_secure = settings.tls;
        let mut sess = Sess::new(machine, conn, to);
        sess.listener = listener;
        if is_secure {
            sess.transport = Transport::Tls;
        }
        sess.lane = Some(ix);
        match self.view.sessions.insert(sess) {
            Some(key) => drop(self.view.sessions.touch(key)),
            None => {
                cx.count("sms.connections_refused", 1);
                cx.close(conn);
                self.link_failed(cx, now, ix, None);
            }
        }
    }

    pub(super) fn dial_failed(&mut self, cx: &mut RaCx<'_>, now: Ms, conn: ConnId) {
        if let Some((ix, _)) = self.dialing.conns.remove(&conn) {
            cx.count("sms.connects_failed", 1);
            self.trouble_with(cx, ix, "cannot be reached");
            self.link_failed(cx, now, ix, None);
        }
    }

    /// A link has one connection less.
    pub(super) fn link_failed(&mut self, cx: &mut RaCx<'_>, now: Ms, ix: LaneIx, end: Option<End>) {
        let random = cx.random();
        let lane = self.view.lanes.get_mut(ix);
        if let Some(link) = lane.and_then(super::lanes::Lane::as_link_mut) {
            link.open = link.open.saturating_sub(1);
            link.failed(now, end, random);
        }
        self.dial(cx, now, ix);
    }

    /// A session of a link is bound.
    pub(super) fn link_bound(&mut self, cx: &mut RaCx<'_>, now: Ms, ix: LaneIx) {
        let lane = self.view.lanes.get_mut(ix);
        if let Some(link) = lane.and_then(super::lanes::Lane::as_link_mut) {
            link.backoff = ms(link.settings.rebind);
            link.dial_at = now;
        }
        self.no_trouble_with(cx, ix);
        self.dial(cx, now, ix);
    }

    /// Takes over changed settings: sessions that nobody wants any more are unbound, others get their new windows.
    pub(super) fn reconfigure_sessions(&mut self, now: Ms) {
        let base = self.config();
        let keys: Vec<SessionKey> = self.view.sessions.keys();
        let mut links: HashMap<LaneIx, u32> = HashMap::new();
        for key in keys {
            let lanes = &self.view.lanes;
            let lane = self.view.sessions.get(key).and_then(|sess| sess.lane);
            let Some(ix) = lane else { continue };
            let Some(lane) = lanes.get(ix) else { continue };
            let (config, wanted) = match (lane.as_link(), lane.as_account()) {
                (Some(link), _) => {
                    let n = links.entry(ix).or_default();
                    *n += 1;
                    let wanted = link.settings.enabled && *n <= link.settings.binds;
                    (link.config(base), wanted)
                }
                (None, Some(account)) => {
                    let settings = &account.settings;
                    (account_config(settings, base), settings.enabled)
                }
                (None, None) => continue,
            };
            let gone = lane.gone;
            if let Some(sess) = self.view.sessions.touch(key) {
                sess.machine.configure(now, config);
                if gone || !wanted {
                    sess.machine.unbind(now);
                }
            }
        }
    }

    /// What all sessions have in common.
    pub(super) fn config(&self) -> Config {
        Config {
            max_pdu: self.settings.limits.pdu_bytes,
            timers: self.settings.timers.of_sessions(),
            ..Config::default()
        }
    }
}

/// What the sessions of an account are told.
pub(super) fn account_config(settings: &super::AccountSettings, base: Config) -> Config {
    Config {
        policy: settings.policy.into(),
        window: settings.window as usize,
        inbound: settings.inbound_window as usize,
        ..base
    }
}

/// Whether a bind that is refused so is refused so again until somebody changes something.
fn is_lasting(status: Status) -> bool {
    [
        Status::RINVPASWD,
        Status::RINVSYSID,
        Status::RINVSYSTYP,
        Status::RBINDFAIL,
    ]
    .contains(&status)
}
