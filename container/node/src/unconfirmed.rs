//! Answers to management that wait until what they tell of is durable.

use crate::control::Reply;
use crate::provision::Outcome;
use std::collections::VecDeque;
use strowger_journal::Seq;
use tokio::sync::oneshot;

/// Answers that wait for the store, in the order of the commits that they wait for.
#[derive(Debug, Default)]
pub(crate) struct Unconfirmed(VecDeque<(Seq, Answer)>);

#[derive(Debug)]
enum Answer {
    Change(oneshot::Sender<Outcome>),
    Order(oneshot::Sender<Reply>),
}

impl Unconfirmed {
    /// Profile tables have changed.
    pub(crate) fn change(&mut self, seq: Seq, reply: oneshot::Sender<Outcome>) {
        self.0.push_back((seq, Answer::Change(reply)));
    }
    /// What an operator has ordered is done.
    pub(crate) fn order(&mut self, seq: Seq, reply: oneshot::Sender<Reply>) {
        self.0.push_back((seq, Answer::Order(reply)));
    }
    /// Answers what is durable.
    pub(crate) fn durable(&mut self, seq: Seq) {
        while let Some((_, answer)) = self.0.pop_front_if(|(of, _)| *of <= seq) {
            // Whoever asked may have gone; nothing is lost by it.
            match answer {
                Answer::Change(reply) => drop(reply.send(Ok(()))),
                Answer::Order(reply) => drop(reply.send(Reply::Done)),
            }
        }
    }
    /// Whether an answer waits for a commit, or for one after it.
    pub(crate) fn awaits(&self, seq: Seq) -> bool {
        self.0.back().is_some_and(|(of, _)| *of >= seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_with_the_commit_that_it_waits_for() {
        let mut unconfirmed = Unconfirmed::default();
        let (changed, mut change) = oneshot::channel();
        let (done, mut order) = oneshot::channel();
        unconfirmed.change(Seq(3), changed);
        unconfirmed.order(Seq(4), done);
        assert!(unconfirmed.awaits(Seq(4)) && !unconfirmed.awaits(Seq(5)));
        unconfirmed.durable(Seq(3));
        assert_eq!(change.try_recv(), Ok(Ok(())));
        assert_eq!(order.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        unconfirmed.durable(Seq(9));
        assert_eq!(order.try_recv(), Ok(Reply::Done));
        assert!(!unconfirmed.awaits(Seq(1)));
    }
}
