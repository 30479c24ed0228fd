//! Where messages go: accounts, links and groups, each with what waits for it.
//!
//! A lane's queue is in the order in which messages were given to it, also after a peer has refused some of them as too much.
//! It is bounded; what is beyond is told its service at once, which may wait in line ([`Lane::waiting`]) with eight bytes.

use std::collections::{BTreeMap, HashMap, VecDeque};

use smallvec::SmallVec;
use strowger::id::ActivityId;
use strowger::time::Wall;

use super::account::Account;
use super::links::Link;
use super::rates::Rates;
use super::sessions::SessionKey;
use super::settings::{PolicyOfGroup, Settings};
use crate::api::{Name, Peer, RequestId, To};
use crate::proto::time::Ms;
use crate::proto::wire::PduBuf;

/// Names a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LaneIx(u32);

/// An account, a link or a group.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) name: Name,
    pub(super) kind: Kind,
    /// The settings do not name it any more.
    pub(super) gone: bool,
    /// Of an account or a link: its bound sessions, the next to be used first.
    pub(super) sessions: SmallVec<[SessionKey; 2]>,
    /// Of a link: the groups that it is in.
    pub(super) groups: SmallVec<[LaneIx; 2]>,
    /// What waits for a place in a window.
    pub(super) queue: VecDeque<Item>,
    pub(super) queue_limit: u32,
    /// Items of it that are under way.
    pub(super) flying: u32,
    /// Messages whose services wait for room, by the bits of their activities; some may have gone since.
    pub(super) waiting: VecDeque<u64>,
    /// Messages of these that were told that there is room, and have not used it.
    pub(super) offered: u32,
    pub(super) offered_at: Ms,
    /// Nothing is sent before.
    pub(super) paused_until: Ms,
    /// How often in a row the peer has said that it is too much.
    pub(super) throttled: u32,
    /// What went through lately: to us for an account, from us for a link.
    pub(super) rates: Rates,
    /// When it is looked at next.
    pub(super) scheduled: Option<Ms>,
    /// It is in the list of those that may go on.
    pub(super) touched: bool,
}

/// What a lane is.
#[derive(Debug)]
pub(super) enum Kind {
    Account(Box<Account>),
    Link(Box<Link>),
    Group(Group),
}

/// A group of links.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) members: SmallVec<[LaneIx; 4]>,
    pub(super) policy: PolicyOfGroup,
    /// Whose turn it is.
    pub(super) next: usize,
}

/// A request of ours that waits for its turn, or for its answer.
#[derive(Debug)]
pub(super) struct Item {
    /// Its place among all of this process.
    pub(super) order: u64,
    /// What hears of its outcome.
    pub(super) whose: Whose,
    /// Where it was to go.
    pub(super) lane: LaneIx,
    pub(super) pdu: PduBuf,
    pub(super) parts: u32,
    pub(super) tag: u64,
    pub(super) sticky: Option<u32>,
    /// How long it may be refused as too much, in milliseconds.
    pub(super) patience: Option<u64>,
    /// Since when it is.
    pub(super) throttled: Option<Ms>,
    /// When it is not to be sent any more.
    pub(super) until: Option<Wall>,
}

/// What hears of the outcome of a request of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// A message.
    Message(ActivityId),
    /// A transaction of its own.
    Transaction(ActivityId),
    /// A request of another peer, whose answer it is.
    Request(RequestId),
}

/// All lanes.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    accounts: BTreeMap<Name, LaneIx>,
    links: BTreeMap<Name, LaneIx>,
    groups: BTreeMap<Name, LaneIx>,
    /// Accounts by their system_ids.
    by_system_id: HashMap<Box<[u8]>, LaneIx>,
    touched: Vec<LaneIx>,
}

impl LaneIx {
    #[cfg(test)]
    pub(super) const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }
}

impl Item {
    /// What it takes of a connection's write buffer.
    pub(super) fn weight(&self) -> usize {
        self.pdu.bytes().len() + PIECE
    }
}

/// What a PDU takes there beside its bytes.
const PIECE: usize = 64;

impl Lanes {
    pub(super) fn get(&self, lane: LaneIx) -> Option<&Lane> {
        self.lanes.get(lane.0 as usize)
    }

    pub(super) fn get_mut(&mut self, lane: LaneIx) -> Option<&mut Lane> {
        self.lanes.get_mut(lane.0 as usize)
    }

    /// The lane of that name.
    pub(super) fn find(&self, to: &To) -> Option<LaneIx> {
        match to {
            To::Account(name) => self.accounts.get(name),
            To::Link(name) => self.links.get(name),
            To::Group(name) => self.groups.get(name),
        }
        .copied()
    }

    pub(super) fn account_ix(&self, name: &str) -> Option<LaneIx> {
        self.accounts.get(name).copied()
    }

    pub(super) fn link(&self, name: &str) -> Option<&Lane> {
        self.get(*self.links.get(name)?)
    }

    pub(super) fn link_ix(&self, name: &str) -> Option<LaneIx> {
        self.links.get(name).copied()
    }

    pub(super) fn group(&self, name: &str) -> Option<&Lane> {
        self.get(*self.groups.get(name)?)
    }

    pub(super) fn of_system_id(&self, system_id: &[u8]) -> Option<LaneIx> {
        self.by_system_id.get(system_id).copied()
    }

    pub(super) fn links(&self) -> impl Iterator<Item = LaneIx> {
        self.links.values().copied()
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = LaneIx> {
        self.accounts.values().copied()
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = LaneIx> {
        self.groups.values().copied()
    }

    /// All there are, those that are gone too.
    pub(super) fn all(&self) -> impl Iterator<Item = LaneIx> + use<> {
        (0..u32::try_from(self.lanes.len()).unwrap_or(u32::MAX)).map(LaneIx)
    }

    /// A lane may be able to go on.
    pub(super) fn touch(&mut self, lane: LaneIx) {
        if let Some(entry) = self.lanes.get_mut(lane.0 as usize)
            && !entry.touched
        {
            entry.touched = true;
            self.touched.push(lane);
        }
    }

    /// A link may be able to go on, and the groups that it is in.
    pub(super) fn touch_with_groups(&mut self, lane: LaneIx) {
        self.touch(lane);
        let groups = self.get(lane).map(|lane| lane.groups.clone());
        for group in groups.unwrap_or_default() {
            self.touch(group);
        }
    }

    /// Whether a message waits for its turn. Looks through what waits, which is bounded.
    pub(super) fn is_queued(&self, message: ActivityId) -> bool {
        self.queued(message).is_some()
    }

    /// Takes a message back that waits for its turn; whether it did.
    pub(super) fn withdraw(&mut self, message: ActivityId) -> bool {
        let Some((lane, place)) = self.queued(message) else {
            return false;
        };
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.queue.remove(place);
        }
        true
    }

    fn queued(&self, message: ActivityId) -> Option<(usize, usize)> {
        let whose = Whose::Message(message);
        let place = |lane: &Lane| lane.queue.iter().position(|item| item.whose == whose);
        let mut lanes = self.lanes.iter().enumerate();
        lanes.find_map(|(n, lane)| Some((n, place(lane)?)))
    }

    /// The next lane that may be able to go on.
    pub(super) fn next_touched(&mut self) -> Option<LaneIx> {
        let lane = self.touched.pop()?;
        if let Some(entry) = self.get_mut(lane) {
            entry.touched = false;
        }
        Some(lane)
    }

    /// Takes over settings: lanes keep what waits for them. Those that are not named any more are `gone`.
    pub(super) fn configure(&mut self, settings: &Settings) {
        let before = std::mem::take(&mut self.accounts);
        for (name, account) in &settings.accounts {
            let runtime = Account::new(account);
            let lane = self.place(
                before.get(name.as_str()).copied(),
                name,
                account.queue,
                |kind| match kind {
                    Some(Kind::Account(known)) => Kind::Account(Box::new(runtime.after(&known))),
                    _ => Kind::Account(Box::new(runtime)),
                },
            );
            self.accounts.insert(name.as_str().into(), lane);
        }
        self.leave(before, |lanes| &lanes.accounts);
        self.by_system_id = self.system_ids(settings);

        let before = std::mem::take(&mut self.links);
        for (name, link) in &settings.links {
            let lane = self.place(
                before.get(name.as_str()).copied(),
                name,
                link.queue,
                |kind| match kind {
                    Some(Kind::Link(known)) => Kind::Link(Box::new(known.with(name, link))),
                    _ => Kind::Link(Box::new(Link::new(name, link))),
                },
            );
            self.links.insert(name.as_str().into(), lane);
        }
        self.leave(before, |lanes| &lanes.links);

        let before = std::mem::take(&mut self.groups);
        for (name, group) in &settings.groups {
            let members = group.links.iter();
            let members = members.filter_map(|link| self.links.get(link.as_str()).copied());
            let members: SmallVec<[LaneIx; 4]> = members.collect();
            let lane = self.place(
                before.get(name.as_str()).copied(),
                name,
                group.queue,
                |_| {
                    Kind::Group(Group {
                        members,
                        policy: group.policy,
                        next: 0,
                    })
                },
            );
            self.groups.insert(name.as_str().into(), lane);
        }
        self.leave(before, |lanes| &lanes.groups);
        self.join();
    }

    fn system_ids(&self, settings: &Settings) -> HashMap<Box<[u8]>, LaneIx> {
        let accounts = settings.accounts.iter();
        let entry = |(name, account): (&String, &super::AccountSettings)| {
            let lane = self.accounts.get(name.as_str())?;
            Some((account.system_id(name).as_bytes().into(), *lane))
        };
        accounts.filter_map(entry).collect()
    }

    /// The lane of a name: the one that there was, one that nobody uses, or a new one.
    fn place(
        &mut self,
        known: Option<LaneIx>,
        name: &str,
        queue_limit: u32,
        kind: impl FnOnce(Option<Kind>) -> Kind,
    ) -> LaneIx {
        let nothing = || Kind::Group(Group::default());
        let known = known.or_else(|| {
            let unused = |lane: &Lane| lane.gone && lane.is_unused();
            let place = self.lanes.iter().position(unused)?;
            let name = name.into();
            *self.lanes.get_mut(place)? = Lane::new(name, nothing());
            u32::try_from(place).ok().map(LaneIx)
        });
        let lane = known.unwrap_or_else(|| {
            let lane = LaneIx(u32::try_from(self.lanes.len()).unwrap_or(u32::MAX));
            self.lanes.push(Lane::new(name.into(), nothing()));
            lane
        });
        if let Some(entry) = self.lanes.get_mut(lane.0 as usize) {
            let before = std::mem::replace(&mut entry.kind, nothing());
            entry.kind = kind(Some(before));
            entry.queue_limit = queue_limit;
        }
        lane
    }

    fn leave(
        &mut self,
        before: BTreeMap<Name, LaneIx>,
        now: impl Fn(&Self) -> &BTreeMap<Name, LaneIx>,
    ) {
        for (name, lane) in before {
            if !now(self).contains_key(&name)
                && let Some(entry) = self.lanes.get_mut(lane.0 as usize)
            {
                entry.gone = true;
            }
        }
    }

    /// Tells links the groups that they are in.
    fn join(&mut self) {
        for lane in &mut self.lanes {
            lane.groups.clear();
        }
        let groups: Vec<LaneIx> = self.groups().collect();
        for group in groups {
            let members = match self.get(group).map(|lane| &lane.kind) {
                Some(Kind::Group(group)) => group.members.clone(),
                _ => SmallVec::new(),
            };
            for member in members {
                if let Some(lane) = self.get_mut(member) {
                    lane.groups.push(group);
                }
            }
        }
    }
}

impl Lane {
    fn new(name: Name, kind: Kind) -> Self {
        Self {
            name,
            kind,
            gone: false,
            sessions: SmallVec::new(),
            groups: SmallVec::new(),
            queue: VecDeque::new(),
            queue_limit: 0,
            flying: 0,
            waiting: VecDeque::new(),
            offered: 0,
            offered_at: Ms(0),
            paused_until: Ms(0),
            throttled: 0,
            rates: Rates::default(),
            scheduled: None,
            touched: false,
        }
    }

    /// Nothing refers to it.
    fn is_unused(&self) -> bool {
        self.sessions.is_empty()
            && self.queue.is_empty()
            && self.flying == 0
            && self.waiting.is_empty()
            && !self.touched
    }

    /// As services know it.
    pub(super) fn to(&self) -> To {
        let name = self.name.clone();
        match self.kind {
            Kind::Account(_) => To::Account(name),
            Kind::Link(_) => To::Link(name),
            Kind::Group(_) => To::Group(name),
        }
    }

    /// The other side of its sessions.
    pub(super) fn peer(&self) -> Peer {
        let name = self.name.clone();
        match self.kind {
            Kind::Account(_) => Peer::Account(name),
            Kind::Link(_) | Kind::Group(_) => Peer::Link(name),
        }
    }

    pub(super) fn as_account(&self) -> Option<&Account> {
        match &self.kind {
            Kind::Account(account) => Some(account),
            Kind::Link(_) | Kind::Group(_) => None,
        }
    }

    pub(super) fn as_account_mut(&mut self) -> Option<&mut Account> {
        match &mut self.kind {
            Kind::Account(account) => Some(account),
            Kind::Link(_) | Kind::Group(_) => None,
        }
    }

    pub(super) fn as_link(&self) -> Option<&Link> {
        match &self.kind {
            Kind::Link(link) => Some(link),
            Kind::Account(_) | Kind::Group(_) => None,
        }
    }

    pub(super) fn as_link_mut(&mut self) -> Option<&mut Link> {
        match &mut self.kind {
            Kind::Link(link) => Some(link),
            Kind::Account(_) | Kind::Group(_) => None,
        }
    }

    /// Puts an item into its place: at the end, or before those that were given later.
    pub(super) fn enqueue(&mut self, item: Item) {
        let later = self
            .queue
            .iter()
            .rev()
            .take_while(|other| other.order > item.order);
        let place = self.queue.len() - later.count();
        self.queue.insert(place, item);
    }

    /// The queue's memory goes back when it has emptied.
    pub(super) fn shrink(&mut self) {
        if self.queue.is_empty() && self.queue.capacity() > 1_024 {
            self.queue = VecDeque::new();
        }
        if self.waiting.len() < self.waiting.capacity() / 8 {
            self.waiting.shrink_to(2 * self.waiting.len());
        }
    }
}
