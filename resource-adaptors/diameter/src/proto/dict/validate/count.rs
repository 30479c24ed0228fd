//! How often the AVPs of one level came, against the definition of that level.

use super::super::{AvpDef, CommandDef, MEMBERS_MAX, Member, base};
use crate::proto::wire::Message;

/// The AVPs that may stand at one level of a message.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    members: &'static [Member],
    open: bool,
}

impl Rules {
    pub(super) fn request(command: &CommandDef) -> Rules {
        Rules {
            members: command.request,
            open: command.open,
        }
    }

    pub(super) fn answer(command: &CommandDef, message: &Message) -> Rules {
        let success =
            message.result_code().is_none_or(|code| code / 1000 <= 2) && !message.is_error();
        let members = if success {
            command.answer
        } else {
            base::ANSWER_MESSAGE
        };
        Rules {
            members,
            open: command.open || !success,
        }
    }

    pub(super) fn group(def: &AvpDef) -> Rules {
        Rules {
            members: def.members,
            open: def.open,
        }
    }
}

/// How often each member of a level has come.
pub(super) struct Counts {
    rules: Rules,
    counts: [u8; MEMBERS_MAX],
    /// The member after the one that came last: AVPs mostly come in the order of their definition.
    next: usize,
    result: bool,
}

/// What a definition says to one more AVP.
pub(super) enum Place {
    Named,
    Other,
    Surplus,
    Forbidden,
}

impl Counts {
    pub(super) fn new(rules: Rules) -> Counts {
        Counts {
            rules,
            counts: [0; MEMBERS_MAX],
            next: 0,
            result: false,
        }
    }

    pub(super) fn count(&mut self, def: &AvpDef) -> Place {
        self.result |= def.is(&base::EXPERIMENTAL_RESULT);
        let members = self.rules.members;
        let (before, after) = members.split_at(self.next.min(members.len()));
        let is = |member: &Member| member.avp.is(def);
        let at = after
            .iter()
            .position(is)
            .map(|at| at + before.len())
            .or_else(|| before.iter().position(is));
        let Some(at) = at else {
            let open = self.rules.open || members.is_empty();
            return if open { Place::Other } else { Place::Forbidden };
        };
        let (Some(count), Some(member)) = (self.counts.get_mut(at), members.get(at)) else {
            return Place::Other;
        };
        self.next = at;
        *count = count.saturating_add(1);
        if member.max != 0 && u16::from(*count) > member.max {
            Place::Surplus
        } else {
            Place::Named
        }
    }

    /// The first member that came too seldom. An answer has a Result-Code or an Experimental-Result.
    pub(super) fn missing(&self) -> Option<&'static AvpDef> {
        let short = |(member, count): &(&Member, &u8)| u16::from(**count) < member.min;
        let stands_in = |def: &AvpDef| self.result && def.is(&base::RESULT_CODE);
        let missing = self.rules.members.iter().zip(&self.counts).filter(short);
        missing
            .map(|(member, _)| member.avp)
            .find(|def| !stands_in(def))
    }
}
