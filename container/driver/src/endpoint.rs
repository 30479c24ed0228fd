//! The way from a driver to its adaptor.

use crate::meters::Meters;
use crate::seat::Bell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use strowger::ra::{Driven, Message};
use tokio::sync::mpsc::{self, error::TrySendError};

/// The way to an adaptor entity. Clones are the same way.
pub struct Endpoint<P> {
    up: mpsc::Sender<Message>,
    bell: Arc<dyn Bell>,
    meters: Arc<Meters>,
    adaptor: PhantomData<fn(P)>,
}

/// The shard has ended: nobody listens any more, and nobody ever will.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the shard has ended")]
pub struct Fenced;

/// What was not sent, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unsent<M> {
    /// As many messages wait as may.
    Full(M),
    /// The shard has ended.
    Fenced(M),
}

impl<P: Driven> Endpoint<P> {
    pub(crate) fn new(up: mpsc::Sender<Message>, bell: Arc<dyn Bell>, meters: Arc<Meters>) -> Self {
        Self {
            up,
            bell,
            meters,
            adaptor: PhantomData,
        }
    }

    /// Says something; waits while as many messages wait for the adaptor as may.
    ///
    /// # Errors
    /// The shard has ended.
    pub async fn send(&self, message: P::Up) -> Result<(), Fenced> {
        let sent = self.up.send(Box::new(message)).await;
        sent.map_err(|_| Fenced)?;
        self.bell.ring();
        Ok(())
    }

    /// Says something, unless as many messages wait for the adaptor as may.
    ///
    /// # Errors
    /// The message, and why it was not sent.
    pub fn try_send(&self, message: P::Up) -> Result<(), Unsent<P::Up>> {
        let permit = match self.up.try_reserve() {
            Ok(permit) => permit,
            Err(TrySendError::Full(())) => return Err(Unsent::Full(message)),
            Err(TrySendError::Closed(())) => return Err(Unsent::Fenced(message)),
        };
        permit.send(Box::new(message));
        self.bell.ring();
        Ok(())
    }

    /// Adds to a counter of the driver's, which stands beside those of its adaptor.
    pub fn count(&self, name: &'static str, n: u64) {
        self.meters.count(name, n);
    }

    /// Says how much there is of something now, beside the counters.
    pub fn level(&self, name: &'static str, level: u64) {
        self.meters.level(name, level);
    }

    /// Raises an alarm of the adaptor entity's, or clears it.
    pub fn alarm(&self, name: &'static str, raised: bool, text: &str) {
        self.bell.alarm(name, raised, text);
    }
}

impl<P> Clone for Endpoint<P> {
    fn clone(&self) -> Self {
        Self {
            up: self.up.clone(),
            bell: Arc::clone(&self.bell),
            meters: Arc::clone(&self.meters),
            adaptor: PhantomData,
        }
    }
}

impl<P> fmt::Debug for Endpoint<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").finish_non_exhaustive()
    }
}
