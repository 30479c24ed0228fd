//! Scripted drivers: the other halves of adaptors that have one.

use crate::clock::Instant;
use crate::ground::{Driven, ScriptedDriver};
use crate::ladder::Ladder;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use strowger::ra::Message;

/// Messages that wait for somebody who plays a driver.
const WAITING: usize = 10_000;

/// The drivers of a world, by the names of their adaptor entities.
#[derive(Default)]
pub(crate) struct Drivers {
    by_name: BTreeMap<String, ScriptedDriver>,
    /// What drivers were told that nobody plays yet.
    waiting: BTreeMap<String, Vec<Message>>,
    /// What they have said, until the shard hears it.
    said: VecDeque<(String, Message)>,
}

impl fmt::Debug for Drivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

impl Drivers {
    /// Somebody plays the driver of an entity, and hears first what it was told before.
    pub(crate) fn insert(
        &mut self,
        now: Instant,
        entity: &str,
        driver: ScriptedDriver,
        ladder: &mut Ladder,
    ) {
        self.by_name.insert(entity.to_owned(), driver);
        for message in self.waiting.remove(entity).unwrap_or_default() {
            // There is a driver.
            drop(self.tell(now, entity, message, ladder));
        }
    }

    /// Gives a message to the driver of an entity, or keeps it for one; back, if too many wait.
    pub(crate) fn tell(
        &mut self,
        now: Instant,
        entity: &str,
        message: Message,
        ladder: &mut Ladder,
    ) -> Result<(), Message> {
        let Some(driver) = self.by_name.get_mut(entity) else {
            let waiting = self.waiting.entry(entity.to_owned()).or_default();
            if waiting.len() >= WAITING {
                return Err(message);
            }
            waiting.push(message);
            return Ok(());
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
        self.waiting.clear();
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
