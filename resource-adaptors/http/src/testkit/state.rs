//! What a scripted driver knows.

use std::collections::{BTreeMap, BTreeSet};

use strowger_testkit::{Driven, Reaction};

use crate::api::Reply;
use crate::driver::{Dial, Down};

/// The driver's side.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The last token that was given.
    pub(super) token: u64,
    /// Requests that wait for their answer.
    pub(super) asked: BTreeSet<u64>,
    /// Those that have it.
    pub(super) answered: BTreeMap<u64, Reply>,
    /// Requests whose node has died.
    pub(super) lost: BTreeSet<u64>,
    /// Calls that nobody has expected yet, in their order.
    pub(super) calls: Vec<Dial>,
    /// Calls without an outcome.
    pub(super) open: BTreeSet<u64>,
    /// Processes that have died: a call of one of them is none of the next.
    pub(super) died: u32,
}

impl State {
    pub(super) fn happened(&mut self, event: Driven) -> Reaction {
        match event {
            Driven::Told(message) => match message.downcast::<Down>() {
                Ok(down) => self.told(*down),
                Err(other) => panic!("the adaptor says {other:?}, which no driver of HTTP is told"),
            },
            Driven::Died => {
                self.lost.append(&mut self.asked);
                self.calls.clear();
                self.open.clear();
                self.died += 1;
                Reaction::default()
            }
        }
    }

    fn told(&mut self, down: Down) -> Reaction {
        let note = match down {
            Down::Reply { token, reply } => {
                let note = format!("{} to request {token}", reply.status());
                assert!(
                    self.answered.insert(token, reply).is_none(),
                    "request {token} was answered twice"
                );
                self.asked.remove(&token);
                note
            }
            Down::Call(dial) => {
                let note = format!("{} {}{}", dial.method, dial.authority, dial.path);
                self.open.insert(dial.call);
                self.calls.push(*dial);
                note
            }
            Down::Cancel { call } => {
                self.open.remove(&call);
                self.calls.retain(|dial| dial.call != call);
                "a call is cancelled".to_owned()
            }
            // The adaptor itself refuses, too.
            Down::Refuse(_) => String::new(),
        };
        Reaction {
            note,
            said: Vec::new(),
        }
    }
}
