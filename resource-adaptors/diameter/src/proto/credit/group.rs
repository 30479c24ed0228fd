//! One group of a session (Multiple-Services-Credit-Control, RFC 8506 5.1.2), and units that groups have in common.

use strowger::State;
use strowger::time::Wall;

use super::{FinalUnit, GroupAnswer, GroupKey, Money, Units, Verdict};

/// What a group may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, State)]
pub enum GroupState {
    /// It has units.
    Granted,
    /// It has the last units that it gets.
    Last,
    /// It may go on without being counted (4011).
    Free,
    /// It gets nothing, with this result.
    Denied(u32),
}

/// What is known of a group.
#[derive(Clone, PartialEq, Eq, Debug, State)]
pub struct Group {
    /// Its name.
    pub key: GroupKey,
    /// What it may do.
    pub state: GroupState,
    /// The units of the last grant. A grant replaces what was left of the one before (RFC 8506 5.1.1).
    pub granted: Units,
    /// Ask for more when no more than so much is left.
    pub threshold: Option<u64>,
    /// When what was granted has to be asked for again.
    pub valid_until: Option<Wall>,
    /// What becomes of the group when the units are used up.
    pub final_unit: Option<FinalUnit>,
    /// Its pool, and what one unit of the group is worth there.
    pub pool: Option<(u32, Money)>,
}

impl Group {
    /// What an answer says of a group, now.
    pub(super) fn of(answer: &GroupAnswer, now: Wall) -> Self {
        let state = match Verdict::of(answer.result) {
            Verdict::Success if answer.final_unit.is_some() => GroupState::Last,
            Verdict::Success => GroupState::Granted,
            Verdict::NotApplicable => GroupState::Free,
            Verdict::Temporary | Verdict::Denied | Verdict::Failed => {
                GroupState::Denied(answer.result)
            }
        };
        let has_units = matches!(state, GroupState::Granted | GroupState::Last);
        Self {
            key: answer.group,
            state,
            granted: answer.granted.filter(|_| has_units).unwrap_or_default(),
            threshold: answer.threshold,
            valid_until: answer.validity.filter(|_| has_units).map(|time| now + time),
            final_unit: answer.final_unit.clone(),
            pool: answer.pool,
        }
    }

    /// Whether what is left asks for more to be fetched, when `used` of the grant are used.
    #[must_use]
    pub fn is_due(&self, used: u64) -> bool {
        let left = self.granted.amount().saturating_sub(used);
        self.state == GroupState::Granted && left <= self.threshold.unwrap_or_default()
    }
}

/// Units that several groups use together (RFC 8506 5.1.2): each group's units are worth their multiplier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pool {
    /// G-S-U-Pool-Identifier.
    pub id: u32,
    /// All grants of its groups together, in millionths.
    credit: u128,
}

impl Pool {
    /// What the groups have been granted for a pool.
    #[must_use]
    pub fn of(id: u32, groups: &[Group]) -> Self {
        let credit = members(id, groups)
            .map(|(group, worth)| worth.times(group.granted.amount()))
            .fold(0, u128::saturating_add);
        Self { id, credit }
    }

    /// Whether what the groups have used together leaves nothing.
    #[must_use]
    pub fn is_used_up(&self, groups: &[Group], used: &[(GroupKey, u64)]) -> bool {
        let spent = members(self.id, groups)
            .filter_map(|(group, worth)| {
                let (_, amount) = used.iter().find(|(key, _)| *key == group.key)?;
                Some(worth.times(*amount))
            })
            .fold(0, u128::saturating_add);
        spent >= self.credit
    }
}

fn members(id: u32, groups: &[Group]) -> impl Iterator<Item = (&Group, Money)> {
    groups.iter().filter_map(move |group| match group.pool {
        Some((pool, worth)) if pool == id => Some((group, worth)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_due_when_no_more_than_the_threshold_is_left() {
        let mut answer = GroupAnswer::granted(GroupKey::rating_group(1), Units::time(60));
        answer.threshold = Some(10);
        let group = Group::of(&answer, Wall(0));
        assert!(!group.is_due(49));
        assert!(group.is_due(50));
        answer.final_unit = Some(FinalUnit::Terminate);
        assert!(!Group::of(&answer, Wall(0)).is_due(60), "no more to be had");
    }

    /// RFC 8506 5.1.2: two services draw from one pool, with a rate of their own each.
    #[test]
    fn groups_of_a_pool_use_it_up_together() {
        let worth = |digits| Some((7, Money::new(digits, 0)));
        let mut octets = GroupAnswer::granted(GroupKey::rating_group(1), Units::octets(100));
        octets.pool = worth(1);
        let mut time = GroupAnswer::granted(GroupKey::rating_group(2), Units::time(10));
        time.pool = worth(10);
        let groups = [Group::of(&octets, Wall(0)), Group::of(&time, Wall(0))];
        let pool = Pool::of(7, &groups);
        let used = |a, b| {
            [
                (GroupKey::rating_group(1), a),
                (GroupKey::rating_group(2), b),
            ]
        };
        assert!(!pool.is_used_up(&groups, &used(150, 4)));
        assert!(pool.is_used_up(&groups, &used(150, 5)));
        assert!(pool.is_used_up(&groups, &used(0, 20)));
    }
}
