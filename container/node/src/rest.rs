//! Rest: when a shard has had nothing to do for a while after work, the process may tidy up.
//!
//! What it does then is the process's affair (the binary has its allocator give free memory back to the system, which by
//! itself it does only while somebody allocates). A shard without work is woken up once for it, and not again.

use std::time::Duration;
use strowger::time::Mono;

/// How long nothing must have happened.
const QUIET: Duration = Duration::from_secs(5);

/// When to tidy up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    tidy: Option<fn()>,
    /// Events of the kernel by the last turn that had one.
    events: u64,
    /// When it is quiet, after work.
    due: Option<Mono>,
}

impl Rest {
    pub(crate) fn new(tidy: Option<fn()>) -> Self {
        Self {
            tidy,
            events: 0,
            due: None,
        }
    }

    /// A turn is over, by which there have been so many events.
    pub(crate) fn turned(&mut self, now: Mono, events: u64) {
        let Some(tidy) = self.tidy else {
            return;
        };
        if events != self.events {
            self.events = events;
            self.due = Some(now + QUIET);
        } else if self.due.is_some_and(|due| due <= now) {
            self.due = None;
            tidy();
        }
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        static TIDIED: Cell<u32> = const { Cell::new(0) };
    }

    fn tidy() {
        TIDIED.set(TIDIED.get() + 1);
    }

    #[test]
    fn after_work_it_is_tidied_up_once_it_is_quiet_and_once() {
        let at = |seconds: u64| Mono(seconds * 1_000_000_000);
        let mut rest = Rest::new(Some(tidy));
        rest.turned(at(1), 0);
        assert_eq!(rest.deadline(), None);
        rest.turned(at(2), 10);
        rest.turned(at(6), 20);
        rest.turned(at(10), 20);
        assert_eq!((rest.deadline(), TIDIED.get()), (Some(at(11)), 0));
        rest.turned(at(11), 20);
        rest.turned(at(30), 20);
        assert_eq!((rest.deadline(), TIDIED.get()), (None, 1));
        rest.turned(at(31), 21);
        rest.turned(at(36), 21);
        assert_eq!(TIDIED.get(), 2);
    }
}
