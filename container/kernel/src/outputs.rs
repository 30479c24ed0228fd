//! The one queue in which everything that leaves the shard waits until what it depends on is durable.
//!
//! Outputs of one transaction, or of one input of an adaptor entity, are a unit: whatever of it made a record of class
//! strict, all of its outputs wait for that.

use crate::output::ShardOutput;
use std::collections::VecDeque;
use strowger_journal::Seq;

/// Notices that wait to be taken; what is beyond is dropped and counted.
const NOTICES: usize = 10_000;

/// What is to leave.
#[derive(Default)]
pub(crate) struct Outputs {
    fifo: VecDeque<(Seq, ShardOutput)>,
    /// Outputs of the current unit.
    unit: usize,
    /// Alarms and changes of state: they depend on nothing.
    notices: VecDeque<ShardOutput>,
    /// What depends on nothing and must not be lost: a few for each connection.
    urgent: VecDeque<ShardOutput>,
    pub(crate) lost_notices: u64,
    durable: Seq,
}

impl Outputs {
    pub(crate) fn push(&mut self, after: Seq, output: ShardOutput) {
        self.fifo.push_back((after, output));
        self.unit += 1;
    }
    pub(crate) fn notice(&mut self, output: ShardOutput) {
        if self.notices.len() < NOTICES {
            self.notices.push_back(output);
        } else {
            self.lost_notices += 1;
        }
    }
    /// A message of a tracer, for which alarms keep half of the room; whether it is taken.
    pub(crate) fn trace(&mut self, output: ShardOutput) -> bool {
        let fits = self.notices.len() < NOTICES / 2;
        if fits {
            self.notices.push_back(output);
        }
        fits
    }
    /// Leaves before everything else.
    pub(crate) fn urgent(&mut self, output: ShardOutput) {
        self.urgent.push_back(output);
    }
    /// The unit made a commit strict: its outputs wait for that commit.
    pub(crate) fn raise_unit(&mut self, seq: Seq) {
        for (after, _) in self.fifo.iter_mut().rev().take(self.unit) {
            *after = seq;
        }
    }
    pub(crate) fn end_unit(&mut self) {
        self.unit = 0;
    }
    /// Commits after `seq` turned out to hold nothing.
    pub(crate) fn lower(&mut self, seq: Seq) {
        for (after, _) in self
            .fifo
            .iter_mut()
            .rev()
            .take_while(|(after, _)| *after > seq)
        {
            *after = seq;
        }
    }
    pub(crate) fn durable(&mut self, seq: Seq) {
        self.durable = self.durable.max(seq);
    }
    /// The last commit that an output waits for.
    pub(crate) fn awaits(&self) -> Option<Seq> {
        let (after, _) = self.fifo.back()?;
        Some(*after).filter(|seq| *seq > self.durable)
    }
    pub(crate) fn poll(&mut self) -> Option<ShardOutput> {
        if let Some(output) = self.urgent.pop_front().or_else(|| self.notices.pop_front()) {
            return Some(output);
        }
        let (after, _) = self.fifo.front()?;
        if *after > self.durable {
            return None;
        }
        self.fifo.pop_front().map(|(_, output)| output)
    }
    pub(crate) fn len(&self) -> usize {
        self.fifo.len() + self.notices.len() + self.urgent.len()
    }
}
