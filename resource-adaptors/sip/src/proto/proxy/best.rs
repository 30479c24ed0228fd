//! Responses of the branches of one request, and the best of them (RFC 3261 16.7 steps 4 to 7).

use std::mem;

use smallvec::SmallVec;

use super::super::slab::Key;
use super::super::wire::text::unfold;
use super::super::wire::{HeaderId, Message};

/// One copy of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// Its client transaction.
    pub tx: Key,
    /// Which of the target set it is.
    pub aim: usize,
    /// Whether its final response is still to come.
    pub open: bool,
    /// Whether we gave it up because it took too long.
    pub late: bool,
}

/// The final response that would go back.
#[derive(Debug)]
pub enum Best {
    /// One that came.
    Came(Box<Message>),
    /// One that stands for a branch which brought none.
    Local(u16),
}

impl Best {
    /// Its status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Came(message) => message.status().unwrap_or(500),
            Self::Local(status) => *status,
        }
    }

    /// Lower is better.
    fn rank(&self) -> (u16, u16) {
        let status = self.status();
        let class = match status / 100 {
            6 => 0,
            class => class,
        };
        let within = match status {
            // What the caller can do something about.
            401 | 407 | 415 | 420 | 484 => 0,
            408 | 480 | 503 => 2,
            487 => 3,
            _ => 1,
        };
        (class, within)
    }
}

/// A line of WWW-Authenticate or Proxy-Authenticate.
pub type Challenge = (HeaderId, Vec<u8>);

/// What has come of a request so far.
#[derive(Debug, Default)]
pub struct Progress {
    /// Its branches.
    pub branches: SmallVec<[Branch; 1]>,
    best: Option<Best>,
    /// Those of all failures, in the order in which they came.
    statuses: SmallVec<[u16; 4]>,
    /// Challenges of all branches (step 7).
    challenges: Vec<Challenge>,
}

impl Progress {
    /// Whether some branch has no final response yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.branches.iter().any(|branch| branch.open)
    }

    /// Notes that a branch has its final response; gives the branch if it had none.
    pub fn close(&mut self, tx: Key) -> Option<Branch> {
        let branch = self.branches.iter_mut().find(|branch| branch.tx == tx)?;
        mem::replace(&mut branch.open, false).then_some(*branch)
    }

    /// Takes a final failure into account.
    pub fn take(&mut self, response: Best) {
        self.statuses.push(response.status());
        if let Best::Came(message) = &response
            && matches!(message.status(), Some(401 | 407))
        {
            for id in [HeaderId::WwwAuthenticate, HeaderId::ProxyAuthenticate] {
                let values = message
                    .lines(id)
                    .map(|value| (id, unfold(value).into_owned()));
                self.challenges.extend(values);
            }
        }
        if self
            .best
            .as_ref()
            .is_none_or(|best| response.rank() < best.rank())
        {
            self.best = Some(response);
        }
    }

    /// The status of the best failure so far.
    #[must_use]
    pub fn best(&self) -> Option<&Best> {
        self.best.as_ref()
    }

    /// The statuses of all failures so far.
    #[must_use]
    pub fn statuses(&self) -> &[u16] {
        &self.statuses
    }

    /// The best failure so far, and the challenges of all branches where it is one itself.
    pub fn settle(&mut self) -> (Best, Vec<Challenge>) {
        let best = self.best.take().unwrap_or(Best::Local(408));
        let challenges = mem::take(&mut self.challenges);
        match best.status() {
            401 | 407 => (best, challenges),
            _ => (best, Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_6xx_then_the_lowest_class_then_what_the_caller_can_mend() {
        for (came, want) in [
            (&[486, 603, 302][..], 603),
            (&[500, 486, 302], 302),
            (&[486, 407, 404], 407),
            (&[408, 486], 486),
            (&[503, 500], 500),
            (&[487, 408], 408),
            (&[404, 486], 404),
            (&[], 408),
        ] {
            let mut progress = Progress::default();
            for status in came {
                progress.take(Best::Local(*status));
            }
            assert_eq!(progress.settle().0.status(), want, "{came:?}");
        }
    }
}
