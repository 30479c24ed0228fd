//! Messages whose services wait for room at an account, a link or a group: in line, with eight bytes each.

use strowger::id::ActivityId;
use strowger::ra::RaCx;

use super::lanes::{Kind, Lane, LaneIx};
use super::{Core, Due, View};
use crate::api::{Available, To};
use crate::proto::session::Mode;
use crate::proto::time::Ms;

/// Messages that are told at once that what they wait for is not there any more.
const AT_ONCE: u32 = 1_000;
/// How long a service may take to use the room that it was told of, before others are told of it.
const USED_WITHIN: u64 = 1_000;

impl Core {
    /// A message's service waits for room.
    pub(super) fn wait(&mut self, cx: &mut RaCx<'_>, activity: ActivityId, to: &To) {
        let Some(ix) = self.view.lanes.find(to) else {
            return cx.count("sms.waits_refused", 1);
        };
        if self.waits >= self.settings.limits.waiting {
            return cx.count("sms.waits_refused", 1);
        }
        self.orders += 1;
        let order = self.orders;
        if self.begin_waiting(cx, activity, to, order) {
            self.line_up(ix, activity);
        }
    }

    /// Puts a message at the end of a line.
    pub(super) fn line_up(&mut self, ix: LaneIx, activity: ActivityId) {
        if let Some(lane) = self.view.lanes.get_mut(ix) {
            lane.waiting.push_back(activity.raw());
            self.waits += 1;
        }
        self.view.lanes.touch(ix);
    }

    /// Tells as many that wait in line as there is room for.
    pub(super) fn offer(&mut self, cx: &mut RaCx<'_>, now: Ms, ix: LaneIx) {
        let room = self.view.room(now, ix);
        let Some(lane) = self.view.lanes.get_mut(ix) else {
            return;
        };
        if lane.waiting.is_empty() || !cx.has_receiver::<Available>() {
            return;
        }
        // Nothing will ever be sent there: their services are to learn it.
        let room = if lane.gone { AT_ONCE } else { room };
        if lane.offered > 0 && now.0 >= lane.offered_at.0 + USED_WITHIN {
            lane.offered = 0;
        }
        let to = lane.name.clone();
        let mut left = room.saturating_sub(lane.offered);
        while left > 0 {
            let lane = self.view.lanes.get_mut(ix);
            let Some(raw) = lane.and_then(|lane| lane.waiting.pop_front()) else {
                break;
            };
            self.waits = self.waits.saturating_sub(1);
            let activity = ActivityId::from_raw(raw);
            if !self.end_waiting(cx, activity) {
                continue;
            }
            left -= 1;
            if let Some(lane) = self.view.lanes.get_mut(ix) {
                lane.offered += 1;
                lane.offered_at = now;
            }
            let to = to.clone();
            self.tell(cx, activity, Available { to });
        }
        let Some(lane) = self.view.lanes.get_mut(ix) else {
            return;
        };
        lane.shrink();
        if lane.offered > 0 && !lane.waiting.is_empty() {
            let at = Ms(lane.offered_at.0 + USED_WITHIN);
            self.schedule(at, Due::Lane(ix));
        }
    }
}

impl View {
    /// Free places in the windows of sessions that messages of a lane can take.
    pub(super) fn room(&self, now: Ms, ix: LaneIx) -> u32 {
        let Some(lane) = self.lanes.get(ix) else {
            return 0;
        };
        match &lane.kind {
            Kind::Account(_) | Kind::Link(_) => self.own_room(now, lane),
            Kind::Group(group) => {
                let members = group.members.iter();
                let members = members.filter_map(|member| self.lanes.get(*member));
                members.map(|member| self.own_room(now, member)).sum()
            }
        }
    }

    fn own_room(&self, now: Ms, lane: &Lane) -> u32 {
        if lane.paused_until > now {
            return 0;
        }
        let sessions = lane.sessions.iter();
        let sessions = sessions.filter_map(|key| self.sessions.get(*key));
        let carrying = sessions.filter(|sess| sess.mode.is_some_and(|mode| carries(lane, mode)));
        let room = carrying.map(|sess| sess.machine.room());
        u32::try_from(room.sum::<usize>()).unwrap_or(u32::MAX)
    }
}

/// Whether messages of ours go over a session that is bound so.
pub(super) fn carries(lane: &Lane, mode: Mode) -> bool {
    match (&lane.kind, mode) {
        (_, Mode::Transceiver)
        | (Kind::Account(_), Mode::Receiver)
        | (Kind::Link(_), Mode::Transmitter) => true,
        (Kind::Account(_), Mode::Transmitter)
        | (Kind::Link(_), Mode::Receiver)
        | (Kind::Group(_), _) => false,
    }
}
