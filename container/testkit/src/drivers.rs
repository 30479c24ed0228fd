//! Scripted drivers: the other halves of adaptors that have one.

use crate::clock::Instant;
use crate::ground::{Driven, ScriptedDriver};
use crate::ladder::Ladder;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use strowger::ra::Message;

/// The drivers of a world, by the names of their adaptor entities.
#[derive(Default)]
pub(crate) struct Drivers {
    by_name: BTreeMap<String, ScriptedDriver>,
    /// What they have said, until the shard hears it.
    said: VecDeque<(String, Message)>,
}

impl fmt::Debug for Drivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

impl Drivers {
    pub(crate) fn insert(&mut self, entity: &str, driver: ScriptedDriver) {
        self.by_name.insert(entity.to_owned(), driver);
    }

    /// Gives a message to the driver of an entity; back, if there is none.
    pub(crate) fn tell(
        &mut self,
        now: Instant,
        entity: &str,
        message: Message,
        ladder: &mut Ladder,
    ) -> Result<(), Message> {
        let Some(driver) = self.by_name.get_mut(entity) else {
            return Err(message);
        };
        let reaction = driver(Driven::Told(message));
        if !reaction.note.is_empty() {
            ladder.message(now, "node", entity, reaction.note.as_bytes(), "");
        }
        self.say_all(now, entity, reaction.said, ladder);
        Ok(())
    }

    /// The process has died: whatever was said to it is lost.
    pub(crate) fn node_died(&mut self) {
        self.said.clear();
        for driver in self.by_name.values_mut() {
            drop(driver(Driven::Died));
        }
    }

    pub(crate) fn say(
        &mut self,
        now: Instant,
        entity: &str,
        note: &str,
        message: Message,
        ladder: &mut Ladder,
    ) {
        self.say_all(now, entity, vec![(note.to_owned(), message)], ladder);
    }

    /// What the shard is to hear next.
    pub(crate) fn next(&mut self) -> Option<(String, Message)> {
        self.said.pop_front()
    }

    fn say_all(
        &mut self,
        now: Instant,
        entity: &str,
        said: Vec<(String, Message)>,
        ladder: &mut Ladder,
    ) {
        for (note, message) in said {
            ladder.message(now, entity, "node", note.as_bytes(), "");
            self.said.push_back((entity.to_owned(), message));
        }
    }
}
