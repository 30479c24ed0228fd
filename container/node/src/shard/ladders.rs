//! Recorded calls, for those who ask.

use super::Driver;
use crate::control::{Cause, Refusal, Reply};
use std::net::SocketAddr;
use std::time::Duration;
use strowger::time::Now;
use strowger_kernel::{Ladder, What};

/// Calls on one page, unless fewer are asked for; also the most.
const PAGE: u32 = 1_000;

impl Driver {
    pub(super) fn ladders(&self, after: Option<u64>, limit: Option<u32>, find: &str) -> Reply {
        let limit = limit.unwrap_or(PAGE).min(PAGE);
        let (calls, next) = self.shard.ladders(after, limit as usize, find);
        Reply::Ladders { calls, next }
    }

    pub(super) fn ladder(&self, id: u64) -> Reply {
        let Some(mut ladder) = self.shard.ladder(id) else {
            let reason = format!("there is no recorded call {id}");
            return Refusal::new(Cause::Unknown, reason).blame("id");
        };
        self.locate(&mut ladder);
        Reply::Ladder(Box::new(ladder))
    }

    pub(super) fn take_messages(&mut self, bytes: u64) -> Reply {
        let mut messages = self.shard.take_messages(bytes);
        for message in &mut messages {
            let adaptor = self.names.adaptor(message.adaptor);
            message.local = self.listens(adaptor, message.listener);
        }
        Reply::TakenMessages(messages)
    }

    pub(super) fn take_ladders(&mut self, now: Now, limit: usize, settled: Duration) -> Reply {
        let mut ladders = self.shard.take_ladders(now, limit, settled);
        for ladder in &mut ladders {
            self.locate(ladder);
        }
        Reply::TakenLadders(ladders)
    }

    /// Adds the addresses of listeners.
    fn locate(&self, ladder: &mut Ladder) {
        for step in &mut ladder.steps {
            if let What::Message(message) = &mut step.what {
                message.local = self.listens(&message.adaptor, message.listener);
            }
        }
    }

    /// The address of a listener, by its place among those of its adaptor entity.
    fn listens(&self, adaptor: &str, place: u16) -> Option<SocketAddr> {
        let listeners = self.listeners();
        let mut own = listeners.iter().filter(|at| at.adaptor == adaptor);
        own.nth(usize::from(place))?.address.parse().ok()
    }
}
