//! A node in the hand of a test: its clock stands until it is turned, deliveries wait until they are let through, and the
//! shard can be looked at.
//!
//! Everything else is as ever: threads, sockets, the store. Only a node that was built with [`Rehearsal`] does any of it. It is for the
//! project's own tests: no promise to others, and hidden from the documentation.

use crate::control::Order;
use crate::inbox::Door;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;
use strowger::profile::ProfileDecl;
use strowger::time::{Mono, Now, Wall};
use strowger_kernel::{Options, Shard, ShardOutput};

/// Longest wait for the shard.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a test has a node in its hand; for [`NodeBuilder::rehearsal`](crate::NodeBuilder::rehearsal).
pub struct Rehearsal {
    pub(crate) clock: &'static HandClock,
    pub(crate) prepare: Box<dyn FnOnce(&mut Options) + Send>,
    pub(crate) specifications: Vec<ProfileDecl>,
    pub(crate) ear: Option<Ear>,
}

/// Hears what the shard gives out.
pub(crate) type Ear = Box<dyn FnMut(&ShardOutput) + Send>;

impl Rehearsal {
    /// With this clock. `prepare` is called on the shard's thread before anything else, with what configuration has made of the
    /// kernel's options.
    #[must_use]
    pub fn new(
        clock: &'static HandClock,
        prepare: impl FnOnce(&mut Options) + Send + 'static,
    ) -> Self {
        Self {
            clock,
            prepare: Box::new(prepare),
            specifications: Vec::new(),
            ear: None,
        }
    }

    /// On the shard's thread, before there is a shard.
    pub(crate) fn begin(self, options: &mut Options) -> Hand {
        (self.prepare)(options);
        Hand {
            gate: Gate::Held,
            ear: self.ear,
        }
    }

    /// Hears all that the shard gives out, before the node carries it out.
    #[must_use]
    pub fn hearing(mut self, ear: impl FnMut(&ShardOutput) + Send + 'static) -> Self {
        self.ear = Some(Box::new(ear));
        self
    }

    /// With profile specifications beside those that services bring.
    #[must_use]
    pub fn specifications(mut self, specifications: Vec<ProfileDecl>) -> Self {
        self.specifications = specifications;
        self
    }
}

/// A clock that stands until it is turned. A node's clock is copied everywhere, so it lives as long as the process.
#[derive(Debug)]
pub struct HandClock {
    mono: AtomicU64,
    wall: AtomicU64,
}

impl HandClock {
    /// One that stands at `now`.
    #[must_use]
    pub fn standing(now: Now) -> &'static Self {
        Box::leak(Box::new(Self {
            mono: AtomicU64::new(now.mono.0),
            wall: AtomicU64::new(now.wall.0),
        }))
    }

    /// Turns it.
    pub fn turn(&self, now: Now) {
        self.wall.store(now.wall.0, Ordering::SeqCst);
        self.mono.store(now.mono.0, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            mono: Mono(self.mono.load(Ordering::SeqCst)),
            wall: Wall(self.wall.load(Ordering::SeqCst)),
        }
    }
}

/// What a test asks of the shard's thread.
pub(crate) enum Cue {
    /// To look at the shard.
    Look(Box<dyn FnOnce(&mut Shard, Now) + Send>),
    /// To make all deliveries there are, or none, and to say so when everything is durable and sent.
    Settle {
        deliver: bool,
        settled: SyncSender<()>,
    },
}

impl fmt::Debug for Cue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cue")
    }
}

/// How a test has a shard in its hand, if one has.
#[derive(Default)]
pub(crate) struct Hand {
    pub(crate) gate: Gate,
    pub(crate) ear: Option<Ear>,
}

/// Whether deliveries are made.
#[derive(Debug, Default)]
pub(crate) enum Gate {
    /// A node that no test has in its hand.
    #[default]
    Free,
    Held,
    /// Until nothing is left; then somebody is told.
    Settling {
        deliver: bool,
        settled: SyncSender<()>,
    },
}

impl Gate {
    pub(crate) const fn holds(&self) -> bool {
        matches!(self, Self::Held | Self::Settling { deliver: false, .. })
    }

    /// Says that nothing is left.
    pub(crate) fn settle(&mut self) {
        if let Self::Settling { settled, .. } = std::mem::replace(self, Self::Held) {
            // Whoever asked may have given up.
            let _ = settled.send(());
        }
    }
}

/// Has `look` done on the shard's thread, between two turns; `None` if the thread has ended, or ends in it.
pub(crate) fn look<R: Send + 'static>(
    door: &Door,
    look: impl FnOnce(&mut Shard, Now) -> R + Send + 'static,
) -> Option<R> {
    let (sender, seen) = sync_channel(1);
    let look = move |shard: &mut Shard, now| drop(sender.send(look(shard, now)));
    let cue = Cue::Look(Box::new(look));
    door.order(Order::Rehearse(cue)).ok()?;
    seen.recv_timeout(PATIENCE).ok()
}

/// Waits until nothing is left to do; whether that came to be.
pub(crate) fn settle(door: &Door, deliver: bool) -> bool {
    let (settled, told) = sync_channel(1);
    let cue = Cue::Settle { deliver, settled };
    door.order(Order::Rehearse(cue)).is_ok() && told.recv_timeout(PATIENCE).is_ok()
}
