//! What the provider reads while a handler runs.

use strowger::id::ActivityId;
use strowger::time::Now;

use super::NANOS;
use super::lanes::{Kind, Lane, LaneIx, Lanes};
use super::sessions::Sessions;
use super::waiting::carries;
use crate::api::{AccountInfo, GroupInfo, LinkInfo, Mint};
use crate::proto::time::Ms;

/// Where messages go, the sessions, and what makes ids.
#[derive(Debug)]
pub(crate) struct View {
    pub(super) mint: Mint,
    pub(super) lanes: Lanes,
    pub(super) sessions: Sessions,
}

impl View {
    pub(crate) fn mint(&self) -> &Mint {
        &self.mint
    }

    /// Whether a message waits for its turn.
    pub(crate) fn is_queued(&self, message: ActivityId) -> bool {
        self.lanes.is_queued(message)
    }

    pub(crate) fn link(&self, now: Now, name: &str) -> Option<LinkInfo> {
        self.link_info(now, self.lanes.link_ix(name)?)
    }

    pub(crate) fn links(&self, now: Now) -> Vec<LinkInfo> {
        let links = self.lanes.links();
        links.filter_map(|ix| self.link_info(now, ix)).collect()
    }

    pub(crate) fn group(&self, now: Now, name: &str) -> Option<GroupInfo> {
        let lane = self.lanes.group(name)?;
        let Kind::Group(group) = &lane.kind else {
            return None;
        };
        let links = group.members.iter();
        let links = links.filter_map(|ix| self.link_info(now, *ix));
        Some(GroupInfo {
            name: lane.name.clone(),
            links: links.collect(),
            queued: count(lane.queue.len()),
            waiting: count(lane.waiting.len()),
        })
    }

    pub(crate) fn account(&self, now: Now, name: &str) -> Option<AccountInfo> {
        let ix = self.lanes.account_ix(name)?;
        let lane = self.lanes.get(ix)?;
        let account = lane.as_account()?;
        Some(AccountInfo {
            name: lane.name.clone(),
            tenant: account.settings.tenant.as_str().into(),
            bound: count(lane.sessions.len()),
            receivers: self.carrying(lane),
            free: self.room(ms(now), ix),
            queued: count(lane.queue.len()),
            waiting: count(lane.waiting.len()),
            alphabet: account.settings.alphabet.into(),
            ids: account.ids,
        })
    }

    fn link_info(&self, now: Now, ix: LaneIx) -> Option<LinkInfo> {
        let lane = self.lanes.get(ix)?;
        let link = lane.as_link()?;
        let left = lane.paused_until.0.saturating_sub(ms(now).0);
        Some(LinkInfo {
            name: lane.name.clone(),
            bound: count(lane.sessions.len()),
            free: self.room(ms(now), ix),
            queued: count(lane.queue.len()),
            paused: (left > 0).then(|| strowger::time::millis(left)),
            alphabet: link.settings.alphabet.into(),
            waiting: count(lane.waiting.len()),
        })
    }

    /// How many sessions of an account or a link take messages from us.
    pub(super) fn carrying(&self, lane: &Lane) -> u32 {
        let sessions = lane.sessions.iter();
        let modes = sessions.filter_map(|key| self.sessions.get(*key)?.mode);
        count(modes.filter(|mode| carries(lane, *mode)).count())
    }
}

fn ms(now: Now) -> Ms {
    Ms(now.mono.0 / NANOS)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
