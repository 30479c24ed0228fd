//! The user agent: requests and responses in, what they mean for a service out. RFC 3261 sections 8, 9, 11 to 15.
//!
//! It ties transactions and dialogs. It is no service: whom to call and what to answer comes from outside, by
//! operations; what it decides itself is what the RFC leaves no choice about (400, 481, 482, 491, 500, ...), and what
//! keeps a peer from waiting for nothing. It opens no socket: [`Output::Send`] names a [`Flow`], and whoever drives it
//! reports back what could not be sent.
//!
//! Contract: after every call the driver takes [`poll`](Ua::poll) until it is empty, and calls
//! [`expire`](Ua::expire) when [`deadline`](Ua::deadline) has come. Outputs stand in the order in which they are to
//! be carried out; a dialog's [`Output::Save`] stands before the message that depends on it.

mod alarm;
mod answer;
mod config;
mod credentials;
mod early;
mod ending;
mod failure;
mod forks;
mod hunt;
mod incoming;
mod negotiation;
mod notifier;
mod outgoing;
mod output;
mod prack;
mod reach;
mod refresh;
mod relay;
mod relayed;
mod reliable;
mod responses;
mod restore;
mod routing;
pub(crate) use routing::is_sips;
mod session;
mod subscriber;
mod subscriptions;
mod transfer;
mod unread;

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::SocketAddr;

use bytes::Bytes;
use strowger::room::trim_map;

use super::auth::{Credentials, Nonces, Session};
use super::dialog::{Dialog, Field, NO_ACTIVITY, Phase};
pub use super::dialog::{Reliability, Reply};
use super::flow::{Conn, Flow, Transmit};
use super::keyed::{Digest, DigestMap, Mint, Secret, Sip24};
use super::registrar::Location;
use super::slab::{Key, Slab};
use super::time::Ms;
use super::timer::Wheel;
use super::transaction::{Expired, Transactions};
use super::triage::{Work, triage};
use super::wire::Method;
use alarm::Alarm;
pub use config::{Local, Methods, Provisional, Sessions, Taking, UaConfig};
use hunt::Hunts;
pub use notifier::{Grant, progress};
pub use outgoing::{Acknowledge, Draft, Support};
pub use output::{Branch, Counts, Output, UaError};
pub use reach::Way;
pub use subscriber::wanted;
use subscriptions::Subscriptions;

/// One user agent: the protocol state of one adaptor entity.
#[derive(Debug)]
pub struct Ua {
    config: UaConfig,
    secret: Secret,
    mint: Mint,
    table_key: [u64; 2],
    tx: Transactions<Use>,
    dialogs: Slab<Dialog>,
    by_id: DigestMap<Key>,
    /// INVITEs of ours that may have to be made again, by their dialogs.
    drafts: HashMap<Key, Box<Draft>>,
    subscriptions: Subscriptions,
    /// Event packages that are taken; none for any.
    packages: Vec<Vec<u8>>,
    /// What dialogs wait for: repeats of what must be acknowledged.
    wheel: Wheel<Alarm>,
    relays: Slab<relay::Relay>,
    /// Services proxy: what only the called can judge is theirs.
    relaying: bool,
    served: Methods,
    taking: Taking,
    /// Until when ACKs may come for requests that were refused unread.
    refused_until: Ms,
    /// Dialogs whose 2xx was restored, by the INVITE that it answers: a copy of that is no new call.
    restored: DigestMap<Key>,
    /// Until when a BYE for a dialog that is gone is answered as if it were there: it may have ended just before a restart.
    recovering_until: Ms,
    /// Until when responses may come to what an earlier process has proxied.
    strays_until: Ms,
    /// The last peer that was reported unreachable, and until when further reports of it are dropped.
    unreachable: (Option<SocketAddr>, Ms),
    /// Our credentials where requests of ours were challenged, or their service named some.
    sessions: HashMap<Owner, Session>,
    /// The nonces of our challenges.
    nonces: Nonces,
    /// Who is registered where.
    location: Location,
    /// The connections that stand.
    conns: HashSet<Conn>,
    hunts: Hunts,
    sends: Vec<Transmit>,
    outputs: VecDeque<Output>,
    counts: Counts,
}

/// Whom a transaction belongs to, and what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Use {
    owner: Owner,
    what: What,
    /// Of a request of ours, the server transaction whose request it passes on.
    link: Option<Key>,
    /// Of a request of ours, that no service asked for it; of one that came, that a service has passed it on.
    quiet: bool,
    /// How often a request of ours has been sent again for a challenge.
    again: u8,
}

impl Use {
    fn of(owner: Owner, what: What) -> Self {
        Self {
            owner,
            what,
            link: None,
            quiet: false,
            again: 0,
        }
    }
}

/// Whom something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Nobody: the user agent's own.
    Nobody,
    /// A dialog.
    Dialog(Key),
    /// A subscription.
    Subscription(Key),
    /// An activity outside of any dialog.
    Activity(u64),
    /// A request that is proxied.
    Relay(Key),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// INVITE; whether its 2xx is acknowledged at once, because the offer was in the request.
    Invite {
        ack: bool,
    },
    Bye,
    /// PRACK; whether it carries a session description.
    Prack {
        offer: bool,
    },
    /// UPDATE; whether it carries a session description.
    Update {
        offer: bool,
    },
    Other,
}

impl What {
    fn of(method: &[u8], offer: bool) -> Self {
        match method {
            b"INVITE" => Self::Invite { ack: false },
            b"BYE" => Self::Bye,
            b"PRACK" => Self::Prack { offer },
            b"UPDATE" => Self::Update { offer },
            _ => Self::Other,
        }
    }
}

/// The key of a process's nonces. Which counts were used dies with the process, and so do the nonces: credentials that an
/// earlier process has taken are stale, not free to be used once more.
fn nonce_key(secret: Secret, seed: [u64; 4]) -> Secret {
    let [a, b, c, d] = seed.map(u64::to_be_bytes);
    Secret::new(secret.mac(b"nonces", &[&a, &b, &c, &d]).0)
}

impl Ua {
    /// A user agent with nothing going on. `seed` is fresh entropy; `secret` is the same in every process.
    #[must_use]
    pub fn new(config: UaConfig, secret: Secret, seed: [u64; 4], now: Ms) -> Self {
        let [a, b, c, d] = seed;
        let dialogs = config.dialogs;
        let strays_until = now + config.timings.c + config.timings.give_up();
        Self {
            tx: Transactions::new(config.timings, config.transactions, secret, [a, b], now),
            dialogs: Slab::new(config.dialogs, c as u32),
            sessions: HashMap::new(),
            nonces: Nonces::new(nonce_key(secret, seed), config.nonces),
            location: Location::new(
                config.bindings,
                secret,
                [c ^ a.rotate_left(32), d ^ b.rotate_left(32)],
                now,
            ),
            secret,
            mint: Mint::new([c, d]),
            table_key: [a ^ d, b ^ c],
            by_id: DigestMap::default(),
            drafts: HashMap::new(),
            subscriptions: Subscriptions::new(dialogs, d as u32, now),
            packages: Vec::new(),
            wheel: Wheel::new(now),
            relays: Slab::new(config.transactions, (c >> 32) as u32),
            relaying: false,
            config,
            served: Methods::ALWAYS,
            taking: Taking::All,
            refused_until: Ms(0),
            restored: DigestMap::default(),
            recovering_until: Ms(0),
            strays_until,
            unreachable: (None, Ms(0)),
            conns: HashSet::new(),
            hunts: Hunts::default(),
            sends: Vec::new(),
            outputs: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`expire`](Self::expire) next.
    #[must_use]
    pub fn deadline(&self) -> Option<Ms> {
        let next = [
            self.tx.deadline(),
            self.wheel.next(),
            self.location.deadline(),
            self.subscriptions.deadline(),
        ];
        next.into_iter().flatten().min()
    }

    /// Carries out what is due.
    pub fn expire(&mut self, now: Ms) {
        self.expire_subscriptions(now);
        self.sweep_hunts(now);
        while let Some(alarm) = self.wheel.expire(now) {
            self.ring(now, alarm);
        }
        while let Some(expired) = self.tx.expire(now, &mut self.sends) {
            self.flush();
            match expired {
                Expired::Unreached { tx } => {
                    if !self.next_target(now, tx) {
                        self.fail_sent(now, tx, 408);
                    }
                }
                Expired::ClientTimeout {
                    tx, user, request, ..
                } => {
                    self.hunts.settle(tx);
                    self.fail(now, user, &request, 408);
                }
                Expired::Unanswered { tx, user } => self.answer_for_service(now, tx, user),
                Expired::NoAck { .. } => {}
            }
        }
        self.flush();
    }

    /// Tells which methods services take, beyond what the user agent can answer itself.
    pub fn set_served(&mut self, served: Methods) {
        self.served = served;
    }

    /// Tells whether some service proxies. A request's extensions and method are then the called's to judge (RFC 3261
    /// 16.3): it is offered to services whatever it requires.
    pub fn set_relaying(&mut self, relaying: bool) {
        self.relaying = relaying;
    }

    /// Takes other credentials for challenges from here on. What was answered before goes on until it is challenged again.
    pub fn set_credentials(&mut self, credentials: Vec<Credentials>) {
        self.config.credentials = credentials;
    }

    /// Initial requests that are not taken are answered 503 with Retry-After; what goes on goes on.
    pub fn set_taking(&mut self, taking: Taking) {
        self.taking = taking;
    }

    /// Whether a message, by its bytes, would be refused while none but urgent requests are taken.
    #[must_use]
    pub fn may_be_left(&self, message: &[u8]) -> bool {
        triage(message, &self.config.urgency) == Work::New
    }

    /// Tells of a connection that stands from now on, or no more.
    pub fn set_connected(&mut self, conn: Conn, stands: bool) {
        if stands {
            self.conns.insert(conn);
        } else {
            self.conns.remove(&conn);
        }
    }

    /// Whether something can be sent along a way as it is: its connection stands, or it needs none.
    #[must_use]
    pub fn is_live(&self, flow: &Flow) -> bool {
        match flow.conn {
            Some(conn) => self.conns.contains(&conn),
            None => !flow.transport.is_websocket(),
        }
    }

    /// Changes settings; listeners and limits stay what they were.
    pub fn reconfigure(&mut self, config: UaConfig) {
        self.tx.set_timings(config.timings);
        let locals = std::mem::take(&mut self.config.locals);
        self.config = UaConfig { locals, ..config };
    }

    /// Names the activity of a dialog.
    pub fn bind(&mut self, dialog: Key, activity: u64) {
        if let Some(dialog) = self.dialogs.get_mut(dialog) {
            dialog.activity = activity;
        }
    }

    /// Names the activity of a request outside of any dialog.
    pub fn bind_request(&mut self, tx: Key, activity: u64) {
        if let Some(user) = self.tx.server_user(tx) {
            self.tx.set_server_user(
                tx,
                Use {
                    owner: Owner::Activity(activity),
                    ..user
                },
            );
        }
    }

    /// The nonces that challenges are made with.
    #[must_use]
    pub fn nonces(&self) -> &Nonces {
        &self.nonces
    }

    /// The nonces, to note their uses.
    pub fn nonces_mut(&mut self) -> &mut Nonces {
        &mut self.nonces
    }

    /// The location table.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The location table, to change it.
    pub fn location_mut(&mut self) -> &mut Location {
        &mut self.location
    }

    /// A dialog.
    #[must_use]
    pub fn dialog(&self, dialog: Key) -> Option<&Dialog> {
        self.dialogs.get(dialog)
    }

    /// Whether a dialog or a transaction outside of dialogs still stands behind an activity.
    #[must_use]
    pub fn is_alive(&self, key: Key, activity: u64) -> bool {
        let theirs =
            |user: Option<Use>| user.is_some_and(|user| user.owner == Owner::Activity(activity));
        self.dialogs
            .get(key)
            .is_some_and(|dialog| dialog.activity == activity)
            || self
                .subscriptions
                .all
                .get(key)
                .is_some_and(|it| it.activity == activity)
            || self.is_relayed(key, activity)
            || (theirs(self.tx.server_user(key)) && self.tx.pending(key).is_some())
            || theirs(self.tx.client_user(key))
            || self.sessions.contains_key(&Owner::Activity(activity))
    }

    /// Whether a received request waits for its final response.
    #[must_use]
    pub fn is_waiting(&self, tx: Key) -> bool {
        self.tx.pending(self.tx.current(tx)).is_some()
    }

    /// Numbers of dialogs, client and server transactions.
    #[must_use]
    pub fn len(&self) -> (usize, usize, usize) {
        let (clients, servers) = self.tx.len();
        (self.dialogs.len(), clients, servers)
    }

    /// The keys of all dialogs, by place.
    #[must_use]
    pub fn dialog_keys(&self) -> Vec<Key> {
        self.dialogs.iter().map(|(key, _)| key).collect()
    }

    /// Whether nothing goes on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dialogs.is_empty() && self.tx.is_empty()
    }

    /// How many requests of ours have got their final response from a peer.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.tx.settled()
    }

    /// What was counted; starts again from zero.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    // ---- for the other files of this module

    fn flush(&mut self) {
        let mut sends = std::mem::take(&mut self.sends);
        for transmit in sends.drain(..) {
            self.dispatch(transmit);
        }
        if self.sends.is_empty() {
            self.sends = sends;
        }
    }

    fn send(&mut self, flow: Flow, bytes: Bytes) {
        self.dispatch(Transmit { flow, bytes });
    }

    fn save(&mut self, key: Key) {
        let activity = self.dialogs.get(key).map(|dialog| dialog.activity);
        if let Some(activity) = activity.filter(|activity| *activity != NO_ACTIVITY) {
            self.outputs.push_back(Output::Save {
                dialog: key,
                activity,
            });
        }
    }

    fn dialog_id(&self, call_id: &[u8], local_tag: &[u8]) -> Digest {
        let mut hash = Sip24::wide(self.table_key);
        hash.field(call_id);
        hash.field(local_tag);
        hash.finish_wide()
    }

    /// The id of a dialog beside another one of the same INVITE, by both tags.
    fn late_id(&self, call_id: &[u8], local_tag: &[u8], remote_tag: &[u8]) -> Digest {
        let mut hash = Sip24::wide(self.table_key);
        hash.field(call_id);
        hash.field(local_tag);
        hash.field(remote_tag);
        hash.finish_wide()
    }

    fn insert_dialog(&mut self, dialog: Dialog) -> Result<Key, UaError> {
        let id = self.dialog_id(dialog.text(Field::CallId), dialog.text(Field::LocalTag));
        let key = self.dialogs.insert(dialog).map_err(|_| UaError::Full)?;
        self.by_id.insert(id, key);
        Ok(key)
    }

    /// Takes a dialog out: whatever the peer still waits for in it is answered, and its activity ends.
    fn end_dialog(&mut self, now: Ms, key: Key) {
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        let (pending, activity) = (dialog.pending.take(), dialog.activity);
        let tag = dialog.text(Field::LocalTag).to_vec();
        if dialog.usages > 0 {
            self.end_call_usage(key);
        } else {
            self.remove_dialog(key);
        }
        if let Some(pending) = pending {
            if let Some(unacked) = pending.unacked {
                self.wheel.cancel(unacked.timer);
            }
            if let Some(early) = pending.early {
                self.drop_reliable(early.reliable);
                self.end_forks(now, key, early.forks);
            }
            if let Some(tx) = pending.invite_in {
                self.respond_plain(now, tx, 487, &tag);
            }
            for tx in pending.requests_in {
                self.respond_plain(now, tx, 481, &tag);
            }
        }
        if activity != NO_ACTIVITY {
            self.outputs.push_back(Output::Ended { activity });
        }
    }

    fn remove_dialog(&mut self, key: Key) -> Option<Dialog> {
        let dialog = self.dialogs.remove(key)?;
        if let Some(session) = dialog.session.as_deref() {
            self.wheel.cancel(session.timer);
            self.drafts.remove(&key);
        }
        self.forget_credentials(Owner::Dialog(key));
        let [call_id, local, remote] =
            [Field::CallId, Field::LocalTag, Field::RemoteTag].map(|field| dialog.text(field));
        let mut id = self.dialog_id(call_id, local);
        if self.by_id.get(&id) != Some(&key) {
            // A branch of a fork shares Call-ID and local tag with the call's first dialog.
            id = self.late_id(call_id, local, remote);
        }
        if self.by_id.get(&id) == Some(&key) {
            self.by_id.remove(&id);
            trim_map(&mut self.by_id);
        }
        Some(dialog)
    }

    fn is_ending(&self, key: Key) -> bool {
        self.dialogs
            .get(key)
            .is_some_and(|dialog| dialog.phase == Phase::Ending)
    }

    fn is_served(&self, method: &Method) -> bool {
        self.served.has(method)
    }
}
