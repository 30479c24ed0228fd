//! How other threads reach a shard's thread: what is durable, orders, and a waker that costs nothing while it works.

use mio::Waker;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use strowger_journal::Seq;

use crate::control::{Order, Unserved};
use crate::resolver::Resolved;
use crate::tls::Renewed;

/// Orders that wait for the shard at most.
const ORDERS: usize = 64;

/// Space of the store's disk.
const SPACE_ENOUGH: u8 = 0;
const SPACE_LOW: u8 = 1;

/// The end of the shard's thread.
#[derive(Debug)]
pub(crate) struct Inbox {
    shared: Arc<Shared>,
    orders: Receiver<Order>,
    answers: Receiver<Resolved>,
}

/// The end of all others.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    shared: Arc<Shared>,
    orders: SyncSender<Order>,
    answers: SyncSender<Resolved>,
}

#[derive(Debug)]
struct Shared {
    waker: Arc<Waker>,
    /// The shard waits, or is about to: whoever changes something wakes it.
    sleeping: AtomicBool,
    durable: AtomicU64,
    space: AtomicU8,
    store_failed: AtomicBool,
    orders: AtomicU64,
    answers: AtomicU64,
    /// Messages of drivers.
    messages: AtomicU64,
}

/// What the shard last saw of all that others change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) durable: Seq,
    pub(crate) low_space: bool,
    pub(crate) store_failed: bool,
    orders: u64,
    answers: u64,
    messages: u64,
}

/// An inbox and its door. As many answers of name servers may wait as `questions` may be under way.
pub(crate) fn inbox(waker: Arc<Waker>, questions: usize) -> (Inbox, Door) {
    let shared = Arc::new(Shared {
        waker,
        sleeping: AtomicBool::new(false),
        durable: AtomicU64::new(0),
        space: AtomicU8::new(SPACE_ENOUGH),
        store_failed: AtomicBool::new(false),
        orders: AtomicU64::new(0),
        answers: AtomicU64::new(0),
        messages: AtomicU64::new(0),
    });
    let (sender, receiver) = sync_channel(ORDERS);
    let (answerer, answers) = sync_channel(questions);
    let door = Door {
        shared: Arc::clone(&shared),
        orders: sender,
        answers: answerer,
    };
    (
        Inbox {
            shared,
            orders: receiver,
            answers,
        },
        door,
    )
}

impl Inbox {
    /// What others have changed up to here.
    pub(crate) fn look(&self) -> Seen {
        let shared = &self.shared;
        Seen {
            durable: Seq(shared.durable.load(Ordering::SeqCst)),
            low_space: shared.space.load(Ordering::SeqCst) == SPACE_LOW,
            store_failed: shared.store_failed.load(Ordering::SeqCst),
            orders: shared.orders.load(Ordering::SeqCst),
            answers: shared.answers.load(Ordering::SeqCst),
            messages: shared.messages.load(Ordering::SeqCst),
        }
    }

    /// The next order.
    pub(crate) fn order(&self) -> Option<Order> {
        self.orders.try_recv().ok()
    }

    /// The next answer of the name servers.
    pub(crate) fn answer(&self) -> Option<Resolved> {
        self.answers.try_recv().ok()
    }

    /// Announces sleep; `false` if something has changed since `seen`, and there must be none.
    pub(crate) fn may_sleep(&self, seen: Seen) -> bool {
        self.shared.sleeping.store(true, Ordering::SeqCst);
        // Whoever changes something after this look finds the flag set, and wakes.
        self.look() == seen
    }

    /// The sleep is over.
    pub(crate) fn awake(&self) {
        self.shared.sleeping.store(false, Ordering::SeqCst);
    }
}

impl Door {
    /// Commits up to this one are durable.
    pub(crate) fn durable(&self, seq: Seq) {
        self.shared.durable.store(seq.0, Ordering::SeqCst);
        self.shared.wake();
    }

    /// The store's disk is nearly full, or is not any more.
    pub(crate) fn low_space(&self, low: bool) {
        let space = if low { SPACE_LOW } else { SPACE_ENOUGH };
        self.shared.space.store(space, Ordering::SeqCst);
        self.shared.wake();
    }

    /// The store has failed for good.
    pub(crate) fn store_failed(&self) {
        self.shared.store_failed.store(true, Ordering::SeqCst);
        self.shared.wake();
    }

    /// Gives the shard an order.
    pub(crate) fn order(&self, order: Order) -> Result<(), Unserved> {
        self.orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(_) => Unserved::Busy,
            TrySendError::Disconnected(_) => Unserved::Ended,
        })?;
        self.shared.orders.fetch_add(1, Ordering::SeqCst);
        self.shared.wake();
        Ok(())
    }

    /// The same for a thread that may wait until there is room.
    pub(crate) fn order_waiting(&self, order: Order) -> Result<(), Unserved> {
        self.orders.send(order).map_err(|_| Unserved::Ended)?;
        self.shared.orders.fetch_add(1, Ordering::SeqCst);
        self.shared.wake();
        Ok(())
    }

    /// Gives the shard an answer of the name servers.
    pub(crate) fn answer(&self, resolved: Resolved) {
        // There is room for every question under way; a shard that has ended needs no answer.
        if self.answers.try_send(resolved).is_ok() {
            self.shared.answers.fetch_add(1, Ordering::SeqCst);
            self.shared.wake();
        }
    }

    /// There is a message of a driver, in the driver's own queue.
    pub(crate) fn ring(&self) {
        self.shared.messages.fetch_add(1, Ordering::SeqCst);
        self.shared.wake();
    }

    /// Gives the shard new certificates.
    pub(crate) fn renew(&self, renewed: Renewed) -> Result<(), Unserved> {
        self.order(Order::Renew(renewed))
    }

    /// Raises an alarm, or clears it.
    pub(crate) fn alarm(&self, source: String, name: &'static str, raised: bool, text: &str) {
        let text = text.to_owned();
        let order = Order::Alarm {
            source,
            name,
            raised,
            text,
        };
        if let Err(error) = self.order(order) {
            tracing::debug!(alarm = name, raised, %error, "the shard takes no alarm");
        }
    }
}

impl Shared {
    fn wake(&self) {
        if self.sleeping.swap(false, Ordering::SeqCst)
            && let Err(error) = self.waker.wake()
        {
            // The shard finds out at its next deadline or datagram.
            tracing::error!(%error, "the shard cannot be woken");
        }
    }
}
