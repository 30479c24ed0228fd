//! Requests of ours: their turn, their way, their outcome.

use smallvec::SmallVec;
use strowger::id::ActivityId;
use strowger::ra::RaCx;

use super::lanes::{Group, Item, Kind, LaneIx, Whose};
use super::requests::accepted;
use super::sessions::SessionKey;
use super::settings::{PolicyOfGroup, ms};
use super::{Core, Due, State, View};
use crate::api::{
    Answer, Outgoing, RequestFailed, RequestId, Response, SendError, SendFailed, Sent, To,
};
use crate::proto::session::{Failure, RequestError};
use crate::proto::time::Ms;
use crate::proto::wire::{Pdu, PduBuf, Status, text};

/// How often a pause doubles while the peer says that it is too much: four times, which is sixteen times as long.
const DOUBLINGS: u32 = 4;
/// How long an account that says so is left alone.
const ACCOUNT_PAUSE: u64 = 1_000;

/// What became of an attempt to give an item to a session.
enum Dispatched {
    Gone,
    /// Later.
    Busy(Item),
    /// Nobody is bound who could take it.
    Never(Item, SendError),
}

impl Core {
    /// Sends a request, or has it wait for its turn.
    pub(super) fn send(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        whose: Whose,
        to: &To,
        outgoing: Outgoing,
    ) {
        let lane = self.view.lanes.find(to);
        let Some(ix) = lane.filter(|_| self.state == State::Active) else {
            let reason = match lane {
                Some(_) => SendError::Stopping,
                None => SendError::Unknown,
            };
            return self.tell_failed(cx, (whose, outgoing.tag), to, reason, false);
        };
        self.orders += 1;
        let item = Item {
            order: self.orders,
            whose,
            lane: ix,
            pdu: outgoing.pdu,
            parts: outgoing.parts,
            tag: outgoing.tag,
            sticky: outgoing.sticky,
            patience: outgoing.patience.map(ms),
            throttled: None,
            until: outgoing.until,
        };
        if let Whose::Message(message) = whose {
            self.begin_sending(cx, message);
        }
        let Some(lane) = self.view.lanes.get_mut(ix) else {
            return;
        };
        lane.offered = lane.offered.saturating_sub(1);
        if lane.queue.is_empty() {
            match self.dispatch(cx, now, item) {
                Dispatched::Gone => {}
                Dispatched::Busy(item) => self.wait_in_queue(cx, item),
                Dispatched::Never(item, reason) => self.give_up(cx, &item, reason, false),
            }
        } else {
            self.wait_in_queue(cx, item);
        }
    }

    fn wait_in_queue(&mut self, cx: &mut RaCx<'_>, item: Item) {
        let Some(lane) = self.view.lanes.get_mut(item.lane) else {
            return;
        };
        if lane.queue.len() < lane.queue_limit as usize {
            lane.queue.push_back(item);
        } else {
            cx.count("sms.queue_full", 1);
            self.give_up(cx, &item, SendError::Full, false);
        }
    }

    /// What waits in a lane goes on as far as it can.
    pub(super) fn pump(&mut self, cx: &mut RaCx<'_>, now: Ms, ix: LaneIx) {
        loop {
            let Some(lane) = self.view.lanes.get_mut(ix) else {
                return;
            };
            let Some(item) = lane.queue.pop_front() else {
                lane.shrink();
                return self.offer(cx, now, ix);
            };
            match self.dispatch(cx, now, item) {
                Dispatched::Gone => {}
                Dispatched::Busy(item) => {
                    if let Some(lane) = self.view.lanes.get_mut(ix) {
                        lane.queue.push_front(item);
                    }
                    return;
                }
                Dispatched::Never(item, reason) => self.give_up(cx, &item, reason, false),
            }
        }
    }

    fn dispatch(&mut self, cx: &mut RaCx<'_>, now: Ms, item: Item) -> Dispatched {
        let Some(lane) = self.view.lanes.get(item.lane) else {
            return Dispatched::Never(item, SendError::Unknown);
        };
        if lane.gone {
            return Dispatched::Never(item, SendError::Unknown);
        }
        if item.until.is_some_and(|until| cx.now().wall >= until) {
            return Dispatched::Never(item, SendError::Expired);
        }
        let Kind::Group(group) = &lane.kind else {
            let ix = item.lane;
            return self.dispatch_on(cx, now, ix, item);
        };
        let (members, group) = (order(group, item.sticky), item.lane);
        let (mut item, mut reason, mut busy) = (item, SendError::NoLink, false);
        for (place, member) in members {
            match self.dispatch_on(cx, now, member, item) {
                Dispatched::Gone => {
                    self.served(group, place);
                    return Dispatched::Gone;
                }
                Dispatched::Busy(back) => (item, busy) = (back, true),
                Dispatched::Never(back, SendError::NoLink) => item = back,
                Dispatched::Never(back, why) => (item, reason) = (back, why),
            }
        }
        match busy {
            true => Dispatched::Busy(item),
            false => Dispatched::Never(item, reason),
        }
    }

    /// Gives an item to a session of a link or an account.
    fn dispatch_on(&mut self, cx: &mut RaCx<'_>, now: Ms, ix: LaneIx, item: Item) -> Dispatched {
        let View {
            lanes, sessions, ..
        } = &mut self.view;
        let Some(lane) = lanes.get_mut(ix) else {
            return Dispatched::Never(item, SendError::NoLink);
        };
        if lane.gone || lane.sessions.is_empty() {
            return Dispatched::Never(item, SendError::NoLink);
        }
        if lane.paused_until > now {
            let at = lane.paused_until;
            self.schedule(at, Due::Lane(ix));
            return Dispatched::Busy(item);
        }
        let limit = lane.as_link().and_then(|link| link.settings.rate);
        if let Some(limit) = limit
            && let Err(at) = lane.rates.admit_per_second(now, limit, item.parts)
        {
            self.schedule(at, Due::Lane(ix));
            return Dispatched::Busy(item);
        }
        let (mut full, mut forbidden) = (false, false);
        // The other half of the write buffer is for answers.
        let most = self.settings.limits.write_buffer_bytes as usize / 2;
        for n in 0..lane.sessions.len() {
            let key = lane.sessions.get(n).copied();
            let sess = key.and_then(|key| Some((key, sessions.touch(key)?)));
            let Some((key, sess)) = sess else { continue };
            if sess.flying > 0 && sess.flying + item.weight() > most {
                full = true;
                continue;
            }
            match sess.machine.request(now, &item.pdu.view()) {
                Ok(seq) => {
                    lane.sessions.rotate_left(n + 1);
                    let (from, whose) = (item.lane, item.whose);
                    sess.flying += item.weight();
                    sess.flights.insert(seq.raw(), item);
                    if let Some(from) = lanes.get_mut(from) {
                        from.flying += 1;
                    }
                    cx.count("sms.requests_sent", 1);
                    self.request_goes(cx, (key, seq.raw()), whose);
                    return Dispatched::Gone;
                }
                Err(RequestError::Full) => full = true,
                Err(RequestError::NotBound | RequestError::NotAllowed(_)) => {}
                Err(RequestError::Version | RequestError::Encode(_)) => forbidden = true,
            }
        }
        if limit.is_some() {
            lane.rates.take_back(item.parts);
        }
        match (full, forbidden) {
            (true, _) => Dispatched::Busy(item),
            (false, true) => Dispatched::Never(item, SendError::NotAllowed),
            (false, false) => Dispatched::Never(item, SendError::NoLink),
        }
    }

    /// A member of a group has taken something: it is the next one's turn.
    fn served(&mut self, group: LaneIx, place: usize) {
        if let Some(lane) = self.view.lanes.get_mut(group)
            && let Kind::Group(group) = &mut lane.kind
        {
            group.next = place + 1;
        }
    }

    // ---- outcomes

    /// The answer to a request of ours.
    pub(super) fn responded(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        key: SessionKey,
        seq: u32,
        pdu: PduBuf,
    ) {
        let Some((item, ix)) = self.landed(key, seq) else {
            return;
        };
        let Some(lane) = self.view.lanes.get_mut(ix) else {
            return;
        };
        let status = pdu.status();
        let is_message = matches!(item.whose, Whose::Message(_));
        if is_too_much(status) && is_message {
            return self.throttled(cx, now, ix, item);
        }
        if lane.paused_until <= now {
            lane.throttled = 0;
        }
        let (peer, tag) = (lane.peer(), item.tag);
        match item.whose {
            Whose::Message(message) => self.sent(cx, now, ix, (message, &item), &pdu),
            Whose::Transaction(activity) => {
                self.tell(cx, activity, Response { peer, pdu, tag });
                self.end_activity(cx, activity);
            }
            Whose::Request(request) => self.answer(cx, now, request, &relayed(request, &pdu)),
        }
    }

    /// A request of ours has no answer and gets none.
    pub(super) fn unanswered(
        &mut self,
        cx: &mut RaCx<'_>,
        key: SessionKey,
        seq: u32,
        failure: &Failure,
    ) {
        let Some((item, _)) = self.landed(key, seq) else {
            return;
        };
        let reason = match failure {
            Failure::Timeout => SendError::Timeout,
            Failure::Disconnected if self.state != State::Active => SendError::Stopping,
            Failure::Disconnected => SendError::Disconnected,
            Failure::Malformed(_) => SendError::BadAnswer,
        };
        self.give_up(cx, &item, reason, true);
    }

    /// A request is not under way any more: gives it, and the lane of the session that it went over.
    fn landed(&mut self, key: SessionKey, seq: u32) -> Option<(Item, LaneIx)> {
        let sess = self.view.sessions.get_mut(key)?;
        let item = sess.flights.remove(&seq)?;
        sess.flying = sess.flying.saturating_sub(item.weight());
        let ix = sess.lane?;
        if let Some(from) = self.view.lanes.get_mut(item.lane) {
            from.flying = from.flying.saturating_sub(1);
        }
        self.view.lanes.touch_with_groups(ix);
        Some((item, ix))
    }

    /// The peer says that it is too much: it is left alone for a while, and the message is the first that goes on.
    fn throttled(&mut self, cx: &mut RaCx<'_>, now: Ms, ix: LaneIx, mut item: Item) {
        cx.count("sms.throttled", 1);
        let Some(lane) = self.view.lanes.get_mut(ix) else {
            return;
        };
        if lane.paused_until <= now {
            let link = lane.as_link();
            let pause = link.map_or(ACCOUNT_PAUSE, |link| ms(link.settings.pause));
            lane.paused_until = Ms(now.0 + (pause << lane.throttled.min(DOUBLINGS)));
            lane.throttled += 1;
            let at = lane.paused_until;
            self.schedule(at, Due::Lane(ix));
        }
        let since = *item.throttled.get_or_insert(now);
        let usual = || ms(self.settings.timers.throttled);
        if now.0 - since.0 >= item.patience.unwrap_or_else(usual) {
            return self.give_up(cx, &item, SendError::Throttled, false);
        }
        let from = item.lane;
        if let Some(lane) = self.view.lanes.get_mut(from) {
            lane.enqueue(item);
        }
        self.view.lanes.touch(from);
    }

    /// A message was answered.
    fn sent(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        ix: LaneIx,
        (message, item): (ActivityId, &Item),
        pdu: &PduBuf,
    ) {
        let Some(lane) = self.view.lanes.get(ix) else {
            return;
        };
        let (peer, status) = (lane.peer(), pdu.status());
        let answer = pdu.view();
        let id = if let Pdu::SubmitSmResp(it) | Pdu::DataSmResp(it) = &answer {
            it.message_id
        } else {
            &[]
        };
        let link = lane
            .as_link()
            .filter(|_| status == Status::ROK && !id.is_empty());
        let upstream_id = text(id);
        let key = link.map(|link| {
            let number = number(&item.pdu.view());
            self.upstream.key(&link.smsc, &upstream_id, number)
        });
        self.end_sending(cx, message, key);
        let event = Sent {
            peer,
            status,
            upstream_id: upstream_id.into(),
            tag: item.tag,
        };
        self.tell(cx, message, event);
        if let Some(key) = key {
            self.receipts_that_came_first(cx, now, key, message);
        }
    }

    /// A request was not answered, or not even sent.
    pub(super) fn give_up(
        &mut self,
        cx: &mut RaCx<'_>,
        item: &Item,
        reason: SendError,
        maybe_sent: bool,
    ) {
        if let Whose::Message(message) = item.whose {
            self.end_sending(cx, message, None);
        }
        let to = self.view.lanes.get(item.lane).map(super::lanes::Lane::to);
        let to = to.unwrap_or_else(|| To::link(""));
        self.tell_failed(cx, (item.whose, item.tag), &to, reason, maybe_sent);
    }

    fn tell_failed(
        &mut self,
        cx: &mut RaCx<'_>,
        (whose, tag): (Whose, u64),
        to: &To,
        reason: SendError,
        maybe_sent: bool,
    ) {
        cx.count("sms.requests_failed", 1);
        let to = to.name().clone();
        match whose {
            Whose::Message(message) => {
                let event = SendFailed {
                    to,
                    reason,
                    maybe_sent,
                    tag,
                };
                self.tell(cx, message, event);
            }
            Whose::Transaction(activity) => {
                let event = RequestFailed {
                    to,
                    reason,
                    maybe_sent,
                    tag,
                };
                self.tell(cx, activity, event);
                self.end_activity(cx, activity);
            }
            Whose::Request(request) => {
                // What was not sent may be tried again.
                let status = match maybe_sent {
                    true => Status::RSYSERR,
                    false => Status::RMSGQFUL,
                };
                self.answer(cx, self.seen, request, &Answer::status(status));
            }
        }
    }

    /// A message is not to be sent any more, if it has not been yet: then nothing comes of it.
    pub(super) fn withdraw(&mut self, cx: &mut RaCx<'_>, message: ActivityId) {
        if self.view.lanes.withdraw(message) {
            cx.count("sms.requests_withdrawn", 1);
            self.end_sending(cx, message, None);
        }
    }

    /// A service wants nothing to be sent on a link for a while.
    pub(super) fn pause(&mut self, now: Ms, ix: LaneIx, time: u64) {
        let until = Ms(now.0.saturating_add(time));
        if let Some(lane) = self.view.lanes.get_mut(ix) {
            lane.paused_until = until;
        }
        self.schedule(until, Due::Lane(ix));
    }
}

/// The members of a group in the order in which they are tried, with their places.
fn order(group: &Group, sticky: Option<u32>) -> SmallVec<[(usize, LaneIx); 4]> {
    let members = group.members.len();
    let first = match (group.policy, sticky) {
        (PolicyOfGroup::Priority, _) => 0,
        (PolicyOfGroup::RoundRobin, Some(number)) => number as usize,
        (PolicyOfGroup::RoundRobin, None) => group.next,
    };
    let place = |n: usize| (first.wrapping_add(n)) % members;
    let places = (0..members).map(place);
    places
        .filter_map(|place| Some((place, *group.members.get(place)?)))
        .collect()
}

/// What a request is answered whose answer is this one's.
fn relayed(request: RequestId, answer: &PduBuf) -> Answer {
    let status = answer.status();
    if status != Status::ROK {
        return Answer::status(status);
    }
    let view = answer.view();
    let id = if let Pdu::SubmitSmResp(it) | Pdu::DataSmResp(it) | Pdu::DeliverSmResp(it) = &view {
        it.message_id
    } else {
        return Answer::status(Status::RSYSERR);
    };
    let written = Answer::pdu(status, &accepted(request.command, id));
    written.unwrap_or_else(|_| Answer::status(Status::RSYSERR))
}

fn is_too_much(status: Status) -> bool {
    status == Status::RTHROTTLED || status == Status::RMSGQFUL
}

/// The number that a message went to.
fn number<'a>(pdu: &Pdu<'a>) -> &'a [u8] {
    if let Pdu::SubmitSm(it) | Pdu::DeliverSm(it) = pdu {
        it.dest.digits
    } else if let Pdu::DataSm(it) = pdu {
        it.dest.digits
    } else {
        &[]
    }
}
