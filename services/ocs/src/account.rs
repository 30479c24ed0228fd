//! An account: what it holds, what is reserved for whom, and what has been debited. Pure arithmetic: messages are `lib`'s.
//!
//! Invariant: `balance` changes by what was used and by refunds alone; what is reserved is a promise and given back when the
//! session reports, ends or is lost. What was used beyond a grant is debited all the same, so a balance may fall below zero.

use std::collections::VecDeque;

use strowger::State;
use strowger_diameter::charging::{
    Admission, CreditReply, CreditRequest, FinalUnit, GroupAnswer, GroupKey, Money, RequestType,
    RequestedAction, Server, Tcc, Units, Usage, result,
};

use crate::settings::{Settings, Tariff};

/// What one subscriber has.
#[derive(Debug, Default, PartialEq, Eq, State)]
pub(crate) struct Account {
    /// Units of money.
    pub(crate) balance: i64,
    sessions: Vec<Open>,
    /// One-time events, the latest last: they are known again when they come again.
    events: VecDeque<Event>,
}

/// A session.
#[derive(Debug, PartialEq, Eq, State)]
struct Open {
    id: String,
    server: Server,
    parts: Vec<Part>,
    /// The last answer, to be given again.
    last: CreditReply,
}

/// A group of a session.
#[derive(Debug, PartialEq, Eq, State)]
struct Part {
    key: GroupKey,
    used: u64,
    reserved: i64,
    is_last: bool,
}

#[derive(Debug, PartialEq, Eq, State)]
struct Event {
    session: String,
    number: u32,
    reply: CreditReply,
}

/// What has become of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) reply: CreditReply,
    /// `None`: the timer goes on as it was.
    pub(crate) tcc: Option<Tcc>,
    /// What was debited.
    pub(crate) debited: i64,
    /// The request had been carried out before.
    pub(crate) repeated: bool,
    /// There is more money than before: sessions that were told of their last units may ask again.
    pub(crate) filled: bool,
}

impl Outcome {
    fn of(reply: CreditReply) -> Self {
        Self {
            reply,
            tcc: None,
            debited: 0,
            repeated: false,
            filled: false,
        }
    }

    fn again(reply: CreditReply) -> Self {
        Self {
            repeated: true,
            ..Self::of(reply)
        }
    }
}

impl Account {
    pub(crate) fn new(balance: i64) -> Self {
        Self {
            balance,
            ..Self::default()
        }
    }

    /// What is neither used nor reserved.
    fn available(&self) -> i64 {
        let parts = self.sessions.iter().flat_map(|session| &session.parts);
        let reserved = parts.map(|part| part.reserved).fold(0, i64::saturating_add);
        self.balance.saturating_sub(reserved)
    }

    /// Carries a request out.
    pub(crate) fn request(
        &mut self,
        session: &str,
        request: &CreditRequest,
        conf: &Settings,
    ) -> Outcome {
        if request.kind == RequestType::Event {
            return self.event(session, request, conf);
        }
        let place = self.sessions.iter().position(|open| open.id == session);
        let server = place.map_or_else(Server::default, |place| self.sessions[place].server);
        match server.requested(request.kind, request.number) {
            Admission::Refuse(code) => return Outcome::of(CreditReply::new(code)),
            Admission::Repeat => {
                let last = place.map(|place| self.sessions[place].last.clone());
                let last = last.unwrap_or_else(|| CreditReply::new(result::UNABLE_TO_COMPLY));
                return Outcome::again(last);
            }
            Admission::Process => {}
        }
        if place.is_none() && self.sessions.len() >= conf.sessions_per_account as usize {
            return Outcome::of(CreditReply::new(result::UNABLE_TO_COMPLY));
        }
        let mut open = match place {
            Some(place) => self.sessions.swap_remove(place),
            None => Open {
                id: session.to_owned(),
                server,
                parts: Vec::new(),
                last: CreditReply::new(result::SUCCESS),
            },
        };
        let debited = self.debit(&mut open, request, conf);
        let mut reply = self.grant(&mut open, request, conf);
        reply.failure_handling = conf.failure_handling.map(Into::into);
        let success = reply.result == result::SUCCESS;
        let tcc = open
            .server
            .processed(request.kind, request.number, success, conf.validity);
        open.last = reply.clone();
        if open.server.is_open() {
            self.sessions.push(open);
        }
        Outcome {
            tcc: Some(tcc),
            debited,
            ..Outcome::of(reply)
        }
    }

    /// A session was not heard of for too long, or is gone: what was reserved is released.
    pub(crate) fn release(&mut self, session: &str) -> bool {
        let before = self.sessions.len();
        self.sessions.retain(|open| open.id != session);
        self.sessions.len() != before
    }

    /// Sessions that were told that these are their last units.
    pub(crate) fn at_their_last(&self) -> Vec<&str> {
        let last = |open: &&Open| open.parts.iter().any(|part| part.is_last);
        let sessions = self.sessions.iter().filter(last);
        sessions.map(|open| open.id.as_str()).collect()
    }

    /// Debits what a request reports, and gives back what was reserved for the groups that it speaks of; all of them, if it is
    /// the last.
    fn debit(&mut self, open: &mut Open, request: &CreditRequest, conf: &Settings) -> i64 {
        let mut total = 0_i64;
        for usage in &request.usage {
            let part = open.part(usage.group);
            part.reserved = 0;
            part.is_last = false;
            let tariff = conf.tariff(&request.context, usage.group);
            let used = tariff
                .zip(usage.used)
                .and_then(|(tariff, units)| tariff.amount(&units));
            if let (Some(tariff), Some(used)) = (tariff, used) {
                let before = tariff.cost(part.used);
                part.used = part.used.saturating_add(used);
                total = total.saturating_add(tariff.cost(part.used) - before);
            }
        }
        self.balance = self.balance.saturating_sub(total);
        total
    }

    /// Reserves what a request asks for.
    fn grant(&self, open: &mut Open, request: &CreditRequest, conf: &Settings) -> CreditReply {
        let mut reply = CreditReply::new(result::SUCCESS);
        if request.kind == RequestType::Termination {
            return reply;
        }
        for usage in &request.usage {
            let Some(requested) = usage.requested else {
                continue;
            };
            // What was reserved for the groups before this one is in `open`, which is not among the sessions.
            let taken = open.parts.iter().map(|part| part.reserved);
            let budget = self.available().saturating_sub(taken.sum());
            let part = open.part(usage.group);
            let answer = match conf.tariff(&request.context, usage.group) {
                Some(tariff) => part.grant(tariff, requested, budget, conf),
                None => GroupAnswer::refused(usage.group, result::RATING_FAILED),
            };
            if usage.group == GroupKey::SESSION {
                reply.result = answer.result;
            }
            reply.groups.push(answer);
        }
        reply
    }

    fn event(&mut self, session: &str, request: &CreditRequest, conf: &Settings) -> Outcome {
        let same = |event: &&Event| event.session == session && event.number == request.number;
        if let Some(event) = self.events.iter().find(same) {
            return Outcome::again(event.reply.clone());
        }
        let Some(cost) = price(request, conf) else {
            return Outcome::of(CreditReply::new(result::RATING_FAILED));
        };
        let money = |digits| Money {
            digits,
            exponent: conf.exponent,
            currency: Some(conf.currency),
        };
        let enough = self.available() >= cost;
        let mut reply = CreditReply::new(result::SUCCESS);
        let mut outcome = match request.action {
            Some(RequestedAction::PriceEnquiry) => {
                reply.cost = Some(money(cost));
                return Outcome::of(reply);
            }
            Some(RequestedAction::CheckBalance) => {
                reply.enough = Some(enough);
                reply.balance = Some(money(self.balance));
                return Outcome::of(reply);
            }
            Some(RequestedAction::DirectDebiting) if !enough => {
                return Outcome::of(CreditReply::new(result::CREDIT_LIMIT_REACHED));
            }
            Some(RequestedAction::DirectDebiting) | None => {
                self.balance = self.balance.saturating_sub(cost);
                reply.groups = granted(request);
                Outcome {
                    debited: cost,
                    ..Outcome::of(reply)
                }
            }
            Some(RequestedAction::RefundAccount) => {
                self.balance = self.balance.saturating_add(cost);
                Outcome {
                    debited: -cost,
                    filled: cost > 0,
                    ..Outcome::of(reply)
                }
            }
        };
        outcome.reply.cost = Some(money(cost));
        while self.events.len() >= conf.remembered_events.max(1) as usize {
            self.events.pop_front();
        }
        self.events.push_back(Event {
            session: session.to_owned(),
            number: request.number,
            reply: outcome.reply.clone(),
        });
        outcome
    }
}

impl Open {
    fn part(&mut self, key: GroupKey) -> &mut Part {
        let place = self.parts.iter().position(|part| part.key == key);
        let place = place.unwrap_or_else(|| {
            self.parts.push(Part {
                key,
                used: 0,
                reserved: 0,
                is_last: false,
            });
            self.parts.len() - 1
        });
        &mut self.parts[place]
    }
}

impl Part {
    /// Grants a quota, or what the budget pays for, which are then the last units.
    fn grant(
        &mut self,
        tariff: &Tariff,
        requested: Units,
        budget: i64,
        conf: &Settings,
    ) -> GroupAnswer {
        if tariff.price == 0 {
            return GroupAnswer::refused(self.key, result::CREDIT_CONTROL_NOT_APPLICABLE);
        }
        let wanted = tariff.amount(&requested).unwrap_or(u64::MAX);
        let wanted = wanted.min(u64::from(tariff.quota.max(1)));
        let affordable = tariff.affordable(self.used, budget);
        if affordable == 0 {
            return GroupAnswer::refused(self.key, result::CREDIT_LIMIT_REACHED);
        }
        let amount = wanted.min(affordable);
        self.is_last = affordable <= wanted;
        self.reserved = tariff.cost(self.used.saturating_add(amount)) - tariff.cost(self.used);
        GroupAnswer {
            validity: Some(conf.validity),
            threshold: (tariff.threshold > 0 && !self.is_last)
                .then(|| u64::from(tariff.threshold).min(amount / 2)),
            final_unit: self.is_last.then_some(FinalUnit::Terminate),
            ..GroupAnswer::granted(self.key, tariff.units(amount))
        }
    }
}

/// The price of what an event is about: money as such, or counted units by their tariff.
fn price(request: &CreditRequest, conf: &Settings) -> Option<i64> {
    let mut total = 0_i64;
    for usage in &request.usage {
        let units = usage.requested.or(usage.used)?;
        let one = match units.money {
            Some(money) => money.at(conf.exponent).filter(|amount| *amount >= 0)?,
            None => {
                let tariff = conf.tariff(&request.context, usage.group)?;
                tariff.cost(tariff.amount(&units)?)
            }
        };
        total = total.saturating_add(one);
    }
    // A balance check may ask of nothing in particular.
    (!request.usage.is_empty() || request.action == Some(RequestedAction::CheckBalance))
        .then_some(total)
}

fn granted(request: &CreditRequest) -> Vec<GroupAnswer> {
    let one = |usage: &Usage| Some(GroupAnswer::granted(usage.group, usage.requested?));
    request.usage.iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests;
